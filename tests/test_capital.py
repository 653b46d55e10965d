"""Who funds what, who is repaid in which order: waterfalls, coupons, guarantees worked by hand."""

import numpy as np
import pytest

from pfs_sim.kernels.returns import irr
from pfs_sim.tables.state import StopCause
from tests.money_case import YEARS, Case, imbalance, years

CLOSE = {"rel": 1e-12, "abs": 1e-9}


def case(capital, payments=None, *, pools=None, people=None, **more):
    """A deal of this capital and fixed payments by year (by pool, if pools are given)."""
    terms = {}
    for pool, amounts in (pools or {"main": payments or {}}).items():
        for t, amount in amounts.items():
            terms[f"{pool}_{t}"] = {
                "schedule": {"kind": "fixed", "amount": amount},
                "at": [t],
                "pool": pool,
            }
    if not terms:
        terms["nothing"] = {"schedule": {"kind": "fixed", "amount": 0.0}}
    found = Case(capital=capital, contract={"terms": terms} | more.pop("contract", {}), **more)
    for name, values in (people or {}).items():
        array = getattr(found.people, name)
        if name == "enrolled":
            array = array[1]
        array[: len(values)] = values
    return found


def cost(amounts):
    return {"work": {"at": {str(t): amount for t, amount in amounts.items()}}}


def loan(commitment, **more):
    return {"kind": "loan", "commitment": commitment} | more


def balanced(found):
    """Live it, and see that no cash appears or vanishes."""
    cash = found.live()
    scale = max(1.0, cash.draw.sum(), np.abs(cash.paid).sum())
    assert np.abs(imbalance(cash)).max() <= 1e-9 * scale
    return cash


def rate(flow):
    return irr(np.array(flow), len(flow), 1.0)[0]


# ---- costs and draws ---------------------------------------------------------------------------


@pytest.mark.jit_off
def test_every_kind_of_cost():
    capital = {
        "costs": {
            "care": {"per_client_period": 10.0, "per_enrollment": 100.0, "inflation": 0.1},
            "office": {"per_period": 50.0, "first": 1, "last": 3, "overrun": 1.2},
            "study": {"at": {"0": 7.0, "2022-01-01": 8.0, "2021-06-30": 1.0}, "overrun": 2.0},
            "open": {"per_period": 3.0},
        },
        "overrun": 1.5,
        "tranches": {"gift": {"kind": "grant", "commitment": 1e6}},
    }
    found = case(
        capital,
        program={"window_end": 3},
        people={"active": [4.0, 6.0, 2.0, 1.0], "enrolled": [4.0, 2.0, 0.0]},
    )
    cash = balanced(found)
    # (10·4 + 100·4)·1.5; (60 + 200)·1.5·1.1; 20·1.5·1.21; 10·1.5·1.331
    assert cash.uses[0].tolist() == pytest.approx(
        years({0: 660.0, 1: 429.0, 2: 36.3, 3: 19.965}), **CLOSE
    )
    assert cash.uses[1].tolist() == pytest.approx(years({1: 90.0, 2: 90.0, 3: 90.0}), **CLOSE)
    # 30 June 2021 is the grid point of 1 January 2022
    assert cash.uses[2].tolist() == pytest.approx(years({0: 21.0, 2: 27.0}), **CLOSE)
    # as long as anyone can be served: enrollment open until 3, and somebody active at 3
    assert cash.uses[3].tolist() == pytest.approx([4.5] * 4 + [0.0] * 7, **CLOSE)
    assert cash.draw[0].tolist() == pytest.approx(cash.uses.sum(0).tolist(), **CLOSE)


def test_service_ends_when_the_target_is_reached_and_nobody_is_left():
    capital = {
        "costs": {"open": {"per_period": 1.0}},
        "tranches": {"gift": {"kind": "grant", "commitment": 1e6}},
    }
    found = case(capital, program={"target": 10}, people={"enrolled": [6.0, 4.0]})
    assert balanced(found).uses[0].tolist() == years({0: 1.0, 1: 1.0})
    found.people.waiting[2] = 1.0
    found.people.active[4] = 1.0
    assert balanced(found).uses[0].tolist() == years({0: 1.0, 1: 1.0, 2: 1.0, 4: 1.0})
    # a trial goes on until its controls are there as well
    trial = {"target": 10, "assignment": {"method": "simple", "share": 0.4}}
    found = case(capital, program=trial, people={"enrolled": [6.0, 4.0]})
    found.people.enrolled[0, :4] = [6.0, 4.0, 4.0, 1.0]  # 15 controls for 10 treated
    assert balanced(found).uses[0].tolist() == years({0: 1.0, 1: 1.0, 2: 1.0, 3: 1.0})


