"""Groups: the clients of one cohort, arm and type who left treatment at the same time.

Bucket 0 are the no-shows, bucket 1+a those who left in period of treatment a, bucket D+1 those
who completed. Clients of a group have one dose, one exit and, for each outcome, one probability.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from pfs_sim.kernels._jit import inline, lean
from pfs_sim.tables.people import Kind, Records
from pfs_sim.tables.state import COMPLETED, LEFT, NO_SHOW, TREATED

F8 = npt.NDArray[np.float64]
I8 = npt.NDArray[np.int64]


@lean
def open_groups(
    exits: F8, doses: F8, t: int, arm: int, y: int, stop: int, bucket: Records
) -> int:
    """State the facts of each group of a cohort that has people; returns how many groups have.

    A stop at a grid point sends home every treated client who is in service then: their exit is
    the stop, their dose what they have had. Controls are followed as long as they would have been.
    """
    duration = bucket.size - 2
    count = 0
    for j in range(duration + 2):
        n = exits[t, arm, y, j]
        if n <= 0.0:
            continue
        here = bucket[j]
        here.people = n
        here.cut = 0
        here.sample = NO_SHOW if j == 0 else (LEFT if j <= duration else COMPLETED)
        here.share = doses[0, j] if arm == TREATED else 0.0
        served = min(j, duration)
        if arm == TREATED and t + served > stop:
            served = stop - t
            here.cut = 1
            here.sample = LEFT
            here.share = doses[1, served]
        here.served = served
        here.exit = t + served
        bucket[count].at = j
        count += 1
    return count


@inline
def find_vintage(fact: Any, here: Any, vintage: I8, t: int) -> int:
    """First evaluation that counts the clients of a group (a milestone: their first period)."""
    if fact.kind == Kind.MILESTONE:
        return int(vintage[t + 1 + fact.reporting])
    return int(vintage[(here.exit if fact.opens_at_exit else t) + fact.delay])


@inline
def find_credit(fact: Any, vintage: I8, t: int, a: int) -> int:
    """First evaluation that counts a milestone of period of service a."""
    return int(vintage[t + max(a, fact.qualify - 1) + 1 + fact.reporting])
