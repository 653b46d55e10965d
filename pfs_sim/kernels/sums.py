"""Sums over clients who share a level: counts, amounts and scores (model §6).

One draw for all of them. Of paths side by side, what the first words of an amount or a score give
at once is found for all together; the others draw alone, from the same words.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from pfs_sim.kernels._jit import apart, inner_apart, once
from pfs_sim.kernels._wide import (
    anywhere,
    each,
    each_word,
    floor,
    holds_for,
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
from pfs_sim.kernels.counts import DIGIT_TRIALS, poisson
from pfs_sim.kernels.normals import normal, normals_inside
from pfs_sim.kernels.random import ONE, ZERO, Rng, Word, open_stream, wide_block, wide_uniform
from pfs_sim.kernels.samplers import gamma, gammas_inside, negative_binomial
from pfs_sim.kernels.thinning import thin
from pfs_sim.tables.people import Kind
from pfs_sim.tables.wide import ABREAST, Wide

_WORD_RANGE = 2.0**64
_BITS = np.uint64(128)
_THREE, _SIXTY_THREE = np.uint64(3), np.uint64(63)
_HALF = np.uint64(0x7FFFFFFFFFFFFFFF)


@apart
def draw_sum(
    rng: Rng, fact: Any, spread: float, m: float, level: float, share: float
) -> float:
    """Draw the sum of a count, an amount or a score of m clients.

    `spread` is the shape of an amount's gamma, or the sd of a score.
    """
    if fact.kind == Kind.COUNT:
        if fact.dispersion > 0.0:
            return negative_binomial(rng, fact.dispersion * m, m * level)
        return poisson(rng, m * level)
    if fact.kind == Kind.AMOUNT:
        some = thin(rng, m, share, 0)
        if some <= 0.0:
            return 0.0
        return float(gamma(rng, spread * some) * level / spread)
    return float(m * level + normal(rng) * math.sqrt(m) * spread)


@inner_apart
def draw_sums(
    rng: Rng,
    fact: Any,
    key: Word,
    index: Word,
    spread: Wide,
    m: Wide,
    level: Wide,
    share: Wide,
    paths: Wide,
) -> Wide:
    """As `draw_sum`, each path from the start of its stream; 0 of nobody."""
    found, alone = each(0.0), m > 0.0
    if anywhere(alone) and fact.kind != Kind.COUNT:
        first, second = wide_block(key, ZERO, index, paths)
        if fact.kind == Kind.AMOUNT:
            some = m
            if anywhere(alone & (share != 1.0)):
                some = where(share == 1.0, m, _count_inside(first, second, m, share))
                third, fourth = wide_block(key, ONE, index, paths)
                first = pick(share == 1.0, first, third)
                second = pick(share == 1.0, second, fourth)
            drawn = gammas_inside(spread * some, normals_inside(first), wide_uniform(second))
            drawn = where(some <= 0.0, 0.0, drawn * level / spread)
        else:
            drawn = m * level + normals_inside(first) * root(m) * spread
        sure = alone & (drawn == drawn)
        found, alone = where(sure, drawn, 0.0), alone & ~sure
    for lane in range(ABREAST):
        if holds_for(alone, lane):
            open_stream(rng, key, index, word_of(paths, lane))
            value = draw_sum(
                rng, fact, of(spread, lane), of(m, lane), of(level, lane), of(share, lane)
            )
            found = replace(found, lane, value)
    return found


@once
def _count_inside(low: Wide, high: Wide, n: Wide, p: Wide) -> Wide:
    """What the first two words give of a binomial of up to 63 people; NaN where it takes more.

    As `pfs_sim.kernels.counts` compares digits: four between two looks at who is done.
    """
    sure = (n <= DIGIT_TRIALS) & (n == floor(n)) & (p >= 0.0) & (p < 1.0)
    undecided = to_whole(where(sure, n, 0.0))
    digits = to_whole(where(sure, p, 0.0) * _WORD_RANGE)
    hits, left, i = each_word(ZERO), each_word(_BITS), ZERO
    while True:
        if i & _THREE == ZERO:
            undecided = pick(digits > ZERO, undecided, ZERO)
            if not anywhere(undecided > ZERO):
                return where(sure, to_number(hits), math.nan)
        sure = sure & (undecided <= left)
        undecided = pick(undecided <= left, undecided, ZERO)
        decided = ones(low & ((ONE << undecided) - ONE))
        low = (low >> undecided) | ((high << ONE) << (_SIXTY_THREE - undecided))
        high >>= undecided
        left -= undecided
        hits += pick(digits > _HALF, decided, ZERO)
        undecided -= decided
        digits <<= ONE
        i += ONE
