"""Attention as static HTML: a picture that a browser can read, the strongest heads, and nothing that runs."""

from __future__ import annotations

import base64
import struct
import zlib
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from sines import QuickMaps, attention, side

from nbtransformers.errors import UserError
from nbtransformers.panels.attention.picture import grid_uri
from nbtransformers.panels.attention.snapshot import attention_snapshot
from nbtransformers.panels.attention.wire import attention_header
from nbtransformers.results.attention import SPECIAL

HOSTILE = '<img src=x onerror=alert(1)> "&amp;" $x$'


def levels(uri: str) -> NDArray[np.integer[Any]]:
    """The levels `[line, pixel]` of a picture, from 0 to 15, read as the PNG standard says."""
    data = base64.b64decode(uri.removeprefix("data:image/png;base64,"))
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    chunks: dict[bytes, bytes] = {}
    at = 8
    while at < len(data):
        (length,), name = struct.unpack(">I", data[at : at + 4]), data[at + 4 : at + 8]
        chunks[name] = data[at + 8 : at + 8 + length]
        assert struct.unpack(">I", data[at + 8 + length :][:4])[0] == zlib.crc32(name + chunks[name])
        at += 12 + length
    width, height, depth, kind, *rest = struct.unpack(">IIBBBBB", chunks[b"IHDR"])
    assert (depth, kind, rest) == (4, 3, [0, 0, 0])
    assert (len(chunks[b"PLTE"]), len(chunks[b"tRNS"])) == (48, 16)
    lines = np.frombuffer(zlib.decompress(chunks[b"IDAT"]), np.uint8).reshape(height, -1)
    assert not lines[:, 0].any()  # no filter
    return np.stack([lines[:, 1:] >> 4, lines[:, 1:] & 15], axis=2).reshape(height, -1)[:, :width]


def test_the_picture_shows_each_head_on_a_scale_of_its_own() -> None:
    pictures = np.array([[[[0, 0.5], [1, 0]], [[0.1, 0.1], [0.2, 0]]]], np.float32)
    uri, width, height = grid_uri(pictures, signed=False)
    assert (width, height) == (5, 2)
    assert levels(uri).tolist() == [[0, 7, 15, 7, 7], [14, 0, 15, 14, 0]]


def test_the_picture_of_a_difference_has_two_ends() -> None:
    uri, *_ = grid_uri(np.array([[[[-2, 0, 1, np.nan]]]], np.float32), signed=True)
    assert levels(uri).tolist() == [[0, 7, 10, 7]]


def test_the_picture_of_nothing_is_empty() -> None:
    uri, *_ = grid_uri(np.zeros((2, 1, 2, 2), np.float32), signed=False)
    assert levels(uri).tolist() == [[0, 0], [0, 0], [15, 15], [0, 0], [0, 0]]


@pytest.mark.parametrize("shape", [(1, 1), (12, 12), (30, 9), (48, 32), (80, 64)])
def test_a_picture_has_few_pixels_and_all_heads(shape: tuple[int, int]) -> None:
    pictures = np.random.default_rng(0).random((*shape, 24, 24), np.float32)
    uri, width, height = grid_uri(pictures, signed=False)
    assert len(uri) < 25_000
    assert width * height <= max(24_000, 4 * shape[0] * shape[1])
    grid = levels(uri)
    side = (height + 1) // shape[0]
    assert (grid[side - 1 :: side] == 15).all()  # the lines between the heads


def shown(**fields: Any) -> str:
    return attention_snapshot("id", attention(**fields))


def test_it_tells_what_was_read_and_which_heads_are_strongest() -> None:
    result = attention(side(6, text=HOSTILE), notes=(HOSTILE,), causal=False)
    page = attention_snapshot("id", result)
    assert "<script" not in page and "onerror=alert(1)>" not in page
    assert page.count("&lt;img src=x onerror=alert(1)&gt;") == 2
    for said in (
        "a-model",
        "6 tokens · 2 layers × 2 heads",
        "on the previous token",
        "a row a layer, from 0 above to 1",
    ):
        assert said in page
    previous = result.measures()["previous"]
    layer, head = np.unravel_index(previous.argmax(), previous.shape)
    assert f"{layer}.{head} ({previous.max():.0%})" in page
    assert "induction" not in page and "followed the same token" not in page  # no token comes twice


def test_the_heads_of_every_part_are_there() -> None:
    page = shown(queries=4, encoded=6)
    assert page.count("<img ") == 3
    for said in ("the decoder&#x27;s text to itself", "the decoder to the encoder&#x27;s text", "6 tokens → 4"):
        assert said in page


def test_a_long_text_says_what_it_was_measured_from() -> None:
    page = shown(queries=side(4_000), maps=QuickMaps)
    assert "measured from 256 queries" in page
    assert len(page) < 60_000


def test_one_token_and_special_tokens_alone_can_be_seen() -> None:
    for result in (attention(1), attention(side(2, flags=np.array([SPECIAL, SPECIAL], np.uint8)))):
        page = attention_snapshot("id", result)
        assert 'src="data:image/png;base64,' in page and "nan" not in page


def test_a_difference_says_what_its_colours_are() -> None:
    page = shown(queries=5, signed=True)
    assert "difference of attention" in page and "blue for more, orange for less" in page
    assert "entropy" not in page


def test_chinese_arabic_and_emoji_stay_as_they_are() -> None:
    page = shown(queries=side(3, text="猫坐着 قطة 👩\u200d👧"))
    assert "猫坐着 قطة 👩\u200d👧" in page


def test_heads_that_cannot_be_looked_at_are_told() -> None:
    class Dear(QuickMaps):
        def weights(self, part: Any, layer: int, head: int, rows: Any) -> Any:
            raise UserError("Too much memory.", hint="Take a shorter text.")

    result = attention(5, maps=Dear)
    header, _ = attention_header(result)
    assert (header["inline"], header["parts"][0]["sampled"]) == (False, 0)
    for told in (header["notes"][-1], attention_snapshot("id", result)):
        assert "Too much memory." in told
