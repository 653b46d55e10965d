"""How the paths of one quantity become its summary: sorted once, then read."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import get_args

import numpy as np
from numpy.typing import ArrayLike

from pfs_sim.errors import InputError
from pfs_sim.metrics.estimates import Estimate, Interval
from pfs_sim.metrics.moments import find_moments, find_wilson_interval, probability
from pfs_sim.metrics.quantiles import find_quantile_of_sorted, sort_defined
from pfs_sim.metrics.sampling import INDEPENDENT, FloatArray, Sampling, as_paths
from pfs_sim.metrics.summary import Summary, Unit
from pfs_sim.metrics.tails import (
    count_between,
    find_mass_of_sorted,
    find_shortfall_of_sorted,
    loss_given_loss,
    mass_points,
)

QUANTILES = (0.01, 0.05, 0.10, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99)
SHORTFALL_LEVELS = (0.95, 0.99)


def write_share(q: float) -> str:
    """The key of a quantile or level in a summary: "0.05", "0.1", "0.5"."""
    return repr(float(q))


@dataclass(frozen=True)
class _Sample:
    """The paths of one quantity, sorted once, and how they were sampled."""

    paths: FloatArray
    ordered: FloatArray
    sampling: Sampling

    def find_share(self, low: float, high: float) -> Interval:
        """Share of paths with a value in [low, high]."""
        if self.sampling.independent:
            hits = count_between(self.ordered, low, high)
            return find_wilson_interval(hits, self.ordered.size, self.sampling.critical_value)
        inside = np.where(np.isnan(self.paths), np.nan, (self.paths >= low) & (self.paths <= high))
        return probability(inside, sampling=self.sampling)

    def find_masses(self, at: Mapping[str, float]) -> dict[str, Interval]:
        if not self.sampling.independent:
            return mass_points(self.paths, at, sampling=self.sampling)
        return {
            name: find_mass_of_sorted(self.ordered, point, self.sampling)
            for name, point in at.items()
        }

    def find_quantile(self, q: float) -> Interval:
        return find_quantile_of_sorted(self.ordered, q, paths=self.paths, sampling=self.sampling)

    def find_shortfall(self, level: float, tail: str) -> Estimate:
        return find_shortfall_of_sorted(
            self.ordered, level, tail=tail, paths=self.paths, sampling=self.sampling
        )


def _drop_error(found: Interval) -> Interval:
    return Interval(found.value, found.value, found.value)


def _state_exactly(summary: Summary) -> Summary:
    """The summary of a quantity that cannot vary: its value, without error, at every place."""
    return replace(
        summary,
        exact=True,
        mean=Estimate(summary.mean.value, 0.0),
        sd=Estimate(0.0, 0.0),
        p_zero=summary.p_zero and _drop_error(summary.p_zero),
        p_negative=summary.p_negative and _drop_error(summary.p_negative),
        p_loss=summary.p_loss and _drop_error(summary.p_loss),
        quantiles={q: _drop_error(found) for q, found in summary.quantiles.items()},
        loss_given_loss=summary.loss_given_loss and Estimate(summary.loss_given_loss.value, 0.0),
        expected_shortfall={
            level: Estimate(found.value, 0.0) for level, found in summary.expected_shortfall.items()
        },
        mass_points={name: _drop_error(found) for name, found in summary.mass_points.items()},
    )


def _count_statuses(statuses: Mapping[str, int | ArrayLike] | None) -> dict[str, int]:
    return {
        name: int(found) if isinstance(found, int) else int(np.count_nonzero(np.asarray(found)))
        for name, found in (statuses or {}).items()
    }


def summarize_array(
    x: ArrayLike,
    *,
    unit: Unit,
    label: str,
    loss_below: float | None = None,
    loss_above: float | None = None,
    zero: bool = True,
    negative: bool = False,
    masses: Mapping[str, float] | None = None,
    quantiles: Sequence[float] = QUANTILES,
    levels: Sequence[float] = SHORTFALL_LEVELS,
    tail: str = "low",
    statuses: Mapping[str, int | ArrayLike] | None = None,
    exact: bool = False,
    sampling: Sampling = INDEPENDENT,
) -> Summary:
    """All statistics of one quantity over its paths, from a single sort (model §11).

    x[path], NaN where the quantity has no value. A path loses below `loss_below` (an MOIC
    under 1) or above `loss_above` (a principal loss over 0). `zero` and `negative` ask for
    P(x = 0) and P(x < 0), `masses` for the share at named points; `statuses` are counts or
    masks by name. `tail` is the bad side. `exact` states that x cannot vary across paths, so
    that no error applies; InputError where it varies all the same.
    """
    if unit not in get_args(Unit):
        raise InputError(f"unit is one of {', '.join(get_args(Unit))}, got {unit!r}")
    if loss_below is not None and loss_above is not None:
        raise InputError("a loss lies below a bound or above one, not both")
    paths = as_paths(x)
    ordered = sort_defined(paths)
    undefined = paths.size - ordered.size
    sample = _Sample(paths, ordered, INDEPENDENT if exact else sampling)
    p_loss = given_loss = None
    if loss_below is not None:
        p_loss = sample.find_share(-math.inf, math.nextafter(loss_below, -math.inf))
        given_loss = loss_given_loss(paths, loss_below, sampling=sample.sampling)
    elif loss_above is not None:
        p_loss = sample.find_share(math.nextafter(loss_above, math.inf), math.inf)
        given_loss = loss_given_loss(paths, loss_above, tail="high", sampling=sample.sampling)
    average, spread = find_moments(paths, sample.sampling)
    misleading = undefined > 0 or count_between(ordered, -1.0, -1.0) > 0
    summary = Summary(
        unit=unit,
        label=label,
        n=paths.size,
        n_undefined=undefined,
        headline="median" if unit == "rate" and misleading else "mean",
        tail=tail,
        mean=average,
        sd=spread,
        quantiles={write_share(q): sample.find_quantile(q) for q in sorted(quantiles)},
        p_zero=sample.find_share(0.0, 0.0) if zero else None,
        p_negative=sample.find_share(-math.inf, -math.ulp(0.0)) if negative else None,
        p_loss=p_loss,
        loss_given_loss=given_loss,
        expected_shortfall={write_share(p): sample.find_shortfall(p, tail) for p in levels},
        mass_points=sample.find_masses(masses or {}),
        statuses=_count_statuses(statuses),
    )
    if not exact:
        return summary
    if ordered.size and (undefined or ordered[0] != ordered[-1]):
        raise InputError(f"{label}: said to be exact, yet it varies across paths")
    return _state_exactly(summary) if ordered.size else replace(summary, exact=True)
