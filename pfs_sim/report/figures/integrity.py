"""Pictures of integrity: false payment and missed success, larger evaluations, noise, cliffs."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np
from matplotlib.axes import Axes

from pfs_sim.analysis.cliffs import Cliff
from pfs_sim.analysis.grounds import RECORD
from pfs_sim.analysis.integrity import ALL, Integrity, Judgment, Scaled
from pfs_sim.metrics.estimates import Estimate, Interval
from pfs_sim.report.figures.style import (
    BLUE,
    GRAY,
    GREEN,
    INK,
    ORANGE,
    RED,
    Picture,
    Signature,
    count_in_money,
    count_in_percent,
    draw_interval,
    leave_room,
    name_rows,
    open_page,
    sign_as,
    styled,
    symbol_of,
    write_percent,
    write_short,
)
from pfs_sim.report.integrity import find_effect_terms

MOST_CLIFFS = 12
Read = Callable[[Judgment], Interval | Estimate | None]


def draw_integrity(found: Integrity, cliffs: Sequence[Cliff]) -> list[Picture]:
    """All pictures that the contract allows."""
    signed = sign_as(found.scenario, found.currency, found.paths, found.seed)
    pictures = [_draw_chances(found, signed), _draw_evaluation(found, signed),
                _draw_noise(found, signed), _draw_cliffs(cliffs, signed)]
    return [one for one in pictures if one is not None]


def _list_scaled(rows: Sequence[Scaled]) -> list[tuple[Scaled, Judgment]]:
    """Rows with the terms on an effect; empty where no term rests on one."""
    judged = [(row, find_effect_terms(row.judgments)) for row in rows]
    return [(row, one) for row, one in judged if one is not None]


def _known(found: Interval | Estimate | None) -> Interval | None:
    interval = found.interval() if isinstance(found, Estimate) else found
    return interval if interval is not None and math.isfinite(interval.value) else None


def _draw_chances(found: Integrity, signed: Signature) -> Picture | None:
    """False payment and missed success with other enrollments and other evaluations."""
    sides = [
        (_list_scaled(found.by_enrollment), "clients enrolled, on average"),
        (_list_scaled(found.by_sample), "people on whom it is judged, times"),
    ]
    sides = [(rows, label) for rows, label in sides if rows]
    judged = find_effect_terms(found.judgments)
    if not sides or judged is None:
        return None
    title = "Terms on an effect pay on "
    title += f"{write_percent(judged.at_nothing.value)} of the paths though there is no effect"
    if judged.at_target is not None and math.isfinite(judged.at_target.value):
        title += f", and pay nothing on {write_percent(judged.at_target.value)} at the target"
    kinds: list[tuple[str, str, Read]] = [
        ("paid at effect 0 (false payment)", RED, lambda one: one.at_nothing),
        ("unpaid at the target (missed success)", BLUE, lambda one: one.at_target),
    ]
    with styled():
        figure = open_page(title, signed, 3.7, "Bands: 95 % intervals. Dotted: the deal as it is.")
        panels = figure.subplots(1, len(sides), sharey=True, squeeze=False)[0]
        figure.subplots_adjust(wspace=0.1, bottom=0.28)
        for axes, (rows, label) in zip(panels, sides, strict=True):
            by_people = rows is sides[0][0] and bool(found.by_enrollment)
            x = [row.enrolled if by_people else row.factor for row, _ in rows]
            for name, color, read in kinds:
                _draw_curve(axes, x, [_known(read(one)) for _, one in rows], color, name)
            _mark_deal(axes, x, [row for row, _ in rows])
            axes.set_xlabel(label)
            axes.grid(axis="y")
            count_in_percent(axes.yaxis)
        panels[0].set_ylim(-0.03, 1.03)
        panels[0].set_title("With other enrollment" if found.by_enrollment else "")
        if len(sides) > 1:
            panels[1].set_title("With a smaller or larger evaluation")
        panels[-1].legend(fontsize=8, loc="best")
    return Picture("false_payment", title, f"{title}. By enrollment and by sample.", figure)


def _draw_curve(
    axes: Axes, x: Sequence[float], ends: Sequence[Interval | None], color: str, name: str
) -> None:
    known = [(place, end) for place, end in zip(x, ends, strict=True) if end is not None]
    if not known:
        return
    places = [place for place, _ in known]
    axes.fill_between(
        places, [end.low for _, end in known], [end.high for _, end in known], color=color,
        alpha=0.2, lw=0,
    )
    axes.plot(places, [end.value for _, end in known], color=color, lw=1.6, marker="o", ms=3.5,
              label=name)


def _mark_deal(axes: Axes, x: Sequence[float], rows: Sequence[Scaled]) -> None:
    for place, row in zip(x, rows, strict=True):
        if row.factor == 1.0:
            axes.axvline(place, color=GRAY, lw=1.0, ls=(0, (1, 2)))


def _draw_evaluation(found: Integrity, signed: Signature) -> Picture | None:
    """What a larger evaluation is worth: dollars paid for noise, and dollars paid wrongly."""
    rows = _list_scaled(found.by_sample)
    if not rows:
        return None
    symbol = symbol_of(signed)
    largest = max((row for row, _ in rows), key=lambda row: row.factor)
    saved = largest.misjudged_change.value
    title = f"Judged on {largest.factor:g} times the people, payments that are wrong either way "
    title += f"{'fall' if saved < 0.0 else 'rise'} by {write_short(abs(saved), symbol)} on average"
    with styled():
        figure = open_page(
            title, signed, 3.7,
            "Against the deal as it is, the same people and draws; bands: 95 % intervals.",
        )
        figure.subplots_adjust(bottom=0.28)
        axes = figure.subplots()
        x = [row.factor for row, _ in rows]
        noise = [_known(row.noise_change) for row, _ in rows]
        _draw_curve(axes, x, noise, ORANGE, "paid for noise")
        wrong = [_known(row.misjudged_change) for row, _ in rows]
        _draw_curve(axes, x, wrong, GREEN, "wrong either way")
        axes.axhline(0.0, color=GRAY, lw=0.8)
        _mark_deal(axes, x, [row for row, _ in rows])
        axes.set_xscale("log", base=2)
        axes.set_xticks(x, [f"× {factor:g}" for factor in x])
        axes.set_xlabel("people on whom it is judged, against the deal as it is")
        axes.set_title("Change of the average payment, all terms")
        axes.grid(axis="y")
        axes.legend(fontsize=8, loc="best")
        count_in_money(axes.yaxis, symbol)
    return Picture("bigger_evaluation", title, f"{title}. Change in dollars by sample.", figure)


def _draw_noise(found: Integrity, signed: Signature) -> Picture | None:
    """The price of noise and the money misjudged, term by term; deadweight of records."""
    rows = list(found.judgments.values())
    if not rows:
        return None
    symbol, whole = symbol_of(signed), found.judgments.get(ALL, rows[0])
    noise = whole.noise.value
    title = f"Noise of the measures costs the government {write_short(noise, symbol)} on average"
    if noise < 0.0:
        title = f"Noise of the measures saves the government {write_short(-noise, symbol)}"
    if abs(noise) < 2.0 * whole.noise.se:
        title = "What noise of the measures costs the government cannot be told from nothing"
    if not whole.noise.se > 0.0 and noise == 0.0:
        title = "The measures carry no noise that moves a payment"
    dead = [one for one in rows if one.kind == RECORD and math.isfinite(one.deadweight.value)]
    labels = [one.name for one in rows]
    with styled():
        figure = open_page(
            title, signed, 1.8 + 0.36 * len(rows),
            "Price of noise: average payment less that if every measure were true. Lines: 95 % "
            "intervals.",
        )
        count = 3 if dead else 2
        panels = figure.subplots(1, count, sharey=True, squeeze=False)[0]
        leave_room(figure, [label[:30] for label in labels], 0.3)
        figure.subplots_adjust(wspace=0.18, right=0.96)
        for row, one in enumerate(rows):
            for axes, value, color in (
                (panels[0], one.noise, ORANGE), (panels[1], one.misjudged, GREEN)
            ):
                if math.isfinite(value.value):
                    axes.barh(row, value.value, height=0.55, color=color, alpha=0.45)
                    draw_interval(axes, row, value, INK)
            if dead and one in dead:
                panels[2].barh(row, one.deadweight.value, height=0.55, color=BLUE, alpha=0.45)
                draw_interval(panels[2], row, one.deadweight, INK)
        for axes, name in zip(
            panels, ("Price of noise", "Misjudged, either way", "Would have happened anyway"),
            strict=False,
        ):
            axes.set_title(name, fontsize=8.5)
            axes.axvline(0.0, color=GRAY, lw=0.8)
            axes.grid(axis="x")
            axes.locator_params(axis="x", nbins=3)
            axes.tick_params(axis="y", length=0)
            count_in_money(axes.xaxis, symbol)
        if dead:
            panels[2].set_xlim(0.0, 1.03)
            count_in_percent(panels[2].xaxis)
        name_rows(panels[0], labels)
    return Picture("noise", title, f"{title}. By term: {', '.join(labels)}.", figure)


def _draw_cliffs(cliffs: Sequence[Cliff], signed: Signature) -> Picture | None:
    """Dollars that one more participant moves at the steepest places."""
    def moves(one: Cliff) -> float:
        return max(abs(one.reach), abs(one.beyond))

    known = [one for one in cliffs if math.isfinite(one.share) and moves(one) > 0.0]
    shown = sorted(known, key=lambda one: -moves(one))[:MOST_CLIFFS]
    if not shown:
        return None
    symbol, first = symbol_of(signed), shown[0]
    title = f"At the steepest place one more participant moves {write_short(moves(first), symbol)}"
    title += f", {write_percent(min(first.share, 1.0))} of the most that its term can pay"
    labels = [f"{one.term}: {one.measure} {one.at:,.6g}" for one in shown]
    with styled():
        figure = open_page(
            title, signed, 1.75 + 0.36 * len(shown),
            "From the schedules. Red: flagged, one participant moves more than the stated share of "
            "the cap.",
        )
        leave_room(figure, [label[:34] for label in labels])
        axes = figure.subplots()
        for row, one in enumerate(shown):
            color = RED if one.flagged else BLUE
            axes.barh(row - 0.17, one.reach, height=0.32, color=color)
            axes.barh(row + 0.17, one.beyond, height=0.32, color=color, alpha=0.4)
        name_rows(axes, labels)
        axes.axvline(0.0, color=GRAY, lw=0.8)
        axes.set_title("Gained by the participant who gets there (dark), by the next (pale)")
        axes.grid(axis="x")
        count_in_money(axes.xaxis, symbol)
        span = np.ptp([x for one in shown for x in (one.reach, one.beyond, 0.0)])
        axes.margins(x=0.05 if span else 0.5)
    return Picture("cliffs", title, f"{title}. Steepest places: {'; '.join(labels)}.", figure)
