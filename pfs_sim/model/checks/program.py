"""What cannot be, or hardly will be, in the program (model §4, §5)."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING

from pfs_sim.errors import Finding
from pfs_sim.model.checks.clock import check_moment, grid
from pfs_sim.model.checks.expected import (
    duration,
    expect,
    read_time,
    referrals,
    retention_points,
    staying,
    window,
)
from pfs_sim.model.checks.naming import Path, periods, say, unknown, warning
from pfs_sim.model.outcomes import Amount, Count, Event, Milestone
from pfs_sim.model.program import Exponential, Piecewise, Retention

if TYPE_CHECKING:
    from pfs_sim.model.outcomes import AnyOutcome
    from pfs_sim.model.scenario import Scenario

_MOST_TYPES = 32
_REACHED = 0.8  # of the target, by the plan at its means; the median deal reaches all of it


def check_window(scenario: Scenario) -> Iterator[Finding]:
    """Enrollment opens before it ends, both on the grid."""
    program, clock = scenario.program, scenario.clock
    opens, closes = program.window_start, program.window_end
    late = list(check_moment(clock, ("program", "window_start"), opens, clock.periods - 1))
    if closes is not None:
        late += check_moment(clock, ("program", "window_end"), closes)
    yield from late
    if not late and closes is not None and grid(clock, closes) <= grid(clock, opens):
        yield Finding(
            ("program", "window_end"),
            f"{closes}, not after window_start ({opens})",
            f"grid point {grid(clock, opens) + 1} or later",
        )


def check_assignment(scenario: Scenario) -> Iterator[Finding]:
    """The share of treatment fits the way of assigning."""
    assignment = scenario.program.assignment
    share, path = assignment.share.value, ("program", "assignment", "share")
    if share > 1.0:
        yield Finding(path, say(share), "above 0, up to 1 (the share that is treated)")
    elif assignment.method == "none" and share < 1.0:
        yield Finding(
            ("program", "assignment", "method"),
            f"none with share {say(share)}",
            "simple or blocked, or share 1 (everybody is treated)",
        )
    elif assignment.method != "none" and share == 1.0:
        yield warning(path, "1, so nobody is a control", "below 1, or method none")
    elif assignment.method == "blocked":
        treated = share * assignment.block
        if abs(treated - round(treated)) > 1e-6 * assignment.block:
            yield Finding(
                ("program", "assignment", "block"),
                f"blocks of {assignment.block} with share {share:.10g}, {treated:.10g} treated in "
                "each",
                f"a block in which share·block is whole{_fitting_blocks(share)}",
            )


def _fitting_blocks(share: float) -> str:
    fit = [b for b in range(2, 41) if abs(share * b - round(share * b)) < 1e-6 * b]
    return f", such as {', '.join(str(b) for b in fit[:3])}" if fit else ""


def check_service(scenario: Scenario) -> Iterator[Finding]:
    """Treatment lasts, and there is somewhere to be treated."""
    service, clock = scenario.program.service, scenario.clock
    path: Path = ("program", "service")
    length = clock.span(service.duration)
    if length == 0:
        yield Finding((*path, "duration"), str(service.duration), "at least 1 period")
    elif length > clock.periods:
        yield Finding(
            (*path, "duration"),
            f"{service.duration}, {periods(length)}, longer than the grid of {clock.periods}",
            f"up to {clock.periods} periods (or clock.periods: {length} and more)",
        )
    if service.teams is None:
        return
    if not service.teams:
        yield Finding((*path, "teams"), "no team", "at least one (or no `teams`: places unlimited)")
    for name, team in service.teams.items():
        yield from check_moment(
            clock, (*path, "teams", name, "start"), team.start, clock.periods - 1
        )
    starts = [grid(clock, team.start) for team in service.teams.values()]
    opens = grid(clock, scenario.program.window_start)
    if service.overflow == "lost" and starts and min(starts) > opens:
        yield warning(
            (*path, "overflow"),
            f"lost, and no team before grid point {min(starts)}, while enrollment opens at {opens}",
            "wait, or a window_start from which there is a team",
        )


def check_attrition(scenario: Scenario) -> Iterator[Finding]:
    """Leaving can be drawn, and means what it says."""
    attrition = scenario.program.attrition
    if attrition is None:
        return
    path: Path = ("program", "attrition")
    if isinstance(attrition.hazard, Retention):
        yield from _check_retention(scenario, attrition.hazard)
    elif isinstance(attrition.hazard, Piecewise):
        yield from _check_piecewise(scenario, attrition.hazard)
    elif isinstance(attrition.hazard, Exponential) and attrition.hazard.rate.value == 0.0:
        yield warning((*path, "hazard", "rate"), "0, so nobody ever leaves", "above 0")
    if attrition.control is not None and scenario.program.assignment.method == "none":
        yield warning(
            (*path, "control"), "a factor for controls, and nobody is a control", "leave it out"
        )
    if attrition.no_show.value == 1.0:
        yield warning((*path, "no_show"), "1, so nobody is ever served", "below 1")


def _check_retention(scenario: Scenario, hazard: Retention) -> Iterator[Finding]:
    path: Path = ("program", "attrition", "hazard", "at")
    last_time, last_share = 0.0, 1.0
    for text, share in hazard.at.items():
        time, kept = read_time(text, scenario.clock), share.value
        if time is None:
            yield Finding(
                (*path, text), f"the key `{text}`", "a time in treatment such as `6 months`"
            )
            continue
        if time <= last_time:
            yield Finding(
                (*path, text),
                f"the time {text} at this place",
                "times above 0 in rising order, each once",
            )
        elif kept > last_share:
            yield Finding(
                (*path, text),
                f"{say(kept)} still there, after {say(last_share)} before",
                "shares that fall with time",
            )
        elif kept == 0.0:
            yield Finding((*path, text), "0", "above 0 (whoever remains has some hazard)")
        last_time, last_share = time, kept
    points = retention_points(hazard, scenario.clock)
    if points and all(share == 1.0 for _, share in points):
        yield warning(path, "retention of 100 %: nobody ever leaves", "shares below 1")


def _check_piecewise(scenario: Scenario, hazard: Piecewise) -> Iterator[Finding]:
    path: Path = ("program", "attrition", "hazard", "leave")
    leave, last = [share.value for share in hazard.leave], duration(scenario)
    for i, share in enumerate(leave[: last - 1]):
        if share == 1.0:
            yield Finding(
                (*path, i), f"1, so nobody reaches period of treatment {i + 2}", "below 1"
            )
    if len(leave) > last:
        yield warning(
            path,
            f"{len(leave)} probabilities for a treatment of {periods(last)}",
            f"{last} (those after it are never used)",
        )
    if not any(leave):
        yield warning(path, "0 throughout: nobody ever leaves", "some probability above 0")


def check_dose_response(scenario: Scenario) -> Iterator[Finding]:
    """Points on [0, 1]², rising, up to the full effect at the full dose."""
    path: Path = ("program", "dose_response")
    points = scenario.program.dose_response
    if not points:
        yield Finding(path, "no point", "at least one, such as [1, 1]")
    values = [[number.value for number in point] for point in points]
    for i, point in enumerate(values):
        if len(point) != 2:
            yield Finding((*path, i), f"a point of {len(point)} numbers", "[dose, effect share]")
        elif not all(0.0 <= number <= 1.0 for number in point):
            yield Finding((*path, i), f"[{say(point[0])}, {say(point[1])}]", "both from 0 to 1")
        elif i and len(values[i - 1]) == 2:
            if point[0] <= values[i - 1][0]:
                yield Finding((*path, i, 0), f"dose {say(point[0])}", "doses in rising order")
            elif point[1] < values[i - 1][1]:
                yield Finding(
                    (*path, i, 1),
                    f"effect share {say(point[1])} after {say(values[i - 1][1])}",
                    "effect shares that do not fall as the dose rises",
                )
    if values and all(len(point) == 2 for point in values):
        if values[-1][1] < 1.0:
            yield warning(
                (*path, len(values) - 1),
                f"{say(values[-1][1])} of the effect at the full dose",
                "1 (`effect` is that of the full dose)",
            )
        if values[0][1] > 0.0:
            yield warning(
                (*path, 0),
                f"{say(values[0][1])} of the effect for whoever received nothing",
                "a first point [0, 0]",
            )


def check_types(scenario: Scenario) -> Iterator[Finding]:
    """Types add up and speak of outcomes that exist."""
    types, path = scenario.program.types, ("program", "types")
    if types is None:
        return
    if scenario.program.client_correlation is not None:
        yield Finding(
            ("program", "client_correlation"),
            "a target correlation beside stated types",
            "one of types, client_correlation (it is solved into two types)",
        )
    if not types or len(types) > _MOST_TYPES:
        yield Finding(path, f"{len(types)} types", f"1 to {_MOST_TYPES} (or no `types`)")
    total = sum(kind.share.value for kind in types.values())
    if types and abs(total - 1.0) > 1e-6:
        yield Finding(path, f"shares that add to {total:.10g}", "shares that add to 1")
    for name, kind in types.items():
        for key, named in (("level", kind.level), ("effect", kind.effect)):
            for outcome in named:
                if outcome not in scenario.outcomes:
                    at = (*path, name, key, outcome)
                    yield unknown(at, outcome, scenario.outcomes, "an outcome of this file")


def check_correlation(scenario: Scenario) -> Iterator[Finding]:
    """Two types whose levels stay in range, for more than one outcome."""
    correlation, path = scenario.program.client_correlation, ("program", "client_correlation")
    if correlation is None or scenario.program.types is not None:
        return
    if len(scenario.outcomes) == 1:
        yield warning(path, "a correlation of outcomes, with one outcome only", "leave it out")
    for name, outcome in scenario.outcomes.items():
        most = _largest_correlation(outcome)
        if correlation.value > 0.0 and correlation.value >= most:
            yield Finding(
                path,
                f"{say(correlation.value)}, which takes `{name}` of one type out of its range",
                f"below {most:.4g} with the level of `{name}`",
            )


def _largest_correlation(outcome: AnyOutcome) -> float:
    """ρ at which m ± √(ρ·variance) meets an end of the outcome's range."""
    level = outcome.level.mean()
    if isinstance(outcome, Event | Milestone):
        return min(level / (1.0 - level), (1.0 - level) / level) if 0.0 < level < 1.0 else math.inf
    if isinstance(outcome, Count):
        k = outcome.dispersion
        variance = level + (0.0 if k is None else level**2 / k.value)
        return level**2 / variance if variance > 0.0 else math.inf
    if isinstance(outcome, Amount):
        center = outcome.share.mean() * level
        variance = center * level * (1.0 + 1.0 / outcome.shape.mean()) - center**2
        return center**2 / variance if variance > 0.0 else math.inf
    return math.inf


