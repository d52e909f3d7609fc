"""Results that go to a file: the table that the result would have, whatever interrupts or kills the run on its way."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import helpers
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from helpers import Terminal

import nbtransformers as nbt
from nbtransformers.engine import tofile
from nbtransformers.errors import UserError
from nbtransformers.results import parts as results_parts
from nbtransformers.results.parts import Parts
from nbtransformers.results.stored import Stored

ROWS = 410
PART = 50


@pytest.fixture(autouse=True)
def small_parts(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(tofile, "rows_a_part", lambda task: PART)
    monkeypatch.setattr(results_parts, "_GROUP_ROWS", 4 * PART)
    monkeypatch.chdir(tmp_path)


@pytest.fixture(scope="module")
def model() -> tuple[Any, Any]:
    return helpers.classifier(), helpers.tokenizer()


def texts(rows: int = ROWS) -> list[Any]:
    chance = random.Random(1)
    found: list[Any] = [" ".join(chance.choices(helpers.WORDS, k=chance.randint(1, 40))) for _ in range(rows)]
    found[3], found[60], found[-1] = "", None, "半 a \ud83c joy"
    return found


class Interrupting:
    """A tiny model that is interrupted, or fails, at its n-th batch."""

    def __init__(self, at: int, error: Exception | None = None) -> None:
        self.model, self.tokenizer = helpers.classifier(), helpers.tokenizer()
        self._left = at
        self._error = error
        forward = self.model.forward

        def counted(*args: Any, **kwargs: Any) -> Any:
            self._left -= 1
            if self._left == 0:
                if self._error is not None:
                    raise self._error
                os.kill(os.getpid(), signal.SIGINT)
            return forward(*args, **kwargs)

        self.model.forward = counted


def run(data: Any, model: tuple[Any, Any], to: Any = "out.parquet", **options: Any) -> Stored:
    """Classify into a file."""
    found: Any = nbt.classify(data, model=model[0], tokenizer=model[1], to=to, **options)
    assert isinstance(found, Stored)
    return found


def in_memory(data: Any, model: tuple[Any, Any], path: Path, **options: Any) -> pd.DataFrame:
    """What the file of a result in memory holds."""
    nbt.classify(data, model=model[0], tokenizer=model[1], **options).to_parquet(path)
    return pd.read_parquet(path)


def parts(folder: Path) -> list[str]:
    """The names in the hidden folder."""
    hidden = folder / ".out.parquet.parts"
    return sorted(path.name for path in hidden.iterdir()) if hidden.exists() else []


INDEXES: dict[str, Any] = {
    "numbered": None,
    "named": [f"row {number}" for number in range(ROWS)],
    "numbers, then names": [*range(ROWS - 1), "last"],
    "days": pd.date_range("2026-01-01", periods=ROWS),
    "two levels": pd.MultiIndex.from_product([["a", "b"], range(ROWS // 2)], names=["which", "number"]),
}


@pytest.mark.parametrize("index", INDEXES)
def test_a_file_holds_what_the_result_would(tmp_path: Path, model: Any, index: str) -> None:
    data = pd.Series(texts(), index=INDEXES[index], dtype=object)
    stored = run(data, model)
    expected = in_memory(data, model, tmp_path / "memory.parquet")
    pd.testing.assert_frame_equal(pd.read_parquet(stored), expected)
    pd.testing.assert_frame_equal(stored.to_pandas(), expected)
    assert pq.read_schema(stored.path).equals(pq.read_schema(tmp_path / "memory.parquet"), check_metadata=True)
    assert (stored.rows, stored.total, stored.done, len(stored)) == (ROWS, ROWS, True, ROWS)
    assert stored.nbytes == stored.path.stat().st_size
    assert parts(tmp_path) == []


@pytest.mark.parametrize("suffix", [".parquet", ".csv", ".jsonl"])
def test_files_are_read_and_written_in_stretches(tmp_path: Path, model: Any, suffix: str) -> None:
    frame = pd.DataFrame({"text": texts()[:-1], "stars": range(ROWS - 1)})
    path = tmp_path / f"in{suffix}"
    if suffix == ".parquet":
        frame.to_parquet(path, row_group_size=70)
    elif suffix == ".csv":
        frame.to_csv(path, index=False)
    else:
        frame.to_json(path, orient="records", lines=True)
    stored = run(path, model, column="text")
    expected = in_memory(path, model, tmp_path / "memory.parquet", column="text")
    pd.testing.assert_frame_equal(pd.read_parquet(stored), expected)


def test_nothing_is_a_file_too(tmp_path: Path, model: Any) -> None:
    pd.DataFrame({"text": pd.Series([], dtype=str)}).to_parquet(tmp_path / "in.parquet")
    stored = run(tmp_path / "in.parquet", model)
    assert stored.rows == 0
    assert list(pd.read_parquet(stored).columns) == ["text", "label", "score", "reason", "red", "green", "blue"]


def test_the_same_notes_are_told(model: Any) -> None:
    data = ["a joy " * 40, "dull", *texts(100)]
    stored = run(data, model)
    expected = nbt.classify(data, model=model[0], tokenizer=model[1]).notes
    assert set(expected) <= set(stored.notes)
    assert any("went unread" in note for note in stored.notes)


@pytest.mark.parametrize("seed", range(6))
def test_an_interrupt_keeps_the_parts_and_resuming_writes_the_same_file(tmp_path: Path, model: Any, seed: int) -> None:
    data = texts()
    whole = run(data, model, "whole.parquet", threads=1, batch_tokens=256)
    broken = Interrupting(random.Random(seed).randint(8, 40))
    stored = run(data, (broken.model, broken.tokenizer), threads=1, batch_tokens=256)
    assert not stored.done
    assert stored.rows % PART == 0
    assert 0 < stored.rows < ROWS
    assert stored.notes[0] == (
        f"Interrupted: {stored.rows} of {ROWS} rows are kept. Type the same again with `--resume` for the rest."
    )
    assert not (tmp_path / "out.parquet").exists()
    assert len(stored.head) == PART
    again = run(data, model, threads=1, batch_tokens=256, resume=True)
    assert again.done
    assert again.path.read_bytes() == whole.path.read_bytes()
    assert parts(tmp_path) == []


def test_resuming_does_nothing_twice(model: Any) -> None:
    data = texts()
    broken = Interrupting(20)
    before = run(data, (broken.model, broken.tokenizer), batch_tokens=256)
    counted = Interrupting(10**9)
    after = run(data, (counted.model, counted.tokenizer), batch_tokens=256, resume=True)
    whole = run(data, model, "whole.parquet", batch_tokens=256)
    assert after.run.tokens == whole.run.tokens - sum(
        nbt.classify(data[: before.rows], model=model[0], tokenizer=model[1]).tokens
    )


def test_an_interrupt_before_the_first_part_leaves_nothing(tmp_path: Path) -> None:
    from nbtransformers.errors import Interrupted

    broken = Interrupting(1)
    with pytest.raises(Interrupted):
        run(texts(), (broken.model, broken.tokenizer))
    assert list(tmp_path.iterdir()) == []


def test_a_failing_input_keeps_the_parts(tmp_path: Path, model: Any) -> None:
    path = tmp_path / "in.parquet"
    pq.write_table(pa.table({"text": texts()[:-1]}), path, row_group_size=100, compression="NONE")
    place = pq.read_metadata(path).row_group(3).column(0).data_page_offset
    content = bytearray(path.read_bytes())
    content[place : place + 40] = b"\xff" * 40
    path.write_bytes(content)
    stored = run(path, model)
    assert not stored.done
    assert stored.rows == 300
    assert stored.notes[0].startswith("Stopped at row 300: in.parquet is damaged (")
    assert stored.notes[0].endswith(": 300 of 409 rows are kept. Type the same again with `--resume` for the rest.")


def test_nothing_to_resume_begins(model: Any) -> None:
    assert run(texts(), model, resume=True).done


def test_an_overwritten_file_stays_until_the_new_one_is_whole(tmp_path: Path, model: Any) -> None:
    first = run(["a joy"], model)
    before = first.path.read_bytes()
    broken = Interrupting(20)
    stored = run(texts(), (broken.model, broken.tokenizer), overwrite=True)
    assert not stored.done
    assert first.path.read_bytes() == before
    assert run(texts(), model, resume=True).rows == ROWS
    assert len(pd.read_parquet("out.parquet")) == ROWS


def test_a_run_that_was_killed_while_it_gave_the_file_its_name_is_cleared_away(tmp_path: Path, model: Any) -> None:
    stored = run(texts(100), model)
    whole = stored.path.read_bytes()
    stored.path.unlink()
    broken = Interrupting(10)
    left = run(texts(), (broken.model, broken.tokenizer))
    with Parts.of(left) as begun:  # as it is when the file has its name, and the parts were not taken away
        begun.note({**(begun.manifest or {}), "joined": True})
    stored.path.write_bytes(whole)
    with pytest.raises(UserError, match="is there already"):
        run(texts(), model, resume=True)
    assert parts(tmp_path) == []


# --- what is refused ---


@pytest.fixture
def begun(tmp_path: Path) -> list[Any]:
    """A run that was interrupted after some parts, of these texts."""
    broken = Interrupting(20)
    stored = run(texts(), (broken.model, broken.tokenizer), batch_tokens=256)
    assert not stored.done
    assert stored.rows > 0
    return texts()


def refusal(call: Any) -> str:
    with pytest.raises(UserError) as caught:
        call()
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_a_file_that_is_there_is_not_written_over(model: Any) -> None:
    run(["a joy"], model)
    told = "out.parquet is there already. Give another name, or type `overwrite`."
    assert refusal(lambda: run(["dull"], model)) == told
    assert refusal(lambda: run(["dull"], model, resume=True)) == (
        "out.parquet is there already, finished. "
        "Type `overwrite` in the place of `resume` to make it anew, or give another name."
    )
    assert run(["dull"], model, overwrite=True).to_pandas().text.tolist() == ["dull"]


@pytest.mark.parametrize("name", ["in.parquet", "./in.parquet", "link.parquet", "hard.parquet"])
@pytest.mark.parametrize("options", [{}, {"overwrite": True}, {"resume": True}])
def test_what_is_read_is_not_written_over(model: Any, tmp_path: Path, name: str, options: dict[str, Any]) -> None:
    path = tmp_path / "in.parquet"
    pd.DataFrame({"text": ["a joy", "dull"]}).to_parquet(path)
    (tmp_path / "link.parquet").symlink_to(path)
    (tmp_path / "hard.parquet").hardlink_to(path)
    before = path.read_bytes()
    told = f"{Path(name).name} is what is read. Give another name."
    assert refusal(lambda: run(Path("in.parquet"), model, name, **options)) == told
    assert path.read_bytes() == before
    assert {entry.name for entry in tmp_path.iterdir()} == {"in.parquet", "link.parquet", "hard.parquet"}


def test_contexts_that_are_read_are_not_written_over(tmp_path: Path) -> None:
    path = tmp_path / "contexts.parquet"
    pd.DataFrame({"text": ["a joy", "dull"]}).to_parquet(path)
    told = "contexts.parquet is what is read. Give another name."
    assert refusal(lambda: nbt.answer(["what?"] * 2, path, to=path, overwrite=True)) == told


def test_parts_are_not_thrown_away_by_accident(begun: list[Any], model: Any, tmp_path: Path) -> None:
    kept = parts(tmp_path)
    assert refusal(lambda: run(begun, model)).endswith(
        "rows are done. Type `resume` to go on, or `overwrite` to begin anew."
    )
    assert parts(tmp_path) == kept
    assert run(begun, model, overwrite=True).done


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (
            {"threshold": 0.7},
            "out.parquet was begun with another request: `threshold` was 0.5, and is 0.7 now. "
            "Give what it was begun with. Type `overwrite` to begin anew.",
        ),
        ({"max_length": 8}, "`max_length` was left out, and is 8 now."),
        ({"long": "window"}, "`long` was 'truncate', and is 'window' now."),
    ],
)
def test_another_request_does_not_go_on(begun: list[Any], model: Any, change: dict[str, Any], told: str) -> None:
    assert told in refusal(lambda: run(begun, model, resume=True, **change))
    assert run(begun, model, resume=True).done


def test_another_model_does_not_go_on(begun: list[Any], model: Any) -> None:
    other = helpers.classifier()
    with __import__("torch").no_grad():
        other.classifier.bias += 1
    assert refusal(lambda: run(begun, (other, model[1]), resume=True)) == (
        "out.parquet was begun with another model than model, or another version of it. "
        "Give that one. Type `overwrite` to begin anew."
    )
    half = helpers.classifier().bfloat16()
    assert "another" in refusal(lambda: run(begun, (half, model[1]), resume=True))
    assert run(begun, model, resume=True).done


def test_another_input_does_not_go_on(begun: list[Any], model: Any) -> None:
    changed = [*begun]
    changed[70] = "another text"
    assert refusal(lambda: run(changed, model, resume=True)) == (
        "data has changed since: rows 50 to 99 hold other texts. Type `overwrite` to begin anew."
    )
    assert refusal(lambda: run(begun[:-1], model, resume=True)) == (
        "data has changed since: it had 410 rows, and has 409 rows now. Type `overwrite` to begin anew."
    )
    assert run(begun, model, resume=True).done


def test_a_parquet_file_with_other_columns_does_not_go_on(tmp_path: Path, model: Any) -> None:
    path = tmp_path / "in.parquet"
    frame = pd.DataFrame({"text": texts()[:-1]})
    frame.to_parquet(path)
    broken = Interrupting(20)
    assert not run(path, (broken.model, broken.tokenizer), column="text").done
    frame.assign(stars=1).to_parquet(path)
    assert refusal(lambda: run(path, model, column="text", resume=True)) == (
        "in.parquet has changed since: it has other columns now. Type `overwrite` to begin anew."
    )
    frame.to_parquet(path)
    assert run(path, model, column="text", resume=True).done


def test_a_part_with_other_columns_does_not_go_on(begun: list[Any], model: Any, tmp_path: Path) -> None:
    path = tmp_path / ".out.parquet.parts" / "part-000001.parquet"
    table, facts = pq.read_table(path), pq.read_metadata(path).metadata[b"nbtransformers"]
    with pq.ParquetWriter(path, pa.schema([table.schema.field("text")])) as writer:
        writer.write_table(table.select(["text"]))
        writer.add_key_value_metadata({"nbtransformers": facts.decode()})
    assert refusal(lambda: run(begun, model, resume=True)) == (
        "part-000001.parquet of out.parquet has other columns than the parts before it. Type `overwrite` to begin anew."
    )


@pytest.mark.parametrize("name", ["part-000001.parquet", "manifest.json"])
def test_a_damaged_part_is_told(begun: list[Any], model: Any, tmp_path: Path, name: str) -> None:
    path = tmp_path / ".out.parquet.parts" / name
    path.write_bytes(path.read_bytes()[:40])
    told = f"{name} of out.parquet is damaged. Type `overwrite` to begin anew."
    assert refusal(lambda: run(begun, model, resume=True)) == told
    assert run(begun, model, overwrite=True).done


def test_parts_of_another_version_do_not_go_on(begun: list[Any], model: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tofile, "VERSION", 2)
    assert refusal(lambda: run(begun, model, resume=True)) == (
        "out.parquet was begun by another version of nbtransformers. Type `overwrite` to begin anew."
    )


def test_two_runs_do_not_write_one_file(model: Any) -> None:
    with Parts.of("out.parquet"):
        assert refusal(lambda: run(["a joy"], model)) == (
            "Another run is writing out.parquet. Wait for its end, or give another name."
        )
    assert run(["a joy"], model).done


def test_there_must_be_a_folder(model: Any, tmp_path: Path) -> None:
    assert refusal(lambda: run(["a joy"], model, "nowhere/out.parquet")) == (
        f"There is no folder {tmp_path}/nowhere. Make it, or give another path."
    )
    (tmp_path / "out.parquet").mkdir()
    assert refusal(lambda: run(["a joy"], model)) == "out.parquet is a folder. Give the path of a file."


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (
            {"to": "out.csv"},
            "`to` writes Parquet, and 'out.csv' is called otherwise. "
            'Type `to="out.parquet"`; a result in memory has to_csv().',
        ),
        ({"to": 3}, '`to` is 3, not the name of a file. Type `to="out.parquet"`.'),
        ({"to": " "}, "`to` is ' ', not the name of a file. Type `to=\"out.parquet\"`."),
        ({"resume": True}, '`resume` is for a file, and there is none. Add `to="out.parquet"`.'),
        ({"overwrite": True}, '`overwrite` is for a file, and there is none. Add `to="out.parquet"`.'),
        (
            {"to": "out.parquet", "resume": True, "overwrite": True},
            "`resume` goes on with what `overwrite` would throw away. Leave one of the two out.",
        ),
    ],
)
def test_options_that_do_not_fit_are_told(options: dict[str, Any], told: str) -> None:
    assert refusal(lambda: nbt.classify(["a joy"], **options)) == told


def test_a_matrix_has_no_rows_for_a_file() -> None:
    assert refusal(lambda: nbt.similar(["a joy", "dull"], to="out.parquet")) == (
        "`to` is for results of one row a text, and this one is a matrix. "
        "Leave `to` out; `nbt.embed` writes the vectors into a file."
    )


def test_a_file_is_not_resumed_as_a_result_is(begun: list[Any], model: Any) -> None:
    broken = Interrupting(5)
    stored: Any = run(begun, (broken.model, broken.tokenizer), resume=True)
    assert refusal(lambda: nbt.resume(stored)) == (
        "out.parquet is gone on with by the call that began it. Type the same again with `resume`."
    )
    done: Any = run(begun, model, resume=True)
    assert nbt.resume(done) is done


FULL = """
import resource, signal, sys
sys.path.insert(0, {tests!r})
import helpers
import nbtransformers as nbt
from nbtransformers.engine import tofile
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
tofile.rows_a_part = lambda task: 50
model, tokenizer = helpers.classifier(), helpers.tokenizer()
texts = ["a joy"] * 200 + ["".join(map(chr, range(1000 + 50 * row, 1900 + 50 * row))) for row in range(100)]
resource.setrlimit(resource.RLIMIT_FSIZE, (40_000, 40_000))
try:
    nbt.classify(texts, model=model, tokenizer=tokenizer, to="out.parquet")
