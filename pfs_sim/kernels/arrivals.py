"""Referrals of all periods side by side: most need two random words and no second look.

The first words of all periods are made in one loop, and so is what they give at once; both loops
become vectors. A period whose words say nothing for certain starts anew by itself, from the
same words: every count is the one that `poisson` or `negative_binomial` draws from its stream.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from pfs_sim.kernels._jit import lean, once
from pfs_sim.kernels.counts import poisson, poisson_inside
from pfs_sim.kernels.random import ONE, TWO, ZERO, Rng, Word, Words, fill_blocks, open_made
from pfs_sim.kernels.rough import over
from pfs_sim.kernels.samplers import gamma_inside, negative_binomial
from pfs_sim.kernels.thinning import address

F8 = npt.NDArray[np.float64]


@once
def arrive(
    rng: Rng, key: Word, path: int, dispersion: float, mean: F8, words: Words, came: F8
) -> None:
    """Draw how many come in each period: came[t], of mean[t].

    With a dispersion it is negative binomial, else (0) Poisson. `words` [2, 2t] is working space.
    """
    periods, step = mean.size, address(1, 0, 0)
    fill_blocks(key, ZERO, step, ZERO, path, words[0, : 2 * periods])
    if dispersion > 0.0:
        fill_blocks(key, ZERO, step, ONE, path, words[1, : 2 * periods])
        _look_twice(dispersion, mean, words, came)
    else:
        _look(mean, words, came)
    for t in range(periods):
        if mean[t] <= 0.0:
            came[t] = 0.0
        elif not came[t] >= 0.0:
            i = TWO * np.uint64(t)
            open_made(rng, key, address(t, 0, 0), path, words[0, i], words[0, i + ONE])
            if dispersion > 0.0:
                came[t] = negative_binomial(rng, dispersion, mean[t])
            else:
                came[t] = poisson(rng, mean[t])


@lean
def _look(mean: F8, words: Words, came: F8) -> None:
    """What block 0 gives at once: a Poisson, or NaN."""
    for t in range(mean.size):
        i = TWO * np.uint64(t)
        came[t] = poisson_inside(mean[t], words[0, i], words[0, i + ONE])


@lean
def _look_twice(dispersion: float, mean: F8, words: Words, came: F8) -> None:
    """What block 0 gives at once, a gamma variate, and block 1 to a Poisson of its mean."""
    for t in range(mean.size):
        i = TWO * np.uint64(t)
        rate = gamma_inside(dispersion, words[0, i], words[0, i + ONE])
        rate *= over(mean[t], dispersion)
        came[t] = poisson_inside(rate, words[1, i], words[1, i + ONE])
