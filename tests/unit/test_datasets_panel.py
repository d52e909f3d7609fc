"""The panels of datasets: held to the golden file, what they can ask of a Hub, what one does next, and the magic."""

from __future__ import annotations

import json
import queue
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import helpers
import pandas as pd
import pytest
from hub import Hub
from hubdatasets import ARABIC, HOSTILE, LONG, hub_datasets
from hubonline import online
from payloads import MARKUP

import nbtransformers as nbt
from nbtransformers.doors.datasetcatalogue import Catalogue
from nbtransformers.doors.models import listed_datasets
from nbtransformers.errors import UserError
from nbtransformers.magics.parse import parse_line
from nbtransformers.magics.table import MAGICS
from nbtransformers.panels.channel import Method, answer
from nbtransformers.panels.datasets import offers
from nbtransformers.panels.datasets.actions import actions, actions_of_one
from nbtransformers.panels.datasets.looking import Finding, Looking
from nbtransformers.panels.datasets.snapshot import dataset_snapshot, datasets_snapshot
from nbtransformers.panels.datasets.uses import uses
from nbtransformers.panels.datasets.wire import (
    CELL_CHARACTERS,
    MOST_CHARACTERS,
    dataset_header,
    datasets_header,
    detail_of,
    look_of,
    whole_cell,
)
from nbtransformers.panels.view import PanelView
from nbtransformers.panels.widget import ModelsPanel, panel_class
from nbtransformers.request.catalog import DatasetsRequest
from nbtransformers.results.datasets import DatasetEntry, DatasetPreview, Datasets

GOLDEN = json.loads(Path(__file__).parent.parent.joinpath("golden", "datasets.json").read_text(encoding="utf-8"))
LOCAL = DatasetsRequest(local_only=True)
NONE = Datasets(LOCAL, ())


def entries() -> tuple[DatasetEntry, ...]:
    """The datasets of the golden file."""
    made: list[DatasetEntry] = []
    for about in GOLDEN["entries"]:
        values: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value for name, value in about.items()
        }
        if "last_modified" in values:
            values["last_modified"] = datetime.fromisoformat(values["last_modified"])
        made.append(DatasetEntry(**values))
    return tuple(made)


def golden_datasets() -> Datasets:
    asked = DatasetsRequest(search="a", size="n<1K")
    return Datasets(asked, entries(), "/next", ("Something that one should know.",))


def preview_of(about: dict[str, Any]) -> DatasetPreview:
    """A preview of the golden file."""
    values = {name: tuple(value) if isinstance(value, list) else value for name, value in about.items()}
    values["rows"] = pd.DataFrame(about["rows"], columns=list(about["columns"]), dtype=object)
    values["classes"] = {column: tuple(names) for column, names in about["classes"].items()}
    return DatasetPreview(**values)


def asked(methods: dict[str, Method], method: str, **params: Any) -> dict[str, Any]:
    """What a panel is answered, be it at once or later."""
    got: queue.Queue[dict[str, Any]] = queue.Queue()
    question = {"type": "request", "id": "1", "method": method, "params": params}
    begin = answer(question, methods, lambda message, _: got.put(message))
    if begin is not None:
        begin()
    return got.get(timeout=120)


Ask = Callable[..., dict[str, Any]]


def asking(methods: dict[str, Method]) -> Ask:
    """Asks, where that goes well."""

    def ask(method: str, **params: Any) -> dict[str, Any]:
        reply = asked(methods, method, **params)
        assert reply["ok"], reply
        return reply["result"]

    return ask


def listing(datasets: Datasets = NONE) -> dict[str, Method]:
    """What the panel of a list can be asked."""
    panel = ModelsPanel()
    panel.follower = Finding(datasets, panel)
    return actions(datasets, panel)


