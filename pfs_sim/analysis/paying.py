"""Many deals over the same people: the people of a path are lived once, and every deal pays.

Nobody's life depends on the contract or the capital as long as no event of the money (an empty
till, a trigger) stops or expands the program. So where the people of two deals are compiled to
the same tables, and a path's inputs of program and outcomes are the same bits, the second deal
takes the people that the first has lived; paths on which its own money feeds back it lives again,
for itself. Every result has the bits that it would have had alone.
"""

from __future__ import annotations

import threading
from collections import OrderedDict, deque
from collections.abc import Callable, Collection, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt

from pfs_sim.draws import Inputs
from pfs_sim.packing import Packed
from pfs_sim.plan.crowd import Marks, mark_read
from pfs_sim.results import FAN
from pfs_sim.simulate import (
    CHUNK,
    Compiled,
    Scratches,
    available_memory,
    do_chunks,
    even_size,
    finish,
    hold,
    nothing_given,
    put,
    refuse_if_too_large,
    room_for,
)
from pfs_sim.tables.state import Drawn
from pfs_sim.tables.wide import ABREAST

if TYPE_CHECKING:
    from pfs_sim.kernels.path import Kept

F8 = npt.NDArray[np.float64]
I8 = npt.NDArray[np.int64]
BUDGET = 256_000_000
"""Bytes of people and inputs that are kept from one evaluation to the next."""
TOGETHER = 256_000_000
"""Bytes of results that are held together where deals are lived together."""
OWN = ("program.", "outcomes.")
"""Quantities by which the people of two deals may differ."""


class Order(NamedTuple):
    """A deal to be lived; in true mode every measure has its true value."""

    compiled: Compiled
    true_mode: bool = False


class _Values(NamedTuple):
    """What was drawn for a chunk: values[drawn quantity, path], before any was fixed."""

    inputs: Inputs
    values: F8


class _Lived(NamedTuple):
    """The people of a chunk: from which inputs, which of their numbers, and these themselves."""

    inputs: I8
    """Bit patterns [moving input, path]."""
    read: Marks
    kept: Kept

    @property
    def size(self) -> int:
        return self.inputs.nbytes + self.kept.people.nbytes + self.kept.how.nbytes


