"""The program as tables: referrals, places, arms, types and hazards by period (model §4, §5)."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from itertools import pairwise
from typing import Any

import numpy as np

from pfs_sim.addresses import stream_key
from pfs_sim.model.clock import Clock
from pfs_sim.model.noun import _SPAN
from pfs_sim.model.program import Attrition, Piecewise, Program, Retention, Team, Weibull
from pfs_sim.model.scenario import Scenario
from pfs_sim.plan.row import Row
from pfs_sim.tables.people import (
    F8,
    NOBODY,
    PERIOD,
    PROGRAM,
    TYPE,
    Hazard,
    Method,
    Records,
)

_METHODS = {"none": Method.NONE, "simple": Method.SIMPLE, "blocked": Method.BLOCKED}
MOST_TYPES = 32
"""A stream's index has five bits for the type."""


def records(dtype: np.dtype[Any], shape: int | tuple[int, ...]) -> Records:
    """An empty table."""
    return np.zeros(shape, dtype).view(np.recarray)


def type_shares(program: Program) -> list[float]:
    """Shares of the client types: as stated, two halves for a client correlation, or one type."""
    if program.types is not None:
        if program.client_correlation is not None:
            raise ValueError("found types and client_correlation in program; allowed: one of them")
        if len(program.types) > MOST_TYPES:
            raise ValueError(f"found {len(program.types)} types; allowed: up to {MOST_TYPES}")
        return [kind.share.value for kind in program.types.values()]
    return [0.5, 0.5] if program.client_correlation is not None else [1.0]


def type_table(program: Program) -> Records:
    """Types with the probability of each given none of those before it."""
    shares = type_shares(program)
    table = records(TYPE, len(shares))
    kinds = list((program.types or {}).values())
    rest, reach = 1.0, 0.0
    for y, share in enumerate(shares):
        reach += share
        table[y].share, table[y].reach = share, reach
        table[y].given = min(1.0, share / rest) if rest > 0.0 else 0.0
        table[y].hazard = kinds[y].hazard.value if kinds else 1.0
        rest -= share
    return table


def planned_referrals(program: Program, clock: Clock) -> F8:
    """Planned referrals [t] with their ramp; nothing before the window opens or past a list."""
    plan, start = program.referrals, clock.grid(program.window_start)
    out = np.zeros(clock.periods)
    for t in range(start, clock.periods):
        if isinstance(plan.per_period, list):
            volume = plan.per_period[t].value if t < len(plan.per_period) else 0.0
        else:
            volume = plan.per_period.value
        ramp = 1.0
        if plan.ramp is not None:
            first = plan.ramp.start.value
            ramp = first + (1.0 - first) * min(1.0, (t - start) / plan.ramp.periods)
        out[t] = volume * ramp
    return out


def places(teams: Mapping[str, Team] | None, clock: Clock) -> F8:
    """Places [t]: teams times caseload of the teams that have started; infinite without teams."""
    if teams is None:
        return np.full(clock.periods, np.inf)
    out = np.zeros(clock.periods)
    for team in teams.values():
        out[clock.grid(team.start) :] += team.teams * team.caseload
    return out


def _targets(program: Program, target: int | None) -> tuple[float, float]:
    """Treated and control clients to enroll."""
    method = program.assignment.method
    if target is None:
        return np.inf, (0.0 if method == "none" else np.inf)
    if method == "none":
        return float(target), 0.0
    share = program.assignment.share.value
    return float(target), float(math.floor(target * (1.0 - share) / share + 0.5))


def period_table(scenario: Scenario) -> Records:
    """Periods 0 … T−1, and a last record for a program that is never expanded.

    Where several triggers could expand the program at the same grid point, the first in the file
    says by how much.
    """
    program, clock = scenario.program, scenario.clock
    table = records(PERIOD, clock.periods + 1)
    table.planned[:-1] = planned_referrals(program, clock)
    table.places[:-1] = places(program.service.teams, clock)
    end = clock.periods if program.window_end is None else clock.grid(program.window_end)
    table.target, table.control_target = _targets(program, program.target)
    table.window_end = min(end, clock.periods)
    for trigger in reversed(scenario.contract.triggers.values()):
        if trigger.action != "expand":
            continue
        for when in trigger.at:
            t = clock.grid(when)
            if t >= clock.periods:
                continue
            target = program.target if trigger.target is None else trigger.target
            until = end if trigger.window_end is None else clock.grid(trigger.window_end)
            table[t].target, table[t].control_target = _targets(program, target)
            table[t].window_end = min(until, clock.periods)
    return table


def _moment(text: str, clock: Clock) -> float:
    """A time in treatment in periods, exact: "4 months" is 4/3 quarters."""
    found = _SPAN.match(text.strip())
    if found is None:
        return float(text)
    unit = found[2].rstrip("s")
    if unit == "period":
        return float(found[1])
    return int(found[1]) * (12 if unit == "year" else 1) / clock.months


