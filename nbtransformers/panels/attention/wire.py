"""Attention as bytes: a small JSON header and one binary buffer of named sections.

Per side S, `queries` and of an encoder-decoder `encoded`, for its first tokens: `S_ids` int32, the string tables
`S_pieces` (as the tokenizer writes it) and `S_text` (as a reader sees it), `S_flags` uint8, `S_words` int32 (-1 for a
special token), `S_start` and `S_stop` uint32 (code points of its text).

Per part P, `self`, `cross` or `encoder`: `P_measures` float32 `[measure, layer, head]`, NaN where there is none;
`P_thumbs` uint8 `[layer, head, row, column]`, the square root of the greatest weight of each cell as a share of the
head's own greatest, which is `P_thumb_max` float32 `[layer, head]`: in most heads one weight is near 1 and the others
are small (of a difference the share itself: 128 is no difference, and ±127 the greatest); and of a
short reading `P_weights` float32 `[layer, head, query, key]`. `tests/golden/attention.json` holds both sides to it.

All of it stays small whatever the length, since a saved notebook keeps it: what is not here is asked for.
"""

from __future__ import annotations

from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from nbtransformers.errors import UserError
from nbtransformers.panels.attention.offers import can
from nbtransformers.panels.earlier import depth
from nbtransformers.panels.packing import packed, sendable, string_table
from nbtransformers.plain_text import count, seconds
from nbtransformers.results.attention import SECOND, SPECIAL, Attention, Side
from nbtransformers.results.attentionkeys import KeyMaps
from nbtransformers.results.attentionmaps import Floats, Part
from nbtransformers.results.attentionmeasures import MEASURES
from nbtransformers.results.attentionoverview import Overview, overview

VERSION = 1
FIRST_TOKENS = 1_000  # of a side, that travel with the header
CLIPPED_AT = 2_000  # characters of a text that the header carries

Arrays = dict[str, NDArray[Any]]

_WHOLE_VALUES = 20_000  # weights that travel whole: 80 KB
_HEAD_BYTES = 75_000  # of all heads: their thumbs, and 32 bytes of measures each
_SIDES = (4, 24)  # cells of a thumb
_PIECE = 60  # characters of a token: some stand for a line of blanks
_TOKEN_BYTES = 24_000  # of the first tokens of all sides

_seen: WeakKeyDictionary[Attention, dict[Part, Overview]] = WeakKeyDictionary()


def attention_header(result: Attention) -> tuple[dict[str, Any], bytes]:
    """The header and the payload of an attention, with all its weights when it is small."""
    arrays: Arrays = {}
    heres: dict[str, dict[str, int]] = {}
    for name, side in sides_of(result).items():
        page = _first(result, name)
        arrays |= page
        heres[name] = {"tokens": len(side), "here": len(page[f"{name}_ids"])}
    whole = _is_small(result)
    facts: list[dict[str, Any]] = []
    notes = list(result.notes)
    for part in result.maps.parts:
        of_part = result.of_part(part)
        try:
            seen = seen_of(result, part)
        except UserError as error:  # it costs too much to look at every head
            seen, whole = _unseen(of_part), False
            notes.append(str(error))
        arrays |= overview_arrays(part, seen, signed=result.signed)
        whole = whole and not np.isnan(seen.measures).all(axis=0).any()  # or a layer has fewer heads than another
        if whole:
            arrays[f"{part}_weights"] = _all_weights(of_part)
        facts.append(_part_facts(of_part, seen))
    sections, payload = packed(arrays)
    texts = texts_of(result)
    header = {
        "version": VERSION,
        "kind": "attention",
        "title": sendable(result.run.model),
        "subtitle": subtitle(result),
        "rows": len(result.queries),
        "inline": whole,
        "parts": facts,
        "part": result.part,
        "sides": heres,
        "measures": list(MEASURES),
        "pair": result.request.pair is not None,
        **{name: None if text is None else sendable(text[:CLIPPED_AT]) for name, text in texts.items()},
        "clipped": any(len(text or "") > CLIPPED_AT for text in texts.values()),
        "signed": result.signed,
        "has_steps": _has_steps(result),
        "can": can(result),
        "depth": depth(result),
        "facts": [[name, sendable(value)] for name, value in result.run.facts()],
        "notes": list(map(sendable, notes)),
        "sections": sections,
    }
    return header, payload


def subtitle(result: Attention) -> str:
    """How much there is, in a line."""
    shape = result.of_part("self").shape
    tokens = count(len(result.queries), "token")
    if result.encoded is not None:
        tokens = f"{count(len(result.encoded), 'token')} → {len(result.queries):,}"
    return f"{tokens} · {count(shape.layers, 'layer')} × {count(shape.heads, 'head')} · {seconds(result.run.seconds)}"


def sides_of(result: Attention) -> dict[str, Side]:
    """The sides that there are, by their names on the wire."""
    return {"queries": result.queries} | ({} if result.encoded is None else {"encoded": result.encoded})


def texts_of(result: Attention) -> dict[str, str | None]:
    """What was read, as the keys of the header: the text, the second one of a pair, and what a decoder was given."""
    read = result.encoded or result.queries
    return {"text": read.text, "pair_text": result.request.pair, "target_text": result.request.target}


