"""Embeddings as bytes: a small JSON header and one binary buffer of named sections.

A page has what every page of rows has. A map is `points` float32 `[row, 2]` (NaN where a row has no vector) and
`cluster` uint8 `[row]` (255 for none); that by PCA travels with the header of a small result, the others are asked
for. A list of texts NAME is `NAME` uint32 `[text]` (the row numbers) and the string tables `NAME_texts` (their
beginnings) and `NAME_index`. `tests/golden/vectors.json` holds both sides to it.
"""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from nbtransformers.panels import headers
from nbtransformers.panels.packing import Section, packed, sendable, string_table
from nbtransformers.panels.rows import (
    CLIPPED_AT,
    FIRST_ROWS,
    INLINE_BYTES,
    INLINE_ROWS,
    PARTIAL_CLIPPED_AT,
    TEXT_CUT,
    Positions,
    row_columns,
    row_names,
)
from nbtransformers.plain_text import count, seconds
from nbtransformers.results.embeddings import Embeddings
from nbtransformers.results.maps import Projection, available_maps
from nbtransformers.results.rows import NOT_DONE
from nbtransformers.results.run import RunReport

VERSION = 1
NAMED_AT = 400  # characters of a text in a list or a tile
NO_CLUSTER = 255

_MOST_CLUSTERS = 10  # as many as there are colours
_LONELY = 0.005  # of all texts: fewer are no cluster

Arrays = dict[str, NDArray[Any]]


def embedding_header(result: Embeddings) -> tuple[dict[str, Any], bytes]:
    """The header and the payload of embeddings: all rows and the map when they are few, else the first rows."""
    return vector_header("embed", result)


def vector_header(
    kind: Literal["embed", "similar"], result: Embeddings, beside: Arrays | None = None, **own: Any
) -> tuple[dict[str, Any], bytes]:
    """The header and the payload of texts with their vectors.

    Args:
        kind: which view.
        result: the texts.
        beside: sections of the kind's own, beside those of the rows.
        own: entries of the header in the place of the usual ones.
    """
    inline = is_small(result)
    shown = np.arange(len(result) if inline else min(len(result), FIRST_ROWS))
    arrays = _row_arrays(result, shown, None if inline else CLIPPED_AT)
    first: dict[str, Any] = {}
    if inline:
        found = result.projection()
        first, arrays = map_facts(found), arrays | map_arrays(found, cluster_of(result))
    sections, payload = packed(arrays | (beside or {}))
    header = headers.whole(
        _header(kind, result, sections),
        result,
        subtitle=f"{count(len(result), 'text')} · {seconds(result.run.seconds)}",
        inline=inline,
        facts=facts(result, result.run),
        first_map=first or None,
    )
    return header | own, payload


def partial_header(result: Embeddings, rows: int | None, kind: str = "embed") -> tuple[dict[str, Any], bytes]:
    """The header and the payload of a result as it stands; `rows` are those to come, None when nobody knows."""
    shown = np.arange(min(len(result), FIRST_ROWS))
    sections, payload = packed(_row_arrays(result, shown, PARTIAL_CLIPPED_AT, NOT_DONE))
    return headers.partial(_header(kind, result, sections), result, rows), payload


def _header(kind: str, result: Embeddings, sections: list[Section]) -> dict[str, Any]:
    return {
        "version": VERSION,
        "kind": kind,
        "title": sendable(result.run.model),
        "measure": result.measure,
        "maps": list(available_maps()),
        "first_map": None,
        "query": None,
        "matrix": None,
        "sections": sections,
    }


def is_small(result: Embeddings) -> bool:
    """Whether all its rows travel with the header."""
    return len(result) <= INLINE_ROWS and 2 * result.texts.characters_at_most <= INLINE_BYTES


def facts(result: Embeddings, run: RunReport) -> list[tuple[str, str]]:
    """What there is to know of a result: how a run went, and how its vectors came about."""
    prompt = [("Before every text", result.prompt)] if result.prompt else []
    return [*run.facts(), ("Vectors", f"{result.dimension:,} numbers · {result.method}"), *prompt]


def page(result: Embeddings, positions: Positions) -> tuple[list[Section], bytes]:
    """The sections and the bytes of some rows, in the order given."""
    return packed(_row_arrays(result, positions, CLIPPED_AT))


def _row_arrays(result: Embeddings, positions: Positions, clipped_at: int | None, waiting: str | None = None) -> Arrays:
    rows = row_columns(result, positions, clipped_at, waiting)
    cut = (result.unread[positions] > 0).astype(np.uint8)
    return {
        "position": rows.position,
        "reason": rows.reason,
        "flags": rows.flags | cut * TEXT_CUT,
        **rows.strings,
    }


def named(name: str, result: Embeddings, positions: Positions) -> Arrays:
    """A list of texts, as the sections `name`."""
    texts = (sendable((result.texts[row] or "")[:NAMED_AT]) for row in positions.tolist())
    return {
        name: positions.astype(np.uint32),
        **string_table(f"{name}_texts", texts),
        **string_table(f"{name}_index", row_names(result, positions)),
    }


def cluster_of(result: Embeddings) -> NDArray[np.uint8]:
    """The cluster of each row, uint8 `[row]`, the largest first; a text that stands alone is in none."""
    number = min(_MOST_CLUSTERS, max(2, round((2 * len(result)) ** 0.5)))
    found = result.clusters.labels(number)
    sizes = np.bincount(found[found >= 0], minlength=1)
    large = np.flatnonzero(sizes >= max(2, len(result) * _LONELY))
    numbers = np.full(len(sizes) + 1, NO_CLUSTER, dtype=np.uint8)  # its last is that of -1
    numbers[large[np.argsort(-sizes[large], kind="stable")]] = np.arange(len(large))
    return numbers[found]


def map_arrays(found: Projection, cluster: NDArray[np.uint8]) -> Arrays:
    """A map's sections."""
    return {"points": np.ascontiguousarray(found.points, dtype=np.float32), "cluster": cluster}


def map_facts(found: Projection) -> dict[str, Any]:
    """What there is to say of a map."""
    return {"title": found.title, "note": found.note}
