"""`--find-lr`: a learning rate by trial. It rises from step to step, and the loss says where learning is fastest."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from nbtransformers.results.smoothing import smoothed
from nbtransformers.results.trainingfigures import FINDER_SMOOTHING, FINDER_TITLE, finder_figure
from nbtransformers.rundir.atomic import read_json, write_json
from nbtransformers.rundir.folder import RunFolder
from nbtransformers.training.journal import Journal

STEPS = 100
"""Steps of a trial at most."""
_LOWEST, _HIGHEST = 1e-7, 1.0
_BLOWN_UP = 3.0  # times the best loss: what comes after says nothing
_LEAST_POINTS = 10
_BEFORE_THE_LOWEST = 10.0  # where the loss is lowest it is about to blow up

Point = tuple[float, float]


def found_lr(folder: RunFolder) -> float | None:
    """The learning rate that was found for a run; None before, or where none could be."""
    kept = read_json(folder.finder)
    return None if kept is None else kept["chosen"]


def tell_found(folder: RunFolder, journal: Journal) -> None:
    """Tell what was found for a run."""
    journal.write("finder", **read_json(folder.finder))


def find_lr(trainer: Any, folder: RunFolder, on_step: Callable[[int, int], bool]) -> bool:
    """Look for a learning rate, and leave the model and all random numbers as they were, bit for bit.

    Args:
        trainer: of the run, before it trains.
        folder: the run, where `evaluations/lr-finder.json` and its figure are written.
        on_step: told how many of how many steps are done; it says whether to go on.

    Returns:
        Whether it came to its end: not when the run was told to stop.
    """
    points: list[Point] = []
    with _as_it_was(trainer.model):
        for lr, loss in _trial(trainer):
            points.append((lr, loss))
            if not on_step(len(points), STEPS):
                return False
            if _is_blown_up(points):
                break
    chosen = chosen_lr(points)
    folder.evaluations.mkdir(exist_ok=True)
    _draw(points, chosen, folder)
    finite = [[lr, loss if math.isfinite(loss) else None] for lr, loss in points]
    write_json(folder.finder, {"points": finite, "chosen": chosen})
    return True


def chosen_lr(points: Sequence[Point]) -> float | None:
    """The learning rate to train with: where the smoothed loss falls fastest, and well below where it is lowest.

    Args:
        points: learning rate and loss of each step, the former rising.

    Returns:
        None when the loss never fell.

    Example:
        >>> chosen_lr([(10 ** (-6 + n / 10), 1 - math.tanh(n / 10 - 3) / 2) for n in range(60)])
        0.001
    """
    good = [(lr, loss) for lr, loss in points if math.isfinite(loss)]
    if len(good) < _LEAST_POINTS:
        return None
    rates, losses = np.array(good).T
    smooth = smoothed(losses, FINDER_SMOOTHING)
    lowest = int(smooth.argmin())
    if lowest < _LEAST_POINTS // 2:
        return None
    slopes = np.gradient(smooth, np.log(rates))[: lowest + 1]
    return rounded(min(rates[int(slopes.argmin())], rates[lowest] / _BEFORE_THE_LOWEST))


def rounded(lr: float) -> float:
    """A learning rate to two digits, as one would type it."""
    return float(f"{lr:.1e}")


def _is_blown_up(points: Sequence[Point]) -> bool:
    losses = [loss for _, loss in points]
    if not math.isfinite(losses[-1]):
        return True
    means = smoothed(np.array(losses), FINDER_SMOOTHING)
    return len(points) > _LEAST_POINTS and means[-1] > _BLOWN_UP * means.min()


def _trial(trainer: Any) -> Iterator[Point]:
    import torch

    model = trainer.model.to(trainer.args.device).train()
    optimizer, clip = _optimizer(trainer), trainer.args.max_grad_norm
    for step, parts in zip(range(STEPS), _steps(trainer), strict=False):
        lr = _LOWEST * (_HIGHEST / _LOWEST) ** (step / (STEPS - 1))
        for group in optimizer.param_groups:
            group["lr"] = lr
        losses: list[float] = []
        for inputs in parts:
            with trainer.compute_loss_context_manager():
                loss = model(**inputs)["loss"]
            (loss / len(parts)).backward()
            losses.append(float(loss.detach()))
        yield lr, float(np.mean(losses))
        if clip:
            torch.nn.utils.clip_grad_norm_(model.parameters(), clip)
        optimizer.step()
        optimizer.zero_grad()


def _steps(trainer: Any) -> Iterator[list[Any]]:
    """The parts of each step, in the order of the run, again from the beginning when all were seen."""
    from torch.utils.data import DataLoader

    size = trainer.args.gradient_accumulation_steps
    rows = trainer._remove_unused_columns(trainer.train_dataset, "training")
    # Not Trainer's own, which would take note that an epoch has begun.
    loader: Any = DataLoader(
        rows,
        batch_size=trainer.args.train_batch_size,
        sampler=trainer._get_train_sampler(trainer.train_dataset),
        collate_fn=trainer.data_collator,
    )
    for _ in itertools.count():
        parts = (trainer._prepare_inputs(inputs) for inputs in loader)
        while some := list(itertools.islice(parts, size)):
            yield some


def _optimizer(trainer: Any) -> Any:
    """AdamW as the run has it."""
    import torch

    decayed = set(trainer.get_decay_parameter_names(trainer.model))
    weights = [(name, weight) for name, weight in trainer.model.named_parameters() if weight.requires_grad]
    args = trainer.args
    groups = [
        {"params": [w for name, w in weights if name in decayed], "weight_decay": args.weight_decay},
        {"params": [w for name, w in weights if name not in decayed], "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(
        [group for group in groups if group["params"]],
        betas=(args.adam_beta1, args.adam_beta2),
        eps=args.adam_epsilon,
    )


@contextmanager
def _as_it_was(model: Any) -> Generator[None]:
    """Put weights and buffers back, and every random number generator."""
    import random

    import torch

    changing = [weight for weight in model.parameters() if weight.requires_grad]
    kept = [(held, held.detach().to("cpu", copy=True)) for held in (*changing, *model.buffers())]
    python, numpy = random.getstate(), np.random.get_state()
    try:
        with torch.random.fork_rng():
            yield
    finally:
        with torch.no_grad():
            for held, before in kept:
                held.copy_(before)
        for weight in changing:
            weight.grad = None
        random.setstate(python)
        np.random.set_state(numpy)


def _draw(points: Sequence[Point], chosen: float | None, folder: RunFolder) -> None:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6.4, 3.4), layout="constrained")
    finder_figure(points, chosen, f"{folder.name}: {FINDER_TITLE}", figure.add_subplot())
    figure.savefig(folder.finder.with_suffix(".png"), dpi=150)
