"""Deals that are shipped, one thread and two."""

from __future__ import annotations

from benchmarks.clock import Timing, find, take_turns
from benchmarks.report import Comparison, Options
from benchmarks.start import ROOT
from pfs_sim.reading import load
from pfs_sim.simulate import simulate

DEALS = {
    "Connecticut Family Stability": "ct_family_stability",
    "Denver supportive housing": "denver_supportive_housing",
    "Rikers ABLE": "rikers_able",
}


def compare(options: Options) -> Comparison:
    """µs a path from the scenario file, reading included, and paths a second of two threads."""
    paths = 2_048 if options.quick else 8_192
    runs = {
        f"{name}, {threads}": (
            lambda file=file, k=threads: simulate(
                load(ROOT / "scenarios" / f"{file}.yaml"), paths, threads=k
            )
        )
        for name, file in DEALS.items()
        for threads in (1, 2)
    }
    timings: list[Timing] = take_turns(
        runs, min(options.rounds, 5), per=paths / 1e6, unit="µs a path"
    )
    for name in DEALS:
        both = find(timings, f"{name}, 2")
        assert both
        both["note"] = f"{1e6 / both['wall']:,.0f} paths a second"
    for one in timings:
        one["name"] += " thread(s)"
    return Comparison("Shipped deals", timings)
