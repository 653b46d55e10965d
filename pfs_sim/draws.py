"""DRAW: one uniform an uncertain quantity and path → copula → inversion (model §3).

A path-level draw has the address (seed of its source, source, "input:" + dotted path, path), so
no quantity that is added, removed or re-ordered shifts another.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from contextlib import suppress
from operator import index
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from pfs_sim.addresses import stream_key
from pfs_sim.errors import InputError
from pfs_sim.model.scenario import Scenario
from pfs_sim.plan.row import SOURCES, Row
from pfs_sim.sampling import Uniforms, pseudo_random
from pfs_sim.tables.state import Drawn

F8 = npt.NDArray[np.float64]
LARGEST_SEED = 2**63 - 1


def read_seed(seed: Any) -> int:
    """A seed as it is written into addresses; InputError for what is no seed.

    Two that are equal are the same one: 1.0 and True would give other paths than 1.
    """
    with suppress(TypeError):
        if not isinstance(seed, bool) and 0 <= index(seed) <= LARGEST_SEED:
            return int(seed)
    raise InputError(f"found the seed {seed!r}; allowed: a whole number from 0 to {LARGEST_SEED}")


def source_seeds(seed: int, seeds: Mapping[str, int] | None = None) -> dict[str, int]:
    """A seed for each source: the run's seed unless a source has its own (pick-and-freeze)."""
    own = dict(seeds or {})
    unknown = sorted(set(own) - set(SOURCES))
    if unknown:
        raise InputError(f"found the source {unknown[0]!r}; allowed: {', '.join(SOURCES)}")
    return {source: read_seed(own.get(source, seed)) for source in SOURCES}


class KeptValues(NamedTuple):
    """What keeps the values of a first run while the rest is drawn anew (pick-and-freeze)."""

    seeds: Mapping[str, int]
    """The first run's seed of each source."""
    quantities: Collection[str]
    """Dotted paths of the quantities that keep their values."""


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
        kept: KeptValues | None = None,
        fixed: Mapping[str, float] | None = None,
    ) -> None:
        """Prepare keys and the copula.

        `own_seeds` re-draws single quantities by dotted path. `kept` quantities take their values
        of another run; those correlated with them are drawn given these values. `fixed`
        quantities, uncertain or not, have one value, and all others what they would have had.
        """
        self.row, self.uniforms = row, uniforms
        self.fixed = _columns(row, fixed or {})
        self.drawn = [
            i
            for i in row.uncertain
            if row.sources[i] not in frozen and not row.paths[i].endswith(".target_effect")
        ]
        self.quantities = [row.quantities[i] for i in self.drawn]
        own = own_seeds or {}
        paths = [row.paths[i] for i in self.drawn]
        before = kept or KeptValues({}, ())
        holds = [path in before.quantities for path in paths]
        self.keys = self._find_keys(
            before.seeds[row.sources[i]] if held else own.get(path, seeds[row.sources[i]])
            for i, path, held in zip(self.drawn, paths, holds, strict=True)
        )
        self.joint, self.cholesky = _copula(scenario, paths)
        follow = [j for j, one in enumerate(self.quantities) if one.family.law.follows_normal]
        self.normal = np.array(sorted({*follow, *self.joint.tolist()}), np.int64)
        """Positions of those that are drawn by a standard normal."""
        self.conditional = _split_groups(self.joint, self.cholesky, np.array(holds, dtype=bool))
        if self.conditional:
            self.first_keys = self._find_keys(before.seeds[row.sources[i]] for i in self.drawn)

    def _find_keys(self, seeds: Iterable[int]) -> npt.NDArray[np.uint64]:
        """A key for each drawn quantity, from the seed of each."""
        row = self.row
        return np.array(
            [
                stream_key(seed, row.sources[i], f"input:{row.paths[i]}")
                for i, seed in zip(self.drawn, seeds, strict=True)
            ],
            dtype=np.uint64,
        )

    def draw(self, first: int, count: int) -> F8:
        """Rows [path, column] of `count` paths from path `first` on."""
        found = self.share_out(self.draw_values(first, count))
        rows = np.tile(found.shared, (count, 1))
        rows[:, found.columns] = found.values.T
        return rows

    def draw_values(self, first: int, count: int) -> F8:
        """Values [i, path] of the drawn quantities, whatever is fixed."""
        if not self.drawn:
            return np.empty((0, count))
        from pfs_sim.kernels.quantiles import fill_normal_quantiles

        values = np.ascontiguousarray(self.uniforms(self.keys, first, count).T)
        fill_normal_quantiles(values, self.normal)
        if self.joint.size:
            self._correlate(values, first, count)
        for row, quantity in zip(values, self.quantities, strict=True):
            law = quantity.family.law
            row[:] = law.of_normal(row) if law.follows_normal else quantity.ppf(row)
        return values

    def share_out(self, values: F8) -> Drawn:
        """The inputs of the paths of drawn values [i, path], with what is fixed and certain."""
        shared = self.row.base.copy()
        shared[list(self.fixed)] = list(self.fixed.values())
        free = [j for j, i in enumerate(self.drawn) if i not in self.fixed]
        columns = np.array(self.drawn, np.int64)
        if len(free) < len(self.drawn):
            columns, values = columns[free], values[free]
        return Drawn(shared, columns, values)

    def _correlate(self, values: F8, first: int, count: int) -> None:
        """Correlate the joint ones of values[drawn quantity, path], in place.

        Those are independent normals. Where a value is no function of a normal, a probability
        takes its place.
        """
        from pfs_sim.kernels.quantiles import fill_normal_quantiles, mix
        from pfs_sim.special import ndtr

        joint, new = self.joint, values[self.joint] if self.conditional else values
        mix(self.cholesky, values, joint, values, joint)
        if self.conditional:
            held = np.ascontiguousarray(self.uniforms(self.first_keys, first, count).T)
            fill_normal_quantiles(held, joint)
            mix(self.cholesky, held, joint, held, joint)
            for group in self.conditional:
                here, anew = joint[group.held], joint[group.anew]
                values[here] = held[here]
                mix(group.gain, held, here, values, anew)
                rest = np.empty((anew.size, count))
                mix(group.factor, new, group.anew, rest, np.arange(anew.size))
                values[anew] += rest
        tiny = 2.0**-53
        for j in joint.tolist():
            if not self.quantities[j].family.law.follows_normal:
                values[j] = np.clip(ndtr(values[j]), tiny, 1.0 - tiny)


