"""95 % intervals of the Sobol indices and Shapley shares contain the truth on 95 % of runs."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from known_functions import (
    Correlated,
    Game,
    indices_of,
    ishigami,
    ishigami_parts,
    linear_gaussian_shapley,
    sobol_g,
    sobol_g_parts,
)

from pfs_sim.analysis.indices import find_indices

REPEATS, PATHS = 2000, 2000
KINDS = ("first", "total", "shapley")
WEIGHTS = [1.0, 2.0, -1.0]
COVARIANCE = [[1.0, 0.5, 0.0], [0.5, 1.0, -0.3], [0.0, -0.3, 1.0]]
Case = tuple[Callable[[int], Callable[[int], np.ndarray]], tuple[list[float], ...], int, bool]
CASES: dict[str, Case] = {
    "ishigami": (
        lambda s: Game(ishigami, 3, PATHS, s), indices_of(ishigami_parts(), 3), 0, True
    ),
    "g of five, few runs": (
        lambda s: Game(sobol_g, 5, PATHS, s), indices_of(sobol_g_parts(), 5), 0, False
    ),
    "correlated": (
        lambda s: Correlated(WEIGHTS, COVARIANCE, PATHS, s),
        linear_gaussian_shapley(WEIGHTS, COVARIANCE),
        0b111,
        True,
    ),
}


@pytest.mark.verify
@pytest.mark.parametrize("name", CASES)
def test_coverage(name: str) -> None:
    make, truth, linked, subsets = CASES[name]
    kinds = KINDS if subsets else KINDS[:2]
    d = len(truth[0])
    hits = {(kind, i): 0 for kind in kinds for i in range(d)}
    for repeat in range(REPEATS):
        found = find_indices(make(10_000 + repeat), "abcde"[:d], linked=linked, subsets=subsets)[0]
        for kind, true in zip(kinds, truth, strict=False):
            for i, share in enumerate(getattr(found, kind)):
                interval = share.interval()
                hits[kind, i] += interval.low <= true[i] <= interval.high
    for key, count in hits.items():
        assert count / REPEATS == pytest.approx(0.95, abs=0.02), key
