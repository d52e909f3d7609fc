"""Where a model has its encodings of positions, and what they are: always the numbers of its own modules."""

from __future__ import annotations

import copy
import inspect
import re
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nbtransformers.engine.positiondistances import vectors_by_distance
from nbtransformers.engine.positionfound import DISTANCES, ROTATIONS, Found
from nbtransformers.engine.sinusoids import FORMULA, check_size, sinusoidal
from nbtransformers.errors import UserError
from nbtransformers.results.positions import RelativeEncoding, RotaryEncoding, TableEncoding
from nbtransformers.results.positionsrecipe import PositionsPart, RotaryOutput

Floats = NDArray[np.float32]

_GROWING = ("dynamic", "longrope")  # scalings of rotations that depend on the length
_TABLE = re.compile(r"(position|pos)s?_emb\w*|embed_positions|positions_embed|wpe")
_ROTARY = re.compile(r"rotary|rope", re.IGNORECASE)
# Positions of pictures and sounds, in two dimensions, or relative ones, which are no rows of a text.
_OTHER = re.compile(r"vision|visual|image|audio|speech|patch|query_pos|rel_|relative|(^|\.)(x|y|h|w|row|column)_")
_AXES = ("time", "height", "width")


def encodings_of(model: Any, name: str, length: int | None) -> list[Found]:
    """The encodings of a model's positions, of a text.

    Args:
        model: the `PreTrainedModel`; nothing of it is changed.
        name: what it is called.
        length: how many positions; None is as many as it has.

    Raises:
        UserError: when there is none that is known here, or a table is shorter.
    """
    import torch

    # In a model with ALiBi rotary modules are made as well, and never asked.
    with torch.no_grad():
        slopes = list(_slopes(model, length))
        found = [
            *_tables(model, name, length),
            *vectors_by_distance(model, length),
            *_buckets(model, length),
            *(slopes or _rotations(model, length)),
        ]
    if not found:
        raise UserError(
            f"{name} has no encoding of positions that is known here.",
            hint="`%positions` alone shows the sinusoidal formula.",
        )
    return _told_apart(found)


def _told_apart(found: list[Found]) -> list[Found]:
    """Encodings of one name by their form as well, and by their place where that does not do."""
    for more in ("form", "row", "source"):
        names = Counter(one.encoding.name for one in found)
        for at, one in enumerate(found):
            if names[one.encoding.name] > 1:
                name = f"{one.encoding.name} {getattr(one.encoding, more)}".strip()
                found[at] = replace(one, encoding=replace(one.encoding, name=name), part=replace(one.part, name=name))
    return found


# --- a row for each position ---


def _tables(model: Any, name: str, length: int | None) -> Iterator[Found]:
    if getattr(model.config, "position_embedding_type", None) == "rotary":
        return
    seen: set[int] = set()
    for path, module in model.named_modules():
        if not _TABLE.fullmatch(path.rpartition(".")[2]) or _OTHER.search(path) or _is_turned(module):
            continue
        for attribute in ("weight", "weights"):
            tensor = getattr(module, attribute, None)
            if tensor is not None and getattr(tensor, "ndim", 0) == 2 and tensor.data_ptr() not in seen:
                seen.add(tensor.data_ptr())
                yield _table(model, name, path, module, attribute, length)


def _table(model: Any, name: str, path: str, module: Any, attribute: str, length: int | None) -> Found:
    tensor = getattr(module, attribute)
    offset = _offset(module)
    there = tensor.shape[0] - offset
    if length is not None and length > there:
        raise UserError(
            f"{name} has {there:,} positions, and `--length` is {length:,}.", hint=f"Type `--length {there}` or less."
        )
    number = length or there
    rows = tensor[offset : offset + number].float().cpu().numpy().copy()
    form, formula = _form(module, rows, path, offset)
    label = _label(model, path)
    encoding = TableEncoding(
        name=label, form=form, positions=np.arange(number), formula=formula, source=path, table=rows
    )
    part = PositionsPart(label, "table", number, path, attribute, offset)
    return Found(encoding, part, _skipped(offset))


def _offset(module: Any) -> int:
    """The row of position 0: RoBERTa and its kin begin behind that of the padding, BART and OPT two rows in."""
    offset, padding = getattr(module, "offset", None), getattr(module, "padding_idx", None)
    counts_from_padding = hasattr(module, "create_position_ids_from_input_ids") or offset is None
    if padding is not None and counts_from_padding:
        return padding + 1
    return offset or 0


def _is_sinusoidal(module: Any) -> bool:
    return "Sinus" in type(module).__name__


