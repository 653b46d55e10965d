"""A quantity: a field of a scenario that may be uncertain (model §3).

In a file it is a bare number, a number with its source, or a distribution:

    x: 0.24
    x: {value: 0.24, source: "S Restrepo et al. 2025"}
    x: {dist: normal, quantiles: {0.1: 0.2, 0.9: 0.7}, truncate: {low: 0}, source: assumed}
    x: {dist: estimate, scale: log_hazard_ratio, point: 0.52, ci: [0.32, 0.85], discount: 0.3}

What is stated is first cut to `truncate`, then multiplied by 1 - `discount`, then mixed with the
`spike`. A model declares such a field as `Quantity`, `Probability`, `NonNegative`, `Positive`, or
`Annotated[Quantity, Bounds(low=…, high=…)]`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

from pfs_sim.model.family import FAMILIES, Family, describe_forms, load_families, read_family
from pfs_sim.model.laws import FloatArray
from pfs_sim.model.odds_families import LogitNormal  # noqa: F401 (registers itself)
from pfs_sim.model.special_families import Certain, Estimate, Mixture

__all__ = [
    "FAMILIES",
    "Bounds",
    "NonNegative",
    "Positive",
    "Probability",
    "Quantity",
    "Real",
    "load_families",
    "quantity",
]


class Quantity:
    """A number that may be uncertain: what the file says, and the quantile function of it."""

    __slots__ = ("family",)

    def __init__(self, family: Family) -> None:
        self.family = family

    @classmethod
    def of(cls, given: float | Mapping[str, Any] | Family | Quantity) -> Quantity:
        """The quantity that a file would give as `given`; ValidationError or ValueError if none."""
        return given if isinstance(given, Quantity) else cls(read_family(given))

    @property
    def dist(self) -> str:
        """The word after `dist:`; `certain` for a number."""
        return self.family.kind()

    @property
    def source(self) -> str | None:
        """Where the figure comes from, if the file says so here."""
        return self.family.source

    @property
    def note(self) -> str | None:
        """A remark for the reader, if any."""
        return self.family.note

    @property
    def scale(self) -> str | None:
        """The scale of an effect taken from published estimates; None where none is stated."""
        families = [self.family]
        if isinstance(self.family, Mixture):
            families = [part.family for part in self.family.components.values()]
        scales = {family.scale for family in families if isinstance(family, Estimate)}
        return min(scales) if len(scales) == 1 else None

    @property
    def certain(self) -> bool:
        """Whether only one value is possible."""
        return not self.family.law.pieces and len(self.family.law.values) == 1

    @property
    def value(self) -> float | None:
        """The only possible value, None if uncertain."""
        return float(self.family.law.values[0]) if self.certain else None

    def ppf(self, u: FloatArray) -> FloatArray:
        """The value at each probability u, 0 < u < 1: the smallest x with P(X ≤ x) ≥ u.

        Never falling in u, of the shape of u, and for each element a function of it alone.
        """
        return self.family.law.draw(u)

    def cdf(self, x: FloatArray) -> FloatArray:
        """P(X ≤ x) for each x."""
        return self.family.law.cdf(x)

    def mean(self) -> float:
        """The expected value."""
        return self.family.law.moments[0]

    def sd(self) -> float:
        """The standard deviation; infinite where the distribution has none."""
        return self.family.law.moments[1]

    def bounds(self) -> tuple[float, float]:
        """The smallest interval that holds all the probability; infinite ends possible."""
        return self.family.law.support()

    def atoms(self) -> dict[float, float]:
        """The values that have a probability of their own, rising, with that probability."""
        law = self.family.law
        return {float(x): float(w) for x, w in zip(law.values, law.weights, strict=True)}

    def describe(self) -> str:
        """Short plain words: `normal, mean 0.5, sd 0.1, truncated to [0, 1]`."""
        return self.family.describe()

    def plain(self) -> float | dict[str, Any]:
        """Plain data that reads to the same quantity; a bare number where that says it all."""
        data = self.family.plain()
        if isinstance(self.family, Certain):
            data.pop("dist", None)
            if list(data) == ["value"]:
                return float(data["value"])
        return data

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Quantity) and self.plain() == other.plain()

    def __hash__(self) -> int:
        return hash(json.dumps(self.plain()))

    def __repr__(self) -> str:
        return f"Quantity({self.describe()})"

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(
            cls.of,
            serialization=core_schema.plain_serializer_function_ser_schema(
                lambda found: found.plain() if isinstance(found, Quantity) else found
            ),
        )

    @classmethod
    def __get_pydantic_json_schema__(
        cls, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        load_families()
        forms = describe_forms(FAMILIES.values(), handler)
        return {"anyOf": [{"type": "number", "description": "A certain number."}, *forms]}


@dataclass(frozen=True)
class Bounds:
    """What a field allows: `Annotated[Quantity, Bounds(low=0)]`.

    A quantity must lie inside [low, high] with all its probability. An open end only forbids a
    probability on the end itself: a lognormal is positive, a spike at 0 is not.
    With `certain`, a distribution is refused.
    """

    low: float | None = None
    high: float | None = None
    low_open: bool = False
    high_open: bool = False
    unit: str = ""
    certain: bool = False

    def words(self) -> str:
        """The allowed values in plain words: `0 to 1`, `above 0`, `0 or more, in years`."""
        low, high = f"{self.low or 0:.10g}", f"{self.high or 0:.10g}"
        low_words = f"above {low}" if self.low_open else low
        if self.low is None and self.high is None:
            text = "any number"
        elif self.high is None:
            text = low_words if self.low_open else f"{low} or more"
        elif self.low is None:
            text = f"below {high}" if self.high_open else f"{high} or less"
        elif self.high_open:
            text = f"{low_words if self.low_open else 'from ' + low} and below {high}"
        else:
            text = f"{low_words} to {high}"
        return f"{text}, in {self.unit}" if self.unit else text

    def check(self, found: Quantity) -> Quantity:
        """The quantity itself, or a ValueError that says what was found and what is allowed."""
        if self.certain and not found.certain:
            raise ValueError(
                f"found {found.describe()}; allowed: one certain number, {self.words()}"
            )
        least, most = found.bounds()
        atoms = found.atoms()
        under = self.low is not None and (least < self.low or (self.low_open and self.low in atoms))
        over = self.high is not None and (
            most > self.high or (self.high_open and self.high in atoms)
        )
        if not under and not over:
            return found
        if found.certain:
            raise ValueError(f"found {found.describe()}; allowed: {self.words()}")
        hint = "" if not found.family.law.pieces else " (add `truncate`)"
        raise ValueError(
            f"found {found.describe()} (support {least:.6g} to {most:.6g}); "
            f"allowed: {self.words()}{hint}"
        )

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        return core_schema.no_info_after_validator_function(self.check, handler(source))

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        number, *forms = handler(schema)["anyOf"]
        if self.certain:
            forms = describe_forms([Certain], handler)
        number = {**number, "description": f"A certain number: {self.words()}."}
        if self.low is not None:
            number["exclusiveMinimum" if self.low_open else "minimum"] = self.low
        if self.high is not None:
            number["exclusiveMaximum" if self.high_open else "maximum"] = self.high
        return {"anyOf": [number, *forms]}


def quantity(
    low: float | None = None,
    high: float | None = None,
    low_open: bool = False,
    high_open: bool = False,
    unit: str = "",
    certain: bool = False,
) -> Any:
    """The type of a field that allows a quantity inside these bounds, made at run time.

    For a type that mypy can read write `Annotated[Quantity, Bounds(…)]`, which is the same.
    """
    return Annotated[Quantity, Bounds(low, high, low_open, high_open, unit, certain)]


Real = Quantity
Probability = Annotated[Quantity, Bounds(low=0.0, high=1.0)]
NonNegative = Annotated[Quantity, Bounds(low=0.0)]
Positive = Annotated[Quantity, Bounds(low=0.0, low_open=True)]
