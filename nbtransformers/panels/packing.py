"""Named arrays and texts to one binary buffer, as every wire has them.

Sections begin at multiples of eight; a string table NAME is `NAME_offsets` uint32 and `NAME_bytes` in UTF-8.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nbtransformers.plain_text import sendable as sendable  # what is packed must be

Section = dict[str, Any]


def string_table(name: str, texts: Iterable[str]) -> dict[str, NDArray[Any]]:
    encoded = [text.encode("utf-8") for text in texts]
    offsets = np.zeros(len(encoded) + 1, dtype=np.uint32)
    np.cumsum([len(part) for part in encoded], out=offsets[1:])
    return {f"{name}_offsets": offsets, f"{name}_bytes": np.frombuffer(b"".join(encoded), dtype=np.uint8)}


def packed(arrays: dict[str, NDArray[Any]]) -> tuple[list[Section], bytes]:
    sections: list[Section] = []
    payload = bytearray()
    for name, array in arrays.items():
        payload.extend(bytes(-len(payload) % 8))
        sections.append(
            {
                "name": name,
                "dtype": array.dtype.name,
                "shape": list(array.shape),
                "offset": len(payload),
                "nbytes": array.nbytes,
            }
        )
        payload += array.tobytes()
    return sections, bytes(payload)
