"""Quantiles of the standard normal: against 40 digits, far into both tails."""

import mpmath
import numpy as np
import pytest

from pfs_sim.kernels.quantiles import fill_normal_quantiles

TAILS = [10.0**-k for k in (1, 2, 4, 8, 11, 12, 15, 30, 100, 300)]
CLOSEST = 1.0 - 2.0**-53
U = [0.5, 0.075, 0.0749999, 0.925, 0.9250001, 0.4, 2.0**-53, CLOSEST, *TAILS]
U += [1.0 - u for u in TAILS if u > 1e-16]


@pytest.mark.jit_off
def test_against_many_digits():
    u, out = np.array(U), np.empty(len(U))
    fill_normal_quantiles(u, out)
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
    whole, alone = np.empty(999), np.empty(1)
    fill_normal_quantiles(u, whole)
    for i in range(0, 999, 13):
        fill_normal_quantiles(u[i : i + 1], alone)
        assert alone[0] == whole[i]


def test_it_rises():
    u = np.sort(np.concatenate([np.linspace(1e-6, 1.0 - 1e-6, 20_001), 10.0 ** -np.arange(7, 300)]))
    out = np.empty(u.size)
    fill_normal_quantiles(u, out)
    assert (np.diff(out) > 0.0).all()
