"""The money of paths side by side: grid point by grid point, in the order in which a deal happens.

Interest accrues, an evaluation measures, dues are determined, triggers are looked at, payments
arrive, the waterfall distributes them, the program is funded, guarantees make good. Three things
feed back on the people: an empty till or a trigger stops service, a trigger expands it. The first
such event that the people of a path did not know is reported in `ledger.events`, and nothing after
it should be read before those people have been lived again with it known.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from pfs_sim.kernels._jit import inline, lean, once
from pfs_sim.kernels._wide import alike, anywhere, each, everywhere, of, replace, where
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
from pfs_sim.tables.ledger import (
    ACCRUED,
    BALANCE,
    CALL,
    DRAW,
    FLOW,
    GRANTS,
    HELD,
    LOST,
    MISSING,
    OWED,
    PAID,
    SHUT,
    TILL,
    UNPAID,
    WITHHELD,
    Books,
    Claims,
    Ledger,
)
from pfs_sim.tables.money import Action, MoneyPlan, Records
from pfs_sim.tables.state import CONTROL, NEVER, TREATED, Crowd, Missing, StopCause
from pfs_sim.tables.wide import ABREAST, Wide

F8 = npt.NDArray[np.float64]
I8 = npt.NDArray[np.int64]

STOP, CAUSE, EXPANSION, TRIGGER = 0, 1, 2, 3
"""Places in the events."""
_SHORTFALL = float(StopCause.SHORTFALL)
_TRIGGERED = float(StopCause.TRIGGER)
_NOT_HELD = float(Missing.NOT_HELD)
_SHORT = 1e-9
"""Unfunded costs that stop service, as a share of all commitments."""


@once
def live_money(
    plan: MoneyPlan,
    crowd: Crowd,
    true_mode: int,
    given: F8,
    ledger: Ledger,
) -> None:
    """Live the money of paths side by side over their people; `ledger` then holds it.

    `crowd.events` are the events that the people know: they happen, and are not derived again. At
    most one more is found on each path. `given[m, e]`: see `measure`.
    """
    deal, events, links, row = plan.deal[0], ledger.events, plan.links, crowd.row
    contract, capital, grid, pools = plan.contract, plan.capital, ledger.grid, ledger.cash
    findings, claims, books = ledger.findings, ledger.claims, ledger.books
    holding = books.holding
    _wipe(ledger)
    for i in range(events.size):
        events[i] = crowd.events[i]
    price(capital.lines, row, deal.overrun, books.expense)
    closes = _closing(contract.triggers, events)
    found, last, pooled = alike(False), each(-1.0), False
    enrolled, controls = each(0.0), each(0.0)
    grave = _SHORT * max(1.0, deal.committed)
    for t in range(deal.periods + 1):
        moment, ends = plan.moments[t], bool(t == deal.periods)
        _open(grid, books, t)
        if t > 0:
            accrue(deal, links, capital.tranches, holding)
            grid[TILL, t] = grid[TILL, t - 1]
        if moment.opens == 1:
            ask_tranches(capital, links, t, holding, books.asked)
        if moment.busy == 1:
            held = t <= closes
            for e in range(moment.evaluations, moment.evaluations_end):
                if anywhere(held):
                    measure(
                        plan.evaluation, deal.years, crowd, e, true_mode, given, events[STOP],
                        held, findings,
                    )  # fmt: skip
                    last = where(held, e, last)
            if moment.looks == 1:
                look_at_program(plan.evaluation, crowd, t, given, events[STOP], findings)
            if anywhere(held):
                determine(contract, links, moment, t, held, findings, claims)
            if moment.releases_end > moment.releases:
                release(contract, links, deal.releases_from, moment, t, last, findings, claims)
            for position in range(moment.triggers, moment.triggers_end):
                n = links[position]
                found = found | _pull(plan, n, t, found, ledger)
                closes = _closing(contract.triggers, events)
                if contract.triggers[n].action == Action.STOP_FUNDING:
                    ask_tranches(capital, links, t, holding, books.asked)
            grid[TILL, t] += moment.grants
            if grid.shape[0] > GRANTS:
                grid[GRANTS, t] = moment.grants
            if moment.new_year == 1:
                begin_year(claims)
        if claims.coming[t] == 1:
            arrive(
                contract, deal, links, moment, row, crowd.path[0], t, claims, books, pools,
            )  # fmt: skip
            pooled = True
        if (pooled or ends) and deal.draws_first == 0:
            pooled = pay_out(capital, deal, t, pools, grid, books)
        active, joining, served = each(0.0), each(0.0), alike(False)
        runs = t < events[STOP]
        if not ends:
            if deal.needs_service == 1:
                served = (crowd.active[t] > 0.0) | (crowd.waiting[t] > 0.0)
                if not everywhere(served):
                    served = served | _is_open(plan, t, enrolled, controls, events[EXPANSION])
                enrolled += crowd.enrolled[TREATED, t]
                controls += crowd.enrolled[CONTROL, t]
            active = where(runs, crowd.active[t], 0.0)
            joining = where(runs, crowd.enrolled[TREATED, t], 0.0)
        wind_down = _wind_down(contract.triggers, row, events, t)
        short = fund(
            capital, deal, links, moment, row, active, joining, t, events[STOP], served,
            wind_down, books, grid,
        )  # fmt: skip
        if (pooled or ends) and deal.draws_first == 1:
            pooled = pay_out(capital, deal, t, pools, grid, books)
        if deal.stops_short == 1:
            stops = (short > grave) & served & runs & ~found
            if anywhere(stops):
                found = found | stops
                events[STOP] = where(stops, t, events[STOP])
                events[CAUSE] = where(stops, _SHORTFALL, events[CAUSE])
        if moment.matures == 1 or anywhere(closes == t):
            make_good(capital.guarantees, capital.limits, links, t, closes, books)
        for p in range(ledger.pool.shape[0]):
            ledger.pool[p, t] = pools[p]
        for i in range(books.balance.shape[1]):
            books.balance[BALANCE, i, t] = holding[OWED, i]
            books.balance[ACCRUED, i, t] = holding[UNPAID, i]
    for j in range(claims.claim.shape[1]):
        claims.term[deal.periods, LOST, j] += claims.claim[WITHHELD, j]
    claims.moved[deal.periods] = 1


@once
def _wipe(ledger: Ledger) -> None:
    """Empty what the paths before have left, but for what `_open` does."""
    book, findings, claims = ledger.book, ledger.findings, ledger.claims
    for n in range(book.size):
        book[n] = 0.0
    for m in range(findings.to.size):
        findings.to[m] = 0
        findings.last[MISSING, m] = _NOT_HELD
        for e in range(findings.missing.shape[1]):
            findings.missing[m, e] = _NOT_HELD
    books = ledger.books
    for r in range(books.since.size):
        books.since[r] = 0
    for t in range(claims.moved.size):
        if claims.moved[t] == 1:
            _wipe_moment(claims, t)
        claims.coming[t] = 0
        if books.settled[t] == 1:
            _wipe_settled(books, t)


@once
def _open(grid: Wide, books: Books, t: int) -> None:
    """Empty what grid point `t` is about to fill: its lines are then near when it does."""
    for n in range(grid.shape[0]):
        grid[n, t] = 0.0
    for u in range(books.uses.shape[0] - 2, books.uses.shape[0]):
        books.uses[u, t] = 0.0
    for i in range(books.tranche.shape[1]):
        books.tranche[DRAW, i, t] = 0.0
        books.tranche[FLOW, i, t] = 0.0


@inline
def _wipe_moment(claims: Claims, t: int) -> None:
    """Empty what the contract did on a grid point: without an arrival it paid and cut nothing."""
    claims.moved[t] = 0
    for field in range(claims.term.shape[1]):
        if claims.coming[t] == 1 or field < PAID or field >= HELD:
            for j in range(claims.term.shape[2]):
                claims.term[t, field, j] = 0.0
    if claims.coming[t] == 1:
        for q in range(claims.payor.shape[1]):
            claims.payor[t, q] = 0.0


@inline
def _wipe_settled(books: Books, t: int) -> None:
    """Empty what the capital but drew and spent on a grid point."""
    books.settled[t] = 0
    for i in range(books.tranche.shape[1]):
        for layer in range(CALL, books.tranche.shape[0]):
            books.tranche[layer, i, t] = 0.0
    for p in range(books.party.shape[0]):
        books.party[p, t] = 0.0
    for w in range(books.step.shape[0]):
        books.step[w, t] = 0.0
    for g in range(books.guarantor.shape[0]):
        books.guarantor[g, t] = 0.0


@once
def _closing(triggers: Records, events: Wide) -> Wide:
    """The grid point after which nothing is measured or falls due; NEVER without such an end."""
    closes = each(NEVER)
    for n in range(triggers.size):
        if triggers[n].pays_after != 1:
            ends = (events[CAUSE] == _TRIGGERED) & (events[TRIGGER] == n)
            closes = where(ends, events[STOP], closes)
    return closes


@once
def _wind_down(triggers: Records, row: Wide, events: Wide, t: int) -> Wide:
    """What it costs to end the program early, where a trigger does so on grid point `t`."""
    cost = each(0.0)
    for n in range(triggers.size):
        ends = (events[STOP] == t) & (events[CAUSE] == _TRIGGERED) & (events[TRIGGER] == n)
        if triggers[n].action == Action.TERMINATE and anywhere(ends):
            cost = where(ends, row[triggers[n].wind_down], cost)
    return cost


@once
def _pull(plan: MoneyPlan, n: int, t: int, found: Wide, ledger: Ledger) -> Wide:
    """Let trigger `n` happen where its conditions hold; where that is news to the people."""
    trigger, events = plan.contract.triggers[n], ledger.events
    action, known = trigger.action, found | (events[STOP] <= t)
    if action == Action.EXPAND:
        known = known | (events[EXPANSION] < NEVER)
    if action == Action.STOP_FUNDING:
        known = alike(False)
    happens = ~known
    owner = plan.deal[0].triggers_from + n
    if anywhere(happens):
        happens = happens & holds(plan.contract, ledger.findings, owner, -1)
    if action == Action.STOP_FUNDING:
        holding = ledger.books.holding
        for position in range(trigger.tranches, trigger.tranches_end):
            i = plan.links[position]
            holding[SHUT, i] = where(happens, 1.0, holding[SHUT, i])
        return alike(False)
    if action == Action.EXPAND:
        events[EXPANSION] = where(happens, t, events[EXPANSION])
    else:
        events[STOP] = where(happens, t, events[STOP])
        events[CAUSE] = where(happens, _TRIGGERED, events[CAUSE])
        events[TRIGGER] = where(happens, n, events[TRIGGER])
    return happens


@once
def _is_open(
    plan: MoneyPlan, t: int, enrolled: Wide, controls: Wide, expansion: Wide
) -> Wide:
    """Where enrollment is open in period `t`: neither the window nor the target has been met."""
    end, target, others = _bounds(plan, t, NEVER)
    last, most, most_controls = each(end), each(target), each(others)
    if anywhere(expansion <= t):
        for lane in range(ABREAST):
            end, target, others = _bounds(plan, t, int(of(expansion, lane)))
            last, most = replace(last, lane, end), replace(most, lane, target)
            most_controls = replace(most_controls, lane, others)
    room = _has_room(enrolled, most)
    if plan.deal[0].control_ratio > 0.0:
        room = room | _has_room(controls, most_controls)
    return room & (t < last)


@lean
def _bounds(plan: MoneyPlan, t: int, expansion: int) -> tuple[float, float, float]:
    """End of the window, target and controls of it in period `t`, expanded or not."""
    deal = plan.deal[0]
    end, target = deal.window_end, deal.target
    if expansion <= t:
        n = _expanding(plan, expansion)
        if n >= 0 and plan.contract.triggers[n].window_end >= 0:
            end = plan.contract.triggers[n].window_end
        if n >= 0 and not math.isnan(plan.contract.triggers[n].target):
            target = plan.contract.triggers[n].target
    others = math.floor(target * deal.control_ratio + 0.5) * 1.0 if target < math.inf else target
    return float(end), float(target), others


@inline
def _has_room(enrolled: Wide, target: Wide) -> Wide:
    endless = target == math.inf
    slack = 1e-9 * where(target > 1.0, target, 1.0)
    return endless | (enrolled < where(endless, 0.0, target - slack))


@inline
def _expanding(plan: MoneyPlan, expansion: int) -> int:
    """The trigger that expands the program: the first of that date in the order of the file."""
    moment = plan.moments[expansion]
    for position in range(moment.triggers, moment.triggers_end):
        n = plan.links[position]
        if plan.contract.triggers[n].action == Action.EXPAND:
            return int(n)
    return -1
