"""ExplainRequest -> program."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from nbtransformers.codegen.layout import Part, call, program
from nbtransformers.codegen.literals import INDENT, LINE, assigned, inline
from nbtransformers.codegen.models import model_part
from nbtransformers.request import ExplainRequest, Method
from nbtransformers.results.explainrecipe import ExplainRecipe, MethodRecipe


def explain_program(request: ExplainRequest, recipe: ExplainRecipe) -> str:
    """The program for a request, given what is explained and how; it leaves the table of tokens in `table`."""
    captum = any(one.method == "integrated_gradients" for one in recipe.methods)
    title = f"Explain a prediction, with Transformers{', PyTorch and captum' if captum else ' and PyTorch'}."
    parts = [
        _texts(recipe.texts),
        model_part(recipe, recipe.auto_class, request),
        _tokens(recipe),
        _read(recipe),
        *([_LOGIT] if recipe.is_plain else [_REPLACED, _LOGIT_OF_SEVERAL]),
        _OWN,
        *(part for one in recipe.methods for part in _METHODS[one.method](one)),
        _table(recipe),
    ]
    return program(title, parts)


def _texts(texts: Sequence[str]) -> Part:
    pair = assigned("pair", texts[1]) if len(texts) > 1 else []
    said = "# 1. The two texts, which the model reads as one input." if pair else "# 1. The text."
    return Part([said, *assigned("text", texts[0]), *pair])


def _tokens(recipe: ExplainRecipe) -> Part:
    cut = [f"truncation=True, max_length={recipe.limit}"] if recipe.limit else []
    texts = ["text, pair"] if len(recipe.texts) > 1 else ["text"]
    places = " ".join(f"{start}-{stop}" for start, stop in recipe.words)
    return Part(
        [
            "# 3. Text to tokens, as numbers.",
            *call("inputs = tokenizer(", [*texts, *cut, 'return_tensors="pt"'], ").to(device)"),
            'tokens = tokenizer.convert_ids_to_tokens(inputs["input_ids"][0])',
            "# Where the tokens of each word begin and end; special tokens are of none.",
            *assigned("places", places),
            'words = [tuple(map(int, place.split("-"))) for place in places.split()]',
            "inner = [token for start, stop in words for token in range(start, stop)]",
        ]
    )


def _read(recipe: ExplainRecipe) -> Part:
    said = f"    # 4. What is explained: {recipe.said}."
    lines = ["def explained(outputs):", *_commented(said), f"    return {recipe.logit}"]
    return Part(lines, is_function=True)


def _commented(said: str) -> list[str]:
    """A comment, unless a name in it is too long for a line, or has what a line cannot hold."""
    return [said] if said.isascii() and said.isprintable() and len(said) <= LINE else []


_LOGIT = Part(
    [
        "def logit(embeddings):",
        "    # Embeddings [row, token, dimension] stand in the place of the tokens' own.",
        "    handle = layer.register_forward_hook(lambda module, args, output: embeddings)",
        "    try:",
        "        rows = {key: value.expand(len(embeddings), -1) for key, value in inputs.items()}",
        "        return explained(model(**rows)).float()",
        "    finally:",
        "        handle.remove()",
    ],
    is_function=True,
)


# Of a model that asks for the embeddings in several ways.
_REPLACED = Part(
    [
        "def replaced(called, output, embeddings):",
        "    # What a layer gives that is called with these ids, once other embeddings are those of the text.",
        '    ids = inputs["input_ids"]',
        "    if called.shape[1] == ids.shape[1] and bool((called == ids).all()):",
        "        return embeddings",
        "    if called.shape[1] == ids.shape[1] and bool((called[:, 1:] == ids[:, :-1]).all()):",
        "        # A decoder reads the same text, one token later.",
        "        return torch.cat([output[:, :1], embeddings[:, :-1]], dim=1)",
        "    if called.shape[0] == ids.shape[1] and bool((ids == called.T).all()):",
        "        return embeddings.transpose(0, 1)",
        "    return output",
    ],
    ("import torch",),
    is_function=True,
)

_LOGIT_OF_SEVERAL = Part(
    [
        "def logit(embeddings):",
        "    # Embeddings [row, token, dimension] stand in the place of the tokens' own, in all layers",
        "    # that look up the same table.",
        "    table = model.get_input_embeddings().weight",
        "    handles = [",
        "        module.register_forward_hook(",
        "            lambda module, args, output: replaced(args[0], output, embeddings)",
        "        )",
        "        for module in model.modules()",
        "        if isinstance(module, torch.nn.Embedding) and module.weight is table",
        "    ]",
        "    try:",
        "        rows = {key: value.expand(len(embeddings), -1) for key, value in inputs.items()}",
        "        return explained(model(**rows)).float()",
        "    finally:",
        "        for handle in handles:",
        "            handle.remove()",
    ],
    ("import torch",),
    is_function=True,
)


_OWN = Part(
    [
        "# 5. How: the gradients are those of the embeddings, which the layer gives for the tokens.",
        "layer = model.get_input_embeddings()",
        'own = layer(inputs["input_ids"]).detach()',
    ]
)


def _baseline(one: MethodRecipe) -> list[str]:
    """`baseline`: the embeddings of the text, with another one in the place of each token but the special ones."""
    filling = "0.0" if one.token is None else f"layer(torch.tensor({one.token}, device=device)).detach()"
    return ["baseline = own.clone()", f"baseline[0, inner] = {filling}"]


def _integrated(one: MethodRecipe) -> list[Part]:
    arguments = [
        "baseline + stop * way",
        "baseline + start * way",
        "n_steps=points",
        'method="gausslegendre"',
        f"internal_batch_size={min(one.rows, max(points for *_, points in one.segments))}",
    ]
    lines = [
        f"# Integrated gradients, {one.said}.",
        "# The way from there to the text goes in parts, each with gradients at so many points.",
        *_baseline(one),
        "way = own - baseline",
        *_tuples("parts", one.segments),
        "integrated_gradients = torch.zeros(len(tokens), dtype=torch.float64)",
        "for start, stop, points in parts:",
        *(INDENT + line for line in call("part = IntegratedGradients(logit).attribute(", arguments)),
        "    integrated_gradients += part.cpu().double().sum(dim=-1)[0]",
        "with torch.no_grad():",
        "    difference = float(logit(own) - logit(baseline))",
        "gap = (float(integrated_gradients.sum()) - difference) / abs(difference)",
        'print(f"Completeness gap: {gap:+.2%}")',
    ]
    return [Part(lines, ("import torch", "from captum.attr import IntegratedGradients"))]


def _gradient(one: MethodRecipe) -> list[Part]:
    lines = [
        "# Input times gradient: each embedding times the gradient at it, summed over the dimensions.",
        "embeddings = own.clone().requires_grad_()",
        "(gradient,) = torch.autograd.grad(logit(embeddings).sum(), embeddings)",
        "input_x_gradient = (embeddings.detach() * gradient).sum(dim=-1)[0].cpu()",
    ]
    return [Part(lines, ("import torch",))]


def _occlusion(one: MethodRecipe) -> list[Part]:
    return [Part(_removal(one) if one.removes else _replacement(one), ("import torch",))]


def _replacement(one: MethodRecipe) -> list[str]:
    return [
        f"# Occlusion, {one.said}: by how much the logit falls.",
        *_baseline(one),
        "occlusion = torch.zeros(len(tokens))",
        "with torch.no_grad():",
        "    whole = logit(own)",
        f"    for first in range(0, len(words), {one.rows}):",
        f"        chosen = words[first : first + {one.rows}]",
        "        rows = own.repeat(len(chosen), 1, 1)",
        "        for row, (start, stop) in zip(rows, chosen):",
        "            row[start:stop] = baseline[0, start:stop]",
        "        for (start, stop), fall in zip(chosen, whole - logit(rows)):",
        "            occlusion[start:stop] = fall / (stop - start)",
    ]


def _removal(one: MethodRecipe) -> list[str]:
    return [
        f"# Occlusion, {one.said}: by how much the logit falls.",
        "occlusion = torch.zeros(len(tokens))",
        "with torch.no_grad():",
        "    whole = logit(own)",
        "    for start, stop in words:",
        "        kept = [token for token in range(len(tokens)) if not start <= token < stop]",
        "        without = model(**{key: value[:, kept] for key, value in inputs.items()})",
        "        occlusion[start:stop] = (whole - explained(without)) / (stop - start)",
    ]


_METHODS: dict[Method, Callable[[MethodRecipe], list[Part]]] = {
    "integrated_gradients": _integrated,
    "input_x_gradient": _gradient,
    "occlusion": _occlusion,
}


def _tuples(name: str, items: Sequence[tuple[float, float, int]]) -> list[str]:
    line = f"{name} = [{', '.join(map(repr, items))}]"
    return [line] if len(line) <= LINE else [f"{name} = [", *(f"{INDENT}{item!r}," for item in items), "]"]


def _table(recipe: ExplainRecipe) -> Part:
    columns = [f"{INDENT * 2}{inline(one.method)}: {one.method}.float().numpy()," for one in recipe.methods]
    lines = ["table = pd.DataFrame(", "    {", '        "token": tokens,', *columns, "    }", ")", "print(table)"]
    return Part(["# 6. The tokens, and what each adds to the logit.", *lines], ("import pandas as pd",))
