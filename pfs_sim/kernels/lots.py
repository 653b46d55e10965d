"""Lots: cohorts that are measured together live an outcome together (model §6).

Where clients of several cohorts have the same probability and are seen by the same evaluation,
what happens to them is one draw: in law the same, at the cost of one cohort. Of a milestone it is
the periods of service that are drawn together. A lot is drawn from the address of the first grid
point at which a window of it opens (a milestone: of its first period of service), arm, type and
bucket, one stream each.

Those whom a stop sent home before they were seen leave their lot: they are drawn by cohort (a
milestone: by cohort and period of service), from the addresses that follow those of its buckets.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from pfs_sim.kernels._jit import apart, forced, inner, once
from pfs_sim.tables.people import NO_CLASS, Kind, OutcomePlan, Seen
from pfs_sim.tables.state import CLIENTS, COMPLETED, CONTROL, LEFT, NO_SHOW, TREATED, Lots

F8 = npt.NDArray[np.float64]


@apart
def gather(
    outcomes: OutcomePlan, k: int, stop: int, enrolled: F8, exits: F8, together: Lots
) -> int:
    """Bring the clients of outcome k together in `together.clients[arm, y, lot, j]`.

    First come the lots of the plan, then those whom a stop sent home before they were seen, in
    the last place j; returns how many lots these are. Their address and the time of their report
    are in `together.cut`. Counts the clients of milestones. Nobody gathers controls at whom no
    measure looks.
    """
    fact, seen, clients = outcomes.facts[k], outcomes.seen, together.clients
    types, duration = clients.shape[1], clients.shape[3] - 3
    start = TREATED if fact.least_control == NO_CLASS else CONTROL
    for arm in range(start, TREATED + 1):
        for y in range(types):
            for lot in range(outcomes.lots.shape[1]):
                for j in range(duration + 3):
                    clients[arm, y, lot, j] = 0.0
    periods = min(duration, fact.most) if fact.qualify <= duration else 0
    last = min(exits.shape[0], stop)
    whole = last if stop >= exits.shape[0] + duration else max(0, stop - duration + 1)
    for t in range(last):
        for arm in range(start, TREATED + 1):
            if enrolled[arm, t] <= 0.0 or (arm == TREATED and t >= whole):
                continue
            if fact.kind == Kind.MILESTONE:
                _count(exits, t, arm, seen[Seen.EVALUATION, t + fact.delay], k, together.sums)
                first = 0
                while first < periods:
                    # Periods of service first … end−1 are reported to the same lot.
                    lot = seen[Seen.GROUPING, t + max(first, fact.qualify - 1) + fact.delay]
                    end = first + 1
                    while end < periods and lot == (
                        seen[Seen.GROUPING, t + max(end, fact.qualify - 1) + fact.delay]
                    ):
                        end += 1
                    for y in range(types):
                        for j in range(max(first + 1, fact.qualify), duration + 2):
                            clients[arm, y, lot, j] += exits[t, arm, y, j] * (min(j, end) - first)
                    first = end
            elif fact.opens_at_exit:
                for y in range(types):
                    for j in range(duration + 2):
                        lot = seen[Seen.GROUPING, t + min(j, duration) + fact.delay]
                        clients[arm, y, lot, j] += exits[t, arm, y, j]
            else:
                lot = seen[Seen.GROUPING, t + fact.delay]
                for y in range(types):
                    for j in range(duration + 2):
                        clients[arm, y, lot, j] += exits[t, arm, y, j]
    return _gather_cut(outcomes, k, whole, last, stop, exits, together) if whole < last else 0


@once
def _count(exits: F8, t: int, arm: int, v: int, k: int, sums: F8) -> None:
    """Count the clients of a milestone with its first period."""
    duration = exits.shape[3] - 2
    for y in range(exits.shape[2]):
        left = 0.0
        for j in range(1, duration + 1):
            left += exits[t, arm, y, j]
        sums[CLIENTS, k, arm, NO_SHOW, v] += exits[t, arm, y, 0]
        sums[CLIENTS, k, arm, LEFT, v] += left
        sums[CLIENTS, k, arm, COMPLETED, v] += exits[t, arm, y, duration + 1]


@inner
def same_clients(fact: Any, other: Any) -> bool:
    """Whether what was gathered for another outcome serves this one: the same windows."""
    return bool(
        fact.kind != Kind.MILESTONE
        and other.kind != Kind.MILESTONE
        and fact.delay == other.delay
        and fact.opens_at_exit == other.opens_at_exit
        and (fact.least_control == NO_CLASS) == (other.least_control == NO_CLASS)
    )


@apart
def _gather_cut(
    outcomes: OutcomePlan, k: int, first: int, last: int, stop: int, exits: F8, together: Lots
) -> int:
    """As `gather`, for the treated cohorts from `first` on, some of whom were cut short."""
    fact, seen, clients = outcomes.facts[k], outcomes.seen, together.clients
    types, duration = clients.shape[1], clients.shape[3] - 3
    ages = duration if fact.kind == Kind.MILESTONE else 1
    cut, extra = duration + 2, 0
    for t in range(first, last):
        for a in range(ages):
            lot, late = outcomes.lots.shape[1] + extra, False
            for y in range(types):
                clients[TREATED, y, lot, :] = 0.0
                for j in range(duration + 2):
                    n, served = exits[t, TREATED, y, j], min(j, duration)
                    if n <= 0.0:
                        continue
                    short = t + served > stop
                    if fact.kind == Kind.MILESTONE and a == 0:
                        ready, sample = t + fact.delay, sample_of(j, duration)
                        if short and seen[Seen.DATE, ready] > stop:
                            sample = LEFT
                        v = seen[Seen.EVALUATION, ready]
                        together.sums[CLIENTS, k, TREATED, sample, v] += n
                    ready = t + fact.delay + (min(served, stop - t) if fact.opens_at_exit else 0)
                    if fact.kind == Kind.MILESTONE:
                        served = min(served, stop - t)
                        if a >= min(served, fact.most) or served < fact.qualify:
                            continue
                        ready = t + max(a, fact.qualify - 1) + fact.delay
                    if short and (fact.opens_at_exit or seen[Seen.DATE, ready] > stop):
                        clients[TREATED, y, lot, cut] += n
                        together.cut[extra, 0], together.cut[extra, 1] = t, 1 + a
                        together.cut[extra, 2] = ready
                        late = True
                    else:
                        clients[TREATED, y, seen[Seen.GROUPING, ready], j] += n
            if late:
                extra += 1
    return extra


@forced
def sample_of(j: int, duration: int) -> int:
    """Class of a bucket; those cut short left early."""
    if j == duration + 1:
        return COMPLETED
    return NO_SHOW if j == 0 else LEFT