except nbt.UserError as error:
    print(error)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="has no such limits")
def test_a_full_disk_keeps_the_parts(tmp_path: Path) -> None:
    """A limit on the size of files stands for the end of the disk: the same call fails, at the same place."""
    code = FULL.format(tests=str(Path(helpers.__file__).parent))
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=tmp_path)
    assert done.stdout.strip() == (
        "out.parquet cannot be written (File too large): 250 rows are kept. "
        "Make room, and type the same again with `resume`."
    )
    assert parts(tmp_path) == ["lock", "manifest.json", *(f"part-00000{number}.parquet" for number in range(5))]


# --- other tasks ---


def test_a_table_of_several_rows_a_text_goes_to_a_file(tmp_path: Path) -> None:
    import torch
    from transformers import BertForTokenClassification

    torch.manual_seed(0)
    labels = ("O", "B-person", "I-person", "B-place", "I-place")
    tagger, tokenizer = BertForTokenClassification(helpers.bert_config(labels)).eval(), helpers.tokenizer()
    data = pd.Series(texts(), index=[f"row {number}" for number in range(ROWS)], dtype=object)
    stored: Any = nbt.entities(data, model=tagger, tokenizer=tokenizer, to="out.parquet")
    result = nbt.entities(data, model=tagger, tokenizer=tokenizer)
    result.to_parquet("memory.parquet")
    pd.testing.assert_frame_equal(pd.read_parquet(stored), pd.read_parquet("memory.parquet"))
    assert len(pd.read_parquet(stored)) > ROWS


