"""A path: the people come, are served and measured; the money follows; what it feeds back.

People are lived first, with nobody stopping them, then the money over the same people. Where the
money stops or expands the program (an empty till, a trigger), the people are lived again from the
same addresses with that event known, and the money with it, until nothing new happens. Every
event depends on what came before it alone, so this ends at the path that a period-by-period life
would have taken, and a deal without feedback samples its people once.

The people whom nobody stops do not depend on the money, so deals with the same people need them
lived once: the first deal writes them down (`Kept`), and every further one lives its money over
them. Only where that money stops or expands the program are they lived again, for this deal.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from pfs_sim.kernels._handing import by
from pfs_sim.kernels._jit import called, compile_for, inline, lean, promise
from pfs_sim.kernels.quick_irr import LANES
from pfs_sim.kernels.random import Rng
from pfs_sim.kernels.stages import (
    collect_stage,
    lots_stage,
    money_stage,
    outcomes_stage,
    program_stage,
    rates_stage,
)
from pfs_sim.tables.money import MoneyPlan
from pfs_sim.tables.outputs import Flows, OutputPlan
from pfs_sim.tables.people import How, PeoplePlan
from pfs_sim.tables.state import NEVER, TREATED, Cash, People

F8 = npt.NDArray[np.float64]
I8 = npt.NDArray[np.int64]
Stage = Callable[..., Any]
Stages = tuple[Stage, Stage, Stage, Stage, Stage]
STAGES = ("program", "outcomes", "money", "collect", "rates")
"""What a path goes through, in this order."""


class Plan(NamedTuple):
    """A deal, compiled."""

    people: PeoplePlan
    money: MoneyPlan
    outputs: OutputPlan


class Kept(NamedTuple):
    """The people of paths whom nobody stops, as far as the money and the results read them."""

    parts: I8  # [part, 3] book (0 program, 1 outcomes), where in it the part begins and ends
    people: F8  # [path, number]; no paths: the people are not kept
    known: int  # 1: these people have been lived; 0: they are to be written down


class Scratch(NamedTuple):
    """What a thread lives paths in."""

    rng: Rng
    people: People
    cash: Cash
    imposed: I8  # [4] events known to the people
    flows: Flows


NOBODY_KEPT = Kept(np.empty((0, 3), dtype=np.int64), np.empty((0, 0)), 0)
READ = (
    "referred", "eligible", "waiting", "turned_away", "enrolled", "enrolled_type", "active",
    "active_type", "completed", "left", "n", "y", "person", "true_n", "true_y", "true_y0",
)  # fmt: skip
"""What the money and the results of every deal read of its people."""
READ_BY_TYPE = ("exits",)
"""What they also read where a measure counts who of a type completed or left, or savings begin
where treatment ends."""
READ_IF_TRUE = ("e", "e0")
"""What they also read where measures are replaced by their true values."""
_MOST_KNOWN = 64


def find_parts(people: People, fields: Iterable[str]) -> I8:
    """Where the named arrays lie in the books of the people: `Kept.parts`, neighbors joined."""
    books = (people.cohort.program, people.cohort.outcomes)
    found: list[list[int]] = []
    for field in fields:
        array = getattr(people, field)
        for number, book in enumerate(books):
            first = (array.ctypes.data - book.ctypes.data) // book.itemsize
            if array.size and 0 <= first < book.size:
                found.append([number, first, first + array.size])
    joined: list[list[int]] = []
    for part in sorted(found):
        if joined and joined[-1][0] == part[0] and joined[-1][2] >= part[1]:
            joined[-1][2] = max(joined[-1][2], part[2])
        else:
            joined.append(part)
    return np.array(joined, dtype=np.int64).reshape(-1, 3)


def live(
    plan: Plan, scratch: Scratch, row: F8, path: int, true_mode: int, given: F8
) -> None:
    """Live one path; afterwards `scratch.people` and `scratch.cash` hold it."""
    live_paths(
        plan, scratch, row.reshape(1, -1), path, true_mode, given, np.empty((0, 0)),
        np.empty((0, 0, 0)),
    )


def collect_path(plan: Plan, scratch: Scratch, row: F8, out: F8) -> None:
    """Write the results of the path that lies in the scratch into `out`."""
    nothing = np.empty((0, 0))
    results = call_stage("collect", plan, scratch, row, nothing)
    rates = call_stage("rates", plan, scratch, row, nothing)
    collect_one(results, rates, plan, scratch, row, out.reshape(1, -1))


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
) -> None:
    """Live the paths first, first+1, … whose inputs are `rows[path, column]`.

    `out[path, column]` gets a row a path; `fan[path, 4, t+1]` the course of the first few:
    payments, the investors' net cash, costs, treated clients enrolled. Fewer rows of either hold
    fewer of the paths. People are written down in `kept`, or taken from there.
    """
    stages = _find_stages(plan, scratch, rows, given)
    walk(*stages, plan, scratch, rows, first, true_mode, given, out, fan, kept)


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
        program, outcomes, money, results, rates = (
            call_stage(stage, plan, scratch, rows[0], given) for stage in STAGES
        )
        stages = _known_stages[kind] = program, outcomes, money, results, rates
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
    rng, people, cash, known = scratch.rng, scratch.people, scratch.cash, scratch.imposed
    happen = lots_stage if in_lots(plan.people) else outcomes_stage
    line, table = np.empty(0), np.empty((0, 0))
    calls: dict[str, tuple[Any, ...]] = {
        "program": (program_stage, plan.people, rng, row, 0, 0, 0, people),
        "outcomes": (happen, plan.people, rng, row, 0, 0, people),
        "money": (money_stage, plan.money, rng, row, 0, people, 0, given, known, cash),
        "collect": (collect_stage, plan.outputs, row, people, cash, scratch.flows, 0, line),
        "rates": (rates_stage, plan.outputs, scratch.flows, 0, 0, table),
    }
    found: Stage = hand(*calls[stage])
    return found


def compile_walk(plan: Plan, scratch: Scratch, rows: F8, given: F8) -> None:
    """Compile what leads a path through its stages, for arrays like these, without the stages."""
    promised = [call_stage(stage, plan, scratch, rows[0], given, promise) for stage in STAGES]
    out, fan = np.empty((0, 0)), np.empty((0, 0, 0))
    compile_for(walk, *promised, plan, scratch, rows, 0, 0, given, out, fan, NOBODY_KEPT)


@lean
def walk(
    live_program: Stage,
    live_outcomes: Stage,
    live_money: Stage,
    collect: Stage,
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
) -> None:
    """Walk through the stages of each path until nothing new happens: see `live_paths`.

    Without reference counts: those of a hundred arrays handed on took 6 of a path's 18 µs.
    """
    known, people, waiting = scratch.imposed, scratch.people, 0
    of_people, of_money, of_results = by(plan.people), by(plan.money), by(plan.outputs)
    rng, living, cash, flows = by(scratch.rng), by(people), by(scratch.cash), by(scratch.flows)
    for p in range(rows.shape[0]):
        path, row = first + p, rows[p]
        known[0], known[1], known[2], known[3] = NEVER, 0, NEVER, -1
        for turn in range(64):
            if turn == 0 and kept.known:
                _take(kept.parts, kept.people[p], people.cohort.program, people.cohort.outcomes)
            else:
                live_program(of_people, rng, row, path, known[0], known[2], living)
                live_outcomes(of_people, rng, row, path, known[0], living)
                if turn == 0 and p < kept.people.shape[0]:
                    _keep(
                        kept.parts, people.cohort.program, people.cohort.outcomes, kept.people[p]
                    )
            live_money(of_money, rng, row, path, living, true_mode, given, known, cash)
            events = scratch.cash.events
            if events[0] == known[0] and events[2] == known[2]:
                break
            for i in range(4):
                known[i] = events[i]
        if p < out.shape[0]:
            collect(of_results, row, living, cash, flows, waiting, out[p])
            waiting += 1
            if waiting == LANES or p + 1 == min(rows.shape[0], out.shape[0]):
                find_rates(of_results, flows, waiting, p + 1 - waiting, out)
                waiting = 0
        if p < fan.shape[0]:
            _course(plan.outputs, people, scratch.cash, fan[p])


@lean
def collect_one(
    collect: Stage, find_rates: Stage, plan: Plan, scratch: Scratch, row: F8, out: F8
) -> None:
    """Write the results of one path, out[0, column]."""
    flows, results = by(scratch.flows), by(plan.outputs)
    collect(results, row, by(scratch.people), by(scratch.cash), flows, 0, out[0])
    find_rates(results, flows, 1, 0, out)


@lean
def _keep(parts: I8, program: F8, outcomes: F8, kept: F8) -> None:
    """Write down the people of a path."""
    at = 0
    for n in range(parts.shape[0]):
        first, end = parts[n, 1], parts[n, 2]
        book = program[first:end] if parts[n, 0] == 0 else outcomes[first:end]
        _copy(book, kept[at : at + end - first])
        at += end - first


@lean
def _take(parts: I8, kept: F8, program: F8, outcomes: F8) -> None:
    """Bring back the people of a path."""
    at = 0
    for n in range(parts.shape[0]):
        first, end = parts[n, 1], parts[n, 2]
        book = program[first:end] if parts[n, 0] == 0 else outcomes[first:end]
        _copy(kept[at : at + end - first], book)
        at += end - first


@inline
def _copy(source: F8, target: F8) -> None:
    """Of the same size. Counted from 0, or each index would be looked at for its sign."""
    for i in range(source.size):
        target[i] = source[i]


@lean
def _course(plan: OutputPlan, people: People, cash: Cash, out: F8) -> None:
    """The course of a path by grid point."""
    out[:] = 0.0
    for t in range(out.shape[1]):
        for j in range(cash.paid.shape[0]):
            out[0, t] += cash.paid[j, t]
        for i in range(cash.flow.shape[0]):
            if plan.invests[i]:
                out[1, t] += cash.flow[i, t]
        for u in range(cash.uses.shape[0] - 1):
            out[2, t] += cash.uses[u, t]
        if t < people.enrolled.shape[1]:
            out[3, t] = people.enrolled[TREATED, t]
