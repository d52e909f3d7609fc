"""Files become rows, whatever they are encoded in and however they are made; a broken row is a row with a reason."""

from __future__ import annotations

import bz2
import csv
import gzip
import io
import json
import lzma
import os
import re
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest.mock import ANY

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nbtransformers.errors import UserError
from nbtransformers.inputs import delimited, text_file
from nbtransformers.inputs.rows import Rows, read
from nbtransformers.request import DataRef

SENTENCES = {
    "zh": "这部电影从头到尾都是一种享受，演员的表演非常出色。剧情太长了，有点无聊。",
    "zh-Hant": "這部電影從頭到尾都是一種享受，演員的表演非常出色。劇情太長了，有點無聊。",
    "ja": "この映画は最初から最後まで素晴らしかったです。演技がとても良かった。でも少し長すぎると思います。",
    "ru": "Этот фильм прекрасен от начала до конца. Актёры играли очень хорошо, но немного затянуто.",
    "fr": "C’est un très beau film du début à la fin. Les acteurs étaient excellents, mais un peu long à mon goût.",
    "de": "Ein schöner Film für die ganze Familie. Über zwei Stunden lang große Gefühle, natürlich.",
    "ar": "هذا الفيلم رائع من البداية إلى النهاية. كان أداء الممثلين ممتازا ولكنه طويل قليلا.",
    "ko": "이 영화는 처음부터 끝까지 정말 즐거웠습니다. 배우들의 연기가 훌륭했습니다.",
}
# Language, encoding, and what the guess is called; None where nothing has to be guessed.
ENCODED: list[tuple[str, str, str | None]] = [
    ("zh", "utf-8", None),
    ("zh", "utf-8-sig", None),
    ("zh", "utf-16", None),
    ("fr", "utf-16", None),
    ("ru", "utf-32", None),
    ("de", "utf-16-le", "utf-16-le"),
    ("de", "utf-16-be", "utf-16-be"),
    ("de", "utf-32-le", "utf-32-le"),
    ("zh", "gb18030", "gb18030"),
    ("zh", "gbk", "gb18030"),
    ("zh-Hant", "big5", "big5"),
    ("ja", "shift_jis", "cp932"),
    ("ja", "iso2022_jp", "iso2022-jp"),
    ("ko", "euc_kr", "cp949"),
    ("ru", "koi8-r", "koi8-r"),
    ("ru", "windows-1251", "windows-1251"),
    ("fr", "windows-1252", "windows-1252"),
    ("de", "latin-1", "windows-1252"),
    ("ar", "iso-8859-6", "iso-8859-6"),
    ("ar", "windows-1256", "windows-1256"),
]


def rows(path: Path, column: str | None = None, encoding: str | None = None) -> Rows:
    return read(DataRef("file", str(path), column, encoding), {})


def texts(found: Rows, size: int = 3, start: int = 0) -> list[str | None]:
    return [text for window in found.windows(size, start) for text in window.texts]


def reasons(found: Rows, size: int = 3) -> dict[int, str]:
    return {window.start + row: why for window in found.windows(size) for row, why in window.reasons.items()}


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    def write(name: str, content: str | bytes, encoding: str = "utf-8") -> Path:
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode(encoding))
        return path

    return write


Write = Callable[..., Path]


def refusal(path: Path | str, column: str | None = None, encoding: str | None = None) -> str:
    with pytest.raises(UserError) as caught:
        list(rows(Path(path), column, encoding).windows(3))
    return str(caught.value).replace(f"{Path(path).parent}{os.sep}", "")


def guessed_words(found: Rows) -> tuple[str, str] | None:
    """The encoding that a note says was guessed, and the words that it shows."""
    told = [re.search(r"was read as (\S+) \(guessed\): “(.{2,24})”\. `--encoding NAME` names", n) for n in found.notes]
    return next(((each[1], each[2]) for each in told if each), None)


# --- encodings ---


@pytest.mark.parametrize(("language", "encoding", "guess"), ENCODED, ids=[f"{e}-{lang}" for lang, e, _ in ENCODED])
@pytest.mark.parametrize("lines", [1, 60])
def test_a_file_is_read_in_any_encoding(
    write: Write, language: str, encoding: str, guess: str | None, lines: int
) -> None:
    if (encoding, lines) in {("windows-1251", 1)}:
        lines = 3
    expected = ["in English first", *[f"{number} {SENTENCES[language]}" for number in range(lines)]]
    path = write("reviews.txt", "\n".join(expected) + "\n", encoding)
    found = rows(path)
    assert texts(found) == expected
    assert guessed_words(found) == (guess and (guess, ANY))
    named = rows(path, encoding=encoding)
    assert (texts(named), named.notes) == (expected, ())


