"""The values of one or two levers at which everyone can sign.

The payor: its expected net benefit is positive, and it pays on an effect that is not there with
at most a given probability. Each investor: its IRR reaches its hurdle with at least a given
probability. Where no value will do for all, it is said which condition stands in the way.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from pfs_sim.analysis.grounds import EFFECT, find_kind, find_outcomes
from pfs_sim.analysis.levers import Case, Changeable, Lever, cross, is_number, write_value
from pfs_sim.analysis.same_people import PATHS, SamePeople, find_people
from pfs_sim.errors import InputError
from pfs_sim.metrics.deal import ROUNDING, find_sampling
from pfs_sim.metrics.estimates import NAN, UNDEFINED_INTERVAL, Interval
from pfs_sim.metrics.moments import mean, probability
from pfs_sim.model.capital import Tranche
from pfs_sim.model.clock import Clock
from pfs_sim.model.scenario import Scenario
from pfs_sim.reading import scenario_hash, state
from pfs_sim.results import Results
from pfs_sim.sampling import Design
from pfs_sim.simulate import Deal, compile_scenario, scenario_of

FALSE_PAYMENT, RETURN_CHANCE = 0.10, 0.75
FEW = 400
"""Paths without any effect below which the effects are overridden by none instead."""
CENT = 0.005
PAYOR, FALSE = "payor", "false_payment"


class Condition(NamedTuple):
    """What someone asks for: at least (or at most) `limit`."""

    name: str
    label: str
    limit: float
    at_least: bool
    hurdle: float = NAN

    def holds(self, found: Interval) -> bool:
        """Whether the estimate meets it. What has no value (no such term) asks for nothing."""
        if math.isnan(found.value):
            return True
        if self.name == PAYOR:
            return found.value > self.limit
        return found.value >= self.limit if self.at_least else found.value <= self.limit

    def surely(self, found: Interval) -> bool:
        """Whether the whole 95 % interval meets it."""
        if math.isnan(found.value):
            return True
        return found.low >= self.limit if self.at_least else found.high <= self.limit


class Point(NamedTuple):
    """Values of the levers, and what each condition finds there."""

    sets: dict[str, Any]
    found: dict[str, Interval]


@dataclass(frozen=True)
class Frontier:
    """Points over the same people, and the conditions. `overridden`: false payment is measured
    with every effect at nothing, since the priors say so too seldom."""

    levers: tuple[Lever, ...]
    conditions: tuple[Condition, ...]
    points: tuple[Point, ...]
    overridden: bool
    resolved: dict[str, Any]
    provenance: dict[str, Any]

    @property
    def paths(self) -> int:
        """Paths of each point."""
        return int(self.provenance["paths"])

    def failing(self, point: Point) -> list[str]:
        """Names of the conditions that a point does not meet."""
        return [c.name for c in self.conditions if not c.holds(point.found[c.name])]

    def is_sure(self, point: Point) -> bool:
        """Whether a point meets all conditions with their whole intervals."""
        return all(c.surely(point.found[c.name]) for c in self.conditions)

    @property
    def open(self) -> tuple[Point, ...]:
        """The points at which all conditions hold."""
        return tuple(point for point in self.points if not self.failing(point))

    @property
    def binding(self) -> tuple[tuple[str, ...], ...]:
        """Where nobody can sign: the smallest sets of conditions without which someone could."""
        if self.open:
            return ()
        failing = {frozenset(self.failing(point)) for point in self.points}
        least = min(map(len, failing))
        order = [c.name for c in self.conditions]
        found = {tuple(sorted(one, key=order.index)) for one in failing if len(one) == least}
        return tuple(sorted(found, key=lambda names: [order.index(name) for name in names]))

    def to_json(self) -> dict[str, Any]:
        """As `frontier --json` prints it."""
        return {
            "schema": 1,
            "scenario": self.resolved["name"],
            "currency": self.resolved.get("currency", "USD"),
            **self.provenance,
            "levers": {lever.path: list(lever.values) for lever in self.levers},
            "conditions": {
                c.name: {
                    "label": c.label,
                    "limit": c.limit,
                    "at_least": c.at_least,
                    **({} if math.isnan(c.hurdle) else {"hurdle": c.hurdle}),
                    "met_at": sum(c.holds(point.found[c.name]) for point in self.points),
                }
                for c in self.conditions
            },
            "effects_overridden": self.overridden,
            "open": len(self.open),
            "binding": [list(names) for names in self.binding],
            "points": [
                {
                    "sets": point.sets,
                    "open": not self.failing(point),
                    "surely": self.is_sure(point),
                    "fails": self.failing(point),
                    "found": {name: one.to_json() for name, one in point.found.items()},
                }
                for point in self.points
            ],
        }


def frontier(
    deal: Deal,
    over: Mapping[str, Sequence[Any]] | Sequence[Lever],
    *,
    false_payment: float = FALSE_PAYMENT,
    return_chance: float = RETURN_CHANCE,
    hurdles: Mapping[str, float] | None = None,
    paths: int = PATHS,
    seed: int = 1,
    sampling: Design | str = "random",
    threads: int | None = None,
    progress: Callable[[int], None] | None = None,
) -> Frontier:
    """Live every combination of one or two levers and ask who can sign.

    `hurdles` are annual rates by tranche; a tranche that is not named has the deal's hurdle, or
    what it is promised where that is less (a loan what its coupon comes to, `find_loan_return`, a
    recoverable grant its money back). Grants ask for nothing. InputError for an unknown tranche or
    probabilities outside 0 to 1.
    """
    for name, value in (("false payment", false_payment), ("return chance", return_chance)):
        if not 0.0 <= value <= 1.0:
            raise InputError(f"found the {name} {value:g}; allowed: a probability from 0 to 1")
    levers = (
        [Lever(path, tuple(values)) for path, values in over.items()]
        if isinstance(over, Mapping)
        else list(over)
    )
    if not 1 <= len(levers) <= 2 or len({lever.path for lever in levers}) < len(levers):
        raise InputError(f"found {len(levers)} levers; allowed: one, or two that differ")
    for lever in levers:
        if not lever.numeric:
            found = next(value for value in lever.values if not is_number(value))
            raise InputError(
                f"found the value {write_value(found)!r} of {lever.path}; allowed: numbers "
                "(`sweep` takes words, too)"
            )
    changeable = Changeable(deal)
    scenario = scenario_of(changeable.loaded)
    cases = cross(levers)
    deals = [changeable.with_values(case.sets) for case in cases]
    people = find_people(
        changeable.loaded, paths, seed, sampling=sampling, threads=threads, deals=deals
    )
    conditions = list_conditions(scenario, false_payment, return_chance, hurdles or {})
    overridden = _count_idle(deals, people) < FEW
    points = [
        _find_point(case, scenario_of(one), people, conditions, overridden, progress)
        for case, one in zip(cases, deals, strict=True)
    ]
    resolved = state(scenario)
    provenance = {
        "paths": paths, "seed": seed, "sampling": str(people.sampling),
        "scenario_hash": scenario_hash(resolved),
    }
    return Frontier(
        tuple(levers), tuple(conditions), tuple(points), overridden, resolved, provenance
    )


def list_conditions(
    scenario: Scenario, false_payment: float, return_chance: float, hurdles: Mapping[str, float]
) -> list[Condition]:
    """The conditions of a deal. InputError for a hurdle of a tranche that it does not have."""
    tranches = {n: t for n, t in scenario.capital.tranches.items() if t.kind != "grant"}
    unknown = [name for name in hurdles if name not in tranches]
    if unknown:
        raise InputError(
            f"found a hurdle for {unknown[0]!r}; allowed: {', '.join(tranches) or 'none'}"
        )
    found = [Condition(PAYOR, "the payor's expected net benefit, not discounted", 0.0, True)]
    if list_effect_terms(scenario):
        found.append(Condition(FALSE, "the probability of a false payment", false_payment, False))
    for name, tranche in tranches.items():
        least = {"loan": find_loan_return(tranche, scenario.clock), "recoverable_grant": 0.0}
        own = min(scenario.capital.hurdle.value, least.get(tranche.kind, math.inf))
        hurdle = hurdles.get(name, own)
        label = f"{tranche.label or name}: chance of an IRR of {100 * hurdle:.3g}% or more"
        found.append(Condition(f"tranche.{name}", label, return_chance, True, hurdle))
    return found


def find_loan_return(tranche: Tranche, clock: Clock) -> float:
    """The effective annual return of a loan that is repaid with its interest at the end.

    Simple interest that accrues returns less a year than its coupon, the less the longer it
    waits: who asks for the coupon itself asks for what the loan never pays.
    """
    coupon, years = tranche.coupon.value, clock.periods * clock.years
    if tranche.pays == "paid" or tranche.compounding == "compound":
        return coupon
    interest = clock.periods * ((1.0 + coupon) ** clock.years - 1.0)
    return float((1.0 + interest) ** (1.0 / years) - 1.0)


def list_effect_terms(scenario: Scenario) -> dict[str, list[str]]:
    """Terms that pay on a measured effect, each with the outcomes that it rests on."""
    return {
        name: find_outcomes(scenario, term)
        for name, term in scenario.contract.terms.items()
        if find_kind(scenario, term) == EFFECT
    }


def _list_payments(scenario: Scenario) -> list[str]:
    """The columns of what terms pay on a measured effect."""
    return [f"payor.payments.{name}" for name in list_effect_terms(scenario)]


def find_idle(scenario: Scenario, people: SamePeople) -> npt.NDArray[np.bool_]:
    """Paths on which every effect that a term pays on is truly nothing or harm."""
    compiled = compile_scenario(scenario, people.seed, uniforms=people.uniforms)
    rows = compiled.inputs.draw(0, people.paths)
    idle = np.ones(people.paths, dtype=bool)
    for outcome in {k for names in list_effect_terms(scenario).values() for k in names}:
        sign = -1.0 if scenario.outcomes[outcome].good == "lower" else 1.0
        idle &= sign * rows[:, compiled.row.column(f"outcomes.{outcome}.effect")] <= 0.0
    return idle


def _count_idle(deals: Sequence[Deal], people: SamePeople) -> int:
    """The fewest paths without an effect that any point has."""
    known: dict[str, int] = {}
    for deal in deals:
        scenario = scenario_of(deal)
        effects = repr([(k, scenario.outcomes[k].effect) for k in scenario.outcomes])
        if effects not in known:
            known[effects] = int(np.count_nonzero(find_idle(scenario, people)))
    return min(known.values())


def _find_point(
    case: Case,
    scenario: Scenario,
    people: SamePeople,
    conditions: Sequence[Condition],
    overridden: bool,
    progress: Callable[[int], None] | None,
) -> Point:
    returns = [f"{c.name}.irr" for c in conditions if c.name not in (PAYOR, FALSE)]
    wanted = ["payor.net_benefit", *returns, *_list_payments(scenario)]
    results = people.live_one(scenario, only=wanted, course=False, progress=progress)
    sampling = find_sampling(results)
    found: dict[str, Interval] = {}
    for condition in conditions:
        if condition.name == PAYOR:
            found[PAYOR] = mean(results["payor.net_benefit"], sampling=sampling).interval()
        elif condition.name == FALSE:
            found[FALSE] = _false_payment(scenario, results, people, overridden, progress)
        else:
            irr = results[f"{condition.name}.irr"]
            met = np.where(np.isnan(irr), np.nan, irr >= condition.hurdle - ROUNDING)
            found[condition.name] = probability(met, sampling=sampling)
    return Point(case.sets, found)


def _false_payment(
    scenario: Scenario,
    results: Results,
    people: SamePeople,
    overridden: bool,
    progress: Callable[[int], None] | None,
) -> Interval:
    """P(a term on an effect pays | every effect that such terms rest on is nothing or harm)."""
    payments = _list_payments(scenario)
    if not payments:
        return UNDEFINED_INTERVAL
    if overridden:
        outcomes = itertools.chain.from_iterable(list_effect_terms(scenario).values())
        none = {f"outcomes.{outcome}.effect": 0.0 for outcome in outcomes}
        results = people.live_one(
            scenario, fixed=none, only=payments, course=False, progress=progress
        )
    paid = sum((results[name] for name in payments), np.zeros(results.paths))
    hit = np.where(paid > CENT, 1.0, 0.0)
    if not overridden:
        hit[~find_idle(scenario, people)] = np.nan
    return probability(hit, sampling=find_sampling(results))
