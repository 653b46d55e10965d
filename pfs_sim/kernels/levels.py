"""Where an outcome's level lies: counterfactual, drift, client type and effect on one scale."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from pfs_sim.kernels._jit import forced, inner, inner_apart, once
from pfs_sim.kernels._wide import (
    anywhere,
    each,
    greater,
    lesser,
    look_up,
    magnitude,
    to_whole,
    where,
)
from pfs_sim.kernels.elementary import exponential
from pfs_sim.tables.people import Kind, OutcomePlan, Scale
from pfs_sim.tables.state import TREATED, Group
from pfs_sim.tables.wide import Wide

F8 = npt.NDArray[np.float64]

LEVEL, SHARE, EACH = 0, 1, 2
"""First index of Group.level and Lots.level: level, share of clients who have any amount, and (of
lots) what is expected of a client."""
LEAST_AMOUNT = 2.2250738585072014e-308
"""An amount's mean stays positive, however far a difference pulls it down."""


@inner
def move_odds(p: float, shift: float) -> float:
    """A probability whose log odds rise by `shift`; 0 and 1 stay what they are."""
    if shift == 0.0 or p <= 0.0 or p >= 1.0:
        return p
    if shift > 0.0:
        return p / (p + (1.0 - p) * math.exp(-shift))
    odds = p * math.exp(shift)
    return odds / (odds + (1.0 - p))


@inner
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


@inner_apart
def move_levels(kind: int, scale: int, level: Wide, shift: Wide, sd: Wide) -> Wide:
    """As `move_level`, of paths side by side."""
    if scale == Scale.SMD:
        return level + shift * sd
    power = each(1.0)
    if scale != Scale.DIFFERENCE and anywhere(shift != 0.0):
        power = exponential(shift if scale == Scale.LOG else -magnitude(shift))
    if scale == Scale.LOG_ODDS:
        up, rest = shift > 0.0, 1.0 - level
        odds, rest = where(up, level, level * power), where(up, rest * power, rest)
        return where((shift == 0.0) | (level <= 0.0) | (level >= 1.0), level, odds / (odds + rest))
    moved = level * power if scale == Scale.LOG else level + shift
    if kind == Kind.SCORE:
        return moved
    if kind == Kind.EVENT or kind == Kind.MILESTONE:
        return lesser(greater(moved, 0.0), 1.0)
    return greater(moved, LEAST_AMOUNT if kind == Kind.AMOUNT else 0.0)


@inner
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


@inner
def set_level(
    fact: Any,
    shifts: F8,
    row: F8,
    k: int,
    y: int,
    periods: int,
    slot: int,
    effect_share: float,
    level: F8,
) -> None:
    """Write the level of an outcome and the share of clients who have any amount to a slot."""
    level[LEVEL, k, y, slot] = expect_level(fact, shifts, row, k, y, periods, effect_share)
    share = 1.0
    if fact.kind == Kind.AMOUNT:
        share = row[fact.share]
        if fact.on_share and effect_share != 0.0:
            share = move_odds(share, effect_share * row[fact.effect] * shifts[1, k, y])
    level[SHARE, k, y, slot] = share


@once
def set_levels(
    outcomes: OutcomePlan, k: int, row: Wide, stop: Wide, first: int, end: int, level: Wide
) -> None:
    """Write the levels of clients of lots: without effect, by bucket, and of cohorts cut short.

    As `set_level` for each of the slots, of paths side by side; the cohorts `first` to `end` had
    the share of the effect that their periods of service until the stop of a path give.
    """
    fact, doses, buckets = outcomes.facts[k], outcomes.doses, outcomes.doses.shape[1]
    kind, scale, base, effect = fact.kind, fact.scale, row[fact.level], row[fact.effect]
    some, sd = each(1.0), each(1.0)
    if kind == Kind.AMOUNT:
        some = row[fact.share]
    elif kind == Kind.SCORE:
        sd = row[fact.sd]
    slot = 0
    for y in range(outcomes.shifts.shape[2]):
        shift, factor = outcomes.shifts[0, k, y], outcomes.shifts[1, k, y]
        here, share, before = base, some, -1.0
        for i in range(1 + buckets + end - first):
            dose, gain = doses[0, i - 1] if 0 < i <= buckets else 0.0, each(0.0)
            if i > buckets:
                dose, since = math.nan, stop - float(first + i - buckets - 1)
                served = to_whole(lesser(greater(since, 0.0), buckets - 1.0))
                gain = look_up(doses[1], served) * effect * factor
            elif i > 0:
                gain = dose * effect * factor
            if dose != before:
                if i > 0 and fact.on_share:
                    share = move_levels(kind, Scale.LOG_ODDS, some, gain, sd)
                else:
                    here = move_levels(kind, scale, base, shift + gain, sd)
            before = dose
            level[LEVEL, slot], level[SHARE, slot] = here, share
            level[EACH, slot] = share * here
            if kind == Kind.EVENT or kind == Kind.MILESTONE:
                level[EACH, slot] = fact.trials * fact.units * here
            slot += 1


@forced
def expect_client(fact: Any, level: float, share: float) -> float:
    """Expected value of one client's outcome (a milestone: of one period of service)."""
    if fact.kind == Kind.EVENT or fact.kind == Kind.MILESTONE:
        return float(fact.trials * fact.units * level)
    return share * level


@inner
def open_levels(
    outcomes: OutcomePlan, row: F8, t: int, arm: int, y: int, k: int, count: int, group: Group
) -> None:
    """Make the levels of an outcome ready for `count` groups of cohort t.

    They are worked out once a path for all cohorts, unless they drift or the treatment of the
    group was cut short by a stop.
    """
    level, bucket = group.level, group.bucket
    cut = level.shape[3] - 2
    fact, shifts = outcomes.facts[k], outcomes.shifts
    drifts = row[fact.drift] != 0.0
    if drifts or math.isnan(level[LEVEL, k, y, cut + 1]):
        set_level(fact, shifts, row, k, y, t, cut + 1, 0.0, level)
    if arm != TREATED:
        return
    for i in range(count):
        here, j = bucket[bucket[i].at], bucket[i].at
        if drifts or math.isnan(level[LEVEL, k, y, j]):
            set_level(fact, shifts, row, k, y, t, j, here.share, level)
        if here.cut:
            set_level(fact, shifts, row, k, y, t, cut, here.share_cut, level)


@inner
def level_later(
    outcomes: OutcomePlan, row: F8, t: int, a: int, y: int, k: int, j: int, slot: int, group: Group
) -> float:
    """Level of a milestone in period of service a: it drifts while the client is served."""
    fact = outcomes.facts[k]
    if a == 0 or row[fact.drift] == 0.0:
        return float(group.level[LEVEL, k, y, slot])
    share, cut = 0.0, group.level.shape[3] - 2
    if slot <= cut:
        share = group.bucket[j].share_cut if slot == cut else group.bucket[j].share
    return expect_level(fact, outcomes.shifts, row, k, y, t + a, share)
