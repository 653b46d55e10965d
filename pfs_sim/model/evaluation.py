"""The evaluation: what is measured, when, against what (model §7).

A *measure* is what the contract sees: one number at each evaluation date, positive when it went
well, or nothing at all (no data, too small a sample). Base measures look at an outcome or at the
program; the others combine measures.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, Tag

from pfs_sim.model.noun import Money, Name, Noun, Number, PositiveNumber, When
from pfs_sim.model.quantities import Real


class Significance(Noun):
    """A measure counts only if the usual one-sided test of its kind of outcome passes.

    The test sees what is measured, bias and all; its variance is that within a type of client.
    """

    alpha: PositiveNumber = Field(description="One-sided level, e.g. 0.05.")


class OutcomeMeasure(Noun):
    """A statistic of one outcome."""

    outcome: Name = Field(description="The outcome measured.")
    statistic: Literal[
        "total", "mean", "measured", "difference", "relative_reduction", "averted"
    ] = Field(
        description="total: units counted; mean: per client; measured: clients measured (the "
        "sample size, as a condition may ask for it); difference: comparison less treated "
        "(or the reverse where higher is good); relative_reduction: difference over comparison; "
        "averted: difference times treated clients measured."
    )
    design: Literal["rct", "matched", "historical", "validated"] = Field(
        description="Where the comparison comes from; validated has none."
    )
    basis: Literal["cumulative", "vintage"] = Field(
        "cumulative", description="All data to date, or those new since the evaluation before."
    )
    sample: Literal["assigned", "treated", "completed"] = Field(
        "assigned", description="All assigned; those who started; those who completed."
    )
    arm: Literal["treated", "control"] = Field(
        "treated", description="For total, mean and measured: whose."
    )
    comparison: Number | None = Field(
        None, description="historical: the level that the contract fixes."
    )
    trend: Real = Field(
        0.0,
        validate_default=True,
        description="historical: relative change of the comparison a year since the start "
        "(as measured: an uncertain trend is an error of the evaluation).",
    )
    ratio: PositiveNumber = Field(
        1.0,
        validate_default=True,
        description="matched: comparison clients per treated client, of the same types and the "
        "same times of leaving (what matching misses is `bias`).",
    )
    bias: Real = Field(
        0.0,
        validate_default=True,
        description="Error of an evaluation that does not randomize, added to the measure.",
    )
    significance: Significance | None = Field(None, description="Significance rule.")
    minimum_sample: int = Field(
        0, ge=0, description="Least clients measured in each arm used; below: no measure."
    )


class ProgramMeasure(Noun):
    """A count of the program to date, verified record: nothing is compared."""

    program: Literal[
        "referred", "eligible", "enrolled", "treated", "control", "completed", "left", "active"
    ] = Field(description="What is counted (active: clients in service at the date).")
    type: Name | None = Field(None, description="Only clients of this type (of the treated).")
    basis: Literal["cumulative", "vintage"] = Field("cumulative", description="To date, or new.")


class PersonMeasure(Noun):
    """Money earned client by client, with a cap for each client (a rate card with a cap)."""

    person: dict[Name, Money] = Field(
        min_length=1, description="Outcome: price of a unit; the outcomes of one client add up."
    )
    cap: Money = Field(description="Most that one client can earn.")
    basis: Literal["cumulative", "vintage"] = Field("cumulative", description="To date, or new.")


class Blend(Noun):
    """A weighted sum of measures (a blend, an index, units net of other units)."""

    blend: dict[Name, Number] = Field(min_length=1, description="Measure: weight.")
    constant: Number = Field(0.0, validate_default=True, description="Added to the sum.")


class Ratio(Noun):
    """One measure over another; no measure where the lower one is zero."""

    ratio: list[Name] = Field(min_length=2, max_length=2, description="[upper, lower].")


class Product(Noun):
    """Measures multiplied (level times volume)."""

    product: list[Name] = Field(min_length=2, description="Measures.")


class Best(Noun):
    """The largest of several measures (any of)."""

    best_of: list[Name] = Field(min_length=2, description="Measures.")


class Worst(Noun):
    """The smallest of several measures (all of)."""

    worst_of: list[Name] = Field(min_length=2, description="Measures.")


class Fallback(Noun):
    """The first measure that exists: a second estimator takes over where a sample is short."""

    fallback: list[Name] = Field(min_length=2, description="Measures in order of preference.")


class Switch(Noun):
    """One measure before a date, another from it on (a fixed, then a live counterfactual)."""

    before: Name = Field(description="Measure used at evaluations before the date.")
    then: Name = Field(description="Measure used from the date on.")
    date: When = Field(description="The date.")


_KEYS: dict[str, type[Noun]] = {
    "outcome": OutcomeMeasure,
    "program": ProgramMeasure,
    "person": PersonMeasure,
    "blend": Blend,
    "ratio": Ratio,
    "product": Product,
    "best_of": Best,
    "worst_of": Worst,
    "fallback": Fallback,
    "before": Switch,
}
MEASURE_KINDS: dict[str, type[Noun]] = dict(_KEYS)


def _measure_kind(found: Any) -> str | None:
    """The key that tells what a measure is (an outcome measure may also have a `ratio`)."""
    for key, kind in _KEYS.items():
        if (isinstance(found, dict) and key in found) or type(found) is kind:
            return key
    return None


Measure = Annotated[
    Annotated[OutcomeMeasure, Tag("outcome")]
    | Annotated[ProgramMeasure, Tag("program")]
    | Annotated[PersonMeasure, Tag("person")]
    | Annotated[Blend, Tag("blend")]
    | Annotated[Ratio, Tag("ratio")]
    | Annotated[Product, Tag("product")]
    | Annotated[Best, Tag("best_of")]
    | Annotated[Worst, Tag("worst_of")]
    | Annotated[Fallback, Tag("fallback")]
    | Annotated[Switch, Tag("before")],
    Discriminator(
        _measure_kind,
        custom_error_type="measure_kind",
        custom_error_message="found no key that says what is measured; allowed: one of "
        + ", ".join(_KEYS),
    ),
]


class Evaluation(Noun):
    """Evaluation dates and measures."""

    dates: dict[Name, When] = Field(
        min_length=1, description="Name of an evaluation: its date, in order of time."
    )
    measures: dict[Name, Measure] = Field(min_length=1, description="What is measured.")


