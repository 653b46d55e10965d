"""THE WAY THROUGH: scenario → plan and draws → paths lived in chunks → results."""

from __future__ import annotations

import os
import platform
from collections import deque
from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from importlib import import_module
from operator import index
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from pfs_sim import __version__
from pfs_sim.draws import Inputs, KeptValues, read_seed, source_seeds
from pfs_sim.errors import InputError
from pfs_sim.lending import LENDER
from pfs_sim.model.scenario import Scenario
from pfs_sim.packing import LEAST_BYTES, Packed, Packing, worth_packing
from pfs_sim.pausing import uncollected
from pfs_sim.plan.lots import grouping
from pfs_sim.plan.outputs import FAN_PATHS, Column, choose, columns, new_flows, output_plan
from pfs_sim.plan.row import SOURCES, Row
from pfs_sim.reading import Loaded, load, scenario_hash, state
from pfs_sim.results import FAN, Results
from pfs_sim.sampling import Design, Uniforms, pseudo_random, read_design
from pfs_sim.tables.wide import ABREAST, new_table

if TYPE_CHECKING:
    from pfs_sim.kernels.path import Plan, Scratch

F8 = npt.NDArray[np.float64]
CHUNK = 16_384
"""Paths that a thread lives at a time, at most."""
Deal = Scenario | Loaded | str | Path | dict[str, Any]


@dataclass(frozen=True)
class Compiled:
    """A scenario ready to be lived: its row of quantities, plan, inputs and columns.

    A path has `width` columns, of which `columns` are asked for.
    """

    scenario: Scenario
    row: Row
    plan: Plan
    inputs: Inputs
    columns: tuple[Column, ...]
    width: int
    followed: int = FAN_PATHS
    """Of so many of the first paths the course is kept."""

    def scratch(self, ledger: bool = False) -> Scratch:
        """Fresh scratch arrays for one thread; with the balances that only a ledger shows."""
        from pfs_sim.kernels.path import MOST_WAITING, Scratch
        from pfs_sim.kernels.random import new_rng
        from pfs_sim.plan.crowd import new_place
        from pfs_sim.plan.money import new_ledger
        from pfs_sim.tables.wide import numbers

        plan = self.plan
        money, flows = new_ledger(plan.money, ledger), new_flows(plan.money, self.width)
        return Scratch(
            rng=new_rng(),
            ledger=money,
            flows=flows,
            events=numbers(money.events),
            row=numbers(flows.row),
            course=numbers(flows.course),
            places=np.zeros(ABREAST, dtype=np.int64),
            turns=np.zeros(ABREAST, dtype=np.int64),
            waiting=np.zeros((MOST_WAITING, 6)),
            **new_place(plan.people, len(self.row.base))._asdict(),
        )


def scenario_of(deal: Deal) -> Scenario:
    """The scenario behind a path, a mapping, something loaded, or itself."""
    if isinstance(deal, Scenario):
        return deal
    loaded = deal if isinstance(deal, Loaded) else load(deal)
    found = loaded.scenario
    assert isinstance(found, Scenario)
    return found


def compile_scenario(
    deal: Deal,
    seed: int = 1,
    *,
    seeds: Mapping[str, int] | None = None,
    frozen: Collection[str] = (),
    uniforms: Uniforms = pseudo_random,
    own_seeds: Mapping[str, int] | None = None,
    kept: KeptValues | None = None,
    fixed: Mapping[str, float] | None = None,
    count_seed: int | None = None,
    merge: Sequence[int] | None = None,
    only: Collection[str] | None = None,
    course: bool = True,
) -> Compiled:
    """Scenario → everything that the kernels need.

    `only` are the results that are asked for, by name; all of them for None. Without the `course`
    of the first paths nothing is followed by grid point. InputError for unknown sources and
    results.

    `merge` are grid points: cohorts that are measured between the same two of them, and of the
    scenario's evaluations, are drawn together. Scenarios that are to be compared on the same
    people need the same; () draws nobody together.

    With `count_seed` the path-level inputs stay as they are, and everything that is drawn inside
    a path (who comes, who leaves, who has the event, which appropriation fails) is another draw.
    """
    from pfs_sim.kernels.path import Plan
    from pfs_sim.plan.money import money_plan
    from pfs_sim.plan.people import people_plan

    scenario = scenario_of(deal)
    unknown = sorted(set(frozen) - set(SOURCES))
    if unknown:
        raise InputError(f"found the source {unknown[0]!r}; allowed: {', '.join(SOURCES)}")
    by_source = source_seeds(seed, seeds)
    counts = by_source if count_seed is None else source_seeds(count_seed)
    row, found = Row(scenario), columns(scenario)
    chosen = choose(found, only)
    plan = Plan(
        people_plan(scenario, row, counts, frozen, merge, moved=tuple(fixed or ())),
        money_plan(scenario, row, counts, frozen=frozen),
        output_plan(scenario, row, found, chosen),
    )
    inputs = Inputs(scenario, row, by_source, frozen, uniforms, own_seeds, kept, fixed)
    asked = tuple(found[place] for place in chosen)
    return Compiled(
        scenario, row, plan, inputs, asked, len(found), FAN_PATHS if course else 0
    )


