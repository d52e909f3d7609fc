"""Many rows take no more memory than their results, and each as long as one of few."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parent.parent / "benchmarks"))
import million

pytestmark = pytest.mark.slow


def test_memory_grows_with_the_results_alone(tmp_path: Path) -> None:
    beside: dict[int, float] = {}
    for rows in (60_000, 240_000):
        path = tmp_path / f"{rows}.parquet"
        million.write(path, rows)
        run = million.in_a_process(path, 1)
        assert run["rows"] == rows
        beside[rows] = run["peak_mb"] - run["result_mb"]
    # The difference is 180,000 rows, which take more than 100 MB as a list of texts and their tokens.
    assert beside[240_000] - beside[60_000] < 40, beside
