"""Attributions against captum called by hand, autograd, plain Transformers, and a model whose answer is known."""

from __future__ import annotations

import os
import signal
import threading
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from captum.attr import LayerIntegratedGradients
from helpers import classifier, tokenizer
from oracle.tiny import ARCHITECTURES, save_tiny, tiny_tokenizer
from transformers import (
    AutoModelForCausalLM,
    AutoModelForMaskedLM,
    AutoModelForQuestionAnswering,
    AutoModelForSequenceClassification,
    AutoModelForTokenClassification,
    AutoTokenizer,
    BertConfig,
    PreTrainedModel,
)
from transformers.modeling_outputs import SequenceClassifierOutput

from nbtransformers.engine.explain import again, explain
from nbtransformers.errors import Interrupted, UserError
from nbtransformers.loading.bundled import bundled_folder
from nbtransformers.progress import Progress
from nbtransformers.request import METHODS, DataRef, ExplainRequest, Method, ModelRef, RunOptions
from nbtransformers.results.attention import SPECIAL
from nbtransformers.results.explanation import Explanation

IG: tuple[Method, ...] = ("integrated_gradients",)
REMOVED = {"methods": ("occlusion",), "baseline": "remove"}
TEXT = "A joy from start to end, unforgettably charming."


def explained(text: str = TEXT, model: Any = None, **fields: Any) -> Explanation:
    """An explanation on one thread, by a folder, a bundled name, or a model and its tokenizer."""
    objects: dict[str, Any] = {}
    ref = None
    if isinstance(model, Path):
        ref = ModelRef("folder", str(model))
    elif isinstance(model, str):
        ref = ModelRef("bundled", model)
    elif model is not None:
        ref, objects = ModelRef("variable", "mine"), {"mine": model}
    fields.setdefault("run", RunOptions(threads=1, long="error"))
    return explain(ExplainRequest(DataRef("whole", text), model=ref, **fields), objects)


@pytest.fixture(scope="module")
def sentiment() -> tuple[Any, Any]:
    folder = bundled_folder("movie-sentiment-minilm")
    model = AutoModelForSequenceClassification.from_pretrained(folder).eval()
    return model, AutoTokenizer.from_pretrained(folder)


# --- integrated gradients ---


@pytest.mark.parametrize(
    "text",
    [
        TEXT,
        "Dull.",
        "not bad at all",
        "这部电影很好看，值得再看一遍。",
        "كان الفيلم طويلاً ومملاً 👩‍👩‍👧‍👦",
        "The plot makes no sense, but the photography is stunning and the score never lets go. " * 2,
        "?",
    ],
)
@pytest.mark.parametrize("target", [None, "negative"])
def test_the_bundled_model_is_accounted_for_to_one_percent(text: str, target: str | None) -> None:
    result = explained(text, target=target)
    (found,) = result.found
    assert found.completeness_gap is not None and abs(found.completeness_gap) <= 0.01
    assert found.difference is not None
    left = found.values.astype(np.float64).sum() - found.difference
    assert found.completeness_gap == pytest.approx(left / abs(found.difference), abs=1e-4)
    assert result.attributions.dtype == np.float32 and len(result.attributions) == len(result.tokens)
    # The baseline keeps the special tokens, so nothing of the difference is theirs.
    assert not result.attributions[(result.side.flags & SPECIAL) > 0].any()


def test_integrated_gradients_are_captum_s(sentiment: tuple[Any, Any]) -> None:
    model, words = sentiment
    ids = words(TEXT, return_tensors="pt")["input_ids"]
    baseline = torch.full_like(ids, words.pad_token_id)
    baseline[0, [0, -1]] = ids[0, [0, -1]]
    layer = LayerIntegratedGradients(lambda ids: model(ids).logits, model.get_input_embeddings())
    expected = layer.attribute(ids, baseline, target=1, n_steps=40).sum(-1)[0]
    result = explained(target="positive", steps=40)
    np.testing.assert_allclose(result.attributions, expected.detach().numpy(), atol=2e-5)
    with torch.no_grad():
        difference = (model(ids).logits - model(baseline).logits)[0, 1]
    assert result.found[0].difference == pytest.approx(float(difference), abs=1e-4)


class LinearForSequenceClassification(PreTrainedModel):
    """Logits that are sums over the tokens, so that what each token adds is known."""

    config_class = BertConfig

    def __init__(self, config: Any) -> None:
        super().__init__(config)
        self.table = torch.nn.Embedding(config.vocab_size, 8)
        self.head = torch.nn.Linear(8, config.num_labels)
        self.post_init()

    def get_input_embeddings(self) -> Any:
        return self.table

    def forward(self, input_ids: Any, attention_mask: Any = None, **_: Any) -> Any:
        return SequenceClassifierOutput(logits=self.head(self.table(input_ids)).sum(1))


