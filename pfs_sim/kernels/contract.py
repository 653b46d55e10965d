"""What the contract says (model §8): what falls due, what of it arrives, who pays.

A claim is determined at its date, loses its holdback and travels for its lag; on arrival it meets
the appropriation, then the caps, and what is left is paid into a pool of the waterfall. Paths do
so side by side, and what happens on some of them alone is masked.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from pfs_sim.kernels._jit import apart, forced, inline, inner, inner_apart, once
from pfs_sim.kernels._wide import (
    alike,
    anywhere,
    each,
    greater,
    lesser,
    of,
    replace,
    where,
)
from pfs_sim.kernels.random import ZERO, wide_block, wide_uniform
from pfs_sim.tables.ledger import (
    CARRIED,
    CLAIMED,
    CUT,
    DRAWN,
    DUE,
    FACTOR,
    FLOW,
    FORFEITED,
    GONE,
    HELD,
    LOST,
    MISSING,
    OWED,
    OWES,
    PAID,
    PAID_YEAR,
    PENDING,
    REDUCED,
    TARGET,
    THIS_YEAR,
    TO_DATE,
    VALUE,
    WITHHELD,
    Books,
    Claims,
    Findings,
)
from pfs_sim.tables.money import ContractTables, Pays, Records
from pfs_sim.tables.state import Missing
from pfs_sim.tables.wide import ABREAST, Wide

I8 = npt.NDArray[np.int64]

SLACK = 1e-12
"""A knot counts as reached from so far below, relative: 0.1 computed is at least 0.1."""

_EXISTS = float(Missing.NONE)
_SHIFT = np.uint64(16)
_UNKNOWN, _HOLDS, _FAILS = 0.0, 1.0, 2.0


@forced
def _slack(bound: float) -> float:
    return SLACK * max(1.0, abs(bound))


@once
def amount_of(term: Any, knots: Records, x: Wide) -> Wide:
    """The amount that the schedule of a term gives for the measure `x`."""
    amount = each(term.below)
    if term.below_slope != 0.0:
        amount = term.below + term.below_slope * (x - knots[term.knots].x)
    for i in range(term.knots, term.knots_end):
        knot = knots[i]
        slack = _slack(knot.x)
        reached = x > knot.x + slack if term.above == 1 else x >= knot.x - slack
        amount = where(reached, knot.y + knot.slope * (x - knot.x), amount)
    return amount


@inner
def holds(tables: ContractTables, findings: Findings, owner: int, e: int) -> Wide:
    """Where the conditions of an owner hold: all of the first group, one of the second.

    Measures are those of evaluation `e`, or for −1 as last known. Without data a condition does
    not hold; an empty group holds.
    """
    middle, last = tables.groups[2 * owner + 1], tables.groups[2 * owner + 2]
    one = alike(bool(middle == last))
    for c in range(middle, last):
        one = one | _condition(tables.conditions[c], findings, e)
    for c in range(tables.groups[2 * owner], middle):
        one = one & _condition(tables.conditions[c], findings, e)
    return one


@forced
def unconditional(groups: I8, owner: int) -> bool:
    """Whether an owner has no conditions."""
    return bool(groups[2 * owner] == groups[2 * owner + 2])


@once
def _condition(condition: Any, findings: Findings, e: int) -> Wide:
    m = condition.measure
    value, missing = findings.last[VALUE, m], findings.last[MISSING, m]
    if e >= 0:
        value, missing = findings.value[m, e], findings.missing[m, e]
    low, high = condition.at_least, condition.below
    found = missing == _EXISTS
    if not math.isinf(low):
        found = found & ~(value < low - _slack(low))
    if not math.isinf(high):
        found = found & (value < high - _slack(high))
    return found


@once
def _send(claims: Claims, j: int, t: int, arrives: int, amount: Wide) -> None:
    """Put an amount that is due on its way; past the end of the grid it is lost."""
    if not anywhere(amount != 0.0):
        return
    if arrives >= claims.moved.size:
        claims.term[t, LOST, j] += amount
        claims.moved[t] = 1
    else:
        claims.term[arrives, PENDING, j] += amount
        claims.moved[arrives], claims.coming[arrives] = 1, 1


@once
def _claim(term: Any, claims: Claims, j: int, t: int, amount: Wide, which: Wide) -> Wide:
    """What a term claims on grid point `t` of an amount, after its cap and its holdback.

    It claims on `which` paths, on the others nothing. A cumulative term claims what it has not
    claimed before. It claims less than nothing only with a claw-back, or where the amount itself
    is owed by the investors (no cap then), and takes back no more than was claimed and not cut.
    """
    before, owed = claims.claim[CLAIMED, j], amount >= 0.0
    if term.each == 1:
        new = where(owed, lesser(amount, term.cap - before), amount)
    else:
        least = lesser(amount, term.cap)
        new = least - before
        if term.claw_back == 0:
            new = where((new < 0.0) & owed, 0.0, new)
        gone = claims.claim[GONE, j]
        back = which & (new < 0.0) & (gone > 0.0)
        if anywhere(back):
            # What caps had cut was never paid, so there is that much less to be paid back.
            kept = least - (before - gone)
            new = where(back, lesser(0.0, kept), new)
            claims.claim[GONE, j] = where(back, greater(0.0, kept), gone)
            before = where(back, least - new, before)
    new = where(which, new, 0.0)
    claims.claim[CLAIMED, j] = before + new
    claims.term[t, DUE, j] += new
    claims.moved[t] = 1
    if t <= term.hold_until and term.hold_share > 0.0:
        kept = where(new > 0.0, term.hold_share * new, 0.0)
        claims.claim[WITHHELD, j] += kept
        if claims.term.shape[1] > HELD:
            claims.term[t, HELD, j] += kept
        new -= kept
    return new


@once
def determine(
    tables: ContractTables,
    links: I8,
    moment: Any,
    t: int,
    held: Wide,
    findings: Findings,
    claims: Claims,
) -> None:
    """Find what falls due on grid point `t`: by evaluation, then in the order of the terms.

    Only on paths on which evaluations are still `held`.
    """
    for entry in range(moment.dues, moment.dues_end):
        due = tables.dues[entry]
        j, e = due.term, due.evaluation
        term, which = tables.terms[j], held
        if not unconditional(tables.groups, j):
            which = which & holds(tables, findings, j, e)
        for position in range(term.unless, term.unless_end):
            which = which & (claims.claim[CLAIMED, links[position]] == 0.0)
        value = each(0.0)
        if term.measure >= 0:
            which = which & (findings.missing[term.measure, e] == _EXISTS)
            value = findings.value[term.measure, e]
        if not anywhere(which):
            continue
        factor = each(term.times)
        if term.times_measure >= 0:
            m = term.times_measure
            factor = findings.value[m, e] if e >= 0 else findings.last[VALUE, m]
        factor *= due.index
        amount = amount_of(term, tables.knots, value)
        arrives = t + term.lag
        if term.pays == Pays.MONEY:
            amount = greater(amount * factor, term.floor)
            _send(claims, j, t, arrives, _claim(term, claims, j, t, amount, which))
        elif arrives < claims.coming.size:
            table = claims.table
            table[OWES, j, arrives] = where(which, 1.0, table[OWES, j, arrives])
            table[TARGET, j, arrives] = where(which, amount, table[TARGET, j, arrives])
            table[FACTOR, j, arrives] = where(which, factor, table[FACTOR, j, arrives])
            claims.coming[arrives], claims.moved[arrives] = 1, 1


@inner_apart
def release(
    tables: ContractTables,
    links: I8,
    releases_from: int,
    moment: Any,
    t: int,
    last: Wide,
    findings: Findings,
    claims: Claims,
) -> None:
    """Let the holdbacks of grid point `t` fall due, or be forfeited, by the evaluation held `last`.

    Before the first evaluation (−1) nothing has been measured, so a condition does not hold.
    """
    for position in range(moment.releases, moment.releases_end):
        j = links[position]
        owner, withheld = releases_from + j, claims.claim[WITHHELD, j]
        free = alike(True)
        if not unconditional(tables.groups, owner):
            free = alike(False)
            for e in range(findings.value.shape[1]):
                here = last == float(e)
                if anywhere(here):
                    free = free | (here & holds(tables, findings, owner, e))
        if claims.term.shape[1] > FORFEITED:
            claims.term[t, FORFEITED, j] += where(free, 0.0, withheld)
        claims.moved[t] = 1
        _send(claims, j, t, t + tables.terms[j].lag, where(free, withheld, 0.0))
        claims.claim[WITHHELD, j] = 0.0


@apart
def _owed_return(
    pays: int, target: Wide, deal: Any, links: I8, books: Books, t: int
) -> Wide:
    """What brings the investors to the return of a table on grid point `t`; below 0 beyond it.

    An IRR r: the value at t, compounded at r, of what they have paid in less what they have
    received. A share of principal: that share of what was drawn, less what was returned.
    """
    owed = each(0.0)
    if pays == Pays.IRR:
        growth = target
        for lane in range(ABREAST):
            rate = of(target, lane)
            growth = replace(growth, lane, (1.0 + rate) ** deal.years if rate > -1.0 else 0.0)
        for s in range(t + 1):
            owed *= growth
            for position in range(deal.investors, deal.investors_end):
                owed -= books.tranche[FLOW, links[position], s]
    else:
        for position in range(deal.investors, deal.investors_end):
            i = links[position]
            drawn = books.holding[DRAWN, i]
            owed += target * drawn - (drawn - books.holding[OWED, i])
    return owed


@apart
def _paid_before(terms: Records, j: int, pool: int, amounts: Wide, t: int) -> Wide:
    """What the terms before `j` pay on grid point `t`, into a pool (−1: into any)."""
    paid = each(0.0)
    for other in range(j):
        if pool < 0 or terms[other].pool == pool:
            paid += amounts[t, PAID, other]
    return paid


@apart
def _switched(
    term: Any, links: I8, flows: Wide, t: int, amount: Wide, before: Wide
) -> Wide:
    """A payment whose part beyond the hurdle of its tranches is multiplied by a factor.

    It counts as received by them whole, as what was paid on the grid point `before` it does.
    """
    balance = each(0.0)
    for s in range(t + 1):
        balance *= term.switch_growth
        for position in range(term.switch, term.switch_end):
            balance -= flows[FLOW, links[position], s]
    balance -= before
    whole = lesser(amount, greater(0.0, balance))
    return whole + (amount - whole) * term.switch_factor


@once
def begin_year(claims: Claims) -> None:
    """Begin a fiscal year: what caps of a year count starts again."""
    for j in range(claims.claim.shape[1]):
        claims.claim[PAID_YEAR, j] = 0.0
    for q in range(claims.wallet.shape[1]):
        claims.wallet[THIS_YEAR, q] = 0.0
    claims.contract[THIS_YEAR] = 0.0


@once
def arrive(
    tables: ContractTables,
    deal: Any,
    links: I8,
    moment: Any,
    row: Wide,
    paths: Wide,
    t: int,
    claims: Claims,
    books: Books,
    pools: Wide,
) -> None:
    """Let arrive what is due on grid point `t`: appropriation, caps, payment into the pools.

    Caps bind in the order term, contract and payor for a fiscal year, then payor and contract in
    all, term by term; what earlier terms pay on `t` counts for the hurdles of later ones. Sums over
    terms are taken in the order of their names, so that the order in which unrelated terms are
    written changes no bit. `paths` are those side by side.
    """
    amounts = claims.term
    for j in range(tables.terms.size):
        term = tables.terms[j]
        fresh = amounts[t, PENDING, j]
        if claims.table.shape[1] > 0:
            owes = claims.table[OWES, j, t] == 1.0
            if anywhere(owes):
                target, factor = claims.table[TARGET, j, t], claims.table[FACTOR, j, t]
                owed = _owed_return(term.pays, target, deal, links, books, t)
                owed = factor * greater(0.0, owed - _paid_before(tables.terms, j, -1, amounts, t))
                fresh += _claim(term, claims, j, t, greater(owed, term.floor), owes)
        if term.switch_growth > 0.0 and anywhere(fresh > 0.0):
            before = _paid_before(tables.terms, j, term.pool, amounts, t)
            switched = _switched(term, links, books.tranche, t, fresh, before)
            switched = where(fresh > 0.0, switched, fresh)
            if amounts.shape[1] > REDUCED:
                amounts[t, REDUCED, j] += fresh - switched
            fresh = switched
        total = _split(tables, moment, deal.frozen, row, paths, j, t, fresh, claims)
        some = total > 0.0
        if anywhere(some):
            total = _capped(tables, deal, moment, j, t, total, some, claims)
        if anywhere(total != 0.0):
            _enter(tables, j, t, total, claims)
    for j in tables.by_name:
        term = tables.terms[j]
        pools[term.pool] += amounts[t, PAID, j]
        for part in range(term.parts, term.parts_end):
            claims.payor[t, tables.parts[part].payor] += claims.part[part]


@once
def _split(
    tables: ContractTables,
    moment: Any,
    frozen: int,
    row: Wide,
    paths: Wide,
    j: int,
    t: int,
    amount: Wide,
    claims: Claims,
) -> Wide:
    """Split a payment into its payors' parts, as their appropriations allow; returns the sum.

    What a payor's full fiscal year carried over comes on top of that payor's part.
    """
    total = each(0.0)
    for part in range(tables.terms[j].parts, tables.terms[j].parts_end):
        q = tables.parts[part].payor
        share, payor = tables.parts[part].share * amount, tables.payors[q]
        if claims.carried.shape[1] > 0:
            share += claims.carried[part, t]
        some = share > 0.0
        if payor.probability >= 0 and anywhere(some):
            if frozen == 1:
                struck = where(some, share * row[payor.probability], 0.0)
            else:
                fails = _fails(payor, q, moment.year, row, paths, some, claims.failed)
                struck = where(fails, share, 0.0)
            if anywhere(struck > 0.0):
                share = _lose(payor, share, struck, claims, j, part, t)
        if claims.late.shape[1] > 0:
            share += claims.late[part, t]
        claims.part[part] = share
        total += share
    return total


@once
def _enter(tables: ContractTables, j: int, t: int, total: Wide, claims: Claims) -> None:
    """Write down a payment, and count it for the caps."""
    claims.term[t, PAID, j] = total
    claims.claim[PAID_YEAR, j] += total
    claims.contract[THIS_YEAR] += total
    claims.contract[TO_DATE] += total
    for part in range(tables.terms[j].parts, tables.terms[j].parts_end):
        q, own = tables.parts[part].payor, where(total != 0.0, claims.part[part], 0.0)
        claims.wallet[THIS_YEAR, q] += own
        claims.wallet[TO_DATE, q] += own


@apart
def _fails(
    payor: Any, q: int, year: int, row: Wide, paths: Wide, asked: Wide, failed: Wide
) -> Wide:
    """Where a payor's appropriation of a fiscal year fails: one draw a year and path, kept."""
    known = failed[q, year]
    unknown = asked & (known == _UNKNOWN)
    if anywhere(unknown):
        word, _ = wide_block(payor.key, ZERO, np.uint64(year) << _SHIFT, paths)
        fate = where(wide_uniform(word) < row[payor.probability], _FAILS, _HOLDS)
        known = where(unknown, fate, known)
        failed[q, year] = known
    return asked & (known == _FAILS)


