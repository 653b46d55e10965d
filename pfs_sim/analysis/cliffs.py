"""Cliffs: places where one more participant moves many dollars.

From the schedules of a contract, times what they are multiplied by, inside their caps: at every
knot the jump, and the dollars gained by one more participant or 0.1 point on the way to it and
beyond it. Conditions are cliffs too: at their bound the whole amount appears.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from pfs_sim.metrics.estimates import number_or_null
from pfs_sim.model.checks.measures import list_parts
from pfs_sim.model.contract import Term
from pfs_sim.model.evaluation import Blend, OutcomeMeasure, PersonMeasure, Product, Ratio
from pfs_sim.model.scenario import Scenario
from pfs_sim.model.schedules import Segments
from pfs_sim.plan.outcomes import least_classes
from pfs_sim.tables.state import COMPLETED

NAN = math.nan
POINT = 0.001
"""A tenth of a percentage point."""
STEEP = 0.01
"""Share of the cap that one participant may move before it is flagged."""


@dataclass(frozen=True)
class Cliff:
    """A knot of a term's schedule, or the bound of a condition, in dollars.

    `at` is in units of `measure`, of which one more participant is worth `participant`. `reach`
    is gained by the participant who gets the measure there, `beyond` by the next one; `reach_point`
    and `beyond_point` by 0.1 point (NaN where the measure knows no points). `share` is the
    larger of reach and beyond over the cap of the term (of the contract, or its largest amount).
    """

    term: str
    place: str
    measure: str
    at: float
    jump: float
    participant: float
    reach: float
    beyond: float
    reach_point: float
    beyond_point: float
    share: float
    flagged: bool

    def to_json(self) -> dict[str, Any]:
        """Plain data; what is not defined is null."""
        return {
            name: number_or_null(value) if isinstance(value, float) else value
            for name, value in asdict(self).items()
        }


def find_cliffs(
    scenario: Scenario, means: Mapping[str, float], steep: float = STEEP
) -> list[Cliff]:
    """Every knot and every condition's bound, by term; `means` are the means of a run's columns."""
    found = []
    for name, term in scenario.contract.terms.items():
        if term.measure is not None and term.schedule.kind != "fixed":
            found += _at_knots(scenario, means, name, term, steep)
        found += _at_conditions(scenario, means, name, term, steep)
    return found


def evaluate(s: Segments, x: float, *, from_below: bool = False) -> float:
    """The schedule at x: of its upper side, or (`from_below`) just below x; NaN at NaN."""
    if math.isnan(x):
        return NAN
    for i in range(len(s.x) - 1, -1, -1):
        if x > s.x[i] or (x == s.x[i] and not from_below):
            return s.y[i] + s.slope[i] * (x - s.x[i])
    return s.below + s.below_slope * (x - s.x[0]) if s.below_slope else s.below


def _factor(scenario: Scenario, means: Mapping[str, float], term: Term) -> float:
    """Dollars for a unit of the schedule: its `times`, or what a rate of return is paid on.

    A share of principal is of what is drawn on average; an IRR is turned into dollars at simple
    interest from the start to the last evaluation (an approximation, for flagging alone).
    """
    if term.pays != "money":
        drawn = means.get("investors.drawn", NAN)
        years = max(scenario.clock.grid(w) for w in scenario.evaluation.dates.values())
        return drawn * (1.0 if term.pays == "principal_share" else years * scenario.clock.years)
    if isinstance(term.times, str):
        return means.get(f"measure.{term.times}", NAN)
    return float(term.times.value)


def _limit(scenario: Scenario, term: Term, factor: float) -> float:
    """The most that a term pays: its cap, that of the contract, or its largest knot."""
    if term.cap is not None:
        return term.cap.value
    if scenario.contract.cap is not None:
        return scenario.contract.cap.value
    return max((y * factor for y in term.schedule.segments().y), default=NAN)


def _at_knots(
    scenario: Scenario, means: Mapping[str, float], name: str, term: Term, steep: float
) -> list[Cliff]:
    assert term.measure is not None
    s, factor = term.schedule.segments(), _factor(scenario, means, term)
    limit = _limit(scenario, term, factor)
    cap = math.inf if term.cap is None else term.cap.value

    def amount(x: float, from_below: bool = False) -> float:
        found = factor * evaluate(s, x, from_below=from_below)
        return cap if found > cap else found

    one = weigh_participant(scenario, means, term.measure)
    point = weigh_point(scenario, means, term.measure)
    found = []
    for knot in s.x:
        top = amount(knot)
        reach, beyond = top - amount(knot - one, True), amount(knot + one) - top
        share = max(abs(reach), abs(beyond)) / limit if limit > 0.0 else NAN
        found.append(
            Cliff(
                name, "knot", term.measure, knot, top - amount(knot, True), one, reach, beyond,
                top - amount(knot - point, True), amount(knot + point) - top, share, share > steep,
            )
        )
    return found


def _at_conditions(
    scenario: Scenario, means: Mapping[str, float], name: str, term: Term, steep: float
) -> list[Cliff]:
    """Bounds at which a whole amount appears (or goes).

    For a bound on the measure of the term the amount there, else what the term pays on average.
    """
    found = []
    factor = _factor(scenario, means, term)
    limit = _limit(scenario, term, factor)
    for key, condition in {**term.only_if, **term.any_of}.items():
        bound = condition.at_least if condition.at_least is not None else condition.below
        assert bound is not None, "a condition has a bound"
        at = bound.value
        jump = means.get(f"payor.payments.{name}", NAN)
        if condition.measure == term.measure:
            jump = factor * evaluate(term.schedule.segments(), at)
            jump = jump if term.cap is None else min(jump, term.cap.value)
        one = weigh_participant(scenario, means, condition.measure)
        share = abs(jump) / limit if limit > 0.0 else NAN
        found.append(
            Cliff(name, f"condition {key}", condition.measure, at, jump, one, jump, 0.0, jump,
                  0.0, share, share > steep)
        )
    return found


def weigh_participant(scenario: Scenario, means: Mapping[str, float], name: str) -> float:
    """By how much one more participant with one more unit of success moves a measure.

    In a measure that is made of others, by the one of its parts that moves it most, the others at
    their means.
    """
    measure = scenario.evaluation.measures[name]
    if isinstance(measure, OutcomeMeasure):
        return _one_more(scenario, means, measure)
    if isinstance(measure, PersonMeasure):
        return min(max(price.value for price in measure.person.values()), measure.cap.value)
    return _combine(scenario, means, name, weigh_participant, 1.0)


def weigh_point(scenario: Scenario, means: Mapping[str, float], name: str) -> float:
    """What 0.1 point is in units of a measure; NaN for what is no share of people."""
    measure = scenario.evaluation.measures[name]
    if isinstance(measure, OutcomeMeasure):
        outcome = scenario.outcomes[measure.outcome]
        if measure.statistic == "relative_reduction":
            return POINT
        if outcome.kind != "event" or measure.statistic == "measured":
            return NAN
        if measure.statistic in ("mean", "difference"):
            return POINT
        return POINT * _people(scenario, means, measure) * outcome.trials
    if isinstance(measure, PersonMeasure):
        return NAN
    return _combine(scenario, means, name, weigh_point, NAN)


def _combine(
    scenario: Scenario, means: Mapping[str, float], name: str, weigh: Any, base: float
) -> float:
    measure = scenario.evaluation.measures[name]
    parts = list_parts(measure)
    if not parts:
        return base

    def level(part: str) -> float:
        return means.get(f"measure.{part}", NAN)

    if isinstance(measure, Ratio):
        return float(weigh(scenario, means, parts[0])) / level(parts[1])
    moves = {part: float(weigh(scenario, means, part)) for part in parts}
    if isinstance(measure, Blend):
        moves = {part: abs(measure.blend[part].value) * move for part, move in moves.items()}
    if isinstance(measure, Product):
        moves = {
            part: move * math.prod(level(other) for other in parts if other != part)
            for part, move in moves.items()
        }
    known = [move for move in moves.values() if not math.isnan(move)]
    return max(known, default=NAN)


def _people(scenario: Scenario, means: Mapping[str, float], measure: OutcomeMeasure) -> float:
    """Clients on whom a measure rests, on average."""
    if measure.arm == "control" and measure.statistic in ("total", "mean"):
        return means.get("program.control", NAN)
    people = means.get(f"outcome.{measure.outcome}.measured", NAN)
    # Where every measure asks for those who completed, they are all who are measured.
    everybody, _ = least_classes(scenario, measure.outcome)
    if measure.sample == "completed" and everybody != COMPLETED:
        people *= means.get("program.completed", NAN) / means.get("program.enrolled", NAN)
    return people


def _one_more(scenario: Scenario, means: Mapping[str, float], measure: OutcomeMeasure) -> float:
    """One unit more or fewer (one event, one day) of one client."""
    outcome = scenario.outcomes[measure.outcome]
    step = outcome.units.value if outcome.kind == "milestone" else 1.0
    if measure.statistic == "measured":
        return 1.0
    if measure.statistic in ("total", "averted"):
        return step
    trials = outcome.trials if outcome.kind == "event" else 1
    people = _people(scenario, means, measure)
    mean = step / (people * trials) if people > 0.0 else NAN
    if measure.statistic != "relative_reduction":
        return mean
    if measure.comparison is not None:
        return mean / measure.comparison.value
    level = outcome.level.mean()
    if outcome.kind == "amount":
        level *= outcome.share.mean()
    return mean / level if level > 0.0 else NAN
