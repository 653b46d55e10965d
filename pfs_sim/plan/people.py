"""The people of a scenario, compiled."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import numpy as np

from pfs_sim.model.scenario import Scenario
from pfs_sim.plan.lots import families, family_table, find_lots, who_sees
from pfs_sim.plan.outcomes import (
    order_of_life,
    outcome_table,
    person_plan,
    shift_table,
)
from pfs_sim.plan.program import (
    dose_table,
    hazard_growth,
    period_table,
    program_table,
    type_table,
)
from pfs_sim.plan.row import SOURCES, Row
from pfs_sim.tables.people import How, Kind, OutcomePlan, PeoplePlan, Records
from pfs_sim.tables.state import LEFT


def people_plan(
    scenario: Scenario,
    row: Row,
    seeds: Mapping[str, int],
    frozen: Collection[str] = (),
    merge: Sequence[int] | None = None,
    moved: Collection[str] = (),
) -> PeoplePlan:
    """Compile program and outcomes.

    `seeds` has a seed for each source; the counts of `frozen` sources are their expectations.
    `merge` are grid points: cohorts that are measured between the same two of them, and of the
    scenario's evaluations, are drawn together (none: no cohorts are; absent: the evaluations
    alone). `moved` are the dotted paths of quantities that have other values on the paths than
    the scenario says.
    Errors: ValueError where the words of the scenario cannot be lived (types and a client
    correlation at once, an outcome in two person groups, outcomes that follow each other).
    """
    program = program_table(scenario, row, seeds, frozen)
    duration = int(program[0].duration)
    persons = person_plan(scenario)
    facts = outcome_table(scenario, row, seeds, frozen, persons.members, merge, moved)
    seen = who_sees(scenario, facts, duration, merge)
    steps = order_of_life(scenario, persons.members).tolist()
    table, order = family_table(
        families(steps, facts, persons.members), facts, persons.members
    )
    lots = find_lots(facts, seen, scenario.clock.periods, duration)
    program[0].control_ages = _look_at_control_ages(facts, table)
    return PeoplePlan(
        program=program,
        periods=period_table(scenario),
        types=type_table(scenario.program),
        hazard=hazard_growth(scenario.program.attrition, scenario.clock, duration),
        outcomes=OutcomePlan(
            facts, shift_table(scenario, row), seen, lots, dose_table(scenario.program, duration)
        ),
        persons=persons,
        families=table,
        steps=order,
        frozen=np.array([source in frozen for source in SOURCES], dtype=np.int64),
    )


def _look_at_control_ages(facts: Records, families: Records) -> bool:
    """Whether anything depends on when a control leaves, and not on whether alone."""
    if (families.how != How.MERGED).any():
        return True
    by_age = (facts.kind == Kind.MILESTONE) | (facts.opens_at_exit == 1)
    return bool((by_age | (facts.least_control <= LEFT)).any())
