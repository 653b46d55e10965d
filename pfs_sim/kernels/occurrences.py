"""What happens to a group: chance, client by client in law, all together in the draw (model §6)."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from pfs_sim.kernels._jit import apart, inner, lean
from pfs_sim.kernels.expectations import COUNTED, start_states
from pfs_sim.kernels.groups import ready_later
from pfs_sim.kernels.levels import LEVEL, SHARE, level_later
from pfs_sim.kernels.random import Rng
from pfs_sim.kernels.samplers import beta_binomial
from pfs_sim.kernels.sums import draw_sum
from pfs_sim.kernels.thinning import thin
from pfs_sim.tables.people import Kind, OutcomePlan, Seen
from pfs_sim.tables.state import LEFT, RECORDED, TREATED, Group

F8 = npt.NDArray[np.float64]


@apart
def draw_group(
    rng: Rng, fact: Any, row: F8, m: float, level: float, share: float, frozen: int
) -> float:
    """Draw what is recorded of m clients who share a level: one draw for all of them.

    With chance frozen it is the expectation. Of a milestone, m are periods of service and not
    clients, and the draw is the number of successes.
    """
    if fact.kind == Kind.EVENT or fact.kind == Kind.MILESTONE:
        trials = m * fact.trials
        if fact.icc > 0.0 and not frozen:
            hits = _draw_clusters(rng, fact, m, level)
        else:
            hits = thin(rng, trials, level, frozen)
        if fact.sensitivity < 0:
            return hits
        seen = thin(rng, hits, row[fact.sensitivity], frozen)
        return seen + thin(rng, trials - hits, 1.0 - row[fact.specificity], frozen)
    if frozen:
        return m * share * level
    spread = 0.0
    if fact.kind == Kind.AMOUNT:
        spread = row[fact.gamma_shape]
    elif fact.kind == Kind.SCORE:
        spread = row[fact.sd]
    return draw_sum(rng, fact, spread, m, level, share)


@apart
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


@inner
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
    stop: int,
    group: Group,
) -> float:
    """Let outcome k happen to m clients of a group and credit what is recorded; returns it.

    Arms other than the treated have the counterfactual level.
    """
    fact, cell = outcomes.facts[k], group.cell[k, j]
    if fact.kind == Kind.MILESTONE:
        return _occur_each_period(outcomes, rng, row, t, y, k, j, arm, m, frozen, stop, group)
    slot = cell.slot if arm == TREATED else group.level.shape[3] - 1
    level, share = group.level[LEVEL, k, y, slot], group.level[SHARE, k, y, slot]
    value = draw_group(rng, fact, row, m, level, share, frozen)
    group.sums[RECORDED, k, arm, cell.sample, cell.evaluation] += value
    if fact.group >= 0:
        group.units[k, cell.evaluation] += value
    return value


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
    stop: int,
    group: Group,
) -> float:
    """Milestones of m clients, period by period of service.

    Those of the periods before a client qualifies are credited with the period in which they do;
    a group that leaves before it qualifies has none that count. Successes of a client beyond a
    limit do not count: clients are carried by the number of successes they have.
    """
    fact, here = outcomes.facts[k], group.bucket[j]
    counts, last = here.left >= fact.qualify, group.level.shape[3] - 1
    if fact.limit > 0:
        start_states(group.states, COUNTED, fact.limit, m)
    total = 0.0
    for a in range(here.left):
        ready = ready_later(fact, t, a)
        sample, slot = here.sample, j if arm == TREATED else last
        if here.cut and outcomes.seen[Seen.DATE, ready] > stop:
            sample = LEFT
            if arm == TREATED:
                slot = last - 1
        p = level_later(outcomes, row, t, a, y, k, j, slot, group)
        if fact.limit > 0:
            hits = _advance(rng, group.states, fact.limit, p, frozen)
        else:
            hits = thin(rng, m, p, frozen)
        if counts and hits > 0.0:
            value = hits * fact.units
            v = outcomes.seen[Seen.EVALUATION, ready]
            group.sums[RECORDED, k, arm, sample, v] += value
            if fact.group >= 0:
                group.units[k, v] += value
            total += value
    return total


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
