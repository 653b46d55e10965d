"""The generator and the samplers, draw by draw: published vectors, addresses, the slow twin."""

import hashlib
import math
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from pfs_sim.addresses import stream_key
from pfs_sim.kernels import random, samplers
from pfs_sim.kernels._handing import at, by
from pfs_sim.kernels._jit import lean
from pfs_sim.kernels.arrivals import arrive
from pfs_sim.kernels.random import (
    ZERO,
    fill_uniforms,
    new_rng,
    next_word,
    open_made,
    open_stream,
    philox_block,
    uniform,
    wide_block,
)
from pfs_sim.plan.crowd import new_draws
from pfs_sim.tables.wide import ABREAST, WIDE, WORDS, carve, numbers
from tests import naive_random

ROOT = Path(__file__).resolve().parents[1]
KEY = stream_key(20160217, "chance", "placement|treated")
WORD_KEY = np.uint64(KEY)
"""The compiled functions are handed words: a Python int may not fit in an int64."""
FAR_PATH = 2**40 + 7

# Random123 1.14, tests/kat_vectors, the lines "philox4x32 10": counter, key, result.
KNOWN_ANSWERS = """
00000000 00000000 00000000 00000000 00000000 00000000 6627e8d5 e169c58d bc57ac4c 9b00dbd8
ffffffff ffffffff ffffffff ffffffff ffffffff ffffffff 408f276d 41c83b0e a20bc7c6 6d5451fd
243f6a88 85a308d3 13198a2e 03707344 a4093822 299f31d0 d16cfe09 94fdcceb 5001e420 24126ea1
"""

GRID = [
    *[
        ("binomial", n, p)
        for n in (0.0, 1.0, 5.0, 30.0, 62.0, 63.0, 64.0, 200.0, 1023.0, 1024.0, 1e5, 1e7)
        for p in (0.0, 1e-12, 1e-6, 0.03, 0.3, 0.5, 0.77, 1 - 1e-9, 1.0)
    ],
    *[("poisson", m) for m in (0.0, 1e-3, 0.8, 9.99, 10.0, 12.5, 100.0, 1023.0, 1024.0, 1e7)],
    *[("gamma", shape) for shape in (0.0, 1e-3, 0.1, 0.999, 1.0, 1.5, 50.0, 800.0, 1e6)],
    ("normal",),
    ("exponential",),
    *[("beta", a, b) for a, b in ((1e-3, 1e-3), (0.01, 5.0), (0.5, 0.5), (1.0, 1.0), (40.0, 9.0))],
    *[
        ("negative_binomial", k, m)
        for k, m in ((0.05, 20.0), (2.0, 3.0), (50.0, 300.0), (1.0, 0.0))
    ],
    *[
        ("beta_binomial", n, p, icc)
        for n, p in ((30.0, 0.3), (400.0, 0.05), (0.0, 0.5), (9.0, 1.0))
        for icc in (0.0, 1e-4, 0.1, 0.9, 1.0)
    ],
]


def words_of(key, index, path, count):
    rng = new_rng()
    open_stream(rng, np.uint64(key), np.uint64(index), np.uint64(path))
    return [int(next_word(rng)) for _ in range(count)]


def twin_words(key, index, path, count):
    stream = naive_random.Stream(key, index, path)
    return [stream.word() for _ in range(count)]


@pytest.mark.jit_off
@pytest.mark.parametrize("line", KNOWN_ANSWERS.strip().splitlines())
def test_published_vectors_of_philox(line):
    c0, c1, c2, c3, k0, k1, *answer = (int(word, 16) for word in line.split())
    assert naive_random.philox_4x32([c0, c1, c2, c3], [k0, k1]) == answer
    address = (k0 | k1 << 32, c0, c1, c2 | c3 << 32)
    block = philox_block(*(np.uint64(part) for part in address))
    x0, x1, x2, x3 = answer
    assert [int(word) for word in block] == [x0 | x1 << 32, x2 | x3 << 32]


