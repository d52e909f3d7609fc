"""Defaults: where they come from, which wins, and that magics and functions follow them alike."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator
from pathlib import Path

import helpers
import pytest
from helpers import Terminal

import nbtransformers as nbt
from nbtransformers import settings
from nbtransformers.doors.classify import classify_request
from nbtransformers.errors import UserError
from nbtransformers.request import ClassifyRequest, DataRef, RunOptions


@pytest.fixture(autouse=True)
def nothing_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder with no pyproject.toml above it, and no default in the session."""
    monkeypatch.chdir(tmp_path)
    yield tmp_path
    for name in settings.of_session():
        settings.set_default(name, None)


def pyproject(folder: Path, text: str) -> Path:
    path = folder / "pyproject.toml"
    path.write_text(text, encoding="utf-8")
    return path


def device(task: str = "classify") -> object:
    return settings.filled(task, {}).values.get("device")


def request(**given: object) -> ClassifyRequest:
    return classify_request(DataRef("lines", "a joy"), {}, **given)[0]


# --- which wins ---


def test_session_before_environment_before_pyproject_before_built_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert (device(), settings.default("device").place) == (None, "built in")
    path = pyproject(tmp_path, '[tool.nbtransformers]\ndevice = "cpu"\n')
    assert (device(), settings.default("device").place) == ("cpu", str(path))
    monkeypatch.setenv("NBTRANSFORMERS_DEVICE", "mps")
    assert (device(), settings.default("device").place) == ("mps", "the environment variable NBTRANSFORMERS_DEVICE")
    nbt.set_default("device", "cuda:1")
    assert (device(), settings.default("device").place) == ("cuda:1", "this session")
    assert settings.filled("classify", {"device": "auto"}).values["device"] == "auto"
    nbt.set_default("device", None)
    monkeypatch.delenv("NBTRANSFORMERS_DEVICE")
    path.unlink()
    assert device() is None


def test_what_is_set_for_a_task_wins_in_its_layer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pyproject(tmp_path, '[tool.nbtransformers]\ndevice = "cpu"\n[tool.nbtransformers.classify]\ndevice = "mps"\n')
    assert (device("classify"), device("tokenize")) == ("mps", None)
    monkeypatch.setenv("NBTRANSFORMERS_DEVICE", "cuda")
    assert device("classify") == "cuda"
    monkeypatch.setenv("NBTRANSFORMERS_CLASSIFY_DEVICE", "cuda:2")
    assert device("classify") == "cuda:2"
    nbt.set_default("device", "cpu")
    nbt.set_default("classify.device", "auto")
    assert device("classify") == "auto"
    assert nbt.defaults().loc["classify.device"].tolist() == ["auto", "this session"]


def test_the_nearest_pyproject_with_a_table_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    outer = pyproject(tmp_path, '[tool.nbtransformers]\nlong = "window"\n')
    inner = tmp_path / "package" / "notebooks"
    inner.mkdir(parents=True)
    pyproject(inner.parent, '[project]\nname = "other"\n')
    monkeypatch.chdir(inner)
    assert settings.default("long").place == str(outer)
    nearer = pyproject(inner.parent, '[tool.nbtransformers]\nlong = "error"\n')
    assert (settings.default("long").value, settings.default("long").place) == ("error", str(nearer))


def test_a_pyproject_that_is_edited_is_read_again(tmp_path: Path) -> None:
    pyproject(tmp_path, "[tool.nbtransformers]\nthreads = 2\n")
    assert request().run.threads == 2
    pyproject(tmp_path, "[tool.nbtransformers]\nthreads = 12\n")
    assert request().run.threads == 12


def test_a_path_in_a_pyproject_is_relative_to_it(tmp_path: Path, models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "made").symlink_to(models / "tiny")
    pyproject(tmp_path, '[tool.nbtransformers]\nmodel = "./made"\n')
    (tmp_path / "deeper").mkdir()
    monkeypatch.chdir(tmp_path / "deeper")
    model = request().model
    assert model is not None
    assert model.name == str((models / "tiny").resolve())


# --- what follows ---


def test_requests_follow_and_keep_their_own_defaults() -> None:
    assert request() == ClassifyRequest(DataRef("lines", "a joy"))
    for name, value in {"batch_tokens": 512, "max-length": "1,024", "threshold": 0.7, "top_k": "2"}.items():
        nbt.set_default(name, value)
    found = request(max_length=64)
    assert found.run == RunOptions(batch_tokens=512, max_length=64)
    assert (found.threshold, found.top_k) == (0.7, 2)


def test_a_magic_and_a_function_follow_alike(terminal: Terminal, models: Path) -> None:
    terminal.run(f"%nbt set model {models}/tiny")
    terminal.run("%nbt set max-length=8")
    found = terminal.run("%classify ['a joy']")
    assert found.run.model == "tiny"
    assert nbt.classify(["a joy"]).request == found.request.__class__(
        data=DataRef("variable", "data"), model=found.request.model, run=RunOptions(max_length=8)
    )