def test_a_linear_model_is_explained_exactly() -> None:
    torch.manual_seed(3)
    words = tokenizer(mask_token="[MASK]")
    model = LinearForSequenceClassification(BertConfig(vocab_size=400, num_labels=3)).eval()
    result = explained("a joy, far too long", (model, words), methods=METHODS, target="2")
    with torch.no_grad():
        adds = (model.head(model.table.weight) - model.head.bias)[:, 2].double().numpy()
    ids, inner = result.side.ids, (result.side.flags & SPECIAL) == 0
    pad, mask = adds[words.pad_token_id], adds[words.mask_token_id]
    np.testing.assert_allclose(result["integrated_gradients"].values, np.where(inner, adds[ids] - pad, 0), atol=1e-5)
    np.testing.assert_allclose(result["input_x_gradient"].values, adds[ids], atol=1e-5)
    sums = result.words.sums(np.where(inner, adds[ids] - mask, 0).astype(np.float32))
    np.testing.assert_allclose(result.words.sums(result["occlusion"].values), sums, atol=1e-5)
    assert result["integrated_gradients"].steps == 32  # the first steps do
    assert result["occlusion"].completeness_gap is None and result["input_x_gradient"].completeness_gap is None


def test_zeros_are_a_baseline_too(sentiment: tuple[Any, Any]) -> None:
    result = explained(baseline="zero", methods=("integrated_gradients", "occlusion"))
    assert result.completeness_gap == pytest.approx(0, abs=0.01)
    assert all("zeros" in one.baseline for one in result.found)


# --- the other two ---


def test_input_x_gradient_is_autograd_s(sentiment: tuple[Any, Any]) -> None:
    model, words = sentiment
    ids = words(TEXT, return_tensors="pt")["input_ids"]
    embeddings = model.get_input_embeddings()(ids).detach().requires_grad_()
    (gradient,) = torch.autograd.grad(model(inputs_embeds=embeddings).logits[0, 0], embeddings)
    result = explained(target="0", methods=("input_x_gradient",))
    np.testing.assert_allclose(result.attributions, (embeddings * gradient).sum(-1)[0].detach().numpy(), atol=1e-5)
    assert result.completeness_gap is None


@pytest.mark.parametrize("baseline", ["mask", "remove"])
def test_occlusion_is_what_plain_transformers_loses(sentiment: tuple[Any, Any], baseline: Any) -> None:
    model, words = sentiment
    ids = words(TEXT)["input_ids"]
    result = explained(target="positive", methods=("occlusion",), baseline=baseline)
    known = result.words
    with torch.no_grad():
        whole = model(torch.tensor([ids])).logits[0, 1]
        for word, (start, stop) in enumerate(zip(known.first[:-1].tolist(), known.first[1:].tolist(), strict=True)):
            if known.special[word]:
                continue
            between = [words.mask_token_id] * (stop - start) if baseline == "mask" else []
            without = model(torch.tensor([ids[:start] + between + ids[stop:]])).logits[0, 1]
            assert known.sums(result.attributions)[word] == pytest.approx(float(whole - without), abs=2e-5)


# --- every kind of model ---

MODELS = {
    "tokens": AutoModelForTokenClassification,
    "spans": AutoModelForQuestionAnswering,
    "causal": AutoModelForCausalLM,
    "masked": AutoModelForMaskedLM,
}
SMALL = {"initializer_range": 0.1}  # a smoother model, whose gaps say something of the method


@pytest.mark.parametrize("architecture", sorted(ARCHITECTURES))
def test_every_architecture_is_explained(architecture: str, tmp_path: Path) -> None:
    smooth = {key: 0.1 for key in ("initializer_range", "init_std") if key in ARCHITECTURES[architecture]}
    folder = save_tiny(architecture, tmp_path, **smooth)
    result = explained("the film is good, the end is not", folder, methods=METHODS)
    model = AutoModelForSequenceClassification.from_pretrained(folder).eval()
    logits = model(torch.from_numpy(result.side.ids[None])).logits[0].detach()
    assert result.target.logit == pytest.approx(float(logits.max()), abs=1e-4)
    assert result.completeness_gap == pytest.approx(0, abs=0.01)
    for one in result.found:
        assert np.isfinite(one.values).all() and np.abs(one.values).max() > 0, one.method


