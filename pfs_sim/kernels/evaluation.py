"""What an evaluation finds (model §7): every measure at a date, or why there is none.

A measure is positive when it went well. It may not exist (`Missing`): nobody measured, a sample
below the minimum, a test that fails, nothing to compare with; then it has the value 0 and pays
nothing. Paths are measured side by side.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from pfs_sim.kernels._jit import apart, inner_apart, once
from pfs_sim.kernels._wide import (
    alike,
    each,
    greater,
    lesser,
    of,
    replace,
    root,
    where,
)
from pfs_sim.tables.ledger import (
    COUNTED,
    MISSING,
    OTHERS,
    OTHERS_SUM,
    SAMPLE,
    SAMPLE_SUM,
    VALUE,
    Findings,
)
from pfs_sim.tables.money import (
    Counted,
    Design,
    EvaluationTables,
    MeasureKind,
    Records,
    Statistic,
    Test,
)
from pfs_sim.tables.state import CONTROL, MATCHED, TREATED, Crowd, Missing
from pfs_sim.tables.wide import ABREAST, Wide

F8 = npt.NDArray[np.float64]
I8 = npt.NDArray[np.int64]

_EXISTS = float(Missing.NONE)
_NO_DATA = float(Missing.NO_DATA)
_SMALL = float(Missing.SMALL_SAMPLE)
_NOT_SIGNIFICANT = float(Missing.NOT_SIGNIFICANT)
_NO_COMPARISON = float(Missing.NO_COMPARISON)


@once
def measure(
    tables: EvaluationTables,
    years: float,
    crowd: Crowd,
    e: int,
    true_mode: int,
    given: F8,
    stop: Wide,
    held: Wide,
    findings: Findings,
) -> None:
    """Measure everything at evaluation `e`; evaluations come in order, from the first one on.

    Writes value and `Missing` of each measure for the paths on which it is `held`. In `true_mode`
    outcomes are replaced by their expectations and comparisons by what the treated would have been
    without the program: no chance, no bias, no record error, no test (model §11, false payment).
    `given[m, e]` that is not NaN is taken as measured (it may be empty). `stop`: where service
    stopped; `years`: length of a period.
    """
    t, last = tables.dates[e], findings.last
    for m in tables.order:
        record = tables.measures[m]
        kind = record.kind
        if kind == MeasureKind.OUTCOME:
            if true_mode:
                _add_vintage(record, crowd.n, crowd.e, crowd.e0, e, true_mode, m, last)
            else:
                _add_vintage(record, crowd.n, crowd.y, crowd.e0, e, true_mode, m, last)
        if given.shape[0] > 0 and not math.isnan(given[m, e]):
            _state(findings, m, e, given[m, e], _EXISTS, held)
        elif kind == MeasureKind.OUTCOME:
            value, missing = _outcome_measure(record, crowd, t, years, true_mode, m, last)
            _state(findings, m, e, value, missing, held)
        elif kind == MeasureKind.PROGRAM:
            before = tables.dates[e - 1] if e > 0 else 0
            value = _program_measure(record, crowd, t, before, stop, m, findings)
            _state(findings, m, e, value, _EXISTS, held)
        elif kind == MeasureKind.PERSON:
            value, missing = _person_measure(record, tables.inputs, crowd, e, true_mode)
            _state(findings, m, e, value, missing, held)
        else:
            value, missing = _combined(record, tables.inputs, t, last)
            _state(findings, m, e, value, missing, held)


@once
def _state(
    findings: Findings, m: int, e: int, value: Wide, missing: Wide, held: Wide
) -> None:
    """Write down what evaluation `e` found, where it was held."""
    value = where(held, value, findings.last[VALUE, m])
    missing = where(held, missing, findings.last[MISSING, m])
    findings.last[VALUE, m], findings.last[MISSING, m] = value, missing
    findings.value[m, e] = where(held, value, findings.value[m, e])
    findings.missing[m, e] = where(held, missing, findings.missing[m, e])


@inner_apart
def look_at_program(
    tables: EvaluationTables, crowd: Crowd, t: int, given: F8, stop: Wide, findings: Findings
) -> None:
    """Bring the measures of the program alone up to grid point `t`, evaluation or not.

    Measures given at the last evaluation stay as they were given.
    """
    last, before = -1, 0
    for e in range(tables.dates.size):
        if tables.dates[e] <= t:
            last = e
        if tables.dates[e] < t:
            before = tables.dates[e]
    for m in tables.order:
        record = tables.measures[m]
        if record.current == 0:
            continue
        if last >= 0 and given.shape[0] > 0 and not math.isnan(given[m, last]):
            continue
        if record.kind == MeasureKind.PROGRAM:
            value = _program_measure(record, crowd, t, before, stop, m, findings)
            findings.last[VALUE, m], findings.last[MISSING, m] = value, _EXISTS
        else:
            value, missing = _combined(record, tables.inputs, t, findings.last)
            findings.last[VALUE, m], findings.last[MISSING, m] = value, missing


@once
def _add_vintage(
    record: Any,
    clients: Wide,
    sums: Wide,
    without: Wide,
    v: int,
    true_mode: int,
    m: int,
    last: Wide,
) -> None:
    """Add what evaluation `v` sees for the first time to the sums of a measure.

    `clients`, `sums` and `without` are n, y (or e) and e0 of `People`.
    """
    k, arm = record.outcome, record.arm
    first = record.first_class if arm == TREATED else record.first_control
    treated, treated_sum = last[SAMPLE, m], last[SAMPLE_SUM, m]
    others, others_sum = last[OTHERS, m], last[OTHERS_SUM, m]
    if v == 0 or record.vintage == 1:
        treated, treated_sum, others, others_sum = 0.0, 0.0, 0.0, 0.0
    for s in range(first, 3):
        treated += clients[k, arm, s, v]
        treated_sum += sums[k, arm, s, v]
    if record.statistic >= Statistic.DIFFERENCE:
        other, first_other = -1, first
        if record.design == Design.RCT:
            other, first_other = CONTROL, record.first_control
        elif record.design == Design.MATCHED:
            other = MATCHED
        if other >= 0:
            for s in range(first_other, 3):
                others += clients[k, other, s, v]
                if not true_mode:
                    others_sum += sums[k, other, s, v]
        if true_mode:
            for s in range(first, 3):
                others_sum += without[k, s, v]
    last[SAMPLE, m], last[SAMPLE_SUM, m] = treated, treated_sum
    last[OTHERS, m], last[OTHERS_SUM, m] = others, others_sum


@once
def _outcome_measure(
    record: Any, crowd: Crowd, t: int, years: float, true_mode: int, m: int, last: Wide
) -> tuple[Wide, Wide]:
    """Value of an outcome measure on grid point `t`, and why there is none: the first reason."""
    n1, n0 = last[SAMPLE, m], last[OTHERS, m]
    total, others = last[SAMPLE_SUM, m], last[OTHERS_SUM, m]
    statistic, design, trials = record.statistic, record.design, record.trials
    missing = where(n1 > 0.0, _EXISTS, _NO_DATA)
    if statistic == Statistic.MEASURED:
        return n1, each(_EXISTS)
    if not true_mode:
        missing = _first_reason(missing, n1 < record.minimum, _SMALL)
    mean = total / (n1 * trials)
    value = mean
    if statistic == Statistic.TOTAL:
        value = total
    elif statistic != Statistic.MEAN:
        level = mean
        if design == Design.RCT or design == Design.MATCHED:
            missing = _first_reason(missing, ~(n0 > 0.0), _NO_DATA)
            if true_mode:
                level = others / (n1 * trials)
            else:
                missing = _first_reason(missing, n0 < record.minimum, _SMALL)
                level = others / (n0 * trials)
        elif math.isnan(record.comparison):
            missing = _first_reason(missing, alike(True), _NO_COMPARISON)
        elif true_mode:
            level = others / (n1 * trials)
        else:
            growth = greater(0.0, 1.0 + crowd.row[record.trend])
            level = record.comparison * _raise(growth, t * years)
        if not true_mode and not math.isnan(record.critical):
            bias = each(0.0)
            if design != Design.RCT:
                bias = crowd.row[record.bias]
                if statistic == Statistic.RELATIVE_REDUCTION:
                    bias *= level
                elif statistic == Statistic.AVERTED:
                    bias /= n1 * trials
            passes = _passes(record, crowd, t, n1, total / n1, n0, level, bias)
            missing = _first_reason(missing, ~passes, _NOT_SIGNIFICANT)
        value = record.sign * (level - mean)
        if statistic == Statistic.RELATIVE_REDUCTION:
            missing = _first_reason(missing, level == 0.0, _NO_COMPARISON)
            value /= level
        elif statistic == Statistic.AVERTED:
            value *= n1 * trials
    if not true_mode and design != Design.RCT:
        value += crowd.row[record.bias]
    return where(missing == _EXISTS, value, 0.0), missing


@once
def _first_reason(missing: Wide, fails: Wide, reason: float) -> Wide:
    """Why a measure does not exist, where it has existed until now and something fails."""
    return where(fails & (missing == _EXISTS), reason, missing)


@apart
def _raise(base: Wide, exponent: float) -> Wide:
    """Powers, one by one: a vector of them may differ in the last bit."""
    for lane in range(ABREAST):
        base = replace(base, lane, of(base, lane) ** exponent)
    return base


@once
def _passes(
    record: Any, crowd: Crowd, t: int, n1: Wide, mean: Wide, n0: Wide, level: Wide, bias: Wide
) -> Wide:
    """Where the usual one-sided test of this kind of outcome reaches its critical value.

    `mean` is the treated arm's a client, `level` the comparison a client (a trial), `bias` what is
    found on top of their difference, in the units of the level: the evaluator cannot tell it from
    an effect. A comparison
    written in the contract has no sampling error: the pooled proportion is then the comparison,
    and a variance that the arms would share is the treated arm's alone.
    """
    fixed = record.design == Design.HISTORICAL
    per_n0 = each(0.0)
    if not fixed:
        per_n0 = 1.0 / n0
    if record.test == Test.PROPORTION:
        occasions, most = record.occasions, record.occasions * record.unit
        p1, p0 = mean / most, level * record.trials / most
        difference = p0 - p1
        bias = bias * (record.trials / most)
        pooled = p0
        if not fixed:
            pooled = (p1 * n1 + p0 * n0) / (n1 + n0)
        variance = pooled * (1.0 - pooled) * (1.0 / n1 + per_n0) / occasions
        if record.icc > 0.0:
            size = each(record.cluster)
            if record.cluster == 0.0:
                size = _cohort_size(crowd.enrolled, t, n1, n0)
            variance *= 1.0 + (size * occasions - 1.0) * record.icc
    else:
        difference = level - mean
        if record.test == Test.COUNT:
            k = record.dispersion
            variance = mean * (1.0 + mean / k) / n1 + level * (1.0 + level / k) * per_n0
        elif record.test == Test.AMOUNT:
            some, shape = crowd.row[record.share], crowd.row[record.spread]
            relative = where(some > 0.0, (1.0 + 1.0 / shape) / some - 1.0, 0.0)
            variance = relative * (mean * mean / n1 + level * level * per_n0)
        else:
            sd = crowd.row[record.spread]
            variance = sd * sd * (1.0 / n1 + per_n0)
    difference = difference * record.sign + bias
    some_variance = variance > 0.0
    reached = difference >= record.critical * root(where(some_variance, variance, 0.0))
    return (some_variance & reached) | (~some_variance & (difference > 0.0))


@apart
def _cohort_size(enrolled: Wide, t: int, n1: Wide, n0: Wide) -> Wide:
    """Mean clients in a cluster where a cohort's arm is one, of the cohorts enrolled before `t`."""
    cells = each(0.0)
    for arm in range(2):
        for c in range(min(t, enrolled.shape[1])):
            some = enrolled[arm, c] > 0.0
            if arm != TREATED:
                some = some & (n0 > 0.0)
            cells += where(some, 1.0, 0.0)
    return where(cells > 0.0, greater(1.0, (n1 + n0) / cells), 1.0)


