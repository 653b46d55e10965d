"""Loss by cause and the tornado: what one source or one quantity alone does to what is expected.

Loss by cause splits each expected loss of principal over the sources. The value of a set u of
sources is the expected loss of a deal in which only u is uncertain and all other sources are
frozen at their means; the shares are its Shapley values (Shapley 1953), so they add up to the
expected loss less the loss of the base case, where everything is frozen.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from pfs_sim.analysis.explain import Progress, list_sources
from pfs_sim.metrics.estimates import Estimate
from pfs_sim.metrics.moments import mean, paired_difference
from pfs_sim.model.scenario import Scenario
from pfs_sim.packing import pick
from pfs_sim.plan.outputs import columns
from pfs_sim.plan.row import Row
from pfs_sim.simulate import Deal, compile_scenario, live_compiled, scenario_of

F8 = npt.NDArray[np.float64]
LOW, HIGH = 0.1, 0.9


def list_losses(scenario: Scenario) -> list[str]:
    """Columns with a loss of principal, the investors together last."""
    return [c.name for c in columns(scenario) if c.name.endswith(".principal_loss")]


def _pick(scenario: Scenario, wanted: list[str], paths: int, seed: int, threads: int | None,
          progress: Progress | None, **options: Any) -> F8:
    compiled = compile_scenario(scenario, seed, only=wanted, course=False, **options)
    values, _ = live_compiled(compiled, paths, threads=threads, progress=progress)
    index = {column.name: i for i, column in enumerate(compiled.columns)}
    return pick(values, [index[name] for name in wanted])


@dataclass(frozen=True)
class LossByCause:
    """Expected loss, loss of the base case, and what each source adds; by column."""

    sources: tuple[str, ...]
    expected: dict[str, Estimate]
    base_case: dict[str, float]
    causes: dict[str, dict[str, Estimate]]

    def to_json(self) -> dict[str, Any]:
        """Plain data; expected = base_case + Σ causes."""
        return {
            column: {
                "expected": self.expected[column].to_json(),
                "base_case": self.base_case[column],
                "causes": {s: e.to_json() for s, e in self.causes[column].items()},
            }
            for column in self.expected
        }


def split_loss(
    deal: Deal, paths: int = 2000, seed: int = 1, *, threads: int | None = None,
    progress: Progress | None = None,
) -> LossByCause:
    """The expected loss of each tranche split over the sources, from 2^d runs.

    Errors come from the same paths in all runs, so they are those of the split itself.
    """
    scenario = scenario_of(deal)
    wanted, sources = list_losses(scenario), [s.name for s in list_sources(scenario)]
    d = len(sources)
    causes = np.zeros((d, len(wanted), paths))
    whole, base = np.zeros((len(wanted), paths)), np.zeros(len(wanted))
    for mask in range(1 << d) if wanted else ():
        frozen = [s for i, s in enumerate(sources) if not mask >> i & 1]
        # With everything frozen all paths are one.
        lost = _pick(scenario, wanted, paths if mask else 1, seed, threads, progress, frozen=frozen)
        if mask == 0:
            base = lost[:, 0]
        if mask == (1 << d) - 1:
            whole = np.broadcast_to(lost, whole.shape)
        size = mask.bit_count()
        for i in range(d):
            before = size - 1 if mask >> i & 1 else size
            weight = math.factorial(before) * math.factorial(d - before - 1) / math.factorial(d)
            causes[i] += (weight if mask >> i & 1 else -weight) * lost
    return LossByCause(
        tuple(sources),
        {name: mean(whole[c]) for c, name in enumerate(wanted)},
        {name: float(base[c]) for c, name in enumerate(wanted)},
        {
            name: {source: mean(causes[i, c]) for i, source in enumerate(sources)}
            for c, name in enumerate(wanted)
        },
    )


@dataclass(frozen=True)
class Bar:
    """One quantity from its 10th to its 90th percentile: the means there and their difference."""

    quantity: str
    low: float
    high: float
    at_low: Estimate
    at_high: Estimate
    swing: Estimate

    def to_json(self) -> dict[str, Any]:
        """Plain data."""
        parts = {"at_low": self.at_low, "at_high": self.at_high, "swing": self.swing}
        return {
            "quantity": self.quantity, "p10": self.low, "p90": self.high,
            **{name: found.to_json() for name, found in parts.items()},
        }


def list_means(scenario: Scenario) -> list[str]:
    """What a tornado is drawn for: amounts of money, whose means can stand alone."""
    known = {column.name for column in columns(scenario)}
    wanted = ["payor.payments", *list_losses(scenario), "investors.npv", "guarantor.paid"]
    return [name for name in wanted if name in known]


def draw_tornado(
    deal: Deal, paths: int = 2000, seed: int = 1, *, threads: int | None = None,
    progress: Progress | None = None,
) -> dict[str, list[Bar]]:
    """Bars by column, the longest first: each uncertain quantity fixed at p10 and at p90.

    All others stay as they are, drawn on every path as if the fixed one were uncertain still.
    """
    scenario = scenario_of(deal)
    row, wanted = Row(scenario), list_means(scenario)
    found: dict[str, list[Bar]] = {name: [] for name in wanted}
    for path in [path for source in list_sources(scenario) for path in source.quantities]:
        quantity = row.quantities[row.column(path)]
        low, high = (float(x) for x in quantity.ppf(np.array([LOW, HIGH])))
        ends = [
            _pick(scenario, wanted, paths, seed, threads, progress, fixed={path: end})
            for end in ((low, high) if low != high else (low,))
        ]
        for c, name in enumerate(wanted):
            at_low, at_high = ends[0][c], ends[-1][c]
            swing = paired_difference(at_high, at_low)
            found[name].append(Bar(path, low, high, mean(at_low), mean(at_high), swing))
    return {
        name: sorted(bars, key=lambda bar: (-abs(bar.swing.value), bar.quantity))
        for name, bars in found.items()
    }
