"""What an investor's flows yield: the IRR of one path, of many, of several side by side.

A flow is the investor's cash at a grid point, paid in negative; ``flows[t]`` runs over the grid
points 0 to n−1, one period apart, and ``periods_per_year`` is 1/Δ (model §1). No function here
raises or allocates, but for the scratch of :func:`irr_batch`.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from pfs_sim.kernels._jit import jit, lean
from pfs_sim.kernels.other_roots import UNDECIDED
from pfs_sim.kernels.present_values import effective_rate
from pfs_sim.kernels.quick_irr import (
    LANE_ROWS,
    LANES,
    PERIODS_AT_ONCE,
    judge_lane,
    solve_block,
    solve_quickly,
)
from pfs_sim.kernels.roots import solve_log_rate

Floats = NDArray[np.float64]
Integers = NDArray[np.integer[Any]]


@lean
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
    x, status = solve_quickly(flows, n, periods_per_year)
    if status == UNDECIDED:
        x, status = solve_log_rate(flows, n, periods_per_year)
    return effective_rate(x, periods_per_year), status


@jit
def irr_batch(
    flows: Floats, periods_per_year: float, out_value: Floats, out_status: Integers
) -> None:
    """:func:`irr` of each row of flows[p, t], the same bits, into out_value[p], out_status[p].

    Flows are solved LANES at a time, each lane on its own and frozen once it has converged, so
    that a result depends neither on its neighbours nor on its place in a block. What the lanes
    cannot do (a near-total loss, more roots than one) goes to the careful solver.
    """
    block = np.zeros((rows_of_block(flows.shape[1]), LANES))
    lanes = np.zeros(LANE_ROWS * LANES)
    for first in range(0, flows.shape[0], LANES):
        irr_side_by_side(
            flows[first:], min(LANES, flows.shape[0] - first), periods_per_year, block, lanes,
            out_value[first:], out_status[first:],
        )  # fmt: skip


@lean
def rows_of_block(n: int) -> int:
    """Periods of a block that holds flows of n."""
    return (n + PERIODS_AT_ONCE - 1) // PERIODS_AT_ONCE * PERIODS_AT_ONCE


@lean
def irr_side_by_side(
    flows: Floats,
    paths: int,
    periods_per_year: float,
    block: Floats,
    lanes: Floats,
    out_value: Floats,
    out_status: Integers,
) -> None:
    """:func:`irr` of the first paths of flows[p, t], at most LANES of them.

    `block` has `rows_of_block` rows and LANES columns, `lanes` LANE_ROWS times as many numbers;
    rows of the block past the flows are zero.
    """
    n = flows.shape[1]
    for lane in range(LANES):
        for t in range(n):
            block[t, lane] = flows[lane, t] if lane < paths else 0.0
    solve_block(block, block.shape[0], lanes)
    for lane in range(paths):
        x, status = judge_lane(flows[lane], n, periods_per_year, lanes, lane)
        if status == UNDECIDED:
            x, status = solve_log_rate(flows[lane], n, periods_per_year)
        out_value[lane], out_status[lane] = effective_rate(x, periods_per_year), status