def saved(head: str, folder: Path, architecture: str = "bert", **overrides: Any) -> Path:
    save_tiny(architecture, folder, kind=MODELS[head], **SMALL, **overrides)
    tiny = tiny_tokenizer(architecture)
    tiny.add_special_tokens({"mask_token": "[MASK]"})
    tiny.save_pretrained(folder)
    return folder


def test_a_span_of_a_token_classifier(tmp_path: Path) -> None:
    labels = {0: "O", 1: "B-PER", 2: "I-PER", 3: "B-LOC", 4: "I-LOC"}
    folder = saved("tokens", tmp_path, labels=5, id2label=labels)
    text = "Ada Lovelace lived in London"
    result = explained(text, folder, target="London=B-LOC")
    logits = AutoModelForTokenClassification.from_pretrained(folder)(torch.from_numpy(result.side.ids[None])).logits[0]
    at = result.tokens.index("london")
    assert result.target.name == "London · B-LOC" and result.target.kind == "span"
    assert result.target.logit == pytest.approx(float(logits[at, 3]), abs=1e-5)
    assert result.completeness_gap == pytest.approx(0, abs=0.01)
    sharp = explained("ßßßßßßßß in London", folder, target="london=B-LOC", methods=("occlusion",))
    assert sharp.target.name == "London · B-LOC"
    predicted = explained(text, folder)
    assert predicted.target in predicted.targets
    for one in predicted.targets:
        assert explained(text, folder, target=one.asked, methods=("occlusion",)).target.logit == pytest.approx(
            one.logit
        )


def test_an_answer(tmp_path: Path) -> None:
    folder = saved("spans", tmp_path, labels=2)
    question, text = "Who wrote it?", "It was written by Mary Shelley in 1816."
    result = explained(text, folder, question=question, target="Mary Shelley")
    output = AutoModelForQuestionAnswering.from_pretrained(folder)(
        input_ids=torch.from_numpy(result.side.ids[None]),
        token_type_ids=torch.tensor([AutoTokenizer.from_pretrained(folder)(question, text)["token_type_ids"]]),
    )
    first, last = result.tokens.index("mary"), result.tokens.index("shelley")
    assert result.target.logit == pytest.approx(
        float(output.start_logits[0, first] + output.end_logits[0, last]), abs=1e-4
    )
    assert result.target.name == "Mary Shelley" and result.second == text
    assert result.completeness_gap == pytest.approx(0, abs=0.01)
    best = explained(text, folder, question=question, methods=("occlusion",))
    assert best.target == best.targets[0]
    assert again(best, best.targets[1].asked, ("occlusion",)).target.name == best.targets[1].name


def test_what_does_nothing_for_other_methods_is_left_out_of_them() -> None:
    first = explained(target="positive", baseline="zero", steps=8)
    other = again(first, "negative", ("input_x_gradient",))
    assert (other.request.baseline, other.request.steps) == (None, None)
    assert again(first, "negative", ("occlusion",)).request.baseline == "zero"


def test_the_text_of_a_table_is_explained_again(sentiment: Any) -> None:
    objects = {"mine": sentiment, "films": pd.DataFrame({"review": [TEXT]})}
    ref = ModelRef("variable", "mine")
    request = ExplainRequest(DataRef("variable", "films", "review"), model=ref, methods=("input_x_gradient",))
    first = explain(request, objects)
    other = again(first, "negative", ("input_x_gradient",))
    assert other.target.name == "negative" and other.side.text == TEXT
    assert again(other, "positive", ("input_x_gradient",)).target == first.target


@pytest.mark.parametrize("architecture", ["gpt2", "llama"])
def test_the_next_token(architecture: str, tmp_path: Path) -> None:
    folder = saved("causal", tmp_path, architecture)
    result = explained("the film is", folder, target="good")
    logits = AutoModelForCausalLM.from_pretrained(folder)(torch.from_numpy(result.side.ids[None])).logits[0, -1]
    number = AutoTokenizer.from_pretrained(folder).convert_tokens_to_ids("good")
    assert result.target.logit == pytest.approx(float(logits[number]), abs=1e-4)
    assert result.target.asked == f"#{number}" and result.target.name == "good"
    assert result.completeness_gap == pytest.approx(0, abs=0.01)
    predicted = explained("the film is", folder, methods=("occlusion",))
    assert predicted.target.logit == pytest.approx(float(logits.max()), abs=1e-4)
    assert [one.logit for one in predicted.targets] == sorted((one.logit for one in predicted.targets), reverse=True)


