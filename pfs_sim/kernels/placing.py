"""Who of those who enroll is of which type, and when they leave (model §5, §6).

Both are multinomials of cohorts whose probabilities are the path's. Groups of up to 64 people for
each class but the last, and of up to CROWD, are spread person by person; larger ones are drawn
class after class. Paths side by side may differ in that.
"""

from __future__ import annotations

from typing import Any

from pfs_sim.kernels._jit import forced, inner_apart, once
from pfs_sim.kernels._wide import anywhere, each, floor, where
from pfs_sim.kernels.abreast import CROWD_PIECES
from pfs_sim.kernels.random import Rng, Word
from pfs_sim.kernels.spreading import AT_ONCE, spread
from pfs_sim.kernels.thinning import address
from pfs_sim.kernels.together import ask, settle
from pfs_sim.tables.people import CROWD, Hazard
from pfs_sim.tables.state import TREATED, Cohort, Draws
from pfs_sim.tables.wide import Wide

TYPES, LEAVING = 0, 1
"""What people are placed by, in this order."""


@once
def place(
    program: Any,
    rng: Rng,
    paths: Wide,
    first: int,
    end: int,
    enrolled: Wide,
    cohort: Cohort,
    draws: Draws,
) -> None:
    """Place those who enrolled in some periods; fills `exits`, and `split` by type."""
    for turn in range(TYPES if program.types > 1 else LEAVING, LEAVING + 1):
        _place_by(turn, program, rng, paths, first, end, enrolled, cohort, draws)


@once
def _place_by(
    turn: int,
    program: Any,
    rng: Rng,
    paths: Wide,
    first: int,
    end: int,
    enrolled: Wide,
    cohort: Cohort,
    draws: Draws,
) -> None:
    """Place cohorts by their types, or people of a type by when they leave."""
    key, frozen, last, groups = program.types_key, program.frozen, program.types - 1, 1
    found, crowded = cohort.split, 0
    if turn == LEAVING:
        key, frozen, found = program.leave_key, program.frozen_leaving, cohort.exits
        last, groups = program.duration + 1, program.types
    most = -1.0 if frozen else min(AT_ONCE * last, float(CROWD))
    for half in range(2 * first, 2 * end):
        arm = half % 2
        for y in range(groups):
            n = cohort.split[half, y] if groups > 1 else enrolled[arm, half // 2]
            if not anywhere(n > 0.0):
                continue
            to = found[half * groups + y]
            if turn == LEAVING and not _leaves(program, arm):
                to[last] = n
                continue
            row, whole = (1 + arm * program.types + y) * turn, floor(n)
            crowds, reach, index = whole > most, cohort.reach[row], address(half // 2, arm, y)
            few = where(crowds, 0.0, whole)
            part = where(crowds, 0.0, n - whole)
            if anywhere(part != 0.0):
                _expect(part, reach, last, to)
            spread(few, key, index, paths, last, reach, cohort.edge[row], cohort.pieces, to)
            if anywhere(crowds):
                if crowded == draws.n.size:
                    _place_crowds(
                        crowded, turn, program, rng, paths, key, frozen, most, last, enrolled,
                        cohort, draws,
                    )  # fmt: skip
                    crowded = 0
                draws.where[crowded, 0], draws.where[crowded, 1] = half, y
                crowded += 1
                to[last] += where(crowds, n, 0.0)
    if crowded > 0:
        _place_crowds(
            crowded, turn, program, rng, paths, key, frozen, most, last, enrolled, cohort, draws
        )


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
    crowded: int,
    turn: int,
    program: Any,
    rng: Rng,
    paths: Wide,
    key: Word,
    frozen: int,
    most: float,
    last: int,
    enrolled: Wide,
    cohort: Cohort,
    draws: Draws,
) -> None:
    """Place crowds, class after class: those in none before, each with the class's probability.

    They are in the last class as long as they are in none. `draws.where` says whose they are.
    """
    groups, found = 1, cohort.split
    if turn == LEAVING:
        groups, found = program.types, cohort.exits
    for k in range(last):
        for d in range(crowded):
            half, y = draws.where[d, 0], draws.where[d, 1]
            arm, to = half % 2, found[half * groups + y]
            n = cohort.split[half, y] if groups > 1 else enrolled[arm, half // 2]
            n = where(floor(n) > most, to[last], 0.0)
            p = cohort.chance[(1 + arm * program.types + y) * turn, k]
            index = address(half // 2, arm, y)
            ask(draws, d, rng, key, index, CROWD_PIECES * k, n, p, frozen, paths)
        settle(draws, rng)
        for d in range(crowded):
            to = found[draws.where[d, 0] * groups + draws.where[d, 1]]
            to[k] += draws.found[d]
            to[last] -= draws.found[d]
