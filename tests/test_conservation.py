"""Over generated deals: cash is conserved, caps hold, and what should not matter does not."""

import copy

import numpy as np
import pytest
from hypothesis import given, settings

from tests.generated_deals import build, deals, live, turnover
from tests.money_case import imbalance


def check_conservation(spec):
    made = build(spec)
    cash = live(made, spec)
    scale = turnover(made, cash)
    slack = 1e-9 * scale
    assert np.abs(imbalance(cash)).max() <= slack
    # nothing is owed by nobody
    assert cash.till.min() >= -slack
    assert cash.pool.min() >= -slack
    for amounts in (cash.balance, cash.accrued, cash.draw, cash.principal, cash.interest):
        assert amounts.min(initial=0.0) >= -slack
    # a tranche's cash is the sum of its parts
    flow = cash.interest + cash.principal + cash.extra + cash.guarantee - cash.draw - cash.call
    assert np.abs(flow - cash.flow).max(initial=0.0) <= slack
    # every claim ends somewhere
    for j, term in enumerate(made.scenario.contract.terms.values()):
        ends = sum(float(part[j].sum()) for part in (cash.paid, cash.cut, cash.lost))
        ends += float(cash.reduced[j].sum() + cash.forfeited[j].sum())
        assert abs(ends - cash.due[j].sum()) <= slack
        if term.cap is not None:
            assert cash.paid[j].cumsum().max() <= term.cap.value + slack
    check_caps(made, cash, slack)
    return made, cash


def check_caps(made, cash, slack):
    contract, clock = made.scenario.contract, made.scenario.clock
    years = np.array([clock.fiscal_year(t) for t in range(clock.periods + 1)])
    assert np.abs(cash.payor.sum(0) - cash.paid.sum(0)).max() <= slack

    def by_year(amounts):
        return max(amounts[years == year].sum() for year in np.unique(years))

    rows = [(contract, cash.paid.sum(0))]
    rows += [(payor, cash.payor[q]) for q, payor in enumerate(contract.payors.values())]
    for words, amounts in rows:
        if words.cap is not None:
            # money that came back from the investors makes room again
            assert amounts.sum() <= words.cap.value + slack
        if words.fiscal_year_cap is not None:
            assert by_year(amounts) <= words.fiscal_year_cap.amount.value + slack
    for j, term in enumerate(contract.terms.values()):
        if term.fiscal_year_cap is not None:
            assert by_year(cash.paid[j]) <= term.fiscal_year_cap.amount.value + slack
    for i, tranche in enumerate(made.scenario.capital.tranches.values()):
        assert cash.draw[i].sum() <= tranche.commitment.value + slack
    for g, guarantee in enumerate(made.scenario.capital.guarantees.values()):
        if guarantee.limit is not None:
            assert cash.guarantor[g].sum() <= guarantee.limit.value + slack


@given(deals())
@settings(max_examples=300)
def test_cash_is_conserved(spec):
    check_conservation(spec)


@pytest.mark.verify
@given(deals())
@settings(max_examples=2_000)
def test_cash_is_conserved_over_many_deals(spec):
    check_conservation(spec)


def same(one, two, slack, k=1.0):
    """All amounts of two paths agree, the second in a money worth `k`."""
    for name in ("due", "paid", "payor", "uses", "draw", "flow", "party", "till", "guarantor"):
        first, second = getattr(one, name), getattr(two, name)
        assert np.abs(first * k - second).max(initial=0.0) <= slack * k, name


@given(deals())
@settings(max_examples=60)
def test_money_in_another_currency(spec):
    made = build(spec)
    one = live(made, spec)
    for k in (1_024.0, 3.7):
        two = live(build(spec, k), spec)
        assert two.events.tolist() == one.events.tolist()
        same(one, two, 1e-9 * turnover(made, one), k)


@given(deals())
@settings(max_examples=60)
def test_a_term_without_a_price_changes_nothing(spec):
    one = live(build(spec), spec)
    more = copy.deepcopy(spec)
    free = {"measure": "x", "schedule": {"kind": "rate", "price": 0.0}}
    more["terms"] = {"free": free} | more["terms"] | {"free_too": free}
    two = live(build(more), more)
    assert (two.paid[1:-1] == one.paid).all()
    for name in ("payor", "uses", "draw", "flow", "party", "till", "pool", "guarantor"):
        assert (getattr(one, name) == getattr(two, name)).all(), name


@given(deals())
@settings(max_examples=60)
def test_caps_that_never_bind_change_nothing(spec):
    one = live(build(spec), spec)
    more = copy.deepcopy(spec)
    high = {"amount": 1e12, "excess": "carry"}
    for words in (more["contract"], *more["terms"].values(), *more["payors"].values()):
        words.setdefault("cap", 1e12)
        words.setdefault("fiscal_year_cap", high)
    two = live(build(more), more)
    assert identical(one, two)


def identical(one, other):
    """Whether all that happened on two paths is the same."""
    return all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))


def split(spec, name):
    """The same deal with one tranche held in two equal parts."""
    more = copy.deepcopy(spec)
    half = copy.deepcopy(more["tranches"][name])
    half["commitment"] /= 2
    if "schedule" in half:
        half["schedule"] = {when: amount / 2 for when, amount in half["schedule"].items()}
    parts = (name, f"{name}2")
    tranches = {}
    for other, words in more["tranches"].items():
        tranches |= dict.fromkeys(parts, half) if other == name else {other: words}
    more["tranches"] = tranches

    def named(names):
        return [part for other in names for part in (parts if other == name else (other,))]

    switches = [term["switch"] for term in more["terms"].values() if "switch" in term]
    for words in (*more["guarantees"].values(), *more["triggers"].values(), *switches):
        words["tranches"] = named(words["tranches"])
    for words in more["waterfall"].values():
        to = words.get("to", [])
        if isinstance(to, dict) and name in to:
            words["to"] = {n: s for n, s in to.items() if n != name}
            words["to"] |= dict.fromkeys(parts, to[name] / 2)
        elif isinstance(to, list):
            words["to"] = named(to)
    return more


@given(deals())
@settings(max_examples=60)
def test_splitting_a_tranche_changes_no_total(spec):
    made = build(spec)
    one = live(made, spec)
    slack = 1e-9 * turnover(made, one)
    for name in spec["tranches"]:
        more = split(spec, name)
        two = live(build(more), more)
        assert two.events.tolist() == one.events.tolist()
        for what in ("paid", "uses", "flow", "draw", "party", "principal", "interest", "guarantor"):
            first, second = getattr(one, what).sum(0), getattr(two, what).sum(0)
            assert np.abs(first - second).max() <= slack, what


@pytest.mark.jit_off
@given(deals())
@settings(max_examples=15)
def test_a_path_is_the_same_whatever_was_lived_before(spec):
    made, cash = check_conservation(spec)
    before = [np.array(amounts) for amounts in cash]
    made.live({"x": 99.0, "z": -99.0})
    made.people.active[:] = spec["active"]
    assert identical(before, live(made, spec))
