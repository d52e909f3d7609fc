"""Tokenizers of every kind, trained in a second on real text in eight scripts, and saved as folders."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import babel.localedata
import sentencepiece
from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
from transformers import (
    BertGenerationTokenizer,
    ByT5Tokenizer,
    CanineTokenizer,
    LlamaTokenizer,
    PreTrainedTokenizerFast,
    T5Tokenizer,
)

from nbtransformers.loading.bundled import bundled_folder

# The names of places and languages, in the Unicode Common Locale Data Repository.
LOCALES = ("en", "ru", "el", "zh", "ja", "ar", "he", "hi", "th", "ko")

# The first article of the Universal Declaration of Human Rights.
SENTENCES = {
    "en": "All human beings are born free and equal in dignity and rights. They are endowed with reason and conscience "
    "and should act towards one another in a spirit of brotherhood.",
    "ru": "Все люди рождаются свободными и равными в своем достоинстве и правах. Они наделены разумом и совестью.",
    "el": "Όλοι οι άνθρωποι γεννιούνται ελεύθεροι και ίσοι στην αξιοπρέπεια και τα δικαιώματα.",
    "zh": "人人生而自由,在尊严和权利上一律平等。他们赋有理性和良心,并应以兄弟关系的精神相对待。",
    "ja": "すべての人間は、生まれながらにして自由であり、かつ、尊厳と権利とについて平等である。",
    "ar": "يولد جميع الناس أحراراً متساوين في الكرامة والحقوق. وقد وهبوا عقلاً وضميراً.",
    "he": "כל בני אדם נולדו בני חורין ושווים בערכם ובזכויותיהם.",
    "hi": "सभी मनुष्यों को गौरव और अधिकारों के मामले में जन्मजात स्वतन्त्रता और समानता प्राप्त है।",
    "th": "มนุษย์ทั้งหลายเกิดมามีอิสระและเสมอภาคกันในเกียรติศักดิ์และสิทธิ",
    "ko": "모든 인간은 태어날 때부터 자유로우며 그 존엄과 권리에 있어 동등하다.",
}

# What tokenizers stumble over.
ODD = (
    "Loved it 👩‍👩‍👧‍👦🎬! 🇩🇪🇫🇷 👍🏽",
    "Cafe\u0301, nai\u0308ve, E\u0301CLAIR and \u1e9b\u0323",
    "\ufb01ne \U0001d4d0 Ｆｕｌｌ　ｗｉｄｔｈ ½ ㎏ Ⅷ",
    "  two  spaces,\ta tab\nand a line\r\nmore  ",
    "x=1; f(x)['a_b'] -> http://a.b/c?d=e#f  # don’t",
    "a\u200bb\u00a0c\u00add\ufeffe\u2028f",
    "控制\x00字符 \x07 bell",
    "[SEP] in the text, <s> and </s>, <unk> and ▁ too",
    "𐍈 𝒳 \U0001f9d1\u200d\U0001f680 \ue000",
    "i̇İIı ß ẞ ſ ÅÅ Ω",
)


def texts() -> list[str]:
    """What the tokenizers are tried on: sentences, names, all scripts mixed, and odd ones."""
    names = [name for locale in LOCALES for name in _names(locale)[::40]]
    return [*SENTENCES.values(), " ".join(SENTENCES.values()), *ODD, *names]


def _names(locale: str) -> list[str]:
    data = babel.localedata.load(locale)
    return [str(name) for group in ("territories", "languages") for name in data[group].values()]


def _corpus() -> list[str]:
    return [text for locale in LOCALES for text in (*_names(locale), *[SENTENCES[locale]] * 3)]


# --- the tokenizers library ---


def _trained(made: Tokenizer, trainer: Any) -> Tokenizer:
    made.train_from_iterator(_corpus(), trainer)
    return made


def _wordpiece() -> Any:
    made = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    made.normalizer = normalizers.BertNormalizer(lowercase=False, strip_accents=False)
    made.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    made.decoder = decoders.WordPiece()
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    _trained(made, trainers.WordPieceTrainer(vocab_size=2500, special_tokens=special, show_progress=False))
    made.post_processor = processors.BertProcessing(("[SEP]", 3), ("[CLS]", 2))
    return PreTrainedTokenizerFast(
        tokenizer_object=made,
        **{"pad_token": "[PAD]", "unk_token": "[UNK]", "cls_token": "[CLS]", "sep_token": "[SEP]"},
        mask_token="[MASK]",
        model_max_length=24,
    )


def _gpt2() -> Any:
    made = Tokenizer(models.BPE())
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.decoder = decoders.ByteLevel()
    made.post_processor = processors.ByteLevel(trim_offsets=False)
    _trained(made, _bytes_trainer(["<|endoftext|>"]))
    end = "<|endoftext|>"
    return PreTrainedTokenizerFast(tokenizer_object=made, unk_token=end, bos_token=end, eos_token=end)


def _roberta() -> Any:
    made = Tokenizer(models.BPE())
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=True)
    made.decoder = decoders.ByteLevel()
    _trained(made, _bytes_trainer(["<s>", "<pad>", "</s>", "<unk>"]))
    made.post_processor = processors.RobertaProcessing(("</s>", 2), ("<s>", 0))
    return PreTrainedTokenizerFast(
        tokenizer_object=made,
        **{"pad_token": "<pad>", "unk_token": "<unk>", "cls_token": "<s>", "sep_token": "</s>"},
        model_max_length=32,
    )


def _llama3() -> Any:
    made = Tokenizer(models.BPE())
    pattern = Regex(r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s+")
    made.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Split(pattern, "isolated"), pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)]
    )
    made.decoder = decoders.ByteLevel()
    _trained(made, _bytes_trainer(["<|begin|>", "<|end|>"]))
    made.post_processor = processors.TemplateProcessing(single="<|begin|> $A", special_tokens=[("<|begin|>", 0)])
    return PreTrainedTokenizerFast(
        tokenizer_object=made,
        **{"bos_token": "<|begin|>", "eos_token": "<|end|>", "pad_token": "<|end|>"},
        padding_side="left",
        truncation_side="left",
        model_max_length=20,
    )


def _bytes_trainer(special: list[str]) -> Any:
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    return trainers.BpeTrainer(vocab_size=2500, special_tokens=special, initial_alphabet=alphabet, show_progress=False)


def _llama2() -> Any:
    """Byte fallback, no pre-tokenizer: the whole text is one word to it."""
    made = Tokenizer(models.BPE(unk_token="<unk>", byte_fallback=True, fuse_unk=True))
    made.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
    made.decoder = decoders.Sequence(
        [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)]
    )
    fallback = [f"<0x{byte:02X}>" for byte in range(256)]
    special = ["<unk>", "<s>", "</s>", *fallback]
    _trained(
        made, trainers.BpeTrainer(vocab_size=1500, special_tokens=special, limit_alphabet=300, show_progress=False)
    )
    state = json.loads(made.to_str())
    state["added_tokens"] = [token for token in state["added_tokens"] if token["content"] not in fallback]
    made = Tokenizer.from_str(json.dumps(state))  # bytes are pieces like any other, and no special tokens
    made.post_processor = processors.TemplateProcessing(single="<s> $A </s>", special_tokens=[("<s>", 1), ("</s>", 2)])
    return PreTrainedTokenizerFast(
        tokenizer_object=made, unk_token="<unk>", bos_token="<s>", eos_token="</s>", padding_side="left"
    )


def _unigram() -> Any:
    made = Tokenizer(models.Unigram())
    made.normalizer = normalizers.Sequence([normalizers.NFKC(), normalizers.Lowercase()])
    made.pre_tokenizer = pre_tokenizers.Metaspace()
    made.decoder = decoders.Metaspace()
    trainer = trainers.UnigramTrainer(
        vocab_size=2000, special_tokens=["<pad>", "<unk>", "</s>"], unk_token="<unk>", show_progress=False
    )
    _trained(made, trainer)
    made.post_processor = processors.TemplateProcessing(single="$A </s>", special_tokens=[("</s>", 2)])
    return PreTrainedTokenizerFast(
        tokenizer_object=made, unk_token="<unk>", pad_token="<pad>", eos_token="</s>", model_max_length=16
    )


def _clip() -> Any:
    made = Tokenizer(models.BPE(unk_token="<unk>", end_of_word_suffix="</w>"))
    made.normalizer = normalizers.Sequence([normalizers.NFC(), normalizers.Lowercase()])
    made.pre_tokenizer = pre_tokenizers.Whitespace()
    made.decoder = decoders.BPEDecoder()
    trainer = trainers.BpeTrainer(
        vocab_size=2000, special_tokens=["<unk>", "<pad>"], end_of_word_suffix="</w>", show_progress=False
    )
    _trained(made, trainer)
    return PreTrainedTokenizerFast(tokenizer_object=made, unk_token="<unk>", pad_token="<pad>")


def _wordlevel() -> Any:
    made = Tokenizer(models.WordLevel(unk_token="<unk>"))
    made.normalizer = normalizers.Sequence([normalizers.NFD(), normalizers.StripAccents()])
    made.pre_tokenizer = pre_tokenizers.Whitespace()
    trainer = trainers.WordLevelTrainer(vocab_size=1000, special_tokens=["<unk>", "<pad>"], show_progress=False)
    _trained(made, trainer)
    return PreTrainedTokenizerFast(tokenizer_object=made, unk_token="<unk>", pad_token="<pad>")


# --- SentencePiece ---


def _sentencepiece(folder: Path, **options: Any) -> Path:
    written = BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(_corpus()),
        model_writer=written,
        vocab_size=2000,
        minloglevel=2,
        num_threads=1,
        **options,
    )
    folder.mkdir(parents=True)
    path = folder / "spiece.model"
    path.write_bytes(written.getvalue())
    return path


def _t5(folder: Path) -> Any:
    """With SentencePiece's own table of normalised characters."""
    path = _sentencepiece(
        folder, **{"model_type": "unigram", "pad_id": 0, "eos_id": 1, "unk_id": 2, "bos_id": -1}, hard_vocab_limit=False
    )
    return T5Tokenizer.from_pretrained(path.parent, vocab_file=str(path), extra_ids=3)


