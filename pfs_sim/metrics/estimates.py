"""A number and how sure it is: the two shapes in which every statistic of a run is given.

An undefined number (the IRR of nothing invested, the mean of no paths) is NaN in Python and
`null` in JSON. An end of an interval that a sample is too small to bound is -inf or +inf in
Python and `null` in JSON: the interval is open on that side, and says so.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from statistics import NormalDist
from typing import Any, Self

NAN = float("nan")
LEVEL = 0.95
STRAIGHT = 1e-6
"""Skewness of a mean below which its interval is symmetric to all digits that are shown."""


@lru_cache(maxsize=256)
def find_critical_value(level: float = LEVEL, df: int | None = None) -> float:
    """Half-width in standard errors of a two-sided interval: normal, or Student t with `df`."""
    if df is None:
        return NormalDist().inv_cdf((1.0 + level) / 2.0)
    if df < 1:
        return NAN
    from pfs_sim.special import stdtrit

    return float(stdtrit(df, (1.0 + level) / 2.0))


def straighten(x: float, skew: float) -> float:
    """The t statistic of a mean with this skewness whose straightened value is x.

    Inverse of g(t) = t + k t²/3 + k² t³/27 + k/6 (Hall 1992, eq. 2.2), k the skewness of the mean.
    """
    if abs(skew) < STRAIGHT:
        return x
    return 3.0 / skew * (math.cbrt(1.0 + skew * (x - skew / 6.0)) - 1.0)


def number_or_null(value: float) -> float | None:
    """The number as JSON can hold it: NaN and the infinities become null."""
    return float(value) if math.isfinite(value) else None


def _read(value: float | None, missing: float) -> float:
    return missing if value is None else float(value)


@dataclass(frozen=True)
class Estimate:
    """A statistic and its Monte Carlo standard error, in the unit of the statistic.

    `df` is set where the error comes from a few independent replicates, so that an interval
    uses Student t with that many degrees of freedom; None where paths are many. `skew` is the
    skewness of a mean, that of its paths over the root of their number; 0 where it is not known.
    """

    value: float
    se: float
    df: int | None = None
    skew: float = 0.0

    @property
    def error(self) -> float:
        """The standard error, by the name under which an `Interval` has one too."""
        return self.se

    def interval(self, level: float = LEVEL) -> Interval:
        """value ± critical value x se; longer on the side to which the paths of a mean are skewed.

        Skewness is taken out of the t statistic by the cubic transformation of Hall (1992, Journal
        of the Royal Statistical Society B 54(2), 221-228, eq. 2.2), which, unlike the quadratic one
        of Johnson (1978, Journal of the American Statistical Association 73, 536-544), is one to
        one. Both sides then err by O(1/n) instead of O(1/sqrt(n)).
        """
        critical = find_critical_value(level, self.df)
        low = self.value - straighten(critical, self.skew) * self.se
        high = self.value - straighten(-critical, self.skew) * self.se
        return Interval(self.value, low, high)

    def to_json(self) -> dict[str, float | None]:
        found: dict[str, float | None] = {
            "value": number_or_null(self.value),
            "se": number_or_null(self.se),
        }
        if self.se > 0.0:
            interval = self.interval()
            found |= {"low": number_or_null(interval.low), "high": number_or_null(interval.high)}
        if self.df is not None:
            found["df"] = self.df
        if self.skew:
            found["skew"] = number_or_null(self.skew)
        return found

    @classmethod
    def from_json(cls, found: dict[str, Any]) -> Self:
        skew = _read(found.get("skew"), 0.0)
        return cls(_read(found["value"], NAN), _read(found["se"], NAN), found.get("df"), skew)


@dataclass(frozen=True)
class Interval:
    """A statistic and its confidence interval, 95 % unless it was asked for otherwise.

    `df` is set where the interval is one of Student t, as of an `Estimate`.
    """

    value: float
    low: float
    high: float
    df: int | None = None

    @property
    def error(self) -> float:
        """The standard error that a 95 % interval so wide has, normal or Student; NaN if open."""
        if not (math.isfinite(self.low) and math.isfinite(self.high)):
            return NAN
        return (self.high - self.low) / (2.0 * find_critical_value(LEVEL, self.df))

    def to_json(self) -> dict[str, float | None]:
        found: dict[str, float | None] = {
            "value": number_or_null(self.value),
            "low": number_or_null(self.low),
            "high": number_or_null(self.high),
        }
        return found if self.df is None else found | {"df": self.df}

    @classmethod
    def from_json(cls, found: dict[str, Any]) -> Self:
        value = _read(found["value"], NAN)
        undefined = math.isnan(value)
        return cls(
            value,
            _read(found["low"], NAN if undefined else -math.inf),
            _read(found["high"], NAN if undefined else math.inf),
            found.get("df"),
        )


UNDEFINED_ESTIMATE = Estimate(NAN, NAN)
UNDEFINED_INTERVAL = Interval(NAN, NAN, NAN)
