"""Deals small enough to be worked by hand, as plain data that `load` takes."""

from __future__ import annotations

from copy import deepcopy

NORMAL = {"dist": "normal", "mean": 0.5, "sd": 0.05, "truncate": {"low": 0.0, "high": 1.0}}


def enroll(n, control=False):
    """Exactly n treated clients in the first period (and as many controls), with no attrition."""
    program = {
        "referrals": {"per_period": 1000.0 * n},
        "target": n,
        "service": {"duration": "1 periods"},
    }
    if control:
        program["assignment"] = {"method": "blocked", "share": 0.5, "block": 2}
    return program


def deal(n, outcomes, measures, terms, *, control=False, **sections):
    """A deal of four years, evaluated after three."""
    return deepcopy(
        {
            "pfs_sim": 1,
            "name": "Small deal",
            "clock": {"start": "2020-01-01", "period": "year", "periods": 4},
            "program": enroll(n, control),
            "outcomes": outcomes,
            "evaluation": {"dates": {"final": 3}, "measures": measures},
            "contract": {"terms": terms},
            **sections,
        }
    )


def event(level, effect=0.0, good="lower", **more):
    """A yes/no outcome with effects in points."""
    return {
        "kind": "event", "good": good, "level": level, "scale": "difference", "effect": effect,
        "window": "1 periods", **more,
    }


def total(outcome):
    """The verified number of events."""
    return {"outcome": outcome, "statistic": "total", "design": "validated"}


def rate(measure, price):
    """A price for each unit."""
    return {"measure": measure, "schedule": {"kind": "rate", "price": price}}


def two_sums(n=400, rho=None):
    """Payments = total of a at 1 each + total of b at 2 each; a's level and b's effect uncertain.

    E(pay | x, y) = n·(x + 2·(0.5 + y)), x ~ N(0.5, 0.05), y ~ N(0, 0.05), independent unless rho.
    """
    found = deal(
        n,
        {
            "a": event(NORMAL, good="higher"),
            "b": event(0.5, {"dist": "normal", "mean": 0.0, "sd": 0.05}, good="higher"),
        },
        {"of_a": total("a"), "of_b": total("b")},
        {"one": rate("of_a", 1000), "two": rate("of_b", 2000)},
    )
    if rho is not None:
        found["contract"]["terms"]["two"]["schedule"]["price"] = 1000
        pair = ["outcomes.a.level", "outcomes.b.effect"]
        found["correlations"] = {"both": {"between": pair, "rho": rho}}
    return found


def overrun_alone():
    """Nothing uncertain moves anything but the cost overrun, which a loan of 2 million bears."""
    return deal(
        100,
        {"a": {"kind": "milestone", "good": "higher", "level": 1.0}},
        {"of_a": total("a")},
        {"all": rate("of_a", 10_000)},
        capital={
            "costs": {"work": {"per_enrollment": 10_000}},
            "overrun": {"dist": "uniform", "low": 1.0, "high": 1.5},
            "tranches": {"loan": {"kind": "loan", "commitment": 2_000_000}},
            "waterfall": {"principal": {"pay": "principal", "to": ["loan"]}},
        },
    )
