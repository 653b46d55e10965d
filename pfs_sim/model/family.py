"""What all families of distributions share: keys, checks, truncation, discount, spike.

To add a distribution, write one class: its keys as fields, the sets of keys by which it may be
given (`ways`), an example of each, and its quantile function, cdf, support and moments. Put it
into `families.py`, or into a package of your own under the entry point `pfs_sim.distributions`
(entry point name = the word after `dist:`), and run `conformance` on its examples.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from difflib import get_close_matches
from functools import cache, cached_property
from typing import Annotated, Any, ClassVar, TypeVar, get_args

import numpy as np
from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetJsonSchemaHandler,
    ValidationError,
    model_validator,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, InitErrorDetails, PydanticCustomError, core_schema

from pfs_sim.model.laws import FloatArray, Law, Piece, mix
from pfs_sim.model.offers import find_offers

ENTRY_POINTS = "pfs_sim.distributions"
_SHARED = ("truncate", "discount", "spike", "source", "note")


def problem(kind: str, loc: tuple[str, ...], found: str, allowed: str, given: Any) -> Exception:
    """A validation error at `loc` below the quantity, in the words of this language."""
    text = PydanticCustomError(
        kind, "found {found}; allowed: {allowed}", {"found": found, "allowed": allowed}
    )
    detail = InitErrorDetails(type=text, loc=loc, input=given)
    return ValidationError.from_exception_data("Quantity", [detail])


def optional(description: str, **limits: Any) -> Any:
    """A key that may be left out, but may not be empty: None is no value of it."""

    def hide_default(schema: dict[str, Any]) -> None:
        schema.pop("default", None)

    return Field(default=None, description=description, json_schema_extra=hide_default, **limits)


def read_levels(found: Any) -> Any:
    """Quantiles as a map from level to value; a level is 0.1, "0.1" or p10."""
    if not isinstance(found, Mapping):
        raise ValueError(f"found {found!r}; allowed: a map from level to value, {{0.1: …, 0.9: …}}")
    levels: dict[float, Any] = {}
    for key, value in found.items():
        try:
            text = str(key)
            level = float(text[1:]) / 100.0 if text[:1] in "pP" else float(text)
        except ValueError:
            level = float("nan")
        if not 0.0 < level < 1.0 or isinstance(key, bool):
            raise ValueError(f"found the level {key!r}; allowed: above 0 and below 1, or p1 to p99")
        if level in levels:
            raise ValueError(f"found the level {level:g} twice; allowed: once")
        if isinstance(value, bool) or not isinstance(value, int | float) or not np.isfinite(value):
            raise ValueError(f"found {value!r} at level {level:g}; allowed: a number")
        levels[level] = float(value)
    levels = dict(sorted(levels.items()))
    if any(a >= b for a, b in zip(levels.values(), list(levels.values())[1:], strict=False)):
        raise ValueError(
            f"found quantiles {words(levels)}; allowed: values that rise with their levels"
        )
    return levels


Quantiles = Annotated[dict[float, float], BeforeValidator(read_levels)]


def words(value: Any) -> str:
    """A value of a file in short plain words."""
    if isinstance(value, bool | str):
        return str(value)
    if isinstance(value, int | float):
        return f"{value:.6g}"
    if isinstance(value, Mapping):
        return ", ".join(f"{words(key)}: {words(item)}" for key, item in value.items())
    if isinstance(value, list | tuple):
        shown = ", ".join(words(item) for item in value[:4])
        return f"[{shown}]" if len(value) <= 4 else f"[{shown}, … {len(value)} in all]"
    return str(value)


class _Part(BaseModel):
    # What checks a family is built when a scenario first states one: few state more than five.
    model_config = ConfigDict(
        strict=True, extra="forbid", frozen=True, allow_inf_nan=False, defer_build=True
    )


class Truncate(_Part):
    """Bounds to which a distribution is cut; both belong to it."""

    low: float = optional("Nothing below this.")
    high: float = optional("Nothing above this.")

    @model_validator(mode="after")
    def _in_order(self) -> Truncate:
        if not self.model_fields_set:
            raise ValueError("found no bound; allowed: low, high, or both")
        low, high = self.ends()
        if not low < high:
            raise ValueError(f"found low {low:g}, high {high:g}; allowed: low below high")
        return self

    def ends(self) -> tuple[float, float]:
        """Low and high, infinite where not given."""
        given = self.model_fields_set
        return (
            self.low if "low" in given else -np.inf,
            self.high if "high" in given else np.inf,
        )


class Spike(_Part):
    """Probability put on one value (no effect), the rest on the distribution."""

    at: float = Field(0.0, description="The value, as used: not discounted, not truncated.")
    weight: float = Field(ge=0.0, le=1.0, description="Probability of exactly this value.")


class Family(_Part):
    """A quantity as a file states it; subclasses say which distribution it has.

    What is stated is first cut to `truncate`, then multiplied by 1 - `discount`, then mixed with
    the `spike`.
    """

    ways: ClassVar[tuple[tuple[str, ...], ...]] = ()
    """The sets of keys by which the distribution may be given; empty: pydantic checks alone."""
    examples: ClassVar[tuple[dict[str, Any], ...]] = ()
    closed: ClassVar[bool] = False
    """Whether the quantile function is a formula of some ten ns; others are drawn from a table."""

    truncate: Truncate = optional("Cut to these bounds.")
    discount: float = optional(
        "Discount toward no effect: the value is multiplied by 1 - discount.", ge=0.0, le=1.0
    )
    spike: Spike = optional("A mixture with one value that has a probability of its own.")
    source: str = optional("Where the figure comes from, or `assumed`.")
    note: str = optional("A remark for the reader; never used.")

    @classmethod
    def kind(cls) -> str:
        """The word after `dist:`."""
        return str(get_args(cls.model_fields["dist"].annotation)[0])

    @classmethod
    def keys(cls) -> list[str]:
        """The family's own keys, as written in a file."""
        return list(_own_keys(cls))

    @model_validator(mode="before")
    @classmethod
    def _known_keys(cls, given: Any) -> Any:
        if not isinstance(given, Mapping):
            return given
        allowed = [*cls.keys(), *_SHARED]
        for key in given:
            if key not in allowed and key != "dist":
                near = get_close_matches(str(key), allowed, 1)
                hint = f" (did you mean `{near[0]}`?)" if near else ""
                raise problem(
                    "unknown_key",
                    (str(key),),
                    f"unknown key `{key}` in {cls.kind()}",
                    ", ".join(allowed) + hint,
                    given[key],
                )
        return given

    @model_validator(mode="after")
    def _can_be_drawn(self) -> Family:
        self._check_way()
        if not self.law.has_mean():
            raise ValueError(
                f"found {self.describe()}, which has no finite mean; "
                "allowed: a distribution with a finite mean (add `truncate`)"
            )
        return self

    def _check_way(self) -> None:
        mine = {key for way in self.ways for key in way}
        given = {key for key in self.model_fields_set if key in mine}
        if self.ways and given not in [set(way) for way in self.ways]:
            ordered = [key for key in self.keys() if key in given]
            found = f"{self.kind()} with {_list(ordered) if ordered else 'no parameters'}"
            allowed = ", or ".join(_list(way) for way in self.ways)
            raise ValueError(f"found {found}; allowed: {allowed}")
        if "quantiles" in given and len(self.__dict__["quantiles"]) != 2:
            fixed = " once df is given" if "df" in given else ""
            raise ValueError(
                f"found {len(self.__dict__['quantiles'])} quantiles; allowed: exactly 2 "
                f"({self.kind()} has 2 free parameters{fixed})"
            )

    def has(self, *keys: str) -> bool:
        """Whether the file gives all these keys."""
        return self.model_fields_set.issuperset(keys)

    # What a continuous family states. A discrete one overrides `stated` instead.
    @cached_property
    def parameters(self) -> tuple[float, ...]:
        """The natural parameters, whatever way they were given; solved once."""
        return self.solve()

    def solve(self) -> tuple[float, ...]:
        """Natural parameters from the keys given."""
        return ()

    def ppf(self, u: FloatArray) -> FloatArray:
        """The quantile function as stated."""
        raise TypeError(f"{self.kind()} has no quantile function of its own")

    of_normal: ClassVar[Callable[[Any, FloatArray], FloatArray] | None] = None
    """The value at ppf(Φ(z)), for a family that is a function of a standard normal z."""

    @classmethod
    def follows_normal(cls) -> bool:
        """Whether `of_normal` may stand for `ppf`: not where a subclass has a `ppf` of its own."""
        for kind in cls.__mro__:
            if "of_normal" in vars(kind):
                return vars(kind)["of_normal"] is not None
            if "ppf" in vars(kind):
                break
        return False

    def isf(self, q: FloatArray) -> FloatArray:
        """The value exceeded with probability q; override it where 1 - q would lose the tail."""
        return self.ppf(np.minimum(1.0 - q, 1.0 - 2.0**-53))

    def cdf(self, x: FloatArray) -> FloatArray:
        """P(X ≤ x) as stated, for any x, infinite ones included."""
        raise TypeError(f"{self.kind()} has no distribution function of its own")

    def support(self) -> tuple[float, float]:
        """The smallest interval that holds all the probability, as stated."""
        raise TypeError(f"{self.kind()} has no support of its own")

    def moments(self) -> tuple[float, float]:
        """Mean and standard deviation, as stated, in closed form."""
        raise TypeError(f"{self.kind()} has no moments of its own")

    def stated(self) -> Law:
        """The law before truncation, discount and spike."""
        _ = self.parameters
        return Law(pieces=(Piece(1.0, self),))

    @cached_property
    def law(self) -> Law:
        """The law of the quantity: stated, truncated, discounted, with its spike."""
        law = self.stated()
        if self.has("truncate"):
            law = law.truncate(*self.truncate.ends())
        if self.has("discount"):
            law = law.multiply(1.0 - self.discount)
        if self.has("spike"):
            point = Law.of([self.spike.at], [1.0])
            law = mix([(self.spike.weight, point), (1.0 - self.spike.weight, law)])
        return law

    def plain(self) -> dict[str, Any]:
        """Plain data that reads to the same quantity: `dist`, own keys, shared keys."""
        data = self.model_dump(exclude_unset=True, by_alias=True)
        order = ["dist", *self.keys(), *_SHARED]
        return {key: _plain(data[key]) for key in order if key in data}

    def name_parameters(self) -> str:
        """The family and its own keys in plain words."""
        data = self.model_dump(exclude_unset=True, by_alias=True)
        given = [f"{key} {words(data[key])}" for key in self.keys() if key in data]
        return ", ".join([self.kind(), *given])

    def describe(self) -> str:
        """The whole quantity in plain words."""
        text = self.name_parameters()
        if self.has("truncate"):
            low, high = self.truncate.ends()
            text += f", truncated to [{low:.6g}, {high:.6g}]"
        if self.has("discount"):
            text += f", discounted by {100 * self.discount:.6g} %"
        if self.has("spike"):
            text += f", with probability {self.spike.weight:.6g} exactly {self.spike.at:.6g}"
        return text

    @classmethod
    def __get_pydantic_json_schema__(
        cls, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        reference = handler(schema)
        resolved = handler.resolve_ref_schema(reference)
        if len(cls.ways) > 1:
            resolved["oneOf"] = [{"required": list(way)} for way in cls.ways]
        elif cls.ways:
            resolved["required"] = ["dist", *cls.ways[0]]
        return reference


@cache
def _own_keys(family: type[Family]) -> tuple[str, ...]:
    """The keys of a family beside those that all share, as written in a file."""
    shared = {*_SHARED, "dist"}
    named = family.model_fields.items()
    return tuple(field.alias or name for name, field in named if name not in shared)


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, list | tuple) else value


