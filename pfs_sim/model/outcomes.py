"""The outcomes: what happens to a client, with and without the program (model §6)."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from pfs_sim.model.noun import Name, Noun, PositiveNumber, Share, Span
from pfs_sim.model.quantities import NonNegative, Positive, Probability, Real


class Loss(Noun):
    """Loss to follow-up: the share of each arm that is not measured, whatever is true."""

    treated: Probability = Field(0.0, validate_default=True, description="Of the treated.")
    control: Probability = Field(
        0.0, validate_default=True, description="Of the controls or the comparison group."
    )


class Record(Noun):
    """Misclassification of a yes/no record."""

    sensitivity: Probability = Field(1.0, validate_default=True, description="P(seen | happened).")
    specificity: Probability = Field(
        1.0, validate_default=True, description="P(not seen | did not happen)."
    )


class Outcome(Noun):
    """What all kinds share."""

    label: str | None = Field(None, description="Name for readers.")
    unit: str = Field("", description="What is counted (`days`, `placements`).")
    good: Literal["lower", "higher"] = Field(
        description="Which direction is success: measures are positive when it went that way."
    )
    drift: Real = Field(
        0.0, validate_default=True, description="Change of the counterfactual a year, link scale."
    )
    effect: Real = Field(
        0.0, validate_default=True, description="Effect of the full dose, on `scale`."
    )
    target_effect: Real | None = Field(
        None,
        description="The effect of a full dose, on the scale of `effect`, that the parties aim at "
        "(for missed success).",
    )
    window: Span = Field(0, description="Length of the measured window.")
    opens: Literal["enrollment", "exit"] = Field(
        "enrollment", description="The window opens at enrollment or when treatment ends."
    )
    reporting: Span = Field(0, description="From the end of the window until data are reported.")
    after: Name | None = Field(
        None, description="Only clients with a success of this `event` outcome can have this one."
    )
    loss: Loss = Field(default_factory=lambda: Loss(), description="Loss to follow-up.")


class Event(Outcome):
    """Yes or no within the window, on `trials` occasions."""

    kind: Literal["event"]
    level: Probability = Field(description="Counterfactual probability b.")
    scale: Literal["log_odds", "log", "difference"] = Field(
        "log_odds", description="Scale of effect, drift and shifts."
    )
    trials: int = Field(1, ge=1, description="Yes/no observations of a client (e.g. 8 screens).")
    icc: Share = Field(
        0.0, validate_default=True, description="Intra-cluster correlation (beta-binomial)."
    )
    cluster: int | None = Field(
        None, ge=2, description="Clients in a cluster; absent: a cohort's arm is one cluster."
    )
    record: Record | None = Field(None, description="Misclassification of the record.")


class Count(Outcome):
    """Number of events in the window."""

    kind: Literal["count"]
    level: NonNegative = Field(description="Counterfactual mean number of a client.")
    scale: Literal["log", "difference"] = Field("log", description="Scale of effect and drift.")
    dispersion: PositiveNumber | None = Field(
        None, description="k of a client's negative binomial (variance m + m²/k)."
    )


class Amount(Outcome):
    """Days or dollars, zero for some clients: Y ~ Binomial(n, p), then Gamma(shape·Y, mean)."""

    kind: Literal["amount"]
    level: Positive = Field(description="Counterfactual mean of clients who have any.")
    share: Probability = Field(
        1.0, validate_default=True, description="Share p of clients who have any."
    )
    scale: Literal["log", "difference"] = Field("log", description="Scale of effect and drift.")
    effect_on: Literal["amount", "share"] = Field(
        "amount",
        description="The effect moves the mean amount, or (in log odds) the share who have any.",
    )
    shape: Positive = Field(
        1.0, validate_default=True, description="Gamma shape of a client (cv = 1/√shape)."
    )


class Score(Outcome):
    """A scale with mean and standard deviation."""

    kind: Literal["score"]
    level: Real = Field(description="Counterfactual mean.")
    sd: Positive = Field(description="Standard deviation between clients.")
    scale: Literal["difference", "smd"] = Field(
        "difference", description="smd: effect and drift in standard deviations."
    )


class Milestone(Outcome):
    """Repeats each period while in service: Binomial(engaged, p) each period."""

    kind: Literal["milestone"]
    level: Probability = Field(description="Counterfactual probability in a period of service.")
    scale: Literal["log_odds", "log", "difference"] = Field(
        "log_odds", description="Scale of effect, drift and shifts."
    )
    units: PositiveNumber = Field(
        1.0, validate_default=True, description="Units that one success counts (91.25 days)."
    )
    qualify: Span = Field(
        0, description="Nothing counts before so long in service; then the earlier units do too."
    )
    limit: int | None = Field(
        None, ge=1, description="Most successes that count for one client."
    )


AnyOutcome = Annotated[
    Event | Count | Amount | Score | Milestone, Field(discriminator="kind")
]
OUTCOME_KINDS: dict[str, type[Outcome]] = {
    "event": Event,
    "count": Count,
    "amount": Amount,
    "score": Score,
    "milestone": Milestone,
}