def check_referral_plan(scenario: Scenario) -> Iterator[Finding]:
    """A plan of referrals that the grid and the window can use."""
    plan, path = scenario.program.referrals, ("program", "referrals")
    first, end = window(scenario)
    if isinstance(plan.per_period, list):
        given = len(plan.per_period)
        if given > scenario.clock.periods:
            yield warning(
                (*path, "per_period"),
                f"{given} periods of referrals on a grid of {scenario.clock.periods}",
                "as many as the grid has (the rest is never used)",
            )
        elif scenario.program.window_end is not None and given < end:
            yield warning(
                (*path, "per_period"),
                f"{given} periods of referrals, none from grid point {given} to window_end ({end})",
                f"{end} periods, or an earlier window_end",
            )
    if plan.ramp is not None and plan.ramp.periods > end - first:
        yield warning(
            (*path, "ramp", "periods"),
            f"{plan.ramp.periods}, longer than the enrollment window ({periods(end - first)})",
            "shorter, or full volume is never reached",
        )
    mean = plan.multiplier.mean()
    if 0.0 < mean < 0.4:
        yield warning(
            (*path, "multiplier"),
            f"{say(mean)} on average: {say(mean)} times the plan",
            "around 1 (1.1 is ten percent more than planned)",
        )


CHECKS = (
    check_window,
    check_assignment,
    check_service,
    check_attrition,
    check_dose_response,
    check_types,
    check_correlation,
)