def _list(keys: Any) -> str:
    *most, last = keys
    return f"{', '.join(most)} and {last}" if most else str(last)


FAMILIES: dict[str, type[Family]] = {}
"""Every family known so far, by the word after `dist:`; `load_families` adds installed ones."""



def describe_forms(
    families: Iterable[type[Family]], handler: GetJsonSchemaHandler
) -> list[JsonSchemaValue]:
    """The JSON Schema of each family, as references into the definitions of the document."""
    schemas = []
    for family in families:
        family.model_rebuild()
        schemas.append(family.__pydantic_core_schema__)
    # Through a union, since a handler applies no hook of the schema that it is called with.
    union = handler(core_schema.union_schema([core_schema.none_schema(), *schemas]))
    return [form for form in union["anyOf"] if form != {"type": "null"}]


AnyFamily = TypeVar("AnyFamily", bound=type[Family])


def register(family: AnyFamily) -> AnyFamily:
    """Add a family to the language; a word that is taken is an error."""
    if FAMILIES.setdefault(family.kind(), family) is not family:
        raise ValueError(f"the distribution {family.kind()} exists already")
    return family


@cache
def load_families() -> None:
    """Register the families that installed packages offer under `pfs_sim.distributions`."""
    for entry in find_offers(ENTRY_POINTS):
        family = entry.load()
        if not (isinstance(family, type) and issubclass(family, Family)):
            raise TypeError(f"{entry.value} ({ENTRY_POINTS}) is not a pfs_sim Family")
        if family.kind() != entry.name:
            raise ValueError(f"{entry.value} is `dist: {family.kind()}`, not {entry.name}")
        register(family)


