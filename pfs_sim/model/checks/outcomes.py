"""What cannot be, or hardly will be, in the outcomes (model §6)."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from pfs_sim.errors import Finding
from pfs_sim.model.checks.clock import grid
from pfs_sim.model.checks.evaluation import compares
from pfs_sim.model.checks.expected import duration, expect
from pfs_sim.model.checks.naming import Path, percent, periods, say, unknown, warning
from pfs_sim.model.evaluation import OutcomeMeasure, PersonMeasure
from pfs_sim.model.outcomes import Amount, Event, Milestone, Outcome, Score

if TYPE_CHECKING:
    from pfs_sim.model.outcomes import AnyOutcome
    from pfs_sim.model.quantities import Quantity
    from pfs_sim.model.scenario import Scenario

_FITTING = {
    "log_odds": ("log_odds_ratio", "log_hazard_ratio"),
    "log": ("log_relative_risk", "log_ratio", "log_hazard_ratio"),
    "difference": ("risk_difference",),
    "smd": ("smd",),
}
"""Scales of a published estimate that mean the same as the scale of an outcome."""
_RARE = 0.1  # below it odds, risk and hazard ratios say nearly the same


def check_chains(scenario: Scenario) -> Iterator[Finding]:
    """`after` leads to a yes/no outcome with one trial, and never back."""
    outcomes = scenario.outcomes
    events = [name for name, o in outcomes.items() if isinstance(o, Event)]
    for name, outcome in outcomes.items():
        path: Path = ("outcomes", name, "after")
        if outcome.after is None:
            continue
        first = outcomes.get(outcome.after)
        if first is None:
            others = [event for event in events if event != name]
            yield unknown(path, outcome.after, others, "an event of this file")
        elif outcome.after == name:
            yield Finding(path, f"`{name}` after itself", "another event, or no `after`")
        elif not isinstance(first, Event):
            yield Finding(
                path, f"`{outcome.after}`, of kind {first.kind}", "an outcome of kind event"
            )
        elif first.trials != 1:
            yield Finding(
                path, f"`{outcome.after}` with {first.trials} trials", "an event with trials: 1"
            )
        elif _circle(scenario, name):
            circle = _circle(scenario, name)
            if name == min(circle, key=list(outcomes).index):
                yield Finding(
                    path,
                    f"a circle, {' after '.join([*circle, name])}",
                    "a chain with a first event",
                )
        elif _ready(scenario, outcome) < _ready(scenario, first):
            yield warning(
                path,
                f"`{outcome.after}`, which is known later than `{name}` is",
                "a window and reporting that end no earlier than those of what it comes after",
            )


def _circle(scenario: Scenario, name: str) -> list[str]:
    """The names through which `after` leads back to a name; empty if it does not."""
    seen: list[str] = []
    at: str | None = name
    while at is not None and at in scenario.outcomes and at not in seen:
        seen.append(at)
        at = scenario.outcomes[at].after
    return seen if at == name else []


def _ready(scenario: Scenario, outcome: Outcome) -> int:
    """Periods from enrollment until the data of whoever stayed to the end are reported."""
    clock, opens = scenario.clock, 0
    if isinstance(outcome, Milestone):
        return max(1, clock.span(outcome.qualify)) + clock.span(outcome.reporting)
    if outcome.opens == "exit":
        opens = duration(scenario)
    return opens + clock.span(outcome.window) + clock.span(outcome.reporting)


def check_scales(scenario: Scenario) -> Iterator[Finding]:
    """A published estimate is stated on the scale on which the outcome moves."""
    for name, outcome in scenario.outcomes.items():
        scale = str(getattr(outcome, "scale", "log"))
        if isinstance(outcome, Amount) and outcome.effect_on == "share":
            scale = "log_odds"
        for key in ("effect", "target_effect"):
            given: Quantity | None = getattr(outcome, key)
            stated = None if given is None else given.scale
            path: Path = ("outcomes", name, key)
            if stated is None:
                continue
            if stated not in _FITTING[scale]:
                where = (
                    "effect_on: share moves log odds"
                    if isinstance(outcome, Amount) and outcome.effect_on == "share"
                    else f"the outcome's scale is {scale}"
                )
                yield Finding(
                    path,
                    f"an estimate on the scale {stated}",
                    f"{' or '.join(_FITTING[scale])}, since {where}",
                )
            elif (
                stated == "log_hazard_ratio"
                and isinstance(outcome, Event)
                and outcome.level.mean() > _RARE
            ):
                yield warning(
                    path,
                    f"a hazard ratio taken on the scale {scale} at a level of "
                    f"{say(outcome.level.mean())}",
                    "an odds or risk ratio; a hazard ratio is nearly the same for rare events only",
                )


def moved(outcome: Outcome, shift: float) -> float | None:
    """The mean level moved on the outcome's scale; None where no shift can leave the range."""
    scale, level = getattr(outcome, "scale", "log"), getattr(outcome, "level")  # noqa: B009
    if isinstance(outcome, Score) or (isinstance(outcome, Amount) and outcome.effect_on == "share"):
        return None
    if scale == "difference":
        return float(level.mean() + shift)
    if scale == "log" and isinstance(outcome, Event | Milestone):
        return float(level.mean() * math.exp(min(shift, 700.0)))
    return None


