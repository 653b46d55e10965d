"""What is kept of a path: sums, IRRs and flags into one row (model §10)."""

from __future__ import annotations

import math

from pfs_sim.kernels._jit import inline, lean, once, stage
from pfs_sim.kernels.returns import irr
from pfs_sim.tables.outputs import (
    COMPARED_FIXED,
    COMPARED_MATCHED,
    COMPARED_NONE,
    F8,
    OutputPlan,
)
from pfs_sim.tables.state import CONTROL, MATCHED, NEVER, TREATED, Cash, People, StopCause

_TRIGGERLESS = StopCause.SHORTFALL


@inline
def _sum(values: F8) -> float:
    total = 0.0
    for value in values:
        total += value
    return total


@lean
def _holder(plan: OutputPlan, flow: F8, principal: F8, drawn: F8, out: F8, o: int) -> int:
    """Nine numbers of one holder: from its flows, principal received and draws by grid point.

    What comes back on a date on which more is drawn counts in full, on both sides.
    """
    invested, returned, paid_in, repaid, weighted, npv = 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
    step = (1.0 + plan.hurdle) ** (-1.0 / plan.per_year)
    factor = 1.0
    for t in range(flow.size):
        got = flow[t] + drawn[t]
        if got < 0.0:
            invested -= got
        else:
            returned += got
        paid_in += drawn[t]
        repaid += principal[t]
        weighted += principal[t] * t
        npv += flow[t] * factor
        factor *= step
    invested += paid_in
    value, status = irr(flow, flow.size, plan.per_year)
    loss = max(0.0, paid_in - repaid)
    if loss <= 1e-9 * paid_in:
        loss = 0.0
    out[o] = paid_in
    out[o + 1] = returned
    out[o + 2] = value
    out[o + 3] = status
    out[o + 4] = returned / invested if invested > 0.0 else math.nan
    out[o + 5] = loss
    out[o + 6] = loss / paid_in if paid_in > 0.0 else math.nan
    out[o + 7] = npv
    out[o + 8] = weighted / repaid / plan.per_year if repaid > 0.0 else math.nan
    return o + 9


@once
def _collect_outcome(plan: OutputPlan, people: People, k: int, out: F8, o: int) -> int:
    """True and measured effect (per client, per trial), averted units, treated measured."""
    n1, y1, n0, y0 = 0.0, 0.0, 0.0, 0.0
    arm = MATCHED if plan.compared[k] == COMPARED_MATCHED else CONTROL
    last = people.n.shape[3] - 1
    for s in range(3):
        for v in range(last):
            n1 += people.n[k, TREATED, s, v]
            y1 += people.y[k, TREATED, s, v]
            n0 += people.n[k, arm, s, v]
            y0 += people.y[k, arm, s, v]
    averted = plan.sign[k] * (people.true_y0[k] - people.true_y[k])
    trials = plan.trials[k]
    out[o] = averted / (people.true_n[k] * trials) if people.true_n[k] > 0.0 else math.nan
    measured = math.nan
    if n1 > 0.0 and plan.compared[k] == COMPARED_FIXED:
        measured = plan.sign[k] * (plan.fixed[k] - y1 / (n1 * trials))
    elif n1 > 0.0 and n0 > 0.0 and plan.compared[k] != COMPARED_NONE:
        measured = plan.sign[k] * (y0 / (n0 * trials) - y1 / (n1 * trials))
    out[o + 1] = measured
    out[o + 2] = averted
    out[o + 3] = n1
    return o + 4


@once
def _collect_payor(
    plan: OutputPlan, row: F8, people: People, cash: Cash, out: F8, o: int
) -> int:
    """Payments in all, by term, fiscal year and payor; savings and net benefit."""
    terms, grid = cash.paid.shape
    start, total, present, claimed = o, 0.0, 0.0, 0.0
    for j in range(terms):
        paid = 0.0
        for t in range(grid):
            claimed += cash.due[j, t]
            amount = cash.paid[j, t]
            if amount != 0.0:
                paid += amount
                present += amount * plan.discount[t]
                out[start + 5 + terms + plan.year[t]] += amount
        out[start + 5 + j] = paid
        total += paid
    o = start + 5 + terms + plan.years
    for q in range(cash.payor.shape[0]):
        out[o] = _sum(cash.payor[q])
        o += 1
    residual, residual_present = 0.0, 0.0
    for t in range(grid):
        residual += cash.party[0, t]
        residual_present += cash.party[0, t] * plan.discount[t]
    out[start] = total
    out[start + 1] = present
    out[start + 2] = claimed
    cut, lost = 0.0, 0.0
    for j in range(terms):
        cut += _sum(cash.cut[j])
        lost += _sum(cash.lost[j])
    out[start + 3] = cut
    out[start + 4] = lost
    saved, cashable, saved_present = _savings(plan, row, people)
    out[o] = residual
    out[o + 1] = saved
    out[o + 2] = cashable
    out[o + 3] = saved + residual - total
    out[o + 4] = saved_present + residual_present - present
    return o + 5


