"""The two compilers keep a function's meaning, name and words, with the JIT and without."""

import ast
import inspect
from collections import namedtuple
from pathlib import Path
from typing import Any, cast

import numba
import numpy as np
import pytest
from numba.core import errors
from numba.core.compiler import Compiler
from numba.core.typing import typeof

from pfs_sim.kernels import _jit
from pfs_sim.kernels._jit import inline, jit


@inline
def share(part: float, whole: float) -> float:
    """Part of a whole."""
    return part / whole


@jit
def shares(parts: tuple[float, ...], whole: float) -> float:
    total = 0.0
    for part in parts:
        total += share(part, whole)
    return total


@pytest.mark.jit_off
def test_compiled_and_plain_agree():
    assert shares((1.0, 2.0, 5.0), 16.0) == 0.5


@pytest.mark.jit_off
def test_name_and_docstring_survive():
    assert share.__name__ == "share"
    assert share.__doc__ == "Part of a whole."


@inline
def power(number: float, times: int) -> float:
    found = 1.0
    for _ in range(times):
        found *= number
    return found


@jit
def powers(number: float, times: int) -> float:
    return power(number, 0) + power(number, 3) + power(number, times=2) + power(number, times)


@pytest.mark.jit_off
def test_a_number_in_a_call_means_what_it_says():
    assert powers(3.0, 4) == 1 + 27 + 9 + 81


def test_a_number_in_a_call_compiles_nothing_anew():
    anew = cast(Any, numba).njit(cast(Any, powers).py_func)  # which is kept nowhere
    assert anew(3.0, 4) == 118.0
    assert len(cast(Any, power).overloads) == 1


def test_steps_that_are_left_out_are_steps_of_numba():
    """A new version may name them otherwise, and would then do them again."""
    tree = ast.parse(Path(inspect.getfile(Compiler)).read_text(encoding="utf-8"))
    known = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    assert not _jit._NEEDLESS - known


def test_the_kinds_of_arrays_and_tuples_are_those_of_numba():
    from pfs_sim.kernels import _keeping

    record = np.dtype([("a", np.int64), ("b", np.float64)])
    still = np.zeros(3)
    still.flags.writeable = False
    arrays = [
        np.zeros(3), still, np.zeros((2, 3)), np.zeros((2, 3)).T, np.zeros((4, 4))[::2, ::2],
        np.zeros(3, np.int32), np.zeros(3, np.bool_), np.zeros(3, record),
        np.zeros(3, record).view(np.recarray), np.zeros((2, 2), "M8[s]"), np.zeros(2, "U3"),
        np.array([object()]),
    ]  # fmt: skip
    context = typeof._TypeofContext(typeof.Purpose.argument)
    for array in arrays * 2:
        assert numba.typeof(array) == _keeping._of_any_array(array, context)
    pair = namedtuple("pair", "x y")
    for whole in [(1, 2.0), (1, 1), pair(arrays[0], arrays[1]), pair(still, still), ((1,), ())] * 2:
        assert numba.typeof(whole) == _keeping._of_any_tuple(whole, context)
    with pytest.raises(errors.NumbaError):
        numba.typeof(np.ma.array([1.0]))
