"""Evaluation → tables: the measure graph in the order in which it can be computed."""

from __future__ import annotations

from statistics import NormalDist
from typing import Any

import numpy as np

from pfs_sim.model.checks.measures import list_parts
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
from pfs_sim.model.outcomes import Amount, AnyOutcome, Count, Event, Milestone, Score
from pfs_sim.model.scenario import Scenario
from pfs_sim.plan.lists import records, spans
from pfs_sim.plan.outcomes import COMPARED, FIRST_CLASS, FIRST_CONTROL
from pfs_sim.plan.row import Row
from pfs_sim.tables.money import (
    INPUT,
    MEASURE,
    Counted,
    Design,
    EvaluationTables,
    MeasureKind,
    Statistic,
    Test,
)
from pfs_sim.tables.state import CONTROL, NEVER, TREATED

_KINDS: dict[type, MeasureKind] = {
    OutcomeMeasure: MeasureKind.OUTCOME,
    ProgramMeasure: MeasureKind.PROGRAM,
    PersonMeasure: MeasureKind.PERSON,
    Blend: MeasureKind.BLEND,
    Ratio: MeasureKind.RATIO,
    Product: MeasureKind.PRODUCT,
    Best: MeasureKind.BEST,
    Worst: MeasureKind.WORST,
    Fallback: MeasureKind.FALLBACK,
    Switch: MeasureKind.SWITCH,
}
_IDLE: dict[str, Any] = dict.fromkeys(MEASURE.names or (), 0) | {
    "arm": TREATED,
    "trend": -1,
    "bias": -1,
    "share": -1,
    "spread": -1,
    "type": -1,
    "trials": 1.0,
    "comparison": np.nan,
    "critical": np.nan,
    "dispersion": np.inf,
    "switch": NEVER,
}
"""A measure before its kind has filled in what it uses."""


def in_order(measures: dict[str, Any]) -> list[str]:
    """Names of the measures, each after what it is made of; else in the order of the file.

    A measure made of itself is a mistake that reading the scenario refuses: ValueError.
    """
    done: list[str] = []
    under_way: set[str] = set()

    def visit(name: str) -> None:
        if name in under_way:
            raise ValueError(f"found the measure {name!r} made of itself; allowed: others only")
        if name not in done:
            under_way.add(name)
            for other in list_parts(measures[name]):
                visit(other)
            under_way.remove(name)
            done.append(name)

    for name in measures:
        visit(name)
    return done


def looks_at_program_alone(measures: dict[str, Any], name: str) -> bool:
    """Whether a measure is a count of the program, or made of such counts alone."""
    measure = measures[name]
    if isinstance(measure, ProgramMeasure):
        return True
    inputs = list_parts(measure)
    return bool(inputs) and all(looks_at_program_alone(measures, other) for other in inputs)


def _test(outcome: AnyOutcome, most: int) -> tuple[Test, float, float, float]:
    """Test of a kind of outcome: occasions of a client, units of a success, dispersion.

    A milestone's client has as many occasions as periods of service that can count.
    """
    if isinstance(outcome, Event):
        return Test.PROPORTION, float(outcome.trials), 1.0, np.inf
    if isinstance(outcome, Milestone):
        return Test.PROPORTION, float(min(most, outcome.limit or most)), outcome.units.value, np.inf
    if isinstance(outcome, Count):
        k = outcome.dispersion
        return Test.COUNT, 1.0, 1.0, np.inf if k is None else k.value
    return (Test.AMOUNT if isinstance(outcome, Amount) else Test.SCORE), 1.0, 1.0, np.inf


def evaluation_tables(scenario: Scenario, row: Row) -> EvaluationTables:
    """The measures of a scenario as tables."""
    clock, measures = scenario.clock, scenario.evaluation.measures
    names, outcomes = list(measures), list(scenario.outcomes)
    types = list(scenario.program.types or {})
    order = [names.index(name) for name in in_order(measures)]
    rows: list[dict[str, Any]] = []
    inputs: list[list[dict[str, Any]]] = []
    persons = 0
    for name, measure in measures.items():
        members = [names.index(other) for other in list_parts(measure)]
        weights = [1.0] * len(members)
        found = _IDLE | {
            "kind": _KINDS[type(measure)],
            "vintage": getattr(measure, "basis", "cumulative") == "vintage",
            "current": looks_at_program_alone(measures, name),
        }
        if isinstance(measure, OutcomeMeasure):
            found |= _outcome_fields(scenario, row, name, measure)
        elif isinstance(measure, ProgramMeasure):
            found["counted"] = Counted[measure.program.upper()]
            found["type"] = -1 if measure.type is None else types.index(measure.type)
        elif isinstance(measure, PersonMeasure):
            found["outcome"], persons = persons, persons + 1
            found["cap"] = measure.cap.value
            members = [outcomes.index(other) for other in measure.person]
            weights = [price.value for price in measure.person.values()]
        elif isinstance(measure, Blend):
            found["constant"] = measure.constant.value
            weights = [weight.value for weight in measure.blend.values()]
        elif isinstance(measure, Switch):
            found["switch"] = clock.grid(measure.date)
        rows.append(found)
        inputs.append(
            [{"member": i, "weight": w} for i, w in zip(members, weights, strict=True)]
        )
    for found, span in zip(rows, spans("inputs", inputs), strict=True):
        found |= span
    dates = [clock.grid(when) for when in scenario.evaluation.dates.values()]
    return EvaluationTables(
        dates=np.array(dates, np.int64),
        order=np.array(order, np.int64),
        measures=records(MEASURE, rows),
        inputs=records(INPUT, [member for members in inputs for member in members]),
    )


def _outcome_fields(
    scenario: Scenario, row: Row, name: str, measure: OutcomeMeasure
) -> dict[str, Any]:
    outcome, path = scenario.outcomes[measure.outcome], f"outcomes.{measure.outcome}"
    compared = measure.statistic in COMPARED
    critical = np.nan
    if measure.significance is not None:
        alpha = measure.significance.alpha.value
        critical = NormalDist().inv_cdf(1.0 - alpha) if alpha < 1.0 else -np.inf
    most = max(1, scenario.clock.span(scenario.program.service.duration))
    test, occasions, unit, dispersion = _test(outcome, most)
    found = {
        "outcome": list(scenario.outcomes).index(measure.outcome),
        "statistic": Statistic[measure.statistic.upper()],
        "design": Design[measure.design.upper()],
        "arm": CONTROL if measure.arm == "control" and not compared else TREATED,
        "first_class": FIRST_CLASS[measure.sample],
        "first_control": FIRST_CONTROL[measure.sample],
        "sign": 1.0 if outcome.good == "lower" else -1.0,
        "trials": float(getattr(outcome, "trials", 1)),
        "comparison": np.nan if measure.comparison is None else measure.comparison.value,
        "trend": row.column(f"evaluation.measures.{name}.trend"),
        "bias": row.column(f"evaluation.measures.{name}.bias"),
        "minimum": float(measure.minimum_sample),
        "critical": critical,
        "test": test,
        "occasions": occasions,
        "unit": unit,
        "dispersion": dispersion,
    }
    if isinstance(outcome, Event):
        found |= {"icc": outcome.icc.value, "cluster": float(outcome.cluster or 0)}
    elif isinstance(outcome, Amount):
        found |= {"share": row.column(f"{path}.share"), "spread": row.column(f"{path}.shape")}
    elif isinstance(outcome, Score):
        found["spread"] = row.column(f"{path}.sd")
    return found
