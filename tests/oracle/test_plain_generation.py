"""Generated texts against plain Transformers, one prompt at a time: token for token, and every probability."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from oracle.tiny import ARCHITECTURES, tiny_tokenizer
from oracle.writers import save_writer
from transformers import AutoConfig, AutoModelForCausalLM, AutoModelForSeq2SeqLM, AutoTokenizer

import nbtransformers as nbt
from nbtransformers.engine.decoding import Decoding, Prompt, decode
from nbtransformers.loading.registry import REGISTRY
from nbtransformers.results.generation import Generation

PROMPTS = [
    "A joy.",
    "The plot makes no sense at all.",
    "Good",
    "It is a quiet film about a man who repairs clocks.",
    "Grüße aus Köln.",
]
NEW = 10

# Name to the architecture, and what its configuration has otherwise.
CAUSAL: dict[str, tuple[str, dict[str, Any]]] = {
    "gpt2": ("gpt2", {}),
    "llama": ("llama", {}),
    "llama, tied": ("llama", {"tie_word_embeddings": True, "initializer_range": 0.2}),
    "qwen2": ("qwen2", {}),
    "mistral, sliding window": ("mistral", {"sliding_window": 8, "num_key_value_heads": 1}),
    "gemma": ("gemma", {"num_key_value_heads": 1, "head_dim": 8}),
    "gpt-neox": ("gpt_neox", {"rotary_pct": 0.5}),
    "bloom": ("bloom", {"n_layer": 2, "n_head": 4}),
    "opt": ("opt", {"ffn_dim": 64, "word_embed_proj_dim": 32}),
    "mamba": ("mamba", {"state_size": 8}),
}
SEQ2SEQ = ("t5", "bart", "marian")
MAIN = ("gpt2", "llama", *SEQ2SEQ)

DECODING: dict[str, dict[str, Any]] = {
    "greedy": {},
    "greedy, with penalties": {"repetition_penalty": 1.4, "no_repeat_ngram_size": 2, "min_new_tokens": 6},
    "beams": {"num_beams": 3},
    "beams, with a length penalty": {"num_beams": 4, "length_penalty": 2.0, "early_stopping": True},
    "drawn": {"do_sample": True, "temperature": 0.8, "top_k": 40, "top_p": 0.95},
    "drawn from all": {"do_sample": True, "top_k": 0, "min_p": 0.01},
    "drawn from the typical": {"do_sample": True, "typical_p": 0.8},
}
BATCHES = {"one prompt a batch": 1, "small batches": 120, "one batch": 100_000}


def _save_causal(name: str, folder: Path) -> Path:
    architecture, changes = CAUSAL[name]
    torch.manual_seed(21)
    sizes = {**ARCHITECTURES["llama"], "num_key_value_heads": 4}
    settings = {**ARCHITECTURES.get(architecture, sizes), **changes}
    model = AutoModelForCausalLM.from_config(AutoConfig.for_model(architecture, **settings)).eval()
    for parameter_name, parameter in model.named_parameters():
        if parameter_name.endswith("bias"):
            torch.nn.init.normal_(parameter, std=0.2)
    model.save_pretrained(folder)
    tiny_tokenizer("llama").save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    root = tmp_path_factory.mktemp("writers")
    causal = {name: _save_causal(name, root / str(number)) for number, name in enumerate(CAUSAL)}
    return causal | {name: _attentive(save_writer(name, root / name)) for name in SEQ2SEQ}


def _attentive(folder: Path) -> Path:
    """The same writer, which heeds what it reads: one with random weights may write the same whatever that is."""
    model = AutoModelForSeq2SeqLM.from_pretrained(folder)
    for name, parameter in model.named_parameters():
        if name.endswith(("encoder_attn.out_proj.weight", "EncDecAttention.o.weight")):
            parameter.data *= 8
    model.save_pretrained(folder)
    return folder


_LOADED: dict[Path, tuple[Any, Any]] = {}


def _plain(folder: Path) -> tuple[Any, Any]:
    if folder not in _LOADED:
        config = AutoConfig.from_pretrained(folder)
        kind = AutoModelForSeq2SeqLM if config.is_encoder_decoder else AutoModelForCausalLM
        _LOADED[folder] = (
            kind.from_pretrained(folder, dtype=torch.float32).eval(),
            AutoTokenizer.from_pretrained(folder),
        )
    return _LOADED[folder]


def _alone(folder: Path, ids: list[int], seed: int, **options: Any) -> list[int]:
    """The new tokens that plain Transformers gives one prompt."""
    model, _ = _plain(folder)
    torch.manual_seed(seed)
    inputs = torch.tensor([ids])
    given = {"max_new_tokens": NEW, "do_sample": False, **options}
    sequence = model.generate(inputs, attention_mask=torch.ones_like(inputs), **given)[0].tolist()
    return sequence[1 if model.config.is_encoder_decoder else len(ids) :]


def _ids(folder: Path, prompts: list[str]) -> list[list[int]]:
    return [_plain(folder)[1](prompt)["input_ids"] for prompt in prompts]


def _written(result: Generation) -> list[list[int]]:
    return [result.found[row]["id"].tolist() for row in range(len(result))]


def _said(folder: Path, ids: list[int], new: list[int]) -> np.ndarray:
    """The model's probabilities `[token, vocabulary]` at each token of a text that is there already."""
    model, _ = _plain(folder)
    with torch.no_grad():
        if model.config.is_encoder_decoder:
            start = model.generation_config.decoder_start_token_id
            output = model(input_ids=torch.tensor([ids]), decoder_input_ids=torch.tensor([[start, *new[:-1]]]))
        else:
            output = model(input_ids=torch.tensor([[*ids, *new[:-1]]]))
    return output.logits[0, -len(new) :].softmax(-1).numpy()


