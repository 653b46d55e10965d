"""`python -m benchmarks`: measure everything side by side in one run, and write it down."""

from __future__ import annotations

import argparse
import gc
import os
import platform
import subprocess
import sys
import time
from datetime import date
from importlib import import_module
from pathlib import Path
from typing import Any

from benchmarks.compiled import find_compiler
from benchmarks.goals import judge
from benchmarks.report import Comparison, Options, put_in_readme, write_json, write_tables

COMPARISONS = {
    "deal": "deal",
    "reuse": "reuse",
    "tables": "tables",
    "samplers": "samplers",
    "irr": "internal_rates",
    "start": "start",
    "memory": "memory",
    "growth": "growth",
    "scenarios": "deals",
}
"""Name: module with `compare(options)`."""


def main(arguments: list[str] | None = None) -> int:
    """Run the comparisons; with all of them, write `results.json` and the tables of `README.md`."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer rounds and paths; no cold JIT")
    parser.add_argument(
        "--only", action="append", choices=COMPARISONS, help="one comparison; nothing is written"
    )
    parser.add_argument(
        "--yardsticks", type=Path, metavar="DIR",
        help="a folder of hard-coded reference programs (spec.py, cref.py) to measure against",
    )  # fmt: skip
    asked = parser.parse_args(arguments)
    options, began = Options(asked.quick, asked.yardsticks), time.perf_counter()
    about = describe(options)
    found: dict[str, Comparison] = {}
    for name in asked.only or COMPARISONS:
        print(f"{name} …", file=sys.stderr, flush=True)
        found[name] = import_module(f"benchmarks.{COMPARISONS[name]}").compare(options)
        gc.collect()
    values = {key: value for one in found.values() for key, value in one.values.items()}
    goals = judge(values) if asked.only is None else []
    about["seconds"] = round(time.perf_counter() - began, 1)
    tables = write_tables(found, about, goals)
    print(tables)
    if asked.only is None:
        write_json(found, about, goals)
        put_in_readme(tables)
    return 0


def describe(options: Options) -> dict[str, Any]:
    """The machine, the versions and how the run was asked for."""
    from pfs_sim.simulate import versions

    words = ["python -m benchmarks"]
    words += ["--quick"] * options.quick
    words += ["--yardsticks DIR"] * (options.yardsticks is not None)
    load = ", ".join(f"{x:.1f}" for x in os.getloadavg()) if hasattr(os, "getloadavg") else "?"
    return {
        "date": date.today().isoformat(),
        "command": " ".join(words),
        "commit": _say(["git", "rev-parse", "--short", "HEAD"]),
        "processor": _processor(),
        "cores": os.cpu_count(),
        "memory": _memory(),
        "system": f"{platform.system()} {platform.release()}",
        "load": load,
        "versions": {**versions(), "compiler": _say([find_compiler() or "false", "--version"])},
    }


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        return next(line.split(":", 1)[1].strip() for line in lines if "model name" in line)
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


def _memory() -> str:
    try:
        held = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (ValueError, OSError, AttributeError):
        return "memory unknown"
    return f"{held / 2**30:.0f} GiB"


def _say(words: list[str]) -> str:
    """The first line that a program prints; nothing where it fails."""
    try:
        done = subprocess.run(words, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return "none"
    return done.stdout.splitlines()[0]


if __name__ == "__main__":
    raise SystemExit(main())
