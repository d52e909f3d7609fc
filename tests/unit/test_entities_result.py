"""Entities: what the result gives, how others get it, what the engine keeps, and what the snapshot shows."""

from __future__ import annotations

import re
import sys
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from browser.tagger import tagger as names
from bs4 import BeautifulSoup
from entitied import entities
from helpers import bert_config
from helpers import tokenizer as tiny_tokenizer
from hypothesis import given, settings
from hypothesis import strategies as st
from payloads import PAYLOADS as INJECTIONS
from seqeval.metrics.sequence_labeling import get_entities
from taggers import BIO, save_tagger
from transformers import AutoModelForTokenClassification, AutoTokenizer

import nbtransformers as nbt
from nbtransformers.engine.tokenwindows import windows
from nbtransformers.errors import UserError
from nbtransformers.panels.tagging.snapshot import SNAPSHOT_ROWS, entities_snapshot
from nbtransformers.request import DataRef, EntitiesRequest, ModelRef, RunOptions
from nbtransformers.results.entities import Entities, Span
from nbtransformers.results.entitydocs import labelled_words
from nbtransformers.results.rows import NOT_DONE

TEXTS = ["Ada Lovelace met Charles in London.", None, "李娜在北京 👩‍👩‍👧‍👦", "Nothing."]
FOUND = [
    [(0, 12, "PER", 0.9375), (17, 24, "PER", 0.75), (28, 34, "LOC", 0.875)],
    [],
    [(0, 2, "PER", 0.5), (3, 5, "LOC", 0.625)],
    [],
]


@pytest.fixture(scope="module")
def result() -> Entities:
    return entities(TEXTS, FOUND, index=["a", "b", "c", "d"], notes=["A note."])


# --- the result ---


def test_spans_are_one_list_a_row(result: Entities) -> None:
    assert result.spans[0] == [
        Span(0, 12, "PER", 0.9375, "Ada Lovelace"),
        Span(17, 24, "PER", 0.75, "Charles"),
        Span(28, 34, "LOC", 0.875, "London"),
    ]
    assert [span.text for span in result.spans[2]] == ["李娜", "北京"]
    assert result.spans[1] == result.spans[-1] == []
    assert result.totals == {"PER": 3, "LOC": 2}


def test_a_table_has_one_row_an_entity(result: Entities) -> None:
    frame = result.to_pandas()
    assert list(frame.columns) == ["row", "start", "end", "label", "score", "text"]
    assert frame.values.tolist()[-1] == ["c", 3, 5, "LOC", 0.625, "北京"]
    assert result.to_pandas([2, 0]).row.tolist() == ["c", "c", "a", "a", "a"]
    empty = entities(["x"], [[]]).to_pandas()
    assert (len(empty), list(empty.columns)) == (0, list(frame.columns))


@pytest.mark.parametrize("most", [1, 2, 100])
def test_a_table_in_stretches_is_the_same(result: Entities, most: int) -> None:
    table = result.table(None, most)
    stretches = list(table.stretches)
    assert all(len(stretch) <= most for stretch in stretches)
    pd.testing.assert_frame_equal(pd.concat(stretches, ignore_index=True), result.to_pandas())


def test_levels_of_an_index_are_one_column() -> None:
    index = pd.MultiIndex.from_product([["k"], [1, 2]])
    frame = entities(["Ada", "Ada"], [[], [(0, 3, "PER", 0.5)]], index=index).to_pandas()
    assert frame.row.tolist() == [("k", 2)]


def test_files_hold_the_table(result: Entities, tmp_path: Path) -> None:
    assert result.to_parquet(tmp_path / "found.parquet").rows == 5
    read = pd.read_parquet(tmp_path / "found.parquet")
    assert read.values.tolist() == result.to_pandas().values.tolist()
    result.to_csv(tmp_path / "found.csv")
    assert pd.read_csv(tmp_path / "found.csv").text.tolist() == result.to_pandas().text.tolist()


def test_tokens_have_their_own_labels(result: Entities) -> None:
    frame = result.tokens_of(0)
    assert frame.token.tolist() == ["Ada", "Lovelace", "met", "Charles", "in", "London", "."]
    assert frame.label.tolist() == ["B-PER", "I-PER", "O", "B-PER", "O", "B-LOC", "O"]
    assert frame.end.tolist()[:2] == [3, 12]
    with pytest.raises(UserError, match=r"There is no row 99 in this result\. It has 4 rows, from 0\."):
        result.tokens_of(99)


