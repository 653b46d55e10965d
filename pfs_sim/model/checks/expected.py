"""What the plan gives at the means: enrollment, people in service, costs (model §4, §5, §9).

Only for warnings ("the plan does not reach the target"): fractional people, no feedback from the
money, one draw of nothing. The paths themselves are lived elsewhere.
"""

from __future__ import annotations

import math
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from pfs_sim.model.checks.clock import grid, read_moment
from pfs_sim.model.noun import _SPAN
from pfs_sim.model.program import Exponential, Piecewise, Retention, Weibull

if TYPE_CHECKING:
    from pfs_sim.model.capital import Cost
    from pfs_sim.model.clock import Clock
    from pfs_sim.model.scenario import Scenario


class Expected(NamedTuple):
    """People at the means, by period."""

    treated: list[float]
    control: list[float]
    active: list[float]


def window(scenario: Scenario) -> tuple[int, int]:
    """First period with enrollment, and the grid point at which it ends."""
    program, clock = scenario.program, scenario.clock
    end = clock.periods if program.window_end is None else grid(clock, program.window_end)
    return grid(clock, program.window_start), min(end, clock.periods)


def duration(scenario: Scenario) -> int:
    """Planned treatment in periods."""
    return max(1, scenario.clock.span(scenario.program.service.duration))


def referrals(scenario: Scenario) -> list[float]:
    """Planned referrals by period, with their ramp, inside the window."""
    program, plan = scenario.program, scenario.program.referrals
    first, end = window(scenario)
    out = [0.0] * scenario.clock.periods
    for t in range(first, end):
        if isinstance(plan.per_period, list):
            out[t] = plan.per_period[t].value if t < len(plan.per_period) else 0.0
        else:
            out[t] = plan.per_period.value
        if plan.ramp is not None:
            low = plan.ramp.start.value
            out[t] *= low + (1.0 - low) * min(1.0, (t - first) / plan.ramp.periods)
    return [volume * program.referrals.multiplier.mean() for volume in out]


def hazards(scenario: Scenario) -> list[float]:
    """Cumulative hazard Λ(a), a = 0 … D, as planned (multiplier 1)."""
    attrition, clock, last = scenario.program.attrition, scenario.clock, duration(scenario)
    if attrition is None:
        return [0.0] * (last + 1)
    hazard, years = attrition.hazard, clock.years
    if isinstance(hazard, Exponential):
        return [hazard.rate.mean() * a * years for a in range(last + 1)]
    if isinstance(hazard, Weibull):
        shape, scale = hazard.shape.mean(), hazard.scale.mean()
        return [(a * years / scale) ** shape for a in range(last + 1)]
    if isinstance(hazard, Piecewise):
        leave = [share.value for share in hazard.leave]
        out = [0.0]
        for a in range(last):
            kept = 1.0 - leave[min(a, len(leave) - 1)]
            out.append(out[-1] - math.log(kept) if kept > 0.0 else math.inf)
        return out
    return _between(retention_points(hazard, clock), last)


def retention_points(hazard: Retention, clock: Clock) -> list[tuple[float, float]]:
    """(time in periods, share still there), by time; times that are none are left out."""
    found = [(read_time(text, clock), share.value) for text, share in hazard.at.items()]
    return sorted((time, share) for time, share in found if time is not None)


def read_time(text: str, clock: Clock) -> float | None:
    """A time in treatment in periods, not rounded; None where the text is no length of time."""
    if text.isdigit():
        return float(text)
    found = _SPAN.match(text.strip())
    if found is None:
        return None
    if found[2].startswith("period"):
        return float(found[1])
    return int(found[1]) * (12 if found[2].startswith("year") else 1) / clock.months


def _between(points: list[tuple[float, float]], last: int) -> list[float]:
    """Cumulative hazard with straight lines between retained shares, and on after the last."""
    lines = [(0.0, 0.0)]
    lines += [(t, -math.log(s) if s > 0.0 else math.inf) for t, s in points if t > 0.0]
    out = [0.0]
    for a in range(1, last + 1):
        ends = [(p, q) for p, q in pairwise(lines) if a <= q[0]] or list(pairwise(lines))[-1:]
        if not ends:
            return [0.0] * (last + 1)
        (t0, y0), (t1, y1) = ends[0]
        out.append(y1 if math.isinf(y1) else y0 + (y1 - y0) * (a - t0) / (t1 - t0))
    return out


