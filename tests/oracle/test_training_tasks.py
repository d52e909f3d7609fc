"""Every training task against plain Transformers, scikit-learn and seqeval: tokens, batches, metrics, mistakes."""

from __future__ import annotations

import json
import math
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from datasets import ClassLabel, Dataset, Features, List, Value
from scipy import stats
from sklearn import metrics as sk
from tiny import save_tiny, tiny_tokenizer
from transformers import (
    AutoModelForCausalLM,
    AutoModelForMaskedLM,
    AutoModelForSeq2SeqLM,
    AutoModelForSequenceClassification,
    AutoModelForTokenClassification,
    AutoTokenizer,
    Trainer,
    TrainingArguments,
)

from nbtransformers.errors import UserError
from nbtransformers.training.tasks import TASKS, task_named
from nbtransformers.training.tasks.task import Description, Evaluated, Task

TEXTS = ["a joy from start to end", "too long", "it is what it is", "never again , please", "a small good film", "no"]
LABELS = ("bad", "good", "so so")


def described(task: Any, labels: tuple[str, ...] = ()) -> Description:
    return Description(task, {"train": 6, "test": 6}, labels)


def evaluated(
    task: Task, model: Any, tokenizer: Any, rows: Dataset, description: Description, folder: Path, max_length: int = 32
) -> tuple[Evaluated, dict[str, float]]:
    """What Trainer's own evaluation gives, in batches of two."""
    encoded = task.encode(rows, tokenizer, description, max_length, evaluation=True)
    trainer = Trainer(
        model,
        TrainingArguments(str(folder), per_device_eval_batch_size=2, report_to="none", use_cpu=True, disable_tqdm=True),
        data_collator=task.collator(tokenizer, model),
        eval_dataset=encoded,
        preprocess_logits_for_metrics=task.kept,
        compute_metrics=lambda given: {"n": len(given.label_ids)},
    )
    given = trainer.predict(encoded)
    found = Evaluated(given.predictions, given.label_ids, rows, description, tokenizer)
    return found, given.metrics


def one_step(task: Task, model: Any, tokenizer: Any, rows: Dataset, description: Description, folder: Path) -> None:
    """One step of training goes well, and its gradient is a number."""
    encoded = task.encode(rows, tokenizer, description, 32)
    trainer = Trainer(
        model,
        TrainingArguments(
            str(folder), max_steps=1, report_to="none", use_cpu=True, disable_tqdm=True, save_strategy="no"
        ),
        data_collator=task.collator(tokenizer, model),
        train_dataset=encoded,
    )
    assert math.isfinite(trainer.train().training_loss)


def model_of(folder: Path, architecture: str, kind: Any, **settings: Any) -> tuple[Any, Any]:
    tokenizer = AutoTokenizer.from_pretrained(save_tiny(architecture, folder / "model", kind=kind))
    if tokenizer.pad_token is None:
        tokenizer.pad_token = tokenizer.eos_token
    labels = settings.pop("id2label", None)
    if labels:
        settings["label2id"] = {name: number for number, name in labels.items()}
        settings["id2label"] = labels
        settings.pop("num_labels", None)
    model = kind.from_pretrained(
        folder / "model", ignore_mismatched_sizes=True, **{"pad_token_id": tokenizer.pad_token_id, **settings}
    )
    return model.eval(), tokenizer


def test_the_table_has_every_task() -> None:
    from nbtransformers.request import TRAINING_TASKS

    assert set(TASKS) == set(TRAINING_TASKS)


