"""A stand-in for the Hub on this machine: models and datasets that are made in a test, served as the Hub serves them.

It answers what the Hub answers to what huggingface_hub asks: search with filters, sorting and pages that the `Link`
header leads to, what is known of a model, trees with the SHA-256 of large files, and the files themselves, whole or by
ranges. Large files are behind a redirect, as they are there. A repository can be gated, slow, cut off, or wrong.
"""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlencode, urlsplit

from hubrepos import Repository, blob_id, damaged, is_large, sha256

Repositories = Mapping[str, Mapping[str, bytes] | tuple[int, str]]
"""The id of a dataset to its files, path to content, or to the status and error code that the Hub refuses it with."""

TOKEN = "hf_of_a_person_who_accepted"
_PAGE = 1_000


@dataclass
class Hub:
    """What a Hub has, and what it was asked.

    Attributes:
        models: by id.
        datasets: by id.
        refusals: ids of datasets that are refused whatever is asked, to status and error code.
        delay: seconds that every answer takes.
        failure: the status and the text of every answer, in place of it; None answers.
        cut_answers: bytes of an answer of the API after which the connection ends; None sends all.
        asked: every path with its query, in order.
        answered: when each answer had been sent, by the clock of `time.monotonic`.
        ranges: the `Range` of each request for a large file, or None.
        most_at_once: how many large files, or ranges of one, it was sending at one time.
        address: where it is.
    """

    models: dict[str, Repository] = field(default_factory=dict[str, Repository])
    datasets: dict[str, Repository] = field(default_factory=dict[str, Repository])
    refusals: dict[str, tuple[int, str]] = field(default_factory=dict[str, tuple[int, str]])
    delay: float = 0.0
    failure: tuple[int, bytes] | None = None
    cut_answers: int | None = None
    asked: list[str] = field(default_factory=list[str])
    answered: list[float] = field(default_factory=list[float])
    ranges: list[str | None] = field(default_factory=list["str | None"])
    most_at_once: int = 0
    address: str = ""
    _sending: list[str] = field(default_factory=list[str])
    _guard: threading.Lock = field(default_factory=threading.Lock)

    @contextmanager
    def sending(self, path: str) -> Iterator[None]:
        """Meanwhile a large file is on its way."""
        with self._guard:
            self._sending.append(path)
            self.most_at_once = max(self.most_at_once, len(self._sending))
        try:
            yield
        finally:
            with self._guard:
                self._sending.remove(path)

    def environment(self, cache: Any, token: str | None = None) -> dict[str, str]:
        """The variables that lead huggingface_hub here, and to a cache of its own; a person may have logged in."""
        variables = {
            "HF_ENDPOINT": self.address,
            "HF_HUB_OFFLINE": "0",
            "HF_HUB_CACHE": str(cache),
            "HF_TOKEN_PATH": str(cache) + "-token",
            "HF_HUB_DISABLE_XET": "1",
        }
        return variables | ({"HF_TOKEN": token} if token else {})


@contextmanager
def hub(repositories: Repositories) -> Iterator[str]:
    """The address of a Hub with these datasets, each with the branch `main` and the tag `v1`."""
    refused = {name: found for name, found in repositories.items() if isinstance(found, tuple)}
    there = {name: Repository(found) for name, found in repositories.items() if not isinstance(found, tuple)}
    with serving(Hub(datasets=there, refusals=refused)) as running:
        yield running.address


