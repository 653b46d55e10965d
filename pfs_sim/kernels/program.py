"""What happens in the program: refer, admit, assign, serve, leave (model §4, §5).

People of one period, arm and type are a cohort, thinned by exact binomials. Everybody who is in
service in period t is counted before period t admits anyone, so places are known as they free up.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from pfs_sim.kernels._jit import forced, inline, once
from pfs_sim.kernels.arrivals import arrive
from pfs_sim.kernels.counts import binomial
from pfs_sim.kernels.lanes import answer, ask
from pfs_sim.kernels.placing import TYPES, place
from pfs_sim.kernels.random import (
    ONE,
    TWO,
    ZERO,
    Rng,
    add_made,
    fill_blocks,
    open_made,
    uniform,
)
from pfs_sim.kernels.spreading import edge_of
from pfs_sim.kernels.thinning import address
from pfs_sim.tables.people import Hazard, Method, PeoplePlan, Records
from pfs_sim.tables.state import CONTROL, TREATED, Cohort, People

F8 = npt.NDArray[np.float64]
Words = npt.NDArray[np.uint64]

NOBODY_LEFT = 1e-9
"""Room smaller than this is rounding: expectations are fractions of people."""
EARLY, FULL = 0, 1
"""Rows of Cohort.ends: left early, completed."""
SURELY = 700.0
"""A hazard after which nobody is left in double precision, whatever the odds are multiplied by."""


@once
def live_program(
    plan: PeoplePlan, rng: Rng, row: F8, path: int, stop: int, expand: int, people: People
) -> None:
    """Live the program of one path; `people` then holds who came, stayed and left when.

    `row` holds the path's inputs. From grid point `stop` on nobody enrolls or is served; from
    `expand` on target and window are those of the expansion. Referrals go on after a stop and
    are turned away. No draw depends on either.
    """
    cohort, program = people.cohort, plan.program[0]
    cohort.program[:] = 0.0
    _expect_types(plan.types, cohort.chance[TYPES], cohort.reach[TYPES], cohort.edge[TYPES])
    _expect_leaving(program, plan.types, plan.hazard, row, cohort)
    never = plan.periods.size - 1
    waiting, treated, control, placed, came = 0.0, 0.0, 0.0, 0, 0
    seen, slots = program.block, 0
    end = _refer(program, plan.periods, rng, row, path, expand, people)
    if program.method != Method.NONE and not program.frozen:
        _prepare_assignment(program, path, end, cohort.words)
    for t in range(program.periods + 1):
        if program.limited or t == program.periods:
            place(program, rng, path, placed, came, people.enrolled, cohort)
            _count(program, placed, came, stop, people)
            placed = came
        if t == program.periods:
            break
        bounds = plan.periods[expand if expand <= t else never]
        queue = waiting + people.eligible[t]
        room_treated = max(0.0, bounds.target - treated)
        room_control = max(0.0, bounds.control_target - control)
        room = room_treated + room_control
        if t >= bounds.window_end or t >= stop or room <= NOBODY_LEFT:
            people.turned_away[t] = queue
            waiting = 0.0
            continue
        people.open[t] = 1.0
        come = min(queue, program.intake_limit, room)
        free = max(0.0, plan.periods[t].places - people.active[t])
        if come > 0.0:
            new, others, seen, slots = _assign(
                program, rng, path, t, come, free, room_treated, room_control, seen, slots,
                cohort.words,
            )  # fmt: skip
            treated += new
            control += others
            queue -= new + others
            people.enrolled[CONTROL, t] = others
            people.enrolled[TREATED, t] = new
            came = t + 1
        if program.waits:
            waiting = queue
            people.waiting[t] = waiting
        else:
            people.turned_away[t] = queue


@once
def _count(program: Any, first: int, last: int, stop: int, people: People) -> None:
    """Count the treated of some cohorts, who have been placed: by type, in service, ended."""
    for t in range(first, last):
        if people.enrolled[TREATED, t] <= 0.0:
            continue
        for y in range(program.types):
            n = people.enrolled[TREATED, t]
            if program.types > 1:
                n = people.cohort.split[2 * t + TREATED, y]
            people.enrolled_type[y, t] = n
            if n > 0.0:
                _count_service(
                    people.exits, t, y, program.periods, stop, people.cohort.active,
                    people.cohort.ends,
                )  # fmt: skip


@once
def _count_service(
    exits: F8, t: int, y: int, periods: int, stop: int, active: F8, ends: F8
) -> None:
    """Count who of a treated cohort is in service when, and who is known to have ended when."""
    duration, end = exits.shape[3] - 2, min(periods, stop)
    n = exits[t, TREATED, y, duration + 1]
    if t + duration <= end:
        ends[FULL, t + duration] += n
    elif stop <= periods:
        ends[EARLY, stop] += n
    for a in range(duration - 1, -1, -1):
        gone = exits[t, TREATED, y, 1 + a]
        n += gone
        known = min(t + a + 1, stop)
        if known <= periods:
            ends[EARLY, known] += gone
        if t + a < end:
            active[0, t + a] += n
            active[1 + y, t + a] += n


@once
def _refer(
    program: Any, periods: Records, rng: Rng, row: F8, path: int, expand: int, people: People
) -> int:
    """Referrals of all periods, and those of them who are eligible and consent.

    Returns the period after the last in which people can enroll.
    """
    cohort, last, end = people.cohort, 0, 0
    mean, p = cohort.mean, row[program.eligible] * row[program.consent]
    for t in range(program.periods):
        bounds = periods[expand if expand <= t else program.periods]
        mean[t] = 0.0
        if t < bounds.window_end:
            mean[t], end = periods[t].planned * row[program.volume], t + 1
        if not mean[t] <= 0.0:
            last = t + 1
    if program.frozen:
        for t in range(last):
            people.referred[t] = max(0.0, mean[t])
            people.eligible[t] = people.referred[t] * p
        return end
    key, lanes = program.referrals_key, cohort.lots.lanes
    arrive(
        rng, key, path, program.dispersion, mean[:last], cohort.words, people.referred[:last]
    )
    for t in range(last):
        index, n = address(t, 0, 0), people.referred[t]
        ask(lanes, rng, program.consent_key, index, path, 0, n, p, t, people.eligible)
    answer(lanes, rng, path, people.eligible)
    return end


@once
def _prepare_assignment(program: Any, path: int, end: int, words: Words) -> None:
    """The first random words of the assignment of each period, made together."""
    size, step = 2 * end, address(1, 0, 0)
    fill_blocks(program.assignment_key, ZERO, step, ZERO, path, words[0, :size])
    if _in_turn(program):
        fill_blocks(program.assignment_key, ZERO, step, ONE, path, words[1, :size])


@forced
def _in_turn(program: Any) -> bool:
    """Whether people are assigned one by one."""
    return bool(program.method == Method.BLOCKED or program.limited)


@once
def _assign(
    program: Any,
    rng: Rng,
    path: int,
    t: int,
    come: float,
    free: float,
    room_treated: float,
    room_control: float,
    seen: int,
    slots: int,
    words: Words,
) -> tuple[float, float, int, int]:
    """Divide those who come between the arms: treated, controls, and the state of the block."""
    if program.frozen:
        new, others = _assign_expected(
            program.method, program.share, come, free, room_treated, room_control
        )
        return new, others, seen, slots
    if program.method == Method.NONE:
        return math.floor(min(come, free) + NOBODY_LEFT) * 1.0, 0.0, seen, slots
    index, i = address(t, 0, 0), TWO * np.uint64(t)
    open_made(rng, program.assignment_key, index, path, words[0, i], words[0, i + ONE])
    if _in_turn(program):
        add_made(rng, words[1, i], words[1, i + ONE])
        return _assign_in_turn(
            program, rng, come, free, room_treated, room_control, seen, slots
        )
    new = min(binomial(rng, come, program.share), room_treated)
    others = min(come - new, room_control)
    return come - others, others, seen, slots


@inline
def _assign_expected(
    method: int, share: float, come: float, free: float, room_treated: float, room_control: float
) -> tuple[float, float]:
    """Expected treated and controls; where places bind, controls keep their share of them."""
    if method == Method.NONE:
        return min(come, free), 0.0
    new = min(come * share, room_treated)
    others = min(come - new, room_control)
    new = come - others
    if new > free:
        new = free
        others = min(free * (1.0 - share) / share, room_control)
    return new, others


@once
def _assign_in_turn(
    program: Any,
    rng: Rng,
    come: float,
    free: float,
    room_treated: float,
    room_control: float,
    seen: int,
    slots: int,
) -> tuple[float, float, int, int]:
    """One by one: a coin, or the next place of a permuted block, until treatment is full.

    A full arm sends a person to the other; a block's place is used up all the same, as on a
    list that was drawn beforehand. Whoever would be treated and finds no place ends the
    admission of the period and uses up no place in the block. `seen` people of the running
    block came before, `slots` of its treated are left. A whole block for which there is room
    needs no draw: how many of it are treated is certain.
    """
    blocked = program.method == Method.BLOCKED
    block = float(program.block)
    block_treated = float(program.block_treated)
    new, others = 0.0, 0.0
    come = math.floor(come) * 1.0
    while new + others < come:
        if blocked:
            if seen == program.block:
                seen, slots = 0, program.block_treated
            if seen == 0:
                room = min(free + NOBODY_LEFT, room_treated) - new
                whole = min((come - new - others) / block, room / block_treated)
                if block > block_treated:
                    whole = min(whole, (room_control - others) / (block - block_treated))
                whole = math.floor(whole) * 1.0
                if whole > 0.0:
                    new += whole * block_treated
                    others += whole * (block - block_treated)
                    seen = program.block
                    continue
            drawn = uniform(rng) * (program.block - seen) < slots
        else:
            drawn = uniform(rng) < program.share
        treat = drawn
        if new >= room_treated:
            treat = False
        elif others >= room_control:
            treat = True
        if treat and new + 1.0 > free + NOBODY_LEFT:
            break
        seen += 1
        slots -= 1 if drawn else 0
        new += 1.0 if treat else 0.0
        others += 0.0 if treat else 1.0
    return new, others, seen, slots


@once
def _expect_types(types: Records, chance: F8, reach: F8, edge: Words) -> None:
    """Probabilities of the types."""
    for y in range(types.size - 1):
        chance[y], reach[y] = types[y].given, types[y].reach
        edge[y] = edge_of(reach[y])


@once
def _expect_leaving(
    program: Any, types: Records, hazard: F8, row: F8, cohort: Cohort
) -> None:
    """Probability of leaving in each period of treatment, by arm and type, on this path.

    Controls cannot fail to show up, and drop out where the scenario says so.
    """
    if program.hazard == Hazard.NONE:
        return
    factor, no_show = row[program.multiplier], row[program.no_show]
    for arm in (CONTROL, TREATED):
        if arm == CONTROL and program.control < 0:
            continue
        for y in range(program.types):
            at, here = 1 + arm * program.types + y, factor * types[y].hazard
            chance, reach, edge = cohort.chance[at], cohort.reach[at], cohort.edge[at]
            chance[0] = no_show
            if arm == CONTROL:
                chance[0], here = 0.0, here * row[program.control]
            reach[0], stay = chance[0], 1.0 - chance[0]
            for a in range(program.duration):
                growth = _grow_hazard(program, hazard, row, a)
                p = _probability(growth, here, program.logit)
                chance[a + 1] = p
                reach[a + 1] = reach[a] + stay * p
                stay *= 1.0 - p
            for j in range(program.duration + 1):
                edge[j] = edge_of(reach[j])


@once
def _grow_hazard(program: Any, hazard: F8, row: F8, a: int) -> float:
    """Λ(a+1) − Λ(a)."""
    if program.hazard == Hazard.EXPONENTIAL:
        return float(row[program.hazard_a] * program.years)
    if program.hazard == Hazard.WEIBULL:
        shape, scale = row[program.hazard_a], row[program.hazard_b]
        before, after = a * program.years / scale, (a + 1) * program.years / scale
        return float(after**shape - before**shape)
    return float(hazard[a])


@once
def _probability(growth: float, factor: float, logit: int) -> float:
    """Probability of leaving in a period: the factor on the hazard, or on the odds."""
    if factor <= 0.0 or growth <= 0.0:
        return 0.0
    if not logit:
        return -math.expm1(-factor * growth)
    if growth > SURELY:
        return 1.0
    odds = factor * math.expm1(growth)
    return odds / (1.0 + odds)
