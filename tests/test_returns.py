"""IRR: by hand, against fifty digits, and as properties.

`tests/verification/test_irr.py` does the same on many more flows.
"""

import math
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from pfs_sim.kernels._jit import lean
from pfs_sim.kernels._wide import alike, as_wide, each, holds_for, of
from pfs_sim.kernels.elementary import exponential, growth_of
from pfs_sim.kernels.no_root import has_no_root
from pfs_sim.kernels.other_roots import UNDECIDED, look_around, owe_among_neighbors
from pfs_sim.kernels.path import live
from pfs_sim.kernels.quick_irr import find_ends, find_owed, solve_quickly
from pfs_sim.kernels.returns import irr, irr_batch
from pfs_sim.kernels.roots import solve_log_rate
from pfs_sim.kernels.several_roots import solve_several
from pfs_sim.plan.money import read_cash
from pfs_sim.simulate import compile_scenario, nothing_given
from pfs_sim.statuses import IrrStatus
from pfs_sim.tables.wide import ABREAST
from tests import naive_returns as naive

YARDSTICK = Path(__file__).parents[1] / "benchmarks" / "yardstick.yaml"
NAN = math.nan
QUARTERLY = 4.0


def rate(flows, periods_per_year=1.0):
    """Value and status by name, of flows given as a list."""
    flows = np.array(flows, dtype=np.float64)
    value, status = irr(flows, len(flows), periods_per_year)
    return value, IrrStatus(status)


def batch(flows, periods_per_year=QUARTERLY):
    value, status = np.empty(len(flows)), np.empty(len(flows), dtype=np.int64)
    irr_batch(flows, periods_per_year, value, status)
    return value, status


@lean
def solve_lanes(block, owed, periods_per_year, out):
    x, value, said = solve_quickly(as_wide(block), as_wide(owed), periods_per_year)
    out[0], out[1], out[2] = of(x, 0), of(said, 0), of(value, 0)


@lean
def look_from(block, owed, x, size, out):
    flows, c, x, size = as_wide(block), as_wide(owed), each(x), each(size)
    first, last, opens, ends = find_ends(flows, alike(True))
    _, vague = find_owed(flows, exponential(-x), last, c)
    rate, asked = growth_of(x), alike(True)
    said = look_around(c, vague, first, last, opens, ends, x, rate, size, 1.0, asked)
    out[0] = of(said, 0)


@lean
def ask_neighbors(block, owed, x, size, out):
    flows, c = as_wide(block), as_wide(owed)
    first, last, _, _ = find_ends(flows, alike(True))
    find_owed(flows, exponential(-each(x)), last, c)
    out[0] = 1.0 if holds_for(owe_among_neighbors(c, first, last, each(size)), 0) else 0.0


def quickly(flows):
    """Log rate and status of one flow as a block solves it, before the careful solver."""
    out, block = np.empty(3), repeated(flows)
    solve_lanes(block, np.empty_like(block), QUARTERLY, out)
    return float(out[0]), int(out[1])


def repeated(flows):
    """A flow as all lanes of a block [t, lane]."""
    return np.repeat(np.asarray(flows, np.float64)[:, None], ABREAST, axis=1)


