"""The files of closed deals pay what was published: read term by term, and lived by the slow twin.

Each fact gives the twin what was measured and asks who pays and gets what; the schedules are also
read one by one, and what the sources print is recomputed by hand.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import nan
from pathlib import Path

import numpy as np
import pytest

from pfs_sim.model.contract import Term
from pfs_sim.model.evaluation import OutcomeMeasure
from pfs_sim.model.scenario import Scenario
from pfs_sim.plan.row import SOURCES
from pfs_sim.reading import load
from tests.naive import live_path
from tests.published_facts import APOLLO_LINES, FACTS, RIKERS_TABLE, Fact, utah_payments

FOLDER = Path(__file__).parent.parent / "scenarios"
CASES = [(deal, fact) for deal, facts in FACTS.items() for fact in facts]


def scenario(name: str) -> Scenario:
    found: Scenario = load(FOLDER / f"{name}.yaml").scenario
    return found


def amount(term: Term, measured: float) -> float:
    """What a term pays for a measure, its cap included, read from its words one knot at a time."""
    form = term.schedule.segments()
    paid = form.below
    for x, y, slope in zip(form.x, form.y, form.slope, strict=True):
        if measured > x or (measured == x and not form.above):
            paid = y + slope * (measured - x)
    return paid if term.cap is None else min(paid, term.cap.value)


def due(deal: Scenario, fact: Fact) -> Iterator[tuple[str, float]]:
    """What each term pays for a fact that gives one number an outcome."""
    for name, term in deal.contract.terms.items():
        measure = deal.evaluation.measures.get(term.measure or "")
        # Roca's measure is a blend of two that are given the same number.
        outcome = getattr(measure, "outcome", next(iter(deal.outcomes)))
        given = fact.measured[outcome]
        assert isinstance(given, int | float)
        dates = len(term.at or []) if term.basis == "each" else 1
        yield name, dates * amount(term, given)


def measured_values(deal: Scenario, fact: Fact) -> list[list[float]]:
    """[measure][evaluation] What a fact says was measured; NaN where it says nothing."""
    found = []
    for measure in deal.evaluation.measures.values():
        outcome = measure.outcome if isinstance(measure, OutcomeMeasure) else ""
        given = fact.measured.get(outcome, nan)
        dates = deal.evaluation.dates
        found.append([given.get(e, nan) if isinstance(given, dict) else given for e in dates])
    return found


def internal_rate(flow: list[float], per_year: int) -> float:
    """Annual IRR of an investment that is followed by receipts, by bisection; −1 for nothing."""
    if not any(x > 0.0 for x in flow):
        return -1.0
    low, high = -0.999999, 10.0
    for _ in range(200):
        middle = (low + high) / 2.0
        worth = sum(x / (1.0 + middle) ** (t / per_year) for t, x in enumerate(flow))
        low, high = (middle, high) if worth > 0.0 else (low, middle)
    return low


def settled(deal: Scenario, fact: Fact) -> dict[str, float]:
    """What the slow twin pays at the means with the measures of a fact, by dotted name."""
    given = measured_values(deal, fact)
    cash = live_path(deal, frozen=SOURCES, given=given).cash
    paid = np.array(cash["paid"], dtype=float)
    found = {"payments.total": paid.sum(), "guarantor.paid": float(np.sum(cash["guarantor"]))}
    for k, name in enumerate(deal.contract.terms):
        found[f"payments.terms.{name}"] = paid[k].sum()
    for t in range(deal.clock.periods + 1):
        found[f"payments.by_date.{deal.clock.date(t)}"] = paid[:, t].sum()
    for i, name in enumerate(deal.capital.tranches):
        returned = sum(sum(cash[key][i]) for key in ("principal", "guarantee"))
        received = returned + sum(sum(cash[key][i]) for key in ("interest", "extra"))
        drawn, at = sum(cash["draw"][i]), f"tranches.{name}"
        found[f"{at}.paid"], found[f"{at}.moic"] = received, received / drawn
        found[f"{at}.principal_loss"] = max(0.0, drawn - returned)
        found[f"{at}.irr"] = internal_rate(list(cash["flow"][i]), deal.clock.per_year)
    return found


@pytest.mark.parametrize(("deal", "fact"), CASES)
def test_deals_pay_what_was_published(deal: str, fact: Fact) -> None:
    found = settled(scenario(deal), fact)
    wrong = {
        name: (found[name], value)
        for name, value in fact.expected.items()
        if not abs(found[name] - value) <= fact.tolerance
    }
    assert wrong == {}


@pytest.mark.parametrize(("deal", "fact"), CASES)
def test_facts_name_what_the_scenario_has(deal: str, fact: Fact) -> None:
    found = scenario(deal)
    assert set(fact.measured) <= set(found.outcomes)
    for given in fact.measured.values():
        assert isinstance(given, float | int) or set(given) <= set(found.evaluation.dates)
    for name in fact.expected:
        parts = name.split(".")
        if parts[:2] == ["payments", "terms"]:
            assert parts[2] in found.contract.terms
        elif parts[0] == "tranches":
            assert parts[1] in found.capital.tranches


@pytest.mark.parametrize(
    ("deal", "fact"),
    [c for c in CASES if not any(isinstance(v, dict) for v in c[1].measured.values())],
)
def test_terms_pay_what_was_published(deal: str, fact: Fact) -> None:
    found = scenario(deal)
    paid = dict(due(found, fact))
    for name, value in paid.items():
        expected = fact.expected.get(f"payments.terms.{name}", value)
        assert abs(value - expected) <= fact.tolerance
    if "payments.total" in fact.expected:
        total = sum(paid.values())
        cap = found.contract.cap
        total = total if cap is None else min(total, cap.value)
        assert abs(total - fact.expected["payments.total"]) <= fact.tolerance


def test_denver_reconciles_to_the_cent() -> None:
    assert round(12457 * 15.12, 2) == 188349.84
    assert round(258858 * 15.12, 2) == 3913932.96
    assert round(41070 * 15.12, 2) == 620978.40
    assert 258858 + 41070 == 299928
    deal = scenario("denver_supportive_housing")
    total = amount(deal.contract.terms["housing"], 299928) + amount(
        deal.contract.terms["jail"], 0.38
    )
    assert round(total, 2) == 9638911.36
    assert round(total - 8.6e6, 2) == 1038911.36


@pytest.mark.parametrize(("reduction", "paid", "irr"), RIKERS_TABLE)
def test_rikers_table_gives_its_printed_returns(reduction: float, paid: float, irr: float) -> None:
    term = scenario("rikers_able").contract.terms["bed_days"]
    assert amount(term, reduction) == paid
    assert round((paid / 9.6e6) ** 0.25 - 1.0, 4) == irr


@pytest.mark.parametrize(("extra", "irr"), [(3.3e6, 0.0578), (0.0, 0.0343), (-3.3e6, 0.0083)])
def test_dc_water_returns_are_those_of_its_flows(extra: float, irr: float) -> None:
    from scipy.optimize import brentq

    deal = scenario("dc_water")
    coupon = amount(deal.contract.terms["coupon"], 0.0)
    flows = [-25e6, *[coupon] * 4, coupon + 25e6 + extra]

    def value(rate: float) -> float:
        return sum(flow / (1.0 + rate) ** t for t, flow in enumerate(flows))

    assert round(brentq(value, -0.5, 0.5), 4) == irr


def test_apollo_adds_up_to_the_pound() -> None:
    assert sum(price * count for price, count in APOLLO_LINES) == 848540
    terms = scenario("project_apollo").contract.terms
    assert len(terms) == len(APOLLO_LINES) == 23
    for i, (price, count) in enumerate(APOLLO_LINES, 1):
        assert amount(terms[f"line_{i}"], count) == price * count


def test_utah_pays_as_published_and_then_switches() -> None:
    term = scenario("utah_preschool").contract.terms["savings"]
    assert term.switch is not None
    assert term.switch.factor.value == pytest.approx(0.40 / 0.95, rel=1e-12)
    paid = utah_payments(109.0)
    assert amount(term, 109.0) == pytest.approx(paid[0])
    assert paid[0] == pytest.approx(267000.0, abs=500.0)
    assert paid[-1] / paid[0] == pytest.approx(0.40 / 0.95)
    owed = 1e6 * 1.05**5
    assert sum(p * 1.05 ** (3 - i) for i, p in enumerate(paid[:4])) < owed
    assert paid[0] > paid[4] > paid[5]