def test_a_stop_ends_service_costs_but_not_those_that_go_on():
    capital = {
        "costs": {
            "care": {"per_client_period": 1.0},
            "office": {"per_period": 10.0, "last": 5},
            "lease": {"per_period": 100.0, "last": 5, "stops": False},
            "study": {"at": {"4": 1_000.0}},
        },
        "tranches": {"gift": {"kind": "grant", "commitment": 1e6}},
    }
    found = case(capital, people={"active": [5.0] * 6})
    cash = found.live(stop=2, cause=StopCause.SHORTFALL)
    assert cash.uses[:4].tolist() == [
        years({0: 5.0, 1: 5.0}),
        years({0: 10.0, 1: 10.0}),
        years({t: 100.0 for t in range(6)}),
        years({4: 1_000.0}),
    ]


def test_an_expanded_program_stays_open():
    capital = {
        "costs": {"open": {"per_period": 1.0}},
        "tranches": {"gift": {"kind": "grant", "commitment": 1e6}},
    }
    expand = {"at": [2], "action": "expand", "target": 20, "window_end": 4}
    found = case(
        capital,
        program={"target": 10, "window_end": 3},
        contract={"triggers": {"more": expand}},
        people={"enrolled": [5.0, 5.0, 5.0, 2.0]},
    )
    assert found.live(expansion=2).uses[0].tolist() == years({t: 1.0 for t in range(4)})


def test_draws_follow_order_commitment_and_dates():
    capital = {
        "costs": cost({0: 90.0, 1: 120.0, 2: 100.0, 3: 100.0}),
        "tranches": {
            "a": loan(200.0, order=1),
            "b": loan(100.0, order=1),
            "c": loan(60.0, order=2, first=1),
            "d": loan(1_000.0, order=3, last=2),
        },
        "shortfall": "continue",
    }
    cash = balanced(case(capital))
    # 0: 60 and 30. 1: 80 and 40. 2: 60 and 30 are left of a and b, then 10 of c.
    # 3: 50 of c; d may no longer be drawn; 50 unfunded
    assert cash.draw.tolist() == pytest.approx(
        np.array(
            [
                years({0: 60.0, 1: 80.0, 2: 60.0}),
                years({0: 30.0, 1: 40.0, 2: 30.0}),
                years({2: 10.0, 3: 50.0}),
                years({}),
            ]
        ),
        **CLOSE,
    )
    assert cash.unfunded.tolist() == pytest.approx(years({3: 50.0}), **CLOSE)
    assert cash.uses[0, 3] == pytest.approx(50.0, **CLOSE)
    assert cash.events[0] > YEARS


def test_who_is_exhausted_leaves_the_rest_to_the_others_of_its_order():
    capital = {
        "costs": cost({0: 30.0, 1: 90.0}),
        "tranches": {"a": loan(100.0), "b": loan(20.0, schedule={"0": 12.0}), "c": loan(100.0)},
    }
    cash = balanced(case(capital))
    # b gives 12 at its date and is not asked again; a and c share what the till lacks
    assert cash.draw.tolist() == pytest.approx(
        np.array([years({0: 9.0, 1: 45.0}), years({0: 12.0}), years({0: 9.0, 1: 45.0})]), **CLOSE
    )
    capital["tranches"]["b"] = loan(20.0)
    cash = balanced(case(capital))
    # 30 × 20/220; then 90 × 20/220 again; then b is at 120/11 of 20
    assert cash.draw[1].tolist() == pytest.approx(years({0: 30 / 11, 1: 90 / 11}), **CLOSE)
    capital["costs"] = cost({0: 30.0, 1: 180.0})
    capital["tranches"]["b"] = loan(20.0, first=1)
    cash = balanced(case(capital))
    # 1: b gives 180·20/220 = 180/11; a and c give 81.82 each, 96.82 in all
    assert cash.draw[0].tolist() == pytest.approx(years({0: 15.0, 1: 900 / 11}), **CLOSE)
    capital["costs"] = cost({0: 180.0, 1: 38.0})
    cash = balanced(case(capital))
    # 1: 38 × 10/40 pro rata by commitment would be more than the 10 that a and c have left each
    assert cash.draw[:, 1].tolist() == pytest.approx([10.0, 18.0, 10.0], **CLOSE)
    assert cash.unfunded.sum() == 0.0


