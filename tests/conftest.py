"""What every test stands on: no hub, one cache folder, models that are made once."""

from __future__ import annotations

import atexit
import os
import shutil
import signal
import tempfile

os.environ["HF_HUB_OFFLINE"] = "1"  # before any Hugging Face library is imported
os.environ["HF_HUB_CACHE"] = tempfile.mkdtemp(prefix="nbt-hub-")  # messages name what is cached
atexit.register(shutil.rmtree, os.environ["HF_HUB_CACHE"], ignore_errors=True)
os.environ.setdefault("TOKENIZERS_PARALLELISM", "true")

# A shell starts what runs in the background deaf to interrupts, and a kernel would inherit that.
signal.signal(signal.SIGINT, signal.default_int_handler)
