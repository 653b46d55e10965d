"""Most IRRs, quickly: of several paths side by side, each to the bits that it has alone.

Let v = exp(−x), F(v) the present value of the flows, S(v) that of their amounts without signs.
Newton on log(PV in / PV out) = 2·atanh(F/S) needs F, S and their slopes.

What this cannot do or show is left to :mod:`pfs_sim.kernels.roots`.
"""

from __future__ import annotations

import math

from pfs_sim.kernels._jit import inline, once
from pfs_sim.kernels._wide import (
    alike,
    anywhere,
    each,
    everywhere,
    greater,
    lesser,
    magnitude,
    where,
)
from pfs_sim.kernels.elementary import growth_of, logarithm
from pfs_sim.kernels.other_roots import UNDECIDED, look_around
from pfs_sim.kernels.roots import FARTHEST_APART
from pfs_sim.statuses import IrrStatus
from pfs_sim.tables.wide import Wide

_UNIQUE = int(IrrStatus.UNIQUE)
_TOTAL_LOSS = int(IrrStatus.TOTAL_LOSS)
_SEVERAL_UNIQUE = int(IrrStatus.SEVERAL_UNIQUE)
_MOST_STEPS = 5
_NEWTON_DONE = 1e-10
"""A Newton step so small is the last: what it leaves is its square."""
_SMALL_STEP, _SLIGHT_BEND, _NEAR_ENOUGH = 1e-6, 1e-5, 1e-9
"""A corrected step so small and so little corrected is the last, where the product of it and the
one before it is so small: what it leaves is the square of that, and the correction's."""
_MOST_BENT = 0.25
"""A step is corrected by that share of itself, at most."""
_NO_STEP = 1e9
"""In place of the step before the first: so long that nothing follows from it."""
_NEAR_ZERO = 1e-3
_LONGEST_STEP = 0.5
_STRAIGHTEST = 16.0
"""Twice the mean time of all flows over the time between receipts and payments, at most. The
rounding of a direct evaluation moves the log rate by up to 2.2e-16 times that."""
_NEAREST_MEANS = 0.25
"""Periods between the mean times of receipts and payments, at least."""
_OWED = 1e-11
"""What must be owed, as a share of all flows to date, to be more than rounding."""
_SMALLEST, _LARGEST = 1e-150, 1e150
_DONE, _RUNNING, _LEFT = 0.0, 1.0, 2.0
"""A lane has converged, is under way, or is left to the careful solver."""


@once
def solve_quickly(block: Wide, owed: Wide, per_year: float) -> tuple[Wide, Wide, Wide]:
    """Log rate per period, effective annual rate and status of a moderate gain or loss, of each
    path of block[t].

    Else the status is UNDECIDED; a total loss is −inf and −1. `owed`[t] is working space.
    """
    v, live, again = _start(block)
    v, step, s, live = _solve(block, v, live)
    x = step - logarithm(v)
    rate = growth_of(x * per_year)
    settled = live == _DONE
    said, again = where(again, _SEVERAL_UNIQUE, _UNIQUE), again & settled
    if anywhere(again):
        first, last, opens, ends = find_ends(block, again)
        unsure, vague = find_owed(block, v * _shrink(step), last, owed)
        looks = again & unsure
        if anywhere(looks):
            found = look_around(
                owed, vague, first, last, opens, ends, x, rate, s, per_year, looks
            )
            said = where(looks, found, said)
    said = where(settled, said, UNDECIDED)
    if not everywhere(settled):
        lost = _lose_all(block)
        x, rate = where(lost, -math.inf, x), where(lost, -1.0, rate)
        said = where(lost, _TOTAL_LOSS, said)
    return x, rate, said


@once
def _solve(block: Wide, v: Wide, live: Wide) -> tuple[Wide, Wide, Wide, Wide]:
    """Newton for each path, frozen once it has converged.

    Returns v, the last step, S, and which lanes have converged to a root that rounding cannot have
    moved far. Steps are small at the root, and also far from it, where one sum drowns the other.

    From the second step on, a step is corrected for the bend of the log ratio, as its values and
    slopes at both points give it (Hermite): two or three evaluations are enough.
    """
    s, step, g_before, slope_before = each(0.0), each(0.0), each(0.0), each(0.0)
    before = each(_NO_STEP)
    for _ in range(_MOST_STEPS):
        running = live == _RUNNING
        if not anywhere(running):
            break
        v = where(running, v * _shrink(step), v)
        f, df, s, ds = each(0.0), each(0.0), each(0.0), each(0.0)
        for t in range(block.size - 1, -1, -1):
            flow = block[t]
            df = df * v + f
            f = f * v + flow
            ds = ds * v + s
            s = s * v + magnitude(flow)
        # g = log(PV in / PV out)/2 = atanh(F/S), and minus its slope, from one division.
        ratio = f / where(s > 0.0, s, 1.0)
        square = ratio * ratio
        g = ratio * (1.0 + square * (1.0 / 3.0 + square * (0.2 + square * (1.0 / 7.0))))
        top, bottom = v * (df - ratio * ds), (1.0 - square) * s
        both = 1.0 / (top * bottom)
        slope, flat = top * top * both, bottom * bottom * both
        new = lesser(greater(g * flat, -_LONGEST_STEP), _LONGEST_STEP)
        per_step = 1.0 / before
        bend = 3.0 * (g_before * flat - new) * per_step - 2.0 - slope_before * flat
        bend = bend * new * per_step
        bent = where(magnitude(bend) < _MOST_BENT, new + new * bend, new)
        size = magnitude(new)
        near = (size < _SMALL_STEP) & (magnitude(bend) < _SLIGHT_BEND)
        near = near & (size * magnitude(before) < _NEAR_ENOUGH)
        done = (near | (size <= _NEWTON_DONE)) & (magnitude(f) <= _NEAR_ZERO * s)
        sound = (ds <= _STRAIGHTEST * df) & (s > _SMALLEST) & (s < _LARGEST)
        step = where(running, bent, step)
        live = where(running & done, where(sound, _DONE, _LEFT), live)
        # Where the log ratio does not fall as the rate rises there is mostly no root ahead.
        live = where(running & ~(top > 0.0), _LEFT, live)
        before, g_before, slope_before = bent, g, slope
    return v, step, s, live


