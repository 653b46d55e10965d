"""Referrals of paths side by side: most need two random words and no second look.

A point under the hat is tested for all paths at once, and who is rejected takes the next one. A
path of which nothing is certain starts anew by itself, from the same words: every count is the one
that `poisson` or `negative_binomial` draws from its stream.
"""

from __future__ import annotations

from pfs_sim.kernels._jit import inner_apart, once
from pfs_sim.kernels._wide import (
    anywhere,
    each,
    each_word,
    floor,
    greater,
    holds_for,
    magnitude,
    of,
    replace,
    root,
    where,
    word_of,
)
from pfs_sim.kernels.counts import INVERSION_MEAN, poisson
from pfs_sim.kernels.normals import normals_inside
from pfs_sim.kernels.random import ONE, ZERO, Rng, Word, open_made, wide_block, wide_uniform
from pfs_sim.kernels.rough import gap_of_poisson
from pfs_sim.kernels.samplers import gammas_inside, negative_binomial
from pfs_sim.kernels.thinning import address
from pfs_sim.tables.wide import ABREAST, Wide


@once
def arrive(rng: Rng, key: Word, paths: Wide, dispersion: float, mean: Wide, came: Wide) -> None:
    """Draw how many come in each period: came[t], of mean[t].

    With a dispersion it is negative binomial, else (0) Poisson. `mean` and `came` are wide arrays.
    """
    for t in range(mean.size):
        came[t] = _arrive_at(rng, key, address(t, 0, 0), paths, dispersion, mean[t])


@once
def _arrive_at(
    rng: Rng, key: Word, index: Word, paths: Wide, dispersion: float, mean: Wide
) -> Wide:
    """Draw how many come in one period: with a dispersion its block 0 gives each path a mean."""
    found, rate, waiting = each(0.0), mean, ~(mean <= 0.0)
    first = second = each_word(ZERO)
    block = ZERO
    while anywhere(waiting):
        low, high = wide_block(key, block, index, paths)
        block += ONE
        if block == ONE:
            first, second = low, high
            if dispersion > 0.0:
                rate = gammas_inside(each(dispersion), normals_inside(low), wide_uniform(high))
                rate *= mean / dispersion
                continue
        count, sure = _try(rate, wide_uniform(low) - 0.5, wide_uniform(high), waiting)
        found = where(sure > 0.0, count, found)
        alone = waiting & (sure == 0.0)
        if anywhere(alone):
            found = _draw_alone(
                rng, key, index, paths, dispersion, mean, first, second, alone, found
            )
        waiting = sure < 0.0
    return found


@inner_apart
def _draw_alone(
    rng: Rng,
    key: Word,
    index: Word,
    paths: Wide,
    dispersion: float,
    mean: Wide,
    first: Wide,
    second: Wide,
    alone: Wide,
    found: Wide,
) -> Wide:
    """Draw anew, for some paths, from the first two words of their stream on."""
    for lane in range(ABREAST):
        if holds_for(alone, lane):
            path, one = word_of(paths, lane), of(mean, lane)
            open_made(rng, key, index, path, word_of(first, lane), word_of(second, lane))
            if dispersion > 0.0:
                found = replace(found, lane, negative_binomial(rng, dispersion, one))
            else:
                found = replace(found, lane, poisson(rng, one))
    return found


@once
def _try(mean: Wide, u: Wide, v: Wide, asks: Wide) -> tuple[Wide, Wide]:
    """The count at a point under the hat; positive if it is surely accepted, negative if not.

    As `pfs_sim.kernels.counts` tries it. Zero for who does not ask, and for a mean below 10.
    """
    asks = asks & (mean >= INVERSION_MEAN)
    most = greater(mean, INVERSION_MEAN)
    b = 0.931 + 2.53 * root(most)
    a = -0.059 + 0.02483 * b
    edge = 0.5 - magnitude(u)
    count = floor((2.0 * a / edge + b) * u + most + 0.43)
    inside = (edge >= 0.07) & (v <= 0.9277 - 3.6224 / (b - 2.0))
    outside = (count < 0.0) | ((edge < 0.013) & (v > edge))
    sure = where(inside, 1.0, where(outside, -1.0, 0.0))
    if anywhere(asks & (sure == 0.0)):
        square = edge * edge
        above, below = v * (1.1239 * (b - 3.4) + 1.1328) * square, (b - 3.4) * (a + b * square)
        sure = where(sure == 0.0, gap_of_poisson(most, count, above, below), sure)
    return count, where(asks, sure, 0.0)
