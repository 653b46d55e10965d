"""Article by article: when it is evaluated, and what each measure is (model §7)."""

from __future__ import annotations

from typing import Any

from pfs_sim.model.evaluation import (
    Best,
    Blend,
    Fallback,
    Measure,
    OutcomeMeasure,
    PersonMeasure,
    Product,
    ProgramMeasure,
    Ratio,
    Switch,
    Worst,
)
from pfs_sim.report.termsheet.clauses import Article, Clause, Section, Table
from pfs_sim.report.termsheet.scales import scale_of
from pfs_sim.report.termsheet.words import (
    Words,
    code,
    join,
    money,
    number,
    percent,
    say_of,
)

_COUNTED = {
    "referred": "people referred to the program",
    "eligible": "people found eligible who consent",
    "enrolled": "people enrolled, treated or not",
    "treated": "people enrolled in treatment",
    "control": "people enrolled as controls",
    "completed": "clients who completed treatment",
    "left": "clients who left treatment early",
    "active": "clients in service at the date",
}
_SAMPLES = {
    "assigned": "Everyone assigned counts, whether or not they started or stayed.",
    "treated": "Only those who started treatment count.",
    "completed": "Only those who completed treatment count.",
}


def evaluation_section(words: Words) -> Section:
    """What is measured, when, against what."""
    evaluation = words.scenario.evaluation
    rows = [(code(name), words.when(when)) for name, when in evaluation.dates.items()]
    dates = Article(
        "Evaluation dates",
        "evaluation.dates",
        [
            Clause(
                f"There {'is one evaluation' if len(rows) == 1 else f'are {len(rows)} evaluations'}"
                ". Each looks at the data reported by its date.",
                ("evaluation.dates",),
                Table(("Evaluation", "Date"), rows),
            )
        ],
    )
    measures = [
        Article(f"Measure {code(name)}", f"evaluation.measures.{name}", _state(words, name, found))
        for name, found in evaluation.measures.items()
    ]
    return Section("What is measured", "evaluation", [dates, *measures])


def _state(words: Words, name: str, measure: Measure) -> list[Clause]:
    path = f"evaluation.measures.{name}"
    if isinstance(measure, OutcomeMeasure):
        return _state_outcome(words, path, measure)
    if isinstance(measure, ProgramMeasure):
        only = f" of the type {code(measure.type)}" if measure.type else ""
        return [
            Clause(
                f"The number of {_COUNTED[measure.program]}{only}, {_basis(measure.basis)}, "
                "by verified record. Nothing is compared.",
                (f"{path}.program", f"{path}.type", f"{path}.basis"),
            )
        ]
    if isinstance(measure, PersonMeasure):
        return _state_person(words, path, measure)
    return _state_combination(words, path, measure)


def _basis(basis: str) -> str:
    return "to date" if basis == "cumulative" else "since the evaluation before"


def _state_outcome(words: Words, path: str, measure: OutcomeMeasure) -> list[Clause]:
    outcome = words.outcome(measure.outcome)
    good = getattr(words.scenario.outcomes.get(measure.outcome), "good", "lower")
    went = "fell" if good == "lower" else "rose"
    first, second = ("comparison", "treated") if good == "lower" else ("treated", "comparison")
    whose = "controls" if measure.arm == "control" else "treated clients"
    said = {
        "total": f"The total of *{outcome}* counted among {whose}.",
        "mean": f"The average of *{outcome}* among {whose}, for each of them (for each occasion, "
        "where a client has several).",
        "measured": f"How many {whose} were measured on *{outcome}*.",
        "difference": f"By how much *{outcome}* {went}: the {first} average less the {second} "
        "average. A move in the wrong direction is a negative measure.",
        "relative_reduction": f"By how much *{outcome}* {went}, in percent: the {first} average "
        f"less the {second} average, over the comparison average. A move in the wrong direction "
        "is a negative measure.",
        "averted": f"How much of *{outcome}* was {'averted' if good == 'lower' else 'gained'} in "
        f"all: the {first} average less the {second} average, times the clients measured. A move "
        "in the wrong direction is a negative measure.",
    }[measure.statistic]
    clauses = [
        Clause(said, (f"{path}.outcome", f"{path}.statistic", f"{path}.arm")),
        _state_design(words, path, measure),
        Clause(
            f"It counts the data {_basis(measure.basis)}. {_SAMPLES[measure.sample]}",
            (f"{path}.basis", f"{path}.sample"),
        ),
    ]
    if measure.design != "rct":
        clauses.append(_state_bias(path, measure))
    if measure.significance is not None:
        clauses.append(
            Clause(
                "It counts only if it is statistically significant in a one-sided test at the "
                f"level of {percent(measure.significance.alpha.value)}; otherwise there is no "
                "measure and nothing is paid on it.",
                (f"{path}.significance",),
            )
        )
    if measure.minimum_sample:
        clauses.append(
            Clause(
                f"It needs at least {number(measure.minimum_sample)} clients measured in each arm "
                "that it uses; with fewer there is no measure and nothing is paid on it.",
                (f"{path}.minimum_sample",),
            )
        )
    return clauses


