"""The panel of models: held to the golden file, what it can ask of a Hub, downloads beside it, and the magic."""

from __future__ import annotations

import json
import queue
import re
import shutil
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import helpers
import pandas as pd
import pytest
from helpers import Notebook, Terminal, until
from hub import Hub
from hubonline import bulky_files, online
from hubrepos import COMMIT, Repository, repository
from oracle.writers import save_writer
from payloads import MARKUP
from test_remote_code import write_own

import nbtransformers as nbt
from nbtransformers import settings
from nbtransformers.doors.modelcatalogue import Catalogue
from nbtransformers.errors import UserError
from nbtransformers.magics.table import MAGICS
from nbtransformers.panels.channel import answer
from nbtransformers.panels.kinds import kind_of_result
from nbtransformers.panels.listsnapshot import MOST_ROWS
from nbtransformers.panels.models import offers
from nbtransformers.panels.models.actions import actions
from nbtransformers.panels.models.picking import Picking
from nbtransformers.panels.models.snapshot import models_snapshot
from nbtransformers.panels.models.wire import detail_of, fit_of, models_header
from nbtransformers.panels.view import PanelView
from nbtransformers.panels.widget import ModelsPanel, Panel, panel_class
from nbtransformers.progress import OnProgress
from nbtransformers.request import ModelRef
from nbtransformers.request.catalog import TEXT_TASKS, ModelsRequest
from nbtransformers.request.models import DownloadRequest
from nbtransformers.results.download import Downloaded
from nbtransformers.results.memory import Memory
from nbtransformers.results.modelcard import ModelCard
from nbtransformers.results.modelrecipe import DownloadRecipe
from nbtransformers.results.models import ModelEntry, Models
from nbtransformers.results.recipe import Place

GOLDEN = json.loads(Path(__file__).parent.parent.joinpath("golden", "models.json").read_text(encoding="utf-8"))
LOCAL = ModelsRequest(local_only=True)
FIELDS = ("Texts at once", "Tokens of each")  # as `modelfit.tsx` calls them


class Heard(ModelsPanel):
    """A panel that keeps what it is told."""

    def __init__(self, **traits: Any) -> None:
        super().__init__(**traits)
        self.heard: list[dict[str, Any]] = []

    def send(self, content: Any, buffers: Any = None) -> None:
        self.heard.append(content)


def entries() -> tuple[ModelEntry, ...]:
    """The models of the golden file."""
    made: list[ModelEntry] = []
    for about in GOLDEN["entries"]:
        values: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value for name, value in about.items()
        }
        if "last_modified" in values:
            values["last_modified"] = datetime.fromisoformat(values["last_modified"])
        made.append(ModelEntry(**values))
    return tuple(made)


def golden_models() -> Models:
    request, notes = ModelsRequest(search="a", max_size="2B"), ("Something that one should know.",)
    return Models(request, entries(), "/next", notes, near=("acme/half",))


def shown(models: Models) -> Heard:
    """A panel in which models were listed."""
    panel = Heard()
    panel.follower = Picking(models, panel)
    return panel


def asked(panel: Panel, method: str, **params: Any) -> dict[str, Any]:
    """What the panel is answered, be it at once or later."""
    got: queue.Queue[dict[str, Any]] = queue.Queue()
    question = {"type": "request", "id": "1", "method": method, "params": params}
    begin = answer(question, actions(golden_models(), panel), lambda message, _: got.put(message))
    if begin is not None:
        begin()
    return got.get(timeout=120)


def told(panel: Panel, method: str, **params: Any) -> dict[str, Any]:
    """What it is answered, where that goes well."""
    reply = asked(panel, method, **params)
    assert reply["ok"], reply
    return reply["result"]


