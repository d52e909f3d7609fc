"""Fields of `TrainingArguments` that a user gives by their own names."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, fields
from enum import Enum
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from nbtransformers.errors import UserError, did_you_mean, kind_of, shown
from nbtransformers.training.packages import refuse_lacking_packages

OURS = {
    "learning_rate": "lr",
    "num_train_epochs": "epochs",
    "per_device_train_batch_size": "batch-size",
    "gradient_accumulation_steps": "grad-accum",
    "warmup_steps": "warmup",
    "lr_scheduler_type": "schedule",
    "metric_for_best_model": "metric",
}
"""Fields that have an option of their own, and that option."""

_SECRET = "hub_token"
_SAME = ("weight_decay", "seed", "bf16", "report_to")
_OF_THE_RUN = (
    *("output_dir", "do_train", "do_eval", "do_predict", "resume_from_checkpoint", "local_rank", "use_cpu"),
    *("disable_tqdm", "logging_strategy", "load_best_model_at_end", "auto_find_batch_size"),
    *("save_strategy", "save_only_model", "save_on_each_node", "enable_jit_checkpoint", "ignore_data_skip"),
    *("restore_callback_states_from_checkpoint", "remove_unused_columns", "label_names", "prediction_loss_only"),
    *("eval_do_concat_batches", "include_for_metrics", "batch_eval_metrics", "train_sampling_strategy"),
    *("length_column_name", "skip_memory_metrics", "eval_strategy", "data_seed", "log_level", "log_level_replica"),
    *("parallelism_config", "eval_use_gather_object", "eval_on_start", "logging_steps", "logging_first_step"),
    *("logging_nan_inf_filter", "include_num_input_tokens_seen", "run_name", "save_total_limit"),
    *("deepspeed", "fsdp", "fsdp_config"),
    "dataloader_persistent_workers",  # which would keep the epoch of the first batches
)
"""Fields that decide how the worker keeps its directory, and are not for a user."""

_ABOVE_ZERO = ("max_steps", "eval_steps", "save_steps", "per_device_eval_batch_size")


@dataclass(frozen=True, slots=True)
class Field:
    """A field of `TrainingArguments` that a user may give.

    Attributes:
        name: its own name.
        kinds: the types that it takes; None is always one.
        choices: the only values that it takes; empty when there are others.
        default: what it is where nobody says otherwise.
    """

    name: str
    kinds: tuple[type, ...]
    choices: tuple[str, ...]
    default: Any

    @property
    def is_flag(self) -> bool:
        """Whether its name alone says that it is to be true."""
        # That greater is better is so anyway: it is given to say that it is not.
        return self.kinds == (bool,) and not self.default and self.name != "greater_is_better"


def known_fields() -> dict[str, Field]:
    """The fields that a user may give, by their names; torch and Transformers are imported for them.

    Raises:
        UserError: when training lacks a package, without which the fields cannot be known.
    """
    refuse_lacking_packages()
    from transformers import TrainingArguments

    hints = get_type_hints(TrainingArguments)
    hidden = {*OURS, *_SAME, *_OF_THE_RUN, _SECRET}
    return {
        field.name: Field(field.name, *_taken(hints[field.name]), None if field.default is MISSING else field.default)
        for field in fields(TrainingArguments)
        if field.init and field.name not in hidden
    }


def schedules() -> tuple[str, ...]:
    """The names of the schedules of the learning rate."""
    from transformers.trainer_utils import SchedulerType

    return tuple(schedule.value for schedule in SchedulerType)


def checked(given: Mapping[str, Any], own: tuple[str, ...]) -> dict[str, Any]:
    """The fields that were given by their own names, each with a value that it takes.

    Args:
        given: name to value.
        own: the names of the task's own arguments, one of which may have been meant.

    Raises:
        UserError: for a name or a value that is none; the hint has the nearest name.
    """
    if not given:
        return {}
    known = known_fields()
    for name, value in given.items():
        refuse_other(name)
        if name not in known:
            raise UserError(
                f"finetune() has no argument {name}.", hint=did_you_mean(name, [*own, *known], what="It has")
            )
        _check(known[name], value)
    return dict(given)


def refuse_other(name: str) -> None:
    """Refuse a field that has another name here, or that is not for a user."""
    if name in OURS:
        option = name.replace("_", "-")
        raise UserError(f"`--{option}` is called otherwise here.", hint=f"Type `--{OURS[name]}`.")
    if name in _OF_THE_RUN:
        option = name.replace("_", "-")
        raise UserError(f"`--{option}` is decided by the run itself.", hint=f"Leave `--{option}` out.")
    if name == _SECRET:
        raise UserError("A token would be written into the run directory.", hint="Type `hf auth login`.")


def from_text(field: Field, option: str, text: str) -> Any:
    """The value of a field as it was typed.

    Raises:
        UserError: when it takes no such value.
    """
    for kind in field.kinds:
        try:
            value = _READ[kind](text)
        except (KeyError, ValueError):
            continue
        _check(field, value)
        return value
    example = field.choices[0] if field.choices else _EXAMPLES.get(field.kinds[0], "x")
    raise UserError(f"`--{option}` cannot be {shown(text)}.", hint=f"Type `--{option} {example}`.")


def _check(field: Field, value: Any) -> None:
    option = field.name.replace("_", "-")
    if field.choices and value not in field.choices:
        hint = did_you_mean(str(value), field.choices, what=f"`--{option}` takes")
        raise UserError(f"`--{option}` cannot be {shown(value)}.", hint=hint)
    kinds = (*field.kinds, NoneType, *((int,) if float in field.kinds else ()))
    if not isinstance(value, kinds) or (isinstance(value, bool) and bool not in kinds):
        wanted = " or ".join(kind.__name__ for kind in field.kinds)
        raise UserError(f"`--{option}` is {shown(value)}, {kind_of(value)}.", hint=f"It takes {wanted}.")
    if field.name in _ABOVE_ZERO and value is not None and value <= 0:
        raise UserError(f"`--{option}` is {shown(value)}.", hint=f"Type a number above 0: `--{option} 100`.")
    try:
        json.dumps(value, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise UserError(f"`--{option}` is {shown(value)}.", hint="Give what can be written to a file.") from error


def _taken(hint: Any) -> tuple[tuple[type, ...], tuple[str, ...]]:
    """The plain types that an annotation names, and the values of an enumeration in it."""
    parts = get_args(hint) if get_origin(hint) in (Union, UnionType) else (hint,)
    choices: tuple[str, ...] = ()
    kinds: list[type] = []
    for part in parts:
        if isinstance(part, type) and issubclass(part, Enum):
            choices = tuple(str(member.value) for member in part)
        elif get_origin(part) is Literal:
            kinds += [type(value) for value in get_args(part)]
        else:
            kinds.append(get_origin(part) or part)
    plain = [kind for kind in _ORDER if kind in kinds]  # the narrowest first
    return tuple(plain or [str]), choices


def _boolean(text: str) -> bool:
    values = {"true": True, "false": False, "yes": True, "no": False, "1": True, "0": False}
    if text.casefold() not in values:
        raise ValueError(text)
    return values[text.casefold()]


def _object(text: str) -> dict[str, Any]:
    value = json.loads(text)
    if not isinstance(value, dict):
        raise ValueError(text)
    return value


_READ: dict[type, Any] = {
    bool: _boolean,
    int: lambda text: int(text.replace("_", "").replace(",", "")),
    float: float,
    dict: _object,
    list: lambda text: [part.strip() for part in text.split(",") if part.strip()],
    str: str,
}
_ORDER = tuple(_READ)
_EXAMPLES: dict[type, str] = {bool: "true", int: "8", float: "0.5", dict: "'{\"key\": 1}'", list: "a,b"}
