"""The picture of a frontier: where all can sign, and which condition stands in the way elsewhere.

Over one lever a panel for each condition, over two a map whose colors say what fails.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Patch, Rectangle

from pfs_sim.analysis.frontier import PAYOR, Condition, Frontier, Point
from pfs_sim.report.figures.style import (
    BLUE,
    GRAY,
    GREEN,
    INK,
    ORANGE,
    PURPLE,
    RED,
    SKY,
    Picture,
    count_in_money,
    count_in_percent,
    open_page,
    styled,
    symbol_of,
    write_percent,
    write_short,
)
from pfs_sim.report.levers import say_frontier

FAILING = (RED, PURPLE, ORANGE, SKY, BLUE, "#8C6D31", "#F0E442")
"""A color for each condition; where several fail, a point has a stripe of each."""
OPEN, UNSURE = GREEN, "#8FD0BB"
FAINT = 0.7


def draw_frontier(found: Frontier) -> Picture:
    """Where all can sign over one or two levers."""
    said = say_frontier(found).rstrip(".")
    title = said.partition(": without that")[0].partition("; or ")[0]
    if found.open:
        title = said.partition(": ")[0]
        if len(found.levers) == 1:
            values = [point.sets[found.levers[0].path] for point in found.open]
            title += f": {found.levers[0].path} {_tick(min(values))} to {_tick(max(values))}"
    with styled():
        figure = _draw_map(found, title) if len(found.levers) == 2 else _draw_lines(found, title)
    words = f"{title}. Levers: {', '.join(lever.path for lever in found.levers)}. Conditions: "
    words += "; ".join(_say_condition(one) for one in found.conditions) + "."
    return Picture("frontier", title, words, figure)


def _say_condition(one: Condition) -> str:
    label = one.label[0].upper() + one.label[1:]
    if one.name == PAYOR:
        return f"{label} above 0"
    return f"{label}, {'at least' if one.at_least else 'at most'} {write_percent(one.limit)}"


def _color(place: int) -> str:
    return FAILING[place % len(FAILING)]


def _judge(found: Frontier, point: Point) -> tuple[list[str], list[str]]:
    """The colors of a point, and the numbers of the conditions that fail there."""
    failing = found.failing(point)
    places = [i for i, one in enumerate(found.conditions) if one.name in failing]
    if not places:
        return [OPEN if found.is_sure(point) else UNSURE], []
    return [_color(place) for place in places], [str(place + 1) for place in places]


def _draw_map(found: Frontier, title: str) -> Any:
    first, second = found.levers
    rows, columns = len(first.values), len(second.values)
    legend = _list_legend(found)
    below = 0.2 * len(legend) + 1.05
    height = 0.9 + min(max(0.34 * rows, 1.8), 5.0) + below
    figure = open_page(
        title, found, height,
        "Numbers and stripes: the conditions that fail there. The same people at every point.",
    )
    figure.subplots_adjust(left=0.13, bottom=below / height)
    axes = figure.subplots()
    for place, point in enumerate(found.points):
        y, x = divmod(place, columns)
        colors, said = _judge(found, point)
        for stripe, color in enumerate(colors):
            width = 1.0 / len(colors)
            cell = (x - 0.5 + stripe * width, y - 0.5)
            shade = 1.0 if not said else FAINT
            axes.add_patch(Rectangle(cell, width, 1.0, facecolor=color, alpha=shade, lw=0))
            if said and columns <= 12 and rows <= 20:
                axes.text(
                    cell[0] + width / 2.0, y, said[stripe], ha="center", va="center",
                    fontsize=7.5, color=INK,
                )
    for border in range(1, columns):
        axes.axvline(border - 0.5, color="white", lw=1.2)
    for border in range(1, rows):
        axes.axhline(border - 0.5, color="white", lw=1.2)
    axes.set_xlim(-0.5, columns - 0.5)
    axes.set_ylim(-0.5, rows - 0.5)
    axes.set_xticks(*_choose_ticks(second.values))
    axes.set_yticks(*_choose_ticks(first.values))
    axes.set_xlabel(second.path)
    axes.set_ylabel(first.path, fontsize=8)
    axes.tick_params(length=0)
    figure.legend(
        handles=[
            Patch(facecolor=color, alpha=1.0 if color in (OPEN, UNSURE) else FAINT, label=label)
            for color, label in legend
        ],
        loc="lower left", bbox_to_anchor=(0.01, 0.42 / height), fontsize=8, borderaxespad=0.0,
    )
    return figure


def _list_legend(found: Frontier) -> list[tuple[str, str]]:
    """What each color that occurs means."""
    seen = {color for point in found.points for color in _judge(found, point)[0]}
    listed = [(OPEN, "all conditions hold, surely (95 %)"), (UNSURE, "all conditions hold")]
    for place, one in enumerate(found.conditions):
        listed.append((_color(place), f"fails: ({place + 1}) {_say_condition(one)}"))
    return [(color, label) for color, label in listed if color in seen]


def _choose_ticks(values: Sequence[Any]) -> tuple[list[int], list[str]]:
    """At most ten of the values, evenly."""
    step = max(1, math.ceil(len(values) / 10))
    places = list(range(0, len(values), step))
    return places, [_tick(values[place]) for place in places]


def _tick(value: Any) -> str:
    known = isinstance(value, int | float) and not isinstance(value, bool)
    return write_short(float(value), "") if known else str(value)


def _draw_lines(found: Frontier, title: str) -> Any:
    (lever,) = found.levers
    count = len(found.conditions)
    figure = open_page(
        title, found, 1.6 + 1.35 * count,
        "Bands: 95 % intervals. Dashed: what is asked for. Green: all conditions hold.",
    )
    figure.subplots_adjust(hspace=0.5, left=0.1)
    rows = figure.subplots(count, 1, sharex=True, squeeze=False)[:, 0]
    x = np.array([float(point.sets[lever.path]) for point in found.points])
    order = np.argsort(x)
    edges = _find_edges(x[order])
    for place, (axes, one) in enumerate(zip(rows, found.conditions, strict=True)):
        points = [found.points[i] for i in order]
        for i, point in enumerate(points):
            if not found.failing(point):
                axes.axvspan(edges[i], edges[i + 1], color=OPEN, alpha=0.16, lw=0)
        _draw_condition(axes, found, one, x[order], points)
        axes.set_title(f"({place + 1}) {_say_condition(one)}", fontsize=8.5)
    rows[-1].set_xlabel(lever.path)
    rows[-1].set_xlim(edges[0], edges[-1])
    if float(np.max(np.abs(x))) >= 1e4:
        count_in_money(rows[-1].xaxis, "")
    return figure


def _find_edges(x: Any) -> Any:
    """Borders halfway between the values."""
    if x.size == 1:
        return np.array([x[0] - 0.5, x[0] + 0.5])
    middle = (x[1:] + x[:-1]) / 2.0
    return np.concatenate([[x[0]], middle, [x[-1]]])


def _draw_condition(
    axes: Axes, found: Frontier, one: Condition, x: Any, points: Sequence[Point]
) -> None:
    ends = [point.found[one.name] for point in points]
    value = np.array([end.value for end in ends])
    low, high = (np.array([getattr(end, side) for end in ends]) for side in ("low", "high"))
    axes.fill_between(x, low, high, color=BLUE, alpha=0.25, lw=0)
    axes.plot(x, value, color=BLUE, lw=1.5, marker="o", ms=3)
    axes.axhline(one.limit, color=RED, lw=1.1, ls=(0, (4, 2)))
    axes.grid(axis="y")
    axes.locator_params(axis="y", nbins=4)
    axes.margins(y=0.15)
    axes.tick_params(colors=GRAY, labelcolor=INK)
    if one.name == PAYOR:
        count_in_money(axes.yaxis, symbol_of(found))
    else:
        axes.set_ylim(-0.04, 1.04)
        count_in_percent(axes.yaxis)
