"""Parts of lots: clients who share a probability and are seen by the same evaluation (model §6).

A part is there for all paths side by side if anybody is in it on one of them; on the others it
has no clients, and nothing happens. Parts come in the order of the lots, and then those whom a
stop cut short by cohort and age.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from pfs_sim.kernels._jit import forced, once
from pfs_sim.kernels._wide import anywhere, each, where
from pfs_sim.kernels.levels import EACH
from pfs_sim.kernels.lots import sample_of
from pfs_sim.kernels.random import Word
from pfs_sim.kernels.thinning import address
from pfs_sim.tables.people import NO_CLASS, Kind, OutcomePlan, Seen
from pfs_sim.tables.state import CLASSES, CONTROL, LEFT, TREATED, Lots


@once
def part(outcomes: OutcomePlan, k: int, first: int, end: int, together: Lots) -> int:
    """Find the parts of all lots at which a measure looks; returns how many there are.

    `together.people` holds the clients; cohorts `first` to `end` may have been cut short. On the
    way all treated clients are credited with what is to be expected of them.
    """
    parts = _part_lots(outcomes, k, end - first, together)
    return _part_late(outcomes, k, first, end, parts, together)


@once
def _part_lots(outcomes: OutcomePlan, k: int, late: int, together: Lots) -> int:
    """The parts of the lots."""
    fact, people, expected = outcomes.facts[k], together.people, together.level[EACH]
    types, buckets = outcomes.shifts.shape[2], outcomes.doses.shape[1]
    dates, slots = together.sums.shape[4], 1 + buckets + late
    parts, i, hoped, hoped_without = 0, 0, each(0.0), each(0.0)
    for lot in range(outcomes.lots.shape[1]):
        start = outcomes.lots[k, lot]
        if start < 0:
            i += 2 * types * buckets
            continue
        vintage = outcomes.seen[Seen.EVALUATION, start + fact.delay]
        for arm in range(CONTROL, TREATED + 1):
            least = fact.least_treated if arm == TREATED else fact.least_control
            if vintage == dates - 1:
                least = NO_CLASS
            for y in range(types):
                without, index = y * slots, address(start, arm, y)
                for j in range(buckets):
                    n, sample, slot = people[i], sample_of(j, buckets - 2), without
                    if arm == TREATED:
                        slot += 1 + j
                        hoped += n * expected[slot]
                        hoped_without += n * expected[without]
                    if sample >= least and anywhere(n > 0.0):
                        cell = (arm * CLASSES + sample) * dates + vintage
                        own = index | np.uint64(j)
                        _set_part(together.part[parts], arm, i, slot, without, cell, own)
                        parts += 1
                    i += 1
    together.true[1, k], together.true[2, k] = hoped, hoped_without
    return parts


@once
def _part_late(
    outcomes: OutcomePlan, k: int, first: int, end: int, parts: int, together: Lots
) -> int:
    """The parts of those whom a stop cut short, after the others."""
    fact, people, expected = outcomes.facts[k], together.people, together.level[EACH]
    types, buckets = outcomes.shifts.shape[2], outcomes.doses.shape[1]
    dates, slots = together.sums.shape[4], 1 + buckets + end - first
    i = outcomes.lots.shape[1] * 2 * types * buckets
    for t in range(first, end):
        for age in range(buckets - 2):
            ready, own = t + fact.delay, buckets
            if fact.kind == Kind.MILESTONE:
                ready, own = t + max(age, fact.qualify - 1) + fact.delay, buckets + age
            elif fact.opens_at_exit:
                ready += 1 + age
            vintage = outcomes.seen[Seen.EVALUATION, ready]
            cell = (TREATED * CLASSES + LEFT) * dates + vintage
            for y in range(types):
                n, without, slot = people[i], y * slots, y * slots + 1 + buckets + t - first
                if anywhere(n > 0.0):
                    some = n > 0.0
                    together.true[1, k] += where(some, n * expected[slot], 0.0)
                    together.true[2, k] += where(some, n * expected[without], 0.0)
                    if fact.least_treated <= LEFT and vintage != dates - 1:
                        index = address(t, TREATED, y) | np.uint64(own)
                        _set_part(together.part[parts], TREATED, i, slot, without, cell, index)
                        parts += 1
                i += 1
    return parts


@forced
def _set_part(
    part: Any, arm: int, people: int, slot: int, without: int, cell: int, index: Word
) -> None:
    """State the facts of a part."""
    part.arm, part.people, part.slot, part.without = arm, people, slot, without
    part.cell, part.index = cell, index