# What the guess must be called, and a file of a line or two.
SHORT = [
    ("windows-1252", "C'était un très beau film.\nLes acteurs étaient excellents, à voir."),  # French
    ("windows-1252", "Ein schöner Film für alle.\nÜber zwei Stunden große Gefühle."),  # German
    ("windows-1252", "La película fue muy buena.\nEl niño actuó bien, ¡qué emoción!"),  # Spanish
    ("windows-1252", "O filme não é ruim.\nA atuação foi excelente e a história também."),  # Portuguese
    ("windows-1252", "Il film è bello, perché è vero.\nLa città è più bella così."),  # Italian
    ("windows-1252", "Filmen var mycket bra på bio.\nSkådespelarna är också bäst när de är små."),  # Swedish
    ("windows-1250", "Ten film był bardzo dobry.\nAktorzy grali świetnie, ale długość męczyła."),  # Polish
    ("windows-1250", "Ten film byl velmi dobrý.\nHerci hráli skvěle, příběh je trochu dlouhý."),  # Czech
    ("windows-1250", "A film nagyon jó volt.\nA színészek nagyszerűek, de kissé hosszú és unalmas is."),  # Hungarian
    ("windows-1251", "Фильм очень хороший.\nАктёры играли прекрасно, но затянуто."),  # Russian
    ("koi8-r", "Фильм очень хороший.\nАктёры играли прекрасно, но затянуто."),  # Russian
    ("cp866", "Фильм очень хороший.\nАктёры играли прекрасно, но затянуто."),  # Russian
    ("windows-1253", "Η ταινία ήταν πολύ καλή.\nΟι ηθοποιοί έπαιξαν υπέροχα."),  # Greek
    ("windows-1254", "Film çok güzeldi.\nOyuncular iyiydi ama biraz uzun ve sıkıcı, değil mi?"),  # Turkish
    ("windows-1255", "הסרט היה טוב מאוד.\nהשחקנים שיחקו נפלא."),  # Hebrew
    ("windows-1256", "كان الفيلم جيدا جدا.\nالممثلون رائعون لكنه طويل."),  # Arabic
    ("gb18030", "这部电影很好看。\n演员的表演非常出色。"),  # Chinese
    ("big5", "這部電影很好看。\n演員的表演非常出色。"),  # traditional Chinese
    ("cp932", "この映画はとても良かった。\n演技が素晴らしいです。"),  # Japanese
    ("euc-jp", "この映画はとても良かった。\n演技が素晴らしいです。"),  # Japanese
    ("cp949", "이 영화는 정말 좋았다.\n배우들의 연기가 훌륭했다."),  # Korean
    ("windows-1252", "Elokuva oli hyvä.\nNäyttelijät esiintyivät hyvin, mutta pitkähkö se oli."),  # Finnish
    (
        "windows-1252",
        "Filmen var meget god på mange måder.\nSkuespillerne spillede også rigtig godt, men længe.",
    ),  # Danish
    ("windows-1252", "De film was één groot feest.\nDe acteurs waren goed; geïnspireerd spel."),  # Dutch
    (
        "windows-1250",
        "Filmul a fost foarte bun şi ţine mult.\nActorii au jucat bine, dar până la sfârşit a fost lung.",
    ),  # Romanian
    (
        "windows-1257",
        "Filmas buvo labai geras.\nAktoriai vaidino puikiai, bet šiek tiek ilgas, ačiū už viską.",
    ),  # Lithuanian
    ("windows-1257", "Filma bija ļoti laba.\nAktieri spēlēja lieliski, bet tā bija pārāk gara."),  # Latvian
    ("windows-1251", "Фільм дуже гарний.\nАктори грали чудово, але довго її чекали."),  # Ukrainian
    ("tis-620", "หนังเรื่องนี้ดีมาก\nนักแสดงเล่นได้ดี"),  # Thai
    ("windows-1252", "Le château de l'hôpital"),  # French
    ("windows-1252", "perché"),  # Italian
    ("windows-1252", "No me gustó nada la actuación."),  # Spanish
    ("windows-1250", "To se mi nelíbilo.\nNuda a špatné herectví."),  # Czech
    ("windows-1250", "Nagyon tetszett a főszereplő.\nJó."),  # Hungarian
    ("windows-1251", "ОЧЕНЬ ПЛОХО\nНЕ СМОТРИТЕ"),  # Russian
    ("koi8-r", "не понравилось\nскучно и долго"),  # Russian
    ("windows-1253", "Δεν μου άρεσε.\nΒαρετό και μεγάλο."),  # Greek
    ("windows-1255", "שלום עולם"),  # Hebrew
    ("gb18030", "质量不错，物流很快\n包装破损，差评"),  # Chinese
    ("big5", "不喜歡。\n太長，無聊。"),  # traditional Chinese
    ("cp932", "素晴らしい映画\n最高のレストラン"),  # Japanese
    ("euc-jp", "素晴らしい映画\n最高のレストラン"),  # Japanese
    ("euc-jp", "カメラ\nテレビ"),  # Japanese
    ("cp949", "배송이 빨라요\n품질이 별로예요"),  # Korean
    ("iso-8859-15", "Une œuvre touchante, un chef-d'œuvre à 5€."),  # French, where windows-1252 has ½
    ("windows-1252", "It’s “great”\nIt costs 5£ or 6€, at 20°C"),  # English
]


