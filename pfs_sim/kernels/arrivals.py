"""Referrals of paths side by side: most need two random words and no second look.

A point under the hat is tested for all paths at once. Who is rejected waits until all periods have
been drawn, and then takes the next point, beside others who do (`pfs_sim.kernels.together`). A
path of which nothing is certain starts anew by itself, from the same words: every count is the one
that `poisson` or `negative_binomial` draws from its stream.
"""

from __future__ import annotations

from pfs_sim.kernels._jit import inner_apart, once
from pfs_sim.kernels._wide import (
    anywhere,
    each,
    floor,
    greater,
    holds_for,
    look_up,
    magnitude,
    of,
    replace,
    root,
    where,
    word_of,
)
from pfs_sim.kernels.counts import INVERSION_MEAN, poisson
from pfs_sim.kernels.normals import normals_inside
from pfs_sim.kernels.random import ONE, ZERO, Rng, Word, open_stream, wide_block, wide_uniform
from pfs_sim.kernels.rough import gap_of_poisson
from pfs_sim.kernels.samplers import gammas_inside, negative_binomial
from pfs_sim.kernels.thinning import address
from pfs_sim.kernels.together import LANE, OF_A_DRAW, find_words, let_wait, wait_on
from pfs_sim.tables.state import Draws
from pfs_sim.tables.wide import ABREAST, Wide


@once
def arrive(
    rng: Rng, key: Word, paths: Wide, dispersion: float, mean: Wide, came: Wide, draws: Draws
) -> None:
    """Draw how many come in each period: came[t], of mean[t].

    With a dispersion it is negative binomial, else (0) Poisson. `mean` and `came` are wide arrays;
    `draws` has room for a draw of each period.
    """
    for t in range(mean.size):
        _arrive_at(t, rng, key, address(t, 0, 0), paths, dispersion, mean[t], draws)
    _settle(rng, key, dispersion, draws)
    for t in range(mean.size):
        came[t] = draws.found[t]


@once
def _arrive_at(
    t: int,
    rng: Rng,
    key: Word,
    index: Word,
    paths: Wide,
    dispersion: float,
    mean: Wide,
    draws: Draws,
) -> None:
    """Draw how many come in one period: with a dispersion its block 0 gives each path a mean."""
    rate, asks, block, found = mean, ~(mean <= 0.0), ZERO, each(0.0)
    if anywhere(asks):
        low, high = wide_block(key, block, index, paths)
        if dispersion > 0.0:
            rate = gammas_inside(each(dispersion), normals_inside(low), wide_uniform(high))
            rate *= mean / dispersion
            block = ONE
            low, high = wide_block(key, block, index, paths)
        count, sure = _try(rate, low, high)
        found = where(asks & (sure > 0.0), count, 0.0)
        alone = asks & (sure == 0.0)
        if anywhere(alone):
            found = _draw_alone(rng, key, index, paths, dispersion, mean, alone, found)
        draws.n[t], draws.p[t], draws.keys[t], draws.indices[t] = rate, mean, key, index
        let_wait(draws, t, block, asks & (sure < 0.0), sure < 0.0)
    draws.found[t] = found


@inner_apart
def _draw_alone(
    rng: Rng,
    key: Word,
    index: Word,
    paths: Wide,
    dispersion: float,
    mean: Wide,
    alone: Wide,
    found: Wide,
) -> Wide:
    """Draw anew, for some paths, from the first words of their stream on."""
    for lane in range(ABREAST):
        if holds_for(alone, lane):
            one = _draw_one(rng, key, index, word_of(paths, lane), dispersion, of(mean, lane))
            found = replace(found, lane, one)
    return found


@inner_apart
def _draw_one(
    rng: Rng, key: Word, index: Word, path: Word, dispersion: float, mean: float
) -> float:
    """Draw for one path by itself."""
    open_stream(rng, key, index, path)
    if dispersion > 0.0:
        return float(negative_binomial(rng, dispersion, mean))
    return float(poisson(rng, mean))


@inner_apart
def _settle(rng: Rng, key: Word, dispersion: float, draws: Draws) -> None:
    """Draw for all who wait."""
    waiting = draws.waiting[0]
    while waiting > 0:
        left = 0
        for first in range(0, waiting, ABREAST):
            count = min(ABREAST, waiting - first)
            place, low, high = find_words(draws, first)
            found, sure = _try(look_up(draws.all_n, place), low, high)
            for lane in range(count):
                here = draws.all_places[first + lane]
                draws.all_found[here] = of(found, lane)
                if of(sure, lane) == 0.0:
                    path, own = draws.all_paths[here & LANE], draws.indices[here >> OF_A_DRAW]
                    draws.all_found[here] = _draw_one(
                        rng, key, own, path, dispersion, draws.all_p[here]
                    )
                left = wait_on(draws, first + lane, left, of(sure, lane) < 0.0)
        waiting = left
    draws.waiting[0] = 0


@once
def _try(mean: Wide, first: Wide, second: Wide) -> tuple[Wide, Wide]:
    """The count at the point of two words; positive if it is surely accepted, negative if not.

    As `pfs_sim.kernels.counts` tries it. Zero for a mean below 10.
    """
    u, v = wide_uniform(first) - 0.5, wide_uniform(second)
    asks, most = mean >= INVERSION_MEAN, greater(mean, INVERSION_MEAN)
    b = 0.931 + 2.53 * root(most)
    a = -0.059 + 0.02483 * b
    edge = 0.5 - magnitude(u)
    count = floor((2.0 * a / edge + b) * u + most + 0.43)
    inside = (edge >= 0.07) & (v <= 0.9277 - 3.6224 / (b - 2.0))
    outside = (count < 0.0) | ((edge < 0.013) & (v > edge))
    square = edge * edge
    above, below = v * (1.1239 * (b - 3.4) + 1.1328) * square, (b - 3.4) * (a + b * square)
    sure = where(outside, -1.0, gap_of_poisson(most, count, above, below))
    return count, where(asks, where(inside, 1.0, sure), 0.0)
