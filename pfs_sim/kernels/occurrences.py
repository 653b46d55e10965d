"""What happens to a group: chance, client by client in law, all together in the draw (model §6)."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from pfs_sim.kernels._jit import inline, lean
from pfs_sim.kernels.counts import poisson
from pfs_sim.kernels.groups import find_credit, find_vintage
from pfs_sim.kernels.levels import expect_share, level_later
from pfs_sim.kernels.normals import normal
from pfs_sim.kernels.random import Rng
from pfs_sim.kernels.samplers import beta_binomial, gamma, negative_binomial
from pfs_sim.kernels.thinning import thin
from pfs_sim.tables.people import Kind, OutcomePlan
from pfs_sim.tables.state import TREATED, Group

F8 = npt.NDArray[np.float64]

COUNTED, ALL, WITHOUT = 0, 1, 2
"""Rows of Group.states: clients drawn, expected with the effect, expected without it."""


@inline
def expect_client(fact: Any, level: float, share: float) -> float:
    """Expected value of one client's outcome (a milestone: of one period of service)."""
    if fact.kind == Kind.EVENT:
        return float(fact.trials * level)
    if fact.kind == Kind.AMOUNT:
        return share * level
    return level


@lean
def draw_group(rng: Rng, fact: Any, row: F8, m: float, level: float, share: float) -> float:
    """Draw the sum of an outcome over m clients who share its level: one draw for all of them."""
    if fact.kind == Kind.EVENT:
        if fact.icc > 0.0:
            return _draw_clusters(rng, fact, m, level)
        return thin(rng, m * fact.trials, level, 0)
    if fact.kind == Kind.COUNT:
        if fact.dispersion > 0.0:
            return negative_binomial(rng, fact.dispersion * m, m * level)
        return poisson(rng, m * level)
    if fact.kind == Kind.AMOUNT:
        some = thin(rng, m, share, 0)
        if some <= 0.0:
            return 0.0
        shape = row[fact.gamma_shape]
        return float(gamma(rng, shape * some) * level / shape)
    return float(m * level + normal(rng) * math.sqrt(m) * row[fact.sd])


@lean
def _draw_clusters(rng: Rng, fact: Any, m: float, p: float) -> float:
    """Clusters of equal size, the last one smaller, each with a probability of its own."""
    size = fact.cluster if fact.cluster > 0.0 else m
    hits = 0.0
    while m > 0.0:
        trials = min(size, m) * fact.trials
        whole = math.floor(trials) * 1.0
        hits += beta_binomial(rng, whole, p, fact.icc) + (trials - whole) * p
        m -= size
    return hits


@lean
def _misread(rng: Rng, fact: Any, row: F8, trials: float, hits: float, frozen: int) -> float:
    """What the record says of so many hits: some are not seen, some are seen that were none."""
    seen = thin(rng, hits, row[fact.sensitivity], frozen)
    return seen + thin(rng, trials - hits, 1.0 - row[fact.specificity], frozen)


@lean
def occur(
    outcomes: OutcomePlan,
    rng: Rng,
    row: F8,
    t: int,
    y: int,
    k: int,
    j: int,
    arm: int,
    m: float,
    frozen: int,
    group: Group,
) -> float:
    """Let outcome k happen to m clients of a group and credit what is recorded; returns it.

    Arms other than the treated have the counterfactual level. With chance frozen the sum is its
    expectation.
    """
    fact = outcomes.facts[k]
    if fact.kind == Kind.MILESTONE:
        return _occur_each_period(outcomes, rng, row, t, y, k, j, arm, m, frozen, group)
    here = group.bucket[j]
    treated = arm == TREATED
    level = group.level[k, y, j if treated else group.level.shape[2] - 1]
    share = expect_share(fact, outcomes.shifts, row, k, y, here.share if treated else 0.0)
    if frozen:
        value = m * expect_client(fact, level, share)
    else:
        value = draw_group(rng, fact, row, m, level, share)
    if fact.sensitivity >= 0:
        value = _misread(rng, fact, row, m * fact.trials, value, frozen)
    v = find_vintage(fact, here, outcomes.vintage, t)
    group.sums[RECORDED, k, arm, here.sample, v] += value
    if fact.group >= 0:
        group.units[k, v] += value
    return value


CLIENTS, RECORDED, EXPECTED = 0, 1, 2
"""First index of Group.sums: n, y, e."""


@lean
def _occur_each_period(
    outcomes: OutcomePlan,
    rng: Rng,
    row: F8,
    t: int,
    y: int,
    k: int,
    j: int,
    arm: int,
    m: float,
    frozen: int,
    group: Group,
) -> float:
    """Milestones of m clients, period by period of service.

    Those of the periods before a client qualifies are credited with the period in which they do;
    a group that leaves before it qualifies has none that count. Successes of a client beyond a
    limit do not count: clients are carried by the number of successes they have.
    """
    fact, here = outcomes.facts[k], group.bucket[j]
    counts = here.served >= fact.qualify
    if fact.limit > 0:
        start_states(group.states, COUNTED, fact.limit, m)
    total = 0.0
    for a in range(here.served):
        p = level_later(outcomes, row, t, a, y, k, j, arm == TREATED, group)
        if fact.limit > 0:
            hits = _advance(rng, group.states, fact.limit, p, frozen)
        else:
            hits = thin(rng, m, p, frozen)
        if counts and hits > 0.0:
            value = hits * fact.units
            v = find_credit(fact, outcomes.vintage, t, a)
            group.sums[RECORDED, k, arm, here.sample, v] += value
            if fact.group >= 0:
                group.units[k, v] += value
            total += value
    return total


@inline
def start_states(states: F8, which: int, limit: int, m: float) -> None:
    """All clients without a success yet."""
    states[which, 0] = m
    for s in range(1, limit):
        states[which, s] = 0.0


@lean
def _advance(rng: Rng, states: F8, limit: int, p: float, frozen: int) -> float:
    """One period for clients by successes so far; returns the successes that count."""
    hits, arrived = 0.0, 0.0
    for s in range(limit):
        moved = thin(rng, states[COUNTED, s], p, frozen)
        states[COUNTED, s] += arrived - moved
        arrived = moved
        hits += moved
    return hits


@lean
def expect_next(states: F8, which: int, limit: int, p: float) -> float:
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
