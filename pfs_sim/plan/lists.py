"""Lists as the kernels read them: places in a table, or in one array of indices."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from pfs_sim.tables.money import Records


def records(dtype: np.dtype[Any], rows: Sequence[Mapping[str, Any]]) -> Records:
    """A table from its rows; every field of the record must be given."""
    names = dtype.names or ()
    return np.array([tuple(row[name] for name in names) for row in rows], dtype).view(np.recarray)


class Links:
    """All lists of mere indices, end to end."""

    def __init__(self) -> None:
        self.members: list[int] = []

    def add(self, name: str, members: Iterable[int]) -> dict[str, int]:
        """Append a list; returns the two fields that say where it lies."""
        first = len(self.members)
        self.members += list(members)
        return {name: first, f"{name}_end": len(self.members)}


def spans(name: str, rows: Sequence[Sequence[object]]) -> list[dict[str, int]]:
    """The two fields of each row's list, when the members of all rows lie end to end."""
    ends = np.cumsum([0, *(len(row) for row in rows)])
    return [
        {name: int(first), f"{name}_end": int(last)}
        for first, last in pairwise(ends)
    ]


def by_grid_point(entries: Iterable[tuple[int, Any]], periods: int) -> list[list[Any]]:
    """(grid point, thing) pairs as a list a grid point, in the given order on each.

    What lies past the grid never happens and is left out.
    """
    rows: list[list[Any]] = [[] for _ in range(periods + 1)]
    for t, member in entries:
        if 0 <= t <= periods:
            rows[t].append(member)
    return rows
