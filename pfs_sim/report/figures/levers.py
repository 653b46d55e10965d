"""Pictures of a sweep: lines with error bands, heatmaps with contours, cases as dots."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from pfs_sim.analysis.levers import is_number, name_shortly, write_value
from pfs_sim.analysis.sweep import Sweep
from pfs_sim.metrics.estimates import Estimate
from pfs_sim.metrics.numerals import format_value
from pfs_sim.metrics.summary import Unit
from pfs_sim.metrics.table import find_statistic_unit
from pfs_sim.report.figures.style import (
    BLUE,
    F8,
    GRAY,
    INK,
    Picture,
    count_in_money,
    count_in_percent,
    open_page,
    styled,
    symbol_of,
    write_short,
)
from pfs_sim.report.levers import choose_metrics, say_metric

MOST = 6
BAND = "Bands and bars are 95 % intervals, the same people in every case."


def draw_sweep(sweep: Sweep, asked: Sequence[str] = ()) -> Picture:
    """One picture of a sweep: a panel for each metric, up to six."""
    addresses = choose_metrics(sweep.cases[0].table, asked)[:MOST]
    title = say_sweep(sweep, addresses[0])
    rows = -(-len(addresses) // 2)
    high = max(2.6, 0.3 * len(sweep.cases)) if not sweep.levers else 2.5
    with styled():
        figure = open_page(title, sweep, 1.3 + high * rows, "" if len(sweep.levers) == 2 else BAND)
        wide = min(len(addresses), 2)
        panels = figure.subplots(rows, wide, squeeze=False, sharey=not sweep.levers)
        if len(sweep.levers) == 2:
            figure.subplots_adjust(left=0.1, right=0.92, hspace=0.55, wspace=0.62)
        elif sweep.levers:
            figure.subplots_adjust(hspace=0.55, wspace=0.34)
        else:
            longest = max(len(one.case.name) for one in sweep.cases)
            figure.subplots_adjust(left=min(0.02 + 0.0095 * longest, 0.4), hspace=0.45, wspace=0.1)
        for place, axes in enumerate(panels.flat):
            if place >= len(addresses):
                axes.set_axis_off()
            elif len(sweep.levers) == 2:
                _draw_heat(axes, sweep, addresses[place])
            elif sweep.levers:
                _draw_line(axes, sweep, addresses[place])
            else:
                _draw_dots(axes, sweep, addresses[place])
    words = f"{title}. Panels: {', '.join(say_metric(sweep.cases[0].table, a) for a in addresses)}."
    return Picture("sweep", title, words, figure)


def say_sweep(sweep: Sweep, address: str) -> str:
    """The finding: between which values the first metric lies."""
    values = [one.table.get(address).value for one in sweep.cases]
    defined = [value for value in values if value == value]
    label = say_metric(sweep.cases[0].table, address)
    if not defined:
        return f"{label}: no value in any case"
    low, high = min(defined), max(defined)
    unit, symbol = _unit(sweep, address), symbol_of(sweep)
    if low == high:
        return f"{label}: {_write(low, unit, symbol)} in every case"
    amounts = [_write(value, unit, symbol) for value in (low, high)]
    cases = [sweep.cases[values.index(value)].case for value in (low, high)]
    paths = [lever.path for lever in sweep.levers]
    if not paths:
        return f"{label}: {amounts[0]} under {cases[0].name}, {amounts[1]} under {cases[1].name}"
    where = [" and ".join(_tick(case.sets[path]) for path in paths) for case in cases]
    names = " and ".join(name_shortly(paths))
    return f"{label}: {amounts[0]} at {names} {where[0]}, {amounts[1]} at {where[1]}"


def _unit(sweep: Sweep, address: str) -> Unit:
    table = sweep.cases[0].table
    name, statistic = table.split_address(address)
    return find_statistic_unit(statistic, table[name].unit)


def _write(value: float, unit: Unit, symbol: str) -> str:
    if unit == "money":
        return write_short(value, symbol)
    if unit in ("rate", "probability"):
        return format_value(value, 0.005, unit)
    return f"{value:,.4g}"


def _short(value: float, unit: Unit, symbol: str) -> str:
    """On a contour: whole percents."""
    share = unit in ("rate", "probability")
    return f"{100 * value:.3g}%".replace("-", "−") if share else _write(value, unit, symbol)


def _tick(value: Any) -> str:
    return write_short(float(value), "") if is_number(value) else write_value(value)


def _interval(sweep: Sweep, address: str) -> tuple[F8, F8, F8]:
    """Values and ends of their 95 % intervals, a case each."""
    found = [one.table.get(address) for one in sweep.cases]
    ends = [one.interval() if isinstance(one, Estimate) else one for one in found]
    return (
        np.array([one.value for one in found]),
        np.array([end.low for end in ends]),
        np.array([end.high for end in ends]),
    )


def _count(axis: Any, unit: Unit, symbol: str) -> None:
    if unit == "money":
        count_in_money(axis, symbol)
    elif unit in ("rate", "probability"):
        count_in_percent(axis)


def _draw_line(axes: Axes, sweep: Sweep, address: str) -> None:
    (lever,) = sweep.levers
    values = [one.case.sets[lever.path] for one in sweep.cases]
    y, low, high = _interval(sweep, address)
    finite = np.isfinite(low) & np.isfinite(high)
    if lever.numeric:
        x = np.array([float(value) for value in values])
        order = np.argsort(x)
        axes.fill_between(
            x[order], np.where(finite, low, y)[order], np.where(finite, high, y)[order],
            color=BLUE, alpha=0.22, lw=0,
        )
        axes.plot(x[order], y[order], color=BLUE, lw=1.6, marker="o", ms=3)
        if float(np.max(np.abs(x))) >= 1e4:
            count_in_money(axes.xaxis, "")
    else:  # words have an order, but no distance
        x = np.arange(len(values))
        axes.vlines(x[finite], low[finite], high[finite], color=GRAY, lw=1.4)
        axes.plot(x, y, "o", color=BLUE, ms=4)
        axes.set_xticks(x, [_tick(value) for value in values], fontsize=7.5)
        axes.margins(x=0.15)
    axes.set_title(say_metric(sweep.cases[0].table, address), fontsize=8.5)
    axes.set_xlabel(lever.path, fontsize=8)
    axes.grid(axis="y")
    _count(axes.yaxis, _unit(sweep, address), symbol_of(sweep))


def _draw_heat(axes: Axes, sweep: Sweep, address: str) -> None:
    first, second = sweep.levers
    wide, high = len(second.values), len(first.values)
    z = _interval(sweep, address)[0].reshape(high, wide)
    unit, symbol = _unit(sweep, address), symbol_of(sweep)
    shade = axes.pcolormesh(
        np.arange(wide + 1) - 0.5, np.arange(high + 1) - 0.5, z, cmap="Blues", shading="flat"
    )
    bar = axes.figure.colorbar(shade, ax=axes, fraction=0.05, pad=0.03)
    _count(bar.ax.yaxis, unit, symbol)
    lined = first.numeric and second.numeric and min(wide, high) > 1
    if lined and np.isfinite(z).all() and np.ptp(z) > 0.0:
        lines = axes.contour(
            np.arange(wide), np.arange(high), z, 4, colors=INK, linewidths=0.8,
            linestyles="solid",
        )
        for text in axes.clabel(
            lines, fmt=lambda value: _short(value, unit, symbol), fontsize=7
        ):
            text.set_bbox({"facecolor": "white", "edgecolor": "none", "pad": 0.8, "alpha": 0.85})
    axes.set_xticks(np.arange(wide), [_tick(value) for value in second.values])
    axes.set_yticks(np.arange(high), [_tick(value) for value in first.values])
    if not first.numeric:  # words are long: the margin is not
        axes.tick_params(axis="y", labelrotation=90, labelsize=7.5)
        for text in axes.get_yticklabels():
            text.set_verticalalignment("center")
    axes.set_title(say_metric(sweep.cases[0].table, address), fontsize=8.5)
    axes.set_xlabel(second.path, fontsize=8)
    axes.set_ylabel(first.path, fontsize=8)


def _draw_dots(axes: Axes, sweep: Sweep, address: str) -> None:
    value, low, high = _interval(sweep, address)
    place = np.arange(value.size)[::-1]
    finite = np.isfinite(low) & np.isfinite(high)
    axes.hlines(place[finite], low[finite], high[finite], color=GRAY, lw=1.4)
    axes.plot(value, place, "o", color=BLUE, ms=4)
    axes.axvline(float(value[0]), color=INK, lw=0.8, ls=(0, (4, 2)))
    axes.set_yticks(place, [one.case.name for one in sweep.cases], fontsize=7.5)
    axes.set_title(say_metric(sweep.cases[0].table, address), fontsize=8.5)
    axes.grid(axis="x")
    axes.locator_params(axis="x", nbins=5)
    _count(axes.xaxis, _unit(sweep, address), symbol_of(sweep))
