"""What a contract pays for what was measured, and what each investor gets of it (model §7 to §9).

The deal is lived once at its base case, by the same kernels as a run, with measured values in
place of simulated ones; appropriations are made in full and in time.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from pfs_sim.analysis.lived import Lived, live_one
from pfs_sim.analysis.measured import Measured, find_doubts, find_given
from pfs_sim.analysis.trace import MISSING, list_events
from pfs_sim.model.contract import Contract
from pfs_sim.model.evaluation import OutcomeMeasure, PersonMeasure, ProgramMeasure
from pfs_sim.model.scenario import Scenario
from pfs_sim.plan.row import SOURCES
from pfs_sim.simulate import Deal, scenario_of
from pfs_sim.statuses import IrrStatus

F8 = npt.NDArray[np.float64]
Document = dict[str, Any]
NOTE = (
    "Exact arithmetic on what was measured: no simulation, no error. Measures that were given "
    "count as they are (tests and minimum samples taken as passed); the others, people and costs "
    "are those of the base case. Appropriations are made in full and in time."
)
ONE_VALUE = (
    " A value given once holds for every evaluation, so what it pays falls due at the first of "
    "them: give values by evaluation where dates and returns matter."
)


def settle(deal: Deal, measured: Measured) -> Document:
    """What is due, paid and received for what was measured, as plain data.

    `measured` maps a measure, an outcome or `program.<count>` to a value, or to values by
    evaluation. `payments.total`, `payments.terms.<name>`, `payments.by_date.<date>`,
    `tranches.<name>.{paid, moic, irr, principal_loss, drawn}` and `guarantor.paid` hold the
    answer; the rest says how it came about. InputError: see `find_given`.
    """
    scenario = scenario_of(deal)
    given = find_given(scenario, measured)
    document = write_settlement(live_settled(scenario, given), given)
    if _is_the_same_all_along(scenario, given):
        document["note"] += ONE_VALUE
    document["doubts"] = find_doubts(scenario, given)
    return document


def _is_the_same_all_along(scenario: Scenario, given: F8) -> bool:
    """Whether a measure that pays at several evaluations was given one value for all of them."""
    measures = list(scenario.evaluation.measures)
    for term in scenario.contract.terms.values():
        several = len(term.at) > 1 if term.at is not None else given.shape[1] > 1
        if term.measure is not None and several:
            row = given[measures.index(term.measure)]
            if row[0] != 0.0 and bool(np.all(row == row[0])):
                return True
    return False


def live_settled(scenario: Scenario, given: F8) -> Lived:
    """The base case with measured values given[measure, evaluation] (NaN: not given)."""
    certain = {
        f"contract.payors.{name}.default.probability": 0.0
        for name, payor in scenario.contract.payors.items()
        if payor.default is not None
    }
    return live_one(scenario, frozen=SOURCES, given=given, fixed=certain)


def write_settlement(lived: Lived, given: F8) -> Document:
    """A lived settlement as plain data."""
    scenario = lived.scenario
    return {
        "schema": 1,
        "kind": "settlement",
        "note": NOTE,
        "scenario": scenario.name,
        "currency": scenario.currency,
        "measures": list_measured(lived, given),
        "payments": list_payments(lived),
        "due": list_dues(lived),
        "terms": list_terms(lived),
        "caps": list_caps(lived, given),
        "tranches": list_tranches(lived),
        "guarantor": list_guarantors(lived),
        "parties": {
            name: _money(lived.cash.party[row].sum())
            for row, name in enumerate(("payor", "provider", "intermediary"))
        },
        "events": list_events(lived),
    }


def _money(amount: float) -> float:
    """An amount without the noise of the last bits, far below a cent."""
    return round(float(amount), 6) + 0.0


def _number(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None


def list_measured(lived: Lived, given: F8) -> list[Document]:
    """Every measure at every evaluation: its value, and whether it was given, planned, computed."""
    scenario, cash = lived.scenario, lived.cash
    found = []
    for e, (held, when) in enumerate(scenario.evaluation.dates.items()):
        date = scenario.clock.date(scenario.clock.grid(when)).isoformat()
        for m, (name, measure) in enumerate(scenario.evaluation.measures.items()):
            exists = bool(cash.valid[m, e])
            found.append(
                {
                    "evaluation": held,
                    "date": date,
                    "measure": name,
                    "value": float(cash.value[m, e]) if exists else None,
                    "origin": _say_origin(measure, given[m, e]),
                    "why": None if exists else MISSING.get(int(cash.missing[m, e]), "unknown"),
                }
            )
    return found


def _say_origin(measure: object, given: float) -> str:
    """Whether a value was given, comes from other measures, or is the base case's."""
    if not math.isnan(given):
        return "given"
    base = isinstance(measure, OutcomeMeasure | ProgramMeasure | PersonMeasure)
    return "planned" if base else "computed"


def list_payments(lived: Lived) -> Document:
    """What arrives: in all, by term, by date and by payor."""
    scenario, cash = lived.scenario, lived.cash
    by_date = cash.paid.sum(axis=0)
    names, payors = list(scenario.contract.terms), list(scenario.contract.payors)
    return {
        "total": _money(cash.paid.sum()),
        "terms": {name: _money(cash.paid[j].sum()) for j, name in enumerate(names)},
        "by_date": {
            scenario.clock.date(t).isoformat(): _money(by_date[t]) for t in _busy_grid(lived)
        },
        "payors": {name: _money(cash.payor[q].sum()) for q, name in enumerate(payors)},
    }


