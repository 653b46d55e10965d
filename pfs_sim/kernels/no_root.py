"""Whether flows have no IRR, for no rate makes them worth nothing: told for all rates at once.

Let flows begin and end with a payment. With x the log rate a period, P(x) the present value of the
receipts and N(x) that of the payments, there is no root where P < N everywhere.

- *Far away.* Each receipt comes after the payments that precede the first of them. If these
  outweigh the receipts at some x they do so at any higher one; likewise the payments after the last
  receipt at any lower one.
- *Between.* Around x the mean time T of what P, or N, sums is minus the slope of its logarithm, and
  the variance V of these times is its bend. By Jensen log N is above its tangent; log P is above
  its own by no more than V·K·d²/2, with K the exponential of the distance d from x times the
  time from the first receipt to the last. So P < N within d of x if P/N there is below
  1 − |T_N − T_P|·d − V·K·d²/2.

All of an interval is looked at side by side, lanes being rates here; where that leaves some of it
open, these rates alone are, more closely. No allocation, no exception.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from pfs_sim.kernels._jit import apart
from pfs_sim.kernels._wide import anywhere, each, everywhere, greater, holds_for, magnitude, of, run
from pfs_sim.kernels.elementary import exponential
from pfs_sim.tables.wide import ABREAST

Floats = NDArray[np.float64]

_MIDDLES = (np.arange(ABREAST) + 0.5) / ABREAST
"""Of as many parts of an interval from 0 to 1 as there are lanes."""
_LOWEST, _WIDTH = -22.0, 35.0
"""First log rates, over the time from the first flow to the last: discounted at the highest, what
comes last counts less than one in 400,000 of what it is."""
_MOST_LOOKS = 5
_ROUNDING = 1e-9
"""What sums may be off by, with much to spare, as a share of all flows."""


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
    low, width = _LOWEST / (last - first), _WIDTH / (last - first)
    for look in range(_MOST_LOOKS):
        reach = 0.5 * width / ABREAST
        v, weight = exponential(-(low + width * run(_MIDDLES, 0))), each(1.0)
        receipts, times, squares = each(0.0), each(0.0), each(0.0)
        payments, their_times, before, until = each(0.0), each(0.0), each(0.0), each(0.0)
        for t in range(first, last + 1):
            here, time = float(flows[t]) * weight, float(t - first)
            weight = weight * v
            if flows[t] > 0.0:
                if t == came:
                    before = payments
                if t == went:
                    until = payments
                receipts += here
                here = here * time
                times += here
                squares += here * time
            else:
                payments -= here
                their_times -= here * time
        if look == 0:
            above = of(before, ABREAST - 1) * (1.0 - _ROUNDING)
            below = (of(payments, 0) - of(until, 0)) * (1.0 - _ROUNDING)
            if not (of(receipts, ABREAST - 1) < above and of(receipts, 0) < below):
                return False
        mean = times / receipts
        bend = greater(squares / receipts - mean * mean, 0.0)
        bend = bend * (0.5 * reach * reach * math.exp(reach * (went - came)))
        less = magnitude(their_times / payments - mean) * reach + bend
        sure = (less < 1.0) & (receipts < payments * (1.0 - less) * (1.0 - _ROUNDING))
        if everywhere(sure):
            return True
        if anywhere(~(receipts < payments)):
            return False  # there they are worth something, or no doubles hold them
        one, other = 0, ABREAST - 1
        while holds_for(sure, one):
            one += 1
        while holds_for(sure, other):
            other -= 1
        low, width = low + width * (one / ABREAST), width * ((other - one + 1) / ABREAST)
    return False
