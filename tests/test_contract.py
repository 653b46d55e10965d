"""What a contract pays, by hand: staircases around every knot, cap and date, in dollars."""

import numpy as np
import pytest

from pfs_sim.tables.state import NEVER, StopCause
from tests.money_case import Case, years

CLOSE = {"rel": 1e-12, "abs": 1e-9}


def case(terms, *, dates=None, measures=None, contract=None, **more):
    """A deal of these terms over measures `x` and `z` that the tests give."""
    found = {
        name: {"outcome": "event", "statistic": "total", "design": "validated"} for name in "xz"
    }
    return Case(
        evaluation={"dates": dates or {"final": 4}, "measures": found | (measures or {})},
        contract={"terms": terms} | (contract or {}),
        **more,
    )


def term(schedule=None, **more):
    return {"measure": "x", "schedule": schedule or {"kind": "rate", "price": 1.0}} | more


# ---- schedules ---------------------------------------------------------------------------------

# Denver's jail bed-days: nothing below 20 points; 160,000 a point to 30; 38,000 beyond; flat at 65
JAIL = {
    "kind": "pieces",
    "pieces": [
        [20.0, 3_200_000.0, 160_000.0],
        [30.0, 4_800_000.0, 38_000.0],
        [65.0, 6_130_000.0, 0.0],
    ],
}
RIKERS = {
    "kind": "tiers",
    "tiers": [
        [0.085, 4_800_000.0],
        [0.10, 9_600_000.0],
        [0.11, 10_080_000.0],
        [0.12, 10_176_000.0],
        [0.125, 10_272_000.0],
        [0.13, 10_368_000.0],
        [0.16, 10_944_000.0],
        [0.20, 11_712_000.0],
    ],
}
RAMP = {"kind": "points", "points": [[0.1, 100.0], [0.3, 300.0], [0.5, 400.0]]}

STAIRCASES = {
    "denver_jail": (
        JAIL,
        {
            0.0: 0.0,
            19.9: 0.0,
            20.0: 3_200_000.0,
            20.5: 3_280_000.0,
            30.0: 4_800_000.0,
            38.0: 5_104_000.0,
            64.0: 6_092_000.0,
            65.0: 6_130_000.0,
            80.0: 6_130_000.0,
        },
    ),
    "rikers": (
        RIKERS,
        {
            -0.05: 0.0,
            0.0849: 0.0,
            0.085: 4_800_000.0,
            0.0999: 4_800_000.0,
            0.1: 9_600_000.0,
            0.1 - 1e-14: 9_600_000.0,  # 10 % computed with a rounding error is 10 %
            0.1 - 1e-11: 4_800_000.0,
            0.1249: 10_176_000.0,
            0.125: 10_272_000.0,
            0.2: 11_712_000.0,
            0.9: 11_712_000.0,
        },
    ),
    "more_than": (
        RIKERS | {"above": True},
        {0.1: 4_800_000.0, 0.1 + 1e-14: 4_800_000.0, 0.1 + 1e-11: 9_600_000.0},
    ),
    "points": (RAMP, {0.0: 100.0, 0.1: 100.0, 0.2: 200.0, 0.3: 300.0, 0.4: 350.0, 0.6: 400.0}),
    "points_threshold": (
        RAMP | {"threshold": 0.2},
        {0.1: 0.0, 0.1999: 0.0, 0.2: 200.0, 0.3: 300.0, 0.45: 375.0},
    ),
    "points_threshold_below": (
        RAMP | {"threshold": 0.05},
        {0.0499: 0.0, 0.05: 100.0, 0.1: 100.0, 0.2: 200.0},
    ),
    "rate": ({"kind": "rate", "price": 15.12}, {0.0: 0.0, 1.0: 15.12, 12_457.0: 188_349.84}),
    "rate_from": (
        {"kind": "rate", "price": 10.0, "from": 5.0},
        {4.999: 0.0, 5.0: 50.0, 6.0: 60.0},  # nothing below 5, from it on every unit
    ),
    "rate_one_way": ({"kind": "rate", "price": 10.0}, {-3.0: 0.0, 3.0: 30.0}),
    "rate_both_ways": (
        {"kind": "rate", "price": 10.0, "both_ways": True},
        {-3.0: -30.0, -1e-9: -1e-8, 0.0: 0.0, 3.0: 30.0},
    ),
    "savings": (
        {"kind": "savings", "value": 2_607.0, "share": 0.95},
        {-1.0: 0.0, 0.0: 0.0, 109.0: 269_954.85},
    ),
    "fixed": ({"kind": "fixed", "amount": 70.0}, {-1.0: 70.0, 0.0: 70.0, 9.0: 70.0}),
    "below": (
        {"kind": "tiers", "below": -50.0, "tiers": [[1.0, 0.0], [2.0, 50.0]]},
        {0.9: -50.0, 1.0: 0.0, 2.0: 50.0},
    ),
}


@pytest.mark.parametrize("name", STAIRCASES)
def test_staircase(name):
    schedule, dollars = STAIRCASES[name]
    found = case({"pay": term(schedule)})
    for x, amount in dollars.items():
        found.live({"x": x})
        assert found.paid() == pytest.approx(years({4: amount}), rel=1e-12, abs=1e-7), x


