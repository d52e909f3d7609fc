"""Text from data or models, made safe and narrow enough for a terminal."""

from __future__ import annotations

import unicodedata

_BIDI_CONTROLS = {*range(0x202A, 0x202F), *range(0x2066, 0x206A), 0x200E, 0x200F, 0x061C}


def printable(text: str) -> str:
    """One line in which nothing can move the cursor, change colours or reorder what follows.

    Control characters become their pictures, line ends and tabs become spaces, a direction override
    and a lone surrogate become U+FFFD.

    Example:
        >>> printable("red\\x1b[31m\\nnext")
        'red␛[31m next'
    """
    return "".join(map(_printable_character, text))


def _printable_character(character: str) -> str:
    if character.isprintable():
        return character
    code = ord(character)
    if character.isspace():
        return " "
    if code < 0x20:
        return chr(0x2400 + code)
    if code in _BIDI_CONTROLS or unicodedata.category(character) in {"Cc", "Cs"}:
        return "\ufffd"
    return character


def sendable(text: str) -> str:
    """A text that UTF-8 can carry: a lone surrogate becomes U+FFFD.

    Example:
        >>> sendable("half \\ud83c")
        'half \ufffd'
    """
    if text.isascii():
        return text
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def count(number: int, singular: str, plural: str | None = None) -> str:
    """A number with its noun.

    Example:
        >>> count(1, "text"), count(1200, "text")
        ('1 text', '1,200 texts')
    """
    return f"{number:,} {singular if number == 1 else plural or singular + 's'}"


def with_sign(share: float, digits: int) -> str:
    """A share in percent with its sign, a minus as wide as the plus.

    Example:
        >>> with_sign(0.005, 2), with_sign(-0.005, 2)
        ('+0.50%', '−0.50%')
    """
    return f"{share:+.{digits}%}".replace("-", "−")


def seconds(value: float) -> str:
    """A duration as a person says it.

    Example:
        >>> seconds(0.0123), seconds(3.21), seconds(75), seconds(7300)
        ('12 ms', '3.2 s', '1 min 15 s', '2 h 1 min')
    """
    if value < 0.9995:  # what is rounded to a whole second is said as one
        return f"{value * 1000:.0f} ms"
    if value < 59.95:
        return f"{value:.1f} s"
    minutes, rest = divmod(round(value), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min"


def size(number: float) -> str:
    """Bytes as a person says them.

    Example:
        >>> size(900), size(90_900_000), size(15e9)
        ('900 bytes', '87 MiB', '14.0 GiB')
    """
    if number < 1024:
        return f"{number:.0f} bytes"
    for unit in ("KiB", "MiB", "GiB", "TiB"):
        number /= 1024
        if number < 1023.5 or unit == "TiB":
            break
    return f"{number:.1f} {unit}" if unit in ("GiB", "TiB") else f"{number:.0f} {unit}"


def file_size(nbytes: int) -> str:
    """A number of bytes as a person says it.

    Example:
        >>> file_size(999), file_size(1_250_000)
        ('999 bytes', '1.2 MB')
    """
    if nbytes < 1000:
        return count(nbytes, "byte")
    for unit, size in (("kB", 1e3), ("MB", 1e6)):
        if nbytes < 999.95 * size:
            return f"{nbytes / size:.1f} {unit}"
    return f"{nbytes / 1e9:,.1f} GB"


def part_size(nbytes: int, whole: int) -> str:
    """How many bytes of how many there are, as a person says it.

    Example:
        >>> part_size(120_000_000, 250_000_000), part_size(900, 1_250_000)
        ('120.0 of 250.0 MB', '900 bytes of 1.2 MB')
    """
    part, unit = file_size(nbytes).split(" ")
    all_of_it = file_size(whole)
    return f"{part} of {all_of_it}" if all_of_it.endswith(f" {unit}") else f"{part} {unit} of {all_of_it}"


def magnitude(number: int) -> str:
    """A number of parameters as a person says it.

    Example:
        >>> magnitude(950), magnitude(22_713_216), magnitude(7_615_616_512)
        ('950', '22.7M', '7.6B')
    """
    for unit, size in (("T", 1e12), ("B", 1e9), ("M", 1e6), ("K", 1e3)):
        if number >= 0.9995 * size:
            return f"{number / size:.1f}".removesuffix(".0") + unit
    return str(number)
