"""Who of those who enroll is of which type, and when they leave (model §5, §6).

Both are multinomials of cohorts whose probabilities are the path's. Groups of up to 64 people for
each class but the last, and of up to CROWD, are spread person by person, several cohorts side by
side; larger ones are drawn class after class, several crowds side by side.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from pfs_sim.kernels._jit import forced, once
from pfs_sim.kernels.lanes import answer, ask_some
from pfs_sim.kernels.large import CROWD_PIECES, place_large
from pfs_sim.kernels.random import Rng, Word
from pfs_sim.kernels.spreading import plan_spread, spread
from pfs_sim.kernels.thinning import address
from pfs_sim.tables.people import CROWD, Hazard
from pfs_sim.tables.state import CONTROL, TREATED, Cohort

F8 = npt.NDArray[np.float64]

TYPES, LEAVING = 0, 1
"""What people are placed by, in this order."""


@once
def place(
    program: Any, rng: Rng, path: int, first: int, last: int, enrolled: F8, cohort: Cohort
) -> None:
    """Place those who enrolled in periods first to last − 1; fills `exits`, and `split` by type."""
    spreads, crowds = cohort.spreads.size, cohort.crowds.size
    while first < last:
        end = _find_end(program.types, first, last, enrolled, spreads, crowds)
        for turn in range(TYPES if program.types > 1 else LEAVING, LEAVING + 1):
            _place_by(turn, program, rng, path, first, end, enrolled, cohort)
        first = end


@once
def _find_end(types: int, first: int, last: int, enrolled: F8, spreads: int, crowds: int) -> int:
    """The cohort after the last for whose spreads and crowds there is room."""
    for t in range(first, last):
        for arm in (CONTROL, TREATED):
            n = min(enrolled[arm, t], 1e9)
            if types > 1 or n <= CROWD:
                spreads -= min(types + int(n) // 64, CROWD // 64 * types)
            crowds -= types
        if min(spreads, crowds) < 0:
            return t
    return last


@once
def _place_by(
    turn: int,
    program: Any,
    rng: Rng,
    path: int,
    first: int,
    last: int,
    enrolled: F8,
    cohort: Cohort,
) -> None:
    """Place some cohorts by their types, or people of a type by when they leave."""
    spreads, crowds = cohort.spreads, cohort.crowds
    few, many, types = 0, 0, program.types
    key, frozen, classes, groups = program.types_key, program.frozen, types, 1
    found = cohort.split
    if turn == LEAVING:
        key, frozen, found = program.leave_key, program.frozen_leaving, cohort.exits
        classes, groups = program.duration + 2, types
    most = min(64 * (classes - 1), CROWD)
    for t in range(first, last):
        for arm in (CONTROL, TREATED):
            stays = turn == LEAVING and not _leaves(program, arm)
            for y in range(groups):
                at = (2 * t + arm) * groups + y
                n = enrolled[arm, t]
                if groups > 1:
                    n = cohort.split[2 * t + arm, y]
                if n <= 0.0:
                    continue
                if stays:
                    found[at, classes - 1] = n
                    continue
                whole = math.floor(n) * 1.0
                index, row = address(t, arm, y), (1 + arm * types + y) * turn
                if frozen or whole > most:
                    crowd = crowds[many]
                    crowd.people, crowd.index, crowd.row, crowd.at = n, index, row, at
                    crowd.then = 0
                    many += 1
                    continue
                few = plan_spread(whole, index, row, at, spreads, few)
                if whole != n:
                    _expect(n - whole, cohort.reach[row], classes, found[at])
    if few > 0:
        spread(
            few, key, path, classes, cohort.edge, spreads, cohort.pieces, found
        )
    if many > 0:
        _place_crowds(many, key, rng, path, frozen, classes, found, cohort)


@forced
def _leaves(program: Any, arm: int) -> bool:
    """Whether people of an arm may leave; controls may where the scenario says so."""
    return bool(program.hazard != Hazard.NONE and (arm == TREATED or program.control >= 0))


@once
def _expect(n: float, reach: F8, classes: int, found: F8) -> None:
    """Place a fraction of a person as expected."""
    before = 0.0
    for k in range(classes - 1):
        found[k] += n * (reach[k] - before)
        before = reach[k]
    found[classes - 1] += n * (1.0 - before)


@once
def _place_crowds(
    count: int,
    key: Word,
    rng: Rng,
    path: int,
    frozen: int,
    classes: int,
    found: F8,
    cohort: Cohort,
) -> None:
    """Place crowds, class after class: those in none before, each with the class's probability."""
    crowds, gone, lanes, last = cohort.crowds, cohort.gone, cohort.lots.lanes, classes - 1
    if not frozen:
        place_large(lanes, rng, key, path, count, last, crowds, cohort.chance, found)
    first = last
    for i in range(count):
        first = min(first, crowds[i].then)
    for k in range(first, last):
        for i in range(count):
            crowd = crowds[i]
            gone[i] = 0.0
            if crowd.then <= k:
                ask_some(
                    lanes, rng, key, crowd.index, path, CROWD_PIECES * k, crowd.people,
                    cohort.chance[crowd.row, k], frozen, i, gone,
                )  # fmt: skip
        answer(lanes, rng, path, gone)
        for i in range(count):
            if crowds[i].then <= k:
                found[crowds[i].at, k] = gone[i]
                crowds[i].people -= gone[i]
    for i in range(count):
        found[crowds[i].at, last] = crowds[i].people
