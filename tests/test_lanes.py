"""Draws side by side and people placed at once: the twin's counts, whoever else is drawn."""

import numba
import numpy as np
import pytest
from scipy import stats

from pfs_sim.kernels.lanes import answer, ask
from pfs_sim.kernels.random import new_rng
from pfs_sim.kernels.spreading import CROWD, spread
from pfs_sim.tables.people import LANES, LANES_SIZE
from tests.naive_random import Stream, in_lanes
from tests.naive_random import spread as spread_slowly

KEY, PATH = 0x0123_4567_89AB_CDEF, 41


@numba.njit
def ask_all(lanes, rng, index, piece, n, p, answers):
    """Draw n[i] with p[i] at index[i]: asked first, answered then, or when the lanes are full."""
    for i in range(n.size):
        ask(lanes, rng, np.uint64(KEY), np.uint64(index[i]), PATH, piece[i], n[i], p[i], i, answers)
    answer(lanes, PATH, answers)


@numba.njit
def spread_all(rng, index, n, reach, found):
    """Spread n[i] people over the classes of reach[0, 0] at index[i]."""
    for i in range(n.size):
        spread(
            rng, np.uint64(KEY), np.uint64(index[i]), PATH, n[i], reach, 0, 0, found.shape[1],
            found[i],
        )  # fmt: skip


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


def test_a_draw_without_a_number_has_none():
    assert np.isnan(draw([1, 2], [0, 0], [3.0, np.nan], [np.nan, 0.5])).all()


@pytest.mark.parametrize("n", [1, 5, 16, 17, 40, 64])
def test_people_are_spread_as_by_the_twin(n):
    shares = np.array([0.06, 0.2, 0.0, 0.34, 0.4])
    reach = np.cumsum(shares)[None, None, :]
    index = np.arange(50) << 16
    found = np.zeros((50, 5))
    spread_all(new_rng(), index, np.full(50, float(n)), reach, found)
    for i, row in zip(index, found, strict=True):
        assert row.tolist() == spread_slowly(Stream(KEY, int(i), PATH), n, reach[0, 0, :-1])
    assert (found.sum(axis=1) == n).all()
    assert (found[:, 2] == 0).all()
    assert n <= CROWD


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


@pytest.mark.parametrize(("n", "p"), LAWS)
def test_draws_follow_the_binomial_law(n, p):
    many = 40_000
    found = draw(np.arange(many) + 10**6, np.zeros(many, int), np.full(many, n), np.full(many, p))
    law = stats.binom(n, p)
    assert abs(found.mean() - law.mean()) < 4.5 * law.std() / many**0.5
    assert fit(found, law, np.arange(n + 1)) > 1e-5


def test_spread_people_follow_the_multinomial_law():
    shares, many, n = np.array([0.06, 0.2, 0.34, 0.4]), 20_000, 23
    found = np.zeros((many, 4))
    reach = np.cumsum(shares)[None, None, :]
    spread_all(new_rng(), np.arange(many), np.full(many, float(n)), reach, found)
    law = stats.multinomial(n, shares)
    for k, share in enumerate(shares):
        assert fit(found[:, k], stats.binom(n, share), np.arange(n + 1)) > 1e-5
    sd = np.sqrt(np.diag(law.cov()))
    error = np.outer(sd, sd) * (2 / many) ** 0.5
    assert (np.abs(np.cov(found.T) - law.cov()) / error).max() < 4.5
