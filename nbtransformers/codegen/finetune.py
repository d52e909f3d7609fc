"""A training run -> program."""

from __future__ import annotations

from nbtransformers.codegen.layout import Part, call, program
from nbtransformers.codegen.literals import INDENT, assigned, listed, plain
from nbtransformers.codegen.models import named, options
from nbtransformers.request import FinetuneRequest
from nbtransformers.results.trainingrecipe import TrainingRecipe

_OURS = ("save_steps", "eval_steps")


def finetune_program(request: FinetuneRequest, recipe: TrainingRecipe) -> str:
    """The program for a run, given what it learns from; it leaves what it was told of each step in `table`."""
    parts = [
        _rows(recipe),
        _model(request, recipe),
        _adapter(recipe),
        _encode(recipe),
        Part(
            [
                "train, test = (",
                "    rows.map(encode, batched=True, remove_columns=rows.column_names) for rows in (train, test)",
                ")",
            ]
        ),
        _sampler(request),
        _TRAINER,
        _METRICS,
        _train(request, recipe),
    ]
    return program("Fine-tune a model to label texts, with Transformers alone.", parts)


def _rows(recipe: TrainingRecipe) -> Part:
    columns = "`text`, `pair` and `label`" if recipe.has_pairs else "`text` and `label`"
    return Part(
        [
            f"# 1. The rows of the run, which it has split already: columns {columns}, a number.",
            *assigned("folder", recipe.data),
            'train, test = (Dataset.from_file(f"{folder}/{part}.arrow") for part in ("train", "test"))',
            *listed("labels", recipe.labels),
        ],
        ("from datasets import Dataset",),
    )


def _model(request: FinetuneRequest, recipe: TrainingRecipe) -> Part:
    place = recipe.place
    where = named(place)
    before, shared = options(place.model)
    weights = ["use_safetensors=False", "weights_only=True"] if place.pickled else ["use_safetensors=True"]
    arguments = [
        "name",
        *shared,
        *weights,
        "dtype=torch.float32",
        "id2label=dict(enumerate(labels))",
        "label2id={label: number for number, label in enumerate(labels)}",
        'problem_type="single_label_classification"',
        "ignore_mismatched_sizes=True",
    ]
    return Part(
        [
            "# 2. The model, and the tokenizer that it was trained with.",
            *where.lines,
            *before,
            *call("tokenizer = AutoTokenizer.from_pretrained(", ["name", *shared]),
            f"set_seed({request.seed})  # a head that the model comes without is drawn from it",
            *call("model = AutoModelForSequenceClassification.from_pretrained(", arguments),
        ],
        (
            *where.imports,
            "import torch",
            "from transformers import AutoModelForSequenceClassification",
            "from transformers import AutoTokenizer",
            "from transformers import set_seed",
        ),
    )


def _adapter(recipe: TrainingRecipe) -> Part:
    if recipe.adapter is None:
        return Part([])
    arguments = [f"{name}={plain(value)}" for name, value in recipe.adapter]
    return Part(
        [
            "# Small matrices beside frozen weights are trained, and the head with them.",
            *call("config = LoraConfig(", [*arguments, "task_type=TaskType.SEQ_CLS"]),
            "model = get_peft_model(model, config)",
        ],
        ("from peft import LoraConfig", "from peft import TaskType", "from peft import get_peft_model"),
    )


def _encode(recipe: TrainingRecipe) -> Part:
    given = ['rows["text"]', *(['rows["pair"]'] if recipe.has_pairs else [])]
    cut = ["truncation=True", f"max_length={recipe.limit}"] if recipe.limit else []
    said = f", of which the model reads {recipe.limit}" if recipe.limit else ""
    return Part(
        [
            "def encode(rows):",
            f'    """Texts to tokens{said}."""',
            *(INDENT + line for line in call("tokens = tokenizer(", [*given, *cut], within=len(INDENT))),
            '    return {**tokens, "labels": rows["label"]}',
        ],
        is_function=True,
    )


