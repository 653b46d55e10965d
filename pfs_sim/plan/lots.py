"""Lots: the cohorts that are measured together live an outcome together (model §6).

Cohorts whose data reach the same evaluation and whose clients have the same probability are drawn
as one: in law that is the same, and it costs as much as one cohort. The intervals between the
dates of `merge` say what is measured together; scenarios that are to be compared on the same
draws are compiled with the same dates.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

import numpy as np

from pfs_sim.model.scenario import Scenario
from pfs_sim.plan.program import records
from pfs_sim.plan.row import Row
from pfs_sim.tables.people import FAMILY, I8, NOBODY, How, Kind, PeoplePlan, Records, Scale, Seen
from pfs_sim.tables.state import NEVER


def evaluation_dates(scenario: Scenario) -> list[int]:
    """Grid points of the evaluations, in the order of the file."""
    return [scenario.clock.grid(when) for when in scenario.evaluation.dates.values()]


def who_sees(
    scenario: Scenario, outcomes: Records, duration: int, merge: Iterable[int] | None
) -> I8:
    """Who sees data first that are reported at a grid point: [Seen, grid point].

    After the last evaluation the number of evaluations stands for none, and NEVER for its date.
    The intervals of `merge` end with each of its dates and with each evaluation.
    """
    dates = evaluation_dates(scenario)
    ends = sorted({*dates, *(merge or ())})
    delay = int(max(outcomes.delay)) + int(max(outcomes.qualify))
    out = np.empty((3, scenario.clock.periods + duration + delay + 2), dtype=np.int64)
    out[Seen.DATE], out[Seen.EVALUATION] = NEVER, len(dates)
    for t, e in sorted(((t, e) for e, t in enumerate(dates)), reverse=True):
        out[Seen.DATE, : t + 1], out[Seen.EVALUATION, : t + 1] = t, e
    out[Seen.GROUPING] = np.searchsorted(ends, np.arange(out.shape[1]))
    return out


def can_merge(
    scenario: Scenario, row: Row, k: int, fact: Records, moved: Collection[str] = ()
) -> bool:
    """Whether cohorts that are measured together may live outcome k together, exactly in law.

    Their levels must not drift, no client's outcome may hang on another's (clusters) or on
    another outcome, and nobody may have a limit or a cap. Matched clients must come out whole.
    """
    path = f"outcomes.{list(scenario.outcomes)[k]}"
    others = {outcome.after for outcome in scenario.outcomes.values()}

    def surely_none(field: str) -> bool:
        column = row.column(f"{path}.{field}")
        if column < 0:
            return True
        sure = row.quantities[column].certain and f"{path}.{field}" not in moved
        return bool(sure and row.base[column] == 0.0)

    alone = fact.after < 0 and fact.group < 0 and list(scenario.outcomes)[k] not in others
    free = fact.icc == 0.0 and float(fact.ratio).is_integer()
    if fact.limit > 0:  # where every period is a success, those within the limit count
        level = row.column(f"{path}.level")
        sure = row.quantities[level].certain and f"{path}.level" not in moved
        free = free and sure and row.base[level] == 1.0 and fact.scale == Scale.LOG_ODDS
    if fact.kind == Kind.MILESTONE:
        # A period of service is measured for all clients or for none.
        free = free and fact.ratio == 0.0
        free = free and surely_none("loss.treated") and surely_none("loss.control")
    return bool(alone and free and surely_none("drift"))


def families(steps: Sequence[int], outcomes: Records, members: I8) -> list[list[int]]:
    """Steps that hang together, in the order of life: chains, and groups drawn client by client."""
    lives = {step: _lived_in(members, step) for step in steps}
    found: list[list[int]] = []
    for step in steps:
        before = {int(outcomes[k].after) for k in lives[step]}
        tied = [family for family in found if any(before & {*lives[other]} for other in family)]
        joined = [other for family in tied for other in family]
        found = [family for family in found if family not in tied]
        found.append([*joined, step])
    return [[step for step in steps if step in family] for family in found]


def _lived_in(members: I8, step: int) -> list[int]:
    """Outcomes of a step."""
    return [step] if step >= 0 else [int(k) for k in members[-1 - step] if k >= 0]


def family_table(
    groups: Sequence[Sequence[int]], outcomes: Records, members: I8
) -> tuple[Records, I8]:
    """Families [f], and the steps of all of them in the order in which they are lived.

    Writes to each outcome which family it is of.
    """
    table = records(FAMILY, len(groups))
    steps: list[int] = []
    for f, (family, group) in enumerate(zip(table, groups, strict=True)):
        family.first_step, family.steps = len(steps), len(group)
        family.how = How.PERSONS if min(group) < 0 else How.COHORTS
        if min(group) >= 0 and outcomes[group[0]].merged:
            family.how = How.MERGED
        steps += group
        for step in group:
            outcomes.family[_lived_in(members, step)] = f
    return table, np.array(steps, dtype=np.int64)


def find_lots(outcomes: Records, seen: I8, periods: int, duration: int) -> I8:
    """First grid point at which a window of each lot opens [k, lot]; −1 where none does."""
    out = np.full((outcomes.size, int(seen[Seen.GROUPING].max()) + 1), NOBODY, dtype=np.int64)
    for k, fact in enumerate(outcomes):
        count, delay = periods, int(fact.delay)
        if fact.kind == Kind.MILESTONE:
            count += duration - 1
        elif fact.opens_at_exit:
            count += duration
        lots, first = np.unique(seen[Seen.GROUPING, delay : delay + count], return_index=True)
        out[k, lots] = first
    return out


def grouping(plan: PeoplePlan) -> dict[str, list[int]]:
    """What is drawn together: the ends of the intervals, and the outcomes (by place) merged.

    It belongs into a run's manifest: the draws of two runs are the same people only where both
    agree on it.
    """
    interval = plan.outcomes.seen[Seen.GROUPING]
    return {
        "ends": np.flatnonzero(np.diff(interval)).tolist(),
        "merged": np.flatnonzero(plan.outcomes.facts.merged).tolist(),
    }
