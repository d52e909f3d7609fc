"""A tokenization: what the result says, what the engine keeps, and what the snapshot shows of it."""

from __future__ import annotations

import re
import signal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from bs4 import BeautifulSoup
from helpers import tokenizer as tiny_tokenizer
from hypothesis import given, settings
from hypothesis import strategies as st
from test_snapshot import INJECTIONS
from tokenized import token, tokenization, tokens
from transformers import ByT5Tokenizer, PreTrainedTokenizerFast

import nbtransformers as nbt
from nbtransformers.engine.alignment import aligned
from nbtransformers.engine.pieces import Pieces
from nbtransformers.engine.tokenize import tokenize as engine
from nbtransformers.engine.words import words_of
from nbtransformers.errors import UserError
from nbtransformers.loading.registry import REGISTRY
from nbtransformers.loading.tokenizers import load_tokenizer, tokenizer_ref
from nbtransformers.panels.tokenization.pieces import legible
from nbtransformers.panels.tokenization.snapshot import SNAPSHOT_ROWS, tokenization_snapshot
from nbtransformers.progress import Progress
from nbtransformers.request import DataRef, ModelRef, TokenizeRequest
from nbtransformers.results.rows import NOT_DONE
from nbtransformers.results.tokenization import Tokenization
from nbtransformers.results.tokens import CUT, NO_OFFSETS, SPECIAL, UNKNOWN

TEXTS = ["A good film, unbelievable.", None, "", "好的电影。", "a [SEP] b"]


@pytest.fixture(scope="module")
def result() -> Tokenization:
    return nbt.tokenize(TEXTS, model=["minilm", tiny_tokenizer()], max_length=6)


# --- the result ---


def test_tokens_ids_and_offsets_are_one_list_a_row(result: Tokenization) -> None:
    assert len(result) == len(result.tokens) == 5
    assert result.tokens[0] == ["[CLS]", "a", "good", "film", ",", "unbelievable", ".", "[SEP]"]
    assert result.ids[0] == [101, 1037, 2204, 2143, 1010, 23653, 1012, 102]
    assert result.offsets[0] == [(0, 0), (0, 1), (2, 6), (7, 11), (11, 12), (13, 25), (25, 26), (0, 0)]
    assert result.tokens[1:3] == [[], []]
    assert result.tokens[-1] == ["[CLS]", "a", "[SEP]", "b", "[SEP]"]
    assert next(iter(result.tokens)) == result.tokens[0]
    assert result.tokens == [result.tokens[row] for row in range(5)]
    assert result.counts.tolist() == [8, 0, 0, 7, 5]
    with pytest.raises(IndexError):
        _ = result.tokens[5]
    assert repr(result.ids[1:2]) == "[[]]"
    assert repr(result.ids).endswith("(5 rows)")


def test_rows_without_text_have_a_reason(result: Tokenization) -> None:
    assert dict(result.reasons) == {1: "missing", 2: "empty"}
    assert result.done.all()


def test_a_tokenizer_is_had_by_name_or_number(result: Tokenization) -> None:
    assert result["minilm"] is result[0] is result.tokenizers[0]
    assert result[1] is result[-1] is result["TokenizersBackend"]
    with pytest.raises(UserError, match=r"There is no tokenizer minilmm in this result. Did you mean minilm\?"):
        _ = result["minilmm"]
    with pytest.raises(UserError, match="There is no tokenizer 2 in this result"):
        _ = result[2]


def test_the_limit_cuts_and_the_special_tokens_stay(result: Tokenization) -> None:
    flags = result[0].flat.flags[: len(result.ids[0])]
    assert [token for token, flag in zip(result.tokens[0], flags, strict=True) if flag & CUT] == ["unbelievable", "."]
    assert result[0].cut.tolist() == [2, 0, 0, 1, 0]
    assert result.totals().cut_texts == 2
    assert result.totals().cut_tokens == 3
    assert result.notes[0] == "2 texts are longer than 6 tokens: minilm would not read 3 tokens."


