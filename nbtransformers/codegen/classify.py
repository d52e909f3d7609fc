"""ClassifyRequest -> program."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from nbtransformers.codegen.batches import Batches
from nbtransformers.codegen.embedding import embedding_parts
from nbtransformers.codegen.layout import Part, program
from nbtransformers.codegen.literals import INDENT, assigned, listed
from nbtransformers.codegen.models import model_part
from nbtransformers.codegen.texts import Source, source
from nbtransformers.request import ClassifyRequest
from nbtransformers.results.recipe import Problem, Recipe, Scores

_TAKEN = ("text", "label", "score", "reason")  # columns of the table


@dataclass(frozen=True, slots=True)
class _Scoring:
    """What one way to score puts into a program.

    Attributes:
        auto_class: the class that loads the model.
        batches: how texts, or pairs of a text and a label, go through it.
        units: the number of things that get an output of their own, as an expression.
        what: step 4 in one sentence.
        said: step 5 in one sentence.
        scores: outputs to scores, as an expression for a tensor `[text, label]`.
        before_scores: lines before that.
        setup: parts between the model and the tokens.
    """

    auto_class: str
    batches: Batches
    units: str
    what: str
    said: str
    scores: str
    before_scores: tuple[str, ...] = ()
    setup: tuple[Part, ...] = ()


def classify_program(request: ClassifyRequest, recipe: Recipe) -> str:
    """The program for a request, given how its scores come about."""
    texts, scores = source(recipe.reading), recipe.scores
    if recipe.reading.none_readable:
        return program("Label texts, with Transformers and PyTorch alone.", _without_scores(request, scores, texts))
    scoring = _SCORINGS[scores.head](request, recipe, texts)
    parts = [
        texts.part,
        model_part(recipe, scoring.auto_class, request),
        *scoring.setup,
        _tokens(scoring.batches),
        _run(scoring),
        _table(scores, scoring, texts),
        _assigned(request, scores),
        _top(request, scores, texts),
    ]
    return program("Label texts, with Transformers and PyTorch alone.", parts)


def _without_scores(request: ClassifyRequest, scores: Scores, texts: Source) -> list[Part]:
    """The program for texts none of which can be read: a tokenizer given no text fails."""
    said = "# 2. No row holds a text: there is nothing to score, and no model is needed."
    return [
        texts.part,
        Part([said, *listed("labels", scores.labels), *_NO_SCORES]),
        _frame(scores, texts),
        _assigned(request, scores),
        _top(request, scores, texts),
    ]


# --- tokens to outputs ---


def _tokens(batches: Batches) -> Part:
    said, lines = batches.tokens()
    return Part([f"# 3. Texts to tokens, as numbers. {said}", *lines])


def _run(scoring: _Scoring) -> Part:
    batches = scoring.batches
    collate, imports = batches.collate()
    means = batches.means(scoring.units) if batches.is_windowed else []
    return Part([f"# 4. {scoring.what}", batches.why, *collate, *batches.run(), *means], imports)


# --- scores ---


def _table(scores: Scores, scoring: _Scoring, texts: Source) -> Part:
    filled = [f"scores = {scoring.scores}.numpy()"]
    if not texts.every_row:
        filled = [*_NO_SCORES, f"scores[rows] = {scoring.scores}.numpy()"]
    frame = _frame(scores, texts)
    return Part([f"# 5. {scoring.said}", *scoring.before_scores, *filled, *frame.lines], frame.imports)


_NO_SCORES = ["scores = np.full((len(texts), len(labels)), np.nan, dtype=np.float32)"]


def _frame(scores: Scores, texts: Source) -> Part:
    """The table of `scores`."""
    columns, named = _columns(scores)
    if texts.every_row:
        best = "[labels[i] for i in scores.argmax(axis=1)]"
        column = "texts"
    else:
        best = "[labels[row.argmax()] if np.isfinite(row).all() else None for row in scores]"
        column = "pd.Series(texts, dtype=object)"
        if texts.index is not None:
            column = f"pd.Series(texts, index={texts.index}, dtype=object)"
    return Part(
        [
            "table = pd.DataFrame(",
            "    {",
            f'        "text": {column},',
            f'        "label": {best},',
            '        "score": scores.max(axis=1),',
            "    }",
            ")",
            *columns,
            f"table[{named}] = scores",
            "print(table)",
        ],
        ("import pandas as pd", *(() if texts.every_row else ("import numpy as np",))),
    )


def _columns(scores: Scores) -> tuple[list[str], str]:
    """The names of the score columns: those of the labels, but where a name is taken."""
    taken: set[str] = set(_TAKEN)
    names: list[str] = []
    for label in scores.labels:
        name = label
        while name in taken:
            name = f"score:{name}"
        taken.add(name)
        names.append(name)
    if names == list(scores.labels):
        return [], "labels"
    return listed("columns", names), "columns"


def _assigned(request: ClassifyRequest, scores: Scores) -> Part:
    if scores.problem != "multi_label":
        return Part([])
    return Part(
        [
            f"# How many texts have a label: those that score {request.threshold} or more.",
            f"totals = pd.Series((scores >= {request.threshold}).sum(axis=0), index=labels)",
            "print(totals)",
        ]
    )


def _top(request: ClassifyRequest, scores: Scores, texts: Source) -> Part:
    if request.top_k is None:
        return Part([])
    k = min(request.top_k, len(scores.labels))
    scored = [] if texts.every_row else ["scored = np.flatnonzero(np.isfinite(scores).all(axis=1))"]
    these, index = ("scores", "table.index") if texts.every_row else ("scores[scored]", "table.index[scored]")
    return Part(
        [
            f"# The {k} best labels of each text." if k > 1 else "# The best label of each text.",
            *scored,
            f'best = np.argsort(-{these}, axis=1, kind="stable")[:, :{k}]',
            "top = pd.DataFrame(",
            "    {",
            f'        "row": {index}.repeat({k}),',
            f'        "rank": np.tile(np.arange(1, {k + 1}), len(best)),',
            '        "label": [labels[i] for i in best.ravel()],',
            f'        "score": np.take_along_axis({these}, best, axis=1).ravel(),',
            "    }",
            ")",
            "print(top)",
        ],
        ("import numpy as np",),
    )


# --- the three ways to score ---

_LOGITS = {"outputs": "logits", "width": "model.config.num_labels", "forward": "model(**inputs).logits"}


def _batches(
    request: ClassifyRequest,
    recipe: Recipe,
    texts: list[str],
    *,
    outputs: str,
    width: str,
    forward: str,
    truncation: str = "True",
) -> Batches:
    return Batches(
        texts=texts,
        truncation=truncation,
        limit=recipe.scores.limit,
        stride=recipe.scores.stride,
        long=request.run.long,
        padding=recipe.padding,
        outputs=outputs,
        width=width,
        forward=forward,
        own_tokenizer=request.tokenizer is not None or recipe.place.model.kind == "variable",
    )


def _trained(request: ClassifyRequest, recipe: Recipe, texts: Source) -> _Scoring:
    scores = recipe.scores
    said, activated = _ACTIVATIONS[scores.problem]
    return _Scoring(
        auto_class="AutoModelForSequenceClassification",
        batches=_batches(request, recipe, [texts.readable], **_LOGITS),
        units=f"len({texts.readable})",
        what="Tokens to logits, one number for each label.",
        said=said,
        scores=activated,
        before_scores=tuple(_trained_labels(scores)),
    )


_ACTIVATIONS: dict[Problem, tuple[str, str]] = {
    "single_label": ("Softmax: scores from 0 to 1, which sum to 1.", "logits.softmax(dim=-1)"),
    "multi_label": ("Sigmoid: each label is scored from 0 to 1 on its own.", "logits.sigmoid()"),
    "regression": ("Regression: the logit itself is the value.", "logits"),
}


def _trained_labels(scores: Scores) -> list[str]:
    # Only a name that was there twice has a number behind it, and then the model's own names will not do.
    if any(label.endswith(")") and label.rpartition(" (")[0] in scores.labels for label in scores.labels):
        return listed("labels", scores.labels)
    return ["labels = [model.config.id2label[i] for i in range(model.config.num_labels)]"]


def _similarity(request: ClassifyRequest, recipe: Recipe, texts: Source) -> _Scoring:
    scores, embedding = recipe.scores, recipe.scores.embedding
    assert embedding is not None
    sentences = Part(
        [
            "# The labels, each in a sentence: what is embedded is then more like a text.",
            *listed("labels", scores.labels),
            *assigned("template", scores.template),
            'sentences = [template.replace("{}", label) for label in labels]',
        ]
    )
    each = ['each = [tokenizer(sentence, return_tensors="pt") for sentence in sentences]']
    if scores.limit:
        one = f'tokenizer(sentence, truncation=True, max_length={scores.limit}, return_tensors="pt")'
        each = ["each = [", INDENT + one, f"{INDENT}for sentence in sentences", "]"]
    label_embeddings = Part(
        [
            "with torch.inference_mode():",
            *(INDENT + line for line in each),
            "    label_embeddings = torch.cat([embed(inputs.to(device)) for inputs in each])",
        ]
    )
    return _Scoring(
        auto_class="AutoModel",
        setup=(sentences, *embedding_parts(embedding, recipe.place), label_embeddings),
        batches=_batches(
            request,
            recipe,
            [texts.readable],
            outputs="cosines",
            width="len(labels)",
            forward="(embed(inputs) @ label_embeddings.T)",
        ),
        units=f"len({texts.readable})",
        what="Tokens to embeddings, and their cosine with each label.",
        said="Softmax of 20 times the cosine: scores from 0 to 1, which sum to 1.",
        scores="(20 * cosines).softmax(dim=-1)",
    )


def _entailment(request: ClassifyRequest, recipe: Recipe, texts: Source) -> _Scoring:
    scores = recipe.scores
    entailment, contradiction = scores.entailment
    pairs = ["premises", f"hypotheses * len({texts.readable})"]
    hypotheses = Part(
        [
            "# The labels, each in a hypothesis: does the text entail it?",
            *listed("labels", scores.labels),
            *assigned("template", scores.template),
            'hypotheses = [template.replace("{}", label) for label in labels]',
            f"premises = [text for text in {texts.readable} for _ in labels]  # each text with each hypothesis",
        ]
    )
    if scores.problem == "multi_label":
        said = f"Softmax of entailment (logit {entailment}) against contradiction ({contradiction}), for each label."
        activated = f"logits[:, :, [{entailment}, {contradiction}]].softmax(dim=-1)[:, :, 0]"
    else:
        said = f"Softmax of entailment (logit {entailment}) over the labels: scores that sum to 1."
        activated = f"logits[:, :, {entailment}].softmax(dim=-1)"
    return _Scoring(
        auto_class="AutoModelForSequenceClassification",
        setup=(hypotheses,),
        batches=_batches(request, recipe, pairs, **_LOGITS, truncation='"only_first"'),
        units="len(premises)",
        what="Tokens to logits, one number each for entailment, contradiction and what else there is.",
        said=said,
        scores=activated,
        before_scores=(f"logits = logits.reshape(len({texts.readable}), len(labels), -1)",),
    )


_SCORINGS: dict[str, Callable[[ClassifyRequest, Recipe, Source], _Scoring]] = {
    "trained": _trained,
    "similarity": _similarity,
    "entailment": _entailment,
}
