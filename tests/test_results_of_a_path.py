"""The row of a path against the slow one: every column, by name, and some worked by hand."""

import math
from pathlib import Path

import numpy as np
import pytest

from pfs_sim.analysis.lived import live_one
from pfs_sim.model.scenario import Scenario
from pfs_sim.plan.row import SOURCES
from pfs_sim.reading import load
from pfs_sim.simulate import live_compiled
from pfs_sim.statuses import IrrStatus
from tests import money_case
from tests.generate import scenario
from tests.naive import live_path
from tests.naive_results import KINDS, results
from tests.twin import Kernels

SHIPPED = [*sorted(Path("scenarios").glob("*.yaml")), Path("benchmarks/yardstick.yaml")]
RELATIVE = 1e-9
BLOCK = 10


def differences(deal, paths, **options):
    """Every column in which a row and the slow one differ: [(path, column, row, slow)]."""
    kernels = Kernels(deal, **options)
    rows, _ = live_compiled(kernels.compiled, paths, threads=1)
    columns = kernels.compiled.columns
    found = []
    for path in range(paths):
        people, cash, inputs = kernels.live(path)
        row = {c.name: float(x) for c, x in zip(columns, rows[:, path], strict=True)}
        slow = results(deal, inputs, people, cash)
        assert slow.keys() == row.keys()
        assert len(columns) == len(row)
        size = max([1.0, *(abs(row[c.name]) for c in columns if c.unit == "money")])
        for column in columns:
            a, b = row[column.name], float(slow[column.name])
            floor = 1e-9 * size if column.unit == "money" else 1e-12
            if not same(a, b, floor):
                found.append((path, column.name, a, b))
    return found


def same(a, b, floor):
    if math.isnan(a) or math.isnan(b):
        return math.isnan(a) and math.isnan(b)
    return a == b or abs(a - b) <= RELATIVE * max(abs(a), abs(b)) + floor


def check(block, paths):
    found = {}
    for i in range(BLOCK * block, BLOCK * (block + 1)):
        differ = differences(Scenario.model_validate(scenario(i)), paths)
        if differ:
            found[i] = differ
    assert not found


@pytest.mark.parametrize("file", SHIPPED, ids=lambda file: file.stem)
def test_shipped_scenarios(file):
    deal = load(file).scenario
    assert not differences(deal, 4)
    assert not differences(deal, 1, frozen=SOURCES)


@pytest.mark.parametrize("block", range(6))
def test_generated_deals(block):
    check(block, 2)


@pytest.mark.verify
@pytest.mark.parametrize("block", range(100))
def test_a_thousand_generated_deals(block):
    check(block, 3)


@pytest.mark.parametrize("i", range(60, 66))
def test_a_path_that_no_kernel_has_lived(i):
    """The slow twin's own people and cash: nothing of the kernels but the row itself."""
    deal = Scenario.model_validate(scenario(i))
    lived = live_path(deal)
    cash = lived.cash | {kind: without_dust(lived.cash[kind]) for kind in KINDS}
    slow = results(deal, lived.row, lived.people, cash)
    row = live_one(deal).values
    size = max([1.0, *(abs(x) for flows in lived.cash["flow"] for x in flows)])
    wrong = [x for x in row if not same(row[x], slow[x], 1e-9 * size)]
    assert not wrong


def without_dust(table):
    """The slow twin draws the rounding error of a need, which is no investment."""
    return [[0.0 if abs(x) < 1e-9 else x for x in row] for row in table]


# By hand: ten years, one grid point a year; 100 are spent at once and 50 after two years. Measured
# values are given, and each unit pays 1 on the day, so that the payments are what a case says.


def worked(paid, capital):
    """The row of a path on which so much has been paid in all by each of two dates."""
    dates = {"first": 2, "last": 5}
    term = {"measure": "units", "claw_back": True}
    term["schedule"] = {"kind": "rate", "price": 1.0, "both_ways": True}
    base = money_case.scenario(
        evaluation={"dates": dates},
        contract={"terms": {"pay": term}, "discount_rate": 0.25},
        capital={
            "costs": {"care": {"at": {"0": 100.0, "2": 50.0}}},
            "waterfall": {"back": {"pay": "principal", "to": ["money"]}},
            "hurdle": 0.25,
            **capital,
        },
    )
    return live_one(base, given=np.array([paid])).values


LOAN = {"tranches": {"money": {"kind": "loan", "commitment": 200.0}}}


def holder(row, name):
    what = ("drawn", "returned", "moic", "principal_loss", "loss_share", "npv", "wal")
    return [row[f"{name}.{x}"] for x in what]


