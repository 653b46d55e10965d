"""Evaluation, contract and capital as tables: what `plan.money` builds and the kernels read.

A table is an array of records, and each noun has its tables together: a function pays for each
array that it is handed, so there are few and it is handed those of its noun. A list of a record is
two fields, `knots` and `knots_end`: its members are those places of the table (or of `links`, which
holds all lists of mere indices). A *column* is a place in a path's row of inputs, −1 where there is
none. Absent caps are inf, absent grid points NEVER.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

F8 = npt.NDArray[np.float64]
I8 = npt.NDArray[np.int64]
Records: TypeAlias = "np.recarray[Any, Any]"


class MeasureKind(IntEnum):
    """What a measure is made of (model §7)."""

    OUTCOME = 0
    PROGRAM = 1
    PERSON = 2
    BLEND = 3
    RATIO = 4
    PRODUCT = 5
    BEST = 6
    WORST = 7
    FALLBACK = 8
    SWITCH = 9


class Statistic(IntEnum):
    """What is said about an outcome."""

    TOTAL = 0
    MEAN = 1
    MEASURED = 2
    DIFFERENCE = 3
    RELATIVE_REDUCTION = 4
    AVERTED = 5


class Design(IntEnum):
    """Where the comparison comes from."""

    RCT = 0
    MATCHED = 1
    HISTORICAL = 2
    VALIDATED = 3


class Test(IntEnum):
    """The significance test of a kind of outcome."""

    NONE = 0
    PROPORTION = 1
    COUNT = 2
    AMOUNT = 3
    SCORE = 4


class Counted(IntEnum):
    """What a program measure counts."""

    REFERRED = 0
    ELIGIBLE = 1
    ENROLLED = 2
    TREATED = 3
    CONTROL = 4
    COMPLETED = 5
    LEFT = 6
    ACTIVE = 7


class Pays(IntEnum):
    """What the schedule of a term gives."""

    MONEY = 0
    IRR = 1
    PRINCIPAL_SHARE = 2


class Action(IntEnum):
    """What a trigger does."""

    TERMINATE = 0
    STOP_FUNDING = 1
    EXPAND = 2


class TrancheKind(IntEnum):
    """Kinds of tranches (model §9)."""

    LOAN = 0
    RECOVERABLE_GRANT = 1
    GRANT = 2
    DEFERRED_FEE = 3
    EQUITY = 4


class StepKind(IntEnum):
    """What a step of the waterfall pays."""

    FEE = 0
    INTEREST = 1
    PRINCIPAL = 2
    RETURN = 3
    SHARE = 4
    RESERVE = 5


def _fields(text: str) -> np.dtype[Any]:
    """A record from lines of `name: kind` (i: integer or flag, f: number, u: stream key).

    `name: list` is the two fields of a list.
    """
    kinds = {"i": np.int64, "f": np.float64, "u": np.uint64}
    found: list[tuple[str, type]] = []
    for line in text.strip().splitlines():
        name, kind = line.split("#")[0].strip().split(": ")
        if kind == "list":
            found += [(name, np.int64), (f"{name}_end", np.int64)]
        else:
            found.append((name, kinds[kind]))
    return np.dtype(found, align=True)


DEAL = _fields(
    """
    periods: i
    years: f  # length of a period
    cap: f  # of the contract
    year_cap: f
    year_carry: i
    investors: list  # links: tranches that a return table brings to a return
    releases_from: i  # owners of conditions: terms, then their releases, then triggers
    triggers_from: i
    frozen: i  # 1: payors lose what is expected
    bears: list  # links: tranches that bear interest
    coupon: list  # links: tranches whose interest is a use of funds
    overrun: i  # column: of all cost lines
    pools: i
    committed: f
    draws_first: i  # 1: costs are funded before payments are distributed
    stops_short: i  # 1: service stops when funds run out
    residual: i  # party
    provider_funds: i  # 1: no tranches and no grants
    needs_service: i  # 1: something depends on whether anyone can be served
    window_end: i
    target: f  # treated clients; inf: none
    control_ratio: f  # controls for each treated client
    """
)

MOMENT = _fields(
    """
    evaluations: list  # first and last evaluation of a grid point
    dues: list  # dues
    releases: list  # links: terms whose holdbacks fall due
    triggers: list  # links: triggers that are looked at
    dated: list  # dated
    draws: list  # draws
    looks: i  # 1: the program's own measures are looked at
    year: i  # fiscal year, the first is 0
    new_year: i  # 1: it begins
    next_year: i  # first grid point of the next one
    grants: f  # opening grants
    opens: i  # 1: a tranche can be drawn from here on, or no longer
    matures: i  # 1: a guarantee does
    busy: i  # 1: evaluations, dues, releases, triggers, looks, grants or a new year
    """
)

MEASURE = _fields(
    """
    kind: i  # MeasureKind
    outcome: i  # outcome measured; person: index among person measures
    statistic: i  # Statistic
    design: i  # Design
    vintage: i  # 1: only what is new since the evaluation before
    arm: i  # total and mean: whose
    first_class: i  # treated and matched: classes first_class … 2 are in the sample
    first_control: i  # the same for the controls
    sign: f  # +1 where lower is good
    trials: f  # observations a client
    comparison: f  # level that the contract fixes; NaN: none
    trend: i  # column
    bias: i  # column
    minimum: f  # least clients in each arm
    critical: f  # z that the test must reach; NaN: no rule
    test: i  # Test
    occasions: f  # yes/no observations of a client
    unit: f  # what one success adds to the sum
    dispersion: f  # k of a count; inf: Poisson
    cluster: f  # clients in a cluster; 0: a cohort's arm is one
    icc: f  # intra-cluster correlation
    share: i  # column of an amount's share of clients who have any
    spread: i  # column of an amount's shape or a score's sd
    counted: i  # Counted
    type: i  # type of client counted; −1: all
    cap: f  # person: most that one client can earn
    inputs: list  # inputs
    constant: f
    switch: i  # grid point from which the second input counts
    current: i  # 1: the program alone, so that it can be looked at on any grid point
    """
)

INPUT = _fields(
    """
    member: i  # measure; person: outcome
    weight: f
    """
)

TERM = _fields(
    """
    measure: i  # −1: none
    knots: list  # knots
    below: f  # amount at the first knot from below, and its slope
    below_slope: f
    above: i  # 1: a knot must be exceeded
    pays: i  # Pays
    times: f
    times_measure: i  # −1: none
    each: i  # 1: every date on its own; 0: cumulative
    claw_back: i
    lag: i  # periods
    cap: f
    floor: f  # −inf: none
    year_cap: f
    year_carry: i  # 1: what exceeds it is carried to the next fiscal year
    unless: list  # links: terms
    hold_share: f
    hold_until: i  # release
    switch_growth: f  # growth a period of the hurdle; 0: no switch
    switch_factor: f
    switch: list  # links: tranches
    pool: i
    parts: list  # parts
    """
)

KNOT = _fields(
    """
    x: f
    y: f
    slope: f
    """
)

PART = _fields(
    """
    payor: i
    share: f
    """
)

PAYOR = _fields(
    """
    cap: f
    year_cap: f
    year_carry: i
    probability: i  # column; −1: its appropriations never fail
    lost: f
    late: i  # periods
    key: u
    """
)

TRIGGER = _fields(
    """
    action: i  # Action
    wind_down: i  # column
    pays_after: i
    tranches: list  # links
    target: f  # NaN: as before
    window_end: i  # −1: as before
    """
)

CONDITION = _fields(
    """
    measure: i
    at_least: f  # −inf: none
    below: f  # inf: none
    """
)

DUE_ENTRY = _fields(
    """
    term: i
    evaluation: i  # −1: a fixed date, no evaluation on that grid point
    index: f  # price index
    """
)

LINE = _fields(
    """
    per_client: i  # columns
    per_enrollment: i
    per_period: i
    overrun: i
    first: i
    last: i  # NEVER: as long as anyone can be served
    stops: i
    """
)

DATED = _fields(
    """
    line: i
    column: i
    """
)

TRANCHE = _fields(
    """
    kind: i  # TrancheKind
    commitment: f
    rate: f  # interest a period
    compound: i
    first: i
    last: i
    """
)

FIXED_DRAW = _fields(
    """
    tranche: i
    amount: f
    """
)

ORDER = _fields(
    """
    tranches: list  # links
    """
)

STEP = _fields(
    """
    kind: i  # StepKind
    amount: f
    due: i
    until: i
    pool: i
    growth: f  # growth a period of the target return; NaN: none
    recipients: list  # recipients
    """
)

RECIPIENT = _fields(
    """
    who: i  # tranche i, or −1 − party
    share: f
    """
)

GUARANTEE_TERMS = _fields(
    """
    floor: i  # 1: tops up; 0: adds
    committed: f  # floor: the share is of this; NaN: of what was drawn
    share: f
    at: i
    tranches: list  # links
    """
)


class EvaluationTables(NamedTuple):
    """What is measured."""

    dates: I8  # [e] grid point of an evaluation
    order: I8  # [m] measures, inputs before users
    measures: Records  # [m] MEASURE
    inputs: Records  # INPUT


class ContractTables(NamedTuple):
    """What is due when, up to which caps."""

    terms: Records  # [j] TERM
    by_name: I8  # [j] terms in the order of their names
    knots: Records  # KNOT
    parts: Records  # PART: who pays which share of a term
    payors: Records  # [q] PAYOR
    triggers: Records  # [n] TRIGGER
    conditions: Records  # CONDITION
    groups: I8  # conditions begin; owner o: all of group 2o, one of group 2o+1
    dues: Records  # DUE_ENTRY, by grid point, evaluation and term


class CapitalTables(NamedTuple):
    """Who funds what, who is repaid in which order."""

    lines: Records  # [u] LINE
    inflation: F8  # [u, t+1]
    dated: Records  # DATED, by grid point
    tranches: Records  # [i] TRANCHE
    draws: Records  # FIXED_DRAW, by grid point
    orders: Records  # ORDER
    steps: Records  # [w] STEP
    recipients: Records  # RECIPIENT
    guarantees: Records  # [g] GUARANTEE_TERMS
    limits: F8  # [g, t+1] limit and pot to date


class MoneyPlan(NamedTuple):
    """The money of a deal, compiled."""

    deal: Records  # [1] DEAL
    moments: Records  # [t+1] MOMENT
    links: I8
    evaluation: EvaluationTables
    contract: ContractTables
    capital: CapitalTables
