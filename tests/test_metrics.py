"""Statistics on arrays small enough to work out by hand."""

import json
import math
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from pfs_sim.errors import InputError
from pfs_sim.metrics import (
    Estimate,
    Interval,
    MetricTable,
    Sampling,
    Summary,
    count_undefined,
    digits,
    expected_shortfall,
    find_pairing_gain,
    format_count,
    format_money,
    format_rate,
    format_value,
    from_replicates,
    loss_given_loss,
    mass_points,
    mean,
    paired_difference,
    probability,
    quantile,
    ratio_of_means,
    sd,
    summarize_array,
    value_at_risk,
)
from pfs_sim.metrics.quantiles import choose_ranks

NAN = math.nan
Z = stats.norm.ppf(0.975)


def draw(n: int, seed: int = 7) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=n)


# --- shapes -------------------------------------------------------------------------------


def test_undefined_and_open_ends_are_null_in_json() -> None:
    assert Estimate(NAN, NAN).to_json() == {"value": None, "se": None}
    assert Interval(2.0, -math.inf, 3.0).to_json() == {"value": 2.0, "low": None, "high": 3.0}
    assert Interval.from_json({"value": 2.0, "low": None, "high": 3.0}).low == -math.inf
    assert math.isnan(Interval.from_json({"value": None, "low": None, "high": None}).low)


def test_an_interval_from_few_replicates_is_wider() -> None:
    assert Estimate(1.0, 2.0).interval().high == pytest.approx(1.0 + 2.0 * Z, rel=1e-12)
    t = stats.t.ppf(0.975, 7)
    assert Estimate(1.0, 2.0, df=7).interval().high == pytest.approx(1.0 + 2.0 * t, rel=1e-12)
    found = Estimate(1.0, 2.0, df=7).to_json()
    assert found == {"value": 1.0, "se": 2.0, "low": 1.0 - 2.0 * t, "high": 1.0 + 2.0 * t, "df": 7}
    assert Estimate(0.0, 1.0).interval().error == pytest.approx(1.0)
    assert Estimate.from_json(found) == Estimate(1.0, 2.0, df=7)


@pytest.mark.parametrize("skew", [-0.8, -1e-3, 0.02, 0.3, 1.0])
def test_the_interval_of_a_skewed_mean_undoes_halls_transformation(skew: float) -> None:
    """g(t) = t + k t²/3 + k² t³/27 + k/6 is ± 1.96 at the ends, t = (value − end) / se."""
    found = Estimate(5.0, 2.0, skew=skew)
    interval = found.interval()
    for end, aim in ((interval.low, Z), (interval.high, -Z)):
        t = (5.0 - end) / 2.0
        reached = t + skew * t**2 / 3.0 + skew**2 * t**3 / 27.0 + skew / 6.0
        assert reached == pytest.approx(aim, abs=1e-9)
    longer_above = interval.high - 5.0 > 5.0 - interval.low
    assert longer_above == (skew > 0.0)
    assert Estimate.from_json(json.loads(json.dumps(found.to_json()))) == found


def test_the_skewness_of_a_mean_is_that_of_its_paths_over_the_root_of_their_number() -> None:
    x = np.random.default_rng(3).exponential(size=500)
    assert mean(x).skew == pytest.approx(stats.skew(x) / math.sqrt(500), rel=1e-9)
    assert summarize_array(x, unit="money", label="x").mean == mean(x)
    assert mean(-x).skew == pytest.approx(-mean(x).skew)
    pairs = x.reshape(-1, 2).sum(axis=1)
    found = mean(x, pairs=True).skew
    assert found == pytest.approx(stats.skew(pairs) / math.sqrt(250), rel=1e-9)
    assert mean(x, sampling=Sampling.of_replicates(10)).skew == 0.0
    assert mean(np.ones(50)).skew == 0.0 and mean(x[:9]).skew == 0.0
    assert math.isnan(Interval(0.0, -math.inf, 1.0).error)


# --- moments ------------------------------------------------------------------------------


def test_mean_by_hand() -> None:
    found = mean([1.0, 2.0, 3.0, 4.0])
    assert found.value == 2.5
    # sum of squares 5, variance 5/3, over 4 paths
    assert found.se == pytest.approx(math.sqrt(5 / 3 / 4), rel=1e-15)
    assert mean([1.0, NAN, 2.0, 3.0, 4.0]) == found
    assert count_undefined([1.0, NAN, NAN]) == 2


