"""A token as a reader can read it: as the tokenizer writes it where that is legible, else as its text or its bytes."""

from __future__ import annotations

_VISIBLE = str.maketrans({" ": "␣", "\n": "⏎", "\r": "␍", "\t": "⇥", "\u00a0": "⍽"})


def legible(piece: str, data: str) -> str:
    """What to show of a token.

    Byte-level tokenizers write bytes as letters, which is legible for English only: such a token is shown as the text
    that it stands for, or in hexadecimal when it is a part of a character. White space becomes visible.

    Args:
        piece: as the tokenizer writes it.
        data: its bytes in hexadecimal; empty when it stands for none.

    Example:
        >>> legible("Ġthe", "20746865"), legible("å¥½", "e5a5bd"), legible("å¥", "e5a5")
        ('Ġthe', '好', '⟨e5 a5⟩')
    """
    if not data:
        return piece.translate(_VISIBLE)
    try:
        text = bytes.fromhex(data).decode("utf-8")
    except UnicodeDecodeError:
        return f"⟨{bytes.fromhex(data).hex(' ')}⟩"
    ink = text.strip()
    return (piece if ink and ink in piece else text).translate(_VISIBLE)
