"""Columns of results held in few bytes, and given back to the bit.

A block is some thousand paths of every column. In it a column is a row of 64-bit patterns, and
most of them have little to say: a flag is 0 or 1, a count is a small whole number, a payment is
often zero, a total is the sum of its parts up to the last bits, and what is left shares its sign
and exponent. So the commonest value is set apart, and each of the others becomes a whole number:
its distance from the least one, of the values where all are whole, else of their patterns, or
from the pattern that a formula gives. It takes as many bytes as the block needs; a few that need
more are patched in (frames of reference: Lemire and Boytsov 2015, Software: Practice and
Experience 45, 1-29). NaN is a pattern as any other.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

F8 = npt.NDArray[np.float64]
I8 = npt.NDArray[np.int64]
U8 = npt.NDArray[np.uint64]
BLOCK = 16_384
"""Paths of a block; a place in it fits in 16 bits."""
PACKED_FROM = 128 * 2**20
"""Results of fewer bytes than this are not worth the work."""
LEAST_BYTES = 0.5
"""Bytes a value, packed, of a deal in which next to nothing is uncertain; most need 2 or 3."""
_LOOK = 256
_WHOLE = 2.0**53
_NOWHERE, _NOTHING = np.empty(0, np.uint16), np.empty(0, np.uint64)


class Formula(NamedTuple):
    """What a column is, up to the last bits, by the places of other columns."""

    kind: str
    """sum, ratio or product."""
    parts: tuple[int, ...]
    signs: tuple[float, ...]

    def work_out(self, columns: Sequence[F8]) -> I8:
        """The patterns of its values, from the values of its parts."""
        with np.errstate(all="ignore"):
            if self.kind == "ratio":
                found = columns[0] / columns[1]
            elif self.kind == "product":
                found = columns[0] * columns[1]
            else:
                found = self.signs[0] * columns[0]
                for sign, column in zip(self.signs[1:], columns[1:], strict=True):
                    found += sign * column
        # Which of two NaN a processor hands on is its own affair.
        found[np.isnan(found)] = np.nan
        return np.asarray(found.view(np.int64))


class Coded(NamedTuple):
    """A column of one block: the commonest pattern, and the others as numbers from 0 up."""

    size: int
    common: int
    others: npt.NDArray[np.uint8] | None
    """A bit a path, set where the pattern is another one; None where nothing is set apart."""
    held: int
    """How many others there are."""
    formula: Formula | None
    whole: bool
    """Whether the numbers stand for whole values rather than for patterns."""
    least: int
    """The value or pattern that 0 stands for."""
    planes: tuple[npt.NDArray[np.unsignedinteger[Any]], ...]
    """The numbers' bytes, the low ones first, in pieces of 8, 4, 2 and 1."""
    places: npt.NDArray[np.uint16]
    """Where the planes are too narrow …"""
    large: U8
    """… and the numbers that stand there."""

    @property
    def bytes(self) -> int:
        """Memory that the column takes."""
        arrays = (*self.planes, self.places, self.large)
        mask = 0 if self.others is None else self.others.nbytes
        return 400 + mask + sum(array.nbytes for array in arrays)


def find_formulas(names: Sequence[str]) -> dict[int, tuple[Formula, ...]]:
    """For some columns, the formulas that may fit them.

    None leads back to its own column: shares stand on sums, and sums on parts.
    """
    place = {name: i for i, name in enumerate(names)}
    found: dict[int, tuple[Formula, ...]] = {}

    def add(name: str, kind: str, parts: Sequence[str], signs: Sequence[float] = ()) -> None:
        if name not in place or not parts or not all(part in place for part in parts):
            return
        weights = tuple(signs) or (1.0,) * len(parts)
        one = Formula(kind, tuple(place[part] for part in parts), weights)
        if not leads_to(one, place[name]):
            found[place[name]] = (*found.get(place[name], ()), one)

    def leads_to(one: Formula, column: int) -> bool:
        return column in one.parts or any(
            leads_to(further, column) for part in one.parts for further in found.get(part, ())
        )

    head = "payor.payments."
    add("payor.payments", "sum", [n for n in names if n.startswith(head) and head + "fy" not in n])
    add("payor.claimed", "sum", ["payor.payments", "payor.cut", "payor.lost"])
    worth = ["payor.savings", "payor.residual", "payor.payments"]
    add("payor.net_benefit", "sum", worth, [1.0, 1.0, -1.0])
    add("program.cost", "sum", ["investors.drawn"])
    holders = [n.removesuffix(".drawn") for n in names if n.endswith(".drawn")]
    outcomes = [n.removesuffix(".effect_true") for n in names if n.endswith(".effect_true")]
    for what in ("drawn", "principal_loss", "npv"):
        parts = [f"{holder}.{what}" for holder in holders if holder != "investors"]
        add(f"investors.{what}", "sum", parts)
    for holder in holders:
        add(f"{holder}.loss_share", "ratio", [f"{holder}.principal_loss", f"{holder}.drawn"])
    for outcome in outcomes:
        add(f"{outcome}.averted", "product", [f"{outcome}.effect_true", "program.enrolled"])
    for name in names:
        if name.startswith("payor.") and name.endswith(".payments"):
            add(name, "sum", ["payor.payments"])
        if name.startswith("measure.") and not name.endswith(".exists"):
            for outcome in outcomes:
                parts = [f"{outcome}.effect_measured", f"{outcome}.measured"]
                add(name, "product", parts)
    return found


