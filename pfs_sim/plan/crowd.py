"""What money and results read of the people, and where it lies for paths side by side."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from pfs_sim.plan.program import records
from pfs_sim.tables.money import (
    Counted,
    Design,
    MeasureKind,
    MoneyPlan,
    Statistic,
)
from pfs_sim.tables.outputs import COMPARED_MATCHED, OutputPlan
from pfs_sim.tables.people import BUCKET, GROUP, PART, How, Kind, PeoplePlan, Seen
from pfs_sim.tables.state import (
    CONTROL,
    MATCHED,
    TOTALS,
    TREATED,
    Alone,
    Cohort,
    Crowd,
    Draws,
    Group,
    Living,
    Lots,
    People,
)
from pfs_sim.tables.wide import WORDS, carve, numbers, of_path, split

F8 = npt.NDArray[np.float64]
I8 = npt.NDArray[np.int64]
Words = npt.NDArray[np.uint64]
Marks = npt.NDArray[np.bool_]
Shapes = dict[str, tuple[int, ...]]

_CAME = ("referred", "eligible", "waiting", "turned_away", "open")
_ALWAYS = ("enrolled", "active")
_TRUE = ("true_n", "true_y", "true_y0")
_BY_COUNT = {
    Counted.REFERRED: "referred",
    Counted.ELIGIBLE: "eligible",
    Counted.COMPLETED: "completed",
    Counted.LEFT: "left",
}
_BY_TYPE = {
    Counted.COMPLETED: "exits",
    Counted.LEFT: "exits",
    Counted.ACTIVE: "active_type",
}
_FIRST = 0
_AT_ONCE = 32
"""Draws that are asked for together, or one for each period."""
_SPREAD = 16
"""Words of a spread: sixteen bits of each of 64 people."""


class Place(NamedTuple):
    """Room for the people of paths side by side."""

    crowd: Crowd
    living: Living
    seen: F8  # [number, path] all that is known of the people, as plain numbers
    paths: Words  # [1, path] which paths they are
    inputs: F8  # [column, path] the inputs
    known: F8  # [4, path] the events


def _shapes(plan: PeoplePlan) -> tuple[Shapes, Shapes]:
    """What is known of the people, as it lies in memory: of their program, of their outcomes."""
    periods, types, facts = plan.periods.size - 1, plan.types.size, plan.outcomes.facts.size
    buckets, dates = plan.hazard.size + 2, int(max(plan.outcomes.seen[Seen.EVALUATION])) + 1
    program: Shapes = {
        "totals": (len(TOTALS),),
        "came": (len(_CAME), periods),
        "enrolled": (2, periods),
        "enrolled_type": (types, periods),
        "split": (2 * periods, types),
        "active": (1 + types, periods),
        "ends": (2, periods + 1),
        "exits": (periods, 2, types, buckets),
    }
    outcomes: Shapes = {
        "sums": (3, facts, 3, 3, dates),
        "without": (facts, 3, dates),
        "person": (plan.persons.measures.size, dates),
        "true": (3, facts),
    }
    return program, outcomes


def _named(parts: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a crowd, of what lies in memory."""
    return {
        **dict(zip(_CAME, parts["came"], strict=True)),
        **{name: parts[name] for name in ("totals", "enrolled", "enrolled_type", "exits")},
        "active": parts["active"][0],
        "active_type": parts["active"][1:],
        "left": parts["ends"][0],
        "completed": parts["ends"][1],
        **dict(zip(("n", "y", "e"), parts["sums"], strict=True)),
        "e0": parts["without"],
        "person": parts["person"],
        **dict(zip(_TRUE, parts["true"], strict=True)),
    }


def new_place(plan: PeoplePlan, columns: int) -> Place:
    """Room for paths side by side of a deal with so many columns of inputs."""
    program, outcomes = _shapes(plan)
    book, parts = carve(program | outcomes)
    first = sum(math.prod(shape) for shape in program.values())
    _, about = carve({"row": (columns,), "events": (4,)})
    _, which = carve({"path": (1,)}, WORDS)
    living = Living(
        _new_cohort(plan, parts),
        new_draws(max(_AT_ONCE, plan.periods.size - 1), which["path"]),
        _new_lots(plan, book[first:], parts, outcomes),
        _new_alone(plan, about["row"], book[first:], parts, outcomes),
    )
    crowd = Crowd(**_named(parts), **about, **which)
    return Place(
        crowd, living, numbers(book), crowd.path["of"], numbers(crowd.row),
        numbers(crowd.events),
    )  # fmt: skip


