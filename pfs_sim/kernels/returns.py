"""What an investor's flows yield: the IRR of one path, of many, of several side by side.

A flow is the investor's cash at a grid point, paid in negative; ``flows[t]`` runs over the grid
points 0 to n−1, one period apart, and ``periods_per_year`` is 1/Δ (model §1). No function here
raises, and none but :func:`irr` and :func:`irr_batch` allocates.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from pfs_sim.kernels._jit import jit, once
from pfs_sim.kernels._wide import anywhere, as_wide, holds_for, of, replace
from pfs_sim.kernels.elementary import growth_of
from pfs_sim.kernels.other_roots import UNDECIDED
from pfs_sim.kernels.quick_irr import solve_quickly
from pfs_sim.kernels.roots import solve_log_rate
from pfs_sim.tables.wide import ABREAST, Wide

Floats = NDArray[np.float64]
Integers = NDArray[np.integer[Any]]


def irr(flows: Floats, n: int, periods_per_year: float) -> tuple[float, int]:
    """Effective annual IRR of flows[0..n), and its :class:`~pfs_sim.statuses.IrrStatus`.

    Model §10: the root in (−1, ∞) where the flows change sign once, in either direction; −1
    exactly where money was paid in and none came back; NaN where none was paid in; with several
    changes of sign the root nearest zero, flagged unless it is shown to be the only one.

    The log rate per period x is within 1e-15·(1+|x|), and the rate, exp(x·periods_per_year) − 1,
    is taken from it: for rates up to 1000 % and up to 12 periods a year it is the root of the
    flows as given to 1e-12. A recovery of a thousandfold in a month is a rate of 1e36, good to
    1e-13 of itself; one that no double holds is inf, and a near-total loss may round to −1 (its
    status tells it from a total one). Of several roots that nearly meet, the nearest zero may be
    missed by as much as lies between them: that is always SEVERAL.
    """
    value, status = np.empty(1), np.empty(1, np.int64)
    one = np.ascontiguousarray(flows[None, :n], np.float64)
    irr_batch(one, periods_per_year, value, status)
    return float(value[0]), int(status[0])


@jit
def irr_batch(
    flows: Floats, periods_per_year: float, out_value: Floats, out_status: Integers
) -> None:
    """:func:`irr` of each row of flows[p, t], the same bits, into out_value[p], out_status[p].

    Flows are solved ABREAST at a time, each on its own and frozen once it has converged, so that a
    result depends neither on its neighbours nor on its place in a block. What this cannot do (a
    near-total loss, more roots than one) goes to the careful solver.
    """
    n = flows.shape[1]
    block, owed, line = np.zeros((n, ABREAST)), np.zeros((n, ABREAST)), np.zeros(n)
    for first in range(0, flows.shape[0], ABREAST):
        count = min(ABREAST, flows.shape[0] - first)
        for lane in range(ABREAST):
            for t in range(n):
                block[t, lane] = flows[first + lane, t] if lane < count else 0.0
        value, status = irr_side_by_side(
            as_wide(block), count, periods_per_year, as_wide(owed), line
        )
        for lane in range(count):
            out_value[first + lane], out_status[first + lane] = of(value, lane), of(status, lane)


@once
def irr_side_by_side(
    block: Wide, paths: int, periods_per_year: float, owed: Wide, line: Floats
) -> tuple[Wide, Wide]:
    """:func:`irr` of the first paths of block[t], at most ABREAST of them, and their statuses.

    Working space: `owed`[t], wide, and `line`[t] for the flows of one of them.
    """
    x, value, said = solve_quickly(block, owed, periods_per_year)
    left = said == UNDECIDED
    if anywhere(left):
        for lane in range(paths):
            if holds_for(left, lane):
                for t in range(block.size):
                    line[t] = of(block[t], lane)
                log_rate, status = solve_log_rate(line, block.size, periods_per_year)
                x, said = replace(x, lane, log_rate), replace(said, lane, float(status))
        value = growth_of(x * periods_per_year)
    return value, said