def test_a_batch_is_cut_and_padded(result: Tokenization) -> None:
    batch = result.batch()
    assert batch.rows.tolist() == [0, 3, 4]
    assert batch.input_ids.tolist()[0] == [101, 1037, 2204, 2143, 1010, 102]
    assert batch.input_ids.tolist()[2] == [101, 1037, 102, 1038, 102, 0]
    assert batch.attention_mask.tolist() == result.attention_mask.tolist()
    assert batch.attention_mask.sum(axis=1).tolist() == batch.lengths.tolist() == [6, 6, 5]
    assert batch.truncated.tolist() == [True, True, False]
    assert (batch.width, batch.pad_tokens, batch.padding_waste) == (6, 1, pytest.approx(1 / 18))
    assert nbt.tokenize(TEXTS, batch_size=1).batch().rows.tolist() == [0]
    assert nbt.tokenize([None]).batch().input_ids.shape == (0, 0)


def test_a_table_has_one_row_a_token(result: Tokenization) -> None:
    table = nbt.tokenize(pd.Series(TEXTS, index=list("vwxyz"))).to_pandas()
    assert table.columns.tolist() == [
        *("row", "position", "token", "id", "start", "stop", "text", "word"),
        *("special", "added", "unknown", "continues", "cut"),
    ]
    first = table[table["row"] == "v"]
    assert first["token"].tolist() == result.tokens[0]
    assert first["text"].tolist() == ["", "A", "good", "film", ",", "unbelievable", ".", ""]
    assert first["word"].tolist() == [-1, 0, 1, 2, 3, 4, 5, -1]
    assert first["position"].tolist() == list(range(8))
    assert table[table["row"] == "y"]["unknown"].tolist() == [False, True, False, True, True, False, False]
    both = result.to_pandas()
    assert both.columns[0] == "tokenizer"
    assert both["tokenizer"].unique().tolist() == ["minilm", "TokenizersBackend"]
    levels = pd.MultiIndex.from_product([["k"], range(5)])
    assert nbt.tokenize(pd.Series(TEXTS, index=levels)).to_pandas()["row"].iloc[0] == ("k", 0)


def test_tokenizers_are_compared(result: Tokenization) -> None:
    table = result.compare()
    assert table.index.tolist() == ["minilm", "TokenizersBackend"]
    assert table["words"].tolist() == [11, 11]
    totals = result.totals("minilm")
    assert table.loc["minilm", "fertility"] == pytest.approx((totals.tokens - totals.special) / 11)
    assert nbt.tokenize(["👍"]).totals().fertility is None


def test_a_terminal_sees_tokens(result: Tokenization) -> None:
    shown = str(result).splitlines()
    assert shown[0].startswith("minilm: 5 texts · 20 tokens · 11 words · 1.")
    assert any(re.match(r" 0   minilm\s+8   \[CLS\] a good film , ✂ unbelievable \. \[SEP\]", line) for line in shown)
    assert any("(missing)" in line for line in shown)
    assert all(len(line) <= 100 for line in shown)
    wide = str(nbt.tokenize(["word " * 500, "\x1b[31m\u202e"], max_length=9)).splitlines()
    assert all(len(line) <= 100 for line in wide)
    assert "\x1b" not in str(wide)
    assert "…" in str(nbt.tokenize(["x"] * 30))


def test_lengths_are_plotted(result: Tokenization) -> None:
    ax = result.plot()
    assert ax.get_xlabel() == "tokens"
    assert "limit of minilm" in [text.get_text() for text in ax.get_legend().get_texts()]
    nbt.tokenize([None]).plot()


# --- words ---


@pytest.mark.parametrize(
    ("text", "words", "numbered"),
    [
        ("It can't be: 3.5!", 4, 6),
        ("", 0, 0),
        (" \t\n", 0, 0),
        ("你好，世界", 4, 5),
        ("ひらがなカタカナ", 5, 5),
        ("สวัสดีครับ", 7, 7),
        ("كان الفيلم طويلاً", 3, 3),
        ("अच्छी फ़िल्म", 2, 2),
        ("한국어 텍스트", 2, 2),
        ("Cafe\u0301 nai\u0308ve", 2, 2),
        ("👩‍👩‍👧‍👦🎬", 0, 2),
        ("🇩🇪🇫🇷", 0, 2),
        ("a_b x=1", 3, 4),
    ],
)
def test_words_by_unicode_s_boundaries(text: str, words: int, numbered: int) -> None:
    found = words_of([text, "x"])
    assert found.counts.tolist() == [words, 1]
    assert len({number for number in found.numbers[: len(text)].tolist() if number >= 0}) == numbered


