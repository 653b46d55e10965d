"""The contract beyond its terms: caps and their order, payors, triggers, savings (model §8)."""

from __future__ import annotations

from pfs_sim.model.contract import Default, Trigger
from pfs_sim.report.termsheet.clauses import Article, Clause, Section
from pfs_sim.report.termsheet.terms import say_conditions, say_year_cap, term_article
from pfs_sim.report.termsheet.words import (
    Words,
    code,
    count,
    in_turn,
    join,
    number,
    percent,
    say_of,
    title,
)


def payments_section(words: Words) -> Section:
    """One article a term; then the caps on all of them."""
    contract = words.scenario.contract
    terms = [term_article(words, name, term) for name, term in contract.terms.items()]
    return Section("What is paid", "contract", [*terms, _caps(words)])


def _caps(words: Words) -> Article:
    contract = words.scenario.contract
    total = (
        f"All terms together pay at most {words.money(contract.cap.value)}; the excess is lost."
        if contract.cap is not None
        else "There is no cap on all terms together."
    )
    clauses = [Clause(total, ("contract.cap",))]
    if contract.fiscal_year_cap is not None:
        said = f"All terms together pay at most {say_year_cap(words, contract.fiscal_year_cap)}."
        clauses.append(Clause(said, ("contract.fiscal_year_cap",)))
    clauses.append(Clause(_say_order(words), ("contract.terms#order",)))
    return Article("Caps and their order", "contract#caps", clauses)


def _say_order(words: Words) -> str:
    contract = words.scenario.contract
    terms, payors = contract.terms.values(), contract.payors.values()
    steps = [
        ("the term's own cap, as it is claimed", any(t.cap is not None for t in terms)),
        ("a payor's failure to appropriate", any(p.default is not None for p in payors)),
        ("the term's cap of the fiscal year", any(t.fiscal_year_cap for t in terms)),
        ("the contract's cap of the fiscal year", contract.fiscal_year_cap is not None),
        ("the payor's cap of the fiscal year", any(p.fiscal_year_cap for p in payors)),
        ("the payor's cap in all", any(p.cap is not None for p in payors)),
        ("the contract's cap in all", contract.cap is not None),
    ]
    found = [said for said, there in steps if there]
    listed = in_turn(words.label(contract.terms, name) for name in contract.terms)
    said = f"On one day the terms are paid in this order: {listed}." if len(terms) > 1 else ""
    if len(found) > 1:
        said += f" Each payment meets, in this order: {in_turn(found)}."
    elif found:
        said += f" Each payment meets {found[0]}."
    else:
        return f"{said} No cap applies.".strip()
    return f"{said.strip()} Only what is actually paid uses up a cap."


def payors_section(words: Words) -> Section:
    """Who pays, up to what, and what if a legislature does not appropriate."""
    articles = []
    month = f"{words.clock.date(0).replace(day=1, month=words.clock.fiscal_year_start):%B} 1"
    for name, payor in words.scenario.contract.payors.items():
        path = f"contract.payors.{name}"
        clauses = []
        cap = "No ceiling of its own on what it pays in all."
        if payor.cap is not None:
            cap = f"It pays at most {words.money(payor.cap.value)} in all; the excess is lost."
        clauses.append(Clause(cap, (f"{path}.cap", path)))
        if payor.fiscal_year_cap is not None:
            said = f"It pays at most {say_year_cap(words, payor.fiscal_year_cap)}."
            clauses.append(Clause(said, (f"{path}.fiscal_year_cap",)))
        if payor.default is not None:
            said = _say_default(words, payor.default)
            clauses.append(Clause(said, (f"{path}.default",)))
        articles.append(Article(title(name, words.payor(name)), path, clauses))
    year = Clause(
        f"A fiscal year starts on {month} and is named after the calendar year in which it ends.",
        ("clock.fiscal_year_start",),
    )
    articles.append(Article("Fiscal years", "clock.fiscal_year", [year]))
    return Section("Who pays", "contract.payors", articles)


def _say_default(words: Words, default: Default) -> str:
    said = (
        "Appropriation risk, as the model takes it: in each fiscal year the appropriation fails "
        f"with a probability {say_of(default.probability, percent)}; then "
        f"{percent(default.lost.value)} of what is due that year is lost"
    )
    if words.clock.span(default.late):
        return f"{said} and the rest comes {words.span(default.late)} later."
    return f"{said} and the rest comes in time."


def triggers_section(words: Words) -> Section:
    """What ends, stops or grows."""
    articles = [
        Article(f"Trigger {code(name)}", f"contract.triggers.{name}", _state(words, name, trigger))
        for name, trigger in words.scenario.contract.triggers.items()
    ]
    return Section("Termination, stop of funding, expansion", "contract.triggers", articles)


def _state(words: Words, name: str, trigger: Trigger) -> list[Clause]:
    path = f"contract.triggers.{name}"
    dates = join([words.when(when) for when in trigger.at])
    must = say_conditions(words, trigger.only_if, trigger.any_of)
    said = f"On {dates}" + (f", if {must}" if must else "")
    what = {
        "terminate": "the program ends: enrollment closes and service stops",
        "stop_funding": "no more is drawn from "
        + join([words.tranche(n) for n in trigger.tranches] or ["no tranche"]),
        "expand": "the program grows",
    }[trigger.action]
    covers = [f"{path}.{key}" for key in ("at", "only_if", "any_of", "action", "tranches")]
    clauses = [Clause(f"{said}, {what}.", tuple(covers))]
    if trigger.action == "terminate":
        after = (
            "Those already treated are still measured and paid for."
            if trigger.pays_after
            else "Nothing is evaluated or falls due after that day; what was determined before "
            "is still paid."
        )
        clauses.append(Clause(after, (f"{path}.pays_after",)))
        clauses.append(
            Clause(
                f"Winding down costs {words.amount(trigger.wind_down)} on that day.",
                (f"{path}.wind_down",),
            )
        )
    if trigger.target is not None:
        said = f"The target becomes {count(trigger.target, 'treated client')}."
        clauses.append(Clause(said, (f"{path}.target",)))
    if trigger.window_end is not None:
        said = f"Enrollment then ends on {words.when(trigger.window_end)}."
        clauses.append(Clause(said, (f"{path}.window_end",)))
    return clauses


def savings_section(words: Words) -> Section:
    """What an averted unit is worth, and the rate at which the payor discounts."""
    contract, articles = words.scenario.contract, []
    for name, saving in contract.savings.items():
        path = f"contract.savings.{name}"
        years = saving.years.value
        said = (
            f"Each averted unit of *{words.outcome(saving.outcome)}* is worth "
            f"{words.amount(saving.value)} to the payor, spread over "
            f"{number(years)} {'year' if years == 1 else 'years'}; "
            f"{percent(saving.cashable.value)} of it frees a budget."
        )
        covers = [f"{path}.{key}" for key in ("value", "outcome", "years", "cashable")]
        articles.append(Article(f"Savings {code(name)}", path, [Clause(said, tuple(covers))]))
    rate = Clause(
        f"The payor's present values are at {percent(contract.discount_rate.value)} a year.",
        ("contract.discount_rate",),
    )
    articles.append(Article("Discount rate", "contract#discount", [rate]))
    return Section("What the payor saves", "contract.savings", articles)
