"""The maps of all heads as one small PNG, in a data URI: half transparent, so that it suits a light and a dark page."""

from __future__ import annotations

import base64
import struct
import zlib

import numpy as np
from numpy.typing import NDArray

from nbtransformers.panels.colours import HEX
from nbtransformers.results.attentionmaps import Floats
from nbtransformers.results.attentiontiles import cuts, pooled

PIXELS = 24_000  # of all pictures of a page: two a byte

_LEVELS = 14  # of a colour, or 7 of each of two; one more is nothing
_GAP = 15  # between two heads
_GAP_OPACITY = 70


def grid_uri(pictures: Floats, *, signed: bool, pixels: int = PIXELS) -> tuple[str, int, int]:
    """The picture, each head on a scale of its own, and its width and height in pixels.

    Args:
        pictures: float32 `[layer, head, row, column]`.
        signed: whether they are differences.
        pixels: so many in all, about, at most.
    """
    pictures = np.nan_to_num(_smaller(pictures, pixels, signed=signed))
    layers, heads, rows, columns = pictures.shape
    most = np.abs(pictures).max(axis=(2, 3), keepdims=True, initial=0)
    share = pictures / np.where(most > 0, most, 1)
    levels = np.rint(7 + 7 * share if signed else _LEVELS * share).astype(np.uint8)
    framed = np.full((layers, heads, rows + 1, columns + 1), _GAP, np.uint8)
    framed[:, :, :rows, :columns] = levels
    image = framed.transpose(0, 2, 1, 3).reshape(layers * (rows + 1), heads * (columns + 1))[:-1, :-1]
    data = base64.b64encode(_png(image, *_palette(signed=signed))).decode()
    return f"data:image/png;base64,{data}", image.shape[1], image.shape[0]


def _smaller(pictures: Floats, pixels: int, *, signed: bool) -> Floats:
    """The pictures with as many cells as fit in all."""
    layers, heads, rows, columns = pictures.shape
    side = max(1, int(np.sqrt(pixels / max(1, layers * heads))) - 1)
    if max(rows, columns) <= side:
        return pictures
    down, across = cuts(rows, side)[:-1], cuts(columns, side)[:-1]
    made = [[pooled(picture, down, across, signed=signed) for picture in layer] for layer in pictures]
    return np.array(made)


def _palette(*, signed: bool) -> tuple[bytes, bytes]:
    """Red, green and blue, and the opacity, of each level."""
    blue, orange, grey = (bytes.fromhex(HEX[name][1:]) for name in ("blue", "orange", "grey"))
    if signed:
        colours = [orange] * 7 + [blue] * 8
        opacity = [round(255 * abs(level - 7) / 7) for level in range(_GAP)]
    else:
        colours = [blue] * _GAP
        opacity = [round(255 * level / _LEVELS) for level in range(_GAP)]
    return b"".join([*colours, grey]), bytes([*opacity, _GAP_OPACITY])


def _png(image: NDArray[np.uint8], colours: bytes, opacity: bytes) -> bytes:
    height, width = image.shape
    even = np.pad(image, ((0, 0), (0, width % 2)))
    lines = np.zeros((height, 1 + even.shape[1] // 2), np.uint8)  # each begins with its filter, 0 for none
    lines[:, 1:] = even[:, ::2] << 4 | even[:, 1::2]
    header = struct.pack(">IIBBBBB", width, height, 4, 3, 0, 0, 0)  # four bits a pixel, by palette
    chunks = ((b"IHDR", header), (b"PLTE", colours), (b"tRNS", opacity), (b"IDAT", zlib.compress(lines.tobytes(), 9)))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(*chunk) for chunk in (*chunks, (b"IEND", b"")))


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
