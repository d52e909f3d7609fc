"""How big a batch, and how many at once: chosen by timing the first batches of the work itself."""

from __future__ import annotations

from dataclasses import dataclass

_ROUNDS = 2
_WORTH_A_PROBE = 4  # the probe may take a quarter of the work at the most


@dataclass(frozen=True, slots=True)
class Plan:
    """How batches are cut and run.

    Attributes:
        batch_tokens: the token budget of a batch, padding included.
        threads: batches that run side by side, one CPU thread each. Threads that share no batch never
            wait for each other, so a core that is busy elsewhere slows one of them and not all.
    """

    batch_tokens: int
    threads: int = 1


def candidates(device: str, threads: int, batch_tokens: int | None, fixed_threads: int | None) -> list[Plan]:
    """The plans worth trying, the likeliest first.

    On a CPU small budgets win (a batch that stays in the cache), on an accelerator large ones do.
    """
    on_cpu = device == "cpu"
    budgets = [512, 256, 1024, 2048] if on_cpu else [16384, 8192, 32768, 65536]
    budgets = [batch_tokens] if batch_tokens else budgets
    several = [fixed_threads] if fixed_threads else sorted({threads, max(1, threads // 2), 1}, reverse=True)
    several = several if on_cpu else [1]
    first = budgets[0]
    return [*(Plan(first, n) for n in several), *(Plan(budget, several[0]) for budget in budgets[1:])]


class Tuner:
    """Tries each plan on a few real batches, then keeps the fastest.

    Args:
        plans: the candidates, the default first.

    Example:
        >>> tuner = Tuner([Plan(512), Plan(1024)])
        >>> tuner.record(Plan(512), tokens=500, seconds=1.0)
    """

    def __init__(self, plans: list[Plan]) -> None:
        self._plans = plans
        self._rates: dict[Plan, list[float]] = {plan: [] for plan in plans}
        self._warm = len(plans) == 1

    @property
    def settled(self) -> bool:
        """Whether every plan was tried often enough."""
        return self._trial() is None

    def next_plan(self, tokens_left: int) -> tuple[Plan, bool]:
        """The plan for what comes next, and whether it is a trial. Little work is not worth a probe."""
        trial = self._trial()
        if trial is None or tokens_left < _WORTH_A_PROBE * self._cost():
            return self.best, False
        return trial, True

    def record(self, plan: Plan, tokens: int, seconds: float) -> None:
        """What a trial took. The very first one warms up caches and is not counted."""
        if self._warm:
            self._rates[plan].append(tokens / max(seconds, 1e-9))
        self._warm = True

    @property
    def best(self) -> Plan:
        """The fastest plan so far, or the default before any was timed.

        A plan is judged by its fastest trial: on a shared machine the slow ones tell of the neighbours.
        """
        tried = [plan for plan in self._plans if self._rates[plan]]
        return max(tried, key=lambda plan: max(self._rates[plan])) if tried else self._plans[0]

    def _trial(self) -> Plan | None:
        if len(self._plans) == 1:
            return None
        # Round by round rather than plan by plan, so that a slow second on the machine hits them all alike.
        return min(
            (plan for plan in self._plans if len(self._rates[plan]) < _ROUNDS),
            key=lambda plan: len(self._rates[plan]),
            default=None,
        )

    def _cost(self) -> int:
        return sum(plan.batch_tokens * plan.threads * (_ROUNDS - len(self._rates[plan])) for plan in self._plans)