def test_mean_of_none_one_and_equal_values() -> None:
    assert math.isnan(mean([]).value)
    assert math.isnan(mean([NAN, NAN]).value)
    one = mean([5.0])
    assert one.value == 5.0
    assert math.isnan(one.se)
    assert mean([0.1] * 1001) == Estimate(0.1, 0.0)
    assert sd([0.1] * 1001) == Estimate(0.0, 0.0)


def test_weighted_mean_by_hand() -> None:
    found = mean([1.0, 5.0], weights=[3.0, 1.0])
    assert found.value == 2.0
    # influence 2 * 3/4 * (1 - 2) = -1.5 and 2 * 1/4 * (5 - 2) = 1.5: sqrt(4.5 * 2) / 2
    assert found.se == pytest.approx(1.5, rel=1e-15)
    x = draw(50)
    assert mean(x, weights=np.full(50, 0.3)).se == pytest.approx(mean(x).se, rel=1e-12)
    assert mean([1.0, NAN], weights=[1.0, 1.0]).value == 1.0
    with pytest.raises(InputError, match="non-negative"):
        mean([1.0, 2.0], weights=[1.0, -1.0])


def test_antithetic_pairs_are_worth_their_pair_means() -> None:
    x = draw(40)
    expected = mean(x.reshape(-1, 2).mean(axis=1))
    found = mean(x, pairs=True)
    assert found.value == pytest.approx(expected.value, rel=1e-14)
    assert found.se == pytest.approx(expected.se, rel=1e-12)
    mirrored = np.column_stack([draw(20), -draw(20)]).ravel()
    assert mean(mirrored, pairs=True).se < 1e-15
    with pytest.raises(InputError, match="do not divide"):
        mean([1.0, 2.0, 3.0], pairs=True)


def test_a_pair_with_an_undefined_half_still_counts() -> None:
    # (1, 3), (2, undefined), (undefined, undefined): mean 2 of three values, two groups
    found = mean([1.0, 3.0, 2.0, NAN, NAN, NAN], pairs=True)
    assert found == Estimate(2.0, 0.0)


def test_sd_by_hand() -> None:
    x = draw(1000)
    found = sd(x)
    s = np.std(x, ddof=1)
    fourth = np.mean((x - x.mean()) ** 4)
    assert found.value == pytest.approx(s, rel=1e-14)
    assert found.se == pytest.approx(math.sqrt((fourth - s**4) / (4 * s**2 * 1000)), rel=2e-3)
    assert math.isnan(sd([1.0]).value)


def test_sums_survive_a_large_offset() -> None:
    x = 1e12 + np.arange(1000.0)
    assert sd(x).value == pytest.approx(np.std(np.arange(1000.0), ddof=1), rel=1e-9)


def test_wilson_by_hand() -> None:
    found = probability([True] * 3 + [False] * 7)
    expected = stats.binomtest(3, 10).proportion_ci(method="wilson")
    assert found.value == 0.3
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high), rel=1e-12)
    none, every = probability([False] * 10), probability([True] * 10)
    assert (none.value, none.low) == (0.0, 0.0)
    assert none.high == pytest.approx(Z**2 / (10 + Z**2))
    assert (every.low, every.high) == (pytest.approx(1 - none.high), 1.0)
    assert probability([1.0, 0.0, NAN]).value == 0.5
    assert math.isnan(probability([]).value)
    with pytest.raises(InputError, match="true or false"):
        probability([0.0, 2.0])


def test_doubled_paths_are_worth_half_as_many() -> None:
    mask = draw(200) > 0.8
    twice = np.repeat(mask, 2)
    once, paired = probability(mask), probability(twice, sampling=Sampling.of_pairs())
    assert paired.value == once.value
    # equal but for the n/(n - 1) of the pairs
    assert paired.high - paired.low == pytest.approx(once.high - once.low, rel=0.005)


def test_paired_difference_and_its_gain() -> None:
    a = draw(500)
    b = a + 0.1 * draw(500, seed=8)
    found = paired_difference(b, a)
    assert found == mean(b - a)
    assert find_pairing_gain(a, b) == pytest.approx(200, rel=0.2)
    assert find_pairing_gain(a, a + 1.0) > 1e20
    assert math.isnan(find_pairing_gain([1.0, 1.0], [2.0, 2.0]))
    assert paired_difference([1.0, NAN, 3.0], [0.0, 0.0, NAN]).value == 1.0
    with pytest.raises(InputError, match="one to one"):
        paired_difference([1.0], [1.0, 2.0])


