"""The outcomes of a path: what happens to people, and what is to be expected of them (model §6).

Outcomes whose cohorts may be drawn together are lived here, lot by lot; those that must be lived
cohort by cohort, or client by client, in `pfs_sim.kernels.cohorts`. Clients of a lot who share a
probability are a part of it. Every part has streams of its own, so nobody need be drawn at whom
no measure looks.
"""

from __future__ import annotations

from typing import Any

from pfs_sim.kernels._jit import inner_apart, once
from pfs_sim.kernels._wide import anywhere, each, floor, where
from pfs_sim.kernels.abreast import draw_some, draw_whole, expect_part
from pfs_sim.kernels.levels import EACH, LEVEL, SHARE, set_levels
from pfs_sim.kernels.lots import find_cut, gather, same_clients
from pfs_sim.kernels.parts import part
from pfs_sim.kernels.random import Rng, Word
from pfs_sim.kernels.sums import draw_sums
from pfs_sim.kernels.together import ask, settle
from pfs_sim.tables.people import How, Kind, PeoplePlan
from pfs_sim.tables.state import (
    CLIENTS,
    EXPECTED,
    RECORDED,
    TREATED,
    Crowd,
    Draws,
    Living,
    Lots,
)
from pfs_sim.tables.wide import Wide

SECOND, THIRD = 256, 512
"""First pieces of the draws that follow a first one at the same address."""
_STOP = 0


@once
def live_outcomes(plan: PeoplePlan, rng: Rng, crowd: Crowd, living: Living) -> None:
    """Live the outcomes of paths side by side, whose programs `crowd` holds; fills its sums.

    `crowd.row` holds the paths' inputs, `crowd.events[0]` the grid points at which service ended.
    """
    outcomes, enrolled, together = plan.outcomes, crowd.enrolled, living.lots
    stop, periods, duration = crowd.events[_STOP], enrolled.shape[1], plan.hazard.size
    for i in range(together.touched.shape[0]):
        for n in range(together.touched[i, 0], together.touched[i, 1]):
            together.outcomes[n] = 0.0
    before, first, end, treated, asked = -1, 0, 0, each(0.0), 0
    for t in range(periods):
        treated += enrolled[TREATED, t]
    if anywhere(stop < float(periods + duration)):
        first, end = find_cut(stop, periods, duration)
    for f in range(plan.families.size):
        if plan.families[f].how != How.MERGED:
            continue
        k = plan.steps[plan.families[f].first_step]
        fact = outcomes.facts[k]
        if before < 0 or not same_clients(fact, outcomes.facts[before]):
            gather(outcomes, k, stop, first, end, enrolled, together)
        before, together.true[0, k] = k, treated
        set_levels(outcomes, k, crowd.row, stop, first, end, together.level)
        parts = part(outcomes, k, first, end, together)
        asked = _live_parts(outcomes.facts, k, rng, crowd, parts, asked, living.draws, together)
    _record_all(outcomes.facts, rng, living.draws, asked, together)


@inner_apart
def _record_all(facts: Any, rng: Rng, draws: Draws, asked: int, together: Lots) -> None:
    """Add up what has been drawn, in the order in which it was asked for."""
    settle(draws, rng)
    for d in range(asked):
        k, cell = draws.where[d, 0], draws.where[d, 1]
        together.cells[RECORDED, k, cell] += facts[k].units * draws.found[d]


@once
def _live_parts(
    facts: Any, k: int, rng: Rng, crowd: Crowd, parts: int, asked: int, draws: Draws, together: Lots
) -> int:
    """Let an outcome happen to the clients of each part who can be followed up.

    Then to the comparison clients of those treated, without effect. What is recorded of them is
    drawn together, after what was `asked` for before; returns what has been asked for by then.
    """
    fact = facts[k]
    row, paths, counts = crowd.row, crowd.path[0], fact.kind != Kind.MILESTONE
    further, cells = together.without.shape[1], together.cells
    kept_treated, kept_control = 1.0 - row[fact.lost_treated], 1.0 - row[fact.lost_control]
    for i in range(parts):
        here = together.part[i]
        treated, n = here.arm == TREATED, together.people[here.people]
        kept = kept_treated if treated else kept_control
        some, m = n > 0.0, n
        if anywhere(~(kept >= 1.0)):
            m = draw_some(
                rng, fact.lost_key, here.index, 0, where(kept >= 1.0, 0.0, n), kept,
                fact.frozen_loss, paths,
            )  # fmt: skip
            m = where(kept >= 1.0, n, m)
        if treated:
            without = where(some, m * together.level[EACH, here.without], 0.0)
            together.without[k, here.cell - TREATED * further] += without
        key, slot, cell = fact.key, here.slot, here.cell
        for turn in range(2 if treated and fact.ratio > 0.0 else 1):
            if turn > 0:
                key, slot, cell = fact.matched_key, here.without, here.cell + further
                m = m * fact.ratio
                if not fact.frozen:
                    m = floor(m + 0.5)
            if counts:
                cells[CLIENTS, k, cell] += m
            cells[EXPECTED, k, cell] += where(some, m * together.level[EACH, slot], 0.0)
            if asked == draws.n.size:
                _record_all(facts, rng, draws, asked, together)
                asked = 0
            draws.where[asked, 0], draws.where[asked, 1] = k, cell
            _draw(fact, key, here.index, rng, crowd, m, slot, asked, draws, together)
            asked += 1
    return asked


@once
def _draw(
    fact: Any,
    key: Word,
    index: Word,
    rng: Rng,
    crowd: Crowd,
    m: Wide,
    slot: int,
    d: int,
    draws: Draws,
    together: Lots,
) -> None:
    """Let draws.found[d] be what is recorded of m clients whose level stands in a slot."""
    row, paths, level = crowd.row, crowd.path[0], together.level[LEVEL, slot]
    if fact.kind == Kind.EVENT or fact.kind == Kind.MILESTONE:
        trials = m * fact.trials
        if fact.sensitivity >= 0:
            draws.found[d] = _record(
                fact, rng, key, index, trials, level, row[fact.sensitivity],
                1.0 - row[fact.specificity], paths,
            )  # fmt: skip
            return
        ask(draws, d, rng, key, index, 0, trials, level, fact.frozen, paths)
        return
    some, spread = together.level[SHARE, slot], each(0.0)
    if fact.frozen:
        draws.found[d] = where(m > 0.0, m * some * level, 0.0)
        return
    if fact.kind == Kind.AMOUNT:
        spread = row[fact.gamma_shape]
    elif fact.kind == Kind.SCORE:
        spread = row[fact.sd]
    draws.found[d] = draw_sums(rng, fact, key, index, spread, m, level, some, paths)


@inner_apart
def _record(
    fact: Any,
    rng: Rng,
    key: Word,
    index: Word,
    trials: Wide,
    level: Wide,
    right: Wide,
    wrong: Wide,
    paths: Wide,
) -> Wide:
    """The events that the record shows: of those that happened, and wrong ones of the others."""
    frozen = fact.frozen
    hits = draw_some(rng, key, index, 0, trials, level, frozen, paths)
    others = trials - hits
    found = expect_part(hits, right, frozen) + expect_part(others, wrong, frozen)
    found = draw_whole(found, rng, key, index, SECOND, hits, right, frozen, paths)
    return draw_whole(found, rng, key, index, THIRD, others, wrong, frozen, paths)
