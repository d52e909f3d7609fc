"""Every notebook runs from its first cell to its last."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import nbclient
import nbformat
import pytest
from workers import end_workers

NOTEBOOKS = sorted((Path(__file__).parent.parent.parent / "notebooks").glob("*.ipynb"))


@pytest.fixture(scope="module")
def models(smollm2: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What stands in for models of the Hub where a notebook names some: small ones, taught on real texts."""
    from oracle.test_fillings import save_masked
    from taught.ner import ner_model
    from taught.qa import qa_model
    from taught.translator import translator

    masked = save_masked("bert", tmp_path_factory.mktemp("masked"))
    folders = {"NER": ner_model(), "QA": qa_model(), "MASKED": masked, "TRANSLATOR": translator()}
    return {name: str(folder) for name, folder in folders.items()}


def with_models(notebook: nbformat.NotebookNode, models: dict[str, str]) -> None:
    """Another cell behind that of the parameters, as papermill puts it."""
    for number, cell in enumerate(notebook.cells):
        if "parameters" in cell.metadata.get("tags", []):
            said = "\n".join(f"{name} = {folder!r}" for name, folder in models.items())
            notebook.cells.insert(number + 1, nbformat.v4.new_code_cell(said))
            return


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Path]:
    """Where a notebook runs; a run that it began there ends with it, whichever cell fails."""
    yield tmp_path
    end_workers(tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_runs(path: Path, models: dict[str, str], place: Path) -> None:
    notebook = nbformat.read(path, as_version=4)
    with_models(notebook, models)
    nbclient.NotebookClient(
        notebook, timeout=300, kernel_name="python3", resources={"metadata": {"path": str(place)}}
    ).execute()
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert len(cells) > 5
    streams = [output for cell in cells for output in cell.outputs if output.output_type == "stream"]
    assert [output.text for output in streams if output.name == "stderr"] == []


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_is_kept_without_its_outputs(path: Path) -> None:
    notebook = nbformat.read(path, as_version=4)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            assert cell.outputs == [] and cell.execution_count is None
