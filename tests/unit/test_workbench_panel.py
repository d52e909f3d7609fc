"""The workbench's panel: one task at a time, in the background, and a panel within it that ends with it."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import helpers
import numpy as np
import pytest
from helpers import until

import nbtransformers as nbt
from nbtransformers.doors.workbench import Bench
from nbtransformers.errors import Interrupted, UserError
from nbtransformers.interrupt import deferred_interrupts
from nbtransformers.magics import drafts, forms, formtasks, ran
from nbtransformers.magics.options import Option, whole_number
from nbtransformers.magics.table import Magic
from nbtransformers.panels.channel import answer
from nbtransformers.panels.view import PanelView, View
from nbtransformers.panels.widget import WorkbenchPanel
from nbtransformers.panels.workbench.actions import actions
from nbtransformers.panels.workbench.bench import Row, Sent, Work, Workbench
from nbtransformers.panels.workbench.snapshot import workbench_snapshot
from nbtransformers.panels.workbench.wire import row_of, workbench_header
from nbtransformers.results.classification import Classification
from nbtransformers.results.reasons import Reasons
from nbtransformers.results.rows import NOT_DONE

GOLDEN = json.loads(Path(__file__).parent.parent.joinpath("golden", "workbench.json").read_text(encoding="utf-8"))

RESULT = helpers.classification(["a joy"], [[0.1, 0.9]])
FORM = {"task": "classify", "source": "text", "text": "a joy", "options": {}}


CLASSIFY = {
    "What to label": (
        Option("column", "the column of a table that holds the texts", "NAME"),
        Option("whole", "the cell is one text, not one a line"),
        Option("top-k", "how many labels a row shows (default: 1)", "K", whole_number, short="k"),
        Option("dtype", "the type of the weights", "TYPE", choices=("auto", "float32")),
    ),
    "With which model": (Option("model", "a bundled name, or a variable", "NAME", short="m"),),
}
TOKENIZE = {"With which tokenizer": (Option("model", "repeat it", "NAME", repeats=True),)}

RUN = Option("run", "the name of a run", "NAME")
COMMAND = {
    "runs pause": ("Have a run pause.", {"Which one": (RUN, Option("runs-folder", "where the runs are", "FOLDER"))})
}


def magic(name: str, help_text: str, groups: dict[str, tuple[Option, ...]]) -> Magic:
    return Magic(name, lambda *_: None, groups, help_text)


class Golden:
    """The desk of the golden file: two tasks, a command, and a history."""

    def __init__(self) -> None:
        self.rows = [
            Row(
                2,
                "tokenize",
                "%tokenize texts --model no",
                "cell",
                1.70000006e9,
                0.5,
                "There is no model no.",
                False,
                False,
            ),
            Row(1, "classify", "%%classify\n<b>A joy</b> & more\n", "workbench", 1.7e9, 1.25, "", True, True),
        ]

    def tasks(self) -> list[dict[str, Any]]:
        given = {"classify": ("Label texts. More.", CLASSIFY), "tokenize": ("Cut texts.", TOKENIZE), **COMMAND}
        tasks = [formtasks.task_of(magic(name, *about)) for name, about in given.items()]
        return [forms.fields_of(replace(task, words=(RUN,) if RUN in task.fields else ())) for task in tasks]

    def history(self) -> list[Row]:
        return self.rows


def golden_bench(desk: Golden | None = None) -> Workbench:
    return Workbench(desk or Golden(), "classify")  # pyright: ignore[reportArgumentType]


class Slow(Bench):
    """A real bench whose work ends when it is told to, or is stopped; it gives what `gives` is, without showing it."""

    def __init__(self, shell: Any) -> None:
        super().__init__(shell)
        self.shell = shell
        self.end = threading.Event()
        self.fail: BaseException | None = None
        self.gives: Any = None
        self.comes: Any = None

    def understood(self, form: Sent) -> Work:
        if form.get("text") == "refused":
            raise UserError("`--top-k` is few.")
        entry = ran.new("classify", "", "a joy\n", "workbench")

        def run(view: View) -> Any:
            with deferred_interrupts() as stop:
                while not stop() and not self.end.is_set():
                    threading.Event().wait(0.01)
            if self.comes is not None and view.partial is not None:
                view.partial(self.comes)
            if self.fail is not None:
                raise self.fail
            if self.gives is not None:
                return self.gives
            entry.doing(lambda: ran.remember(RESULT))
            view.show(RESULT)
            return RESULT

        return Work("Working", "" if self.gives else "classify", run, entry.number, entry.begin, entry.end)


@pytest.fixture
def desk() -> Iterator[Slow]:
    with helpers.ipython() as shell:
        ran.forget()
        drafts.forget()
        yield Slow(shell)
        ran.forget()
        drafts.forget()


@pytest.fixture
def panel(desk: Slow) -> Iterator[WorkbenchPanel]:
    with PanelView("Workbench", "workbench") as view:
        view.show(Workbench(desk, "classify"))
    assert isinstance(view.panel, WorkbenchPanel)
    yield view.panel
    view.panel.close()


def asked(panel: WorkbenchPanel, method: str, **params: Any) -> dict[str, Any]:
    """What the panel is answered."""
    got: list[dict[str, Any]] = []
    methods = actions(panel.result, panel)
    answer({"type": "request", "id": "1", "method": method, "params": params}, methods, lambda m, _: got.append(m))
    return got[0]


def test_a_form_runs_and_its_result_is_shown_within(panel: WorkbenchPanel, desk: Slow) -> None:
    sent: list[dict[str, Any]] = []
    panel.send = lambda content, buffers=None: sent.append(content)  # pyright: ignore[reportAttributeAccessIssue]
    assert asked(panel, "run", form=FORM)["result"] == {}
    assert len(sent) == 1  # how things stand is told once
    state = asked(panel, "state")["result"]
    assert sent[0] == {"type": "workbench", **state}
    assert state["at_work"] == state["shown"] == 1 and state["history"][0]["seconds"] is None
    assert panel.child is not None and panel.child.model_id == state["child"]
    desk.end.set()
    until(lambda: sent[-1]["at_work"] is None)
    assert panel.child.result is RESULT
    assert sent[-1]["type"] == "workbench" and sent[-1]["history"][0]["has_result"]


def test_two_never_run_at_once_and_stop_ends_one(panel: WorkbenchPanel) -> None:
    asked(panel, "run", form=FORM)
    assert asked(panel, "run", form=FORM)["result"]["error"]["message"] == (
        "The workbench is at work. Stop it first, or wait for it."
    )
    assert "at work" in asked(panel, "show", number=1)["error"]
    asked(panel, "stop")
    until(lambda: asked(panel, "state")["result"]["at_work"] is None)
    assert len(ran.ran()) == 1


def test_closing_it_stops_its_work_and_closes_what_is_within(panel: WorkbenchPanel) -> None:
    asked(panel, "run", form=FORM)
    child = panel.child
    follower = panel.follower
    panel.close()
    assert child is not None and child.closed and panel.child is None
    until(lambda: ran.ran()[0].seconds is not None)  # without `end`: it was stopped
    with pytest.raises(UserError, match="This workbench is closed"):
        follower.run(FORM)
    assert len(ran.ran()) == 1  # nothing was begun


def test_a_failure_is_told_with_its_field(panel: WorkbenchPanel, desk: Slow) -> None:
    desk.fail = UserError("`--labels` is too long.", hint="Shorten it.")
    desk.end.set()
    asked(panel, "run", form=FORM)
    until(lambda: asked(panel, "state")["result"]["at_work"] is None)
    state = asked(panel, "state")["result"]
    message = "`--labels` is too long. Shorten it."
    assert state["error"] == {"message": message, "task": "classify", "field": "labels"}
    assert state["history"][0]["message"] == message
    assert (state["child"], panel.child) == (None, None)  # nothing came, and it is told once


def test_at_its_field_one_is_told_to_type_the_value_alone(panel: WorkbenchPanel, desk: Slow) -> None:
    desk.fail = UserError("`--temperature` is few.", hint="Type a number such as `--temperature 0.5`, or `--top-k 1`.")
    desk.end.set()
    asked(panel, "run", form={**FORM, "task": "generate"})
    until(lambda: asked(panel, "state")["result"]["at_work"] is None)
    error = asked(panel, "state")["result"]["error"]
    assert error["field"] == "temperature"
    assert error["message"] == "`--temperature` is few. Type a number such as `0.5`, or `--top-k 1`."


def test_what_had_come_when_it_failed_stays_in_sight(panel: WorkbenchPanel, desk: Slow) -> None:
    desk.comes, desk.fail = RESULT, UserError("No memory.")
    desk.end.set()
    asked(panel, "run", form=FORM)
    until(lambda: asked(panel, "state")["result"]["at_work"] is None)
    state = asked(panel, "state")["result"]
    assert panel.child is not None and state["child"] == panel.child.model_id
    assert panel.child.header is not None and panel.child.header["partial"]
    assert state["error"]["message"] == "No memory."
    until(lambda: panel.child is not None and panel.child.progress is None)
    assert panel.child.error is None  # it is told once


def test_a_failure_goes_when_the_next_form_is_refused(panel: WorkbenchPanel, desk: Slow) -> None:
    desk.fail = UserError("`--labels` is too long.")
    desk.end.set()
    asked(panel, "run", form=FORM)
    until(lambda: asked(panel, "state")["result"]["at_work"] is None)
    refused = asked(panel, "run", form={**FORM, "text": "refused"})["result"]
    assert refused["error"] == {"message": "`--top-k` is few.", "task": "classify", "field": "top-k"}
    assert asked(panel, "state")["result"]["error"] is None


def test_a_defect_is_told_with_its_kind(panel: WorkbenchPanel, desk: Slow, caplog: pytest.LogCaptureFixture) -> None:
    desk.fail = RuntimeError("no such kernel")
    desk.end.set()
    asked(panel, "run", form=FORM)
    until(lambda: asked(panel, "state")["result"]["at_work"] is None)
    assert asked(panel, "state")["result"]["error"]["message"] == "RuntimeError: no such kernel"
    assert "Failed in the background" in caplog.text  # with its traceback


def test_what_is_stopped_before_anything_came_says_so_and_is_no_mistake(panel: WorkbenchPanel, desk: Slow) -> None:
    desk.fail = Interrupted("Interrupted: 2 MB are kept.")
    asked(panel, "run", form=FORM)
    asked(panel, "stop")
    until(lambda: asked(panel, "state")["result"]["at_work"] is None)
    state = asked(panel, "state")["result"]
    assert (state["said"], state["error"], state["child"]) == ("Interrupted: 2 MB are kept.", None, None)
    row = state["history"][0]
    assert (row["message"], row["stopped"], row["has_rest"]) == ("Interrupted: 2 MB are kept.", True, False)


def test_what_a_stop_has_left_is_done_by_a_run_of_its_own(panel: WorkbenchPanel, desk: Slow) -> None:
    whole = nbt.classify(["a joy", "a pity", "a bore"])
    scores = np.where(np.arange(3)[:, None] < 2, whole.scores, np.float32("nan"))
    part = replace(whole, scores=scores, reasons=Reasons(3, {2: NOT_DONE}))
    entry = ran.new("classify", "texts --out kept", None, "cell")
    entry.begin()
    entry.end(part)
    assert asked(panel, "state")["result"]["history"][0]["has_rest"]
    assert asked(panel, "resume", number=1)["result"] == {}
    until(lambda: asked(panel, "state")["result"]["at_work"] is None)
    state = asked(panel, "state")["result"]
    assert (state["error"], state["shown"], len(state["history"])) == (None, 2, 2)
    row = state["history"][0]
    assert row["typed"] == "%classify texts --out kept" and row["has_code"] and not row["has_rest"]
    assert panel.child is not None and panel.child.kind == "classify"
    rest = panel.child.result
    assert isinstance(rest, Classification) and rest.done.all()
    np.testing.assert_allclose(rest.scores, whole.scores, atol=1e-5)
    assert desk.result(2) is rest and desk.shell.user_ns["kept"] is rest


def test_a_failure_is_not_told_of_what_is_shown_instead(panel: WorkbenchPanel, desk: Slow) -> None:
    desk.end.set()
    asked(panel, "run", form=FORM)
    until(lambda: asked(panel, "state")["result"]["at_work"] is None)
    desk.fail = UserError("`--labels` is too long.")
    asked(panel, "run", form=FORM)
    until(lambda: asked(panel, "state")["result"]["at_work"] is None)
    asked(panel, "show", number=1)
    assert asked(panel, "state")["result"]["error"] is None


def test_an_earlier_result_is_shown_again(panel: WorkbenchPanel, desk: Slow) -> None:
    desk.end.set()
    for _ in range(2):
        asked(panel, "run", form=FORM)
        until(lambda: asked(panel, "state")["result"]["at_work"] is None)
    first = panel.child
    asked(panel, "show", number=1)
    assert asked(panel, "state")["result"]["shown"] == 1
    assert first is not None and first.closed
    assert panel.child is not None and panel.child is not first and panel.child.result is RESULT
    assert asked(panel, "form", number=1)["result"]["text"] == "a joy"
    assert "not in the history" in asked(panel, "show", number=3)["error"]


def test_what_a_magic_says_is_shown_as_text_and_once_more(panel: WorkbenchPanel, desk: Slow) -> None:
    desk.gives = "device  cpu  this session"
    desk.end.set()
    asked(panel, "run", form=FORM)
    until(lambda: asked(panel, "state")["result"]["at_work"] is None)
    state = asked(panel, "state")["result"]
    assert (state["said"], state["child"]) == ("device  cpu  this session", None)
    assert (state["history"][0]["has_result"], state["history"][0]["has_code"]) == (True, False)
    desk.gives = None
    asked(panel, "run", form=FORM)
    assert asked(panel, "state")["result"]["said"] == ""
    until(lambda: asked(panel, "state")["result"]["at_work"] is None)
    asked(panel, "show", number=1)
    assert asked(panel, "state")["result"]["said"] == "device  cpu  this session"
    assert panel.child is None


def test_what_a_magic_gives_is_shown_in_a_panel_of_its_kind(panel: WorkbenchPanel, desk: Slow) -> None:
    desk.gives = RESULT
    desk.end.set()
    asked(panel, "run", form=FORM)
    until(lambda: asked(panel, "state")["result"]["at_work"] is None)
    assert panel.child is not None and (panel.child.kind, panel.child.result) == ("classify", RESULT)


def test_what_is_filled_in_is_there_again_for_the_page_and_for_the_cell(panel: WorkbenchPanel, desk: Slow) -> None:
    assert asked(panel, "kept")["result"]["filled"] is None
    filled = {"task": "classify", "texts": {"text": "a joy 好"}, "source": "text", "options": {}, "others": ""}
    asked(panel, "keep", filled=filled)
    assert asked(panel, "kept")["result"]["filled"] == filled
    assert nbt.workbench().desk.kept() == filled  # of the same cell, which is none here
    assert nbt.workbench("generate").desk.kept() == {**filled, "task": "generate"}


def test_the_snapshot_has_what_is_shown(panel: WorkbenchPanel, desk: Slow) -> None:
    desk.end.set()
    asked(panel, "run", form=FORM)
    until(lambda: asked(panel, "state")["result"]["at_work"] is None)
    html = workbench_snapshot("p1", panel.result)
    assert "a joy" in html and "nbt-snapshot-p1-shown" in html
    assert html.index("nbt-snapshot-p1-shown") < html.index("%%classify")  # above the history
    desk.gives = "Nothing was loaded"
    asked(panel, "run", form=FORM)
    until(lambda: asked(panel, "state")["result"]["at_work"] is None)
    assert "p1-shown" not in workbench_snapshot("p1", panel.result)


def test_the_wire_is_that_of_the_golden_file() -> None:
    header, payload = workbench_header(golden_bench())
    assert (header, payload) == (GOLDEN["header"], b"")
    assert [row_of(row) for row in Golden().rows] == GOLDEN["state"]["history"]


def test_how_things_stand_has_all_that_the_page_reads(panel: WorkbenchPanel) -> None:
    assert asked(panel, "state")["result"].keys() == GOLDEN["state"].keys()


def test_the_snapshot_is_the_history_and_text_stays_text() -> None:
    html = workbench_snapshot("p1", golden_bench())
    assert "&lt;b&gt;A joy&lt;/b&gt; &amp; more" in html and "<b>A joy" not in html
    assert "There is no model no." in html and html.index("%tokenize") < html.index("%%classify")
    empty = Golden()
    empty.rows = []
    assert "Nothing was run yet" in workbench_snapshot("p1", golden_bench(empty))


def test_of_a_long_cell_the_beginning_is_shown_everywhere() -> None:
    desk = Golden()
    desk.rows = [Row(1, "classify", "%%classify\n" + "a joy 好\n" * 10_000, "cell", 1.7e9, 1.0, "", True, True)]
    bench = golden_bench(desk)
    for shown in (str(bench), workbench_snapshot("p1", bench), row_of(desk.rows[0])["typed"]):
        assert "a joy 好" in shown and "…" in shown and len(shown) < 3_000


def test_its_history_is_a_table_and_text() -> None:
    table = golden_bench().to_pandas()
    assert table["task"].tolist() == ["tokenize", "classify"] and table["seconds"].tolist() == [0.5, 1.25]
    assert str(golden_bench()).splitlines()[1] == "2. %tokenize texts --model no"
