"""The yardstick deal: every contestant, one thread and two, after a check of their laws."""

from __future__ import annotations

from benchmarks.clock import add_ratios, find, take_turns
from benchmarks.contestants import (
    ANALYST,
    FAST,
    NUMBA,
    OURS,
    STANDARD,
    TEXTBOOK,
    THREADED,
    contestants,
)
from benchmarks.figures import read_figures
from benchmarks.law import SIGMAS, differ
from benchmarks.report import Comparison, Options

PATHS = {OURS: 100_000, ANALYST: 8_192, NUMBA: 8_192, STANDARD: 2_048, TEXTBOOK: 16_384,
         FAST: 100_000}  # fmt: skip
MOST = 131_072
"""Paths where threads are compared: of more, our results are packed."""


def compare(options: Options) -> Comparison:
    """µs a path by contestant, threads 1 and 2, and how far the second thread gets."""
    crew = contestants(read_figures(), options.yardsticks)
    anchor = next(name for name in (FAST, TEXTBOOK, STANDARD, ANALYST) if name in crew)
    judge = FAST if FAST in crew else anchor
    small = 4_096 if options.quick else 16_384
    lived = {name: live(small, 11 + place, 1) for place, (name, live) in enumerate(crew.items())}
    notes = []
    for name in list(crew):
        wrong = differ(lived[name], lived[judge]) if name != judge else []
        if wrong:
            notes.append(f"{name}: no time, its law differs ({'; '.join(wrong)})")
            del crew[name]
    notes.append(
        f"Law: {small:,} paths each; enrolled, mean payment, P(senior loses), its loss, the "
        f"guarantee and three mean IRRs agree with {judge} within {SIGMAS} standard errors"
        f" for: {', '.join(crew)}."
    )
    paths = {name: PATHS[name] // (4 if options.quick else 1) for name in crew}
    runs = {name: (lambda live=live, n=paths[name]: live(n, 5, 1)) for name, live in crew.items()}
    one = take_turns(
        runs, options.rounds, per={name: n / 1e6 for name, n in paths.items()}, unit="µs a path"
    )
    two_names = [name for name in THREADED if name in crew]
    # More paths for two threads: a thread's start must not weigh.
    more = {name: min(2 * paths[name], MOST) for name in two_names}
    runs = {}
    for name in two_names:
        for threads in (1, 2):
            runs[f"{name}, {threads}"] = (
                lambda live=crew[name], n=more[name], k=threads: live(n, 5, k)
            )
    per = {f"{name}, {k}": more[name] / 1e6 for name in two_names for k in (1, 2)}
    both = take_turns(runs, options.rounds, per=per, unit="µs a path")
    values: dict[str, float] = {}
    ours = find(one, OURS)
    for key, other in (("fast", FAST), ("textbook", TEXTBOOK), ("standard", STANDARD),
                       ("analyst", ANALYST)):  # fmt: skip
        their = find(one, other)
        if ours and their:
            values[f"deal_over_{key}"] = ours["cpu"] / their["cpu"]
    if "deal_over_analyst" in values:
        values["deal_times_analyst"] = 1.0 / values["deal_over_analyst"]
    gain = {}
    for name in two_names:
        first, second = find(both, f"{name}, 1"), find(both, f"{name}, 2")
        assert first and second
        gain[name] = first["wall_least"] / second["wall_least"]
        second["note"] = f"second thread: {gain[name]:.2f} times the paths"
    rival = FAST if FAST in gain else STANDARD
    if OURS in gain and rival in gain:
        values["second_thread"] = gain[OURS] / gain[rival]
    for row in both:
        row["name"] += " thread(s)"
    timings = add_ratios(one, anchor) + both
    return Comparison("The yardstick deal", timings, notes, values, f"CPU time over {anchor}")
