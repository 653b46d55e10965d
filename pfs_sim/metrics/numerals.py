"""Numbers as people read them: with the digits that their error justifies and no more.

Rounding is half to even on the shortest decimal that reads back as the same number, so 0.125
to two digits is 0.12 and 2.675 is 2.68, as on paper.
"""

from __future__ import annotations

import math
from decimal import ROUND_HALF_EVEN, Context, Decimal

from pfs_sim.metrics.summary import Unit

UNDEFINED = "undefined"
SYMBOLS = {"USD": "$", "GBP": "£", "EUR": "€"}
# Figures of a number whose error is not known, and of one written short.
FIGURES = 3
# Wide enough for the largest float (309 digits) with its fraction.
_WIDE = Context(prec=700, rounding=ROUND_HALF_EVEN)
_SCALES = ((12, "T"), (9, "B"), (6, "M"), (3, "K"))


def _round(value: Decimal, place: int) -> Decimal:
    """To a multiple of 10**place, half to even, never negative zero."""
    rounded = value.quantize(Decimal((0, (1,), place)), context=_WIDE)
    return abs(rounded) if rounded == 0 else rounded


def _find_place(number: Decimal, figures: int) -> int:
    """Place of the last of so many leading figures, after rounding to them (0.0996 -> 0.10)."""
    place = number.adjusted() - figures + 1
    return _round(number, place).adjusted() - figures + 1


def _justify(value: Decimal, error: float | None) -> int | None:
    """The last decimal place that the error leaves standing; None where no error applies."""
    if error is None or error == 0:
        return None
    if not math.isfinite(error):
        return _find_place(value, FIGURES) if value else 0
    return _find_place(Decimal(repr(abs(float(error)))), 2)


def _write(value: Decimal, place: int) -> str:
    return f"{_round(value, place):,.{max(-place, 0)}f}"


def _write_unbounded(value: float) -> str | None:
    """The words for what is not a finite number; None for the others."""
    if math.isnan(value):
        return UNDEFINED
    if math.isinf(value):
        return "∞" if value > 0 else "-∞"
    return None


def _trim(value: Decimal, finest: int) -> str:
    """In full down to 10**finest, without trailing zeros."""
    text = _write(value, finest)
    return text.rstrip("0").rstrip(".") if "." in text else text


def digits(value: float, error: float | None) -> str:
    """The number to the second digit of its error, with thousands separators.

    1234567.8 with error 2345 is "1,234,600". Error None or 0: exact, in full (to 1e-10).
    Error NaN or infinite (not known): three figures.
    """
    said = _write_unbounded(value)
    if said is not None:
        return said
    number = Decimal(repr(float(value)))
    place = _justify(number, error)
    return _trim(number, -10) if place is None else _write(number, place)


def _sign_money(text: str, currency: str) -> str:
    sign, amount = ("-", text[1:]) if text.startswith("-") else ("", text)
    symbol = SYMBOLS.get(currency)
    return f"{sign}{symbol}{amount}" if symbol else f"{sign}{currency} {amount}"


def _shorten(number: Decimal, place: int | None) -> str:
    """11234567 as 11.2M: three figures, or fewer where the error is larger."""
    last = _find_place(number, FIGURES) if number else 0
    last = last if place is None else max(last, place)
    rounded = _round(number, last)
    for power, letter in _SCALES:
        if abs(rounded) >= Decimal(10) ** power:
            return f"{_write(rounded.scaleb(-power, _WIDE), min(last - power, 0))}{letter}"
    return _write(rounded, max(last, -2))


def format_money(
    value: float, se: float | None, currency: str = "USD", *, short: bool = False
) -> str:
    """An amount: "$1,234,600" by its error, "$9,638,911.36" to the cent where exact.

    `short` gives "$11.2M". Never finer than the cent.
    """
    said = _write_unbounded(value)
    if said is not None:
        return said if said == UNDEFINED else _sign_money(said, currency)
    number = Decimal(repr(float(value)))
    place = _justify(number, se)
    if short:
        return _sign_money(_shorten(number, place), currency)
    if place is None or place < -1:
        place = -2
    # Nobody writes a tenth of a dollar: an error of a few dollars gets one digit, not two.
    return _sign_money(_write(number, 0 if place == -1 else place), currency)


def format_rate(value: float, se: float | None) -> str:
    """A rate or probability in percent: 0.12345 with error 0.0012 is "12.34%"."""
    said = _write_unbounded(value)
    if said is not None:
        return said if said == UNDEFINED else f"{said}%"
    number = Decimal(repr(float(value))).scaleb(2, _WIDE)
    place = _justify(number, se if se is None else se * 100.0)
    return f"{_trim(number, -6) if place is None else _write(number, place)}%"


def format_count(value: float, se: float | None) -> str:
    """A number of people or events: whole where exact and whole, else by its error."""
    said = _write_unbounded(value)
    if said is not None:
        return said
    number = Decimal(repr(float(value)))
    place = _justify(number, se)
    return _trim(number, -2) if place is None else _write(number, place)


def format_value(
    value: float,
    se: float | None,
    unit: Unit,
    *,
    currency: str = "USD",
    short: bool = False,
) -> str:
    """Any statistic by the unit of its quantity."""
    if unit == "money":
        return format_money(value, se, currency, short=short)
    if unit in ("rate", "probability"):
        return format_rate(value, se)
    if unit == "count":
        return format_count(value, se)
    number = digits(value, se)
    if number == UNDEFINED or unit == "number":
        return number
    return f"{number}x" if unit == "ratio" else f"{number} years"