@pytest.mark.parametrize(("encoding", "content"), SHORT)
def test_a_line_or_two_are_enough_for_a_guess(write: Write, encoding: str, content: str) -> None:
    found = rows(write("a.txt", content, encoding))
    assert texts(found) == content.split("\n")
    guessed = guessed_words(found)
    assert guessed is not None
    assert guessed[0] == encoding
    assert guessed[1] in content.replace("\n", " ")


@pytest.mark.parametrize("order", ["le", "be"])
@pytest.mark.parametrize(("encoding", "content"), SHORT[::2])
def test_utf_16_needs_no_mark(write: Write, encoding: str, content: str, order: str) -> None:
    content = f"{content}\n"
    found = rows(write("a.txt", content, f"utf-16-{order}"))
    assert texts(found) == content.splitlines()
    table = "".join(f"{number},{line}\n" for number, line in enumerate(content.splitlines()))
    found = rows(write("a.csv", f"id,text\n{table}", f"utf-16-{order}"), "text")
    assert guessed_words(found) == (f"utf-16-{order}", ANY)


@pytest.mark.parametrize("form", ["<500i", ">500i", "<500h", ">500h", "<500d", ">500f"])
def test_numbers_are_no_text(write: Write, form: str) -> None:
    numbers = [number * 37 % 1000 for number in range(500)]
    assert "holds null bytes" in refusal(write("a.txt", struct.pack(form, *numbers)))


def test_the_words_in_a_note_are_short_and_safe(write: Write) -> None:
    content = "a\x1b[31m \x07" * 40 + "\u202e" + "好" * 400
    (note,) = rows(write("a.txt", content, "gb18030")).notes
    assert note.isprintable()
    assert len(note) < 110


@pytest.mark.parametrize("encoding", ["gb18030", "utf-16", "windows-1252", "shift_jis"])
@pytest.mark.parametrize("suffix", ["csv", "jsonl"])
def test_tables_are_read_in_any_encoding(write: Write, encoding: str, suffix: str) -> None:
    language = {"gb18030": "zh", "utf-16": "ar", "windows-1252": "fr", "shift_jis": "ja"}[encoding]
    expected = [f"{number} {SENTENCES[language]}" for number in range(5)]
    if suffix == "csv":
        content = pd.DataFrame({"n": range(5), "review": expected}).to_csv(index=False)
    else:
        content = "".join(json.dumps({"n": 1, "review": text}, ensure_ascii=False) + "\n" for text in expected)
    assert texts(rows(write(f"reviews.{suffix}", content, encoding))) == expected


def test_bytes_that_stand_for_nothing_cost_one_row(write: Write) -> None:
    path = write("reviews.txt", "eins\nzwölf\n".encode() + b"f\xfcnf\xff\n" + b"drei\n")
    found = rows(path)
    assert texts(found) == ["eins", "zwölf", None, "drei"]
    assert (reasons(found), found.notes) == ({2: "not valid utf-8"}, ())
    chinese = "好电影\n".encode("gb18030") + b"\x81\xff\xff\n" + "很长\n".encode("gb18030")
    found = rows(write("zh.txt", chinese), encoding="gb18030")
    assert (texts(found), reasons(found)) == (["好电影", None, "很长"], {1: "not valid gb18030"})


@pytest.mark.parametrize(("language", "encoding"), [("zh", "gb18030"), ("ja", "euc-jp"), ("ko", "cp949")])
def test_a_damaged_line_does_not_spoil_a_guess(write: Write, language: str, encoding: str) -> None:
    line = f"{SENTENCES[language]}\n".encode(encoding)
    found = rows(write("a.txt", line * 15 + b"\xff\xff\x80\n" + line * 15))
    assert reasons(found) == {15: f"not valid {encoding}"}
    assert guessed_words(found) == (encoding, ANY)


def test_bytes_in_another_column_cost_nothing(write: Write) -> None:
    path = write("r.csv", b"id,review\nz\xc3\xb6,a joy\n\xff\xff,dull\nx,b\xff\nz\xc3\xb6,fine\n")
    found = rows(path, "review")
    assert (texts(found), reasons(found)) == (["a joy", "dull", None, "fine"], {2: "not valid utf-8"})


def test_what_is_beyond_ascii_may_come_late(write: Write) -> None:
    path = write("late.txt", b"plain\n" * 500_000 + "Ein schöner Film, natürlich für die Größten\n".encode("latin-1"))
    found = rows(path)
    (last,) = texts(found, 1, 500_000)
    assert last == "Ein schöner Film, natürlich für die Größten"
    assert found.notes == (
        "late.txt was read as windows-1252 (guessed): “Ein schöner Film”. `--encoding NAME` names another.",
    )


@settings(max_examples=150)
@given(
    lines=st.lists(st.text(st.characters(exclude_characters="\r\n\ufeff", exclude_categories=["Cs"])), max_size=8),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-32-be", "gb18030"]),
    end=st.sampled_from(["\n", "\r\n", "\r"]),
)
def test_any_text_comes_back_from_its_encoding(
    tmp_path_factory: Any, lines: list[str], encoding: str, end: str
) -> None:
    path = tmp_path_factory.mktemp("any") / "any.txt"
    path.write_bytes("".join(line + end for line in ["first", *lines]).encode(encoding))
    assert texts(rows(path, encoding=encoding)) == ["first", *lines]