@pytest.mark.parametrize("architecture", ["bert", "gpt2"])
@pytest.mark.parametrize("pairs", [False, True])
def test_classification(architecture: str, pairs: bool, tmp_path: Path) -> None:
    task, description = task_named("classification"), described("classification", LABELS)
    columns: dict[str, Any] = {"text": TEXTS, "label": [1, 0, 2, 0, 1, 0]}
    if pairs:
        columns["pair"] = TEXTS[::-1]
    rows = Dataset.from_dict(columns)
    model, tokenizer = model_of(tmp_path, architecture, AutoModelForSequenceClassification, **task.config(description))
    found, told = evaluated(task, model, tokenizer, rows, description, tmp_path)
    logits = []
    for row in rows:
        with torch.no_grad():
            inputs = tokenizer(row["text"], row.get("pair"), return_tensors="pt")
            logits.append(model(**inputs).logits[0].double().numpy())
    by_hand = np.array(logits)
    np.testing.assert_allclose(found.predictions, by_hand, atol=1e-5)
    predicted = by_hand.argmax(1)
    measured = task.metrics(found)
    assert measured == pytest.approx(
        {
            "accuracy": sk.accuracy_score(columns["label"], predicted),
            "f1": sk.f1_score(columns["label"], predicted, average="macro", zero_division=0),
            "precision": sk.precision_score(columns["label"], predicted, average="macro", zero_division=0),
            "recall": sk.recall_score(columns["label"], predicted, average="macro", zero_division=0),
        }
    )
    report = task.report(found)
    assert report.confusion == sk.confusion_matrix(columns["label"], predicted, labels=[0, 1, 2]).tolist()
    log_p = torch.log_softmax(torch.tensor(by_hand), dim=1).numpy()
    losses = -log_p[range(6), columns["label"]]
    wrong = [row for row in range(6) if predicted[row] != columns["label"][row]]
    assert [mistake["row"] for mistake in report.mistakes] == sorted(wrong, key=lambda row: -losses[row])
    for mistake in report.mistakes:
        row = mistake["row"]
        assert mistake["text"] == TEXTS[row] + (f"\n{TEXTS[::-1][row]}" if pairs else "")
        assert mistake["expected"] == LABELS[columns["label"][row]]
        assert mistake["predicted"] == LABELS[predicted[row]]
        assert mistake["loss"] == pytest.approx(losses[row], abs=1e-4)
        assert mistake["score"] == pytest.approx(math.exp(log_p[row, predicted[row]]), abs=1e-4)
    assert told["test_loss"] == pytest.approx(losses.mean(), abs=1e-5)
    assert list(report.by_label) == list(LABELS)
    assert json.dumps(report.by_label)
    one_step(task, model, tokenizer, rows, description, tmp_path)


def test_a_report_has_a_hundred_mistakes_at_most() -> None:
    rows = Dataset.from_dict({"text": ["x" * 5_000] * 150, "label": [0] * 150})
    logits = np.tile(np.array([[0.0, 1.0]], np.float32), (150, 1))
    found = Evaluated(logits, np.zeros(150, np.int64), rows, described("classification", ("a", "b")), None)
    report = task_named("classification").report(found)
    assert len(report.mistakes) == 100
    assert len(report.mistakes[0]["text"]) == 2_000


def test_of_very_many_labels_there_is_no_matrix() -> None:
    known = tuple(map(str, range(101)))
    rows = Dataset.from_dict({"text": TEXTS[:2]})
    found = Evaluated(np.eye(101)[:2], np.array([0, 1]), rows, described("classification", known), None)
    report = task_named("classification").report(found)
    assert (report.confusion, report.mistakes, len(report.by_label)) == (None, [], 101)


