"""The picture of a solution: the metric over the range of the lever, its target, the answer."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from pfs_sim.analysis.solve import Solution
from pfs_sim.metrics.numerals import format_value
from pfs_sim.report.figures.style import (
    BLUE,
    GREEN,
    INK,
    RED,
    Picture,
    Signature,
    count_in_money,
    count_in_percent,
    open_page,
    styled,
    symbol_of,
    write_short,
)
from pfs_sim.report.levers import say_solution


def draw_solution(found: Solution, resolved: Mapping[str, Any]) -> Picture:
    """The scan with its 95 % band, the target as a line, the answer with its interval."""
    signed = Signature(found.paths, dict(resolved), {"seed": found.seed})
    symbol = symbol_of(signed)
    title = _say(found, str(resolved.get("currency", "USD")), symbol)
    seen = [*found.scan]
    if found.kind == "found" and all(one.x != found.value for one in seen):
        seen.append(type(seen[0])(found.value, found.metric))
    seen = sorted((one for one in seen if math.isfinite(one.metric.value)), key=lambda one: one.x)
    with styled():
        figure = open_page(
            title, signed, 3.9,
            "Band: 95 % interval of the metric, the same people at every value. Dots: values tried "
            "in the scan, and the answer.",
        )
        figure.subplots_adjust(bottom=figure.subplotpars.bottom + 0.05, left=0.11)
        axes = figure.subplots()
        x = np.array([one.x for one in seen])
        ends = [one.metric.interval() for one in seen]
        axes.fill_between(
            x, [end.low for end in ends], [end.high for end in ends], color=BLUE, alpha=0.22, lw=0
        )
        axes.plot(x, [one.metric.value for one in seen], color=BLUE, lw=1.6, marker="o", ms=3.5)
        axes.axhline(found.target, color=RED, lw=1.2, ls=(0, (4, 2)))
        target = _write(found.target, found.unit, symbol)
        axes.annotate(
            f"target {target}", (1.0, found.target), xycoords=("axes fraction", "data"),
            xytext=(-2, 4), textcoords="offset points", color=RED, fontsize=8, ha="right",
        )
        if found.kind in ("found", "jump"):
            _mark_answer(axes, found)
        axes.set_xlabel(found.path)
        axes.set_title(found.address)
        axes.grid(axis="y")
        axes.margins(y=0.14)
        axes.set_xlim(found.low, found.high)
        if found.unit == "money":
            count_in_money(axes.yaxis, symbol)
        elif found.unit in ("rate", "probability"):
            count_in_percent(axes.yaxis)
        if max(abs(found.low), abs(found.high)) >= 1e4:
            count_in_money(axes.xaxis, "")
    words = f"{title}. {found.address} at {len(found.scan)} values of {found.path}."
    return Picture("solve", title, words, figure)


def _say(found: Solution, currency: str, symbol: str) -> str:
    """The finding, short enough for a title."""
    if found.kind != "none":
        return say_solution(found, currency).split(" (±")[0].split("; narrow")[0]
    values = [one.metric.value for one in found.scan if math.isfinite(one.metric.value)]
    said = f"No {found.path} from {_round(found.low)} to {_round(found.high)} gives "
    said += f"{found.address} = {_write(found.target, found.unit, symbol)}"
    if not values:
        return said
    low, high = (_write(end, found.unit, symbol) for end in (min(values), max(values)))
    return f"{said}: it is {low} to {high} there"


def _mark_answer(axes: Any, found: Solution) -> None:
    interval = found.interval
    if found.kind == "found" and math.isfinite(interval.low) and interval.high > interval.low:
        low, high = max(interval.low, found.low), min(interval.high, found.high)
        axes.axvspan(low, high, color=GREEN, alpha=0.22, lw=0)
    axes.axvline(found.value, color=GREEN, lw=1.4)
    said = f"answer {format_value(found.value, found.se, 'number')}"
    if found.kind == "jump":
        said = f"jumps at {_round(found.value)}"
    elif math.isfinite(interval.low) and interval.high > interval.low:
        ends = (format_value(end, found.se, "number") for end in (interval.low, interval.high))
        said += f"\n95 %: {' to '.join(ends)}"
    right = found.value > 0.5 * (found.low + found.high)
    known = [one.metric.value for one in found.scan if math.isfinite(one.metric.value)]
    # Where the curve has left room: below it beside a rising end, above it beside a falling one.
    above = known[0 if right else -1] < found.target
    axes.annotate(
        said, (found.value, 0.97 if above else 0.02), xycoords=("data", "axes fraction"),
        xytext=(-6 if right else 6, -2 if above else 2), textcoords="offset points", color=INK,
        fontsize=8, ha="right" if right else "left", va="top" if above else "bottom",
        bbox={"facecolor": "white", "alpha": 0.85, "linewidth": 0, "pad": 1.0},
    )


def _round(value: float) -> str:
    return write_short(value, "") if abs(value) >= 1e4 else f"{value:,.4g}"


def _write(value: float, unit: str, symbol: str) -> str:
    if unit == "money":
        return write_short(value, symbol)
    return f"{100 * value:.3g}%" if unit in ("rate", "probability") else f"{value:,.4g}"
