"""What a measure is made of, in which unit it comes, and whether it is to date or new."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Literal

from pfs_sim.model.checks.naming import Path
from pfs_sim.model.evaluation import (
    Best,
    Blend,
    Fallback,
    OutcomeMeasure,
    PersonMeasure,
    Product,
    ProgramMeasure,
    Ratio,
    Switch,
    Worst,
)
from pfs_sim.model.outcomes import Event, Score

if TYPE_CHECKING:
    from pfs_sim.model.scenario import Scenario

_LISTS: dict[type, str] = {
    Ratio: "ratio",
    Product: "product",
    Best: "best_of",
    Worst: "worst_of",
    Fallback: "fallback",
}

Unit = Literal["fraction", "count", "money"]


def inputs(measure: object) -> list[tuple[Path, str]]:
    """The measures that a measure is made of, each with its place inside it."""
    if isinstance(measure, Switch):
        return [(("before",), measure.before), (("then",), measure.then)]
    if isinstance(measure, Blend):
        return [(("blend", name), name) for name in measure.blend]
    key = _LISTS.get(type(measure))
    return [((key, i), name) for i, name in enumerate(getattr(measure, key))] if key else []


def list_parts(measure: object) -> list[str]:
    """Names of the measures that a measure is made of, in its order; none for a base measure."""
    return [name for _, name in inputs(measure)]


def leaves(measures: Mapping[str, Any], name: str) -> Iterator[Any]:
    """The base measures at the bottom of a measure; names that do not exist are passed over."""
    waiting, seen = [name], set()
    while waiting:
        at = waiting.pop()
        if at in seen or at not in measures:
            continue
        seen.add(at)
        parts = list_parts(measures[at])
        if parts:
            waiting += parts
        else:
            yield measures[at]


def bases(measures: Mapping[str, Any], name: str) -> set[str]:
    """Whether what a measure is made of is cumulative, by vintage, or both."""
    return {leaf.basis for leaf in leaves(measures, name)}


def unit(scenario: Scenario, name: str) -> Unit | None:
    """What one of a measure is: a fraction (at most 1), one of a count, or money; else None."""
    measure = scenario.evaluation.measures.get(name)
    if isinstance(measure, Blend):
        weights = sum(abs(weight.value) for weight in measure.blend.values())
        if not 0.5 <= weights <= 1.5 or measure.constant.value != 0.0:
            return None
    if isinstance(measure, Ratio | Product):
        return None
    found = {_unit(scenario, leaf) for leaf in leaves(scenario.evaluation.measures, name)}
    return found.pop() if len(found) == 1 else None


def _unit(scenario: Scenario, measure: Any) -> Unit | None:
    if isinstance(measure, ProgramMeasure):
        return "count"
    if isinstance(measure, PersonMeasure):
        return "money"
    if not isinstance(measure, OutcomeMeasure):
        return None
    if measure.statistic == "measured":
        return "count"
    outcome = scenario.outcomes.get(measure.outcome)
    if outcome is None or isinstance(outcome, Score):
        return None
    if measure.statistic == "relative_reduction":
        # Where higher is good it is a rise, which may be of any size.
        return "fraction" if outcome.good == "lower" else None
    if measure.statistic in ("total", "averted"):
        return "count"
    return "fraction" if isinstance(outcome, Event) else None
