"""Deals for the tests of the people: a program and its outcomes, lived without money."""

from __future__ import annotations

from typing import Any

import numpy as np

from pfs_sim.kernels._handing import by
from pfs_sim.kernels._jit import called, lean
from pfs_sim.kernels.random import new_rng
from pfs_sim.kernels.stages import outcomes_stage, program_stage
from pfs_sim.model.scenario import Scenario
from pfs_sim.plan.crowd import new_place, read_people
from pfs_sim.plan.people import people_plan
from pfs_sim.plan.row import SOURCES, Row
from pfs_sim.tables.state import NEVER, People

EVENT = {"kind": "event", "good": "lower", "level": 0.2}
PERIODS = 8


def deal(**sections: Any) -> dict[str, Any]:
    """A hundred people referred in each of eight quarters, all treated for two of them."""
    found: dict[str, Any] = {
        "pfs_sim": 1,
        "name": "case",
        "clock": {"start": "2020-01-01", "period": "quarter", "periods": PERIODS},
        "program": program(),
        "outcomes": {"event": EVENT},
        "evaluation": {
            "dates": {"final": PERIODS},
            "measures": {
                "units": {"outcome": "event", "statistic": "total", "design": "validated"}
            },
        },
        "contract": {
            "terms": {"pay": {"measure": "units", "schedule": {"kind": "rate", "price": 1.0}}}
        },
    }
    found |= sections
    if "assignment" in found["program"]:
        # Nobody is drawn at whom no measure looks.
        evaluation = found["evaluation"]
        looked_at = {of["outcome"] for of in evaluation["measures"].values() if "outcome" in of}
        if "evaluation" not in sections:
            looked_at = set(found["outcomes"])
        arms = {
            f"arms_{name}": {"outcome": name, "statistic": "difference", "design": "rct"}
            for name in sorted(looked_at)
        }
        found["evaluation"] = evaluation | {"measures": evaluation["measures"] | arms}
    return found


def program(**changes: Any) -> dict[str, Any]:
    """The program of a case, changed."""
    return {"referrals": {"per_period": 100.0}, "service": {"duration": 2}} | changes


def trial(**changes: Any) -> dict[str, Any]:
    """A program with as many controls as treated."""
    return program(assignment={"method": "simple", "share": 0.5}, **changes)


@lean
def live_people_alone(program, outcomes, plan, rng, crowd, living):
    tables, words, these, where = by(plan), by(rng), by(crowd), by(living)
    program(tables, words, these, where)
    outcomes(tables, words, these, where)


class Case:
    """A deal compiled once and lived path by path."""

    def __init__(
        self, frozen: Any = (), seed: int = 1, merge: Any = None, **sections: Any
    ) -> None:
        self._compile(Scenario.model_validate(deal(**sections)), merge, frozen, seed)

    @classmethod
    def of(cls, scenario: Scenario, merge: Any = None, frozen: Any = ()) -> Case:
        """The people of a scenario."""
        case = cls.__new__(cls)
        case._compile(scenario, merge, frozen, 1)
        return case

    def _compile(self, scenario: Scenario, merge: Any, frozen: Any, seed: int) -> None:
        self.scenario, self.row = scenario, Row(scenario)
        seeds = dict.fromkeys(SOURCES, seed)
        self.plan = people_plan(scenario, self.row, seeds, frozen, merge)
        self.place, self.rng = new_place(self.plan, self.row.base.size), new_rng()
        self.people = read_people(self.place.crowd)
        own = self.plan, self.rng, self.place.crowd, self.place.living
        self.stages = called(program_stage, *own), called(outcomes_stage, *own)

    def inputs(self, given: dict[str, float]) -> Any:
        """The inputs of a path: means, but for those given by dotted path."""
        row = self.row.base.copy()
        for path, value in given.items():
            row[self.row.columns[path]] = value
        return row

    def live(
        self, path: int = 0, stop: int = NEVER, expand: int = NEVER, **given: float
    ) -> People:
        """The people of a path; the same arrays each time."""
        place = self.place
        place.inputs[:] = self.inputs(given)[:, None]
        place.paths[:], place.known[:] = path, [[stop], [0], [expand], [-1]]
        live_people_alone(*self.stages, self.plan, self.rng, place.crowd, place.living)
        return self.people

    def many(self, paths: int, look: Any) -> Any:
        """What `look` makes of the people of paths 0, 1, …: an array, a row a path."""
        return np.array([np.array(look(self.live(path)), dtype=float) for path in range(paths)])


def expected(**sections: Any) -> People:
    """The people of a case at their expectations."""
    return Case(frozen=SOURCES, **sections).live()


def arrays(people: People) -> dict[str, Any]:
    """A copy of everything that other rooms read."""
    return {name: np.array(getattr(people, name)) for name in People._fields}


def same(a: dict[str, Any], b: dict[str, Any]) -> bool:
    """Whether two copies are equal to the bit."""
    return all(np.array_equal(a[name], b[name]) for name in a)
