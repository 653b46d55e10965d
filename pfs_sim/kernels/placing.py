"""Who of those who enroll is of which type, and when they leave (model §5, §6).

Both are multinomials of cohorts whose probabilities are the path's. Groups of up to 64 people for
each class but the last, and of up to CROWD, are spread person by person; larger ones are drawn
class after class. Paths side by side may differ in that.
"""

from __future__ import annotations

from typing import Any

from pfs_sim.kernels._jit import forced, inner_apart, once
from pfs_sim.kernels._wide import anywhere, each, floor, where
from pfs_sim.kernels.abreast import CROWD_PIECES, draw_some
from pfs_sim.kernels.random import Rng, Word
from pfs_sim.kernels.spreading import AT_ONCE, spread
from pfs_sim.kernels.thinning import address
from pfs_sim.tables.people import CROWD, Hazard
from pfs_sim.tables.state import CONTROL, TREATED, Cohort
from pfs_sim.tables.wide import Wide

TYPES, LEAVING = 0, 1
"""What people are placed by, in this order."""


@once
def place(
    program: Any, rng: Rng, paths: Wide, t: int, enrolled: Wide, cohort: Cohort
) -> None:
    """Place those who enrolled in period t; fills `exits`, and `split` by type."""
    for turn in range(TYPES if program.types > 1 else LEAVING, LEAVING + 1):
        _place_by(turn, program, rng, paths, t, enrolled, cohort)


@once
def _place_by(
    turn: int, program: Any, rng: Rng, paths: Wide, t: int, enrolled: Wide, cohort: Cohort
) -> None:
    """Place a cohort by its types, or people of a type by when they leave."""
    key, frozen, last, groups = program.types_key, program.frozen, program.types - 1, 1
    found = cohort.split
    if turn == LEAVING:
        key, frozen, found = program.leave_key, program.frozen_leaving, cohort.exits
        last, groups = program.duration + 1, program.types
    most = -1.0 if frozen else min(AT_ONCE * last, float(CROWD))
    for arm in (CONTROL, TREATED):
        for y in range(groups):
            at, n = (2 * t + arm) * groups + y, enrolled[arm, t]
            if groups > 1:
                n = cohort.split[2 * t + arm, y]
            if not anywhere(n > 0.0):
                continue
            to = found[at]
            if turn == LEAVING and not _leaves(program, arm):
                to[last] = n
                continue
            row, index, whole = (1 + arm * program.types + y) * turn, address(t, arm, y), floor(n)
            crowds, reach = whole > most, cohort.reach[row]
            few = where(crowds, 0.0, whole)
            part = where(crowds, 0.0, n - whole)
            if anywhere(part != 0.0):
                _expect(part, reach, last, to)
            spread(few, key, index, paths, last, reach, cohort.edge[row], cohort.pieces, to)
            if anywhere(crowds):
                _place_crowds(
                    where(crowds, n, 0.0), key, index, rng, paths, frozen, last,
                    cohort.chance[row], to,
                )  # fmt: skip


@forced
def _leaves(program: Any, arm: int) -> bool:
    """Whether people of an arm may leave; controls may where the scenario says so."""
    return bool(program.hazard != Hazard.NONE and (arm == TREATED or program.control >= 0))


@once
def _expect(n: Wide, reach: Wide, last: int, found: Wide) -> None:
    """Place a fraction of a person as expected."""
    before = each(0.0)
    for k in range(last):
        found[k] += n * (reach[k] - before)
        before = reach[k]
    found[last] += n * (1.0 - before)


@inner_apart
def _place_crowds(
    n: Wide,
    key: Word,
    index: Word,
    rng: Rng,
    paths: Wide,
    frozen: int,
    last: int,
    chance: Wide,
    found: Wide,
) -> None:
    """Place crowds, class after class: those in none before, each with the class's probability."""
    for k in range(last):
        gone = draw_some(rng, key, index, CROWD_PIECES * k, n, chance[k], frozen, paths)
        found[k] += gone
        n -= gone
    found[last] += n
