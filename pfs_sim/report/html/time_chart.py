"""Cash over time: payments to date, and where the investors stand, on calendar dates."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import numpy as np
import numpy.typing as npt

from pfs_sim.metrics.quantiles import quantile
from pfs_sim.report.figures.style import find_dates, symbol_of, write_percent, write_short
from pfs_sim.report.html.chart import (
    Chart,
    Figure,
    Page,
    Scale,
    choose_ticks,
    draw_x_axis,
    draw_y_axis,
    sizes,
)
from pfs_sim.report.html.deck import Deck
from pfs_sim.report.html.naming import write_day, write_month
from pfs_sim.results import FAN

F8 = npt.NDArray[np.float64]
LEVELS = (0.05, 0.25, 0.5, 0.75, 0.95)
MOST_POINTS = 160
KEY = (
    ("half b1", "half of the paths"), ("range b1", "9 in 10 paths"), ("curve s1", "median"),
)


def find_bands(course: F8) -> F8:
    """[level, grid point] quantiles over paths of a course[path, grid point]."""
    found = [[quantile(column, q).value for column in course.T] for q in LEVELS]
    return np.asarray(found, dtype=np.float64)


def draw_payments_to_date(deck: Deck) -> Figure | None:
    """The fan of payments to date; None where nothing is ever paid."""
    paid = deck.results.fan[:, FAN.index("payments"), :].cumsum(axis=1)
    if not np.any(paid):
        return None
    days, symbol = find_dates(deck.results), symbol_of(deck.results)
    half = find_bands(paid)[2]
    amount = write_short(float(half[-1]), symbol)
    title = f"Payments reach a median {amount} by {write_month(days[-1])}"
    if half[-1] > 0.0:
        first = int(np.argmax(half > 0.5 * half[-1]))
        title += f"; half of that has arrived by {write_month(days[first])}"
    return _draw_fan(deck, "payments_to_date", title, "Outcome payments to date", paid, "1", days)


def draw_investors_to_date(deck: Deck) -> Figure | None:
    """The fan of investors' cash to date; None without investors."""
    net = deck.results.fan[:, FAN.index("investors"), :].cumsum(axis=1)
    if not np.any(net):
        return None
    days, symbol = find_dates(deck.results), symbol_of(deck.results)
    half = find_bands(net)[2]
    deepest = int(np.argmin(half))
    whole = float(np.mean(net[:, -1] >= -1e-6 * max(1.0, float(-half[deepest]))))
    title = (
        f"Investors are {write_short(float(-half[deepest]), symbol)} out of pocket at the deepest "
        f"point of the median course, {write_month(days[deepest])}; "
        f"{write_percent(whole)} of paths bring it all back"
    )
    return _draw_fan(
        deck, "investors_to_date", title, "Investors' cash to date, received less paid in", net,
        "2", days,
    )


def _draw_fan(
    deck: Deck, name: str, title: str, what: str, course: F8, color: str, days: list[date]
) -> Figure:
    bands = find_bands(course)
    symbol = symbol_of(deck.results)
    shown = len(course)
    note = "" if shown == deck.results.paths else f"The first {shown:,} paths."
    rows = tuple(
        (write_day(days[t]), *(write_short(float(x), symbol) for x in bands[:, t]))
        for t in _thin(len(days), 16)
    )
    return Figure(
        name, title, f"{what}, from {write_day(days[0])} to {write_day(days[-1])}: bands of paths.",
        tuple(
            _draw_bands(page, bands, what, color, days, symbol)
            for page in sizes(260, 250, left=62)
        ),
        note=note,
        headings=("Date", "1 in 20 below", "1 in 4 below", "Median", "1 in 4 above",
                  "1 in 20 above"),
        rows=rows,
        key=tuple((kind.replace("1", color), said) for kind, said in KEY),
    )


def _thin(count: int, most: int) -> list[int]:
    """Evenly spread places, the first and the last among them."""
    if count <= most:
        return list(range(count))
    return sorted({round(k * (count - 1) / (most - 1)) for k in range(most)})


def _draw_bands(
    page: Page, bands: F8, what: str, color: str, days: list[date], symbol: str
) -> Chart:
    chart = Chart(page)
    low, high = min(0.0, float(bands.min())), max(0.0, float(bands.max()))
    span = (high - low) or 1.0
    first, last = days[0].toordinal(), days[-1].toordinal()
    x = Scale(first, last, page.x0, page.x1)
    y = Scale(low - 0.04 * span, high + 0.08 * span, page.y0, page.y1 + 12)
    ticks = [(t, write_short(t, symbol)) for t in choose_ticks(low, high, 5)]
    draw_y_axis(chart, y, ticks)
    kept = _thin(len(days), MOST_POINTS)
    at = [x(days[t].toordinal()) for t in kept]
    for a, b, kind in ((0, 4, "range"), (1, 3, "half")):
        upper = _steps(at, [y(v) for v in bands[b, kept].tolist()])
        lower = _steps(at, [y(v) for v in bands[a, kept].tolist()])
        chart.path([*upper, *reversed(lower)], f"{kind} b{color}", close=True)
    chart.path(_steps(at, [y(v) for v in bands[2, kept].tolist()]), f"curve s{color}")
    if low < 0.0:
        chart.line(page.x0, y(0.0), page.x1, y(0.0), "zero")
    draw_x_axis(chart, x, choose_years(days, 4 if page.narrow else 9))
    chart.write(2.0 if page.narrow else page.x0, page.y1 + 2, what, "label")
    readable = _thin(len(days), 80)
    for place, t in enumerate(readable):
        left = x(days[readable[place - 1]].toordinal()) if place else page.x0
        here = x(days[t].toordinal())
        said = (
            f"{write_day(days[t])}: median {write_short(float(bands[2, t]), symbol)}, "
            f"9 in 10 paths {write_short(float(bands[0, t]), symbol)} to "
            f"{write_short(float(bands[4, t]), symbol)}"
        )
        chart.target((left + here) / 2 if place else here, max(here - left, 3.0), said)
    return chart


def _steps(x: Sequence[float], y: Sequence[float]) -> list[tuple[float, float]]:
    """What moves at a date stays until the next one."""
    points = [(x[0], y[0])]
    for k in range(1, len(x)):
        if y[k] != points[-1][1]:
            points += [(x[k], points[-1][1]), (x[k], y[k])]
    return [*points, (x[-1], y[-1])]


def choose_years(days: Sequence[date], most: int) -> list[tuple[float, str]]:
    """Ticks at the start of calendar years, or of months where the deal is short."""
    years = range(days[0].year, days[-1].year + 2)
    found = [date(year, 1, 1) for year in years if days[0] <= date(year, 1, 1) <= days[-1]]
    if len(found) < 2:
        picked = [days[t] for t in _thin(len(days), most)]
        return [(float(day.toordinal()), write_month(day)) for day in picked]
    step = -(-len(found) // most)
    return [(float(day.toordinal()), str(day.year)) for day in found[::step]]
