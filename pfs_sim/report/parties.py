"""Which metrics belong to whom, in the order in which a reader looks for them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from pfs_sim.metrics.table import MetricTable
from pfs_sim.report.cells import Row, write_row
from pfs_sim.report.termsheet.words import percent

HOLDER = {
    "drawn": "Invested",
    "returned": "Returned",
    "irr": "IRR, annual",
    "moic": "Returned per unit invested",
    "principal_loss": "Loss of principal",
    "npv": "NPV at the hurdle",
    "wal": "Average life of principal",
}
OUTCOME = {
    "effect_true": "True effect, per client",
    "effect_measured": "Measured effect, per client, without trend and bias",
    "averted": "Units averted or gained",
    "measured": "Treated clients measured",
}
GOVERNMENT = ("cut", "lost", "residual", "savings", "savings_cashable", "net_benefit",
              "net_benefit_pv")
# Shown even where they are nothing on every path: their absence would be a question.
ALWAYS = {"payor.payments", "program.enrolled", "program.completed"}

Lines = list[tuple[str, str | None]]
"""Metric and what to call it here; None: by its own label."""


@dataclass(frozen=True)
class Section:
    """The metrics of one party."""

    title: str
    rows: tuple[Row, ...]


def name_entries(resolved: Mapping[str, Any], *place: str) -> dict[str, str]:
    """The entries of a named map of the scenario, with the labels by which readers know them."""
    found: Any = resolved
    for key in place:
        found = found.get(key) or {}
    return {name: str(entry.get("label") or name) for name, entry in found.items()}


def list_lines(table: MetricTable, resolved: Mapping[str, Any]) -> dict[str, Lines]:
    """Section title → its metrics, whether or not they exist in the table."""
    terms = name_entries(resolved, "contract", "terms")
    payors = name_entries(resolved, "contract", "payors")
    holders = name_entries(resolved, "capital", "tranches")
    guarantees = name_entries(resolved, "capital", "guarantees")
    parts = HOLDER | {"npv": name_npv(resolved)}
    paid = "payor.payments"
    government: Lines = [(paid, None), (f"{paid}_pv", "Their present value")]
    if len(terms) > 1:
        government += [(f"{paid}.{name}", f"  {label}") for name, label in terms.items()]
    if len(payors) > 1:
        government += [(f"payor.{name}.payments", f"  by {of}") for name, of in payors.items()]
    government += [(f"payor.{name}", None) for name in GOVERNMENT]
    sections: dict[str, Lines] = {"Government": government}
    sections["Government, payments by fiscal year"] = [
        (name, f"Fiscal {name.removeprefix(paid + '.fy')}")
        for name in table
        if name.startswith(f"{paid}.fy") and name.removeprefix(f"{paid}.fy").isdigit()
    ]
    for name, label in holders.items():
        title = _unused(f"Investor: {label}", name, sections)
        sections[title] = [(f"tranche.{name}.{part}", said) for part, said in parts.items()]
    if len(holders) > 1:
        sections["All investors together"] = [
            (f"investors.{part}", said) for part, said in parts.items()
        ]
    if guarantees:
        sections["Guarantor"] = [
            (f"guarantor.{name}.paid", f"Paid by {label}") for name, label in guarantees.items()
        ]
        if len(guarantees) > 1:
            sections["Guarantor"].append(("guarantor.paid", "Paid in all"))
    sections["Program"] = [(name, None) for name in table if name.startswith("program.")]
    for name, label in name_entries(resolved, "outcomes").items():
        title = _unused(f"Outcome: {label}", name, sections)
        sections[title] = [(f"outcome.{name}.{part}", said) for part, said in OUTCOME.items()]
    sections["Measures at the last evaluation"] = [
        (f"measure.{name}", name) for name in name_entries(resolved, "evaluation", "measures")
    ]
    sections["Provider and intermediary"] = [
        ("provider.received", None), ("intermediary.received", None)
    ]
    return sections


def name_npv(*resolved: Mapping[str, Any]) -> str:
    """What the investors' NPV is called: by its hurdle, where all deals have the same."""
    rates = set()
    for one in resolved:
        hurdle = (one.get("capital") or {}).get("hurdle", 0.0)
        rates.add(float(hurdle["value"] if isinstance(hurdle, dict) else hurdle))
    if len(rates) != 1:
        return "NPV, each at its own hurdle"
    rate = rates.pop()
    return "Profit (no hurdle: NPV at 0%)" if rate == 0.0 else f"NPV at the hurdle, {percent(rate)}"


def _unused(title: str, name: str, sections: Mapping[str, Lines]) -> str:
    """A title that no other section has, by the name of the entry where two share a label."""
    while title in sections:
        title += f" ({name})"
    return title


def is_idle(table: MetricTable, name: str) -> bool:
    """Whether a metric is zero on every path, or has a value on none."""
    summary = table[name]
    if summary.n_undefined == summary.n:
        return True
    return summary.mean.value == 0.0 and all(q.value == 0.0 for q in summary.quantiles.values())


def find_sections(table: MetricTable, resolved: Mapping[str, Any]) -> list[Section]:
    """The table by party; metrics that are nothing on every path are left out."""
    currency = str(resolved.get("currency", "USD"))
    found = []
    for title, lines in list_lines(table, resolved).items():
        rows = []
        for name, label in lines:
            if name in table and (name in ALWAYS or not is_idle(table, name)):
                row = write_row(name, table[name], currency)
                rows.append(row if label is None else replace(row, label=label))
        if rows:
            found.append(Section(title, tuple(rows)))
    return found
