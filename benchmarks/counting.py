"""Operations of a path, counted with the compiler off: the same kernels as plain Python.

A path does the same steps compiled or not, so what it executes can be counted exactly and is
the same on every machine: lines of the kernels, their calls, random words, streams opened. Run
as `NUMBA_DISABLE_JIT=1 python -m benchmarks.counting`; it prints JSON.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from pathlib import Path
from types import FrameType
from typing import Any

import numpy as np

from pfs_sim.simulate import compile_scenario, nothing_given
from pfs_sim.tables.wide import ABREAST, new_table

ROOT = Path(__file__).resolve().parents[1]
KERNELS = str(ROOT / "pfs_sim" / "kernels")
DEALS = {
    "yardstick": "benchmarks/yardstick.yaml",
    "ct": "scenarios/ct_family_stability.yaml",
    "rikers": "scenarios/rikers_able.yaml",
}
PATHS = ABREAST
NAMED = ("open_stream", "open_made", "next_word", "philox_block", "wide_block")


def count(file: str) -> dict[str, float]:
    """Operations a path of one deal: lines, calls, the named functions, lines by kernel."""
    from pfs_sim.kernels.path import live_paths

    compiled = compile_scenario(ROOT / file)
    given = nothing_given(compiled.scenario)
    rows = compiled.inputs.share_out(compiled.inputs.draw_values(0, PATHS))
    scratch = compiled.scratch()
    out = new_table(len(compiled.columns), PATHS)
    fan = np.empty((0, 4, compiled.scenario.clock.periods + 1))
    found: Counter[str] = Counter()

    def look(frame: FrameType, event: str, _argument: Any) -> Any:
        if not frame.f_code.co_filename.startswith(KERNELS):
            return None
        if event == "call":
            found["calls"] += 1
            if frame.f_code.co_name in NAMED:
                found[frame.f_code.co_name] += 1
        elif event == "line":
            found["lines"] += 1
            found[f"lines of {Path(frame.f_code.co_filename).stem}"] += 1
        return look

    # What is found out once for a deal and remembered is no operation of a path.
    live_paths(compiled.plan, scratch, rows, 0, 0, given, out, fan)
    sys.settrace(look)
    try:
        live_paths(compiled.plan, scratch, rows, 0, 0, given, out, fan)
    finally:
        sys.settrace(None)
    return {name: found[name] / PATHS for name in sorted(found)}


if __name__ == "__main__":
    print(json.dumps({name: count(file) for name, file in DEALS.items()}))
