"""A model of the Hub onto this machine, ahead of its first use: all that loading it needs, and nothing else."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

from nbtransformers.errors import Interrupted, UserError
from nbtransformers.interrupt import deferred_interrupts
from nbtransformers.loading.bundled import bundled_folder
from nbtransformers.loading.fetching import OnBytes, Stopped, Transfer
from nbtransformers.loading.hub import hub_snapshot
from nbtransformers.loading.source import Source
from nbtransformers.loading.weights import weights_of
from nbtransformers.plain_text import file_size
from nbtransformers.progress import OnProgress, Pace, Progress
from nbtransformers.request import ModelRef
from nbtransformers.request.models import DownloadRequest
from nbtransformers.results.download import Downloaded
from nbtransformers.results.modelrecipe import DownloadRecipe
from nbtransformers.results.recipe import Place

_MB = 1_000_000


def download(ref: ModelRef, on_progress: OnProgress) -> Downloaded:
    """Fetch a model; what an interrupt leaves is gone on with the next time.

    A bundled model is made ready.

    Args:
        ref: a model of the Hub, or a bundled one; pickled weights where it allows them.
        on_progress: told how far it is.

    Raises:
        UserError: when it is neither, is not to be had, arrives damaged, or there is no room for it.
        Interrupted: when the user stops it.
    """
    started = time.monotonic()
    if ref.kind == "bundled":
        folder = bundled_folder(ref.name, lambda message: on_progress(Progress("loading", message)))
        recipe = DownloadRecipe(Place(ref, str(folder)))
        seconds = time.monotonic() - started
        return Downloaded(ref.name, folder, None, 0, 0, 0, seconds, DownloadRequest(ref), recipe)
    if ref.kind != "hub":
        what = "a folder of this machine" if ref.kind == "folder" else "a model in memory"
        raise UserError(f"{ref.name} is {what}: there is nothing to download.", hint="Give the id of a Hub model.")
    on_progress(Progress("loading", f"Asking the Hub for {ref}"))
    with deferred_interrupts() as stop:
        transfer = Transfer(_told(str(ref), Pace(on_progress)), stop)
        try:
            found = hub_snapshot(ref.name, ref.revision, pickles=ref.allow_pickle, transfer=transfer)
        except Stopped:
            there = file_size(transfer.fetched.new + transfer.fetched.kept)
            raise Interrupted(f"Interrupted: {there} of {ref} are kept. Run the same again to go on.") from None
    source = Source(ref, str(ref), found.folder, found.commit, found.sizes)
    weights_of(source)  # or it says what there is in their place
    done = transfer.fetched
    name = f"{ref.name}@{found.commit[:7]}"
    seconds = time.monotonic() - started
    recipe = DownloadRecipe(Place(replace(ref, revision=found.commit)), _files(found.folder))
    numbers = (done.new, done.kept, done.removed, seconds)
    return Downloaded(name, found.folder, found.commit, *numbers, DownloadRequest(ref), recipe)


def _files(folder: Path) -> tuple[str, ...]:
    return tuple(sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()))


def _told(name: str, on_progress: OnProgress) -> OnBytes:
    """Bytes as a person follows them, with the time that is left."""
    began: tuple[float, int] | None = None

    def tell(done: int, total: int) -> None:
        nonlocal began
        now = time.monotonic()
        began = began or (now, done)  # what was here before says nothing of the pace
        spent, came = now - began[0], done - began[1]
        left = spent * (total - done) / came if came > 0 and spent > 1 else None
        on_progress(Progress("loading", f"Downloading {name}", done // _MB, max(1, total // _MB), "MB", eta_s=left))

    return tell
