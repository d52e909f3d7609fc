"""The lines of a program that measure what a model has learnt."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from nbtransformers.codegen.layout import Part, definition
from nbtransformers.codegen.literals import inline
from nbtransformers.request import FinetuneRequest, TrainingTask
from nbtransformers.results.trainingrecipe import TrainingRecipe, WritingTrial

KEEPS_LESS: tuple[TrainingTask, ...] = ("tokens", "seq2seq", "causal", "masked")
"""The tasks whose evaluation keeps less than all logits."""

_SKLEARN = "from sklearn.metrics import precision_recall_fscore_support"
_MACRO = (
    "precision, recall, f1, _ = precision_recall_fscore_support(",
    '    expected, predicted, average="macro", zero_division=0',
    ")",
)


def metrics_parts(request: FinetuneRequest, recipe: TrainingRecipe) -> list[Part]:
    """The parts that leave `compute_metrics`, and `kept` where an evaluation keeps less than all logits."""
    *before, last = _of_task(recipe)
    if request.metric is None or ":" not in request.metric:
        return [*before, last]
    module, _, function = request.metric.partition(":")
    measured = replace(last, lines=["def measured(evaluated):", *last.lines[1:]])
    own = definition(
        "compute_metrics(evaluated)",
        "The same, and your own metric.",
        [
            "own = own_metric(evaluated.predictions, evaluated.label_ids)",
            f"own = own if isinstance(own, dict) else {{{inline(function)}: own}}",
            "return {**measured(evaluated), **own}",
        ],
    )
    return [*before, measured, replace(own, own=(f"from {module} import {function} as own_metric",))]


def _of_task(recipe: TrainingRecipe) -> list[Part]:
    match recipe.training_task:
        case "classification":
            return [_metrics("Accuracy, and the means over all labels of F1, precision and recall.", _one(recipe))]
        case "multi-label":
            said = "Means over all labels, of which those apply that have a score above one half."
            return [_metrics(said, _any_number(recipe))]
        case "regression":
            said = "How far the numbers are off" + ("." if recipe.alike else ", and how well they go together.")
            return [_metrics(said, _numbers(recipe))]
        case "tokens":
            return [_likeliest(recipe), _tags(recipe)]
        case _:
            return [_likeliest_and_losses(recipe), *_written_parts(recipe), _foreseen(recipe)]


def _metrics(said: str, body: tuple[Sequence[str], Sequence[str]]) -> Part:
    return definition("compute_metrics(evaluated)", said, *body)


def _logits(recipe: TrainingRecipe) -> str:
    """What an evaluation of whole texts has: a model with a decoder gives more than logits."""
    return "evaluated.predictions[0]" if recipe.encoder_decoder else "evaluated.predictions"


# --- whole texts ---


def _one(recipe: TrainingRecipe) -> tuple[Sequence[str], Sequence[str]]:
    return [
        f"expected, predicted = evaluated.label_ids, {_logits(recipe)}.argmax(axis=-1)",
        *_MACRO,
        "accuracy = (expected == predicted).mean()",
        'return {"accuracy": accuracy, "f1": f1, "precision": precision, "recall": recall}',
    ], [_SKLEARN]


def _any_number(recipe: TrainingRecipe) -> tuple[Sequence[str], Sequence[str]]:
    return [
        f"expected, predicted = evaluated.label_ids == 1, {_logits(recipe)} > 0",
        *_MACRO,
        "return {",
        '    "f1": f1,',
        '    "f1_micro": f1_score(expected, predicted, average="micro", zero_division=0),',
        '    "precision": precision,',
        '    "recall": recall,',
        '    "exact_match": (expected == predicted).all(axis=1).mean(),',
        "}",
    ], ["from sklearn.metrics import f1_score", _SKLEARN]


def _numbers(recipe: TrainingRecipe) -> tuple[Sequence[str], Sequence[str]]:
    together = [
        '    "r2": r2_score(expected, predicted),',
        '    "pearson": pearsonr(expected, predicted).statistic,',
        '    "spearman": spearmanr(expected, predicted).statistic,',
    ]
    imports = [
        "from scipy.stats import pearsonr",
        "from scipy.stats import spearmanr",
        "from sklearn.metrics import r2_score",
    ]
    return [
        "expected = evaluated.label_ids.astype(np.float64)",
        f"predicted = {_logits(recipe)}[:, 0].astype(np.float64)",
        "return {",
        '    "rmse": np.sqrt(((predicted - expected) ** 2).mean()),',
        '    "mae": np.abs(predicted - expected).mean(),',
        *([] if recipe.alike else together),
        "}",
    ], ["import numpy as np", *([] if recipe.alike else imports)]


# --- tags ---


def _likeliest(recipe: TrainingRecipe) -> Part:
    return definition(
        "kept(logits, labels)",
        "Of the logits, the likeliest tag of each token.",
        [f"return {'logits[0]' if recipe.encoder_decoder else 'logits'}.argmax(dim=-1)"],
    )


def _tags(recipe: TrainingRecipe) -> Part:
    if not recipe.entities:
        lines = [
            "learnt = evaluated.label_ids != -100",
            "expected, predicted = evaluated.label_ids[learnt], evaluated.predictions[learnt]",
            *_MACRO,
            "accuracy = (expected == predicted).mean()",
            'return {"f1": f1, "precision": precision, "recall": recall, "accuracy": accuracy}',
        ]
        return _metrics("The means over all tags of F1, precision and recall; and accuracy.", (lines, [_SKLEARN]))
    lines = [
        "learnt = evaluated.label_ids != -100",
        "expected, predicted = (",
        "    [[labels[tag] for tag in tags[some]] for tags, some in zip(side, learnt)]",
        "    for side in (evaluated.label_ids, evaluated.predictions)",
        ")",
        "return {",
        '    "f1": f1_score(expected, predicted, zero_division=0),',
        '    "precision": precision_score(expected, predicted, zero_division=0),',
        '    "recall": recall_score(expected, predicted, zero_division=0),',
        '    "accuracy": accuracy_score(expected, predicted),',
        "}",
    ]
    names = ("accuracy_score", "f1_score", "precision_score", "recall_score")
    imports = [f"from seqeval.metrics import {name}" for name in names]
    return _metrics("Of entities, each right as a whole or wrong; accuracy is that of tags.", (lines, imports))


# --- written tokens ---


def _likeliest_and_losses(recipe: TrainingRecipe) -> Part:
    shifted = ["logits, labels = logits[:, :-1], labels[:, 1:]  # a token is told from those before it"]
    return definition(
        "kept(logits, labels)",
        "Of the logits, which are many: the likeliest tokens, and the loss of each row.",
        [
            *(["logits = logits[0]  # a model with a decoder gives more"] if recipe.encoder_decoder else []),
            *(shifted if recipe.training_task == "causal" else []),
            'losses = cross_entropy(logits.transpose(1, 2), labels, reduction="none")',
            "return logits.argmax(dim=-1), losses.sum(dim=1)",
        ],
        ["from torch.nn.functional import cross_entropy"],
    )


def _foreseen(recipe: TrainingRecipe) -> Part:
    labels = "evaluated.label_ids[:, 1:]" if recipe.training_task == "causal" else "evaluated.label_ids"
    writes = recipe.writing is not None
    said = "and what the model writes." if writes else "given those around them."
    lines = [
        "predicted, losses = evaluated.predictions",
        f"labels = {labels}",
        "learnt = labels != -100",
        "foreseen = {" if writes else "return {",
        '    "perplexity": np.exp(losses.sum() / learnt.sum()),',
        '    "token_accuracy": (predicted == labels)[learnt].mean(),',
        "}",
        *(["return {**foreseen, **nearness(write(asked), references)}"] if writes else []),
    ]
    return _metrics(f"How well tokens are foreseen, {said}", (lines, ["import numpy as np"]))


def _written_parts(recipe: TrainingRecipe) -> list[Part]:
    if recipe.writing is None:
        return []
    return [_write(recipe.eval_part, recipe.writing), _WORDS, _nearness(recipe.writing)]


def _write(part: int, writing: WritingTrial) -> Part:
    return definition(
        "write(rows)",
        "What the model writes, the likeliest token at each place: nothing is drawn.",
        [
            f'most = min({writing.most}, max(len(labels) for labels in rows["labels"]))',
            'rows = rows.remove_columns("labels")',
            "texts = []",
            f"for start in range(0, len(rows), {part}):",
            f'    batch = tokenizer.pad(rows[start : start + {part}], return_tensors="pt").to(model.device)',
            "    ids = model.generate(**batch, do_sample=False, num_beams=1, max_new_tokens=most)",
            "    texts += tokenizer.batch_decode(ids, skip_special_tokens=True)",
            "return [text.strip() for text in texts]",
        ],
    )


_WORDS = definition(
    "Words",
    "Words of any script, for ROUGE: its own know no letters but those of English.",
    [
        "",
        'alone = r"\\p{Han}\\p{Hiragana}\\p{Katakana}\\p{Thai}\\p{Lao}\\p{Khmer}\\p{Myanmar}"',
        'word = regex.compile(rf"[{alone}]\\p{{M}}*|[[\\p{{L}}\\p{{M}}\\p{{N}}]--[{alone}]]+", regex.V1)',
        "",
        "def tokenize(self, text):",
        "    return self.word.findall(text.lower())",
    ],
    ["import regex"],
)


def _nearness(writing: WritingTrial) -> Part:
    return definition(
        "nearness(written, references)",
        "ROUGE from 0 to 1, a mean over texts; BLEU and chrF from 0 to 100, of all texts together.",
        [
            'scorer = RougeScorer(["rouge1", "rouge2", "rougeL"], tokenizer=Words())',
            "scores = pd.DataFrame([scorer.score(*both) for both in zip(references, written)])",
            "return {",
            "    **scores.map(lambda score: score.fmeasure).mean().to_dict(),",
            f'    "bleu": BLEU(tokenize="{writing.bleu}").corpus_score(written, [references]).score,',
            '    "chrf": CHRF().corpus_score(written, [references]).score,',
            "}",
        ],
        [
            "import pandas as pd",
            "from rouge_score.rouge_scorer import RougeScorer",
            "from sacrebleu.metrics import BLEU",
            "from sacrebleu.metrics import CHRF",
        ],
    )
