"""A tokenization as static HTML: the tokenizers compared, a batch of the texts, and the first rows in tokens."""

from __future__ import annotations

import unicodedata
from html import escape

from nbtransformers.panels.colours import HEX
from nbtransformers.panels.snapshot import CELL, QUIET, framed, note_line
from nbtransformers.panels.tokenization.pieces import legible
from nbtransformers.plain_text import count, seconds
from nbtransformers.results.rows import row_names
from nbtransformers.results.tokenization import HOW_WORDS_COUNT, Tokenization
from nbtransformers.results.tokens import CUT, SPECIAL, UNKNOWN, Batch, Tokens

SNAPSHOT_ROWS = 50
_MOST_TOKENS = 2_000  # in all: a token is a hundred bytes of HTML
_LEAST_TOKENS, _MOST_OF_A_ROW = 12, 300
_BATCH_TEXTS = 10
_BATCH_WIDTH = 240  # pixels
_REASON_CHARACTERS = 400

# Words take these in turn, so that neighbours differ; half transparent, for a light and a dark page alike.
_WORDS = tuple(f"{HEX[name]}40" for name in ("blue", "orange", "green", "pink", "amber"))
_TOKEN = "border-radius:3px;padding:0 2px;margin:1px;display:inline-block;white-space:pre-wrap"
_WHOLE_WORDS = "overflow-wrap:normal;word-break:normal"
_ID = "font-size:9px;opacity:0.6"


def tokenization_snapshot(panel_id: str, result: Tokenization) -> str:
    """A tokenization as HTML: the tokenizers compared, a batch of the texts, the notes, and the first rows."""
    names = ", ".join(tokens.name for tokens in result.tokenizers)
    line = f"{count(len(result), 'text')} · {seconds(result.run.seconds)}"
    parts = [
        f'<p><strong>{escape(names)}</strong> <span style="{QUIET}">{escape(line)}</span></p>',
        _compared(result),
        *map(note_line, result.notes),
        _batches(result),
        _rows(result),
        f'<p style="{QUIET}">Words are counted {escape(HOW_WORDS_COUNT)}. The small numbers are token ids.</p>',
    ]
    return framed(panel_id, "".join(parts))


# --- the tokenizers ---


def _compared(result: Tokenization) -> str:
    heads = ("tokenizer", "kind", "vocabulary", "tokens", "words", "tokens a word", "unknown", "limit", "cut")
    rows: list[str] = []
    for number, tokens in enumerate(result.tokenizers):
        totals = result.totals(number)
        cut = f"{count(totals.cut_texts, 'text')}, {count(totals.cut_tokens, 'token')}" if totals.cut_texts else "–"
        cells = (
            *(tokens.name, tokens.model, f"{tokens.vocabulary:,}", f"{totals.tokens:,}", f"{totals.words:,}"),
            "–" if totals.fertility is None else f"{totals.fertility:.2f}",
            *(f"{totals.unknown:,}", f"{tokens.limit:,}" if tokens.limit else "none", cut),
        )
        rows.append(_table_row(cells))
    return _table(heads, rows)


def _table(heads: tuple[str, ...], rows: list[str]) -> str:
    head = "".join(f'<th style="{CELL};{_WHOLE_WORDS}">{escape(name)}</th>' for name in heads)
    table = f'<table style="margin:4px 0 8px 0"><thead><tr>{head}</tr></thead><tbody>{"".join(rows)}</tbody></table>'
    return f'<div style="overflow-x:auto">{table}</div>'


def _table_row(cells: tuple[str, ...]) -> str:
    made = "".join(f'<td style="{CELL};{_WHOLE_WORDS}" dir="auto">{escape(cell)}</td>' for cell in cells)
    return f"<tr>{made}</tr>"


# --- the batch ---


def _batches(result: Tokenization) -> str:
    parts: list[str] = []
    for number, tokens in enumerate(result.tokenizers):
        batch = result.batch(number)
        if len(batch.rows):
            parts.append(_batch(tokens, batch))
    return "".join(parts)


def _batch(tokens: Tokens, batch: Batch) -> str:
    padding = f"padded on the {batch.padding_side} with {batch.pad_token}" if batch.pad_token else "no pad token"
    line = (
        f"{tokens.name}: a batch of {'the first ' if len(batch.rows) > 1 else ''}{count(len(batch.rows), 'text')} is "
        f"{len(batch.rows):,} × {batch.width:,} tokens, {batch.padding_waste:.1%} of them padding; {padding}"
    )
    bars = [_bar(batch, number) for number in range(min(len(batch.rows), _BATCH_TEXTS))]
    left = len(batch.rows) - len(bars)
    more = f'<div style="{QUIET}">… {count(left, "more text")}</div>' if left else ""
    return f'<p style="margin:6px 0 2px 0" dir="auto">{escape(line)}.</p><div dir="ltr">{"".join(bars)}{more}</div>'


