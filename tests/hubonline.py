"""A stand-in for the Hub that huggingface_hub asks in this very process, for the tests that need no other."""

from __future__ import annotations

import json
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hub import Hub, serving
from safetensors.numpy import save


@contextmanager
def online(made: Hub, cache: Path) -> Generator[Hub]:
    """A Hub that is asked meanwhile, and a cache of its own. huggingface_hub read the environment long ago."""
    import datasets.config
    from huggingface_hub import constants

    with serving(made) as hub, pytest.MonkeyPatch.context() as patch:
        for name, value in hub.environment(cache).items():
            patch.setenv(name, value)
        patch.delenv("HF_TOKEN", raising=False)
        patch.setattr(constants, "HF_HUB_CACHE", str(cache))
        patch.setattr(constants, "HF_HUB_OFFLINE", False)
        patch.setattr(datasets.config, "HF_HUB_OFFLINE", False)
        patch.setattr(datasets.config, "HF_ENDPOINT", hub.address)
        patch.setattr(datasets.config, "HF_DATASETS_CACHE", Path(f"{cache}-datasets"))
        patch.setattr(constants, "HF_TOKEN_PATH", f"{cache}-token")
        lead_to(hub.address, patch)
        yield hub


def lead_to(address: str, patch: pytest.MonkeyPatch) -> None:
    """Have huggingface_hub ask at another address."""
    from huggingface_hub import constants

    patch.setattr(constants, "ENDPOINT", address)
    patch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", address + "/{repo_id}/resolve/{revision}/{filename}")


def bulky_files(kilobytes: int, config: Mapping[str, Any] | None = None) -> dict[str, bytes]:
    """The files of a model whose weights are so large and nothing else; it is for downloading alone."""
    numbers = np.random.default_rng(0).random(kilobytes * 256, dtype=np.float32)
    described = {"model_type": "bert", "architectures": ["BertModel"], "vocab_size": 400, **(config or {})}
    weights = save({"embeddings.word_embeddings.weight": numbers}, metadata={"format": "pt"})
    return {"config.json": json.dumps(described).encode(), "model.safetensors": weights}
