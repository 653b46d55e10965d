"""Capital → tables: cost lines, sources of funds, the waterfall in order, guarantees."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from pfs_sim.model.capital import Capital, Guarantee, Step
from pfs_sim.model.clock import Clock
from pfs_sim.model.scenario import Scenario
from pfs_sim.plan.contract import known, pool_names
from pfs_sim.plan.lists import Links, by_grid_point, records, spans
from pfs_sim.plan.row import Row
from pfs_sim.tables.money import (
    DATED,
    FIXED_DRAW,
    GUARANTEE_TERMS,
    LINE,
    ORDER,
    RECIPIENT,
    STEP,
    TRANCHE,
    CapitalTables,
    StepKind,
    TrancheKind,
)
from pfs_sim.tables.state import NEVER

PARTIES = ("payor", "provider", "intermediary")
"""Rows of `Cash.party`."""
_BEARS_INTEREST = ("loan", "equity")
_ENTRIES = dict[str, Any]


def _moment(clock: Clock, key: str) -> int:
    """Grid point of a key that is a date or a number."""
    return clock.grid(int(key) if key.isdigit() else key)


def _dated_costs(scenario: Scenario, row: Row) -> list[tuple[int, _ENTRIES]]:
    """(grid point, entry) of the amounts at dates, by grid point, then by line."""
    found = [
        (_moment(scenario.clock, when), u, row.column(f"capital.costs.{name}.at.{when}"))
        for u, (name, cost) in enumerate(scenario.capital.costs.items())
        for when in cost.at
    ]
    return [(t, {"line": u, "column": column}) for t, u, column in sorted(found)]


def _fixed_draws(scenario: Scenario) -> list[tuple[int, _ENTRIES]]:
    """(grid point, entry) of draws at a date, by grid point, then by tranche."""
    clock, found = scenario.clock, []
    for i, tranche in enumerate(scenario.capital.tranches.values()):
        for when, amount in tranche.schedule.items():
            found.append((_moment(clock, when), i, amount.value))
        if tranche.draw == "upfront" and not tranche.schedule:
            found.append((clock.grid(tranche.first), i, tranche.commitment.value))
    return [(t, {"tranche": i, "amount": amount}) for t, i, amount in sorted(found)]


def _line_rows(scenario: Scenario, row: Row) -> list[_ENTRIES]:
    clock, prices = scenario.clock, ("per_client", "per_enrollment", "per_period")
    keys = ("per_client_period", "per_enrollment", "per_period")
    return [
        {
            **{
                price: row.column(f"capital.costs.{name}.{key}")
                for price, key in zip(prices, keys, strict=True)
            },
            "overrun": row.column(f"capital.costs.{name}.overrun"),
            "first": clock.grid(cost.first),
            "last": NEVER if cost.last is None else clock.grid(cost.last),
            "stops": cost.stops,
        }
        for name, cost in scenario.capital.costs.items()
    ]


def _interest(capital: Capital) -> list[float]:
    """Annual coupons; only loans and equity have one."""
    return [
        tranche.coupon.value if tranche.kind in _BEARS_INTEREST else 0.0
        for tranche in capital.tranches.values()
    ]


def _tranche_rows(scenario: Scenario) -> list[_ENTRIES]:
    clock, tranches = scenario.clock, scenario.capital.tranches.values()
    return [
        {
            "kind": TrancheKind[tranche.kind.upper()],
            "commitment": tranche.commitment.value,
            "rate": (1.0 + rate) ** clock.years - 1.0,
            "compound": tranche.compounding == "compound",
            "first": clock.grid(tranche.first),
            "last": NEVER if tranche.last is None else clock.grid(tranche.last),
        }
        for tranche, rate in zip(tranches, _interest(scenario.capital), strict=True)
    ]


def _recipients(step: Step, capital: Capital) -> list[_ENTRIES]:
    """Who takes part in a step and with which share; a grant is never repaid."""
    given, names = step.to, list(capital.tranches)
    shares = (
        {name: share.value for name, share in given.items()}
        if isinstance(given, dict)
        else {name: 1.0 / len(given) for name in given}
    )
    found = []
    for name, share in shares.items():
        if name not in capital.tranches:
            found.append({"who": -1 - PARTIES.index(name), "share": share})
        elif capital.tranches[name].kind != "grant":
            found.append({"who": names.index(name), "share": share})
    return found


def _step_rows(scenario: Scenario) -> list[_ENTRIES]:
    """Steps; a fee owes nothing unless said, a reserve holds all, a return is at least 0 %."""
    clock, pools = scenario.clock, pool_names(scenario)
    rows = []
    for step in scenario.capital.waterfall.values():
        rate = known(step.irr, 0.0 if step.pay == "return" else np.nan)
        rows.append(
            {
                "kind": StepKind[step.pay.upper()],
                "amount": known(step.amount, 0.0 if step.pay == "fee" else np.inf),
                "due": clock.grid(step.due),
                "until": NEVER if step.until is None else clock.grid(step.until),
                "pool": pools.index(step.pool or "main"),
                "growth": (1.0 + rate) ** clock.years,
            }
        )
    return rows


def _limits(scenario: Scenario) -> npt.NDArray[np.float64]:
    """Most that each guarantee pays on each grid point: its limit, and its pot to date."""
    clock, guarantees = scenario.clock, scenario.capital.guarantees
    limits = np.full((len(guarantees), clock.periods + 1), np.inf)
    for g, guarantee in enumerate(guarantees.values()):
        if guarantee.pot:
            limits[g] = 0.0
        for when, amount in guarantee.pot.items():
            limits[g, _moment(clock, when) :] += amount.value
        limits[g] = np.minimum(limits[g], known(guarantee.limit, np.inf))
    return limits


def _orders(capital: Capital) -> list[list[int]]:
    """Tranches drawn as needed, those of one order together, in order."""
    needed = {
        i: tranche.order
        for i, tranche in enumerate(capital.tranches.values())
        if tranche.draw == "as_needed" and not tranche.schedule
    }
    return [[i for i in needed if needed[i] == n] for n in sorted(set(needed.values()))]


def _guaranteed(capital: Capital, guarantee: Guarantee) -> float:
    """What a guarantor tops up a share of where that is the whole commitment; else NaN."""
    if guarantee.of == "drawn":
        return float("nan")
    return sum(capital.tranches[name].commitment.value for name in guarantee.tranches)


def _guarantee_rows(scenario: Scenario) -> list[_ENTRIES]:
    clock, capital = scenario.clock, scenario.capital
    return [
        {
            "floor": guarantee.kind == "floor",
            "committed": _guaranteed(capital, guarantee),
            "share": guarantee.share.value,
            "at": clock.periods if guarantee.at is None else clock.grid(guarantee.at),
        }
        for guarantee in capital.guarantees.values()
    ]


def capital_tables(scenario: Scenario, row: Row, links: Links) -> CapitalTables:
    """The capital of a scenario as tables."""
    clock, capital = scenario.clock, scenario.capital
    years, tranches = np.arange(clock.periods + 1) * clock.years, list(capital.tranches)
    inflation = [(1.0 + cost.inflation.value) ** years for cost in capital.costs.values()]
    recipients = [_recipients(step, capital) for step in capital.waterfall.values()]
    steps = zip(_step_rows(scenario), spans("recipients", recipients), strict=True)
    covered = capital.guarantees.values()
    guarantees = [
        found | links.add("tranches", [tranches.index(name) for name in guarantee.tranches])
        for found, guarantee in zip(_guarantee_rows(scenario), covered, strict=True)
    ]
    return CapitalTables(
        lines=records(LINE, _line_rows(scenario, row)),
        inflation=np.array(inflation).reshape(len(capital.costs), clock.periods + 1),
        dated=records(
            DATED, [entry for t, entry in _dated_costs(scenario, row) if t <= clock.periods]
        ),
        tranches=records(TRANCHE, _tranche_rows(scenario)),
        draws=records(
            FIXED_DRAW, [entry for t, entry in _fixed_draws(scenario) if t <= clock.periods]
        ),
        orders=records(ORDER, [links.add("tranches", group) for group in _orders(capital)]),
        steps=records(STEP, [step | span for step, span in steps]),
        recipients=records(RECIPIENT, [r for found in recipients for r in found]),
        guarantees=records(GUARANTEE_TERMS, guarantees),
        limits=_limits(scenario),
    )


def capital_moments(scenario: Scenario, row: Row) -> list[dict[str, Any]]:
    """What the capital has on each grid point: amounts at dates, fixed draws, opening grants."""
    clock, T = scenario.clock, scenario.clock.periods
    grants = np.zeros(T + 1)
    for grant in scenario.capital.grants.values():
        if clock.grid(grant.at) <= T:
            grants[clock.grid(grant.at)] += grant.amount.value
    dated = spans("dated", by_grid_point(_dated_costs(scenario, row), T))
    draws = spans("draws", by_grid_point(_fixed_draws(scenario), T))
    opens, matures = _opens(scenario), {int(g["at"]) for g in _guarantee_rows(scenario)}
    return [
        dated[t]
        | draws[t]
        | {"grants": grants[t], "opens": t in opens, "matures": t in matures}
        for t in range(T + 1)
    ]


def _opens(scenario: Scenario) -> set[int]:
    """Grid points from which on a tranche can be drawn, or no longer; the first one always."""
    rows = _tranche_rows(scenario)
    return {0} | {row["first"] for row in rows} | {row["last"] + 1 for row in rows}


def capital_facts(scenario: Scenario, row: Row, links: Links) -> dict[str, Any]:
    """The capital as a whole, and when service is over."""
    clock, capital, program = scenario.clock, scenario.capital, scenario.program
    tranches = list(capital.tranches.values())
    rates, share = _interest(capital), program.assignment.share.value
    bears = [i for i, rate in enumerate(rates) if rate != 0.0]
    as_long_as_served = any(
        cost.per_period is not None and cost.last is None for cost in capital.costs.values()
    )
    return {
        **links.add("bears", bears),
        **links.add("coupon", [i for i in bears if tranches[i].pays == "paid"]),
        "overrun": row.column("capital.overrun"),
        "pools": len(pool_names(scenario)),
        "committed": float(sum(tranche.commitment.value for tranche in tranches)),
        "draws_first": capital.draws == "before_distribution",
        "stops_short": capital.shortfall == "stop",
        "residual": PARTIES.index(capital.residual),
        "provider_funds": not tranches and not capital.grants,
        "needs_service": capital.shortfall == "stop" or as_long_as_served,
        "window_end": clock.periods
        if program.window_end is None
        else clock.grid(program.window_end),
        "target": np.inf if program.target is None else float(program.target),
        "control_ratio": 0.0 if program.assignment.method == "none" else (1.0 - share) / share,
    }
