"""The outcomes as tables: levels, laws, windows, chains, and who is drawn client by client."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import numpy as np

from pfs_sim.addresses import stream_key
from pfs_sim.model.evaluation import OutcomeMeasure, PersonMeasure
from pfs_sim.model.outcomes import Amount, AnyOutcome, Count, Event, Milestone, Outcome, Score
from pfs_sim.model.scenario import Scenario
from pfs_sim.plan.lots import can_merge
from pfs_sim.plan.program import records, type_shares
from pfs_sim.plan.row import Row
from pfs_sim.tables.people import (
    F8,
    I8,
    NO_CLASS,
    NOBODY,
    OUTCOME,
    PERSON,
    Kind,
    PersonPlan,
    Records,
    Scale,
)
from pfs_sim.tables.state import COMPLETED, LEFT, NO_SHOW

COMPARED = ("difference", "relative_reduction", "averted")
"""Statistics that compare the treated with others."""
# Class of client at which a sample begins; classes run no-show, left early, completed.
FIRST_CLASS = {"assigned": NO_SHOW, "treated": LEFT, "completed": COMPLETED}
FIRST_CONTROL = {"assigned": NO_SHOW, "treated": NO_SHOW, "completed": COMPLETED}
_KINDS = {
    "event": Kind.EVENT,
    "count": Kind.COUNT,
    "amount": Kind.AMOUNT,
    "score": Kind.SCORE,
    "milestone": Kind.MILESTONE,
}
_SCALES = {
    "log_odds": Scale.LOG_ODDS,
    "log": Scale.LOG,
    "difference": Scale.DIFFERENCE,
    "smd": Scale.SMD,
}


def _person_measures(scenario: Scenario) -> list[PersonMeasure]:
    measures = scenario.evaluation.measures.values()
    return [measure for measure in measures if isinstance(measure, PersonMeasure)]


def person_plan(scenario: Scenario) -> PersonPlan:
    """Person measures, their prices, and the groups of outcomes drawn client by client.

    Measures with the same outcomes in the same order look at the same draws; an outcome cannot
    be in two different groups, since it happens once.
    """
    names = list(scenario.outcomes)
    measures = _person_measures(scenario)
    groups: list[tuple[str, ...]] = []
    table = records(PERSON, len(measures))
    prices = np.zeros((len(measures), len(names)))
    for p, measure in enumerate(measures):
        members = tuple(measure.person)
        if members not in groups:
            taken = {name for group in groups for name in group}
            for name in members:
                if name in taken:
                    raise ValueError(
                        f"found the outcome {name} in two person measures; allowed: the same "
                        "outcomes in the same order, or none in common"
                    )
            groups.append(members)
        table[p].cap, table[p].group = measure.cap.value, groups.index(members)
        for name, price in measure.person.items():
            prices[p, names.index(name)] = price.value
    width = max((len(group) for group in groups), default=0)
    members_table = np.full((len(groups), width), NOBODY, dtype=np.int64)
    for g, group in enumerate(groups):
        members_table[g, : len(group)] = [names.index(name) for name in group]
    return PersonPlan(table, prices, members_table)


def order_of_life(scenario: Scenario, members: I8) -> I8:
    """Outcomes in the order of the file, each after the one it follows; a group is one step."""
    names = list(scenario.outcomes)
    after = [outcome.after for outcome in scenario.outcomes.values()]
    follows = [NOBODY if name is None else names.index(name) for name in after]
    steps: list[list[int]] = [[k for k in group if k >= 0] for group in members.tolist()]
    codes = [-1 - g for g in range(len(steps))]
    alone = [k for k in range(len(names)) if not any(k in step for step in steps)]
    steps += [[k] for k in alone]
    codes += alone
    first = sorted(range(len(steps)), key=lambda i: min(steps[i]))
    for step in steps:
        for place, k in enumerate(step):
            if follows[k] in step[place:]:
                raise ValueError(
                    f"found {names[k]} before {names[follows[k]]}, which it comes after, in a "
                    "person measure; allowed: the other order"
                )
    order: list[int] = []
    done: set[int] = set()
    while len(order) < len(steps):
        ready = [
            i
            for i in first
            if codes[i] not in order
            and all(follows[k] in (NOBODY, *steps[i]) or follows[k] in done for k in steps[i])
        ]
        if not ready:
            raise ValueError("found outcomes that come after each other; allowed: no circle")
        order.append(codes[ready[0]])
        done.update(steps[ready[0]])
    return np.array(order, dtype=np.int64)


def matched_ratio(scenario: Scenario, name: str) -> float:
    """Comparison clients per treated client of an outcome; 0 without a matched comparison."""
    found = {
        measure.ratio.value
        for measure in scenario.evaluation.measures.values()
        if isinstance(measure, OutcomeMeasure)
        and measure.design == "matched"
        and measure.outcome == name
    }
    if len(found) > 1:
        raise ValueError(
            f"found matched measures of {name} with ratios {sorted(found)}; allowed: one ratio, "
            "since there is one comparison sample"
        )
    return float(max(found, default=0.0))


def opens_at_exit(outcome: AnyOutcome) -> bool:
    """Whether the window of an outcome opens when a client leaves or completes (model §6)."""
    return outcome.kind != "milestone" and outcome.opens == "exit"


def least_classes(scenario: Scenario, name: str) -> tuple[int, int]:
    """Least class of treated and of control clients at whom a measure of an outcome looks.

    Nobody draws what no measure looks at. Where there is no measure at all, everybody counts.
    """
    treated, control, found = NO_CLASS, NO_CLASS, False
    for measure in scenario.evaluation.measures.values():
        if not isinstance(measure, OutcomeMeasure) or measure.outcome != name:
            continue
        found = True
        alone = measure.statistic not in COMPARED and measure.arm == "control"
        if measure.design == "rct" or not alone:
            treated = min(treated, FIRST_CLASS[measure.sample])
        if measure.design == "rct" or alone:
            control = min(control, FIRST_CONTROL[measure.sample])
    return (treated, control) if found else (NO_SHOW, NO_SHOW)


def outcome_table(
    scenario: Scenario,
    row: Row,
    seeds: Mapping[str, int],
    frozen: Collection[str],
    members: I8,
    merge: Sequence[int] | None = None,
    moved: Collection[str] = (),
) -> Records:
    """The facts of each outcome [k].

    Where `merge` is empty no cohorts are drawn together. Quantities that are `moved` have other
    values on the paths than the scenario says.
    """
    clock, names = scenario.clock, list(scenario.outcomes)
    table = records(OUTCOME, len(names))
    for k, (name, outcome) in enumerate(scenario.outcomes.items()):
        fact, path = table[k], f"outcomes.{name}"
        fact.kind = _KINDS[outcome.kind]
        fact.scale = _SCALES[outcome.scale]
        fact.years = clock.years
        fact.frozen, fact.frozen_loss = "chance" in frozen, "attrition" in frozen
        fact.key = stream_key(seeds["chance"], "chance", f"outcome:{name}")
        fact.matched_key = stream_key(seeds["chance"], "chance", f"matched:{name}")
        fact.lost_key = stream_key(seeds["attrition"], "attrition", f"follow_up:{name}")
        for field in ("level", "drift", "effect", "share", "sd"):
            fact[field] = row.column(f"{path}.{field}")
        fact.gamma_shape = row.column(f"{path}.shape")
        fact.lost_treated = row.column(f"{path}.loss.treated")
        fact.lost_control = row.column(f"{path}.loss.control")
        fact.sensitivity = row.column(f"{path}.record.sensitivity")
        fact.specificity = row.column(f"{path}.record.specificity")
        fact.trials = fact.units = 1.0
        fact.opens_at_exit = opens_at_exit(outcome)
        window = 1 if outcome.kind == "milestone" else clock.span(outcome.window)
        fact.delay = window + clock.span(outcome.reporting)
        fact.after = NOBODY if outcome.after is None else names.index(outcome.after)
        fact.group = max((g for g, group in enumerate(members) if k in group), default=NOBODY)
        fact.ratio = matched_ratio(scenario, name)
        fact.least_treated, fact.least_control = least_classes(scenario, name)
        _state_kind(fact, outcome, scenario)
        if merge is None or len(merge) > 0:
            fact.merged = can_merge(scenario, row, k, fact, moved)
    return table


def _state_kind(fact: Any, outcome: Outcome, scenario: Scenario) -> None:
    """What only one kind of outcome has."""
    if isinstance(outcome, Event):
        fact.trials, fact.icc = outcome.trials, outcome.icc.value
        fact.cluster = 0 if outcome.cluster is None else outcome.cluster
    elif isinstance(outcome, Count):
        fact.dispersion = 0.0 if outcome.dispersion is None else outcome.dispersion.value
    elif isinstance(outcome, Amount):
        fact.on_share = outcome.effect_on == "share"
    elif isinstance(outcome, Milestone):
        fact.units = outcome.units.value
        fact.qualify = scenario.clock.span(outcome.qualify)
        fact.limit = 0 if outcome.limit is None else outcome.limit
        fact.most = fact.limit if fact.limit > 0 else scenario.clock.periods


def link(scale: str, level: float) -> float:
    """g: a level on its link scale."""
    if scale == "log_odds":
        return math.log(level / (1.0 - level))
    return math.log(level) if scale == "log" else level


def client_moments(outcome: Outcome, mean: Mapping[str, float]) -> tuple[float, float]:
    """Mean and variance of one client's outcome at the mean level (model §6)."""
    level = mean["level"]
    if isinstance(outcome, Event | Milestone):
        return level, level * (1.0 - level)
    if isinstance(outcome, Count):
        k = outcome.dispersion
        return level, level + (0.0 if k is None else level**2 / k.value)
    if isinstance(outcome, Amount):
        center = mean["share"] * level
        return center, center * level * (1.0 + 1.0 / mean["shape"]) - center**2
    return level, mean["sd"] ** 2