def test_multi_label(tmp_path: Path) -> None:
    task, description = task_named("multi-label"), described("multi-label", LABELS)
    labels = [[1, 0, 0], [0, 1, 1], [0, 0, 0], [1, 1, 1], [0, 0, 1], [1, 0, 0]]
    features = Features({"text": Value("string"), "label": List(Value("float32"), length=3)})
    rows = Dataset.from_dict({"text": TEXTS, "label": labels}, features=features)
    model, tokenizer = model_of(tmp_path, "bert", AutoModelForSequenceClassification, **task.config(description))
    found, told = evaluated(task, model, tokenizer, rows, description, tmp_path)
    predicted = (found.predictions > 0).astype(int)
    expected = np.array(labels)
    assert task.metrics(found) == pytest.approx(
        {
            "f1": sk.f1_score(expected, predicted, average="macro", zero_division=0),
            "f1_micro": sk.f1_score(expected, predicted, average="micro", zero_division=0),
            "precision": sk.precision_score(expected, predicted, average="macro", zero_division=0),
            "recall": sk.recall_score(expected, predicted, average="macro", zero_division=0),
            "exact_match": sk.accuracy_score(expected, predicted),
        }
    )
    report = task.report(found)
    assert report.confusion is None
    loss = torch.nn.BCEWithLogitsLoss(reduction="none")(torch.tensor(found.predictions), torch.tensor(expected).float())
    assert told["test_loss"] == pytest.approx(float(loss.mean()), abs=1e-5)
    losses = loss.mean(1).tolist()
    wrong = [row for row in range(6) if (predicted[row] != expected[row]).any()]
    assert [mistake["row"] for mistake in report.mistakes] == sorted(wrong, key=lambda row: -losses[row])
    for mistake in report.mistakes:
        assert mistake["loss"] == pytest.approx(losses[mistake["row"]], abs=1e-5)
        applies = [LABELS[number] for number in range(3) if labels[mistake["row"]][number]]
        assert mistake["expected"] == ", ".join(applies)
    one_step(task, model, tokenizer, rows, description, tmp_path)


def test_regression(tmp_path: Path) -> None:
    task, description = task_named("regression"), described("regression")
    numbers = [4.5, 1.0, 3.0, -2.0, 5.0, 0.25]
    rows = Dataset.from_dict({"text": TEXTS, "label": numbers}).cast_column("label", Value("float32"))
    model, tokenizer = model_of(tmp_path, "bert", AutoModelForSequenceClassification, **task.config(description))
    found, told = evaluated(task, model, tokenizer, rows, description, tmp_path)
    predicted = found.predictions[:, 0].astype(float)
    assert task.metrics(found) == pytest.approx(
        {
            "rmse": sk.root_mean_squared_error(numbers, predicted),
            "mae": sk.mean_absolute_error(numbers, predicted),
            "r2": sk.r2_score(numbers, predicted),
            "pearson": stats.pearsonr(numbers, predicted).statistic,
            "spearman": stats.spearmanr(numbers, predicted).statistic,
        }
    )
    assert told["test_loss"] == pytest.approx(sk.mean_squared_error(numbers, predicted), abs=1e-4)
    errors = np.abs(predicted - numbers)
    assert [mistake["row"] for mistake in task.report(found).mistakes] == np.argsort(-errors).tolist()
    one_step(task, model, tokenizer, rows, description, tmp_path)


def test_a_regression_with_nothing_to_compare_gives_no_odd_numbers() -> None:
    rows = Dataset.from_dict({"text": TEXTS[:2], "label": [1.0, 1.0]})
    found = Evaluated(np.ones((2, 1)), np.ones(2), rows, described("regression"), None)
    assert task_named("regression").metrics(found) == {"rmse": 0.0, "mae": 0.0}


TAGS = ("O", "B-LOC", "I-LOC", "B-PER", "I-PER")
WORDS = [
    ["Angela", "Merkel", "visits", "Wolfsburg", "."],
    ["unbelievableness", "in", "New", "York"],
    ["nobody", "came"],
    ["Ann"],
]
GIVEN = [[3, 4, 0, 1, 0], [0, 0, 1, 2], [0, 0], [3]]


def tagged() -> Dataset:
    features = Features({"tokens": List(Value("string")), "label": List(ClassLabel(names=list(TAGS)))})
    return Dataset.from_dict({"tokens": WORDS, "label": GIVEN}, features=features)


