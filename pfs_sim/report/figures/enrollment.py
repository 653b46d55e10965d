"""Enrolled against plan: treated clients to date."""

from __future__ import annotations

import numpy as np

from pfs_sim.report.figures.style import (
    F8,
    GREEN,
    INK,
    RED,
    Picture,
    find_dates,
    open_page,
    shade_fan,
    show_dates,
    styled,
    write_percent,
)
from pfs_sim.results import FAN, Results


def draw_enrollment(results: Results, base: Results | None) -> Picture:
    """The fan of treated clients to date, the base case as plan, and the target."""
    days = find_dates(results)
    course = _cumulate(results.fan[:, FAN.index("enrolled"), :])
    plan = None if base is None else _cumulate(base.fan[:1, FAN.index("enrolled"), :])[0]
    target = results.resolved.get("program", {}).get("target")
    title = _say_enrollment(results, plan, target)
    shown = "" if len(course) == results.paths else f"The first {len(course):,} paths. "
    with styled():
        figure = open_page(
            title, results, 3.6,
            f"{shown}Dark band: half of the paths; light band: 9 in 10. Base case: every quantity "
            "at its mean.",
        )
        axes = figure.subplots()
        x = show_dates(axes, days)
        shade_fan(axes, x, course, GREEN, "median path")
        if plan is not None:
            axes.plot(x, plan, color=INK, lw=1.4, ls=(0, (4, 2)), label="base case")
        if target is not None:
            axes.axhline(target, color=RED, lw=1.0, ls=(0, (1, 2)), label=f"target {target:,}")
        axes.set_title("Treated clients enrolled to date")
        axes.set_ylim(0.0, 1.1 * max(float(course.max()), target or 0.0, 1.0))
        axes.grid(axis="y")
        axes.legend(
            loc="upper left", bbox_to_anchor=(0.0, 0.88), fontsize=8, frameon=True, framealpha=0.9,
            edgecolor="none",
        )
    words = f"{title}. Bands of treated clients enrolled from {days[0]} to {days[-1]}."
    return Picture("enrollment", title, words, figure)


def _cumulate(enrolled: F8) -> F8:
    """Enrolled to date: who enrolls during a period has enrolled by the grid point after it."""
    found: F8 = np.zeros_like(enrolled)
    found[:, 1:] = enrolled[:, :-1].cumsum(axis=1)
    return found


def _say_enrollment(results: Results, plan: F8 | None, target: int | None) -> str:
    """The finding: how often the target is reached, or how far from plan the run ends."""
    enrolled = results["program.enrolled"]
    half = float(np.quantile(enrolled, 0.5, method="inverted_cdf"))
    if target:
        reached = float(np.mean(enrolled >= target - 0.5))
        if reached in (0.0, 1.0):
            which = "Every path" if reached else "No path"
            return f"{which} enrolls the target of {target:,} clients; the median is {half:,.0f}"
        said = f"{write_percent(reached)} of the paths enroll the target of {target:,} clients"
        low = float(np.quantile(enrolled, 0.05, method="inverted_cdf"))
        return f"{said}; 1 in 20 enrolls fewer than {max(low, 0.0):,.0f}"
    said = f"Half of the paths enroll at least {half:,.0f} clients"
    return said if plan is None else f"{said}; the base case has {plan[-1]:,.0f}"
