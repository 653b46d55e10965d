"""The state of paths: scratch arrays, made once per chunk and lived in again and again."""

from __future__ import annotations

from typing import Any, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

F8 = npt.NDArray[np.float64]
I8 = npt.NDArray[np.int64]
Words = npt.NDArray[np.uint64]
Records: TypeAlias = "np.recarray[Any, Any]"

CONTROL, TREATED, MATCHED = 0, 1, 2
NO_SHOW, LEFT, COMPLETED = 0, 1, 2
CLASSES = 3
CLIENTS, RECORDED, EXPECTED = 0, 1, 2  # first index of the sums of outcomes: n, y, e of `People`
NEVER = 1 << 40  # a grid point that never comes


class Lots(NamedTuple):
    """Working space of the outcomes that are lived lot by lot. Wide, but for the parts."""

    outcomes: Any  # [number] all arrays of the outcomes below, in one piece
    touched: I8  # [part, 2] where in it, first and end, there may be another number than zero
    exits: Any  # [c, 2·y·(D+2)] exits of `Crowd`, a row a cohort
    # Clients, or periods of service, by lot, arm, type and bucket; after these those whom a stop
    # cut short, by cohort, age and type.
    people: Any
    # By type, and of each: counterfactual, buckets, cohorts cut short.
    level: Any  # [3, slot] level, share who have any, what is expected of a client
    part: Records  # [part] PART in `tables.people`: the same for all paths
    sums: Any  # [3, k, 3, 3, v] n, y and e of `Crowd`
    cells: Any  # [3, k, 9·v] the same, a row an outcome
    without: Any  # [k, 3·v] e0 of `Crowd`, a row an outcome
    true: Any  # [3, k] true_n, true_y and true_y0 of `Crowd`


class Group(NamedTuple):
    """Working space of the others: what is at hand while one cohort, arm and type is lived.

    Records in `tables.people`. Of one path: who lives these outcomes lives paths one by one.
    """

    bucket: Records  # [j] BUCKET: no-show, left at age a, completed
    cell: Records  # [k, j] GROUP
    level: F8  # [2, k, y, j+2] level, and share who have any, by slot; last: the counterfactual
    states: F8  # [3, x] clients by successes so far: counted, expected, expected without effect
    sums: F8  # [3, k, 3, 3, v] n, y and e of `People`
    without: F8  # e0 of `People`
    true: F8  # [3, k] true_n, true_y and true_y0 of `People`
    units: F8  # [k, v] units of one client, or of the average one
    client: F8  # [k] successes of one client


class Alone(NamedTuple):
    """One path of those side by side, for outcomes that are lived path by path."""

    outcomes: F8  # [number] its outcomes in one piece, laid out as those of `Lots`
    row: F8  # [column] inputs
    enrolled: F8  # [2·t]
    exits: F8  # [c, 2, y, D+2]
    all_exits: F8  # [c·2·y·(D+2)] the same in a row
    person: F8  # [p, v]
    group: Group
    # What these are of all the paths, as plain numbers: the same memory as in `Crowd`.
    of_outcomes: F8  # [number, path]
    of_row: F8  # [column, path]
    of_enrolled: F8  # [2·t, path]
    of_exits: F8  # [c·2·y·(D+2), path]


class Cohort(NamedTuple):
    """Working space of the program, wide."""

    active: Any  # [1+y, t] active and active_type of `Crowd`
    ends: Any  # [2, t+1] left and completed of `Crowd`
    mean: Any  # [t] expected referrals
    # By row: types; then when people leave, by arm and type. Of each class:
    chance: Any  # [1+2·y, class] its probability for those who are in none before it
    reach: Any  # [1+2·y, class] the probability of it or one before it
    edge: Any  # [1+2·y, class] words: an edge of random numbers by it (`kernels.spreading`)
    given: Any  # [1+2·y, class] the same of those who leave at all: the probability,
    given_edge: Any  # [1+2·y, class] and the edge
    split: Any  # [2·t, y] people by type, a row a cohort and arm
    exits: Any  # [2·t·y, D+2] exits of `Crowd`, a row a cohort, arm and type
    filled: I8  # [2·t·y] 1 where there may be another number than zero in a row of it
    pieces: Any  # [16] words: those of a spread


class Draws(NamedTuple):
    """Draws of paths side by side that are asked for together (`kernels.together`)."""

    n: Any  # [draw] wide: of how many
    p: Any  # [draw] wide: with what probability
    found: Any  # [draw] wide: what has been drawn
    rest: Any  # [draw] wide: for who asked: who is still to be placed
    keys: Words  # [draw] the address
    indices: Words  # [draw]
    where: I8  # [draw, 2] for who asked: where it goes
    place: Any  # [i] wide words: who waits for another point, path + ABREAST·draw,
    block: Any  # [i] wide words: and from which block of the stream
    waiting: I8  # [1] how many wait
    # The same memory as above, as plain numbers.
    all_n: F8  # [ABREAST·draw]
    all_p: F8
    all_found: F8
    all_places: Words  # [ABREAST·i]
    all_blocks: Words
    all_paths: Words  # [path] the path numbers of `Crowd`


class Living(NamedTuple):
    """Where people are lived."""

    cohort: Cohort
    draws: Draws
    lots: Lots
    alone: Alone


class Drawn(NamedTuple):
    """The inputs of paths: what is the same on all of them, and what differs."""

    shared: F8  # [column]
    columns: I8  # [i] those that differ
    values: F8  # [i, path]


TOTALS = ("referred", "eligible", "turned_away", "completed", "left")
"""What of the people money and results read as sums, in the order of `Crowd.totals`."""


class Crowd(NamedTuple):
    """The people of paths side by side: who came, who stayed, what happened to them.

    All arrays are wide (`pfs_sim.tables.wide`); of one path they are `People`.
    """

    path: Any  # [1] words: its number
    row: Any  # [column] inputs
    events: Any  # [4] events that the people know, in the layout of `Cash.events`
    totals: Any  # [5] over all grid points: TOTALS
    referred: Any
    eligible: Any
    waiting: Any
    turned_away: Any
    open: Any
    enrolled: Any
    enrolled_type: Any
    active: Any
    active_type: Any
    completed: Any
    left: Any
    exits: Any
    n: Any
    y: Any
    e: Any
    e0: Any
    person: Any
    true_n: Any
    true_y: Any
    true_y0: Any


class People(NamedTuple):
    """Who came, who stayed, what happened to them and what of it is measured when, on one path."""

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
    open: F8  # [t] 1 where people could enroll: not past the window, the target or a stop


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
    unfunded: F8  # [t] costs that nobody could pay
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
    missing: I8  # [m, e] why a measure does not exist (Missing)
    held: F8  # [j, t] held back of what was claimed
    forfeited: F8  # [j, t] held back and not released
    reduced: F8  # [j, t] kept by the payor once a hurdle was reached
    carried: F8  # [j, t] carried from here to the next fiscal year


class StopCause:
    """Why service stopped (events[1])."""

    NONE, SHORTFALL, TRIGGER = 0, 1, 2


class Missing:
    """Why a measure does not exist at an evaluation."""

    NONE, NO_DATA, SMALL_SAMPLE, NOT_SIGNIFICANT, NO_COMPARISON, NOT_HELD = 0, 1, 2, 3, 4, 5
