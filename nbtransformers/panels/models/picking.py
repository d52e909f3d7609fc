"""What goes on in a panel of models: the list that is in sight, and the downloads, each in a thread of its own."""

from __future__ import annotations

import logging
import threading
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal

from nbtransformers.errors import Interrupted, UserError
from nbtransformers.interrupt import stopped_by
from nbtransformers.panels.background import Background
from nbtransformers.panels.listed import ListInSight
from nbtransformers.panels.models.offers import offered
from nbtransformers.panels.models.wire import list_of, news
from nbtransformers.panels.models.words import spoken
from nbtransformers.panels.packing import sendable
from nbtransformers.progress import Progress
from nbtransformers.results.models import ModelEntry, Models

if TYPE_CHECKING:
    from nbtransformers.panels.widget import Panel

_log = logging.getLogger(__name__)


@dataclass(slots=True)
class Download:
    """How a download goes.

    Attributes:
        state: whether it goes on, and how it ended.
        progress: how far it is; None once it has ended.
        said: how it ended, in a line.
        asked: set when it is to stop.
    """

    state: Literal["running", "done", "stopped", "failed"] = "running"
    progress: Progress | None = None
    said: str = ""
    asked: threading.Event = field(default_factory=threading.Event)

    def sent(self) -> dict[str, Any]:
        """As the page has it."""
        progress = None if self.progress is None else {**asdict(self.progress), "stop": "message"}
        return {"state": self.state, "progress": progress, "said": sendable(self.said)}


def follow(models: Models, panel: Panel) -> None:
    """Keep what goes on in a panel in which models were listed, until it is closed."""
    panel.follower = Picking(models, panel)


class Picking:
    """The list that is in sight, and what is fetched; closing the panel stops that.

    Args:
        models: the first list.
        panel: where it is shown; it is not kept alive.

    Attributes:
        listed: the list.
    """

    def __init__(self, models: Models, panel: Panel) -> None:
        self.listed = ListInSight(models, panel)
        self._lock = threading.Lock()
        self._downloads: dict[str, Download] = {}

    def state(self) -> dict[str, Any]:
        """How things stand."""
        listed = list_of(*self.listed.now())
        with self._lock:
            return {"listed": listed, "downloads": self._sent(), "default": offered().default()}

    # --- downloads ---

    def fetch(self, name: str, revision: str | None, *, allow_pickle: bool) -> None:
        """Begin to fetch a model, pickled weights where they are allowed.

        Raises:
            UserError: when it is being fetched.
        """
        with self._lock:
            known = self._downloads.get(name)
            if known is not None and known.state == "running":
                raise UserError(f"{name} is being downloaded.", hint="Wait for it, or stop it.")
            download = self._downloads[name] = Download()
        self._tell()
        Background(f"Downloading {name}", lambda view: self._fetch(name, revision, allow_pickle, download))

    def stop(self, name: str) -> None:
        """Have a download end soon; what came is kept."""
        with self._lock:
            known = self._downloads.get(name)
        if known is not None:
            known.asked.set()

    def _fetch(self, name: str, revision: str | None, allow_pickle: bool, download: Download) -> None:
        def tell(progress: Progress) -> None:
            download.progress = progress
            self._tell()

        try:
            with stopped_by(lambda: download.asked.is_set() or self.listed.panel is None):
                said = str(offered().fetch(name, revision, allow_pickle, tell))
            state = "done"
        except Interrupted as error:
            state, said = "stopped", spoken(str(error))
        except UserError as error:
            state, said = "failed", spoken(str(error))
        except Exception as error:  # it must be told; the traceback goes to the log
            _log.exception("A download failed: %s", name)
            state, said = "failed", f"{type(error).__name__}: {error}"
        download.state, download.progress, download.said = state, None, said
        self._tell()
        listed = self._with_come(name, revision)
        if listed is not None:
            self._tell(listed)

    def _with_come(self, name: str, revision: str | None) -> dict[str, Any] | None:
        """The list with a model that has come, or some of it; None where nothing can be told of it."""
        try:
            return self._with(offered().in_full(name, revision))
        except UserError:  # no network any more, say
            return None
        except Exception:
            _log.exception("A model that was downloaded cannot be looked at: %s", name)
            return None

    def _with(self, entry: ModelEntry) -> dict[str, Any] | None:
        """The list with what is known of a model now; None where it is not in it."""

        def changed(listed: Models) -> Models | None:
            if all(one.name != entry.name for one in listed.entries):
                return None
            entries = tuple(entry if one.name == entry.name else one for one in listed.entries)
            return replace(listed, entries=entries)

        now = self.listed.change(changed)
        return None if now is None else list_of(*now)

    def _sent(self) -> dict[str, dict[str, Any]]:
        return {sendable(name): download.sent() for name, download in self._downloads.items()}

    def _tell(self, listed: dict[str, Any] | None = None) -> None:
        panel = self.listed.panel
        if panel is not None:
            with self._lock:
                downloads = self._sent()
            panel.send(news(downloads, listed), [])
