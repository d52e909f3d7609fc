"""Write generate.json: generated texts on the wire, queries about them, and which rows answer.

Both ends of the wire are tested against that file. This script is a third reading of the rules, on purpose
independent of both ends: it needs only numpy. Run it after a change of the wire, and look at what changed.
"""

import numpy as np
from wire import asked, common, in_order, keep, packed, strings

ENDINGS = [
    *("", "end of text", "stop string", "reached --max-new-tokens"),
    *("end of the model's context", "stopped"),
]

# (index label, prompt, reason, ending, [(text that a token adds, its probability)]); a reason means no tokens.
ROWS = [
    ("0", "The capital of France is", None, 1, [(" Paris", 0.9375), (".", 0.75), ("", 0.5)]),
    ("1", "An emoji", None, 3, [("", 0.25), ("🤗", 1.0), (" 👩", 0.5), ("\u200d", 1.0), ("👧", 0.125)]),
    ("2", "法国的首都是", None, 1, [("巴", 0.5), ("黎", 0.75), ("。", 0.25), ("", 1.0)]),
    ("3", "عاصمة فرنسا هي", None, 2, [("با", 0.5), ("ري", 0.625), ("س", 0.75)]),
    ("4", "A function", None, 5, [("```", 0.5), ("python\n", 0.75), ("def f():\n", 0.5), ("\treturn 1\n", 0.25)]),
    ("5", "<img src=x onerror=alert(1)>", None, 4, [("<script>", 0.125), ("alert(1)</script>", 0.25)]),
    ("6", "", "missing", 0, []),
    ("row-7", "A prompt that is too long", "the prompt has 9,000 tokens, and the model reads 8,192", 0, []),
    ("row-8", "Nothing more to say", None, 1, [("", 0.875)]),
    ("ÜBER", "the capital of france is", None, 1, [(" Paris", 0.9375), (".", 0.75), ("", 0.5)]),
]  # fmt: skip

SORTS = ["row", "text", "written", "tokens", "mean", "ending"]
SEARCHES = ["", "capital", "CAPITAL", "首都", "<img", "row-", "über", "no such thing"]


def encode():
    """The header's sections and the payload of all ROWS."""
    tokens = [token for row in ROWS for token in row[4]]
    lengths = [len(row[4]) for row in ROWS]
    columns = [
        *common([(row[0], row[2]) for row in ROWS], [row[1] for row in ROWS]),
        ("tokens", np.array(lengths, np.uint32)),
        ("mean", np.array([mean(row) for row in ROWS], np.float32)),
        ("ending", np.array([row[3] for row in ROWS], np.uint8)),
        ("rows", np.cumsum([0, *lengths]).astype(np.uint32)),
        ("probabilities", np.array([probability for _, probability in tokens], np.float32)),
        *strings("pieces", [piece for piece, _ in tokens]),
    ]
    return packed(columns)


def mean(row):
    return sum(probability for _, probability in row[4]) / len(row[4]) if row[4] else float("nan")


def written(row):
    return "".join(piece for piece, _ in row[4])


def answer(sort, search):
    """Positions of the rows that match, in order."""
    needle = search.lower()
    found = [at for at, row in enumerate(ROWS) if needle in row[1].lower() or needle in row[0].lower()]

    def key(at):
        row, by = ROWS[at], sort["by"]
        if by == "row":
            return at
        if by == "text":
            return row[1] or None
        if row[2] is not None:
            return None
        return {"written": written(row), "tokens": len(row[4]), "mean": mean(row), "ending": row[3]}[by]

    return in_order(found, key, sort["descending"])


def queries():
    """Every sort both ways; every search; some pages."""
    everything = {"start": 0, "stop": 1000, "sort": {"by": "row", "descending": False}, "search": ""}
    for by in SORTS:
        for descending in (False, True):
            yield {**everything, "sort": {"by": by, "descending": descending}}
    for search in SEARCHES:
        yield {**everything, "search": search}
    for start, stop in [(0, 4), (8, 20), (40, 50)]:
        yield {**everything, "start": start, "stop": stop, "sort": {"by": "mean", "descending": True}}


def main():
    sections, payload = encode()
    header = {
        "version": 1,
        "kind": "generate",
        "task": "generate",
        "title": "a-writer",
        "subtitle": "10 prompts · 0.4 s",
        "rows": len(ROWS),
        "inline": True,
        "endings": ENDINGS,
        "branches": False,
        "depth": 0,
        "facts": [["Model", "a-writer"]],
        "notes": ["1 prompt was too long."],
        "sections": sections,
    }
    rows = [
        {
            "index": index,
            "text": prompt,
            "reason": reason,
            "ending": ending,
            "pieces": [piece for piece, _ in tokens],
            "probabilities": [probability for _, probability in tokens],
        }
        for index, prompt, reason, ending, tokens in ROWS
    ]
    told = asked(queries(), lambda params: answer(params["sort"], params["search"]))
    case = {"header": header, "payload_base64": payload, "rows": rows, "queries": told}
    keep("generate.json", {"prompts": case})


if __name__ == "__main__":
    main()