class Scratches:
    """Scratch arrays of a deal, each lived in by one thread at a time and again by the next."""

    def __init__(self, compiled: Compiled) -> None:
        self._compiled, self._free = compiled, deque["Scratch"]()

    def borrow(self) -> Scratch:
        """Scratch arrays that no other thread lives in."""
        try:
            return self._free.pop()
        except IndexError:
            return self._compiled.scratch()

    def give_back(self, scratch: Scratch) -> None:
        """Nobody lives in these any longer."""
        self._free.append(scratch)


def nothing_given(scenario: Scenario) -> F8:
    """given[measure, evaluation] where no value was measured: NaN."""
    evaluation = scenario.evaluation
    return np.full((len(evaluation.measures), len(evaluation.dates)), np.nan)


def read_given(scenario: Scenario, given: F8 | None) -> F8:
    """given[measure, evaluation] as kernels read it; where nothing is given, NaN.

    InputError for anything but one number for each measure and evaluation.
    """
    nothing = nothing_given(scenario)
    if given is None:
        return nothing
    try:
        found = np.array(given, np.float64, order="C")
    except (TypeError, ValueError):
        raise InputError(f"found {given!r} in `given`; allowed: numbers, or NaN") from None
    if found.shape != nothing.shape:
        raise InputError(
            f"found {found.shape} values in `given`; allowed: {nothing.shape}, one for each "
            "measure and evaluation, NaN where none is given"
        )
    return found


def read_count(what: str, found: Any) -> int:
    """A number of things that a caller asks for, one or more; else InputError."""
    with suppress(TypeError):
        if index(found) >= 1:
            return int(found)
    raise InputError(f"found {found!r} {what}; allowed: a whole number, 1 or more")


def available_memory() -> int | None:
    """Bytes of memory that are free for a run, where the system tells."""
    try:
        for line in Path("/proc/meminfo").read_text().splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_AVPHYS_PAGES")
    except (OSError, ValueError, AttributeError):
        return None


def refuse_if_too_large(count: int, width: int, grid: int, each: float | None = None) -> None:
    """InputError with the figure when the results of a run would not fit in memory.

    `each` is how many bytes a path takes, once some of them are held. Before that, results that
    will be packed are taken to need as little as any deal's: what is refused would not fit.
    """
    if each is None:
        each = width * (LEAST_BYTES if worth_packing(width, count) else 8.0)
    need = each * count + 8 * min(count, FAN_PATHS) * len(FAN) * grid
    free = available_memory()
    if free is not None and need > 0.8 * free:
        raise InputError(
            f"found {count:,} paths, whose results take {need / 1e9:,.1f} GB; "
            f"allowed: what fits in 80 % of the {free / 1e9:,.1f} GB of memory that is free, "
            f"{int(0.8 * free / each):,} paths"
        )


@uncollected()
def simulate(
    deal: Deal,
    paths: int = 10_000,
    seed: int = 1,
    *,
    threads: int | None = None,
    chunk: int = CHUNK,
    seeds: Mapping[str, int] | None = None,
    frozen: Collection[str] = (),
    true_mode: bool = False,
    given: F8 | None = None,
    sampling: Design | str = "random",
    own_seeds: Mapping[str, int] | None = None,
    fixed: Mapping[str, float] | None = None,
    only: str | Collection[str] | None = None,
    progress: Callable[[int], None] | None = None,
) -> Results:
    """Live a deal on many paths.

    The same seed gives the same bits for any number of threads and any chunk, and a run of n paths
    is the first n paths of any longer run. `frozen` sources take their means; `true_mode` replaces
    every measure by its true value; `given[measure, evaluation]` (NaN: not given), both in the
    order of the file, are measured values. `fixed` quantities, by dotted path, have one value on
    every path, and all others what they would have had. `only` are the results that are asked for,
    by their dotted names (an IRR brings its status): the others are not worked out, and take no
    memory; no bit of those that are depends on it. `sampling` is `random`, `antithetic` or `sobol`
    (path-level inputs in 8 replicates of a scrambled Sobol sequence; `sobol:16` in 16). `progress`
    is called with the number of paths done since the last call.
    """
    if paths < 1:
        raise InputError(f"found {paths} paths; allowed: 1 or more")
    seed, design = read_seed(seed), read_design(sampling)
    design.check(paths)
    if design.kind == "sobol" and (seeds or own_seeds):
        raise InputError("found seeds of their own with Sobol sampling; allowed: one seed for all")
    if isinstance(only, str):
        only = (only,)
    if only is not None and not only:
        raise InputError("found no results in `only`; allowed: one or more, or None for all")
    compiled = compile_scenario(
        deal, seed, seeds=seeds, frozen=frozen, uniforms=design.uniforms(seed),
        own_seeds=own_seeds, fixed=fixed, only=only,
    )
    values, fan = live_compiled(
        compiled, paths, threads=threads, chunk=chunk, true_mode=true_mode, given=given,
        progress=progress,
    )
    about: dict[str, Any] = {
        "seed": seed,
        "own_seeds_by_source": dict(seeds or {}),
        "frozen": sorted(frozen),
        "true_mode": true_mode,
    }
    if fixed:
        about["fixed"] = dict(fixed)
    return gather(compiled, values, fan, about, design)


