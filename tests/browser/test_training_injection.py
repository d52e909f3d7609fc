"""A training run of hostile texts, under the strictest policy: none runs, in a view or in a saved file; and a million
points that come while one looks, without a stutter."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

import pytest
from browser.alone import alone
from browser.jupyter import OfflineBrowser
from payloads import PAYLOADS
from playwright.sync_api import CDPSession, Page, expect
from rundirs import Written

from nbtransformers.panels.training.methods import methods
from nbtransformers.panels.training.snapshot import training_snapshot
from nbtransformers.panels.training.wire import training_header
from nbtransformers.results.trainingrun import TrainingRun

pytestmark = pytest.mark.browser

GROW = """
// So many steps more, every 100 ms for so many times; how long each frame took meanwhile.
window.grow = async (from, count, times) => {
  const frames = [];
  let [last, isWatched] = [performance.now(), true];
  const watch = now => { frames.push(now - last); last = now; if (isWatched) requestAnimationFrame(watch); };
  requestAnimationFrame(watch);
  for (let time = 0; time < times; time++) {
    const begin = from + time * count;
    const steps = Uint32Array.from({ length: count }, (_, at) => begin + at + 1);
    const value = step => Math.sin(step / 5e4) + (step * 7919 % 997) / 997;
    const values = name => Float32Array.from(steps, step => name.length + value(step));
    const series = [], buffers = [];
    for (const name of ["loss", "lr", "grad_norm", "tokens_per_s"]) {
      series.push({ name, from: begin, points_total: begin + count, last: 1 });
      buffers.push(new DataView(steps.buffer.slice(0)), new DataView(values(name).buffer));
    }
    window.tell("msg:custom", { type: "run", seq: ++window.seq, header: {}, series }, buffers);
    await new Promise(resolve => setTimeout(resolve, 100));
  }
  isWatched = false;
  return frames.slice(1);
};
window.seq = 0;
"""
HOSTILE = [payload for payload in PAYLOADS if payload.strip()]
ALL = " ".join(HOSTILE)


def hostile(path: Path) -> TrainingRun:
    """A run that failed, of hostile names, texts and messages."""
    made = Written(path / "run")
    labels = HOSTILE[:6]
    made.begin(labels=labels)
    made.step(range(1, 51))
    mistakes = [
        {"row": at, "text": text, "expected": text, "predicted": text, "loss": 1.0, "score": 0.5}
        for at, text in enumerate(HOSTILE)
    ]
    confusion = [[at + other for other in range(6)] for at in range(6)]
    by_label = {label: {ALL[:60]: 0.5} for label in labels}
    report = {"confusion": confusion, "labels": labels, "mistakes": mistakes, "by_label": by_label}
    made.evaluate(50, report=report, accuracy=0.5, **dict.fromkeys(HOSTILE[:5], 0.25))
    made.write("best", step=50, metric=HOSTILE[0], value=0.5)
    for text in HOSTILE[:10]:
        made.write("note", text=text)
    made.files.card.write_text(json.dumps({"balance": dict.fromkeys(labels, 3), "text": HOSTILE}), encoding="utf-8")
    made.files.log.write_text("\n".join(HOSTILE), encoding="utf-8", errors="replace")
    made.end("failed", message=ALL, hint=f"Type `{ALL}`.")
    return made.run


@pytest.fixture
def page(browser: OfflineBrowser, tmp_path: Path) -> Iterator[tuple[Page, TrainingRun, list[str]]]:
    """The panel on a page of its own, and what happened that must not."""
    run = hostile(tmp_path)
    header, payload = shown = training_header(run)
    asking = {**methods(run), "run": lambda _: (header, [payload])}
    with alone(browser, "training", shown, asking, GROW) as (opened, noted):
        yield opened, run, noted


FOREIGN = ":is(img, iframe, a, b > b, style, object, form, base, embed, video, link:not([href='/training.css']))"


def test_texts_stay_texts_in_every_view_and_file(page: tuple[Page, TrainingRun, list[str]], tmp_path: Path) -> None:
    opened, _, noted = page
    panel = opened.locator(".nbt-live")
    expect(panel.locator(".u-over").first).to_be_visible()
    panel.get_by_role("button", name="Export").click()
    for name, suffix in (("Picture as SVG", "svg"), ("CSV", "csv")):
        with opened.expect_download() as download:
            panel.get_by_role("button", name=name).click()
        download.value.save_as(tmp_path / f"curves.{suffix}")
    tags = {element.tag.rpartition("}")[2] for element in ElementTree.parse(tmp_path / "curves.svg").iter()}
    assert tags <= {"svg", "title", "rect", "text", "path", "g", "clipPath"}
    table = (tmp_path / "curves.csv").read_bytes().decode()
    assert table.startswith("step,loss,lr,grad_norm,tokens_per_s,evaluation loss,")
    for view, shown in {
        "Evaluation": ".nbt-mistakes li",
        "Log": ".nbt-log-text",
        "Settings": ".nbt-balance",
        "Curves": ".nbt-plot",
    }.items():
        panel.get_by_role("button", name=view, exact=True).click()
        expect(panel.locator(shown).first).to_be_visible()
        opened.wait_for_timeout(100)
        assert panel.locator(FOREIGN).count() == 0
        assert panel.evaluate("panel => panel.scrollWidth <= panel.clientWidth")
    assert noted == []
    assert opened.evaluate("() => window.refused") == []


def test_texts_stay_texts_in_the_snapshot(page: tuple[Page, TrainingRun, list[str]]) -> None:
    opened, run, noted = page
    opened.evaluate("html => { document.body.innerHTML = html; }", training_snapshot("one", run))
    opened.wait_for_timeout(300)
    assert opened.locator(":is(script, iframe, a, object, form, base, embed, video, [onload], [onerror])").count() == 0
    assert noted == []


def busy_ms(session: CDPSession) -> float:
    """How long the page's own thread has worked: on a busy machine a clock would tell of others."""
    told = {one["name"]: one["value"] for one in session.send("Performance.getMetrics")["metrics"]}
    return 1_000 * told["ThreadTime"]


@pytest.mark.slow
def test_a_million_points_come_without_a_stutter(page: tuple[Page, TrainingRun, list[str]]) -> None:
    opened, _, _ = page
    session = opened.context.new_cdp_session(opened)
    session.send("Performance.enable")
    panel = opened.locator(".nbt-live")
    over = panel.locator(".u-over").first
    expect(over).to_be_visible()
    opened.evaluate("() => window.grow(50, 20000, 50)")
    over.hover()
    expect(panel.locator(".nbt-chart figcaption").first).to_contain_text(re.compile(r"step \d{3},\d{3}"))
    before = busy_ms(session)
    # So many at a time that each time all is drawn.
    frames = sorted(opened.evaluate("() => window.grow(1000050, 2000, 20)"))
    each = (busy_ms(session) - before) / 20
    print(f"{each:.0f} ms of work each time; a frame takes {frames[len(frames) // 2]:.0f} ms, at most {frames[-1]:.0f}")
    assert each < 400  # far less than the 100 ms until the next on most machines