@once
def find_ends(block: Wide, asked: Wide) -> tuple[Wide, Wide, Wide, Wide]:
    """Of paths `asked` for: times of the first flow and of the last, and both flows."""
    first, last, opens, ends = each(-1.0), each(-1.0), each(0.0), each(0.0)
    for t in range(block.size):
        flow = block[t]
        new = (first < 0.0) & (flow != 0.0)
        first, opens = where(new, t, first), where(new, flow, opens)
        if not anywhere(asked & (first < 0.0)):
            break
    for t in range(block.size - 1, -1, -1):
        flow = block[t]
        new = (last < 0.0) & (flow != 0.0)
        last, ends = where(new, t, last), where(new, flow, ends)
        if not anywhere(asked & (last < 0.0)):
            break
    return first, last, opens, ends


@once
def find_owed(block: Wide, v: Wide, last: Wide, owed: Wide) -> tuple[Wide, Wide]:
    """Write what the investor is owed at v into owed[t], a negative present value.

    Returns where it is not surely owed money from the first flow until the last, and where
    rounding hides whether it is.
    """
    power, here, turnover = each(1.0), each(0.0), each(0.0)
    unsure, vague = alike(False), alike(False)
    for t in range(block.size):
        part = block[t] * power
        power = power * v
        here, turnover = here + part, turnover + magnitude(part)
        least = _OWED * turnover
        missing = (here > -least) & (t < last)
        unsure, vague = unsure | missing, vague | (missing & (here < least))
        owed[t] = here
    return unsure | (here != here), vague


@once
def _lose_all(block: Wide) -> Wide:
    """Where money was paid in and nothing came back."""
    least, most, comes = each(-math.inf), each(0.0), alike(False)
    for t in range(block.size):
        flow = block[t]
        least, most = where(flow < 0.0, greater(least, flow), least), lesser(most, flow)
        comes = comes | ~(flow <= 0.0)
    # As flows that doubles cannot hold together are out of range: see `roots`.
    return ~comes & (most < 0.0) & (most > -math.inf) & (most / FARTHEST_APART >= least)


@once
def _start(block: Wide) -> tuple[Wide, Wide, Wide]:
    """First v, which lanes are under way, and where a payment follows a receipt.

    The log of what came back per unit paid in is g(x) = g(0) − b·x + a·b·x² − c·b·x³ − …, by the
    cumulants of the times of receipts less those of payments: b, the means; 2·a·b, the variances;
    6·c·b, the third ones. Sums of sums of sums, from the last on, give the moments.
    """
    n0, n1, n2, n3 = each(0.0), each(0.0), each(0.0), each(0.0)
    a0, a1, a2, a3 = each(0.0), each(0.0), each(0.0), each(0.0)
    pays, again = alike(False), alike(False)
    for t in range(block.size - 1, -1, -1):
        flow = block[t]
        again, pays = again | (pays & (flow > 0.0)), pays | (flow < 0.0)
        n0 += flow
        n1 += n0
        n2 += n1
        n3 += n2
        a0 += magnitude(flow)
        a1 += a0
        a2 += a1
        a3 += a2
    i0, o0 = a0 + n0, a0 - n0
    some = (i0 > _SMALLEST) & (i0 < _LARGEST) & (o0 > _SMALLEST) & (o0 < _LARGEST)
    both = 1.0 / (i0 * o0)
    in_mean, in_variance, in_third = _cumulants(o0 * both, a1 + n1, a2 + n2, a3 + n3)
    out_mean, out_variance, out_third = _cumulants(i0 * both, a1 - n1, a2 - n2, a3 - n3)
    b = in_mean - out_mean
    some = some & (b > _NEAREST_MEANS)
    per_b = 1.0 / b
    x = logarithm(i0 * i0 * both) * per_b
    some = some & (magnitude(x) < 1.0)
    a, c = 0.5 * (in_variance - out_variance) * per_b, (in_third - out_third) * (1.0 / 6.0) * per_b
    less = 1.0 - x * (a + (a * a - c) * x)
    x = lesser(greater(x / lesser(greater(less, 0.5), 2.0), -1.0), 1.0)
    return where(some, _shrink(x), 1.0), where(some, _RUNNING, _LEFT), again


@inline
def _cumulants(share: Wide, s1: Wide, s2: Wide, s3: Wide) -> tuple[Wide, Wide, Wide]:
    """Mean, variance and third cumulant of times, one later than they are, from their sums."""
    mean = s1 * share
    square = 2.0 * s2 * share - mean
    cube = 6.0 * s3 * share - 3.0 * square - 2.0 * mean
    variance = square - mean * mean
    return mean, variance, cube - mean * (3.0 * variance + mean * mean)


@inline
def _shrink(step: float) -> float:
    """exp(−step), nearly (Padé 2, 2); Newton forgives the rest."""
    even = 1.0 + step * step * (1.0 / 12.0)
    return (even - 0.5 * step) / (even + 0.5 * step)
