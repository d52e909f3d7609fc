"""Repositories for the stand-in of the Hub: their files, and what the Hub works out of them."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

COMMIT = "89abcdef0123456789abcdef0123456789abcdef"
_LARGE = (".safetensors", ".bin", ".gguf", ".pt")
_TASKS = {
    "ForSequenceClassification": "text-classification",
    "ForTokenClassification": "token-classification",
    "ForQuestionAnswering": "question-answering",
    "ForMaskedLM": "fill-mask",
    "ForCausalLM": "text-generation",
    "Model": "feature-extraction",
}


@dataclass
class Repository:
    """A repository of the Hub, with the branch `main` and the tag `v1` at one commit.

    Attributes:
        files: path to content.
        downloads: in the last 30 days.
        likes: how many.
        modified: when it was changed last.
        gated: `auto` or `manual` where its files are for people who accepted its terms.
        cuts: for each request of a large file, bytes after which the connection ends; then they are sent whole.
        bytes_per_s: how fast large files come; None is as fast as they can.
        is_wrong: whether weights are sent with a bit turned.
        page: what a proxy sends in place of large files, with a status that says that all is well; None sends them.
        shifted: bytes that a range begins later than it was asked for.
        knows_ranges: whether a range of a large file is sent where one is asked for; else it is sent whole.
        commit: its commit.
    """

    files: Mapping[str, bytes]
    downloads: int = 0
    likes: int = 0
    modified: str = "2026-01-02T03:04:05.000Z"
    gated: str | bool = False
    cuts: list[int] = field(default_factory=list[int])
    bytes_per_s: int | None = None
    is_wrong: bool = False
    page: bytes | None = None
    shifted: int = 0
    knows_ranges: bool = True
    commit: str = COMMIT

    def tree(self) -> list[dict[str, Any]]:
        """Every file and folder, as `/tree` lists them."""
        folders = sorted({path.rpartition("/")[0] for path in self.files if "/" in path})
        listed = [{"type": "directory", "path": path, "oid": _git_hash(b"tree", path.encode())} for path in folders]
        return listed + [_entry(path, content) for path, content in self.files.items()]

    def about(self, name: str, *, blobs: bool) -> dict[str, Any]:
        """All that the Hub knows of it; `blobs` has the sizes of its files, too."""
        card, config = self._card(), self._json("config.json")
        about: dict[str, Any] = {
            "_id": _git_hash(b"id", name.encode())[:24],
            "id": name,
            "modelId": name,
            "author": name.partition("/")[0],
            "sha": self.commit,
            "lastModified": self.modified,
            "createdAt": self.modified,
            "private": False,
            "gated": self.gated,
            "disabled": False,
            "downloads": self.downloads,
            "likes": self.likes,
            "trendingScore": self.likes,
            "siblings": [_sibling(path, content, blobs) for path, content in self.files.items()],
            "cardData": card,
            "usedStorage": sum(map(len, self.files.values())),
        }
        if config:
            library = card.get("library_name") or "transformers"
            about |= {"config": _config(config), "pipeline_tag": _task(card, config), "library_name": library}
        weights = self._safetensors()
        if weights:
            about["safetensors"] = {"parameters": dict(weights), "total": sum(weights.values())}
        return {key: value for key, value in about.items() if value is not None} | {"tags": self._tags(about)}

    def _card(self) -> dict[str, Any]:
        return _metadata(self.files.get("README.md", b""))

    def _json(self, path: str) -> dict[str, Any]:
        try:
            return json.loads(self.files.get(path, b"{}"))
        except ValueError:
            return {}

    def _tags(self, about: Mapping[str, Any]) -> list[str]:
        """Those of the card, and those that the Hub works out."""
        card, config = about["cardData"], about.get("config", {})
        tags = [about.get("library_name"), config.get("model_type"), about.get("pipeline_tag")]
        tags += ["safetensors"] if "safetensors" in about else []
        tags += ["pytorch"] if any(path.endswith(".bin") for path in self.files) else []
        tags += ["custom_code"] if "auto_map" in config else []
        tags += _listed(card.get("tags")) + _listed(card.get("language"))
        tags += [f"dataset:{name}" for name in _listed(card.get("datasets"))]
        tags += [f"base_model:{name}" for name in _listed(card.get("base_model"))]
        tags += [f"task_categories:{name}" for name in _listed(card.get("task_categories"))]
        tags += [f"size_categories:{name}" for name in _listed(card.get("size_categories"))]
        tags += [f"language:{name}" for name in _listed(card.get("language"))] if not config else []
        tags += [f"license:{name}" for name in _listed(card.get("license"))]
        return list(dict.fromkeys(tag for tag in (*tags, "region:us") if tag))

    def _safetensors(self) -> Counter[str]:
        counts: Counter[str] = Counter()
        for path, content in self.files.items():
            if path.endswith(".safetensors") and "/" not in path:
                length = int.from_bytes(content[:8], "little")
                for name, tensor in json.loads(content[8 : 8 + length]).items():
                    if name != "__metadata__":
                        counts[tensor["dtype"]] += _product(tensor["shape"])
        return counts


def repository(folder: Path, card: str = "", **options: Any) -> Repository:
    """A repository of the files in a folder; `card` is the metadata of its README, in YAML."""
    files = {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    readme = {"README.md": f"---\n{card}\n---\n# A model\n".encode()} if card else {}
    return Repository({**files, **readme}, **options)


def is_large(path: str) -> bool:
    """Whether the Hub keeps it in its store of large files."""
    return path.endswith(_LARGE)


def damaged(content: bytes) -> bytes:
    """It with a bit turned."""
    return content[:-1] + bytes([content[-1] ^ 1])


@lru_cache(64)
def sha256(content: bytes) -> str:
    """By which large files are known."""
    return hashlib.sha256(content).hexdigest()


@lru_cache(64)
def blob_id(content: bytes) -> str:
    """By which git knows a file."""
    return _git_hash(b"blob", content)


@lru_cache
def _metadata(readme: bytes) -> dict[str, Any]:
    parts = readme.decode().split("---")
    return yaml.safe_load(parts[1]) or {} if len(parts) > 2 else {}


def _git_hash(kind: bytes, content: bytes) -> str:
    return hashlib.sha1(b"%s %d\0%s" % (kind, len(content), content), usedforsecurity=False).hexdigest()


def _entry(path: str, content: bytes) -> dict[str, Any]:
    entry = {"type": "file", "path": path, "size": len(content), "oid": blob_id(content)}
    large = {"oid": sha256(content), "size": len(content), "pointerSize": 134}
    return entry | ({"lfs": large} if is_large(path) else {})


def _sibling(path: str, content: bytes, blobs: bool) -> dict[str, Any]:
    if not blobs:
        return {"rfilename": path}
    large = {"sha256": sha256(content), "size": len(content), "pointerSize": 134}
    sizes = {"size": len(content), "blobId": blob_id(content)}
    return {"rfilename": path, **sizes, **({"lfs": large} if is_large(path) else {})}


def _config(config: Mapping[str, Any]) -> dict[str, Any]:
    """The few entries of a `config.json` that the Hub passes on."""
    kept = ("architectures", "model_type", "auto_map", "quantization_config")
    return {name: config[name] for name in kept if name in config} | {"tokenizer_config": {}}


def _task(card: Mapping[str, Any], config: Mapping[str, Any]) -> str | None:
    architecture = (config.get("architectures") or [""])[0]
    found = (task for ending, task in _TASKS.items() if architecture.endswith(ending))
    return card.get("pipeline_tag") or next(found, None)


def _listed(value: Any) -> list[str]:
    return value if isinstance(value, list) else [value] if value else []


def _product(shape: list[int]) -> int:
    number = 1
    for length in shape:
        number *= length
    return number
