"""The people of a scenario: their plan, and the arrays in which a path's people live."""

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
    records,
    type_table,
)
from pfs_sim.plan.row import SOURCES, Row
from pfs_sim.tables.people import (
    BUCKET,
    CROWD,
    F8,
    GATHERING,
    GROUP,
    LANES,
    LANES_SIZE,
    PART,
    SPREAD,
    SPREADS,
    OutcomePlan,
    PeoplePlan,
    Seen,
)
from pfs_sim.tables.state import Cohort, Group, Lots, People


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


def _carve(shapes: Mapping[str, tuple[int, ...]]) -> tuple[F8, dict[str, F8]]:
    """One piece of memory, wiped at once, and the arrays that lie in it."""
    sizes = {name: int(np.prod(shape)) for name, shape in shapes.items()}
    book, parts, at = np.zeros(sum(sizes.values())), {}, 0
    for name, shape in shapes.items():
        parts[name] = book[at : at + sizes[name]].reshape(shape)
        at += sizes[name]
    return book, parts


def new_people(plan: PeoplePlan) -> People:
    """Arrays for one thread's paths; shapes in `pfs_sim.tables.state`."""
    periods, types, facts = plan.periods.size - 1, plan.types.size, plan.outcomes.facts
    buckets, dates = plan.hazard.size + 2, int(max(plan.outcomes.seen[Seen.EVALUATION])) + 1
    program, p = _carve(
        {
            "came": (5, periods),
            "enrolled": (2, periods),
            "enrolled_type": (types, periods),
            "split": (2 * periods, types),
            "active": (1 + types, periods),
            "ends": (2, periods + 1),
            "exits": (periods, 2, types, buckets),
        }
    )
    outcomes, o = _carve(
        {
            "sums": (3, facts.size, 3, 3, dates),
            "without": (facts.size, 3, dates),
            "person": (plan.persons.measures.size, dates),
            "true": (3, facts.size),
        }
    )
    cut, lots_in_all = plan.hazard.size**2, plan.outcomes.lots.shape[1]
    clients = np.zeros((lots_in_all, 2 * types * buckets))
    parts = clients.size + cut * types
    lots = Lots(
        exits=p["exits"].reshape(periods, -1),
        clients=clients,
        late=np.zeros((cut + 1, types)),
        cut=np.zeros((cut, 3), dtype=np.int64),
        level=np.zeros((2, facts.size, types, buckets + 2)),
        part=records(PART, parts),
        measured=np.zeros(parts),
        matched=np.zeros(parts),
        drawn=np.zeros(parts),
        lanes=np.zeros(LANES_SIZE, dtype=np.uint64),
        sums=o["sums"],
        without=o["without"],
        cells=o["sums"].reshape(3, facts.size, -1),
        cells_without=o["without"].reshape(facts.size, -1),
        true=o["true"],
    )
    rows, classes, spreads = 1 + 2 * types, max(types, buckets), max(SPREADS, CROWD // 32 * types)
    group = Group(
        bucket=records(BUCKET, buckets),
        cell=records(GROUP, (facts.size, buckets)),
        level=np.zeros((2, facts.size, types, buckets + 2)),
        states=np.zeros((3, int(max(facts.limit)) + 1)),
        sums=o["sums"],
        without=o["without"],
        true=o["true"],
        units=np.zeros((facts.size, dates)),
        client=np.zeros(facts.size),
    )
    return People(
        **dict(zip(_CAME, p["came"], strict=True)),
        enrolled=p["enrolled"],
        enrolled_type=p["enrolled_type"],
        active=p["active"][0],
        active_type=p["active"][1:],
        left=p["ends"][0],
        completed=p["ends"][1],
        exits=p["exits"],
        **dict(zip(("n", "y", "e"), o["sums"], strict=True)),
        e0=o["without"],
        person=o["person"],
        **dict(zip(("true_n", "true_y", "true_y0"), o["true"], strict=True)),
        cohort=Cohort(
            program=program,
            outcomes=outcomes,
            active=p["active"],
            ends=p["ends"],
            mean=np.zeros(periods),
            words=np.zeros((2, 2 * periods), dtype=np.uint64),
            chance=np.zeros((rows, classes)),
            reach=np.zeros((rows, classes)),
            edge=np.zeros((rows, classes), dtype=np.uint64),
            split=p["split"],
            exits=p["exits"].reshape(-1, buckets),
            spreads=records(SPREAD, spreads),
            pieces=np.zeros((spreads, 16), dtype=np.uint64),
            crowds=records(GATHERING, LANES),
            gone=np.zeros(LANES),
            lots=lots,
            group=group,
        ),
    )


_CAME = ("referred", "eligible", "waiting", "turned_away", "open")