@given(st.lists(st.text(), max_size=5))
def test_texts_do_not_disturb_each_other_s_words(texts: list[str]) -> None:
    alone = [int(words_of([text]).counts[0]) for text in texts]
    assert words_of(texts).counts.tolist() == alone


# --- any text, any tokenizer ---

TOKENIZERS: dict[str, Any] = {}


def some_tokenizers() -> dict[str, Any]:
    if not TOKENIZERS:
        TOKENIZERS.update(minilm=load_tokenizer(ModelRef("bundled", "minilm"), {}).tokenizer)
        TOKENIZERS.update(tiny=tiny_tokenizer(), byt5=ByT5Tokenizer())
    return TOKENIZERS


@settings(max_examples=300)
@given(st.lists(st.text(st.characters(categories=None), max_size=40), min_size=1, max_size=4), st.booleans())
def test_any_text_has_sound_tokens(texts: list[str], special_tokens: bool) -> None:
    result = nbt.tokenize(texts, model=list(some_tokenizers().values()), special_tokens=special_tokens, max_length=5)
    str(result)
    result.to_pandas()
    for own in result.tokenizers:
        assert own.rows[-1] == len(own.flat)
        for row, text in enumerate(texts):
            part = slice(int(own.rows[row]), int(own.rows[row + 1]))
            assert (own.flat.stop[part] <= len(text)).all()
            assert (own.flat.start[part] <= own.flat.stop[part]).all()
            known = own.flat.stop[part] > own.flat.start[part]
            flags = own.flat.flags[part]
            assert (known | ((flags & (SPECIAL | NO_OFFSETS)) > 0)).all()
            assert (np.diff(own.flat.start[part][known].astype(int)) >= 0).all()
            assert (own.flat.word[part][~known] == -1).all()
            assert int(((flags & CUT) > 0).sum()) == int(own.cut[row]) == max(0, len(own.ids[row]) - 5)
    assert all(not result.counts[row] for row in result.reasons)


@given(st.text(max_size=30), st.lists(st.none() | st.binary(max_size=4), max_size=10))
def test_places_that_are_found_are_in_the_text_and_in_order(text: str, pieces: list[bytes | None]) -> None:
    spans = aligned(text, pieces)
    known = spans[spans[:, 0] >= 0]
    assert (known[:, 0] < known[:, 1]).all()
    assert (known[:, 1] <= len(text)).all()
    assert (np.diff(known[:, 0]) >= 0).all()


@pytest.mark.parametrize(
    ("text", "pieces", "places"),
    [
        ("Où ça?", ["ou", "ca", "?"], ["Où", "ça", "?"]),
        ("Où ça ☃?", ["ou", "ca", None, "?"], ["Où", "ça", "☃", "?"]),
        ("ﬁne", ["fi", "ne"], ["ﬁ", "ne"]),
        ("Cafe\u0301 x", ["Caf\u00e9", " x"], ["Cafe\u0301", " x"]),
        ("a b", ["a", "zzz", "b"], ["a", None, "b"]),
        ("a\x07b", ["a", "b"], ["a", "b"]),
        ("ab", ["b"], ["ab"]),
        ("word", [" ", "word"], [None, "word"]),
    ],
)
def test_where_tokens_stand(text: str, pieces: list[str | None], places: list[str | None]) -> None:
    spans = aligned(text, [None if piece is None else piece.encode() for piece in pieces])
    found = [text[start:stop] if start >= 0 else None for start, stop in spans.tolist()]
    assert found == places


# --- loading ---


def test_a_folder_need_hold_nothing_but_a_tokenizer(tmp_path: Path) -> None:
    tiny_tokenizer(model_max_length=7).save_pretrained(tmp_path / "only")
    result = nbt.tokenize("good film " * 5, model=tmp_path / "only")
    assert result[0].name == "only"
    assert result[0].limit == 7


