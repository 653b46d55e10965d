"""Quantiles as order statistics, with exact distribution-free intervals.

The q-quantile is the inverse of the empirical distribution function, the ceil(n q)-th smallest
value (type 1 of Hyndman and Fan 1996): always a value that a path had. Interpolating types
would report an IRR of -70 % where half the paths lost all and the next ones returned money.
"""

from __future__ import annotations

import math
from fractions import Fraction
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pfs_sim.errors import InputError
from pfs_sim.metrics.estimates import LEVEL, NAN, UNDEFINED_INTERVAL, Interval, find_critical_value
from pfs_sim.metrics.sampling import INDEPENDENT, FloatArray, Sampling, as_paths


def sort_defined(x: ArrayLike) -> FloatArray:
    """The defined values in ascending order."""
    ordered = np.sort(as_paths(x))
    # NaN sorts last, so the first of them ends the defined values.
    return ordered[: int(np.searchsorted(ordered, np.nan))]


@lru_cache(maxsize=1024)
def read_share(q: float) -> Fraction:
    """q as the decimal that was written: 0.07 of 100 paths is 7 of them, not 7.000000000000001."""
    if not 0.0 < q < 1.0:
        raise InputError(f"a share must lie between 0 and 1, got {q}")
    return Fraction(repr(float(q)))


@lru_cache(maxsize=1024)
def find_rank(n: int, q: float) -> int:
    """Rank (from 1) of the q-quantile among n values."""
    return math.ceil(read_share(q) * n)


@lru_cache(maxsize=1024)
def choose_ranks(n: int, q: float, level: float = LEVEL) -> tuple[int, int]:
    """Ranks of the order statistics that enclose the q-quantile with at least `level`.

    With B ~ Binomial(n, q), [X(l), X(u)] covers with probability P(l <= B <= u - 1), more on
    ties (David and Nagaraja 2003, Order Statistics, section 7.1). Starts from tails of at most
    (1 - level)/2 each, then narrows by single ranks while the coverage stays at `level`.
    l = 0 or u = n + 1: no value of so small a sample bounds the quantile on that side.
    """
    from pfs_sim.special import bdtr, bdtrc

    tail = (1.0 - level) / 2.0

    def below(rank: int) -> float:  # P(B <= rank - 1): the quantile lies under X(rank)
        return float(bdtr(rank - 1, n, q)) if rank > 0 else 0.0

    def above(rank: int) -> float:  # P(B >= rank): the quantile lies over X(rank)
        return float(bdtrc(rank - 1, n, q)) if rank <= n else 0.0

    half = find_critical_value(level) * math.sqrt(n * q * (1.0 - q))
    low = min(max(int(n * q - half), 0), n)
    while low < n and below(low + 1) <= tail:
        low += 1
    while low > 0 and below(low) > tail:
        low -= 1
    high = min(max(int(n * q + half), 1), n + 1)
    while high > 1 and above(high - 1) <= tail:
        high -= 1
    while high <= n and above(high) > tail:
        high += 1
    while True:
        raised = below(low + 1) + above(high)
        lowered = below(low) + above(high - 1) if high > 1 else 1.0
        fits = [error for error in (raised, lowered) if error <= 1.0 - level]
        if not fits:
            return low, high
        if max(fits) == raised:
            low += 1
        else:
            high -= 1


def choose_grouped_ranks(n: int, q: float, effect: float, critical: float) -> tuple[int, int]:
    """Ranks about the q-quantile when paths are not independent (Woodruff 1952, JASA 47).

    The share of paths below the quantile errs by sqrt(effect q (1 - q) / n); its interval is
    read off the order statistics, rounded outward.
    """
    half = critical * math.sqrt(effect * q * (1.0 - q) / n)
    low = math.floor(n * (q - half))
    high = math.ceil(n * (q + half)) + 1
    return max(low, 0), min(high, n + 1)


