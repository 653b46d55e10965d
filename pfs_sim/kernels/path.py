"""Paths: the people come, are served and measured; the money follows; what it feeds back.

People are lived first, path by path, with nobody stopping them; then the money of some paths side
by side, over the same people. Where the money of a path stops or expands the program (an empty
till, a trigger), its people are lived again from the same addresses with that event known, and
the money with it, until nothing new happens. Every event depends on what came before it alone, so
this ends at the path that a period-by-period life would have taken, and a deal without feedback
samples its people once.

The people whom nobody stops do not depend on the money, so deals with the same people need them
lived once: the first deal writes them down (`Kept`), and every further one lives its money over
them. Only where that money stops or expands the program are they lived again, for this deal.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from pfs_sim.kernels._handing import by
from pfs_sim.kernels._jit import called, compile_for, inline, lean, promise
from pfs_sim.kernels.random import Rng
from pfs_sim.kernels.stages import (
    collect_stage,
    follow_stage,
    lots_stage,
    money_stage,
    outcomes_stage,
    program_stage,
    rates_stage,
)
from pfs_sim.tables.ledger import Ledger
from pfs_sim.tables.money import MoneyPlan
from pfs_sim.tables.outputs import Flows, OutputPlan
from pfs_sim.tables.people import How, PeoplePlan
from pfs_sim.tables.state import NEVER, Crowd, People
from pfs_sim.tables.wide import ABREAST

F8 = npt.NDArray[np.float64]
I8 = npt.NDArray[np.int64]
Stage = Callable[..., Any]
Stages = tuple[Stage, Stage, Stage, Stage, Stage, Stage]
STAGES = ("program", "outcomes", "money", "collect", "follow", "rates")
"""What paths go through, in this order; `follow` is for the first few of a run."""


class Plan(NamedTuple):
    """A deal, compiled."""

    people: PeoplePlan
    money: MoneyPlan
    outputs: OutputPlan


class Kept(NamedTuple):
    """The people of paths whom nobody stops, as far as the money and the results read them."""

    parts: I8  # [part, 5] see `pfs_sim.plan.crowd.find_parts`
    people: F8  # [block, number, path] ABREAST paths a block; no blocks: they are not kept
    known: int  # 1: these people have been lived; 0: they are to be written down


class Scratch(NamedTuple):
    """What a thread lives paths in."""

    rng: Rng
    people: People  # of one path
    crowd: Crowd  # of paths side by side, what the money and the results read
    ledger: Ledger  # their money
    flows: Flows  # their results
    parts: I8  # [part, 5] what of the people goes where in `seen`,
    parts_if_true: I8  # and what where measures have their true values
    seen: F8  # [number, path] the same memory as arrays above, as plain numbers: the crowd,
    inputs: F8  # [column, path] its inputs,
    known: F8  # [4, path] the events that it knows,
    events: F8  # [4, path] those that the money has found,
    row: F8  # [column, path] the results,
    course: F8  # [4, t+1, path] the course by grid point


NOBODY_KEPT = Kept(np.empty((0, 5), dtype=np.int64), np.empty((0, 0, 0)), 0)
_MOST_KNOWN = 64


def live(
    plan: Plan, scratch: Scratch, row: F8, path: int, true_mode: int, given: F8
) -> F8:
    """Live one path, alone; returns its results [column].

    Afterwards `scratch.people` holds it, and the first lane of `scratch.ledger`.
    """
    out = np.empty((scratch.row.shape[0], 1))
    live_paths(
        plan, scratch, row.reshape(1, -1), path, true_mode, given, out, np.empty((0, 0, 0))
    )
    found: F8 = out[:, 0]
    return found


def live_paths(
    plan: Plan,
    scratch: Scratch,
    rows: F8,
    first: int,
    true_mode: int,
    given: F8,
    out: F8,
    fan: F8,
    kept: Kept = NOBODY_KEPT,
    place: int = 0,
) -> None:
    """Live the paths first, first+1, … whose inputs are `rows[path, column]`.

    `out[column, path]` gets their results, from the path `place` of it on, if it has any paths;
    `fan[path, 4, t+1]` the course of the first few: payments, the investors' net cash, costs,
    treated clients enrolled. People are written down in `kept`, or taken from there.
    """
    stages = _find_stages(plan, scratch, rows, given)
    walk(*stages, plan, scratch, rows, first, true_mode, given, out, fan, kept, place)


_known_stages: dict[Hashable, Stages] = {}
_known_plans: dict[tuple[int, ...], tuple[Plan, Stages]] = {}


def _find_stages(plan: Plan, scratch: Scratch, rows: F8, given: F8) -> Stages:
    """The stages of a plan by address. To find them anew takes as long as a hundred paths."""
    own = (id(plan), rows.flags.num, given.flags.num)
    met = _known_plans.get(own)
    if met is not None and met[0] is plan:
        return met[1]
    kind = (in_lots(plan.people), _describe(plan), rows.flags.num, given.flags.num)
    stages = _known_stages.get(kind)
    if stages is None:
        program, outcomes, money, results, course, rates = (
            call_stage(stage, plan, scratch, rows[0], given) for stage in STAGES
        )
        stages = program, outcomes, money, results, course, rates
        _known_stages[kind] = stages
    if len(_known_plans) >= _MOST_KNOWN:
        _known_plans.clear()
    _known_plans[own] = (plan, stages)
    return stages


def in_lots(plan: PeoplePlan) -> bool:
    """Whether all outcomes are lived lot by lot: others need kernels of their own."""
    return bool((plan.families.how == How.MERGED).all())


def _describe(found: Any) -> Hashable:
    """All that the compiler asks of a plan: what kind of array stands where."""
    if isinstance(found, tuple):
        return tuple(_describe(part) for part in found)
    if isinstance(found, np.ndarray):
        return found.dtype, found.ndim, found.flags.num
    return type(found).__name__


def call_stage(
    stage: str, plan: Plan, scratch: Scratch, row: F8, given: F8, hand: Callable[..., Any] = called
) -> Stage:
    """One of `STAGES` by address, compiled for arrays like these."""
    rng, people, crowd, ledger = scratch.rng, scratch.people, scratch.crowd, scratch.ledger
    happen = lots_stage if in_lots(plan.people) else outcomes_stage
    flows, table = scratch.flows, np.empty((0, 0))
    calls: dict[str, tuple[Any, ...]] = {
        "program": (program_stage, plan.people, rng, row, 0, 0, 0, people),
        "outcomes": (happen, plan.people, rng, row, 0, 0, people),
        "money": (money_stage, plan.money, rng, 0, crowd, 0, given, ledger),
        "collect": (collect_stage, plan.outputs, crowd, ledger, flows),
        "follow": (follow_stage, plan.outputs, crowd, ledger, flows),
        "rates": (rates_stage, plan.outputs, flows, 0, 0, table),
    }
    found: Stage = hand(*calls[stage])
    return found


def compile_walk(plan: Plan, scratch: Scratch, rows: F8, given: F8) -> None:
    """Compile what leads paths through their stages, for arrays like these, without the stages."""
    promised = [call_stage(stage, plan, scratch, rows[0], given, promise) for stage in STAGES]
    out, fan = np.empty((0, 0)), np.empty((0, 0, 0))
    compile_for(walk, *promised, plan, scratch, rows, 0, 0, given, out, fan, NOBODY_KEPT, 0)


@lean
def walk(
    live_program: Stage,
    live_outcomes: Stage,
    live_money: Stage,
    collect: Stage,
    follow: Stage,
    find_rates: Stage,
    plan: Plan,
    scratch: Scratch,
    rows: F8,
    first: int,
    true_mode: int,
    given: F8,
    out: F8,
    fan: F8,
    kept: Kept,
    place: int,
) -> None:
    """Walk through the stages of all paths until nothing new happens: see `live_paths`.

    Without reference counts: those of a hundred arrays handed on took 6 of a path's 18 µs.
    """
    of_people, of_money, of_results = by(plan.people), by(plan.money), by(plan.outputs)
    rng, living, flows = by(scratch.rng), by(scratch.people), by(scratch.flows)
    crowd, ledger = by(scratch.crowd), by(scratch.ledger)
    program, outcomes = scratch.people.cohort.program, scratch.people.cohort.outcomes
    known, events, seen = scratch.known, scratch.events, scratch.seen
    parts = scratch.parts_if_true if true_mode else scratch.parts
    if kept.people.shape[0] > 0:
        parts = kept.parts
    for start in range(0, rows.shape[0], ABREAST):
        count, block = min(ABREAST, rows.shape[0] - start), start // ABREAST
        _begin(rows, start, count, scratch.inputs, known)
        if kept.known:
            _take(parts, kept.people[block], seen)
        else:
            for lane in range(count):
                row, path = rows[start + lane], first + start + lane
                live_program(of_people, rng, row, path, NEVER, NEVER, living)
                live_outcomes(of_people, rng, row, path, NEVER, living)
                _hand_over(parts, program, outcomes, seen, lane)
            if block < kept.people.shape[0]:
                _keep(parts, seen, kept.people[block])
        for _ in range(64):
            live_money(of_money, rng, first + start, crowd, true_mode, given, ledger)
            news = False
            for lane in range(count):
                if events[0, lane] == known[0, lane] and events[2, lane] == known[2, lane]:
                    continue
                for i in range(4):
                    known[i, lane] = events[i, lane]
                row, path, stop = rows[start + lane], first + start + lane, int(known[0, lane])
                live_program(of_people, rng, row, path, stop, int(known[2, lane]), living)
                live_outcomes(of_people, rng, row, path, stop, living)
                _hand_over(parts, program, outcomes, seen, lane)
                news = True
            if not news:
                break
        if out.shape[1] > 0:
            collect(of_results, crowd, ledger, flows)
            for column in range(out.shape[0]):
                for lane in range(count):
                    out[column, place + start + lane] = scratch.row[column, lane]
            find_rates(of_results, flows, count, place + start, out)
        if start < fan.shape[0]:
            follow(of_results, crowd, ledger, flows)
            for lane in range(min(count, fan.shape[0] - start)):
                for i in range(fan.shape[1]):
                    for t in range(fan.shape[2]):
                        fan[start + lane, i, t] = scratch.course[i, t, lane]


@inline
def _begin(rows: F8, start: int, count: int, inputs: F8, known: F8) -> None:
    """Hand over the inputs of some paths; nothing has happened to them yet."""
    for lane in range(ABREAST):
        row = rows[start + min(lane, count - 1)]
        for column in range(row.size):
            inputs[column, lane] = row[column]
        known[0, lane], known[1, lane], known[2, lane], known[3, lane] = NEVER, 0, NEVER, -1


@inline
def _hand_over(parts: I8, program: F8, outcomes: F8, seen: F8, lane: int) -> None:
    """Hand over the people of a path to those side by side."""
    for n in range(parts.shape[0]):
        first, end, to, size = parts[n, 1], parts[n, 2], parts[n, 3], parts[n, 4]
        book = program[first:end] if parts[n, 0] == 0 else outcomes[first:end]
        place = seen[to : to + size]
        if size < book.size:
            total = 0.0
            for i in range(book.size):
                total += book[i]
            place[0, lane] = total
        else:
            for i in range(book.size):
                place[i, lane] = book[i]


@inline
def _keep(parts: I8, seen: F8, kept: F8) -> None:
    """Write down the people of paths side by side."""
    at = 0
    for n in range(parts.shape[0]):
        to, size = parts[n, 3], parts[n, 4]
        _copy(seen[to : to + size], kept[at : at + size])
        at += size


@inline
def _take(parts: I8, kept: F8, seen: F8) -> None:
    """Bring back the people of paths side by side."""
    at = 0
    for n in range(parts.shape[0]):
        to, size = parts[n, 3], parts[n, 4]
        _copy(kept[at : at + size], seen[to : to + size])
        at += size


@inline
def _copy(source: F8, target: F8) -> None:
    """Numbers of paths side by side, of the same size."""
    for i in range(source.shape[0]):
        for lane in range(ABREAST):
            target[i, lane] = source[i, lane]
