"""What each path does to a statistic, and so the error of any difference over the same paths.

To first order a statistic errs by the mean of its influence values over the paths (linearization:
Deville 1999, Survey Methodology 25(2), 193-203). Two statistics over the same paths then differ
by the mean of the differences of their influence values, whose spread is the error of a paired
comparison, whatever the statistics are: means, probabilities, quantiles, tails.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from pfs_sim.errors import InputError
from pfs_sim.metrics.deal import find_options, find_sampling
from pfs_sim.metrics.estimates import NAN, Estimate, Interval
from pfs_sim.metrics.quantiles import read_share
from pfs_sim.metrics.sampling import BoolArray, FloatArray, Sampling
from pfs_sim.metrics.table import MetricTable
from pfs_sim.metrics.tails import SAME
from pfs_sim.results import Results


class Influence(NamedTuple):
    """A statistic, and what each path adds to its error: value − truth ≈ mean of `paths`.

    `linear`: so well, for a mean and the mean of a tail, that the skewness of its paths is that
    of its error.
    """

    value: float
    paths: FloatArray
    sampling: Sampling
    linear: bool = False

    @property
    def se(self) -> float:
        """Standard error of the statistic."""
        return self.sampling.find_standard_error(self.paths, np.ones(self.paths.size, dtype=bool))

    @property
    def estimate(self) -> Estimate:
        """The statistic with its error."""
        every = np.ones(self.paths.size, dtype=bool)
        if self.linear:
            return self.sampling.estimate(self.value, self.paths, every)
        return Estimate(self.value, self.sampling.find_standard_error(self.paths, every),
                        self.sampling.df)

    def minus(self, other: Influence) -> Estimate:
        """This statistic less another over the same paths, error from the paths' differences.

        InputError for another number of paths.
        """
        if self.paths.size != other.paths.size:
            raise InputError(
                f"paths pair up one to one, got {self.paths.size} and {other.paths.size}"
            )
        return self.plus(other, -1.0).estimate

    def plus(self, other: Influence, weight: float = 1.0) -> Influence:
        """This statistic plus another of the same paths, weighted."""
        paths = self.paths + weight * other.paths
        linear = self.linear and other.linear
        return Influence(self.value + weight * other.value, paths, self.sampling, linear)


def find_pairing(a: Influence, b: Influence) -> float:
    """How many times the variance of b − a falls by living both over the same paths.

    Infinite where the difference has no error at all; NaN where neither has one.
    """
    apart, together = a.se**2 + b.se**2, b.minus(a).se ** 2
    if together == 0.0:
        return math.inf if apart > 0.0 else NAN
    return apart / together


def find_influence(results: Results, table: MetricTable, address: str) -> Influence:
    """The influence of every path on one statistic of a run, by its address in the table.

    Paths on which the quantity is undefined do nothing. InputError for a count of paths, which
    has no error, and for an address that does not exist.
    """
    found = table.get(address)
    name, statistic = table.split_address(address)
    if statistic not in table[name].list_statistics():
        raise InputError(f"{address} counts paths; allowed: a statistic with an error")
    column = next(column for column in results.columns if column.name == name)
    options, sampling = find_options(results, column), find_sampling(results)
    x = results[name]
    defined = ~np.isnan(x)
    count = int(np.count_nonzero(defined))
    if count == 0 or math.isnan(found.value):
        return Influence(NAN, np.full(x.size, NAN), sampling)
    if statistic == "loss_given_loss":
        return Influence(found.value, _given_loss(x, found.value, options), sampling)
    paths = _weigh(x, defined, statistic, found, table, name, options, sampling)
    scaled = np.where(defined, paths, 0.0) * (x.size / count)
    linear = statistic == "mean" or statistic.startswith("es")
    return Influence(found.value, scaled, sampling, linear)


def _weigh(
    x: FloatArray,
    defined: BoolArray,
    statistic: str,
    found: Estimate | Interval,
    table: MetricTable,
    name: str,
    options: dict[str, object],
    sampling: Sampling,
) -> FloatArray:
    """Influence values before they are scaled to all paths; of no meaning where undefined."""
    value = found.value
    with np.errstate(invalid="ignore"):
        if statistic == "mean":
            return np.asarray(x - value)
        if statistic == "sd":
            if value == 0.0:
                return np.zeros(x.size)
            off = x - table[name].mean.value
            return np.asarray((off * off - value * value) / (2.0 * value))
        if statistic.startswith("q"):
            below = np.where(x <= value, 1.0, 0.0)
            return _of_quantile(below, defined, found, sampling)
        if statistic.startswith("es"):
            return _of_shortfall(x, float(statistic[2:]), table[name], value)
        return np.where(_has(x, statistic, options), 1.0, 0.0) - value


def _of_quantile(
    below: FloatArray, defined: BoolArray, found: Estimate | Interval, sampling: Sampling
) -> FloatArray:
    """−(1{x ≤ v} − P) / f (Bahadur 1966), with the density f that the interval's width implies.

    A quantile inside a mass point has an interval of no width, and no path moves it.
    """
    count = int(np.count_nonzero(defined))
    share = below - float(np.sum(below[defined])) / count
    spread = sampling.find_standard_error(np.where(defined, share, 0.0), defined)
    if found.error == 0.0:
        return np.zeros(below.size)
    if not spread > 0.0:
        return np.full(below.size, NAN)
    return np.asarray(-share * (found.error / spread))


def _of_shortfall(x: FloatArray, level: float, summary: object, value: float) -> FloatArray:
    """(x − v)⁻/(1 − level) about its mean, v the edge of the bad tail (see `tails`)."""
    low = getattr(summary, "tail", "low") == "low"
    sign = 1.0 if low else -1.0
    ordered = np.sort(sign * x[~np.isnan(x)])
    whole = math.floor((1 - read_share(level)) * ordered.size)
    edge = float(ordered[min(whole, ordered.size - 1)])
    excess = np.minimum(sign * x - edge, 0.0) / (1.0 - level)
    return np.asarray(sign * (excess + edge) - value)


def _has(x: FloatArray, statistic: str, options: dict[str, object]) -> BoolArray:
    """On which paths the event of a probability happened."""
    if statistic == "p_zero":
        return np.asarray(x == 0.0)
    if statistic == "p_negative":
        return np.asarray(x < 0.0)
    if statistic == "p_loss":
        return _lost(x, options)
    points = options.get("masses")
    assert isinstance(points, dict)
    point = float(points[statistic.removeprefix("at.")])
    return np.asarray(np.abs(x - point) <= SAME * abs(point))


def _lost(x: FloatArray, options: dict[str, object]) -> BoolArray:
    if "loss_below" in options:
        return np.asarray(x < float(str(options["loss_below"])))
    return np.asarray(x > float(str(options["loss_above"])))


def _given_loss(x: FloatArray, value: float, options: dict[str, object]) -> FloatArray:
    """Influence on the mean loss over the paths that lose."""
    with np.errstate(invalid="ignore"):
        lost = _lost(x, options)
        low = "loss_below" in options
        bound = float(str(options["loss_below" if low else "loss_above"]))
        loss = bound - x if low else x - bound
    return np.where(lost, loss - value, 0.0) * (x.size / int(np.count_nonzero(lost)))
