"""What money and results read of the people, and where it lies for paths side by side."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from pfs_sim.tables.money import MeasureKind, MoneyPlan
from pfs_sim.tables.outputs import OutputPlan
from pfs_sim.tables.state import Crowd, People
from pfs_sim.tables.wide import carve, numbers

F8 = npt.NDArray[np.float64]
I8 = npt.NDArray[np.int64]

_READ = (
    "referred", "eligible", "waiting", "turned_away", "enrolled", "enrolled_type", "active",
    "active_type", "completed", "left", "n", "y", "person", "true_n", "true_y", "true_y0",
)  # fmt: skip
_READ_BY_TYPE = ("exits",)
"""Read where a measure counts who of a type completed or left, or savings begin where treatment
ends."""
_READ_IF_TRUE = ("e", "e0")
"""Read where measures are replaced by their true values."""


class Place(NamedTuple):
    """Room for the people of paths side by side."""

    crowd: Crowd
    seen: F8  # [number, path] all of it that is taken from the people, as plain numbers
    inputs: F8  # [column, path] the inputs
    known: F8  # [4, path] the events


def fields_read(money: MoneyPlan, outputs: OutputPlan, true_mode: bool) -> frozenset[str]:
    """The arrays of its people that the money and the results of a deal read."""
    measures = money.evaluation.measures
    by_type = (measures.kind == MeasureKind.PROGRAM) & (measures.type >= 0)
    at_exit = outputs.opens_at_exit[outputs.savings_outcome] == 1
    found = frozenset(_READ)
    found |= frozenset(_READ_BY_TYPE) if by_type.any() or at_exit.any() else frozenset()
    return found | (frozenset(_READ_IF_TRUE) if true_mode else frozenset())


def new_place(people: People, columns: int) -> Place:
    """Room for paths side by side of a deal with so many columns of inputs."""
    shapes = {name: getattr(people, name).shape for name in _in_order(people)}
    book, fields = carve(shapes)
    _, about = carve({"row": (columns,), "events": (4,)})
    crowd = Crowd(**fields, **about)
    return Place(crowd, numbers(book), numbers(crowd.row), numbers(crowd.events))


def find_parts(people: People, fields: Collection[str]) -> I8:
    """Where the named arrays lie: [part, 4] book of the people (0 program, 1 outcomes), first and
    end in it, first in `Place.seen`. Neighbors are joined.
    """
    found: list[list[int]] = []
    to = 0
    for name in _in_order(people):
        array = getattr(people, name)
        number, first = _locate(people, array)
        if name in fields and array.size:
            before = found[-1] if found else [-1, -1, -1, -1]
            if before[0] == number and before[2] == first and to - before[3] == first - before[1]:
                before[2] = first + array.size
            else:
                found.append([number, first, first + array.size, to])
        to += array.size
    return np.array(found, dtype=np.int64).reshape(-1, 4)


def _in_order(people: People) -> Iterable[str]:
    """The arrays that a crowd has, as they lie in the books of the people."""
    names = [name for name in Crowd._fields if name not in ("row", "events")]
    return sorted(names, key=lambda name: _locate(people, getattr(people, name)))


def _locate(people: People, array: Any) -> tuple[int, int]:
    """The book in which an array lies, and where in it."""
    for number, book in enumerate((people.cohort.program, people.cohort.outcomes)):
        first = (array.ctypes.data - book.ctypes.data) // book.itemsize
        if 0 <= first < book.size or (first == book.size and not array.size):
            return number, first
    raise ValueError("an array of the people lies in none of their books")
