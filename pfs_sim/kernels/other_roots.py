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

Everything is compared with what rounding can do, as a share of all flows.
"""

from __future__ import annotations

from pfs_sim.kernels._jit import once
from pfs_sim.kernels._wide import alike, anywhere, each, greater, lesser, magnitude, where
from pfs_sim.kernels.elementary import exponential, growth_of, logarithm
from pfs_sim.statuses import IrrStatus
from pfs_sim.tables.wide import Wide

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


@once
def look_around(block: Wide, v: Wide, size: Wide, per_year: float, asked: Wide) -> Wide:
    """The status of a simple root v = exp(−x) of each path of block[t] `asked` for, or UNDECIDED.

    `size` is the present value of all flows without their signs.
    """
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
        near = pays & _is_nearest(block, first, last, v, size, per_year)
        said = where(near, _SEVERAL, said)
    asked = asked & ~pays
    if not anywhere(asked):
        return said
    owes = asked & owe_among_neighbors(block, first, last, v, size)
    said, asked = where(owes, _SEVERAL_UNIQUE, said), asked & ~owes
    ratio, u = 1.0 + _STRIDE / (last - first), each(1.0)
    for _ in range(_PIVOTS):
        if not anywhere(asked):
            break
        side = _weigh(block, first, last, v, size, u)
        said = where(asked & (side == 0.0), _SEVERAL_UNIQUE, said)
        asked = asked & ((side == 1.0) | (side == -1.0))
        u = where(side > 0.0, u * ratio, u / ratio)
    return said


@once
def owe_among_neighbors(block: Wide, first: Wide, last: Wide, v: Wide, size: Wide) -> Wide:
    """Whether any six neighboring c[t] add up to less than zero, those at either end included."""
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
def _weigh(block: Wide, first: Wide, last: Wide, v: Wide, size: Wide, u: Wide) -> Wide:
    """0: u is a pivot; 1 and −1: a larger or a smaller one may be; 2: none is."""
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
def _is_nearest(
    block: Wide, first: Wide, last: Wide, v: Wide, size: Wide, per_year: float
) -> Wide:
    """Whether no other root has an effective annual rate as near zero.

    Those rates are an interval of u with the root, 1, at one end. C keeps its sign on it if its
    negative terms where they are least outweigh its positive ones where they are most, or these
    those.
    """
    low, high, exists = _nearer(v, per_year)
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
    return settled & exists


@once
def _nearer(v: Wide, per_year: float) -> tuple[Wide, Wide, Wide]:
    """The interval of u of the rates that are nearer zero than that of v, widened; if there is one.

    A rate of 100 % a year or more has no counterpart on the other side. What the logarithm loses of
    a small one is far less than the interval is widened by.
    """
    x = -logarithm(v)
    rate, gains = growth_of(x * per_year), x > 0.0
    other = logarithm(where(gains, 1.0 - rate, 1.0 + magnitude(rate))) / per_year
    end = exponential(x - other)
    return (
        lesser(end, 1.0) * (1.0 - _BEYOND), greater(end, 1.0) * (1.0 + _BEYOND),
        ~gains | (rate < 1.0),
    )  # fmt: skip
