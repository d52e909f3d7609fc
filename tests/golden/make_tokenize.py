"""Write tokenize.json: tokenizations on the wire, queries about them, and which rows answer.

Both ends of the wire are tested against that file. This script is a third reading of the rules, on purpose
independent of both ends: it needs only numpy, and its two tokenizers are toys. Run it after a change of the
wire, and look at what changed.
"""

import re
import unicodedata

import numpy as np
from wire import asked, common, in_order, keep, packed, strings

SPECIAL, ADDED, UNKNOWN, CONTINUES, CUT, NO_OFFSETS = 1, 2, 4, 8, 16, 32

# (index label, text, reason, tokens on the wire of each tokenizer: None is all); a reason means no tokens.
ROWS = [
    ("0", "The tokenizer reads unbelievable words.", None, None),
    ("1", "Two  spaces,\ta tab\nand a line.", None, None),
    ("2", "这部电影很好看，值得再看一遍。", None, None),
    ("3", "كان الفيلم طويلاً ومملاً", None, None),
    ("4", "Loved it 👩‍👩‍👧‍👦🎬!", None, None),
    ("5", "Cafe\u0301, nai\u0308ve, E\u0301CLAIR", None, None),
    ("6", "<img src=x onerror=alert(1)>", None, None),
    ("7", "", "missing", None),
    ("row-8", "a [SEP] in the text and a ☃", None, None),
    ("row-9", "अच्छी फ़िल्म", None, None),
    ("ÜBER", "ﬁne 𝓐 wonder", None, None),
    ("11", "one two three four five six seven eight nine ten eleven twelve thirteen", None, 6),
    ("12", "", "empty", None),
    ("13", "the tokenizer reads unbelievable words.", None, None),
]
CLIPPED = {11: 19}  # row to the characters of its text that travel

SORTS = ["row", "text", "tokens0"]
SEARCHES = [
    "",
    "the",
    "THE",
    "电影",
    "الفيلم",
    "👩‍👧",
    "<img",
    "row-",
    "über",
    "éclair",
    "e\u0301clair",
    "no such thing",
]
LETTERS = re.compile(r"[^\W_]")


# --- two toy tokenizers: each gives [(piece, bytes as hex, start, stop, flags)] ---


class Vocabulary(dict):
    def __missing__(self, piece):
        self[piece] = len(self)
        return self[piece]


def wordpiece(text):
    """Lower case, four letters a piece; it knows no emoji, and takes [SEP] for itself."""
    tokens = [("[CLS]", "", 0, 0, SPECIAL | ADDED)]
    for match in re.finditer(r"\[SEP\]|[\w\u0300-\u036f\u0900-\u097f\u064b]+|[^\w\s]", text):
        word, start = match[0], match.start()
        if word == "[SEP]":
            tokens.append((word, "", start, match.end(), SPECIAL | ADDED))
        elif unicodedata.category(word[0]) == "So":
            tokens.append(("[UNK]", "", start, match.end(), UNKNOWN))
        else:
            for at in range(0, len(word), 4):
                part = word[at : at + 4].lower()
                tokens.append((("##" if at else "") + part, part.encode().hex(), start + at, start + at + len(part), 0))
    return [*tokens, ("[SEP]", "", 0, 0, SPECIAL | ADDED)]


def bytelevel(text):
    """At most three bytes a piece, so that it parts characters; a space goes with what follows it."""
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    rest = [byte for byte in range(256) if byte not in printable]
    letter = {byte: chr(byte) for byte in printable} | {byte: chr(256 + at) for at, byte in enumerate(rest)}
    tokens = []
    for match in re.finditer(r" ?\S+|\s", text):
        data, owner = [], []
        for at, character in enumerate(match[0]):
            data += character.encode()
            owner += [match.start() + at] * len(character.encode())
        for at in range(0, len(data), 3):
            part = bytes(data[at : at + 3])
            start, stop = owner[at], owner[at + len(part) - 1] + 1
            flags = 0 if match[0] != "☃" and part != " ☃".encode()[:3] else NO_OFFSETS
            start, stop = (0, 0) if flags else (start, stop)
            tokens.append(("".join(letter[byte] for byte in part), part.hex(), start, stop, flags))
    return tokens