def pack(x: F8, formulas: Sequence[Formula], columns: Sequence[F8] | F8) -> Coded:
    """One column of a block; `columns` are all of its columns."""
    patterns = np.ascontiguousarray(x).view(np.int64)
    formula = next((one for one in formulas if _fits(one, patterns, columns)), None)
    if formula is not None:
        patterns = _fold(patterns - formula.work_out([columns[i] for i in formula.parts]))
    common, others = _set_apart(patterns)
    rest = patterns if others is None else patterns[others]
    whole, least, numbers = False, 0, _NOTHING
    if rest.size:
        whole = formula is None and _are_whole(rest.view(np.float64))
        rest = rest.view(np.float64).astype(np.int64) if whole else rest
        least = int(rest.min())
        numbers = rest.view(np.uint64) - np.int64(least).view(np.uint64)
    planes, places, large = _narrow(numbers)
    mask = None if others is None or not rest.size else np.packbits(others)
    return Coded(
        x.size, common, mask, rest.size, formula, whole, least, planes, places, large
    )


def unpack(coded: Coded, columns: Sequence[F8]) -> F8:
    """The column again; `columns` are the parts of its formula, if it has one."""
    rest = _widen(coded).view(np.int64)
    rest += np.int64(coded.least)
    if coded.whole:
        rest = rest.astype(np.float64).view(np.int64)
    patterns = rest
    if coded.held < coded.size:
        patterns = np.full(coded.size, coded.common, np.int64)
        if coded.others is not None:
            patterns[np.unpackbits(coded.others, count=coded.size).view(np.bool_)] = rest
    if coded.formula is not None:
        patterns = _unfold(patterns) + coded.formula.work_out(columns)
    return patterns.view(np.float64)


def _fits(formula: Formula, patterns: I8, columns: Sequence[F8] | F8) -> bool:
    """Whether it gives most of the first values up to the last bits."""
    told = formula.work_out([columns[i][:_LOOK] for i in formula.parts])
    near = np.abs(patterns[:_LOOK] - told) < 64
    return bool(np.count_nonzero(near) > 0.9 * near.size)