def test_ratio_of_means_by_hand() -> None:
    found = ratio_of_means([1.0, 3.0], [2.0, 2.0])
    assert found.value == 1.0
    assert found.se == pytest.approx(0.5)  # sd of a / sqrt(2) / 2
    assert ratio_of_means([2.0, 4.0], [1.0, 2.0]) == Estimate(2.0, 0.0)
    assert math.isnan(ratio_of_means([1.0, 2.0], [1.0, -1.0]).value)
    assert math.isnan(ratio_of_means([], []).value)


# --- quantiles ----------------------------------------------------------------------------


def test_quantile_is_a_value_that_a_path_had() -> None:
    x = np.arange(1.0, 101.0)[::-1]
    assert quantile(x, 0.07).value == 7.0  # 0.07 * 100 is 7.000000000000001 in binary
    assert quantile(x, 0.5).value == 50.0
    assert quantile(x, 0.501).value == 51.0
    assert quantile([-1.0] * 50 + [0.1] * 50, 0.5).value == -1.0
    assert quantile([-1.0] * 49 + [0.1] * 51, 0.5).value == 0.1
    assert value_at_risk(x, 0.95).value == 5.0
    assert value_at_risk(x, 0.95, tail="high").value == 95.0


def test_quantile_interval_by_hand() -> None:
    # B ~ Binomial(16, 1/2): P(B <= 3) = 697/65536 = 1.06 % and P(B <= 4) = 3.84 %. X(4) to X(13)
    # leaves 1.06 % on each side; giving up X(4) leaves 3.84 + 1.06 = 4.90 %, still under 5 %.
    assert choose_ranks(16, 0.5) == (5, 13)
    assert quantile(np.arange(1.0, 17.0), 0.5) == Interval(8.0, 5.0, 13.0)


def test_small_samples_have_no_end() -> None:
    found = quantile(np.arange(20.0), 0.01)
    assert found.value == 0.0
    assert found.low == -math.inf
    assert found.high == 1.0  # P(B >= 2) = 1.7 % with n = 20
    assert found.to_json()["low"] is None
    alone = quantile([3.0], 0.5)
    assert alone.to_json() == {"value": 3.0, "low": None, "high": None}
    assert math.isnan(quantile([NAN], 0.5).value)
    with pytest.raises(InputError, match="between 0 and 1"):
        quantile([1.0], 1.0)


@given(
    st.integers(1, 3000),
    st.floats(0.001, 0.999),
    st.sampled_from([0.8, 0.9, 0.95, 0.99]),
)
def test_ranks_cover_exactly(n: int, q: float, level: float) -> None:
    low, high = choose_ranks(n, q, level)
    assert 0 <= low <= math.ceil(n * q) <= high <= n + 1

    def coverage(low: int, high: int) -> float:
        return float(stats.binom.cdf(high - 1, n, q) - stats.binom.cdf(low - 1, n, q))

    assert coverage(low, high) >= level - 1e-9
    # and no rank could be spared
    assert coverage(low + 1, high) < level + 1e-9
    assert coverage(low, high - 1) < level + 1e-9


# --- tails --------------------------------------------------------------------------------


def test_shortfall_counts_the_edge_by_its_fraction() -> None:
    x = np.arange(1.0, 11.0)
    assert expected_shortfall(x, 0.8).value == 1.5
    # a quarter of ten: 1, 2 and half of 3
    assert expected_shortfall(x, 0.75).value == pytest.approx((1 + 2 + 1.5) / 2.5)
    assert expected_shortfall(x, 0.75, "high").value == pytest.approx((10 + 9 + 4) / 2.5)
    # less than one path: the worst
    assert expected_shortfall(x, 0.99).value == 1.0
    assert math.isnan(expected_shortfall(x, 0.99).se)
    # ties: -1 on 3 of 10, and 40 % of the paths in the tail
    assert expected_shortfall([-1.0] * 3 + [0.5] * 7, 0.6).value == pytest.approx(-2.5 / 4)
    assert math.isnan(expected_shortfall([], 0.95).value)
    assert expected_shortfall([2.0] * 5, 0.95) == Estimate(2.0, 0.0)
    with pytest.raises(InputError, match="tail"):
        expected_shortfall(x, 0.95, "left")


