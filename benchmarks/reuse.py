"""A further contract over the same people, and what better sampling of the inputs saves."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from benchmarks import analyst
from benchmarks.clock import find, take_turns
from benchmarks.figures import SCENARIO, read_figures
from benchmarks.report import Comparison, Options, write
from pfs_sim.analysis.same_people import find_people
from pfs_sim.reading import load
from pfs_sim.simulate import simulate

F8 = npt.NDArray[np.float64]
ONE, FIVE = "1 contract", "5 contracts over the same people"
SEEDS = 8


def _five() -> list[Any]:
    """The deal under five caps on the contract."""
    caps = (14.8e6, 8e6, 10e6, 12e6, 20e6)
    return [load(SCENARIO, (f"contract.cap={cap}",)) for cap in caps]


def compare(options: Options) -> Comparison:
    """The cost of a further contract, and wall time times variance against plain NumPy."""
    paths = 2_048 if options.quick else 8_192
    deals = _five()
    people = find_people(deals[0], paths, threads=1)
    f = read_figures()

    def sampled(kind: str, seed: int = 1) -> F8:
        return simulate(deals[0], paths, seed, threads=2, sampling=kind)["payor.payments"]

    analyst_name = "NumPy analyst, plain"
    kinds = ("random", "antithetic", "sobol")
    timings = take_turns(
        {
            ONE: lambda: [r.paths for r in people.live(deals[:1])],
            FIVE: lambda: [r.paths for r in people.live(deals)],
            analyst_name: lambda: analyst.live(f, paths, 2),
            **{f"pfs-sim, 2 threads, {kind}": lambda kind=kind: sampled(kind) for kind in kinds},
        },
        options.rounds,
        per=paths / 1e6,
        unit="µs a path",
    )
    one, five, plain = find(timings, ONE), find(timings, FIVE), find(timings, analyst_name)
    assert one and five and plain
    values = {"further": (five["cpu"] - one["cpu"]) / 4.0 / one["cpu"]}
    notes = [f"A further contract costs {values['further']:.2f} of a full path."]
    base = float(analyst.live(f, 50_000, 9)[:, 1].var())
    for kind in kinds:
        seeds = 2 if options.quick else SEEDS
        variance = float(np.mean([_variance(sampled(kind, s), kind) for s in range(1, seeds + 1)]))
        ours = find(timings, f"pfs-sim, 2 threads, {kind}")
        assert ours
        saved = base / (variance * paths)
        values[f"efficiency_{kind}"] = plain["wall"] / ours["wall"] * saved
        notes.append(
            f"{kind}: the variance of the mean payment falls {write(saved)}-fold, wall time times "
            f"variance {write(values[f'efficiency_{kind}'])}-fold, against the NumPy analyst."
        )
    values["efficiency"] = max(values["efficiency_antithetic"], values["efficiency_sobol"])
    return Comparison("A further contract; wall time times variance", timings, notes, values)


def _variance(payments: F8, kind: str) -> float:
    """Variance of the mean of one run, from its independent parts."""
    if kind == "random":
        return float(payments.var(ddof=1) / payments.size)
    if kind == "antithetic":
        pairs = payments.reshape(-1, 2).mean(1)
        return float(pairs.var(ddof=1) / pairs.size)
    replicates = payments.reshape(-1, 8).mean(0)
    return float(replicates.var(ddof=1) / replicates.size)
