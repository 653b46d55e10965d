"""Who is followed up, and what is to be expected of them: the truth that a measure estimates."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from pfs_sim.kernels._jit import lean
from pfs_sim.kernels.groups import find_credit, find_vintage
from pfs_sim.kernels.levels import expect_share, level_later, open_levels
from pfs_sim.kernels.occurrences import (
    ALL,
    CLIENTS,
    EXPECTED,
    WITHOUT,
    expect_client,
    expect_next,
    start_states,
)
from pfs_sim.kernels.random import Rng, open_stream
from pfs_sim.kernels.thinning import address, thin
from pfs_sim.tables.people import Kind, OutcomePlan
from pfs_sim.tables.state import TREATED, Group

F8 = npt.NDArray[np.float64]


@lean
def measure_clients(
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
    """Find out who is followed up in each of a cohort's groups, and what is expected of them.

    An outcome that comes after another one can only happen to those of whom a success of the
    other was recorded; its expectation is that of the other times its own.
    """
    fact = outcomes.facts[k]
    open_levels(fact, outcomes.shifts, row, t, arm, y, k, count, group)
    lost = row[fact.lost_treated if arm == TREATED else fact.lost_control]
    if lost > 0.0:
        open_stream(rng, fact.lost_key, address(t, arm, y), np.uint64(path))
    for i in range(count):
        j = group.bucket[i].at
        here, cell = group.bucket[j], group.cell[k, j]
        m = here.people if fact.after < 0 else group.cell[fact.after, j].success
        if lost > 0.0:
            m = thin(rng, m, 1.0 - lost, fact.frozen_loss)
        cell.measured = m
        cell.success = 0.0
        v = find_vintage(fact, here, outcomes.vintage, t)
        group.sums[CLIENTS, k, arm, here.sample, v] += m
        expect_group(outcomes, row, t, y, k, j, arm, 1.0 - lost, group)


@lean
def expect_group(
    outcomes: OutcomePlan,
    row: F8,
    t: int,
    y: int,
    k: int,
    j: int,
    arm: int,
    kept: float,
    group: Group,
) -> None:
    """Expected sums of a group, with the effect and without: of those measured, and of all."""
    fact, here, cell = outcomes.facts[k], group.bucket[j], group.cell[k, j]
    m, n = cell.measured, here.people
    m_without, n_without = m, n
    if arm == TREATED:
        group.true[0, k] += n
    if fact.after >= 0:
        before = group.cell[fact.after, j]
        m, m_without = before.expected * kept, before.expected_without * kept
        n, n_without = before.everyone, before.everyone_without
    if fact.kind == Kind.MILESTONE:
        _expect_each_period(
            outcomes, row, t, y, k, j, arm, m, m_without, n, n_without, group
        )
        return
    share = expect_share(fact, outcomes.shifts, row, k, y, here.share)
    last = group.level.shape[2] - 1
    each = expect_client(fact, group.level[k, y, j if arm == TREATED else last], share)
    v = find_vintage(fact, here, outcomes.vintage, t)
    cell.expected = m * each
    cell.everyone = n * each
    group.sums[EXPECTED, k, arm, here.sample, v] += m * each
    if arm == TREATED:
        if fact.on_share:
            share = expect_share(fact, outcomes.shifts, row, k, y, 0.0)
        without = expect_client(fact, group.level[k, y, last], share)
        cell.expected_without = m_without * without
        cell.everyone_without = n_without * without
        group.without[k, here.sample, v] += m_without * without
        group.true[1, k] += n * each
        group.true[2, k] += n_without * without


@lean
def _expect_each_period(
    outcomes: OutcomePlan,
    row: F8,
    t: int,
    y: int,
    k: int,
    j: int,
    arm: int,
    m: float,
    m_without: float,
    n: float,
    n_without: float,
    group: Group,
) -> None:
    """Expected milestones of a group, with the qualifying period and the limit of each client."""
    fact, here = outcomes.facts[k], group.bucket[j]
    if here.served < fact.qualify:
        return
    start_states(group.states, ALL, fact.limit, 1.0)
    start_states(group.states, WITHOUT, fact.limit, 1.0)
    for a in range(here.served):
        v = find_credit(fact, outcomes.vintage, t, a)
        p = level_later(outcomes, row, t, a, y, k, j, arm == TREATED, group)
        each = expect_next(group.states, ALL, fact.limit, p) * fact.units
        group.sums[EXPECTED, k, arm, here.sample, v] += m * each
        if arm == TREATED:
            p = level_later(outcomes, row, t, a, y, k, j, False, group)
            without = expect_next(group.states, WITHOUT, fact.limit, p) * fact.units
            group.without[k, here.sample, v] += m_without * without
            group.true[1, k] += n * each
            group.true[2, k] += n_without * without


@lean
def expect_matched(
    outcomes: OutcomePlan, row: F8, t: int, y: int, k: int, j: int, arm: int, m: float, group: Group
) -> None:
    """Count m comparison clients of a treated group, and what is expected of them."""
    fact, here = outcomes.facts[k], group.bucket[j]
    v = find_vintage(fact, here, outcomes.vintage, t)
    group.sums[CLIENTS, k, arm, here.sample, v] += m
    if fact.kind == Kind.MILESTONE:
        _expect_each_period(outcomes, row, t, y, k, j, arm, m, 0.0, 0.0, 0.0, group)
        return
    share = expect_share(fact, outcomes.shifts, row, k, y, 0.0)
    level = group.level[k, y, group.level.shape[2] - 1]
    group.sums[EXPECTED, k, arm, here.sample, v] += m * expect_client(fact, level, share)
