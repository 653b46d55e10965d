"""Most IRRs, quickly: one flow at a time, or a block of them side by side, to the same bits.

Let v = exp(−x), F(v) the present value of the flows, S(v) that of their amounts without signs.
Newton on log(PV in / PV out) = 2·atanh(F/S) needs F, S and their slopes. It is written twice, for
one flow and for a block of lanes, operation by operation the same, and a test holds their bits
together. No exp or log stands in a loop over lanes that a compiler could take for a vector: its
vector versions of these may differ in the last bit.

What this cannot do or show is left to :mod:`pfs_sim.kernels.roots`.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from pfs_sim.kernels._jit import inline, lean
from pfs_sim.kernels.other_roots import UNDECIDED, look_around
from pfs_sim.statuses import IrrStatus

Floats = NDArray[np.float64]

LANES = 16
"""Flows that :func:`irr_batch` solves side by side."""
_UNIQUE = int(IrrStatus.UNIQUE)
_SEVERAL_UNIQUE = int(IrrStatus.SEVERAL_UNIQUE)
PERIODS_AT_ONCE = 4
"""Periods of a block are a multiple of this; those past the flows are zero."""
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

# Rows of the scratch of a block, each of LANES numbers.
_V, _F, _DF, _S, _DS, _STEP, _LIVE, _LAST_PAYMENT, _FIRST_RECEIPT, LANE_ROWS = range(10)


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


@lean
def solve_block(block: Floats, periods: int, lanes: Floats) -> None:
    """:func:`solve_quickly` for each column of block[t, lane]; rows past n are zero, no matter."""
    _start_block(block, periods, lanes)
    for _ in range(_MOST_STEPS):
        running = 0.0
        for j in range(LANES):
            v = lanes[_V * LANES + j] * _shrink(lanes[_STEP * LANES + j])
            if lanes[_LIVE * LANES + j] == _RUNNING:
                lanes[_V * LANES + j] = v
                running += 1.0
        if running == 0.0:
            break
        _evaluate_block(block, periods, lanes)
        for j in range(LANES):
            f, s = lanes[_F * LANES + j], lanes[_S * LANES + j]
            df, ds = lanes[_DF * LANES + j], lanes[_DS * LANES + j]
            step = _newton_step(lanes[_V * LANES + j], f, df, s, ds)
            if lanes[_LIVE * LANES + j] == _RUNNING:
                lanes[_STEP * LANES + j] = step
                lanes[_LIVE * LANES + j] = _DONE if _has_converged(step, f, s) else _RUNNING


@lean
def judge_lane(
    flows: Floats, n: int, per_year: float, lanes: Floats, lane: int
) -> tuple[float, int]:
    """Log rate per period and status of the flow that was solved in a lane."""
    v = lanes[_V * LANES + lane]
    status = _judge(
        flows, n, per_year, v, lanes[_DF * LANES + lane], lanes[_S * LANES + lane],
        lanes[_DS * LANES + lane], lanes[_LIVE * LANES + lane],
        lanes[_LAST_PAYMENT * LANES + lane], lanes[_FIRST_RECEIPT * LANES + lane],
    )  # fmt: skip
    return lanes[_STEP * LANES + lane] - math.log(v), status


@lean
def _start_block(block: Floats, periods: int, lanes: Floats) -> None:
    """The sums and the first v of each lane."""
    lanes[:] = 0.0
    for j in range(LANES):
        lanes[_LAST_PAYMENT * LANES + j] = -1.0
        lanes[_FIRST_RECEIPT * LANES + j] = _NEVER
    for t in range(periods):
        time = float(t)
        for j in range(LANES):
            flow = block[t, j]
            inflow, outflow = max(flow, 0.0), max(-flow, 0.0)
            lanes[_F * LANES + j] += inflow
            lanes[_S * LANES + j] += outflow
            lanes[_DF * LANES + j] += inflow * time
            lanes[_DS * LANES + j] += outflow * time
            payment, receipt = lanes[_LAST_PAYMENT * LANES + j], lanes[_FIRST_RECEIPT * LANES + j]
            lanes[_LAST_PAYMENT * LANES + j] = time if flow < 0.0 else payment
            lanes[_FIRST_RECEIPT * LANES + j] = min(receipt, time if flow > 0.0 else _NEVER)
    for j in range(LANES):
        lanes[_V * LANES + j], lanes[_LIVE * LANES + j] = _start(
            lanes[_F * LANES + j], lanes[_S * LANES + j],
            lanes[_DF * LANES + j], lanes[_DS * LANES + j],
        )  # fmt: skip


@lean
def _evaluate_block(block: Floats, periods: int, lanes: Floats) -> None:
    """F, S and their slopes in v for each lane, four periods to a visit of the scratch."""
    for j in range(_F * LANES, (_DS + 1) * LANES):
        lanes[j] = 0.0
    for t in range(periods - PERIODS_AT_ONCE, -1, -PERIODS_AT_ONCE):
        for j in range(LANES):
            v = lanes[_V * LANES + j]
            f, df = lanes[_F * LANES + j], lanes[_DF * LANES + j]
            s, ds = lanes[_S * LANES + j], lanes[_DS * LANES + j]
            for k in range(PERIODS_AT_ONCE - 1, -1, -1):
                flow = block[t + k, j]
                df = df * v + f
                f = f * v + flow
                ds = ds * v + s
                s = s * v + abs(flow)
            lanes[_F * LANES + j], lanes[_DF * LANES + j] = f, df
            lanes[_S * LANES + j], lanes[_DS * LANES + j] = s, ds


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
