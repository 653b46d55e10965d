"""The goals, each with its limit and, after a run, how it was met or by how much missed."""

from __future__ import annotations

from typing import NamedTuple

from benchmarks.report import write

Judged = dict[str, str]


class Goal(NamedTuple):
    """A limit on one value of one comparison."""

    what: str
    key: str
    limit: float
    most: bool = True
    """Whether the limit is the most allowed (or the least)."""
    unit: str = ""


GOALS = (
    Goal("Yardstick deal over the fast C++, one thread", "deal_over_fast", 1.6, unit="x"),
    Goal("The NumPy analyst over the yardstick deal", "deal_times_analyst", 10.0, False, "x"),
    Goal("Yardstick deal over textbook C++", "deal_over_textbook", 0.27, unit="x"),
    Goal("Gain by a second thread over the fast C++'s", "second_thread", 0.95, False, "x"),
    Goal("Wall time x variance against plain NumPy, 2 threads", "efficiency", 50.0, False, "x"),
    Goal("A further contract over the same people", "further", 0.18, unit=" of a path"),
    Goal("The same, payments alone of both", "further_payments", 0.18, unit=" of a path"),
    Goal("Contract and waterfall from tables over written out", "tables", 1.8, unit="x"),
    Goal("IRR in batch against pyxirr", "irr_pyxirr", 50.0, False, "x"),
    Goal("IRR in batch against numpy-financial", "irr_numpy-financial", 500.0, False, "x"),
    Goal("Absolute error of the IRR", "irr_error", 1e-12),
    Goal("`pfs-sim run` of CT, 100,000 paths, whole process", "ct_run_seconds", 1.5, unit=" s"),
    Goal("Cold JIT", "cold_seconds", 20.0, unit=" s"),
    Goal("First 1,000 paths, cached, over `import numba`", "first_thousand", 2.5, unit="x"),
    Goal("`--help`", "help_seconds", 0.25, unit=" s"),
    Goal("Peak memory, 10⁶ paths of CT", "memory_mb", 600.0, unit=" MB"),
    Goal("Writing Parquet over simulating", "parquet", 0.2, unit="x"),
    Goal("64 times the clients", "clients", 1.5, unit="x"),
    Goal("4 times the periods", "periods", 4.0, unit="x"),
    Goal("16 times the terms", "terms", 16.0, unit="x"),
    Goal("16 times the tranches", "tranches", 16.0, unit="x"),
)


def judge(values: dict[str, float]) -> list[Judged]:
    """Every goal beside what was found; one that could not be measured says so."""
    return [_judge(goal, values.get(goal.key)) for goal in GOALS]


def _judge(goal: Goal, found: float | None) -> Judged:
    side = "at most" if goal.most else "at least"
    said = {"what": goal.what, "goal": f"{side} {write(goal.limit)}{goal.unit}"}
    if found is None:
        return {**said, "found": "", "verdict": "not measured in this run"}
    over = found / goal.limit if goal.most else goal.limit / max(found, 1e-300)
    verdict = "met" if over <= 1.0 else f"missed {write(over)}-fold"
    return {**said, "found": f"{write(found)}{goal.unit}", "verdict": verdict}
