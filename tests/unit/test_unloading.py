"""What is loaded, and that its memory is really back once it is unloaded."""

from __future__ import annotations

import gc
import json
import os
import re
import signal
import subprocess
import sys
import threading
import weakref
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import helpers
import pytest
from helpers import Notebook, Terminal

import nbtransformers as nbt
from nbtransformers.errors import UserError
from nbtransformers.loading.registry import REGISTRY


@pytest.fixture(autouse=True)
def nothing_loaded() -> Iterator[None]:
    REGISTRY.clear()
    yield
    REGISTRY.clear()


def only_model() -> weakref.ref[Any]:
    """The model that is loaded, not held."""
    (loaded,) = REGISTRY.loaded()
    return weakref.ref(loaded.model)


def test_what_is_loaded_is_told(models: Path, terminal: Terminal) -> None:
    assert len(nbt.loaded()) == 0
    assert "Loaded:\n  nothing" in terminal.printed("%nbt")
    nbt.classify(["a joy"], model=models / "tiny")
    nbt.classify(["a joy"], model=models / "encoder", labels="a,b")
    frame = nbt.loaded()
    assert list(frame.index) == ["tiny", "encoder"]
    row = frame.loc["tiny"]
    model = helpers.classifier()
    weights = sum(weight.nbytes for weight in (*model.parameters(), *model.buffers()))
    assert (row.model_class, row.device, row["dtype"]) == ("BertForSequenceClassification", "cpu", "float32")
    assert row.megabytes * 1e6 == pytest.approx(weights)
    assert not row.in_use
    first = frame.last_used
    nbt.classify(["dull"], model=models / "tiny")
    again = nbt.loaded().last_used
    assert again["tiny"] > first["tiny"]
    assert again["encoder"] == first["encoder"]
    said = terminal.printed("%nbt")
    assert re.search(r"tiny +BertForSequenceClassification +cpu float32 .* used just now", said)


def test_one_is_unloaded_or_all(models: Path, terminal: Terminal) -> None:
    for name in ("tiny", "entailing"):
        nbt.classify(["a joy"], model=models / name)
    done = nbt.unload("tiny")
    assert (done.names, done.in_use, list(nbt.loaded().index)) == (("tiny",), (), ["entailing"])
    assert re.fullmatch(
        r"Unloaded entailing: [\d,]+ MB came back \(this process now takes [\d,]+ MB, before [\d,]+ MB\)\.",
        terminal.printed("%nbt unload").strip(),
    )
    assert len(nbt.loaded()) == 0
    assert terminal.printed("%nbt unload").startswith("Nothing was loaded")
    assert nbt.classify(["a joy"], model=models / "tiny").run.load_seconds > 0


def test_an_unknown_name_is_told_with_the_nearest(models: Path, terminal: Terminal) -> None:
    assert terminal.refusal("%nbt unload tiny") == "'tiny' is not loaded. Loaded: none."
    nbt.classify(["a joy"], model=models / "tiny")
    assert terminal.refusal("%nbt unload tinny") == "'tinny' is not loaded. Did you mean tiny?"
    with pytest.raises(UserError, match=r"^'minilm' is not loaded\. Loaded: tiny\.$"):
        nbt.unload("minilm")


def test_a_tokenizer_alone_is_unloaded_too(models: Path) -> None:
    nbt.tokenize(["a joy"], model=models / "tiny")
    assert list(nbt.loaded().index) == ["tiny"]
    assert nbt.unload().names == ("tiny",)


def test_results_hold_no_model(models: Path, terminal: Terminal) -> None:
    terminal.run(f"kept = %classify ['a joy', 'dull'] --model {models}/tiny")
    terminal.run(f"%classify ['a joy', 'dull'] --model {models}/tiny")
    terminal.run("_.scores, Out")
    model = only_model()
    terminal.run("%nbt unload")
    assert model() is None
    assert len(terminal.shell.user_ns["kept"].scores) == 2


def test_an_interrupted_result_holds_no_model(models: Path) -> None:
    nbt.classify(["a joy"], model=models / "tiny")
    model = only_model()

    def interrupt(*passed: Any) -> None:
        os.kill(os.getpid(), signal.SIGINT)

    model().register_forward_hook(interrupt)  # pyright: ignore[reportOptionalMemberAccess]
    result = nbt.classify(["a joy"] * 2000, model=models / "tiny", batch_tokens=64)
    assert not result.done.all()
    nbt.unload()
    assert model() is None
    assert nbt.resume(result).done.all()


