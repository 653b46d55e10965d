"""Binomials of paths side by side: one address, and of each path its own people and chance.

Where ten or more have the event, and ten or more have not, a point under the hat is tested for all
paths at once. Other draws of up to 63 trials compare their random bits with the binary digits of
p, as in `pfs_sim.kernels.counts`, all paths at every step: no branch, a fixed number of digits.
What is left undecided then, the draw of one path in thirty or so, is settled trial by trial. Up to
378 trials are several such draws.

Each draw has an address of its own, and so no draw moves when another is not asked for; nor does
that of a path with the paths beside it.
"""

from __future__ import annotations

import numpy as np

from pfs_sim.kernels._jit import inner_apart, once
from pfs_sim.kernels._wide import (
    anywhere,
    each,
    each_word,
    floor,
    holds_for,
    lesser,
    magnitude,
    of,
    ones,
    pick,
    replace,
    root,
    to_number,
    to_whole,
    where,
    word_of,
)
from pfs_sim.kernels.counts import COINS, INVERSION_MEAN, binomial, reject_binomial
from pfs_sim.kernels.random import ONE, TWO, ZERO, Rng, Word, open_at, wide_block, wide_uniform
from pfs_sim.kernels.rough import gap_of_binomial
from pfs_sim.tables.wide import ABREAST, Wide

TRIALS = 63.0
"""Trials that are compared at once; a larger draw takes several pieces."""
MOST = 378.0
"""Up to so many trials are drawn in pieces, unless by rejection."""
PIECE = np.uint64(6)
"""A piece has 2**PIECE blocks of the stream of its draw."""
CROWD_PIECES = 8
"""Pieces of the stream of a crowd from which one of its classes is drawn."""

_WORD_RANGE = 2.0**64
_BITS = np.uint64(64)
_COMPARED = np.uint64(4)
_DIGITS, _LAST_FOUR = np.uint64(0x5411), np.uint64(0xF)
"""Words compared with several digits, and with how many, by word: four bits each, lowest first."""
_HALF = np.uint64(0x7FFFFFFFFFFFFFFF)


@once
def draw_some(
    rng: Rng, key: Word, index: Word, piece: int, n: Wide, p: Wide, frozen: int, paths: Wide
) -> Wide:
    """How many of n people have an event of probability p, on each path.

    The expectation where chance is frozen, and of a fraction of a person. The draw has the address
    (key, index, path), and of its stream what begins with `piece`.
    """
    return draw_whole(expect_part(n, p, frozen), rng, key, index, piece, n, p, frozen, paths)


@once
def expect_part(n: Wide, p: Wide, frozen: int) -> Wide:
    """What of `draw_some` is an expectation."""
    part = n if frozen else n - floor(n)
    return where(part != 0.0, part * p, 0.0)


@once
def draw_whole(
    so_far: Wide,
    rng: Rng,
    key: Word,
    index: Word,
    piece: int,
    n: Wide,
    p: Wide,
    frozen: int,
    paths: Wide,
) -> Wide:
    """Add to `so_far` what of `draw_some` is drawn."""
    if frozen:
        return so_far
    block, whole = np.uint64(piece) << PIECE, floor(n)
    return draw_on(so_far, rng, key, index, block, whole, where(whole > 0.0, p, 0.0), paths)


@inner_apart
def draw_on(
    so_far: Wide, rng: Rng, key: Word, index: Word, block: Word, n: Wide, p: Wide, paths: Wide
) -> Wide:
    """Add to `so_far` what is drawn of n, a whole number, from a block of the stream on."""
    total, left = draw_others(so_far, rng, key, index, block, n, p, paths)
    if anywhere(left > 0.0):
        total += _reject_all(rng, key, index, block, left, p, paths)
    return total


@inner_apart
def draw_others(
    so_far: Wide, rng: Rng, key: Word, index: Word, block: Word, n: Wide, p: Wide, paths: Wide
) -> tuple[Wide, Wide]:
    """Add to `so_far` what `draw_on` gives where it is not drawn by rejection.

    Returns the sum, and of how many it is to be drawn by rejection.
    """
    some = (n > 0.0) & (p > 0.0)
    chance = some & (p < 1.0)
    rejects = chance & by_hat(n, p)
    small = chance & (n <= MOST) & ~rejects
    total = so_far + where(chance, 0.0, where(some, n, 0.0 * n * p))
    rest, digits, piece = where(small, n, 0.0), to_whole(where(small, p, 0.0) * _WORD_RANGE), block
    while anywhere(rest > 0.0):
        trials = lesser(rest, TRIALS)
        total += to_number(_count(key, index, piece, to_whole(trials), digits, paths))
        rest -= trials
        piece += ONE << PIECE
    alone = chance & (n > MOST) & ~rejects
    if anywhere(alone):
        total += _draw_alone(rng, key, index, block, where(alone, n, 0.0), p, paths)
    return total, where(rejects, n, 0.0)