@contextmanager
def serving(made: Hub) -> Iterator[Hub]:
    """A Hub that answers at its address."""

    class Handler(_Handler):
        hub = made

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    made.address = f"http://127.0.0.1:{server.server_port}"
    try:
        yield made
    finally:
        server.shutdown()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    hub: Hub
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        address = urlsplit(self.path)
        parts = [unquote(part) for part in address.path.strip("/").split("/")]
        self.hub.asked.append(self.path)
        time.sleep(self.hub.delay)
        if self.hub.failure is not None:
            self._send(self.hub.failure[1], {"Content-Type": "text/html"}, self.hub.failure[0])
        elif parts[:2] in (["api", "models"], ["api", "datasets"]):
            self._api(parts[1], parts[2:], parse_qs(address.query))
        elif parts[0] == "stored" and len(parts) > 3:
            self._stored(parts[1], "/".join(parts[2:4]), "/".join(parts[4:]))
        else:
            kind, parts = ("datasets", parts[1:]) if parts[0] == "datasets" else ("models", parts)
            if len(parts) > 4 and parts[2] == "resolve":
                self._file(kind, "/".join(parts[:2]), parts[3], "/".join(parts[4:]))
            else:
                self._refuse(404, "EntryNotFound")

    do_HEAD = do_GET  # noqa: N815

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        parts = [unquote(part) for part in urlsplit(self.path).path.strip("/").split("/")]
        repository = self._repository(parts[1], "/".join(parts[2:4]), parts[5])
        if repository is not None:
            asked = parse_qs(body).get("paths") or json.loads(body)["paths"]
            self._json([entry for path in asked for entry in repository.tree() if entry["path"] == path])

    # --- the API ---

    def _api(self, kind: str, rest: list[str], query: dict[str, list[str]]) -> None:
        token = self.headers.get("Authorization")
        if token is not None and not token.startswith("Bearer hf_"):
            self._refuse(401, "", "Invalid credentials in Authorization header")
            return
        if not rest:
            self._search(kind, query)
            return
        name, rest = "/".join(rest[:2]), rest[2:]
        repository = self._repository(kind, name, rest[1] if len(rest) > 1 else "main")
        if repository is None:
            return
        if rest[:1] == ["tree"]:
            folder = "".join(f"{part}/" for part in rest[2:])
            deep = "true" in urlsplit(self.path).query.casefold()
            inside = [entry for entry in repository.tree() if entry["path"].startswith(folder)]
            self._json([entry for entry in inside if deep or "/" not in entry["path"].removeprefix(folder)])
        else:
            about = repository.about(name, blobs="blobs" in query)
            self._json(_expanded(about, query) if "expand" in query else about)

    def _search(self, kind: str, query: dict[str, list[str]]) -> None:
        """A page of what is found, and where the next one is; `cursor` is for whoever made it to read."""
        there = self.hub.models if kind == "models" else self.hub.datasets
        listed = [repository.about(name, blobs=False) for name, repository in there.items()]
        found = [about for about in listed if _matches(about, query)]
        if "sort" in query:
            found.sort(key=lambda about: about.get(query["sort"][0]) or 0, reverse=True)
        start, limit = int(query.get("cursor", ["0"])[0]), min(_PAGE, int(query.get("limit", [_PAGE])[0]))
        page, headers = found[start : start + limit], {}
        if start + limit < len(found):
            following = urlencode(query | {"cursor": [str(start + limit)]}, doseq=True)
            headers["Link"] = f'<{self.hub.address}/api/{kind}?{following}>; rel="next"'
        wanted = [_expanded(about, query) if "expand" in query else _in_short(about) for about in page]
        self._json(wanted, headers)

    # --- files ---

    def _file(self, kind: str, name: str, revision: str, path: str) -> None:
        repository = self._repository(kind, name, revision)
        if repository is None or self._is_gated(kind, name, repository):
            return
        if path not in repository.files:
            self._refuse(404, "EntryNotFound")
            return
        content, headers = repository.files[path], {"X-Repo-Commit": repository.commit}
        if not is_large(path):
            sent = damaged(content) if repository.is_wrong and path.startswith("model.") else content
            self._send(sent, {**headers, "ETag": f'"{blob_id(content)}"'})
            return
        headers |= {"X-Linked-Etag": f'"{sha256(content)}"', "X-Linked-Size": str(len(content))}
        # Another host, as there: huggingface_hub looks at the headers of this answer, and not behind it.
        store = self.hub.address.replace("127.0.0.1", "localhost")
        headers["Location"] = f"{store}/stored/{kind}/{name}/{path}"
        self._send(b"", headers, 302)

    def _stored(self, kind: str, name: str, path: str) -> None:
        """A large file, where the redirect leads: that address is signed, and a token besides it is refused."""
        if self.headers.get("Authorization"):
            self._refuse(400, "")
            return
        repository = (self.hub.models if kind == "models" else self.hub.datasets)[name]
        content = repository.files[path]
        self.hub.ranges.append(self.headers.get("Range"))
        if repository.page is not None:
            self._send(repository.page, {"Content-Type": "text/html"}, ranged=False)
            return
        if repository.is_wrong:
            content = damaged(content)
        cut = repository.cuts.pop(0) if repository.cuts and self.command == "GET" else None
        with self.hub.sending(path):
            self._send(
                content,
                {"ETag": '"of the store"'},
                cut=cut,
                pace=repository.bytes_per_s,
                ranged=repository.knows_ranges,
                shifted=repository.shifted,
            )

    def _is_gated(self, kind: str, name: str, repository: Repository) -> bool:
        """Files, unlike what is known of it, are for those who accepted; a token that is none is as good as none."""
        token = (self.headers.get("Authorization") or "").removeprefix("Bearer ")
        if not repository.gated or token == TOKEN:
            return False
        what = f"Access to {kind.removesuffix('s')} {name} is restricted"
        if token.startswith("hf_"):
            more = f"and you are not in the authorized list. Visit {self.hub.address}/{name} to ask for access."
            self._refuse(403, "GatedRepo", f"{what} {more}")
        else:
            more = "You must have access to it and be authenticated to access it. Please log in."
            self._refuse(401, "GatedRepo", f"{what}. {more}")
        return True

    def _repository(self, kind: str, name: str, revision: str) -> Repository | None:
        found = (self.hub.models if kind == "models" else self.hub.datasets).get(name)
        if found is None:
            self._refuse(*self.hub.refusals.get(name, (401, "RepoNotFound")))
        elif revision not in ("main", "v1", found.commit):
            self._refuse(404, "RevisionNotFound")
        else:
            return found
        return None

    # --- answers ---

    def _json(self, value: Any, headers: Mapping[str, str] | None = None) -> None:
        written = json.dumps(value).encode()
        self._send(written, {"Content-Type": "application/json", **(headers or {})}, cut=self.hub.cut_answers)

    def _send(
        self,
        content: bytes,
        headers: Mapping[str, str],
        status: int = 200,
        *,
        cut: int | None = None,
        pace: int | None = None,
        ranged: bool = True,
        shifted: int = 0,
    ) -> None:
        """Send a whole, or the range that was asked for; `cut` ends the connection after so many bytes of it."""
        whole, extra = len(content), {}
        asked = re.fullmatch(r"bytes=(\d*)-(\d*)", self.headers.get("Range") or "") if ranged else None
        if asked and status == 200:
            start = int(asked[1]) + shifted if asked[1] else max(0, whole - int(asked[2]))
            stop = min(whole, int(asked[2]) + 1) if asked[1] and asked[2] else whole
            if start >= whole:
                self._refuse(416, "", "Range not satisfiable", {"Content-Range": f"bytes */{whole}"})
                return
            content, status = content[start:stop], 206
            extra["Content-Range"] = f"bytes {start}-{stop - 1}/{whole}"
        self.send_response(status)
        for key, value in {**headers, **extra, "Accept-Ranges": "bytes", "Content-Length": str(len(content))}.items():
            self.send_header(key, value)
        self.end_headers()
        if self.command != "HEAD":
            self._write(content if cut is None else content[:cut], pace)
            self.close_connection = cut is not None
        self.hub.answered.append(time.monotonic())

    def _write(self, content: bytes, pace: int | None) -> None:
        step = max(1, (pace or 0) // 20) if pace else len(content) or 1
        try:
            for start in range(0, len(content), step):
                self.wfile.write(content[start : start + step])
                if pace:
                    self.wfile.flush()
                    time.sleep(1 / 20)
        except OSError:  # whoever asked has gone
            self.close_connection = True

    def _refuse(self, status: int, code: str, message: str = "", more: Mapping[str, str] | None = None) -> None:
        self.send_response(status)
        for key, value in {"X-Error-Code": code, "X-Error-Message": message, **(more or {})}.items():
            if value:
                self.send_header(key, value)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *args: Any) -> None:
        pass


