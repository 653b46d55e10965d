"""Most IRRs, quickly: of one flow, or of several paths side by side, to the same bits.

Let v = exp(−x), F(v) the present value of the flows, S(v) that of their amounts without signs.
Newton on log(PV in / PV out) = 2·atanh(F/S) needs F, S and their slopes. It is written twice, for
one flow and for paths side by side, operation by operation the same, and a test holds their bits
together. Logs are taken one by one: a vector of them may differ in the last bit.

What this cannot do or show is left to :mod:`pfs_sim.kernels.roots`.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from pfs_sim.kernels._jit import inline, lean, once
from pfs_sim.kernels._wide import (
    alike,
    anywhere,
    each,
    everywhere,
    greater,
    holds_for,
    lesser,
    magnitude,
    of,
    replace,
    where,
)
from pfs_sim.kernels.other_roots import UNDECIDED, look_around, look_around_block
from pfs_sim.kernels.roots import FARTHEST_APART
from pfs_sim.statuses import IrrStatus
from pfs_sim.tables.wide import ABREAST, Wide

Floats = NDArray[np.float64]

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


@lean
def solve_quickly(flows: Floats, n: int, per_year: float) -> tuple[float, int]:
    """Log rate per period and status of a moderate gain or loss; else the status is UNDECIDED."""
    receipts, payments, receipt_times, payment_times = 0.0, 0.0, 0.0, 0.0
    last_payment, first_receipt = -1.0, _NEVER
    for t in range(n):
        flow = flows[t]
        inflow, outflow = max(flow, 0.0), max(-flow, 0.0)
        receipts += inflow
        payments += outflow
        receipt_times += inflow * t
        payment_times += outflow * t
        last_payment = float(t) if flow < 0.0 else last_payment
        first_receipt = min(first_receipt, float(t) if flow > 0.0 else _NEVER)
    v, live = _start(receipts, payments, receipt_times, payment_times)
    f, df, s, ds, step = 0.0, 0.0, 0.0, 0.0, 0.0
    for _ in range(_MOST_STEPS):
        if live != _RUNNING:
            break
        v *= _shrink(step)
        f, df, s, ds = 0.0, 0.0, 0.0, 0.0
        for t in range(n - 1, -1, -1):
            flow = flows[t]
            df = df * v + f
            f = f * v + flow
            ds = ds * v + s
            s = s * v + abs(flow)
        step = _newton_step(v, f, df, s, ds)
        live = _DONE if _has_converged(step, f, s) else _RUNNING
    status = _judge(flows, n, per_year, v, df, s, ds, live, last_payment, first_receipt)
    return step - math.log(v), status


@once
def solve_block(block: Wide) -> tuple[Wide, Wide, Wide, Wide, Wide, Wide]:
    """:func:`solve_quickly` for each path of block[t], up to what is shown of the root.

    Returns v, the last step, the slope of F, S and its slope, and whether a lane has converged, is
    under way or was left. A lane is frozen once it has converged.
    """
    v, live = _start_block(block)
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
        new = _newton_steps(v, f, df, s, ds)
        done = (magnitude(new) <= _NEWTON_DONE) & (magnitude(f) <= _NEAR_ZERO * s)
        step = where(running, new, step)
        live = where(running & done, _DONE, live)
    return v, step, df, s, ds, live


@once
def judge_block(
    block: Wide, per_year: float, v: Wide, df: Wide, s: Wide, ds: Wide, live: Wide
) -> Wide:
    """As `_judge` for each path."""
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
            said = where(looks, look_around_block(block, v, s, per_year, looks), said)
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
def _start_block(block: Wide) -> tuple[Wide, Wide]:
    """The first v of each lane."""
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
    ratio = receipts / payments
    z = (ratio - 1.0) / (ratio + 1.0)
    square = z * z
    log = 2.0 * z * (1.0 + square * (1.0 / 3.0 + 0.2 * square))
    far = some & ~(square < 0.25)
    if anywhere(far):
        for lane in range(ABREAST):
            if holds_for(far, lane):
                log = replace(log, lane, math.log(of(ratio, lane)))
    x = log / between
    some = some & (magnitude(x) < 1.0)
    return where(some, _shrink(x), 1.0), where(some, _RUNNING, _LEFT)


@once
def _newton_steps(v: Wide, f: Wide, df: Wide, s: Wide, ds: Wide) -> Wide:
    """As `_newton_step`."""
    ratio = f / where(s > 0.0, s, 1.0)
    square = ratio * ratio
    slope = v * (df - ratio * ds)
    series = ratio * (1.0 + square * (1.0 / 3.0 + square * (0.2 + square / 7.0)))
    step = series * (1.0 - square) * s / where(slope > 0.0, slope, 1.0)
    return lesser(greater(step, -_LONGEST_STEP), _LONGEST_STEP)


@inline
def _start(
    receipts: float, payments: float, receipt_times: float, payment_times: float
) -> tuple[float, float]:
    """First v: the log of what came back per unit paid in, over the time between their means."""
    if not (_SMALLEST < receipts < _LARGEST and _SMALLEST < payments < _LARGEST):
        return 1.0, _LEFT
    apart = receipt_times / receipts - payment_times / payments
    if not apart > _NEAREST_MEANS:
        return 1.0, _LEFT
    ratio = receipts / payments
    # A start need not be exact: the log by its series about 1, the exponential as in `_shrink`.
    z = (ratio - 1.0) / (ratio + 1.0)
    square = z * z
    log = 2.0 * z * (1.0 + square * (1.0 / 3.0 + 0.2 * square))
    x = (log if square < 0.25 else math.log(ratio)) / apart
    return (_shrink(x), _RUNNING) if abs(x) < 1.0 else (1.0, _LEFT)


@inline
def _shrink(step: float) -> float:
    """exp(−step), nearly (Padé 2, 2); Newton forgives the rest."""
    even = 1.0 + step * step / 12.0
    return (even - 0.5 * step) / (even + 0.5 * step)


@inline
def _newton_step(v: float, f: float, df: float, s: float, ds: float) -> float:
    """By how much the log rate rises: log(PV in / PV out) = 2·atanh(F/S) over minus its slope."""
    ratio = f / (s if s > 0.0 else 1.0)
    square = ratio * ratio
    slope = v * (df - ratio * ds)
    series = ratio * (1.0 + square * (1.0 / 3.0 + square * (0.2 + square / 7.0)))
    step = series * (1.0 - square) * s / (slope if slope > 0.0 else 1.0)
    return min(max(step, -_LONGEST_STEP), _LONGEST_STEP)


@inline
def _has_converged(step: float, f: float, s: float) -> bool:
    """Steps are small at the root, and also far from it, where one sum drowns the other."""
    return abs(step) <= _NEWTON_DONE and abs(f) <= _NEAR_ZERO * s


@lean
def _judge(
    flows: Floats, n: int, per_year: float, v: float, df: float, s: float, ds: float,
    live: float, last_payment: float, first_receipt: float,
) -> int:  # fmt: skip
    """The status of a root found quickly, or UNDECIDED.

    The search must have ended, rounding must not have moved it far, and the root must be shown to
    be the only one, or the nearest to zero: by one change of sign, because the investor is owed
    money at this rate all the way, or by :mod:`pfs_sim.kernels.other_roots`. Behind the last
    payment money is surely owed where receipts alone follow.
    """
    if not (live == _DONE and ds <= _STRAIGHTEST * df and _SMALLEST < s < _LARGEST):
        return UNDECIDED
    if last_payment < first_receipt:
        return _UNIQUE
    growth = 1.0 / v
    balance, turnover = 0.0, 0.0
    for t in range(int(last_payment) + 1):
        flow = flows[t]
        if turnover == 0.0 and flow == 0.0:
            continue
        balance = balance * growth + flow
        turnover = turnover * growth + abs(flow)
        if not balance < -_OWED * turnover:
            return look_around(flows, n, v, s, per_year)
    return _SEVERAL_UNIQUE
