"""What cannot be, or hardly will be, in the evaluation (model §7)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from pfs_sim.errors import Finding
from pfs_sim.model.checks.clock import check_moment, grid
from pfs_sim.model.checks.expected import expect
from pfs_sim.model.checks.measures import inputs
from pfs_sim.model.checks.naming import Path, say, unknown, warning
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
    from pfs_sim.model.outcomes import AnyOutcome
    from pfs_sim.model.scenario import Scenario

_AN_OUTCOME, _A_MEASURE = "an outcome of this file", "another measure of this file"


def check_dates(scenario: Scenario) -> Iterator[Finding]:
    """Evaluations on the grid, one after the other."""
    clock, before = scenario.clock, -1
    for name, when in scenario.evaluation.dates.items():
        path: Path = ("evaluation", "dates", name)
        wrong = list(check_moment(clock, path, when))
        yield from wrong
        if wrong:
            continue
        t = grid(clock, when)
        if t == before:
            yield Finding(
                path,
                f"{when}, on grid point {t} like the evaluation before",
                "one evaluation on a grid point (or a shorter clock.period)",
            )
        elif t < before:
            yield Finding(path, f"{when}, before the evaluation above it", "dates in order of time")
        elif t == 0:
            yield warning(path, f"{when}, before anything has happened", "a later date")
        before = max(before, t)


def check_references(scenario: Scenario) -> Iterator[Finding]:
    """Everything that a measure names exists."""
    measures, types = scenario.evaluation.measures, scenario.program.types or {}
    for name, measure in measures.items():
        path: Path = ("evaluation", "measures", name)
        others = [other for other in measures if other != name]
        if isinstance(measure, OutcomeMeasure):
            if measure.outcome not in scenario.outcomes:
                at = (*path, "outcome")
                yield unknown(at, measure.outcome, scenario.outcomes, _AN_OUTCOME)
        elif isinstance(measure, PersonMeasure):
            for outcome in measure.person:
                if outcome not in scenario.outcomes:
                    at = (*path, "person", outcome)
                    yield unknown(at, outcome, scenario.outcomes, _AN_OUTCOME)
        elif isinstance(measure, ProgramMeasure) and (measure.type or "") not in {"", *types}:
            yield unknown((*path, "type"), str(measure.type), types, "a type of program.types")
        for at, other in inputs(measure):
            if other not in others:
                yield unknown((*path, *at), other, others, _A_MEASURE)
        if isinstance(measure, Best | Worst | Fallback):
            named = [other for _, other in inputs(measure)]
            for i, (at, other) in enumerate(inputs(measure)):
                if other in named[:i]:
                    yield Finding((*path, *at), f"`{other}` for the second time", "each once")


def check_circles(scenario: Scenario) -> Iterator[Finding]:
    """A measure is not made of itself, by whatever way."""
    measures = scenario.evaluation.measures
    done: set[str] = set()
    for name in measures:
        circle = _find_circle(scenario, name, [])
        if circle and not done & set(circle):
            done |= set(circle)
            if len(circle) > 1:
                yield Finding(
                    ("evaluation", "measures", circle[0]),
                    f"measures made of each other: {' of '.join([*circle, circle[0]])}",
                    "measures made of others, down to an outcome or the program",
                )


def _find_circle(scenario: Scenario, name: str, above: list[str]) -> list[str]:
    if name in above:
        return above[above.index(name) :]
    measure = scenario.evaluation.measures.get(name)
    for _, other in inputs(measure):
        found = _find_circle(scenario, other, [*above, name])
        if found:
            return found
    return []


def check_designs(scenario: Scenario) -> Iterator[Finding]:
    """Statistic, design and what belongs to them go together."""
    for name, measure in scenario.evaluation.measures.items():
        if isinstance(measure, OutcomeMeasure):
            path: Path = ("evaluation", "measures", name)
            yield from _check_statistic(scenario, measure, path)
            yield from _check_belongings(measure, path)
            outcome = scenario.outcomes.get(measure.outcome)
            if outcome is None:
                continue
            if measure.design == "historical":
                yield from _check_comparison(measure, outcome, path)
            yield from _check_likeness(scenario, measure, outcome, path)
            yield from _check_bias(measure, outcome, path)


def compares(measure: OutcomeMeasure) -> bool:
    """Whether a measure sets the treated against somebody or something."""
    return measure.statistic not in ("total", "mean", "measured")


def _check_statistic(scenario: Scenario, measure: OutcomeMeasure, path: Path) -> Iterator[Finding]:
    design, statistic = measure.design, measure.statistic
    controls = scenario.program.assignment.method != "none"
    if design == "validated" and compares(measure):
        yield Finding(
            (*path, "statistic"),
            f"{statistic} with design validated, which compares with nobody",
            "total, mean or measured (or design rct, matched, historical)",
        )
    if design == "historical" and compares(measure) and measure.comparison is None:
        yield Finding(
            (*path, "comparison"), "missing", "required: the level that the contract fixes"
        )
    if design == "historical" and not compares(measure):
        yield warning(
            (*path, "design"),
            f"historical with {statistic}, which compares with nothing",
            "validated",
        )
    if design == "rct" and not controls and (compares(measure) or measure.arm == "control"):
        yield Finding(
            (*path, "design"),
            "rct, while program.assignment.method is none",
            "matched, historical or validated (or assignment simple or blocked, with a share)",
        )
    if measure.arm == "control":
        if compares(measure):
            yield Finding(
                (*path, "arm"), f"control with {statistic}", "arm with total, mean or measured only"
            )
        elif design != "rct":
            yield Finding((*path, "arm"), f"control with design {design}", "control with rct only")
    if measure.sample == "completed" and design == "rct" and compares(measure):
        yield warning(
            (*path, "sample"),
            "completed: whoever completed is set against all controls",
            "assigned (randomization holds for them only)",
        )


def _check_belongings(measure: OutcomeMeasure, path: Path) -> Iterator[Finding]:
    """Figures that a design has no use for would be passed over in silence."""
    design = measure.design
    if measure.comparison is not None and design != "historical":
        yield Finding(
            (*path, "comparison"), f"a fixed level with design {design}", "historical only"
        )
    if measure.trend.value != 0.0 and design != "historical":
        yield Finding((*path, "trend"), f"a trend with design {design}", "historical only")
    if measure.ratio.value != 1.0 and design != "matched":
        yield Finding((*path, "ratio"), f"a ratio with design {design}", "matched only")
    if measure.bias.value != 0.0 and design == "rct":
        yield Finding(
            (*path, "bias"), "a bias with design rct", "any other design (randomization has none)"
        )
    if measure.statistic == "measured":
        for key, said in (("bias", measure.bias.value), ("minimum_sample", measure.minimum_sample)):
            if said != 0:
                yield Finding(
                    (*path, key), f"{key} with measured, a count of clients", "other statistics"
                )
    if measure.significance is not None:
        at, alpha = (*path, "significance"), measure.significance.alpha.value
        if not compares(measure):
            yield Finding(
                at,
                f"a test of {measure.statistic}, which compares with nothing",
                "difference, relative_reduction or averted",
            )
        if alpha >= 1.0:
            yield Finding((*at, "alpha"), say(alpha), "below 1, such as 0.05 for 5 %")
        elif alpha > 0.25:
            yield warning((*at, "alpha"), say(alpha), "a one-sided level such as 0.05 or 0.1")


def _check_comparison(
    measure: OutcomeMeasure, outcome: AnyOutcome, path: Path
) -> Iterator[Finding]:
    """The level that the contract fixes is one that the outcome can have, and about its own."""
    if measure.comparison is None or isinstance(outcome, Score) or not compares(measure):
        return
    at, fixed = (*path, "comparison"), measure.comparison.value
    if isinstance(outcome, Event) and not 0.0 <= fixed <= 1.0:
        yield Finding(at, say(fixed), "a probability from 0 to 1 (0.24 for 24 %)")
    elif fixed < 0.0 or (fixed == 0.0 and measure.statistic == "relative_reduction"):
        yield Finding(at, say(fixed), "above 0 (nothing is less than nothing)")
    elif outcome.kind in ("event", "count"):
        level = outcome.level.mean()
        if level > 0.0 and not 0.5 <= fixed / level <= 2.0:
            yield warning(
                at,
                f"{say(fixed)}, while the level of `{measure.outcome}` is {say(level)} on average",
                "the level that would be seen without the program",
            )


def _check_likeness(
    scenario: Scenario, measure: OutcomeMeasure, outcome: AnyOutcome, path: Path
) -> Iterator[Finding]:
    """Treated and controls counted alike; a test that knows how clients differ."""
    program = scenario.program
    leaves = program.attrition is not None and program.attrition.control is None
    counted = measure.sample != "completed" and compares(measure)
    if measure.design == "rct" and outcome.kind == "milestone" and leaves and counted:
        yield warning(
            (*path, "design"),
            f"rct on the milestone `{measure.outcome}`, which the treated reach while they stay "
            "and controls, who never leave, all along: whoever leaves counts as harm done",
            "program.attrition.control (1: controls drop out as the treated leave)",
        )
    types = (program.types or {}).values()
    differ = program.client_correlation is not None or any(
        shift.value != 0.0
        for one in types
        for key, shift in one.level.items()
        if key == measure.outcome
    )
    once = isinstance(outcome, Event) and outcome.trials == 1
    if measure.significance is not None and differ and not once:
        yield warning(
            (*path, "significance"),
            f"a test of `{measure.outcome}`, which differs by type of client: it takes the "
            "variance within a type, so it passes more often than alpha says",
            "a lower alpha, or no types",
        )


def _check_bias(
    measure: OutcomeMeasure, outcome: AnyOutcome, path: Path
) -> Iterator[Finding]:
    """A bias of a fraction is a fraction."""
    fraction = measure.statistic == "relative_reduction" or (
        isinstance(outcome, Event) and measure.statistic in ("difference", "mean")
    )
    mean, sd = abs(measure.bias.mean()), measure.bias.sd()
    if fraction and (mean > 0.5 or sd > 0.5):
        worst = mean if mean > 0.5 else sd
        yield warning(
            (*path, "bias"),
            f"{say(worst)}, {say(100.0 * worst)} points of a fraction",
            f"a fraction ({say(worst / 100.0)} for {say(worst)} points)",
        )


def check_matched(scenario: Scenario) -> Iterator[Finding]:
    """There is one comparison sample of an outcome."""
    first: dict[str, float] = {}
    for name, measure in scenario.evaluation.measures.items():
        if isinstance(measure, OutcomeMeasure) and measure.design == "matched":
            ratio = measure.ratio.value
            if first.setdefault(measure.outcome, ratio) != ratio:
                yield Finding(
                    ("evaluation", "measures", name, "ratio"),
                    f"{say(ratio)}, while another measure of `{measure.outcome}` has "
                    f"{say(first[measure.outcome])}",
                    "one ratio for an outcome, since there is one comparison sample",
                )


def check_program_counts(scenario: Scenario) -> Iterator[Finding]:
    """Counts of the program that can be had."""
    for name, measure in scenario.evaluation.measures.items():
        if not isinstance(measure, ProgramMeasure):
            continue
        path: Path = ("evaluation", "measures", name)
        if measure.program == "active" and measure.basis == "vintage":
            yield Finding((*path, "basis"), "vintage of clients in service at a date", "cumulative")
        if measure.type is not None and measure.program in ("referred", "eligible", "control"):
            yield Finding(
                (*path, "type"),
                f"{measure.program} of one type",
                "treated, completed, left or active of a type (types are told of the treated)",
            )
        if measure.program == "control" and scenario.program.assignment.method == "none":
            yield warning((*path, "program"), "control, and nobody is a control", "treated")


def check_persons(scenario: Scenario) -> Iterator[Finding]:
    """Outcomes that can be drawn client by client, and once."""
    groups: dict[str, tuple[str, ...]] = {}
    for name, measure in scenario.evaluation.measures.items():
        if not isinstance(measure, PersonMeasure):
            continue
        path: Path = ("evaluation", "measures", name)
        members = tuple(measure.person)
        for place, key in enumerate(members):
            outcome = scenario.outcomes.get(key)
            at = (*path, "person", key)
            if outcome is None:
                continue
            if isinstance(outcome, Score):
                yield Finding(at, "an outcome of kind score", "event, count, amount or milestone")
            elif isinstance(outcome, Event) and outcome.icc.value != 0.0:
                yield Finding(
                    at,
                    "an outcome with icc, whose clients share a cluster",
                    "an outcome without icc",
                )
            if outcome.after in members[place:] and outcome.after != key:
                yield Finding(
                    at, f"`{key}` before `{outcome.after}`, which it comes after", "the other order"
                )
            if groups.setdefault(key, members) != members:
                yield Finding(
                    at,
                    f"`{key}` in two person measures",
                    "the same outcomes in the same order in both, or none in common",
                )
        dearest = max(price.value for price in measure.person.values())
        if measure.cap.value < dearest:
            yield warning(
                (*path, "cap"),
                f"{say(measure.cap.value)}, less than the {say(dearest)} of a single unit",
                f"{say(dearest)} or more",
            )


def check_combinations(scenario: Scenario) -> Iterator[Finding]:
    """Combinations of which a part can never matter."""
    clock, measures = scenario.clock, scenario.evaluation.measures
    dates = [grid(clock, when) for when in scenario.evaluation.dates.values()]
    for name, measure in measures.items():
        path: Path = ("evaluation", "measures", name)
        if isinstance(measure, Ratio) and measure.ratio[0] == measure.ratio[1]:
            yield warning((*path, "ratio"), "a measure over itself, always 1", "two measures")
        if isinstance(measure, Blend):
            for other, weight in measure.blend.items():
                if weight.value == 0.0:
                    yield warning((*path, "blend", other), "weight 0", "leave it out")
        if isinstance(measure, Product) and len(set(measure.product)) < len(measure.product):
            yield warning((*path, "product"), "a measure multiplied by itself", "each once")
        if isinstance(measure, Fallback):
            first = measures.get(measure.fallback[0])
            always = isinstance(first, ProgramMeasure)
            rule = isinstance(first, OutcomeMeasure) and (
                first.minimum_sample > 0 or first.significance is not None
            )
            if always or (isinstance(first, OutcomeMeasure) and not rule):
                yield warning(
                    (*path, "fallback", 0),
                    f"`{measure.fallback[0]}`, which exists as soon as anyone is measured",
                    "a measure with minimum_sample or significance, so that the next can take over",
                )
        if isinstance(measure, Switch):
            at = (*path, "date")
            wrong = list(check_moment(clock, at, measure.date))
            yield from wrong
            if not wrong and grid(clock, measure.date) > max(dates):
                yield warning(at, f"{measure.date}, after the last evaluation", "an earlier date")
            elif not wrong and grid(clock, measure.date) <= min(dates):
                yield warning(at, f"{measure.date}, not after the first evaluation", "a later date")


CHECKS = (
    check_dates,
    check_references,
    check_circles,
    check_designs,
    check_matched,
    check_program_counts,
    check_persons,
    check_combinations,
)


def check_samples(scenario: Scenario) -> Iterator[Finding]:
    """Minimum samples that the plan can reach."""
    plan = expect(scenario)
    targets = [scenario.program.target]
    targets += [t.target for t in scenario.contract.triggers.values() if t.action == "expand"]
    most = max((target for target in targets if target is not None), default=None)
    for name, measure in scenario.evaluation.measures.items():
        if not isinstance(measure, OutcomeMeasure) or not measure.minimum_sample:
            continue
        path: Path = ("evaluation", "measures", name, "minimum_sample")
        least = measure.minimum_sample
        reached = sum(plan.treated)
        if measure.design == "rct" and compares(measure):
            reached = min(reached, sum(plan.control))
        if most is not None and scenario.program.target is not None and least > most:
            yield Finding(path, f"{least} in each arm", f"up to the target of {most} treated")
        elif sum(plan.treated) > 0.0 and least > 1.05 * reached:
            yield warning(
                path,
                f"{least} in each arm, while the plan at its means enrolls {reached:.0f}",
                "a sample that the plan reaches",
            )


EXPECTED = (check_samples,)
