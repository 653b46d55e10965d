"""Deals for the tests of the money: people written by hand, nothing sampled.

Ten years from 1 January 2020, one grid point a year, so a row of results reads like a table of
years. `Case` compiles a scenario, lets a test say who was measured, and lives one path.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from pfs_sim.kernels._handing import by
from pfs_sim.kernels._jit import called, lean
from pfs_sim.kernels.stages import money_stage
from pfs_sim.model.scenario import Scenario
from pfs_sim.plan.crowd import new_place, read_people
from pfs_sim.plan.money import money_plan, new_ledger, read_cash
from pfs_sim.plan.people import people_plan
from pfs_sim.plan.row import SOURCES, Row
from pfs_sim.tables.state import COMPLETED, NEVER, TREATED, Cash

YEARS = 10
NOTHING = np.zeros((0, 0))


def scenario(**sections: Any) -> dict[str, Any]:
    """A deal that pays 1 a unit of an event, evaluated after four years, changed by sections."""
    deal: dict[str, Any] = {
        "pfs_sim": 1,
        "name": "case",
        "clock": {"start": "2020-01-01", "period": "year", "periods": YEARS},
        "program": {"referrals": {"per_period": 100.0}, "service": {"duration": 2}},
        "outcomes": {"event": {"kind": "event", "good": "lower", "level": 0.2}},
        "evaluation": {
            "dates": {"final": 4},
            "measures": {
                "units": {"outcome": "event", "statistic": "total", "design": "validated"}
            },
        },
        "contract": {
            "terms": {"pay": {"measure": "units", "schedule": {"kind": "rate", "price": 1.0}}}
        },
    }
    for name, section in sections.items():
        if name in ("program", "evaluation", "contract", "clock"):
            deal[name] = deal[name] | section
        else:
            deal[name] = section
    return deal


@lean
def live_money_alone(stage, plan, crowd, true_mode, given, ledger):
    stage(by(plan), by(crowd), true_mode, given, by(ledger))


class Case:
    """A compiled deal and the people of one path."""

    def __init__(
        self,
        deal: dict[str, Any] | None = None,
        *,
        seed: int = 1,
        frozen: tuple[str, ...] = (),
        **sections: Any,
    ) -> None:
        self.scenario = Scenario.model_validate(deal or scenario(**sections))
        self.row = Row(self.scenario)
        seeds = dict.fromkeys(SOURCES, seed)
        self.plan = money_plan(self.scenario, self.row, seeds, frozen=frozen)
        self.ledger = new_ledger(self.plan)
        self.cash = read_cash(self.ledger)
        self.inputs = self.row.base.copy()
        people = people_plan(self.scenario, self.row, seeds)
        self.place = new_place(people, self.inputs.size)
        self.people = read_people(self.place.crowd)
        self.stage = called(
            money_stage, self.plan, self.place.crowd, 0, NOTHING, self.ledger
        )

    def put(self, path: str, value: float) -> Case:
        """The value of an uncertain input on this path."""
        self.inputs[self.row.column(path)] = value
        return self

    def measured(
        self,
        outcome: str,
        clients: float,
        units: float,
        *,
        arm: int = TREATED,
        cls: int = COMPLETED,
        v: int = 0,
        expected: float | None = None,
        without: float = 0.0,
    ) -> Case:
        """So many clients of an arm and class were measured at evaluation `v`, with these units."""
        k = list(self.scenario.outcomes).index(outcome)
        self.people.n[k, arm, cls, v] += clients
        self.people.y[k, arm, cls, v] += units
        self.people.e[k, arm, cls, v] += units if expected is None else expected
        if arm == TREATED:
            self.people.e0[k, cls, v] += without
        return self

    def live(
        self,
        given: dict[str, float | list[float]] | None = None,
        *,
        path: int = 0,
        true_mode: int = 0,
        stop: int = NEVER,
        cause: int = 0,
        expansion: int = NEVER,
        trigger: int = -1,
    ) -> Cash:
        """Live the money; `given` measures by name, for each evaluation or for all."""
        measures = list(self.scenario.evaluation.measures)
        values = NOTHING
        if given is not None:
            values = np.full(self.cash.value.shape, np.nan)
            for name, value in given.items():
                values[measures.index(name)] = value
        crowd = self.place.crowd
        self.place.seen[:] = self.place.seen[:, :1]
        self.place.paths[:] = path
        self.place.inputs[:] = self.inputs[:, None]
        self.place.known[:] = np.array([[stop], [cause], [expansion], [trigger]])
        live_money_alone(self.stage, self.plan, crowd, true_mode, values, self.ledger)
        self.cash = read_cash(self.ledger)
        return self.cash

    def value(self, name: str, e: int = 0) -> float:
        """A measure at an evaluation; NaN where there is none."""
        m = list(self.scenario.evaluation.measures).index(name)
        return float(self.cash.value[m, e]) if self.cash.valid[m, e] else float("nan")

    def missing(self, name: str, e: int = 0) -> int:
        """Why there is none."""
        return int(self.cash.missing[list(self.scenario.evaluation.measures).index(name), e])

    def of(self, name: str, kind: str) -> int:
        """Row of a term, tranche, payor, line, step or guarantee."""
        parts = {
            "term": self.scenario.contract.terms,
            "payor": self.scenario.contract.payors,
            "line": self.scenario.capital.costs,
            "tranche": self.scenario.capital.tranches,
            "step": self.scenario.capital.waterfall,
            "guarantee": self.scenario.capital.guarantees,
        }
        return list(parts[kind]).index(name)

    def paid(self, term: str = "pay") -> list[float]:
        """Payments of a term by year."""
        return self.cash.paid[self.of(term, "term")].tolist()

    def flow(self, tranche: str) -> list[float]:
        """Cash of a tranche's holder by year."""
        return self.cash.flow[self.of(tranche, "tranche")].tolist()


def years(amounts: dict[int, float], count: int = YEARS + 1) -> list[float]:
    """A row with amounts in some years."""
    row = [0.0] * count
    for t, amount in amounts.items():
        row[t] = amount
    return row


def imbalance(cash: Cash) -> np.ndarray:
    """What appears or vanishes at each grid point: zero, if cash is conserved."""
    held = cash.till + cash.pool.sum(0)
    change = np.diff(held, prepend=0.0)
    comes = cash.draw.sum(0) + cash.call.sum(0) + cash.paid.sum(0) + cash.grants
    comes = comes + cash.guarantor.sum(0)
    goes = cash.uses[:-1].sum(0) + cash.party.sum(0)
    for kind in (cash.interest, cash.principal, cash.extra, cash.guarantee):
        goes = goes + kind.sum(0)
    return comes - goes - change
