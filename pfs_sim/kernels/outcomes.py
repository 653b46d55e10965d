"""The outcomes of a path: every group of every cohort lives each outcome once (model §6).

Beside what happened stands its expectation given the path's inputs, with the effect and without.
Outcomes whose money is capped for each client are in `pfs_sim.kernels.persons`.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from pfs_sim.kernels._jit import lean
from pfs_sim.kernels.expectations import expect_matched, measure_clients
from pfs_sim.kernels.groups import open_groups
from pfs_sim.kernels.levels import close_levels
from pfs_sim.kernels.occurrences import occur
from pfs_sim.kernels.persons import live_persons
from pfs_sim.kernels.random import Rng, open_stream
from pfs_sim.kernels.thinning import address
from pfs_sim.tables.people import OutcomePlan, PeoplePlan
from pfs_sim.tables.state import CONTROL, MATCHED, TREATED, Group, People

F8 = npt.NDArray[np.float64]


@lean
def live_outcomes(
    plan: PeoplePlan, rng: Rng, row: F8, path: int, stop: int, people: People
) -> None:
    """Live the outcomes of a path whose program `people` holds; fills its measured sums.

    `row` holds the path's inputs, `stop` the grid point at which service ended.
    """
    cohort, outcomes, program = people.cohort, plan.outcomes, plan.program[0]
    group = cohort.group
    cohort.outcomes[:] = 0.0
    group.level[:] = math.nan
    for t in range(min(program.periods, stop)):
        for arm in (CONTROL, TREATED):
            if people.enrolled[arm, t] <= 0.0:
                continue
            for y in range(program.types):
                count = open_groups(people.exits, plan.doses, t, arm, y, stop, group.bucket)
                for step in plan.steps:
                    if step >= 0:
                        _live_outcome(outcomes, rng, row, path, t, arm, y, step, count, group)
                    else:
                        g = -1 - step
                        live_persons(
                            outcomes, plan.persons, rng, row, path, t, arm, y, g, count, group,
                            people.person,
                        )
                if arm == TREATED:
                    for k in range(outcomes.facts.size):
                        if outcomes.facts[k].ratio > 0.0:
                            _live_matched(outcomes, rng, row, path, t, y, k, count, group)
                    close_levels(group.bucket, group.level, count)


@lean
def _live_outcome(
    outcomes: OutcomePlan,
    rng: Rng,
    row: F8,
    path: int,
    t: int,
    arm: int,
    y: int,
    k: int,
    count: int,
    group: Group,
) -> None:
    """Let an outcome happen to the measured clients of each group, in the order of the groups."""
    measure_clients(outcomes, rng, row, path, t, arm, y, k, count, group)
    fact = outcomes.facts[k]
    open_stream(rng, fact.key, address(t, arm, y), np.uint64(path))
    for i in range(count):
        j = group.bucket[i].at
        cell = group.cell[k, j]
        m = cell.measured
        if m > 0.0:
            cell.success = occur(outcomes, rng, row, t, y, k, j, arm, m, fact.frozen, group)


@lean
def _live_matched(
    outcomes: OutcomePlan,
    rng: Rng,
    row: F8,
    path: int,
    t: int,
    y: int,
    k: int,
    count: int,
    group: Group,
) -> None:
    """Let an outcome happen to the comparison clients of each treated group, without effect."""
    fact = outcomes.facts[k]
    open_stream(rng, fact.matched_key, address(t, TREATED, y), np.uint64(path))
    for i in range(count):
        j = group.bucket[i].at
        m = fact.ratio * group.cell[k, j].measured
        if not fact.frozen:
            m = math.floor(m + 0.5) * 1.0
        if m > 0.0:
            expect_matched(outcomes, row, t, y, k, j, MATCHED, m, group)
            occur(outcomes, rng, row, t, y, k, j, MATCHED, m, fact.frozen, group)
