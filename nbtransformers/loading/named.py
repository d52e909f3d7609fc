"""Errors of a model that is a default: nobody sees on the line where it comes from."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager

from nbtransformers.errors import UserError
from nbtransformers.request import ModelRef


@contextmanager
def naming_default(ref: ModelRef) -> Generator[None]:
    """Errors in here name the place where the model was set, when it is a default."""
    try:
        yield
    except UserError as error:
        if not ref.default_from:
            raise
        raise UserError(f"In {ref.default_from}: {error.message}", hint=error.hint) from error.__cause__
