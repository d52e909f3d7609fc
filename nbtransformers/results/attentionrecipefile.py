"""The recipe of an attention as JSON, in the file that it is saved in.

What is read may come of anybody, and a program is written from it: names are names, numbers are numbers, and no code of
a model's is trusted because a file says so.
"""

from __future__ import annotations

import json
from dataclasses import asdict, fields
from typing import Any

from nbtransformers.request import AttentionRequest, ModelRef
from nbtransformers.results.attentionrecipe import AttentionDifferenceRecipe, AttentionRecipe
from nbtransformers.results.recipe import Place

AnyRecipe = AttentionRecipe | AttentionDifferenceRecipe


def told(recipe: AnyRecipe | None) -> Any:
    """A recipe as JSON has it; None for none."""
    if not isinstance(recipe, AttentionDifferenceRecipe):
        return None if recipe is None else asdict(recipe)
    return [[json.loads(request.to_json()), asdict(one)] for request, one in (recipe.first, recipe.second)]


def read(given: Any) -> AnyRecipe | None:
    """A recipe that `told` gave.

    Raises:
        ValueError, KeyError, TypeError: when it is none.
    """
    if given is None:
        return None
    if isinstance(given, list):
        first, second = ((AttentionRequest.from_json(json.dumps(request)), _one(one)) for request, one in given)
        return AttentionDifferenceRecipe(first, second)
    return _one(given)


def _one(given: dict[str, Any]) -> AttentionRecipe:
    values: dict[str, Any] = {field.name: given[field.name] for field in fields(AttentionRecipe)}
    place = values["place"]
    model = ModelRef(**place["model"] | {"trust_remote_code": False})
    values["place"] = Place(model, place["folder"], bool(place["pickled"]))
    values["dtype"] = _name(values["dtype"])
    values["limit"] = int(values["limit"])
    values["decoder_ids"] = tuple(map(int, values["decoder_ids"]))
    values["given"] = tuple((_name(name), tuple(map(int, numbers))) for name, numbers in values["given"])
    return AttentionRecipe(**values)


def _name(given: Any) -> str:
    if not isinstance(given, str) or not given.isidentifier():
        raise ValueError(given)
    return given