@pytest.mark.jit_off
def test_denver_to_the_cent():
    # 12,457 days paid first; 258,858 by October 2020; 299,928 in all; 38 % fewer days in jail
    found = case(
        {
            "housing": term({"kind": "rate", "price": 15.12}, cap=5_290_000.0),
            "jail": term(JAIL, measure="z", at=["last"]),
        },
        dates={"first": 1, "later": 4, "last": 5},
        contract={"cap": 11_420_000.0},
    )
    cash = found.live({"x": [12_457.0, 258_858.0, 299_928.0], "z": 38.0})
    assert found.paid("housing") == pytest.approx(
        years({1: 188_349.84, 4: 3_913_932.96 - 188_349.84, 5: 620_978.40}), abs=5e-7
    )
    assert found.paid("jail") == years({5: 5_104_000.0})
    assert round(cash.paid.sum(), 2) == 9_638_911.36


# ---- claims ------------------------------------------------------------------------------------

THREE = {"one": 2, "two": 4, "three": 6}


@pytest.mark.parametrize(
    ("more", "values", "payments"),
    [
        ({}, [100.0, 150.0, 120.0], {2: 100.0, 4: 50.0}),  # less than before: nothing
        ({"claw_back": True}, [100.0, 150.0, 120.0], {2: 100.0, 4: 50.0, 6: -30.0}),
        ({"cap": 130.0}, [100.0, 150.0, 180.0], {2: 100.0, 4: 30.0}),
        ({"cap": 130.0, "claw_back": True}, [100.0, 150.0, 120.0], {2: 100.0, 4: 30.0, 6: -10.0}),
        ({"basis": "each"}, [100.0, 150.0, 120.0], {2: 100.0, 4: 150.0, 6: 120.0}),
        ({"basis": "each", "cap": 300.0}, [100.0, 150.0, 120.0], {2: 100.0, 4: 150.0, 6: 50.0}),
        ({"floor": 110.0}, [100.0, 150.0, 180.0], {2: 110.0, 4: 40.0, 6: 30.0}),
        ({"floor": 110.0, "basis": "each"}, [100.0, 150.0, 0.0], {2: 110.0, 4: 150.0, 6: 110.0}),
        ({"floor": 500.0, "cap": 300.0}, [100.0, 150.0, 180.0], {2: 300.0}),
        ({"at": ["two"]}, [100.0, 150.0, 180.0], {4: 150.0}),
        ({"at": ["three", "one"]}, [100.0, 150.0, 180.0], {2: 100.0, 6: 80.0}),
        ({"lag": 3}, [100.0, 150.0, 180.0], {5: 100.0, 7: 50.0, 9: 30.0}),
        ({"lag": "24 months"}, [100.0, 100.0, 100.0], {4: 100.0}),
        ({"times": 3.0}, [100.0, 150.0, 150.0], {2: 300.0, 4: 150.0}),
    ],
)
def test_claims_over_three_evaluations(more, values, payments):
    found = case({"pay": term(**more)}, dates=THREE)
    cash = found.live({"x": values})
    assert found.paid() == pytest.approx(years(payments), **CLOSE)
    assert cash.due.sum() == pytest.approx(sum(payments.values()), **CLOSE)


def test_what_arrives_past_the_grid_is_lost():
    found = case({"pay": term(lag=5)}, dates=THREE)
    cash = found.live({"x": [100.0, 150.0, 180.0]})
    assert found.paid() == years({7: 100.0, 9: 50.0})
    assert cash.lost[0].tolist() == years({6: 30.0})


def test_a_measure_that_does_not_exist_pays_nothing():
    terms = {
        "plain": term(floor=10.0),
        "times": term(times="z"),
        "condition": term(only_if={"c": {"measure": "z", "below": 100.0}}),
    }
    found = case(terms, dates=THREE)
    found.live({"x": [np.nan, 150.0, np.nan]})  # nobody measured unless given
    assert found.paid("plain") == years({4: 150.0})
    assert found.paid("times") == years({})
    assert found.paid("condition") == years({})


def test_level_times_volume():
    found = case({"pay": term(times="z")}, dates=THREE)
    found.live({"x": [0.1, 0.2, 0.2], "z": [1000.0, 1000.0, 1500.0]})
    assert found.paid() == pytest.approx(years({2: 100.0, 4: 100.0, 6: 100.0}), **CLOSE)


@pytest.mark.parametrize(
    ("condition", "z", "pays"),
    [
        ({"at_least": 0.2}, 0.2, True),
        ({"at_least": 0.2}, 0.2 - 1e-14, True),
        ({"at_least": 0.2}, 0.199, False),
        ({"below": 0.2}, 0.2, False),
        ({"below": 0.2}, 0.2 - 1e-14, False),  # that is 0.2: exactly one of the two bounds holds
        ({"below": 0.2}, 0.199, True),
        ({"at_least": 0.1, "below": 0.2}, 0.15, True),
        ({"at_least": 0.1, "below": 0.2}, 0.05, False),
    ],
)
def test_condition(condition, z, pays):
    found = case({"pay": term(only_if={"c": {"measure": "z"} | condition})})
    found.live({"x": 100.0, "z": z})
    assert found.paid() == years({4: 100.0} if pays else {})


