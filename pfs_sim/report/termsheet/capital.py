"""Costs and sources of funds, clause by clause (model §9)."""

from __future__ import annotations

from pfs_sim.model.capital import Cost, Tranche
from pfs_sim.model.quantities import Quantity
from pfs_sim.report.termsheet.clauses import Article, Clause, Section, Table
from pfs_sim.report.termsheet.words import (
    Words,
    count,
    in_turn,
    join,
    percent,
    plain_text,
    say_of,
    title,
)

_KINDS = {
    "loan": "A loan",
    "recoverable_grant": "A recoverable grant, repaid if money remains",
    "grant": "A grant, never repaid",
    "deferred_fee": "A deferred fee, work done whose payment is at risk",
    "equity": "Equity, a share of what remains",
}
_BEARS_INTEREST = ("loan", "equity")


def costs_section(words: Words) -> Section:
    """One article a cost line, in the order in which they are paid."""
    capital = words.scenario.capital
    articles = [_cost(words, name, cost) for name, cost in capital.costs.items()]
    certain = capital.overrun.certain and capital.overrun.mean() == 1.0
    overrun = (
        "No overrun of all costs together is expected (factor 1)."
        if certain
        else f"All costs are multiplied by an overrun {say_of(capital.overrun)}."
    )
    order = in_turn(name.replace("_", " ") for name in capital.costs)
    clauses = [Clause(overrun, ("capital.overrun",))]
    if len(capital.costs) > 1:
        said = f"Where money is short the lines are paid in this order: {order}."
        clauses.append(Clause(said, ("capital.costs#order",)))
    articles.append(Article("All costs", "capital#costs", clauses))
    return Section("What the program costs", "capital.costs", articles)


def _cost(words: Words, name: str, cost: Cost) -> Article:
    path = f"capital.costs.{name}"
    clauses = []
    if cost.per_client_period is not None:
        said = _sum(words, cost.per_client_period)
        said += f" for each client in service in a {words.period}."
        clauses.append(Clause(said, (f"{path}.per_client_period",)))
    if cost.per_enrollment is not None:
        said = f"{_sum(words, cost.per_enrollment)} for each treated client enrolled."
        clauses.append(Clause(said, (f"{path}.per_enrollment",)))
    if cost.per_period is not None:
        keys = ("per_period", "first", "last", "stops")
        clauses.append(Clause(_say_standing(words, cost), tuple(f"{path}.{key}" for key in keys)))
    if cost.at:
        rows = [(words.when(when), _sum(words, amount)) for when, amount in cost.at.items()]
        table = Table(("Date", "Amount"), rows)
        clauses.append(Clause("Amounts at dates:", (f"{path}.at",), table))
    if not clauses:
        clauses.append(Clause("Nothing is charged on this line.", (path,)))
    if cost.inflation.value != 0.0:
        said = (
            f"It rises by {percent(cost.inflation.value)} a year since {words.grid(0)}, from one "
            "grid point to the next."
        )
        clauses.append(Clause(said, (f"{path}.inflation",)))
    if not (cost.overrun.certain and cost.overrun.mean() == 1.0):
        said = f"It is multiplied by an overrun {say_of(cost.overrun)}."
        clauses.append(Clause(said, (f"{path}.overrun",)))
    clauses.append(Clause(f"Category: {cost.category}.", (f"{path}.category",)))
    return Article(title(name), path, clauses)


def _sum(words: Words, amount: Quantity) -> str:
    said = words.amount(amount)
    return said[0].upper() + said[1:]


def _say_standing(words: Words, cost: Cost) -> str:
    assert cost.per_period is not None
    said = f"{_sum(words, cost.per_period)} each {words.period}, from {words.when(cost.first)}"
    if cost.last is None:
        said += " as long as anyone is served or can still enroll"
    else:
        said += f" to {words.when(cost.last)}"
    if cost.stops:
        return f"{said}. It ends when service is stopped early."
    until = "" if cost.last is not None else ", to the end of the enrollment window"
    return f"{said}. It goes on when service is stopped early{until}."


