"""Work in the background: it ends, fails and is stopped in its panel, and what it gave is waited for."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

import helpers
import pytest

from nbtransformers.errors import Interrupted, UserError
from nbtransformers.interrupt import deferred_interrupts
from nbtransformers.magics import last
from nbtransformers.panels.background import Background, open_panel
from nbtransformers.panels.view import View
from nbtransformers.panels.widget import Panel
from nbtransformers.progress import Progress

RESULT = helpers.classification(["a joy"], [[0.1, 0.9]])


@pytest.fixture
def panel() -> Iterator[Panel]:
    """An open panel with a view whose outputs nobody sees."""
    with helpers.ipython():
        opened = open_panel("Working", "generate")
        yield opened
        opened.close()


def shown(view: View, result: Any) -> Any:
    view.show(result)
    return result


def until_stopped(gave: Any) -> Callable[[View], Any]:
    """Work that goes on until it is stopped."""

    def run(view: View) -> Any:
        view.progress(Progress("running", "At work", 1, 2))
        with deferred_interrupts() as stop:
            while not stop():
                threading.Event().wait(0.01)
        return shown(view, gave)

    return run


def failing(error: Exception) -> Callable[[View], Any]:
    def run(view: View) -> Any:
        raise error

    return run


def test_what_it_gives_is_waited_for_and_shown(panel: Panel) -> None:
    work = Background("Working", lambda view: shown(view, RESULT), panel)
    assert work.result is RESULT and work.done
    assert panel.result is RESULT and panel.progress is None and not panel.busy
    assert panel.header is not None and panel.header["rows"] == 1


@pytest.mark.parametrize("how", ["button", "handle", "close"])
def test_it_is_stopped_and_keeps_what_came(panel: Panel, how: str) -> None:
    work = Background("Working", until_stopped(RESULT), panel)
    assert panel.busy and not work.done and "at work" in repr(work)
    while panel.progress["message"] != "At work":
        threading.Event().wait(0.01)
    assert panel.progress["stop"] == "message"
    if how == "button":
        panel._receive({"type": "stop"})  # pyright: ignore[reportPrivateUsage]
    elif how == "handle":
        work.stop()
    else:
        panel.close()
    assert work.result is RESULT
    assert panel.result is (None if how == "close" else RESULT)
    assert panel.header is None if how == "close" else panel.header


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (UserError("The model is gone.", hint="Load it again."), "The model is gone. Load it again."),
        (ValueError("red\x1b[31m"), "ValueError: red␛[31m"),
    ],
)
def test_what_went_wrong_is_told_in_the_panel_and_raised_where_it_is_asked_for(
    panel: Panel, error: Exception, told: str
) -> None:
    work = Background("Working", failing(error), panel)
    with pytest.raises(type(error)):
        _ = work.result
    assert panel.error == {"message": told}
    assert panel.progress is None and "failed" in repr(work)


def test_what_goes_wrong_leaves_the_result_that_stood_there(panel: Panel) -> None:
    panel.view.show(RESULT)

    def run(view: View) -> Any:
        assert view.partial is not None
        view.partial(helpers.classification(["other"], [[0.5, 0.5]]))
        assert panel.header is not None and panel.header["partial"]
        raise UserError("The model is gone.")

    work = Background("Working", run, panel)
    with pytest.raises(UserError):
        _ = work.result
    assert panel.result is RESULT and panel.header is not None and "partial" not in panel.header
    assert panel.error == {"message": "The model is gone."}


def test_without_a_panel_it_is_a_value_like_any_other() -> None:
    work = Background("Working", until_stopped(7))
    with pytest.raises(NotImplementedError):
        work._ipython_display_()  # pyright: ignore[reportPrivateUsage]
    work.stop()
    assert work.result == 7


def test_it_runs_in_the_context_of_its_cell() -> None:
    import contextvars

    cell = contextvars.ContextVar("cell", default="none")
    cell.set("the cell")
    assert Background("Working", lambda view: cell.get()).result == "the cell"


def test_in_a_terminal_a_task_that_writes_gives_what_is_waited_for(
    terminal: helpers.Terminal, tmp_path_factory: pytest.TempPathFactory
) -> None:
    from oracle.writers import save_writer

    folder = save_writer("base", tmp_path_factory.mktemp("writer") / "base")
    work = terminal.run(f"%%generate --model {folder} --max-new-tokens 3 --background --out work\nThe film")
    assert terminal.run("work.result.new_tokens") == 3
    assert terminal.run("work") is work and work.done
    assert "done; .result waits for it" in terminal.printed("print(work)")
    remembered = last.last()
    assert remembered is not None and remembered[0] == work.result.request


def test_what_its_result_has_can_be_asked_of_it_once_it_is_done() -> None:
    work = Background("Working", until_stopped(RESULT))
    with pytest.raises(UserError, match=r"Working is still at work in the background\. `\.result\.texts` waits for it"):
        _ = work.texts
    assert not hasattr(work, "texts")
    work.stop()
    assert work.result.texts == work.texts == ["a joy"]
    with pytest.raises(AttributeError, match="'Classification' object has no attribute 'nonsense'"):
        _ = work.nonsense
    assert not hasattr(work, "_repr_html_"), "it shows itself, not its result"


def test_what_failed_has_nothing_of_a_result() -> None:
    work = Background("Working", failing(ValueError("red")))
    with pytest.raises(ValueError, match="red"):
        _ = work.result
    with pytest.raises(UserError, match=r"Working failed in the background\. `\.result` says why"):
        _ = work.texts


def test_what_is_stopped_before_anything_is_done_says_so(panel: Panel) -> None:
    def run(view: View) -> Any:
        raise Interrupted("Interrupted before any text was done. Run it again.")

    work = Background("Working", run, panel)
    with pytest.raises(Interrupted):
        _ = work.result
    assert panel.error == {"message": "Interrupted before any text was done. Run it again."}
