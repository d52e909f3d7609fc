"""The result of `card`: what a model is, and whether it fits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from nbtransformers.plain_text import count, size
from nbtransformers.results.memory import Memory
from nbtransformers.results.models import ModelEntry
from nbtransformers.results.terminal import line_table, printed

if TYPE_CHECKING:
    import pandas as pd

INFERENCE = "inference"
_PARTS = ("libraries", "weights", "gradients", "optimizer", "activations")


@dataclass(frozen=True, slots=True, eq=False, repr=False, weakref_slot=True)
class ModelCard:
    """What a model is, and the memory that it takes, before any weight of it is fetched.

    Attributes:
        entry: what is known of it.
        dtype: the type of most of its weights, as torch writes it; None when its files do not tell.
        device: where it would run.
        batch_size: the texts that go through it at once.
        length: tokens of each.
        memory: `inference`, and each method of fine-tuning that it can have, to its memory at the highest; empty
            where that cannot be told.
        free: the bytes that can be had on the device now.
        advice: what it is good for, and what to do where it does not fit, in a sentence.
        notes: what a careful reader should know, one sentence each.

    Example:
        >>> card = nbt.card("minilm", batch_size=16, length=128)
        >>> card.parameters, card.fits["full"]
        (22713216, True)
        >>> card.memory_finetune["lora"] / 2**30
    """

    entry: ModelEntry
    dtype: str | None
    device: str
    batch_size: int
    length: int
    memory: Mapping[str, Memory]
    free: int
    advice: str
    notes: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """What is typed after `--model`."""
        return self.entry.name

    @property
    def task(self) -> str | None:
        """The Hub's word for what it is for."""
        return self.entry.task

    @property
    def architecture(self) -> str | None:
        """The class that it was saved as."""
        return self.entry.architecture

    @property
    def parameters(self) -> int | None:
        """How many; None when its files do not tell."""
        return self.entry.parameters

    @property
    def vocabulary(self) -> int | None:
        """Tokens that it knows."""
        return self.entry.vocabulary

    @property
    def context_length(self) -> int | None:
        """Tokens that it reads of one text."""
        return self.entry.context_length

    @property
    def languages(self) -> tuple[str, ...]:
        """Their codes; empty when nobody says."""
        return self.entry.languages

    @property
    def licence(self) -> str | None:
        """As its card has it."""
        return self.entry.licence

    @property
    def training_data(self) -> tuple[str, ...]:
        """The datasets that its card names."""
        return self.entry.training_data

    @property
    def revision(self) -> str | None:
        """Of a Hub model, the commit."""
        return self.entry.revision

    @property
    def memory_inference(self) -> int | None:
        """Bytes that a process takes in which it does its task, the libraries included; None when unknown."""
        found = self.memory.get(INFERENCE)
        return found.needed if found else None

    @property
    def memory_finetune(self) -> dict[str, int]:
        """Method of fine-tuning to the bytes that its worker takes, the libraries included."""
        return {way: memory.needed for way, memory in self.memory.items() if way != INFERENCE}

    @property
    def fits(self) -> dict[str, bool]:
        """`inference`, and each method of fine-tuning, to whether there is room for it now.

        Inference is in this process, which has its libraries already; fine-tuning in one of its own.
        """
        return {way: self.wanted(way) <= self.free for way in self.memory}

    def wanted(self, way: str) -> int:
        """Bytes that must be free for one of the ways of `fits`."""
        return self.memory[way].added if way == INFERENCE else self.memory[way].needed

    def facts(self) -> list[tuple[str, str]]:
        """What is known, as name and value, for a person."""
        stored = [("Weights", f"stored in {self.dtype}")] if self.dtype else []
        return [*self.entry.facts(), *stored]

    @property
    def title(self) -> str:
        """For what batch the memory is meant, and how much there is."""
        batch = f"{count(self.batch_size, 'text')} of {count(self.length, 'token')} at once"
        return f"Memory for {batch} on {self.device}, where {size(self.free)} are free"

    @property
    def heads(self) -> tuple[str, ...]:
        """The names of the columns of the memory, as a person reads them."""
        return ("", "needs", *_PARTS, "fits")

    def cells(self) -> list[tuple[str, ...]]:
        """A row for inference and for each method, as a person reads them, in the order of `heads`."""
        fits = self.fits
        return [
            (
                way if way == INFERENCE else f"fine-tuning, {way}",
                size(memory.needed),
                *(size(part) if (part := getattr(memory, name)) else "–" for name in _PARTS),
                "yes" if fits[way] else "no",
            )
            for way, memory in self.memory.items()
        ]

    def to_pandas(self, rows: Sequence[int] | None = None) -> pd.DataFrame:
        """One row, with the name as index: what `ModelEntry` has, and bytes and whether it fits for each way."""
        import pandas as pd

        found: dict[str, object] = {name: value for name, value in asdict(self.entry).items() if name != "name"}
        found |= {"dtype": self.dtype, "device": self.device, "free": self.free}
        found |= {"batch_size": self.batch_size, "length": self.length}
        for way, fits in self.fits.items():
            found |= {f"memory_{way}": self.memory[way].needed, f"fits_{way}": fits}
        table = pd.DataFrame([found], index=pd.Index([self.name], name="name"))
        return table if rows is None else table.iloc[list(rows)]

    def _repr_html_(self) -> str:
        """What is known, the memory and the advice, for a notebook; all text is escaped."""
        from html import escape

        import pandas as pd

        facts = pd.DataFrame(self.facts()).to_html(escape=True, index=False, header=False)
        memory = pd.DataFrame(self.cells(), columns=list(self.heads)).to_html(escape=True, index=False)
        head = f"<p><strong>{escape(self.name)}</strong> {escape(self.entry.description)}</p>"
        notes = "".join(f"<p>⚠ {escape(note)}</p>" for note in self.notes)
        shown = f"<p>{escape(self.title)}</p>{memory}" if self.memory else ""
        return (
            f'<div class="mathjax_ignore tex2jax_ignore">{head}{facts}{shown}<p>{escape(self.advice)}</p>{notes}</div>'
        )

    def __str__(self) -> str:
        """All of it, for a plain terminal."""
        facts = self.facts()
        width = max(len(name) for name, _ in facts)
        about = "\n".join(f"{name:<{width}}  {text}" for name, text in facts)
        lines = [printed(line) for line in about.splitlines()]
        table = line_table(self.heads, self.cells(), self.heads[1:-1])
        head = self.name + (f": {self.entry.description}" if self.entry.description else "")
        parts = [printed(head), *lines, ""]
        if self.memory:
            parts += [printed(self.title, table)]
        return "\n".join([*parts, printed(self.advice, *(f"⚠ {note}" for note in self.notes))])

    def __repr__(self) -> str:
        return str(self)