def _busy_grid(lived: Lived) -> list[int]:
    """Grid points on which something falls due or can arrive."""
    scenario, cash = lived.scenario, lived.cash
    clock = scenario.clock
    moved = np.any(cash.due != 0.0, axis=0) | np.any(cash.paid != 0.0, axis=0)
    busy = {int(t) for t in np.flatnonzero(moved)}
    for when in scenario.evaluation.dates.values():
        for term in scenario.contract.terms.values():
            busy.add(clock.grid(when) + clock.span(term.lag))
    return sorted(t for t in busy if t <= clock.periods)


_PARTS = ("due", "held", "forfeited", "reduced", "lost", "carried", "cut", "paid")


def list_dues(lived: Lived) -> list[Document]:
    """What happens by date and term: claimed at its evaluation, paid on arrival."""
    scenario, cash = lived.scenario, lived.cash
    found = []
    for t in range(scenario.clock.periods + 1):
        for j, name in enumerate(scenario.contract.terms):
            parts = {part: _money(getattr(cash, part)[j, t]) for part in _PARTS}
            if any(parts.values()):
                date = scenario.clock.date(t).isoformat()
                found.append({"date": date, "term": name, **parts})
    return found


def list_terms(lived: Lived) -> Document:
    """What became of each term's claims: held back, cut by caps on arrival, lost, paid."""
    return {
        name: {part: _money(getattr(lived.cash, part)[j].sum()) for part in _PARTS}
        for j, name in enumerate(lived.scenario.contract.terms)
    }


def list_caps(lived: Lived, given: F8) -> Document:
    """What the caps took: each alone, and all together.

    A cap is taken out and the deal lived again; the difference is what it took (`cut`) or moved
    to a later date (`delayed`). Where two caps bind at once neither alone takes anything, so what
    all together take is said too.
    """
    scenario, paid = lived.scenario, lived.cash.paid.sum(axis=0)
    found, bare = {}, scenario.contract
    for place, amount, without in list_lifted(scenario.contract):
        found[place] = {"cap": amount, **_taken(scenario, without, given, paid)}
    for _ in range(len(found)):
        bare = next(list_lifted(bare))[2]
    together = _taken(scenario, bare, given, paid) if found else {"cut": 0.0, "delayed": 0.0}
    return {"together": together, "each": found}


def _taken(scenario: Scenario, contract: Contract, given: F8, paid: F8) -> dict[str, float]:
    """What payments[t] would have been more, and what would have come earlier, by a contract."""
    other = live_settled(scenario.model_copy(update={"contract": contract}), given)
    more = other.cash.paid.sum(axis=0) - paid
    cut = float(more.sum())
    return {"cut": _money(cut), "delayed": _money((np.abs(more).sum() - abs(cut)) / 2.0)}


def list_lifted(contract: Contract) -> Iterator[tuple[str, float, Contract]]:
    """Every cap: its dotted path, its amount, the contract without it."""
    for key in ("cap", "fiscal_year_cap"):
        for group in ("terms", "payors"):
            members = getattr(contract, group)
            for name, member in members.items():
                cap = getattr(member, key)
                if cap is not None:
                    free = {**members, name: member.model_copy(update={key: None})}
                    other = contract.model_copy(update={group: free})
                    yield f"contract.{group}.{name}.{key}", _amount(cap), other
        cap = getattr(contract, key)
        if cap is not None:
            yield f"contract.{key}", _amount(cap), contract.model_copy(update={key: None})


def _amount(cap: Any) -> float:
    found: float = cap.amount.value if hasattr(cap, "amount") else cap.value
    return found


def list_tranches(lived: Lived) -> Document:
    """Every tranche: drawn, received by kind, MOIC, IRR and its kind, loss of principal."""
    cash, values = lived.cash, lived.values
    found = {}
    for i, name in enumerate(lived.scenario.capital.tranches):
        column = f"tranche.{name}"
        received = {
            "interest": _money(cash.interest[i].sum()),
            "principal": _money(cash.principal[i].sum()),
            "other": _money(cash.extra[i].sum()),
            "guarantee": _money(cash.guarantee[i].sum()),
        }
        found[name] = {
            "drawn": _money(cash.draw[i].sum()),
            "called": _money(cash.call[i].sum()),
            **received,
            "paid": _money(sum(received.values())),
            "moic": _number(values[f"{column}.moic"]),
            "irr": _number(values[f"{column}.irr"]),
            "irr_status": IrrStatus(int(values[f"{column}.irr_status"])).name.lower(),
            "principal_loss": _money(values[f"{column}.principal_loss"]),
        }
    return found


def list_guarantors(lived: Lived) -> Document:
    """What guarantors pay, in all and each."""
    cash = lived.cash
    each = {
        name: _money(cash.guarantor[g].sum())
        for g, name in enumerate(lived.scenario.capital.guarantees)
    }
    return {"paid": _money(sum(each.values())), "each": each}
