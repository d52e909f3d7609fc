"""What a text becomes for its attention, against plain Transformers: its tokens, its weights, what a decoder reads."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from oracle.tiny import save_tiny
from oracle.writers import save_writer
from transformers import (
    AutoConfig,
    AutoModel,
    AutoModelForCausalLM,
    AutoModelForMaskedLM,
    AutoModelForSeq2SeqLM,
    AutoModelForSequenceClassification,
    AutoTokenizer,
)

import nbtransformers as nbt
from nbtransformers.engine.capture import outputs
from nbtransformers.engine.whatif import without_heads
from nbtransformers.loading.bundled import bundled_folder
from nbtransformers.loading.registry import REGISTRY
from nbtransformers.results.attention import CONTINUES, SECOND, SPECIAL, Attention
from nbtransformers.results.attentionmaps import Part

TEXT = "The unbelievable cat sat because it was tired."
NEAR = 1e-3  # what a decoder reads is off by far more where a token is; test_capture.py asks for all digits
SEQ2SEQ = ("t5", "bart", "mbart")


def plain(kind: Any, folder: Path, **inputs: Any) -> Any:
    """What Transformers gives with all attention weights."""
    model = kind.from_pretrained(folder, attn_implementation="eager").eval()
    with torch.inference_mode():
        return model(**inputs, output_attentions=True, use_cache=False)


def calm_writer(kind: str, folder: Path) -> Path:
    """A tiny model that writes, whose scores are small: a softmax of large ones makes much of what SDPA rounds."""
    save_writer(kind, folder)
    model = AutoModelForSeq2SeqLM.from_pretrained(folder)
    for name, parameter in model.named_parameters():
        if name.endswith(("q_proj.weight", "Attention.q.weight")):
            parameter.data *= 0.05
    model.save_pretrained(folder)
    return folder


def same(found: Attention, part: Part, expected: Any) -> None:
    of_part = found.of_part(part)
    assert of_part.shape == (len(expected), *expected[0].shape[1:])
    for layer, weights in enumerate(expected):
        for head in range(of_part.shape.heads):
            np.testing.assert_allclose(of_part[layer, head], weights[0, head].numpy(), atol=NEAR)


def refusal(call: Any) -> str:
    with pytest.raises(nbt.UserError) as caught:
        call()
    return str(caught.value)


def test_a_text_and_a_pair_on_the_bundled_encoder() -> None:
    folder = bundled_folder("minilm")
    tokenizer = AutoTokenizer.from_pretrained(folder)
    for texts in ((TEXT,), (TEXT, "Who was tired?")):
        inputs = tokenizer(*texts, return_tensors="pt")
        found = nbt.attention(texts[0], pair=texts[1] if len(texts) > 1 else None)
        assert found.tokens == tokenizer.convert_ids_to_tokens(inputs["input_ids"][0])
        same(found, "self", plain(AutoModel, folder, **inputs).attentions)


def test_what_each_token_is() -> None:
    found = nbt.attention("An unbelievably tired cat.", pair="Who?").queries
    rows = list(zip(found.pieces, found.offsets.tolist(), found.words.tolist(), found.flags.tolist(), strict=True))
    assert rows[0] == ("[CLS]", [0, 0], -1, SPECIAL)
    assert rows[1] == ("an", [0, 2], 0, 0)
    pieces = [row for row in rows if row[2] == 1]
    assert "".join(piece.removeprefix("##") for piece, _, _, _ in pieces) == "unbelievably"
    assert pieces[0][1][0] == 3
    assert pieces[-1][1][1] == 15
    assert [row[3] for row in pieces] == [0] + [CONTINUES] * (len(pieces) - 1)
    assert rows[-3:] == [("who", [0, 3], 5, SECOND), ("?", [3, 4], 6, SECOND), ("[SEP]", [0, 0], -1, SPECIAL)]


def test_a_classifier_and_a_decoder_are_loaded_with_their_heads(tmp_path: Path) -> None:
    classifier = save_tiny("bert", tmp_path / "classifier")
    found = nbt.attention(TEXT, model=classifier)
    inputs = AutoTokenizer.from_pretrained(classifier)(TEXT, return_tensors="pt")
    expected = plain(AutoModelForSequenceClassification, classifier, **inputs)
    same(found, "self", expected.attentions)
    maps: Any = found.maps
    np.testing.assert_allclose(maps.output.logits, expected.logits, atol=NEAR)
    decoder = save_tiny("llama", tmp_path / "decoder", kind=AutoModelForCausalLM)
    found = nbt.attention(TEXT, model=decoder)
    inputs = AutoTokenizer.from_pretrained(decoder)(TEXT, return_tensors="pt")
    inputs.pop("token_type_ids", None)
    same(found, "self", plain(AutoModelForCausalLM, decoder, **inputs).attentions)
    assert np.triu(found[1, 3], 1).max() == 0


def test_a_head_without_weights_is_not_needed(tmp_path: Path) -> None:
    import json

    folder = save_tiny("bert", tmp_path / "bare", kind=AutoModel)
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, "architectures": ["BertForSequenceClassification"]}))
    inputs = AutoTokenizer.from_pretrained(folder)(TEXT, return_tensors="pt")
    same(nbt.attention(TEXT, model=folder), "self", plain(AutoModel, folder, **inputs).attentions)


@pytest.mark.parametrize("kind", SEQ2SEQ)
def test_a_decoder_reads_its_target_as_in_teaching(kind: str, tmp_path: Path) -> None:
    folder = calm_writer(kind, tmp_path / kind)
    tokenizer = AutoTokenizer.from_pretrained(folder)
    inputs = tokenizer("A man repairs clocks.", text_target="Ein Mann repariert Uhren.", return_tensors="pt")
    found = nbt.attention("A man repairs clocks.", model=folder, target="Ein Mann repariert Uhren.")
    expected = plain(AutoModelForSeq2SeqLM, folder, **inputs)
    same(found, "encoder", expected.encoder_attentions)
    same(found, "self", expected.decoder_attentions)
    same(found, "cross", expected.cross_attentions)
    model = AutoModelForSeq2SeqLM.from_pretrained(folder)
    shifted = model.prepare_decoder_input_ids_from_labels(labels=inputs["labels"])
    np.testing.assert_array_equal(found.queries.ids, shifted[0])
    assert found.cross.key_tokens == tokenizer.convert_ids_to_tokens(inputs["input_ids"][0])
    assert found.queries.flags[0] == SPECIAL
    shown = [label for label, flag in zip(found.labels, found.queries.flags, strict=True) if not flag & SPECIAL]
    if kind == "bart":  # the others say of a lone ▁ that it is the letter behind it
        assert "".join("".join(shown).split()) == "EinMannrepariertUhren."


@pytest.mark.parametrize("kind", ["t5", "marian"])
def test_without_a_target_the_model_writes_it(kind: str, tmp_path: Path) -> None:
    folder = calm_writer(kind, tmp_path / kind)
    tokenizer, model = AutoTokenizer.from_pretrained(folder), AutoModelForSeq2SeqLM.from_pretrained(folder).eval()
    inputs = tokenizer("A man repairs clocks.", return_tensors="pt")
    wrote = model.generate(**inputs, do_sample=False, num_beams=1, max_new_tokens=64, max_length=None)
    found = nbt.attention("A man repairs clocks.", model=folder)
    np.testing.assert_array_equal(found.queries.ids, wrote[0, :-1])
    assert found.queries.text is None
    assert found.notes[-1].startswith("The model wrote its decoder's text itself, greedily")
    expected = plain(AutoModelForSeq2SeqLM, folder, **inputs, decoder_input_ids=wrote[:, :-1])
    same(found, "cross", expected.cross_attentions)


def test_an_encoder_decoder_without_a_head_needs_a_target(tmp_path: Path) -> None:
    folder = save_tiny("t5", tmp_path / "t5", kind=AutoModel)
    assert refusal(lambda: nbt.attention(TEXT, model=folder)) == (
        "t5 is an encoder-decoder without a head to write with: it needs a text for its decoder. "
        'Type `target="a text"`.'
    )
    assert nbt.attention(TEXT, model=folder, target="A cat.").cross.shape.queries > 2


def test_a_long_text_is_refused_or_cut(tmp_path: Path) -> None:
    text = "word " * 600
    assert refusal(lambda: nbt.attention(text)) == (
        'The text is too long: 602 tokens, and minilm reads 512. Type `long="truncate"` to look at its beginning.'
    )
    assert refusal(lambda: nbt.attention("word " * 9, pair="cat " * 9, max_length=12)).startswith(
        "The pair of texts is too long: 21 tokens, and minilm reads 12."
    )
    cut = nbt.attention(text, long="truncate", max_length=20)
    assert len(cut.tokens) == 20
    assert cut.tokens[-1] == "[SEP]"
    assert cut.notes == ("The text was cut: 582 tokens beyond the limit of minilm went unread.",)
    pair = nbt.attention("word " * 9, pair="cat " * 9, long="truncate", max_length=13)
    assert len(pair.tokens) == 13
    assert {"word", "cat"} <= set(pair.tokens)
    folder = calm_writer("bart", tmp_path / "bart")
    assert refusal(lambda: nbt.attention("A man.", model=folder, target="Ein Mann. " * 90)).startswith(
        "The target is too long: "
    )
    assert nbt.attention("A man.", model=folder, target="Ein Mann. " * 90, long="truncate").shape.queries == 95


def test_a_setting_for_tasks_that_read_windows_is_no_mistake_here() -> None:
    nbt.set_default("long", "window")
    try:
        assert nbt.attention("A cat.").shape.queries == 5
    finally:
        nbt.set_default("long", None)


def test_few_tokens_and_none(tmp_path: Path) -> None:
    found = nbt.attention("[SEP]")
    assert found.tokens == ["[CLS]", "[SEP]", "[SEP]"]
    assert found.notes == ("All tokens are special ones: no word of the text is among them.",)
    assert np.isnan(found.measures()["induction"]).all()
    decoder = save_tiny("gpt2", tmp_path / "gpt2", kind=AutoModelForCausalLM)
    tokenizer: Any = AutoTokenizer.from_pretrained(decoder)
    model: Any = AutoModelForCausalLM.from_pretrained(decoder)
    backend = tokenizer.backend_tokenizer
    from tokenizers import processors

    backend.post_processor = processors.TemplateProcessing(single="$A", pair="$A $B", special_tokens=[])
    one = nbt.attention("cat", model=model, tokenizer=tokenizer)
    assert one.tokens == ["cat"]
    assert one[0, 0].tolist() == [[1.0]]
    assert one.notes == ("There is one token: all its attention is on itself.",)
    assert one.rollout().tolist() == [[1.0]]
    str(one)
    one.by_words()
    assert refusal(lambda: nbt.attention("\u200b\u0001", model=model, tokenizer=tokenizer)) == (
        "The text has no token that model knows. Give another text."
    )


def test_slow_tokenizers_tell_their_tokens_too() -> None:
    from transformers import ByT5Tokenizer, T5Config, T5ForConditionalGeneration

    torch.manual_seed(0)
    sizes = {"d_model": 16, "d_kv": 8, "d_ff": 32, "num_layers": 2, "num_heads": 2}
    model: Any = T5ForConditionalGeneration(T5Config(vocab_size=384, decoder_start_token_id=0, **sizes)).eval()
    found = nbt.attention("caté", model=model, tokenizer=ByT5Tokenizer(), pair="ox", target="Ei")
    encoded = found.encoder.query_side
    assert encoded.labels("ox") == ["c", "a", "t", "é", "é", "</s>", "o", "x", "</s>"]
    assert (encoded.flags & SECOND > 0).tolist() == [False] * 6 + [True] * 2 + [False]
    assert found.labels == ["<pad>", "E", "i"]


@pytest.mark.parametrize("side", ["left", "right"])
def test_a_row_of_a_padded_batch(side: str, tmp_path: Path) -> None:
    folder = save_tiny("llama", tmp_path / "llama", kind=AutoModelForCausalLM)
    tokenizer = AutoTokenizer.from_pretrained(folder, pad_token="[SEP]", padding_side=side)
    batch = tokenizer(["A cat.", TEXT], padding=True, return_tensors="pt")
    batch.pop("token_type_ids", None)
    expected = plain(AutoModelForCausalLM, folder, **batch).attentions
    for row in (0, 1):
        found = nbt.attention(batch, model=folder, row=row)
        there = batch["attention_mask"][row] > 0
        assert found.tokens == tokenizer.convert_ids_to_tokens(batch["input_ids"][row][there])
        same(found, "self", [weights[row : row + 1][:, :, there][..., there] for weights in expected])
    assert nbt.attention(batch, model=folder).tokens == nbt.attention(batch, model=folder, row=0).tokens


@pytest.mark.parametrize("kind", ["t5", "t5gemma"])
def test_a_padded_row_predicts_behind_its_last_token(kind: str, tmp_path: Path) -> None:
    """Of an encoder-decoder that is the decoder's, whether the model gives the logits of all tokens or of one."""
    folder = save_t5gemma(tmp_path / kind) if kind == "t5gemma" else calm_writer(kind, tmp_path / kind)
    model = AutoModelForSeq2SeqLM.from_pretrained(folder).eval()
    ids, decoder_ids = torch.tensor([[5, 6, 7, 8, 9]]), torch.tensor([[1, 7, 8]])
    with torch.inference_mode():
        expected = model(input_ids=ids, decoder_input_ids=decoder_ids).logits[0, -1].softmax(-1)
    pad = torch.nn.functional.pad
    batch = {
        "input_ids": pad(ids, (0, 2)),
        "attention_mask": pad(torch.ones_like(ids), (0, 2)),
        "decoder_input_ids": pad(decoder_ids, (0, 1)),
        "decoder_attention_mask": pad(torch.ones_like(decoder_ids), (0, 1)),
    }
    maps: Any = nbt.attention(batch, model=(model, AutoTokenizer.from_pretrained(bundled_folder("minilm")))).maps
    found = without_heads(maps, [("cross", 0, 0)], "zero")
    likeliest = expected.sort(descending=True).values[:5]
    np.testing.assert_allclose(found.before[:5], likeliest, atol=1e-4)


