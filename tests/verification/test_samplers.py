"""The samplers against theory: moments over many cases, whole laws for some, independence.

The seed is fixed, so a test passes always or never; its level says how likely a correct sampler
was to be called wrong when the seed was chosen. All z-scores of this file, about 400, are held to
|z| < 6.1 and all p-values of tests of fit, about 60, to p > 1e-7: a false alarm anywhere in the
file has a probability below 1e-5.
"""

import math
from itertools import pairwise

import numpy as np
import pytest
from scipy import stats

from pfs_sim.addresses import stream_key
from pfs_sim.kernels import samplers
from pfs_sim.kernels._jit import jit
from pfs_sim.kernels.random import fill_uniforms, new_rng, next_word, open_stream, uniform

pytestmark = pytest.mark.verify

LARGEST_Z = 6.1
SMALLEST_P = 1e-7
DRAWS = 200_000
KEY = np.uint64(stream_key(1, "chance", "verification"))


@jit
def draw_normals(rng, key, out):
    for path in range(out.size):
        open_stream(rng, key, 0, path)
        out[path] = samplers.normal(rng)


@jit
def draw_exponentials(rng, key, out):
    for path in range(out.size):
        open_stream(rng, key, 0, path)
        out[path] = samplers.exponential(rng)


@jit
def draw_poissons(rng, key, mean, out):
    for path in range(out.size):
        open_stream(rng, key, 0, path)
        out[path] = samplers.poisson(rng, mean)


@jit
def draw_gammas(rng, key, shape, out):
    for path in range(out.size):
        open_stream(rng, key, 0, path)
        out[path] = samplers.gamma(rng, shape)


@jit
def draw_binomials(rng, key, n, p, out):
    for path in range(out.size):
        open_stream(rng, key, 0, path)
        out[path] = samplers.binomial(rng, n, p)


@jit
def draw_betas(rng, key, a, b, out):
    for path in range(out.size):
        open_stream(rng, key, 0, path)
        out[path] = samplers.beta(rng, a, b)


@jit
def draw_negative_binomials(rng, key, dispersion, mean, out):
    for path in range(out.size):
        open_stream(rng, key, 0, path)
        out[path] = samplers.negative_binomial(rng, dispersion, mean)


@jit
def draw_beta_binomials(rng, key, n, p, icc, out):
    for path in range(out.size):
        open_stream(rng, key, 0, path)
        out[path] = samplers.beta_binomial(rng, n, p, icc)


def negative_binomial_law(dispersion, mean):
    return stats.nbinom(dispersion, dispersion / (dispersion + mean))


def beta_binomial_law(n, p, icc):
    strength = (1 - icc) / icc
    return stats.betabinom(int(n), p * strength, (1 - p) * strength)


LAWS = {
    "normal": (draw_normals, stats.norm),
    "exponential": (draw_exponentials, stats.expon),
    "poisson": (draw_poissons, stats.poisson),
    "gamma": (draw_gammas, stats.gamma),
    "binomial": (draw_binomials, lambda n, p: stats.binom(int(n), p)),
    "beta": (draw_betas, stats.beta),
    "negative_binomial": (draw_negative_binomials, negative_binomial_law),
    "beta_binomial": (draw_beta_binomials, beta_binomial_law),
}

COUNTS = [
    *[
        ("binomial", n, p)
        for n in (1.0, 2.0, 5.0, 12.0, 30.0, 60.0, 63.0, 64.0, 100.0, 300.0, 1023.0, 1024.0, 2e4)
        for p in (0.003, 0.03, 0.15, 0.3, 0.5, 0.6, 0.97)
    ],
    *[("binomial", 1e7, p) for p in (1e-8, 1e-7, 1e-5, 0.2, 0.9)],
    *[("poisson", m) for m in (0.05, 0.7, 3.0, 9.9, 10.0, 14.0, 60.0, 110.0, 900.0, 1100.0, 1e6)],
    *[
        ("negative_binomial", k, m)
        for k, m in ((0.2, 3.0), (1.0, 8.0), (5.0, 100.0), (80.0, 110.0), (3.0, 0.4))
    ],
    *[
        ("beta_binomial", n, p, icc)
        for n, p, icc in ((5.0, 0.3, 0.5), (30.0, 0.3, 0.02), (60.0, 0.1, 0.2), (500.0, 0.6, 0.05))
    ],
]
MEASURES = [
    ("normal",),
    ("exponential",),
    *[("gamma", s) for s in (0.05, 0.3, 0.9, 1.0, 1.7, 6.0, 50.0, 300.0, 800.0, 1e5)],
    *[("beta", a, b) for a, b in ((0.3, 0.2), (0.5, 4.0), (1.0, 1.0), (3.0, 2.0), (60.0, 25.0))],
]
FITTED_COUNTS = [
    ("binomial", 5.0, 0.3),
    ("binomial", 30.0, 0.3),
    ("binomial", 30.0, 0.03),
    ("binomial", 45.0, 0.6),
    ("binomial", 63.0, 0.5),
    ("binomial", 64.0, 0.1),
    ("binomial", 64.0, 0.8),
    ("binomial", 120.0, 0.4),
    ("binomial", 500.0, 0.2),
    ("binomial", 3000.0, 0.005),
    ("binomial", 20000.0, 0.3),
    ("poisson", 2.5),
    ("poisson", 9.99),
    ("poisson", 10.0),
    ("poisson", 25.0),
    ("poisson", 100.0),
    ("poisson", 1200.0),
    ("negative_binomial", 0.7, 6.0),
    ("negative_binomial", 20.0, 100.0),
    ("beta_binomial", 30.0, 0.3, 0.1),
    ("beta_binomial", 200.0, 0.2, 0.01),
]