@pytest.fixture(autouse=True)
def _offers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whom a test offers is asked in that test alone."""
    monkeypatch.setattr(offers, "_offered", [])


@pytest.fixture
def catalogue() -> Iterator[None]:
    """Panels ask the real one."""
    offers.offer(Catalogue())
    yield
    settings.forget_session()


# --- the wire ---


class Fetching(Catalogue):
    """One that fetches nothing, and then has it."""

    def fetch(self, name: str, revision: str | None, allow_pickle: bool, on_progress: OnProgress) -> Downloaded:
        ref = ModelRef("hub", name)
        request, recipe = DownloadRequest(ref), DownloadRecipe(Place(ref))
        return Downloaded(name, Path("/here"), COMMIT, 0, 0, 0, 0.0, request, recipe)

    def in_full(self, name: str, revision: str | None) -> ModelEntry:
        entry = next(one for one in entries() if one.name == name)
        return replace(entry, complete=True, download_bytes=0, kept_bytes=None, disk_bytes=1_500_000)


def test_the_wire_is_that_of_the_golden_file() -> None:
    assert models_header(golden_models()) == (GOLDEN["header"], b"")
    entry = entries()[1]
    assert detail_of(entry, Catalogue().cell(entry)) == GOLDEN["detail"]
    memory = {way: Memory(**parts) for way, parts in GOLDEN["memory"].items()}
    advice, notes = "An encoder; try `--model minilm`.", ("It is a guess.",)
    assert fit_of(ModelCard(entry, None, "cpu", 2, 64, memory, GOLDEN["free"], advice, notes)) == GOLDEN["fit"]


def test_a_model_that_has_come_is_in_the_list() -> None:
    offers.offer(Fetching())
    panel = shown(golden_models())
    told(panel, "download", name="acme/half")
    until(lambda: panel.heard[-1]["listed"] is not None)
    message = panel.heard[-1]
    message["downloads"]["acme/half"]["said"] = "Downloaded."  # told by Downloaded, in its own words
    assert message == GOLDEN["live"]
    assert told(panel, "state")["listed"] == GOLDEN["live"]["listed"]


class Unseen(Fetching):
    """One that can tell nothing of what it has fetched."""

    def in_full(self, name: str, revision: str | None) -> ModelEntry:
        raise nbt.UserError("The Hub cannot be reached.")


def test_a_model_that_has_come_is_done_though_nothing_can_be_told_of_it() -> None:
    offers.offer(Unseen())
    panel = shown(golden_models())
    told(panel, "download", name="acme/half")
    until(lambda: panel.heard[-1]["downloads"]["acme/half"]["state"] != "running")
    assert panel.heard[-1]["downloads"]["acme/half"]["state"] == "done"
    assert panel.heard[-1]["listed"] is None


def test_it_has_a_bundle_of_its_own() -> None:
    assert panel_class("models") is ModelsPanel


# --- lists ---


class Waiting(Catalogue):
    """One whose lists come when they are let go, each with the words that it was asked for as a note."""

    def __init__(self) -> None:
        super().__init__()
        self.free = {words: threading.Event() for words in ("b", "be")}

    def listed(self, request: ModelsRequest) -> Models:
        self.free[request.search or ""].wait(60)
        return Models(request, (), "/more", (request.search or "",))

    def more(self, listed: Models) -> Models:
        return replace(listed, next=None)


def test_a_list_that_comes_late_does_not_take_the_place_of_a_later_one() -> None:
    waiting = Waiting()
    offers.offer(waiting)
    panel = shown(golden_models())
    replies: queue.Queue[dict[str, Any]] = queue.Queue()
    for words in ("b", "be"):
        question = {"type": "request", "id": words, "method": "search", "params": {"search": words}}
        begin = answer(question, actions(golden_models(), panel), lambda message, _: replies.put(message))
        assert begin is not None  # meanwhile the kernel is free
        begin()
    for words in ("be", "b"):
        waiting.free[words].set()
        assert replies.get(timeout=60)["id"] == words
    state = told(panel, "state")["listed"]
    assert (state["number"], state["asked"]["search"]) == (2, "be")
    assert "searched anew. Look at the one" in asked(panel, "more", number=1)["error"]
    assert (told(panel, "more", number=2)["number"], told(panel, "state")["listed"]["more"]) == (3, False)


class Listing(Catalogue):
    """One whose lists are of the models, by the words that are searched for."""

    def listed(self, request: ModelsRequest) -> Models:
        some = [entry for entry in golden_models() if (request.search or "") in entry.name]
        return replace(golden_models(), request=request, entries=tuple(some))


def test_what_is_selected_stays_so_by_its_name_when_the_list_is_searched_anew() -> None:
    offers.offer(Listing())
    panel = shown(golden_models())
    panel.show("models", *models_header(golden_models()), dict)
    panel.selection = [2]
    assert kind_of_result(golden_models()).selected(golden_models(), panel.selection).index.tolist() == ["acme/half"]
    for words, found, selected in (("acme", 2, [1]), ("half", 1, [0]), ("minilm", 1, [])):
        number = told(panel, "search", search=words)["number"]
        assert (panel.rows, panel.selection) == (found, selected)
        assert {"type": "list", "number": number} in panel.heard
        assert len(panel.result) == found
    with pytest.raises(UserError, match=r"^There is no model 1\. Give model numbers from 0 to 0\.$"):
        panel.selection = [1]


def without_config(config: bytes) -> bytes:
    """The configuration of a model with code of its own that lacks the class to read it with."""
    entries = json.loads(config)
    del entries["auto_map"]["AutoConfig"]
    return json.dumps(entries).encode()


def marian(source: str, target: str) -> dict[str, bytes]:
    """The files of a model that translates, as Marian's are; its weights are none."""
    languages = json.dumps({"source_lang": source, "target_lang": target, "tokenizer_class": "MarianTokenizer"})
    config = {"model_type": "marian", "architectures": ["MarianMTModel"], "vocab_size": 400}
    card = b"---\npipeline_tag: translation\n---\n"
    return {**bulky_files(20, config), "tokenizer_config.json": languages.encode(), "README.md": card}


