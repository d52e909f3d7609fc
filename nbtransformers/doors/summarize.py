"""`nbtransformers.summarize`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Unpack

from nbtransformers.doors.common import request_fields, run_and_keep, texts_of
from nbtransformers.doors.decoding import decoding_given
from nbtransformers.doors.door import door
from nbtransformers.doors.options import RewritingOptions
from nbtransformers.panels.view import View, passing_view
from nbtransformers.request import DataRef, Objects, OfParts, RunOptions, SummarizeRequest
from nbtransformers.results.rewritings import Summaries


@door
def summarize(
    data: Any, *, model: Any = None, parts: OfParts | None = None, **options: Unpack[RewritingOptions]
) -> Summaries:
    """Summarise texts with a sequence-to-sequence model, or by instruction with a chat model.

    A text that is longer than the model reads at once is read whole, in parts that end with a paragraph or a sentence.
    What is None, or left out, is as `%nbt set`, the environment or a pyproject.toml says (see `defaults`), or else as
    below.

    Args:
        data: {DATA}
        model: a folder, a Hub id, a Transformers model, a pipeline, or a (model, tokenizer) pair; or a bundled chat
            model (`smollm2`). None that summarises is bundled.
        parts: of a long text, the summaries of its parts are summarised `again` (else this one), or left in one behind
            the other (`join`).
        max_new_tokens: new tokens of a summary at most; else as the model says, or 128.
        long: a longer text: `window` (else this one: in parts), `truncate` (its beginning) or `error`.
        **options: as for every task.

    Returns:
        A `Summaries`: `texts` (the summaries), `prompts` (the texts), `tokens`, `probabilities`, `to_pandas()`.

    Raises:
        UserError: one line that says what is wrong and what to type instead.

    Example:
        >>> import nbtransformers as nbt
        >>> nbt.summarize(df, column="report", model="facebook/bart-large-cnn").to_pandas()
    """
    asked = summarize_request(*texts_of(data, options), model=model, parts=parts, **options)
    return run_summarize(*asked, passing_view("Summarising"))


def summarize_request(
    data: DataRef, objects: Objects, *, namespace: Mapping[str, Any] | None = None, **given: Any
) -> tuple[SummarizeRequest, Objects]:
    """The request for what a user gave, and the objects that it names.

    Args:
        data: the texts.
        objects: what `data` names.
        namespace: where names are looked up.
        given: arguments of `summarize`; for one that is None, or missing, the settings are asked.
    """
    values, objects = request_fields("summarize", objects, namespace, given, RunOptions(long="window"))
    decoding = decoding_given(values)
    return SummarizeRequest(data=data, decoding=decoding, **values), objects


def run_summarize(request: SummarizeRequest, objects: Objects, view: View) -> Summaries:
    """Run a request and show it in a view: the one way through, for magics and functions."""
    from nbtransformers.engine.summarize import summarize as run

    return run_and_keep(view, lambda: run(request, objects, view.progress, view.partial))