@pytest.mark.parametrize(("x", "z", "pays"), [(0, 0, 0), (0, 1, 1), (1, 0, 1), (1, 1, 1)])
def test_any_of_and_all_of(x, z, pays):
    bounds = {name: {"measure": name, "at_least": 0.5} for name in "xz"}
    found = case(
        {
            "one": term({"kind": "fixed", "amount": 7.0}, any_of=bounds),
            "both": term({"kind": "fixed", "amount": 9.0}, only_if=bounds),
        }
    )
    found.live({"x": float(x), "z": float(z)})
    assert found.paid("one") == years({4: 7.0 * pays})
    assert found.paid("both") == years({4: 9.0 * (x * z)})


def test_a_second_chance_ends_once_the_first_has_paid():
    found = case(
        {
            "cohort": term({"kind": "tiers", "tiers": [[0.1, 50.0]]}, at=["one", "two"]),
            "pooled": term(
                {"kind": "tiers", "tiers": [[0.1, 80.0]]},
                measure="z",
                at=["three"],
                unless_paid=["cohort"],
            ),
        },
        dates=THREE,
    )
    found.live({"x": [0.05, 0.05, 0.0], "z": 0.2})
    assert found.paid("pooled") == years({6: 80.0})
    found.live({"x": [0.05, 0.15, 0.0], "z": 0.2})
    assert found.paid("cohort") == years({4: 50.0})
    assert found.paid("pooled") == years({})


def test_fixed_payments_at_dates():
    found = case(
        {
            "standing": {"schedule": {"kind": "fixed", "amount": 10.0}, "at": [0, 3, "2029-06-01"]},
            "always": {"schedule": {"kind": "fixed", "amount": 1.0}},
            "capped": {"schedule": {"kind": "fixed", "amount": 10.0}, "at": [1, 2, 3], "cap": 25.0},
            "bonus": {
                "schedule": {"kind": "fixed", "amount": 5.0},
                "at": [3, 5],
                "only_if": {"c": {"measure": "x", "at_least": 1.0}},
            },
        },
        dates=THREE,
    )
    found.live({"x": [2.0, 0.0, 2.0]})
    assert found.paid("standing") == years({0: 10.0, 3: 10.0, 10: 10.0})
    assert found.paid("always") == years({2: 1.0, 4: 1.0, 6: 1.0})
    assert found.paid("capped") == years({1: 10.0, 2: 10.0, 3: 5.0})
    assert found.paid("bonus") == years({3: 5.0})  # the evaluation before grid point 5 says no


def test_escalation_in_whole_years():
    found = case(
        {
            "from_start": term(basis="each", escalation={"rate": 0.10}),
            "from_a_date": term(basis="each", escalation={"rate": 0.10, "since": "2020-07-01"}),
        },
        dates={"one": 1, "two": 2, "three": 4},
    )
    found.live({"x": 100.0})
    assert found.paid("from_start") == pytest.approx(
        years({1: 110.0, 2: 121.0, 4: 146.41}), **CLOSE
    )
    # 1 January 2021 is half a year after 1 July 2020: no whole year yet
    assert found.paid("from_a_date") == pytest.approx(
        years({1: 100.0, 2: 110.0, 4: 133.1}), **CLOSE
    )


def test_holdback_is_released_or_forfeited():
    hold = {"share": 0.2, "release": 5}
    condition = {"only_if": {"c": {"measure": "z", "at_least": 1.0}}}
    found = case(
        {
            "released": term(holdback=hold, lag=1),
            "tested": term(holdback=hold | condition),
            "beyond": term(holdback={"share": 0.2, "release": 40}),
        },
        dates=THREE,
    )
    cash = found.live({"x": [100.0, 150.0, 200.0], "z": [1.0, 0.0, 1.0]})
    # 20 and 10 are held; at 5 they fall due and come a year later; what is claimed at 6 is whole
    assert found.paid("released") == pytest.approx(
        years({3: 80.0, 5: 40.0, 6: 30.0, 7: 50.0}), **CLOSE
    )
    # the last evaluation before 5 says no: 30 forfeited
    assert found.paid("tested") == pytest.approx(years({2: 80.0, 4: 40.0, 6: 50.0}), **CLOSE)
    assert cash.forfeited[1].tolist() == pytest.approx(years({5: 30.0}), **CLOSE)
    assert cash.lost[2].tolist() == pytest.approx(years({10: 40.0}), **CLOSE)
    for row in range(3):
        whole = cash.paid[row].sum() + cash.forfeited[row].sum() + cash.lost[row].sum()
        assert cash.due[row].sum() == pytest.approx(whole, **CLOSE)


def test_a_release_asks_the_last_evaluation():
    hold = {"share": 0.5, "only_if": {"c": {"measure": "people", "at_least": 24.0}}}
    found = case(
        {
            "before": term(holdback=hold | {"release": 1}),
            "between": term(holdback=hold | {"release": 3}),
            "at": term(holdback=hold | {"release": 5}),
        },
        measures={"people": {"program": "treated"}},
        dates={"one": 2, "two": 5},
    )
    found.people.enrolled[1, :6] = 8.0  # 16 at the first evaluation, 40 at the second
    found.live({"x": 100.0})
    assert found.paid("before") == years({2: 100.0})
    assert found.paid("between") == years({2: 50.0})
    assert found.paid("at") == years({2: 50.0, 5: 50.0})


