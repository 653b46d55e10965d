"""What one of a measure is: a percent, a day, a person, a dollar."""

from __future__ import annotations

from typing import NamedTuple

from pfs_sim.model.checks.measures import inputs
from pfs_sim.model.evaluation import (
    Blend,
    OutcomeMeasure,
    PersonMeasure,
    Product,
    ProgramMeasure,
    Ratio,
)
from pfs_sim.model.outcomes import Event, Milestone
from pfs_sim.report.termsheet.words import Words, number, percent, plain_text, singular


class Scale(NamedTuple):
    """How the values of a measure are said: `kind` percent, points, units, money or plain."""

    kind: str
    unit: str = ""  # units: what is counted, in the plural

    def say(self, x: float, words: Words) -> str:
        """A value of the measure."""
        if self.kind == "percent":
            return percent(x)
        if self.kind == "points":
            return f"{percent(x).removesuffix('%')} percentage points"
        if self.kind == "money":
            return words.money(x)
        if self.kind == "units" and self.unit:
            return f"{number(x)} {singular(self.unit) if x == 1 else self.unit}"
        return number(x)

    def say_price(self, price: str, x: float, words: Words) -> str:
        """So much for each one of the measure, `price` being the words for `x`."""
        if self.kind in ("percent", "points"):
            hundredth = words.money(float(f"{x / 100.0:.15g}"))
            return f"{price} for each 1.00 of the measure, which is {hundredth} a percentage point"
        if self.kind == "money":
            return f"{price} for each {words.money(1)} of the measure"
        if self.kind == "units" and self.unit:
            return f"{price} for each {singular(self.unit)}"
        return f"{price} for each 1.00 of the measure"


PLAIN = Scale("plain")


def scale_of(words: Words, name: str | None) -> Scale:
    """How the values of a measure are said."""
    return _scale_of(words, name, frozenset())


def _scale_of(words: Words, name: str | None, seen: frozenset[str]) -> Scale:
    measure = words.scenario.evaluation.measures.get(name or "")
    if measure is None or name is None or name in seen:
        return PLAIN
    if isinstance(measure, ProgramMeasure):
        return Scale("units", "people")
    if isinstance(measure, PersonMeasure):
        return Scale("money")
    if isinstance(measure, OutcomeMeasure):
        return _of_outcome(words, measure)
    if isinstance(measure, Ratio | Product):
        return PLAIN
    if isinstance(measure, Blend) and measure.constant.value != 0.0:
        return PLAIN
    found = {_scale_of(words, other, seen | {name}) for _, other in inputs(measure)}
    return found.pop() if len(found) == 1 else PLAIN


def _of_outcome(words: Words, measure: OutcomeMeasure) -> Scale:
    if measure.statistic == "relative_reduction":
        return Scale("percent")
    if measure.statistic == "measured":
        return Scale("units", "clients")
    outcome = words.scenario.outcomes.get(measure.outcome)
    unit = plain_text(outcome.unit) if outcome is not None and outcome.unit else "units"
    if measure.statistic in ("total", "averted"):
        return Scale("units", unit)
    if isinstance(outcome, Event) or (isinstance(outcome, Milestone) and outcome.units.value == 1):
        share = isinstance(outcome, Event)
        return Scale("percent" if measure.statistic == "mean" else "points") if share else PLAIN
    return PLAIN