def test_a_terminal_shows_marks_totals_and_notes(result: Entities) -> None:
    text = str(result)
    assert "a-model: 4 texts · 5 entities · PER 3 · LOC 2" in text
    assert "[Ada Lovelace PER] met [Charles PER] in [London LOC]." in text
    assert "(missing)" in text
    assert "Note: A note." in text
    hostile = str(entities(["\x1b[31mAda\x07"], [[(5, 8, "\x1b[0m", 0.5)]], types=["\x1b[0m"]))
    assert "\x1b" not in hostile


def test_a_figure_has_a_bar_a_type() -> None:
    ax = entities(["Ada"], [[(0, 3, "$x$", 0.5)]], types=["$x$", "LOC"]).plot()
    assert [text.get_text() for text in ax.get_yticklabels()] == ["$x$", "LOC"]
    assert [bar.get_width() for bar in ax.patches] == [1, 0]


# --- as others have them ---


def test_displacy_draws_them(result: Entities) -> None:
    from spacy import displacy

    given = result.to_displacy()
    assert given[0]["ents"][0] == {"start": 0, "end": 12, "label": "PER"}
    html = displacy.render(given, style="ent", manual=True, jupyter=False)
    drawn = [mark.get_text(" ", strip=True) for mark in BeautifulSoup(html, "html.parser").find_all("mark")]
    assert drawn == ["Ada Lovelace PER", "Charles PER", "London LOC", "李娜 PER", "北京 LOC"]


def test_spacy_documents_have_the_texts_and_the_entities(result: Entities) -> None:
    import spacy

    for nlp in (None, spacy.blank("en"), spacy.blank("zh")):
        docs = result.to_spacy(nlp)
        assert [doc.text for doc in docs] == [text or "" for text in TEXTS]
        own = [[(ent.start_char, ent.end_char, ent.label_) for ent in doc.ents] for doc in docs]
        assert own == [[found[:3] for found in spans] for spans in FOUND]


@settings(max_examples=60, deadline=None)
@given(st.text(st.sampled_from("ab \t\n.,北é\u0301👩\u200d\ud83c"), max_size=20), st.data())
def test_any_span_is_an_entity_of_a_document(text: str, data: st.DataObject) -> None:
    ends = sorted(data.draw(st.sets(st.integers(0, len(text)), max_size=6)))
    spans = [
        (start, stop, "PER", 0.5)
        for start, stop in zip(ends[::2], ends[1::2], strict=False)
        if text[start:stop] == text[start:stop].strip()
    ]
    (doc,) = entities([text], [spans]).to_spacy()
    assert len(doc.text) == len(text)
    assert [(ent.start_char, ent.end_char) for ent in doc.ents] == [span[:2] for span in spans]


def test_without_spacy_it_is_said(result: Entities, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "spacy", None)
    with pytest.raises(UserError) as caught:
        result.to_spacy()
    assert str(caught.value) == "spaCy is not installed. Type `%pip install spacy`."


def test_conll_is_read_back_by_seqeval(result: Entities, tmp_path: Path) -> None:
    written = result.to_conll(tmp_path / "found.conll")
    assert written.rows == 7 + 12 + 2
    sentences = (tmp_path / "found.conll").read_text(encoding="utf-8").strip().split("\n\n")
    assert len(sentences) == 3
    words, labels = zip(*(line.split("\t") for line in sentences[0].splitlines()), strict=True)
    assert words == ("Ada", "Lovelace", "met", "Charles", "in", "London", ".")
    assert get_entities(list(labels)) == [("PER", 0, 1), ("PER", 3, 3), ("LOC", 5, 5)]
    with pytest.raises(UserError, match=r"found\.conll is there already"):
        result.to_conll(tmp_path / "found.conll")
    result.to_conll(tmp_path / "found.conll", overwrite=True)
    assert [path.name for path in tmp_path.iterdir()] == ["found.conll"]


# --- the engine ---


