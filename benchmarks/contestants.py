"""Who lives the yardstick deal, each as a function (paths, seed, threads) -> [path, 7]."""

from __future__ import annotations

import importlib.util
import tempfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import ModuleType

import numpy as np
import numpy.typing as npt

from benchmarks import analyst, textbook
from benchmarks.compiled import Reference, find_compiler
from benchmarks.figures import SCENARIO, Figures
from pfs_sim.reading import load
from pfs_sim.results import Results
from pfs_sim.simulate import simulate

F8 = npt.NDArray[np.float64]
Contestant = Callable[[int, int, int], F8]

OURS = "pfs-sim, from the scenario file"
ANALYST = "NumPy, as an analyst writes it"
NUMBA = "Numba, textbook samplers"
STANDARD = "C++, standard library"
TEXTBOOK = "C++, textbook samplers (yardsticks)"
FAST = "C++, fast (yardsticks)"

_COLUMNS = (
    "payor.payments",
    *(f"tranche.{name}.irr" for name in ("senior", "junior", "grant")),
    "tranche.senior.principal_loss",
    "guarantor.paid",
)


def as_law(results: Results) -> F8:
    """Results of pfs-sim in the order of `figures.LAW`."""
    enrolled = results["program.enrolled"] + results["program.control"]
    return np.column_stack([enrolled, *(results[name] for name in _COLUMNS)])


def ours() -> Contestant:
    """pfs-sim through its public function; every call reads and compiles the scenario file."""

    def live(paths: int, seed: int, threads: int) -> F8:
        return as_law(simulate(load(SCENARIO), paths, seed, threads=threads))

    return live


def contestants(f: Figures, yardsticks: Path | None = None) -> dict[str, Contestant]:
    """All who can take part on this machine; the fast C++ only where its folder is given."""
    found: dict[str, Contestant] = {
        OURS: ours(),
        ANALYST: lambda paths, seed, threads: analyst.live(f, paths, seed),
        NUMBA: lambda paths, seed, threads: textbook.live(f, paths, seed),
    }
    if find_compiler() is not None:
        found[STANDARD] = Reference(f).live
        if yardsticks is not None:
            found |= _from_folder(yardsticks)
    return found


THREADED = (OURS, STANDARD, TEXTBOOK, FAST)
"""Those that a number of threads means something to."""


def _from_folder(folder: Path) -> dict[str, Contestant]:
    """The hard-coded reference programs of a folder with `spec.py` and `cref.py`."""
    spec, cref = _module(folder, "spec"), _module(folder, "cref")
    library, figures = _build(cref), spec.default()
    names = ("enrolled", "pay_total", "irr_senior", "irr_junior", "irr_grant", "senior_loss",
             "guarantee")  # fmt: skip
    places = [spec.NAMES.index(name) for name in names]

    def through(run: Callable[..., F8]) -> Contestant:
        def live(paths: int, seed: int, threads: int) -> F8:
            edges = [paths * k // threads for k in range(threads + 1)]
            out = np.empty((paths, len(spec.NAMES)))

            def work(k: int) -> None:
                first, stop = edges[k], edges[k + 1]
                part = out[first:stop]
                run(library, *figures, seed, stop - first, 1, path0=first, out=part)

            if threads == 1:
                work(0)
            else:
                with ThreadPoolExecutor(threads) as pool:
                    list(pool.map(work, range(threads)))
            return out[:, places]

        return live

    return {TEXTBOOK: through(cref.run_std), FAST: through(cref.run_fast)}


def _build(cref: ModuleType) -> object:
    """The library of a folder; threads are ours, so a compiler without OpenMP does."""
    with tempfile.TemporaryDirectory() as stub:
        (Path(stub) / "omp.h").write_text(
            "inline int omp_get_max_threads() { return 1; }\n"
            "inline int omp_get_thread_num() { return 0; }\n"
            "inline int omp_get_num_threads() { return 1; }\n"
            "inline void omp_set_num_threads(int) {}\n"
        )
        return cref.build(find_compiler(), ("-O3", "-march=native", f"-I{stub}"))


def _module(folder: Path, name: str) -> ModuleType:
    found = importlib.util.spec_from_file_location(f"yardsticks_{name}", folder / f"{name}.py")
    if found is None or found.loader is None or not (folder / f"{name}.py").is_file():
        raise SystemExit(f"found no {name}.py in {folder}; --yardsticks takes a folder that has it")
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    return module
