"""Whether flows have no IRR, for no rate makes them worth nothing: told from a point or two.

Let flows begin and end with a payment, p be the time of the first receipt, q that of the last, and
drop the payments between them: what is left is worth more at any rate. With v = exp(x) let
G(x) = Σ f[t]·v^(t−p) of it. Its slope, D(x) = Σ (t−p)·f[t]·v^(t−p), has positive terms first (the
payments before p, the receipts) and then negative ones (the payments after q): one change of sign,
so G rises to one maximum and falls from there (Descartes). If it is negative there it is so
everywhere, and no rate makes the flows worth nothing.

The maximum need not be found. With g the log of the positive over the negative terms of D, whose
slope is −1 or steeper (one period at least lies between them), it lies between x and x + g(x). On
the way there each term of G moves one way, by the exponential of its distance in time at most, so
G there is bounded by terms that are known at x. Newton on g brings x near enough.

Scalars only, no allocation, no exception.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from pfs_sim.kernels._jit import apart

Floats = NDArray[np.float64]

_MOST_POINTS = 4
_LONGEST_STEP = 0.5
_ROUNDING = 1e-9
"""What sums and a logarithm may be off by, with much to spare, as a share of all flows."""


@apart
def has_no_root(flows: Floats, first: int, last: int) -> bool:
    """Whether flows[first..last] are surely worth less than nothing at every rate.

    The flows at both ends are not zero, and at least one between them is a receipt.
    """
    came, went = first, last
    while flows[came] <= 0.0:
        came += 1
    while flows[went] <= 0.0:
        went -= 1
    if came == first or went == last:
        return False
    x = 0.0
    for _ in range(_MOST_POINTS):
        v = math.exp(x)
        weight = math.exp(x * (first - came))
        before, receipts, after, between = 0.0, 0.0, 0.0, 0.0
        rises, falls, curve_of_rises, curve_of_falls = 0.0, 0.0, 0.0, 0.0
        for t in range(first, last + 1):
            here, away = float(flows[t]) * weight, float(t - came)
            weight *= v
            if here > 0.0:
                receipts += here
            elif t < came:
                before -= here
            elif t > went:
                after -= here
            else:
                between -= here
                continue
            slope = here * away
            if t > went:
                falls -= slope
                curve_of_falls -= slope * away
            else:
                rises += slope
                curve_of_rises += slope * away
        if not receipts < before + after + between:
            return False  # here they are worth something, or no doubles hold them
        if not (rises > 0.0 and falls > 0.0):
            return False
        g = math.log(rises / falls)
        reach = abs(g) * (1.0 + _ROUNDING) + _ROUNDING
        if g > 0.0:
            before *= max(0.0, 1.0 - reach * (came - first))
            receipts /= max(1e-300, 1.0 - reach * (went - came))
        else:
            after *= max(0.0, 1.0 - reach * (last - came))
        if receipts - before - after < -_ROUNDING * (receipts + before + after):
            return True
        slope = curve_of_rises / rises - curve_of_falls / falls
        x -= max(-_LONGEST_STEP, min(_LONGEST_STEP, g / slope))
    return False