STAIRCASE = [
    # One change of sign
    ([-100, 110], 1, 0.1, IrrStatus.UNIQUE),
    ([-100, 0, 121], 1, 0.1, IrrStatus.UNIQUE),
    ([-100, 0, 121], 2, 0.21, IrrStatus.UNIQUE),
    ([0, 0, -100, 110, 0], 1, 0.1, IrrStatus.UNIQUE),
    ([-100, 110], 12, 1.1**12 - 1, IrrStatus.UNIQUE),
    ([-50, -50, 40, 60], 4, 0.0, IrrStatus.UNIQUE),
    ([-100, 1], 1, -0.99, IrrStatus.UNIQUE),
    ([-100, 1e-10], 1, -1 + 1e-12, IrrStatus.UNIQUE),
    ([-1, 1e3], 1, 999.0, IrrStatus.UNIQUE),
    # Paid back before it is paid in: a loan taken
    ([100, -110], 1, 0.1, IrrStatus.UNIQUE),
    ([0, 100, -90], 1, -0.1, IrrStatus.UNIQUE),
    # Lost, or never there
    ([-100], 1, -1.0, IrrStatus.TOTAL_LOSS),
    ([0, -60, -40, 0], 4, -1.0, IrrStatus.TOTAL_LOSS),
    ([], 4, NAN, IrrStatus.NOTHING_INVESTED),
    ([0, 0], 4, NAN, IrrStatus.NOTHING_INVESTED),
    ([0, 5], 4, NAN, IrrStatus.NOTHING_INVESTED),
    # Several changes of sign
    ([-100, 230, -132], 1, 0.1, IrrStatus.SEVERAL),
    ([100, -230, 132], 1, 0.1, IrrStatus.SEVERAL),
    ([-100, 170, -72], 1, -0.1, IrrStatus.SEVERAL),
    ([-64, 152, -90], 1, 0.125, IrrStatus.SEVERAL),
    ([-1000, 6000, -11000, 6000], 1, 0.0, IrrStatus.SEVERAL),
    ([-1, 2, -1.5], 1, NAN, IrrStatus.NO_ROOT),
    ([-100, 60, -20, 82.5], 1, 0.1, IrrStatus.SEVERAL_UNIQUE),
    ([-100, 210, -11], 1, (10 - math.sqrt(39700)) / 200, IrrStatus.SEVERAL),
    # Beyond what doubles can say
    ([-100, NAN, 110], 1, NAN, IrrStatus.OUT_OF_RANGE),
    ([-100, math.inf], 1, NAN, IrrStatus.OUT_OF_RANGE),
    ([-1e-200, 1e200], 1, NAN, IrrStatus.OUT_OF_RANGE),
]


@pytest.mark.jit_off
@pytest.mark.parametrize(("flows", "periods_per_year", "value", "status"), STAIRCASE)
def test_rate_by_hand(flows, periods_per_year, value, status):
    found, said = rate(flows, periods_per_year)
    assert said == status
    assert found == pytest.approx(value, rel=1e-13, abs=1e-13, nan_ok=True)


@pytest.mark.jit_off
def test_total_loss_is_minus_one_to_the_bit():
    assert rate([-1e-6, -3.3e12, 0.0])[0] == -1.0


@pytest.mark.jit_off
def test_a_near_total_loss_is_told_from_a_total_one():
    value, status = rate([-100.0, 1e-10], 12.0)
    assert value == -1.0
    assert status == IrrStatus.UNIQUE


@pytest.mark.jit_off
def test_a_rate_that_no_double_holds_is_infinite():
    assert rate([-1.0, 1e300], 12.0) == (math.inf, IrrStatus.UNIQUE)


@pytest.mark.jit_off
def test_exactly_double_root_is_flagged():
    """−100·(1 − 1.1v)², whose coefficients are whole: the flows touch zero at 10 % and stay."""
    value, status = rate([-100, 220, -121])
    assert status == IrrStatus.SEVERAL
    assert value == pytest.approx(0.1, abs=1e-9)


@pytest.mark.jit_off
@pytest.mark.parametrize("power", [3, 4, 6, 9])
def test_a_root_of_high_multiplicity_is_flagged_and_ends(power):
    flows = np.array([1.0])
    for _ in range(power):
        flows = np.convolve(flows, [-1.0, 1.0])
    value, status = rate(flows)
    assert status == IrrStatus.SEVERAL
    assert value == pytest.approx(0.0, abs=0.05)


@pytest.mark.jit_off
@pytest.mark.parametrize("gap", [1e-1, 1e-3, 1e-5, 1e-7])
def test_two_roots_that_nearly_meet_are_both_seen(gap):
    """Down to a ten-millionth apart a pair is resolved to 1e-12."""
    flows = np.convolve([-1.0, 1.05], [1.0, -(1.05 + gap)])
    exact, said = naive.irr(flows, 1.0)
    value, status = rate(flows)
    assert said == status == IrrStatus.SEVERAL
    assert value == pytest.approx(float(exact), abs=1e-12)


