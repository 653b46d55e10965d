"""Draws side by side and people placed at once: the twin's counts, whoever else is drawn."""

from fractions import Fraction

import numba
import numpy as np
import pytest
from scipy import stats

from pfs_sim.kernels.counts import binomial, poisson, poisson_inside
from pfs_sim.kernels.lanes import answer, ask
from pfs_sim.kernels.random import new_rng, open_stream
from pfs_sim.kernels.spreading import edge_of, plan_spread, spread
from pfs_sim.plan.program import records
from pfs_sim.tables.people import CROWD, LANES, LANES_SIZE, SPREAD
from tests.naive_random import Stream, in_lanes
from tests.naive_random import spread as spread_slowly

KEY, PATH = 0x0123_4567_89AB_CDEF, 41


@numba.njit
def ask_all(lanes, rng, index, piece, n, p, answers):
    """Draw n[i] with p[i] at index[i]: asked first, answered then, or when the lanes are full."""
    for i in range(n.size):
        ask(lanes, rng, np.uint64(KEY), np.uint64(index[i]), PATH, piece[i], n[i], p[i], i, answers)
    answer(lanes, rng, PATH, answers)


@numba.njit
def spread_all(index, n, edges, spreads, pieces, found):
    """Spread n[i] people over the classes of edges[i] at index[i], as many at once as there are."""
    count = 0
    for i in range(n.size):
        count = plan_spread(n[i], np.uint64(index[i]), i, i, spreads, count)
    spread(count, np.uint64(KEY), PATH, found.shape[1], edges, spreads, pieces, found)


def spread_people(index, n, edges):
    """found[i, class] of n[i] people at index[i], over the classes of edges[i]."""
    index, n, edges = np.asarray(index), np.asarray(n, float), np.array(edges, np.uint64)
    found = np.zeros((n.size, edges.shape[1]))
    many = int(np.ceil(n / 64).sum())
    spread_all(index, n, edges, records(SPREAD, many), np.zeros((many, 16), np.uint64), found)
    return found


@numba.njit
def edges_of(reach):
    edges = np.empty(reach.size, np.uint64)
    for k in range(reach.size):
        edges[k] = edge_of(reach[k])
    return edges


def spread_over(index, n, shares):
    """People at many addresses, over the same classes."""
    edges = np.tile(edges_of(np.cumsum(shares)), (len(index), 1))
    return spread_people(index, np.full(len(index), n), edges)


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


@pytest.mark.jit_off
@pytest.mark.parametrize("n", [0, 1, 5, 16, 17, 40, 63, 64, 65, 128, 200, 512])
def test_people_are_spread_as_by_the_twin(n):
    shares = np.array([0.06, 0.2, 0.0, 0.34, 0.4])
    index = np.arange(50) << 16
    found = spread_over(index, n, shares)
    for i, row in zip(index, found, strict=True):
        stream = Stream(KEY, int(i), PATH)
        assert row.tolist() == spread_slowly(stream, n, np.cumsum(shares)[:-1])
    assert (found.sum(axis=1) == n).all()
    assert (found[:, 2] == 0).all()
    assert n <= CROWD


def number_of(index, person):
    """The 64 bits that say where a person falls."""
    first, person = person // 64 * 64, person % 64
    stream = Stream(KEY, index, PATH).at(first)
    words, others = [stream.word() for _ in range(16)], stream.at(first + 8)
    rest = [others.word() for _ in range(person + 1)][-1] >> 16
    return (words[person // 4] >> 16 * (person % 4) & 0xFFFF) << 48 | rest


@pytest.mark.jit_off
@pytest.mark.parametrize("person", [0, 1, 6, 31, 62, 63, 64, 99, 191])
def test_an_edge_that_begins_like_a_number_is_compared_to_its_last_bit(person):
    """One edge at the number, one above it, and edges before and after with its first bits."""
    index = 7 << 16
    number = number_of(index, person)
    begins = number >> 48 << 48
    edges = [max(begins, 1), number, number + 1, begins + 2**48 - 1, 2**64 - 1]
    found = spread_people([index], [192], [edges])
    reach = [Fraction(edge, 2**64) for edge in edges[:-1]]
    assert found[0].tolist() == spread_slowly(Stream(KEY, index, PATH), 192, reach)
    assert found[0, 2] >= 1


def test_who_ties_with_an_edge_follows_its_other_digits():
    many, part = 4000, 0.3
    index = np.arange(many) << 16
    edges = [
        [(number_of(int(i), 0) >> 48 << 48) + int(part * 2**48), 2**64 - 1] for i in index
    ]
    found = spread_people(index, np.ones(many), edges)
    law = stats.binom(many, part)
    assert abs(found[:, 0].sum() - law.mean()) < 4.5 * law.std()


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


@pytest.mark.parametrize("n", [23, 150])
def test_spread_people_follow_the_multinomial_law(n):
    shares, many = np.array([0.06, 0.2, 0.34, 0.4]), 20_000
    found = spread_over(np.arange(many), n, shares)
    law = stats.multinomial(n, shares)
    for k, share in enumerate(shares):
        assert fit(found[:, k], stats.binom(n, share), np.arange(n + 1)) > 1e-5
    sd = np.sqrt(np.diag(law.cov()))
    error = np.outer(sd, sd) * (2 / many) ** 0.5
    assert (np.abs(np.cov(found.T) - law.cov()) / error).max() < 4.5
