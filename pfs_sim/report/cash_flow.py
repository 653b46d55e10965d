"""The base case as text: its results, and its cash by grid point as a term sheet shows it."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from typing import Any

from pfs_sim.metrics.numerals import format_value
from pfs_sim.metrics.summary import Unit

Column = tuple[str, list[str]]
LEAST = {"money": 0.5, "count": 0.05}
"""What is written as a dash."""
RESULTS = (
    "payor.payments", "payor.savings", "payor.net_benefit", "investors.irr", "investors.moic",
    "investors.principal_loss", "guarantor.paid", "program.cost", "program.referred",
    "program.enrolled", "program.control", "program.completed", "provider.received",
)
_UNITS: dict[str, Unit] = {
    "money": "money", "rate": "rate", "count": "count", "ratio": "ratio", "years": "years",
    "flag": "number", "fraction": "probability", "measure": "number", "period": "number",
}


@dataclass(frozen=True)
class Page:
    """A titled table: what its rows are called, its columns, a note below it."""

    title: str
    keys: Column
    columns: list[Column]
    note: str = ""


def write_amount(amount: float | None, unit: str = "money") -> str:
    """Whole units of money, tenths of people; a dash for nothing, as in a ledger."""
    if amount is None:
        return ""
    if abs(amount) < LEAST[unit]:
        return "–"
    return f"{amount:,.1f}" if unit == "count" else f"{amount:,.0f}"


def list_results(document: dict[str, Any]) -> tuple[list[str], list[str]]:
    """Labels and values of the base case, in the order of the parties."""
    labels, values = [], []
    for name, found in document["metrics"].items():
        asked = name in RESULTS or name.endswith((".irr", ".moic")) or ".effect_" in name
        if not asked or not found["value"]:
            continue
        unit, value = _UNITS[found["unit"]], found["value"]
        # Money that comes back to the cent can have an IRR of -1e-17.
        value = 0.0 if abs(value) < 1e-9 else value
        # Three figures: a base case has no error, and more would pretend to one.
        error = abs(value) / 300.0 if unit != "money" else 5.0
        labels.append(found["label"])
        values.append(
            format_value(value, error or None, unit, currency=document["currency"])
        )
    return labels, values


def cash_flow_pages(document: dict[str, Any]) -> list[Page]:
    """A page for each group of lines: the dates on which something moves, and the totals."""
    pages = []
    for title, members in groupby(document["cash_flow"], key=lambda line: str(line["group"])):
        lines = list(members)
        busy = [
            t
            for t in range(len(document["dates"]))
            if any(abs(line["amounts"][t]) >= LEAST[line["unit"]] for line in lines)
        ]
        keys = [document["dates"][t] for t in busy]
        totals = any(line["total"] is not None for line in lines)
        columns = []
        for line in lines:
            cells = [write_amount(line["amounts"][t], line["unit"]) for t in busy]
            total = [write_amount(line["total"], line["unit"])] if totals else []
            columns.append((line["label"], [*cells, *total]))
        pages.append(Page(title, ("date", [*keys, "total"] if totals else keys), columns))
    return pages
