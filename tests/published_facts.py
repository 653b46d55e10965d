"""What closed deals paid: measured inputs → payments, IRRs and losses that must come out.

Each fact is data. `measured` maps an outcome to what was measured: one number for every evaluation,
or a number by evaluation name; verified counts are totals to date, effects are relative reductions.
`expected` maps dotted names of a settlement (`payments.total`, `payments.terms.<term>`,
`payments.by_date.<date>`, `tranches.<name>.paid|moic|irr|principal_loss`, `guarantor.paid`) to
values; losses and payments are money.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

Measured = Mapping[str, float | Mapping[str, float]]


@dataclass(frozen=True)
class Fact:
    """One published fact: what goes in, what must come out, within which absolute tolerance."""

    measured: Measured
    expected: Mapping[str, float]
    tolerance: float
    source: str


CENT = 0.005
"""To the cent."""
PRINTED = 0.00005
"""An IRR printed in percent with two decimals."""


def _denver() -> Iterator[Fact]:
    days = {"first": 12457, "second": 67854, "third": 165344, "fourth": 258858, "final": 299928}
    yield Fact(
        {"housing_days": 299928, "jail_days": 0.38},
        {
            "payments.total": 9638911.36,
            "payments.terms.housing": 4534911.36,
            "payments.terms.jail": 5104000.00,
            "tranches.housing_lenders.paid": 4534911.36,
            "tranches.jail_lenders.paid": 5104000.00,
            "tranches.jail_lenders.principal_loss": 0.0,
        },
        CENT,
        "S Urban Institute final-payment brief; D 1,038,911.36 over the principal of 8.6 million",
    )
    yield Fact(
        {"housing_days": days, "jail_days": 0.38},
        {
            "payments.by_date.2017-10-01": 188349.84,
            "payments.by_date.2021-07-01": 620978.40 + 5104000.00,
            "payments.total": 9638911.36,
        },
        CENT,
        "S Urban Institute (first, last); D days of the second and third, cancelling in the total",
    )
    yield Fact(
        {"housing_days": days, "jail_days": 0.38},
        {"payments.by_date.2018-10-01": 837600.0},
        50.0,
        "S City of Denver 2018 (second payment of 837,600, rounded)",
    )
    to_october = {**days, "final": 258858}
    yield Fact(
        {"housing_days": to_october, "jail_days": 0.0},
        {"payments.total": 3913932.96},
        CENT,
        "S Urban Institute (four payments to October 2020)",
    )
    for reduction, paid in (
        (0.199, 0.0),
        (0.20, 3200000.0),
        (0.30, 4800000.0),
        (0.38, 5104000.0),
        (0.65, 6130000.0),
        (0.80, 6130000.0),
    ):
        yield Fact(
            {"housing_days": 0.0, "jail_days": reduction},
            {"payments.terms.jail": paid, "payments.total": paid},
            CENT,
            "S Urban Institute (schedule of jail bed-days)",
        )
    yield Fact(
        {"housing_days": 400000.0, "jail_days": 0.80},
        {"payments.terms.housing": 5290000.0, "payments.total": 11420000.0},
        CENT,
        "S Urban Institute (caps of 5.29 and 6.13 million)",
    )


RIKERS_TABLE = (
    (0.10, 9600000.0, 0.0),
    (0.11, 10080000.0, 0.0123),
    (0.12, 10176000.0, 0.0147),
    (0.125, 10272000.0, 0.0171),
    (0.13, 10368000.0, 0.0194),
    (0.16, 10944000.0, 0.0333),
    (0.20, 11712000.0, 0.0510),
)


def _rikers() -> Iterator[Fact]:
    for reduction, paid, irr in RIKERS_TABLE:
        yield Fact(
            {"bed_days": reduction},
            {"payments.total": paid, "tranches.goldman.paid": paid, "guarantor.paid": 0.0},
            CENT,
            "S, D, I MDRC and city documents (step table)",
        )
        yield Fact(
            {"bed_days": reduction},
            {"tranches.goldman.irr": irr},
            PRINTED,
            "D lender's IRR on a bullet of four years, as printed",
        )
    for reduction, paid in ((0.0, 0.0), (0.084, 0.0), (0.085, 4800000.0), (0.099, 4800000.0)):
        yield Fact(
            {"bed_days": reduction},
            {
                "payments.total": paid,
                "guarantor.paid": 7200000.0 - paid,
                "tranches.goldman.principal_loss": 2400000.0,
            },
            CENT,
            "S the lender loses 25 % below 8.5 % and at 8.5 %; I a floor of 75 % of what was drawn",
        )


def _rikers_additive() -> Iterator[Fact]:
    for reduction, paid, guaranteed in (
        (0.0, 0.0, 7200000.0),
        (0.085, 4800000.0, 3600000.0),
        (0.10, 9600000.0, 0.0),
    ):
        yield Fact(
            {"bed_days": reduction},
            {
                "payments.total": paid,
                "guarantor.paid": guaranteed,
                "tranches.goldman.principal_loss": 9600000.0 - paid - guaranteed,
            },
            CENT,
            "D 75 % of the principal that the payment leaves unreturned",
        )


def _rikers_stopped() -> Iterator[Fact]:
    yield Fact(
        {"bed_days": 0.0},
        {
            "payments.total": 0.0,
            "guarantor.paid": 6000000.0,
            "tranches.goldman.paid": 6000000.0,
            "tranches.goldman.principal_loss": 1200000.0,
            "tranches.goldman.moic": 6.0 / 7.2,
        },
        CENT,
        "S MDRC, Responsible Investor: 7.2 million drawn, 6.0 guaranteed, 16.7 % lost",
    )


def _dc_water() -> Iterator[Fact]:
    for runoff, extra, irr in (
        (0.45, 3300000.0, 0.0578),
        (0.413, 0.0, 0.0343),
        (0.30, 0.0, 0.0343),
        (0.186, 0.0, 0.0343),
        (0.185, -3300000.0, 0.0083),
        (0.05, -3300000.0, 0.0083),
    ):
        total = 5 * 857500.0 + 25000000.0 + extra
        source = "D coupon of 3.43 %, principal and the payment of the tier"
        yield Fact({"runoff": runoff}, {"payments.total": total}, CENT, source)
        yield Fact({"runoff": runoff}, {"tranches.bonds.irr": irr}, PRINTED, source)


APOLLO_LINES = (
    (220, 103),
    (220, 0),
    (220, 91),
    (220, 87),
    (220, 99),
    (220, 53),
    (220, 45),
    (220, 32),
    (1760, 17),
    (4730, 19),
    (4730, 3),
    (4730, 0),
    (4730, 0),
    (4730, 0),
    (4730, 0),
    (110, 22),
    (220, 20),
    (330, 17),
    (660, 73),
    (2750, 64),
    (2750, 54),
    (2750, 46),
    (2750, 33),
)
"""Price and verified count of lines 1 to 23 (12 to 15: no price was published, none claimed)."""


def _apollo() -> Iterator[Fact]:
    counts = {f"line_{i}": float(n) for i, (_, n) in enumerate(APOLLO_LINES, 1)}
    paid = {
        f"payments.terms.line_{i}": float(price * n) for i, (price, n) in enumerate(APOLLO_LINES, 1)
    }
    yield Fact(counts, {**paid, "payments.total": 848540.0}, CENT, "S INDIGO-POJ-0123")
    doubled = {name: 2.0 * n for name, n in counts.items()}
    yield Fact(doubled, {"payments.total": 1083550.0}, CENT, "S INDIGO-POJ-0123 (maximum)")


CUYAHOGA_RUNGS = (
    (0.0, 0.0),
    (0.099, 0.0),
    (0.10, 1600000.0),
    (0.20, 3200000.0),
    (0.25, 4025000.0),
    (0.30, 4300000.0),
    (0.40, 4700000.0),
    (0.50, 5000000.0),
    (0.70, 5000000.0),
)
CUYAHOGA_STACK = {
    "reinvestment_fund": 1600000.0,
    "gund": 1000000.0,
    "cleveland_foundation": 750000.0,
    "sisters_of_charity": 350000.0,
    "nff": 325000.0,
}


def _cuyahoga() -> Iterator[Fact]:
    lost = {f"tranches.{name}.principal_loss": size for name, size in CUYAHOGA_STACK.items()}
    irr = {f"tranches.{name}.irr": -1.0 for name in CUYAHOGA_STACK}
    yield Fact(
        {"placement_days": 0.0}, {"payments.total": 0.0, **lost, **irr}, CENT, "S NFF: all lost"
    )
    lost["tranches.reinvestment_fund.principal_loss"] = 0.0
    yield Fact(
        {"placement_days": 0.10},
        {"payments.total": 1600000.0, **lost},
        CENT,
        "S the Reinvestment Fund is senior; the amount of the rung is assumed",
    )
    for reduction, paid in CUYAHOGA_RUNGS:
        yield Fact(
            {"placement_days": reduction},
            {"payments.total": paid},
            CENT,
            "S rungs and maximum; amounts between assumed",
        )


def _roca() -> Iterator[Fact]:
    yield Fact(
        {"incarceration_days": 0.40},
        {
            "payments.total": 22000000.0,
            "tranches.goldman.principal_loss": 0.0,
            "tranches.kresge.principal_loss": 0.0,
            "tranches.living_cities.principal_loss": 0.0,
            "tranches.grants.principal_loss": 0.0,
        },
        CENT,
        "S Reason (22 million at 40 %); S stack order",
    )
    for reduction, paid in ((0.0, 0.0), (0.099, 0.0), (0.55, 27000000.0), (0.90, 27000000.0)):
        yield Fact(
            {"incarceration_days": reduction},
            {"payments.total": paid},
            0.01,
            "S rungs from 10 to 55 %, at most 27 million",
        )
    yield Fact(
        {"incarceration_days": 0.10},
        {
            "payments.total": 5500000.0,
            "tranches.goldman.principal_loss": 3500000.0,
            "tranches.kresge.principal_loss": 1500000.0,
            "tranches.living_cities.principal_loss": 1500000.0,
            "tranches.grants.principal_loss": 6000000.0,
            "tranches.deferred_fees.principal_loss": 3760000.0,
        },
        CENT,
        "S stack order; the amount of the rung is assumed",
    )


UTAH_YEARS = ("kindergarten", "grade_1", "grade_2", "grade_3", "grade_4", "grade_5", "grade_6")


def utah_payments(children: float, value: float = 2578.0, principal: float = 1e6) -> list[float]:
    """Payments by year, by hand: 95 % of savings until principal and 5 % are repaid, then 40 %.

    The first payment comes two years after the money was drawn; in the year of the switch the part
    that is still owed is paid at 95 %, what exceeds it at 40/95 of that.
    """
    owed, paid = principal * 1.05, []
    for _ in UTAH_YEARS:
        owed *= 1.05
        full = 0.95 * value * children
        part = min(full, owed)
        paid.append(part + (full - part) * 0.40 / 0.95)
        owed = max(0.0, owed - paid[-1])
    return paid


def _utah() -> Iterator[Fact]:
    yield Fact(
        {"avoided_years": {year: 109.0 for year in UTAH_YEARS}},
        {"payments.total": 267000.0},
        500.0,
        "S about 267,000 paid on savings of about 281,000 (109 of 110 flagged children)",
    )
    counts = {year: 109.0 * (i + 1) for i, year in enumerate(UTAH_YEARS)}
    paid = utah_payments(109.0)
    dates = {f"payments.by_date.{2015 + i}-08-01": amount for i, amount in enumerate(paid)}
    yield Fact(
        {"avoided_years": counts},
        {**dates, "payments.total": sum(paid)},
        0.01,
        "D 95 % of savings until principal and 5 % are repaid, then 40 %",
    )


FACTS: dict[str, list[Fact]] = {
    "denver_supportive_housing": list(_denver()),
    "rikers_able": list(_rikers()),
    "rikers_able_additive": list(_rikers_additive()),
    "rikers_able_stopped": list(_rikers_stopped()),
    "dc_water": list(_dc_water()),
    "project_apollo": list(_apollo()),
    "cuyahoga_family_success": list(_cuyahoga()),
    "roca_juvenile_justice": list(_roca()),
    "utah_preschool": list(_utah()),
}
"""Deal (file name in `scenarios/`) → its published facts."""
