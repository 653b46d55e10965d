"""Natural parameters from two quantiles, as experts give them: solved exactly, not fitted."""

from __future__ import annotations

from collections.abc import Callable
from math import exp

Levels = dict[float, float]


def fit_line(quantiles: Levels, standard: Callable[[float], float]) -> tuple[float, float]:
    """Location and scale such that location + scale · standard(u) passes through both points."""
    (u, x), (v, y) = sorted(quantiles.items())
    a, b = float(standard(u)), float(standard(v))
    scale = (y - x) / (b - a)
    return x - scale * a, scale


def fit_gamma(quantiles: Levels) -> tuple[float, float]:
    """Shape and scale of a gamma: the ratio of two quantiles falls as the shape grows."""
    from numpy import log
    from scipy.optimize import brentq

    from pfs_sim.special import gammaincinv

    (u, x), (v, y) = sorted(quantiles.items())
    target = float(log(y / x))

    def miss(log_shape: float) -> float:
        low, high = gammaincinv(exp(log_shape), [u, v])
        return float(log(high / low)) - target if low > 0.0 else 1e300

    low, high = -7.0, 23.0  # shapes from 0.001 to 1e10
    if miss(low) < 0.0 or miss(high) > 0.0:
        raise ValueError(
            f"found gamma with quantiles {x:g} and {y:g}; allowed: quantiles whose ratio a gamma "
            "with a shape between 0.001 and 1e10 can have (are they too far apart, or too close?)"
        )
    shape = exp(brentq(miss, low, high, xtol=1e-14, rtol=1e-15))
    return shape, x / float(gammaincinv(shape, u))


def fit_beta(quantiles: Levels) -> tuple[float, float]:
    """Alpha and beta: for each alpha + beta the mean that meets the first quantile, then the sum
    that meets the second, which rises with the sum once the first is met.
    """
    from scipy.optimize import brentq

    from pfs_sim.special import betainc, expit

    (u, x), (v, y) = sorted(quantiles.items())

    def shapes(log_size: float) -> tuple[float, float]:
        size = exp(log_size)

        def miss(logit_mean: float) -> float:
            alpha, beta = size * expit(logit_mean), size * expit(-logit_mean)
            return float(betainc(alpha, beta, x)) - u

        logit_mean = brentq(miss, -60.0, 60.0, xtol=1e-14, rtol=1e-15)
        return size * float(expit(logit_mean)), size * float(expit(-logit_mean))

    def miss(log_size: float) -> float:
        return float(betainc(*shapes(log_size), y)) - v

    low, high = -9.0, 23.0  # alpha + beta from 0.0001 to 1e10
    if miss(low) > 0.0 or miss(high) < 0.0:
        raise ValueError(
            f"found beta with quantiles {x:g} and {y:g}; allowed: quantiles that a beta with "
            "alpha + beta between 0.0001 and 1e10 can have (are they too far apart, or too close?)"
        )
    return shapes(brentq(miss, low, high, xtol=1e-14, rtol=1e-15))
