"""What every part of a scenario shares: strictness, provenance, names, dates and durations."""

from __future__ import annotations

import re
from datetime import date
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from pfs_sim.model.quantities import Bounds, Quantity


class Noun(BaseModel):
    """A mapping in a scenario file: unknown keys are refused, nothing is coerced, nothing mutates.

    Any mapping may say where its figures come from: `source` covers every figure below it that
    has no source of its own ("assumed" is a source), `note` is for the reader.
    """

    # What checks a noun is built once for the whole scenario, instead of for each part of it too.
    model_config = ConfigDict(
        extra="forbid", strict=True, frozen=True, populate_by_name=True, defer_build=True
    )

    source: str | None = Field(None, description="Where the figures below come from, or `assumed`.")
    note: str | None = Field(None, description="A remark for the reader; never used.")


_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*\Z")


def _name(text: Any) -> Any:
    if not isinstance(text, str) or not _NAME.match(text):
        raise ValueError(
            f"found the name {text!r}; allowed: letters, digits and _ , starting with a letter"
        )
    return text


Name = Annotated[str, BeforeValidator(_name)]
"""A key of a named map: what dotted paths, `--set` and error messages call it."""


def _when(found: Any) -> Any:
    if isinstance(found, bool) or not isinstance(found, int | str):
        raise ValueError(
            f"found {found!r}; allowed: a grid point (0, 1, 2 …) or a date YYYY-MM-DD"
        )
    if isinstance(found, int):
        if found < 0:
            raise ValueError(
                f"found grid point {found}; allowed: 0 or later, or a date YYYY-MM-DD"
            )
        return found
    try:
        return date.fromisoformat(found).isoformat()
    except ValueError:
        raise ValueError(
            f"found {found!r}; allowed: a grid point (0, 1, 2 …) or a date YYYY-MM-DD"
        ) from None


When = Annotated[int | str, BeforeValidator(_when)]
"""A moment: a grid point (int) or a date. A date means the first grid point on or after it."""


def _key(found: Any) -> Any:
    number = isinstance(found, int) and not isinstance(found, bool)
    return str(found) if number else found


Key = Annotated[str, BeforeValidator(_key)]
"""A key that is a moment or a length of time: text, and `0:` or `8:` as YAML writes numbers."""

_SPAN = re.compile(r"(\d+)\s*(periods?|months?|years?)\Z")


def _span(found: Any) -> Any:
    ok = isinstance(found, int) and not isinstance(found, bool) and found >= 0
    if not ok and not (isinstance(found, str) and _SPAN.match(found.strip())):
        raise ValueError(
            f"found {found!r}; allowed: a number of periods (3) or text such as "
            "`18 months`, `2 years`, `6 periods`"
        )
    return found.strip() if isinstance(found, str) else found


Span = Annotated[int | str, BeforeValidator(_span)]
"""A length of time: whole periods (int), or `18 months`, `2 years`."""


if TYPE_CHECKING:

    class Known(Quantity):
        """A quantity that is one number (what a contract says is certain)."""

        @property
        def value(self) -> float:
            """The number."""

    Number: TypeAlias = Known
    Money: TypeAlias = Known
    Share: TypeAlias = Known
    Rate: TypeAlias = Known
    PositiveNumber: TypeAlias = Known
else:
    Number = Annotated[Quantity, Bounds(certain=True)]
    Money = Annotated[Quantity, Bounds(low=0.0, certain=True)]
    Share = Annotated[Quantity, Bounds(low=0.0, high=1.0, certain=True)]
    Rate = Annotated[Quantity, Bounds(low=-1.0, low_open=True, certain=True)]
    PositiveNumber = Annotated[Quantity, Bounds(low=0.0, low_open=True, certain=True)]
# Number: bare or as {value:, source:, note:}; Money: in the scenario's currency, not negative;
# Share: 0 to 1; Rate: annual, a fraction above −1; PositiveNumber: above 0.
