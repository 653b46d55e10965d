"""What the contract says (model §8): what falls due, what of it arrives, who pays.

A claim is determined at its date, loses its holdback and travels for its lag; on arrival it meets
the appropriation, then the caps, and what is left is paid into a pool of the waterfall.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from pfs_sim.kernels._jit import apart, forced, inline, inner, inner_apart, once
from pfs_sim.kernels.random import Rng, open_stream, uniform
from pfs_sim.tables.ledger import (
    BROUGHT,
    CARRIED,
    COMING,
    CUT,
    DUE,
    FACTOR,
    FLOW,
    FORFEITED,
    HELD,
    LOST,
    OWES,
    PAID,
    PENDING,
    REDUCED,
    TARGET,
    THIS_YEAR,
    TO_DATE,
    Claims,
    Findings,
    Records,
)
from pfs_sim.tables.money import ContractTables, Pays
from pfs_sim.tables.state import Missing

F8 = npt.NDArray[np.float64]
I8 = npt.NDArray[np.int64]

SLACK = 1e-12
"""A knot counts as reached from so far below, relative: 0.1 computed is at least 0.1."""

_EXISTS = Missing.NONE
_SHIFT = np.uint64(16)
_UNKNOWN, _HOLDS, _FAILS = 0.0, 1.0, 2.0


@forced
def _slack(bound: float) -> float:
    return SLACK * max(1.0, abs(bound))


@once
def amount_of(term: Any, knots: Records, x: float) -> float:
    """The amount that the schedule of a term gives for the measure `x`."""
    for i in range(term.knots_end - 1, term.knots - 1, -1):
        knot = knots[i]
        slack = _slack(knot.x)
        reached = x > knot.x + slack if term.above == 1 else x >= knot.x - slack
        if reached:
            return float(knot.y + knot.slope * (x - knot.x))
    if term.below_slope == 0.0:
        return float(term.below)
    return float(term.below + term.below_slope * (x - knots[term.knots].x))


@inner
def holds(tables: ContractTables, findings: Findings, owner: int, e: int) -> bool:
    """Whether the conditions of an owner hold: all of the first group, one of the second.

    Measures are those of evaluation `e`, or for −1 as last known. Without data a condition does
    not hold; an empty group holds.
    """
    middle, last = tables.groups[2 * owner + 1], tables.groups[2 * owner + 2]
    for c in range(tables.groups[2 * owner], middle):
        if not _condition(tables.conditions[c], findings, e):
            return False
    for c in range(middle, last):
        if _condition(tables.conditions[c], findings, e):
            return True
    return bool(middle == last)


@forced
def unconditional(groups: I8, owner: int) -> bool:
    """Whether an owner has no conditions."""
    return bool(groups[2 * owner] == groups[2 * owner + 2])


@once
def _condition(condition: Any, findings: Findings, e: int) -> bool:
    m = condition.measure
    value, missing = findings.last[m].value, findings.last[m].missing
    if e >= 0:
        value, missing = findings.value[m, e], float(findings.missing[m, e])
    low, high = condition.at_least, condition.below
    if missing != _EXISTS or (not math.isinf(low) and value < low - _slack(low)):
        return False
    return bool(math.isinf(high) or value < high - _slack(high))


@once
def _send(amounts: F8, grid: F8, j: int, t: int, arrives: int, amount: float) -> None:
    """Put an amount that is due on its way; past the end of the grid it is lost."""
    if amount == 0.0:
        return
    if arrives >= grid.shape[1]:
        amounts[LOST, j, t] += amount
    else:
        amounts[PENDING, j, arrives] += amount
        grid[COMING, arrives] = 1.0


@once
def _claim(term: Any, claim: Any, amounts: F8, j: int, t: int, amount: float) -> float:
    """What a term claims on grid point `t` of an amount, after its cap and its holdback.

    A cumulative term claims what it has not claimed before. It claims less than nothing only
    with a claw-back, or where the amount itself is owed by the investors (no cap then).
    """
    before = claim.claimed
    if term.each == 1:
        new = min(amount, term.cap - before) if amount >= 0.0 else amount
    else:
        new = min(amount, term.cap) - before
        if new < 0.0 and amount >= 0.0 and term.claw_back == 0:
            new = 0.0
    claim.claimed = before + new
    amounts[DUE, j, t] += new
    if new > 0.0 and t <= term.hold_until and term.hold_share > 0.0:
        kept = term.hold_share * new
        claim.withheld += kept
        amounts[HELD, j, t] += kept
        new -= kept
    return float(new)


@once
def determine(
    tables: ContractTables,
    links: I8,
    moment: Any,
    t: int,
    findings: Findings,
    claims: Claims,
    grid: F8,
) -> None:
    """Find what falls due on grid point `t`: by evaluation, then in the order of the terms."""
    for entry in range(moment.dues, moment.dues_end):
        due = tables.dues[entry]
        j, e = due.term, due.evaluation
        term = tables.terms[j]
        if not (unconditional(tables.groups, j) or holds(tables, findings, j, e)):
            continue
        if _superseded(term, links, claims.claim):
            continue
        value = 0.0
        if term.measure >= 0:
            if findings.missing[term.measure, e] != _EXISTS:
                continue
            value = findings.value[term.measure, e]
        factor = term.times
        if term.times_measure >= 0:
            m = term.times_measure
            factor = findings.value[m, e] if e >= 0 else findings.last[m].value
        factor *= due.index
        amount = amount_of(term, tables.knots, value)
        arrives = t + term.lag
        if term.pays == Pays.MONEY:
            amount = max(amount * factor, term.floor)
            new = _claim(term, claims.claim[j], claims.term, j, t, amount)
            _send(claims.term, grid, j, t, arrives, new)
        elif arrives < grid.shape[1]:
            claims.table[OWES, j, arrives] = 1.0
            claims.table[TARGET, j, arrives] = amount
            claims.table[FACTOR, j, arrives] = factor
            grid[COMING, arrives] = 1.0


@once
def _superseded(term: Any, links: I8, claims: Records) -> bool:
    """Whether one of the terms that rule this one out has claimed anything."""
    for position in range(term.unless, term.unless_end):
        if claims[links[position]].claimed != 0.0:
            return True
    return False


@inner_apart
def release(
    tables: ContractTables,
    links: I8,
    releases_from: int,
    moment: Any,
    t: int,
    e: int,
    findings: Findings,
    claims: Claims,
    grid: F8,
) -> None:
    """Let the holdbacks of grid point `t` fall due, or be forfeited, by evaluation `e`.

    Before the first evaluation (−1) nothing has been measured, so a condition does not hold.
    """
    for position in range(moment.releases, moment.releases_end):
        j = links[position]
        claim, owner = claims.claim[j], releases_from + j
        free = unconditional(tables.groups, owner)
        if free or (e >= 0 and holds(tables, findings, owner, e)):
            _send(claims.term, grid, j, t, t + tables.terms[j].lag, claim.withheld)
        else:
            claims.term[FORFEITED, j, t] += claim.withheld
        claim.withheld = 0.0


@apart
def _owed_return(
    pays: int, target: float, deal: Any, links: I8, flows: F8, holding: Records, t: int
) -> float:
    """What must arrive on grid point `t` to bring the investors to the return of a table.

    An IRR r: the value at t, compounded at r, of what they have paid in less what they have
    received. A share of principal: that share of what was drawn, less what was returned.
    """
    owed = 0.0
    if pays == Pays.IRR:
        growth = (1.0 + target) ** deal.years if target > -1.0 else 0.0
        for s in range(t + 1):
            owed *= growth
            for position in range(deal.investors, deal.investors_end):
                owed -= flows[FLOW, links[position], s]
    else:
        for position in range(deal.investors, deal.investors_end):
            held = holding[links[position]]
            owed += target * held.drawn - (held.drawn - held.owed)
    return max(0.0, owed)


@apart
def _switched(term: Any, links: I8, flows: F8, t: int, amount: float) -> float:
    """A payment whose part beyond the hurdle of its tranches is multiplied by a factor."""
    balance = 0.0
    for s in range(t + 1):
        balance *= term.switch_growth
        for position in range(term.switch, term.switch_end):
            balance -= flows[FLOW, links[position], s]
    whole = min(amount, max(0.0, balance))
    return float(whole + (amount - whole) * term.switch_factor)


@once
def begin_year(claims: Claims) -> None:
    """Begin a fiscal year: what caps of a year count starts again."""
    for j in range(claims.claim.size):
        claims.claim[j].paid = 0.0
    for q in range(claims.wallet.size):
        claims.wallet[q].this_year = 0.0
    claims.contract[THIS_YEAR] = 0.0


@once
def arrive(
    tables: ContractTables,
    deal: Any,
    links: I8,
    moment: Any,
    rng: Rng,
    row: F8,
    path: int,
    t: int,
    claims: Claims,
    grid: F8,
    flows: F8,
    holding: Records,
    pools: F8,
) -> None:
    """Let arrive what is due on grid point `t`: appropriation, caps, payment into the pools.

    Caps bind in the order term, contract and payor for a fiscal year, then payor and contract in
    all, term by term. Sums over terms are taken in the order of their names, so that the order in
    which unrelated terms are written changes no bit.
    """
    amounts = claims.term
    for j in range(tables.terms.size):
        term = tables.terms[j]
        fresh = amounts[PENDING, j, t]
        if claims.table.shape[1] > 0 and claims.table[OWES, j, t] == 1.0:
            target, factor = claims.table[TARGET, j, t], claims.table[FACTOR, j, t]
            owed = factor * _owed_return(term.pays, target, deal, links, flows, holding, t)
            fresh += _claim(term, claims.claim[j], amounts, j, t, max(owed, term.floor))
        if fresh > 0.0 and term.switch_growth > 0.0:
            switched = _switched(term, links, flows, t, fresh)
            amounts[REDUCED, j, t] += fresh - switched
            fresh = switched
        total = _split(
            tables, moment, deal.frozen, rng, row, path, j, t, fresh + amounts[BROUGHT, j, t],
            claims, grid,
        )  # fmt: skip
        if total > 0.0:
            total = _capped(tables, deal, moment, j, t, total, claims, grid)
        if total != 0.0:
            _enter(tables, j, t, total, claims)
    for j in tables.by_name:
        term = tables.terms[j]
        pools[term.pool] += amounts[PAID, j, t]
        for part in range(term.parts, term.parts_end):
            claims.payor[tables.parts[part].payor, t] += claims.part[part]


@once
def _split(
    tables: ContractTables,
    moment: Any,
    frozen: int,
    rng: Rng,
    row: F8,
    path: int,
    j: int,
    t: int,
    amount: float,
    claims: Claims,
    grid: F8,
) -> float:
    """Split a payment into its payors' parts, as their appropriations allow; returns the sum."""
    total, amounts = 0.0, claims.term
    for part in range(tables.terms[j].parts, tables.terms[j].parts_end):
        q = tables.parts[part].payor
        share, payor = tables.parts[part].share * amount, tables.payors[q]
        if share > 0.0 and payor.probability >= 0:
            if frozen == 1:
                gone = share * payor.lost * row[payor.probability]
                amounts[LOST, j, t] += gone
                share -= gone
            elif _fails(payor, q, moment.year, rng, row, path, claims.failed):
                share = _lose(payor, share, amounts, claims.late, grid, j, part, t)
        if claims.late.shape[1] > 0:
            share += claims.late[part, t]
        claims.part[part] = share
        total += share
    return total


