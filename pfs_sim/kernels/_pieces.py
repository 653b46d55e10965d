"""Sixty-four pieces of 16 bits compared with one bound: a few machine instructions.

The compiler would count what is below in lanes that it then has to add up; here the comparison
itself is the answer, a bit for each piece.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.extending import intrinsic, overload

_PIECES = ir.VectorType(ir.IntType(16), 64)
_FIRST = ir.Constant(ir.VectorType(ir.IntType(32), 64), [0] * 64)


def pieces_below(words: Any, bound: Any) -> Any:
    """Bit i is set where piece i of the first 16 words, lowest first, is below a uint64 bound."""
    return _find(words, lambda piece: piece < int(bound))


def pieces_equal(words: Any, bound: Any) -> Any:
    """The same where the piece equals the bound."""
    return _find(words, lambda piece: piece == int(bound))


def _find(words: Any, holds: Callable[[int], bool]) -> Any:
    pieces = [int(word) >> place & 0xFFFF for word in words[:16] for place in (0, 16, 32, 48)]
    return np.uint64(sum(holds(piece) << i for i, piece in enumerate(pieces)))


def _comparing(relation: str) -> Any:
    """Code for one relation: a load, a comparison, and its bits as a word."""

    def emit(_typing: Any, words: Any, bound: Any) -> tuple[Any, Callable[..., Any]]:
        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            data = context.make_array(signature.args[0])(context, builder, arguments[0]).data
            pieces = builder.load(builder.bitcast(data, _PIECES.as_pointer()))
            pieces.align = 8
            one = builder.trunc(arguments[1], ir.IntType(16))
            anything = ir.Constant(_PIECES, ir.Undefined)
            one = builder.insert_element(anything, one, ir.Constant(ir.IntType(32), 0))
            bounds = builder.shuffle_vector(one, anything, _FIRST)
            found = builder.icmp_unsigned(relation, pieces, bounds)
            return builder.bitcast(found, ir.IntType(64))

        return types.uint64(words, bound), generate

    return intrinsic(emit)


def _compiling(relation: str) -> Callable[[Any, Any], Any]:
    compare: Any = _comparing(relation)

    def compile(words: Any, bound: Any) -> Callable[[Any, Any], Any] | None:
        if not isinstance(words, types.Array) or words.dtype != types.uint64:
            return None

        def find(words: Any, bound: Any) -> Any:
            return compare(words, bound)

        return find

    return compile


overload(pieces_below, jit_options={"forceinline": True})(_compiling("<"))
overload(pieces_equal, jit_options={"forceinline": True})(_compiling("=="))
