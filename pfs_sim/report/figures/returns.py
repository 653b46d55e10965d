"""What each investor earns: the IRR of every tranche, with those who lose everything apart."""

from __future__ import annotations

from textwrap import shorten

import numpy as np
from matplotlib.axes import Axes

from pfs_sim.metrics.table import MetricTable
from pfs_sim.report.figures.style import (
    BLUE,
    F8,
    GRAY,
    INK,
    ORANGE,
    RED,
    Picture,
    count_in_percent,
    open_page,
    styled,
    write_percent,
)
from pfs_sim.report.parties import name_entries
from pfs_sim.results import Results

BINS = 60
FLOOR = 0.01
"""Paths in the worst tail beyond which the axis does not reach; they are counted at its edge."""


def list_investors(results: Results) -> dict[str, str]:
    """Those whose IRR is defined on some path: column → name; all together last."""
    found = {
        f"tranche.{name}": label
        for name, label in name_entries(results.resolved, "capital", "tranches").items()
    }
    if len(found) > 1:
        found["investors"] = "All investors together"
    return {
        column: label
        for column, label in found.items()
        if np.isfinite(results[f"{column}.irr"]).any()
    }


def say_irrs(table: MetricTable) -> str:
    """The finding: the median, and how often investors lose."""
    half = table["investors.irr"].quantiles["0.5"].value
    said = f"The investors' median IRR is {_write_rate(half)}"
    loss = table["investors.principal_loss"].p_loss
    if loss is None or loss.value == 0.0:
        return f"{said}; they lose principal on no path"
    return f"{said}; they lose principal on {write_percent(loss.value)} of the paths"


def _write_rate(rate: float) -> str:
    return f"{100 * rate:.1f}%".replace("-", "−").replace("−0.0%", "0.0%")


def draw_returns(results: Results, table: MetricTable) -> Picture:
    """One histogram for each tranche, on one scale of rates."""
    investors = list_investors(results)
    title = say_irrs(table)
    low, high = _choose_range([results[f"{column}.irr"] for column in investors])
    with styled():
        figure = open_page(
            title, results, 1.7 + 1.25 * len(investors),
            "IRR: effective annual rate; dashed: median. The bars on the left stand apart: all "
            "lost, and returns too low for the axis.",
        )
        rows = figure.subplots(len(investors), 1, sharex=True, squeeze=False)[:, 0]
        for axes, (column, label) in zip(rows, investors.items(), strict=True):
            _draw_one(axes, results[f"{column}.irr"], label, low, high)
            loss = table[f"{column}.principal_loss"].p_loss
            if loss is not None:
                axes.set_title(
                    f"loses principal on {write_percent(loss.value)} of paths", loc="right",
                    fontsize=8, color=RED if loss.value > 0 else GRAY,
                )
        rows[-1].set_xlabel("IRR, a year")
        step = (high - low) / BINS
        rows[-1].set_xlim(low - 13 * step, high + step)
        count_in_percent(rows[-1].xaxis)
        rows[-1].set_xticks([x for x in rows[-1].get_xticks() if low <= x <= high])
    words = f"{title}. Histograms of the IRR of {', '.join(investors.values())}."
    return Picture("returns", title, words, figure)


def _choose_range(rates: list[F8]) -> tuple[float, float]:
    """From the worst hundredth of what is not a total loss to the best, on all tranches."""
    seen = [x[np.isfinite(x) & (x > -1.0)] for x in rates]
    seen = [x for x in seen if x.size]
    if not seen:
        return -1.0, 0.0
    low = min(float(np.quantile(x, FLOOR)) for x in seen)
    low = max(min(low, -0.02), -0.6)
    high = max(float(np.quantile(x, 0.999)) for x in seen)
    high = max(high, 0.02)
    # One bin more: whoever earns the most that a contract allows is not drawn at the edge.
    return low, high + (high - low) / BINS


def _draw_one(axes: Axes, rates: F8, label: str, low: float, high: float) -> None:
    rates = rates[np.isfinite(rates)]
    step = (high - low) / BINS
    inside = np.clip(rates[rates >= low], low, high)
    shares = np.histogram(inside, BINS, (low, high))[0] / rates.size
    edges = low + step * np.arange(BINS)
    axes.bar(edges, shares, step, align="edge", color=BLUE, lw=0.4, edgecolor="white")
    lost = float(np.mean(rates == -1.0))
    worse = float(np.mean((rates > -1.0) & (rates < low)))
    for place, share, color, name in (
        (-10.5, lost, RED, "nothing back"), (-4.5, worse, ORANGE, f"below {_write_rate(low)}"),
    ):
        axes.bar(low + place * step, share, 2.4 * step, color=color)
        if share > 0.0:
            axes.annotate(
                f"{name}\n{write_percent(share)}", (low + place * step, share), xytext=(0, 2),
                textcoords="offset points", ha="center", va="bottom", fontsize=7.5, color=color,
            )
    half = float(np.quantile(rates, 0.5, method="inverted_cdf"))
    if half >= low:
        axes.axvline(half, color=INK, lw=1.2, ls=(0, (4, 2)))
    axes.axvline(0.0, color=GRAY, lw=0.8)
    axes.set_title(f"{shorten(label, 48, placeholder=' …')}: median {_write_rate(half)}")
    axes.set_ylim(0.0, max(float(shares.max()), lost, worse) * 1.35 or 1.0)
    count_in_percent(axes.yaxis)
    axes.locator_params(axis="y", nbins=3)
