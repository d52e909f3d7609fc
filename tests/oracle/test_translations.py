"""Summaries and translations, token for token as plain Transformers gives them one by one."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from oracle.writers import KINDS, save_writer
from taught.pairs import pairs
from transformers import AutoModelForCausalLM, AutoModelForSeq2SeqLM, AutoTokenizer

from nbtransformers.engine.summarize import summarize
from nbtransformers.engine.translate import translate
from nbtransformers.request import DataRef, DecodingOptions, ModelRef, RunOptions, SummarizeRequest, TranslateRequest

MOST = 12
SETTINGS = {"greedy": {"num_beams": 1}, "beams": {"num_beams": 3}}


@pytest.fixture(autouse=True, scope="module")
def _one_thread() -> Iterator[None]:
    """Two threads on cores that others use too wait for each other most of the time."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """The folder of a tiny writer of a kind, made once."""
    made = {kind: tmp_path_factory.getbasetemp() / f"writer-{kind}" for kind in KINDS}

    def of(kind: str) -> Path:
        return made[kind] if made[kind].exists() else save_writer(kind, made[kind])

    return of


def texts(number: int = 12) -> list[str]:
    """Strings of one line, of several lengths."""
    return sorted((english for english, _ in pairs("de") if "\n" not in english), key=len)[100:700:50][:number]


class Plain:
    """A model as plain Transformers has it, one text at a time."""

    def __init__(self, folder: Path, *, chat: bool = False) -> None:
        self.tokenizer = AutoTokenizer.from_pretrained(folder)
        self.model = (AutoModelForCausalLM if chat else AutoModelForSeq2SeqLM).from_pretrained(folder).eval()
        self.model.generation_config.max_length = None
        self.model.generation_config.max_new_tokens = MOST

    def write(self, text: str, **options: Any) -> list[int]:
        """The new tokens."""
        read = self.tokenizer(text, return_tensors="pt")
        with torch.inference_mode():
            found = self.model.generate(**read, **options)[0].tolist()
        return found[1:]

    def said(self, ids: list[int]) -> str:
        """Their text."""
        return self.tokenizer.decode(ids, skip_special_tokens=True, clean_up_tokenization_spaces=False)


# For each kind: how its documentation has it translate from English to German, and what we are told.
Translate = Callable[[Plain, str, dict[str, Any]], list[int]]


def _coded(source: str, setting: str, number: Callable[[Any], int]) -> Translate:
    def run(plain: Plain, text: str, options: dict[str, Any]) -> list[int]:
        plain.tokenizer.src_lang = source
        return plain.write(text, **{setting: number(plain.tokenizer)}, **options)

    return run


PLAINLY: dict[str, Translate] = {
    "t5": lambda plain, text, options: plain.write(f"translate English to German: {text}", **options),
    "bart": lambda plain, text, options: plain.write(text, **options),
    "marian": lambda plain, text, options: plain.write(text, **options),
    "marian-many": lambda plain, text, options: plain.write(f">>deu<< {text}", **options),
    "mbart": _coded("en_XX", "decoder_start_token_id", lambda tokenizer: tokenizer.lang_code_to_id["de_DE"]),
    "nllb": _coded("eng_Latn", "forced_bos_token_id", lambda tokenizer: tokenizer.convert_tokens_to_ids("deu_Latn")),
    "m2m100": _coded("en", "forced_bos_token_id", lambda tokenizer: tokenizer.get_lang_id("de")),
}
UNTOLD = ("bart", "marian")


@pytest.mark.parametrize("settings", SETTINGS)
@pytest.mark.parametrize("kind", PLAINLY)
def test_a_translation_is_token_for_token_that_of_plain_transformers(
    kind: str, settings: str, folder: Callable[[str], Path]
) -> None:
    plain, options = Plain(folder(kind)), SETTINGS[settings]
    result = translate(
        TranslateRequest(
            DataRef("variable", "texts"),
            ModelRef("folder", str(folder(kind))),
            target=None if kind in UNTOLD else "German",
            decoding=DecodingOptions(max_new_tokens=MOST, **options),
        ),
        {"texts": texts()},
    )
    # T5's own settings of the task are a beam search with one best length.
    ids = [PLAINLY[kind](plain, text, options) for text in texts()]
    assert [result.found[row]["id"].tolist() for row in range(len(result))] == ids
    assert list(result.texts) == [plain.said(row) for row in ids]
    assert result.parts.tolist() == [1] * len(result)
    assert len({tuple(row) for row in ids}) > 3


@pytest.mark.parametrize("kind", ["t5", "bart"])
def test_a_summary_is_token_for_token_that_of_plain_transformers(kind: str, folder: Callable[[str], Path]) -> None:
    plain = Plain(folder(kind))
    result = summarize(
        SummarizeRequest(
            DataRef("variable", "texts"),
            ModelRef("folder", str(folder(kind))),
            decoding=DecodingOptions(max_new_tokens=MOST),
        ),
        {"texts": texts()},
    )
    declared = {"num_beams": 4, "length_penalty": 2.0} if kind == "t5" else {}
    prefix = "summarize: " if kind == "t5" else ""
    ids = [plain.write(prefix + text, **declared) for text in texts()]
    assert [result.found[row]["id"].tolist() for row in range(len(result))] == ids
    assert result.to_pandas()["summary"].tolist() == [plain.said(row) for row in ids]


def test_a_chat_model_translates_by_instruction(folder: Callable[[str], Path]) -> None:
    plain = Plain(folder("chat"), chat=True)
    asked = texts(4)
    result = translate(
        TranslateRequest(
            DataRef("variable", "texts"),
            ModelRef("folder", str(folder("chat"))),
            source="en",
            target="de",
            decoding=DecodingOptions(max_new_tokens=MOST),
        ),
        {"texts": asked},
    )
    for row, text in enumerate(asked):
        content = f"Translate the following text from English to German. Give only the translation.\n\n{text}"
        read = plain.tokenizer.apply_chat_template(
            [{"role": "user", "content": content}], add_generation_prompt=True, return_tensors="pt", return_dict=True
        )
        with torch.inference_mode():
            found = plain.model.generate(**read)[0, read["input_ids"].shape[1] :].tolist()
        assert result.found[row]["id"].tolist() == found
    assert (result.source, result.target) == ("English", "German")
    assert "by instruction" in result.method


LONG = (
    "  Select all objects. Delete this object?\n\nChange the password, please: "
    + "It was used on another page of this site and is not safe any more, so that it should be changed. " * 6
    + "\nThe end of it.\nand more of it\n"
)


def test_a_long_translation_is_that_of_its_parts_put_together_again(folder: Callable[[str], Path]) -> None:
    plain, kind = Plain(folder("marian")), ModelRef("folder", str(folder("marian")))
    request = TranslateRequest(DataRef("whole", LONG), kind, decoding=DecodingOptions(max_new_tokens=MOST))
    result = translate(request, {})
    sentence = "It was used on another page of this site and is not safe any more, so that it should be changed."
    # Written out by hand: what fits into 96 tokens, each line apart, a long one in two and these in two.
    lines = LONG.strip("\n").strip().split("\n")
    assert lines[0] == "Select all objects. Delete this object?" and lines[3:] == ["The end of it.", "and more of it"]
    long = [f"Change the password, please: {sentence}", sentence, sentence, sentence, sentence, sentence]
    parts = [lines[0], *_together(plain, long), "The end of it.\nand more of it"]
    gaps = ["\n\n", *[" "] * (len(parts) - 3), " \n"]
    written = [plain.said(plain.write(part)) for part in parts]
    expected = "".join(text + gap for text, gap in zip(written, [*gaps, ""], strict=True))
    assert result.parts.tolist() == [len(parts)]
    assert result.texts[0] == expected
    assert any("parts" in note for note in result.notes)
    assert result.read[0] == sum(len(plain.tokenizer(part).input_ids) for part in parts)


def _together(plain: Plain, sentences: list[str]) -> list[str]:
    """Sentences in halves until each fits: as the parts are cut, but by the list."""
    if len(plain.tokenizer(" ".join(sentences)).input_ids) <= 96:
        return [" ".join(sentences)]
    length = len(" ".join(sentences))
    ends = [len(" ".join(sentences[:number])) + 1 for number in range(1, len(sentences))]
    at = min(range(len(ends)), key=lambda number: abs(ends[number] - length / 2)) + 1
    return [*_together(plain, sentences[:at]), *_together(plain, sentences[at:])]


def test_sentences_are_translated_one_by_one_when_asked(folder: Callable[[str], Path]) -> None:
    plain = Plain(folder("marian"))
    text = "Select all objects. Delete this object?\nThe end of it."
    result = translate(
        TranslateRequest(
            DataRef("whole", text),
            ModelRef("folder", str(folder("marian"))),
            parts="sentences",
            decoding=DecodingOptions(max_new_tokens=MOST),
        ),
        {},
    )
    first, second, third = (
        plain.said(plain.write(part)) for part in ("Select all objects.", "Delete this object?", "The end of it.")
    )
    assert result.texts[0] == f"{first} {second}\n{third}"


@pytest.mark.parametrize("parts", ["again", "join"])
def test_the_summaries_of_parts_are_joined_or_summarised_again(parts: Any, folder: Callable[[str], Path]) -> None:
    plain = Plain(folder("bart"))
    sentences = ["Select all the objects of this page.", "Then delete them, and come back to the list of objects."]
    text = " ".join(sentences * 6)
    request = SummarizeRequest(
        DataRef("whole", text),
        ModelRef("folder", str(folder("bart"))),
        parts=parts,
        decoding=DecodingOptions(max_new_tokens=MOST),
    )
    result = summarize(request, {})
    read = _together(plain, sentences * 6)
    joined = " ".join(plain.said(plain.write(part)) for part in read)
    assert result.parts.tolist() == [len(read)] and len(read) > 1
    assert result.texts[0] == (joined if parts == "join" else plain.said(plain.write(joined)))
    assert any("again" in note if parts == "again" else "one behind the other" in note for note in result.notes)


def test_the_beginning_alone_is_read_when_asked_and_the_rest_is_counted(folder: Callable[[str], Path]) -> None:
    plain = Plain(folder("bart"))
    request = SummarizeRequest(
        DataRef("whole", LONG),
        ModelRef("folder", str(folder("bart"))),
        decoding=DecodingOptions(max_new_tokens=MOST),
        run=RunOptions(long="truncate"),
    )
    result = summarize(request, {})
    assert result.parts.tolist() == [1]
    assert result.read[0] <= 96 and any("cut" in note for note in result.notes)
    # As many sentences as the tokens that were read.
    beginnings = [LONG[: end.end()].strip() for end in re.finditer(r"[.?](?=\s|$)", LONG)]
    (beginning,) = (text for text in beginnings if len(plain.tokenizer(text).input_ids) == result.read[0])
    assert result.found[0]["id"].tolist() == plain.write(beginning)