@pytest.fixture(autouse=True)
def _offers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whom a test offers is asked in that test alone."""
    monkeypatch.setattr(offers, "_offered", [Catalogue()])


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hub]:
    with online(Hub(datasets=hub_datasets()), tmp_path_factory.mktemp("home") / "cache") as running:
        yield running


def names(listed: dict[str, Any]) -> list[str]:
    return [row["dataset"] for row in listed["rows"]]


# --- the wire ---


def test_the_wire_is_that_of_the_golden_file() -> None:
    assert datasets_header(golden_datasets()) == (GOLDEN["header"], b"")
    assert detail_of(entries()[1]) == GOLDEN["detail"]
    preview = preview_of(GOLDEN["preview"])
    assert look_of(preview) == GOLDEN["look"]
    assert dataset_header(preview) == (GOLDEN["one"], b"")
    assert Looking(preview).cell("acme/hostile", "中文", "train", 1, 0) == GOLDEN["cell"]
    assert [list(one) for one in uses(preview_of(GOLDEN["plain"]))] == GOLDEN["uses"]


def test_they_are_in_the_bundle_of_models() -> None:
    assert panel_class("datasets") is panel_class("dataset") is ModelsPanel


def test_a_cell_is_whole_up_to_a_limit() -> None:
    assert whole_cell("a" * (MOST_CHARACTERS + 7)) == {"text": "a" * MOST_CHARACTERS, "left": 7}
    assert whole_cell("half \ud83c")["text"] == "half \ufffd"


# --- lists ---


def test_what_is_filled_in_is_asked_of_the_hub(hub: Hub) -> None:
    ask = asking(listing())
    found = ask("search", search=" acme ", task="classify", licence="mit", language="zh")
    assert names(found) == ["acme/reviews"] and not found["more"]
    assert (found["asked"]["search"], found["asked"]["task"]) == ("acme", "text-classification")
    assert names(ask("search", size="1K<n<10K")) == ["acme/languages"]
    assert names(ask("search", search="acme", sort="likes"))[0] == "acme/languages"
    assert [row["place"] for row in ask("search", search="closed")["rows"]] == ["hub, gated"]
    assert names(ask("search", search="acme", local_only=True)) == []


def test_the_hub_goes_on(hub: Hub) -> None:
    methods = listing(Datasets(replace(LOCAL, limit=2), ()))
    ask = asking(methods)
    first = ask("search", search="acme")
    assert names(first) == ["acme/reviews", "acme/questions"] and first["more"]
    more = ask("more", number=first["number"])
    assert names(more) == ["acme/reviews", "acme/questions", "acme/languages", "acme/hostile"]
    assert ask("state")["listed"] == more
    assert "searched anew. Look at the one" in asked(methods, "more", number=1)["error"]


@pytest.mark.parametrize(
    ("params", "said"),
    [
        ({"language": "english"}, "“Language” is 'english'."),
        ({"size": "large"}, "There is no size 'large'. “Rows” takes n<1K, "),
        ({"task": "clasify"}, "There is no task 'clasify'. Did you mean classify?"),
        ({"sort": "size"}, "There is no sort 'size'."),
    ],
)
def test_a_mistake_is_told_in_one_line(params: dict[str, Any], said: str) -> None:
    assert said in asked(listing(), "search", **params)["error"]


def test_a_name_that_nobody_has_is_asked_back(hub: Hub) -> None:
    ask = asking(listing())
    assert ask("search", search="revews")["near"] == ["acme/reviews"]
    assert ask("search", search="revews", licence="mit")["near"] == []
    assert "Did you mean acme/reviews?" in str(listed_datasets(DatasetsRequest(search="revews")))
    with pytest.warns(UserWarning, match=r"There is no such dataset\. Did you mean acme/reviews\?"):
        assert len(nbt.datasets("revews")) == 0


def test_without_a_network_it_is_what_is_here_and_why(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hub, "failure", (503, b""))
    methods = listing()
    found = asking(methods)("search", search="acme")
    assert names(found) == []
    assert found["notes"] == ["This is only what is on this machine: the Hub fails (HTTP 503)."]
    assert asked(methods, "detail", name="acme/reviews")["error"] == (
        "acme/reviews is not in the local cache, and the Hub fails (HTTP 503). Check the network."
    )
    assert asked(methods, "look", name="acme/other")["error"] == (
        "hub:acme/other is not in the local cache, and the Hub fails (HTTP 503). Check the network, or give a file."
    )


class Waiting(Catalogue):
    """One whose lists come when they are let go, each with the words that it was asked for as a note."""

    def __init__(self) -> None:
        super().__init__()
        self.free = {words: threading.Event() for words in ("b", "be")}

    def listed(self, request: DatasetsRequest) -> Datasets:
        self.free[request.search or ""].wait(60)
        return Datasets(request, (), "/more", (request.search or "",))


def test_a_list_that_comes_late_does_not_take_the_place_of_a_later_one() -> None:
    waiting = Waiting()
    offers.offer(waiting)
    methods = listing()
    replies: queue.Queue[dict[str, Any]] = queue.Queue()
    for words in ("b", "be"):
        question = {"type": "request", "id": words, "method": "search", "params": {"search": words}}
        begin = answer(question, methods, lambda message, _: replies.put(message))
        assert begin is not None  # meanwhile the kernel is free
        begin()
    for words in ("be", "b"):
        waiting.free[words].set()
        assert replies.get(timeout=60)["id"] == words
    assert asking(methods)("state")["listed"]["notes"] == ["be"]


# --- one dataset ---


def test_a_dataset_in_full(hub: Hub) -> None:
    facts = dict(asking(listing())("detail", name="acme/reviews")["facts"])
    assert facts == {
        "Place": "on the Hub",
        "Task": "text-classification",
        "Rows": "< 1K",
        "Languages": "en, zh, ar",
        "Licence": "mit",
        "Changed": "2026-03-04",
        "Downloads": "900 in 30 days",
        "To fetch": "5.0 kB",
        "Revision": "89abcde",
    }
    assert dict(asking(listing())("detail", name="acme/languages")["facts"])["Subsets"] == "3 subsets"


def test_its_first_rows_are_streamed_and_a_long_cell_comes_whole(hub: Hub) -> None:
    ask = asking(listing())
    hub.asked.clear()
    look = ask("look", name="acme/reviews")
    assert look["splits"] == [["train", 36], ["test", 3]] and look["split"] == "train"
    assert look["columns"] == [["text", "string"], ["label", "class: negative, positive"]]
    texts, labels = ([row[column]["text"] for row in look["rows"]] for column in (0, 1))
    assert (len(texts), texts[2], texts[5], labels[:3]) == (10, ARABIC, "–", ["1 (positive)"] * 2 + ["0 (negative)"])
    assert look["rows"][4][0] == {"text": LONG[:CELL_CHARACTERS], "left": len(LONG) - CELL_CHARACTERS}
    place = {"name": "acme/reviews", "subset": None, "split": "train", "row": 4, "column": 0}
    assert ask("cell", **place) == {"text": LONG, "left": 0}
    assert not any(name.endswith("test-0.parquet") for name in hub.asked)
    assert names(ask("search", search="acme", local_only=True)) == []  # to look is not to fetch
    hub.asked.clear()
    assert len(ask("look", name="acme/reviews", split="test", rows=50)["rows"]) == 3
    assert not any(name.endswith("README.md") for name in hub.asked)  # it is open already


def test_a_cell_of_something_else_is_refused(hub: Hub) -> None:
    methods = listing()
    assert "Nothing was looked into yet." in asked(methods, "cell", name="acme/plain")["error"]
    asking(methods)("look", name="acme/plain")
    place = {"name": "acme/plain", "subset": None, "split": "train", "row": 1, "column": 0}
    assert asking(methods)("cell", **place)["text"] == "too long"
    for changed in ({"name": "acme/reviews"}, {"split": "test"}, {"row": 2}, {"column": -1}):
        assert "Something else was looked into meanwhile." in asked(methods, "cell", **{**place, **changed})["error"]


def test_what_is_nested_can_be_read(hub: Hub) -> None:
    ask = asking(listing())
    look = ask("look", name="acme/questions")
    assert look["columns"][3] == ["answers", "{text: list of string, answer_start: list of int32}"]
    assert look["rows"][0][3]["text"] == '{"text": ["London"], "answer_start": [22]}'
    whole = ask("cell", name="acme/questions", subset=None, split="train", row=0, column=3)["text"]
    assert json.loads(whole) == {"text": ["London"], "answer_start": [22]} and len(whole.splitlines()) > 1


def test_of_several_subsets_the_first_is_looked_into_unless_one_is_chosen(hub: Hub) -> None:
    methods = listing()
    first = asking(methods)("look", name="acme/languages")
    assert (first["subset"], first["subsets"]) == ("en", ["en", "de", "中文"])
    other = asking(methods)("look", name="acme/languages", subset="中文")
    assert other["rows"][0][0]["text"] == "This is 中文."
    assert other["uses"][0] == ["Classify", "%classify hub:acme/languages --subset 中文 --column text"]
    with pytest.raises(UserError, match="has several subsets: en, de, 中文"):
        nbt.preview("acme/languages")
    assert nbt.preview("acme/languages", subset="de").facts()[0] == ("Subset", "de (there is also en, 中文)")


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("acme/closed", "is gated: the Hub gives it to people who accepted its terms. Accept them on its page, then"),
        ("acme/scripted", "is made by a script, which nothing runs any more."),
        ("acme/reviws", "The Hub has no dataset acme/reviws, or it is private. Did you mean acme/reviews?"),
        ("acme/reviews@v9", "hub:acme/reviews has no revision v9."),
        ("no name", "is no dataset of the Hub."),
        ("", "'' names no dataset."),
        (None, "None names no dataset."),
    ],
)
def test_why_one_cannot_be_looked_into_is_one_line(hub: Hub, name: object, said: str) -> None:
    error = asked(listing(), "look", name=name)["error"]
    assert said in error and "\n" not in error
    if "gated" not in said and "script" not in said:  # what is known of those can be told
        assert said in asked(listing(), "detail", name=name)["error"]


def test_what_is_asked_wrongly_is_told(hub: Hub) -> None:
    methods = listing()
    assert "has no split 'dev'" in asked(methods, "look", name="acme/reviews", split="dev")["error"]
    assert "has no subset 'fr'" in asked(methods, "look", name="acme/languages", subset="fr")["error"]
    assert "`--rows` is -1." in asked(methods, "look", name="acme/reviews", rows=-1)["error"]


def test_what_was_fetched_is_here_with_what_its_card_says(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    from nbtransformers.inputs.hub import hub_splits
    from nbtransformers.inputs.refs import hub_ref

    hub_splits(hub_ref("hub:acme/reviews"))  # small enough to be fetched
    ask = asking(listing())
    (row,) = ask("search", search="acme", local_only=True, language="zh", licence="mit", size="n<1K")["rows"]
    assert (row["dataset"], row["place"], row["task"]) == ("acme/reviews", "cached", "text-classification")
    assert names(ask("search", local_only=True, language="de")) == []
    assert (ask("search", search="reviews")["rows"][0]["downloads"], row["downloads"]) == ("900", "–")
    facts = dict(ask("detail", name="acme/reviews")["facts"])
    assert (facts["In all"], "To fetch" in facts) == ("5.0 kB", False)
    monkeypatch.setattr(hub, "failure", (503, b""))
    assert dict(ask("detail", name="acme/reviews")["facts"])["Place"] == "in the local cache"
    assert ask("look", name="acme/reviews", split="test")["splits"] == [["train", 36], ["test", 3]]


# --- what one does next ---


def looked(columns: dict[str, str], rows: list[list[Any]], **more: Any) -> DatasetPreview:
    values = {"subset": None, "splits": {"train": 2}, "split": "train", **more}
    texts = tuple(name for name, kind in columns.items() if kind == "string")
    table = pd.DataFrame(rows, columns=list(columns), dtype=object)
    return DatasetPreview("acme/any", columns=columns, rows=table, texts=texts, **values)


def lines(preview: DatasetPreview) -> dict[str, str]:
    return dict(uses(preview))


def test_what_one_does_next_follows_from_the_columns() -> None:
    tagged = looked({"tokens": "list of string", "ner_tags": "list of class: O, B-PER"}, [[["a"], [0]]])
    assert lines(tagged) == {"Fine-tune": "%finetune hub:acme/any --text tokens --label ner_tags"}
    pairs = {"premise": "string", "hypothesis": "string", "label": "class: yes, no"}
    entailed = looked(pairs, [["a", "b", 0]], classes={"label": ("yes", "no")}, splits={"train": 1, "test": 1})
    assert lines(entailed)["Fine-tune"] == (
        "%finetune hub:acme/any --text premise --pair hypothesis --label label"  # the other split is evaluated on
    )
    assert lines(entailed)["Embed"] == "%embed hub:acme/any --split train --column premise"
    written = looked({"id": "string", "article": "string", "summary": "string"}, [["1", "long text", "short"]])
    assert lines(written)["Fine-tune"] == "%finetune hub:acme/any --text article --label summary"
    splits = {"test": None, "dev": None}
    held_out = looked({"text": "string", "stars": "int64"}, [["a", 1]], splits=splits, split="test")
    assert lines(held_out)["Fine-tune"] == "%finetune hub:acme/any --split test --text text --label stars"
    assert "Fine-tune" not in lines(looked({"text": "string"}, [["a"]]))
    assert lines(looked({"n": "int64"}, [[1]])) == {}


@pytest.mark.parametrize(
    "name", ["a\nimport os", "{print(1)}", "$HOME", "a'b", 'a"b', "-x", "a;", "a?", "`a`", "a\\", "!ls", "%magic", ""]
)
def test_a_name_that_would_run_is_never_typed(name: str) -> None:
    assert lines(looked({name: "string"}, [["a"]])) == {}
    assert lines(looked({"text": "string"}, [["a"]], subset=name)) == {}


@pytest.mark.parametrize("name", ["text", "my column", "كلمة", "文本", "a.b", "q/a", "2nd"])
def test_a_name_that_is_typed_is_read_back(name: str) -> None:
    by_name = {magic.name: magic for magic in MAGICS}
    for line in lines(looked({name: "string", "label": "int64"}, [["a", 1]], subset="en us")).values():
        magic, _, rest = line.removeprefix("%").partition(" ")
        parsed = parse_line(rest, by_name[magic].options, magic, {})
        assert parsed.expression == "hub:acme/any" and parsed.values["subset"] == "en us"
        assert name in (parsed.values.get("column"), parsed.values.get("text"))


def test_a_hostile_dataset_is_shown_and_never_typed(hub: Hub) -> None:
    look = asking(listing())("look", name="acme/hostile")
    assert look["columns"][0] == [HOSTILE, "string"] and look["uses"] == []
    assert look["rows"][0][0]["text"] == HOSTILE


# --- the panel of one ---


@pytest.fixture
def opened(hub: Hub) -> Iterator[tuple[PanelView, Ask]]:
    """The panel of a preview, and what asks it."""
    preview = nbt.preview("acme/reviews", rows=4)
    with helpers.ipython(), PanelView("Looking", "dataset") as view:
        view.show(preview)
        yield view, asking(actions_of_one(preview, view.panel))
        view.panel.close()


def test_rows_are_selected_and_what_is_looked_into_is_the_result(opened: tuple[PanelView, Ask]) -> None:
    view, ask = opened
    panel = view.panel
    panel.selection = [1, 3]
    preview = panel.result
    assert nbt.selected(preview)["label"].tolist() == [1, 1]
    assert [row[1]["text"] for row in ask("state")["look"]["rows"]] == [
        "1 (positive)",
        "1 (positive)",
        "0 (negative)",
        "1 (positive)",
    ]
    ask("look", name="acme/reviews", subset=None, split="train", rows=30)
    assert (panel.rows, panel.selection) == (30, [1, 3])  # the same rows, and more of them
    ask("look", name="acme/reviews", subset=None, split="test")
    assert (panel.rows, panel.selection, panel.result.split) == (3, [], "test")
    assert ask("state")["look"]["split"] == "test"
    panel.selection = [0]
    assert nbt.selected(preview).to_numpy().tolist() == [["A joy from start to end.", 1]]
    with pytest.raises(UserError, match="There is no row 3"):
        panel.selection = [3]


# --- what stands in the notebook ---


def test_the_snapshots_are_what_is_in_sight_and_text_stays_text() -> None:
    listed = datasets_snapshot("p1", golden_datasets())
    assert "acme/reviews" in listed and "1K – 10K" in listed and "Something that one should know." in listed
    looked_into = dataset_snapshot("p1", preview_of(GOLDEN["preview"]))
    assert "8,530 rows" in looked_into and "1 (pos)" in looked_into and "It is small." in looked_into
    for html in (listed, looked_into):
        assert "&lt;img src=x" in html and "<img" not in html
    hostile = [text for text in MARKUP if "alert" in text and "<" in text]
    columns = dict.fromkeys(hostile, hostile[0])
    html = dataset_snapshot("p1", looked(columns, [hostile], notes=tuple(hostile)))
    assert not [text for text in hostile if text in html]
    assert "It has no rows." in dataset_snapshot("p1", looked({"a": "string"}, []))
    assert "none of these" in datasets_snapshot("p1", NONE)


def test_the_snapshot_of_a_list_is_drawn_anew_once_it_was_searched(hub: Hub) -> None:
    with helpers.ipython(), PanelView("Datasets", "datasets") as view:
        view.show(golden_datasets())
        asking(actions(golden_datasets(), view.panel))("search", search="plain")
        assert [entry.name for entry in view.panel.result] == ["acme/plain"]
        view.panel.close()


def test_there_is_nothing_to_resume_in_them() -> None:
    for result in (golden_datasets(), preview_of(GOLDEN["plain"])):
        with pytest.raises(UserError, match="There is nothing to resume in a Dataset"):
            nbt.resume(result)


def test_nobody_who_can_ask_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(offers, "_offered", [])
    with pytest.raises(UserError, match="Nothing can be asked about datasets from here"):
        offers.offered()


def test_the_magic_shows_the_panels_and_the_function_a_table(hub: Hub, tmp_path: Path) -> None:
    with helpers.kernel() as fresh:  # huggingface_hub reads the environment once
        fresh.run(f"import os\nos.environ.update({hub.environment(tmp_path / 'cache')!r})\n%load_ext nbtransformers")
        for line, kind, text in (
            ("%models datasets acme --size n<1K", "Datasets", "acme/reviews"),
            ("%models preview acme/reviews --split test", "DatasetPreview", "A joy from start to end."),
        ):
            shown = [message["data"] for message in fresh.run(line) if message.get("data")]
            assert any("application/vnd.jupyter.widget-view+json" in data for data in shown)
            assert any(text in data.get("text/html", "") for data in shown)
            said = fresh.run("print(type(_).__name__, type(_.to_pandas()).__name__)")
            assert f"{kind} DataFrame\n" in [message.get("text") for message in said]
    assert isinstance(nbt.datasets("acme", size="n<1K"), pd.DataFrame)
