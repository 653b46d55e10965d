"""The kernels compiled before their first use, by two processes: half the waiting on two cores."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Collection
from contextlib import suppress

PEOPLE, MONEY = ("program", "outcomes", "collect"), ("money", "rates")
"""Stages of a path that take about as long to compile; the second ones in the other process."""


def compile_stages(names: Collection[str], deal: str) -> None:
    """Compile some stages of a path into the cache, for arrays like those of every deal.

    `deal` is the text of any scenario.
    """
    from pfs_sim.kernels.path import call_stage
    from pfs_sim.reading import loads
    from pfs_sim.simulate import compile_scenario, nothing_given

    compiled = compile_scenario(loads(deal))
    row, given = compiled.inputs.draw(0, 1)[0], nothing_given(compiled.scenario)
    scratch = compiled.scratch()
    for name in names:
        call_stage(name, compiled.plan, scratch, row, given)


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
