"""The outcomes of a path: what happens to people, and what is to be expected of them (model §6).

Outcomes whose cohorts may be drawn together are lived here, lot by lot; those that must be lived
cohort by cohort, or client by client, in `pfs_sim.kernels.cohorts`.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from pfs_sim.kernels._jit import stage
from pfs_sim.kernels.levels import LEVEL, SHARE, expect_client, set_level
from pfs_sim.kernels.lots import gather, sample_of
from pfs_sim.kernels.occurrences import draw_group
from pfs_sim.kernels.random import Rng, open_stream
from pfs_sim.kernels.thinning import address, thin
from pfs_sim.tables.people import How, Kind, PeoplePlan, Seen
from pfs_sim.tables.state import CLIENTS, CONTROL, EXPECTED, MATCHED, RECORDED, TREATED, People

F8 = npt.NDArray[np.float64]


@stage
def live_outcomes(
    plan: PeoplePlan, rng: Rng, row: F8, path: int, stop: int, people: People
) -> None:
    """Live the outcomes of a path whose program `people` holds, lot by lot; fills its sums.

    `row` holds the path's inputs, `stop` the grid point at which service ended. It is one long
    function because a call costs as much as a draw where it hands on this many arrays.
    """
    people.cohort.outcomes[:] = 0.0
    outcomes, together = plan.outcomes, people.cohort.lots
    level, sums, clients = together.level, together.sums, together.clients
    lots, last = outcomes.lots.shape[1], level.shape[3] - 1
    cut, never = last - 1, sums.shape[4] - 1
    for f in range(plan.families.size):
        if plan.families[f].how != How.MERGED:
            continue
        k = plan.steps[plan.families[f].first_step]
        fact = outcomes.facts[k]
        extra = gather(outcomes, k, stop, people.exits, together)
        for y in range(plan.types.size):
            set_level(fact, outcomes.shifts, row, k, y, 0, last, 0.0, level)
            for j in range(cut):
                set_level(fact, outcomes.shifts, row, k, y, 0, j, outcomes.doses[0, j], level)
        for i in range(2 * plan.types.size * (lots + extra)):
            lot, rest = i // (2 * plan.types.size), i % (2 * plan.types.size)
            arm, y = rest // plan.types.size, rest % plan.types.size
            first, end, age = 0, cut, 0
            if lot < lots:
                start = outcomes.lots[k, lot]
                ready = start + fact.delay
                if start < 0:
                    continue
            elif arm == TREATED:
                start, age = together.cut[lot - lots, 0], together.cut[lot - lots, 1]
                ready, first, end = together.cut[lot - lots, 2], cut, cut + 1
                share = outcomes.doses[1, stop - start]
                set_level(fact, outcomes.shifts, row, k, y, 0, cut, share, level)
            else:
                continue
            n = 0.0
            for j in range(first, end):
                n += clients[arm, y, lot, j]
            if n <= 0.0:
                continue
            v = outcomes.seen[Seen.EVALUATION, ready]
            index = address(start, arm, y) | np.uint64(age)
            lost = row[fact.lost_treated if arm == TREATED else fact.lost_control]
            if lost > 0.0:
                open_stream(rng, fact.lost_key, index, np.uint64(path))
            without = expect_client(fact, level[LEVEL, k, y, last], level[SHARE, k, y, last])
            for j in range(first, end):
                n = clients[arm, y, lot, j]
                if n <= 0.0:
                    continue
                m, each, sample = n, without, sample_of(j, cut - 2)
                if lost > 0.0:
                    m = thin(rng, n, 1.0 - lost, fact.frozen_loss)
                    clients[arm, y, lot, j] = m
                if arm == TREATED:
                    each = expect_client(fact, level[LEVEL, k, y, j], level[SHARE, k, y, j])
                    together.without[k, sample, v] += m * without
                    together.true[1, k] += n * each
                    together.true[2, k] += n * without
                if fact.kind != Kind.MILESTONE:
                    sums[CLIENTS, k, arm, sample, v] += m
                sums[EXPECTED, k, arm, sample, v] += m * each
            if v == never:
                continue
            for side in (arm, MATCHED):
                if side == MATCHED and (arm == CONTROL or fact.ratio <= 0.0):
                    continue
                key = fact.matched_key if side == MATCHED else fact.key
                open_stream(rng, key, index, np.uint64(path))
                for j in range(first, end):
                    m, sample = clients[arm, y, lot, j], sample_of(j, cut - 2)
                    slot = j if side == TREATED else last
                    if side == MATCHED:
                        m *= fact.ratio
                        if not fact.frozen:
                            m = math.floor(m + 0.5) * 1.0
                        sums[CLIENTS, k, MATCHED, sample, v] += m
                        sums[EXPECTED, k, MATCHED, sample, v] += m * without
                    if m > 0.0:
                        sums[RECORDED, k, side, sample, v] += fact.units * draw_group(
                            rng, fact, row, m, level[LEVEL, k, y, slot],
                            level[SHARE, k, y, slot], fact.frozen,
                        )
