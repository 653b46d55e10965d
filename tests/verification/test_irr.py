"""IRR against references of fifty digits and more, on over ten thousand flows.

A rate is right within 1e-12 wherever the root is unique, and nowhere else without a flag. The
reference of a single root is proved by the change of sign 1e-40 to its either side; several roots
are isolated by Descartes' rule in whole numbers.
"""

from collections import Counter

import numpy as np
import pytest

from pfs_sim.kernels.returns import irr, irr_batch
from pfs_sim.kernels.roots import solve_log_rate
from pfs_sim.statuses import IrrStatus
from tests import naive_returns as naive

pytestmark = pytest.mark.verify

LIMIT = 1e-12


@pytest.mark.parametrize("seed", range(4))
def test_one_change_of_sign(seed):
    """8,800 flows of 1 to 480 periods, recoveries of 1e-12 to 1e3, scales of 1e-6 to 1e12."""
    rng = np.random.default_rng([20161, seed])
    for _ in range(2_200):
        flows = naive.one_change_flows(rng)
        value, status = irr(flows, len(flows), 12.0)
        log_rate, said = solve_log_rate(flows, len(flows), 12.0)
        assert status == said == IrrStatus.UNIQUE
        assert naive.error_of_one_change(flows, value, log_rate) <= LIMIT


@pytest.mark.parametrize("seed", range(2))
def test_several_changes_of_sign(seed):
    """1,400 flows of up to 40 periods: the same status, and the root nearest zero."""
    rng = np.random.default_rng([20162, seed])
    seen = Counter()
    while seen.total() < 700:
        flows = naive.several_changes_flows(rng)
        if naive.sign_changes(flows) < 2:
            continue
        value, status = irr(flows, len(flows), 4.0)
        assert naive.error_of_several_changes(flows, value, status) <= LIMIT
        seen[status] += 1
    assert set(seen) == {IrrStatus.SEVERAL, IrrStatus.SEVERAL_UNIQUE, IrrStatus.NO_ROOT}


def test_several_changes_of_sign_in_long_flows():
    """Up to 480 periods, where a reference takes up to a second."""
    rng = np.random.default_rng(20163)
    for longest in (80, 120, 160, 160):
        for _ in range(6):
            flows = naive.several_changes_flows(rng, longest)
            if naive.sign_changes(flows) > 1:
                value, status = irr(flows, len(flows), 4.0)
                assert naive.error_of_several_changes(flows, value, status) <= LIMIT
    for drift in (-0.02, 0.0, 0.02):
        flows = rng.normal(0.0, 1.0, 480) * np.exp(drift * np.arange(480))
        value, status = irr(flows, 480, 4.0)
        assert naive.error_of_several_changes(flows, value, status) <= LIMIT


def test_pairs_of_roots_that_nearly_meet():
    """However near: the nearest root to 1e-12, or a flag where rounded flows have none at all."""
    rng = np.random.default_rng(20164)
    for _ in range(400):
        growth, gap = np.exp(rng.normal(0.02, 0.1)), 10.0 ** rng.uniform(-12, -1)
        flows = np.convolve([-1.0, growth], [1.0, -growth - gap])
        if rng.random() < 0.5:
            flows = np.convolve(flows, rng.uniform(0.0, 1.0, rng.integers(1, 30)))
        exact, said = naive.irr(flows, 4.0)
        value, status = irr(flows, len(flows), 4.0)
        if said == IrrStatus.SEVERAL:
            assert abs(float(exact) - value) <= LIMIT
        # Nearer than rounding: fewer roots than doubles can tell from two may be called several.
        assert status == said or (status == IrrStatus.SEVERAL and gap < 1e-5)


def test_a_batch_is_the_same_to_the_bit():
    """The flows above, long and short, one block after another in rows of 480."""
    rng = np.random.default_rng(20165)
    flows = np.zeros((3_000, 480))
    for row in flows:
        drawn = (
            naive.several_changes_flows(rng)
            if rng.random() < 0.3
            else (naive.one_change_flows(rng))
        )
        row[: len(drawn[:480])] = drawn[:480]
    value, status = np.empty(len(flows)), np.empty(len(flows), dtype=np.int64)
    irr_batch(flows, 12.0, value, status)
    alone = [irr(row, 480, 12.0) for row in flows]
    np.testing.assert_array_equal([said for _, said in alone], status)
    np.testing.assert_array_equal([found for found, _ in alone], value)
