"""`nbtransformers.translate`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Unpack

from nbtransformers.doors.common import request_fields, run_and_keep, texts_of
from nbtransformers.doors.decoding import decoding_given
from nbtransformers.doors.door import door
from nbtransformers.doors.options import RewritingOptions
from nbtransformers.panels.view import View, passing_view
from nbtransformers.request import DataRef, Objects, PartsOf, RunOptions, TranslateRequest
from nbtransformers.results.rewritings import Translations


@door
def translate(
    data: Any,
    *,
    model: Any = None,
    source: str | None = None,
    target: str | None = None,
    parts: PartsOf | None = None,
    **options: Unpack[RewritingOptions],
) -> Translations:
    """Translate texts with a sequence-to-sequence model, or by instruction with a chat model.

    Every line of a text is translated, in parts only where it is longer than the model reads at once, and all is put
    together again as it was. What is None, or left out, is as `%nbt set`, the environment or a pyproject.toml says (see
    `defaults`), or else as below.

    Args:
        data: {DATA}
        model: a folder, a Hub id, a Transformers model, a pipeline, or a (model, tokenizer) pair; or a chat model. None
            that translates is bundled.
        source: the language of the texts: the model's own code (`eng_Latn`), a code of ISO 639 (`en`) or an English
            name; None as the model has it.
        target: likewise the language to translate into; a model of one pair of languages needs none.
        parts: what is translated at once: a line (`lines`, else this one; for a chat model the whole text) or a
            sentence (`sentences`), as models that were trained on single sentences may do better.
        max_new_tokens: new tokens of a part at most; else twice those of the part, and 32 more.
        long: a longer text: `window` (else this one: in parts), `truncate` (its beginning) or `error`.
        **options: as for every task.

    Returns:
        A `Translations`: `texts` (the translations), `prompts` (the texts), `source`, `target`, `tokens`,
        `probabilities`, `to_pandas()`.

    Raises:
        UserError: one line that says what is wrong and what to type instead.

    Example:
        >>> import nbtransformers as nbt
        >>> nbt.translate("Good morning!", model="Helsinki-NLP/opus-mt-en-de").texts[0]
        >>> nbt.translate(df, column="title", model="facebook/nllb-200-distilled-600M", target="German").to_pandas()
    """
    asked = translate_request(
        *texts_of(data, options), model=model, source=source, target=target, parts=parts, **options
    )
    return run_translate(*asked, passing_view("Translating"))


def translate_request(
    data: DataRef, objects: Objects, *, namespace: Mapping[str, Any] | None = None, **given: Any
) -> tuple[TranslateRequest, Objects]:
    """The request for what a user gave, and the objects that it names.

    Args:
        data: the texts.
        objects: what `data` names.
        namespace: where names are looked up.
        given: arguments of `translate`; for one that is None, or missing, the settings are asked.
    """
    values, objects = request_fields("translate", objects, namespace, given, RunOptions(long="window"))
    decoding = decoding_given(values)
    return TranslateRequest(data=data, decoding=decoding, **values), objects


def run_translate(request: TranslateRequest, objects: Objects, view: View) -> Translations:
    """Run a request and show it in a view: the one way through, for magics and functions."""
    from nbtransformers.engine.translate import translate as run

    return run_and_keep(view, lambda: run(request, objects, view.progress, view.partial))
