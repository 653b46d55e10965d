"""Paths side by side: a place of a wide array holds one number for each of several paths.

What is done to the number of one path is done to those of all in the same few instructions, so
reading the tables of a deal is paid for once for all of them (`kernels._wide`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

F8 = npt.NDArray[np.float64]

ABREAST = 16
"""Paths that are lived side by side."""
WIDE = np.dtype([("of", np.float64, (ABREAST,))])
"""A number of each of them."""
WORDS = np.dtype([("of", np.uint64, (ABREAST,))])
"""Sixty-four random bits, or a whole number, of each of them."""
Wide: TypeAlias = Any
"""An array of these or, in a kernel, one or an answer of each path (`kernels._wide`)."""
_LINE = 64
"""Bytes that a processor fetches at once: a number that straddles two takes twice as long."""


def carve(
    shapes: Mapping[str, tuple[int, ...]], kind: Any = WIDE
) -> tuple[Any, dict[str, Any]]:
    """One wide array, and the arrays that lie in it one after the other, by their names."""
    sizes = [int(np.prod(shape)) for shape in shapes.values()]
    room = np.zeros(sum(sizes) * kind.itemsize + _LINE, np.uint8)
    skip = -room.ctypes.data % _LINE
    book = room[skip : skip + sum(sizes) * kind.itemsize].view(kind)
    return book, split(book, shapes)


def split(book: Any, shapes: Mapping[str, tuple[int, ...]]) -> dict[str, Any]:
    """The arrays that lie in a flat one after the other, by their names: views."""
    sizes = [int(np.prod(shape)) for shape in shapes.values()]
    pieces = np.split(book, np.cumsum(sizes)[:-1])
    named = zip(shapes.items(), pieces, strict=True)
    return {name: piece.reshape(shape) for (name, shape), piece in named}


def numbers(array: Any) -> F8:
    """A wide array as [..., path] plain numbers: the same memory."""
    found: F8 = array["of"]
    return found


def of_path(array: Any, lane: int) -> F8:
    """The numbers of one path of a wide array: a view."""
    return numbers(array)[..., lane]
