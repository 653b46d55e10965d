"""Indices through the one pick-and-freeze code: closed forms, exact shares, correlated inputs."""

import math

import numpy as np
import pytest
from known_functions import (
    WEIGHTS,
    Correlated,
    Game,
    indices_of,
    ishigami,
    ishigami_parts,
    linear,
    linear_gaussian_shapley,
    sobol_g,
    sobol_g_parts,
)

from pfs_sim.analysis.indices import find_indices, is_zero
from pfs_sim.errors import InputError

FUNCTIONS = {"ishigami": (ishigami, ishigami_parts(), 3), "sobol_g": (sobol_g, sobol_g_parts(), 5)}
SIGMAS = 4.8
"""Standard errors allowed: over the 40 comparisons here a false alarm in 10,000 suites."""


def names(d):
    return [f"x{i}" for i in range(d)]


def off(found, truth):
    return max(
        abs(f.value - t) / max(f.se, 1e-12) for f, t in zip(found, truth, strict=True)
    )


@pytest.mark.parametrize("name", FUNCTIONS)
def test_closed_forms(name):
    function, parts, d = FUNCTIONS[name]
    found = find_indices(Game(function, d, 8000, 7), names(d))[0]
    first, total, shapley = indices_of(parts, d)
    assert off(found.first, first) < SIGMAS
    assert off(found.total, total) < SIGMAS
    assert off(found.shapley, shapley) < SIGMAS
    assert found.sd.value == pytest.approx(math.sqrt(sum(parts.values())), abs=5 * found.sd.se)
    assert max(x.se for x in found.first) < 0.01


def test_closed_forms_from_few_runs():
    function, parts, d = FUNCTIONS["sobol_g"]
    asked = []
    game = Game(function, d, 8000, 8)

    def evaluate(mask):
        asked.append(mask)
        return game(mask)

    found = find_indices(evaluate, names(d), subsets=False)[0]
    first, total, _ = indices_of(parts, d)
    assert len(asked) == len(set(asked)) == 2 * d + 2
    assert off(found.first, first) < SIGMAS and off(found.total, total) < SIGMAS
    assert found.shapley == () and found.closed == {}


def test_the_half_squared_differences_are_the_products_of_the_literature():
    """Jansen 1999 by hand, and the products of Saltelli 2010 (table 2b), both ways round."""
    game = Game(sobol_g, 5, 4000, 3)
    found = find_indices(game, names(5), subsets=False)[0]
    a, b = game(31)[0], game(0)[0]
    ab, ba = ([game(mask ^ 1 << i)[0] for i in range(5)] for mask in (31, 0))
    whole = [(a - b) ** 2, *((x - y) ** 2 for x, y in zip(ab, ba, strict=True))]
    variance = 0.5 * np.mean(whole)
    assert found.sd.value == pytest.approx(math.sqrt(variance))
    for i in range(5):
        total = 0.25 * np.mean((a - ab[i]) ** 2 + (b - ba[i]) ** 2)
        first = variance - 0.25 * np.mean((a - ba[i]) ** 2 + (b - ab[i]) ** 2)
        assert found.total[i].value == pytest.approx(total / variance)
        assert found.first[i].value == pytest.approx(first / variance)
        products = 0.5 * np.mean(b * (ab[i] - a) + a * (ba[i] - b))
        assert products / variance == pytest.approx(found.first[i].value, abs=0.03)


def test_a_linear_function_is_known_by_hand():
    found = find_indices(Game(linear, 4, 4000, 5, normal=True), names(4))[0]
    truth = WEIGHTS**2 / np.sum(WEIGHTS**2)
    for shares in (found.first, found.total, found.shapley):
        assert off(shares[:3], truth[:3]) < SIGMAS
        assert shares[3].value == pytest.approx(0.0, abs=1e-12) and is_zero(shares[3])
    assert not is_zero(found.first[0])


@pytest.mark.parametrize("name", FUNCTIONS)
def test_shapley_shares_add_to_one(name):
    function, _, d = FUNCTIONS[name]
    found = find_indices(Game(function, d, 300, 1), names(d))[0]
    assert math.fsum(x.value for x in found.shapley) == pytest.approx(1.0, abs=1e-12)
    assert found.closed[2**d - 1].value == 1.0


