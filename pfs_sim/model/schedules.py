"""Payment schedules: every rule is one piecewise-linear function with jumps (model §8).

A schedule in words states itself as *segments*: from `x[i]` on the amount is
`y[i] + slope[i]·(x − x[i])`, until the next knot; below the first knot it is
`below + below_slope·(x − x[0])`. At a knot the value is that of the upper side ("at least 10 %")
unless `above: true` ("more than 10 %").
"""

from __future__ import annotations

from itertools import pairwise
from typing import Annotated, Any, ClassVar, Literal, NamedTuple

from pydantic import Field, model_validator

from pfs_sim.model.noun import Money, Noun, Number


class Segments(NamedTuple):
    """The canonical form: knots `x`, values `y` at the knots, slopes after them."""

    below: float
    x: list[float]
    y: list[float]
    slope: list[float]
    above: bool  # True: at a knot the lower side holds ("more than")
    below_slope: float = 0.0


class Schedule(Noun):
    """What all schedules share.

    To add a payment rule, write a class with a `kind`, its keys as fields, `examples` and
    `segments`. In a package of your own offer it under the entry point group
    `pfs_sim.schedules` (entry point name = the kind), and run `conformance.check_kind` on it.
    """

    examples: ClassVar[tuple[tuple[dict[str, Any], dict[float, float]], ...]] = ()
    """How it stands in a file, with the amount that a person computed at some measures."""

    above: bool = Field(
        False, description="true: a knot must be exceeded; false: reaching it is enough."
    )

    def segments(self) -> Segments:
        """The schedule as knots; each kind says its own."""
        raise TypeError(f"{type(self).__name__} does not state its segments")


def _rising(found: list[float], what: str) -> None:
    for a, b in pairwise(found):
        if not b > a:
            raise ValueError(f"found {what} {b:g} after {a:g}; allowed: {what}s in rising order")


class RateCard(Schedule):
    """A price for each unit of the measure, from `start` on (a line through the origin)."""

    examples = (
        ({"kind": "rate", "price": 100, "from": 2}, {1: 0.0, 2: 200.0, 3.5: 350.0}),
        ({"kind": "rate", "price": 5, "both_ways": True}, {-2: -10.0, 0: 0.0, 2: 10.0}),
    )
    kind: Literal["rate"]
    price: Number = Field(description="Amount for each unit of the measure.")
    start: Number = Field(
        0.0,
        alias="from",
        validate_default=True,
        description="Nothing is paid for a measure below this; from it on every unit counts.",
    )
    both_ways: bool = Field(
        False, description="true: a negative measure is a payment from the investors."
    )

    def segments(self) -> Segments:
        """One line; zero below its start unless both ways."""
        price, start = self.price.value, self.start.value
        if self.both_ways:
            return Segments(0.0, [0.0], [0.0], [price], self.above, below_slope=price)
        return Segments(0.0, [start], [price * start], [price], self.above)


class Tiers(Schedule):
    """Steps: at least so much of the measure earns so much."""

    examples = (
        ({"kind": "tiers", "tiers": [[0.1, 5], [0.2, 8]]}, {0: 0.0, 0.1: 5.0, 0.15: 5.0, 9: 8.0}),
        ({"kind": "tiers", "above": True, "below": -1, "tiers": [[0, 3]]}, {0: -1.0, 0.5: 3.0}),
    )
    kind: Literal["tiers"]
    below: Number = Field(0.0, validate_default=True, description="Amount below the first tier.")
    tiers: list[list[Number]] = Field(
        min_length=1, description="[measure at least, amount], in rising order of the measure."
    )

    @model_validator(mode="after")
    def _ordered(self) -> Tiers:
        _pairs(self.tiers, "tier")
        return self

    def segments(self) -> Segments:
        """Flat pieces with jumps."""
        x, y = [t[0].value for t in self.tiers], [t[1].value for t in self.tiers]
        return Segments(self.below.value, x, y, [0.0] * len(x), self.above)


