"""The processes that train a run together, each on its GPU; what one of them, the leader, decides is done by all."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

_TIMEOUT = timedelta(days=30)
"""Others wait for the leader, in a pause or while it writes: who has ended is found out by the worker, not by this."""


@dataclass(frozen=True, slots=True)
class Team:
    """One of the processes that train a run; of one alone, nothing is sent.

    Attributes:
        rank: which one it is; 0 leads.
        size: how many there are.
        worker: the process that owns the run.
    """

    rank: int = 0
    size: int = 1
    worker: int | None = None
    _group: Any = None

    @property
    def leads(self) -> bool:
        """Whether it tells, saves and is told."""
        return self.rank == 0

    def shared(self, value: Any = None) -> Any:
        """The leader's value, in every process; each comes here as often as the others."""
        if self.size == 1:
            return value
        from torch.distributed import broadcast_object_list

        box = [value if self.leads else None]
        broadcast_object_list(box, src=0, group=self._group)
        return box[0]

    def meet(self) -> None:
        """Wait until every process is here."""
        if self.size > 1:
            from torch.distributed import barrier

            barrier(self._group)

    def part(self) -> None:
        """Leave the others, when all is done."""
        from torch.distributed import destroy_process_group

        destroy_process_group()


def joined(rank: int, size: int, worker: int, meeting: Path, device: str) -> Team:
    """Join the team of a run: processes on one machine, which find each other by a file.

    Args:
        rank: which one this process is.
        size: how many there are.
        worker: the process that owns the run.
        meeting: a file in a folder that is theirs alone.
        device: `cpu`, or `cuda`, of which each takes one.
    """
    import torch
    from torch import distributed

    # As torchrun sets them: by these, accelerate knows that it is one of several.
    os.environ.update(RANK=str(rank), LOCAL_RANK=str(rank), WORLD_SIZE=str(size), LOCAL_WORLD_SIZE=str(size))
    if sys.platform in ("linux", "darwin"):  # they need no network
        os.environ.setdefault("GLOO_SOCKET_IFNAME", "lo" if sys.platform == "linux" else "lo0")
    if device == "cuda":
        torch.cuda.set_device(rank)
    distributed.init_process_group(
        "nccl" if device == "cuda" else "gloo",
        init_method=meeting.as_uri(),
        rank=rank,
        world_size=size,
        timeout=_TIMEOUT,
    )
    return Team(rank, size, worker, distributed.new_group(backend="gloo", timeout=_TIMEOUT))
