"""Several contracts beside each other: over the same people where they were lived so."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from pfs_sim.metrics.estimates import Estimate, Interval
from pfs_sim.metrics.moments import paired_difference
from pfs_sim.metrics.summary import Unit
from pfs_sim.metrics.table import MetricTable
from pfs_sim.report.cells import Cell, write_cell
from pfs_sim.report.figures.style import symbol_of, write_short
from pfs_sim.report.html.chart import Chart, Figure, Page, Scale, choose_ticks, draw_x_axis, sizes
from pfs_sim.report.html.deck import Deck
from pfs_sim.report.html.returns_chart import shorten_label

LINES: tuple[tuple[str, str], ...] = (
    ("payor.payments.mean", "Government pays, on average"),
    ("payor.payments.q0.95", "Government pays more on 1 path in 20"),
    ("payor.payments.at.cap", "Payments reach the cap"),
    ("payor.payments.p_zero", "Government pays nothing"),
    ("payor.net_benefit.mean", "Net benefit of the government, on average"),
    ("investors.principal_loss.p_loss", "Investors lose principal"),
    ("investors.principal_loss.mean", "Loss of principal, on average"),
    ("investors.principal_loss.es0.95", "Loss of principal, average of the worst 1 in 20"),
    ("investors.irr.q0.5", "Investors' IRR, median"),
    ("investors.moic.mean", "Returned per unit invested, on average"),
    ("program.enrolled.mean", "Clients enrolled, on average"),
    ("program.stopped.mean", "Service stopped early"),
)
DIFFERENCES = ("payor.payments", "payor.net_benefit", "investors.principal_loss")


@dataclass(frozen=True)
class Line:
    """A statistic of every contract, and how each differs from the first."""

    label: str
    cells: tuple[Cell, ...]


def compare(decks: Sequence[Deck]) -> list[Line]:
    """Statistics side by side, then the differences from the first contract on the same paths."""
    found = []
    for address, label in LINES:
        values = [read_statistic(deck.table, address)[0] for deck in decks]
        if any(one is not None and abs(one.value) > 0.0 for one in values):
            found.append(Line(label, tuple(_read(deck, address) for deck in decks)))
    if share_paths(decks):
        for name in DIFFERENCES:
            if all(name in deck.results for deck in decks):
                label = f"{decks[0].table[name].label}, less that of the first"
                found.append(Line(label, tuple(_differ(decks[0], deck, name) for deck in decks)))
    return found


def share_paths(decks: Sequence[Deck]) -> bool:
    """Whether path k of one contract is path k of the other: same seed, paths and currency."""
    first = decks[0]
    return all(
        (deck.seed, deck.results.paths, deck.currency)
        == (first.seed, first.results.paths, first.currency)
        for deck in decks
    )


def _read(deck: Deck, address: str) -> Cell:
    found, unit = read_statistic(deck.table, address)
    return Cell("–") if found is None else write_cell(found, unit, deck.currency)


def read_statistic(table: MetricTable, address: str) -> tuple[Estimate | Interval | None, Unit]:
    """A statistic and its unit; None where the deal has no such thing."""
    longest = sorted(table, key=len, reverse=True)
    name = next((n for n in longest if address.startswith(f"{n}.")), "")
    if not name:
        return None, "number"
    statistic = address.removeprefix(f"{name}.")
    found = table[name].list_statistics().get(statistic)
    shares = statistic.startswith(("p_", "at.")) or name.endswith(".stopped")
    return found, "probability" if shares else table[name].unit


def _differ(first: Deck, deck: Deck, name: str) -> Cell:
    if deck is first:
        return Cell("–")
    found = paired_difference(deck.results[name], first.results[name])
    cell = write_cell(found, deck.table[name].unit, deck.currency)
    return Cell(f"+{cell.text}", cell.error) if found.value > 0.0 else cell


def draw_comparison(decks: Sequence[Deck]) -> Figure | None:
    """Ranges of payments of every contract on one scale; None where currencies differ."""
    if len({deck.currency for deck in decks}) > 1:
        return None
    symbol = symbol_of(decks[0].results)
    paid = [deck.table["payor.payments"] for deck in decks]
    means = [summary.mean.value for summary in paid]
    dear, cheap = int(np.argmax(means)), int(np.argmin(means))
    title = "All contracts cost the government the same on average"
    if means[dear] > means[cheap]:
        title = (
            f"{decks[dear].name} costs the government most, {write_short(means[dear], symbol)} on "
            f"average; {decks[cheap].name} least, {write_short(means[cheap], symbol)}"
        )
    high = max(s.quantiles["0.95"].value for s in paid)
    low = min(0.0, *(s.quantiles["0.05"].value for s in paid))
    return Figure(
        "comparison", title, "Ranges of total outcome payments of each contract.",
        tuple(
            _draw(page, decks, low, max(high, low + 1.0), symbol)
            for page in sizes(44.0 * len(decks) + 60, left=14, bottom=46)
        ),
        key=(("half b1", "half of the paths"), ("range b1", "9 in 10 paths"),
             ("median", "median"), ("dot", "average")),
    )


def _draw(page: Page, decks: Sequence[Deck], low: float, high: float, symbol: str) -> Chart:
    chart = Chart(page)
    x = Scale(low, high * 1.02, page.x0 + 4, page.x1)
    for row, deck in enumerate(decks):
        summary = deck.table["payor.payments"]
        q = {key: value.value for key, value in summary.quantiles.items()}
        top = page.y1 + 44.0 * row
        chart.write(page.x0, top + 10, shorten_label(deck.name, page), "label")
        chart.rect(x(q["0.05"]), top + 18, x(q["0.95"]) - x(q["0.05"]), 14, "range b1")
        chart.rect(x(q["0.25"]), top + 18, x(q["0.75"]) - x(q["0.25"]), 14, "half b1")
        chart.line(x(q["0.5"]), top + 16, x(q["0.5"]), top + 34, "median")
        chart.add("circle", "dot", cx=x(summary.mean.value), cy=top + 25, r=3.4)
        said = (
            f"{deck.name}: average {write_short(summary.mean.value, symbol)}, median "
            f"{write_short(q['0.5'], symbol)}, 9 in 10 paths {write_short(q['0.05'], symbol)} to "
            f"{write_short(q['0.95'], symbol)}"
        )
        chart.rect(page.x0, top, page.x1 - page.x0, 40, "target", said)
    ticks = [(t, write_short(t, symbol))
             for t in choose_ticks(low, high, 4 if page.narrow else 8) if math.isfinite(t)]
    draw_x_axis(chart, x, ticks, "outcome payments over the whole contract")
    return chart
