"""Where variance comes from: Sobol indices and Shapley effects by pick-and-freeze (model §11).

A set of sources is a bit mask: bit i stands for source i. `evaluate(mask)` lives the paths with
the sources in the mask as in a first run and all others drawn anew, and returns
outputs[output, path]. Two lives that share the sources u and nothing else have

    δ(u) = ½ E(Y − Y′)² = E Var(Y | X_u),        δ(∅) = Var Y,  δ(all) = 0

(Jansen 1999, Computer Physics Communications 117, eq. 12 and 15), and everything here is a
linear function of δ over δ(∅):

    first order  S_i = 1 − δ({i}) / δ(∅)        total  T_i = δ(all but i) / δ(∅)
    closed       Var E(Y | X_u) / Var Y = 1 − δ(u) / δ(∅)
    Shapley      the Shapley value of u ↦ Var E(Y | X_u) (Owen 2014, SIAM/ASA JUQ 2, eq. 3)

Where sources are independent, any two lives whose masks differ in exactly the sources outside u
are such a pair, and all pairs are used; half squared differences over all pairs are then the
same number as the products of Saltelli et al. 2010 (Computer Physics Communications 181, table 2b)
and Janon et al. 2014 (ESAIM P&S 18, eq. 6) over the same pairs. Sources that are correlated with
others (`linked`) are drawn anew conditionally on the kept ones, so there only pairs with the
first run count. A source that moves nothing gets exactly 0, one that moves everything exactly 1.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pfs_sim.errors import InputError
from pfs_sim.metrics.estimates import UNDEFINED_ESTIMATE, Estimate

F8 = npt.NDArray[np.float64]
Evaluate = Callable[[int], F8]
MOST = 8
"""Sources of which all subsets are lived: 2^8 runs."""
TINY = 1e-12
"""A share below this is zero up to rounding."""
ROUNDING = 1e-9
"""An sd below this share of the largest value is arithmetic, not risk."""


@dataclass(frozen=True)
class Indices:
    """Shares of the variance of one output, in the order of `sources`, each with its error.

    `shapley` is empty where not all subsets were lived. `closed` are the closed subset indices
    by mask. `undefined` counts lives (of `lives` in all) on which the output has no value; pairs
    with one are left out. An output that does not vary has `sd` 0 and undefined indices.
    """

    sources: tuple[str, ...]
    sd: Estimate
    first: tuple[Estimate, ...]
    total: tuple[Estimate, ...]
    shapley: tuple[Estimate, ...]
    closed: dict[int, Estimate]
    lives: int
    undefined: int

    @property
    def varies(self) -> bool:
        """Whether there is any variance to explain."""
        return self.sd.value > 0.0


def is_zero(found: Estimate) -> bool:
    """Whether a share cannot be told from zero: its 95 % interval reaches it."""
    return bool(found.interval().low <= TINY)


def find_indices(
    evaluate: Evaluate, sources: Sequence[str], *, linked: int = 0, subsets: bool = True
) -> list[Indices]:
    """Indices of every output, from all 2^d runs, or from 2d + 2 without `subsets` (no Shapley).

    `linked` is the mask of the sources that are not independent of all the others.
    InputError with more than 8 sources and `subsets`.
    """
    d = len(sources)
    if subsets and d > MOST:
        raise InputError(f"found {d} sources; allowed: {MOST} or fewer for Shapley effects")
    full = (1 << d) - 1
    single = [1 << i for i in range(d)]
    masks = range(full + 1) if subsets else sorted({0, full, *single, *(full ^ s for s in single)})
    lived = {mask: evaluate(mask) for mask in masks}
    count = len(lived[full])
    found = []
    for output in range(count):
        values = {mask: np.asarray(lived[mask][output]) for mask in masks}
        found.append(_index(values, tuple(sources), linked))
    return found


@dataclass(frozen=True)
class Spread:
    """δ of some sets of sources, from paths that are independent of one another.

    `squares[set, path]` are sums of half squared differences over the pairs of a path,
    `pairs[set, path]` how many pairs it has.
    """

    masks: tuple[int, ...]
    squares: F8
    pairs: F8

    def combine(self, weights: Mapping[int, float], *, share: bool = True) -> Estimate:
        """Σ weight·δ(mask), over δ(∅) unless `share` is off; error by the delta method."""
        place = {mask: i for i, mask in enumerate(self.masks)}
        n = self.squares.shape[1]
        per_path = self.pairs.mean(axis=1)
        if n < 2 or not per_path.all():
            return UNDEFINED_ESTIMATE
        delta = self.squares.mean(axis=1) / per_path

        def influence(mask: int) -> F8:
            i = place[mask]
            found: F8 = (self.squares[i] - delta[i] * self.pairs[i]) / per_path[i]
            return found

        value = math.fsum(weight * delta[place[mask]] for mask, weight in weights.items())
        moved = np.zeros(n)
        for mask, weight in weights.items():
            moved += weight * influence(mask)
        if share:
            whole = float(delta[place[0]])
            if whole == 0.0:
                return UNDEFINED_ESTIMATE
            value /= whole
            moved = (moved - value * influence(0)) / whole
        return Estimate(value, math.sqrt(float(np.sum(moved * moved)) / (n - 1) / n))


def _index(values: Mapping[int, F8], sources: tuple[str, ...], linked: int) -> Indices:
    d = len(sources)
    full = (1 << d) - 1
    lives = sum(x.size for x in values.values())
    undefined = sum(int(np.count_nonzero(~np.isfinite(x))) for x in values.values())
    spread = spread_over_pairs(values, d, linked)
    variance = spread.combine({0: 1.0}, share=False)
    none = (UNDEFINED_ESTIMATE,) * d
    largest = max(float(np.max(np.abs(x[np.isfinite(x)]), initial=0.0)) for x in values.values())
    if not variance.value > (ROUNDING * largest) ** 2:
        sd = UNDEFINED_ESTIMATE if math.isnan(variance.value) else Estimate(0.0, 0.0)
        shapley = none if len(values) == full + 1 else ()
        return Indices(sources, sd, none, none, shapley, {}, lives, undefined)
    root = math.sqrt(variance.value)
    each = range(d)
    return Indices(
        sources,
        Estimate(root, variance.se / (2.0 * root)),
        tuple(spread.combine({0: 1.0, 1 << i: -1.0}) for i in each),
        tuple(spread.combine({full ^ (1 << i): 1.0}) for i in each),
        tuple(spread.combine(w) for w in _shapley_weights(d)) if len(values) == full + 1 else (),
        {mask: spread.combine({0: 1.0, mask: -1.0}) for mask in spread.masks if mask}
        if len(values) == full + 1
        else {},
        lives,
        undefined,
    )


def _shapley_weights(d: int) -> list[dict[int, float]]:
    """Weights of δ in each source's Shapley value of u ↦ −δ(u)."""
    found = []
    for i in range(d):
        bit, weights = 1 << i, {}
        for mask in range(1 << d):
            if mask & bit:
                continue
            size = mask.bit_count()
            weight = math.factorial(size) * math.factorial(d - size - 1) / math.factorial(d)
            weights[mask], weights[mask | bit] = weight, -weight
        found.append(weights)
    return found


def spread_over_pairs(values: Mapping[int, F8], d: int, linked: int = 0) -> Spread:
    """δ of every set of sources for which `values[mask][path]` holds a pair of lives.

    A pair is one life with all linked sources as in the first run, and one that keeps those
    of u and differs from the former in exactly the free sources outside u.
    """
    full = (1 << d) - 1
    free = full & ~linked
    wanted = sorted(values)
    n = next(iter(values.values())).size
    squares, pairs = np.zeros((len(wanted), n)), np.zeros((len(wanted), n))
    whole = all(bool(np.isfinite(x).all()) for x in values.values())
    for row, mask in enumerate(wanted):
        if mask == full:
            pairs[row] = 1.0
            continue
        flip = free & ~mask
        for one in values:
            other = (one & free) ^ flip | mask & linked
            if one & linked != linked or other not in values:
                continue
            if other < one and other & linked == linked and mask & linked == linked:
                continue  # the same pair, met from its other end
            apart = values[one] - values[other]
            half = 0.5 * apart * apart
            if whole:
                squares[row] += half
                pairs[row] += 1.0
            else:
                there = np.isfinite(half)
                squares[row] += np.where(there, half, 0.0)
                pairs[row] += there
    return Spread(tuple(wanted), squares, pairs)
