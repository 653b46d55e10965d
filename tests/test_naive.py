"""The slow twin against a person with a pencil: everything frozen, every number worked by hand."""

import math

import pytest

from pfs_sim.model.contract import Term
from pfs_sim.model.scenario import Scenario
from pfs_sim.plan.row import SOURCES
from tests.generate import scenario
from tests.naive import live_path
from tests.naive_contract import pay
from tests.naive_measures import significant, standard_error
from tests.naive_money import RECEIVED

OUTCOME = {
    "kind": "event",
    "good": "lower",
    "level": 0.4,
    "scale": "difference",
    "effect": -0.1,
    "window": 1,
}
AVERTED = {
    "outcome": "arrest",
    "statistic": "averted",
    "design": "historical",
    "comparison": 0.4,
}


def deal(**changed):
    """Ten people in the first of four years; a year of treatment; 1,000 an arrest averted."""
    plain = {
        "pfs_sim": 1,
        "name": "by hand",
        "clock": {"start": "2020-01-01", "period": "year", "periods": 4},
        "program": {"referrals": {"per_period": [10.0]}, "service": {"duration": 1}},
        "outcomes": {"arrest": OUTCOME},
        "evaluation": {"dates": {"final": 2}, "measures": {"averted": AVERTED}},
        "contract": {
            "terms": {
                "price": {
                    "measure": "averted",
                    "schedule": {"kind": "rate", "price": 1000.0},
                    "lag": 1,
                }
            }
        },
        "capital": {
            "costs": {"service": {"per_client_period": 100.0}},
            "tranches": {"loan": {"kind": "loan", "commitment": 20000.0, "coupon": 0.1}},
            "waterfall": {
                "coupon": {"pay": "interest", "to": ["loan"]},
                "back": {"pay": "principal", "to": ["loan"]},
            },
        },
    }
    return Scenario.model_validate(merge(plain, changed))


def merge(base, over):
    if not isinstance(base, dict) or not isinstance(over, dict):
        return over
    if base.get("kind") != over.get("kind", base.get("kind")):
        return over
    return base | {key: merge(base.get(key), value) for key, value in over.items()}


def expected(found, **options):
    return live_path(found, frozen=SOURCES, **options)


def test_ten_people_one_arrest_averted_and_a_loan_that_loses_three_tenths():
    lived = expected(deal())
    # 10 enrolled in year 0, p = 0.4 - 0.1: 3 arrests instead of 4, known after a year.
    assert lived.people["enrolled"][1] == [10, 0, 0, 0]
    assert lived.people["active"] == [10, 0, 0, 0]
    assert lived.people["completed"] == [0, 10, 0, 0, 0]
    assert lived.people["y"][0][1][2] == [pytest.approx(3.0)]
    assert lived.people["true_y0"][0] - lived.people["true_y"][0] == pytest.approx(1.0)
    assert lived.measures["averted"] == [(pytest.approx(1.0), True)]
    # 1,000 due in 2022, there in 2023: 3 years at 10 % simple are 300, the rest is principal.
    assert lived.cash["due"][0] == pytest.approx([0, 0, 1000, 0, 0])
    assert lived.cash["paid"][0] == pytest.approx([0, 0, 0, 1000, 0])
    assert lived.cash["draw"][0] == pytest.approx([1000, 0, 0, 0, 0])
    assert lived.cash["interest"][0] == pytest.approx([0, 0, 0, 300, 0])
    assert lived.cash["principal"][0] == pytest.approx([0, 0, 0, 700, 0])
    assert lived.cash["balance"][0] == pytest.approx([1000, 1000, 1000, 300, 300])
    assert lived.cash["accrued"][0] == pytest.approx([0, 100, 200, 0, 30])
    assert lived.cash["flow"][0] == pytest.approx([-1000, 0, 0, 1000, 0])


def test_a_floor_guarantee_tops_up_to_nine_tenths():
    backstop = {"tranches": ["loan"], "share": 0.9, "kind": "floor"}
    lived = expected(deal(capital={"guarantees": {"g": backstop}}))
    # 700 of 1,000 came back; 900 are guaranteed.
    assert lived.cash["guarantee"][0] == pytest.approx([0, 0, 0, 0, 200])
    assert lived.cash["balance"][0][4] == pytest.approx(100)


def test_an_additive_guarantee_pays_its_share_of_the_loss_up_to_its_pot():
    backstop = {"tranches": ["loan"], "share": 0.5, "pot": {"1": 100.0, "2024-01-01": 40.0}}
    lived = expected(deal(capital={"guarantees": {"g": backstop}}))
    # Half of 300 is 150; the pot holds 140 by then.
    assert lived.cash["guarantor"][0] == pytest.approx([0, 0, 0, 0, 140])


