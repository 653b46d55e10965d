"""The bad tail: expected shortfall, loss given loss, and the mass at single points."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
from numpy.typing import ArrayLike

from pfs_sim.errors import InputError
from pfs_sim.metrics.estimates import NAN, UNDEFINED_ESTIMATE, Estimate, Interval
from pfs_sim.metrics.moments import find_wilson_interval, mean, probability
from pfs_sim.metrics.quantiles import read_share, sort_defined
from pfs_sim.metrics.sampling import INDEPENDENT, FloatArray, Sampling, as_paths

# A payment at the cap is a sum of parts: it may miss the cap by the rounding of a few hundred
# additions. Zero and -1 are met exactly or within the same relative distance.
SAME = 1e-12


def _check_tail(tail: str) -> None:
    if tail not in ("low", "high"):
        raise InputError(f"tail is 'low' or 'high', got {tail!r}")


def find_shortfall_of_sorted(
    ordered: FloatArray,
    level: float,
    *,
    tail: str = "low",
    paths: FloatArray | None = None,
    sampling: Sampling = INDEPENDENT,
) -> Estimate:
    """Expected shortfall of values already in ascending order; see `expected_shortfall`."""
    _check_tail(tail)
    n = ordered.size
    worst_share = 1 - read_share(level)
    if n == 0:
        return UNDEFINED_ESTIMATE
    size = worst_share * n
    whole = math.floor(size)
    sign = 1.0 if tail == "low" else -1.0
    taken = min(whole + 1, n)
    worst = sign * (ordered[:taken] if tail == "low" else ordered[::-1][:taken])
    # The first value outside the whole ones: it takes the fraction left over, and where it
    # ends a mass point that just fills the tail, it keeps the error from reading zero.
    threshold = float(worst[-1])
    with np.errstate(invalid="ignore"):
        excess = np.minimum(worst - threshold, 0.0)
        value = threshold + float(np.sum(excess)) / float(size)
    if ordered[0] == ordered[-1]:
        return Estimate(sign * value, 0.0, sampling.df)
    if whole < 2:
        return Estimate(sign * value, NAN, sampling.df)
    center = value - threshold
    scale = n / float(size)
    with np.errstate(invalid="ignore"):
        if not (sampling.independent or paths is None):
            influence = scale * np.minimum(sign * paths - threshold, 0.0) - center
            return sampling.estimate(sign * value, sign * influence, ~np.isnan(paths))
        inside = scale * excess - center
        squares = inside * inside
        spread = float(np.sum(squares)) + (n - taken) * center**2
        cubes = float(np.sum(squares * inside)) - (n - taken) * center**3
    skew = cubes / spread / math.sqrt(spread) if spread > 0.0 else 0.0
    se = math.sqrt(spread / (n - 1) / n)
    return Estimate(sign * value, se, sampling.df, sign * skew if math.isfinite(skew) else 0.0)


def expected_shortfall(
    x: ArrayLike, level: float, tail: str = "low", *, sampling: Sampling = INDEPENDENT
) -> Estimate:
    """The mean of the worst (1 - level) share of the paths, in the quantity's sign and unit.

    tail says which side is bad. The path at the edge of the tail counts by the fraction of it
    that is inside (Acerbi and Tasche 2002, Journal of Banking & Finance 26, Definition 2.6),
    which is exact with ties and mass points. With threshold v, its influence on low tails is
    min(x - v, 0)/(1 - level) + v - ES, and the error follows (Trindade et al. 2007, JBF 31).
    The error is undefined with fewer than two whole paths in the tail. That influence is skewed
    the more the smaller the tail, and the interval longer on that side, as for any mean. In a
    tail of under about 100 paths of which most are at one point it is somewhat too short.
    """
    paths = as_paths(x)
    return find_shortfall_of_sorted(
        sort_defined(paths), level, tail=tail, paths=paths, sampling=sampling
    )


def loss_given_loss(
    x: ArrayLike,
    bound: float = 0.0,
    *,
    tail: str = "low",
    sampling: Sampling = INDEPENDENT,
) -> Estimate:
    """How much is lost on the paths that lose, always positive.

    tail "low": E[bound - x | x < bound] (an MOIC under 1). tail "high": E[x - bound | x > bound]
    (a principal loss over 0). Undefined where no path loses.
    """
    _check_tail(tail)
    paths = as_paths(x)
    loss = bound - paths if tail == "low" else paths - bound
    lost = loss > 0.0
    if sampling.independent:
        return mean(loss[lost])
    return mean(np.where(lost, loss, np.nan), sampling=sampling)


def count_between(ordered: FloatArray, low: float, high: float) -> int:
    """How many of the values in ascending order lie in [low, high]."""
    first = int(np.searchsorted(ordered, low, side="left"))
    return int(np.searchsorted(ordered, high, side="right")) - first


def _surround(point: float) -> tuple[float, float]:
    if math.isnan(point):
        raise InputError("a mass point must be a number, got NaN")
    reach = SAME * abs(point) if math.isfinite(point) else 0.0
    return point - reach, point + reach


def find_mass_of_sorted(ordered: FloatArray, point: float, sampling: Sampling) -> Interval:
    """Share of independent paths at a point, from values in ascending order."""
    hits = count_between(ordered, *_surround(point))
    return find_wilson_interval(hits, ordered.size, sampling.critical_value)


def mass_points(
    x: ArrayLike, at: Mapping[str, float], *, sampling: Sampling = INDEPENDENT
) -> dict[str, Interval]:
    """The share of paths at each named point: total loss at IRR = -1, payment = 0, = the cap.

    A value is at a point within a relative 1e-12 of it (zero: exactly).
    """
    paths = as_paths(x)
    found = {}
    for name, point in at.items():
        low, high = _surround(point)
        hit = np.where(np.isnan(paths), np.nan, (paths >= low) & (paths <= high))
        found[name] = probability(hit, sampling=sampling)
    return found