def test_up_front_money_waits_in_the_till_and_goes_home_at_the_end():
    capital = {
        "costs": cost({1: 300.0}),
        "tranches": {"a": loan(500.0, draw="upfront"), "b": loan(500.0, order=2)},
        "grants": {"gift": {"amount": 100.0, "at": 0}},
        "waterfall": {"back": {"pay": "principal", "to": ["a"]}},
    }
    cash = balanced(case(capital))
    assert cash.till.tolist() == [600.0] + [300.0] * 9 + [0.0]
    assert cash.draw[1].sum() == 0.0
    assert cash.principal[0].tolist() == years({10: 300.0})
    assert cash.grants.tolist() == years({0: 100.0})


def test_stopped_funding_is_not_drawn():
    capital = {
        "costs": cost({0: 10.0, 1: 10.0, 2: 10.0, 3: 10.0}),
        "tranches": {
            "a": loan(100.0),
            "b": loan(100.0, order=2),
            "c": loan(100.0, order=3, schedule={"1": 2.0, "2": 3.0}),
        },
    }
    stop = {"at": [2], "action": "stop_funding", "tranches": ["a", "c"]}
    cash = balanced(case(capital, contract={"triggers": {"no": stop}}))
    assert cash.draw.tolist() == [
        years({0: 10.0, 1: 8.0}),
        years({2: 10.0, 3: 10.0}),
        years({1: 2.0}),
    ]


def test_an_empty_till_stops_service():
    capital = {
        "costs": {"care": {"per_client_period": 10.0}, "study": {"at": {"6": 5.0}}},
        "tranches": {"a": loan(125.0)},
    }
    found = case(capital, people={"active": [5.0, 5.0, 5.0, 5.0]}, program={"window_end": 1})
    cash = balanced(found)
    assert cash.events[:2].tolist() == [2, StopCause.SHORTFALL]
    assert cash.unfunded[2] == pytest.approx(25.0, **CLOSE)
    found.people.active[2:] = 0.0  # people know it now
    cash = found.live(stop=2, cause=StopCause.SHORTFALL)
    assert cash.uses.sum(0).tolist() == years({0: 50.0, 1: 50.0, 6: 5.0})
    assert cash.events[:2].tolist() == [2, StopCause.SHORTFALL]
    # once service is over nothing can be stopped: it is recorded, and that is all
    found = case(
        capital | {"costs": cost({5: 200.0})}, program={"window_end": 1}, people={"active": [1.0]}
    )
    cash = balanced(found)
    assert cash.events[0] > YEARS
    assert cash.unfunded[5] == 75.0


def test_lines_are_paid_in_order_and_coupons_last():
    capital = {
        "costs": {
            "one": {"at": {"1": 60.0}},
            "two": {"at": {"1": 60.0}},
            "old": {"at": {"0": 100.0}},
        },
        "tranches": {
            "a": loan(100.0, coupon=0.10, pays="paid"),
            "b": loan(65.0, order=2),
        },
        "shortfall": "continue",
    }
    cash = balanced(case(capital))
    assert cash.uses[:, 1].tolist() == [60.0, 5.0, 0.0, 0.0, 0.0]
    assert cash.unfunded.tolist() == pytest.approx(years({1: 55.0}), **CLOSE)  # no coupon
    assert cash.accrued[0, 1:4].tolist() == pytest.approx([10.0, 20.0, 30.0], **CLOSE)


def test_without_investors_the_provider_pays_and_receives():
    capital = {
        "costs": cost({0: 100.0, 1: 50.0}),
        "waterfall": {"fee": {"pay": "fee", "to": ["intermediary"], "amount": 10.0}},
    }
    cash = balanced(case(capital, {2: 130.0, 4: -20.0}))
    assert cash.party[1].tolist() == years({0: -100.0, 1: -50.0, 2: 120.0, 4: -20.0})
    assert cash.party[2].tolist() == years({2: 10.0})
    assert cash.uses[0].tolist() == years({0: 100.0, 1: 50.0})


