"""Peak memory of a process by paths, and what writing them to Parquet costs."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path

from benchmarks.clock import take_turns
from benchmarks.report import Comparison, Options, write
from benchmarks.start import DEAL, ROOT

WAYS = {
    "import alone": "import numba, pfs_sim.simulate",
    "1,000 paths": "from pfs_sim import simulate; simulate({deal!r}, 1_000)",
    "100,000 paths": "from pfs_sim import simulate; simulate({deal!r}, 100_000)",
    "1,000,000 paths, all of `pfs-sim run`": (
        "from pfs_sim.cli import main; main(['run', {deal!r}, '--paths', '1000000', '--quiet'], "
        "standalone_mode=False)"
    ),
}
# Linux hands ru_maxrss on from the program that started this one; VmHWM is the program's own.
TELL = """
import resource, pathlib
status = pathlib.Path("/proc/self/status")
if status.exists():
    line = next(x for x in status.read_text().splitlines() if x.startswith("VmHWM"))
    print(line.split()[1])
else:
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


def peak(code: str) -> float:
    """Peak resident memory in MB of a process that runs `code`."""
    done = subprocess.run(
        [sys.executable, "-c", code + "\n" + TELL], cwd=ROOT, env=dict(os.environ), check=True,
        capture_output=True, text=True,
    )  # fmt: skip
    # Kilobytes, but bytes on macOS.
    return int(done.stdout.split()[-1]) / (1e6 if sys.platform == "darwin" else 1024.0)


def compare(options: Options) -> Comparison:
    """Peak memory, and seconds of simulation and of writing."""
    values, notes = {}, []
    ways = list(WAYS.items())[: 2 if options.quick else None]
    found = {name: peak(code.format(deal=DEAL)) for name, code in ways}
    notes.append("Peak memory, CT: " + ", ".join(f"{k} {v:,.0f} MB" for k, v in found.items()))
    if not options.quick:
        values["memory_mb"] = list(found.values())[-1]
    if find_spec("pyarrow") is None:
        notes.append("pyarrow is not installed (extra `parquet`): no Parquet.")
        return Comparison("Memory and Parquet", [], notes, values)
    from pfs_sim.simulate import simulate

    paths = 5_000 if options.quick else 20_000
    deal = ROOT / DEAL
    results = simulate(deal, paths, threads=1)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "paths.parquet"
        timings = take_turns(
            {
                "simulation, one thread": lambda: simulate(deal, paths, threads=1),
                "writing Parquet": lambda: results.write_parquet(file),
            },
            options.rounds,
            per=paths / 1e6,
            unit="µs a path",
        )
        size = file.stat().st_size
    values["parquet"] = timings[1]["cpu"] / timings[0]["cpu"]
    notes.append(
        f"{len(results.columns)} columns; Parquet takes {write(size / paths)} bytes a path and "
        f"{write(1000 * timings[1]['cpu'] / len(results.columns))} ns a value."
    )
    for one in timings:
        one["ratio"] = one["cpu"] / timings[0]["cpu"]
    return Comparison("Memory and Parquet", timings, notes, values, "CPU time over simulation")
