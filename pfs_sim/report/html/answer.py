"""The answer in four sentences with numbers: loss, worst fiscal year, driver, price."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from pfs_sim.analysis.drivers import Driver, find_drivers
from pfs_sim.metrics.estimates import Estimate
from pfs_sim.metrics.numerals import format_money
from pfs_sim.report.cells import write_cell
from pfs_sim.report.figures.returns import list_investors
from pfs_sim.report.figures.style import write_percent
from pfs_sim.report.html.deck import Deck
from pfs_sim.report.html.money_chart import find_worst_year, list_years
from pfs_sim.report.html.naming import (
    isolate,
    name_party,
    name_payors,
    name_quantity,
    name_source,
    write_fiscal_year,
)
from pfs_sim.report.sentences import say_amount, say_behind, say_high, say_share


@dataclass(frozen=True)
class Answer:
    """A question of the reader, the number, and the sentence."""

    key: str
    question: str
    number: str
    error: str
    sentence: str


def give_answers(deck: Deck) -> list[Answer]:
    """The four, in the order in which a committee asks."""
    return [answer_loss(deck), answer_year(deck), answer_driver(deck), answer_price(deck)]


def answer_loss(deck: Deck) -> Answer:
    """How likely investors lose, how much, and who."""
    question = "How likely is a loss?"
    table, results = deck.table, deck.results
    if "investors.principal_loss" not in table or not np.any(results["investors.drawn"]):
        said = "No investor puts money into this deal, so no investor can lose any."
        return Answer("loss", question, "no investors", "", said)
    loss = table["investors.principal_loss"]
    assert loss.p_loss is not None
    cell = write_cell(loss.p_loss, "probability", deck.currency)
    if loss.p_loss.value == 0.0:
        top = write_percent(loss.p_loss.high)
        said = "Investors lose principal on no path; "
        said += f"with {results.paths:,} lived the chance could still be up to {top}."
        return Answer("loss", question, cell.text, "", said)
    said = f"Investors lose principal on {cell.text} of paths"
    if loss.loss_given_loss is not None and math.isfinite(loss.loss_given_loss.value):
        drawn = table["investors.drawn"].mean
        said += (
            f", {say_amount(loss.loss_given_loss, deck.currency)} on average when they do, "
            f"of {say_amount(drawn, deck.currency)} put in on average"
        )
    said += say_behind(table)
    return Answer("loss", question, cell.text, cell.error, f"{said}{_say_tranches(deck)}.")


def _say_tranches(deck: Deck) -> str:
    """The safest and the most exposed tranche."""
    found = []
    for column, label in list_investors(deck.results).items():
        share = deck.table[f"{column}.principal_loss"].p_loss
        if column != "investors" and share is not None:
            found.append((share.value, label, share))
    if len(found) < 2:
        return ""
    found.sort(key=lambda one: (one[0], one[1]))
    safe, bare = found[0], found[-1]
    if safe[0] == bare[0]:
        return f"; each tranche on {say_share(safe[2])}"
    return (
        f"; {isolate(safe[1])} on {say_share(safe[2])}, {isolate(bare[1])} on {say_share(bare[2])}"
    )


def answer_year(deck: Deck) -> Answer:
    """The fiscal year in which the payor must have most at hand."""
    question = "Which fiscal year is worst?"
    worst = find_worst_year(deck)
    if worst is None:
        said = "The government pays nothing in any fiscal year, on any path."
        return Answer("year", question, "none", "", said)
    summary = deck.table[f"payor.payments.fy{worst}"]
    span = write_fiscal_year(deck.scenario, worst)
    mean, high = summary.mean, summary.quantiles["0.95"]
    if summary.sd.value == 0.0:
        said = f"Payments peak in {span}: {say_amount(mean, deck.currency)} on every path."
    else:
        said = (
            f"Fiscal {worst} ({span}) can take most: {say_amount(mean, deck.currency)} on "
            f"average, and {say_high(high, deck.currency)}"
        )
        years = list_years(deck)
        said += f", the most of {len(years)} years." if len(years) > 1 else "."
        on_average = max(years, key=lambda year: _mean_of(deck, year).value)
        if on_average != worst and _mean_of(deck, on_average).value > mean.value:
            most = say_amount(_mean_of(deck, on_average), deck.currency)
            said += f" On average fiscal {on_average} takes more, {most}."
    return Answer("year", question, f"FY {worst}", "", said)


def _mean_of(deck: Deck, year: int) -> Estimate:
    """What is paid in a fiscal year, on average."""
    found = deck.table[f"payor.payments.fy{year}"].mean
    assert found is not None
    return found


def rank_drivers(deck: Deck) -> list[Driver]:
    """What drives the payments, by the run itself."""
    return find_drivers(deck.inputs, deck.results["payor.payments"])


def answer_driver(deck: Deck) -> Answer:
    """What most of the risk comes from: of the sources, or else of the uncertain quantities."""
    question = "What drives the risk?"
    paid = deck.results["payor.payments"]
    if np.ptp(paid) == 0.0:
        said = "What the government pays is the same on every path, so nothing drives it."
        if deck.results.paths == 1:
            said = "One path says nothing about risk; live more of them."
        return Answer("driver", question, "nothing", "", said)
    lead = _find_source(deck)
    if lead is not None:
        party, source, (value, low, high) = lead
        said = (
            f"{name_source(source)} accounts for {write_percent(value)} of the variance of "
            f"“{name_party(deck.scenario, party)}” ({write_percent(max(low, 0.0))} to "
            f"{write_percent(min(high, 1.0))}), more than any other source."
        )
        return Answer("driver", question, write_percent(value), name_source(source).lower(), said)
    drivers = rank_drivers(deck)
    if not drivers:
        said = "These paths do not tell which uncertain quantity drives the payments."
        return Answer("driver", question, "not known", "", said)
    first = drivers[0]
    share = _write_share(first)
    what = isolate(name_quantity(deck.scenario, first.path))
    said = f"“{what}” explains {share} of the variance of payments, more than any other input"
    if len(drivers) > 1 and drivers[1].share >= 0.01:
        second = isolate(name_quantity(deck.scenario, drivers[1].path))
        said += f"; next is “{second}” ({_write_share(drivers[1])})"
    return Answer("driver", question, share, what.partition(":")[0].lower(), f"{said}.")


def _write_share(driver: Driver) -> str:
    """Whole percents: a share of variance by classes is no finer."""
    return f"{100 * driver.share:.0f}%" if driver.share >= 0.005 else "<1%"


def _find_source(deck: Deck) -> tuple[str, str, tuple[float, float, float]] | None:
    """The largest source for the payor, or else for the first party that was analyzed."""
    if not deck.risk:
        return None
    keys = ("payor.payments", "payor", "government", *deck.risk)
    party = next(key for key in keys if key in deck.risk)
    known = {s: t for s, t in deck.risk[party].items() if math.isfinite(t[0])}
    if not known:
        return None
    source = max(known, key=lambda s: known[s][0])
    return party, source, known[source]


def answer_price(deck: Deck) -> Answer:
    """What the payor pays and gets."""
    question = "What does the government pay, and get?"
    table, currency = deck.table, deck.currency
    paid = table["payor.payments"]
    who = name_payors(deck.scenario)
    mean = say_amount(paid.mean, currency)
    if paid.sd.value == 0.0:
        said = f"{who} pays {mean} on every path"
    else:
        said = f"{who} pays {mean} on average"
        if paid.p_zero is not None and paid.p_zero.value >= 0.005:
            said += f", nothing on {say_share(paid.p_zero)} of paths"
        at_cap = paid.mass_points.get("cap")
        if at_cap is not None and deck.scenario.contract.cap is not None:
            cap = deck.scenario.contract.cap.value
            amount = format_money(cap, cap / 1000.0, currency, short=True)
            share = "no path" if at_cap.value == 0.0 else f"{say_share(at_cap)} of paths"
            said += f"; {share} reach{'es' * (at_cap.value == 0.0)} the cap of {amount}"
        else:
            said += f", {say_high(paid.quantiles['0.95'], currency)}"
    saved = table["payor.savings"]
    if np.any(deck.results["payor.savings"]):
        said += f"; it saves {say_amount(saved.mean, currency)} on average"
        cash = table["payor.savings_cashable"]
        if np.any(deck.results["payor.savings_cashable"]):
            said += f", {say_amount(cash.mean, currency)} of it cashable"
        net = table["payor.net_benefit"]
        if net.p_negative is not None:
            said += f", and ends worse off in money on {say_share(net.p_negative)} of paths"
    elif not deck.scenario.contract.savings:
        said += "; the scenario states no savings"
    error = write_cell(paid.mean, "money", currency).error
    return Answer("price", question, mean, error, f"{said}.")
