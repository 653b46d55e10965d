"""Pictures of risk: who holds it, each source alone and in all, tornado, loss by cause."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes

from pfs_sim.analysis.causes import Bar, LossByCause
from pfs_sim.analysis.explain import Explanation
from pfs_sim.analysis.indices import TINY, is_zero
from pfs_sim.metrics.estimates import Estimate
from pfs_sim.report.figures.style import (
    BLUE,
    GRAY,
    GREEN,
    INK,
    ORANGE,
    PALE,
    PURPLE,
    RED,
    SKY,
    Picture,
    count_in_money,
    count_in_percent,
    draw_interval,
    fold,
    fold_path,
    leave_room,
    name_rows,
    open_page,
    sign_as,
    styled,
    symbol_of,
    write_short,
)

COLORS = {
    "effect": BLUE, "baseline": SKY, "enrollment": GREEN, "attrition": "#8C6D31",
    "chance": ORANGE, "bias": PURPLE, "cost": RED, "payor": GRAY,
}
MOST_PANELS, MOST_BARS = 8, 8


def draw_risk(explanations: Sequence[Explanation]) -> list[Picture]:
    """Who holds which risk, shares that add up to one, and each source alone and in all."""
    found = [_draw_matrix(explanations)]
    for place, one in enumerate(explanations):
        end = f"_{place + 1}" if len(explanations) > 1 else ""
        if list_varying(one):
            found += [_draw_shapley(one, end), _draw_alone_and_in_all(one, end)]
    return found


def list_varying(found: Explanation) -> list[str]:
    """The outputs that have any variance to explain, payments first."""
    return [name for name in found.outputs if found.indices[name].varies]


def say_largest(found: Explanation, place: int = 0) -> str:
    """The finding: what holds most of the variance of the payments, or of another output."""
    names = list_varying(found)
    if not names:
        return "Nothing varies: there is no risk to explain"
    name = names[place]
    indices = found.indices[name]
    shares = indices.shapley or indices.first
    most = max(range(len(shares)), key=lambda i: shares[i].value)
    label = found.outputs[name].label
    source = found.players[most].capitalize()
    label = label[0].lower() + label[1:] if label[1:2].islower() else label
    return f"{source} holds {_percent(shares[most].value)} of the variance of {label}"


def _percent(share: float) -> str:
    return f"{100.0 * share:.0f}%"


def _draw_matrix(explanations: Sequence[Explanation]) -> Picture:
    """Parties down, sources across; several deals below one another, to see how risk moves."""
    first = explanations[0]
    title = say_largest(first)
    players = list(dict.fromkeys(p for e in explanations for p in e.players))
    outputs = [list_varying(e) for e in explanations]
    rows = [max(len(names), 1) for names in outputs]
    height = 1.75 + sum(0.34 * count + 0.45 for count in rows)
    signed = sign_as(first.scenario, first.currency, first.paths, first.seed)
    with styled():
        figure = open_page(
            title, signed, height,
            "Shapley effects: shares of the variance of each row, which add up to 100 %. "
            "~: cannot be told from zero.",
        )
        panels = figure.subplots(len(explanations), 1, squeeze=False, height_ratios=rows)[:, 0]
        names = [e.outputs[n].label for e, own in zip(explanations, outputs, strict=True)
                 for n in own]
        leave_room(figure, [label[:34] for label in names])
        figure.subplots_adjust(hspace=0.28, bottom=0.95 / height)
        for axes, one, own in zip(panels, explanations, outputs, strict=True):
            _draw_heat(axes, one, own, players)
            if len(explanations) > 1:
                axes.set_title(one.scenario, fontsize=8.5)
    words = f"{title}. Share of variance by party and source ({', '.join(players)})."
    return Picture("risk", title, words, figure)


def _draw_heat(axes: Axes, one: Explanation, own: list[str], players: list[str]) -> None:
    shares = np.full((max(len(own), 1), len(players)), np.nan)
    for y, name in enumerate(own):
        known = dict(zip(one.players, one.indices[name].shapley, strict=False))
        for x, player in enumerate(players):
            share = known.get(player, Estimate(0.0, 0.0))
            shares[y, x] = share.value
            said = f"~{_percent(share.value)}" if is_zero(share) else _percent(share.value)
            said = "0%" if abs(share.value) < TINY else said.replace("-", "−")
            color = "white" if share.value > 0.55 else GRAY if is_zero(share) else INK
            axes.text(x, y, said, ha="center", va="center", fontsize=8, color=color)
    axes.imshow(np.nan_to_num(shares), cmap="Blues", vmin=0.0, vmax=1.0, aspect="auto")
    axes.set_xticks(range(len(players)), players, fontsize=8)
    labels = [fold(one.outputs[name].label) for name in own]
    axes.set_yticks(range(len(labels)), labels, fontsize=8)
    axes.tick_params(length=0)
    for spine in axes.spines.values():
        spine.set_visible(False)


def _draw_shapley(found: Explanation, end: str) -> Picture:
    """One bar for each output, whose parts add up to all of its variance."""
    names, players = list_varying(found), found.players
    losses = [i for i, name in enumerate(names) if name.endswith(".principal_loss")]
    title = say_largest(found, losses[-1] if losses else 0)
    signed = sign_as(found.scenario, found.currency, found.paths, found.seed)
    labels = [found.outputs[name].label for name in names]
    with styled():
        figure = open_page(
            title, signed, 1.9 + 0.36 * len(names), "Shapley effects: the parts of a bar add up."
        )
        leave_room(figure, [label[:34] for label in labels])
        height = figure.get_figheight()
        figure.subplots_adjust(top=figure.subplotpars.top - 0.22 / height)
        axes = figure.subplots()
        for row, name in enumerate(names):
            start = 0.0
            for player, share in zip(players, found.indices[name].shapley, strict=True):
                width = max(share.value, 0.0)
                axes.barh(row, width, left=start, height=0.62, color=COLORS.get(player, PALE))
                start += width
        for player in players:
            axes.barh(0, 0.0, color=COLORS.get(player, PALE), label=player)
        axes.legend(
            loc="lower left", bbox_to_anchor=(0.0, 1.0), ncols=len(players), fontsize=8,
            handlelength=0.9, columnspacing=1.0, borderaxespad=0.0,
        )
        name_rows(axes, labels)
        axes.set_xlim(0.0, 1.0)
        axes.set_xlabel("share of the variance")
        count_in_percent(axes.xaxis)
    words = f"{title}. Stacked shares of variance of {', '.join(labels)}."
    return Picture(f"shapley{end}", title, words, figure)


def _draw_alone_and_in_all(found: Explanation, end: str) -> Picture:
    """A panel for each output: first-order and total index of every source."""
    names = list_varying(found)[:MOST_PANELS]
    players = found.players
    signed = sign_as(found.scenario, found.currency, found.paths, found.seed)
    together = _find_together(found, names[0])
    title = f"{found.outputs[names[0]].label}: {_percent(together)} of the variance comes from "
    title += "sources acting together" if together > 0.005 else "sources acting together: none"
    if together <= 0.005:
        title = f"{found.outputs[names[0]].label}: each source acts alone"
    rows = -(-len(names) // 2)
    with styled():
        figure = open_page(
            title, signed, 1.45 + rows * (0.75 + 0.21 * len(players)),
            "Dark: alone (first order). Light: with all it interacts with (total). Lines: 95 % "
            "intervals.",
        )
        wide = min(len(names), 2)
        panels = figure.subplots(rows, wide, sharey=True, sharex=True, squeeze=False)
        leave_room(figure, players)
        figure.subplots_adjust(hspace=0.3, wspace=0.14, right=0.96)
        for place, axes in enumerate(panels.flat):
            if place >= len(names):
                axes.set_axis_off()
                continue
            _draw_pairs(axes, found, names[place])
        for axes in panels[:, 0]:
            name_rows(axes, players)
        for axes in panels[-1]:
            axes.set_xlabel("share of the variance", fontsize=8)
    words = f"{title}. First-order and total Sobol indices with 95 % intervals."
    return Picture(f"alone_and_in_all{end}", title, words, figure)


def _find_together(found: Explanation, name: str) -> float:
    """What no source explains alone; of correlated sources it is not told."""
    return max(0.0, 1.0 - math.fsum(share.value for share in found.indices[name].first))


def _draw_pairs(axes: Axes, found: Explanation, name: str) -> None:
    indices = found.indices[name]
    for row, player in enumerate(found.players):
        color = COLORS.get(player, GRAY)
        for share, shift, alpha in (
            (indices.first[row], -0.2, 1.0), (indices.total[row], 0.2, 0.4)
        ):
            if not math.isfinite(share.value):
                continue
            axes.barh(row + shift, max(share.value, 0.0), height=0.38, color=color, alpha=alpha)
            draw_interval(axes, row + shift, share, INK, dot=False)
    axes.set_title(fold(found.outputs[name].label, 44), fontsize=8.5)
    axes.grid(axis="x")
    axes.set_xlim(0.0, 1.0)
    axes.set_xticks([0.0, 0.25, 0.5, 0.75, 1.0])
    axes.tick_params(axis="y", length=0)
    count_in_percent(axes.xaxis)


def draw_loss_by_cause(
    causes: LossByCause, labels: Mapping[str, str], found: Explanation, end: str = ""
) -> Picture | None:
    """What each source adds to the expected loss of each tranche; None without tranches."""
    names = [name for name in causes.expected if causes.expected[name].value > 0.0]
    if not names:
        return None
    signed = sign_as(found.scenario, found.currency, found.paths, found.seed)
    symbol, last = symbol_of(signed), names[-1]
    added = causes.causes[last]
    most = max(added, key=lambda source: added[source].value)
    title = f"{labels[last]}: {write_short(causes.expected[last].value, symbol)} expected against "
    title += f"{write_short(causes.base_case[last], symbol)} in the base case; "
    title += f"{most} adds most, {write_short(added[most].value, symbol)}"
    rows = [*causes.sources, "base case", "expected"]
    with styled():
        count = -(-len(names) // 2)
        figure = open_page(
            title, signed, 1.45 + count * (0.7 + 0.22 * len(rows)),
            "Expected loss = loss of the base case + what each source adds (Shapley values). "
            "Lines: 95 % intervals.",
        )
        wide = min(len(names), 2)
        panels = figure.subplots(count, wide, sharey=True, squeeze=False)
        leave_room(figure, rows)
        figure.subplots_adjust(hspace=0.38, wspace=0.12)
        for place, axes in enumerate(panels.flat):
            if place >= len(names):
                axes.set_axis_off()
                continue
            _draw_causes(axes, causes, names[place], labels[names[place]])
            count_in_money(axes.xaxis, symbol)
        for axes in panels[:, 0]:
            name_rows(axes, rows)
    words = f"{title}. Expected loss of principal of each tranche split over the sources."
    return Picture(f"loss_by_cause{end}", title, words, figure)


def _draw_causes(axes: Axes, causes: LossByCause, name: str, label: str) -> None:
    for row, source in enumerate(causes.sources):
        found = causes.causes[name][source]
        axes.barh(row, found.value, height=0.6, color=COLORS.get(source, GRAY), alpha=0.8)
        draw_interval(axes, row, found, INK, dot=False)
    count = len(causes.sources)
    axes.barh(count, causes.base_case[name], height=0.6, color=PALE)
    axes.barh(count + 1, causes.expected[name].value, height=0.6, color=INK, alpha=0.75)
    draw_interval(axes, count + 1, causes.expected[name], INK, dot=False)
    axes.axvline(0.0, color=GRAY, lw=0.8)
    axes.set_title(fold(label, 44), fontsize=8.5)
    axes.grid(axis="x")
    axes.locator_params(axis="x", nbins=5)
    axes.tick_params(axis="y", length=0)


def draw_tornado_bars(
    bars: Mapping[str, Sequence[Bar]],
    labels: Mapping[str, str],
    found: Explanation,
    end: str = "",
) -> Picture | None:
    """Mean of each output with one quantity at its 10th and at its 90th percentile."""
    shown = {
        name: [bar for bar in own if abs(bar.swing.value) > TINY][:MOST_BARS]
        for name, own in bars.items()
    }
    names = [name for name in shown if shown[name]]
    names = [n for n in names if n in ("payor.payments", "investors.principal_loss")] or names[:2]
    if not names:
        return None
    signed = sign_as(found.scenario, found.currency, found.paths, found.seed)
    symbol = symbol_of(signed)
    longest = shown[names[0]][0]
    title = f"{longest.quantity} moves {labels[names[0]].lower()} most: "
    title += f"{write_short(abs(longest.swing.value), symbol)} from its 10th to its 90th percentile"
    rows = [len(shown[name]) for name in names]
    height = 1.5 + sum(0.36 * count + 0.62 for count in rows)
    with styled():
        figure = open_page(
            title, signed, height,
            "Blue: the mean with the quantity at its 10th percentile; orange: at its 90th, all "
            "others as they are. Lines: 95 % interval of the swing.",
        )
        panels = figure.subplots(len(names), 1, squeeze=False, height_ratios=rows)[:, 0]
        leave_room(figure, [b.quantity[:30] for n in names for b in shown[n]])
        figure.subplots_adjust(hspace=0.62 * len(names) / (0.36 * sum(rows)) + 0.02)
        for axes, name in zip(panels, names, strict=True):
            _draw_bars(axes, shown[name])
            axes.set_title(labels[name])
            count_in_money(axes.xaxis, symbol)
    words = f"{title}. Swing of the mean for each uncertain quantity."
    return Picture(f"tornado{end}", title, words, figure)


def _draw_bars(axes: Axes, bars: Sequence[Bar]) -> None:
    middle = float(np.median([(bar.at_low.value + bar.at_high.value) / 2.0 for bar in bars]))
    for row, bar in enumerate(bars):
        for end, color in ((bar.at_low, BLUE), (bar.at_high, ORANGE)):
            axes.barh(row, end.value - middle, left=middle, height=0.6, color=color, alpha=0.85)
        _draw_swing(axes, row, bar.at_low, bar.swing)
    axes.axvline(middle, color=INK, lw=0.8)
    name_rows(axes, ["" for _ in bars])
    axes.set_yticks(range(len(bars)), [fold_path(bar.quantity, 30) for bar in bars], fontsize=8)
    axes.grid(axis="x")
    axes.margins(x=0.12)


def _draw_swing(axes: Axes, row: int, low: Estimate, swing: Estimate) -> None:
    """The 95 % interval of the swing, from where the quantity is low: about where it is high."""
    interval = swing.interval()
    if math.isfinite(interval.low):
        axes.hlines(
            row, low.value + interval.low, low.value + interval.high, color=INK, lw=1.4, zorder=3
        )
