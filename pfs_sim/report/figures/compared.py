"""Pictures of a comparison: what each party gains and how often, and what each term moves."""

from __future__ import annotations

from matplotlib.axes import Axes

from pfs_sim.analysis.compare import Comparison, Difference, Pair, Party
from pfs_sim.metrics.estimates import Estimate
from pfs_sim.report.compared import MOVED, name_deals, say_comparison
from pfs_sim.report.figures.style import (
    BLUE,
    GRAY,
    GREEN,
    INK,
    ORANGE,
    PALE,
    RED,
    Picture,
    count_in_money,
    count_in_percent,
    draw_interval,
    fold_path,
    leave_room,
    name_rows,
    open_page,
    styled,
    symbol_of,
    write_percent,
    write_short,
)

BY = {"payor.net_benefit": "net benefit", "guarantor.paid": "paid"}
COLORS = dict(zip(MOVED, (BLUE, GREEN, ORANGE), strict=True))


def draw_comparison(comparison: Comparison) -> list[Picture]:
    """For each pair: differences by party in dollars with shares of paths; dollars by term."""
    found = []
    for pair in comparison.pairs:
        found.append(_draw_parties(comparison, pair))
        if sum(bool(moved.dollars) for moved in pair.terms) > 1:
            found.append(_draw_terms(comparison, pair))
    return found


def _name(comparison: Comparison, pair: Pair, kind: str) -> str:
    """`parties`, or `parties_b` where there are several pairs."""
    several = len(comparison.pairs) > 1
    return f"{kind}_{name_deals(len(comparison.names))[pair.second].lower()}" if several else kind


def _say_deals(comparison: Comparison, pair: Pair) -> str:
    names = name_deals(len(comparison.names))
    said = (f"{names[i]}: {_cut(comparison.names[i])}." for i in (pair.first, pair.second))
    return " ".join(said)


def _cut(text: str, most: int = 52) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"


def _list_rows(pair: Pair) -> list[tuple[str, Difference, Party | None]]:
    """Payments first, then every party that has a difference in dollars."""
    paid = pair.differences["payor.payments.mean"]
    found: list[tuple[str, Difference, Party | None]] = [("Outcome payments", paid, None)]
    for party in pair.parties:
        one = pair.differences.get(f"{party.metric}.mean")
        if one is None:
            continue
        by = BY.get(party.metric, "NPV" if party.metric.endswith(".npv") else "received")
        found.append((f"{party.label}: {by}", one, party))
    return found


def choose_color(apart: Estimate, party: Party | None) -> str:
    """Green where a party surely gains, red where it surely loses, gray where nobody can tell."""
    interval = apart.interval()
    if party is None:
        return BLUE
    if not (interval.low > 0.0 or interval.high < 0.0):
        return GRAY
    return GREEN if (apart.value > 0.0) == (party.metric != "guarantor.paid") else RED


def _draw_parties(comparison: Comparison, pair: Pair) -> Picture:
    title = say_comparison(comparison, pair).split(". ")[0].rstrip(".")
    signed = comparison.results[pair.first]
    rows, names = _list_rows(pair), name_deals(len(comparison.names))
    a, b = names[pair.first], names[pair.second]
    labels = [label for label, _, _ in rows]
    with styled():
        note = f"{_say_deals(comparison, pair)}\nGreen: better off. Red: worse off. Gray: the "
        note += "same, or not to be told. Left: 95 % intervals of paired differences."
        figure = open_page(title, signed, 2.2 + 0.36 * len(rows), note)
        left, right = figure.subplots(1, 2, sharey=True, width_ratios=(1.5, 1.0))
        leave_room(figure, [label[:34] for label in labels])
        height = figure.get_figheight()
        figure.subplots_adjust(wspace=0.1, right=0.965, bottom=1.05 / height)
        for place, (_, one, party) in enumerate(rows):
            draw_interval(left, place, one.difference, choose_color(one.difference, party))
            if party is not None:
                _draw_shares(right, place, party)
        left.axvline(0.0, color=GRAY, lw=0.8)
        name_rows(left, labels)
        left.set_title(f"{b} less {a}, on average")
        left.set_xlabel("a path, over the whole contract")
        left.grid(axis="x")
        left.locator_params(axis="x", nbins=5)
        left.margins(x=0.08)
        count_in_money(left.xaxis, symbol_of(signed))
        right.set_title("Better off, the same, worse off")
        right.set_xlabel("share of paths")
        right.set_xlim(0.0, 1.0)
        right.spines["left"].set_visible(False)
        right.tick_params(axis="y", length=0)
        count_in_percent(right.xaxis)
    words = f"{title}. Paired differences by party with 95 % intervals: " + "; ".join(labels) + "."
    return Picture(_name(comparison, pair, "parties"), title, words, figure)


def _draw_shares(axes: Axes, place: int, party: Party) -> None:
    """Better, same and worse as one bar; shares that have room are written."""
    start = 0.0
    for share, color, ink in (
        (party.better.value, GREEN, "white"), (party.same.value, PALE, INK),
        (party.worse.value, RED, "white"),
    ):
        if not share > 0.0:
            continue
        axes.barh(place, share, left=start, height=0.62, color=color)
        if share >= 0.13:
            axes.text(
                start + share / 2.0, place, write_percent(share), ha="center", va="center",
                color=ink, fontsize=7.5,
            )
        start += share


def _draw_terms(comparison: Comparison, pair: Pair) -> Picture:
    """What each change of terms moves, made alone in the first deal."""
    signed = comparison.results[pair.first]
    lived = [moved for moved in pair.terms if moved.dollars]
    lived.sort(key=lambda moved: -abs(moved.dollars["payor.payments"].value))
    metrics = [name for name in MOVED if any(name in moved.dollars for moved in lived)]
    most = lived[0].dollars["payor.payments"].value
    title = f"Of the changes made alone, {lived[0].change.path} moves payments most: "
    title += ("+" if most > 0.0 else "") + write_short(most, symbol_of(signed))
    labels = [moved.change.path for moved in lived]
    with styled():
        note = f"{_say_deals(comparison, pair)} Each change made alone in A; 95 % intervals."
        figure = open_page(title, signed, 2.0 + 0.4 * len(lived), note)
        panels = figure.subplots(1, len(metrics), sharey=True, squeeze=False)[0]
        leave_room(figure, [label[:28] for label in labels])
        figure.subplots_adjust(wspace=0.2)
        for axes, metric in zip(panels, metrics, strict=True):
            for place, moved in enumerate(lived):
                if metric in moved.dollars:
                    value = moved.dollars[metric]
                    axes.barh(place, value.value, height=0.5, color=COLORS[metric], alpha=0.35)
                    draw_interval(axes, place, value, COLORS[metric])
            axes.axvline(0.0, color=GRAY, lw=0.8)
            axes.set_title(MOVED[metric][0].upper() + MOVED[metric][1:])
            axes.grid(axis="x")
            axes.locator_params(axis="x", nbins=3)
            axes.tick_params(axis="y", length=0)
            count_in_money(axes.xaxis, symbol_of(signed))
        name_rows(panels[0], labels)
        panels[0].set_yticks(range(len(labels)), [fold_path(path) for path in labels], fontsize=8)
        left = len(pair.terms) - len(lived)
        if left:
            panels[0].set_xlabel(f"{left} more changes make no deal alone", fontsize=7.5)
    words = f"{title}. Average dollars moved by each of {len(lived)} changes."
    return Picture(_name(comparison, pair, "terms"), title, words, figure)
