"""Hub models: revisions, unfinished downloads, full disks and proxies, against a hub on this machine."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
import torch
from safetensors.torch import load_file
from test_remote_code import write_own

pytestmark = pytest.mark.slow  # each asks in a process of its own: huggingface_hub reads the environment once

OLD, NEW = "1" * 40, "2" * 40


@dataclass
class Hub:
    """What a hub has: repositories, their branches and tags, and the files at each commit."""

    address: str = ""
    branches: dict[str, dict[str, str]] = field(default_factory=dict[str, dict[str, str]])
    files: dict[tuple[str, str], dict[str, bytes]] = field(default_factory=dict[tuple[str, str], dict[str, bytes]])
    asked: list[str] = field(default_factory=list[str])
    cut: int | None = None  # bytes of the weights after which the connection ends

    def add(self, name: str, commit: str, folder: Path, *branches: str) -> None:
        files = {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
        self.files[name, commit] = files
        self.branches.setdefault(name, {}).update(dict.fromkeys(branches, commit))

    def commit(self, name: str, revision: str) -> str | None:
        return revision if (name, revision) in self.files else self.branches[name].get(revision)


class _Handler(BaseHTTPRequestHandler):
    hub: Hub
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        hub = self.hub
        path = unquote(self.path.split("?")[0])
        if self.command == "GET":
            hub.asked.append(path)
        parts = path.strip("/").split("/")
        api = parts[:2] == ["api", "models"]
        name, rest = "/".join(parts[2:4] if api else parts[:2]), (parts[4:] if api else parts[2:])
        if name not in hub.branches:
            return self._answer(401, b"", {"X-Error-Code": "RepoNotFound"})
        revision = rest[1] if len(rest) > 1 else "main"
        commit = hub.commit(name, revision)
        if commit is None:
            return self._answer(404, b"", {"X-Error-Code": "RevisionNotFound"})
        files = hub.files[name, commit]
        if not api:
            return self._file(files, "/".join(rest[2:]), commit)
        if rest and rest[0] == "tree":
            tree = [
                {"type": "file", "path": file, "size": len(data), "oid": _hash(data)} for file, data in files.items()
            ]
            return self._answer(200, json.dumps(tree).encode(), {"Content-Type": "application/json"})
        siblings = [{"rfilename": file} for file in files]
        info = {"id": name, "sha": commit, "siblings": siblings, "private": False, "tags": [], "downloads": 0}
        return self._answer(200, json.dumps(info).encode(), {"Content-Type": "application/json"})

    do_HEAD = do_GET  # noqa: N815

    def _file(self, files: dict[str, bytes], file: str, commit: str) -> None:
        if file not in files:
            return self._answer(404, b"", {"X-Error-Code": "EntryNotFound"})
        data = files[file]
        headers = {"ETag": f'"{_hash(data)}"', "X-Repo-Commit": commit, "Content-Type": "application/octet-stream"}
        return self._answer(200, data, headers, self.hub.cut if file.endswith((".safetensors", ".bin")) else None)

    def _answer(self, status: int, data: bytes, headers: dict[str, str], cut: int | None = None) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(data if cut is None else data[:cut])
            self.close_connection = cut is not None

    def log_message(self, *args: Any) -> None:
        pass


def _hash(data: bytes) -> str:
    return hashlib.sha1(data).hexdigest()


@pytest.fixture
def hub(models: Path) -> Iterator[Hub]:
    """`acme/tiny` at two commits: v1 is the older one, and has other labels."""
    made = Hub()
    made.add("acme/tiny", OLD, models / "entailing", "v1")
    made.add("acme/tiny", NEW, models / "tiny", "main")
    handler = type("Handler", (_Handler,), {"hub": made})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    made.address = f"http://127.0.0.1:{server.server_port}"
    yield made
    server.shutdown()
    server.server_close()


ASK = """
import json, sys
import nbtransformers as nbt
{before}
for options in json.loads(sys.argv[1]):
    try:
        result = nbt.classify(["a joy"], device="cpu", threads=1, batch_tokens=64, **options)
        print(json.dumps([dict(result.run.facts())["Model"], list(result.labels), list(result.notes)]))
    except nbt.UserError as error:
        print(json.dumps(str(error)))
