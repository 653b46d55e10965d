"""Risk by source: which source of model §2 holds how much of each party's variance.

Every source has seeds of its own, and every draw an address, so a run in which some sources keep
their seed and the others get another is pick-and-freeze as the books have it, exactly. Where a
scenario correlates quantities of different sources, those drawn anew are drawn given the kept.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from pfs_sim.addresses import stream_key
from pfs_sim.analysis.indices import Indices, find_indices, is_zero
from pfs_sim.analysis.paying import TOGETHER, Order, live_together
from pfs_sim.draws import KeptValues, connected, correlation_matrix, source_seeds
from pfs_sim.metrics.estimates import Estimate
from pfs_sim.model.scenario import Scenario
from pfs_sim.packing import pick
from pfs_sim.plan.outputs import columns
from pfs_sim.plan.row import SOURCES, Row
from pfs_sim.simulate import Compiled, Deal, compile_scenario, scenario_of

F8 = npt.NDArray[np.float64]
Progress = Callable[[int], None]
COUNTED = {
    "enrollment": "who is referred, eligible, assigned",
    "attrition": "who leaves, who is lost to follow-up",
    "chance": "who happens to have the outcome",
    "payor": "which appropriation fails",
}
"""Sources that also draw counts of people or events on each path, and what these say."""
MONEY = ("bias", "cost", "payor")
"""Sources that move no people: runs that differ in them alone share theirs."""


class Source(NamedTuple):
    """What one source moves in a deal: uncertain quantities by dotted path, counts or not."""

    name: str
    quantities: tuple[str, ...]
    counts: bool


class Output(NamedTuple):
    """A result whose variance is explained."""

    column: str
    label: str
    unit: str


@dataclass(frozen=True)
class Explanation:
    """Shares of the variance of each output by source, or by single input.

    `players` are the sources (or inputs) in the order of the indices; `idle` are the sources with
    nothing uncertain in this deal, whose index is exactly 0. `linked` players are correlated with
    others; shares of variance beyond Shapley's need not add up among them.
    """

    scenario: str
    currency: str
    seed: int
    paths: int
    players: tuple[str, ...]
    idle: tuple[str, ...]
    linked: tuple[str, ...]
    outputs: dict[str, Output]
    indices: dict[str, Indices]

    def to_json(self) -> dict[str, Any]:
        """As `explain --json` prints it; undefined numbers are null."""
        return {
            "scenario": self.scenario,
            "currency": self.currency,
            "seed": self.seed,
            "paths": self.paths,
            "players": list(self.players),
            "idle": list(self.idle),
            "linked": list(self.linked),
            "outputs": {name: self._describe(name) for name in self.outputs},
        }

    def _describe(self, name: str) -> dict[str, Any]:
        found, output = self.indices[name], self.outputs[name]
        described: dict[str, Any] = {
            "label": output.label,
            "unit": output.unit,
            "varies": found.varies,
            "sd": found.sd.to_json(),
            "lives": found.lives,
            "undefined": found.undefined,
        }
        for kind in ("first", "total", "shapley"):
            shares = getattr(found, kind)
            described[kind] = {
                player: describe_share(share)
                for player, share in zip(self.players, shares, strict=bool(shares))
            }
        return described


def describe_share(found: Estimate) -> dict[str, Any]:
    """A share with its 95 % interval, and whether it can be told from zero."""
    interval = found.interval()
    return {**interval.to_json(), "se": found.to_json()["se"], "distinct": not is_zero(found)}


def list_outputs(scenario: Scenario) -> list[Output]:
    """Payments, each tranche's loss and IRR, the investors together, the guarantor."""
    wanted = ["payor.payments"]
    for holder in [*(f"tranche.{name}" for name in scenario.capital.tranches), "investors"]:
        wanted += [f"{holder}.principal_loss", f"{holder}.irr"]
    wanted.append("guarantor.paid")
    known = {column.name: column for column in columns(scenario)}
    return [Output(*_swap(known[name])) for name in wanted if name in known]


def _swap(column: Any) -> tuple[str, str, str]:
    return column.name, column.label, column.unit


def list_sources(scenario: Scenario) -> list[Source]:
    """The sources with anything uncertain in this deal, in the order of model §2."""
    row = Row(scenario)
    found = []
    for name in SOURCES:
        quantities = tuple(
            row.paths[i]
            for i in row.uncertain
            if row.sources[i] == name and not row.paths[i].endswith(".target_effect")
        )
        source = Source(name, quantities, _draws_counts(scenario, name))
        if source.quantities or source.counts:
            found.append(source)
    return found


def _draws_counts(scenario: Scenario, source: str) -> bool:
    if source == "attrition":
        losses = [q for o in scenario.outcomes.values() for q in (o.loss.treated, o.loss.control)]
        return scenario.program.attrition is not None or any(q.value != 0.0 for q in losses)
    if source == "payor":
        defaults = [p.default for p in scenario.contract.payors.values() if p.default is not None]
        return any(found.probability.value != 0.0 for found in defaults)
    return source in COUNTED


