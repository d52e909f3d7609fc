"""What the panel looks like: it follows the host's theme, and needs no more than a strict policy allows."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from browser.jupyter import JupyterServer, OfflineBrowser
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.browser

CELLS = ["%load_ext nbtransformers", "%%classify --labels politics,sport\nThe parliament voted.\nShe scored twice."]


# What lies behind a transparent ground is what one sees.
_COLOUR = """(element, what) => {
    let seen = element;
    const colour = () => getComputedStyle(seen)[what];
    while (what === 'backgroundColor' && /, 0\\)$/.test(colour()) && seen.parentElement) seen = seen.parentElement;
    return colour().match(/[\\d.]+/g).slice(0, 3).map(Number);
}"""


def luminance(page: Page, selector: str, what: str) -> float:
    """Relative luminance of a colour that the page really shows, from 0 to 1."""
    red, green, blue = page.locator(selector).first.evaluate(_COLOUR, what)
    return (0.2126 * red + 0.7152 * green + 0.0722 * blue) / 255


@pytest.mark.parametrize(("theme", "dark"), [("JupyterLab Light", False), ("JupyterLab Dark", True)])
def test_the_panel_follows_the_theme(browser: OfflineBrowser, tmp_path: Path, theme: str, dark: bool) -> None:
    page = browser.page()
    with JupyterServer(tmp_path, theme=theme) as server:
        server.write("t.ipynb", CELLS)
        notebook = server.open(page, "t.ipynb")
        notebook.run_all()
        expect(notebook.panel(1)).to_be_visible()
        ground, ink = (luminance(page, ".nbt-live", what) for what in ("backgroundColor", "color"))
        assert (ground < 0.25) if dark else (ground > 0.9)
        assert abs(ground - ink) > 0.5
        page.context.close()


@pytest.mark.parametrize("width", [1000, 380])
def test_every_state_renders_under_a_strict_policy(browser: OfflineBrowser, every_state: str, width: int) -> None:
    page = browser.page(width=width)
    refused: list[Any] = []
    page.on("console", lambda message: message.type in {"error", "warning"} and refused.append(message.text))
    page.goto(every_state)
    page.wait_for_timeout(300)
    assert page.locator(".nbt-live").count() >= 12
    assert refused == []
    overflow = page.evaluate("() => document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert overflow <= 0, "nothing sticks out of a narrow page"
    page.context.close()


def test_the_demo_page_needs_no_kernel_and_no_network(browser: OfflineBrowser, tmp_path: Path) -> None:
    command = [
        shutil.which("python") or "python",
        "-m",
        "nbtransformers",
        "demo",
        "--headless",
        "--folder",
        str(tmp_path),
    ]
    done = subprocess.run(command, check=True, capture_output=True, text=True, env=dict(os.environ), cwd=tmp_path)
    assert "A joy from the first frame to the last." in done.stdout
    page = browser.page()
    before = len(browser.outside)
    page.goto((tmp_path / "quickstart.html").as_uri())
    expect(page.locator(".nbt-snapshot").first).to_be_visible()
    expect(page.locator("body")).to_contain_text("A joy from the first frame to the last.")
    expect(page.locator("body")).to_contain_text("missing")
    assert browser.outside[before:] == []
    assert page.locator("script[src]").count() == 0
    page.context.close()
