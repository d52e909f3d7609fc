"""AttentionRequest -> program."""

from __future__ import annotations

from nbtransformers.codegen.layout import Part, call, numbered, program
from nbtransformers.codegen.literals import INDENT, assigned
from nbtransformers.codegen.models import model_part
from nbtransformers.request import AttentionRequest
from nbtransformers.results.attentionrecipe import AttentionRecipe

_TITLE = "Look at attention, with Transformers and PyTorch alone."


def attention_program(request: AttentionRequest, recipe: AttentionRecipe) -> str:
    """The program for a request, given what was read.

    It leaves the weights of a short text in `attention`, by part and layer; of a long one the function `weights_of`
    computes those of a head.
    """
    if not recipe.keeps_queries:
        return program(_TITLE, [*all_weights(request, recipe), _table(recipe)])
    read = [_texts(recipe), model_part(recipe, "AutoModel", request), _tokens(recipe)]
    return program(_TITLE, [*read, _kept(), _keep(), _run_keeping(recipe), _of_a_head(), _last_token()])


def all_weights(request: AttentionRequest, recipe: AttentionRecipe, *, loads: bool = True) -> list[Part]:
    """The parts that leave all weights in `attention`, by part and layer, and what they are of in `tokens`.

    Args:
        request: what was asked for.
        recipe: what was read.
        loads: whether the model is loaded here; else it is there already.
    """
    model = [model_part(recipe, "AutoModel", request)] if loads else []
    if recipe.given:
        return [_given(recipe), *model, _as_tensors(recipe), _run(recipe), _without_padding(recipe)]
    return [_texts(recipe), *model, _tokens(recipe), _run(recipe)]


def _texts(recipe: AttentionRecipe) -> Part:
    lines = ["# 1. The text.", *assigned("text", recipe.text)]
    if recipe.pair is not None:
        lines += ["# The second one, which the model reads behind it.", *assigned("pair", recipe.pair)]
    return Part(lines)


def _tokens(recipe: AttentionRecipe) -> Part:
    given = ["text", *(["pair"] if recipe.pair is not None else []), 'return_tensors="pt"']
    said = "# 3. The text to tokens, as numbers."
    if recipe.limit:
        said = f"{said} The model reads {recipe.limit} of them; the rest is cut off."
        given += ['truncation="longest_first"', f"max_length={recipe.limit}"]
    if not recipe.takes_type_ids:
        given.append("return_token_type_ids=False")
    lines = [said, *call("inputs = tokenizer(", given), "inputs = inputs.to(device)"]
    lines.append('tokens = tokenizer.convert_ids_to_tokens(inputs["input_ids"][0])')
    if recipe.decoder_ids:
        lines += [
            "# What the decoder reads.",
            *numbered("decoder_ids", recipe.decoder_ids),
            'inputs["decoder_input_ids"] = torch.tensor([decoder_ids], device=device)',
            "decoder_tokens = tokenizer.convert_ids_to_tokens(decoder_ids)",
        ]
    return Part(lines, ("import torch",))


# --- inputs that a tokenizer of the user's has made ---


def _given(recipe: AttentionRecipe) -> Part:
    lines = [line for name, numbers in recipe.given for line in numbered(name, numbers)]
    return Part(["# 1. One row of a batch, as a tokenizer has made it.", *lines])


def _as_tensors(recipe: AttentionRecipe) -> Part:
    lines = [
        "# 3. The row as the model takes it: a batch of one.",
        *call("row = {", [f'"{name}": {name}' for name, _ in recipe.given], "}"),
        "inputs = {name: torch.tensor([numbers], device=device) for name, numbers in row.items()}",
    ]
    sides = [("", "tokens")]
    if recipe.decoder_ids:
        sides.append(("decoder_", "decoder_tokens"))
    for side, tokens in sides:
        ids = f"{side}input_ids"
        if _is_padded(recipe, side):
            lines.append(f"{side}real = [at for at, seen in enumerate({side}attention_mask) if seen > 0]  # no padding")
            ids = f"[{ids}[at] for at in {side}real]"
        lines.append(f"{tokens} = tokenizer.convert_ids_to_tokens({ids})")
    return Part(lines, ("import torch",))


def _is_padded(recipe: AttentionRecipe, side: str) -> bool:
    return min(dict(recipe.given).get(f"{side}attention_mask", (1,))) <= 0


def _without_padding(recipe: AttentionRecipe) -> Part:
    """Each part without its padded queries and keys; no lines where there are none."""
    parts = {"self": ("decoder_", "decoder_"), "cross": ("decoder_", ""), "encoder": ("", "")}
    lines: list[str] = []
    for part, sides in (parts if recipe.decoder_ids else {"self": ("", "")}).items():
        cuts = zip(("[:, {}real]", "[:, :, {}real]"), sides, strict=True)
        cut = "".join(where.format(side) for where, side in cuts if _is_padded(recipe, side))
        if cut:
            lines.append(f'attention["{part}"] = [layer{cut} for layer in attention["{part}"]]')
    return Part(["# Without the padding, which nobody attends to.", *lines] if lines else [])