def _llama_sp(folder: Path) -> Any:
    path = _sentencepiece(
        folder, model_type="bpe", byte_fallback=True, character_coverage=0.98, normalization_rule_name="identity"
    )
    shutil.copyfile(path, folder / "tokenizer.model")
    return LlamaTokenizer.from_pretrained(folder)


def _slow_sp(folder: Path) -> Any:
    path = _sentencepiece(folder, model_type="unigram", character_coverage=0.98, hard_vocab_limit=False)
    return BertGenerationTokenizer(vocab_file=str(path))


FAST: dict[str, Callable[[], Any]] = {
    "wordpiece": _wordpiece,
    "gpt2": _gpt2,
    "roberta": _roberta,
    "llama3": _llama3,
    "llama2": _llama2,
    "unigram": _unigram,
    "clip": _clip,
    "wordlevel": _wordlevel,
}
FROM_SENTENCEPIECE: dict[str, Callable[[Path], Any]] = {"t5": _t5, "llama-sp": _llama_sp}
SLOW: dict[str, Callable[[Path], Any]] = {
    "slow-sp": _slow_sp,
    "byt5": lambda folder: ByT5Tokenizer(),
    "canine": lambda folder: CanineTokenizer(),
}
SLOW_CLASSES = {"slow-sp": BertGenerationTokenizer, "byt5": ByT5Tokenizer, "canine": CanineTokenizer}


def made(folder: Path) -> Iterator[tuple[str, Any]]:
    """Name and tokenizer of each; all but the bundled one are made in the folder."""
    from transformers import AutoTokenizer

    yield "minilm", AutoTokenizer.from_pretrained(bundled_folder("minilm"))
    for name, make in FAST.items():
        yield name, make()
    for name, train in {**FROM_SENTENCEPIECE, **SLOW}.items():
        yield name, train(folder / name)