def test_of_many_logits_some_are_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = save_tiny("bert", tmp_path / "bert", kind=AutoModelForMaskedLM)
    tokenizer = AutoTokenizer.from_pretrained(folder)
    tokenizer.add_special_tokens({"mask_token": "[MASK]"})
    tokenizer.save_pretrained(folder)
    text = f"The {tokenizer.mask_token} cat sat because it was tired."
    whole: Any = nbt.attention(text, model=folder).maps
    heads = [("self", 0, 1), ("self", 1, 0)]
    expected = without_heads(whole, heads, "zero")
    monkeypatch.setattr(outputs, "LOGITS", 4 * 3 * whole.output.logits.shape[2])
    some: Any = nbt.attention(text, model=folder).maps
    places = outputs.told_places(some.loaded, some.inputs, whole.output.logits.shape[2])
    assert places is not None
    at = whole.inputs["input_ids"][0].tolist().index(tokenizer.mask_token_id)
    last = whole.inputs["input_ids"].shape[1] - 1
    assert {0, at, last} < set(places.tolist()) and len(places) == 4
    torch.testing.assert_close(some.output.logits, whole.output.logits[:, places])
    found = without_heads(some, heads, "zero")
    assert found.what == expected.what == "masked token" and found.labels == expected.labels
    np.testing.assert_allclose(found.after, expected.after, atol=1e-6)


