"""An interrupt at any moment keeps exactly what was finished, and resuming gives what the whole run gives."""

from __future__ import annotations

import os
import random
import signal
import threading
import time
from collections.abc import Iterator
from typing import Any

import helpers
import numpy as np
import pytest
from helpers import Notebook, Terminal

import nbtransformers as nbt
from nbtransformers.errors import UserError
from nbtransformers.interrupt import deferred_interrupts, stopped_by
from nbtransformers.panels.background import Background
from nbtransformers.results.rows import NOT_DONE

# --- the flag ---


def interrupt_me() -> None:
    os.kill(os.getpid(), signal.SIGINT)


def test_the_first_interrupt_asks_and_the_second_raises() -> None:
    with pytest.raises(KeyboardInterrupt), deferred_interrupts() as stop:
        assert not stop()
        interrupt_me()
        assert stop()
        interrupt_me()
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_another_thread_has_no_signals_and_no_flag() -> None:
    seen: list[bool] = []

    def work() -> None:
        with deferred_interrupts() as stop:
            seen.append(stop())

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen == [False]


def test_work_anywhere_can_be_stopped_by_something_else() -> None:
    asked = threading.Event()
    seen: list[bool] = []

    def work() -> None:
        with stopped_by(asked.is_set), deferred_interrupts() as stop:
            seen.append(stop())
            asked.set()
            seen.append(stop())

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    work()
    assert seen == [False, True, True, True]
    with deferred_interrupts() as stop:
        assert not stop(), "only for as long as it is asked for"


# --- in this process: which rows are done is known, since the model itself counts them ---

TEXTS = [f"a joy {row} " * (1 + row % 4) for row in range(2000)] + ["", None]


class Counted:
    """A model that counts the rows it has finished, and is interrupted after some of them."""

    def __init__(self) -> None:
        self.model, self.tokenizer = helpers.classifier(), helpers.tokenizer()
        self.model.register_forward_hook(self._count)
        self.finished, self.stop_after, self.fail_after = 0, None, None

    def _count(self, module: Any, inputs: Any, output: Any) -> None:
        if self.fail_after is not None and self.finished >= self.fail_after:
            raise OSError("the disk is gone")
        self.finished += len(output.logits)
        if self.stop_after is not None and self.finished >= self.stop_after:
            self.stop_after = None
            interrupt_me()

    def classify(self, texts: Any = TEXTS, **options: Any) -> Any:
        self.finished = 0
        return nbt.classify(texts, model=self.model, tokenizer=self.tokenizer, **{"batch_tokens": 256, **options})


@pytest.fixture(scope="module")
def counted() -> Iterator[Counted]:
    made = Counted()
    made.classify(TEXTS[:50])  # what is learned about the model is not counted
    yield made


def assert_same(found: Any, expected: Any) -> None:
    assert found.texts == expected.texts
    assert dict(found.reasons) == dict(expected.reasons)
    np.testing.assert_allclose(found.scores, expected.scores, atol=1e-5)
    assert found.best.tolist() == expected.best.tolist()
    assert found.tokens.tolist() == expected.tokens.tolist()
    assert found.notes == expected.notes
    assert found.run.tokens == expected.run.tokens


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("after", [1, 700, 1999])
def test_what_the_model_finished_is_kept_and_the_rest_can_be_resumed(
    counted: Counted, threads: int, after: int
) -> None:
    expected = counted.classify(threads=threads)
    counted.stop_after = after
    part = counted.classify(threads=threads)
    assert int(part.scored.sum()) == counted.finished
    assert int(part.done.sum()) == counted.finished + 2, "and the two rows that hold no text"
    assert set(part.reasons.values()) <= {NOT_DONE, "empty", "missing"}
    np.testing.assert_allclose(part.scores[part.scored], expected.scores[part.scored], atol=1e-5)
    if not part.done.all():
        assert f"{int(part.done.sum()):,} of 2,002 texts are done" in part.notes[0]
    counted.finished = 0
    whole = nbt.resume(part)
    assert counted.finished == 2000 - int(part.scored.sum()), "nothing is done twice"
    assert_same(whole, expected)
    assert nbt.resume(whole) is whole


