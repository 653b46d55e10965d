"""What the capital does at a grid point (model §9): accrue, fund, pay out, make good.

Cash is in three places: the till (working capital), the pools (payments not yet distributed) and
in the hands of the parties. Every verb keeps `grid[TILL, t]` and `ledger.cash` up to date.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from pfs_sim.kernels._jit import apart, inline, inner_apart, once
from pfs_sim.tables.ledger import (
    CALL,
    DRAW,
    EXTRA,
    FLOW,
    GUARANTEE,
    INTEREST,
    PRINCIPAL,
    TILL,
    UNFUNDED,
    Books,
    Records,
)
from pfs_sim.tables.money import CapitalTables, StepKind
from pfs_sim.tables.state import NEVER

F8 = npt.NDArray[np.float64]
I8 = npt.NDArray[np.int64]

MAIN = 0
_PROVIDER = 1


@once
def price(lines: Records, row: F8, overrun: int, expenses: Records) -> None:
    """Set the path's prices: per client and period, per enrollment, per period, with overruns."""
    for u in range(lines.size):
        line, expense = lines[u], expenses[u]
        factor = row[line.overrun] * row[overrun]
        if line.per_client >= 0:
            expense.per_client = row[line.per_client] * factor
        if line.per_enrollment >= 0:
            expense.per_enrollment = row[line.per_enrollment] * factor
        if line.per_period >= 0:
            expense.per_period = row[line.per_period] * factor


@once
def accrue(deal: Any, links: I8, tranches: Records, holding: Records) -> None:
    """Charge the interest of the period that has just ended."""
    for position in range(deal.bears, deal.bears_end):
        i = links[position]
        held = holding[i]
        base = held.owed + held.interest if tranches[i].compound == 1 else held.owed
        held.interest += base * tranches[i].rate


@once
def _charge(
    tables: CapitalTables,
    overall: float,
    moment: Any,
    row: F8,
    active: float,
    enrolled: float,
    t: int,
    stop: int,
    served: bool,
    expenses: Records,
    uses: F8,
) -> float:
    """Write the cost of every line on grid point `t` into the uses; returns their sum."""
    total, entry = 0.0, moment.dated
    for u in range(tables.lines.size):
        line, expense = tables.lines[u], expenses[u]
        amount = expense.per_client * active + expense.per_enrollment * enrolled
        due = line.first <= t <= line.last and (served or line.last < NEVER)
        if due and (t < stop or line.stops == 0):
            amount += expense.per_period
        while entry < moment.dated_end and tables.dated[entry].line == u:
            amount += row[tables.dated[entry].column] * (row[line.overrun] * overall)
            entry += 1
        amount *= tables.inflation[u, t]
        uses[u, t] = amount
        total += amount
    return total


@inner_apart
def ask_tranches(
    tables: CapitalTables, links: I8, t: int, holding: Records, asked: F8
) -> None:
    """Find who can be drawn on grid point `t`, and for which share of what an order is asked for.

    That holds until somebody has drawn everything, is shut, or the time to draw begins or ends.
    """
    for i in range(tables.tranches.size):
        tranche, held = tables.tranches[i], holding[i]
        can = tranche.first <= t <= tranche.last and held.shut == 0.0
        held.willing = tranche.commitment if can and held.drawn < tranche.commitment else 0.0
    for group in range(tables.orders.size):
        first, last = tables.orders[group].tranches, tables.orders[group].tranches_end
        willing = 0.0
        for position in range(first, last):
            willing += holding[links[position]].willing
        asked[group] = willing
        for position in range(first, last):
            held = holding[links[position]]
            held.share = held.willing / willing if willing > 0.0 else 0.0


@once
def _draw(holding: Records, flows: F8, i: int, t: int, amount: float, commitment: float) -> bool:
    """Let a tranche pay in; whether that was its last.

    What exhausts it leaves nothing, not a rounding error.
    """
    held = holding[i]
    exhausted = amount >= commitment - held.drawn
    held.drawn = commitment if exhausted else held.drawn + amount
    held.owed += amount
    flows[DRAW, i, t] += amount
    flows[FLOW, i, t] -= amount
    return bool(not held.drawn < commitment)