@pytest.fixture(scope="module")
def tagger(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_tagger(tmp_path_factory.mktemp("tagger"), max_position_embeddings=64)


def test_rows_keep_their_place_and_their_index(tagger: Path) -> None:
    series = pd.Series(["Ada in London", None, "", 3, "Paris"], index=list("vwxyz"))
    result = nbt.entities(series, model=tagger)
    assert dict(result.reasons) == {1: "missing", 2: "empty", 3: "not text (int)"}
    assert result.found.counts[0] > 0
    assert set(result.to_pandas().row) <= {"v", "z"}
    assert result.done.all()
    assert result.tokens[1:4].tolist() == [0, 0, 0]


def test_words_of_conll_are_those_of_the_tokenizer(tagger: Path) -> None:
    result = nbt.entities(["Ada's  unbelievable\u00a0Café,北京"], model=tagger)
    words = [word for word, _ in labelled_words(result, 0)]
    assert words == ["Ada", "'", "s", "unbelievable", "Café", ",", "北", "京"]


def test_only_some_are_kept() -> None:
    texts = ["Ada Lovelace met Charles in London, and wrote to Reuters.", "Paris"]
    known = names()
    everything = nbt.entities(texts, model=known)
    assert everything.totals == {"PER": 2, "LOC": 2, "ORG": 1}
    middle = float(everything.to_pandas().score.median())
    some = nbt.entities(texts, model=known, labels="PER, LOC", threshold=middle)
    kept = everything.to_pandas().query("label != 'ORG' and score >= @middle")
    assert 0 < len(kept) < 4
    pd.testing.assert_frame_equal(some.to_pandas(), kept.reset_index(drop=True))
    with pytest.raises(UserError) as caught:
        nbt.entities(texts, model=known, labels=["PERS"])
    assert str(caught.value) == "model has no label PERS. Did you mean PER?"


def test_labels_without_an_outside_are_told(tmp_path: Path) -> None:
    folder = save_tagger(tmp_path, labels=["NOUN", "VERB"])
    result = nbt.entities(["Dogs bark."], model=folder)
    assert [span.text for span in result.spans[0]] == ["Dogs", "bark", "."]
    (note,) = result.notes
    assert note.endswith("has no label for words outside of entities: every word is an entity of its own.")


def test_a_model_that_gives_more_than_its_labels_is_told(tagger: Path) -> None:
    model = AutoModelForTokenClassification.from_pretrained(tagger)
    model.config.num_labels = 3
    model.config.id2label = dict(enumerate(BIO[:3]))
    with pytest.raises(UserError, match="gives 5 scores a token, but its configuration has 3 labels"):
        nbt.entities(["Ada"], model=(model, AutoTokenizer.from_pretrained(tagger)))


def test_a_row_without_finite_scores_has_a_reason(tagger: Path) -> None:
    import torch

    model = AutoModelForTokenClassification.from_pretrained(tagger)
    tokenizer = AutoTokenizer.from_pretrained(tagger)
    with torch.no_grad():
        model.bert.embeddings.word_embeddings.weight[tokenizer.convert_tokens_to_ids("paris")] = float("nan")
    result = nbt.entities(["Ada in London", "Ada in Paris"], model=(model, tokenizer), batch_tokens=1)
    assert dict(result.reasons) == {1: "the model gave no finite score"}
    assert result.tagged.counts.tolist() == [3, 0]


def test_a_text_without_a_token_has_no_entities() -> None:
    """A model that expects nothing around a text, and a text of which its tokenizer makes nothing."""
    import torch
    from tokenizers import normalizers
    from transformers import BertForTokenClassification, PreTrainedTokenizerFast

    backend = tiny_tokenizer().backend_tokenizer
    backend.normalizer, backend.post_processor = normalizers.Replace("☃", ""), None
    bare = PreTrainedTokenizerFast(tokenizer_object=backend, pad_token="[PAD]", unk_token="[UNK]")
    torch.manual_seed(0)
    model = BertForTokenClassification(bert_config(BIO)).eval()
    result = nbt.entities(["☃", "a joy"], model=(model, bare))
    assert result.done.all()
    assert result.spans[0] == []
    assert result.tagged.counts.tolist() == [0, 2]


def test_what_is_left_is_finished_by_resume(tagger: Path) -> None:
    import os
    import signal

    texts = [f"Ada {row} met Charles in London" + " and Paris" * (row % 5) for row in range(300)]
    model, tokenizer = AutoModelForTokenClassification.from_pretrained(tagger), AutoTokenizer.from_pretrained(tagger)
    calls = 0
    forward = model.forward

    def counted(*args: Any, **kwargs: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == 5:
            os.kill(os.getpid(), signal.SIGINT)
        return forward(*args, **kwargs)

    model.forward = counted
    begun = nbt.entities(texts, model=(model, tokenizer), batch_tokens=64, threads=1)
    assert 0 < begun.done.sum() < len(texts)
    assert set(begun.reasons.values()) == {NOT_DONE}
    assert "nbt.resume(result)" in begun.notes[0]
    whole = nbt.resume(begun, model=(model, tokenizer))
    expected = nbt.entities(texts, model=tagger)
    pd.testing.assert_frame_equal(whole.to_pandas(), expected.to_pandas(), check_exact=False, atol=1e-5)
    assert whole.tagged.counts.tolist() == expected.tagged.counts.tolist()
    assert whole.spelling.pieces_of(whole.tagged.flat["id"]) == expected.spelling.pieces_of(expected.tagged.flat["id"])


@given(number=st.integers(1, 3_000), room=st.integers(2, 200), share=st.floats(0, 0.49))
def test_windows_cover_every_token_once(number: int, room: int, share: float) -> None:
    overlap = int(room * share)
    made = windows(number, room, overlap)
    assert made[0].start == made[0].first == 0
    assert made[-1].stop == made[-1].last == number
    assert all(window.stop - window.start <= room for window in made)
    for before, behind in pairwise(made):
        assert before.last == behind.first
        assert before.stop - behind.start >= overlap - 1
        # A token is taken from the window that has more around it.
        assert abs((before.stop - before.last) - (behind.first - behind.start)) <= 1


# --- the request ---


def test_a_request_is_written_and_read_back() -> None:
    asked = EntitiesRequest(
        DataRef("lines", "Ada \ud83c"), ModelRef("hub", "a/b"), aggregation="max", threshold=0.5, labels=("PER",)
    )
    assert EntitiesRequest.from_json(asked.to_json()) == asked
    assert asked.run == RunOptions(long="window")


# --- the snapshot ---


def skeleton(html: str) -> list[tuple[str, dict[str, Any]]]:
    html = re.sub("#[0-9a-f]{6}", "#colour", html)
    return [(element.name, dict(element.attrs)) for element in BeautifulSoup(html, "html.parser").find_all()]


def everywhere(text: str) -> Entities:
    return entities(
        [f"{text}{text}", None], [[(0, len(text), text, 0.5)], []], types=[text], index=[text, "b"], notes=[text]
    )


@pytest.mark.parametrize("text", [text for text in INJECTIONS if len(text) < 300 and text])
def test_no_element_or_attribute_comes_from_the_data(text: str) -> None:
    html = entities_snapshot("id", everywhere(text))
    assert skeleton(html) == skeleton(entities_snapshot("id", everywhere("harmless")))
    html.encode("utf-8")


def test_the_snapshot_marks_entities_and_counts_them(result: Entities) -> None:
    page = BeautifulSoup(entities_snapshot("id", result), "html.parser")
    rows = [[cell.get_text() for cell in row.find_all("td")] for row in page.find("tbody").find_all("tr")]
    assert rows[0] == ["a", "Ada Lovelace PER met Charles PER in London LOC."]
    assert rows[1] == ["b", "missing "]
    assert rows[2][1] == "李娜 PER在北京 LOC 👩‍👩‍👧‍👦"
    words = page.get_text("\n").split("\n")
    assert "4 texts · 5 entities · 400 ms · cpu" in words
    assert [word for word in words if word.strip() in ("3", "2")] == [" 3", " 2"]
    assert "⚠ A note." in words


def test_a_long_text_is_cut_between_entities() -> None:
    text = "Ada " * 400
    spans = [(at, at + 3, "PER", 0.5) for at in range(0, 1600, 4)]
    many = entities([text] * (SNAPSHOT_ROWS + 1), [spans] * (SNAPSHOT_ROWS + 1))
    page = BeautifulSoup(entities_snapshot("id", many), "html.parser")
    rows = page.find("tbody").find_all("tr")
    assert len(rows) == SNAPSHOT_ROWS
    assert len(rows[0].find_all("bdi")) == 2 * 150
    assert rows[0].get_text().endswith("…")
    assert "… 1 more row." in page.get_text()


def test_nothing_found_and_no_texts_are_shown() -> None:
    assert "0 entities" in entities_snapshot("id", entities(["x"], [[]]))
    assert "No texts." in entities_snapshot("id", entities([], []))
    assert "0 texts" in str(entities([], []))
    assert np.array_equal(entities([], []).done, np.empty(0, dtype=bool))