def test_a_loan_that_is_repaid_on_a_day_on_which_more_is_drawn():
    row = worked([60.0, 90.0], LOAN)
    # Flows: -100 at 0, 60 - 50 at 2, 30 at 5. 150 drawn and 90 returned: 60 lost.
    # NPV at 25 %: -100 + 10/1.5625 + 30/3.0517578125 = -100 + 6.4 + 9.8304.
    # Average life: (2·60 + 5·30)/90 = 3 years.
    found = [150.0, 90.0, 0.6, 60.0, 0.4, -83.7696, 3.0]
    assert holder(row, "tranche.money") == holder(row, "investors") == pytest.approx(found)
    # -100 + 10 v² + 30 v⁵ = 0.
    v = 1 / (1 + row["investors.irr"])
    assert -100 + 10 * v**2 + 30 * v**5 == pytest.approx(0.0, abs=1e-10)
    assert row["investors.irr_status"] == IrrStatus.UNIQUE
    # 60/1.5625 + 30/3.0517578125.
    assert row["payor.payments"] == 90
    assert row["payor.payments_pv"] == pytest.approx(38.4 + 9.8304, rel=1e-12)
    assert [row[f"payor.payments.fy{year}"] for year in range(2020, 2027)] == [
        0, 0, 60, 0, 0, 30, 0
    ]  # fmt: skip
    assert row["program.cost"] == 150


def test_nothing_returned_is_a_total_loss():
    row = worked([0.0, 0.0], LOAN)
    # NPV: -100 - 50/1.5625.
    found = [150.0, 0.0, 0.0, 150.0, 1.0, -132.0, math.nan]
    assert holder(row, "tranche.money") == pytest.approx(found, nan_ok=True)
    assert (row["tranche.money.irr"], row["tranche.money.irr_status"]) == (
        -1.0, IrrStatus.TOTAL_LOSS,
    )  # fmt: skip


def test_a_tranche_that_is_never_drawn_has_no_multiple():
    spare = LOAN["tranches"] | {"spare": {"kind": "loan", "commitment": 10.0, "order": 2}}
    row = worked([60.0, 90.0], {"tranches": spare})
    assert [row[f"tranche.spare.{x}"] for x in ("drawn", "returned", "npv")] == [0, 0, 0]
    assert row["tranche.spare.principal_loss"] == 0
    assert all(math.isnan(row[f"tranche.spare.{x}"]) for x in ("moic", "loss_share", "wal", "irr"))
    assert row["tranche.spare.irr_status"] == IrrStatus.NOTHING_INVESTED
    assert row["investors.moic"] == pytest.approx(0.6)


def test_a_guarantee_returns_principal_and_a_grant_is_no_investment():
    gift = {"kind": "grant", "commitment": 40.0, "draw": "upfront"}
    back = {"tranches": ["money"], "share": 0.5}
    row = worked(
        [60.0, 90.0],
        {"tranches": LOAN["tranches"] | {"gift": gift}, "guarantees": {"fund": back}},
    )
    # Of the first 100, 40 are given. At 2 all 60 come back and 50 are drawn, at 5 there come 30;
    # half of the other 20 is guaranteed at 10: 10 of 110 are lost.
    # NPV: -60 + 10/1.5625 + 30/3.0517578125 + 10/9.31322574615478515625.
    # Average life: (2·60 + 5·30 + 10·10)/100 = 3.7.
    npv = -60 + 6.4 + 9.8304 + 1.073741824
    found = [110.0, 100.0, 100 / 110, 10.0, 1 / 11, npv, 3.7]
    assert holder(row, "tranche.money") == holder(row, "investors") == pytest.approx(found)
    assert row["tranche.gift.drawn"] == row["tranche.gift.principal_loss"] == 40
    assert row["guarantor.paid"] == row["guarantor.fund.paid"] == pytest.approx(10)


def test_what_equity_gets_repays_it():
    share = {"rest": {"pay": "share", "to": {"money": 0.8, "provider": 0.2}}}
    row = worked(
        [60.0, 150.0],
        {"tranches": {"money": {"kind": "equity", "commitment": 200.0}}, "waterfall": share},
    )
    # 48 at 2 and 72 at 5 of 150: 30 lost. NPV: -100 - 2/1.5625 + 72/3.0517578125.
    # Average life: (2·48 + 5·72)/120 = 3.8.
    found = [150.0, 120.0, 0.8, 30.0, 0.2, -100 - 1.28 + 23.59296, 3.8]
    assert holder(row, "tranche.money") == pytest.approx(found)
    assert row["provider.received"] == pytest.approx(30)


