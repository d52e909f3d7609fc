"""Texts to vectors: prompt, tokens, the model, pooling, and the layers that follow it."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nbtransformers.engine.encoding import Encoder, Items, model_limit
from nbtransformers.engine.padding import Inputs, tensors_of
from nbtransformers.errors import UserError, shown
from nbtransformers.loading.descriptions import shown_error
from nbtransformers.loading.registry import LoadedModel
from nbtransformers.loading.sentence_files import Layer, SentenceFiles, sentence_files
from nbtransformers.request import LongText, Pooling
from nbtransformers.results.recipe import Embedding, LayerRecipe

_LEAST = 1e-9  # keeps the mean of no tokens from being a division by zero, as sentence-transformers has it


@dataclass(frozen=True, slots=True)
class Wishes:
    """What a user wants otherwise than the model declares; None is as declared.

    Attributes:
        pooling: how a text's vector is made from those of its tokens.
        normalize: whether vectors are brought to length 1.
        prompt: what is put before every text.
        prompt_name: which of the model's own prompts.
        dimensions: how many numbers of a vector are kept.
        max_length: tokens read of one text.
        long: what happens to a longer one.
    """

    pooling: Pooling | None = None
    normalize: bool | None = None
    prompt: str | None = None
    prompt_name: str | None = None
    dimensions: int | None = None
    max_length: int | None = None
    long: LongText = "truncate"


class Embedder:
    """Embeds texts with one model.

    Attributes:
        files: what the model declares.
        poolings: how the vectors of a text's tokens become one, several joined end to end.
        is_guessed: whether that was guessed, because neither the model nor the user says.
        prompt: what is put before every text.
        normalize: whether vectors are brought to length 1.
        dimension: numbers of a vector.
        encoder: cuts the texts into tokens.

    Args:
        loaded: the model, with its bare body.
        wishes: what the user wants otherwise than it declares.

    Raises:
        UserError: when the model's files declare what is not known here, or the wishes do not fit it.
    """

    def __init__(self, loaded: LoadedModel, wishes: Wishes) -> None:
        self.files = declared(loaded)
        self._own_tokenizer = loaded.tokenizer
        self._loaded = _lower_cased(loaded) if self.files.lower_case else loaded
        chosen = (wishes.pooling,) if wishes.pooling else self.files.pooling
        self.is_guessed = not chosen
        self.poolings: tuple[Pooling, ...] = chosen or (_usual_pooling(loaded.model.config),)
        layers = list(self.files.layers)
        is_declared = bool(layers) and layers[-1].kind == "Normalize"
        self.normalize = is_declared if wishes.normalize is None else wishes.normalize
        self._layers = [_layer(loaded, layer) for layer in (layers[:-1] if is_declared else layers)]
        self.prompt = self.files.prompt(wishes.prompt, wishes.prompt_name, loaded.name)
        self.encoder = Encoder(self._loaded, wishes.max_length or _declared_length(loaded, self.files), wishes.long)
        self._left_out = None if self.files.include_prompt else self._prompt_ids()
        self._model = _text_encoder(loaded.model)
        self.dimension = self._dimension(wishes.dimensions or self.files.dimensions, wishes.dimensions is not None)

    def encode(self, texts: Sequence[str], rows: Sequence[int]) -> Items:
        """The tokens of some texts, each behind the prompt."""
        return self.encoder.encode([self.prompt + text for text in texts] if self.prompt else texts, rows)

    def embed(self, inputs: Inputs) -> Any:
        """The vectors of one batch, a float32 tensor `[item, dimension]` on the model's device."""
        import torch

        with torch.inference_mode():
            tensors = tensors_of(inputs, self._loaded.device)
            # Half precision is for the model: sums over a text's tokens, and what follows, are in float32.
            hidden = self._model(**tensors).last_hidden_state.float()
            vectors = pooled(hidden, tensors.get("attention_mask"), self.poolings, self._prompt_mask(tensors))
            for layer in self._layers:
                vectors = layer(vectors)
            vectors = vectors[:, : self.dimension]
            return torch.nn.functional.normalize(vectors, dim=-1) if self.normalize else vectors

    def recipe(self, query_prompt: str = "") -> Embedding:
        """How a plain program embeds a text in the same way.

        Args:
            query_prompt: what is put before a query.
        """
        loaded, config = self._loaded, self._loaded.model.config
        layers = tuple(map(_layer_recipe, self.files.layers))
        is_declared = bool(layers) and layers[-1].kind == "Normalize"
        prompts = [self.prompt, query_prompt] if not self.files.include_prompt else []
        left_out = (self._ids_of(prompt) for prompt in dict.fromkeys(prompts) if prompt)
        return Embedding(
            poolings=self.poolings,
            layers=layers[:-1] if is_declared else layers,
            normalize=self.normalize,
            dimension=self.dimension,
            is_cut=self.dimension < self._full,
            prompt=self.prompt,
            query_prompt=query_prompt,
            left_out=tuple(tuple(ids.tolist()) for ids in left_out),
            lower_case=self.files.lower_case and loaded.tokenizer is not self._own_tokenizer,
            of_encoder=bool(getattr(config, "is_encoder_decoder", False)),
        )

    def averaged(self, vectors: NDArray[np.float64]) -> NDArray[np.float32]:
        """The means of the vectors of a text's windows, brought back to length 1 where those had it."""
        if not self.normalize:
            return vectors.astype(np.float32)
        lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
        return (vectors / np.maximum(lengths, 1e-12)).astype(np.float32)

    @property
    def _full(self) -> int:
        """Numbers of a vector that nothing is cut from."""
        full = _width(self._loaded.model) * len(self.poolings)
        for layer in self.files.layers:
            full = int(layer.config["out_features"]) if layer.kind == "Dense" else full
        return full

    def _dimension(self, wanted: int | None, by_user: bool) -> int:
        full = self._full
        if wanted is not None and by_user and wanted > full:
            raise UserError(
                f"`--dimensions` is {wanted:,}, and {self._loaded.name} gives vectors of {full:,}.",
                hint=f"Type {full} or less.",
            )
        return min(wanted or full, full)

    def _prompt_ids(self) -> Any:
        """The tokens of the prompt with what stands before them, but without a special token at its end."""
        return self._ids_of(self.prompt) if self.prompt else None

    def _ids_of(self, prompt: str) -> NDArray[np.int64]:
        ids = self.encoder.encode([prompt], [0]).ids[0]
        return ids[:-1] if ids[-1] in self._loaded.tokenizer.all_special_ids else ids

    def _prompt_mask(self, tensors: dict[str, Any]) -> Any:
        """Bool tensor `[item, token]`: the tokens of a prompt that does not count; None when there is none.

        The later windows of a long text begin without it.
        """
        import torch

        if self._left_out is None:
            return None
        ids, mask = tensors["input_ids"], tensors.get("attention_mask")
        prompt = torch.from_numpy(self._left_out).to(ids.device)
        starts = torch.zeros(len(ids), dtype=torch.long, device=ids.device) if mask is None else mask.argmax(dim=1)
        places = torch.arange(ids.shape[1], device=ids.device) - starts[:, None]
        within = (places >= 0) & (places < len(prompt))
        same = ids == prompt[places.clamp(0, len(prompt) - 1)]
        return within & (same | ~within).all(dim=1, keepdim=True)


