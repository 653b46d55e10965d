"""What cannot be in the names of terms and payors: a metric called like another, or a statistic.

Results have dotted names made of those of a scenario: `payor.payments.<term>`,
`payor.<payor>.payments`, `payor.payments.fy2024`, `payor.payments.mean`. Two things of one name
could not be told apart in a table, a target or a goal.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from pfs_sim.errors import Finding

if TYPE_CHECKING:
    from pfs_sim.model.scenario import Scenario

STATISTICS = (
    "mean", "sd", "median", "p_zero", "p_negative", "p_loss", "loss_given_loss", "n",
    "n_undefined", "at", "status", "q0", "es0",
)
"""Statistics of payments by their address, or where it has dots (`q0.95`, `at.cap`) its start."""
PAYMENTS = "payments"


def list_fiscal_years(scenario: Scenario) -> list[str]:
    """`fy2024` for every fiscal year that the grid touches."""
    clock = scenario.clock
    years = range(clock.fiscal_year(0), clock.fiscal_year(clock.periods) + 1)
    return [f"fy{year}" for year in years]


def check_terms(scenario: Scenario) -> Iterator[Finding]:
    """No term is called like a fiscal year of the deal, or like a statistic of the payments."""
    years = list_fiscal_years(scenario)
    for name in scenario.contract.terms:
        path = ("contract", "terms", name)
        if name in years:
            yield Finding(
                path,
                f"a term named like the metric payor.payments.{name}, what is paid in that fiscal "
                "year",
                f"another name ({years[0]} to {years[-1]} are taken)",
            )
        elif name in STATISTICS:
            yield Finding(
                path,
                f"a term named like the statistic payor.payments.{name}",
                f"another name ({', '.join(STATISTICS)} are taken)",
            )


def check_payors(scenario: Scenario) -> Iterator[Finding]:
    """No payor is called `payments`: its payments would read as those of a term."""
    if PAYMENTS in scenario.contract.payors:
        yield Finding(
            ("contract", "payors", PAYMENTS),
            "a payor whose metric payor.payments.payments is named like that of a term",
            f"another name ({PAYMENTS} is taken)",
        )


CHECKS = (check_terms, check_payors)
