"""Write entities.json: entities on the wire, queries about them, and which rows answer.

Both ends of the wire are tested against that file. This script is a third reading of the rules, on purpose
independent of both ends: it needs only numpy. Run it after a change of the wire, and look at what changed.
"""

import numpy as np
from wire import asked, common, in_order, keep, packed

TYPES = ["PER", "LOC", "ORG", "<b>OTHER</b>"]

# (index label, text, reason, [(start, stop, type, score)]), in code points; scores are float32 exactly.
ROWS = [
    ("0", "Ada Lovelace met Charles in London.", None, [(0, 12, 0, 0.9375), (17, 24, 0, 0.75), (28, 34, 1, 0.875)]),
    ("1", "李娜在北京", None, [(0, 2, 0, 0.5), (3, 5, 1, 0.625)]),
    ("2", "👩‍👩‍👧‍👦 with Ada in 🇫🇷 Paris 𝒳", None, [(13, 16, 0, 0.875), (23, 28, 1, 0.96875)]),
    ("3", "التقت مريم حداد في باريس", None, [(6, 15, 0, 0.75), (19, 24, 1, 0.5)]),
    ("4", "Nothing here.", None, []),
    ("5", "", "missing", []),
    ("row-6", "<img src=x onerror=alert(1)> Reuters", None, [(29, 36, 2, 0.6875), (0, 4, 3, 0.25)][::-1]),
    ("row-7", "too long a text", "out of memory at 9,000 tokens", []),
    ("ÜBER", "London London london", None, [(0, 6, 1, 0.5), (7, 13, 1, 0.5), (14, 20, 2, 0.125)]),
]  # fmt: skip

SORTS = ["row", "text", "entities"]
SEARCHES = ["", "london", "LONDON", "北京", "<img", "row-", "über", "no such thing"]


def encode():
    """The header's sections and the payload of all ROWS."""
    spans = [span for row in ROWS for span in row[3]]
    lengths = [len(row[3]) for row in ROWS]
    columns = [
        *common([(row[0], row[2]) for row in ROWS], [row[1] for row in ROWS]),
        ("count", np.array(lengths, np.uint32)),
        ("found", np.cumsum([0, *lengths]).astype(np.uint32)),
        ("start", np.array([span[0] for span in spans], np.uint32)),
        ("stop", np.array([span[1] for span in spans], np.uint32)),
        ("type", np.array([span[2] for span in spans], np.uint32)),
        ("score", np.array([span[3] for span in spans], np.float32)),
    ]
    return packed(columns)


def answer(sort, search, kind):
    """Positions of the rows that match, in order."""
    needle = search.lower()
    found = [
        at
        for at, row in enumerate(ROWS)
        if (needle in row[1].lower() or needle in row[0].lower())
        and (kind is None or any(span[2] == kind for span in row[3]))
    ]

    def key(at):
        row, by = ROWS[at], sort["by"]
        if by == "row":
            return at
        if by == "text":
            return row[1] or None
        return None if row[2] is not None else len(row[3])

    return in_order(found, key, sort["descending"])


def queries():
    """Every sort both ways; every search; every type; some pages."""
    everything = {"start": 0, "stop": 1000, "sort": {"by": "row", "descending": False}, "search": "", "type": None}
    for by in SORTS:
        for descending in (False, True):
            yield {**everything, "sort": {"by": by, "descending": descending}}
    for search in SEARCHES:
        yield {**everything, "search": search}
    for kind in range(len(TYPES)):
        yield {**everything, "type": kind}
    yield {**everything, "type": 1, "search": "a", "sort": {"by": "entities", "descending": True}}
    for start, stop in [(0, 3), (7, 20), (40, 50)]:
        yield {**everything, "start": start, "stop": stop, "sort": {"by": "entities", "descending": True}}


def main():
    sections, payload = encode()
    spans = [span for row in ROWS for span in row[3]]
    header = {
        "version": 1,
        "kind": "entities",
        "title": "a-tagger",
        "subtitle": f"9 texts · {len(spans)} entities · 0.4 s",
        "rows": len(ROWS),
        "inline": True,
        "types": TYPES,
        "counts": [sum(span[2] == kind for span in spans) for kind in range(len(TYPES))],
        "facts": [["Model", "a-tagger"]],
        "notes": ["1 text was too long."],
        "sections": sections,
    }
    rows = [
        {
            "index": index,
            "text": text,
            "reason": reason,
            "entities": [
                {"start": start, "stop": stop, "type": kind, "score": score, "text": text[start:stop]}
                for start, stop, kind, score in found
            ],
        }
        for index, text, reason, found in ROWS
    ]
    told = asked(queries(), lambda params: answer(params["sort"], params["search"], params["type"]))
    case = {"header": header, "payload_base64": payload, "rows": rows, "queries": told}
    keep("entities.json", {"texts": case})


if __name__ == "__main__":
    main()
