"""What a file that is no text looks like, by its first bytes."""

from __future__ import annotations

import re

# What a file begins with, what it then is, and what to do with it; `{}` stands for its path.
_KINDS: tuple[tuple[bytes, str, str], ...] = (
    (rb"\x89PNG\r\n", "a PNG picture", ""),
    (rb"\xff\xd8\xff", "a JPEG picture", ""),
    (rb"GIF8[79]a", "a GIF picture", ""),
    (rb"%PDF-\d", "a PDF document", "Save it as text."),
    (rb"PK\x03\x04", "a zip archive, or an Excel or Word file", "Unpack it, or try `pandas.read_excel({})`."),
    (rb"\xd0\xcf\x11\xe0\xa1\xb1", "an old Excel or Word file", "Try `pandas.read_excel({})`."),
    (rb"PAR1.*[\x00-\x08]", "a Parquet file", "Rename it to end in .parquet."),
    (rb"ARROW1\x00\x00", "an Arrow file", "Try `pandas.read_feather({})`."),
    (rb"\x93NUMPY", "a NumPy array", "Try `numpy.load({})`."),
    (rb"SQLite format 3\x00", "an SQLite database", "Try `pandas.read_sql`."),
    (rb"\x89HDF\r\n", "an HDF5 file", "Try `pandas.read_hdf({})`."),
    (
        rb"\x80[\x02-\x05]",
        "a pickle",
        "A pickle can run any code: if you trust it, load it with `pandas.read_pickle({})`, and give the variable.",
    ),
    (rb"\x7fELF|MZ\x90\x00", "a program", ""),
    (rb"RIFF....(WAVE|WEBP|AVI )|OggS\x00|fLaC\x00|.{4}ftyp", "a sound or a film", ""),
)
_COMPILED = [(re.compile(pattern, re.DOTALL), kind, cure) for pattern, kind, cure in _KINDS]
_TEXT_NEEDED = "Give a file of text."


def looks_like(head: bytes, path: str) -> tuple[str, str] | None:
    """What the first bytes of a file say it is, and what to do with it; None for what may be text."""
    for pattern, kind, cure in _COMPILED:
        if pattern.match(head):
            return kind, cure.format(repr(path)) or _TEXT_NEEDED
    return None