def test_a_total_loss_of_investors_who_pay_coupons_to_each_other():
    shared = {"commitment": 1000.0, "draw": "as_needed"}
    tranches = {
        "money": shared | {"kind": "loan", "coupon": 0.07, "pays": "paid"},
        "fee": shared | {"kind": "deferred_fee", "commitment": 700.0},
    }
    row = worked([0.0, 0.0], {"tranches": tranches})
    # Every year's coupon is drawn from both and paid to one: nothing comes from outside. In
    # doubles some of the sums that should be zero are 2e-16, which is no return.
    assert row["investors.loss_share"] == pytest.approx(1.0)
    assert row["investors.irr"] == -1.0
    assert row["investors.irr_status"] == IrrStatus.TOTAL_LOSS


def test_what_is_called_back_was_put_in_but_not_drawn():
    row = worked([60.0, 20.0], LOAN)
    # 40 of the 60 are claimed back at 5 and called: 60 on 150 + 40, and 90 of 150 lost.
    found = [150.0, 60.0, 60 / 190, 90.0, 0.6]
    assert holder(row, "tranche.money")[:5] == pytest.approx(found)
    assert row["payor.payments"] == pytest.approx(20)


# Two hundred clients enroll, half of them at 0 and half at 1; all is as expected.


def saving(*, program=None, evaluation=None, triggers=None, **outcome):
    """The row of a deal that averts units worth 10 each, over two years."""
    event = {"kind": "event", "good": "lower", "level": 0.2, "effect": -0.1, "window": 2}
    saved = {"outcome": "event", "value": 10.0, "years": 2.0, "cashable": 0.25}
    base = money_case.scenario(
        program={"window_end": 2, **(program or {})},
        outcomes={"event": event | {"scale": "difference"} | outcome},
        contract={"discount_rate": 0.25, "savings": {"less": saved}, "triggers": triggers or {}},
    )
    base["evaluation"]["measures"]["units"] |= evaluation or {}
    return live_one(base, frozen=SOURCES).values


ABSENT = {"hazard": {"kind": "exponential", "rate": 0.0}, "no_show": 0.5}


def evenly(start):
    """What 1 is worth at 25 % a year that comes evenly over two years from `start` on."""
    return (1.25**-start - 1.25 ** -(start + 2)) / (2 * math.log(1.25))


def test_savings_come_evenly_from_the_end_of_the_window():
    row = saving()
    # 20 of 40 are averted. The average client enrolls at 0.5; the window closes at 2.5. The other
    # 20 are paid for at 4, when all have been measured.
    assert row["outcome.event.averted"] == pytest.approx(20)
    assert row["outcome.event.effect_true"] == pytest.approx(0.1)
    assert row["outcome.event.measured"] == pytest.approx(200)
    assert row["payor.savings"] == pytest.approx(200)
    assert row["payor.savings_cashable"] == pytest.approx(50)
    assert row["payor.net_benefit"] == pytest.approx(180)
    assert row["payor.net_benefit_pv"] == pytest.approx(200 * evenly(2.5) - 20 / 1.25**4)


def test_the_measured_effect_is_that_beside_what_the_contract_fixes():
    row = saving(evaluation={"statistic": "difference", "design": "historical", "comparison": 0.25})
    assert row["outcome.event.effect_true"] == pytest.approx(0.1)
    assert row["outcome.event.effect_measured"] == pytest.approx(0.15)
    assert row["measure.units"] == pytest.approx(0.15)


def test_savings_begin_later_where_the_window_opens_at_the_end_of_treatment():
    row = saving(opens="exit", program={"attrition": ABSENT})
    # Half never start and leave at once, half are served for two years: the average window opens
    # at 0.5 + 1 and closes at 3.5. Only half have the effect: 10 averted, worth 100. By 4 all
    # but the 50 who came at 1 and stayed until 3 are measured.
    paid = 100 * 0.2 + 50 * 0.1
    assert row["payor.savings"] == pytest.approx(100)
    assert row["payor.payments"] == pytest.approx(paid)
    assert row["payor.net_benefit_pv"] == pytest.approx(100 * evenly(3.5) - paid / 1.25**4)


def test_clients_at_whom_no_measure_looks_are_not_measured():
    looks = {"program": {"attrition": ABSENT}, "evaluation": {"sample": "treated"}}
    # 100 of 200 never start.
    assert saving(**looks)["outcome.event.measured"] == pytest.approx(100)
    assert saving(**looks, drift=1e-6)["outcome.event.measured"] == pytest.approx(100)


def test_nobody_is_measured_after_an_end_without_pay():
    end = {"at": [3], "action": "terminate", "pays_after": False}
    row = saving(triggers={"end": end})
    assert row["measure.units.exists"] == 0
    assert row["outcome.event.measured"] == 0
