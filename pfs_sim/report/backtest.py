"""A back-test as a page of text: each published figure, where it falls, and what they all say."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from pfs_sim.metrics.estimates import Estimate
from pfs_sim.metrics.numerals import digits, format_rate
from pfs_sim.report.cash_flow import Page

if TYPE_CHECKING:
    from pfs_sim.analysis.backtest import Compared, Placed, Reading

GROUPS = {
    "payments": "Payments",
    "measures": "Measured effects and counts",
    "investors": "Investors and guarantors",
}


def backtest_pages(compared: Sequence[Compared]) -> list[Page]:
    """A page for each kind of figure: published, the run's median, where the figure falls."""
    pages = []
    for group, title in GROUPS.items():
        rows = [(one, p) for one in compared for p in one.placed if p.figure.group == group]
        if rows:
            pages.append(_page(title, rows))
    others = [(one, figure) for one in compared for figure in one.untested]
    if others:
        keys = ("deal", [one.name for one, _ in others])
        said = [
            ("figure", [figure.name for _, figure in others]),
            ("why", [figure.why for _, figure in others]),
        ]
        pages.append(Page("Published, and not compared", keys, said))
    return pages


def _page(title: str, rows: Sequence[tuple[Compared, Placed]]) -> Page:
    placed = [one for _, one in rows]
    return Page(
        title,
        ("deal", [compared.name for compared, _ in rows]),
        [
            ("figure", [one.figure.name.partition(".")[2] for one in placed]),
            ("published", [write_figure(one.figure.value, one.figure.unit) for one in placed]),
            ("median", [write_figure(one.median, one.figure.unit) for one in placed]),
            ("below", [format_share(one.below) for one in placed]),
            ("at it", [format_share(one.at) for one in placed]),
            ("PIT", [f"{one.pit.value:.3f} ±{write_pit_error(one.pit)}" for one in placed]),
        ],
    )


def write_figure(value: float | None, unit: str) -> str:
    """An amount in whole units, a rate in percent, anything else with four figures."""
    if value is None or value != value:
        return "–"
    if unit == "money":
        return f"{value:,.0f}"
    if unit == "rate":
        return format_rate(value, 0.0005)
    return f"{value:,.0f}" if abs(value) >= 1e4 else f"{value:.4g}"


def format_share(value: float) -> str:
    """A share of paths in percent."""
    return "–" if value != value else f"{100.0 * value:.1f}%"


def write_pit_error(pit: Estimate) -> str:
    """The Monte Carlo error of a transform, one figure beyond it."""
    if pit.se != pit.se:
        return "?"
    return digits(pit.se, pit.se) if pit.se else "0"


def say_far(compared: Sequence[Compared]) -> list[str]:
    """The figures that nearly no path came to, by name, and how many chance alone would give."""
    placed = [(one.name, p) for one in compared for p in one.placed]
    far = [
        (p.pit.value < 0.5, f"{name} {p.figure.name.partition('.')[2]}")
        for name, p in placed
        if p.far
    ]
    if not far:
        return []
    below = ", ".join(name for low, name in far if low)
    above = ", ".join(name for low, name in far if not low)
    named = "; ".join(
        f"{where} nearly all paths {names}"
        for where, names in (("below", below), ("above", above))
        if names
    )
    each = "figure lies" if len(far) == 1 else "figures lie"
    return [
        f"{len(far)} of {len(placed)} {each} where fewer than 1 path in 100 does, which chance "
        f"would do to 1 in 50: {named}. These files do not say how such a figure could come about."
    ]


def say_reading(reading: Reading) -> list[str]:
    """What the payments say together, in sentences."""
    n = len(reading.deals)
    if n == 0:
        return ["No deal has a published payment, so nothing is said of all together."]
    low, high = reading.expected
    ranked = ", ".join(f"{pit:.2f}" for pit in sorted(reading.pits))
    deals = "1 deal" if n == 1 else f"{n} deals"
    return [
        f"Payments of {deals}: transforms {ranked}; {reading.below_half} of {n} below one half.",
        f"Their mean is {reading.mean:.2f}. If the priors were right it would lie between "
        f"{low:.2f} and {high:.2f} in 9 of 10 repetitions, and be as low as this with "
        f"probability {reading.p_low:.2f} (as high: {reading.p_high:.2f}).",
        f"The lowest of {n} even transforms is as low as {min(reading.pits):.2f} with probability "
        f"{reading.lowest:.2f}; the highest as high as {max(reading.pits):.2f} with probability "
        f"{reading.highest:.2f}.",
        f"The priors look {reading.verdict}.",
    ]
