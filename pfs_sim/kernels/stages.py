"""The stages of a path, as they are called: by address, with their tables handed on by theirs.

Each is compiled for itself, so that two processes can share the work and a caller is not compiled
with all of them.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from pfs_sim.kernels import cohorts, outcomes
from pfs_sim.kernels._handing import at
from pfs_sim.kernels._jit import stage
from pfs_sim.kernels.collect import collect, find_rates
from pfs_sim.kernels.money import live_money
from pfs_sim.kernels.program import live_program
from pfs_sim.kernels.random import Rng
from pfs_sim.tables.money import MoneyPlan
from pfs_sim.tables.outputs import Flows, OutputPlan
from pfs_sim.tables.people import PeoplePlan
from pfs_sim.tables.state import Cash, People

F8 = npt.NDArray[np.float64]
I8 = npt.NDArray[np.int64]


@stage
def program_stage(
    plan: PeoplePlan, rng: Rng, row: F8, path: int, stop: int, expand: int, people: People
) -> None:
    """Who comes, stays and leaves."""
    live_program(at(plan), at(rng), row, path, stop, expand, at(people))


@stage
def lots_stage(
    plan: PeoplePlan, rng: Rng, row: F8, path: int, stop: int, people: People
) -> None:
    """What happens to them, where all outcomes are lived lot by lot."""
    outcomes.live_outcomes(at(plan), at(rng), row, path, stop, at(people))


@stage
def outcomes_stage(
    plan: PeoplePlan, rng: Rng, row: F8, path: int, stop: int, people: People
) -> None:
    """What happens to them in any deal."""
    cohorts.live_all_outcomes(at(plan), at(rng), row, path, stop, at(people))


@stage
def money_stage(
    plan: MoneyPlan,
    rng: Rng,
    row: F8,
    path: int,
    people: People,
    true_mode: int,
    given: F8,
    imposed: I8,
    cash: Cash,
) -> None:
    """Who pays whom."""
    live_money(at(plan), at(rng), row, path, at(people), true_mode, given, imposed, at(cash))


@stage
def collect_stage(
    plan: OutputPlan, row: F8, people: People, cash: Cash, flows: Flows, lane: int, out: F8
) -> None:
    """What is kept of it."""
    collect(at(plan), row, at(people), at(cash), at(flows), lane, out)


@stage
def rates_stage(plan: OutputPlan, flows: Flows, paths: int, first: int, out: F8) -> None:
    """The IRRs of some paths."""
    find_rates(at(plan), at(flows), paths, first, out)
