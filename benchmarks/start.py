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
NUMBA = "import numba, os; os._exit(0)"
THOUSAND = (
    f"import os; from pfs_sim.simulate import simulate; simulate({DEAL!r}, 1000); os._exit(0)"
)


def call(words: Sequence[str], **more: str) -> str:
    """Run a program of this interpreter at the root of the repository; its stderr.

    It finds the package's bytecode, as it does where the package is installed.
    """
    known = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
    known["PYTHONPYCACHEPREFIX"] = str(Path(tempfile.gettempdir()) / "pfs-sim-benchmarks")
    done = subprocess.run(
        [sys.executable, *words], cwd=ROOT, env={**known, **more}, check=True,
        capture_output=True, text=True,
    )  # fmt: skip
    return done.stderr


def compare(options: Options) -> Comparison:
    """Seconds a process, from start to exit, or to the last word of what it was asked to do."""
    timings = take_turns(
        {
            "`python -c pass`": lambda: call(["-c", "pass"]),
            "`import numba` alone": lambda: call(["-c", NUMBA]),
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
        )
        values["ct_run_seconds"] = timings[-1]["wall"]
        said: list[str] = []

        def cold() -> None:
            with tempfile.TemporaryDirectory() as folder:
                words = ["-m", "pfs_sim", "run", DEAL, "--paths", "1000"]
                said.append(call(words, PFS_SIM_CACHE_DIR=folder))

        name = "`pfs-sim run` of CT, 1,000 paths, empty cache"
        timings += take_turns({name: cold}, 1, warm=False)
        values["cold_seconds"] = timings[-1]["wall"]
        notes.append(f"A cold start says: “{said[0].splitlines()[0]}”")
    notes.append(
        "`import numba` and the first 1,000 paths are timed without the interpreter's exit, and "
        "judged by CPU time, which other programs disturb least; a cold start, in two processes, "
        "by wall time."
    )
    return Comparison("Start-up", timings, notes, values)
