"""Whether the rate that was found is the only one, or of several the nearest to zero.

Let v0 = exp(−x0) be a root of F(v) = Σ f[t]·v^t, and u = v/v0. Dividing the root out leaves
F = (1 − u)·C(u) with C(u) = Σ c[t]·u^t, where c[t] is the present value, at the root, of the flows
up to t: what the investor is owed then, negative. Other rates are the positive zeros of C, so
where every c[t] is negative there is none (Soper 1959, The marginal efficiency of capital: a
further note, Economic Journal 69). An investor who is paid well in the middle of a program and
then draws again is owed less than nothing for a while; three tests settle nearly all of these:

- *Sums of neighbors.* C(u)·(1 + u + … + u^5) has the same positive zeros, and sums of six
  neighboring c[t] as coefficients. If these are negative there is none.
- *A pivot.* Let all positive c[t] lie between two groups of negative ones. If at some u the first
  group outweighs the positive ones it does so at any smaller u, and the last group likewise at any
  larger one. If both do at the same u there is no zero.
- *The other side of zero.* Flows that begin and end with a payment have an even number of roots,
  so a simple one is never the only one. It is the nearest to zero if C keeps its sign on the
  interval of rates that are nearer.

Everything is compared with what rounding can do, as a share of all flows. As the quick solver, the
tests are written twice, for one flow and for paths side by side, to the same answers.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from pfs_sim.kernels._jit import apart, lean, once
from pfs_sim.kernels._wide import alike, anywhere, each, greater, holds_for, of, replace, where
from pfs_sim.statuses import IrrStatus
from pfs_sim.tables.wide import ABREAST, Wide

Floats = NDArray[np.float64]

UNDECIDED = -1
"""In place of a status: ask the careful solver."""
_SEVERAL = int(IrrStatus.SEVERAL)
_SEVERAL_UNIQUE = int(IrrStatus.SEVERAL_UNIQUE)
_ROUNDING = 1e-11
"""A sum that is a smaller share of all flows may be rounding."""
_NEIGHBORS = 6
_PIVOTS = 4
"""Values of u that are tried; more found no further flows of deals."""
_STRIDE = 3.0
"""The next pivot weighs the last flow against the first by exp(3), nearly."""
_BEYOND = 1e-9
"""The interval of nearer rates is widened by that share of a period's growth."""


@apart
def look_around(flows: Floats, n: int, v: float, size: float, per_year: float) -> int:
    """The status of a simple root v = exp(−x) of flows[0..n), or UNDECIDED.

    `size` is the present value of all flows without their signs.
    """
    first, last = 0, n - 1
    while first < last and flows[first] == 0.0:
        first += 1
    while last > first and flows[last] == 0.0:
        last -= 1
    if not flows[first] < 0.0:
        return UNDECIDED
    if flows[last] < 0.0:
        return _SEVERAL if _is_nearest(flows, first, last, v, size, per_year) else UNDECIDED
    if _owes_among_neighbors(flows, first, last, v, size):
        return _SEVERAL_UNIQUE
    ratio = 1.0 + _STRIDE / (last - first)
    u = 1.0
    for _ in range(_PIVOTS):
        side = _weigh(flows, first, last, v, size, u)
        if side == 0:
            return _SEVERAL_UNIQUE
        if side == 2:
            return UNDECIDED
        u = u * ratio if side > 0 else u / ratio
    return UNDECIDED


@apart
def _owes_among_neighbors(flows: Floats, first: int, last: int, v: float, size: float) -> bool:
    """Whether any six neighboring c[t] add up to less than zero, those at either end included."""
    power, owed, power_before, owed_before, total = 1.0, 0.0, 1.0, 0.0, 0.0
    for t in range(first, last + _NEIGHBORS - 1):
        if t < last:
            owed += flows[t] * power
            power *= v
            total += owed
        if t - first >= _NEIGHBORS:
            owed_before += flows[t - _NEIGHBORS] * power_before
            power_before *= v
            total -= owed_before
        if not total < -_ROUNDING * size:
            return False
    return True


@apart
def _weigh(flows: Floats, first: int, last: int, v: float, size: float, u: float) -> int:
    """0: u is a pivot; 1 and −1: a larger or a smaller one may be; 2: none is."""
    power, owed, weight, most = 1.0, 0.0, 1.0, 1.0
    before, positive, after = 0.0, 0.0, 0.0
    for t in range(first, last):
        owed += flows[t] * power
        power *= v
        part = owed * weight
        most = max(most, weight)
        weight *= u
        if part > 0.0:
            positive += part
            after = 0.0
        elif positive > 0.0:
            after -= part
        else:
            before -= part
    least = positive + _ROUNDING * size * most
    if before > least:
        return 0 if after > least else 1
    return -1 if after > least else 2


@apart
def _is_nearest(
    flows: Floats, first: int, last: int, v: float, size: float, per_year: float
) -> bool:
    """Whether no other root has an effective annual rate as near zero.

    Those rates are an interval of u with the root, 1, at one end. C keeps its sign on it if its
    negative terms where they are least outweigh its positive ones where they are most, or these
    those.
    """
    low, high = _nearer(v, per_year)
    if not low > 0.0:
        return False
    power, owed, low_weight, high_weight, most = 1.0, 0.0, 1.0, 1.0, 1.0
    low_owed, high_owed, low_positive, high_positive = 0.0, 0.0, 0.0, 0.0
    for t in range(first, last):
        owed += flows[t] * power
        power *= v
        less, more = max(-owed, 0.0), max(owed, 0.0)
        low_owed += less * low_weight
        high_owed += less * high_weight
        low_positive += more * low_weight
        high_positive += more * high_weight
        most = max(most, high_weight)
        low_weight *= low
        high_weight *= high
    unsure = _ROUNDING * size * most
    return low_owed > high_positive + unsure or low_positive > high_owed + unsure


