"""The stages of a path, as they are called: by address, with their tables handed on by theirs.

Each is compiled for itself, so that two processes can share the work and a caller is not compiled
with all of them. All of them live paths side by side.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from pfs_sim.kernels import cohorts, outcomes
from pfs_sim.kernels import collect as results
from pfs_sim.kernels._handing import at
from pfs_sim.kernels._jit import stage
from pfs_sim.kernels.money import live_money
from pfs_sim.kernels.program import live_program
from pfs_sim.kernels.random import Rng
from pfs_sim.tables.ledger import Ledger
from pfs_sim.tables.money import MoneyPlan
from pfs_sim.tables.outputs import Flows, OutputPlan
from pfs_sim.tables.people import PeoplePlan
from pfs_sim.tables.state import Crowd, Living

F8 = npt.NDArray[np.float64]


@stage
def program_stage(plan: PeoplePlan, rng: Rng, crowd: Crowd, living: Living) -> None:
    """Who comes, stays and leaves."""
    live_program(at(plan), at(rng), at(crowd), at(living))


@stage
def lots_stage(plan: PeoplePlan, rng: Rng, crowd: Crowd, living: Living) -> None:
    """What happens to them, where all outcomes are lived lot by lot."""
    outcomes.live_outcomes(at(plan), at(rng), at(crowd), at(living))


@stage
def outcomes_stage(plan: PeoplePlan, rng: Rng, crowd: Crowd, living: Living) -> None:
    """What happens to them in any deal."""
    cohorts.live_all_outcomes(at(plan), at(rng), at(crowd), at(living))


@stage
def money_stage(
    plan: MoneyPlan, crowd: Crowd, true_mode: int, given: F8, ledger: Ledger
) -> None:
    """Who pays whom."""
    live_money(at(plan), at(crowd), true_mode, given, at(ledger))


@stage
def collect_stage(plan: OutputPlan, crowd: Crowd, ledger: Ledger, flows: Flows) -> None:
    """What is kept of them."""
    results.collect(at(plan), at(crowd), at(ledger), at(flows))


@stage
def follow_stage(plan: OutputPlan, crowd: Crowd, ledger: Ledger, flows: Flows) -> None:
    """Their course by grid point."""
    results.follow(at(plan), at(crowd), at(ledger), at(flows))


@stage
def rates_stage(plan: OutputPlan, flows: Flows, paths: int) -> None:
    """Their IRRs."""
    results.find_rates(at(plan), at(flows), paths)
