"""The entities in some texts."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from nbtransformers.plain_text import count, printable
from nbtransformers.request import EntitiesRequest
from nbtransformers.results.export import Writable, Written
from nbtransformers.results.ragged import Ragged
from nbtransformers.results.reasons import Reasons
from nbtransformers.results.rows import pandas_index, refuse_missing_row, row_names
from nbtransformers.results.run import RunReport
from nbtransformers.results.table import Table
from nbtransformers.results.texts import Texts
from nbtransformers.results.tokens import PerRow, Spelling

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

SPAN = np.dtype([("start", np.uint32), ("stop", np.uint32), ("type", np.uint16), ("score", np.float32)])
"""A span: where it starts and stops in its text (code points), the number of its type, and its score."""

TAGGED = np.dtype(
    [
        *(("id", np.int32), ("start", np.uint32), ("stop", np.uint32)),
        *(("label", np.uint16), ("score", np.float32), ("begins", np.bool_)),
    ]
)
"""A token: its number, where it stands, its own label with its probability, and whether a word begins with it."""

_WIDTH = 100  # of a printed result
_NAME_CELLS = 30


class Span(NamedTuple):
    """One entity.

    Attributes:
        start: its first code point in the text.
        end: the code point behind its last.
        label: what it is.
        score: the mean of the probabilities of its words' labels, from 0 to 1.
        text: what is between `start` and `end`.
    """

    start: int
    end: int
    label: str
    score: float
    text: str


@dataclass(frozen=True, slots=True, eq=False, repr=False, weakref_slot=True)
class Entities(Writable):
    """The entities in some texts.

    Attributes:
        request: what was asked for.
        texts: the texts, one a row, packed; None where a row held none.
        index: the labels of the rows, as in the input's index; None numbers them from 0.
        types: what a span can be, such as `PER`.
        found: the spans of each row, records of the kind `SPAN`, in the order of the text; no two share a character.
        labels: the labels of tokens, such as `B-PER`.
        tagged: the tokens of each row that the model read, records of the kind `TAGGED`.
        spelling: how the tokens are written.
        reasons: row number to the reason why nothing is known of it.
        tokens: int64 `[text]`, tokens that the model read.
        unread: int64 `[text]`, tokens beyond the limit, which it did not read.
        doubtful: bool `[text]`, whether the model can hardly read it: many unknown tokens, or another script.
        run: how the run went.
        read_to_end: whether the input has no rows but these; a file is not read on after an interrupt.
        notes: what a careful reader should know, one sentence each.
        method: how tokens become spans.

    Example:
        >>> result = nbt.entities(["Ada Lovelace lived in London."], model="dslim/bert-base-NER")
        >>> result.to_pandas()
        >>> result.spans[0]
    """

    request: EntitiesRequest
    texts: Texts
    index: Any
    types: tuple[str, ...]
    found: Ragged
    labels: tuple[str, ...]
    tagged: Ragged
    spelling: Spelling
    reasons: Reasons
    tokens: NDArray[np.int64]
    unread: NDArray[np.int64]
    doubtful: NDArray[np.bool_]
    run: RunReport
    read_to_end: bool = True
    notes: tuple[str, ...] = ()
    method: str = ""

    def __len__(self) -> int:
        return len(self.texts)

    @property
    def done(self) -> NDArray[np.bool_]:
        """Bool `[text]`: the rows that were finished, with a result or with a reason for none."""
        return self.reasons.done

    @property
    def spans(self) -> PerRow[Span]:
        """The entities of each text: one list of `Span` a row."""
        return PerRow(self.found.rows, self._between)

    def _between(self, first: int, last: int) -> list[Span]:
        if first == last:
            return []
        text = self.texts[int(np.searchsorted(self.found.rows, first, side="right")) - 1] or ""
        return [
            Span(start, stop, self.types[kind], score, text[start:stop])
            for start, stop, kind, score in self.found.flat[first:last].tolist()
        ]

    @property
    def totals(self) -> dict[str, int]:
        """How many entities of each type there are."""
        counts = np.bincount(self.found.flat["type"], minlength=len(self.types))
        return dict(zip(self.types, counts.tolist(), strict=True))

    def to_pandas(self, rows: Sequence[int] | NDArray[np.int64] | None = None) -> pd.DataFrame:
        """One row an entity; those of all texts, or of those with the numbers `rows`, in that order.

        Columns: `row` (the input's index), `start`, `end` (code points), `label`, `score`, `text` (what is between).
        """
        taken = np.arange(len(self)) if rows is None else np.asarray(rows, dtype=np.int64)
        return self._frame(self.found.places(taken), np.repeat(taken, self.found.counts[taken]))

    def table(self, rows: NDArray[np.int64] | None, most: int) -> Table:
        """What `to_pandas` gives, in stretches of so many entities at most."""
        taken = np.arange(len(self)) if rows is None else rows
        places, owners = self.found.places(taken), np.repeat(taken, self.found.counts[taken])
        starts = range(0, max(1, len(places)), most)
        stretches = (self._frame(places[at : at + most], owners[at : at + most]) for at in starts)
        return Table(self.to_pandas(range(0)), stretches, pandas_index(self), labelled="row")

    def _frame(self, places: NDArray[np.int64], owners: NDArray[np.int64]) -> pd.DataFrame:
        import pandas as pd

        spans = self.found.flat[places]
        names = np.array([*self.types, None], dtype=object)[:-1]
        # As objects: pandas' own type for text cannot hold a lone surrogate.
        columns: dict[str, Any] = {
            "row": pandas_index(self).to_flat_index().take(owners),
            "start": spans["start"].astype(np.int64),
            "end": spans["stop"].astype(np.int64),
            "label": pd.Series(names[spans["type"]], dtype=object),
            "score": np.ascontiguousarray(spans["score"]),
            "text": pd.Series(list(self._texts_of(owners, spans)), dtype=object),
        }
        return pd.DataFrame(columns, index=pd.RangeIndex(len(places)))

    def _texts_of(self, owners: NDArray[np.int64], spans: NDArray[Any]) -> Iterator[str]:
        last, text = -1, ""
        for row, start, stop in zip(owners.tolist(), spans["start"].tolist(), spans["stop"].tolist(), strict=True):
            if row != last:
                last, text = row, self.texts[row] or ""
            yield text[start:stop]

    def tokens_of(self, row: int) -> pd.DataFrame:
        """What the model says of each token of one text, with the number `row`.

        Columns: `token` (as the tokenizer writes it), `start`, `end` (code points), `label`, `score` (the label's
        probability), `begins` (whether a word begins with it).

        Raises:
            UserError: when there is no such row.
        """
        import pandas as pd

        refuse_missing_row(self, row)
        tagged = self.tagged[row]
        columns: dict[str, Any] = {
            "token": pd.Series(self.spelling.pieces_of(tagged["id"]), dtype=object),
            "start": tagged["start"].astype(np.int64),
            "end": tagged["stop"].astype(np.int64),
            "label": pd.Series([self.labels[number] for number in tagged["label"].tolist()], dtype=object),
            "score": np.ascontiguousarray(tagged["score"]),
            "begins": np.ascontiguousarray(tagged["begins"]),
        }
        return pd.DataFrame(columns, index=pd.RangeIndex(len(tagged)))

    def to_displacy(self) -> list[dict[str, Any]]:
        """The texts with their entities, as `spacy.displacy.render(…, style="ent", manual=True)` takes them.

        Example:
            >>> displacy.render(result.to_displacy(), style="ent", manual=True)
        """
        from nbtransformers.results.entitydocs import displacy_texts

        return displacy_texts(self)

    def to_spacy(self, nlp: Any = None) -> list[Any]:
        """One spaCy `Doc` a text, with the entities in `doc.ents`.

        A token that reaches over the end of an entity is cut there.

        Args:
            nlp: the pipeline whose vocabulary and tokenizer are used; None is `spacy.blank("xx")`.

        Raises:
            UserError: when spaCy is not installed.
        """
        from nbtransformers.results.entitydocs import spacy_docs

        return spacy_docs(self, nlp)

    def to_conll(self, path: str | os.PathLike[str], *, overwrite: bool = False) -> Written:
        """Write words and labels (`B-PER`, `I-PER`, `O`) as CoNLL has them: a word a line, an empty one behind a text.

        Word and label have a tab between. Texts without a word are left out. A file half written is never seen.

        Args:
            path: where to.
            overwrite: put it in the place of a file that is there.

        Raises:
            UserError: when it is there already, or cannot be written.
        """
        from nbtransformers.results.entitydocs import write_conll

        return write_conll(self, path, overwrite=overwrite)

    def plot(self, ax: Axes | None = None) -> Axes:
        """How many entities of each type there are, as bars.

        Example:
            >>> result.plot().figure.savefig("entities.svg")
        """
        from matplotlib import pyplot as plt

        totals = self.totals
        if ax is None:
            _, ax = plt.subplots(figsize=(6.4, min(12.0, 0.9 + 0.32 * len(totals))), layout="constrained")
        # By number, since two names may print alike; and a $ in a name is no formula.
        bars = ax.barh(range(len(totals)), list(totals.values()), color="#0072B2", height=0.62)
        ax.set_yticks(range(len(totals)), [printable(name) for name in totals], parse_math=False)
        ax.bar_label(bars, labels=[f"{value:,}" for value in totals.values()], padding=4)
        ax.invert_yaxis()
        ax.margins(x=0.12)
        ax.set_xlabel("entities")
        ax.set_title(f"{self.run.model} · {count(len(self), 'text')}", loc="left", fontsize=10, parse_math=False)
        ax.spines[["top", "right"]].set_visible(False)
        return ax

    def __repr__(self) -> str:
        return str(self)

    def __str__(self) -> str:
        """The first texts with their entities marked, the totals and the notes, for a plain terminal."""
        return _as_text(self)


# --- in a terminal ---


def _as_text(result: Entities, rows: int = 10) -> str:
    import io

    from rich.console import Console

    console = Console(file=io.StringIO(), width=_WIDTH, color_system=None, force_jupyter=False, legacy_windows=False)

    def say(line: str) -> None:
        console.print(printable(line), markup=False, highlight=False)

    say(f"{result.run.pinned_model}: {_totals_line(result)}")
    if len(result):
        console.print(_table(result, min(rows, len(result))))
    if len(result) > rows:
        say(f"… {len(result) - rows:,} more rows: .to_pandas()")
    for note in result.notes:
        say(f"Note: {note}")
    text: str = console.file.getvalue()  # pyright: ignore[reportAttributeAccessIssue]
    return "\n".join(line.rstrip() for line in text.splitlines())


def _totals_line(result: Entities) -> str:
    totals = sorted(result.totals.items(), key=lambda item: -item[1])
    parts = [count(len(result), "text"), count(len(result.found.flat), "entity", "entities")]
    return " · ".join([*parts, *(f"{name} {value:,}" for name, value in totals[:6] if value)])


def _table(result: Entities, rows: int) -> Any:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    lines = [
        [Text(printable(cell)) for cell in (name, *_cells(result, row))]
        for row, name in enumerate(row_names(result, range(rows)))
    ]
    taken = [min(_NAME_CELLS, max(8, *(line[column].cell_len for line in lines))) for column in range(2)]
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("", no_wrap=True, max_width=_NAME_CELLS)
    table.add_column("entities", justify="right", no_wrap=True)
    table.add_column("text", no_wrap=True)
    for line in lines:
        line[-1].truncate(_WIDTH - sum(taken) - 9, overflow="ellipsis")
        table.add_row(*line)
    return table


def _cells(result: Entities, row: int) -> tuple[str, str]:
    reason, text = result.reasons.get(row), result.texts[row] or ""
    if reason is not None:
        return "–", f"({reason}) {text[:_WIDTH]}".rstrip()
    parts: list[str] = []
    at = 0
    for start, end, label, _, inside in result.spans[row]:
        parts += [text[at:start], f"[{inside} {label}]"]
        at = end
        if at > _WIDTH:  # no more of it can be seen
            break
    return f"{int(result.found.counts[row]):,}", "".join([*parts, text[at : at + _WIDTH]])
