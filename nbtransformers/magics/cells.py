"""The source of other cells: by their number, and by their tag as far as the host lets a kernel know it.

JupyterLab and Notebook send a cell's tags when it is run, and tell the kernel which file the notebook is; VS Code tells
the file. Other hosts tell neither.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from nbtransformers.errors import UserError, did_you_mean, shown


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell of the notebook.

    Attributes:
        source: its text, as it was typed.
        tags: its tags.
    """

    source: str
    tags: frozenset[str]


# Cells that were run while they had tags, by their id; the newest source of each.
_run: dict[str, Cell] = {}


def install(shell: Any) -> None:
    """Note the tags of cells that are run, from now on. To call it again changes nothing."""
    if _before_cell not in shell.events.callbacks["pre_run_cell"]:
        shell.events.register("pre_run_cell", _before_cell)


def uninstall(shell: Any) -> None:
    """Note no cell any more, and forget those that were."""
    if _before_cell in shell.events.callbacks["pre_run_cell"]:
        shell.events.unregister("pre_run_cell", _before_cell)
    _run.clear()


def _before_cell(info: Any) -> None:
    from nbtransformers.panels.host import cell_metadata

    metadata = cell_metadata()
    cell = metadata.get("cellId")
    if not isinstance(cell, str):
        return
    tags = _tags(metadata)
    if tags:
        _run[cell] = Cell(info.raw_cell, tags)
    else:
        _run.pop(cell, None)


def with_tag(tag: str, shell: Any) -> list[str]:
    """The sources of the cells that have a tag, as they were last run, else as they were last saved.

    Raises:
        UserError: when there is none, or the host does not tell.
    """
    path = notebook_file(shell.user_ns)
    cells = _known(path)
    found = [cell.source.strip("\n") for cell in cells.values() if tag in cell.tags]
    if found:
        return found
    known = _tags_of(cells)
    if known:
        raise UserError(f"No cell has the tag {shown(tag)}.", hint=did_you_mean(tag, known, what="There are"))
    if path:
        raise UserError(
            f"No cell has the tag {shown(tag)}, nor any other.", hint="Give it one, then save the notebook or run it."
        )
    raise UserError(
        f"Which cell has the tag {shown(tag)} is not known: this host tells no tags.",
        hint="Type `%tokenize In[3]` with the number of the cell.",
    )


def tags(namespace: Mapping[str, Any]) -> list[str]:
    """The tags of cells, as far as the host lets them be known."""
    return _tags_of(_known(notebook_file(namespace)))


def _known(path: Path | None) -> dict[str, Cell]:
    """The cells that have tags: those of a notebook file, and those that were run since."""
    return {**(_saved(path) if path else {}), **_run}


def _tags_of(cells: Mapping[str, Cell]) -> list[str]:
    return sorted({name for cell in cells.values() for name in cell.tags})


def typed_inputs(shell: Any, namespace: dict[str, Any]) -> dict[str, Any]:
    """The namespace with `In` as it was typed: IPython keeps there what magic lines have become."""
    history = shell.history_manager
    if history is None or namespace.get("In") is not history.input_hist_parsed:
        return namespace
    return {**namespace, "In": [source.strip("\n") for source in history.input_hist_raw]}


def notebook_file(namespace: Mapping[str, Any]) -> Path | None:
    """The notebook's own file; None where the host does not tell it."""
    for told in (namespace.get("__vsc_ipynb_file__"), os.environ.get("JPY_SESSION_NAME")):
        if isinstance(told, str) and told.endswith(".ipynb") and Path(told).is_file():
            return Path(told)
    return None


def _saved(path: Path) -> dict[str, Cell]:
    """The cells of a notebook file that have tags; none when it cannot be read."""
    try:
        notebook = json.loads(path.read_text(encoding="utf-8"))
        cells = cast("list[dict[str, Any]]", notebook["cells"])
        named = {str(cell.get("id", number)): cell for number, cell in enumerate(cells)}
        found = {name: Cell("".join(cell["source"]), _tags(cell.get("metadata"))) for name, cell in named.items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}
    return {name: cell for name, cell in found.items() if cell.tags}


def _tags(metadata: Any) -> frozenset[str]:
    tags = cast("dict[str, Any]", metadata).get("tags") if isinstance(metadata, dict) else None
    return frozenset(map(str, cast("list[object]", tags))) if isinstance(tags, list) else frozenset()