def staying(scenario: Scenario) -> list[float]:
    """Share of the treated in service in their a-th period, a = 0 … D−1, then who complete."""
    attrition, cumulative = scenario.program.attrition, hazards(scenario)
    if attrition is None:
        return [1.0] * len(cumulative)
    eta = attrition.multiplier.mean()
    out = [1.0 - attrition.no_show.mean()]
    for before, after in pairwise(cumulative):
        growth = math.inf if math.isinf(after) else after - before
        if attrition.link == "log":
            kept = math.exp(-eta * growth) if eta > 0.0 else 1.0
        else:
            leave = -math.expm1(-growth)
            kept = (1.0 - leave) / (1.0 - leave + eta * leave) if leave < 1.0 else 0.0
        out.append(out[-1] * kept)
    return out


def expect(scenario: Scenario) -> Expected:
    """Enrollment and service at the means, with targets, places and the intake limit."""
    program, last = scenario.program, duration(scenario)
    share = 1.0 if program.assignment.method == "none" else program.assignment.share.value
    room = math.inf if program.target is None else float(program.target)
    control_room = room * (1.0 - share) / share if share < 1.0 else 0.0
    consenting = program.eligible.mean() * program.consent.mean()
    stay, places = staying(scenario), _places(scenario)
    first, end = window(scenario)
    treated: list[float] = []
    control: list[float] = []
    active: list[float] = []
    waiting = 0.0
    for t, referred in enumerate(referrals(scenario)):
        cohorts = range(max(0, t - last + 1), t)
        carried = sum(treated[c] * stay[t - c] for c in cohorts)
        queue = (waiting if program.service.overflow == "wait" else 0.0) + referred * consenting
        if not first <= t < end or (room <= 1e-9 and control_room <= 1e-9):
            queue = 0.0
        intake = math.inf if program.intake_limit is None else float(program.intake_limit)
        admitted = min(queue, intake, room + control_room)
        free = max(0.0, places[t] - carried)
        n1 = min(admitted * share, free, room)
        short = free < min(admitted * share, room)
        n0 = min(n1 * (1.0 - share) / share if short else admitted - n1, control_room)
        waiting, room, control_room = queue - n1 - n0, room - n1, control_room - n0
        treated.append(n1)
        control.append(n0)
        active.append(carried + n1 * stay[0])
    return Expected(treated, control, active)


def _places(scenario: Scenario) -> list[float]:
    clock, teams = scenario.clock, scenario.program.service.teams
    if teams is None:
        return [math.inf] * clock.periods
    begun = [(grid(clock, m.start), m.teams * m.caseload) for m in teams.values()]
    return [
        float(sum(served for start, served in begun if start <= t)) for t in range(clock.periods)
    ]


def line_cost(scenario: Scenario, cost: Cost, plan: Expected, since: int = 0) -> float:
    """What a cost line comes to at the means, from a grid point on."""
    clock, (_, end) = scenario.clock, window(scenario)
    first = grid(clock, cost.first)
    last = None if cost.last is None else grid(clock, cost.last)
    rises = (1.0 + cost.inflation.value) ** clock.years
    client, each, fixed = (
        0.0 if part is None else part.mean()
        for part in (cost.per_client_period, cost.per_enrollment, cost.per_period)
    )
    total = 0.0
    for t in range(since, clock.periods):
        runs = t < end or plan.active[t] > 1e-9 if last is None else t <= last
        amount = client * plan.active[t] + each * plan.treated[t]
        total += (amount + (fixed if runs and t >= first else 0.0)) * rises**t
    for key, amount_at in cost.at.items():
        when = read_moment(key)
        at = 0 if when is None else grid(clock, when)
        total += amount_at.mean() * rises**at if at >= since else 0.0
    return total * cost.overrun.mean() * scenario.capital.overrun.mean()