@apart
def _person_measure(
    record: Any, inputs: Records, crowd: Crowd, e: int, true_mode: int
) -> tuple[Wide, Wide]:
    """Money earned client by client; in true mode what the expectations earn under all caps."""
    first = e if record.vintage == 1 else 0
    money = crowd.person[record.outcome, first]
    for v in range(first + 1, e + 1):
        money += crowd.person[record.outcome, v]
    clients, expected = each(0.0), each(0.0)
    for i in range(record.inputs, record.inputs_end):
        k = inputs[i].member
        measured = each(0.0)
        for s in range(3):
            for v in range(first, e + 1):
                measured += crowd.n[k, TREATED, s, v]
                if true_mode:
                    expected += inputs[i].weight * crowd.e[k, TREATED, s, v]
        clients = greater(clients, measured)
    some = clients > 0.0
    if true_mode:
        money = lesser(expected, clients * record.cap)
    return where(some, money, 0.0), where(some, _EXISTS, _NO_DATA)


@once
def _program_measure(
    record: Any, crowd: Crowd, t: int, before: int, stop: Wide, m: int, findings: Findings
) -> Wide:
    """A count of the program to grid point `t`; a vintage is what came after `before`.

    Clients in service are a stock: those of the period that has just ended.
    """
    counted, y = record.counted, record.type
    if counted == Counted.ACTIVE:
        if t == 0:
            return each(0.0)
        return crowd.active[t - 1] if y < 0 else crowd.active_type[y, t - 1]
    vintage = record.vintage == 1
    if counted == Counted.COMPLETED or counted == Counted.LEFT:
        completed, first = bool(counted == Counted.COMPLETED), before + 1 if vintage else 0
        if y >= 0:
            return _exits_of_type(crowd.exits, completed, y, first - 1, t, stop)
        if completed:
            return _count(crowd.completed, vintage, first, t + 1, m, findings)
        return _count(crowd.left, vintage, first, t + 1, m, findings)
    first = before if vintage else 0
    if counted == Counted.REFERRED:
        return _count(crowd.referred, vintage, first, t, m, findings)
    if counted == Counted.ELIGIBLE:
        return _count(crowd.eligible, vintage, first, t, m, findings)
    if counted == Counted.CONTROL:
        return _count(crowd.enrolled[CONTROL], vintage, first, t, m, findings)
    if y >= 0:
        return _count(crowd.enrolled_type[y], vintage, first, t, m, findings)
    treated = _count(crowd.enrolled[TREATED], vintage, first, t, m, findings)
    if counted == Counted.TREATED:
        return treated
    controls = each(0.0)
    for s in range(first, t):
        controls += crowd.enrolled[CONTROL, s]
    return treated + controls