def test_a_failure_on_the_way_keeps_what_is_finished(counted: Counted, monkeypatch: pytest.MonkeyPatch) -> None:
    from nbtransformers.engine import rowtask as engine
    from nbtransformers.engine.classify import ClassifyTask

    monkeypatch.setattr(ClassifyTask, "window_rows", 500)
    expected = counted.classify()

    def broken() -> Iterator[Any]:
        from nbtransformers.inputs.rows import read
        from nbtransformers.request import DataRef

        yield from list(read(DataRef("variable", "x"), {"x": TEXTS}).windows(500))[:2]
        raise OSError("the disk is gone")

    class Breaking:
        total, index, notes = None, None, ()

        def windows(self, size: int, start: int = 0) -> Iterator[Any]:
            assert start == 0
            return broken()

    monkeypatch.setattr(engine, "read", lambda data, objects: Breaking())
    part = counted.classify()
    assert len(part) == 1000 and part.done.all() and not part.read_to_end
    assert part.notes == (
        "Stopped at row 1,000: the disk is gone: 1,000 texts are done, and what follows was not read. "
        "`nbt.resume(result)` does the rest.",
    )
    monkeypatch.undo()
    monkeypatch.setattr(ClassifyTask, "window_rows", 500)
    assert_same(nbt.resume(part, data=TEXTS), expected)
    changed = [*TEXTS[:999], "another text", *TEXTS[1000:]]
    with_change = nbt.resume(part, data=changed)  # what has changed is told, and what was finished is kept
    assert "has changed since: row 999 holds another text" in with_change.notes[0]


class CountingTokenizer:
    """The tiny tokenizer, interrupted after some calls."""

    def __init__(self, stop_after: int) -> None:
        self._tokenizer, self._calls, self._stop_after = helpers.tokenizer(), 0, stop_after

    def __getattr__(self, name: str) -> Any:
        return getattr(self._tokenizer, name)

    def __len__(self) -> int:
        return len(self._tokenizer)

    def __call__(self, texts: Any, **options: Any) -> Any:
        if len(texts) > 1:
            self._calls += 1
            if self._calls == self._stop_after:
                interrupt_me()
        return self._tokenizer(texts, **options)


def test_a_tokenization_keeps_what_is_finished_and_is_resumed() -> None:
    texts = [*(f"a joy {row}" for row in range(7000)), "", None, 3]
    stopping, plain = CountingTokenizer(2), helpers.tokenizer()
    part = nbt.tokenize(texts, model=stopping)
    expected = nbt.tokenize(texts, model=plain)
    assert part.done.sum() == 4000 + 3, "chunks of 2,000 rows, and the rows that hold no text"
    assert part.notes[0] == "Interrupted: 4,003 of 7,003 texts are done. `nbt.resume(result)` does the rest."
    assert part.tokens[:4000] == expected.tokens[:4000]
    for whole in (nbt.resume(part), nbt.resume(part, model=plain)):
        assert whole.ids == expected.ids
        assert whole.offsets == expected.offsets
        assert dict(whole.reasons) == dict(expected.reasons)
        assert whole.texts == expected.texts
        assert whole.notes == expected.notes
        assert whole.words.tolist() == expected.words.tolist()


def test_a_model_that_is_gone_has_to_be_given_again() -> None:
    gone = Counted()
    gone.classify(TEXTS[:50])
    gone.stop_after = 100
    part = gone.classify()
    model, tokenizer = helpers.classifier(), helpers.tokenizer()
    del gone
    import gc

    gc.collect()
    with pytest.raises(UserError, match="is not there any more"):
        nbt.resume(part)
    assert nbt.resume(part, model=model, tokenizer=tokenizer).done.all()


def test_what_a_generator_gave_before_an_interrupt_is_kept(counted: Counted) -> None:
    def given() -> Iterator[str]:
        for row in range(50):
            if row == 15:
                interrupt_me()
            yield f"a joy {row}"

    source = given()
    found = counted.classify(source)
    assert found.texts == tuple(f"a joy {row}" for row in range(16))
    assert found.scored.all()
    assert found.notes == ("Interrupted: of data 16 texts were read, and what follows was not.",)
    assert next(source) == "a joy 16", "the rest can still be had"


