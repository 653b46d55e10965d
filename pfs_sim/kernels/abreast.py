"""Binomials of paths side by side: one address, and of each path its own people and chance.

A draw of up to 63 trials compares their random bits with the binary digits of p, as in
`pfs_sim.kernels.counts`, all paths at every step: no branch, a fixed number of digits. What is
left undecided then, the draw of one path in thirty or so, is settled trial by trial. Up to 378
trials are several such draws. Beyond, a point under the hat is tested for all paths at once, and
who is rejected goes on alone.

Each draw has an address of its own, and so no draw moves when another is not asked for; nor does
that of a path with the paths beside it.
"""

from __future__ import annotations

import numpy as np

from pfs_sim.kernels._jit import forced, inner_apart, once
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
from pfs_sim.kernels.counts import COINS, INVERSION_MEAN, binomial
from pfs_sim.kernels.random import ONE, TWO, ZERO, Rng, Word, open_at, wide_block, wide_uniform
from pfs_sim.kernels.rough import gap_of_binomial
from pfs_sim.tables.wide import ABREAST, Wide

TRIALS = 63.0
"""Trials that are compared at once; a larger draw takes several pieces."""
MOST = 378.0
"""So many trials are drawn in pieces."""
PIECE = np.uint64(6)
"""A piece has 2**PIECE blocks of the stream of its draw."""
SECOND, THIRD = 256, 512
"""First pieces of the draws that follow a first one at the same address."""
CROWD_PIECES = 8
"""Pieces of the stream of a crowd from which one of its classes is drawn."""

_WORD_RANGE = 2.0**64
_BITS = np.uint64(64)
_HALF = np.uint64(0x7FFFFFFFFFFFFFFF)


@forced
def draw(
    rng: Rng, key: Word, index: Word, piece: int, n: Wide, p: Wide, paths: Wide
) -> Wide:
    """How many of n people have an event of probability p, on each path.

    n is a whole number; the draw has the address (key, index, path), and of its stream what
    begins with `piece`.
    """
    return draw_on(each(0.0), rng, key, index, piece, n, p, paths)


@forced
def draw_some(
    rng: Rng, key: Word, index: Word, piece: int, n: Wide, p: Wide, frozen: int, paths: Wide
) -> Wide:
    """As `draw`; the expectation where chance is frozen, and of a fraction of a person."""
    if frozen:
        return where(n != 0.0, n * p, 0.0)
    whole = floor(n)
    part = where(whole != n, (n - whole) * p, 0.0)
    return draw_on(part, rng, key, index, piece, whole, where(whole > 0.0, p, 0.0), paths)


@inner_apart
def draw_on(
    so_far: Wide, rng: Rng, key: Word, index: Word, piece: int, n: Wide, p: Wide, paths: Wide
) -> Wide:
    """Add to `so_far` what `draw` gives, piece by piece."""
    some = (n > 0.0) & (p > 0.0)
    chance = some & (p < 1.0)
    small = chance & (n <= MOST)
    total = so_far + where(chance, 0.0, where(some, n, 0.0 * n * p))
    rest, digits = where(small, n, 0.0), to_whole(where(small, p, 0.0) * _WORD_RANGE)
    block = np.uint64(piece) << PIECE
    while anywhere(rest > 0.0):
        trials = lesser(rest, TRIALS)
        total += to_number(_count(key, index, block, to_whole(trials), digits, paths))
        rest -= trials
        block += ONE << PIECE
    large = chance & (n > MOST)
    if anywhere(large):
        block = np.uint64(piece) << PIECE
        total += _draw_large(rng, key, index, block, where(large, n, 0.0), p, paths)
    return total


