"""The people of a deal, compiled: program and outcomes as tables (model §4 to §6).

A table is an array of records, one for each period, type, outcome or person measure, read in
kernels as `plan.outcomes[k].trials`: a function that is handed a plan pays for each array, so a
plan has few. Fields marked "column" hold the place of a quantity in a path's row of inputs, −1
where the scenario has none.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

F8 = npt.NDArray[np.float64]
I8 = npt.NDArray[np.int64]
Records: TypeAlias = "np.recarray[Any, Any]"

NO_CLASS = 3
"""A class of clients that nobody is in."""
NOBODY = -1
"""No column, no outcome: the scenario does not say it."""


CROWD = 512
"""More people than this are drawn class after class, however many classes there are."""


class Source(IntEnum):
    """Sources of risk that move people, by their place among all sources (model §2)."""

    EFFECT = 0
    BASELINE = 1
    ENROLLMENT = 2
    ATTRITION = 3
    CHANCE = 4


class Method(IntEnum):
    """How consenting people are divided between the arms."""

    NONE = 0
    SIMPLE = 1
    BLOCKED = 2


class Hazard(IntEnum):
    """How the cumulative hazard of leaving grows."""

    NONE = 0
    EXPONENTIAL = 1
    WEIBULL = 2
    TABLE = 3


class Kind(IntEnum):
    """Kinds of outcome."""

    EVENT = 0
    COUNT = 1
    AMOUNT = 2
    SCORE = 3
    MILESTONE = 4


class How(IntEnum):
    """How the outcomes of a family are lived."""

    COHORTS = 0  # cohort by cohort: levels drift, clients are in clusters, one follows another
    PERSONS = 1  # cohort by cohort, and some of them client by client
    MERGED = 2  # cohorts that are measured together are one lot


class Seen(IntEnum):
    """Rows of `OutcomePlan.seen`: who sees the data first, and with which data they are drawn."""

    EVALUATION = 0
    GROUPING = 1  # interval
    DATE = 2  # grid point of the evaluation


class Scale(IntEnum):
    """Link scales on which effects, drifts and shifts add up."""

    LOG_ODDS = 0
    LOG = 1
    DIFFERENCE = 2
    SMD = 3


PROGRAM = np.dtype(
    [
        ("periods", np.int64),  # T
        ("duration", np.int64),  # D, periods of planned treatment
        ("types", np.int64),
        ("years", np.float64),  # of a period
        ("frozen", np.int64),  # 1: enrollment takes its expectation
        ("frozen_leaving", np.int64),  # 1: attrition does
        ("referrals_key", np.uint64),
        ("consent_key", np.uint64),
        ("assignment_key", np.uint64),
        ("types_key", np.uint64),
        ("leave_key", np.uint64),
        ("volume", np.int64),  # column: multiplier of the referrals
        ("dispersion", np.float64),  # of the negative binomial; 0: Poisson
        ("eligible", np.int64),  # column
        ("consent", np.int64),  # column
        ("intake_limit", np.float64),
        ("method", np.int64),
        ("share", np.float64),  # of treatment
        ("block", np.int64),
        ("block_treated", np.int64),
        ("limited", np.int64),  # 1: places are limited
        ("waits", np.int64),  # 1: who finds no place waits
        ("hazard", np.int64),
        ("hazard_a", np.int64),  # column: rate, or shape
        ("hazard_b", np.int64),  # column: scale
        ("logit", np.int64),  # 1: the multiplier acts on the odds of leaving
        ("multiplier", np.int64),  # column
        ("control", np.int64),  # column: factor for controls; −1: they do not drop out
        ("control_ages", np.int64),  # 0: nobody looks at when they leave, and it is not drawn
        ("no_show", np.int64),  # column
    ],
    align=True,
)

PERIOD = np.dtype(
    [
        ("planned", np.float64),  # referrals, ramp included, nothing before the window
        ("places", np.float64),
        # The bounds of enrollment once the program was expanded at this grid point; the last
        # record holds those of a program that never was.
        ("target", np.float64),
        ("control_target", np.float64),
        ("window_end", np.int64),
    ],
    align=True,
)

TYPE = np.dtype(
    [
        ("share", np.float64),
        ("given", np.float64),  # probability of this type given none of the types before it
        ("reach", np.float64),  # probability of this type or one before it
        ("hazard", np.float64),
    ],
    align=True,
)

OUTCOME = np.dtype(
    [
        ("kind", np.int64),
        ("scale", np.int64),
        ("years", np.float64),  # of a period
        ("frozen", np.int64),  # 1: chance takes its expectation
        ("frozen_loss", np.int64),  # 1: loss to follow-up takes its expectation
        ("key", np.uint64),
        ("lost_key", np.uint64),
        ("matched_key", np.uint64),
        ("level", np.int64),  # column
        ("drift", np.int64),  # column
        ("effect", np.int64),  # column
        ("share", np.int64),  # column: amount, who have any
        ("gamma_shape", np.int64),  # column; `shape` would be that of the record itself
        ("sd", np.int64),  # column
        ("lost_treated", np.int64),  # column
        ("lost_control", np.int64),  # column
        ("sensitivity", np.int64),  # column; −1: the record is right
        ("specificity", np.int64),  # column
        ("on_share", np.int64),  # 1: the effect moves the share, in log odds
        ("trials", np.float64),
        ("icc", np.float64),
        ("cluster", np.float64),  # clients; 0: all that are measured together
        ("dispersion", np.float64),  # 0: Poisson
        ("units", np.float64),  # of a success of a milestone
        ("qualify", np.int64),  # periods of service
        ("limit", np.int64),  # successes of a client that count; 0: all
        ("most", np.int64),  # periods of service that count, where every one is a success
        ("opens_at_exit", np.int64),
        ("delay", np.int64),  # from the opening of the window until the data are reported
        ("after", np.int64),  # the outcome that must have happened; −1: none
        ("group", np.int64),  # drawn client by client with others; −1: by cohort
        ("ratio", np.float64),  # matched comparison clients a treated client; 0: none
        ("family", np.int64),
        ("merged", np.int64),  # 1: cohorts that are measured together live it together
        # Least class of clients at whom a measure looks, by arm; NO_CLASS: at nobody.
        ("least_treated", np.int64),
        ("least_control", np.int64),
    ],
    align=True,
)

FAMILY = np.dtype(
    [
        ("first_step", np.int64),  # in `PeoplePlan.steps`
        ("steps", np.int64),
        ("how", np.int64),  # How
    ],
    align=True,
)
"""Outcomes that hang together, by what follows what and by whose money has a cap."""

PERSON = np.dtype([("cap", np.float64), ("group", np.int64)], align=True)

PART = np.dtype(
    [
        ("arm", np.int64),
        ("people", np.int64),  # where they stand in `Lots.people`
        ("slot", np.int64),  # where their level stands
        ("without", np.int64),  # and that which they would have without the program
        ("cell", np.int64),  # of arm, class and vintage among the sums of an outcome
        ("index", np.uint64),  # of its address
    ],
    align=True,
)
"""State: clients of a lot who share a probability and are drawn together."""

BUCKET = np.dtype(
    [
        ("people", np.float64),
        ("share", np.float64),  # of the effect
        ("share_cut", np.float64),  # of the effect, where a stop cut the treatment short
        ("served", np.int64),  # periods of service
        ("left", np.int64),  # periods of service until the stop, where it cut the treatment short
        ("cut", np.int64),  # 1: it did
        ("sample", np.int64),  # class: no-show, left, completed
        ("at", np.int64),  # record i: the i-th bucket that has people
    ],
    align=True,
)
"""State: the clients of one cohort, arm and type who left treatment at the same time."""

GROUP = np.dtype(
    [
        ("measured", np.float64),  # clients
        ("success", np.float64),  # sum recorded
        ("expected", np.float64),  # of the measured
        ("expected_without", np.float64),  # the same without the effect
        ("everyone", np.float64),  # expected of all clients, measured or not
        ("everyone_without", np.float64),
        ("evaluation", np.int64),  # that sees them first
        ("sample", np.int64),  # class when it does
        ("slot", np.int64),  # where their level stands
    ],
    align=True,
)
"""State: one outcome in one bucket."""


class OutcomePlan(NamedTuple):
    """What may happen to people."""

    facts: Records  # [k]
    shifts: F8  # [2, k, y] shift of the level on its scale; factor on the effect
    seen: I8  # [3, grid point at which data are reported] rows: Seen
    lots: I8  # [k, lot] first grid point at which a window of the lot opens; −1: there is none
    doses: F8  # [2, j] share of the effect: by bucket; and by periods of a treatment cut short


class PersonPlan(NamedTuple):
    """Outcomes that are drawn client by client, because a client's money has a cap."""

    measures: Records  # [p]
    prices: F8  # [p, k] of a unit
    members: I8  # [g, i] outcomes of a group in the order in which they are drawn; −1: no more


class PeoplePlan(NamedTuple):
    """Who comes, stays, and what may happen to them."""

    program: Records  # [1]
    periods: Records  # [t+1]
    types: Records  # [y]
    hazard: F8  # [a] growth of the cumulative hazard in each period of treatment (TABLE)
    outcomes: OutcomePlan
    persons: PersonPlan
    families: Records  # [f]
    steps: I8  # order of life: an outcome k, or −1−g for a group drawn client by client
    frozen: I8  # [source] 1: the source takes its expectation
