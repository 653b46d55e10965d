"""The kernels compiled before their first use, by two processes: half the waiting on two cores."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Collection, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from pfs_sim.pausing import uncollected

if TYPE_CHECKING:
    from pfs_sim.simulate import Deal

PEOPLE = ("program", "outcomes", "collect", "walk")
MONEY = ("money", "rates", "follow", "inputs")
"""What takes about as long to compile: stages of a path, who leads it through them, and how inputs
are drawn. The second ones in the other process."""


_EVERY_DEAL = (
    "path.walk", "stages.program_stage", "stages.money_stage", "stages.collect_stage",
    "stages.rates_stage",
)  # fmt: skip


def are_compiled(folder: Path, deals: Sequence[Deal] = ()) -> bool:
    """Whether a folder has the kernels that these deals need; without deals, those that all do."""
    from pfs_sim.kernels import cache

    own = folder / cache.subfolder(cache.__file__)
    if not all(any(own.glob(f"{name}-*.nbi")) for name in _EVERY_DEAL):
        return False
    if any(own.glob("stages.outcomes_stage-*.nbi")):
        return True
    return all(_needs_lots_alone(deal) for deal in deals)


def _needs_lots_alone(deal: Deal) -> bool:
    """Whether the kernels of lots are all that the outcomes of a deal need."""
    from pfs_sim.draws import source_seeds
    from pfs_sim.kernels.path import in_lots
    from pfs_sim.plan.people import people_plan
    from pfs_sim.plan.row import Row
    from pfs_sim.simulate import scenario_of

    scenario = scenario_of(deal)
    return in_lots(people_plan(scenario, Row(scenario), source_seeds(1)))


@uncollected()
def compile_stages(names: Collection[str], deal: Deal) -> None:
    """Compile some stages of a path into the cache, for arrays like those of every deal.

    `walk` is what leads a path through them, `inputs` draws those of this deal.
    """
    from pfs_sim.kernels.path import call_stage, compile_walk
    from pfs_sim.simulate import compile_scenario, nothing_given

    compiled = compile_scenario(deal)
    given, scratch = nothing_given(compiled.scenario), compiled.scratch()
    for name in names:
        if name == "walk":
            compile_walk(compiled.plan, scratch, given)
        elif name == "inputs":
            compiled.inputs.draw_values(0, 1)
        else:
            call_stage(name, compiled.plan, scratch, given)


def compile_side_by_side(text: str, deals: Sequence[Deal] = ()) -> None:
    """Compile the stages of a path in two processes, where there are two cores and a cache.

    All that these deals need; without deals, all that any deal needs. `text` is a scenario that
    needs everything. What the other process cannot do is done later, in this one.
    """
    from pfs_sim.kernels.cache import cache_folder
    from pfs_sim.reading import loads

    off = os.environ.get("NUMBA_DISABLE_JIT", "0") != "0"
    if off or (os.cpu_count() or 1) < 2 or cache_folder() is None or not sys.executable:
        return
    order = (
        f"import sys; from {__name__} import *; from pfs_sim.reading import loads; "
        "compile_stages(MONEY, loads(sys.stdin.read()))"
    )
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
            other.stdin.write(text.encode())
            other.stdin.close()
        for deal in deals or (loads(text),):
            compile_stages(PEOPLE, deal)
        other.wait()
    finally:
        other.kill()