@once
def _count(key: Word, index: Word, block: Word, m: Wide, d: Wide, paths: Wide) -> Wide:
    """How many of m trials, at most 63, fall below the digits d.

    The digits are compared with words 0 to 3 of the piece in turn, at most 1, 1, 4 and 5 digits
    each, and a digit only as long as the word has a bit for every undecided trial. Each trial
    undecided then compares a word of its own with the digits that are left.
    """
    hits = each_word(ZERO)
    low, high = wide_block(key, block, index, paths)
    m, d, hits = _compare(low, 1, m, d, hits)
    m, d, hits = _compare(high, 1, m, d, hits)
    low, high = wide_block(key, block + ONE, index, paths)
    m, d, hits = _compare(low, 4, m, d, hits)
    m, d, hits = _compare(high, 5, m, d, hits)
    left = pick(d > ZERO, m, ZERO)
    if anywhere(left > ZERO):
        hits += _settle(key, index, block + TWO, left, d, paths)
    return hits


@forced
def _compare(word: Wide, digits: int, m: Wide, d: Wide, hits: Wide) -> tuple[Wide, Wide, Wide]:
    """Compare m undecided trials with so many digits d, as long as the word has bits for all.

    Returns who is undecided then, the digits that are left, and the hits. The first digit always
    has its bits; when they are too few they stay too few, whatever the word is shifted by.
    """
    took = ones(word & ((ONE << m) - ONE))
    hits += pick(d > _HALF, took, ZERO)
    word >>= m
    used = m
    m -= took
    d <<= ONE
    for _ in range(digits - 1):
        used += m
        fits = used <= _BITS
        took = pick(fits, ones(word & ((ONE << m) - ONE)), ZERO)
        hits += pick(d > _HALF, took, ZERO)
        word >>= m
        m -= took
        d = pick(fits, d << ONE, d)
    return m, d, hits


@inner_apart
def _settle(key: Word, index: Word, block: Word, left: Wide, d: Wide, paths: Wide) -> Wide:
    """Settle the trials that are undecided: a word each."""
    hits = each_word(ZERO)
    while anywhere(left > ZERO):
        low, high = wide_block(key, block, index, paths)
        hits += pick((left > ZERO) & (low < d), ONE, ZERO)
        hits += pick((left > ONE) & (high < d), ONE, ZERO)
        left = pick(left > TWO, left - TWO, ZERO)
        block += ONE
    return hits


@inner_apart
def _draw_large(
    rng: Rng, key: Word, index: Word, block: Word, n: Wide, p: Wide, paths: Wide
) -> Wide:
    """Draws too large for pieces, where n is not 0: by rejection, the others alone."""
    rare = lesser(p, 1.0 - p)
    hat = (n * rare >= INVERSION_MEAN) & ~((p == 0.5) & (n <= COINS))
    first, second = wide_block(key, block, index, paths)
    count, sure = _try(n, p, wide_uniform(first) - 0.5, wide_uniform(second))
    sure = where(hat, sure, 0.0)
    found = where(n > 0.0, count, 0.0)
    again = (n > 0.0) & ~(sure > 0.0)
    for lane in range(ABREAST):
        if holds_for(again, lane):
            start = block + (ONE if of(sure, lane) < 0.0 else ZERO)
            open_at(rng, key, index, word_of(paths, lane), start)
            found = replace(found, lane, binomial(rng, of(n, lane), of(p, lane)))
    return found


@once
def _try(n: Wide, p: Wide, u: Wide, v: Wide) -> tuple[Wide, Wide]:
    """The count at a point under the hat; positive if it is surely accepted, negative if not."""
    rare = lesser(p, 1.0 - p)
    spread = root(n * rare * (1.0 - rare))
    b = 1.15 + 2.53 * spread
    a = -0.0873 + 0.0248 * b + 0.01 * rare
    edge = 0.5 - magnitude(u)
    square = edge * edge
    count = floor((2.0 * a / edge + b) * u + (n * rare + 0.5))
    height = v * (2.83 * b + 5.1) * spread * square / (b * (a + b * square))
    inside = (edge >= 0.07) & ((0.92 - v) * b >= 4.2)
    outside = (count < 0.0) | (count > n)
    sure = where(outside, -1.0, gap_of_binomial(n, rare, count, height))
    return where(p <= 0.5, count, n - count), where(inside, 1.0, sure)
