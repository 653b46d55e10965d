"""Draws side by side: the twin's counts, whoever else is drawn."""

import numba
import numpy as np
import pytest
from scipy import stats

from pfs_sim.kernels.counts import binomial, poisson, poisson_inside
from pfs_sim.kernels.lanes import answer, ask
from pfs_sim.kernels.random import new_rng, open_stream
from pfs_sim.tables.people import LANES, LANES_SIZE
from tests.naive_random import Stream, in_lanes

KEY, PATH = 0x0123_4567_89AB_CDEF, 41


@numba.njit
def ask_all(lanes, rng, index, piece, n, p, answers):
    """Draw n[i] with p[i] at index[i]: asked first, answered then, or when the lanes are full."""
    for i in range(n.size):
        ask(lanes, rng, np.uint64(KEY), np.uint64(index[i]), PATH, piece[i], n[i], p[i], i, answers)
    answer(lanes, rng, PATH, answers)


def draw(index, piece, n, p):
    answers = np.zeros(len(n))
    lanes = np.zeros(LANES_SIZE, dtype=np.uint64)
    ask_all(
        lanes, new_rng(), np.asarray(index), np.asarray(piece), np.asarray(n, float),
        np.asarray(p, float), answers,
    )  # fmt: skip
    return answers


def slowly(index, piece, n, p):
    stream = Stream(KEY, int(index), PATH)
    return in_lanes(stream.at, int(piece), float(n), float(p))


@pytest.mark.jit_off
def test_a_draw_is_the_twin_s():
    random = np.random.default_rng(11)
    sizes = [0, 1, 2, 7, 31, 62, 63, 64, 125, 126, 127, 300, 378, 379, 1000, 40_000]
    chances = [0.0, 1e-300, 1e-9, 0.03, 0.25, 0.5, 1 / 3, 0.97, 1 - 1e-12, 1.0, 1.2]
    cases = [(n, p) for n in sizes for p in chances]
    index = random.integers(0, 2**32, len(cases))
    piece = random.choice([0, 256, 512], len(cases))
    found = draw(index, piece, *zip(*cases, strict=True))
    for i, (n, p) in enumerate(cases):
        assert found[i] == slowly(index[i], piece[i], n, p), (n, p)


def test_no_draw_moves_with_the_others():
    """Alone, in another order, and with more than the lanes hold."""
    random = np.random.default_rng(12)
    count = 5 * LANES // 2
    index = np.arange(count) * 7
    n, p = random.integers(1, 200, count).astype(float), random.random(count)
    piece = np.zeros(count, np.int64)
    whole = draw(index, piece, n, p)
    order = random.permutation(count)
    assert np.array_equal(draw(index[order], piece, n[order], p[order]), whole[order])
    for i in range(0, count, 37):
        assert draw(index[i : i + 1], piece[:1], n[i : i + 1], p[i : i + 1]) == whole[i]


@numba.njit
def draw_alone(rng, index, n, p):
    found = np.empty(n.size)
    for i in range(n.size):
        open_stream(rng, np.uint64(KEY), np.uint64(index[i]), np.uint64(PATH))
        found[i] = binomial(rng, n[i], p[i])
    return found


@pytest.mark.parametrize("low", [379, 1_000, 30_000, 5_000_000])
def test_large_draws_side_by_side_are_those_drawn_alone(low):
    """Whatever is told of a point under the hat without an exact logarithm is what it tells."""
    random, many = np.random.default_rng(low), 60_000
    n = np.floor(low * (1 + 2 * random.random(many)))
    p = random.random(many)
    near = random.random(many) < 0.3
    p[near] = 10 * (1 + 3 * random.random(near.sum())) / n[near]
    p[:100] = 0.5
    index, alone = np.arange(many), draw_alone(new_rng(), np.arange(many), n, p)
    assert np.array_equal(draw(index, np.zeros(many, int), n, p), alone)


@numba.njit
def arrive_at_once_and_alone(rng, means):
    found = np.empty((2, means.size))
    for i in range(means.size):
        open_stream(rng, np.uint64(KEY), np.uint64(i), np.uint64(PATH))
        found[0, i] = poisson_inside(means[i], rng.words[0], rng.words[1])
        found[1, i] = poisson(rng, means[i])
    return found


@pytest.mark.parametrize("low", [9, 30, 900, 2_000_000])
def test_arrivals_told_at_once_are_those_drawn_alone(low):
    means = low * (1 + 2 * np.random.default_rng(low).random(60_000))
    at_once, alone = arrive_at_once_and_alone(new_rng(), means)
    told = ~np.isnan(at_once)
    assert np.array_equal(at_once[told], alone[told])
    assert told[means >= 10].mean() > 0.7
    assert not told[means < 10].any()


def test_a_draw_without_a_number_has_none():
    assert np.isnan(draw([1, 2], [0, 0], [3.0, np.nan], [np.nan, 0.5])).all()


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


LAWS = [(5, 0.3), (31, 0.5), (40, 0.97), (63, 0.02), (63, 0.5), (64, 0.4), (130, 0.1), (378, 0.7)]
LAWS += [(500, 0.04), (700, 0.5), (3_000, 0.97), (40_000, 0.3)]


@pytest.mark.parametrize(("n", "p"), LAWS)
def test_draws_follow_the_binomial_law(n, p):
    many = 40_000
    found = draw(np.arange(many) + 10**6, np.zeros(many, int), np.full(many, n), np.full(many, p))
    law = stats.binom(n, p)
    assert abs(found.mean() - law.mean()) < 4.5 * law.std() / many**0.5
    assert fit(found, law, np.arange(n + 1)) > 1e-5