def gather(
    compiled: Compiled, values: F8 | Packed, fan: F8, about: dict[str, Any], sampling: Design
) -> Results:
    """Results of paths lived, with where they came from: `about` the run, the deal, versions."""
    resolved = state(compiled.scenario)
    provenance = {
        "seed": about["seed"],
        "paths": values.shape[1],
        "scenario": compiled.scenario.name,
        "scenario_hash": scenario_hash(resolved),
        **about,
        "grouping": grouping(compiled.plan.people),
        **({} if sampling.kind == "random" else {"sampling": str(sampling)}),
        "versions": versions(),
    }
    return Results(compiled.columns, values, fan, resolved, provenance)


def live_compiled(
    compiled: Compiled,
    paths: int,
    *,
    first: int = 0,
    threads: int | None = None,
    chunk: int = CHUNK,
    true_mode: bool = False,
    given: F8 | None = None,
    progress: Callable[[int], None] | None = None,
) -> tuple[F8 | Packed, F8]:
    """Live paths first … first+paths−1 in chunks on threads: values[column, path] and the fan.

    Many values are packed as they come. InputError where they are seen not to fit in memory.
    """
    from pfs_sim.kernels.path import live_paths

    width, grid = len(compiled.columns), compiled.scenario.clock.periods + 1
    refuse_if_too_large(paths, width, grid)
    values = hold(compiled.columns, paths)
    fan = np.empty((min(paths, compiled.followed), len(FAN), grid))
    measured = read_given(compiled.scenario, given)
    scratches, size = Scratches(compiled), even_size(paths, chunk, threads)

    def work(start: int) -> int:
        stop = min(start + size, paths)
        scratch = scratches.borrow()
        out, place = room_for(values, start, stop - start)
        drawn = compiled.inputs.draw_values(first + start, stop - start)
        course = fan[start:stop]
        live_paths(
            compiled.plan, scratch, compiled.inputs.share_out(drawn), first + start,
            int(true_mode), measured, out, course, place=place,
        )  # fmt: skip
        scratches.give_back(scratch)
        put(values, start, out, grid)
        return stop - start

    do_chunks(work, range(0, paths, size), threads, progress)
    return finish(values), fan


def even_size(paths: int, chunk: int, threads: int | None) -> int:
    """Paths of a chunk, at most `chunk`, so that every thread has as many chunks as the others.

    Where there is room, whole blocks of paths that are lived side by side.
    """
    chunk = read_count("paths in a chunk", chunk)
    workers = count_threads(threads)
    rounds = max(1, -(-paths // (workers * chunk)))
    size = max(1, -(-paths // (workers * rounds)))
    whole = -(-size // ABREAST) * ABREAST
    return whole if whole <= chunk else size


def count_threads(asked: int | None) -> int:
    """So many threads as are asked for, or as there are cores. InputError for less than one."""
    return (os.cpu_count() or 1) if asked is None else read_count("threads", asked)


def do_chunks(
    work: Callable[[int], int],
    starts: Sequence[int],
    threads: int | None,
    progress: Callable[[int], None] | None,
) -> None:
    """Call `work` with the first path of every chunk, on threads; it says what it has done."""
    workers = min(count_threads(threads), len(starts))
    if workers == 1:
        for start in starts:
            done = work(start)
            if progress is not None:
                progress(done)
        return
    with ThreadPoolExecutor(workers) as pool:
        for done in pool.map(work, starts):
            if progress is not None:
                progress(done)


def hold(columns: Sequence[Column], paths: int) -> F8 | Packing:
    """Where the values of a run go."""
    if worth_packing(len(columns), paths):
        return Packing([column.name for column in columns], paths)
    return LENDER.lend(len(columns), paths)


def room_for(values: F8 | Packing, start: int, count: int) -> tuple[F8, int]:
    """Where results[column, path] of paths from `start` on are written, and from which path on."""
    if isinstance(values, Packing):
        return new_table(len(values.names), count), 0
    return values, start


def put(values: F8 | Packing, start: int, out: F8, grid: int) -> None:
    """Hand over results that were written where `room_for` said.

    InputError once they are seen not to fit in memory.
    """
    if isinstance(values, Packing) and (each := values.put(start, out)) is not None:
        refuse_if_too_large(values.paths, out.shape[0], grid, each)


def finish(values: F8 | Packing) -> F8 | Packed:
    """The values of a run that is over."""
    return values.finish() if isinstance(values, Packing) else values


def versions() -> dict[str, str]:
    """Versions of what a result depends on."""
    packages = ("numpy", "scipy", "numba", "llvmlite", "pydantic")
    # They are loaded by now; to ask importlib.metadata takes some ms each.
    own = {name: str(import_module(name).__version__) for name in packages}
    found = {"pfs_sim": __version__, "python": platform.python_version()}
    return {**found, **own, "machine": platform.machine()}
