"""The logits of one token in the place of those of all, which with a large vocabulary are most of what a pass costs."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

from nbtransformers.engine.embedded import Embedded

_ROUNDING = {"float32": 1e-5, "float64": 1e-5}  # of the largest logit: what products of another shape may make
_HALF_ROUNDING = 2e-2


@contextmanager
def only_logits_of(model: Any, embedded: Embedded, place: int) -> Generator[bool]:
    """Meanwhile the layer that makes logits is given one token, if that changes nothing but how many there are.

    It is tried on the text itself: a model that makes its logits some other way, or needs those of the others, is left
    to make all of them.

    Args:
        model: the model.
        embedded: it, as a function of the embeddings of a text, while these are `replaced`.
        place: the token; -1 is the last.

    Yields:
        Whether its logits are `[row, 1, token of the vocabulary]` now.

    Example:
        >>> with embedded.replaced(), only_logits_of(model, embedded, 5):
        ...     embedded(embedded.own).logits.shape
        torch.Size([1, 1, 30522])
    """
    head = _head(model)
    tokens = embedded.own.shape[1]
    if head is None or embedded.output.logits.shape[1] != tokens or tokens == 1:
        yield False
        return

    def one(module: Any, args: tuple[Any, ...]) -> Any:
        hidden = args[0]
        # A text from which words are removed has other places.
        return (hidden[:, [place]], *args[1:]) if hidden.ndim == 3 and hidden.shape[1] == tokens else None

    hook = head.register_forward_pre_hook(one)
    try:
        same = _same(embedded, place)
        if not same:
            hook.remove()
        yield same
    finally:
        hook.remove()


def _head(model: Any) -> Any:
    """The layer that makes logits; None of a model that names none."""
    try:
        return model.get_output_embeddings()
    except (AttributeError, NotImplementedError):
        return None


def _same(embedded: Embedded, place: int) -> bool:
    """Whether the logits are those that the model makes of all tokens."""
    import torch

    expected = embedded.output.logits[:, [place]]
    with torch.no_grad():
        try:
            found = embedded(embedded.own).logits
        except (IndexError, RuntimeError, TypeError, ValueError):  # it counts on one vector for each token
            return False
    rounding = _ROUNDING.get(str(expected.dtype).removeprefix("torch."), _HALF_ROUNDING)
    return found.shape == expected.shape and bool(
        torch.allclose(found, expected, rtol=0, atol=rounding * float(expected.abs().max()))
    )
