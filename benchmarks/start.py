"""Start-up: the first run on a machine, a cached one, help, and the bare imports."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from benchmarks.clock import find, take_turns
from benchmarks.report import Comparison, Options

ROOT = Path(__file__).resolve().parents[1]
DEAL = "scenarios/ct_family_stability.yaml"
THOUSAND = f"from pfs_sim.simulate import simulate; simulate({DEAL!r}, 1000)"


def call(words: Sequence[str], **more: str) -> str:
    """Run a program of this interpreter at the root of the repository; its stderr."""
    done = subprocess.run(
        [sys.executable, *words], cwd=ROOT, env={**os.environ, **more}, check=True,
        capture_output=True, text=True,
    )  # fmt: skip
    return done.stderr


def compare(options: Options) -> Comparison:
    """Seconds a process, from start to exit."""
    timings = take_turns(
        {
            "`python -c pass`": lambda: call(["-c", "pass"]),
            "`import numba` alone": lambda: call(["-c", "import numba"]),
            "`import pfs_sim`": lambda: call(["-c", "import pfs_sim"]),
            "`pfs-sim --help`": lambda: call(["-m", "pfs_sim", "--help"]),
            "first 1,000 paths of CT, cached": lambda: call(["-c", THOUSAND]),
        },
        options.rounds,
    )
    values, notes = {}, []
    numba, thousand = find(timings, "`import numba` alone"), timings[-1]
    helped = find(timings, "`pfs-sim --help`")
    assert numba and helped
    values["first_thousand"] = thousand["cpu"] / numba["cpu"]
    values["help_seconds"] = helped["wall"]
    if options.quick:
        notes.append("`--quick`: neither a cold start nor 100,000 paths of CT.")
    else:
        timings += take_turns(
            {
                "`pfs-sim run` of CT, 100,000 paths, cached": lambda: call(
                    ["-m", "pfs_sim", "run", DEAL, "--paths", "100000", "--quiet"]
                )
            },
            3,
            warm=False,
        )
        values["ct_run_seconds"] = timings[-1]["wall"]
        said: list[str] = []

        def cold() -> None:
            with tempfile.TemporaryDirectory() as folder:
                said.append(call(["-m", "pfs_sim", "warmup"], PFS_SIM_CACHE_DIR=folder))

        timings += take_turns({"`pfs-sim warmup`, empty cache": cold}, 1, warm=False)
        values["cold_seconds"] = timings[-1]["cpu"]
        notes.append(f"A cold start says: “{said[0].splitlines()[0]}”")
    notes.append(
        "What runs in one thread (a cold start, the first 1,000 paths) is judged by CPU time, "
        "which is its wall time on an idle machine."
    )
    return Comparison("Start-up", timings, notes, values)