CASES = [(name, how) for name in (*CAUSAL, *SEQ2SEQ) for how in DECODING if name in MAIN or how == "greedy"]


@pytest.mark.parametrize(("name", "how"), CASES)
def test_tokens_are_those_of_plain_transformers(name: str, how: str, folders: dict[str, Path]) -> None:
    folder, options = folders[name], DECODING[how]
    ids = _ids(folder, PROMPTS)
    result = nbt.generate(PROMPTS, model=str(folder), max_new_tokens=NEW, seed=7, **options)
    assert _written(result) == [_alone(folder, own, 7 + row, **options) for row, own in enumerate(ids)]
    assert len({tuple(row) for row in _written(result)}) > 1, "the prompts must be told apart, or this shows nothing"


@pytest.mark.parametrize("batch", BATCHES)
@pytest.mark.parametrize("name", ["gpt2", "llama", "bloom", "mamba", *SEQ2SEQ])
def test_a_row_does_not_depend_on_its_batch(name: str, batch: str, folders: dict[str, Path]) -> None:
    folder = folders[name]
    options = {"model": str(folder), "max_new_tokens": NEW, "temperature": 0.9, "batch_tokens": BATCHES[batch]}
    expected = [
        _alone(folder, own, row, do_sample=True, temperature=0.9) for row, own in enumerate(_ids(folder, PROMPTS))
    ]
    assert _written(nbt.generate(PROMPTS, **options)) == expected


@pytest.mark.parametrize("how", ["greedy, with penalties", "beams", "drawn"])
@pytest.mark.parametrize("name", MAIN)
def test_probabilities_are_the_models_own(name: str, how: str, folders: dict[str, Path]) -> None:
    folder = folders[name]
    result = nbt.generate(PROMPTS, model=str(folder), max_new_tokens=NEW, **DECODING[how])
    for row, ids in enumerate(_ids(folder, PROMPTS)):
        new = result.found[row]["id"]
        said = _said(folder, ids, new.tolist())
        np.testing.assert_allclose(result.probabilities[row], said[np.arange(len(new)), new], atol=1e-4)
        best = -np.sort(-said, axis=1)[:, :5]
        np.testing.assert_allclose(result.found[row]["top_probabilities"], best, atol=1e-4)
        for position in range(len(new)):
            for _, probability, number in result.alternatives(row, position):
                assert abs(said[position, number] - probability) < 1e-4


