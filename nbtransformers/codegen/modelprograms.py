"""The programs of `%models download` and `%models use`."""

from __future__ import annotations

from nbtransformers.codegen.layout import Part, call, program
from nbtransformers.codegen.literals import brief, inline
from nbtransformers.codegen.models import named, options, weights
from nbtransformers.request.models import DownloadRequest, UseRequest
from nbtransformers.results.modelrecipe import DownloadRecipe, UseRecipe


def download_program(request: DownloadRequest, recipe: DownloadRecipe) -> str:
    """The program that fetches the same files; of a bundled model, that says where it is.

    Args:
        request: what was asked for.
        recipe: what came of it.
    """
    ref, where = recipe.place.model, named(recipe.place)
    if ref.kind != "hub":
        return program(f"Where the model {ref.name} is.", [where, Part(["print(name)"])])
    before, revision = brief("revision", ref.revision or "")
    lines = [
        *where.lines,
        *before,
        "# What loading it needs, and nothing else of the repository.",
        *call("files = [", [inline(file) for file in recipe.files], "]"),
        *call("folder = snapshot_download(", ["name", f"revision={revision}", "allow_patterns=files"]),
        "print(folder)",
    ]
    return program("Fetch a model of the Hub.", [Part(lines, ("from huggingface_hub import snapshot_download",))])


def use_program(request: UseRequest, recipe: UseRecipe) -> str:
    """The program that loads the model, with the head that it has, and its tokenizer.

    Args:
        request: what was asked for.
        recipe: what is known of the model.
    """
    place, auto_class = recipe.place, recipe.auto_class
    where, (before, shared), (why, loaded) = named(place), options(place.model), weights(place)
    lines = [
        *where.lines,
        *before,
        *call("tokenizer = AutoTokenizer.from_pretrained(", ["name", *shared]),
        *why,
        *call(f"model = {auto_class}.from_pretrained(", ["name", *shared, *loaded]),
        "model.eval()  # without dropout",
        "print(model)",
    ]
    imports = (*where.imports, *(f"from transformers import {name}" for name in (auto_class, "AutoTokenizer")))
    return program("Load a model, and the tokenizer that it was trained with.", [Part(lines, imports)])