@settings(max_examples=300)
@given(content=st.binary(min_size=1, max_size=80), suffix=st.sampled_from([".txt", ".csv", ".tsv", ".jsonl", ".json"]))
def test_any_bytes_are_rows_or_one_line(tmp_path_factory: Any, content: bytes, suffix: str) -> None:
    path = tmp_path_factory.mktemp("any") / f"any{suffix}"
    path.write_bytes(content)
    try:
        found = rows(path)
        first = [(window.start, window.texts, window.reasons) for window in found.windows(3)]
    except UserError as error:
        assert "\n" not in str(error)
        return
    assert first == [(window.start, window.texts, window.reasons) for window in found.windows(3)]
    for _, window, why in first:
        for row, text in enumerate(window):
            assert (text is None) <= (row in why)


# --- lines ---


def test_a_line_is_a_row_also_a_blank_one(write: Write) -> None:
    found = rows(write("a.txt", "\n one \n\ntwo\x0cand\u2028more\r\nthree"))
    assert texts(found) == ["", " one ", "", "two\x0cand\u2028more", "three"]
    assert reasons(found) == {0: "empty", 2: "empty"}
    assert found.total is None


def test_rows_are_read_from_any_place_and_again(write: Write) -> None:
    found = rows(write("a.txt", "".join(f"text {number}\n" for number in range(2500))))
    windows = list(found.windows(1000, 700))
    assert [(window.start, len(window.texts)) for window in windows] == [(700, 1000), (1700, 800)]
    assert windows[0].texts[0] == "text 700"
    assert texts(found, 400) == texts(found, 2500) == [f"text {number}" for number in range(2500)]


def test_a_text_of_ten_million_characters_is_read_whole(write: Write) -> None:
    long = "ein schöner Satz " * 600_000
    assert texts(rows(write("a.txt", f"{long}\nshort\n"))) == [long, "short"]
    assert texts(rows(write("a.csv", f'n,text\n1,"{long}"\n2,short\n'))) == [long, "short"]
    assert texts(rows(write("a.jsonl", json.dumps({"text": long}) + '\n{"text": "short"}\n'))) == [long, "short"]
    assert texts(rows(write("a.json", json.dumps([{"text": long}, {"text": "short"}])))) == [long, "short"]
    assert csv.field_size_limit() == 131072


