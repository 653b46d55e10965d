"""Where the risk comes from, and whether the contract pays for what it means to pay for."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pfs_sim.metrics.estimates import Interval
from pfs_sim.metrics.summary import Unit
from pfs_sim.report.cells import Cell, write_cell
from pfs_sim.report.html.answer import rank_drivers
from pfs_sim.report.html.deck import Deck
from pfs_sim.report.html.naming import (
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
    """Parties by sources."""

    title: str
    parties: tuple[str, ...]
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
    """Sources down, parties across; None where it was not computed."""
    if not deck.risk:
        return None
    parties = list(deck.risk)
    sources = list(dict.fromkeys(s for party in parties for s in deck.risk[party]))
    missing = (math.nan, math.nan, math.nan)
    rows = []
    for source in sources:
        found = tuple(_bar(*deck.risk[party].get(source, missing)) for party in parties)
        rows.append((name_source(source), found))
    rows.sort(key=lambda row: -row[1][0].value)
    top, share = rows[0][0], rows[0][1][0].text
    names = tuple(name_party(deck.scenario, party) for party in parties)
    title = f"{top} accounts for {share} of the variance of “{names[0]}”"
    return Matrix(title, names, tuple(rows))


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
    """Jumps of the contract: term, level of the measure, jump, how often a path ends near it.

    `cliffs` is a list of {term, at, jump, chance}.
    """
    found = []
    for cliff in (deck.integrity or {}).get("cliffs", ()):
        jump = float(cliff.get("jump", math.nan))
        chance = cliff.get("chance")
        found.append((
            name_term(deck.scenario, str(cliff.get("term", ""))),
            write_level(deck.scenario, cliff.get("measure"), float(cliff["at"]))
            if "at" in cliff else "–",
            write_cell(Interval(jump, jump, jump), "money", deck.currency).text,
            "–" if chance is None else f"{100 * float(chance):.1f}%",
        ))
    return found
