"""A panel that is closed leaves the widgets that hold it: a page that asks for all widgets finds none that is gone."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import ipywidgets
import pytest
from ipywidgets.widgets.widget import Widget, _instances

from nbtransformers.panels.widget import Panel, panel_class

Three = tuple[Panel, Panel, Panel]


@pytest.fixture
def three() -> Iterator[Three]:
    before = set(_instances)
    panels = tuple(panel_class(kind)() for kind in ("classify", "embed", "attention"))
    for panel in panels:
        panel._taken_up = 0.0  # no page has them
    yield panels  # type: ignore[misc]
    for widget in [one for name, one in _instances.items() if name not in before]:
        widget.close()


def referred() -> set[str]:
    """The widgets that the state of all open ones names, as it is sent to a page that is loaded anew.

    ipywidgets finds no state at all where one of them is closed.
    """

    def within(value: Any) -> Iterator[str]:
        if isinstance(value, str) and value.startswith("IPY_MODEL_"):
            yield value.removeprefix("IPY_MODEL_")
        elif isinstance(value, list | tuple):
            for one in value:
                yield from within(one)

    states = Widget.get_manager_state()["state"]
    return {name for state in states.values() for value in state["state"].values() for name in within(value)}


def test_it_leaves_every_box_wherever_it_stands_and_others_stay(three: Three) -> None:
    first, other, _ = three
    label = ipywidgets.Label("one")
    inner = ipywidgets.HBox([first, label, first])
    outer = ipywidgets.VBox([inner, ipywidgets.GridBox([other]), first])
    first.close()
    assert inner.children == (label,)
    assert [type(child) for child in outer.children] == [ipywidgets.HBox, ipywidgets.GridBox]
    assert referred() <= set(_instances)
    assert outer.children[1].children == (other,)


@pytest.mark.parametrize(("opened", "then"), [(0, 0), (1, 1), (2, 1)])
def test_other_pages_keep_their_titles_and_the_open_one_stays_open(three: Three, opened: int, then: int) -> None:
    tab = ipywidgets.Tab(three, titles=["a", "b", "c"], selected_index=opened)
    three[1].close()
    assert tab.children == (three[0], three[2])
    assert (tab.titles, tab.selected_index) == (("a", "c"), then)
    three[2].close()
    three[0].close()
    assert (tab.children, tab.titles, tab.selected_index) == ((), (), None)


def test_an_accordion_that_is_folded_stays_so(three: Three) -> None:
    folded = ipywidgets.Accordion(three, titles=["a", "b", "c"])
    three[0].close()
    assert (folded.titles, folded.selected_index) == (("b", "c"), None)


def test_links_on_the_page_go_with_it_and_others_stay(three: Three) -> None:
    first, second, third = three
    gone = [
        ipywidgets.jslink((first, "selection"), (second, "selection")),
        ipywidgets.jsdlink((third, "selection"), (first, "selection")),
    ]
    stays = ipywidgets.jslink((second, "selection"), (third, "selection"))
    first.close()
    assert all(link.comm is None for link in gone)
    assert stays.comm is not None
    assert referred() <= set(_instances)


def test_a_layout_goes_with_the_last_that_is_laid_out_by_it(three: Three) -> None:
    first, second, _ = three
    layout = second.layout = first.layout = ipywidgets.Layout(width="50%")
    first.close()
    assert layout.comm is not None
    second.close()
    assert layout.comm is None