@pytest.mark.parametrize("architecture", ["bert", "xlnet"])
def test_tokens(architecture: str, tmp_path: Path) -> None:
    from seqeval import metrics as seqeval

    task, description = task_named("tokens"), described("tokens", TAGS)
    model, tokenizer = model_of(tmp_path, architecture, AutoModelForTokenClassification, **task.config(description))
    found, told = evaluated(task, model, tokenizer, tagged(), description, tmp_path)
    expected, predicted, losses, all_losses = [], [], [], []
    for words, tags in zip(WORDS, GIVEN, strict=True):
        inputs = tokenizer(words, is_split_into_words=True, return_tensors="pt")
        with torch.no_grad():
            logits = model(**inputs).logits[0]
        ids = inputs.word_ids()
        first = [ids.index(word) for word in range(len(words))]
        expected.append([TAGS[tag] for tag in tags])
        predicted.append([TAGS[int(logits[place].argmax())] for place in first])
        each = torch.nn.functional.cross_entropy(logits[first], torch.tensor(tags), reduction="none")
        losses.append(float(each.mean()))
        all_losses.extend(each.tolist())
    if architecture == "bert":  # whose tokens do not change with what is beside them in the batch, but for rounding
        np.testing.assert_allclose(found.predictions[1], losses, atol=1e-4)
    measured = task.metrics(found)
    assert measured == pytest.approx(
        {
            "f1": seqeval.f1_score(expected, predicted, zero_division=0),
            "precision": seqeval.precision_score(expected, predicted, zero_division=0),
            "recall": seqeval.recall_score(expected, predicted, zero_division=0),
            "accuracy": seqeval.accuracy_score(expected, predicted),
        }
    )
    report = task.report(found)
    assert set(report.by_label) >= {"LOC", "PER"}
    assert report.by_label["PER"]["support"] == 2
    flat = [tag for row in expected for tag in row], [tag for row in predicted for tag in row]
    assert report.confusion == sk.confusion_matrix(*flat, labels=TAGS).tolist()
    for mistake in report.mistakes:
        row = mistake["row"]
        assert mistake["text"] == " ".join(WORDS[row])
        for side, tags in (("expected", expected[row]), ("predicted", predicted[row])):
            marked = [f"{word} {tag}" for word, tag in zip(WORDS[row], tags, strict=True) if tag != "O"]
            assert mistake[side] == " · ".join(marked)
    assert {mistake["row"] for mistake in report.mistakes} == {r for r in range(4) if expected[r] != predicted[r]}
    assert math.isfinite(told["test_loss"])
    one_step(task, model, tokenizer, tagged(), description, tmp_path)


def test_only_the_first_token_of_a_word_has_its_tag_and_what_is_cut_has_none() -> None:
    tokenizer = tiny_tokenizer("bert")
    task, description = task_named("tokens"), described("tokens", TAGS)
    encoded = task.encode(tagged(), tokenizer, description, 0)
    assert tokenizer.convert_ids_to_tokens(encoded[1]["input_ids"])[:5] == [
        *("[CLS]", "unbelievable", "##ness", "in", "new"),
    ]
    assert encoded[1]["labels"] == [-100, 0, -100, 0, 1, 2, -100]
    assert task.encode(tagged(), tokenizer, description, 4)[1]["labels"] == [-100, 0, -100, -100]


def test_each_word_that_the_tokenizer_finds_in_a_word_learns_its_part_of_the_entity() -> None:
    tokenizer = tiny_tokenizer("bert")
    tags = ("O", "B-PER", "I-PER", "B-LOC")
    task, description = task_named("tokens"), described("tokens", tags)
    rows = Dataset.from_dict({"tokens": [["(in)", "@in@in", "in-in", "unbelievableness"]], "label": [[0, 1, 3, 2]]})
    (encoded,) = task.encode(rows, tokenizer, description, 0)
    pieces = tokenizer.convert_ids_to_tokens(encoded["input_ids"])
    assert len(pieces) == 14, pieces  # [CLS] ( in ) @ in @ in in - in unbelievable ##ness [SEP]
    # An entity of LOC has no I-LOC to go on with: only its first token learns.
    assert encoded["labels"] == [-100, 0, 0, 0, 1, 2, 2, 2, 3, -100, -100, 2, -100, -100]
    (as_read,) = task.encode(rows, tokenizer, description, 0, evaluation=True)  # one tag a word is measured
    assert as_read["labels"] == [-100, 0, -100, -100, 1, -100, -100, -100, 3, -100, -100, 2, -100, -100]
    (cut,) = task.encode(rows, tokenizer, description, 6)
    assert cut["labels"] == [-100, 0, 0, 0, 1, -100]