def test_shortfall_error_is_that_of_its_influence() -> None:
    x = draw(2000)
    found = expected_shortfall(x, 0.9)
    edge = np.sort(x)[200]
    influence = np.minimum(x - edge, 0.0) / 0.1
    assert found.value == pytest.approx(edge + influence.mean(), rel=1e-12)
    assert found.se == pytest.approx(mean(influence).se, rel=1e-12)
    high = expected_shortfall(-x, 0.9, "high")
    assert (high.value, high.se) == (-found.value, found.se)
    # each path written twice, as pairs: the same error as once
    paired = expected_shortfall(np.repeat(x, 2), 0.9, sampling=Sampling.of_pairs())
    assert paired.value == pytest.approx(found.value, rel=1e-12)
    assert paired.se == pytest.approx(found.se, rel=0.01)


def test_a_mass_that_just_fills_the_tail_has_an_error() -> None:
    found = expected_shortfall([-1.0] * 5 + [0.5] * 95, 0.95)
    assert found.value == -1.0
    assert found.se > 0.0


def test_loss_given_loss_by_hand() -> None:
    moic = [0.0, 0.5, 1.2, 1.0, NAN]
    found = loss_given_loss(moic, 1.0)
    assert found.value == 0.75
    assert found.se == pytest.approx(0.25)
    assert loss_given_loss([0.0, 10.0, 30.0], tail="high").value == 20.0
    assert math.isnan(loss_given_loss([1.0, 2.0], 1.0).value)
    assert loss_given_loss([0.0, 0.5, 1.2, 1.0], 1.0, sampling=Sampling.of_pairs()).value == 0.75


def test_mass_points_by_hand() -> None:
    cap = 14_800_000.0
    parts = sum([cap / 3, cap / 3, cap / 3])
    found = mass_points([0.0, -0.0, parts, 5.0, NAN], {"zero": 0.0, "cap": cap})
    assert found["zero"].value == 0.5
    assert found["cap"].value == 0.25
    assert found["zero"].low == pytest.approx(probability([1, 1, 0, 0]).low)
    assert mass_points([-1.0, -1.0 + 1e-9], {"lost": -1.0})["lost"].value == 0.5
    with pytest.raises(InputError, match="NaN"):
        mass_points([1.0], {"cap": NAN})


# --- replicates ---------------------------------------------------------------------------


def test_replicates_by_hand() -> None:
    blocks = [[1.0, 3.0], [4.0, 4.0], [5.0, 7.0]]
    found = from_replicates(mean, blocks)
    assert (found.value, found.df) == (4.0, 2)
    assert found.se == pytest.approx(2.0 / math.sqrt(3))
    t = stats.t.ppf(0.975, 2)
    assert found.interval().high == pytest.approx(4.0 + t * found.se)
    assert from_replicates(lambda x: quantile(x, 0.5), blocks).value == pytest.approx(10 / 3)
    assert from_replicates(lambda x: float(x.max()), blocks).value == pytest.approx(14 / 3)
    with pytest.raises(InputError, match="at least 2"):
        from_replicates(mean, blocks[:1])
    with pytest.raises(InputError, match="at least 2"):
        Sampling.of_replicates(1)


def test_replicates_in_blocks_or_in_turns() -> None:
    x = draw(80)
    expected = from_replicates(mean, x.reshape(8, 10))
    blocks = mean(x, sampling=Sampling.of_replicates(8))
    turns = mean(x.reshape(8, 10).T.ravel(), sampling=Sampling.of_replicates(8, in_turns=True))
    for found in (blocks, turns):
        assert found.df == 7
        assert (found.value, found.se) == pytest.approx((expected.value, expected.se), rel=1e-12)


@pytest.mark.parametrize("sampling", [Sampling.of_pairs(), Sampling.of_replicates(400)])
def test_groups_of_independent_paths_agree_with_plain_ones(sampling: Sampling) -> None:
    x = np.exp(draw(80_000))
    for statistic in (mean, sd, ratio_to_square, shortfall):
        plain, grouped = statistic(x), statistic(x, sampling=sampling)
        assert grouped.value == plain.value
        assert grouped.se == pytest.approx(plain.se, rel=0.15)
    for q in (0.01, 0.5, 0.99):
        plain, grouped = quantile(x, q), quantile(x, q, sampling=sampling)
        assert grouped.value == plain.value
        assert grouped.error == pytest.approx(plain.error, rel=0.25)


