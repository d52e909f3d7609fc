"""Embeddings against sentence-transformers' own encode, for models that declare every pooling and layer."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Sequence
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from oracle.tiny import save_tiny
from sentence_transformers import SentenceTransformer
from sentence_transformers.base.modules import Dense, Normalize, Transformer
from sentence_transformers.sentence_transformer.modules import LayerNorm, Pooling

import nbtransformers as nbt
from nbtransformers.engine.pooling import pooled
from nbtransformers.errors import UserError
from nbtransformers.loading.bundled import bundled_folder
from nbtransformers.request import POOLINGS

WORDS = re.findall(
    r"\S+",
    "the film was a joy from start to end and I would see it again with everyone that I know "
    "这部电影很好看 Фильм لطيف फ़िल्म 👩‍👩‍👧 naïve co-operate don't 3.14 E=mc² ﬁne",
)


def texts_of_all_lengths(number: int = 60, longest: int = 700) -> list[str]:
    """Texts from one word to more than any model here reads, in an order that no sort would make."""
    chance = random.Random(7)
    lengths = [max(1, int(longest ** chance.random())) for _ in range(number)]
    return [" ".join(chance.choices(WORDS, k=length)) for length in lengths]


TEXTS = [*texts_of_all_lengths(), "[MASK] and [SEP] within", "a\ttab\nand a line", " spaces around ", "."]

SOME = TEXTS[::5]  # for a model of real size


def assert_alike(mine: np.ndarray, theirs: np.ndarray) -> None:
    assert mine.dtype == np.float32 and mine.shape == theirs.shape
    scale = max(1.0, float(np.abs(theirs).max()))
    assert np.abs(mine - theirs).max() <= 1e-5 * scale


# --- the bundled encoder ---


@pytest.fixture(scope="module")
def minilm() -> SentenceTransformer:
    return SentenceTransformer(str(bundled_folder("minilm")), device="cpu")


def test_the_bundled_encoder_is_theirs(minilm: SentenceTransformer) -> None:
    result = nbt.embed(TEXTS)
    assert_alike(result.vectors, minilm.encode(TEXTS))
    assert (result.poolings, result.normalized, result.measure) == (("mean",), True, "cosine")
    assert not result.notes or "scripts" in " ".join(result.notes) or "read" in " ".join(result.notes)
    limit = minilm.max_seq_length
    assert result.tokens.max() == limit and result.unread.max() > 0  # the longest are cut where it declares it


def test_neither_the_batches_nor_the_order_show(minilm: SentenceTransformer) -> None:
    expected = minilm.encode(SOME)
    for options in ({"batch_tokens": 64}, {"batch_tokens": 100_000, "threads": 2}, {"threads": 1}):
        assert_alike(nbt.embed(SOME, **options).vectors, expected)
    order = np.random.default_rng(0).permutation(len(SOME))
    assert_alike(nbt.embed([SOME[row] for row in order]).vectors, expected[order])


def test_a_prompt_is_put_before_every_text(minilm: SentenceTransformer) -> None:
    result = nbt.embed(SOME, prompt="query: ")
    assert_alike(result.vectors, minilm.encode(SOME, prompt="query: "))
    assert result.prompt == "query: "


def test_fewer_dimensions_are_the_first_ones_at_length_one(minilm: SentenceTransformer) -> None:
    theirs = minilm.encode(SOME, truncate_dim=64, normalize_embeddings=True)
    assert_alike(nbt.embed(SOME, dimensions=64).vectors, theirs)


def test_a_text_that_is_none_has_a_reason_and_no_vector(minilm: SentenceTransformer) -> None:
    result = nbt.embed(["a joy", "", None, "dull"])
    assert np.isnan(result.vectors[1:3]).all() and dict(result.reasons) == {1: "empty", 2: "missing"}
    assert_alike(result.vectors[[0, 3]], minilm.encode(["a joy", "dull"]))


def test_similarities_are_theirs(minilm: SentenceTransformer) -> None:
    texts, others = SOME[:8], SOME[8:]
    vectors, other_vectors = minilm.encode(texts), minilm.encode(others)
    assert_alike(nbt.similar(texts).matrix, minilm.similarity(vectors, vectors).numpy())
    for measure in ("cosine", "dot", "euclidean", "manhattan"):
        minilm.similarity_fn_name = measure
        mine = nbt.similar(texts, others, measure=measure).matrix
        assert_alike(mine, minilm.similarity(vectors, other_vectors).numpy())
    minilm.similarity_fn_name = None


def test_a_long_text_in_windows_is_the_mean_of_them(minilm: SentenceTransformer) -> None:
    long = " ".join(WORDS * 20)
    whole = nbt.embed([long, "a joy"], long="window")
    assert whole.unread.sum() == 0
    np.testing.assert_allclose(np.linalg.norm(whole.vectors, axis=1), 1, atol=1e-6)
    assert_alike(whole.vectors[1:], minilm.encode(["a joy"]))
    beginning = nbt.embed([long]).vectors
    assert 0.8 < float(whole.vectors[0] @ beginning[0]) < 0.9999


# --- tiny models, saved by sentence-transformers ---


def save(folder: Path, modules: Sequence[Any], architecture: str = "bert", **declared: Any) -> SentenceTransformer:
    """A model of random weights with these modules behind its transformer, as sentence-transformers saves it."""
    save_tiny(architecture, folder / "body")
    transformer = Transformer(str(folder / "body"))
    model = SentenceTransformer(modules=[transformer, *modules], device="cpu", **declared)
    model.eval().save(str(folder / "saved"))
    return SentenceTransformer(str(folder / "saved"), device="cpu")


def dense(width: int, out: int, **options: Any) -> Dense:
    torch.manual_seed(3)
    return Dense(width, out, **options)


JOINED = [*((pooling,) for pooling in POOLINGS), *combinations(POOLINGS, 2), POOLINGS]


@pytest.mark.parametrize("poolings", JOINED, ids="+".join)
def test_every_pooling_and_every_pair_of_them(tmp_path: Path, poolings: tuple[str, ...]) -> None:
    theirs = save(tmp_path, [Pooling(32, poolings)])
    result = nbt.embed(TEXTS, model=str(tmp_path / "saved"), batch_tokens=500)
    assert_alike(result.vectors, theirs.encode(TEXTS))
    assert result.poolings == poolings and not result.normalized


LAYERS: dict[str, list[Any]] = {
    "normalize": [Normalize()],
    "dense": [dense(32, 16)],
    "dense without bias, GELU": [dense(32, 48, bias=False, activation_function=torch.nn.GELU())],
    "dense, no activation, then normalize": [dense(32, 8, activation_function=None), Normalize()],
    "normalize, then dense": [Normalize(), dense(32, 8)],
    "residual of the same width": [dense(32, 32, use_residual=True)],
    "residual of another width": [dense(32, 20, use_residual=True), Normalize()],
    "two dense and a norm": [dense(32, 64), LayerNorm(64), dense(64, 12), Normalize()],
}


@pytest.mark.parametrize("layers", LAYERS.values(), ids=LAYERS)
def test_every_layer_behind_the_pooling(tmp_path: Path, layers: list[Any]) -> None:
    theirs = save(tmp_path, [Pooling(32, "mean"), *layers])
    result = nbt.embed(TEXTS, model=str(tmp_path / "saved"))
    assert_alike(result.vectors, theirs.encode(TEXTS))
    assert result.normalized == isinstance(layers[-1], Normalize)


@pytest.mark.parametrize("architecture", ["gpt2", "llama", "roberta", "distilbert", "mpnet", "xlnet", "modernbert"])
@pytest.mark.parametrize("poolings", [("lasttoken",), ("mean", "cls"), ("weightedmean", "max")], ids="+".join)
def test_other_architectures(tmp_path: Path, architecture: str, poolings: tuple[str, ...]) -> None:
    # One text at a time: these have no padding token, or would have to be padded as sentence-transformers does it.
    theirs = save(tmp_path, [Pooling(32, poolings), Normalize()], architecture)
    theirs.tokenizer.pad_token = theirs.tokenizer.pad_token or "[PAD]"  # it pads also where there is nothing to pad
    texts = [text for text in TEXTS[::4] if len(text.split()) < 60]
    result = nbt.embed(texts, model=str(tmp_path / "saved"))
    assert_alike(result.vectors, np.concatenate([theirs.encode([text], batch_size=1) for text in texts]))


@pytest.mark.parametrize("architecture", ["t5", "bart"])
def test_of_an_encoder_with_a_decoder_the_encoder_is_taken(tmp_path: Path, architecture: str) -> None:
    from transformers import AutoModel, AutoTokenizer

    folder = save_tiny(architecture, tmp_path)
    config = json.loads((folder / "config.json").read_text())
    AutoModel.from_pretrained(folder).save_pretrained(folder)  # without the classifier
    assert config["is_encoder_decoder"]
    model, tokenizer = AutoModel.from_pretrained(folder).eval(), AutoTokenizer.from_pretrained(folder)
    expected = []
    with torch.inference_mode():
        for text in TEXTS[:12]:
            inputs = tokenizer(text, truncation=True, max_length=100, return_tensors="pt")
            inputs.pop("token_type_ids", None)
            expected.append(model.get_encoder()(**inputs).last_hidden_state.mean(dim=1)[0].numpy())
    result = nbt.embed(TEXTS[:12], model=str(folder), max_length=100)
    assert_alike(result.vectors, np.stack(expected))
    assert any("does not say how it embeds a text: the mean of the tokens was taken" in note for note in result.notes)


@pytest.mark.parametrize(("architecture", "pooling"), [("bert", "mean"), ("llama", "lasttoken"), ("gpt2", "lasttoken")])
def test_a_model_that_declares_nothing(tmp_path: Path, architecture: str, pooling: str) -> None:
    folder = save_tiny(architecture, tmp_path)
    result = nbt.embed(["a joy", "dull and long"], model=str(folder))
    assert result.poolings == (pooling,) and not result.normalized
    assert any("does not say how it embeds a text" in note for note in result.notes)
    asked = nbt.embed(["a joy"], model=str(folder), pooling="max")
    assert asked.poolings == ("max",) and not any("does not say" in note for note in asked.notes)


def test_a_user_s_own_model_is_embedded_as_the_folder_that_it_came_from_declares(minilm: SentenceTransformer) -> None:
    from transformers import AutoModel, AutoTokenizer

    folder = bundled_folder("minilm")
    pair = AutoModel.from_pretrained(folder), AutoTokenizer.from_pretrained(folder)
    assert_alike(nbt.embed(SOME, model=pair).vectors, minilm.encode(SOME))
    with pytest.raises(UserError, match=r"Your model is a SentenceTransformer, which is no model of Transformers\."):
        nbt.embed(SOME, model=minilm)


PROMPTS = {"query": "query: ", "passage": "passage: "}


def test_prompts_by_name_and_by_default(tmp_path: Path) -> None:
    theirs = save(
        tmp_path, [Pooling(32, "mean"), Normalize()], prompts=PROMPTS, default_prompt_name="passage",
        similarity_fn_name="dot",
    )  # fmt: skip
    saved = str(tmp_path / "saved")
    assert_alike(nbt.embed(TEXTS, model=saved).vectors, theirs.encode(TEXTS))
    assert_alike(nbt.embed(TEXTS, model=saved, prompt_name="query").vectors, theirs.encode(TEXTS, prompt_name="query"))
    assert_alike(nbt.embed(TEXTS, model=saved, prompt="").vectors, theirs.encode(TEXTS, prompt=""))
    result = nbt.embed(TEXTS, model=saved)
    assert result.prompt == "passage: " and result.measure == "dot"
    # A query has the prompt for queries.
    expected = theirs.encode_query(["a joy"]) @ theirs.encode(TEXTS).T
    found = result.nearest("a joy", k=len(TEXTS))
    assert_alike(found.sort_values("row")["score"].to_numpy(np.float32), expected[0])
    with pytest.raises(UserError, match=r"saved has no prompt 'querry'\. Did you mean query\?"):
        nbt.embed(TEXTS, model=saved, prompt_name="querry")


@pytest.mark.parametrize("pooling", POOLINGS)
def test_a_prompt_that_does_not_count(tmp_path: Path, pooling: str) -> None:
    theirs = save(tmp_path, [Pooling(32, pooling, include_prompt=False)], prompts=PROMPTS, default_prompt_name="query")
    result = nbt.embed(TEXTS, model=str(tmp_path / "saved"), batch_tokens=2_000)
    assert_alike(result.vectors, theirs.encode(TEXTS))
    for prompt in ("Represent this for search: ", ""):
        mine = nbt.embed(TEXTS, model=str(tmp_path / "saved"), prompt=prompt)
        assert_alike(mine.vectors, theirs.encode(TEXTS, prompt=prompt))


def test_the_older_names_of_the_files(tmp_path: Path) -> None:
    save(tmp_path, [Pooling(32, ("cls", "mean")), dense(64, 24), Normalize()])
    saved = tmp_path / "saved"
    flags = {"word_embedding_dimension": 32, "pooling_mode_cls_token": True, "pooling_mode_mean_tokens": True}
    (saved / "1_Pooling" / "config.json").write_text(json.dumps(flags))
    modules = json.loads((saved / "modules.json").read_text())
    for module in modules:
        module["type"] = "sentence_transformers.models." + module["type"].rpartition(".")[2]
    (saved / "modules.json").write_text(json.dumps(modules))
    (saved / "sentence_bert_config.json").write_text(json.dumps({"max_seq_length": 24, "do_lower_case": True}))
    # So that lower case matters: the tokenizer keeps it.
    tokenizer = json.loads((saved / "tokenizer.json").read_text())
    tokenizer["normalizer"]["lowercase"] = False
    (saved / "tokenizer.json").write_text(json.dumps(tokenizer))
    theirs = SentenceTransformer(str(saved), device="cpu")
    texts = [*TEXTS, "Mixed CASE with an İ and ΣΑΣ"]
    result = nbt.embed(texts, model=str(saved))
    assert_alike(result.vectors, theirs.encode(texts))
    assert result.tokens.max() == 24


@pytest.mark.parametrize("poolings", JOINED, ids="+".join)
@pytest.mark.parametrize("side", ["left", "right", "none"])
@pytest.mark.parametrize("prompt", [0, 2])
def test_padding_may_stand_on_either_side(poolings: tuple[str, ...], side: str, prompt: int) -> None:
    torch.manual_seed(1)
    hidden, lengths = torch.randn(5, 9, 4), torch.tensor([9, 1, 5, 3, 8] if side != "none" else [9] * 5)
    places = torch.arange(9)
    mask = places < lengths[:, None] if side != "left" else places >= 9 - lengths[:, None]
    starts = mask.int().argmax(dim=1, keepdim=True)
    left_out = (places >= starts) & (places < starts + prompt) & (lengths[:, None] > prompt)
    kept = lengths > prompt  # of a text that is all prompt nothing is left, and they differ in what they make of it
    features = {"token_embeddings": hidden, "attention_mask": mask.long(), "prompt_length": prompt}
    theirs = Pooling(4, poolings, include_prompt=False)(features)["sentence_embedding"]
    mine = pooled(hidden, None if side == "none" else mask.long(), poolings, left_out if prompt else None)
    torch.testing.assert_close(mine[kept], theirs[kept], atol=1e-6, rtol=1e-5)


# --- what it refuses ---


def edited(tmp_path: Path, file: str, change: Any) -> str:
    save(tmp_path, [Pooling(32, "mean"), dense(32, 8)])
    path = tmp_path / "saved" / file
    found = json.loads(path.read_text())
    path.write_text(json.dumps(change(found)))
    return str(tmp_path / "saved")


REFUSED = {
    "modules.json": [
        (lambda found: [*found, {"idx": 3, "path": "3_CNN", "type": "sentence_transformers.models.CNN"}], "module CNN"),
        (lambda found: [found[0], {**found[1], "path": "../elsewhere"}], "'../elsewhere', which is no folder"),
        (lambda found: [{**found[0], "type": "custom_st.Transformer"}, *found[1:]], "module Transformer"),
        (lambda found: {"modules": found}, "is no list of modules"),
        (lambda found: found[1:], "do not begin with one Transformer"),
    ],
    "1_Pooling/config.json": [(lambda found: {**found, "pooling_mode": "attention"}, "a pooling 'attention'")],
    "2_Dense/config.json": [
        (lambda found: {**found, "activation_function": "os.system"}, "'os.system', which is none of torch's"),
        (lambda found: {**found, "activation_function": "torch.nn.Module"}, "which is none of torch's"),
        (lambda found: {**found, "module_input_name": "token_embeddings"}, "a module Dense for single tokens"),
        (lambda found: {**found, "use_residual": True}, "has no residual.weight"),
    ],
    "sentence_bert_config.json": [
        (lambda found: {**found, "transformer_task": "fill-mask"}, "vectors of another kind"),
    ],
}


@pytest.mark.parametrize(
    ("file", "change", "said"), [(file, *case) for file, cases in REFUSED.items() for case in cases]
)
def test_what_cannot_be_run_is_refused(tmp_path: Path, file: str, change: Any, said: str) -> None:
    folder = edited(tmp_path, file, change)
    with pytest.raises(UserError) as error:
        nbt.embed(["a joy"], model=folder)
    assert said in str(error.value)


def test_a_dense_layer_s_pickle_is_not_loaded(tmp_path: Path) -> None:
    save(tmp_path, [Pooling(32, "mean"), dense(32, 8)])
    weights = tmp_path / "saved" / "2_Dense" / "model.safetensors"
    weights.rename(weights.with_name("pytorch_model.bin"))
    with pytest.raises(UserError, match="only a pickle"):
        nbt.embed(["a joy"], model=str(tmp_path / "saved"))


def test_damaged_weights_of_a_layer_are_told(tmp_path: Path) -> None:
    save(tmp_path, [Pooling(32, "mean"), dense(32, 8)])
    (tmp_path / "saved" / "2_Dense" / "model.safetensors").write_bytes(b"not safetensors at all")
    with pytest.raises(UserError, match="The weights of the Dense layer of saved are damaged"):
        nbt.embed(["a joy"], model=str(tmp_path / "saved"))


# --- zero-shot goes the same way ---


def test_zero_shot_embeds_with_every_layer(tmp_path: Path) -> None:
    theirs = save(tmp_path, [Pooling(32, ("cls", "max")), dense(64, 24)], prompts=PROMPTS, default_prompt_name="query")
    labels, texts = ["sport", "politics"], TEXTS[:10]
    result = nbt.classify(texts, model=str(tmp_path / "saved"), labels=labels)
    options: dict[str, Any] = {"prompt": "", "normalize_embeddings": True}
    sentences = [f"This text is about {label}." for label in labels]
    cosines = theirs.encode(texts, **options) @ theirs.encode(sentences, **options).T
    powers = np.exp(20 * (cosines - cosines.max(axis=1, keepdims=True)))
    np.testing.assert_allclose(result.scores, powers / powers.sum(axis=1, keepdims=True), atol=1e-4)