def _form(module: Any, rows: Floats, path: str, offset: int) -> tuple[Any, tuple[str, ...]]:
    """What a table is: by the formula, in one of its orders, or learned."""
    length, dim = rows.shape
    if dim % 2 == 0:
        table = sinusoidal(length, dim)
        if np.allclose(rows, table, atol=1e-3):
            return "sinusoidal", FORMULA
        if np.allclose(rows, np.concatenate([table[:, ::2], table[:, 1::2]], axis=1), atol=1e-3):
            return "sinusoidal", ("PE(p, i) = sin(p / 10000^(2i/d))", "PE(p, d/2 + i) = cos(p / 10000^(2i/d))")
    if _is_sinusoidal(module):
        return "sinusoidal", (
            f"PE(p) = row p{_plus(offset)} of {path}",
            "sines and cosines, spaced as its own code has it",
        )
    return "learned", (f"PE(p) = row p{_plus(offset)} of {path}",)


def _plus(offset: int) -> str:
    return f" + {offset}" if offset else ""


def _skipped(offset: int) -> tuple[str, ...]:
    if not offset:
        return ()
    rows = "Row 0 of its table is" if offset == 1 else f"The first {offset} rows of its table are"
    return (f"{rows} of no position: position 0 is row {offset}.",)


def _label(model: Any, path: str) -> str:
    """Which of several a module is: the encoder's or the decoder's."""
    if not getattr(model.config, "is_encoder_decoder", False):
        return ""
    return next((part for part in path.split(".") if part in ("encoder", "decoder")), "")


# --- rotations ---


def _is_turned(module: Any) -> bool:
    """Whether a table of sines and cosines turns queries and keys, and is added to nothing."""
    return type(module).__name__ == "RoFormerSinusoidalPositionalEmbedding"


def _rotations(model: Any, length: int | None) -> Iterator[Found]:
    if getattr(model.config, "position_embedding_type", "rotary") != "rotary":
        return
    number = length or min(ROTATIONS, _limit(model))
    seen: set[tuple[bytes, bytes]] = set()
    for path, module in model.named_modules():
        if _OTHER.search(path) or not (_ROTARY.search(type(module).__name__) or _is_turned(module)):
            continue
        for turns in _turned(module, number):
            key = (turns.cos[-1].tobytes(), turns.sin[-1].tobytes())  # older models have a module in each layer
            if key not in seen:
                seen.add(key)
                yield _rotation(model, path, module, turns)


def _limit(model: Any) -> int:
    limit = getattr(model.config, "max_position_embeddings", None)
    return limit if isinstance(limit, int) and limit > 0 else ROTATIONS


@dataclass(frozen=True, slots=True)
class _Turns:
    """Cosines and sines `[position, pair]`, the type of layers that they are for, and what the module gives of them."""

    layer_type: str | None
    given: RotaryOutput
    cos: Floats
    sin: Floats


def _turned(module: Any, length: int) -> Iterator[_Turns]:
    """What a rotary module gives, for each type of layers that it knows."""
    import torch

    if _is_turned(module):
        rows = module.weight[:length].float().cpu().numpy()
        half = rows.shape[1] // 2
        yield _Turns(None, "table", rows[:, half:], rows[:, :half])
        return
    parameters = inspect.signature(module.forward).parameters
    if "position_ids" not in parameters:
        return
    own = copy.deepcopy(module).to("cpu")  # some change their frequencies with the length that they are asked for
    types: list[str | None] = sorted(set(getattr(own, "layer_types", []))) if "layer_type" in parameters else []
    for layer_type in types or [None]:
        given = {} if layer_type is None else {"layer_type": layer_type}
        if layer_type is not None and not hasattr(own, f"{layer_type}_inv_freq"):
            continue  # layers of this type have no positions
        try:
            made = own(torch.zeros(1), torch.arange(length)[None], **given)
        except (AttributeError, IndexError, RuntimeError, TypeError, ValueError):
            continue  # it wants other positions, such as those of pictures in a text
        yield _turns(layer_type, made)


def _turns(layer_type: str | None, made: Any) -> _Turns:
    """Each pair once, from what a rotary module gives."""
    if hasattr(made, "is_complex"):
        return _Turns(layer_type, "turns", made[0].real.numpy(), made[0].imag.numpy())
    cos, sin = (part[0].float().numpy() for part in made)
    given: RotaryOutput = "cos, sin"
    if not cos[0].any():  # GPT-J gives the sines first
        cos, sin, given = sin, cos, "sin, cos"
    half = cos.shape[1] // 2
    if cos.shape[1] % 2 == 0 and np.array_equal(cos[:, :half], cos[:, half:]):
        cos, sin = cos[:, :half], sin[:, :half]
    elif cos.shape[1] % 2 == 0 and np.array_equal(cos[:, ::2], cos[:, 1::2]):
        cos, sin = cos[:, ::2], sin[:, ::2]
    return _Turns(layer_type, given, cos, sin)


