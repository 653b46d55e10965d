"""A guard against slow code that no clock is needed for: `python -m benchmarks.guard`.

Two things are held to `guard.json` within a band. Operations of a path (`benchmarks.counting`):
exact, and the same on every machine. The machine code of `live_paths`, in bytes: what the
compiler makes of the kernels, compared only where processor and compiler are those of the file.
`--update` writes what is found; a change of a sampler or a new feature is a reason to.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
FILE = Path(__file__).with_name("guard.json")
BAND = {"operations": 0.05, "code": 0.20}
FEW = 20.0
"""Operations a path below which a count is too small to be held to a band of its own."""


def count_operations() -> dict[str, dict[str, float]]:
    """Operations a path by deal, from a process without the compiler."""
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.counting"],
        cwd=ROOT, env={**os.environ, "NUMBA_DISABLE_JIT": "1", "PFS_SIM_ABREAST": "16"},
        check=True, capture_output=True, text=True,
    )  # fmt: skip
    found: dict[str, dict[str, float]] = json.loads(done.stdout.splitlines()[-1])
    return found


def weigh_code() -> dict[str, Any]:
    """Bytes of machine code of `live_paths` compiled into an empty cache, and what made it."""
    from llvmlite.binding import get_host_cpu_name

    from pfs_sim.simulate import versions

    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(
            [sys.executable, "-m", "pfs_sim", "warmup", "--quiet"], cwd=ROOT, check=True,
            env={**os.environ, "PFS_SIM_CACHE_DIR": folder},
        )  # fmt: skip
        size = sum(file.stat().st_size for file in Path(folder).rglob("*.nbc"))
    made = {name: versions()[name] for name in ("numba", "llvmlite")}
    return {"processor": get_host_cpu_name(), **made, "live_paths": size}


def compare(stored: dict[str, Any], found: dict[str, Any]) -> list[str]:
    """What left its band, in words; nothing where all is well."""
    said = []
    for deal, before in stored["operations"].items():
        now = found["operations"].get(deal, {})
        for name in sorted({*before, *now}):
            said += _outside(
                f"{deal}: {name}", before.get(name, 0.0), now.get(name, 0.0), BAND["operations"]
            )
    old, new = stored.get("code"), found.get("code")
    if old and new and {**old, "live_paths": 0} == {**new, "live_paths": 0}:
        said += _outside("code of live_paths", old["live_paths"], new["live_paths"], BAND["code"])
    return said


def _outside(what: str, before: float, now: float, band: float) -> list[str]:
    if max(before, now) < FEW or abs(now - before) <= band * before:
        return []
    change = f"{now / before - 1.0:+.1%}" if before else "new"
    return [f"{what}: {before:,.0f} -> {now:,.0f} ({change}, allowed ±{band:.0%})"]


def main(arguments: list[str] | None = None) -> int:
    """Compare or update; the exit code is 1 where something left its band."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.guard", description=__doc__)
    parser.add_argument("--update", action="store_true", help="write what is found")
    parser.add_argument("--code", action="store_true", help="also weigh the code (a cold compile)")
    asked = parser.parse_args(arguments)
    found: dict[str, Any] = {"operations": count_operations()}
    if asked.code:
        found["code"] = weigh_code()
    stored = json.loads(FILE.read_text(encoding="utf-8")) if FILE.is_file() else {}
    if asked.update:
        FILE.write_text(json.dumps({**stored, **found}, indent=1) + "\n", encoding="utf-8")
        print(f"wrote {FILE.name}")
        return 0
    said = compare(stored, found)
    for line in said:
        print(line)
    totals = ", ".join(f"{k} {v['lines']:,.0f}" for k, v in found["operations"].items())
    print(f"lines of kernels a path: {totals}; {len(said)} outside of their band")
    return 1 if said else 0


if __name__ == "__main__":
    raise SystemExit(main())
