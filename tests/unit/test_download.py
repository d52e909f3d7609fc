"""Models of the Hub onto this machine: gone on with, held against their hash, stopped, refused."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from helpers import until
from hub import TOKEN, Hub
from hubonline import bulky_files, online
from hubrepos import Repository, sha256

import nbtransformers as nbt
from nbtransformers.errors import Interrupted
from nbtransformers.loading.fetching import Transfer
from nbtransformers.loading.hub import hub_snapshot
from nbtransformers.loading.hub_api import nearest_of

FILES = bulky_files(2_000)
WEIGHTS = FILES["model.safetensors"]
NBYTES = len(WEIGHTS)


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[Hub]:
    with online(Hub(models={"acme/bulky": Repository(FILES)}), tmp_path / "cache") as running:
        yield running


def blobs(tmp_path: Path) -> Path:
    return tmp_path / "cache" / "models--acme--bulky" / "blobs"


def leave(tmp_path: Path, content: bytes, name: str = "") -> Path:
    """What a download that was killed has left, under huggingface_hub's own name for it or an older one's."""
    left = blobs(tmp_path) / f"{sha256(WEIGHTS)}{name}.incomplete"
    left.parent.mkdir(parents=True, exist_ok=True)
    left.write_bytes(content)
    return left


def interrupt_soon(tmp_path: Path, pieces: int = 1) -> None:
    """Press Ctrl-C when some of every piece has come."""

    def interrupt() -> None:
        until(lambda: sum(left.stat().st_size > 0 for left in blobs(tmp_path).glob("*.incomplete")) == pieces)
        os.kill(os.getpid(), signal.SIGINT)

    threading.Thread(target=interrupt, daemon=True).start()


def refusal(name: str, **options: Any) -> str:
    with pytest.raises(nbt.UserError) as caught:
        nbt.download(name, **options)
    return str(caught.value)


def test_what_loading_needs_is_fetched_once(hub: Hub) -> None:
    done = nbt.download("acme/bulky")
    assert Path(done, "model.safetensors").read_bytes() == WEIGHTS
    assert (done.name, done.revision, done.new, done.kept) == (
        "acme/bulky@89abcde",
        hub.models["acme/bulky"].commit,
        NBYTES,
        0,
    )
    assert str(done).startswith("Downloaded acme/bulky@89abcde: 2.0 MB in ")
    hub.asked.clear()
    again = nbt.download("acme/bulky", revision="v1")
    assert again.new == 0
    assert str(again) == f"acme/bulky@89abcde was here already, in {done.folder}."
    nbt.download("acme/bulky")
    nbt.download("acme/bulky", revision=done.revision)
    assert [path for path in hub.asked if "bulky" in path] == ["/api/models/acme/bulky/revision/v1"]
    entry = nbt.models(search="bulky", local_only=True).loc["acme/bulky"]
    assert (entry.place, entry.complete, entry.parameters) == ("cached", True, 512_000)


def test_a_connection_that_is_cut_is_opened_again_where_it_ended(hub: Hub) -> None:
    hub.models["acme/bulky"].cuts = [600_000, 700_000]
    done = nbt.download("acme/bulky")
    assert Path(done, "model.safetensors").read_bytes() == WEIGHTS
    assert hub.ranges == [None, "bytes=524288-", "bytes=1048576-"]  # whole pieces of 256 KiB are kept
    assert done.new == NBYTES


def test_a_connection_that_is_cut_each_time_is_told_and_gone_on_with(hub: Hub, tmp_path: Path) -> None:
    hub.models["acme/bulky"].cuts = [600_000, 0, 0, 0, 0, 0]
    assert refusal("acme/bulky") == (
        "The download of acme/bulky is not finished: the connection to the Hub was cut (RemoteProtocolError), "
        "perhaps by a proxy. Type the same again with a network: it goes on where it ended."
    )
    assert nbt.models(search="bulky", local_only=True).complete.tolist() == [False]
    done = nbt.download("acme/bulky")
    assert (done.kept, done.new) == (524_288, NBYTES - 524_288)
    assert Path(done, "model.safetensors").read_bytes() == WEIGHTS
    assert "It went on from 524.3 kB that an earlier download had left." in str(done)
    assert not list(blobs(tmp_path).glob("*.incomplete"))


def test_what_a_killed_download_left_is_gone_on_with_and_shorter_parts_are_removed(hub: Hub, tmp_path: Path) -> None:
    leave(tmp_path, WEIGHTS[:700_000], ".0123abcd")
    leave(tmp_path, WEIGHTS[:300_000])
    done = nbt.download("acme/bulky")
    assert hub.ranges == ["bytes=700000-"]
    assert (done.kept, done.removed) == (700_000, 300_000)
    assert Path(done, "model.safetensors").read_bytes() == WEIGHTS
    assert "300.0 kB of earlier downloads were of no use, and are removed." in str(done)


def test_an_older_half_that_is_not_of_this_file_is_fetched_anew(hub: Hub, tmp_path: Path) -> None:
    leave(tmp_path, bytes(700_000))
    done = nbt.download("acme/bulky")
    assert (done.kept, done.removed, hub.ranges) == (0, 700_000, ["bytes=700000-", None])
    assert Path(done, "model.safetensors").read_bytes() == WEIGHTS


def test_weights_with_another_hash_are_removed_and_told(hub: Hub, tmp_path: Path) -> None:
    hub.models["acme/bulky"].is_wrong = True
    assert refusal("acme/bulky") == (
        "model.safetensors of acme/bulky arrived damaged, and was removed: its SHA-256 is not the one that the Hub "
        "tells. Type the same again; if it stays so, a proxy between here and the Hub changes what it sends."
    )
    assert not [path for path in blobs(tmp_path).iterdir() if path.stat().st_size > 100_000]
    hub.models["acme/bulky"].is_wrong = False
    assert Path(nbt.download("acme/bulky"), "model.safetensors").read_bytes() == WEIGHTS


def test_a_large_file_comes_in_pieces_side_by_side(hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nbtransformers.loading.fetching._LEAST_PIECE", NBYTES // 4)
    hub.models["acme/bulky"].bytes_per_s = 2_000_000
    hub.models["acme/bulky"].cuts = [300_000]
    leave(tmp_path, WEIGHTS[: NBYTES // 3])
    done = nbt.download("acme/bulky")
    assert Path(done, "model.safetensors").read_bytes() == WEIGHTS
    assert (done.kept, done.new) == (NBYTES // 3, NBYTES - NBYTES // 3)
    assert len(hub.ranges) == 3  # two pieces of what was missing, and one of them was cut
    assert hub.most_at_once == 2
    assert not list(blobs(tmp_path).glob("*.incomplete"))


def test_several_files_come_side_by_side(hub: Hub) -> None:
    names = [f"model-0000{number}-of-00003.safetensors" for number in (1, 2, 3)]
    parts = {name: bulky_files(500 + number)["model.safetensors"] for number, name in enumerate(names)}
    index = {"model.safetensors.index.json": json.dumps({"weight_map": {name: name for name in names}}).encode()}
    files = {"config.json": FILES["config.json"], **index, **parts}
    hub.models["acme/parts"] = Repository(files, bytes_per_s=1_000_000)
    done = nbt.download("acme/parts")
    assert {name: Path(done, name).read_bytes() for name in names} == parts
    assert len(hub.ranges) == hub.most_at_once == 3


def test_pieces_that_an_interrupt_left_are_gone_on_with(
    hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("nbtransformers.loading.fetching._LEAST_PIECE", NBYTES // 4)
    monkeypatch.setattr("nbtransformers.loading.fetching._CHUNK", 2**14)
    hub.models["acme/bulky"].bytes_per_s = 200_000
    interrupt_soon(tmp_path, pieces=4)
    with pytest.raises(Interrupted):
        nbt.download("acme/bulky")
    assert len(list(blobs(tmp_path).glob("*.incomplete"))) == 4
    hub.models["acme/bulky"].bytes_per_s = None
    done = nbt.download("acme/bulky")
    assert 2**14 < done.kept < NBYTES
    assert done.kept + done.new == NBYTES
    assert Path(done, "model.safetensors").read_bytes() == WEIGHTS
    assert not list(blobs(tmp_path).glob("*.incomplete"))


def test_pieces_are_not_asked_of_whoever_knows_none(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nbtransformers.loading.fetching._LEAST_PIECE", NBYTES // 4)
    hub.models["acme/bulky"].knows_ranges = False
    assert Path(nbt.download("acme/bulky"), "model.safetensors").read_bytes() == WEIGHTS
    assert hub.ranges[-1] is None


@pytest.mark.parametrize("pieces", [1, 4])
def test_what_was_kept_is_not_gone_on_with_where_there_are_no_ranges(
    hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pieces: int
) -> None:
    monkeypatch.setattr("nbtransformers.loading.fetching._LEAST_PIECE", NBYTES // pieces)
    hub.models["acme/bulky"].knows_ranges = False
    leave(tmp_path, WEIGHTS[: NBYTES // 3])
    done = nbt.download("acme/bulky")
    assert Path(done, "model.safetensors").read_bytes() == WEIGHTS
    assert (done.kept, done.new, done.removed) == (0, NBYTES, NBYTES // 3)


@pytest.mark.parametrize("kept", [0, NBYTES // 3])
def test_a_page_in_place_of_a_file_costs_nothing_that_is_here(hub: Hub, tmp_path: Path, kept: int) -> None:
    hub.models["acme/bulky"].page = b"<html>Please log in</html>"
    if kept:
        leave(tmp_path, WEIGHTS[:kept])
    assert refusal("acme/bulky") == (
        "The download of acme/bulky is not finished: what answers is not the Hub, but perhaps a proxy. "
        "Type the same again with a network: it goes on where it ended."
    )
    hub.models["acme/bulky"].page = None
    done = nbt.download("acme/bulky")
    assert (done.kept, done.new) == (kept, NBYTES - kept)
    assert Path(done, "model.safetensors").read_bytes() == WEIGHTS


def test_a_range_that_is_another_is_not_taken(hub: Hub, tmp_path: Path) -> None:
    hub.models["acme/bulky"].shifted = 10
    leave(tmp_path, WEIGHTS[:700_000])
    assert "what answers is not the Hub, but perhaps a proxy" in refusal("acme/bulky")
    hub.models["acme/bulky"].shifted = 0
    assert nbt.download("acme/bulky").kept == 700_000


@pytest.mark.parametrize("of_git", [True, False])
def test_small_files_are_held_against_the_hash_of_git_or_of_a_mirror(
    hub: Hub, monkeypatch: pytest.MonkeyPatch, of_git: bool
) -> None:
    if not of_git:
        monkeypatch.setattr("hub.blob_id", lambda content: hashlib.sha1(content, usedforsecurity=False).hexdigest())
    monkeypatch.setattr("hub.is_large", lambda path: False)
    monkeypatch.setattr("hubrepos.is_large", lambda path: False)
    hub.models["acme/bulky"].is_wrong = True
    assert refusal("acme/bulky").startswith(
        "model.safetensors of acme/bulky arrived damaged, and was removed: its SHA-1 is not the one that the Hub"
    )
    hub.models["acme/bulky"].is_wrong = False
    assert Path(nbt.download("acme/bulky"), "model.safetensors").read_bytes() == WEIGHTS


def test_what_is_the_same_comes_once_and_is_counted_once(hub: Hub) -> None:
    part = bulky_files(1_000)["model.safetensors"]
    names = [f"model-0000{number}-of-00002.safetensors" for number in (1, 2)]
    index = {"model.safetensors.index.json": json.dumps({"weight_map": {name: name for name in names}}).encode()}
    files = {"config.json": FILES["config.json"], **index, **dict.fromkeys(names, part)}
    hub.models["acme/twins"] = Repository(files, bytes_per_s=2_000_000)
    told: list[tuple[int, int]] = []
    hub_snapshot("acme/twins", transfer=Transfer(lambda done, total: told.append((done, total))))
    assert {total for _, total in told} == {len(part)}
    assert len(hub.ranges) == 1
    done = nbt.download("acme/twins")
    assert [Path(done, name).read_bytes() == part for name in names] == [True, True]


def test_an_interrupt_keeps_what_came(hub: Hub, tmp_path: Path) -> None:
    hub.models["acme/bulky"].bytes_per_s = 1_000_000
    interrupt_soon(tmp_path)
    with pytest.raises(Interrupted, match=r"^Interrupted: .* of acme/bulky are kept\. Run the same again to go on\.$"):
        nbt.download("acme/bulky")
    hub.models["acme/bulky"].bytes_per_s = None
    done = nbt.download("acme/bulky")
    assert 0 < done.kept < NBYTES
    assert done.kept + done.new == NBYTES
    assert Path(done, "model.safetensors").read_bytes() == WEIGHTS


@pytest.mark.parametrize(
    ("token", "told"),
    [
        (
            None,
            "acme/bulky is gated: the Hub gives it to people who accepted its terms. "
            "Accept them on its page, then type `hf auth login`.",
        ),
        (
            "hf_of_another_person",
            "acme/bulky is gated, and whoever is logged in here has not been given access. "
            "Ask for it on its page, or log in as somebody else: `hf auth login`.",
        ),
        (TOKEN, None),
    ],
)
def test_a_gated_model(
    hub: Hub, tmp_path: Path, token: str | None, told: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub.models["acme/bulky"].gated = "manual"
    if token is not None:
        monkeypatch.setenv("HF_TOKEN", token)
    if told is None:
        assert nbt.download("acme/bulky").new == NBYTES
    else:
        assert refusal("acme/bulky") == told
    assert nbt.models(search="bulky").loc["acme/bulky"].gated  # for others, also where it has been fetched
    written = [path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()]
    assert token is None or not any(token.encode() in content for content in written)


@pytest.mark.parametrize("typed", ["acme/bulk", "acmee/bulky", "bulkyy"])
def test_a_slip_in_the_name_is_told_with_the_nearest_of_the_hub(hub: Hub, typed: str) -> None:
    assert refusal(typed) == f"The Hub has no model {typed}, or it is private. Did you mean acme/bulky?"


def test_another_of_the_same_owner_that_is_here_is_not_what_was_meant(hub: Hub) -> None:
    hub.models["acme/closed"] = Repository({})
    nbt.download("acme/bulky")
    assert refusal("acme/close") == "The Hub has no model acme/close, or it is private. Did you mean acme/closed?"
    assert refusal("acme/nosuch").endswith("Check the spelling, or type `hf auth login`.")


@pytest.mark.parametrize(
    ("name", "known", "near"),
    [
        ("acme/reviewwer", ["acme/storyteller", "acme/reviewer"], "acme/reviewer"),
        ("acme/nosuch", ["acme/closed", "acme/storyteller"], None),
        ("amce/Reviewer", ["acme/reviewer"], "acme/reviewer"),
        ("smolm2", ["minilm", "somebody/smolm2", "smollm2"], "smollm2"),
        ("reviewr", ["minilm", "acme/reviewer"], "acme/reviewer"),
        ("acme/reviewer", ["acme/reviewer"], None),
        ("acme/reviewer", [], None),
    ],
)
def test_a_name_is_near_by_what_stands_behind_its_owner(name: str, known: list[str], near: str | None) -> None:
    assert nearest_of(name, known) == near


def test_pickles_are_fetched_when_they_are_allowed(hub: Hub) -> None:
    files = {"config.json": FILES["config.json"], "pytorch_model.bin": b"a pickle"}
    hub.models["acme/pickled"] = Repository(files)
    assert refusal("acme/pickled") == (
        "acme/pickled has no safetensors weights, only pytorch_model.bin, and a pickle can hold code. "
        "Type `allow_pickle` to read nothing but tensors from it."
    )
    assert Path(nbt.download("acme/pickled", allow_pickle=True), "pytorch_model.bin").read_bytes() == b"a pickle"


def test_a_bundled_model_is_made_ready() -> None:
    assert Path(nbt.download("movie-sentiment-minilm"), "config.json").is_file()
