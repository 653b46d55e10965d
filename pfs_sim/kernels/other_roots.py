"""Whether the rate that was found is the only one, or of several the nearest to zero.

Let v0 = exp(−x0) be a root of F(v) = Σ f[t]·v^t, and u = v/v0. Dividing the root out leaves
F = (1 − u)·C(u) with C(u) = Σ c[t]·u^t, where c[t] is the present value, at the root, of the flows
up to t: what the investor is owed then, negative. Other rates are the positive zeros of C, so
where every c[t] is negative there is none (Soper 1959, The marginal efficiency of capital: a
further note, Economic Journal 69). An investor who is paid well in the middle of a program and
then draws again is owed less than nothing for a while; four tests settle nearly all of these:

- *Sums of neighbors.* C(u)·(1 + u + … + u^5) has the same positive zeros, and sums of six
  neighboring c[t] as coefficients. If these are negative there is none.
- *A pivot.* Let all positive c[t] lie between two groups of negative ones. If at some u the first
  group outweighs the positive ones it does so at any smaller u, and the last group likewise at any
  larger one. If both do at the same u there is no zero.
- *The other side of zero.* Flows that begin and end with a payment have an even number of roots,
  so a simple one is never the only one. It is the nearest to zero if C keeps its sign on the
  interval of rates that are nearer.
- *One other.* If the c[t] turn from negative to positive once, C has one zero (Descartes), and its
  sign at the other end of that interval tells on which side.

Everything is compared with what rounding can do, as a share of all flows.
"""

from __future__ import annotations

from pfs_sim.kernels._jit import once
from pfs_sim.kernels._wide import alike, anywhere, each, greater, magnitude, where
from pfs_sim.kernels.elementary import exponential, logarithm
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
_SUMS_AFTER = 2
"""Pivots that are tried before sums of neighbors: the first few settle most flows."""
_STRIDE = 3.0
"""The next pivot weighs the last flow against the first by exp(3), nearly."""
_BEYOND = 1e-9
"""The interval of nearer rates is widened by that share of a period's growth."""


@once
def look_around(
    owed: Wide,
    vague: Wide,
    first: Wide,
    last: Wide,
    opens: Wide,
    ends: Wide,
    x: Wide,
    rate: Wide,
    size: Wide,
    per_year: float,
    asked: Wide,
) -> Wide:
    """The status of a simple root x, an annual rate, of each path `asked` for, or UNDECIDED.

    `owed`[t] is c[t], `vague` says whether rounding hides a sign of them, `first` and `last` are
    the times of the first and the last flow, `opens` and `ends` these flows, and `size` is the
    present value of all flows without their signs.
    """
    said, asked = each(UNDECIDED), asked & (opens < 0.0)
    pays = asked & (ends < 0.0)
    if anywhere(pays):
        near = _is_nearest(owed, first, last, x, rate, size, per_year, pays)
        said = where(near, _SEVERAL, said)
    asked = asked & ~pays
    ratio, u, tries = 1.0 + _STRIDE / (last - first), each(1.0), asked & ~vague
    for turn in range(_PIVOTS + 1):
        if not anywhere(asked):
            break
        if turn == _SUMS_AFTER:
            found = asked & owe_among_neighbors(owed, first, last, size)
        elif anywhere(tries):
            side = _weigh(owed, last, size, u)
            found, tries = tries & (side == 0.0), tries & (magnitude(side) == 1.0)
            u = where(side > 0.0, u * ratio, u / ratio)
        else:
            continue
        said, asked, tries = where(found, _SEVERAL_UNIQUE, said), asked & ~found, tries & ~found
    return said


@once
def owe_among_neighbors(owed: Wide, first: Wide, last: Wide, size: Wide) -> Wide:
    """Whether any six neighboring c[t] add up to less than zero, those at either end included."""
    total, fails = each(0.0), alike(False)
    for t in range(owed.size + _NEIGHBORS - 1):
        if t < owed.size:
            total += where(t < last, owed[t], 0.0)
        if t >= _NEIGHBORS:
            total -= where(t - _NEIGHBORS < last, owed[t - _NEIGHBORS], 0.0)
        looks = (t >= first) & (t < last + (_NEIGHBORS - 1))
        fails = fails | (looks & ~(total < -_ROUNDING * size))
    return ~fails


