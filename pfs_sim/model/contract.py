"""The contract: what is paid for what, when, up to which cap (model §8)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pydantic import Field

from pfs_sim.model.extensions import SCHEDULES, find_kinds, one_of_kinds
from pfs_sim.model.noun import (
    Money,
    Name,
    Noun,
    Number,
    PositiveNumber,
    Rate,
    Share,
    Span,
    When,
)
from pfs_sim.model.quantities import NonNegative, Probability
from pfs_sim.model.schedules import SCHEDULE_KINDS, Schedule

if TYPE_CHECKING:
    from pfs_sim.model.schedules import AnySchedule
else:
    # Rules of other packages join here, not where rules are defined, which they import.
    SCHEDULE_KINDS |= find_kinds(SCHEDULES, Schedule, SCHEDULE_KINDS)
    AnySchedule = one_of_kinds(SCHEDULE_KINDS.values())


class YearCap(Noun):
    """A cap in each fiscal year of the payor."""

    amount: Money = Field(description="Most that is paid in a fiscal year.")
    excess: Literal["forfeit", "carry"] = Field(
        "forfeit",
        description="What exceeds it is lost, or falls due at the start of the next fiscal year, "
        "from the payors who owe it.",
    )


class Condition(Noun):
    """A bound on a measure; without data a condition does not hold."""

    measure: Name = Field(description="The measure.")
    at_least: Number | None = Field(None, description="Holds when the measure is at least this.")
    below: Number | None = Field(None, description="Holds when the measure is below this.")


class Holdback(Noun):
    """A share of each payment is kept back until a date."""

    share: Share = Field(description="Share kept back.")
    release: When = Field(description="When it falls due (the lag comes on top).")
    only_if: dict[Name, Condition] = Field(
        default_factory=dict, description="All must hold at the release, or it is forfeited."
    )


class Escalation(Noun):
    """Amounts rise with a price index: (1 + rate)^(years since `since`), in whole years."""

    rate: Rate = Field(description="Annual rise.")
    since: When = Field(0, description="Base date.")


class HurdleSwitch(Noun):
    """A share that changes once principal and interest are repaid (shared savings)."""

    tranches: list[Name] = Field(
        min_length=1,
        description="Whose repayment is watched. A payment is taken to reach them whole, after "
        "what earlier terms pay into its pool on that date.",
    )
    rate: Rate = Field(description="Annual interest that counts as repaid with the principal.")
    factor: Number = Field(
        description="Factor on amounts from then on (0.40/0.95 for 95 % to 40 %)."
    )


class Term(Noun):
    """A payment term: measure → schedule → amount."""

    label: str | None = Field(None, description="Name for readers.")
    measure: Name | None = Field(None, description="The measure; a fixed schedule needs none.")
    schedule: AnySchedule = Field(description="Measure → amount.")
    pays: Literal["money", "irr", "principal_share"] = Field(
        "money",
        description="What the schedule gives: money; or a return table: the annual IRR, or the "
        "share of principal, that the payment must bring the investors to (it is taken to reach "
        "them whole, and so is what earlier terms pay on that date).",
    )
    times: Name | Number = Field(
        1.0,
        validate_default=True,
        description="The amount is multiplied by this number or measure (per client, per unit).",
    )
    at: list[str | int] | None = Field(
        None,
        description="Evaluations (names) at which it falls due, or grid points or dates for a "
        "fixed schedule; absent: every evaluation.",
    )
    basis: Literal["cumulative", "each"] = Field(
        "cumulative",
        description="cumulative: due to date less claimed before; each: every date on its own.",
    )
    claw_back: bool = Field(
        False, description="cumulative: what was claimed too early is paid back."
    )
    lag: Span = Field(0, description="From the evaluation to the payment.")
    cap: Money | None = Field(None, description="Most that the term pays in all.")
    floor: Number | None = Field(None, description="Least amount due (before the cap).")
    fiscal_year_cap: YearCap | None = Field(None, description="Cap in each fiscal year.")
    only_if: dict[Name, Condition] = Field(
        default_factory=dict, description="All must hold at the evaluation, or nothing is due."
    )
    any_of: dict[Name, Condition] = Field(
        default_factory=dict, description="At least one must hold, if any is given."
    )
    unless_paid: list[Name] = Field(
        default_factory=list,
        description="Nothing is due once one of these terms has claimed anything.",
    )
    holdback: Holdback | None = Field(None, description="Holdback.")
    escalation: Escalation | None = Field(None, description="Price index.")
    switch: HurdleSwitch | None = Field(None, description="Shared savings that change.")
    payors: dict[Name, Share] | None = Field(
        None, description="Who pays which share; absent: the payors in equal shares."
    )
    pool: Name = Field("main", description="Waterfall pool that receives the payments.")


class Default(Noun):
    """Appropriation risk: with a probability a fiscal year's appropriation fails."""

    probability: Probability = Field(description="P(failure) in each fiscal year.")
    lost: Share = Field(1.0, validate_default=True, description="Share lost of what is due then.")
    late: Span = Field(0, description="The rest comes so much later (0: it comes in time).")


class Payor(Noun):
    """A government that pays."""

    label: str | None = Field(None, description="Name for readers.")
    cap: Money | None = Field(None, description="Ceiling in all.")
    fiscal_year_cap: YearCap | None = Field(None, description="Ceiling in each fiscal year.")
    default: Default | None = Field(None, description="Appropriation risk.")


class Trigger(Noun):
    """Something happens at a date if conditions hold (none: it happens)."""

    at: list[When] = Field(min_length=1, description="Dates at which it is looked at.")
    only_if: dict[Name, Condition] = Field(default_factory=dict, description="All must hold.")
    any_of: dict[Name, Condition] = Field(default_factory=dict, description="One must hold.")
    action: Literal["terminate", "stop_funding", "expand"] = Field(
        description="End the program; stop the draws of tranches; raise target and capacity."
    )
    wind_down: NonNegative = Field(
        0.0, validate_default=True, description="terminate: cost at the date."
    )
    pays_after: bool = Field(
        True, description="terminate: cohorts already treated are still measured and paid."
    )
    tranches: list[Name] = Field(default_factory=list, description="stop_funding: which.")
    target: int | None = Field(None, ge=0, description="expand: new target of treated clients.")
    window_end: When | None = Field(None, description="expand: new end of enrollment.")


class Savings(Noun):
    """What the payor saves (model §10): averted units times their value."""

    outcome: Name = Field(description="The outcome.")
    value: NonNegative = Field(description="Value of one averted unit.")
    cashable: Share = Field(0.0, validate_default=True, description="Share that frees a budget.")
    years: PositiveNumber = Field(
        1.0, validate_default=True, description="Horizon over which the value is spread, in years."
    )


class Contract(Noun):
    """Terms, caps, payors, triggers."""

    payors: dict[Name, Payor] = Field(
        default_factory=lambda: {"payor": Payor()}, min_length=1, description="Who pays."
    )
    terms: dict[Name, Term] = Field(min_length=1, description="Payment terms, in order.")
    cap: Money | None = Field(None, description="Most that is paid in all (success payments).")
    fiscal_year_cap: YearCap | None = Field(None, description="Most in a fiscal year.")
    triggers: dict[Name, Trigger] = Field(default_factory=dict, description="Triggers.")
    savings: dict[Name, Savings] = Field(default_factory=dict, description="What is saved.")
    discount_rate: Rate = Field(
        0.03, validate_default=True, description="Annual rate for the payor's present values."
    )
