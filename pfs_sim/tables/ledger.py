"""Where the money of paths is kept: amounts by grid point, and what is under way.

All arrays of amounts are wide (`pfs_sim.tables.wide`): a place holds one number for each of the
paths that live their money side by side. Amounts that belong to a term, a tranche or the grid
point itself lie in one array each, by field; `Cash` (`pfs_sim.tables.state`) names those of one
path. What is the same for all paths is counted in plain arrays.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from pfs_sim.tables.wide import Wide

I8 = npt.NDArray[np.int64]

DUE, LOST, PAID, CUT, PENDING, HELD, FORFEITED, REDUCED, CARRIED = range(9)
"""Fields of `Claims.term`; PENDING is on its way. Those from PAID to PENDING have something only
where a payment arrives; from HELD on they are there where a ledger is shown."""
OWES, TARGET, FACTOR = range(3)
"""Layers of `Claims.table`: a return table is due at an arrival, its return, a factor."""
CLAIMED, WITHHELD, PAID_YEAR, GONE = range(4)
"""Layers of `Claims.claim`: claimed and held back so far, paid in the fiscal year, cut by caps of
what is claimed."""
THIS_YEAR, TO_DATE = range(2)
"""Layers of `Claims.wallet` and places in `Claims.contract`: paid."""
DRAW, FLOW, CALL, PRINCIPAL, EXTRA, GUARANTEE, INTEREST = range(7)
"""Layers of `Books.tranche`; from CALL on they have something on few grid points, and INTEREST is
there where a ledger is shown."""
BALANCE, ACCRUED = range(2)
"""Layers of `Books.balance`."""
DRAWN, OWED, UNPAID, SHUT, WILLING, SHARE = range(6)
"""Layers of `Books.holding`: drawn to date, principal outstanding, interest due and unpaid, 1 where
draws have been stopped, the commitment while it can be drawn (else 0), the share of what its order
is asked for."""
PER_CLIENT, PER_ENROLLMENT, PER_PERIOD = range(3)
"""Layers of `Books.expense`: prices of the path, overruns included."""
UNFUNDED, TILL, GRANTS = range(3)
"""Layers of `Ledger.grid`; GRANTS is there where a ledger is shown."""
SAMPLE, SAMPLE_SUM, OTHERS, OTHERS_SUM, COUNTED, VALUE, MISSING = range(7)
"""Layers of `Findings.last`: clients of the measured arm and the sum of what was recorded of them;
the same of the comparison; of the program, before grid point `Findings.to`; the value as last
known (the program's own measures may be newer than an evaluation), and why there is none."""


class Findings(NamedTuple):
    """What evaluations have found."""

    value: Wide  # [m, e]
    missing: Wide  # [m, e] why there is none (Missing)
    last: Wide  # [7, m]
    to: I8  # [m] grid point before which a measure of the program has counted


class Claims(NamedTuple):
    """What the contract owes and has paid."""

    term: Wide  # [t, field, j] by grid point, since most have nothing of the contract on them
    table: Wide  # [3, j, t]; no terms where there is no return table
    late: Wide  # [part, t] delayed by a failed appropriation; no grid points where none can be
    carried: Wide  # [part, t] over from a full fiscal year; no grid points where nothing is carried
    payor: Wide  # [t, q]
    claim: Wide  # [4, j]
    wallet: Wide  # [2, q]
    failed: Wide  # [q, year] 0: not known yet, 1: it holds, 2: it fails; no years where none can
    part: Wide  # [part] of the payment that arrives
    contract: Wide  # [2]
    coming: I8  # [t] 1 where something arrives on any of the paths; only there is paid and cut
    moved: I8  # [t] 1 where `term` has anything on any of the paths


class Books(NamedTuple):
    """What has been put in, spent and repaid."""

    tranche: Wide  # [layer, i, t]
    balance: Wide  # [2, i, t]; no tranches where no ledger is shown
    uses: Wide  # [u+2, t]
    guarantor: Wide  # [g, t]
    party: Wide  # [3, t]
    step: Wide  # [w, t] paid; no steps where no ledger is shown
    holding: Wide  # [6, i]
    hurdle: Wide  # [recipient] owed at the target return of a step, up to the one before `since`
    since: I8  # [recipient] that grid point
    settled: I8  # [t] 1 where `party`, `step`, `guarantor` or `tranche` from CALL on have anything
    fee: Wide  # [w] of a fee what is paid to date, of a share what it has left in its pool
    asked: Wide  # [order] commitments that can be drawn
    called: Wide  # [g] 1: the guarantee has been called
    expense: Wide  # [3, u]


class Ledger(NamedTuple):
    """The money of paths side by side."""

    book: Wide  # what is to be wiped at once: what is neither set anew nor marked by grid point
    grid: Wide  # [layer, t]
    pool: Wide  # [pools, t]; no pools where no ledger is shown
    cash: Wide  # [pools] at hand
    events: Wide  # [4] stop grid, stop cause, expansion grid, termination trigger (NEVER or -1)
    findings: Findings
    claims: Claims
    books: Books
