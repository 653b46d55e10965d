"""What happens in the program: refer, admit, assign, serve, leave (model §4, §5).

People of one period, arm and type are a cohort, thinned by exact binomials. Everybody who is in
service in period t is counted before period t admits anyone, so places are known as they free up.
Paths are lived side by side: what differs from path to path is a value of each.
"""

from __future__ import annotations

from typing import Any

from pfs_sim.kernels._jit import inner_apart, once
from pfs_sim.kernels._wide import anywhere, each, greater, lesser, of, replace, where
from pfs_sim.kernels.arrivals import arrive
from pfs_sim.kernels.assigning import NOBODY_LEFT, assign
from pfs_sim.kernels.leaving import expect_leaving
from pfs_sim.kernels.placing import TYPES, place
from pfs_sim.kernels.random import Rng
from pfs_sim.kernels.spreading import first_bits_of
from pfs_sim.kernels.thinning import address
from pfs_sim.kernels.together import ask, settle
from pfs_sim.tables.people import PeoplePlan, Records
from pfs_sim.tables.state import CONTROL, TREATED, Cohort, Crowd, Draws, Living
from pfs_sim.tables.wide import ABREAST, Wide

EARLY, FULL = 0, 1
"""Rows of Cohort.ends: left early, completed."""
_STOP, _EXPAND = 0, 2


@once
def live_program(plan: PeoplePlan, rng: Rng, crowd: Crowd, living: Living) -> None:
    """Live the program of paths side by side; `crowd` then holds who came, stayed and left when.

    `crowd.row` holds the paths' inputs. From grid point `crowd.events[0]` on nobody enrolls or is
    served; from `crowd.events[2]` on target and window are those of the expansion. Referrals go
    on after a stop and are turned away. No draw depends on either.
    """
    program, paths, cohort = plan.program[0], crowd.path[0], living.cohort
    stop, expand = crowd.events[_STOP], crowd.events[_EXPAND]
    _wipe(cohort)
    _expect_types(plan.types, cohort)
    expect_leaving(program, plan.types, plan.hazard, crowd.row, cohort)
    _refer(program, plan.periods, rng, paths, expand, crowd, cohort.mean, living.draws)
    waiting, treated, control = each(0.0), each(0.0), each(0.0)
    seen, slots, served = each(float(program.block)), each(0.0), 0
    for t in range(program.periods):
        target, control_target, window_end = _find_bounds(plan.periods, expand, t)
        queue = waiting + crowd.eligible[t]
        room_treated = greater(0.0, target - treated)
        room_control = greater(0.0, control_target - control)
        room = room_treated + room_control
        opens = (t < window_end) & (t < stop) & ~(room <= NOBODY_LEFT)
        waiting, new, others = each(0.0), each(0.0), each(0.0)
        crowd.open[t] = where(opens, 1.0, 0.0)
        if anywhere(opens):
            come = where(opens, lesser(lesser(queue, program.intake_limit), room), 0.0)
            if anywhere(come > 0.0):
                free = greater(0.0, plan.periods[t].places - crowd.active[t])
                new, others, seen, slots = assign(
                    program, rng, paths, t, come, free, room_treated, room_control, seen, slots
                )
                treated += new
                control += others
                queue -= new + others
            if program.waits:
                waiting = where(opens, queue, 0.0)
                queue = where(opens, 0.0, queue)
        crowd.enrolled[CONTROL, t], crowd.enrolled[TREATED, t] = others, new
        crowd.waiting[t] = waiting
        crowd.turned_away[t] = queue
        # Where places are unlimited nobody's enrollment depends on who is in service.
        if program.limited or t == program.periods - 1:
            _serve(program, rng, paths, served, t + 1, stop, crowd, living)
            served = t + 1
    _add_up(program.periods, crowd)


@once
def _wipe(cohort: Cohort) -> None:
    """Wipe what people are added to; all else that is known of a program is stated anew."""
    for t in range(cohort.active.shape[1]):
        for i in range(cohort.active.shape[0]):
            cohort.active[i, t] = 0.0
    for t in range(cohort.ends.shape[1]):
        cohort.ends[EARLY, t], cohort.ends[FULL, t] = 0.0, 0.0


@once
def _serve(
    program: Any,
    rng: Rng,
    paths: Wide,
    first: int,
    end: int,
    stop: Wide,
    crowd: Crowd,
    living: Living,
) -> None:
    """Let those who enrolled in some periods be served until they leave or complete."""
    cohort = living.cohort
    place(program, rng, paths, first, end, crowd.enrolled, cohort, living.draws)
    for t in range(first, end):
        if anywhere(crowd.enrolled[TREATED, t] > 0.0):
            _count(program, t, stop, crowd, cohort)
        else:
            for y in range(program.types):
                crowd.enrolled_type[y, t] = 0.0


@once
def _find_bounds(periods: Records, expand: Wide, t: int) -> tuple[Wide, Wide, Wide]:
    """Where enrollment ends in period t: the targets of both arms, and the window."""
    record = periods[periods.size - 1]
    target, control = each(record.target), each(record.control_target)
    window_end = each(record.window_end)
    if anywhere(expand <= t):
        return _expand_bounds(periods, expand, t, target, control, window_end)
    return target, control, window_end


