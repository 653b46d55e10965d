"""Contracts and stacks at random: every kind of term, cap, tranche, step and guarantee.

A deal is drawn as a *spec* whose money is in units; `build` states it as a scenario with the unit
worth `k`, so that the same deal can be written in any currency.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st

from pfs_sim.tables.state import NEVER, Cash
from tests.money_case import Case

PARTIES = ("payor", "provider", "intermediary")
MEASURES = ("x", "z")

money = st.sampled_from([0.0, 50.0, 300.0, 1_000.0, 1_234.0, 2_000.0])
rate = st.sampled_from([0.0, 0.02, 0.05, 0.1])
share = st.sampled_from([0.0, 0.1, 0.25, 0.5, 1.0])


def moment(periods: int) -> st.SearchStrategy[int]:
    return st.integers(0, periods)


def maybe(strategy: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.one_of(st.none(), strategy)


def present(words: dict[str, Any]) -> dict[str, Any]:
    """What is said."""
    return {key: value for key, value in words.items() if value is not None}


@st.composite
def tranche(draw: Any, periods: int) -> dict[str, Any]:
    """A tranche; `money` names the fields that scale."""
    fixed = draw(st.booleans()) and draw(st.booleans())
    return present(
        {
            "kind": draw(
                st.sampled_from(
                    ["loan", "loan", "recoverable_grant", "grant", "deferred_fee", "equity"]
                )
            ),
            "commitment": draw(st.sampled_from([0.0, 400.0, 900.0, 2_000.0])),
            "coupon": draw(rate),
            "pays": draw(st.sampled_from(["accrued", "paid"])),
            "compounding": draw(st.sampled_from(["simple", "compound"])),
            "order": draw(st.integers(1, 2)),
            "draw": draw(st.sampled_from(["as_needed", "as_needed", "upfront"])),
            "first": draw(st.sampled_from([0, 0, 1, 2])),
            "last": draw(maybe(moment(periods))),
            "schedule": {str(draw(moment(periods))): draw(money)} if fixed else None,
        }
    )


@st.composite
def step(draw: Any, tranches: list[str], pools: list[str]) -> dict[str, Any]:
    """A step of the waterfall."""
    kinds = ["fee", "share", "reserve"]
    owed = ["interest", "principal", "principal", "return"] if tranches else []
    kind = draw(st.sampled_from([*kinds, *owed]))
    words: dict[str, Any] = {
        "pay": kind,
        "due": draw(st.sampled_from([0, 0, 0, 2])),
        "until": draw(st.sampled_from([None, None, 5])),
        "pool": draw(st.sampled_from([None, *pools])),
    }
    if kind == "fee":
        words |= {"to": [draw(st.sampled_from(PARTIES))], "amount": draw(money)}
    elif kind == "reserve":
        words["amount"] = draw(money)
    elif kind == "share":
        names = draw(st.lists(st.sampled_from([*PARTIES, *tranches]), min_size=1, unique=True))
        words["to"] = {name: draw(st.sampled_from([0.5, 1.0])) / len(names) for name in names}
        words["irr"] = draw(maybe(rate))
    else:
        words["to"] = draw(st.lists(st.sampled_from(tranches), min_size=1, unique=True))
        words["irr"] = draw(rate) if kind == "return" else None
    return present(words)


def year_cap(periods: int) -> st.SearchStrategy[Any]:
    excess = st.sampled_from(["forfeit", "carry"])
    return maybe(st.builds(lambda a, e: {"amount": a, "excess": e}, money, excess))


@st.composite
def term(
    draw: Any, periods: int, tranches: list[str], payors: list[str], pools: list[str]
) -> dict[str, Any]:
    """A payment term on one of two measures."""
    holdback: dict[str, Any] = {"share": draw(share), "release": draw(moment(periods))}
    if draw(st.booleans()):
        holdback["only_if"] = {"c": {"measure": "z", "at_least": 20.0}}
    switch = {"tranches": tranches, "rate": draw(rate), "factor": draw(share)}
    words: dict[str, Any] = {
        "measure": draw(st.sampled_from(MEASURES)),
        "schedule": {
            "kind": "rate",
            "price": draw(st.sampled_from([0.0, 3.0, 10.0, 17.0])),
            "both_ways": draw(st.booleans()),
        },
        "basis": draw(st.sampled_from(["cumulative", "each"])),
        "claw_back": draw(st.booleans()),
        "lag": draw(st.integers(0, 2)),
        "cap": draw(maybe(money)),
        "fiscal_year_cap": draw(year_cap(periods)),
        "floor": draw(st.sampled_from([None, None, 60.0])),
        "holdback": holdback if draw(st.booleans()) else None,
        "escalation": {"rate": 0.03} if draw(st.booleans()) else None,
        "switch": switch if tranches and draw(st.booleans()) else None,
        "pool": draw(st.sampled_from(["main", *pools])),
    }
    if len(payors) > 1 and draw(st.booleans()):
        words["payors"] = {payors[0]: 0.7, payors[1]: 0.3}
    table = draw(st.sampled_from([None] * 4 + ["irr", "principal_share"]))
    if table is not None:
        words |= {"pays": table, "schedule": {"kind": "tiers", "tiers": [[1.0, 0.04], [9.0, 0.08]]}}
    return present(words)


@st.composite
def payor(draw: Any, periods: int) -> dict[str, Any]:
    """A payor, who may fail."""
    default = {
        "probability": draw(st.sampled_from([0.0, 0.3, 1.0])),
        "lost": draw(share),
        "late": draw(st.integers(0, 3)),
    }
    return present(
        {
            "cap": draw(maybe(money)),
            "fiscal_year_cap": draw(year_cap(periods)),
            "default": default if draw(st.booleans()) else None,
        }
    )


@st.composite
def deals(draw: Any) -> dict[str, Any]:
    """The spec of a deal, and what happens in it."""
    period, least, most = draw(st.sampled_from([("year", 4, 10), ("quarter", 6, 16)]))
    periods = draw(st.integers(least, most))
    pools = draw(st.sampled_from([[], [], ["side"]]))
    how_many = draw(st.sampled_from([0, 1, 2, 2, 3, 3]))
    tranches = {n: draw(tranche(periods)) for n in "abc"[:how_many]}
    payors = {n: draw(payor(periods)) for n in "pq"[: draw(st.integers(1, 2))]}
    names = list(tranches)
    terms = {
        f"t{n}": draw(term(periods, names, list(payors), pools))
        for n in range(draw(st.integers(1, 4)))
    }
    steps = {f"s{n}": draw(step(names, pools)) for n in range(draw(st.integers(2, 7)))}
    guarantee = st.fixed_dictionaries(
        {
            "tranches": st.lists(st.sampled_from(names or ["a"]), min_size=1, unique=True),
            "share": share,
            "kind": st.sampled_from(["additive", "floor"]),
            "at": maybe(moment(periods)),
            "limit": maybe(money),
        }
    )
    guarantees = {f"g{n}": present(draw(guarantee)) for n in range(draw(st.integers(0, 2)))}
    action = draw(st.sampled_from([None, None, "terminate", "stop_funding"]))
    trigger = {
        "at": [draw(moment(periods))],
        "only_if": {"c": {"measure": "x", "below": 50.0}} if draw(st.booleans()) else {},
        "action": action,
        "wind_down": draw(money) if action == "terminate" else 0.0,
        "pays_after": draw(st.booleans()),
        "tranches": names if action == "stop_funding" else [],
    }
    dates = sorted(draw(st.sets(moment(periods), min_size=1, max_size=3)))
    count = st.sampled_from([0.0, 5.0, 12.0, 30.0])
    value = st.sampled_from([float("nan"), -40.0, 0.0, 8.0, 20.0, 45.0, 90.0, 150.0, 300.0])
    return {
        "clock": {
            "start": "2020-01-01",
            "period": period,
            "periods": periods,
            "fiscal_year_start": draw(st.sampled_from([1, 7])),
        },
        "dates": {f"e{n}": t for n, t in enumerate(dates)},
        "contract": present(
            {"cap": draw(maybe(money)), "fiscal_year_cap": draw(year_cap(periods))}
        ),
        "terms": terms,
        "payors": payors,
        "triggers": {"end": trigger} if action else {},
        "costs": {
            "care": {
                "per_client_period": draw(st.sampled_from([0.0, 5.0, 20.0])),
                "inflation": 0.02,
            },
            "office": {"per_period": draw(st.sampled_from([0.0, 20.0, 60.0]))},
            "study": {"at": {str(draw(moment(periods))): draw(money)}},
        },
        "tranches": tranches,
        "grants": {"gift": {"amount": draw(money), "at": 0}} if draw(st.booleans()) else {},
        "waterfall": steps,
        "guarantees": guarantees if names else {},
        "draws": draw(st.sampled_from(["after_distribution", "before_distribution"])),
        "shortfall": draw(st.sampled_from(["stop", "continue"])),
        "residual": draw(st.sampled_from(PARTIES)),
        "active": draw(st.lists(count, min_size=periods, max_size=periods)),
        "x": draw(st.lists(value, min_size=len(dates), max_size=len(dates))),
        "z": draw(st.lists(value, min_size=len(dates), max_size=len(dates))),
    }


_MONEY = {
    "amount", "cap", "commitment", "limit", "price", "wind_down", "per_client_period", "per_period",
    "schedule", "at", "below", "floor",
}  # fmt: skip


def _scaled(found: Any, k: float, scales: bool = False) -> Any:
    """The same words with every amount of money times `k`."""
    if isinstance(found, dict):
        return {key: _scaled(value, k, key in _MONEY or scales) for key, value in found.items()}
    return found * k if scales and isinstance(found, float) else found


def build(spec: dict[str, Any], k: float = 1.0) -> Case:
    """The deal with its unit of money worth `k`, and its people."""
    names = ("terms", "payors", "costs", "tranches", "grants", "waterfall", "guarantees")
    words = {name: _scaled(spec[name], k) for name in (*names, "contract")}
    tables = {n: t["schedule"] for n, t in spec["terms"].items() if "pays" in t}
    for name, schedule in tables.items():
        words["terms"][name]["schedule"] = schedule  # a return is no amount of money
    triggers = {
        n: t | {"wind_down": t["wind_down"] * k} for n, t in spec["triggers"].items()
    }
    base = {"outcome": "event", "statistic": "total", "design": "validated"}
    made = Case(
        clock=spec["clock"],
        evaluation={"dates": spec["dates"], "measures": dict.fromkeys(MEASURES, base)},
        contract=words["contract"]
        | {"terms": words["terms"], "payors": words["payors"], "triggers": triggers},
        capital={name: words[name] for name in names[2:]}
        | {name: spec[name] for name in ("draws", "shortfall", "residual")},
    )
    made.people.active[:] = spec["active"]
    return made


def live(made: Case, spec: dict[str, Any], path: int = 0) -> Cash:
    """Live a generated deal until nothing new happens; a stop sends everybody home."""
    given = {name: spec[name] for name in MEASURES}
    events = [NEVER, 0, NEVER, -1]
    for _ in range(4):
        names = ("stop", "cause", "expansion", "trigger")
        cash = made.live(given, path=path, **dict(zip(names, events, strict=True)))
        found = cash.events.tolist()
        if found == events:
            return cash
        events = found
        made.people.active[min(events[0], len(spec["active"])) :] = 0.0
    raise AssertionError("events keep coming")


def turnover(made: Case, cash: Cash) -> float:
    """What a rounding error is measured by: all money that moves, at least the raise."""
    committed = float(made.plan.deal[0].committed)
    return max(1.0, committed, float(cash.uses.sum()), float(np.abs(cash.paid).sum()))
