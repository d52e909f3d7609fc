"""Writing many texts: what is kept when memory runs out, a row fails, or the user stops; and how it goes on."""

from __future__ import annotations

import contextvars
import functools
import json
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import helpers
import numpy as np
import pandas as pd
import pytest
import torch
from oracle.writers import save_writer
from transformers import AutoModelForCausalLM, AutoModelForSeq2SeqLM, AutoTokenizer

import nbtransformers as nbt
from nbtransformers.engine import threads
from nbtransformers.engine.generate import GenerateTask, generate
from nbtransformers.errors import UserError
from nbtransformers.interrupt import stopped_by
from nbtransformers.loading.registry import LoadedModel
from nbtransformers.request import DataRef, DecodingOptions, GenerateRequest, ModelRef, RunOptions
from nbtransformers.results.generation import ENDINGS, Generation
from nbtransformers.results.rows import NOT_DONE

PROMPTS = ["A", "Good morning, all of you", "The film", "No", "Two hours of noise", "Why?"]

Writer = tuple[Any, Any]
"""A model, and its tokenizer."""


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    root = tmp_path_factory.mktemp("writers")
    return {kind: save_writer(kind, root / kind) for kind in ("base", "chat", "t5", "bart")}


@pytest.fixture
def writer(folders: dict[str, Path]) -> Writer:
    return AutoModelForCausalLM.from_pretrained(folders["base"]).eval(), AutoTokenizer.from_pretrained(folders["base"])


def forward_that(model: Any, before: Callable[[torch.Tensor], None]) -> None:
    """Have a model look at its input ids first."""
    forward = model.forward

    @functools.wraps(forward)  # `generate` looks at what it takes
    def looking(*args: Any, **kwargs: Any) -> Any:
        before(kwargs["input_ids"])
        return forward(*args, **kwargs)

    model.forward = looking


def ids_of(result: Generation) -> list[list[int]]:
    return [result.found[row]["id"].tolist() for row in range(len(result))]


# --- rows ---


@pytest.mark.parametrize("beams", [1, 2])
def test_transformers_has_the_loops_that_batches_are_watched_in(beams: int, folders: dict[str, Path]) -> None:
    model = AutoModelForCausalLM.from_pretrained(folders["base"])
    for loop in ("_sample", "_beam_search"):
        assert callable(getattr(type(model), loop, None)), (
            f"This release of Transformers has no {loop}, which engine/decoding.py hands a prepared `generate` to: "
            "look in GenerationMixin (GENERATION_MODES_MAPPING) for what it is called now, and call that there."
        )
    result = nbt.generate("The film", model=str(folders["base"]), max_new_tokens=3, num_beams=beams)
    assert result.done.all()


@pytest.mark.parametrize(("kind", "beams"), [("base", 1), ("t5", 3)])
def test_a_minimum_raises_the_default_maximum(kind: str, beams: int, folders: dict[str, Path]) -> None:
    tasks: list[Callable[..., Generation]] = [nbt.generate]
    if kind == "t5":
        tasks += [nbt.summarize, functools.partial(nbt.translate, target="German")]
    for task in tasks:
        result = task(["A"], model=str(folders[kind]), min_new_tokens=130, num_beams=beams)
        assert result.found.counts.tolist() == [130]
    assert nbt.generate(["A"], model=str(folders[kind]), min_new_tokens=2).found.counts[0] <= 100


