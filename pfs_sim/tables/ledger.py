"""Where the money of a path is kept: amounts by grid point, and what is under way.

Amounts that belong to a term, a tranche or the grid point itself lie in one array each, by field;
`Cash` names their layers. A function pays for each array that it is handed, so there are few.
"""

from __future__ import annotations

from typing import Any, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

F8 = npt.NDArray[np.float64]
I8 = npt.NDArray[np.int64]
Records: TypeAlias = "np.recarray[Any, Any]"

DUE, PAID, CUT, LOST, HELD, FORFEITED, REDUCED, CARRIED, PENDING, BROUGHT = range(10)
"""Layers of `Claims.term`; PENDING is on its way, BROUGHT comes over from a full fiscal year."""
OWES, TARGET, FACTOR = range(3)
"""Layers of `Claims.table`: a return table is due at an arrival, its return, a factor."""
DRAW, CALL, INTEREST, PRINCIPAL, EXTRA, GUARANTEE, FLOW = range(7)
"""Layers of `Books.tranche`."""
BALANCE, ACCRUED = range(2)
"""Layers of `Books.balance`."""
UNFUNDED, GRANTS, TILL, COMING = range(4)
"""Layers of `Ledger.grid`; COMING is 1 where something arrives."""
THIS_YEAR, TO_DATE = range(2)
"""Places in `Claims.contract`."""


def _amounts(*names: str) -> np.dtype[Any]:
    return np.dtype([(name, np.float64) for name in names])


CLAIM = _amounts(
    "claimed",
    "withheld",  # held back so far
    "paid",  # in the fiscal year
)
WALLET = _amounts(
    "this_year",  # paid
    "to_date",
)
HOLDING = _amounts(
    "drawn",  # to date
    "owed",  # principal outstanding
    "interest",  # due and unpaid
    "shut",  # 1: draws have been stopped
    "willing",  # the commitment while it can be drawn, else 0
    "share",  # of what its order is asked for
)
HURDLE = _amounts(
    "owed",  # at the target return of a step, up to the grid point before `at`
    "at",
)
EXPENSE = _amounts(
    "per_client",  # prices of the path, overruns included
    "per_enrollment",
    "per_period",
)
FINDING = _amounts(
    "treated",  # clients of the treated arm, and the sum of what was recorded
    "treated_sum",
    "others",  # the same of the comparison
    "others_sum",
    "counted",  # of the program, before grid point `to`
    "to",
    "value",  # as last known: the program's own measures may be newer than an evaluation
    "missing",  # why there is none (Missing)
)


class Findings(NamedTuple):
    """What evaluations have found."""

    value: F8  # [m, e]
    missing: I8  # [m, e]
    valid: I8  # [m, e]
    last: Records  # [m] FINDING


class Claims(NamedTuple):
    """What the contract owes and has paid."""

    term: F8  # [10, j, t]
    table: F8  # [3, j, t]; no terms where there is no return table
    late: F8  # [part, t] delayed by a failed appropriation; no grid points where none can be
    payor: F8  # [q, t]
    claim: Records  # [j] CLAIM
    wallet: Records  # [q] WALLET
    failed: F8  # [q, year] 0: not known yet, 1: it holds, 2: the appropriation fails
    part: F8  # [part] of the payment that arrives
    contract: F8  # [2] paid


class Books(NamedTuple):
    """What has been put in, spent and repaid."""

    tranche: F8  # [7, i, t]
    balance: F8  # [2, i, t]; no tranches where no ledger is shown
    uses: F8  # [u+2, t]
    guarantor: F8  # [g, t]
    party: F8  # [3, t]
    step: F8  # [w, t]
    holding: Records  # [i] HOLDING
    hurdle: Records  # [recipient] HURDLE
    fee: F8  # [w] paid to date
    asked: F8  # [order] commitments that can be drawn
    called: F8  # [g] 1: the guarantee has been called
    expense: Records  # [u] EXPENSE


class Ledger(NamedTuple):
    """The money of one path."""

    book: F8  # all amounts, in one piece, to be wiped at once
    grid: F8  # [4, t]
    pool: F8  # [pools, t]; no pools where no ledger is shown
    cash: F8  # [pools] at hand
    findings: Findings
    claims: Claims
    books: Books