def test_answers_go_to_a_file_with_their_own_contexts() -> None:
    import torch
    from transformers import BertForQuestionAnswering

    torch.manual_seed(0)
    reader, tokenizer = BertForQuestionAnswering(helpers.bert_config(("start", "end"))).eval(), helpers.tokenizer()
    contexts = [f"{text} {number}" for number, text in enumerate(texts()[5:-1])]
    questions = ["a joy?"] * len(contexts)
    given: dict[str, Any] = {"model": reader, "tokenizer": tokenizer}
    stored: Any = nbt.answer(questions, contexts, **given, to="out.parquet")
    result = nbt.answer(questions, contexts, **given)
    result.to_parquet("memory.parquet")
    pd.testing.assert_frame_equal(pd.read_parquet(stored), pd.read_parquet("memory.parquet"))


def test_vectors_go_to_a_file() -> None:
    data = [f"a joy {number}" for number in range(120)]
    stored: Any = nbt.embed(data, to="out.parquet")
    result = nbt.embed(data)
    found = np.stack(pd.read_parquet(stored)["vector"].to_numpy())
    np.testing.assert_allclose(found, result.vectors, atol=1e-5)


@pytest.mark.parametrize("task", ["generate", "fill"])
def test_what_models_write_goes_to_a_file(task: str) -> None:
    import torch
    from transformers import BertForMaskedLM, LlamaConfig, LlamaForCausalLM

    torch.manual_seed(0)
    given: dict[str, Any]
    if task == "generate":
        sizes = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 32}
        config = LlamaConfig(vocab_size=400, max_position_embeddings=64, bos_token_id=2, eos_token_id=3, **sizes)
        given = {"model": LlamaForCausalLM(config).eval(), "max_new_tokens": 3}
        tokenizer = helpers.tokenizer()
    else:
        given = {"model": BertForMaskedLM(helpers.bert_config()).eval()}
        tokenizer = helpers.tokenizer(mask_token="[UNK]")
    data = [f"a joy {number} [UNK]" for number in range(120)] + [None]
    call = getattr(nbt, task)
    stored: Any = call(data, tokenizer=tokenizer, to="out.parquet", **given)
    assert isinstance(stored, Stored)
    call(data, tokenizer=tokenizer, **given).to_parquet("memory.parquet")
    pd.testing.assert_frame_equal(pd.read_parquet(stored), pd.read_parquet("memory.parquet"))


