"""What a pass leaves, gathered layer by layer."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

from nbtransformers.engine.capture.anatomy import Anatomy
from nbtransformers.engine.capture.layer import Layer, Layered
from nbtransformers.engine.capture.listening import Call, heard
from nbtransformers.engine.capture.making import Masks, heard_layer, traced_layer, widen
from nbtransformers.engine.capture.projections import Projection, Projections
from nbtransformers.engine.capture.read import Read, Tokens
from nbtransformers.engine.capture.replay import Given, Recent, Replayed, on_cpu, tensors_of
from nbtransformers.engine.capture.tracing import Traced, Tracer
from nbtransformers.engine.capture.untold import Untold
from nbtransformers.engine.capture.windowed import is_windowed, windowed_layer
from nbtransformers.errors import Interrupted, UserError
from nbtransformers.interrupt import deferred_interrupts
from nbtransformers.loading.registry import LoadedModel
from nbtransformers.results.attentionmaps import Part

if TYPE_CHECKING:
    import torch


@dataclass(slots=True)
class _Running:
    """An attention module that is running, and what was found in it."""

    module: Any
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    traced: list[Traced] = field(default_factory=list[Traced])


class Collector:
    """The layers of one pass.

    Args:
        loaded: the model.
        anatomy: its modules.
        inputs: what it is called with, of one row.

    Attributes:
        recent: the layers that were made again last.
    """

    def __init__(self, loaded: LoadedModel, anatomy: Anatomy, inputs: Mapping[str, Any]) -> None:
        self._loaded, self._anatomy = loaded, anatomy
        self._read = Read(loaded.model, inputs)
        self._layers: dict[Part, list[Layered]] = {"self": [], "cross": [], "encoder": []}
        self._told: dict[type, Layered] = {}  # by the class of a module outside the interface, one that was found out
        self._projections = Projections(anatomy)
        self._masks: dict[Part, Masks] = {"self": Masks(), "cross": Masks(), "encoder": Masks()}
        self.recent = Recent()
        self._call: Call | None = None  # the last one
        self._running: _Running | None = None
        self._tracer = Tracer(self._on_traced)

    @contextmanager
    def collecting(self) -> Generator[None]:
        """Meanwhile what the model's attention is made of is gathered.

        Raises:
            Interrupted: when the user stops it.
        """
        with deferred_interrupts() as self._stop, ExitStack() as undo:
            undo.enter_context(self._projections.watched())
            undo.enter_context(heard(self._anatomy, self._on_call, self._tracer))
            for module in self._anatomy.outside_interface:
                undo.callback(module.register_forward_pre_hook(self._begins, with_kwargs=True).remove)
                undo.callback(module.register_forward_hook(self._ends).remove)
            if self._anatomy.outside_interface:
                undo.enter_context(self._tracer.watching())
            yield
        self._call = None

    def layers(self) -> dict[Part, list[Layered]]:
        """The layers of each part that there is, in their order.

        Raises:
            UserError: when there is none.
        """
        self._masks.clear()
        found: dict[Part, list[Layered]] = {part: self._numbered(layers) for part, layers in self._layers.items()}
        found = {part: layers for part, layers in found.items() if layers}
        if "self" not in found:
            kind = self._loaded.model.config.model_type
            raise UserError(
                f"{self._loaded.name} has no attention from token to token that could be shown: it is of type {kind}.",
                hint="Give another model.",
            )
        return found

    def _numbered(self, layers: list[Layered]) -> list[Layered]:
        """The layers, with those that were not found out where another of their class was."""
        found = [one for one in layers if not isinstance(one, Untold) or one.kind in self._told]
        for number, one in enumerate(found):
            if isinstance(one, Untold):
                like = self._told[one.kind]
                one.number, one.heads, one.queries, one.keys = number, like.heads, like.queries, like.keys
        return found

    @property
    def shared_bytes(self) -> int:
        """What layers share: masks, biases, and what modules were given."""
        layers = [layer for layers in self._layers.values() for layer in layers]
        plain = [layer for layer in layers if isinstance(layer, Layer)]
        shared = [*(layer.seen for layer in plain), *(layer.bias for layer in plain if layer.bias is not None)]
        given = [layer.given for layer in layers if isinstance(layer, Replayed)]
        tensors = tensors_of([(one.args, one.kwargs) for one in given])
        by_storage = {tensor.untyped_storage().data_ptr(): tensor.untyped_storage().nbytes() for tensor in tensors}
        return sum(one.nbytes for one in {id(one): one for one in shared}.values()) + sum(by_storage.values())

    # --- modules that go by the interface ---

    def _on_call(self, call: Call, output: torch.Tensor) -> torch.Tensor:
        self._heed_interrupts()
        part = self._anatomy.part_of(call.module)
        tokens = self._read.tokens(part, call.query.shape[2], call.key.shape[2])
        before, self._call = self._call, call
        if before is not None and before.module is call.module and before.query is call.query:
            # DiffLlama asks twice, for two halves of its values; its weights are of one attention.
            widen(cast("Layer", self._layers[part][-1]), call, output, tokens)
            return output
        layer = heard_layer(call, output, tokens, self._masks[part])
        self._layers[part].append(layer)

        def found(projection: Projection, given: torch.Tensor | None) -> None:
            layer.projection = projection
            layer.projected_input = None if given is None else given[tokens.queries.to(given.device)].cpu()

        self._projections.wait_for(output, call.module, found)
        return output

    # --- and those that do not ---

    def _begins(self, module: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        self._heed_interrupts()
        self._running = _Running(module, args, kwargs)

    def _on_traced(self, traced: Traced) -> None:
        if self._running is not None:
            self._running.traced.append(traced)

    def _ends(self, module: Any, args: tuple[Any, ...], output: Any) -> None:
        running, self._running = self._running, None
        if running is None:
            return
        part = self._anatomy.part_of(module)
        if is_windowed(module):
            self._windowed(part, running, output)
            return
        is_other = False  # it has an attention, and that is not from token to token of all that is read
        for which, traced in enumerate(running.traced):
            queries, keys = traced.query.shape[1], traced.key.shape[1]
            if not self._read.is_whole(part, queries, keys):
                is_other = True
                continue
            tokens = self._read.tokens(part, queries, keys)
            layer = self._fitting(running, which, traced, traced_layer(traced, tokens), tokens)
            if layer is None:
                continue
            self._tell(part, module, layer)
            if traced.projected is None:
                self._wait_for_projection(layer, output, tokens, traced.output.shape[-1])
            return
        if not is_other:
            self._layers[part].append(Untold(self._loaded.name, type(module)))

    def _tell(self, part: Part, module: Any, layer: Layered) -> None:
        self._told.setdefault(type(module), layer)
        self._layers[part].append(layer)

    def _fitting(
        self, running: _Running, which: int, traced: Traced, layer: Layer, tokens: Tokens
    ) -> Layer | Replayed | None:
        """The layer, or what makes it again where it would take T²; None where it is not what the module computed."""
        if not layer.agrees:
            return None
        if layer.bias is None or layer.bias.is_small:
            return layer
        kwargs = {name: value for name, value in running.kwargs.items() if "cache" not in name}
        given = Given(self._loaded, running.module, on_cpu(running.args), on_cpu(kwargs))
        shape = (layer.heads, traced.query.shape[1], traced.key.shape[1])
        return Replayed(given, tokens, which, shape, self.recent)

    def _wait_for_projection(self, layer: Any, output: Any, tokens: Tokens, value_size: int) -> None:
        import torch

        outputs = output[0] if isinstance(output, tuple) else output
        if isinstance(output, dict) and "context_layer" in output:  # SqueezeBERT's, whose tokens come last
            outputs = cast("dict[str, Any]", output)["context_layer"].transpose(1, 2)
        if not isinstance(outputs, torch.Tensor):
            return

        def found(projection: Projection, given: torch.Tensor | None) -> None:
            layer.projection = projection
            if outputs.numel() != layer.heads * value_size * outputs.shape[1]:
                # With something else beside them, as ConvBERT's convolution.
                layer.projected_input = (
                    outputs[0].reshape(outputs.shape[1], -1)[tokens.queries.to(outputs.device)].cpu()
                )

        self._projections.wait_for(outputs, None, found)

    def _windowed(self, part: Part, running: _Running, output: tuple[Any, ...]) -> None:
        total = output[0].shape[1]
        self._tracer.deaf = True
        tokens = self._read.tokens(part, total, total)
        layer = windowed_layer(running.module, running.args, running.kwargs, output[0], tokens)
        self._tracer.deaf = False
        if not layer.agrees:
            self._layers[part].append(Untold(self._loaded.name, type(running.module)))
            return
        self._tell(part, running.module, layer)
        self._wait_for_projection(layer, output, tokens, running.module.head_dim)

    def _heed_interrupts(self) -> None:
        if self._stop():
            raise Interrupted("Interrupted: nothing was captured. Run it again.")
