"""A path: the people come, are served and measured; the money follows; what it feeds back.

People are lived first, with nobody stopping them, then the money over the same people. Where the
money stops or expands the program (an empty till, a trigger), the people are lived again from the
same addresses with that event known, and the money with it, until nothing new happens. Every
event depends on what came before it alone, so this ends at the path that a period-by-period life
would have taken, and a deal without feedback samples its people once.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from pfs_sim.kernels._jit import jit
from pfs_sim.kernels.cohorts import live_all_outcomes as live_outcomes
from pfs_sim.kernels.collect import collect
from pfs_sim.kernels.money import live_money
from pfs_sim.kernels.program import live_program
from pfs_sim.kernels.random import Rng
from pfs_sim.tables.money import MoneyPlan
from pfs_sim.tables.outputs import OutputPlan
from pfs_sim.tables.people import PeoplePlan
from pfs_sim.tables.state import NEVER, TREATED, Cash, People

F8 = npt.NDArray[np.float64]
I8 = npt.NDArray[np.int64]


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


@jit
def live(
    plan: Plan, scratch: Scratch, row: F8, path: int, true_mode: int, given: F8
) -> None:
    """Live one path; afterwards `scratch.people` and `scratch.cash` hold it."""
    known = scratch.imposed
    known[0], known[1], known[2], known[3] = NEVER, 0, NEVER, -1
    for _ in range(64):
        live_program(plan.people, scratch.rng, row, path, known[0], known[2], scratch.people)
        live_outcomes(plan.people, scratch.rng, row, path, known[0], scratch.people)
        live_money(
            plan.money, scratch.rng, row, path, scratch.people, true_mode, given, known,
            scratch.cash,
        )
        events = scratch.cash.events
        if events[0] == known[0] and events[2] == known[2]:
            break
        for i in range(4):
            known[i] = events[i]


@jit
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
    payments, the investors' net cash, costs, treated clients enrolled.
    """
    for p in range(rows.shape[0]):
        live(plan, scratch, rows[p], first + p, true_mode, given)
        collect(plan.outputs, rows[p], scratch.people, scratch.cash, scratch.holder, out[p])
        if p < fan.shape[0]:
            _course(plan.outputs, scratch.people, scratch.cash, fan[p])


@jit
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
