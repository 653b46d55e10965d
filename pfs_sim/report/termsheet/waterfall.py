"""The waterfall and the guarantees, clause by clause (model §9)."""

from __future__ import annotations

from pfs_sim.model.capital import Guarantee, Step
from pfs_sim.report.termsheet.clauses import Article, Clause, Section, Table
from pfs_sim.report.termsheet.words import Words, code, in_turn, join, percent, title


def waterfall_section(words: Words) -> Section:
    """One article a step, in order; then who gets what is left."""
    capital = words.scenario.capital
    articles = [_step(words, name, step) for name, step in capital.waterfall.items()]
    clauses = []
    if len(capital.waterfall) > 1:
        listed = in_turn(name.replace("_", " ") for name in capital.waterfall)
        said = f"The steps are taken in this order on every day with money: {listed}."
        clauses.append(Clause(said, ("capital.waterfall#order",)))
    clauses.append(
        Clause(
            f"What is left at the end, {words.grid(words.clock.periods)}, goes to the "
            f"{capital.residual}.",
            ("capital.residual",),
        )
    )
    articles.append(Article("Order and remainder", "capital#remainder", clauses))
    return Section("Who is paid, in which order", "capital.waterfall", articles)


def _step(words: Words, name: str, step: Step) -> Article:
    path = f"capital.waterfall.{name}"
    keys = ("pay", "to", "amount", "irr")
    clauses = [Clause(_say_step(words, step), tuple(f"{path}.{key}" for key in keys))]
    source = "the main pool" if step.pool in (None, "main") else f"the pool {code(step.pool)} only"
    said = f"Out of {source}"
    if words.clock.grid(step.due):
        said += f", from {words.when(step.due)} on"
    said += "." if step.until is None else f", until {words.when(step.until)}."
    clauses.append(Clause(said, (f"{path}.due", f"{path}.until", f"{path}.pool")))
    return Article(title(name), path, clauses)


def _say_step(words: Words, step: Step) -> str:
    who = join([words.recipient(name) for name in step.to]) if step.to else "no one"
    several = len(step.to) > 1
    if step.pay == "fee":
        amount = "nothing" if step.amount is None else words.money(step.amount.value)
        return f"Fee: {amount} in all to {_say_shares(words, step)}."
    if step.pay == "interest":
        return f"Interest due to {who}{', pro rata by what is due' if several else ''}."
    if step.pay == "principal":
        return f"Principal of {who}{', pro rata by what is outstanding' if several else ''}."
    if step.pay == "return":
        rate = percent(0.0 if step.irr is None else step.irr.value)
        return (
            f"Return: whatever brings {who} to an annual IRR of {rate}"
            f"{', pro rata by what each still lacks' if several else ''}."
        )
    if step.pay == "reserve":
        most = "all of it" if step.amount is None else f"up to {words.money(step.amount.value)}"
        return f"Reserve: {most} is kept as working capital for the program's costs."
    said = f"Shares of what is left at this step: {_say_shares(words, step)}. It is shared once."
    if step.irr is not None:
        said += f" No tranche gets more than an annual IRR of {percent(step.irr.value)}."
    return said


def _say_shares(words: Words, step: Step) -> str:
    if not step.to:
        return "no one"
    if isinstance(step.to, dict):
        return join([f"{percent(x.value)} to {words.recipient(n)}" for n, x in step.to.items()])
    names = [words.recipient(name) for name in step.to]
    return join(names) + (" in equal shares" if len(names) > 1 else "")


OF = {
    "drawn": "what was drawn",
    "commitment": "the whole commitment, drawn or not, but never to more than was drawn",
}


def guarantees_section(words: Words) -> Section:
    """Who makes good which loss."""
    capital = words.scenario.capital
    articles = [
        Article(
            title(name, words.label(capital.guarantees, name)),
            f"capital.guarantees.{name}",
            _state(words, name, found),
        )
        for name, found in capital.guarantees.items()
    ]
    return Section("Guarantees", "capital.guarantees", articles)


def _state(words: Words, name: str, found: Guarantee) -> list[Clause]:
    path = f"capital.guarantees.{name}"
    who, share = join([words.tranche(n) for n in found.tranches]), percent(found.share.value)
    said = {
        "additive": f"The guarantor pays {share} of the principal of {who} that was not returned.",
        "floor": f"The guarantor tops up what was returned of the principal of {who} to {share} "
        f"of {OF[found.of]}.",
    }[found.kind]
    covers = (f"{path}.share", f"{path}.kind", f"{path}.tranches", f"{path}.of")
    clauses = [Clause(said, covers)]
    at = words.clock.periods if found.at is None else found.at
    said = (
        f"It is called once, on {words.when(at)}, or on the day of a termination after which "
        "nothing is paid, if that is earlier, after that day's distribution."
    )
    clauses.append(Clause(said, (f"{path}.at",)))
    if found.limit is not None:
        said = f"It pays at most {words.money(found.limit.value)}."
        clauses.append(Clause(said, (f"{path}.limit",)))
    if found.pot:
        rows = [(words.when(when), words.money(x.value)) for when, x in found.pot.items()]
        clauses.append(
            Clause(
                "It pays no more than the pot holds to date, which fills in this way:",
                (f"{path}.pot",),
                Table(("Date", "Added"), rows),
            )
        )
    return clauses