# ---- interest ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("compounding", "owed"), [("simple", 100.0 * 0.08 * 4), ("compound", 100.0 * (1.08**4 - 1))]
)
def test_accrued_interest(compounding, owed):
    capital = {
        "costs": cost({0: 100.0}),
        "tranches": {"a": loan(100.0, coupon=0.08, compounding=compounding)},
        "waterfall": {
            "interest": {"pay": "interest", "to": ["a"]},
            "principal": {"pay": "principal", "to": ["a"]},
        },
    }
    found = case(capital, {4: 120.0, 5: 200.0})
    cash = balanced(found)
    assert cash.interest[0, 4] == pytest.approx(owed, **CLOSE)
    left = 100.0 - (120.0 - owed)
    assert cash.balance[0, 4] == pytest.approx(left, **CLOSE)
    assert cash.interest[0, 5] == pytest.approx(left * 0.08, **CLOSE)
    assert cash.balance[0, 5] == 0.0
    assert cash.accrued[0, 5] == 0.0
    assert cash.party[0, 10] == pytest.approx(200.0 - left * 1.08, **CLOSE)  # the residual


def test_a_period_rate_compounds_to_the_annual_one():
    capital = {
        "costs": cost({0: 100.0}),
        "tranches": {"a": loan(100.0, coupon=0.05, compounding="compound")},
    }
    found = case(capital, clock={"start": "2020-01-01", "period": "month", "periods": 24})
    cash = balanced(found)
    assert cash.accrued[0, 12] == pytest.approx(5.0, rel=1e-12)


def test_paid_coupons_are_a_use_of_funds():
    capital = {
        "costs": cost({0: 100.0}),
        "tranches": {"a": loan(130.0, coupon=0.10, pays="paid")},
        "waterfall": {"principal": {"pay": "principal", "to": ["a"]}},
    }
    cash = balanced(case(capital, {3: 500.0}))
    # the coupon is drawn like any cost: 10, then 11, then after 121 came back at 3 none is owed
    # on it, but the coupon of the third year is: 12.1, drawn again of the 9 that are left
    assert cash.draw[0, :4].tolist() == pytest.approx([100.0, 10.0, 11.0, 9.0], **CLOSE)
    assert cash.interest[0, :4].tolist() == pytest.approx([0.0, 10.0, 11.0, 9.0], **CLOSE)
    assert cash.accrued[0, 3] == pytest.approx(3.1, **CLOSE)  # stays due, and is no unfunded cost
    assert cash.unfunded.sum() == 0.0
    assert cash.flow[0, 1:3].tolist() == [0.0, 0.0]


# ---- the waterfall -----------------------------------------------------------------------------

STACK = {
    "costs": cost({0: 1_000.0}),
    "tranches": {
        "senior": loan(600.0, coupon=0.05),
        "junior": loan(250.0, coupon=0.02),
        "soft": {"kind": "recoverable_grant", "commitment": 100.0, "coupon": 0.9},
        "gift": {"kind": "grant", "commitment": 50.0},
    },
    "waterfall": {
        "fee": {"pay": "fee", "to": ["intermediary", "provider"], "amount": 40.0},
        "senior_interest": {"pay": "interest", "to": ["senior"]},
        "senior_principal": {"pay": "principal", "to": ["senior"]},
        "junior_interest": {"pay": "interest", "to": ["junior"]},
        "others": {"pay": "principal", "to": ["junior", "soft", "gift"]},
        "rest": {"pay": "share", "to": {"provider": 0.25, "junior": 0.5}},
    },
}
# After two years: fee 40, senior interest 60, senior 600, junior interest 10, others 350.
STAIRS = [40.0, 60.0, 600.0, 10.0, 350.0]


@pytest.mark.parametrize("cash_in", [0, 39, 40, 41, 99, 101, 700, 705, 1_060, 1_100])
def test_waterfall_pays_in_order(cash_in):
    cash = balanced(case(STACK, {2: float(cash_in)}))
    rest, expected = cash_in, []
    for owed in STAIRS:
        expected.append(min(rest, owed))
        rest -= expected[-1]
    expected.append(0.75 * rest)
    assert cash.step[:, 2].tolist() == pytest.approx(expected, **CLOSE)
    assert cash.party[1:, 2].tolist() == pytest.approx(
        [expected[0] / 2 + 0.25 * rest, expected[0] / 2], **CLOSE
    )
    others = expected[4]
    assert cash.principal[1, 2] == pytest.approx(others * 250 / 350, **CLOSE)
    assert cash.principal[2, 2] == pytest.approx(others * 100 / 350, **CLOSE)
    assert cash.extra[1, 2] == pytest.approx(0.5 * rest, **CLOSE)
    assert cash.flow[3].sum() == -50.0  # a grant is never repaid


