"""The error of every statistic, and of differences over the same paths, from influence values."""

import numpy as np
import pytest
from made_up import make_up_results

from pfs_sim.errors import InputError
from pfs_sim.metrics import find_pairing_gain, paired_difference
from pfs_sim.metrics.deal import find_sampling, summarize
from pfs_sim.metrics.influence import find_influence, find_pairing
from pfs_sim.metrics.quantiles import find_shifts
from pfs_sim.metrics.sampling import INDEPENDENT, Sampling
from pfs_sim.results import Results


def change(results, factor=1.0, **provenance):
    return Results(
        results.columns, results.values * factor, results.fan, results.resolved,
        results.provenance | provenance,
    )


RESULTS = make_up_results(paths=4000)
TABLE = summarize(RESULTS)


ADDRESSES = [
    f"{name}.{statistic}"
    for name in ("payor.payments", "investors.irr", "investors.moic", "program.enrolled")
    for statistic in TABLE[name].list_statistics()
]


@pytest.mark.parametrize("address", ADDRESSES)
def test_its_error_is_that_of_the_table(address):
    found, told = find_influence(RESULTS, TABLE, address), TABLE.get(address)
    assert found.value == told.value
    if told.error == told.error and told.error > 0.0 and 0.02 < abs(told.value) != 1.0:
        # Wilson's interval is wider than p ± 1.96 se where p is small.
        assert found.se == pytest.approx(told.error, rel=0.03)
        assert abs(found.paths.mean()) <= 3.0 * found.se


def test_a_difference_of_means_is_the_paired_difference():
    other = change(RESULTS, 1.1)
    a = find_influence(RESULTS, TABLE, "payor.payments.mean")
    b = find_influence(other, summarize(other), "payor.payments.mean")
    x, y = RESULTS["payor.payments"], other["payor.payments"]
    told = paired_difference(y, x)
    assert b.minus(a).value == pytest.approx(told.value, rel=1e-12)
    assert b.minus(a).se == pytest.approx(told.se, rel=1e-12)
    assert find_pairing(a, b) == pytest.approx(find_pairing_gain(y, x), rel=1e-9)


def test_the_difference_of_two_medians_over_the_same_paths():
    """Against the spread of many repeats of the same experiment."""
    random, apart, told = np.random.default_rng(4), [], []
    for _ in range(300):
        x = random.normal(1e6, 2e5, 1000)
        y = x + random.normal(2e4, 4e4, 1000)
        pair = []
        for paid in (x, y):
            values = RESULTS.values[:, :1000].copy()
            values[RESULTS.names.index("payor.payments")] = paid
            one = Results(RESULTS.columns[:1], values[:1], RESULTS.fan, RESULTS.resolved, {})
            pair.append(find_influence(one, summarize(one), "payor.payments.median"))
        found = pair[1].minus(pair[0])
        apart.append(found.value)
        told.append(found.se)
    assert np.mean(told) == pytest.approx(np.std(apart), rel=0.15)


def test_quantiles_shift_as_a_cap_shifts_them():
    """Where the median of a jumps from one path to the next, the shift reaches over the jump."""
    a = np.repeat([1.0, 2.2], [49, 51])
    b = np.minimum(a, 2.0)
    assert find_shifts(a, b, 0.5) == pytest.approx((-0.2, 0.0))
    assert find_shifts(a, a + 3.0, 0.5) == (3.0, 3.0)
    assert find_shifts(a, np.repeat(b, 2), 0.5) == pytest.approx((-0.2, 0.0))
    low, high = find_shifts(a, b, 0.5, sampling=Sampling.of_replicates(4))
    assert low == pytest.approx(-0.2) and high == 0.0
    assert np.isnan(find_shifts([np.nan], [1.0], 0.5)).all()


def test_undefined_paths_do_nothing():
    values = RESULTS.values.copy()
    row = RESULTS.names.index("investors.irr")
    values[row, ::5] = np.nan
    gone = Results(RESULTS.columns, values, RESULTS.fan, RESULTS.resolved, {})
    table = summarize(gone)
    for statistic in ("mean", "q0.5", "p_loss"):
        found = find_influence(gone, table, f"investors.irr.{statistic}")
        assert (found.paths[::5] == 0.0).all()
        assert found.se == pytest.approx(table.get(f"investors.irr.{statistic}").error, rel=0.03)


def test_a_count_of_paths_has_no_error():
    with pytest.raises(InputError, match="counts paths"):
        find_influence(RESULTS, TABLE, "investors.irr.n_undefined")
    with pytest.raises(InputError, match="no such metric"):
        find_influence(RESULTS, TABLE, "payor.paid.mean")


def test_a_run_says_how_its_paths_hang_together():
    assert find_sampling(RESULTS) == INDEPENDENT
    assert find_sampling(change(RESULTS, sampling="antithetic")) == Sampling.of_pairs()
    sobol = change(RESULTS, sampling="sobol:8")
    assert find_sampling(sobol) == Sampling.of_replicates(8, in_turns=True)
    assert summarize(sobol)["payor.payments"].mean.df == 7


def test_groups_of_paths_count_as_groups():
    pairs = change(RESULTS, sampling="antithetic")
    found = find_influence(pairs, summarize(pairs), "payor.payments.mean")
    assert found.se == summarize(pairs)["payor.payments"].mean.se
    with pytest.raises(InputError, match="one to one"):
        short = make_up_results(paths=100)
        found.minus(find_influence(short, summarize(short), "payor.payments.mean"))