@once
def _savings(plan: OutputPlan, row: F8, people: People) -> tuple[float, float, float]:
    """Savings in all, the cashable part, and their present value.

    A line's savings spread evenly over its years, from the end of the window of the average
    client (model §10 leaves the timing open).
    """
    people_in, moment = 0.0, 0.0
    for t in range(people.enrolled.shape[1]):
        people_in += people.enrolled[TREATED, t]
        moment += people.enrolled[TREATED, t] * t
    saved, cashable, present = 0.0, 0.0, 0.0
    for z in range(plan.savings_outcome.size):
        k = plan.savings_outcome[z]
        averted = plan.sign[k] * (people.true_y0[k] - people.true_y[k])
        amount = averted * row[plan.savings_value[z]]
        saved += amount
        cashable += amount * plan.savings_cashable[z]
        if people_in > 0.0:
            begins = (moment / people_in + plan.window[k]) / plan.per_year
            force, span = math.log1p(plan.payor_rate), plan.savings_years[z]
            spread = -math.expm1(-force * span) / (force * span) if force != 0.0 else 1.0
            present += amount * math.exp(-force * begins) * spread
    return saved, cashable, present


@stage
def collect(
    plan: OutputPlan, row: F8, people: People, cash: Cash, scratch: F8, out: F8
) -> int:
    """Write a path's row (order of `plan.outputs.columns`); returns how many were written.

    `scratch[4, t+1]` holds flows, principal and draws of the investors together.
    """
    out[:] = 0.0
    o = _collect_payor(plan, row, people, cash, out, 0)
    out[o] = _sum(people.referred)
    out[o + 1] = _sum(people.eligible)
    out[o + 2] = _sum(people.turned_away)
    out[o + 3] = _sum(people.enrolled[TREATED])
    out[o + 4] = _sum(people.enrolled[CONTROL])
    out[o + 5] = _sum(people.completed)
    out[o + 6] = _sum(people.left)
    cost = 0.0
    for u in range(cash.uses.shape[0] - 1):
        cost += _sum(cash.uses[u])
    stop = cash.events[0]
    out[o + 7] = cost
    out[o + 8] = _sum(cash.unfunded)
    out[o + 9] = 1.0 if stop < NEVER else 0.0
    out[o + 10] = stop if stop < NEVER else math.nan
    out[o + 11] = 1.0 if stop < NEVER and cash.events[1] == _TRIGGERLESS else 0.0
    o += 12
    for k in range(people.true_n.size):
        o = _collect_outcome(plan, people, k, out, o)
    last = cash.value.shape[1] - 1
    for m in range(cash.value.shape[0]):
        out[o] = cash.value[m, last] if cash.valid[m, last] else math.nan
        out[o + 1] = float(cash.valid[m, last])
        o += 2
    if cash.flow.shape[0] > 0:
        o = _collect_investors(plan, cash, scratch, out, o)
    if cash.guarantor.shape[0] > 0:
        total = 0.0
        for g in range(cash.guarantor.shape[0]):
            out[o] = _sum(cash.guarantor[g])
            total += out[o]
            o += 1
        out[o] = total
        o += 1
    out[o] = _sum(cash.party[1])
    out[o + 1] = _sum(cash.party[2])
    return o + 2


@once
def _collect_investors(plan: OutputPlan, cash: Cash, scratch: F8, out: F8, o: int) -> int:
    """Every tranche, then those that hope to be repaid, together."""
    scratch[:] = 0.0
    for i in range(cash.flow.shape[0]):
        for t in range(cash.flow.shape[1]):
            scratch[3, t] = cash.principal[i, t] + cash.guarantee[i, t]
            if plan.equity[i]:
                scratch[3, t] += cash.extra[i, t]
            if plan.invests[i]:
                scratch[0, t] += cash.flow[i, t]
                scratch[1, t] += scratch[3, t]
                scratch[2, t] += cash.draw[i, t]
        o = _holder(plan, cash.flow[i], scratch[3], cash.draw[i], out, o)
    return _holder(plan, scratch[0], scratch[1], scratch[2], out, o)