def _rotation(model: Any, path: str, module: Any, turns: _Turns) -> Found:
    layer_type, cos, sin = turns.layer_type, turns.cos, turns.sin
    length, pairs = cos.shape
    check_size(length, 2 * pairs)
    kind = _rope_type(module, layer_type)
    label = (layer_type or "").replace("_", " ") or _label(model, path)
    frequencies = _frequencies(module, layer_type, cos, sin)
    scaling = float(np.hypot(cos[0, 0], sin[0, 0]))
    formula = (
        "(x, y) of pair i → (x cos pθᵢ − y sin pθᵢ, x sin pθᵢ + y cos pθᵢ)",
        _theta(module, layer_type, kind, frequencies),
        *([f"cos and sin are multiplied by {scaling:.4f}"] if abs(scaling - 1) > 1e-6 else []),
        *_by_axis(module, pairs),
    )
    encoding = RotaryEncoding(
        name=label,
        form="rotary",
        positions=np.arange(length),
        formula=formula,
        source=path,
        cos=cos,
        sin=sin,
        frequencies=frequencies,
        scaling=scaling,
    )
    notes = (
        *([f"Its rotations are scaled ({kind}), for texts longer than it first learned on."] if kind else []),
        *([f"The frequencies change with the length: these are of {length:,} positions."] if kind in _GROWING else []),
    )
    part = PositionsPart(label, "rotary", length, path, turns.given, layer_type=layer_type)
    if turns.given == "table":
        part = PositionsPart(label, "table", length, path)
    return Found(encoding, part, notes)


def _by_axis(module: Any, pairs: int) -> Iterator[str]:
    """Which pairs turn by which place of a picture in the text, as Qwen-VL models have it: found by turning one."""
    import torch

    if not hasattr(module, "mrope_section"):
        return
    own, turned = copy.deepcopy(module).to("cpu"), list[list[int]]()
    for axis in range(len(_AXES)):
        places = torch.zeros(len(_AXES), 1, 1, dtype=torch.int64)
        places[axis] = 1
        _, sin = own(torch.zeros(1), places)
        turned.append(np.flatnonzero(sin[0, 0, :pairs].numpy()).tolist())
    if all(turned):  # or it is the layers that choose
        told = ", ".join(f"{_runs(numbers)} by {axis}" for axis, numbers in zip(_AXES, turned, strict=True))
        yield f"pairs {told}; tokens of text have one number for all three"


def _runs(numbers: list[int]) -> str:
    """Numbers in a few words: `0–15`, or the first of many that lie apart."""
    if len(numbers) > 1 and numbers[-1] - numbers[0] == len(numbers) - 1:
        return f"{numbers[0]}–{numbers[-1]}"
    told = ", ".join(map(str, numbers[:3]))
    return f"{told}, … {numbers[-1]}" if len(numbers) > 4 else ", ".join(map(str, numbers))


def _frequencies(module: Any, layer_type: str | None, cos: Floats, sin: Floats) -> Floats:
    """Radians a position, by pair: those of the module where they explain its numbers, else read off position 1."""
    at = min(1, len(cos) - 1)
    read_off = np.arctan2(sin[at], cos[at])
    own = getattr(module, f"{layer_type}_inv_freq" if layer_type else "inv_freq", None)
    if own is not None and own.shape == read_off.shape:
        told = own.float().cpu().numpy()
        if at and np.allclose(np.sin(told), np.sin(read_off), atol=1e-6):
            return told.copy()
    return read_off


def _rope(module: Any, layer_type: str | None) -> dict[str, Any]:
    rope = getattr(getattr(module, "config", None), "rope_parameters", None) or {}
    return rope.get(layer_type, rope) if layer_type else rope


def _rope_type(module: Any, layer_type: str | None) -> str:
    kind = _rope(module, layer_type).get("rope_type", "default")
    return "" if kind == "default" else str(kind)


def _theta(module: Any, layer_type: str | None, kind: str, frequencies: Floats) -> str:
    base, dims = _rope(module, layer_type).get("rope_theta", 10_000.0), 2 * len(frequencies)
    plain = float(base) ** (-2 * np.arange(len(frequencies)) / dims)
    if not kind and np.allclose(frequencies, plain, rtol=1e-3):
        return f"θᵢ = {base:,.0f}^(−2i/{dims})".replace(",", "")
    return (
        f"θᵢ from {frequencies.max():.3g} to {frequencies.min():.3g} radians a position{f' ({kind})' if kind else ''}"
    )