@once
def _weigh(owed: Wide, last: Wide, size: Wide, u: Wide) -> Wide:
    """0: u is a pivot; 1 and −1: a larger or a smaller one may be; 2: none is."""
    weight, before, positive, after = each(1.0), each(0.0), each(0.0), each(0.0)
    for t in range(owed.size):
        inside = t < last
        part = where(inside, owed[t] * weight, 0.0)
        weight = where(inside, weight * u, weight)
        positive += greater(part, 0.0)
        before = where(positive > 0.0, before, before - part)
        after = where(part > 0.0, 0.0, after - part)
    least = positive + _ROUNDING * size * greater(weight, 1.0)
    enough = after > least
    return where(before > least, where(enough, 0.0, 1.0), where(enough, -1.0, 2.0))


@once
def _is_nearest(
    owed: Wide,
    first: Wide,
    last: Wide,
    x: Wide,
    rate: Wide,
    size: Wide,
    per_year: float,
    asked: Wide,
) -> Wide:
    """Of paths `asked` for, whether no other root has an effective annual rate as near zero.

    Those rates are an interval of u with the root, 1, at one end. C keeps its sign on it if its
    negative terms where they are least outweigh its positive ones where they are most, or these
    those. It has one zero, and not there, if its terms turn from negative to positive once (so by
    Descartes) and C is negative at either end: at the root itself it is, as receipts come later
    than payments.
    """
    end, exists = _nearer(x, rate, per_year)
    weight, sum_, sizes, far_sum, far_sizes = each(1.0), each(0.0), each(0.0), each(0.0), each(0.0)
    for t in range(owed.size):
        inside = (t >= first) & (t < last)
        here = where(inside, owed[t], 0.0)
        far = here * weight
        weight = where(inside, weight * end, weight)
        sum_ += here
        sizes += magnitude(here)
        far_sum += far
        far_sizes += magnitude(far)
    less, far_less = 0.5 * (sizes - sum_), 0.5 * (far_sizes - far_sum)
    more, far_more = 0.5 * (sizes + sum_), 0.5 * (far_sizes + far_sum)
    larger = end > 1.0
    widened = 1.0 + 2.0 * _BEYOND * owed.size
    unsure = _ROUNDING * size * greater(weight, 1.0)
    least_less, most_less = where(larger, less, far_less), where(larger, far_less, less)
    least_more, most_more = where(larger, more, far_more), where(larger, far_more, more)
    settled = least_less > most_more * widened + unsure
    settled = settled | (least_more > most_less * widened + unsure)
    asked = asked & exists
    settled = settled & asked
    outside = asked & ~settled & (far_sum < -unsure) & (sum_ < -unsure)
    if anywhere(outside):
        settled = settled | (outside & _turns_once(owed, first, last, size))
    return settled


@once
def _turns_once(owed: Wide, first: Wide, last: Wide, size: Wide) -> Wide:
    """Whether no c[t] that is not surely positive follows one that is not surely negative."""
    rounding, turned, back = _ROUNDING * size, alike(False), alike(False)
    for t in range(owed.size):
        here, inside = owed[t], (t >= first) & (t < last)
        turned = turned | (inside & (here > -rounding))
        back = back | (turned & inside & (here < rounding))
    return ~back


@once
def _nearer(x: Wide, rate: Wide, per_year: float) -> tuple[Wide, Wide]:
    """The other end of the interval of u of the rates that are nearer zero; if there is one.

    A rate of 100 % a year or more has no counterpart on the other side. What the logarithm loses of
    a small one is far less than the interval is widened by.
    """
    gains = x > 0.0
    other = logarithm(where(gains, 1.0 - rate, 1.0 + magnitude(rate))) / per_year
    end = exponential(x - other)
    return where(gains, end * (1.0 + _BEYOND), end * (1.0 - _BEYOND)), ~gains | (rate < 1.0)