class Points(Schedule):
    """Straight lines between points, flat before the first and after the last."""

    examples = (
        ({"kind": "points", "points": [[0, 0], [10, 50]]}, {-1: 0.0, 4: 20.0, 12: 50.0}),
        (
            {"kind": "points", "points": [[0, 10], [10, 50]], "threshold": 5},
            {4.9: 0.0, 5: 30.0, 10: 50.0},
        ),
    )
    kind: Literal["points"]
    points: list[list[Number]] = Field(
        min_length=2, description="[measure, amount], in rising order of the measure."
    )
    threshold: Number | None = Field(
        None, description="Nothing is paid for a measure below this (a jump)."
    )

    @model_validator(mode="after")
    def _ordered(self) -> Points:
        _pairs(self.points, "point")
        return self

    def segments(self) -> Segments:
        """Continuous pieces, cut off below a threshold."""
        x, y = [p[0].value for p in self.points], [p[1].value for p in self.points]
        slope = [(y[i + 1] - y[i]) / (x[i + 1] - x[i]) for i in range(len(x) - 1)] + [0.0]
        below = y[0]
        if self.threshold is not None:
            cut = self.threshold.value
            if cut <= x[0]:
                x, y, slope = [cut, *x], [y[0], *y], [0.0, *slope]
                if cut == x[1]:
                    x, y, slope = x[1:], y[1:], slope[1:]
            else:
                i = max(j for j in range(len(x)) if x[j] <= cut)
                at = y[i] + slope[i] * (cut - x[i])
                x, y, slope = [cut, *x[i + 1 :]], [at, *y[i + 1 :]], slope[i:]
            below = 0.0
        return Segments(below, x, y, slope, self.above)


class Pieces(Schedule):
    """The general form: from each knot on, an amount at the knot and a rate beyond it."""

    examples = (
        (
            {"kind": "pieces", "below": 1, "pieces": [[2, 10, 3], [4, 20, 0]]},
            {0: 1.0, 2: 10.0, 3: 13.0, 4: 20.0, 9: 20.0},
        ),
    )
    kind: Literal["pieces"]
    below: Number = Field(0.0, validate_default=True, description="Amount below the first knot.")
    pieces: list[list[Number]] = Field(
        min_length=1, description="[measure from, amount at that point, rate beyond it], rising."
    )

    @model_validator(mode="after")
    def _ordered(self) -> Pieces:
        for piece in self.pieces:
            if len(piece) != 3:
                raise ValueError(
                    f"found a piece of {len(piece)} numbers; allowed: [measure, amount, rate]"
                )
        _rising([p[0].value for p in self.pieces], "piece")
        return self

    def segments(self) -> Segments:
        """As written."""
        x, y, s = ([p[i].value for p in self.pieces] for i in range(3))
        return Segments(self.below.value, x, y, s, self.above)


class SavingsShare(Schedule):
    """A share of what the payor saves on each unit of the measure."""

    examples = (
        ({"kind": "savings", "value": 80, "share": 0.25, "from": 1}, {0.5: 0.0, 1: 20.0, 3: 60.0}),
    )
    kind: Literal["savings"]
    value: Money = Field(description="What one unit is worth to the payor.")
    share: Number = Field(description="Share of it that is paid.")
    start: Number = Field(
        0.0, alias="from", validate_default=True, description="Nothing below this measure."
    )

    def segments(self) -> Segments:
        """A line through the origin."""
        price, start = self.value.value * self.share.value, self.start.value
        return Segments(0.0, [start], [price * start], [price], self.above)


class Fixed(Schedule):
    """A fixed amount, whatever is measured (a standing charge, a coupon, a milestone date)."""

    examples = (({"kind": "fixed", "amount": -7}, {-1: -7.0, 0: -7.0, 5: -7.0}),)
    kind: Literal["fixed"]
    amount: Number = Field(description="The amount; negative: from the investors to the payor.")

    def segments(self) -> Segments:
        """A constant."""
        amount = self.amount.value
        return Segments(amount, [0.0], [amount], [0.0], self.above)


def _pairs(found: list[list[Number]], what: str) -> None:
    for pair in found:
        if len(pair) != 2:
            raise ValueError(f"found a {what} of {len(pair)} numbers; allowed: [measure, amount]")
    _rising([p[0].value for p in found], what)


AnySchedule = Annotated[
    RateCard | Tiers | Points | Pieces | SavingsShare | Fixed, Field(discriminator="kind")
]
SCHEDULE_KINDS: dict[str, type[Schedule]] = {
    "rate": RateCard,
    "tiers": Tiers,
    "points": Points,
    "pieces": Pieces,
    "savings": SavingsShare,
    "fixed": Fixed,
}
