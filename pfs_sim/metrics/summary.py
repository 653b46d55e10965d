"""One quantity of a run, over all its paths, in the numbers that a report may show."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Self

from pfs_sim.metrics.estimates import Estimate, Interval

Unit = Literal["money", "rate", "count", "ratio", "years", "probability", "number"]


@dataclass(frozen=True)
class Summary:
    """Statistics of one quantity; those that make no sense for it are None or empty.

    `n` counts all paths and `n_undefined` those without a value; every statistic is over the
    n - n_undefined others. `statuses` counts paths by kind of result (a total loss, no root).
    `exact`: the same on every path by construction, so that no error applies. `headline` names
    the statistic to show first: the median where a mean would mislead (an IRR with total
    losses or undefined paths).
    """

    unit: Unit
    label: str
    n: int
    n_undefined: int
    mean: Estimate
    sd: Estimate
    quantiles: dict[str, Interval]
    exact: bool = False
    headline: Literal["mean", "median"] = "mean"
    tail: str = "low"
    p_zero: Interval | None = None
    p_negative: Interval | None = None
    p_loss: Interval | None = None
    loss_given_loss: Estimate | None = None
    expected_shortfall: dict[str, Estimate] = field(default_factory=dict)
    mass_points: dict[str, Interval] = field(default_factory=dict)
    statuses: dict[str, int] = field(default_factory=dict)

    def list_statistics(self) -> dict[str, Estimate | Interval]:
        """Every statistic by its short address: mean, sd, q0.05, p_zero, es0.95, at.cap."""
        found: dict[str, Estimate | Interval] = {"mean": self.mean, "sd": self.sd}
        for q, value in self.quantiles.items():
            found[f"q{q}"] = value
        for name in ("p_zero", "p_negative", "p_loss", "loss_given_loss"):
            statistic = getattr(self, name)
            if statistic is not None:
                found[name] = statistic
        for level, shortfall in self.expected_shortfall.items():
            found[f"es{level}"] = shortfall
        for point, share in self.mass_points.items():
            found[f"at.{point}"] = share
        return found

    def to_json(self) -> dict[str, Any]:
        """As `summary.json` holds it; statistics that do not apply are left out."""
        found: dict[str, Any] = {
            "label": self.label,
            "unit": self.unit,
            "n": self.n,
            "n_undefined": self.n_undefined,
            "exact": self.exact,
            "headline": self.headline,
            "tail": self.tail,
            "mean": self.mean.to_json(),
            "sd": self.sd.to_json(),
            "quantiles": {q: value.to_json() for q, value in self.quantiles.items()},
        }
        for name in ("p_zero", "p_negative", "p_loss", "loss_given_loss"):
            statistic = getattr(self, name)
            if statistic is not None:
                found[name] = statistic.to_json()
        for name in ("expected_shortfall", "mass_points"):
            statistics = getattr(self, name)
            if statistics:
                found[name] = {key: value.to_json() for key, value in statistics.items()}
        if self.statuses:
            found["statuses"] = dict(self.statuses)
        return found

    @classmethod
    def from_json(cls, found: Mapping[str, Any]) -> Self:
        """Reads back what `to_json` wrote."""

        def interval(name: str) -> Interval | None:
            return Interval.from_json(found[name]) if name in found else None

        def intervals(name: str) -> dict[str, Interval]:
            return {key: Interval.from_json(value) for key, value in found.get(name, {}).items()}

        return cls(
            unit=found["unit"],
            label=found["label"],
            n=found["n"],
            n_undefined=found["n_undefined"],
            mean=Estimate.from_json(found["mean"]),
            sd=Estimate.from_json(found["sd"]),
            quantiles=intervals("quantiles"),
            exact=found["exact"],
            headline=found["headline"],
            tail=found["tail"],
            p_zero=interval("p_zero"),
            p_negative=interval("p_negative"),
            p_loss=interval("p_loss"),
            loss_given_loss=(
                Estimate.from_json(found["loss_given_loss"]) if "loss_given_loss" in found else None
            ),
            expected_shortfall={
                key: Estimate.from_json(value)
                for key, value in found.get("expected_shortfall", {}).items()
            },
            mass_points=intervals("mass_points"),
            statuses=dict(found.get("statuses", {})),
        )
