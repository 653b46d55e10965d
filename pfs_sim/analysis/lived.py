"""One path, lived again alone: the same path as in a run with the same seed."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from pfs_sim.errors import InputError
from pfs_sim.model.scenario import Scenario
from pfs_sim.plan.row import SOURCES
from pfs_sim.simulate import Compiled, Deal, compile_scenario, read_given

if TYPE_CHECKING:
    from pfs_sim.tables.state import Cash, People

F8 = npt.NDArray[np.float64]
LAST_PATH = 2**32 - 1


@dataclass(frozen=True)
class Lived:
    """A path and all that happened on it."""

    compiled: Compiled
    path: int
    row: F8
    """[column] the inputs of the path."""
    people: People
    cash: Cash
    values: dict[str, float]
    """What a run keeps of the path, by the name of its column."""

    @property
    def scenario(self) -> Scenario:
        """The deal."""
        return self.compiled.scenario


def live_one(
    deal: Deal,
    path: int = 0,
    seed: int = 1,
    *,
    frozen: Collection[str] = (),
    given: F8 | None = None,
    fixed: Mapping[str, float] | None = None,
) -> Lived:
    """Live one path of a run by its number. InputError for a number that no run can have.

    `frozen`, `given` and `fixed` are those of `simulate`: sources at their means, measured values
    [measure, evaluation], single quantities by dotted path.
    """
    from pfs_sim.kernels.path import live
    from pfs_sim.plan.crowd import read_people
    from pfs_sim.plan.money import read_cash

    if not 0 <= path <= LAST_PATH:
        raise InputError(f"found path {path}; allowed: 0 to {LAST_PATH}")
    compiled = compile_scenario(deal, seed, frozen=frozen, fixed=fixed)
    measured = read_given(compiled.scenario, given)
    scratch, row = compiled.scratch(ledger=True), compiled.inputs.draw(path, 1)[0]
    out = live(compiled.plan, scratch, row, path, 0, measured)
    names = [column.name for column in compiled.columns]
    values = dict(zip(names, out.tolist(), strict=True))
    people, cash = read_people(scratch.crowd), read_cash(scratch.ledger)
    return Lived(compiled, path, row, people, cash, values)


def live_base_case(deal: Deal) -> Lived:
    """The deal at its means: every source of risk frozen, people in fractions.

    It is one imagined course, not the expectation: caps and thresholds make the mean of what
    is paid differ from what is paid at the means.
    """
    return live_one(deal, frozen=SOURCES)
