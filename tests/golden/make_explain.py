"""Write explain.json: an explanation on the wire, and what it tells.

Both ends of the wire are tested against that file. This script is a third reading of the rules, on purpose
independent of both ends: it needs only numpy. Run it after a change of the wire, and look at what changed.
"""

import numpy as np
from wire import keep, packed, strings

# (text before it, its text, what the tokenizer calls it, special, continues its word, of the second text, values)
TOKENS = [
    ("", "", "[CLS]", True, False, False, [0.0, -0.25]),
    ("", "Un", "un", False, False, False, [0.5, 1.0]),
    ("", "good", "##good", False, True, False, [-1.25, 1.0]),
    (" ", "很", "很", False, False, False, [0.125, 0.0]),
    ("\n ", "😀", "ð", False, False, False, [0.5, 0.5]),
    ("", "", "Ł", False, True, False, [0.25, 0.5]),
    ("", "", "[SEP]", True, False, False, [0.0, 0.0]),
    ("", "<b>", "<b>", False, False, True, [-0.5, 2.0]),
    ("", "", "[SEP]", True, False, True, [0.0, 0.0]),
]
TARGETS = [
    {"kind": "label", "name": "positive", "asked": "positive", "logit": 2.5, "probability": 0.75},
    {"kind": "label", "name": "<i>", "asked": "<i>", "logit": -0.5, "probability": 0.25},
]
METHODS = [
    ("integrated_gradients", "Integrated gradients", "completeness gap +0.50% in 32 steps", "compared with [PAD]"),
    (
        "occlusion",
        "Occlusion",
        "no completeness gap: its values promise no sum",
        "word by word, with [MASK] in its place",
    ),
]
KNOWN = [
    ["integrated_gradients", "Integrated gradients"],
    ["input_x_gradient", "Input × gradient"],
    ["occlusion", "Occlusion"],
]


def main():
    starts = [at for at, token in enumerate(TOKENS) if not token[4]]
    sections, payload = packed(
        [
            ("values", np.array([[token[6][method] for token in TOKENS] for method in range(2)], np.float32)),
            ("words", np.array([*starts, len(TOKENS)], np.uint32)),
            ("flags", np.array([token[3] + 2 * token[4] + 4 * token[5] for token in TOKENS], np.uint8)),
            *strings("shown", [token[1] for token in TOKENS]),
            *strings("before", [token[0] for token in TOKENS]),
            ("unseen", np.array([at for at, token in enumerate(TOKENS) if not token[1]], np.uint32)),
            *strings("pieces", [token[2] for token in TOKENS if not token[1]]),
        ]
    )
    header = {
        "version": 1,
        "kind": "explain",
        "title": "a-model",
        "subtitle": f"{len(TOKENS)} tokens · 400 ms",
        "rows": len(TOKENS),
        "inline": True,
        "target": TARGETS[0],
        "targets": TARGETS,
        "methods": [dict(zip(("name", "title", "told", "baseline"), method, strict=True)) for method in METHODS],
        "known": KNOWN,
        "again": False,
        "depth": 0,
        "facts": [["Model", "a-model"]],
        "notes": ["A note."],
        "sections": sections,
    }
    words = []
    for start, stop in zip(starts, [*starts[1:], len(TOKENS)], strict=True):
        own = TOKENS[start:stop]
        text = "".join(token[1] if at == 0 else token[0] + token[1] for at, token in enumerate(own))
        sums = np.sum([token[6] for token in own], axis=0).tolist()
        words.append({"before": own[0][0], "text": text, "special": own[0][3], "second": own[0][5], "values": sums})
    keep("explain.json", {"pair": {"header": header, "payload_base64": payload, "words": words}})


if __name__ == "__main__":
    main()