def test_key_is_the_digest_of_the_names():
    digest = hashlib.blake2b("1|effect|unité".encode(), digest_size=8).digest()
    assert stream_key(1, "effect", "unité") == int.from_bytes(digest, "little")
    keys = {
        stream_key(seed, source, item)
        for seed in range(20)
        for source in ("effect", "baseline", "chance")
        for item in ("placement", "placement|treated", "")
    }
    assert len(keys) == 180
    assert all(0 <= key < 2**64 for key in keys)


@pytest.mark.jit_off
@pytest.mark.parametrize("index", [0, 1, 2**32 - 1])
@pytest.mark.parametrize("path", [0, 1, 2**32, 2**64 - 1])
def test_words_of_a_stream_are_the_blocks_in_order(index, path):
    """Past the buffer and through every size of refill."""
    for key in (0, KEY, 2**64 - 1):
        assert words_of(key, index, path, 150) == twin_words(key, index, path, 150)


@pytest.mark.jit_off
def test_a_stream_forgets_the_one_before_it():
    rng = new_rng()
    open_stream(rng, WORD_KEY, 3, 5)
    for _ in range(37):
        next_word(rng)
    open_stream(rng, WORD_KEY, 4, 5)
    assert [int(next_word(rng)) for _ in range(40)] == twin_words(KEY, 4, 5, 40)


@lean
def make_block(place, block, index):
    path, out = at(place)
    out[0], out[1] = wide_block(WORD_KEY, block, index, path[0])


@lean
def make_at_once(tables, block, index):
    make_block(by(tables), block, index)


@pytest.mark.jit_off
def test_a_block_of_paths_side_by_side_is_that_of_each_alone():
    _, found = carve({"path": (1,), "out": (2,)}, WORDS)
    paths, rng = np.arange(ABREAST, dtype=np.uint64) + np.uint64(FAR_PATH - 7), new_rng()
    found["path"]["of"][0] = paths
    for index in (0, 103):
        for block in (0, 1, 9):
            make_at_once((found["path"], found["out"]), np.uint64(block), np.uint64(index))
            for lane, path in enumerate(paths.tolist()):
                words = twin_words(KEY, index, path, 20)
                assert found["out"]["of"][:, lane].tolist() == words[2 * block : 2 * block + 2]
    make_at_once((found["path"], found["out"]), ZERO, np.uint64(103))
    low, high = found["out"]["of"][:, 3]
    open_made(rng, WORD_KEY, 103, paths[3], low, high)
    assert [int(next_word(rng)) for _ in range(25)] == twin_words(KEY, 103, int(paths[3]), 25)


@lean
def lay_arrivals(rng, place, draws, dispersion):
    path, mean, came = at(place)
    arrive(rng, WORD_KEY, path[0], dispersion, mean, came, at(draws))


@lean
def arrive_at_once(rng, tables, draws, dispersion):
    lay_arrivals(rng, by(tables), by(draws), dispersion)


def arrivals(first_path, dispersion, mean):
    """came[t, path] of mean[t, path], of paths side by side from a first one on."""
    path, place, came = np.zeros(1, WORDS), np.zeros(len(mean), WIDE), np.zeros(len(mean), WIDE)
    path["of"][0], numbers(place)[:] = first_path + np.arange(ABREAST), mean
    arrive_at_once(new_rng(), (path, place, came), new_draws(len(mean), path), dispersion)
    return numbers(came)


MEANS = [0.0, 1e-3, 5.0, 9.99, 10.0, 10.5, 0.0, *range(12, 150, 3), 1e4, 1e7, -1.0]


@pytest.mark.jit_off
@pytest.mark.parametrize("dispersion", [0.0, 0.4, 1.0, 12.0, 1e6])
def test_arrivals_of_all_periods_are_those_of_each_period(dispersion):
    """Each path with means of its own; in the last period nobody comes to any."""
    mean = np.array([np.roll(MEANS, -path) for path in range(ABREAST)]).T
    mean[-1] = 0.0
    came = arrivals(FAR_PATH, dispersion, mean)
    for (t, path), m in np.ndenumerate(mean):
        stream = naive_random.Stream(KEY, t << 16, FAR_PATH + path)
        if dispersion > 0:
            assert came[t, path] == naive_random.negative_binomial(stream, dispersion, m)
        else:
            assert came[t, path] == naive_random.poisson(stream, m)


