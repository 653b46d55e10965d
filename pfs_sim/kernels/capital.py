"""What the capital does at a grid point (model §9): accrue, fund, pay out, make good.

Cash is in three places: the till (working capital), the pools (payments not yet distributed) and
in the hands of the parties. Every verb keeps `grid[TILL, t]` and `ledger.cash` up to date. Paths do
so side by side, and what happens on some of them alone is masked.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from pfs_sim.kernels._jit import apart, inline, inner_apart, once
from pfs_sim.kernels._wide import alike, anywhere, each, everywhere, greater, lesser, where
from pfs_sim.tables.ledger import (
    CALL,
    DRAW,
    DRAWN,
    EXTRA,
    FLOW,
    GUARANTEE,
    INTEREST,
    OWED,
    PER_CLIENT,
    PER_ENROLLMENT,
    PER_PERIOD,
    PRINCIPAL,
    SHARE,
    SHUT,
    TILL,
    UNFUNDED,
    UNPAID,
    WILLING,
    Books,
)
from pfs_sim.tables.money import CapitalTables, Records, StepKind
from pfs_sim.tables.state import NEVER
from pfs_sim.tables.wide import Wide

F8 = npt.NDArray[np.float64]
I8 = npt.NDArray[np.int64]

MAIN = 0
_PROVIDER = 1


@once
def price(lines: Records, row: Wide, overrun: int, expense: Wide) -> None:
    """Set the paths' prices: per client and period, per enrollment, per period, with overruns."""
    for u in range(lines.size):
        line = lines[u]
        factor = row[line.overrun] * row[overrun]
        if line.per_client >= 0:
            expense[PER_CLIENT, u] = row[line.per_client] * factor
        if line.per_enrollment >= 0:
            expense[PER_ENROLLMENT, u] = row[line.per_enrollment] * factor
        if line.per_period >= 0:
            expense[PER_PERIOD, u] = row[line.per_period] * factor


@once
def accrue(deal: Any, links: I8, tranches: Records, holding: Wide) -> None:
    """Charge the interest of the period that has just ended."""
    for position in range(deal.bears, deal.bears_end):
        i = links[position]
        base = holding[OWED, i]
        if tranches[i].compound == 1:
            base += holding[UNPAID, i]
        holding[UNPAID, i] += base * tranches[i].rate


@once
def _charge(
    tables: CapitalTables,
    overall: Wide,
    moment: Any,
    row: Wide,
    active: Wide,
    enrolled: Wide,
    t: int,
    stop: Wide,
    served: Wide,
    expense: Wide,
    uses: Wide,
) -> Wide:
    """Write the cost of every line on grid point `t` into the uses; returns their sum."""
    total, entry = each(0.0), moment.dated
    for u in range(tables.lines.size):
        line = tables.lines[u]
        amount = expense[PER_CLIENT, u] * active + expense[PER_ENROLLMENT, u] * enrolled
        if line.per_period >= 0 and line.first <= t <= line.last:
            due = served | (line.last < NEVER)
            if line.stops != 0:
                due = due & (t < stop)
            amount += where(due, expense[PER_PERIOD, u], 0.0)
        while entry < moment.dated_end and tables.dated[entry].line == u:
            amount += row[tables.dated[entry].column] * (row[line.overrun] * overall)
            entry += 1
        amount *= tables.inflation[u, t]
        uses[u, t] = amount
        total += amount
    return total


@inner_apart
def ask_tranches(
    tables: CapitalTables, links: I8, t: int, holding: Wide, asked: Wide
) -> None:
    """Find who can be drawn on grid point `t`, and for which share of what an order is asked for.

    That holds until somebody has drawn everything, is shut, or the time to draw begins or ends.
    """
    for i in range(tables.tranches.size):
        tranche = tables.tranches[i]
        can = (holding[SHUT, i] == 0.0) & (holding[DRAWN, i] < tranche.commitment)
        can = can & (tranche.first <= t <= tranche.last)
        holding[WILLING, i] = where(can, tranche.commitment, 0.0)
    for group in range(tables.orders.size):
        first, last = tables.orders[group].tranches, tables.orders[group].tranches_end
        willing = each(0.0)
        for position in range(first, last):
            willing += holding[WILLING, links[position]]
        asked[group] = willing
        some = willing > 0.0
        for position in range(first, last):
            i = links[position]
            holding[SHARE, i] = where(some, holding[WILLING, i] / willing, 0.0)


