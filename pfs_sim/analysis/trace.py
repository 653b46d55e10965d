"""One path as a ledger of plain data: what was drawn, who came, what was measured, who got what."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from pfs_sim.analysis.lived import Lived, live_one
from pfs_sim.simulate import Deal
from pfs_sim.statuses import IrrStatus
from pfs_sim.tables.state import CONTROL, NEVER, TREATED, Missing, StopCause

Ledger = dict[str, Any]
Array = npt.NDArray[np.float64]

PARTIES = ("payor", "provider", "intermediary")
MISSING = {
    Missing.NO_DATA: "no data",
    Missing.SMALL_SAMPLE: "sample too small",
    Missing.NOT_SIGNIFICANT: "not significant",
    Missing.NO_COMPARISON: "nothing to compare with",
    Missing.NOT_HELD: "evaluation not held",
}
STOPPED = {StopCause.SHORTFALL: "funds ran out", StopCause.TRIGGER: "trigger"}


def trace(deal: Deal, path: int, seed: int = 1) -> Ledger:
    """The ledger of one path of a run: plain data, amounts in the scenario's currency.

    Series are by grid point (`dates`), those of people by period. What did not exist is null.
    """
    return write_ledger(live_one(deal, path, seed), seed)


def write_ledger(lived: Lived, seed: int) -> Ledger:
    """Everything that happened on a lived path."""
    scenario = lived.scenario
    return {
        "scenario": scenario.name,
        "currency": scenario.currency,
        "seed": seed,
        "path": lived.path,
        "dates": [scenario.clock.date(t).isoformat() for t in range(scenario.clock.periods + 1)],
        "inputs": list_inputs(lived),
        "people": list_people(lived),
        "measures": list_measures(lived),
        "payments": list_payments(lived),
        "costs": list_costs(lived),
        "sources": list_sources(lived),
        "waterfall": _series(list(scenario.capital.waterfall), lived.cash.step),
        "tranches": list_tranches(lived),
        "parties": _series(PARTIES, lived.cash.party),
        "cash": list_balances(lived),
        "events": list_events(lived),
        "results": list_results(lived),
    }


def list_inputs(lived: Lived) -> list[Ledger]:
    """Every uncertain quantity: what the file says and what this path drew."""
    row = lived.compiled.row
    return [
        {
            "path": row.paths[i],
            "source": row.sources[i],
            "value": float(lived.row[i]),
            "stated": row.quantities[i].describe(),
            "mean": float(row.base[i]),
        }
        for i in row.uncertain
    ]


def list_people(lived: Lived) -> Ledger:
    """Flows of people in each period; who completed and left by grid point."""
    people = lived.people
    return {
        "referred": _numbers(people.referred),
        "eligible": _numbers(people.eligible),
        "turned_away": _numbers(people.turned_away),
        "waiting": _numbers(people.waiting),
        "enrolled": _numbers(people.enrolled[TREATED]),
        "control": _numbers(people.enrolled[CONTROL]),
        "active": _numbers(people.active),
        "completed": _numbers(people.completed),
        "left": _numbers(people.left),
    }


def list_measures(lived: Lived) -> list[Ledger]:
    """What every evaluation reports; why a measure does not exist."""
    scenario, cash = lived.scenario, lived.cash
    evaluation = scenario.evaluation
    found = []
    for e, (held, when) in enumerate(evaluation.dates.items()):
        for m, name in enumerate(evaluation.measures):
            exists = bool(cash.valid[m, e])
            found.append(
                {
                    "evaluation": held,
                    "date": scenario.clock.date(scenario.clock.grid(when)).isoformat(),
                    "measure": name,
                    "value": float(cash.value[m, e]) if exists else None,
                    "why": None if exists else MISSING.get(int(cash.missing[m, e]), "unknown"),
                }
            )
    return found


def list_payments(lived: Lived) -> Ledger:
    """Every term: claimed, held back, cut, lost, carried, paid."""
    cash = lived.cash
    parts = {
        "due": cash.due,
        "held": cash.held,
        "forfeited": cash.forfeited,
        "reduced": cash.reduced,
        "cut": cash.cut,
        "carried": cash.carried,
        "lost": cash.lost,
        "paid": cash.paid,
    }
    return {
        name: {part: _numbers(amounts[j]) for part, amounts in parts.items()}
        for j, name in enumerate(lived.scenario.contract.terms)
    }


def list_costs(lived: Lived) -> Ledger:
    """What was paid for, line by line, and what nobody could pay."""
    names = [*lived.scenario.capital.costs, "wind_down", "coupons"]
    return {**_series(names, lived.cash.uses), "unfunded": _numbers(lived.cash.unfunded)}


def list_sources(lived: Lived) -> Ledger:
    """What came in besides draws: payments by payor, grants, guarantees."""
    scenario, cash = lived.scenario, lived.cash
    return {
        "payors": _series(list(scenario.contract.payors), cash.payor),
        "grants": _numbers(cash.grants),
        "guarantors": _series(list(scenario.capital.guarantees), cash.guarantor),
    }


def list_tranches(lived: Lived) -> Ledger:
    """Every tranche: drawn, received, owed."""
    cash = lived.cash
    parts = {
        "draw": cash.draw,
        "call": cash.call,
        "interest": cash.interest,
        "principal": cash.principal,
        "extra": cash.extra,
        "guarantee": cash.guarantee,
        "flow": cash.flow,
        "balance": cash.balance,
        "accrued": cash.accrued,
    }
    return {
        name: {part: _numbers(amounts[i]) for part, amounts in parts.items()}
        for i, name in enumerate(lived.scenario.capital.tranches)
    }


def list_balances(lived: Lived) -> Ledger:
    """Cash held, and the proof: what came in, less what went out, less the rise of cash held."""
    cash = lived.cash
    return {
        "till": _numbers(cash.till),
        "pools": [_numbers(pool) for pool in cash.pool],
        "unexplained": _numbers(find_imbalance(lived)),
    }


def find_imbalance(lived: Lived) -> Array:
    """In less out less the change of cash held, at each grid point: zero to rounding (model §9)."""
    cash = lived.cash
    held = cash.till + cash.pool.sum(axis=0)
    came = cash.paid.sum(axis=0) + cash.draw.sum(axis=0) + cash.call.sum(axis=0)
    came = came + cash.grants + cash.guarantee.sum(axis=0)
    # Coupons paid are the last row of the uses and, at once, interest received.
    went = cash.uses[:-1].sum(axis=0) + cash.party.sum(axis=0)
    for received in (cash.interest, cash.principal, cash.extra, cash.guarantee):
        went = went + received.sum(axis=0)
    change: Array = np.diff(held, prepend=0.0)
    found: Array = came - went - change
    return found


def list_events(lived: Lived) -> list[Ledger]:
    """What ended or changed the program."""
    scenario, events = lived.scenario, lived.cash.events
    found: list[Ledger] = []
    if events[0] < NEVER:
        stop = int(events[0])
        names = list(scenario.contract.triggers)
        why = STOPPED.get(int(events[1]), "unknown")
        if int(events[1]) == StopCause.TRIGGER and int(events[3]) >= 0:
            why = f"trigger {names[int(events[3])]}"
        found.append({"event": "service stops", "date": _date(lived, stop), "why": why})
    if events[2] < NEVER:
        found.append(
            {"event": "program expands", "date": _date(lived, int(events[2])), "why": "trigger"}
        )
    return found


def list_results(lived: Lived) -> Ledger:
    """The path's row of results, as a run keeps it; kinds of IRR by name."""
    units = {column.name: column.unit for column in lived.compiled.columns}
    found: Ledger = {}
    for name, value in lived.values.items():
        if units[name] == "status":
            found[name] = IrrStatus(int(value)).name.lower()
        else:
            found[name] = _number(value)
    return found


def _date(lived: Lived, t: int) -> str:
    return str(lived.scenario.clock.date(t).isoformat())


def _number(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None


def _numbers(values: Array) -> list[float | None]:
    return [_number(value) for value in values.tolist()]


def _series(names: Any, amounts: Array) -> Ledger:
    """Rows of amounts by name."""
    return {name: _numbers(amounts[i]) for i, name in enumerate(names)}
