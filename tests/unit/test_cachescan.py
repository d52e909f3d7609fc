"""What was read of the Hugging Face cache is kept, and whoever downloads or deletes beside it is seen all the same."""

from __future__ import annotations

import json
import os
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hub import Hub
from hubonline import bulky_files, online
from hubrepos import COMMIT, Repository

import nbtransformers as nbt
from nbtransformers.catalog import local
from nbtransformers.catalog.cachescan import CachedRepository, CacheScan
from nbtransformers.results.models import ModelEntry

OLDER = "1" * 40


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path))
    return tmp_path


def add(cache: Path, name: str, commit: str = COMMIT, text: str = "") -> Path:
    """A model in the cache, as huggingface_hub keeps it."""
    path = cache / f"models--{name.replace('/', '--')}"
    for folder in ("blobs", "refs", f"snapshots/{commit}"):
        (path / folder).mkdir(parents=True, exist_ok=True)
    (path / "blobs" / f"of-{commit}").write_text(json.dumps({"model_type": "bert", "text": text}))
    (path / "snapshots" / commit / "config.json").symlink_to(f"../../blobs/of-{commit}")
    (path / "refs" / "main").write_text(commit)
    return path


def aged(cache: Path) -> None:
    """As if nothing had been changed for an hour."""
    before = time.time() - 3_600
    for place in (cache, *cache.rglob("*")):
        os.utime(place, (before, before), follow_symlinks=False)


class Counting(CacheScan[str]):
    """A scan that tells what it has read."""

    def __init__(self) -> None:
        super().__init__("models", self.read_one, lambda value: "half" not in value)
        self.read: list[str] = []

    def read_one(self, there: CachedRepository) -> str | None:
        self.read.append(there.name)
        text = json.loads((there.snapshot / "config.json").read_text())["text"]
        return None if text == "none" else f"{there.name}@{there.commit[:1]} {text}".strip()

    def listed(self) -> tuple[list[str], list[str]]:
        """What there is, and which of it was read now."""
        self.read.clear()
        return list(self.all()), list(self.read)


def test_what_has_not_changed_is_not_read_again(cache: Path) -> None:
    add(cache, "acme/one")
    add(cache, "Acme/two")
    add(cache, "acme/none", text="none")
    aged(cache)
    scan = Counting()
    assert scan.listed() == (["acme/one@8", "Acme/two@8"], ["acme/none", "acme/one", "Acme/two"])
    assert scan.listed() == (["acme/one@8", "Acme/two@8"], [])


def test_what_was_changed_just_now_may_change_in_the_same_tick(cache: Path) -> None:
    path = add(cache, "acme/one", text="a")
    scan = Counting()
    assert scan.listed()[0] == ["acme/one@8 a"]
    now = path.stat()
    (path / "blobs" / f"of-{COMMIT}").write_text(json.dumps({"text": "b"}))
    os.utime(path, ns=(now.st_atime_ns, now.st_mtime_ns))  # a clock so coarse that nothing has moved
    assert scan.listed() == (["acme/one@8 b"], ["acme/one"])


def test_what_is_not_settled_is_read_each_time(cache: Path) -> None:
    add(cache, "acme/half", text="half")
    aged(cache)
    scan = Counting()
    assert [scan.listed()[1] for _ in range(2)] == [["acme/half"], ["acme/half"]]


@pytest.mark.parametrize(
    ("change", "listed", "read"),
    [
        (lambda cache: add(cache, "acme/three"), ["acme/one@8", "acme/three@8", "acme/two@8"], ["acme/three"]),
        (lambda cache: add(cache, "acme/one", OLDER), ["acme/one@1", "acme/two@8"], ["acme/one"]),
        (lambda cache: shutil.rmtree(cache / "models--acme--one"), ["acme/two@8"], []),
        (lambda cache: shutil.rmtree(cache / f"models--acme--one/snapshots/{COMMIT}"), ["acme/two@8"], []),
        (
            lambda cache: (cache / f"models--acme--one/snapshots/{COMMIT}/config.json").unlink(),
            ["acme/two@8"],
            ["acme/one"],
        ),
        (lambda cache: shutil.rmtree(cache), [], []),
    ],
)
def test_what_others_do_is_seen(
    cache: Path, change: Callable[[Path], object], listed: list[str], read: list[str]
) -> None:
    add(cache, "acme/one")
    add(cache, "acme/two")
    aged(cache)
    scan = Counting()
    list(scan.all())
    change(cache)
    assert scan.listed() == (listed, read)


def test_another_cache_is_another(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    add(cache, "acme/one")
    aged(cache)
    scan = Counting()
    assert scan.listed()[0] == ["acme/one@8"]
    monkeypatch.setenv("HF_HUB_CACHE", str(cache / "other"))
    assert scan.listed() == ([], [])


def test_without_a_main_it_is_the_newest(cache: Path) -> None:
    path = add(cache, "acme/one", OLDER)
    aged(cache)
    add(cache, "acme/one")
    (path / "refs" / "main").unlink()
    assert Counting().listed()[0] == ["acme/one@8"]


# --- with a Hub ---


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[Hub]:
    files = bulky_files(500)
    made = Hub(models={"acme/a": Repository(files), "acme/b": Repository(files, commit=OLDER)})
    with online(made, tmp_path / "cache") as running:
        yield running


def here() -> dict[str, ModelEntry]:
    return {entry.name: entry for entry in local.cached_models()}


def test_a_download_that_grows_and_one_that_is_deleted(hub: Hub, tmp_path: Path) -> None:
    from huggingface_hub import scan_cache_dir

    cache = tmp_path / "cache"
    nbt.download("acme/a")
    hub.models["acme/b"].cuts = [300_000, 0, 0, 0, 0, 0]
    with pytest.raises(nbt.UserError, match="not finished"):
        nbt.download("acme/b")
    aged(cache)
    found = here()
    assert found["acme/a"].complete and found["acme/b"].is_part
    (half,) = (cache / "models--acme--b" / "blobs").glob("*.incomplete")
    before = found["acme/b"].kept_bytes
    aged_folder = half.parent.stat()
    with half.open("ab") as file:
        file.write(bytes(1_000))
    assert half.parent.stat() == aged_folder  # no folder tells
    assert here()["acme/b"].kept_bytes == (before or 0) + 1_000
    half.unlink()
    nbt.download("acme/b")
    assert here()["acme/b"].complete
    aged(cache)
    assert list(here()) == ["acme/a", "acme/b"]
    scan_cache_dir(cache).delete_revisions(COMMIT, OLDER).execute()
    assert here() == {}
