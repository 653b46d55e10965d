"""Quantiles of the standard normal: against 40 digits, far into both tails."""

import mpmath
import numpy as np
import pytest

from pfs_sim.kernels.quantiles import fill_normal_quantiles, mix

TAILS = [10.0**-k for k in (1, 2, 4, 8, 11, 12, 15, 30, 100, 300)]
CLOSEST = 1.0 - 2.0**-53
U = [0.5, 0.075, 0.0749999, 0.925, 0.9250001, 0.4, 2.0**-53, CLOSEST, *TAILS]
U += [1.0 - u for u in TAILS if u > 1e-16]


def quantiles(u):
    """Normal quantiles of probabilities."""
    values = np.array([u])
    fill_normal_quantiles(values, np.array([0]))
    return values[0]


@pytest.mark.jit_off
def test_against_many_digits():
    u = np.array(U)
    out = quantiles(u)
    with mpmath.workdps(400):
        for p, z in zip(u.tolist(), out.tolist(), strict=True):
            if p == 0.5:
                assert z == 0.0
                continue
            # Newton from the value itself: the error is what the step says.
            tail = min(mpmath.mpf(p), 1 - mpmath.mpf(p))
            below = mpmath.erfc(abs(mpmath.mpf(z)) / mpmath.sqrt(2)) / 2
            step = (below - tail) / mpmath.npdf(mpmath.mpf(z))
            assert abs(step) <= 1e-15 * abs(z) + 1e-17


def test_no_value_depends_on_its_neighbors():
    u = np.random.default_rng(5).random(999)
    u[::7] *= 1e-9
    whole = quantiles(u)
    for i in range(0, 999, 13):
        assert quantiles(u[i : i + 1])[0] == whole[i]
    assert quantiles(np.empty(0)).size == 0


@pytest.mark.jit_off
def test_rows_that_are_not_named_stay():
    values = np.full((3, 37), 0.975)
    fill_normal_quantiles(values, np.array([2, 0]))
    assert (values[1] == 0.975).all()
    assert values[[0, 2]] == pytest.approx(1.959963984540054, rel=1e-15)


@pytest.mark.jit_off
def test_mixing_in_place_and_in_one_order():
    """Rows 3 and 1 by a lower factor; a path has the same bits in any chunk."""
    rng = np.random.default_rng(9)
    z, given = rng.normal(size=(4, 37)), np.array([3, 1])
    factor = np.array([[1.0, 0.0], [-0.3, 0.9]])
    mixed = z.copy()
    mix(factor, mixed, given, mixed, given)
    assert (mixed[[0, 2, 3]] == z[[0, 2, 3]]).all()
    assert (mixed[1] == -0.3 * z[3] + 0.9 * z[1]).all()
    part = z[:, 5:12].copy()
    mix(factor, part, given, part, given)
    assert (part == mixed[:, 5:12]).all()


def test_it_rises():
    u = np.sort(np.concatenate([np.linspace(1e-6, 1.0 - 1e-6, 20_001), 10.0 ** -np.arange(7, 300)]))
    assert (np.diff(quantiles(u)) > 0.0).all()
