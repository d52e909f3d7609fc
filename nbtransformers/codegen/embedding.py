"""The lines of a program that make vectors of texts: the weights behind the pooling, `embed` and `vectors_of`."""

from __future__ import annotations

from nbtransformers.codegen.batches import Batches
from nbtransformers.codegen.layout import Part, call
from nbtransformers.codegen.literals import INDENT, inline
from nbtransformers.codegen.models import ModelRequest, options
from nbtransformers.request import Pooling
from nbtransformers.results.recipe import Embedding, EmbedRecipe, LayerRecipe, Place

_REAL = 'inputs["attention_mask"]'
_POOLS: dict[Pooling, list[str]] = {
    "mean": ["pooled = (hidden * mask[..., None]).sum(dim=1) / mask.sum(dim=1, keepdim=True)"],
    "cls": ["pooled = hidden[:, 0]  # of the first token"],
    "lasttoken": [
        f"last = {_REAL}.sum(dim=1) - 1  # where the last token of each is",
        "pooled = hidden[torch.arange(len(hidden)), last]",
    ],
    "max": ['pooled = hidden.masked_fill(mask[..., None] == 0, float("-inf")).amax(dim=1)'],
    "mean_sqrt_len_tokens": ["pooled = (hidden * mask[..., None]).sum(dim=1) / mask.sum(dim=1, keepdim=True).sqrt()"],
    "weightedmean": [
        f"weights = mask * {_REAL}.cumsum(dim=1)  # later tokens weigh more",
        "pooled = (hidden * weights[..., None]).sum(dim=1) / weights.sum(dim=1, keepdim=True)",
    ],
}
_FIRST_THAT_COUNTS = "pooled = hidden[torch.arange(len(hidden)), mask.argmax(dim=1)]  # of the first that counts"
_UNMASKED = ("cls", "lasttoken")  # they look at one token
_NORMALIZE = "torch.nn.functional.normalize(pooled, dim=-1)"


def embedding_parts(embedding: Embedding, place: Place) -> list[Part]:
    """What stands before `embed`, a batch to its vectors; and that function."""
    return [_setup(embedding, place), _embed(embedding)]


def _setup(embedding: Embedding, place: Place) -> Part:
    lines: list[str] = []
    imports: list[str] = []
    if embedding.lower_case:
        lines += [
            "# The model is for texts in lower case, and its tokenizer leaves them as they are.",
            *(["tokenizer = copy.deepcopy(tokenizer)"] if place.model.kind == "variable" else []),
            "parts = [normalizers.Lowercase(), tokenizer.backend_tokenizer.normalizer]",
            "parts = [part for part in parts if part is not None]",
            "tokenizer.backend_tokenizer.normalizer = normalizers.Sequence(parts)",
        ]
        imports += ["from tokenizers import normalizers"]
        imports += ["import copy"] if place.model.kind == "variable" else []
    weighted = [layer for layer in embedding.layers if layer.kind != "Normalize"]
    if weighted:
        lines.append("# What follows the pooling has weights of its own.")
        imports += ["from safetensors.torch import load_file"]
    for layer in weighted:
        read, needed = _file_of(layer, place)
        lines += [
            *call("path = ", [read], ""),
            f"{_variable(layer)} = {{key: value.float().to(device) for key, value in load_file(path).items()}}",
        ]
        imports.append(needed)
    if embedding.of_encoder:
        lines += ["encoder = model.get_encoder()  # the decoder is not needed"]
    if embedding.left_out:
        prompts = [str(list(ids)) for ids in embedding.left_out]
        lines += ["# The tokens of prompts, which do not count.", *call("prompts = [", prompts, "]")]
    return Part(lines, tuple(imports))


def _file_of(layer: LayerRecipe, place: Place) -> tuple[str, str]:
    """The file with the weights of a layer, as an expression, and the import that it needs."""
    if place.model.kind == "hub":
        _, shared = options(place.model)
        revision = [argument for argument in shared if argument.startswith("revision")]
        arguments = ", ".join(["name", inline(f"{layer.folder}/model.safetensors"), *revision])
        return f"hf_hub_download({arguments})", "from huggingface_hub import hf_hub_download"
    name = "model.name_or_path" if place.model.kind == "variable" else "name"
    return f'Path({name}, {inline(layer.folder)}, "model.safetensors")', "from pathlib import Path"


def _variable(layer: LayerRecipe) -> str:
    return f"layer_{''.join(character if character.isalnum() else '_' for character in layer.folder.lower())}"