@pytest.mark.parametrize("name", ["llama", "gpt2", *SEQ2SEQ])
def test_texts_are_as_the_tokenizer_decodes_them(name: str, folders: dict[str, Path]) -> None:
    folder = folders[name]
    _, tokenizer = _plain(folder)
    result = nbt.generate(PROMPTS, model=str(folder), max_new_tokens=NEW)
    for row, ids in enumerate(_ids(folder, PROMPTS)):
        new = result.found[row]["id"].tolist()
        whole = tokenizer.decode(new, skip_special_tokens=True, clean_up_tokenization_spaces=False)
        if name in SEQ2SEQ:
            assert result.texts[row] == whole
        else:  # it goes on with the prompt, and word pieces have a space before them
            before = tokenizer.decode(ids, skip_special_tokens=True, clean_up_tokenization_spaces=False)
            both = tokenizer.decode([*ids, *new], skip_special_tokens=True, clean_up_tokenization_spaces=False)
            assert before + (result.texts[row] or "") == both
        assert result.texts[row] == "".join(result.pieces[result.found.rows[row] : result.found.rows[row + 1]])


def test_a_model_that_padding_disturbs_gets_rows_of_one_length(folders: dict[str, Path]) -> None:
    model, tokenizer = AutoModelForCausalLM.from_pretrained(folders["llama"]).eval(), _plain(folders["llama"])[1]
    forward = model.forward

    def careless(*args: Any, attention_mask: Any = None, **kwargs: Any) -> Any:
        return forward(*args, **kwargs)

    model.forward = careless
    result = nbt.generate(PROMPTS, model=(model, tokenizer), max_new_tokens=NEW)
    expected = [_alone(folders["llama"], ids, 0) for ids in _ids(folders["llama"], PROMPTS)]
    assert _written(result) == expected
    assert result.run.pad_tokens == 0
    assert any("Padding would change the results" in note for note in result.notes)


def test_the_users_own_model_is_left_as_it_was(folders: dict[str, Path]) -> None:
    model, tokenizer = AutoModelForCausalLM.from_pretrained(folders["gpt2"]).train(), _plain(folders["gpt2"])[1]
    settings, threads = model.generation_config.to_dict(), torch.get_num_threads()
    nbt.generate(PROMPTS, model=(model, tokenizer), max_new_tokens=3, temperature=0.5)
    assert model.training
    assert model.generation_config.to_dict() == settings
    assert model.config.pad_token_id is None
    assert torch.get_num_threads() == threads
    assert not model._forward_hooks


def test_what_the_models_own_settings_say_is_followed(folders: dict[str, Path], tmp_path: Path) -> None:
    model, tokenizer = AutoModelForCausalLM.from_pretrained(folders["llama"]).eval(), _plain(folders["llama"])[1]
    own = {"do_sample": True, "temperature": 0.7, "top_k": 20, "repetition_penalty": 1.2}
    model.generation_config.update(**own)
    model.save_pretrained(tmp_path)
    tokenizer.save_pretrained(tmp_path)
    result = nbt.generate(PROMPTS, model=str(tmp_path), max_new_tokens=NEW, seed=3)
    expected = [_alone(tmp_path, ids, 3 + row, **own) for row, ids in enumerate(_ids(tmp_path, PROMPTS))]
    assert _written(result) == expected
    assert "temperature=0.7" in result.method
    assert "the model's own settings" in result.method
    greedy = nbt.generate(PROMPTS, model=str(tmp_path), max_new_tokens=NEW, do_sample=False)
    assert _written(greedy) == [_alone(tmp_path, ids, 0) for ids in _ids(tmp_path, PROMPTS)]