def _bar(batch: Batch, number: int) -> str:
    length, width = int(batch.lengths[number]), max(1, batch.width)
    taken = round(_BATCH_WIDTH * length / width)
    rest = _BATCH_WIDTH - taken
    tokens = f'<span style="display:inline-block;height:8px;width:{taken}px;background-color:{HEX["blue"]}"></span>'
    pads = f'<span style="display:inline-block;height:8px;width:{rest}px;background-color:{HEX["grey"]}55"></span>'
    parts = [pads, tokens] if batch.padding_side == "left" else [tokens, pads]
    told = f"{length:,} + {batch.width - length:,} padding" + (", cut" if batch.truncated[number] else "")
    return f'<div style="line-height:1.2">{"".join(parts)} <span style="font-size:11px;{QUIET}">{told}</span></div>'


# --- the rows ---


def _rows(result: Tokenization) -> str:
    shown = min(len(result), SNAPSHOT_ROWS)
    if not shown:
        return "<p><em>No texts.</em></p>"
    share = _MOST_TOKENS // (shown * max(1, len(result.tokenizers)))
    most = min(_MOST_OF_A_ROW, max(_LEAST_TOKENS, share))
    body = "".join(_row(result, row, name, most) for row, name in enumerate(row_names(result, range(shown))))
    left = len(result) - shown
    more = f'<p style="{QUIET}">… {count(left, "more row")}.</p>' if left else ""
    several = len(result.tokenizers) > 1  # then each line begins with the number of its tokens
    columns = (("", "10%"), ("", "90%")) if several else (("", "8%"), ("tokens", "10%"), ("", "82%"))
    heads = "".join(f'<th style="{CELL};{_WHOLE_WORDS};width:{width}">{head}</th>' for head, width in columns)
    return f'<table style="width:100%;margin:0"><thead><tr>{heads}</tr></thead><tbody>{body}</tbody></table>{more}'


def _row(result: Tokenization, row: int, name: str, most: int) -> str:
    reason, text = result.reasons.get(row), result.texts[row] or ""
    label = f'<td style="{CELL};{QUIET}">{escape(name)}</td>'
    several = len(result.tokenizers) > 1
    if reason is not None:
        count_of, shown = "–", f'<em style="{QUIET}">{escape(reason)}</em> {escape(text[:_REASON_CHARACTERS])}'
    else:
        count_of = f"{int(result.counts[row]):,}"
        shown = "".join(_line(tokens, row, most, text, several) for tokens in result.tokenizers)
    number = "" if several else f'<td style="{CELL};{_WHOLE_WORDS}">{count_of}</td>'
    return f'<tr>{label}{number}<td style="{CELL}" dir="auto">{shown}</td></tr>'


def _line(tokens: Tokens, row: int, most: int, text: str, several: bool) -> str:
    start, stop = int(tokens.rows[row]), int(tokens.rows[row + 1])
    end = min(stop, start + most)
    pieces = tokens.spelling.places(tokens.flat.ids[start:end]).tolist()
    flags, words = tokens.flat.flags[start:end].tolist(), tokens.flat.word[start:end].tolist()
    parts: list[str] = []
    for number, (piece, flag, word) in enumerate(zip(pieces, flags, words, strict=True)):
        if flag & CUT and not (number and flags[number - 1] & CUT):
            parts.append(f'<span style="color:{HEX["brick"]}">✂ limit {tokens.limit:,}</span>')
        shown = legible(tokens.spelling.pieces[piece] or "", tokens.spelling.bytes[piece] or "")
        identity = int(tokens.flat.ids[start + number])
        parts.append(
            f'<span style="{_TOKEN};{_look(flag, word)}" dir="auto">{escape(shown)}'
            f'<span style="{_ID}"> {identity}</span></span>'
        )
    if stop > end:
        cut = f", cut at {tokens.limit:,}" if tokens.cut[row] and not any(flag & CUT for flag in flags) else ""
        parts.append(f'<span style="{QUIET}">… {count(stop - end, "more token")}{cut}</span>')
    name = f'<span style="{QUIET}">{escape(tokens.name)} · {stop - start:,}</span> ' if several else ""
    direction = "rtl" if _is_right_to_left(text) else "ltr"
    return f'<div style="margin:0 0 3px 0">{name}<div dir="{direction}">{"".join(parts)}</div></div>'


def _look(flag: int, word: int) -> str:
    faded = ";opacity:0.45;text-decoration:line-through" if flag & CUT else ""
    if flag & UNKNOWN:
        return f"border:1px dashed {HEX['brick']}{faded}"
    if flag & SPECIAL or word < 0:
        return f"border:1px solid {HEX['grey']}88{faded}"
    return f"background-color:{_WORDS[word % len(_WORDS)]}{faded}"


def _is_right_to_left(text: str) -> bool:
    """Whether the first letter that has a direction goes to the left."""
    for character in text[:1_000]:
        direction = unicodedata.bidirectional(character)
        if direction in ("R", "AL", "L"):
            return direction != "L"
    return False
