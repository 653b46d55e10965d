"""What an evaluation finds (model §7): every measure at a date, or why there is none.

A measure is positive when it went well. It may not exist (`Missing`): nobody measured, a sample
below the minimum, a test that fails, nothing to compare with; then it has the value 0 and pays
nothing.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from pfs_sim.kernels._jit import apart, inner_apart, once
from pfs_sim.tables.ledger import Findings, Records
from pfs_sim.tables.money import (
    Counted,
    Design,
    EvaluationTables,
    MeasureKind,
    Statistic,
    Test,
)
from pfs_sim.tables.state import CONTROL, MATCHED, TREATED, Missing, People

F8 = npt.NDArray[np.float64]
I8 = npt.NDArray[np.int64]

_EXISTS = Missing.NONE
_NO_DATA = Missing.NO_DATA
_SMALL = Missing.SMALL_SAMPLE
_NOT_SIGNIFICANT = Missing.NOT_SIGNIFICANT
_NO_COMPARISON = Missing.NO_COMPARISON


@once
def measure(
    tables: EvaluationTables,
    years: float,
    row: F8,
    people: People,
    e: int,
    true_mode: int,
    given: F8,
    stop: int,
    findings: Findings,
) -> None:
    """Measure everything at evaluation `e`; evaluations come in order, from the first one on.

    Writes value and `Missing` of each measure. In `true_mode` outcomes are replaced by their
    expectations and comparisons by what the treated would have been without the program: no
    chance, no bias, no record error, no test (model §11, false payment). `given[m, e]` that is
    not NaN is taken as measured (it may be empty). `stop`: where service stopped; `years`: length
    of a period.
    """
    t = tables.dates[e]
    sums = people.e if true_mode else people.y
    for m in tables.order:
        record, found = tables.measures[m], findings.last[m]
        kind = record.kind
        if kind == MeasureKind.OUTCOME:
            _add_vintage(record, people.n, sums, people.e0, e, true_mode, found)
        if given.shape[0] > 0 and not math.isnan(given[m, e]):
            value, missing = given[m, e], _EXISTS
        elif kind == MeasureKind.OUTCOME:
            value, missing = _outcome_measure(
                record, row, people.enrolled, t, years, true_mode, found
            )
        elif kind == MeasureKind.PROGRAM:
            before = tables.dates[e - 1] if e > 0 else 0
            value = _program_measure(record, people, t, before, stop, found)
            missing = _EXISTS
        elif kind == MeasureKind.PERSON:
            value, missing = _person_measure(
                record, tables.inputs, people.n, people.e, people.person, e, true_mode
            )
        else:
            value, missing = _combined(record, tables.inputs, t, findings.last)
        found.value, found.missing = value, missing
        findings.value[m, e] = value
        findings.missing[m, e] = missing
        findings.valid[m, e] = 1 if missing == _EXISTS else 0


@inner_apart
def look_at_program(
    tables: EvaluationTables, people: People, t: int, given: F8, stop: int, last_known: Records
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
        record, found = tables.measures[m], last_known[m]
        if record.current == 0:
            continue
        if last >= 0 and given.shape[0] > 0 and not math.isnan(given[m, last]):
            continue
        if record.kind == MeasureKind.PROGRAM:
            value = _program_measure(record, people, t, before, stop, found)
            missing = _EXISTS
        else:
            value, missing = _combined(record, tables.inputs, t, last_known)
        found.value, found.missing = value, missing


@once
def _add_vintage(
    record: Any, clients: F8, sums: F8, without: F8, v: int, true_mode: int, found: Any
) -> None:
    """Add what evaluation `v` sees for the first time to the sums of a measure.

    `clients`, `sums` and `without` are n, y (or e) and e0 of `People`.
    """
    k, arm = record.outcome, record.arm
    first = record.first_class if arm == TREATED else record.first_control
    if v == 0 or record.vintage == 1:
        found.treated, found.treated_sum = 0.0, 0.0
        found.others, found.others_sum = 0.0, 0.0
    for s in range(first, 3):
        found.treated += clients[k, arm, s, v]
        found.treated_sum += sums[k, arm, s, v]
    if record.statistic < Statistic.DIFFERENCE:
        return
    other, first_other = -1, first
    if record.design == Design.RCT:
        other, first_other = CONTROL, record.first_control
    elif record.design == Design.MATCHED:
        other = MATCHED
    if other >= 0:
        for s in range(first_other, 3):
            found.others += clients[k, other, s, v]
            if not true_mode:
                found.others_sum += sums[k, other, s, v]
    if true_mode:
        for s in range(first, 3):
            found.others_sum += without[k, s, v]


@once
def _outcome_measure(
    record: Any, row: F8, enrolled: F8, t: int, years: float, true_mode: int, found: Any
) -> tuple[float, int]:
    """Value of an outcome measure on grid point `t`, and why there is none."""
    n1, n0 = found.treated, found.others
    statistic, design, trials = record.statistic, record.design, record.trials
    if statistic == Statistic.MEASURED:
        return n1, _EXISTS
    if not n1 > 0.0:
        return 0.0, _NO_DATA
    if not true_mode and n1 < record.minimum:
        return 0.0, _SMALL
    mean = found.treated_sum / (n1 * trials)
    if statistic == Statistic.TOTAL:
        value = found.treated_sum
    elif statistic == Statistic.MEAN:
        value = mean
    else:
        if design == Design.RCT or design == Design.MATCHED:
            if not n0 > 0.0:
                return 0.0, _NO_DATA
            if not true_mode and n0 < record.minimum:
                return 0.0, _SMALL
            level = found.others_sum / ((n1 if true_mode else n0) * trials)
        elif math.isnan(record.comparison):
            return 0.0, _NO_COMPARISON
        elif true_mode:
            level = found.others_sum / (n1 * trials)
        else:
            growth = max(0.0, 1.0 + row[record.trend])
            level = record.comparison * growth ** (t * years)
        if not true_mode and not math.isnan(record.critical):
            mean_client = found.treated_sum / n1
            if not _passes(record, row, enrolled, t, n1, mean_client, n0, level):
                return 0.0, _NOT_SIGNIFICANT
        value = record.sign * (level - mean)
        if statistic == Statistic.RELATIVE_REDUCTION:
            if level == 0.0:
                return 0.0, _NO_COMPARISON
            value /= level
        elif statistic == Statistic.AVERTED:
            value *= n1 * trials
    if not true_mode and design != Design.RCT:
        value += row[record.bias]
    return value, _EXISTS


@once
def _passes(
    record: Any,
    row: F8,
    enrolled: F8,
    t: int,
    n1: float,
    mean: float,
    n0: float,
    level: float,
) -> bool:
    """Whether the usual one-sided test of this kind of outcome reaches its critical value.

    `mean` is the treated arm's a client, `level` the comparison a client (a trial). A comparison
    written in the contract has no sampling error: the pooled proportion is then the comparison,
    and a variance that the arms would share is the treated arm's alone.
    """
    fixed = record.design == Design.HISTORICAL
    per_n0 = 0.0 if fixed else 1.0 / n0
    if record.test == Test.PROPORTION:
        occasions, most = record.occasions, record.occasions * record.unit
        p1, p0 = mean / most, level * record.trials / most
        difference = p0 - p1
        pooled = p0 if fixed else (p1 * n1 + p0 * n0) / (n1 + n0)
        variance = pooled * (1.0 - pooled) * (1.0 / n1 + per_n0) / occasions
        if record.icc > 0.0:
            size = record.cluster
            if size == 0.0:
                size = _cohort_size(enrolled, t, n1, n0)
            variance *= 1.0 + (size * occasions - 1.0) * record.icc
    else:
        difference = level - mean
        if record.test == Test.COUNT:
            k = record.dispersion
            variance = mean * (1.0 + mean / k) / n1 + level * (1.0 + level / k) * per_n0
        elif record.test == Test.AMOUNT:
            some, shape = row[record.share], row[record.spread]
            relative = (1.0 + 1.0 / shape) / some - 1.0 if some > 0.0 else 0.0
            variance = relative * (mean * mean / n1 + level * level * per_n0)
        else:
            sd = row[record.spread]
            variance = sd * sd * (1.0 / n1 + per_n0)
    difference *= record.sign
    if not variance > 0.0:
        return bool(difference > 0.0)
    return bool(difference >= record.critical * math.sqrt(variance))


@apart
def _cohort_size(enrolled: F8, t: int, n1: float, n0: float) -> float:
    """Mean clients in a cluster where a cohort's arm is one, of the cohorts enrolled before `t`."""
    cells = 0.0
    for arm in range(2):
        for c in range(min(t, enrolled.shape[1])):
            if enrolled[arm, c] > 0.0 and (arm == TREATED or n0 > 0.0):
                cells += 1.0
    return max(1.0, (n1 + n0) / cells) if cells > 0.0 else 1.0