@pytest.mark.parametrize("dispersion", [0.0, 40.0])
def test_arrivals_do_not_depend_on_the_paths_beside(dispersion):
    mean = 60.0 * np.random.default_rng(3).random((9, ABREAST))
    came = arrivals(FAR_PATH, dispersion, mean)
    for path in range(ABREAST):
        for beside in (math.nan, 0.0, 1e6):
            others = np.full_like(mean, beside)
            others[:, path] = mean[:, path]
            assert (arrivals(FAR_PATH, dispersion, others)[:, path] == came[:, path]).all()
    assert np.isnan(arrivals(FAR_PATH, dispersion, np.full_like(mean, math.nan))).all()


def test_fair_coins_follow_their_law():
    many = 20_000
    for n in (64, 100, 128, 1000):
        found = np.empty(many)
        rng = new_rng()
        for i in range(many):
            open_stream(rng, WORD_KEY, i, n)
            found[i] = samplers.binomial(rng, float(n), 0.5)
        law, middle = stats.binom(n, 0.5), np.arange(n // 2 - 10, n // 2 + 11)
        seen = [(found == k).sum() for k in middle]
        expected = law.pmf(middle) * many
        seen, expected = [*seen, many - sum(seen)], [*expected, many - expected.sum()]
        assert stats.chisquare(seen, expected).pvalue > 1e-5


@pytest.mark.jit_off
def test_path_level_uniforms_do_not_depend_on_the_chunk():
    keys = np.array([stream_key(1, "effect", name) for name in "abc"], dtype=np.uint64)
    whole, part = np.empty((3, 40)), np.empty((3, 15))
    fill_uniforms(keys, 2**32 - 20, whole)
    fill_uniforms(keys, 2**32 - 20 + 11, part)
    assert (whole[:, 11:26] == part).all()
    for i in (0, 19, 20, 39):
        for j in range(3):
            stream = naive_random.Stream(int(keys[j]), 0, 2**32 - 20 + i)
            assert whole[j, i] == stream.uniform()


@pytest.mark.jit_off
def test_uniforms_stay_inside_the_open_interval():
    lowest = random.to_uniform(np.uint64(0))
    highest = random.to_uniform(np.uint64(2**64 - 1))
    assert lowest == 2.0**-53
    assert highest == 1 - 2.0**-53
    rng = new_rng()
    open_stream(rng, WORD_KEY, 0, 0)
    assert uniform(rng) == naive_random.Stream(KEY, 0, 0).uniform()


def check_against_twin(case, indexes):
    name, *parameters = case
    rng = new_rng()
    for index in indexes:
        open_stream(rng, WORD_KEY, index, FAR_PATH)
        stream = naive_random.Stream(KEY, index, FAR_PATH)
        drawn = getattr(samplers, name)(rng, *parameters)
        expected = getattr(naive_random, name)(stream, *parameters)
        if name in {"gamma", "normal", "exponential", "beta"}:
            assert drawn == pytest.approx(expected, rel=1e-15, abs=0.0)
        else:
            assert drawn == expected
            assert drawn == math.floor(drawn) >= 0


@pytest.mark.parametrize("case", GRID, ids=lambda case: "-".join(map(str, case)))
def test_draws_are_those_of_the_slow_twin(case):
    check_against_twin(case, range(60))


@pytest.mark.parametrize("case", GRID[::7], ids=lambda case: "-".join(map(str, case)))
@pytest.mark.jit_off
def test_a_few_draws_with_and_without_the_compiler(case):
    check_against_twin(case, range(1000, 1004))


def test_rare_turns_of_the_samplers_are_those_of_the_slow_twin():
    """Enough normals to see the tail and the wedges, enough counts to see every rejection."""
    for case in (("normal",), ("gamma", 1.0), ("poisson", 10.0), ("binomial", 70.0, 0.4)):
        check_against_twin(case, range(5000, 9000))
    check_against_twin(("binomial", 63.0, 0.3), range(5000, 7000))


def test_one_stream_serves_draws_one_after_another():
    """Each draw leaves the stream at the same word in both, whatever it needed itself."""
    rng, stream = new_rng(), naive_random.Stream(KEY, 0, 0)
    open_stream(rng, WORD_KEY, 0, 0)
    for turn in range(200):
        for name, *parameters in (
            ("binomial", 5.0 + turn, 0.4),
            ("binomial", 5.0 + turn, 0.5),
            ("binomial", 1.0 + turn % 63, 0.5 / (1 + turn % 9)),
            ("poisson", 30.0),
            ("gamma", 2.0),
            ("beta_binomial", 40.0, 0.3, 0.2),
        ):
            drawn = getattr(samplers, name)(rng, *parameters)
            assert drawn == getattr(naive_random, name)(stream, *parameters)


@pytest.mark.jit_off
@pytest.mark.parametrize(
    ("case", "value"),
    [
        (("binomial", 0.0, 0.4), 0.0),
        (("binomial", 12.0, 0.0), 0.0),
        (("binomial", 12.0, 1.0), 12.0),
        (("binomial", 12.0, 1.0 + 1e-15), 12.0),
        (("binomial", 12.0, -1e-18), 0.0),
        (("binomial", 1e7, 1.0), 1e7),
        (("poisson", 0.0), 0.0),
        (("gamma", 0.0), 0.0),
        (("negative_binomial", 3.0, 0.0), 0.0),
        (("beta_binomial", 0.0, 0.4, 0.1), 0.0),
        (("beta_binomial", 8.0, 1.0, 0.1), 8.0),
        (("beta_binomial", 8.0, 0.0, 1.0), 0.0),
    ],
)
def test_what_leaves_no_room_for_chance_uses_no_words(case, value):
    name, *parameters = case
    rng = new_rng()
    open_stream(rng, WORD_KEY, 0, 0)
    assert getattr(samplers, name)(rng, *parameters) == value
    assert int(next_word(rng)) == twin_words(KEY, 0, 0, 1)[0]


@pytest.mark.parametrize(
    "case",
    [
        ("binomial", 5.0, math.nan),
        ("binomial", math.nan, 0.5),
        ("poisson", math.nan),
        ("gamma", math.nan),
        ("negative_binomial", 2.0, math.nan),
        ("beta_binomial", 5.0, math.nan, 0.1),
    ],
)
def test_nan_is_passed_on(case):
    name, *parameters = case
    rng = new_rng()
    open_stream(rng, WORD_KEY, 0, 0)
    assert math.isnan(getattr(samplers, name)(rng, *parameters))


def test_whole_numbers_of_people_may_be_integers():
    for n in (0, 7, 63, 64, 5000):
        rng = new_rng()
        open_stream(rng, WORD_KEY, n, 0)
        drawn = samplers.binomial(rng, n, 0.3)
        assert isinstance(drawn, float)
        assert drawn == naive_random.binomial(naive_random.Stream(KEY, n, 0), n, 0.3)


def test_the_same_draws_in_a_process_without_the_compiler():
    code = f"""
import numpy as np
from pfs_sim.kernels import samplers
from pfs_sim.kernels.random import new_rng, open_stream
rng = new_rng()
for index in range(25):
    open_stream(rng, np.uint64({KEY}), index, {FAR_PATH})
    print(samplers.binomial(rng, 45.0, 0.3), samplers.poisson(rng, 90.0).hex(),
          samplers.gamma(rng, 80.0).hex(), samplers.normal(rng).hex())
"""
    plain = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        cwd=ROOT,
        env=os.environ | {"NUMBA_DISABLE_JIT": "1"},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert plain.returncode == 0, plain.stderr
    rng = new_rng()
    for index, line in enumerate(plain.stdout.splitlines()):
        open_stream(rng, WORD_KEY, index, FAR_PATH)
        drawn = [
            str(samplers.binomial(rng, 45.0, 0.3)),
            samplers.poisson(rng, 90.0).hex(),
            samplers.gamma(rng, 80.0).hex(),
            samplers.normal(rng).hex(),
        ]
        assert drawn == line.split()
    assert index == 24
