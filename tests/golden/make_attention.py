"""Write attention.json: attention on the wire, answers of its panel, and what they tell.

Both ends of the wire are tested against that file. This script is a third reading of the rules, on purpose
independent of both ends: it needs only numpy. Run it after a change of the wire, and look at what changed.
"""

import numpy as np
from wire import keep, packed, strings

SPECIAL, CONTINUES, SECOND = 1, 2, 4
MEASURES = ["entropy", "distance", "special", "previous", "next", "first", "induction"]
HEADS, LAYERS, DIMS = 2, 2, 4

# Pieces, each with what a reader sees of it, and its flags. Where a piece is not special, the texts that readers see
# make the text one behind the other.
ENCODER = [
    ("[CLS]", "[CLS]", SPECIAL),
    ("<img src=x>", "<img src=x>", 0),
    ("##中", "中", CONTINUES),
    ("文", "文", 0),
    ("قطة", "قطة", 0),
    ("👩\u200d👧", "👩\u200d👧", 0),
    ("[SEP]", "[SEP]", SPECIAL),
]
DECODER = [("The", "The", 0), ("Ġcat", " cat", 0), ("ä¸", "中", 0), ("Ń", "中", CONTINUES), ("Ġcat", " cat", 0)]
PAIR = [
    ("[CLS]", "[CLS]", SPECIAL),
    ("tired", "tired", 0),
    ("[SEP]", "[SEP]", SPECIAL),
    ("it", "it", SECOND),
    ("##s", "s", SECOND | CONTINUES),
    ("[SEP]", "[SEP]", SPECIAL | SECOND),
]
WRITTEN = [("<pad>", "<pad>", SPECIAL), ("▁Gut", "Gut", 0), ("en", "en", CONTINUES)]
SOURCE = [("▁good", "good", 0), ("▁day", " day", 0), ("</s>", "</s>", SPECIAL), ("▁day", " day", 0)]
ONE = [("Ġalone", " alone", 0)]
LONG = 600


def long_tokens():
    return [(f"t{number % 250}", f"t{number % 250}", 0) for number in range(LONG)]


# --- a model of sines ---


def vectors(which, layer, head, tokens, part):
    """Float32 `[token, dim]`: what stands for the queries, keys or values of a head."""
    token, dim = np.arange(tokens)[:, None], np.arange(DIMS)[None]
    return np.sin(1 + 2 * which + 3 * layer + 5 * head + 7 * token + 11 * dim + 13 * part).astype(np.float32)


PARTS = {"self": 0, "cross": 1, "encoder": 2}


def scores_of(part, layer, head, queries, keys, causal):
    q, k = (vectors(which, layer, head, n, PARTS[part]) for which, n in ((0, queries), (1, keys)))
    scores = q.astype(float) @ k.astype(float).T * 0.5
    if causal:
        scores[np.arange(keys)[None] > np.arange(queries)[:, None]] = -np.inf
    return scores


def weights_of(part, layer, head, queries, keys, causal):
    scores = np.exp(scores_of(part, layer, head, queries, keys, causal))
    return (scores / scores.sum(axis=1, keepdims=True)).astype(np.float32)


def all_weights(part, queries, keys, causal):
    heads = [[weights_of(part, at, head, queries, keys, causal) for head in range(HEADS)] for at in range(LAYERS)]
    return np.array(heads)


# --- what is told of them ---


def cuts(n, cells):
    return np.linspace(0, n, cells + 1).round().astype(int)


def measured(weights, part, query_ids, key_flags, taken, signed):
    """Each measure `[layer, head]`, the mean over the queries that are taken."""
    layers, heads, _, keys = weights.shape
    found = np.full((len(MEASURES), layers, heads), np.nan)
    key = np.arange(keys)
    special = (np.array(key_flags) & SPECIAL) > 0
    for layer in range(layers):
        for head in range(heads):
            told = {name: [] for name in MEASURES}
            for query in taken:
                row = weights[layer, head, query].astype(float)
                if not signed:  # a difference of weights is no distribution
                    told["entropy"].append(-(row[row > 0] * np.log(row[row > 0])).sum())
                told["special"].append(row[special].sum())
                told["first"].append(row[0])
                if part == "cross":  # places in two texts are not near or far
                    continue
                told["distance"].append((row * np.abs(key - query)).sum())
                if query > 0:
                    told["previous"].append(row[query - 1])
                if query + 1 < keys:
                    told["next"].append(row[query + 1])
                behind = [at + 1 for at in range(query - 1) if query_ids[at] == query_ids[query]]
                behind = [at for at in behind if at < query]
                if behind and not key_flags[query] & SPECIAL:
                    told["induction"].append(row[behind].sum())
            for number, name in enumerate(MEASURES):
                if told[name]:
                    found[number, layer, head] = np.mean(told[name])
    return found.astype(np.float32)


