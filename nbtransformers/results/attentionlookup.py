"""What `attention[layer, head, query, key]` gives: no more is computed than is asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from nbtransformers.errors import UserError, shown
from nbtransformers.plain_text import count, size
from nbtransformers.results.attentionblocks import Numbers
from nbtransformers.results.attentionmaps import Floats

if TYPE_CHECKING:
    from nbtransformers.results.attention import Attention

LARGEST = 2**30  # bytes of several heads at once

_AXES = ("layer", "head", "query", "key")
_ALL = slice(None)


def looked_up(attention: Attention, place: Any) -> Floats:
    """The weights at a place, as NumPy's own indexing has it; keys and queries may be left out.

    Raises:
        UserError: when there is no such place, or several heads would take more than a gibibyte.
    """
    if not isinstance(place, tuple) or not 2 <= len(place) <= 4:  # pyright: ignore[reportUnknownArgumentType]
        raise UserError("Attention is looked up by layer and head.", hint="Type `attention[0, 0]`.")
    given: list[Any] = [*place, *[_ALL] * (4 - len(place))]  # pyright: ignore[reportUnknownArgumentType]
    layers, heads, queries, keys = (
        numbers(attention, what, one, total) for what, one, total in zip(_AXES, given, attention.shape, strict=True)
    )
    single = layers.ndim == heads.ndim == 0
    nbytes = 4 * layers.size * heads.size * queries.size * keys.size
    if not single and nbytes > LARGEST:
        raise UserError(f"These weights are {size(nbytes)}.", hint="Take one head: `attention[layer, head]`.")

    def of_head(layer: int, head: int) -> Floats:
        found = attention.maps.weights(attention.part, layer, head, np.atleast_1d(queries))
        found = found[0] if queries.ndim == 0 else found
        return found if given[3] is _ALL else found[..., keys]

    if single:
        return of_head(int(layers), int(heads))
    every = [
        [of_head(layer, head) for head in np.atleast_1d(heads).tolist()] for layer in np.atleast_1d(layers).tolist()
    ]
    found = np.array(every, np.float32).reshape(layers.size, heads.size, *queries.shape, *keys.shape)
    return found[0] if layers.ndim == 0 else found[:, 0] if heads.ndim == 0 else found


def numbers(attention: Attention, what: str, given: Any, total: int) -> Numbers:
    """Int64, of no axes or one: what a number, a slice, a list or a mask means of so many.

    Args:
        attention: whose, for errors.
        what: what they are of.
        given: as it was typed.
        total: how many there are.

    Raises:
        UserError: when one is not there.
    """
    every = np.arange(total)
    try:
        if isinstance(given, slice):
            return every[given]
        chosen = np.asarray(given)
        found = np.asarray(every[chosen if chosen.size else chosen.astype(np.int64)])
        if found.ndim > 1:  # also of True and False, which NumPy takes for masks
            raise IndexError(given)
        return found
    except (IndexError, TypeError, ValueError) as error:
        if what in ("layer", "head"):
            said = f"{attention.run.model} has no {what} {shown(given)}."
            raise UserError(said, hint=f"Its {what}s are numbered from 0 to {total - 1}.") from error
        raise UserError(
            f"There is no such {what}: the text has {count(total, 'token')}.",
            hint=f"They are numbered from 0 to {total - 1}.",
        ) from error
