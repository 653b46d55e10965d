"""What the government pays: how often how much, and how often at least how much."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes

from pfs_sim.metrics.table import MetricTable
from pfs_sim.report.figures.style import (
    BLUE,
    F8,
    GRAY,
    INK,
    RED,
    Picture,
    count_in_money,
    count_in_percent,
    open_page,
    styled,
    symbol_of,
    write_percent,
    write_short,
)
from pfs_sim.results import Results

BINS = 50


def find_cap(results: Results) -> float | None:
    """The most that the contract pays in all."""
    cap = results.resolved.get("contract", {}).get("cap")
    cap = cap.get("value") if isinstance(cap, dict) else cap
    return None if cap is None else float(cap)


def say_payments(results: Results, table: MetricTable) -> str:
    """The finding."""
    paid, symbol = table["payor.payments"], symbol_of(results)
    half = paid.quantiles["0.5"].value
    if np.ptp(results["payor.payments"]) == 0.0:
        return f"Every path pays {write_short(half, symbol)}"
    nothing = paid.p_zero.value if paid.p_zero is not None else 0.0
    if half == 0.0 or nothing >= 0.5:
        said = f"{write_percent(nothing)} of the paths pay nothing"
    else:
        said = f"Half of the paths pay less than {write_short(half, symbol)}"
    at_cap = paid.mass_points.get("cap")
    if at_cap is not None and at_cap.value > 0.0:
        return f"{said}; {write_percent(at_cap.value)} reach the cap"
    if find_cap(results) is not None:
        return f"{said}; none reaches the cap"
    return f"{said}; 1 in 20 pays more than {write_short(paid.quantiles['0.95'].value, symbol)}"


def draw_payments(results: Results, table: MetricTable) -> Picture:
    """Histogram of all payments and, below it, the chance that they reach an amount."""
    paid, cap, symbol = results["payor.payments"], find_cap(results), symbol_of(results)
    title = say_payments(results, table)
    with styled():
        figure = open_page(title, results, 5.4)
        above, below = figure.subplots(2, 1, sharex=True)
        _draw_histogram(above, paid, cap, table, symbol)
        _draw_exceedance(below, paid, cap, symbol)
        below.set_xlabel("outcome payments over the whole contract")
        count_in_money(below.xaxis, symbol)
        low, high = min(0.0, float(paid.min())), max(float(paid.max()), cap or 0.0, 1.0)
        below.set_xlim(low - 0.01 * (high - low), high + 0.03 * (high - low))
    words = (
        f"{title}. Histogram of total outcome payments over {results.paths} paths, and the share "
        "of paths whose payments reach each amount."
    )
    return Picture("payments", title, words, figure)


def _draw_histogram(
    axes: Axes, paid: F8, cap: float | None, table: MetricTable, symbol: str
) -> None:
    edges = _choose_edges(paid, cap)
    shares, _ = np.histogram(paid, edges)
    axes.bar(
        edges[:-1], shares / paid.size, np.diff(edges), align="edge", color=BLUE, lw=0.4,
        edgecolor="white",
    )
    axes.set_title("How often how much")
    axes.set_ylabel("share of paths")
    count_in_percent(axes.yaxis)
    axes.margins(y=0.22)
    _mark(axes, table["payor.payments"].mean.value, "average", INK, symbol)
    if cap is not None:
        _mark(axes, cap, "cap", RED, symbol, left=True)


def _choose_edges(paid: F8, cap: float | None) -> F8:
    """Equal bins; the cap is an edge, so that paths at the cap are not mixed with others."""
    low, high = min(0.0, float(paid.min())), float(paid.max())
    if high <= low:
        high = low + max(1.0, abs(low))
    width = (high - low) / BINS
    if cap is not None and cap > low and high > 0.5 * cap:
        width = (cap - low) / max(round((cap - low) / width), 1)
    return np.asarray(low + width * np.arange(np.floor((high - low) / width) + 2))


def _mark(
    axes: Axes, x: float, name: str, color: str, symbol: str, left: bool = False
) -> None:
    axes.axvline(x, color=color, lw=1.2, ls=(0, (4, 2)))
    axes.annotate(
        f"{name} {write_short(x, symbol)}", (x, 1.0), xycoords=("data", "axes fraction"),
        xytext=(-4 if left else 4, -2), textcoords="offset points", color=color, fontsize=8,
        ha="right" if left else "left", va="top",
    )


def _lean(place: float) -> str:
    """How text stands over a point so that it stays on the page."""
    return "left" if place < 0.6 else "right" if place > 0.92 else "center"


def _draw_exceedance(axes: Axes, paid: F8, cap: float | None, symbol: str) -> None:
    """P(payments ≥ x), a step at every path."""
    ordered = np.sort(paid)
    share = 1.0 - np.arange(ordered.size) / ordered.size
    x = np.concatenate([[min(0.0, ordered[0])], ordered, [ordered[-1]]])
    y = np.concatenate([[1.0], share, [0.0]])
    axes.step(x, y, where="pre", color=BLUE, lw=1.8)
    if cap is not None:
        axes.axvline(cap, color=RED, lw=1.2, ls=(0, (4, 2)))
    for level, name, height in ((0.5, "1 in 2", 8), (0.1, "1 in 10", 44), (0.05, "1 in 20", 26)):
        at = float(np.quantile(paid, 1.0 - level, method="inverted_cdf"))
        if np.mean(paid >= at) > 1.2 * level:  # it would stand on a jump, and mean another share
            continue
        axes.plot([at], [level], "o", color=INK, ms=4, zorder=3)
        axes.annotate(
            f"{name}: {write_short(at, symbol)} or more", (at, level), xytext=(0, height),
            textcoords="offset points", fontsize=7.5, color=INK, va="bottom",
            ha=_lean((at - x[0]) / (max(x[-1], cap or x[-1]) - x[0] or 1.0)),
            arrowprops={"arrowstyle": "-", "color": GRAY, "lw": 0.6, "shrinkA": 0, "shrinkB": 2},
            bbox={"facecolor": "white", "alpha": 0.85, "linewidth": 0, "pad": 1.0},
        )
    axes.set_title("How often at least so much")
    axes.set_ylabel("share of paths")
    axes.set_ylim(0.0, 1.04)
    axes.grid(axis="y")
    count_in_percent(axes.yaxis)