def test_a_variable_can_be_the_default_of_both(terminal: Terminal) -> None:
    terminal.shell.push({"pair_of_mine": (helpers.classifier(), helpers.tokenizer())})
    terminal.run("%nbt set model pair_of_mine")
    assert terminal.run("%classify ['a joy']").run.model == "pair_of_mine"
    assert nbt.classify(["a joy"]).run.model == "pair_of_mine"
    terminal.shell.user_ns.pop("pair_of_mine")
    told = "In this session: There is no model 'pair_of_mine'."
    assert terminal.refusal("%classify ['a joy']").startswith(told)


MISFITS = [
    (
        "tiny",
        " --labels a,b",
        "In {place}: tiny has labels of its own (red, green, blue), so `--labels` cannot be used with it. "
        "Type `--model minilm` (zero-shot by the bundled encoder), or give an encoder or an NLI model.",
    ),
    (
        "writer",
        "",
        "In {place}: writer is for conditional generation (T5ForConditionalGeneration), not a sequence classifier. "
        "Give a classifier, or type `--model movie-sentiment-minilm` for the bundled one.",
    ),
    (
        "bare",
        "",
        "In {place}: bare is no model folder: it has no config.json. Give a folder that save_pretrained() wrote.",
    ),
]


@pytest.mark.parametrize(("model", "options", "told"), MISFITS, ids=[model for model, _, _ in MISFITS])
def test_a_default_that_does_not_fit_is_named_with_its_place(
    terminal: Terminal,
    models: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    model: str,
    options: str,
    told: str,
) -> None:
    def said(place: object) -> bool:
        return terminal.refusal(f"%classify ['a joy']{options}") == told.replace("{place}", str(place))

    path = pyproject(tmp_path, f"[tool.nbtransformers]\nmodel = '{models}/{model}'\n")
    assert said(path)
    monkeypatch.setenv("NBTRANSFORMERS_MODEL", f"{models}/{model}")
    assert said("the environment variable NBTRANSFORMERS_MODEL")
    terminal.run(f"%nbt set model {models}/{model}")
    assert said("this session")
    assert "In " not in terminal.refusal(f"%classify ['a joy']{options} --model {models}/{model}")


def test_a_default_without_a_tokenizer_is_named_with_its_place(terminal: Terminal, models: Path) -> None:
    terminal.run(f"%nbt set model {models}/no-tokenizer")
    assert terminal.refusal("%tokenize ['a joy']").startswith("In this session: no-tokenizer has no tokenizer")


# --- told ---