# --- relative to the query ---


def _buckets(model: Any, length: int | None) -> Iterator[Found]:
    """Biases that were learned for buckets of distances, as T5 and MPNet have them."""
    import torch

    number = length or DISTANCES
    for path, module in model.named_modules():
        weights = getattr(module, "relative_attention_bias", None)
        named = [name for name in ("_relative_position_bucket", "relative_position_bucket") if hasattr(module, name)]
        if weights is None or not named or _OTHER.search(path):
            continue
        causal = bool(getattr(module, "is_decoder", False))
        distances = torch.arange(1 - number, 1 if causal else number)
        given: dict[str, Any] = {}
        if "bidirectional" in inspect.signature(getattr(module, named[0])).parameters:
            given = {
                "bidirectional": not causal,
                "num_buckets": module.relative_attention_num_buckets,
                "max_distance": module.relative_attention_max_distance,
            }
        bias = weights.weight.float().cpu()[getattr(module, named[0])(distances, **given)].numpy()
        check_size(*bias.shape)
        label = _label(model, path)
        yield Found(
            RelativeEncoding(
                name=_numbered(label, path, model),
                form="relative",
                positions=distances.numpy(),
                formula=(
                    "score(q, k) = q·k + b(head, bucket(k − q))",
                    "b is learned; the farther, the more distances share a bucket",
                ),
                source=f"{path}.relative_attention_bias",
                bias=bias,
            ),
            PositionsPart(
                _numbered(label, path, model), "buckets", number, path, named[0], causal=causal, told=bool(given)
            ),
        )


def _numbered(label: str, path: str, model: Any) -> str:
    """With the number of its layer, where each layer has a bias of its own."""
    layers = sum(name.endswith("relative_attention_bias") for name, _ in model.named_modules())
    number = re.search(r"\.(?:block|layer|layers)\.(\d+)\.", f".{path}.")
    if layers <= 2 or number is None:
        return label
    return " ".join(filter(None, (label, f"layer {number[1]}")))


def _slopes(model: Any, length: int | None) -> Iterator[Found]:
    """ALiBi: what each step away takes from a score, by head."""
    import torch

    number = length or DISTANCES
    for module, path in _with_alibi(model):
        heads, two = _heads(model.config), torch.ones(1, 2)
        own = sys.modules[type(module).__module__]
        if hasattr(own, "build_mpt_alibi_tensor"):
            function, made = "build_mpt_alibi_tensor", own.build_mpt_alibi_tensor(heads, 2)
        else:
            function, made = "build_alibi_tensor", own.build_alibi_tensor(two, heads, torch.float32)
        scaling = _slope_scaling(model)
        slopes = (made.reshape(heads, 2).float() @ torch.tensor([-1.0, 1.0])).numpy() * np.float32(scaling)
        distances = np.arange(1 - number, 1)
        bias = (distances[:, None] * slopes).astype(np.float32)
        check_size(*bias.shape)
        yield Found(
            RelativeEncoding(
                name="",
                form="relative",
                positions=distances,
                formula=("score(q, k) = q·k/√d − m(head) · (q − k)", _slope_line(slopes)),
                source=path,
                bias=bias,
                slopes=slopes,
            ),
            PositionsPart("", "slopes", number, own.__name__, function, heads=heads, scaling=scaling),
        )
        return


def _with_alibi(model: Any) -> Iterator[tuple[Any, str]]:
    for path, module in model.named_modules():
        named = hasattr(module, "build_mpt_alibi_tensor") or hasattr(module, "build_alibi_tensor")
        falcon = type(module).__name__ == "FalconModel" and bool(getattr(module.config, "alibi", False))
        if named or falcon:
            yield module, path


def _heads(config: Any) -> int:
    return int(
        next(getattr(config, key) for key in ("num_attention_heads", "n_head", "n_heads") if hasattr(config, key))
    )


def _slope_scaling(model: Any) -> float:
    """Falcon scales the score with the bias already in it."""
    if model.config.model_type != "falcon":
        return 1.0
    return float(next(module.inv_norm_factor for module in model.modules() if hasattr(module, "inv_norm_factor")))


def _slope_line(slopes: Floats) -> str:
    told = ", ".join(f"{slope:.4g}" for slope in slopes[:8].tolist())
    return f"m = {told}{', …' if len(slopes) > 8 else ''}"
