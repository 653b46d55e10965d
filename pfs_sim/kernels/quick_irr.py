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
from pfs_sim.kernels.elementary import logarithm
from pfs_sim.kernels.other_roots import UNDECIDED, look_around
from pfs_sim.kernels.roots import FARTHEST_APART
from pfs_sim.statuses import IrrStatus
from pfs_sim.tables.wide import Wide

_UNIQUE = int(IrrStatus.UNIQUE)
_TOTAL_LOSS = int(IrrStatus.TOTAL_LOSS)
_SEVERAL_UNIQUE = int(IrrStatus.SEVERAL_UNIQUE)
_MOST_STEPS = 8
_NEWTON_DONE = 1e-10
"""A Newton step so small is the last: what it leaves is its square."""
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
_NEVER = 1e18
_DONE, _RUNNING, _LEFT = 0.0, 1.0, 2.0
"""A lane has converged, is under way, or is left to the careful solver."""


@once
def solve_quickly(block: Wide, per_year: float) -> tuple[Wide, Wide]:
    """Log rate per period and status of a moderate gain or loss, of each path of block[t].

    Else the status is UNDECIDED; a total loss is −inf.
    """
    v, step, df, s, ds, live = _solve(block)
    said = _judge(block, per_year, v, df, s, ds, live)
    return where(said == _TOTAL_LOSS, -math.inf, step - logarithm(v)), said


@once
def _solve(block: Wide) -> tuple[Wide, Wide, Wide, Wide, Wide, Wide]:
    """Newton for each path, frozen once it has converged.

    Returns v, the last step, the slope of F, S and its slope, and whether a lane has converged, is
    under way or was left. Steps are small at the root, and also far from it, where one sum drowns
    the other.
    """
    v, live = _start(block)
    df, s, ds, step = each(0.0), each(0.0), each(0.0), each(0.0)
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
        new = _newton_step(v, f, df, s, ds)
        done = (magnitude(new) <= _NEWTON_DONE) & (magnitude(f) <= _NEAR_ZERO * s)
        step = where(running, new, step)
        live = where(running & done, _DONE, live)
    return v, step, df, s, ds, live


@once
def _judge(
    block: Wide, per_year: float, v: Wide, df: Wide, s: Wide, ds: Wide, live: Wide
) -> Wide:
    """The status of a root found quickly, or UNDECIDED.

    The search must have ended, rounding must not have moved it far, and the root must be shown to
    be the only one, or the nearest to zero: by one change of sign, because the investor is owed
    money at this rate all the way, or by :mod:`pfs_sim.kernels.other_roots`. Behind the last
    payment money is surely owed where receipts alone follow.
    """
    settled = (live == _DONE) & (ds <= _STRAIGHTEST * df) & (s > _SMALLEST) & (s < _LARGEST)
    last_payment, first_receipt = each(-1.0), each(_NEVER)
    for t in range(block.size):
        flow = block[t]
        last_payment = where(flow < 0.0, t, last_payment)
        first_receipt = lesser(first_receipt, where(flow > 0.0, t, _NEVER))
    unique = last_payment < first_receipt
    said = where(unique, _UNIQUE, _SEVERAL_UNIQUE)
    if anywhere(settled & ~unique):
        growth = 1.0 / v
        balance, turnover, looks = each(0.0), each(0.0), alike(False)
        for t in range(block.size):
            flow = block[t]
            balance = balance * growth + flow
            turnover = turnover * growth + magnitude(flow)
            owed = (balance < -_OWED * turnover) | (turnover == 0.0) | (t > last_payment)
            looks = looks | ~owed
        looks = looks & ~unique & settled
        if anywhere(looks):
            said = where(looks, look_around(block, v, s, per_year, looks), said)
    said = where(settled, said, UNDECIDED)
    if not everywhere(settled):
        said = where(_lose_all(block), _TOTAL_LOSS, said)
    return said


@once
def _lose_all(block: Wide) -> Wide:
    """Where money was paid in and nothing came back."""
    least, most, received, numbers = each(math.inf), each(0.0), each(0.0), alike(True)
    for t in range(block.size):
        flow = block[t]
        paid = magnitude(flow)
        least, most = where(flow != 0.0, lesser(least, paid), least), greater(most, paid)
        received, numbers = greater(received, flow), numbers & (flow == flow)
    lost = numbers & (received == 0.0) & (most > 0.0) & (most < math.inf)
    # As flows that doubles cannot hold together are out of range: see `roots`.
    return lost & (most / FARTHEST_APART <= least)


@once
def _start(block: Wide) -> tuple[Wide, Wide]:
    """First v: the log of what came back per unit paid in, over the time between their means."""
    receipts, payments = each(0.0), each(0.0)
    receipt_times, payment_times = each(0.0), each(0.0)
    for t in range(block.size):
        flow = block[t]
        inflow, outflow = greater(flow, 0.0), greater(-flow, 0.0)
        receipts += inflow
        payments += outflow
        receipt_times += inflow * t
        payment_times += outflow * t
    some = (receipts > _SMALLEST) & (receipts < _LARGEST)
    some = some & (payments > _SMALLEST) & (payments < _LARGEST)
    between = receipt_times / receipts - payment_times / payments
    some = some & (between > _NEAREST_MEANS)
    x = logarithm(receipts / payments) / between
    some = some & (magnitude(x) < 1.0)
    return where(some, _shrink(x), 1.0), where(some, _RUNNING, _LEFT)


@once
def _newton_step(v: Wide, f: Wide, df: Wide, s: Wide, ds: Wide) -> Wide:
    """By how much the log rate rises: log(PV in / PV out) = 2·atanh(F/S) over minus its slope."""
    ratio = f / where(s > 0.0, s, 1.0)
    square = ratio * ratio
    slope = v * (df - ratio * ds)
    series = ratio * (1.0 + square * (1.0 / 3.0 + square * (0.2 + square / 7.0)))
    step = series * (1.0 - square) * s / where(slope > 0.0, slope, 1.0)
    return lesser(greater(step, -_LONGEST_STEP), _LONGEST_STEP)


@inline
def _shrink(step: float) -> float:
    """exp(−step), nearly (Padé 2, 2); Newton forgives the rest."""
    even = 1.0 + step * step / 12.0
    return (even - 0.5 * step) / (even + 0.5 * step)
