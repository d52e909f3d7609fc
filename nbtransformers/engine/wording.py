"""How a model is told what to do with a text: by a prefix, by the codes of two languages, or by an instruction."""

from __future__ import annotations

import re
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from nbtransformers.errors import UserError, shown
from nbtransformers.loading.languages import code_of, language_name, meant, nearest_language, typed_code
from nbtransformers.loading.registry import LoadedModel
from nbtransformers.plain_text import count

_FEW = 8  # so many codes are listed where one is wrong
_NO_SETTINGS = ("prefix", "max_length", "max_new_tokens")
_CODE = re.compile(r"[a-z]{2,3}_[A-Z][A-Za-z]{1,3}")
_MADLAD = re.compile(r"<2[A-Za-z_-]{2,10}>")
_T5_TASK = re.compile(r"translation_([a-z]+)_to_([a-z]+)")
_SUMMARIZE = "Summarize the following text in a few sentences. Give only the summary.\n\n"


@dataclass(frozen=True, slots=True)
class Wording:
    """How a model is told what to do with every text.

    Attributes:
        prefix: what is put before it.
        chat: whether it is a message in the model's chat template.
        source_code: the language that the tokenizer is set to; None where it has none to set.
        settings: fields of `GenerationConfig` that belong to it.
        most: new tokens at most, as the model says of this task; None when it does not say.
        said: it in words.
        source: the language of the texts, as the model calls it; None when that is not known.
        target: likewise that of what is written.
        note: what a careful reader should know of it; empty when there is nothing.
    """

    prefix: str = ""
    chat: bool = False
    source_code: str | None = None
    settings: Mapping[str, Any] = field(default_factory=dict[str, Any])
    most: int | None = None
    said: str = ""
    source: str | None = None
    target: str | None = None
    note: str = ""

    def encode(self, tokenizer: Any, texts: Sequence[str]) -> list[list[int]]:
        """What the model reads of each text."""
        if not texts:
            return []
        if self.chat:
            return [_in_chat(tokenizer, self.prefix + text) for text in texts]
        with _set_to(tokenizer, self.source_code):
            encoded = tokenizer([self.prefix + text for text in texts], padding=False, truncation=False, verbose=False)
        return [list(ids) for ids in encoded["input_ids"]]


def _in_chat(tokenizer: Any, content: str) -> list[int]:
    message = {"role": "user", "content": content}
    encoded = tokenizer.apply_chat_template(
        [message], add_generation_prompt=True, return_dict=True, tokenizer_kwargs={"verbose": False}
    )
    return list(encoded["input_ids"])


@contextmanager
def _set_to(tokenizer: Any, language: str | None) -> Generator[None]:
    """A tokenizer that marks its texts as being in a language, and is as it was afterwards: others use it too."""
    if language is None:
        yield
        return
    before = tokenizer.src_lang
    tokenizer.src_lang = language
    try:
        yield
    finally:
        tokenizer.src_lang = before


# --- summaries ---


def to_summarize(loaded: LoadedModel) -> Wording:
    """How a model is told to summarise.

    Raises:
        UserError: when it cannot be told.
    """
    if not loaded.model.config.is_encoder_decoder:
        _refuse_no_chat(loaded, "summarise", "facebook/bart-large-cnn")
        return Wording(prefix=_SUMMARIZE, chat=True, said="by instruction, in the model's chat template")
    declared = _tasks(loaded).get("summarization", {})
    prefix = str(declared.get("prefix") or "")
    said = f"told by {shown(prefix)}" if prefix else ""
    return Wording(prefix=prefix, settings=_settings(declared), most=_most(loaded, declared), said=said)


# --- translations ---


def to_translate(loaded: LoadedModel, source: str | None, target: str | None) -> Wording:
    """How a model is told to translate from one language into another.

    Args:
        loaded: the model.
        source: the language of the texts, as a person calls it; None as the model has it.
        target: likewise the language to translate into.

    Raises:
        UserError: when it does not know them, or cannot be told.
    """
    if not loaded.model.config.is_encoder_decoder:
        return _by_instruction(loaded, source, target)
    pairs = _declared_pairs(loaded)
    if pairs:
        return _by_declared_prefix(loaded, pairs, source, target)
    codes = _target_codes(loaded)
    if codes and hasattr(loaded.tokenizer, "src_lang"):
        return _by_codes(loaded, codes, source, target)
    if codes:
        return _by_target_prefix(loaded, codes, source, target)
    return _as_trained(loaded, source, target)


