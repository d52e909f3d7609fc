"""What models and datasets there are: of this machine and of the Hub, with what they say of themselves."""

from __future__ import annotations

import json
import shutil
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from datasets import Dataset, Features, Image, Value
from helpers import Terminal
from hub import Hub
from hubonline import lead_to, online
from hubrepos import Repository, repository
from hypothesis import given
from hypothesis import strategies as st

import nbtransformers as nbt
from nbtransformers.catalog.described import of_card, of_config, of_tags, wants_own_code
from nbtransformers.catalog.hub_search import dataset_entry, model_entry
from nbtransformers.catalog.listing import go_on, list_models
from nbtransformers.catalog.previewing import first_rows
from nbtransformers.loading.bundled import BUNDLED, bundled_folder
from nbtransformers.magics.complete import complete
from nbtransformers.request.catalog import ModelsRequest, Size, parse_size
from nbtransformers.results.models import ModelEntry, Models

BERT = "license: mit\nlanguage: [en, de]\ndatasets: [imdb, acme/reviews]\nbase_model: google-bert/bert-base-uncased"
LATER = "2026-09-08T00:00:00.000Z"
REVIEWS = "license: cc0-1.0\nlanguage: en\ntask_categories: [text-classification]\nsize_categories: [n<1K]"


@pytest.fixture(scope="module")
def hub(models: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hub]:
    made = Hub(
        models={
            "acme/reviewer": repository(models / "tiny", BERT, downloads=900, likes=1),
            "acme/embedder": repository(
                models / "encoder", "license: apache-2.0\nlanguage: zh", downloads=800, likes=5
            ),
            "acme/answerer": repository(
                models / "answerer", "language: no", downloads=700, modified="2026-09-08T00:00:00Z"
            ),
            "other/reviewer-xl": repository(models / "tiny", BERT, downloads=600, gated="manual"),
            "other/pickled": repository(models / "pickled", downloads=500),
            "other/remote": repository(models / "remote", downloads=400),
        },
        datasets={
            "acme/reviews": Repository(
                {
                    "README.md": f"---\n{REVIEWS}\n---\n".encode(),
                    "train.csv": b"text,n\na joy,1\ntoo long,2\n",
                    "test.csv": b"text,n\ngood,3\n",
                },
                downloads=10,
            ),
        },
    )
    with online(made, tmp_path_factory.mktemp("home") / "cache") as running:
        yield running


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory and a cache that are empty."""
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def asked(**options: Any) -> Models:
    return list_models(ModelsRequest(**options), Path("runs"))


def of_hub(**options: Any) -> list[str]:
    return [entry.name for entry in asked(**options).entries if entry.place == "hub"]


# --- what is listed ---


@pytest.mark.parametrize(
    ("options", "names"),
    [
        ({}, ["acme/reviewer", "acme/embedder", "acme/answerer", "other/reviewer-xl", "other/pickled", "other/remote"]),
        ({"sort": "likes", "limit": 2}, ["acme/embedder", "acme/reviewer"]),
        ({"sort": "date", "limit": 1}, ["acme/answerer"]),
        ({"search": "Review"}, ["acme/reviewer", "other/reviewer-xl"]),
        ({"task": "answer"}, ["acme/answerer"]),
        ({"language": "de", "licence": "mit", "library": "transformers"}, ["acme/reviewer", "other/reviewer-xl"]),
        ({"max_size": "1K"}, []),
        ({"max_size": "1M", "search": "embed"}, ["acme/embedder"]),
        ({"max_size": "50kB", "task": "classify"}, ["acme/reviewer", "other/reviewer-xl", "other/remote"]),
        ({"max_size": "9kB"}, []),
        ({"local_only": True}, []),
    ],
)
def test_the_hub_is_searched(hub: Hub, here: Path, options: dict[str, Any], names: list[str]) -> None:
    assert of_hub(**options) == names


def test_the_hub_goes_on_page_by_page_as_it_is_asked(hub: Hub, here: Path) -> None:
    hub.asked.clear()
    listed = asked(limit=4)
    assert listed.more
    assert len([path for path in hub.asked if path.startswith("/api/models?")]) == 1
    assert listed.summary == "7 models: 3 bundled · 4 on the Hub, and the Hub has more"
    more = go_on(listed)
    assert [entry.name for entry in more.entries[7:]] == ["other/pickled", "other/remote"]
    assert not more.more
    # Bytes of weights the Hub cannot ask for: pages are asked for until there are enough, and none is lost.
    by_bytes = asked(max_size="50kB", limit=1)
    names = [entry.name for entry in by_bytes.entries if entry.place == "hub"]
    while by_bytes.more:
        by_bytes = go_on(by_bytes)
    assert names == ["acme/reviewer"]
    assert [entry.name for entry in by_bytes.entries if entry.place == "hub"] == of_hub(max_size="50kB")


def test_what_the_hub_tells_of_a_model(hub: Hub, here: Path) -> None:
    entry: ModelEntry = asked()["acme/reviewer"]
    assert (entry.task, entry.architecture, entry.model_type) == (
        "text-classification",
        "BertForSequenceClassification",
        "bert",
    )
    assert (entry.languages, entry.licence, entry.library) == (("en", "de"), "mit", "transformers")
    assert (entry.training_data, entry.base_models) == (("imdb", "acme/reviews"), ("google-bert/bert-base-uncased",))
    assert entry.parameters is not None
    assert entry.download_bytes == 4 * entry.parameters
    assert (entry.downloads, entry.gated, entry.needs, entry.is_here) == (900, False, (), False)
    assert asked()["acme/answerer"].languages == ("no",)  # which YAML takes for false
    assert asked()["other/reviewer-xl"].gated
    needs = {name: asked()[name].needs for name in ("other/pickled", "other/remote")}
    assert needs == {"other/pickled": ("allow-pickle",), "other/remote": ("trust-remote-code",)}
    assert model_entry({"id": "acme/gguf", "tags": ["gguf"]}).needs is None
    with pytest.raises(nbt.UserError, match="There is no model 'acme/reviwer' in this list"):
        asked()["acme/reviwer"]


def test_a_table_has_missing_values_where_nobody_says(hub: Hub, here: Path) -> None:
    table = nbt.models(search="reviewer")
    assert table.index.tolist() == ["acme/reviewer", "other/reviewer-xl"]
    assert str(table.downloads.dtype) == "Int64"
    assert table.vocabulary.isna().all()  # only a config.json has it
    assert table.last_modified.dt.year.tolist() == [2026, 2026]
    assert nbt.models(search="nothing of this name").empty


@pytest.mark.parametrize(("task", "typed"), [("bert", "bert"), ("bert base", "bert base"), ("`", "WORDS")])
def test_a_name_in_the_place_of_a_task_is_told_how_to_be_searched_for(task: str, typed: str) -> None:
    with pytest.raises(nbt.UserError, match=f'Type `search="{typed}"` for what has it in its name'):
        nbt.models(task)
    with pytest.raises(nbt.UserError, match=f'Type `search="{typed}"` for what has it in its name'):
        nbt.datasets(task=task)


def test_this_machine_is_listed(hub: Hub, here: Path, models: Path) -> None:
    shutil.copytree(models / "tiny", here / "mine" / "tiny")
    shutil.copytree(models / "pickled", here / "pickled")
    (here / "mine" / "tiny" / "README.md").write_text("---\nlicense: mit\n---\n", encoding="utf-8")
    (here / "no-model").mkdir()
    (here / "no-model" / "config.json").write_text("{}", encoding="utf-8")
    listed = {entry.name: entry for entry in asked(local_only=True).entries}
    assert list(listed)[:3] == list(BUNDLED)
    tiny, pickled = listed["mine/tiny"], listed["pickled"]
    assert (tiny.place, tiny.licence, tiny.vocabulary, tiny.context_length) == ("folder", "mit", 400, 32)
    assert (tiny.task, tiny.complete, tiny.needs) == ("text-classification", True, ())
    assert tiny.disk_bytes == sum(file.stat().st_size for file in (here / "mine" / "tiny").iterdir())
    assert (pickled.needs, pickled.parameters) == (("allow-pickle",), None)
    assert "no-model" not in listed
    assert nbt.classify(["a joy"], model="mine/tiny").labels  # it is typed as it is listed


@pytest.mark.parametrize("name", ["minilm", "movie-sentiment-minilm"])
def test_what_is_told_of_a_bundled_model_is_so(name: str) -> None:
    from transformers import AutoModel

    folder, told = bundled_folder(name), BUNDLED[name]
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    found = of_config(config, json.loads((folder / "tokenizer_config.json").read_text(encoding="utf-8")))
    assert (found["vocabulary"], found["context_length"]) == (told.vocabulary, told.context_length)
    assert config["architectures"] == [told.architecture]
    head = 2 * (config["hidden_size"] + 1) if name != "minilm" else 0
    assert AutoModel.from_pretrained(folder).num_parameters() + head == told.parameters


# --- one model ---


@pytest.mark.parametrize(
    ("name", "gate"),
    [
        ("acme/reviewer", "lets it pass"),
        ("other/reviewer-xl", "other/reviewer-xl is gated: the Hub gives it to people who accepted its terms. "),
        ("other/pickled", "other/pickled has no safetensors weights, only pytorch_model.bin, and a pickle can hold"),
        ("other/remote", "other/remote lacks the code that it wants to run: config_x.py. Type `hf cache rm "),
        ("minilm", "lets it pass"),
    ],
)
def test_the_gate_is_asked_without_the_weights(hub: Hub, here: Path, name: str, gate: str, terminal: Terminal) -> None:
    hub.ranges.clear()
    entry = terminal.run(f"%models show {name}")
    assert entry.gate.startswith(gate)
    assert not hub.ranges
    assert entry.name in str(entry)


def test_a_model_in_full_has_what_its_files_say(hub: Hub, here: Path, terminal: Terminal) -> None:
    entry: ModelEntry = terminal.run("%models show acme/reviewer --revision v1")
    assert (entry.place, entry.vocabulary, entry.context_length) == ("hub", 400, 32)
    assert entry.download_bytes == len(hub.models["acme/reviewer"].files["model.safetensors"])
    assert "To fetch" in dict(entry.facts())
    used = terminal.printed("%models use acme/reviewer --pin")
    pinned = f"acme/reviewer@{hub.models['acme/reviewer'].commit}"
    assert used == f"{pinned} is the default of this session; `%nbt unset model` takes it back.\n"
    assert nbt.defaults().loc["model"].tolist() == [pinned, "this session"]
    terminal.run("%nbt unset model")
    assert "Did you mean acme/reviewer?" in terminal.refusal("%models use acme/reviewr")
    assert nbt.defaults().loc["model"].tolist()[1] == "built in"
    nbt.download("acme/reviewer")
    assert (terminal.run("%models show acme/reviewer").place, entry.is_here) == ("cached", False)


def test_the_list_and_the_model_in_full_say_the_same(hub: Hub, here: Path, terminal: Terminal) -> None:
    looked_at: ModelEntry = terminal.run("%models show acme/embedder")
    assert (looked_at.place, looked_at.disk_bytes) == ("hub", None)
    nbt.download("acme/embedder")
    full: ModelEntry = terminal.run("%models show acme/embedder")
    listed = asked(search="embedder")["acme/embedder"]
    assert (listed.task, listed.place) == ("feature-extraction", "cached")
    facts = dict(full.facts())
    assert facts.pop("Load gate")
    assert dict(listed.facts()) == facts
    by_task = asked(task="feature-extraction")  # which the Hub alone tells
    assert by_task["acme/embedder"] == listed
    first = asked(task="feature-extraction", sort="likes", limit=1)
    assert first["acme/embedder"] == listed


def test_what_has_come_in_part_has_its_parameters_from_the_hub(hub: Hub, here: Path) -> None:
    folder = Path(nbt.download("acme/embedder"))
    weights = folder / "model.safetensors"
    blob = weights.resolve()
    blob.rename(blob.with_name(f"{blob.name}.incomplete"))
    weights.unlink()
    entry = asked(search="embedder")["acme/embedder"]
    assert (entry.place, entry.is_part, entry.task) == ("cached", True, "feature-extraction")
    assert entry.parameters


# --- datasets ---


def test_datasets_are_listed_and_looked_into(hub: Hub, here: Path, terminal: Terminal) -> None:
    listed = terminal.run("%models datasets review --language en")
    (entry,) = listed.entries
    assert (entry.name, entry.tasks, entry.licence, entry.rows_category) == (
        "acme/reviews",
        ("text-classification",),
        "cc0-1.0",
        "n<1K",
    )
    assert nbt.datasets("review").index.tolist() == ["acme/reviews"]
    with pytest.raises(nbt.UserError, match="There is no dataset 'acme/review' in this list"):
        listed["acme/review"]
    looked = terminal.run("%models preview acme/reviews --split train --rows 1")
    assert (dict(looked.splits), looked.split, list(looked.columns)) == (
        {"train": None, "test": None},
        "train",
        ["text", "n"],
    )
    assert looked.to_pandas().to_numpy().tolist() == [["a joy", 1]]
    assert "a joy" in str(looked)
    assert terminal.refusal("%models preview acme/reviws") == (
        "The Hub has no dataset acme/reviws, or it is private. Did you mean acme/reviews?"
    )
    assert terminal.refusal("%models preview acme/reviews --split dev").startswith(
        "hub:acme/reviews has no split 'dev'"
    )
    with pytest.raises(nbt.UserError, match="The name of a dataset is text, and this is an int"):
        nbt.preview(3)  # pyright: ignore[reportArgumentType]


def test_pictures_are_not_decoded() -> None:
    """A picture that cannot be read is shown by its size, as any other."""
    features = Features({"picture": Image(), "text": Value("string")})
    pictures = Dataset.from_dict({"picture": [{"bytes": b"no picture", "path": None}], "text": ["a cat"]}, features)
    assert first_rows(pictures, 3, "hub:acme/pictures") == [
        {"picture": {"bytes": b"no picture", "path": None}, "text": "a cat"}
    ]


def test_rows_that_cannot_be_read_are_told() -> None:
    with pytest.raises(nbt.UserError) as caught:
        first_rows(Dataset.from_dict({"text": ["a"]}).with_transform(dict), 3, "hub:acme/reviews")
    assert str(caught.value).startswith("The rows of hub:acme/reviews cannot be read (NotImplementedError: ")
    assert str(caught.value).endswith("Look at its page on the Hub.")


# --- no Hub ---


def _failing(status: int, text: bytes = b"") -> Callable[[Hub, pytest.MonkeyPatch], None]:
    return lambda hub, patch: patch.setattr(hub, "failure", (status, text))


@pytest.mark.parametrize(
    ("happen", "why"),
    [
        (lambda hub, patch: patch.setenv("HF_HUB_OFFLINE", "1"), "offline mode is on"),
        (lambda hub, patch: lead_to("http://127.0.0.1:9", patch), "the Hub cannot be reached (ConnectError)"),
        (_failing(503), "the Hub fails (HTTP 503)"),
        (_failing(429), "the Hub asks to wait (HTTP 429)"),
        (_failing(400), "the Hub refuses the search (HTTP 400)"),
        (_failing(200, b"<html>Log into this network"), "what answers is not the Hub, but perhaps a proxy"),
        (_failing(200, b'{"a": 1}'), "what answers is not the Hub, but perhaps a proxy"),
        (
            lambda hub, patch: patch.setattr(hub, "cut_answers", 100),
            "the connection to the Hub was cut (RemoteProtocolError), perhaps by a proxy",
        ),
    ],
)
def test_without_the_hub_it_is_what_is_here_and_why(
    hub: Hub, here: Path, monkeypatch: pytest.MonkeyPatch, happen: Any, why: str
) -> None:
    happen(hub, monkeypatch)
    with pytest.warns(UserWarning, match="^This is only what is on this machine: ") as told:
        table = nbt.models()
    assert str(told[0].message) == f"This is only what is on this machine: {why}."
    assert table.index[:3].tolist() == list(BUNDLED)
    assert f"⚠ This is only what is on this machine: {why}." in " ".join(str(asked()).split())
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert not nbt.models(local_only=True).empty  # what was asked for is no lack


def test_a_token_that_the_hub_does_not_know_is_left_out(hub: Hub, here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_TOKEN", "of-nobody")
    assert len(of_hub()) == 6


# --- what anyone may have written ---


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        ({"model_type": "gpt2", "n_positions": 1024, "vocab_size": 50257}, (50257, 1024)),
        ({"model_type": "roberta", "max_position_embeddings": 514, "pad_token_id": 1}, (None, 512)),
        ({"model_type": "gemma3", "text_config": {"vocab_size": 9, "max_position_embeddings": 131072}}, (9, 131072)),
        ({"model_type": "bert", "vocab_size": "many", "max_position_embeddings": True}, (None, None)),
    ],
)
def test_vocabulary_and_context_length(config: dict[str, Any], expected: tuple[int | None, int | None]) -> None:
    found = of_config(config, {"model_max_length": 10**30})
    assert (found["vocabulary"], found["context_length"]) == expected


def test_cards_and_tags() -> None:
    assert of_card({"license": "other", "license_name": "acme-1"})["licence"] == "acme-1"
    assert of_card({"license": ["mit"], "datasets": "imdb", "language": [False, "en", 3]}) == {
        **dict.fromkeys(("task", "library")),
        "licence": "mit",
        "languages": ("no", "en"),
        "training_data": ("imdb",),
        "base_models": (),
    }
    tags = ["transformers", "en", "license:mit", "dataset:imdb", "base_model:acme/x", "base_model:finetune:acme/x"]
    assert of_tags(tags) == {
        "licence": "mit",
        "languages": ("en",),
        "training_data": ("imdb",),
        "base_models": ("acme/x",),
    }
    languages = ("de", "zho", "zh-Hans", "pt-BR", "multilingual", "code")
    assert of_tags([*languages, "nlp", "rag", "ner", "llm", "opt", "ai-art", "no-code"])["languages"] == languages
    own = {"auto_map": {"AutoModel": "a.B"}}
    assert [wants_own_code({**own, "model_type": kind}) for kind in ("nosuchnet", "xlm-roberta", "../bert")] == [
        *(True, False, True)
    ]


@pytest.mark.parametrize(
    ("card", "languages"),
    [
        ("license: mit\ntags: [nlp, rag, moe, cv, ml]", ()),  # three of them are codes of ISO 639, too
        ("language: [moe, ml]\ntags: [nlp, cv]", ("moe", "ml")),
        ("", ()),
    ],
)
def test_topics_are_no_languages(card: str, languages: tuple[str, ...]) -> None:
    config = {"config.json": b'{"model_type": "opt"}'}
    about = Repository({**config, "README.md": f"---\n{card}\n---\n".encode()}).about("acme/any", blobs=False)
    assert model_entry(about).languages == dataset_entry(about).languages == languages


def test_a_language_that_is_also_a_topic_is_searched_for_as_a_language(here: Path, tmp_path: Path) -> None:
    def described(card: str) -> Repository:
        return Repository({"config.json": b'{"model_type": "bert"}', "README.md": f"---\n{card}\n---\n".encode()})

    topics = {f"acme/topic-{number}": described("language: en\ntags: [rag]") for number in range(20)}
    with online(Hub(models={**topics, "acme/logooli": described("language: rag")}), tmp_path / "cache") as hub:
        assert of_hub(language="rag") == ["acme/logooli"]
        hub.asked.clear()
        assert (of_hub(language="rag", limit=1), asked(language="rag", limit=1).more) == ([], True)
        assert len(hub.asked) == 2 * 8  # it does not turn over all pages of the Hub


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inside: st.lists(inside, max_size=3) | st.dictionaries(st.text(max_size=5), inside, max_size=3),
    max_leaves=8,
)
_TOLD = ("cardData", "config", "downloads", "gated", "lastModified", "pipeline_tag", "safetensors", "sha", "tags")


@given(st.dictionaries(st.sampled_from(_TOLD), JSON), JSON, JSON)
def test_nothing_that_the_hub_may_say_stops_a_list(about: dict[str, Any], card: Any, config: Any) -> None:
    about = {
        "id": "acme/any",
        "cardData": {"language": card, "license": card},
        "config": {"architectures": config},
    } | about
    entry = model_entry(about)
    listed = Models(ModelsRequest(), (entry,))
    assert entry.name in str(listed)
    assert len(listed.to_pandas()) == 1
    assert dataset_entry(about).name == "acme/any"


@given(st.text(max_size=8))
def test_a_size_is_read_or_refused(text: str) -> None:
    try:
        size = parse_size(text)
    except nbt.UserError:
        return
    assert size == Size(size.parameters) or size == Size(nbytes=size.nbytes)


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("7", Size(parameters=7)),
        ("350M", Size(parameters=350_000_000)),
        ("1.5 b", Size(parameters=1_500_000_000)),
        ("50kB", Size(nbytes=50_000)),
        ("2GiB", Size(nbytes=2**31)),
        ("1 tib", Size(nbytes=2**40)),
    ],
)
def test_a_size_is_of_parameters_or_of_bytes(text: str, size: Size) -> None:
    assert parse_size(text) == size


@pytest.mark.parametrize("text", ["0", "0GB", "9" * 400, "5X", "5Ki", "GB"])
def test_what_is_no_size_is_refused(text: str) -> None:
    with pytest.raises(nbt.UserError, match=r"^`--max-size` is "):
        parse_size(text)


# --- the magic ---


def test_the_magic_lists_keeps_and_completes(hub: Hub, here: Path, terminal: Terminal) -> None:
    assert [entry.name for entry in terminal.run("%models acme reviewer --local-only --limit 3")] == []
    assert terminal.run("%models minilm --local-only --out found;") is None
    assert terminal.run("[entry.name for entry in found]") == ["minilm", "movie-sentiment-minilm"]
    assert terminal.run("%models --search show --local-only").entries == ()
    assert "reviewer" in terminal.printed("%models acme --limit 1")
    nbt.download("acme/embedder")
    cached = asked(search="embedder")["acme/embedder"]
    assert (cached.place, cached.downloads, cached.context_length) == ("cached", 800, 32)
    assert asked(search="embedder", local_only=True)["acme/embedder"].last_modified is None
    for line, expected in {
        "%models sh": ["show"],
        "%models show acme": ["acme/embedder"],
        "%models --sort d": ["downloads", "date"],
        "%models --task tr": ["translation"],
        "%models preview ": [],
    }.items():
        found = complete([line], 0, len(line), terminal.shell)
        assert found is not None
        assert [suggestion.text for suggestion in found.suggestions] == expected