@lean
def _nearer(v: float, per_year: float) -> tuple[float, float]:
    """The interval of u of the rates that are nearer zero than that of v, widened; (0, 0): none.

    A rate of 100 % a year or more has no counterpart on the other side.
    """
    x = -math.log(v)
    rate = abs(math.expm1(x * per_year))
    if x > 0.0:
        if rate >= 1.0:
            return 0.0, 0.0
        other = math.log1p(-rate) / per_year
    else:
        other = math.log1p(rate) / per_year
    end = math.exp(x - other)
    return min(end, 1.0) * (1.0 - _BEYOND), max(end, 1.0) * (1.0 + _BEYOND)


@once
def look_around_block(block: Wide, v: Wide, size: Wide, per_year: float, asked: Wide) -> Wide:
    """:func:`look_around` of each path of block[t] that is `asked` for."""
    first, last, opens, ends = each(-1.0), each(-1.0), each(0.0), each(0.0)
    for t in range(block.size):
        flow = block[t]
        some = flow != 0.0
        new = some & (first < 0.0)
        opens, first = where(new, flow, opens), where(new, t, first)
        ends, last = where(some, flow, ends), where(some, t, last)
    said, asked = each(UNDECIDED), asked & (opens < 0.0)
    pays = asked & (ends < 0.0)
    if anywhere(pays):
        near = pays & _are_nearest(block, first, last, v, size, per_year, pays)
        said = where(near, _SEVERAL, said)
    asked = asked & ~pays
    if not anywhere(asked):
        return said
    owes = asked & _owe_among_neighbors(block, first, last, v, size)
    said, asked = where(owes, _SEVERAL_UNIQUE, said), asked & ~owes
    ratio, u = 1.0 + _STRIDE / (last - first), each(1.0)
    for _ in range(_PIVOTS):
        if not anywhere(asked):
            break
        side = _weigh_block(block, first, last, v, size, u)
        said = where(asked & (side == 0.0), _SEVERAL_UNIQUE, said)
        asked = asked & ((side == 1.0) | (side == -1.0))
        u = where(side > 0.0, u * ratio, u / ratio)
    return said


@once
def _owe_among_neighbors(block: Wide, first: Wide, last: Wide, v: Wide, size: Wide) -> Wide:
    """As `_owes_among_neighbors` for each path."""
    power, owed, total = each(1.0), each(0.0), each(0.0)
    power_before, owed_before, fails = each(1.0), each(0.0), alike(False)
    for t in range(block.size + _NEIGHBORS - 1):
        if t < block.size:
            inside = (t >= first) & (t < last)
            owed = where(inside, owed + block[t] * power, owed)
            power = where(inside, power * v, power)
            total = where(inside, total + owed, total)
        if t >= _NEIGHBORS:
            behind = t - first >= _NEIGHBORS
            flow = block[t - _NEIGHBORS]
            owed_before = where(behind, owed_before + flow * power_before, owed_before)
            power_before = where(behind, power_before * v, power_before)
            total = where(behind, total - owed_before, total)
        looks = (t >= first) & (t < last + (_NEIGHBORS - 1))
        fails = fails | (looks & ~(total < -_ROUNDING * size))
    return ~fails


@once
def _weigh_block(block: Wide, first: Wide, last: Wide, v: Wide, size: Wide, u: Wide) -> Wide:
    """As `_weigh` for each path."""
    power, owed, weight, most = each(1.0), each(0.0), each(1.0), each(1.0)
    before, positive, after = each(0.0), each(0.0), each(0.0)
    for t in range(block.size):
        inside = (t >= first) & (t < last)
        owed = where(inside, owed + block[t] * power, owed)
        power = where(inside, power * v, power)
        part = owed * weight
        most = where(inside, greater(most, weight), most)
        weight = where(inside, weight * u, weight)
        gains, late = inside & (part > 0.0), positive > 0.0
        loses = inside & ~gains
        before = where(loses & ~late, before - part, before)
        after = where(gains, 0.0, where(loses & late, after - part, after))
        positive = where(gains, positive + part, positive)
    least = positive + _ROUNDING * size * most
    enough = after > least
    return where(before > least, where(enough, 0.0, 1.0), where(enough, -1.0, 2.0))


@once
def _are_nearest(
    block: Wide, first: Wide, last: Wide, v: Wide, size: Wide, per_year: float, asked: Wide
) -> Wide:
    """As `_is_nearest` for each path that is `asked` for."""
    low, high = each(0.0), each(0.0)
    for lane in range(ABREAST):
        if holds_for(asked, lane):
            one, other = _nearer(of(v, lane), per_year)
            low, high = replace(low, lane, one), replace(high, lane, other)
    power, owed, low_weight, high_weight = each(1.0), each(0.0), each(1.0), each(1.0)
    low_owed, high_owed, low_positive, high_positive = each(0.0), each(0.0), each(0.0), each(0.0)
    most = each(1.0)
    for t in range(block.size):
        inside = (t >= first) & (t < last)
        owed = where(inside, owed + block[t] * power, owed)
        power = where(inside, power * v, power)
        less = where(inside, greater(-owed, 0.0), 0.0)
        more = where(inside, greater(owed, 0.0), 0.0)
        low_owed += less * low_weight
        high_owed += less * high_weight
        low_positive += more * low_weight
        high_positive += more * high_weight
        most = where(inside, greater(most, high_weight), most)
        low_weight = where(inside, low_weight * low, low_weight)
        high_weight = where(inside, high_weight * high, high_weight)
    unsure = _ROUNDING * size * most
    settled = (low_owed > high_positive + unsure) | (low_positive > high_owed + unsure)
    return settled & (low > 0.0)
