"""What is kept of paths: sums, IRRs and flags into one row each (model §10).

The sums of paths side by side are taken at once; what is written is wide, a place for each column.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from pfs_sim.kernels._jit import apart, lean, once
from pfs_sim.kernels._wide import (
    each,
    greater,
    lesser,
    magnitude,
    where,
)
from pfs_sim.kernels.elementary import exponential
from pfs_sim.kernels.returns import irr_side_by_side
from pfs_sim.tables.ledger import (
    CALL,
    CUT,
    DRAW,
    DUE,
    EXTRA,
    FLOW,
    GUARANTEE,
    LOST,
    PAID,
    PRINCIPAL,
    UNFUNDED,
    Ledger,
)
from pfs_sim.tables.outputs import (
    COMPARED_FIXED,
    COMPARED_MATCHED,
    COMPARED_NONE,
    HOLDER_COLUMNS,
    OUTCOME_COLUMNS,
    PROGRAM_COLUMNS,
    Flows,
    OutputPlan,
)
from pfs_sim.tables.state import (
    CONTROL,
    MATCHED,
    NEVER,
    TREATED,
    Crowd,
    Missing,
    StopCause,
)
from pfs_sim.tables.wide import Wide

I8 = npt.NDArray[np.int64]

_TRIGGERLESS = float(StopCause.SHORTFALL)
_NOT_HELD = float(Missing.NOT_HELD)
_EXISTS = float(Missing.NONE)
_ROUNDING = 1e-12


@lean
def _sum(values: Wide) -> Wide:
    total = each(0.0)
    for i in range(values.size):
        total += values[i]
    return total


@lean
def _sum_settled(values: Wide, settled: I8) -> Wide:
    """The sum of what has something on `settled` dates alone."""
    total = each(0.0)
    for t in range(values.size):
        if settled[t] == 1:
            total += values[t]
    return total


@lean
def _holder(
    plan: OutputPlan,
    settled: I8,
    flow: Wide,
    principal: Wide,
    drawn: Wide,
    moved: Wide,
    kept: Wide,
    out: Wide,
    o: int,
) -> None:
    """Nine numbers of one holder: from its flows, principal received and draws by grid point.

    What comes back on a date on which more is drawn counts in full, on both sides. The IRR and its
    status come later: `kept` holds the flows until then. Of `moved`, all that went in and out on a
    date, a share that rounding leaves is no flow, or a total loss would have returned something.
    On dates that are not `settled` there are draws alone, and `principal` and `moved` not filled.
    """
    invested, returned, paid_in = each(0.0), each(0.0), each(0.0)
    repaid, weighted, npv = each(0.0), each(0.0), each(0.0)
    for t in range(flow.size):
        here = flow[t]
        kept[t] = here
        paid_in += drawn[t]
        npv += here * plan.hurdle[t]
        if settled[t] == 1:
            came, got = principal[t], here + drawn[t]
            kept[t] = where(magnitude(here) > _ROUNDING * moved[t], here, 0.0)
            invested += greater(-got, 0.0)
            returned += greater(got, 0.0)
            repaid += came
            weighted += came * t
    invested += paid_in
    loss = greater(0.0, paid_in - repaid)
    loss = where(loss <= 1e-9 * paid_in, 0.0, loss)
    out[o] = paid_in
    out[o + 1] = returned
    out[o + 4] = where(invested > 0.0, returned / invested, math.nan)
    out[o + 5] = loss
    out[o + 6] = where(paid_in > 0.0, loss / paid_in, math.nan)
    out[o + 7] = npv
    out[o + 8] = where(repaid > 0.0, weighted / repaid / plan.per_year, math.nan)


@once
def _held(missing: Wide) -> Wide:
    """How many evaluations were held: a termination may call off the later ones."""
    held = each(0.0)
    if missing.shape[0] > 0:
        for e in range(missing.shape[1]):
            held = where(missing[0, e] != _NOT_HELD, e + 1, held)
    return held


@once
def _collect_outcome(
    plan: OutputPlan, crowd: Crowd, k: int, held: Wide, dates: int, out: Wide, o: int
) -> None:
    """True and measured effect (per client, per trial), averted units, treated measured.

    Measured are the clients at whom a measure looks, at the evaluations that were held.
    """
    n1, y1, n0, y0 = each(0.0), each(0.0), each(0.0), each(0.0)
    arm, least = CONTROL, plan.least_control[k]
    if plan.compared[k] == COMPARED_MATCHED:
        arm, least = MATCHED, plan.least_matched[k]
    for v in range(dates):
        counts = v < held
        for s in range(plan.least_treated[k], 3):
            n1 += where(counts, crowd.n[k, TREATED, s, v], 0.0)
            y1 += where(counts, crowd.y[k, TREATED, s, v], 0.0)
        for s in range(least, 3):
            n0 += where(counts, crowd.n[k, arm, s, v], 0.0)
            y0 += where(counts, crowd.y[k, arm, s, v], 0.0)
    true_n = crowd.true_n[k]
    averted = plan.sign[k] * (crowd.true_y0[k] - crowd.true_y[k])
    trials = plan.trials[k]
    out[o] = where(true_n > 0.0, averted / (true_n * trials), math.nan)
    measured, exists = each(math.nan), n1 > 0.0
    if plan.compared[k] == COMPARED_FIXED:
        measured = plan.sign[k] * (plan.fixed[k] - y1 / (n1 * trials))
    elif plan.compared[k] != COMPARED_NONE:
        measured = plan.sign[k] * (y0 / (n0 * trials) - y1 / (n1 * trials))
        exists = exists & (n0 > 0.0)
    out[o + 1] = where(exists, measured, math.nan)
    out[o + 2] = averted
    out[o + 3] = n1


@once
def _collect_payor(
    plan: OutputPlan, crowd: Crowd, ledger: Ledger, out: Wide, o: int
) -> int:
    """Payments in all, by term, fiscal year and payor; savings and net benefit."""
    claims, party = ledger.claims, ledger.books.party
    term, payor, moved, coming = claims.term, claims.payor, claims.moved, claims.coming
    grid, terms = term.shape[0], term.shape[2]
    total, present, claimed, cut, lost = each(0.0), each(0.0), each(0.0), each(0.0), each(0.0)
    years = o + 5 + terms
    for n in range(plan.years):
        out[years + n] = 0.0
    for j in range(terms):
        paid, cut_here, lost_here = each(0.0), each(0.0), each(0.0)
        for t in range(grid):
            if moved[t] == 1:
                claimed += term[t, DUE, j]
                lost_here += term[t, LOST, j]
            if coming[t] == 0:
                continue
            amount = term[t, PAID, j]
            cut_here += term[t, CUT, j]
            paid += amount
            present += amount * plan.discount[t]
            out[years + plan.year[t]] += amount
        out[o + 5 + j] = paid
        total += paid
        cut += cut_here
        lost += lost_here
    out[o], out[o + 1], out[o + 2], out[o + 3], out[o + 4] = total, present, claimed, cut, lost
    o = years + plan.years
    for q in range(payor.shape[1]):
        paid = each(0.0)
        for t in range(grid):
            if coming[t] == 1:
                paid += payor[t, q]
        out[o] = paid
        o += 1
    residual, residual_present = each(0.0), each(0.0)
    for t in range(grid):
        if ledger.books.settled[t] == 1:
            residual += party[0, t]
            residual_present += party[0, t] * plan.discount[t]
    saved, cashable, saved_present = _savings(plan, crowd, ledger.events[0])
    out[o] = residual
    out[o + 1] = saved
    out[o + 2] = cashable
    out[o + 3] = saved + residual - total
    out[o + 4] = saved_present + residual_present - present
    return o + 5


@once
def _savings(plan: OutputPlan, crowd: Crowd, stop: Wide) -> tuple[Wide, Wide, Wide]:
    """Savings in all, the cashable part, and their present value.

    A line's savings spread evenly over its years, from the end of the window of the average
    client (model §10 leaves the timing open).
    """
    saved, cashable, present = each(0.0), each(0.0), each(0.0)
    for z in range(plan.savings_outcome.size):
        k = plan.savings_outcome[z]
        averted = plan.sign[k] * (crowd.true_y0[k] - crowd.true_y[k])
        amount = averted * crowd.row[plan.savings_value[z]]
        saved += amount
        cashable += amount * plan.savings_cashable[z]
        if plan.opens_at_exit[k] == 1:
            opens = _mean_exit(crowd.exits, stop)
        else:
            opens = _mean_enrollment(crowd.enrolled)
        begins = (opens + plan.window[k]) / plan.per_year
        worth = amount * exponential(-plan.payor_force * begins) * plan.savings_spread[z]
        present += where(opens >= 0.0, worth, 0.0)
    return saved, cashable, present


@once
def _mean_enrollment(enrolled: Wide) -> Wide:
    """Grid point at which the average treated client enrolls; −1 where nobody does."""
    clients, moment = each(0.0), each(0.0)
    for t in range(enrolled.shape[1]):
        here = enrolled[TREATED, t]
        clients += here
        moment += here * t
    return where(clients > 0.0, moment / clients, -1.0)


@apart
def _mean_exit(exits: Wide, stop: Wide) -> Wide:
    """Grid point at which the average treated client leaves or completes; −1 without clients."""
    completed = exits.shape[3] - 1
    clients, moment = each(0.0), each(0.0)
    for t in range(exits.shape[0]):
        for y in range(exits.shape[2]):
            for j in range(exits.shape[3]):
                here = exits[t, TREATED, y, j]
                leaves = lesser(t + min(j, completed - 1), greater(t, stop))
                clients += here
                moment += here * leaves
    return where(clients > 0.0, moment / clients, -1.0)


@once
def _collect_program(crowd: Crowd, ledger: Ledger, out: Wide, o: int) -> None:
    """Who came, enrolled and left; what it cost; whether and why it stopped."""
    uses, grid, events = ledger.books.uses, ledger.grid, ledger.events
    for i in range(3):
        out[o + i] = crowd.totals[i]
    out[o + 3], out[o + 4] = _sum(crowd.enrolled[TREATED]), _sum(crowd.enrolled[CONTROL])
    out[o + 5], out[o + 6] = crowd.totals[3], crowd.totals[4]
    cost = each(0.0)
    for u in range(uses.shape[0] - 1):
        cost += _sum(uses[u])
    stop = events[0]
    stopped = stop < NEVER
    out[o + 7], out[o + 8] = cost, _sum(grid[UNFUNDED])
    out[o + 9] = where(stopped, 1.0, 0.0)
    out[o + 10] = where(stopped, stop, math.nan)
    out[o + 11] = where(stopped & (events[1] == _TRIGGERLESS), 1.0, 0.0)


@once
def collect(plan: OutputPlan, crowd: Crowd, ledger: Ledger, flows: Flows) -> int:
    """Write rows (order of `plan.outputs.columns`) into `flows.row`; returns how many columns.

    But for IRRs and their statuses: the flows are kept in `flows.kept`, and `find_rates` solves
    those. Where nothing of the program, an outcome or a holder is asked for, its columns are passed
    over.
    """
    out, books, findings = flows.row, ledger.books, ledger.findings
    o = _collect_payor(plan, crowd, ledger, out, 0)
    if plan.program == 1:
        _collect_program(crowd, ledger, out, o)
    o += PROGRAM_COLUMNS
    held, dates = _held(findings.missing), findings.missing.shape[1]
    for k in range(crowd.true_n.size):
        if plan.outcomes[k] == 1:
            _collect_outcome(plan, crowd, k, held, dates, out, o)
        o += OUTCOME_COLUMNS
    last = findings.value.shape[1] - 1
    for m in range(findings.value.shape[0]):
        exists = findings.missing[m, last] == _EXISTS
        out[o] = where(exists, findings.value[m, last], math.nan)
        out[o + 1] = where(exists, 1.0, 0.0)
        o += 2
    if books.tranche.shape[1] > 0:
        _collect_investors(plan, books.tranche, books.settled, flows, out, o)
        o += HOLDER_COLUMNS * (books.tranche.shape[1] + 1)
    if books.guarantor.shape[0] > 0:
        total = each(0.0)
        for g in range(books.guarantor.shape[0]):
            paid = _sum_settled(books.guarantor[g], books.settled)
            out[o] = paid
            total += paid
            o += 1
        out[o] = total
        o += 1
    out[o] = _sum_settled(books.party[1], books.settled)
    out[o + 1] = _sum_settled(books.party[2], books.settled)
    return o + 2


@once
def _collect_investors(
    plan: OutputPlan, tranche: Wide, settled: I8, flows: Flows, out: Wide, o: int
) -> None:
    """Every tranche, then those that hope to be repaid, together."""
    one, every, tranches = flows.one, flows.every, tranche.shape[1]
    together = plan.holders[tranches] == 1
    if together:
        for t in range(one.shape[1]):
            every[0, t], every[2, t] = 0.0, 0.0
            if settled[t] == 1:
                every[1, t], every[3, t] = 0.0, 0.0
    for i in range(tranches):
        joins = together and plan.invests[i] == 1
        if joins:
            for t in range(one.shape[1]):
                every[0, t] += tranche[FLOW, i, t]
                every[2, t] += tranche[DRAW, i, t]
        if joins or plan.holders[i] == 1:
            for t in range(one.shape[1]):
                if settled[t] == 1:
                    repaid = tranche[PRINCIPAL, i, t] + tranche[GUARANTEE, i, t]
                    if plan.equity[i]:
                        repaid += tranche[EXTRA, i, t]
                    one[0, t] = repaid
                    # What came in is the flow and what went out.
                    went = tranche[DRAW, i, t] + tranche[CALL, i, t]
                    one[1, t] = tranche[FLOW, i, t] + 2.0 * went
                    if joins:
                        every[1, t] += repaid
                        every[3, t] += one[1, t]
        if plan.holders[i] == 1:
            _holder(
                plan, settled, tranche[FLOW, i], one[0], tranche[DRAW, i], one[1], flows.kept[i],
                out, o + HOLDER_COLUMNS * i,
            )  # fmt: skip
    if together:
        _holder(
            plan, settled, every[0], every[1], every[2], every[3], flows.kept[tranches], out,
            o + HOLDER_COLUMNS * tranches,
        )  # fmt: skip


@once
def find_rates(plan: OutputPlan, flows: Flows, paths: int) -> None:
    """Write IRRs and statuses of the first `paths` into `flows.row`."""
    for h in range(flows.kept.shape[0]):
        if plan.solved[h] == 0:
            continue
        rate, status = irr_side_by_side(
            flows.kept[h], paths, plan.per_year, flows.one[0], flows.line
        )
        column = plan.rates + HOLDER_COLUMNS * h
        flows.row[column], flows.row[column + 1] = rate, status


@once
def follow(plan: OutputPlan, crowd: Crowd, ledger: Ledger, flows: Flows) -> None:
    """The course of paths by grid point into `flows.course` [4, t+1]; see `live_paths`."""
    course, claims, books = flows.course, ledger.claims, ledger.books
    for t in range(course.shape[1]):
        paid, cash, cost = each(0.0), each(0.0), each(0.0)
        for j in range(claims.term.shape[2]):
            paid += claims.term[t, PAID, j]
        for i in range(books.tranche.shape[1]):
            if plan.invests[i]:
                cash += books.tranche[FLOW, i, t]
        for u in range(books.uses.shape[0] - 1):
            cost += books.uses[u, t]
        course[0, t], course[1, t], course[2, t] = paid, cash, cost
        course[3, t] = crowd.enrolled[TREATED, t] if t < crowd.enrolled.shape[1] else each(0.0)
