"""The kernels compiled before their first use, by two processes: half the waiting on two cores."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Collection
from contextlib import suppress

import numpy as np

PEOPLE, MONEY = ("program", "outcomes", "collect"), ("money",)
"""Stages of a path that take about as long to compile; the second ones in the other process."""


def compile_stages(names: Collection[str], deal: str) -> None:
    """Compile some stages of a path into the cache, for arrays like those of every deal.

    `deal` is the text of any scenario.
    """
    from pfs_sim.kernels._jit import called
    from pfs_sim.kernels.collect import collect
    from pfs_sim.kernels.money import live_money
    from pfs_sim.kernels.outcomes import live_outcomes
    from pfs_sim.kernels.program import live_program
    from pfs_sim.reading import loads
    from pfs_sim.simulate import compile_scenario

    compiled = compile_scenario(loads(deal))
    plan, scratch = compiled.plan, compiled.scratch()
    row, evaluation = compiled.inputs.draw(0, 1)[0], compiled.scenario.evaluation
    given = np.full((len(evaluation.measures), len(evaluation.dates)), np.nan)
    rng, people, cash = scratch.rng, scratch.people, scratch.cash
    known, line = scratch.imposed, np.empty(0)
    if "program" in names:
        called(live_program, plan.people, rng, row, 0, 0, 0, people)
    if "outcomes" in names:
        called(live_outcomes, plan.people, rng, row, 0, 0, people)
    if "money" in names:
        called(live_money, plan.money, rng, row, 0, people, 0, given, known, cash)
    if "collect" in names:
        called(collect, plan.outputs, row, people, cash, scratch.holder, line)


def compile_side_by_side(deal: str) -> None:
    """Compile the stages of a path in two processes, where there are two cores and a cache.

    `deal` is the text of any scenario. What the other process cannot do is done later, in this one.
    """
    from pfs_sim.kernels.cache import cache_folder

    off = os.environ.get("NUMBA_DISABLE_JIT", "0") != "0"
    if off or (os.cpu_count() or 1) < 2 or cache_folder() is None or not sys.executable:
        return
    order = f"import sys; from {__name__} import *; compile_stages(MONEY, sys.stdin.read())"
    quiet = subprocess.DEVNULL
    try:
        other = subprocess.Popen(
            [sys.executable, "-c", order], stdin=subprocess.PIPE, stdout=quiet, stderr=quiet
        )
    except OSError:
        return
    try:
        with suppress(OSError):
            assert other.stdin is not None
            other.stdin.write(deal.encode())
            other.stdin.close()
        compile_stages(PEOPLE, deal)
        other.wait()
    finally:
        other.kill()