def declared(loaded: LoadedModel) -> SentenceFiles:
    """What a loaded model declares, read once."""
    if "sentence files" not in loaded.notes:
        loaded.notes["sentence files"] = sentence_files(loaded.folder or _own_folder(loaded.model), loaded.name)
    return loaded.notes["sentence files"]


def _own_folder(model: Any) -> Path | None:
    """The folder that a user's own model was loaded from, where it is one."""
    name = getattr(model, "name_or_path", "")
    return Path(name) if name and Path(name).is_dir() else None


# --- pooling ---


def pooled(hidden: Any, mask: Any, poolings: Sequence[Pooling], left_out: Any = None) -> Any:
    """The vectors of some texts from those of their tokens; padding may stand on either side.

    Args:
        hidden: float tensor `[item, token, hidden]`.
        mask: `[item, token]`, 0 where there is padding; None where there is none.
        poolings: how; the vectors of several are joined end to end.
        left_out: bool `[item, token]`, tokens that do not count either; None where all do.

    Returns:
        Float tensor `[item, poolings · hidden]`.
    """
    import torch

    real = torch.ones(hidden.shape[:2], dtype=torch.bool, device=hidden.device) if mask is None else mask.bool()
    counted = real if left_out is None else real & ~left_out
    return torch.cat([_POOLS[pooling](hidden, counted, real) for pooling in poolings], dim=-1)


