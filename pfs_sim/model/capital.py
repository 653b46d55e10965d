"""The capital: what the program costs, who funds it, who is repaid in which order (model §9)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, TypeAlias, get_args

from pydantic import Field

from pfs_sim.model.extensions import TRANCHES, find_kinds, with_presets
from pfs_sim.model.noun import Key, Money, Name, Noun, Rate, Share, When
from pfs_sim.model.presets import TranchePreset
from pfs_sim.model.quantities import NonNegative


class Cost(Noun):
    """A cost line; its parts add up. Costs of period t are funded at grid point t."""

    category: Literal["service", "evaluation", "intermediary", "legal", "other"] = Field(
        "service", description="What it is for."
    )
    per_client_period: NonNegative | None = Field(
        None, description="For each client in service in a period."
    )
    per_enrollment: NonNegative | None = Field(
        None, description="For each treated client enrolled."
    )
    per_period: NonNegative | None = Field(None, description="Fixed amount each period.")
    first: When = Field(0, description="per_period: first grid point.")
    last: When | None = Field(
        None, description="per_period: last grid point; absent: as long as anyone can be served."
    )
    at: dict[Key, NonNegative] = Field(
        default_factory=dict, description="Amounts at dates or grid points."
    )
    inflation: Rate = Field(
        0.0, validate_default=True, description="Annual rise since the start, by grid point."
    )
    overrun: NonNegative = Field(
        1.0, validate_default=True, description="Multiplier: cost overrun of this line."
    )
    stops: bool = Field(
        True,
        description="per_period ends when service is stopped; false: it goes on, to `last` "
        "(absent: to the end of the enrollment window).",
    )


class Tranche(Noun):
    """A source of funds with cash flows of its own."""

    kind: Literal["loan", "recoverable_grant", "grant", "deferred_fee", "equity"] = Field(
        description="loan: coupon; recoverable_grant: repaid if money remains; grant: never "
        "repaid; deferred_fee: a provider's fee at risk; equity: a share of what remains."
    )
    label: str | None = Field(None, description="Name for readers.")
    holder: str | None = Field(None, description="Who holds it.")
    commitment: Money = Field(description="Most that can be drawn.")
    coupon: Rate = Field(
        0.0,
        validate_default=True,
        description="Effective annual coupon (loans): a period's interest is (1 + coupon)^(its "
        "length in years) − 1 of what bears it.",
    )
    pays: Literal["accrued", "paid"] = Field(
        "accrued", description="accrued: by the waterfall; paid: each period, a use of funds."
    )
    compounding: Literal["simple", "compound"] = Field(
        "simple", description="Whether accrued interest bears interest."
    )
    order: int = Field(1, ge=1, description="Draw order; the same number draws pro rata.")
    draw: Literal["as_needed", "upfront"] = Field(
        "as_needed", description="Drawn as costs arise, or all at `first`."
    )
    first: When = Field(0, description="No draw before this date; upfront: drawn at it.")
    last: When | None = Field(None, description="No draw after this date.")
    schedule: dict[Key, Money] = Field(
        default_factory=dict,
        description="Fixed draws at dates or grid points, instead of as needed.",
    )


_TRANCHE_KINDS = get_args(Tranche.model_fields["kind"].annotation)
TRANCHE_PRESETS: dict[str, type[TranchePreset]] = find_kinds(
    TRANCHES, TranchePreset, _TRANCHE_KINDS
)
"""Kinds of tranches that other packages add; each becomes the tranche that it states."""

if TYPE_CHECKING:
    AnyTranche: TypeAlias = Tranche
else:
    AnyTranche = with_presets([Tranche], TRANCHE_PRESETS.values())


class Step(Noun):
    """A step of the waterfall: what it pays, to whom (pro rata within the step)."""

    pay: Literal["fee", "interest", "principal", "return", "share", "reserve"] = Field(
        description="fee: to a party; interest, principal: what is owed to tranches; return: up "
        "to a target IRR; share: shares of the rest; reserve: kept as working capital to the end."
    )
    to: list[Name] | dict[Name, Share] = Field(
        default_factory=list,
        description="Tranches (fee: parties), pro rata; for share: recipient: share of the rest "
        "(tranches, payor, provider, intermediary), taken once: what they leave stays in the pool.",
    )
    amount: Money | None = Field(None, description="fee: owed in all; reserve: held at most.")
    due: When = Field(0, description="The step takes part from this grid point on.")
    until: When | None = Field(None, description="The step takes part up to this grid point.")
    irr: Rate | None = Field(
        None, description="return: target IRR; share: recipients' cap on their IRR."
    )
    pool: Name | None = Field(None, description="Only money of this pool; absent: the main pool.")


class Guarantee(Noun):
    """A guarantor makes good a share of unreturned principal, at a date or at termination."""

    label: str | None = Field(None, description="Name for readers.")
    tranches: list[Name] = Field(min_length=1, description="Whose principal.")
    share: Share = Field(
        description="additive: share of the loss; floor: share of what `of` says."
    )
    of: Literal["drawn", "commitment"] = Field(
        "drawn",
        description="floor: the share is of what was drawn, or of the whole commitment, drawn or "
        "not (never more is paid than was lost).",
    )
    kind: Literal["additive", "floor"] = Field(
        "additive",
        description="additive: share × unreturned principal; floor: tops up the principal that was "
        "returned to share × drawn (or × commitment).",
    )
    limit: Money | None = Field(None, description="Most that is paid; absent: the pot or no limit.")
    pot: dict[Key, Money] = Field(
        default_factory=dict, description="A pot that fills: amount added at each date."
    )
    at: When | None = Field(
        None,
        description="Maturity; absent: the end of the grid. A termination with pays_after: false "
        "calls it at once, before what is on its way arrives.",
    )


class Opening(Noun):
    """A grant that arrives at a date and is never repaid."""

    amount: Money = Field(description="Amount.")
    at: When = Field(0, description="When it arrives.")
    holder: str | None = Field(None, description="Who gives it.")


class Capital(Noun):
    """Costs, sources of funds, waterfall, guarantees. Without tranches the provider funds it."""

    costs: dict[Name, Cost] = Field(default_factory=dict, description="Cost lines, in order.")
    overrun: NonNegative = Field(
        1.0, validate_default=True, description="Multiplier on all cost lines."
    )
    tranches: dict[Name, AnyTranche] = Field(default_factory=dict, description="Sources of funds.")
    grants: dict[Name, Opening] = Field(default_factory=dict, description="Opening grants.")
    waterfall: dict[Name, Step] = Field(default_factory=dict, description="Steps, in order.")
    guarantees: dict[Name, Guarantee] = Field(default_factory=dict, description="Guarantees.")
    draws: Literal["after_distribution", "before_distribution"] = Field(
        "after_distribution",
        description="Whether costs of a grid point are funded after or before its payments are "
        "distributed (payments fund costs by a reserve step alone).",
    )
    shortfall: Literal["stop", "continue"] = Field(
        "stop",
        description="When funds run out: service stops, or goes on unfunded at the provider's "
        "expense. It is recorded either way.",
    )
    residual: Literal["payor", "provider", "intermediary"] = Field(
        "payor",
        description="Who gets cash that is left at the end (without tranches and grants the "
        "provider has it at once).",
    )
    hurdle: Rate = Field(
        0.0, validate_default=True, description="Annual rate of the investors' NPV."
    )


