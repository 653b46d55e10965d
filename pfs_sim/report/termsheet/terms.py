"""A payment term, clause by clause: for what, when, up to how much, on what conditions."""

from __future__ import annotations

from collections.abc import Mapping

from pfs_sim.model.contract import Condition, Term, YearCap
from pfs_sim.report.termsheet.clauses import Article, Clause
from pfs_sim.report.termsheet.evaluation import say_bound
from pfs_sim.report.termsheet.schedules import schedule_clause
from pfs_sim.report.termsheet.words import Words, code, join, number, percent, title


def term_article(words: Words, name: str, term: Term) -> Article:
    """All that the contract says of one term."""
    path = f"contract.terms.{name}"
    clauses = [
        schedule_clause(words, path, term),
        *_factors(words, path, term),
        _dates(words, path, term),
        _claims(words, path, term),
        *_bounds(words, path, term),
        *_conditions(words, path, term),
        *_holdback(words, path, term),
        *_switch(words, path, term),
        _payors(words, path, term),
    ]
    return Article(title(name, words.label({name: term}, name)), path, clauses)


def say_condition(words: Words, condition: Condition) -> str:
    """A bound on a measure."""
    bounds = []
    if condition.at_least is not None:
        bounds.append(f"at least {say_bound(words, condition.measure, condition.at_least.value)}")
    if condition.below is not None:
        bounds.append(f"below {say_bound(words, condition.measure, condition.below.value)}")
    return f"{code(condition.measure)} is {join(bounds) if bounds else 'known'}"


def say_conditions(
    words: Words, only_if: Mapping[str, Condition], any_of: Mapping[str, Condition]
) -> str:
    """Everything that must hold; empty where nothing must."""
    parts = [say_condition(words, condition) for condition in only_if.values()]
    if any_of:
        some = join([say_condition(words, condition) for condition in any_of.values()], "or")
        parts.append(f"at least one of these holds: {some}" if len(any_of) > 1 else some)
    return join(parts)


def say_year_cap(words: Words, cap: YearCap) -> str:
    """A cap in each fiscal year, and what becomes of the rest."""
    rest = {
        "forfeit": "what exceeds it is lost",
        "carry": "what exceeds it falls due on the first grid point of the next fiscal year, "
        "from the payors who owe it, under that year's cap (past the end of the grid it is lost)",
    }[cap.excess]
    return f"{words.money(cap.amount.value)} in a fiscal year; {rest}"


def _factors(words: Words, path: str, term: Term) -> list[Clause]:
    found = []
    if isinstance(term.times, str):
        said = f"The amount is multiplied by the measure {code(term.times)}; without it, nothing."
        found.append(Clause(said, (f"{path}.times",)))
    elif term.times.value != 1.0:
        said = f"The amount is multiplied by {number(term.times.value)}."
        found.append(Clause(said, (f"{path}.times",)))
    if term.escalation is not None:
        rate = term.escalation.rate.value
        said = (
            f"The amount {'rises' if rate >= 0 else 'falls'} by {percent(abs(rate))} "
            f"{'' if rate >= 0 else f'(a rise of {percent(rate)}) '}for each whole year since "
            f"{words.when(term.escalation.since)}, compounded."
        )
        found.append(Clause(said, (f"{path}.escalation",)))
    return found


def _dates(words: Words, path: str, term: Term) -> Clause:
    dates = words.scenario.evaluation.dates
    named = term.at is not None
    where = [
        f"at {code(when)}, {words.when(dates[str(when)])}" if when in dates else words.when(when)
        for when in (dates if term.at is None else term.at)
    ]
    listed = where[0] if len(where) == 1 else "; ".join(where)
    only = ":" if named else " at every evaluation:"
    lag = words.clock.span(term.lag)
    paid = (
        f"It is paid {words.span(term.lag)} later." if lag else "It is paid at once (no lag)."
    )
    said = f"What is due is determined{only} {listed}. {paid}"
    return Clause(said, (f"{path}.at", f"{path}.lag"))


