"""What a payment term rests on: base measures, outcomes, and whether an effect is measured."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from pfs_sim.model.checks.measures import list_parts
from pfs_sim.model.contract import Condition, Term
from pfs_sim.model.evaluation import (
    OutcomeMeasure,
    PersonMeasure,
    ProgramMeasure,
)
from pfs_sim.model.scenario import Scenario
from pfs_sim.plan.outcomes import COMPARED

EFFECT, RECORD, FIXED = "effect", "record", "fixed"
"""Paid on a comparison, on verified records, or whatever happens."""


def find_bases(scenario: Scenario, names: Iterable[str]) -> dict[str, Any]:
    """The base measures under some measures, by name."""
    found: dict[str, Any] = {}
    waiting = list(names)
    seen: set[str] = set()
    while waiting:
        name = waiting.pop(0)
        if name in seen:
            continue
        seen.add(name)
        measure = scenario.evaluation.measures[name]
        parts = list_parts(measure)
        if not parts:
            found[name] = measure
        waiting += parts
    return found


def list_conditions(term: Term) -> list[Condition]:
    """Conditions of a term, those of its holdback included."""
    held = term.holdback.only_if.values() if term.holdback is not None else ()
    return [*term.only_if.values(), *term.any_of.values(), *held]


def list_measures(term: Term) -> list[str]:
    """Measures that a term looks at: for its amount, its times and its conditions."""
    found = [term.measure] if term.measure is not None else []
    if isinstance(term.times, str):
        found.append(term.times)
    found += [condition.measure for condition in list_conditions(term)]
    return list(dict.fromkeys(found))


def is_compared(measure: Any) -> bool:
    """Whether a base measure is an effect against a comparison."""
    return isinstance(measure, OutcomeMeasure) and measure.statistic in COMPARED


def find_kind(scenario: Scenario, term: Term) -> str:
    """Whether a term pays on an effect, on verified records alone, or a fixed amount."""
    bases = find_bases(scenario, list_measures(term)).values()
    if any(is_compared(base) for base in bases):
        return EFFECT
    return RECORD if bases else FIXED


def find_outcomes(scenario: Scenario, term: Term) -> list[str]:
    """Outcomes whose true effect decides whether a term should pay.

    For a term on an effect those that are compared, else all that it counts; with the outcomes
    that these follow.
    """
    bases = find_bases(scenario, list_measures(term)).values()
    compared = [base for base in bases if is_compared(base)]
    found: list[str] = []
    for base in compared or bases:
        if isinstance(base, OutcomeMeasure):
            found.append(base.outcome)
        elif isinstance(base, PersonMeasure):
            found += base.person
        else:
            assert isinstance(base, ProgramMeasure)
    for name in found:
        before = scenario.outcomes[name].after
        if before is not None and before not in found:
            found.append(before)
    return list(dict.fromkeys(found))
