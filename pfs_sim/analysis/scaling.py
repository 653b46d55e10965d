"""The same deal with more or fewer people: enrolled for real, or only in the evaluation."""

from __future__ import annotations

from typing import Any

import numpy as np

from pfs_sim.model.capital import Cost
from pfs_sim.model.evaluation import Blend, OutcomeMeasure, PersonMeasure, ProgramMeasure
from pfs_sim.model.program import Program
from pfs_sim.model.quantities import Quantity
from pfs_sim.model.scenario import Scenario

POINTS = 999
"""Quantiles that stand for a distribution that is divided by a number."""


def _times(found: Any, factor: float) -> Any:
    """A quantity times a factor: a number stays a number, a distribution becomes its quantiles."""
    if found is None:
        return None
    if found.value is not None:
        return Quantity.of(found.value * factor)
    u = (np.arange(POINTS) + 0.5) / POINTS
    return Quantity.of({"dist": "empirical", "sample": [float(x) for x in factor * found.ppf(u)]})


def _count(found: int | None, factor: float) -> int | None:
    return None if found is None else max(round(found * factor), 1 if found else 0)


def _scale_people(program: Program, factor: float) -> Program:
    """Referrals, target, intake and places times a factor."""
    planned: Any = program.referrals.per_period
    planned = (
        [_times(one, factor) for one in planned]
        if isinstance(planned, list)
        else _times(planned, factor)
    )
    service = program.service
    if service.teams is not None:
        teams = {
            name: team.model_copy(update={"caseload": _count(team.caseload, factor)})
            for name, team in service.teams.items()
        }
        service = service.model_copy(update={"teams": teams})
    return program.model_copy(
        update={
            "referrals": program.referrals.model_copy(update={"per_period": planned}),
            "target": _count(program.target, factor),
            "intake_limit": _count(program.intake_limit, factor),
            "service": service,
        }
    )


def _scale_funds(scenario: Scenario, factor: float) -> dict[str, Any]:
    """Commitments and scheduled draws times a factor."""
    return {
        name: tranche.model_copy(
            update={
                "commitment": _times(tranche.commitment, factor),
                "schedule": {at: _times(x, factor) for at, x in tranche.schedule.items()},
            }
        )
        for name, tranche in scenario.capital.tranches.items()
    }


def scale_enrollment(scenario: Scenario, factor: float) -> Scenario:
    """The deal with `factor` times as many people, under the contract as it is.

    Referrals, target, places and intake change; so do the targets of triggers. With a factor
    above 1 the commitments of the tranches grow with it, so that service is not cut short for
    want of funds. Where a factor of 1 is asked for, the scenario itself.
    """
    if factor == 1.0:
        return scenario
    triggers = {
        name: trigger.model_copy(update={"target": _count(trigger.target, factor)})
        for name, trigger in scenario.contract.triggers.items()
    }
    capital = scenario.capital
    if factor > 1.0:
        capital = capital.model_copy(update={"tranches": _scale_funds(scenario, factor)})
    return scenario.model_copy(
        update={
            "program": _scale_people(scenario.program, factor),
            "contract": scenario.contract.model_copy(update={"triggers": triggers}),
            "capital": capital,
        }
    )


def scale_sample(scenario: Scenario, factor: float) -> Scenario:
    """The deal as it is, judged on `factor` times as many people.

    So many times as many people come, each counts for 1/factor in every measure that counts
    people or units, and costs 1/factor; rates, differences and shares stay what they are. What
    changes is only how well the evaluation sees. Rules on sample size and significance look at
    the larger sample. Errors: none; a factor of 1 gives the scenario itself.
    """
    if factor == 1.0:
        return scenario
    measures: dict[str, Any] = {}
    weight = Quantity.of(1.0 / factor)
    for name, measure in scenario.evaluation.measures.items():
        counted = isinstance(measure, ProgramMeasure | PersonMeasure) or (
            isinstance(measure, OutcomeMeasure)
            and measure.statistic in ("total", "measured", "averted")
        )
        if counted:
            raw = name
            while raw in scenario.evaluation.measures or raw in measures:
                raw += "_people"
            measures[raw] = measure
            measures[name] = Blend.model_validate({"blend": {raw: weight}})
        else:
            measures[name] = measure
    scaled = scale_enrollment(scenario, factor)
    costs = {name: _share_cost(cost, factor) for name, cost in scenario.capital.costs.items()}
    return scaled.model_copy(
        update={
            "evaluation": scenario.evaluation.model_copy(update={"measures": measures}),
            "capital": scenario.capital.model_copy(update={"costs": costs}),
        }
    )


def _share_cost(cost: Cost, factor: float) -> Cost:
    return cost.model_copy(
        update={
            "per_client_period": _times(cost.per_client_period, 1.0 / factor),
            "per_enrollment": _times(cost.per_enrollment, 1.0 / factor),
        }
    )
