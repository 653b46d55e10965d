"""The two compilers keep a function's meaning, name and words, with the JIT and without."""

import pytest

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
