"""What a user's variables are, found out without running any code of theirs: no property, no `__getattr__`, no call.

Tab must never have an effect. So only classes are looked at, plain dicts and lists are read, and columns are asked of
the tables of libraries that are known to just tell them.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from typing import Any

# Libraries whose tables tell their columns at once, by the attribute that has them.
_TABLES = {"pandas": "columns", "polars": "columns", "pyarrow": "column_names", "datasets": "column_names"}
_DATA = {*_TABLES, "numpy"}
_MODELS = {"PreTrainedModel", "Pipeline"}
_TOKENIZERS = {"PreTrainedTokenizerBase"}
_PLAIN = (list, tuple, str, set, frozenset, dict)
_NO_TEXTS = ("module", "function", "builtin_function_or_method", "type")


def variables(namespace: Mapping[str, Any], hidden: Mapping[str, Any]) -> list[str]:
    """The names that the user has made; those of what may hold texts first.

    Args:
        namespace: name to value.
        hidden: what the shell itself put there.
    """
    made = [
        name
        for name, value in namespace.items()
        if not name.startswith("_") and name.isidentifier() and not (name in hidden and hidden[name] is value)
    ]
    return sorted(made, key=lambda name: (_rank(namespace[name]), name))


def _rank(value: object) -> int:
    if _root(value) in _DATA or issubclass(type(value), _PLAIN):
        return 0
    return 2 if type(value).__name__ in _NO_TEXTS or issubclass(type(value), type) else 1


def is_model(value: object) -> bool:
    """Whether it is a Transformers model, a pipeline, or a (model, tokenizer) pair."""
    if type(value) is tuple and len(value) == 2:
        return is_model(value[0])
    return _descends(value, _MODELS)


def is_tokenizer(value: object) -> bool:
    """Whether it is a tokenizer, of Transformers or of the tokenizers library."""
    return _descends(value, _TOKENIZERS) or _root(value) == "tokenizers"


def _descends(value: object, names: set[str]) -> bool:
    return any(_library(kind) == "transformers" and kind.__name__ in names for kind in _classes(value))


def _classes(value: object) -> tuple[type, ...]:
    # Past a metaclass of the user's own, as below.
    return type.__getattribute__(type(value), "__mro__")


def columns(value: object) -> list[str]:
    """The columns of a table; none when it is not one that is known to just tell them."""
    if issubclass(type(value), dict):  # splits, or columns, by name
        inside: list[Any] = list(dict.values(value))  # pyright: ignore[reportUnknownArgumentType, reportArgumentType]
        return columns(inside[0]) if inside and _root(value) == "datasets" else []
    attribute = _TABLES.get(_root(value))
    names = getattr(value, attribute, None) if attribute else None
    return [str(name) for name in names] if names is not None and not callable(names) else []


def keys(value: object) -> list[str]:
    """What can stand in `value["…"]`: the keys of a dict, the columns of a table."""
    if issubclass(type(value), dict):
        return [key for key in dict.keys(value) if type(key) is str]  # pyright: ignore[reportUnknownArgumentType, reportArgumentType]
    return columns(value)


def attributes(value: object) -> list[str]:
    """What can stand in `value.…`: columns first, then what the instance and its classes hold."""
    inside = [name for name in _held(value) if type(name) is str]
    classes = [name for kind in _classes(value) for name in type.__getattribute__(kind, "__dict__")]
    named = [name for name in (*columns(value), *sorted(inside), *sorted(classes)) if name.isidentifier()]
    return [name for name in dict.fromkeys(named) if not name.startswith("_")]


def splits(value: object) -> list[str]:
    """The splits of a dataset that has several."""
    return keys(value) if issubclass(type(value), dict) else []


def found(expression: str, namespace: Mapping[str, Any]) -> object:
    """The value of a name, `a.b` or `a["b"]`, or of the table that an expression begins with; else None.

    Most of what is done to a table, `df[df.n > 3]` or `df.head(9)`, keeps its columns; to know better, it would have to
    be run.

    Example:
        >>> found("df[df.n > 3].head()", {"df": df}) is df
        True
    """
    try:
        tree = ast.parse(expression.strip(), mode="eval").body
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        return None
    return _value(tree, namespace)


def _value(node: ast.expr, namespace: Mapping[str, Any]) -> object:
    if isinstance(node, ast.Name):
        return namespace.get(node.id)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        return _if_table(_value(node.func.value, namespace))
    if isinstance(node, ast.Subscript):
        return _item(_value(node.value, namespace), node.slice)
    if isinstance(node, ast.Attribute):
        return _attribute(_value(node.value, namespace), node.attr)
    return None


def _item(value: object, key: ast.expr) -> object:
    if isinstance(key, ast.Constant):
        if issubclass(type(value), dict) and type(key.value) in (str, int):
            return dict.get(value, key.value)  # pyright: ignore[reportUnknownMemberType, reportArgumentType, reportCallIssue]
        if type(value) in (list, tuple) and type(key.value) is int and key.value < len(value):  # pyright: ignore[reportArgumentType]
            return value[key.value]  # pyright: ignore[reportIndexIssue]
        return None  # one column is no table
    return _if_table(value)


def _if_table(value: object) -> object:
    return value if columns(value) else None


def _attribute(value: object, name: str) -> object:
    """What an instance or a module holds under a name; a property of its class is not asked."""
    return _held(value).get(name)


def _held(value: object) -> Mapping[str, Any]:
    if issubclass(type(value), type):
        return {}
    try:
        held = object.__getattribute__(value, "__dict__")
    except AttributeError:
        return {}
    return held if type(held) is dict else {}


def _root(value: object) -> str:
    return _library(type(value))


def _library(kind: type) -> str:
    module = type.__getattribute__(kind, "__module__")
    return module.partition(".")[0] if type(module) is str else ""


def names_in(namespace: Mapping[str, Any], test: Any) -> Iterator[str]:
    """The names of the variables that pass a test."""
    return (name for name, value in namespace.items() if not name.startswith("_") and test(value))