def test_a_conversation_that_is_none_says_why(folders: dict[str, Path]) -> None:
    def said(**message: object) -> str:
        return json.dumps([{"role": "system", "content": "Be brief."}, message])

    none = "this is no JSON list of messages, each with role and content"
    names = "system, developer, user, assistant and tool"
    prompts = {
        "hello": none,
        '{"role": "user", "content": "A"}': none,
        "[]": none,
        '["A"]': none,
        "[" * 99_999: none,
        said(role="user"): "message 2 has no content",
        said(role="user", content=None): "message 2 has no content",
        said(role="user", content="  "): "message 2 has an empty content",
        said(role="user", content=3): "message 2 has the content 3, which is no text",
        said(role="human", content="A"): f"message 2 has the role 'human': there are {names}",
        said(role=["user"], content="A"): f"message 2 has the role ['user']: there are {names}",
        said(content="A"): f"message 2 has no role: there are {names}",
        said(role="user", content="A"): None,
    }
    result = nbt.generate([*prompts], model=str(folders["chat"]), messages=True, max_new_tokens=2)
    assert [result.reasons.get(row) for row in range(len(prompts))] == [*prompts.values()]
    mistaken: Any = [[{"role": "user", "content": "A"}], [{"role": "user"}]]
    result = nbt.generate(mistaken, model=str(folders["chat"]), max_new_tokens=2)
    assert dict(result.reasons) == {1: "message 1 has no content"}


