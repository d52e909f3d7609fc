"""A model as a function of the embeddings of its tokens, whether or not it takes `inputs_embeds`.

What its embedding layer computes is replaced by a hook. So all else that the model makes of the token ids stays as it
is, such as positions that are counted from them, or where a head looks for the end of the text.
"""

from __future__ import annotations

import inspect
import threading
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from typing import Any

from nbtransformers.errors import UserError
from nbtransformers.loading.registry import LoadedModel

Hook = Callable[[Any, tuple[Any, ...], dict[str, Any], Any], Any]


class Embedded:
    """One text in a model, to be called with other embeddings in the place of its tokens' own.

    Args:
        loaded: the model, in evaluation mode.
        inputs: what it is called with: name to a tensor `[1, token]`, `input_ids` among them.
        options: what else it is called with, as far as it takes such an argument.

    Attributes:
        own: the embeddings of the text, a tensor `[1, token, dimension]`.
        output: what the model makes of it.
        is_plain: whether all that its layers are asked for is the text as it is.

    Raises:
        UserError: when it has no embeddings of tokens that can be replaced.

    Example:
        >>> embedded = Embedded(loaded, {"input_ids": ids}, {})
        >>> with embedded.replaced():
        ...     embedded(embedded.own * 0.5).logits
    """

    def __init__(self, loaded: LoadedModel, inputs: Mapping[str, Any], options: Mapping[str, Any]) -> None:
        import torch

        self._model, self._inputs = loaded.model, inputs
        takes = inspect.signature(self._model.forward).parameters
        self._options = {name: value for name, value in options.items() if name in takes}
        self._ids = inputs["input_ids"]
        self._layers = _embedding_layers(loaded)
        self._given = threading.local()  # the embeddings that this thread is at
        seen: list[Any] = []
        self.is_plain = True

        def look(module: Any, args: tuple[Any, ...], kwargs: dict[str, Any], output: Any) -> None:
            way = self._way(_called_with(args, kwargs))
            self.is_plain &= way == "as they are"
            if way in ("as they are", "transposed"):
                seen.append(output.transpose(0, 1) if way == "transposed" else output)

        with self._hooked(look), torch.no_grad():
            self.output = self._model(**self._inputs, **self._options)
        if not seen:
            raise _no_embeddings(loaded.name)
        self.own = seen[0].detach()

    def only(self, places: Any) -> Any:
        """What the model makes of some tokens alone: their places in the text, a tensor `[row, token]`."""
        return self._model(**{name: value[0][places] for name, value in self._inputs.items()}, **self._options)

    @contextmanager
    def replaced(self) -> Generator[None]:
        """Meanwhile it may be called, also by several threads at a time."""
        with self._hooked(self._replace):
            yield

    def __call__(self, embeddings: Any) -> Any:
        """What the model makes of embeddings `[row, token, dimension]`."""
        rows = {name: value.expand(len(embeddings), -1) for name, value in self._inputs.items()}
        self._given.embeddings = embeddings
        try:
            return self._model(**rows, **self._options)
        finally:
            del self._given.embeddings

    def _replace(self, module: Any, args: tuple[Any, ...], kwargs: dict[str, Any], output: Any) -> Any:
        import torch

        embeddings = getattr(self._given, "embeddings", None)
        if embeddings is None:
            return output
        match self._way(_called_with(args, kwargs)):
            case "as they are":
                return embeddings
            case "transposed":
                return embeddings.transpose(0, 1)
            case "shifted":  # an encoder-decoder's decoder reads the same text, one token later
                return torch.cat([output[:, :1], embeddings[:, :-1]], dim=1)
            case _:
                return output

    def of_token(self, number: int) -> Any:
        """The embedding of a token, `[dimension]`, as its layer gives it."""
        import torch

        with torch.no_grad():
            return self._layers[0](torch.tensor([[number]], device=self._ids.device))[0, 0].detach()

    def _way(self, called: Any) -> str:
        """How the ids that a layer is called with come from those of the text."""
        ids = self._ids
        if called.dim() != 2:
            return ""
        if called.shape[1] == ids.shape[1]:
            if bool((called == ids).all()):
                return "as they are"
            if bool((called[:, 1:] == ids[:, :-1]).all()):
                return "shifted"
        return "transposed" if called.shape[0] == ids.shape[1] and bool((ids == called.T).all()) else ""

    @contextmanager
    def _hooked(self, hook: Hook) -> Generator[None]:
        handles = [layer.register_forward_hook(hook, with_kwargs=True) for layer in self._layers]
        try:
            yield
        finally:
            for handle in handles:
                handle.remove()


def _called_with(args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Any:
    return args[0] if args else next(iter(kwargs.values()))


def _embedding_layers(loaded: LoadedModel) -> list[Any]:
    """The layers that look a token up in the model's table: an encoder and its decoder may have one each."""
    import torch

    try:
        table = loaded.model.get_input_embeddings()
    except (AttributeError, NotImplementedError):
        table = None
    if not isinstance(table, torch.nn.Embedding):
        raise _no_embeddings(loaded.name)
    layers = [module for module in loaded.model.modules() if isinstance(module, torch.nn.Embedding)]
    return [table, *(layer for layer in layers if layer is not table and layer.weight is table.weight)]


def _no_embeddings(name: str) -> UserError:
    return UserError(
        f"{name} has no layer that gives each token an embedding, so its tokens cannot be replaced.",
        hint="Give another model.",
    )
