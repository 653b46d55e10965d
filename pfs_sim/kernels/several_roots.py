"""All log rates at which flows with several changes of sign are worth nothing; the one to report.

g(x) is the log of the present value of all receipts over that of all payments (as in
:mod:`pfs_sim.kernels.roots`). Both logarithms are convex, and their slopes, minus the mean times,
rise with x: so their values at the ends of an interval bound g and its slope inside. The line is
walked from one end of the possible roots to the other in steps on each of which g is shown to be
monotone or to keep its sign. No root is passed over unseen: what doubles cannot decide is called
ambiguous. Near a double root the sign comes from the present value itself in twice the precision.
"""

from __future__ import annotations

import math

from pfs_sim.kernels._jit import apart, lean
from pfs_sim.kernels.present_values import (
    Floats,
    Spans,
    effective_rate,
    find_spans,
    present_value,
    two_sums,
)
from pfs_sim.statuses import IrrStatus

_SEVERAL = int(IrrStatus.SEVERAL)
_NO_ROOT = int(IrrStatus.NO_ROOT)
_SEVERAL_UNIQUE = int(IrrStatus.SEVERAL_UNIQUE)

_MOST_STEPS = 200
_ROUNDING = 4.4e-16
"""Rounding of a few operations; times the number of periods, what a sum may be off."""
_FLAT_WIDTH = 0.001
"""A step of the walk that is no wider is ambiguous if g is lost in rounding at both ends, ..."""
_NARROW = 1e-11
"""... and one that is no wider than this in any case."""
_TOUCHING = 1e-20
"""A present value that small a share of the flows, where g turns, is zero."""
_PATIENCE = 1000
"""Evaluations after which ten times more of g counts as lost. Walks of a deal take 5 to 100; along
the flanks of a root of high multiplicity they would hardly end."""
_MOST_WALKED = 20_000
"""Evaluations after which a walk gives up, ambiguous: a net under the net."""
_BEYOND = 0.0137
"""The walk starts and ends so far outside the roots, and on no round rate."""


