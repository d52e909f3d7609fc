"""`%tokenize` in a shell and in a kernel: options, other cells by number and by tag, and what is refused."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import helpers
import pytest
from helpers import Notebook, Terminal
from transformers import ByT5Tokenizer

import nbtransformers as nbt
from nbtransformers.errors import UserError
from nbtransformers.loading import tokenizers as loading
from nbtransformers.magics import cells


@pytest.fixture(scope="module", autouse=True)
def tags_are_forgotten() -> Any:
    yield
    cells._run.clear()  # pyright: ignore[reportPrivateUsage]


# --- the magic ---


def test_a_cell_is_one_text_a_line(terminal: Terminal) -> None:
    result = terminal.run("%%tokenize --max-length 5 --out kept\na good film\n\nbad")
    assert result is terminal.shell.user_ns["kept"]
    assert result.tokens[0] == ["[CLS]", "a", "good", "film", "[SEP]"]
    assert dict(result.reasons) == {1: "empty"}
    assert result.request.max_length == 5


def test_a_cell_can_be_one_text(terminal: Terminal) -> None:
    assert len(terminal.run("%%tokenize --whole\na\nb")) == 1


def test_tokenizers_are_side_by_side(terminal: Terminal) -> None:
    terminal.shell.user_ns["mine"] = helpers.tokenizer()
    result = terminal.run("%tokenize ['a good film'] -m minilm --model mine --no-special-tokens --batch-size 1")
    assert [tokens.name for tokens in result.tokenizers] == ["minilm", "mine"]
    assert [tokens.tokens[0] for tokens in result.tokenizers] == [["a", "good", "film"]] * 2
    assert terminal.run("%tokenize 'a film' --no-special-tokens;") is None


def test_a_result_in_a_terminal_is_printed_once(terminal: Terminal) -> None:
    printed = terminal.printed("%tokenize 'a good film'")
    assert printed.count("[CLS] a good film [SEP]") == 1


# --- other cells ---


def test_another_cell_s_text_is_what_was_typed(terminal: Terminal) -> None:
    number = terminal.shell.execution_count
    terminal.run("%%tokenize\na good film")
    assert terminal.run(f"%tokenize In[{number}]").texts[0] == "%%tokenize\na good film"
    terminal.shell.user_ns["In"] = ["mine"]
    assert terminal.run("%tokenize In[0]").texts[0] == "mine"
    terminal.shell.user_ns["In"] = terminal.shell.history_manager.input_hist_parsed


def notebook_file(folder: Path, *tagged: tuple[str, list[str], str]) -> Path:
    made = [
        {"cell_type": "code", "id": name, "metadata": {"tags": tags}, "source": source} for name, tags, source in tagged
    ]
    path = folder / "Some.ipynb"
    path.write_text(json.dumps({"cells": made, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}), encoding="utf-8")
    return path


@pytest.mark.parametrize("host", ["JPY_SESSION_NAME", "__vsc_ipynb_file__"])
def test_a_tag_is_found_in_the_saved_notebook(
    terminal: Terminal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, host: str
) -> None:
    path = notebook_file(tmp_path, ("a", ["intro", "other"], "a good film\n"), ("b", [], "x"), ("c", ["intro"], "bad"))
    if host == "JPY_SESSION_NAME":
        monkeypatch.setenv(host, str(path))
    else:
        terminal.shell.user_ns[host] = str(path)
    try:
        assert list(terminal.run("%tokenize --cell intro").texts) == ["a good film", "bad"]
        assert terminal.refusal("%tokenize --cell intor") == "No cell has the tag 'intor'. Did you mean intro?"
        path.write_text("{", encoding="utf-8")
        assert terminal.refusal("%tokenize --cell intro") == (
            "No cell has the tag 'intro', nor any other. Give it one, then save the notebook or run it."
        )
    finally:
        terminal.shell.user_ns.pop("__vsc_ipynb_file__", None)


@pytest.mark.skipif("JPY_SESSION_NAME" in os.environ, reason="runs in a notebook")
def test_a_host_that_tells_no_tags(terminal: Terminal) -> None:
    assert terminal.refusal("%tokenize --cell intro") == (
        "Which cell has the tag 'intro' is not known: this host tells no tags. "
        "Type `%tokenize In[3]` with the number of the cell."
    )


@pytest.mark.parametrize("code", ["%%tokenize --cell intro\na film", "%tokenize 'a film' --cell intro"])
def test_there_are_not_two_texts(terminal: Terminal, code: str) -> None:
    assert terminal.refusal(code) == (
        "`--cell intro` names the text, and there is another one. Type `%tokenize --cell intro` alone."
    )


def run_cell(notebook: Notebook, code: str, cell: str, tags: list[str]) -> list[dict[str, Any]]:
    """A cell run as JupyterLab runs it: its id and its own metadata go with the request."""
    client, messages = notebook.client, []
    content = {"code": code, "silent": False, "store_history": True, "allow_stdin": False, "stop_on_error": True}
    message = client.session.msg("execute_request", content, metadata={"cellId": cell, "tags": tags})
    client.shell_channel.send(message)
    while True:
        found = client.get_iopub_msg(timeout=60)
        if found["parent_header"].get("msg_id") != message["header"]["msg_id"]:
            continue
        if found["msg_type"] == "status" and found["content"]["execution_state"] == "idle":
            break
        messages.append({"msg_type": found["msg_type"], **found["content"]})
    client.get_shell_msg(timeout=60)
    return messages


def test_a_kernel_learns_tags_as_cells_are_run(notebook: Notebook) -> None:
    run_cell(notebook, "words = 'a good film'", "cell-1", ["intro"])
    run_cell(notebook, "%tokenize --cell intro --out found", "cell-2", [])
    (told,) = [m for m in run_cell(notebook, "print(list(found.texts))", "cell-3", []) if m["msg_type"] == "stream"]
    assert told["text"] == "[\"words = 'a good film'\"]\n"
    run_cell(notebook, "words = 'another'", "cell-1", ["intro"])  # the newest source counts
    run_cell(notebook, "%tokenize --cell intro --out found", "cell-2", [])
    (told,) = [m for m in run_cell(notebook, "print(list(found.texts))", "cell-3", []) if m["msg_type"] == "stream"]
    assert told["text"] == "[\"words = 'another'\"]\n"
    run_cell(notebook, "words = 'another'", "cell-1", [])  # its tag is taken away
    (error,) = [m for m in run_cell(notebook, "%tokenize --cell intro", "cell-2", []) if m["msg_type"] == "error"]
    assert "Which cell has the tag 'intro' is not known" in "".join(error["traceback"])


def test_a_notebook_gets_a_snapshot_and_a_panel(notebook: Notebook) -> None:
    messages = notebook.run("%%tokenize\na good film\nبيت")
    updates = [m for m in messages if m["msg_type"] == "update_display_data"]
    assert "✂" not in updates[-1]["data"]["text/html"]
    assert "[CLS]" in updates[-1]["data"]["text/html"]
    assert "[CLS] a good film [SEP]" in updates[-1]["data"]["text/plain"]
    assert not [m for m in messages if m["msg_type"] in ("error", "execute_result")]


def test_the_hook_is_gone_after_unloading() -> None:
    with helpers.ipython() as shell:
        before = list(shell.events.callbacks["pre_run_cell"])
        shell.run_line_magic("load_ext", "nbtransformers")
        assert cells._before_cell in shell.events.callbacks["pre_run_cell"]  # pyright: ignore[reportPrivateUsage]
        shell.run_line_magic("unload_ext", "nbtransformers")
        assert shell.events.callbacks["pre_run_cell"] == before


# --- what is refused in loading ---


def said(**given: Any) -> str:
    with pytest.raises(UserError) as caught:
        nbt.tokenize("a film", **given)
    return str(caught.value)


def test_what_is_no_tokenizer() -> None:
    assert said(model=3) == (
        "The tokenizer is 3, an int. Give a name, a folder, a Hub id, a tokenizer, a Transformers model, or a pipeline."
    )
    assert said(model=helpers.tokenizer(), revision="x") == (
        "`revision` is for Hub models, and TokenizersBackend is none. Leave `revision` out."
    )
    assert said(revision="x") == 'A revision needs a model. Add `model="owner/name"`.'
    assert said(model=["minilm", "minilm"]) == "The tokenizer minilm is there twice. Remove one of them."
    assert said(model=(helpers.classifier(), 3)) == (
        "The tokenizer of model is 3, an int. Give the tokenizer itself in its place."
    )
    assert said(max_length=2) == "`max_length` is 2, and 2 tokens of it hold no text. Type 3 or more."


def test_a_folder_without_a_tokenizer(tmp_path: Path, models: Path) -> None:
    assert said(model=models / "no-tokenizer") == (
        "no-tokenizer has no tokenizer: there is no tokenizer.json or vocabulary. "
        f"Call tokenizer.save_pretrained('{models}/no-tokenizer') with its own tokenizer."
    )
    (tmp_path / "empty").mkdir()
    assert said(model=tmp_path / "empty") == (
        f"empty has no tokenizer: there is no tokenizer.json or vocabulary in {tmp_path}/empty. "
        "Give a folder that tokenizer.save_pretrained() wrote."
    )
    (tmp_path / "torn").mkdir()
    (tmp_path / "torn" / "tokenizer.json").write_text("{", encoding="utf-8")
    assert said(model=tmp_path / "torn").startswith("Transformers cannot load torn (")


def test_packages_that_a_sentencepiece_model_needs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "spiece.model").write_bytes(b"x")
    monkeypatch.setattr(loading, "_is_installed", lambda package: False)
    assert said(model=tmp_path) == (
        f"The tokenizer of {tmp_path.name} is a SentencePiece model, which needs sentencepiece and protobuf. "
        "Type `pip install sentencepiece protobuf`."
    )


def test_a_tokenizer_that_fails() -> None:
    class Failing(ByT5Tokenizer):
        def _tokenize(self, text: str) -> list[str]:
            raise ValueError("no words.")

    assert said(model=Failing()) == (
        "The tokenizer fails on these texts: ValueError: no words. "
        "Call it on one of them in plain Transformers to see where."
    )