def outside(outcome: Outcome, level: float | None) -> str | None:
    """The range that a level has left, in words."""
    if level is None:
        return None
    slack = 1e-9
    if isinstance(outcome, Event | Milestone):
        return None if -slack <= level <= 1.0 + slack else "from 0 to 1"
    if isinstance(outcome, Amount):
        return None if level > 0.0 else "above 0"
    return None if level >= -slack else "of 0 or more"


def check_effects(scenario: Scenario) -> Iterator[Finding]:
    """An effect leaves the outcome in its range and goes the way that is called success."""
    for name, outcome in scenario.outcomes.items():
        path: Path = ("outcomes", name)
        for key in ("effect", "target_effect"):
            effect: Quantity | None = getattr(outcome, key)
            if effect is None:
                continue
            mean = effect.mean()
            level = moved(outcome, mean)
            allowed = outside(outcome, level)
            if allowed is not None and level is not None:
                yield Finding(
                    (*path, key),
                    f"{say(mean)} on average, which moves the level from "
                    f"{say(outcome.level.mean())} to {say(level)}",
                    f"an effect that leaves a level {allowed}",
                )
            elif key == "effect" and not effect.certain:
                yield from _check_tail(outcome, effect, (*path, key))
            if (mean > 0.0) if outcome.good == "lower" else (mean < 0.0):
                does = "raises" if outcome.good == "lower" else "lowers"
                yield warning(
                    (*path, key),
                    f"{say(mean)} on average: it {does} an outcome of which {outcome.good} is good",
                    f"{'below' if outcome.good == 'lower' else 'above'} 0, or good: "
                    f"{'higher' if outcome.good == 'lower' else 'lower'}",
                )


def _check_tail(outcome: AnyOutcome, effect: Quantity, path: Path) -> Iterator[Finding]:
    """An uncertain effect that is cut off at the end of the range in many paths."""
    for u in (0.05, 0.95):
        drawn = float(effect.ppf(np.array([u]))[0])
        allowed = outside(outcome, moved(outcome, drawn))
        if allowed is not None:
            yield warning(
                path,
                f"{say(drawn)} in one path of twenty, cut off at a level {allowed}",
                "a narrower or truncated distribution, or another scale",
            )


def check_shifts(scenario: Scenario) -> Iterator[Finding]:
    """Types and drift leave the counterfactual in its range."""
    years = scenario.clock.periods * scenario.clock.years
    for name, outcome in scenario.outcomes.items():
        for kind, stated in (scenario.program.types or {}).items():
            if name not in stated.level:
                continue
            level = moved(outcome, stated.level[name].value)
            allowed = outside(outcome, level)
            if allowed is not None and level is not None:
                yield Finding(
                    ("program", "types", kind, "level", name),
                    f"a shift of {say(stated.level[name].value)}, to a level of {say(level)}",
                    f"a shift that leaves a level {allowed}",
                )
        drifted = moved(outcome, outcome.drift.mean() * years)
        allowed = outside(outcome, drifted)
        if allowed is not None and drifted is not None:
            yield warning(
                ("outcomes", name, "drift"),
                f"{say(outcome.drift.mean())} a year, to a level of {say(drifted)} at the end",
                f"a drift that leaves a level {allowed} (drift is per year)",
            )


def check_levels(scenario: Scenario) -> Iterator[Finding]:
    """Levels that nothing can move, and records that say the opposite."""
    for name, outcome in scenario.outcomes.items():
        path: Path = ("outcomes", name)
        level = outcome.level.value
        stuck = (0.0, 1.0) if isinstance(outcome, Event | Milestone) else (0.0,)
        sure = not isinstance(outcome, Score) and level in stuck
        if sure and getattr(outcome, "scale", "log") != "difference" and _has_effect(outcome):
            yield warning(
                (*path, "level"),
                f"exactly {say(level or 0.0)}, which no effect on the scale {outcome.scale} moves",
                "a level strictly inside its range, or scale: difference",
            )
        if isinstance(outcome, Amount) and outcome.share.value == 0.0:
            yield warning((*path, "share"), "0, so no client ever has any", "above 0")
        if isinstance(outcome, Event):
            yield from _check_event(outcome, path)
        for arm in ("treated", "control"):
            if getattr(outcome.loss, arm).value == 1.0:
                yield Finding((*path, "loss", arm), "1: nobody can be measured", "below 1")