"""


def ask(hub: Hub | None, cache: Path, *options: dict[str, Any], before: str = "", **environment: str) -> list[Any]:
    """What is said of each, by another process: huggingface_hub reads the environment once."""
    online = {"HF_ENDPOINT": hub.address, "HF_HUB_OFFLINE": "0"} if hub else {"HF_HUB_OFFLINE": "1"}
    names = {"HF_HUB_CACHE": str(cache), "HF_HUB_DISABLE_XET": "1", "HF_HUB_DISABLE_PROGRESS_BARS": "1"}
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", ASK.replace("{before}", before), json.dumps(options)],
        env={**os.environ, **names, **online, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines() if line.startswith(("[", '"'))]


LABELS = ["red", "green", "blue"]
TINY: dict[str, Any] = {"model": "acme/tiny"}


def test_the_commit_is_resolved_and_shown(hub: Hub, tmp_path: Path) -> None:
    asked = [TINY, {**TINY, "revision": "v1"}, {**TINY, "revision": OLD}, {**TINY, "revision": "1111111"}]
    newest, tagged, full, short = ask(hub, tmp_path, *asked)
    assert newest[:2] == ["acme/tiny@2222222", LABELS]
    assert tagged[0] == "acme/tiny@v1 (1111111)"
    assert full[0] == short[0] == "acme/tiny@1111111"
    assert tagged[1] == full[1] == short[1] == ["contradiction", "neutral", "entailment"]
    # And from the cache, with no hub; what is not in it is told with what is.
    assert ask(None, tmp_path, *asked) == [newest, tagged, full, short]
    assert ask(None, tmp_path, {**TINY, "revision": "v2"}) == [
        "acme/tiny@v2 is not in the local cache, and offline mode is on. There is main, v1, 1111111, 2222222."
    ]


@pytest.mark.parametrize("revision", ["v9", "3" * 40])
def test_a_revision_that_is_not_there(hub: Hub, tmp_path: Path, revision: str) -> None:
    assert ask(hub, tmp_path, {**TINY, "revision": revision}) == [
        f"acme/tiny has no revision {revision}. Leave `revision` out for the newest."
    ]


def test_a_hub_that_moves_on_does_not_change_what_is_cached(hub: Hub, tmp_path: Path, models: Path) -> None:
    ask(hub, tmp_path, TINY)
    hub.add("acme/tiny", "4" * 40, models / "entailing", "main")
    assert ask(None, tmp_path, TINY)[0][0] == "acme/tiny@2222222"
    assert ask(hub, tmp_path, TINY)[0][0] == "acme/tiny@4444444"


def test_safetensors_alone_are_fetched_where_there_are_pickles_too(hub: Hub, tmp_path: Path) -> None:
    hub.files["acme/tiny", NEW]["pytorch_model.bin"] = b"no pickle"
    hub.files["acme/tiny", NEW]["consolidated.safetensors"] = b"nothing"
    assert ask(hub, tmp_path, {**TINY, "allow_pickle": True})[0][1] == LABELS
    assert not [path for path in hub.asked if path.endswith((".bin", "consolidated.safetensors"))]


def test_pickles_of_the_hub_are_fetched_when_they_are_allowed(hub: Hub, tmp_path: Path, models: Path) -> None:
    folder = Path(shutil.copytree(models / "tiny", tmp_path / "pickled"))
    torch.save(load_file(folder / "model.safetensors"), folder / "pytorch_model.bin")
    (folder / "model.safetensors").unlink()
    hub.add("acme/pickled", NEW, folder, "main")
    pickled = {"model": "acme/pickled"}
    (refused,) = ask(hub, tmp_path / "cache", pickled)
    assert refused == (
        "acme/pickled has no safetensors weights, only pytorch_model.bin, and a pickle can hold code. "
        "Type `allow_pickle` to read nothing but tensors from it."
    )
    assert not [path for path in hub.asked if path.endswith(".bin")]
    (loaded,) = ask(hub, tmp_path / "cache", {**pickled, "allow_pickle": True})
    assert loaded[1:] == [LABELS, ["The weights of acme/pickled are pickled; only tensors were read."]]


def test_trusted_code_of_the_hub_is_pinned_and_shown(hub: Hub, tmp_path: Path, models: Path) -> None:
    own = write_own(models, tmp_path / "own")
    # As save_pretrained() writes it: with the model's own name in front.
    config = json.loads((own / "config.json").read_text())
    config["auto_map"] = {name: f"acme/own--{reference}" for name, reference in config["auto_map"].items()}
    (own / "config.json").write_text(json.dumps(config))
    hub.add("acme/own", NEW, own, "main")
    cache, modules = tmp_path / "cache", {"HF_MODULES_CACHE": str(tmp_path / "modules")}
    files = "configuration_own.py, modeling_own.py, parts_own.py"
    (refused,) = ask(hub, cache, {"model": "acme/own"}, **modules)
    assert refused.startswith(f"acme/own wants to run code of its own: {files} @ 2222222. Read it in {cache}")
    assert not (tmp_path / "ran").exists()
    (ran,) = ask(hub, cache, {"model": "acme/own", "trust_remote_code": True}, **modules)
    assert ran == [
        "acme/own@2222222",
        LABELS,
        [f"Ran code that comes with the model: {files} (acme/own@2222222)."],
    ]
    assert ask(None, cache, {"model": "acme/own", "trust_remote_code": True}, **modules) == [ran]


# --- what goes wrong ---


def test_a_slip_in_the_name_is_told_with_what_is_in_the_cache(hub: Hub, tmp_path: Path) -> None:
    ask(hub, tmp_path, TINY)
    assert ask(hub, tmp_path, {"model": "acme/tinny"}) == [
        "The Hub has no model acme/tinny, or it is private. Did you mean acme/tiny?"
    ]


def test_a_name_that_can_be_no_id(hub: Hub, tmp_path: Path) -> None:
    assert ask(hub, tmp_path, {"model": "acme/ti--ny"}) == ["acme/ti--ny can be no Hub id. It is written owner/name."]


def test_an_unfinished_download_goes_on_where_it_ended(hub: Hub, tmp_path: Path) -> None:
    hub.cut = 1000
    (broken,) = ask(hub, tmp_path, TINY, HF_HUB_DOWNLOAD_TIMEOUT="1")
    assert broken == (
        "The download of acme/tiny is not finished: the connection to the Hub was cut (RemoteProtocolError), "
        "perhaps by a proxy. Type the same again with a network: it goes on where it ended."
    )
    assert ask(None, tmp_path, TINY) == [
        "The download of acme/tiny is not finished: model.safetensors is not there. "
        "Set HF_HUB_OFFLINE=0 and type the same again: it goes on where it ended."
    ]
    hub.cut = None
    assert ask(hub, tmp_path, TINY)[0][1] == LABELS


def test_a_part_that_is_gone_from_the_cache_is_told(hub: Hub, tmp_path: Path) -> None:
    ask(hub, tmp_path, TINY)
    for blob in tmp_path.rglob("blobs/*"):
        if blob.stat().st_size > 10_000:
            blob.unlink()
    (said,) = ask(None, tmp_path, TINY)
    assert said.startswith("The download of acme/tiny is not finished")


def test_damaged_weights_of_the_cache_are_told_with_what_to_delete(hub: Hub, tmp_path: Path) -> None:
    ask(hub, tmp_path, TINY)
    weights = next(tmp_path.glob("*/snapshots/*/model.safetensors"))
    weights.resolve().write_bytes(weights.read_bytes()[:500])
    (said,) = ask(None, tmp_path, TINY)
    assert said.startswith("The weights of acme/tiny are damaged: model.safetensors (")
    assert said.endswith("Type `hf cache rm model/acme/tiny`, and then the same again.")


def test_what_is_not_needed_need_not_be_there(hub: Hub, tmp_path: Path) -> None:
    hub.files["acme/tiny", NEW]["more.json"] = b"{}"
    ask(hub, tmp_path, TINY)
    (more,) = tmp_path.glob("*/snapshots/*/more.json")
    more.unlink()
    assert ask(None, tmp_path, TINY)[0][1] == LABELS
    (tokenizer,) = tmp_path.glob("*/snapshots/*/tokenizer.json")
    tokenizer.unlink()
    (said,) = ask(None, tmp_path, TINY)
    assert said.startswith("The download of acme/tiny is not finished: tokenizer.json is not there."), said


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 64 KiB, where the machine lets us have one."""
    place = tmp_path / "disk"
    place.mkdir()
    mounted = shutil.which("mount") and subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(place)], capture_output=True, check=False
    )
    if not mounted or mounted.returncode:
        pytest.skip("needs the right to mount")
    yield place
    subprocess.run(["umount", str(place)], check=True)


