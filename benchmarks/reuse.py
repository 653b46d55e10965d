"""A further contract over the same people, and what better sampling of the inputs saves."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmarks import analyst
from benchmarks.clock import Timing, find, take_turns
from benchmarks.figures import SCENARIO, read_figures
from benchmarks.report import Comparison, Options, write
from pfs_sim.analysis.same_people import find_people
from pfs_sim.reading import load
from pfs_sim.simulate import simulate

F8 = npt.NDArray[np.float64]
ONE, FIVE = "1 contract", "5 contracts over the same people"
CT = Path(__file__).parents[1] / "scenarios" / "ct_family_stability.yaml"
_OUTCOMES = ("placement", "re_referral", "screens", "days")
YARDSTICK = (
    "program.enrolled", "program.completed", "program.control",
    *(f"outcome.{name}.effect_measured" for name in _OUTCOMES),
    "payor.payments", *(f"payor.payments.{name}" for name in _OUTCOMES), "payor.net_benefit_pv",
    *(f"tranche.{name}.irr" for name in ("senior", "junior", "grant")),
    "tranche.senior.principal_loss", "guarantor.senior_guarantee.paid",
)  # fmt: skip
"""The results that the yardsticks keep of a path, but for two that no deal of ours reports (the
multiplier and the z of its test)."""
ASKED = {
    "": None, ", the yardsticks' results": YARDSTICK, ", payments alone": ("payor.payments",),
    ", an IRR alone": ("investors.irr",),
}  # fmt: skip
"""Results that are asked for: all of them, as a sweep does, those of a yardstick, or one, as
`solve` does."""
SEEDS = 8


def _five(file: str | Path) -> list[Any]:
    """A deal under five caps on the contract."""
    caps = (14.8e6, 8e6, 10e6, 12e6, 20e6)
    return [load(file, (f"contract.cap={cap}",)) for cap in caps]


def _pay(deals: list[Any], paths: int, only: tuple[str, ...] | None) -> int:
    """Live deals over people whom nobody has lived before."""
    people = find_people(deals[0], paths, threads=1)
    return sum(results.paths for results in people.live(deals, only=only, course=False))


def compare(options: Options) -> Comparison:
    """The cost of a further contract, and wall time times variance against plain NumPy."""
    paths, sampled_paths = (2_048, 2_048) if options.quick else (100_000, 32_768)
    f = read_figures()
    over = {"": _five(SCENARIO), "CT: ": _five(CT)}

    def sampled(kind: str, seed: int = 1) -> F8:
        deal = over[""][0]
        return simulate(deal, sampled_paths, seed, threads=2, sampling=kind)["payor.payments"]

    def pay(head: str, asked: str, deals: int) -> Callable[[], int]:
        return lambda: _pay(over[head][:deals], paths, ASKED[asked])

    analyst_name = "NumPy analyst, plain"
    kinds = ("random", "antithetic", "sobol")
    sampling: dict[str, Callable[[], object]] = {
        analyst_name: lambda: analyst.live(f, sampled_paths, 2),
        **{f"pfs-sim, 2 threads, {kind}": lambda kind=kind: sampled(kind) for kind in kinds},
    }
    timings = list[Timing]()
    for head, asked in (*(("", asked) for asked in ASKED), ("CT: ", "")):
        # Pair by pair: results of another size would take away the memory that is lent again, and
        # which of the two then pays for fresh pages would be an accident of the order.
        timings += take_turns(
            {f"{head}{name}{asked}": pay(head, asked, n) for name, n in ((ONE, 1), (FIVE, 5))},
            options.rounds,
            per=paths / 1e6,
            unit="µs a path",
        )
    # Sobol points are balanced in powers of two.
    timings += take_turns(sampling, options.rounds, per=sampled_paths / 1e6, unit="µs a path")
    plain = find(timings, analyst_name)
    assert plain
    values = {
        "further": _find_share(timings, ""),
        "further_yardstick": _find_share(timings, "", ", the yardsticks' results"),
        "further_payments": _find_share(timings, "", ", payments alone"),
        "further_irr": _find_share(timings, "", ", an IRR alone"),
        "further_ct": _find_share(timings, "CT: "),
    }
    notes = [
        f"A further contract costs {values['further']:.2f} of a full path; of the CT deal, where "
        f"paths that run out of money are lived again, {values['further_ct']:.2f}.",
        f"With the {len(YARDSTICK)} results that the yardsticks have, three IRRs among them, it "
        f"costs {values['further_yardstick']:.2f} of a path of which no more is asked.",
        f"Where payments alone are asked for it costs {values['further_payments']:.2f} of a path "
        "of which no more is asked, where the investors' IRR is, "
        f"{values['further_irr']:.2f}; of a full path with all its results "
        f"{_find_share(timings, '', ', payments alone', ''):.2f} and "
        f"{_find_share(timings, '', ', an IRR alone', ''):.2f}.",
    ]
    base = float(analyst.live(f, 50_000, 9)[:, 1].var())
    for kind in kinds:
        seeds = 2 if options.quick else SEEDS
        variance = float(np.mean([_variance(sampled(kind, s), kind) for s in range(1, seeds + 1)]))
        ours = find(timings, f"pfs-sim, 2 threads, {kind}")
        assert ours
        saved = base / (variance * sampled_paths)
        values[f"efficiency_{kind}"] = plain["wall"] / ours["wall"] * saved
        notes.append(
            f"{kind}: the variance of the mean payment falls {write(saved)}-fold, wall time times "
            f"variance {write(values[f'efficiency_{kind}'])}-fold, against the NumPy analyst."
        )
    values["efficiency"] = max(values["efficiency_antithetic"], values["efficiency_sobol"])
    return Comparison("A further contract; wall time times variance", timings, notes, values)


def _find_share(
    timings: list[Timing], head: str, asked: str = "", of: str | None = None
) -> float:
    """What each of four further contracts costs of a first one, of the same results unless said."""
    first = find(timings, f"{head}{ONE}{asked}")
    all_five = find(timings, f"{head}{FIVE}{asked}")
    whole = find(timings, f"{head}{ONE}{asked if of is None else of}")
    assert first and all_five and whole
    return float((all_five["cpu"] - first["cpu"]) / 4.0 / whole["cpu"])


def _variance(payments: F8, kind: str) -> float:
    """Variance of the mean of one run, from its independent parts."""
    if kind == "random":
        return float(payments.var(ddof=1) / payments.size)
    if kind == "antithetic":
        pairs = payments.reshape(-1, 2).mean(1)
        return float(pairs.var(ddof=1) / pairs.size)
    replicates = payments.reshape(-1, 8).mean(0)
    return float(replicates.var(ddof=1) / replicates.size)