@pytest.fixture(scope="module")
def own(models: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model with code of its own, which leaves a mark beside it when it runs."""
    return write_own(models, tmp_path_factory.mktemp("remote") / "own")


@pytest.fixture(scope="module")
def hub(models: Path, own: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hub]:
    card = "license: mit\nlanguage: [en, de]\ndatasets: [imdb]"
    files = repository(own).files
    without_weights = {path: content for path, content in files.items() if path != "model.safetensors"}
    made = Hub(
        models={
            "acme/reviewer": repository(models / "tiny", card, downloads=900),
            "acme/embedder": repository(models / "encoder", "language: zh", downloads=800),
            "acme/closed": repository(models / "tiny", card, downloads=700, gated="manual"),
            "acme/pickled": repository(models / "pickled", downloads=600),
            "acme/remote": repository(own),
            "acme/both": Repository({"pytorch_model.bin": b"a pickle", **without_weights}),
            "acme/unusable": Repository({**files, "config.json": without_config(files["config.json"])}),
            "acme/opus-mt-de-en": Repository(marian("de", "en")),
            "acme/opus-mt-en-ROMANCE": Repository(marian("en", "ROMANCE")),
            "acme/bulky": Repository(bulky_files(1_500), downloads=1, bytes_per_s=600_000),
        }
    )
    with online(made, tmp_path_factory.mktemp("home") / "cache") as running:
        yield running


def names(listed: dict[str, Any]) -> list[str]:
    return [row["model"] for row in listed["rows"]]


def test_what_is_filled_in_is_asked_of_the_hub(hub: Hub, catalogue: None) -> None:
    panel = shown(Models(replace(LOCAL, limit=2), ()))
    found = told(panel, "search", search=" acme ", task="", licence="mit", language="de")
    assert names(found) == ["acme/reviewer", "acme/closed"] and not found["more"]
    assert (found["asked"]["search"], found["asked"]["limit"]) == ("acme", 30)
    assert found["rows"][1]["place"] == "hub, gated"
    assert names(told(panel, "search", search="em", task="feature-extraction")) == ["acme/embedder"]
    assert names(told(panel, "search", search="acme", max_size="1K")) == []
    assert names(told(panel, "search", search="minilm", local_only=True)) == ["minilm", "movie-sentiment-minilm"]


def test_the_hub_goes_on(hub: Hub, catalogue: None) -> None:
    panel = shown(Models(LOCAL, ()))
    asking = actions(Models(replace(LOCAL, limit=2), ()), panel)
    replies: queue.Queue[dict[str, Any]] = queue.Queue()

    def ask(method: str, **params: Any) -> dict[str, Any]:
        question = {"type": "request", "id": "1", "method": method, "params": params}
        begin = answer(question, asking, lambda message, _: replies.put(message))
        assert begin is not None
        begin()
        return replies.get(timeout=60)["result"]

    first = ask("search", search="acme")
    assert names(first) == ["acme/reviewer", "acme/embedder"] and first["more"]
    more = ask("more", number=first["number"])
    assert names(more) == ["acme/reviewer", "acme/embedder", "acme/closed", "acme/pickled"]


@pytest.mark.parametrize(
    ("params", "said"),
    [
        ({"language": "english"}, "“Language” is 'english'. Give a code: `en`, `zh`, or `multilingual`."),
        ({"max_size": "large"}, "“Size at most” is 'large'. Give parameters, as `350M` or `1.5B`"),
        ({"task": "clasify"}, "There is no task 'clasify'. Did you mean classify?"),
        ({"sort": "size"}, "There is no sort 'size'."),
    ],
)
def test_a_mistake_is_told_in_one_line(catalogue: None, params: dict[str, Any], said: str) -> None:
    assert said in asked(shown(Models(LOCAL, ())), "search", **params)["error"]


def test_without_a_network_it_is_what_is_here_and_why(
    hub: Hub, catalogue: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hub, "failure", (503, b""))
    found = told(shown(Models(LOCAL, ())), "search", search="minilm")
    assert names(found) == ["minilm", "movie-sentiment-minilm"]
    assert found["notes"] == ["This is only what is on this machine: the Hub fails (HTTP 503)."]


# --- one model ---


def test_a_model_in_full_and_whether_it_fits(hub: Hub, catalogue: None) -> None:
    panel = shown(Models(LOCAL, ()))
    hub.ranges.clear()
    known = told(panel, "detail", name="acme/reviewer")
    facts = dict(known["facts"])
    assert known["passes"] and not known["is_here"] and known["revision"] == COMMIT
    assert (facts["Languages"], facts["Licence"], facts["Trained on"]) == ("en, de", "mit", "imdb")
    assert (facts["Vocabulary"], facts["Context"]) == ("400 tokens", "32 tokens")
    cell = known["cell"]
    assert (cell["magic"], cell["model"], cell["pinned"]) == (
        "%%classify",
        "acme/reviewer",
        f"acme/reviewer@{COMMIT}",
    )
    fit = told(panel, "fit", name="acme/reviewer", batch_size=2, length=8)
    assert (fit["batch_size"], fit["length"]) == (2, 8)
    assert [row["cells"][0] for row in fit["rows"]][:2] == ["inference", "fine-tuning, full"]
    assert all(row["fits"] == (row["share"] <= 1) for row in fit["rows"])
    assert fit["advice"].startswith("A classifier, for labels")
    assert None not in hub.ranges  # headers of weights only
    usual = told(panel, "fit", name="acme/reviewer", batch_size=None, length=None)
    assert (usual["batch_size"], usual["length"]) == (16, 32)
    wrong = [asked(panel, "fit", name="acme/reviewer", **{field: 0})["error"] for field in ("batch_size", "length")]
    assert wrong == [f"“{field}” is 0. Type a whole number of 1 or more: `1`." for field in FIELDS]


def test_what_the_list_knows_is_shown_at_once(hub: Hub, catalogue: None) -> None:
    panel = shown(Models(LOCAL, ()))
    told(panel, "search", search="reviewer")
    asked = len(hub.asked)
    known = told(panel, "glance", name="acme/reviewer")["known"]
    assert len(hub.asked) == asked
    assert not known["is_whole"] and dict(known["facts"])["Licence"] == "mit"
    whole = told(panel, "detail", name="acme/reviewer")
    assert whole["is_whole"] and set(dict(known["facts"])) <= set(dict(whole["facts"]))
    assert told(panel, "glance", name="acme/embedder")["known"] is None


def test_a_folder_is_called_by_its_path(
    catalogue: None, models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(models / "tiny", tmp_path / "mine" / "tiny")
    monkeypatch.chdir(tmp_path)
    panel = shown(Models(LOCAL, ()))
    assert "mine/tiny" in names(told(panel, "search", search="tiny", local_only=True))
    known = told(panel, "detail", name="mine/tiny")
    assert known["name"] == known["cell"]["model"] == "mine/tiny"
    assert told(panel, "use", name=known["name"])["default"] == "mine/tiny"


@pytest.mark.parametrize(
    ("kind", "line", "said"),
    [
        ("marian", "%%translate --model {} --target de", None),
        ("marian-many", "%%translate --model {}", "has to be told the language to translate into. Type `--target deu`"),
        ("nllb", "%%translate --model {}", "has to be told the language to translate into. Type `--target deu_Latn`"),
    ],
)
def test_a_cell_that_translates_runs_or_says_what_to_add(
    catalogue: None, tmp_path: Path, terminal: Terminal, kind: str, line: str, said: str | None
) -> None:
    folder = str(save_writer(kind, tmp_path / kind))
    cell = Catalogue().cell(replace(Catalogue().in_full(folder, None), task="translation"))
    assert cell is not None
    typed = f"{cell.magic} --model {cell.model}" + (f" --target {cell.target}" if cell.target else "")
    assert (typed, cell.text) == (line.format(folder), "Good morning!")
    if said is None:
        assert len(terminal.run(f"{typed}\n{cell.text}").texts) == 1
    else:
        assert said in terminal.refusal(f"{typed}\n{cell.text}")


def test_one_that_was_looked_at_is_not_here_for_that(hub: Hub, catalogue: None) -> None:
    panel = shown(Models(LOCAL, ()))
    assert told(panel, "detail", name="acme/embedder")["passes"]
    (row,) = told(panel, "search", search="embedder")["rows"]
    assert row["place"] == "hub"
    assert names(told(panel, "search", search="embedder", local_only=True)) == []


def test_what_the_gate_says_of_one_that_is_not_for_everybody(hub: Hub, catalogue: None) -> None:
    panel = shown(Models(LOCAL, ()))
    known = told(panel, "detail", name="acme/closed")
    assert not known["passes"] and known["gate"].startswith("acme/closed is gated")
    assert "hf auth login" in known["gate"]
    assert asked(panel, "fit", name="acme/closed")["error"] == known["gate"]


@pytest.mark.parametrize(
    ("name", "said", "options"),
    [
        ("acme/pickled", "Tick “Load pickled weights” to read nothing but tensors", ["allow-pickle"]),
        ("acme/remote", "tick “Run the code that comes with it” to run it.", ["trust-remote-code"]),
        ("acme/both", "tick “Run the code that comes with it” to run it.", ["trust-remote-code", "allow-pickle"]),
        ("acme/unusable", "its code has no AutoConfig for it", []),
        ("acme/bulky", "lets it pass", []),
    ],
)
def test_what_the_gate_may_be_told_is_offered(
    hub: Hub, own: Path, catalogue: None, name: str, said: str, options: list[str]
) -> None:
    known = told(shown(Models(LOCAL, ())), "detail", name=name)
    assert known["gate"].endswith(said) or said in known["gate"]
    assert [option for option, _ in known["passes_with"]] == options
    assert all(f"“{label}”" in known["gate"] for _, label in known["passes_with"][:1])
    assert options or not re.search("[Tt]ick", known["gate"])  # no box is named that is not there
    assert not (own.parent / "ran").exists()


def test_pickled_weights_come_once_they_are_allowed(hub: Hub, catalogue: None) -> None:
    panel = shown(Models(LOCAL, ()))
    for allowed in (None, False, "true", 1):  # only what a box says
        told(panel, "download", name="acme/pickled", allow_pickle=allowed)
        until(lambda: state_of(panel, "acme/pickled")["state"] == "failed")
        assert "Tick “Load pickled weights”" in state_of(panel, "acme/pickled")["said"]
    told(panel, "download", name="acme/pickled", allow_pickle=True)
    until(lambda: state_of(panel, "acme/pickled")["state"] == "done")
    known = told(panel, "detail", name="acme/pickled")
    assert known["is_here"] and not known["passes"] and known["passes_with"]


@pytest.mark.parametrize(
    ("name", "target", "text"),
    [("acme/opus-mt-de-en", "en", "Guten Morgen!"), ("acme/opus-mt-en-ROMANCE", "", "Good morning!")],
)
def test_a_cell_that_translates_has_a_language_or_a_place_for_one(
    hub: Hub, catalogue: None, name: str, target: str, text: str
) -> None:
    cell = told(shown(Models(LOCAL, ())), "detail", name=name)["cell"]
    assert (cell["magic"], cell["target"], cell["text"]) == ("%%translate", target, text)


@pytest.mark.parametrize(
    ("search", "near"),
    [
        ("acme/reviewr", ["acme/reviewer"]),
        ("acme/reviewwer", ["acme/reviewer"]),
        ("reviwer", ["acme/reviewer"]),
        ("embeder acme", ["acme/embedder"]),
        ("sentimnt", ["movie-sentiment-minilm"]),
        ("zzzzzz", []),
    ],
)
def test_a_search_in_vain_has_names_that_may_have_been_meant(
    hub: Hub, catalogue: None, search: str, near: list[str]
) -> None:
    panel = shown(Models(LOCAL, ()))
    found = told(panel, "search", search=search)
    assert (names(found), found["near"]) == ([], near)
    assert told(panel, "search", search=search, licence="mit")["near"] == []  # it may be that which is in the way
    assert all(told(panel, "search", search=name)["rows"] for name in near)
    listed = Catalogue().listed(ModelsRequest(search=search))
    said = f"Did you mean {near[0]}?" if near else ""
    assert str(listed).endswith(said) and said in models_snapshot("p1", listed)
    asked = len(hub.asked)
    here = told(panel, "search", search=search, local_only=True)["near"]
    assert here == [name for name in near if "/" not in name]
    assert len(hub.asked) == asked


@pytest.mark.parametrize(
    ("name", "said"),
    [("acme/reviewr", "Did you mean acme/reviewer?"), ("", "'' names no model."), (None, "None names")],
)
def test_a_slip_in_a_name_is_told(hub: Hub, catalogue: None, name: object, said: str) -> None:
    assert said in asked(shown(Models(LOCAL, ())), "detail", name=name)["error"]


def test_a_model_becomes_the_default_at_its_commit(hub: Hub, catalogue: None) -> None:
    panel = shown(Models(LOCAL, ()))
    assert told(panel, "state")["default"] is None
    assert told(panel, "use", name="acme/reviewer", revision=COMMIT)["default"] == f"acme/reviewer@{COMMIT}"
    assert settings.default("model").value == f"acme/reviewer@{COMMIT}"
    assert told(panel, "use", name="minilm")["default"] == told(panel, "state")["default"] == "minilm"


@pytest.mark.parametrize("task", [None, "text2text-generation", *TEXT_TASKS])
def test_a_cell_that_uses_a_model_is_a_magic_s(task: str | None) -> None:
    cell = Catalogue().cell(ModelEntry("my model", "folder", task=task))
    if cell is None:
        assert task in ("text-ranking", "table-question-answering")
    else:
        assert cell.magic.split()[0].removeprefix("%%") in {magic.name for magic in MAGICS}
        assert (cell.model, cell.pinned) == ("'my model'", None) and cell.text


# --- downloads ---


def state_of(panel: Heard, name: str) -> dict[str, Any]:
    return told(panel, "state")["downloads"].get(name, {"state": None})


def test_a_download_is_stopped_gone_on_with_and_told(hub: Hub, catalogue: None) -> None:
    panel = shown(Models(LOCAL, ()))
    told(panel, "search", search="bulky")
    told(panel, "download", name="acme/bulky")
    assert "is being downloaded" in asked(panel, "download", name="acme/bulky")["error"]
    until(lambda: (state_of(panel, "acme/bulky").get("progress") or {}).get("unit") == "MB")
    assert state_of(panel, "acme/bulky")["progress"]["stop"] == "message"
    told(panel, "stop", name="acme/bulky")
    until(lambda: state_of(panel, "acme/bulky")["state"] == "stopped")
    until(lambda: panel.heard[-1]["listed"] is not None)
    (row,) = panel.heard[-1]["listed"]["rows"]
    assert row["place"] == "cached, part" and row["size"].endswith(" of 1.5 MB")
    half = told(panel, "detail", name="acme/bulky")
    assert half["kept"] == row["size"] == dict(half["facts"])["Here"] and not half["is_here"]
    kept, whole = (float(part.split()[0]) for part in row["size"].split(" of "))
    kept *= 1 if row["size"].count("B") == 1 else 0.001
    assert 0 < kept < whole
    assert half["to_fetch"] == dict(half["facts"])["To fetch"] != "1.5 MB"
    assert state_of(panel, "acme/bulky")["said"].endswith(" of acme/bulky are kept. Press the button again to go on.")
    assert told(panel, "search", search="bulky")["rows"][0]["place"] == "cached, part"
    told(panel, "download", name="acme/bulky", revision=COMMIT)
    until(lambda: state_of(panel, "acme/bulky")["state"] == "done")
    until(lambda: (panel.heard[-1]["listed"] or {}).get("rows", [{}])[0].get("place") == "cached")
    assert "It went on from" in state_of(panel, "acme/bulky")["said"]
    assert [row["place"] for row in told(panel, "state")["listed"]["rows"]] == ["cached"]
    assert panel.heard[-1]["listed"]["rows"][0]["place"] == "cached"
    assert told(panel, "detail", name="acme/bulky")["is_here"]


def test_a_download_that_fails_says_why(hub: Hub, catalogue: None) -> None:
    panel = shown(Models(LOCAL, ()))
    told(panel, "download", name="acme/closed")
    until(lambda: state_of(panel, "acme/closed")["state"] == "failed")
    assert "acme/closed is gated" in state_of(panel, "acme/closed")["said"]


class Endless(Catalogue):
    """One whose downloads end when they are stopped."""

    def __init__(self) -> None:
        super().__init__()
        self.ended = threading.Event()

    def fetch(self, name: str, revision: str | None, allow_pickle: bool, on_progress: OnProgress) -> Downloaded:
        from nbtransformers.errors import Interrupted
        from nbtransformers.interrupt import deferred_interrupts

        with deferred_interrupts() as stop:
            until(stop)
        self.ended.set()
        raise Interrupted("Interrupted.")


def test_closing_the_panel_stops_its_downloads() -> None:
    endless = Endless()
    offers.offer(endless)
    panel = shown(golden_models())
    told(panel, "download", name="acme/half")
    panel.close()
    assert endless.ended.wait(30)


# --- what stands in the notebook ---


def test_the_snapshot_is_the_list_and_text_stays_text() -> None:
    html = models_snapshot("p1", golden_models())
    assert "acme/情感" in html and "1,234,567" in html and "Something that one should know." in html
    assert "&lt;img src=x" in html and "<img" not in html
    hostile = [text for text in MARKUP if "alert" in text and "<" in text]
    many = Models(LOCAL, tuple(ModelEntry(hostile[at % len(hostile)], "hub") for at in range(MOST_ROWS + 7)))
    html = models_snapshot("p1", many)
    assert html.count("<tr>") == 1 + MOST_ROWS and "and 7 more" in html
    assert not [text for text in hostile if text in html]
    assert "none of these" in models_snapshot("p1", Models(LOCAL, ()))


def test_the_snapshot_is_drawn_anew_once_it_was_searched(catalogue: None) -> None:
    with helpers.ipython(), PanelView("Models", "models") as view:
        view.show(golden_models())
        told(view.panel, "search", search="minilm", local_only=True)
        assert [entry.name for entry in view.panel.result] == ["minilm", "movie-sentiment-minilm"]
        view.panel.close()


def test_in_a_list_there_is_nothing_to_resume() -> None:
    with pytest.raises(UserError, match="There is nothing to resume in a Models"):
        nbt.resume(golden_models())


def test_nobody_who_can_ask_is_told() -> None:
    with pytest.raises(UserError, match="Nothing can be asked about models from here"):
        offers.offered()


def test_the_magic_shows_the_panel_and_the_function_a_table(notebook: Notebook) -> None:
    messages = notebook.run("%models minilm --local-only")
    shown = [message["data"] for message in messages if message.get("data")]
    assert any("application/vnd.jupyter.widget-view+json" in data for data in shown)
    assert any("movie-sentiment-minilm" in data.get("text/html", "") for data in shown)
    said = notebook.run("print(type(_).__name__)")
    assert "Models\n" in [message.get("text") for message in said]
    assert isinstance(nbt.models(local_only=True), pd.DataFrame)