@pytest.mark.parametrize(
    ("labels", "parts"),
    [
        (("O", "B-X", "I-X"), [(0, 0, 0), (1, 2, 2), (2, 2, 2)]),
        (("O", "B-X", "I-X", "E-X", "S-X"), [(0, 0, 0), (1, 2, 2), (2, 2, 2), (2, 2, 3), (1, 2, 3)]),
        (("O", "B-X", "I-X", "L-X", "U-X"), [(0, 0, 0), (1, 2, 2), (2, 2, 2), (2, 2, 3), (1, 2, 3)]),
        (("ADJ", "NOUN"), [(0, 0, 0), (1, 1, 1)]),
        (("O", "PER"), [(0, 0, 0), (1, 1, 1)]),
        (("O", "B-X"), [(0, 0, 0), (1, -100, -100)]),
    ],
)
def test_what_a_tag_becomes_where_a_word_is_several(labels: tuple[str, ...], parts: list[tuple[int, int, int]]) -> None:
    from nbtransformers.training.tasks.pieces import parts_of

    assert parts_of(labels) == parts


def test_words_within_a_text_are_read_as_in_a_text(tmp_path: Path) -> None:
    from tokenizers import ByteLevelBPETokenizer
    from transformers import PreTrainedTokenizerFast

    trained = ByteLevelBPETokenizer()
    trained.train_from_iterator(["Ann sees New York and Ann sees Bob"] * 20, vocab_size=300, min_frequency=1)
    trained.save_model(str(tmp_path))
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=trained._tokenizer, pad_token="!", eos_token="!")
    words = ["Ann", "sees", "New", "York"]
    rows = Dataset.from_dict({"tokens": [words], "label": [[3, 0, 1, 2]]})
    (encoded,) = task_named("tokens").encode(rows, tokenizer, described("tokens", TAGS), 0)
    assert encoded["input_ids"] == tokenizer(" ".join(words))["input_ids"]
    assert [label for label in encoded["labels"] if label != -100] == [3, 0, 1, 2]


def test_tags_that_mark_no_entities_are_measured_one_by_one() -> None:
    task, tags = task_named("tokens"), ("ADJ", "NOUN", "VERB")
    labels = np.array([[-100, 0, 1, 2], [-100, 1, -100, -100]])
    predicted = np.array([[0, 0, 2, 2], [1, 1, 0, 0]])
    rows = Dataset.from_dict({"tokens": [["nice", "dogs", "bark"], ["dogs"]]})
    found = Evaluated(
        (predicted, np.array([1.0, 0.1])), labels, rows, described("tokens", tags), tiny_tokenizer("bert")
    )
    assert task.metrics(found) == pytest.approx(
        {
            "f1": sk.f1_score([0, 1, 2, 1], [0, 2, 2, 1], average="macro"),
            "precision": sk.precision_score([0, 1, 2, 1], [0, 2, 2, 1], average="macro"),
            "recall": sk.recall_score([0, 1, 2, 1], [0, 2, 2, 1], average="macro"),
            "accuracy": 0.75,
        }
    )
    report = task.report(found)
    assert set(report.by_label) == set(tags)
    assert [mistake["row"] for mistake in report.mistakes] == [0]


def by_hand(logits: torch.Tensor, labels: torch.Tensor) -> tuple[list[float], list[bool]]:
    """The losses of the tokens that are learnt, and whether the likeliest is right."""
    learnt = labels != -100
    losses = torch.nn.functional.cross_entropy(logits[learnt].double(), labels[learnt], reduction="none")
    return losses.tolist(), (logits[learnt].argmax(-1) == labels[learnt]).tolist()


def measures_tokens(task: Task, found: Evaluated, expected: list[tuple[list[float], list[bool]]]) -> np.ndarray:
    """An evaluation measures what was found by hand for each row; returns the mean loss of each."""
    means = np.array([np.mean(losses) for losses, _ in expected])
    np.testing.assert_allclose(found.predictions[1], means, rtol=1e-4)
    losses, right = (np.concatenate(parts) for parts in zip(*expected, strict=True))
    assert task.metrics(found) == pytest.approx(
        {"perplexity": math.exp(np.mean(losses)), "token_accuracy": np.mean(right)}, rel=1e-3
    )
    return means


