"""A file is read in bounded memory: what was read is let go, whatever the file is."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

READ = """
import json, sys
import psutil
from nbtransformers.inputs.refs import data_ref
from nbtransformers.inputs.rows import read
from pathlib import Path
here, used, rows = psutil.Process(), [], 0
for window in read(*data_ref(Path(sys.argv[1]))).windows(20_000):
    rows += len(window.texts)
    used.append(here.memory_info().rss)
print(json.dumps([rows, used]))
"""


def used(path: Path) -> tuple[int, list[int]]:
    """Rows, and bytes in memory after each window."""
    done = subprocess.run([sys.executable, "-c", READ, str(path)], capture_output=True, text=True, check=True)
    rows, memory = json.loads(done.stdout)
    return rows, memory


def write(path: Path, number: int) -> int:
    """Write that many texts; their bytes."""
    texts = [f"{row} a text that is neither short nor long, and then some more of it" for row in range(number)]
    if path.suffix == ".parquet":
        pq.write_table(pa.table({"text": texts}), path, row_group_size=50_000)
    elif path.suffix == ".gz":
        path.write_bytes(gzip.compress("\n".join(texts).encode(), compresslevel=1))
    elif path.suffix == ".json":
        path.write_text(json.dumps([{"text": text} for text in texts]), encoding="utf-8")
    elif path.suffix == ".csv":
        path.write_text("".join(f'{row},"{text}"\n' for row, text in enumerate(["text", *texts])), encoding="utf-8")
    return sum(map(len, texts))


@pytest.mark.parametrize("name", ["a.csv", "a.json", "a.txt.gz"])
def test_a_file_is_let_go_as_it_is_read(tmp_path: Path, name: str) -> None:
    size = write(tmp_path / name, 300_000)
    rows, memory = used(tmp_path / name)
    assert rows == 300_000
    assert max(memory) - memory[1] < size / 3


def test_a_million_rows_of_parquet_take_no_more_memory_than_the_first(tmp_path: Path) -> None:
    size = write(tmp_path / "a.parquet", 1_000_000)
    rows, memory = used(tmp_path / "a.parquet")
    assert rows == 1_000_000
    # What Arrow keeps at hand for the next batch settles within the first tenth.
    assert max(memory) - max(memory[:5]) < size / 2
    assert max(memory[25:]) - max(memory[:25]) < size / 8
