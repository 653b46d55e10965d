"""Paths: the people come, are served and measured; the money follows; what it feeds back.

Some paths are lived side by side. People come first, with nobody stopping them, then the money
over the same people. Where the money of a path stops or expands the program (an empty till, a
trigger), the path waits until enough others do, and they are lived again, from the same
addresses, each with its event known, until nothing new happens. Every event depends on what came
before it alone, so this ends at the path that a period-by-period life would have taken, and a
deal without feedback samples its people once.

The people whom nobody stops do not depend on the money, so deals with the same people need them
lived once: the first deal writes them down (`Kept`), and every further one lives its money over
them. Only where that money stops or expands the program are they lived again, for this deal.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from pfs_sim.kernels._handing import LaidOnce, lay
from pfs_sim.kernels._jit import called, compile_for, inline, lean, once, promise
from pfs_sim.kernels._wide import (
    SHORT,
    TINY,
    anywhere,
    as_wide,
    bits,
    everywhere,
    put_run,
    put_short,
    put_tiny,
    run,
    send,
    short,
    tiny,
    to_number,
    to_whole,
    where,
)
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
from pfs_sim.tables.state import NEVER, Crowd, Drawn, Living
from pfs_sim.tables.wide import ABREAST, LINE, Wide

F8 = npt.NDArray[np.float64]
I8 = npt.NDArray[np.int64]
Words = npt.NDArray[np.uint64]
Flags = npt.NDArray[np.uint8]
Stage = Callable[..., Any]
Stages = tuple[Stage, Stage, Stage, Stage, Stage, Stage]
STAGES = ("program", "outcomes", "money", "collect", "follow", "rates")
"""What paths go through, in this order; `follow` is for the first few of a run."""


class _Plan(NamedTuple):
    people: PeoplePlan
    money: MoneyPlan
    outputs: OutputPlan


class Plan(_Plan, LaidOnce):
    """A deal, compiled."""


class Kept(NamedTuple):
    """The people of paths whom nobody stops, as far as the money and the results read them."""

    parts: I8  # [part, 2] see `pfs_sim.plan.crowd.find_parts`
    people: F8  # [place] number after number of the paths of a block, block after block
    how: Flags  # [block, number] in what size it is kept; no blocks: nobody is kept
    end: I8  # [1] the place after the last one
    known: int  # 1: these people have been lived; 0: they are to be written down


class _Scratch(NamedTuple):
    rng: Rng
    crowd: Crowd  # the people of paths side by side
    living: Living  # where these are lived
    ledger: Ledger  # their money
    flows: Flows  # their results
    paths: Words  # [1, path] the same memory as arrays above, as plain numbers: which paths,
    inputs: F8  # [column, path] their inputs,
    known: F8  # [4, path] the events that their people know,
    seen: F8  # [number, path] the people,
    events: F8  # [4, path] the events that the money has found,
    row: F8  # [column, path] the results,
    course: F8  # [4, t+1, path] the course by grid point
    places: I8  # [path] which rows of a chunk they are
    turns: I8  # [path] how often each has been lived before
    waiting: F8  # [i, 6] paths to be lived again: row, events [4], how often it was lived


class Scratch(_Scratch, LaidOnce):
    """What a thread lives paths in."""


MOST_WAITING = 3 * ABREAST
_NOWHERE = np.zeros(1, np.int64)
NOBODY_KEPT = Kept(np.empty((0, 2), np.int64), np.empty(0), np.empty((0, 0), np.uint8), _NOWHERE, 0)
_SMALL, _LEAST = 65536.0, 256.0
"""Whole numbers below these take two bytes, and one."""
_LONG, _SHORT, _TINY, _NOTHING = range(4)
"""How a number of the paths of a block is kept: in eight bytes, two, one, or none where it is 0."""
_MOST_KNOWN = 64
_MOST_TURNS = 64
"""A path in which something new happens this often is left as it is."""


def live(
    plan: Plan, scratch: Scratch, row: F8, path: int, true_mode: int, given: F8
) -> F8:
    """Live one path, alone; returns its results that are asked for [i].

    Afterwards the first lane of `scratch.crowd` and of `scratch.ledger` holds it.
    """
    out = np.empty((plan.outputs.written.size, 1))
    certain = Drawn(row, np.empty(0, np.int64), np.empty((0, 1)))
    live_paths(plan, scratch, certain, path, true_mode, given, out, np.empty((0, 0, 0)))
    found: F8 = out[:, 0]
    return found


def live_paths(
    plan: Plan,
    scratch: Scratch,
    drawn: Drawn,
    first: int,
    true_mode: int,
    given: F8,
    out: F8,
    fan: F8,
    kept: Kept = NOBODY_KEPT,
    place: int = 0,
) -> None:
    """Live the paths first, first+1, … of some inputs.

    `out[i, path]` gets their results that are asked for, from the path `place` of it on, if it has
    any paths; `fan[path, 4, t+1]` the course of the first few: payments, the investors' net cash,
    costs, treated clients enrolled. People are written down in `kept`, or taken from there.
    """
    stages = _find_stages(plan, scratch, given)
    lined = int((out.ctypes.data | out.strides[0] | out.itemsize * place) % LINE == 0)
    walk(
        *stages, plan.laid, scratch.laid, lay(drawn), first, true_mode, given, out, fan,
        lay(kept), place, lined,
    )  # fmt: skip


_known_stages: dict[Hashable, Stages] = {}
_known_plans: dict[tuple[int, ...], tuple[Plan, Stages]] = {}


def _find_stages(plan: Plan, scratch: Scratch, given: F8) -> Stages:
    """The stages of a plan by address. To find them anew takes as long as a hundred paths."""
    own = (id(plan), given.flags.num)
    met = _known_plans.get(own)
    if met is not None and met[0] is plan:
        return met[1]
    kind = (in_lots(plan.people), _describe(plan), given.flags.num)
    stages = _known_stages.get(kind)
    if stages is None:
        program, outcomes, money, results, course, rates = (
            call_stage(stage, plan, scratch, given) for stage in STAGES
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
    stage: str, plan: Plan, scratch: Scratch, given: F8, hand: Callable[..., Any] = called
) -> Stage:
    """One of `STAGES` by address, compiled for arrays like these."""
    rng, crowd, living, ledger = scratch.rng, scratch.crowd, scratch.living, scratch.ledger
    happen = lots_stage if in_lots(plan.people) else outcomes_stage
    flows = scratch.flows
    calls: dict[str, tuple[Any, ...]] = {
        "program": (program_stage, plan.people, rng, crowd, living),
        "outcomes": (happen, plan.people, rng, crowd, living),
        "money": (money_stage, plan.money, crowd, 0, given, ledger),
        "collect": (collect_stage, plan.outputs, crowd, ledger, flows),
        "follow": (follow_stage, plan.outputs, crowd, ledger, flows),
        "rates": (rates_stage, plan.outputs, flows, 0),
    }
    found: Stage = hand(*calls[stage])
    return found


def compile_walk(plan: Plan, scratch: Scratch, given: F8) -> None:
    """Compile what leads paths through their stages, for arrays like these, without the stages."""
    promised = [call_stage(stage, plan, scratch, given, promise) for stage in STAGES]
    out, fan = np.empty((0, 0)), np.empty((0, 0, 0))
    drawn = Drawn(np.empty(0), np.empty(0, np.int64), out)
    compile_for(
        walk, *promised, plan.laid, scratch.laid, lay(drawn), 0, 0, given, out, fan,
        lay(NOBODY_KEPT), 0, 0,
    )  # fmt: skip


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
    drawn: Drawn,
    first: int,
    true_mode: int,
    given: F8,
    out: F8,
    fan: F8,
    kept: Kept,
    place: int,
    lined: int,
) -> None:
    """Walk through the stages of all paths until nothing new happens: see `live_paths`.

    All tuples come by their addresses. Without reference counts: those of a hundred arrays handed
    on took a third of a path's time.
    """
    of_people, of_money, of_results = plan.people, plan.money, plan.outputs
    rng, living, flows = scratch.rng, scratch.living, scratch.flows
    crowd, ledger = scratch.crowd, scratch.ledger
    places, turns, waiting = scratch.places, scratch.turns, scratch.waiting
    row, seen, inputs = as_wide(scratch.row), as_wide(scratch.seen), as_wide(scratch.inputs)
    filled, written = living.cohort.filled, of_results.written
    at, start, wait, paths = 0, 0, 0, drawn.values.shape[1]
    for column in range(drawn.shared.size):
        inputs[column] = drawn.shared[column]
    while start < paths or wait > 0:
        again = wait >= ABREAST or start == paths
        block, count = start // ABREAST, min(ABREAST, wait if again else paths - start)
        if again:
            wait -= count
            _wake(waiting, wait, count, scratch.known, places, turns)
        else:
            _begin(start, count, scratch.known, places, turns)
            start += count
        for lane in range(ABREAST):
            scratch.paths[0, lane] = np.uint64(first + places[lane])
        together = count == ABREAST and not again
        for i in range(drawn.columns.size):
            here, column = drawn.values[i], drawn.columns[i]
            if together:
                inputs[column] = run(here, start - ABREAST)
            else:
                for lane in range(ABREAST):
                    scratch.inputs[column, lane] = here[places[lane]]
        if kept.known and not again:
            at = _take(kept, block, at, seen)
            for i in range(filled.size):
                filled[i] = 1  # exits, too, are brought back
        else:
            live_program(of_people, rng, crowd, living)
            live_outcomes(of_people, rng, crowd, living)
            if block < kept.how.shape[0] and not again:
                at = _keep(kept, block, at, seen)
                kept.end[0] = at
        live_money(of_money, crowd, true_mode, given, ledger)
        for lane in range(count):
            wait += _wait(scratch.known, scratch.events, places, turns, lane, waiting[wait])
        if out.shape[1] > 0:
            collect(of_results, crowd, ledger, flows)
            find_rates(of_results, flows, count)
            if together and lined == 1:
                for i in range(out.shape[0]):
                    send(out, i, place + start - ABREAST, row[written[i]])
            elif together:
                for i in range(out.shape[0]):
                    put_run(out[i], place + start - ABREAST, row[written[i]])
            else:
                for i in range(out.shape[0]):
                    found, to = scratch.row[written[i]], out[i]
                    for lane in range(count):
                        to[place + places[lane]] = found[lane]
        if _has_shown(count, places, fan.shape[0]):
            follow(of_results, crowd, ledger, flows)
            _show(scratch.course, count, places, fan)


@inline
def _begin(start: int, count: int, known: F8, places: I8, turns: I8) -> None:
    """Some paths to be lived: nothing has happened to them yet. The last fills what is left."""
    for lane in range(ABREAST):
        places[lane], turns[lane] = start + min(lane, count - 1), 1
        known[0, lane], known[1, lane], known[2, lane], known[3, lane] = NEVER, 0, NEVER, -1


@inline
def _wake(waiting: F8, first: int, count: int, known: F8, places: I8, turns: I8) -> None:
    """Some paths to be lived again, with what happens to them."""
    for lane in range(ABREAST):
        found = waiting[first + min(lane, count - 1)]
        places[lane], turns[lane] = int(found[0]), int(found[5])
        for i in range(4):
            known[i, lane] = found[1 + i]


@inline
def _wait(known: F8, events: F8, places: I8, turns: I8, lane: int, to: F8) -> int:
    """Let a path wait to be lived again, if something new happened to it (1, else 0)."""
    old = events[0, lane] == known[0, lane] and events[2, lane] == known[2, lane]
    if old or turns[lane] == _MOST_TURNS:
        return 0
    to[0], to[5] = places[lane], turns[lane] + 1
    for i in range(4):
        to[1 + i] = events[i, lane]
    return 1


@inline
def _has_shown(count: int, places: I8, first: int) -> bool:
    """Whether any of some paths is among the first few."""
    least = places[0]
    for lane in range(1, count):
        least = min(least, places[lane])
    return bool(least < first)


@inline
def _show(course: F8, count: int, places: I8, fan: F8) -> None:
    """Keep the course of those that are among the first few."""
    for lane in range(count):
        if places[lane] < fan.shape[0]:
            for i in range(fan.shape[1]):
                for t in range(fan.shape[2]):
                    fan[places[lane], i, t] = course[i, t, lane]


@once
def _keep(kept: Kept, block: int, at: int, seen: Wide) -> int:
    """Write down the people of paths side by side from a place on; returns where they end.

    Most of what is counted are whole numbers that take an eighth of their place, or none.
    """
    numbers, here = 0, kept.people
    for n in range(kept.parts.shape[0]):
        for i in range(kept.parts[n, 0], kept.parts[n, 1]):
            number = seen[i]
            whole = to_whole(where((number >= 0.0) & (number < _SMALL), number, 0.0))
            if not everywhere(bits(to_number(whole)) == bits(number)):
                kept.how[block, numbers] = _LONG
                put_run(here, at, number)
                at += ABREAST
            elif anywhere(number >= _LEAST):
                kept.how[block, numbers] = _SHORT
                put_short(here, at, whole)
                at += SHORT
            elif anywhere(number > 0.0):
                kept.how[block, numbers] = _TINY
                put_tiny(here, at, whole)
                at += TINY
            else:
                kept.how[block, numbers] = _NOTHING
            numbers += 1
    return at


@once
def _take(kept: Kept, block: int, at: int, seen: Wide) -> int:
    """Bring back the people of paths side by side from a place; returns where they end."""
    numbers, here = 0, kept.people
    for n in range(kept.parts.shape[0]):
        for i in range(kept.parts[n, 0], kept.parts[n, 1]):
            how = kept.how[block, numbers]
            if how == _TINY:
                seen[i] = tiny(here, at)
                at += TINY
            elif how == _NOTHING:
                seen[i] = 0.0
            elif how == _SHORT:
                seen[i] = short(here, at)
                at += SHORT
            else:
                seen[i] = run(here, at)
                at += ABREAST
            numbers += 1
    return at
