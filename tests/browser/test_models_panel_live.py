"""The panel of models in a real JupyterLab, with a Hub on this machine: found, looked at, fetched, used; by keys."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from typing import Any

import helpers
import pytest
import torch
from browser.alone import alone
from browser.jupyter import JupyterServer, Notebook, OfflineBrowser, led_to, opened
from browser.listpanel import looked_at, names, panel_of
from helpers import until
from hub import Hub, serving
from hubonline import bulky_files
from hubrepos import Repository, repository
from payloads import MARKUP
from playwright.sync_api import expect

from nbtransformers.panels.models.offers import Cell
from nbtransformers.panels.models.snapshot import models_snapshot
from nbtransformers.panels.models.wire import detail_of, fit_of, list_of, models_header
from nbtransformers.request.catalog import ModelsRequest
from nbtransformers.results.memory import Memory
from nbtransformers.results.modelcard import ModelCard
from nbtransformers.results.models import PASSES, ModelEntry, Models

pytestmark = pytest.mark.browser

WAIT_MS = 120_000
HOSTILE = "<img src=x onerror=alert(1)>"


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hub]:
    folder = tmp_path_factory.mktemp("models")
    helpers.classifier().save_pretrained(folder / "tiny")
    helpers.tokenizer().save_pretrained(folder / "tiny")
    shutil.copytree(folder / "tiny", folder / "pickled")
    (folder / "pickled" / "model.safetensors").unlink()
    torch.save(helpers.classifier().state_dict(), folder / "pickled" / "pytorch_model.bin")
    hostile = f"license: {json.dumps(HOSTILE)}\nlanguage: en\ndatasets: [{json.dumps(HOSTILE)}]"
    made = Hub(
        models={
            "acme/reviewer": repository(folder / "tiny", "license: mit\nlanguage: [en, de]", downloads=900),
            "acme/hostile": repository(folder / "tiny", hostile, downloads=800),
            f"acme/{HOSTILE}": repository(folder / "tiny", hostile, downloads=700),
            "other/pickled": repository(folder / "pickled", downloads=2),
            "acme/bulky": Repository(bulky_files(2_000), downloads=1, bytes_per_s=500_000),
        }
    )
    with serving(made) as running:
        yield running


@pytest.fixture(scope="module")
def notebook(
    hub: Hub, lab: JupyterServer, browser: OfflineBrowser, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Notebook]:
    setup = led_to(hub, tmp_path_factory.mktemp("home"))
    with opened(browser, lab, "models", [setup, "%models acme", "0"]) as running:
        yield running


def detail(notebook: Notebook, name: str) -> Any:
    """All that is known of a model, once it is clicked."""
    return looked_at(notebook, "model", name)


def test_the_hub_answers_while_one_types(notebook: Notebook, hub: Hub) -> None:
    panel = panel_of(notebook)
    search = panel.get_by_role("searchbox", name="Search models by name")
    expect(names(panel)).to_have_count(4)
    search.fill("")
    expect(names(panel).first).to_have_text("minilm")
    asked = len(hub.asked)
    search.press_sequentially("acme/rev", delay=20)
    expect(names(panel)).to_have_text(["acme/reviewer"])
    assert len(hub.asked) - asked < len("acme/rev")
    search.fill("acme")
    expect(names(panel)).to_have_count(4)
    panel.get_by_label("Language").fill("de")
    expect(names(panel)).to_have_text(["acme/reviewer"])
    panel.get_by_label("Language").fill("german")
    expect(panel.get_by_role("alert")).to_contain_text("“Language” is 'german'")
    panel.get_by_role("button", name="Clear the filter").click()
    expect(names(panel)).to_have_count(4)
    panel.get_by_label("Sort").select_option("name")
    expect(names(panel).first).to_have_text(f"acme/{HOSTILE}")
    panel.get_by_label("Sort").select_option("downloads")
    expect(names(panel).first).to_have_text("acme/reviewer")


def test_a_click_shows_all_that_is_known_and_whether_it_fits(notebook: Notebook) -> None:
    shown = detail(notebook, "acme/reviewer")
    expect(shown).to_contain_text("The load gate lets it pass.", timeout=WAIT_MS)
    expect(shown.locator("dl")).to_contain_text("en, de")
    fit = shown.get_by_role("region", name="Does it fit?")
    expect(fit).to_contain_text("16 texts of 32 tokens at once", timeout=WAIT_MS)
    assert notebook.python("1 + 1") == 2
    fit.get_by_label("Texts at once").fill("2")
    expect(fit).to_contain_text("2 texts of 32 tokens at once", timeout=WAIT_MS)
    expect(fit.locator("tbody tr").first).to_contain_text(re.compile("inference.*(yes|no)"))
    fit.get_by_label("Texts at once").fill("0")
    expect(fit.get_by_role("alert")).to_have_text(
        "“Texts at once” is 0. Type a whole number of 1 or more: 1.", timeout=WAIT_MS
    )


def test_the_model_that_is_looked_at_is_what_is_selected(notebook: Notebook) -> None:
    selected = "__import__('nbtransformers').selected(Out[2]).index.tolist()"
    shown = detail(notebook, "acme/reviewer")
    until(lambda: notebook.python(selected) == ["acme/reviewer"])
    panel = panel_of(notebook)
    panel.get_by_role("searchbox", name="Search models by name").fill("acme")
    expect(names(panel)).to_have_count(4)
    expect(shown).to_be_visible()
    assert notebook.python(selected) == ["acme/reviewer"]
    last = panel.locator(".nbt-models-list tbody tr").last.locator("button").inner_text()
    set_last = "(setattr(__import__('nbtransformers').panel(Out[2]), 'selection', [3]), None)[1]"
    assert notebook.python(set_last) is None
    expect(panel.get_by_role("region", name=f"The model {last}", exact=True)).to_be_visible()
    assert notebook.python(set_last.replace("[3]", "[]")) is None
    expect(panel.locator(".nbt-models-detail")).to_have_count(0)


def test_a_download_is_cancelled_and_gone_on_with(notebook: Notebook) -> None:
    shown = detail(notebook, "acme/bulky")
    shown.get_by_role("button", name="Download (2.0 MB)").click()
    expect(shown.get_by_role("progressbar")).to_have_attribute("aria-valuemax", "2", timeout=WAIT_MS)
    assert notebook.python("1 + 1") == 2  # the kernel is free
    shown.get_by_role("button", name="Stop").click()
    expect(shown).to_contain_text("are kept. Press the button again to go on.")
    expect(shown.locator(".nbt-tools").first).to_contain_text(re.compile(r"of 2\.0 MB here"), timeout=WAIT_MS)
    expect(panel_of(notebook).locator(".nbt-models-list tbody")).to_contain_text("cached, part")
    shown.get_by_role("button", name="Go on with the download").click()
    expect(shown).to_contain_text("It went on from", timeout=WAIT_MS)
    expect(panel_of(notebook).locator(".nbt-models-place").first).to_have_text("cached")
    expect(shown.get_by_role("button", name=re.compile("ownload"))).to_have_count(0)


def test_a_model_is_used_at_its_commit(notebook: Notebook) -> None:
    shown = detail(notebook, "acme/reviewer")
    shown.get_by_role("checkbox", name=re.compile("Pin the revision")).check()
    shown.get_by_role("button", name="Use in this session").click()
    expect(shown).to_contain_text("is the default of this session")
    default = "__import__('nbtransformers.settings').settings.default('model').value"
    assert re.fullmatch(r"acme/reviewer@[0-9a-f]{40}", notebook.python(default))
    before = notebook.page.locator(".jp-Notebook .jp-Cell").count()
    shown.get_by_role("button", name="Insert as cell").click()
    expect(notebook.page.locator(".jp-Notebook .jp-Cell")).to_have_count(before + 1)
    source = notebook.page.evaluate(
        "() => window.jupyterapp.shell.currentWidget.content.widgets[2].model.sharedModel.getSource()"
    )
    assert source.startswith("%%classify --model acme/reviewer@")
    notebook.run_code(2, source)
    assert notebook.python("_.run.model").startswith("acme/reviewer@")


def test_a_slip_in_a_name_is_asked_back(notebook: Notebook) -> None:
    panel = panel_of(notebook)
    panel.get_by_role("searchbox", name="Search models by name").fill("reviwer")
    expect(panel.locator(".nbt-models-none")).to_contain_text("Did you mean one of these?", timeout=WAIT_MS)
    panel.get_by_role("button", name="acme/reviewer", exact=True).click()
    expect(names(panel)).to_have_text(["acme/reviewer"])
    expect(panel.get_by_role("searchbox", name="Search models by name")).to_have_value("acme/reviewer")


def test_pickled_weights_are_loaded_once_they_are_allowed(notebook: Notebook) -> None:
    shown = detail(notebook, "other/pickled")
    expect(shown).to_contain_text("a pickle can hold code. Tick “Load pickled weights”", timeout=WAIT_MS)
    fetch = shown.get_by_role("button", name=re.compile("^Download"))
    expect(fetch).to_be_disabled()
    shown.get_by_role("checkbox", name=re.compile("Load pickled weights")).check()
    fetch.click()
    expect(shown).to_contain_text("Downloaded other/pickled", timeout=WAIT_MS)
    line = shown.get_by_role("region", name="To use it once").locator("pre").inner_text()
    assert line.startswith("%%classify --model other/pickled --allow-pickle\n")
    notebook.run_code(2, line)
    assert notebook.python("_.run.model").partition("@")[0] == "other/pickled"


def test_the_keys_are_enough(notebook: Notebook) -> None:
    panel, keys = panel_of(notebook), notebook.page.keyboard
    search = panel.get_by_role("searchbox", name="Search models by name")
    search.fill("acme")
    expect(names(panel)).to_have_count(4)
    search.focus()
    keys.press("ArrowDown")
    expect(names(panel).nth(0)).to_be_focused()
    keys.press("End")
    expect(names(panel).nth(3)).to_be_focused()
    keys.press("Home")
    keys.press("ArrowDown")
    keys.press("Enter")
    name = names(panel).nth(1).inner_text()
    shown = panel.get_by_role("region", name=f"The model {name}", exact=True)
    expect(shown).to_contain_text("The load gate lets it pass.", timeout=WAIT_MS)
    keys.press("Tab")
    expect(shown.get_by_role("button", name=f"Close {name}")).to_be_focused()
    keys.press("Escape")
    expect(shown).to_have_count(0)
    expect(names(panel).nth(1)).to_be_focused()


def test_what_the_hub_says_stays_text(notebook: Notebook) -> None:
    expect(detail(notebook, "acme/hostile").locator("dl")).to_contain_text(HOSTILE)
    expect(detail(notebook, f"acme/{HOSTILE}").get_by_role("alert")).to_contain_text(HOSTILE)
    expect(notebook.cell(1).locator(".nbt-snapshot").first).to_contain_text(HOSTILE)
    assert notebook.cell(1).locator(":is(.nbt-live, .nbt-snapshot) img").count() == 0


@pytest.mark.parametrize("width", [400, 1600])
def test_all_of_a_download_is_in_sight(browser: OfflineBrowser, width: int) -> None:
    task = "automatic-speech-and-feature-extraction"
    entry = ModelEntry("acme/bulky", "hub", task, revision="0" * 40, gate=PASSES, download_bytes=24_600_000)
    models = Models(ModelsRequest(), (entry,))
    asking: dict[str, Any] = {
        "state": lambda _: ({"listed": list_of(models, 0), "downloads": {}, "default": None}, []),
        "glance": lambda _: ({"known": None}, []),
        "detail": lambda _: (detail_of(entry, None), []),
        "fit": lambda _: (
            fit_of(ModelCard(entry, None, "cpu", 16, 512, {"inference": Memory(weights=1)}, 1, "", ())),
            [],
        ),
    }
    message = "Downloading acme/bulky-with-a-long-name at 89abcde, of which most is here"
    progress = {"stage": "loading", "message": message, "done": 21, "total": 246, "unit": "MB"}
    news = {"acme/bulky": {"state": "running", "progress": {**progress, "tokens_per_s": None, "eta_s": 80}, "said": ""}}
    with alone(browser, "models", models_header(models), asking) as (opened, _):
        opened.set_viewport_size({"width": width, "height": 1000})
        opened.locator(".nbt-models-list tbody button").first.click()
        expect(opened.get_by_role("button", name="Use in this session")).to_be_visible()
        told = {"type": "models", "downloads": news, "listed": None}
        opened.evaluate("news => window.tell('msg:custom', news)", told)
        panel = opened.locator(".nbt-live")
        frame = panel.bounding_box()
        assert frame is not None
        for button in (panel.get_by_role("button", name="Stop"), panel.get_by_role("button", name="Close acme/bulky")):
            expect(button).to_be_visible()
            box = button.bounding_box()
            assert box is not None and box["x"] + box["width"] <= frame["x"] + frame["width"]
        detail = panel.locator(".nbt-models-detail")
        assert detail.evaluate("one => one.scrollWidth <= one.clientWidth")


def test_texts_stay_texts_under_the_strictest_policy(browser: OfflineBrowser) -> None:
    hostile = [text for text in MARKUP if text.strip()]
    made = tuple(
        ModelEntry(
            *(text, "hub", text, text),
            languages=(text,),
            licence=text,
            training_data=(text,),
            description=text,
            revision="0" * 40,
            gate=f"Type `{text}`.",
            passes_with=("allow-pickle", "trust-remote-code"),
        )
        for text in hostile
    )
    models = Models(ModelsRequest(search=" ".join(hostile)), made, "/next", tuple(hostile[:2]))
    memory = dict.fromkeys(hostile[:3], Memory(weights=1))
    asking: dict[str, Any] = {
        "state": lambda _: ({"listed": list_of(models, 0), "downloads": {}, "default": hostile[0]}, []),
        "glance": lambda _: ({"known": None}, []),
        "detail": lambda params: (
            detail_of(next(one for one in made if one.name == params["name"]), Cell(*hostile[:5])),
            [],
        ),
        "fit": lambda _: (
            fit_of(ModelCard(made[0], None, hostile[0], 1, 1, memory, 1, f"`{hostile[1]}`", tuple(hostile))),
            [],
        ),
    }
    with alone(browser, "models", models_header(models), asking) as (opened, noted):
        panel = opened.locator(".nbt-live")
        for name in hostile[:4]:
            panel.locator(".nbt-models-list tbody button", has_text=name).first.click()
            expect(panel.locator(".nbt-models-fit table")).to_be_visible()
            expect(panel.locator("dd").first).to_be_visible()
        foreign = ":is(img, iframe, a, style, object, form, base, embed, video, link:not([href='/models.css']))"
        assert panel.locator(foreign).count() == 0
        assert panel.evaluate("panel => panel.scrollWidth <= panel.clientWidth")
        assert opened.evaluate("() => window.refused") == []
        opened.evaluate("html => { document.body.innerHTML = html; }", models_snapshot("one", models))
        opened.wait_for_timeout(300)
        assert opened.locator(":is(script, iframe, a, img, object, form, base, embed, video, [onload])").count() == 0
        assert noted == []
