"""Contracts or whole deals over the same people: what changes, for whom, and how sure that is."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from pfs_sim.analysis.changes import Change, list_changes
from pfs_sim.analysis.same_people import PATHS, SamePeople, find_people
from pfs_sim.errors import InputError, ScenarioError
from pfs_sim.metrics.deal import find_sampling, summarize
from pfs_sim.metrics.estimates import Estimate, Interval, number_or_null
from pfs_sim.metrics.influence import find_influence, find_pairing
from pfs_sim.metrics.moments import paired_difference, probability
from pfs_sim.metrics.quantiles import find_shifts
from pfs_sim.metrics.sampling import Sampling
from pfs_sim.metrics.summary import Unit
from pfs_sim.metrics.table import MetricTable, find_statistic_unit
from pfs_sim.reading import load
from pfs_sim.results import Results
from pfs_sim.sampling import Design
from pfs_sim.simulate import Deal, scenario_of

F8 = npt.NDArray[np.float64]
CENT = 0.005
"""A party is better off by at least half a cent."""
ROUNDING = 1e-12
"""Share of a number, and of the largest one, by which other ways to add it up move it at most."""
MOST_CHANGES = 12
STATISTICS = ("mean", "q0.05", "q0.5", "q0.95", "p_loss", "p_negative", "p_zero")
MOVED = ("payor.payments", "payor.net_benefit", "investors.npv")
"""The dollars that stand beside each change of terms."""


class Difference(NamedTuple):
    """A statistic of both deals over the same people, and second less first.

    `gain`: how many times the variance of the difference falls against independent runs.
    """

    metric: str
    statistic: str
    label: str
    unit: Unit
    first: Estimate | Interval
    second: Estimate | Interval
    difference: Estimate
    gain: float


class Party(NamedTuple):
    """On which share of the paths the second deal is better, worse or the same for a party."""

    name: str
    label: str
    metric: str
    better: Interval
    worse: Interval
    same: Interval


class Moved(NamedTuple):
    """A change of the terms made alone in the first deal, and the dollars that it moves.

    `dollars` is empty where the change makes no scenario without the others.
    """

    change: Change
    dollars: dict[str, Estimate]


@dataclass(frozen=True)
class Pair:
    """The first deal and one other: places in the comparison, and all that differs."""

    first: int
    second: int
    differences: dict[str, Difference]
    parties: tuple[Party, ...]
    terms: tuple[Moved, ...]


@dataclass(frozen=True)
class Comparison:
    """Deals lived over the same people; each pair is the first deal and another."""

    names: tuple[str, ...]
    results: tuple[Results, ...]
    tables: tuple[MetricTable, ...]
    pairs: tuple[Pair, ...]

    @property
    def paths(self) -> int:
        """Paths of each deal."""
        return self.results[0].paths

    def to_json(self) -> dict[str, Any]:
        """As `compare --json` prints it; numbers that do not exist are null."""
        return {
            "schema": 1,
            "deals": list(self.names),
            "currency": self.results[0].resolved.get("currency", "USD"),
            "paths": self.paths,
            "seed": self.results[0].provenance["seed"],
            "sampling": self.results[0].provenance.get("sampling", "random"),
            "metrics": [table.to_json() for table in self.tables],
            "pairs": [_pair_json(pair, self.names) for pair in self.pairs],
        }


def compare(
    deals: Sequence[Deal],
    paths: int = PATHS,
    seed: int = 1,
    *,
    names: Sequence[str] | None = None,
    sampling: Design | str = "random",
    threads: int | None = None,
    by_term: bool = True,
    progress: Callable[[int], None] | None = None,
) -> Comparison:
    """Live deals over the same people and set each against the first.

    `names` are what the deals are called; their own names by default. With `by_term` every
    difference in the words of two deals (up to 12) is also made alone, for the dollars that it
    moves. Metrics that only one of two deals has are left out of their pair. InputError for
    fewer than two deals, or deals in several currencies.
    """
    if len(deals) < 2:
        raise InputError(f"found {len(deals)} deals; allowed: 2 or more")
    refuse_currencies(scenario_of(deal).currency for deal in deals)
    people = find_people(deals[0], paths, seed, sampling=sampling, threads=threads)
    results = list(people.live(deals, progress=progress))
    tables = list[MetricTable]()
    for one in results:
        tables.append(summarize(one, known=(results[0], tables[0]) if tables else None))
    called = list(names or _name_apart([str(one.resolved["name"]) for one in results]))
    if len(called) != len(deals):
        raise InputError(f"found {len(called)} names for {len(deals)} deals")
    pairs = [
        Pair(
            0,
            other,
            find_differences(results[0], tables[0], results[other], tables[other]),
            tuple(find_parties(results[0], results[other])),
            tuple(_price_terms(results[0], results[other], people, by_term, progress)),
        )
        for other in range(1, len(results))
    ]
    return Comparison(tuple(called), tuple(results), tuple(tables), tuple(pairs))


def refuse_currencies(found: Iterable[str]) -> None:
    """InputError where deals that are set side by side are not all in one currency."""
    different = list(dict.fromkeys(found))
    if len(different) > 1:
        raise InputError(
            f"found deals in {' and '.join(different)}; allowed: one currency for all, since no "
            "rate of exchange is known"
        )


def _name_apart(names: list[str]) -> list[str]:
    """Names of which no two are the same."""
    found: list[str] = []
    for name in names:
        same = sum(other == name for other in names)
        found.append(f"{name} ({len(found) + 1})" if same > 1 else name)
    return found


def find_differences(
    first: Results,
    first_table: MetricTable,
    second: Results,
    second_table: MetricTable,
    statistics: Iterable[str] = STATISTICS,
) -> dict[str, Difference]:
    """Address → second less first, for every metric and statistic that both have.

    The difference is that of the two tables, and its error that of the paths' differences
    (`metrics.influence`); for a mean of what is always defined it is the paired difference. To
    the error of a difference of probabilities a path each way is added, for the event may differ
    on a few paths only, or on none of these (Bonett and Price 2012, Journal of Educational and
    Behavioral Statistics 37, 479-488: of 250 paths or more such intervals cover at least 94.5 %
    however rare a difference is), and that of a difference of quantiles reaches over every jump
    between the order statistics that enclose them; not where the metric is the same on every path.
    """
    wanted, found = tuple(statistics), {}
    for metric in first_table:
        if metric not in second_table:
            continue
        summary = first_table[metric]
        same = _is_same(first[metric], second[metric])
        for statistic in wanted:
            known = summary.list_statistics()
            if statistic not in known or statistic not in second_table[metric].list_statistics():
                continue
            address = f"{metric}.{statistic}"
            one = find_influence(first, first_table, address)
            other = one if same else find_influence(second, second_table, address)
            apart = other.minus(one)
            if not same:
                apart = _widen(apart, statistic, first[metric], second[metric], one.sampling)
            found[address] = Difference(
                metric,
                statistic,
                summary.label,
                find_statistic_unit(statistic, summary.unit),
                known[statistic],
                second_table.get(address),
                apart,
                find_pairing(one, other),
            )
    return found


def _is_same(one: F8, other: F8) -> bool:
    """Whether a metric is the same on every path, but for the rounding of other ways to add."""
    if np.array_equal(one, other, equal_nan=True):
        return True
    most = float(np.nanmax(np.abs(one), initial=0.0))
    least = ROUNDING * most if math.isfinite(most) else 0.0
    return np.allclose(one, other, rtol=ROUNDING, atol=least, equal_nan=True)


def _widen(
    apart: Estimate, statistic: str, first: F8, second: F8, sampling: Sampling
) -> Estimate:
    """The error of a difference where the influence of single paths does not tell all."""
    if statistic.startswith(("p_", "at.")):
        return replace(apart, se=math.hypot(apart.se, math.sqrt(2.0) / first.size))
    if statistic.startswith("q"):
        low, high = find_shifts(first, second, float(statistic[1:]), sampling=sampling)
        reach = max(high - apart.value, apart.value - low) / sampling.critical_value
        return replace(apart, se=max(apart.se, reach)) if reach > apart.se else apart
    return apart


def find_parties(first: Results, second: Results) -> list[Party]:
    """Who is better off on which share of the paths, among parties that both deals have.

    The government by its net benefit, an investor by the NPV at the deal's hurdle, a guarantor by
    what it pays, the provider and the intermediary by what they receive.
    """
    metrics = [("government", "Government", "payor.net_benefit", 1.0)]
    labels = {c.name: c.label.split(":")[0] for c in first.columns}
    for name in first.names:
        if name.startswith("tranche.") and name.endswith(".npv"):
            metrics.append((name.removesuffix(".npv"), labels[name], name, 1.0))
    metrics += [
        ("investors", "Investors together", "investors.npv", 1.0),
        ("guarantor", "Guarantors", "guarantor.paid", -1.0),
        ("provider", "Provider", "provider.received", 1.0),
        ("intermediary", "Intermediary", "intermediary.received", 1.0),
    ]
    sampling, found = find_sampling(first), []
    for name, label, metric, sign in metrics:
        if metric not in first or metric not in second:
            continue
        gained = sign * (second[metric] - first[metric])
        off = np.isnan(gained)
        masks = [gained > CENT, gained < -CENT, np.abs(gained) <= CENT]
        shares = [probability(np.where(off, np.nan, m), sampling=sampling) for m in masks]
        found.append(Party(name, label, metric, *shares))
    return found


def _price_terms(
    first: Results,
    second: Results,
    people: SamePeople,
    live: bool,
    progress: Callable[[int], None] | None,
) -> list[Moved]:
    """Each difference in the words, made alone in the first deal."""
    changes = list_changes(first.resolved, second.resolved)
    if not live or len(changes) > MOST_CHANGES:
        return [Moved(change, {}) for change in changes]
    if len(changes) == 1:
        return [Moved(changes[0], _move(first, second))]
    found = []
    for change in changes:
        try:
            alone = load(first.resolved, {change.path: change.new})
            lived = people.live_one(alone, progress=progress)
        except ScenarioError:
            found.append(Moved(change, {}))
            continue
        found.append(Moved(change, _move(first, lived)))
    return found


def _move(first: Results, second: Results) -> dict[str, Estimate]:
    sampling = find_sampling(first)
    found = {}
    for metric in MOVED:
        if metric in first and metric in second:
            found[metric] = paired_difference(second[metric], first[metric], sampling=sampling)
    return found


def _pair_json(pair: Pair, names: tuple[str, ...]) -> dict[str, Any]:
    return {
        "first": names[pair.first],
        "second": names[pair.second],
        "differences": {
            address: {
                "label": found.label,
                "unit": found.unit,
                "first": found.first.to_json(),
                "second": found.second.to_json(),
                "difference": found.difference.to_json(),
                "variance_ratio": number_or_null(found.gain),
                "identical": math.isinf(found.gain) or found.difference.se == 0.0,
            }
            for address, found in pair.differences.items()
        },
        "parties": {
            party.name: {
                "label": party.label,
                "by": party.metric,
                "better": party.better.to_json(),
                "worse": party.worse.to_json(),
                "same": party.same.to_json(),
            }
            for party in pair.parties
        },
        "terms": [
            {
                "path": moved.change.path,
                "first": moved.change.old,
                "second": moved.change.new,
                "alone": {name: found.to_json() for name, found in moved.dollars.items()} or None,
            }
            for moved in pair.terms
        ],
    }