def test_one_change_of_sign_against_fifty_digits():
    rng = np.random.default_rng(20160701)
    for _ in range(1_100):
        flows = naive.one_change_flows(rng)
        value, status = rate(flows, 12.0)
        log_rate, said = solve_log_rate(flows, len(flows), 12.0)
        assert status == said == IrrStatus.UNIQUE
        assert naive.error_of_one_change(flows, value, log_rate) <= 1e-12


def test_several_changes_of_sign_against_exact_isolation():
    rng = np.random.default_rng(20160702)
    for _ in range(400):
        flows = naive.several_changes_flows(rng, longest=20)
        if naive.sign_changes(flows) > 1:
            assert naive.error_of_several_changes(flows, *rate(flows, QUARTERLY)) <= 1e-12


def test_the_reference_knows_the_staircase():
    for flows, periods_per_year, value, status in STAIRCASE:
        if status != IrrStatus.OUT_OF_RANGE:
            found, said = naive.irr(flows, periods_per_year)
            assert said == status
            assert float(found) == pytest.approx(value, rel=1e-13, abs=1e-13, nan_ok=True)


# A batch


def deals(paths, periods, seed=7):
    """Flows[p, t] of every kind that a batch meets, most of them ordinary."""
    rng = np.random.default_rng(seed)
    flows = np.zeros((paths, max(periods, 6)))
    width = flows.shape[1]
    half = width // 2
    flows[:, :half] = -rng.uniform(0.5, 1.5, (paths, half))
    came = rng.lognormal(0.3, 0.8, (paths, width - half))
    flows[:, half:] = came * (rng.random(came.shape) < 0.4)
    late = rng.random(paths) < 0.2
    flows[late, half + 2] -= 2.0
    early = rng.random(paths) < 0.2
    flows[early, 2] += rng.uniform(0.0, 12.0, early.sum())
    flows[rng.random(paths) < 0.05] = 0.0
    lost = rng.random(paths) < 0.05
    flows[lost] = -abs(flows[lost])
    nearly = rng.random(paths) < 0.05
    flows[nearly, half:] *= 1e-9
    flows[rng.random(paths) < 0.02] *= -1.0
    flows[0, 0] = NAN
    flows[1, :3], flows[1, 3:] = [-1.0, 2.0, -1.5], 0.0
    return flows[:, :periods] * 10.0 ** rng.uniform(-6, 12, (paths, 1))


@pytest.mark.parametrize("periods", [1, 2, 3, 4, 5, 28, 31, 120])
def test_a_batch_gives_the_bits_of_each_flow_alone(periods):
    flows = deals(300, periods)
    value, status = batch(flows)
    for path, row in enumerate(flows):
        alone, said = irr(row, periods, QUARTERLY)
        assert said == status[path]
        assert np.float64(alone).tobytes() == value[path].tobytes() or alone != alone


def test_a_rate_depends_on_no_neighbor_and_no_place():
    flows = deals(5 * ABREAST + 3, 28)
    value, status = batch(flows)
    order = np.random.default_rng(1).permutation(len(flows))
    shuffled = batch(flows[order])
    np.testing.assert_array_equal(shuffled[0], value[order])
    np.testing.assert_array_equal(shuffled[1], status[order])
    for first in (1, 7, ABREAST, len(flows) - 1):
        np.testing.assert_array_equal(batch(flows[first:])[0], value[first:])


def test_every_status_occurs_in_the_batch_and_most_flows_go_the_quick_way():
    flows = deals(3_000, 28)
    assert set(batch(flows)[1]) == set(IrrStatus)
    ordinary = flows[[naive.sign_changes(row) == 1 and row[0] < 0 for row in flows]]
    quick = sum(quickly(row)[1] != UNDECIDED for row in ordinary)
    assert quick >= 0.9 * len(ordinary)


