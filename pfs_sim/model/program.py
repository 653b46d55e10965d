"""The program: who is referred, enrolled, served, and who leaves (model §4, §5)."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from pfs_sim.model.noun import Key, Money, Name, Noun, Number, PositiveNumber, Share, Span, When
from pfs_sim.model.quantities import NonNegative, Positive, Probability


class Ramp(Noun):
    """Linear ramp-up of referrals: from `start` of the plan to all of it over `periods`."""

    periods: int = Field(ge=1, description="Periods until full volume.")
    start: Share = Field(
        0.0, alias="from", validate_default=True, description="Share of full volume in period 0."
    )


class Referrals(Noun):
    """Referral volume: R_t ~ Poisson(ρ_t·M), negative binomial with a dispersion."""

    per_period: Annotated[
        Money | list[Money], Field(description="Planned referrals ρ a period, or a list by period.")
    ]
    ramp: Ramp | None = Field(None, description="Linear ramp-up applied to the plan.")
    multiplier: NonNegative = Field(
        1.0, validate_default=True, description="M: how far the volume differs from plan."
    )
    dispersion: PositiveNumber | None = Field(
        None, description="k of the negative binomial (variance m + m²/k); absent: Poisson."
    )


class Assignment(Noun):
    """How consenting people are divided between treatment and control."""

    method: Literal["none", "simple", "blocked"] = Field(
        "none", description="none: all treated; simple: coin; blocked: exact shares in blocks."
    )
    share: PositiveNumber = Field(
        1.0, validate_default=True, description="Probability s of treatment (1 without a control)."
    )
    block: int = Field(4, ge=2, description="Block size of permuted blocks (s·block is whole).")


class Type(Noun):
    """A latent type of client: independent outcomes given the type (model §6)."""

    share: Share = Field(description="Share of the people who enroll; shares add to 1.")
    hazard: PositiveNumber = Field(
        1.0, validate_default=True, description="Multiplies the attrition multiplier η."
    )
    level: dict[Name, Number] = Field(
        default_factory=dict, description="Outcome: shift of the counterfactual on its link scale."
    )
    effect: dict[Name, Number] = Field(
        default_factory=dict, description="Outcome: factor on the effect of the program."
    )


class Team(Noun):
    """Service capacity that starts at a date: teams times caseload."""

    teams: int = Field(1, ge=1, description="Number of teams that start together.")
    caseload: int = Field(ge=1, description="Clients a team serves at a time.")
    start: When = Field(0, description="Date or grid point from which the team serves.")


class Service(Noun):
    """Treatment: planned length, places, and what happens when all places are taken."""

    duration: Span = Field(description="Planned treatment D.")
    teams: dict[Name, Team] | None = Field(None, description="Teams; absent: unlimited places.")
    overflow: Literal["wait", "lost"] = Field(
        "wait", description="Whoever finds no place waits for one, or is lost."
    )


class Exponential(Noun):
    """Constant hazard of leaving."""

    kind: Literal["exponential"]
    rate: NonNegative = Field(description="Hazard per year: Λ(a) = rate·a.")


class Weibull(Noun):
    """Hazard that rises (shape > 1) or falls (shape < 1) with time in treatment."""

    kind: Literal["weibull"]
    shape: Positive = Field(description="Shape.")
    scale: Positive = Field(description="Scale in years: Λ(a) = (a/scale)^shape.")


class Piecewise(Noun):
    """Probability of leaving in each period of treatment; the last one holds for later periods."""

    kind: Literal["piecewise"]
    leave: list[Share] = Field(min_length=1, description="P(leaving) in period 0, 1, 2 … at η = 1.")


class Retention(Noun):
    """Shares still in treatment at given times; the hazard is constant in between and after."""

    kind: Literal["retention"]
    at: dict[Key, Share] = Field(
        min_length=1, description="Time in treatment (`6 months`): share still there, falling."
    )


Hazard = Annotated[
    Exponential | Weibull | Piecewise | Retention, Field(discriminator="kind")
]


class Attrition(Noun):
    """Leaving treatment early: h_a = 1 − exp(−η·[Λ(a+1) − Λ(a)]) (model §5)."""

    hazard: Hazard = Field(description="Λ: exponential, weibull, piecewise or retention.")
    multiplier: NonNegative = Field(
        1.0, validate_default=True, description="η: how far leaving differs from plan."
    )
    link: Literal["log", "logit"] = Field(
        "log", description="log: η multiplies the hazard; logit: η multiplies the odds of leaving."
    )
    control: NonNegative | None = Field(
        None,
        description="If given, controls drop out of the study too, with η times this factor.",
    )
    no_show: Probability = Field(
        0.0, validate_default=True, description="Assigned to treatment but never started (dose 0)."
    )


class Program(Noun):
    """Referral, enrollment, assignment, service and attrition."""

    referrals: Referrals = Field(description="How many are referred.")
    eligible: Probability = Field(1.0, validate_default=True, description="Share eligible e.")
    consent: Probability = Field(1.0, validate_default=True, description="Share consenting c.")
    target: int | None = Field(
        None, ge=0, description="Treated clients to enroll; controls follow from the share."
    )
    window_start: When = Field(0, description="First period with enrollment.")
    window_end: When | None = Field(None, description="Enrollment stops at this grid point.")
    intake_limit: int | None = Field(
        None,
        ge=0,
        description="Most people enrolled in a period, both arms; the rest find no place.",
    )
    assignment: Assignment = Field(
        default_factory=lambda: Assignment(), description="Randomization, if any."
    )
    service: Service = Field(description="Treatment and capacity.")
    attrition: Attrition | None = Field(None, description="Absent: nobody leaves early.")
    dose_response: list[list[Number]] = Field(
        default_factory=lambda: [[0.0, 0.0], [1.0, 1.0]],
        validate_default=True,
        description="Points [share of treatment received, share of the effect], on [0, 1]².",
    )
    types: dict[Name, Type] | None = Field(None, description="Latent client types.")
    client_correlation: Share | None = Field(
        None,
        description="Target correlation of a client's outcomes, solved into two equal types.",
    )


