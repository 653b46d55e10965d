"""The money of one path: grid point by grid point, in the order in which a deal happens.

Interest accrues, an evaluation measures, dues are determined, triggers are looked at, payments
arrive, the waterfall distributes them, the program is funded, guarantees make good. Three things
feed back on the people: an empty till or a trigger stops service, a trigger expands it. The first
such event that the people did not know is reported in `cash.events`, and nothing after it should
be read before the people have been lived again with it known.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from pfs_sim.kernels._jit import inline, lean, once
from pfs_sim.kernels.capital import (
    accrue,
    ask_tranches,
    fund,
    make_good,
    pay_out,
    price,
)
from pfs_sim.kernels.contract import arrive, begin_year, determine, holds, release
from pfs_sim.kernels.evaluation import look_at_program, measure
from pfs_sim.kernels.random import Rng
from pfs_sim.tables.ledger import (
    ACCRUED,
    BALANCE,
    COMING,
    GRANTS,
    LOST,
    TILL,
    Findings,
    Records,
)
from pfs_sim.tables.money import Action, ContractTables, MoneyPlan
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


@once
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
    deal, ledger, events, links = plan.deal[0], cash.ledger, cash.events, plan.links
    contract, capital, grid, pools = plan.contract, plan.capital, ledger.grid, ledger.cash
    findings, claims, books = ledger.findings, ledger.claims, ledger.books
    holding = books.holding
    _wipe(ledger.book, findings)
    for i in range(events.size):
        events[i] = imposed[i]
    price(capital.lines, row, deal.overrun, books.expense)
    closes = _closing(contract.triggers, events)
    found, last_evaluation, enrolled, controls, pooled = False, -1, 0.0, 0.0, False
    grave = _SHORT * max(1.0, deal.committed)
    for t in range(deal.periods + 1):
        moment, ends = plan.moments[t], bool(t == deal.periods)
        if t > 0:
            accrue(deal, links, capital.tranches, holding)
            grid[TILL, t] = grid[TILL, t - 1]
        if moment.opens == 1:
            ask_tranches(capital, links, t, holding, books.asked)
        if moment.busy == 1:
            if t <= closes:
                for e in range(moment.evaluations, moment.evaluations_end):
                    measure(
                        plan.evaluation, deal.years, row, people, e, true_mode, given,
                        events[STOP], findings,
                    )  # fmt: skip
                    last_evaluation = e
            if moment.looks == 1:
                look_at_program(plan.evaluation, people, t, given, events[STOP], findings.last)
            if t <= closes:
                determine(contract, links, moment, t, findings, claims, grid)
            if moment.releases_end > moment.releases:
                release(
                    contract, links, deal.releases_from, moment, t, last_evaluation, findings,
                    claims, grid,
                )  # fmt: skip
            for position in range(moment.triggers, moment.triggers_end):
                n = links[position]
                if _pull(contract, deal, links, n, t, found, events, findings, holding):
                    found = True
                    closes = _closing(contract.triggers, events)
                if contract.triggers[n].action == Action.STOP_FUNDING:
                    ask_tranches(capital, links, t, holding, books.asked)
            grid[GRANTS, t] = moment.grants
            grid[TILL, t] += moment.grants
            if moment.new_year == 1:
                begin_year(claims)
        if grid[COMING, t] > 0.0:
            arrive(
                contract, deal, links, moment, rng, row, path, t, claims, grid, books.tranche,
                holding, pools,
            )  # fmt: skip
            pooled = True
        if (pooled or ends) and deal.draws_first == 0:
            pooled = pay_out(capital, deal, t, pools, grid, books)
        active, joining, served, wind_down = 0.0, 0.0, False, 0.0
        if not ends:
            if deal.needs_service == 1:
                served = people.active[t] > 0.0 or people.waiting[t] > 0.0
                if not served:
                    served = _is_open(plan, t, enrolled, controls, events[EXPANSION])
                enrolled += people.enrolled[TREATED, t]
                controls += people.enrolled[CONTROL, t]
            if t < events[STOP]:
                active, joining = people.active[t], people.enrolled[TREATED, t]
        if events[STOP] == t and events[CAUSE] == _TRIGGERED:
            wind_down = row[contract.triggers[events[TRIGGER]].wind_down]
        short = fund(
            capital, deal, links, moment, row, active, joining, t, events[STOP], served,
            wind_down, books, grid,
        )  # fmt: skip
        if (pooled or ends) and deal.draws_first == 1:
            pooled = pay_out(capital, deal, t, pools, grid, books)
        if (
            short > grave
            and deal.stops_short == 1
            and served
            and t < events[STOP]
            and not found
        ):
            found = True
            events[STOP], events[CAUSE] = t, _SHORTFALL
        if moment.matures == 1 or t == closes:
            make_good(
                capital.guarantees, capital.limits, links, t, closes, holding, books.tranche,
                books.guarantor, books.called,
            )  # fmt: skip
        for p in range(ledger.pool.shape[0]):
            ledger.pool[p, t] = pools[p]
        for i in range(books.balance.shape[1]):
            books.balance[BALANCE, i, t] = holding[i].owed
            books.balance[ACCRUED, i, t] = holding[i].interest
    for j in range(claims.claim.size):
        claims.term[LOST, j, deal.periods] += claims.claim[j].withheld


@once
def _wipe(book: F8, findings: Findings) -> None:
    """Empty what the path before has left."""
    for n in range(book.size):
        book[n] = 0.0
    for m in range(findings.last.size):
        findings.last[m].missing = _NOT_HELD
        for e in range(findings.value.shape[1]):
            findings.missing[m, e] = _NOT_HELD
            findings.valid[m, e] = 0


@inline
def _closing(triggers: Records, events: I8) -> int:
    """The grid point after which nothing is measured or falls due; NEVER without such an end."""
    if events[CAUSE] != _TRIGGERED or triggers[events[TRIGGER]].pays_after == 1:
        return NEVER
    return int(events[STOP])


@lean
def _pull(
    contract: ContractTables,
    deal: Any,
    links: I8,
    n: int,
    t: int,
    found: bool,
    events: I8,
    findings: Findings,
    holding: Records,
) -> bool:
    """Let trigger `n` happen if its conditions hold; whether that is news to the people."""
    trigger = contract.triggers[n]
    action, known = trigger.action, found or events[STOP] <= t
    if action == Action.EXPAND:
        known = known or events[EXPANSION] < NEVER
    if action == Action.STOP_FUNDING:
        known = False
    if known or not holds(contract, findings, deal.triggers_from + n, -1):
        return False
    if action == Action.STOP_FUNDING:
        for position in range(trigger.tranches, trigger.tranches_end):
            holding[links[position]].shut = 1.0
        return False
    if action == Action.EXPAND:
        events[EXPANSION] = t
    else:
        events[STOP], events[CAUSE], events[TRIGGER] = t, _TRIGGERED, n
    return True


@inline
def _is_open(
    plan: MoneyPlan, t: int, enrolled: float, controls: float, expansion: int
) -> bool:
    """Whether enrollment is open in period `t`: neither the window nor the target has been met."""
    deal = plan.deal[0]
    end, target = deal.window_end, deal.target
    if expansion <= t:
        n = _expanding(plan, expansion)
        if n >= 0 and plan.contract.triggers[n].window_end >= 0:
            end = plan.contract.triggers[n].window_end
        if n >= 0 and not math.isnan(plan.contract.triggers[n].target):
            target = plan.contract.triggers[n].target
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
        if plan.contract.triggers[n].action == Action.EXPAND:
            return int(n)
    return -1