def test_a_return_table_that_arrives_at_the_release_is_whole():
    table = {"kind": "fixed", "amount": 0.0}
    hold = {"share": 0.5, "release": 5}
    found = case({"pay": term(table, pays="irr", lag=1, holdback=hold)}, capital=LOAN)
    cash = found.live({"x": 1.0})
    assert found.paid() == years({5: 1_000.0})
    assert cash.lost.sum() == 0.0


def test_what_is_claimed_at_the_release_is_released_with_the_rest():
    found = case({"pay": term(holdback={"share": 0.5, "release": 4})}, dates=THREE)
    found.live({"x": [100.0, 150.0, 150.0]})
    assert found.paid() == pytest.approx(years({2: 50.0, 4: 100.0}), **CLOSE)


def test_payments_both_ways_pass_uncapped():
    # DC Water: above 41.3 the issuer pays 3.3 more, below 18.6 the investors pay it back
    tiers = {"kind": "tiers", "below": -3.3, "tiers": [[18.6, 0.0], [41.3, 3.3]]}
    found = case({"pay": term(tiers, cap=2.0)}, contract={"cap": 1.0})
    for x, amount in {10.0: -3.3, 18.6: 0.0, 30.0: 0.0, 41.3: 1.0}.items():
        found.live({"x": x})
        assert found.paid() == pytest.approx(years({4: amount}), **CLOSE)
        assert found.cash.payor[0].tolist() == found.paid()


# ---- caps --------------------------------------------------------------------------------------

EVERY = {f"y{t}": t for t in range(2, 8)}


def test_fiscal_year_cap_forfeits_or_carries():
    capped = {"amount": 100.0}
    found = case(
        {
            "forfeit": term(basis="each", fiscal_year_cap=capped),
            "carry": term(basis="each", fiscal_year_cap=capped | {"excess": "carry"}),
        },
        dates=EVERY,
    )
    cash = found.live({"x": [80.0, 150.0, 250.0, 20.0, 0.0, 0.0]})
    assert found.paid("forfeit") == years({2: 80.0, 3: 100.0, 4: 100.0, 5: 20.0})
    assert cash.cut[0].tolist() == years({3: 50.0, 4: 150.0})
    # 3: 150, 50 carried; 4: 300, 200 carried; 5: 220, 120 carried; 6: 120, 20 carried; 7: 20
    assert found.paid("carry") == years({2: 80.0, 3: 100.0, 4: 100.0, 5: 100.0, 6: 100.0, 7: 20.0})
    assert cash.carried[1].tolist() == years({3: 50.0, 4: 200.0, 5: 120.0, 6: 20.0})
    assert cash.cut[1].sum() == 0.0


def test_fiscal_years_begin_in_their_month():
    # quarters from 1 January 2020, fiscal years from July: grid points 2 and 6 begin new ones
    found = case(
        {"pay": term(basis="each", fiscal_year_cap={"amount": 100.0, "excess": "carry"})},
        clock={"start": "2020-01-01", "period": "quarter", "periods": 10, "fiscal_year_start": 7},
        dates={f"q{t}": t for t in (0, 1, 2, 3, 5)},
    )
    found.live({"x": [70.0, 70.0, 30.0, 10.0, 90.0]})
    # FY20: 70 + 30, 40 carried to grid point 2; FY21: 70, 10, then 20 of 90, 70 carried to 6
    assert found.paid() == years({0: 70.0, 1: 30.0, 2: 70.0, 3: 10.0, 5: 20.0, 6: 70.0})


def test_what_is_carried_past_the_grid_is_lost():
    found = case(
        {"pay": term(fiscal_year_cap={"amount": 100.0, "excess": "carry"})}, dates={"last": 9}
    )
    cash = found.live({"x": 350.0})
    assert found.paid() == years({9: 100.0, 10: 100.0})
    assert cash.lost[0].tolist() == years({10: 150.0})


def test_what_is_carried_stays_with_its_payor():
    halves = term(payors={"state": 0.5, "county": 0.5})
    county = {"fiscal_year_cap": {"amount": 50.0, "excess": "carry"}}
    for state in ({}, {"cap": 100.0}):  # the county's debt uses up nothing of the state's ceiling
        found = case({"pay": halves}, contract={"payors": {"state": state, "county": county}})
        cash = found.live({"x": 200.0})
        assert cash.payor[0].tolist() == years({4: 100.0})
        assert cash.payor[1].tolist() == years({4: 50.0, 5: 50.0})
        assert found.paid() == years({4: 150.0, 5: 50.0})
        assert cash.carried[0].tolist() == years({4: 50.0})
        assert cash.cut.sum() == 0.0
    # a cap on the whole leaves each payor's part of the excess with that payor
    capped = {"fiscal_year_cap": {"amount": 80.0, "excess": "carry"}}
    shares = {"a": 0.75, "b": 0.25}
    for words in ({"contract": capped}, {"term": capped}):
        found = case(
            {
                "pay": term(payors=shares) | words.get("term", {}),
                "own": {
                    "schedule": {"kind": "fixed", "amount": 40.0}, "payors": {"b": 1.0}, "at": [5]
                },
            },
            contract={"payors": {"a": {}, "b": {"cap": 55.0}}} | words.get("contract", {}),
        )
        cash = found.live({"x": 100.0})
        # b pays 20, then 5 that came over, then 30 of the 40 of its own
        assert cash.payor[0].tolist() == pytest.approx(years({4: 60.0, 5: 15.0}), **CLOSE)
        assert cash.payor[1].tolist() == pytest.approx(years({4: 20.0, 5: 35.0}), **CLOSE)
        assert found.paid("own") == pytest.approx(years({5: 30.0}), **CLOSE)


