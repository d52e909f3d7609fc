"""A panel as a widget: which traits it has, what they hold in each kind, and that they are set, observed and linked."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import ipywidgets
import pytest
import traitlets
from ipywidgets.embed import embed_data

from nbtransformers.errors import UserError
from nbtransformers.panels import kinds
from nbtransformers.panels.selection import SELECTED
from nbtransformers.panels.widget import Panel, panel_class

DOCUMENT = (Path(__file__).parents[2] / "docs" / "panels.md").read_text(encoding="utf-8")
KINDS = {make().name for make in kinds._KINDS.values()}  # pyright: ignore[reportPrivateUsage]
ROWS = 6


def section(title: str) -> str:
    return DOCUMENT.split(f"## {title}\n")[1].split("\n## ")[0]


def table(title: str) -> list[list[str]]:
    """The rows of the table in a section, without its head."""
    lines = [line for line in section(title).splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


@pytest.fixture
def pair() -> Iterator[tuple[Panel, Panel]]:
    """The panels of a table and of a map of the same texts, and no page to show them."""
    panels = panel_class("classify")(), panel_class("embed")()
    for panel, kind in zip(panels, ("classify", "embed"), strict=True):
        panel.show(kind, {"rows": ROWS}, b"", dict)
    yield panels
    for panel in panels:
        panel.close()


def test_the_document_has_every_kind_and_what_its_selection_holds() -> None:
    told = {row[0].strip("`"): row[2] for row in table("Kinds")}
    assert set(told) == KINDS
    held = {kind: found[1] if (found := re.fullmatch(r"(\w+) numbers", text)) else None for kind, text in told.items()}
    assert held == {kind: SELECTED.get(kind) for kind in KINDS}
    assert all(text.startswith("nothing") for kind, text in told.items() if kind not in SELECTED)
    assert set(SELECTED) <= KINDS


def test_the_document_and_the_docstring_have_every_trait() -> None:
    own = set(Panel.class_trait_names(sync=True)) - set(Panel.__base__.class_trait_names(sync=True))  # type: ignore[union-attr]
    told = {row[0].strip("`") for row in table("Traits")}
    (wire,) = re.findall(r"The other traits \((.*?)\)", section("Traits"), re.DOTALL)
    assert told | set(re.findall(r"`(\w+)`", wire)) == own
    assert all(re.search(rf"^        [\w, ]*\b{name}\b[\w, ]*:", Panel.__doc__ or "", re.MULTILINE) for name in own)
    assert [row[0] for row in table("Traits") if row[3].startswith("yes")] == ["`selection`"]


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_a_selection_is_set_where_there_is_something_to_select(kind: str) -> None:
    panel, what = panel_class(kind)(), SELECTED.get(kind)
    panel.show(kind, {"rows": ROWS}, b"", dict)
    if what is None:
        told = (
            f"In a panel of kind {kind} there is nothing to select. "
            "There are rows in that of `nbt.classify(texts)`, for instance."
        )
    else:
        panel.selection = {5, 0}
        assert panel.selection == [0, 5]
        told = f"There is no {what} 6. Give {what} numbers from 0 to 5."
    before = panel.selection
    with pytest.raises(UserError) as caught:
        panel.selection = [6]
    assert str(caught.value) == told
    assert panel.selection == before
    panel.selection = []
    panel.close()


@pytest.mark.parametrize("link", [traitlets.link, ipywidgets.link], ids=["traitlets", "ipywidgets"])
def test_what_is_selected_in_one_is_selected_in_the_other_and_told_once(pair: tuple[Panel, Panel], link: Any) -> None:
    rows, points = pair
    heard: list[tuple[str, list[int]]] = []
    for panel in pair:
        panel.observe(lambda change: heard.append((change.owner.kind, change.new)), "selection")
    linked = link((rows, "selection"), (points, "selection"))
    rows.selection = [3, 5]
    # As the page does, which sends all that is selected.
    points.set_state({"selection": [2]})
    points.set_state({"selection": [2]})
    assert rows.selection == points.selection == [2]
    told = [("classify", [3, 5]), ("embed", [3, 5]), ("classify", [2]), ("embed", [2])]
    assert sorted(heard, key=str) == sorted(told, key=str)
    linked.unlink()
    rows.selection = []
    assert points.selection == [2]


def test_a_link_one_way_and_a_callback_that_selects_what_is_alike(pair: tuple[Panel, Panel]) -> None:
    rows, points = pair
    labels = ["a", "b", "a", "b", "b", "a"]

    def of_same_label(change: Any) -> None:
        points.selection = [label in {labels[row] for row in change.new} for label in labels]

    rows.observe(of_same_label, "selection")
    rows.selection = [1]
    assert points.selection == [1, 3, 4]
    rows.unobserve_all("selection")
    traitlets.dlink((rows, "selection"), (points, "selection"))
    points.selection = [0]
    assert rows.selection == [1]
    rows.selection = [2]
    assert points.selection == [2]


def test_a_link_to_fewer_rows_is_refused_in_one_line(pair: tuple[Panel, Panel]) -> None:
    rows, few = pair
    few.show("embed", {"rows": 3}, b"", dict)
    traitlets.link((rows, "selection"), (few, "selection"))
    rows.selection = [2]
    with pytest.raises(UserError, match=r"^There is no row 5\. Give row numbers from 0 to 2\.$"):
        rows.selection = [1, 5]
    assert few.selection == [2]


def test_a_page_that_is_made_of_the_state_alone_has_what_shows_it(pair: tuple[Panel, Panel]) -> None:
    rows, _ = pair
    data = embed_data(views=[rows], drop_defaults=True)
    state = data["manager_state"]["state"][rows.model_id]["state"]
    assert state["_esm"] == rows._esm
    assert (state["kind"], state["selection"]) == ("classify", [])


def test_what_the_work_tells_is_observed() -> None:
    panel, heard = Panel(), []
    panel.observe(lambda change: heard.append((change.name, change.new)), ["kind", "progress", "error"])
    panel.progress = {"stage": "loading", "message": "…"}
    panel.show("classify", {"rows": 1}, b"", dict)
    panel.fail("No.")
    assert heard[0] == ("progress", {"stage": "loading", "message": "…"})
    assert sorted(heard[1:], key=str) == [("error", {"message": "No."}), ("kind", "classify"), ("progress", None)]
    panel.close()
