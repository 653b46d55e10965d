"""A metric as text: each number with its error and with the digits that the error justifies."""

from __future__ import annotations

import math
from dataclasses import dataclass

from pfs_sim.metrics.estimates import Estimate, Interval, find_critical_value
from pfs_sim.metrics.moments import find_wilson_interval
from pfs_sim.metrics.numerals import digits, format_rate, format_value
from pfs_sim.metrics.summary import Summary, Unit

QUANTILES = ("0.05", "0.5", "0.95")
HEADINGS = ("expected", "1 in 20 below", "median", "1 in 20 above")


@dataclass(frozen=True)
class Cell:
    """A number and its standard error; the error is empty where none applies."""

    text: str
    error: str = ""


EMPTY = Cell("")


@dataclass(frozen=True)
class Row:
    """A metric: its name, what it is, four numbers and the chances that go with it."""

    metric: str
    label: str
    cells: tuple[Cell, ...]
    chances: tuple[Cell, ...]


# What no reader of a page needs, however many paths: two places beyond these errors are written.
COARSEST: dict[Unit, float] = {
    "money": 10.0,
    "rate": 0.001,
    "probability": 0.01,
    "ratio": 0.1,
    "years": 0.1,
    "count": 1.0,
    "number": 0.0,
}


def write_cell(
    found: Estimate | Interval, unit: Unit, currency: str, scale: float | None = None
) -> Cell:
    """A statistic with its error: the digits that the error justifies, and no more than help.

    `scale` is the size of the numbers in the same row, for a quantity without a unit.
    """
    if math.isnan(found.value):
        return Cell("–")
    least = COARSEST[unit] or 0.05 * (scale or abs(found.value))
    error = 0.0 if found.error <= 1e-9 * abs(found.value) else found.error
    shown = max(error, least) if math.isfinite(error) else error
    text = format_value(found.value, shown or None, unit, currency=currency)
    if unit in ("rate", "probability"):
        text = text.replace("-0.00%", "0.00%")
    return Cell(_bound(text, found.value, unit), write_error(error, least, unit))


def _bound(text: str, value: float, unit: Unit) -> str:
    """Never 0% or 100% for what may happen or not."""
    if unit == "probability" and text == "0.0%" and value > 0.0:
        return "<0.1%"
    return ">99.9%" if unit == "probability" and text == "100.0%" and value < 1.0 else text


def write_error(error: float, least: float, unit: Unit) -> str:
    """"±21,000", "±0.12%"; empty for none, "±?" where it is not known."""
    if error == 0.0:
        return ""
    if not math.isfinite(error):
        return "±?"
    if unit == "number":
        return f"±{digits(error, error)}"
    finest = least / 10.0
    if error < finest:
        size = format_rate(finest, None) if unit in ("rate", "probability") else f"{finest:,.6g}"
        return f"±<{size}"
    shown = max(error, least)
    size = format_rate(error, shown) if unit in ("rate", "probability") else digits(error, shown)
    return f"±{size}"


def write_chance(words: str, found: Interval) -> Cell:
    """A probability after its words: "loss on 12.3%"."""
    cell = write_cell(found, "probability", "")
    return Cell(f"{words} {cell.text}", cell.error)


def write_row(name: str, summary: Summary, currency: str) -> Row:
    """A metric as a row. A mean IRR never stands alone, so it does not stand here at all."""
    unit = summary.unit
    if name.endswith((".stopped", ".stop_by_shortfall")):
        found = write_cell(summary.mean, "probability", currency)
        return Row(name, summary.label, (), (Cell(f"on {found.text}", found.error),))
    if summary.sd.value == 0.0 and summary.n > 1 and not summary.n_undefined:
        certain = write_cell(Estimate(summary.mean.value, 0.0), unit, currency)
        return Row(name, summary.label, (certain,), (Cell("the same on every path"),))
    shown = [summary.quantiles[q] for q in QUANTILES]
    size = max((abs(q.value) for q in shown if math.isfinite(q.value)), default=0.0)
    mean = EMPTY if unit == "rate" else write_cell(summary.mean, unit, currency, size)
    ranked = [write_cell(found, unit, currency, size) for found in shown]
    return Row(name, summary.label, (mean, *ranked), tuple(list_chances(name, summary)))


def list_chances(name: str, summary: Summary) -> list[Cell]:
    """What can happen to a metric, with its probability; what never did is left out."""
    words: list[tuple[str, Interval | None]] = [
        ("-100% on", summary.mass_points.get("total_loss")),
        ("below 0 on" if name.endswith(".irr") else "loss on", summary.p_loss),
        ("at the cap on", summary.mass_points.get("cap")),
        ("below 0 on", summary.p_negative),
    ]
    if summary.p_loss is None and summary.p_zero is not None and summary.p_zero.value < 1.0:
        words.append(("0 on", summary.p_zero))
    happened = [(said, share) for said, share in words if share is not None and share.value > 0.0]
    if happened and summary.n_undefined and name.endswith(".irr"):
        # Chances are of the paths that have a value; where some have none, that is said first.
        happened[0] = (f"where there is one, {happened[0][0]}", happened[0][1])
    found = [write_chance(said, share) for said, share in happened]
    if summary.n_undefined:
        share = find_wilson_interval(summary.n_undefined, summary.n, find_critical_value())
        found.append(write_chance("no value on", share))
    return found
