"""What the panel of an attention can be asked."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nbtransformers.errors import UserError
from nbtransformers.panels.attention.asked import heads_of, number, stretch
from nbtransformers.panels.attention.wire import overview_arrays, part_of, side_arrays, sides_of, texts_of, thumb_side
from nbtransformers.panels.channel import Answer, Method
from nbtransformers.panels.packing import packed, sendable
from nbtransformers.results.attention import SPECIAL, Attention, Side
from nbtransformers.results.attentionedges import edges
from nbtransformers.results.attentionmaps import Floats, Part
from nbtransformers.results.attentionoverview import overview
from nbtransformers.results.attentionrollout import affordable_cells, on_places, places_of, rollouts, stretches
from nbtransformers.results.attentiontiles import Stretch, cuts, mean_weights, pooled, tile
from nbtransformers.results.attentionwords import word_starts

MOST_EDGES = 2_000
MOST_HEADS = 16  # in one answer
MOST_ROWS = 4  # queries of each of them
MOST_KEYS = 256  # of the steps of a query
TOKENS_PAGE = 2_000

_QUICK = 2**22  # weights of a first look: some ten milliseconds
_THOROUGH = 2**26  # of a whole head of 8,192 tokens: a second or two
_WINDOW = 2**24  # weights of what fits on a screen
_ROLLOUT = 2**27
_SHARES = 2**25  # of rollouts that are kept: 128 MB
_SIDE = 512  # cells of a tile
_THUMB = 48
_CLOSER = 2**25  # weights of a closer look at a layer


def methods(result: Attention) -> dict[str, Method]:
    """The questions about a result.

    `tile` (a part of a map), `rows` (the weights of some queries), `edges` (the strongest weights of a part), `steps`
    (how the weights of a query come about), `measures` (those of a layer, of more queries), `flow` (a token through
    the layers), `tokens` (a page of a side) and `texts` (whole). Whatever is asked for, an answer takes bounded work:
    where it would take more, some queries stand for all, and the answer says `sampled`.
    """

    @cache
    def grouped() -> Attention:
        return result.by_words()

    @cache
    def rolled(part: Part) -> tuple[Floats, NDArray[np.int64]]:
        of_part = result.of_part(part)
        cells = affordable_cells(of_part, _ROLLOUT, _SHARES)
        return np.array(list(rollouts(of_part, cells))), stretches(of_part.shape.keys, cells)

    def tile_(params: dict[str, Any]) -> Answer:
        of_part = part_of(result, params.get("part"))
        words = bool(params.get("words"))
        if params.get("layer") == "rollout":
            shares, starts = rolled(of_part.part)
            places = places_of(of_part.key_side, words=words, hide_special=bool(params.get("hide_special")))
            return _rollout_tile(*on_places(shares[-1], starts, places), params)
        return _tile(part_of(grouped(), of_part.part) if words else of_part, params)

    def edges_(params: dict[str, Any]) -> Answer:
        of_part = part_of(result, params.get("part"))
        return _edges(of_part, params, part_of(grouped(), of_part.part) if params.get("words") else None)

    def flow(params: dict[str, Any]) -> Answer:
        of_part = part_of(result, params.get("part"))
        token = number(params, "token", of_part.shape.keys)
        shares, starts = rolled(of_part.part)
        cell = int(np.searchsorted(starts, token, side="right")) - 1
        share = shares[:, cell] if params.get("direction") == "to" else shares[:, :, cell]
        sampled = len(starts) - 1 < of_part.shape.keys
        return _answered({"share": share, "starts": starts.astype(np.uint32)}, sampled=sampled)

    def tokens(params: dict[str, Any]) -> Answer:
        side = str(params.get("side"))
        if side not in sides_of(result):
            raise UserError(f"There are no tokens {side} here.", hint="Run the cell again.")
        start, stop, _ = stretch([params.get("start"), params.get("stop"), 1], len(sides_of(result)[side]), "token")
        return _answered(side_arrays(result, side, start, min(stop, start + TOKENS_PAGE)), start=start)

    def texts(params: dict[str, Any]) -> Answer:
        return {name: None if text is None else sendable(text) for name, text in texts_of(result).items()}, []

    def of(method: Any) -> Method:
        return lambda params: method(part_of(result, params.get("part")), params)

    return {
        "tile": tile_,
        "rows": of(_rows),
        "edges": edges_,
        "steps": of(_steps),
        "measures": of(_measures),
        "flow": flow,
        "tokens": tokens,
        "texts": texts,
    }


def _tile(result: Attention, params: dict[str, Any]) -> Answer:
    """A part of a head, or of the mean of heads.

    `rows` and `columns` are each [start, stop, cells]; `pooling` is `max` or `mean`; `quick` takes a first look;
    `words` is of words in the place of tokens, and `hide_special` of all but the special ones, which then do not count;
    `row_most` asks for the greatest value of each row too.
    """
    layer, heads = number(params, "layer", result.shape.layers), heads_of(params.get("head"), result.shape.heads)
    shown, lengths = None, (result.shape.queries, result.shape.keys)
    if params.get("hide_special"):
        shown = (_plain(result.query_side), _plain(result.key_side))
        lengths = (len(shown[0]), len(shown[1]))
    rows, columns = _rectangle(params, *lengths)
    most, mean = _QUICK if params.get("quick") else _THOROUGH, params.get("pooling") == "mean"
    made = tile(result, layer, heads, rows, columns, mean=mean, most=most, shown=shown)
    arrays: dict[str, NDArray[Any]] = {
        "values": made.values,
        "row_starts": made.row_starts.astype(np.uint32),
        "column_starts": made.column_starts.astype(np.uint32),
    }
    if params.get("row_most"):
        arrays["row_most"] = made.row_most
    return _answered(arrays, exact=made.exact, sampled=made.sampled)


def _rollout_tile(shares: Floats, starts: NDArray[np.int64], params: dict[str, Any]) -> Answer:
    """A part of the rollout after the last layer, of stretches that begin at `starts`."""
    sides = _rectangle(params, int(starts[-1]), int(starts[-1]))
    spans = [np.searchsorted(starts, [start, stop - 1], side="right") - 1 for start, stop, _ in sides]
    found = shares[spans[0][0] : spans[0][1] + 1, spans[1][0] : spans[1][1] + 1]
    begun = [cuts(length, cells) for length, (_, _, cells) in zip(found.shape, sides, strict=True)]
    values = pooled(found, begun[0][:-1], begun[1][:-1], mean=params.get("pooling") == "mean")
    sampled = len(starts) - 1 < int(starts[-1])
    ends = [starts[span[0] + cut].astype(np.uint32) for span, cut in zip(spans, begun, strict=True)]
    arrays: dict[str, NDArray[Any]] = {"values": values, "row_starts": ends[0], "column_starts": ends[1]}
    if params.get("row_most"):
        lines = shares[spans[0][0] : spans[0][1] + 1].max(axis=1)
        arrays["row_most"] = np.maximum.reduceat(lines, begun[0][:-1])
    return _answered(arrays, exact=not sampled and values.shape == found.shape, sampled=sampled)


def _plain(side: Side) -> NDArray[np.int64]:
    """The numbers of the tokens that are no special ones.

    Raises:
        UserError: when there is none.
    """
    found = np.flatnonzero(side.flags & SPECIAL == 0)
    if not len(found):
        raise UserError("All tokens are special ones.", hint="Show special tokens.")
    return found


def _rectangle(params: dict[str, Any], queries: int, keys: int) -> tuple[Stretch, Stretch]:
    rows, columns = (
        stretch(params.get(name), length, name, _SIDE) for name, length in (("rows", queries), ("columns", keys))
    )
    return rows, columns


def _rows(result: Attention, params: dict[str, Any]) -> Answer:
    """The weights of some queries in some heads, exactly."""
    layer = number(params, "layer", result.shape.layers)
    heads = heads_of(params.get("heads"), result.shape.heads)[:MOST_HEADS]
    queries = np.array(heads_of(params.get("queries"), result.shape.queries, "query")[:MOST_ROWS])
    found = [mean_weights(result, layer, [head], queries) for head in heads]
    return _answered({"weights": np.array(found, np.float32)})


def _edges(result: Attention, params: dict[str, Any], words: Attention | None) -> Answer:
    """The strongest weights between the tokens `rows` [start, stop] and `columns`; of a difference the farthest from 0.

    With `words` (the same attention by words) those between the words that these tokens are of, each told by its first
    token: to sum up the strongest weights of tokens would leave out what many weak ones make. `rows` of the answer
    tells how far bounded work went.
    """
    shape = result.shape
    layer, heads = number(params, "layer", shape.layers), heads_of(params.get("heads"), shape.heads)[:MOST_HEADS]
    top, bottom, _ = stretch(params.get("rows"), shape.queries, "rows")
    left, right, _ = stretch(params.get("columns"), shape.keys, "columns")
    most = max(1, min(MOST_EDGES, int(params.get("most") or MOST_EDGES)))
    bottom = min(bottom, top + max(1, _WINDOW // max(1, shape.keys * len(heads))))
    queries, keys = (
        np.arange(length + 1) if words is None else word_starts(side.words)
        for side, length in ((result.query_side, shape.queries), (result.key_side, shape.keys))
    )
    rows, columns = _lines(queries, top, bottom), _lines(keys, left, right)
    found = edges(words or result, layer, np.array(heads), rows, columns, most)
    arrays = {
        "head": found.heads.astype(np.uint16),
        "query": queries[found.queries].astype(np.uint32),
        "key": keys[found.keys].astype(np.uint32),
        "weight": found.weights,
    }
    return _answered(arrays, rows=[int(queries[rows[0]]), int(queries[rows[1]])])


def _lines(starts: NDArray[np.int64], start: int, stop: int) -> tuple[int, int]:
    """The first of the lines that some tokens are in, and the one behind the last."""
    return int(np.searchsorted(starts, start, side="right")) - 1, int(np.searchsorted(starts, stop))


def _steps(result: Attention, params: dict[str, Any]) -> Answer:
    """How the weights of a query come about, of the heaviest keys as they stand in the text, and of `key` besides."""
    shape = result.shape
    layer, head = number(params, "layer", shape.layers), number(params, "head", shape.heads)
    query = number(params, "query", shape.queries)
    most = max(1, min(MOST_KEYS, int(params.get("most") or 32)))
    found = result.maps.steps(result.part, layer, head, query)
    keys = np.argsort(-found.weights, kind="stable")[:most]
    if params.get("key") is not None:
        keys = np.append(keys, number(params, "key", shape.keys))
    keys = np.unique(keys)
    bias = {} if found.bias is None else {"bias": found.bias[keys]}
    arrays: dict[str, NDArray[Any]] = {
        "q": found.q,
        "keys": keys.astype(np.uint32),
        "k": found.k[keys],
        "products": found.q * found.k[keys],
        "scores": found.scores[keys],
        **bias,
        "masked": found.masked[keys].astype(np.uint8),
        "weights": found.weights[keys],
        "v": found.v[keys],
        "head_output": found.head_output,
        "concatenated": found.concatenated,
        "projected": found.projected,
    }
    facts = {
        "query": query,
        "scaling": found.scaling,
        "softcap": found.softcap,
        "sink": found.sink,
        "dims": len(found.q),
        "keys": len(found.weights),
        "masked_keys": int(np.count_nonzero(found.masked)),
        "log_sum": _log_sum(found.scores, found.sink),
    }
    return _answered(arrays, **facts)


def _log_sum(scores: Floats, sink: float | None) -> float | None:
    """What the scores are lessened by, so that they are the logarithms of the weights; None where all are masked."""
    every = scores if sink is None else np.append(scores, np.float32(sink))
    top = float(every.max())
    return top + float(np.log(np.exp(every.astype(np.float64) - top).sum())) if np.isfinite(top) else None


def _measures(result: Attention, params: dict[str, Any]) -> Answer:
    """The measures and thumbs of a layer, or of all, of as many queries as bounded work allows."""
    total = result.shape.layers
    layer = None if params.get("layer") is None else number(params, "layer", total)
    layers = range(total) if layer is None else range(layer, layer + 1)
    side = min(_THUMB, int(params.get("side") or thumb_side(result)))
    seen = overview(result, max(1, side), layers=layers, most=_CLOSER, whole=True)
    arrays = overview_arrays(result.part, seen, signed=result.signed)
    thumb = list(seen.pictures.shape[2:])
    return _answered(arrays, layers=[layers.start, layers.stop], thumb=thumb, sampled=seen.sampled)


def _answered(arrays: dict[str, NDArray[Any]], **facts: Any) -> Answer:
    sections, payload = packed({name: np.ascontiguousarray(values) for name, values in arrays.items()})
    return {**facts, "sections": sections}, [payload]
