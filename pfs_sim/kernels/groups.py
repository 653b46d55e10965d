"""Groups: the clients of one cohort, arm and type who left treatment at the same time.

Bucket 0 are the no-shows, bucket 1+a those who left in period of treatment a, bucket D+1 those
who completed. Clients of a group have one dose, one exit and, for each outcome, one probability.

A stop changes nothing that had been seen by then: clients whom it sends home count as they were
for the data that an evaluation saw at the stop or before, and as cut short for the others.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from pfs_sim.kernels._jit import inline, inner
from pfs_sim.tables.people import Records, Seen
from pfs_sim.tables.state import COMPLETED, LEFT, NO_SHOW, TREATED

F8 = npt.NDArray[np.float64]
I8 = npt.NDArray[np.int64]


@inner
def open_groups(
    exits: F8, doses: F8, t: int, arm: int, y: int, stop: int, bucket: Records
) -> int:
    """State the facts of each group of a cohort that has people; returns how many groups have."""
    duration = bucket.size - 2
    count = 0
    for j in range(duration + 2):
        n = exits[t, arm, y, j]
        if n > 0.0:
            _open(bucket, doses, t, arm, j, n, stop)
            bucket[count].at = j
            count += 1
    return count


@inline
def _open(bucket: Records, doses: F8, t: int, arm: int, j: int, n: float, stop: int) -> None:
    """State the facts of a group of n clients."""
    duration = bucket.size - 2
    here = bucket[j]
    here.people = n
    here.sample = NO_SHOW if j == 0 else (LEFT if j <= duration else COMPLETED)
    here.served = min(j, duration)
    here.share, here.share_cut, here.cut, here.left = 0.0, 0.0, 0, here.served
    if arm == TREATED:
        here.share = doses[0, j]
        if t + here.served > stop:
            here.cut = 1
            here.left = stop - t
            here.share_cut = doses[1, here.left]


@inner
def place(fact: Any, seen: I8, t: int, stop: int, here: Any, cell: Any, j: int, cut: int) -> None:
    """State when the clients of a group are seen, in which class, and where their level stands.

    `j` is their bucket and `cut` the slot of the levels of those who were cut short. A milestone
    is counted with its first period.
    """
    cell.sample, cell.slot = here.sample, j
    ready = t + fact.delay + (here.served if fact.opens_at_exit else 0)
    if here.cut and seen[Seen.DATE, ready] > stop:
        cell.sample, cell.slot = LEFT, cut
        ready = t + fact.delay + (here.left if fact.opens_at_exit else 0)
    cell.evaluation = seen[Seen.EVALUATION, ready]


@inner
def ready_later(fact: Any, t: int, a: int) -> int:
    """Grid point at which a milestone of period of service a counts and is reported."""
    return int(t + max(a, fact.qualify - 1) + fact.delay)