def test_a_disk_that_is_too_small_is_told_before_anything_is_fetched(
    hub: Hub, small_disk: Path, tmp_path: Path
) -> None:
    weights = hub.files["acme/tiny", NEW]
    weights["model.safetensors"] += bytes(100_000)
    (said,) = ask(hub, small_disk, TINY)
    assert said.startswith(f"The disk is full: acme/tiny could not be fetched into {small_disk}: it takes "), said
    assert said.endswith("are free. Make room there, or set HF_HUB_CACHE to a folder on another disk.")
    assert not [path for path in hub.asked if path.endswith(".safetensors")]
    assert ask(hub, tmp_path / "elsewhere", {**TINY, "revision": "v1"})[0][1][0] == "contradiction"


def test_a_disk_that_fills_up_on_the_way_is_told(hub: Hub, small_disk: Path) -> None:
    (small_disk / "other").write_bytes(bytes(60_000))
    (said,) = ask(hub, small_disk, TINY)
    assert said.startswith(f"The disk is full: acme/tiny could not be fetched into {small_disk}"), said


# A file may not grow past 20 KB: the system's own error in the middle of the weights, on any machine.
LIMITED = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))"


@pytest.mark.skipif(sys.platform != "linux", reason="needs Linux")
def test_weights_that_cannot_be_written_are_told(hub: Hub, tmp_path: Path) -> None:
    (said,) = ask(hub, tmp_path, TINY, before=LIMITED)
    assert said == (
        f"The disk is full: acme/tiny could not be fetched into {tmp_path}. "
        "Make room there, or set HF_HUB_CACHE to a folder on another disk."
    )
    assert ask(hub, tmp_path, TINY)[0][1] == LABELS


@pytest.mark.parametrize("proxy", ["http://127.0.0.1:9", "nonsense://x", "http://"])
def test_a_proxy_that_fails_is_told(hub: Hub, tmp_path: Path, proxy: str) -> None:
    (said,) = ask(hub, tmp_path, TINY, HTTP_PROXY=proxy, http_proxy=proxy, NO_PROXY="", no_proxy="")
    assert said.startswith("acme/tiny is not in the local cache, and the "), said


def test_a_hub_that_cannot_be_reached_does_not_hinder_what_is_cached(hub: Hub, tmp_path: Path) -> None:
    expected = ask(hub, tmp_path, TINY)
    gone = Hub(address="http://127.0.0.1:9")
    assert ask(gone, tmp_path, TINY) == expected