def ratio_to_square(x: np.ndarray, **options: Sampling) -> Estimate:
    return ratio_of_means(x, x * x, **options)


def shortfall(x: np.ndarray, **options: Sampling) -> Estimate:
    return expected_shortfall(x, 0.95, **options)


# --- summaries ----------------------------------------------------------------------------


def summarize_irr() -> Summary:
    irr = np.array([-1.0] * 20 + [0.03] * 30 + [0.06] * 45 + [NAN] * 5)
    return summarize_array(
        irr,
        unit="rate",
        label="IRR of the senior tranche",
        loss_below=0.0,
        masses={"total_loss": -1.0},
        statuses={"total_loss": irr == -1.0, "never_invested": 5},
    )


def test_summary_of_an_irr() -> None:
    found = summarize_irr()
    assert (found.n, found.n_undefined, found.headline) == (100, 5, "median")
    assert found.statuses == {"total_loss": 20, "never_invested": 5}
    assert found.quantiles["0.5"].value == 0.03
    assert list(found.quantiles)[:3] == ["0.01", "0.05", "0.1"]
    assert found.p_loss is not None
    assert found.p_loss.value == 20 / 95
    assert found.mass_points["total_loss"] == found.p_loss
    assert found.loss_given_loss == Estimate(1.0, 0.0)
    assert found.expected_shortfall["0.95"].value == -1.0


def test_summary_json_round_trip() -> None:
    found = summarize_irr().to_json()
    read = json.loads(json.dumps(found, allow_nan=False))
    assert read == found
    assert set(found["mean"]) == {"value", "se", "low", "high", "skew"}
    assert set(found["quantiles"]["0.05"]) == {"value", "low", "high"}
    assert Summary.from_json(read).to_json() == found
    assert "p_negative" not in found


@pytest.mark.parametrize(
    "sampling", [Sampling(), Sampling.of_pairs(), Sampling.of_replicates(10, in_turns=True)]
)
def test_summary_agrees_with_the_statistics_one_by_one(sampling: Sampling) -> None:
    x = np.clip(draw(1000), -1.0, 2.0)
    x[::7] = NAN
    found = summarize_array(
        x,
        unit="money",
        label="net benefit",
        loss_above=0.5,
        negative=True,
        masses={"cap": 2.0},
        tail="high",
        sampling=sampling,
    )
    assert found.mean == mean(x, sampling=sampling)
    assert found.sd == sd(x, sampling=sampling)
    for q, value in found.quantiles.items():
        assert value == quantile(x, float(q), sampling=sampling)
    for level, value in found.expected_shortfall.items():
        assert value == expected_shortfall(x, float(level), "high", sampling=sampling)
    events = {"p_loss": x > 0.5, "p_negative": x < 0, "p_zero": x == 0}
    for name, event in events.items():
        mask = np.where(np.isnan(x), NAN, event)
        assert getattr(found, name) == probability(mask, sampling=sampling)
    assert found.mass_points == mass_points(x, {"cap": 2.0}, sampling=sampling)
    assert found.loss_given_loss == loss_given_loss(x, 0.5, tail="high", sampling=sampling)


def test_summary_of_what_cannot_vary() -> None:
    found = summarize_array([5.0] * 3, unit="money", label="fee", exact=True, loss_below=6.0)
    assert found.mean == Estimate(5.0, 0.0)
    assert found.sd == Estimate(0.0, 0.0)
    assert found.quantiles["0.01"] == Interval(5.0, 5.0, 5.0)
    assert found.p_zero == Interval(0.0, 0.0, 0.0)
    assert found.p_loss == Interval(1.0, 1.0, 1.0)
    assert summarize_array([5.0], unit="money", label="base case", exact=True).mean.se == 0.0
    # what merely did not vary keeps the doubt that three paths leave
    seen = summarize_array([5.0] * 3, unit="money", label="fee")
    assert not seen.exact
    assert seen.p_zero is not None
    assert seen.p_zero.high > 0.5
    with pytest.raises(InputError, match="varies"):
        summarize_array([5.0, 6.0], unit="money", label="fee", exact=True)


