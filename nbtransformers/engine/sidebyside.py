"""Like pieces of work, several at a time, each on CPU threads of its own.

So no thread waits for another at the end of each product, which costs much where cores are busy elsewhere (`threads`).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import Any, Self, TypeVar

T = TypeVar("T")
P = TypeVar("P")


class SideBySide:
    """Workers for pieces of work; one alone works in the thread that asks.

    Args:
        threads: CPU threads of all workers together.
        most: how many workers there may be, as by the memory that each takes.

    Example:
        >>> with SideBySide(threads=2, most=4) as workers:
        ...     list(workers.each(forward, batches, before=progress))
    """

    def __init__(self, threads: int, most: int) -> None:
        self.number = max(1, min(threads, most))
        self._threads = max(1, threads // self.number)
        self._pool: ThreadPoolExecutor | None = None

    def __enter__(self) -> Self:
        if self.number > 1:
            self._pool = ThreadPoolExecutor(self.number, "nbtransformers", _set_threads, (self._threads,))
        return self

    def __exit__(self, *_: Any) -> None:
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)

    def each(self, work: Callable[[P], T], pieces: Sequence[P], before: Callable[[P], None]) -> Iterator[tuple[P, T]]:
        """Each piece and what comes of it, in order.

        Args:
            work: what is done with a piece, in whichever thread: of what torch keeps for a thread, such as whether it
                notes gradients, it has to say all itself.
            pieces: of about one size.
            before: called in this thread before each piece is begun; when it raises, no more are.
        """
        if self._pool is None:
            for piece in pieces:
                before(piece)
                yield piece, work(piece)
            return
        begun: deque[tuple[P, Future[T]]] = deque()
        try:
            for piece in pieces:
                if len(begun) > self.number:  # one more than they are, so that none is idle
                    yield _ended(begun)
                before(piece)
                begun.append((piece, self._pool.submit(work, piece)))
            while begun:
                yield _ended(begun)
        finally:  # the model is the caller's: nothing may go on in it
            left = [future for _, future in begun]
            for future in left:
                future.cancel()
            wait(left)


def _ended(begun: deque[tuple[P, Future[T]]]) -> tuple[P, T]:
    piece, future = begun.popleft()
    return piece, future.result()


def _set_threads(number: int) -> None:
    import torch

    torch.set_num_threads(number)
