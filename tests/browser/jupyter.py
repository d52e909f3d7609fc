"""A private Jupyter server and an offline Chromium, for tests that look at the real thing."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Generator, Sequence
from pathlib import Path
from typing import Any, Literal

import nbformat
from hub import Hub
from playwright.sync_api import Browser, Page, Playwright, Route

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
]
App = Literal["lab", "notebook"]
_SETTINGS = {
    "@jupyterlab/apputils-extension/notification": {
        "fetchNews": "false",
        "checkForUpdates": False,
        "doNotDisturbMode": True,
    },
    # Every cell is rendered, and a notebook starts its kernel without asking.
    "@jupyterlab/notebook-extension/tracker": {"windowingMode": "none", "autoStartDefaultKernel": True},
}


class JupyterServer:
    """A server with folders of its own, ended by its process id.

    Args:
        folder: for all that it writes; the same folder again is the same user, whose notebooks are trusted.
        app: JupyterLab or Notebook 7.
        theme: the theme it opens with.
        root: where the notebooks are; in `folder` unless given.
    """

    def __init__(
        self, folder: Path, app: App = "lab", theme: str = "JupyterLab Light", root: Path | None = None
    ) -> None:
        self.app: App = app
        self.root = root or folder / "root"
        self.root.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._write_settings({**_SETTINGS, "@jupyterlab/apputils-extension/themes": {"theme": theme}})

    def _write_settings(self, settings: dict[str, dict[str, Any]]) -> None:
        for name, values in settings.items():
            path = self._folder / "settings" / f"{name}.jupyterlab-settings"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(json.dumps(values))

    def __enter__(self) -> JupyterServer:
        environment = dict(os.environ)
        for name in ("CONFIG", "DATA", "RUNTIME"):
            environment[f"JUPYTER_{name}_DIR"] = str(self._folder / name.lower())
        environment["JUPYTERLAB_SETTINGS_DIR"] = str(self._folder / "settings")
        environment["JUPYTERLAB_WORKSPACES_DIR"] = str(self._folder / "workspaces")
        expose = "LabApp" if self.app == "lab" else "JupyterNotebookApp"
        command = [
            *(sys.executable, "-m", "jupyterlab" if self.app == "lab" else "notebook"),
            *("--no-browser", "--allow-root", "--ip=127.0.0.1", f"--ServerApp.port={self.port}"),
            *("--ServerApp.port_retries=0", "--IdentityProvider.token=", f"--ServerApp.root_dir={self.root}"),
            f"--{expose}.expose_app_in_browser=True",
        ]
        self._log = (self._folder / "server.log").open("w")
        self._process = subprocess.Popen(
            command, env=environment, stdout=self._log, stderr=subprocess.STDOUT, start_new_session=True
        )
        self._wait_until_up()
        return self

    def _wait_until_up(self, seconds: float = 60) -> None:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline and self._process.poll() is None:
            with contextlib.suppress(OSError):
                urllib.request.urlopen(f"{self.url}/api/status", timeout=1).read()
                return
            time.sleep(0.1)
        raise RuntimeError((self._folder / "server.log").read_text()[-3000:])

    def __exit__(self, *error: object) -> None:
        with contextlib.suppress(OSError):
            for kernel in json.load(urllib.request.urlopen(f"{self.url}/api/kernels", timeout=5)):
                request = urllib.request.Request(f"{self.url}/api/kernels/{kernel['id']}", method="DELETE")
                urllib.request.urlopen(request, timeout=10)
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
        self._log.close()

    def write(self, name: str, cells: Sequence[str]) -> Path:
        """A notebook of code cells."""
        notebook = nbformat.v4.new_notebook(
            cells=[nbformat.v4.new_code_cell(cell) for cell in cells],
            metadata={"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}},
        )
        nbformat.write(notebook, self.root / name)
        return self.root / name

    def open(self, page: Page, name: str) -> Notebook:
        """A notebook in a page, its kernel idle."""
        page.goto(f"{self.url}/{'doc/tree' if self.app == 'lab' else 'notebooks'}/{name}")
        page.wait_for_function("() => window.jupyterapp && window.jupyterapp.shell", timeout=60_000)
        page.wait_for_selector(".jp-Notebook .jp-CodeCell", timeout=60_000)
        notebook = Notebook(page, self.root / name)
        notebook.wait_idle()
        return notebook


# A sync arrow: an async predicate is a promise, which wait_for_function takes for true at once.
_IDLE = """() => {
  const widget = window.jupyterapp.shell.currentWidget;
  const context = widget && (widget.sessionContext || (widget.context && widget.context.sessionContext));
  return !!(context && context.session && context.session.kernel && context.session.kernel.status === 'idle');
}"""
_ALL_RUN = """() => {
  const prompts = [...document.querySelectorAll('.jp-Notebook .jp-CodeCell .jp-InputPrompt')].map(e => e.textContent);
  return prompts.length > 0 && prompts.every(text => /\\[\\d+\\]/.test(text));
}"""


class Notebook:
    """A notebook that is open in a page."""

    def __init__(self, page: Page, path: Path) -> None:
        self.page, self.path = page, path

    def wait_idle(self, seconds: float = 60) -> None:
        """Until the kernel is idle."""
        self.page.wait_for_function(_IDLE, timeout=seconds * 1000)

    def run_all(self, seconds: float = 180, wait: bool = True) -> None:
        """Run every cell."""
        self.command("notebook:run-all-cells")
        if wait:
            self.page.wait_for_function(_ALL_RUN, timeout=seconds * 1000)
            self.wait_idle(seconds)

    def run_code(self, number: int, source: str) -> str:
        """Put code into a cell, run it alone, and give back its text output: what Python saw."""
        self.page.evaluate(
            """([number, source]) => {
                const content = window.jupyterapp.shell.currentWidget.content;
                content.activeCellIndex = number;
                content.activeCell.model.sharedModel.setSource(source);
            }""",
            [number, source],
        )
        self.page.evaluate("() => window.jupyterapp.commands.execute('notebook:run-cell')")
        self.page.wait_for_function(
            """number => /\\[\\d+\\]/.test(document.querySelectorAll('.jp-Notebook .jp-Cell')[number]
                .querySelector('.jp-InputPrompt').textContent)""",
            arg=number,
        )
        self.wait_idle()
        return "\n".join(self.cell(number).locator(".jp-OutputArea-output").all_inner_texts())

    def python(self, expression: str) -> Any:
        """What an expression is in Python, through the notebook's last cell."""
        last = self.page.locator(".jp-Notebook .jp-Cell").count() - 1
        said = self.run_code(last, f"import json; print(json.dumps({expression}))")
        return json.loads(said.strip().splitlines()[-1])

    def command(self, name: str) -> None:
        """Run one of the application's commands, without waiting for it."""
        self.page.evaluate("name => { window.jupyterapp.commands.execute(name); }", name)

    def save(self) -> None:
        """Save, and wait for it."""
        self.page.evaluate("() => window.jupyterapp.commands.execute('docmanager:save')")

    def cell(self, number: int) -> Any:
        """One cell, as a locator."""
        return self.page.locator(".jp-Notebook .jp-Cell").nth(number)

    def panel(self, number: int) -> Any:
        """The live panel of a cell."""
        return self.cell(number).locator(".nbt-live")


