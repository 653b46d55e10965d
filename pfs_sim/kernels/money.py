"""The money of one path: grid point by grid point, in the order in which a deal happens.

Interest accrues, an evaluation measures, dues are determined, triggers are looked at, payments
arrive, the waterfall distributes them, the program is funded, guarantees make good. Three things
feed back on the people: an empty till or a trigger stops service, a trigger expands it. The first
such event that the people did not know is reported in `cash.events`, and nothing after it should
be read before the people have been lived again with it known.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from pfs_sim.kernels._jit import inline, lean
from pfs_sim.kernels.capital import (
    accrue,
    distribute,
    fund,
    make_good,
    price,
    settle_deficit,
)
from pfs_sim.kernels.contract import arrive, determine, holds, release
from pfs_sim.kernels.evaluation import look_at_program, measure
from pfs_sim.kernels.random import Rng
from pfs_sim.tables.ledger import ACCRUED, BALANCE, GRANTS, LOST, TILL, UNFUNDED, Ledger
from pfs_sim.tables.money import Action, MoneyPlan
from pfs_sim.tables.state import CONTROL, NEVER, TREATED, Cash, Missing, People, StopCause

F8 = npt.NDArray[np.float64]
I8 = npt.NDArray[np.int64]

STOP, CAUSE, EXPANSION, TRIGGER = 0, 1, 2, 3
"""Places in the events."""
_SHORTFALL = StopCause.SHORTFALL
_TRIGGERED = StopCause.TRIGGER
_NOT_HELD = Missing.NOT_HELD
_SHORT = 1e-9
"""Unfunded costs that stop service, as a share of all commitments."""


@lean
def live_money(
    plan: MoneyPlan,
    rng: Rng,
    row: F8,
    path: int,
    people: People,
    true_mode: int,
    given: F8,
    imposed: I8,
    cash: Cash,
) -> None:
    """Live the money of a path over its people; afterwards `cash` holds it.

    `imposed` are the events that the people know, in the layout of `cash.events`: they happen, and
    are not derived again. At most one more is found. `given[m, e]`: see `measure`.
    """
    deal, ledger, events = plan.deal[0], cash.ledger, cash.events
    _wipe(ledger)
    for i in range(events.size):
        events[i] = imposed[i]
    price(plan.lines, row, deal.overrun, ledger.expense)
    closes = _closing(plan, events)
    found, last_evaluation, enrolled, controls = False, -1, 0.0, 0.0
    for t in range(deal.periods + 1):
        moment = plan.moments[t]
        if t > 0:
            accrue(deal, plan.links, plan.tranches, ledger.holding)
            ledger.grid[TILL, t] = ledger.grid[TILL, t - 1]
        if t <= closes:
            for e in range(moment.evaluations, moment.evaluations_end):
                measure(plan, row, people, e, true_mode, given, events[STOP], ledger)
                last_evaluation = e
        if moment.looks == 1:
            look_at_program(plan, people, t, given, events[STOP], ledger)
        if t <= closes:
            determine(plan, moment, ledger, t)
        release(plan, moment, ledger, t, last_evaluation)
        for position in range(moment.triggers, moment.triggers_end):
            if _pull(plan, plan.links[position], t, found, events, ledger):
                found = True
                closes = _closing(plan, events)
        ledger.grid[GRANTS, t] = moment.grants
        ledger.grid[TILL, t] += moment.grants
        arrive(plan, moment, rng, row, path, t, ledger)
        served = False
        if deal.needs_service == 1 and t < deal.periods:
            served = _serves(plan, people, t, enrolled, controls, events[EXPANSION])
            enrolled += people.enrolled[TREATED, t]
            controls += people.enrolled[CONTROL, t]
        wind_down = 0.0
        if events[STOP] == t and events[CAUSE] == _TRIGGERED:
            wind_down = row[plan.triggers[events[TRIGGER]].wind_down]
        for turn in range(2):
            if turn == 1 - deal.draws_first:
                fund(plan, moment, row, people, t, events[STOP], served, wind_down, ledger)
            else:
                if deal.provider_funds == 0:
                    settle_deficit(plan, t, ledger)
                distribute(plan, t, ledger)
        if (
            deal.stops_short == 1
            and ledger.grid[UNFUNDED, t] > _SHORT * max(1.0, deal.committed)
            and served
            and t < events[STOP]
            and not found
        ):
            found = True
            events[STOP], events[CAUSE] = t, _SHORTFALL
        make_good(plan, t, closes, ledger)
        for p in range(ledger.cash.size):
            ledger.pool[p, t] = ledger.cash[p]
        for i in range(ledger.holding.size):
            ledger.tranche[BALANCE, i, t] = ledger.holding[i].owed
            ledger.tranche[ACCRUED, i, t] = ledger.holding[i].interest
    for j in range(ledger.claim.size):
        ledger.term[LOST, j, deal.periods] += ledger.claim[j].withheld


@inline
def _wipe(ledger: Ledger) -> None:
    """Empty what the path before has left."""
    book = ledger.book
    for n in range(book.size):
        book[n] = 0.0
    for m in range(ledger.finding.size):
        ledger.finding[m].missing = _NOT_HELD
        for e in range(ledger.value.shape[1]):
            ledger.missing[m, e] = _NOT_HELD
            ledger.valid[m, e] = 0


@inline
def _closing(plan: MoneyPlan, events: I8) -> int:
    """The grid point after which nothing is measured or falls due; NEVER without such an end."""
    if events[CAUSE] != _TRIGGERED or plan.triggers[events[TRIGGER]].pays_after == 1:
        return NEVER
    return int(events[STOP])


@inline
def _pull(
    plan: MoneyPlan, n: int, t: int, found: bool, events: I8, ledger: Ledger
) -> bool:
    """Let trigger `n` happen if its conditions hold; whether that is news to the people."""
    trigger = plan.triggers[n]
    action, known = trigger.action, found or events[STOP] <= t
    if action == Action.EXPAND:
        known = known or events[EXPANSION] < NEVER
    if action == Action.STOP_FUNDING:
        known = False
    if known or not holds(plan, ledger, plan.deal[0].triggers_from + n, -1):
        return False
    if action == Action.STOP_FUNDING:
        for position in range(trigger.tranches, trigger.tranches_end):
            ledger.holding[plan.links[position]].shut = 1.0
        return False
    if action == Action.EXPAND:
        events[EXPANSION] = t
    else:
        events[STOP], events[CAUSE], events[TRIGGER] = t, _TRIGGERED, n
    return True


@inline
def _serves(
    plan: MoneyPlan, people: People, t: int, enrolled: float, controls: float, expansion: int
) -> bool:
    """Whether on grid point `t` enrollment is open, or anyone is in service or waits for it."""
    if people.active[t] > 0.0 or people.waiting[t] > 0.0:
        return True
    deal = plan.deal[0]
    end, target = deal.window_end, deal.target
    if expansion <= t:
        n = _expanding(plan, expansion)
        if n >= 0 and plan.triggers[n].window_end >= 0:
            end = plan.triggers[n].window_end
        if n >= 0 and not math.isnan(plan.triggers[n].target):
            target = plan.triggers[n].target
    if t >= end:
        return False
    others = math.floor(target * deal.control_ratio + 0.5) if target < math.inf else target
    return _has_room(enrolled, target) or (
        deal.control_ratio > 0.0 and _has_room(controls, others)
    )


@inline
def _has_room(enrolled: float, target: float) -> bool:
    return bool(target == math.inf or enrolled < target - 1e-9 * max(1.0, target))


@inline
def _expanding(plan: MoneyPlan, expansion: int) -> int:
    """The trigger that expands the program: the first of that date in the order of the file."""
    moment = plan.moments[expansion]
    for position in range(moment.triggers, moment.triggers_end):
        n = plan.links[position]
        if plan.triggers[n].action == Action.EXPAND:
            return int(n)
    return -1
