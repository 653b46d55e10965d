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


@lru_cache(maxsize=256)
def find_critical_value(level: float = LEVEL, df: int | None = None) -> float:
    """Half-width in standard errors of a two-sided interval: normal, or Student t with `df`."""
    if df is None:
        return NormalDist().inv_cdf((1.0 + level) / 2.0)
    if df < 1:
        return NAN
    from scipy.special import stdtrit

    return float(stdtrit(df, (1.0 + level) / 2.0))


def number_or_null(value: float) -> float | None:
    """The number as JSON can hold it: NaN and the infinities become null."""
    return float(value) if math.isfinite(value) else None


def _read(value: float | None, missing: float) -> float:
    return missing if value is None else float(value)


@dataclass(frozen=True)
class Estimate:
    """A statistic and its Monte Carlo standard error, in the unit of the statistic.

    `df` is set where the error comes from a few independent replicates, so that an interval
    uses Student t with that many degrees of freedom; None where paths are many.
    """

    value: float
    se: float
    df: int | None = None

    @property
    def error(self) -> float:
        """The standard error, by the name under which an `Interval` has one too."""
        return self.se

    def interval(self, level: float = LEVEL) -> Interval:
        """value ± critical value x se."""
        half = find_critical_value(level, self.df) * self.se
        return Interval(self.value, self.value - half, self.value + half)

    def to_json(self) -> dict[str, float | None]:
        found: dict[str, float | None] = {
            "value": number_or_null(self.value),
            "se": number_or_null(self.se),
        }
        if self.df is not None:
            found["df"] = self.df
        return found

    @classmethod
    def from_json(cls, found: dict[str, Any]) -> Self:
        return cls(_read(found["value"], NAN), _read(found["se"], NAN), found.get("df"))


@dataclass(frozen=True)
class Interval:
    """A statistic and its confidence interval, 95 % unless it was asked for otherwise."""

    value: float
    low: float
    high: float

    @property
    def error(self) -> float:
        """The standard error that a normal 95 % interval as wide would have; NaN if open."""
        if not (math.isfinite(self.low) and math.isfinite(self.high)):
            return NAN
        return (self.high - self.low) / (2.0 * find_critical_value())

    def to_json(self) -> dict[str, float | None]:
        return {
            "value": number_or_null(self.value),
            "low": number_or_null(self.low),
            "high": number_or_null(self.high),
        }

    @classmethod
    def from_json(cls, found: dict[str, Any]) -> Self:
        value = _read(found["value"], NAN)
        undefined = math.isnan(value)
        return cls(
            value,
            _read(found["low"], NAN if undefined else -math.inf),
            _read(found["high"], NAN if undefined else math.inf),
        )


UNDEFINED_ESTIMATE = Estimate(NAN, NAN)
UNDEFINED_INTERVAL = Interval(NAN, NAN, NAN)
