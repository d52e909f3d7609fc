"""A training run -> program."""

from __future__ import annotations

from nbtransformers.codegen.layout import Part, call, program
from nbtransformers.codegen.literals import assigned, inline, listed, plain
from nbtransformers.codegen.models import named, options
from nbtransformers.codegen.trainingbatches import collator_parts
from nbtransformers.codegen.trainingmetrics import metrics_parts
from nbtransformers.codegen.trainingrows import encoding_parts
from nbtransformers.codegen.trainingsteps import order_parts, train_part
from nbtransformers.request import FinetuneRequest, TrainingTask
from nbtransformers.results.trainingrecipe import AdapterRecipe, HeadRecipe, Reached, TrainingRecipe

_TITLES: dict[TrainingTask, str] = {
    "classification": "label texts",
    "multi-label": "give texts any number of labels",
    "regression": "give texts numbers",
    "tokens": "tag the words of texts",
    "seq2seq": "write one text for another",
    "causal": "go on with texts",
    "masked": "fill in words",
}
_PROBLEMS: dict[TrainingTask, str] = {
    "classification": "single_label_classification",
    "multi-label": "multi_label_classification",
    "regression": "regression",
}
_LABELS: dict[TrainingTask, str] = {
    "classification": ", the number of a label",
    "multi-label": ", a 0 or 1 for each label",
    "regression": ", a number",
    "tokens": ", the number of a tag for each word",
    "seq2seq": ", the text to be written",
    "causal": ", what follows a prompt",
}


def finetune_program(request: FinetuneRequest, recipe: TrainingRecipe) -> str:
    """The program for a run, given what it learns from; it leaves what it was told of each step in `table`."""
    parts = [
        _rows(recipe),
        _model(request, recipe),
        _adapter(recipe.adapter),
        _head_alone(recipe.head),
        *encoding_parts(recipe),
        *collator_parts(request, recipe),
        *order_parts(request, recipe),
        *metrics_parts(request, recipe),
        train_part(request, recipe),
    ]
    title = f"Fine-tune a model to {_TITLES[recipe.training_task]}, with Transformers alone."
    return program(title, parts, _said_of(recipe.reached))


def _said_of(reached: Reached | None) -> list[str]:
    """How far a run came that is not through, and how far its program goes."""
    if reached is None:
        return []
    step, of_all = f"{reached.step:,}", f"{reached.steps:,}"
    if not reached.stopped:
        return [
            f"The run has taken {step} of {of_all} steps, and is {reached.state} as this is written;",
            "this program trains to the end.",
        ]
    return [
        f"The run was stopped after step {step} of {of_all}, and so is this program.",
        "Leave `StopThere()` out of the callbacks to train to the end.",
    ]


def _rows(recipe: TrainingRecipe) -> Part:
    quoted = [f"`{name}`" for name in recipe.columns]
    listing = f"columns {', '.join(quoted[:-1])} and {quoted[-1]}" if len(quoted) > 1 else f"a column {quoted[0]}"
    said = _LABELS[recipe.training_task] if "label" in recipe.columns else ""
    return Part(
        [
            "# 1. The rows of the run, which it has split already:",
            f"# {listing}{said}.",
            *assigned("folder", recipe.data),
            'train, test = (Dataset.from_file(f"{folder}/{part}.arrow") for part in ("train", "test"))',
            *(listed("labels", recipe.labels) if recipe.labels else []),
        ],
        ("from datasets import Dataset",),
    )


def _model(request: FinetuneRequest, recipe: TrainingRecipe) -> Part:
    place = recipe.place
    where = named(place)
    before, shared = options(place.model)
    weights = ["use_safetensors=False", "weights_only=True"] if place.pickled else ["use_safetensors=True"]
    arguments = ["name", *shared, *weights, "dtype=torch.float32", *_head(recipe)]
    return Part(
        [
            "# 2. The model, and the tokenizer that it was trained with.",
            *where.lines,
            *before,
            *call("tokenizer = AutoTokenizer.from_pretrained(", ["name", *shared]),
            *_padding(recipe),
            f"set_seed({request.seed})  # new weights are drawn from it",
            *call(f"model = {recipe.auto_class}.from_pretrained(", arguments),
        ],
        (
            *where.imports,
            "import torch",
            f"from transformers import {recipe.auto_class}",
            "from transformers import AutoTokenizer",
            "from transformers import set_seed",
        ),
    )


def _padding(recipe: TrainingRecipe) -> list[str]:
    tokens = recipe.tokens
    lines = [f"tokenizer.pad_token = tokenizer.{tokens.pad}  # it comes without one"] if tokens.pad else []
    if tokens.turns:
        lines.append('tokenizer.padding_side = "right"  # as is usual in training')
    return lines


def _head(recipe: TrainingRecipe) -> list[str]:
    """The arguments that give a model a head for the task."""
    named_labels = [
        "id2label=dict(enumerate(labels))",
        "label2id={label: number for number, label in enumerate(labels)}",
    ]
    problem = _PROBLEMS.get(recipe.training_task)
    given = named_labels if recipe.labels else ["num_labels=1"] if problem else []
    if problem is not None:
        given.append(f'problem_type="{problem}"')
    return [*given, "ignore_mismatched_sizes=True"] if given else []


def _head_alone(head: HeadRecipe | None) -> Part:
    if head is None:
        return Part([])
    prefixes = [inline(f"{module}.") for module in head.modules]
    lines = [
        "# Only the head is trained, and what the model came without.",
        *call("trained = (", prefixes if len(prefixes) > 1 else [f"{prefixes[0]},"]),
        "for weight_name, weight in model.named_parameters():",
        "    weight.requires_grad = weight_name.startswith(trained)",
    ]
    if head.still is not None:
        lines += [
            "# The body is without dropout, so that it makes the same of a text in every epoch.",
            "# The run has let it read each text once; here it does in each epoch, which is shorter to write.",
            f"body = model.{head.still}.eval()",
            "body.train = lambda mode=True: body  # which Trainer calls",
        ]
    return Part(lines)


def _adapter(adapter: AdapterRecipe | None) -> Part:
    if adapter is None:
        return Part([])
    arguments = [f"{name}={plain(value)}" for name, value in adapter.arguments]
    kind = adapter.task_type
    whole = ", and the head with them" if "modules_to_save" in dict(adapter.arguments) else ""
    return Part(
        [
            f"# Small matrices beside frozen weights are trained{whole}.",
            *call("config = LoraConfig(", [*arguments, *([f"task_type=TaskType.{kind}"] if kind else [])]),
            "model = get_peft_model(model, config)",
        ],
        (
            "from peft import LoraConfig",
            "from peft import get_peft_model",
            *(["from peft import TaskType"] if kind else []),
        ),
    )
