"""`python -m benchmarks`: measure everything side by side in one run, and write it down."""

from __future__ import annotations

import argparse
import gc
import os
import platform
import subprocess
import sys
import time
from dataclasses import replace
from datetime import date
from importlib import import_module
from pathlib import Path
from typing import Any

from benchmarks.compiled import find_compiler
from benchmarks.goals import judge
from benchmarks.report import (
    Comparison,
    Options,
    put_in_readme,
    read_json,
    write_json,
    write_tables,
)

COMPARISONS = {
    "deal": "deal",
    "shares": "shares",
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
    """Run the comparisons; write `results.json` and the tables of `README.md`."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer rounds and paths; no cold JIT")
    parser.add_argument(
        "--only", action="append", choices=COMPARISONS,
        help="measure one comparison anew; what is stored of the others stays",
    )  # fmt: skip
    parser.add_argument(
        "--yardsticks", type=Path, metavar="DIR",
        help="a folder of hard-coded reference programs (spec.py, cref.py) to measure against",
    )  # fmt: skip
    parser.add_argument("--dry", action="store_true", help="print the tables and write nothing")
    asked = parser.parse_args(arguments)
    options, about = Options(asked.quick, asked.yardsticks), describe()
    fresh: dict[str, Comparison] = {}
    for name in asked.only or COMPARISONS:
        print(f"{name} …", file=sys.stderr, flush=True)
        load, began = _load(), time.perf_counter()
        one = import_module(f"benchmarks.{COMPARISONS[name]}").compare(options)
        took = time.perf_counter() - began
        when = (
            f"{date.today().isoformat()}, commit `{_commit()}`"
            f"{', `--quick`' if options.quick else ''}, in {took:.0f} s; load of the machine "
            f"{load} when it began, {_load()} when it ended."
        )
        fresh[name] = replace(one, when=when)
        gc.collect()
    stored = read_json() if asked.only else {}
    found = {name: one for name in COMPARISONS if (one := fresh.get(name) or stored.get(name))}
    goals = judge({key: value for one in found.values() for key, value in one.values.items()})
    tables = write_tables(found, about, goals)
    if asked.dry:
        print(write_tables(fresh, about, []))
        return 0
    print(tables)
    write_json(found, about, goals)
    put_in_readme(tables)
    return 0


def describe() -> dict[str, Any]:
    """The machine and the versions."""
    from pfs_sim.simulate import versions

    compiler = _say([find_compiler() or "false", "--version"])
    return {
        "processor": _processor(),
        "cores": os.cpu_count(),
        "memory": _memory(),
        "system": f"{platform.system()} {platform.release()}",
        "versions": {**versions(), "compiler": compiler},
    }


def _load() -> str:
    """Programs that wanted a processor in the last minute."""
    return f"{os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else "unknown"


def _commit() -> str:
    return _say(["git", "rev-parse", "--short", "HEAD"])


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
