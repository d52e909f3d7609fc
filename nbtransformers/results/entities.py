"""The entities in some texts."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from nbtransformers.plain_text import count
from nbtransformers.request import EntitiesRequest
from nbtransformers.results.export import Written
from nbtransformers.results.figures import bars_height, canvas, count_bars, titled
from nbtransformers.results.ragged import Ragged
from nbtransformers.results.reasons import Reasons
from nbtransformers.results.recipe import EntitiesRecipe
from nbtransformers.results.rows import RowResult, refuse_missing_row, row_names, row_numbers
from nbtransformers.results.run import RunReport
from nbtransformers.results.table import Table
from nbtransformers.results.terminal import WIDTH, line_table, printed
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
class Entities(RowResult):
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
        recipe: how a plain program finds the same; None when the result was not made by a run.

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
    recipe: EntitiesRecipe | None = None

    def __len__(self) -> int:
        return len(self.texts)

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
        taken = row_numbers(self, rows)
        return self._frame(self.found.places(taken), np.repeat(taken, self.found.counts[taken]))

    def table(self, rows: NDArray[np.int64] | None, most: int) -> Table:
        """What `to_pandas` gives, in stretches of so many entities at most."""
        taken = row_numbers(self, rows)
        places, owners = self.found.places(taken), np.repeat(taken, self.found.counts[taken])
        starts = range(0, max(1, len(places)), most)
        stretches = (self._frame(places[at : at + most], owners[at : at + most]) for at in starts)
        return Table(self.to_pandas(range(0)), stretches, self.to_pandas_index(), labelled="row")

    def _frame(self, places: NDArray[np.int64], owners: NDArray[np.int64]) -> pd.DataFrame:
        import pandas as pd

        spans = self.found.flat[places]
        names = np.array([*self.types, None], dtype=object)[:-1]
        # As objects: pandas' own type for text cannot hold a lone surrogate.
        columns: dict[str, Any] = {
            "row": self.to_pandas_index().to_flat_index().take(owners),
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
        totals = self.totals
        ax = canvas(ax, bars_height(len(totals)))
        count_bars(ax, totals, "entities")
        return titled(ax, f"{self.run.model} · {count(len(self), 'text')}")

    def __str__(self) -> str:
        """The first texts with their entities marked, the totals and the notes, for a plain terminal."""
        return _as_text(self)


# --- in a terminal ---


def _as_text(result: Entities, rows: int = 10) -> str:
    names = row_names(result, range(min(rows, len(result))))
    lines = [(name, *_cells(result, row)) for row, name in enumerate(names)]
    return printed(
        f"{result.run.pinned_model}: {_totals_line(result)}",
        line_table(["", "entities", "text"], lines, right=["entities"], least=8) if lines else None,
        f"… {len(result) - rows:,} more rows: .to_pandas()" if len(result) > rows else None,
        *(f"Note: {note}" for note in result.notes),
    )


def _totals_line(result: Entities) -> str:
    totals = sorted(result.totals.items(), key=lambda item: -item[1])
    parts = [count(len(result), "text"), count(len(result.found.flat), "entity", "entities")]
    return " · ".join([*parts, *(f"{name} {value:,}" for name, value in totals[:6] if value)])


def _cells(result: Entities, row: int) -> tuple[str, str]:
    reason, text = result.reasons.get(row), result.texts[row] or ""
    if reason is not None:
        return "–", f"({reason}) {text[:WIDTH]}".rstrip()
    parts: list[str] = []
    at = 0
    for start, end, label, _, inside in result.spans[row]:
        parts += [text[at:start], f"[{inside} {label}]"]
        at = end
        if at > WIDTH:  # no more of it can be seen
            break
    return f"{int(result.found.counts[row]):,}", "".join([*parts, text[at : at + WIDTH]])