def test_the_token_at_a_mask(tmp_path: Path) -> None:
    folder = saved("masked", tmp_path)
    result = explained("the film is <mask> and <mask>", folder, target="good")
    at = result.tokens.index("[MASK]")
    logits = AutoModelForMaskedLM.from_pretrained(folder)(torch.from_numpy(result.side.ids[None])).logits[0, at]
    number = AutoTokenizer.from_pretrained(folder).convert_tokens_to_ids("good")
    assert result.target.logit == pytest.approx(float(logits[number]), abs=1e-4)
    assert result.completeness_gap == pytest.approx(0, abs=0.01)
    assert "2 masks" in result.notes[0]
    with pytest.raises(UserError, match=r"no mask \[MASK\] whose word could be explained. Put one where a word is."):
        explained("the film is good", folder)


def test_a_tokenizer_without_a_mask_is_told(tmp_path: Path) -> None:
    """To put one where a word is would be no help."""
    save_tiny("bert", tmp_path, kind=AutoModelForMaskedLM)
    with pytest.raises(UserError, match=r"The tokenizer of \S+ has no mask, whose word could be explained\. Give"):
        explained("the film is good", tmp_path)


def test_a_pair_of_texts_is_one_input(tmp_path: Path) -> None:
    folder = save_tiny("bert", tmp_path, **SMALL)
    result = explained("a man sleeps", folder, pair="a person rests")
    types = AutoTokenizer.from_pretrained(folder)("a man sleeps", "a person rests")["token_type_ids"]
    model = AutoModelForSequenceClassification.from_pretrained(folder).eval()
    logits = model(torch.from_numpy(result.side.ids[None]), token_type_ids=torch.tensor([types])).logits[0]
    assert result.target.logit == pytest.approx(float(logits.max()), abs=1e-5)
    names = [name for name, special in zip(result.words.names, result.words.special, strict=True) if not special]
    assert names == ["a", "man", "sleeps", "a", "person", "rests"]


# --- the model is left as it was ---


def state(model: Any) -> list[Any]:
    hooks = [len(module._forward_hooks) + len(module._forward_pre_hooks) for module in model.modules()]
    weights = [(weight.grad is None, weight.requires_grad, weight.sum().item()) for weight in model.parameters()]
    return [hooks, weights, model.training, model.config.to_dict()]


def test_the_model_is_left_as_it_was() -> None:
    model, words = classifier().train(), tokenizer()
    frozen = next(model.parameters())
    frozen.requires_grad_(False)
    before = state(model)
    explained("a joy from start to end", (model, words), methods=METHODS)
    assert state(model) == before
    with pytest.raises(UserError, match="has no label"):
        explained("a joy", (model, words), target="purple")
    assert state(model) == before


def interrupted(model: Any, words: Any, methods: tuple[Method, ...], when: str, threads: int = 1) -> Explanation:
    def on_progress(progress: Progress) -> None:
        if progress.message.startswith(when):
            os.kill(os.getpid(), signal.SIGINT)

    request = ExplainRequest(
        DataRef("whole", "a joy from start to end"),
        model=ModelRef("variable", "m"),
        methods=methods,
        run=RunOptions(threads=threads, long="error"),
    )
    return explain(request, {"m": (model, words)}, on_progress)


def test_an_interrupt_keeps_what_is_finished() -> None:
    model, words = classifier(), tokenizer()
    before = state(model)
    result = interrupted(model, words, ("input_x_gradient", "occlusion", "integrated_gradients"), "Input")
    assert result.methods == ("input_x_gradient",)
    assert result.notes[0] == "Interrupted: occlusion and integrated gradients are missing."
    assert state(model) == before and before[2] is False
    with pytest.raises(Interrupted, match="before any method was finished"):
        interrupted(model, words, IG, "Integrated")
    assert state(model) == before


def test_fewer_rows_at_once_give_the_same(sentiment: tuple[Any, Any]) -> None:
    one = explained(methods=METHODS, run=RunOptions(batch_tokens=1, threads=1, long="error"))
    many = explained(methods=METHODS)
    for left, right in zip(one.found, many.found, strict=True):
        np.testing.assert_allclose(left.values, right.values, atol=2e-5)
    assert one.run.batches > many.run.batches