def test_a_chat_is_what_the_template_makes_of_it(tmp_path: Path) -> None:
    folder = save_writer("chat", tmp_path)
    _, tokenizer = _plain(folder)
    conversation = [
        {"role": "user", "content": "Hi"},
        {"role": "assistant", "content": "Yes?"},
        {"role": "user", "content": "No"},
    ]
    for given, messages in (
        ({"prompts": "Hi there", "chat": True}, [{"role": "user", "content": "Hi there"}]),
        (
            {"prompts": "Hi there", "system": "Be brief."},
            [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hi there"}],
        ),
        ({"prompts": conversation}, conversation),
    ):
        ids = tokenizer.apply_chat_template(messages, add_generation_prompt=True, return_dict=True)["input_ids"]
        result = nbt.generate(**given, model=str(folder), max_new_tokens=NEW)
        assert _written(result) == [_alone(folder, ids, 0)]
        assert result.read.tolist() == [len(ids)]
    REGISTRY.clear()


def test_stop_strings_end_a_text_where_plain_transformers_ends_it(folders: dict[str, Path]) -> None:
    folder = folders["bart"]
    _, tokenizer = _plain(folder)
    for options in ({}, {"num_beams": 3}):
        free = nbt.generate(PROMPTS, model=str(folder), max_new_tokens=NEW, **options)
        wanted = _later_word(free)
        result = nbt.generate(PROMPTS, model=str(folder), max_new_tokens=NEW, stop_strings=[wanted], **options)
        ended = 0
        for row, ids in enumerate(_ids(folder, PROMPTS)):
            expected = _alone(folder, ids, 0, stop_strings=[wanted], tokenizer=tokenizer, **options)
            text = result.texts[row] or ""
            if wanted in text and not text.startswith(wanted):
                assert result.found[row]["id"].tolist() == expected
                assert wanted not in "".join(result.tokens[row][:-1])
                ended += 1
        assert ended or options, "beams that end elsewhere may choose other words"


def _later_word(free: Any) -> str:
    """A word that some text has, and does not begin with: no special token, and no half of a character."""
    for text, tokens in zip(free.texts, free.tokens, strict=True):
        for token in tokens[1:]:
            if token.strip().isalpha() and not text.startswith(token):
                return token
    raise AssertionError("all texts are one word over and over")


@pytest.mark.slow
def test_the_bundled_decoder_is_greedy_token_for_token(smollm2: Path) -> None:
    prompts = [
        "The capital of France is",
        "Once upon a time",
        "Water boils at",
        "2 + 2 =",
        "法国的首都是",
        "🤗🤗 means",
    ]
    result = nbt.generate(prompts, model="smollm2", max_new_tokens=12)
    assert _written(result) == [_alone(smollm2, ids, 0, max_new_tokens=12) for ids in _ids(smollm2, prompts)]
    assert (result.texts[0] or "").startswith(" Paris")
    for row, ids in enumerate(_ids(smollm2, prompts)):
        new = result.found[row]["id"]
        said = _said(smollm2, ids, new.tolist())[np.arange(len(new)), new]
        np.testing.assert_allclose(result.probabilities[row], said, atol=1e-4)
    REGISTRY.clear()


@pytest.mark.parametrize("how", ["greedy", "beams", "drawn"])
@pytest.mark.parametrize("name", ["bart", "marian"])
def test_a_row_ends_at_its_own_limit_as_it_does_alone(name: str, how: str, folders: dict[str, Path]) -> None:
    """These models are told to end a text where it is cut off, which in a batch is elsewhere for each row."""
    folder, options = folders[name], {"do_sample": False, **DECODING[how], "forced_eos_token_id": 2}
    model, tokenizer = _plain(folder)
    limits = [3, 9, 5, 9, 4]
    ids = _ids(folder, PROMPTS)
    prompts = [Prompt(row, np.array(own), most) for row, (own, most) in enumerate(zip(ids, limits, strict=True))]
    written = [found.ids.tolist() for found in decode(model, tokenizer, prompts, Decoding(options))]
    alone = [
        _alone(folder, own, row, **{**options, "max_new_tokens": most})
        for row, (own, most) in enumerate(zip(ids, limits, strict=True))
    ]
    assert written == alone
    assert any(len(row) == most for row, most in zip(written, limits, strict=True)), "no row came to its limit"
