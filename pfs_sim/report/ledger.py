"""One path's ledger as pages of text: dates down, one column for each thing that moved."""

from __future__ import annotations

from typing import Any

from pfs_sim.report.cash_flow import Page, write_amount

Ledger = dict[str, Any]
Series = list[float | None]


def say_path(ledger: Ledger) -> str:
    """Which path this is."""
    return f"{ledger['scenario']}: path {ledger['path']} of seed {ledger['seed']}"


def list_pages(ledger: Ledger) -> list[Page]:
    """The pages of a ledger, in the order in which a deal happens; empty ones are left out."""
    pages = [_inputs(ledger), _dated("People", ledger, ledger["people"], "count")]
    pages.append(_measures(ledger))
    for name, parts in ledger["payments"].items():
        pages.append(_dated(f"Payments: {name}", ledger, parts))
    pages.append(_dated("Payments by payor", ledger, ledger["sources"]["payors"]))
    pages.append(_dated("Costs", ledger, ledger["costs"]))
    received = {
        "grants": ledger["sources"]["grants"],
        **{f"guarantor {name}": paid for name, paid in ledger["sources"]["guarantors"].items()},
    }
    pages.append(_dated("Grants and guarantees", ledger, received))
    pages.append(_dated("Waterfall, by step", ledger, ledger["waterfall"]))
    for name, parts in ledger["tranches"].items():
        pages.append(_dated(f"Tranche: {name}", ledger, parts))
    pages.append(_dated("Received by other parties", ledger, ledger["parties"]))
    pages.append(_balances(ledger))
    pages.append(_events(ledger))
    pages.append(_results(ledger))
    return [page for page in pages if page.columns and page.keys[1]]


def _dated(title: str, ledger: Ledger, series: dict[str, Series], unit: str = "money") -> Page:
    """Series by grid point: only those that move, only the dates on which one does."""
    shown = {name: found for name, found in series.items() if any(found)}
    busy = [
        t for t in range(len(ledger["dates"]))
        if any(t < len(found) and found[t] for found in shown.values())
    ]
    columns = [
        (name.replace("_", " "),
         [write_amount(found[t], unit) if t < len(found) else "" for t in busy])
        for name, found in shown.items()
    ]
    return Page(title, ("date", [ledger["dates"][t] for t in busy]), columns)


def _is_nothing(value: Any) -> bool:
    """No value, or zero up to rounding."""
    return value is None or (not isinstance(value, str) and abs(value) < 1e-12)


def _write(value: Any) -> str:
    """A number with six figures; words as they are."""
    if value is None:
        return "–"
    if isinstance(value, str):
        return value
    return f"{value:,.0f}" if abs(value) >= 1e5 else f"{value:,.6g}"


def _inputs(ledger: Ledger) -> Page:
    found = ledger["inputs"]
    columns = [
        ("drawn", [_write(one["value"]) for one in found]),
        ("mean", [_write(one["mean"]) for one in found]),
        ("source", [one["source"] for one in found]),
    ]
    return Page("Uncertain quantities", ("path", [one["path"] for one in found]), columns)


def _measures(ledger: Ledger) -> Page:
    held: dict[str, str] = {}
    for one in ledger["measures"]:
        held.setdefault(one["evaluation"], one["date"])
    names = list(dict.fromkeys(one["measure"] for one in ledger["measures"]))
    cells = {(one["evaluation"], one["measure"]): one for one in ledger["measures"]}
    columns = []
    for name in names:
        found = [cells[evaluation, name] for evaluation in held]
        columns.append(
            (name, [_write(one["value"]) if one["why"] is None else one["why"] for one in found])
        )
    keys = [f"{name} ({day})" for name, day in held.items()]
    return Page("Measures, by evaluation", ("evaluation", keys), columns)


def _balances(ledger: Ledger) -> Page:
    cash = ledger["cash"]
    series = {"till": cash["till"]}
    for place, pool in enumerate(cash["pools"]):
        series["main pool" if place == 0 else f"pool {place + 1}"] = pool
    page = _dated("Cash held after each date", ledger, series)
    worst = max((abs(amount) for amount in cash["unexplained"] if amount is not None), default=0.0)
    note = f"Cash adds up on every date (largest difference: {worst:.2g} {ledger['currency']})."
    if worst > 0.01:
        note = f"Cash does not add up: {worst:,.2f} {ledger['currency']} on some date."
    days = ledger["dates"]
    if not page.columns:
        return Page(page.title, ("date", [days[-1]]), [("held", ["–"])], note)
    return Page(page.title, page.keys, page.columns, note)


def _events(ledger: Ledger) -> Page:
    found = ledger["events"]
    columns = [("event", [one["event"] for one in found]), ("why", [one["why"] for one in found])]
    return Page("Events", ("date", [one["date"] for one in found]), columns)


def _results(ledger: Ledger) -> Page:
    found = {name: value for name, value in ledger["results"].items() if not _is_nothing(value)}
    values = [_write(value) for value in found.values()]
    return Page("Results", ("metric", list(found)), [("value", values)])
