"""Write answer.json and fill.json: results on the wire, queries about them, and which rows answer.

Both ends of the wire are tested against these files. This script is a third reading of the rules, on purpose
independent of both ends: it needs only numpy. Run it after a change of the wire, and look at what changed.
"""

import numpy as np
from wire import asked, common, in_order, keep, packed, strings

ADA = "Ada 👩‍💻 was born in London; naïve? No."
ARABIC = "ولدت آدا في لندن."
CHINESE = "艾达出生在伦敦。"

# (index label, question, context, reason, [(answer or None, where it stands in the context, score)], no answer)
OWN = [
    ("0", "Where was Ada born?", ADA, None, [("London", 20, 0.75), ("in London", 17, 0.125)], 0.0625),
    ("1", "أين ولدت آدا؟", ARABIC, None, [("لندن", 12, 0.5), ("في لندن", 9, 0.25)], 0.125),
    ("2", "艾达出生在哪里？", CHINESE, None, [("伦敦", 5, 0.875)], 0.03125),
    ("row-3", "<img src=x onerror=alert(1)>", "<b>No</b>", None, [("No", 3, 0.5)], 0.25),
    ("row-4", "Who won?", "Nobody knows.", None, [(None, -1, 0.75), ("Nobody", 0, 0.25)], 0.75),
    ("5", "", "Nothing is asked.", "no question: empty", [], None),
    ("6", "What is missing?", "", "no context: missing", [], None),
    ("ÜBER", "where was ada born?", ADA, None, [("London", 20, 0.75)], 0.0625),
]
# One context that all share: it travels once.
SHARED = [
    ("0", "Where was Ada born?", ADA, None, [("London", 20, 0.75), ("in London", 17, 0.125)], 0.0625),
    ("1", "Who is she?", ADA, None, [("Ada 👩‍💻", 0, 0.5)], 0.25),
    ("2", "When?", ADA, None, [(None, -1, 0.625)], 0.625),
]
# One question of several contexts: the rows are named by these.
ASKED = [
    ("0", "Where?", ADA, None, [("London", 20, 0.75)], 0.0625),
    ("1", "Where?", ARABIC, None, [("لندن", 12, 0.5)], 0.125),
    ("2", "Where?", "", "no context: missing", [], None),
]
# (index label, text with masks, reason, [for each mask (where it begins, where it ends, [(word, probability)])])
FILLED = [
    ("0", "Paris is the [MASK] of France.", None, [(13, 19, [("capital", 0.75), ("heart", 0.125)])]),
    ("1", "👩‍👧 [MASK] [MASK]ing!", None,
     [(4, 10, [("<b>", 0.5), ("a", 0.25)]), (11, 17, [("s", 0.25), ("##th", 0.125)])]),
    ("2", "巴黎是法国的[MASK]。", None, [(6, 12, [("首都", 0.875), ("心", 0.0625)])]),
    ("row-3", "no mask at all", "no mask: write [MASK] where a word is missing", []),
    ("row-4", "", "missing", []),
    ("ÜBER", "باريس هي [MASK]", None, [(9, 15, [("عاصمة", 0.75), ("مدينة", 0.125)])]),
]  # fmt: skip
FILLED_TEXTS = {
    "0": "Paris is the capital of France.",
    "1": "👩‍👧 <b> sing!",
    "2": "巴黎是法国的首都。",
    "ÜBER": "باريس هي عاصمة",
}
SEARCHES = ["", "ada", "WHERE", "伦敦", "لندن", "<img", "row-", "über", "no such thing"]


def answer_columns(rows, named_by):
    found = [answer for row in rows for answer in row[4]]
    contexts = [row[2] for row in rows]
    shared = named_by == "shared"
    texts = contexts if named_by == "context" else [row[1] for row in rows]
    ends = [-1 if text is None else start + len(text) for text, start, _ in found]
    return [
        *common([(row[0], row[3]) for row in rows], texts),
        *strings("questions", [row[1] for row in rows]),
        *strings("contexts", contexts[:1] if shared else contexts),
        ("context_start", np.zeros(len(rows), np.uint32)),
        ("context_length", np.array([len(context) for context in contexts], np.uint32)),
        ("none", np.array([np.nan if row[5] is None else row[5] for row in rows], np.float32)),
        ("found", np.cumsum([0, *(len(row[4]) for row in rows)]).astype(np.uint32)),
        ("start", np.array([start for _, start, _ in found], np.int32)),
        ("end", np.array(ends, np.int32)),
        ("score", np.array([score for _, _, score in found], np.float32)),
        *strings("answers", [text or "" for text, _, _ in found]),
    ]


