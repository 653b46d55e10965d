"""The page: decks become one HTML file that needs nothing else."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pfs_sim.errors import InputError
from pfs_sim.metrics.estimates import Estimate, Interval
from pfs_sim.report.cells import HEADINGS, write_cell
from pfs_sim.report.figures.style import write_percent
from pfs_sim.report.html import comparison, deal, downside, glance, named, risk, story
from pfs_sim.report.html.answer import give_answers
from pfs_sim.report.html.chart import Figure
from pfs_sim.report.html.deck import Deck
from pfs_sim.report.html.money_chart import (
    draw_exceedance,
    draw_histogram,
    draw_years,
    list_years,
)
from pfs_sim.report.html.naming import isolate, name_outcome, write_fiscal_year
from pfs_sim.report.html.returns_chart import draw_losses, draw_rates
from pfs_sim.report.html.time_chart import draw_investors_to_date, draw_payments_to_date
from pfs_sim.report.parties import find_sections

if TYPE_CHECKING:
    from jinja2 import Environment, Template

LARGEST = 2_000_000
"""Bytes of a report that can be passed on."""
MOST_DECKS = 6


def write_report(decks: Sequence[Deck], target: Path) -> Path:
    """Write one self-contained HTML file about one deal or several; returns where."""
    text = render_report(decks)
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(text, encoding="utf-8", newline="\n")
    return target


def render_report(decks: Sequence[Deck]) -> str:
    """The HTML text. InputError for no deal or more than fit on a page that people read."""
    if not 1 <= len(decks) <= MOST_DECKS:
        raise InputError(f"found {len(decks)} deals; allowed: 1 to {MOST_DECKS} in one report")
    for brief in (False, True):
        text = _render(decks, brief=brief)
        if len(text.encode()) <= LARGEST:
            return text
    raise InputError(
        f"found a report of {len(text.encode()) / 1e6:.1f} MB; allowed: 2 MB (give fewer deals)"
    )


def _render(decks: Sequence[Deck], *, brief: bool) -> str:
    first = decks[0]
    return find_template("report.html").render(
        title=first.name if len(decks) == 1 else f"{len(decks)} contracts compared",
        language="en",
        decks=[lay_out(deck, place, brief=brief) for place, deck in enumerate(decks)],
        several=len(decks) > 1,
        compared=lay_out_comparison(decks) if len(decks) > 1 else None,
        style=read_part("style.css"),
        script=read_part("script.js"),
    )


def read_part(name: str) -> str:
    """The style or the script of every page."""
    return files("pfs_sim.report.html").joinpath("templates", name).read_text(encoding="utf-8")


def find_template(name: str) -> Template:
    """A page to be filled."""
    return _environment().get_template(name)


@cache
def _environment() -> Environment:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    made = Environment(
        loader=PackageLoader("pfs_sim.report.html"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters["isolate"] = isolate
    made.filters["sort_key"] = write_sort_key
    made.filters["minus"] = write_minus
    return made


def write_minus(text: str) -> str:
    """A number with a minus sign as long as a plus, as the figures have it."""
    return text.replace("-", "−")


def write_sort_key(value: float) -> str:
    """A number by which a table is sorted; empty for none, which sorts last."""
    return repr(float(value)) if math.isfinite(value) else ""


def lay_out(deck: Deck, place: int, *, brief: bool = False) -> dict[str, Any]:
    """Everything that the template shows of one deck, in the order of the page."""
    figures = list_figures(deck)
    return {
        "id": f"deal-{place + 1}",
        "name": deck.name,
        "currency": deck.currency,
        "paths": deck.results.paths,
        "seed": deck.seed,
        "deal": deal.describe_deal(deck),
        "raised": deal.write_raise(deck.scenario),
        "invested": downside.has_investors(deck),
        "answers": give_answers(deck),
        "groups": group_sections(deck),
        "headings": HEADINGS,
        "glance": glance.glance(deck),
        "glance_headings": glance.HEADINGS,
        "named": named.name_scenarios(deck),
        "named_headings": named.HEADINGS,
        "targets": list_targets(deck),
        "figures": figures,
        "years": lay_out_years(deck),
        "downside": downside.list_downside(deck) if downside.has_investors(deck) else [],
        "downside_headings": downside.HEADINGS,
        "odd": downside.say_odd_returns(deck) if downside.has_investors(deck) else [],
        "risk": risk.lay_out_risk(deck),
        "drivers": risk.list_drivers(deck),
        "facts": risk.state_integrity(deck),
        "cliffs": risk.list_cliffs(deck),
        "computed_integrity": deck.integrity is not None,
        "stories": story.tell_stories(deck),
        "warnings": [str(problem) for problem in deck.warnings],
        "assumed": deal.list_assumed(deck.scenario),
        "sourced": [] if brief else deal.list_sourced(deck.scenario),
        "sure": say_how_sure(deck),
        "command": deck.command,
        "provenance": list_provenance(deck),
    }


def list_figures(deck: Deck) -> dict[str, Figure | None]:
    """The figures of a deck by name; None for one that would show nothing."""
    return {
        "histogram": draw_histogram(deck),
        "exceedance": draw_exceedance(deck),
        "years": draw_years(deck),
        "losses": draw_losses(deck),
        "rates": draw_rates(deck),
        "payments_to_date": draw_payments_to_date(deck),
        "investors_to_date": draw_investors_to_date(deck),
    }


_GROUPS = (
    ("Government", ("Government",)),
    ("Investors", ("Investor:", "All investors")),
    ("Guarantor", ("Guarantor",)),
    ("Program and outcomes", ("Program", "Outcome:", "Measures")),
    ("Provider", ("Provider",)),
)


def group_sections(deck: Deck) -> list[tuple[str, list[Any]]]:
    """The table by party, in groups that a reader can switch between."""
    left = find_sections(deck.table, deck.results.resolved)
    found = []
    for name, starts in _GROUPS:
        here = [one for one in left if one.title.startswith(starts) and "fiscal" not in one.title]
        left = [one for one in left if one not in here]
        if here:
            found.append((name, here))
    return found


def list_targets(deck: Deck) -> list[str]:
    """The outcomes by which named scenarios are told apart."""
    return [
        name_outcome(deck.scenario, name)
        for name, outcome in deck.scenario.outcomes.items()
        if outcome.target_effect is not None and outcome.target_effect.mean() != 0.0
    ]


def lay_out_years(deck: Deck) -> list[dict[str, Any]]:
    """Budget at risk: a row for each fiscal year."""
    found = []
    for year in list_years(deck):
        summary = deck.table[f"payor.payments.fy{year}"]
        numbers: list[Estimate | Interval] = [summary.mean]
        numbers += [summary.quantiles[q] for q in ("0.5", "0.95", "0.99")]
        chance = 1.0 - (summary.p_zero.value if summary.p_zero is not None else 0.0)
        found.append({
            "year": year,
            "span": write_fiscal_year(deck.scenario, year),
            "metric": f"payor.payments.fy{year}",
            "cells": [
                (write_cell(number, "money", deck.currency), number.value) for number in numbers
            ],
            "chance": write_percent(chance),
            "chance_value": chance,
        })
    return found


def lay_out_comparison(decks: Sequence[Deck]) -> dict[str, Any]:
    """The table and the figure of several contracts."""
    return {
        "names": [deck.name for deck in decks],
        "lines": comparison.compare(decks),
        "figure": comparison.draw_comparison(decks),
        "paired": comparison.share_paths(decks),
    }


def say_how_sure(deck: Deck) -> list[str]:
    """What the errors mean, and what they do not cover."""
    results, table = deck.results, deck.table
    paid = write_cell(table["payor.payments"].mean, "money", deck.currency)
    if results.paths == 1:
        said = ["One path was lived: it shows one way in which the deal could go, and says nothing "
                "about how likely anything is. All errors are unknown."]
    else:
        said = [
            f"{results.paths:,} paths were lived. ± is one Monte Carlo standard error: what the "
            "number would move by if as many other paths were lived. Four times the paths halve "
            "it. Digits that the error does not justify are not shown."
        ]
        if paid.error:
            said.append(f"The average payment, {paid.text}, is known to {paid.error}.")
    said.append(
        "That error is not the uncertainty of the deal. It says nothing about whether the model "
        "and the assumed figures below are right; change them and run again to see what hangs "
        "on them."
    )
    short = table["program.unfunded"]
    if short.mean.value > 0.0:
        cost = write_cell(short.mean, "money", deck.currency)
        said.append(f"Costs that nobody could pay come to {cost.text} on average; none is hidden.")
    return said


def list_provenance(deck: Deck) -> list[tuple[str, str]]:
    """What a reader needs to get the same numbers again."""
    about = deck.results.provenance
    found = [("Paths", f"{deck.results.paths:,}"), ("Seed", str(deck.seed))]
    if about.get("frozen"):
        found.append(("Sources held at their means", ", ".join(about["frozen"])))
    if about.get("own_seeds_by_source"):
        found.append(("Seeds of sources", json.dumps(about["own_seeds_by_source"])))
    if about.get("true_mode"):
        found.append(("Measures", "replaced by their true values"))
    found.append(("Scenario hash (SHA-256)", str(about.get("scenario_hash", "not known"))))
    versions = about.get("versions") or {}
    found.append(("Versions", ", ".join(f"{name} {number}" for name, number in versions.items())))
    return found