def funds_section(words: Words) -> Section:
    """One article a tranche, then opening grants, then what happens if money runs out."""
    capital = words.scenario.capital
    articles = [_tranche(words, name, found) for name, found in capital.tranches.items()]
    for name, grant in capital.grants.items():
        path = f"capital.grants.{name}"
        by = f" from {plain_text(grant.holder)}" if grant.holder else ""
        said = (
            f"A grant of {words.money(grant.amount.value)}{by} arrives on {words.when(grant.at)} "
            "and is never repaid."
        )
        covers = (f"{path}.amount", f"{path}.at", f"{path}.holder")
        articles.append(Article(title(name), path, [Clause(said, covers)]))
    articles.append(_all_funds(words))
    return Section("Who funds it", "capital.tranches", articles)


def _all_funds(words: Words) -> Article:
    capital = words.scenario.capital
    raised = sum(tranche.commitment.value for tranche in capital.tranches.values())
    clauses = []
    if capital.tranches:
        of = count(len(capital.tranches), "tranche")
        said = f"Committed in all: {words.money(float(f'{raised:.15g}'))}, in {of}."
        clauses.append(Clause(said, ("capital.tranches#sum",)))
    elif not capital.grants:
        said = "No one is brought in to fund the program: the provider does."
        clauses.append(Clause(said, ("capital.tranches#sum",)))
    clauses.append(
        Clause(
            "If funds run out, service stops."
            if capital.shortfall == "stop"
            else "If funds run out, service goes on, unfunded, at the provider's expense.",
            ("capital.shortfall",),
        )
    )
    when = "after" if capital.draws == "after_distribution" else "before"
    said = f"The costs of a day are funded {when} the payments of that day are distributed."
    clauses.append(Clause(said, ("capital.draws",)))
    said = f"The investors' net present values are at {percent(capital.hurdle.value)} a year."
    clauses.append(Clause(said, ("capital.hurdle",)))
    return Article("All funds together", "capital#funds", clauses)


def _tranche(words: Words, name: str, tranche: Tranche) -> Article:
    path = f"capital.tranches.{name}"
    held = f", held by {plain_text(tranche.holder)}" if tranche.holder else ""
    clauses = [
        Clause(
            f"{_KINDS[tranche.kind]}{held}: at most {words.money(tranche.commitment.value)}.",
            (f"{path}.commitment", f"{path}.kind", f"{path}.holder"),
        ),
        Clause(_say_coupon(words, tranche), tuple(
            f"{path}.{key}" for key in ("coupon", "pays", "compounding")
        )),
        _draws(words, path, tranche),
    ]
    return Article(title(name, words.tranche(name)), path, clauses)


def _say_coupon(words: Words, tranche: Tranche) -> str:
    coupon = tranche.coupon.value
    if tranche.kind not in _BEARS_INTEREST or coupon == 0.0:
        return "No coupon."
    how = "itself bears interest" if tranche.compounding == "compound" else "bears no interest"
    said = f"A coupon of {percent(coupon)} a year"
    years = words.scenario.clock.years
    if years != 1.0:
        said += f": (1 + {percent(coupon)})^(1/{round(1.0 / years)}) − 1 each {words.period}"
    said += "."
    if tranche.pays == "paid":
        return (
            f"{said} It is paid each {words.period}, as a cost of the program; what is not paid "
            f"stays due and {how}."
        )
    return f"{said} It accrues and is paid by the waterfall; accrued interest {how}."


def _draws(words: Words, path: str, tranche: Tranche) -> Clause:
    keys = ("draw", "first", "last", "schedule", "order")
    covers = tuple(f"{path}.{key}" for key in keys)
    if tranche.schedule:
        rows = [
            (words.when(when), words.money(amount.value))
            for when, amount in tranche.schedule.items()
        ]
        return Clause("Drawn at dates:", covers, Table(("Date", "Draw"), rows))
    if tranche.draw == "upfront":
        return Clause(f"Drawn at once, all of it, on {words.when(tranche.first)}.", covers)
    said = f"Drawn as costs arise, from {words.when(tranche.first)}"
    if tranche.last is not None:
        said += f" to {words.when(tranche.last)}"
    alike = [
        words.tranche(name)
        for name, other in words.scenario.capital.tranches.items()
        if other is not tranche
        and other.draw == "as_needed"
        and not other.schedule
        and other.order == tranche.order
    ]
    said += f", in draw order {tranche.order}"
    said += f" (pro rata by commitment with {join(alike)})." if alike else "."
    return Clause(said, covers)
