"""`%load_ext` to `%unload_ext`, and the magics in between, in real shells."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import helpers
import numpy as np
import pytest
from helpers import Notebook, Terminal

import nbtransformers as nbt
from nbtransformers.magics.formtasks import TASKS
from nbtransformers.results.classification import Classification

OPTIONS = TASKS["classify"].options

TEXTS = ["The striker scored twice.", "Parliament passed the budget.", ""]
LABELS = ["politics", "sport"]


@pytest.fixture(scope="module")
def expected() -> Classification:
    """What the function gives for the texts."""
    return nbt.classify(TEXTS, labels=LABELS)


def same(found: Classification, expected: Classification) -> None:
    assert found.labels == expected.labels
    assert found.reasons == expected.reasons
    np.testing.assert_allclose(found.scores, expected.scores, atol=1e-5)


# --- load, unload, reload ---


def state(shell: Any) -> dict[str, Any]:
    """What an extension could leave behind in a shell."""
    formatters = {"display": shell.display_formatter.ipython_display_formatter, **shell.display_formatter.formatters}
    return {
        "magics": {kind: set(table) for kind, table in shell.magics_manager.magics.items()},
        "printers": {name: dict(formatter.type_printers) for name, formatter in formatters.items()},
        "deferred": {name: dict(formatter.deferred_printers) for name, formatter in formatters.items()},
        "events": {name: list(callbacks) for name, callbacks in shell.events.callbacks.items()},
        "transformers": list(shell.input_transformers_post) + list(shell.ast_transformers),
        "matchers": list(shell.Completer.custom_matchers),
        "handlers": shell.custom_exceptions,
        "variables": {name for name in shell.user_ns if not name.startswith("_") and name not in {"In", "Out"}},
    }


@pytest.fixture
def bare() -> Iterator[Any]:
    """A shell without the extension."""
    with helpers.ipython() as shell:
        yield shell


@pytest.mark.parametrize("cells", [[], ["%nbt"], ["%classify {M}", "_"]], ids=["nothing", "%nbt", "%classify"])
def test_unloading_leaves_nothing_behind(bare: Any, models: Path, cells: list[str]) -> None:
    from nbtransformers.loading.registry import REGISTRY

    before = state(bare)
    assert bare.run_cell("%load_ext nbtransformers").success
    assert state(bare) != before
    for cell in cells:
        assert bare.run_cell(cell.replace("{M}", f"['a joy'] --model {models}/tiny"), store_history=True).success
    assert bare.run_cell("%unload_ext nbtransformers").success
    assert state(bare) == before
    assert REGISTRY.loaded() == []
    assert bare.find_cell_magic("classify") is None


def test_reloading_works_twice(bare: Any, models: Path) -> None:
    bare.run_cell("%load_ext nbtransformers")
    for _ in range(2):
        assert bare.run_cell("%reload_ext nbtransformers").success
        assert bare.run_cell(f"%classify ['a joy'] --model {models}/tiny --out r").success
        assert type(bare.user_ns["r"]).__name__ == "Classification"


def test_loading_twice_is_harmless(bare: Any, capsys: pytest.CaptureFixture[str]) -> None:
    bare.run_cell("%load_ext nbtransformers")
    loaded = state(bare)
    bare.run_cell("%load_ext nbtransformers")
    assert "already loaded" in capsys.readouterr().out
    assert state(bare) == loaded


def test_unloading_twice_is_harmless(bare: Any) -> None:
    for line in ("%load_ext nbtransformers", "%unload_ext nbtransformers", "%unload_ext nbtransformers"):
        assert bare.run_cell(line).success


# --- help ---


def test_help_has_examples_and_every_option(bare: Any) -> None:
    pages: list[str] = []
    bare.set_hook("show_in_pager", lambda _, data, **__: pages.append(data["text/plain"]), priority=0)
    bare.run_cell("%load_ext nbtransformers")
    for number, asked in enumerate(["%classify?", "%%classify?", "?%classify"]):
        assert bare.run_cell(asked).success
        page = pages[number]
        for option in OPTIONS:
            assert f"--{option.name}" in page
            assert option.help in page
        for line in (
            "%%classify --labels politics,sport,technology",
            "%classify df --column review",
            "nbtransformers.classify(df",
        ):
            assert line in page


def test_every_example_of_the_help_can_be_read() -> None:
    from nbtransformers.magics.classify import HELP
    from nbtransformers.magics.parse import parse_line

    lines = [line.strip() for line in HELP.splitlines() if line.startswith("    %") and "[options]" not in line]
    assert len(lines) >= 4
    for line in lines:
        magic, _, rest = line.partition(" ")
        parse_line(rest, OPTIONS, magic)


def test_every_option_is_an_argument_of_the_function() -> None:
    import inspect

    arguments = set(inspect.signature(nbt.classify).parameters)
    assert {option.key for option in OPTIONS} - {"whole", "out"} == arguments - {"data"}


def test_nbt_tells_what_there_is(terminal: Terminal) -> None:
    said = terminal.printed("%nbt")
    assert f"nbtransformers {nbt.__version__}" in said
    for name in ("%%classify", "%nbt doctor", "minilm", "movie-sentiment-minilm"):
        assert name in said


# --- one path, three doors ---


def test_the_cell_the_line_and_the_function_agree(terminal: Terminal, expected: Classification) -> None:
    terminal.shell.push({"texts": TEXTS, "topics": LABELS})
    cell = "%%classify --labels politics,sport\n" + "\n".join(TEXTS[:2])
    found = terminal.run(cell)
    assert found.texts == tuple(TEXTS[:2])
    np.testing.assert_allclose(found.scores, expected.scores[:2], atol=1e-5)
    same(terminal.run("%classify texts --labels politics,sport"), expected)
    same(terminal.run("%classify texts --labels {topics}"), expected)
    same(terminal.run("%classify [t for t in texts] -l 'politics, sport' --batch-tokens 8 --threads 1"), expected)


def test_zero_shot_is_right_about_plain_texts(expected: Classification) -> None:
    assert [expected.labels[best] for best in expected.best[:2]] == ["sport", "politics"]
    assert expected.reasons == {2: "empty"}


def test_the_result_is_in_the_last_value_and_in_out(terminal: Terminal, models: Path) -> None:
    terminal.run(f"%classify ['a joy'] --model {models}/tiny --out kept")
    kept = terminal.shell.user_ns["kept"]
    assert isinstance(kept, Classification)
    assert terminal.shell.user_ns["_"] is kept
    assert terminal.run("_.labels") == ("red", "green", "blue")


def test_out_can_be_named_by_a_variable(terminal: Terminal, models: Path) -> None:
    terminal.shell.push({"name": "kept", "where": str(models / "tiny"), "k": 2})
    terminal.run("%classify ['a joy'] --model {where} --top-k {k} --out {name}")
    assert terminal.shell.user_ns["kept"].request.top_k == 2


def test_a_magic_sees_the_variables_of_the_function_that_it_is_in(terminal: Terminal, models: Path) -> None:
    line = f"%classify inner --model {models}/tiny"
    assert terminal.run(f"def f():\n    inner = ['a joy', 'dull']\n    r = {line}\n    return len(r)\nf()") == 2


def test_a_result_is_printed_as_a_table(terminal: Terminal, models: Path) -> None:
    said = terminal.printed(f"%classify ['a joy', None] --model {models}/tiny")
    assert "tiny: 2 texts · " in said
    assert "(missing)" in said


def test_a_semicolon_keeps_a_result_quiet(terminal: Terminal, models: Path) -> None:
    assert terminal.printed(f"%classify ['a joy;'] --out kept --model {models}/tiny;").strip() == ""
    assert terminal.shell.user_ns["kept"].texts == ("a joy;",)
    assert "1 text" in terminal.printed(f"%%classify --model {models}/tiny\na joy;")


def test_a_whole_cell_is_one_text(terminal: Terminal, models: Path) -> None:
    found = terminal.run(f"%%classify --whole --model {models}/tiny\na joy\n\nfrom start")
    assert found.texts == ("a joy\n\nfrom start",)


@pytest.mark.parametrize("name", ["tokenizer", "model", "texts"])
def test_texts_may_be_called_like_anything(terminal: Terminal, models: Path, name: str) -> None:
    terminal.shell.push({"own": helpers.classifier(), "tok": helpers.tokenizer(), name: ["a joy", "dull"]})
    found = terminal.run(f"%classify {name} --model own --tokenizer tok")
    assert found.texts == ("a joy", "dull")
    assert terminal.refusal(f"%classify {name} --column c --model own --tokenizer tok").startswith(
        f"`--column c` needs a table, and {name} is a list"
    )


def test_a_model_may_be_called_tokenizer(terminal: Terminal) -> None:
    terminal.shell.push({"tokenizer": helpers.classifier(), "tok": helpers.tokenizer()})
    assert len(terminal.run("%classify ['a joy'] --model tokenizer --tokenizer tok")) == 1


@pytest.mark.parametrize("name", ["class", "None", "2nd", "a b"])
def test_out_must_be_a_name_that_python_takes(terminal: Terminal, name: str) -> None:
    assert terminal.refusal(f"%classify ['a joy'] --out '{name}'") == (
        f"`--out {name}` is no name for a variable. Type `--out result`."
    )


def test_braces_in_a_cell_are_text(terminal: Terminal, models: Path) -> None:
    terminal.shell.push({"x": "filled"})
    assert terminal.run(f"%%classify --model {models}/tiny\n{{x}} $x {{}}").texts == ("{x} $x {}",)


@pytest.mark.parametrize("given", ["own, tokenizer", "pipe", "model=own, tokenizer=tokenizer"])
def test_a_model_in_memory_is_used_as_it_is(models: Path, given: str) -> None:
    import transformers

    own, tokenizer = helpers.classifier(), helpers.tokenizer()
    library: Any = transformers
    pipe = library.pipeline("text-classification", model=own, tokenizer=tokenizer)
    own.train()
    how = {"own, tokenizer": {"model": (own, tokenizer)}, "pipe": {"model": pipe}}.get(
        given, {"model": own, "tokenizer": tokenizer}
    )
    found = nbt.classify(["a joy", "dull and far"], **how)
    assert own.training  # left as it was
    np.testing.assert_allclose(
        found.scores, nbt.classify(["a joy", "dull and far"], model=models / "tiny").scores, atol=1e-5
    )


# --- the gate lets a good model through, without what its config.json asks for ---


def test_a_kernel_that_a_config_names_is_never_looked_for(models: Path) -> None:
    from nbtransformers.loading.models import load
    from nbtransformers.request import ModelRef

    assert "evil/kernel" in (models / "kernels" / "config.json").read_text(encoding="utf-8")
    loaded, _ = load(ModelRef("folder", str(models / "kernels")), {}, "classifier")
    assert loaded.model.config._attn_implementation in {"sdpa", "eager"}
    assert "evil" not in json.dumps(loaded.model.config.to_dict())
    found = nbt.classify(["a joy"], model=models / "kernels")
    np.testing.assert_allclose(found.scores, nbt.classify(["a joy"], model=models / "tiny").scores, atol=1e-6)


def test_a_hub_model_comes_from_the_cache(hub_cache: Path, models: Path) -> None:
    found = nbt.classify(["a joy"], model="acme/tiny")
    assert found.run.model == "acme/tiny"
    again = nbt.classify(["a joy"], model="acme/tiny", revision=helpers.COMMIT)
    np.testing.assert_array_equal(found.scores, again.scores)
    np.testing.assert_allclose(found.scores, nbt.classify(["a joy"], model=models / "tiny").scores, atol=1e-6)


def test_a_model_is_loaded_once(models: Path) -> None:
    nbt.classify(["a joy"], model=models / "tiny")
    assert nbt.classify(["dull"], model=models / "tiny").run.load_seconds == 0


def test_a_model_that_gives_no_number_is_told_of() -> None:
    own = helpers.classifier()
    own.classifier.bias.data[1] = float("nan")
    found = nbt.classify(["a joy", None], model=own, tokenizer=helpers.tokenizer())
    assert found.reasons == {0: "the model gave no finite score", 1: "missing"}
    own = helpers.classifier(problem_type="regression")
    own.classifier.bias.data[1] = float("inf")
    found = nbt.classify(["a joy"], model=own, tokenizer=helpers.tokenizer())
    assert found.reasons == {0: "the model gave no finite score"}
    assert np.isnan(found.scores).all()


def test_zero_shot_takes_an_encoder_and_an_nli_model(models: Path) -> None:
    for folder in ("encoder", "entailing"):
        found = nbt.classify(["a joy", None], model=models / folder, labels="good, bad")
        assert found.labels == ("good", "bad")
        assert found.scores[0].sum() == pytest.approx(1, abs=1e-5)
        assert found.reasons == {1: "missing"}


# --- in a notebook ---

WIDGET = "application/vnd.jupyter.widget-view+json"


def shown(messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The bundles that stand below a cell when it has ended, in order."""
    outputs: list[tuple[Any, dict[str, Any]]] = []
    for message in messages:
        assert message["msg_type"] != "error", message["traceback"]
        place = message.get("transient", {}).get("display_id")
        if message["msg_type"] == "update_display_data":
            outputs = [(name, message["data"] if name == place else data) for name, data in outputs]
        elif message["msg_type"] in {"display_data", "execute_result"}:
            outputs.append((place, message["data"]))
    return [data for _, data in outputs]