@once
def _draw_fixed(
    tables: CapitalTables, links: I8, moment: Any, t: int, books: Books, grid: F8
) -> None:
    """Draws at a date, up-front ones among them, into the till."""
    spent = False
    for entry in range(moment.draws, moment.draws_end):
        i = tables.draws[entry].tranche
        commitment, held = tables.tranches[i].commitment, books.holding[i]
        amount = min(tables.draws[entry].amount, commitment - held.drawn)
        if held.shut == 0.0 and amount > 0.0:
            last = _draw(books.holding, books.tranche, i, t, amount, commitment)
            spent = spent or last
            grid[TILL, t] += amount
    if spent:
        ask_tranches(tables, links, t, books.holding, books.asked)


@once
def _draw_down(
    tables: CapitalTables, links: I8, t: int, need: float, books: Books
) -> float:
    """Draw what is needed, order by order, pro rata by commitment; returns what is still missing.

    Who has too little left gives that, and the others of the same order share the remainder.
    """
    holding = books.holding
    for group in range(tables.orders.size):
        first, last = tables.orders[group].tranches, tables.orders[group].tranches_end
        for _ in range(last - first):
            willing = books.asked[group]
            if willing == 0.0:
                break
            rest, exhausted, spent = need, False, False
            for position in range(first, last):
                i = links[position]
                commitment = holding[i].willing
                if commitment > 0.0:
                    amount, left = need * holding[i].share, commitment - holding[i].drawn
                    if amount >= left:
                        amount, exhausted = left, True
                    if _draw(holding, books.tranche, i, t, amount, commitment):
                        spent = True
                    rest -= amount
            if spent:
                ask_tranches(tables, links, t, holding, books.asked)
            if not exhausted:
                return 0.0
            need = rest
            if not need > 1e-15 * willing:
                return 0.0
    return need


@once
def fund(
    tables: CapitalTables,
    deal: Any,
    links: I8,
    moment: Any,
    row: F8,
    active: float,
    enrolled: float,
    t: int,
    stop: int,
    served: bool,
    wind_down: float,
    books: Books,
    grid: F8,
) -> float:
    """Pay what is due on grid point `t`: cost lines in order, winding down, then coupons.

    The till pays first, then the tranches; what nobody can pay is unfunded, and returned, and a
    coupon that is not paid stays due. Without investors the provider pays everything. `active`
    clients are in service in the period, `enrolled` treated clients begin it.
    """
    lines, holding = tables.lines.size, books.holding
    if moment.draws_end > moment.draws:
        _draw_fixed(tables, links, moment, t, books, grid)
    total = wind_down + _charge(
        tables, row[deal.overrun], moment, row, active, enrolled, t, stop, served, books.expense,
        books.uses,
    )  # fmt: skip
    for position in range(deal.coupon, deal.coupon_end):
        total += holding[links[position]].interest
    if not total > 0.0:
        for u in range(lines):
            books.uses[u, t] = 0.0
        return 0.0
    short = 0.0
    if deal.provider_funds == 1:
        books.party[_PROVIDER, t] -= total
    elif total <= grid[TILL, t]:
        grid[TILL, t] -= total
    else:
        need = total - grid[TILL, t]
        short = _draw_down(tables, links, t, need, books)
        grid[TILL, t] = 0.0
    if short > 0.0:
        grid[UNFUNDED, t] = short
        _pay_in_part(lines, deal, links, t, total - short, wind_down, books)
        return float(short)
    if wind_down != 0.0:
        books.uses[lines, t] = wind_down
    for position in range(deal.coupon, deal.coupon_end):
        i = links[position]
        _pay_coupon(holding[i], books.tranche, books.uses, i, t, 1.0)
    return 0.0


@inline
def _pay_coupon(held: Any, flows: F8, uses: F8, i: int, t: int, share: float) -> None:
    """Pay a share of the interest that is due; coupons are the last row of the uses."""
    amount = share * held.interest
    held.interest -= amount
    uses[uses.shape[0] - 1, t] += amount
    flows[INTEREST, i, t] += amount
    flows[FLOW, i, t] += amount


