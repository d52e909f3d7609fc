"""`nbtransformers.embed`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Unpack

from nbtransformers.doors.common import run_and_keep, task_request, texts_of
from nbtransformers.doors.door import door
from nbtransformers.doors.options import Options
from nbtransformers.panels.view import View, passing_view
from nbtransformers.request import DataRef, EmbedRequest, Objects, Pooling
from nbtransformers.results.embeddings import Embeddings


@door
def embed(
    data: Any,
    *,
    model: Any = None,
    pooling: Pooling | None = None,
    normalize: bool | None = None,
    prompt: str | None = None,
    prompt_name: str | None = None,
    dimensions: int | None = None,
    **options: Unpack[Options],
) -> Embeddings:
    """Embed texts: a vector for each, so that texts that mean the same are near each other.

    What is None, or left out, is as `%nbt set`, the environment or a pyproject.toml says (see `defaults`), or else as
    below.

    Args:
        data: {DATA}
        model: a bundled name, a folder, a Hub id, a Transformers model, a pipeline, or a (model, tokenizer) pair.
            Without one: the bundled encoder.
        pooling: how a text's vector is made from those of its tokens: `mean`, `cls`, `lasttoken`, `max`,
            `mean_sqrt_len_tokens` or `weightedmean`; None as the model declares.
        normalize: bring every vector to length 1; None as the model declares.
        prompt: what is put before every text; None as the model declares.
        prompt_name: which of the model's own prompts to put there.
        dimensions: keep only so many numbers of each vector, for models that are trained for that.
        long: a longer text: `truncate` (the default), `window` (the mean of its overlapping windows) or `error`.
        **options: as for every task.

    Returns:
        An `Embeddings`: `vectors` `[text, dimension]`, `nearest(query)`, `map()`, `to_pandas()`, `plot()`.

    Raises:
        UserError: one line that says what is wrong and what to type instead.

    Example:
        >>> import nbtransformers as nbt
        >>> result = nbt.embed(["A joy from start to end.", "Dull."])
        >>> result.vectors.shape
        (2, 384)
        >>> result.nearest("a happy film", k=1)
    """
    asked = embed_request(
        *texts_of(data, options),
        model=model,
        pooling=pooling,
        normalize=normalize,
        prompt=prompt,
        prompt_name=prompt_name,
        dimensions=dimensions,
        **options,
    )
    return run_embed(*asked, passing_view("Embedding"))


def embed_request(
    data: DataRef, objects: Objects, *, namespace: Mapping[str, Any] | None = None, **given: Any
) -> tuple[EmbedRequest, Objects]:
    """The request for what a user gave, as `task_request` makes it, and the objects that it names."""
    return task_request(EmbedRequest, data, objects, namespace, given)


def run_embed(request: EmbedRequest, objects: Objects, view: View) -> Embeddings:
    """Run a request and show it in a view: the one way through, for magics and functions."""
    from nbtransformers.engine.embed import embed as run

    return run_and_keep(view, lambda: run(request, objects, view.progress, view.partial))