@once
def _draw(
    holding: Wide, flows: Wide, i: int, t: int, amount: Wide, commitment: Wide, which: Wide
) -> Wide:
    """Let a tranche pay in, on other than `which` paths nothing; where that was its last.

    What exhausts it leaves nothing, not a rounding error.
    """
    drawn = holding[DRAWN, i]
    exhausted = which & (amount >= commitment - drawn)
    drawn = where(exhausted, commitment, drawn + amount)
    holding[DRAWN, i] = drawn
    holding[OWED, i] += amount
    flows[DRAW, i, t] += amount
    flows[FLOW, i, t] -= amount
    return which & ~(drawn < commitment)


@once
def _draw_fixed(
    tables: CapitalTables, links: I8, moment: Any, t: int, books: Books, grid: Wide
) -> None:
    """Draws at a date, up-front ones among them, into the till."""
    spent, holding = alike(False), books.holding
    for entry in range(moment.draws, moment.draws_end):
        i = tables.draws[entry].tranche
        commitment = each(tables.tranches[i].commitment)
        amount = lesser(tables.draws[entry].amount, commitment - holding[DRAWN, i])
        which = (holding[SHUT, i] == 0.0) & (amount > 0.0)
        amount = where(which, amount, 0.0)
        spent = spent | _draw(holding, books.tranche, i, t, amount, commitment, which)
        grid[TILL, t] += amount
    if anywhere(spent):
        ask_tranches(tables, links, t, holding, books.asked)


@once
def _draw_down(
    tables: CapitalTables, links: I8, t: int, need: Wide, which: Wide, books: Books
) -> Wide:
    """Draw what is needed on `which` paths, order by order, pro rata by commitment.

    Who has too little left gives that, and the others of the same order share the remainder.
    Returns what is still missing.
    """
    holding = books.holding
    for group in range(tables.orders.size):
        first, last = tables.orders[group].tranches, tables.orders[group].tranches_end
        asked = which
        for _ in range(last - first):
            willing = books.asked[group]
            asked = asked & (willing != 0.0)
            if not anywhere(asked):
                break
            rest, exhausted = need, alike(False)
            spent = exhausted
            for position in range(first, last):
                i = links[position]
                commitment = holding[WILLING, i]
                gives = asked & (commitment > 0.0)
                left = commitment - holding[DRAWN, i]
                amount = need * holding[SHARE, i]
                all_of_it = gives & (amount >= left)
                amount = where(gives, where(all_of_it, left, amount), 0.0)
                exhausted = exhausted | all_of_it
                spent = spent | _draw(holding, books.tranche, i, t, amount, commitment, gives)
                rest -= amount
            if anywhere(spent):
                ask_tranches(tables, links, t, holding, books.asked)
            need = where(asked, rest, need)
            on = exhausted & (need > 1e-15 * willing)
            which, asked = which & (on | ~asked), asked & on
    return where(which, need, 0.0)