def test_a_cell_shows_a_snapshot_and_a_panel_once(notebook: Notebook, models: Path) -> None:
    snapshot, panel = shown(notebook.run(f"%%classify --model {models}/tiny\na joy\n<b>dull</b>"))
    assert "2 texts" in snapshot["text/html"]
    assert "&lt;b&gt;dull&lt;/b&gt;" in snapshot["text/html"]
    assert snapshot["text/plain"].startswith("tiny: 2 texts")
    assert WIDGET in panel
    assert panel["text/plain"] == ""


def test_a_last_value_is_shown_as_a_panel_too(notebook: Notebook, models: Path) -> None:
    code = f"import nbtransformers as nbt\nr = nbt.classify(['a joy'], model='{models}/tiny')"
    assert all(data.get("text/plain") == "" for data in shown(notebook.run(code)))
    snapshot, panel = shown(notebook.run("r"))
    assert "1 text " in snapshot["text/html"]
    assert WIDGET in panel
    assert len(shown(notebook.run("nbt.show(r)"))) == 2
    assert len(shown(notebook.run(f"%classify ['a'] --model {models}/tiny\nr"))) == 4


def test_what_utf8_cannot_carry_does_not_break_the_cell(notebook: Notebook, models: Path) -> None:
    code = f"%classify {{'\\ud800': 'a joy', 'y': 'half \\udfff', 'z': None}} --model {models}/tiny --out odd"
    snapshot, panel = shown(notebook.run(code))
    assert "3 texts" in snapshot["text/html"]
    assert WIDGET in panel
    assert "3" in "".join(data["text/plain"] for data in shown(notebook.run("len(odd)")))


def test_a_semicolon_shows_no_panel(notebook: Notebook, models: Path) -> None:
    assert all(data == {"text/plain": ""} for data in shown(notebook.run(f"%classify ['a'] --model {models}/tiny;")))


def test_unloading_leaves_nothing_behind_in_a_notebook(notebook: Notebook, models: Path) -> None:
    look = (
        "f = get_ipython().display_formatter\n"
        "from nbtransformers.results.classification import Classification as C\n"
        "magics = get_ipython().magics_manager.magics\n"
        "print(C in f.ipython_display_formatter.type_printers, 'classify' in magics['cell'])"
    )
    notebook.run(f"%reload_ext nbtransformers\n%classify ['a'] --model {models}/tiny --out r")
    said = [message["text"] for message in notebook.run(look) if message["msg_type"] == "stream"]
    assert said == ["True True\n"]
    notebook.run("%unload_ext nbtransformers")
    said = [message["text"] for message in notebook.run(look) if message["msg_type"] == "stream"]
    assert said == ["False False\n"]
    assert [list(data) for data in shown(notebook.run("r"))] == [["text/plain"]]
    notebook.run("%load_ext nbtransformers")
