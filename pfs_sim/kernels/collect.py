"""What is kept of a path: sums, IRRs and flags into one row (model §10)."""

from __future__ import annotations

import math

from pfs_sim.kernels._jit import apart, inline, lean, once
from pfs_sim.kernels.returns import irr_side_by_side
from pfs_sim.tables.outputs import (
    COMPARED_FIXED,
    COMPARED_MATCHED,
    COMPARED_NONE,
    F8,
    HOLDER_COLUMNS,
    I8,
    Flows,
    OutputPlan,
)
from pfs_sim.tables.state import (
    CONTROL,
    MATCHED,
    NEVER,
    TREATED,
    Cash,
    Missing,
    People,
    StopCause,
)

_TRIGGERLESS = StopCause.SHORTFALL
_NOT_HELD = Missing.NOT_HELD
_ROUNDING = 1e-12


@inline
def _sum(values: F8) -> float:
    total = 0.0
    for value in values:
        total += value
    return total


@lean
def _holder(
    plan: OutputPlan,
    flow: F8,
    principal: F8,
    drawn: F8,
    moved: F8,
    kept: F8,
    out: F8,
    o: int,
) -> int:
    """Nine numbers of one holder: from its flows, principal received and draws by grid point.

    What comes back on a date on which more is drawn counts in full, on both sides. The IRR and its
    status come later: `kept` holds the flows until then. Of `moved`, all that went in and out on a
    date, a share that rounding leaves is no flow, or a total loss would have returned something.
    """
    invested, returned, paid_in, repaid, weighted, npv = 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
    for t in range(flow.size):
        kept[t] = flow[t] if abs(flow[t]) > _ROUNDING * moved[t] else 0.0
        got = flow[t] + drawn[t]
        invested += max(-got, 0.0)
        returned += max(got, 0.0)
        paid_in += drawn[t]
        repaid += principal[t]
        weighted += principal[t] * t
        npv += flow[t] * plan.hurdle[t]
    invested += paid_in
    loss = max(0.0, paid_in - repaid)
    if loss <= 1e-9 * paid_in:
        loss = 0.0
    out[o] = paid_in
    out[o + 1] = returned
    out[o + 4] = returned / invested if invested > 0.0 else math.nan
    out[o + 5] = loss
    out[o + 6] = loss / paid_in if paid_in > 0.0 else math.nan
    out[o + 7] = npv
    out[o + 8] = weighted / repaid / plan.per_year if repaid > 0.0 else math.nan
    return o + HOLDER_COLUMNS


@once
def _held(missing: I8) -> int:
    """How many evaluations were held: a termination may call off the later ones."""
    held = 0
    if missing.shape[0] > 0:
        for e in range(missing.shape[1]):
            if missing[0, e] != _NOT_HELD:
                held = e + 1
    return held