def test_a_tokenizer_is_loaded_once_and_freed_with_the_models(tmp_path: Path) -> None:
    tiny_tokenizer().save_pretrained(tmp_path)
    ref, objects = tokenizer_ref(tmp_path)
    first = load_tokenizer(ref, objects)
    again = load_tokenizer(ref, objects)
    assert again.tokenizer is first.tokenizer
    assert first.load_seconds > again.load_seconds == 0
    REGISTRY.clear()
    assert load_tokenizer(ref, objects).tokenizer is not first.tokenizer


def test_tokenizers_of_every_kind_of_object(models: Path) -> None:
    from transformers import AutoModel, AutoTokenizer, pipeline

    own = AutoTokenizer.from_pretrained(models / "tiny")
    model = AutoModel.from_pretrained(models / "tiny")
    classifier = pipeline("text-classification", model=str(models / "tiny"))
    bare = own.backend_tokenizer
    texts = ["a good film"]
    expected = own(texts)["input_ids"]
    for given_ in (own, bare, (model, own), classifier, model, str(models / "tiny"), models / "tiny"):
        assert list(nbt.tokenize(texts, model=given_).ids) == expected, given_
    assert nbt.tokenize(texts, model=model)[0].limit == 32
    both = nbt.tokenize(texts, model=[own, own.__class__.from_pretrained(models / "tiny")])
    assert [tokens.name for tokens in both.tokenizers] == ["tiny", "tiny (2)"]


def test_the_user_s_tokenizer_is_left_as_it_was() -> None:
    own = tiny_tokenizer(truncation_side="left", padding_side="left")
    nbt.tokenize(["a good film"], model=own, max_length=3)
    assert own("a good film")["input_ids"] == tiny_tokenizer()("a good film")["input_ids"]
    assert (own.truncation_side, own.padding_side) == ("left", "left")


def test_spelling_of_byte_level_pieces() -> None:
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers

    made = Tokenizer(models.BPE({"Ġthe": 0, "å¥½": 1, "å¥": 2, "☃": 3}, []))
    made.pre_tokenizer, made.decoder = pre_tokenizers.ByteLevel(), decoders.ByteLevel()
    pieces = Pieces(PreTrainedTokenizerFast(tokenizer_object=made))
    found = [pieces.bytes_of(number, piece) for number, piece in enumerate(pieces.spelled([0, 1, 2, 3]))]
    assert found == [b" the", "好".encode(), b"\xe5\xa5", "☃".encode()]
    assert pieces.spelled([99, -1]) == ["", ""]


@pytest.mark.parametrize(
    ("piece", "data", "shown"),
    [
        ("Ġthe", b" the", "Ġthe"),
        ("å¥½", "好".encode(), "好"),
        ("å¥", b"\xe5\xa5", "⟨e5 a5⟩"),
        ("##ing", b"ing", "##ing"),
        ("[CLS]", b"", "[CLS]"),
        ("Ċ", b"\n", "⏎"),
        ("▁", b" ", "␣"),
    ],
)
def test_a_token_can_be_read(piece: str, data: bytes, shown: str) -> None:
    assert legible(piece, data.hex()) == shown


# --- the run ---


def test_progress_is_told() -> None:
    seen: list[Progress] = []
    texts = ["a good film"] * 5_000
    engine(TokenizeRequest(DataRef("variable", "x")), {"x": texts}, seen.append)
    assert seen[-1].done == seen[-1].total == 5_000
    assert seen[-1].tokens_per_s
    assert seen[0].stage == "loading"


def test_an_interrupt_keeps_what_is_finished() -> None:
    texts = ["a good film"] * 60_000  # progress is told at most ten times a second
    seen: list[int] = []

    def interrupt(progress: Progress) -> None:
        seen.append(progress.done)
        if progress.done >= 4_000:
            signal.raise_signal(signal.SIGINT)

    result = engine(TokenizeRequest(DataRef("variable", "x")), {"x": texts}, interrupt)
    done = int(result.done.sum())
    assert 0 < done < 60_000
    assert len(result) == 60_000
    assert result.read_to_end
    assert result.reasons.rows(NOT_DONE).tolist() == list(range(done, 60_000))
    assert (result.counts > 0).tolist() == result.done.tolist()
    assert result.notes[0].startswith(f"Interrupted: {done:,} of 60,000 texts are done.")
    whole = engine(TokenizeRequest(DataRef("variable", "x")), {"x": texts})
    assert result[0].flat.ids.tolist() == whole[0].flat.ids[: len(result[0].flat)].tolist()


