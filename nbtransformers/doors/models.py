"""`nbtransformers.models`, `datasets`, `preview`, `download`: what there is, a look into it, onto this machine."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from nbtransformers import settings
from nbtransformers.doors.door import door
from nbtransformers.errors import UserError, kind_of
from nbtransformers.panels.host import has_panels
from nbtransformers.plain_text import printable
from nbtransformers.request.catalog import DatasetsRequest, ModelsRequest, Sort
from nbtransformers.request.checks import whole

if TYPE_CHECKING:
    import pandas as pd

    from nbtransformers.request import ModelRef
    from nbtransformers.results.datasets import DatasetPreview, Datasets
    from nbtransformers.results.download import Downloaded
    from nbtransformers.results.models import ModelEntry, Models
    from nbtransformers.results.used import Used


@door
def models(
    task: str | None = None,
    search: str | None = None,
    local_only: bool = False,
    *,
    language: str | None = None,
    library: str | None = None,
    licence: str | None = None,
    max_size: str | None = None,
    sort: Sort = "downloads",
    limit: int = 30,
) -> pd.DataFrame:
    """The models that can be used: bundled, in the local cache, in folders, of runs, and on the Hub.

    With no network it is those that are on this machine, and a warning says so.

    Args:
        task: the Hub's word for a task, such as `"text-classification"`, or a magic's name, such as `"classify"`.
        search: words of the name.
        local_only: whether to leave the Hub out.
        language: a code, such as `"en"`, or `"multilingual"`.
        library: the library that made them, such as `"sentence-transformers"`.
        licence: as the Hub writes it, such as `"apache-2.0"`.
        max_size: parameters (`"350M"`) or bytes of weights (`"2GB"`) at most.
        sort: how those of the Hub are sorted: `"downloads"`, `"date"`, `"likes"` or `"trending"`.
        limit: how many of the Hub.

    Returns:
        One row each, with the name as index: `place`, `task`, `architecture`, `parameters`, `vocabulary`,
        `context_length`, `languages`, `licence`, `training_data`, `last_modified`, `downloads`, `download_bytes`,
        `kept_bytes`, `disk_bytes`, `revision`, `gated`, `complete`, `needs`, …; what nobody says is missing.

    Raises:
        UserError: one line that says what is wrong and what to type instead.

    Example:
        >>> import nbtransformers as nbt
        >>> nbt.models("classify", language="de", max_size="350M").head()
    """
    request = ModelsRequest(task, search, local_only, language, library, licence, max_size, sort, limit)
    listed = listed_models(request)
    _warn(listed)
    return listed.to_pandas()


@door
def datasets(
    search: str | None = None,
    task: str | None = None,
    local_only: bool = False,
    *,
    language: str | None = None,
    licence: str | None = None,
    size: str | None = None,
    sort: Sort = "downloads",
    limit: int = 30,
) -> pd.DataFrame:
    """The datasets in the local cache and on the Hub.

    With no network it is those in the cache, and a warning says so.

    Args:
        search: words of the name.
        task: the Hub's word for what they are for, or a magic's name.
        local_only: whether to leave the Hub out.
        language: a code, such as `"en"`.
        licence: as the Hub writes it.
        size: how many rows they have, in the Hub's words, such as `"1K<n<10K"`.
        sort: how those of the Hub are sorted: `"downloads"`, `"date"`, `"likes"` or `"trending"`.
        limit: how many of the Hub.

    Returns:
        One row each, with the name as index: `place`, `tasks`, `languages`, `licence`, `rows_category`, `subsets`,
        `last_modified`, `downloads`, `download_bytes`, `disk_bytes`, `gated`, `description`, ….

    Raises:
        UserError: one line that says what is wrong and what to type instead.

    Example:
        >>> nbt.datasets("reviews", language="de")
    """
    listed = listed_datasets(DatasetsRequest(search, task, local_only, language, licence, size, sort, limit))
    _warn(listed)
    return listed.to_pandas()


@door
def preview(name: str, split: str | None = None, subset: str | None = None, rows: int = 5) -> DatasetPreview:
    """A look into a dataset of the Hub: its splits, its columns, its first rows, which are streamed unless it is here.

    Args:
        name: its id, with `@REVISION` where another than the newest is meant; `hub:` in front of it may be there.
        split: the split whose rows are shown; None is `train`, or the first.
        subset: its configuration, where it has several.
        rows: how many rows.

    Returns:
        A `DatasetPreview`: `splits`, `columns`, `rows`, `to_pandas()`.

    Raises:
        UserError: when it is not to be had.

    Example:
        >>> nbt.preview("cornell-movie-review-data/rotten_tomatoes").columns
        {'text': 'string', 'label': 'class: neg, pos'}
    """
    return look_into(name, split, subset, rows)


@door
def download(name: str, revision: str | None = None, *, allow_pickle: bool = False) -> Downloaded:
    """Fetch a model of the Hub ahead of its first use: all that loading it needs, and nothing else.

    What an interrupt, a cut or a crash leaves is kept, and gone on with the next time. What comes is held against
    the SHA-256 that the Hub tells.

    Args:
        name: its id, or a bundled name, which is made ready.
        revision: a branch, a tag or a commit; None is the newest.
        allow_pickle: whether pickled weights are fetched where there are no others.

    Returns:
        A `Downloaded`: `folder`, `revision`, `new` and `kept` bytes; it can be opened like a path.

    Raises:
        UserError: when it is not to be had, arrives damaged, or there is no room for it.

    Example:
        >>> nbt.download("acme/tiny", revision="v1").folder
    """
    return fetch_model(name, revision, allow_pickle=allow_pickle)


# --- what the magic asks, too ---


def look_into(name: str, split: str | None = None, subset: str | None = None, rows: int = 5) -> DatasetPreview:
    """What `preview` does, with hints as a magic gives them."""
    from nbtransformers.catalog.previewing import preview as look
    from nbtransformers.inputs.refs import hub_ref
    from nbtransformers.panels.view import passing_view

    _check_name(name, "dataset")
    whole("rows", rows)
    show_as_panels()  # as a preview that is the value of a cell is shown, whoever made it
    data = hub_ref(name if name.startswith("hub:") else f"hub:{name}", split=split, subset=subset)
    with passing_view(f"Looking into {name}"):
        return look(data, rows)


def fetch_model(name: str, revision: str | None = None, *, allow_pickle: bool = False) -> Downloaded:
    """What `download` does, with hints as a magic gives them."""
    from nbtransformers.catalog.downloading import download as fetch
    from nbtransformers.panels.view import passing_view

    _check_name(name, "model")
    ref = ref_of(name, revision, None, allow_pickle=allow_pickle)
    with passing_view(f"Downloading {name}") as view:
        return fetch(ref, view.progress)


def listed_models(request: ModelsRequest) -> Models:
    """The models that were asked for."""
    from nbtransformers.catalog.listing import list_models

    return list_models(request, settings.runs_folder())


def more_models(listed: Models) -> Models:
    """The same list with the next of the Hub behind it."""
    from nbtransformers.catalog.listing import go_on

    return go_on(listed)


def listed_datasets(request: DatasetsRequest) -> Datasets:
    """The datasets that were asked for."""
    from nbtransformers.catalog.listing import list_datasets

    return list_datasets(request)


def model_in_full(name: str, revision: str | None, namespace: Mapping[str, Any] | None = None) -> ModelEntry:
    """All that can be known of a model without loading it.

    Raises:
        UserError: when there is no such model.
    """
    from nbtransformers.catalog.detail import model_in_full as look
    from nbtransformers.panels.view import passing_view
    from nbtransformers.progress import Progress

    ref = ref_of(name, revision, namespace)
    with passing_view(f"Looking at {name}") as view:
        return look(ref, lambda message: view.progress(Progress("loading", message)))


def use_model(name: str, revision: str | None = None, *, pin: bool = False) -> Used:
    """Make a model the default of this session; what was set.

    Args:
        name: which model.
        revision: of a Hub model, the branch, tag or commit.
        pin: whether to set the commit that it is at now.

    Raises:
        UserError: when there is no such model, or it has no commits.
    """
    typed = f"{name}@{revision}" if revision else name
    entry = model_in_full(name, revision)
    if pin:
        if entry.revision is None:
            raise UserError(f"Only Hub models have commits, and {name} is none.", hint="Leave `--pin` out.")
        typed = f"{name.partition('@')[0]}@{entry.revision}"
    settings.set_default("model", typed)
    return _used(typed, ref_of(name, revision, None), entry)


def _used(typed: str, ref: ModelRef, entry: ModelEntry) -> Used:
    """A model that was set, with what a program that loads it is written from."""
    from nbtransformers.loading.heads import auto_class_named
    from nbtransformers.loading.source import source_of
    from nbtransformers.request.models import UseRequest
    from nbtransformers.results.modelrecipe import UseRecipe
    from nbtransformers.results.recipe import Place
    from nbtransformers.results.used import Used

    model = replace(ref, revision=entry.revision) if ref.kind == "hub" else ref
    folder = str(source_of(ref).folder) if ref.kind == "bundled" else None
    place = Place(model, folder, "allow-pickle" in (entry.needs or ()))
    return Used(typed, UseRequest(ref), UseRecipe(place, auto_class_named(entry.architecture or "")))


def show_as_panels() -> None:
    """In a notebook, show models and datasets that are the value of a cell as their panel."""
    if has_panels():
        from nbtransformers.doors.datasetcatalogue import Catalogue as DatasetCatalogue
        from nbtransformers.doors.modelcatalogue import Catalogue
        from nbtransformers.panels.datasets.offers import offer as offer_datasets
        from nbtransformers.panels.display import show_as_values
        from nbtransformers.panels.models.offers import offer

        offer(Catalogue())
        offer_datasets(DatasetCatalogue())
        show_as_values()


def ref_of(
    name: str, revision: str | None, namespace: Mapping[str, Any] | None, *, allow_pickle: bool = False
) -> ModelRef:
    """The reference for a model that is looked at or fetched, and not loaded.

    Raises:
        UserError: when it can be none, or is in memory.
    """
    from nbtransformers.loading.refs import model_ref

    ref, _ = model_ref(name, revision, namespace, runs=settings.runs_folder(), allow_pickle=allow_pickle)
    if ref.kind == "variable":
        raise UserError(f"{name} is a variable, a model in memory.", hint="Give a name, a folder, or a Hub id.")
    return ref


def _check_name(name: object, what: str) -> None:
    if not isinstance(name, str) or not name.strip():
        raise UserError(f"The name of a {what} is text, and this is {kind_of(name)}.", hint="Type `owner/name`.")


def _warn(listed: Models | Datasets) -> None:
    """What a DataFrame of a list cannot say: that it lacks the Hub's part, or which name may have been meant."""
    asked_back = [f"There is no such {listed.what}. {listed.question}"] if listed.near else []
    for note in (*listed.notes, *asked_back):
        warnings.warn_explicit(printable(note), UserWarning, "nbtransformers", 0)
