"""Fixtures of the unit tests: a real IPython shell, a kernel, and tiny models on disk."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import helpers
import pytest
from helpers import Notebook, Terminal


@pytest.fixture(scope="session")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of tiny models with random weights: good ones, and one for every refusal of the load gate."""
    folder = tmp_path_factory.mktemp("models")
    helpers.write_models(folder)
    return folder


@pytest.fixture(scope="session")
def hub_cache(models: Path) -> Iterator[Path]:
    """The Hugging Face cache of this test run, with `acme/tiny` in it, and the folder of an `acme/half`."""
    made = helpers.write_hub_cache(models / "tiny")
    half = made.with_name("models--acme--half")
    half.mkdir()
    yield made.parent
    shutil.rmtree(made)
    half.rmdir()


@pytest.fixture(scope="module")
def _shell() -> Iterator[Any]:
    with helpers.ipython() as shell:
        shell.run_line_magic("load_ext", "nbtransformers")
        yield shell


@pytest.fixture
def terminal(_shell: Any, capsys: pytest.CaptureFixture[str]) -> Iterator[Terminal]:
    """An IPython shell with the extension loaded, and none of the variables that other tests made."""
    before = set(_shell.user_ns)
    yield Terminal(_shell, capsys)
    for name in set(_shell.user_ns) - before:
        if not name.startswith("_"):
            del _shell.user_ns[name]


@pytest.fixture(scope="session")
def notebook() -> Iterator[Notebook]:
    """A real Jupyter kernel with the extension loaded; one for all tests, since it takes seconds to start."""
    with helpers.kernel() as running:
        running.run("%load_ext nbtransformers")
        yield running