def _sum(hidden: Any, weights: Any) -> Any:
    # As a product, which makes no second tensor of that size.
    return (weights.to(hidden.dtype)[:, None] @ hidden)[:, 0]


def _mean(hidden: Any, counted: Any, real: Any) -> Any:
    return _sum(hidden, counted) / counted.sum(dim=1, keepdim=True).clamp(min=_LEAST)


def _mean_sqrt(hidden: Any, counted: Any, real: Any) -> Any:
    return _sum(hidden, counted) / counted.sum(dim=1, keepdim=True).clamp(min=_LEAST).sqrt()


def _weighted_mean(hidden: Any, counted: Any, real: Any) -> Any:
    # A token weighs as much as its place in the text says, which begins behind the padding.
    weights = counted * real.cumsum(dim=1)
    return _sum(hidden, weights) / weights.sum(dim=1, keepdim=True).clamp(min=_LEAST)


def _first(hidden: Any, counted: Any, real: Any) -> Any:
    return hidden[range(len(hidden)), counted.int().argmax(dim=1)]


def _last(hidden: Any, counted: Any, real: Any) -> Any:
    return hidden[range(len(hidden)), hidden.shape[1] - 1 - counted.flip(1).int().argmax(dim=1)]


def _max(hidden: Any, counted: Any, real: Any) -> Any:
    return hidden.masked_fill(~counted[:, :, None], float("-inf")).amax(dim=1)


_POOLS: dict[Pooling, Callable[[Any, Any, Any], Any]] = {
    "mean": _mean,
    "cls": _first,
    "lasttoken": _last,
    "max": _max,
    "mean_sqrt_len_tokens": _mean_sqrt,
    "weightedmean": _weighted_mean,
}


def _usual_pooling(config: Any) -> Pooling:
    """The mean; of a decoder the last token, the only one that has seen the whole text."""
    from transformers.models.auto import modeling_auto

    kind = config.get_text_config().model_type
    is_decoder = kind in modeling_auto.MODEL_FOR_CAUSAL_LM_MAPPING_NAMES and getattr(config, "is_causal", True)
    return "lasttoken" if is_decoder and kind not in modeling_auto.MODEL_FOR_MASKED_LM_MAPPING_NAMES else "mean"


# --- the model and what follows it ---


def _text_encoder(model: Any) -> Any:
    """What gives each token its vector: of a model with encoder and decoder the encoder."""
    return model.get_encoder() if getattr(model.config, "is_encoder_decoder", False) else model


def _width(model: Any) -> int:
    """Numbers of a token's vector."""
    width = getattr(model.config.get_text_config(), "hidden_size", None)
    return int(width if width is not None else model.get_input_embeddings().embedding_dim)


def _declared_length(loaded: LoadedModel, files: SentenceFiles) -> int | None:
    known = [length for length in (files.max_length, model_limit(loaded)) if length]
    return min(known, default=None)


def _lower_cased(loaded: LoadedModel) -> LoadedModel:
    """The same model with a tokenizer that makes every text lower case first, where its own does not."""
    if "lower-case tokenizer" not in loaded.notes:
        loaded.notes["lower-case tokenizer"] = _lower_case(loaded.tokenizer)
    return replace(loaded, tokenizer=loaded.notes["lower-case tokenizer"])


def _lower_case(tokenizer: Any) -> Any:
    from tokenizers import normalizers

    if not tokenizer.is_fast:
        return tokenizer
    own = tokenizer.backend_tokenizer.normalizer
    if own is not None and '"Lowercase"' in own.__getstate__().decode():
        return tokenizer
    changed = copy.deepcopy(tokenizer)
    parts = [normalizers.Lowercase(), *([] if own is None else [own])]
    changed.backend_tokenizer.normalizer = normalizers.Sequence(parts)
    return changed


