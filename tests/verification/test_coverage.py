"""Intervals cover what they say: 95 % intervals contain the truth on 95 % of repeated runs.

Exact coverage is computed where theory gives it (ranks, Wilson); elsewhere it is counted. The
counted ones use one fixed seed each; with 10,000 repeats the share has a standard error of
0.22 points, so that a true 95 % leaves 95 ± 1 less than once in 100,000 seeds.
"""

import math
from collections.abc import Callable

import numpy as np
import pytest
from scipy import stats
from scipy.special import ndtri

from pfs_sim.metrics import (
    Interval,
    Sampling,
    expected_shortfall,
    from_replicates,
    loss_given_loss,
    mean,
    paired_difference,
    probability,
    quantile,
    ratio_of_means,
    sd,
)
from pfs_sim.metrics.moments import find_wilson_interval
from pfs_sim.metrics.quantiles import choose_ranks

QUICK, LONG = 400, 10_000
Z = stats.norm.ppf(0.975)
Draw = Callable[[np.random.Generator, int], np.ndarray]
Statistic = Callable[[np.ndarray], Interval]


def draw_normal(rng: np.random.Generator, n: int) -> np.ndarray:
    return rng.normal(size=n)


def draw_skewed(rng: np.random.Generator, n: int) -> np.ndarray:
    return rng.exponential(size=n)


def draw_capped(rng: np.random.Generator, n: int) -> np.ndarray:
    """Nothing paid on a fifth of the paths, the cap on 3 %: Normal(0.42, 0.5) inside [0, cap]."""
    return np.clip(rng.normal(0.42, 0.5, n), 0.0, CAP)


def draw_returns(rng: np.random.Generator, n: int) -> np.ndarray:
    """A total loss on 3 % of the paths, else a skewed return."""
    return np.where(rng.random(n) < 0.03, -1.0, 0.08 - 0.05 * rng.exponential(size=n))


CAP = 0.42 + 0.5 * stats.norm.ppf(0.97)
QUANTILES: dict[Draw, Callable[[np.ndarray], np.ndarray]] = {
    draw_normal: stats.norm.ppf,
    draw_skewed: stats.expon.ppf,
    draw_capped: lambda q: np.clip(stats.norm.ppf(q, 0.42, 0.5), 0.0, CAP),
    draw_returns: lambda q: np.where(
        q <= 0.03, -1.0, 0.08 - 0.05 * stats.expon.isf((np.maximum(q, 0.03) - 0.03) / 0.97)
    ),
}


def find_quantile(law: Draw, q: float) -> float:
    return float(QUANTILES[law](np.array(q)))


def lay_out_quantiles(law: Draw, low: float, high: float) -> np.ndarray:
    """A million values spread evenly over (low, high) of the law: means and tails by midpoints."""
    return QUANTILES[law](low + (high - low) * (np.arange(1_000_000) + 0.5) / 1_000_000)


def count_coverage(
    draw: Draw, statistic: Statistic, truth: float, n: int, repeats: int, seed: int = 20240601
) -> float:
    rng = np.random.default_rng(seed)
    hits = 0
    for _ in range(repeats):
        found = statistic(draw(rng, n))
        hits += found.low <= truth <= found.high
    return hits / repeats


def allow(repeats: int) -> float:
    """1 point over the long count; over the quick one four standard errors of the count."""
    return 0.01 if repeats == LONG else 4.0 * math.sqrt(0.95 * 0.05 / repeats)


BOTH = pytest.mark.parametrize(
    "repeats", [QUICK, pytest.param(LONG, marks=pytest.mark.verify)], ids=["quick", "long"]
)
LAWS = pytest.mark.parametrize("law", list(QUANTILES), ids=lambda law: law.__name__)


@BOTH
@LAWS
def test_mean(law: Draw, repeats: int) -> None:
    truth = float(lay_out_quantiles(law, 0.0, 1.0).mean())
    found = count_coverage(law, lambda x: mean(x).interval(), truth, 2000, repeats)
    assert found == pytest.approx(0.95, abs=allow(repeats))


def draw_heavy(rng: np.random.Generator, n: int) -> np.ndarray:
    """Lognormal with sigma 0.8: skewness 3.7."""
    return np.exp(0.8 * rng.normal(size=n))


def draw_seldom(rng: np.random.Generator, n: int) -> np.ndarray:
    """Nothing on 95 % of the paths, an exponential amount on the others: skewness 9.2."""
    return np.where(rng.random(n) < 0.05, rng.exponential(size=n), 0.0)