@once
def fund(
    tables: CapitalTables,
    deal: Any,
    links: I8,
    moment: Any,
    row: Wide,
    active: Wide,
    enrolled: Wide,
    t: int,
    stop: Wide,
    served: Wide,
    wind_down: Wide,
    books: Books,
    grid: Wide,
) -> Wide:
    """Pay what is due on grid point `t`: cost lines in order, winding down, then coupons.

    The till pays first, then the tranches; what nobody can pay is returned. Costs are unfunded
    then, and a coupon that is not paid stays due. Without investors the provider pays everything.
    `active` clients are in service in the period, `enrolled` treated clients begin it.
    """
    lines, holding, short = tables.lines.size, books.holding, each(0.0)
    if moment.draws_end > moment.draws:
        _draw_fixed(tables, links, moment, t, books, grid)
    total = wind_down + _charge(
        tables, row[deal.overrun], moment, row, active, enrolled, t, stop, served, books.expense,
        books.uses,
    )  # fmt: skip
    coupons = each(0.0)
    for position in range(deal.coupon, deal.coupon_end):
        coupons += holding[UNPAID, links[position]]
    total += coupons
    due = total > 0.0
    if not everywhere(due):
        for u in range(lines):
            books.uses[u, t] = where(due, books.uses[u, t], 0.0)
        if not anywhere(due):
            return short
    if deal.provider_funds == 1 or deal.coupon_end > deal.coupon:
        books.settled[t] = 1
    if deal.provider_funds == 1:
        books.party[_PROVIDER, t] -= where(due, total, 0.0)
    else:
        till = grid[TILL, t]
        lacks = due & ~(total <= till)
        if anywhere(lacks):
            short = _draw_down(tables, links, t, total - till, lacks, books)
        grid[TILL, t] = where(lacks, 0.0, where(due, till - total, till))
    fully = due & ~(short > 0.0)
    if anywhere(short > 0.0):
        grid[UNFUNDED, t] = greater(0.0, where(short > 0.0, short - coupons, 0.0))
        _pay_in_part(lines, deal, links, t, total - short, wind_down, short > 0.0, books)
    books.uses[lines, t] += where(fully, wind_down, 0.0)
    for position in range(deal.coupon, deal.coupon_end):
        i = links[position]
        amount = where(fully, holding[UNPAID, i], 0.0)
        _pay_coupon(holding, books.tranche, books.uses, i, t, amount)
    return short


@inline
def _pay_coupon(holding: Wide, flows: Wide, uses: Wide, i: int, t: int, amount: Wide) -> None:
    """Pay interest that is due; coupons are the last row of the uses."""
    holding[UNPAID, i] -= amount
    uses[uses.shape[0] - 1, t] += amount
    if flows.shape[0] > INTEREST:
        flows[INTEREST, i, t] += amount
    flows[FLOW, i, t] += amount


@apart
def _pay_in_part(
    lines: int,
    deal: Any,
    links: I8,
    t: int,
    available: Wide,
    wind_down: Wide,
    which: Wide,
    books: Books,
) -> None:
    """Pay the lines in order as far as the money goes, the coupons pro rata with what is left.

    Only on `which` paths.
    """
    uses, holding = books.uses, books.holding
    for u in range(lines):
        paid = lesser(uses[u, t], available)
        uses[u, t] = where(which, paid, uses[u, t])
        available -= paid
    paid = lesser(wind_down, available)
    uses[lines, t] = where(which, paid, uses[lines, t])
    available -= paid
    due = each(0.0)
    for position in range(deal.coupon, deal.coupon_end):
        due += holding[UNPAID, links[position]]
    which = which & (available > 0.0) & (due > 0.0)
    share = lesser(1.0, available / due)
    for position in range(deal.coupon, deal.coupon_end):
        i = links[position]
        amount = where(which, share * holding[UNPAID, i], 0.0)
        _pay_coupon(holding, books.tranche, uses, i, t, amount)


@once
def pay_out(
    tables: CapitalTables, deal: Any, t: int, pools: Wide, grid: Wide, books: Books
) -> bool:
    """Pay what the pools hold, or owe, on grid point `t`; whether anything stays in them."""
    owes, has = alike(False), alike(False)
    for p in range(pools.size):
        owes, has = owes | (pools[p] < 0.0), has | (pools[p] > 0.0)
    if anywhere(owes | has) or t == deal.periods:
        books.settled[t] = 1
    if deal.provider_funds == 0 and anywhere(owes):
        _settle_deficit(
            tables.tranches, deal.committed, t, pools, grid, books.tranche, books.party
        )
    if anywhere(owes | has) or t == deal.periods:
        _distribute(tables, deal, t, pools, grid, books)
    _recall(tables.steps, pools, books)
    left = False
    for p in range(pools.size):
        left = left or anywhere(pools[p] != 0.0)
    return left


