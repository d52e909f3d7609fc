"""Does it fit? Real files with the sizes of large models: they are sparse, and take no room on the disk."""

from __future__ import annotations

import json
import resource
import shutil
import subprocess
import sys
from pathlib import Path

import psutil
import pytest
from test_gate import refusal

from nbtransformers.errors import UserError
from nbtransformers.loading.card import Card, card
from nbtransformers.loading.memory import free_memory, refuse_too_large, with_allowance
from nbtransformers.loading.refs import model_ref
from nbtransformers.loading.source import Source, source_of
from nbtransformers.loading.weights import weights_of
from nbtransformers.request import ModelRef


def large(models: Path, tmp_path: Path, nbytes: int, dtype: str = "F32") -> Path:
    """The tiny classifier, with weights that declare `nbytes` bytes."""
    folder = tmp_path / "large"
    shutil.copytree(models / "tiny", folder)
    entry = {"dtype": dtype, "shape": [nbytes // {"F32": 4, "BF16": 2, "I8": 1}[dtype]], "data_offsets": [0, nbytes]}
    header = json.dumps({"bert.embeddings.word_embeddings.weight": entry}).encode()
    with (folder / "model.safetensors").open("wb") as file:
        file.write(len(header).to_bytes(8, "little") + header)
        file.truncate(8 + len(header) + nbytes)
    return folder


def _even(nbytes: float) -> int:
    return int(nbytes) // 8 * 8


def test_what_fits_in_half_the_size_is_offered_in_half_the_size(models: Path, tmp_path: Path) -> None:
    folder = large(models, tmp_path, _even(1.4 * psutil.virtual_memory().available))
    said = refusal(folder)
    assert said.startswith("large needs ")
    assert " of weights, the rest for a batch), and " in said
    assert ' are free on cpu. Type `dtype="bfloat16"`: ' in said


@pytest.mark.parametrize("dtype", ["F32", "BF16", "I8"])
def test_what_does_not_fit_is_refused_with_both_numbers(models: Path, tmp_path: Path, dtype: str) -> None:
    folder = large(models, tmp_path, 400 * 2**30, dtype)
    loaded = {"F32": "400.0", "BF16": "800.0", "I8": "400.0"}[dtype]
    said = refusal(folder)
    assert f"({loaded} GiB of weights, the rest for a batch)" in said
    assert said.endswith('Give a smaller model such as `model="minilm"`, or type `allow_large` to try.')
    # In half the size it is refused by its own number.
    assert ("(400.0 GiB" if dtype == "I8" else "(200.0 GiB" if dtype == "F32" else "(400.0 GiB") in refusal(
        folder, dtype="bfloat16"
    )


def test_what_was_allowed_is_let_through(models: Path, tmp_path: Path) -> None:
    folder = large(models, tmp_path, 400 * 2**30)
    for allowed in (False, True):
        source = Source(ModelRef("folder", str(folder), allow_large=allowed), "large", folder)
        if allowed:  # not loaded: on some machine it might be tried in earnest
            refuse_too_large(source, weights_of(source), "float32", "cpu")
        else:
            with pytest.raises(UserError, match="type `--allow-large` to try"):
                refuse_too_large(source, weights_of(source), "float32", "cpu")


def test_the_card_tells_the_size_and_reads_no_weights(models: Path, tmp_path: Path) -> None:
    ref, objects = model_ref(str(large(models, tmp_path, 2**40, "BF16")))
    found: Card = card(ref, objects)
    assert (found.parameters, found.weight_bytes, found.dtype) == (2**39, 2**40, "bfloat16")


def test_the_card_agrees_with_the_model(models: Path) -> None:
    from transformers import AutoModelForSequenceClassification

    model = AutoModelForSequenceClassification.from_pretrained(models / "tiny")
    ref, objects = model_ref(str(models / "tiny"))
    found = card(ref, objects)
    assert found.parameters == sum(weight.numel() for weight in model.parameters())
    assert found.weight_bytes == sum(weight.nbytes for weight in model.parameters())
    assert (found.dtype, found.revision, found.notes) == ("float32", None, ())


def test_the_bytes_follow_the_type(models: Path) -> None:
    weights = weights_of(source_of(model_ref(str(models / "tiny"))[0]))
    assert weights.nbytes_in("float32") == weights.nbytes == 2 * weights.nbytes_in("bfloat16")
    assert weights.nbytes_in("float16") == weights.nbytes_in("bfloat16")
    assert weights.nbytes_in("auto") == weights.nbytes


def test_pickles_are_as_large_as_their_file(models: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(models / "tiny", tmp_path / "tiny"))
    (folder / "model.safetensors").unlink()
    with (folder / "pytorch_model.bin").open("wb") as file:
        file.truncate(2**40)
    assert "(1.0 TiB of weights, the rest for a batch)" in refusal(folder, allow_pickle=True)


def test_a_quantised_model_stays_as_small_as_it_is(models: Path, tmp_path: Path) -> None:
    folder = large(models, tmp_path, _even(0.6 * free_memory("cpu")), "BF16")
    source = Source(ModelRef("folder", str(folder)), "large", folder)
    with pytest.raises(UserError, match="needs"):
        refuse_too_large(source, weights_of(source), "float32", "cpu")
    refuse_too_large(source, weights_of(source), "float32", "cpu", quantized=True)


def test_the_allowance_is_stated() -> None:
    assert with_allowance(0) == 128 * 2**20
    assert with_allowance(100 * 2**30) == pytest.approx(110 * 2**30)


# The gate lets it through, and then the system does not give the memory after all.
STARVED = """
import resource, sys
import torch, transformers
import nbtransformers as nbt
nbt.classify(["a joy"], model=sys.argv[2], device="cpu", threads=1, batch_tokens=64)  # what is to be imported, is
used = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (used + 450 * 2**20,) * 2)
try:
    nbt.classify(["a joy"], model=sys.argv[1], device="cpu", threads=1, batch_tokens=64, allow_large=True)
except nbt.UserError as error:
    print(error)
"""


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(resource, "RLIMIT_AS") or sys.platform != "linux", reason="needs Linux")
def test_memory_that_runs_out_while_loading_is_told_in_one_line(models: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(models / "tiny", tmp_path / "wide"))
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {"vocab_size": 8_000_000}))
    import torch
    from safetensors.torch import load_file, save_file

    weights = load_file(folder / "model.safetensors")
    weights["bert.embeddings.word_embeddings.weight"] = torch.zeros(8_000_000, 16, dtype=torch.int8).to(torch.bfloat16)
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    done = subprocess.run(
        [sys.executable, "-c", STARVED, str(folder), str(models / "tiny")], capture_output=True, text=True, check=True
    )
    shutil.rmtree(folder)  # it is large in earnest
    told = 'wide does not fit into memory. Type `dtype="bfloat16"`, or give a smaller model.'
    assert done.stdout.splitlines()[-1:] == [told], done.stdout + done.stderr