def test_windows_and_chunks_make_one_result() -> None:
    texts = [f"film {number} " * (number % 7) for number in range(4_500)]
    result = nbt.tokenize(texts)
    some = [0, 1, 2, 1_999, 2_000, 2_001, 4_499]
    assert [result.tokens[row] for row in some] == [nbt.tokenize([texts[row]]).tokens[0] for row in some]
    assert result.words.tolist() == words_of(texts).counts.tolist()


def test_what_the_tokenizer_fails_on_does_not_spoil_the_others() -> None:
    class Failing(ByT5Tokenizer):
        def _tokenize(self, text: str) -> list[str]:
            if "bad" in text:
                raise ValueError("no bad\nwords")
            return super()._tokenize(text)

    result = nbt.tokenize(["ok", "bad", "fine"], model=[Failing(), "minilm"])
    assert dict(result.reasons) == {1: "the tokenizer failed: ValueError: no bad"}
    assert [len(result["minilm"].tokens[row]) for row in range(3)] == [3, 0, 3]
    with pytest.raises(UserError, match=r"The tokenizer fails on these texts: ValueError: no bad\. Call it on one"):
        nbt.tokenize(["bad"], model=Failing())


# --- the snapshot ---


def everywhere(text: str) -> Tokenization:
    """A result that has this text wherever a result has text."""
    rows = [[token(text, 0, 1, bytes="", word=0), token(text + "x", 0, 1, id=1, bytes="", word=0, flags=UNKNOWN)], []]
    own = [tokens(name, rows, pad_token=text, model=text) for name in (text, text + "2")]
    return tokenization([text, text], own, reasons={1: text}, index=[text, text], notes=[text])


def skeleton(html: str) -> list[tuple[str, dict[str, Any]]]:
    html = re.sub('dir="(rtl|ltr)"', 'dir="of text"', html)
    return [(element.name, dict(element.attrs)) for element in BeautifulSoup(html, "html.parser").find_all()]


@pytest.mark.parametrize("text", INJECTIONS)
def test_no_element_or_attribute_comes_from_the_data(text: str) -> None:
    html = tokenization_snapshot("id", everywhere(text))
    assert skeleton(html) == skeleton(tokenization_snapshot("id", everywhere("harmless")))
    html.encode("utf-8")


def test_the_snapshot_needs_no_script_and_fetches_nothing() -> None:
    found = skeleton(tokenization_snapshot("id", everywhere("x")))
    assert {name for name, _ in found} <= {
        *("style", "div", "p", "strong", "em", "span", "table", "thead", "tbody", "tr", "th", "td")
    }
    assert {attribute for _, attributes in found for attribute in attributes} <= {"style", "class", "dir", "role"}


def test_the_snapshot_shows_tokens_ids_the_cut_and_the_batch(result: Tokenization) -> None:
    html = tokenization_snapshot("id", result)
    words = [line.strip() for line in BeautifulSoup(html, "html.parser").get_text("\n").split("\n") if line.strip()]
    assert words[0] == "minilm, TokenizersBackend"
    for wanted in ("unbelievable", "23653", "✂ limit 6", "missing", "11", "WordPiece", "30,522"):
        assert wanted in words, wanted
    assert (
        "minilm: a batch of the first 3 texts is 3 × 6 tokens, 5.6% of them padding; "
        "padded on the right with [PAD]." in words
    )


def test_the_snapshot_is_bounded() -> None:
    many = nbt.tokenize(["word " * 2_000] * 200, model=["minilm", tiny_tokenizer()])
    html = tokenization_snapshot("id", many)
    assert len(html) < 700_000
    assert f"… {200 - SNAPSHOT_ROWS} more rows." in html
    assert "more tokens" in html
    assert "No texts." in tokenization_snapshot("id", tokenization([], [tokens("x", [])]))


def test_a_text_from_right_to_left_is_laid_out_so() -> None:
    html = tokenization_snapshot("id", nbt.tokenize(["كان الفيلم", "a film"]))
    assert re.findall('<div dir="(rtl|ltr)"><span', html)[-2:] == ["rtl", "ltr"]
