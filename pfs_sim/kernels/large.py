"""Large binomials side by side: every point under its hat is tested at once.

As `pfs_sim.kernels.counts` draws them by rejection (BTRS), from the same words: a try takes one
block of the stream, and whoever is rejected tries the next block with the others who were. The
few of whom nothing is certain without an exact logarithm are drawn by themselves.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from pfs_sim.kernels._jit import apart, forced, inner_apart
from pfs_sim.kernels.counts import binomial
from pfs_sim.kernels.random import ONE, ZERO, Rng, Word, Words, open_at, philox_block, to_uniform
from pfs_sim.kernels.rough import bits_of, gap_of_binomial, of_bits, over
from pfs_sim.tables.people import LANES, SMALL_LANES

F8 = npt.NDArray[np.float64]

# Rows after those of the small lanes, each of LANES words; numbers lie there by their bits.
_ROW = [np.uint64(SMALL_LANES + LANES * i) for i in range(9)]
_KEY, _INDEX, _BLOCK, _OWNER, _PEOPLE, _CHANCE, _FOUND, _SURE, LARGE_WAITING = _ROW
_EIGHT = np.uint64(8)
_ALONE = np.uint64(2)
"""So few cost less by themselves than side by side."""
_LANES = np.uint64(LANES)


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
    waiting, where, turn = lanes[LARGE_WAITING], np.uint64(path), ZERO
    while waiting > _ALONE:
        full = (waiting + _EIGHT - ONE) // _EIGHT * _EIGHT
        for i in range(waiting, full):
            lanes[_KEY + i], lanes[_INDEX + i], lanes[_BLOCK + i] = ZERO, ZERO, ZERO
            lanes[_PEOPLE + i], lanes[_CHANCE + i] = lanes[_PEOPLE], lanes[_CHANCE]
        for i in range(full):
            j = np.uint64(i)
            lanes[_FOUND + j], lanes[_SURE + j] = philox_block(
                lanes[_KEY + j], lanes[_BLOCK + j] + turn, lanes[_INDEX + j], where
            )
        for i in range(full):
            j = np.uint64(i)
            count, sure = _try(
                of_bits(lanes[_PEOPLE + j]), of_bits(lanes[_CHANCE + j]),
                to_uniform(lanes[_FOUND + j]) - 0.5, to_uniform(lanes[_SURE + j]),
            )  # fmt: skip
            lanes[_FOUND + j], lanes[_SURE + j] = bits_of(count), bits_of(sure)
        again = ZERO
        for i in range(waiting):
            j = np.uint64(i)
            sure = of_bits(lanes[_SURE + j])
            if sure > 0.0:
                answers[lanes[_OWNER + j]] += of_bits(lanes[_FOUND + j])
            elif sure < 0.0:
                lanes[_KEY + again], lanes[_INDEX + again] = lanes[_KEY + j], lanes[_INDEX + j]
                lanes[_BLOCK + again], lanes[_OWNER + again] = lanes[_BLOCK + j], lanes[_OWNER + j]
                lanes[_PEOPLE + again] = lanes[_PEOPLE + j]
                lanes[_CHANCE + again] = lanes[_CHANCE + j]
                again += ONE
            else:
                _draw_alone(lanes, rng, j, turn, path, answers)
        waiting, turn = again, turn + ONE
    for i in range(waiting):
        _draw_alone(lanes, rng, np.uint64(i), turn, path, answers)
    lanes[LARGE_WAITING] = ZERO


@inner_apart
def _draw_alone(lanes: Words, rng: Rng, j: Word, turn: Word, path: int, answers: F8) -> None:
    """Draw what waits in a lane from this try on."""
    open_at(rng, lanes[_KEY + j], lanes[_INDEX + j], path, lanes[_BLOCK + j] + turn)
    n, p = of_bits(lanes[_PEOPLE + j]), of_bits(lanes[_CHANCE + j])
    answers[lanes[_OWNER + j]] += binomial(rng, n, p)


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
