"""The money of a scenario, compiled: evaluation, contract and capital; and room to live it in."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from pfs_sim.model.scenario import Scenario
from pfs_sim.plan.capital import (
    PARTIES,
    capital_facts,
    capital_moments,
    capital_tables,
)
from pfs_sim.plan.contract import contract_facts, contract_moments, contract_tables
from pfs_sim.plan.evaluation import measure_tables
from pfs_sim.plan.lists import Links, by_grid_point, records, spans
from pfs_sim.plan.row import Row
from pfs_sim.tables import ledger as layers
from pfs_sim.tables.ledger import Ledger
from pfs_sim.tables.money import DEAL, MOMENT, MoneyPlan
from pfs_sim.tables.state import Cash

_TERM = ("due", "paid", "cut", "lost", "held", "forfeited", "reduced", "carried")
_TRANCHE = ("draw", "call", "interest", "principal", "extra", "guarantee", "flow", "balance")
_GRID = ("unfunded", "grants", "till")


def money_plan(
    scenario: Scenario, row: Row, seeds: Mapping[str, int], frozen: Collection[str] = ()
) -> MoneyPlan:
    """Scenario → tables of its money. `seeds` by source; a frozen payor loses what is expected."""
    clock, links = scenario.clock, Links()
    tables = (
        measure_tables(scenario, row)
        | contract_tables(scenario, row, seeds, links)
        | capital_tables(scenario, row, links)
    )
    evaluations = by_grid_point([(int(t), None) for t in tables["dates"]], clock.periods)
    moments = zip(
        spans("evaluations", evaluations),
        contract_moments(scenario, links),
        capital_moments(scenario, row),
        strict=True,
    )
    facts = (
        {"periods": clock.periods, "years": clock.years}
        | contract_facts(scenario, links, "payor" in frozen)
        | capital_facts(scenario, row, links)
    )
    return MoneyPlan(
        deal=records(DEAL, [facts]),
        moments=records(MOMENT, [first | then | last for first, then, last in moments]),
        links=np.array(links.members, np.int64),
        **tables,
    )


def new_cash(plan: MoneyPlan) -> Cash:
    """Arrays for the money of one path, made once and lived in again and again."""
    grid = plan.moments.size
    measures, evaluations = plan.measures.size, plan.dates.size
    terms, tranches = plan.terms.size, plan.tranches.size
    tables = terms if (plan.terms.pays > 0).any() else 0
    late = grid if (plan.payors.late > 0).any() else 0
    book, amounts = _carve(
        {
            "term": (10, terms, grid),
            "table": (3, tables, grid),
            "late": (plan.parts.size, late),
            "tranche": (9, tranches, grid),
            "grid": (4, grid),
            "payor": (plan.payors.size, grid),
            "uses": (plan.lines.size + 2, grid),
            "guarantor": (plan.guarantees.size, grid),
            "party": (len(PARTIES), grid),
            "pool": (int(plan.deal[0].pools), grid),
            "step": (plan.steps.size, grid),
            "value": (measures, evaluations),
            "failed": (plan.payors.size, int(plan.moments[-1].year) + 1),
            "part": (plan.parts.size,),
            "contract": (2,),
            "fee": (plan.steps.size,),
            "cash": (int(plan.deal[0].pools),),
            "called": (plan.guarantees.size,),
        },
        {
            "claim": (layers.CLAIM, terms),
            "wallet": (layers.WALLET, plan.payors.size),
            "holding": (layers.HOLDING, tranches),
            "hurdle": (layers.HURDLE, plan.recipients.size),
            "expense": (layers.EXPENSE, plan.lines.size),
            "finding": (layers.FINDING, measures),
        },
    )
    marks: dict[str, Any] = {
        name: np.zeros((measures, evaluations), np.int64) for name in ("valid", "missing")
    }
    ledger = Ledger(book=book, **amounts, **marks)
    return Cash(
        value=ledger.value,
        **marks,
        **{name: ledger.term[getattr(layers, name.upper())] for name in _TERM},
        **{name: ledger.tranche[getattr(layers, name.upper())] for name in _TRANCHE},
        **{name: ledger.grid[getattr(layers, name.upper())] for name in _GRID},
        accrued=ledger.tranche[layers.ACCRUED],
        payor=ledger.payor,
        uses=ledger.uses,
        guarantor=ledger.guarantor,
        party=ledger.party,
        pool=ledger.pool,
        step=ledger.step,
        events=np.zeros(4, np.int64),
        ledger=ledger,
    )


def _carve(
    arrays: Mapping[str, tuple[int, ...]],
    tables: Mapping[str, tuple[np.dtype[Any], int]],
) -> tuple[npt.NDArray[np.float64], dict[str, Any]]:
    """One piece of memory, wiped at once, and the arrays and tables that lie in it."""
    sizes = [int(np.prod(shape)) for shape in arrays.values()]
    sizes += [len(kind.names or ()) * rows for kind, rows in tables.values()]
    book, found = np.zeros(sum(sizes)), {}
    ends = np.cumsum(sizes)
    pieces = dict(zip([*arrays, *tables], np.split(book, ends[:-1]), strict=True))
    for name, shape in arrays.items():
        found[name] = pieces[name].reshape(shape)
    for name, (kind, _) in tables.items():
        found[name] = pieces[name].view(kind).view(np.recarray)
    return book, found
