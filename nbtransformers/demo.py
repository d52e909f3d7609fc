"""The quickstart notebook: opened in JupyterLab, or run here and written as HTML."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from nbtransformers.errors import UserError

_NAME = "quickstart.ipynb"
_TIMEOUT_SECONDS = 900

# nbconvert's own page fetches MathJax, RequireJS and Mermaid from a CDN; ours fetches nothing.
_OFFLINE_TEMPLATE = """{% extends 'lab/index.html.j2' %}
{% block html_head_js %}{% endblock %}
{% block html_head_js_mathjax %}{% endblock %}
{% block html_head_js_mermaidjs %}{% endblock %}
{% block jupyter_widgets %}{% endblock %}
"""


def open_lab(folder: str, browser: bool = True) -> int:
    """Open the quickstart in JupyterLab; it runs until the user ends it.

    Args:
        folder: where the notebook goes; what is changed there stays.
        browser: whether to open one, or only to print the address.

    Raises:
        UserError: when JupyterLab is not installed.
    """
    _require("jupyterlab")
    notebook = _copied(Path(folder))
    command = [sys.executable, "-m", "jupyterlab", str(notebook)]
    if not browser:
        command.append("--no-browser")
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        command.append("--allow-root")  # in a container there is often nobody else, and it listens on this machine only
    return subprocess.call(command)


def run_headless(folder: str) -> int:
    """Run the quickstart without a browser, print what its cells show, and write it as one HTML file.

    The notebook is written too, with its outputs, unless there is one already: that one is the user's.

    Raises:
        UserError: when a package is missing or a cell fails.
    """
    _require("nbclient")
    _require("nbconvert")
    import nbformat
    from nbclient import NotebookClient
    from nbclient.exceptions import CellExecutionError

    path = Path(folder) / _NAME
    path.parent.mkdir(parents=True, exist_ok=True)
    notebook: Any = nbformat.read(_source(), as_version=4)
    client = NotebookClient(
        notebook,
        timeout=_TIMEOUT_SECONDS,
        kernel_name="python3",
        resources={"metadata": {"path": str(path.parent)}},
        store_widget_state=False,  # the snapshots tell it all
        extra_arguments=["--IPKernelApp.log_level=40"],  # errors only: a warning about sockets helps no newcomer
    )
    try:
        client.execute()
    except CellExecutionError as error:
        raise UserError(
            f"A cell of {path} failed: {error.ename}: {error.evalue}.", hint="Type `nbtransformers doctor`."
        ) from error
    if not path.exists():
        nbformat.write(notebook, path)
    for cell in notebook.cells:
        if cell.cell_type == "code" and (said := _plain_outputs(cell)):
            print(f"{_first_line(cell.source)}\n\n{said}\n")
    page = path.with_suffix(".html")
    page.write_text(_as_html(notebook), encoding="utf-8")
    print(f"Written: {page}")
    return 0


def _copied(folder: Path) -> Path:
    """The notebook in a folder of the user's; what they changed in it stays."""
    target = folder / _NAME
    if not target.exists():
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(_source(), target)
    return target


def _source() -> Path:
    here = Path(__file__).parent
    places = (here / "notebooks" / _NAME, here.parent / "notebooks" / _NAME)  # in the wheel, in a checkout
    return next(place for place in places if place.exists())


def _require(package: str) -> None:
    if find_spec(package) is None:
        raise UserError(f"{package} is not installed.", hint='Type `pip install "nbtransformers[demo]"`.')


def _plain_outputs(cell: Any) -> str:
    texts: list[str] = []
    for output in cell.outputs:
        if output.output_type == "stream" and output.name == "stdout":
            texts.append(output.text)
        elif "data" in output:
            texts.append(output.data.get("text/plain", ""))
    return "\n".join(text.strip("\n") for text in texts if text.strip())


def _first_line(source: str) -> str:
    return next((line for line in source.splitlines() if line.strip()), "")


def _as_html(notebook: Any) -> str:
    from jinja2 import DictLoader
    from nbconvert import HTMLExporter

    exporter = HTMLExporter(
        extra_loaders=[DictLoader({"offline.html.j2": _OFFLINE_TEMPLATE})], template_file="offline.html.j2"
    )
    return exporter.from_notebook_node(notebook)[0]