@apart
def _person_measure(
    record: Any, inputs: Records, sample: F8, sums: F8, person: F8, e: int, true_mode: int
) -> tuple[float, int]:
    """Money earned client by client; in true mode what the expectations earn under all caps."""
    first = e if record.vintage == 1 else 0
    money, clients, expected = 0.0, 0.0, 0.0
    for v in range(first, e + 1):
        money += person[record.outcome, v]
    for i in range(record.inputs, record.inputs_end):
        k, measured = inputs[i].member, 0.0
        for s in range(3):
            for v in range(first, e + 1):
                measured += sample[k, TREATED, s, v]
                expected += inputs[i].weight * sums[k, TREATED, s, v]
        clients = max(clients, measured)
    if not clients > 0.0:
        return 0.0, _NO_DATA
    return (min(expected, clients * record.cap) if true_mode else money), _EXISTS


@once
def _program_measure(
    record: Any, people: People, t: int, before: int, stop: int, found: Any
) -> float:
    """A count of the program to grid point `t`; a vintage is what came after `before`.

    Clients in service are a stock: those of the period that has just ended.
    """
    counted, y = record.counted, record.type
    if counted == Counted.ACTIVE:
        if t == 0:
            return 0.0
        return float(people.active[t - 1] if y < 0 else people.active_type[y, t - 1])
    vintage = record.vintage == 1
    if counted == Counted.COMPLETED or counted == Counted.LEFT:
        completed, first = bool(counted == Counted.COMPLETED), before + 1 if vintage else 0
        if y >= 0:
            return _exits_of_type(people.exits, completed, y, first - 1, t, stop)
        return _count(people.completed if completed else people.left, vintage, first, t + 1, found)
    first = before if vintage else 0
    if counted == Counted.REFERRED:
        return _count(people.referred, vintage, first, t, found)
    if counted == Counted.ELIGIBLE:
        return _count(people.eligible, vintage, first, t, found)
    if counted == Counted.CONTROL:
        return _count(people.enrolled[CONTROL], vintage, first, t, found)
    if y >= 0:
        return _count(people.enrolled_type[y], vintage, first, t, found)
    treated = _count(people.enrolled[TREATED], vintage, first, t, found)
    if counted == Counted.TREATED:
        return treated
    controls = 0.0
    for s in range(first, t):
        controls += people.enrolled[CONTROL, s]
    return treated + controls


