"""Tokens against the tokenizers' own: fourteen of them, on real text in eight scripts and on what they stumble over."""

from __future__ import annotations

import unicodedata
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import trained
from transformers import AutoTokenizer

import nbtransformers as nbt
from nbtransformers.results.tokenization import Tokenization
from nbtransformers.results.tokens import ADDED, CUT, NO_OFFSETS, SPECIAL, UNKNOWN

TEXTS = trained.texts()
FAST = ("minilm", *trained.FAST, *trained.FROM_SENTENCEPIECE)
SLOW = tuple(trained.SLOW)


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for each tokenizer, with nothing in it but the tokenizer."""
    folder = tmp_path_factory.mktemp("tokenizers")
    for name, tokenizer in trained.made(tmp_path_factory.mktemp("sentencepiece")):
        tokenizer.save_pretrained(folder / name)
    return folder


@pytest.fixture(scope="module")
def results(folders: Path) -> Tokenization:
    """What we make of all texts with all tokenizers, in one call."""
    return nbt.tokenize(TEXTS, model=[folders / name for name in (*FAST, *SLOW)])


@pytest.fixture
def plain(folders: Path, request: pytest.FixtureRequest) -> Any:
    """The same tokenizer, loaded by plain Transformers."""
    return own(folders, request.getfixturevalue("name"))


@cache
def own(folders: Path, name: str) -> Any:
    if name in SLOW:  # without a config.json Transformers does not find its class
        return trained.SLOW_CLASSES[name].from_pretrained(folders / name)
    return AutoTokenizer.from_pretrained(folders / name)


# --- fast ones: their own numbers, tokens and offsets ---


@pytest.mark.parametrize("name", FAST)
def test_ids_tokens_and_offsets_are_the_tokenizer_s_own(results: Tokenization, name: str, plain: Any) -> None:
    ours = results[name]
    assert ours.fast
    plain.backend_tokenizer.no_truncation()
    plain.backend_tokenizer.no_padding()
    for row, text in enumerate(TEXTS):
        theirs = plain.backend_tokenizer.encode(text)
        assert ours.ids[row] == theirs.ids, text
        assert ours.offsets[row] == theirs.offsets, text
        assert ours.tokens[row] == [plain.backend_tokenizer.id_to_token(number) for number in theirs.ids], text
        # Its own list of tokens writes out what is not known; else it says the same.
        known = [number for number, token in enumerate(ours.tokens[row]) if token != plain.unk_token]
        assert [ours.tokens[row][number] for number in known] == [theirs.tokens[number] for number in known], text


@pytest.mark.parametrize("name", (*FAST, *SLOW))
def test_what_is_cut_and_what_is_not(results: Tokenization, name: str, plain: Any) -> None:
    ours = results[name]
    assert ours.limit == (plain.model_max_length if plain.model_max_length < 10**6 else 0)
    for row, text in enumerate(TEXTS):
        limit = {"truncation": True, "max_length": ours.limit} if ours.limit else {}
        kept = np.array(ours.ids[row])[(flags(ours, row) & CUT) == 0].tolist()
        theirs = plain(text, **limit)["input_ids"]
        assert kept == theirs, text
        assert len(ours.ids[row]) - int(ours.cut[row]) == len(theirs)


@pytest.mark.parametrize("name", ["minilm", "wordpiece", "roberta", "llama3", "unigram", "t5"])
def test_a_batch_is_what_the_tokenizer_pads(results: Tokenization, name: str, plain: Any) -> None:
    batch = results.batch(name)
    limit = {"max_length": results[name].limit} if results[name].limit else {}
    theirs = plain(TEXTS[:32], padding=True, truncation=bool(limit), **limit)
    assert batch.input_ids.tolist() == theirs["input_ids"]
    assert batch.attention_mask.tolist() == theirs["attention_mask"]
    assert (batch.pad_token, batch.padding_side) == (plain.pad_token, plain.padding_side)
    masked = np.array(theirs["attention_mask"])
    assert batch.padding_waste == pytest.approx(1 - masked.mean())


@pytest.mark.parametrize("name", FAST)
def test_flags_are_what_the_tokenizer_says(results: Tokenization, name: str, plain: Any) -> None:
    ours = results[name]
    for row, text in enumerate(TEXTS):
        theirs = plain(text, return_special_tokens_mask=True)
        around = np.array(theirs["special_tokens_mask"], dtype=bool)
        special = (flags(ours, row) & SPECIAL) > 0
        assert special[around].all(), text
        inside = {token for token, flag in zip(ours.tokens[row], special & ~around, strict=True) if flag}
        assert inside <= set(plain.all_special_tokens), text
        unknown = [token for token, flag in zip(ours.tokens[row], flags(ours, row), strict=True) if flag & UNKNOWN]
        assert set(unknown) <= {plain.unk_token}
        assert ("[UNK]" in ours.tokens[row] or "<unk>" in ours.tokens[row]) == bool(unknown)


# --- bytes ---


@pytest.mark.parametrize("name", ["gpt2", "llama3", "byt5"])
def test_the_bytes_of_a_byte_level_tokenizer_are_those_of_the_text(results: Tokenization, name: str) -> None:
    for row, text in enumerate(TEXTS):
        assert joined(results, name, row).decode() == text or "[SEP]" in text or "<unk>" in text or "<s>" in text


@pytest.mark.parametrize("name", ["llama2", "llama-sp"])
def test_bytes_that_are_fallen_back_on_are_those_of_the_text(results: Tokenization, name: str) -> None:
    for row, text in enumerate(TEXTS):
        if "<" not in text and "▁" not in text:
            assert joined(results, name, row).decode() in (text, f" {text}")


@pytest.mark.parametrize("name", ["wordpiece", "clip", "wordlevel", "unigram", "t5", "canine", "slow-sp", "minilm"])
def test_the_bytes_of_a_token_are_what_stands_in_the_text(results: Tokenization, name: str) -> None:
    """Up to case, accents and compatible forms, which tokenizers may change."""
    tokens = results[name]
    for row, text in enumerate(trained.SENTENCES.values()):
        pieces = tokens.spelling.places(np.array(tokens.ids[row], dtype=np.int32)).tolist()
        for piece, (start, stop), flag in zip(pieces, tokens.offsets[row], flags(tokens, row).tolist(), strict=True):
            data = bytes.fromhex(tokens.spelling.bytes[piece] or "")
            if flag & (SPECIAL | UNKNOWN | NO_OFFSETS) or not data.strip():
                continue
            ours, theirs = bare(data.decode()), bare(text[start:stop])
            # NFD takes Hangul apart: such a token is one letter of the syllable that it stands in.
            assert ours == theirs or (ours in theirs and stop == start + 1), (text[start:stop], data)


def joined(result: Tokenization, name: str, row: int) -> bytes:
    tokens = result[name]
    pieces = tokens.spelling.places(np.array(tokens.ids[row], dtype=np.int32)).tolist()
    return b"".join(bytes.fromhex(tokens.spelling.bytes[piece] or "") for piece in pieces)


def bare(text: str) -> str:
    apart = unicodedata.normalize("NFKD", text).lower()
    return "".join(letter for letter in apart if not unicodedata.category(letter).startswith("M")).strip()


def flags(tokens: Any, row: int) -> Any:
    return tokens.flat.flags[int(tokens.rows[row]) : int(tokens.rows[row + 1])]


# --- slow ones: numbers are their own, places are found ---


@pytest.mark.parametrize("name", SLOW)
def test_a_slow_tokenizer_s_numbers_are_its_own(results: Tokenization, name: str, plain: Any) -> None:
    ours = results[name]
    assert not ours.fast
    for row, text in enumerate(TEXTS):
        assert ours.ids[row] == plain(text)["input_ids"], text
        assert ours.tokens[row] == plain.convert_ids_to_tokens(ours.ids[row]), text


def test_places_that_are_found_are_those_of_sentencepiece(results: Tokenization, folders: Path) -> None:
    """SentencePiece itself knows where its pieces stand: an oracle that the alignment never sees."""
    model = own(folders, "slow-sp").sp_model
    found = wanted = 0
    for row, text in enumerate(TEXTS):
        ours = results["slow-sp"]
        theirs = model.encode(text, out_type="proto").pieces
        if len(theirs) != len(ours.ids[row]):
            continue  # special tokens that the text speaks of are cut out before SentencePiece sees it
        for (start, stop), flag, piece in zip(ours.offsets[row], flags(ours, row).tolist(), theirs, strict=True):
            if not piece.surface.strip() or not piece.surface.strip().isprintable():
                continue
            wanted += 1
            if flag & NO_OFFSETS:
                continue
            found += 1
            assert text[start:stop].strip() == piece.surface.strip(), (text, piece.piece)
    assert found > 0.99 * wanted > 1_000


@pytest.mark.parametrize("name", ["byt5", "canine"])
def test_every_character_of_a_slow_tokenizer_is_found(results: Tokenization, name: str) -> None:
    ours = results[name]
    for row, text in enumerate(TEXTS):
        if row < len(trained.SENTENCES):
            inner = [span for span, flag in zip(ours.offsets[row], flags(ours, row), strict=True) if not flag & SPECIAL]
            widths = [len(letter.encode()) if name == "byt5" else 1 for letter in text]
            expected = [(at, at + 1) for at, width in enumerate(widths) for _ in range(width)]
            assert inner == expected


# --- words ---


@pytest.mark.parametrize("name", FAST)
def test_tokens_are_of_the_words_they_stand_in(results: Tokenization, name: str) -> None:
    """Words parted by spaces: a token and the space-parted word that it begins in go together."""
    tokens = results[name]
    for row, text in enumerate(trained.SENTENCES.values()):
        if row in (3, 4, 8):  # Chinese, Japanese, Thai: no spaces
            continue
        word = tokens.flat.word[int(tokens.rows[row]) : int(tokens.rows[row + 1])].tolist()
        seen: dict[int, int] = {}
        for (start, stop), number in zip(tokens.offsets[row], word, strict=True):
            ink = next((at for at in range(start, stop) if not text[at].isspace()), None)
            if number < 0 or ink is None:
                continue
            chunk = text[:ink].count(" ")
            assert seen.setdefault(number, chunk) == chunk, "one word is in one chunk between spaces"
        assert sorted(seen) == list(seen), "and words come in order"


def test_words_are_counted_alike_for_every_tokenizer(results: Tokenization) -> None:
    assert results.compare()["words"].nunique() == 1
    counted = dict(zip(trained.SENTENCES, results.words.tolist(), strict=False))
    assert counted["en"] == len(trained.SENTENCES["en"].split())
    assert counted["ru"] == len(trained.SENTENCES["ru"].split())
    assert counted["ar"] == len(trained.SENTENCES["ar"].split())
    assert counted["ko"] == len(trained.SENTENCES["ko"].split())
    assert counted["hi"] == len(trained.SENTENCES["hi"].replace("।", "").split())
    assert counted["zh"] == sum(letter.isalpha() for letter in trained.SENTENCES["zh"])
    assert 30 < counted["th"] < len(trained.SENTENCES["th"])


def test_added_tokens_are_flagged(results: Tokenization) -> None:
    row = TEXTS.index("[SEP] in the text, <s> and </s>, <unk> and ▁ too")
    tokens = results["wordpiece"]
    assert flags(tokens, row)[1] & (SPECIAL | ADDED) == SPECIAL | ADDED
    assert tokens.offsets[row][1] == (0, 5)
