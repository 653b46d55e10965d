"""The columns of a result: their names, units and how a path fills them (model §10)."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from pfs_sim.errors import InputError
from pfs_sim.model.evaluation import OutcomeMeasure, PersonMeasure
from pfs_sim.model.scenario import Scenario
from pfs_sim.plan.outcomes import least_classes, opens_at_exit
from pfs_sim.plan.row import Row
from pfs_sim.tables.outputs import (
    COMPARED_FIXED,
    COMPARED_MATCHED,
    COMPARED_NONE,
    COMPARED_RCT,
    Flows,
    OutputPlan,
)
from pfs_sim.tables.state import NO_SHOW
from pfs_sim.tables.wide import carve

if TYPE_CHECKING:
    from pfs_sim.tables.money import MoneyPlan

FAN_PATHS = 5000
_COMPARED = {
    "rct": COMPARED_RCT,
    "matched": COMPARED_MATCHED,
    "historical": COMPARED_FIXED,
    "validated": COMPARED_NONE,
}


class Column(NamedTuple):
    """One number that every path yields."""

    name: str  # dotted
    unit: str  # money, rate, count, ratio, years, probability, flag, status, measure
    label: str


def fiscal_years(scenario: Scenario) -> list[int]:
    """Fiscal years that the grid touches, in order."""
    first = scenario.clock.fiscal_year(0)
    return list(range(first, scenario.clock.fiscal_year(scenario.clock.periods) + 1))


def _payor_columns(scenario: Scenario) -> list[Column]:
    found = [
        Column("payor.payments", "money", "Outcome payments"),
        Column("payor.payments_pv", "money", "Outcome payments, present value"),
        Column("payor.claimed", "money", "Claimed before caps and ceilings on arrival"),
        Column("payor.cut", "money", "Lost to caps and ceilings on arrival"),
        Column("payor.lost", "money", "Lost to failed appropriations or past the grid"),
    ]
    for name, term in scenario.contract.terms.items():
        found.append(Column(f"payor.payments.{name}", "money", f"Payments: {term.label or name}"))
    for year in fiscal_years(scenario):
        found.append(Column(f"payor.payments.fy{year}", "money", f"Payments in fiscal {year}"))
    for name, payor in scenario.contract.payors.items():
        found.append(
            Column(f"payor.{name}.payments", "money", f"Paid by {payor.label or name}")
        )
    return [
        *found,
        Column("payor.residual", "money", "Cash returned to the payor"),
        Column("payor.savings", "money", "Savings of the payor"),
        Column("payor.savings_cashable", "money", "Savings that free a budget"),
        Column("payor.net_benefit", "money", "Savings and returned cash less payments"),
        Column("payor.net_benefit_pv", "money", "Net benefit, present value"),
    ]


_PROGRAM = (
    ("referred", "Referred"),
    ("eligible", "Eligible and consenting"),
    ("turned_away", "Turned away"),
    ("enrolled", "Enrolled, treated"),
    ("control", "Enrolled, control"),
    ("completed", "Completed treatment"),
    ("left", "Left after starting"),
)


def _holder_columns(name: str, label: str) -> list[Column]:
    return [
        Column(f"{name}.drawn", "money", f"{label}: invested"),
        Column(f"{name}.returned", "money", f"{label}: returned"),
        Column(f"{name}.irr", "rate", f"{label}: IRR"),
        Column(f"{name}.irr_status", "status", f"{label}: kind of IRR"),
        Column(f"{name}.moic", "ratio", f"{label}: multiple of invested capital"),
        Column(f"{name}.principal_loss", "money", f"{label}: loss of principal"),
        Column(f"{name}.loss_share", "fraction", f"{label}: share of principal lost"),
        Column(f"{name}.npv", "money", f"{label}: NPV at the hurdle"),
        Column(f"{name}.wal", "years", f"{label}: weighted average life of principal"),
    ]


def columns(scenario: Scenario) -> list[Column]:
    """All columns in the order in which `kernels.collect` writes them."""
    found = _payor_columns(scenario)
    found += [Column(f"program.{name}", "count", label) for name, label in _PROGRAM]
    found += [
        Column("program.cost", "money", "Cost of the program, paid"),
        Column("program.unfunded", "money", "Costs that nobody could pay"),
        Column("program.stopped", "flag", "Service stopped early"),
        Column("program.stop_period", "period", "Grid point at which service stopped"),
        Column("program.stop_by_shortfall", "flag", "Service stopped for want of funds"),
    ]
    for name, outcome in scenario.outcomes.items():
        label = outcome.label or name
        found += [
            Column(f"outcome.{name}.effect_true", "measure", f"{label}: true effect"),
            Column(f"outcome.{name}.effect_measured", "measure", f"{label}: measured effect"),
            Column(f"outcome.{name}.averted", "count", f"{label}: units averted or gained"),
            Column(f"outcome.{name}.measured", "count", f"{label}: treated clients measured"),
        ]
    for name in scenario.evaluation.measures:
        found += [
            Column(f"measure.{name}", "measure", f"Measure {name} at the last evaluation"),
            Column(f"measure.{name}.exists", "flag", f"Measure {name} exists"),
        ]
    for name, tranche in scenario.capital.tranches.items():
        found += _holder_columns(f"tranche.{name}", tranche.label or name)
    if scenario.capital.tranches:
        found += _holder_columns("investors", "Investors together")
    for name, guarantee in scenario.capital.guarantees.items():
        found.append(Column(f"guarantor.{name}.paid", "money", guarantee.label or name))
    if scenario.capital.guarantees:
        found.append(Column("guarantor.paid", "money", "Paid by guarantors"))
    received = "Received by the provider"
    if not scenario.capital.tranches and not scenario.capital.grants:
        received += ", less costs"  # which it carries itself
    return [
        *found,
        Column("provider.received", "money", received),
        Column("intermediary.received", "money", "Received by the intermediary"),
    ]


def _least_treated(scenario: Scenario, name: str) -> int:
    """Least class of treated clients who count as measured; a rate card looks at all of them."""
    for measure in scenario.evaluation.measures.values():
        if isinstance(measure, PersonMeasure) and name in measure.person:
            return NO_SHOW
    return least_classes(scenario, name)[0]


def _spread(force: float, years: float) -> float:
    """Present value of one that comes evenly over some years, seen from their start."""
    return -math.expm1(-force * years) / (force * years) if force != 0.0 else 1.0


def choose(found: Sequence[Column], only: Collection[str] | None) -> list[int]:
    """The places of the columns that are asked for, all of them for None, in their order.

    A status goes with its IRR. InputError for a name that is none.
    """
    if only is None:
        return list(range(len(found)))
    names = [column.name for column in found]
    for name in only:
        if name not in names:
            from difflib import get_close_matches

            near = get_close_matches(name, names, n=3)
            raise InputError(f"found no result {name!r}; near it: {', '.join(near) or 'nothing'}")
    asked = {*only} | {f"{name}_status" for name in only if name.endswith(".irr")}
    return [place for place, name in enumerate(names) if name in asked]


def _first_rate(scenario: Scenario, found: Sequence[Column]) -> int:
    """The column of the first holder's IRR; −1 where nobody holds anything."""
    if not scenario.capital.tranches:
        return -1
    wanted = f"tranche.{next(iter(scenario.capital.tranches))}.irr"
    return [column.name for column in found].index(wanted)


