"""Who of those who enroll is of which type, and when they leave (model §5, §6).

Both are multinomials of cohorts whose probabilities are the path's. By type, groups of up to 64
people for each class but the last, and of up to CROWD, are spread person by person; larger ones
are drawn class after class. Of up to 64 people each is spread by when they leave; of more, how
many leave at all is drawn first. These are placed among the ages as others are among types, but
half as many class after class, and not at all where nobody looks at their ages. Paths side by side
may differ in that.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from pfs_sim.kernels._jit import forced, inner_apart, once
from pfs_sim.kernels._wide import anywhere, each, floor, lesser, where
from pfs_sim.kernels.abreast import CROWD_PIECES, PIECE
from pfs_sim.kernels.random import ZERO, Rng, Word
from pfs_sim.kernels.spreading import AT_ONCE, spread
from pfs_sim.kernels.thinning import address
from pfs_sim.kernels.together import ask, settle
from pfs_sim.tables.people import CROWD, Hazard
from pfs_sim.tables.state import TREATED, Cohort, Draws
from pfs_sim.tables.wide import Wide

TYPES, LEAVING = 0, 1
"""What people are placed by, in this order."""

_LEAVERS = np.uint64(CROWD_PIECES) << PIECE
"""Block of a crowd's stream from which those who leave are spread."""


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
    found, crowded, most = cohort.split, 0, _most_spread(last)
    if turn == LEAVING:
        key, frozen, found = program.leave_key, program.frozen_leaving, cohort.exits
        last, groups, most = program.duration + 1, program.types, AT_ONCE
    if frozen:
        most = -1.0
    for half in range(2 * first, 2 * end):
        arm = half % 2
        for y in range(groups):
            n = cohort.split[half, y] if groups > 1 else enrolled[arm, half // 2]
            to, some = found[half * groups + y], anywhere(n > 0.0)
            # Rows are wiped here, where they are at hand; most of those of the exits stay empty.
            if turn == TYPES or cohort.filled[half * groups + y] == 1:
                for i in range(to.size):
                    to[i] = 0.0
            if turn == LEAVING:
                cohort.filled[half * groups + y] = some
            if not some:
                continue
            if turn == LEAVING and not _leaves(program, arm):
                to[last] = n
                continue
            row, index = (1 + arm * program.types + y) * turn, address(half // 2, arm, y)
            least = 0 if turn == TYPES or _has_ages(program, arm) else last - 1
            rest = _spread_few(
                n, most, key, index, ZERO, paths, least, last, cohort.reach[row],
                cohort.edge[row], cohort.pieces, to,
            )  # fmt: skip
            if anywhere(rest > 0.0):
                if crowded == draws.n.size:
                    _place_crowds(crowded, turn, program, rng, paths, key, frozen, cohort, draws)
                    crowded = 0
                draws.where[crowded, 0], draws.where[crowded, 1] = half, y
                draws.rest[crowded] = rest
                crowded += 1
    if crowded > 0:
        _place_crowds(crowded, turn, program, rng, paths, key, frozen, cohort, draws)


@once
def _spread_few(
    n: Wide,
    most: float,
    key: Word,
    index: Word,
    block: Word,
    paths: Wide,
    first: int,
    last: int,
    reach: Wide,
    edges: Wide,
    pieces: Wide,
    found: Wide,
) -> Wide:
    """Spread people where there are so many at most, as `spread` says; returns the others."""
    whole = floor(n)
    crowds = whole > most
    few, part = where(crowds, 0.0, whole), where(crowds, 0.0, n - whole)
    if anywhere(part != 0.0):
        _expect(part, reach, first, last, found)
    spread(few, key, index, block, paths, first, last, reach, edges, pieces, found)
    return where(crowds, n, 0.0)


@forced
def _most_spread(last: int) -> float:
    """So many people are spread one by one over the classes before the last one and that."""
    return min(AT_ONCE * last, float(CROWD))


@forced
def _leaves(program: Any, arm: int) -> bool:
    """Whether people of an arm may leave; controls may where the scenario says so."""
    return bool(program.hazard != Hazard.NONE and (arm == TREATED or program.control >= 0))


@forced
def _has_ages(program: Any, arm: int) -> bool:
    """Whether anything depends on when people of an arm leave; else they leave at the last age."""
    return bool(arm == TREATED or program.control_ages == 1)


@once
def _expect(n: Wide, reach: Wide, first: int, last: int, found: Wide) -> None:
    """Place a fraction of a person as expected."""
    before = each(0.0)
    for k in range(first, last):
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
    cohort: Cohort,
    draws: Draws,
) -> None:
    """Place crowds. `draws.where` says whose they are, and `draws.rest` how many."""
    if turn == TYPES:
        _place_in_turn(crowded, turn, program, rng, paths, key, frozen, cohort, draws)
        return
    for d in range(crowded):
        row, index = _row_of(program, draws, d), _index_of(draws, d)
        p = cohort.reach[row, program.duration]
        ask(draws, d, rng, key, index, 0, draws.rest[d], p, frozen, paths)
    settle(draws, rng)
    waits = False
    for d in range(crowded):
        to, left = cohort.exits[_place_of(LEAVING, program, draws, d)], draws.found[d]
        to[program.duration + 1] += draws.rest[d] - left
        if _has_ages(program, draws.where[d, 0] % 2):
            left = _spread_leavers(d, left, program, paths, key, frozen, cohort, draws)
            waits = waits or anywhere(left > 0.0)
            draws.rest[d] = left
        else:
            to[program.duration] += left
            draws.rest[d] = 0.0
    if waits:
        _place_in_turn(crowded, turn, program, rng, paths, key, frozen, cohort, draws)


@once
def _spread_leavers(
    d: int,
    left: Wide,
    program: Any,
    paths: Wide,
    key: Word,
    frozen: int,
    cohort: Cohort,
    draws: Draws,
) -> Wide:
    """Spread those of a crowd who leave over their ages where they are few; returns the others."""
    last, row = program.duration, _row_of(program, draws, d)
    to = cohort.exits[_place_of(LEAVING, program, draws, d)]
    most = -1.0 if frozen else 0.5 * _most_spread(last)
    return _spread_few(
        left, most, key, _index_of(draws, d), _LEAVERS, paths, 0, last, cohort.given[row],
        cohort.given_edge[row], cohort.pieces, to,
    )  # fmt: skip


@inner_apart
def _place_in_turn(
    crowded: int,
    turn: int,
    program: Any,
    rng: Rng,
    paths: Wide,
    key: Word,
    frozen: int,
    cohort: Cohort,
    draws: Draws,
) -> None:
    """Place crowds class after class: those in none before, each with the class's probability."""
    last, found = program.types - 1, cohort.split
    if turn == LEAVING:
        last, found = program.duration, cohort.exits
    for k in range(last):
        for d in range(crowded):
            p, draws.found[d] = cohort.chance[TYPES, k], each(0.0)
            if turn == LEAVING:
                p = _chance_of_leaver(cohort.given[_row_of(program, draws, d)], k)
            if not anywhere((draws.rest[d] > 0.0) & (p > 0.0)):
                continue
            piece = CROWD_PIECES * (k + turn)
            ask(draws, d, rng, key, _index_of(draws, d), piece, draws.rest[d], p, frozen, paths)
        settle(draws, rng)
        for d in range(crowded):
            found[_place_of(turn, program, draws, d), k] += draws.found[d]
            draws.rest[d] -= draws.found[d]
    for d in range(crowded):
        found[_place_of(turn, program, draws, d), last] += draws.rest[d]


@once
def _chance_of_leaver(given: Wide, k: int) -> Wide:
    """The probability of class k for a leaver who is in none before it."""
    before = given[k - 1] if k > 0 else each(0.0)
    p = lesser(1.0, (given[k] - before) / (1.0 - before))
    return where(before < 1.0, p, 0.0)


@forced
def _row_of(program: Any, draws: Draws, d: int) -> int:
    """The row of the probabilities of leaving of a crowd."""
    return int(1 + draws.where[d, 0] % 2 * program.types + draws.where[d, 1])


@forced
def _index_of(draws: Draws, d: int) -> Word:
    """The index of a crowd's stream."""
    half = draws.where[d, 0]
    return address(half // 2, half % 2, draws.where[d, 1])


@forced
def _place_of(turn: int, program: Any, draws: Draws, d: int) -> int:
    """The row of `split`, or of `exits`, to which a crowd goes."""
    half, y = draws.where[d, 0], draws.where[d, 1]
    return int(half if turn == TYPES else half * program.types + y)
