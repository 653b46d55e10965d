"""A settlement as pages of text: every amount to the cent."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from pfs_sim.metrics.numerals import format_rate
from pfs_sim.report.cash_flow import Page

Document = Mapping[str, Any]
PARTS = {
    "due": "claimed",
    "held": "held back",
    "forfeited": "forfeited",
    "reduced": "kept after hurdle",
    "lost": "lost",
    "carried": "carried on",
    "cut": "cut by ceilings",
    "paid": "paid",
}
RECEIVED = {
    "drawn": "drawn",
    "called": "called",
    "interest": "interest",
    "principal": "principal",
    "other": "other",
    "guarantee": "guarantee",
    "paid": "received",
    "principal_loss": "principal lost",
}
KINDS = ("interest", "principal", "other", "guarantee")
ALWAYS = ("due", "paid", "drawn", "principal_loss")


def write_cents(amount: float) -> str:
    """An amount to the cent, a dash for nothing."""
    return f"{amount:,.2f}" if abs(amount) >= 0.005 else "–"


def say_total(found: Document) -> str:
    """The answer in a sentence."""
    total, payments = found["payments"]["total"], found["payments"]["by_date"]
    days = [day for day, amount in payments.items() if abs(amount) >= 0.005]
    if not days:
        return f"Nothing is paid ({found['currency']} 0.00)."
    when = f"on {days[0]}" if len(days) == 1 else f"on {len(days)} dates, {days[0]} to {days[-1]}"
    return f"{found['currency']} {total:,.2f} is paid, {when}."


def round_together(amounts: Sequence[float], total: float | None = None) -> list[float]:
    """Amounts to the cent whose sum is their sum to the cent, or `total`.

    Each is rounded down, and the cents that are left go to the largest remainders.
    """
    cents = [math.floor(100.0 * amount + 1e-6) for amount in amounts]
    whole = round(100.0 * (sum(amounts) if total is None else total))
    rest = [100.0 * amount - cent for amount, cent in zip(amounts, cents, strict=True)]
    order = sorted(range(len(cents)), key=lambda i: -rest[i])
    for i in order[: max(0, whole - sum(cents))]:
        cents[i] += 1
    return [cent / 100.0 for cent in cents]


def share_cents(found: Document) -> Document:
    """A settlement in which what all receive adds up to the cent, and the parts of each to it."""
    tranches, parties = found["tranches"], found["parties"]
    rounded = round_together([*(one["paid"] for one in tranches.values()), *parties.values()])
    said: dict[str, Any] = {}
    for (name, one), paid in zip(tranches.items(), rounded, strict=False):
        kinds = round_together([one[kind] for kind in KINDS], paid)
        said[name] = {**one, **dict(zip(KINDS, kinds, strict=True)), "paid": paid}
    others = dict(zip(parties, rounded[len(tranches) :], strict=True))
    return {**found, "tranches": said, "parties": others}


def settlement_pages(found: Document) -> list[Page]:
    """What was measured, what is due and paid, what caps did, who got what; empty ones left out."""
    found = share_cents(found)
    pages = [
        _measures(found),
        _dues(found),
        _terms(found),
        _caps(found),
        _amounts("Payments by payor", "payor", found["payments"]["payors"], "paid"),
        _tranches(found),
        _amounts("Guarantors", "guarantor", found["guarantor"]["each"], "paid"),
        _amounts("Received by other parties", "party", _moved(found["parties"]), "received"),
        _events(found),
    ]
    return [page for page in pages if page.keys[1]]


def _moved(amounts: Mapping[str, float]) -> dict[str, float]:
    return {name: amount for name, amount in amounts.items() if abs(amount) >= 0.005}


def write_measure(value: float | None) -> str:
    """A measure in full, to ten decimals."""
    if value is None:
        return "–"
    text = f"{value:,.10f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def _measures(found: Document) -> Page:
    rows = found["measures"]
    return Page(
        "Measured",
        ("evaluation", [f"{one['evaluation']} ({one['date']})" for one in rows]),
        [
            ("measure", [one["measure"] for one in rows]),
            ("value", [write_measure(one["value"]) for one in rows]),
            ("", [one["why"] or one["origin"] for one in rows]),
        ],
    )


def _columns(
    rows: list[Document], words: Mapping[str, str], write: Callable[[float], str] = write_cents
) -> list[tuple[str, list[str]]]:
    """The columns in which anything stands."""
    return [
        (heading, [write(row[part]) for row in rows])
        for part, heading in words.items()
        if part in ALWAYS or any(abs(row[part]) >= 0.005 for row in rows)
    ]


def _dues(found: Document) -> Page:
    rows = found["due"]
    columns = [("term", [row["term"] for row in rows]), *_columns(rows, PARTS)]
    return Page("Due and paid, by date", ("date", [row["date"] for row in rows]), columns)


def _terms(found: Document) -> Page:
    terms = found["terms"]
    total = {part: sum(term[part] for term in terms.values()) for part in PARTS}
    names = [*terms, "in all"] if len(terms) > 1 else list(terms)
    rows = [*terms.values(), total] if len(terms) > 1 else list(terms.values())
    return Page("By term", ("term", names), _columns(rows, PARTS))


def _caps(found: Document) -> Page:
    each, together = found["caps"]["each"], found["caps"]["together"]
    keys = [place.removeprefix("contract.") for place in each]
    rows = [write_cents(one["cap"]) for one in each.values()]
    cuts = [write_cents(one["cut"]) for one in each.values()]
    delays = [one["delayed"] for one in each.values()]
    if len(each) > 1:
        keys, rows = [*keys, "all together"], [*rows, ""]
        cuts, delays = [*cuts, write_cents(together["cut"])], [*delays, together["delayed"]]
    columns = [("at most", rows), ("took", cuts)]
    if any(delay >= 0.005 for delay in delays):
        columns.append(("delayed", [write_cents(delay) for delay in delays]))
    note = "What would have been paid more without it, all else as it is."
    return Page("Caps", ("cap", keys), columns, note)


def _amounts(title: str, what: str, amounts: Mapping[str, float], did: str) -> Page:
    cells = [write_cents(amount) for amount in amounts.values()]
    return Page(title, (what, list(amounts)), [(did, cells)])


def _tranches(found: Document) -> Page:
    rows = list(found["tranches"].values())
    columns = _columns(rows, RECEIVED)
    columns.append(("MOIC", ["–" if r["moic"] is None else f"{r['moic']:.4f}" for r in rows]))
    columns.append(("IRR", [write_irr(row) for row in rows]))
    return Page("Investors", ("tranche", list(found["tranches"])), columns)


def write_irr(tranche: Document) -> str:
    """An IRR to a hundredth of a percent, or why there is none; marked where it is not unique."""
    status, value = tranche["irr_status"], tranche["irr"]
    if value is None:
        return str(status.replace("_", " "))
    text = format_rate(value, 0.0005)
    return f"{text} (one of several)" if status == "several" else text


def _events(found: Document) -> Page:
    events = found["events"]
    columns = [("event", [one["event"] for one in events]), ("why", [one["why"] for one in events])]
    return Page("Events", ("date", [one["date"] for one in events]), columns)
