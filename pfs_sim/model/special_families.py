"""What a quantity may be beside a textbook distribution (model §3).

One value, a few values, a sample, anything scipy.stats knows, a published estimate, and a
mixture of all these.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from math import log
from statistics import NormalDist
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import BeforeValidator, Field, GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

from pfs_sim.model.families import Normal
from pfs_sim.model.family import (
    FAMILIES,
    Family,
    describe_forms,
    load_families,
    optional,
    problem,
    read_family,
    register,
    words,
)
from pfs_sim.model.laws import FloatArray, Law, mix

_BARE = {"value"}


@register
class Certain(Family):
    """One value, known."""

    examples = ({"value": 0.24, "source": "assumed"},)
    dist: Literal["certain"] = "certain"
    value: float = Field(description="The value.")

    def stated(self) -> Law:
        return Law(np.array([self.value]), np.ones(1))

    def name_parameters(self) -> str:
        return words(self.value)

    def plain(self) -> dict[str, Any]:
        if self.model_fields_set == _BARE:  # most of a scenario's quantities
            return {"value": self.value}
        return super().plain()


@register
class Discrete(Family):
    """A few values with weights; the weights are relative and need not sum to 1."""

    examples = ({"dist": "discrete", "values": [0.0, 1.0, 3.0], "weights": [0.5, 0.3, 0.2]},)
    dist: Literal["discrete"]
    values: list[float] = Field(min_length=1, description="The values.")
    weights: list[float] = Field(min_length=1, description="Their relative weights.")

    def stated(self) -> Law:
        if len(self.values) != len(self.weights):
            raise ValueError(
                f"found {len(self.values)} values and {len(self.weights)} weights; "
                "allowed: as many weights as values"
            )
        if min(self.weights) < 0.0 or sum(self.weights) <= 0.0:
            raise ValueError(
                f"found weights {words(self.weights)}; allowed: 0 or more, at least one above 0"
            )
        return Law.of(self.values, self.weights)


@register
class Empirical(Family):
    """A sample, drawn with equal chances: the inverse of its empirical distribution function.

    There is no interpolation: the quantile at u is the ceil(n u)-th smallest observation, so
    that mean and sd (divisor n) are those of the sample and nothing between two observations,
    such as a place between none and some, is made up.
    """

    examples = ({"dist": "empirical", "sample": [0.1, 0.2, 0.2, 0.4, 0.9]},)
    dist: Literal["empirical"]
    sample: list[float] = Field(min_length=1, description="The observations, in any order.")

    def stated(self) -> Law:
        return Law.of(self.sample, [1.0] * len(self.sample))


@register
class Scipy(Family):
    """Any continuous distribution of scipy.stats, by name, with its shapes, loc and scale."""

    examples = (
        {
            "dist": "scipy",
            "name": "weibull_min",
            "parameters": {"c": 1.5, "loc": 0.0, "scale": 2.0},
        },
        {"dist": "scipy", "name": "laplace", "parameters": {"loc": 1.0, "scale": 0.5}},
    )
    dist: Literal["scipy"]
    name: str = Field(description="Name of a continuous distribution in scipy.stats.")
    parameters_: dict[str, float] = Field(
        default_factory=dict, alias="parameters", description="Its shapes, loc and scale."
    )

    @cached_property
    def frozen(self) -> Any:
        from difflib import get_close_matches

        from scipy import stats

        family = getattr(stats, self.name, None)
        if not isinstance(family, stats.rv_continuous):
            known = [n for n in dir(stats) if isinstance(getattr(stats, n), stats.rv_continuous)]
            near = ", ".join(get_close_matches(self.name, known, 3, 0.4))
            allowed = "a continuous distribution of scipy.stats" + (near and f", such as {near}")
            raise problem("unknown_name", ("name",), repr(self.name), allowed, self.name)
        shapes = [name.strip() for name in (family.shapes or "").split(",") if name.strip()]
        extra = set(self.parameters_) - {*shapes, "loc", "scale"}
        missing = [name for name in shapes if name not in self.parameters_]
        if extra or missing:
            raise ValueError(
                f"found {self.name} with parameters {', '.join(self.parameters_) or 'none'}; "
                f"allowed: {', '.join([*shapes, 'loc', 'scale'])}"
                f"{' (loc and scale may be left out)' if shapes else ''}"
            )
        frozen = family(**self.parameters_)
        low, high = (float(end) for end in frozen.support())
        if np.isnan(low) or np.isnan(high):
            raise ValueError(
                f"found {self.name} with {words(self.parameters_)}; allowed: parameters for which "
                "scipy.stats defines it (scale above 0)"
            )
        return frozen

    def solve(self) -> tuple[float, ...]:
        return tuple(float(end) for end in self.frozen.support())

    def ppf(self, u: FloatArray) -> FloatArray:
        return np.asarray(self.frozen.ppf(u), float)

    def isf(self, q: FloatArray) -> FloatArray:
        return np.asarray(self.frozen.isf(q), float)

    def cdf(self, x: FloatArray) -> FloatArray:
        return np.asarray(self.frozen.cdf(x), float)

    def support(self) -> tuple[float, float]:
        return self.parameters[0], self.parameters[1]

    @cached_property
    def stated_moments(self) -> tuple[float, float]:
        mean, variance = self.frozen.stats("mv")
        sd = float(np.sqrt(variance))
        return float(mean), np.inf if np.isnan(sd) else sd

    def moments(self) -> tuple[float, float]:
        return self.stated_moments

    def name_parameters(self) -> str:
        given = [f"{name} {words(value)}" for name, value in self.parameters_.items()]
        return ", ".join([f"scipy {self.name}", *given])


Scale = Literal[
    "log_odds_ratio",
    "log_relative_risk",
    "log_hazard_ratio",
    "log_ratio",
    "risk_difference",
    "smd",
]


def _read_interval(found: Any) -> Any:
    if not isinstance(found, list | tuple) or len(found) != 2:
        raise ValueError(f"found {found!r}; allowed: [low, high]")
    return tuple(found)


@register
class Estimate(Family):
    """A published estimate as a prior: normal on the scale on which its error is normal.

    A ratio (odds, risk, hazard, or of means) is given as the ratio itself (`as: ratio`, the
    default) or as its logarithm (`as: log`); the value of the quantity is the logarithm either
    way. `se` is always on the normal scale: of the log ratio, of the difference. An interval
    counts by its width on that scale, sd = (high - low) / (2 z), so rounding in print may leave
    the point off its middle.
    """

    examples = (
        {
            "dist": "estimate",
            "scale": "log_hazard_ratio",
            "point": 0.52,
            "ci": [0.32, 0.85],
            "level": 0.95,
        },
        {"dist": "estimate", "scale": "log_odds_ratio", "point": -0.4, "as": "log", "se": 0.2},
        {"dist": "estimate", "scale": "log_relative_risk", "point": 0.8, "se": 0.1},
        {"dist": "estimate", "scale": "log_ratio", "point": -0.2, "ci": [-0.5, 0.1], "as": "log"},
        {"dist": "estimate", "scale": "risk_difference", "point": 0.1, "se": 0.04},
        {"dist": "estimate", "scale": "smd", "point": 0.25, "ci": [0.05, 0.45], "level": 0.9},
    )
    dist: Literal["estimate"]
    scale: Scale = Field(description="The scale of the value: on it the error is normal.")
    point: float = Field(description="The point estimate.")
    ci: Annotated[tuple[float, float], BeforeValidator(_read_interval)] = optional(
        "Confidence interval [low, high], given as the point is."
    )
    level: float = optional("Confidence level of `ci`; 0.95 if left out.", gt=0.0, lt=1.0)
    se: float = optional("Standard error on the normal scale.", gt=0.0)
    as_: Literal["ratio", "log"] = optional(
        "Whether a ratio and its interval are given as the ratio or its logarithm.", alias="as"
    )

    def solve(self) -> tuple[float, ...]:
        if self.has("ci") == self.has("se"):
            found = "ci and se" if self.has("ci") else "neither ci nor se"
            raise ValueError(f"found {found}; allowed: one of ci, se")
        if self.has("level") and not self.has("ci"):
            raise ValueError("found level without ci; allowed: level with ci only")
        if self.has("as_") and not self.scale.startswith("log_"):
            raise ValueError(
                f"found as: {self.as_} with scale {self.scale}; allowed: `as` with log_… only"
            )
        mean = self._on_scale(self.point)
        if self.has("se"):
            return mean, self.se
        if not self.ci[0] <= self.point <= self.ci[1] or self.ci[0] == self.ci[1]:
            raise ValueError(
                f"found point {self.point:g}, ci {words(self.ci)}; allowed: low below high, the "
                "point between them"
            )
        low, high = (self._on_scale(end) for end in self.ci)
        z = NormalDist().inv_cdf(0.5 + (self.level if self.has("level") else 0.95) / 2.0)
        return mean, (high - low) / (2.0 * z)

    def _on_scale(self, given: float) -> float:
        if not self.scale.startswith("log_") or (self.has("as_") and self.as_ == "log"):
            return given
        if given <= 0.0:
            raise ValueError(
                f"found a ratio of {given:g} with scale {self.scale}; allowed: above 0, or the "
                "logarithm of the ratio with `as: log`"
            )
        return log(given)

    def stated(self) -> Law:
        mean, sd = self.parameters
        normal = Normal(dist="normal", mean=mean, sd=sd)
        return normal.stated()

    def name_parameters(self) -> str:
        mean, sd = self.parameters
        return f"estimate ({self.scale}), mean {mean:.6g}, sd {sd:.6g}"


class Component:
    """One component of a mixture: its weight and what it is."""

    def __init__(self, weight: float, family: Family) -> None:
        self.weight = weight
        self.family = family

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Component) and self.plain() == other.plain()

    def __hash__(self) -> int:
        return hash((self.weight, self.family.describe()))

    def plain(self) -> dict[str, Any]:
        """The component as a file has it."""
        return {"weight": self.weight, **self.family.plain()}

    @classmethod
    def read(cls, given: Any) -> Component:
        """A component from {weight:, value:} or {weight:, dist:, …}."""
        if isinstance(given, Component):
            return given
        if not isinstance(given, Mapping):
            raise ValueError(
                f"found {given!r}; allowed: {{weight: …, value: …}} or {{weight: …, dist: …}}"
            )
        weight = given.get("weight")
        if (
            isinstance(weight, bool)
            or not isinstance(weight, int | float)
            or not 0.0 <= float(weight) < np.inf
        ):
            found = "no weight" if weight is None else f"the weight {weight!r}"
            raise problem("bad_weight", ("weight",), found, "a number, 0 or more", weight)
        family = read_family({key: item for key, item in given.items() if key != "weight"})
        if isinstance(family, Mixture):
            raise problem(
                "nested_mixture",
                ("dist",),
                "a mixture inside a mixture",
                "any other distribution",
                "mixture",
            )
        return cls(float(weight), family)

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(
            cls.read,
            serialization=core_schema.plain_serializer_function_ser_schema(
                lambda component: component.plain()
            ),
        )

    @classmethod
    def __get_pydantic_json_schema__(
        cls, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        load_families()
        weight = {"type": "number", "minimum": 0, "description": "Relative weight."}
        forms = []
        families = [family for family in FAMILIES.values() if family is not Mixture]
        for reference in describe_forms(families, handler):
            form = dict(handler.resolve_ref_schema(reference))
            form["properties"] = {"weight": weight, **form["properties"]}
            form["required"] = ["weight", *form.get("required", [])]
            forms.append(form)
        return {"anyOf": forms}


@register
class Mixture(Family):
    """Named components with weights; the weights are relative and need not sum to 1."""

    examples = (
        {
            "dist": "mixture",
            "components": {
                "none": {"weight": 0.5, "value": 0.0},
                "some": {"weight": 0.5, "dist": "normal", "mean": 0.4, "sd": 0.2},
            },
        },
        {
            "dist": "mixture",
            "components": {
                "low": {"weight": 0.3, "dist": "normal", "mean": 0.0, "sd": 0.1},
                "high": {"weight": 0.7, "dist": "gamma", "mean": 0.6, "sd": 0.3},
            },
        },
    )
    dist: Literal["mixture"]
    components: dict[str, Component] = Field(
        min_length=1, description="By name, each {weight:, value:} or {weight:, dist:, …}."
    )

    def stated(self) -> Law:
        if sum(component.weight for component in self.components.values()) <= 0.0:
            raise ValueError("found weights that are all 0; allowed: at least one above 0")
        # By name, so that the order in the file cannot change the last bit of a draw.
        named = sorted(self.components.items())
        return mix((part.weight, part.family.law) for _, part in named if part.weight > 0.0)

    def name_parameters(self) -> str:
        parts = [
            f"{name} ({part.weight:.6g}: {part.family.describe()})"
            for name, part in self.components.items()
        ]
        return f"mixture of {', '.join(parts)}"