def name_of(case):
    return "-".join(map(str, case))


def draw(case, draws=DRAWS):
    """Draws at paths 0, 1, ..., each case from a key of its own."""
    name, *parameters = case
    out = np.empty(draws)
    key = np.uint64(stream_key(1, "chance", name_of(case)))
    LAWS[name][0](new_rng(), key, *parameters, out)
    return out


def law_of(case):
    name, *parameters = case
    return LAWS[name][1](*parameters)


@pytest.mark.parametrize("case", COUNTS + MEASURES, ids=name_of)
def test_mean_and_variance(case):
    """z-scores of the mean and of the variance, the latter with the law's own kurtosis.

    With a kurtosis of 100 or more (events that hardly ever happen) the mean of the squares is no
    normal yet and is not tested; with one of -2 (a fair coin) it is no random number at all.
    """
    values, law = draw(case), law_of(case)
    mean, variance, kurtosis = (float(x) for x in law.stats("mvk"))
    z_mean = (values.mean() - mean) / math.sqrt(variance / DRAWS)
    assert abs(z_mean) < LARGEST_Z
    if kurtosis < 100:
        error = variance * math.sqrt(max(kurtosis + 2, 1 / DRAWS) / DRAWS)
        z_variance = (((values - mean) ** 2).mean() - variance) / error
        assert abs(z_variance) < LARGEST_Z


