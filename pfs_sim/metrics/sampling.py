"""How the paths of a run depend on one another, which decides what their spread is worth.

Plain Monte Carlo paths are independent. Antithetic paths are independent only as pairs, and
scrambled Sobol paths only as whole replicates. Every statistic here is a mean of influence
values to first order, so its variance is that of the sums over the independent groups
(linearization; Deville 1999, Survey Methodology 25(2), 193-203). One mechanism then serves
means, probabilities, quantiles and tails under all three.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pfs_sim.errors import InputError
from pfs_sim.metrics.estimates import NAN, Estimate, Interval, find_critical_value

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]


def as_paths(x: ArrayLike) -> FloatArray:
    """One number a path, contiguous, so that sums always run in the same order."""
    paths = np.ascontiguousarray(x, dtype=np.float64)
    if paths.ndim != 1:
        raise InputError(f"a statistic takes one number a path, got an array of {paths.ndim} axes")
    return paths


@dataclass(frozen=True)
class Sampling:
    """Which paths are independent of which.

    `pairs`: paths 2i and 2i+1 are antithetic. `blocks`: replicate r is the r-th contiguous
    share of the paths. `turns`: replicate r is every path p with p mod replicates = r.
    """

    kind: Literal["independent", "pairs", "blocks", "turns"] = "independent"
    replicates: int = 0

    @classmethod
    def of_pairs(cls) -> Self:
        return cls("pairs")

    @classmethod
    def of_replicates(cls, replicates: int, *, in_turns: bool = False) -> Self:
        if replicates < 2:
            raise InputError(f"an error needs at least 2 replicates, got {replicates}")
        return cls("turns" if in_turns else "blocks", replicates)

    @property
    def independent(self) -> bool:
        return self.kind == "independent"

    @property
    def df(self) -> int | None:
        """Degrees of freedom of an error that comes from few groups; None where many."""
        return self.replicates - 1 if self.replicates else None

    @property
    def critical_value(self) -> float:
        return find_critical_value(df=self.df)

    def sum_groups(self, x: NDArray[Any]) -> NDArray[Any]:
        """x[path] as sums[group], each added up in one fixed order."""
        if self.independent:
            return x
        size = 2 if self.kind == "pairs" else self.replicates
        if x.size % size:
            raise InputError(f"{x.size} paths do not divide into groups by {size}")
        if self.kind == "pairs":
            return np.asarray(x[0::2] + x[1::2])
        if self.kind == "blocks":
            return np.asarray(x.reshape(size, -1).sum(axis=1))
        return np.asarray(x.reshape(-1, size).sum(axis=0))

    def find_standard_error(self, influence: FloatArray, defined: BoolArray) -> float:
        """Standard error of a statistic from its influence values, centered at zero.

        influence[path] counts where defined[path]; a group without a defined path is left out.
        NaN with fewer than two groups.
        """
        n = int(np.count_nonzero(defined))
        if n < influence.size:
            influence = np.where(defined, influence, 0.0)
        members = self.sum_groups(defined.view(np.int8))
        return _combine_groups(self.sum_groups(influence), int(np.count_nonzero(members)), n)

    def estimate(self, value: float, influence: FloatArray, defined: BoolArray) -> Estimate:
        """A mean with its standard error and its skewness, from centered influence values.

        Of a few replicates the skewness is not known well enough to be of use: it is left at 0.
        """
        n = int(np.count_nonzero(defined))
        if n < influence.size:
            influence = np.where(defined, influence, 0.0)
        members = int(np.count_nonzero(self.sum_groups(defined.view(np.int8))))
        sums = self.sum_groups(influence)
        se = _combine_groups(sums, members, n)
        skew = 0.0 if self.replicates or members < FEWEST else _find_skewness(sums)
        return Estimate(value, se, self.df, skew)

    def find_design_effect(self, share: BoolArray, defined: BoolArray) -> float:
        """Variance of an estimated probability over that under independent paths.

        1 where it cannot be told (the event on no path or on all). Paths that are not defined
        are not in `share`.
        """
        n = int(np.count_nonzero(defined))
        k = int(np.count_nonzero(share))
        if self.independent or k in (0, n):
            return 1.0
        p = k / n
        members = self.sum_groups(defined.view(np.int8))
        off = self.sum_groups(share.view(np.int8)) - p * members
        se = _combine_groups(off, int(np.count_nonzero(members)), n)
        return max(se * se * n / (p * (1.0 - p)), 1.0 / n)


def _combine_groups(sums: FloatArray, groups: int, n: int) -> float:
    """Standard error of a mean over n paths from centered sums[group]; empty groups are zero."""
    if groups < 2:
        return NAN
    # np.sum, not np.dot: BLAS may split a dot product over threads and change its bits.
    squares = float(np.sum(sums * sums))
    return math.sqrt(squares * groups / (groups - 1)) / n


def _find_skewness(sums: FloatArray) -> float:
    """Skewness of the mean of centered independent sums: theirs over the root of their number."""
    squares = sums * sums
    spread = float(np.sum(squares))
    if not spread > 0.0:
        return 0.0
    return float(np.sum(squares * (sums / math.sqrt(spread)))) / spread


FEWEST = 10
"""Groups of paths below which a skewness says nothing."""
INDEPENDENT = Sampling()


def from_replicates(
    statistic: Callable[[FloatArray], Estimate | Interval | float],
    blocks: Sequence[ArrayLike] | FloatArray,
) -> Estimate:
    """Any statistic over independent replicates, with its error from their spread.

    `blocks[replicate]` holds the paths of one replicate (one scrambling of a Sobol sequence);
    the value is the mean over replicates, the error its t-based standard error, with
    replicates - 1 degrees of freedom (Owen 2013, Monte Carlo theory, methods and examples,
    chapter 17). Replicates on which the statistic is undefined make the whole undefined.
    """
    found = [statistic(as_paths(block)) for block in blocks]
    values = np.array([f if isinstance(f, float | int) else f.value for f in found])
    count = values.size
    if count < 2:
        raise InputError(f"an error needs at least 2 replicates, got {count}")
    with np.errstate(invalid="ignore"):
        value = float(values.mean())
        spread = float(values.std(ddof=1))
    return Estimate(value, spread / math.sqrt(count), count - 1)
