"""Memory for results, lent again once nobody looks at them any more.

A system gives memory out page by page as it is first touched, and for the hundred results of a
contract that can take as long as to find them. So a run takes the memory of results before it
that are gone. Gone they are when numpy would have freed them: an array keeps what it is a view of,
and the last one that goes gives the memory back. Some of it waits as long as the process lives.
"""

from __future__ import annotations

import weakref
from collections import deque
from contextlib import suppress
from typing import Any

import numpy as np
import numpy.typing as npt

from pfs_sim.tables.wide import LINE, from_a_line

F8 = npt.NDArray[np.float64]
Bytes = npt.NDArray[np.uint8]
MOST_KEPT = 2
"""Tables whose memory waits: a sweep looks at one case while the next is lived."""
MOST_WAITING = 192_000_000
"""Bytes that wait, all told: two tables of a hundred results of 100,000 paths do."""


class _Lent(np.ndarray[Any, Any]):
    """Lent memory. Every view keeps it: numpy does not look behind a base of another type."""


class Lender:
    """Lends tables, and their memory again when no array shows it. What waits goes with it."""

    def __init__(self) -> None:
        self._waiting = deque[Bytes](maxlen=MOST_KEPT)

    @property
    def waiting(self) -> int:
        """Bytes that wait to be lent again."""
        return sum(room.size for room in tuple(self._waiting))

    def lend(self, rows: int, columns: int) -> F8:
        """Room for plain numbers [row, column] that begins a line of memory, not filled."""
        size = 8 * rows * columns + LINE
        room = self._find(size)
        lent = room[:size].view(_Lent)
        weakref.finalize(lent, _take_back, weakref.ref(self), room).atexit = False
        found: F8 = from_a_line(lent).view(np.float64, np.ndarray)
        return found.reshape(rows, columns)

    def _find(self, size: int) -> Bytes:
        """Memory of so many bytes, or of less than twice as many, that waits; else new memory."""
        with suppress(IndexError):
            for _ in range(MOST_KEPT):
                room = self._waiting.popleft()
                if size <= room.size < 2 * size:
                    return room
                self._waiting.append(room)
        return np.empty(size, np.uint8)

    def take_back(self, room: Bytes) -> None:
        """Memory that may be lent again, if not too much waits already."""
        # No lock: this may be called while memory is collected, in the middle of anything.
        if room.size + self.waiting <= MOST_WAITING:
            self._waiting.append(room)


def _take_back(lender: weakref.ref[Lender], room: Bytes) -> None:
    whose = lender()
    if whose is not None:
        whose.take_back(room)


LENDER = Lender()
"""Who lends to the runs of this process."""
