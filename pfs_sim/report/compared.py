"""Deals over the same people as text: what changes, who is better off, what each term moves."""

from __future__ import annotations

import math
from collections.abc import Iterator
from string import ascii_uppercase
from typing import Any

from pfs_sim.analysis.compare import Comparison, Difference, Moved, Pair
from pfs_sim.metrics.estimates import Estimate, Interval
from pfs_sim.metrics.summary import Unit
from pfs_sim.metrics.table import MetricTable
from pfs_sim.reading import load
from pfs_sim.report.cash_flow import Page
from pfs_sim.report.cells import write_cell
from pfs_sim.report.differences import REMARKS, compare_scenarios
from pfs_sim.report.parties import list_lines, name_npv
from pfs_sim.report.risk import lay_out
from pfs_sim.report.sentences import say_amount
from pfs_sim.report.termsheet.clauses import is_below

LABELS = {"payor.net_benefit": "Net benefit", "payor.lost": "Lost to failed appropriations"}
MOVED = {
    "payor.payments": "payments",
    "payor.net_benefit": "net benefit",
    "investors.npv": "investors' NPV",
}
LONGEST, WIDEST = 44, 36


def name_deals(count: int) -> list[str]:
    """A, B, C … for the columns of a table."""
    return [ascii_uppercase[i] if i < 26 else f"deal {i + 1}" for i in range(count)]


def write_both(found: Estimate | Interval, unit: Unit, currency: str) -> str:
    """A number and its error on one line."""
    cell = write_cell(found, unit, currency)
    return f"{cell.text} {cell.error}".strip()


def write_change(found: Estimate, unit: Unit, currency: str) -> str:
    """A difference with its sign; 0 where no path has one."""
    if found.value == 0.0 and not found.se > 0.0:
        return "0"
    text = write_both(found, unit, currency)
    return text if found.value < 0.0 or math.isnan(found.value) else f"+{text}"


def write_times(gain: float) -> str:
    """How many times less variance: 346x; – where there is none to compare."""
    if math.isnan(gain):
        return "–"
    if math.isinf(gain):
        return "all"
    return f"{gain:,.0f}x" if gain >= 10 else f"{gain:.1f}x"


def currency_of(comparison: Comparison) -> str:
    """The currency of the first deal."""
    return str(comparison.results[0].resolved.get("currency", "USD"))


def say_comparison(comparison: Comparison, pair: Pair) -> str:
    """What the other deal changes, in a sentence or two."""
    currency, names = currency_of(comparison), name_deals(len(comparison.names))
    paid = pair.differences["payor.payments.mean"].difference
    if paid.value == 0.0 and not paid.se > 0.0:
        said = f"The government pays the same under {names[pair.second]} on every path"
    else:
        size = say_amount(Estimate(abs(paid.value), paid.se), currency)
        more = "more" if paid.value > 0.0 else "less"
        said = f"Under {names[pair.second]} the government pays {size} {more} on average"
        if abs(paid.value) < 2.0 * paid.se:
            said += ", which these paths cannot tell from nothing"
    moved = [p for p in pair.parties if p.better.value > 0.0 or p.worse.value > 0.0]
    if not moved:
        return f"{said}. Nobody is better or worse off on any path."
    parts = [
        f"{party.label}: better off on {write_cell(party.better, 'probability', '').text}, "
        f"worse on {write_cell(party.worse, 'probability', '').text}"
        for party in moved[:3]
    ]
    return f"{said}. {'; '.join(parts)}."


def list_pages(comparison: Comparison) -> list[Page]:
    """All tables of a comparison, pair by pair."""
    found = []
    for pair in comparison.pairs:
        found += [_what_changes(comparison, pair), _who_gains(comparison, pair)]
        if pair.terms:
            found.append(_what_terms_move(comparison, pair))
    return found


def _rows(
    table: MetricTable, resolved: dict[str, Any], pair: Pair, npv: str
) -> Iterator[tuple[str, str, Difference | None]]:
    """(party, label, difference), the parties in order; None heads the metrics of a party."""
    for title, lines in list_lines(table, resolved).items():
        started = False
        for metric, label in lines:
            for statistic, words in _statistics(metric):
                one = pair.differences.get(f"{metric}.{statistic}")
                if one is None or _is_same(one):
                    continue
                if not started:
                    yield title, title, None
                    started = True
                said = npv if metric.endswith(".npv") else (label or one.label).strip()
                yield title, "  " + _cut(LABELS.get(metric, said), WIDEST - len(words)) + words, one


def _statistics(metric: str) -> list[tuple[str, str]]:
    """What is said of a metric, and after which words."""
    if metric.endswith(".irr"):
        return [("q0.5", ", median"), ("p_loss", ", chance below 0")]
    if metric.endswith(".principal_loss"):
        return [("mean", ", mean"), ("p_loss", ", chance")]
    if metric.endswith(".net_benefit"):
        return [("mean", ", mean"), ("p_negative", ", chance below 0")]
    if metric == "payor.payments":
        return [("mean", ", mean"), ("q0.95", ", 1 in 20 above")]
    return [("mean", "")]


