"""The load gate: what may be loaded, what is refused, and that nothing runs that was not allowed to."""

from __future__ import annotations

import copy
import json
import os
import pickle
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import nbtransformers as nbt

TEXTS = ["a joy from start to end", "dull and far too long"]


def scores(model: Path, **options: Any) -> Any:
    return nbt.classify(TEXTS, model=str(model), device="cpu", threads=1, batch_tokens=64, **options).scores


def refusal(model: Path, **options: Any) -> str:
    with pytest.raises(nbt.UserError) as caught:
        scores(model, **options)
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.fixture
def tiny(models: Path, tmp_path: Path) -> Path:
    """A copy of the tiny classifier, to be spoilt."""
    return Path(shutil.copytree(models / "tiny", tmp_path / "tiny"))


def state(model: Path) -> dict[str, Any]:
    from safetensors.torch import load_file

    return load_file(model / "model.safetensors")


# --- pickles ---


@pytest.fixture
def pickled(tiny: Path) -> Path:
    """The tiny classifier with pickled weights only."""
    torch.save(state(tiny), tiny / "pytorch_model.bin")
    (tiny / "model.safetensors").unlink()
    return tiny


def test_allowed_pickles_give_the_same_scores_and_a_note(pickled: Path, models: Path) -> None:
    result = nbt.classify(TEXTS, model=str(pickled), allow_pickle=True)
    np.testing.assert_allclose(result.scores, scores(models / "tiny"), atol=1e-6)
    assert "The weights of tiny are pickled; only tensors were read." in result.notes


def test_a_pickle_that_was_allowed_once_is_asked_for_again(pickled: Path) -> None:
    scores(pickled, allow_pickle=True)
    assert "Type `allow_pickle` to read" in refusal(pickled)


def test_safetensors_win_over_pickles(tiny: Path) -> None:
    (tiny / "pytorch_model.bin").write_bytes(b"no pickle at all")
    assert scores(tiny, allow_pickle=True).shape == (2, 3)


def test_what_a_trainer_writes_beside_the_weights_is_no_pickle_of_them(tiny: Path) -> None:
    for name in ("training_args.bin", "optimizer.pt", "scheduler.pt", "rng_state.pth"):
        (tiny / name).write_bytes(b"")
    (tiny / "model.safetensors").unlink()
    assert refusal(tiny) == ("tiny has no weights: there is no model.safetensors. Save or download it again.")