def new_flows(plan: MoneyPlan, width: int) -> Flows:
    """Working space for the results of paths side by side, of so many columns."""
    grid, tranches = plan.moments.size, plan.capital.tranches.size
    holders = tranches + 1 if tranches else 0
    _, wide = carve(
        {
            "row": (width,),
            "course": (4, grid),
            "kept": (holders, grid),
            "every": (4, grid),
            "one": (2, grid),
        }
    )
    return Flows(**wide, line=np.zeros(grid))


def output_plan(
    scenario: Scenario, row: Row, found: Sequence[Column], chosen: Sequence[int]
) -> OutputPlan:
    """The arrays that `kernels.collect` needs to write the `chosen` of the scenario's columns."""
    clock, contract, grid = scenario.clock, scenario.contract, range(scenario.clock.periods + 1)
    years = fiscal_years(scenario)
    names = list(scenario.outcomes)
    compared, fixed = np.full(len(names), COMPARED_NONE), np.full(len(names), np.nan)
    for measure in scenario.evaluation.measures.values():
        if isinstance(measure, OutcomeMeasure):
            k = names.index(measure.outcome)
            if compared[k] == COMPARED_NONE:
                compared[k] = _COMPARED[measure.design]
                if measure.comparison is not None:
                    fixed[k] = measure.comparison.value
    outcomes = scenario.outcomes.values()
    least = [least_classes(scenario, name) for name in names]
    savings = contract.savings
    rate = contract.discount_rate.value
    force = math.log1p(rate)
    asked = {found[place].name for place in chosen}
    owners = {name.rpartition(".")[0] for name in asked}
    tranches = list(scenario.capital.tranches)
    holders = [*(f"tranche.{name}" for name in tranches), *(["investors"] if tranches else [])]
    return OutputPlan(
        written=np.array(chosen, np.int64),
        program=int("program" in owners),
        outcomes=np.array([f"outcome.{name}" in owners for name in names], np.int64),
        holders=np.array([name in owners for name in holders], np.int64),
        solved=np.array(
            [not asked.isdisjoint((f"{name}.irr", f"{name}.irr_status")) for name in holders],
            np.int64,
        ),
        per_year=clock.per_year,
        year=np.array([clock.fiscal_year(t) - years[0] for t in grid], dtype=np.int64),
        years=len(years),
        discount=np.array([(1.0 + rate) ** (-t * clock.years) for t in grid]),
        hurdle=np.cumprod(
            [1.0, *[(1.0 + scenario.capital.hurdle.value) ** (-1.0 / clock.per_year)] * grid[-1]]
        ),
        rates=_first_rate(scenario, found),
        sign=np.array([1.0 if o.good == "lower" else -1.0 for o in outcomes]),
        trials=np.array([float(getattr(o, "trials", 1)) for o in outcomes]),
        compared=compared.astype(np.int64),
        fixed=fixed,
        window=np.array([float(clock.span(o.window)) for o in outcomes]),
        opens_at_exit=np.array([int(opens_at_exit(o)) for o in outcomes], np.int64),
        least_treated=np.array([_least_treated(scenario, name) for name in names], np.int64),
        least_control=np.array([control for _, control in least], np.int64),
        least_matched=np.array([treated for treated, _ in least], np.int64),
        savings_outcome=np.array([names.index(s.outcome) for s in savings.values()], np.int64),
        savings_value=np.array(
            [row.column(f"contract.savings.{n}.value") for n in savings], np.int64
        ),
        savings_cashable=np.array([s.cashable.value for s in savings.values()], np.float64),
        savings_spread=np.array([_spread(force, s.years.value) for s in savings.values()]),
        payor_force=force,
        invests=np.array(
            [int(t.kind != "grant") for t in scenario.capital.tranches.values()], np.int64
        ),
        equity=np.array(
            [int(t.kind == "equity") for t in scenario.capital.tranches.values()], np.int64
        ),
    )