def test_what_a_share_leaves_stays_for_the_next_grid_point_and_the_end():
    cash = balanced(case(STACK, {2: 1_160.0}))
    # 100 are left at 2: 25 and 50 taken, 25 kept for the end, when the payor gets the rest
    assert cash.pool[0, 2:10] == pytest.approx([25.0] * 8, **CLOSE)
    assert cash.pool[0, 10] == 0.0
    assert cash.party[0] == pytest.approx(years({10: 25.0}), **CLOSE)


@pytest.mark.parametrize("period", ["year", "quarter", "month"])
def test_a_share_is_taken_once_of_what_is_left_whatever_the_period(period):
    each = {"year": 1, "quarter": 4, "month": 12}[period]
    clock = {"start": "2020-01-01", "period": period, "periods": 6 * each}
    capital = {
        "costs": cost({0: 1_000.0}),
        "tranches": {"lender": loan(1_000.0)},
        "waterfall": {
            "principal": {"pay": "principal", "to": ["lender"]},
            "share": {"pay": "share", "to": {"provider": 0.3}},
            "fee": {"pay": "fee", "to": ["intermediary"], "amount": 200.0, "due": 2 * each},
        },
    }
    cash = balanced(case(capital, {each: 2_000.0, 3 * each: 400.0}, clock=clock))
    # 1,000 are left after a year: 300 shared; 200 of the other 700 go to the fee after two; of 400
    # more 120 are shared; the payor gets 500 and 280 at the end
    received = cash.party.sum(1).tolist()
    assert received == pytest.approx([780.0, 420.0, 200.0], **CLOSE)


def test_what_is_paid_back_out_of_a_pool_has_not_been_shared():
    capital = {
        "costs": cost({0: 100.0}),
        "tranches": {"lender": loan(100.0)},
        "waterfall": {"share": {"pay": "share", "to": {"provider": 0.5}}},
    }
    cash = balanced(case(capital, {2: 400.0, 3: -200.0, 4: 100.0}))
    # the 200 that were left go back whole: half of the next 100 is shared as if nothing had been
    assert cash.party[1].tolist() == pytest.approx(years({2: 200.0, 4: 50.0}), **CLOSE)
    assert cash.party[0].tolist() == pytest.approx(years({10: 50.0}), **CLOSE)


def test_nothing_is_shared_of_what_is_paid_back_at_the_end():
    capital = {
        "costs": cost({0: 100.0}),
        "waterfall": {"share": {"pay": "share", "to": {"intermediary": 0.4}}},
    }
    cash = balanced(case(capital, {2: 50.0, 10: -30.0}))
    assert cash.party[1].tolist() == pytest.approx(years({0: -100.0, 2: 30.0, 10: -30.0}), **CLOSE)
    assert cash.party[2].tolist() == pytest.approx(years({2: 20.0}), **CLOSE)


def test_what_a_capped_return_leaves_is_not_shared_again():
    capital = {
        "costs": cost({0: 1_000.0}),
        "tranches": {"lender": loan(1_000.0)},
        "waterfall": {
            "principal": {"pay": "principal", "to": ["lender"]},
            "share": {"pay": "share", "to": {"lender": 0.8, "provider": 0.2}, "irr": 0.1},
        },
    }
    cash = balanced(case(capital, {4: 3_000.0, 6: 500.0}))
    assert cash.party[1].tolist() == pytest.approx(years({4: 400.0, 6: 100.0}), **CLOSE)
    # the lender's 10 % take 464.10 more at 4 and nothing after
    assert cash.extra[0].tolist() == pytest.approx(years({4: 464.1}), **CLOSE)
    assert cash.party[0].tolist() == pytest.approx(years({10: 1_535.9}), **CLOSE)


def test_steps_take_part_between_their_dates():
    capital = STACK | {
        "waterfall": {
            "late": {"pay": "principal", "to": ["senior"], "due": 3},
            "early": {"pay": "fee", "to": ["provider"], "amount": 100.0, "until": 2},
        },
        "residual": "intermediary",
    }
    cash = balanced(case(capital, {2: 150.0, 4: 10.0}))
    assert cash.step.tolist() == [years({3: 50.0, 4: 10.0}), years({2: 100.0})]
    cash = balanced(case(capital, {1: 30.0, 2: 50.0, 4: 700.0}))
    assert cash.step[1].tolist() == years({1: 30.0, 2: 50.0})
    assert cash.party[2].tolist() == years({10: 100.0})