def pooled(values, signed):
    """The greatest value of a block: of a difference the one that is farthest from nothing."""
    flat = values.ravel()
    return flat[np.abs(flat).argmax()] if signed else flat.max()


def thumbs_of(weights, taken, side, signed):
    layers, heads, queries, keys = weights.shape
    rows, columns = min(side, queries), min(side, keys)
    down, across = cuts(queries, rows), cuts(keys, columns)
    thumbs = np.zeros((layers, heads, rows, columns))
    for layer in range(layers):
        for head in range(heads):
            for row in range(rows):
                lines = [query for query in taken if down[row] <= query < down[row + 1]]
                for column in range(columns):
                    block = weights[layer, head][lines, across[column] : across[column + 1]]
                    thumbs[layer, head, row, column] = pooled(block, signed)
    most = np.abs(thumbs).max(axis=(2, 3))
    share = thumbs / np.where(most > 0, most, 1)[..., None, None]
    bytes_ = np.rint(128 + 127 * share) if signed else np.rint(255 * np.sqrt(share))
    return bytes_.astype(np.uint8), most.astype(np.float32), [rows, columns]


def side_columns(name, tokens, start=0, stop=None):
    stop = len(tokens) if stop is None else stop
    ids, begins, ends, words, at, word = [], [], [], [], {0: 0, SECOND: 0}, -1
    for number, (piece, shown, flags) in enumerate(tokens):
        text = flags & SECOND
        if flags & SPECIAL:
            span = (0, 0)
        elif flags & CONTINUES and shown == tokens[number - 1][1]:
            span = (at[text] - len(shown), at[text])  # two pieces of one character
        else:
            span = (at[text], at[text] + len(shown))
        if not flags & SPECIAL:
            at[text] = span[1]
            word += not flags & CONTINUES
        ids.append(10 + [one[0] for one in tokens].index(piece))
        begins.append(span[0])
        ends.append(span[1])
        words.append(-1 if flags & SPECIAL else word)
    cut = slice(start, stop)
    return [
        (f"{name}_ids", np.array(ids[cut], np.int32)),
        *strings(f"{name}_pieces", [piece for piece, _, _ in tokens[cut]]),
        *strings(f"{name}_text", [shown for _, shown, _ in tokens[cut]]),
        (f"{name}_flags", np.array([flags for _, _, flags in tokens[cut]], np.uint8)),
        (f"{name}_words", np.array(words[cut], np.int32)),
        (f"{name}_start", np.array(begins[cut], np.uint32)),
        (f"{name}_stop", np.array(ends[cut], np.uint32)),
    ], ids


def text_of(tokens, second=False):
    """What the tokens were cut from."""
    columns = dict(side_columns("x", tokens)[0])
    found = ""
    for (_, shown, flags), start in zip(tokens, columns["x_start"], strict=True):
        if not flags & SPECIAL and bool(flags & SECOND) is second and start == len(found):
            found += shown
    return found


# --- answers ---


def listed(values):
    """The first values: enough to see that they are read in the right order."""
    return [None if np.isnan(value) else round(float(value), 6) for value in np.ravel(values)[:120]]


def answer(method, params, columns, told, **facts):
    sections, payload = packed(columns)
    return {
        "method": method,
        "params": params,
        "result": {**facts, "sections": sections},
        "payload_base64": payload,
        "told": told,
    }


def tile(weights, part, layer, head, rows, columns, pooling):
    values = weights[layer].mean(axis=0) if head == "mean" else weights[layer, head]
    down = rows[0] + cuts(rows[1] - rows[0], min(rows[2], rows[1] - rows[0]))
    across = columns[0] + cuts(columns[1] - columns[0], min(columns[2], columns[1] - columns[0]))
    made = np.zeros((len(down) - 1, len(across) - 1), np.float32)
    for row in range(len(down) - 1):
        for column in range(len(across) - 1):
            block = values[down[row] : down[row + 1], across[column] : across[column + 1]]
            made[row, column] = block.max() if pooling == "max" else block.mean()
    params = {"part": part, "layer": layer, "head": head, "rows": rows, "columns": columns, "pooling": pooling}
    starts = [("row_starts", down.astype(np.uint32)), ("column_starts", across.astype(np.uint32))]
    exact = made.shape == (rows[1] - rows[0], columns[1] - columns[0])
    return answer("tile", params, [("values", made), *starts], listed(made), exact=exact, sampled=False)


