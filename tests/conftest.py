"""What every test stands on: no hub, one cache folder, models that are made once."""

from __future__ import annotations

import atexit
import gc
import os
import shutil
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

os.environ["HF_HUB_OFFLINE"] = "1"  # before any Hugging Face library is imported
os.environ["HF_HUB_CACHE"] = tempfile.mkdtemp(prefix="nbt-hub-")  # messages name what is cached
atexit.register(shutil.rmtree, os.environ["HF_HUB_CACHE"], ignore_errors=True)
os.environ.setdefault("TOKENIZERS_PARALLELISM", "true")

# On a busy machine a slow example says nothing. Whether a change lands must follow from the change and not from a draw:
# `.ci/run` asks for the same examples every time, and all other runs look for new ones.
settings.register_profile("unhurried", deadline=None, derandomize="NBT_SAME_EXAMPLES" in os.environ)
settings.load_profile("unhurried")

# A shell starts what runs in the background deaf to interrupts, and a kernel would inherit that.
signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_finish() -> None:
    """What was imported and collected stays to the end: let no search for garbage go through it again.

    Trainer looks for garbage in every run: of short runs that was half the time.
    """
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session")
def smollm2() -> Iterator[Path]:
    """The folder of the bundled decoder: `--model smollm2` works; torch keeps to one thread, which is faster for it."""
    import torch
    from smollm2 import decoder

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("OMP_NUM_THREADS", "1")  # of the kernels that tests start
        yield decoder()
    torch.set_num_threads(threads)
