"""Draws of paths side by side: the twin's counts, whatever the paths beside draw."""

import math

import numba
import numpy as np
import pytest
from scipy import stats

from pfs_sim.kernels import abreast
from pfs_sim.kernels._handing import at, by
from pfs_sim.kernels._jit import lean
from pfs_sim.kernels._wide import each
from pfs_sim.kernels.arrivals import arrive
from pfs_sim.kernels.counts import COINS, INVERSION_MEAN, binomial, poisson, reject_binomial
from pfs_sim.kernels.random import new_rng, open_stream
from pfs_sim.kernels.samplers import negative_binomial
from pfs_sim.kernels.together import ask, settle
from pfs_sim.plan.crowd import new_draws
from pfs_sim.tables.wide import ABREAST, WIDE, WORDS, numbers
from tests.naive_random import Stream, in_lanes

KEY, PATH = 0x0123_4567_89AB_CDEF, 2**32 - 5
_KEY = np.uint64(KEY)
_STEP = np.uint64(16)
"""Draw i has the index i << 16."""


@lean
def lay_draws(rng, place, piece, frozen):
    path, n, p, found = at(place)
    for i in range(n.size):
        index = np.uint64(i) << _STEP
        if frozen < 0:
            block = np.uint64(piece) << abreast.PIECE
            found[i] = abreast.draw_on(each(0.0), rng, _KEY, index, block, n[i], p[i], path[0])
        else:
            found[i] = abreast.draw_some(rng, _KEY, index, piece, n[i], p[i], frozen, path[0])


@lean
def lay_together(rng, place, draws, piece, frozen):
    path, n, p, found = at(place)
    all_draws = at(draws)
    most = all_draws.n.size
    for first in range(0, n.size, most):
        count = min(most, n.size - first)
        for d in range(count):
            i = first + d
            index = np.uint64(i) << _STEP
            ask(all_draws, d, rng, _KEY, index, piece, n[i], p[i], frozen, path[0])
        settle(all_draws, rng)
        for d in range(count):
            found[first + d] = all_draws.found[d]


@lean
def draw_all(rng, tables, draws, piece, frozen, together):
    if together:
        lay_together(rng, by(tables), by(draws), piece, frozen)
    else:
        lay_draws(rng, by(tables), piece, frozen)


def draw(n, p, piece=0, frozen=-1, first=PATH, together=0):
    """found[i, lane] of n[i, lane] and p[i, lane]; with `frozen` 0 or 1 as `draw_some`.

    With a number `together` so many draws are asked for before they are settled.
    """
    n, p = np.broadcast_arrays(n, p)
    path = np.zeros(1, WORDS)
    path["of"][0] = first + np.arange(ABREAST)
    tables = [np.zeros(len(n), WIDE) for _ in range(3)]
    numbers(tables[0])[:], numbers(tables[1])[:] = n, p
    draws = new_draws(max(1, together), path)
    draw_all(new_rng(), (path, *tables), draws, piece, frozen, together)
    return numbers(tables[2])


def slowly(i, lane, piece, n, p):
    return in_lanes(Stream(KEY, i << 16, PATH + lane).at, piece, float(n), float(p))


def mixed(n, p, seed):
    """All pairs, in any order: cases[2, i, lane]."""
    cases = np.array(np.meshgrid(n, p), float).reshape(2, -1)
    cases = np.random.default_rng(seed).permutation(cases, axis=1)
    more = -cases.shape[1] % ABREAST
    return np.hstack([cases, cases[:, :more]]).reshape(2, -1, ABREAST)


SIZES = [0, 1, 2, 7, 31, 62, 63, 64, 125, 126, 127, 300, 378, 379, 1000, 1024, 1025, 40_000, 10**6]
CHANCES = [-1e-18, 0.0, 1e-300, 1e-9, 0.03, 0.25, 0.5, 1 / 3, 0.97, 1 - 1e-12, 1.0, 1.2]


@pytest.mark.jit_off
@pytest.mark.parametrize("piece", [0, 1, 8, 256, 512])
def test_a_draw_is_the_twin_s(piece):
    n, p = mixed(SIZES, CHANCES, piece)
    found = draw(n, p, piece)
    for i, lane in np.ndindex(n.shape):
        count = slowly(i, lane, piece, n[i, lane], p[i, lane])
        assert found[i, lane] == count, (n[i, lane], p[i, lane])


