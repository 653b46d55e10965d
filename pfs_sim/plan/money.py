"""The money of a scenario, compiled: evaluation, contract and capital; and room to live it in."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import numpy as np

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
from pfs_sim.tables.state import Cash, Missing
from pfs_sim.tables.wide import carve, of_path

_TERM = ("due", "paid", "cut", "lost", "held", "forfeited", "reduced", "carried")
_TRANCHE = ("draw", "call", "interest", "principal", "extra", "guarantee", "flow")
_BALANCE = ("balance", "accrued")
_GRID = ("unfunded", "grants", "till")
_LISTS = ("evaluations", "dues", "releases", "triggers")
FIRST = 0
"""Lane of a path that lives alone."""
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


def new_ledger(plan: MoneyPlan, shown: bool = True) -> Ledger:
    """Arrays for the money of paths side by side, made once and lived in again and again.

    Without a ledger to be `shown` what only it shows is left out: no rows.
    """
    grid, pools = plan.moments.size, int(plan.deal[0].pools)
    measures, evaluations = plan.evaluation.measures.size, plan.evaluation.dates.size
    contract, capital = plan.contract, plan.capital
    terms, payors, parts = contract.terms.size, contract.payors.size, contract.parts.size
    tranches, lines = capital.tranches.size, capital.lines.size
    steps, guarantees = capital.steps.size, capital.guarantees.size
    recipients = capital.recipients.size
    tables = terms if (contract.terms.pays > 0).any() else 0
    late = grid if (contract.payors.late > 0).any() else 0
    carries = (
        plan.deal[0].year_carry
        or (contract.terms.year_carry > 0).any()
        or (contract.payors.year_carry > 0).any()
    )
    years = int(plan.moments[-1].year) + 1 if (contract.payors.probability >= 0).any() else 0
    book, own = carve(
        {
            "cash": (pools,),
            "value": (measures, evaluations),
            "last": (7, measures),
            "table": (3, tables, grid),
            "late": (parts, late),
            "carried": (parts, grid if carries else 0),
            "claim": (4, terms),
            "wallet": (2, payors),
            "failed": (payors, years),
            "part": (parts,),
            "contract": (2,),
            "holding": (6, tranches),
            "hurdle": (recipients,),
            "fee": (steps,),
            "asked": (capital.orders.size,),
            "called": (guarantees,),
        }
    )
    _, others = carve(
        {
            "events": (4,),
            "missing": (measures, evaluations),
            "expense": (3, lines),
            "pool": (pools if shown else 0, grid),
            "balance": (2, tranches if shown else 0, grid),
            "uses": (lines + 2, grid),
            "grid": (len(_GRID) if shown else layers.GRANTS, grid),
            "tranche": (len(_TRANCHE) if shown else layers.INTEREST, tranches, grid),
            "guarantor": (guarantees, grid),
            "party": (len(PARTIES), grid),
            "step": (steps if shown else 0, grid),
            "term": (grid, layers.CARRIED + 1 if shown else layers.HELD, terms),
            "payor": (grid, payors),
        }
    )
    counted = {
        "to": measures, "coming": grid, "moved": grid, "since": recipients, "settled": grid
    }
    found = own | others | {n: np.zeros(size, np.int64) for n, size in counted.items()}

    def filled(kind: Any) -> Any:
        return kind(**{name: found[name] for name in kind._fields})

    return Ledger(
        book=book,
        **{name: found[name] for name in ("grid", "pool", "cash", "events")},
        findings=filled(Findings),
        claims=filled(Claims),
        books=filled(Books),
    )


def read_cash(ledger: Ledger) -> Cash:
    """The money of the first of the paths that live in a ledger: views, but for what is counted.

    The ledger is one to be shown.
    """
    findings, claims, books = ledger.findings, ledger.claims, ledger.books
    term, tranche = of_path(claims.term, FIRST), of_path(books.tranche, FIRST)
    balance, grid = of_path(books.balance, FIRST), of_path(ledger.grid, FIRST)
    missing = of_path(findings.missing, FIRST).astype(np.int64)
    wide = ("uses", "guarantor", "party", "step")
    return Cash(
        value=of_path(findings.value, FIRST),
        valid=(missing == Missing.NONE).astype(np.int64),
        missing=missing,
        **{name: term[:, getattr(layers, name.upper())].T for name in _TERM},
        **{name: tranche[getattr(layers, name.upper())] for name in _TRANCHE},
        **{name: balance[getattr(layers, name.upper())] for name in _BALANCE},
        **{name: grid[getattr(layers, name.upper())] for name in _GRID},
        **{name: of_path(getattr(books, name), FIRST) for name in wide},
        payor=of_path(claims.payor, FIRST).T,
        pool=of_path(ledger.pool, FIRST),
        events=of_path(ledger.events, FIRST).astype(np.int64),
    )
