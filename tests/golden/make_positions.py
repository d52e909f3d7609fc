"""Write positions.json: encodings of positions on the wire, and what the panel is to read from them.

Both ends are tested against that file. This script is a third reading of the rules, on purpose independent of both
ends: it needs only numpy. Run it after a change of the wire, and look at what changed.
"""

import numpy as np
from wire import keep, packed

LENGTH, DIM = 6, 4
# Of a tiny relative bias, by hand: distances -2 to 2 down, heads across.
BIAS = np.array([[-2.0, 0.5], [-1.0, 0.25], [0.0, 0.125], [1.0, -0.25], [2.0, -0.5]], np.float32)
FREQUENCIES = np.array([1.0, 0.01], np.float32)


def listed(values):
    return [None if np.isnan(value) else round(float(value), 5) for value in np.ravel(values)]


def cosine(table):
    lengths = np.sqrt((table.astype(float) ** 2).sum(axis=1))
    return (table.astype(float) @ table.T.astype(float) / np.outer(lengths, lengths)).astype(np.float32)


def by_distance(matrix):
    return np.array([np.diagonal(matrix, far).mean() for far in range(len(matrix))], np.float32)


def facts(**own):
    usual = {"name": "", "source": "", "row": "position", "first": 0, "step": [1, 1], "alike_step": 1, "curve_step": 1}
    return {**usual, **own}


def header(encodings, columns, title, subtitle, told):
    sections, payload = packed(columns)
    return {
        "header": {
            "version": 1,
            "kind": "positions",
            "title": title,
            "subtitle": subtitle,
            "rows": encodings[0]["rows"],
            "inline": True,
            "facts": [["Formula", "Vaswani et al. 2017, section 3.5"]] if not told.get("model") else [],
            "notes": [],
            "encodings": encodings,
            "sections": sections,
        },
        "payload_base64": payload,
        "told": told,
    }


def sinusoidal():
    positions, pairs = np.arange(LENGTH)[:, None], np.arange(0, DIM, 2)
    angles = positions / 10_000 ** (pairs / DIM)
    table = np.zeros((LENGTH, DIM), np.float32)
    table[:, 0::2], table[:, 1::2] = np.sin(angles), np.cos(angles)
    alike = cosine(table)
    encoding = facts(
        form="sinusoidal",
        told="sinusoidal · 6 positions × 4 dimensions",
        formula=["PE(p, 2i) = sin(p / 10000^(2i/d))", "PE(p, 2i+1) = cos(p / 10000^(2i/d))"],
        column="dimension",
        rows=LENGTH,
        columns=DIM,
        side=LENGTH,
        pictures=["value"],
        most=[1.0],
        curves=[0, 1, 2, 3],
    )
    columns = [
        ("0_value", table),
        ("0_alike", alike),
        ("0_distance", np.arange(LENGTH, dtype=np.int32)),
        ("0_by_distance", by_distance(alike)),
    ]
    told = {"pictures": {"value": listed(table)}, "alike": listed(alike), "by_distance": listed(by_distance(alike))}
    return header([encoding], columns, "The sinusoidal formula", encoding["told"], told)


def rotary():
    angles = np.arange(LENGTH, dtype=np.float32)[:, None] * FREQUENCIES
    cos, sin = np.cos(angles), np.sin(angles)
    alike = ((cos @ cos.T + sin @ sin.T) / np.float32(2)).astype(np.float32)
    encoding = facts(
        form="rotary",
        told="rotary · 6 positions × 2 pairs",
        source="rotary_emb",
        formula=["turned", "θ"],
        column="pair",
        rows=LENGTH,
        columns=2,
        side=LENGTH,
        pictures=["cos", "sin", "angle"],
        most=[1.0, 1.0, 5.0],
        curves=[0, 1],
    )
    encoding["most"] = [round(float(np.abs(one).max()), 6) for one in (cos, sin, angles)]
    columns = [
        ("0_cos", cos),
        ("0_sin", sin),
        ("0_alike", alike),
        ("0_distance", np.arange(LENGTH, dtype=np.int32)),
        ("0_by_distance", alike[0]),
        ("0_frequencies", FREQUENCIES),
    ]
    pictures = {"cos": listed(cos), "sin": listed(sin), "angle": listed(angles)}
    told = {"model": "a-model", "pictures": pictures, "alike": listed(alike), "by_distance": listed(alike[0])}
    return header([encoding], columns, "a-model", encoding["told"], told)


def relative():
    encoding = facts(
        form="relative",
        told="relative · 5 distances × 2 heads",
        source="block.0",
        formula=["score"],
        row="distance",
        column="head",
        rows=5,
        columns=2,
        first=-2,
        side=3,
        pictures=["bias"],
        most=[2.0],
        curves=[0, 1],
    )
    # Head 1, queries down and keys across: by their distance.
    alike = [[BIAS[key - query + 2, 1] for key in range(3)] for query in range(3)]
    told = {"model": "a-model", "pictures": {"bias": listed(BIAS)}, "alike_of_head_1": listed(alike)}
    return header([encoding], [("0_bias", BIAS)], "a-model", encoding["told"], told)


def main():
    keep("positions.json", {"sinusoidal": sinusoidal(), "rotary": rotary(), "relative": relative()})


if __name__ == "__main__":
    main()
