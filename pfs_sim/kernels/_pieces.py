"""Pieces of 16 bits, four of each path's word, compared at once.

To count which of them lie below a bound of their path takes two instructions a register.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import ir
from numba import types

from pfs_sim.kernels._wide import WHOLE_VALUE, word_value, written
from pfs_sim.tables.wide import ABREAST

OF_A_MASK = 16
"""Paths whose pieces have a bit each in one word."""
MASKS = ABREAST // OF_A_MASK
"""Words that hold a bit for each piece."""

_PIECES = ir.VectorType(ir.IntType(16), 4 * ABREAST)
_WORDS = ir.VectorType(ir.IntType(64), ABREAST)
_ALL = ir.IntType(4 * ABREAST)
_BITS = 64


def _split(builder: Any, *words: Any) -> list[Any]:
    return [builder.bitcast(word, _PIECES) for word in words]


def _emit_count(builder: Any, counts: Any, words: Any, bounds: Any) -> Any:
    so_far, pieces, edges = _split(builder, counts, words, bounds)
    below = builder.zext(builder.icmp_unsigned("<", pieces, edges), _PIECES)
    return builder.bitcast(builder.add(so_far, below), _WORDS)


def _emit_least(builder: Any, first: Any, second: Any) -> Any:
    a, b = _split(builder, first, second)
    return builder.bitcast(builder.select(builder.icmp_unsigned("<", a, b), a, b), _WORDS)


def _equal(builder: Any, first: Any, second: Any) -> Any:
    a, b = _split(builder, first, second)
    return builder.bitcast(builder.icmp_unsigned("==", a, b), _ALL)


def _emit_some_equal(builder: Any, first: Any, second: Any) -> Any:
    return builder.icmp_unsigned("!=", _equal(builder, first, second), ir.Constant(_ALL, 0))


def _emit_equal(builder: Any, first: Any, second: Any, mask: Any) -> Any:
    bits = _equal(builder, first, second)
    if MASKS > 1:
        skipped = builder.mul(builder.zext(mask, _ALL), ir.Constant(_ALL, _BITS))
        bits = builder.trunc(builder.lshr(bits, skipped), ir.IntType(_BITS))
    return bits


def _pieces(words: Any) -> Any:
    return word_value(words).view(np.uint16)


def _equal_alone(first: Any, second: Any, mask: int) -> Any:
    equal = (_pieces(first) == _pieces(second))[_BITS * mask :][:_BITS]
    return np.uint64(sum(1 << int(i) for i in np.flatnonzero(equal)))


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
have_equal_pieces: Any = written(
    types.boolean, (WHOLE_VALUE,) * 2, _emit_some_equal,
    lambda a, b: bool(np.any(_pieces(a) == _pieces(b))),
)  # fmt: skip
"""Whether any piece equals that of the other in its place."""
equal_pieces: Any = written(
    types.uint64, (WHOLE_VALUE, WHOLE_VALUE, types.intp), _emit_equal, _equal_alone
)
"""equal_pieces(a, b, mask): a bit for each of 64 pieces, sixteen paths' lowest first, from piece
64·mask on: whether it equals the other."""
