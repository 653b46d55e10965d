"""What money and results read of the people, and where it lies for paths side by side."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from pfs_sim.tables.money import (
    Counted,
    Design,
    MeasureKind,
    MoneyPlan,
    Statistic,
)
from pfs_sim.tables.outputs import COMPARED_MATCHED, OutputPlan
from pfs_sim.tables.state import CONTROL, MATCHED, TOTALS, TREATED, Crowd, People
from pfs_sim.tables.wide import carve, numbers

F8 = npt.NDArray[np.float64]
I8 = npt.NDArray[np.int64]
Marks = npt.NDArray[np.bool_]

_ALWAYS = ("totals", "enrolled", "active", "true_n", "true_y", "true_y0")
_BY_COUNT = {
    Counted.REFERRED: "referred",
    Counted.ELIGIBLE: "eligible",
    Counted.COMPLETED: "completed",
    Counted.LEFT: "left",
}
_BY_TYPE = {
    Counted.COMPLETED: "exits",
    Counted.LEFT: "exits",
    Counted.ACTIVE: "active_type",
}


class Place(NamedTuple):
    """Room for the people of paths side by side."""

    crowd: Crowd
    seen: F8  # [number, path] all of it that is taken from the people, as plain numbers
    inputs: F8  # [column, path] the inputs
    known: F8  # [4, path] the events


class Field(NamedTuple):
    """An array of the people, and where it lies."""

    name: str
    book: int  # 0 program, 1 outcomes
    first: int
    shape: tuple[int, ...]

    @property
    def size(self) -> int:
        """How many numbers it has."""
        return math.prod(self.shape)


def lay_out(people: People) -> list[Field]:
    """The arrays of the people that a crowd has, and those of its sums, in order of place."""
    cohort = people.cohort
    books = [(_address(book), book.size) for book in (cohort.program, cohort.outcomes)]
    names = {*Crowd._fields, *TOTALS} - {"row", "events", "totals"}
    return sorted(
        (_find(name, getattr(people, name), books) for name in names),
        key=lambda field: (field.book, field.first, field.size, field.name),
    )


def _find(name: str, array: Any, books: list[tuple[int, int]]) -> Field:
    """The book in which an array lies, and where in it."""
    for number, (begins, size) in enumerate(books):
        first = (_address(array) - begins) // 8
        if 0 <= first < size or (first == size and not array.size):
            return Field(name, number, first, array.shape)
    raise ValueError("an array of the people lies in none of their books")


def _address(array: Any) -> int:
    found: int = array.__array_interface__["data"][0]
    return found


def new_place(layout: Sequence[Field], columns: int) -> Place:
    """Room for paths side by side of a deal with so many columns of inputs."""
    book, fields = carve({field.name: field.shape for field in _in_place(layout)})
    _, about = carve({"row": (columns,), "events": (4,)})
    crowd = Crowd(**fields, **about)
    return Place(crowd, numbers(book), numbers(crowd.row), numbers(crowd.events))


def _in_place(layout: Sequence[Field]) -> list[Field]:
    """What a crowd has, in the order in which it lies there."""
    sums = Field("totals", -1, -1, (len(TOTALS),))
    return [sums, *(field for field in layout if field.name in Crowd._fields)]


def mark_read(
    money: MoneyPlan, outputs: OutputPlan, layout: Sequence[Field], true_mode: bool
) -> Marks:
    """Which numbers of `Place.seen` the money and the results of a deal read."""
    found = {field.name: np.zeros(field.shape, np.bool_) for field in _in_place(layout)}
    for name in _ALWAYS:
        found[name][...] = True
    found["waiting"][...] = money.deal[0].needs_service == 1
    if (outputs.opens_at_exit[outputs.savings_outcome] == 1).any():
        found["exits"][...] = True
    for record in money.evaluation.measures:
        if record.kind == MeasureKind.PROGRAM:
            found[_BY_COUNT.get(record.counted, "enrolled")][...] = True
            if record.type >= 0:
                found[_BY_TYPE.get(record.counted, "enrolled_type")][...] = True
        elif record.kind == MeasureKind.PERSON:
            found["person"][...] = True
            for given in money.evaluation.inputs[record.inputs : record.inputs_end]:
                _mark_sums(found, given.member, TREATED, 0, true_mode)
        elif record.kind == MeasureKind.OUTCOME:
            first = record.first_class if record.arm == TREATED else record.first_control
            _mark_sums(found, record.outcome, record.arm, first, true_mode)
            if true_mode and record.statistic >= Statistic.DIFFERENCE:
                found["e0"][record.outcome, first:] = True
            if record.design == Design.RCT:
                _mark_sums(found, record.outcome, CONTROL, record.first_control, true_mode)
            elif record.design == Design.MATCHED:
                _mark_sums(found, record.outcome, MATCHED, first, true_mode)
    for k in range(found["true_n"].size):
        arm, least = CONTROL, outputs.least_control[k]
        if outputs.compared[k] == COMPARED_MATCHED:
            arm, least = MATCHED, outputs.least_matched[k]
        _mark_sums(found, k, TREATED, outputs.least_treated[k], False)
        _mark_sums(found, k, arm, least, False)
    return np.concatenate([marks.ravel() for marks in found.values()])


def _mark_sums(found: dict[str, Marks], k: int, arm: int, least: int, true_mode: bool) -> None:
    """The sums of an outcome, an arm and its classes from the least one on are read."""
    for name in ("n", "y", "e") if true_mode else ("n", "y"):
        found[name][k, arm, least:] = True


def find_parts(layout: Sequence[Field], read: Marks) -> I8:
    """Where the numbers that are read lie, and where they go.

    [part, 5] book of the people (0 program, 1 outcomes), first and end in it, first in
    `Place.seen`, and how many numbers there: as many, or one, which is their sum. Neighbors are
    joined.
    """
    known = {field.name: field for field in layout}
    sums = [
        [known[name].book, known[name].first, known[name].first + known[name].size, i, 1]
        for i, name in enumerate(TOTALS)
        if read[i]
    ]
    found, to = [[-1, -1, -1, -1, -1]], len(TOTALS)
    for field in _in_place(layout)[1:]:
        marks = np.diff(read[to : to + field.size], prepend=False, append=False)
        for start, end in np.flatnonzero(marks).reshape(-1, 2).tolist():
            before, first = found[-1], field.first + start
            joins = before[2] == first and before[3] + before[4] == to + start
            if joins and before[0] == field.book:
                before[2], before[4] = field.first + end, before[4] + end - start
            else:
                found.append([field.book, first, field.first + end, to + start, end - start])
        to += field.size
    return np.array(sums + found[1:], dtype=np.int64).reshape(-1, 5)
