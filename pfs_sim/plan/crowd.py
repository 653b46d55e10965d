"""What money and results read of the people, and where it lies for paths side by side."""

from __future__ import annotations

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


def new_place(people: People, columns: int) -> Place:
    """Room for paths side by side of a deal with so many columns of inputs."""
    book, fields = carve({name: _shape(people, name) for name in _fields(people)})
    _, about = carve({"row": (columns,), "events": (4,)})
    crowd = Crowd(**fields, **about)
    return Place(crowd, numbers(book), numbers(crowd.row), numbers(crowd.events))


def mark_read(money: MoneyPlan, outputs: OutputPlan, people: People, true_mode: bool) -> Marks:
    """Which numbers of `Place.seen` the money and the results of a deal read."""
    found = {name: np.zeros(_shape(people, name), np.bool_) for name in _fields(people)}
    for name in _ALWAYS:
        found[name][...] = True
    found["waiting"][...] = money.deal[0].needs_service == 1
    if (outputs.opens_at_exit[outputs.savings_outcome] == 1).any():
        found["exits"][...] = True
    for record in money.evaluation.measures:
        if record.kind == MeasureKind.PROGRAM:
            by_type = _BY_TYPE.get(record.counted, "enrolled_type")
            name = by_type if record.type >= 0 else _BY_COUNT.get(record.counted, "active")
            found[name][...] = True
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
    for k in range(people.true_n.size):
        arm, least = CONTROL, outputs.least_control[k]
        if outputs.compared[k] == COMPARED_MATCHED:
            arm, least = MATCHED, outputs.least_matched[k]
        _mark_sums(found, k, TREATED, outputs.least_treated[k], False)
        _mark_sums(found, k, arm, least, False)
    return np.concatenate([found[name].ravel() for name in _fields(people)])


def _mark_sums(found: dict[str, Marks], k: int, arm: int, least: int, true_mode: bool) -> None:
    """The sums of an outcome, an arm and its classes from the least one on are read."""
    for name in ("n", "y", "e") if true_mode else ("n", "y"):
        found[name][k, arm, least:] = True


def find_parts(people: People, read: Marks) -> I8:
    """Where the numbers that are read lie, and where they go.

    [part, 5] book of the people (0 program, 1 outcomes), first and end in it, first in
    `Place.seen`, and how many numbers there: as many, or one, which is their sum. Neighbors are
    joined.
    """
    sums: list[list[int]] = []
    for i, name in enumerate(TOTALS):
        array = getattr(people, name)
        book, first = _locate(people, array)
        if read[i]:
            sums.append([book, first, first + array.size, i, 1])
    found, to = [[-1, -1, -1, -1, -1]], len(TOTALS)
    for name in _fields(people)[1:]:
        array = getattr(people, name)
        book, first = _locate(people, array)
        marks = np.diff(read[to : to + array.size], prepend=False, append=False)
        for start, end in np.flatnonzero(marks).reshape(-1, 2).tolist():
            before = found[-1]
            if before[0] == book and before[2] == first + start:
                before[2], before[4] = first + end, before[4] + end - start
            else:
                found.append([book, first + start, first + end, to + start, end - start])
        to += array.size
    return np.array(sums + found[1:], dtype=np.int64).reshape(-1, 5)


def _fields(people: People) -> list[str]:
    """The arrays that a crowd has: sums, then those of the people as they lie in their books."""
    names = [name for name in Crowd._fields if name not in ("row", "events", "totals")]
    names.sort(key=lambda name: _locate(people, getattr(people, name)))
    return ["totals", *names]


def _shape(people: People, name: str) -> tuple[int, ...]:
    return (len(TOTALS),) if name == "totals" else getattr(people, name).shape


def _locate(people: People, array: Any) -> tuple[int, int]:
    """The book in which an array lies, and where in it."""
    for number, book in enumerate((people.cohort.program, people.cohort.outcomes)):
        first = (array.ctypes.data - book.ctypes.data) // book.itemsize
        if 0 <= first < book.size or (first == book.size and not array.size):
            return number, first
    raise ValueError("an array of the people lies in none of their books")