@pytest.mark.parametrize("architecture", ["t5", "bart"])
def test_seq2seq(architecture: str, tmp_path: Path) -> None:
    task, description = task_named("seq2seq"), described("seq2seq")
    rows = Dataset.from_dict({"text": TEXTS, "label": [f"{text} so" for text in TEXTS[::-1]]})
    model, tokenizer = model_of(tmp_path, architecture, AutoModelForSeq2SeqLM)
    found, _ = evaluated(task, model, tokenizer, rows, description, tmp_path)
    expected = []
    for row in rows:
        inputs = tokenizer(row["text"], return_tensors="pt")
        labels = tokenizer(text_target=row["label"], return_tensors="pt")["input_ids"]
        with torch.no_grad():
            logits = model(**inputs, labels=labels).logits
        expected.append(by_hand(logits[0], labels[0]))
    means = measures_tokens(task, found, expected)
    report = task.report(found)
    assert [mistake["row"] for mistake in report.mistakes] == np.argsort(-means).tolist()
    assert report.mistakes[0]["expected"] == rows[report.mistakes[0]["row"]]["label"]
    one_step(task, model, tokenizer, rows, description, tmp_path)


@pytest.mark.parametrize("architecture", ["gpt2", "llama"])
def test_causal(architecture: str, tmp_path: Path) -> None:
    task, description = task_named("causal"), described("causal")
    rows = Dataset.from_dict({"text": TEXTS})
    model, tokenizer = model_of(tmp_path, architecture, AutoModelForCausalLM)
    assert tokenizer.padding_side == "left"
    found, _ = evaluated(task, model, tokenizer, rows, description, tmp_path)
    assert tokenizer.padding_side == "left"
    expected = []
    for row in rows:
        ids = torch.tensor([[*tokenizer(row["text"])["input_ids"]]])
        assert int(ids[0, -1]) == tokenizer.eos_token_id
        with torch.no_grad():
            logits = model(input_ids=ids).logits
        expected.append(by_hand(logits[0, :-1], ids[0, 1:]))
    means = measures_tokens(task, found, expected)
    assert task.report(found).mistakes[0]["text"] == TEXTS[int(np.argmax(means))]
    one_step(task, model, tokenizer, rows, description, tmp_path)


def test_of_a_prompt_only_what_follows_is_learnt() -> None:
    tokenizer, task = tiny_tokenizer("gpt2"), task_named("causal")
    rows = Dataset.from_dict({"text": ["a joy from start"], "label": ["to end"]})
    (encoded,) = task.encode(rows, tokenizer, described("causal"), 0)
    shown = tokenizer.convert_ids_to_tokens(encoded["input_ids"])
    learnt = [token for token, label in zip(shown, encoded["labels"], strict=True) if label != -100]
    assert learnt == ["to", "end", "[SEP]"]
    assert tokenizer.decode(encoded["input_ids"], skip_special_tokens=True) == "a joy from start to end"
    (short,) = task.encode(rows, tokenizer, described("causal"), 4)
    assert [label for label in short["labels"] if label != -100]


CHAT = (
    "{% for message in messages %}<{{ message['role'] }}> {{ message['content'] }} | {% endfor %}"
    "{% if add_generation_prompt %}<assistant>{% endif %}"
)
MARKED = (
    "{% for message in messages %}<{{ message['role'] }}> {% if message['role'] == 'assistant' %}"
    "{% generation %}{{ message['content'] }}{% endgeneration %}{% else %}{{ message['content'] }}{% endif %} | "
    "{% endfor %}"
)
MESSAGES = [
    {"role": "system", "content": "be brief"},
    {"role": "user", "content": "how are you"},
    {"role": "assistant", "content": "fine"},
    {"role": "user", "content": "good"},
    {"role": "assistant", "content": "is it"},
]


