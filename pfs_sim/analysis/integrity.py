"""Whether a contract pays for what it means to pay for (model §11).

Four runs over the same people tell it: the deal as it is; with every measure replaced by its true
value; with every effect at nothing; with every effect at its target. Paths are conditioned on, or
effects overridden, so a question is answered also where the prior gives it no probability.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from pfs_sim.analysis.grounds import EFFECT, RECORD, find_kind, find_outcomes
from pfs_sim.analysis.paying import Order, live_together
from pfs_sim.analysis.scaling import scale_enrollment, scale_sample
from pfs_sim.metrics.estimates import UNDEFINED_ESTIMATE, Estimate, Interval
from pfs_sim.metrics.moments import mean, paired_difference, probability, ratio_of_means
from pfs_sim.model.scenario import Scenario
from pfs_sim.packing import pick
from pfs_sim.simulate import Compiled, Deal, compile_scenario, live_compiled, scenario_of

F8 = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]
Progress = Callable[[int], None]
CENT = 0.005
"""Less than half a cent is not paid."""
ENROLLMENTS = (0.25, 0.5, 1.0, 2.0)
SAMPLES = (0.5, 1.0, 2.0, 4.0)
ALL = "all terms"
TOGETHER = {EFFECT: "terms on an effect", RECORD: "terms on verified records"}


class Conditional(NamedTuple):
    """A probability given an event, and the number of paths on which the event happened."""

    share: Interval
    paths: int

    def to_json(self) -> dict[str, Any]:
        """Plain data."""
        return {**self.share.to_json(), "paths": self.paths}


@dataclass(frozen=True)
class Judgment:
    """One term, or several together.

    false_payment: P(paid | every effect it rests on is nothing or harm), as the priors have it;
    `at_nothing` the same with the effects overridden to 0, and what is paid then.
    missed_success: P(not paid | every effect at least at its target); `at_target` overridden.
    noise: E[pay] − E[pay | true]; misjudged: E|pay − pay if true|.
    deadweight: E[pay | effects 0] / E[pay], paid for what would have happened anyway; only where
    payment is on verified records alone.
    """

    name: str
    kind: str
    outcomes: tuple[str, ...]
    paid: Estimate
    false_payment: Conditional
    at_nothing: Interval
    paid_at_nothing: Estimate
    missed_success: Conditional
    at_target: Interval | None
    paid_at_target: Estimate
    noise: Estimate
    misjudged: Estimate
    deadweight: Estimate

    def to_json(self) -> dict[str, Any]:
        """Plain data; undefined numbers are null."""
        parts: dict[str, Any] = {
            "false_payment": self.false_payment,
            "false_payment_at_no_effect": self.at_nothing,
            "missed_success": self.missed_success,
            "missed_success_at_target": self.at_target,
            "paid": self.paid,
            "paid_at_no_effect": self.paid_at_nothing,
            "paid_at_target": self.paid_at_target,
            "noise": self.noise,
            "misjudged": self.misjudged,
            "deadweight": self.deadweight,
        }
        return {
            "kind": self.kind,
            "outcomes": list(self.outcomes),
            **{name: None if found is None else found.to_json() for name, found in parts.items()},
        }


@dataclass(frozen=True)
class Lives:
    """Payments by term[term, path] in the four runs, and drawn effects by outcome.

    Effects are in units of success: negative is harm. `means` are the means of all columns.
    """

    terms: tuple[str, ...]
    paid: F8
    paid_if_true: F8
    paid_at_nothing: F8
    paid_at_target: F8 | None
    effects: dict[str, F8]
    targets: dict[str, float]
    means: dict[str, float]


def find_direction(scenario: Scenario, outcome: str) -> float:
    """Sign that makes an effect on an outcome positive when it is a success."""
    return -1.0 if scenario.outcomes[outcome].good == "lower" else 1.0


def list_targets(scenario: Scenario) -> dict[str, float]:
    """Target effects by outcome, in units of success."""
    return {
        name: find_direction(scenario, name) * outcome.target_effect.mean()
        for name, outcome in scenario.outcomes.items()
        if outcome.target_effect is not None
    }


def live_four(
    scenario: Scenario, paths: int, seed: int, threads: int | None = None,
    progress: Progress | None = None,
) -> Lives:
    """The four runs, over the same people and draws."""
    terms = tuple(scenario.contract.terms)
    names = list(scenario.outcomes)
    payments = [f"payor.payments.{term}" for term in terms]
    compiled = compile_scenario(scenario, seed, course=False)
    index = {column.name: i for i, column in enumerate(compiled.columns)}

    def compile_payments(fixed: dict[str, float]) -> Compiled:
        """The deal with payments by term alone, in their order, as its results."""
        return compile_scenario(scenario, seed, fixed=fixed, only=payments, course=False)

    def live(fixed: dict[str, float]) -> F8:
        values, _ = live_compiled(
            compile_payments(fixed), paths, threads=threads, progress=progress
        )
        return pick(values, range(len(terms)))

    orders = [Order(compiled), Order(compile_payments({}), true_mode=True)]
    (plain, _), (true, _) = live_together(orders, paths, threads=threads, progress=progress)
    drawn = compiled.inputs.draw(0, paths)
    targets = list_targets(scenario)
    aim = {
        f"outcomes.{name}.effect": find_direction(scenario, name) * value
        for name, value in targets.items()
    }
    with np.errstate(invalid="ignore"):
        means = {}
        for name, i in index.items():
            found = pick(plain, [i])[0]
            means[name] = float(np.nanmean(found)) if np.isfinite(found).any() else float("nan")
    return Lives(
        terms,
        pick(plain, [index[name] for name in payments]),
        pick(true, range(len(terms))),
        live({f"outcomes.{name}.effect": 0.0 for name in names}),
        live(aim) if aim else None,
        {
            name: find_direction(scenario, name)
            * drawn[:, compiled.row.column(f"outcomes.{name}.effect")]
            for name in names
        },
        targets,
        means,
    )


def judge(scenario: Scenario, lives: Lives) -> dict[str, Judgment]:
    """Every term, those on an effect and those on records together, and all."""
    found = {}
    kinds = {name: find_kind(scenario, term) for name, term in scenario.contract.terms.items()}
    rests = {name: find_outcomes(scenario, term) for name, term in scenario.contract.terms.items()}
    for i, name in enumerate(lives.terms):
        found[name] = _judge(name, kinds[name], tuple(rests[name]), lives, [i])
    for kind, title in TOGETHER.items():
        members = [i for i, name in enumerate(lives.terms) if kinds[name] == kind]
        if 1 < len(members) < len(lives.terms):
            outcomes = dict.fromkeys(k for i in members for k in rests[lives.terms[i]])
            found[title] = _judge(title, kind, tuple(outcomes), lives, members)
    if len(lives.terms) > 1:
        kind = next(iter(set(kinds.values()))) if len(set(kinds.values())) == 1 else "mixed"
        outcomes = dict.fromkeys(k for name in lives.terms for k in rests[name])
        found[ALL] = _judge(ALL, kind, tuple(outcomes), lives, list(range(len(lives.terms))))
    return found


def _judge(
    name: str, kind: str, outcomes: tuple[str, ...], lives: Lives, members: list[int]
) -> Judgment:
    def pays(by_term: F8) -> F8:
        found: F8 = by_term[members].sum(axis=0)
        return found

    paid, true, nothing = map(pays, (lives.paid, lives.paid_if_true, lives.paid_at_nothing))
    target = None if lives.paid_at_target is None else pays(lives.paid_at_target)
    none = np.zeros(paid.size, dtype=bool)
    idle, reached = none, none
    aimed = [k for k in outcomes if k in lives.targets]
    if outcomes:
        idle = np.all([lives.effects[k] <= 0.0 for k in outcomes], axis=0)
    if aimed:
        slack = 1e-12
        reached = np.all([lives.effects[k] >= lives.targets[k] - slack for k in aimed], axis=0)
    every = [paid, true, nothing, *([] if target is None else [target])]
    takes = any(np.any(one < -CENT) for one in every)
    if takes and not any(np.any(one > CENT) for one in every):
        aimed, reached = [], none  # a penalty: where nothing is paid no success is missed
    return Judgment(
        name=name,
        kind=kind,
        outcomes=outcomes,
        paid=mean(paid),
        false_payment=_given(paid > CENT, idle),
        at_nothing=probability(nothing > CENT),
        paid_at_nothing=mean(nothing),
        missed_success=_given(paid <= CENT, reached),
        at_target=probability(target <= CENT) if target is not None and aimed else None,
        paid_at_target=mean(target) if target is not None and aimed else UNDEFINED_ESTIMATE,
        noise=paired_difference(paid, true),
        misjudged=mean(np.abs(paid - true)),
        # A share of what is partly taken back is no share.
        deadweight=(
            UNDEFINED_ESTIMATE if takes or kind != RECORD else ratio_of_means(nothing, paid)
        ),
    )


def _given(event: Mask, condition: Mask) -> Conditional:
    return Conditional(probability(event[condition]), int(np.count_nonzero(condition)))


@dataclass(frozen=True)
class Scaled:
    """A deal with another number of people: what it does to the judgments.

    The changes are of all terms' noise and misjudgment against the deal as it is, over the same
    seeds.
    """

    factor: float
    enrolled: float
    judgments: dict[str, Judgment]
    noise_change: Estimate
    misjudged_change: Estimate

    def to_json(self) -> dict[str, Any]:
        """Plain data."""
        return {
            "factor": self.factor,
            "enrolled": self.enrolled,
            "noise_change": self.noise_change.to_json(),
            "misjudged_change": self.misjudged_change.to_json(),
            "terms": {name: one.to_json() for name, one in self.judgments.items()},
        }


@dataclass(frozen=True)
class Integrity:
    """What `integrity` found: judgments, and how they change with enrollment and sample size."""

    scenario: str
    currency: str
    seed: int
    paths: int
    judgments: dict[str, Judgment]
    by_enrollment: tuple[Scaled, ...]
    by_sample: tuple[Scaled, ...]
    means: dict[str, float]

    def to_json(self) -> dict[str, Any]:
        """As `integrity --json` prints it (cliffs are added there)."""
        return {
            "scenario": self.scenario,
            "currency": self.currency,
            "seed": self.seed,
            "paths": self.paths,
            "terms": {name: one.to_json() for name, one in self.judgments.items()},
            "by_enrollment": [one.to_json() for one in self.by_enrollment],
            "by_sample": [one.to_json() for one in self.by_sample],
        }


def judge_integrity(
    deal: Deal, paths: int = 2000, seed: int = 1, *,
    enrollment: tuple[float, ...] = ENROLLMENTS, sample: tuple[float, ...] = SAMPLES,
    threads: int | None = None, progress: Progress | None = None,
) -> Integrity:
    """False payment, missed success, price of noise and deadweight, by term and in all.

    `enrollment` and `sample` are the factors at which they are found again: with so many times as
    many people enrolled under the same contract, and with the deal judged on so many times as
    many people, all else as it is (the value of a bigger evaluation).
    """
    scenario = scenario_of(deal)
    lives = live_four(scenario, paths, seed, threads, progress)

    def scale(change: Callable[[Scenario, float], Scenario], factor: float) -> Scaled:
        other = change(scenario, factor)
        here = lives if factor == 1.0 else live_four(other, paths, seed, threads, progress)
        wrong, wrong_before = (x.paid.sum(axis=0) - x.paid_if_true.sum(axis=0)
                               for x in (here, lives))
        return Scaled(
            factor, here.means["program.enrolled"], judge(other, here),
            paired_difference(wrong, wrong_before),
            paired_difference(np.abs(wrong), np.abs(wrong_before)),
        )

    return Integrity(
        scenario.name, scenario.currency, seed, paths, judge(scenario, lives),
        tuple(scale(scale_enrollment, factor) for factor in enrollment),
        tuple(scale(scale_sample, factor) for factor in sample),
        lives.means,
    )