# --- the magic ---


def test_the_magic_writes_and_goes_on(terminal: Terminal, model: Any, tmp_path: Path) -> None:
    broken = Interrupting(20)
    terminal.shell.push({"texts": texts(), "broken": (broken.model, broken.tokenizer), "whole": model})
    printed = terminal.printed("%classify texts --model broken --batch-tokens 256 --to out.parquet")
    assert "rows are kept. Type the same again with `--resume` for the rest." in printed
    assert terminal.refusal("%classify texts --model whole --batch-tokens 256 --to out.parquet").endswith(
        "rows are done. Type `--resume` to go on, or `--overwrite` to begin anew."
    )
    printed = terminal.printed("%classify texts --model whole --batch-tokens 256 --to out.parquet --resume --out kept")
    assert "out.parquet: 410 texts · " in printed
    assert isinstance(terminal.shell.user_ns["kept"], Stored)
    assert len(pd.read_parquet("out.parquet")) == ROWS


# --- a kernel that is killed; a million rows ---

KILLED = """
%load_ext nbtransformers
import sys
sys.path.insert(0, {tests!r})
import helpers
model = helpers.classifier(), helpers.tokenizer()
"""


@pytest.mark.slow
def test_killing_the_kernel_loses_one_part_at_most(tmp_path: Path) -> None:
    rows = 60_000
    numbers = np.arange(rows)
    words = np.array(helpers.WORDS)
    chance = np.random.default_rng(3)
    made = [" ".join(words[chance.integers(0, len(words), 1 + number % 6)]) + f" {number}" for number in numbers]
    pq.write_table(pa.table({"text": made}), tmp_path / "in.parquet", row_group_size=13_000)
    setup = KILLED.format(tests=str(Path(helpers.__file__).parent))
    line = f"%classify {tmp_path}/in.parquet --column text --model model --to {tmp_path}/"

    with helpers.kernel() as notebook:
        notebook.run(setup)
        notebook.client.execute(line + "out.parquet")
        hidden = tmp_path / ".out.parquet.parts"
        until = time.monotonic() + 120
        while not (hidden / "part-000003.parquet").exists():
            assert time.monotonic() < until
            time.sleep(0.02)
        notebook.manager.signal_kernel(signal.SIGKILL)
        time.sleep(0.5)
    done = len(list(hidden.glob("part-*.parquet")))
    assert 4 <= done < 20
    assert not (tmp_path / "out.parquet").exists()

    with helpers.kernel() as notebook:
        notebook.run(setup)
        for name in ("out.parquet --resume", "whole.parquet"):
            messages = notebook.run(line + name, timeout=300)
            assert not [message for message in messages if message["msg_type"] == "error"], messages
    resumed, whole = (pq.ParquetFile(tmp_path / name) for name in ("out.parquet", "whole.parquet"))
    assert resumed.metadata.num_rows == rows
    assert resumed.metadata.num_row_groups == whole.metadata.num_row_groups == 3
    assert not hidden.exists()
    first, second = resumed.read(), whole.read()
    assert first.schema.equals(second.schema, check_metadata=True)
    assert first.equals(second)
    assert (tmp_path / "out.parquet").read_bytes() == (tmp_path / "whole.parquet").read_bytes()