@pytest.mark.jit_off
@pytest.mark.parametrize(("together", "frozen"), [(1, 0), (7, 0), (40, 0), (7, 1)])
def test_draws_asked_for_together_are_the_same(together, frozen):
    sizes = [*SIZES, 0.25, 40.5, 63.75, 378.5, 999.125]
    n, p = mixed(sizes, CHANCES, together)
    assert np.array_equal(draw(n, p, 8, frozen, PATH, together), draw(n, p, 8, frozen))


@pytest.mark.parametrize("low", [20, 60, 379, 30_000])
def test_many_draws_asked_for_together_are_the_same(low):
    """Enough to see who is rejected again and again, and who is drawn alone."""
    random = np.random.default_rng(low)
    n = np.floor(low * (1 + 2 * random.random((4000, ABREAST))))
    p = random.random(n.shape)
    near = random.random(n.shape) < 0.3
    p[near] = np.minimum(10 * (1 + 3 * random.random(near.sum())) / n[near], 0.9)
    at_once = draw(n, p, 0, 0)
    for together in (1, 32):
        assert np.array_equal(draw(n, p, 0, 0, PATH, together), at_once)


@pytest.mark.parametrize(("n", "p"), [(8, 0.3), (50, 0.4), (63, 0.6), (63, 0.999), (150, 0.2)])
def test_many_draws_are_the_twin_s(n, p):
    """Enough to see words that are used up, and trials that take a word of their own, or several.

    They are of paths that draw the same and, every second time, of one who is alone.
    """
    people = np.full((250, ABREAST), float(n))
    people[1::2] *= np.arange(ABREAST) == 9
    found = draw(people, p)
    for i, lane in np.ndindex(people.shape):
        assert found[i, lane] == slowly(i, lane, 0, people[i, lane], p), (i, lane)


def test_a_path_does_not_draw_by_the_paths_beside():
    n, p = mixed([0, 1, 40, 63, 64, 200, 378, 379, 2000], [0.0, 0.003, 0.4, 0.5, 1.0], 12)
    found = draw(n, p)
    for lane in range(ABREAST):
        for others in [(0, 0.5), (40, 0.3), (378, 0.9), (1e6, 0.3), (500, 0.001), (math.nan, 0.5),
                       (50, math.nan), (math.inf, 1.5), (1e300, 0.5)]:  # fmt: skip
            here = np.arange(ABREAST) == lane
            beside = draw(np.where(here, n, others[0]), np.where(here, p, others[1]))
            assert np.array_equal(beside[:, lane], found[:, lane]), others


@pytest.mark.jit_off
def test_a_draw_without_a_number_has_none():
    n, p = np.full((2, ABREAST), 3.0), np.full((2, ABREAST), 0.4)
    n[0, 3], p[1, 5] = math.nan, math.nan
    found = draw(n, p)
    assert np.argwhere(np.isnan(found)).tolist() == [[0, 3], [1, 5]]
    assert np.argwhere(np.isnan(draw(n, p, 0, 0))).tolist() == [[0, 3], [1, 5]]


@pytest.mark.jit_off
def test_a_fraction_of_a_person_gives_its_expectation():
    sizes = [*SIZES, 0.25, 0.999, 1.5, 63.75, 64.5, 377.9, 378.5, 999.125]
    n, p = mixed(sizes, [0.0, 0.03, 0.5, 0.97, 1.0], 5)
    found = draw(n, p, 256, 0)
    whole = np.floor(n)
    for i, lane in np.ndindex(n.shape):
        drawn, part = slowly(i, lane, 256, whole[i, lane], p[i, lane]), n[i, lane] - whole[i, lane]
        assert found[i, lane] == pytest.approx(drawn + part * p[i, lane], rel=1e-15, abs=0.0)
    assert np.array_equal(found[n == whole], draw(n, p, 256)[n == whole])


@pytest.mark.jit_off
def test_frozen_draws_are_expectations():
    n, p = mixed([0.0, 0.5, 12.0, 63.25, 1e6], [0.0, 1e-300, 0.3, 1.0], 6)
    assert np.array_equal(draw(n, p, 0, 1), n * p)
    assert np.isnan(draw(n, math.nan, 0, 1)[n > 0]).all()


def test_nobody_s_draw_is_none_though_chance_be_unknown():
    """As that of a level that nobody has."""
    assert not draw(np.zeros((1, ABREAST)), math.nan, 0, 0).any()