def correlated_shifts(
    name: str, outcome: Outcome, correlation: float, mean: Mapping[str, float]
) -> tuple[float, float]:
    """Link shifts of the two types, the unfavorable one first, that correlate a client's outcomes.

    The types' client means lie √(ρ·variance) on either side of the mean. Errors: ValueError where
    that is outside the outcome's range.
    """
    center, variance = client_moments(outcome, mean)
    gap = math.sqrt(correlation * variance)
    bad = gap if outcome.good == "lower" else -gap
    if isinstance(outcome, Score):
        unit = mean["sd"] if outcome.scale == "smd" else 1.0
        return bad / unit, -bad / unit
    ends = (center + bad, center - bad)
    least, most = min(ends), max(ends)
    bounded = isinstance(outcome, Event | Milestone)
    if gap == 0.0:
        return 0.0, 0.0
    if least <= 0.0 or (bounded and most >= 1.0):
        raise ValueError(
            f"found client_correlation {correlation:g}, which splits {name} into types with "
            f"means {least:.4g} and {most:.4g}; allowed: a correlation that keeps both in range"
        )
    scale = str(getattr(outcome, "scale", "log"))
    factor = mean["level"] / center
    at = link(scale, mean["level"])
    return link(scale, ends[0] * factor) - at, link(scale, ends[1] * factor) - at


def shift_table(scenario: Scenario, row: Row) -> F8:
    """Shift of the level on its scale and factor on the effect, [2, k, y]."""
    program = scenario.program
    shifts = np.zeros((2, len(scenario.outcomes), len(type_shares(program))))
    shifts[1] = 1.0
    for k, (name, outcome) in enumerate(scenario.outcomes.items()):
        for y, kind in enumerate((program.types or {}).values()):
            if name in kind.level:
                shifts[0, k, y] = kind.level[name].value
            if name in kind.effect:
                shifts[1, k, y] = kind.effect[name].value
        if program.client_correlation is not None and program.types is None:
            mean = {
                field: float(row.base[row.column(f"outcomes.{name}.{field}")])
                for field in ("level", "share", "shape", "sd")
            }
            correlation = program.client_correlation.value
            shifts[0, k] = correlated_shifts(name, outcome, correlation, mean)
    return shifts
