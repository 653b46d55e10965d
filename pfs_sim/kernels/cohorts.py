"""Outcomes that are lived cohort by cohort: they drift, cluster, follow each other or have limits.

Groups are those of `pfs_sim.kernels.groups`.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from pfs_sim.kernels._jit import inner_apart, lean, once
from pfs_sim.kernels._wide import of, word_of
from pfs_sim.kernels.expectations import expect_matched, measure_clients
from pfs_sim.kernels.groups import open_groups
from pfs_sim.kernels.occurrences import occur
from pfs_sim.kernels.outcomes import live_outcomes
from pfs_sim.kernels.persons import live_persons
from pfs_sim.kernels.random import Rng, Word, open_stream, uniform
from pfs_sim.kernels.thinning import address
from pfs_sim.tables.people import How, OutcomePlan, PeoplePlan
from pfs_sim.tables.state import CONTROL, MATCHED, TREATED, Alone, Crowd, Group, Living
from pfs_sim.tables.wide import ABREAST

F8 = npt.NDArray[np.float64]
_STOP = 0


@once
def live_all_outcomes(plan: PeoplePlan, rng: Rng, crowd: Crowd, living: Living) -> None:
    """As `live_outcomes`, for a deal of which not all outcomes can be lived lot by lot.

    The others are lived path by path; one that fills a place beside itself is lived once.
    """
    live_outcomes(plan, rng, crowd, living)
    alone, paths = living.alone, crowd.path[0]
    for lane in range(ABREAST):
        path = word_of(paths, lane)
        if lane == 0 or path != word_of(paths, lane - 1):
            _take(alone.of_row, lane, alone.row)
            _take(alone.of_enrolled, lane, alone.enrolled)
            _take(alone.of_exits, lane, alone.all_exits)
            _live_alone(plan, rng, path, int(of(crowd.events[_STOP], lane)), alone)
        for n in range(alone.outcomes.size):
            alone.of_outcomes[n, lane] += alone.outcomes[n]


@once
def _take(numbers: F8, lane: int, to: F8) -> None:
    """Copy the numbers of one of the paths."""
    for n in range(to.size):
        to[n] = numbers[n, lane]


@inner_apart
def _live_alone(plan: PeoplePlan, rng: Rng, path: Word, stop: int, alone: Alone) -> None:
    """Live the other outcomes of one path."""
    outcomes, row, group = plan.outcomes, alone.row, alone.group
    periods = alone.exits.shape[0]
    alone.outcomes[:] = 0.0
    group.level[:] = math.nan
    for f in range(plan.families.size):
        family = plan.families[f]
        if family.how == How.MERGED:
            continue
        for t in range(min(periods, stop)):
            for arm in (CONTROL, TREATED):
                if alone.enrolled[arm * periods + t] <= 0.0:
                    continue
                for y in range(plan.types.size):
                    count = open_groups(
                        alone.exits, outcomes.doses, t, arm, y, stop, group.bucket
                    )
                    for i in range(family.first_step, family.first_step + family.steps):
                        step = plan.steps[i]
                        if step >= 0:
                            _live_groups(
                                outcomes, rng, row, path, t, arm, y, step, count, stop, group
                            )
                        else:
                            live_persons(
                                outcomes, plan.persons, rng, row, path, t, arm, y, -1 - step,
                                count, stop, group, alone.person,
                            )
                    for k in range(outcomes.facts.size):
                        fact = outcomes.facts[k]
                        if arm == TREATED and fact.family == f and fact.ratio > 0.0:
                            _live_matched(
                                outcomes, rng, row, path, t, y, k, count, stop, group
                            )


@lean
def _live_groups(
    outcomes: OutcomePlan,
    rng: Rng,
    row: F8,
    path: Word,
    t: int,
    arm: int,
    y: int,
    k: int,
    count: int,
    stop: int,
    group: Group,
) -> None:
    """Let an outcome happen to the measured clients of each group, in the order of the groups."""
    measure_clients(outcomes, rng, row, path, t, arm, y, k, count, stop, group)
    fact = outcomes.facts[k]
    open_stream(rng, fact.key, address(t, arm, y), np.uint64(path))
    for i in range(count):
        j = group.bucket[i].at
        m = group.cell[k, j].measured
        if m > 0.0:
            group.cell[k, j].success = occur(
                outcomes, rng, row, t, y, k, j, arm, m, fact.frozen, stop, group
            )


@lean
def _live_matched(
    outcomes: OutcomePlan,
    rng: Rng,
    row: F8,
    path: Word,
    t: int,
    y: int,
    k: int,
    count: int,
    stop: int,
    group: Group,
) -> None:
    """Let an outcome happen to the comparison clients of each treated group, without effect.

    What the ratio makes of a cohort is rounded as a whole, up as often as the fraction says, so
    that neither small cohorts nor many groups make the comparison larger or smaller than that.
    """
    fact = outcomes.facts[k]
    open_stream(rng, fact.matched_key, address(t, TREATED, y), np.uint64(path))
    asked, found, start = 0.0, 0.0, 0.5
    if not fact.frozen and fact.ratio != math.floor(fact.ratio):
        start = uniform(rng)
    for i in range(count):
        j = group.bucket[i].at
        m = group.cell[k, j].measured * fact.ratio
        if not fact.frozen:
            asked += m
            m = math.floor(asked + start) - found
            found += m
        if m > 0.0:
            expect_matched(outcomes, row, t, y, k, j, m, stop, group)
            occur(outcomes, rng, row, t, y, k, j, MATCHED, m, fact.frozen, stop, group)
