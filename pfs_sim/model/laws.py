"""The mathematics of an uncertain number: points with mass, and continuous pieces.

Whatever a file says (truncated, discounted, with a spike, a mixture of families) collapses into
one form, a `Law`: some points with a probability each, and some continuous pieces, each a
distribution cut to an interval and multiplied by a factor. Model §3.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from pfs_sim.model.inversion import Inversion

FloatArray = npt.NDArray[np.float64]

LEAST_KEPT = 1e-6
"""A truncation that keeps less probability than this is a mistake, and loses digits."""
# The incomplete beta cannot be inverted below about 1e-150; no draw comes near.
_FIRST, _LAST = 1e-100, 1.0 - 2.0**-53
_REACH = 690.0  # exp(-690) is about 1e-300: how far into a tail an integral goes


class Continuous(Protocol):
    """A continuous distribution as a family states it, before truncation."""

    def ppf(self, u: FloatArray) -> FloatArray: ...
    def isf(self, q: FloatArray) -> FloatArray: ...
    def cdf(self, x: FloatArray) -> FloatArray: ...
    def support(self) -> tuple[float, float]: ...
    def moments(self) -> tuple[float, float]: ...
    @property
    def closed(self) -> bool:
        """Whether `ppf` is a formula, which a table could not make faster."""


def integrate(
    f: Callable[[FloatArray], FloatArray], edges: FloatArray, tolerance: float = 1e-14
) -> float:
    """∫ f over [edges[0], edges[-1]], halving every panel on which two rules disagree.

    The rules are Gauss-Legendre with 16 points on a panel and on its two halves; `tolerance` is
    relative to ∫ |f|. Kinks and jumps are found by halving, so `f` need not be smooth; where the
    rules still disagree in thousands of panels, `f` itself has no more digits.
    """
    nodes, weights = np.polynomial.legendre.leggauss(16)

    def panel(a: FloatArray, b: FloatArray) -> tuple[FloatArray, FloatArray]:
        half = (b - a) / 2.0
        x = (a + half)[:, None] + half[:, None] * nodes
        y = f(x.ravel()).reshape(x.shape) * weights
        return y.sum(axis=1) * half, np.abs(y).sum(axis=1) * half

    a, b = np.asarray(edges[:-1], float), np.asarray(edges[1:], float)
    whole, size = panel(a, b)
    scale, total = float(size.sum()), 0.0
    for _ in range(48):
        middle = (a + b) / 2.0
        left, _size = panel(a, middle)
        right, _size = panel(middle, b)
        rough = ~(np.abs(left + right - whole) <= tolerance * scale)
        total += float((left + right)[~rough].sum())
        if rough.sum() > 2048 or not rough.any():
            return total + float((left + right)[rough].sum())
        a, b = (
            np.concatenate([a[rough], middle[rough]]),
            np.concatenate([middle[rough], b[rough]]),
        )
        whole = np.concatenate([left[rough], right[rough]])
    return total + float(whole.sum())


class Ladder:
    """Rising `steps`, and for each u the first step that is not below it.

    The answer is that of `np.searchsorted(steps, u)`, which is slow when u jumps about: a guide
    table over 0 … 1 starts each search where it mostly ends (Chen & Asau 1974).
    """

    def __init__(self, steps: FloatArray) -> None:
        self.steps = steps
        size = 1 << min(4 * len(steps), 1 << 16).bit_length()
        self._guide = np.searchsorted(steps, np.arange(size + 1) / size)

    def rank(self, u: FloatArray) -> npt.NDArray[np.intp]:
        if len(self.steps) <= 32:
            return np.searchsorted(self.steps, u)
        size = len(self._guide) - 1
        rank = self._guide[(u * size).astype(np.intp)]
        last = len(self.steps) - 1
        for _ in range(3):
            rank += (self.steps[np.minimum(rank, last)] < u) & (rank <= last)
        short = (self.steps[np.minimum(rank, last)] < u) & (rank <= last)
        if short.any():
            rank[short] = np.searchsorted(self.steps, u[short])
        return rank


@dataclass(frozen=True)
class Piece:
    """`factor` · X with X of `base`, given low ≤ X ≤ high; `weight` is its share of the law."""

    weight: float
    base: Continuous
    low: float = -np.inf
    high: float = np.inf
    factor: float = 1.0

    @cached_property
    def _window(self) -> tuple[float, float, float]:
        """Probability below `low`, above `high`, and between them, under `base`."""
        a, b = self.base.support()
        below = float(self.base.cdf(np.array([self.low]))[0]) if self.low > a else 0.0
        above = 1.0 - float(self.base.cdf(np.array([self.high]))[0]) if self.high < b else 0.0
        return below, above, max(1.0 - below - above, 0.0)

    def _place(self, x: FloatArray) -> FloatArray:
        below, above, _kept = self._window
        if below or above:
            x = np.clip(x, self.low, self.high)
        return x if self.factor == 1.0 else x * self.factor

    def ppf(self, u: FloatArray) -> FloatArray:
        below, above, kept = self._window
        return self._place(self.base.ppf(below + u * kept if below or above else u))

    @property
    def follows_normal(self) -> bool:
        """Whether it is a function of a standard normal."""
        known, (below, above, _) = getattr(self.base, "follows_normal", None), self._window
        return known is not None and known() and not (below or above)

    def of_normal(self, z: FloatArray) -> FloatArray:
        """The value at ppf(Φ(z)), where it follows a standard normal z."""
        base: Any = self.base
        return self._place(base.of_normal(z))

    def isf(self, q: FloatArray) -> FloatArray:
        below, above, kept = self._window
        return self._place(self.base.isf(above + q * kept if below or above else q))

    def cdf(self, x: FloatArray) -> FloatArray:
        below, above, kept = self._window
        raw = x if self.factor == 1.0 else x / self.factor
        if not below and not above:
            return self.base.cdf(raw)
        raw = np.clip(raw, self.low, self.high)
        return np.asarray(np.clip((self.base.cdf(raw) - below) / kept, 0.0, 1.0))

    def support(self) -> tuple[float, float]:
        a, b = self.base.support()
        return max(a, self.low) * self.factor, min(b, self.high) * self.factor

    def cut(self, low: float, high: float) -> Piece:
        """The part of the piece in [low, high]; its weight shrinks by the probability it lost."""
        inner = replace(
            self, low=max(self.low, low / self.factor), high=min(self.high, high / self.factor)
        )
        if inner.low >= inner.high:
            return replace(inner, weight=0.0)
        return replace(inner, weight=self.weight * inner._window[2] / self._window[2])

    @cached_property
    def moments(self) -> tuple[float, float]:
        """Mean and sd: in closed form when nothing is cut off, else by quadrature."""
        if self._window[0] == 0.0 and self._window[1] == 0.0:
            mean, sd = self.base.moments()
            return mean * self.factor, sd * self.factor
        low, high = (self.diverges(order) for order in (1, 2))
        if low:
            return float("nan"), float("nan")
        mean = self._expect(lambda x: x)
        if high:
            return mean, float("inf")
        return mean, float(np.sqrt(max(self._expect(lambda x: (x - mean) ** 2), 0.0)))

    def diverges(self, order: int) -> bool:
        """Whether E|X|^order is infinite: q·|tail quantile(q)|^order must vanish as q does."""
        a, b = self.support()
        if np.isfinite(a) and np.isfinite(b):
            return False
        if np.isfinite(self.base.moments()[order - 1]):
            return False
        q = np.array([1e-30, 1e-60])
        for end, tail in ((a, self.ppf), (b, self.isf)):
            if not np.isfinite(end):
                size = q * np.abs(tail(q)) ** order
                if not size[1] < 0.5 * size[0]:
                    return True
        return False

    def _expect(self, f: Callable[[FloatArray], FloatArray]) -> float:
        """E f(X) as the integral of f over both halves of the quantile function, q = exp(-t)/2."""

        def weigh(tail: Callable[[FloatArray], FloatArray]) -> Callable[[FloatArray], FloatArray]:
            def weighed(t: FloatArray) -> FloatArray:
                q = 0.5 * np.exp(-t)
                y = f(tail(q)) * q
                return np.where((t > 300.0) & ~np.isfinite(y), 0.0, y)

            return weighed

        edges = np.concatenate([np.linspace(0.0, 40.0, 21), [60.0, 100.0, 200.0, 400.0, _REACH]])
        return integrate(weigh(self.ppf), edges) + integrate(weigh(self.isf), edges)


@dataclass(frozen=True, eq=False)
class Law:
    """Points with mass (`values` rising, `weights`) and continuous `pieces`; all weights sum to 1.

    `ppf(u)` is the smallest x with P(X ≤ x) ≥ u. It acts on each element alone: the value for
    one u never depends on the others in the array.
    """

    values: FloatArray = field(default_factory=lambda: np.empty(0))
    weights: FloatArray = field(default_factory=lambda: np.empty(0))
    pieces: tuple[Piece, ...] = ()

    @classmethod
    def of(
        cls, values: Iterable[float], weights: Iterable[float], pieces: Iterable[Piece] = ()
    ) -> Law:
        """The law with these parts: equal points are merged, empty parts dropped, weights scaled
        to sum to 1.
        """
        points, where = np.unique(np.array(list(values), float), return_inverse=True)
        mass = np.bincount(where, weights=np.array(list(weights), float), minlength=len(points))
        kept = tuple(piece for piece in pieces if piece.weight > 0.0)
        total = float(mass.sum()) + sum(piece.weight for piece in kept)
        return cls(
            points[mass > 0.0],
            mass[mass > 0.0] / total,
            tuple(replace(piece, weight=piece.weight / total) for piece in kept),
        )

    def ppf(self, u: FloatArray) -> FloatArray:
        """The quantile function, elementwise, for u in the open interval (0, 1)."""
        return self._invert(np.asarray(u, float), self._continuous_ppf)

    def draw(self, u: FloatArray) -> FloatArray:
        """As `ppf`, from a table where that is faster; what it misses u by is below 1e-10."""
        return self._invert(np.asarray(u, float), self._quick_ppf)

    @cached_property
    def follows_normal(self) -> bool:
        """Whether it is a function of a standard normal."""
        alone = len(self.pieces) == 1 and not len(self.values)
        return alone and self.pieces[0].follows_normal

    def of_normal(self, z: FloatArray) -> FloatArray:
        """The value at ppf(Φ(z)), where it follows a standard normal z."""
        return self.pieces[0].of_normal(z)

    @cached_property
    def _quick_ppf(self) -> Callable[[FloatArray], FloatArray]:
        """`_continuous_ppf`, or a table of it where that takes long."""
        if all(piece.base.closed for piece in self.pieces):
            return self._continuous_ppf
        return Inversion(self._continuous_ppf)

    def _invert(self, u: FloatArray, continuous: Callable[[FloatArray], FloatArray]) -> FloatArray:
        """The quantile at u, where `continuous` is that of the pieces together."""
        if not self.pieces:
            if len(self.values) == 1:
                return np.full(u.shape, self.values[0])
            rank = self._ladder.rank(u)
            return np.asarray(self.values[np.minimum(rank, len(self.values) - 1)])
        if not len(self.values):
            return continuous(u)
        share = sum(piece.weight for piece in self.pieces)
        before = np.concatenate([[0.0], np.cumsum(self.weights)])
        rank = self._ladder.rank(u)
        x = continuous(np.clip((u - before[rank]) / share, _FIRST, _LAST))
        edges = np.concatenate([[-np.inf], self.values, [np.inf]])
        x = np.clip(x, edges[rank], edges[rank + 1])
        # Inside the jump at a point: the pieces may well end long before it.
        jumps = np.append(self._ladder.steps - self.weights, np.inf)
        return np.where(u > jumps[rank], edges[rank + 1], x)

    @cached_property
    def _ladder(self) -> Ladder:
        """P(X ≤ x) at the points with mass."""
        upto = np.cumsum(self.weights)
        if self.pieces:
            share = sum(piece.weight for piece in self.pieces)
            upto = upto + share * self._continuous_cdf(self.values)
        return Ladder(upto)

    def cdf(self, x: FloatArray) -> FloatArray:
        """P(X ≤ x), elementwise."""
        x = np.asarray(x, float)
        before = np.concatenate([[0.0], np.cumsum(self.weights)])
        mass = before[np.searchsorted(self.values, x, side="right")]
        if not self.pieces:
            return np.asarray(mass)
        share = sum(piece.weight for piece in self.pieces)
        return np.asarray(np.minimum(mass + share * self._continuous_cdf(x), 1.0))

    def _continuous_cdf(self, x: FloatArray) -> FloatArray:
        share = sum(piece.weight for piece in self.pieces)
        total = np.zeros(np.shape(x))
        for piece in self.pieces:
            total += piece.weight / share * piece.cdf(x)
        return np.minimum(total, 1.0)

    def _continuous_ppf(self, u: FloatArray) -> FloatArray:
        """Several pieces: bracket u between knots, then two secant steps; bisect what is left."""
        if len(self.pieces) == 1:
            return self.pieces[0].ppf(u)
        x, ladder = self._knots
        f = ladder.steps
        i = np.clip(ladder.rank(u), 1, len(f) - 1)
        left, right, f_left, f_right = x[i - 1], x[i], f[i - 1], f[i]
        with np.errstate(divide="ignore", invalid="ignore"):
            slope = np.where(f_right > f_left, (right - left) / (f_right - f_left), 0.0)
            first = np.clip(left + (u - f_left) * slope, left, right)
            miss = self._continuous_cdf(first) - u
            second = np.clip(first - miss * slope, left, right)
            miss_2 = self._continuous_cdf(second) - u
            step = np.where(miss_2 == miss, 0.0, (second - first) / (miss_2 - miss))
            best = np.clip(second - miss_2 * np.where(np.isfinite(step), step, 0.0), left, right)
        # The last step about squares what is missed, relative to the nearer tail.
        bad = np.abs(miss_2) > 1e-6 * np.minimum(u, 1.0 - u) + 1e-15
        if bad.any():
            best[bad] = self._bisect(u[bad], left[bad], right[bad])
        return np.asarray(best)

    def _bisect(self, u: FloatArray, low: FloatArray, high: FloatArray) -> FloatArray:
        for _ in range(64):
            middle = low + (high - low) / 2.0
            under = self._continuous_cdf(middle) < u
            low, high = np.where(under, middle, low), np.where(under, high, middle)
        return high

    @cached_property
    def _knots(self) -> tuple[FloatArray, Ladder]:
        """Points x and F(x) between which every u lies, dense where any piece has its mass."""
        depth = np.concatenate(
            [np.linspace(0.0, 4.0, 300), np.linspace(4.1, 40.0, 360), np.geomspace(41.0, 230.0, 60)]
        )
        half = 0.5 * np.exp(-depth)
        ends = [end for piece in self.pieces for end in piece.support() if np.isfinite(end)]
        tails = [tail(half) for piece in self.pieces for tail in (piece.ppf, piece.isf)]
        x = np.concatenate([*tails, ends])
        x = np.sort(x[np.isfinite(x)])
        x = x[np.append(True, x[1:] > x[:-1])]  # np.unique would import numpy.ma
        return x, Ladder(np.maximum.accumulate(self._continuous_cdf(x)))

    def support(self) -> tuple[float, float]:
        """The smallest interval that holds all the probability."""
        ends = [piece.support() for piece in self.pieces]
        return (
            float(min([low for low, _ in ends] + list(self.values[:1]))),
            float(max([high for _, high in ends] + list(self.values[-1:]))),
        )

    def has_mean(self) -> bool:
        """Whether the mean is finite; told without working it out."""
        return not any(piece.diverges(1) for piece in self.pieces)

    @cached_property
    def moments(self) -> tuple[float, float]:
        """Mean and standard deviation (infinite or NaN where the distribution has none)."""
        parts = [(w, float(x), 0.0) for x, w in zip(self.values, self.weights, strict=True)]
        parts += [(piece.weight, *piece.moments) for piece in self.pieces]
        if len(parts) == 1:
            return parts[0][1], parts[0][2]
        mean = float(sum(w * m for w, m, _ in parts))
        return mean, float(np.sqrt(sum(w * (s * s + (m - mean) ** 2) for w, m, s in parts)))

    def truncate(self, low: float, high: float) -> Law:
        """The law given low ≤ X ≤ high (both ends belong to it)."""
        inside = (self.values >= low) & (self.values <= high)
        pieces = [piece.cut(low, high) for piece in self.pieces]
        kept = float(self.weights[inside].sum()) + sum(piece.weight for piece in pieces)
        if kept < LEAST_KEPT:
            raise ValueError(
                f"found a truncation to [{low:g}, {high:g}] that keeps {kept:.2g} of the "
                f"probability; allowed: bounds that keep at least {LEAST_KEPT:g}"
            )
        return Law.of(self.values[inside], self.weights[inside], pieces)

    def multiply(self, factor: float) -> Law:
        """The law of factor · X, factor ≥ 0."""
        if factor == 0.0:
            return Law.of([0.0], [1.0])
        pieces = [replace(piece, factor=piece.factor * factor) for piece in self.pieces]
        return Law.of(self.values * factor, self.weights, pieces)


def mix(parts: Iterable[tuple[float, Law]]) -> Law:
    """The mixture of laws with these weights."""
    values: list[float] = []
    weights: list[float] = []
    pieces: list[Piece] = []
    for weight, law in parts:
        values += list(law.values)
        weights += list(law.weights * weight)
        pieces += [replace(piece, weight=piece.weight * weight) for piece in law.pieces]
    return Law.of(values, weights, pieces)
