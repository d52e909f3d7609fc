"""What a model says of a text, and what it says without some of its heads."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nbtransformers.engine.ablate import Head, How, ablated
from nbtransformers.engine.capture.forward import CapturedMaps
from nbtransformers.engine.capture.outputs import last_read, told_places
from nbtransformers.engine.layerprogress import told_by_layers
from nbtransformers.engine.running import at_work
from nbtransformers.loading.heads import heads_named
from nbtransformers.loading.registry import LoadedModel
from nbtransformers.plain_text import count
from nbtransformers.progress import OnProgress, silent
from nbtransformers.results.prediction import Prediction

_LIKELIEST = 5  # before, and as many after

Scores = NDArray[np.float64]


def without_heads(
    maps: CapturedMaps,
    heads: Sequence[Head],
    how: How,
    on_progress: OnProgress = silent,
) -> Prediction:
    """What is predicted of the text of some maps before, and after the output of some heads is put out of action.

    Args:
        maps: what a pass left.
        heads: part, layer and head of each.
        how: their output is set to zero, or to its mean over the tokens.
        on_progress: told what is going on.

    Raises:
        UserError: when the heads of this model cannot be put out of action.
        Interrupted: when the user stops it.

    Example:
        >>> without_heads(attention.maps, [("self", 3, 7)], "zero").labels
        ('positive', 'negative')
    """
    loaded = maps.loaded
    with at_work(loaded, on_progress):
        maps.refuse_untold()
        # Who has a model of their own may have trained it since: what is told apart is the heads alone.
        before = maps.output if loaded.folder is not None else _pass(maps, [], how, on_progress)
        after = _pass(maps, heads, how, on_progress)
    then, now = _values(before), _values(after)
    change, head = _moved(then, now), _head(loaded)
    if head == "classifier" and loaded.model.config.problem_type != "regression":  # which has no scores
        names = [str(loaded.model.config.id2label.get(number, number)) for number in range(then.shape[-1])]
        return _prediction("label", _label_scores(loaded, then), _label_scores(loaded, now), names.__getitem__, change)
    place = _first_mask(loaded, maps.inputs) if head == "masked" else None
    if head in ("causal", "seq2seq"):
        last = last_read(loaded.model, maps.inputs)
        place = -1 if last is None else int(last)
    if place is None:
        return Prediction(None, (), (), (), change)
    what = "masked token" if head == "masked" else "next token"
    at = _among_kept(maps, then, place)
    likely = _softmax(then[0, at]), _softmax(now[0, at])
    return _prediction(what, *likely, lambda number: _spelled(loaded.tokenizer, number), change)


def _pass(maps: CapturedMaps, heads: Sequence[Head], how: How, on_progress: OnProgress) -> Any:
    message = f"Reading the text without {count(len(heads), 'head')}" if heads else "Reading the text with all heads"
    with told_by_layers(maps.loaded.model, message, on_progress):
        return ablated(maps.loaded, maps.inputs, heads, how)


def _head(loaded: LoadedModel) -> str:
    """The head whose prediction is told; empty where it has none of these."""
    model = loaded.model
    found = heads_named(type(model).__name__, encoder_decoder=bool(model.config.is_encoder_decoder))
    return next((head for head in ("classifier", "seq2seq", "causal", "masked") if head in found), "")


def _values(output: Any) -> Scores:
    """What tells one output from another: the logits, else the hidden states of the last layer, or what there is."""
    if not isinstance(output, Mapping):
        return _array(output[0])
    for name in ("logits", "last_hidden_state"):
        if output.get(name) is not None:
            return _array(output[name])
    return _array(next(iter(output.values())))


def _array(tensor: Any) -> Scores:
    return tensor.detach().float().cpu().numpy().astype(np.float64)


def _moved(before: Scores, after: Scores) -> float:
    """The mean over the tokens of 1 - cosine."""
    lengths = np.linalg.norm(before, axis=-1) * np.linalg.norm(after, axis=-1)
    cosines = (before * after).sum(axis=-1) / np.maximum(lengths, 1e-12)
    return float(np.nan_to_num(np.clip(1 - cosines, 0, 2)).mean())


def _label_scores(loaded: LoadedModel, logits: Scores) -> Scores:
    several = loaded.model.config.problem_type == "multi_label_classification" or logits.shape[-1] == 1
    return 1 / (1 + np.exp(-logits[0])) if several else _softmax(logits[0])


def _first_mask(loaded: LoadedModel, inputs: Mapping[str, Any]) -> int | None:
    ids = inputs["input_ids"][0].tolist()
    mask = loaded.tokenizer.mask_token_id
    return ids.index(mask) if mask in ids else None


def _among_kept(maps: CapturedMaps, logits: Scores, place: int) -> int:
    """Where the logits of a token are among those that are kept; -1 is the last."""
    if place < 0 or logits.shape[1] == 1:
        return -1
    places = told_places(maps.loaded, maps.inputs, logits.shape[2])
    return place if places is None else int(np.searchsorted(places.numpy(), place))


def _prediction(what: str, before: Scores, after: Scores, name: Callable[[int], str], change: float) -> Prediction:
    """What was likeliest before and after, with both its scores."""
    first, second = (np.argsort(-scores, kind="stable")[:_LIKELIEST].tolist() for scores in (before, after))
    shown: list[int] = list(dict.fromkeys(first + second))
    labels = tuple(name(number) for number in shown)
    return Prediction(what, labels, tuple(before[shown].tolist()), tuple(after[shown].tolist()), change)


def _spelled(tokenizer: Any, number: int) -> str:
    return tokenizer.decode([number]) or str(tokenizer.convert_ids_to_tokens(number))


def _softmax(values: Scores) -> Scores:
    found = np.exp(values - values.max())
    return found / found.sum()