def test_caps_bind_in_order_of_arrival_then_of_the_file():
    terms = {
        "first": term({"kind": "rate", "price": 2.0}),
        "second": term(),
        "third": term(lag=1),
    }
    found = case(terms, contract={"cap": 250.0})
    cash = found.live({"x": 100.0})
    assert found.paid("first") == years({4: 200.0})
    assert found.paid("second") == years({4: 50.0})
    assert found.paid("third") == years({})
    assert cash.cut.sum(1).tolist() == [0.0, 50.0, 100.0]
    found = case(terms, contract={"fiscal_year_cap": {"amount": 250.0, "excess": "carry"}})
    found.live({"x": 100.0})
    assert found.paid("second") == years({4: 50.0, 5: 50.0})
    assert found.paid("third") == years({5: 100.0})


def test_two_payors_with_ceilings():
    # like Roca: a state and a federal payor, each with its own ceiling
    found = case(
        {
            "shared": term(payors={"state": 0.6, "federal": 0.4}, basis="each"),
            "own": term({"kind": "fixed", "amount": 30.0}, payors={"federal": 1.0}, at=["two"]),
        },
        dates=THREE,
        contract={"payors": {"state": {"cap": 100.0}, "federal": {"cap": 90.0}}},
    )
    cash = found.live({"x": [100.0, 100.0, 100.0]})
    # state 60, then 40 (cap 100), then 0; federal 40, 40, then 10 of the 30 of its own, then 0
    assert found.paid("shared") == pytest.approx(years({2: 100.0, 4: 80.0}), **CLOSE)
    assert found.paid("own") == pytest.approx(years({4: 10.0}), **CLOSE)
    assert cash.payor.sum(1).tolist() == pytest.approx([100.0, 90.0], **CLOSE)
    assert cash.cut[0].tolist() == pytest.approx(years({4: 20.0, 6: 100.0}), **CLOSE)


def test_a_cut_of_the_whole_payment_is_shared_by_its_payors():
    found = case(
        {"pay": term(payors={"a": 0.75, "b": 0.25}, fiscal_year_cap={"amount": 80.0})},
        contract={"payors": {"a": {}, "b": {"fiscal_year_cap": {"amount": 15.0}}}},
    )
    cash = found.live({"x": 100.0})
    # 80 of 100: 60 and 20; b may pay 15
    assert cash.payor[:, 4].tolist() == pytest.approx([60.0, 15.0], **CLOSE)
    assert found.paid() == pytest.approx(years({4: 75.0}), **CLOSE)
    assert cash.cut[0, 4] == pytest.approx(25.0, **CLOSE)


def test_payors_share_equally_unless_said():
    found = case({"pay": term()}, contract={"payors": {"a": {}, "b": {}, "c": {}}})
    cash = found.live({"x": 90.0})
    assert cash.payor[:, 4].tolist() == pytest.approx([30.0] * 3, **CLOSE)


@pytest.mark.parametrize(
    "contract",
    [
        {"cap": 700.0},
        {"payors": {"state": {"cap": 700.0}}},
        {"fiscal_year_cap": {"amount": 700.0}},
        {"payors": {"state": {"fiscal_year_cap": {"amount": 700.0}}}},
    ],
)
def test_what_a_cap_has_cut_is_not_clawed_back(contract):
    terms = {"pay": term({"kind": "rate", "price": 10.0}, claw_back=True)}
    found = case(terms, dates=EVERY, contract=contract)
    cash = found.live({"x": [100.0, 60.0, 65.0, 75.0, 72.0, 72.0]})
    # 1,000 claimed, 300 of it cut: 100 goes back, 50 comes again, then 100 under a cap that has 50
    # left in all (or all of a year's); 72 is more than was ever paid, or 30 less
    in_all = "fiscal_year_cap" not in str(contract)
    more = {5: 50.0} if in_all else {5: 100.0, 6: -30.0}
    assert found.paid() == pytest.approx(years({2: 700.0, 3: -100.0, 4: 50.0} | more), **CLOSE)
    assert cash.cut.sum() == pytest.approx(350.0 if in_all else 300.0, **CLOSE)


def test_what_was_clawed_back_makes_room_under_a_cap():
    found = case({"pay": term(claw_back=True)}, dates=EVERY, contract={"cap": 120.0})
    found.live({"x": [100.0, 60.0, 110.0, 150.0, 150.0, 150.0]})
    assert found.paid() == years({2: 100.0, 3: -40.0, 4: 50.0, 5: 10.0})


