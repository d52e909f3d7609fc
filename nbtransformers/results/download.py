"""A model that was downloaded: where it is, and what was done for it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from nbtransformers.plain_text import file_size, printable, seconds
from nbtransformers.request.models import DownloadRequest
from nbtransformers.results.modelrecipe import DownloadRecipe


@dataclass(frozen=True, slots=True)
class Downloaded:
    """A model that is on this machine; it can be opened like a path.

    Attributes:
        name: what is typed after `--model`, with the commit.
        folder: where its files are.
        revision: the commit.
        new: bytes of weights that came now.
        kept: bytes of weights that an earlier download had left half done, and that were gone on with.
        removed: bytes of earlier downloads that were of no use, and were removed.
        seconds: how long it took.
        request: what was asked for.
        recipe: what a program that fetches the same is written from.

    Example:
        >>> nbt.download("acme/tiny")
        Downloaded acme/tiny@0123456: 90.9 MB in 3.2 s, into /home/me/.cache/huggingface/hub/…
    """

    name: str
    folder: Path
    revision: str | None
    new: int
    kept: int
    removed: int
    seconds: float
    request: DownloadRequest
    recipe: DownloadRecipe

    def __fspath__(self) -> str:
        return str(self.folder)

    def __str__(self) -> str:
        name, where = printable(self.name), printable(str(self.folder))
        if not self.new and not self.kept:
            return f"{name} was here already, in {where}."
        parts = [f"Downloaded {name}: {file_size(self.new)} in {seconds(self.seconds)}, into {where}."]
        if self.kept:
            parts.append(f"It went on from {file_size(self.kept)} that an earlier download had left.")
        if self.removed:
            parts.append(f"{file_size(self.removed)} of earlier downloads were of no use, and are removed.")
        return " ".join(parts)

    def __repr__(self) -> str:
        return str(self)