def test_a_line_without_end_costs_one_row(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(text_file, "LONGEST", 1000)
    monkeypatch.setattr(delimited, "LONGEST", 1000)
    long = "x" * 3500
    found = rows(write("a.txt", f"one\n{long}\ntwo\n"))
    assert (texts(found), list(reasons(found))) == (["one", None, "two"], [1])
    found = rows(write("a.csv", f"n,text\n1,one\n{long},{long}\n2,two\n"))
    assert (texts(found), list(reasons(found))) == (["one", None, "two"], [1])
    found = rows(write("a.jsonl", f'{{"text": "one"}}\n{{"text": "{long}"}}\n{{"text": "two"}}\n'))
    assert (texts(found), list(reasons(found))) == (["one", None, "two"], [1])


# --- tables of text ---

# Content, the texts, the reasons.
TABLES: dict[str, tuple[str, list[str | None], dict[int, str]]] = {
    "plain": ("n,text\n1,one\n2,two\n", ["one", "two"], {}),
    "quoted line ends": ('n,text\n1,"one\nand more\r\n\nstill"\n2,two\n', ["one\nand more\r\n\nstill", "two"], {}),
    "doubled quotes": ('n,text\n1,"she said ""no"""\n2,two\n', ['she said "no"', "two"], {}),
    "quotes within": ('n,text\n1,a 5" disk\n2,two\n', ['a 5" disk', "two"], {}),
    "text behind a quote": ('n,text\n1,"so" he said\n2,two\n', ["so he said", "two"], {}),
    "semicolons": ("n;text\n1;one, and more\n2;two\n", ["one, and more", "two"], {}),
    "bars": ("n|text\n1|one, and; more\n2|two\n", ["one, and; more", "two"], {}),
    "tabs": ("n\ttext\n1\tone, and\n2\ttwo\n", ["one, and", "two"], {}),
    "old Mac line ends": ("n,text\r1,one\r2,two\r", ["one", "two"], {}),
    "Windows line ends": ("n,text\r\n1,one\r\n2,two\r\n", ["one", "two"], {}),
    "blank lines": ("n,text\n\n1,one\n\n\n2,two\n\n", ["one", "two"], {}),
    "no line end at the end": ("n,text\n1,one\n2,two", ["one", "two"], {}),
    "one column": ("text\none\ntwo\n", ["one", "two"], {}),
    "one column with commas": ("text\none, and more\ntwo\n", ["one, and more", "two"], {}),
    "an index of pandas": (",text\n0,one\n1,two\n", ["one", "two"], {}),
    "names of pandas": (",0\n0,one\n1,two\n", ["one", "two"], {}),
    "spaces in names": ("n, text \n1, one\n2,two\n", [" one", "two"], {}),
    "a field too many": (
        "n,text\n1,one\n2,two, and more\n3,three\n",
        ["one", None, "three"],
        {1: "3 fields, and the table has 2 columns"},
    ),
    "empty fields too many": ("n,text\n1,one,,\n2,two\n", ["one", "two"], {}),
    "a field too few": ("n,text\n1,one\n2\n3,three\n", ["one", None, "three"], {1: "missing"}),
    "an empty field": ("n,text\n1,one\n2,\n3,three\n", ["one", "", "three"], {1: "empty"}),
    "a quote that is not closed": (
        'n,text\n1,one\n2,"two\n3,three\n4,four\n',
        ["one", None, "three", "four"],
        {1: "a quotation mark is not closed"},
    ),
    "a quote that is not closed at the end": (
        'n,text\n1,one\n2,"two',
        ["one", None],
        {1: "a quotation mark is not closed"},
    ),
    "two quotes that are not closed": (
        'n,text\n1,"one\n2,two\n3,"three\n4,four\n',
        [None, "two", None, "four"],
        {0: "a quotation mark is not closed", 2: "a quotation mark is not closed"},
    ),
    "a null character": ("n,text\n1,one\n2,two\n", ["one", "two"], {}),
    "a header alone": ("n,text\n", [], {}),
}


@pytest.mark.parametrize("kind", TABLES)
def test_a_table_of_text_is_read(write: Write, kind: str) -> None:
    content, expected, why = TABLES[kind]
    found = rows(write("a.csv", content), None if expected else "text")
    assert (texts(found), reasons(found)) == (expected, why)


def test_in_a_tsv_a_quote_may_stand_for_itself(write: Write) -> None:
    found = rows(write("a.tsv", 'n\ttext\n1\t"one\n2\ttwo, "or" so\n3\t"three"\n4\t"four" it is\n'))
    assert texts(found) == ['"one', 'two, "or" so', "three", '"four" it is']


def test_a_guess_about_a_table_is_told(write: Write) -> None:
    assert rows(write("a.csv", "n,text\n1,one\n")).notes == ()
    assert rows(write("a.tsv", "n\ttext\n1\tone\n")).notes == ()
    assert rows(write("a.csv", "n;text\n1;one\n")).notes == (
        "The fields of a.csv are taken to be parted by semicolons.",
    )


@pytest.mark.parametrize(
    ("content", "column", "expected", "columns"),
    [
        ("3,Wall Street falls\n4,It rises\n", None, ["Wall Street falls", "It rises"], "0, 1"),
        ("1.5,a joy,x\n2,dull,y\n", "1", ["a joy", "dull"], "0, 1, 2"),
        ("A joy to see.,good\nToo long,bad\n", "0", ["A joy to see.", "Too long"], "0, 1"),
        ("很好看。,好\n太长,差\n", "0", ["很好看。", "太长"], "0, 1"),
    ],
)
def test_a_table_may_have_no_header(
    write: Write, content: str, column: str | None, expected: list[str], columns: str
) -> None:
    found = rows(write("a.csv", content), column)
    assert texts(found) == expected
    assert found.notes == (
        f"a.csv seems to have no header: its first line is a row, and its columns are called {columns}.",
    )


@pytest.mark.parametrize(
    "header", ["Order no.,What did you like about it?", "n, text", "Hello there,How are you?", "Q1: why?,Why so long?"]
)
def test_a_header_may_look_like_a_sentence(write: Write, header: str) -> None:
    found = rows(write("a.csv", f"{header}\n1, a joy.\n2, dull.\n"))
    assert (texts(found), found.notes) == ([" a joy.", " dull."], ())


def test_sentences_with_commas_are_no_table(write: Write) -> None:
    sentences = ["Hello, world.", "It was long, but fine, and a joy.", "No comma here.", "Was it good, or not?"]
    path = write("a.csv", "\n".join(sentences) + "\n")
    found = rows(path)
    assert texts(found) == sentences
    assert found.notes == ("a.csv seems to hold sentences, not a table: each line is a row. Rename it to end in .txt.",)
    assert refusal(path, "Hi").startswith("a.csv has no column 'Hi'.")


def test_one_column_may_have_no_header(write: Write) -> None:
    found = rows(write("a.csv", "A joy from start to end.\nDull, and long.\n"))
    assert texts(found) == ["A joy from start to end.", "Dull, and long."]
    assert found.notes == ("a.csv seems to have no header: its first line is a row.",)


cell = st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"]), max_size=12)


@settings(max_examples=200)
@given(
    table=st.lists(st.tuples(cell, cell), max_size=12),
    delimiter=st.sampled_from(",;\t|"),
    end=st.sampled_from(["\n", "\r\n"]),
)
def test_what_the_csv_module_writes_comes_back(
    tmp_path_factory: Any, table: list[tuple[str, str]], delimiter: str, end: str
) -> None:
    path = tmp_path_factory.mktemp("any") / ("any.tsv" if delimiter == "\t" else "any.csv")
    written = io.StringIO(newline="")
    writer = csv.writer(written, delimiter=delimiter, lineterminator=end, quoting=csv.QUOTE_ALL)
    writer.writerows([("other", "text"), *table])
    path.write_bytes(written.getvalue().encode())
    found = rows(path, "text")
    assert texts(found) == [text for _, text in table]
    again = pd.read_csv(path, sep=delimiter, dtype=str, keep_default_na=False)
    assert [text.replace("\r\n", "\n") for text in again["text"]] == [
        (text or "").replace("\r\n", "\n") for text in texts(found)
    ]


# --- JSON ---


def test_a_bad_line_costs_one_row(write: Write) -> None:
    lines = ['{"text": "one"}', '{"text": "two', "", "[1]", "null", '{"n": 1}', '{"text": 5}', '{"text": "six"} x']
    lines += ['{"text": "\\ud800"}', '{"text": null}', "[" * 100_000, f'{{"text": {"9" * 5000}}}', '{"text": "end"}']
    found = rows(write("a.jsonl", "\n".join(lines)), "text")
    assert texts(found) == ["one", None, None, None, None, None, None, "\ud800", None, None, None, "end"]
    why = reasons(found)
    assert why.pop(1).startswith("not valid JSON (Unterminated string")
    assert why.pop(9).startswith("not valid JSON (")
    assert why.pop(10).startswith("not valid JSON (Exceeds the limit")
    assert why == {
        2: "no object (list)",
        3: "no object (NoneType)",
        4: "missing",
        5: "not text (int)",
        6: "not valid JSON (Extra data)",
        7: "not valid Unicode (a lone surrogate)",
        8: "missing",
    }


def test_lines_may_be_texts(write: Write) -> None:
    assert texts(rows(write("a.jsonl", '"one"\n"two\\nmore"\n'))) == ["one", "two\nmore"]


def test_a_text_deep_within_is_found_by_its_path(write: Write) -> None:
    path = write("a.jsonl", '{"id": "x", "meta": {"review": {"text": "one"}}}\n{"meta": {}}\n{"meta": 3}\n')
    assert texts(rows(path, "meta.review.text")) == ["one", None, None]
    assert refusal(path) == (
        "Which column of a.jsonl holds the texts? Its text columns: id, meta.review.text. Add `--column id`."
    )
    dotted = write("b.jsonl", '{"meta.text": "one", "meta": {"text": "two"}}\n')
    assert texts(rows(dotted, "meta.text")) == ["one"]


LISTS: dict[str, tuple[str, list[str | None]]] = {
    "objects": ('[{"text": "one"}, {"text": "two"}]', ["one", "two"]),
    "objects over lines": ('[\n  {"text": "one"},\n  {\n"text": "two"}\n]\n', ["one", "two"]),
    "texts": ('["one", "two"]', ["one", "two"]),
    "with gaps": ('[{"text": "one"}, null, {}, {"text": null}]', ["one", None, None, None]),
    "nothing": ("[]", []),
    "lines of objects": ('{"text": "one"}\n{"text": "two"}\n', ["one", "two"]),
    "broken": ('[{"text": "one"}, {"text: 1}, {"text": "three"}]', ["one", None]),
    "not closed": ('[{"text": "one"}, {"text": "two"}', ["one", "two", None]),
}


@pytest.mark.parametrize("kind", LISTS)
@pytest.mark.parametrize("name", ["a.json", "a.jsonl"])
def test_a_list_is_read_element_by_element(write: Write, kind: str, name: str) -> None:
    content, expected = LISTS[kind]
    assert texts(rows(write(name, content))) == expected


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-99, 10**20) | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=6,
)