def _layer_recipe(layer: Layer) -> LayerRecipe:
    """A layer, for a program."""
    if layer.kind != "Dense":
        return LayerRecipe(layer.kind, layer.folder.name)
    config = layer.config
    activation = str(config.get("activation_function", "torch.nn.modules.activation.Tanh")).rpartition(".")[2]
    is_projected = config["in_features"] != config["out_features"]
    return LayerRecipe(
        "Dense",
        layer.folder.name,
        activation="" if activation == "Identity" else activation,
        has_bias=bool(config.get("bias", True)),
        residual=("projected" if is_projected else "input") if config.get("use_residual") else "",
    )


def _layer(loaded: LoadedModel, layer: Layer) -> Callable[[Any], Any]:
    """A layer as a function of vectors `[item, dimension]`; its weights are read once."""
    key = ("layer", layer.folder.name, loaded.device)
    if key not in loaded.notes:
        loaded.notes[key] = _LAYERS[layer.kind](loaded, layer)
    return loaded.notes[key]


def _normalize(loaded: LoadedModel, layer: Layer) -> Callable[[Any], Any]:
    import torch

    return lambda vectors: torch.nn.functional.normalize(vectors, dim=-1)


def _layer_norm(loaded: LoadedModel, layer: Layer) -> Callable[[Any], Any]:
    import torch

    weights = _weights(loaded, layer, ["norm.weight", "norm.bias"])
    weight, bias = weights["norm.weight"], weights["norm.bias"]
    return lambda vectors: torch.nn.functional.layer_norm(vectors, (len(weight),), weight, bias)


def _dense(loaded: LoadedModel, layer: Layer) -> Callable[[Any], Any]:
    import torch

    config = layer.config
    names = ["linear.weight", *(["linear.bias"] if config.get("bias", True) else [])]
    residual = bool(config.get("use_residual"))
    is_projected = residual and config["in_features"] != config["out_features"]
    weights = _weights(loaded, layer, [*names, *(["residual.weight"] if is_projected else [])])
    activation = _activation(loaded.name, config)
    linear = torch.nn.functional.linear

    def apply(vectors: Any) -> Any:
        out = activation(linear(vectors, weights["linear.weight"], weights.get("linear.bias")))
        if not residual:
            return out
        return out + (linear(vectors, weights["residual.weight"]) if is_projected else vectors)

    return apply


_LAYERS: dict[str, Callable[[LoadedModel, Layer], Callable[[Any], Any]]] = {
    "Normalize": _normalize,
    "LayerNorm": _layer_norm,
    "Dense": _dense,
}


def _activation(name: str, config: Any) -> Any:
    """The activation that a Dense layer names: one of torch's own, and nothing else that could be imported."""
    import torch

    path = str(config.get("activation_function", "torch.nn.modules.activation.Tanh"))
    found = getattr(torch.nn, path.rpartition(".")[2], None) if path.startswith("torch.nn.") else None
    kinds = ("torch.nn.modules.activation", "torch.nn.modules.linear")
    if not isinstance(found, type) or not issubclass(found, torch.nn.Module) or found.__module__ not in kinds:
        raise UserError(
            f"{name} has a Dense layer with the activation {shown(path)}, which is none of torch's.",
            hint="Give a model with one of torch.nn.",
        )
    return found()


def _weights(loaded: LoadedModel, layer: Layer, names: Sequence[str]) -> dict[str, Any]:
    """The weights of a layer, in float32 on the model's device."""
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    path = layer.folder / "model.safetensors"
    again = f"Save or download them again into {layer.folder}."
    if not path.exists():
        pickle = " only a pickle" if (layer.folder / "pytorch_model.bin").exists() else " none"
        raise UserError(
            f"The weights of the {layer.kind} layer of {loaded.name} are not in safetensors: there is{pickle}.",
            hint="Load it with sentence-transformers, save it anew, and give that folder.",
        )
    try:
        found = load_file(path)
    except (SafetensorError, OSError) as error:
        raise UserError(
            f"The weights of the {layer.kind} layer of {loaded.name} are damaged ({shown_error(error)}).", hint=again
        ) from error
    missing = [name for name in names if name not in found]
    if missing:
        raise UserError(f"The {layer.kind} layer of {loaded.name} has no {missing[0]}.", hint=again)
    return {name: found[name].float().to(loaded.device) for name in names}
