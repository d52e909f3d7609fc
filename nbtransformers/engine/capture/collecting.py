"""What a pass leaves, gathered layer by layer."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from nbtransformers.engine.capture.biases import Bias
from nbtransformers.engine.capture.layer import Layer
from nbtransformers.engine.capture.listening import Call, heard, sinks_of
from nbtransformers.engine.capture.places import Projections, parts_of
from nbtransformers.engine.capture.seen import Seen
from nbtransformers.errors import Interrupted, UserError
from nbtransformers.interrupt import deferred_interrupts
from nbtransformers.loading.registry import LoadedModel
from nbtransformers.results.attentionmaps import Part

if TYPE_CHECKING:
    import torch

_TRIED = 3  # queries of which the pass's own outputs are kept


class Collector:
    """The layers of one pass.

    Args:
        loaded: the model.
        inputs: what it is called with, of one row.
    """

    def __init__(self, loaded: LoadedModel, inputs: dict[str, Any]) -> None:
        self._loaded, self._inputs = loaded, inputs
        self._layers: dict[Part, list[Layer]] = {"self": [], "cross": [], "encoder": []}
        self._part_of = parts_of(loaded.model)
        self._projections = Projections()
        # By tensor, which is kept with them so that its address is not another's meanwhile.
        self._masks: dict[Any, tuple[Any, Seen, Bias | None]] = {}
        self._real: dict[tuple[Part | str, int], torch.Tensor] = {}
        self._stop = lambda: False

    @contextmanager
    def collecting(self) -> Generator[None]:
        """Meanwhile what the model's attention is made of is gathered."""
        model = self._loaded.model
        with deferred_interrupts() as self._stop, self._projections.watched(model), heard(model, self._on_call):
            yield

    def layers(self) -> dict[Part, list[Layer]]:
        """The layers of each part that there is, in their order.

        Raises:
            UserError: when there is none.
        """
        self._masks.clear()
        found = {part: layers for part, layers in self._layers.items() if layers}
        if "self" not in found:
            raise UserError(
                f"{self._loaded.name} has no attention between tokens: it is of type "
                f"{self._loaded.model.config.model_type}.",
                hint="Give another model.",
            )
        return found

    @property
    def shared_bytes(self) -> int:
        """What layers share: masks and biases."""
        layers = [layer for layers in self._layers.values() for layer in layers]
        shared = [*(layer.seen for layer in layers), *(layer.bias for layer in layers if layer.bias is not None)]
        return sum(one.nbytes for one in {id(one): one for one in shared}.values())

    def _on_call(self, call: Call, output: torch.Tensor) -> torch.Tensor:
        if self._stop():
            raise Interrupted("Interrupted: nothing was captured. Run it again.")
        part = self._part_of(call.module)
        layer = self._layer(call, output, part)
        self._layers[part].append(layer)
        queries = self._real_tokens(part, call.query.shape[2], queries=True)

        def found(projection: Any, given: torch.Tensor | None) -> None:
            layer.projection = projection
            if given is not None:
                layer.projected_input = _some(given.reshape(call.query.shape[2], -1)[None], queries, 1)[0]

        self._projections.wait_for(output, found)
        return output

    def _layer(self, call: Call, output: torch.Tensor, part: Part) -> Layer:
        import torch

        queries = self._real_tokens(part, call.query.shape[2], queries=True)
        keys = self._real_tokens(part, call.key.shape[2], queries=False)
        seen, bias = self._mask_of(call, queries, keys)
        tried = torch.linspace(0, len(queries) - 1, _TRIED).long().unique()
        sinks = sinks_of(call.module, call.options)
        return Layer(
            q=_some(call.query[0], queries, 1),
            k=_some(call.key[0], keys, 1),
            v=_some(call.value[0], keys, 1),
            scaling=call.query.shape[-1] ** -0.5 if call.scaling is None else float(call.scaling),
            softcap=call.options.get("softcap"),
            sinks=None if sinks is None else sinks.detach().flatten().cpu().clone(),
            seen=seen,
            bias=bias,
            tried=tried,
            came_of_them=output[0, queries[tried].to(output.device)].cpu(),
            own=call.own,
        )

    def _real_tokens(self, part: Part, total: int, *, queries: bool) -> torch.Tensor:
        """The numbers of the tokens that are no padding."""
        import torch

        of_encoder = part == "encoder" or (part == "cross" and not queries)
        decodes = self._loaded.model.config.is_encoder_decoder and not of_encoder
        name = "decoder_attention_mask" if decodes else "attention_mask"
        if (name, total) not in self._real:
            mask = self._inputs.get(name)
            fits = mask is not None and tuple(mask.shape) == (1, total)
            self._real[name, total] = mask[0].nonzero()[:, 0] if fits else torch.arange(total)
        return self._real[name, total]

    def _mask_of(self, call: Call, queries: torch.Tensor, keys: torch.Tensor) -> tuple[Seen, Bias | None]:
        added = [call.options.get("position_bias"), call.mask]
        key = (*(_key(tensor) for tensor in added), call.causal, len(queries), len(keys))
        if key not in self._masks:
            self._masks[key] = (added, *_read(call, added, queries, keys))
        return self._masks[key][1:]


def _key(tensor: torch.Tensor | None) -> Any:
    return None if tensor is None else (tensor.data_ptr(), tensor.shape, tensor.stride())


def _read(
    call: Call, added: list[torch.Tensor | None], queries: torch.Tensor, keys: torch.Tensor
) -> tuple[Seen, Bias | None]:
    """Which keys are seen, and what is added, by a position bias and a mask."""
    import torch

    total = call.query.shape[2], call.key.shape[2]
    seen = Seen.causal(*total) if call.causal and call.mask is None else Seen.everything(*total)
    bias: torch.Tensor | None = None
    for tensor in added:
        if tensor is None:
            continue
        grid = tensor.reshape(-1, *tensor.shape[-2:])[..., : total[1]]  # [head or 1, query or 1, key]
        shown = grid if grid.dtype == torch.bool else grid > torch.finfo(grid.dtype).min / 2
        if bool((shown == shown[:1]).all()):
            if not bool(shown.all()):
                seen = Seen.by(shown[0].expand(total))
            rest = None if grid.dtype == torch.bool else grid.masked_fill(~shown, 0)
        else:
            rest = torch.zeros(shown.shape, device=shown.device).masked_fill(~shown, float("-inf"))
            rest = rest if grid.dtype == torch.bool else grid.masked_fill(~shown, float("-inf"))
        if rest is not None and bool(rest.any()):
            bias = rest if bias is None else bias + rest
    narrowed = seen.of(queries, keys)
    return narrowed, None if bias is None else Bias.by(bias, queries, keys)


def _some(tensor: torch.Tensor, numbers: torch.Tensor, dim: int) -> torch.Tensor:
    """Some of a tensor's rows, on the CPU; the tensor itself where these are all."""
    chosen = tensor if len(numbers) == tensor.shape[dim] else tensor.index_select(dim, numbers.to(tensor.device))
    return chosen.detach().cpu()