def test_transformers_says_nothing_of_a_long_chat(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    import logging

    monkeypatch.setattr(logging.getLogger("transformers"), "propagate", True)
    folder = save_writer("chat", tmp_path)
    model = AutoModelForCausalLM.from_pretrained(folder).eval()
    long = "film " * 3_000
    for task in (functools.partial(nbt.generate, chat=True), nbt.summarize):
        tokenizer = AutoTokenizer.from_pretrained(folder, model_max_length=96)  # anew: it warns only once
        task([long], model=(model, tokenizer), max_new_tokens=2)
    assert "longer than" not in caplog.text + "".join(capfd.readouterr())


def test_every_row_keeps_its_place_and_its_index(writer: Writer) -> None:
    prompts = pd.Series(["A", None, "", "The film", 3], index=["a", "b", "c", "d", "e"])
    result = nbt.generate(prompts, model=writer, max_new_tokens=4)
    assert dict(result.reasons) == {1: "missing", 2: "empty", 4: "not text (int)"}
    assert [text is None for text in result.texts] == [False, True, True, False, True]
    table = result.to_pandas()
    assert table.index.tolist() == ["a", "b", "c", "d", "e"]
    assert table.tokens.tolist() == [4, 0, 0, 4, 0]
    alone = nbt.generate(["A", "The film"], model=writer, max_new_tokens=4)
    assert [ids_of(result)[0], ids_of(result)[3]] == ids_of(alone)


def test_a_prompt_that_is_too_long_has_that_for_its_reason(writer: Writer) -> None:
    limit = writer[0].config.max_position_embeddings
    long = "film " * limit
    tokens = len(writer[1](long)["input_ids"])
    result = nbt.generate(["A", long], model=writer, max_new_tokens=4)
    assert dict(result.reasons) == {1: f"the prompt has {tokens:,} tokens, and the model reads {limit:,}"}
    assert len(result.tokens[0]) == 4
    assert result.done.all()


def test_a_text_ends_where_the_model_can_read_no_more(writer: Writer) -> None:
    model, tokenizer = writer
    model.generation_config.eos_token_id = None
    limit = model.config.max_position_embeddings
    long = tokenizer.decode(tokenizer("film " * limit)["input_ids"][: limit - 6])
    room = limit - len(tokenizer(long)["input_ids"])
    result = nbt.generate(["A", long], model=writer, max_new_tokens=20)
    assert result.found.counts.tolist() == [20, room]
    assert [ENDINGS[ending] for ending in result.endings] == ["length", "end of context"]
    name = result.run.model
    assert f"1 text was cut short: {name} can hold {limit} tokens, those of the prompt among them." in result.notes


def test_rows_have_random_numbers_of_their_own(writer: Writer) -> None:
    drawn = nbt.generate(["Good"] * 4, model=writer, max_new_tokens=8, temperature=1.5)
    assert len({tuple(ids) for ids in ids_of(drawn)}) == 4
    again = nbt.generate(["Good"] * 4, model=writer, max_new_tokens=8, temperature=1.5)
    assert ids_of(again) == ids_of(drawn)
    other = nbt.generate(["Good"] * 3, model=writer, max_new_tokens=8, temperature=1.5, seed=1)
    assert ids_of(other) == ids_of(drawn)[1:]


def test_a_batch_holds_no_more_than_its_budget(writer: Writer) -> None:
    shapes: list[tuple[int, int]] = []
    forward_that(writer[0], lambda ids: shapes.append(tuple(ids.shape)))  # pyright: ignore[reportArgumentType]
    nbt.generate(PROMPTS, model=writer, max_new_tokens=5, batch_tokens=40)
    read = [shape for shape in shapes if shape[1] > 1]
    assert max(rows * (width + 5) for rows, width in read) <= 40
    assert any(rows > 1 for rows, _ in read)


# --- what goes wrong ---


@pytest.mark.parametrize("beams", [1, 2])
def test_when_memory_runs_out_batches_are_halved_and_no_row_is_lost(writer: Writer, beams: int) -> None:
    expected = ids_of(nbt.generate(PROMPTS, model=writer, max_new_tokens=5, num_beams=beams))

    def refuse(ids: torch.Tensor) -> None:
        if len(ids) > 3 * beams:
            raise torch.OutOfMemoryError("CUDA out of memory.")

    forward_that(writer[0], refuse)
    result = nbt.generate(PROMPTS, model=writer, max_new_tokens=5, num_beams=beams)
    assert ids_of(result) == expected
    assert result.run.out_of_memory >= 1
    assert any(note.startswith("Memory ran out") for note in result.notes)


def test_a_row_that_the_model_fails_on_spoils_no_other(writer: Writer) -> None:
    expected = ids_of(nbt.generate(PROMPTS, model=writer, max_new_tokens=5))
    marked = writer[1]("Two")["input_ids"][0]

    def refuse(ids: torch.Tensor) -> None:
        if (ids == marked).any():
            raise ValueError("I cannot count")

    forward_that(writer[0], refuse)
    result = nbt.generate(PROMPTS, model=writer, max_new_tokens=5)
    assert dict(result.reasons) == {4: "the model failed: ValueError: I cannot count"}
    assert [ids for row, ids in enumerate(ids_of(result)) if row != 4] == [
        ids for row, ids in enumerate(expected) if row != 4
    ]


def test_a_model_that_fails_on_all_says_so_in_one_line(writer: Writer) -> None:
    def refuse(ids: torch.Tensor) -> None:
        raise ValueError("out of order.")

    forward_that(writer[0], refuse)
    with pytest.raises(UserError, match="fails on these prompts: ValueError: out of order\\. Call its `generate`"):
        nbt.generate(PROMPTS, model=writer, max_new_tokens=5)


def test_a_model_that_cannot_write_is_refused() -> None:
    with pytest.raises(UserError, match="sequence classification"):
        nbt.generate("A", model=(helpers.classifier(), helpers.tokenizer()))


def test_a_class_of_the_users_own_that_cannot_write_is_refused(writer: Writer) -> None:
    class Own(torch.nn.Module):
        """As people write them."""

        def __init__(self, whole: Any) -> None:
            super().__init__()
            self.config, self.lm_head, self.device, self.dtype = whole.config, whole.lm_head, whole.device, whole.dtype

    with pytest.raises(UserError, match="model is a Own, which cannot write"):
        nbt.generate("A", model=(Own(writer[0]), writer[1]))


# --- to stop, and to go on ---


def stopping(after: int) -> Callable[[], bool]:
    """Says stop from the so many-th time that it is asked."""
    asked = iter(range(10_000))
    return lambda: next(asked) >= after


def run(writer: Writer, prompts: list[str], stop: Callable[[], bool], **decoding: Any) -> Generation:
    request = GenerateRequest(
        DataRef("variable", "data"),
        ModelRef("variable", "model"),
        decoding=DecodingOptions(**{"max_new_tokens": 20, **decoding}),
        run=RunOptions(batch_tokens=60, threads=1),
    )
    with stopped_by(stop):
        found: list[Generation] = []
        context = contextvars.copy_context()
        objects = {"data": prompts, "model": writer}
        thread = threading.Thread(target=context.run, args=(lambda: found.append(generate(request, objects)),))
        thread.start()  # signals come to the main thread alone: in another only `stopped_by` is asked
        thread.join()
    return found[0]


def test_a_stop_keeps_what_came_and_resuming_gives_the_rest(writer: Writer) -> None:
    writer[0].generation_config.eos_token_id = None
    whole = run(writer, PROMPTS, lambda: False)
    part = run(writer, PROMPTS, stopping(40))
    stopped = [row for row in range(len(part)) if ENDINGS[part.endings[row]] == "stopped"]
    assert stopped, "the batch under way is kept as far as it came"
    assert 0 < part.done.sum() < len(part)
    for row in range(len(part)):
        came = ids_of(part)[row]
        assert came == ids_of(whole)[row][: len(came)]
        assert bool(part.done[row]) == (len(came) == 20)
        if row in stopped:
            assert row not in part.reasons
            assert part.texts[row] == "".join(part.pieces[part.found.rows[row] : part.found.rows[row + 1]])
        elif not part.done[row]:
            assert part.reasons[row] == NOT_DONE
    assert part.notes[0].startswith(f"Stopped: what came is kept. {part.done.sum()} of {len(part)} texts ")
    assert "stopped text" in part.notes[0] and part.notes[0].endswith(" anew.")
    resumed = nbt.resume(part)
    assert ids_of(resumed) == ids_of(whole)
    assert resumed.texts == whole.texts
    assert resumed.prompts == whole.prompts == PROMPTS
    assert resumed.done.all()


def test_drawn_texts_are_resumed_as_they_would_have_been(writer: Writer) -> None:
    whole = run(writer, PROMPTS, lambda: False, temperature=1.3, seed=5)
    part = run(writer, PROMPTS, stopping(30), temperature=1.3, seed=5)
    assert not part.done.all()
    assert ids_of(nbt.resume(part)) == ids_of(whole)


def test_a_beam_search_that_is_stopped_keeps_the_best_so_far(writer: Writer) -> None:
    writer[0].generation_config.eos_token_id = None
    part = run(writer, PROMPTS[:2], stopping(8), num_beams=2)
    assert {ENDINGS[ending] for ending in part.endings if ending} == {"stopped"}
    assert 0 < max(map(len, ids_of(part))) < 20


def test_text_is_shown_as_it_comes(writer: Writer) -> None:
    seen: list[Generation] = []
    request = GenerateRequest(
        DataRef("variable", "data"), ModelRef("variable", "model"), decoding=DecodingOptions(max_new_tokens=60)
    )
    writer[0].generation_config.eos_token_id = None
    forward_that(writer[0], lambda ids: time.sleep(0.01))
    whole = generate(request, {"data": PROMPTS[:2], "model": writer}, on_partial=seen.append)
    assert len(seen) >= 2
    for partial in seen:
        for row in range(2):
            text = partial.texts[row] or ""
            assert (whole.texts[row] or "").startswith(text.rstrip("\ufffd"))
    lengths = [int(partial.found.counts.sum()) for partial in seen]
    assert lengths == sorted(lengths)


def test_no_result_is_made_on_the_way_where_nobody_would_see_it(
    writer: Writer, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[int] = []
    result = GenerateTask.result

    def counted(task: GenerateTask, gathered: Any) -> Generation:
        made.append(len(gathered.texts))
        return result(task, gathered)

    monkeypatch.setattr(GenerateTask, "glimpse_seconds", 0)
    monkeypatch.setattr(GenerateTask, "result", counted)
    nbt.generate(["The film", "A day"], model=writer, max_new_tokens=5)
    assert made == [2]


def test_results_go_to_a_file(writer: Writer, folders: dict[str, Path], tmp_path: Path) -> None:
    path = tmp_path / "texts.parquet"
    nbt.generate(PROMPTS, model=str(folders["base"]), max_new_tokens=5, to=path)
    expected = nbt.generate(PROMPTS, model=str(folders["base"]), max_new_tokens=5).to_pandas()
    read = pd.read_parquet(path)
    assert read.text.tolist() == expected.text.tolist()
    np.testing.assert_allclose(read.log_probability, expected.log_probability, rtol=1e-5)


# --- going on from another token ---


@pytest.mark.parametrize("kind", ["base", "chat", "t5", "bart"])
def test_a_text_goes_on_from_another_token_as_plain_transformers_goes_on(kind: str, folders: dict[str, Path]) -> None:
    folder = folders[kind]
    tokenizer = AutoTokenizer.from_pretrained(folder)
    result = nbt.generate(PROMPTS[:3], model=str(folder), max_new_tokens=8, min_new_tokens=6, chat=kind == "chat")
    position, ends = 2, tokenizer.eos_token_id
    other = next(
        a for a in result.alternatives(1, position) if a.id not in (ends, int(result.found[1]["id"][position]))
    )
    branch = nbt.continue_from(result, 1, position, other.id)
    begun = [*result.found[1]["id"][:position].tolist(), other.id]
    assert ids_of(branch)[1] == _gone_on(folder, PROMPTS[1], begun, 8 - len(begun), kind == "chat")
    assert ids_of(branch)[::2] == ids_of(result)[::2], "the other rows are as they were"
    assert branch.probabilities[1][position] == np.float32(other.probability)
    np.testing.assert_array_equal(branch.probabilities[1][:position], result.probabilities[1][:position])
    whole = tokenizer.decode(ids_of(branch)[1], skip_special_tokens=True, clean_up_tokenization_spaces=False)
    assert (branch.texts[1] or "").strip("\ufffd").strip() == whole.strip("\ufffd").strip()


def _gone_on(folder: Path, prompt: str, begun: list[int], most: int, chat: bool) -> list[int]:
    tokenizer = AutoTokenizer.from_pretrained(folder)
    ids = tokenizer(prompt)["input_ids"]
    if chat:
        messages = [{"role": "user", "content": prompt}]
        ids = tokenizer.apply_chat_template(messages, add_generation_prompt=True, return_dict=True)["input_ids"]
    options = {"max_new_tokens": most, "do_sample": False, "min_new_tokens": min(6, most)}
    if folder.name in ("t5", "bart"):
        model = AutoModelForSeq2SeqLM.from_pretrained(folder).eval()
        before = torch.tensor([[model.generation_config.decoder_start_token_id, *begun]])
        return model.generate(torch.tensor([ids]), decoder_input_ids=before, **options)[0, 1:].tolist()
    model = AutoModelForCausalLM.from_pretrained(folder).eval()
    return model.generate(torch.tensor([[*ids, *begun]]), **options)[0, len(ids) :].tolist()


def test_a_place_or_a_token_that_is_not_there_is_told(folders: dict[str, Path]) -> None:
    result = nbt.generate("The film", model=str(folders["base"]), max_new_tokens=3)
    with pytest.raises(UserError, match=r"There is no row 3 in this result\. It has 1 row, from 0\."):
        nbt.continue_from(result, 3, 0, 5)
    with pytest.raises(UserError, match="Row 0 has no token 9"):
        nbt.continue_from(result, 0, 9, 5)
    with pytest.raises(UserError, match="There is nothing to continue in a list"):
        nbt.continue_from(["text"], 0, 0, 5)  # pyright: ignore[reportArgumentType]
    with pytest.raises(UserError, match="'Zebra' is no alternative there"):
        nbt.continue_from(result, 0, 0, "Zebra")


# --- threads ---


@pytest.mark.parametrize(("slower", "chosen"), [(2, 1), (1, 2)])
def test_the_first_steps_tell_how_many_threads_do_well(
    slower: int, chosen: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(threads, "cpu_threads", lambda: 2)
    loaded = LoadedModel("a", None, None, None, "cpu", "float32")
    before, step = torch.get_num_threads(), threads.StepThreads(loaded, None)
    with step:
        for _ in range(10):
            time.sleep(0.03 if step.number == slower else 0.005)
            step.step()
        assert torch.get_num_threads() == step.number == chosen
    assert torch.get_num_threads() == before
    assert threads.StepThreads(loaded, None).number == chosen, "what was found out is kept"
    assert threads.StepThreads(loaded, 1).number == 1