@settings(max_examples=200)
@given(values=st.lists(json_values, max_size=8), indent=st.sampled_from([None, 2]), piece=st.integers(1, 9))
def test_any_list_is_read_as_json_reads_it(
    tmp_path_factory: Any, values: list[Any], indent: int | None, piece: int
) -> None:
    from nbtransformers.inputs import json_records
    from nbtransformers.inputs.encodings import Encoding

    path = tmp_path_factory.mktemp("any") / "any.json"
    path.write_text(json.dumps(values, indent=indent), encoding="utf-8")
    file = text_file.TextFile(lambda: path.open("rb"), Encoding("utf-8"), "any.json")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(json_records, "_PIECE", piece)
        assert list(json_records.JsonRecords(file, True, None).values()) == json.loads(path.read_text("utf-8"))


def test_one_object_is_no_list(write: Write) -> None:
    for content in ('{\n "data": [{"text": "one"}]\n}', '{"data": [{"text": "one"}]}'):
        path = write("a.json", content)
        assert refusal(path) == (
            "a.json is one object, not a list of rows. "
            "Load it in a cell with `json.load(open('a.json'))`, and give the list in it."
        )


# --- Parquet ---


def table() -> pa.Table:
    texts = ["one", None, "", "four", "fünf", "six", "七"]
    return pa.table(
        {
            "n": range(7),
            "text": texts,
            "large": pa.array(texts, pa.large_string()),
            "view": pa.array(texts, pa.string_view()),
            "coded": pa.array(texts).dictionary_encode(),
            "raw": [text and text.encode() for text in texts],
            "tags": [["x"]] * 7,
            "a.b": texts,
            "struct": [{"text": "x"}] * 7,
        }
    )