def _columns(row: Row, fixed: Mapping[str, float]) -> dict[int, float]:
    """Columns of fixed quantities; InputError for a dotted path that is none."""
    for path in fixed:
        if row.column(path) < 0:
            from difflib import get_close_matches

            near = get_close_matches(path, row.paths, n=3) or row.paths[:3]
            raise InputError(f"found no quantity {path!r}; near it: {', '.join(near)}")
    return {row.column(path): float(value) for path, value in fixed.items()}


class Group(NamedTuple):
    """Correlated quantities of which some are held: positions among the joint ones."""

    held: npt.NDArray[np.int64]
    anew: npt.NDArray[np.int64]
    gain: F8
    """[anew, held]: the conditional mean of what is drawn anew."""
    factor: F8
    """[anew, anew]: Cholesky factor of its conditional covariance."""


def _split_groups(
    joint: npt.NDArray[np.int64], cholesky: F8, holds: npt.NDArray[np.bool_]
) -> list[Group]:
    """Groups of quantities that are correlated with one another, held in part.

    z_anew | z_held is normal with mean R_ah R_hh⁻¹ z_held and covariance R_aa − R_ah R_hh⁻¹ R_ha.
    """
    if not joint.size or not holds[joint].any() or holds[joint].all():
        return []
    matrix = cholesky @ cholesky.T
    found = []
    for members in connected(matrix):
        held, anew = members[holds[joint[members]]], members[~holds[joint[members]]]
        if held.size and anew.size:
            across = matrix[np.ix_(anew, held)]
            gain: F8 = np.linalg.solve(matrix[np.ix_(held, held)], across.T).T.astype(np.float64)
            left = matrix[np.ix_(anew, anew)] - gain @ across.T
            factor: F8 = np.linalg.cholesky(left).astype(np.float64)
            found.append(Group(held, anew, gain, factor))
    return found


def connected(matrix: F8) -> list[npt.NDArray[np.int64]]:
    """Positions that hang together by correlations other than zero, each group in order."""
    left, found = set(range(len(matrix))), []
    while left:
        group, new = set[int](), {min(left)}
        while new:
            group |= new
            new = {b for a in new for b in left if abs(matrix[a, b]) > 1e-12} - group
        left -= group
        found.append(np.array(sorted(group), np.int64))
    return found


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
