"""Named scenarios as deal people know them, with the probability that pitch books leave out.

A path is placed by the *achievement* of its program: the effect that it drew over the effect at
which the parties aim (`target_effect`), averaged over the outcomes that state one, each weighted
by what the terms on it pay on average. Below a third of the target the deal fails; from a third
to nine tenths it is a base case; within a tenth of the target it is on target; beyond, over.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pfs_sim.metrics.estimates import Estimate, Interval
from pfs_sim.metrics.moments import mean, probability
from pfs_sim.metrics.quantiles import quantile
from pfs_sim.metrics.summary import Unit
from pfs_sim.model.checks.measures import list_parts
from pfs_sim.model.evaluation import OutcomeMeasure, PersonMeasure
from pfs_sim.model.scenario import Scenario
from pfs_sim.report.cells import Cell, write_cell
from pfs_sim.report.html.deck import Deck

F8 = npt.NDArray[np.float64]
BANDS = (
    ("Fail", "less than a third of the target effect", -np.inf, 1 / 3),
    ("Base", "a third to nine tenths of it", 1 / 3, 0.9),
    ("Target", "within a tenth of it", 0.9, 1.1),
    ("Over", "more than a tenth above it", 1.1, np.inf),
)


@dataclass(frozen=True)
class Named:
    """A named scenario: how likely it is and what it brings."""

    name: str
    meaning: str
    chance: float
    cells: tuple[Cell, ...]
    """Probability, payments, chance of loss, median IRR, net benefit."""


HEADINGS = (
    "Probability", "Government pays, average", "Investors lose", "Investors' IRR, median",
    "Net benefit, average",
)


def find_achievement(deck: Deck) -> F8 | None:
    """[path] the drawn effect over the target; None where no outcome states a target."""
    scenario, paths = deck.scenario, deck.results.paths
    ratios, weights = [], []
    for name, outcome in scenario.outcomes.items():
        if outcome.target_effect is None or outcome.target_effect.mean() == 0.0:
            continue
        drawn = deck.inputs.get(f"outcomes.{name}.effect")
        effect = np.full(paths, outcome.effect.mean()) if drawn is None else drawn
        ratios.append(effect / outcome.target_effect.mean())
        weights.append(sum(
            max(float(deck.results[f"payor.payments.{term}"].mean()), 0.0)
            for term in terms_on(scenario, name)
        ))
    if not ratios:
        return None
    total = sum(weights)
    parts = [w / total if total else 1.0 / len(weights) for w in weights]
    found: F8 = np.sum([w * r for w, r in zip(parts, ratios, strict=True)], axis=0)
    return found


def terms_on(scenario: Scenario, outcome: str) -> list[str]:
    """Payment terms whose measure looks at an outcome, directly or through other measures."""
    measures = scenario.evaluation.measures

    def looks(name: str, seen: frozenset[str]) -> bool:
        measure = measures.get(name)
        if measure is None or name in seen:
            return False
        if isinstance(measure, OutcomeMeasure):
            return measure.outcome == outcome
        if isinstance(measure, PersonMeasure):
            return outcome in measure.person
        return any(looks(part, seen | {name}) for part in list_parts(measure) if part in measures)

    return [
        name for name, term in scenario.contract.terms.items()
        if term.measure is not None and looks(term.measure, frozenset())
    ]


def name_scenarios(deck: Deck) -> list[Named]:
    """The four named scenarios; empty where no outcome states a target."""
    achieved = find_achievement(deck)
    if achieved is None:
        return []
    return [
        _describe(deck, name, meaning, (achieved >= low) & (achieved < high))
        for name, meaning, low, high in BANDS
    ]


def _describe(deck: Deck, name: str, meaning: str, here: npt.NDArray[np.bool_]) -> Named:
    results, currency = deck.results, deck.currency
    chance = probability(here)
    cells = [write_cell(chance, "probability", currency)]
    cells.append(_write(mean(results["payor.payments"][here]), "money", currency))
    if "investors.irr" in results:
        lost = results["investors.principal_loss"][here] > 0.0
        cells.append(_write(probability(lost), "probability", currency))
        cells.append(_write(quantile(results["investors.irr"][here], 0.5), "rate", currency))
    else:
        cells += [Cell("–"), Cell("–")]
    if deck.scenario.contract.savings:
        cells.append(_write(mean(results["payor.net_benefit"][here]), "money", currency))
    else:
        cells.append(Cell("–"))
    return Named(name, meaning, chance.value, tuple(cells))


def _write(found: Estimate | Interval, unit: Unit, currency: str) -> Cell:
    return write_cell(found, unit, currency)