def _claims(words: Words, path: str, term: Term) -> Clause:
    covers = (f"{path}.basis", f"{path}.claw_back")
    once = len(words.scenario.evaluation.dates if term.at is None else term.at) == 1
    fixed = getattr(term.schedule, "kind", "") == "fixed"
    if term.pays != "money":
        said = "Each payment is net of what the investors have received before."
    elif term.basis == "each" or fixed:
        said = "Each date stands on its own: what was due before is not deducted."
    else:
        said = "Each date counts to date: what is due is the amount to date less what was claimed."
        said += (
            " Where the amount to date falls, what was claimed too early is paid back."
            if term.claw_back
            else " What was claimed before is never paid back."
        )
    return Clause(said, covers, quiet=once and term.pays == "money")


def _bounds(words: Words, path: str, term: Term) -> list[Clause]:
    found = []
    if term.floor is not None:
        said = (
            f"The amount due is at least {words.money(term.floor.value)}, before the cap, wherever "
            "there is a measure and the conditions hold."
        )
        found.append(Clause(said, (f"{path}.floor",)))
    said = "The term has no cap of its own."
    if term.cap is not None:
        said = f"The term pays at most {words.money(term.cap.value)} in all; the excess is lost."
    found.append(Clause(said, (f"{path}.cap",)))
    if term.fiscal_year_cap is not None:
        said = f"The term pays at most {say_year_cap(words, term.fiscal_year_cap)}."
        found.append(Clause(said, (f"{path}.fiscal_year_cap",)))
    return found


def _conditions(words: Words, path: str, term: Term) -> list[Clause]:
    found = []
    if term.only_if or term.any_of:
        must = say_conditions(words, term.only_if, term.any_of)
        said = f"Nothing is due unless, at the date, {must}. Without data a condition fails."
        found.append(Clause(said, (f"{path}.only_if", f"{path}.any_of")))
    if term.unless_paid:
        others = join([words.label(words.scenario.contract.terms, n) for n in term.unless_paid])
        said = f"Nothing is due once anything has been claimed under: {others}."
        found.append(Clause(said, (f"{path}.unless_paid",)))
    return found


def _holdback(words: Words, path: str, term: Term) -> list[Clause]:
    hold = term.holdback
    if hold is None:
        return []
    said = (
        f"{percent(hold.share.value)} of what is claimed up to {words.when(hold.release)} is held "
        "back and falls due on that day, with the same lag; later claims are paid in full."
    )
    if hold.only_if:
        said += f" It is forfeited unless, on that day, {say_conditions(words, hold.only_if, {})}."
    return [Clause(said, (f"{path}.holdback",))]


def _switch(words: Words, path: str, term: Term) -> list[Clause]:
    switch = term.switch
    if switch is None:
        return []
    who = join([words.tranche(name) for name in switch.tranches])
    said = (
        f"Once {who} {'has' if len(switch.tranches) == 1 else 'have'} been repaid principal with "
        f"{percent(switch.rate.value)} a year, what is due beyond that is multiplied by "
        f"{number(switch.factor.value)}. What earlier terms pay on the same day counts as repaid."
    )
    return [Clause(said, (f"{path}.switch",))]


def _payors(words: Words, path: str, term: Term) -> Clause:
    payors = list(words.scenario.contract.payors)
    if term.payors is not None:
        shares = [f"{words.payor(n)} {percent(share.value)}" for n, share in term.payors.items()]
        who = join(shares)
    elif len(payors) == 1:
        who = words.payor(payors[0])
    else:
        who = f"{join([words.payor(name) for name in payors])}, in equal shares"
    to = "the main pool" if term.pool == "main" else f"the pool {code(term.pool)}"
    return Clause(
        f"Paid by {who}, into {to} of the waterfall.", (f"{path}.payors", f"{path}.pool")
    )
