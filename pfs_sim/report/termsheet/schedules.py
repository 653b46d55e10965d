"""A payment schedule in sentences, with a table where there are tiers (model §8)."""

from __future__ import annotations

from collections.abc import Callable

from pfs_sim.model.contract import Term
from pfs_sim.model.quantities import Quantity
from pfs_sim.model.schedules import (
    Fixed,
    Pieces,
    Points,
    RateCard,
    SavingsShare,
    Schedule,
    Tiers,
)
from pfs_sim.report.termsheet.clauses import Clause, Table, list_leaves
from pfs_sim.report.termsheet.scales import Scale, scale_of
from pfs_sim.report.termsheet.words import Words, code, number, percent


class _Saying:
    """How one term says its measure and its amounts."""

    def __init__(self, words: Words, term: Term) -> None:
        self.words, self.term = words, term
        self.scale: Scale = scale_of(words, term.measure)
        self.measure = code(term.measure)
        self.amount: Callable[[float], str] = words.money if term.pays == "money" else _say_target
        self.reach = "more than" if term.schedule.above else "at least"
        # An IRR of 0 % is no nothing: it brings the principal back.
        returns = term.pays == "irr"
        self.zero = "0% (the principal comes back)" if returns else "nothing"
        self.nothing = "The rate is 0% (the principal comes back)" if returns else "Nothing is paid"

    def x(self, value: float) -> str:
        """A value of the measure."""
        return self.scale.say(value, self.words)

    def price(self, value: float) -> str:
        """So much for each one of the measure."""
        if self.term.pays != "money":
            return f"{_say_target(value)} for each 1.00 of the measure"
        return self.scale.say_price(self.words.money(value), value, self.words)


def _say_target(x: float) -> str:
    return percent(x)


def schedule_clause(words: Words, path: str, term: Term) -> Clause:
    """What a term pays for its measure; what the amounts are, where they are not money."""
    saying, schedule = _Saying(words, term), term.schedule
    said, table = _state(saying, schedule)
    if term.pays == "irr":
        said += (
            " The percentages are rates of return: the payment is what brings the investors, "
            "taken together and less what they have received and what earlier terms pay on that "
            "day, to that annual IRR on the day it is paid. Grants and deferred fees are not "
            "looked at."
        )
    elif term.pays == "principal_share":
        said += (
            " The percentages are shares of principal: the payment is what brings the principal "
            "returned to the investors to that share of what they have put in, on the day it is "
            "paid, after what earlier terms pay on that day. Grants and deferred fees are not "
            "looked at."
        )
    return Clause(said, (f"{path}.schedule", f"{path}.measure", f"{path}.pays"), table)


def _state(saying: _Saying, schedule: Schedule) -> tuple[str, Table | None]:
    if isinstance(schedule, RateCard):
        return _state_rate(saying, schedule), None
    if isinstance(schedule, SavingsShare):
        return _state_savings(saying, schedule), None
    if isinstance(schedule, Fixed):
        return _state_fixed(saying, schedule), None
    if isinstance(schedule, Tiers):
        return _state_tiers(saying, schedule)
    if isinstance(schedule, Points):
        return _state_points(saying, schedule)
    return _state_pieces(saying, schedule)


def _state_start(saying: _Saying, start: float) -> str:
    if start == 0.0:
        return f" {saying.nothing} for a measure below zero (from 0 on, every unit counts)."
    to = "up to and including" if saying.term.schedule.above else "below"
    return (
        f" {saying.nothing} for a measure {to} {saying.x(start)}; "
        f"{'above it' if saying.term.schedule.above else 'from it on'} every unit counts, the "
        "first ones too."
    )


def _state_rate(saying: _Saying, schedule: RateCard) -> str:
    said = f"The measure {saying.measure} earns {saying.price(schedule.price.value)}."
    if schedule.both_ways:
        return (
            f"{said} A negative measure is a payment from the investors to the payor at the same "
            "price."
        )
    return said + _state_start(saying, schedule.start.value)