def _state_design(words: Words, path: str, measure: OutcomeMeasure) -> Clause:
    if measure.design == "historical":
        fixed = measure.comparison
        said = "a level that this contract fixes"
        if fixed is not None:
            said += f": {number(fixed.value)} for each client ({percent(fixed.value)})"
        said += ", with no trend." if measure.trend.certain and measure.trend.mean() == 0 else (
            f", changed by a share {say_of(measure.trend, percent)} of itself for each year since "
            f"{words.grid(0)}."
        )
        return Clause(
            f"The comparison is {said}",
            (f"{path}.design", f"{path}.comparison", f"{path}.trend"),
        )
    said = {
        "rct": "The comparison is the control arm of the randomized trial.",
        "matched": "The comparison is a matched group, "
        f"{number(measure.ratio.value)} of it for each treated client.",
        "validated": "There is no comparison group: each success counts once it is verified.",
    }[measure.design]
    return Clause(said, (f"{path}.design", f"{path}.ratio"))


def _state_bias(path: str, measure: OutcomeMeasure) -> Clause:
    none = measure.bias.certain and measure.bias.mean() == 0.0
    return Clause(
        "The model takes this measure to be free of systematic error."
        if none
        else "The model takes this measure to err, by what is not chance: "
        f"an error {say_of(measure.bias)} is added to it.",
        (f"{path}.bias",),
    )


def _state_person(words: Words, path: str, measure: PersonMeasure) -> list[Clause]:
    currency = words.scenario.currency
    rows = [
        (words.outcome(name), f"{money(price.value, currency)} for each unit")
        for name, price in measure.person.items()
    ]
    return [
        Clause(
            f"What clients earn, person by person, {_basis(measure.basis)}:",
            (f"{path}.person", f"{path}.basis"),
            Table(("Outcome", "Price"), rows),
        ),
        Clause(
            f"No client earns more than {money(measure.cap.value, currency)} in all.",
            (f"{path}.cap",),
        ),
    ]


def _state_combination(words: Words, path: str, measure: Any) -> list[Clause]:
    def names(found: list[str], last: str = "and") -> str:
        return join([code(name) for name in found], last)

    if isinstance(measure, Blend):
        parts = [f"{number(w.value)} × {code(name)}" for name, w in measure.blend.items()]
        said = f"The sum of {join(parts)}"
        plus = measure.constant.value
        tail = f", and {number(plus)}." if plus else "."
        return [
            Clause(
                f"{said}{tail} There is no measure where one of them has no data.",
                (f"{path}.blend", f"{path}.constant"),
            )
        ]
    if isinstance(measure, Switch):
        return [
            Clause(
                f"{code(measure.before)} at evaluations before {words.when(measure.date)}, "
                f"{code(measure.then)} from then on.",
                (f"{path}.before", f"{path}.then", f"{path}.date"),
            )
        ]
    if isinstance(measure, Ratio):
        upper, lower = measure.ratio
        said = f"{code(upper)} over {code(lower)}; no measure where the latter is zero."
        return [Clause(said, (f"{path}.ratio",))]
    if isinstance(measure, Product):
        return [Clause(f"The product of {names(measure.product)}.", (f"{path}.product",))]
    if isinstance(measure, Best):
        said = f"The largest of {names(measure.best_of)}, of those that have data."
        return [Clause(said, (f"{path}.best_of",))]
    if isinstance(measure, Worst):
        said = f"The smallest of {names(measure.worst_of)}; no measure where one has no data."
        return [Clause(said, (f"{path}.worst_of",))]
    assert isinstance(measure, Fallback)
    order = ", else ".join(code(name) for name in measure.fallback)
    return [Clause(f"The first of these that has data: {order}.", (f"{path}.fallback",))]


def say_bound(words: Words, measure: str, x: float) -> str:
    """A value of a measure in its own unit."""
    return scale_of(words, measure).say(x, words)
