"""The one widget class: state in traits, questions over the channel."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import anywidget
import traitlets

from nbtransformers.panels.channel import Method, answer

STATIC = Path(__file__).parent.parent / "static"


class Panel(anywidget.AnyWidget):
    """What is on the screen of one result.

    Traits (all from Python to the browser):
        kind: which view.
        panel_id: pairs the panel with its snapshot.
        progress: what is going on; None when nothing is.
        error: why there is nothing to show.
        header, payload: the result, as `wire` writes it; they change together.
    """

    _esm = STATIC / "panel.js"
    _css = STATIC / "panel.css"

    kind = traitlets.Unicode().tag(sync=True)
    panel_id = traitlets.Unicode().tag(sync=True)
    progress = traitlets.Dict(allow_none=True, default_value=None).tag(sync=True)
    error = traitlets.Dict(allow_none=True, default_value=None).tag(sync=True)
    header = traitlets.Dict(allow_none=True, default_value=None).tag(sync=True)
    payload = traitlets.Bytes(b"").tag(sync=True)

    def __init__(self, **traits: Any) -> None:
        super().__init__(panel_id=secrets.token_hex(6), **traits)
        self._methods: Mapping[str, Method] = {}
        self.on_msg(lambda _, message, __: answer(message, self._methods, self.send))

    def show(self, kind: str, header: dict[str, Any], payload: bytes, methods: Mapping[str, Method]) -> None:
        """Put a result on the screen, in one message."""
        self._methods = methods
        with self.hold_sync():
            self.kind, self.header, self.payload, self.progress, self.error = kind, header, payload, None, None

    def _repr_mimebundle_(self, **kwargs: Any) -> Any:
        """The widget's own bundle with an empty plain text: the snapshot beside it speaks for it."""
        bundle = super()._repr_mimebundle_(**kwargs)
        if bundle:
            bundle[0]["text/plain"] = ""
        return bundle
