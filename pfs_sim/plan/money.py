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
from pfs_sim.plan.evaluation import evaluation_tables
from pfs_sim.plan.lists import Links, by_grid_point, records, spans
from pfs_sim.plan.row import Row
from pfs_sim.tables import ledger as layers
from pfs_sim.tables.ledger import Books, Claims, Findings, Ledger
from pfs_sim.tables.money import DEAL, MOMENT, MoneyPlan
from pfs_sim.tables.state import Cash

_TERM = ("due", "paid", "cut", "lost", "held", "forfeited", "reduced", "carried")
_TRANCHE = ("draw", "call", "interest", "principal", "extra", "guarantee", "flow")
_BALANCE = ("balance", "accrued")
_GRID = ("unfunded", "grants", "till")
_LISTS = ("evaluations", "dues", "releases", "triggers")
_FLAGS = ("looks", "new_year", "grants")


def money_plan(
    scenario: Scenario, row: Row, seeds: Mapping[str, int], frozen: Collection[str] = ()
) -> MoneyPlan:
    """Scenario → tables of its money. `seeds` by source; a frozen payor loses what is expected."""
    clock, links = scenario.clock, Links()
    evaluation = evaluation_tables(scenario, row)
    contract = contract_tables(scenario, row, seeds, links)
    capital = capital_tables(scenario, row, links)
    evaluations = by_grid_point([(int(t), None) for t in evaluation.dates], clock.periods)
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
        moments=records(MOMENT, [_moment(*parts) for parts in moments]),
        links=np.array(links.members, np.int64),
        evaluation=evaluation,
        contract=contract,
        capital=capital,
    )


def _moment(*parts: Mapping[str, Any]) -> dict[str, Any]:
    """A grid point from what each noun has on it; it is busy where more than funding happens."""
    found = {name: value for part in parts for name, value in part.items()}
    listed = any(found[f"{name}_end"] > found[name] for name in _LISTS)
    return found | {"busy": listed or any(found[name] for name in _FLAGS)}


def new_cash(plan: MoneyPlan, ledger: bool = True) -> Cash:
    """Arrays for the money of one path, made once and lived in again and again.

    Without a ledger the balances that only it shows are left out: they have no rows.
    """
    return _name_layers(_new_ledger(plan, ledger))


def _name_layers(ledger: Ledger) -> Cash:
    findings, claims, books = ledger.findings, ledger.claims, ledger.books
    return Cash(
        value=findings.value,
        valid=findings.valid,
        missing=findings.missing,
        **{name: claims.term[getattr(layers, name.upper())] for name in _TERM},
        **{name: books.tranche[getattr(layers, name.upper())] for name in _TRANCHE},
        **{name: books.balance[getattr(layers, name.upper())] for name in _BALANCE},
        **{name: ledger.grid[getattr(layers, name.upper())] for name in _GRID},
        payor=claims.payor,
        uses=books.uses,
        guarantor=books.guarantor,
        party=books.party,
        pool=ledger.pool,
        step=books.step,
        events=np.zeros(4, np.int64),
        ledger=ledger,
    )


def _new_ledger(plan: MoneyPlan, shown: bool) -> Ledger:
    grid, pools = plan.moments.size, int(plan.deal[0].pools)
    measures, evaluations = plan.evaluation.measures.size, plan.evaluation.dates.size
    contract, capital = plan.contract, plan.capital
    terms, payors, parts = contract.terms.size, contract.payors.size, contract.parts.size
    tranches, lines = capital.tranches.size, capital.lines.size
    steps, guarantees = capital.steps.size, capital.guarantees.size
    tables = terms if (contract.terms.pays > 0).any() else 0
    late = grid if (contract.payors.late > 0).any() else 0
    book, found = _carve(
        {
            "grid": (4, grid),
            "pool": (pools if shown else 0, grid),
            "cash": (pools,),
            "value": (measures, evaluations),
            "term": (10, terms, grid),
            "table": (3, tables, grid),
            "late": (parts, late),
            "payor": (payors, grid),
            "failed": (payors, int(plan.moments[-1].year) + 1),
            "part": (parts,),
            "contract": (2,),
            "tranche": (7, tranches, grid),
            "balance": (2, tranches if shown else 0, grid),
            "uses": (lines + 2, grid),
            "guarantor": (guarantees, grid),
            "party": (len(PARTIES), grid),
            "step": (steps, grid),
            "fee": (steps,),
            "asked": (capital.orders.size,),
            "called": (guarantees,),
        },
        {
            "last": (layers.FINDING, measures),
            "claim": (layers.CLAIM, terms),
            "wallet": (layers.WALLET, payors),
            "holding": (layers.HOLDING, tranches),
            "hurdle": (layers.HURDLE, capital.recipients.size),
            "expense": (layers.EXPENSE, lines),
        },
    )
    for name in ("missing", "valid"):
        found[name] = np.zeros((measures, evaluations), np.int64)

    def filled(kind: Any) -> Any:
        return kind(**{name: found[name] for name in kind._fields})

    return Ledger(
        book=book,
        grid=found["grid"],
        pool=found["pool"],
        cash=found["cash"],
        findings=filled(Findings),
        claims=filled(Claims),
        books=filled(Books),
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
