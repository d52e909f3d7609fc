"""Training runs of hostile names, texts and messages, under the strictest policy: none runs, in a view or in a file."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from browser.alone import alone
from browser.jupyter import OfflineBrowser
from payloads import PAYLOADS
from playwright.sync_api import Page, expect
from rundirs import REQUEST, Written

from nbtransformers.doors.runmodel import RunModel
from nbtransformers.panels.runs import offers
from nbtransformers.panels.runs.actions import actions
from nbtransformers.panels.runs.follow import Follower
from nbtransformers.panels.runs.snapshot import runs_snapshot
from nbtransformers.panels.runs.wire import runs_header
from nbtransformers.panels.widget import Panel
from nbtransformers.request import DataRef, ModelRef
from nbtransformers.results.runs import Runs
from nbtransformers.results.trainingrun import TrainingRun
from nbtransformers.rundir.atomic import write_json

pytestmark = pytest.mark.browser

HOSTILE = [payload for payload in PAYLOADS if payload.strip()]
ALL = " ".join(HOSTILE)
NAME = "<img src=x onerror=alert(1)>"
FOREIGN = ":is(img, iframe, a, b > b, style, object, form, base, embed, video, link:not([href='/runs.css']))"


def hostile(folder: Path) -> Runs:
    """Runs whose names, data, models, settings, metrics and messages all want to be more than text."""
    for number, (name, state) in enumerate((("a-1", "failed"), (NAME, "done"))):
        asked = replace(
            REQUEST,
            data=DataRef("variable", HOSTILE[number]),
            model=ModelRef("hub", HOSTILE[number + 1]),
            arguments={"output_dir": ALL, HOSTILE[number + 2]: HOSTILE[number + 3]},
        )
        made = Written(folder / name, alive=False, request=asked)
        made.begin(labels=HOSTILE[:4])
        made.step(range(1, 51))
        metrics: dict[str, Any] = dict.fromkeys(HOSTILE[:5], 0.25)
        made.evaluate(50, accuracy=0.5, **metrics)
        made.write("best", step=50, metric=HOSTILE[0], value=0.25)
        made.end(state, message=ALL, hint=f"Type `{ALL}`.")
        made.files.data.mkdir()
        write_json(made.files.data / "description.json", {"training_task": "classification", "labels": HOSTILE})
        made.files.model.mkdir()
        (made.files.model / "config.json").write_text("{}", encoding="utf-8")
    return Runs.of(folder, TrainingRun)


@pytest.fixture
def page(
    browser: OfflineBrowser, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[Page, Runs, list[str]]]:
    """The panel on a page of its own, and what happened that must not."""
    monkeypatch.chdir(tmp_path)
    offers.offer(RunModel())
    runs = hostile(tmp_path / "runs")
    panel = Panel()
    panel.header, panel.payload = runs_header(runs)
    panel.follower = Follower(runs, panel)
    asking = {**actions(runs, panel), "runs": lambda _: (panel.follower.whole(), [])}
    with alone(browser, "runs", (panel.header, panel.payload), asking) as (opened, noted):
        yield opened, runs, noted
    panel.close()


def test_texts_stay_texts_in_every_view_and_file(page: tuple[Page, Runs, list[str]], tmp_path: Path) -> None:
    opened, _, noted = page
    panel = opened.locator(".nbt-live")
    expect(panel.locator(".u-over")).to_be_visible()
    expect(panel.locator(".nbt-run-differences")).to_be_visible()
    expect(panel.get_by_text(NAME, exact=True).first).to_be_visible()
    panel.get_by_role("button", name=f"Model… {NAME}").click()
    expect(panel.locator(".nbt-run-model code")).to_contain_text("%%classify --model")
    panel.get_by_role("combobox", name="Curve").select_option(HOSTILE[0])
    panel.get_by_role("button", name="Export").click()
    for files, name in enumerate(("Table as CSV", "Curves as CSV", "SVG"), start=1):
        panel.get_by_role("button", name=name, exact=True).click()
        expect(panel.get_by_role("button", name=name, exact=True)).to_be_enabled()
        assert len([path for path in tmp_path.iterdir() if path.is_file()]) == files, name
    with opened.expect_download() as download:
        panel.get_by_role("button", name="Picture as SVG").click()
    download.value.save_as(tmp_path / "seen.svg")
    drawn = {element.tag.rpartition("}")[2] for element in ElementTree.parse(tmp_path / "seen.svg").iter()}
    assert drawn <= {"svg", "title", "rect", "text", "path", "g", "clipPath"}
    for along in ("Epoch", "Time"):
        panel.get_by_role("button", name=along, exact=True).click()
        expect(panel.locator(".u-over")).to_be_visible()
    assert panel.locator(FOREIGN).count() == 0
    assert panel.evaluate("panel => panel.scrollWidth <= panel.clientWidth")
    assert noted == []
    assert opened.evaluate("() => window.refused") == []


def test_texts_stay_texts_in_the_snapshot(page: tuple[Page, Runs, list[str]]) -> None:
    opened, runs, noted = page
    opened.evaluate("html => { document.body.innerHTML = html; }", runs_snapshot("one", runs))
    opened.wait_for_timeout(300)
    expect(opened.get_by_text(NAME, exact=True).first).to_be_attached()
    assert opened.locator(":is(script, iframe, a, img, object, form, base, embed, video, [onload])").count() == 0
    assert noted == []