def _set_apart(patterns: I8) -> tuple[int, npt.NDArray[np.bool_] | None]:
    """The commonest pattern and where it is not; None where none is common enough."""
    seen, often = np.unique(patterns[:: -(-patterns.size // _LOOK)], return_counts=True)
    best = int(np.argmax(often))
    if 10 * often[best] < often.sum():
        return 0, None
    return int(seen[best]), np.not_equal(patterns, seen[best])


def _are_whole(x: F8) -> bool:
    """Whether every value is a whole number that an integer holds; -0 is none."""
    for part in (x[:_LOOK], x):
        with np.errstate(invalid="ignore"):
            if not (np.all(np.abs(part) < _WHOLE) and np.all(np.rint(part) == part)):
                return False
    return not bool(np.any(np.signbit(x) & (x == 0.0)))


def _fold(apart: I8) -> I8:
    """0, -1, 1, -2, 2 … as 0, 1, 2, 3, 4 …, as patterns without a sign."""
    return np.asarray((apart << np.int64(1)) ^ (apart >> np.int64(63)))


def _unfold(folded: I8) -> I8:
    """What `_fold` folded."""
    half = (folded.view(np.uint64) >> np.uint64(1)).view(np.int64)
    return np.asarray(half ^ -(folded & np.int64(1)))


def _narrow(
    numbers: U8,
) -> tuple[tuple[npt.NDArray[np.unsignedinteger[Any]], ...], npt.NDArray[np.uint16], U8]:
    """Numbers as planes of the width that takes least memory, and what is too large for it."""
    if not numbers.size or not numbers.any():
        return (), _NOWHERE, _NOTHING
    # The exponent as a float is the length in bits, where rounding adds none; one more is harmless.
    lengths = np.frexp(numbers.astype(np.float64))[1]
    longer = numbers.size - np.cumsum(np.bincount((lengths + 7) // 8, minlength=10))[:9]
    longer[8] = 0
    width = int(np.argmin(np.arange(9) * numbers.size + 10 * longer))
    planes: list[npt.NDArray[np.unsignedinteger[Any]]] = []
    shift = 0
    for size in (8, 4, 2, 1):
        if width & size:
            planes.append((numbers >> np.uint64(8 * shift)).astype(f"u{size}"))
            shift += size
    if width == 8 or not longer[width]:
        return tuple(planes), _NOWHERE, _NOTHING
    places = np.flatnonzero(numbers >> np.uint64(8 * width)).astype(np.uint16)
    return tuple(planes), places, numbers[places]


def _widen(coded: Coded) -> U8:
    """What `_narrow` narrowed."""
    numbers, shift = np.zeros(coded.held, np.uint64), 0
    for plane in coded.planes:
        numbers |= plane.astype(np.uint64) << np.uint64(8 * shift)
        shift += plane.itemsize
    numbers[coded.places] = coded.large
    return numbers


class Block(NamedTuple):
    """All columns of consecutive paths."""

    paths: int
    columns: tuple[Coded, ...]

    @classmethod
    def of(cls, values: F8, formulas: dict[int, tuple[Formula, ...]]) -> Block:
        """values[column, path], of at most BLOCK paths."""
        coded = [pack(x, formulas.get(i, ()), values) for i, x in enumerate(values)]
        return cls(values.shape[1], tuple(coded))

    def column(self, i: int) -> F8:
        """The values of one column."""
        coded = self.columns[i]
        parts = [] if coded.formula is None else [self.column(j) for j in coded.formula.parts]
        return unpack(coded, parts)

    @property
    def bytes(self) -> int:
        """Memory that it takes."""
        return sum(column.bytes for column in self.columns)


class Packed:
    """values[column, path] in blocks: one column at a time is a float64 array again."""

    def __init__(self, names: Sequence[str], blocks: Sequence[Block]) -> None:
        self.names, self.blocks = tuple(names), list(blocks)

    @classmethod
    def of(cls, names: Sequence[str], values: F8) -> Packed:
        """values[column, path] in packed form."""
        formulas = find_formulas(names)
        starts = range(0, values.shape[1], BLOCK)
        return cls(names, [Block.of(values[:, s : s + BLOCK], formulas) for s in starts])

    @property
    def shape(self) -> tuple[int, int]:
        """Columns and paths."""
        return len(self.names), sum(block.paths for block in self.blocks)

    @property
    def bytes(self) -> int:
        """Memory that all of it takes."""
        return sum(block.bytes for block in self.blocks)

    def column(self, i: int) -> F8:
        """The values of one column, one a path."""
        found = np.empty(self.shape[1])
        start = 0
        for block in self.blocks:
            found[start : start + block.paths] = block.column(i)
            start += block.paths
        return found

    def rows(self, places: Sequence[int]) -> F8:
        """Some columns as values[column, path]."""
        found = np.empty((len(places), self.shape[1]))
        for row, i in zip(found, places, strict=True):
            row[:] = self.column(i)
        return found

    def unpack(self) -> F8:
        """All columns as values[column, path], 8 bytes a value."""
        return self.rows(range(len(self.names)))

    def slabs(self, blocks: int = 4) -> Iterator[F8]:
        """All columns of the paths of some blocks, then of the next ones."""
        for first in range(0, len(self.blocks), blocks):
            yield Packed(self.names, self.blocks[first : first + blocks]).unpack()


class Packing:
    """Takes chunks of paths in any order, from several threads, and packs each full block."""

    def __init__(self, names: Sequence[str], paths: int) -> None:
        self.names, self.paths = tuple(names), paths
        self.formulas = find_formulas(names)
        self.open: dict[int, tuple[F8, int]] = {}
        self.done: dict[int, Block] = {}
        self.lock = threading.Lock()

    def put(self, start: int, out: F8) -> float | None:
        """Results[column, path] of paths from `start` on; bytes a path once a first block is full.

        They are told once, so that a run that cannot fit ends early.
        """
        first, end, each = start, start + out.shape[1], None
        while first < end:
            which = first // BLOCK
            begin = which * BLOCK
            last = min(begin + BLOCK, end)
            size = min(BLOCK, self.paths - begin)
            with self.lock:
                if which not in self.open:
                    self.open[which] = (np.empty((len(self.names), size)), size)
                values = self.open[which][0]
            values[:, first - begin : last - begin] = out[:, first - start : last - start]
            with self.lock:
                left = self.open[which][1] - (last - first)
                self.open[which] = (values, left)
                if not left:
                    del self.open[which]
            if not left:
                block = Block.of(values, self.formulas)
                if not self.done:
                    each = block.bytes / block.paths
                self.done[which] = block
            first = last
        return each

    def finish(self) -> Packed:
        """What was put, once every path was."""
        return Packed(self.names, [self.done[which] for which in sorted(self.done)])


def join(names: Sequence[str], parts: Sequence[F8 | Packed]) -> F8 | Packed:
    """Values of consecutive paths as one, packed where they are large or were."""
    paths = sum(part.shape[1] for part in parts)
    if all(isinstance(part, np.ndarray) for part in parts) and not worth_packing(
        len(names), paths
    ):
        return np.concatenate([part for part in parts if isinstance(part, np.ndarray)], axis=1)
    packed = [part if isinstance(part, Packed) else Packed.of(names, part) for part in parts]
    return Packed(names, [block for part in packed for block in part.blocks])


def pick(values: F8 | Packed, places: Sequence[int]) -> F8:
    """Some columns as values[column, path]."""
    return values.rows(places) if isinstance(values, Packed) else values[list(places)]


def worth_packing(columns: int, paths: int) -> bool:
    """Whether results are so large that they are held packed."""
    return 8 * columns * paths > PACKED_FROM
