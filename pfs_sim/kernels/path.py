"""A path: the people come, are served and measured; the money follows; what it feeds back.

People are lived first, with nobody stopping them, then the money over the same people. Where the
money stops or expands the program (an empty till, a trigger), the people are lived again from the
same addresses with that event known, and the money with it, until nothing new happens. Every
event depends on what came before it alone, so this ends at the path that a period-by-period life
would have taken, and a deal without feedback samples its people once.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from pfs_sim.kernels._jit import called, jit, lean
from pfs_sim.kernels.cohorts import live_all_outcomes
from pfs_sim.kernels.collect import collect
from pfs_sim.kernels.money import live_money
from pfs_sim.kernels.outcomes import live_outcomes
from pfs_sim.kernels.program import live_program
from pfs_sim.kernels.random import Rng
from pfs_sim.tables.money import MoneyPlan
from pfs_sim.tables.outputs import OutputPlan
from pfs_sim.tables.people import How, PeoplePlan
from pfs_sim.tables.state import NEVER, TREATED, Cash, People

F8 = npt.NDArray[np.float64]
I8 = npt.NDArray[np.int64]
Stage = Callable[..., Any]


class Plan(NamedTuple):
    """A deal, compiled."""

    people: PeoplePlan
    money: MoneyPlan
    outputs: OutputPlan


class Scratch(NamedTuple):
    """What a thread lives paths in."""

    rng: Rng
    people: People
    cash: Cash
    imposed: I8  # [4] events known to the people
    holder: F8  # [4, t+1]


def live(
    plan: Plan, scratch: Scratch, row: F8, path: int, true_mode: int, given: F8
) -> None:
    """Live one path; afterwards `scratch.people` and `scratch.cash` hold it."""
    live_paths(
        plan, scratch, row.reshape(1, -1), path, true_mode, given, np.empty((0, 0)),
        np.empty((0, 0, 0)),
    )


def live_paths(
    plan: Plan,
    scratch: Scratch,
    rows: F8,
    first: int,
    true_mode: int,
    given: F8,
    out: F8,
    fan: F8,
) -> None:
    """Live the paths first, first+1, … whose inputs are `rows[path, column]`.

    `out[path, column]` gets a row a path; `fan[path, 4, t+1]` the course of the first few:
    payments, the investors' net cash, costs, treated clients enrolled. Fewer rows of either hold
    fewer of the paths.
    """
    rng, people, row = scratch.rng, scratch.people, rows[0]
    merged = all(plan.people.families.how == How.MERGED)
    live_people = live_outcomes if merged else live_all_outcomes
    known, cash, line = scratch.imposed, scratch.cash, np.empty(0)
    walk(
        called(live_program, plan.people, rng, row, 0, 0, 0, people),
        called(live_people, plan.people, rng, row, 0, 0, people),
        called(live_money, plan.money, rng, row, 0, people, 0, given, known, cash),
        called(collect, plan.outputs, row, people, cash, scratch.holder, line),
        plan,
        scratch,
        rows,
        first,
        true_mode,
        given,
        out,
        fan,
    )


@jit
def walk(
    live_program: Stage,
    live_outcomes: Stage,
    live_money: Stage,
    collect: Stage,
    plan: Plan,
    scratch: Scratch,
    rows: F8,
    first: int,
    true_mode: int,
    given: F8,
    out: F8,
    fan: F8,
) -> None:
    """Walk through the stages of each path until nothing new happens: see `live_paths`."""
    known, people = scratch.imposed, scratch.people
    for p in range(rows.shape[0]):
        path, row = first + p, rows[p]
        known[0], known[1], known[2], known[3] = NEVER, 0, NEVER, -1
        for _ in range(64):
            live_program(plan.people, scratch.rng, row, path, known[0], known[2], people)
            live_outcomes(plan.people, scratch.rng, row, path, known[0], people)
            live_money(
                plan.money, scratch.rng, row, path, people, true_mode, given, known, scratch.cash
            )
            events = scratch.cash.events
            if events[0] == known[0] and events[2] == known[2]:
                break
            for i in range(4):
                known[i] = events[i]
        if p < out.shape[0]:
            collect(plan.outputs, row, people, scratch.cash, scratch.holder, out[p])
        if p < fan.shape[0]:
            _course(plan.outputs, people, scratch.cash, fan[p])


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