def _embed(embedding: Embedding) -> Part:
    encoder = "encoder" if embedding.of_encoder else "model"
    counted = [pooling for pooling in embedding.poolings if pooling not in _UNMASKED]
    mask: list[str] = []
    if embedding.left_out:
        mask = [
            f"mask = {_REAL}.clone()  # 0 where there is padding, or a prompt",
            "for prompt in prompts:",
            '    begins = [ids[: len(prompt)].tolist() == prompt for ids in inputs["input_ids"]]',
            "    mask[begins, : len(prompt)] = 0",
        ]
    elif counted:
        mask = [f"mask = {_REAL}  # 0 where there is padding"]
    said = "Embeddings `[text, dimension]`"
    if embedding.normalize:
        said += " of length 1, so that a product of two is their cosine"
    end = _NORMALIZE if embedding.normalize else "pooled"
    return Part(
        [
            "def embed(inputs):",
            f'    """{said}."""',
            f"    hidden = {encoder}(**inputs).last_hidden_state.float()  # [text, token, dimension]",
            *(INDENT + line for line in mask),
            *(INDENT + line for line in _pooled(embedding)),
            *(INDENT + line for layer in embedding.layers for line in _applied(layer)),
            *([f"    pooled = pooled[:, :{embedding.dimension}]"] if embedding.is_cut else []),
            f"    return {end}",
        ],
        ("import torch",),
        is_function=True,
    )


def _pooled(embedding: Embedding) -> list[str]:
    lines = {**_POOLS, "cls": [_FIRST_THAT_COUNTS]} if embedding.left_out else _POOLS
    if len(embedding.poolings) == 1:
        return lines[embedding.poolings[0]]
    parts = [
        line.replace("pooled = ", f"part_{number} = ", 1)
        for number, pooling in enumerate(embedding.poolings)
        for line in lines[pooling]
    ]
    names = ", ".join(f"part_{number}" for number in range(len(embedding.poolings)))
    return [*parts, f"pooled = torch.cat([{names}], dim=-1)"]


def _applied(layer: LayerRecipe) -> list[str]:
    """The lines that put `pooled` through a layer."""
    weights = _variable(layer)
    if layer.kind == "Normalize":
        return [f"pooled = {_NORMALIZE}"]
    if layer.kind == "LayerNorm":
        given = ["pooled", "pooled.shape[-1:]", f'{weights}["norm.weight"]', f'{weights}["norm.bias"]']
        return call("pooled = torch.nn.functional.layer_norm(", given, within=len(INDENT))
    given = ["pooled", f'{weights}["linear.weight"]', *([f'{weights}["linear.bias"]'] if layer.has_bias else [])]
    lines = call("out = torch.nn.functional.linear(", given, within=len(INDENT))
    lines += [f"out = torch.nn.{layer.activation}()(out)"] if layer.activation else []
    if layer.residual == "projected":
        added = call(
            "added = torch.nn.functional.linear(", ["pooled", f'{weights}["residual.weight"]'], within=len(INDENT)
        )
        return [*lines, *added, "pooled = out + added"]
    return [*lines, "pooled = out + pooled" if layer.residual else "pooled = out"]


def vectors_parts(recipe: EmbedRecipe, request: ModelRequest, *, with_prompt: bool) -> list[Part]:
    """The functions `embed` and `vectors_of`, some texts to their vectors.

    Args:
        recipe: how.
        request: what was asked for.
        with_prompt: whether `vectors_of` is to be told what is put before each text.
    """
    embedding = recipe.embedding
    prompted = with_prompt or bool(embedding.prompt)
    is_own = recipe.place.model.kind == "variable" and not embedding.lower_case  # else it is a copy by then
    batches = Batches(
        texts=["[prompt + text for text in texts]" if prompted else "texts"],
        truncation="True",
        limit=recipe.limit,
        stride=recipe.stride,
        long=request.run.long,
        padding=recipe.padding,
        outputs="vectors",
        width=str(embedding.dimension),
        forward="embed(inputs)",
        own_tokenizer=request.tokenizer is not None or is_own,
    )
    said, tokens = batches.tokens()
    collate, imports = batches.collate()
    setup, embed = embedding_parts(embedding, recipe.place)
    head = ["# 3. A text to its vector."]
    means = batches.means("len(texts)") if batches.is_windowed else []
    if means and embedding.normalize:
        means.append("vectors = torch.nn.functional.normalize(vectors, dim=-1)  # the mean of some is shorter")
    signature = "vectors_of(texts, prompt)" if prompted else "vectors_of(texts)"
    return [
        Part([*head, *setup.lines, *collate], (*setup.imports, *imports)),
        embed,
        Part(
            [
                f"def {signature}:",
                '    """The vectors `[text, dimension]` of some texts."""',
                f"    # {said}",
                *(INDENT + line for line in tokens),
                f"    {batches.why}",
                *(INDENT + line for line in batches.run()),
                *(INDENT + line for line in means),
                "    return vectors.numpy()",
            ],
            is_function=True,
        ),
    ]