def _new_cohort(plan: PeoplePlan, parts: Mapping[str, Any]) -> Cohort:
    types, buckets = plan.types.size, plan.hazard.size + 2
    rows, classes = 1 + 2 * types, max(types, buckets)
    _, own = carve(
        {
            "mean": (plan.periods.size - 1,),
            **dict.fromkeys(("chance", "reach", "given"), (rows, classes)),
        }
    )
    edges = dict.fromkeys(("edge", "given_edge"), (rows, classes))
    _, words = carve({**edges, "pieces": (_SPREAD,)}, WORDS)
    exits = parts["exits"].reshape(-1, buckets)
    return Cohort(
        **{name: parts[name] for name in ("active", "ends", "split")},
        exits=exits,
        filled=np.zeros(exits.shape[0], np.int64),
        **own,
        **words,
    )


def new_draws(count: int, paths: Any) -> Draws:
    """Room for so many draws at once of the paths in `paths` [1], words."""
    _, own = carve({name: (count,) for name in ("n", "p", "found", "rest")})
    # One place more: who does not wait is written down, too, and then by the next.
    _, words = carve({name: (count + 1,) for name in ("place", "block")}, WORDS)
    return Draws(
        **own,
        keys=np.zeros(count, np.uint64),
        indices=np.zeros(count, np.uint64),
        where=np.zeros((count, 2), np.int64),
        **words,
        waiting=np.zeros(1, np.int64),
        all_n=numbers(own["n"]).reshape(-1),
        all_p=numbers(own["p"]).reshape(-1),
        all_found=numbers(own["found"]).reshape(-1),
        all_places=words["place"]["of"].reshape(-1),
        all_blocks=words["block"]["of"].reshape(-1),
        all_paths=paths["of"].reshape(-1),
    )


def _new_lots(
    plan: PeoplePlan, book: Any, parts: Mapping[str, Any], outcomes: Shapes
) -> Lots:
    periods, types, facts = plan.periods.size - 1, plan.types.size, plan.outcomes.facts.size
    duration, people = plan.hazard.size, plan.outcomes.lots.shape[1] * 2 * types
    people = people * (duration + 2) + periods * duration * types
    _, own = carve({"people": (people,), "level": (3, types * (duration + 3 + periods))})
    return Lots(
        outcomes=book,
        touched=_find_touched(plan, outcomes),
        exits=parts["exits"].reshape(periods, -1),
        part=records(PART, people),
        sums=parts["sums"],
        cells=parts["sums"].reshape(3, facts, -1),
        without=parts["without"].reshape(facts, -1),
        true=parts["true"],
        **own,
    )


def _find_touched(plan: PeoplePlan, outcomes: Shapes) -> I8:
    """Which numbers of the outcomes living them may touch: [part, 2], first and end.

    Of outcomes lived lot by lot, those of clients at whom a measure looks; all of a milestone's.
    """
    marks = np.zeros(sum(math.prod(shape) for shape in outcomes.values()), np.bool_)
    named = split(marks, outcomes)
    marks[:] = (plan.families.how != How.MERGED).any()
    for name in ("without", "person", "true"):
        named[name][...] = True
    for k, fact in enumerate(plan.outcomes.facts):
        sums, any_class = named["sums"][:, k], fact.kind == Kind.MILESTONE
        sums[:, CONTROL, 0 if any_class else fact.least_control :] = True
        sums[:, TREATED, 0 if any_class else fact.least_treated :] = True
        if fact.ratio > 0.0:
            sums[:, MATCHED, fact.least_treated :] = True
    return find_parts(marks)


