"""The clock: a grid of equal periods with calendar dates and fiscal years (model §1)."""

from __future__ import annotations

from datetime import date
from functools import lru_cache
from typing import Literal

from pydantic import Field

from pfs_sim.model.noun import _SPAN, Noun, When

MONTHS = {"month": 1, "quarter": 3, "half_year": 6, "year": 12}


def _shift(start: date, months: int) -> date:
    """The date so many months later, on the last day of a month that is too short."""
    year, month = divmod(start.year * 12 + start.month - 1 + months, 12)
    month += 1
    last = (date(year + month // 12, month % 12 + 1, 1) - date(year, month, 1)).days
    return date(year, month, min(start.day, last))


@lru_cache(maxsize=4096)
def _reach(day: str, first: str, months: int) -> int:
    """Grid point on or after a day, of a grid that begins on the first one; 0 before it."""
    end, start = date.fromisoformat(day), date.fromisoformat(first)
    t = max(0, ((end.year - start.year) * 12 + end.month - start.month) // months - 1)
    while _shift(start, t * months) < end:
        t += 1
    return t


class Clock(Noun):
    """Periods 0 … T−1 and grid points 0 … T; grid point t is the start of period t."""

    start: When = Field(description="Date of grid point 0: service starts, capital closes.")
    period: Literal["month", "quarter", "half_year", "year"] = Field(
        description="Length of a period."
    )
    periods: int = Field(
        ge=1, le=1000, description="Number of periods T; must reach past the last payment."
    )
    fiscal_year_start: int = Field(
        1, ge=1, le=12, description="Month in which the payor's fiscal year starts (1 … 12)."
    )

    @property
    def months(self) -> int:
        """Months in a period."""
        return MONTHS[self.period]

    @property
    def years(self) -> float:
        """Δ, the length of a period in years."""
        return self.months / 12.0

    @property
    def per_year(self) -> int:
        """Periods in a year."""
        return 12 // self.months

    def date(self, t: int) -> date:
        """Calendar date of grid point t."""
        return _shift(date.fromisoformat(str(self.start)), t * self.months)

    def grid(self, when: int | str) -> int:
        """Grid point of a moment: a date is the first grid point on or after it.

        A date before the start is grid point 0; the result may lie past T (callers check).
        """
        if isinstance(when, int):
            return when
        return _reach(when, str(self.start), self.months)

    def span(self, length: int | str) -> int:
        """Whole periods of a length of time, rounded up ("4 months" is 2 quarters)."""
        if isinstance(length, int):
            return length
        found = _SPAN.match(length)
        assert found is not None  # validated when the file was read
        number, unit = int(found[1]), found[2].rstrip("s")
        if unit == "period":
            return number
        return -(-number * (12 if unit == "year" else 1) // self.months)

    def fiscal_year(self, t: int) -> int:
        """Fiscal year of grid point t, named after the calendar year in which it ends."""
        day = self.date(t)
        later = self.fiscal_year_start > 1 and day.month >= self.fiscal_year_start
        return day.year + (1 if later else 0)
