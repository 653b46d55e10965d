"""Exponentials and logarithms side by side: against fifty digits, at the edges, beside anything."""

import math

import mpmath
import numpy as np
import pytest

from pfs_sim.kernels._jit import lean
from pfs_sim.kernels._wide import as_wide
from pfs_sim.kernels.elementary import exponential, growth_of, logarithm
from pfs_sim.tables.wide import ABREAST

NAN, INF, TINY, LEAST = math.nan, math.inf, 5e-324, 2.2250738585072014e-308
MOST = math.log(np.finfo(float).max)
"""The exponential of this is a double, of the next double inf."""


@lean
def take_all(a, out):
    x, found = as_wide(a), as_wide(out)
    for i in range(x.shape[0] // 3):
        found[3 * i] = exponential(x[3 * i])
        found[3 * i + 1] = growth_of(x[3 * i + 1])
        found[3 * i + 2] = logarithm(x[3 * i + 2])


EXPONENTIAL, GROWTH, LOGARITHM = range(3)


@pytest.fixture(autouse=True)
def quiet():
    """As compiled, nobody is told of an infinity."""
    with np.errstate(all="ignore"):
        yield


def take(which, x):
    """A function of many numbers, a block at a time; its neighbors in a block are of its kind."""
    x = np.asarray(x, np.float64)
    blocks = -(-x.size // ABREAST)
    a, out = np.ones((blocks, 3, ABREAST)), np.zeros((blocks, 3, ABREAST))
    room = np.ones(blocks * ABREAST)
    room[: x.size] = x
    a[:, which] = room.reshape(blocks, ABREAST)
    take_all(a.reshape(-1, ABREAST), out.reshape(-1, ABREAST))
    return np.ascontiguousarray(out[:, which]).reshape(-1)[: x.size]


EXACT = {EXPONENTIAL: mpmath.exp, GROWTH: mpmath.expm1, LOGARITHM: mpmath.log}


def worst(which, x):
    """The largest error, in ulp."""
    with mpmath.workdps(50):
        wanted = [EXACT[which](mpmath.mpf(float(one))) for one in x]
        ulps = np.spacing(np.abs([float(one) for one in wanted]))
        errors = [
            abs(mpmath.mpf(float(got)) - one) / mpmath.mpf(float(ulp))
            for got, one, ulp in zip(take(which, x), wanted, ulps, strict=True)
        ]
    return float(max(errors))


def spread(rng, low, high, n):
    return rng.uniform(low, high, n)


def sizes(rng, low, high, n):
    return 10.0 ** rng.uniform(low, high, n)


def signed(rng, low, high, n):
    return sizes(rng, low, high, n) * rng.choice([-1.0, 1.0], n)


def about_one(rng, low, high, n):
    return 1.0 + signed(rng, low, high, n)


RANGES = [
    (EXPONENTIAL, 0.9, spread, -0.4, 0.4),
    (EXPONENTIAL, 0.9, spread, -3.0, 3.0),
    (EXPONENTIAL, 0.9, spread, -708.0, 709.7),
    (EXPONENTIAL, 0.9, spread, -745.0, -708.0),
    (EXPONENTIAL, 0.9, signed, -20.0, -1.0),
    (GROWTH, 1.2, signed, -307.0, 0.0),
    (GROWTH, 1.2, spread, -0.5, 0.5),
    (GROWTH, 1.2, spread, -1.5, 1.5),
    (GROWTH, 1.2, spread, -60.0, 60.0),
    (GROWTH, 1.2, spread, 36.0, 38.0),
    (GROWTH, 1.2, spread, 60.0, 709.7),
    (LOGARITHM, 0.9, spread, 0.4, 3.0),
    (LOGARITHM, 0.9, sizes, -323.0, -307.0),
    (LOGARITHM, 0.9, sizes, -307.0, 308.0),
    (LOGARITHM, 0.9, about_one, -16.0, -1.0),
]


@pytest.mark.jit_off
@pytest.mark.parametrize(("which", "ulps", "make", "low", "high"), RANGES)
def test_errors_are_those_that_are_claimed(which, ulps, make, low, high):
    rng = np.random.default_rng([which, int(abs(low) * 10), int(abs(high) * 10)])
    assert worst(which, make(rng, low, high, 3_000)) <= ulps


@pytest.mark.jit_off
def test_errors_are_no_larger_where_the_power_of_two_changes():
    """Halfway between multiples of log 2, and at roots of two for the logarithm."""
    k = np.arange(-1000, 1000)
    half = (k + 0.5) * math.log(2.0)
    roots = math.sqrt(0.5) * 2.0**k
    for step in (-1e-15, 0.0, 1e-15):
        assert worst(EXPONENTIAL, half * (1.0 + step)) <= 0.9
        assert worst(GROWTH, half * (1.0 + step)) <= 1.2
        assert worst(LOGARITHM, roots * (1.0 + step)) <= 0.9


@pytest.mark.jit_off
@pytest.mark.parametrize(("which", "x", "wanted"), [
    (EXPONENTIAL, [0.0, -0.0, TINY, -TINY, INF, -INF, NAN], [1, 1, 1, 1, INF, 0, NAN]),
    (EXPONENTIAL, [np.nextafter(MOST, INF), 1e300, -745.14, -1e300], [INF, INF, 0, 0]),
    (EXPONENTIAL, [-745.13], [TINY]),
    (GROWTH, [0.0, -0.0, TINY, -TINY, 1e-300], [0, 0, TINY, -TINY, 1e-300]),
    (GROWTH, [INF, -INF, NAN, 1e300, -1e300, -40.0], [INF, -1, NAN, INF, -1, -1]),
    (GROWTH, [np.nextafter(MOST, INF)], [INF]),
    (LOGARITHM, [0.0, -0.0, INF, NAN], [-INF, -INF, INF, NAN]),
    (LOGARITHM, [-TINY, -1.0, -INF, 1.0], [NAN, NAN, NAN, 0]),
])  # fmt: skip
def test_edges(which, x, wanted):
    np.testing.assert_array_equal(take(which, x), wanted)


@pytest.mark.jit_off
def test_the_ends_of_the_doubles():
    assert worst(EXPONENTIAL, [MOST, -708.4, -708.39, -744.4]) <= 0.9
    assert worst(GROWTH, [MOST]) <= 1.2
    assert worst(LOGARITHM, [TINY, 3 * TINY, LEAST, LEAST - TINY, np.finfo(float).max]) <= 0.9


def lines_of(rng):
    """Numbers of all kinds."""
    odd = [0.0, -0.0, 1.0, -1.0, INF, -INF, NAN, TINY, LEAST, 709.8, -745.2, 1e300, -1e-300]
    return np.concatenate([odd, rng.normal(0.0, 1.0, 20), signed(rng, -320.0, 300.0, 31)])


@pytest.mark.jit_off
@pytest.mark.parametrize("which", [EXPONENTIAL, GROWTH, LOGARITHM])
def test_a_number_does_not_depend_on_its_neighbors(which):
    rng = np.random.default_rng(5)
    x = lines_of(rng)
    alone = np.array([take(which, [one] * ABREAST)[3] for one in x])
    for _ in range(3):
        order = rng.permutation(x.size)
        np.testing.assert_array_equal(take(which, x[order]), alone[order])