def _retained(hazard: Retention, clock: Clock, duration: int) -> F8:
    """Growth of Λ [a] where ln of the share retained is linear between the stated times."""
    points = sorted((_moment(text, clock), share.value) for text, share in hazard.at.items())
    time = [0.0, *(t for t, _ in points if t > 0.0)]
    total = [0.0, *(-math.log(s) if s > 0.0 else math.inf for t, s in points if t > 0.0)]

    def cumulative(a: int) -> float:
        i = 1
        while i < len(time) - 1 and time[i] < a:
            i += 1
        if a == 0 or total[i] == total[i - 1]:
            return total[i - 1]
        slope = (total[i] - total[i - 1]) / (time[i] - time[i - 1])
        return total[i - 1] + slope * (a - time[i - 1])

    levels = [cumulative(a) for a in range(duration + 1)]
    return _growth(levels)


def _growth(levels: list[float]) -> F8:
    """Differences of a rising list that may end at infinity."""
    return np.array([math.inf if math.isinf(b) else b - a for a, b in pairwise(levels)])


def hazard_growth(attrition: Attrition | None, clock: Clock, duration: int) -> F8:
    """Growth of the cumulative hazard [a] where a file states it; zero where inputs give it."""
    out = np.zeros(duration)
    if attrition is None:
        return out
    hazard = attrition.hazard
    if isinstance(hazard, Piecewise):
        leave = [share.value for share in hazard.leave]
        for a in range(duration):
            p = leave[min(a, len(leave) - 1)]
            out[a] = -math.log1p(-p) if p < 1.0 else math.inf
    elif isinstance(hazard, Retention):
        out = _retained(hazard, clock, duration)
    return out


def dose_table(program: Program, duration: int) -> F8:
    """Shares of the effect [2, j]: by bucket, and after j periods of a treatment cut short.

    Buckets: 0 no-show (dose 0), 1+a left in period of treatment a (dose (a + 1/2)/D), D+1
    completed (dose 1). The dose-response curve is flat outside its points.
    """
    x = [point[0].value for point in program.dose_response]
    y = [point[1].value for point in program.dose_response]
    doses = np.zeros((2, duration + 2))
    doses[0, 1:-1] = (np.arange(duration) + 0.5) / duration
    doses[0, -1] = 1.0
    doses[1] = np.minimum(np.arange(duration + 2) / duration, 1.0)
    return np.interp(doses, x, y)


def program_table(
    scenario: Scenario, row: Row, seeds: Mapping[str, int], frozen: Collection[str]
) -> Records:
    """The facts of the program that no period changes: one record."""
    program, clock = scenario.program, scenario.clock
    table = records(PROGRAM, 1)
    fact = table[0]
    fact.periods, fact.years = clock.periods, clock.years
    fact.duration = max(1, clock.span(program.service.duration))
    fact.types = len(type_shares(program))
    fact.frozen, fact.frozen_leaving = "enrollment" in frozen, "attrition" in frozen
    for item in ("referrals", "consent", "assignment", "types"):
        fact[f"{item}_key"] = stream_key(seeds["enrollment"], "enrollment", item)
    fact.leave_key = stream_key(seeds["attrition"], "attrition", "leave")
    fact.volume = row.column("program.referrals.multiplier")
    dispersion = program.referrals.dispersion
    fact.dispersion = 0.0 if dispersion is None else dispersion.value
    fact.eligible, fact.consent = row.column("program.eligible"), row.column("program.consent")
    fact.intake_limit = np.inf if program.intake_limit is None else program.intake_limit
    fact.method = _METHODS[program.assignment.method]
    fact.share = program.assignment.share.value
    fact.block = program.assignment.block
    fact.block_treated = round(fact.share * fact.block)
    fact.limited = program.service.teams is not None
    fact.waits = program.service.overflow == "wait"
    _state_attrition(fact, program.attrition, row)
    return table


def _state_attrition(fact: Any, attrition: Attrition | None, row: Row) -> None:
    """The hazard and the columns of its parameters."""
    fact.hazard = Hazard.NONE
    fact.hazard_a = fact.hazard_b = fact.multiplier = fact.control = fact.no_show = NOBODY
    if attrition is None:
        return
    fact.logit = attrition.link == "logit"
    fact.multiplier = row.column("program.attrition.multiplier")
    fact.control = row.column("program.attrition.control")
    fact.no_show = row.column("program.attrition.no_show")
    if isinstance(attrition.hazard, Piecewise | Retention):
        fact.hazard = Hazard.TABLE
    elif isinstance(attrition.hazard, Weibull):
        fact.hazard = Hazard.WEIBULL
        fact.hazard_a = row.column("program.attrition.hazard.shape")
        fact.hazard_b = row.column("program.attrition.hazard.scale")
    else:
        fact.hazard = Hazard.EXPONENTIAL
        fact.hazard_a = row.column("program.attrition.hazard.rate")
