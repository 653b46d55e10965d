"""The base case: the deal at its means, its cash by period as a term sheet shows it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from pfs_sim.analysis.lived import Lived
from pfs_sim.analysis.trace import find_imbalance
from pfs_sim.tables.state import TREATED

Array = npt.NDArray[np.float64]

NOT_AN_EXPECTATION = (
    "Base case: every quantity at its mean, people in fractions, no chance. It is not an "
    "expectation: with caps, thresholds and limited liability the average over paths differs."
)


@dataclass(frozen=True)
class Line:
    """A line of the cash-flow table: an amount for each grid point."""

    group: str
    label: str
    amounts: Array
    unit: str = "money"
    adds_up: bool = True  # a balance or a head count of the moment has no total


def list_cash_flow(lived: Lived) -> list[Line]:
    """People, uses, sources, distributions and cash held of a path, by grid point."""
    scenario, cash = lived.scenario, lived.cash
    lines = _list_people(lived)
    names = [*scenario.capital.costs, "Wind-down"]
    lines += [Line("Uses", name, cash.uses[u]) for u, name in enumerate(names)]
    lines.append(Line("Uses", "Unfunded", cash.unfunded))
    tranches = {name: t.label or name for name, t in scenario.capital.tranches.items()}
    lines.append(Line("Sources", "Grants", cash.grants))
    for i, label in enumerate(tranches.values()):
        lines.append(Line("Sources", f"Drawn: {label}", cash.draw[i] + cash.call[i]))
    for j, (name, term) in enumerate(scenario.contract.terms.items()):
        lines.append(Line("Outcome payments", term.label or name, cash.paid[j]))
    for i, label in enumerate(tranches.values()):
        for part, amounts in (
            ("interest", cash.interest),
            ("principal", cash.principal),
            ("return", cash.extra),
            ("guarantee", cash.guarantee),
        ):
            lines.append(Line("Distributed", f"{label}: {part}", amounts[i]))
    for party, name in enumerate(("Payor", "Provider", "Intermediary")):
        lines.append(Line("Distributed", name, cash.party[party]))
    held = cash.till + cash.pool.sum(axis=0)
    lines.append(Line("Balances", "Cash held", held, adds_up=False))
    for i, label in enumerate(tranches.values()):
        lines.append(Line("Balances", f"Owed: {label}", cash.balance[i], adds_up=False))
    return [line for line in lines if line.group == "People" or np.any(line.amounts != 0.0)]


def _list_people(lived: Lived) -> list[Line]:
    people, grid = lived.people, lived.scenario.clock.periods + 1

    def pad(values: Array) -> Array:
        return np.concatenate([values, np.zeros(grid - values.size)])

    return [
        Line("People", "Enrolled", pad(people.enrolled[TREATED]), "count"),
        Line("People", "In service", pad(people.active), "count", adds_up=False),
        Line("People", "Completed", pad(people.completed), "count"),
    ]


def write_base_case(lived: Lived) -> dict[str, Any]:
    """The base case as plain data: the table, and every metric of the one course."""
    scenario = lived.scenario
    grid = range(scenario.clock.periods + 1)
    return {
        "schema": 1,
        "kind": "base_case",
        "note": NOT_AN_EXPECTATION,
        "scenario": scenario.name,
        "currency": scenario.currency,
        "dates": [scenario.clock.date(t).isoformat() for t in grid],
        "cash_flow": [
            {
                "group": line.group,
                "label": line.label,
                "unit": line.unit,
                "amounts": line.amounts.tolist(),
                "total": float(line.amounts.sum()) if line.adds_up else None,
            }
            for line in list_cash_flow(lived)
        ],
        "unexplained": float(np.max(np.abs(find_imbalance(lived)))),
        "metrics": {
            column.name: {
                "label": column.label,
                "unit": column.unit,
                "value": value if np.isfinite(value) else None,
            }
            for column, value in zip(lived.compiled.columns, lived.values.values(), strict=True)
            if column.unit != "status"
        },
    }
