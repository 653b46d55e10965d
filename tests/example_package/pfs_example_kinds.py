"""Kinds of one's own: a distribution, a payment rule, a kind of tranche, a transformed outcome."""

from __future__ import annotations

from math import sqrt
from statistics import NormalDist
from typing import Any, Literal

import numpy as np
from pydantic import Field

from pfs_sim.model.family import Family, optional
from pfs_sim.model.laws import FloatArray
from pfs_sim.model.noun import Money, Number, PositiveNumber, Rate, Share, Span
from pfs_sim.model.presets import OutcomePreset, TranchePreset
from pfs_sim.model.schedules import Schedule, Segments


class Kumaraswamy(Family):
    """Kumaraswamy's distribution on 0 to 1, like a beta with a closed form (1980)."""

    ways = (("a", "b"),)
    examples = (
        {"dist": "kumaraswamy", "a": 2.0, "b": 5.0},
        {"dist": "kumaraswamy", "a": 2.0, "b": 5.0, "truncate": {"low": 0.1, "high": 0.6}},
    )
    dist: Literal["kumaraswamy"]
    a: float = optional("First shape.", gt=0.0)
    b: float = optional("Second shape.", gt=0.0)

    def ppf(self, u: FloatArray) -> FloatArray:
        return np.asarray((-np.expm1(np.log1p(-u) / self.b)) ** (1.0 / self.a))

    def isf(self, q: FloatArray) -> FloatArray:
        return np.asarray((-np.expm1(np.log(q) / self.b)) ** (1.0 / self.a))

    def cdf(self, x: FloatArray) -> FloatArray:
        return np.asarray(-np.expm1(self.b * np.log1p(-np.clip(x, 0.0, 1.0 - 1e-16) ** self.a)))

    def support(self) -> tuple[float, float]:
        return 0.0, 1.0

    def moments(self) -> tuple[float, float]:
        from scipy.special import beta

        first, second = (float(self.b * beta(1.0 + n / self.a, self.b)) for n in (1, 2))
        return first, sqrt(second - first**2)


class Declining(Schedule):
    """A price that falls from block to block: the first units earn the most."""

    examples = (
        (
            {"kind": "declining", "price": 100, "block": 10, "fall": 0.5, "blocks": 3},
            {-1: 0.0, 5: 500.0, 10: 1000.0, 12: 1100.0, 30: 1750.0, 99: 1750.0},
        ),
    )
    kind: Literal["declining"]
    price: Money = Field(description="Price of a unit in the first block.")
    block: PositiveNumber = Field(description="Units in a block.")
    fall: Share = Field(description="Share by which the price falls from a block to the next.")
    blocks: int = Field(ge=1, description="Blocks that are paid; nothing beyond them.")

    def segments(self) -> Segments:
        x, y, slope, paid = [], [], [], 0.0
        for n in range(self.blocks):
            price = self.price.value * (1.0 - self.fall.value) ** n
            x.append(n * self.block.value)
            y.append(paid)
            slope.append(price)
            paid += price * self.block.value
        x.append(self.blocks * self.block.value)
        return Segments(0.0, x, [*y, paid], [*slope, 0.0], self.above)


class ProgramRelated(TranchePreset):
    """A foundation's loan below the market rate, drawn after all others: a second loss."""

    examples = ({"kind": "program_related", "amount": 500000, "rate": 0.01},)
    kind: Literal["program_related"]
    label: str | None = Field(None, description="Name for readers.")
    amount: Money = Field(description="Most that the foundation lends.")
    rate: Rate = Field(0.01, validate_default=True, description="Annual rate, simple interest.")

    def stated(self) -> dict[str, Any]:
        return {
            "kind": "loan",
            "label": self.label or "Program-related investment",
            "commitment": self.amount,
            "coupon": self.rate,
            "compounding": "simple",
            "order": 9,
        }


class CutScore(OutcomePreset):
    """A normal score read as yes or no: whether a client reaches a cut-off."""

    examples = (
        {"kind": "cut_score", "good": "higher", "mean": 50, "sd": 10, "cut": 60, "effect": 5},
    )
    kind: Literal["cut_score"]
    good: Literal["lower", "higher"] = Field(description="Which direction is success.")
    mean: Number = Field(description="Mean score without the program.")
    sd: PositiveNumber = Field(description="Standard deviation between clients.")
    cut: Number = Field(description="Cut-off that a client must reach.")
    effect: Number = Field(0.0, validate_default=True, description="Shift of the mean score.")
    window: Span = Field(0, description="When the score is taken, from enrollment.")

    def stated(self) -> dict[str, Any]:
        def reach(mean: float) -> float:
            return 1.0 - NormalDist(mean, self.sd.value).cdf(self.cut.value)

        without, after = reach(self.mean.value), reach(self.mean.value + self.effect.value)
        return {
            "kind": "event",
            "good": self.good,
            "unit": "clients",
            "level": without,
            "scale": "difference",
            "effect": after - without,
            "window": self.window,
        }
