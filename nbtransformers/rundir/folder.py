"""Where things are in a run directory."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

COMPLETE = "COMPLETE"
"""The file that a checkpoint gets last: one without it is torn, and nothing resumes from it."""


@dataclass(frozen=True, slots=True)
class RunFolder:
    """A run directory.

    Attributes:
        path: the directory; its name is the run's.
    """

    path: Path

    @property
    def name(self) -> str:
        """What the run is called."""
        return self.path.name

    @property
    def request(self) -> Path:
        """What was asked for: a `FinetuneRequest` as JSON."""
        return self.path / "request.json"

    @property
    def data(self) -> Path:
        """The rows as Arrow, `train.arrow` and `test.arrow`, and `description.json`, which says what they are."""
        return self.path / "data"

    @property
    def source(self) -> Path:
        """The model that training starts from, where it was one in memory."""
        return self.path / "source"

    @property
    def origin(self) -> Path:
        """The SHA-256 of the files of the model that training started from, and its commit on the Hub."""
        return self.path / "origin.json"

    @property
    def environment(self) -> Path:
        """The versions of Python and of the packages, and the machine."""
        return self.path / "environment.json"

    @property
    def card(self) -> Path:
        """What was known before anything ran: rows, labels, lengths, parameters, memory, steps."""
        return self.path / "card.json"

    @property
    def events(self) -> Path:
        """All that happened, one JSON object a line; only ever added to."""
        return self.path / "events.jsonl"

    @property
    def control(self) -> Path:
        """What the worker was told, one JSON object a line; only ever added to."""
        return self.path / "control.jsonl"

    @property
    def heartbeat(self) -> Path:
        """The worker's process, and when it last gave a sign of life."""
        return self.path / "heartbeat.json"

    @property
    def lock(self) -> Path:
        """Held by the worker for as long as it lives."""
        return self.path / "lock"

    @property
    def log(self) -> Path:
        """What the worker printed."""
        return self.path / "worker.log"

    @property
    def checkpoints(self) -> Path:
        """A folder `checkpoint-STEP` for each checkpoint that is kept."""
        return self.path / "checkpoints"

    @property
    def evaluations(self) -> Path:
        """A file `step-STEP.json` for each evaluation: the confusion matrix and the worst mistakes."""
        return self.path / "evaluations"

    @property
    def finder(self) -> Path:
        """What a search for a learning rate found; its figure is beside it."""
        return self.evaluations / "lr-finder.json"

    @property
    def model(self) -> Path:
        """The trained model, as `save_pretrained` writes it, with its tokenizer and its card."""
        return self.path / "model"

    @property
    def features(self) -> Path:
        """What goes into the head for each row, where only that is trained; gone when the run is done."""
        return self.path / "features.npy"

    @property
    def adapter(self) -> Path:
        """The adapter alone, where there is one."""
        return self.path / "adapter"

    def checkpoint(self, step: int) -> Path:
        """The folder of one checkpoint."""
        return self.checkpoints / f"checkpoint-{step}"

    def complete_checkpoints(self) -> list[int]:
        """The steps whose checkpoints are whole, in order."""
        return sorted(step for step, folder in self._checkpoints() if (folder / COMPLETE).exists())

    def evaluation(self, step: int) -> Path:
        """The file of one evaluation."""
        return self.evaluations / f"step-{step}.json"

    def _checkpoints(self) -> Iterator[tuple[int, Path]]:
        for folder in self.checkpoints.glob("checkpoint-*"):
            number = folder.name.removeprefix("checkpoint-")
            if number.isdigit():
                yield int(number), folder
