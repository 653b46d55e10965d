"""Contract → tables: what is determined on each grid point, caps, payors, triggers."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

import numpy as np

from pfs_sim.addresses import stream_key
from pfs_sim.model.clock import Clock
from pfs_sim.model.contract import Condition, Escalation, Term, YearCap
from pfs_sim.model.scenario import Scenario
from pfs_sim.plan.evaluation import looks_at_program_alone
from pfs_sim.plan.lists import Links, by_grid_point, records, spans
from pfs_sim.plan.row import Row
from pfs_sim.tables.money import (
    CONDITION,
    DUE_ENTRY,
    KNOT,
    PART,
    PAYOR,
    TERM,
    TRIGGER,
    Action,
    ContractTables,
    Pays,
)
from pfs_sim.tables.state import NEVER

_NOT_BROUGHT_HOME = ("grant", "deferred_fee")
"""Kinds of tranches that a return table does not look at."""


def pool_names(scenario: Scenario) -> list[str]:
    """Pools of the waterfall, the main one first, in the order in which they are named."""
    named = [term.pool for term in scenario.contract.terms.values()]
    named += [step.pool for step in scenario.capital.waterfall.values() if step.pool is not None]
    return list(dict.fromkeys(["main", *named]))


def known(stated: Any, otherwise: float) -> float:
    """The value of a certain number that may be absent."""
    return otherwise if stated is None else float(stated.value)


def _year_cap(cap: YearCap | None) -> dict[str, Any]:
    return {
        "year_cap": np.inf if cap is None else cap.amount.value,
        "year_carry": cap is not None and cap.excess == "carry",
    }


def _knots(term: Term) -> list[dict[str, float]]:
    found = term.schedule.segments()
    return [
        {"x": x, "y": y, "slope": slope}
        for x, y, slope in zip(found.x, found.y, found.slope, strict=True)
    ]


def _price_index(clock: Clock, escalation: Escalation | None, t: int) -> float:
    """(1 + rate)^(whole years from the base date to grid point t), by the calendar."""
    if escalation is None:
        return 1.0
    since, day = escalation.since, clock.date(t)
    base = clock.date(since) if isinstance(since, int) else date.fromisoformat(since)
    years = day.year - base.year - ((day.month, day.day) < (base.month, base.day))
    return float((1.0 + escalation.rate.value) ** years)


def _dues(scenario: Scenario) -> list[tuple[int, int, int]]:
    """(grid point, evaluation, term) of everything that is determined, in that order.

    A fixed term without a measure may have dates of its own: evaluation −1, or the last one of
    the same grid point.
    """
    clock, dates = scenario.clock, scenario.evaluation.dates
    grid = [clock.grid(when) for when in dates.values()]
    found = []
    for j, term in enumerate(scenario.contract.terms.values()):
        for when in list(dates) if term.at is None else term.at:
            if when in dates:
                e = list(dates).index(str(when))
                found.append((grid[e], e, j))
            elif term.measure is None:
                t = clock.grid(int(when) if str(when).isdigit() else when)
                found.append((t, max((e for e, s in enumerate(grid) if s == t), default=-1), j))
    return sorted(found)


def _term_rows(scenario: Scenario, links: Links) -> list[dict[str, Any]]:
    clock, contract = scenario.clock, scenario.contract
    terms, names = contract.terms, list(contract.terms)
    measures, tranches = list(scenario.evaluation.measures), list(scenario.capital.tranches)
    pools = pool_names(scenario)
    rows = []
    for term in terms.values():
        segments, hold, switch = term.schedule.segments(), term.holdback, term.switch
        times = term.times
        rows.append(
            {
                "measure": -1 if term.measure is None else measures.index(term.measure),
                "below": segments.below,
                "below_slope": segments.below_slope,
                "above": segments.above,
                "pays": Pays[term.pays.upper()],
                "times": 1.0 if isinstance(times, str) else times.value,
                "times_measure": measures.index(times) if isinstance(times, str) else -1,
                # What a return table owes is net of what came before: it is never cumulative.
                "each": term.basis == "each"
                or term.schedule.kind == "fixed"
                or term.pays != "money",
                "claw_back": term.claw_back,
                "lag": clock.span(term.lag),
                "cap": known(term.cap, np.inf),
                "floor": known(term.floor, -np.inf),
                **_year_cap(term.fiscal_year_cap),
                "hold_share": hold.share.value if hold else 0.0,
                # What a return table owes on the day of the release comes too late to be kept.
                "hold_until": clock.grid(hold.release) - (term.pays != "money") if hold else -1,
                "switch_growth": (1.0 + switch.rate.value) ** clock.years if switch else 0.0,
                "switch_factor": switch.factor.value if switch else 1.0,
                "pool": pools.index(term.pool),
                **links.add("unless", [names.index(other) for other in term.unless_paid]),
                **links.add(
                    "switch", [tranches.index(n) for n in switch.tranches] if switch else []
                ),
            }
        )
    return rows


def _shares(term: Term, payors: list[str]) -> dict[str, float]:
    """Who pays which share of a term, in the order of the payors."""
    if term.payors is None:
        return {name: 1.0 / len(payors) for name in payors}
    return {name: term.payors[name].value for name in payors if name in term.payors}


def _payor_rows(
    scenario: Scenario, row: Row, seeds: Mapping[str, int]
) -> list[dict[str, Any]]:
    rows = []
    for name, payor in scenario.contract.payors.items():
        default = payor.default
        rows.append(
            {
                "cap": known(payor.cap, np.inf),
                **_year_cap(payor.fiscal_year_cap),
                "probability": row.column(f"contract.payors.{name}.default.probability"),
                "lost": default.lost.value if default else 0.0,
                "late": scenario.clock.span(default.late) if default else 0,
                "key": stream_key(seeds["payor"], "payor", f"appropriation:{name}"),
            }
        )
    return rows


def _trigger_rows(scenario: Scenario, row: Row, links: Links) -> list[dict[str, Any]]:
    clock, tranches = scenario.clock, list(scenario.capital.tranches)
    return [
        {
            "action": Action[trigger.action.upper()],
            "wind_down": row.column(f"contract.triggers.{name}.wind_down"),
            "pays_after": trigger.pays_after,
            **links.add("tranches", [tranches.index(other) for other in trigger.tranches]),
            "target": np.nan if trigger.target is None else trigger.target,
            "window_end": -1 if trigger.window_end is None else clock.grid(trigger.window_end),
        }
        for name, trigger in scenario.contract.triggers.items()
    ]


def _groups(scenario: Scenario) -> list[list[Condition]]:
    """Conditions by owner (terms, releases, triggers): all of the first, one of the second."""
    contract, found = scenario.contract, []
    for term in contract.terms.values():
        found += [list(term.only_if.values()), list(term.any_of.values())]
    for term in contract.terms.values():
        found += [list(term.holdback.only_if.values()) if term.holdback else [], []]
    for trigger in contract.triggers.values():
        found += [list(trigger.only_if.values()), list(trigger.any_of.values())]
    return found


def _looks(scenario: Scenario, dues: list[tuple[int, int, int]]) -> set[int]:
    """Grid points on which the program is looked at, evaluation or not."""
    clock, contract = scenario.clock, scenario.contract
    measures = scenario.evaluation.measures
    if not any(looks_at_program_alone(measures, name) for name in measures):
        return set()
    found = {t for t, e, _ in dues if e < 0}
    return found | {clock.grid(when) for n in contract.triggers.values() for when in n.at}


def contract_tables(
    scenario: Scenario, row: Row, seeds: Mapping[str, int], links: Links
) -> ContractTables:
    """The contract of a scenario as tables."""
    contract, measures = scenario.contract, list(scenario.evaluation.measures)
    names, payors = list(contract.terms), list(contract.payors)
    terms = _term_rows(scenario, links)
    knots = [_knots(term) for term in contract.terms.values()]
    parts = [
        [{"payor": payors.index(name), "share": share} for name, share in shares.items()]
        for shares in (_shares(term, payors) for term in contract.terms.values())
    ]
    for term, *lists in zip(
        terms, spans("knots", knots), spans("parts", parts), strict=True
    ):
        for fields in lists:
            term |= fields
    groups = _groups(scenario)
    dues = [due for due in _dues(scenario) if due[0] <= scenario.clock.periods]
    return ContractTables(
        terms=records(TERM, terms),
        by_name=np.array(sorted(range(len(names)), key=lambda j: names[j]), np.int64),
        knots=records(KNOT, [knot for found in knots for knot in found]),
        parts=records(PART, [part for found in parts for part in found]),
        payors=records(PAYOR, _payor_rows(scenario, row, seeds)),
        triggers=records(TRIGGER, _trigger_rows(scenario, row, links)),
        conditions=records(
            CONDITION,
            [
                {
                    "measure": measures.index(condition.measure),
                    "at_least": known(condition.at_least, -np.inf),
                    "below": known(condition.below, np.inf),
                }
                for group in groups
                for condition in group
            ],
        ),
        groups=np.cumsum([0, *(len(group) for group in groups)], dtype=np.int64),
        dues=records(
            DUE_ENTRY,
            [
                {
                    "term": j,
                    "evaluation": e,
                    "index": _price_index(
                        scenario.clock, contract.terms[names[j]].escalation, t
                    ),
                }
                for t, e, j in dues
            ],
        ),
    )


def contract_moments(scenario: Scenario, links: Links) -> list[dict[str, Any]]:
    """What the contract has on each grid point: dues, releases, triggers, the fiscal year."""
    clock, contract = scenario.clock, scenario.contract
    grid, T = range(clock.periods + 1), clock.periods
    dues = _dues(scenario)
    looks = _looks(scenario, dues)
    releases = by_grid_point(
        [
            (clock.grid(term.holdback.release), j)
            for j, term in enumerate(contract.terms.values())
            if term.holdback
        ],
        T,
    )
    dates = [
        (clock.grid(when), n)
        for n, trigger in enumerate(contract.triggers.values())
        for when in trigger.at
    ]
    triggers = by_grid_point(dict.fromkeys(dates), T)
    due_spans = spans("dues", by_grid_point([(t, j) for t, _, j in dues], T))
    years = [clock.fiscal_year(t) for t in grid]
    return [
        {
            **due_spans[t],
            **links.add("releases", releases[t]),
            **links.add("triggers", triggers[t]),
            "looks": t in looks,
            "year": years[t] - years[0],
            "new_year": t == 0 or years[t] != years[t - 1],
            "next_year": next((s for s in grid if years[s] > years[t]), NEVER),
        }
        for t in grid
    ]


def contract_facts(scenario: Scenario, links: Links, frozen: bool) -> dict[str, Any]:
    """The contract as a whole: caps, whose return a return table brings."""
    contract, tranches = scenario.contract, scenario.capital.tranches.values()
    terms = len(contract.terms)
    brought_home = [i for i, t in enumerate(tranches) if t.kind not in _NOT_BROUGHT_HOME]
    return {
        "cap": known(contract.cap, np.inf),
        **_year_cap(contract.fiscal_year_cap),
        **links.add("investors", brought_home),
        "releases_from": terms,
        "triggers_from": 2 * terms,
        "frozen": frozen,
    }