def test_a_traceback_holds_no_model_any_more(models: Path, terminal: Terminal) -> None:
    terminal.run("import nbtransformers as nbt\nfrom nbtransformers.loading.registry import REGISTRY")
    nbt.classify(["a joy"], model=models / "tiny")
    terminal.shell.run_cell(
        "def fails():\n"
        "    loaded = REGISTRY.loaded()[0]\n"
        "    try:\n"
        "        loaded.model(loaded.tokenizer('a joy'))\n"  # no tensors: it fails deep within torch
        "    except Exception as error:\n"
        "        raise ValueError('as the user tells it') from error\n"
        "fails()",
        store_history=True,
    )
    assert sys.last_value is not None
    model = only_model()
    REGISTRY.clear()
    gc.collect()
    assert model() is not None, "the traceback of the failed cell still holds it"
    nbt.unload()
    assert model() is None


def test_a_traceback_of_the_user_s_own_is_left_to_be_debugged(terminal: Terminal) -> None:
    terminal.run("import torch\nof_the_notebook = torch.ones(3)")
    terminal.shell.run_cell("def mine():\n    precious = 42\n    1 / 0\nmine()", store_history=True)
    nbt.unload()
    trace = sys.last_value.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    assert trace is not None
    assert trace.tb_frame.f_locals["precious"] == 42


@pytest.mark.parametrize(
    "held", ["torch.ones(size)", "{'logits': [torch.ones(size)]}", "types.SimpleNamespace(cache=torch.ones(size))"]
)
def test_tensors_that_a_traceback_holds_are_given_back(terminal: Terminal, held: str) -> None:
    """Of the user's own function, through which no model came."""
    size = 30_000_000
    terminal.shell.run_cell(
        f"import torch, types\nsize = {size}\ndef mine():\n    held = {held}\n    1 / 0\nmine()", store_history=True
    )
    before, after = nbt.unload().rss
    assert before - after > 0.9 * 4 * size


def test_a_model_at_work_stays(models: Path, terminal: Terminal) -> None:
    nbt.classify(["a joy"], model=models / "tiny")
    nbt.classify(["a joy"], model=models / "entailing")
    begun, end = threading.Event(), threading.Event()

    def work() -> None:
        with REGISTRY.loaded()[0].lock:
            begun.set()
            end.wait(60)

    thread = threading.Thread(target=work)
    thread.start()
    begun.wait(60)
    try:
        assert nbt.loaded().in_use.tolist() == [True, False]
        assert "in use" in terminal.printed("%nbt")
        assert terminal.printed("%nbt unload").strip().endswith("tiny is in use, and stays.")
        assert nbt.unload("tiny").in_use == ("tiny",)
        assert list(nbt.loaded().index) == ["tiny"]
    finally:
        end.set()
        thread.join()
    assert nbt.unload().names == ("tiny",)


def test_unloading_while_another_thread_classifies_harms_nothing(models: Path) -> None:
    texts = ["a joy from start to end"] * 1000
    expected = nbt.classify(texts, model=models / "tiny").scores
    found: list[Any] = []
    thread = threading.Thread(target=lambda: found.append(nbt.classify(texts, model=models / "tiny").scores))
    thread.start()
    while thread.is_alive():
        nbt.unload()
        thread.join(0.02)
    assert abs(found[0] - expected).max() < 1e-6


def test_a_kernel_gives_back_too(notebook: Notebook, models: Path) -> None:
    """With panels, a stored error and the last results, as a notebook has them."""
    notebook.run(
        "import gc, weakref\nfrom nbtransformers.loading.registry import REGISTRY\n"
        f"%classify ['a joy'] --model {models}/tiny --out kept"
    )
    notebook.run("kept")
    notebook.run("model = weakref.ref(REGISTRY.loaded()[0].model)")
    notebook.run("def fails(m):\n    m.forward('no tensor')\nfails(model())")
    notebook.run("%nbt unload")
    said = [message["text"] for message in notebook.run("print(model())") if message["msg_type"] == "stream"]
    assert said == ["None\n"]


ROUNDS = """
import json, sys
sys.path.insert(0, sys.argv[1])
import helpers, psutil
texts = [f"A joy from start to end, number {n}, with some more words so that it takes a while." for n in range(400)]
left = []
with helpers.ipython() as shell:
    shell.push({"texts": texts})
    for _ in range(10):
        shell.run_line_magic("load_ext", "nbtransformers")
        assert shell.run_cell("%classify texts", store_history=True).success
        full = psutil.Process().memory_info().rss
        assert shell.run_cell("%nbt unload").success
        shell.run_line_magic("unload_ext", "nbtransformers")
        left.append([full, psutil.Process().memory_info().rss])
print(json.dumps(left))
"""


@pytest.mark.slow
def test_ten_loads_and_unloads_leave_the_memory_as_it_was() -> None:
    tests = Path(helpers.__file__).parent
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, "-c", ROUNDS, str(tests)], env=environment, capture_output=True, text=True, check=True
    )
    rounds = json.loads(done.stdout.splitlines()[-1])
    # What torch and Transformers take for themselves is there after the first round.
    first, last = rounds[0][1], rounds[-1][1]
    assert last < 1.05 * first, rounds
    assert all(full - left > 60e6 for full, left in rounds), "the bundled model takes 90 MB"
