"""What a model made of texts: their summaries, or their translations."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from numpy.typing import NDArray

from nbtransformers.results.generation import Generation
from nbtransformers.results.rows import row_numbers

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True, eq=False, repr=False, kw_only=True)
class Rewriting(Generation):
    """A new text for every text; of a text that was read in parts, of all of them together.

    Attributes:
        parts: int32 `[row]`, in how many parts each text was read; 0 where it was not.

    As for any `Generation`, `prompts` are the texts that were read, and `texts` what was written.
    """

    written: ClassVar[str] = "text"

    parts: NDArray[np.int32]

    def to_pandas(self, rows: Sequence[int] | NDArray[np.int64] | None = None) -> pd.DataFrame:
        """One row a text, with the input's index; all of them, or those with the numbers `rows`, in that order.

        Columns: `text` (that was read), `summary` or `translation`, `parts` (in how many it was read), `tokens` (how
        many were written), `log_probability` (their mean), `perplexity`, `finish_reason`, `reason` (why there is none).
        """
        taken = row_numbers(self, rows)
        frame = Generation.to_pandas(self, taken).rename(columns={"prompt": "text", "text": self.written})
        frame.insert(2, "parts", self.parts[taken])
        return frame


@dataclass(frozen=True, slots=True, eq=False, repr=False, kw_only=True)
class Summaries(Rewriting):
    """The summaries of some texts.

    Example:
        >>> result = nbt.summarize(reports, model="facebook/bart-large-cnn")
        >>> result.texts[0], result.to_pandas()["summary"]
    """

    written: ClassVar[str] = "summary"


@dataclass(frozen=True, slots=True, eq=False, repr=False, kw_only=True)
class Translations(Rewriting):
    """The translations of some texts.

    Attributes:
        source: the language of the texts, as the model calls it; None when it is not known.
        target: likewise that of the translations.

    Example:
        >>> result = nbt.translate(["Good morning!"], model="facebook/nllb-200-distilled-600M", target="German")
        >>> result.texts[0], result.target
        ('Guten Morgen!', 'deu_Latn')
    """

    written: ClassVar[str] = "translation"

    source: str | None = None
    target: str | None = None
