"""Tokenizations made by hand, and their wire read without the code that writes it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from nbtransformers.request import DataRef, TokenizeRequest
from nbtransformers.results.reasons import Reasons
from nbtransformers.results.texts import Texts
from nbtransformers.results.tokenization import Tokenization, TokenizeRun
from nbtransformers.results.tokens import Spelling, TokenArrays, Tokens

Told = dict[str, Any]
"""A token in plain words: id, piece, bytes, start, stop, word, flags."""


def token(piece: str, start: int = 0, stop: int = 0, **given: Any) -> Told:
    """A token; its number follows from its piece, and its bytes are its text unless they are given."""
    number = given.get("id", sum(map(ord, piece)) % 30_000)
    return {
        "id": number,
        "piece": piece,
        "bytes": given.get("bytes", piece.removeprefix("##").encode("utf-8", "surrogatepass").hex()),
        "start": start,
        "stop": stop,
        "word": given.get("word", -1),
        "flags": given.get("flags", 0),
    }


def tokens(name: str, rows: Sequence[Sequence[Told]], cut: Sequence[int] | None = None, **given: Any) -> Tokens:
    """What a tokenizer made of some rows."""
    flat = [told for row in rows for told in row]
    pieces = sorted({(told["id"], told["piece"], told["bytes"]) for told in flat})
    fields = {"model": "WordPiece", "vocabulary": 30522, "limit": 12, "fast": True, "pad_token": "[PAD]"}
    return Tokens(
        name=name,
        **({"pad_id": 0, "padding_side": "right"} | fields | given),
        flat=TokenArrays(
            ids=np.array([told["id"] for told in flat], np.int32),
            start=np.array([told["start"] for told in flat], np.uint32),
            stop=np.array([told["stop"] for told in flat], np.uint32),
            word=np.array([told["word"] for told in flat], np.int32),
            flags=np.array([told["flags"] for told in flat], np.uint8),
        ),
        rows=np.cumsum([0, *map(len, rows)]).astype(np.int64),
        cut=np.array([0] * len(rows) if cut is None else cut, np.int32),
        spelling=Spelling(
            np.array([piece[0] for piece in pieces], np.int32),
            Texts(piece[1] for piece in pieces),
            Texts(piece[2] for piece in pieces),
        ),
    )


def tokenization(
    texts: Sequence[str | None],
    tokenizers: Sequence[Tokens],
    *,
    words: Sequence[int] | None = None,
    reasons: Mapping[int, str] | None = None,
    index: Any = None,
    notes: Sequence[str] = (),
    **fields: Any,
) -> Tokenization:
    """A result as the engine could have given it."""
    return Tokenization(
        request=TokenizeRequest(DataRef("variable", "data"), **fields),
        texts=Texts(texts),
        index=index,
        reasons=Reasons(len(texts), dict(reasons or {})),
        tokenizers=tuple(tokenizers),
        words=np.array([len((text or "").split()) for text in texts] if words is None else words, np.int32),
        characters=np.array([len(text or "") for text in texts], np.int32),
        run=TokenizeRun(0.5, 0.004, sum(len(own.flat) for own in tokenizers)),
        notes=tuple(notes),
    )


GOLDEN: dict[str, dict[str, Any]] = json.loads(
    Path(__file__).with_name("golden").joinpath("tokenize.json").read_text(encoding="utf-8")
)


def golden(name: str) -> Tokenization:
    """The result that a golden case tells of."""
    header, rows = GOLDEN[name]["header"], GOLDEN[name]["rows"]
    reasons = {number: row["reason"] for number, row in enumerate(rows) if row["reason"]}
    made = [
        tokens(
            told["name"],
            [row["tokenizers"][number].get("all", row["tokenizers"][number]["tokens"]) for row in rows],
            [row["tokenizers"][number]["cut"] for row in rows],
            limit=told["limit"] or 0,
            pad_token=told["batch"]["pad_token"],
            padding_side=told["batch"]["padding_side"],
            **{field: told[field] for field in ("model", "vocabulary", "fast")},
        )
        for number, told in enumerate(header["tokenizers"])
    ]
    total = header["tokenizers"][0]["totals"]["words"]
    return tokenization(
        [None if row["reason"] == "missing" else row["whole_text"] for row in rows],
        made,
        words=[total, *[0] * (len(rows) - 1)],
        reasons=reasons,
        index=[row["index"] for row in rows],
        notes=header["notes"],
        batch_size=header["tokenizers"][0]["batch"]["rows"],
    )


def read_back(sections: list[dict[str, Any]], payload: bytes, tokenizers: int) -> list[dict[str, Any]]:
    """The rows on the wire, as the browser reads them."""
    found: dict[str, Any] = {}
    for section in sections:
        assert section["offset"] % 8 == 0
        start, stop = section["offset"], section["offset"] + section["nbytes"]
        assert stop <= len(payload)
        found[section["name"]] = np.frombuffer(payload[start:stop], section["dtype"]).reshape(section["shape"])
    tables = {name: _strings(found, name) for name in ("texts", "index", "reasons")}
    return [
        {
            "position": int(position),
            "index": tables["index"][row],
            "text": tables["texts"][row],
            "reason": tables["reasons"][found["reason"][row] - 1] if found["reason"][row] else None,
            "clipped": bool(found["flags"][row] & 1),
            "tokenizers": [_tokens(found, f"t{number}", row) for number in range(tokenizers)],
        }
        for row, position in enumerate(found["position"])
    ]


def _tokens(found: dict[str, Any], name: str, row: int) -> dict[str, Any]:
    pieces, data = _strings(found, f"{name}_pieces"), _strings(found, f"{name}_bytes")
    start, stop = found[f"{name}_rows"][row : row + 2]
    told = [
        {
            "id": int(found[f"{name}_ids"][at]),
            "piece": pieces[found[f"{name}_piece"][at]],
            "bytes": data[found[f"{name}_piece"][at]],
            **{field: int(found[f"{name}_{field}"][at]) for field in ("start", "stop", "word", "flags")},
        }
        for at in range(start, stop)
    ]
    return {"count": int(found[f"{name}_counts"][row]), "cut": int(found[f"{name}_cut"][row]), "tokens": told}


def _strings(found: Mapping[str, Any], name: str) -> list[str]:
    offsets, data = found[f"{name}_offsets"].tolist(), found[f"{name}_bytes"].tobytes()
    return [data[start:stop].decode("utf-8") for start, stop in pairwise(offsets)]
