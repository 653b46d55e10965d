"""Levels of paths side by side: those of one path alone, whatever stands beside it."""

import math

import numpy as np
import pytest

from pfs_sim.kernels._handing import at, by
from pfs_sim.kernels._jit import lean
from pfs_sim.kernels.levels import move_level, move_levels
from pfs_sim.tables.people import Kind, Scale
from pfs_sim.tables.wide import ABREAST, carve, numbers

LEVELS = [0.0, 1.0, 0.5, 0.2, 0.999, 1e-12, 0.31, 0.77, 2.5, 200.0, 0.5, 0.5, 0.4, 0.4, 1e-300, 0.1]
LEVELS *= ABREAST // len(LEVELS)
SHIFTS = [0.3, -0.3, 0.0, -0.0, 0.7, -2.0, 1e-9, -1e-9, 0.1, -0.4, 40.0, -40.0, 800.0, -800.0,
          -9.0, 5.0] * (ABREAST // 16)  # fmt: skip
ALLOWED = [(kind, scale) for kind in Kind for scale in Scale if scale != Scale.SMD]
APART = 8 * np.finfo(float).eps
"""Two exponentials of one number, each within an ulp, and the few operations that follow."""


@lean
def _move(kind, scale, place):
    a, out = at(place)
    out[0] = move_levels(kind, scale, a[0], a[1], a[2])


@lean
def move(kind, scale, tables):
    _move(kind, scale, by(tables))


@lean
def move_alone(kind, scale, a, out):
    for i in range(a.shape[1]):
        out[i] = move_level(kind, scale, a[0, i], a[1, i], a[2, i])


def side_by_side(kind, scale, a):
    _, found = carve({"a": (3,), "out": (1,)})
    numbers(found["a"])[:] = a
    move(int(kind), int(scale), (found["a"], found["out"]))
    return numbers(found["out"])[0]


@pytest.mark.jit_off
@pytest.mark.parametrize(("kind", "scale"), [*ALLOWED, (Kind.SCORE, Scale.SMD)])
@pytest.mark.parametrize("shifts", [SHIFTS, [0.0] * ABREAST, SHIFTS[:1] * ABREAST])
def test_levels_move_as_one_alone(kind, scale, shifts):
    a, wanted = np.array([LEVELS, shifts, [2.0] * ABREAST]), np.zeros(ABREAST)
    if scale == Scale.LOG_ODDS:
        a[0] = np.minimum(a[0], 1.0)
    else:  # math.exp of more than this is no number without the compiler
        a[1] = np.clip(a[1], -700.0, 700.0)
    move_alone(int(kind), int(scale), a, wanted)
    got = side_by_side(kind, scale, a)
    np.testing.assert_allclose(got, wanted, rtol=APART, atol=0.0)
    for lane in range(ABREAST):
        repeated = np.repeat(a[:, lane : lane + 1], ABREAST, axis=1)
        assert (side_by_side(kind, scale, repeated) == got[lane]).all()
    still = a[1] == 0.0
    assert got[still].tobytes() == wanted[still].tobytes()


@pytest.mark.jit_off
def test_odds_move_beyond_what_an_exponential_holds():
    a = np.array([[0.3] * ABREAST, [math.inf, -math.inf] * (ABREAST // 2), [2.0] * ABREAST])
    assert side_by_side(Kind.EVENT, Scale.LOG_ODDS, a).tolist() == [1.0, 0.0] * (ABREAST // 2)
