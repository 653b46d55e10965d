"""Means, spreads, probabilities, differences and ratios, each with its Monte Carlo error.

Undefined values (NaN) are left out of a statistic; `count_undefined` counts them, and a summary
always shows that count. Sums across paths are numpy's pairwise sums over contiguous arrays in
path order: same arrays, same bits, whatever the number of threads that made them.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike

from pfs_sim.errors import InputError
from pfs_sim.metrics.estimates import (
    LEVEL,
    NAN,
    UNDEFINED_ESTIMATE,
    UNDEFINED_INTERVAL,
    Estimate,
    Interval,
    find_critical_value,
)
from pfs_sim.metrics.sampling import INDEPENDENT, FloatArray, Sampling, as_paths


def count_undefined(x: ArrayLike) -> int:
    """Paths on which the quantity has no value."""
    return int(np.count_nonzero(np.isnan(as_paths(x))))


def _average(x: FloatArray) -> float:
    # A constant is its own mean to the bit; its sum divided by n need not be.
    if x.min() == x.max():
        return float(x[0])
    return float(np.sum(x)) / x.size


def mean(
    x: ArrayLike,
    weights: ArrayLike | None = None,
    *,
    pairs: bool = False,
    sampling: Sampling = INDEPENDENT,
) -> Estimate:
    """The mean over paths, its standard error and its skewness, which bends its interval.

    With `weights` (importance weights, non-negative) it is the self-normalized weighted mean,
    its error by linearization (Owen 2013, section 9.2). `pairs=True` is short for antithetic
    pairs (2i, 2i+1): the error is that of the pair means.
    """
    paths = as_paths(x)
    sampling = Sampling.of_pairs() if pairs else sampling
    defined = ~np.isnan(paths)
    n = int(np.count_nonzero(defined))
    if n == 0:
        return UNDEFINED_ESTIMATE
    if weights is None:
        weight = None
        value = _average(paths if n == paths.size else paths[defined])
    else:
        weight = as_paths(weights)
        if weight.size != paths.size or not np.all(weight >= 0):
            raise InputError("weights must be non-negative numbers, one a path")
        total = float(np.sum(weight[defined]))
        if total == 0:
            return UNDEFINED_ESTIMATE
        value = float(np.sum((weight * paths)[defined])) / total
    with np.errstate(invalid="ignore"):
        influence = paths - value
        if weight is not None:
            influence *= weight * (n / total)
        return sampling.estimate(value, influence, defined)


def find_moments(x: ArrayLike, sampling: Sampling = INDEPENDENT) -> tuple[Estimate, Estimate]:
    """`mean` and `sd` of one quantity from one pass over its squares."""
    paths = as_paths(x)
    defined = ~np.isnan(paths)
    n = int(np.count_nonzero(defined))
    if n == 0:
        return UNDEFINED_ESTIMATE, UNDEFINED_ESTIMATE
    value = _average(paths if n == paths.size else paths[defined])
    with np.errstate(invalid="ignore"):
        off = paths - value
        if n < paths.size:
            off[~defined] = 0.0
        average = sampling.estimate(value, off, defined)
        if n < 2:
            return average, UNDEFINED_ESTIMATE
        squares = np.multiply(off, off, out=off)
        variance = float(np.sum(squares)) / (n - 1)
        if variance == 0:
            return average, Estimate(0.0, 0.0, sampling.df)
        spread = math.sqrt(variance)
        squares -= variance
        se = sampling.find_standard_error(squares, defined) / (2.0 * spread)
    return average, Estimate(spread, se, sampling.df)


def sd(x: ArrayLike, *, sampling: Sampling = INDEPENDENT) -> Estimate:
    """The standard deviation (n - 1) and its standard error.

    Delta method through the fourth central moment: Var(s) = (m4 - s^4) / (4 s^2 n)
    (Cramer 1946, section 27.4, with the square root's slope). Where the fourth moment is large
    (heavy tails) the error is itself poorly known and tends to read too small.
    """
    return find_moments(x, sampling)[1]


def find_wilson_interval(successes: float, n: float, critical_value: float) -> Interval:
    """Wilson's score interval (Wilson 1927, JASA 22, 209-212) for successes out of n.

    Not symmetric, never outside [0, 1], and of honest width when no path or every path has the
    event. n may be an effective number of paths.
    """
    if n == 0:
        return UNDEFINED_INTERVAL
    p = successes / n
    z2 = critical_value * critical_value
    center = (p + z2 / (2.0 * n)) / (1.0 + z2 / n)
    half = critical_value / (1.0 + z2 / n) * math.sqrt(p * (1.0 - p) / n + z2 / (4.0 * n * n))
    low = 0.0 if p == 0 else max(0.0, center - half)
    high = 1.0 if p == 1 else min(1.0, center + half)
    return Interval(p, low, high)


def probability(
    mask: ArrayLike, *, level: float = LEVEL, sampling: Sampling = INDEPENDENT
) -> Interval:
    """The share of paths with an event, Wilson's interval about it.

    mask[path] is true or false, or 1, 0 and NaN where the event is undefined. Paths that are
    not independent count as the number of independent paths that would err as much.
    """
    paths = as_paths(mask)
    defined = ~np.isnan(paths)
    n = int(np.count_nonzero(defined))
    event = paths == 1.0
    successes = int(np.count_nonzero(event))
    if successes + int(np.count_nonzero(paths == 0.0)) != n:
        raise InputError("a probability takes true or false (1 or 0) on each path")
    if n == 0:
        return UNDEFINED_INTERVAL
    effect = sampling.find_design_effect(event, defined)
    critical = find_critical_value(level, sampling.df)
    found = find_wilson_interval(successes / effect, n / effect, critical)
    return Interval(successes / n, found.low, found.high, sampling.df)


def _pair_up(a: ArrayLike, b: ArrayLike) -> tuple[FloatArray, FloatArray]:
    first, second = as_paths(a), as_paths(b)
    if first.size != second.size:
        raise InputError(f"paths pair up one to one, got {first.size} and {second.size}")
    return first, second


def paired_difference(a: ArrayLike, b: ArrayLike, *, sampling: Sampling = INDEPENDENT) -> Estimate:
    """E[a - b] over the same paths (common random numbers), error from the differences.

    Paths on which either is undefined are left out.
    """
    first, second = _pair_up(a, b)
    return mean(first - second, sampling=sampling)


def find_pairing_gain(a: ArrayLike, b: ArrayLike) -> float:
    """How many times the variance of a difference falls by living it over the same paths.

    (Var a + Var b) / Var(a - b), over the paths on which both are defined: what independent
    runs would have against what the pair has. inf where the difference never varies.
    """
    first, second = _pair_up(a, b)
    both = ~np.isnan(first - second)
    if np.count_nonzero(both) < 2:
        return NAN
    apart = float(first[both].var(ddof=1) + second[both].var(ddof=1))
    together = float((first - second)[both].var(ddof=1))
    if together == 0:
        return math.inf if apart > 0 else NAN
    return apart / together


def ratio_of_means(a: ArrayLike, b: ArrayLike, *, sampling: Sampling = INDEPENDENT) -> Estimate:
    """E[a] / E[b] over the same paths, error by the delta method (Cochran 1977, section 2.11).

    Paths on which either is undefined are left out; undefined where the mean of b is zero.
    """
    first, second = _pair_up(a, b)
    defined = ~np.isnan(first - second)
    n = int(np.count_nonzero(defined))
    if n == 0:
        return UNDEFINED_ESTIMATE
    below = _average(second[defined])
    if below == 0:
        return UNDEFINED_ESTIMATE
    ratio = _average(first[defined]) / below
    influence = (first - ratio * second) / below
    return Estimate(ratio, sampling.find_standard_error(influence, defined), sampling.df)