@once
def _collect_outcome(
    plan: OutputPlan, people: People, k: int, held: int, out: F8, o: int
) -> int:
    """True and measured effect (per client, per trial), averted units, treated measured.

    Measured are the clients at whom a measure looks, at the evaluations that were held.
    """
    n1, y1, n0, y0 = 0.0, 0.0, 0.0, 0.0
    arm, least = CONTROL, plan.least_control[k]
    if plan.compared[k] == COMPARED_MATCHED:
        arm, least = MATCHED, plan.least_matched[k]
    for v in range(held):
        for s in range(plan.least_treated[k], 3):
            n1 += people.n[k, TREATED, s, v]
            y1 += people.y[k, TREATED, s, v]
        for s in range(least, 3):
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
    """Payments in all, by term, fiscal year and payor; savings and net benefit.

    Sums that belong to one grid point run side by side: alone each would wait for its last one.
    """
    terms, grid = cash.paid.shape
    total, present, claimed, cut, lost = 0.0, 0.0, 0.0, 0.0, 0.0
    years = o + 5 + terms
    for j in range(terms):
        paid, cut_here, lost_here = 0.0, 0.0, 0.0
        for t in range(grid):
            amount = cash.paid[j, t]
            claimed += cash.due[j, t]
            cut_here += cash.cut[j, t]
            lost_here += cash.lost[j, t]
            paid += amount
            if amount != 0.0:
                present += amount * plan.discount[t]
                out[years + plan.year[t]] += amount
        out[o + 5 + j] = paid
        total += paid
        cut += cut_here
        lost += lost_here
    out[o], out[o + 1], out[o + 2], out[o + 3], out[o + 4] = total, present, claimed, cut, lost
    o = years + plan.years
    for q in range(cash.payor.shape[0]):
        out[o] = _sum(cash.payor[q])
        o += 1
    residual, residual_present = 0.0, 0.0
    for t in range(grid):
        residual += cash.party[0, t]
        residual_present += cash.party[0, t] * plan.discount[t]
    saved, cashable, saved_present = _savings(plan, row, people, cash.events[0])
    out[o] = residual
    out[o + 1] = saved
    out[o + 2] = cashable
    out[o + 3] = saved + residual - total
    out[o + 4] = saved_present + residual_present - present
    return o + 5


@once
def _savings(plan: OutputPlan, row: F8, people: People, stop: int) -> tuple[float, float, float]:
    """Savings in all, the cashable part, and their present value.

    A line's savings spread evenly over its years, from the end of the window of the average
    client (model §10 leaves the timing open).
    """
    saved, cashable, present = 0.0, 0.0, 0.0
    for z in range(plan.savings_outcome.size):
        k = plan.savings_outcome[z]
        averted = plan.sign[k] * (people.true_y0[k] - people.true_y[k])
        amount = averted * row[plan.savings_value[z]]
        saved += amount
        cashable += amount * plan.savings_cashable[z]
        if plan.opens_at_exit[k] == 1:
            opens = _mean_exit(people.exits, stop)
        else:
            opens = _mean_enrollment(people.enrolled)
        if opens >= 0.0:
            begins = (opens + plan.window[k]) / plan.per_year
            present += amount * math.exp(-plan.payor_force * begins) * plan.savings_spread[z]
    return saved, cashable, present


@once
def _mean_enrollment(enrolled: F8) -> float:
    """Grid point at which the average treated client enrolls; −1 where nobody does."""
    clients, moment = 0.0, 0.0
    for t in range(enrolled.shape[1]):
        clients += enrolled[TREATED, t]
        moment += enrolled[TREATED, t] * t
    return moment / clients if clients > 0.0 else -1.0


@apart
def _mean_exit(exits: F8, stop: int) -> float:
    """Grid point at which the average treated client leaves or completes; −1 without clients."""
    completed = exits.shape[3] - 1
    clients, moment = 0.0, 0.0
    for t in range(exits.shape[0]):
        for y in range(exits.shape[2]):
            for j in range(exits.shape[3]):
                leaves = min(t + min(j, completed - 1), max(t, stop))
                clients += exits[t, TREATED, y, j]
                moment += exits[t, TREATED, y, j] * leaves
    return moment / clients if clients > 0.0 else -1.0


@once
def _collect_program(people: People, cash: Cash, out: F8, o: int) -> int:
    """Who came, enrolled and left; what it cost; whether and why it stopped."""
    referred, eligible, turned_away, treated, controls = 0.0, 0.0, 0.0, 0.0, 0.0
    for t in range(people.referred.size):
        referred += people.referred[t]
        eligible += people.eligible[t]
        turned_away += people.turned_away[t]
        treated += people.enrolled[TREATED, t]
        controls += people.enrolled[CONTROL, t]
    completed, left, unfunded = 0.0, 0.0, 0.0
    for t in range(people.completed.size):
        completed += people.completed[t]
        left += people.left[t]
        unfunded += cash.unfunded[t]
    cost = 0.0
    for u in range(cash.uses.shape[0] - 1):
        cost += _sum(cash.uses[u])
    stop = cash.events[0]
    out[o], out[o + 1], out[o + 2] = referred, eligible, turned_away
    out[o + 3], out[o + 4] = treated, controls
    out[o + 5], out[o + 6] = completed, left
    out[o + 7], out[o + 8] = cost, unfunded
    out[o + 9] = 1.0 if stop < NEVER else 0.0
    out[o + 10] = stop if stop < NEVER else math.nan
    out[o + 11] = 1.0 if stop < NEVER and cash.events[1] == _TRIGGERLESS else 0.0
    return o + 12