@pytest.mark.parametrize("x", [[], [NAN, NAN]])
@pytest.mark.parametrize("exact", [False, True])
def test_summary_of_nothing(x: list[float], exact: bool) -> None:
    found = summarize_array(x, unit="rate", label="IRR", loss_below=0.0, exact=exact)
    assert (found.n, found.n_undefined) == (len(x), len(x))
    assert found.to_json()["mean"]["value"] is None
    assert found.to_json()["p_zero"] == {"value": None, "low": None, "high": None}


def test_summary_refuses_what_it_cannot_read() -> None:
    with pytest.raises(InputError, match="unit"):
        summarize_array([1.0], unit="dollars", label="x")  # type: ignore[arg-type]
    with pytest.raises(InputError, match="not both"):
        summarize_array([1.0], unit="ratio", label="x", loss_below=1.0, loss_above=2.0)
    with pytest.raises(InputError, match="axes"):
        summarize_array([[1.0]], unit="ratio", label="x")


def test_summary_is_the_same_for_any_layout_in_memory() -> None:
    wide = np.random.default_rng(3).normal(size=(1000, 3))
    strided = summarize_array(wide[:, 1], unit="money", label="x")
    packed = summarize_array(wide[:, 1].copy(), unit="money", label="x")
    assert strided == packed


# --- table --------------------------------------------------------------------------------


@pytest.fixture
def table() -> MetricTable:
    made = MetricTable()
    made["payor.payments"] = summarize_array(
        [0.0, 2.0, 4.0], unit="money", label="payments", masses={"cap": 4.0}
    )
    made["payor.payments.fy2019"] = summarize_array([0.0, 1.0], unit="money", label="FY 2019")
    made["tranche.senior.irr"] = summarize_irr()
    return made


def test_table_finds_statistics_by_address(table: MetricTable) -> None:
    assert table["payor.payments"].mean.value == 2.0
    assert table.get("payor.payments.mean").value == 2.0
    assert table.get("payor.payments.fy2019.mean").value == 0.5
    assert table.get("payor.payments.at.cap").value == pytest.approx(1 / 3)
    assert table.get("payor.payments.q0.5").value == 2.0
    assert table.get("tranche.senior.irr.median") == table.get("tranche.senior.irr.q0.5")
    assert table.get("tranche.senior.irr.p_loss").value == 20 / 95
    assert table.get("tranche.senior.irr.es0.95").value == -1.0
    assert table.get("tranche.senior.irr.n_undefined") == Estimate(5.0, 0.0)
    assert table.get("tranche.senior.irr.status.total_loss") == Estimate(20.0, 0.0)
    assert list(table) == table.names
    assert len(table) == 3
    assert "payor.payments" in table
    assert "payor" not in table


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("payor.payment.mean", "nearest known: payor.payments.mean"),
        ("payor.nothing.of.it", "nearest known: payor.payments"),
        ("zzz", "known: payor.payments.mean"),
        ("tranche.senior.irr.q0.55", "q0.5"),
        ("tranche.senior.irr.p_lose", "p_loss"),
        ("tranche.senior.irr", "say which statistic"),
    ],
)
def test_table_names_the_nearest(table: MetricTable, address: str, said: str) -> None:
    with pytest.raises(InputError) as refused:
        table.get(address)
    assert said in str(refused.value)


def test_table_refuses_unknown_and_repeated_names(table: MetricTable) -> None:
    with pytest.raises(InputError, match=r"nearest known: tranche\.senior\.irr"):
        table["tranche.senor.irr"]
    with pytest.raises(InputError, match="already"):
        table["payor.payments"] = table["payor.payments"]
    with pytest.raises(InputError, match="none is known"):
        MetricTable().get("x.mean")


def test_table_writes_one_row_a_statistic(table: MetricTable) -> None:
    header, *rows = table.to_csv_rows()
    read = {(row[0], row[1]): dict(zip(header, row, strict=True)) for row in rows}
    mean_row = read["payor.payments", "mean"]
    assert (mean_row["value"], mean_row["unit"]) == (2.0, "money")
    assert mean_row["low"] < 2.0 < mean_row["high"]
    assert read["payor.payments", "p_zero"]["unit"] == "probability"
    assert read["payor.payments", "q0.01"]["low"] is None
    assert read["tranche.senior.irr", "status.never_invested"]["value"] == 5
    for (name, statistic), row in read.items():
        assert row["value"] == table.get(f"{name}.{statistic}").value or row["value"] is None
    assert MetricTable.from_json(json.loads(json.dumps(table.to_json()))) == table