@numba.njit
def draw_alone(rng, n, p):
    found = np.empty(n.shape)
    for i in range(n.shape[0]):
        for lane in range(n.shape[1]):
            open_stream(rng, _KEY, np.uint64(i) << _STEP, np.uint64(PATH + lane))
            some, chance = n[i, lane], p[i, lane]
            by_hat = some * min(chance, 1.0 - chance) >= INVERSION_MEAN
            if by_hat and not (chance == 0.5 and some <= COINS):
                found[i, lane] = reject_binomial(rng, some, chance)
            else:
                found[i, lane] = binomial(rng, some, chance)
    return found


@pytest.mark.parametrize("low", [20, 379, 1_000, 30_000, 5_000_000])
def test_large_draws_side_by_side_are_those_drawn_alone(low):
    """Whatever is told of a point under the hat without an exact logarithm is what it tells."""
    random, many = np.random.default_rng(low), (4000, ABREAST)
    n = np.floor(low * (1 + 2 * random.random(many)))
    p = random.random(many)
    near = random.random(many) < 0.3
    p[near] = np.minimum(10 * (1 + 3 * random.random(near.sum())) / n[near], 0.5)
    p[:10] = 0.5
    # Below 379 others are drawn in pieces: those by rejection alone are compared.
    n[(n < 379) & ((n * np.minimum(p, 1 - p) < INVERSION_MEAN) | (p == 0.5))] = 0
    assert np.array_equal(draw(n, p), draw_alone(new_rng(), n, p))


@lean
def lay_arrivals(rng, place, draws, dispersion):
    path, mean, came = at(place)
    arrive(rng, _KEY, path[0], dispersion, mean, came, at(draws))


@lean
def arrive_at_once(rng, tables, draws, dispersion):
    lay_arrivals(rng, by(tables), by(draws), dispersion)


@numba.njit
def arrive_alone(rng, mean, dispersion):
    found = np.empty(mean.shape)
    for i in range(mean.shape[0]):
        for lane in range(mean.shape[1]):
            open_stream(rng, _KEY, np.uint64(i) << _STEP, np.uint64(PATH + lane))
            if dispersion > 0.0:
                found[i, lane] = negative_binomial(rng, dispersion, mean[i, lane])
            else:
                found[i, lane] = poisson(rng, mean[i, lane])
    return found


@pytest.mark.parametrize("dispersion", [0.0, 0.5, 3.0, 900.0])
@pytest.mark.parametrize("low", [9, 30, 900, 2_000_000])
def test_arrivals_side_by_side_are_those_drawn_alone(low, dispersion):
    mean = low * (1 + 2 * np.random.default_rng(low).random((4000, ABREAST)))
    path, means, came = np.zeros(1, WORDS), np.zeros(len(mean), WIDE), np.zeros(len(mean), WIDE)
    path["of"][0], numbers(means)[:] = PATH + np.arange(ABREAST), mean
    arrive_at_once(new_rng(), (path, means, came), new_draws(len(mean), path), dispersion)
    assert np.array_equal(numbers(came), arrive_alone(new_rng(), mean, dispersion))


def fit(found, law, support):
    """p-value of counts against a law, cells of fewer than 10 expected put together."""
    expected = law.pmf(support) * len(found)
    seen = np.array([(found == k).sum() for k in support], float)
    big = expected >= 10
    rest, others = len(found) - expected[big].sum(), len(found) - seen[big].sum()
    expected, seen = expected[big], seen[big]
    if rest >= 10:
        expected, seen = np.append(expected, rest), np.append(seen, others)
    statistic = ((seen - expected) ** 2 / expected).sum()
    return stats.chi2.sf(statistic, len(seen) - 1)


LAWS = [(21, 0.49), (34, 0.31), (45, 0.77), (100, 0.11), (150, 0.55)]
LAWS += [(5, 0.3), (31, 0.5), (40, 0.97), (63, 0.02), (63, 0.5), (64, 0.4), (130, 0.1), (378, 0.7)]
LAWS += [(500, 0.04), (700, 0.5), (3_000, 0.97), (40_000, 0.3)]


@pytest.mark.parametrize(("n", "p"), LAWS)
def test_draws_follow_the_binomial_law(n, p):
    many = 2_500
    found = draw(np.full((many, ABREAST), float(n)), p, 0, -1, 10**6).ravel()
    law = stats.binom(n, p)
    assert abs(found.mean() - law.mean()) < 4.5 * law.std() / found.size**0.5
    assert fit(found, law, np.arange(n + 1)) > 1e-5
