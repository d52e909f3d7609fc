"""Imports point one way, and what is heavy waits until it is needed."""

from __future__ import annotations

import ast
import importlib
import json
import pkgutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import nbtransformers

PACKAGE = Path(nbtransformers.__file__).parent
BOTTOM = {"errors", "interrupt", "request", "results", "rundir", "progress", "plain_text"}
# `settings` is up here so that nothing below can ask for a default: a request says all.
TOP = {
    "magics",
    "cli",
    "coding",
    "doors",
    "session",
    "settings",
    "unloading",
    "doctor",
    "demo",
    "__main__",
    "__init__",
}
LOWER = BOTTOM | {"inputs", "loading"}
SEES = {
    **dict.fromkeys(BOTTOM, BOTTOM),
    "inputs": BOTTOM,
    "loading": BOTTOM,
    "catalog": LOWER,
    "engine": LOWER | {"catalog"},
    **dict.fromkeys(("training", "evaluation", "scale"), LOWER | {"catalog", "engine"}),
    **dict.fromkeys(("panels", "codegen"), BOTTOM),
}
MODELS = {"loading", "catalog", "engine", "training", "evaluation", "scale"}
FRONT = TOP | {"panels"}


def modules() -> list[Path]:
    return sorted(PACKAGE.rglob("*.py"))


def room(path: Path) -> str:
    """The folder of a module, or its own name when it is in none."""
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imports(path: Path) -> Iterator[tuple[str, bool, bool]]:
    """Every import in a module, those in functions too: what, whether at load time, whether for types only."""

    def walk(node: ast.AST, inside: bool, for_types: bool) -> Iterator[tuple[str, bool, bool]]:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.Import):
                for alias in child.names:
                    yield alias.name, not inside, for_types
            elif isinstance(child, ast.ImportFrom):
                assert child.level == 0, f"{path}: relative import"
                for alias in child.names:
                    yield f"{child.module}.{alias.name}", not inside, for_types
            is_function = isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
            types = isinstance(child, ast.If) and ast.unparse(child.test) == "TYPE_CHECKING"
            yield from walk(child, inside or is_function, for_types or types)

    yield from walk(ast.parse(path.read_text(encoding="utf-8")), False, False)


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_point_one_way(path: Path) -> None:
    here = room(path)
    if here in TOP:
        return
    for name, _, _ in imports(path):
        parts = name.split(".")
        if parts[0] == "nbtransformers":
            assert parts[1:], f"{path} imports the package itself"
            assert parts[1] == here or parts[1] in SEES[here], f"{path} must not see {name}"


def test_every_room_has_a_place_in_the_rule() -> None:
    assert {room(path) for path in modules()} <= TOP | set(SEES)


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_heavy_packages_are_imported_where_they_belong(path: Path) -> None:
    for name, at_load_time, for_types in imports(path):
        package = name.split(".")[0]
        if for_types:
            continue
        if package in {"torch", "transformers", "pandas", "matplotlib", "scipy", "rich", "datasets", "peft"}:
            assert not at_load_time, f"{path} imports {name} when it is loaded"
        if package in {"torch", "transformers"}:
            assert room(path) in {*MODELS, "doctor"}, f"{path} imports {name}"
        if package in {"IPython", "anywidget", "ipywidgets", "traitlets"}:
            assert room(path) in FRONT, f"{path} imports {name}"


def test_every_public_name_can_be_called_after_every_module_is_imported() -> None:
    for module in pkgutil.walk_packages([str(PACKAGE)], "nbtransformers."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    for name in nbtransformers.__all__:
        assert callable(getattr(nbtransformers, name)), name
    folders = {path.name for path in PACKAGE.iterdir() if path.is_dir()} | {path.stem for path in PACKAGE.glob("*.py")}
    assert not folders & set(nbtransformers.__all__)


def test_public_names_are_listed_and_others_are_not() -> None:
    assert set(nbtransformers.__all__) <= set(dir(nbtransformers))
    with pytest.raises(AttributeError, match="has no attribute 'classfy'"):
        _ = nbtransformers.classfy  # pyright: ignore[reportAttributeAccessIssue]


HEAVY = {"torch", "transformers", "pandas", "matplotlib", "numpy", "anywidget", "ipywidgets", "rich", "scipy"}
LOAD = """
import json, sys
from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config
config = Config()
config.HistoryManager.enabled = False
shell = InteractiveShell.instance(config=config)
before = set(sys.modules)
shell.run_line_magic("load_ext", "nbtransformers")
assert shell.find_cell_magic("classify") is not None
print(json.dumps(sorted(set(sys.modules) - before)))
"""


def test_the_extension_brings_little_and_nothing_heavy() -> None:
    """How long that takes is for `tests/benchmarks/loadext.py` to say."""
    done = subprocess.run([sys.executable, "-c", LOAD], capture_output=True, text=True, check=True)
    brought = json.loads(done.stdout)
    assert not {name.split(".")[0] for name in brought} & HEAVY
    assert len(brought) < 120, brought


def test_the_package_brings_nothing_heavy() -> None:
    code = "import json, sys, nbtransformers; print(json.dumps(sorted(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {name.split(".")[0] for name in json.loads(done.stdout)} & {*HEAVY, "IPython"}


NAMESPACES = ("http://www.w3.org/2000/svg", "http://www.w3.org/1999/xhtml")
NEVER = ("http:", "https:", "//cdn", "eval(", "innerHTML", "<script", "javascript:", "onerror", "onclick", "blob:")


@pytest.mark.parametrize("path", sorted((PACKAGE / "panels").rglob("*.py")), ids=str)
def test_a_panel_s_python_sends_no_address_and_no_script(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            text = node.value
            for namespace in NAMESPACES:
                text = text.replace(namespace, "")
            assert not [word for word in NEVER if word in text], f"{path}:{node.lineno}"
        assert not (isinstance(node, ast.Name) and node.id in {"eval", "exec"}), f"{path}:{node.lineno}"