# ---- appropriations ----------------------------------------------------------------------------


def default(**words):
    return {"payors": {"state": {"default": {"probability": 1.0} | words}}}


def test_a_failed_appropriation_loses_or_delays():
    found = case({"pay": term()}, contract=default())
    cash = found.live({"x": 100.0})
    assert found.paid() == years({})
    assert cash.lost[0].tolist() == years({4: 100.0})

    found = case({"pay": term()}, contract=default(lost=0.3))
    cash = found.live({"x": 100.0})
    assert found.paid() == pytest.approx(years({4: 70.0}), **CLOSE)

    # late money is not lost again, and meets the cap of its own year
    late = default(lost=0.3, late=2)
    late["payors"]["state"]["fiscal_year_cap"] = {"amount": 60.0}
    cash = case({"pay": term()}, contract=late).live({"x": 100.0})
    assert cash.paid[0].tolist() == pytest.approx(years({6: 60.0}), **CLOSE)
    assert cash.lost[0].tolist() == pytest.approx(years({4: 30.0}), **CLOSE)
    assert cash.cut[0].tolist() == pytest.approx(years({6: 10.0}), **CLOSE)

    cash = case({"pay": term(lag=5)}, contract=default(lost=0.3, late=2)).live({"x": 100.0})
    assert cash.lost[0].tolist() == pytest.approx(years({9: 100.0}), **CLOSE)


def test_a_fiscal_year_fails_as_a_whole_and_at_its_rate():
    found = case(
        {"one": term(basis="each"), "two": term(basis="each", lag=1)},
        clock={"start": "2020-01-01", "period": "quarter", "periods": 16},
        dates={f"q{t}": t for t in range(0, 16)},
        contract={"payors": {"state": {"default": {"probability": 0.3}}}},
    )
    failed = []
    for path in range(2_000):
        cash = found.live({"x": 1.0}, path=path)
        by_year = cash.lost[:, :16].reshape(2, 4, 4)
        share = by_year.sum((0, 2))
        assert ((share == 0.0) | (share == 8.0) | (share == 7.0)).all()
        failed.append(share > 0.0)
    rate = np.mean(failed)
    assert abs(rate - 0.3) < 4.5 * np.sqrt(0.3 * 0.7 / 8_000)


def test_a_frozen_payor_loses_and_delays_what_is_expected():
    found = case(
        {"pay": term()},
        contract={"payors": {"state": {"default": {"probability": 0.25, "lost": 0.4, "late": 3}}}},
        frozen=("payor",),
    )
    cash = found.live({"x": 100.0})
    # a quarter of it fails: two fifths of that are lost, the rest is late
    assert found.paid() == pytest.approx(years({4: 75.0, 7: 15.0}), **CLOSE)
    assert cash.lost[0].tolist() == pytest.approx(years({4: 10.0}), **CLOSE)


# ---- return tables and shared savings ----------------------------------------------------------

LOAN = {
    "costs": {"work": {"at": {"0": 400.0, "1": 600.0}}},
    "tranches": {"lender": {"kind": "loan", "commitment": 1_000.0, "draw": "upfront"}},
    "waterfall": {"all": {"pay": "share", "to": ["lender"]}},
}


def test_return_table_brings_the_investors_to_their_irr():
    table = {"kind": "tiers", "below": -1.0, "tiers": [[0.1, 0.0], [0.2, 0.05], [0.3, 0.10]]}
    found = case({"pay": term(table, pays="irr", lag=1)}, capital=LOAN)
    for x, rate in {0.1: 0.0, 0.2: 0.05, 0.35: 0.10}.items():
        found.live({"x": x})
        assert found.flow("lender") == pytest.approx(
            years({0: -1_000.0, 5: 1_000.0 * (1.0 + rate) ** 5}), **CLOSE
        )
    found.live({"x": 0.05})
    assert found.paid() == years({})


def test_return_table_counts_what_came_before_and_respects_its_cap():
    table = {"kind": "fixed", "amount": 0.08}
    schedule = {"0": 400.0, "1": 600.0}
    capital = LOAN | {
        "tranches": {"lender": {"kind": "loan", "commitment": 1_000.0, "schedule": schedule}}
    }
    terms = {
        "coupon": {"schedule": {"kind": "fixed", "amount": 50.0}, "at": [2, 3]},
        "pay": term(table, pays="irr"),
    }
    found = case(terms, capital=capital)
    found.live({"x": 1.0})
    flow = np.array(found.flow("lender"))
    owed = 400 * 1.08**4 + 600 * 1.08**3 - 50 * 1.08**2 - 50 * 1.08
    assert flow[4] == pytest.approx(owed, **CLOSE)
    assert flow[5:].tolist() == [0.0] * 6

    terms["pay"] = term(table, pays="irr", cap=700.0, times=0.5)
    found = case(terms, capital=capital)
    found.live({"x": 1.0})
    assert found.paid() == pytest.approx(years({4: owed / 2}), **CLOSE)
    terms["pay"] = term(table, pays="irr", cap=700.0)
    found = case(terms, capital=capital)
    found.live({"x": 1.0})
    assert found.paid() == years({4: 700.0})


