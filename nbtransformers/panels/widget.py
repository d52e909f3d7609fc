"""The widget: state in traits, questions over the channel; one class for each bundle of the page's code."""

from __future__ import annotations

import secrets
import sys
import threading
import time
import weakref
from bisect import bisect_left
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, cast

import anywidget
import traitlets

from nbtransformers.panels import holders, lifetime
from nbtransformers.panels.channel import Method, answer
from nbtransformers.panels.selection import SelectedNumbers
from nbtransformers.plain_text import sendable

STATIC = Path(__file__).parent.parent / "static"

# anywidget gives a page two seconds to take a panel up, and calls one that goes meanwhile a failure; a busy page may
# be behind the kernel by as much. Until a page has told that it took the panel up, this is how long one is kept.
TAKEN_UP_S = 5.0


def _bundle(name: str) -> tuple[str, str]:
    """The code and the styles of a bundle.

    As text: of a path, anywidget makes a file to watch, which keeps every panel for ever.
    """
    return tuple((STATIC / f"{name}.{kind}").read_text(encoding="utf-8") for kind in ("js", "css"))  # pyright: ignore[reportReturnType]


class Panel(anywidget.AnyWidget):
    """What is on the screen of one result: an ipywidget, to be put into boxes and tabs, observed and linked.

    Traits to set and to observe, changed by the page too:
        selection: the numbers of what is selected, sorted, each once: of rows, tokens or points, as the kind has them.
            Whatever says numbers can be given, also a mask of all; what does not is refused, and changes nothing.

    Traits to observe:
        kind: which view it is; empty until something is shown.
        progress: what is going on: `stage`, `message`, `done`, `total`, `unit`, …; None when nothing is.
        error: the `message` of why there is nothing to show; None when there is.

    Traits that are the page's business, and may change with any version:
        panel_id: pairs the panel with its snapshot; the id of the widget's model, too.
        header, payload: the result, as `wire` writes it; they change together.

    `docs/panels.md` has them kind by kind.

    Attributes:
        rows: how many there are to select from, such as rows of the result; None while there is none.
        result: what is on the screen, a branch of generated text for instance; None while nothing is.
        view: the `PanelView` that shows results here; None once the panel is closed.
        follower: what keeps it up to date with a result that goes on changing; None of any other.
        closed: whether it has been closed.

    Example:
        >>> panel = nbt.panel(result)
        >>> panel.selection = result.scores.max(axis=1) < 0.6
        >>> panel.observe(lambda change: print(change.new), "selection")
        >>> traitlets.link((panel, "selection"), (nbt.panel(embeddings), "selection"))
        >>> ipywidgets.HBox([panel, nbt.panel(embeddings)])
    """

    _esm, _css = _bundle("panel")

    kind = traitlets.Unicode().tag(sync=True)
    panel_id = traitlets.Unicode().tag(sync=True)
    progress = traitlets.Dict(allow_none=True, default_value=None).tag(sync=True)
    error = traitlets.Dict(allow_none=True, default_value=None).tag(sync=True)
    header = traitlets.Dict(allow_none=True, default_value=None).tag(sync=True)
    payload = traitlets.Bytes(b"").tag(sync=True)
    selection = SelectedNumbers().tag(sync=True)

    rows: int | None = None

    def __init__(self, **traits: Any) -> None:
        panel_id = secrets.token_hex(16)  # the page finds the model of the widget by the same id
        super().__init__(model_id=panel_id, panel_id=panel_id, **traits)
        self._methods: Mapping[str, Method] = {}
        self._make_methods: Callable[[], Mapping[str, Method]] = dict
        self._stop: Callable[[], None] | None = None
        self._asked: object = None  # the question that work in the background answers
        self.view: Any = None
        self.follower: Any = None
        self.result: Any = None
        self.closed = False
        self._taken_up = time.monotonic() + TAKEN_UP_S
        self.on_msg(lambda _, message, __: self._receive(message))
        lifetime.opened(self)

    def begin(self, kind: str, header: dict[str, Any], payload: bytes) -> None:
        """Put a result on the screen as it stands; the progress goes on."""
        self.rows = header["rows"]
        with self.hold_sync():
            self.kind, self.header, self.payload = kind, header, payload

    def show(
        self, kind: str, header: dict[str, Any], payload: bytes, methods: Callable[[], Mapping[str, Method]]
    ) -> None:
        """Put a result on the screen, in one message; `methods` makes the questions that can be asked about it."""
        self._make_methods = methods
        self.renew()
        self.rows = header["rows"]
        with self.hold_sync():
            self.kind, self.header, self.payload, self.progress, self.error = kind, header, payload, None, None
            # An interrupt may leave fewer rows than were expected when some of them were selected.
            self.selection = self.selection[: bisect_left(self.selection, header["rows"])]

    def fail(self, message: str) -> None:
        """Say that the work has ended, and why without a result; one that stands there stays."""
        with self.hold_sync():
            self.progress, self.error = None, {"message": sendable(message)}

    def renew(self) -> None:
        """Forget what was found to answer questions with."""
        self._methods = self._make_methods()

    @property
    def busy(self) -> bool:
        """Whether work goes on in the background that a button here can stop."""
        return self._stop is not None

    def working(self, stop: Callable[[], None] | None) -> None:
        """Work goes on in the background, and `stop` ends it; None says that it has ended."""
        self._stop = stop
        if stop is None:
            self._asked = self.progress = None

    def stop(self) -> None:
        """End the work that goes on in the background; what came is kept."""
        if self._stop is not None:
            self._stop()

    def close(self) -> None:
        """End the work in the background, let go of the result, and disconnect from the page once it has the panel.

        It is taken out of the boxes that it stands in.
        """
        self.closed = True
        self.stop()
        lifetime.closed(self)
        self.view = self.result = self.follower = None
        self._make_methods = dict
        self.renew()
        is_connected = self.comm is not None and not sys.is_finalizing()
        if is_connected:
            holders.leave(self)
        left = self._taken_up - time.monotonic()
        if left <= 0 or not is_connected:  # at the very end no thread can start any more
            self._disconnect()
        else:
            # By a weak reference, since ipykernel keeps threads that have ended; ipywidgets has the panel until then.
            later = threading.Timer(left, _disconnect, [weakref.ref(self)])
            later.daemon = True
            later.start()

    def _disconnect(self) -> None:
        if self.comm is not None and not holders.shares_layout(self):
            self.layout.close()  # a model of its own, which would stay
        super().close()
        self.header, self.payload, self.rows = None, b"", None  # whoever holds the panel need not hold its result

    def _receive(self, message: object) -> None:
        self._taken_up = 0.0  # a page that speaks has it
        match message:
            case {"type": "taken"}:
                lifetime.seen(self)
            case {"type": "gone"}:
                lifetime.unseen(self)
            case {"type": "stop"}:
                self.stop()
            case {"type": "cancel", "id": asked} if asked is not None and asked == self._asked:
                self.stop()  # nobody waits for the answer any more
            case _:
                begin = answer(message, self._methods, self.send)
                if begin is not None:
                    self._asked = cast("dict[str, Any]", message).get("id")
                    begin()

    def get_state(self, key: Any = None, drop_defaults: bool = False) -> Any:
        """The state for a page: the whole of it, since what shows it, the bundle, is a default that none would have."""
        return super().get_state(key)

    def _repr_mimebundle_(self, **kwargs: Any) -> Any:
        """The widget's own bundle with an empty plain text: the snapshot beside it speaks for it."""
        bundle = super()._repr_mimebundle_(**kwargs)
        if bundle:
            bundle[0]["text/plain"] = ""
        return bundle


