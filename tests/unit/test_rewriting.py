"""Summaries and translations: what is refused and how it is told; what an interrupt keeps; what stays of a text."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from helpers import Terminal
from oracle.writers import save_writer

import nbtransformers as nbt
from nbtransformers.engine.translate import resume, translate
from nbtransformers.errors import UserError
from nbtransformers.interrupt import stopped_by
from nbtransformers.request import DataRef, DecodingOptions, ModelRef, RunOptions, SummarizeRequest, TranslateRequest
from nbtransformers.results.generation import ENDINGS
from nbtransformers.results.rewritings import Summaries, Translations
from nbtransformers.results.rows import NOT_DONE

KINDS = ("t5", "bart", "marian", "marian-many", "nllb", "chat", "base")


@pytest.fixture(autouse=True, scope="module")
def _one_thread() -> Iterator[None]:
    """Two threads on cores that others use too wait for each other most of the time."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="module")
def writers(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The folders of tiny writers."""
    root = tmp_path_factory.mktemp("writers")
    return {kind: save_writer(kind, root / kind) for kind in KINDS}


# --- what is refused ---

SAID = [
    (
        "%%summarize\nA text.",
        "No model that summarises is bundled. "
        "Type `--model facebook/bart-large-cnn`, or a chat model, such as `--model smollm2`.",
    ),
    (
        "%%translate\nA text.",
        "No model that translates is bundled. Type `--model Helsinki-NLP/opus-mt-en-de`, or "
        "`--model facebook/nllb-200-distilled-600M` with `--target`.",
    ),
    ("%%summarize --model {bart} --parts agian\nA text.", "`--parts` cannot be 'agian'. Did you mean `--parts again`?"),
    (
        "%%translate --model {nllb}\nA text.",
        "nllb has to be told the language to translate into. "
        "Type `--target deu_Latn`. It knows 202 languages: `--target ?` lists them.",
    ),
    (
        "%%translate --model {nllb} --target Germn\nA text.",
        "nllb has no target language 'Germn'. Did you mean `--target deu_Latn`? "
        "It knows 202 languages: `--target ?` lists them.",
    ),
    (
        "%%translate --model {nllb} --target xx_Latn\nA text.",
        "nllb has no target language 'xx_Latn'. Did you mean `--target xho_Latn`? "
        "It knows 202 languages: `--target ?` lists them.",
    ),
    (
        "%%translate --model {nllb} --target qqqqqq\nA text.",
        "nllb has no target language 'qqqqqq'. It knows 202 languages: `--target ?` lists them.",
    ),
    (
        "%%translate --model {nllb} --target de --source qqqqqq\nA text.",
        "nllb has no source language 'qqqqqq'. It knows 202 languages: `--source ?` lists them.",
    ),
    (
        "%%translate --model {nllb} --target Chinese\nA text.",
        "'Chinese' is more than one language of nllb: zho_Hans, zho_Hant. Type `--target zho_Hans`, for instance.",
    ),
    (
        "%%translate --model {t5}\nA text.",
        "t5 has to be told the language to translate into. Type `--target de`. It knows de, fr.",
    ),
    ("%%translate --model {t5} --target es\nA text.", "t5 has no target language 'es'. It knows de, fr."),
    ("%%translate --model {t5} --target de -s\nA text.", "%%translate has no option -s. It has -t, -m, -o; "),
    ("%%translate --model {t5} --target ?\nA text.", "t5 takes these for `--target`: de, fr."),
    (
        "%%translate --model {marian-many} --target Italian\nA text.",
        "marian-many has no target language 'Italian'. It knows deu, fra, spa.",
    ),
    (
        "%%translate --model {marian} --target fr\nA text.",
        "marian cannot be told `--target fr`: only de (German) is its target language. Leave `--target` out.",
    ),
    (
        "%%translate --model {marian} --source fr\nA text.",
        "marian cannot be told `--source fr`: only en (English) is its source language. Leave `--source` out.",
    ),
    (
        "%%translate --model {bart} --target fr\nA text.",
        "bart cannot be told `--target fr`: it does not say which languages it knows. Leave `--target` out.",
    ),
    (
        "%%translate --model {chat}\nA text.",
        "chat has to be told the language to translate into. Type `--target German`.",
    ),
    (
        "%%translate --model {chat} --target Klingonese\nA text.",
        "There is no language 'Klingonese'. Did you mean `--target Klingon`?",
    ),
    (
        "%%translate --model {chat} --target qqqqqq\nA text.",
        "There is no language 'qqqqqq'. Type its English name, or its code, such as de.",
    ),
    (
        "%%translate --model {chat} --target ?\nA text.",
        "`--target` takes any language by its English name or its code. Type German, or de.",
    ),
    (
        "%%translate --model {base} --target German\nA text.",
        "base is a causal model without a chat template, and cannot be told to translate. "
        "Give a model that was trained for it, `--model facebook/nllb-200-distilled-600M`, or a chat model.",
    ),
    (
        "%%summarize --model {base}\nA text.",
        "base is a causal model without a chat template, and cannot be told to summarise. "
        "Give a model that was trained for it, `--model facebook/bart-large-cnn`, or a chat model.",
    ),
    (
        "%%summarize --model {bart} --max-length 200\nA text.",
        "`--max-length` is 200, and bart reads 96. Type 96 or less.",
    ),
    (
        "%%summarize --model {bart} --max-length 4 --long error\nSelect all the objects of this page.",
        "Row 0 is too long",
    ),
    (
        "%%summarize --model {bart} --top-p 3\nA text.",
        "`--top-p` is 3.0. Type a number above 0 and up to 1: `--top-p 0.9`.",
    ),
]


@pytest.mark.parametrize(("code", "message"), SAID, ids=[code for code, _ in SAID])
def test_what_is_refused_is_told_in_one_line(
    terminal: Terminal, writers: dict[str, Path], code: str, message: str
) -> None:
    code = re.sub(r"\{([a-z0-9-]+)\}", lambda kind: str(writers[kind[1]]), code)
    said = terminal.refusal(code)
    assert said == message if message.endswith((".", "?")) else said.startswith(message)


def test_what_is_no_language_is_refused_by_the_request(writers: dict[str, Path]) -> None:
    with pytest.raises(UserError) as refused:
        nbt.translate("A text.", model=writers["nllb"], target=5)  # pyright: ignore[reportArgumentType]
    assert str(refused.value) == '`target` is 5, which is no language. Type `target="German"`.'


# --- what is made ---


def test_a_translation_says_its_languages_and_what_was_read(writers: dict[str, Path]) -> None:
    result = nbt.translate(["A text.", None, " "], model=writers["nllb"], target="German", max_new_tokens=4)
    assert isinstance(result, Translations)
    assert (result.source, result.target) == ("eng_Latn", "deu_Latn")
    assert "from eng_Latn to deu_Latn" in result.method
    assert result.notes[-1] == (
        "The texts are taken to be in English (eng_Latn), as nllb has it: `--source` says otherwise."
    )
    frame = result.to_pandas()
    assert frame.columns.tolist()[:4] == ["text", "translation", "parts", "tokens"]
    assert frame["parts"].tolist() == [1, 0, 0] and frame["reason"].tolist() == [None, "missing", "empty"]
    assert "3 texts" in str(result)


def test_the_tokenizer_of_a_user_is_as_it_was(writers: dict[str, Path]) -> None:
    from transformers import AutoModelForSeq2SeqLM, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(writers["nllb"], src_lang="fra_Latn")
    model = AutoModelForSeq2SeqLM.from_pretrained(writers["nllb"])
    result = nbt.translate("A text.", model=(model, tokenizer), source="en", target="de", max_new_tokens=2)
    assert result.source == "eng_Latn" and tokenizer.src_lang == "fra_Latn"
    assert nbt.translate("A text.", model=(model, tokenizer), target="de", max_new_tokens=2).source == "fra_Latn"


def test_what_the_user_says_wins_over_what_the_model_declares(writers: dict[str, Path]) -> None:
    told = nbt.summarize("A text.", model=writers["t5"], max_new_tokens=4, num_beams=1)
    assert "the likeliest token each time" in told.method
    drawn = nbt.summarize("A text.", model=writers["t5"], max_new_tokens=4, temperature=0.5)
    assert "drawn" in drawn.method
    assert "4 beams" in nbt.summarize("A text.", model=writers["t5"], max_new_tokens=4).method


def test_a_translation_may_be_as_long_as_its_text_needs(writers: dict[str, Path]) -> None:
    """A model that declares 20 tokens declares nothing."""
    result = nbt.translate("Select all the objects of this page, and delete them.", model=writers["marian"])
    assert result.found.counts[0] > 20


def test_summaries_are_of_their_own_kind(writers: dict[str, Path]) -> None:
    result = nbt.summarize(["A text."], model=writers["bart"], max_new_tokens=4)
    assert isinstance(result, Summaries) and "summary" in result.to_pandas()
    assert SummarizeRequest.from_json(result.request.to_json()) == result.request


def test_text_without_spaces_gets_one_where_its_translation_has_them(writers: dict[str, Path]) -> None:
    result = nbt.translate(["今天下雨。我们在家！"], model=writers["bart"], parts="sentences", max_new_tokens=6)
    alone = nbt.translate(["今天下雨。", "我们在家！"], model=writers["bart"], max_new_tokens=6).texts
    assert result.texts[0] == f"{alone[0]} {alone[1]}"


# --- interrupts ---

TEXTS = ["Select all objects. Delete this?\nThe end.", "Change it.", "Save and add another.\nSave\nLog out"]


def _request(writers: dict[str, Path], **run: Any) -> TranslateRequest:
    return TranslateRequest(
        DataRef("variable", "texts"),
        ModelRef("folder", str(writers["marian"])),
        decoding=DecodingOptions(max_new_tokens=6),
        run=RunOptions(long="window", **run),
    )


def _stopping(after: int) -> Callable[[], bool]:
    """Says stop when it is asked for the so many-th time: it is asked at every step, and before every batch."""
    asked = 0

    def stop() -> bool:
        nonlocal asked
        asked += 1
        return asked > after

    return stop


@pytest.mark.parametrize("after", [0, 3, 8, 13, 20, 30, 45])
def test_an_interrupt_between_parts_keeps_what_is_finished_and_resume_gives_the_rest(
    writers: dict[str, Path], after: int
) -> None:
    objects = {"texts": TEXTS}
    whole = translate(_request(writers), objects)
    with stopped_by(_stopping(after)):
        stopped = translate(_request(writers, batch_tokens=8), objects)
    for row in range(len(TEXTS)):
        if stopped.done[row]:
            assert stopped.texts[row] == whole.texts[row]
        elif stopped.texts[row] is None:
            assert stopped.reasons[row] == NOT_DONE
        else:
            assert ENDINGS[stopped.endings[row]] == "stopped"
            assert (whole.texts[row] or "").startswith(stopped.texts[row] or "")
    finished = resume(stopped, objects)
    assert list(finished.texts) == list(whole.texts)
    assert finished.parts.tolist() == whole.parts.tolist()
    assert finished.done.all()


def test_some_interrupt_finds_a_row_of_which_some_parts_are_finished(writers: dict[str, Path]) -> None:
    kept = []
    for after in range(5, 60, 5):
        with stopped_by(_stopping(after)):
            stopped = translate(_request(writers, batch_tokens=8), {"texts": TEXTS})
        kept += [text for row, text in enumerate(stopped.texts) if text and not stopped.done[row] and "\n" in text]
    assert kept


def test_summaries_of_parts_that_are_there_are_kept_and_written_anew(writers: dict[str, Path]) -> None:
    text = "Select all the objects of this page. " * 20
    options: dict[str, Any] = {"model": writers["bart"], "max_new_tokens": 6, "batch_tokens": 8}
    whole = nbt.summarize([text], **options)
    assert whole.parts[0] > 2
    for after in (10, 20, 25):
        with stopped_by(_stopping(after)):
            stopped = nbt.summarize([text], **options)
        assert not stopped.done.any()
        assert list(nbt.resume(stopped).texts) == list(whole.texts)


def test_that_lines_are_translated_one_by_one_is_no_news_unless_one_is_too_long(writers: dict[str, Path]) -> None:
    options: dict[str, Any] = {"model": writers["marian"], "max_new_tokens": 6}
    short = nbt.translate(["Save\nDelete"], **options)
    assert short.parts.tolist() == [2] and not any("parts" in note for note in short.notes)
    long = nbt.translate(["Save\n" + "Select all the objects of this page. " * 30], **options)
    assert (
        f"1 text was read in {long.parts[0]} parts: what is longer than the 96 tokens that the model reads was cut "
        "between sentences, or words, and put together again."
    ) in long.notes


def test_summaries_that_get_no_shorter_are_left_and_that_is_said(writers: dict[str, Path]) -> None:
    text = "Select all the objects of this page. " * 12
    result = nbt.summarize([text], model=writers["t5"], max_length=30, max_new_tokens=30, num_beams=1)
    assert result.parts[0] > 2
    assert any("get no shorter" in note for note in result.notes)
    assert result.done.all()