@once
def collect(
    plan: OutputPlan, row: F8, people: People, cash: Cash, flows: Flows, lane: int, out: F8
) -> int:
    """Write a path's row (order of `plan.outputs.columns`); returns how many were written.

    But for IRRs and their statuses: the flows are kept in a lane of `flows`, and `find_rates`
    solves those of several paths side by side.
    """
    out[:] = 0.0
    o = _collect_payor(plan, row, people, cash, out, 0)
    o = _collect_program(people, cash, out, o)
    held = _held(cash.missing)
    for k in range(people.true_n.size):
        o = _collect_outcome(plan, people, k, held, out, o)
    last = cash.value.shape[1] - 1
    for m in range(cash.value.shape[0]):
        out[o] = cash.value[m, last] if cash.valid[m, last] else math.nan
        out[o + 1] = float(cash.valid[m, last])
        o += 2
    if cash.flow.shape[0] > 0:
        o = _collect_investors(plan, cash, flows, lane, out, o)
    if cash.guarantor.shape[0] > 0:
        total = 0.0
        for g in range(cash.guarantor.shape[0]):
            out[o] = _sum(cash.guarantor[g])
            total += out[o]
            o += 1
        out[o] = total
        o += 1
    provider, intermediary = 0.0, 0.0
    for t in range(cash.party.shape[1]):
        provider += cash.party[1, t]
        intermediary += cash.party[2, t]
    out[o], out[o + 1] = provider, intermediary
    return o + 2


@once
def _collect_investors(
    plan: OutputPlan, cash: Cash, flows: Flows, lane: int, out: F8, o: int
) -> int:
    """Every tranche, then those that hope to be repaid, together."""
    one, every, tranches = flows.one, flows.every, cash.flow.shape[0]
    every[:] = 0.0
    for i in range(tranches):
        for t in range(one.shape[1]):
            repaid = cash.principal[i, t] + cash.guarantee[i, t]
            if plan.equity[i]:
                repaid += cash.extra[i, t]
            one[0, t] = repaid
            # What came in is the flow and what went out.
            one[1, t] = cash.flow[i, t] + 2.0 * (cash.draw[i, t] + cash.call[i, t])
        if plan.invests[i]:
            for t in range(one.shape[1]):
                every[0, t] += cash.flow[i, t]
                every[1, t] += one[0, t]
                every[2, t] += cash.draw[i, t]
                every[3, t] += one[1, t]
        o = _holder(
            plan, cash.flow[i], one[0], cash.draw[i], one[1], flows.flow[i, lane], out, o
        )
    return _holder(
        plan, every[0], every[1], every[2], every[3], flows.flow[tranches, lane], out, o
    )


@once
def find_rates(plan: OutputPlan, flows: Flows, paths: int, first: int, out: F8) -> None:
    """Write IRRs and their statuses of the first lanes into the rows `first` … of `out`."""
    for h in range(flows.flow.shape[0]):
        irr_side_by_side(
            flows.flow[h], paths, plan.per_year, flows.block, flows.lanes, flows.rate,
            flows.status,
        )  # fmt: skip
        column = plan.rates + HOLDER_COLUMNS * h
        for lane in range(paths):
            out[first + lane, column] = flows.rate[lane]
            out[first + lane, column + 1] = flows.status[lane]