def test_target_return_then_share_with_a_cap_on_the_return():
    capital = {
        "costs": cost({0: 100.0, 1: 100.0}),
        "tranches": {"a": loan(100.0), "b": {"kind": "equity", "commitment": 100.0}},
        "waterfall": {
            "target": {"pay": "return", "to": ["a", "b"], "irr": 0.06},
            "upside": {"pay": "share", "to": {"b": 0.8, "provider": 0.2}, "irr": 0.15},
        },
    }
    cash = balanced(case(capital, {3: 150.0, 5: 100.0, 6: 90.0}))
    owed = 50 * 1.06**3 + 50 * 1.06**2  # each
    assert cash.extra[:, 3].tolist() == pytest.approx([75.0, 75.0], **CLOSE)
    left = 2 * (owed - 75.0) * 1.06**2
    assert cash.extra[0, 5] == pytest.approx(left / 2, **CLOSE)
    over = 100.0 - left
    assert cash.extra[1, 5] == pytest.approx(left / 2 + 0.8 * over, **CLOSE)
    assert rate(cash.flow[0]) == pytest.approx(0.06, rel=1e-10)
    # b may earn 15 %: 50·1.15³ + 50·1.15² less 75 grown, less what it got at 5
    hurdle = (50 * 1.15**3 + 50 * 1.15**2 - 75.0) * 1.15**2 - cash.extra[1, 5]
    taken = cash.extra[1, 6]
    assert taken == pytest.approx(min(0.8 * 90.0, hurdle * 1.15), **CLOSE)
    found = case(capital, {3: 150.0, 5: 100.0, 6: 1_000.0})
    cash = balanced(found)
    assert rate(cash.flow[1]) == pytest.approx(0.15, rel=1e-10)


def test_pools_pay_their_own_and_meet_at_the_end():
    # Denver: some lenders are paid from housing, others from jail days
    capital = {
        "costs": cost({0: 300.0}),
        "tranches": {"housing_lender": loan(100.0), "jail_lender": loan(200.0)},
        "waterfall": {
            "housing": {"pay": "principal", "to": ["housing_lender"], "pool": "housing"},
            "jail": {"pay": "principal", "to": ["jail_lender"], "pool": "jail"},
            "rest": {"pay": "principal", "to": ["housing_lender", "jail_lender"]},
        },
    }
    found = case(capital, pools={"housing": {2: 130.0}, "jail": {2: 90.0}})
    cash = balanced(found)
    assert cash.principal[:, 2].tolist() == [100.0, 90.0]
    assert cash.pool[:, 2].tolist() == [0.0, 30.0, 0.0]
    # at the end what housing left over goes to who is still owed
    assert cash.principal[:, 10].tolist() == [0.0, 30.0]
    # on the last grid point a pool serves its own first
    cash = balanced(case(capital, pools={"housing": {10: 130.0}, "jail": {10: 90.0}}))
    assert cash.principal[:, 10].tolist() == [100.0, 120.0]


def test_reserve_recycles_payments_as_working_capital():
    capital = {
        "costs": cost({0: 100.0, 3: 80.0, 4: 80.0}),
        "tranches": {"a": loan(150.0)},
        "waterfall": {
            "keep": {"pay": "reserve", "amount": 120.0},
            "back": {"pay": "principal", "to": ["a"]},
        },
    }
    cash = balanced(case(capital, {1: 70.0, 2: 70.0, 4: 20.0}))
    # 70 kept, then 50 of the next 70; 80 spent at 3; 20 more kept at 4, then 60 of 80
    assert cash.step[0].tolist() == years({1: 70.0, 2: 50.0, 4: 20.0})
    assert cash.till.tolist() == [0.0, 70.0, 120.0, 40.0] + [0.0] * 7
    assert cash.draw[0].tolist() == years({0: 100.0, 4: 20.0})
    assert cash.principal[0].tolist() == years({2: 20.0})


def test_draws_before_or_after_the_distribution():
    capital = {
        "costs": cost({0: 100.0, 2: 50.0}),
        "tranches": {"a": loan(200.0)},
        "waterfall": {"back": {"pay": "principal", "to": ["a"]}},
    }
    after = balanced(case(capital, {2: 120.0}))
    before = balanced(case(capital | {"draws": "before_distribution"}, {2: 120.0}))
    assert after.principal[0, 2] == 100.0  # what was owed before the new draw
    assert before.principal[0, 2] == 120.0  # 150 were owed
    assert before.draw[0, 2] == after.draw[0, 2] == 50.0


