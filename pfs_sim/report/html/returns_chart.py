"""What investors earn and lose, as pictures: who is repaid, and the IRR of every tranche."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from pfs_sim.report.figures.returns import list_investors, say_irrs
from pfs_sim.report.figures.style import write_percent
from pfs_sim.report.html.chart import (
    Chart,
    Figure,
    Page,
    Scale,
    choose_ticks,
    draw_x_axis,
    sizes,
)
from pfs_sim.report.html.deck import Deck
from pfs_sim.report.html.naming import isolate

F8 = npt.NDArray[np.float64]
BINS = 48
WORST = 0.01
WHOLE = 1e-9


def split_losses(loss_share: F8) -> tuple[float, float, float]:
    """Shares of paths on which all principal is lost, some of it, none."""
    known = loss_share[np.isfinite(loss_share)]
    if known.size == 0:
        return 0.0, 0.0, 0.0
    all_lost = float(np.mean(known >= 1.0 - WHOLE))
    none = float(np.mean(known <= WHOLE))
    return all_lost, max(1.0 - all_lost - none, 0.0), none


def draw_losses(deck: Deck) -> Figure | None:
    """How often each tranche loses all, some, or nothing of its principal."""
    split = {
        label: split_losses(deck.results[f"{column}.loss_share"])
        for column, label in list_investors(deck.results).items()
        if np.isfinite(deck.results[f"{column}.loss_share"]).any()
    }
    if not split:
        return None
    worst = max(split, key=lambda label: 1.0 - split[label][2])
    share = 1.0 - split[worst][2]
    if share <= WHOLE:
        title = "No tranche loses principal on any path"
    else:
        title = f"{isolate(worst)} loses principal most often: on {write_percent(share)} of paths"
    rows = tuple((label, *map(write_percent, parts)) for label, parts in split.items())
    return Figure(
        "losses", title, "Bars of the share of paths by what happens to the principal.",
        tuple(_draw_losses(page, split) for page in sizes(46.0 * len(split) + 30, left=14)),
        headings=("Tranche", "All principal lost", "Some lost", "Repaid in full"), rows=rows,
        key=(("lost", "all principal lost"), ("part", "some lost"), ("whole", "repaid in full")),
    )


def _draw_losses(page: Page, split: dict[str, tuple[float, float, float]]) -> Chart:
    chart = Chart(page)
    x = Scale(0.0, 1.0, page.x0, page.x1)
    words = ("all principal lost", "some principal lost", "repaid in full")
    for row, (label, parts) in enumerate(split.items()):
        top = page.y1 + 46.0 * row
        chart.write(page.x0, top + 10, shorten_label(label, page), "label")
        start = 0.0
        for share, kind, said in zip(parts, ("lost", "part", "whole"), words, strict=True):
            if share > 0.0:
                width = x(start + share) - x(start)
                chart.rect(
                    x(start), top + 17, max(width - 1.0, 0.5), 18, f"bar {kind}",
                    f"{label}: {said} on {write_percent(share)} of paths",
                )
                text = write_percent(share)
                if width > 7.5 * len(text) + 10.0:
                    chart.write(x(start) + 6, top + 30, text, f"inside {kind}")
            start += share
    return chart


def shorten_label(label: str, page: Page) -> str:
    """A name that fits on a chart."""
    most = 38 if page.narrow else 84
    return isolate(label if len(label) <= most else label[: most - 1].rstrip() + "…")


def draw_rates(deck: Deck) -> Figure | None:
    """Histograms of the IRR, one above the other; total losses stand apart on the left."""
    rates = {
        label: deck.results[f"{column}.irr"]
        for column, label in list_investors(deck.results).items()
    }
    if "investors.irr" not in deck.table or not rates:
        return None
    low, high = choose_range(list(rates.values()))
    charts = tuple(
        _draw_rates(page, rates, low, high)
        for page in sizes(92.0 * len(rates) + 46, left=14, bottom=46)
    )
    rows = []
    for label, found in rates.items():
        known = found[np.isfinite(found)]
        q = np.quantile(known, (0.05, 0.5, 0.95), method="inverted_cdf")
        lost = write_percent(float(np.mean(known == -1.0)))
        rows.append((label, lost, *(f"{100 * x:.1f}%".replace("-", "−") for x in q.tolist())))
    return Figure(
        "rates", say_irrs(deck.table),
        "Histograms of the annual internal rate of return (IRR) of each tranche.", charts,
        headings=("Tranche", "Nothing back", "1 in 20 below", "Median", "1 in 20 above"),
        rows=tuple(rows),
        note="Bars on the far left stand apart from the scale: nothing back (an IRR of −100%), "
        "and returns too low for the scale.",
    )


def choose_range(rates: list[F8]) -> tuple[float, float]:
    """From the worst hundredth of what is not a total loss to the best, on all tranches."""
    seen = [x[np.isfinite(x) & (x > -1.0)] for x in rates]
    seen = [x for x in seen if x.size]
    if not seen:
        return -0.05, 0.05
    low = max(min(min(float(np.quantile(x, WORST)) for x in seen), -0.02), -0.5)
    high = max(*(float(np.quantile(x, 0.999)) for x in seen), 0.02)
    return low, high + (high - low) / BINS


def _draw_rates(page: Page, rates: dict[str, F8], low: float, high: float) -> Chart:
    chart = Chart(page)
    step = (high - low) / BINS
    gap = 11.0 if page.narrow else 10.0
    x = Scale(low - gap * step, high, page.x0, page.x1)
    for row, (label, found) in enumerate(rates.items()):
        top = page.y1 + 92.0 * row
        known = found[np.isfinite(found)]
        base = top + 80.0
        chart.write(page.x0, top + 10, shorten_label(label, page), "label")
        lost = float(np.mean(known == -1.0))
        under = float(np.mean((known > -1.0) & (known < low)))
        inside = np.clip(known[known >= low], low, high - step / 2)
        shares = np.histogram(inside, BINS, (low, high))[0] / known.size
        most = max(float(shares.max()), lost, under, 1e-9)
        y = Scale(0.0, most, base, top + 22.0)
        for place, share, kind, said in (
            (-gap + 0.5, lost, "lost", "everything lost"),
            (-gap / 2 + 0.5, under, "part", f"an IRR below {100 * low:.0f}%".replace("-", "−")),
        ):
            if share > 0.0:
                left = low + place * step
                chart.rect(
                    x(left), y(share), x(left + 2.6 * step) - x(left), base - y(share),
                    f"bar {kind}", f"{label}: {said} on {write_percent(share)} of paths",
                )
                beside = x(left + 2.6 * step) + 3
                chart.write(beside, base - 4, write_percent(share), f"small {kind}")
        for k, share in enumerate(shares.tolist()):
            if share > 0.0:
                a, b = low + k * step, low + (k + 1) * step
                said = f"{label}: IRR {100 * a:.1f}% to {100 * b:.1f}% on {write_percent(share)}"
                chart.rect(
                    x(a) + 0.4, y(share), x(b) - x(a) - 0.8, base - y(share), "bar c2",
                    said.replace("-", "−") + " of paths",
                )
        chart.line(page.x0, base, page.x1, base, "axis")
        half = float(np.quantile(known, 0.5, method="inverted_cdf"))
        if low <= half <= high:
            chart.line(x(half), top + 16, x(half), base, "rule ink")
            right = x(half) > 0.7 * page.x1
            text = f"median {100 * half:.1f}%".replace("-", "−")
            chart.write(x(half) + (-5 if right else 5), top + 24, text, "label halo ink",
                        "end" if right else "start")
        if low < 0.0 < high:
            chart.line(x(0.0), top + 18, x(0.0), base, "zero")
    ticks = [(t, f"{100 * t:.3g}%".replace("-", "−"))
             for t in choose_ticks(low, high, 4 if page.narrow else 8)]
    draw_x_axis(chart, x, ticks, "IRR, a year")
    return chart