MEANS = {draw_normal: 0.0, draw_skewed: 1.0, draw_heavy: math.exp(0.32), draw_seldom: 0.05}


@BOTH
@pytest.mark.parametrize("law", list(MEANS), ids=lambda law: law.__name__)
def test_mean_of_skewed_paths(law: Draw, repeats: int) -> None:
    """A thousand paths; symmetric intervals cover 92.7 % of the seldom ones."""
    found = count_coverage(law, lambda x: mean(x).interval(), MEANS[law], 1000, repeats)
    assert found == pytest.approx(0.95, abs=allow(repeats))


@BOTH
@pytest.mark.parametrize("law", [draw_normal, draw_capped], ids=["normal", "capped"])
def test_sd(law: Draw, repeats: int) -> None:
    truth = float(lay_out_quantiles(law, 0.0, 1.0).std())
    found = count_coverage(law, lambda x: sd(x).interval(), truth, 2000, repeats)
    assert found == pytest.approx(0.95, abs=allow(repeats))


@BOTH
@LAWS
@pytest.mark.parametrize("q", [0.05, 0.5, 0.95, 0.985])
def test_quantile(law: Draw, q: float, repeats: int) -> None:
    n = 2000
    truth = find_quantile(law, q)
    found = count_coverage(law, lambda x: quantile(x, q), truth, n, repeats)
    low, high = choose_ranks(n, q)
    exact = stats.binom.cdf(high - 1, n, q) - stats.binom.cdf(low - 1, n, q)
    assert 0.95 <= exact <= 0.96
    if law is draw_capped and q in (0.05, 0.985):
        # the quantile is a mass point (no payment, the cap): ties only add coverage
        assert found > 0.99
    else:
        assert found == pytest.approx(0.95, abs=allow(repeats))


@pytest.mark.parametrize("q", [0.05, 0.5, 0.95])
@pytest.mark.parametrize("n", [1000, 4096, 10_000, 100_000])
def test_quantile_ranks_exactly(q: float, n: int) -> None:
    low, high = choose_ranks(n, q)
    exact = stats.binom.cdf(high - 1, n, q) - stats.binom.cdf(low - 1, n, q)
    assert 0.95 <= exact <= 0.96


@pytest.mark.parametrize("p", [0.01, 0.3])
@pytest.mark.parametrize("n", [1000, 4096, 10_000, 100_000])
def test_probability_exactly(p: float, n: int) -> None:
    """Every count that the binomial makes likely, weighted by its probability.

    Where ten paths are expected, one count more or less moves coverage by 2 points, and Wilson's
    lies on the safe side.
    """
    spread = 8.0 * math.sqrt(n * p * (1 - p))
    counts = np.arange(max(0, int(n * p - spread)), min(n, int(n * p + spread)) + 1)
    exact = 0.0
    for k, weight in zip(counts, stats.binom.pmf(counts, n, p), strict=True):
        found = find_wilson_interval(int(k), n, Z)
        exact += weight * (found.low <= p <= found.high)
    assert 0.94 <= exact <= (0.97 if n * p < 40 else 0.96)


@BOTH
@pytest.mark.parametrize("p", [0.01, 0.3])
def test_probability(p: float, repeats: int) -> None:
    found = count_coverage(lambda rng, n: rng.random(n) < p, probability, p, 4096, repeats)
    assert found == pytest.approx(0.95, abs=allow(repeats))


@BOTH
@pytest.mark.parametrize(
    ("law", "tail"),
    [
        (draw_normal, "low"),
        (draw_skewed, "low"),
        (draw_skewed, "high"),
        (draw_returns, "low"),
        (draw_capped, "high"),
    ],
    ids=lambda value: getattr(value, "__name__", value),
)
def test_expected_shortfall(law: Draw, tail: str, repeats: int) -> None:
    low, high = (0.0, 0.05) if tail == "low" else (0.95, 1.0)
    truth = float(lay_out_quantiles(law, low, high).mean())
    found = count_coverage(
        law, lambda x: expected_shortfall(x, 0.95, tail).interval(), truth, 10_000, repeats
    )
    assert found == pytest.approx(0.95, abs=allow(repeats))