def check_enrollment(scenario: Scenario) -> Iterator[Finding]:
    """Whether the plan, at its means, reaches the target."""
    program, target = scenario.program, scenario.program.target
    treated = sum(expect(scenario).treated)
    if treated <= 0.0:
        if target == 0:
            yield warning(("program", "target"), "0, so nobody is enrolled", "above 0")
        elif sum(referrals(scenario)) > 0.0 and program.intake_limit == 0:
            yield warning(("program", "intake_limit"), "0, so nobody is enrolled", "above 0")
        else:
            yield warning(
                ("program", "referrals"), "a plan in which nobody is enrolled", "some referrals"
            )
    elif target is not None and treated < _REACHED * target:
        yield warning(
            ("program", "target"),
            f"{target} treated, while the plan at its means enrolls {treated:.0f} by the end of "
            "the window",
            "more referrals or places, a longer window, or a smaller target",
        )


def check_completion(scenario: Scenario) -> Iterator[Finding]:
    """Attrition that leaves nobody is mostly a rate in the wrong unit."""
    completed, attrition = staying(scenario)[-1], scenario.program.attrition
    if attrition is not None and completed < 0.05 and attrition.no_show.mean() < 0.95:
        yield warning(
            ("program", "attrition"),
            f"a hazard with which {100 * completed:.2g} % complete the treatment",
            "a rate per year (exponential), a scale in years (weibull), a probability per period "
            "(piecewise)",
        )


def check_tail_of_service(scenario: Scenario) -> Iterator[Finding]:
    """Clients who would still be served when the grid ends cost nothing after it."""
    plan, length, end = expect(scenario), duration(scenario), scenario.clock.periods
    last = max((t for t, n in enumerate(plan.treated) if n > 1e-6), default=0)
    if last + length > end:
        yield warning(
            ("clock", "periods"),
            f"{end}, while clients enrolled in period {last} are planned to be served until "
            f"grid point {last + length}",
            f"{last + length} or more, or an earlier program.window_end",
        )


EXPECTED = (check_referral_plan, check_enrollment, check_completion, check_tail_of_service)
