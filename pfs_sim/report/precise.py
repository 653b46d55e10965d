"""The precision of a run in words: goals met or not, and what a sampling saved."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any


def say_reached(goals: Sequence[Mapping[str, Any]]) -> list[str]:
    """One line for each goal of `--until`."""
    found = []
    for goal in goals:
        half, allowed = goal["half_interval"], goal["allowed"]
        size = "unknown" if half is None else f"±{half:,.3g}"
        asked = f"±{allowed:,.3g}"
        if goal["relative"]:
            asked += f", {100 * goal['width']:g}% of its value"
        verdict = "reached" if goal["met"] else "NOT reached"
        found.append(f"{verdict}: {goal['metric']} {size} at 95 % (asked: {asked})")
    return found


def say_savings(savings: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """What the sampling saved in variance, beside the most that it could have."""
    if not savings:
        return []
    found = [
        "Variance against random paths (95 % interval), and the most that sampling inputs can save:"
    ]
    for address, one in savings.items():
        if one["gain"] is None:
            found.append(f"  {address}: does not vary")
            continue
        most = "no bound" if one["ceiling"] is None else f"{one['ceiling']:.1f}x"
        share = one["input_share"]["value"]
        carried = "" if share is None else f", for inputs carry {100 * share:.0f}% of it"
        found.append(
            f"  {address}: {one['gain']:.1f}x less ({one['low']:.1f} to {one['high']:.1f}); "
            f"at most {most}{carried}"
        )
    return found
