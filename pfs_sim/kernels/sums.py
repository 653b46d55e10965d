"""Sums over clients who share a level: counts, amounts and scores (model §6).

One draw for all of them. Of paths side by side, what the first two words of an amount or a score
give at once is found for all together; the others draw alone, from the same words.
"""

from __future__ import annotations

import math
from typing import Any

from pfs_sim.kernels._jit import apart, inner_apart
from pfs_sim.kernels._wide import anywhere, each, holds_for, of, replace, root, where, word_of
from pfs_sim.kernels.counts import poisson
from pfs_sim.kernels.normals import normal, normals_inside
from pfs_sim.kernels.random import ZERO, Rng, Word, open_stream, wide_block, wide_uniform
from pfs_sim.kernels.samplers import gamma, gammas_inside, negative_binomial
from pfs_sim.kernels.thinning import thin
from pfs_sim.tables.people import Kind
from pfs_sim.tables.wide import ABREAST, Wide


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
        drawn = normals_inside(first)
        if fact.kind == Kind.AMOUNT:
            drawn = gammas_inside(spread * m, drawn, wide_uniform(second)) * level / spread
            drawn = where(share == 1.0, drawn, math.nan)
        else:
            drawn = m * level + drawn * root(m) * spread
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