@apart
def solve_several(
    flows: Floats, first: int, last: int, scale: float, periods_per_year: float
) -> tuple[float, int]:
    """The root nearest zero where the sign changes more than once, and whether it is the only one.

    The walk goes over all rates at which a root can lie (:func:`_farthest_root`). A step from a to
    b is taken if g is monotone on it (then its ends show whether there is a root), or keeps its
    sign on it, or is lost in rounding (ambiguous); else it is halved.
    """
    spans = find_spans(flows, first, last)
    a = -_farthest_root(flows, last, first, last, scale)
    end = _farthest_root(flows, first, first, last, scale)
    in_log, in_time, out_log, out_time = two_sums(flows, spans, scale, a)
    width = end - a
    best, touch, roots, ambiguous = math.nan, math.nan, 0, False
    # The bracket of a root that is not solved unless it may be the nearest; the end of the last
    # step that was too long, whose sums serve again.
    low, high, pending = 0.0, 0.0, False
    far, far_in, far_in_time, far_out, far_out_time = math.inf, 0.0, 0.0, 0.0, 0.0
    for walked in range(_MOST_WALKED):
        b = min(a + width, end)
        if far <= b:
            b, in_log_b, in_time_b, out_log_b, out_time_b = (
                far, far_in, far_in_time, far_out, far_out_time
            )  # fmt: skip
            far = math.inf
        else:
            in_log_b, in_time_b, out_log_b, out_time_b = two_sums(flows, spans, scale, b)
        g, g_b = in_log - out_log, in_log_b - out_log_b
        # Mean times fall as x grows, so these two bound the slope of g on [a, b].
        highest_slope, lowest_slope = out_time - in_time_b, out_time_b - in_time
        size = abs(in_log) + abs(out_log) + abs(in_log_b) + abs(out_log_b)
        noise = _ROUNDING * ((8.0 + last - first) * (1.0 + max(abs(a), abs(b))) + size)
        slope_noise = noise * (1.0 + last - first)
        monotone = highest_slope < -slope_noise or lowest_slope > slope_noise
        crosses = (g >= 0.0) != (g_b >= 0.0)
        if monotone:
            if crosses:
                roots += 1
                if not pending or _is_nearer(a, b, low, high, periods_per_year):
                    low, high, pending = a, b, True
                elif not _is_nearer(low, high, a, b, periods_per_year):
                    x, sure = _solve_between(flows, spans, scale, a, b)
                    best = _nearer(best, x, periods_per_year)
                    ambiguous = ambiguous or not sure
        elif crosses or not (
            _keeps_above(in_log, in_time, in_log_b, in_time_b, out_log, out_log_b, b - a, noise)
            or _keeps_above(
                out_log, out_time, out_log_b, out_time_b, in_log, in_log_b, b - a, noise
            )
        ):
            small = noise * 10.0 ** (walked // _PATIENCE)
            lost = abs(g) <= small and abs(g_b) <= small and b - a <= _FLAT_WIDTH
            if not lost and b - a > _NARROW * (1.0 + abs(a)):
                width = 0.5 * (b - a)
                far, far_in, far_in_time, far_out, far_out_time = (
                    b, in_log_b, in_time_b, out_log_b, out_time_b
                )  # fmt: skip
                continue
            x, is_root = _solve_flat(flows, spans, scale, a, b, periods_per_year)
            if is_root:
                best = _nearer(best, x, periods_per_year)
            else:
                touch = _nearer(touch, x, periods_per_year)
            ambiguous = True
        if b >= end:
            break
        a = b
        in_log, in_time, out_log, out_time = in_log_b, in_time_b, out_log_b, out_time_b
        width *= 2.0
    else:
        ambiguous = True
    if pending:
        x, sure = _solve_between(flows, spans, scale, low, high)
        best = _nearer(best, x, periods_per_year)
        ambiguous = ambiguous or not sure
    if ambiguous or roots > 1:
        return touch if math.isnan(best) else best, _SEVERAL
    return (best, _SEVERAL_UNIQUE) if roots == 1 else (math.nan, _NO_ROOT)


@apart
def _farthest_root(flows: Floats, anchor: int, first: int, last: int, scale: float) -> float:
    """How far from zero a root can lie on the side on which the flow at ``anchor`` outweighs all.

    There exp(−|x|) times the sum of the flows of the other sign is below the flow at the anchor
    (Cauchy's bound). For the first flow that is the largest x, for the last minus the smallest.
    """
    against = 0.0
    sign = math.copysign(scale, flows[anchor])
    for t in range(first, last + 1):
        against += max(-float(flows[t]) * sign, 0.0)
    own = float(flows[anchor]) * sign
    return max(math.log(against) - math.log(own), 0.0) * (1.0 + 1e-9) + _BEYOND


@lean
def _keeps_above(
    over: float, over_time: float, over_b: float, over_time_b: float,
    under: float, under_b: float, width: float, noise: float,
) -> bool:  # fmt: skip
    """Whether one sum stays above the other between two points ``width`` apart.

    The logarithm of the upper lies above its tangents (it is convex, with minus the mean time as
    its slope), that of the lower below its chord; both are straight, so their ends decide.
    """
    ends = over - under > noise and over_b - under_b > noise
    from_a = over - over_time * width - under_b > noise
    from_b = over_b + over_time_b * width - under > noise
    return ends and (from_a or from_b)


@apart
def _nearer(best: float, x: float, periods_per_year: float) -> float:
    """The one of two log rates whose effective annual rate is nearer zero; NaN is no rate."""
    if math.isnan(best):
        return x
    if math.isnan(x):
        return best
    d_best = abs(effective_rate(best, periods_per_year))
    d_x = abs(effective_rate(x, periods_per_year))
    return x if d_x < d_best or (d_x == d_best and abs(x) < abs(best)) else best


@apart
def _is_nearer(
    a: float, b: float, low: float, high: float, periods_per_year: float
) -> bool:
    """Whether each rate in [a, b] is nearer zero than every one in [low, high]."""
    farthest = max(
        abs(effective_rate(a, periods_per_year)), abs(effective_rate(b, periods_per_year))
    )
    if low <= 0.0 <= high:
        return False
    nearest = min(
        abs(effective_rate(low, periods_per_year)), abs(effective_rate(high, periods_per_year))
    )
    return farthest < nearest


@apart
def _solve_between(
    flows: Floats, spans: Spans, scale: float, a: float, b: float
) -> tuple[float, bool]:
    """The root in [a, b], on which g is monotone and changes sign; whether it stayed inside."""
    in_log, in_time, out_log, out_time = two_sums(flows, spans, scale, a)
    low, high, positive_at_low = a, b, in_log >= out_log
    # Where a straight line from a meets zero, if that is inside.
    x = a - (in_log - out_log) / (out_time - in_time) if out_time != in_time else a
    if not a < x < b:
        x = 0.5 * (a + b)
    for step_number in range(_MOST_STEPS):
        in_log, in_time, out_log, out_time = two_sums(flows, spans, scale, x)
        g, slope = in_log - out_log, out_time - in_time
        if (g >= 0.0) == positive_at_low:
            low = x
        else:
            high = x
        before = x
        x = x - g / slope if slope != 0.0 else math.nan
        late_and_odd = step_number > 20 and step_number % 2 == 1
        if late_and_odd or not low <= x <= high:
            x = 0.5 * (low + high)
        if abs(x - before) <= 1e-9 * (1.0 + abs(x)) or high - low <= _NARROW * (1.0 + abs(x)):
            break
    polished = _polish(flows, spans, scale, x)
    reach = 1e-6 * (b - a) + 1e-12 * (1.0 + abs(x))
    if a - reach <= polished <= b + reach:
        return polished, True
    return x, False


@apart
def _polish(flows: Floats, spans: Spans, scale: float, x: float) -> float:
    """Newton on the present value itself, evaluated as if in twice the precision.

    Where sums of both signs nearly cancel at more rates than one, g loses digits that the flows
    still hold.
    """
    forward = x >= 0.0
    v = math.exp(-abs(x))
    for _ in range(5):
        value, slope, _ = present_value(flows, spans, scale, v, forward)
        step = value / slope if slope != 0.0 else math.nan
        if not abs(step) < 0.5 * v:
            return math.nan
        if abs(step) <= 1e-15 * v:
            log_v = math.log(v) - step / v
            return -log_v if forward else log_v
        v -= step
    return -math.log(v) if forward else math.log(v)


@apart
def _solve_flat(
    flows: Floats, spans: Spans, scale: float, a: float, b: float, periods_per_year: float
) -> tuple[float, bool]:
    """The root nearest zero between a and b, where g is lost in rounding; whether there is one.

    g turns somewhere between them: at a double root, if the present value is zero there; between
    two roots, or beside one, if it changes sign. Else there may be none: the turn, and False.
    """
    turn = _turning_point(flows, spans, scale, a, b)
    at_a = _balance(flows, spans, scale, a)
    at_turn = _balance(flows, spans, scale, turn)
    at_b = _balance(flows, spans, scale, b)
    best = turn if abs(at_turn) <= _TOUCHING else math.nan
    if at_a * at_turn < 0.0:
        best = _nearer(best, _halve(flows, spans, scale, a, turn), periods_per_year)
    if at_turn * at_b < 0.0:
        best = _nearer(best, _halve(flows, spans, scale, turn, b), periods_per_year)
    return (turn, False) if math.isnan(best) else (best, True)


@apart
def _turning_point(flows: Floats, spans: Spans, scale: float, a: float, b: float) -> float:
    """Where g turns between a and b, found by halving; an end, if it does not."""
    _, in_time, _, out_time = two_sums(flows, spans, scale, a)
    rises_at_a = out_time > in_time
    for _ in range(60):
        middle = 0.5 * (a + b)
        _, in_time, _, out_time = two_sums(flows, spans, scale, middle)
        if (out_time > in_time) == rises_at_a:
            a = middle
        else:
            b = middle
    return 0.5 * (a + b)


@apart
def _halve(flows: Floats, spans: Spans, scale: float, a: float, b: float) -> float:
    """A root between a and b, at which the present value has different signs."""
    positive = _balance(flows, spans, scale, a) > 0.0
    for _ in range(60):
        middle = 0.5 * (a + b)
        if (_balance(flows, spans, scale, middle) > 0.0) == positive:
            a = middle
        else:
            b = middle
    return 0.5 * (a + b)


@lean
def _balance(flows: Floats, spans: Spans, scale: float, x: float) -> float:
    """Present value as a share of all flows, where logarithms cannot tell its sign."""
    value, _, size = present_value(flows, spans, scale, math.exp(-abs(x)), x >= 0.0)
    return value / size
