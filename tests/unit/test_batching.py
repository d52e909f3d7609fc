"""The batcher: what it cuts, how it chooses, and what it keeps when things go wrong."""

from __future__ import annotations

import os
import signal
import threading
import time
import weakref
from collections.abc import Callable

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from nbtransformers.engine.batching import Batcher, cut
from nbtransformers.engine.encoding import Items
from nbtransformers.engine.padding import Inputs, Padding, collate
from nbtransformers.engine.plan import Plan, Tuner, candidates

PAD = Padding(token=0)


def items_of(lengths: list[int]) -> Items:
    """Items of these lengths; item n is made of the token n + 1."""
    count = len(lengths)
    numbers = np.array(lengths, dtype=np.int64)
    zeros = np.zeros(count, dtype=np.int64)
    ids = [np.full(length, number + 1, dtype=np.int64) for number, length in enumerate(lengths)]
    return Items(ids, None, np.arange(count), np.ones(count), numbers, zeros, zeros)


def first_token(inputs: Inputs) -> np.ndarray:
    """A model whose output is the first token of each text: its item's number, plus one."""
    return inputs["input_ids"][:, :1].astype(np.float32)


def batcher(forward: Callable[[Inputs], np.ndarray], *plans: Plan) -> Batcher:
    return Batcher(forward, Tuner(list(plans) or [Plan(64)]), lambda batch, outputs: None)


LENGTHS = st.lists(st.integers(1, 600), min_size=1, max_size=120)


@given(LENGTHS, st.integers(1, 4096), st.booleans())
def test_every_item_is_in_one_batch_and_no_batch_is_over_budget(
    lengths: list[int], budget: int, same_length: bool
) -> None:
    array = np.array(lengths)
    order = np.argsort(-array, kind="stable")
    batches = list(cut(order, array, budget, same_length))
    assert sorted(np.concatenate(batches).tolist()) == list(range(len(lengths)))
    for batch in batches:
        assert len(batch) == 1 or len(batch) * array[batch].max() <= budget
        assert not same_length or len(set(array[batch])) == 1


@given(LENGTHS, st.sampled_from([1, 64, 512, 100_000]), st.integers(1, 3))
def test_outputs_come_back_in_order(lengths: list[int], budget: int, threads: int) -> None:
    run = batcher(first_token, Plan(budget, threads))
    outputs = run.run(items_of(lengths), PAD)
    np.testing.assert_array_equal(outputs[:, 0], np.arange(len(lengths)) + 1)
    assert run.account.tokens == sum(lengths)


def test_padding_waste_is_pad_tokens_in_all_batches() -> None:
    run = batcher(first_token, Plan(30))
    run.run(items_of([10, 8, 7, 3, 2]), PAD)  # 10 8 7 (30, 5 of it padding) and 3 2 (6, 1 of it padding)
    assert (run.account.batches, run.account.tokens, run.account.pad_tokens) == (2, 30, 6)


def test_collate_pads_on_the_side_asked_for_and_masks_only_what_is_padded() -> None:
    items = items_of([3, 1])
    right = collate(items, np.array([0, 1]), Padding(9))
    assert right["input_ids"].tolist() == [[1, 1, 1], [2, 9, 9]]
    assert right["attention_mask"].tolist() == [[1, 1, 1], [1, 0, 0]]
    left = collate(items, np.array([1, 0]), Padding(9, left=True))
    assert left["input_ids"].tolist() == [[9, 9, 2], [1, 1, 1]]
    assert "attention_mask" not in collate(items, np.array([0]), PAD)


def test_without_a_pad_token_only_equal_lengths_share_a_batch() -> None:
    widths: list[set[int]] = []

    def forward(inputs: Inputs) -> np.ndarray:
        assert "attention_mask" not in inputs
        widths.append(set(map(len, inputs["input_ids"])))
        return first_token(inputs)

    outputs = batcher(forward, Plan(1000)).run(items_of([5, 5, 4, 4, 4, 1]), Padding(None))
    assert len(widths) == 3
    assert outputs[:, 0].tolist() == [1, 2, 3, 4, 5, 6]


# --- the plan ---


def test_the_fastest_plan_is_kept() -> None:
    slow, fast = Plan(64), Plan(256)
    tuner = Tuner([slow, fast])
    tuner.record(slow, 1, 1.0)  # the warm-up, not counted
    while True:
        plan, trial = tuner.next_plan(10**9)
        if not trial:
            break
        tuner.record(plan, 1000, 1.0 if plan == slow else 0.5)
    assert plan == fast
    assert tuner.settled


def test_little_work_is_not_probed() -> None:
    tuner = Tuner([Plan(512), Plan(1024)])
    assert tuner.next_plan(tokens_left=1000) == (Plan(512), False)


def test_what_the_user_fixes_is_not_probed() -> None:
    assert candidates("cpu", 8, 300, 2) == [Plan(300, 2)]
    assert {plan.batch_tokens for plan in candidates("cpu", 8, 300, None)} == {300}
    assert {plan.threads for plan in candidates("cpu", 8, None, 2)} == {2}
    assert {plan.threads for plan in candidates("cuda:0", 8, None, None)} == {1}


