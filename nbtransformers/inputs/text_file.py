"""Files of text: lines that can be read whatever they hold, and one text a line."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, BinaryIO

from nbtransformers.errors import UserError
from nbtransformers.inputs.encodings import MARKED, UNDECODABLE, Encoding, shown_as
from nbtransformers.inputs.streams import chunked
from nbtransformers.inputs.values import Unreadable
from nbtransformers.request import DataRef

LONGEST = 2**26  # characters of one row; more is a file with no line ends
_TOO_LONG = "\udffe"  # stands for such a line


@dataclass(frozen=True, slots=True)
class TextFile:
    """A file of text.

    Attributes:
        opened: opens its bytes, from the beginning.
        encoding: how they become characters.
        name: what the file is called.
    """

    opened: Callable[[], BinaryIO]
    encoding: Encoding
    name: str

    @property
    def notes(self) -> tuple[str, ...]:
        """How the encoding was guessed."""
        return (self.encoding.note,) if self.encoding.note else ()

    def lines(self) -> Iterator[str]:
        """Its lines with their ends. What cannot be decoded is marked, and found by `value`."""
        with self._characters() as file:
            first = True
            while line := file.readline(LONGEST):
                if len(line) == LONGEST and not line.endswith("\n"):
                    while (rest := file.readline(LONGEST)) and not rest.endswith("\n"):
                        pass
                    line = _TOO_LONG + "\n"
                yield line.removeprefix("\ufeff") if first else line
                first = False

    def pieces(self, characters: Callable[[], int]) -> Iterator[str]:
        """Its characters, as many at a time as are asked for."""
        with self._characters() as file:
            piece = file.read(characters()).removeprefix("\ufeff")
            while piece:
                yield piece
                piece = file.read(characters())

    def value(self, text: str) -> str | Unreadable:
        """A text that was read from it, unless something in it could not be."""
        if UNDECODABLE in text:
            return Unreadable(f"not valid {shown_as(self.encoding.codec)}")
        if _TOO_LONG in text:
            return Unreadable(f"longer than {LONGEST // 1_000_000} million characters")
        return text

    def _characters(self) -> io.TextIOWrapper:
        return io.TextIOWrapper(self.opened(), self.encoding.codec, MARKED, newline="")


@dataclass(frozen=True, slots=True)
class TextLines:
    """One text a line; a blank line is a row too, so that rows match lines.

    Attributes:
        file: the file.
    """

    file: TextFile

    @property
    def total(self) -> None:
        """Not known before the end."""

    @property
    def notes(self) -> tuple[str, ...]:
        """How the encoding was guessed."""
        return self.file.notes

    def chunks(self, start: int) -> Iterator[Sequence[Any]]:
        """The lines from `start` on."""
        value = self.file.value
        for lines in chunked(self.file.lines(), start):
            yield [value(line.removesuffix("\n").removesuffix("\r")) for line in lines]


def text_lines(file: TextFile, data: DataRef) -> TextLines:
    """The rows of a file with one text a line.

    Raises:
        UserError: when a column is asked for.
    """
    if data.column is not None:
        raise UserError(
            f"`--column {data.column}` needs a table, and {file.name} holds one text a line.",
            hint="Leave `--column` out.",
        )
    return TextLines(file)