@once
def _count(
    values: Wide, vintage: bool, first: int, end: int, m: int, findings: Findings
) -> Wide:
    """The sum of the grid points from `first` to before `end`; goes on where it was left."""
    total, start = findings.last[COUNTED, m], findings.to[m]
    if vintage:
        total, start = each(0.0), first
    for s in range(start, end):
        total += values[s]
    findings.last[COUNTED, m] = total
    findings.to[m] = end
    return total


@apart
def _exits_of_type(
    exits: Wide, completed: bool, y: int, since: int, t: int, stop: Wide
) -> Wide:
    """Treated clients of a type who completed, or left early, after `since` and up to `t`.

    Whoever is in service when it stops leaves then.
    """
    buckets = exits.shape[3]
    total = each(0.0)
    for c in range(exits.shape[0]):
        for b in range(1, buckets):
            due = float(c + min(b, buckets - 2))
            done = (due <= stop) & (b == buckets - 1)
            ends = lesser(due, stop)
            counts = done if completed else ~done
            counts = counts & (since < ends) & (ends <= t)
            total += where(counts, exits[c, TREATED, y, b], 0.0)
    return total


@apart
def _combined(record: Any, inputs: Records, t: int, last: Wide) -> tuple[Wide, Wide]:
    """A measure made of other measures, which have been looked at before."""
    kind, first, end = record.kind, record.inputs, record.inputs_end
    value, missing = last[VALUE, inputs[first].member], last[MISSING, inputs[first].member]
    if kind == MeasureKind.SWITCH:
        if t < record.switch:
            return value, missing
        later = inputs[first + 1].member
        return last[VALUE, later], last[MISSING, later]
    if kind == MeasureKind.FALLBACK or kind == MeasureKind.BEST:
        best = each(0.0)
        found = best > 0.0
        for position in range(first, end):
            m = inputs[position].member
            here, exists = last[VALUE, m], last[MISSING, m] == _EXISTS
            better = ~found
            if kind == MeasureKind.BEST:
                better = better | (here > best)
            best = where(exists & better, here, best)
            found = found | exists
        return best, where(found, _EXISTS, missing)
    for position in range(first + 1, end):
        other = last[MISSING, inputs[position].member]
        missing = where(missing == _EXISTS, other, missing)
    if kind == MeasureKind.RATIO:
        lower = last[VALUE, inputs[first + 1].member]
        # A zero that rounding hides must not become a ratio of trillions.
        nothing = (lower <= 1e-12) & (lower >= -1e-12)
        missing = _first_reason(missing, nothing, _NO_COMPARISON)
        value = value / lower
    elif kind == MeasureKind.BLEND:
        value = each(record.constant)
        for position in range(first, end):
            value += inputs[position].weight * last[VALUE, inputs[position].member]
    else:
        for position in range(first + 1, end):
            other = last[VALUE, inputs[position].member]
            value = value * other if kind == MeasureKind.PRODUCT else lesser(value, other)
    return where(missing == _EXISTS, value, 0.0), missing
