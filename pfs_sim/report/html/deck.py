"""A deck: all that is known of one deal when its report is written."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, cast

import numpy as np
import numpy.typing as npt

from pfs_sim.errors import Problem
from pfs_sim.metrics.table import MetricTable
from pfs_sim.model.scenario import Scenario
from pfs_sim.reading import load
from pfs_sim.results import Results

F8 = npt.NDArray[np.float64]
Ledger = dict[str, Any]
Triple = tuple[float, float, float]
STORIES = {"0.1": "Low payments, p10", "0.5": "Median payments, p50", "0.9": "High payments, p90"}
"""Quantile of payments → what such a path is called."""


@dataclass(frozen=True)
class Deck:
    """A run and what was found out about it. Everything but the run itself may be missing."""

    results: Results
    table: MetricTable
    command: str = ""
    """What gives the same numbers again."""
    file: str = "scenario.resolved.yaml"
    """The scenario by which a reader can replay a path …"""
    sets: Sequence[str] = ()
    """… and the `--set` changes that go with it."""
    warnings: Sequence[Problem] = ()
    inputs: Mapping[str, F8] = field(default_factory=dict)
    """Dotted path → what each path drew."""
    ledgers: Mapping[int, Ledger] = field(default_factory=dict)
    """Path → its ledger, for those of `choose_paths`."""
    risk: Mapping[str, Mapping[str, Triple]] | None = None
    """Party → source → share of variance: value, low, high."""
    integrity: Mapping[str, Any] | None = None
    """What `pfs_sim.report.html.integrity` describes."""

    @cached_property
    def scenario(self) -> Scenario:
        """The deal."""
        return cast(Scenario, load(self.results.resolved).scenario)

    @property
    def name(self) -> str:
        """What the deal is called."""
        return str(self.results.resolved["name"])

    @property
    def currency(self) -> str:
        """The currency of all money."""
        return str(self.results.resolved.get("currency", "USD"))

    @property
    def seed(self) -> Any:
        """The seed of the run."""
        return self.results.provenance.get("seed", 1)


def choose_paths(results: Results) -> dict[str, int]:
    """Quantile of payments → a path that pays just that; no path twice.

    Among paths that pay the same it is the one whose investors do as the middle one of them.
    """
    paid = results["payor.payments"]
    invested = "investors.returned" in results
    returned = results["investors.returned"] if invested else paid
    order = np.lexsort((np.arange(paid.size), returned, paid))
    found: dict[str, int] = {}
    for q in STORIES:
        level = paid[order[min(max(math.ceil(float(q) * paid.size) - 1, 0), paid.size - 1)]]
        same = [int(k) for k in order[paid[order] == level] if int(k) not in found.values()]
        if same:
            found[q] = same[(len(same) - 1) // 2]
    return found


def gather(
    results: Results,
    table: MetricTable,
    *,
    command: str = "",
    file: str = "scenario.resolved.yaml",
    sets: Sequence[str] = (),
) -> Deck:
    """The deck of a run: its draws are drawn again, its telling paths are lived again."""
    warnings = load(results.resolved).warnings
    return Deck(
        results, table, command, file, sets, warnings, draw_inputs(results), live_stories(results)
    )


def draw_inputs(results: Results) -> dict[str, F8]:
    """What every path of a run drew, by dotted path; the same numbers as in the run."""
    from pfs_sim.draws import Inputs, source_seeds
    from pfs_sim.plan.row import Row

    about, scenario = results.provenance, load(results.resolved).scenario
    row = Row(scenario)
    seeds = source_seeds(int(about.get("seed", 1)), about.get("own_seeds_by_source"))
    inputs = Inputs(scenario, row, seeds, about.get("frozen", ()))
    drawn = inputs.draw(0, results.paths)
    return {row.paths[i]: np.ascontiguousarray(drawn[:, i]) for i in inputs.drawn}


def live_stories(results: Results) -> dict[int, Ledger]:
    """The ledgers of the telling paths. None for a run that `trace` does not replay."""
    from pfs_sim.analysis.trace import trace

    about = results.provenance
    if about.get("frozen") or about.get("own_seeds_by_source") or about.get("true_mode"):
        return {}
    seed = int(about.get("seed", 1))
    deal = load(results.resolved)
    return {path: trace(deal, path, seed) for path in choose_paths(results).values()}