@pytest.mark.parametrize("subsets", [True, False])
def test_a_source_that_is_alone_has_everything(subsets):
    def function(u):
        return np.exp(u[:, 1])

    found = find_indices(Game(function, 3, 200, 2), names(3), subsets=subsets)[0]
    for shares in (found.first, found.total, found.shapley or found.first):
        assert [s.value for s in shares] == pytest.approx([0.0, 1.0, 0.0], abs=1e-12)
        assert shares[1].se == pytest.approx(0.0, abs=1e-12)
    one = find_indices(Game(lambda u: u[:, 0], 1, 200, 2), names(1), subsets=subsets)[0]
    assert one.first[0].value == one.total[0].value == 1.0


def test_correlated_normals():
    weights, covariance = [1.0, 2.0, -1.0], [[1.0, 0.5, 0.0], [0.5, 1.0, -0.3], [0.0, -0.3, 1.0]]
    first, total, shapley = linear_gaussian_shapley(weights, covariance)
    found = find_indices(Correlated(weights, covariance, 8000, 4), names(3), linked=0b111)[0]
    assert off(found.first, first) < SIGMAS
    assert off(found.total, total) < SIGMAS
    assert off(found.shapley, shapley) < SIGMAS
    assert math.fsum(x.value for x in found.shapley) == pytest.approx(1.0, abs=1e-12)


def test_two_of_four_correlated():
    """Free sources use all pairs, linked ones those with the first run; both at once."""
    weights = [1.0, 1.0, 1.5, 0.5]
    covariance = np.eye(4)
    covariance[0, 2] = covariance[2, 0] = 0.7
    first, total, shapley = linear_gaussian_shapley(weights, covariance)
    game = Correlated(weights, covariance, 8000, 9)
    for subsets in (True, False):
        found = find_indices(game, names(4), linked=0b0101, subsets=subsets)[0]
        assert off(found.first, first) < SIGMAS
        assert off(found.total, total) < SIGMAS
        assert not subsets or off(found.shapley, shapley) < SIGMAS


def test_two_equal_inputs_share_equally():
    """X1 = X2 almost: each explains everything alone and nothing beyond the other."""
    covariance = [[1.0, 0.999], [0.999, 1.0]]
    found = find_indices(Correlated([1.0, 1.0], covariance, 4000, 1), names(2), linked=3)[0]
    assert found.shapley[0].value == pytest.approx(0.5, abs=5 * found.shapley[0].se)
    assert found.first[0].value > 0.99 and found.total[0].value < 0.01


def test_undefined_lives_are_left_out_and_counted():
    def function(u):
        return np.where(u[:, 0] < 0.02, np.nan, u[:, 0] + 2.0 * u[:, 1])

    found = find_indices(Game(function, 2, 4000, 6), names(2))[0]
    assert found.lives == 4 * 4000
    assert 0.01 < found.undefined / found.lives < 0.03
    narrowed = 0.98**2  # given that it is defined, the first coordinate is uniform on 98 %
    assert found.first[0].value == pytest.approx(narrowed / (narrowed + 4.0), abs=0.02)
    assert math.fsum(x.value for x in found.shapley) == pytest.approx(1.0, abs=1e-12)
    never = find_indices(Game(lambda u: u[:, 0] * np.nan, 2, 50, 6), names(2))[0]
    assert not never.varies and math.isnan(never.sd.value)


def test_what_does_not_vary_has_no_shares():
    def function(u):
        return 5e6 + 1e-7 * u[:, 0]

    found = find_indices(Game(function, 2, 100, 1), names(2))[0]
    assert not found.varies and found.sd.value == 0.0
    assert all(math.isnan(s.value) for s in (*found.first, *found.total, *found.shapley))


def test_too_many_sources_for_all_subsets():
    with pytest.raises(InputError, match="found 9 sources"):
        find_indices(Game(linear, 9, 10, 1), names(9))
