"""ClassifyRequest -> program."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from nbtransformers.codegen.layout import Part, call, program
from nbtransformers.codegen.literals import INDENT, assigned, listed
from nbtransformers.codegen.models import model_part
from nbtransformers.codegen.texts import Source, source
from nbtransformers.errors import UserError
from nbtransformers.request import ClassifyRequest, LongText, Pooling
from nbtransformers.results.recipe import Problem, Recipe, Scores

_BATCH_TOKENS = 8_192
_BATCH_TEXTS = 32
_TAKEN = ("text", "label", "score", "reason")  # columns of the table


@dataclass(frozen=True, slots=True)
class _Scoring:
    """What one way to score puts into a program.

    Attributes:
        auto_class: the class that loads the model.
        texts: the first arguments of the tokenizer.
        units: the number of things that get an output of their own, as an expression.
        truncation: the tokenizer's argument of that name.
        outputs: the variable for the outputs, a tensor `[item, output]`.
        width: outputs of an item, as an expression.
        forward: a batch, `inputs`, to outputs, as an expression.
        what: step 4 in one sentence.
        said: step 5 in one sentence.
        scores: outputs to scores, as an expression for a tensor `[text, label]`.
        before_scores: lines before that.
        setup: parts between the model and the tokens.
    """

    auto_class: str
    texts: list[str]
    units: str
    truncation: str
    outputs: str
    width: str
    forward: str
    what: str
    said: str
    scores: str
    before_scores: tuple[str, ...] = ()
    setup: tuple[Part, ...] = ()


def classify_program(request: ClassifyRequest, recipe: Recipe) -> str:
    """The program for a request, given how its scores come about."""
    texts, scores, long = source(recipe.reading), recipe.scores, request.run.long
    if recipe.reading.none_readable:
        return program("Label texts, with Transformers and PyTorch alone.", _without_scores(request, scores, texts))
    scoring = _SCORINGS[scores.head](scores, texts)
    own_tokenizer = request.tokenizer is not None
    parts = [
        texts.part,
        model_part(recipe.place, scoring.auto_class, recipe.dtype, request.run, own_tokenizer=own_tokenizer),
        *scoring.setup,
        _tokens(scores, scoring, long),
        _run(recipe, scoring, own_tokenizer=own_tokenizer or recipe.place.model.kind == "variable"),
        *([_mean_of_windows(scoring)] if long == "window" and scores.limit else []),
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


# --- tokens ---


def _tokens(scores: Scores, scoring: _Scoring, long: LongText) -> Part:
    limit = scores.limit
    cut = [*scoring.texts, f"truncation={scoring.truncation}", f"max_length={limit}"]
    whole = call("encoded = tokenizer(", scoring.texts)
    if not limit:
        said, lines = "The model reads texts of any length.", whole
    elif long == "truncate":
        said = f"The model reads {limit} tokens of a text; the rest is cut off."
        lines = call("encoded = tokenizer(", cut)
    elif long == "window":
        said = f"More than {limit} of them are read in windows, which overlap."
        windows = [*cut, f"stride={scores.stride}", "return_overflowing_tokens=True"]
        owner = 'owner = torch.tensor(encoded.pop("overflow_to_sample_mapping"), dtype=torch.long)'
        lines = [*call("encoded = tokenizer(", windows), "# The text of each window.", owner]
    else:
        said = f"The model reads {limit} tokens, and no text may have more."
        longest = 'longest = max(map(len, encoded["input_ids"]), default=0)'
        error = f'{INDENT}raise ValueError(f"A text has {{longest}} tokens, and the model reads {limit}.")'
        lines = [*whole, longest, f"if longest > {limit}:", error]
    items = 'items = [{key: encoded[key][i] for key in encoded} for i in range(len(encoded["input_ids"]))]'
    return Part([f"# 3. Texts to tokens, as numbers. {said}", *lines, items])


# --- the model's outputs ---


def _run(recipe: Recipe, scoring: _Scoring, *, own_tokenizer: bool) -> Part:
    never = recipe.padding == "never"
    size = 1 if never else max(1, min(_BATCH_TEXTS, _BATCH_TOKENS // (recipe.scores.limit or 1_024)))
    why = "Texts of about one length share a batch, so that little of it is padding."
    if never:
        why = "A batch is one text: padding would change what this model says."
    side, padder, imports = [], "tokenizer", ()
    if recipe.padding in ("left", "right"):
        if own_tokenizer:
            padder, imports = "padder", ("import copy",)
            side = ["padder = copy.deepcopy(tokenizer)  # so that your own stays as it is"]
        side.append(f'{padder}.padding_side = "{recipe.padding}"')
    lines = [
        f"# 4. {scoring.what}",
        f"# {why}",
        *side,
        f"collate = DataCollatorWithPadding({padder}{', padding=False' if never else ''})",
        'order = sorted(range(len(items)), key=lambda i: len(items[i]["input_ids"]))',
        f"{scoring.outputs} = torch.empty(len(items), {scoring.width})",
        "with torch.inference_mode():  # keeps nothing that only training needs",
        f"    for start in range(0, len(order), {size}):",
        f"        batch = order[start : start + {size}]",
        "        inputs = collate([items[i] for i in batch]).to(device)",
        f"        {scoring.outputs}[batch] = {scoring.forward}.float().cpu()",
    ]
    return Part(lines, ("import torch", "from transformers import DataCollatorWithPadding", *imports))


def _mean_of_windows(scoring: _Scoring) -> Part:
    name = scoring.outputs
    return Part(
        [
            "# The windows of a text are averaged, a longer one counting for more.",
            'tokens = torch.tensor([float(len(item["input_ids"])) for item in items])[:, None]',
            f"sums = torch.zeros({scoring.units}, {scoring.width}).index_add(0, owner, {name} * tokens)",
            f"{name} = sums / torch.zeros({scoring.units}, 1).index_add(0, owner, tokens)",
        ]
    )


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


def _trained(scores: Scores, texts: Source) -> _Scoring:
    said, activated = _ACTIVATIONS[scores.problem]
    return _Scoring(
        auto_class="AutoModelForSequenceClassification",
        texts=[texts.readable],
        units=f"len({texts.readable})",
        truncation="True",
        outputs="logits",
        width="model.config.num_labels",
        forward="model(**inputs).logits",
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


def _similarity(scores: Scores, texts: Source) -> _Scoring:
    if scores.pooling is None:
        raise UserError(
            "There is no program yet for a model that embeds texts by more than one pooling, or with layers behind it.",
            hint="Take the result itself: `result.to_pandas()`.",
        )
    sentences = Part(
        [
            "# The labels, each in a sentence: what is embedded is then more like a text.",
            *listed("labels", scores.labels),
            *assigned("template", scores.template or ""),
            'sentences = [template.replace("{}", label) for label in labels]',
        ]
    )
    embed = Part(
        [
            "def embed(inputs):",
            '    """Embeddings `[text, dimension]` of length 1, so that a product of two is their cosine."""',
            "    hidden = model(**inputs).last_hidden_state.float()  # [text, token, dimension]",
            *(f"    {line}" for line in _POOLS[scores.pooling]),
            "    return torch.nn.functional.normalize(pooled, dim=-1)",
        ],
        is_function=True,
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
        setup=(sentences, embed, label_embeddings),
        texts=[texts.readable],
        units=f"len({texts.readable})",
        truncation="True",
        outputs="cosines",
        width="len(labels)",
        forward="(embed(inputs) @ label_embeddings.T)",
        what="Tokens to embeddings, and their cosine with each label.",
        said="Softmax of 20 times the cosine: scores from 0 to 1, which sum to 1.",
        scores="(20 * cosines).softmax(dim=-1)",
    )


_MASK = 'mask = inputs["attention_mask"]  # 0 where there is padding'
_POOLS: dict[Pooling, list[str]] = {
    "mean": [_MASK, "pooled = (hidden * mask[..., None]).sum(dim=1) / mask.sum(dim=1, keepdim=True)"],
    "cls": ["pooled = hidden[:, 0]  # of the first token"],
    "lasttoken": [_MASK, "pooled = hidden[torch.arange(len(hidden)), mask.sum(dim=1) - 1]  # of the last token"],
    "max": [_MASK, 'pooled = hidden.masked_fill(mask[..., None] == 0, float("-inf")).amax(dim=1)'],
    "mean_sqrt_len_tokens": [
        _MASK,
        "pooled = (hidden * mask[..., None]).sum(dim=1) / mask.sum(dim=1, keepdim=True).sqrt()",
    ],
    "weightedmean": [
        _MASK,
        "weights = mask * mask.cumsum(dim=1)  # later tokens weigh more",
        "pooled = (hidden * weights[..., None]).sum(dim=1) / weights.sum(dim=1, keepdim=True)",
    ],
}


def _entailment(scores: Scores, texts: Source) -> _Scoring:
    assert scores.entailment is not None
    entailment, contradiction = scores.entailment
    hypotheses = Part(
        [
            "# The labels, each in a hypothesis: does the text entail it?",
            *listed("labels", scores.labels),
            *assigned("template", scores.template or ""),
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
        texts=["premises", f"hypotheses * len({texts.readable})"],
        units="len(premises)",
        truncation='"only_first"',
        outputs="logits",
        width="model.config.num_labels",
        forward="model(**inputs).logits",
        what="Tokens to logits, one number each for entailment, contradiction and what else there is.",
        said=said,
        scores=activated,
        before_scores=(f"logits = logits.reshape(len({texts.readable}), len(labels), -1)",),
    )


_SCORINGS: dict[str, Callable[[Scores, Source], _Scoring]] = {
    "trained": _trained,
    "similarity": _similarity,
    "entailment": _entailment,
}
