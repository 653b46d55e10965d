"""Where the risk comes from, and whether the contract pays for what it means to pay for."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pfs_sim.metrics.estimates import Interval
from pfs_sim.metrics.numerals import format_money
from pfs_sim.metrics.summary import Unit
from pfs_sim.report.cells import Cell, write_cell
from pfs_sim.report.html.answer import rank_drivers
from pfs_sim.report.html.deck import Deck
from pfs_sim.report.html.naming import (
    SHORT,
    isolate,
    name_party,
    name_quantity,
    name_source,
    name_term,
    plain,
)
from pfs_sim.report.html.words import write_level

MOST_DRIVERS = 8
LEAST = 0.005
"""Share of the variance below which an input is not worth a line."""


@dataclass(frozen=True)
class Share:
    """A share of variance as a bar."""

    text: str
    range: str
    width: float
    value: float


@dataclass(frozen=True)
class Matrix:
    """Parties down, sources across: each row says where that party's risk comes from."""

    title: str
    sources: tuple[str, ...]
    rows: tuple[tuple[str, tuple[Share, ...]], ...]


def _bar(value: float, low: float, high: float) -> Share:
    if not math.isfinite(value):
        return Share("–", "", 0.0, -1.0)

    def write(x: float) -> str:
        return f"{100 * min(max(x, 0.0), 9.99):.0f}%"

    known = math.isfinite(low) and math.isfinite(high)
    spread = f"{write(low)} to {write(high)}" if known else ""
    return Share(write(value), spread, min(max(100.0 * value, 0.0), 100.0), value)


def lay_out_risk(deck: Deck) -> Matrix | None:
    """Sources by falling share for the first party; None where nothing was computed."""
    if not deck.risk:
        return None
    parties = list(deck.risk)
    missing = (math.nan, math.nan, math.nan)
    first = deck.risk[parties[0]]
    sources = list(dict.fromkeys(s for party in parties for s in deck.risk[party]))
    sources.sort(key=lambda source: -_bar(*first.get(source, missing)).value)
    rows = tuple(
        (
            name_party(deck.scenario, party),
            tuple(_bar(*deck.risk[party].get(source, missing)) for source in sources),
        )
        for party in parties
    )
    if not sources:
        return None
    share = rows[0][1][0].text
    title = f"{name_source(sources[0])}: {share} of the variance of “{rows[0][0]}”"
    return Matrix(title, tuple(SHORT.get(s, plain(s)) for s in sources), rows)


@dataclass(frozen=True)
class DriverRow:
    """An uncertain quantity, its dotted path and its share."""

    name: str
    path: str
    share: Share


def list_drivers(deck: Deck) -> list[DriverRow]:
    """The uncertain quantities that explain most of the payments."""
    found = []
    for place, driver in enumerate(rank_drivers(deck)[:MOST_DRIVERS]):
        if place > 2 and driver.share < LEAST:
            break
        half = 2.0 * driver.se
        share = _bar(driver.share, driver.share - half, driver.share + half)
        name = isolate(name_quantity(deck.scenario, driver.path))
        found.append(DriverRow(name, driver.path, share))
    return found


@dataclass(frozen=True)
class Fact:
    """A statement about the contract with its number."""

    title: str
    cell: Cell
    meaning: str


FACTS: dict[str, tuple[str, Unit, str]] = {
    "false_payment": (
        "False payment", "probability",
        "How often the terms that pay for an effect pay although there is none.",
    ),
    "missed_success": (
        "Missed success", "probability",
        "How often a program that truly reaches its target effect is not paid for it.",
    ),
    "price_of_noise": (
        "Price of noise", "money",
        "Average payment less what would be paid if every measure were the truth.",
    ),
    "paid_at_nothing": (
        "Paid for no effect", "money",
        "What the terms that pay for an effect pay on average although there is none.",
    ),
}


def state_integrity(deck: Deck) -> list[Fact]:
    """The facts of the contract's integrity; empty where they were not computed.

    The mapping has, under `false_payment`, `missed_success`, `price_of_noise` or any other name,
    either a number or {value, low, high, unit, label, meaning}, of which only value must be there.
    """
    found = []
    for key, given in (deck.integrity or {}).items():
        if key == "cliffs":
            continue
        about: Mapping[str, Any] = given if isinstance(given, Mapping) else {"value": given}
        title, unit, meaning = FACTS.get(key, (plain(key), "number", ""))
        value = about.get("value")
        value = math.nan if value is None else float(value)
        low, high = (float(about.get(end, value)) for end in ("low", "high"))
        cell = write_cell(Interval(value, low, high), about.get("unit", unit), deck.currency)
        found.append(
            Fact(str(about.get("label", title)), cell, str(about.get("meaning", meaning)))
        )
    return found


def list_cliffs(deck: Deck) -> list[tuple[str, str, str, str]]:
    """Cliffs of the contract: term, level of the measure, jump, what one more person brings.

    `cliffs` is a list of {term, measure, at, jump, reach}, of which only the term must be there.
    """
    found = []
    for cliff in (deck.integrity or {}).get("cliffs", ()):
        at = "–"
        if "at" in cliff:
            at = write_level(deck.scenario, cliff.get("measure"), float(f"{cliff['at']:.6g}"))
        jump, reach = (
            _write_exact(float(cliff.get(key, math.nan)), deck) for key in ("jump", "reach")
        )
        found.append((name_term(deck.scenario, str(cliff["term"])), at, jump, reach))
    return found


def _write_exact(amount: float, deck: Deck) -> str:
    if not math.isfinite(amount):
        return "–"
    return format_money(amount, max(abs(amount) * 0.005, 0.5), deck.currency)