def test_the_quick_way_and_the_careful_way_agree():
    for row in deals(1_000, 28):
        quick, said = quickly(row)
        if said != UNDECIDED:
            careful, status = solve_log_rate(row, 28, QUARTERLY)
            assert said == status
            assert quick == pytest.approx(careful, abs=1e-14)


# Paid in the middle of a program, and drawn again


def paid_midway(rng):
    """An investor who draws each quarter and is paid at two to four dates, at times made whole."""
    n = int(rng.integers(8, 30))
    flows = -rng.uniform(0.2, 1.0, n)
    flows[rng.random(n) < 0.1] = 0.0
    dates = rng.choice(np.arange(2, n), int(rng.integers(2, 5)), replace=False)
    flows[dates] += rng.lognormal(1.2, 0.9, len(dates)) * n / 10
    flows[int(rng.integers(n // 2, n)) :] *= rng.choice([1.0, 0.1, 0.0])
    if rng.random() < 0.5:
        flows[-1] = rng.uniform(0.01, 2.0)
    flows[0] = -rng.uniform(0.2, 1.0)
    return flows


def test_flows_paid_midway_against_exact_isolation():
    rng = np.random.default_rng(20161122)
    for _ in range(150):
        flows = paid_midway(rng)
        if naive.sign_changes(flows) > 1:
            assert naive.error_of_several_changes(flows, *rate(flows, QUARTERLY)) <= 1e-12


def test_the_quick_way_agrees_with_the_careful_one_on_flows_paid_midway():
    """Many of them are settled, and none wrongly."""
    rng = np.random.default_rng(20161123)
    seen = Counter()
    for _ in range(4_000):
        flows = paid_midway(rng)
        quick, said = quickly(flows)
        careful, status = solve_log_rate(flows, len(flows), QUARTERLY)
        if said == UNDECIDED:
            seen[UNDECIDED, status] += 1
            continue
        seen[said] += 1
        assert said == status, flows
        assert quick == pytest.approx(careful, abs=1e-13)
    assert min(seen[IrrStatus.SEVERAL], seen[IrrStatus.SEVERAL_UNIQUE]) > 150


def test_nearly_all_flows_of_the_yardstick_deal_go_the_quick_way():
    """Its investors are paid at four dates and draw in between."""
    compiled = compile_scenario(YARDSTICK)
    scratch, nothing = compiled.scratch(ledger=True), nothing_given(compiled.scenario)
    quick, careful = 0, 0
    for path, row in enumerate(compiled.inputs.draw(0, 200)):
        live(compiled.plan, scratch, row, path, 0, nothing)
        for flows in read_cash(scratch.ledger).flow:
            if naive.sign_changes(flows) > 1:
                said = quickly(flows)[1]
                quick, careful = quick + (said != UNDECIDED), careful + (said == UNDECIDED)
    assert careful < 0.05 * quick


# No rate at which the investor breaks even


def ask_for_none(flows):
    """What `has_no_root` says of flows that begin and end with something."""
    flows = np.asarray(flows, np.float64)
    return has_no_root(flows, 0, len(flows) - 1)


def test_who_is_told_to_have_no_root_breaks_even_at_no_rate():
    """By exact isolation, and as the careful walk finds; few of those it finds are left to it."""
    rng = np.random.default_rng(20161124)
    seen, exact = Counter(), 0
    for _ in range(3_000):
        flows = paid_midway(rng)
        flows[-1] = -rng.uniform(0.01, 1.0)
        if naive.sign_changes(flows) < 2:
            continue
        told = ask_for_none(flows)
        status = solve_several(flows, 0, len(flows) - 1, 1.0, QUARTERLY)[1]
        seen[told, status == IrrStatus.NO_ROOT] += 1
        if told and exact < 60:
            exact += 1
            assert naive.all_log_rates(flows) == ([], [])
    assert seen[True, False] == 0
    assert seen[True, True] > 100 * seen[False, True]
    assert seen[True, True] > 250
    assert seen[False, False] > 500


@pytest.mark.parametrize("short", [1e-1, 1e-2, 1e-4, 1e-6, 1e-8, 1e-10, 1e-12, 0.0, -1e-12, -1e-3])
@pytest.mark.parametrize("spread", [1e-3, 0.2, 1.0, 40.0])
@pytest.mark.parametrize("gap", [1, 4, 30])
def test_who_nearly_breaks_even_is_told_so_only_if_sure(short, spread, gap):
    """A payment, a receipt and a payment: a double root where the receipt squared is four times
    the product of the payments."""
    flows = np.zeros(2 * gap + 1)
    flows[0], flows[-1] = -1.0, -spread
    flows[gap] = 2.0 * math.sqrt(spread) * (1.0 - short)
    if short < 1e-8:
        assert not ask_for_none(flows)
    if short >= 1e-4 and abs(math.log(spread)) < 2.0 * gap:
        assert ask_for_none(flows)
    if ask_for_none(flows):
        assert rate(flows)[1] == IrrStatus.NO_ROOT


def test_where_doubles_end_nothing_is_told_for_sure():
    assert rate([-1e-300, 1e-10, -1e300])[1] == IrrStatus.OUT_OF_RANGE
    assert not ask_for_none([-1e-320, 1e-310, -1e-320])
    assert not ask_for_none([-1e308, 1e308, -1e308])


def test_flows_that_begin_or_end_with_a_receipt_are_left_to_the_walk():
    assert not ask_for_none([5.0, 1.0, -1.0])
    assert not ask_for_none([-1.0, 1.0, 5.0])


OWED = [
    # owed all the way but for the fourth quarter: neighbors settle it
    ("neighbors", [-1, -1, -1, 4, -2, -1, -1, -1, 6], IrrStatus.SEVERAL_UNIQUE),
    # made whole for long, and little drawn after: a pivot does
    ("pivot", [-10, -10, -10, 40, *[-0.5] * 8, 3], IrrStatus.SEVERAL_UNIQUE),
    # the last flow is a payment: another root, far away
    ("nearest", [-10, -10, 25, -1, -1, -0.5], IrrStatus.SEVERAL),
]


@pytest.mark.jit_off
@pytest.mark.parametrize(("how", "flows", "status"), OWED)
def test_each_way_to_show_that_a_root_counts(how, flows, status):
    flows = np.array(flows, dtype=np.float64)
    x, said = quickly(flows)
    assert said == status == naive.irr(flows, QUARTERLY)[1]
    size = float(np.sum(np.abs(flows) * math.exp(-x) ** np.arange(len(flows))))
    out, block = np.empty(1), repeated(flows)
    ask_neighbors(block, np.empty_like(block), x, size, out)
    assert out[0] == (how == "neighbors")


@pytest.mark.parametrize("flows", [
    # what is owed before the last payment is a share of 6e-14 of all flows
    [-3.413e-02, -1.617e07, -2.183e07, 3.887e07, -4.496e-06],
    # the rate near −100 % is nearer than 1,404 %; small flows at the end alone tell
    [-7e3, -4.6e5, 8.5e6, 1.8, -19.0, -1.6e-7, 1.6, 4.5e5, -0.23, 4.9e7, 2e-5, 3e-5, -8e-8],
])  # fmt: skip
def test_another_root_that_hangs_on_a_tiny_flow_is_not_overlooked(flows):
    flows = np.array(flows)
    exact, said = naive.irr(flows, 1.0)
    value, status = rate(flows)
    assert said == status == IrrStatus.SEVERAL
    assert value == pytest.approx(float(exact), abs=1e-12)


def test_a_root_that_is_not_the_nearest_is_left_to_the_careful_way():
    """−1 + 2.3v − 1.32v²: 10 % and 20 % a period; beside 20 % the other is nearer."""
    flows, out = repeated([-1.0, 2.3, -1.32]), np.empty(2)
    for place, growth in enumerate((1.1, 1.2)):
        look_from(flows, np.empty_like(flows), math.log(growth), 4.0, out[place:])
    near, far = out
    assert near != IrrStatus.SEVERAL_UNIQUE and far == UNDECIDED


@pytest.mark.jit_off
def test_a_small_batch_without_the_compiler():
    value, status = batch(np.array([[-100.0, 0.0, 121.0], [-1.0, 0.0, 0.0]]), 1.0)
    assert value == pytest.approx([0.1, -1.0], abs=1e-15)
    assert list(status) == [IrrStatus.UNIQUE, IrrStatus.TOTAL_LOSS]
    assert batch(np.empty((0, 5)))[0].size == 0


# Properties

money = st.floats(0.01, 1e6)
paid = st.lists(money, min_size=1, max_size=12)
came = st.lists(st.one_of(st.just(0.0), money), min_size=1, max_size=12)


@given(paid, came, st.floats(1e-6, 1e6))
def test_scaling_the_money_leaves_the_rate(payments, receipts, scale):
    flows = np.array([-p for p in payments] + receipts)
    value, status = rate(flows, QUARTERLY)
    scaled, said = rate(flows * scale, QUARTERLY)
    assert said == status
    assert scaled == pytest.approx(value, rel=1e-11, abs=1e-12)


@given(paid, came, st.integers(1, 40), st.integers(0, 40))
def test_waiting_before_and_after_leaves_the_rate(payments, receipts, before, after):
    flows = [-p for p in payments] + receipts
    value, status = rate(flows, QUARTERLY)
    shifted, said = rate([0.0] * before + flows + [0.0] * after, QUARTERLY)
    assert said == status
    assert shifted == pytest.approx(value, rel=1e-11, abs=1e-12)


@given(paid, came, st.data(), money)
def test_a_further_receipt_raises_the_rate(payments, receipts, data, more):
    flows = [-p for p in payments] + receipts
    value, _ = rate(flows, QUARTERLY)
    when = data.draw(st.integers(len(payments), len(flows) - 1))
    if value == -1.0 or math.isinf(value):
        return
    growth = (1.0 + value) ** (1.0 / QUARTERLY)
    present = np.array(flows) * growth ** -np.arange(len(flows), dtype=float)
    rise = more * growth**-when / abs((np.arange(len(flows)) * present).sum())
    flows[when] += more
    raised = rate(flows, QUARTERLY)[0]
    # What moves the log rate by less than it is good to, or the rate by less than the distance of
    # two doubles, need not show; but no receipt lowers the rate by more than that.
    good_to = 1e-14 * (1.0 + abs(math.log(growth)))
    shows = rise > good_to and (1.0 + value) * QUARTERLY * rise > 2.0**-52
    least = value - QUARTERLY * good_to * (1.0 + value) - 2.0**-52
    assert raised > value if shows else raised >= least


@given(st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=24))
def test_present_value_at_the_rate_is_zero(flows):
    value, status = rate(flows)
    assume(status in (IrrStatus.UNIQUE, IrrStatus.SEVERAL_UNIQUE) and -0.9 < value < 10)
    flows = np.array(flows)
    present = flows / (1.0 + value) ** np.arange(len(flows))
    assert abs(present.sum()) <= 1e-12 * np.abs(present).sum() * len(flows)


@given(st.lists(st.integers(-9, 9), min_size=1, max_size=9))
def test_small_whole_flows_against_exact_isolation(flows):
    """Whole numbers make double roots and roots at zero that random reals never hit."""
    exact, said = naive.irr(flows, 1.0)
    value, status = rate(flows)
    assert status == said or (status == IrrStatus.SEVERAL and math.isfinite(value))
    if status == said and not naive.is_multiple(flows):
        assert value == pytest.approx(float(exact), rel=1e-12, abs=1e-12, nan_ok=True)
