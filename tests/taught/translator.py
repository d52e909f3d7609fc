"""A tiny translator, taught by heart: it knows the short strings of Django’s interface in German, and nothing else.

For the plumbing from a text to its translation, on a screen where a reader can tell whether it is right. What it makes
of any other text says nothing of anything.
"""

from __future__ import annotations

import json
from io import BytesIO
from pathlib import Path
from typing import Any

from taught.kept import saved
from taught.pairs import pairs
from taught.teaching import Lesson, teach

LESSON = Lesson(epochs=30, rate=1e-3, batch=32)
_LONGEST = 40  # characters
_SIZES = {
    **{"d_model": 128, "encoder_layers": 2, "decoder_layers": 2, "encoder_ffn_dim": 256, "decoder_ffn_dim": 256},
    **{"encoder_attention_heads": 4, "decoder_attention_heads": 4, "max_position_embeddings": 96, "dropout": 0.0},
    # Else the positions, which are as large as 1, drown out the words.
    **{"scale_embedding": True, "init_std": 0.08},
}


def translator() -> Path:
    """The folder of the model and its tokenizer; the first call teaches it, in less than a minute."""
    return saved("translator", (LESSON, _SIZES, _LONGEST), _make)


def known() -> tuple[tuple[str, str], ...]:
    """The English strings that it was taught, each with its German."""
    return tuple((text, german) for text, german in pairs("de") if len(text) <= _LONGEST and "%" not in text)


def _make(folder: Path) -> None:
    import torch
    from transformers import DataCollatorForSeq2Seq, MarianConfig, MarianMTModel

    torch.manual_seed(LESSON.seed)
    tokenizer = _tokenizer(folder)
    special = {"pad_token_id": tokenizer.pad_token_id, "eos_token_id": 0, "forced_eos_token_id": 0}
    start = {"decoder_start_token_id": tokenizer.pad_token_id}
    model: Any = MarianMTModel(MarianConfig(vocab_size=len(tokenizer), **special, **start, **_SIZES))
    rows = [tokenizer(text, text_target=german) for text, german in known()]
    teach(model, rows, DataCollatorForSeq2Seq(tokenizer, model), LESSON)
    model.generation_config.max_length, model.generation_config.num_beams = 64, 2
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)


def _tokenizer(folder: Path) -> Any:
    import sentencepiece
    from transformers import MarianTokenizer

    words: dict[str, None] = {}
    for name, side in zip(("source", "target"), zip(*known(), strict=True), strict=True):
        written = BytesIO()
        sentencepiece.SentencePieceTrainer.train(
            sentence_iterator=iter(side), model_writer=written, vocab_size=800, minloglevel=2, hard_vocab_limit=False
        )
        path = folder / f"{name}.spm"
        path.write_bytes(written.getvalue())
        model = sentencepiece.SentencePieceProcessor(model_file=str(path))
        words |= dict.fromkeys(model.id_to_piece(number) for number in range(3, model.get_piece_size()))
    vocabulary = folder / "vocab.json"
    tokens = ["</s>", "<unk>", *words, "<pad>"]
    vocabulary.write_text(json.dumps({token: number for number, token in enumerate(tokens)}), encoding="utf-8")
    return MarianTokenizer(
        str(folder / "source.spm"),
        str(folder / "target.spm"),
        str(vocabulary),
        **{"source_lang": "en", "target_lang": "de", "model_max_length": 96},
    )