def test_what_a_generator_gave_before_it_failed_is_kept(counted: Counted) -> None:
    def given() -> Iterator[str]:
        yield "a joy"
        raise RuntimeError("no more")

    found = counted.classify(given())
    assert found.texts == ("a joy",)
    assert found.notes == ("data failed after 1 text: RuntimeError: no more.",)


def test_an_interrupt_before_anything_is_done_is_one_line(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    def stopped(*args: Any, **options: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("nbtransformers.engine.rowtask.load", stopped)
    done = terminal.shell.run_cell("%classify ['a joy']")
    assert isinstance(done.error_in_exec, KeyboardInterrupt)
    said = helpers.one_line(terminal.capsys.readouterr().out)
    assert said == "Interrupted before any text was done. Run it again."


def test_only_a_result_can_be_resumed() -> None:
    with pytest.raises(UserError, match="There is nothing to resume in a list"):
        nbt.resume([])  # pyright: ignore[reportArgumentType]
    with pytest.raises(UserError, match=r"Type `nbt\.resume\(work\.result\)`"):
        nbt.resume(Background("Working", lambda view: 7))  # pyright: ignore[reportArgumentType]


# --- a kernel that is really interrupted, at moments that nobody chose ---

SETUP = """
import sys
sys.path.insert(0, {tests!r})
import helpers, numpy as np, nbtransformers as nbt
model, tokenizer = helpers.classifier(), helpers.tokenizer()
finished = 0
def count(module, inputs, output):
    global finished
    finished += len(output.logits)
texts = [f"a joy {{row}} " * (1 + row % 4) for row in range({rows})]
run = dict(model=model, tokenizer=tokenizer, batch_tokens=256, threads=2)
expected = nbt.classify(texts, **run)
model.register_forward_hook(count)
r = None
"""
RUN = "r, finished = None, 0\nr = nbt.classify(texts, **run)"
CHECK = """
assert r is not None
assert int(r.scored.sum()) == int(r.done.sum()) == finished, (r.scored.sum(), r.done.sum(), finished)
assert np.abs(r.scores[r.scored] - expected.scores[r.scored]).max(initial=0) < 1e-5
assert r.texts == expected.texts
whole = nbt.resume(r)
assert whole.done.all() and dict(whole.reasons) == {} and whole.texts == expected.texts
assert np.abs(whole.scores - expected.scores).max() < 1e-5
assert (whole.best == expected.best).all()
print("kept", int(r.done.sum()))
"""
MOMENTS = 20
ROWS = 21_000


@pytest.mark.slow
def test_twenty_interrupts_of_a_kernel(notebook: Notebook) -> None:
    tests = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))  # noqa: PTH100, PTH120
    assert not errors(notebook.run(SETUP.format(tests=tests, rows=ROWS)))
    started = time.perf_counter()
    notebook.run(RUN)
    seconds = time.perf_counter() - started
    moments, kept = random.Random(7), []
    # More than these where other work on the machine has made a run so slow or so quick that the moments fell together.
    while len(kept) < MOMENTS or (len(set(kept)) <= MOMENTS // 2 and len(kept) < 3 * MOMENTS):
        interrupted_run(notebook, moments.uniform(0.05, 0.95) * seconds)
        said = notebook.run(CHECK)
        assert not errors(said), errors(said)
        kept.append(int("".join(m["text"] for m in said if m["msg_type"] == "stream").split()[-1]))
        # A shared machine slows down and speeds up: what a run takes now is learned from where the last one stopped.
        seconds *= {0: 1.5, ROWS: 0.75}.get(kept[-1], 1)
    assert len(set(kept)) > MOMENTS // 2, f"the moments differ: {kept}"
    assert min(kept) < ROWS, "not one run was interrupted"


def interrupted_run(notebook: Notebook, after: float) -> None:
    timer = threading.Timer(after, notebook.interrupt)
    timer.start()
    messages = notebook.run(RUN)
    timer.join()
    assert not errors(messages), errors(messages)


def errors(messages: list[dict[str, Any]]) -> list[str]:
    return ["\n".join(message["traceback"]) for message in messages if message["msg_type"] == "error"]
