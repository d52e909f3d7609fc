"""Write stored.json: what the page is told of results that went to a file. Both ends are tested against it.

A third reading of the rules, on purpose independent of both ends. Run it after a change of the wire.
"""

import json
from pathlib import Path

HEADER = {
    "version": 1,
    "kind": "stored",
    "title": "labels \u00fcber <b>.parquet",
    "subtitle": "200,000 texts \u00b7 12.3 MB \u00b7 400 ms",
    "rows": 200_000,
    "facts": [
        ["File", "/data/labels \u00fcber <b>.parquet"],
        ["Model", "a-model"],
        ["Device", "cpu \u00b7 float32 \u00b7 2 threads"],
        ["Time", "400 ms (+ 500 ms to load)"],
        ["Tokens", "1,200 \u00b7 3,000 tokens/s"],
        ["Batches", "3 of up to 512 tokens"],
        ["Padding waste", "1.0%"],
    ],
    "notes": ["2 texts were cut."],
    "columns": ["text", "label", "score", "reason", "vector"],
    "beginning": [
        ["A joy from start to end.", "positive", "0.9987", "\u2013", "[0.5, -1, 2, 3, \u2026]"],
        ["\u5f88\u597d\u770b", "positive", "0.75", "\u2013", "[0.5, 1]"],
        ["\u0643\u0627\u0646 \u0645\u0645\u0644\u0627\u064b", "negative", "0.5", "\u2013", "[0]"],
        ["<img src=x onerror=alert(1)> \ufffd", "\u2013", "\u2013", "missing", "\u2013"],
    ],
    "more": "The first rows; `pd.read_parquet('labels.parquet')` has all.",
}

if __name__ == "__main__":
    Path(__file__).with_name("stored.json").write_text(
        json.dumps({"header": HEADER}, ensure_ascii=True, indent=1) + "\n", encoding="utf-8"
    )
