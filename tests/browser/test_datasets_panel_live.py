"""The panels of datasets in a real JupyterLab, with a Hub on this machine: found, looked into, taken up; by keys."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pandas as pd
import pytest
from browser.alone import alone
from browser.jupyter import JupyterServer, Notebook, OfflineBrowser, led_to, opened
from browser.listpanel import looked_at, names, panel_of
from hub import Hub, serving
from hubdatasets import ARABIC, HOSTILE, LONG, hub_datasets
from payloads import MARKUP
from playwright.sync_api import expect

from nbtransformers.panels.datasets.snapshot import dataset_snapshot, datasets_snapshot
from nbtransformers.panels.datasets.wire import (
    dataset_header,
    datasets_header,
    detail_of,
    list_of,
    look_of,
    whole_cell,
)
from nbtransformers.request.catalog import DatasetsRequest
from nbtransformers.results.datasets import DatasetEntry, DatasetPreview, Datasets

pytestmark = pytest.mark.browser

WAIT_MS = 120_000
# A look into a dataset that takes long.
UNANSWERED = """
const { ask } = window;
window.ask = (method, params) => method === "look" ? new Promise(() => {}) : ask(method, params);
"""


@pytest.fixture(scope="module")
def hub() -> Iterator[Hub]:
    with serving(Hub(datasets=hub_datasets())) as running:
        yield running


@pytest.fixture(scope="module")
def notebook(
    hub: Hub, lab: JupyterServer, browser: OfflineBrowser, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Notebook]:
    setup = led_to(hub, tmp_path_factory.mktemp("home"))
    cells = [setup, "%models datasets acme", "looked = nbt.preview('acme/reviews', rows=4)\nlooked", "0"]
    with opened(browser, lab, "datasets", cells) as running:
        yield running


def detail(notebook: Notebook, name: str) -> Any:
    """All that is known of a dataset, once it is clicked."""
    return looked_at(notebook, "dataset", name)


def rows(shown: Any) -> Any:
    return shown.locator(".nbt-dataset-rows tbody tr")


def test_the_hub_answers_while_one_types(notebook: Notebook, hub: Hub) -> None:
    panel = panel_of(notebook)
    search = panel.get_by_role("searchbox", name="Search datasets by name")
    expect(names(panel)).to_have_count(len(hub_datasets()))
    asked = len(hub.asked)
    search.fill("")
    search.press_sequentially("acme/rev", delay=20)
    expect(names(panel)).to_have_text(["acme/reviews"])
    assert len(hub.asked) - asked < len("acme/rev")
    search.fill("acme")
    panel.get_by_label("Language").fill("zh")
    expect(names(panel)).to_have_text(["acme/reviews", "acme/languages"])
    panel.get_by_label("Rows").select_option("1K<n<10K")
    expect(names(panel)).to_have_text(["acme/languages"])
    panel.get_by_label("Language").fill("german")
    expect(panel.get_by_role("alert")).to_contain_text("“Language” is 'german'")
    panel.get_by_role("button", name="Clear 2 filters").click()
    panel.get_by_label("Sort").select_option("name")
    expect(names(panel).first).to_have_text("acme/closed")
    panel.get_by_label("Sort").select_option("downloads")
    expect(names(panel).first).to_have_text("acme/reviews")
    search.fill("revews")
    panel.locator(".nbt-models-none").get_by_role("button", name="acme/reviews").click()
    expect(names(panel)).to_have_text(["acme/reviews"])


def test_a_click_shows_its_splits_its_columns_and_its_first_rows(notebook: Notebook) -> None:
    shown = detail(notebook, "acme/reviews")
    expect(rows(shown)).to_have_count(10, timeout=WAIT_MS)
    expect(shown.locator("dl")).to_contain_text("en, zh, ar")
    expect(shown.locator(".nbt-dataset-rows thead")).to_contain_text("class: negative, positive")
    expect(rows(shown).nth(2)).to_contain_text(ARABIC)
    right = rows(shown).nth(2).locator("td").first.evaluate("cell => getComputedStyle(cell).direction")
    assert right == "rtl"
    assert notebook.python("1 + 1") == 2
    shown.get_by_role("button", name="text, row 4: show all").click()
    expect(shown.get_by_role("region", name="text, row 4").locator("pre")).to_have_text(LONG.strip())
    shown.get_by_role("button", name="More rows").click()
    expect(rows(shown)).to_have_count(30)
    shown.get_by_role("button", name="test · 3 rows").click()
    expect(rows(shown)).to_have_count(3)


def test_a_subset_is_chosen(notebook: Notebook) -> None:
    shown = detail(notebook, "acme/languages")
    expect(rows(shown)).to_contain_text(["This is en."], timeout=WAIT_MS)
    shown.get_by_label("Subset").select_option("中文")
    expect(rows(shown)).to_contain_text(["This is 中文."], timeout=WAIT_MS)


def test_why_one_cannot_be_looked_into_is_said(notebook: Notebook) -> None:
    for name, said in (("acme/closed", "is gated"), ("acme/scripted", "is made by a script")):
        expect(detail(notebook, name).get_by_role("alert")).to_contain_text(said, timeout=WAIT_MS)


def test_what_is_next_is_inserted_as_a_cell_that_runs(notebook: Notebook) -> None:
    shown = detail(notebook, "acme/plain")
    expect(rows(shown)).to_have_count(2, timeout=WAIT_MS)
    shown.get_by_role("button", name="Embed", exact=True).click()
    before = notebook.page.locator(".jp-Notebook .jp-Cell").count()
    shown.get_by_role("button", name="Insert as cell").click()
    expect(notebook.page.locator(".jp-Notebook .jp-Cell")).to_have_count(before + 1)
    source = notebook.page.evaluate(
        "() => window.jupyterapp.shell.currentWidget.content.widgets[2].model.sharedModel.getSource()"
    )
    assert source == "%embed hub:acme/plain --column text"
    notebook.run_code(2, source)
    assert notebook.python("list(_.texts)") == ["a joy", "too long"]


def test_the_keys_are_enough(notebook: Notebook) -> None:
    panel, keys = panel_of(notebook), notebook.page.keyboard
    search = panel.get_by_role("searchbox", name="Search datasets by name")
    search.fill("acme")
    expect(names(panel)).to_have_count(len(hub_datasets()))
    search.focus()
    keys.press("ArrowDown")
    expect(names(panel).nth(0)).to_be_focused()
    keys.press("End")
    keys.press("Home")
    keys.press("Enter")
    shown = panel.get_by_role("region", name="The dataset acme/reviews", exact=True)
    expect(rows(shown)).to_have_count(10, timeout=WAIT_MS)
    keys.press("Tab")
    expect(shown.get_by_role("button", name="Close acme/reviews")).to_be_focused()
    keys.press("Escape")
    expect(shown).to_have_count(0)
    expect(names(panel).nth(0)).to_be_focused()


def test_rows_of_a_preview_are_selected_and_read_in_another_cell(notebook: Notebook) -> None:
    selecting = notebook.page.get_by_role("checkbox", name="Select row 0")
    panel = notebook.page.locator(".nbt-live").filter(has=selecting)
    expect(rows(panel)).to_have_count(4)
    panel.get_by_role("checkbox", name="Select row 2").check()
    panel.get_by_role("checkbox", name="Select row 0").check()
    assert notebook.python("nbt.selected(looked)['label'].tolist()") == [1, 0]
    notebook.python("setattr(nbt.panel(looked), 'selection', [3])")
    expect(panel.get_by_role("checkbox", name="Select row 3")).to_be_checked()
    panel.get_by_role("button", name="test · 3 rows").click()
    expect(rows(panel)).to_have_count(3, timeout=WAIT_MS)
    assert notebook.python("nbt.panel(looked).result.split") == "test"
    assert notebook.python("nbt.selected(looked).shape[0]") == 0


def test_what_the_hub_says_stays_text(notebook: Notebook) -> None:
    shown = detail(notebook, "acme/hostile")
    expect(rows(shown).first).to_contain_text(HOSTILE, timeout=WAIT_MS)
    expect(shown.locator(".nbt-dataset-rows thead")).to_contain_text(HOSTILE)
    expect(shown.locator(".nbt-dataset-uses")).to_have_count(0)
    expect(notebook.cell(1).locator(".nbt-snapshot").first).to_contain_text(HOSTILE)
    assert notebook.cell(1).locator(":is(.nbt-live, .nbt-snapshot) :is(img, script)").count() == 0


FOREIGN = ":is(img, iframe, a, style, object, form, base, embed, video, link:not([href='/models.css']))"
LEFT = ":is(script, iframe, a, img, object, form, base, embed, video, [onload])"


def hostile() -> list[str]:
    return [text for text in MARKUP if text.strip()]


def hostile_preview() -> DatasetPreview:
    texts = hostile()
    columns = dict.fromkeys(texts, texts[0])
    cells = [[f"{text} {LONG}" for text in texts], texts, [{text: [text]} for text in texts]]
    return DatasetPreview(
        texts[0],
        texts[1],
        dict.fromkeys(texts[:3], 7),
        texts[0],
        columns,
        pd.DataFrame(cells, columns=pd.Index(list(columns), dtype=object), dtype=object),
        subsets=tuple(texts),
        classes={texts[0]: (texts[1],)},
        texts=tuple(columns),
        notes=tuple(texts[:2]),
    )


def hostile_datasets() -> Datasets:
    entries = tuple(
        DatasetEntry(text, "hub", (text,), (text,), text, text, (text, text), revision="0" * 40, description=text)
        for text in hostile()
    )
    return Datasets(DatasetsRequest(search=" ".join(hostile())), entries, "/next", tuple(hostile()[:2]))


def asking() -> dict[str, Any]:
    preview, datasets = hostile_preview(), hostile_datasets()
    look = look_of(preview) | {"uses": [[text, text] for text in hostile()[:3]]}
    return {
        "state": lambda _: ({"listed": list_of(datasets, 0), "look": look}, []),
        "detail": lambda params: (detail_of(datasets.entries[0]) | {"name": params["name"]}, []),
        "look": lambda _: (look, []),
        "cell": lambda params: (whole_cell(preview.cell(params["row"], params["column"], indent=2)), []),
    }


def test_what_is_waited_for_has_a_round_spinner_beside_it(browser: OfflineBrowser) -> None:
    header = datasets_header(hostile_datasets())
    with alone(browser, "datasets", header, asking(), UNANSWERED, "models") as (opened, _):
        opened.locator(".nbt-models-list tbody button").first.click()
        for width in (400, 1200):
            opened.set_viewport_size({"width": width, "height": 900})
            spinner = opened.locator(".nbt-dataset-look .nbt-spinner").bounding_box()
            assert spinner is not None and spinner["width"] == pytest.approx(spinner["height"], abs=0.1)


def test_a_list_of_hostile_texts_stays_text_under_the_strictest_policy(browser: OfflineBrowser) -> None:
    datasets = hostile_datasets()
    with alone(browser, "datasets", datasets_header(datasets), asking(), bundle="models") as (opened, noted):
        panel = opened.locator(".nbt-live")
        for name in hostile()[:4]:
            panel.locator(".nbt-models-list tbody button", has_text=name).first.click()
            expect(rows(panel)).to_have_count(3)
            panel.locator(".nbt-dataset-left").first.click()
            expect(panel.locator(".nbt-dataset-look pre")).to_be_visible()
        assert panel.locator(FOREIGN).count() == 0
        assert panel.evaluate("panel => panel.scrollWidth <= panel.clientWidth")
        assert opened.evaluate("() => window.refused") == []
        opened.evaluate("html => { document.body.innerHTML = html; }", datasets_snapshot("one", datasets))
        opened.wait_for_timeout(300)
        assert opened.locator(LEFT).count() == 0
        assert noted == []


def test_rows_of_hostile_texts_stay_text_under_the_strictest_policy(browser: OfflineBrowser) -> None:
    preview = hostile_preview()
    with alone(browser, "dataset", dataset_header(preview), asking(), bundle="models") as (opened, noted):
        panel = opened.locator(".nbt-live")
        expect(rows(panel)).to_have_count(3)
        expect(panel.locator("dd").first).to_be_visible()
        for button in panel.locator(".nbt-dataset-left").all()[:4]:
            button.click()
            expect(panel.locator(".nbt-dataset-look pre")).to_be_visible()
        panel.get_by_label("Subset").select_option(index=1)
        assert panel.locator(FOREIGN).count() == 0
        assert panel.evaluate("panel => panel.scrollWidth <= panel.clientWidth")
        assert opened.evaluate("() => window.refused") == []
        opened.evaluate("html => { document.body.innerHTML = html; }", dataset_snapshot("one", preview))
        opened.wait_for_timeout(300)
        assert opened.locator(LEFT).count() == 0
        assert noted == []