def seen_of(result: Attention, part: Part) -> Overview:
    """All heads of a part at a glance; kept for as long as the result is.

    Raises:
        UserError: when it costs too much.
    """
    kept = _seen.setdefault(result, {})
    if part not in kept:
        kept[part] = overview(result.of_part(part), thumb_side(result))
    return kept[part]


def thumb_side(result: Attention) -> int:
    """Cells of a side of a thumb, at most, so that those of all heads stay small."""
    heads = sum(extent.layers * extent.heads for extent in map(result.maps.extent, result.maps.parts))
    least, most = _SIDES
    return max(least, min(most, int(max(0, _HEAD_BYTES / max(1, heads) - 32) ** 0.5)))


def side_arrays(result: Attention, name: str, start: int, stop: int) -> Arrays:
    """The sections of some tokens of a side."""
    side, cut = sides_of(result)[name], slice(start, stop)
    return {
        f"{name}_ids": side.ids[cut].astype(np.int32),
        **string_table(f"{name}_pieces", map(_short, side.pieces[cut])),
        **string_table(f"{name}_text", map(_short, _shown(side, result.request.pair, cut))),
        f"{name}_flags": side.flags[cut],
        f"{name}_words": side.words[cut].astype(np.int32),
        f"{name}_start": side.offsets[cut, 0].astype(np.uint32),
        f"{name}_stop": side.offsets[cut, 1].astype(np.uint32),
    }


def overview_arrays(part: Part, seen: Overview, *, signed: bool) -> Arrays:
    """The sections of all heads at a glance."""
    pictures = np.nan_to_num(seen.pictures)  # of a difference, where tokens have no partner
    most = np.abs(pictures).max(axis=(2, 3), initial=0)
    share = pictures / np.where(most > 0, most, 1)[..., None, None]
    thumbs = 128 + 127 * share if signed else 255 * np.sqrt(share)
    return {
        f"{part}_measures": seen.measures,
        f"{part}_thumbs": np.rint(thumbs).astype(np.uint8),
        f"{part}_thumb_max": most.astype(np.float32),
    }


def part_of(result: Attention, name: object) -> Attention:
    """The result with the part that a panel asks for.

    Raises:
        UserError: when there is none of that name.
    """
    if name not in result.maps.parts:
        raise UserError(f"There is no {name} attention here.", hint="Run the cell again.")
    return result.of_part(name)


def _part_facts(result: Attention, seen: Overview) -> dict[str, Any]:
    shape = result.shape
    return {
        "part": result.part,
        "layers": shape.layers,
        "heads": shape.heads,
        "queries": shape.queries,
        "keys": shape.keys,
        "query_side": "encoded" if result.part == "encoder" else "queries",
        "key_side": "queries" if result.part == "self" else "encoded",
        "causal": _is_causal(result, seen),
        "thumb": list(seen.pictures.shape[2:]),
        "sampled": seen.sampled,
    }


def _is_causal(result: Attention, seen: Overview) -> bool:
    """Whether no query of any head sees what stands behind it, as far as the thumbs tell."""
    rows, columns = seen.pictures.shape[2:]
    if result.signed or result.part == "cross" or rows != columns or rows == 1:
        return False
    return bool(seen.pictures.any()) and not seen.pictures[..., ~np.tri(rows, dtype=bool)].any()


def _has_steps(result: Attention) -> bool:
    """Whether all that the weights come from, and what comes of them, is kept."""
    if result.signed or isinstance(result.maps, KeyMaps):  # which have no projection
        return False
    try:
        result.maps.q(result.part, 0, 0)
    except UserError:
        return False
    return True


def _is_small(result: Attention) -> bool:
    return sum(int(np.prod(result.maps.extent(part))) for part in result.maps.parts) <= _WHOLE_VALUES


def _all_weights(result: Attention) -> Floats:
    shape = result.shape
    heads = [[result[layer, head] for head in range(shape.heads)] for layer in range(shape.layers)]
    return np.array(heads, np.float32).reshape(shape)


def _unseen(result: Attention) -> Overview:
    shape = result.shape
    nothing = np.full((len(MEASURES), shape.layers, shape.heads), np.nan, np.float32)
    return Overview(nothing, np.zeros((shape.layers, shape.heads, 1, 1), np.float32), 0)


def _first(result: Attention, name: str) -> Arrays:
    """The sections of the first tokens of a side: fewer where those are long."""
    sides = sides_of(result)
    here = min(len(sides[name]), FIRST_TOKENS)
    found = side_arrays(result, name, 0, here)
    while here > 1 and sum(array.nbytes for array in found.values()) > _TOKEN_BYTES / len(sides):
        here = here * 3 // 4
        found = side_arrays(result, name, 0, here)
    return found


def _shown(side: Side, pair: str | None, cut: slice) -> list[str]:
    """What a reader sees of each token: its stretch of the text; of a special one its name."""
    texts = (side.text, pair)
    given = zip(side.pieces[cut], side.offsets[cut].tolist(), side.flags[cut].tolist(), strict=True)
    found: list[str] = []
    for piece, (start, stop), flags in given:
        text = texts[bool(flags & SECOND)]
        if text is None or stop <= start or flags & SPECIAL:
            found.append(piece)
        else:
            found.append(text[start:stop])
    return found


def _short(text: str) -> str:
    return sendable(text if len(text) <= _PIECE else text[: _PIECE - 1] + "…")