def test_share_of_principal_leaves_grants_and_deferred_fees_aside():
    capital = {
        "tranches": {
            "loan": {"kind": "loan", "commitment": 600.0, "draw": "upfront"},
            "gift": {"kind": "grant", "commitment": 100.0, "draw": "upfront"},
            "fee": {"kind": "deferred_fee", "commitment": 50.0, "draw": "upfront"},
            "soft": {"kind": "recoverable_grant", "commitment": 400.0, "draw": "upfront"},
        },
        "waterfall": {"principal": {"pay": "principal", "to": ["loan", "soft"]}},
    }
    terms = {
        "early": {"schedule": {"kind": "fixed", "amount": 300.0}, "at": [2]},
        "pay": term({"kind": "points", "points": [[0.0, 0.0], [0.2, 1.0]]}, pays="principal_share"),
    }
    found = case(terms, capital=capital)
    found.live({"x": 0.15})  # 75 % of 1,000, of which 300 has been returned
    assert found.paid() == pytest.approx(years({4: 450.0}), **CLOSE)
    assert found.flow("loan")[4] == pytest.approx(270.0, **CLOSE)
    assert found.flow("soft")[4] == pytest.approx(180.0, **CLOSE)
    found.live({"x": 0.05})
    assert found.paid() == years({})


def test_shared_savings_switch_once_principal_and_interest_are_repaid():
    # Utah: 95 % of savings until principal and 5 % are back, then 40 %
    switch = {"tranches": ["lender"], "rate": 0.05, "factor": 0.40 / 0.95}
    savings = {"kind": "savings", "value": 1.0, "share": 0.95}
    found = case({"pay": term(savings, basis="each", switch=switch)}, dates=EVERY, capital=LOAN)
    cash = found.live({"x": [600.0] * 6})
    # owed 1,102.5 at 2, 532.5·1.05 = 559.125 at 3; 570 there: 559.125 and 10.875 × 0.4/0.95
    assert found.paid()[:4] == pytest.approx(
        [0.0, 0.0, 570.0, 559.125 + 10.875 * 0.40 / 0.95], **CLOSE
    )
    assert found.paid()[4:8] == pytest.approx([240.0] * 4, **CLOSE)
    assert (cash.paid + cash.reduced).sum() == pytest.approx(6 * 570.0, **CLOSE)


def test_terms_of_one_date_share_the_hurdle_at_which_savings_switch():
    switch = {"tranches": ["lender"], "rate": 0.05, "factor": 0.40 / 0.95}
    savings = {"kind": "savings", "value": 1.0, "share": 0.95}
    shared = term(savings, basis="each", switch=switch)
    found = case({"one": shared, "two": shared}, dates={"only": 2}, capital=LOAN)
    cash = found.live({"x": 600.0})
    # owed 1,102.5: the first pays 570 of it, the second 532.5 and 37.5 × 0.4/0.95
    assert found.paid("one")[2] == pytest.approx(570.0, **CLOSE)
    assert found.paid("two")[2] == pytest.approx(532.5 + 37.5 * 0.40 / 0.95, **CLOSE)
    assert cash.reduced.sum(1).tolist() == pytest.approx([0.0, 37.5 * 0.55 / 0.95], **CLOSE)
    # what a term of another kind has paid counts, what goes into another pool does not
    for pool, paid in (("main", 402.5 + 167.5 * 0.40 / 0.95), ("other", 570.0)):
        fixed = {"schedule": {"kind": "fixed", "amount": 700.0}, "at": [2], "pool": pool}
        found = case({"fee": fixed, "pay": shared}, dates={"only": 2}, capital=LOAN)
        found.live({"x": 600.0})
        assert found.paid("pay")[2] == pytest.approx(paid, **CLOSE)


def test_a_return_table_counts_what_its_date_has_paid_before():
    fixed = {"schedule": {"kind": "fixed", "amount": 300.0}, "at": [2]}
    to = {"kind": "points", "points": [[0.0, 0.0], [0.2, 0.05]]}
    table = term(to, pays="irr")
    for pool in ("main", "other"):  # it asks for all that investors get
        found = case(
            {"fee": fixed | {"pool": pool}, "pay": table}, dates={"only": 2}, capital=LOAN
        )
        found.live({"x": 0.2})
        assert found.paid("pay")[2] == pytest.approx(1_102.5 - 300.0, **CLOSE)
    found = case({"pay": table, "again": table, "fee": fixed}, dates={"only": 2}, capital=LOAN)
    found.live({"x": 0.2})
    assert found.paid("pay")[2] == pytest.approx(1_102.5, **CLOSE)
    assert found.paid("again")[2] == 0.0
    assert found.paid("fee")[2] == 300.0


# ---- triggers ----------------------------------------------------------------------------------


def enrolled_below(limit, **more):
    return {
        "at": [3],
        "only_if": {"c": {"measure": "people", "below": limit}},
        "action": "terminate",
    } | more


PEOPLE = {"people": {"program": "treated"}}


