"""The laws of chance: what one draw from an open stream gives.

Every count is drawn from its exact law (model §2: never a normal approximation), to the
resolution of double precision. Counts come back as float64 because the base case at the means
carries fractional people; the value of a draw is always a whole number. A parameter that leaves
no room for chance (no people, probability 0 or 1, rate 0) gives the certain value and uses no
words; a NaN parameter gives NaN. All other arguments are the caller's to check.

Sources: Marsaglia and Tsang (2000), A simple method for generating gamma variables, ACM TOMS
26(3); for the counts and the normal see `counts` and `normals`.
"""

from __future__ import annotations

import math

from pfs_sim.kernels._jit import apart, inline, lean, once
from pfs_sim.kernels._wide import greater, root, where
from pfs_sim.kernels.counts import binomial, poisson
from pfs_sim.kernels.normals import normal
from pfs_sim.kernels.random import Rng, uniform
from pfs_sim.tables.wide import Wide

__all__ = [
    "beta",
    "beta_binomial",
    "binomial",
    "exponential",
    "gamma",
    "negative_binomial",
    "normal",
    "poisson",
]


@inline
def exponential(rng: Rng) -> float:
    """Draw a waiting time with mean 1, by inversion."""
    return -math.log(uniform(rng))


@apart
def gamma(rng: Rng, shape: float) -> float:
    """Draw a gamma variate of unit scale: mean and variance ``shape``.

    A tiny shape gives values that underflow to 0 as the exact law does in double precision.
    """
    if not shape > 0.0:
        return 0.0 * shape
    if shape >= 1.0:
        return _gamma_from_normal(rng, shape)
    value = _gamma_from_normal(rng, shape + 1.0)
    return value * math.exp(math.log(uniform(rng)) / shape)


@inline
def _gamma_from_normal(rng: Rng, shape: float) -> float:
    """Marsaglia and Tsang: a normal, cubed and squeezed, for a shape of at least 1."""
    d = shape - 1.0 / 3.0
    c = 1.0 / math.sqrt(9.0 * d)
    while True:
        x = normal(rng)
        t = c * x
        if t <= -1.0:
            continue
        u = uniform(rng)
        value = d * ((1.0 + t) * (1.0 + t) * (1.0 + t))
        if u < 1.0 - 0.0331 * (x * x) * (x * x):
            return value
        excess = 3.0 * math.log1p(t) - t * (3.0 + t * (3.0 + t))
        if math.log(u) < 0.5 * (x * x) + d * excess:
            return value


@once
def gammas_inside(shape: Wide, x: Wide, u: Wide) -> Wide:
    """What a normal and a uniform give at once, of paths side by side.

    NaN where it takes more, and for a shape below 1.
    """
    d = greater(shape, 1.0) - 1.0 / 3.0
    t = 1.0 / root(9.0 * d) * x
    square = x * x
    sure = (t > -1.0) & (u < 1.0 - 0.0331 * square * square) & (shape >= 1.0)
    return where(sure, d * ((1.0 + t) * (1.0 + t) * (1.0 + t)), math.nan)


@lean
def _log_gamma_variate(rng: Rng, shape: float) -> float:
    """The logarithm of a gamma variate, which does not underflow at tiny shapes."""
    if shape >= 1.0:
        return math.log(_gamma_from_normal(rng, shape))
    value = math.log(_gamma_from_normal(rng, shape + 1.0))
    return value + math.log(uniform(rng)) / shape


@apart
def beta(rng: Rng, a: float, b: float) -> float:
    """Draw a beta variate, mean a / (a + b), as the share of one gamma in the sum of two."""
    if a >= 1.0 and b >= 1.0:
        x = gamma(rng, a)
        return x / (x + gamma(rng, b))
    gap = _log_gamma_variate(rng, a)
    gap = _log_gamma_variate(rng, b) - gap
    if gap > 700.0:
        return math.exp(-gap)
    return 1.0 / (1.0 + math.exp(gap))


@apart
def negative_binomial(rng: Rng, dispersion_k: float, mean: float) -> float:
    """Draw a count with the given mean and variance mean + mean**2 / dispersion_k.

    A Poisson whose mean is itself gamma with shape ``dispersion_k`` > 0 (model §4, §6).
    """
    if not mean > 0.0:
        return 0.0 * mean
    return poisson(rng, gamma(rng, dispersion_k) * (mean / dispersion_k))


@apart
def beta_binomial(rng: Rng, n: float, p: float, icc: float) -> float:
    """Draw how many of ``n`` people in one cluster have an event of mean probability ``p``.

    Any two of them are correlated by ``icc`` in [0, 1]: variance n p (1-p) (1 + (n-1) icc). The
    cluster's own probability is beta with a = p (1-icc)/icc and b = (1-p) (1-icc)/icc.
    """
    if not (n > 0.0 and 0.0 < p < 1.0 and icc > 0.0):
        return binomial(rng, n, p)
    if icc >= 1.0:
        return n * 1.0 if uniform(rng) < p else 0.0
    strength = (1.0 - icc) / icc
    return binomial(rng, n, beta(rng, p * strength, (1.0 - p) * strength))
