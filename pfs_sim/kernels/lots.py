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
from pfs_sim.kernels.random import ONE
from pfs_sim.tables.people import NO_CLASS, Kind, OutcomePlan, Seen
from pfs_sim.tables.state import CLIENTS, COMPLETED, CONTROL, LEFT, NO_SHOW, TREATED, Lots

F8 = npt.NDArray[np.float64]
I8 = npt.NDArray[np.int64]


@once
def gather(outcomes: OutcomePlan, k: int, stop: int, enrolled: F8, together: Lots) -> int:
    """Bring the clients of outcome k together in `together.clients[lot, bucket]`.

    Those whom a stop sent home before they were seen are in lots of their own, in
    `together.late`; returns how many these are. Their address and the time of their report are
    in `together.cut`. Counts the clients of milestones.
    """
    fact, grouping, exits = outcomes.facts[k], outcomes.seen[Seen.GROUPING], together.exits
    clients, types = together.clients, together.late.shape[1]
    width = exits.shape[1]
    duration = width // (2 * types) - 2
    for lot in range(outcomes.lots.shape[1]):
        for i in range(width):
            clients[lot, i] = 0.0
    last = min(exits.shape[0], stop)
    whole = last if stop >= exits.shape[0] + duration else max(0, stop - duration + 1)
    for t in range(last):
        if enrolled[CONTROL, t] + enrolled[TREATED, t] <= 0.0:
            continue
        end = width if t < whole else width // 2
        if fact.kind == Kind.MILESTONE:
            first = types if fact.least_control == NO_CLASS else 0
            after = 2 * types if t < whole else types
            v = outcomes.seen[Seen.EVALUATION, t + fact.delay]
            for group in range(first, after):
                arm = CONTROL if group < types else TREATED
                _count(exits[t], group, duration, together.sums[CLIENTS, k, arm], v)
            _gather_periods(fact, grouping, exits[t], t, first, after, duration, clients)
        elif fact.opens_at_exit:
            for i in range(end):
                lot = grouping[t + min(i % (duration + 2), duration) + fact.delay]
                clients[lot, i] += exits[t, i]
        else:
            lot = grouping[t + fact.delay]
            for i in range(end):
                clients[lot, i] += exits[t, i]
    if whole == last:
        return 0
    return _gather_cut(outcomes, k, whole, last, stop, together)


@once
def _gather_periods(
    fact: Any,
    grouping: I8,
    exits: F8,
    t: int,
    first_group: int,
    after: int,
    duration: int,
    clients: F8,
) -> None:
    """Bring the periods of service of a cohort to the lots to which they are reported.

    Groups, an arm and type each, have their exits by bucket one after the other.
    """
    periods = min(duration, fact.most) if fact.qualify <= duration else 0
    buckets, first = np.uint64(duration + 2), 0
    while first < periods:
        # Periods of service first … end−1 are reported to the same lot.
        lot = grouping[t + max(first, fact.qualify - 1) + fact.delay]
        end = first + 1
        while end < periods and lot == grouping[t + max(end, fact.qualify - 1) + fact.delay]:
            end += 1
        least, row, most = max(first + 1, fact.qualify), clients[lot], float(end - first)
        for group in range(first_group, after):
            at, served = np.uint64(group) * buckets, float(least - first)
            for i in range(at + np.uint64(least), at + buckets):
                row[i] += exits[i] * min(served, most)
                served += 1.0
        first = end


@once
def _count(exits: F8, group: int, duration: int, counted: F8, v: int) -> None:
    """Count the clients of a milestone with its first period: counted[class, v]."""
    at, left = np.uint64(group * (duration + 2)), 0.0
    last = at + np.uint64(duration + 1)
    for i in range(at + ONE, last):
        left += exits[i]
    counted[NO_SHOW, v] += exits[at]
    counted[LEFT, v] += left
    counted[COMPLETED, v] += exits[last]


@inner
def same_clients(fact: Any, other: Any) -> bool:
    """Whether what was gathered for another outcome serves this one: the same windows."""
    return bool(
        fact.kind != Kind.MILESTONE
        and other.kind != Kind.MILESTONE
        and fact.delay == other.delay
        and fact.opens_at_exit == other.opens_at_exit
    )


@apart
def _gather_cut(
    outcomes: OutcomePlan, k: int, first: int, last: int, stop: int, together: Lots
) -> int:
    """As `gather`, for the treated cohorts from `first` on, some of whom were cut short."""
    fact, seen, exits = outcomes.facts[k], outcomes.seen, together.exits
    late, types = together.late, together.late.shape[1]
    duration = exits.shape[1] // (2 * types) - 2
    ages = duration if fact.kind == Kind.MILESTONE else 1
    extra = 0
    for t in range(first, last):
        for a in range(ages):
            some = False
            for y in range(types):
                late[extra, y] = 0.0
                for j in range(duration + 2):
                    i = (TREATED * types + y) * (duration + 2) + j
                    n, served = exits[t, i], min(j, duration)
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
                        late[extra, y] += n
                        together.cut[extra, 0], together.cut[extra, 1] = t, 1 + a
                        together.cut[extra, 2] = ready
                        some = True
                    else:
                        together.clients[seen[Seen.GROUPING, ready], i] += n
            if some:
                extra += 1
    return extra


@forced
def sample_of(j: int, duration: int) -> int:
    """Class of a bucket; those cut short left early."""
    if j == duration + 1:
        return COMPLETED
    return NO_SHOW if j == 0 else LEFT
