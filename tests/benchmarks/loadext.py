"""How long `%load_ext nbtransformers` keeps a user waiting, in a new process each time; it should be under 150 ms.

    python tests/benchmarks/loadext.py              15 times
    python tests/benchmarks/loadext.py --times 50

It reports; it judges nothing.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys

LOAD = """
import json, time
from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config
config = Config()
config.HistoryManager.enabled = False
shell = InteractiveShell.instance(config=config)
clock, core = time.perf_counter(), time.process_time()
shell.run_line_magic("load_ext", "nbtransformers")
print(json.dumps([time.perf_counter() - clock, time.process_time() - core]))
"""


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="How long %load_ext nbtransformers takes.")
    parser.add_argument("--times", type=int, default=15)
    times = parser.parse_args().times
    spent = [json.loads(subprocess.check_output([sys.executable, "-c", LOAD], text=True)) for _ in range(times)]
    for name, seconds in zip(("by the clock", "of a core"), zip(*spent, strict=True), strict=True):
        print(f"{name:14} median {statistics.median(seconds) * 1000:4.0f} ms, longest {max(seconds) * 1000:4.0f} ms")


if __name__ == "__main__":
    main()
