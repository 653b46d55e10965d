"""The downside of every tranche in the five numbers that a risk committee asks for."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from pfs_sim.metrics.estimates import Estimate, Interval
from pfs_sim.report.cells import Cell, write_cell
from pfs_sim.report.figures.returns import list_investors
from pfs_sim.report.html.deck import Deck
from pfs_sim.report.html.naming import isolate

HEADINGS = (
    "P(any loss)", "Expected loss", "Loss given loss", "Average of the worst 1 in 20",
    "Exceeded on 1 path in 100",
)


@dataclass(frozen=True)
class DownsideRow:
    """A tranche: five cells, their values for sorting, the metric that they come from."""

    name: str
    metric: str
    cells: tuple[Cell, ...]
    values: tuple[float, ...]


def list_downside(deck: Deck) -> list[DownsideRow]:
    """Loss of principal of every tranche, all investors together last."""
    found = []
    for column, label in list_investors(deck.results).items():
        metric = f"{column}.principal_loss"
        summary = deck.table[metric]
        statistics: tuple[Estimate | Interval | None, ...] = (
            summary.p_loss, summary.mean, summary.loss_given_loss,
            summary.expected_shortfall["0.95"], summary.quantiles["0.99"],
        )
        cells = [
            Cell("–") if one is None
            else write_cell(one, "probability" if k == 0 else "money", deck.currency)
            for k, one in enumerate(statistics)
        ]
        values = [math.nan if one is None else one.value for one in statistics]
        found.append(DownsideRow(isolate(label), metric, tuple(cells), tuple(values)))
    return found


def say_odd_returns(deck: Deck) -> list[str]:
    """Paths whose IRR is not an ordinary number, by kind: none is dropped in silence."""
    found = []
    words = {
        "total_loss": "lose everything, an IRR of −100%",
        "nothing_invested": "put no money in, so there is no IRR",
        "several": "have several IRRs; the one nearest zero is shown",
        "no_root": "have cash flows without any IRR",
        "out_of_range": "have cash flows too extreme for an IRR",
    }
    for column, label in list_investors(deck.results).items():
        statuses = deck.table[f"{column}.irr"].statuses
        said = [
            f"{count:,} path{'s' * (count != 1)} {words[status]}"
            for status, count in statuses.items()
            if count and status in words
        ]
        if said:
            found.append(f"{isolate(label)}: {'; '.join(said)}.")
    return found


def has_investors(deck: Deck) -> bool:
    """Whether anybody put money in on any path."""
    drawn = "investors.drawn" in deck.results
    return bool(drawn and np.any(deck.results["investors.drawn"]))
