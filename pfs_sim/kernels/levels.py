"""Where an outcome's level lies: counterfactual, drift, client type and effect on one scale."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from pfs_sim.kernels._jit import inline, lean
from pfs_sim.tables.people import Kind, OutcomePlan, Records, Scale
from pfs_sim.tables.state import TREATED, Group

F8 = npt.NDArray[np.float64]

LEAST_AMOUNT = 2.2250738585072014e-308
"""An amount's mean stays positive, however far a difference pulls it down."""


@inline
def move_odds(p: float, shift: float) -> float:
    """A probability whose log odds rise by `shift`; 0 and 1 stay what they are."""
    if shift == 0.0 or p <= 0.0 or p >= 1.0:
        return p
    if shift > 0.0:
        return p / (p + (1.0 - p) * math.exp(-shift))
    odds = p * math.exp(shift)
    return odds / (odds + (1.0 - p))


@inline
def move_level(kind: int, scale: int, level: float, shift: float, sd: float) -> float:
    """A level moved by `shift` on its scale, kept within the range of its kind (model §6)."""
    if scale == Scale.LOG_ODDS:
        return move_odds(level, shift)
    if scale == Scale.SMD:
        return level + shift * sd
    moved = level * math.exp(shift) if scale == Scale.LOG else level + shift
    if kind == Kind.SCORE:
        return moved
    if kind == Kind.EVENT or kind == Kind.MILESTONE:
        return min(max(moved, 0.0), 1.0)
    return max(moved, LEAST_AMOUNT if kind == Kind.AMOUNT else 0.0)


@lean
def expect_level(
    fact: Any, shifts: F8, row: F8, k: int, y: int, periods: int, effect_share: float
) -> float:
    """Level of outcome k for clients of type y, `periods` after the start.

    `effect_share` is the share of the effect that they get (0: the counterfactual). Where the
    effect moves the share of clients who have any amount, this is the amount's mean all the same.
    """
    shift = row[fact.drift] * (periods * fact.years) + shifts[0, k, y]
    if effect_share != 0.0 and not fact.on_share:
        shift += effect_share * row[fact.effect] * shifts[1, k, y]
    sd = row[fact.sd] if fact.kind == Kind.SCORE else 1.0
    return move_level(fact.kind, fact.scale, row[fact.level], shift, sd)


@lean
def expect_share(
    fact: Any, shifts: F8, row: F8, k: int, y: int, effect_share: float
) -> float:
    """Share of clients who have any amount of outcome k; 1 for the other kinds."""
    if fact.kind != Kind.AMOUNT:
        return 1.0
    share = float(row[fact.share])
    if fact.on_share and effect_share != 0.0:
        share = move_odds(share, effect_share * row[fact.effect] * shifts[1, k, y])
    return share


@lean
def open_levels(
    fact: Any,
    shifts: F8,
    row: F8,
    t: int,
    arm: int,
    y: int,
    k: int,
    count: int,
    group: Group,
) -> None:
    """Make the levels of an outcome ready for a cohort's `count` groups.

    They are worked out once a path for all cohorts, unless they drift or the treatment of the
    group was cut short by a stop.
    """
    level, last = group.level, group.level.shape[2] - 1
    drifts = row[fact.drift] != 0.0
    if drifts or math.isnan(level[k, y, last]):
        level[k, y, last] = expect_level(fact, shifts, row, k, y, t, 0.0)
    if arm != TREATED:
        return
    for i in range(count):
        j = group.bucket[i].at
        here = group.bucket[j]
        if drifts or here.cut or math.isnan(level[k, y, j]):
            level[k, y, j] = expect_level(fact, shifts, row, k, y, t, here.share)


@lean
def close_levels(bucket: Records, level: F8, count: int) -> None:
    """Forget the levels of treatments that were cut short: the next cohort's had another length."""
    for i in range(count):
        if bucket[bucket[i].at].cut:
            level[:, :, bucket[i].at] = math.nan


@lean
def level_later(
    outcomes: OutcomePlan,
    row: F8,
    t: int,
    a: int,
    y: int,
    k: int,
    j: int,
    treated: bool,
    group: Group,
) -> float:
    """Level of a milestone in period of service a: it drifts while the client is served."""
    fact = outcomes.facts[k]
    if a == 0 or row[fact.drift] == 0.0:
        return float(group.level[k, y, j if treated else group.level.shape[2] - 1])
    share = group.bucket[j].share if treated else 0.0
    return expect_level(fact, outcomes.shifts, row, k, y, t + a, share)
