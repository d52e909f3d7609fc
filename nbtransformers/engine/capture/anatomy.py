"""What a model is made of, looked through once a pass: short texts pass in a few milliseconds, and so must this."""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Iterator
from functools import cache, cached_property
from typing import Any

from nbtransformers.results.attentionmaps import Part

_ATTENTION = re.compile(r"attention|attn", re.IGNORECASE)
_CROSS = re.compile(r"cross|enc_?dec|encoder_?attn", re.IGNORECASE)

_INTERFACE = "ALL_ATTENTION_FUNCTIONS"


class Anatomy:
    """The modules of a model, and what attention needs to know of them.

    Args:
        model: the model.
    """

    def __init__(self, model: Any) -> None:
        self.model = model
        self._named: list[tuple[str, Any]] = list(model.named_modules())

    @cached_property
    def modules(self) -> list[Any]:
        """All of them, the outer before the inner."""
        return [module for _, module in self._named]

    @cached_property
    def configs(self) -> list[Any]:
        """The configurations by which modules that use Transformers' interface choose an implementation."""
        found: dict[int, Any] = {}
        for module in self.modules:
            config = module.__dict__.get("config")
            if config is None or id(config) in found or not uses_interface(module):
                continue
            if hasattr(config, "_attn_implementation_internal"):
                found.update((id(part), part) for part in _with_parts(config))
        return list(found.values())

    @cached_property
    def implementations(self) -> set[str]:
        """The names of the implementations that its attention has, `eager` where it has no name."""
        return {config._attn_implementation_internal or "eager" for config in self.configs}

    @cached_property
    def outside_interface(self) -> list[Any]:
        """The attention modules that do not go by the interface, as the names and the code of their classes tell.

        Of those that lie in one another the innermost.
        """
        found = [one for one in self.modules if _is_attention(type(one)) and not _calls_interface(type(one))]
        return [
            one for one in found if not any(inner is not one and _is_attention(type(inner)) for inner in one.modules())
        ]

    @cached_property
    def linear(self) -> list[Any]:
        """The modules that are a matrix product with weights."""
        return [module for module in self.modules if is_linear(module)]

    def name_of(self, module: Any) -> str:
        """The name of a module, as `named_modules` has it."""
        return self._names.get(id(module), "")

    def named(self, name: str) -> Any:
        """The module of that name; None where there is none."""
        return self._by_name.get(name)

    @cached_property
    def _names(self) -> dict[int, str]:
        return {id(module): name for name, module in self._named}

    @cached_property
    def _by_name(self) -> dict[str, Any]:
        return dict(self._named)

    @cached_property
    def _encoder(self) -> set[int]:
        """The modules of the encoder of an encoder-decoder."""
        if not getattr(self.model.config, "is_encoder_decoder", False):
            return set()
        encoder = self.model.get_encoder()
        return set() if encoder is self.model else {id(module) for module in encoder.modules()}

    def part_of(self, module: Any) -> Part:
        """The part that an attention module is of."""
        if id(module) in self._encoder:
            return "encoder"
        # `encoder_attn` is a name within a decoder's layer; a model of its own that is called encoder was told above.
        return "cross" if _CROSS.search(self.name_of(module)) else "self"


def uses_interface(module: Any) -> bool:
    """Whether the file that a module's class is written in knows the interface."""
    return _knows_interface(type(module))


def is_linear(module: Any) -> bool:
    """Whether a module is a matrix product with weights, of whichever library."""
    return _is_linear(type(module)) or is_pointwise(module)


@cache
def _is_linear(kind: type[Any]) -> bool:
    return "Linear" in kind.__name__ or kind.__name__ == "Conv1D"  # which is Transformers', and transposed


def is_pointwise(module: Any) -> bool:
    """Whether a module is a convolution of single tokens, `[batch, dim, token]`."""
    return type(module).__name__ == "Conv1d" and module.kernel_size == (1,)


# A model has hundreds of modules, of a few classes.


@cache
def _knows_interface(kind: type[Any]) -> bool:
    return hasattr(sys.modules.get(kind.__module__), _INTERFACE)


@cache
def _is_attention(kind: type[Any]) -> bool:
    return _ATTENTION.search(kind.__name__) is not None


@cache
def _calls_interface(kind: type[Any]) -> bool:
    """Whether a class, or one that it is derived from, calls the interface: its file may know it for others."""
    methods = [inspect.unwrap(method) for one in kind.__mro__ for method in vars(one).values() if callable(method)]
    codes = [getattr(method, "__code__", None) for method in methods]
    return any(code is not None and _INTERFACE in code.co_names for code in codes)


def _with_parts(config: Any) -> Iterator[Any]:
    yield config
    for name in config.sub_configs:
        part = getattr(config, name, None)
        if part is not None:
            yield from _with_parts(part)
