"""The parties, the calendar, the program and the outcomes, as far as the parties agree on them."""

from __future__ import annotations

from pfs_sim.model.outcomes import Event, Milestone, Outcome
from pfs_sim.report.termsheet.clauses import Article, Clause, Section, Table
from pfs_sim.report.termsheet.words import (
    Words,
    code,
    count,
    number,
    percent,
    plain_text,
    singular,
    title,
)

_METHODS = {
    "none": "Everyone who enrolls is treated; there is no control arm.",
    "simple": "Each person is assigned by chance, to treatment with a probability of {share}.",
    "blocked": "People are assigned by chance, in blocks of {block} of which {share} are treated.",
}


def parties_section(words: Words) -> Section:
    """Who takes part, and how long."""
    rows = [("Payor", words.payor(name)) for name in words.scenario.contract.payors]
    capital = words.scenario.capital
    for name, tranche in capital.tranches.items():
        holder = f": {plain_text(tranche.holder)}" if tranche.holder else ""
        rows.append(("Funder", f"{words.tranche(name)}{holder}"))
    rows += [
        ("Giver of a grant", plain_text(grant.holder or name.replace("_", " ")))
        for name, grant in capital.grants.items()
    ]
    rows += [("Guarantor", words.label(capital.guarantees, n)) for n in capital.guarantees]
    rows.append(("Service provider", "the provider"))
    if any("intermediary" in step.to for step in capital.waterfall.values()) or any(
        cost.category == "intermediary" for cost in capital.costs.values()
    ):
        rows.append(("Intermediary", "the intermediary"))
    parties = Clause(
        "The parties are:", ("name#parties",), Table(("Part", "Party"), [(a, b) for a, b in rows])
    )
    clock = words.clock
    calendar = [
        Clause(
            f"The deal runs from {words.grid(0)} to {words.grid(clock.periods)}: "
            f"{words.periods(clock.periods)}.",
            ("clock.start", "clock.periods"),
        ),
        Clause(
            f"Everything happens on grid points, a {words.period} apart from the start on; a date "
            "in between counts as the next grid point.",
            ("clock.period",),
        ),
        Clause(f"All money is in {words.scenario.currency}.", ("currency",)),
    ]
    return Section(
        "Parties and calendar",
        "clock",
        [Article("Parties", "name", [parties]), Article("Calendar", "clock", calendar)],
    )


def program_section(words: Words) -> Section:
    """Who is enrolled and served, and for how long."""
    program = words.scenario.program
    target = "There is no target of enrollment."
    if program.target is not None:
        target = f"{count(program.target, 'client')} {'is' if program.target == 1 else 'are'} to"
        target += " be enrolled in treatment."
    window = f"Enrollment opens on {words.when(program.window_start)} and "
    window += (
        "stays open as long as the deal runs."
        if program.window_end is None
        else f"closes on {words.when(program.window_end)}."
    )
    assignment, service = program.assignment, program.service
    how = _METHODS[assignment.method].format(
        share=percent(assignment.share.value), block=number(assignment.block)
    )
    keys = ("method", "share", "block")
    enrollment = [
        Clause(target, ("program.target",)),
        Clause(window, ("program.window_start", "program.window_end")),
        Clause(how, tuple(f"program.assignment.{key}" for key in keys)),
    ]
    if program.intake_limit is not None:
        said = f"At most {count(program.intake_limit, 'person', 'people')} enroll in a "
        rest = "wait for the next" if service.overflow == "wait" else "are lost"
        said += f"{words.period}, both arms together; the rest {rest}."
        enrollment.append(Clause(said, ("program.intake_limit", "program.service.overflow")))
    served = [
        Clause(f"Treatment takes {words.span(service.duration)}.", ("program.service.duration",))
    ]
    if service.teams is not None:
        rows = [
            (
                code(name),
                count(team.teams, "team"),
                f"{count(team.caseload, 'client')} a team",
                words.when(team.start),
            )
            for name, team in service.teams.items()
        ]
        rest = "waits for one" if service.overflow == "wait" else "is lost"
        said = f"Places are limited by the teams; whoever finds no place {rest}."
        table = Table(("Team", "Number", "Caseload", "From"), rows)
        covers = ("program.service.teams", "program.service.overflow")
        served.append(Clause(said, covers, table))
    return Section(
        "The program",
        "program",
        [
            Article("Enrollment", "program#enrollment", enrollment),
            Article("Service", "program.service", served),
        ],
    )


def outcomes_section(words: Words) -> Section:
    """What is counted for each client."""
    articles = [
        Article(title(name, words.outcome(name)), f"outcomes.{name}", _state(words, name, o))
        for name, o in words.scenario.outcomes.items()
    ]
    return Section("Outcomes", "outcomes", articles)


def _state(words: Words, name: str, outcome: Outcome) -> list[Clause]:
    path = f"outcomes.{name}"
    kind = getattr(outcome, "kind", "")
    unit = plain_text(outcome.unit) if outcome.unit else "units"
    said = {
        "event": "Whether it happens to a client or not",
        "count": f"How many times it happens to a client ({unit})",
        "amount": f"How much of it a client has ({unit})",
        "score": f"A client's score ({unit})",
        "milestone": f"Reached or not in each {words.period} of service ({unit})",
    }.get(kind, f"A client's {unit}")
    if isinstance(outcome, Event) and outcome.trials > 1:
        said += f", on {number(outcome.trials)} occasions"
    better = "less of it is success" if outcome.good == "lower" else "more of it is success"
    covers = [f"{path}.{key}" for key in ("kind", "good", "unit", "label")]
    if isinstance(outcome, Event):
        covers.append(f"{path}.trials")
    clauses = [Clause(f"{said}; {better}.", tuple(covers))]
    if isinstance(outcome, Milestone):
        clauses += _state_milestone(words, path, outcome, unit)
    else:
        opens = "enrollment" if outcome.opens == "enrollment" else "the end of treatment"
        window = words.clock.span(outcome.window)
        said = f"Measured at {opens}"
        if window:
            said = f"Measured over {words.span(outcome.window)} from {opens}"
        clauses.append(Clause(f"{said}.", (f"{path}.window", f"{path}.opens")))
    after = words.clock.span(outcome.reporting)
    said = f"Reported {words.span(outcome.reporting)} later." if after else "Reported at once."
    clauses.append(Clause(said, (f"{path}.reporting",)))
    if outcome.after is not None:
        said = f"Only clients who had *{words.outcome(outcome.after)}* can have it."
        clauses.append(Clause(said, (f"{path}.after",)))
    return clauses


def _state_milestone(words: Words, path: str, outcome: Milestone, unit: str) -> list[Clause]:
    units = outcome.units.value
    each = f"{number(units)} {singular(unit) if units == 1 else unit}"
    clauses = [Clause(f"Each success counts {each}.", (f"{path}.units",))]
    if words.clock.span(outcome.qualify):
        said = f"Nothing counts before {words.span(outcome.qualify)} in service; then the earlier "
        clauses.append(Clause(f"{said}successes count too.", (f"{path}.qualify",)))
    if outcome.limit is not None:
        said = f"At most {count(outcome.limit, 'success', 'successes')} of one client count."
        clauses.append(Clause(said, (f"{path}.limit",)))
    return clauses
