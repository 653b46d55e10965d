"""The contract and the waterfall read from tables against the same ones written out in code."""

from __future__ import annotations

from typing import Any

import numba
import numpy as np

from benchmarks import analyst, textbook
from benchmarks.clock import add_ratios, take_turns
from benchmarks.figures import SCENARIO, read_figures
from benchmarks.report import Comparison, Options
from pfs_sim.kernels._handing import by
from pfs_sim.kernels.path import call_stage, live_paths
from pfs_sim.simulate import compile_scenario, nothing_given
from pfs_sim.tables.wide import ABREAST

PATHS, TIMES = ABREAST, 500
FROM_TABLES, WRITTEN_OUT = "from tables (`live_money`)", "written out in Numba"


@numba.njit(_nrt=False)
def _pay_again(stage, plan, scratch, given, times):  # type: ignore[no-untyped-def]
    money = by(plan.money)
    crowd, ledger = by(scratch.crowd), by(scratch.ledger)
    for _ in range(times):
        stage(money, crowd, 0, given, ledger)


@numba.njit
def _pay_fixed(f, active, people, sums, out, times):  # type: ignore[no-untyped-def]
    for _ in range(times):
        paid = textbook.pay(f, people, sums)
        textbook.distribute(f, active, paid, out)


def _lived() -> tuple[Any, ...]:
    """What the money of pfs-sim is lived over: some paths, their people already there."""
    compiled = compile_scenario(SCENARIO)
    given = nothing_given(compiled.scenario)
    rows = compiled.inputs.share_out(compiled.inputs.draw_values(0, PATHS))
    scratch = compiled.scratch()
    nothing, course = np.empty((0, 0)), np.empty((0, 0, 0))
    live_paths(compiled.plan, scratch, rows, 0, 0, given, nothing, course)
    stage = call_stage("money", compiled.plan, scratch, given)
    return stage, compiled.plan, scratch, given, TIMES


def compare(options: Options) -> Comparison:
    """µs a path for measuring, determining, paying and distributing, without IRRs."""
    f, lived = read_figures(), _lived()
    theta = np.tile(f.normal_mean, (PATHS, 1))
    _, active, people, sums = analyst._people(f, np.random.default_rng(4), theta, np.ones(PATHS))
    fixed = [
        (f, *(np.ascontiguousarray(a[..., p]) for a in (active, people, sums)), np.empty(7), TIMES)
        for p in range(PATHS)
    ]
    timings = take_turns(
        {
            FROM_TABLES: lambda: _pay_again(*lived),
            WRITTEN_OUT: lambda: [_pay_fixed(*one) for one in fixed],
        },
        options.rounds,
        per=PATHS * TIMES / 1e6,
        unit="µs a path",
    )
    add_ratios(timings, WRITTEN_OUT)
    notes = [
        "The same paths are paid 500 times, so branches are predicted better than in a run, on "
        "both sides. The tables pay paths side by side, the written-out one pays them one by "
        "one; they also keep every step, payor and due."
    ]
    values = {"tables": timings[0]["ratio"]}
    return Comparison("Contract and waterfall", timings, notes, values, "CPU time over written out")
