"""The outcomes of a path: what happens to people, and what is to be expected of them (model §6).

Outcomes whose cohorts may be drawn together are lived here, lot by lot; those that must be lived
cohort by cohort, or client by client, in `pfs_sim.kernels.cohorts`. Clients of a lot who share a
probability are a part of it. Every part has streams of its own, so nobody need be drawn at whom
no measure looks.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from pfs_sim.kernels._jit import apart, forced, once
from pfs_sim.kernels.lanes import SECOND, THIRD, answer, ask_some
from pfs_sim.kernels.levels import LEVEL, SHARE, expect_client, set_level, set_levels
from pfs_sim.kernels.lots import gather, same_clients, sample_of
from pfs_sim.kernels.occurrences import draw_group
from pfs_sim.kernels.random import Rng, Word, open_stream
from pfs_sim.kernels.thinning import address
from pfs_sim.tables.people import NO_CLASS, How, Kind, OutcomePlan, PeoplePlan, Seen
from pfs_sim.tables.state import (
    CLASSES,
    CLIENTS,
    COMPLETED,
    CONTROL,
    EXPECTED,
    LEFT,
    MATCHED,
    RECORDED,
    TREATED,
    Lots,
    People,
)

F8 = npt.NDArray[np.float64]
Words = npt.NDArray[np.uint64]


@once
def live_outcomes(
    plan: PeoplePlan, rng: Rng, row: F8, path: int, stop: int, people: People
) -> None:
    """Live the outcomes of a path whose program `people` holds, lot by lot; fills its sums.

    `row` holds the path's inputs, `stop` the grid point at which service ended.
    """
    people.cohort.outcomes[:] = 0.0
    outcomes, together = plan.outcomes, people.cohort.lots
    before, extra, treated = -1, 0, 0.0
    for t in range(people.enrolled.shape[1]):
        treated += people.enrolled[TREATED, t]
    for f in range(plan.families.size):
        if plan.families[f].how != How.MERGED:
            continue
        k = plan.steps[plan.families[f].first_step]
        fact = outcomes.facts[k]
        if before < 0 or not same_clients(fact, outcomes.facts[before]):
            extra = gather(outcomes, k, stop, people.enrolled, together)
        before, together.true[0, k] = k, treated
        parts = _part(outcomes, row, k, stop, extra, plan.types.size, together)
        lost_treated, lost_control = row[fact.lost_treated], row[fact.lost_control]
        _measure(fact, rng, path, lost_treated, lost_control, parts, together)
        _expect(fact, k, parts, together)
        _draw(fact, k, fact.key, rng, row, path, parts, False, together.measured, together)
        recorded = together.cells[RECORDED, k]
        for i in range(parts):
            recorded[together.part[i].cell] += fact.units * together.drawn[i]
        if fact.ratio > 0.0:
            _draw_matched(fact, k, rng, row, path, parts, together)


@once
def _part(
    outcomes: OutcomePlan, row: F8, k: int, stop: int, extra: int, types: int, together: Lots
) -> int:
    """Find the parts of all lots at which a measure looks; returns how many there are.

    On the way all treated clients are credited with what is to be expected of them.
    """
    fact, clients, last = outcomes.facts[k], together.clients, together.level.shape[3] - 1
    buckets, dates = last - 1, together.sums.shape[4]
    never = dates - 1
    for y in range(types):
        set_levels(outcomes, row, k, y, together.level)
    parts, hoped, hoped_without = 0, 0.0, 0.0
    for lot in range(outcomes.lots.shape[1]):
        start = outcomes.lots[k, lot]
        if start < 0:
            continue
        vintage = outcomes.seen[Seen.EVALUATION, start + fact.delay]
        for arm in range(TREATED if fact.least_control == NO_CLASS else CONTROL, TREATED + 1):
            least = fact.least_treated if arm == TREATED else fact.least_control
            if vintage == never:
                least = NO_CLASS
            for y in range(types):
                levels, shares = together.level[LEVEL, k, y], together.level[SHARE, k, y]
                without = expect_client(fact, levels[last], shares[last])
                first = (arm * types + y) * buckets
                if arm == TREATED:
                    for j in range(buckets):
                        n = clients[lot, first + j]
                        hoped += n * expect_client(fact, levels[j], shares[j])
                        hoped_without += n * without
                for j in range(_first_of(least, buckets), buckets):
                    n = clients[lot, first + j]
                    if n <= 0.0:
                        continue
                    slot, each = last, without
                    if arm == TREATED:
                        slot, each = j, expect_client(fact, levels[j], shares[j])
                    cell = (arm * CLASSES + sample_of(j, buckets - 2)) * dates + vintage
                    index = address(start, arm, y) | np.uint64(j)
                    _set_part(
                        together.part[parts], n, each, without, levels[slot], shares[slot],
                        arm, y, cell, index,
                    )  # fmt: skip
                    parts += 1
    for late in range(extra):
        start, ready = together.cut[late, 0], together.cut[late, 2]
        vintage = outcomes.seen[Seen.EVALUATION, ready]
        for y in range(types):
            n = together.late[late, y]
            if n <= 0.0:
                continue
            share = outcomes.doses[1, stop - start]
            set_level(fact, outcomes.shifts, row, k, y, 0, last - 1, share, together.level)
            levels, shares = together.level[LEVEL, k, y], together.level[SHARE, k, y]
            without = expect_client(fact, levels[last], shares[last])
            each = expect_client(fact, levels[last - 1], shares[last - 1])
            hoped += n * each
            hoped_without += n * without
            if fact.least_treated <= LEFT and vintage != never:
                age = buckets - 1 + together.cut[late, 1]
                index = address(start, TREATED, y) | np.uint64(age)
                _set_part(
                    together.part[parts], n, each, without, levels[last - 1], shares[last - 1],
                    TREATED, y, (TREATED * CLASSES + LEFT) * dates + vintage, index,
                )  # fmt: skip
                parts += 1
    together.true[1, k], together.true[2, k] = hoped, hoped_without
    return parts


@forced
def _first_of(least: int, buckets: int) -> int:
    """First bucket of a class of clients or of one above it."""
    if least == NO_CLASS:
        return buckets
    return buckets - 1 if least == COMPLETED else least


@forced
def _set_part(
    part: Any,
    people: float,
    each: float,
    without: float,
    level: float,
    some: float,
    arm: int,
    y: int,
    cell: int,
    index: Word,
) -> None:
    """State the facts of a part."""
    part.people, part.each, part.without, part.level, part.some = people, each, without, level, some
    part.arm, part.type, part.cell, part.index = arm, y, cell, index


@once
def _measure(
    fact: Any,
    rng: Rng,
    path: int,
    lost_treated: float,
    lost_control: float,
    parts: int,
    together: Lots,
) -> None:
    """Find who of each part can be followed up."""
    part, measured = together.part, together.measured
    for i in range(parts):
        here = part[i]
        kept = 1.0 - (lost_treated if here.arm == TREATED else lost_control)
        if kept >= 1.0:
            measured[i] = here.people
            continue
        measured[i] = 0.0
        ask_some(
            together.lanes, rng, fact.lost_key, here.index, path, 0, here.people, kept,
            fact.frozen_loss, i, measured,
        )  # fmt: skip
    answer(together.lanes, rng, path, measured)


@once
def _expect(fact: Any, k: int, parts: int, together: Lots) -> None:
    """Count the clients measured, and what is to be expected of them."""
    counted, expected = together.cells[CLIENTS, k], together.cells[EXPECTED, k]
    counts, treated = fact.kind != Kind.MILESTONE, together.cells_without.shape[1]
    for i in range(parts):
        here, m = together.part[i], together.measured[i]
        if counts:
            counted[here.cell] += m
        expected[here.cell] += m * here.each
        if here.arm == TREATED:
            together.cells_without[k, here.cell - treated] += m * here.without


@once
def _draw(
    fact: Any,
    k: int,
    key: Any,
    rng: Rng,
    row: F8,
    path: int,
    parts: int,
    matched: bool,
    clients: F8,
    together: Lots,
) -> None:
    """Draw what is recorded of the clients of each part; those matched are without effect."""
    drawn, lanes, last = together.drawn, together.lanes, together.level.shape[3] - 1
    events = fact.kind == Kind.EVENT or fact.kind == Kind.MILESTONE
    for i in range(parts):
        here, m = together.part[i], clients[i]
        level, some, drawn[i] = here.level, here.some, 0.0
        if matched:
            level = together.level[LEVEL, k, here.type, last]
            some = together.level[SHARE, k, here.type, last]
        if events:
            ask_some(
                lanes, rng, key, here.index, path, 0, m * fact.trials, level, fact.frozen, i,
                drawn,
            )  # fmt: skip
        elif m > 0.0:
            open_stream(rng, key, here.index, np.uint64(path))
            drawn[i] = draw_group(rng, fact, row, m, level, some, fact.frozen)
    answer(lanes, rng, path, drawn)
    if events and fact.sensitivity >= 0:
        _record(fact, key, rng, row, path, parts, clients, together)


@apart
def _draw_matched(
    fact: Any, k: int, rng: Rng, row: F8, path: int, parts: int, together: Lots
) -> None:
    """Let an outcome happen to the comparison clients of the treated parts, without effect."""
    drawn, cells, matched = together.drawn, together.cells, together.matched
    further = together.cells_without.shape[1]
    for i in range(parts):
        here = together.part[i]
        m = together.measured[i] * fact.ratio if here.arm == TREATED else 0.0
        if not fact.frozen:
            m = math.floor(m + 0.5) * 1.0
        matched[i], cell = m, here.cell + (MATCHED - here.arm) * further
        cells[CLIENTS, k, cell] += m
        cells[EXPECTED, k, cell] += m * here.without
    _draw(fact, k, fact.matched_key, rng, row, path, parts, True, matched, together)
    for i in range(parts):
        here = together.part[i]
        cells[RECORDED, k, here.cell + (MATCHED - here.arm) * further] += fact.units * drawn[i]


@apart
def _record(
    fact: Any,
    key: Any,
    rng: Rng,
    row: F8,
    path: int,
    parts: int,
    clients: F8,
    together: Lots,
) -> None:
    """Turn the events of each part into those that the record shows, the wrong ones among them."""
    drawn, lanes = together.drawn, together.lanes
    right, wrong = row[fact.sensitivity], 1.0 - row[fact.specificity]
    for i in range(parts):
        index, hits = together.part[i].index, drawn[i]
        drawn[i] = 0.0
        ask_some(lanes, rng, key, index, path, SECOND, hits, right, fact.frozen, i, drawn)
        others = clients[i] * fact.trials - hits
        ask_some(lanes, rng, key, index, path, THIRD, others, wrong, fact.frozen, i, drawn)
    answer(lanes, rng, path, drawn)