def test_a_probe_runs_on_the_work_itself() -> None:
    seen: list[int] = []

    def forward(inputs: Inputs) -> np.ndarray:
        seen.extend(inputs["input_ids"][:, 0].tolist())
        return first_token(inputs)

    run = batcher(forward, Plan(64), Plan(128, 2), Plan(256))
    run.run(items_of([20] * 600), PAD)
    assert sorted(seen) == list(range(1, 601)), "every item runs once, the probe's too"
    assert run.plan in {Plan(64), Plan(128, 2), Plan(256)}


# --- when things go wrong ---


def test_out_of_memory_halves_the_budget_and_loses_nothing() -> None:
    refused: list[int] = []

    def forward(inputs: Inputs) -> np.ndarray:
        if inputs["input_ids"].size > 50:
            refused.append(inputs["input_ids"].size)
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 MiB.")
        return first_token(inputs)

    run = batcher(forward, Plan(400))
    outputs = run.run(items_of([10] * 600), PAD)
    assert outputs[:, 0].tolist() == list(range(1, 601))
    assert refused == [400, 200, 100], "each size is tried once, and the next is half"
    assert run.account.out_of_memory == 3
    assert run.plan.batch_tokens == 50
    assert not run.account.failures


def test_a_text_that_does_not_fit_alone_has_a_reason() -> None:
    def forward(inputs: Inputs) -> np.ndarray:
        if inputs["input_ids"].shape[1] > 100:
            raise RuntimeError("[enforce fail at alloc_cpu.cpp:118] . DefaultCPUAllocator: not enough memory")
        return first_token(inputs)

    run = batcher(forward, Plan(500))
    outputs = run.run(items_of([7, 300, 9]), PAD)
    assert run.account.failures == {1: "out of memory at 300 tokens"}
    assert np.isnan(outputs[1, 0])
    assert outputs[[0, 2], 0].tolist() == [1, 3]


def test_one_bad_row_does_not_spoil_its_batch() -> None:
    def forward(inputs: Inputs) -> np.ndarray:
        if (inputs["input_ids"] == 13).any():
            raise IndexError("index out of range in self")
        return first_token(inputs)

    run = batcher(forward, Plan(1000))
    outputs = run.run(items_of([4] * 50), PAD)
    assert run.account.failures == {12: "the model failed: IndexError: index out of range in self"}
    assert np.isnan(outputs[:, 0]).sum() == 1


def test_a_model_that_always_fails_raises_its_own_error_soon() -> None:
    calls: list[int] = []

    def forward(inputs: Inputs) -> np.ndarray:
        calls.append(1)
        raise ZeroDivisionError("a defect of the model")

    with pytest.raises(ZeroDivisionError, match="a defect of the model"):
        batcher(forward, Plan(20)).run(items_of([5] * 1000), PAD)
    assert len(calls) < 300


@pytest.mark.parametrize("threads", [1, 2])
def test_an_interrupt_keeps_what_is_finished(threads: int) -> None:
    """A real SIGINT, in the middle of the work."""
    done = threading.Event()

    def forward(inputs: Inputs) -> np.ndarray:
        time.sleep(0.01)
        if inputs["input_ids"][0, 0] > 30:
            done.set()
        return first_token(inputs)

    def interrupt() -> None:
        done.wait(10)
        os.kill(os.getpid(), signal.SIGINT)

    threading.Thread(target=interrupt).start()
    run = batcher(forward, Plan(10, threads))
    outputs = run.run(items_of([10] * 400), PAD)
    finished = ~np.isnan(outputs[:, 0])
    assert run.account.interrupted
    assert 20 < finished.sum() < 400
    np.testing.assert_array_equal(outputs[finished, 0], np.flatnonzero(finished) + 1)
    assert run.account.batches == finished.sum()


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("chained", [False, True])
def test_a_batch_that_ran_out_of_memory_is_free_before_the_next_one(threads: int, chained: bool) -> None:
    held: list[weakref.ref[torch.Tensor]] = []
    alive: list[int] = []
    guard = threading.Lock()

    def layer(hidden: torch.Tensor) -> None:
        raise torch.OutOfMemoryError(f"CUDA out of memory. Tried to allocate {hidden.nbytes} bytes.")

    def forward(inputs: Inputs) -> np.ndarray:
        hidden = torch.zeros(inputs["input_ids"].shape)
        with guard:
            alive.append(sum(reference() is not None for reference in held))
        if len(hidden) > 1:
            held.append(weakref.ref(hidden))
            try:
                layer(hidden)
            except torch.OutOfMemoryError as error:
                if chained:
                    raise RuntimeError("out of memory, it seems") from error
                raise
        return first_token(inputs)

    run = batcher(forward, Plan(64, threads))
    outputs = run.run(items_of([8] * 16), PAD)
    np.testing.assert_array_equal(outputs[:, 0], np.arange(16) + 1)
    assert run.account.out_of_memory > 0
    assert held
    assert max(alive) <= threads - 1  # those of the batches beside it
    assert all(reference() is None for reference in held)


def test_the_reason_of_a_row_keeps_nothing_of_its_error() -> None:
    held: list[weakref.ref[torch.Tensor]] = []

    def forward(inputs: Inputs) -> np.ndarray:
        hidden = torch.zeros(inputs["input_ids"].shape)
        held.append(weakref.ref(hidden))
        if (inputs["input_ids"] == 3).any():
            raise ValueError("cannot take it")
        return first_token(inputs)

    run = batcher(forward, Plan(16))
    run.run(items_of([8] * 6), PAD)
    assert run.account.failures == {2: "the model failed: ValueError: cannot take it"}
    assert all(reference() is None for reference in held)