def rows_answer(weights, part, layer, heads, queries):
    found = weights[layer][heads][:, queries]  # [head, query, key]
    params = {"part": part, "layer": layer, "heads": heads, "queries": queries}
    return answer("rows", params, [("weights", found)], listed(found))


def edges(weights, part, layer, heads, rows, columns, most):
    found = [
        (float(weights[layer, head, query, key]), head, query, key)
        for head in heads
        for query in range(*rows)
        for key in range(*columns)
        if weights[layer, head, query, key] != 0
    ]
    found = sorted(found, key=lambda edge: -abs(edge[0]))[:most]
    weight, head, query, key = (list(column) for column in zip(*found, strict=True))
    columns_ = [
        ("head", np.array(head, np.uint16)),
        ("query", np.array(query, np.uint32)),
        ("key", np.array(key, np.uint32)),
        ("weight", np.array(weight, np.float32)),
    ]
    params = {"part": part, "layer": layer, "heads": heads, "rows": rows, "columns": columns, "most": most}
    told = [[h, q, k, round(w, 6)] for w, h, q, k in found]
    return answer("edges", params, columns_, told, rows=rows)


def steps(part, layer, head, query, most, queries, keys, causal):
    q = vectors(0, layer, head, queries, PARTS[part])[query]
    k, v = (vectors(which, layer, head, keys, PARTS[part]) for which in (1, 2))
    scores = scores_of(part, layer, head, queries, keys, causal)[query]
    weights = weights_of(part, layer, head, queries, keys, causal)[query]
    outputs = []
    for other in range(HEADS):
        row = weights_of(part, layer, other, queries, keys, causal)[query].astype(float)
        outputs.append(row @ vectors(2, layer, other, keys, PARTS[part]))
    concatenated = np.concatenate(outputs).astype(np.float32)
    shown = np.sort(np.argsort(-weights, kind="stable")[:most])
    columns = [
        ("q", q),
        ("keys", shown.astype(np.uint32)),
        ("k", k[shown]),
        ("products", q * k[shown]),
        ("scores", scores[shown].astype(np.float32)),
        ("masked", np.isinf(scores[shown]).astype(np.uint8)),
        ("weights", weights[shown]),
        ("v", v[shown]),
        ("head_output", concatenated[head * DIMS : (head + 1) * DIMS]),
        ("concatenated", concatenated),
        ("projected", concatenated * np.float32(0.5)),
    ]
    params = {"part": part, "layer": layer, "head": head, "query": query, "most": most}
    facts = {
        "query": query,
        "scaling": 0.5,
        "softcap": None,
        "sink": None,
        "dims": DIMS,
        "keys": keys,
        "masked_keys": int(np.isinf(scores).sum()),
        "log_sum": round(float(np.log(np.exp(scores).sum())), 5),
    }
    return answer("steps", params, columns, listed(weights[shown]), **facts)


def flow(weights, token, direction):
    """How much of a token is in each other, or of each other in it, after each layer."""
    tokens = weights.shape[2]
    found = []
    mixed = np.eye(tokens)
    for layer in range(LAYERS):
        step = (weights[layer].astype(float).mean(axis=0) + np.eye(tokens)) / 2
        mixed = step / step.sum(axis=1, keepdims=True) @ mixed
        found.append(mixed[token] if direction == "to" else mixed[:, token])
    made = np.array(found, np.float32)
    params = {"part": "self", "token": token, "direction": direction}
    starts = ("starts", np.arange(tokens + 1, dtype=np.uint32))
    return answer("flow", params, [("share", made), starts], listed(made), sampled=False)


def all_answers(weights, part, causal):
    _, _, queries, keys = weights.shape
    return [
        tile(weights, part, 1, 0, [0, queries, 64], [0, keys, 64], "max"),
        tile(weights, part, 0, "mean", [0, queries, 2], [1, keys, 2], "mean"),
        rows_answer(weights, part, 1, [1, 0], [queries - 1]),
        edges(weights, part, 0, [0, 1], [0, queries], [0, keys], 4),
        steps(part, 1, 1, queries - 1, 3, queries, keys, causal),
        steps(part, 0, 0, 1, 32, queries, keys, causal),
        *([flow(weights, 1, "to"), flow(weights, 1, "from")] if part == "self" else []),
    ]