def words(text):
    """The number of the word of each character: what stands between white space, punctuation apart; -1 for space."""
    numbers = [-1] * len(text)
    found = list(re.finditer(r"[\w\u0300-\u036f\u0900-\u097f\u064b]+|[^\w\s]", text))
    for number, match in enumerate(found):
        for at in range(*match.span()):
            numbers[at] = number
    return numbers, sum(1 for match in found if LETTERS.search(match[0]))


def tokenized(tokenize, vocabulary, limit, special_tokens):
    """Every row's tokens in plain words: all of them, and how many travel."""
    rows = []
    for at, (_, text, reason, _) in enumerate(ROWS):
        tokens = [] if reason else tokenize(text)
        number_of = words(text)[0]
        too_many = max(0, len(tokens) - limit) if limit else 0
        last = len(tokens) - (1 if special_tokens else 0)
        told, before = [], None
        for place, (piece, data, start, stop, flags) in enumerate(tokens):
            inside = [number for number in number_of[start:stop] if number >= 0]
            word = -1 if flags & (SPECIAL | NO_OFFSETS) or not inside else inside[0]
            if word >= 0 and word == before:
                flags |= CONTINUES
            before = word if not flags & SPECIAL else None
            if last - too_many <= place < last:
                flags |= CUT
            told.append(
                {
                    "id": vocabulary[piece],
                    "piece": piece,
                    "bytes": data,
                    "start": start,
                    "stop": stop,
                    "word": word,
                    "flags": flags,
                }
            )
        rows.append({"count": len(told), "cut": too_many, "tokens": told[: ROWS[at][3]]})
        rows[-1]["all"] = told
    return rows


# --- the wire ---


def encode(tokenizers):
    """The header's sections and the payload of all ROWS."""
    columns = [
        *common(
            [(row[0], row[2]) for row in ROWS],
            [row[1][: CLIPPED.get(at)] for at, row in enumerate(ROWS)],
            [at in CLIPPED for at in range(len(ROWS))],
        ),
    ]
    for number, rows in enumerate(tokenizers):
        tokens = [token for row in rows for token in row["tokens"]]
        pieces = sorted({(token["id"], token["piece"], token["bytes"]) for token in tokens})
        place = {piece[0]: at for at, piece in enumerate(pieces)}
        columns += [
            (f"t{number}_counts", np.array([row["count"] for row in rows], np.uint32)),
            (f"t{number}_cut", np.array([row["cut"] for row in rows], np.uint32)),
            (f"t{number}_rows", np.cumsum([0, *(len(row["tokens"]) for row in rows)]).astype(np.uint32)),
            (f"t{number}_ids", np.array([token["id"] for token in tokens], np.int32)),
            (f"t{number}_start", np.array([token["start"] for token in tokens], np.uint32)),
            (f"t{number}_stop", np.array([token["stop"] for token in tokens], np.uint32)),
            (f"t{number}_word", np.array([token["word"] for token in tokens], np.int32)),
            (f"t{number}_flags", np.array([token["flags"] for token in tokens], np.uint8)),
            (f"t{number}_piece", np.array([place[token["id"]] for token in tokens], np.uint32)),
            *strings(f"t{number}_pieces", [piece[1] for piece in pieces]),
            *strings(f"t{number}_bytes", [piece[2] for piece in pieces]),
        ]
    return packed(columns)


def totals(rows):
    tokens = [token for row in rows for token in row["all"]]
    special = sum(1 for token in tokens if token["flags"] & SPECIAL)
    number_of_words = sum(words(text)[1] for _, text, reason, _ in ROWS if reason is None)
    return {
        "tokens": len(tokens),
        "words": number_of_words,
        "fertility": (len(tokens) - special) / number_of_words,
        "characters": sum(len(text) for _, text, reason, _ in ROWS if reason is None),
        "unknown": sum(1 for token in tokens if token["flags"] & UNKNOWN),
        "special": special,
        "cut_texts": sum(1 for row in rows if row["cut"]),
        "cut_tokens": sum(row["cut"] for row in rows),
    }


