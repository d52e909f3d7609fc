"""PositionsRequest -> program."""

from __future__ import annotations

from collections.abc import Callable

from nbtransformers.codegen.layout import Part, call, program
from nbtransformers.codegen.literals import INDENT, inline
from nbtransformers.codegen.models import model_alone
from nbtransformers.request import PositionsRequest
from nbtransformers.results.positionsrecipe import PositionsPart, PositionsRecipe


def positions_program(request: PositionsRequest, recipe: PositionsRecipe) -> str:
    """The program for a request, given how its encodings come about; it leaves them in `encodings`, by name."""
    if recipe.place is None:
        (part,) = recipe.parts
        return program("How positions are encoded, by the sinusoidal formula.", [_formula(part, recipe.dim), _SHOWN])
    model = model_alone(recipe.place, "AutoModel", recipe.dtype, request.run)
    read = [_READ[part.reading](part) for part in recipe.parts]
    return program("How a model encodes positions, with Transformers alone.", [model, _BEGUN, *read, _SHOWN])


_BEGUN = Part(["encodings = {}"])
_SHOWN = Part(["for name, values in encodings.items():", "    print(name, values.shape)", "    print(values)"])


def _formula(part: PositionsPart, dim: int) -> Part:
    return Part(
        [
            "# Vaswani et al. 2017, section 3.5: a sine and a cosine for each pair of dimensions.",
            f"length, dim = {part.length}, {dim}",
            "angles = np.arange(length)[:, None] / 10_000 ** (np.arange(0, dim, 2) / dim)",
            "table = np.zeros((length, dim), dtype=np.float32)  # [position, dimension]",
            "table[:, 0::2] = np.sin(angles)",
            "table[:, 1::2] = np.cos(angles)",
            'encodings = {"positions": table}',
        ],
        ("import numpy as np",),
    )


def _table(part: PositionsPart) -> Part:
    stop = part.offset + part.length
    why = f"; position 0 is row {part.offset}." if part.offset else "."
    return Part(
        [
            f"# A row for each position{why} [position, dimension]",
            _module(part),
            f"table = module.{part.attribute}[{part.offset or ''}:{stop}]",
            f"encodings[{inline(_name(part))}] = table.detach().float().cpu().numpy()",
        ]
    )


def _rotary(part: PositionsPart) -> Part:
    layer = [] if part.layer_type is None else [f"layer_type={inline(part.layer_type)}"]
    given = ["torch.zeros(1)", f"torch.arange({part.length})[None]", *layer]
    lines = [
        "# Pairs of dimensions are turned: the cosines and sines of the angles, by the model's own module.",
        "# By a copy of it: some change with the length that they are asked for. [position, dimension]",
        _module(part),
        'module = copy.deepcopy(module).to("cpu")',
        "with torch.no_grad():",
        *(f"{INDENT}{line}" for line in call(f"{part.attribute} = module(", given)),
    ]
    if part.attribute == "turns":
        lines.append("cos, sin = turns.real, turns.imag")
    names = ((inline(f"{_name(part)}: {wave}"), wave) for wave in ("cos", "sin"))
    lines += [f"encodings[{name}] = {wave}[0].float().numpy()" for name, wave in names]
    return Part(lines, ("import copy", "import torch"))


def _buckets(part: PositionsPart) -> Part:
    given = ["distances"]
    if part.told:
        given += [
            f"bidirectional={not part.causal}",
            "num_buckets=module.relative_attention_num_buckets",
            "max_distance=module.relative_attention_max_distance",
        ]
    return Part(
        [
            "# What a head adds to a score, by key minus query; far distances share a bucket. [distance, head]",
            _module(part),
            f"distances = torch.arange({1 - part.length}, {1 if part.causal else part.length})",
            *call(f"buckets = module.{part.attribute}(", given),
            "bias = module.relative_attention_bias.weight[buckets.to(model.device)]",
            f"encodings[{inline(_name(part))}] = bias.detach().float().cpu().numpy()",
        ],
        ("import torch",),
    )


def _slopes(part: PositionsPart) -> Part:
    made = f"alibi = {part.attribute}(torch.ones(1, 2), {part.heads}, torch.float32)"
    if part.attribute == "build_mpt_alibi_tensor":
        made = f"alibi = {part.attribute}({part.heads}, 2)"
    scaled = "" if part.scaling == 1 else f" * {part.scaling}"
    return Part(
        [
            "# ALiBi: each step away takes so much from a score, by head. [distance, head]",
            made,
            f"slopes = alibi.reshape({part.heads}, 2).float().diff(dim=1)[:, 0]{scaled}",
            f"bias = torch.arange({1 - part.length}, 1)[:, None] * slopes",
            f"encodings[{inline(_name(part))}] = bias.numpy()",
        ],
        ("import torch", f"from {part.module} import {part.attribute}"),
    )


def _distances(part: PositionsPart) -> Part:
    given = ["-distances", "module.position_buckets", "module.max_relative_positions"]
    bucketed = call("buckets = make_log_bucket_position(", given)
    where = ("from transformers.models.deberta_v2.modeling_deberta_v2 import make_log_bucket_position",)
    return Part(
        [
            "# A learned vector for each distance, by key minus query. [distance, dimension]",
            _module(part),
            f"distances = torch.arange({1 - part.length}, {part.length})",
            *(bucketed if part.told else ["buckets = -distances"]),
            f"table = module.{part.attribute}().detach().float().cpu()",
            "rows = (buckets.long() + len(table) // 2).clamp(0, len(table) - 1)",
            f"encodings[{inline(_name(part))}] = table[rows].numpy()",
        ],
        ("import torch", *(where if part.told else ())),
    )


def _waves(part: PositionsPart) -> Part:
    return Part(
        [
            "# Sines and cosines of each distance, by key minus query. [distance, dimension]",
            _module(part),
            f"table = module.{part.attribute}({part.length}, {part.length})[1:, 0]",
            f"encodings[{inline(_name(part))}] = table.float().cpu().numpy()",
        ]
    )


_READ: dict[str, Callable[[PositionsPart], Part]] = {
    "table": _table,
    "rotary": _rotary,
    "buckets": _buckets,
    "slopes": _slopes,
    "distances": _distances,
    "waves": _waves,
}


def _module(part: PositionsPart) -> str:
    return f"module = model.get_submodule({inline(part.module)})"


def _name(part: PositionsPart) -> str:
    return part.name or "positions"
