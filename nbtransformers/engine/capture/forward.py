"""One forward pass, and the attention maps of what it read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from nbtransformers.engine.alone import alone_with
from nbtransformers.engine.capture.anatomy import Anatomy
from nbtransformers.engine.capture.collecting import Collector
from nbtransformers.engine.capture.keeping import kept_layer
from nbtransformers.engine.capture.layer import Layer, Layered
from nbtransformers.engine.capture.outputs import called_with, kept_output
from nbtransformers.engine.capture.replay import COPIES, Recent, Replayed, refuse_too_large
from nbtransformers.engine.capture.resting import at_rest
from nbtransformers.engine.capture.store import STORE, Store
from nbtransformers.engine.capture.unchanged import refuse_changed, version_of
from nbtransformers.engine.capture.untold import Untold
from nbtransformers.engine.threads import one_thread_if_free
from nbtransformers.loading.registry import LoadedModel
from nbtransformers.plain_text import count
from nbtransformers.progress import silent
from nbtransformers.results.attentionkeys import KeptLayer
from nbtransformers.results.attentionmaps import Extent, Floats, NoHeadError, Part, Rows, Steps

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True, eq=False)
class Capture:
    """What a pass left.

    Attributes:
        layers: the attention layers of each part, in the order in which they were run.
        output: what the model gave, on the CPU.
        shared_bytes: what layers share.
        recent: what was made again last.
        notes: what a careful reader should be told.
    """

    layers: dict[Part, list[Layered]]
    output: Any
    shared_bytes: int
    recent: Recent
    notes: tuple[str, ...]

    @property
    def nbytes(self) -> int:
        """Bytes of the layers and of the output."""
        values = self.output.values() if isinstance(self.output, Mapping) else ()
        own = sum(layer.nbytes for layers in self.layers.values() for layer in layers)
        return own + self.shared_bytes + self.recent.nbytes + sum(getattr(value, "nbytes", 0) for value in values)


def captured(
    loaded: LoadedModel, inputs: Mapping[str, Any], *, row: int = 0, store: Store | None = None
) -> CapturedMaps:
    """Run a model once on one row of a batch, and keep what its attention was made of.

    The caller holds the model (`alone_with`). The model is left as it was, whatever happens. Padding is run, as in
    the batch, and left out of what is kept: the maps speak of the tokens that the attention mask leaves.

    Args:
        loaded: the model.
        inputs: what the model is called with, tensors `[row, token]`, on any device; others are handed on.
        row: which row of the batch.
        store: where it is kept, until newer captures need the room: then it is run again when it is asked for.

    Raises:
        UserError: when the model has no attention between tokens, or it would not fit into memory.
        Interrupted: when the user stops it.

    Example:
        >>> maps = captured(loaded, tokenizer("Good film.", return_tensors="pt"))
        >>> maps.weights("self", 0, 3, slice(None)).shape
        (5, 5)
    """
    return CapturedMaps(loaded, one_row(inputs, row), store or STORE)


def one_row(inputs: Mapping[str, Any], row: int) -> dict[str, Any]:
    """The inputs of one row of a batch, still as a batch, on the CPU."""
    import torch

    rows = len(next(inputs[name] for name in ("input_ids", "inputs_embeds") if name in inputs))
    if not 0 <= row < rows:
        raise IndexError(f"row {row} of {rows}")

    def of(value: Any) -> Any:
        if not isinstance(value, torch.Tensor) or value.ndim == 0:
            return value
        return (value[row : row + 1] if len(value) == rows else value).detach().cpu()

    return {name: of(value) for name, value in inputs.items()}


class CapturedMaps:
    """The attention of one reading, computed from what a pass left: the protocol `Maps`.

    Attributes:
        loaded: the model.
        inputs: what it was called with, of the one row, on the CPU.
        notes: what a careful reader should be told of how it was captured.
    """

    def __init__(self, loaded: LoadedModel, inputs: dict[str, Any], store: Store) -> None:
        self.loaded, self.inputs, self._store = loaded, inputs, store
        self._version = version_of(loaded.model)
        capture = self._run()
        self._extents: dict[Part, Extent] = {part: _extent(layers) for part, layers in capture.layers.items()}
        self.notes = capture.notes

    def _run(self) -> Capture:
        capture = _captured(self.loaded, self.inputs)
        self._store.keep(self, capture)
        return capture

    def _capture(self) -> Capture:
        found = cast("Capture | None", self._store.of(self))
        if found is not None:
            return found
        with alone_with(self.loaded, silent):
            refuse_changed(self.loaded.model, self._version)
            return self._run()

    def _layer(self, part: Part, layer: int, head: int = 0) -> Layered:
        found = self._capture().layers[part][layer]
        if not 0 <= head < found.heads:
            heads = count(found.heads, "head")
            raise NoHeadError(
                f"Layer {layer} of {self.loaded.name} has {heads}, and no head {head}.",
                hint=f"They are numbered from 0 to {found.heads - 1}.",
            )
        return found

    def _at_hand(self, part: Part, layer: int, head: int) -> Layered:
        """A layer with its numbers there: the model is held for them, if it must be, before threads are and not after.

        Every run takes the two in this order, and one that took them in the other could wait for it forever.
        """
        found = self._layer(part, layer, head)
        return found.made() if isinstance(found, Replayed) else found

    @property
    def parts(self) -> tuple[Part, ...]:
        """The parts that there are."""
        return tuple(self._extents)

    @property
    def output(self) -> Any:
        """What the model gave for the row, on the CPU: of a next token only the logits after the last, and of masked
        ones, where they are very many, those of some tokens, as `told_places` has them."""
        return self._capture().output

    @property
    def nbytes(self) -> int:
        """Bytes that are kept now: none once newer captures needed the room."""
        found = self._store.of(self)
        return 0 if found is None else found.nbytes

    def extent(self, part: Part) -> Extent:
        """How much there is of a part; of layers with unlike numbers of heads the most."""
        return self._extents[part]

    def weights(self, part: Part, layer: int, head: int, rows: Rows) -> Floats:
        """Float32 `[query, key]`: the attention weights of some queries."""
        import torch

        numbers = np.arange(self.extent(part).queries)[rows]
        found = self._at_hand(part, layer, head)
        with one_thread_if_free():  # a look is small, and on a busy machine several threads take many times as long
            return found.weights(head, torch.from_numpy(numbers))

    def q(self, part: Part, layer: int, head: int) -> Floats:
        """Float32 `[query, dim]`: the queries of a head."""
        return _array(self._layer(part, layer, head).query_rows(head))

    def k(self, part: Part, layer: int, head: int) -> Floats:
        """Float32 `[key, dim]`: the keys that a head uses."""
        return _array(self._layer(part, layer, head).key_rows(head))

    def v(self, part: Part, layer: int, head: int) -> Floats:
        """Float32 `[key, dim]`: the values that a head uses."""
        return _array(self._layer(part, layer, head).value_rows(head))

    def steps(self, part: Part, layer: int, head: int, query: int) -> Steps:
        """How the weights of a query come about."""
        found = self._at_hand(part, layer, head)
        with one_thread_if_free():
            return found.steps(head, query)

    def refuse_untold(self) -> None:
        """Let nobody take a head out by a number that an ablation would count otherwise.

        Raises:
            UserError: when a layer was not found out.
        """
        for layer in (layer for layers in self._capture().layers.values() for layer in layers):
            if isinstance(layer, Untold):
                layer.refuse()

    def kept_layer(self, part: Part, layer: int) -> KeptLayer | None:
        """A layer as arrays, for a file; None for one that is made again when it is asked for."""
        found = self._layer(part, layer)
        return kept_layer(found) if isinstance(found, Layer) and not found.goes_by_own else None

    def cost(self, part: Part, layer: int) -> int:
        """Bytes that one look at a layer takes at once beyond the answer."""
        return self._layer(part, layer).cost


def _captured(loaded: LoadedModel, inputs: dict[str, Any]) -> Capture:
    import torch

    anatomy = Anatomy(loaded.model)
    _refuse_too_long(loaded, anatomy, inputs)
    collector = Collector(loaded, anatomy, inputs)
    with torch.inference_mode(), at_rest(anatomy.modules), collector.collecting():
        output = loaded.model(**called_with(inputs, loaded.model))
    layers = collector.layers()
    notes = _notes(loaded, anatomy, len(layers["self"]))
    return Capture(layers, kept_output(loaded, inputs, output), collector.shared_bytes, collector.recent, notes)


def _refuse_too_long(loaded: LoadedModel, anatomy: Anatomy, inputs: Mapping[str, Any]) -> None:
    """Let no pass begin whose own maths, where they are eager, would take all memory: T² for all heads of a layer."""
    if anatomy.implementations <= {"sdpa"} and not anatomy.outside_interface:
        return
    heads = getattr(loaded.model.config.get_text_config(), "num_attention_heads", None) or 1
    tokens = max(value.shape[1] for name, value in inputs.items() if name.endswith(("input_ids", "inputs_embeds")))
    refuse_too_large(loaded, 4 * COPIES * heads * tokens**2, f"A layer of {loaded.name}", tokens)


def _extent(layers: list[Layered]) -> Extent:
    first = layers[0]
    return Extent(len(layers), max(layer.heads for layer in layers), first.queries, first.keys)


def _notes(loaded: LoadedModel, anatomy: Anatomy, layers: int) -> tuple[str, ...]:
    notes: list[str] = []
    other = sorted(anatomy.implementations - {"sdpa", "eager"})
    if other:
        notes.append(
            f"{loaded.name} runs on {', '.join(other)}; this pass ran on plain kernels, which differ by rounding."
        )
    total = getattr(loaded.model.config.get_text_config(), "num_hidden_layers", None)
    if not loaded.model.config.is_encoder_decoder and isinstance(total, int) and layers < total:
        notes.append(f"{layers} of the {total} layers of {loaded.name} have attention: layer 0 is the first of these.")
    return tuple(notes)


def _array(tensor: torch.Tensor) -> Floats:
    return tensor.float().cpu().numpy().copy()