def test_workers_side_by_side_give_the_same_and_leave_no_hook() -> None:
    own = classifier(), tokenizer()
    before = state(own[0])
    # More passes than workers, and some that are not full.
    runs = [RunOptions(batch_tokens=150, threads=number, long="error") for number in (1, 3)]
    many = [explained(TEXT, own, methods=METHODS, baseline="zero", run=run) for run in runs]
    for left, right in zip(many[0].found, many[1].found, strict=True):
        np.testing.assert_allclose(left.values, right.values, atol=2e-5)
        assert left.completeness_gap == pytest.approx(right.completeness_gap, abs=5e-3)
    assert many[1].run.threads == 3 and many[1].run.batches > many[0].run.batches
    assert state(own[0]) == before


def test_an_interrupt_ends_the_workers_too() -> None:
    model, words = classifier(), tokenizer()
    before = state(model)
    with pytest.raises(Interrupted, match="before any method was finished"):
        interrupted(model, words, IG, "Integrated", threads=2)
    assert state(model) == before
    assert not [one for one in threading.enumerate() if one.name.startswith("nbtransformers") and one.is_alive()]


def test_a_long_text_is_refused_or_cut() -> None:
    with pytest.raises(UserError, match="too long"):
        explained("good " * 600)
    cut = explained(
        "good " * 600, methods=("input_x_gradient",), run=RunOptions(long="truncate", max_length=64, threads=1)
    )
    assert len(cut) == 64 and "went unread" in cut.notes[0]


def test_a_rough_way_gets_more_points(tmp_path: Path) -> None:
    """Where few steps leave a gap, the rough parts of the way are halved until it is accounted for."""
    folder = save_tiny("bert", tmp_path, initializer_range=0.8)
    result = explained(TEXT, folder)
    ends = [(start, stop) for start, stop, _ in result.found[0].segments]
    assert len(ends) > 2 and ends[0][0] == 0 and ends[-1][1] == 1
    assert all(left[1] == right[0] for left, right in pairwise(ends))
    assert result.completeness_gap == pytest.approx(0, abs=0.01)
    fine = explained(TEXT, folder, steps=2_000)
    assert len(fine.found[0].segments) == 1 and fine.found[0].steps == 2_000
    scale = np.abs(fine.attributions).max()
    np.testing.assert_allclose(result.attributions, fine.attributions, atol=0.02 * scale)


# --- what cannot be explained ---


def test_a_model_without_embeddings_of_tokens_is_told() -> None:
    torch.manual_seed(3)
    model = LinearForSequenceClassification(BertConfig(vocab_size=400, num_labels=3)).eval()
    model.get_input_embeddings = lambda: model.head  # type: ignore[method-assign]
    with pytest.raises(UserError, match="has no layer that gives each token an embedding"):
        explained("a joy", (model, tokenizer()), baseline="zero")


def test_a_model_that_lets_no_gradient_through_is_told() -> None:
    model = LinearForSequenceClassification(BertConfig(vocab_size=400, num_labels=3)).eval()
    forward = model.forward
    model.forward = lambda input_ids, **options: torch.no_grad()(forward)(input_ids, **options)  # type: ignore[method-assign]
    with pytest.raises(UserError, match="Input × gradient fails with mine: RuntimeError"):
        explained("a joy", (model, tokenizer()), methods=("input_x_gradient",))
    assert explained("a joy", (model, tokenizer()), methods=("occlusion",)).methods == ("occlusion",)


@pytest.mark.parametrize("options", [{"methods": (one,)} for one in METHODS] + [REMOVED])
def test_a_logit_that_is_no_number_is_told(options: dict[str, Any], tmp_path: Path) -> None:
    """Also where that of the text is one: nobody would ever know how much is accounted for, and the way had no end."""
    folder = save_tiny("bert", tmp_path)
    model = AutoModelForSequenceClassification.from_pretrained(folder).eval()
    tokenizer = AutoTokenizer.from_pretrained(folder)
    told = "of mine is no finite number, so nothing can be said of what adds to it. Look for NaN in its weights"
    with torch.no_grad():
        model.get_input_embeddings().weight[tokenizer.pad_token_id] = float("inf")  # there is no mask
    if "input_x_gradient" not in options["methods"] and options != REMOVED:
        with pytest.raises(UserError, match=f"A logit {told}"):
            explained("a joy", (model, tokenizer), target="0", **options)
    with torch.no_grad():
        model.classifier.weight[0, 0] = float("nan")
    with pytest.raises(UserError, match=f"A logit {told}"):
        explained("a joy", (model, tokenizer), target="0", **options)


def test_a_question_that_leaves_no_room_is_told(tmp_path: Path) -> None:
    folder = saved("spans", tmp_path, labels=2)
    run = RunOptions(long="truncate", max_length=4, threads=1)
    with pytest.raises(UserError, match="No token of the text is left"):
        explained("Mary", folder, question="Who?", run=run)
