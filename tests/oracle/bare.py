"""A bare interpreter: it runs programs one after another, and cannot import this package."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

_SOURCE = """
import json, os, sys, traceback, warnings


class Refusing:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] == "nbtransformers":
            raise ImportError("a program imports nbtransformers")


sys.meta_path.insert(0, Refusing())
asked, sys.stdout = sys.stdout, sys.stderr
import torch

torch.set_num_threads(1)
for line in sys.stdin:
    given = json.loads(line)
    os.chdir(given["folder"])
    namespace = {"__name__": "__main__"}
    try:
        exec(compile(given["program"], "<program>", "exec"), namespace)
        rows = namespace["table"].to_dict("records")
        told = {"table": [{k: v for k, v in row.items() if not (isinstance(v, float) and v != v)} for row in rows]}
    except BaseException:
        told = {"failed": traceback.format_exc()}
    assert "nbtransformers" not in sys.modules
    print(json.dumps(told, default=lambda value: value.tolist()), file=asked, flush=True)
"""


class Bare:
    """One such interpreter; starting one takes longer than a tiny model's training."""

    def __init__(self, log: Path) -> None:
        self._log = log
        self._process = subprocess.Popen(
            [sys.executable, "-c", _SOURCE],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log.open("w"),
            text=True,
            env={**os.environ, "OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1"},
        )

    def table(self, program: str, folder: Path) -> list[dict[str, Any]]:
        """The rows of the table that a program leaves, run in a folder; what is not in a row has no value there."""
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.write(json.dumps({"program": program, "folder": str(folder)}) + "\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        assert answer, self._log.read_text(encoding="utf-8")[-4_000:]
        told = json.loads(answer)
        assert "failed" not in told, f"{program}\n{told.get('failed')}"
        return told["table"]

    def close(self) -> None:
        """End it."""
        self._process.communicate(timeout=60)
