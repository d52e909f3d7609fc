"""What a model or a dataset says of itself: in its configuration, and in its card; anyone may have written them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, TypeGuard, cast

from nbtransformers.loading.languages import is_tagged_language, language_name
from nbtransformers.loading.tokenizers import positions_of

Fields = dict[str, Any]
"""Some fields of a `ModelEntry` or a `DatasetEntry`."""

MOST = 2**53
"""A number that is larger counts nothing, and would fit into no table."""

_TASKS = {
    "SequenceClassification": "text-classification",
    "TokenClassification": "token-classification",
    "QuestionAnswering": "question-answering",
    "MaskedLM": "fill-mask",
    "CausalLM": "text-generation",
    "LMHeadModel": "text-generation",
    "ConditionalGeneration": "text2text-generation",
    "MTModel": "translation",
}
# What other configurations call the tokens that a model reads.
_LENGTHS = ("n_positions", "n_ctx", "max_sequence_length", "max_seq_len", "seq_length")
_LONGEST = 1_000_000  # tokens; tokenizers without a limit say 10**30
_BYTES = {"F64": 8, "F32": 4, "F16": 2, "BF16": 2, "I64": 8, "I32": 4, "I16": 2, "I8": 1, "U8": 1}


def of_config(config: Mapping[str, Any], tokenizer_config: Mapping[str, Any] | None = None) -> Fields:
    """Architecture, type, task, vocabulary and context length, as far as `config.json` has them.

    Example:
        >>> of_config({"model_type": "bert", "vocab_size": 30522, "max_position_embeddings": 512})["context_length"]
        512
    """
    inner = config.get("text_config")
    body = {**config, **(cast("dict[str, Any]", inner) if isinstance(inner, dict) else {})}
    architecture = _text(config.get("architectures"))
    limits = [
        positions_of(body),
        *(body.get(name) for name in _LENGTHS),
        (tokenizer_config or {}).get("model_max_length"),
    ]
    known = [int(limit) for limit in limits if _is_length(limit)]
    return {
        "architecture": architecture,
        "model_type": _text(config.get("model_type")),
        "task": _task(architecture),
        "translates": _pair(tokenizer_config or {}),
        "vocabulary": _whole(body.get("vocab_size")),
        "context_length": min(known, default=None),
    }


def of_card(card: Mapping[str, Any]) -> Fields:
    """Task, library, languages, licence, training data and base models, as the metadata of a card have them."""
    languages = ["no" if one is False else one for one in _listed(card.get("language"))]  # `no` is false in YAML
    licence = _text(card.get("license"))
    return {
        "task": _text(card.get("pipeline_tag")),
        "library": _text(card.get("library_name")),
        "licence": (_text(card.get("license_name")) if card.get("license") == "other" else None) or licence,
        "languages": tuple(str(one) for one in languages if isinstance(one, str)),
        "training_data": _texts(card.get("datasets")),
        "base_models": _texts(card.get("base_model")),
    }


def of_dataset(card: Mapping[str, Any], tags: Iterable[str] = ()) -> Fields:
    """What a dataset is for, its languages, its licence, how large it is and its subsets, by its card and its tags.

    Example:
        >>> of_dataset({"configs": [{"config_name": "de"}]})["subsets"]
        ('de',)
    """
    plain = list(tags)
    infos, configs = ([one for one in _listed(card.get(key)) if isinstance(one, dict)] for key in _PER_SUBSET)
    names = [_text(one.get("config_name")) for one in (*configs, *infos)]
    nbytes = [_whole(one.get("download_size")) for one in infos]
    sizes = _texts(card.get("size_categories")) or tuple(_tagged(plain, "size_categories"))
    fields = first_known(of_card(card), of_tags(plain, has_card=bool(card)))
    return {
        "languages": fields.get("languages", ()),
        "licence": fields.get("licence"),
        "tasks": _texts(card.get("task_categories")) or tuple(_tagged(plain, "task_categories")),
        "rows_category": sizes[0] if sizes else None,
        "subsets": tuple(dict.fromkeys(name for name in names if name)),
        "download_bytes": sum(one for one in nbytes if one) if nbytes and all(nbytes) else None,
    }


_PER_SUBSET = ("dataset_info", "configs")


def of_tags(tags: Iterable[str], *, has_card: bool = False) -> Fields:
    """Languages, licence, training data and base models, as the Hub tags them.

    Args:
        tags: the tags.
        has_card: whether the card's metadata are known, too. The Hub tags the languages that a card names, and its
            topics likewise: of a card without languages `moe` is a topic, though it is also the code of Innu.

    Example:
        >>> of_tags(["nlp", "rag", "de", "license:mit"])["languages"]
        ('de',)
    """
    plain = list(tags)
    bare = () if has_card else tuple(tag for tag in plain if is_tagged_language(tag))
    return {
        "licence": next(iter(_tagged(plain, "license")), None),
        "languages": tuple(_tagged(plain, "language")) or bare,
        "training_data": tuple(_tagged(plain, "dataset")),
        "base_models": tuple(name for name in _tagged(plain, "base_model") if ":" not in name),
    }


def first_known(*all_fields: Fields) -> Fields:
    """Of each field what the first that knows it says."""
    found: Fields = {}
    for fields in all_fields:
        found |= {name: value for name, value in fields.items() if value and name not in found}
    return found


def bytes_of(parameters: Mapping[str, int]) -> int | None:
    """Bytes of weights, by the number of parameters of each type in safetensors' words; None when there is none."""
    nbytes = sum(number * _BYTES.get(dtype, 1) for dtype, number in parameters.items())
    return nbytes or None


def wants_own_code(config: Mapping[str, Any]) -> bool:
    """Whether a model runs only with code of its own: it names some, and Transformers has no folder for its type.

    Transformers itself is not asked: to import it takes seconds.
    """
    from nbtransformers.loading.kept import package_folder

    folder, kind = package_folder("transformers"), str(config.get("model_type", "")).replace("-", "_")
    known = folder is not None and kind.isidentifier() and (folder / "models" / kind).is_dir()
    return bool(config.get("auto_map")) and not known


def _pair(tokenizer_config: Mapping[str, Any]) -> tuple[str, ...]:
    """The languages of a model that was trained for one pair of them: Marian's tokenizers tell; a group is none."""
    pair = [_text(tokenizer_config.get(name)) or "" for name in ("source_lang", "target_lang")]
    return tuple(pair) if all(language_name(code) for code in pair) else ()


def _task(architecture: str | None) -> str | None:
    return next((task for ending, task in _TASKS.items() if (architecture or "").endswith(ending)), None)


def _tagged(tags: Iterable[str], kind: str) -> list[str]:
    return [tag.partition(":")[2] for tag in tags if tag.startswith(f"{kind}:")]


def _listed(value: object) -> list[Any]:
    if isinstance(value, list):
        return cast("list[Any]", value)
    return [] if value is None or value == "" else [value]


def _texts(value: object) -> tuple[str, ...]:
    return tuple(one for one in _listed(value) if isinstance(one, str))


def _text(value: object) -> str | None:
    if isinstance(value, list) and value:
        value = cast("list[Any]", value)[0]
    return value if isinstance(value, str) and value else None


def _is_length(value: object) -> TypeGuard[int | float]:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 < value < _LONGEST


def _whole(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 < value < MOST else None
