"""How many paths are enough, and what a sampling saves.

A run goes on in batches until the 95 % intervals of the named metrics are narrow enough. Paths
have addresses, so what comes out is a plain run of so many paths, to the bit. The number of paths
depends on what the first ones showed; with the thousands of a first batch that moves an interval's
coverage by little (Glynn and Whitt 1992, Annals of Applied Probability 2(1), 180-198).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from pfs_sim.analysis.same_people import Progress, find_people
from pfs_sim.errors import InputError
from pfs_sim.metrics.deal import summarize
from pfs_sim.metrics.estimates import NAN, Estimate, Interval, find_critical_value, number_or_null
from pfs_sim.metrics.influence import find_influence
from pfs_sim.metrics.sampling import Sampling
from pfs_sim.metrics.table import MetricTable, split_address
from pfs_sim.packing import join as join_values
from pfs_sim.plan.outputs import FAN_PATHS
from pfs_sim.results import Results
from pfs_sim.sampling import Design, read_design
from pfs_sim.simulate import CHUNK, Deal, compile_scenario, gather, live_compiled

FIRST, MOST = 4096, 1_000_000
SAFETY = 1.1
"""More than the paths that the error so far asks for: it is itself an estimate."""


class Goal(NamedTuple):
    """Half a 95 % interval of a metric: at most `width`, or that share of its value."""

    address: str
    width: float
    relative: bool

    def __str__(self) -> str:
        size = f"{100 * self.width:g}%" if self.relative else f"{self.width:,g}"
        return f"{self.address} within {size}"


class Reached(NamedTuple):
    """A goal, how wide the half interval is, and how wide it may be."""

    goal: Goal
    half: float
    allowed: float

    @property
    def met(self) -> bool:
        """Whether the interval is narrow enough."""
        return self.half <= self.allowed

    def to_json(self) -> dict[str, Any]:
        """Plain data."""
        return {
            "metric": self.goal.address,
            "relative": self.goal.relative,
            "width": self.goal.width,
            "half_interval": number_or_null(self.half),
            "allowed": number_or_null(self.allowed),
            "met": self.met,
        }


@dataclass(frozen=True)
class Precise:
    """A run that went on until its goals were met or its limit was reached."""

    results: Results
    table: MetricTable
    goals: tuple[Reached, ...]
    batches: tuple[int, ...]
    """Paths after each batch."""

    @property
    def met(self) -> bool:
        """Whether every goal is met."""
        return all(goal.met for goal in self.goals)


def read_goal(text: str) -> Goal:
    """`payor.payments.mean=0.5%` (of its value) or `payor.payments.mean=50000` as a goal."""
    address, equals, width = (part.strip() for part in text.partition("="))
    try:
        size = float(width.removesuffix("%").replace("_", ""))
    except ValueError:
        size = NAN
    if not equals or "." not in address or not (0.0 < size < math.inf):
        raise InputError(
            f"found the goal {text!r}; allowed: METRIC=WIDTH with a width above 0, such as "
            "payor.payments.mean=0.5% (of its value) or payor.payments.mean=50000"
        )
    relative = width.endswith("%")
    return Goal(address, size / 100.0 if relative else size, relative)


def find_half(found: Estimate | Interval) -> float:
    """Half the width of the 95 % interval; infinite where it is open or unknown."""
    interval = found.interval() if isinstance(found, Estimate) else found
    half = (interval.high - interval.low) / 2.0
    return half if math.isfinite(half) else math.inf


def reach(table: MetricTable, goal: Goal) -> Reached:
    """How a run stands to a goal. InputError for a metric that it does not have."""
    found = table.get(goal.address)
    allowed = goal.width * abs(found.value) if goal.relative else goal.width
    return Reached(goal, find_half(found), allowed if math.isfinite(allowed) else 0.0)


def simulate_until(
    deal: Deal,
    goals: Sequence[Goal | str],
    *,
    most: int = MOST,
    first: int = FIRST,
    seed: int = 1,
    sampling: Design | str = "random",
    threads: int | None = None,
    chunk: int = CHUNK,
    progress: Progress | None = None,
    planned: Callable[[int], None] | None = None,
) -> Precise:
    """Live paths until every goal is met, or `most` of them.

    `planned` is called with the number of paths before each batch. With Sobol sampling the paths
    are doubled, so that every replicate stays balanced. InputError for an unknown metric or no
    goal.
    """
    wanted = [read_goal(goal) if isinstance(goal, str) else goal for goal in goals]
    if not wanted:
        raise InputError("found no goal; allowed: METRIC=WIDTH, one or more")
    if most < 2:
        raise InputError(f"found a limit of {most} paths; allowed: 2 or more")
    design = read_design(sampling)
    limit = most - most % design.group
    design.check(max(limit, design.group))
    compiled = compile_scenario(deal, seed, uniforms=design.uniforms(seed))
    for goal in wanted:
        split_address(goal.address, [column.name for column in compiled.columns])
    about: dict[str, Any] = {
        "seed": seed, "own_seeds_by_source": {}, "frozen": [], "true_mode": False
    }
    paths, batches = min(design.fit(first), limit), list[int]()
    parts: list[Results] = []
    while True:
        done = batches[-1] if batches else 0
        if planned is not None:
            planned(paths)
        values, fan = live_compiled(
            compiled, paths - done, first=done, threads=threads, chunk=chunk, progress=progress
        )
        parts.append(gather(compiled, values, fan, about, design))
        results = join(parts)
        parts, table = [results], summarize(results)
        batches.append(paths)
        reached = tuple(reach(table, goal) for goal in wanted)
        if all(one.met for one in reached) or paths >= limit:
            return Precise(results, table, reached, tuple(batches))
        paths = min(_plan(paths, reached, design), limit)


def _plan(paths: int, reached: Sequence[Reached], design: Design) -> int:
    """Paths of the run after one more batch: what the widest goal asks for, at most four times."""
    need = max((one.half / one.allowed) ** 2 if one.allowed > 0 else math.inf for one in reached)
    factor = min(max(SAFETY * need, 1.25), 4.0)
    if design.kind == "sobol":
        return paths * (4 if factor > 2.8 else 2)
    return design.fit(math.ceil(paths * factor))


def join(parts: Sequence[Results]) -> Results:
    """Results of consecutive paths as those of one run."""
    if len(parts) == 1:
        return parts[0]
    values = join_values(parts[0].names, [part.held for part in parts])
    fan = np.concatenate([part.fan for part in parts])[:FAN_PATHS]
    about = parts[0].provenance | {"paths": values.shape[1]}
    return Results(parts[0].columns, values, fan, parts[0].resolved, about)


class Saving(NamedTuple):
    """What a sampling saves for one statistic: variance at random over its variance.

    `gain` is measured from the run and uncertain (`low`, `high`: its 95 % interval); `share` of
    the statistic's variance is carried by path-level inputs, so `ceiling` = 1/(1 − share) is the
    most that any sampling of them can save.
    """

    address: str
    gain: float
    low: float
    high: float
    share: Estimate
    ceiling: float

    def to_json(self) -> dict[str, Any]:
        """Plain data; what cannot be told is null."""
        return {
            "gain": number_or_null(self.gain),
            "low": number_or_null(self.low),
            "high": number_or_null(self.high),
            "input_share": self.share.to_json(),
            "ceiling": number_or_null(self.ceiling),
        }


def find_savings(
    deal: Deal,
    results: Results,
    addresses: Iterable[str],
    *,
    paths: int = FIRST,
    threads: int | None = None,
    progress: Progress | None = None,
) -> list[Saving]:
    """What the sampling of a run saved, beside the most that it could have.

    The share that path-level inputs carry is the correlation of a statistic's influence between
    two runs of `paths` random paths with the same inputs and other counts (the closed index of
    the inputs: Janon et al. 2014, ESAIM P&S 18, eq. 6).
    """
    seed = int(results.provenance["seed"])
    table, design = summarize(results), read_design(results.provenance.get("sampling", "random"))
    people = find_people(deal, paths, seed, threads=threads)
    twins = []
    for count_seed in (None, seed + 1):
        compiled = compile_scenario(deal, seed, count_seed=count_seed)
        values, fan = live_compiled(compiled, paths, threads=threads, progress=progress)
        twins.append(gather(compiled, values, fan, {"seed": seed}, people.sampling))
    tables = [summarize(twin) for twin in twins]
    found = []
    for address in addresses:
        one, other = (
            find_influence(twin, own, address).paths
            for twin, own in zip(twins, tables, strict=True)
        )
        share = _correlate(one, other)
        gain, low, high = _measure_gain(results, table, address, design)
        ceiling = 1.0 / (1.0 - share.value) if share.value < 1.0 else math.inf
        found.append(Saving(address, gain, low, high, share, ceiling))
    return found


def _correlate(one: np.ndarray[Any, Any], other: np.ndarray[Any, Any]) -> Estimate:
    """Correlation of two centered influences with its error (delta method), from 0 to 1."""
    spread = float(np.mean(one * one) + np.mean(other * other)) / 2.0
    if not spread > 0.0:
        return Estimate(NAN, NAN)
    both = one * other
    value = float(np.mean(both)) / spread
    off = (both - value * (one * one + other * other) / 2.0) / spread
    return Estimate(min(max(value, 0.0), 1.0), float(np.std(off, ddof=1)) / math.sqrt(one.size))


def _measure_gain(
    results: Results, table: MetricTable, address: str, design: Design
) -> tuple[float, float, float]:
    """Variance at random over the variance that the run's groups show, with its 95 % interval."""
    influence = find_influence(results, table, address)
    apart = Sampling().find_standard_error(influence.paths, np.ones(results.paths, dtype=bool))
    if not (influence.se > 0.0 and apart > 0.0):
        return NAN, NAN, NAN
    gain = (apart / influence.se) ** 2
    if design.kind == "random":
        return 1.0, 1.0, 1.0
    groups = design.replicates if design.kind == "sobol" else results.paths // 2
    df = groups - 1
    if df > 1000:
        half = math.exp(find_critical_value() * math.sqrt(2.0 / df))
        return gain, gain / half, gain * half
    from pfs_sim.special import chdtri

    return gain, gain * float(chdtri(df, 0.975)) / df, gain * float(chdtri(df, 0.025)) / df