def _sampler(request: FinetuneRequest) -> Part:
    return Part(
        [
            "class GroupedSampler(LengthGroupedSampler):",
            '    """Texts of about one length share a batch; the seed and the epoch alone decide the order."""',
            "",
            "    epoch = 0",
            "",
            "    def set_epoch(self, epoch):",
            "        self.epoch = epoch",
            "",
            "    def __iter__(self):",
            f"        drawn = np.random.SeedSequence([{request.seed}, self.epoch]).generate_state(1)[0]",
            "        self.generator = torch.Generator().manual_seed(int(drawn))",
            "        return super().__iter__()",
        ],
        (
            "import numpy as np",
            "import torch",
            "from transformers.trainer_pt_utils import LengthGroupedSampler",
        ),
        is_function=True,
    )


_TRAINER = Part(
    [
        "class GroupedTrainer(Trainer):",
        '    """A Trainer that takes the rows in that order."""',
        "",
        "    def _get_train_sampler(self, train_dataset=None):",
        '        lengths = [len(ids) for ids in self.train_dataset["input_ids"]]',
        "        return GroupedSampler(self.args.train_batch_size, lengths=lengths)",
    ],
    ("from transformers import Trainer",),
    is_function=True,
)
_METRICS = Part(
    [
        "def compute_metrics(evaluated):",
        '    """Accuracy, and the means over all labels of F1, precision and recall."""',
        "    expected, predicted = evaluated.label_ids, evaluated.predictions.argmax(axis=-1)",
        "    precision, recall, f1, _ = precision_recall_fscore_support(",
        '        expected, predicted, average="macro", zero_division=0',
        "    )",
        "    accuracy = (expected == predicted).mean()",
        '    return {"accuracy": accuracy, "f1": f1, "precision": precision, "recall": recall}',
    ],
    ("from sklearn.metrics import precision_recall_fscore_support",),
    is_function=True,
)


def _train(request: FinetuneRequest, recipe: TrainingRecipe) -> Part:
    given = {
        "output_dir": "trained",
        "num_train_epochs": request.epochs,
        "per_device_train_batch_size": request.batch_size,
        "per_device_eval_batch_size": request.batch_size,
        "learning_rate": request.peak_lr,
        "lr_scheduler_type": request.schedule,
        "warmup_steps": request.warmup,
        "weight_decay": request.weight_decay,
        "seed": request.seed,
        **({"bf16": True} if request.bf16 else {}),
        **({"use_cpu": True} if request.device == "cpu" else {}),
        "logging_steps": 1,
        "eval_strategy": "steps",
        "eval_steps": recipe.every,
        "save_strategy": "steps",
        "save_steps": recipe.every,
        "save_total_limit": 2,
        "load_best_model_at_end": True,
        "metric_for_best_model": recipe.metric,
        "report_to": "none",
        **{name: value for name, value in request.arguments.items() if name not in _OURS},
    }
    arguments = [f"    {name}={plain(value)}," for name, value in given.items()]
    return Part(
        [
            "# 3. Training; warmup_steps below 1 is that share of all steps.",
            "arguments = TrainingArguments(",
            *arguments,
            ")",
            "trainer = GroupedTrainer(",
            "    model=model,",
            "    args=arguments,",
            "    train_dataset=train,",
            "    eval_dataset=test,",
            "    data_collator=DataCollatorWithPadding(tokenizer),",
            "    processing_class=tokenizer,",
            "    compute_metrics=compute_metrics,",
            ")",
            "trainer.train()",
            "table = pd.DataFrame(trainer.state.log_history)",
            "print(table)",
            "",
            f"# 4. The best {'adapter' if recipe.adapter else 'model'} by then, saved and evaluated.",
            'trainer.save_model("trained/model")',
            "print(trainer.evaluate())",
        ],
        (
            "import pandas as pd",
            "from transformers import DataCollatorWithPadding",
            "from transformers import TrainingArguments",
        ),
    )