_KNOWN = ("favicon", "reading 'processLuminoMessage'", "Could not restore the debugger state")

# anywidget gives a widget two seconds to begin, and says this when a busy page takes longer.
LATE = "[anywidget] Failed to initialize model."
# Has those seconds be over before any bundle can have been read.
HURRY = "const own = AbortSignal.timeout.bind(AbortSignal); AbortSignal.timeout = ms => own(ms === 2000 ? 0 : ms);"


class OfflineBrowser:
    """Chromium that reaches nothing but this machine, and remembers what it was asked for and what went wrong."""

    def __init__(self, playwright: Playwright) -> None:
        self._browser: Browser = playwright.chromium.launch(
            executable_path=os.environ.get("NBT_CHROMIUM") or None, headless=True, args=FLAGS
        )
        self.outside: list[str] = []
        self._errors: dict[Page, list[str]] = {}

    def page(self, width: int = 1200, height: int = 1000, **options: Any) -> Page:
        """A new page in a context of its own."""
        context = self._browser.new_context(viewport={"width": width, "height": height}, **options)
        page = context.new_page()
        page.route(re.compile(".*"), self._only_here)
        errors = self._errors.setdefault(page, [])
        page.on("console", lambda message: message.type == "error" and errors.append(message.text))
        page.on("pageerror", lambda error: errors.append(str(error)))
        return page

    def errors(self, page: Page) -> list[str]:
        """What went wrong in a page, but for what is no defect of it.

        A server that has no icon; a widget of ipywidgets that is taken away in the moment in which it comes hears a
        message of JupyterLab's after it has let go of its view, and that has no further effect; and JupyterLab's
        debugger asks a kernel in the moment in which that is restarted.
        """
        return [error for error in self._errors[page] if not any(known in error for known in _KNOWN)]

    def _only_here(self, route: Route) -> None:
        address = route.request.url
        if address.startswith(("http://127.0.0.1", "data:", "blob:", "file:")):
            route.continue_()
        else:
            self.outside.append(address)
            route.abort()

    def close(self) -> None:
        """End the browser."""
        self._browser.close()


def free_port() -> int:
    """A port of this machine that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextlib.contextmanager
def opened(browser: OfflineBrowser, server: JupyterServer, name: str, cells: Sequence[str]) -> Generator[Notebook]:
    """A notebook of these cells, all run, in a page of its own; nothing may go wrong in it."""
    page = browser.page(height=1400)
    server.write(f"{name}.ipynb", cells)
    notebook = server.open(page, f"{name}.ipynb")
    notebook.run_all()
    yield notebook
    assert browser.errors(page) == []
    page.context.close()


def led_to(hub: Hub, home: Path) -> str:
    """What a cell says to ask this Hub, with a cache of its own, and to load the extension."""
    variables = hub.environment(home / "cache") | {"HF_HOME": str(home)}
    return f"import os\nos.environ.update({variables!r})\n%load_ext nbtransformers\nimport nbtransformers as nbt"