@pytest.mark.parametrize("column", ["text", "large", "view", "coded", "a.b"])
@pytest.mark.parametrize("group", [1, 2, 3, 100])
@pytest.mark.parametrize("compression", ["snappy", "zstd"])
def test_parquet_is_read_from_any_row(tmp_path: Path, column: str, group: int, compression: str) -> None:
    path = tmp_path / "a.parquet"
    made = table()
    pq.write_table(made, path, row_group_size=group, compression=compression)
    found = rows(path, column)
    expected = made["text"].to_pylist()
    assert found.total == 7
    for start in range(8):
        assert texts(found, 3, start) == expected[start:]
    assert reasons(found) == {1: "missing", 2: "empty"}


def test_other_columns_of_parquet_have_reasons(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    pq.write_table(table(), path)
    assert reasons(rows(path, "raw"))[0] == "not text (bytes)"
    assert reasons(rows(path, "tags"))[0] == "not text (list)"
    assert reasons(rows(path, "n"))[0] == "not text (int)"
    assert reasons(rows(path, "struct"))[0] == "not text (dict)"


def test_parquet_without_a_text_column_is_told(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table({"n": [1], "m": [2]}), path)
    assert refusal(path) == "Which column of a.parquet holds the texts? Its columns: n, m. Add `--column n`."
    assert refusal(path, "N") == "a.parquet has no column 'N'. Did you mean n?"


def test_text_in_parquet_that_is_no_unicode_costs_one_row(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    broken = pa.array([b"one", b"\xff\xfe", b"three"]).view(pa.string())
    pq.write_table(pa.table({"text": broken}), path)
    assert texts(rows(path)) == ["one", None, "three"]


# --- packed files ---

PACKED = {".gz": gzip.compress, ".bz2": bz2.compress, ".xz": lzma.compress}
PACKED[".zst"] = lambda content: pa.compress(content, "zstd", asbytes=True)


@pytest.mark.parametrize("suffix", PACKED)
@pytest.mark.parametrize("name", ["a.txt", "a.csv", "a.jsonl"])
def test_a_packed_file_is_read(write: Write, suffix: str, name: str) -> None:
    content = {"a.txt": "schön\ntwo\n", "a.csv": "text\nschön\ntwo\n", "a.jsonl": '{"t": "schön"}\n{"t": "two"}\n'}
    packed = PACKED[suffix](content[name].encode())
    assert texts(rows(write(name + suffix, packed))) == ["schön", "two"]
    assert texts(rows(write(name, packed))) == ["schön", "two"]  # by what it is, whatever it is called
    assert texts(rows(write(name + suffix, content[name]))) == ["schön", "two"]


def test_two_packed_parts_are_one_file(write: Write) -> None:
    assert texts(rows(write("a.txt.gz", gzip.compress(b"one\n") + gzip.compress(b"two\n")))) == ["one", "two"]


def test_a_packed_file_that_is_torn_ends_with_a_line(write: Write) -> None:
    packed = gzip.compress(os.urandom(40_000).hex().encode() + b"\n" + b"one\n" * 100_000)
    assert refusal(write("a.txt.gz", packed[: len(packed) // 2])).startswith("a.txt.gz is damaged (")


# --- refusals ---

BINARY: dict[str, tuple[bytes, str]] = {
    "png": (b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR", "a PNG picture, not text. Give a file of text."),
    "jpeg": (b"\xff\xd8\xff\xe0\x00\x10JFIF", "a JPEG picture, not text. Give a file of text."),
    "pdf": (b"%PDF-1.7\n%\xe2\xe3", "a PDF document, not text. Save it as text."),
    "xlsx": (b"PK\x03\x04\x14\x00", "a zip archive, or an Excel or Word file, not text. Unpack it, or try `pandas"),
    "parquet": (b"PAR1\x15\x04\x15\x00", "a Parquet file, not text. Rename it to end in .parquet."),
    "npy": (b"\x93NUMPY\x01\x00v\x00", "a NumPy array, not text. Try `numpy.load("),
    "sqlite": (b"SQLite format 3\x00\x10", "an SQLite database, not text. Try `pandas.read_sql`."),
    "elf": (b"\x7fELF\x02\x01", "a program, not text. Give a file of text."),
    "nulls": (b"one\x00two\nthree\x00", "holds null bytes, as a binary file does. If it is text, name its"),
}


@pytest.mark.parametrize("kind", BINARY)
def test_a_binary_file_is_called_what_it_is(write: Write, kind: str) -> None:
    content, told = BINARY[kind]
    for name in ("a.txt", "a.csv", "a.jsonl"):
        assert refusal(write(name, content)).startswith(f"{name} {'' if kind == 'nulls' else 'is '}{told}")


def test_a_pickle_is_called_what_it_is(write: Write) -> None:
    import pickle

    for value in (["one"], {"a": 1}, ("x",), pd.DataFrame({"a": ["x"]})):
        for protocol in (2, 3, 4, 5):
            said = refusal(write("a.txt", pickle.dumps(value, protocol)))
            assert said.startswith("a.txt is a pickle, not text. A pickle can run any code: if you trust it, load it")


def test_a_named_encoding_that_cannot_be_is_told(write: Write) -> None:
    path = write("a.txt", SENTENCES["zh"] * 3, "gb18030")
    assert refusal(path, encoding="utf-8") == (
        "a.txt is not in utf-8: no line beyond ASCII can be read so. It looks like gb18030: `--encoding gb18030`."
    )
    for name in ("gb18O30", "utf9", "hex", "rot13", "idna", "undefined", "", "\x00", "x" * 99, "u t f"):
        assert refusal(path, encoding=name).startswith("There is no encoding ")
    assert refusal(path, encoding="gb18O30").endswith("Did you mean gb18030?")


def test_an_encoding_that_cannot_be_guessed_is_told(write: Write) -> None:
    path = write("a.txt", bytes(range(0x80, 0x100)) * 20 + b"\n")
    assert refusal(path) == "The encoding of a.txt cannot be guessed. Name it: `--encoding gb18030`."
    assert len(texts(rows(path, encoding="latin-1"))) == 1


def test_a_file_that_may_not_be_read_is_told(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write("a.txt", "one\n")

    def refuse(*args: Any) -> Any:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)  # root may read everything
    assert refusal(path) == "a.txt may not be read. Check its permissions."


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no pipes with a name here")
def test_a_pipe_is_no_file(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.txt")
    assert refusal(tmp_path / "a.txt") == "a.txt is no ordinary file. Give one that holds texts."


def test_a_file_that_changes_between_two_readings_is_told(write: Write) -> None:
    path = write("a.txt", "one\ntwo\n")
    found = rows(path)
    assert texts(found) == ["one", "two"]
    write("a.txt", "one\ntwo\nthree\n")
    with pytest.raises(UserError, match=r"^a\.txt has changed since it was first read\. Run the whole again\.$"):
        texts(found)
    path.unlink()
    with pytest.raises(UserError, match=r"^a\.txt has changed"):
        texts(found)


def test_a_file_that_changes_while_it_is_read_is_told(write: Write) -> None:
    path = write("a.txt", "one\n" * 5000)
    found = rows(path)
    windows = found.windows(1000)
    next(windows)
    with path.open("a") as file:
        file.write("more\n")
    list(windows)
    assert found.notes == ("a.txt changed while it was read: its rows may not belong together.",)


def test_what_is_no_file_is_told(write: Write, tmp_path: Path) -> None:
    write("reviews.csv", "text\none\n")
    assert refusal(tmp_path / "revews.csv") == "There is no file revews.csv. Did you mean reviews.csv?"
    assert refusal(tmp_path / "qqq.csv") == "There is no file qqq.csv. Check the path."
    assert refusal(tmp_path / "no" / "where.csv") == "There is no file where.csv. Check the path."
    (tmp_path / "folder.csv").mkdir()
    assert refusal(tmp_path / "folder.csv") == "folder.csv is a folder. Give one of its files."
    assert refusal(write("empty.csv", "")) == "empty.csv is empty. Give a file that holds texts."
    assert refusal(write("a.xlsx", "x")) == (
        "nbtransformers does not read .xlsx files: a.xlsx. Give `pandas.read_excel('a.xlsx')`."
    )
    assert refusal(write("a.md", "x")) == (
        "nbtransformers does not read .md files: a.md. It reads .txt, .csv, .tsv, .jsonl, .ndjson, .json, .parquet."
    )
    assert refusal(write("a.parquet", "x" * 99)).startswith("a.parquet is damaged (")
    assert refusal(Path("x" * 5000 + ".csv")).startswith("There is no file ")
    assert refusal(Path("a\x00b.csv")).startswith("There is no file ")


def test_columns_of_a_file_are_told(write: Write) -> None:
    path = write("a.csv", 'id,"a, b",c,b,b\n1,one,so,two,three\n')
    assert (
        refusal(path) == 'Which column of a.csv holds the texts? Its text columns: a, b, c, b. Add `--column "a, b"`.'
    )
    assert texts(rows(path, "a, b")) == ["one"]
    assert refusal(path, "b") == "a.csv has 2 columns called b. Rename one of them."
    assert refusal(path, "B").startswith("a.csv has no column 'B'. Did you mean b?")
    for header in ("text,text", "id,text,text"):  # no hint that is refused in its turn
        twins = write("twins.csv", f"{header}\n1,one,two\n" if "id" in header else f"{header}\none,two\n")
        assert refusal(twins) == "twins.csv has 2 columns called text. Rename one of them."
    assert refusal(write("twins.csv", "n,n\n1,2\n")) == "twins.csv has 2 columns called n. Rename one of them."
    numbers = write("n.csv", "a,b\n1,2\n")
    assert refusal(numbers) == "Which column of n.csv holds the texts? Its columns: a, b. Add `--column a`."
    lines = write("a.txt", "one\n")
    assert refusal(lines, "text") == (
        "`--column text` needs a table, and a.txt holds one text a line. Leave `--column` out."
    )
    texts_only = write("a.jsonl", '"one"\n')
    assert refusal(texts_only, "text") == (
        "`--column text` needs objects, and a.jsonl holds none. Leave `--column` out."
    )