@once
def _enter(tables: ContractTables, j: int, t: int, total: float, claims: Claims) -> None:
    """Write down a payment, and count it for the caps."""
    claims.term[PAID, j, t] = total
    claims.claim[j].paid += total
    claims.contract[THIS_YEAR] += total
    claims.contract[TO_DATE] += total
    for part in range(tables.terms[j].parts, tables.terms[j].parts_end):
        wallet = claims.wallet[tables.parts[part].payor]
        wallet.this_year += claims.part[part]
        wallet.to_date += claims.part[part]


@once
def _fails(
    payor: Any, q: int, year: int, rng: Rng, row: F8, path: int, failed: F8
) -> bool:
    """Whether a payor's appropriation of a fiscal year fails: one draw a year, kept."""
    if failed[q, year] == _UNKNOWN:
        open_stream(rng, payor.key, np.uint64(year) << _SHIFT, np.uint64(path))
        failed[q, year] = _FAILS if uniform(rng) < row[payor.probability] else _HOLDS
    return bool(failed[q, year] == _FAILS)


@apart
def _lose(
    payor: Any, share: float, amounts: F8, late: F8, grid: F8, j: int, part: int, t: int
) -> float:
    """What comes in time of a payment whose appropriation has failed; the rest is lost or late."""
    gone = share * payor.lost
    amounts[LOST, j, t] += gone
    rest = share - gone
    if payor.late == 0:
        return float(rest)
    later = t + payor.late
    if later < grid.shape[1]:
        late[part, later] += rest
        grid[COMING, later] = 1.0
    else:
        amounts[LOST, j, t] += rest
    return 0.0