# --- a short text: all weights at once ---


def _run(recipe: AttentionRecipe) -> Part:
    given = ["**inputs", "output_attentions=True", *_without_cache(recipe)]
    parts = {"self": "decoder_attentions", "cross": "cross_attentions", "encoder": "encoder_attentions"}
    if not recipe.decoder_ids:
        parts = {"self": "attentions"}
    lines = [
        "# 4. Read it. Only the eager implementation gives its weights, all of them: heads × tokens² a layer.",
        "implementation = model.config._attn_implementation",
        'model.set_attn_implementation("eager")',
        "with torch.inference_mode():  # keeps nothing that only training needs",
        *(INDENT + line for line in call("outputs = model(", given)),
        "model.set_attn_implementation(implementation)",
        "# By part and layer: [head, query, key].",
        "attention = {",
        *(
            f'{INDENT}"{part}": [layer[0].float().cpu().numpy() for layer in outputs.{name}],'
            for part, name in parts.items()
        ),
        "}",
    ]
    return Part(lines, ("import torch",))


def _table(recipe: AttentionRecipe) -> Part:
    names = "decoder_tokens" if recipe.decoder_ids else "tokens"
    return Part(
        [
            "# 5. What each token attends to in the first head of the first layer.",
            "layer, head = 0, 0",
            'weights = attention["self"][layer][head]',
            f"table = pd.DataFrame(weights, index={names}, columns={names})",
            "print(table)",
        ],
        ("import pandas as pd",),
    )


# --- a long text: queries and keys, and from them the weights of any head ---


def _kept() -> Part:
    return Part(
        [
            "# 4. All weights would be heads × tokens² a layer, so keep what they are computed from.",
            "kept = []  # a layer: queries and keys [head, token, dimension], scaling, mask, causal",
        ]
    )


def _keep() -> Part:
    return Part(
        [
            "def keep(module, query, key, value, attention_mask, scaling=None, **options):",
            '    """Attention as PyTorch computes it; queries and keys stay."""',
            "    by = query.shape[-1] ** -0.5 if scaling is None else scaling",
            '    causal = options.get("is_causal")',
            '    causal = getattr(module, "is_causal", True) if causal is None else causal',
            "    kept.append((query[0].float(), key[0].float(), by, attention_mask, causal))",
            "    return sdpa_attention_forward(",
            "        module, query, key, value, attention_mask, scaling=scaling, **options",
            "    )",
        ],
        (
            "from transformers import AttentionInterface",
            "from transformers.integrations.sdpa_attention import sdpa_attention_forward",
            "from transformers.masking_utils import AttentionMaskInterface",
            "from transformers.masking_utils import sdpa_mask",
        ),
        is_function=True,
    )


def _run_keeping(recipe: AttentionRecipe) -> Part:
    return Part(
        [
            'AttentionInterface.register("keep", keep)',
            'AttentionMaskInterface.register("keep", sdpa_mask)  # or masks would be left out',
            "implementation = model.config._attn_implementation",
            'model.set_attn_implementation("keep")',
            "with torch.inference_mode():  # keeps nothing that only training needs",
            *(INDENT + line for line in call("model(", ["**inputs", *_without_cache(recipe)])),
            "model.set_attn_implementation(implementation)",
        ],
        ("import torch",),
    )


def _of_a_head() -> Part:
    return Part(
        [
            "def weights_of(layer, head, rows=None):",
            '    """The weights `[query, key]` of a head, of all queries or of those with these numbers."""',
            "    query, key, scaling, mask, causal = kept[layer]",
            "    rows = torch.arange(query.shape[1]) if rows is None else torch.as_tensor(rows)",
            "    group = query.shape[0] // key.shape[0]  # query heads that share one of the keys",
            "    scores = query[head, rows] @ key[head // group].T * scaling",
            "    if mask is not None:",
            "        seen = mask[0, 0].expand(query.shape[1], -1)[rows]",
            '        hidden = torch.where(seen, 0, float("-inf")) if seen.dtype == torch.bool else seen',
            "        scores = scores + hidden",
            "    elif causal:",
            "        later = torch.arange(key.shape[1]) > rows[:, None]",
            '        scores = scores.masked_fill(later.to(scores.device), float("-inf"))',
            "    return scores.softmax(dim=-1).cpu().numpy()",
        ],
        ("import torch",),
        is_function=True,
    )


def _last_token() -> Part:
    return Part(
        [
            "# 5. What the last token attends to in the first head of the first layer.",
            "layer, head = 0, 0",
            "weights = weights_of(layer, head, [len(tokens) - 1])[0]",
            'table = pd.DataFrame({"token": tokens, "weight": weights})',
            'print(table.sort_values("weight", ascending=False))',
        ],
        ("import pandas as pd",),
    )


def _without_cache(recipe: AttentionRecipe) -> list[str]:
    return ["use_cache=False"] if recipe.takes_cache else []