def test_nbt_set_lists_every_setting_and_where_it_comes_from(
    terminal: Terminal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = pyproject(tmp_path, '[tool.nbtransformers]\nlong = "window"\ndtype = "int3"\n')
    monkeypatch.setenv("NBTRANSFORMERS_THREADS", "2")
    monkeypatch.setenv("NBTRANSFORMERS_MODLE", "minilm")
    terminal.run("%nbt set classify.top-k 3")
    lines = terminal.printed("%nbt set").splitlines()
    rows = {line.split("  ")[0]: [cell.strip() for cell in line.split("  ")[1:] if cell.strip()] for line in lines}
    assert rows["model"] == ["the bundled one", "built in"]
    assert rows["long"] == ["window", str(path)]
    assert rows["threads"] == ["2", "the environment variable NBTRANSFORMERS_THREADS"]
    assert rows["classify.top-k"] == ["3", "this session"]
    assert rows["dtype"] == ["(wrong)", str(path)]
    assert lines[-2:] == [
        f"In {path}: `dtype` cannot be 'int3'. Did you mean `dtype = \"int8\"`?",
        "NBTRANSFORMERS_MODLE is no setting. Did you mean NBTRANSFORMERS_MODEL?",
    ]


def test_one_is_shown_and_reset(terminal: Terminal) -> None:
    assert terminal.printed("%nbt set device cpu").split() == ["device", "cpu", "this", "session"]
    assert terminal.printed("%nbt set device").split() == ["device", "cpu", "this", "session"]
    assert terminal.printed("%nbt set device --reset").split() == ["device", "auto", "built", "in"]
    terminal.run("%nbt set device = cpu")
    assert terminal.printed("%nbt unset device").split() == ["device", "auto", "built", "in"]
    terminal.shell.push({"where": "cpu"})
    assert terminal.printed("%nbt set device {where}").split() == ["device", "cpu", "this", "session"]


WRONG_FILES = [
    (
        '[tool.nbtransformers]\ndevice = "gpu"\n',
        "In {path}: `device` cannot be 'gpu'. Did you mean `device = \"cuda\"`?",
    ),
    (
        "[tool.nbtransformers.classify]\nthreads = 0\n",
        "In {path}: `threads` is 0. Type a whole number of 1 or more: `threads = 1`.",
    ),
    ("[tool.nbtransformers]\nmodel = true\n", "In {path}: `model` is True, a bool. Give text or a number."),
    ("[tool.nbtransformers]\nlong = ['window']\n", "In {path}: `long` is ['window'], a list. Give text or a number."),
    ("[tool.nbtransformers]\nmodel = 'miniln'\n", "In {path}: There is no model 'miniln'. Did you mean minilm?"),
    ("[tool.nbtransformers\n", "{path} cannot be read ("),
]


@pytest.mark.parametrize(("text", "told"), WRONG_FILES, ids=[text for text, _ in WRONG_FILES])
def test_a_wrong_pyproject_is_one_line_that_names_it(tmp_path: Path, terminal: Terminal, text: str, told: str) -> None:
    path = pyproject(tmp_path, text)
    said = terminal.refusal("%classify ['a joy']")
    assert said.startswith(told.replace("{path}", str(path)))
    with pytest.raises(UserError) as caught:
        nbt.classify(["a joy"])
    assert str(caught.value) == said


UNKNOWN = [
    ("[tool.nbtransformers]\nmodle = 'minilm'\n", "modle. Did you mean model?"),
    ("[tool.nbtransformers.clasify]\nmodel = 'minilm'\n", "clasify.model. Did you mean classify.model?"),
    ("[tool.nbtransformers]\ntrust-remote-code = true\n", "trust-remote-code. There is model"),
]


@pytest.mark.parametrize(("text", "told"), UNKNOWN, ids=[text for text, _ in UNKNOWN])
def test_an_unknown_name_in_a_pyproject_is_warned_of_once(
    tmp_path: Path, terminal: Terminal, text: str, told: str
) -> None:
    path = pyproject(tmp_path, text)
    line = f"[tool.nbtransformers] in {path} has no setting {told}"
    with pytest.warns(UserWarning, match=re.escape(line)):
        assert request() == ClassifyRequest(DataRef("lines", "a joy"))
    assert line in terminal.printed("%nbt set")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert request() == ClassifyRequest(DataRef("lines", "a joy"))


def test_a_misspelt_environment_variable_is_warned_of_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NBTRANSFORMERS_DEVIZE", "cpu")
    with pytest.warns(
        UserWarning, match=r"^NBTRANSFORMERS_DEVIZE is no setting\. Did you mean NBTRANSFORMERS_DEVICE\?$"
    ):
        request()


def test_a_pyproject_that_is_none_of_ours_may_be_as_it_likes(tmp_path: Path) -> None:
    pyproject(tmp_path, "[tool.other\n")
    assert request() == ClassifyRequest(DataRef("lines", "a joy"))
    (tmp_path / "pyproject.toml").write_bytes(b"\xff\xfe")
    assert request() == ClassifyRequest(DataRef("lines", "a joy"))


def test_a_wrong_environment_variable_is_one_line_that_names_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NBTRANSFORMERS_TOP_K", "few")
    with pytest.raises(UserError) as caught:
        nbt.classify(["a joy"])
    assert str(caught.value) == (
        "In the environment variable NBTRANSFORMERS_TOP_K: `top-k` is 'few', not a whole number. "
        "Type a number such as `NBTRANSFORMERS_TOP_K=8`."
    )
    assert nbt.classify(["a joy"], top_k=1).request.top_k == 1  # what is given needs no default


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("devise", "cpu", "There is no setting 'devise'. Did you mean device?"),
        ("device", "gpu", "`device` cannot be 'gpu'. Did you mean `device=\"cuda\"`?"),
        ("model", ["a"], 'The default model is a list. Type a name: `model="own"`.'),
        ("model", 3, 'The default model is an int. Type a name: `model="own"`.'),
        ("classify.model", "miniln", "There is no model 'miniln'. Did you mean minilm?"),
        ("model", "nosuch/x", "There is no model 'nosuch/x'. Type one of minilm"),
        ("tokenize.model", Path("./nowhere/at/all"), "There is no folder nowhere/at/all. Check the path."),
        ("threads", True, 'The default threads is a bool. Type a name: `threads="own"`.'),
        ("trust_remote_code", True, "There is no setting 'trust_remote_code'."),
    ],
)
def test_python_is_told_in_python(name: str, value: object, told: str) -> None:
    with pytest.raises(UserError) as caught:
        nbt.set_default(name, value)
    assert str(caught.value).startswith(told)


def test_a_tokenizer_is_a_default_of_tokenize_alone(terminal: Terminal) -> None:
    terminal.shell.push({"tok": helpers.tokenizer()})
    nbt.set_default("tokenize.model", "tok")
    assert terminal.run("%tokenize ['a joy']").tokenizers[0].name == "tok"
    assert terminal.refusal("%nbt set model tok").startswith("tok is a ")
    with pytest.raises(UserError, match=r"^tok is a \w+, not a model\."):
        nbt.set_default("model", "tok")


def test_unloading_the_extension_takes_the_defaults_of_the_session_back(terminal: Terminal) -> None:
    terminal.run("%nbt set device cpu")
    terminal.shell.run_line_magic("unload_ext", "nbtransformers")
    terminal.shell.run_line_magic("load_ext", "nbtransformers")
    assert terminal.printed("%nbt set device").split() == ["device", "auto", "built", "in"]


def test_nothing_that_lets_a_model_run_code_can_be_a_default() -> None:
    assert not {name for name in settings.names() if "trust" in name or "allow" in name}
