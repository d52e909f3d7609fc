"""How a text file is encoded: named, marked, or guessed from a bounded sample of it."""

from __future__ import annotations

import codecs
import contextlib
import encodings.aliases
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import BinaryIO

from nbtransformers.errors import UserError, did_you_mean, shown
from nbtransformers.inputs.alphabets import fit, order
from nbtransformers.inputs.binary import looks_like
from nbtransformers.plain_text import printable

HEAD_BYTES = 2**16
_PIECE = 2**20
_FAR = 2**26  # bytes that are searched for what is not ASCII
_ENOUGH = 2**16  # bytes of such lines that a guess is made from
_NOISY = 0.25  # how much worse a reading is taken to be that charset-normalizer has for noise
_LEAST = 0.3  # what a reading must be worth to be a guess
_WORDS = 0.7  # how well the letters of a file with null bytes must fit a language to be taken for text
_CONTROLS = re.compile(r"[\x00-\x08\x0b\x0e-\x1f\x7f-\x9f]")
_IN_WORD = r"\w'’\u0300-\u036f\u0e31-\u0e4e"  # with marks that combine, Latin and Thai
_WORDS_SHOWN = 24  # characters of the words in a note

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # before UTF-16, whose mark it begins with
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
# What people have files in, in Python's names: those of the web's standard. A guess among all of Python's
# finds Mac and IBM code pages in plain Western text.
_IN_USE = """
    gb18030 big5 cp932 euc_jp cp949 cp1250 cp1251 cp1252 cp1253 cp1254 cp1255 cp1256 cp1257 cp1258 koi8_r koi8_u
    iso8859_2 iso8859_5 iso8859_6 iso8859_7 iso8859_8 iso8859_9 iso8859_15 cp866 tis_620
""".split()  # noqa: SIM905
_NO_TEXT = {"idna", "punycode", "undefined", "unicode_escape", "raw_unicode_escape", "mbcs", "oem"}

UNDECODABLE = "\udfff"
"""Stands for bytes that an encoding has no character for: no file can hold it, since it is no character either."""
MARKED = "nbtransformers.marked"
codecs.register_error(MARKED, lambda error: (UNDECODABLE, error.end))  # pyright: ignore


@dataclass(frozen=True, slots=True)
class Encoding:
    """How a file is read.

    Attributes:
        codec: as Python names it.
        note: how it was guessed; None when it was not.
    """

    codec: str
    note: str | None = None


def encoding_of(opened: Callable[[], BinaryIO], asked: str | None, path: str, name: str) -> Encoding:
    """The encoding of a text file.

    Args:
        opened: opens the file, from its beginning.
        asked: the name that the user gave.
        path: where the file is.
        name: what it is called.

    Raises:
        UserError: when there is no such encoding, when the file is not in it, or is no text at all.
    """
    with opened() as file:
        head = file.read(HEAD_BYTES)
    kind = looks_like(head, path)
    if kind is not None:
        raise UserError(f"{name} is {kind[0]}, not text.", hint=kind[1])
    marked = next((codec for mark, codec in _MARKS if head.startswith(mark)), None)
    if asked is not None:
        return Encoding(_checked(asked, marked, opened, name))
    if marked is not None:
        return Encoding(marked)
    if b"\x00" in head:
        return _with_nulls(head, name)
    return _guessed(b"\n".join(_beyond_ascii(opened)), head, name)


def known_encoding(asked: str) -> str:
    """The codec of a name.

    Raises:
        UserError: when there is none, or it is not one for text.
    """
    try:
        found = codecs.lookup(asked)
        "".encode(found.name)
    except (LookupError, UnicodeError, ValueError):
        found = None
    if found is None or found.name in _NO_TEXT:
        names = [name.replace("_", "-") for name in (*encodings.aliases.aliases, "utf-8", "gb18030")]
        hint = did_you_mean(asked.replace("_", "-"), names) if len(asked) < 40 else ""
        if not hint.startswith("Did"):
            hint = "Type a name such as `--encoding gb18030`, or leave it out for a guess."
        raise UserError(f"There is no encoding {shown(asked)}.", hint=hint)
    return found.name


def _checked(asked: str, marked: str | None, opened: Callable[[], BinaryIO], name: str) -> str:
    codec = known_encoding(asked)
    if marked is not None and codec.split("-")[:2] == marked.split("-")[:2]:
        return marked  # reads the mark itself, and takes it away
    lines = list(_beyond_ascii(opened)) if "a\n".encode(codec) == b"a\n" else []  # others end their lines elsewise
    if lines and _share(lines, codec) == 0:
        found = marked or _codec_of(b"\n".join(lines))
        instead = f"It looks like {shown_as(found)}: `--encoding {shown_as(found)}`." if found else "Name another."
        raise UserError(f"{name} is not in {asked}: no line beyond ASCII can be read so.", hint=instead)
    return codec


def _with_nulls(head: bytes, name: str) -> Encoding:
    """UTF-16 or 32 without a mark has a null byte for nearly every ASCII character; other text has none."""
    places = [head[at::4].count(0) / max(1, len(head[at::4])) for at in range(4)]
    pattern = "".join("0" if share > 0.6 else "1" if share < 0.4 else "?" for share in places)
    codec = {"1000": "utf-32-le", "0001": "utf-32-be", "1010": "utf-16-le", "0101": "utf-16-be"}.get(pattern)
    codec = codec or _wide(head)
    if codec is None:
        raise UserError(
            f"{name} holds null bytes, as a binary file does.", hint="If it is text, name its `--encoding NAME`."
        )
    return _told(codec, name, head)