def test_leavers_get_part_of_the_treatment_and_part_of_the_effect():
    lived = expected(
        deal(
            program={
                "referrals": {"per_period": [100.0]},
                "service": {"duration": 2},
                "attrition": {"hazard": {"kind": "piecewise", "leave": [0.5]}, "no_show": 0.2},
            },
            outcomes={"arrest": OUTCOME | {"level": 0.5, "effect": -0.4}},
        )
    )
    # 20 never start; 80 start, 40 leave in year 0, 20 of the other 40 in year 1, 20 complete.
    assert lived.people["exits"][0][1][0] == pytest.approx([20, 40, 20, 20])
    assert lived.people["active"] == pytest.approx([80, 40, 0, 0])
    assert lived.people["left"] == pytest.approx([0, 40, 20, 0, 0])
    # Doses 0, 1/4, 3/4, 1: p = 0.5, 0.4, 0.2, 0.1 and 10 + 16 + 4 + 2 arrests.
    assert [sample[0] for sample in lived.people["y"][0][1]] == pytest.approx([10, 20, 2])
    assert lived.people["true_y"][0] == pytest.approx(32)
    assert lived.people["true_y0"][0] == pytest.approx(50)


def test_whoever_finds_no_place_waits():
    program = {
        "referrals": {"per_period": 10.0},
        "window_end": 3,
        "service": {"duration": 2, "teams": {"one": {"caseload": 6}}},
    }
    lived = expected(deal(program=program))
    # Six places for two years: 6 of 10, then none, then 6 of 24; in year 3 the 18 give up.
    assert lived.people["enrolled"][1] == pytest.approx([6, 0, 6, 0])
    assert lived.people["waiting"] == pytest.approx([4, 14, 18, 0])
    assert lived.people["turned_away"] == pytest.approx([0, 0, 0, 18])


def test_a_milestone_with_a_limit_and_a_qualifying_period():
    month = {"kind": "milestone", "good": "higher", "level": 0.5, "limit": 2, "qualify": 2}
    lived = expected(
        deal(
            program={"referrals": {"per_period": [8.0]}, "service": {"duration": 3}},
            outcomes={"arrest": month},
            evaluation={
                "dates": {"final": 2, "last": 3},
                "measures": {
                    "averted": {"outcome": "arrest", "statistic": "total", "design": "validated"}
                },
            },
        )
    )
    # E min(Binomial(3, 1/2), 2) = 3/8 + 2 · 4/8 = 11/8 a client. By year: 4, then 2 + 2 (both
    # known when the second year is over), then 1 of the 2 without one and 2 of the 4 with one.
    assert lived.people["y"][0][1][2] == pytest.approx([8, 3])
    assert lived.people["n"][0][1][2] == pytest.approx([8, 0])
    assert lived.measures["averted"] == [(pytest.approx(8), True), (pytest.approx(11), True)]


def test_an_empty_till_ends_the_service():
    lived = expected(
        deal(
            program={"service": {"duration": 3}},
            capital={"tranches": {"loan": {"commitment": 1500.0}}},
        )
    )
    # 1,000 a year for ten people: year 1 cannot be paid, so everyone leaves after a third.
    assert lived.cash["events"][:2] == [1, 1]
    assert lived.people["active"] == pytest.approx([10, 0, 0, 0])
    assert lived.people["left"] == pytest.approx([0, 10, 0, 0, 0])
    assert lived.cash["draw"][0] == pytest.approx([1000, 0, 0, 0, 0])
    # A third of the effect: p = 0.4 - 0.1/3.
    assert lived.people["y"][0][1][1] == pytest.approx([11 / 3])


def test_a_trigger_winds_down_and_ends_payment():
    end = {
        "at": [1],
        "action": "terminate",
        "wind_down": 50.0,
        "pays_after": False,
        "only_if": {"few": {"measure": "enrolled", "below": 11.0}},
    }
    lived = expected(
        deal(
            evaluation={"measures": {"enrolled": {"program": "enrolled"}}},
            contract={"triggers": {"early": end}},
        )
    )
    assert lived.cash["events"][:2] == [1, 2]
    assert lived.cash["uses"] == [
        pytest.approx([1000, 0, 0, 0, 0]),
        pytest.approx([0, 50, 0, 0, 0]),
        pytest.approx([0, 0, 0, 0, 0]),
    ]
    assert sum(lived.cash["paid"][0]) == 0
    assert lived.measures["averted"] == [(0.0, False)]


