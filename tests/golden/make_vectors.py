"""Write vectors.json: embeddings and similarities on the wire, answers of their panels, and what they tell.

Both ends of the wire are tested against that file. This script is a third reading of the rules, on purpose
independent of both ends: it needs only numpy. Run it after a change of the wire, and look at what changed.
"""

import numpy as np
from wire import common, keep, packed, strings

# (index label, text, reason, cut by the model's limit, vector); a reason means that there is no vector.
ROWS = [
    ("0", "A warm, funny film 👩‍👩‍👧‍👦🎬", None, False, [3.0, 1.0]),
    ("b", "这部电影很好看。", None, True, [3.0, -1.0]),
    ("2", "<img src=x onerror=alert(1)>", None, False, [-3.0, 1.0]),
    ("ÜBER", "كان الفيلم طويلاً", None, False, [-3.0, -1.0]),
    ("4", "", "missing text", False, None),
]
OTHERS = [("x", "Cafe\u0301\nsecond line", [2.0, 0.0]), ("y", "\U0001d4d0", [0.0, -1.0]), ("z", "far", [-1.0, -1.0])]

# The mean is zero and the axes are those of most variance: PCA leaves such vectors as they are. The two on the right
# are one cluster, the two on the left the other; in the order, like stands beside like.
ORDER, OTHER_ORDER, CLUSTERS = [0, 1, 2, 3, 4], [0, 1, 2], [0, 0, 1, 1, 255]


def vectors():
    return np.array([[np.nan, np.nan] if row[4] is None else row[4] for row in ROWS], np.float32)


def cosine(a, b):
    return np.array(
        [[x @ y / np.sqrt((x @ x) * (y @ y)) for y in b.astype(float)] for x in a.astype(float)], np.float32
    )


def named(name, rows, positions):
    positions = [int(position) for position in positions]
    texts = strings(f"{name}_texts", [rows[position][1] for position in positions])
    index = strings(f"{name}_index", [rows[position][0] for position in positions])
    return [(name, np.array(positions, np.uint32)), *texts, *index]


def rows_of_page():
    return [
        *common([(row[0], row[2]) for row in ROWS], [row[1] for row in ROWS], [2 * row[3] for row in ROWS]),
        ("points", vectors()),
        ("cluster", np.array(CLUSTERS, np.uint8)),
    ]


def answer(method, params, columns, told):
    sections, payload = packed(columns)
    return {"method": method, "params": params, "sections": sections, "payload_base64": payload, "told": told}


def tile(values, rows, columns, order, across, row_texts, column_texts):
    (down, stop, _), (left, right, _) = rows, columns
    part = values[np.ix_(order[down:stop], across[left:right])]
    told = {"values": listed(part), "rows": order[down:stop], "columns": across[left:right]}
    starts = [("row_starts", rows), ("column_starts", columns)]
    return answer(
        "tile",
        {"order": "cluster", "rows": rows, "columns": columns},
        [
            ("values", part),
            *((name, np.arange(start, stop + 1, dtype=np.uint32)) for name, (start, stop, _) in starts),
            *named("row", row_texts, order[down:stop]),
            *named("column", column_texts, across[left:right]),
        ],
        told,
    )


def nearest(position, values, texts, alone):
    score = values[position].copy()
    if alone:
        score[position] = np.nan
    found = [at for at in np.argsort(-score, kind="stable").tolist() if not np.isnan(score[at])]
    columns = [*named("row", texts, found), ("score", score[found])]
    told = {"rows": found, "scores": listed(score[found])}
    return answer("neighbours", {"position": position}, columns, told)


def listed(values):
    return [None if np.isnan(value) else round(float(value), 6) for value in np.ravel(values)]


def case(kind, others=None):
    square = kind == "similar" and others is None
    values, matrix, beside = None, None, []
    if kind == "similar":
        columns = vectors() if square else np.array([row[2] for row in OTHERS], np.float32)
        values = cosine(vectors(), columns)
        across = ORDER if square else OTHER_ORDER
        beside = [
            ("values", values),
            ("order", np.array(ORDER, np.uint32)),
            ("column_order", np.array(across, np.uint32)),
        ]
        beside += [] if square else named("column", OTHERS, range(len(OTHERS)))
        apart = values[~np.eye(len(ROWS), dtype=bool)] if square else values.ravel()
        low, high = (float(end(apart[~np.isnan(apart)])) for end in (min, max))
        matrix = {"rows": len(ROWS), "columns": values.shape[1], "crosswise": not square, "low": low, "high": high}
    sections, payload = packed([*rows_of_page(), *beside])
    header = {
        "version": 1,
        "kind": kind,
        "title": "a-model",
        "subtitle": f"{len(ROWS)} texts · 400 ms",
        "rows": len(ROWS),
        "inline": True,
        "measure": "cosine",
        "maps": ["pca"],
        "first_map": {"title": "PCA", "note": "100% of the variance is in this picture."},
        "query": None,
        "matrix": matrix,
        "facts": [["Model", "a-model"]],
        "notes": ["A note."],
        "sections": sections,
    }
    answers = []
    if kind == "similar":
        texts = ROWS if square else OTHERS
        answers.append(tile(values, [1, 4, 3], [0, 2, 2], ORDER, across, ROWS, texts))
        answers.append(nearest(1, values, texts, square))
    keys = ("index", "text", "reason", "cut")
    rows = [{key: row[at] for at, key in enumerate(keys)} for row in ROWS]
    told = {"rows": rows, "matrix": None if values is None else listed(values), "clusters": CLUSTERS}
    return {"header": header, "payload_base64": payload, **told, "answers": answers}


def main():
    cases = {"embed": case("embed"), "similar": case("similar"), "crosswise": case("similar", OTHERS)}
    keep("vectors.json", cases)


if __name__ == "__main__":
    main()
