"""Write classify.json: results on the wire, queries about them, and which rows answer.

Both ends of the wire are tested against that file. This script is a third reading of the rules, on purpose
independent of both ends: it needs only numpy. Run it after a change of the wire, and look at what changed.
"""

import numpy as np
from wire import asked, common, in_order, keep, packed

# (index label, text, reason, clipped, cut by the model's limit); a reason means that there is no score.
ROWS = [
    ("0", "A warm, funny and quietly devastating film.", None, False, False),
    ("1", "I want my two hours back.", None, False, False),
    ("2", "这部电影很好看，值得再看一遍。", None, False, False),
    ("3", "كان الفيلم طويلاً ومملاً", None, False, False),
    ("4", "The whole family loved it 👩‍👩‍👧‍👦🎬", None, False, False),
    ("5", "Cafe\u0301, nai\u0308ve, ma\u0303nana: ÉCLAIR", None, False, False),
    ("6", "<img src=x onerror=alert(1)>", None, False, False),
    ("7", "", "missing text", False, False),
    ("8", "", None, False, False),
    ("row-9", "Neither good nor bad.", None, False, False),
    ("row-10", "neither good nor bad.", None, False, True),
    ("row-11", "It begins well, and then it goes on and", None, True, True),
    ("ÜBER", "\ufb01ne\tprint\nsecond line\r\nthird", None, False, False),
    ("13", "\U0001d4d0 wonder", None, False, False),
    ("14", "\uff21 wonder", "the model gave no finite score", False, False),
]

# Ties are meant: between labels of a row (9, 10) and between rows (1 and 3; 9 and 10).
SINGLE = {
    "labels": ["negative", "neutral", "positive"],
    "scores": [
        [0.01, 0.04, 0.95], [0.9, 0.08, 0.02], [0.02, 0.03, 0.95], [0.9, 0.08, 0.02], [0.001, 0.002, 0.997],
        [0.2, 0.5, 0.3], [0.3, 0.6, 0.1], None, [0.33, 0.34, 0.33], [0.4, 0.4, 0.2],
        [0.4, 0.4, 0.2], [0.1, 0.2, 0.7], [0.05, 0.9, 0.05], [0.25, 0.25, 0.5], None,
    ],
}  # fmt: skip

# 0.7 is no float32: it must reach a threshold of 0.7 all the same.
MULTI = {
    "labels": ["joy", "anger", "surprise"],
    "scores": [
        [0.9, 0.1, 0.7], [0.1, 0.7, 0.2], [0.95, 0.01, 0.05], [0.05, 0.699, 0.1], [0.99, 0.02, 0.8],
        [0.3, 0.3, 0.3], [0.0, 0.2, 0.7], None, [0.1, 0.1, 0.1], [0.7, 0.7, 0.1],
        [0.7, 0.7, 0.1], [0.6, 0.5, 0.4], [0.2, 0.1, 0.9], [0.71, 0.69, 0.75], None,
    ],
}  # fmt: skip

SORTS = ["row", "text", "label", "score", 0, 1, 2]
SEARCHES = ["", "good", "GOOD", "éclair", "ÉCLAIR", "电影", "الفيلم", "👩‍👧", "<img", "row-1", "über", "no such thing"]


def encode(scores):
    """The header's sections and the payload of all ROWS; scores is [row, label] float32."""
    position, *others = common(
        [(row[0], row[2]) for row in ROWS], [row[1] for row in ROWS], [row[3] + 2 * row[4] for row in ROWS]
    )
    return packed([position, ("scores", scores), *others])


def answer(scores, problem, threshold, *, sort, label, search):
    """Positions of the rows that match, in order."""
    best = [None if np.isnan(row).any() else int(np.argmax(row)) for row in scores]

    def matches(at):
        needle = search.lower()
        if needle not in ROWS[at][1].lower() and needle not in ROWS[at][0].lower():
            return False
        if label is None:
            return True
        if label == "without_score":
            return best[at] is None
        if problem == "multi_label":
            return bool(scores[at, label] >= np.float32(threshold))
        return best[at] == label

    def key(at):
        by = sort["by"]
        if by == "row":
            return at
        if by == "text":
            return ROWS[at][1] or None
        if best[at] is None:
            return None
        if by == "label":
            return best[at]
        return float(scores[at, best[at] if by == "score" else by])

    found = [at for at in range(len(ROWS)) if matches(at)]
    return in_order(found, key, sort["descending"])


def queries(labels):
    """Every sort both ways; every filter and search; some of them together; some pages."""
    everything = {"start": 0, "stop": 1000, "sort": {"by": "row", "descending": False}, "label": None, "search": ""}
    for by in SORTS:
        for descending in (False, True):
            yield {**everything, "sort": {"by": by, "descending": descending}}
    for label in [*range(len(labels)), "without_score"]:
        yield {**everything, "label": label}
        yield {**everything, "label": label, "sort": {"by": "score", "descending": True}}
        yield {**everything, "label": label, "search": "o", "sort": {"by": "text", "descending": True}}
    for search in SEARCHES:
        yield {**everything, "search": search}
    for start, stop in [(0, 4), (4, 8), (12, 20), (40, 50)]:
        yield {**everything, "start": start, "stop": stop, "sort": {"by": "score", "descending": True}}


def case(title, problem, threshold, labels, scores):
    nothing = [np.nan] * len(labels)
    scores = np.array([nothing if row is None else row for row in scores], np.float32)
    sections, payload = encode(scores)
    scored = ~np.isnan(scores).any(axis=1)
    if problem == "multi_label":
        counts = (scores >= np.float32(threshold)).sum(axis=0)
    else:
        counts = np.bincount(scores[scored].argmax(axis=1), minlength=len(labels))
    header = {
        "version": 1,
        "kind": "classify",
        "title": title,
        "subtitle": f"{len(ROWS)} texts · 0.4 s",
        "problem": problem,
        "labels": labels,
        "rows": len(ROWS),
        "inline": True,
        "threshold": threshold,
        "top_k": None,
        "totals": {"counts": counts.tolist(), "without_score": int((~scored).sum())},
        "facts": [["Model", title], ["Device", "cpu · 2 threads"], ["Padding waste", "1.2%"]],
        "notes": ["2 texts were cut at 512 tokens: 1,204 tokens were not read."],
        "sections": sections,
    }

    def rows_of(params):
        return answer(scores, problem, threshold, **{name: params[name] for name in ("sort", "label", "search")})

    rows = [
        {
            "index": index,
            "text": text,
            "reason": reason,
            "clipped": clipped,
            "cut": cut,
            "scores": None if np.isnan(scores[at]).any() else [round(float(x), 6) for x in scores[at]],
        }
        for at, (index, text, reason, clipped, cut) in enumerate(ROWS)
    ]
    return {"header": header, "payload_base64": payload, "rows": rows, "queries": asked(queries(labels), rows_of)}


def main():
    cases = {
        "single_label": case("movie-sentiment-minilm", "single_label", 0.5, **SINGLE),
        "multi_label": case("emotions", "multi_label", 0.7, **MULTI),
    }
    keep("classify.json", cases)


if __name__ == "__main__":
    main()