def test_excess_over_a_fiscal_year_is_carried_and_held_back_money_is_released():
    lived = expected(
        deal(
            clock={"period": "quarter", "periods": 12},
            evaluation={"dates": {"final": 4, "last": 5}},
            contract={
                "terms": {
                    "price": {
                        "measure": None,
                        "schedule": {"kind": "fixed", "amount": 1000.0},
                        "lag": 0,
                        "fiscal_year_cap": {"amount": 1100.0, "excess": "carry"},
                        "holdback": {"share": 0.1, "release": 9},
                    }
                }
            },
        )
    )
    # 900 at quarter 4 and 900 at quarter 5 of the same year: 200 now, 700 at quarter 8, and the
    # 200 held back at quarter 9.
    paid = dict.fromkeys(range(13), 0.0) | {4: 900, 5: 200, 8: 700, 9: 200}
    assert lived.cash["paid"][0] == pytest.approx(list(paid.values()))


def test_a_return_table_pays_what_brings_investors_there():
    table = {"kind": "tiers", "tiers": [[0.5, 0.06]]}
    found = {"contract": {"terms": {"price": {"schedule": table, "pays": "irr"}}}}
    lived = expected(deal(**found))
    assert lived.cash["paid"][0][3] == pytest.approx(1000 * 1.06**3)


def test_true_mode_replaces_a_measure_by_its_truth():
    biased = AVERTED | {"bias": 5.0, "comparison": 0.9}
    found = deal(evaluation={"measures": {"averted": biased}})
    assert expected(found).measures["averted"] == [(pytest.approx(11.0), True)]
    assert expected(found, true_mode=True).measures["averted"] == [(pytest.approx(1.0), True)]


def test_a_given_measure_is_taken_as_it_is():
    assert expected(deal(), given=[[2.0]]).cash["paid"][0][3] == pytest.approx(2000)


STAIRCASES = [
    ({"kind": "tiers", "tiers": [[0.1, 5.0], [0.2, 7.0]]}, {0.099: 0, 0.1: 5, 0.3 - 0.2: 5, 9: 7}),
    ({"kind": "tiers", "tiers": [[0.1, 5.0]], "above": True}, {0.1: 0, 0.1001: 5}),
    ({"kind": "rate", "price": 3.0, "from": 2.0}, {1.9: 0, 2.0: 6, 3.0: 9}),
    ({"kind": "rate", "price": 3.0, "both_ways": True}, {-2.0: -6, 2.0: 6}),
    ({"kind": "points", "points": [[1.0, 10.0], [3.0, 30.0]]}, {0: 10, 2: 20, 4: 30}),
    (
        {"kind": "points", "points": [[1.0, 10.0], [3.0, 30.0]], "threshold": 2.0},
        {1.9: 0, 2: 20, 4: 30},
    ),
    (
        {"kind": "pieces", "below": 1.0, "pieces": [[2.0, 5.0, 2.0], [3.0, 4.0, 0.0]]},
        {1: 1, 2: 5, 2.5: 6, 3: 4, 9: 4},
    ),
    ({"kind": "savings", "value": 10.0, "share": 0.5, "from": 1.0}, {0.5: 0, 1: 5, 2: 10}),
    ({"kind": "fixed", "amount": -7.0}, {-1: -7, 1: -7}),
]


@pytest.mark.parametrize(("schedule", "stairs"), STAIRCASES)
def test_a_schedule_pays_what_a_person_reads_off_it(schedule, stairs):
    built = Term.model_validate({"schedule": schedule}).schedule
    for x, amount in stairs.items():
        assert pay(built, x) == pytest.approx(amount), x


class One:
    """An outcome and no inputs: enough for a standard error of an event."""

    def __init__(self, found):
        self.scenario = found


def test_the_two_proportion_test():
    # 20 of 100 against 40 of 100: pooled 0.3, error √(0.3 · 0.7 · 0.02) = 0.0648, z = 3.086.
    error = standard_error(One(deal()), "arrest", 0.2, 0.4, 100, 100)
    assert error == pytest.approx(math.sqrt(0.0042))
    assert significant(0.2, error, 0.00102)
    assert not significant(0.2, error, 0.00101)
    # Against a fixed 0.4: √(0.4 · 0.6 / 100).
    assert standard_error(One(deal()), "arrest", 0.2, 0.4, 100, None) == pytest.approx(0.0024**0.5)


@pytest.mark.parametrize("start", range(0, 40, 10))
def test_no_dollar_is_made_or_lost_in_generated_deals(start):
    for i in range(start, start + 10):
        balance_of(live_path(Scenario.model_validate(scenario(i))).cash)


def balance_of(cash):
    """What comes in at each grid point goes out or is held."""
    before = 0.0
    for t in range(len(cash["till"])):

        def now(name, t=t):
            return sum(row[t] for row in cash[name])

        held = cash["till"][t] + now("pool")
        got = now("draw") + now("call") + now("paid") + cash["grants"][t] + now("guarantor")
        coupons = cash["uses"][-1][t]
        gave = now("uses") + sum(now(kind) for kind in RECEIVED) - coupons + now("party")
        assert got == pytest.approx(gave + held - before, abs=1e-6)
        before = held
