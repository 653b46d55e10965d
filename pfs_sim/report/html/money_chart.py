"""What the government pays, as pictures: how often how much, how often at least, year by year."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from pfs_sim.report.cells import write_cell
from pfs_sim.report.figures.payments import find_cap, say_payments
from pfs_sim.report.figures.style import symbol_of, write_percent, write_short
from pfs_sim.report.html.chart import (
    Chart,
    Figure,
    Page,
    Scale,
    choose_ticks,
    draw_x_axis,
    draw_y_axis,
    mark_level,
    sizes,
)
from pfs_sim.report.html.deck import Deck

F8 = npt.NDArray[np.float64]
BINS = 36
STEPS = 60


def _money_ticks(low: float, high: float, count: int, symbol: str) -> list[tuple[float, str]]:
    return [(x, write_short(x, symbol)) for x in choose_ticks(low, high, count)]


def _percent_ticks(high: float, count: int = 4) -> list[tuple[float, str]]:
    return [(y, f"{100 * y:.3g}%") for y in choose_ticks(0.0, high, count)]


def find_range(paid: F8, cap: float | None) -> tuple[float, float]:
    """The axis of amounts: from zero or below to the most that was paid or may be."""
    low, high = min(0.0, float(paid.min())), max(float(paid.max()), cap or 0.0)
    return low, high if high > low else low + 1.0


def draw_histogram(deck: Deck) -> Figure:
    """How often how much; those who pay nothing and those at the cap stand apart."""
    results, symbol = deck.results, symbol_of(deck.results)
    paid, cap = results["payor.payments"], find_cap(results)
    low, high = find_range(paid, cap)
    bars = list_bars(paid, cap, low, high, symbol)
    mean = deck.table["payor.payments"].mean.value
    charts = tuple(
        _draw_bars(page, bars, low, high, mean, cap, symbol) for page in sizes(250, 240, bottom=46)
    )
    return Figure(
        "histogram", say_payments(results, deck.table),
        f"Histogram of total outcome payments over {results.paths:,} paths.", charts,
        headings=("Outcome payments", "Share of paths"),
        rows=tuple((said, write_percent(share)) for _, _, share, said, _ in bars if share > 0.0),
        key=(("c1", "share of paths"), ("apart", "exactly nothing, or exactly the cap"))
        if any(kind == "apart" and share > 0 for _, _, share, _, kind in bars) else (),
    )


Bar = tuple[float, float, float, str, str]
"""Left end, right end, share of paths, the amount in words, class."""


def list_bars(paid: F8, cap: float | None, low: float, high: float, symbol: str) -> list[Bar]:
    """Equal classes of amounts; exactly zero and exactly the cap are classes of their own."""
    near = 1e-9 * max(abs(high), 1.0)
    points = {0.0: "Nothing"} | ({cap: f"The cap, {write_short(cap, symbol)}"} if cap else {})
    width = (high - low) / BINS
    found: list[Bar] = []
    rest = paid
    for at, said in points.items():
        here = np.abs(rest - at) <= near
        if here.any():
            x = min(max(at - width / 2, low - width), high)
            found.append((x, x + width, float(here.sum()) / paid.size, said, "apart"))
        rest = rest[~here]
    edges = low + width * np.arange(BINS + 1)
    shares = np.histogram(np.clip(rest, low, high), edges)[0] / paid.size
    for a, b, share in zip(edges[:-1], edges[1:], shares, strict=True):
        said = f"{write_short(float(a), symbol)} to {write_short(float(b), symbol)}"
        found.append((float(a), float(b), float(share), said, "c1"))
    return sorted(found, key=lambda bar: (bar[0], bar[4]))


def _draw_bars(
    page: Page, bars: list[Bar], low: float, high: float, mean: float, cap: float | None,
    symbol: str,
) -> Chart:
    chart = Chart(page)
    width = (high - low) / BINS
    most = max(share for *_, share, _, _ in bars) or 1.0
    x = Scale(low - width, high + width, page.x0, page.x1)
    y = Scale(0.0, most * 1.22, page.y0, page.y1)
    draw_y_axis(chart, y, _percent_ticks(most * 1.1))
    for a, b, share, said, kind in bars:
        if share > 0.0:
            chart.rect(
                x(a) + 0.5, y(share), x(b) - x(a) - 1.0, page.y0 - y(share), f"bar {kind}",
                f"{said}: {write_percent(share)} of paths",
            )
    draw_x_axis(
        chart, x, _money_ticks(low, high, 4 if page.narrow else 8, symbol),
        "outcome payments over the whole contract",
    )
    mark_level(chart, x(mean), f"average {write_short(mean, symbol)}", "ink", 0)
    if cap is not None:
        mark_level(chart, x(cap), f"cap {write_short(cap, symbol)}", "bad", 1)
    return chart


def draw_exceedance(deck: Deck) -> Figure:
    """P(payments reach an amount), read at any amount."""
    results, symbol = deck.results, symbol_of(deck.results)
    paid, cap = np.sort(results["payor.payments"]), find_cap(results)
    low, high = find_range(paid, cap)

    def reach(amount: float) -> float:
        return 1.0 - float(np.searchsorted(paid, amount - 1e-9 * high, side="left")) / paid.size

    ticks = [t for t in choose_ticks(low, high, 10) if t > 0.0]
    rows = tuple((write_short(t, symbol), write_percent(reach(t))) for t in ticks)
    half = high / 2
    title = f"{_as_count(reach(half))} that payments reach {write_short(half, symbol)}"
    if cap:
        most = _as_count(reach(0.9 * cap)).lower()
        title += f", half of the cap; {most} that they reach 90% of it"
    charts = []
    for page in sizes(240, 230, bottom=46):
        chart = Chart(page)
        x, y = Scale(low, high * 1.02, page.x0, page.x1), Scale(0.0, 1.04, page.y0, page.y1)
        draw_y_axis(chart, y, _percent_ticks(1.0))
        chart.path(_trace_exceedance(paid, low, high, x, y), "curve s1")
        draw_x_axis(
            chart, x, _money_ticks(low, high, 4 if page.narrow else 8, symbol),
            "outcome payments of at least",
        )
        if cap is not None:
            mark_level(chart, x(cap), f"cap {write_short(cap, symbol)}", "bad")
        width = (high - low) / STEPS
        for k in range(STEPS):
            at = low + (k + 1) * width
            said = f"{write_short(at, symbol)} or more: {write_percent(reach(at))} of paths"
            chart.target(x(at - width / 2), x(width) - x(0.0), said)
        charts.append(chart)
    return Figure(
        "exceedance", title,
        "Curve of the share of paths whose outcome payments reach each amount.", tuple(charts),
        headings=("Payments of at least", "Share of paths"), rows=rows,
    )


def _as_count(share: float) -> str:
    return f"A {write_percent(share)} chance" if share not in (0.0, 1.0) else (
        "It is certain on these paths" if share else "No chance seen"
    )


def _trace_exceedance(
    paid: F8, low: float, high: float, x: Scale, y: Scale
) -> list[tuple[float, float]]:
    """Steps of the curve, no finer than the screen: at most a few hundred corners."""
    values, counts = np.unique(paid, return_counts=True)
    above = 1.0 - np.concatenate([[0.0], np.cumsum(counts)[:-1]]) / paid.size
    if values.size > 400:
        keep = np.unique(np.linspace(0, values.size - 1, 360).astype(int))
        big = np.flatnonzero(counts > paid.size / 500)
        near = np.concatenate([keep, big, np.minimum(big + 1, values.size - 1)])
        keep = np.unique(near)
        values, above = values[keep], above[keep]
    points, level = [(x(low), y(1.0))], 1.0
    for value, share in zip(values.tolist(), above.tolist(), strict=True):
        points += [(x(value), y(level))] if share == level else [
            (x(value), points[-1][1]), (x(value), y(share))
        ]
        level = share
    last = x(float(values[-1]))
    return [*points, (last, points[-1][1]), (last, y(0.0)), (x(high), y(0.0))]


def list_years(deck: Deck) -> list[int]:
    """Fiscal years from the first to the last in which any path pays."""
    prefix = "payor.payments.fy"
    years = [int(n.removeprefix(prefix)) for n in deck.table if _is_year(n, prefix)]
    busy = [y for y in years if np.any(deck.results[f"{prefix}{y}"])]
    return [y for y in years if busy and busy[0] <= y <= busy[-1]]


def _is_year(name: str, prefix: str) -> bool:
    return name.startswith(prefix) and name.removeprefix(prefix).isdigit()


def find_worst_year(deck: Deck) -> int | None:
    """The fiscal year with the largest 1-in-20 payment (then the largest average)."""

    def size(year: int) -> tuple[float, float, int]:
        summary = deck.table[f"payor.payments.fy{year}"]
        return summary.quantiles["0.95"].value, summary.mean.value, -year

    years = list_years(deck)
    return max(years, key=size) if years else None


def draw_years(deck: Deck) -> Figure | None:
    """Budget at risk: the range of payments in each fiscal year. None where nothing is paid."""
    years, symbol = list_years(deck), symbol_of(deck.results)
    worst = find_worst_year(deck)
    if worst is None:
        return None
    found = {y: deck.table[f"payor.payments.fy{y}"] for y in years}
    at_risk = found[worst].quantiles["0.95"]
    high = max(max(s.quantiles["0.99"].value, s.mean.value) for s in found.values())
    low = min(0.0, *(s.quantiles["0.05"].value for s in found.values()))
    cell = write_cell(at_risk, "money", deck.currency).text
    title = f"Fiscal {worst} is the one to budget for: 1 path in 20 asks for {cell} or more"
    if found[worst].sd.value == 0.0:
        title = f"Fiscal {worst} carries the largest payment: {cell} on every path"
    charts = []
    for page in sizes(250, 240):
        chart = Chart(page)
        step = (page.x1 - page.x0) / len(years)
        y = Scale(low, high * 1.06 or 1.0, page.y0, page.y1)
        draw_y_axis(chart, y, _money_ticks(low, high * 1.04, 4, symbol))

        def place(year: float, start: float = page.x0 + step / 2, step: float = step) -> float:
            return start + (year - years[0]) * step

        wide = min(step * 0.5, 34.0)
        for year, summary in found.items():
            q = {key: value.value for key, value in summary.quantiles.items()}
            x = place(year)
            chart.rect(x - wide / 2, y(q["0.95"]), wide, y(q["0.05"]) - y(q["0.95"]), "range b1")
            chart.rect(x - wide / 2, y(q["0.75"]), wide, y(q["0.25"]) - y(q["0.75"]), "half b1")
            chart.line(x, y(q["0.95"]), x, y(q["0.99"]), "whisker s1")
            chart.line(x - wide / 2, y(q["0.5"]), x + wide / 2, y(q["0.5"]), "median")
            chart.add("circle", "dot", cx=x, cy=y(summary.mean.value), r=3.4)
            said = (
                f"Fiscal {year}: average {write_short(summary.mean.value, symbol)}, "
                f"median {write_short(q['0.5'], symbol)}, "
                f"1 in 20 above {write_short(q['0.95'], symbol)}, "
                f"1 in 100 above {write_short(q['0.99'], symbol)}"
            )
            chart.target(x - step / 2, step, said)
        draw_x_axis(chart, place, [(year, str(year)) for year in years])
        charts.append(chart)
    return Figure(
        "years", title,
        "Ranges of outcome payments in each fiscal year; the table below has the numbers.",
        tuple(charts),
        key=(
            ("half b1", "half of the paths"), ("range b1", "9 in 10 paths"),
            ("median", "median"), ("dot", "average"),
        ),
        note="The thin line above a bar ends where 1 path in 100 pays more.",
    )