def _by_instruction(loaded: LoadedModel, source: str | None, target: str | None) -> Wording:
    _refuse_no_chat(loaded, "translate", "facebook/nllb-200-distilled-600M")
    if target is None:
        raise UserError(f"{loaded.name} has to be told the language to translate into.", hint="Type `--target German`.")
    from_, into = None if source is None else _name("source", source), _name("target", target)
    pair = f"from {from_} to {into}" if from_ else f"to {into}"
    return Wording(
        prefix=f"Translate the following text {pair}. Give only the translation.\n\n",
        chat=True,
        said="by instruction, in the model's chat template",
        source=from_,
        target=into,
    )


def _name(option: str, given: str) -> str:
    """The English name of a language that a chat model is told."""
    code = code_of(given)
    if code is not None:
        return language_name(code) or given
    if given == "?":
        raise UserError(f"`--{option}` takes any language by its English name or its code.", hint="Type German, or de.")
    near = nearest_language(given)
    hint = f"Did you mean `--{option} {near}`?" if near else "Type its English name, or its code, such as de."
    raise UserError(f"There is no language {shown(given)}.", hint=hint)


def _by_declared_prefix(
    loaded: LoadedModel, pairs: dict[tuple[str, str], dict[str, Any]], source: str | None, target: str | None
) -> Wording:
    """T5: its configuration holds a prefix for each pair of languages."""
    targets = list(dict.fromkeys(into for _, into in pairs))
    into = _chosen(loaded, "target", target, targets)
    from_ = _chosen(loaded, "source", source, [start for start, end in pairs if end == into])
    declared = pairs[from_, into]
    prefix = str(declared.get("prefix") or "")
    return Wording(
        prefix=prefix,
        settings=_settings(declared),
        most=_most(loaded, declared),
        said=f"told by {shown(prefix)}",
        source=from_,
        target=into,
    )


def _by_codes(loaded: LoadedModel, codes: list[str], source: str | None, target: str | None) -> Wording:
    """NLLB, mBART, M2M100: a code is among the tokens that the encoder reads, and one begins what is written."""
    tokenizer = loaded.tokenizer
    into = _chosen(loaded, "target", target, codes, _own_target(loaded, codes))
    own = tokenizer.src_lang
    from_ = own if source is None and own in codes else _chosen(loaded, "source", source, codes)
    known = language_name(from_)
    taken = f"{known} ({from_})" if known else from_
    note = f"The texts are taken to be in {taken}, as {loaded.name} has it: `--source` says otherwise."
    return Wording(
        source_code=from_,
        settings={_start_setting(tokenizer): _token_of(tokenizer, into)},
        most=_most(loaded, {}),
        said=f"from {from_} to {into}",
        source=from_,
        target=into,
        note=note if source is None else "",
    )


def _by_target_prefix(loaded: LoadedModel, codes: list[str], source: str | None, target: str | None) -> Wording:
    """Marian with several targets, MADLAD: the text begins with the code of the target."""
    into = _chosen(loaded, "target", target, codes)
    from_ = getattr(loaded.tokenizer, "source_lang", None)
    _refuse_other(loaded, "source", source, from_)
    return Wording(prefix=f"{into} ", most=_most(loaded, {}), said=f"told by {shown(into)}", source=from_, target=into)


def _as_trained(loaded: LoadedModel, source: str | None, target: str | None) -> Wording:
    """A model of one pair of languages."""
    own = (getattr(loaded.tokenizer, "source_lang", None), getattr(loaded.tokenizer, "target_lang", None))
    _refuse_other(loaded, "source", source, own[0])
    _refuse_other(loaded, "target", target, own[1])
    said = f"from {own[0]} to {own[1]}" if all(own) else ""
    return Wording(most=_most(loaded, {}), said=said, source=own[0], target=own[1])


def _chosen(loaded: LoadedModel, option: str, given: str | None, codes: list[str], own: str | None = None) -> str:
    """The model's own code of the language that somebody means."""
    name = loaded.name
    known = f"It knows {count(len(codes), 'language')}: `--{option} ?` lists them."
    if len(codes) <= _FEW:
        known = f"It knows {', '.join(map(typed_code, codes))}."
    if given == "?":
        raise UserError(f"{name} takes these for `--{option}`: {', '.join(map(typed_code, codes))}.")
    if given is None:
        if own is not None or len(codes) == 1:
            return own or codes[0]
        what = "to translate into" if option == "target" else "of the texts"
        raise UserError(
            f"{name} has to be told the language {what}.",
            hint=f"Type `--{option} {_example(codes)}`. {known}",
        )
    found = meant(given, codes)
    if len(found) == 1:
        return found[0]
    if found:
        raise UserError(
            f"{shown(given)} is more than one language of {name}: {', '.join(found)}.",
            hint=f"Type `--{option} {typed_code(found[0])}`, for instance.",
        )
    near = nearest_language(given, codes)
    question = f"Did you mean `--{option} {typed_code(near)}`? " if near else ""
    raise UserError(f"{name} has no {option} language {shown(given)}.", hint=f"{question}{known}")


