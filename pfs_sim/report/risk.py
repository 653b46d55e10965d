"""Risk by source as text: parties × sources, loss by cause, tornado."""

from __future__ import annotations

from collections.abc import Sequence
from textwrap import wrap

from pfs_sim.analysis.causes import Bar, LossByCause
from pfs_sim.analysis.explain import Explanation, name_counts
from pfs_sim.analysis.indices import TINY, is_zero
from pfs_sim.metrics.estimates import Estimate
from pfs_sim.metrics.numerals import digits, format_rate
from pfs_sim.metrics.summary import Unit
from pfs_sim.report.cash_flow import Column, Page
from pfs_sim.report.cells import write_cell

LONGEST_BARS = 8
NOT_DISTINCT = "~0 (<x%): not distinguishable from zero; x is the upper end of its 95 % interval."
UNITS: dict[str, Unit] = {"money": "money", "rate": "rate"}


def lay_out(title: str, keys: Column, columns: Sequence[Column], note: str = "") -> Page:
    """A page whose headings are no wider than their cells, so that no cell is cut."""
    folded = []
    for heading, cells in columns:
        width = max(map(len, [*cells, *heading.split(), " "]))
        folded.append(("\n".join(wrap(heading, width)), list(cells)))
    return Page(title, keys, folded, note)


def write_share(found: Estimate) -> str:
    """A share of variance: "34% ±2%", "~0 (<3%)", "0%", or a dash where nothing varies."""
    if found.value != found.value:
        return "–"
    if abs(found.value) < TINY:
        return "0%"
    if is_zero(found):
        high = max(found.interval().high, 0.001)
        return f"~0 (<{format_rate(high, high)})"
    cell = write_cell(found, "probability", "")
    return f"{cell.text} {cell.error}".strip()


def write_number(found: Estimate, unit: str, currency: str) -> str:
    """An amount or a rate with its error."""
    cell = write_cell(found, UNITS.get(unit, "number"), currency)
    return f"{cell.text} {cell.error}".strip()


def list_risk(explanations: Sequence[Explanation]) -> list[Page]:
    """Who holds which risk, and each source alone and in all; several deals row under row."""
    return [_who_holds_what(explanations), *(_alone_and_in_all(e) for e in explanations)]


def _rows(explanations: Sequence[Explanation]) -> list[tuple[Explanation, str]]:
    """(deal, output) by output, so that deals stand under one another."""
    names = list(dict.fromkeys(name for e in explanations for name in e.outputs))
    return [(e, name) for name in names for e in explanations if name in e.outputs]


def _label(e: Explanation, name: str, several: bool) -> str:
    label = e.outputs[name].label
    return f"{label} [{e.scenario}]" if several else label


def _who_holds_what(explanations: Sequence[Explanation]) -> Page:
    several, rows = len(explanations) > 1, _rows(explanations)
    players = list(dict.fromkeys(p for e in explanations for p in e.players))
    spreads = [write_number(e.indices[n].sd, e.outputs[n].unit, e.currency) for e, n in rows]
    columns = [("sd", spreads)]
    for player in players:
        cells = []
        for e, name in rows:
            shares = dict(zip(e.players, e.indices[name].shapley, strict=False))
            found = shares.get(player)
            if not e.indices[name].varies:
                cells.append("–")
            else:
                cells.append("0%" if found is None else write_share(found))
        columns.append((player, cells))
    keys = ("share of the variance", [_label(e, name, several) for e, name in rows])
    notes = ["Shapley effects: they add up to 100 %. –: the same on every path.", NOT_DISTINCT]
    note = " ".join([*notes, *_remarks(explanations)])
    return lay_out("Who holds which risk", keys, columns, note)


def _remarks(explanations: Sequence[Explanation]) -> list[str]:
    found = []
    for e in explanations:
        name = f"{e.scenario}: " if len(explanations) > 1 else ""
        if e.idle:
            found.append(f"{name}Nothing uncertain, exactly 0: {', '.join(e.idle)}.")
        if e.linked:
            found.append(f"{name}Correlated with one another: {', '.join(e.linked)}.")
        found += [
            f"{name}{e.outputs[n].label}: no value on {i.undefined / i.lives:.2%} of lives, "
            "left out in pairs."
            for n, i in e.indices.items()
            if i.undefined
        ]
    return found


def _alone_and_in_all(e: Explanation) -> Page:
    keys = ("alone | in all", [e.outputs[name].label for name in e.outputs])
    columns = []
    for place, player in enumerate(e.players):
        cells = [
            f"{write_share(i.first[place])} | {write_share(i.total[place])}"
            for i in e.indices.values()
        ]
        columns.append((player, cells))
    return lay_out(
        f"Each source alone, and with all it interacts with: {e.scenario}", keys, columns,
        "First-order and total Sobol indices: the variance that goes if the source were known, "
        "and the variance that stays if it alone were unknown.",
    )


def list_inputs(e: Explanation) -> list[Page]:
    """First-order and total index of every input, one page for each output that varies."""
    pages = []
    for name, found in e.indices.items():
        if not found.varies:
            continue
        order = sorted(range(len(e.players)), key=lambda i: -found.total[i].value)
        keys = ("input", [name_counts(e.players[i]) for i in order])
        columns = [
            ("alone", [write_share(found.first[i]) for i in order]),
            ("in all", [write_share(found.total[i]) for i in order]),
        ]
        note = NOT_DISTINCT if name == "payor.payments" else ""
        pages.append(lay_out(f"By input: {e.outputs[name].label}", keys, columns, note))
    return pages


def list_causes(found: LossByCause, labels: dict[str, str], currency: str) -> list[Page]:
    """Expected loss of each tranche, split over the sources; no page without tranches."""
    if not found.expected:
        return []

    def write(estimates: Sequence[Estimate]) -> list[str]:
        return [write_number(one, "money", currency) for one in estimates]

    names = list(found.expected)
    columns = [
        ("expected", write([found.expected[name] for name in names])),
        ("base case", write([Estimate(found.base_case[name], 0.0) for name in names])),
    ]
    for source in found.sources:
        columns.append((source, write([found.causes[name][source] for name in names])))
    note = (
        "Expected loss of principal = loss of the base case + what each source adds (Shapley value "
        "of the expected loss with only some sources uncertain, the others at their means). "
        "Negative: without that uncertainty the expected loss were higher."
    )
    return [lay_out("Loss by cause", ("loss of", [labels[n] for n in names]), columns, note)]


def list_tornado(
    bars: dict[str, list[Bar]], labels: dict[str, str], currency: str
) -> list[Page]:
    """The longest bars of each output."""
    pages = []
    for name, all_bars in bars.items():
        shown = [bar for bar in all_bars if abs(bar.swing.value) > TINY][:LONGEST_BARS]
        if not shown:
            continue
        columns = [
            ("p10", [digits(bar.low, 0.005 * abs(bar.low)) for bar in shown]),
            ("p90", [digits(bar.high, 0.005 * abs(bar.high)) for bar in shown]),
            ("mean at p10", [write_number(bar.at_low, "money", currency) for bar in shown]),
            ("mean at p90", [write_number(bar.at_high, "money", currency) for bar in shown]),
            ("swing", [write_number(bar.swing, "money", currency) for bar in shown]),
        ]
        keys = ("quantity", [bar.quantity for bar in shown])
        left = len(all_bars) - len(shown)
        note = f"{left} shorter bars are left out." if left else ""
        pages.append(lay_out(f"Tornado: {labels[name]}", keys, columns, note))
    return pages