BOUNDED = """
import json, sys
from pathlib import Path
sys.path.insert(0, {tests!r})
import helpers, psutil
import nbtransformers as nbt
from nbtransformers.results.parts import Parts
here, used, add = psutil.Process(), [], Parts.add
def watched(self, *given):
    notes = add(self, *given)
    used.append(here.memory_info().rss)
    return notes
Parts.add = watched
model, tokenizer = helpers.classifier(), helpers.tokenizer()
nbt.classify(Path("in.parquet"), model=model, tokenizer=tokenizer, max_length=4, to="out.parquet")
print(json.dumps(used))
"""


@pytest.mark.slow
def test_memory_does_not_grow_with_the_rows(tmp_path: Path) -> None:
    made = [f"{row} {'x' * 800}" for row in range(100_000)]  # long in memory, and two tokens for the model
    pq.write_table(pa.table({"text": made}), tmp_path / "in.parquet", row_group_size=20_000)
    code = BOUNDED.format(tests=str(Path(helpers.__file__).parent))
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=tmp_path)
    used = json.loads(done.stdout)
    assert pq.read_metadata(tmp_path / "out.parquet").num_rows == 100_000
    assert len(used) == 50
    size = sum(map(len, made))  # 80 MB, and so would the texts of the result be
    assert max(used[20:]) - max(used[:20]) < size / 4, used
    shutil.rmtree(tmp_path)
