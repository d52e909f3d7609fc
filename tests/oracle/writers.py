"""Tiny models that write, with random weights and the tokenizers of their kind: for parity, never for a claim.

Each is as its family is on the Hub where that matters: how it is told the languages, what its files declare.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import sentencepiece
import torch
from taught.pairs import pairs
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers
from transformers import (
    AutoConfig,
    AutoModelForCausalLM,
    AutoModelForSeq2SeqLM,
    M2M100Tokenizer,
    MarianTokenizer,
    MBartTokenizer,
    NllbTokenizer,
    PreTrainedTokenizerFast,
    T5Tokenizer,
)
from transformers.models.m2m_100.tokenization_m2m_100 import FAIRSEQ_LANGUAGE_CODES

_SEQ2SEQ = {
    **{"d_model": 32, "encoder_layers": 2, "decoder_layers": 2, "encoder_ffn_dim": 64, "decoder_ffn_dim": 64},
    **{"encoder_attention_heads": 4, "decoder_attention_heads": 4, "max_position_embeddings": 96, "init_std": 0.1},
}
T5_TASKS = {
    "summarization": {"prefix": "summarize: ", "num_beams": 4, "max_length": 24, "length_penalty": 2.0},
    "translation_en_to_de": {"prefix": "translate English to German: ", "num_beams": 4, "max_length": 30},
    "translation_en_to_fr": {"prefix": "translate English to French: ", "num_beams": 4, "max_length": 30},
}
CHAT_TEMPLATE = (
    "{% for message in messages %}<|{{ message.role }}|>{{ message.content }}<|end|>{% endfor %}"
    "{% if add_generation_prompt %}<|assistant|>{% endif %}"
)


def corpus() -> list[str]:
    """Real strings in English, German and French."""
    return [text for language in ("de", "fr") for pair in pairs(language) for text in pair]


def save_writer(kind: str, folder: Path) -> Path:
    """A tiny model of a kind that writes, saved with its tokenizer; the same weights every time."""
    torch.manual_seed(22)
    folder.mkdir(parents=True, exist_ok=True)
    return _KINDS[kind](folder)


def _saved(
    folder: Path, tokenizer: Any, architecture: str, *, auto: Any = AutoModelForSeq2SeqLM, **config: Any
) -> Path:
    special = {"pad_token_id": tokenizer.pad_token_id, "eos_token_id": tokenizer.eos_token_id}
    # Tied, a random model repeats one token.
    settings = {"vocab_size": len(tokenizer), "tie_word_embeddings": False, **special, **config}
    model = auto.from_config(AutoConfig.for_model(architecture, **settings)).eval()
    for name, parameter in model.named_parameters():
        if name.endswith("bias"):
            torch.nn.init.normal_(parameter, std=0.2)
        elif "encoder_attn" in name and parameter.dim() == 2:
            torch.nn.init.normal_(parameter, std=0.8)  # else what it reads hardly matters
    for name, value in {"max_length": 20, "num_beams": 1, **special}.items():
        setattr(model.generation_config, name, value)
    tokenizer.save_pretrained(folder)
    model.save_pretrained(folder)
    return folder


# --- tokenizers ---


def _spm(path: Path, texts: list[str], **options: Any) -> Path:
    written = BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(texts),
        model_writer=written,
        **{"vocab_size": 600, "minloglevel": 2, "num_threads": 1, "hard_vocab_limit": False, **options},
    )
    path.write_bytes(written.getvalue())
    return path


def _pieces(path: Path) -> Iterator[tuple[str, float]]:
    processor = sentencepiece.SentencePieceProcessor(model_file=str(path))
    for number in range(processor.get_piece_size()):
        if not processor.is_control(number) and not processor.is_unknown(number):
            yield processor.id_to_piece(number), processor.get_score(number)


def _written(path: Path, tokens: list[str]) -> str:
    path.write_text(json.dumps({token: number for number, token in enumerate(tokens)}), encoding="utf-8")
    return str(path)


def _byte_level(special: list[str], **options: Any) -> PreTrainedTokenizerFast:
    made = Tokenizer(models.BPE())
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=800, special_tokens=special, initial_alphabet=alphabet, show_progress=False
    )
    made.train_from_iterator(corpus(), trainer)
    if "<s>" in special:
        made.post_processor = processors.RobertaProcessing(("</s>", 2), ("<s>", 0))
    return PreTrainedTokenizerFast(tokenizer_object=made, **options)


# --- kinds ---


def _t5(folder: Path) -> Path:
    path = _spm(folder / "spiece.model", corpus(), pad_id=0, eos_id=1, unk_id=2, bos_id=-1)
    tokenizer = T5Tokenizer.from_pretrained(folder, vocab_file=str(path), extra_ids=3, model_max_length=48)
    sizes = {"d_model": 32, "d_kv": 8, "d_ff": 64, "num_layers": 2, "num_heads": 4, "initializer_factor": 8.0}
    return _saved(folder, tokenizer, "t5", decoder_start_token_id=0, task_specific_params=T5_TASKS, **sizes)


def _bart(folder: Path) -> Path:
    special = {"bos_token": "<s>", "pad_token": "<pad>", "eos_token": "</s>", "unk_token": "<unk>"}
    tokenizer = _byte_level(list(special.values()), **special, model_max_length=96)
    config = {"bos_token_id": 0, "decoder_start_token_id": 2, "forced_bos_token_id": 0, "forced_eos_token_id": 2}
    return _saved(folder, tokenizer, "bart", **_SEQ2SEQ, **config)


def _marian(folder: Path, codes: tuple[str, ...] = ()) -> Path:
    sides = list(zip(*pairs("de"), strict=True))
    paths = [_spm(folder / f"{name}.spm", list(side)) for name, side in zip(("source", "target"), sides, strict=True)]
    pieces = dict.fromkeys(piece for path in paths for piece, _ in _pieces(path))
    vocabulary = _written(folder / "vocab.json", ["</s>", "<unk>", *codes, *pieces, "<pad>"])
    languages = {"source_lang": "en", "target_lang": "mul" if codes else "de"}
    tokenizer = MarianTokenizer(str(paths[0]), str(paths[1]), vocabulary, model_max_length=96, **languages)
    pad = tokenizer.pad_token_id
    return _saved(
        folder,
        tokenizer,
        "marian",
        **_SEQ2SEQ,
        decoder_start_token_id=pad,
        bad_words_ids=[[pad]],
        forced_eos_token_id=0,
    )


def _mbart(folder: Path) -> Path:
    vocabulary = [("<s>", 0.0), ("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0)]
    tokenizer = MBartTokenizer(vocab=[*vocabulary, *_pieces(_spm(folder / "s.spm", corpus()))], model_max_length=96)
    (folder / "s.spm").unlink()
    return _saved(folder, tokenizer, "mbart", **_SEQ2SEQ, decoder_start_token_id=2)


def _nllb(folder: Path) -> Path:
    made = Tokenizer(models.BPE(unk_token="<unk>"))
    made.pre_tokenizer = pre_tokenizers.Metaspace(replacement="▁", prepend_scheme="always")
    special = ["<s>", "<pad>", "</s>", "<unk>"]
    made.train_from_iterator(corpus(), trainers.BpeTrainer(vocab_size=600, special_tokens=special, show_progress=False))
    state = json.loads(made.to_str())["model"]
    merges = [tuple(merge) for merge in state["merges"]]
    tokenizer = NllbTokenizer(vocab=state["vocab"], merges=merges, model_max_length=96)
    return _saved(folder, tokenizer, "m2m_100", **_SEQ2SEQ, decoder_start_token_id=2)


def _m2m100(folder: Path) -> Path:
    path = _spm(folder / "sentencepiece.bpe.model", corpus())
    vocabulary = _written(folder / "vocab.json", ["<s>", "<pad>", "</s>", "<unk>", *dict(_pieces(path))])
    codes = [f"__{code}__" for code in FAIRSEQ_LANGUAGE_CODES["m2m100"]]
    tokenizer = M2M100Tokenizer(vocabulary, str(path), model_max_length=96, additional_special_tokens=codes)
    # The codes of its languages, and eight more, stand behind the vocabulary, which does not count them.
    size = max(tokenizer.lang_code_to_id.values()) + 9
    return _saved(folder, tokenizer, "m2m_100", **_SEQ2SEQ, decoder_start_token_id=2, vocab_size=size)


def _chat(folder: Path, template: str | None = CHAT_TEMPLATE) -> Path:
    tokenizer = _byte_level(
        ["<|end|>", "<|user|>", "<|assistant|>", "<|system|>"], eos_token="<|end|>", pad_token="<|end|>"
    )
    tokenizer.chat_template = template
    sizes = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 64}
    config = {"num_key_value_heads": 2, "max_position_embeddings": 256, "initializer_range": 0.4}
    return _saved(folder, tokenizer, "llama", auto=AutoModelForCausalLM, **sizes, **config)


_KINDS: dict[str, Callable[[Path], Path]] = {
    "t5": _t5,
    "bart": _bart,
    "marian": _marian,
    "marian-many": lambda folder: _marian(folder, (">>deu<<", ">>fra<<", ">>spa<<")),
    "mbart": _mbart,
    "nllb": _nllb,
    "m2m100": _m2m100,
    "chat": _chat,
    "base": lambda folder: _chat(folder, None),
}
KINDS = tuple(_KINDS)