def _refuse_other(loaded: LoadedModel, option: str, given: str | None, own: str | None) -> None:
    """A model that was trained for one language takes no other in its place."""
    if given is None or (own and (meant(given, [own]) or given == own)):
        return
    which = f"only {_also_named(own)} is its {option} language" if own else "it does not say which languages it knows"
    raise UserError(f"{loaded.name} cannot be told `--{option} {given}`: {which}.", hint=f"Leave `--{option}` out.")


def _also_named(code: str) -> str:
    name = language_name(code)
    return f"{code} ({name})" if name else code


def _example(codes: list[str]) -> str:
    return typed_code((meant("German", codes) or codes)[0])


def _target_codes(loaded: LoadedModel) -> list[str]:
    """The codes of the languages that a model translates into; none when it has one, or does not tell."""
    tokenizer = loaded.tokenizer
    if "languages" not in loaded.notes:
        own: list[str] = list(getattr(tokenizer, "supported_language_codes", ())) or list(
            getattr(tokenizer, "lang_code_to_id", ())
        )
        own = own or sorted(token for token in tokenizer.get_added_vocab() if _CODE.fullmatch(token))
        loaded.notes["languages"] = own or sorted(token for token in tokenizer.get_vocab() if _MADLAD.fullmatch(token))
    return loaded.notes["languages"]


def _token_of(tokenizer: Any, code: str) -> int:
    known = getattr(tokenizer, "lang_code_to_id", None) or {}
    return int(known[code] if code in known else tokenizer.convert_tokens_to_ids(code))


def _start_setting(tokenizer: Any) -> str:
    """Where the code of the target goes. The first mBART was trained with it in the place of the token that begins
    every text; the later models have it behind that.
    """
    return "decoder_start_token_id" if type(tokenizer).__name__.startswith("MBartTokenizer") else "forced_bos_token_id"


def _own_target(loaded: LoadedModel, codes: list[str]) -> str | None:
    """The language that a model's own settings begin a text with, as one has it that was fine-tuned for one pair."""
    number = getattr(loaded.model.generation_config, _start_setting(loaded.tokenizer), None)
    return next((code for code in codes if number is not None and _token_of(loaded.tokenizer, code) == number), None)


# --- what a model declares ---


def _tasks(loaded: LoadedModel) -> dict[str, dict[str, Any]]:
    """What a configuration says of single tasks."""
    tasks = getattr(loaded.model.config, "task_specific_params", None)
    return {str(name): dict(task) for name, task in tasks.items() if isinstance(task, dict)} if tasks else {}


def _declared_pairs(loaded: LoadedModel) -> dict[tuple[str, str], dict[str, Any]]:
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for name, task in _tasks(loaded).items():
        pair = _T5_TASK.fullmatch(name)
        if pair:
            found[pair[1], pair[2]] = task
    return found


def _settings(declared: Mapping[str, Any]) -> dict[str, Any]:
    from transformers import GenerationConfig

    known = GenerationConfig().to_dict()
    return {name: value for name, value in declared.items() if name in known and name not in _NO_SETTINGS}


def _most(loaded: LoadedModel, declared: Mapping[str, Any]) -> int | None:
    """New tokens at most, as the model says: of the task, or of all. 20 is what Transformers once wrote for nothing."""
    own = loaded.model.generation_config
    for value in (declared.get("max_new_tokens"), _less_one(declared.get("max_length"))):
        if value:
            return int(value)
    for value in (own.max_new_tokens, _less_one(own.max_length)):
        if value and value >= 20:
            return int(value)
    return None


def _less_one(length: Any) -> int | None:
    return int(length) - 1 if length else None  # it counts the token that begins every text


def _refuse_no_chat(loaded: LoadedModel, doing: str, example: str) -> None:
    if not getattr(loaded.tokenizer, "chat_template", None):
        raise UserError(
            f"{loaded.name} is a causal model without a chat template, and cannot be told to {doing}.",
            hint=f"Give a model that was trained for it, `--model {example}`, or a chat model.",
        )
