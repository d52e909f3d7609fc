"""How long panels live, in a real kernel that is told which cell it runs."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from helpers import Notebook, until

from nbtransformers.panels import widget

LOOK = """
import gc
from ipywidgets.widgets.widget import _instances
from nbtransformers.panels import lifetime
from nbtransformers.panels.widget import Panel
gc.collect()
alive = [found for found in gc.get_objects() if type(found).__mro__[1:2] == (Panel,)]
print(len(_instances), len(lifetime.panels()), len(alive))
del alive
"""
WIDGET = "application/vnd.jupyter.widget-view+json"


def run(notebook: Notebook, code: str, cell: str | None = None) -> list[dict[str, Any]]:
    """Run code as a cell of a notebook; the messages it sends."""
    client = notebook.client
    content = {"code": code, "silent": False, "store_history": True, "allow_stdin": False}
    message = client.session.msg("execute_request", content, metadata={"cellId": cell} if cell else {})
    client.shell_channel.send(message)
    found: list[dict[str, Any]] = []
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        got = client.get_iopub_msg(timeout=60)
        if got["parent_header"].get("msg_id") != message["header"]["msg_id"]:
            continue
        if got["msg_type"] == "status" and got["content"]["execution_state"] == "idle":
            return found
        assert got["msg_type"] != "error", got["content"]
        found.append({"msg_type": got["msg_type"], **got["content"]})
    raise TimeoutError(code)


def said(messages: list[dict[str, Any]]) -> list[int]:
    return [int(part) for part in printed(messages).split()]


def printed(messages: list[dict[str, Any]]) -> str:
    """All that was printed: a kernel that has to wait for its turn sends it in pieces."""
    return "".join(message["text"] for message in messages if message["msg_type"] == "stream").strip()


def panel_of(messages: list[dict[str, Any]]) -> str:
    """The comm of the panel that a cell shows."""
    (model,) = [message["data"][WIDGET]["model_id"] for message in messages if WIDGET in (message.get("data") or {})]
    return model


def closed(messages: list[dict[str, Any]]) -> set[str]:
    return {message["comm_id"] for message in messages if message["msg_type"] == "comm_close"}


def tell(notebook: Notebook, comm: str, content: dict[str, Any]) -> None:
    """Tell a panel something, as the page does."""
    message = {"comm_id": comm, "data": {"method": "custom", "content": content}}
    notebook.client.shell_channel.send(notebook.client.session.msg("comm_msg", message))


def until_gone(notebook: Notebook) -> None:
    until(lambda: said(run(notebook, LOOK))[:2] == [0, 0])


PATIENCE = "from nbtransformers.panels import widget\nwidget.TAKEN_UP_S = {}"


@pytest.fixture
def fresh(notebook: Notebook) -> Iterator[Notebook]:
    """The kernel with the extension loaded anew, and so with no panel. No page is there to take panels up."""
    notebook.run("%reload_ext nbtransformers")
    notebook.run(PATIENCE.format(0))
    until_gone(notebook)  # what other tests have shown
    yield notebook
    notebook.run(PATIENCE.format(widget.TAKEN_UP_S))


def test_a_cell_that_runs_again_frees_its_panel(fresh: Notebook, models: Path) -> None:
    magic = f"%classify ['a joy'] --model {models}/tiny"
    first = panel_of(run(fresh, magic, "one"))
    panel_of(run(fresh, magic, "two"))
    assert said(run(fresh, LOOK, "three"))[1:] == [2, 2]
    again = run(fresh, magic, "one")
    assert first in closed(again)
    widgets, panels, alive = said(run(fresh, LOOK, "three"))
    assert (widgets, panels, alive) == (4, 2, 2)  # each with its layout
    run(fresh, "1", "one")
    run(fresh, "1", "two")
    assert said(run(fresh, LOOK, "three")) == [0, 0, 0]


def test_panels_of_one_cell_all_go_and_silent_runs_take_none(fresh: Notebook, models: Path) -> None:
    run(fresh, f"import nbtransformers as nbt\nr = nbt.classify(['a joy'], model='{models}/tiny')", "make")
    run(fresh, "nbt.show(r)\nnbt.show(r)\nr", "three panels")
    assert said(run(fresh, LOOK))[1] == 3
    fresh.client.execute("1", silent=True)
    run(fresh, "1")  # a front end that tells no cell
    assert said(run(fresh, LOOK))[1] == 3
    run(fresh, "1", "three panels")
    assert said(run(fresh, LOOK)) == [0, 0, 0]


def test_work_that_fails_leaves_no_widget(fresh: Notebook) -> None:
    fresh.run("%classify ['a joy'] --model minilm --device mps")
    assert said(run(fresh, LOOK))[:2] == [0, 0]
    fresh.run("%nbt unload")  # until then its traceback keeps the panel, for a debugger
    assert said(run(fresh, LOOK)) == [0, 0, 0]


def test_a_page_that_shows_it_no_more_frees_it(fresh: Notebook, models: Path) -> None:
    comm = panel_of(run(fresh, f"%classify ['a joy'] --model {models}/tiny", "one"))
    tell(fresh, comm, {"type": "gone"})
    assert said(run(fresh, LOOK)) == [0, 0, 0]


def test_a_panel_that_can_be_shown_again_stays(fresh: Notebook, models: Path) -> None:
    run(fresh, f"import ipywidgets, nbtransformers as nbt\nr = nbt.classify(['a joy'], model='{models}/tiny')", "make")
    run(fresh, "import weakref\ndead = weakref.proxy(type('Dead', (), {})())", "proxy")  # raises, whatever it is asked

    def gone() -> list[int]:
        """The panels that are open, and those that are there, once the page shows none of them."""
        tell(fresh, printed(run(fresh, "print(nbt.panel(r).model_id)", "ask")), {"type": "gone"})
        return said(run(fresh, LOOK))[1:]

    assert gone() == [0, 0], "nothing holds it but its cell, whose output is gone"
    run(fresh, "box = ipywidgets.VBox([ipywidgets.Tab([nbt.panel(r)])])", "box")
    assert gone() == [1, 1]
    run(fresh, "found = nbt.panel(r)\nbox.children[0].close()\nbox.close()", "close")
    assert gone() == [1, 1], "a variable holds it"
    run(fresh, "panels = {'a': [found]}\ndel found", "other")
    assert gone() == [1, 1]
    run(fresh, "del panels, box", "last")
    assert said(run(fresh, LOOK))[1:] == [0, 0], "a cell has run since"
    run(fresh, "box = ipywidgets.VBox([nbt.panel(r)])", "box")
    run(fresh, "box.close()", "close")
    assert gone()[0] == 0, "a box that is closed is not shown again"
    run(fresh, "del box, r\nipywidgets.Widget.close_all()", "end")
    assert said(run(fresh, LOOK))[1:] == [0, 0]


def test_a_panel_without_an_output_is_of_the_cell_that_asked_for_it_first(fresh: Notebook, models: Path) -> None:
    run(fresh, f"import nbtransformers as nbt\nr = nbt.classify(['a joy'], model='{models}/tiny')", "make")
    run(fresh, "first = nbt.panel(r)", "one")
    again = "second = nbt.panel(r)\nprint(int(second is first), int(first.closed), int(second.closed))"
    assert said(run(fresh, again, "two")) == [1, 0, 0]
    assert said(run(fresh, again, "one")) == [0, 1, 0]
    run(fresh, "second.close()\ndel first, second, r", "three")
    assert said(run(fresh, LOOK)) == [0, 0, 0]


def test_a_panel_that_is_closed_is_gone_for_whoever_observed_it_too(fresh: Notebook, models: Path) -> None:
    run(fresh, f"import nbtransformers as nbt\nr = nbt.classify(['a joy'], model='{models}/tiny')", "make")
    look = "import gc, weakref\nheard = []\np = nbt.panel(r)\np.observe(heard.append, 'selection')\n"
    look += "gone = weakref.ref(p)\np.selection = [0]\np.close()\ndel p\nheard.clear()\n"
    look += "gc.collect()\nprint(int(gone() is None), int(nbt.panel(r).selection == []))"
    assert said(run(fresh, look, "one")) == [1, 1]
    run(fresh, "del r", "one")


def test_a_panel_that_no_page_has_taken_up_yet_stays_for_a_while(fresh: Notebook, models: Path) -> None:
    fresh.run(PATIENCE.format(3))
    comm = panel_of(run(fresh, f"%classify ['a joy'] --model {models}/tiny", "one"))
    run(fresh, "1", "one")
    assert said(run(fresh, LOOK))[:2] == [2, 0]  # closed, with its layout on the page until then
    shown = panel_of(run(fresh, f"%classify ['a joy'] --model {models}/tiny", "two"))
    assert shown != comm
    tell(fresh, shown, {"type": "taken"})
    assert shown in closed(run(fresh, "1", "two"))


def test_unloading_frees_every_panel_and_leaves_no_hook(fresh: Notebook, models: Path) -> None:
    run(fresh, f"%classify ['a joy'] --model {models}/tiny", "one")
    run(fresh, "%unload_ext nbtransformers")
    assert said(run(fresh, LOOK)) == [0, 0, 0]
    hooks = "s = get_ipython()\nprint(len([f for f in s.events.callbacks['pre_run_cell'] if 'nbtr' in f.__module__]), "
    hooks += "len(s.Completer.custom_matchers))"
    assert said(run(fresh, hooks)) == [0, 0]
    fresh.run("%load_ext nbtransformers")


def test_unloading_models_has_panels_forget_what_they_found_and_find_it_again(fresh: Notebook, models: Path) -> None:
    run(fresh, f"%classify ['a joy', 'dull'] --model {models}/tiny", "one")
    look = (
        "from nbtransformers.panels import lifetime\n(panel,) = lifetime.panels()\n"
        "ask = panel._methods['text']\nprint(len(ask({'position': 1})[0]['text']))"
    )
    assert said(run(fresh, look)) == [4]
    before = "print(int(panel._methods['text'] is ask))"
    assert said(run(fresh, before)) == [1]
    run(fresh, "%nbt unload")
    assert said(run(fresh, before)) == [0]
    assert said(run(fresh, "print(len(panel._methods['text']({'position': 1})[0]['text']))")) == [4]


def test_a_panel_that_the_page_may_not_have_yet_is_disconnected_later(fresh: Notebook, models: Path) -> None:
    """anywidget takes a model that goes while it is loaded for one that failed, and says so in the console."""
    refused = "%classify ['a joy'] --model minilm --device mps"
    fresh.run(refused)  # once everything is imported it is quick
    fresh.run(PATIENCE.format(5))
    assert not closed(fresh.run(refused))
    assert said(run(fresh, LOOK))[:2] == [2, 0]  # it has its layout, and is closed all the same
    until_gone(fresh)


def test_a_page_that_has_spoken_has_the_panel(fresh: Notebook, models: Path) -> None:
    fresh.run(PATIENCE.format(60))
    comm = panel_of(run(fresh, f"%classify ['a joy'] --model {models}/tiny", "one"))
    tell(fresh, comm, {"type": "cancel", "id": 0})
    assert comm in closed(run(fresh, "1", "one"))