def _state_savings(saying: _Saying, schedule: SavingsShare) -> str:
    value, share = schedule.value.value, schedule.share.value
    each = saying.words.money(float(f"{value * share:.15g}"))
    if saying.term.pays != "money":
        each = _say_target(value * share)
    return (
        f"One unit of the measure {saying.measure} is worth {saying.words.money(value)} to the "
        f"payor, who pays {percent(share)} of it: {each} for each."
        + _state_start(saying, schedule.start.value)
    )


def _state_fixed(saying: _Saying, schedule: Fixed) -> str:
    amount = schedule.amount.value
    if amount < 0.0 and saying.term.pays == "money":
        return (
            f"A fixed {saying.amount(-amount)} goes from the investors to the payor (an amount of "
            f"{saying.amount(amount)}), whatever is measured."
        )
    return f"A fixed amount of {saying.amount(amount)}, whatever is measured."


def _below(saying: _Saying, below: float) -> str:
    return saying.zero if below == 0.0 else saying.amount(below)


def _state_tiers(saying: _Saying, schedule: Tiers) -> tuple[str, Table]:
    rows = [
        (f"{saying.reach} {saying.x(x.value)}", saying.amount(y.value)) for x, y in schedule.tiers
    ]
    under = f"less than {saying.x(schedule.tiers[0][0].value)}"
    if schedule.above:
        under = f"at most {saying.x(schedule.tiers[0][0].value)}"
    rows.insert(0, (under, _below(saying, schedule.below.value)))
    said = (
        f"The amount goes by steps of the measure {saying.measure}: the last step reached is "
        "paid, not the sum of the steps."
    )
    return said, Table((f"Measure {saying.measure}", "Amount"), rows)


def _state_points(saying: _Saying, schedule: Points) -> tuple[str, Table]:
    rows = [(saying.x(x.value), saying.amount(y.value)) for x, y in schedule.points]
    said = (
        f"The amount follows straight lines between these points of the measure "
        f"{saying.measure}; it stays as it is before the first and after the last."
    )
    if schedule.threshold is not None:
        bound = "at or below" if schedule.above else "below"
        said += f" {saying.nothing} for a measure {bound} {saying.x(schedule.threshold.value)}."
    elif schedule.above:
        said += " A point is reached only when the measure is more than it."
    return said, Table((f"Measure {saying.measure}", "Amount"), rows)


def _state_pieces(saying: _Saying, schedule: Schedule) -> tuple[str, Table]:
    """The general form; a kind of another package is stated by its canonical segments."""
    found = schedule.segments()
    rows = [
        (
            f"{saying.reach} {saying.x(x)}",
            saying.amount(y),
            saying.price(slope) if slope else "nothing more",
        )
        for x, y, slope in zip(found.x, found.y, found.slope, strict=True)
    ]
    under = f"{'at most' if found.above else 'less than'} {saying.x(found.x[0])}"
    below = saying.price(found.below_slope) if found.below_slope else "–"
    rows.insert(0, (under, _below(saying, found.below), below))
    said = f"The amount depends on the measure {saying.measure} in this way."
    if not isinstance(schedule, Pieces):
        said = f"{_say_own(schedule)} {said}"
    headings = (f"Measure {saying.measure}", "Amount there", "Beyond it, to the next line")
    return said, Table(headings, rows)


def _say_own(schedule: Schedule) -> str:
    """The first line of what its package says of a kind, and the figures that the file gives."""
    line = (type(schedule).__doc__ or "").strip().partition("\n")[0]
    given = [
        f"{place} {number(found.mean()) if isinstance(found, Quantity) else found}"
        for place, found in list_leaves(schedule)
        if place not in ("kind", "above")
    ]
    return f"{line} ({code(getattr(schedule, 'kind', '?'))}: {', '.join(given)}.)"
