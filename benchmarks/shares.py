"""Where the time of the yardstick deal goes: reading, drawing the inputs, living the paths."""

from __future__ import annotations

import numpy as np

from benchmarks.clock import add_ratios, take_turns
from benchmarks.figures import SCENARIO
from benchmarks.report import Comparison, Options, write
from pfs_sim.kernels.path import live_paths
from pfs_sim.reading import load
from pfs_sim.simulate import CHUNK, compile_scenario, nothing_given
from pfs_sim.tables.state import Drawn

LIVING = "living a chunk (`live_paths`)"


def compare(options: Options) -> Comparison:
    """µs a path of a chunk, by stage; reading and compiling are paid once a run."""
    compiled = compile_scenario(SCENARIO)
    given = nothing_given(compiled.scenario)
    scratch, out = compiled.scratch(), np.empty((len(compiled.columns), CHUNK))
    fan = np.empty((CHUNK, 4, compiled.scenario.clock.periods + 1))
    values = np.empty((len(compiled.columns), CHUNK))

    def draw() -> Drawn:
        return compiled.inputs.share_out(compiled.inputs.draw_values(0, CHUNK))

    rows = draw()

    def turn() -> None:
        values[:] = out

    once = take_turns(
        {
            "reading the file, once": lambda: load(SCENARIO),
            "compiling the scenario, once": lambda: compile_scenario(load(SCENARIO)),
        },
        options.rounds,
        per=1e-3,
        unit="ms",
    )
    again = take_turns(
        {
            "drawing path-level inputs": draw,
            LIVING: lambda: live_paths(
                compiled.plan, scratch, rows, 0, 0, given, out, fan
            ),
            "keeping results": turn,
        },
        3 * options.rounds,
        per=CHUNK / 1e6,
        unit="µs a path",
    )  # fmt: skip
    add_ratios(again, LIVING)
    total = sum(one["cpu"] for one in again)
    notes = [f"Together {write(total)} µs a path, {again[1]['cpu'] / total:.0%} of it in kernels."]
    return Comparison("Where the time goes", once + again, notes, {}, "CPU time over living")
