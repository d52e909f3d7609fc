"""The run directory: torn lines, steps that are done again, numbers of processes that are given again, two writers."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from filelock import FileLock
from hypothesis import given
from hypothesis import strategies as st
from rundirs import million

from nbtransformers.errors import UserError
from nbtransformers.rundir import atomic, control, heartbeat, state
from nbtransformers.rundir.control import Controls
from nbtransformers.rundir.events import STEPPED, EventWriter, event_of, fold, read_events
from nbtransformers.rundir.folder import COMPLETE, RunFolder
from nbtransformers.rundir.heartbeat import Heartbeat
from nbtransformers.rundir.lines import Lines, from_the_end
from nbtransformers.rundir.listing import find_run, free_name, new_run, run_folders
from nbtransformers.rundir.state import ENDED, STATES, Told, is_owned, state_of

# --- events ---

TEXTS = st.text(max_size=20)


@given(notes=st.lists(TEXTS, max_size=8), torn=st.integers(0, 400), more=st.lists(TEXTS, max_size=3))
def test_a_file_torn_anywhere_loses_only_the_torn_line(
    tmp_path_factory: pytest.TempPathFactory, notes: list[str], torn: int, more: list[str]
) -> None:
    path = tmp_path_factory.mktemp("torn") / "events.jsonl"
    _write(path, notes, 1)
    whole = path.read_bytes()
    left = whole[: max(0, len(whole) - torn)]
    path.write_bytes(left)
    survived = [note for note, end in zip(notes, _ends(whole), strict=True) if end <= len(left)]
    assert [event["text"] for event in read_events(path)] == survived
    _write(path, more, 2)
    read = read_events(path)
    texts = [event["text"] for event in read]
    # A line that lacks only its line end is whole once the next attempt has ended it.
    assert texts in ([*survived, *more], [*notes[: len(survived) + 1], *more])
    assert all(event["attempt"] == 1 for event in read[: len(survived)])
    if survived:
        assert {event["attempt"] for event in read[len(read) - len(more) :]} <= {2}


@given(notes=st.lists(TEXTS, max_size=8), cuts=st.lists(st.integers(0, 600), max_size=6))
def test_a_file_that_grows_in_any_pieces_is_read_as_at_once(
    tmp_path_factory: pytest.TempPathFactory, notes: list[str], cuts: list[int]
) -> None:
    path = tmp_path_factory.mktemp("grown") / "events.jsonl"
    _write(path, notes, 1)
    whole, growing = path.read_bytes(), path.with_name("growing.jsonl")
    lines, read = Lines(growing), []
    assert list(lines.new()) == []
    for cut in [*sorted(cuts), len(whole)]:
        growing.write_bytes(whole[:cut])
        read += [event_of(line) for some in lines.new() for line in some]
    assert read == read_events(path)


@given(
    lines=st.lists(st.binary(max_size=12).map(lambda line: line.replace(b"\n", b"").replace(b"\r", b""))),
    size=st.integers(1, 9),
)
def test_from_the_end_the_same_lines_are_read(
    tmp_path_factory: pytest.TempPathFactory, lines: list[bytes], size: int
) -> None:
    path = tmp_path_factory.mktemp("ended") / "events.jsonl"
    assert list(from_the_end(path)) == []
    path.write_bytes(b"\n".join(lines))  # the last one is not whole yet
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("nbtransformers.rundir.lines.BLOCK", size)
        assert [line for some in from_the_end(path) for line in some] == lines[:-1][::-1]


def test_an_event_is_on_the_disk_before_the_next_is_written(tmp_path: Path) -> None:
    writer = EventWriter(tmp_path / "events.jsonl", 1)
    for step in range(3):
        writer.write("step", step=step)
        assert [event["step"] for event in read_events(tmp_path / "events.jsonl")] == list(range(step + 1))
    writer.close()


def test_what_is_no_number_cannot_be_written(tmp_path: Path) -> None:
    writer = EventWriter(tmp_path / "events.jsonl", 1)
    with pytest.raises(ValueError, match="JSON"):
        writer.write("step", step=1, loss=float("nan"))
    writer.write("step", step=1, loss=None)
    assert [event["loss"] for event in read_events(tmp_path / "events.jsonl")] == [None]


def test_lines_that_are_no_events_are_left_out(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    path.write_bytes(b'{"type": "note"}\n[1]\n\xff\xfe\n{"x": 1}\n\n{"type": "eval"}\n{"type": "step", "step": 1}\n')
    assert [event["type"] for event in read_events(path)] == ["note", "step"]


def _write(path: Path, notes: list[str], attempt: int) -> None:
    writer = EventWriter(path, attempt)
    for note in notes:
        writer.write("note", text=note)
    writer.close()


def _ends(whole: bytes) -> list[int]:
    """The byte behind the line end of each line."""
    return [number + 1 for number, byte in enumerate(whole) if byte == ord("\n")]


# --- folding ---

EVERY, STEPS = 3, 12  # a checkpoint and an evaluation each 3 steps of 12


def _attempt(start: int, stop: int, number: int) -> list[dict[str, Any]]:
    """What a worker tells that begins after a step and is killed after another."""
    told: list[dict[str, Any]] = [{"type": "attempt", "resumed_from": start or None, "attempt": number}]
    for step in range(start + 1, stop + 1):
        told.append({"type": "step", "step": step})
        if step % EVERY == 0:
            told += [{"type": kind, "step": step} for kind in ("eval", "best", "checkpoint")]
    return told


@given(st.lists(st.integers(0, STEPS), max_size=8))
def test_however_often_it_was_killed_the_folded_run_is_the_uninterrupted_one(kills: list[int]) -> None:
    told: list[dict[str, Any]] = []
    start = 0
    for number, kill in enumerate([*kills, STEPS], 1):
        stop = max(start, kill)
        told += _attempt(start, stop, number)
        start = stop // EVERY * EVERY  # its last checkpoint
    stepped = [(event["type"], event["step"]) for event in fold(told) if event["type"] in STEPPED]
    straight = [(event["type"], event["step"]) for event in _attempt(0, STEPS, 1) if event["type"] in STEPPED]
    assert stepped == straight
    assert sum(event["type"] == "attempt" for event in fold(told)) == len(kills) + 1


# --- control ---


def test_commands_of_many_writers_are_all_whole(tmp_path: Path) -> None:
    path = tmp_path / "control.jsonl"
    code = "import sys; from pathlib import Path; from nbtransformers.rundir.control import tell\n"
    code += "for n in range(200): tell(Path(sys.argv[1]), 'lr', factor=0.5, who=sys.argv[2], number=n)"
    writers = [subprocess.Popen([sys.executable, "-c", code, str(path), str(who)]) for who in range(3)]
    controls, read = Controls(path), []
    while any(writer.poll() is None for writer in writers):
        read += controls.new()
    read += controls.new()
    assert [writer.returncode for writer in writers] == [0, 0, 0]
    for who in range(3):
        assert [message["number"] for message in read if message["who"] == str(who)] == list(range(200))
    assert len({message["id"] for message in read}) == 600


def test_what_was_told_before_a_worker_was_started_is_not_for_it(tmp_path: Path) -> None:
    path = tmp_path / "control.jsonl"
    assert Controls(path).new() == []
    control.tell(path, "stop")
    later = Controls(path, path.stat().st_size)
    number = control.tell(path, "lr", factor=2)
    with path.open("ab") as file:
        file.write(b'{"command": "explode"}\nnothing\n{"command": "pau')
    assert [(message["id"], message["factor"]) for message in later.new()] == [(number, 2)]
    assert later.new() == []


# --- signs of life ---


def test_a_process_is_known_by_its_number_and_its_beginning(tmp_path: Path) -> None:
    mine = heartbeat.of_process(os.getpid())
    assert heartbeat.is_alive(mine)
    mine.write(tmp_path / "heartbeat.json")
    assert heartbeat.read(tmp_path / "heartbeat.json") == mine
    another = Heartbeat(mine.pid, mine.started - 3600, mine.host, time.time() - 60)
    assert not heartbeat.is_alive(another)  # this process got the number of one that has gone
    assert not heartbeat.is_alive(None)


def test_a_worker_that_gives_signs_lives_also_when_the_clock_was_set() -> None:
    mine = heartbeat.of_process(os.getpid())  # whose beginning psutil now reckons otherwise
    assert heartbeat.is_alive(Heartbeat(mine.pid, mine.started - 3600, mine.host, time.time() - 5))
    assert not heartbeat.is_alive(Heartbeat(2**22 + 1, mine.started, mine.host, time.time()))  # no such process


def test_a_run_is_owned_by_who_holds_its_lock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(state, "_ENDING_S", 0.2)
    folder = RunFolder(tmp_path / "a-1")
    assert not is_owned(folder)
    assert not folder.path.exists()
    folder.path.mkdir()
    lock = FileLock(folder.lock, thread_local=False)
    with lock:
        assert is_owned(folder)
        threading.Timer(0.05, lock.release).start()  # a worker that was just ending
        assert not is_owned(folder)
    assert not is_owned(folder)


def test_a_process_that_has_ended_is_dead_also_before_anybody_asked_how() -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        beat = heartbeat.of_process(process.pid)
        assert heartbeat.is_alive(beat)
        process.kill()
        ended = psutil.Process(process.pid)
        while ended.status() != psutil.STATUS_ZOMBIE:
            time.sleep(0.01)
        assert not heartbeat.is_alive(beat)
    assert not heartbeat.is_alive(beat)


def test_a_worker_of_another_machine_lives_while_it_gives_signs() -> None:
    now = time.time()
    assert heartbeat.is_alive(Heartbeat(1, now, "elsewhere", now - 5))
    assert not heartbeat.is_alive(Heartbeat(1, now, "elsewhere", now - heartbeat.SILENT_S - 5))


def test_a_sign_of_life_with_more_in_it_is_read(tmp_path: Path) -> None:
    path = tmp_path / "heartbeat.json"
    path.write_text('{"pid": 1, "started": 2, "host": "a", "time": 3, "of_a_later_version": true}')
    assert heartbeat.read(path) == Heartbeat(1, 2, "a", 3)


# --- state ---


def _told(*events: dict[str, Any]) -> Told:
    told = Told()
    told.add(events)
    return told


def _is(state: str, **more: Any) -> dict[str, Any]:
    return {"type": "state", "state": state, **more}


def _begins(pid: int) -> dict[str, Any]:
    return {"type": "attempt", "pid": pid, "resumed_from": None}


@pytest.mark.parametrize(
    ("events", "living", "state"),
    [
        ([], 7, "starting"),
        ([], None, "dead"),
        ([_begins(7)], 7, "starting"),
        ([_begins(7), _is("running")], 7, "running"),
        ([_begins(7), _is("running")], None, "dead"),
        ([_begins(7), _is("paused")], None, "dead"),
        ([_begins(7), _is("done")], None, "done"),
        ([_begins(7), _is("done")], 7, "done"),
        ([_begins(7), _is("failed")], None, "failed"),
        ([_begins(7), _is("running")], 8, "starting"),
        ([_begins(7), _is("stopped")], 8, "starting"),
        ([_begins(7), _is("stopped"), _begins(8)], None, "dead"),
        ([_begins(7), _is("stopped"), _begins(8), _is("running")], 8, "running"),
    ],
)
def test_the_state_follows_from_what_was_told_and_who_lives(
    events: list[dict[str, Any]], living: int | None, state: str
) -> None:
    assert _told(*events).now(living) == state
    assert living is not None or state in ENDED


@given(
    events=st.lists(
        st.one_of(
            st.integers(7, 9).map(_begins),
            st.sampled_from(STATES).map(_is),
            st.integers(1, 3).map(lambda step: {"type": "step", "step": step}),
            st.just({"type": "note", "text": '{"type": "state"}'}),
        ),
        max_size=12,
    ),
    living=st.sampled_from([None, 7, 8]),
)
def test_the_state_that_is_read_from_the_end_is_that_of_all_that_was_told(
    tmp_path_factory: pytest.TempPathFactory, events: list[dict[str, Any]], living: int | None
) -> None:
    folder = RunFolder(tmp_path_factory.mktemp("told"))
    writer = EventWriter(folder.events, 1)
    for event in events:
        writer.write(**event)
    writer.close()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(state, "living_worker", lambda _: living)
        assert state_of(folder) == _told(*events).now(living)


@pytest.mark.parametrize("ended", [True, False])
def test_of_a_long_run_only_what_says_its_state_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ended: bool
) -> None:
    written = million(tmp_path / "run", 100_000)
    if ended:
        written.write("state", state="done")
        monkeypatch.setattr(state, "living_worker", lambda _: None)
    blocks, parsed = [0], [0]

    def counted_blocks(path: Path) -> Iterator[list[bytes]]:
        for lines in from_the_end(path):
            blocks[0] += 1
            yield lines

    def counted_event(line: bytes) -> dict[str, Any] | None:
        parsed[0] += 1
        return event_of(line)

    monkeypatch.setattr(state, "from_the_end", counted_blocks)
    monkeypatch.setattr(state, "event_of", counted_event)
    assert state_of(written.files) == ("done" if ended else "running")
    assert len(read_events(written.files.events)) > 100_000
    assert parsed[0] < 1_000  # steps say nothing of the state
    assert blocks[0] == 1 or not ended  # what says that a run has ended stands at its end


def test_why_it_failed_is_kept_until_it_begins_again() -> None:
    told = _told(_begins(7), _is("failed", message="The disk is full.", hint="Make room."))
    assert (told.message, told.hint) == ("The disk is full.", "Make room.")
    told.add([_begins(8)])
    assert (told.message, told.hint) == (None, None)


def test_a_run_directory_without_a_worker_is_dead(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    assert state_of(folder) == "dead"
    heartbeat.of_process(os.getpid()).write(folder.heartbeat)
    assert state_of(folder) == "starting"


# --- files ---


def test_a_file_is_whole_or_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "card.json"
    atomic.write_json(path, {"rows": 1})

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        atomic.write_json(path, {"rows": 2})
    assert atomic.read_json(path) == {"rows": 1}
    assert list(tmp_path.iterdir()) == [path]
    assert atomic.read_json(tmp_path / "none.json") is None


def test_every_file_of_a_tree_is_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("a", "part/b"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(name)
        (tmp_path / name).chmod(0o444)
    waited: list[int] = []
    monkeypatch.setattr(os, "fsync", lambda descriptor: waited.append(os.fstat(descriptor).st_ino))
    atomic.flush_tree(tmp_path)
    assert set(waited) == {path.stat().st_ino for path in (tmp_path, *tmp_path.rglob("*"))}


def test_who_reads_meanwhile_sees_whole_files(tmp_path: Path) -> None:
    path = tmp_path / "heartbeat.json"
    beat = heartbeat.of_process(os.getpid())
    beat.write(path)
    writing = threading.Thread(target=lambda: [beat.write(path) for _ in range(300)])
    writing.start()
    while writing.is_alive():
        assert heartbeat.read(path) == beat
    writing.join()


def test_a_checkpoint_without_its_mark_is_torn(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    for step in (5, 10, 100, 20):
        folder.checkpoint(step).mkdir(parents=True)
        if step != 20:
            (folder.checkpoint(step) / COMPLETE).touch()
    (folder.checkpoints / "checkpoint-last").mkdir()
    assert folder.complete_checkpoints() == [5, 10, 100]


# --- the runs of a project ---


def _made(name: str, folder: Path) -> RunFolder:
    run = new_run(name, folder)
    run.request.write_text(json.dumps({"task": "finetune"}))
    return run


def test_runs_are_found_by_name_the_newest_first(tmp_path: Path) -> None:
    assert run_folders(tmp_path / "none") == []
    for age, name in enumerate(["minilm-1", "été", "b.2"]):
        request = _made(name, tmp_path).request
        os.utime(request, (1000 + age, 1000 + age))
    new_run("begun-only", tmp_path)
    assert [run.name for run in run_folders(tmp_path)] == ["b.2", "été", "minilm-1"]
    assert find_run("été", tmp_path).path == tmp_path / "été"


def test_a_run_that_is_being_deleted_is_in_no_list(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("a-1", "b-1", "c-1"):
        _made(name, tmp_path)
    (tmp_path / "b-1").rename(tmp_path / ".b-1.deleted-1")
    going, stat = tmp_path / "c-1" / "request.json", Path.stat

    def late(path: Path, **given: Any) -> os.stat_result:
        if path == going:
            path.unlink(missing_ok=True)
        return stat(path, **given)

    monkeypatch.setattr(Path, "stat", late)
    assert [run.name for run in run_folders(tmp_path)] == ["a-1"]


@pytest.mark.parametrize("name", ["", ".", "..", "../x", "a/b", "a\\b", ".hidden", "-x", "a b", "a\n"])
def test_a_name_stays_in_the_folder(name: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="cannot be called"):
        new_run(name, tmp_path)
    is_path = "/" in name or name.startswith(".") or not name
    with pytest.raises(UserError, match="is not the directory of a run" if is_path else "There is no run"):
        find_run(name, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_name_that_is_taken_is_told_with_a_free_one(tmp_path: Path) -> None:
    _made("good-1", tmp_path)
    _made("good-2", tmp_path)
    with pytest.raises(UserError, match=r"There is a run good-1 already, in .*, such as `--name good-3`\."):
        new_run("good-1", tmp_path)
    assert free_name("good", tmp_path) == "good-3"
    assert free_name("owner/my model", tmp_path) == "owner-my-model-1"
    assert free_name("…", tmp_path) == "run-1"


def test_what_a_killed_kernel_left_before_its_run_began_blocks_no_name(tmp_path: Path) -> None:
    mine = heartbeat.of_process(os.getpid())
    left, taken = Heartbeat(2**22 + 1, 1, mine.host, 1), "There is a run a-1 already"  # of no process
    folder = new_run("a-1", tmp_path)
    kept = folder.path / "data"
    kept.mkdir()
    with pytest.raises(UserError, match=taken):  # a folder of the user's own, or one just made
        new_run("a-1", tmp_path)
    for other in ("beat", "[]", "{}"):  # a file of the user's own
        folder.heartbeat.write_text(other)
        with pytest.raises(UserError, match=taken):
            new_run("a-1", tmp_path)
    for beat in (mine, Heartbeat(left.pid, 1, "elsewhere", 1)):
        beat.write(folder.heartbeat)
        with pytest.raises(UserError, match=taken):
            new_run("a-1", tmp_path)
    left.write(folder.heartbeat)
    for begun in (folder.request, folder.events):
        begun.touch()
        with pytest.raises(UserError, match=taken):
            new_run("a-1", tmp_path)
        begun.unlink()
    assert kept.exists()
    assert list(new_run("a-1", tmp_path).path.iterdir()) == []


def test_a_name_that_is_not_there_is_told_with_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="Start one with `%finetune`"):
        find_run("good-1", tmp_path)
    _made("good-1", tmp_path)
    with pytest.raises(UserError, match=r"There is no run god-1 in .*\. Did you mean good-1\?"):
        find_run("god-1", tmp_path)


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(UserError, match=r"No run can be made in .*file"):
        new_run("a", tmp_path / "file" / "runs")