def _new_alone(
    plan: PeoplePlan, row: Any, book: Any, parts: Mapping[str, Any], outcomes: Shapes
) -> Alone:
    periods, types, facts = plan.periods.size - 1, plan.types.size, plan.outcomes.facts
    buckets, dates = plan.hazard.size + 2, int(max(plan.outcomes.seen[Seen.EVALUATION])) + 1
    own = np.zeros(book.size)
    named = split(own, outcomes)
    group = Group(
        bucket=records(BUCKET, buckets),
        cell=records(GROUP, (facts.size, buckets)),
        level=np.zeros((2, facts.size, types, buckets + 2)),
        states=np.zeros((3, int(max(facts.limit)) + 1)),
        **{name: named[name] for name in ("sums", "without", "true")},
        units=np.zeros((facts.size, dates)),
        client=np.zeros(facts.size),
    )
    exits = np.zeros((periods, 2, types, buckets))
    return Alone(
        outcomes=own,
        row=np.zeros(row.size),
        enrolled=np.zeros(2 * periods),
        exits=exits,
        all_exits=exits.reshape(-1),
        person=named["person"],
        group=group,
        of_outcomes=numbers(book),
        of_row=numbers(row),
        of_enrolled=numbers(parts["enrolled"].reshape(-1)),
        of_exits=numbers(parts["exits"].reshape(-1)),
    )


def read_people(crowd: Crowd) -> People:
    """The people of the first of the paths that live side by side: views."""
    return People(**{name: of_path(getattr(crowd, name), _FIRST) for name in People._fields})


def mark_read(plan: PeoplePlan, money: MoneyPlan, outputs: OutputPlan, true_mode: bool) -> Marks:
    """Which numbers of `Place.seen` the money and the results of a deal read."""
    program, outcomes = _shapes(plan)
    shapes = program | outcomes
    marks = np.zeros(sum(math.prod(shape) for shape in shapes.values()), np.bool_)
    found = _named(split(marks, shapes))
    for name in _ALWAYS:
        found[name][...] = True
    found["totals"][...] = outputs.program == 1
    found["waiting"][...] = money.deal[0].needs_service == 1
    if (outputs.opens_at_exit[outputs.savings_outcome] == 1).any():
        found["exits"][...] = True
    for record in money.evaluation.measures:
        if record.kind == MeasureKind.PROGRAM:
            found[_BY_COUNT.get(record.counted, "enrolled")][...] = True
            if record.type >= 0:
                found[_BY_TYPE.get(record.counted, "enrolled_type")][...] = True
        elif record.kind == MeasureKind.PERSON:
            found["person"][...] = True
            for given in money.evaluation.inputs[record.inputs : record.inputs_end]:
                _mark_sums(found, given.member, TREATED, 0, true_mode)
        elif record.kind == MeasureKind.OUTCOME:
            first = record.first_class if record.arm == TREATED else record.first_control
            _mark_sums(found, record.outcome, record.arm, first, true_mode)
            if true_mode and record.statistic >= Statistic.DIFFERENCE:
                found["e0"][record.outcome, first:] = True
            if record.design == Design.RCT:
                _mark_sums(found, record.outcome, CONTROL, record.first_control, true_mode)
            elif record.design == Design.MATCHED:
                _mark_sums(found, record.outcome, MATCHED, first, true_mode)
    for name in _TRUE:
        found[name][outputs.savings_outcome] = True
    for k in np.flatnonzero(outputs.outcomes).tolist():
        for name in _TRUE:
            found[name][k] = True
        arm, least = CONTROL, outputs.least_control[k]
        if outputs.compared[k] == COMPARED_MATCHED:
            arm, least = MATCHED, outputs.least_matched[k]
        _mark_sums(found, k, TREATED, outputs.least_treated[k], False)
        _mark_sums(found, k, arm, least, False)
    return marks


def _mark_sums(found: dict[str, Marks], k: int, arm: int, least: int, true_mode: bool) -> None:
    """The sums of an outcome, an arm and its classes from the least one on are read."""
    for name in ("n", "y", "e") if true_mode else ("n", "y"):
        found[name][k, arm, least:] = True


def find_parts(read: Marks) -> I8:
    """Where the numbers that are read lie in `Place.seen`: [part, 2], first and end."""
    edges = np.diff(read, prepend=False, append=False)
    return np.flatnonzero(edges).reshape(-1, 2).astype(np.int64)