class Trap:
    """Unpickled in full it makes a file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> Any:
        return os.system, (f"touch {self.path}",)


def _zipped(trap: Any, path: Path) -> None:
    torch.save(trap, path)


def _legacy(trap: Any, path: Path) -> None:
    torch.save(trap, path, _use_new_zipfile_serialization=False)


def _plain(trap: Any, path: Path) -> None:
    path.write_bytes(pickle.dumps(trap))


@pytest.mark.parametrize("write", [_zipped, _legacy, _plain])
@pytest.mark.parametrize("inside", [False, True])
@pytest.mark.parametrize("sharded", [False, True])
def test_code_in_a_pickle_never_runs(
    pickled: Path, tmp_path: Path, write: Callable[[Any, Path], None], inside: bool, sharded: bool
) -> None:
    sprung = tmp_path / "sprung"
    weights = torch.load(pickled / "pytorch_model.bin", weights_only=True)
    write({**weights, "trap": Trap(sprung)} if inside else Trap(sprung), pickled / "pytorch_model.bin")
    if sharded:
        (pickled / "pytorch_model.bin").rename(pickled / "part.bin")
        index = {"metadata": {}, "weight_map": dict.fromkeys(weights, "part.bin")}
        (pickled / "pytorch_model.bin.index.json").write_text(json.dumps(index))
    for options in ({}, {"allow_pickle": True}, {"allow_pickle": True, "trust_remote_code": True}):
        said = refusal(pickled, **options)
        assert not sprung.exists()
        if options:
            assert said == (
                "The pickled weights of tiny hold more than tensors, which could run any code, and are not loaded. "
                "Get safetensors of it, or load it yourself if you trust whoever made it, and pass it: model=…."
            )
    # The trap is one: what loads it in full springs it.
    with pytest.raises(Exception):  # noqa: B017
        raise_after = torch.load(pickled / ("part.bin" if sharded else "pytorch_model.bin"), weights_only=False)
        raise RuntimeError(raise_after)
    assert sprung.exists()


def test_sharded_pickles_load(pickled: Path, models: Path) -> None:
    weights = list(torch.load(pickled / "pytorch_model.bin", weights_only=True).items())
    (pickled / "pytorch_model.bin").unlink()
    weight_map: dict[str, str] = {}
    for number, part in enumerate((weights[:10], weights[10:])):
        torch.save(dict(part), pickled / f"part-{number}.bin")
        weight_map |= {name: f"part-{number}.bin" for name, _ in part}
    (pickled / "pytorch_model.bin.index.json").write_text(json.dumps({"metadata": {}, "weight_map": weight_map}))
    np.testing.assert_allclose(scores(pickled, allow_pickle=True), scores(models / "tiny"), atol=1e-6)
    (pickled / "part-1.bin").unlink()
    assert refusal(pickled, allow_pickle=True) == (
        "tiny lacks a part of its weights: part-1.bin. Save or download it again."
    )


@pytest.mark.parametrize("shard", ["../out.bin", "/etc/out.bin", "a/b.bin", "a\\b.bin", "x.safetensors"])
def test_an_index_of_pickles_names_files_of_its_folder_only(pickled: Path, shard: str) -> None:
    (pickled / "pytorch_model.bin").unlink()
    (pickled / "pytorch_model.bin.index.json").write_text(json.dumps({"weight_map": {"a": shard}}))
    assert refusal(pickled, allow_pickle=True).startswith(
        f"The weights of tiny are in {shard!r}, which is no .bin file of its folder. "
    )


# --- damaged files ---


def _header(change: Callable[[dict[str, Any]], None]) -> Callable[[bytes], bytes]:
    def changed(data: bytes) -> bytes:
        length = int.from_bytes(data[:8], "little")
        entries = json.loads(data[8 : 8 + length])
        change(entries)
        header = json.dumps(entries).encode()
        return len(header).to_bytes(8, "little") + header + data[8 + length :]

    return changed


def _overlap(entries: dict[str, Any]) -> None:
    first, second = list(entries)[1:3]
    entries[second]["data_offsets"] = entries[first]["data_offsets"]


def _other_shape(entries: dict[str, Any]) -> None:
    next(entry for name, entry in entries.items() if name != "__metadata__")["shape"] = [99999]


DAMAGE: dict[str, Callable[[bytes], bytes]] = {
    "empty": lambda data: b"",
    "cut in the header": lambda data: data[:100],
    "cut in the weights": lambda data: data[:-10],
    "more than it says": lambda data: data + b"more",
    "a web page": lambda data: b"<!DOCTYPE html><html><body>Not Found</body></html>",
    "a pointer of git-lfs": lambda data: b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n",
    "a header without end": lambda data: b"\xff" * 8 + data[8:],
    "no JSON": lambda data: data[:8] + b"x" + data[9:],
    "overlapping": _header(_overlap),
    "another shape": _header(_other_shape),
    "another type": _header(lambda entries: entries[list(entries)[1]].update(dtype="Q7")),
}


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE)
def test_damaged_safetensors_are_told_in_one_line(tiny: Path, damage: Callable[[bytes], bytes]) -> None:
    weights = tiny / "model.safetensors"
    weights.write_bytes(damage(weights.read_bytes()))
    said = refusal(tiny)
    assert said.startswith("The weights of tiny are damaged: model.safetensors ("), said
    assert said.endswith("). Save or download it again.")


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"model": 3}', '{"version": "1.0", "model": {"type": "No"}}'])
def test_a_damaged_tokenizer_is_told_in_one_line(tiny: Path, text: str) -> None:
    (tiny / "tokenizer.json").write_text(text)
    assert refusal(tiny).startswith("Transformers cannot load tiny (")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "cannot be read (Expecting value"),
        ("\ud800", "cannot be read ("),
        ("nonsense", "cannot be read (Expecting value"),
        ("[]", "holds a list where"),
        ("null", "holds a NoneType where"),
        ('"model"', "holds a str where"),
        ("[" * 100_000, "cannot be read ("),
        ('{"a":' * 100_000, "cannot be read ("),
        ("9" * 5000, "cannot be read ("),
    ],
)
@pytest.mark.parametrize("file", ["config.json", "tokenizer_config.json"])
def test_a_damaged_description_is_told_in_one_line(tiny: Path, file: str, text: str, why: str) -> None:
    (tiny / file).write_bytes(text.encode("utf-8", "surrogatepass"))
    said = refusal(tiny)
    assert said.startswith(f"{tiny / file} {why}"), said
    assert said.endswith("Save or download it again.")


def test_a_configuration_of_gigabytes_is_not_read(tiny: Path) -> None:
    with (tiny / "config.json").open("wb") as file:
        file.truncate(3 * 2**30)
    assert refusal(tiny) == (
        f"{tiny / 'config.json'} cannot be read (it is too large for what it should be). Save or download it again."
    )


def test_a_folder_in_the_place_of_a_file(tiny: Path) -> None:
    (tiny / "model.safetensors").unlink()
    (tiny / "model.safetensors").mkdir()
    assert refusal(tiny).startswith("tiny has no weights")
    (tiny / "config.json").unlink()
    (tiny / "config.json").mkdir()
    assert "config.json cannot be read ([Errno 21] Is a directory" in refusal(tiny)


def test_a_distributed_checkpoint_is_refused(tiny: Path) -> None:
    (tiny / "shard-00001-model-00001-of-00001.safetensors").write_bytes(b"")
    assert refusal(tiny).startswith(
        "tiny holds a distributed checkpoint: shard-00001-model-00001-of-00001.safetensors."
    )


# --- whatever is in the files, only our own error escapes ---

_ODD: list[Any] = [None, True, -1, 0, 1, 7, 10**12, 1e308, 0.5, "", "x", "gpt2", "a/kernel", "\ud800", [], ["a"], {}]
_ODD += [{"0": "x"}, [[[]]], "x" * 3000, float("nan")]
_KEYS = ["quantization_config", "dtype", "problem_type", "num_labels", "pad_token_id", "auto_map", "tokenizer_class"]
_KEYS += ["is_decoder", "pruned_heads", "rope_scaling", "text_config", "fusion_config", "model_type", "layer_types"]
_KEYS += ["max_position_embeddings", "model_max_length", "padding_side", "added_tokens_decoder", "vocab_file"]


def _places(value: Any) -> list[tuple[Any, Any]]:
    """Every container in a JSON value with each of its keys."""
    keys = list(value) if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else []
    return [(value, key) for key in keys] + [place for key in keys for place in _places(value[key])]


@pytest.mark.slow
@given(data=st.data())
@settings(max_examples=300)
def test_no_description_escapes_the_gate(models: Path, tmp_path_factory: pytest.TempPathFactory, data: Any) -> None:
    folder = Path(shutil.copytree(models / "tiny", tmp_path_factory.mktemp("odd") / "odd"))
    file = folder / data.draw(st.sampled_from(["config.json", "tokenizer_config.json", "tokenizer.json"]))
    entries = copy.deepcopy(json.loads(file.read_text(encoding="utf-8")))
    for _ in range(data.draw(st.integers(1, 3))):
        value = copy.deepcopy(data.draw(st.sampled_from(_ODD)))  # one of them could else come to hold itself
        if data.draw(st.booleans()):
            container, key = data.draw(st.sampled_from(_places(entries)))
            container[key] = value
        else:
            entries[data.draw(st.sampled_from(_KEYS))] = value
    file.write_text(json.dumps(entries))
    _only_our_own(folder)


@pytest.mark.slow
@given(data=st.data())
@settings(max_examples=300)
def test_no_bytes_escape_the_gate(models: Path, tmp_path_factory: pytest.TempPathFactory, data: Any) -> None:
    folder = Path(shutil.copytree(models / "tiny", tmp_path_factory.mktemp("odd") / "odd"))
    files = ["config.json", "tokenizer_config.json", "tokenizer.json", "model.safetensors"]
    file = folder / data.draw(st.sampled_from(files))
    content = bytearray(file.read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, min(len(content), 4000)))
        content[place : place + data.draw(st.integers(0, 8))] = data.draw(st.binary(max_size=4))
    file.write_bytes(content)
    _only_our_own(folder)


def _only_our_own(folder: Path) -> None:
    try:
        scores(folder)
    except nbt.UserError as error:
        assert "\n" not in str(error)
    finally:
        shutil.rmtree(folder)
