"""How much of the variance of a result each uncertain quantity explains, from the run itself.

No path is lived again: paths are sorted into classes by what they drew, and the variance between
the classes is set against the whole ("given data", Plischke, Borgonovo and Smith 2013, European
Journal of Operational Research 226, section 3).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

F8 = npt.NDArray[np.float64]
PARTS = 10
LEAST = 200
"""Paths below which nothing is said."""


class Driver(NamedTuple):
    """An uncertain quantity and the share of the variance that it explains alone."""

    path: str
    share: float
    se: float


def find_drivers(inputs: Mapping[str, F8], result: F8) -> list[Driver]:
    """Quantities by falling share of the variance of `result[path]`; empty where none can be told.

    inputs: dotted path → what each path drew. Shares of correlated quantities overlap, and chance
    and joint effects belong to none, so they need not add up to one. The error is that of ten
    parts of the paths.
    """
    defined = np.isfinite(result)
    y = result[defined]
    if y.size < LEAST or np.ptp(y) == 0.0:
        return []
    found = []
    for path, drawn in inputs.items():
        x = drawn[defined]
        if np.ptp(x) == 0.0:
            continue
        parts = [
            explain_variance(a, b)
            for a, b in zip(np.array_split(x, PARTS), np.array_split(y, PARTS), strict=True)
        ]
        known = [part for part in parts if math.isfinite(part)]
        se = float(np.std(known, ddof=1)) / math.sqrt(len(known)) if len(known) > 1 else math.nan
        found.append(Driver(path, explain_variance(x, y), se))
    return sorted(found, key=lambda driver: (-driver.share, driver.path))


def explain_variance(x: F8, y: F8) -> float:
    """Var(E[y | class of x]) / Var(y), less what classes explain by luck; NaN for a constant y.

    Classes are equal in number, about the cube root of it; equal values stay in one class. The
    correction is that of epsilon squared (Kelley 1935, PNAS 21, 554-559).
    """
    n = y.size
    whole = float(np.sum((y - y.mean()) ** 2))
    if n < 4 or whole == 0.0:
        return math.nan
    count = min(max(round(n ** (1 / 3)), 2), 50)
    edges = np.unique(np.quantile(x, np.arange(1, count) / count, method="inverted_cdf"))
    place = np.searchsorted(edges, x, side="left")
    size = np.bincount(place, minlength=edges.size + 1).astype(np.float64)
    held = size > 0
    total = np.bincount(place, weights=y, minlength=edges.size + 1)
    between = float(np.sum(size[held] * (total[held] / size[held] - y.mean()) ** 2))
    classes = int(held.sum())
    if n <= classes:
        return math.nan
    left = max(whole - between, 0.0) / whole
    return min(max(1.0 - left * (n - 1) / (n - classes), 0.0), 1.0)
