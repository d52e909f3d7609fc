"""Texts that a model writes in an evaluation, and how near they come to those that were to be written."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import regex

from nbtransformers.engine.generation_config import generation_config
from nbtransformers.loading.models import quiet_transformers
from nbtransformers.plain_text import count
from nbtransformers.training.tasks.texts import padding_right

if TYPE_CHECKING:
    from datasets import Dataset

MOST_ROWS = 100
"""Test rows for which a text is written: writing takes a pass of the decoder for every token."""
MOST_TOKENS = 128
"""Tokens of such a text."""

_ROUGE = ("rouge1", "rouge2", "rougeL")
METRICS = (*_ROUGE, "bleu", "chrf")
"""How near written texts come, as `nearness` measures it."""

_UNSPACED = r"\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}"  # scripts without spaces
_WORD = regex.compile(rf"[{_UNSPACED}]\p{{M}}*|[[\p{{L}}\p{{M}}\p{{N}}]--[{_UNSPACED}]]+", regex.V1)
_LETTER = regex.compile(r"\p{L}")


def chosen_rows(rows: int) -> list[int]:
    """The numbers of the test rows for which a text is written: evenly spread, and always the same."""
    chosen = min(rows, MOST_ROWS)
    return [number * rows // chosen for number in range(chosen)]


def said_of(rows: int) -> str:
    """What a reader of the metrics should know, in a sentence."""
    some = "every test row" if rows <= MOST_ROWS else f"{MOST_ROWS} of the {count(rows, 'test row')}"
    return (
        f"ROUGE, BLEU and chrF are of texts that are written for {some}, "
        f"the likeliest token at each place and at most {MOST_TOKENS} of them."
    )


def write(model: Any, rows: Dataset, tokenizer: Any, batch_size: int, told: Callable[[int, int], None]) -> list[str]:
    """What a model writes for encoded rows, the likeliest token at each place: nothing is drawn.

    Args:
        model: an encoder-decoder, not in training.
        rows: what it reads, and `labels`, of which the longest says how long a text may become.
        tokenizer: the model's.
        batch_size: rows at once.
        told: how many of how many rows are to be done next.
    """
    most = min(MOST_TOKENS, max(map(len, rows["labels"])))
    config = generation_config(model, {"do_sample": False, "num_beams": 1}, most)
    padding = padding_right(tokenizer, model)
    read = rows.remove_columns("labels")
    texts: list[str] = []
    for start in range(0, len(read), batch_size):
        told(start, len(read))
        batch = padding.pad(read[start : start + batch_size], return_tensors="pt").to(model.device)
        with quiet_transformers():  # which would say of every batch that the length is not the model's own
            ids = model.generate(**batch, generation_config=config)
        texts += tokenizer.batch_decode(ids, skip_special_tokens=True)
    return [text.strip() for text in texts]


def nearness(written: Sequence[str], references: Sequence[str]) -> dict[str, float]:
    """How near written texts come to their references.

    Returns:
        `rouge1`, `rouge2` and `rougeL`, the means over texts of rouge-score's F1, from 0 to 1; `bleu` and `chrf` of all
        texts together as sacrebleu has them, from 0 to 100.
    """
    from rouge_score.rouge_scorer import RougeScorer
    from sacrebleu.metrics.bleu import BLEU
    from sacrebleu.metrics.chrf import CHRF

    scorer = RougeScorer(list(_ROUGE), tokenizer=_Words())
    scores = [scorer.score(reference, text) for text, reference in zip(written, references, strict=True)]
    rouge = {name: sum(score[name].fmeasure for score in scores) / max(1, len(scores)) for name in _ROUGE}
    together = [list(references)]
    bleu = BLEU(tokenize=bleu_tokenizer(references)).corpus_score(written, together).score
    return {**rouge, "bleu": float(bleu), "chrf": float(CHRF().corpus_score(written, together).score)}


class _Words:
    """Words as rouge-score has them, of any script: its own knows no letters but those of English."""

    def tokenize(self, text: str) -> list[str]:
        return _WORD.findall(text.lower())


def bleu_tokenizer(references: Sequence[str]) -> str:
    """How sacrebleu finds words: its usual way, but where scripts put no spaces between them."""
    text = " ".join(references)
    letters = len(_LETTER.findall(text))
    if 2 * len(regex.findall(rf"[[{_UNSPACED}]&&\p{{L}}]", text, regex.V1)) <= letters:
        return "13a"
    return "zh" if 2 * len(regex.findall(r"\p{Han}", text)) > letters else "char"
