"""`%%attention` and `%attention` in a shell, and what stays of a text."""

from __future__ import annotations

import gc
import threading
import weakref
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from helpers import Notebook, Terminal

import nbtransformers as nbt
from nbtransformers.errors import Interrupted
from nbtransformers.interrupt import stopped_by
from nbtransformers.results.attention import Attention

TEXT = "The cat sat because it was tired."


def test_a_cell_is_one_text(terminal: Terminal) -> None:
    shown = terminal.printed(f"%%attention --out a\n\n{TEXT}\nAnd so it slept.\n")
    assert "minilm: 6 layers × 12 heads · 15 tokens" in shown
    found = terminal.shell.user_ns["a"]
    assert isinstance(found, Attention)
    assert found.queries.text == f"{TEXT}\nAnd so it slept."
    assert terminal.shell.user_ns["_"] is found
    np.testing.assert_array_equal(found[2, 3], nbt.attention(found.queries.text)[2, 3])


def test_a_line_is_an_expression_a_text_or_a_file(terminal: Terminal, tmp_path: Path) -> None:
    (tmp_path / "text.txt").write_text(TEXT + "\n", encoding="utf-8")
    expected = nbt.attention(TEXT).tokens
    terminal.shell.push({"texts": [TEXT, "Another."]})
    for typed in ("texts[0]", f"'{TEXT}'", str(tmp_path / "text.txt")):
        assert terminal.run(f"%attention {typed}").tokens == expected, typed
    assert terminal.run("%attention texts[0];") is None
    (tmp_path / "two.txt").write_text("One.\nTwo.\n", encoding="utf-8")
    assert terminal.refusal(f"%attention {tmp_path / 'two.txt'}").endswith(
        f"Of a whole file give `Path('{tmp_path / 'two.txt'}').read_text()`."
    )


def test_options_come_from_the_line_and_from_variables(terminal: Terminal) -> None:
    terminal.shell.push({"other": "Who slept?"})
    found = terminal.run("%attention 'A cat.' --pair {other} --max-length 20")
    assert found.request.pair == "Who slept?"
    assert found.request.run.max_length == 20
    assert found.tokens == ["[CLS]", "a", "cat", ".", "[SEP]", "who", "slept", "?", "[SEP]"]


def test_a_batch_of_a_tokenizer_is_read_as_it_is(terminal: Terminal) -> None:
    terminal.shell.push({"batch": {"input_ids": [[101, 4937, 102], [101, 3899, 102]]}})
    assert terminal.run("%attention batch --row 1").tokens == ["[CLS]", "dog", "[SEP]"]


def test_nothing_of_a_text_is_kept_after_the_next(terminal: Terminal) -> None:
    del terminal
    first = nbt.attention(TEXT)
    first.measures()
    kept = weakref.ref(first.maps)
    del first
    nbt.attention("Another one.")
    gc.collect()
    assert kept() is None


def test_a_stop_from_another_thread_ends_it() -> None:
    stop = threading.Event()
    stop.set()
    with stopped_by(stop.is_set), pytest.raises(Interrupted, match=r"Interrupted"):
        nbt.attention(TEXT)
    assert nbt.attention(TEXT).shape.queries == 10


def test_progress_is_told_by_layers_and_no_hook_stays() -> None:
    from nbtransformers.engine.attention import attention
    from nbtransformers.loading.registry import REGISTRY
    from nbtransformers.progress import Progress
    from nbtransformers.request import AttentionRequest, DataRef

    told: list[Progress] = []
    attention(AttentionRequest(DataRef("whole", TEXT)), {}, told.append)
    running = [progress for progress in told if progress.stage == "running"]
    assert running[0].done == 0
    assert (running[-1].done, running[-1].total, running[-1].unit) == (6, 6, "layers")
    model = next(one for one in REGISTRY.loaded() if one.name == "minilm").model
    assert not any(module._forward_hooks or module._forward_pre_hooks for module in model.modules())


def test_a_notebook_gets_a_panel_and_a_snapshot(notebook: Notebook) -> None:
    messages = notebook.run(f"%%attention\n{TEXT}")
    data: list[dict[str, Any]] = [message.get("data", {}) for message in messages]
    assert any("application/vnd.jupyter.widget-view+json" in found for found in data)
    snapshots = [found["text/html"] for found in data if "text/html" in found]
    assert any("tired" in snapshot for snapshot in snapshots)
    assert not [message for message in messages if message["msg_type"] == "error"]