class Store:
    """People and inputs of chunks, for the deals that come next: at most `budget` bytes.

    People are kept by the tables that they were compiled to; where there is no room, those that
    were not asked for the longest go. `refused`: there was no room for something.
    """

    def __init__(self, budget: int = BUDGET) -> None:
        free = available_memory()
        self.budget = budget if free is None else min(budget, free // 4)
        self.used, self.refused = 0, False
        self._people: OrderedDict[bytes, dict[tuple[int, int], _Lived]] = OrderedDict()
        self._drawn: dict[tuple[int, int], _Values] = {}
        self._lock = threading.Lock()

    def ask_for(self, tables: Collection[bytes]) -> None:
        """Say whose people are about to be asked for."""
        with self._lock:
            for one in tables:
                if one in self._people:
                    self._people.move_to_end(one)

    def find_people(self, tables: bytes, chunk: tuple[int, int]) -> _Lived | None:
        """The people of a chunk (first path, paths), if they are here."""
        return self._people.get(tables, {}).get(chunk)

    def find_drawn(self, chunk: tuple[int, int]) -> _Values | None:
        """What was drawn last for a chunk, if it is here."""
        return self._drawn.get(chunk)

    def keep_people(
        self, tables: bytes, chunk: tuple[int, int], lived: _Lived, asked: Collection[bytes]
    ) -> None:
        """Keep people if there is room, or room can be made without those that are `asked` for."""
        with self._lock:
            before = self._people.get(tables, {}).pop(chunk, None)
            self.used -= 0 if before is None else before.size
            if self._make_room(lived.size, asked):
                self._people.setdefault(tables, {})[chunk] = lived

    def keep_drawn(
        self, chunk: tuple[int, int], drawn: _Values, asked: Collection[bytes]
    ) -> None:
        """Keep what was drawn, in the place of what was drawn before."""
        with self._lock:
            before = self._drawn.pop(chunk, None)
            self.used -= 0 if before is None else before.values.nbytes
            if self._make_room(drawn.values.nbytes, asked):
                self._drawn[chunk] = drawn

    def _make_room(self, size: int, asked: Collection[bytes]) -> bool:
        while self.used + size > self.budget:
            oldest = next((one for one in self._people if one not in asked), None)
            if oldest is None:
                self.refused = True
                return False
            self.used -= sum(lived.size for lived in self._people.pop(oldest).values())
        self.used += size
        return True


class _Task:
    """An order and all that can be said of it before it is lived."""

    def __init__(self, order: Order, paths: int) -> None:
        compiled, self.true_mode = order.compiled, int(order.true_mode)
        self.compiled, self.inputs = compiled, compiled.inputs
        self.given = nothing_given(compiled.scenario)
        grid = compiled.scenario.clock.periods + 1
        self.values = hold(compiled.columns, paths)
        self.fan = np.empty((min(paths, compiled.followed), len(FAN), grid))
        self.tables, self.moving = describe_people(compiled)
        self.scratches = Scratches(compiled)
        plan = compiled.plan
        self.read = mark_read(plan.people, plan.money, plan.outputs, order.true_mode)
        columns = [i for i in self.inputs.drawn if i not in self.inputs.fixed]
        self.places = np.flatnonzero(np.isin(columns, self.moving))

    def pick_moving(self, rows: Drawn) -> I8:
        """The bits [i, path] of those inputs of the people that differ from path to path."""
        whole = self.places.size == rows.columns.size
        return (rows.values if whole else rows.values[self.places]).view(np.int64)


class Notebooks:
    """Where people are written down while they are lived: one for each thread, used again."""

    def __init__(self) -> None:
        self._free = deque[F8]()

    def open(self, read: Marks, paths: int) -> Kept:
        """Room for some numbers of the people of some paths."""
        from pfs_sim.kernels.path import Kept
        from pfs_sim.plan.crowd import find_parts

        blocks, numbers = -(-paths // ABREAST), int(read.sum())
        room = self._free.pop() if self._free else np.empty(0)
        if room.size < blocks * numbers * ABREAST:
            room = np.empty(blocks * numbers * ABREAST)
        how, end = np.zeros((blocks, numbers), np.uint8), np.zeros(1, np.int64)
        return Kept(find_parts(read), room, how, end, 0)

    def close(self, kept: Kept) -> Kept:
        """The people that have been written down, in no more memory than they need."""
        lived = kept._replace(people=kept.people[: kept.end[0]].copy(), known=1)
        self._free.append(kept.people)  # not before, or another thread would write there
        return lived


def live_together(
    orders: Sequence[Order],
    paths: int,
    *,
    store: Store | None = None,
    threads: int | None = None,
    chunk: int = CHUNK,
    progress: Callable[[int], None] | None = None,
) -> list[tuple[F8 | Packed, F8]]:
    """Live every deal on paths 0 … paths−1, chunk by chunk: values[column, path] and fan of each.

    As `live_compiled` for one after the other, bit by bit, whatever the chunks and threads, but
    people and inputs that are the same are lived and drawn once. What a `store` holds from
    earlier calls is not lived again. InputError where the results do not fit in memory together.
    """
    from pfs_sim.kernels.path import NOBODY_KEPT, live_paths

    width = sum(len(order.compiled.columns) for order in orders)
    grid = sum(order.compiled.scenario.clock.periods + 1 for order in orders)
    refuse_if_too_large(paths, width, grid)
    known = store or Store(0)
    tasks = [_Task(order, paths) for order in orders]
    asked = {task.tables for task in tasks}
    read = {
        one: np.logical_or.reduce([task.read for task in tasks if task.tables == one])
        for one in asked
    }
    # Those who share their people come one after the other, so that one chunk is held at a time.
    turns = sorted(tasks, key=lambda task: task.tables)
    last = {task.tables: task for task in turns}
    known.ask_for(asked)
    notebooks = Notebooks()
    alike, size = cache(draw_alike), even_size(paths, chunk, threads)

    def work(start: int) -> int:
        count = min(start + size, paths) - start
        at = (start, count)
        drawn, lived, whose = known.find_drawn(at), None, b""
        for task in turns:
            rows, drawn = _draw(task.inputs, at, drawn, alike)
            if store is not None and drawn is not None:
                known.keep_drawn(at, drawn, asked)
            inputs = task.pick_moving(rows)
            if task.tables != whose:
                lived, whose = known.find_people(task.tables, at), task.tables
            if lived is not None and not (
                np.array_equal(lived.inputs, inputs) and (lived.read | ~task.read).all()
            ):
                lived = None
            scratch, kept, new = task.scratches.borrow(), NOBODY_KEPT, False
            if lived is not None:
                kept = lived.kept
            elif store is not None or task is not last[task.tables]:
                new, kept = True, notebooks.open(read[task.tables], count)
            out, place = room_for(task.values, start, count)
            live_paths(
                task.compiled.plan, scratch, rows, start, task.true_mode, task.given, out,
                task.fan[start : start + count], kept, place,
            )  # fmt: skip
            put(task.values, start, out, grid)
            task.scratches.give_back(scratch)
            if new:
                lived = _Lived(inputs.copy(), read[task.tables], notebooks.close(kept))
                known.keep_people(task.tables, at, lived, asked)
        return count * len(tasks)

    do_chunks(work, range(0, paths, size), threads, progress)
    return [(finish(task.values), task.fan) for task in tasks]


def describe_people(compiled: Compiled) -> tuple[bytes, I8]:
    """What must be equal for two deals to have the same people where their inputs are the same.

    The bytes hold all that the people read and that is the same on every path: their tables
    (columns of inputs included, so equal tables read equal columns) and the certain inputs. Of
    the bounds of enrollment they hold those without an expansion, for an expansion is an event.
    The other value has the columns whose inputs differ from path to path.
    """
    row, inputs = compiled.row, compiled.inputs
    own = np.array([i for i, path in enumerate(row.paths) if path.startswith(OWN)], np.int64)
    moving = np.array(sorted({*inputs.drawn} & {*own.tolist()} - {*inputs.fixed}), np.int64)
    base = row.base.copy()
    base[list(inputs.fixed)] = list(inputs.fixed.values())
    still = np.setdiff1d(own, moving)
    plan = compiled.plan.people
    never = plan.periods[-1:]
    periods = (plan.periods.planned, plan.periods.places, never)
    rest = [table for name, table in zip(plan._fields, plan, strict=True) if name != "periods"]
    parts = (*_list_arrays(tuple(rest)), *periods, moving, still, base[still])
    told = [f"{part.shape}{part.dtype.str}".encode() + part.tobytes() for part in parts]
    return b"".join(told), moving


def _list_arrays(plan: Any) -> list[Any]:
    """The arrays of nested tuples, in order."""
    if isinstance(plan, tuple):
        return [array for part in plan for array in _list_arrays(part)]
    return [plan]


def draw_alike(one: Inputs, other: Inputs) -> bool:
    """Whether two deals draw the same values for their uncertain quantities, in their order."""
    if one is other:
        return True
    return (
        one.uniforms == other.uniforms
        and not one.conditional
        and not other.conditional
        and np.array_equal(one.keys, other.keys)
        and np.array_equal(one.joint, other.joint)
        and np.array_equal(one.cholesky, other.cholesky)
        and all(
            one.row.quantities[i].family == other.row.quantities[j].family
            for i, j in zip(one.drawn, other.drawn, strict=True)
        )
    )


def _draw(
    inputs: Inputs,
    chunk: tuple[int, int],
    drawn: _Values | None,
    alike: Callable[[Inputs, Inputs], bool],
) -> tuple[Drawn, _Values | None]:
    """The inputs of a chunk, and what was drawn for them or for an earlier deal."""
    if drawn is None or not alike(drawn.inputs, inputs):
        values = inputs.draw_values(*chunk)
        if not inputs.drawn:
            return inputs.share_out(values), drawn
        drawn = _Values(inputs, values)
    return inputs.share_out(drawn.values), drawn