def test_a_deferred_fee_is_first_to_lose():
    capital = {
        "costs": cost({0: 100.0}),
        "tranches": {
            "lender": loan(80.0, coupon=0.05),
            "fee": {"kind": "deferred_fee", "commitment": 20.0, "coupon": 0.05},
        },
        "waterfall": {
            "interest": {"pay": "interest", "to": ["lender", "fee"]},
            "principal": {"pay": "principal", "to": ["lender"]},
            "fee": {"pay": "principal", "to": ["fee"]},
        },
    }
    cash = balanced(case(capital, {2: 95.0}))
    assert cash.flow[:, 2].tolist() == pytest.approx([88.0, 7.0], **CLOSE)
    assert cash.balance[1, 10] == pytest.approx(13.0, **CLOSE)


# ---- payments both ways ------------------------------------------------------------------------

# DC Water: 25 million, coupon 3.43 % paid, five years; 3.3 million either way at the end
BOND = {
    "costs": {"green": {"at": {"0": 25.0}}},
    "tranches": {"bond": loan(25.0, coupon=0.0343)},
    "waterfall": {
        "coupon": {"pay": "interest", "to": ["bond"]},
        "principal": {"pay": "principal", "to": ["bond"]},
        "bonus": {"pay": "share", "to": ["bond"]},
    },
}


@pytest.mark.parametrize(("contingent", "percent"), [(3.3, 5.78), (0.0, 3.43), (-3.3, 0.83)])
def test_dc_water(contingent, percent):
    payments = {t: 25 * 0.0343 for t in range(1, 5)} | {5: 25 * 1.0343 + contingent}
    cash = balanced(case(BOND, payments))
    assert round(100 * rate(cash.flow[0]), 2) == percent


def test_what_the_investors_owe_is_taken_from_pool_till_and_then_from_them():
    capital = {
        "costs": cost({0: 100.0}),
        "tranches": {"a": loan(60.0), "b": loan(60.0, draw="upfront")},
        "waterfall": {"nobody": {"pay": "principal", "to": ["a"], "due": 9}},
    }
    found = case(capital, {1: 5.0, 2: -8.0, 3: -50.0})
    cash = balanced(found)
    assert cash.draw[:, 0].tolist() == [40.0, 60.0]
    # 5 in the pool pay the first of 8; 3 and 50 are called in halves
    assert cash.call[:, 2].tolist() == [1.5, 1.5]
    assert cash.call[:, 3].tolist() == [25.0, 25.0]
    assert cash.pool[0, 2] == 0.0
    capital["costs"] = cost({0: 20.0})
    cash = balanced(case(capital, {1: 5.0, 2: -8.0, 3: -50.0}))
    assert cash.till[:4].tolist() == [40.0, 40.0, 37.0, 0.0]
    assert cash.call[:, 3].tolist() == [6.5, 6.5]


# ---- guarantees --------------------------------------------------------------------------------


def rikers(kind, payment):
    """9.6 million drawn over four years, 75 % guaranteed."""
    return case(
        {
            "costs": cost({t: 2_400_000.0 for t in range(4)}),
            "tranches": {"goldman": loan(9_600_000.0)},
            "waterfall": {
                "principal": {"pay": "principal", "to": ["goldman"]},
                "return": {"pay": "share", "to": ["goldman"]},
            },
            "guarantees": {
                "bloomberg": {"tranches": ["goldman"], "share": 0.75, "kind": kind, "at": 5}
            },
        },
        {5: payment} if payment else None,
    )


@pytest.mark.parametrize(
    ("payment", "additive", "floor"),
    [
        (0.0, 7_200_000.0, 7_200_000.0),
        (4_800_000.0, 3_600_000.0, 2_400_000.0),  # the floor: the lender loses 25 % either way
        (7_200_000.0, 1_800_000.0, 0.0),
        (9_600_000.0, 0.0, 0.0),
        (11_712_000.0, 0.0, 0.0),
    ],
)
def test_both_readings_of_a_guarantee(payment, additive, floor):
    for kind, expected in (("additive", additive), ("floor", floor)):
        cash = balanced(rikers(kind, payment))
        assert cash.guarantor[0].tolist() == pytest.approx(years({5: expected}), **CLOSE)
        assert cash.guarantee[0].tolist() == cash.guarantor[0].tolist()
        lost = 9_600_000.0 - min(payment, 9_600_000.0) - expected
        assert cash.balance[0, 10] == pytest.approx(lost, abs=1e-6)
        assert cash.flow[0].sum() == pytest.approx(payment + expected - 9_600_000.0, abs=1e-6)


