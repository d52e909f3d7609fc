"""Write generate.json: generated texts on the wire, queries about them, and which rows answer.

Both ends of the wire are tested against that file. This script is a third reading of the rules, on purpose
independent of both ends: it needs only numpy. Run it after a change of the wire, and look at what changed.
"""

import base64
import json
from pathlib import Path

import numpy as np

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
    reasons = sorted({row[2] for row in ROWS if row[2] is not None})
    tokens = [token for row in ROWS for token in row[4]]
    lengths = [len(row[4]) for row in ROWS]
    columns = [
        ("position", np.arange(len(ROWS), dtype=np.uint32)),
        ("reason", np.array([0 if r[2] is None else reasons.index(r[2]) + 1 for r in ROWS], np.uint8)),
        ("flags", np.zeros(len(ROWS), np.uint8)),
        *strings("texts", [row[1] for row in ROWS]),
        *strings("index", [row[0] for row in ROWS]),
        *strings("reasons", reasons),
        ("tokens", np.array(lengths, np.uint32)),
        ("mean", np.array([mean(row) for row in ROWS], np.float32)),
        ("ending", np.array([row[3] for row in ROWS], np.uint8)),
        ("rows", np.cumsum([0, *lengths]).astype(np.uint32)),
        ("probabilities", np.array([probability for _, probability in tokens], np.float32)),
        *strings("pieces", [piece for piece, _ in tokens]),
    ]
    sections, payload = [], b""
    for name, array in columns:
        payload += b"\0" * (-len(payload) % 8)
        data = array.tobytes()
        sections.append(
            {
                "name": name,
                "dtype": str(array.dtype),
                "shape": list(array.shape),
                "offset": len(payload),
                "nbytes": len(data),
            }
        )
        payload += data
    return sections, payload


def strings(name, values):
    data = [value.encode() for value in values]
    offsets = np.cumsum([0, *map(len, data)]).astype(np.uint32)
    return [(f"{name}_offsets", offsets), (f"{name}_bytes", np.frombuffer(b"".join(data), np.uint8))]


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

    with_key = [at for at in found if key(at) is not None]
    without = [at for at in found if key(at) is None]
    # Python's reverse sort keeps equal rows in their first order, which is what the rules ask for.
    return sorted(with_key, key=key, reverse=sort["descending"]) + without


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
    asked = []
    for params in queries():
        positions = answer(params["sort"], params["search"])
        page = positions[params["start"] : params["stop"]]
        asked.append({"params": params, "total": len(positions), "positions": page})
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
    payload_base64 = base64.b64encode(payload).decode()
    case = {"header": header, "payload_base64": payload_base64, "rows": rows, "queries": asked}
    path = Path(__file__).with_name("generate.json")
    path.write_text(json.dumps({"prompts": case}, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
