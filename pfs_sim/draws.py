"""DRAW: one uniform an uncertain quantity and path → copula → inversion (model §3).

A path-level draw has the address (seed of its source, source, "input:" + dotted path, path), so
no quantity that is added, removed or re-ordered shifts another.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Protocol

import numpy as np
import numpy.typing as npt

from pfs_sim.addresses import stream_key
from pfs_sim.errors import InputError
from pfs_sim.model.scenario import Scenario
from pfs_sim.plan.row import SOURCES, Row

F8 = npt.NDArray[np.float64]


class Uniforms(Protocol):
    """Where path-level uniforms come from: [path, quantity] in the open interval (0, 1)."""

    def __call__(self, keys: npt.NDArray[np.uint64], first: int, count: int) -> F8:
        """Uniforms of `count` paths from path `first` on, a column for each key."""


def pseudo_random(keys: npt.NDArray[np.uint64], first: int, count: int) -> F8:
    """Philox uniforms by address."""
    from pfs_sim.kernels.random import fill_uniforms

    out = np.empty((count, keys.size))
    fill_uniforms(keys, first, out)
    return out


def source_seeds(seed: int, seeds: Mapping[str, int] | None = None) -> dict[str, int]:
    """A seed for each source: the run's seed unless a source has its own (pick-and-freeze)."""
    own = dict(seeds or {})
    unknown = sorted(set(own) - set(SOURCES))
    if unknown:
        raise InputError(f"found the source {unknown[0]!r}; allowed: {', '.join(SOURCES)}")
    return {source: own.get(source, seed) for source in SOURCES}


class Inputs:
    """The inputs of paths: a row of quantities each, the uncertain ones drawn."""

    def __init__(
        self,
        scenario: Scenario,
        row: Row,
        seeds: Mapping[str, int],
        frozen: Collection[str] = (),
        uniforms: Uniforms = pseudo_random,
        own_seeds: Mapping[str, int] | None = None,
    ) -> None:
        """Prepare keys and the copula; `own_seeds` re-draws single quantities by dotted path."""
        self.row, self.uniforms = row, uniforms
        self.drawn = [
            i
            for i in row.uncertain
            if row.sources[i] not in frozen and not row.paths[i].endswith(".target_effect")
        ]
        own = own_seeds or {}
        self.keys = np.array(
            [
                stream_key(
                    own.get(row.paths[i], seeds[row.sources[i]]),
                    row.sources[i],
                    f"input:{row.paths[i]}",
                )
                for i in self.drawn
            ],
            dtype=np.uint64,
        )
        self.joint, self.cholesky = _copula(scenario, [row.paths[i] for i in self.drawn])

    def draw(self, first: int, count: int) -> F8:
        """Rows [path, column] of `count` paths from path `first` on."""
        rows = np.tile(self.row.base, (count, 1))
        if not self.drawn:
            return rows
        u = self.uniforms(self.keys, first, count)
        if self.joint.size:
            from scipy.special import ndtr, ndtri

            # An explicit sum, not a matrix product: BLAS picks its order by the shape, and a
            # path's bits must not depend on the chunk it is in.
            z = ndtri(u[:, self.joint])
            mixed = np.zeros_like(z)
            for b in range(self.joint.size):
                mixed += z[:, b : b + 1] * self.cholesky[:, b]
            tiny = 2.0**-53
            u[:, self.joint] = np.clip(ndtr(mixed), tiny, 1.0 - tiny)
        for j, i in enumerate(self.drawn):
            rows[:, i] = self.row.quantities[i].ppf(np.ascontiguousarray(u[:, j]))
        return rows


def correlation_matrix(scenario: Scenario) -> tuple[list[str], F8]:
    """The dotted paths that are correlated, in file order, and their matrix."""
    paths: list[str] = []
    for pair in scenario.correlations.values():
        paths += [p for p in pair.between if p not in paths]
    matrix = np.eye(len(paths))
    for pair in scenario.correlations.values():
        a, b = (paths.index(p) for p in pair.between)
        matrix[a, b] = matrix[b, a] = pair.rho.value
    return paths, matrix


def _copula(scenario: Scenario, drawn: list[str]) -> tuple[npt.NDArray[np.int64], F8]:
    """Positions (among the drawn) of correlated quantities and their Cholesky factor.

    The factor follows the order of the file, so a frozen quantity leaves the others' law alone.
    """
    paths, matrix = correlation_matrix(scenario)
    keep = [i for i, path in enumerate(paths) if path in drawn]
    if len(keep) < 2:
        return np.empty(0, np.int64), np.empty((0, 0))
    factor: F8 = np.linalg.cholesky(matrix[np.ix_(keep, keep)]).astype(np.float64)
    return np.array([drawn.index(paths[i]) for i in keep], np.int64), factor