@pytest.mark.parametrize(("template", "learnt"), [(CHAT, "fine | is it |"), (MARKED, "fine is it")])
def test_of_a_conversation_only_what_the_assistant_says_is_learnt(template: str, learnt: str) -> None:
    tokenizer, task = tiny_tokenizer("gpt2"), task_named("causal")
    tokenizer.chat_template = template
    rows = Dataset.from_dict({"messages": [json.dumps(MESSAGES)]})
    (encoded,) = task.encode(rows, tokenizer, described("causal"), 0)
    assert tokenizer.decode([label for label in encoded["labels"] if label != -100]) == learnt
    ids = tokenizer.apply_chat_template(MESSAGES, return_dict=False)
    assert encoded["input_ids"] == ids


def test_a_template_whose_turns_cannot_be_told_apart_is_learnt_whole() -> None:
    tokenizer = tiny_tokenizer("gpt2")
    tokenizer.chat_template = "{{ messages | length }} {% for m in messages %}{{ m['content'] }} {% endfor %}"
    rows = Dataset.from_dict({"messages": [json.dumps(MESSAGES)]})
    (encoded,) = task_named("causal").encode(rows, tokenizer, described("causal"), 0)
    assert encoded["labels"] == encoded["input_ids"]


def test_masked(tmp_path: Path) -> None:
    task, description = task_named("masked"), described("masked")
    rows = Dataset.from_dict({"text": TEXTS})
    model, tokenizer = model_of(tmp_path, "bert", AutoModelForMaskedLM)
    tokenizer.mask_token = "[MASK]"
    first, again = (task.encode(rows, tokenizer, description, 32, evaluation=True) for _ in range(2))
    assert first[:] == again[:]
    for row, text in zip(first, TEXTS, strict=True):
        ids = tokenizer(text)["input_ids"]
        hidden = [place for place, label in enumerate(row["labels"]) if label != -100]
        assert hidden, "a row in which nothing is masked has no loss"
        assert all(row["labels"][place] == ids[place] for place in hidden)
        assert 0 not in hidden and len(ids) - 1 not in hidden
        assert [one for place, one in enumerate(row["input_ids"]) if place not in hidden] == [
            one for place, one in enumerate(ids) if place not in hidden
        ]
    found, _ = evaluated(task, model, tokenizer, rows, description, tmp_path)
    losses, right = [], []
    for row in first:
        with torch.no_grad():
            logits = model(input_ids=torch.tensor([row["input_ids"]])).logits
        some, good = by_hand(logits[0], torch.tensor(row["labels"]))
        losses += some
        right += good
    assert task.metrics(found) == pytest.approx(
        {"perplexity": math.exp(np.mean(losses)), "token_accuracy": np.mean(right)}, rel=1e-3
    )
    one_step(task, model, tokenizer, rows, description, tmp_path)


def test_masks_of_training_are_drawn_anew_and_are_fifteen_in_a_hundred() -> None:
    tokenizer, task = tiny_tokenizer("bert"), task_named("masked")
    tokenizer.mask_token = "[MASK]"
    rows = Dataset.from_dict({"text": [" ".join(TEXTS)] * 200})
    encoded = task.encode(rows, tokenizer, described("masked"), 0)
    collate = task.collator(tokenizer, None)
    torch.manual_seed(0)
    one, other = (collate([encoded[row] for row in range(200)]) for _ in range(2))
    assert not torch.equal(one["labels"], other["labels"])
    ordinary = len(encoded[0]["input_ids"]) - 2
    assert float((one["labels"] != -100).sum()) / (200 * ordinary) == pytest.approx(0.15, abs=0.02)
    masked = one["input_ids"][one["labels"] != -100] == tokenizer.mask_token_id
    assert float(masked.float().mean()) == pytest.approx(0.8, abs=0.05)


def test_what_a_tokenizer_cannot_do_is_told_in_one_line() -> None:
    tokenizer = tiny_tokenizer("gpt2")
    with pytest.raises(UserError, match=r"^The tokenizer has no mask token\. "):
        task_named("masked").collator(tokenizer, None)
    slow = SimpleNamespace(is_fast=False)
    with pytest.raises(UserError, match=r"^The model has a slow tokenizer, which does not tell which word"):
        task_named("tokens").encode(tagged(), slow, described("tokens", TAGS), 0)
