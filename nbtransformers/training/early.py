"""What can be known to fail before a worker is at work: no data are read for it, and no model is loaded."""

from __future__ import annotations

import shutil

from nbtransformers.engine.device import pick_device
from nbtransformers.errors import UserError, did_you_mean, shown
from nbtransformers.loading.card import card
from nbtransformers.plain_text import file_size
from nbtransformers.request import FinetuneRequest, Objects
from nbtransformers.rundir.folder import RunFolder
from nbtransformers.rundir.listing import shown_folder
from nbtransformers.training.devices import refuse_too_few
from nbtransformers.training.methods import refuse_lacking
from nbtransformers.training.named import imported, is_import_path

_BYTES = 4 * (3 + 1)  # a parameter: of a checkpoint itself and two numbers of AdamW, and of the model once more


def refuse_early(request: FinetuneRequest, objects: Objects, folder: RunFolder) -> None:
    """Refuse what cannot work on this machine.

    Raises:
        UserError: for a device that is not there, a method whose package is not, a function that cannot be imported, a
            metric whose direction is known, a place for reports that is not installed, or a disk with no room for one
            checkpoint.
    """
    device = pick_device(request.device).partition(":")[0]
    if request.processes > 1:
        refuse_too_few(request.device, request.processes)
    refuse_lacking(request, device)
    for option, name in (("metric", request.metric), ("collator", request.collator)):
        if name is not None and (option == "collator" or is_import_path(name)):
            imported(name, option)
    if "greater_is_better" in request.arguments and not (request.metric and is_import_path(request.metric)):
        raise UserError(
            "`--greater-is-better` is for a metric of your own.",
            hint="Leave `--greater-is-better` out, or type `--metric module:function`.",
        )
    for place in request.report_to:
        _refuse_lacking_place(place)
    _refuse_full_disk(request, objects, folder)


def _refuse_lacking_place(place: str) -> None:
    from transformers.integrations.integration_utils import (
        INTEGRATION_TO_CALLBACK,
        get_available_reporting_integrations,
    )

    if place not in INTEGRATION_TO_CALLBACK:
        hint = did_you_mean(place, INTEGRATION_TO_CALLBACK, what="`--report-to` takes")
        raise UserError(f"Reports cannot go to {shown(place)}.", hint=hint)
    if place not in get_available_reporting_integrations():
        raise UserError(f"Reports to {place} need its package.", hint=f"Type `pip install {place}`.")


def _refuse_full_disk(request: FinetuneRequest, objects: Objects, folder: RunFolder) -> None:
    parameters = None if request.model is None else card(request.model, objects).parameters
    free = shutil.disk_usage(folder.path).free
    if request.method == "full" and parameters is not None and free < parameters * _BYTES:
        raise UserError(
            f"A checkpoint and the model take {file_size(parameters * _BYTES)}, "
            f"and {file_size(free)} are free in {shown_folder(folder.path.parent)}.",
            hint="Make room, or give another folder: `--folder runs`.",
        )
