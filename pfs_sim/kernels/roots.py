"""Where a present value is zero: the log rates x = log(1 + r per period) that solve an IRR.

The present value of flows f[t] at x is Σ f[t]·exp(−x·t). It is split into two sums of positive
terms, so that nothing cancels, and g, the log of their ratio, is solved in its place: a total of
decaying exponentials has a convex logarithm whose slope is minus the mean time of its terms, so
g is nearly straight. With one change of sign it falls everywhere with a slope of at least one: it
has one root, and every evaluation brackets it. Several changes of sign are a matter for
:mod:`pfs_sim.kernels.several_roots`.

Scalars only, no allocation, no exception; x is per period, positive for a gain.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from pfs_sim.kernels._jit import apart, lean
from pfs_sim.kernels.no_root import has_no_root
from pfs_sim.kernels.several_roots import solve_several
from pfs_sim.statuses import IrrStatus

Floats = NDArray[np.float64]

_UNIQUE = int(IrrStatus.UNIQUE)
_TOTAL_LOSS = int(IrrStatus.TOTAL_LOSS)
_NOTHING_INVESTED = int(IrrStatus.NOTHING_INVESTED)
_OUT_OF_RANGE = int(IrrStatus.OUT_OF_RANGE)
_NO_ROOT = int(IrrStatus.NO_ROOT)

_WIDEST = 700.0
"""exp of more is no double: a log rate beyond is out of range."""
FARTHEST_APART = 1e300
"""The largest flow over the smallest, at most."""
_NEWTON_DONE = 1e-11
"""A Newton step so small is the last: what it leaves is its square, below rounding."""
_MOST_STEPS = 200


@apart
def solve_log_rate(flows: Floats, n: int, periods_per_year: float) -> tuple[float, int]:
    """The log rate per period at which flows[0..n) are worth nothing, and its status.

    ``periods_per_year`` matters only where there are several roots: the nearest to zero is the
    nearest as an effective annual rate. A total loss is −inf; what is undefined is NaN.
    """
    first, last, split, changes, largest = _survey(flows, n)
    if not math.isfinite(largest):
        return math.nan, _OUT_OF_RANGE
    if changes == 0:
        if first < n and flows[first] < 0.0:
            return -math.inf, _TOTAL_LOSS
        return math.nan, _NOTHING_INVESTED
    scale = math.ldexp(1.0, max(-1000, min(1000, -math.frexp(largest)[1])))
    if changes == 1:
        return solve_one_change(flows, first, last, split, scale)
    if flows[first] < 0.0 and flows[last] < 0.0 and has_no_root(flows, first, last):
        return math.nan, _NO_ROOT
    return solve_several(flows, first, last, scale, periods_per_year)


@apart
def _survey(flows: Floats, n: int) -> tuple[int, int, int, int, float]:
    """First and last flow, the first flow of the second sign, changes of sign, largest amount.

    The largest is infinite where doubles cannot hold the sums. Without flows the first is n.
    """
    first, last, split, changes = n, -1, n, 0
    largest, smallest = 0.0, math.inf
    sign = 0.0
    for t in range(n):
        flow = float(flows[t])
        if not math.isfinite(flow):
            return first, last, split, changes, math.inf
        if flow != 0.0:
            first = min(first, t)
            last = t
            largest, smallest = max(largest, abs(flow)), min(smallest, abs(flow))
            if flow * sign < 0.0:
                changes += 1
                if changes == 1:
                    split = t
            sign = math.copysign(1.0, flow)
    if largest / FARTHEST_APART > smallest:
        largest = math.inf
    return first, last, split, changes, largest


@apart
def solve_one_change(
    flows: Floats, first: int, last: int, split: int, scale: float
) -> tuple[float, int]:
    """The one root where the flows before ``split`` have one sign and those from it the other.

    Newton on g(x) = log(later sum / earlier sum), discounted to ``split``, from x = 0. As g falls
    with a slope of at least one (one period lies between the two sums), the root lies between x
    and x + g(x); a Newton step that leaves the bracket is replaced by its middle.
    """
    low, high = -_WIDEST, _WIDEST
    x = 0.0
    for step_number in range(_MOST_STEPS):
        g, slope = _log_ratio(flows, first, last, split, scale, x)
        step = g / slope
        if abs(step) <= _NEWTON_DONE:
            return x + step, _UNIQUE
        if g > 0.0:
            low, high = x, min(high, x + g)
        else:
            low, high = max(low, x + g), x
        x += step
        late_and_odd = step_number > 20 and step_number % 2 == 1
        if late_and_odd or not low < x < high:
            x = 0.5 * (low + high)
    return math.nan, _OUT_OF_RANGE


@lean
def _log_ratio(
    flows: Floats, first: int, last: int, split: int, scale: float, x: float
) -> tuple[float, float]:
    """g(x) and minus its slope, which is the time between the means of the two sums.

    Both sums are discounted to ``split``, where they meet: the rounding of a term then grows with
    its distance from there as its weight in the slope does, and x is good to a few 1e-16.
    """
    growth, discount = math.exp(x), math.exp(-x)
    earlier, earlier_times = 0.0, 0.0
    for t in range(first, split):
        earlier_times = earlier_times * growth + earlier
        earlier = earlier * growth + abs(float(flows[t])) * scale
    later, later_times = 0.0, 0.0
    for t in range(last, split - 1, -1):
        later_times = later_times * discount + later
        later = later * discount + abs(float(flows[t])) * scale
    if earlier == 0.0 or not math.isfinite(later_times):
        return 2.0 * _WIDEST, 1.0
    ratio = later / earlier
    if ratio == 0.0 or not math.isfinite(earlier_times):
        return -2.0 * _WIDEST, 1.0
    if math.isinf(ratio):
        return 2.0 * _WIDEST, 1.0
    apart = 1.0 + growth * (earlier_times / earlier) + discount * (later_times / later)
    return math.log(ratio) - x, apart
