"""What failed, in one line."""

from __future__ import annotations

from nbtransformers.engine.out_of_memory import is_out_of_memory


def first_line(error: Exception, limit: int = 120) -> str:
    """The first line of what an error says, cut off where it is long."""
    return (str(error).strip().splitlines() or [""])[0][:limit]


def why_failed(error: Exception, tokens: int) -> str:
    """Why a model has nothing to say of so many tokens."""
    if is_out_of_memory(error):
        return f"out of memory at {tokens:,} tokens"
    return f"the model failed: {type(error).__name__}: {first_line(error)}"
