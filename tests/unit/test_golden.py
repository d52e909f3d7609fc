"""The golden files are what the scripts beside them write: whoever changes a wire changes both."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

GOLDEN = Path(__file__).parent.parent / "golden"
WRITERS = {path.stem.removeprefix("make_"): path.name for path in sorted(GOLDEN.glob("make_*.py"))}
WRITERS.pop("languages")  # of a table of the package, and from what babel has that is installed


@pytest.mark.parametrize("name", WRITERS)
def test_a_golden_file_is_what_its_script_writes(name: str, tmp_path: Path) -> None:
    for script in GOLDEN.glob("*.py"):  # some take from others
        shutil.copy(script, tmp_path)
    subprocess.run([sys.executable, tmp_path / WRITERS[name]], check=True, cwd=tmp_path)
    written = {path.name: path.read_bytes() for path in tmp_path.iterdir() if path.suffix not in (".py", "")}
    assert written, "a script writes something"
    assert written == {file: (GOLDEN / file).read_bytes() for file in written}
