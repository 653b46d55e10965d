"""Cash over time, cumulated: what the payor pays, and where the investors stand."""

from __future__ import annotations

import numpy as np

from pfs_sim.report.figures.style import (
    BLUE,
    F8,
    GRAY,
    ORANGE,
    Picture,
    count_in_money,
    find_dates,
    open_page,
    shade_fan,
    show_dates,
    styled,
    symbol_of,
    write_percent,
    write_short,
)
from pfs_sim.results import FAN, Results


def draw_cash(results: Results) -> Picture:
    """Fans of cumulative payments and, where there are investors, of their net cash."""
    days = find_dates(results)
    paid = results.fan[:, FAN.index("payments"), :].cumsum(axis=1)
    net = results.fan[:, FAN.index("investors"), :].cumsum(axis=1)
    invested = bool(np.any(net))
    title = _say_cash(results, net if invested else paid, invested)
    shown = "" if len(net) == results.paths else f"The first {len(net):,} paths. "
    with styled():
        figure = open_page(
            title, results, 5.4 if invested else 3.4,
            f"{shown}Dark band: half of the paths; light band: 9 in 10; line: median.",
        )
        rows = figure.subplots(2 if invested else 1, 1, sharex=True, squeeze=False)[:, 0]
        x = show_dates(rows[-1], days)
        shade_fan(rows[0], x, paid, BLUE, "median", steps=True)
        rows[0].set_title("Outcome payments to date")
        if invested:
            shade_fan(rows[1], x, net, ORANGE, "median", steps=True)
            rows[1].axhline(0.0, color=GRAY, lw=0.8)
            rows[1].set_title("Investors' cash to date: received less paid in")
        for axes in rows:
            axes.grid(axis="y")
            count_in_money(axes.yaxis, symbol_of(results))
    words = f"{title}. Bands of cumulative cash from {days[0]} to {days[-1]}."
    return Picture("cash", title, words, figure)


def _say_cash(results: Results, course: F8, invested: bool) -> str:
    """The finding: the deepest point of the investors' median course, or how payments end."""
    symbol, days = symbol_of(results), find_dates(results)
    half = np.quantile(course, 0.5, axis=0, method="inverted_cdf")
    if not invested:
        return f"Payments reach a median {write_short(float(half[-1]), symbol)} by {days[-1]:%B %Y}"
    deepest = int(np.argmin(half))
    said = (
        f"Investors are {write_short(float(-half[deepest]), symbol)} out of pocket at the deepest "
        f"point of the median course, in {days[deepest]:%B %Y}"
    )
    whole = float(np.mean(course[:, -1] >= -1e-6 * max(1.0, float(-half[deepest]))))
    return f"{said}; {write_percent(whole)} of the paths bring it all back"