@inner_apart
def _expand_bounds(
    periods: Records, expand: Wide, t: int, target: Wide, control: Wide, window_end: Wide
) -> tuple[Wide, Wide, Wide]:
    """The same where some programs were expanded, path by path."""
    for lane in range(ABREAST):
        if of(expand, lane) <= t:
            record = periods[int(of(expand, lane))]
            target = replace(target, lane, record.target)
            control = replace(control, lane, record.control_target)
            window_end = replace(window_end, lane, float(record.window_end))
    return target, control, window_end


@once
def _count(program: Any, t: int, stop: Wide, crowd: Crowd, cohort: Cohort) -> None:
    """Count the treated of a cohort, who have been placed: by type, in service, ended."""
    for y in range(program.types):
        n = crowd.enrolled[TREATED, t]
        if program.types > 1:
            n = cohort.split[2 * t + TREATED, y]
        crowd.enrolled_type[y, t] = n
        if anywhere(n > 0.0):
            _count_service(
                crowd.exits[t, TREATED, y], t, y, program.periods, stop, cohort.active,
                cohort.ends,
            )  # fmt: skip


@once
def _count_service(
    exits: Wide, t: int, y: int, periods: int, stop: Wide, active: Wide, ends: Wide
) -> None:
    """Count who of a treated cohort is in service when, and who is known to have ended when."""
    duration = exits.size - 2
    n = exits[duration + 1]
    _end(FULL, t + duration, n, periods, stop, ends)
    for a in range(duration - 1, -1, -1):
        gone = exits[1 + a]
        n += gone
        _end(EARLY, t + a + 1, gone, periods, stop, ends)
        if t + a < periods:
            serve = where(t + a < stop, n, 0.0)
            active[0, t + a] += serve
            active[1 + y, t + a] += serve


@once
def _end(how: int, known: int, n: Wide, periods: int, stop: Wide, ends: Wide) -> None:
    """Count people who end at grid point `known`, or leave early with a stop before it."""
    if anywhere(stop < known):
        n = _cut_short(n, known, periods, stop, ends)
    if known <= periods:
        ends[how, known] += n


@inner_apart
def _cut_short(n: Wide, known: int, periods: int, stop: Wide, ends: Wide) -> Wide:
    """Count people whom a stop cuts short; returns the others."""
    for lane in range(ABREAST):
        at = of(stop, lane)
        if at < known:
            if at <= periods:
                left = ends[EARLY, int(at)]
                ends[EARLY, int(at)] = replace(left, lane, of(left, lane) + of(n, lane))
            n = replace(n, lane, 0.0)
    return n


@once
def _refer(
    program: Any,
    periods: Records,
    rng: Rng,
    paths: Wide,
    expand: Wide,
    crowd: Crowd,
    mean: Wide,
    draws: Draws,
) -> None:
    """Referrals of all periods, and those of them who are eligible and consent."""
    last, row = 0, crowd.row
    p = row[program.eligible] * row[program.consent]
    for t in range(program.periods):
        _, _, window_end = _find_bounds(periods, expand, t)
        mean[t] = where(t < window_end, periods[t].planned * row[program.volume], 0.0)
        if anywhere(mean[t] > 0.0):
            last = t + 1
    referred = crowd.referred[:last]
    if not program.frozen:
        key = program.referrals_key
        arrive(rng, key, paths, program.dispersion, mean[:last], referred, draws)
    for t in range(last):
        if program.frozen:
            referred[t] = greater(0.0, mean[t])
            crowd.eligible[t] = referred[t] * p
        else:
            key, index = program.consent_key, address(t, 0, 0)
            ask(draws, t, rng, key, index, 0, referred[t], p, 0, paths)
    if not program.frozen:
        settle(draws, rng)
        for t in range(last):
            crowd.eligible[t] = draws.found[t]
    for t in range(last, program.periods):
        crowd.referred[t], crowd.eligible[t] = 0.0, 0.0


@once
def _expect_types(types: Records, cohort: Cohort) -> None:
    """Probabilities of the types: the same on all paths."""
    for y in range(types.size - 1):
        reach = each(types[y].reach)
        cohort.chance[TYPES, y], cohort.reach[TYPES, y] = each(types[y].given), reach
        cohort.edge[TYPES, y] = first_bits_of(reach)


@once
def _add_up(periods: int, crowd: Crowd) -> None:
    """What is read as sums over all grid points: TOTALS, in their order."""
    referred, eligible, turned_away = each(0.0), each(0.0), each(0.0)
    completed, left = crowd.completed[0], crowd.left[0]
    for t in range(periods):
        referred += crowd.referred[t]
        eligible += crowd.eligible[t]
        turned_away += crowd.turned_away[t]
        completed += crowd.completed[t + 1]
        left += crowd.left[t + 1]
    crowd.totals[0], crowd.totals[1], crowd.totals[2] = referred, eligible, turned_away
    crowd.totals[3], crowd.totals[4] = completed, left