def test_rikers_as_it_ended():
    # stopped after the third year with 7.2 million drawn; the pot held 6.0; the lender lost 1.2
    pot = {"0": 2_000_000.0, "1": 2_000_000.0, "2": 2_000_000.0, "4": 1_200_000.0}
    ended = case(
        {
            "costs": {"care": {"per_client_period": 2_400_000.0}},
            "tranches": {"goldman": loan(9_600_000.0)},
            "guarantees": {
                "bloomberg": {
                    "tranches": ["goldman"],
                    "share": 0.9,
                    "kind": "floor",
                    "pot": pot,
                }
            },
        },
        contract={"triggers": {"no": {"at": [3], "action": "terminate", "pays_after": False}}},
        people={"active": [1.0, 1.0, 1.0]},
    )
    cash = ended.live(stop=3, cause=StopCause.TRIGGER, trigger=0)
    assert cash.draw[0].sum() == 7_200_000.0
    assert cash.guarantor[0].tolist() == years({3: 6_000_000.0})
    assert cash.flow[0].sum() == -1_200_000.0


@pytest.mark.parametrize(
    ("of", "payment", "called"),
    [
        ("drawn", 0.0, 300.0),  # 0.75 × 400
        ("commitment", 0.0, 400.0),  # 0.75 × 1,000, but no more than the 400 that were drawn
        ("drawn", 320.0, 0.0),
        ("commitment", 320.0, 80.0),  # all that is left of 400
        ("commitment", 400.0, 0.0),
    ],
)
def test_a_floor_under_what_was_drawn_or_committed(of, payment, called):
    capital = {
        "costs": cost({0: 400.0}),
        "tranches": {"a": loan(1000.0)},
        "waterfall": {"principal": {"pay": "principal", "to": ["a"]}},
        "guarantees": {
            "fund": {"tranches": ["a"], "share": 0.75, "kind": "floor", "of": of, "at": 5}
        },
    }
    cash = balanced(case(capital, {2: payment}))
    assert cash.guarantor[0].tolist() == pytest.approx(years({5: called}), **CLOSE)


def test_a_guarantee_is_called_once_and_shared_by_what_is_lost():
    capital = {
        "costs": cost({0: 400.0}),
        "tranches": {"a": loan(300.0), "b": loan(100.0)},
        "waterfall": {"b_first": {"pay": "principal", "to": ["b"]}},
        "guarantees": {
            "half": {"tranches": ["a", "b"], "share": 0.5, "limit": 150.0, "at": 3},
            "late": {"tranches": ["a"], "share": 1.0, "at": 6, "limit": 20.0},
        },
    }
    cash = balanced(case(capital, {2: 40.0, 5: 30.0}))
    # 360 are unreturned at 3: 180, at most 150: 125 and 25
    assert cash.guarantee[:, 3].tolist() == pytest.approx([125.0, 25.0], **CLOSE)
    # b's last 35 are repaid with 30 of the next payment
    assert cash.principal[1].tolist() == pytest.approx(years({2: 40.0, 5: 30.0}), **CLOSE)
    assert cash.guarantor.tolist() == pytest.approx(
        np.array([years({3: 150.0}), years({6: 20.0})]), **CLOSE
    )


def test_cuyahoga_loses_everything_when_nothing_is_paid():
    commitments = {"senior": 1.6, "gund": 1.0, "cleveland": 0.75, "charity": 0.35}
    capital = {
        "costs": cost({0: 1.0, 1: 1.0, 2: 1.0, 3: 0.7}),
        "tranches": {name: loan(amount) for name, amount in commitments.items()},
        "waterfall": {
            "senior": {"pay": "principal", "to": ["senior"]},
            "junior": {"pay": "principal", "to": ["gund", "cleveland", "charity"]},
        },
    }
    cash = balanced(case(capital))
    assert [rate(flow) for flow in cash.flow] == [-1.0] * 4
    cash = balanced(case(capital, {5: 2.65}))
    assert rate(cash.flow[0]) == pytest.approx(0.0, abs=1e-12)
    assert cash.principal[1:, 5].tolist() == pytest.approx([0.5, 0.375, 0.175], **CLOSE)