@apart
def _lose(
    payor: Any, share: Wide, struck: Wide, claims: Claims, j: int, part: int, t: int
) -> Wide:
    """What comes in time of a payment of which a failed appropriation has `struck` so much.

    Of what it has struck a part is lost, the rest comes late.
    """
    gone = struck * payor.lost
    claims.term[t, LOST, j] += gone
    if payor.late == 0:
        return share - gone
    later, missed = t + payor.late, struck - gone
    if later < claims.coming.size:
        claims.late[part, later] += missed
        claims.coming[later], claims.moved[later] = 1, 1
    else:
        claims.term[t, LOST, j] += missed
    return share - struck


@once
def _capped(
    tables: ContractTables,
    deal: Any,
    moment: Any,
    j: int,
    t: int,
    total: Wide,
    some: Wide,
    claims: Claims,
) -> Wide:
    """Cut the parts of a payment by the caps in their order, where there is `some` of it.

    Returns what is left of it.
    """
    term, part = tables.terms[j], claims.part
    later = moment.next_year
    room = greater(0.0, term.year_cap - claims.claim[PAID_YEAR, j])
    total = _cut_all(claims, term, j, t, later, total, some, room, term.year_carry)
    room = greater(0.0, deal.year_cap - claims.contract[THIS_YEAR])
    total = _cut_all(claims, term, j, t, later, total, some, room, deal.year_carry)
    cut = alike(False)
    for p in range(term.parts, term.parts_end):
        q = tables.parts[p].payor
        payor = tables.payors[q]
        room = greater(0.0, payor.year_cap - claims.wallet[THIS_YEAR, q])
        over = some & (part[p] > room)
        if anywhere(over):
            excess = where(over, part[p] - room, 0.0)
            if payor.year_carry == 0:
                _forgo(claims, j, t, excess)
            else:
                _carry(claims, j, p, t, later, excess)
            part[p], cut = where(over, room, part[p]), cut | over
        room = greater(0.0, payor.cap - claims.wallet[TO_DATE, q])
        over = some & (part[p] > room)
        if anywhere(over):
            _forgo(claims, j, t, where(over, part[p] - room, 0.0))
            part[p], cut = where(over, room, part[p]), cut | over
    if anywhere(cut):
        left = each(0.0)
        for p in range(term.parts, term.parts_end):
            left += part[p]
        total = where(cut, left, total)
    room = greater(0.0, deal.cap - claims.contract[TO_DATE])
    return _cut_all(claims, term, j, t, later, total, some, room, 0)


