"""Large binomials side by side: every point under its hat is tested at once.

As `pfs_sim.kernels.counts` draws them by rejection (BTRS), from the same words: a try takes one
block of the stream, and whoever is rejected tries the next block beside the others. The few of
whom nothing is certain without an exact logarithm are drawn by themselves.

Large crowds fall into several classes, and each goes on to its next class as soon as it may.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from pfs_sim.kernels._jit import apart, forced, inner_apart
from pfs_sim.kernels.counts import COINS, INVERSION_MEAN, binomial
from pfs_sim.kernels.random import ONE, ZERO, Rng, Word, Words, open_at, philox_block, to_uniform
from pfs_sim.kernels.rough import bits_of, gap_of_binomial, of_bits, over
from pfs_sim.tables.people import LANES, SMALL_LANES, Records

F8 = npt.NDArray[np.float64]

# Rows after those of the small lanes, each of LANES words; numbers lie there by their bits.
_ROW = [np.uint64(SMALL_LANES + LANES * i) for i in range(9)]
_KEY, _INDEX, _BLOCK, _OWNER, _PEOPLE, _CHANCE, _FOUND, _SURE, LARGE_WAITING = _ROW
_EIGHT = np.uint64(8)
_LANES = np.uint64(LANES)
_ALONE = np.uint64(3)
"""So few cost no more by themselves than side by side."""

MOST = 378.0
"""So many trials are drawn in small lanes (`kernels.lanes`)."""
PIECE = np.uint64(6)
"""A lane has 2**PIECE blocks of the stream of its draw."""
CROWD_PIECES = 8
"""Pieces of the stream of a crowd from which one of its classes is drawn."""


@forced
def ask_large(
    lanes: Words,
    rng: Rng,
    key: Word,
    index: Word,
    path: int,
    block: Word,
    n: float,
    p: float,
    owner: int,
    answers: F8,
) -> None:
    """Add to `answers[owner]` a binomial with n min(p, 1 − p) ≥ 10, after `answer_large`."""
    if lanes[LARGE_WAITING] == _LANES:
        answer_large(lanes, rng, path, answers)
    j = lanes[LARGE_WAITING]
    lanes[_KEY + j], lanes[_INDEX + j], lanes[_BLOCK + j] = key, index, block
    lanes[_OWNER + j] = np.uint64(owner)
    lanes[_PEOPLE + j] = bits_of(n)
    lanes[_CHANCE + j] = bits_of(p)
    lanes[LARGE_WAITING] = j + ONE


@apart
def answer_large(lanes: Words, rng: Rng, path: int, answers: F8) -> None:
    """Draw what was asked for, and add it to the answers of those who asked."""
    waiting = lanes[LARGE_WAITING]
    while waiting > ZERO:
        _try_all(lanes, rng, waiting, path)
        again = ZERO
        for i in range(waiting):
            j = np.uint64(i)
            if of_bits(lanes[_SURE + j]) < 0.0:
                again += _try_again(lanes, j, again)
            else:
                answers[lanes[_OWNER + j]] += _found(lanes, rng, j, path)
        waiting = again
    lanes[LARGE_WAITING] = ZERO


@apart
def place_large(
    lanes: Words,
    rng: Rng,
    key: Word,
    path: int,
    count: int,
    last: int,
    crowds: Records,
    chance: F8,
    found: F8,
) -> None:
    """Place large crowds, each class after class and none waiting for another's class.

    A crowd is left to others (`then` is its class, people who are in no class yet) where its next
    draw is not by rejection.
    """
    waiting = ZERO
    for i in range(count):
        waiting += _go_on(lanes, waiting, key, np.uint64(i), crowds, chance, last)
    while waiting > ZERO:
        _try_all(lanes, rng, waiting, path)
        still = ZERO
        for i in range(waiting):
            j = np.uint64(i)
            if of_bits(lanes[_SURE + j]) < 0.0:
                still += _try_again(lanes, j, still)
            else:
                owner, gone = lanes[_OWNER + j], _found(lanes, rng, j, path)
                crowd = crowds[owner]
                found[crowd.at, crowd.then] = gone
                crowd.people -= gone
                crowd.then += 1
                still += _go_on(lanes, still, key, owner, crowds, chance, last)
        waiting = still


@forced
def _go_on(
    lanes: Words, j: Word, key: Word, owner: Word, crowds: Records, chance: F8, last: int
) -> Word:
    """Ask for the next class of a crowd in a lane, if it takes a draw by rejection (1, else 0)."""
    crowd = crowds[owner]
    while crowd.then < last and chance[crowd.row, crowd.then] <= 0.0:
        crowd.then += 1
    if crowd.then == last:
        return ZERO
    n, p = crowd.people, chance[crowd.row, crowd.then]
    if n != np.floor(n) or not is_large(n, p):
        return ZERO
    lanes[_KEY + j], lanes[_INDEX + j], lanes[_OWNER + j] = key, crowd.index, owner
    lanes[_BLOCK + j] = np.uint64(crowd.then * CROWD_PIECES) << PIECE
    lanes[_PEOPLE + j], lanes[_CHANCE + j] = bits_of(n), bits_of(p)
    return ONE


@forced
def is_large(n: float, p: float) -> bool:
    """Whether a binomial of a whole number beyond the small lanes is drawn by rejection."""
    rare = n * min(p, 1.0 - p)
    return bool(n > MOST and rare >= INVERSION_MEAN and not (p == 0.5 and n <= COINS))


@inner_apart
def _try_all(lanes: Words, rng: Rng, count: Word, path: int) -> None:
    """Try each lane's block; where few wait, try theirs until one is accepted."""
    if count <= _ALONE:
        for i in range(count):
            lanes[_FOUND + i] = bits_of(_draw_alone(lanes, rng, np.uint64(i), path))
            lanes[_SURE + i] = bits_of(1.0)
        return
    full, where = (count + _EIGHT - ONE) // _EIGHT * _EIGHT, np.uint64(path)
    for i in range(count, full):
        lanes[_KEY + i], lanes[_INDEX + i], lanes[_BLOCK + i] = ZERO, ZERO, ZERO
        lanes[_PEOPLE + i], lanes[_CHANCE + i] = lanes[_PEOPLE], lanes[_CHANCE]
    for i in range(full):
        j = np.uint64(i)
        lanes[_FOUND + j], lanes[_SURE + j] = philox_block(
            lanes[_KEY + j], lanes[_BLOCK + j], lanes[_INDEX + j], where
        )
    for i in range(full):
        j = np.uint64(i)
        found, sure = _try(
            of_bits(lanes[_PEOPLE + j]), of_bits(lanes[_CHANCE + j]),
            to_uniform(lanes[_FOUND + j]) - 0.5, to_uniform(lanes[_SURE + j]),
        )  # fmt: skip
        lanes[_FOUND + j], lanes[_SURE + j] = bits_of(found), bits_of(sure)


