"""Sixty-four pieces of 16 bits, four of each path's word, compared at once.

A word of each of sixteen paths has as many pieces as two machine registers, so that to count what
lies below a bound of each path takes two instructions a register.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import ir
from numba import types

from pfs_sim.kernels._wide import WHOLE_VALUE, word_value, written
from pfs_sim.tables.wide import ABREAST

_PIECES = ir.VectorType(ir.IntType(16), 4 * ABREAST)
_WORDS = ir.VectorType(ir.IntType(64), ABREAST)


def _split(builder: Any, *words: Any) -> list[Any]:
    return [builder.bitcast(word, _PIECES) for word in words]


def _emit_count(builder: Any, counts: Any, words: Any, bounds: Any) -> Any:
    so_far, pieces, edges = _split(builder, counts, words, bounds)
    below = builder.zext(builder.icmp_unsigned("<", pieces, edges), _PIECES)
    return builder.bitcast(builder.add(so_far, below), _WORDS)


def _emit_least(builder: Any, first: Any, second: Any) -> Any:
    a, b = _split(builder, first, second)
    return builder.bitcast(builder.select(builder.icmp_unsigned("<", a, b), a, b), _WORDS)


def _emit_equal(builder: Any, first: Any, second: Any) -> Any:
    a, b = _split(builder, first, second)
    return builder.bitcast(builder.icmp_unsigned("==", a, b), ir.IntType(64))


def _pieces(words: Any) -> Any:
    return word_value(words).view(np.uint16)


def _joined(pieces: Any) -> Any:
    return word_value(np.ascontiguousarray(pieces, np.uint16).view(np.uint64))


count_below: Any = written(
    WHOLE_VALUE, (WHOLE_VALUE,) * 3, _emit_count,
    lambda counts, words, bounds: _joined(
        _pieces(counts) + (_pieces(words) < _pieces(bounds))
    ),
)  # fmt: skip
"""count_below(counts, words, bounds): a piece of counts is one more where that of words is less."""
least_pieces: Any = written(
    WHOLE_VALUE, (WHOLE_VALUE,) * 2, _emit_least,
    lambda a, b: _joined(np.minimum(_pieces(a), _pieces(b))),
)  # fmt: skip
"""The lesser of each two pieces."""
equal_pieces: Any = written(
    types.uint64, (WHOLE_VALUE,) * 2, _emit_equal,
    lambda a, b: np.uint64(sum(1 << int(i) for i in np.flatnonzero(_pieces(a) == _pieces(b)))),
)  # fmt: skip
"""A bit for each piece, four a path and lowest first: whether it equals the other."""
