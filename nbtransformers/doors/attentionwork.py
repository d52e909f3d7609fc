"""What the panels of attention can have done with the model again: other texts, another model, heads ablated."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any
from weakref import WeakKeyDictionary

from nbtransformers import settings
from nbtransformers.doors.common import run_and_keep
from nbtransformers.panels.attention.offers import How, Texts, offer
from nbtransformers.panels.earlier import put_in_place_of
from nbtransformers.panels.host import in_notebook, shell
from nbtransformers.panels.view import View
from nbtransformers.progress import OnProgress
from nbtransformers.request import AttentionRequest, DataRef, ModelRef, Objects
from nbtransformers.results.attention import Attention
from nbtransformers.results.attentionmaps import Maps, Part
from nbtransformers.results.prediction import Prediction

# What a result's model is named by, for as long as its maps are: `a.cross` is another result of the same maps.
_objects: WeakKeyDictionary[Maps, Objects] = WeakKeyDictionary()


def run_and_offer(view: View, run: Callable[[], Attention], objects: Objects) -> Attention:
    """As `run_and_keep`, and the panel of the result can have the model read again.

    Args:
        view: where it is shown.
        run: makes the result.
        objects: what the request's `variable` references name.
    """
    offer(_work)
    return run_and_keep(view, lambda: _known(run(), objects))


def _known(made: Attention, objects: Objects) -> Attention:
    request = made.request
    named = {request.tokenizer, None if request.model is None else request.model.name}
    _objects[made.maps] = {name: value for name, value in objects.items() if name in named}
    return made


class _Work:
    def knows(self, result: Attention) -> bool:
        return result.maps in _objects

    def ablate(
        self, result: Attention, heads: Sequence[tuple[Part, int, int]], how: How, on_progress: OnProgress
    ) -> Prediction:
        from nbtransformers.engine.capture.forward import CapturedMaps
        from nbtransformers.engine.whatif import without_heads

        assert isinstance(result.maps, CapturedMaps)  # as those of every result that is known here
        return without_heads(result.maps, heads, how, on_progress)

    def edit(self, result: Attention, texts: Texts, view: View) -> Attention:
        def run() -> Attention:
            made = self._read(result, _reads(result, texts), view)
            return self._in_place_of(result, made.of_part(result.part))

        return run_and_keep(view, run)

    def against(self, result: Attention, texts: Texts | None, model: str | None, view: View) -> Attention:
        def run() -> Attention:
            request = _reads(result, _texts_of(result) if texts is None else texts)
            objects: Objects | None = None
            if model is not None:
                ref, objects = _model(model)
                request = replace(request, model=ref, tokenizer=None)
            return self._in_place_of(result, result.minus(self._read(result, request, view, objects)))

        return run_and_keep(view, run)

    def code(self, result: Attention) -> str:
        from nbtransformers.coding import code

        return code(result)

    def _read(
        self, result: Attention, request: AttentionRequest, view: View, objects: Objects | None = None
    ) -> Attention:
        from nbtransformers.engine.attention import attention

        objects = _objects[result.maps] if objects is None else objects
        return _known(attention(request, objects, view.progress), objects)

    def _in_place_of(self, before: Attention, made: Attention) -> Attention:
        put_in_place_of(made, before)
        return made


_work = _Work()


def _reads(result: Attention, texts: Texts) -> AttentionRequest:
    """The request of a result with other texts; what its decoder reads is as given, or written by the model."""
    data = DataRef("whole", texts.text)
    return replace(result.request, data=data, pair=texts.pair, target=texts.target, row=None)


def _texts_of(result: Attention) -> Texts:
    read = result.queries if result.encoded is None else result.encoded
    target = None if result.encoded is None else result.queries.text
    return Texts(read.text or "", result.request.pair, target)


def _model(name: str) -> tuple[ModelRef, Objects]:
    """The model of a name, as a magic would look it up: variables first, in a notebook."""
    from nbtransformers.loading.refs import model_ref

    namespace: dict[str, Any] = shell().user_ns if in_notebook() else {}
    return model_ref(name, None, namespace, runs=settings.runs_folder())