@apart
def _pay_in_part(
    lines: int,
    deal: Any,
    links: I8,
    t: int,
    available: float,
    wind_down: float,
    books: Books,
) -> None:
    """Pay the lines in order as far as the money goes, the coupons pro rata with what is left."""
    for u in range(lines):
        paid = min(books.uses[u, t], available)
        books.uses[u, t] = paid
        available -= paid
    books.uses[lines, t] = min(wind_down, available)
    available -= books.uses[lines, t]
    due = 0.0
    for position in range(deal.coupon, deal.coupon_end):
        due += books.holding[links[position]].interest
    if available > 0.0 and due > 0.0:
        for position in range(deal.coupon, deal.coupon_end):
            i = links[position]
            share = min(1.0, available / due)
            _pay_coupon(books.holding[i], books.tranche, books.uses, i, t, share)


@once
def pay_out(
    tables: CapitalTables, deal: Any, t: int, pools: F8, grid: F8, books: Books
) -> bool:
    """Pay what the pools hold, or owe, on grid point `t`; whether anything stays in them."""
    least, most = 0.0, 0.0
    for p in range(pools.size):
        least, most = min(least, pools[p]), max(most, pools[p])
    if least < 0.0 and deal.provider_funds == 0:
        _settle_deficit(
            tables.tranches, deal.committed, t, pools, grid, books.tranche, books.party
        )
    if least < 0.0 or most > 0.0 or t == deal.periods:
        _distribute(tables, deal, t, pools, grid, books)
    left = False
    for p in range(pools.size):
        left = left or pools[p] != 0.0
    return left


@once
def _settle_deficit(
    tranches: Records, committed: float, t: int, pools: F8, grid: F8, flows: F8, party: F8
) -> None:
    """Cover pools that owe the payor: from the main pool, the till, then the investors.

    Investors are called pro rata by commitment; where nobody has committed anything the provider
    pays.
    """
    for p in range(1, pools.size):
        if pools[p] < 0.0:
            pools[MAIN] += pools[p]
            pools[p] = 0.0
    if not pools[MAIN] < 0.0:
        return
    owed = -pools[MAIN]
    pools[MAIN] = 0.0
    taken = min(owed, grid[TILL, t])
    grid[TILL, t] -= taken
    owed -= taken
    if not committed > 0.0:
        party[_PROVIDER, t] -= owed
        return
    for i in range(tranches.size):
        amount = owed * (tranches[i].commitment / committed)
        flows[CALL, i, t] += amount
        flows[FLOW, i, t] -= amount


@once
def _distribute(
    tables: CapitalTables, deal: Any, t: int, pools: F8, grid: F8, books: Books
) -> None:
    """Run the waterfall on grid point `t`; on the last one nothing is left behind.

    On the last grid point the steps of named pools come first; what they leave, and the till, go
    to the main pool before its steps, and the rest to who gets the residual. Where the provider
    funds the program, what the steps leave is the provider's at once.
    """
    ends = bool(t == deal.periods)
    rounds = 2 if ends else 1
    for turn in range(rounds):
        if turn == 1:
            for p in range(1, pools.size):
                pools[MAIN] += pools[p]
                pools[p] = 0.0
            pools[MAIN] += grid[TILL, t]
            grid[TILL, t] = 0.0
        for w in range(tables.steps.size):
            step = tables.steps[w]
            if ends and (step.pool == MAIN) == (turn == 0):
                continue
            available = pools[step.pool]
            if available > 0.0 and step.due <= t <= step.until:
                paid = _pay_step(step, w, t, ends, available, tables.recipients, books, grid)
                pools[step.pool] = max(0.0, available - paid)
                books.step[w, t] += paid
    if deal.provider_funds == 1:
        for p in range(pools.size):
            books.party[_PROVIDER, t] += pools[p]
            pools[p] = 0.0
    elif ends:
        books.party[deal.residual, t] += pools[MAIN]
        pools[MAIN] = 0.0


@once
def _pay_step(
    step: Any,
    w: int,
    t: int,
    ends: bool,
    available: float,
    recipients: Records,
    books: Books,
    grid: F8,
) -> float:
    """Pay one step of the waterfall out of what its pool has; returns what it took."""
    kind, flows, party = step.kind, books.tranche, books.party
    if kind == StepKind.RESERVE:
        if ends:
            return 0.0
        paid = min(available, max(0.0, step.amount - grid[TILL, t]))
        grid[TILL, t] += paid
    elif kind == StepKind.FEE:
        owed = min(available, step.amount - books.fee[w])
        paid = _pay_shares(step, t, owed, recipients, books.hurdle, flows, party)
        books.fee[w] += paid
    elif kind == StepKind.SHARE:
        paid = _pay_shares(step, t, available, recipients, books.hurdle, flows, party)
    else:
        paid = _pay_pro_rata(step, t, available, recipients, books.hurdle, books.holding, flows)
    return float(paid)


