"""`nbtransformers.explain`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Unpack

from nbtransformers import settings
from nbtransformers.doors.common import run_and_keep, task_request
from nbtransformers.doors.door import door
from nbtransformers.doors.options import OneTextOptions
from nbtransformers.inputs.refs import data_ref
from nbtransformers.panels.earlier import put_in_place_of
from nbtransformers.panels.explanation.again import offer
from nbtransformers.panels.view import View, passing_view
from nbtransformers.request import Baseline, DataRef, ExplainRequest, Method, Objects, parse_methods
from nbtransformers.results.explanation import Explanation


class ExplainOptions(OneTextOptions, total=False):
    """All that `explain` takes besides its own arguments."""

    batch_tokens: int | None
    threads: int | None


@door
def explain(
    text: Any,
    *,
    model: Any = None,
    target: str | int | None = None,
    method: str | Iterable[str] | None = None,
    pair: str | None = None,
    question: str | None = None,
    baseline: Baseline | None = None,
    steps: int | None = None,
    **options: Unpack[ExplainOptions],
) -> Explanation:
    """Say how much each token of a text speaks for, or against, one prediction of a model.

    What is explained is a logit, the model's number before softmax or sigmoid: of a label, of a span's labels, of an
    answer's start and end, or of the next token. What is None, or left out, is as `%nbt set`, the environment or a
    pyproject.toml says (see `defaults`), or else as below.

    Args:
        text: one text; also a Series, a list or a file (as a `Path`) that holds just one.
        model: a bundled name, a folder, a Hub id, a Transformers model, a pipeline, or a (model, tokenizer) pair.
            Without one: the bundled sentiment model.
        target: a label by its name or number; of a token classifier or for question answering a piece of the text (or
            `piece=LABEL`); of a causal or masked LM a token, as text or as `#number`. None is what the model predicts.
        method: `integrated_gradients` (the default; it needs captum), `input_x_gradient` or `occlusion`; or several, as
            a list or with commas between, to compare them.
        pair: a second text that the model reads behind it, as one input.
        question: of a model for question answering, what the text is to answer.
        baseline: what a token is compared with: `pad`, `mask`, `zero`, or (for occlusion alone) `remove`. None takes
            the pad token for integrated gradients and the mask token for occlusion, where the model has them.
        steps: of integrated gradients, points on the way; None takes more and more until the completeness gap is within
            1%.
        batch_tokens: tokens that the model reads at once; None takes what fits into a gibibyte.
        threads: CPU threads; None finds it by timing the first passes.
        long: a longer text: `error` (the default), or `truncate` to explain what is read of its beginning.
        **options: as for every task.

    Returns:
        An `Explanation`: `tokens`, `attributions` float32 `[token]`, `completeness_gap`, `words`, `target`, `targets`,
        `result["occlusion"]`, `to_pandas()`, `plot()`.

    Raises:
        UserError: one line that says what is wrong and what to type instead.

    Example:
        >>> import nbtransformers as nbt
        >>> nbt.explain("A joy from start to end.").to_pandas(by="word")
        >>> nbt.explain("The capital of France is", model="smollm2", target="Paris", method="occlusion").plot()
    """
    data, objects = data_ref(text, name="text")
    asked = explain_request(
        data,
        objects,
        model=model,
        target=target,
        method=method,
        pair=pair,
        question=question,
        baseline=baseline,
        steps=steps,
        **options,
    )
    return run_explain(*asked, passing_view("Explaining"))


def explain_request(
    data: DataRef, objects: Objects, *, namespace: Mapping[str, Any] | None = None, **given: Any
) -> tuple[ExplainRequest, Objects]:
    """The request for what a user gave, as `task_request` makes it, and the objects that it names."""
    if given.get("long") is None and settings.filled("explain", {}).values.get("long") == "window":
        given["long"] = "error"  # a default for the tasks that can read so
    target = given.get("target")
    if isinstance(target, int) and not isinstance(target, bool):
        given["target"] = str(target)
    given["methods"] = parse_methods(given.pop("method", None))
    return task_request(ExplainRequest, data, objects, namespace, given)


def run_explain(request: ExplainRequest, objects: Objects, view: View) -> Explanation:
    """Run a request and show it in a view: the one way through, for magics and functions."""
    from nbtransformers.engine.explain import explain as run

    offer(_again)  # the panel can ask for another target, or other methods
    return run_and_keep(view, lambda: run(request, objects, view.progress, view.partial))


def _again(before: Explanation, target: str | None, methods: tuple[Method, ...], view: View) -> Explanation:
    from nbtransformers.engine.explain import again

    def run() -> Explanation:
        made = again(before, target, methods, view.progress)
        put_in_place_of(made, before)
        return made

    return run_and_keep(view, run)