@once
def _cut_all(
    claims: Claims,
    term: Any,
    j: int,
    t: int,
    later: int,
    total: Wide,
    some: Wide,
    room: Wide,
    carry: int,
) -> Wide:
    """Cut a payment to the room under a cap, every payor's part in proportion."""
    over, part = some & (total > room), claims.part
    if not anywhere(over):
        return total
    if carry == 0:
        _forgo(claims, j, t, where(over, total - room, 0.0))
    left = room / total
    for p in range(term.parts, term.parts_end):
        kept = where(over, part[p] * left, part[p])
        if carry == 1:
            _carry(claims, j, p, t, later, part[p] - kept)
        part[p] = kept
    return where(over, room, total)


@inline
def _forgo(claims: Claims, j: int, t: int, excess: Wide) -> None:
    """What a cap leaves out is lost."""
    claims.term[t, CUT, j] += excess
    claims.claim[GONE, j] += excess


@apart
def _carry(claims: Claims, j: int, part: int, t: int, later: int, excess: Wide) -> None:
    """What a full fiscal year leaves out comes back to its payor at the start of the next one.

    Past the end of the grid it is lost.
    """
    if later >= claims.coming.size:
        claims.term[t, LOST, j] += excess
        return
    claims.carried[part, later] += excess
    if claims.term.shape[1] > CARRIED:
        claims.term[t, CARRIED, j] += excess
    claims.coming[later], claims.moved[later] = 1, 1
