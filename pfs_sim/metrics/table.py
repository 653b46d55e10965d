"""The one table of metrics that console, JSON, CSV and HTML read, so that they cannot disagree."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Self

from pfs_sim.errors import InputError
from pfs_sim.metrics.estimates import Estimate, Interval
from pfs_sim.metrics.summary import Summary, Unit

CSV_HEADER = (
    "metric",
    "statistic",
    "value",
    "se",
    "low",
    "high",
    "unit",
    "n",
    "n_undefined",
    "label",
)
Cell = str | int | float | None


def suggest_names(asked: str, known: list[str]) -> str:
    """The nearest known names, as the end of a message."""
    near = difflib.get_close_matches(asked, known, n=3, cutoff=0.6)
    if not near:
        near = [name for name in known if name.startswith(asked.split(".")[0] + ".")][:3]
    if near:
        return "nearest known: " + ", ".join(near)
    if known:
        return "known: " + ", ".join(known[:8]) + (", ..." if len(known) > 8 else "")
    return "none is known"


def find_statistic_unit(statistic: str, unit: Unit) -> Unit:
    """The unit of one statistic of a quantity: probabilities and shares have their own."""
    return "probability" if statistic.startswith(("p_", "at.")) else unit


def split_address(address: str, names: Iterable[str]) -> tuple[str, str]:
    """A dotted address as (metric, statistic); the longest of the metrics' names that fits wins.

    The statistic is not checked. `median` reads as q0.5. InputError where no name fits.
    """
    parts, known = address.split("."), list(names)
    for cut in range(len(parts), 0, -1):
        name = ".".join(parts[:cut])
        if name in known:
            statistic = ".".join(parts[cut:])
            return name, "q0.5" if statistic == "median" else statistic
    near = suggest_names(address, [f"{name}.mean" for name in known])
    raise InputError(f"{address}: no such metric; {near}")


class MetricTable:
    """Summaries by dotted name, in the order in which they were put in.

    `table["payor.payments"].mean.value` reads a summary; `table.get("payor.payments.mean")` and
    `table.get("tranche.senior.irr.q0.5")` read one statistic.
    """

    def __init__(self, summaries: Mapping[str, Summary] | None = None) -> None:
        self._summaries: dict[str, Summary] = dict(summaries or {})

    def __setitem__(self, name: str, summary: Summary) -> None:
        if name in self._summaries:
            raise InputError(f"{name}: this metric is in the table already")
        self._summaries[name] = summary

    def __getitem__(self, name: str) -> Summary:
        if name not in self._summaries:
            raise InputError(f"{name}: no such metric; {suggest_names(name, self.names)}")
        return self._summaries[name]

    def __contains__(self, name: object) -> bool:
        return name in self._summaries

    def __iter__(self) -> Iterator[str]:
        return iter(self._summaries)

    def __len__(self) -> int:
        return len(self._summaries)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, MetricTable) and self.to_json() == other.to_json()

    __hash__ = None  # type: ignore[assignment]

    @property
    def names(self) -> list[str]:
        return list(self._summaries)

    def items(self) -> list[tuple[str, Summary]]:
        return list(self._summaries.items())

    def split_address(self, address: str) -> tuple[str, str]:
        """A dotted address as (metric, statistic): see the function of this name."""
        return split_address(address, self._summaries)

    def get(self, address: str) -> Estimate | Interval:
        """One statistic: `<metric>.mean`, `.sd`, `.q0.05`, `.median`, `.p_zero`, `.p_loss`,
        `.p_negative`, `.es0.95`, `.loss_given_loss`, `.at.<point>`, `.status.<name>`, `.n`,
        `.n_undefined` (counts have no error). InputError names the nearest that exist.
        """
        name, statistic = self.split_address(address)
        summary = self._summaries[name]
        counts = {"n": summary.n, "n_undefined": summary.n_undefined}
        counts |= {f"status.{status}": count for status, count in summary.statuses.items()}
        if statistic in counts:
            return Estimate(float(counts[statistic]), 0.0)
        known = summary.list_statistics()
        if statistic in known:
            return known[statistic]
        if not statistic:
            said = f"{name} is a metric; say which statistic of it"
            raise InputError(f"{said}: {', '.join(known)}")
        near = suggest_names(statistic, [*known, *counts])
        raise InputError(f"{address}: {name} has no statistic {statistic!r}; {near}")

    def to_json(self) -> dict[str, Any]:
        return {name: summary.to_json() for name, summary in self._summaries.items()}

    @classmethod
    def from_json(cls, found: Mapping[str, Any]) -> Self:
        return cls({name: Summary.from_json(summary) for name, summary in found.items()})

    def to_csv_rows(self) -> list[tuple[Cell, ...]]:
        """A header and one row for each statistic; cells that do not apply are None."""
        rows: list[tuple[Cell, ...]] = [CSV_HEADER]
        for name, summary in self._summaries.items():
            tail = (summary.n, summary.n_undefined, summary.label)
            for statistic, found in summary.list_statistics().items():
                cells = found.to_json()
                finite = [cells.get(column) for column in CSV_HEADER[2:6]]
                unit = find_statistic_unit(statistic, summary.unit)
                rows.append((name, statistic, *finite, unit, *tail))
            for status, count in summary.statuses.items():
                row = (name, f"status.{status}", count, None, None, None, "count", *tail)
                rows.append(row)
        return rows