@forced
def _try_again(lanes: Words, j: Word, to: Word) -> Word:
    """Let what was rejected in a lane wait with its next block in another one; one waits more."""
    lanes[_KEY + to], lanes[_INDEX + to] = lanes[_KEY + j], lanes[_INDEX + j]
    lanes[_BLOCK + to], lanes[_OWNER + to] = lanes[_BLOCK + j] + ONE, lanes[_OWNER + j]
    lanes[_PEOPLE + to], lanes[_CHANCE + to] = lanes[_PEOPLE + j], lanes[_CHANCE + j]
    return ONE


@forced
def _found(lanes: Words, rng: Rng, j: Word, path: int) -> float:
    """The count of a lane that was not rejected, drawn by itself from its block if need be."""
    if of_bits(lanes[_SURE + j]) > 0.0:
        return of_bits(lanes[_FOUND + j])
    return _draw_alone(lanes, rng, j, path)


@inner_apart
def _draw_alone(lanes: Words, rng: Rng, j: Word, path: int) -> float:
    """Draw what waits in a lane."""
    open_at(rng, lanes[_KEY + j], lanes[_INDEX + j], path, lanes[_BLOCK + j])
    return binomial(rng, of_bits(lanes[_PEOPLE + j]), of_bits(lanes[_CHANCE + j]))


@forced
def _try(n: float, p: float, u: float, v: float) -> tuple[float, float]:
    """The count at a point under the hat; positive if it is surely accepted, negative if not."""
    rare = min(p, 1.0 - p)
    spread = np.sqrt(n * rare * (1.0 - rare))
    b = 1.15 + 2.53 * spread
    a = -0.0873 + 0.0248 * b + 0.01 * rare
    edge = 0.5 - abs(u)
    square = edge * edge
    count = np.floor((over(2.0 * a, edge) + b) * u + (n * rare + 0.5))
    height = over(v * (2.83 * b + 5.1) * spread * square, b * (a + b * square))
    inside = (edge >= 0.07) & ((0.92 - v) * b >= 4.2)
    outside = (count < 0.0) | (count > n)
    sure = gap_of_binomial(n, rare, count, height)
    sure = -1.0 if outside else sure
    sure = 1.0 if inside else sure
    return count if p <= 0.5 else n - count, sure
