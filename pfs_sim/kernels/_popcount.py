"""The number of set bits of a word: one machine instruction that numba has no name for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numba import types
from numba.extending import intrinsic, overload


def popcount(word: Any) -> Any:
    """Return how many bits of a uint64 are set, as uint64."""
    return np.uint64(int(word).bit_count())


def _emit(_typing: Any, word: Any) -> tuple[Any, Callable[..., Any]]:
    def generate(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        return builder.ctpop(arguments[0])

    return types.uint64(word), generate


_count_bits: Any = intrinsic(_emit)


def _compile(word: Any) -> Callable[[Any], Any] | None:
    if word != types.uint64:
        return None

    def count(word: Any) -> Any:
        return _count_bits(word)

    return count


overload(popcount, jit_options={"forceinline": True})(_compile)
