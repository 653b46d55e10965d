"""Path-level uniforms: antithetic pairs and scrambled Sobol replicates, by path and by chunk."""

import numpy as np
import pytest

from pfs_sim.errors import InputError
from pfs_sim.sampling import Design, Sobol, antithetic, pseudo_random, read_design

KEYS = np.array([11, 22, 33, 2**64 - 1], dtype=np.uint64)
DESIGNS = [Design(), Design("antithetic"), Design("sobol", 4), Design("sobol", 3)]


@pytest.mark.parametrize("design", DESIGNS, ids=str)
def test_a_path_draws_the_same_in_any_chunk(design):
    uniforms = design.uniforms(7)
    whole = uniforms(KEYS, 0, 61)
    for first, count in ((0, 1), (1, 1), (2, 9), (7, 20), (29, 32), (60, 1)):
        assert np.array_equal(uniforms(KEYS, first, count), whole[first : first + count])


@pytest.mark.parametrize("design", DESIGNS, ids=str)
def test_uniforms_are_open_and_uniform(design):
    u = design.uniforms(3)(KEYS, 0, 4096 if design.replicates != 3 else 3072)
    assert u.min() > 0.0 and u.max() < 1.0
    counts = np.array([np.histogram(column, 16, (0.0, 1.0))[0] for column in u.T])
    # Random columns: chi-square with 15 degrees of freedom, P(> 50) = 1e-5; Sobol: all equal.
    expected = len(u) / 16
    assert (((counts - expected) ** 2 / expected).sum(axis=1) < 50).all()


def test_antithetic_pairs_mirror_a_random_run():
    u, plain = antithetic(KEYS, 0, 10), pseudo_random(KEYS, 0, 10)
    assert np.array_equal(u[0::2], plain[0::2])
    assert np.array_equal(u[1::2], 1.0 - plain[0::2])


def test_each_sobol_replicate_fills_every_cell_once():
    u = Sobol(5, 4)(KEYS, 0, 4 * 64)
    for replicate in range(4):
        own = u[replicate::4]
        for column in own.T:
            assert sorted(np.floor(column * 64).astype(int)) == list(range(64))
    assert not np.allclose(u[0::4], u[1::4])


def test_sobol_means_err_far_less_than_random_ones():
    """Owen 1997: the variance of a smooth integrand falls faster than 1/n²."""
    def error(draw):
        return np.std([draw(seed)(KEYS, 0, 1024).sum(axis=1).mean() for seed in range(20)])

    def at_random(seed):
        return lambda keys, first, count: np.random.default_rng(seed).random((count, len(keys)))

    assert error(lambda seed: Sobol(seed, 2)) < error(at_random) / 50


def test_named_quantities_keep_their_points_whatever_else_a_scenario_has():
    own = Sobol(1, 2, tuple(KEYS.tolist()))
    more = np.array([11, 99, 22, 33, 2**64 - 1], dtype=np.uint64)
    both = own(more, 0, 32)
    assert np.array_equal(both[:, [0, 2, 3, 4]], own(KEYS, 0, 32))
    assert np.array_equal(own(KEYS[:2], 0, 32), own(KEYS, 0, 32)[:, :2])


def test_designs_by_name():
    assert read_design("sobol") == Design("sobol", 8)
    assert read_design("sobol:16") == Design("sobol", 16)
    assert str(read_design("sobol:16")) == "sobol:16" and str(Design("antithetic")) == "antithetic"
    for wrong in ("halton", "sobol:1", "sobol:x", "random:3", "antithetic:", "sobol:99999"):
        with pytest.raises(InputError, match="allowed: random, antithetic, sobol"):
            read_design(wrong)


def test_paths_come_in_whole_groups():
    assert Design("sobol", 8).fit(1000) == 1024 and Design("sobol", 3).fit(7) == 12
    assert Design("antithetic").fit(7) == 8 and Design().fit(7) == 7
    with pytest.raises(InputError, match=r"a multiple of 8, best 128"):
        Design("sobol", 8).check(100)
