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

from pfs_sim.kernels._jit import forced, inner, inner_apart, once
from pfs_sim.kernels._wide import alike, anywhere, each, of, replace, where
from pfs_sim.tables.people import NO_CLASS, Kind, OutcomePlan, Seen
from pfs_sim.tables.state import CLIENTS, COMPLETED, CONTROL, LEFT, NO_SHOW, TREATED, Lots
from pfs_sim.tables.wide import ABREAST, Wide

I8 = npt.NDArray[np.int64]

@inner_apart
def find_cut(stop: Wide, periods: int, duration: int) -> tuple[int, int]:
    """First cohort that a stop cut short on any path, and the end of these."""
    first, end = periods, 0
    for lane in range(ABREAST):
        here, last = _cut_on(of(stop, lane), periods, duration)
        if here < last:
            first, end = min(first, here), max(end, last)
    return min(first, end), end


@forced
def _cut_on(stop: float, periods: int, duration: int) -> tuple[int, int]:
    """The same of one path."""
    return int(max(0.0, stop - duration + 1.0)), int(min(float(periods), stop))


@once
def gather(
    outcomes: OutcomePlan, k: int, stop: Wide, first: int, end: int, enrolled: Wide, together: Lots
) -> None:
    """Bring the clients of outcome k together in `together.people`, by lot and bucket.

    Those whom a stop sent home before they were seen follow after them: from the cohorts `first`
    to `end`. Counts the clients of milestones.
    """
    fact, grouping, exits = outcomes.facts[k], outcomes.seen[Seen.GROUPING], together.exits
    people, types, duration = together.people, outcomes.shifts.shape[2], _duration(outcomes)
    width = exits.shape[1]
    buckets, milestone = duration + 2, fact.kind == Kind.MILESTONE
    for i in range(outcomes.lots.shape[1] * width):
        people[i] = 0.0
    for t in range(exits.shape[0]):
        if not anywhere(enrolled[CONTROL, t] + enrolled[TREATED, t] > 0.0):
            continue
        # The treated who may have been cut short come later.
        kept = stop > float(t + duration - 1)
        v = outcomes.seen[Seen.EVALUATION, t + fact.delay]
        for group in range(2 * types):
            whole = kept | alike(group < types)
            at = group * buckets
            if milestone:
                arm = CONTROL if group < types else TREATED
                if arm == TREATED or fact.least_control != NO_CLASS:
                    _count(exits[t], at, duration, whole, together.sums[CLIENTS, k, arm], v)
                    _gather_periods(fact, grouping, exits[t], t, at, duration, whole, people)
                continue
            ready = t + fact.delay
            for i in range(at, at + buckets):
                if fact.opens_at_exit:
                    ready = t + min(i - at, duration) + fact.delay
                people[grouping[ready] * width + i] += where(whole, exits[t, i], 0.0)
    if first < end:
        _gather_cut(outcomes, k, stop, first, end, together)


@forced
def _duration(outcomes: OutcomePlan) -> int:
    """Periods of planned treatment."""
    return int(outcomes.doses.shape[1] - 2)


@once
def _gather_periods(
    fact: Any,
    grouping: I8,
    exits: Wide,
    t: int,
    at: int,
    duration: int,
    whole: Wide,
    people: Wide,
) -> None:
    """Bring the periods of service of a cohort to the lots to which they are reported.

    The exits by bucket of its arm and type begin at `at`.
    """
    periods, first = min(duration, fact.most), 0
    if fact.qualify > duration:
        periods = 0
    while first < periods:
        # Periods of service first … end−1 are reported to the same lot.
        lot = grouping[t + max(first, fact.qualify - 1) + fact.delay]
        end = first + 1
        while end < periods and lot == grouping[t + max(end, fact.qualify - 1) + fact.delay]:
            end += 1
        row = lot * exits.size + at
        for served in range(max(first + 1, fact.qualify), duration + 2):
            n = where(whole, exits[at + served], 0.0)
            people[row + served] += n * float(min(served, end) - first)
        first = end


@once
def _count(exits: Wide, at: int, duration: int, whole: Wide, counted: Wide, v: int) -> None:
    """Count the clients of a milestone with its first period: counted[class, v]."""
    left, last = each(0.0), at + duration + 1
    for i in range(at + 1, last):
        left += exits[i]
    counted[NO_SHOW, v] += where(whole, exits[at], 0.0)
    counted[LEFT, v] += where(whole, left, 0.0)
    counted[COMPLETED, v] += where(whole, exits[last], 0.0)


@inner
def same_clients(fact: Any, other: Any) -> bool:
    """Whether what was gathered for another outcome serves this one: the same windows."""
    return bool(
        fact.kind != Kind.MILESTONE
        and other.kind != Kind.MILESTONE
        and fact.delay == other.delay
        and fact.opens_at_exit == other.opens_at_exit
    )


@inner_apart
def _gather_cut(
    outcomes: OutcomePlan, k: int, stops: Wide, first: int, end: int, together: Lots
) -> None:
    """As `gather`, path by path, for the treated cohorts some of whom were cut short."""
    fact, seen, exits = outcomes.facts[k], outcomes.seen, together.exits
    people, types, duration = together.people, outcomes.shifts.shape[2], _duration(outcomes)
    width, milestone = exits.shape[1], fact.kind == Kind.MILESTONE
    late = outcomes.lots.shape[1] * width
    for i in range((end - first) * duration * types):
        people[late + i] = 0.0
    for lane in range(ABREAST):
        stop = of(stops, lane)
        whole, last = _cut_on(stop, exits.shape[0], duration)
        for t in range(whole, last):
            left = int(stop) - t
            for a in range(duration if milestone else 1):
                for i in range(width // 2, width):
                    y, j = divmod(i - width // 2, duration + 2)
                    n, served = of(exits[t, i], lane), min(j, duration)
                    if n <= 0.0:
                        continue
                    short = served > left
                    if milestone and a == 0:
                        ready, sample = t + fact.delay, sample_of(j, duration)
                        if short and seen[Seen.DATE, ready] > stop:
                            sample = LEFT
                        v = seen[Seen.EVALUATION, ready]
                        _add(together.sums[CLIENTS, k, TREATED, sample], v, lane, n)
                    age = a
                    ready = t + fact.delay
                    if fact.opens_at_exit:
                        ready, age = ready + min(served, left), left - 1
                    if milestone:
                        served = min(served, left)
                        if a >= min(served, fact.most) or served < fact.qualify:
                            continue
                        ready = t + max(a, fact.qualify - 1) + fact.delay
                    if short and (fact.opens_at_exit or seen[Seen.DATE, ready] > stop):
                        _add(people, late + ((t - first) * duration + age) * types + y, lane, n)
                    else:
                        _add(people, seen[Seen.GROUPING, ready] * width + i, lane, n)


@inner
def _add(numbers: Wide, i: int, lane: int, n: float) -> None:
    """Add a number of one path."""
    numbers[i] = replace(numbers[i], lane, of(numbers[i], lane) + n)


@once
def sample_of(j: int, duration: int) -> int:
    """Class of a bucket; those cut short left early."""
    if j == duration + 1:
        return COMPLETED
    return NO_SHOW if j == 0 else LEFT