@once
def _settle_deficit(
    tranches: Records, committed: float, t: int, pools: Wide, grid: Wide, flows: Wide, party: Wide
) -> None:
    """Cover pools that owe the payor: from the main pool, the till, then the investors.

    Investors are called pro rata by commitment; where nobody has committed anything the provider
    pays.
    """
    for p in range(1, pools.size):
        low = pools[p] < 0.0
        pools[MAIN] += where(low, pools[p], 0.0)
        pools[p] = where(low, 0.0, pools[p])
    low = pools[MAIN] < 0.0
    owed = where(low, -pools[MAIN], 0.0)
    pools[MAIN] = where(low, 0.0, pools[MAIN])
    taken = lesser(owed, grid[TILL, t])
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
    tables: CapitalTables, deal: Any, t: int, pools: Wide, grid: Wide, books: Books
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
            _recall(tables.steps, pools, books)
            for p in range(1, pools.size):
                pools[MAIN] += pools[p]
                pools[p] = 0.0
            pools[MAIN] += grid[TILL, t]
            grid[TILL, t] = 0.0
        for w in range(tables.steps.size):
            step = tables.steps[w]
            if ends and (step.pool == MAIN) == (turn == 0):
                continue
            pool = pools[step.pool]
            some = pool > 0.0
            if step.due <= t <= step.until and anywhere(some):
                available = where(some, pool, 0.0)
                paid = _pay_step(step, w, t, ends, available, tables.recipients, books, grid)
                pools[step.pool] = where(some, greater(0.0, pool - paid), pool)
                if books.step.shape[0] > 0:
                    books.step[w, t] += paid
    if deal.provider_funds == 1:
        for p in range(pools.size):
            books.party[_PROVIDER, t] += pools[p]
            pools[p] = 0.0
    elif ends:
        books.party[deal.residual, t] += pools[MAIN]
        pools[MAIN] = 0.0


@apart
def _recall(steps: Records, pools: Wide, books: Books) -> None:
    """What share steps have left is at most what is still in their pools."""
    for w in range(steps.size):
        if steps[w].kind == StepKind.SHARE:
            books.fee[w] = lesser(books.fee[w], greater(0.0, pools[steps[w].pool]))


@once
def _pay_step(
    step: Any,
    w: int,
    t: int,
    ends: bool,
    available: Wide,
    recipients: Records,
    books: Books,
    grid: Wide,
) -> Wide:
    """Pay one step of the waterfall out of what its pool has; returns what it took."""
    kind = step.kind
    if kind == StepKind.RESERVE:
        if ends:
            return each(0.0)
        paid = lesser(available, greater(0.0, step.amount - grid[TILL, t]))
        grid[TILL, t] += paid
    elif kind == StepKind.FEE:
        owed = lesser(available, step.amount - books.fee[w])
        paid = _pay_shares(step, t, owed, recipients, books)
        books.fee[w] += paid
    elif kind == StepKind.SHARE:
        passed = lesser(available, books.fee[w])  # it has been shared: it is not so again
        paid = _pay_shares(step, t, available - passed, recipients, books)
        books.fee[w] = where(available > 0.0, available - paid, books.fee[w])
    else:
        paid = _pay_pro_rata(step, t, available, recipients, books)
    return paid


@once
def _pay_shares(
    step: Any, t: int, amount: Wide, recipients: Records, books: Books
) -> Wide:
    """Pay shares of an amount to parties and tranches; a tranche takes no more than its hurdle."""
    paid, some = each(0.0), amount > 0.0
    if not anywhere(some):
        return paid
    amount = where(some, amount, 0.0)
    for r in range(step.recipients, step.recipients_end):
        i, part = recipients[r].who, recipients[r].share * amount
        if i < 0:
            books.party[-1 - i, t] += part
        else:
            if not math.isnan(step.growth):
                part = lesser(part, greater(0.0, _hurdle(books, r, i, t, step.growth)))
            books.tranche[EXTRA, i, t] += part
            books.tranche[FLOW, i, t] += part
        paid += part
    return paid


