"""The metrics of a deal: every column of its results becomes a summary (model §10, §11)."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np

from pfs_sim.metrics.sampling import INDEPENDENT, Sampling
from pfs_sim.metrics.summarizing import summarize_array
from pfs_sim.metrics.summary import Summary, Unit
from pfs_sim.metrics.table import MetricTable
from pfs_sim.plan.outputs import Column
from pfs_sim.results import Results
from pfs_sim.statuses import IrrStatus

_UNITS: dict[str, Unit] = {
    "money": "money",
    "rate": "rate",
    "count": "count",
    "ratio": "ratio",
    "years": "years",
    "flag": "probability",
    "fraction": "probability",
    "measure": "number",
    "period": "number",
}
ROUNDING = 1e-9
"""Principal returned to the cent can have an IRR of -1e-16; that is no loss."""
_MANY = 20_000
"""Paths from which on sorting a column takes longer than handing it to a thread."""
_HIGH_IS_BAD = (".principal_loss", ".loss_share", ".paid", ".unfunded", "payments", ".cost")


Known = tuple[Results, MetricTable]
"""Results and their metrics, as `summarize` gives them."""


def _bad_tail(name: str) -> str:
    high = name.startswith("payor.payments") or name.endswith(_HIGH_IS_BAD)
    return "high" if high else "low"


def find_sampling(results: Results) -> Sampling:
    """Which paths of a run are independent of which, from how it was sampled."""
    kind, _, replicates = str(results.provenance.get("sampling", "random")).partition(":")
    if kind == "sobol":
        return Sampling.of_replicates(int(replicates), in_turns=True)
    return Sampling.of_pairs() if kind == "antithetic" else INDEPENDENT


def summarize(
    results: Results,
    sampling: Sampling | None = None,
    *,
    threads: int | None = None,
    known: Known | None = None,
) -> MetricTable:
    """Every metric of a run with its Monte Carlo error, by dotted name.

    `sampling` is the run's own unless it is given. A quantity that never varied keeps its
    order-statistic intervals: that nothing uncertain feeds it is not known here. Columns of many
    paths are sorted on several threads. What is `known` of another run is not worked out again
    where a column has the same bits: over the same people a contract leaves many as they are.
    """
    how = sampling or find_sampling(results)
    columns = [column for column in results.columns if column.unit != "status"]
    workers = (threads or os.cpu_count() or 1) if results.paths >= _MANY else 1

    def one(column: Column) -> Summary:
        found = None if known is None else _recall(results, column, how, known)
        return found or _summarize(results, column, how)

    if workers == 1:
        found = [one(column) for column in columns]
    else:
        with ThreadPoolExecutor(workers) as pool:
            found = list(pool.map(one, columns))
    table = MetricTable()
    for column, summary in zip(columns, found, strict=True):
        table[column.name] = summary
    return table


def _recall(
    results: Results, column: Column, sampling: Sampling, known: Known
) -> Summary | None:
    """The summary of the same column in another run, if nothing that it depends on differs."""
    other, table = known
    if column not in other.columns or find_sampling(other) != sampling:
        return None
    one, same = results[column.name], other[column.name]
    if not np.array_equal(one.view(np.int64), same.view(np.int64)):
        return None
    if find_options(results, column) != find_options(other, column):
        return None
    return table[column.name]


def _summarize(results: Results, column: Column, sampling: Sampling) -> Summary:
    return summarize_array(
        results[column.name],
        unit=_UNITS[column.unit],
        label=column.label,
        sampling=sampling,
        **find_options(results, column),
    )


def find_options(results: Results, column: Column) -> dict[str, Any]:
    """What else `summarize_array` must know of a column: its bad side, losses, mass points."""
    name = column.name
    options: dict[str, Any] = {
        "tail": _bad_tail(name),
        "zero": column.unit in ("money", "count"),
    }
    if name.endswith(".irr"):
        statuses = results[f"{name}_status"]
        options["statuses"] = {
            status.name.lower(): int(np.count_nonzero(statuses == status)) for status in IrrStatus
        }
        options["masses"] = {"total_loss": -1.0}
        options["loss_below"] = -ROUNDING
    elif name.endswith(".moic"):
        options["loss_below"] = 1.0 - ROUNDING
    elif name.endswith((".principal_loss", ".loss_share")):
        options["loss_above"] = 0.0
    elif name.endswith((".net_benefit", ".net_benefit_pv", ".npv")):
        options["negative"] = True
    elif name == "payor.payments":
        cap = results.resolved.get("contract", {}).get("cap")
        cap = cap.get("value") if isinstance(cap, dict) else cap
        options["masses"] = {"zero": 0.0} | ({} if cap is None else {"cap": float(cap)})
        options["negative"] = True
    return options
