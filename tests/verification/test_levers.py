"""Comparisons over the same people, path-level sampling and solved prices, held to numbers."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from made_up import STARTER

from pfs_sim.analysis.compare import compare, find_differences
from pfs_sim.analysis.precision import find_savings
from pfs_sim.analysis.solve import solve
from pfs_sim.metrics.deal import summarize
from pfs_sim.metrics.influence import find_influence
from pfs_sim.metrics.moments import mean
from pfs_sim.reading import load
from pfs_sim.results import Results
from pfs_sim.simulate import simulate

CT = Path(__file__).resolve().parents[2] / "scenarios" / "ct_family_stability.yaml"
LINEAR = {"contract.terms.work.cap": None, "contract.cap": None}
PRICE = "contract.terms.work.schedule.price"


@pytest.mark.verify
@pytest.mark.parametrize(
    ("sets", "least"),
    [
        ({"contract.cap": 13_000_000}, 25.0),
        # The odds ratio of 0.42 before the discount of 0.3, moved so that what is left of its
        # logarithm moves by 0.05.
        ({"outcomes.placement.effect.point": 0.42 * math.exp(0.05 / 0.7)}, 40.0),
    ],
    ids=["cap 14.8M or 13M", "effect by 0.05 log odds"],
)
def test_a_paired_difference_varies_far_less_than_independent_runs(sets, least):
    found = compare([CT, load(CT, sets)], 16_384, by_term=False).pairs[0]
    one = found.differences["payor.payments.mean"]
    print(f"{sets}: {one.difference.value:,.0f} ± {one.difference.se:,.0f}, {one.gain:.1f} times")
    assert one.gain > least


STATISTICS = {
    "payor.payments.mean": "mean",
    "investors.principal_loss.p_loss": "chance of a loss",
    "payor.payments.q0.95": "1 in 20 above",
    "payor.payments.es0.95": "mean of the worst 1 in 20",
}


@pytest.fixture(scope="module")
def sobol_runs():
    """A hundred runs of 2^14 Sobol paths: what they save, from their 800 replicates."""
    runs = (simulate(CT, 2**14, seed, sampling="sobol") for seed in range(100, 200))
    return [keep(run, ["payor.payments", "investors.principal_loss"]) for run in runs]


def measure_gain(runs, address):
    """Variance of a statistic at random over its variance in these runs, and its error."""
    at_random, apart = [], []
    for run in runs:
        influence = find_influence(run, summarize(run), address)
        at_random.append(float(np.var(influence.paths, ddof=1)) / run.paths)
        apart.append(influence.se**2)
    df = 7 * len(runs)
    gain = float(np.mean(at_random) / np.mean(apart))
    return gain, gain * math.sqrt(2.0 / df)


@pytest.mark.verify
def test_sobol_comes_close_to_the_ceiling(sobol_runs):
    """Within 20 % of 1/(1 − share of the variance that inputs carry), for the mean payment."""
    savings = find_savings(CT, sobol_runs[0], STATISTICS, paths=2**15)
    for one in savings:
        gain, se = measure_gain(sobol_runs, one.address)
        bound = one.ceiling**2 * one.share.se
        print(
            f"{STATISTICS[one.address]}: {gain:.2f} ± {se:.2f}, at most {one.ceiling:.2f} ± "
            f"{bound:.2f}, for inputs carry {100 * one.share.value:.1f} %"
        )
        assert gain < one.ceiling + 4.0 * math.hypot(se, bound)
        if one.address == "payor.payments.mean":
            assert one.ceiling > 4.0
            assert gain > 0.8 * one.ceiling
            assert gain > 4.0 - 2.0 * se
        else:
            assert gain > 1.0


@pytest.mark.verify
def test_sobol_and_antithetic_means_are_unbiased_and_their_errors_honest(sobol_runs):
    plain = simulate(CT, 40_000, 7)["payor.payments"]
    found = [summarize(run)["payor.payments"].mean for run in sobol_runs]
    spread = np.std([one.value for one in found], ddof=1)
    told = math.sqrt(np.mean([one.se**2 for one in found]))
    assert 0.78 < spread / told < 1.24  # 99 degrees of freedom: 1e-3 on either side
    apart = np.mean([one.value for one in found]) - plain.mean()
    error = math.hypot(told / math.sqrt(len(found)), plain.std() / math.sqrt(plain.size))
    assert abs(apart) < 4.0 * error
    pairs = simulate(CT, 8192, 7, sampling="antithetic")
    paid = summarize(pairs)["payor.payments"].mean
    assert abs(paid.value - plain.mean()) < 4.0 * paid.se
    assert paid.se < 0.85 * pairs["payor.payments"].std() / math.sqrt(pairs.paths)


@pytest.mark.verify
def test_solve_recovers_the_price_of_a_scenario_within_its_own_error():
    """A price is put in, its mean payment is known well; 95 % intervals hold it 95 % of times."""
    truth = 2345.0
    deal = load(STARTER, LINEAR)
    told = summarize(simulate(load(STARTER, LINEAR | {PRICE: truth}), 50_000, 999))
    paid = told["payor.payments.work"].mean
    hits, repeats = 0, 150
    for seed in range(repeats):
        found = solve(
            deal, PRICE, 1000, 4000, "payor.payments.work.mean", paid.value, paths=256, seed=seed,
            scan=2,
        )
        half = 1.96 * math.hypot(found.se, paid.se / found.slope.value)
        hits += abs(found.value - truth) <= half
    # Binomial(150, 0.95): outside of this less than once in a thousand seeds.
    assert 0.88 < hits / repeats <= 1.0


@pytest.mark.verify
@pytest.mark.parametrize("paths", [250, 1000])
def test_intervals_of_paired_differences_cover(paths):
    """Of two contracts, 2,000 samples out of 20,000 paths that stand for all there are."""
    loss, paid = "tranche.junior.principal_loss", "payor.payments"
    other = load(STARTER, {PRICE: 3000, "contract.cap": 2_000_000})
    whole = [keep(simulate(deal, 20_000, 5), [loss, paid]) for deal in (STARTER, other)]
    truth = find_differences(whole[0], summarize(whole[0]), whole[1], summarize(whole[1]))
    random, repeats = np.random.default_rng(8), 2000
    hits = dict.fromkeys([f"{loss}.mean", f"{loss}.p_loss", f"{paid}.mean", f"{paid}.q0.5"], 0)
    for _ in range(repeats):
        drawn = random.integers(0, 20_000, paths)
        one, two = (keep(run, [loss, paid], drawn) for run in whole)
        found = find_differences(one, summarize(one), two, summarize(two))
        for address in hits:
            interval = found[address].difference.interval()
            hits[address] += interval.low <= truth[address].difference.value <= interval.high
    # 95 ± 1 % and one binomial error of 2,000 repeats; what is counted in whole paths covers more.
    error = math.sqrt(0.95 * 0.05 / repeats)
    for address, count in hits.items():
        print(f"{address} of {paths} paths: {count / repeats:.4f}")
        assert count / repeats > 0.94 - error, address
        if address.endswith(".mean"):
            assert count / repeats < 0.96 + error, address


@pytest.fixture(scope="module")
def ct_paths():
    """20,000 paths of Connecticut under caps of 14.8M and 11.5M, which stand for all there are."""
    return [simulate(load(CT, sets), 20_000, 11) for sets in ({}, {"contract.cap": 11_500_000})]


SKEWED = [
    ("payor.payments", 1000), ("payor.lost", 1000), ("program.unfunded", 1000),
    ("tranche.senior.principal_loss", 1000), ("tranche.recoverable_grant.principal_loss", 1000),
    ("paired: payor.payments", 1000), ("paired: tranche.senior.principal_loss", 4000),
]


@pytest.mark.verify
@pytest.mark.parametrize(("metric", "paths"), SKEWED)
def test_intervals_of_skewed_means_cover(ct_paths, metric, paths):
    """95 ± 1 % of 10,000 samples; the binomial error of that count is 0.2 %.

    The cap moves the senior loss on 1 path in 100: of 1,000 paths, ten of which differ, intervals
    cover 98 %, of 4,000 what they say.
    """
    one, other = ct_paths
    name = metric.removeprefix("paired: ")
    x = one[name] if name == metric else other[name] - one[name]
    assert x.std() > 0.0, "all paths alike: nothing to cover"
    random, repeats, low, above = np.random.default_rng(17), 10_000, 0, 0
    plain = 0
    for _ in range(repeats):
        found = mean(x[random.integers(0, x.size, paths)])
        interval = found.interval()
        low += interval.low > x.mean()
        above += interval.high < x.mean()
        plain += abs(found.value - x.mean()) <= 1.959964 * found.se
    skew = float(np.mean((x - x.mean()) ** 3) / x.std() ** 3)
    covered = 1.0 - (low + above) / repeats
    print(
        f"{metric} of {paths} paths, skewness {skew:.1f}: {covered:.4f} (too high "
        f"{low / repeats:.4f}, too low {above / repeats:.4f}); value ± 1.96 se: "
        f"{plain / repeats:.4f}"
    )
    assert 0.94 <= covered <= 0.96


def keep(run, metrics, paths=slice(None)):
    """Some metrics of a run, on some of its paths: whole tables would take minutes."""
    places = [run.names.index(metric) for metric in metrics]
    columns = tuple(run.columns[place] for place in places)
    return Results(columns, run.values[places][:, paths], run.fan, run.resolved, run.provenance)
