"""Quantile functions that are slow to work out, read from a table of polynomials.

A path draws by inverting one uniform (model §3), and an incomplete beta takes some 700 ns to
invert. Here the smaller of u and 1 − u picks a cell by its exponent and its first bits, four cells
to a factor of two, so cells narrow toward both tails; in each the quantile is a polynomial through
Chebyshev nodes. A cell in which it misses by more than `LARGEST_ERROR` in u (a kink, a jump), and
what lies beyond the last cell, is worked out exactly. Compare Derflinger, Hörmann and Leydold 2010,
ACM TOMACS 20(4), 18. The value for one u never depends on the others in the array.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]

LARGEST_ERROR = 1e-11
"""Of the probability at which a value stands, wherever it is looked at."""
_SPLIT, _HALVINGS, _DEGREE = 2, 10, 9
_CELLS = _HALVINGS << _SPLIT
_SHIFT = 52 - _SPLIT
_FIRST = (1022 - _HALVINGS) << _SPLIT
"""Leading bits of the left end of the first cell, which is 2^-11; the last one ends at 1/2."""
_ROUNDING = 2.0**-51  # two units in the last place
_PROBES: FloatArray = np.array([-1.0, -0.45, 0.0, 0.45, 1.0])


class Inversion:
    """The quantile function `exact` on (0, 1), from a table where that is as good."""

    def __init__(self, exact: Callable[[FloatArray], FloatArray]) -> None:
        self.exact = exact
        edges = (np.arange(_FIRST, _FIRST + _CELLS + 1) << _SHIFT).view(np.float64)
        middle, half = (edges[1:] + edges[:-1]) / 2.0, (edges[1:] - edges[:-1]) / 2.0
        nodes = np.cos(np.pi * (np.arange(_DEGREE + 1) + 0.5) / (_DEGREE + 1))
        places = np.concatenate([nodes, _PROBES])
        q = middle + half * places[:, None]
        q[-1], q[-5] = edges[1:], edges[:-1]
        u = np.concatenate([q, 1.0 - q], axis=1)
        x = exact(np.ascontiguousarray(u.ravel())).reshape(u.shape)
        solved = np.linalg.inv(np.vander(nodes, increasing=True))
        # Sums in one fixed order, as everywhere that bits count.
        self.powers = np.zeros((_DEGREE + 1, 2 * _CELLS))
        with np.errstate(all="ignore"):
            for k in range(_DEGREE + 1):
                for j in range(_DEGREE + 1):
                    self.powers[k] += solved[k, j] * x[j]
            probes = _PROBES[:, None]
            told = self._sum(self.powers[::-1], probes)
            known = x[_DEGREE + 1 :]
            self.low = np.minimum(known[0], known[-1])
            self.high = np.maximum(known[0], known[-1])
            steps: FloatArray = np.arange(1.0, _DEGREE + 1)[:, None] * self.powers[1:]
            slope = np.abs(self._sum(steps[::-1], probes)) / np.tile(half, 2)
            allowed = LARGEST_ERROR * slope
            allowed += _ROUNDING * np.maximum(np.abs(self.low), np.abs(self.high))
            self.bad = ~np.all(np.abs(told - known) <= allowed, axis=0)

    def __call__(self, u: FloatArray) -> FloatArray:
        """The value at each probability, of the shape of u."""
        flat = np.ascontiguousarray(u).ravel()
        bits = np.minimum(flat, 1.0 - flat).view(np.int64)
        cell = bits >> _SHIFT
        cell -= _FIRST
        beyond = cell.view(np.uint64) >= _CELLS
        cell += _CELLS * (flat > 0.5)
        place = (bits & ((1 << _SHIFT) - 1)).astype(np.float64)
        place *= 2.0 ** (1 - _SHIFT)
        place -= 1.0
        # Whatever cell stands for what lies beyond them all.
        x = self._sum((power.take(cell, mode="clip") for power in self.powers[::-1]), place)
        # Neighbors meet at the edges, so the whole never falls.
        np.maximum(x, self.low.take(cell, mode="clip"), out=x)
        np.minimum(x, self.high.take(cell, mode="clip"), out=x)
        beyond |= self.bad.take(cell, mode="clip")
        if beyond.any():
            x[beyond] = self.exact(flat[beyond])
        return x.reshape(np.shape(u))

    @staticmethod
    def _sum(powers: Iterable[FloatArray], place: FloatArray) -> FloatArray:
        """Polynomials at places from −1 to 1, from the factors of their powers, the highest first.

        One factor at a time, so that it is still at hand when it is used.
        """
        factors = iter(powers)
        x = next(factors) * np.ones_like(place)
        for factor in factors:
            x *= place
            x += factor
        return np.asarray(x)
