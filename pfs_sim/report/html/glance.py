"""Every party on one line: what it gives, what it gets, how it may fare."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pfs_sim.metrics.estimates import Estimate, Interval
from pfs_sim.metrics.moments import paired_difference
from pfs_sim.metrics.summary import Unit
from pfs_sim.report.cells import EMPTY, Cell, write_cell
from pfs_sim.report.html.deck import Deck
from pfs_sim.report.html.naming import isolate, name_payors, name_tranche, plain

HEADINGS = ("Gives", "Gets", "Net", "Chance of a loss", "IRR, median")


@dataclass(frozen=True)
class Glance:
    """A party: who, as what, and five cells."""

    name: str
    role: str
    cells: tuple[Cell, ...]


def glance(deck: Deck) -> list[Glance]:
    """Government, each tranche, all investors, guarantors, provider, intermediary."""
    found = [_government(deck)]
    tranches = list(deck.scenario.capital.tranches)
    for name in tranches:
        tranche = deck.scenario.capital.tranches[name]
        role = isolate(tranche.holder) if tranche.holder else tranche.kind.replace("_", " ")
        found.append(_holder(deck, f"tranche.{name}", name_tranche(deck.scenario, name), role))
    if len(tranches) > 1:
        hope = "all who hope to be repaid"
        found.append(_holder(deck, "investors", "All investors together", hope))
    for name, guarantee in deck.scenario.capital.guarantees.items():
        paid = _mean(deck, f"guarantor.{name}.paid")
        chance = deck.table[f"guarantor.{name}.paid"].p_loss
        label = isolate(guarantee.label or plain(name))
        found.append(Glance(label, "guarantor", (paid, EMPTY, EMPTY, _write(deck, chance), EMPTY)))
    for name in ("provider", "intermediary"):
        if np.any(deck.results[f"{name}.received"]):
            got = _mean(deck, f"{name}.received")
            found.append(Glance(plain(name), "is paid for its work",
                                (EMPTY, got, EMPTY, EMPTY, EMPTY)))
    return found


def _mean(deck: Deck, name: str) -> Cell:
    return write_cell(deck.table[name].mean, deck.table[name].unit, deck.currency)


def _write(deck: Deck, found: Estimate | Interval | None, unit: Unit = "probability") -> Cell:
    return EMPTY if found is None else write_cell(found, unit, deck.currency)


def _government(deck: Deck) -> Glance:
    results, table = deck.results, deck.table
    role = "pays for outcomes; gets savings and returned cash"
    if not deck.scenario.contract.savings:
        got = _mean(deck, "payor.residual") if np.any(results["payor.residual"]) else EMPTY
        paid = _mean(deck, "payor.payments")
        return Glance(name_payors(deck.scenario), "pays for outcomes; no savings are stated",
                      (paid, got, EMPTY, EMPTY, EMPTY))
    nothing = np.zeros(results.paths)
    gain = paired_difference(results["payor.savings"] + results["payor.residual"], nothing)
    net = table["payor.net_benefit"]
    cells = (
        _mean(deck, "payor.payments"), _write(deck, gain, "money"),
        _mean(deck, "payor.net_benefit"), _write(deck, net.p_negative), EMPTY,
    )
    return Glance(name_payors(deck.scenario), role, cells)


def _holder(deck: Deck, column: str, name: str, role: str) -> Glance:
    results, table = deck.results, deck.table
    net = paired_difference(results[f"{column}.returned"], results[f"{column}.drawn"])
    cells = (
        _mean(deck, f"{column}.drawn"), _mean(deck, f"{column}.returned"),
        _write(deck, net, "money"), _write(deck, table[f"{column}.principal_loss"].p_loss),
        _write(deck, table[f"{column}.irr"].quantiles["0.5"], "rate"),
    )
    return Glance(name, role, cells)