def test_termination_is_found_once_and_then_known():
    found = case(
        {"pay": term()},
        measures=PEOPLE,
        dates={"one": 2, "two": 5},
        contract={"triggers": {"end": enrolled_below(25.0, wind_down=7.0)}},
    )
    found.people.enrolled[1, :6] = 8.0
    cash = found.live({"x": [50.0, 80.0]})  # 16 at the evaluation, 24 at the date: below 25
    assert cash.events.tolist() == [3, StopCause.TRIGGER, NEVER, 0]
    again = found.live({"x": [50.0, 80.0]}, stop=3, cause=StopCause.TRIGGER, trigger=0)
    assert again.events.tolist() == [3, StopCause.TRIGGER, NEVER, 0]
    assert again.uses[-2].tolist() == years({3: 7.0})
    assert found.paid() == years({2: 50.0, 5: 30.0})  # those treated are still measured and paid
    found.people.enrolled[1, 2] = 9.0  # 25: not below
    assert found.live({"x": 50.0}).events.tolist() == [NEVER, 0, NEVER, -1]


def test_after_a_termination_without_payment_nothing_more_falls_due():
    found = case(
        {
            "pay": term(lag=2, holdback={"share": 0.1, "release": 4}),
            "standing": {"schedule": {"kind": "fixed", "amount": 1.0}, "at": [3, 4]},
        },
        measures=PEOPLE,
        dates={"one": 2, "two": 3, "three": 5},
        contract={"triggers": {"end": enrolled_below(25.0, pays_after=False)}},
    )
    cash = found.live({"x": [50.0, 80.0, 200.0]})
    # due at 2 and 3 arrive at 4 and 5, what was held back with them at 6; nothing of evaluation 5
    assert found.paid() == pytest.approx(years({4: 45.0, 5: 27.0, 6: 8.0}), **CLOSE)
    assert found.paid("standing") == years({3: 1.0})
    assert cash.valid[0].tolist() == [1, 1, 0]


def test_a_shortfall_stop_is_not_a_termination():
    found = case(
        {"pay": term()},
        measures=PEOPLE,
        dates={"one": 2, "two": 5},
        contract={"triggers": {"end": enrolled_below(25.0, pays_after=False, wind_down=7.0)}},
    )
    cash = found.live({"x": [50.0, 80.0]}, stop=1, cause=StopCause.SHORTFALL)
    assert cash.events.tolist() == [1, StopCause.SHORTFALL, NEVER, -1]
    assert found.paid() == years({2: 50.0, 5: 30.0})
    assert cash.uses[-2].sum() == 0.0


def test_expansion_is_reported_once():
    expand = {"at": [2, 4], "any_of": {"c": {"measure": "people", "at_least": 16.0}}}
    found = case(
        {"pay": term()},
        measures=PEOPLE,
        contract={"triggers": {"more": expand | {"action": "expand", "target": 500}}},
    )
    found.people.enrolled[1, :6] = 8.0
    assert found.live().events.tolist() == [NEVER, 0, 2, -1]
    assert found.live(expansion=2).events.tolist() == [NEVER, 0, 2, -1]
    found.people.enrolled[1, :6] = 4.0
    assert found.live().events.tolist() == [NEVER, 0, 4, -1]


def test_only_the_first_news_is_told():
    found = case(
        {"pay": term()},
        measures=PEOPLE,
        contract={
            "triggers": {
                "end": {"at": [4], "action": "terminate"},
                "more": {"at": [2], "action": "expand"},
            }
        },
    )
    assert found.live().events.tolist() == [NEVER, 0, 2, -1]
    assert found.live(expansion=2).events.tolist() == [4, StopCause.TRIGGER, 2, 0]


def test_a_ratio_of_program_counts_is_looked_at_on_the_date():
    found = case(
        {"pay": term()},
        measures=PEOPLE
        | {"referred": {"program": "referred"}, "rate": {"ratio": ["people", "referred"]}},
        dates={"one": 1, "two": 5},
        contract={
            "triggers": {
                "end": {
                    "at": [3],
                    "action": "terminate",
                    "only_if": {"c": {"measure": "rate", "below": 0.5}},
                }
            }
        },
    )
    found.people.referred[:] = 10.0
    found.people.enrolled[1, :] = [9.0, 2.0, 2.0, 9.0, 9.0, 9.0, 9.0, 9.0, 9.0, 9.0]
    assert found.live().events[0] == 3  # 13 of 30; at the evaluation it was 9 of 10


# ---- what should change nothing ----------------------------------------------------------------


def test_order_of_unrelated_terms_changes_no_bit():
    rates = {"a": 0.1, "b": 0.7, "c": 1.3, "d": 0.3}
    terms = {name: term({"kind": "rate", "price": rate}) for name, rate in rates.items()}
    payors = {"p": {}, "q": {}}
    one = case(terms, contract={"payors": payors}, capital=LOAN)
    two = case(dict(reversed(terms.items())), contract={"payors": payors}, capital=LOAN)
    for x in (0.1, 1.7, 123.456):
        first, second = one.live({"x": x}), two.live({"x": x})
        assert (first.payor == second.payor).all()
        assert (first.flow == second.flow).all()
        assert (first.paid == second.paid[::-1]).all()
