"""Attention as tables and labelled arrays."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from nbtransformers.errors import UserError
from nbtransformers.plain_text import count, size
from nbtransformers.results.attentionmaps import Floats, NoHeadError
from nbtransformers.results.rows import index_of

if TYPE_CHECKING:
    import pandas as pd

    from nbtransformers.results.attention import Attention

MOST_ROWS = 20_000_000  # of a long table
LARGEST = 2**30  # bytes of an array


def wide(attention: Attention, layer: int, head: int) -> pd.DataFrame:
    """One head: queries down, keys across, by their tokens."""
    import pandas as pd

    weights = attention[layer, head]
    rows, columns = index_of(attention.tokens), index_of(attention.key_tokens)
    return pd.DataFrame(weights, index=rows.rename("query"), columns=columns.rename("key"))


def long(attention: Attention, layer: int | None) -> pd.DataFrame:
    """One row a weight, of a layer or of all; of a head that a layer does not have there is none.

    Raises:
        UserError: when there would be more than 20 million.
    """
    import pandas as pd

    layers, heads, queries, keys = attention.shape
    chosen = range(layers) if layer is None else [attention.layer(layer)]
    rows = len(chosen) * heads * queries * keys
    if rows > MOST_ROWS:
        raise UserError(
            f"That table would have {rows:,} rows: {len(chosen):,} × {heads:,} × {queries:,} × {keys:,}.",
            hint="Take one head, `.to_pandas(layer, head)`, or its strongest weights, `.edges(layer, head)`.",
        )
    index = pd.MultiIndex.from_product(
        [chosen, range(heads), range(queries), range(keys)], names=["layer", "head", "query", "key"]
    )
    weights, there = _whole(attention, chosen)
    table = pd.DataFrame({"weight": weights.ravel()}, index=index).reset_index()
    if not there.all():
        table = table.loc[np.repeat(there.ravel(), queries * keys)].reset_index(drop=True)
    table.insert(4, "query_token", np.array(attention.tokens, object)[table["query"]])
    table.insert(5, "key_token", np.array(attention.key_tokens, object)[table["key"]])
    return table


def labelled(attention: Attention) -> Any:
    """An xarray DataArray `[layer, head, query, key]`, with the tokens as coordinates; NaN where a layer has no such
    head.

    Raises:
        UserError: when xarray is not installed, or the array would take more than a gibibyte.
    """
    try:
        from xarray import DataArray
    except ImportError as error:
        raise UserError("xarray is not installed.", hint="Type `%pip install xarray`.") from error
    shape = attention.shape
    nbytes = 4 * int(np.prod(shape))
    if nbytes > LARGEST:
        raise UserError(
            f"The weights of all heads are {size(nbytes)}.", hint="Take one head, `attention[layer, head]`."
        )
    return DataArray(
        _whole(attention, range(shape.layers))[0],
        dims=("layer", "head", "query", "key"),
        coords={
            "layer": range(shape.layers),
            "head": range(shape.heads),
            "query_token": ("query", np.array(attention.tokens, object)),
            "key_token": ("key", np.array(attention.key_tokens, object)),
        },
        name="attention",
        attrs={"model": attention.run.pinned_model, "part": attention.part, "tokens": count(shape.queries, "token")},
    )


def _whole(attention: Attention, layers: Sequence[int]) -> tuple[Floats, NDArray[np.bool_]]:
    """Float32 `[layer, head, query, key]`, and bool `[layer, head]`, the heads that there are: others are NaN."""
    _, heads, queries, keys = attention.shape
    whole = np.full((len(layers), heads, queries, keys), np.nan, np.float32)
    there = np.ones((len(layers), heads), np.bool_)
    for place, layer in enumerate(layers):
        for head in range(heads):
            try:
                whole[place, head] = attention[layer, head]
            except NoHeadError:
                there[place, head] = False
    return whole, there
