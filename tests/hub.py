"""A stand-in for the Hub on this machine: datasets that are made in a test, served as the Hub serves them."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

COMMIT = "89abcdef0123456789abcdef0123456789abcdef"

Repositories = Mapping[str, Mapping[str, bytes] | tuple[int, str]]
"""The id of a dataset to its files, path to content, or to the status and error code that the Hub refuses it with."""


@contextmanager
def hub(repositories: Repositories) -> Iterator[str]:
    """The address of a Hub with these datasets, each with the branch `main` and the tag `v1`."""

    class Handler(_Handler):
        repos = repositories

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    repos: Repositories

    def do_GET(self) -> None:
        parts = [unquote(part) for part in urlsplit(self.path).path.strip("/").split("/")]
        if parts[:2] == ["api", "datasets"]:
            self._api("/".join(parts[2:4]), parts[4:])
        elif parts[0] == "datasets" and len(parts) > 5 and parts[3] == "resolve":
            self._file("/".join(parts[1:3]), parts[4], "/".join(parts[5:]))
        else:
            self._refuse(404, "EntryNotFound")

    do_HEAD = do_GET  # noqa: N815

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        parts = [unquote(part) for part in urlsplit(self.path).path.strip("/").split("/")]
        files = self._repository("/".join(parts[2:4]), parts[5])
        if files is not None:
            asked = parse_qs(body).get("paths") or json.loads(body)["paths"]
            known = {*files, *_folders(files)}
            self._send(json.dumps([_entry(path, files.get(path)) for path in asked if path in known]).encode())

    def _api(self, name: str, rest: list[str]) -> None:
        files = self._repository(name, rest[1] if len(rest) > 1 else "main")
        if files is None:
            return
        if rest[:1] == ["tree"]:
            folder = "".join(f"{part}/" for part in rest[2:])
            inside = [path for path in [*files, *_folders(files)] if path.startswith(folder)]
            deep = "true" in urlsplit(self.path).query.casefold()
            listed = [path for path in inside if deep or "/" not in path.removeprefix(folder)]
            self._send(json.dumps([_entry(path, files.get(path)) for path in listed]).encode())
        else:
            about = {"id": name, "sha": COMMIT, "private": False, "downloads": 0, "tags": []}
            self._send(json.dumps(about | {"siblings": [{"rfilename": path} for path in files]}).encode())

    def _file(self, name: str, revision: str, path: str) -> None:
        files = self._repository(name, revision)
        if files is None:
            return
        if path not in files:
            self._refuse(404, "EntryNotFound")
            return
        self._send(files[path], {"X-Repo-Commit": COMMIT, "ETag": f'"{_digest(files[path])}"'})

    def _repository(self, name: str, revision: str) -> Mapping[str, bytes] | None:
        found = self.repos.get(name, (401, "RepoNotFound"))
        if isinstance(found, tuple):
            self._refuse(*found)
            return None
        if revision not in ("main", "v1", COMMIT):
            self._refuse(404, "RevisionNotFound")
            return None
        return found

    def _send(self, content: bytes, headers: Mapping[str, str] | None = None) -> None:
        asked, status, whole = self.headers.get("Range"), 200, len(content)
        if asked:
            first, _, last = asked.removeprefix("bytes=").partition("-")
            start, stop = int(first), min(whole, int(last or whole) + 1)
            content, status = content[start:stop], 206
        self.send_response(status)
        for key, value in (headers or {}).items():
            self.send_header(key, value)
        if asked:
            self.send_header("Content-Range", f"bytes {start}-{stop - 1}/{whole}")  # pyright: ignore
        self.send_header("Accept-Ranges", "bytes")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def _refuse(self, status: int, code: str) -> None:
        self.send_response(status)
        self.send_header("X-Error-Code", code)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *args: Any) -> None:
        pass


def _folders(files: Mapping[str, bytes]) -> list[str]:
    return sorted({path.rpartition("/")[0] for path in files if "/" in path})


def _entry(path: str, content: bytes | None) -> dict[str, Any]:
    if content is None:
        return {"type": "directory", "path": path, "oid": _digest(path.encode())}
    return {"type": "file", "path": path, "size": len(content), "oid": _digest(content)}


def _digest(content: bytes) -> str:
    return hashlib.sha1(content, usedforsecurity=False).hexdigest()