@once
def _count(values: F8, vintage: bool, first: int, end: int, found: Any) -> float:
    """The sum of the grid points from `first` to before `end`; goes on where it was left."""
    total, start = found.counted, int(found.to)
    if vintage:
        total, start = 0.0, first
    for s in range(start, end):
        total += values[s]
    found.counted, found.to = total, end
    return float(total)


@apart
def _exits_of_type(
    exits: F8, completed: bool, y: int, since: int, t: int, stop: int
) -> float:
    """Treated clients of a type who completed, or left early, after `since` and up to `t`.

    Whoever is in service when it stops leaves then.
    """
    buckets = exits.shape[3]
    total = 0.0
    for c in range(exits.shape[0]):
        for b in range(1, buckets):
            ends = c + min(b, buckets - 2)
            done = b == buckets - 1 and ends <= stop
            ends = min(ends, stop)
            if done == completed and since < ends <= t:
                total += exits[c, TREATED, y, b]
    return total


@apart
def _combined(record: Any, inputs: Records, t: int, finding: Records) -> tuple[float, int]:
    """A measure made of other measures, which have been looked at before."""
    kind, first, last = record.kind, record.inputs, record.inputs_end
    value, missing = finding[inputs[first].member].value, int(finding[inputs[first].member].missing)
    if kind == MeasureKind.SWITCH:
        if t < record.switch:
            return value, missing
        later = finding[inputs[first + 1].member]
        return later.value, int(later.missing)
    if kind == MeasureKind.FALLBACK or kind == MeasureKind.BEST:
        found = False
        best = 0.0
        for position in range(first, last):
            one = finding[inputs[position].member]
            if one.missing == _EXISTS and (not found or one.value > best):
                found, best = True, one.value
                if kind == MeasureKind.FALLBACK:
                    break
        return best, (_EXISTS if found else missing)
    for position in range(first, last):
        one = finding[inputs[position].member]
        if one.missing != _EXISTS:
            return 0.0, int(one.missing)
    if kind == MeasureKind.RATIO:
        lower = finding[inputs[first + 1].member].value
        # A zero that rounding hides must not become a ratio of trillions.
        if abs(lower) <= 1e-12:
            return 0.0, _NO_COMPARISON
        return value / lower, _EXISTS
    if kind == MeasureKind.BLEND:
        value = record.constant
        for position in range(first, last):
            value += inputs[position].weight * finding[inputs[position].member].value
        return value, _EXISTS
    for position in range(first + 1, last):
        other = finding[inputs[position].member].value
        value = value * other if kind == MeasureKind.PRODUCT else min(value, other)
    return value, _EXISTS
