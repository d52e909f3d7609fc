"""An explanation as static HTML: the text, each word coloured by what it adds, and the words that weigh most."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

import numpy as np

from nbtransformers.panels.colours import HEX
from nbtransformers.panels.explanation.wire import word_texts
from nbtransformers.panels.snapshot import CELL, QUIET, framed, note_line
from nbtransformers.plain_text import count
from nbtransformers.results.explanation import Attribution, Explanation, Words

MOST_WORDS = 500  # of all methods together: a coloured word is nearly a hundred bytes of HTML
_MOST_IN_TABLE = 12

# The two of the palette that every reader's eyes tell apart.
FOR, AGAINST = HEX["blue"], HEX["orange"]

_TEXT = "white-space:pre-wrap;margin:2px 0 8px;line-height:1.9;unicode-bidi:plaintext"


def explanation_snapshot(panel_id: str, result: Explanation) -> str:
    """An explanation as HTML: what is explained, the notes, and what each method says."""
    words = result.words
    texts = word_texts(result)
    parts = [
        f'<p><strong dir="auto">{escape(result.run.model)}</strong> '
        f'<span style="{QUIET}">{count(len(result), "token")}</span></p>',
        f'<p>Why <strong dir="auto">{escape(result.target.name)}</strong>? '
        f'<span style="{QUIET}">{_sure(result)}</span></p>',
        *map(note_line, result.notes),
        *(_method(one, words, texts, MOST_WORDS // len(result.found)) for one in result.found),
        _legend(),
        _table(result),
    ]
    return framed(panel_id, "".join(parts))


def _sure(result: Explanation) -> str:
    likely = result.target.probability
    return f"logit {result.target.logit:.2f}" + ("" if likely is None else f" · probability {likely:.1%}")


def _method(one: Attribution, words: Words, texts: Sequence[tuple[str, str]], most_words: int) -> str:
    """A method's name and what there is to say of it, and the text in its colours."""
    sums, special = words.sums(one.values), words.special
    most = float(np.nanmax(np.abs(sums), initial=0.0))
    spans = "".join(
        escape(before) + (_word(text, value, most) if text else "")
        for (before, text), value, is_special in zip(texts[:most_words], sums.tolist(), special, strict=False)
        if not is_special
    )
    left = len(texts) - most_words
    more = f'<span style="{QUIET}"> … {count(left, "more word")}</span>' if left > 0 else ""
    told = " · ".join(filter(None, [one.told, one.baseline]))
    return (
        f'<p style="margin:8px 0 0"><strong>{escape(one.title)}</strong> '
        f'<span style="{QUIET}">{escape(told)}</span></p>'
        f'<div style="{_TEXT}" dir="auto">{spans}{more}</div>'
    )


def _word(text: str, value: float, most: float) -> str:
    return f'<span style="{shade(value, most)}" title="{value:+.3f}">{escape(text)}</span>'


def shade(value: float, most: float) -> str:
    """A half transparent colour, which suits a light and a dark page alike; what speaks against is also underlined."""
    strength = abs(value) / most if most and np.isfinite(value) else 0.0
    colour = FOR if value >= 0 else AGAINST
    line = f";border-bottom:2px dotted {AGAINST}" if value < 0 and strength > 0.15 else ""
    return f"background-color:{colour}{round(170 * strength):02x}{line}"


def _legend() -> str:
    return (
        f'<p style="{QUIET}"><span style="{shade(-1, 1)};padding:0 6px">against</span> … '
        f'<span style="{shade(1, 1)};padding:0 6px">for</span> the prediction; each method on a scale of its own.</p>'
    )


def _table(result: Explanation) -> str:
    """The words that weigh most, with what every method says of them."""
    words = result.words
    sums = [words.sums(one.values) for one in result.found]
    order = np.argsort(-np.abs(np.nan_to_num(sums[0])), kind="stable")[:_MOST_IN_TABLE].tolist()
    heads = "".join(
        f'<th style="{CELL}">{escape(name)}</th>' for name in ("Word", *(one.title for one in result.found))
    )
    lines = "".join(
        f'<tr style="background:none"><td style="{CELL}" dir="auto">{escape(words.names[word])}</td>'
        + "".join(f'<td style="{CELL}">{values[word]:+.3f}</td>' for values in sums)
        + "</tr>"
        for word in order
    )
    return f"<table><thead><tr>{heads}</tr></thead><tbody>{lines}</tbody></table>"