@once
def _pay_pro_rata(
    step: Any, t: int, available: Wide, recipients: Records, books: Books
) -> Wide:
    """Pay what is owed to tranches, in full or pro rata: interest, principal, a target return."""
    kind, total, flows, holding = step.kind, each(0.0), books.tranche, books.holding
    for r in range(step.recipients, step.recipients_end):
        total += _owed(kind, books, r, recipients[r].who, t, step.growth)
    some = total > 0.0
    if not anywhere(some):
        return each(0.0)
    paid = where(some, lesser(available, total), 0.0)
    whole = paid == total
    for r in range(step.recipients, step.recipients_end):
        i = recipients[r].who
        owed = _owed(kind, books, r, i, t, step.growth)
        part = where(whole, owed, paid * (owed / total))
        part = where(some, part, 0.0)
        if kind == StepKind.INTEREST:
            holding[UNPAID, i] -= part
            if flows.shape[0] > INTEREST:
                flows[INTEREST, i, t] += part
        elif kind == StepKind.PRINCIPAL:
            holding[OWED, i] -= part
            flows[PRINCIPAL, i, t] += part
        else:
            flows[EXTRA, i, t] += part
        flows[FLOW, i, t] += part
    return paid


@once
def _owed(kind: int, books: Books, r: int, i: int, t: int, growth: float) -> Wide:
    if kind == StepKind.INTEREST:
        return books.holding[UNPAID, i]
    if kind == StepKind.PRINCIPAL:
        return books.holding[OWED, i]
    return greater(0.0, _hurdle(books, r, i, t, growth))


@apart
def _hurdle(books: Books, r: int, i: int, t: int, growth: float) -> Wide:
    """What a tranche is owed on grid point `t` at a target return, after what it got so far.

    Its outflows less its receipts, compounded. The balance of the grid points before `t` is kept,
    so each is compounded once.
    """
    owed = books.hurdle[r]
    for s in range(books.since[r], t):
        owed = owed * growth - books.tranche[FLOW, i, s]
    books.hurdle[r], books.since[r] = owed, t
    return owed * growth - books.tranche[FLOW, i, t]


@once
def make_good(
    guarantees: Records, limits: F8, links: I8, t: int, closes: Wide, books: Books
) -> None:
    """Call the guarantees that mature on grid point `t`, or end with the deal at `closes`."""
    holding, flows = books.holding, books.tranche
    for g in range(guarantees.size):
        guarantee = guarantees[g]
        matures = lesser(guarantee.at, closes) == t
        matures = matures & (books.called[g] != 1.0)
        if not anywhere(matures):
            continue
        books.called[g] = where(matures, 1.0, books.called[g])
        drawn, lost = each(0.0), each(0.0)
        for position in range(guarantee.tranches, guarantee.tranches_end):
            drawn += holding[DRAWN, links[position]]
            lost += holding[OWED, links[position]]
        amount = guarantee.share * lost
        if guarantee.floor == 1:
            whole = drawn
            if not math.isnan(guarantee.committed):
                whole = each(guarantee.committed)
            amount = greater(0.0, guarantee.share * whole - (drawn - lost))
        amount = lesser(lesser(amount, lost), limits[g, t])
        some = matures & (amount > 0.0)
        if not anywhere(some):
            continue
        amount = where(some, amount, 0.0)
        books.guarantor[g, t] += amount
        books.settled[t] = 1
        for position in range(guarantee.tranches, guarantee.tranches_end):
            i = links[position]
            owed = holding[OWED, i]
            part = where(amount == lost, owed, amount * (owed / lost))
            part = where(some, part, 0.0)
            holding[OWED, i] -= part
            flows[GUARANTEE, i, t] += part
            flows[FLOW, i, t] += part