@once
def _capped(
    tables: ContractTables,
    deal: Any,
    moment: Any,
    j: int,
    t: int,
    total: float,
    claims: Claims,
    grid: F8,
) -> float:
    """Cut the parts of a payment by the caps in their order; returns what is left of it."""
    term, part, amounts = tables.terms[j], claims.part, claims.term
    later = moment.next_year
    room = max(0.0, term.year_cap - claims.claim[j].paid)
    if total > room:
        _cut(amounts, grid, j, t, later, total - room, term.year_carry)
        total = _scale(part, term.parts, term.parts_end, total, room)
    room = max(0.0, deal.year_cap - claims.contract[THIS_YEAR])
    if total > room:
        _cut(amounts, grid, j, t, later, total - room, deal.year_carry)
        total = _scale(part, term.parts, term.parts_end, total, room)
    cut = False
    for p in range(term.parts, term.parts_end):
        q = tables.parts[p].payor
        payor, wallet = tables.payors[q], claims.wallet[q]
        room = max(0.0, payor.year_cap - wallet.this_year)
        if part[p] > room:
            _cut(amounts, grid, j, t, later, part[p] - room, payor.year_carry)
            part[p], cut = room, True
        room = max(0.0, payor.cap - wallet.to_date)
        if part[p] > room:
            _cut(amounts, grid, j, t, later, part[p] - room, 0)
            part[p], cut = room, True
    if cut:
        total = 0.0
        for p in range(term.parts, term.parts_end):
            total += part[p]
    room = max(0.0, deal.cap - claims.contract[TO_DATE])
    if total > room:
        _cut(amounts, grid, j, t, later, total - room, 0)
        total = _scale(part, term.parts, term.parts_end, total, room)
    return total


@inline
def _scale(part: F8, first: int, last: int, total: float, room: float) -> float:
    """Cut a payment to `room`, every payor's part in proportion."""
    for p in range(first, last):
        part[p] *= room / total
    return room


@apart
def _cut(
    amounts: F8, grid: F8, j: int, t: int, later: int, excess: float, carry: int
) -> None:
    """What a cap leaves out is lost, or comes back at the start of the next fiscal year."""
    if carry == 0:
        amounts[CUT, j, t] += excess
    elif later >= grid.shape[1]:
        amounts[LOST, j, t] += excess
    else:
        amounts[BROUGHT, j, later] += excess
        amounts[CARRIED, j, t] += excess
        grid[COMING, later] = 1.0
