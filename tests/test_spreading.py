"""People of paths side by side fall into classes as the twin's do, whoever else is spread."""

from fractions import Fraction

import numpy as np
import pytest
from scipy import stats

from pfs_sim.kernels._handing import at, by
from pfs_sim.kernels._jit import lean
from pfs_sim.kernels.random import ZERO
from pfs_sim.kernels.spreading import first_bits_of, spread
from pfs_sim.tables.people import CROWD
from pfs_sim.tables.wide import ABREAST, WIDE, WORDS, numbers
from tests.naive_random import Stream
from tests.naive_random import spread as spread_slowly

KEY, PATH = 0x0123_4567_89AB_CDEF, 41
_KEY = np.uint64(KEY)


@lean
def lay_people(place, first_index):
    path, n, reach, edges, pieces, found = at(place)
    for i in range(n.size):
        for k in range(reach.shape[1]):
            edges[k] = first_bits_of(reach[i, k])
        index = np.uint64(first_index + i) << np.uint64(16)
        last = reach.shape[1]
        spread(n[i], _KEY, index, ZERO, path[0], 0, last, reach[i], edges, pieces, found[i])


@lean
def spread_all(tables, first_index):
    lay_people(by(tables), first_index)


def spread_people(n, reach, first_index=0):
    """found[i, class, path] of n[i, path] people at index i << 16, with reach[i, class, path]."""
    n, reach = np.asarray(n, float), np.asarray(reach, float)
    many, classes = reach.shape[:2]
    path, edges, pieces = np.zeros(1, WORDS), np.zeros(classes, WORDS), np.zeros(16, WORDS)
    path["of"][0] = PATH + np.arange(ABREAST)
    people, reaches = np.zeros(many, WIDE), np.zeros((many, classes), WIDE)
    numbers(people)[:], numbers(reaches)[:] = n, reach
    found = np.zeros((many, classes + 1), WIDE)
    spread_all((path, people, reaches, edges, pieces, found), first_index)
    return numbers(found)


def spread_over(many, n, shares):
    """People at many addresses, over the same classes: found[address, class]."""
    reach = np.cumsum(shares)[:-1, None]
    places = -(-many // ABREAST)
    found = spread_people(
        np.full((places, ABREAST), n), np.broadcast_to(reach, (places, *reach.shape))
    )
    return np.moveaxis(found, 1, 2).reshape(-1, len(shares))


@pytest.mark.jit_off
def test_people_are_spread_as_by_the_twin():
    """Paths with as many people as they like, nobody among them, and chances of their own."""
    random = np.random.default_rng(3)
    sizes = [0, 1, 5, 16, 17, 40, 63, 64, 65, 128, 200, 512, 7, 8, 9, 12]
    n = np.array([np.resize(np.roll(sizes, i), ABREAST) for i in range(6)])
    reach = np.sort(random.random((6, 4, ABREAST)), axis=1)
    reach[1, 2] = reach[1, 1]
    reach[2, 0], reach[2, 3] = 0.0, 1.0
    found = spread_people(n, reach)
    for i in range(6):
        for lane in range(ABREAST):
            stream = Stream(KEY, i << 16, PATH + lane)
            slowly = spread_slowly(stream, n[i, lane], reach[i, :, lane])
            assert found[i, :, lane].tolist() == slowly
    assert (found.sum(axis=1) == n).all()
    assert (found[1, 2] == 0).all()
    assert n.max() <= CROWD


def test_nobody_moves_with_the_people_of_other_paths():
    shares = np.array([0.1, 0.3, 0.8])[None, :, None]
    n = np.resize([10, 64, 200, 0], ABREAST)[None, :]
    whole = spread_people(n, np.broadcast_to(shares, (1, 3, ABREAST)))
    for lane in range(ABREAST):
        for beside in (0, 512):
            others = np.full_like(n, beside)
            others[0, lane] = n[0, lane]
            found = spread_people(others, np.broadcast_to(shares, (1, 3, ABREAST)))
            assert (found[0, :, lane] == whole[0, :, lane]).all()


def number_of(index, path, person):
    """The 64 bits that say where a person falls."""
    first, person = person // 64 * 64, person % 64
    stream = Stream(KEY, index, path).at(first)
    words, others = [stream.word() for _ in range(16)], stream.at(first + 8)
    rest = [others.word() for _ in range(person + 1)][-1] >> 16
    return (words[person // 4] >> 16 * (person % 4) & 0xFFFF) << 48 | rest


@pytest.mark.jit_off
@pytest.mark.parametrize("person", [0, 1, 6, 31, 62, 63, 64, 99, 191])
def test_an_edge_that_begins_like_a_number_is_compared_to_its_last_bit(person):
    """Edges at the numbers next to a person's that a probability can say, and others around."""
    index, reach = 7 << 16, np.zeros((1, 4, ABREAST))
    for lane in range(ABREAST):
        number = number_of(index, PATH + lane, person)
        begins, step = number >> 48 << 48, 2 ** max(number.bit_length() - 53, 0)
        below = number // step * step
        edges = [max(begins, 1), below, below + step, begins + 2**48]
        reach[0, :, lane] = [edge / 2**64 for edge in edges]
        assert [Fraction(p) * 2**64 for p in reach[0, :, lane]] == edges
    found = spread_people(np.full((1, ABREAST), 192), reach, first_index=7)
    for lane in range(ABREAST):
        stream = Stream(KEY, index, PATH + lane)
        exact = [Fraction(p) for p in reach[0, :, lane]]
        assert found[0, :, lane].tolist() == spread_slowly(stream, 192, exact)
        assert found[0, 2, lane] >= 1


def test_who_ties_with_an_edge_follows_its_other_digits():
    places, part = 250, 0.3
    reach = np.empty((places, 1, ABREAST))
    for i in range(places):
        for lane in range(ABREAST):
            begins = number_of(i << 16, PATH + lane, 0) >> 48
            reach[i, 0, lane] = (begins + part) / 2**16
    found = spread_people(np.ones((places, ABREAST)), reach)
    law = stats.binom(places * ABREAST, part)
    assert abs(found[:, 0].sum() - law.mean()) < 4.5 * law.std()


@pytest.mark.parametrize("n", [23, 150])
def test_spread_people_follow_the_multinomial_law(n):
    shares, many = np.array([0.06, 0.2, 0.34, 0.4]), 20_000
    found = spread_over(many, n, shares)
    law = stats.multinomial(n, shares)
    for k, share in enumerate(shares):
        one = stats.binom(n, share)
        expected = one.pmf(np.arange(n + 1)) * len(found)
        seen = np.bincount(found[:, k].astype(int), minlength=n + 1).astype(float)
        big = expected >= 10
        expected = np.append(expected[big], expected[~big].sum())
        seen = np.append(seen[big], seen[~big].sum())
        assert stats.chisquare(seen, expected).pvalue > 1e-5
    sd = np.sqrt(np.diag(law.cov()))
    error = np.outer(sd, sd) * (2 / many) ** 0.5
    assert (np.abs(np.cov(found.T) - law.cov()) / error).max() < 4.5