def list_links(scenario: Scenario) -> list[list[str]]:
    """Groups of uncertain quantities that hang together by correlations."""
    row = Row(scenario)
    uncertain = {row.paths[i] for i in row.uncertain}
    paths, matrix = correlation_matrix(scenario)
    keep = [i for i, path in enumerate(paths) if path in uncertain]
    if not keep:
        return []
    groups = connected(matrix[np.ix_(keep, keep)])
    return [[paths[keep[i]] for i in group] for group in groups if group.size > 1]


def second_seed(seed: int) -> int:
    """The seed of the second run, from which what is not kept is drawn."""
    return stream_key(seed, "pick and freeze", "second run") >> 1


@dataclass(frozen=True)
class _Players:
    """Sources or inputs as players: what each keeps when it is in a mask."""

    names: tuple[str, ...]
    quantities: tuple[tuple[str, ...], ...]
    counts: tuple[str | None, ...]

    def find_linked(self, scenario: Scenario) -> int:
        """Mask of the players with a quantity that is correlated with one of another player."""
        mask = 0
        for group in list_links(scenario):
            held = [i for i, q in enumerate(self.quantities) if set(q) & set(group)]
            if len(held) > 1:
                mask |= sum(1 << i for i in held)
        return mask


def _find_beside(players: _Players) -> list[int]:
    """Every mask of the players that move the money alone, not the people; the widest last."""
    money = [i for i, name in enumerate(players.names) if name in MONEY]
    return [
        sum(1 << player for place, player in enumerate(money) if choice >> place & 1)
        for choice in range(1 << len(money))
    ]


def _by_source(sources: list[Source]) -> _Players:
    return _Players(
        tuple(s.name for s in sources),
        tuple(s.quantities for s in sources),
        tuple(s.name if s.counts else None for s in sources),
    )


def _by_input(sources: list[Source]) -> _Players:
    inputs = [path for s in sources for path in s.quantities]
    counts = [s.name for s in sources if s.counts]
    return _Players(
        (*inputs, *(f"counts: {name}" for name in counts)),
        (*((path,) for path in inputs), *(() for _ in counts)),
        (*(None for _ in inputs), *counts),
    )


def _compile(
    scenario: Scenario, players: _Players, mask: int, seed: int, only: Sequence[str]
) -> Compiled:
    """A run that keeps the players in the mask, and finds `only` some results."""
    held = [i for i in range(len(players.names)) if mask >> i & 1]
    kept = {path for i in held for path in players.quantities[i]}
    drawn = {path for group in players.quantities for path in group}
    other = second_seed(seed)
    keeps = {players.counts[i] for i in held}
    seeds = {name: seed if name in keeps else other for name in players.counts if name}
    return compile_scenario(
        scenario, seed, seeds=seeds, own_seeds=dict.fromkeys(drawn - kept, other),
        kept=KeptValues(source_seeds(seed), frozenset(kept)), only=only, course=False,
    )


def explain(
    deal: Deal,
    paths: int = 2000,
    seed: int = 1,
    *,
    by: str = "source",
    threads: int | None = None,
    progress: Progress | None = None,
) -> Explanation:
    """Shares of the variance of payments, losses and IRRs, by `source` or by `input`.

    By source: first-order, total and Shapley, from 2^d runs over the d sources with anything
    uncertain. By input: first-order and total for every uncertain quantity, and for the counts of
    each source as one, from 2d + 2 runs. `progress` gets the number of paths done.
    """
    scenario = scenario_of(deal)
    sources, wanted = list_sources(scenario), list_outputs(scenario)
    players = _by_source(sources) if by == "source" else _by_input(sources)
    linked = players.find_linked(scenario)

    later: dict[int, F8] = {}
    beside = _find_beside(players) if by == "source" else [0]
    names = [output.column for output in wanted]
    if 8 * paths * len(names) * len(beside) > TOGETHER:
        beside = [0]

    def evaluate(mask: int) -> F8:
        """outputs[output, path] of a mask; lived with those that share its people."""
        if mask not in later:
            masks = [mask & ~max(beside) | other for other in beside]
            orders = [Order(_compile(scenario, players, one, seed, names)) for one in masks]
            lived = live_together(orders, paths, threads=threads, progress=progress)
            index = [column.name for column in orders[0].compiled.columns]
            rows = [index.index(name) for name in names]
            later.update(
                (one, pick(values, rows)) for one, (values, _) in zip(masks, lived, strict=True)
            )
        return later.pop(mask)

    found = find_indices(evaluate, players.names, linked=linked, subsets=by == "source")
    active = {source.name for source in sources}
    return Explanation(
        scenario=scenario.name,
        currency=scenario.currency,
        seed=seed,
        paths=paths,
        players=players.names,
        idle=tuple(name for name in SOURCES if name not in active),
        linked=tuple(n for i, n in enumerate(players.names) if linked >> i & 1),
        outputs={output.column: output for output in wanted},
        indices={output.column: one for output, one in zip(wanted, found, strict=True)},
    )


def count_runs(deal: Deal, by: str = "source") -> int:
    """How many runs `explain` makes."""
    sources = list_sources(scenario_of(deal))
    if by == "source":
        return int(2 ** len(sources))
    return 2 * len(_by_input(sources).names) + 2


def name_counts(player: str) -> str:
    """What a player "counts: chance" is, in words; other names as they are."""
    source = player.removeprefix("counts: ")
    return player if source == player else COUNTED[source]
