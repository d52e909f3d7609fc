"""Attention captured in one pass, against `output_attentions=True` under eager, for every way in which it is computed."""

from __future__ import annotations

import gc
import re
import threading
from typing import Any

import numpy as np
import pytest
import torch
from attentive import SETTINGS, VARIANTS, padded, tiny
from transformers import AttentionInterface, AttentionMaskInterface, AutoConfig, AutoModel

from nbtransformers.engine.ablate import ablated
from nbtransformers.engine.capture.forward import CapturedMaps, captured
from nbtransformers.engine.capture.store import Store
from nbtransformers.errors import UserError
from nbtransformers.loading.registry import LoadedModel
from nbtransformers.results.attentionmaps import Part

# What Transformers gives for these is something else: the attention in a window in a form of its own, scores in the
# place of weights, and, for Falcon's distances under eager, what its SDPA path does not compute.
APART = {"longformer", "led", "squeezebert", "falcon"}
WHOLE = slice(None)
ALIKE = 1e-6
PARTS: dict[bool, dict[Part, str]] = {
    False: {"self": "attentions"},
    True: {"self": "decoder_attentions", "cross": "cross_attentions", "encoder": "encoder_attentions"},
}


def plain(loaded: LoadedModel, inputs: dict[str, Any], **more: Any) -> Any:
    with torch.inference_mode():
        return loaded.model(**inputs, **more)


def sides(inputs: dict[str, Any], row: int, part: Part) -> tuple[torch.Tensor, torch.Tensor]:
    """Which queries and keys of a row are no padding."""
    encoded = inputs["attention_mask"][row].bool()
    decoded = inputs.get("decoder_attention_mask", inputs["attention_mask"])[row].bool()
    return encoded if part == "encoder" else decoded, decoded if part == "self" else encoded


def assert_same_weights(maps: CapturedMaps, wanted: Any, inputs: dict[str, Any], row: int) -> None:
    names = PARTS["decoder_attentions" in wanted]
    assert set(maps.parts) == set(names)
    for part, name in names.items():
        queries, keys = sides(inputs, row, part)
        extent = maps.extent(part)
        assert extent == (len(wanted[name]), wanted[name][0].shape[1], int(queries.sum()), int(keys.sum()))
        for layer, weights in enumerate(wanted[name]):
            found = np.stack([maps.weights(part, layer, head, WHOLE) for head in range(extent.heads)])
            np.testing.assert_allclose(found, weights[row][:, queries][:, :, keys], atol=ALIKE, rtol=0)


@pytest.mark.parametrize("name", sorted({*SETTINGS, *VARIANTS} - APART))
def test_weights_and_hidden_states_are_those_of_transformers(name: str) -> None:
    loaded, eager = tiny(name), tiny(name, "eager")
    for side in (None, "left", "right"):
        inputs = padded(side, loaded.model)
        wanted, output = plain(eager, inputs, output_attentions=True), plain(loaded, inputs)
        for row in (0, 1):
            maps = captured(loaded, inputs, row=row)
            assert_same_weights(maps, wanted, inputs, row)
            real = sides(inputs, row, "self")[0]
            found = maps.output.last_hidden_state[0][real]
            np.testing.assert_allclose(found, output.last_hidden_state[row][real], atol=ALIKE, rtol=0)