# --- numerals -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "error", "said"),
    [
        (1234567.8, 2345, "1,234,600"),
        (0.123456, 0.0012, "0.1235"),
        (0.123456, 0.0996, "0.12"),
        (12.0, 340.0, "10"),
        (-3.0, 340.0, "0"),
        (2.5, 10.0, "2"),
        (3.5, 10.0, "4"),
        (2.675, 0.1, "2.68"),
        (-0.0, None, "0"),
        (1234.5, 0, "1,234.5"),
        (1234.5678, NAN, "1,230"),
        (NAN, 1.0, "undefined"),
        (math.inf, 1.0, "∞"),
        (5.0, math.inf, "5.00"),
        (1e300, 1e299, "1" + ",000" * 100),
        (1.0, 1e-320, "1." + "0" * 320),
    ],
)
def test_digits_stop_where_the_error_starts(value: float, error: float, said: str) -> None:
    assert digits(value, error).startswith(said)


@pytest.mark.parametrize(
    ("value", "se", "said"),
    [
        (9638911.36, None, "$9,638,911.36"),
        (9638911.36, 0.0, "$9,638,911.36"),
        (-1234567.0, 23456.0, "-$1,235,000"),
        (-0.001, None, "$0.00"),
        (0.1234, 0.0001, "$0.12"),
        (1203.4, 5.0, "$1,203"),
        (NAN, 1.0, "undefined"),
        (-math.inf, None, "-$∞"),
    ],
)
def test_money(value: float, se: float | None, said: str) -> None:
    assert format_money(value, se) == said


@pytest.mark.parametrize(
    ("value", "se", "said"),
    [
        (11_234_567.0, None, "$11.2M"),
        (11_234_567.0, 4e6, "$11.2M"),
        (12_345_678.0, 4e7, "$12M"),
        (999_400.0, None, "$999K"),
        (999_950.0, None, "$1.00M"),
        (523.4, None, "$523"),
        (0.0, None, "$0"),
        (-2.5e9, None, "-$2.50B"),
        (3e15, None, "$3,000T"),
    ],
)
def test_short_money(value: float, se: float | None, said: str) -> None:
    assert format_money(value, se, short=True) == said


def test_other_units() -> None:
    assert format_money(12.0, None, "GBP") == "£12.00"
    assert format_money(-12.0, None, "CHF") == "-CHF 12.00"
    assert format_rate(0.12345, 0.0012) == "12.34%"
    assert format_rate(0.0525, None) == "5.25%"
    assert format_rate(0.1 + 0.2, 0.0) == "30%"
    assert format_rate(-1e-5, 0.001) == "0.00%"
    assert format_rate(NAN, NAN) == "undefined"
    assert format_count(1000.0, 0.0) == "1,000"
    assert format_count(1234.5, 3.2) == "1,234.5"
    assert format_value(1.0456, 0.0021, "ratio") == "1.0456x"
    assert format_value(5.26, 0.12, "years") == "5.26 years"
    assert format_value(0.5, 0.01, "probability") == "50.0%"
    assert format_value(2e6, None, "money", currency="EUR", short=True) == "€2.00M"
    assert format_value(3.0, 0.0, "count") == "3"
    assert format_value(0.3831, 0.0012, "number") == "0.3831"
    assert format_value(NAN, 0.0, "ratio") == "undefined"


@given(st.floats(allow_nan=False, allow_infinity=False), st.floats(1e-8, 1e12))
def test_digits_err_by_less_than_a_twentieth_of_the_error(value: float, error: float) -> None:
    shown = float(digits(value, error).replace(",", ""))
    assert abs(shown - value) <= 0.0501 * error + 1e-12 * abs(value)
    assert not digits(value, error).startswith("-0.0") or shown != 0.0


# --- cost ---------------------------------------------------------------------------------


def test_importing_metrics_loads_no_scipy() -> None:
    code = "import pfs_sim.metrics, sys; sys.exit('scipy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_the_error_beside_an_interval_of_few_replicates_is_a_standard_error():
    assert Interval(0.5, 0.4, 0.6, 7).error == pytest.approx(0.1 / 2.364624, rel=1e-6)
    assert Interval(0.5, 0.4, 0.6).error == pytest.approx(0.1 / 1.959964, rel=1e-6)
    found = Interval(0.5, 0.4, 0.6, 7)
    assert Interval.from_json(found.to_json()) == found
