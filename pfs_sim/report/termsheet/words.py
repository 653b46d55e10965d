"""Numbers, dates and uncertain quantities as a contract says them: exact, never rounded."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from pfs_sim.metrics.numerals import SYMBOLS
from pfs_sim.model.clock import Clock
from pfs_sim.model.quantities import Quantity
from pfs_sim.model.scenario import Scenario

PERIODS = {"month": "month", "quarter": "quarter", "half_year": "half-year", "year": "year"}
_EMPHASIS = re.compile(r"([\\`*_\[\]<>|])")


def number(x: float) -> str:
    """In full, with thousands separators; powers of ten where that would take a line."""
    exact = Decimal(repr(float(x)))
    if exact == 0:
        return "0"
    if not -13 <= exact.adjusted() <= 18:
        return repr(float(x))
    text = f"{exact:,f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def percent(x: float) -> str:
    """A fraction in percent, exact."""
    if not -13 <= Decimal(repr(float(x))).adjusted() <= 18:
        return number(x)
    text = f"{Decimal(repr(float(x))).scaleb(2):,f}"
    return (text.rstrip("0").rstrip(".") if "." in text else text) + "%"


def money(x: float, currency: str) -> str:
    """An amount, exact; to the cent where it is not whole, finer where the file is."""
    text = number(abs(x))
    whole, _, cents = text.partition(".")
    amount = f"{whole}.{cents.ljust(2, '0')}" if cents and "e" not in text else text
    symbol = SYMBOLS.get(currency, f"{currency} ")
    return f"{'-' if x < 0 else ''}{symbol}{amount}"


def write_date(day: date) -> str:
    """July 1, 2021."""
    return f"{day:%B} {day.day}, {day.year}"


def join(words: Iterable[str], last: str = "and") -> str:
    """a, b and c; empty of nothing."""
    listed = list(words)
    if not listed:
        return ""
    *most, end = listed
    return f"{', '.join(most)} {last} {end}" if most else end


def in_turn(words: Iterable[str]) -> str:
    """a, then b, then c."""
    return ", then ".join(words)


def count(n: int | float, one: str, many: str | None = None) -> str:
    """1 quarter, 3 quarters."""
    return f"{number(n)} {one if n == 1 else many or one + 's'}"


def singular(unit: str) -> str:
    """days → day; people → person."""
    if unit == "people":
        return "person"
    if unit.endswith("ies"):
        return unit[:-3] + "y"
    return unit[:-1] if unit.endswith("s") and not unit.endswith("ss") else unit


def plain_text(text: str) -> str:
    """Text of a file where Markdown would read signs in it."""
    return _EMPHASIS.sub(r"\\\1", " ".join(text.split()))


def code(name: object) -> str:
    """A name of the file."""
    return f"`{name}`"


def title(name: str, label: str | None = None) -> str:
    """The heading of an entry: what readers call it, and its name in the file."""
    said = label or name.replace("_", " ")
    return f"{said[0].upper()}{said[1:]} ({code(name)})"


class Words:
    """How one deal says its money, its dates and its names."""

    def __init__(self, scenario: Scenario) -> None:
        self.scenario = scenario
        self.clock: Clock = scenario.clock
        self.period = PERIODS[scenario.clock.period]

    def money(self, x: float) -> str:
        """An amount in the currency of the deal."""
        return money(x, self.scenario.currency)

    def grid(self, t: int) -> str:
        """A grid point by its date."""
        return f"{write_date(self.clock.date(t))} (grid point {number(t)})"

    def when(self, moment: int | str) -> str:
        """A moment of the file: its date, the grid point, and the date written where they differ.

        The model acts on the first grid point on or after a date.
        """
        if isinstance(moment, str) and moment.isdigit():
            moment = int(moment)
        t = self.clock.grid(moment)
        if isinstance(moment, int) or self.clock.date(t).isoformat() == moment:
            return self.grid(t)
        written = write_date(date.fromisoformat(moment))
        return f"{written}, which counts as {self.grid(t)}"

    def periods(self, n: int) -> str:
        """A number of periods."""
        return count(n, self.period)

    def span(self, length: int | str) -> str:
        """A length of time as written, with the whole periods that the model counts."""
        n = self.clock.span(length)
        if isinstance(length, int):
            return self.periods(n)
        found, unit = length.split()
        text = count(int(found), unit.rstrip("s"))
        if unit.rstrip("s") == self.clock.period or unit.startswith("period"):
            return self.periods(n)
        exact = n * self.clock.months == int(found) * (12 if unit.startswith("year") else 1)
        return f"{text} ({'' if exact else 'counted as '}{self.periods(n)})"

    def label(self, entries: Mapping[str, Any], name: str) -> str:
        """An entry by the label that the file gives it, else by its name."""
        entry = entries.get(name)
        label = getattr(entry, "label", None)
        return plain_text(label) if label else name.replace("_", " ")

    def tranche(self, name: str) -> str:
        """A tranche by its label."""
        return self.label(self.scenario.capital.tranches, name)

    def payor(self, name: str) -> str:
        """A payor by its label."""
        return self.label(self.scenario.contract.payors, name)

    def outcome(self, name: str) -> str:
        """An outcome by its label."""
        return self.label(self.scenario.outcomes, name)

    def recipient(self, name: str) -> str:
        """Whoever a step of the waterfall pays."""
        if name in self.scenario.capital.tranches:
            return self.tranche(name)
        return {"payor": "the payor"}.get(name, f"the {name.replace('_', ' ')}")

    def amount(self, quantity: Quantity) -> str:
        """An amount that may be uncertain."""
        if quantity.certain:
            return self.money(quantity.mean())
        return f"an amount that is uncertain ({say_law(quantity)})"


def say_quantity(quantity: Quantity) -> str:
    """A number that may be uncertain, as a number."""
    return number(quantity.mean()) if quantity.certain else f"uncertain ({say_law(quantity)})"


def say_of(quantity: Quantity, say: Callable[[float], str] = number) -> str:
    """`of 1.2`, or that it is uncertain."""
    if quantity.certain:
        return f"of {say(quantity.mean())}"
    return f"that is uncertain ({say_law(quantity)})"


def say_law(quantity: Quantity) -> str:
    """An uncertain quantity in plain words, and in full where those would round a figure."""
    data = quantity.plain()
    if all(float(f"{x:.6g}") == x for x in _numbers(data)) and not _has_long_list(data):
        return quantity.describe()
    assert isinstance(data, dict)
    kept = {key: value for key, value in data.items() if key not in ("source", "note", "dist")}
    parts = [quantity.dist]
    for key, value in kept.items():
        if key == "truncate":
            ends = (value.get("low", "−∞"), value.get("high", "∞"))
            parts.append(f"truncated to [{', '.join(_write(end) for end in ends)}]")
        elif key == "discount":
            parts.append(f"discounted by {percent(value)}")
        elif key == "spike":
            at = _write(value.get("at", 0.0))
            parts.append(f"with probability {_write(value['weight'])} exactly {at}")
        else:
            parts.append(f"{key} {_write(value)}")
    return ", ".join(parts)


def _numbers(data: Any) -> Iterable[float]:
    if isinstance(data, dict):
        for value in data.values():
            yield from _numbers(value)
    elif isinstance(data, list):
        for value in data:
            yield from _numbers(value)
    elif isinstance(data, int | float) and not isinstance(data, bool):
        yield float(data)


def _has_long_list(data: Any) -> bool:
    if isinstance(data, dict):
        return any(_has_long_list(value) for value in data.values())
    return isinstance(data, list) and (len(data) > 4 or any(map(_has_long_list, data)))


def _write(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {_write(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(_write(item) for item in value) + "]"
    known = isinstance(value, int | float) and not isinstance(value, bool)
    return number(value) if known else str(value)
