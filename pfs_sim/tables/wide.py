"""Paths side by side: a place of a wide array holds one number for each of several paths.

What is done to the number of one path is done to those of all in the same few instructions, so
reading the tables of a deal is paid for once for all of them (`kernels._wide`).
"""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from importlib import import_module
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

F8 = npt.NDArray[np.float64]


def _choose() -> int:
    """As many as suit the processor: the fewer registers it has, the more of them spill."""
    asked = {"16": 16, "32": 32}.get(os.environ.get("PFS_SIM_ABREAST", ""))
    # numpy's list of them, for LLVM takes a tenth of a second to be loaded.
    features = import_module("numpy._core._multiarray_umath").__cpu_features__
    return asked or (32 if features.get("AVX512F") else 16)


ABREAST = _choose()
"""Paths that are lived side by side. No result depends on it, or on ``PFS_SIM_ABREAST`` (16 or 32),
which chooses it for tests."""
WIDE = np.dtype([("of", np.float64, (ABREAST,))])
"""A number of each of them."""
WORDS = np.dtype([("of", np.uint64, (ABREAST,))])
"""Sixty-four random bits, or a whole number, of each of them."""
Wide: TypeAlias = Any
"""An array of these or, in a kernel, one or an answer of each path (`kernels._wide`)."""
LINE = 64
"""Bytes that a processor fetches at once: a number that straddles two takes twice as long."""


def carve(
    shapes: Mapping[str, tuple[int, ...]], kind: Any = WIDE
) -> tuple[Any, dict[str, Any]]:
    """One wide array, and the arrays that lie in it one after the other, by their names."""
    sizes = [math.prod(shape) for shape in shapes.values()]
    book = from_a_line(np.zeros(sum(sizes) * kind.itemsize + LINE, np.uint8)).view(kind)
    return book, split(book, shapes)


def new_table(rows: int, columns: int) -> F8:
    """Room for plain numbers [row, column] that begins a line of memory, not filled."""
    found = from_a_line(np.empty(8 * rows * columns + LINE, np.uint8)).view(np.float64)
    return found.reshape(rows, columns)


def from_a_line(room: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """All but a line of some memory, from the first place that begins one."""
    skip = -room.ctypes.data % LINE
    return room[skip : room.size - LINE + skip]


def split(book: Any, shapes: Mapping[str, tuple[int, ...]]) -> dict[str, Any]:
    """The arrays that lie in a flat one after the other, by their names: views."""
    found, first = dict[str, Any](), 0
    for name, shape in shapes.items():
        end = first + math.prod(shape)
        found[name], first = book[first:end].reshape(shape), end
    return found


def numbers(array: Any) -> F8:
    """A wide array as [..., path] plain numbers: the same memory."""
    found: F8 = array["of"]
    return found


def of_path(array: Any, lane: int) -> F8:
    """The numbers of one path of a wide array: a view."""
    return numbers(array)[..., lane]
