"""What the deal is: parties, terms in plain language, dates, where its figures come from."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby

from pfs_sim.metrics.numerals import format_money
from pfs_sim.model.scenario import Scenario
from pfs_sim.report.cells import Cell, write_cell
from pfs_sim.report.html.deck import Deck
from pfs_sim.report.html.naming import (
    isolate,
    name_outcome,
    name_term,
    name_tranche,
    plain,
    write_day,
    write_month,
)
from pfs_sim.report.html.origins import Figure, count_origins, list_figures
from pfs_sim.report.html.words import (
    say_conditions,
    say_limits,
    say_measure,
    say_schedule,
    say_timing,
    write_span,
)
from pfs_sim.report.termsheet.words import money, percent

_KINDS = {
    "loan": "loan", "recoverable_grant": "recoverable grant", "grant": "grant, never repaid",
    "deferred_fee": "fee at risk", "equity": "equity",
}
_PARTIES = {"payor": "the government", "provider": "the provider",
            "intermediary": "the intermediary"}


@dataclass(frozen=True)
class Party:
    """Who takes part, as what, with how much."""

    role: str
    name: str
    part: str


@dataclass(frozen=True)
class TermInWords:
    """A payment term."""

    name: str
    counts: str
    pays: str
    besides: tuple[str, ...]
    when: str
    cap: str
    mean: Cell


@dataclass(frozen=True)
class Deal:
    """The deal on a page."""

    description: str
    brief: tuple[tuple[str, str, str], ...]
    parties: tuple[Party, ...]
    program: tuple[str, ...]
    terms: tuple[TermInWords, ...]
    limits: tuple[str, ...]
    waterfall: tuple[str, ...]
    dates: tuple[tuple[str, str], ...]
    figures: int
    origins: dict[str, int]


def describe_deal(deck: Deck) -> Deal:
    """Everything a newcomer must know before the numbers."""
    scenario = deck.scenario
    figures = list_figures(scenario)
    return Deal(
        scenario.description, tuple(sum_up(scenario)), tuple(list_parties(scenario)),
        tuple(say_program(scenario)),
        tuple(list_terms(deck)), tuple(say_limits(scenario)), tuple(say_waterfall(scenario)),
        tuple(list_dates(scenario)), len(figures), count_origins(figures),
    )


def sum_up(scenario: Scenario) -> list[tuple[str, str, str]]:
    """The deal in a handful of facts: what, the fact, more about it."""
    contract, capital, program = scenario.contract, scenario.capital, scenario.program
    found = []
    payors = [isolate(payor.label or plain(name)) for name, payor in contract.payors.items()]
    most = "without a cap"
    if contract.cap is not None:
        most = f"at most {money(contract.cap.value, scenario.currency)}"
    who = payors[0] if len(payors) == 1 else f"{len(payors)} governments"
    found.append(("Who pays", who, most))
    terms = [name_term(scenario, name) for name in contract.terms]
    names = "; ".join(terms[:4]) + (f"; and {len(terms) - 4} more" if len(terms) > 4 else "")
    found.append(("For what", f"{len(terms)} payment term{'s' * (len(terms) != 1)}", names))
    if capital.tranches:
        count = len(capital.tranches)
        names = "; ".join(name_tranche(scenario, name) for name in list(capital.tranches)[:4])
        found.append(("Who invests", f"{write_raise(scenario)} in {count} tranche"
                      f"{'s' * (count != 1)}", names))
    else:
        found.append(("Who invests", "nobody", "the program is funded without investors"))
    goal = "open" if program.target is None else f"{program.target:,} clients"
    length = write_span(scenario, program.service.duration)
    found.append(("Who is served", goal, f"{length} of service each"))
    clock = scenario.clock
    first, last = write_month(clock.date(0)), write_month(clock.date(clock.periods))
    found.append(("When", f"{first} to {last}",
                  f"{len(scenario.evaluation.dates)} evaluation"
                  f"{'s' * (len(scenario.evaluation.dates) != 1)}"))
    return found


def list_parties(scenario: Scenario) -> list[Party]:
    """Government, funders, guarantors, those who provide and run it."""
    contract, capital, currency = scenario.contract, scenario.capital, scenario.currency
    found = []
    for name, payor in contract.payors.items():
        most = payor.cap or (contract.cap if len(contract.payors) == 1 else None)
        part = "pays for outcomes"
        if most is not None:
            part += f", at most {money(most.value, currency)}"
        found.append(Party("Government", isolate(payor.label or plain(name)), part))
    for name, tranche in capital.tranches.items():
        label = name_tranche(scenario, name)
        if tranche.holder:
            label += f" ({isolate(tranche.holder)})"
        part = f"{_KINDS[tranche.kind]}, up to {money(tranche.commitment.value, currency)}"
        if tranche.coupon.value:
            part += f", at {percent(tranche.coupon.value)} a year"
        found.append(Party("Investor", label, part))
    for name, grant in capital.grants.items():
        part = f"gives {money(grant.amount.value, currency)}, never repaid"
        found.append(Party("Grant", isolate(grant.holder or plain(name)), part))
    for name, guarantee in capital.guarantees.items():
        of = " and ".join(name_tranche(scenario, tranche) for tranche in guarantee.tranches)
        share = f"{percent(guarantee.share.value)}"
        what = f"tops up {of} to {share} of what was drawn"
        if guarantee.kind == "additive":
            what = f"makes good {share} of the principal that {of} loses"
        if guarantee.limit is not None:
            what += f", at most {money(guarantee.limit.value, currency)}"
        found.append(Party("Guarantor", isolate(guarantee.label or plain(name)), what))
    if not capital.tranches:
        found.append(Party("Investors", "none", "the provider funds the program, or grants do"))
    return found


def say_program(scenario: Scenario) -> list[str]:
    """The program in a few sentences: who, how long, compared with whom, toward what."""
    program = scenario.program
    goal = "an open number of" if program.target is None else f"{program.target:,}"
    said = [f"Treats {goal} clients for {write_span(scenario, program.service.duration)} each."]
    if program.assignment.method != "none":
        share = percent(program.assignment.share.value)
        said.append(f"Assigns by lot: {share} to treatment, the others are the control arm.")
    for name, outcome in scenario.outcomes.items():
        aim = "fewer" if outcome.good == "lower" else "more"
        said.append(f"Aims at {aim}: {name_outcome(scenario, name)}.")
    return said if len(said) <= 8 else [*said[:7], f"And {len(said) - 7} more outcomes."]


def list_terms(deck: Deck) -> list[TermInWords]:
    """The payment terms, in the order of the file."""
    scenario = deck.scenario
    found = []
    for name, term in scenario.contract.terms.items():
        cap = "–" if term.cap is None else money(term.cap.value, scenario.currency)
        counts = "" if term.measure is None else say_measure(scenario, term.measure)
        mean = deck.table[f"payor.payments.{name}"].mean
        found.append(TermInWords(
            name_term(scenario, name), counts[:1].upper() + counts[1:] or "Nothing is measured",
            say_schedule(scenario, term), tuple(say_conditions(scenario, term)),
            say_timing(scenario, term), cap, write_cell(mean, "money", scenario.currency),
        ))
    return found


def say_waterfall(scenario: Scenario) -> list[str]:
    """Who is paid first, step by step."""
    found = []
    for step in scenario.capital.waterfall.values():
        names = [_PARTIES.get(to) or name_tranche(scenario, to) for to in step.to]
        if step.pay == "share" and isinstance(step.to, dict):
            names = [
                f"{percent(share.value)} to {name}"
                for share, name in zip(step.to.values(), names, strict=True)
            ]
        to = ", ".join(names)
        amount = ""
        if step.amount is not None:
            amount = f" of {money(step.amount.value, scenario.currency)}"
        rate = "" if step.irr is None else f"{percent(step.irr.value)} a year"
        said = {
            "fee": f"Fee{amount} to {to}",
            "interest": f"Interest to {to}",
            "principal": f"Principal to {to}",
            "return": f"Whatever brings {to} to {rate or 'its return'}",
            "share": f"The rest: {to}" + (f" (investors up to {rate})" if rate else ""),
            "reserve": f"Reserve{amount} kept as working capital",
        }[step.pay]
        found.append(said)
    return found


def list_dates(scenario: Scenario) -> list[tuple[str, str]]:
    """Start, evaluations, end."""
    clock = scenario.clock
    found = [("Starts", write_day(clock.date(0)))]
    for name, when in scenario.evaluation.dates.items():
        day = clock.date(clock.grid(when))
        found.append((f"Evaluation: {plain(name).lower()}", write_day(day)))
    if len(found) > 9:
        found = [*found[:4], (f"… {len(found) - 5} more evaluations …", ""), found[-1]]
    return [*found, ("Ends", write_day(clock.date(clock.periods)))]


@dataclass(frozen=True)
class Origin:
    """A source and all the figures that rest on it."""

    source: str
    figures: tuple[Figure, ...]


def list_assumed(scenario: Scenario) -> list[Origin]:
    """The figures that the scenario calls assumed, by what it says about them."""
    assumed = [figure for figure in list_figures(scenario) if figure.assumed]
    return _group(assumed)


def list_sourced(scenario: Scenario) -> list[Origin]:
    """The figures that have a source, by source; last those that state none."""
    others = [figure for figure in list_figures(scenario) if not figure.assumed]
    named = _group([figure for figure in others if figure.source])
    bare = tuple(figure for figure in others if not figure.source)
    return [*named, *([Origin("No source is given", bare)] if bare else [])]


def _group(figures: list[Figure]) -> list[Origin]:
    return [
        Origin(source, tuple(found))
        for source, found in groupby(figures, key=lambda figure: figure.source)
    ]


def write_raise(scenario: Scenario) -> str:
    """All commitments together."""
    total = sum(t.commitment.value for t in scenario.capital.tranches.values())
    return format_money(total, total / 1000 or None, scenario.currency, short=True)
