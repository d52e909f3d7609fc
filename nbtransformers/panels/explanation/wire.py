"""An explanation as bytes: a small JSON header and one binary buffer of named sections.

`values` float32 `[method, token]`, in the order of the header's `methods`; `words` uint32 `[word + 1]`, the token that
each word begins with, and at last their number; `flags` uint8 `[token]`: 1 special, 2 not the first of its word, 4 of
the second text; the string tables `shown` `[token]` (the text of each; empty where another token has it already) and
`before` `[token]` (the text between it and the one before); and of the tokens that show nothing, `unseen` uint32 (their
numbers) and the string table `pieces` (what the tokenizer calls them). `tests/golden/explain.json` holds both sides to
it.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np

from nbtransformers.panels.earlier import depth
from nbtransformers.panels.explanation.again import offered
from nbtransformers.panels.packing import packed, sendable, string_table
from nbtransformers.plain_text import count, seconds
from nbtransformers.results.attention import SECOND, SPECIAL
from nbtransformers.results.explanation import TITLES, Explanation, Target

VERSION = 1


def explanation_header(result: Explanation) -> tuple[dict[str, Any], bytes]:
    """The header and the payload: all of it, since a model reads at most some thousand tokens."""
    return _header(result, partial=False)


def partial_header(result: Explanation, rows: int | None) -> tuple[dict[str, Any], bytes]:
    """The same while other methods have yet to come."""
    return _header(result, partial=True)


def _header(result: Explanation, *, partial: bool) -> tuple[dict[str, Any], bytes]:
    shown, before = _texts(result)
    unseen = [token for token, text in enumerate(shown) if not text]
    sections, payload = packed(
        {
            "values": np.stack([one.values for one in result.found]),
            "words": result.words.first.astype(np.uint32),
            "flags": result.side.flags,
            **string_table("shown", map(sendable, shown)),
            **string_table("before", map(sendable, before)),
            "unseen": np.array(unseen, np.uint32),
            **string_table("pieces", (sendable(result.side.pieces[token]) for token in unseen)),
        }
    )
    header = {
        "version": VERSION,
        "kind": "explain",
        "title": sendable(result.run.model),
        "subtitle": f"{count(len(result), 'token')} · {seconds(result.run.seconds)}",
        "rows": len(result),
        "inline": True,
        **({"partial": True} if partial else {}),
        "target": _target(result.target),
        "targets": list(map(_target, result.targets)),
        "methods": [
            {"name": one.method, "title": one.title, "told": one.told, "baseline": sendable(one.baseline)}
            for one in result.found
        ],
        "known": [[name, title] for name, title in TITLES.items()],
        "again": offered() and not partial,
        "depth": depth(result),
        "facts": [[name, sendable(value)] for name, value in result.facts()],
        "notes": list(map(sendable, result.notes)),
        "sections": sections,
    }
    return header, payload


def _target(target: Target) -> dict[str, Any]:
    return {
        "kind": target.kind,
        "name": sendable(target.name),
        "asked": sendable(target.asked),
        "logit": target.logit,
        "probability": target.probability,
    }


def _texts(result: Explanation) -> tuple[list[str], list[str]]:
    """The text of each token, and the text between it and the one before."""
    shown: list[str] = []
    before: list[str] = []
    at = {False: 0, True: 0}
    for token, (start, stop) in enumerate(result.side.offsets.tolist()):
        flags = int(result.side.flags[token])
        if flags & SPECIAL:
            shown.append("")
            before.append("")
            continue
        text, second = result.text_of(token), bool(flags & SECOND)
        # The tokens of a character that is cut into bytes all stand where it does.
        before.append(text[at[second] : start])
        shown.append(text[max(start, at[second]) : stop])
        at[second] = max(at[second], stop)
    return shown, before


def word_texts(result: Explanation) -> list[tuple[str, str]]:
    """Of each word the text before it, and its own; both empty for a special token."""
    shown, before = _texts(result)
    first = result.words.first.tolist()
    return [
        (before[start], shown[start] + "".join(before[at] + shown[at] for at in range(start + 1, stop)))
        for start, stop in pairwise(first)
    ]