@once
def by_hat(n: Wide, p: Wide) -> Wide:
    """Where a draw takes the first point under the hat that is accepted."""
    return (n * lesser(p, 1.0 - p) >= INVERSION_MEAN) & ~((p == 0.5) & (n <= COINS))


@once
def _count(key: Word, index: Word, block: Word, m: Wide, d: Wide, paths: Wide) -> Wide:
    """How many of m trials, at most 63, fall below the digits d.

    The digits are compared with words 0 to 3 of the piece in turn, at most 1, 1, 4 and 5 digits
    each, and a digit only as long as the word has a bit for every undecided trial. Each trial
    undecided then compares a word of its own with the digits that are left.
    """
    hits = each_word(ZERO)
    word, next_one = hits, hits
    i = ZERO
    while i < _COMPARED or anywhere((m > ZERO) & (d > ZERO)):
        if i & ONE == ZERO:
            word, next_one = wide_block(key, block + (i >> ONE), index, paths)
        else:
            word = next_one
        if i < _COMPARED:
            used = each_word(ZERO)
            # When bits are too few they stay too few, whatever the word is shifted by.
            for _ in range((_DIGITS >> (i << TWO)) & _LAST_FOUR):
                used += m
                fits = used <= _BITS
                took = ones(word & ((ONE << m) - ONE))
                hits += pick(fits & (d > _HALF), took, ZERO)
                word >>= m
                m -= pick(fits, took, ZERO)
                d += pick(fits, d, ZERO)
        else:
            hits += pick((m > ZERO) & (word < d), ONE, ZERO)
            m -= pick(m > ZERO, ONE, ZERO)
        i += ONE
    return hits


@inner_apart
def _draw_alone(
    rng: Rng, key: Word, index: Word, block: Word, n: Wide, p: Wide, paths: Wide
) -> Wide:
    """Draws that are made path by path, where n is not 0."""
    found = each(0.0)
    for lane in range(ABREAST):
        if of(n, lane) > 0.0:
            open_at(rng, key, index, word_of(paths, lane), block)
            found = replace(found, lane, binomial(rng, of(n, lane), of(p, lane)))
    return found


@inner_apart
def _reject_all(
    rng: Rng, key: Word, index: Word, block: Word, n: Wide, p: Wide, paths: Wide
) -> Wide:
    """Draws by rejection, where n is not 0, tried until all are made.

    A try takes one block of the stream, and whoever is rejected tries the next one.
    """
    found, waiting = each(0.0), n > 0.0
    while anywhere(waiting):
        first, second = wide_block(key, block, index, paths)
        count, sure = try_point(n, p, first, second)
        found = where(waiting & (sure > 0.0), count, found)
        alone = waiting & (sure == 0.0)
        if anywhere(alone):
            for lane in range(ABREAST):
                if holds_for(alone, lane):
                    open_at(rng, key, index, word_of(paths, lane), block)
                    found = replace(found, lane, reject_binomial(rng, of(n, lane), of(p, lane)))
        waiting = waiting & (sure < 0.0)
        block += ONE
    return found


@inner_apart
def try_point(n: Wide, p: Wide, first: Wide, second: Wide) -> tuple[Wide, Wide]:
    """The count at the point under the hat that two words give; positive if surely accepted.

    Negative if surely not; zero where nothing is certain without an exact logarithm.
    """
    rare, u, v = lesser(p, 1.0 - p), wide_uniform(first) - 0.5, wide_uniform(second)
    spread = root(n * rare * (1.0 - rare))
    b = 1.15 + 2.53 * spread
    a = -0.0873 + 0.0248 * b + 0.01 * rare
    edge = 0.5 - magnitude(u)
    count = floor((2.0 * a / edge + b) * u + (n * rare + 0.5))
    inside = (edge >= 0.07) & ((0.92 - v) * b >= 4.2)
    outside = (count < 0.0) | (count > n)
    square = edge * edge
    above, below = v * (2.83 * b + 5.1) * spread * square, b * (a + b * square)
    sure = where(outside, -1.0, gap_of_binomial(n, rare, count, above, below))
    return where(p <= 0.5, count, n - count), where(inside, 1.0, sure)
