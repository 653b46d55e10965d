"""Who is followed up, and what is to be expected of them: the truth that a measure estimates."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from pfs_sim.kernels._jit import inline, inner, lean
from pfs_sim.kernels.groups import place, ready_later
from pfs_sim.kernels.levels import LEVEL, SHARE, expect_client, level_later, open_levels
from pfs_sim.kernels.random import Rng, Word, open_stream
from pfs_sim.kernels.thinning import address, thin
from pfs_sim.tables.people import Kind, OutcomePlan, Seen
from pfs_sim.tables.state import CLIENTS, EXPECTED, LEFT, MATCHED, TREATED, Group

F8 = npt.NDArray[np.float64]

COUNTED, ALL, WITHOUT = 0, 1, 2
"""Rows of Group.states: clients drawn, expected with the effect, expected without it."""


@inner
def measure_clients(
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
    """Find out who is followed up in each of `count` groups, and what is expected of them.

    An outcome that comes after another one can only happen to those of whom a success of the
    other was recorded; its expectation is that of the other times its own.
    """
    fact = outcomes.facts[k]
    open_levels(outcomes, row, t, arm, y, k, count, group)
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
        place(fact, outcomes.seen, t, stop, here, cell, j, group.bucket.size)
        group.sums[CLIENTS, k, arm, cell.sample, cell.evaluation] += m
        expect_group(outcomes, row, t, y, k, j, arm, 1.0 - lost, stop, group)


@inner
def expect_group(
    outcomes: OutcomePlan,
    row: F8,
    t: int,
    y: int,
    k: int,
    j: int,
    arm: int,
    kept: float,
    stop: int,
    group: Group,
) -> None:
    """Expected sums of a group, with the effect and without: of those measured, and of all."""
    fact, cell = outcomes.facts[k], group.cell[k, j]
    m = cell.measured
    n = group.bucket[j].people
    m_without, n_without = m, n
    if arm == TREATED:
        group.true[0, k] += n
    if fact.after >= 0:
        before = group.cell[fact.after, j]
        m, m_without = before.expected * kept, before.expected_without * kept
        n, n_without = before.everyone, before.everyone_without
    if fact.kind == Kind.MILESTONE:
        _expect_each_period(
            outcomes, row, t, y, k, j, arm, m, m_without, n, n_without, stop, group
        )
        return
    last = group.level.shape[3] - 1
    without = expect_client(fact, group.level[LEVEL, k, y, last], group.level[SHARE, k, y, last])
    each = without
    if arm == TREATED:
        each = expect_client(
            fact, group.level[LEVEL, k, y, cell.slot], group.level[SHARE, k, y, cell.slot]
        )
    cell.expected = m * each
    cell.everyone = n * each
    group.sums[EXPECTED, k, arm, cell.sample, cell.evaluation] += m * each
    if arm == TREATED:
        cell.expected_without = m_without * without
        cell.everyone_without = n_without * without
        group.without[k, cell.sample, cell.evaluation] += m_without * without
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
    stop: int,
    group: Group,
) -> None:
    """Expected milestones of a group, with the qualifying period and the limit of each client."""
    fact, here = outcomes.facts[k], group.bucket[j]
    if here.left < fact.qualify:
        return
    start_states(group.states, ALL, fact.limit, 1.0)
    start_states(group.states, WITHOUT, fact.limit, 1.0)
    last = group.level.shape[3] - 1
    for a in range(here.left):
        ready = ready_later(fact, t, a)
        v, sample, slot = outcomes.seen[Seen.EVALUATION, ready], here.sample, j
        if here.cut and outcomes.seen[Seen.DATE, ready] > stop:
            sample, slot = LEFT, last - 1
        p = level_later(
            outcomes, row, t, a, y, k, j, slot if arm == TREATED else last, group
        )
        each = _expect_next(group.states, ALL, fact.limit, p) * fact.units
        group.sums[EXPECTED, k, arm, sample, v] += m * each
        if arm == TREATED:
            p = level_later(outcomes, row, t, a, y, k, j, last, group)
            without = _expect_next(group.states, WITHOUT, fact.limit, p) * fact.units
            group.without[k, sample, v] += m_without * without
            group.true[1, k] += n * each
            group.true[2, k] += n_without * without


@inner
def start_states(states: F8, which: int, limit: int, m: float) -> None:
    """All clients without a success yet."""
    states[which, 0] = m
    for s in range(1, limit):
        states[which, s] = 0.0


@inline
def _expect_next(states: F8, which: int, limit: int, p: float) -> float:
    """One period in expectation, for the distribution of one client's successes so far."""
    if limit == 0:
        return p
    hits, arrived = 0.0, 0.0
    for s in range(limit):
        moved = states[which, s] * p
        states[which, s] += arrived - moved
        arrived = moved
        hits += moved
    return hits


@inner
def expect_matched(
    outcomes: OutcomePlan,
    row: F8,
    t: int,
    y: int,
    k: int,
    j: int,
    m: float,
    stop: int,
    group: Group,
) -> None:
    """Count m comparison clients of a treated group, and what is expected of them."""
    fact, cell = outcomes.facts[k], group.cell[k, j]
    group.sums[CLIENTS, k, MATCHED, cell.sample, cell.evaluation] += m
    if fact.kind == Kind.MILESTONE:
        _expect_each_period(outcomes, row, t, y, k, j, MATCHED, m, 0.0, 0.0, 0.0, stop, group)
        return
    last = group.level.shape[3] - 1
    each = expect_client(fact, group.level[LEVEL, k, y, last], group.level[SHARE, k, y, last])
    group.sums[EXPECTED, k, MATCHED, cell.sample, cell.evaluation] += m * each