def batch(rows, size, pad_token, padding_side):
    first = [row for at, row in enumerate(rows) if ROWS[at][2] is None][:size]
    lengths = [row["count"] - row["cut"] for row in first]
    width = max(lengths)
    pad = width * len(lengths) - sum(lengths)
    return {
        "rows": len(lengths),
        "width": width,
        "lengths": lengths,
        "pad_token": pad_token,
        "padding_side": padding_side,
        "tokens": sum(lengths),
        "pad_tokens": pad,
        "waste": pad / (width * len(lengths)),
        "truncated": [row["cut"] > 0 for row in first],
    }


def answer(tokenizers, *, sort, search):
    """Positions of the rows that match, in order; those without the key come last, whatever the direction."""

    def matches(at):
        needle = search.lower()
        return needle in ROWS[at][1].lower() or needle in ROWS[at][0].lower()

    def key(at):
        by = sort["by"]
        if by == "row":
            return at
        if by == "text":
            return ROWS[at][1] or None
        if ROWS[at][2] is not None:
            return None
        return tokenizers[int(by.removeprefix("tokens"))][at]["count"]

    found = [at for at in range(len(ROWS)) if matches(at)]
    return in_order(found, key, sort["descending"])


def queries(tokenizers):
    everything = {"start": 0, "stop": 1000, "sort": {"by": "row", "descending": False}, "search": ""}
    for by in [*SORTS, *(["tokens1"] if len(tokenizers) > 1 else [])]:
        for descending in (False, True):
            yield {**everything, "sort": {"by": by, "descending": descending}}
    for search in SEARCHES:
        yield {**everything, "search": search}
    yield {**everything, "search": "o", "sort": {"by": "tokens0", "descending": True}}
    for start, stop in [(0, 4), (4, 8), (10, 20), (40, 50)]:
        yield {**everything, "start": start, "stop": stop, "sort": {"by": "tokens0", "descending": True}}


def case(title, *tokenizers):
    """tokenizers: dicts of a header's entry and the rows of its tokens."""
    tokens = [given["rows"] for given in tokenizers]
    sections, payload = encode(tokens)
    header = {
        "version": 1,
        "kind": "tokenize",
        "title": title,
        "subtitle": f"{len(ROWS)} texts · 4 ms",
        "rows": len(ROWS),
        "facts": [["Texts", f"{len(ROWS)}"], ["Special tokens", "added"]],
        "notes": ["5 texts are longer than toy-wordpiece reads: 19 tokens would be cut."],
        "inline": True,
        "tokenizers": [
            {
                **given["told"],
                "right_to_left": False,
                "totals": totals(given["rows"]),
                "batch": batch(given["rows"], 4, given["pad"], given["side"]),
            }
            for given in tokenizers
        ],
        "sections": sections,
    }
    rows = [
        {
            "index": index,
            "text": text[: CLIPPED.get(at)],
            "whole_text": text,
            "reason": reason,
            "clipped": at in CLIPPED,
            "tokenizers": [{name: told[at][name] for name in ("count", "cut", "tokens", "all")} for told in tokens],
        }
        for at, (index, text, reason, _) in enumerate(ROWS)
    ]
    for row in rows:
        for told in row["tokenizers"]:
            if told["all"] == told["tokens"]:
                del told["all"]  # only where some do not travel
    queried = asked(queries(tokens), lambda params: answer(tokens, sort=params["sort"], search=params["search"]))
    return {"header": header, "payload_base64": payload, "rows": rows, "queries": queried}


def main():
    pieces, letters = Vocabulary(), Vocabulary()
    for piece in ("[PAD]", "[UNK]", "[CLS]", "[SEP]"):
        _ = pieces[piece]
    wordpieces = {
        "rows": tokenized(wordpiece, pieces, 12, True),
        "told": {"name": "toy-wordpiece", "model": "WordPiece", "vocabulary": 30522, "limit": 12, "fast": True},
        "pad": "[PAD]",
        "side": "right",
    }
    bytelevels = {
        "rows": tokenized(bytelevel, letters, 0, False),
        "told": {"name": "toy-bytes", "model": "BPE", "vocabulary": 50257, "limit": None, "fast": False},
        "pad": None,
        "side": "left",
    }
    cases = {"one": case("toy-wordpiece", wordpieces), "two": case("toy-wordpiece, toy-bytes", wordpieces, bytelevels)}
    keep("tokenize.json", cases)


if __name__ == "__main__":
    main()
