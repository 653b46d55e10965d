"""Decks that no simulation made: the Connecticut deal, with results as they would look."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path

import numpy as np

from pfs_sim.metrics.deal import summarize
from pfs_sim.plan.outputs import columns, fiscal_years
from pfs_sim.plan.row import Row
from pfs_sim.reading import load, resolve
from pfs_sim.report.html import Deck
from pfs_sim.report.html.deck import choose_paths
from pfs_sim.results import FAN, Results
from pfs_sim.statuses import IrrStatus

SCENARIOS = Path(__file__).resolve().parents[1] / "scenarios"
CONNECTICUT = SCENARIOS / "ct_family_stability.yaml"
RISK = {
    "payor.payments": {
        "effect": (0.52, 0.48, 0.56), "chance": (0.24, 0.2, 0.28), "enrollment": (0.12, 0.09, 0.15),
        "baseline": (0.05, 0.02, 0.08), "attrition": (0.04, 0.01, 0.07),
        "payor": (0.0, -0.02, 0.02),
    },
    "investors.principal_loss": {
        "effect": (0.44, 0.4, 0.48), "chance": (0.3, 0.25, 0.34), "enrollment": (0.1, 0.06, 0.14),
        "cost": (0.02, -0.01, 0.05),
    },
    "tranche.senior.principal_loss": {"effect": (0.39, 0.3, 0.47), "chance": (0.2, 0.1, 0.3)},
}
INTEGRITY = {
    "false_payment": {"value": 0.31, "low": 0.30, "high": 0.32},
    "missed_success": {"value": 0.08, "low": 0.07, "high": 0.09},
    "price_of_noise": {"value": 412_000.0, "low": 371_000.0, "high": 453_000.0},
    "cliffs": [{"term": "placement", "at": 5, "measure": "placements_averted",
                "jump": 185_000.0, "reach": 12_400.0}],
}


def draw_effects(scenario, random, paths):
    """What every path drew, by dotted path (no copula: it is not needed here)."""
    row = Row(scenario)
    return {
        row.paths[i]: row.quantities[i].ppf(random.uniform(1e-9, 1 - 1e-9, paths))
        for i in row.uncertain
    }


def make_up_connecticut(paths=10_000, seed=1, source=CONNECTICUT, sets=()) -> Deck:
    """A skewed deal: nothing on some paths, the cap on others, and losses by seniority."""
    loaded = load(source, sets)
    scenario = loaded.scenario
    random = np.random.default_rng(seed)
    inputs = draw_effects(scenario, random, paths)
    effect = inputs.get("outcomes.placement.effect", np.zeros(paths))
    second = inputs.get("outcomes.re_referral.effect", np.zeros(paths))
    volume = inputs.get("program.referrals.multiplier", np.ones(paths))
    enrolled = np.minimum(np.round(430 * volume + random.normal(0, 12, paths)), 500)
    averted = enrolled * 0.19 * -effect * 0.55 + random.normal(0, 13, paths)
    fewer = enrolled * 0.22 * -second * 0.55 + random.normal(0, 15, paths)
    by_term = {
        "enrollment": np.minimum(3000 * enrolled, 1.5e6),
        "screens": np.minimum(3400 * enrolled * random.normal(1.25, 0.12, paths), 2.5e6),
        "placement": np.clip((averted - 5) * 185_000, 0, 7.8e6),
        "re_referral": np.clip(fewer * 75_000, 0, 3e6),
    }
    nobody = random.random(paths) < 0.012
    terms = {n: np.where(nobody, 0.0, by_term.get(n, 1e5 + 0 * enrolled))
             for n in scenario.contract.terms}
    cap = scenario.contract.cap.value if scenario.contract.cap else 1e12
    paid = np.minimum(sum(terms.values()), cap)
    values = {"payor.payments": paid, "payor.payments_pv": 0.87 * paid,
              "payor.claimed": paid * 1.03, "payor.cut": 0.03 * paid}
    values |= {f"payor.payments.{n}": v for n, v in terms.items()}
    years = fiscal_years(scenario)
    for k, share in ((-4, 0.18), (-3, 0.3), (-1, 0.52)):
        if len(years) >= -k:
            values[f"payor.payments.fy{years[k]}"] = share * paid
    for n in scenario.contract.payors:
        values[f"payor.{n}.payments"] = paid
    values["payor.savings"] = averted * 84_000
    values["payor.savings_cashable"] = averted * 42_000
    values["payor.net_benefit"] = values["payor.savings"] - paid
    values["payor.net_benefit_pv"] = 0.9 * values["payor.net_benefit"]
    values |= {"program.referred": 2 * enrolled, "program.eligible": 1.1 * enrolled,
               "program.enrolled": enrolled, "program.control": enrolled,
               "program.completed": np.round(0.4 * enrolled),
               "program.left": np.round(0.6 * enrolled),
               "program.cost": 10.4e6 + 1500 * (enrolled - 430),
               "provider.received": 9.6e6 + 0 * paid}
    left, drawn = paid.copy(), 0.0
    for name, tranche in scenario.capital.tranches.items():
        size = tranche.commitment.value * 0.93
        back = np.minimum(left, size * (1 + 5 * tranche.coupon.value))
        left = left - back
        drawn = drawn + size
        values |= holder(f"tranche.{name}", size, back, paths)
    if scenario.capital.tranches:
        values |= holder("investors", drawn, paid - left, paths)
    listed = columns(scenario)
    found = np.zeros((len(listed), paths))
    for place, column in enumerate(listed):
        if column.name in values:
            found[place] = values[column.name]
        elif column.name.startswith("outcome."):
            found[place] = random.normal(0.04, 0.03, paths)
    grid = scenario.clock.periods + 1
    shown = min(paths, 5000)
    fan = np.zeros((shown, len(FAN), grid))
    fan[:, 0, :] = spread_cash(paid[:shown], grid, ((0.45, 0.18), (0.7, 0.3), (0.96, 0.52)))
    if scenario.capital.tranches:
        costs = np.zeros(grid)
        costs[: max(int(grid * 0.7), 1)] = drawn / max(int(grid * 0.7), 1)
        fan[:, 1, :] = 0.99 * fan[:, 0, :] - costs
    fan[:, 3, : max(grid // 2, 1)] = enrolled[:shown, None] / max(grid // 2, 1)
    provenance = {
        "seed": seed, "paths": paths, "scenario": scenario.name,
        "scenario_hash": "3f9a" * 16, "own_seeds_by_source": {}, "frozen": [], "true_mode": False,
        "versions": {"pfs_sim": "0.1.0", "python": "3.11", "numpy": "2.4"},
    }
    results = Results(tuple(listed), found, fan, resolve(loaded), provenance)
    file = Path(source).name if isinstance(source, str | Path) else "deal.yaml"
    deck = Deck(
        results, summarize(results), f"pfs-sim run {file} --paths {paths} --seed {seed}", file,
        (), loaded.warnings, inputs,
    )
    ledgers = {p: make_up_ledger(scenario, results, p) for p in choose_paths(results).values()}
    return replace(deck, ledgers=ledgers)


def spread_cash(paid, grid, parts):
    found = np.zeros((paid.size, grid))
    for place, share in parts:
        found[:, min(int(place * grid), grid - 1)] += share * paid
    return found


def holder(name, size, back, paths):
    size = size + np.zeros(paths)
    lost = np.maximum(size - back, 0.0)
    ratio = np.divide(back, size, out=np.full(paths, np.nan), where=size > 0)
    rate = np.where(ratio > 0, np.maximum(ratio, 1e-12) ** 0.2 - 1, -1.0)
    rate = np.where(size > 0, rate, np.nan)
    status = np.where(ratio > 0, IrrStatus.UNIQUE, IrrStatus.TOTAL_LOSS)
    return {
        f"{name}.drawn": size, f"{name}.returned": back, f"{name}.irr": rate,
        f"{name}.irr_status": np.where(size > 0, status, IrrStatus.NOTHING_INVESTED),
        f"{name}.moic": ratio, f"{name}.principal_loss": lost, f"{name}.loss_share": lost / size
        if np.all(size > 0) else np.full(paths, np.nan),
        f"{name}.npv": 0.8 * back - 0.95 * size, f"{name}.wal": np.full(paths, 4.1),
    }


def make_up_ledger(scenario, results, path):
    """A ledger of the shape that `trace` gives, from the course that the path has."""
    grid = scenario.clock.periods + 1
    path_in_fan = min(path, len(results.fan) - 1)
    paid = results["payor.payments"][path]
    course = spread_cash(np.array([paid]), grid, ((0.45, 0.18), (0.7, 0.3), (0.96, 0.52)))[0]
    terms = list(scenario.contract.terms)
    total = sum(results[f"payor.payments.{n}"][path] for n in terms) or 1.0
    tranches = {}
    for name in scenario.capital.tranches:
        size = results[f"tranche.{name}.drawn"][path]
        back = results[f"tranche.{name}.returned"][path]
        draw = np.zeros(grid)
        draw[: max(grid // 2, 1)] = size / max(grid // 2, 1)
        principal = course / (paid or 1.0) * back
        zero = np.zeros(grid).tolist()
        tranches[name] = {"draw": draw.tolist(), "interest": zero, "principal": principal.tolist(),
                          "extra": zero, "guarantee": zero, "flow": (principal - draw).tolist()}
    people = np.zeros(grid)
    people[: max(grid // 2, 1)] = np.round(results["program.enrolled"][path] / max(grid // 2, 1))
    measures = []
    for held, when in scenario.evaluation.dates.items():
        day = scenario.clock.date(scenario.clock.grid(when)).isoformat()
        for m, name in enumerate(scenario.evaluation.measures):
            value = None if m == 1 and held == "interim_1" else 12.345678 * (m + 1)
            measures.append({"evaluation": held, "date": day, "measure": name, "value": value,
                             "why": "no data" if value is None else None})
    del path_in_fan
    return {
        "dates": [scenario.clock.date(t).isoformat() for t in range(grid)],
        "people": {"enrolled": people.tolist(), "completed": np.round(0.4 * people).tolist(),
                   "left": np.round(0.5 * people).tolist(), "turned_away": (0 * people).tolist()},
        "payments": {
            n: {"paid": (course * results[f"payor.payments.{n}"][path] / total).tolist()}
            for n in terms
        },
        "tranches": tranches, "measures": measures,
        "events": [{"event": "service stops", "date": scenario.clock.date(grid // 2).isoformat(),
                    "why": "funds ran out"}] if math.isclose(paid, 0.0) else [],
    }


def change(deck, fan=None, **columns):
    """A deck with some columns of its results replaced (`__` for a dot), all else as it was."""
    values = deck.results.values.copy()
    for name, value in columns.items():
        values[deck.results.names.index(name.replace("__", "."))] = value
    old = deck.results
    results = Results(
        old.columns, values, old.fan if fan is None else fan, old.resolved, old.provenance
    )
    ledgers = {
        path: make_up_ledger(deck.scenario, results, path)
        for path in choose_paths(results).values()
    }
    return replace(deck, results=results, table=summarize(results), ledgers=ledgers)


def lose_everything(deck):
    """Nobody pays, nothing comes back."""
    zero = np.zeros(deck.results.paths)
    changes = {
        name: 0.0 for name in deck.results.names
        if name.startswith(("payor.payments", "payor.dcf", "payor.claimed", "payor.cut"))
    }
    for holder_name in [f"tranche.{n}" for n in deck.scenario.capital.tranches] + ["investors"]:
        drawn = deck.results[f"{holder_name}.drawn"]
        for column, values in holder(holder_name, drawn, zero, zero.size).items():
            changes[column] = values
    fan = deck.results.fan.copy()
    fan[:, 0] = 0.0
    return change(deck, fan, **{name.replace(".", "__"): v for name, v in changes.items()})


def enroll_nobody(deck):
    """No client, no measure, no payment, no cost but the fixed ones."""
    lost = lose_everything(deck)
    gone = {
        name: np.nan if ".effect_" in name else 0.0 for name in lost.results.names
        if name.startswith(("program.", "outcome.", "payor.savings", "payor.net"))
    }
    fan = lost.results.fan.copy()
    fan[:, 3] = 0.0
    return change(lost, fan, **{name.replace(".", "__"): v for name, v in gone.items()})


def pay_the_same(deck, amount=7.5e6):
    """A payment that never varies."""
    year = next(n for n in deck.results.names if n.startswith("payor.payments.fy2021"))
    changes = {"payor.payments": amount, "payor.payments_pv": 0.87 * amount, year: amount}
    for name in deck.results.names:
        if name.startswith("payor.payments.") and name != year:
            changes[name] = 0.0
    fan = deck.results.fan.copy()
    fan[:, 0] = 0.0
    fan[:, 0, -1] = amount
    return change(deck, fan, **{name.replace(".", "__"): v for name, v in changes.items()})


_HARD = {
    "name": "<script>alert(1)</script> \"A\" & 'B' 🙂 שלום עולם",
    "description": "</style><img src=x onerror=alert(1)> {{ 7*7 }} & &amp;",
    "capital.tranches.senior.label": "</title><b>Älteste</b> \u202eevil",
    "capital.tranches.senior.holder": "مؤسسة <i>",
    "contract.terms.placement.label": "{% raw %} <td> 🙂 \"quoted\"",
    "outcomes.placement.label": "תוצאה <svg onload=alert(1)>",
    "outcomes.placement.unit": "<u>",
    "contract.payors.dcf.label": "محكمة & Söhne <script>",
}
HARD_NAMES = tuple(f"{path}={json.dumps(name, ensure_ascii=False)}" for path, name in _HARD.items())


def make_forty_terms():
    """The Connecticut deal with forty payment terms."""
    data = resolve(load(CONNECTICUT))
    base = data["contract"]["terms"]["screens"]
    data["contract"]["terms"] = {
        f"line_{k}": {**base, "label": f"Line {k} of a long rate card", "cap": 100_000.0 + k}
        for k in range(1, 41)
    }
    return data