def read_family(given: Any) -> Family:
    """A quantity as stated, from a number or a mapping; errors say what is allowed."""
    if isinstance(given, Family):
        return given
    if isinstance(given, int | float) and not isinstance(given, bool):
        if not np.isfinite(given):
            raise ValueError(f"found {given}; allowed: a finite number")
        return FAMILIES["certain"].model_validate({"value": float(given)})
    if not isinstance(given, Mapping):
        shown = "nothing" if given is None else repr(given)
        raise ValueError(f"found {shown}; allowed: a number, {{value: …}} or {{dist: …}}")
    if "dist" not in given:
        if "value" in given:
            return FAMILIES["certain"].model_validate(given)
        keys = _list(given) if given else "no keys"
        raise ValueError(
            f"found a mapping with {keys}; allowed: a number, {{value: …}} or {{dist: …}}"
        )
    kind = given["dist"]
    if not isinstance(kind, str) or kind not in FAMILIES:
        load_families()
    if not isinstance(kind, str) or kind not in FAMILIES:
        near = get_close_matches(str(kind), FAMILIES, 1)
        hint = f" (did you mean `{near[0]}`?)" if near else ""
        known = ", ".join(sorted(FAMILIES)) + hint
        raise problem("unknown_dist", ("dist",), f"the distribution {kind!r}", known, kind)
    return FAMILIES[kind].model_validate(given)