def _wide(head: bytes) -> str | None:
    """UTF-16 where few characters are ASCII, such as Chinese; None when neither order of bytes makes words."""
    for codec in ("utf-16-le", "utf-16-be"):
        try:
            text = codecs.getincrementaldecoder(codec)().decode(head)  # the head may end within a character
        except UnicodeDecodeError:
            continue
        if not _CONTROLS.search(text) and fit(text) > _WORDS:
            return codec
    return None


def _guessed(sample: bytes, head: bytes, name: str) -> Encoding:
    if b"\x1b$" in head and not sample:
        return _told("iso2022_jp", name, head)
    # A line or two that are damaged make no UTF-8 file something else: other encodings hardly ever look like it.
    if not sample or _share(sample.split(b"\n"), "utf-8") >= 0.5:
        return Encoding("utf-8")
    codec = _codec_of(sample)
    if codec is None:
        raise UserError(f"The encoding of {name} cannot be guessed.", hint="Name it: `--encoding gb18030`.")
    return _told(codec, name, sample)


def _codec_of(sample: bytes) -> str | None:
    from charset_normalizer import from_bytes

    if _share(sample.split(b"\n"), "utf-8") >= 0.5:
        return "utf-8"
    # It tells noise from text, but not one alphabet from the next: a letter is a letter to it. Of a few characters it
    # says little, so what it throws out is weighed too.
    readings = {name: (text, _NOISY) for name in _IN_USE if (text := _read(sample, name))}
    for match in from_bytes(sample, cp_isolation=[*_IN_USE]):
        readings |= {name: (str(match), match.chaos) for name in match.could_be_from_charset}
    weighed = {name: round(fit(text, name) - noise, 2) for name, (text, noise) in readings.items()}
    best = min(weighed, key=lambda name: (-weighed[name], order(name)), default=None)
    return best if best is not None and weighed[best] > _LEAST else None


def _read(sample: bytes, codec: str) -> str | None:
    """What an encoding makes of a sample; a damaged line in ten is left out."""
    lines = sample.split(b"\n")
    read: list[str] = []
    for line in lines:
        with contextlib.suppress(UnicodeError):
            read.append(line.decode(codec))
    return "\n".join(read) if len(read) >= 0.9 * len(lines) else None


def _told(codec: str, name: str, sample: bytes) -> Encoding:
    words = _glimpse(sample[:HEAD_BYTES].decode(codec, "replace"))
    read = f"{name} was read as {shown_as(codec)} (guessed){words and f': “{words}”'}."
    return Encoding(codec, f"{read} `--encoding NAME` names another.")


def _glimpse(text: str) -> str:
    """A few words of a text, one of them beyond ASCII: by these a reader sees whether a guess is right."""
    first = re.search(r"[^\W\x00-\x7f]", text)
    at = first.start() if first else 0
    around = text[max(0, at - _WORDS_SHOWN) : at + _WORDS_SHOWN]
    words = re.search(rf"(?:[{_IN_WORD}]+ )?[{_IN_WORD}]*[^\W\x00-\x7f][{_IN_WORD}]*(?: [{_IN_WORD}]+){{0,2}}", around)
    shown = printable(words[0] if words else text[at : at + _WORDS_SHOWN]).strip()
    return shown if len(shown) <= _WORDS_SHOWN else f"{shown[: _WORDS_SHOWN - 1]}…"


def shown_as(codec: str) -> str:
    """A codec as people write it; Python knows it by this name too.

    Example:
        >>> shown_as("cp1252"), shown_as("koi8_r")
        ('windows-1252', 'koi8-r')
    """
    windows = codec.removeprefix("cp125")
    return f"windows-125{windows}" if windows != codec else codec.replace("_", "-").replace("iso8859", "iso-8859")


def _share(lines: list[bytes], codec: str) -> float:
    """The share of lines that a codec can read."""
    decoder = codecs.getincrementaldecoder(codec)
    good = 0
    for line in lines:
        try:
            decoder().decode(line, final=len(line) < _ENOUGH)  # what we cut off ourselves is no fault
            good += 1
        except (UnicodeError, ValueError):
            pass
    return good / len(lines)


def _beyond_ascii(opened: Callable[[], BinaryIO]) -> Iterator[bytes]:
    """Lines that are not all ASCII, until there are enough of them or the file has been searched far."""
    found, searched, begun = 0, 0, b""
    with opened() as file:
        while found < _ENOUGH and searched < _FAR and (piece := file.read(_PIECE)):
            searched += len(piece)
            if piece.isascii() and begun.isascii():
                begun = piece[piece.rfind(b"\n") + 1 :]
                continue
            *lines, begun = (begun + piece).split(b"\n")
            if len(begun) > _PIECE:  # a line with no end in sight
                lines, begun = [*lines, begun], b""
            for line in lines:
                if found < _ENOUGH and not line.isascii():
                    found += len(line)
                    yield line[:_ENOUGH]
    if found < _ENOUGH and begun and not begun.isascii():
        yield begun[:_ENOUGH]
