"""The arguments of a public function that say how tokens are chosen, to the options of a request."""

from __future__ import annotations

from typing import Any

from nbtransformers.doors.options import DECODING_ARGUMENTS
from nbtransformers.request import DecodingOptions


def decoding_given(values: dict[str, Any]) -> DecodingOptions:
    """The decoding options among the fields of a request; takes them out of `values`.

    Raises:
        UserError: when one of them cannot be what it is.
    """
    given = {name: values.pop(name) for name in DECODING_ARGUMENTS if name in values}
    return DecodingOptions(**{name: value for name, value in given.items() if value is not None})
