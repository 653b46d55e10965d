"""The state of one path: scratch arrays, made once per chunk and lived in again and again."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

F8 = npt.NDArray[np.float64]
I8 = npt.NDArray[np.int64]

CONTROL, TREATED, MATCHED = 0, 1, 2
NO_SHOW, LEFT, COMPLETED = 0, 1, 2
NEVER = 1 << 40  # a grid point that never comes


class People(NamedTuple):
    """Who came, who stayed, what happened to them and what of it is measured when."""

    referred: F8  # [t] referrals of the period
    eligible: F8  # [t] eligible and consenting
    waiting: F8  # [t] waiting for a place at the end of the period
    turned_away: F8  # [t] lost for want of a place, intake or an open trial
    enrolled: F8  # [2, t] by arm
    enrolled_type: F8  # [y, t] treated, by type
    active: F8  # [t] treated clients in service in the period
    active_type: F8  # [y, t]
    completed: F8  # [t+1] treated, at the grid point at which it is known
    left: F8  # [t+1] treated who left early (no-shows not counted)
    exits: F8  # [c, 2, y, D+2] clients by bucket: no-show, left at age a, completed
    n: F8  # [k, 3, 3, v] clients measured
    y: F8  # [k, 3, 3, v] sum of what was recorded
    e: F8  # [k, 3, 3, v] expected sum, given the path's inputs (no chance, no record error)
    e0: F8  # [k, 3, v] expected sum of the treated measured had there been no effect
    person: F8  # [p, v] money earned client by client under a person cap
    true_n: F8  # [k] treated clients, measured or not
    true_y: F8  # [k] their expected sum
    true_y0: F8  # [k] their expected sum without the program


class Cash(NamedTuple):
    """The money of one path, by grid point."""

    value: F8  # [m, e] measures
    valid: I8  # [m, e] 1 where the measure exists
    due: F8  # [j, t] claimed at its evaluation, before holdback, lag, caps on payment
    paid: F8  # [j, t] arrived
    cut: F8  # [j, t] lost to caps and ceilings on arrival
    lost: F8  # [j, t] lost to failed appropriations or past the end of the grid
    payor: F8  # [q, t] paid by payor (residual cash returned is not netted)
    uses: F8  # [u, t] paid out by cost line; the last two rows: wind-down, coupons paid
    unfunded: F8  # [t] uses that nobody could pay
    grants: F8  # [t] opening grants received
    draw: F8  # [i, t] drawn
    call: F8  # [i, t] called from investors for payments to the payor
    interest: F8  # [i, t] received by tranches
    principal: F8  # [i, t]
    extra: F8  # [i, t] return and share steps
    guarantee: F8  # [i, t] received from guarantors
    guarantor: F8  # [g, t] paid by guarantor
    flow: F8  # [i, t] the investor's cash, paid in negative
    party: F8  # [3, t] received by payor (residual, shares), provider, intermediary
    till: F8  # [t] working capital held at the end of the grid point
    pool: F8  # [pools, t] undistributed payments held at the end of the grid point
    step: F8  # [w, t] paid by waterfall step
    balance: F8  # [i, t] principal outstanding at the end of the grid point
    accrued: F8  # [i, t] interest due and unpaid at the end of the grid point
    events: I8  # [4] stop grid, stop cause, expansion grid, termination trigger (NEVER or -1)


class StopCause:
    """Why service stopped (events[1])."""

    NONE, SHORTFALL, TRIGGER = 0, 1, 2
