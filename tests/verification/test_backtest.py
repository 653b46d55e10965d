"""Back-test against laws that are known: transforms of a Poisson count, and how sure they are."""

import numpy as np
import pytest
from money_case import scenario as money_scenario
from scipy.stats import binom, poisson

from pfs_sim.analysis.backtest import backtest, place_figure
from pfs_sim.analysis.published import Figure
from pfs_sim.reading import load

PUBLISHED = {
    "payments": {"total": 95, "terms": {"pay": 104}, "by_date": {"2024-01-01": 110}},
    "measures": {"served": 90},
    "outcomes": {"event": {"statistic": "total", "value": 23}},
}


def make_deal():
    """1 for each of the treated: Poisson with mean 100 in the only year of referrals."""
    return load(
        money_scenario(
            program={"referrals": {"per_period": [100.0]}, "service": {"duration": 1}},
            evaluation={
                "dates": {"final": 4},
                "measures": {
                    "served": {"program": "treated"},
                    "events": {"outcome": "event", "statistic": "total", "design": "validated"},
                },
            },
            contract={
                "terms": {"pay": {"measure": "served", "schedule": {"kind": "rate", "price": 1.0}}}
            },
            published=PUBLISHED,
        )
    )


def test_transforms_are_those_of_the_law():
    """Treated: Poisson(100). Events: Poisson(20), as each treated client has one with 0.2."""
    (found,) = backtest({"case": make_deal()}, paths=6000, seed=3)
    at = {placed.figure.name: placed for placed in found.placed}
    for name, mean, x in (
        ("payments.total", 100, 95),
        ("payments.terms.pay", 100, 104),
        ("payments.by_date.2024-01-01", 100, 110),
        ("measures.served", 100, 90),
        ("outcomes.event", 20, 23),
    ):
        law = poisson(mean)
        expected = law.cdf(x - 1) + 0.5 * law.pmf(x)
        placed = at[name]
        assert placed.pit.value == pytest.approx(expected, abs=4.5 * placed.pit.se), name
    payment = found.payment
    assert payment is not None and payment.figure.name == "payments.total"


def test_standard_errors_are_those_of_repetitions():
    """Of 100 runs, about 95 have the truth within 1.96 errors: 100 binomial draws, 4.5 sd."""
    law, rng, hits = poisson(100), np.random.default_rng(5), 0
    figure = Figure(("payments", "total"), "payments", "money", 95.0, 0.005, "payor.payments")
    truth = law.cdf(94) + 0.5 * law.pmf(95)
    for _ in range(100):
        pit = place_figure(figure, rng.poisson(100, 400).astype(float)).pit
        hits += abs(pit.value - truth) <= 1.96 * pit.se
    assert hits >= binom(100, 0.95).ppf(1e-6)
