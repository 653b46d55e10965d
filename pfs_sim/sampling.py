"""How path-level uniforms are drawn: at random, in antithetic pairs, or from a Sobol sequence.

Counts (who comes, who leaves, who has the event) keep their own random streams under every
sampling: it moves the inputs of model §3 alone. What it can save is therefore limited by the
share of a result's variance that these inputs carry.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Literal, Protocol, cast, get_args

import numpy as np
import numpy.typing as npt

from pfs_sim.errors import InputError

if TYPE_CHECKING:
    from scipy.stats import qmc

F8 = npt.NDArray[np.float64]
Keys = npt.NDArray[np.uint64]
Kind = Literal["random", "antithetic", "sobol"]
REPLICATES = 8
BITS = 32
KEPT = 64
"""Scrambled sequences that are kept for the runs that follow."""
MOST_DIMENSIONS = 21_201
"""Direction numbers that Joe and Kuo (2008) give."""
LEAST_DIMENSIONS = 64
"""Points have so many, or a power of two: a quantity more then moves no other's points."""


class Uniforms(Protocol):
    """Where path-level uniforms come from: [path, quantity] in the open interval (0, 1)."""

    def __call__(self, keys: Keys, first: int, count: int) -> F8:
        """Uniforms of `count` paths from path `first` on, a column for each key; a new array."""


def pseudo_random(keys: Keys, first: int, count: int) -> F8:
    """Philox uniforms by address."""
    from pfs_sim.kernels.random import fill_uniforms

    out = np.empty((keys.size, count))
    fill_uniforms(keys, first, out)
    return out.T


def antithetic(keys: Keys, first: int, count: int) -> F8:
    """Pairs: path 2i draws what it would draw at random, path 2i+1 the mirror image 1 − u.

    Even paths are those of a random run. Hammersley and Morton 1956.
    """
    start = first - first % 2
    u = pseudo_random(keys, start, count + first - start)
    u[1::2] = 1.0 - u[: u.shape[0] - u.shape[0] % 2 : 2]
    return u[first - start :]


@dataclass(frozen=True)
class Sobol:
    """Scrambled Sobol points in independent replicates, a dimension for each quantity.

    Path p is point p div R of replicate p mod R, so a run of n paths is the first n of any longer
    one, and n = R·2^m paths are R balanced sets. Scrambled by random linear matrices and a
    digital shift (Matoušek 1998, J. Complexity 14, 527-556), which has the variance of nested
    uniform scrambling (Owen 2003, ACM TOMACS 13, 363-378). `keys` fixes the dimensions of the
    quantities that it names, so that scenarios which share them share their points; others
    follow in their own order.
    """

    seed: int
    replicates: int = REPLICATES
    keys: tuple[int, ...] = ()

    def __call__(self, keys: Keys, first: int, count: int) -> F8:
        """Uniforms of `count` paths from path `first` on."""
        known = {key: place for place, key in enumerate(self.keys)}
        for key in keys.tolist():
            known.setdefault(key, len(known))
        if len(known) > MOST_DIMENSIONS:
            raise InputError(
                f"found {len(known):,} uncertain quantities; allowed with Sobol sampling: "
                f"{MOST_DIMENSIONS:,} or fewer"
            )
        wide = max(LEAST_DIMENSIONS, 1 << (len(known) - 1).bit_length())
        wide = min(wide, MOST_DIMENSIONS)
        columns = [known[key] for key in keys.tolist()]
        out = np.empty((keys.size, count)).T
        for replicate in range(self.replicates):
            begin = (replicate - first) % self.replicates
            if begin < count:
                turns = out[begin :: self.replicates]
                point = (first + begin) // self.replicates
                points = self._points(replicate, wide, point, len(turns))
                turns[:] = points[:, columns]
        # A point is the lower edge of a cell of width 2^-32: its middle is never 0 or 1.
        out += 0.5**(BITS + 1)
        return out

    def _points(self, replicate: int, dimensions: int, first: int, count: int) -> F8:
        """Points first … first+count−1 of one replicate."""
        points = _sequences.find(self.seed, replicate, dimensions)
        if points.num_generated > first:
            points.reset()
        if first > points.num_generated:
            points.fast_forward(first - points.num_generated)
        if first:
            return points.random(count)
        # scipy warns of a first draw that is no power of two; one point is a power of two.
        return np.concatenate([points.random(1), points.random(count - 1)])


@lru_cache(maxsize=KEPT)
def _scramble(seed: int, replicate: int, dimensions: int) -> qmc.Sobol:
    """The sequence of one replicate, at its first point; scrambling takes longer than drawing."""
    from scipy.stats.qmc import Sobol as Sequence

    random = np.random.default_rng([seed, replicate])
    return Sequence(dimensions, scramble=True, bits=BITS, rng=random)


class _Sequences(threading.local):
    """Sequences that a thread has in hand, each at a point of its own."""

    def __init__(self) -> None:
        self.known: dict[tuple[int, int, int], qmc.Sobol] = {}

    def find(self, seed: int, replicate: int, dimensions: int) -> qmc.Sobol:
        """The sequence of one replicate."""
        address = (seed, replicate, dimensions)
        if address not in self.known:
            if len(self.known) >= KEPT:
                self.known.clear()
            self.known[address] = deepcopy(_scramble(*address))
        return self.known[address]


_sequences = _Sequences()


@dataclass(frozen=True)
class Design:
    """A sampling by name: random, antithetic, or Sobol in replicates."""

    kind: Kind = "random"
    replicates: int = REPLICATES

    @property
    def group(self) -> int:
        """Paths come in whole groups of this many."""
        return {"random": 1, "antithetic": 2, "sobol": self.replicates}[self.kind]

    def uniforms(self, seed: int, keys: Sequence[int] = ()) -> Uniforms:
        """The uniforms of a run; `keys` fixes Sobol dimensions."""
        if self.kind == "sobol":
            return Sobol(seed, self.replicates, tuple(keys))
        return antithetic if self.kind == "antithetic" else pseudo_random

    def fit(self, paths: int) -> int:
        """The next number of paths that is balanced: whole pairs, replicates of 2^m points."""
        if self.kind == "sobol":
            points = -(-paths // self.replicates)
            return self.replicates << (points - 1).bit_length()
        return -(-paths // self.group) * self.group

    def check(self, paths: int) -> None:
        """InputError for a number of paths that leaves a group unfinished."""
        if paths % self.group:
            raise InputError(
                f"found {paths:,} paths; allowed with {self.kind} sampling: a multiple of "
                f"{self.group}, best {self.fit(paths):,}"
            )

    def __str__(self) -> str:
        return f"sobol:{self.replicates}" if self.kind == "sobol" else self.kind


def read_design(text: str | Design) -> Design:
    """`random`, `antithetic`, `sobol` or `sobol:16` (replicates) as a design."""
    if isinstance(text, Design):
        return text
    kind, colon, number = text.partition(":")
    allowed = "allowed: random, antithetic, sobol or sobol:R with R replicates from 2 to 4096"
    if kind not in get_args(Kind) or (colon and kind != "sobol"):
        raise InputError(f"found the sampling {text!r}; {allowed}")
    if not colon:
        return Design(cast(Kind, kind))
    if not number.isdigit() or not 2 <= int(number) <= 4096:
        raise InputError(f"found the sampling {text!r}; {allowed}")
    return Design("sobol", int(number))