def fill_columns():
    masks = [mask for row in FILLED for mask in row[3]]
    words = sorted({word for _, _, fillings in masks for word, _ in fillings})
    return [
        *common([(row[0], row[2]) for row in FILLED], [row[1] for row in FILLED]),
        *strings("filled", [FILLED_TEXTS.get(row[0], "") for row in FILLED]),
        ("masks", np.cumsum([0, *(len(row[3]) for row in FILLED)]).astype(np.uint32)),
        ("start", np.array([mask[0] for mask in masks], np.uint32)),
        ("end", np.array([mask[1] for mask in masks], np.uint32)),
        ("word", np.array([[words.index(word) for word, _ in mask[2]] for mask in masks], np.uint32)),
        *strings("words", words),
        ("probability", np.array([[likely for _, likely in mask[2]] for mask in masks], np.float32)),
    ]


def queried(rows, filters):
    """Every sort both ways, every search and filter, and a page; `rows` is a list of (text, label, score, bucket)."""
    everything = {"start": 0, "stop": 1000, "sort": {"by": "row", "descending": False}, "search": ""}
    if filters:
        everything["label"] = None
    found = [{**everything, "search": search} for search in SEARCHES]
    for by in ("row", "text", "score"):
        found += [{**everything, "sort": {"by": by, "descending": descending}} for descending in (False, True)]
    for label in filters:
        found += [{**everything, "label": label}, {**everything, "label": label, "search": "o"}]
    found += [{**everything, "start": 1, "stop": 3, "sort": {"by": "score", "descending": True}}]
    return asked(found, lambda params: matching(rows, params))


def matching(rows, params):
    needle, by = params["search"].lower(), params["sort"]["by"]
    found = [
        at
        for at, (text, label, _, bucket) in enumerate(rows)
        if (needle in text.lower() or needle in label.lower()) and params.get("label") in (None, bucket)
    ]

    def key(at):
        text, _, score, _ = rows[at]
        return {"row": at, "text": text or None, "score": score}[by]

    return in_order(found, key, params["sort"]["descending"])


def answer_case(rows, named_by):
    sections, payload = packed(answer_columns(rows, named_by))
    buckets = ["without_score" if not row[4] else int(row[4][0][0] is None) for row in rows]
    header = {
        "version": 1,
        "kind": "answer",
        "title": "an-answerer",
        "subtitle": f"{len(rows)} questions · 0.4 s",
        "question": rows[0][1] if named_by == "context" else None,
        "rows": len(rows),
        "inline": True,
        "totals": {"counts": [buckets.count(0), buckets.count(1)], "without_score": buckets.count("without_score")},
        "facts": [["Model", "an-answerer"]],
        "notes": [],
        "sections": sections,
    }
    told = [
        {
            "index": label,
            "question": question,
            "context": context,
            "reason": reason,
            "none": none,
            "answers": [
                {"text": text or "", "start": start, "end": -1 if text is None else start + len(text), "score": score}
                for text, start, score in found
            ],
        }
        for label, question, context, reason, found, none in rows
    ]
    names = [row[2] if named_by == "context" else row[1] for row in rows]
    by = [
        (name, row[0], row[4][0][2] if row[4] else None, bucket)
        for name, row, bucket in zip(names, rows, buckets, strict=True)
    ]
    queries = queried(by, [0, 1, "without_score"])
    return {"header": header, "payload_base64": payload, "rows": told, "queries": queries}


def fill_case():
    sections, payload = packed(fill_columns())
    header = {
        "version": 1,
        "kind": "fill",
        "title": "a-masker",
        "subtitle": f"{len(FILLED)} texts · 0.4 s",
        "rows": len(FILLED),
        "inline": True,
        "facts": [["Model", "a-masker"]],
        "notes": [],
        "sections": sections,
    }
    told = [
        {
            "index": label,
            "text": text,
            "reason": reason,
            "filled": FILLED_TEXTS.get(label, ""),
            "masks": [
                {
                    "start": start,
                    "end": end,
                    "fillings": [{"word": word, "probability": likely} for word, likely in fillings],
                }
                for start, end, fillings in masks
            ],
        }
        for label, text, reason, masks in FILLED
    ]
    by = [(text, label, masks[0][2][0][1] if masks else None, None) for label, text, _, masks in FILLED]
    return {"header": header, "payload_base64": payload, "rows": told, "queries": queried(by, [])}


def main():
    cases = {
        "own": answer_case(OWN, "question"),
        "shared": answer_case(SHARED, "shared"),
        "asked": answer_case(ASKED, "context"),
    }
    keep("answer.json", cases)
    keep("fill.json", {"masks": fill_case()})


if __name__ == "__main__":
    main()
