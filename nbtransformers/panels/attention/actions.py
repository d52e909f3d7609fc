"""What the panel of an attention can have done: files written, heads ablated, another text or model read."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain, count
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, cast

import numpy as np

from nbtransformers.errors import UserError
from nbtransformers.panels.attention.asked import number
from nbtransformers.panels.attention.offers import How, Texts, Work, can, offered
from nbtransformers.panels.attention.wire import part_of
from nbtransformers.panels.background import Background, found_in_background
from nbtransformers.panels.channel import Answer, Later, Method
from nbtransformers.panels.earlier import back_action
from nbtransformers.panels.export import Fill, figure_file, file_name, one_of, table_file, told
from nbtransformers.panels.packing import sendable
from nbtransformers.progress import OnProgress
from nbtransformers.results.attention import Attention
from nbtransformers.results.attentionmaps import Part
from nbtransformers.results.prediction import Prediction

if TYPE_CHECKING:
    import pandas as pd

    from nbtransformers.panels.widget import Panel

_AGAIN = "Run the cell again."
_PINNED = 16  # queries whose weights in all heads make one table


def actions(result: Attention, panel: Panel) -> dict[str, Method]:
    """What a panel can have done.

    `export` writes a head, or all of it, into a file; `ablate` tells what the model says without some heads; `edit`
    reads another text, `against` shows the difference to another text or model, and `back` what stood there before;
    `code` is the plain program that gives the same.
    """

    def edit(params: dict[str, Any]) -> Answer:
        work, texts = _work(panel), _texts(params)
        Background("Reading the text", lambda view: work.edit(result, texts, view), panel)
        return {}, []

    def against(params: dict[str, Any]) -> Answer:
        work = _work(panel)
        model = str(params["model"]).strip() if params.get("model") else None
        texts = _texts(params) if params.get("text") is not None else None
        if model is None and texts is None:
            raise UserError("There is nothing to compare with.", hint="Give another model, or another text.")
        Background("Comparing", lambda view: work.against(result, texts, model, view), panel)
        return {}, []

    def ablate(params: dict[str, Any]) -> Later:
        how: How = "mean" if params.get("how") == "mean" else "zero"
        work, heads = _work(panel), _heads(result, params.get("heads"))

        def find(on_progress: OnProgress) -> Answer:
            return _predicted(work.ablate(result, heads, how, on_progress)), []

        return found_in_background("Predicting without some heads", panel, find)

    def export(params: dict[str, Any]) -> Answer:
        return _write(part_of(result, params.get("part")), params)

    def code(params: dict[str, Any]) -> Answer:
        return {"code": _work(panel).code(result)}, []

    given: dict[str, Method] = {"export": export, "back": back_action(result, panel, _refuse_busy)}
    offers: dict[str, Method] = {"edit": edit, "against": against, "ablate": ablate, "code": code}
    return given | {name: offers[name] for name in can(result)}


def pinned_rows(result: Attention, queries: Sequence[int]) -> pd.DataFrame:
    """The weights of the pinned query tokens in all heads: a row a layer, head and query, a column a key token.

    Raises:
        UserError: when there are very many.
    """
    import pandas as pd

    if len(queries) > _PINNED:
        raise UserError(f"{len(queries):,} tokens are pinned.", hint=f"Pin {_PINNED} at most: `panel.selection = [0]`.")
    shape, rows = result.shape, np.array(queries, dtype=np.int64)
    places = [(layer, head) for layer in range(shape.layers) for head in range(shape.heads)]
    names = [result.tokens[row] for row in queries]
    index = [(*place, row, name) for place in places for row, name in zip(queries, names, strict=True)]
    weights = [result.maps.weights(result.part, *place, rows) for place in places if queries]
    return pd.DataFrame(
        np.concatenate(weights) if weights else np.empty((0, shape.keys), np.float32),
        index=pd.MultiIndex.from_tuples(index, names=["layer", "head", "query", "query_token"]),
        columns=pd.Index(result.key_tokens, name="key", dtype=object),
    )


# --- files ---


def _write(result: Attention, params: dict[str, Any]) -> Answer:
    """A head, or all of it, as a file in the kernel's folder."""
    what, shape = str(params.get("what")), result.shape
    name = f"{result.run.model} attention"
    if what == "npz":
        return told(result.save(_free(f"{file_name(name)}.npz")))
    if what not in ("csv", "png", "svg"):
        return one_of(what, {}, name)
    layer = number(params, "layer", shape.layers)
    head: int | Literal["mean"] = "mean" if params.get("head") == "mean" else number(params, "head", shape.heads)
    part = "" if result.part == "self" else f" {result.part}"
    fills: dict[str, Fill] = {
        "csv": table_file(*shape[2:], lambda: _table(result, layer, head), "attention[layer, head]"),
        **{kind: figure_file(kind, lambda axes: result.plot(layer, head, axes)) for kind in ("png", "svg")},
    }
    return one_of(what, fills, f"{name}{part} {layer}.{head}")


def _free(name: str) -> Path:
    """The first of `name.npz`, `name-2.npz`, … that is not there."""
    wanted = Path(name)
    numbered = (wanted.with_stem(f"{wanted.stem}-{number}") for number in count(2))
    return next(path for path in chain([wanted], numbered) if not path.exists())


def _table(result: Attention, layer: int, head: int | Literal["mean"]) -> pd.DataFrame:
    """A row a query, a column a key."""
    import pandas as pd

    weights = result.mean(layer) if head == "mean" else result[layer, head]
    return pd.DataFrame(weights, index=pd.Index(result.tokens, name="query"), columns=result.key_tokens)


# --- what needs the model ---


def _work(panel: Panel) -> Work:
    _refuse_busy(panel)
    work = offered()
    assert work is not None  # or there would be nothing to ask for
    return work


def _texts(params: dict[str, Any]) -> Texts:
    text, pair, target = (
        None if params.get(name) is None else str(params[name]) for name in ("text", "pair", "target")
    )
    if not (text or "").strip():
        raise UserError("The text is empty.", hint="Type one.")
    return Texts(str(text), pair if pair and pair.strip() else None, target if target and target.strip() else None)


def _predicted(found: Prediction) -> dict[str, Any]:
    labels = list(map(sendable, found.labels))
    scores = {"before": list(found.before), "after": list(found.after)}
    return {"what": found.what, "labels": labels, **scores, "change": found.change}


def _heads(result: Attention, given: Any) -> list[tuple[Part, int, int]]:
    listed = cast("list[Any]", given) if isinstance(given, list) else []
    if not listed:
        raise UserError("No head is chosen.", hint="Choose one in the grid.")
    heads: list[tuple[Part, int, int]] = []
    for one in listed:
        if not isinstance(one, list | tuple) or len(cast("list[Any]", one)) != 3:
            raise UserError("A head is a part, a layer and a number.", hint=_AGAIN)
        part, layer, head = cast("list[Any]", one)
        of_part = part_of(result, part)
        place = {"layer": layer, "head": head}
        heads.append(
            (of_part.part, number(place, "layer", of_part.shape.layers), number(place, "head", of_part.shape.heads))
        )
    return heads


def _refuse_busy(panel: Panel) -> None:
    if panel.busy:
        raise UserError("The model is at work for this panel.", hint="Wait for it, or stop it.")