@BOTH
def test_paired_difference(repeats: int) -> None:
    """A cap lowered from 2 to 1 on the same skewed payments."""

    def compare(x: np.ndarray) -> Interval:
        return paired_difference(np.minimum(x, 2.0), np.minimum(x, 1.0)).interval()

    truth = math.exp(-1.0) - math.exp(-2.0)
    found = count_coverage(draw_skewed, compare, truth, 2000, repeats)
    assert found == pytest.approx(0.95, abs=allow(repeats))


@BOTH
def test_ratio_and_loss_given_loss(repeats: int) -> None:
    def compare(x: np.ndarray) -> Interval:
        return ratio_of_means(np.minimum(x, 1.0), x).interval()

    found = count_coverage(draw_skewed, compare, 1.0 - math.exp(-1.0), 2000, repeats)
    assert found == pytest.approx(0.95, abs=allow(repeats))
    found = count_coverage(
        draw_skewed, lambda x: loss_given_loss(x, 1.0, tail="high").interval(), 1.0, 2000, repeats
    )
    assert found == pytest.approx(0.95, abs=allow(repeats))


# --- paths that are not independent -------------------------------------------------------


def draw_pairs(rng: np.random.Generator, n: int) -> np.ndarray:
    """Antithetic pairs in part: two thirds of the variance mirrored, clipped at a floor."""
    shared = rng.normal(size=n // 2)
    mirrored = np.column_stack([shared, -shared]).ravel()
    return np.maximum(math.sqrt(2 / 3) * mirrored + math.sqrt(1 / 3) * rng.normal(size=n), -1.0)


PAIRED: dict[str, tuple[Statistic, float]] = {
    "mean": (
        lambda x: mean(x, pairs=True).interval(),
        float(stats.norm.pdf(1.0) - stats.norm.cdf(-1.0)),
    ),
    "quantile": (lambda x: quantile(x, 0.5, sampling=Sampling.of_pairs()), 0.0),
    "upper quantile": (
        lambda x: quantile(x, 0.95, sampling=Sampling.of_pairs()),
        float(stats.norm.ppf(0.95)),
    ),
    "probability": (
        lambda x: probability(x > 0.5, sampling=Sampling.of_pairs()),
        float(stats.norm.sf(0.5)),
    ),
    "shortfall": (
        lambda x: expected_shortfall(x, 0.95, "high", sampling=Sampling.of_pairs()).interval(),
        float(stats.norm.pdf(stats.norm.ppf(0.95)) / 0.05),
    ),
}


@BOTH
@pytest.mark.parametrize("name", list(PAIRED))
def test_pairs(name: str, repeats: int) -> None:
    statistic, truth = PAIRED[name]
    found = count_coverage(draw_pairs, statistic, truth, 10_000, repeats)
    assert found == pytest.approx(0.95, abs=allow(repeats))


REPLICATES = 16


def draw_shifted(rng: np.random.Generator, n: int) -> np.ndarray:
    """Replicates that each share a random shift: a lattice of n / 16 points (Cranley and
    Patterson 1976) through a normal quantile function, with noise of its own on each path."""
    size = n // REPLICATES
    grid = (np.arange(size) / size + rng.random((REPLICATES, 1))) % 1.0
    points = np.clip(grid, 1e-12, 1 - 1e-12)
    return (math.sqrt(0.8) * ndtri(points) + math.sqrt(0.2) * rng.normal(size=grid.shape)).ravel()


BLOCKS = Sampling.of_replicates(REPLICATES)
REPLICATED: dict[str, tuple[Statistic, float]] = {
    "mean": (lambda x: mean(x, sampling=BLOCKS).interval(), 0.0),
    "mean of replicates": (
        lambda x: from_replicates(mean, x.reshape(REPLICATES, -1)).interval(),
        0.0,
    ),
    "quantile": (lambda x: quantile(x, 0.05, sampling=BLOCKS), float(stats.norm.ppf(0.05))),
    "probability": (lambda x: probability(x < 1.0, sampling=BLOCKS), float(stats.norm.cdf(1))),
    "shortfall": (
        lambda x: expected_shortfall(x, 0.95, sampling=BLOCKS).interval(),
        -float(stats.norm.pdf(stats.norm.ppf(0.05)) / 0.05),
    ),
}


@BOTH
@pytest.mark.parametrize("name", list(REPLICATED))
def test_replicates(name: str, repeats: int) -> None:
    statistic, truth = REPLICATED[name]
    found = count_coverage(draw_shifted, statistic, truth, 4096, repeats)
    assert found == pytest.approx(0.95, abs=allow(repeats))
