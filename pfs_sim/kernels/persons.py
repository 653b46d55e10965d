"""Outcomes that are drawn client by client, because what a client can earn has a cap.

Every client is a group of one, so laws, windows and expectations are those of all outcomes.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from pfs_sim.kernels._jit import inner, lean
from pfs_sim.kernels.expectations import expect_group, measure_clients
from pfs_sim.kernels.groups import place
from pfs_sim.kernels.levels import open_levels
from pfs_sim.kernels.occurrences import occur
from pfs_sim.kernels.random import Rng, Word, open_stream
from pfs_sim.kernels.thinning import address, thin
from pfs_sim.tables.people import OutcomePlan, PersonPlan, Records
from pfs_sim.tables.state import CLIENTS, TREATED, Group

F8 = npt.NDArray[np.float64]


@inner
def live_persons(
    outcomes: OutcomePlan,
    persons: PersonPlan,
    rng: Rng,
    row: F8,
    path: Word,
    t: int,
    arm: int,
    y: int,
    g: int,
    count: int,
    stop: int,
    group: Group,
    money: F8,
) -> None:
    """Live the outcomes of person group g in one cohort, client by client; fills `money` [p, v].

    Clients are numbered: of an outcome the first are those who are followed up, so a client who
    is lost to one is, as far as the numbers allow, lost to all.
    """
    facts, members = outcomes.facts, persons.members
    group.units[:] = 0.0
    for k in members[g]:
        if k < 0:
            break
        if _follows_within(facts, k, g):
            _expect_within(outcomes, row, t, arm, y, k, count, stop, group)
        else:
            measure_clients(outcomes, rng, row, path, t, arm, y, k, count, stop, group)
    first = facts[members[g, 0]]
    open_stream(rng, first.key, address(t, arm, y), np.uint64(path))
    for i in range(count):
        j = group.bucket[i].at
        most = 0.0
        for k in members[g]:
            if k >= 0 and not _follows_within(facts, k, g):
                most = max(most, group.cell[k, j].measured)
        whole = 0 if first.frozen else int(most)
        for client in range(whole):
            _live_client(outcomes, persons, rng, row, t, arm, y, g, j, client, stop, group)
            _earn(persons, g, 1.0, arm, group, money)
        if most > whole:
            shares = _live_average(
                outcomes, persons, rng, row, t, arm, y, g, j, whole, stop, group
            )
            _earn(persons, g, shares, arm, group, money)
        for k in members[g]:
            if k >= 0 and _follows_within(facts, k, g):
                cell = group.cell[k, j]
                group.sums[CLIENTS, k, arm, cell.sample, cell.evaluation] += cell.measured


@lean
def _follows_within(facts: Records, k: int, g: int) -> bool:
    """Whether an outcome comes after one that is drawn for the same client."""
    before = facts[k].after
    return bool(before >= 0 and facts[before].group == g)


@lean
def _expect_within(
    outcomes: OutcomePlan,
    row: F8,
    t: int,
    arm: int,
    y: int,
    k: int,
    count: int,
    stop: int,
    group: Group,
) -> None:
    """As `measure_clients`, where it is not known yet who can have the outcome."""
    fact = outcomes.facts[k]
    open_levels(outcomes, row, t, arm, y, k, count, group)
    lost = row[fact.lost_treated if arm == TREATED else fact.lost_control]
    for i in range(count):
        j = group.bucket[i].at
        cell = group.cell[k, j]
        cell.measured = 0.0
        cell.success = 0.0
        place(fact, outcomes.seen, t, stop, group.bucket[j], cell, j, group.bucket.size)
        expect_group(outcomes, row, t, y, k, j, arm, 1.0 - lost, stop, group)


@lean
def _live_client(
    outcomes: OutcomePlan,
    persons: PersonPlan,
    rng: Rng,
    row: F8,
    t: int,
    arm: int,
    y: int,
    g: int,
    j: int,
    client: int,
    stop: int,
    group: Group,
) -> None:
    """One client's outcomes, in order, each by the law of a group of one.

    Whether a client who can have a following outcome is followed up is drawn in turn as well.
    """
    for k in persons.members[g]:
        if k < 0:
            break
        fact, cell = outcomes.facts[k], group.cell[k, j]
        group.client[k] = 0.0
        if _follows_within(outcomes.facts, k, g):
            if group.client[fact.after] <= 0.0:
                continue
            lost = row[fact.lost_treated if arm == TREATED else fact.lost_control]
            if thin(rng, 1.0, 1.0 - lost, 0) == 0.0:
                continue
            cell.measured += 1.0
        elif client >= math.floor(cell.measured):
            continue
        value = occur(outcomes, rng, row, t, y, k, j, arm, 1.0, 0, stop, group)
        group.client[k] = value
        cell.success += value


@lean
def _live_average(
    outcomes: OutcomePlan,
    persons: PersonPlan,
    rng: Rng,
    row: F8,
    t: int,
    arm: int,
    y: int,
    g: int,
    j: int,
    drawn: int,
    stop: int,
    group: Group,
) -> float:
    """Clients beyond those drawn, all of them average: chance frozen, or a fraction of one.

    Returns how many there are; their units are in `group.units`.
    """
    most = 0.0
    for k in persons.members[g]:
        if k < 0:
            break
        fact, cell = outcomes.facts[k], group.cell[k, j]
        if _follows_within(outcomes.facts, k, g):
            lost = row[fact.lost_treated if arm == TREATED else fact.lost_control]
            m = group.client[fact.after] * (1.0 - lost)
            cell.measured += m
        else:
            m = cell.measured - min(math.floor(cell.measured), drawn)
            most = max(most, m)
        group.client[k] = 0.0
        if m > 0.0:
            group.client[k] = occur(outcomes, rng, row, t, y, k, j, arm, m, 1, stop, group)
            cell.success += group.client[k]
    return most


@lean
def _earn(
    persons: PersonPlan, g: int, clients: float, arm: int, group: Group, money: F8
) -> None:
    """Add what clients with these units earn, vintage by vintage, each up to the cap."""
    units, members = group.units, persons.members
    if arm == TREATED:
        for p in range(persons.measures.size):
            if persons.measures[p].group != g:
                continue
            earned, counted = 0.0, 0.0
            for v in range(units.shape[1]):
                for k in members[g]:
                    if k >= 0:
                        earned += persons.prices[p, k] * units[k, v] / clients
                capped = min(earned, persons.measures[p].cap)
                money[p, v] += (capped - counted) * clients
                counted = capped
    for k in members[g]:
        if k >= 0:
            for v in range(units.shape[1]):
                units[k, v] = 0.0