def enclose_quantile(
    ordered: FloatArray, q: float, ranks: tuple[int, int], df: int | None = None
) -> Interval:
    """The q-quantile of values in ascending order and the interval between two ranks."""
    n = ordered.size
    low, high = ranks
    return Interval(
        float(ordered[find_rank(n, q) - 1]),
        float(ordered[low - 1]) if low >= 1 else -math.inf,
        float(ordered[high - 1]) if high <= n else math.inf,
        df,
    )


def _find_effect_at(paths: FloatArray, value: float, sampling: Sampling) -> float:
    """Design effect of the share of paths at or below a value (below it, if all are at)."""
    defined = ~np.isnan(paths)
    below = paths <= value
    if np.count_nonzero(below) == np.count_nonzero(defined):
        below = paths < value
    return sampling.find_design_effect(below, defined)


def find_quantile_of_sorted(
    ordered: FloatArray,
    q: float,
    *,
    level: float = LEVEL,
    paths: FloatArray | None = None,
    sampling: Sampling = INDEPENDENT,
) -> Interval:
    """The q-quantile of values already in ascending order, undefined ones left out.

    `paths` are the same values in path order, needed where paths are not independent.
    """
    share = read_share(q)
    n = ordered.size
    if n == 0:
        return UNDEFINED_INTERVAL
    if sampling.independent or paths is None:
        return enclose_quantile(ordered, q, choose_ranks(n, float(q), level))
    value = float(ordered[math.ceil(share * n) - 1])
    effect = _find_effect_at(paths, value, sampling)
    critical = find_critical_value(level, sampling.df)
    ranks = choose_grouped_ranks(n, q, effect, critical)
    return enclose_quantile(ordered, q, ranks, sampling.df)


def find_shifts(
    a: ArrayLike, b: ArrayLike, q: float, *, sampling: Sampling = INDEPENDENT
) -> tuple[float, float]:
    """Least and most of b(r) - a(r) over the ranks r that enclose the q-quantile.

    Where b is a moved along a rising curve (a cap, another tier on the same paths) this encloses
    the difference of the two quantiles with the confidence of the ranks, jumps included. The
    ranks are those of the smaller sample; NaN where one of them is empty.
    """
    first, second = sort_defined(a), sort_defined(b)
    n = min(first.size, second.size)
    if n == 0:
        return NAN, NAN
    if sampling.independent:
        low, high = choose_ranks(n, float(q), LEVEL)
    else:
        value = float(first[find_rank(first.size, q) - 1])
        effect = _find_effect_at(as_paths(a), value, sampling)
        low, high = choose_grouped_ranks(n, q, effect, sampling.critical_value)
    ranks = np.arange(max(low, 1), min(high, n) + 1)
    apart = _stretch(second, ranks, n) - _stretch(first, ranks, n)
    return float(apart.min()), float(apart.max())


def _stretch(ordered: FloatArray, ranks: NDArray[np.int64], n: int) -> FloatArray:
    """Values at ranks out of n, also where there are more than n of them."""
    places = -(-ranks * ordered.size // n) - 1
    return ordered[places]


def quantile(
    x: ArrayLike, q: float, *, level: float = LEVEL, sampling: Sampling = INDEPENDENT
) -> Interval:
    """The q-quantile over paths, 0 < q < 1, with its order-statistic interval."""
    paths = as_paths(x)
    return find_quantile_of_sorted(
        sort_defined(paths), q, level=level, paths=paths, sampling=sampling
    )


def value_at_risk(
    x: ArrayLike, level: float, *, tail: str = "low", sampling: Sampling = INDEPENDENT
) -> Interval:
    """The value that is not passed on the bad side with probability `level`.

    tail "low" (returns: low is bad): the (1 - level)-quantile. tail "high" (payments, losses:
    high is bad): the level-quantile. In the quantity's own sign and unit.
    """
    if tail not in ("low", "high"):
        raise InputError(f"tail is 'low' or 'high', got {tail!r}")
    q = float(1 - read_share(level)) if tail == "low" else level
    return quantile(x, q, sampling=sampling)