def test_a_model_that_was_trained_since_is_compared_with_itself(tmp_path: Path) -> None:
    folder = save_tiny("bert", tmp_path / "bert")
    model: Any = AutoModelForSequenceClassification.from_pretrained(folder).eval()
    tokenizer = AutoTokenizer.from_pretrained(folder)
    maps: Any = nbt.attention(TEXT, model=(model, tokenizer)).maps
    with torch.no_grad():
        model.classifier.bias += torch.tensor([3.0, 0.0, -3.0])
        expected = model(**tokenizer(TEXT, return_tensors="pt")).logits[0].softmax(-1)
    found = without_heads(maps, [("self", 0, 1)], "zero")
    np.testing.assert_allclose(found.before, expected.sort(descending=True).values, atol=1e-5)
    assert found.change < 0.1


def save_t5gemma(folder: Path) -> Path:
    sides = {
        **{"vocab_size": 300, "hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 2, "head_dim": 8},
        **{"num_attention_heads": 4, "num_key_value_heads": 2, "pad_token_id": 0, "eos_token_id": 2},
    }
    torch.manual_seed(2)
    config = AutoConfig.for_model("t5gemma", encoder=dict(sides), decoder=dict(sides), vocab_size=300)
    AutoModelForSeq2SeqLM.from_config(config).save_pretrained(folder)
    return folder


def test_a_packed_row_attends_within_its_texts(tmp_path: Path) -> None:
    folder = save_tiny("llama", tmp_path / "llama", kind=AutoModelForCausalLM)
    tokenizer = AutoTokenizer.from_pretrained(folder)
    texts = [tokenizer(text)["input_ids"] for text in ("A cat sat.", "It was tired.")]
    packed = {
        "input_ids": torch.tensor([texts[0] + texts[1]]),
        "position_ids": torch.tensor([[*range(len(texts[0])), *range(len(texts[1]))]]),
    }
    found = nbt.attention(packed, model=folder)
    same(found, "self", plain(AutoModelForCausalLM, folder, **packed).attentions)
    cut = len(texts[0])
    assert found[1, 0][cut:, :cut].max() == 0
    np.testing.assert_allclose(found[1, 0][:cut, :cut], nbt.attention("A cat sat.", model=folder)[1, 0], atol=NEAR)


def test_the_text_of_a_batch_is_put_together_from_its_tokens() -> None:
    tokenizer = AutoTokenizer.from_pretrained(bundled_folder("minilm"))
    found = nbt.attention(tokenizer("An unbelievably tired cat.", return_tensors="np"))
    assert found.queries.text == "an unbelievably tired cat ."
    expected = nbt.attention("An unbelievably tired cat.")
    assert found.tokens == expected.tokens
    np.testing.assert_array_equal(found.queries.words, expected.queries.words)
    np.testing.assert_array_equal(found.queries.flags, expected.queries.flags)
    assert found.by_words().labels == ["[CLS]", "an", "unbelievably", "tired", "cat", ".", "[SEP]"]


def test_inputs_that_cannot_be_read_are_told(tmp_path: Path) -> None:
    for inputs, said in (
        ({"input_ids": [[1, 2], [3]]}, "The input_ids are no rows of one length."),
        ({"input_ids": [[]]}, "The input_ids hold no token."),
        (
            {"input_ids": [[99_999]]},
            "The input_ids are not for minilm: they hold the token 99999, and it knows 30,522.",
        ),
        ({"input_ids": [[-1, 5]]}, "The input_ids are not for minilm: they hold the token -1, and it knows 30,522."),
        ({"input_ids": [[101]], "attention_mask": [[0]]}, "Row 0 of the input_ids is padding only."),
        (
            {"input_ids": [[101, 102]], "attention_mask": [[1]]},
            "The attention_mask is 1 × 1, and the input_ids are 1 × 2.",
        ),
        ({"input_ids": [[101] * 600]}, "minilm fails on these inputs: RuntimeError: "),
        ({"input_ids": 101}, "The input_ids hold no token."),
    ):
        assert refusal(lambda inputs=inputs: nbt.attention(inputs)).startswith(said)
    assert nbt.attention({"input_ids": [[101, 102]], "labels": None}).shape[2:] == (2, 2)
    assert refusal(lambda: nbt.attention({"input_ids": [[101, 102]]}, pair="Who?")) == (
        "`pair` is for a text, and these are inputs that a tokenizer has made. "
        "Leave `pair` out, or give the text itself."
    )
    assert refusal(lambda: nbt.attention({"input_ids": [[101, 102]]}, row=1)) == (
        "There is no row 1 in these inputs. They are numbered from 0 to 0."
    )
    folder = save_tiny("t5", tmp_path / "t5", kind=AutoModelForSeq2SeqLM)
    assert refusal(lambda: nbt.attention({"input_ids": [[5, 6]]}, model=folder)) == (
        "t5 is an encoder-decoder, and the inputs have no decoder_input_ids. Add them, or give the text itself."
    )
    inputs = {"input_ids": [[5, 6, 0]], "attention_mask": [[1, 1, 0]], "decoder_input_ids": [[0, 7]]}
    assert nbt.attention(inputs, model=folder).cross.shape[2:] == (2, 2)


def test_the_model_is_left_as_it_was_and_nothing_of_it_is_kept() -> None:
    import gc
    import weakref

    found = nbt.attention(TEXT)
    loaded = next(one for one in REGISTRY.loaded() if one.name == "minilm")
    before = {name: value.clone() for name, value in loaded.model.state_dict().items()}
    assert loaded.lock.acquire(blocking=False)
    loaded.lock.release()
    assert loaded.model.config._attn_implementation == "sdpa"
    maps = weakref.ref(found.maps)
    del found
    gc.collect()
    assert maps() is None
    assert all(torch.equal(value, before[name]) for name, value in loaded.model.state_dict().items())


@pytest.mark.parametrize("training", [False, True])
def test_each_module_of_a_users_model_is_left_in_its_mode(training: bool) -> None:
    folder = bundled_folder("movie-sentiment-minilm")
    model = AutoModelForSequenceClassification.from_pretrained(folder).train(training)
    next(model.children()).train(not training)
    before = [module.training for module in model.modules()]
    mine = (model, AutoTokenizer.from_pretrained(folder))
    for run in (nbt.attention, lambda text, model: nbt.explain(text, model=model, method="occlusion")):
        run("Good film.", model=mine)
        assert [module.training for module in model.modules()] == before


def test_a_file_gives_the_weights_without_the_model(tmp_path: Path) -> None:
    folder = calm_writer("bart", tmp_path / "bart")
    found = nbt.attention("A man repairs clocks.", model=folder, target="Ein Mann.")
    found.save(tmp_path / "x.npz")
    again = nbt.load_attention(tmp_path / "x.npz")
    assert again.maps.parts == found.maps.parts
    for part in found.maps.parts:
        one, other = found.of_part(part), again.of_part(part)
        assert (one.tokens, one.key_tokens) == (other.tokens, other.key_tokens)
        for layer in range(one.shape.layers):
            for head in range(one.shape.heads):
                np.testing.assert_allclose(one[layer, head], other[layer, head], atol=NEAR)
                np.testing.assert_array_equal(one.q(layer, head), other.q(layer, head))