def _disconnect(reference: weakref.ref[Panel]) -> None:
    panel = reference()
    if panel is not None:
        panel._disconnect()  # pyright: ignore[reportPrivateUsage]


class TokensPanel(Panel):
    """The panel of tokens, and of what each adds to a prediction."""

    _esm, _css = _bundle("tokens")


class VectorsPanel(Panel):
    """The panel of embeddings, of how alike texts are, and of how positions are encoded."""

    _esm, _css = _bundle("vectors")


class AttentionPanel(Panel):
    """The panel of attention."""

    _esm, _css = _bundle("attention")


class TrainingPanel(Panel):
    """The panel of a training run."""

    _esm, _css = _bundle("training")


class RunsPanel(Panel):
    """The panel of all training runs."""

    _esm, _css = _bundle("runs")


class ModelsPanel(Panel):
    """The panels of models and of datasets."""

    _esm, _css = _bundle("models")


class WorkbenchPanel(Panel):
    """The panel of a workbench, with the panel of a result within it.

    Attributes:
        child: the panel of what was asked for last; None before that.
    """

    _esm, _css = _bundle("workbench")

    child: Panel | None = None

    def hold(self, child: Panel | None) -> None:
        """Have another panel within it, or none, in the place of the one that was there."""
        self._let_go()
        self.child = child

    def close(self) -> None:
        """Close it, and the panel within it; work that goes on there is stopped."""
        self._let_go()
        super().close()

    def _let_go(self) -> None:
        if self.child is not None:
            self.child.close()
            self.child = None


# A saved notebook carries the code of every panel in it: one of a few kinds of result each keeps it small.
_CLASSES: dict[str, type[Panel]] = {
    "attention": AttentionPanel,
    "explain": TokensPanel,
    "tokenize": TokensPanel,
    "embed": VectorsPanel,
    "positions": VectorsPanel,
    "similar": VectorsPanel,
    "training": TrainingPanel,
    "runs": RunsPanel,
    "models": ModelsPanel,
    "datasets": ModelsPanel,
    "dataset": ModelsPanel,
    "workbench": WorkbenchPanel,
}


def panel_class(kind: str) -> type[Panel]:
    """The class of the panels that can show a kind of result."""
    return _CLASSES.get(kind, Panel)