# --- cases ---


def case(queries, parts, *, encoded=None, pair=False, target=None, signed=False, first_tokens=1000, answered=()):
    sides = {"queries": queries, **({"encoded": encoded} if encoded else {})}
    columns, ids, told_sides = [], {}, {}
    for name, tokens in sides.items():
        found, ids[name] = side_columns(name, tokens, 0, min(len(tokens), first_tokens))
        columns += found
        told_sides[name] = {"tokens": len(tokens), "here": min(len(tokens), first_tokens)}
    side = max(4, min(24, int(np.sqrt(75_000 / (LAYERS * HEADS * len(parts)) - 32))))
    facts, answers, told = [], [], {}
    whole = sum(LAYERS * HEADS * len(sides[q]) * len(sides[k]) for _, q, k, _ in parts) <= 20_000
    for part, query_side, key_side, causal in parts:
        n, m = len(sides[query_side]), len(sides[key_side])
        weights = all_weights(part, n, m, causal)
        if signed:
            weights = weights - weights[::-1]
        sampled = 256 if n > 512 else None
        taken = np.unique(np.linspace(0, n - 1, 256).round().astype(int)) if sampled else np.arange(n)
        key_flags = [flags for _, _, flags in sides[key_side]]
        thumbs, most, shape = thumbs_of(weights, taken, side, signed)
        columns += [
            (f"{part}_measures", measured(weights, part, ids[query_side], key_flags, taken, signed)),
            (f"{part}_thumbs", thumbs),
            (f"{part}_thumb_max", most),
            *([(f"{part}_weights", weights)] if whole else []),
        ]
        facts.append(
            {
                "part": part,
                "layers": LAYERS,
                "heads": HEADS,
                "queries": n,
                "keys": m,
                "query_side": query_side,
                "key_side": key_side,
                "causal": causal and n > 1 and not signed,
                "thumb": shape,
                "sampled": sampled,
            }
        )
        if part in answered:
            answers += all_answers(weights, part, causal)
        if whole:
            told[part] = listed(weights)
    sections, payload = packed(columns)
    read = encoded or queries
    tokens = f"{len(queries):,} token{'s'[: len(queries) != 1]}"
    if encoded:
        tokens = f"{len(encoded)} tokens → {len(queries)}"
    header = {
        "version": 1,
        "kind": "attention",
        "title": "a-model",
        "subtitle": f"{tokens} · {LAYERS} layers × {HEADS} heads · 400 ms",
        "rows": len(queries),
        "inline": whole,
        "parts": facts,
        "part": "self",
        "sides": told_sides,
        "measures": MEASURES,
        "pair": pair,
        "text": text_of(read)[:2000],
        "pair_text": text_of(read, second=True) if pair else None,
        "target_text": target,
        "clipped": len(text_of(read)) > 2000,
        "signed": signed,
        "has_steps": not signed,
        "can": [],
        "depth": 0,
        "facts": [["Model", "a-model"]],
        "notes": ["A note."],
        "sections": sections,
    }
    if answered and len(queries) > first_tokens:
        page = side_columns("queries", queries, first_tokens - 5, len(queries))[0]
        params = {"side": "queries", "start": first_tokens - 5, "stop": len(queries)}
        told_page = [piece for piece, _, _ in queries[first_tokens - 5 :]]
        answers.append(answer("tokens", params, page, told_page, start=first_tokens - 5))
    tokens = {name: [list(token) for token in one] for name, one in sides.items()}
    told = {"text": text_of(read), "tokens": tokens, "weights": told, "answers": answers}
    return {"header": header, "payload_base64": payload, **told}


def main():
    own, own_causal = ("self", "queries", "queries", False), ("self", "queries", "queries", True)
    three = [own_causal, ("cross", "queries", "encoded", False), ("encoder", "encoded", "encoded", False)]
    cases = {
        "encoder": case(ENCODER, [own], answered=["self"]),
        "decoder": case(DECODER, [own_causal], answered=["self"]),
        "pair": case(PAIR, [own], pair=True),
        "encoder-decoder": case(WRITTEN, three, encoded=SOURCE, target="Guten", answered=["cross"]),
        "long": case(long_tokens(), [own_causal], answered=["self"], first_tokens=500),
        "difference": case(DECODER, [own_causal], signed=True),
        "one token": case(ONE, [own]),
    }
    keep("attention.json", cases)


if __name__ == "__main__":
    main()
