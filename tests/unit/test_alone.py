"""A model that another thread has is waited for with a word, and the wait can be stopped."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from oracle.writers import save_writer

import nbtransformers as nbt
from nbtransformers.engine.alone import alone_with
from nbtransformers.engine.generate import generate
from nbtransformers.errors import Interrupted
from nbtransformers.interrupt import stopped_by
from nbtransformers.loading.registry import REGISTRY, LoadedModel
from nbtransformers.progress import Progress, silent
from nbtransformers.request import DataRef, GenerateRequest, ModelRef


@pytest.fixture(autouse=True)
def nothing_loaded() -> Iterator[None]:
    REGISTRY.clear()
    yield
    REGISTRY.clear()


@pytest.fixture
def loaded() -> LoadedModel:
    return LoadedModel("tiny", None, None, None, "cpu", "float32")


@contextmanager
def busy(loaded: LoadedModel) -> Generator[threading.Event]:
    """Another thread has the model until the event is set."""
    begun, end = threading.Event(), threading.Event()

    def work() -> None:
        with alone_with(loaded, silent):
            begun.set()
            end.wait(60)

    thread = threading.Thread(target=work)
    thread.start()
    begun.wait(60)
    try:
        yield end
    finally:
        end.set()
        thread.join()


def interrupt_soon() -> None:
    threading.Timer(0.3, lambda: signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)).start()


def test_a_free_model_is_had_without_a_word(loaded: LoadedModel) -> None:
    told: list[Progress] = []
    with alone_with(loaded, told.append), alone_with(loaded, told.append):
        pass
    assert told == []


def test_the_wait_says_what_for_and_ends_when_the_model_is_free(loaded: LoadedModel) -> None:
    told: list[Progress] = []
    with busy(loaded) as end:
        threading.Timer(0.3, end.set).start()
        with alone_with(loaded, told.append):
            assert end.is_set()
    message = "tiny is at work in the background: waiting for it. Interrupt the kernel (■), or wait."
    assert {(each.stage, each.message) for each in told} == {("loading", message)}
    with busy(loaded):
        pass  # it was let go of


def test_an_interrupt_ends_the_wait_at_once(loaded: LoadedModel) -> None:
    before = signal.getsignal(signal.SIGINT)
    with busy(loaded):
        interrupt_soon()
        started = time.monotonic()
        with pytest.raises(Interrupted, match="while tiny was at work elsewhere"), alone_with(loaded, silent):
            pytest.fail("it is still busy")
        assert time.monotonic() - started < 5
    assert signal.getsignal(signal.SIGINT) is before


def test_a_thread_that_waits_is_stopped_by_its_own_button(loaded: LoadedModel) -> None:
    stop, told, raised = threading.Event(), list[Progress](), list[BaseException]()

    def wait() -> None:
        try:
            with stopped_by(stop.is_set), alone_with(loaded, told.append):
                pass
        except Interrupted as error:
            raised.append(error)

    with busy(loaded):
        thread = threading.Thread(target=wait)
        thread.start()
        while not told:
            time.sleep(0.01)
        stop.set()
        thread.join(5)
        assert not thread.is_alive() and len(raised) == 1
    assert told[0].message == "tiny is at work for another cell: waiting for it."


def test_a_cell_on_a_busy_model_says_so_and_can_be_interrupted(tmp_path: Path) -> None:
    folder = save_writer("base", tmp_path / "base")
    request = GenerateRequest(DataRef("variable", "data"), ModelRef("folder", str(folder)))
    objects: dict[str, Any] = {"data": ["A"]}
    generate(request, objects)
    (model,) = REGISTRY.loaded()
    told: list[str] = []
    with busy(model):
        interrupt_soon()
        with pytest.raises(Interrupted, match="nothing was begun"):
            generate(request, objects, lambda progress: told.append(progress.message))
        assert any("waiting for it" in message for message in told)
        interrupt_soon()
        with pytest.raises(Interrupted, match="nothing was begun"):
            nbt.generate(["A"], model=str(folder))