def _is_same(one: Difference) -> bool:
    if math.isnan(one.first.value) and math.isnan(one.second.value):
        return True
    return one.difference.value == 0.0 and not one.difference.se > 0.0


def _what_changes(comparison: Comparison, pair: Pair) -> Page:
    currency, names = currency_of(comparison), name_deals(len(comparison.names))
    labels: list[str] = []
    columns: list[list[str]] = [[], [], [], []]
    resolved = comparison.results[0].resolved
    npv = name_npv(resolved, comparison.results[pair.second].resolved)
    for _, label, one in _rows(comparison.tables[0], resolved, pair, npv):
        labels.append(label)
        if one is None:
            cells = ["", "", "", ""]
        else:
            cells = [
                write_both(one.first, one.unit, currency),
                write_both(one.second, one.unit, currency),
                write_change(one.difference, one.unit, currency),
                write_times(one.gain),
            ]
        for column, cell in zip(columns, cells, strict=True):
            column.append(cell)
    a, b = names[pair.first], names[pair.second]
    headings = [a, b, f"{b} less {a}", "less variance"]
    note = (
        "± is one standard error, that of a difference over the same people. "
        "Less variance: how many times the difference's falls against independent runs. "
        "What is the same on every path is left out."
    )
    if not labels:
        note = "Every metric is the same on every path."
    columns_named = list(zip(headings, columns, strict=True))
    return lay_out(f"What changes from {a} to {b}", ("", labels), columns_named, note)


def _who_gains(comparison: Comparison, pair: Pair) -> Page:
    names = name_deals(len(comparison.names))
    a, b = names[pair.first], names[pair.second]
    by = {"payor.net_benefit": "net benefit", "guarantor.paid": "what it pays"}
    columns = [
        ("by", [
            by.get(p.metric, "NPV" if p.metric.endswith(".npv") else "what it receives")
            for p in pair.parties
        ]),
        *(
            (words, [write_both(getattr(p, part), "probability", "") for p in pair.parties])
            for words, part in (
                (f"better under {b}", "better"), (f"worse under {b}", "worse"), ("same", "same")
            )
        ),
    ]
    labels = [p.label[:LONGEST] for p in pair.parties]
    note = "Shares of paths, each path the same people under both."
    return lay_out(f"Who is better off under {b} than under {a}", ("", labels), columns, note)


def _what_terms_move(comparison: Comparison, pair: Pair) -> Page:
    currency, names = currency_of(comparison), name_deals(len(comparison.names))
    a, b = names[pair.first], names[pair.second]
    labels = [_shorten(moved.change.path) for moved in pair.terms]
    columns = [
        (a, [_say_value(moved.change.old) for moved in pair.terms]),
        (b, [_say_value(moved.change.new) for moved in pair.terms]),
    ]
    lived = any(moved.dollars for moved in pair.terms)
    for metric, words in MOVED.items():
        if lived and any(metric in moved.dollars for moved in pair.terms):
            columns.append((words, [_say_dollars(m, metric, currency) for m in pair.terms]))
    note = (
        f"Each difference made alone in {a}, and what it then moves on average; together they "
        "move something else. –: it makes no deal without the others."
        if lived
        else "Too many differences to live each alone."
    )
    return lay_out("What the terms move", ("", labels), columns, note)


def list_words(comparison: Comparison, pair: Pair) -> list[tuple[str, list[tuple[str, str]]]]:
    """Place of each change → what the term sheets of both deals say there, where they differ."""
    old, new = (comparison.results[i].resolved for i in (pair.first, pair.second))
    clauses = compare_scenarios(load(old).scenario, load(new).scenario)
    found = []
    for moved in pair.terms:
        path = moved.change.path
        said = [
            (one.old or "–", one.new or "–")
            for one in clauses
            if not one.follows
            and one.section != REMARKS
            and (is_below(one.place, path) or is_below(path, one.place))
        ]
        found.append((path, said))
    return found


def _say_dollars(moved: Moved, metric: str, currency: str) -> str:
    found = moved.dollars.get(metric)
    return "–" if found is None else write_change(found, "money", currency)


def _say_value(value: Any) -> str:
    """A value of a resolved scenario, short."""
    if value is None:
        return "–"
    if isinstance(value, dict):
        inner = ", ".join(f"{key} {_say_value(item)}" for key, item in value.items())
        return _cut(inner)
    if isinstance(value, list):
        return _cut("[" + ", ".join(_say_value(item) for item in value) + "]")
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:,.10g}" if isinstance(value, int | float) else _cut(str(value))


def _cut(text: str, most: int = 30) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"


def _shorten(path: str) -> str:
    """A dotted path that fits: its end."""
    return path if len(path) <= LONGEST else "…" + path[-(LONGEST - 1) :]
