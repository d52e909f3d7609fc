"""ModelRef to the folder that its files are in: bundled, the user's own, or a snapshot of the Hub."""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from nbtransformers.loading.bundled import bundled_folder
from nbtransformers.loading.fetching import OnBytes, Transfer
from nbtransformers.loading.hub import hub_snapshot, unfinished
from nbtransformers.loading.runs import folder_name
from nbtransformers.plain_text import file_size
from nbtransformers.request import ModelRef

TOKENIZER_FILES = ("tokenizer*", "vocab*", "merges.txt", "*.model", "*.vocab", "*.tiktoken", "tekken.json")
_VERSIONED = ("*.json", "*.jinja", "*.safetensors", "*.bin", "*.py", *TOKENIZER_FILES)


@dataclass(frozen=True, slots=True)
class Source:
    """Where the files of a model are.

    Attributes:
        ref: the reference that led here.
        name: what the user calls it.
        folder: where its files are.
        commit: of a Hub model, the commit that they are from.
        sizes: of a Hub model, every file of the repository and its bytes, fetched or not; empty when unknown.
    """

    ref: ModelRef
    name: str
    folder: Path
    commit: str | None = None
    sizes: Mapping[str, int] = field(default_factory=dict[str, int])

    def __str__(self) -> str:
        """The name and, of a Hub model, the commit: `acme/tiny@0123456`."""
        return f"{self.ref.name}@{self.commit[:7]}" if self.commit else self.name

    @property
    def again(self) -> str:
        """What to type when a file is damaged."""
        if self.ref.kind == "hub":
            return f"Type `hf cache rm model/{self.ref.name}`, and then the same again."
        return "Save or download it again."

    def refuse_unfinished(self, file: str) -> None:
        """Say of a file that is not there that its download was not finished, when it is a file of the Hub.

        Raises:
            UserError: when it is.
        """
        if self.ref.kind == "hub" and (file in self.sizes or not self.sizes):
            raise unfinished(self.ref.name, file)


def source_of(ref: ModelRef, on_load: Callable[[str], None] = lambda message: None, *, weights: bool = True) -> Source:
    """Where the files of a bundled model, a folder or a Hub model are; the latter is fetched.

    Args:
        ref: which model; none that is a variable.
        on_load: told in one line what takes time.
        weights: whether its weights are needed too, or only what describes it and its tokenizer.

    Raises:
        UserError: when it cannot be found or fetched.
    """
    if ref.kind == "bundled":
        return Source(ref, ref.name, bundled_folder(ref.name, on_load))
    if ref.kind == "folder":
        return Source(ref, folder_name(Path(ref.name)), Path(ref.name))
    on_load(f"Fetching {ref}")
    transfer = Transfer(_told(f"Fetching {ref}", on_load))
    found = hub_snapshot(ref.name, ref.revision, weights=weights, pickles=ref.allow_pickle, transfer=transfer)
    return Source(ref, str(ref), found.folder, found.commit, found.sizes)


def _told(what: str, on_load: Callable[[str], None]) -> OnBytes:
    """How far a download is, in a line twice a second."""
    last = time.monotonic()

    def tell(done: int, total: int) -> None:
        nonlocal last
        if time.monotonic() - last > 0.5:
            last = time.monotonic()
            on_load(f"{what}: {file_size(done)} of {file_size(total)}")

    return tell


def version_of(folder: Path) -> Hashable:
    """Something that changes when a file of the model does."""
    # A folder that is trained into again is another model, under the same name.
    files = sorted({file for pattern in _VERSIONED for file in folder.glob(pattern)})
    return tuple((file.name, file.stat().st_mtime_ns, file.stat().st_size) for file in files if file.exists())