def _has_effect(outcome: Outcome) -> bool:
    return outcome.effect.value != 0.0


def _check_event(outcome: Event, path: Path) -> Iterator[Finding]:
    record = outcome.record
    if record is not None and record.sensitivity.mean() + record.specificity.mean() < 1.0:
        yield warning(
            (*path, "record"),
            f"sensitivity {say(record.sensitivity.mean())} and specificity "
            f"{say(record.specificity.mean())}: successes are seen less often than failures",
            "a sum above 1",
        )
    if outcome.cluster is not None and outcome.icc.value == 0.0:
        yield warning((*path, "cluster"), "clusters without icc", "icc above 0, or no cluster")


def check_windows(scenario: Scenario) -> Iterator[Finding]:
    """Windows that leave time for an effect, and for an evaluation to see it."""
    clock, length = scenario.clock, duration(scenario)
    for name, outcome in scenario.outcomes.items():
        path: Path = ("outcomes", name)
        if isinstance(outcome, Milestone):
            for key in ("window", "opens"):
                if getattr(outcome, key) != Milestone.model_fields[key].default:
                    yield warning(
                        (*path, key), f"{key} of a milestone", "leave it out: it repeats in service"
                    )
            if clock.span(outcome.qualify) > length:
                yield Finding(
                    (*path, "qualify"),
                    f"{outcome.qualify}, longer than the treatment ({periods(length)})",
                    f"up to {periods(length)}, or nobody ever qualifies",
                )
            if outcome.limit is not None and outcome.limit > length:
                yield warning(
                    (*path, "limit"),
                    f"{outcome.limit} successes in a treatment of {periods(length)}",
                    f"below {length}, or no limit (it never binds)",
                )
        elif (
            clock.span(outcome.window) == 0
            and outcome.opens == "enrollment"
            and _has_effect(outcome)
        ):
            yield warning(
                (*path, "window"),
                "0: it is measured at the moment of enrollment, before any treatment",
                "the length of the measured window, such as `12 months`",
            )


CHECKS = (
    check_chains,
    check_scales,
    check_effects,
    check_shifts,
    check_levels,
    check_windows,
)


def check_measured(scenario: Scenario) -> Iterator[Finding]:
    """Outcomes that no measure looks at, that no evaluation sees, or that nothing moves."""
    treated = expect(scenario).treated
    measures = list(scenario.evaluation.measures.values())
    of_outcomes = [m for m in measures if isinstance(m, OutcomeMeasure)]
    looked = {m.outcome for m in of_outcomes}
    looked |= {name for m in measures if isinstance(m, PersonMeasure) for name in m.person}
    used = looked | {outcome.after for outcome in scenario.outcomes.values()}
    used |= {saving.outcome for saving in scenario.contract.savings.values()}
    compared = {m.outcome for m in of_outcomes if compares(m)}
    for name, outcome in scenario.outcomes.items():
        path: Path = ("outcomes", name)
        if name not in used:
            yield warning(
                path, "an outcome that no measure looks at", "a measure of it, or leave it out"
            )
        if name in compared and not _has_effect(outcome):
            yield warning(
                (*path, "effect"),
                "no effect, while a measure compares the treated with others",
                "the effect on the scale of the outcome, uncertain if it is",
            )
        if name in looked:
            yield from _check_seen(scenario, name, outcome, treated)


def _check_seen(
    scenario: Scenario, name: str, outcome: AnyOutcome, treated: list[float]
) -> Iterator[Finding]:
    """Cohorts whose data come after the last evaluation."""
    clock = scenario.clock
    last = max(grid(clock, when) for when in scenario.evaluation.dates.values())
    wait = _ready(scenario, outcome)
    total = sum(treated)
    late = sum(n for t, n in enumerate(treated) if t + wait > last)
    if total <= 0.0 or late <= 0.05 * total:
        return
    key = "qualify" if isinstance(outcome, Milestone) and outcome.qualify else "window"
    path: Path = ("outcomes", name, key if key in outcome.model_fields_set else "reporting")
    which = (
        "no client is ever measured"
        if late > (1.0 - 1e-9) * total
        else f"{percent(late / total)} of the clients (enrolled from grid point "
        f"{max(0, last - wait + 1)} on) are never measured"
    )
    yield warning(
        path,
        f"data {periods(wait)} after enrollment, so that {which}",
        f"a shorter wait, or an evaluation later than grid point {last}",
    )


EXPECTED = (check_measured,)
