"""How a model says that texts are to be embedded: the files that sentence-transformers writes beside it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, cast

from nbtransformers.errors import UserError, did_you_mean, shown
from nbtransformers.loading.descriptions import read_json, shown_error
from nbtransformers.request import MEASURES, POOLINGS, Measure, Pooling

LayerKind = Literal["Dense", "LayerNorm", "Normalize"]

_AGAIN = "Save or download the model again."
# The flags that one key has replaced, in the order in which their vectors are joined.
_FLAGS: dict[str, Pooling] = {
    "pooling_mode_cls_token": "cls",
    "pooling_mode_max_tokens": "max",
    "pooling_mode_mean_tokens": "mean",
    "pooling_mode_mean_sqrt_len_tokens": "mean_sqrt_len_tokens",
    "pooling_mode_weightedmean_tokens": "weightedmean",
    "pooling_mode_lasttoken": "lasttoken",
}
_LAYERS: tuple[LayerKind, ...] = ("Dense", "LayerNorm", "Normalize")
_NOTHING_TO_DO = ("Dropout",)  # it acts in training only
# Older models have one by the name of their architecture.
_TRANSFORMER_FILES = ("sentence_bert_config.json", "sentence_*_config.json")
_OWN_CLASS = "sentence_transformers."
_FOLDER = re.compile(r"\w[\w.-]*")


@dataclass(frozen=True, slots=True)
class Layer:
    """What is done to a text's vector after the pooling.

    Attributes:
        kind: which.
        folder: where its weights are.
        config: what its file says.
    """

    kind: LayerKind
    folder: Path
    config: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class SentenceFiles:
    """How a model's texts are to be embedded.

    Attributes:
        pooling: how the vectors of the tokens become one, several joined end to end; empty when nothing is declared.
        include_prompt: whether the tokens of a prompt count in the pooling.
        layers: what follows, in order.
        max_length: tokens read of one text; None when nothing is declared.
        lower_case: whether texts are made lower case first.
        prompts: name to what is put before a text.
        default_prompt: the name of the one that every text gets; None gives none.
        measure: how its vectors are compared; None when nothing is declared.
        dimensions: how many numbers of a vector are kept; None keeps all.
    """

    pooling: tuple[Pooling, ...] = ()
    include_prompt: bool = True
    layers: tuple[Layer, ...] = ()
    max_length: int | None = None
    lower_case: bool = False
    prompts: Mapping[str, str] = field(default_factory=dict[str, str])
    default_prompt: str | None = None
    measure: Measure | None = None
    dimensions: int | None = None

    def prompt(self, given: str | None, name: str | None, model: str) -> str:
        """What is put before every text: what was given, else the prompt of a name, else the default one.

        Raises:
            UserError: when the model has no prompt of that name.
        """
        if given is not None:
            return given
        name = name or self.default_prompt
        if name is None:
            return ""
        if name in self.prompts:
            return self.prompts[name]
        if not self.prompts:
            raise UserError(f"{model} declares no prompts.", hint='Type the prompt itself: `--prompt "query: "`.')
        raise UserError(
            f"{model} has no prompt {shown(name)}.", hint=did_you_mean(name, [*self.prompts], what="It has")
        )


def sentence_files(folder: Path | None, name: str) -> SentenceFiles:
    """What a model's folder declares; nothing, for one without such files or without a folder.

    Args:
        folder: where the model's files are; None for a user's own model in memory.
        name: what the user calls it.

    Raises:
        UserError: when a file cannot be read, or declares what is not known here.
    """
    if folder is None:
        return SentenceFiles()
    modules = _modules(folder, name)
    general, transformer = _read(folder / "config_sentence_transformers.json"), _transformer_file(folder)
    _refuse_other_outputs(transformer, name)
    pooling, include_prompt = _pooling(modules, name)
    prompts = general.get("prompts")
    measure = general.get("similarity_fn_name")
    return SentenceFiles(
        pooling=pooling,
        include_prompt=include_prompt,
        layers=tuple(_layer(kind, place, name) for kind, place in modules if kind in _LAYERS),
        max_length=_positive(transformer.get("max_seq_length")),
        lower_case=transformer.get("do_lower_case") is True,
        prompts=_texts(prompts),
        default_prompt=name_ if isinstance(name_ := general.get("default_prompt_name"), str) else None,
        measure=measure if measure in MEASURES else None,
        dimensions=_positive(general.get("truncate_dim")),
    )


def _modules(folder: Path, name: str) -> list[tuple[str, Path]]:
    """The modules behind the transformer, each with its folder."""
    path = folder / "modules.json"
    if not path.exists():
        # Some were saved with their pooling alone.
        return [("Pooling", folder / "1_Pooling")] if (folder / "1_Pooling" / "config.json").exists() else []
    found: list[tuple[str, Path]] = []
    for entry in _entries(path):
        kind, place = str(entry.get("type", "")), str(entry.get("path", ""))
        last = kind.rpartition(".")[2]
        if not kind.startswith(_OWN_CLASS) or last not in ("Transformer", "Pooling", *_LAYERS, *_NOTHING_TO_DO):
            raise _unknown(name, f"a module {shown(last or kind, 40).strip(chr(39))}")
        if place and not _FOLDER.fullmatch(place):  # it could name any folder
            raise UserError(f"{path} names {shown(place)}, which is no folder of the model.", hint=_AGAIN)
        found.append((last, folder / place))
    if [kind for kind, _ in found].count("Transformer") != 1 or found[0][0] != "Transformer":
        raise _unknown(name, "modules that do not begin with one Transformer")
    return found[1:]


def _entries(path: Path) -> list[dict[str, Any]]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, OSError, RecursionError) as error:
        raise UserError(f"{path} cannot be read ({shown_error(error)}).", hint=_AGAIN) from error
    if not isinstance(found, list) or not all(isinstance(entry, dict) for entry in cast("list[object]", found)):
        raise UserError(f"{path} is no list of modules.", hint=_AGAIN)
    return cast("list[dict[str, Any]]", found)


def _pooling(modules: list[tuple[str, Path]], name: str) -> tuple[tuple[Pooling, ...], bool]:
    places = [place for kind, place in modules if kind == "Pooling"]
    if not places:
        return (), True
    if len(places) > 1 or modules[0][0] != "Pooling":
        raise _unknown(name, "modules between its transformer and its pooling")
    config = _read(places[0] / "config.json")
    modes: Any = config.get("pooling_mode") or [mode for flag, mode in _FLAGS.items() if config.get(flag)] or "mean"
    given = cast("list[Any]", [modes] if isinstance(modes, str) else modes)
    for mode in given:
        if mode not in POOLINGS:
            raise _unknown(name, f"a pooling {shown(mode, 40)}")
    return tuple(given), config.get("include_prompt", True) is not False


def _layer(kind: str, place: Path, name: str) -> Layer:
    config = _read(place / "config.json")
    if config.get("module_input_name", "sentence_embedding") != "sentence_embedding":
        raise _unknown(name, f"a module {kind} for single tokens")
    return Layer(cast("LayerKind", kind), place, config)


def _transformer_file(folder: Path) -> dict[str, Any]:
    found = [path for pattern in _TRANSFORMER_FILES for path in sorted(folder.glob(pattern))]
    named = [path for path in found if path.name != "config_sentence_transformers.json"]
    return _read(named[0]) if named else {}


def _refuse_other_outputs(transformer: Mapping[str, Any], name: str) -> None:
    task, output = transformer.get("transformer_task"), transformer.get("module_output_name")
    if task not in (None, "feature-extraction") or output not in (None, "token_embeddings"):
        raise _unknown(name, f"vectors of another kind ({shown(task or output, 40)})")


def _unknown(name: str, what: str) -> UserError:
    return UserError(
        f"{name} has {what}, which only sentence-transformers can run.",
        hint="Give a model of Transformer, Pooling, Dense, LayerNorm and Normalize.",
    )


def _read(path: Path) -> dict[str, Any]:
    return read_json(path, _AGAIN) if path.exists() else {}


def _positive(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else None


def _texts(value: object) -> dict[str, str]:
    entries = cast("dict[str, object]", value if isinstance(value, dict) else {})
    return {name: text for name, text in entries.items() if isinstance(text, str)}