@pytest.mark.parametrize("case", FITTED_COUNTS, ids=name_of)
def test_counts_follow_their_law(case):
    """Chi-square over single counts, both tails gathered until 25 draws are expected there."""
    values, law = draw(case), law_of(case)
    low, high = int(law.ppf(25 / DRAWS)), int(law.ppf(1 - 25 / DRAWS))
    inner = np.arange(low, high + 1)
    step = max(1, inner.size // 400)
    edges = np.concatenate([[-1], inner[::step], [np.inf]])
    expected = np.diff(law.cdf(edges)) * DRAWS
    observed = np.array([((values > a) & (values <= b)).sum() for a, b in pairwise(edges)])
    kept = expected > 5
    statistic = ((observed - expected)[kept] ** 2 / expected[kept]).sum()
    assert stats.chi2.sf(statistic, kept.sum() - 1) > SMALLEST_P
    assert observed[~kept].sum() <= stats.poisson.isf(SMALLEST_P, expected[~kept].sum())


@pytest.mark.parametrize("case", MEASURES, ids=name_of)
def test_measures_follow_their_law(case):
    """Kolmogorov and Smirnov, and a chi-square over 500 cells that looks at every layer."""
    values, law = draw(case), law_of(case)
    assert stats.kstest(values, law.cdf).pvalue > SMALLEST_P
    cells = np.bincount(np.minimum((law.cdf(values) * 500).astype(int), 499), minlength=500)
    assert stats.chisquare(cells).pvalue > SMALLEST_P


def test_tail_of_the_normal():
    """Beyond 3.654 the ziggurat has another way to draw."""
    values = np.abs(draw(("normal",), 8_000_000))
    for bound in (3.0, 3.5, 3.6541528853610088, 4.0, 4.5):
        chance = 2 * stats.norm.sf(bound)
        count = (values > bound).sum()
        error = math.sqrt(values.size * chance * (1 - chance))
        assert abs(count - values.size * chance) / error < LARGEST_Z
    beyond = values[values > 3.6541528853610088]
    ranks = stats.norm.sf(beyond) / stats.norm.sf(3.6541528853610088)
    assert stats.kstest(ranks, "uniform").pvalue > SMALLEST_P


def test_probability_is_exact_to_its_last_digits():
    """A p that is all ones after a long zero run, and one just beside 1/2, at a single person."""
    for p in (2.0**-12 - 2.0**-30, 0.5 + 2.0**-10, 1 - 2.0**-11):
        values = draw(("binomial", 1.0, p), 4_000_000)
        error = math.sqrt(p * (1 - p) / values.size)
        assert abs(values.mean() - p) / error < LARGEST_Z


def test_gamma_of_tiny_shape_may_be_zero_but_not_lost():
    """At shape 1/1000 the log of the draw, where it did not underflow, is nearly exponential."""
    values = draw(("gamma", 1e-3))
    law = stats.gamma(1e-3)
    for bound in (1e-300, 1e-100, 1e-10, 1.0):
        chance = law.cdf(bound)
        error = math.sqrt(DRAWS * chance * (1 - chance))
        assert abs((values <= bound).sum() - DRAWS * chance) / error < LARGEST_Z


def test_beta_of_tiny_shapes_is_a_coin():
    values = draw(("beta", 1e-3, 2e-3))
    assert np.isfinite(values).all()
    near_one = (values > 0.5).mean()
    chance = stats.beta(1e-3, 2e-3).sf(0.5)
    assert abs(near_one - chance) / math.sqrt(chance * (1 - chance) / DRAWS) < LARGEST_Z


@jit
def draw_grid(rng, key, out):
    """First uniforms of the streams of all paths and indexes."""
    for path in range(out.shape[0]):
        for index in range(out.shape[1]):
            open_stream(rng, key, index, path)
            out[path, index] = uniform(rng)


@jit
def draw_words(rng, key, out):
    open_stream(rng, key, 0, 0)
    for i in range(out.size):
        out[i] = next_word(rng)


def z_of_correlation(x, y):
    return np.corrcoef(x.ravel(), y.ravel())[0, 1] * math.sqrt(x.size)


def test_neighbors_are_independent():
    """Neighbouring paths, indexes, both, keys, words of one stream: no correlation."""
    grid = np.empty((1000, 500))
    draw_grid(new_rng(), KEY, grid)
    pairs = [
        (grid[1:], grid[:-1]),
        (grid[:, 1:], grid[:, :-1]),
        (grid[1:, 1:], grid[:-1, :-1]),
        (grid[1:, :-1], grid[:-1, 1:]),
    ]
    keys = np.array([stream_key(1, "effect", f"item {j}") for j in range(8)], dtype=np.uint64)
    levels = np.empty((8, 100_000))
    fill_uniforms(keys, 0, levels)
    levels = levels.T
    pairs += [(levels[:, j], levels[:, j + 1]) for j in range(7)]
    pairs += [(levels[1:], levels[:-1])]
    words = np.empty(500_000, dtype=np.uint64)
    draw_words(new_rng(), KEY, words)
    whole = words.astype(float) / 2.0**64
    pairs += [(whole[lag:], whole[:-lag]) for lag in (1, 2, 3, 64)]
    for x, y in pairs:
        assert abs(z_of_correlation(x, y)) < LARGEST_Z
        assert abs(z_of_correlation((x - 0.5) ** 2, (y - 0.5) ** 2)) < LARGEST_Z
    cells = np.bincount((grid * 1000).astype(int).ravel(), minlength=1000)
    assert stats.chisquare(cells).pvalue > SMALLEST_P
    ones = np.unpackbits(words.view(np.uint8)).mean()
    assert abs(ones - 0.5) * 2 * math.sqrt(words.size * 64) < LARGEST_Z


def test_draws_of_neighboring_streams_are_independent():
    """Counts and gammas too, whose samplers share words between trials."""
    for case in (("binomial", 30.0, 0.3), ("poisson", 100.0), ("gamma", 100.0), ("normal",)):
        values = draw(case)
        assert abs(z_of_correlation(values[1:], values[:-1])) < LARGEST_Z


def test_draws_of_one_stream_are_independent():
    """A small binomial leaves bits unused; what follows in the stream starts at a fresh word."""
    values = np.empty(DRAWS)
    draw_in_turn(new_rng(), KEY, values)
    assert abs(z_of_correlation(values[1:], values[:-1])) < LARGEST_Z
    assert abs(values.mean() - 9) / math.sqrt(6.3 / DRAWS) < LARGEST_Z


@jit
def draw_in_turn(rng, key, out):
    open_stream(rng, key, 0, 0)
    for i in range(out.size):
        out[i] = samplers.binomial(rng, 30.0, 0.3)