def _matches(about: Mapping[str, Any], query: Mapping[str, list[str]]) -> bool:
    """Whether the Hub would find it: `filter` are tags that it must all have, `search` is in its id."""
    tags = {tag for given in query.get("filter", []) for tag in given.split(",")}
    words = " ".join(query.get("search", [])).casefold().split()
    most = re.search(r"max:([\d.]+)([KMBT]?)", query.get("num_parameters", [""])[0])
    return (
        tags <= set(about["tags"])
        and all(word in about["id"].casefold() for word in words)
        and query.get("pipeline_tag", [about.get("pipeline_tag")])[0] == about.get("pipeline_tag")
        and (most is None or _parameters(about) <= float(most[1]) * _UNITS[most[2]])
    )


_UNITS = {"": 1, "K": 1e3, "M": 1e6, "B": 1e9, "T": 1e12}


def _parameters(about: Mapping[str, Any]) -> float:
    """How many it has; one that does not say is not found by size."""
    return about.get("safetensors", {}).get("total", float("inf"))


def _expanded(about: Mapping[str, Any], query: Mapping[str, list[str]]) -> dict[str, Any]:
    """With `expand`, what was asked for and nothing else."""
    return {key: value for key, value in about.items() if key in ("_id", "id", *query["expand"])}


def _in_short(about: Mapping[str, Any]) -> dict[str, Any]:
    """What a listing tells of each."""
    short = (
        "_id",
        "id",
        "modelId",
        "private",
        "likes",
        "downloads",
        "tags",
        "pipeline_tag",
        "library_name",
        "createdAt",
    )
    return {key: value for key, value in about.items() if key in short}