@apart
def _pay_shares(
    step: Any,
    t: int,
    amount: float,
    recipients: Records,
    hurdles: Records,
    flows: F8,
    party: F8,
) -> float:
    """Pay shares of an amount to parties and tranches; a tranche takes no more than its hurdle."""
    paid = 0.0
    if not amount > 0.0:
        return paid
    for r in range(step.recipients, step.recipients_end):
        i, part = recipients[r].who, recipients[r].share * amount
        if i < 0:
            party[-1 - i, t] += part
        else:
            if not math.isnan(step.growth):
                part = min(part, max(0.0, _hurdle(hurdles[r], flows, i, t, step.growth)))
            flows[EXTRA, i, t] += part
            flows[FLOW, i, t] += part
        paid += part
    return paid


@once
def _pay_pro_rata(
    step: Any,
    t: int,
    available: float,
    recipients: Records,
    hurdles: Records,
    holding: Records,
    flows: F8,
) -> float:
    """Pay what is owed to tranches, in full or pro rata: interest, principal, a target return."""
    kind, total = step.kind, 0.0
    for r in range(step.recipients, step.recipients_end):
        i = recipients[r].who
        total += _owed(kind, hurdles[r], holding[i], flows, i, t, step.growth)
    if not total > 0.0:
        return 0.0
    paid = min(available, total)
    for r in range(step.recipients, step.recipients_end):
        i = recipients[r].who
        owed = _owed(kind, hurdles[r], holding[i], flows, i, t, step.growth)
        part = owed if paid == total else paid * (owed / total)
        if kind == StepKind.INTEREST:
            holding[i].interest -= part
            flows[INTEREST, i, t] += part
        elif kind == StepKind.PRINCIPAL:
            holding[i].owed -= part
            flows[PRINCIPAL, i, t] += part
        else:
            flows[EXTRA, i, t] += part
        flows[FLOW, i, t] += part
    return paid


@once
def _owed(
    kind: int, hurdle: Any, held: Any, flows: F8, i: int, t: int, growth: float
) -> float:
    if kind == StepKind.INTEREST:
        return float(held.interest)
    if kind == StepKind.PRINCIPAL:
        return float(held.owed)
    return max(0.0, _hurdle(hurdle, flows, i, t, growth))


@apart
def _hurdle(hurdle: Any, flows: F8, i: int, t: int, growth: float) -> float:
    """What a tranche is owed on grid point `t` at a target return, after what it got so far.

    Its outflows less its receipts, compounded. The balance of the grid points before `t` is kept,
    so each is compounded once.
    """
    start = int(hurdle.at)
    if start < t:
        owed = hurdle.owed
        for s in range(start, t):
            owed = owed * growth - flows[FLOW, i, s]
        hurdle.owed = owed
        hurdle.at = t
    return float(hurdle.owed * growth - flows[FLOW, i, t])


@once
def make_good(
    guarantees: Records,
    limits: F8,
    links: I8,
    t: int,
    closes: int,
    holding: Records,
    flows: F8,
    guarantor: F8,
    called: F8,
) -> None:
    """Call the guarantees that mature on grid point `t`, or end with the deal at `closes`."""
    for g in range(guarantees.size):
        guarantee = guarantees[g]
        if called[g] == 1.0 or min(guarantee.at, closes) != t:
            continue
        called[g] = 1.0
        drawn, lost = 0.0, 0.0
        for position in range(guarantee.tranches, guarantee.tranches_end):
            drawn += holding[links[position]].drawn
            lost += holding[links[position]].owed
        amount = guarantee.share * lost
        if guarantee.floor == 1:
            whole = drawn if math.isnan(guarantee.committed) else guarantee.committed
            amount = max(0.0, guarantee.share * whole - (drawn - lost))
        amount = min(amount, lost, limits[g, t])
        if not amount > 0.0:
            continue
        guarantor[g, t] += amount
        for position in range(guarantee.tranches, guarantee.tranches_end):
            i = links[position]
            part = holding[i].owed if amount == lost else amount * (holding[i].owed / lost)
            holding[i].owed -= part
            flows[GUARANTEE, i, t] += part
            flows[FLOW, i, t] += part
