"""What the scripts that write golden files share: columns as the bytes of the wire, and the file as it is kept.

By numpy alone, independent of both ends, as they are.
"""

import base64
import json
from pathlib import Path

import numpy as np


def strings(name, values):
    """The two columns of a table of strings: where each begins, and their bytes one behind the other."""
    data = [value.encode() for value in values]
    offsets = np.cumsum([0, *map(len, data)]).astype(np.uint32)
    return [(f"{name}_offsets", offsets), (f"{name}_bytes", np.frombuffer(b"".join(data), np.uint8))]


def packed(columns):
    """The header's sections and the payload, in base64, of named arrays: each begins at a multiple of 8."""
    sections, payload = [], b""
    for name, array in columns:
        payload += b"\0" * (-len(payload) % 8)
        data = array.tobytes()
        section = {"name": name, "dtype": str(array.dtype), "shape": list(array.shape)}
        sections.append({**section, "offset": len(payload), "nbytes": len(data)})
        payload += data
    return sections, base64.b64encode(payload).decode()


def common(rows, texts, flags=None):
    """The sections that every page of rows has; `rows` is a list of (label, reason)."""
    reasons = sorted({reason for _, reason in rows if reason is not None})
    return [
        ("position", np.arange(len(rows), dtype=np.uint32)),
        ("reason", np.array([0 if reason is None else reasons.index(reason) + 1 for _, reason in rows], np.uint8)),
        ("flags", np.array([0] * len(rows) if flags is None else flags, np.uint8)),
        *strings("texts", texts),
        *strings("index", [label for label, _ in rows]),
        *strings("reasons", reasons),
    ]


def in_order(found, key, descending):
    """Positions by their key; those without one come last, whatever the direction."""
    keyed = [at for at in found if key(at) is not None]
    # Python's reverse sort keeps equal rows in their first order, which is what the rules ask for.
    return sorted(keyed, key=key, reverse=descending) + [at for at in found if key(at) is None]


def asked(queries, answer):
    """Each query with what it is told: how many rows match, and the positions of its page."""
    told = []
    for params in queries:
        positions = answer(params)
        page = positions[params["start"] : params["stop"]]
        told.append({"params": params, "total": len(positions), "positions": page})
    return told


def keep(name, cases):
    """Write a golden file."""
    text = json.dumps(cases, ensure_ascii=False, indent=1) + "\n"
    Path(__file__).with_name(name).write_text(text, encoding="utf-8")
