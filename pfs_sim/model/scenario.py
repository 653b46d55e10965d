"""A scenario: one deal, whole. The sections are the five nouns, the clock, and what links them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from pfs_sim.errors import Finding
from pfs_sim.model.capital import Capital
from pfs_sim.model.clock import Clock
from pfs_sim.model.contract import Contract
from pfs_sim.model.evaluation import Evaluation
from pfs_sim.model.extensions import OUTCOMES, find_kinds, with_presets
from pfs_sim.model.noun import Name, Noun, Number
from pfs_sim.model.outcomes import OUTCOME_KINDS
from pfs_sim.model.presets import OutcomePreset
from pfs_sim.model.program import Program

OUTCOME_PRESETS: dict[str, type[OutcomePreset]] = find_kinds(
    OUTCOMES, OutcomePreset, OUTCOME_KINDS
)
"""Kinds of outcomes that other packages add; each becomes the outcome that it states."""

if TYPE_CHECKING:
    from pfs_sim.model.outcomes import AnyOutcome
else:
    AnyOutcome = with_presets(OUTCOME_KINDS.values(), OUTCOME_PRESETS.values())


class Correlation(Noun):
    """A Gaussian-copula correlation of two uncertain quantities."""

    between: list[str] = Field(
        min_length=2, max_length=2, description="Dotted paths of two uncertain quantities."
    )
    rho: Number = Field(description="Correlation of the underlying normals, from −1 to 1.")


class Scenario(Noun):
    """Everything that a simulation needs; the file's top level."""

    pfs_sim: Literal[1] = Field(description="Version of the scenario language.")
    name: str = Field(min_length=1, description="Name of the deal.")
    description: str = Field("", description="What the deal is, in a few sentences.")
    currency: str = Field("USD", min_length=1, max_length=8, description="Currency of all money.")
    clock: Clock = Field(description="Periods and dates.")
    program: Program = Field(description="Who is enrolled, served, and leaves.")
    outcomes: dict[Name, AnyOutcome] = Field(min_length=1, description="What happens to them.")
    evaluation: Evaluation = Field(description="What is measured.")
    contract: Contract = Field(description="What is paid.")
    capital: Capital = Field(default_factory=lambda: Capital(), description="Who funds it.")
    correlations: dict[Name, Correlation] = Field(
        default_factory=dict, description="Correlated quantities."
    )
    stresses: dict[Name, dict[str, object]] = Field(
        default_factory=dict,
        description="Named stress sets: dotted path: value, applied by `sweep --stresses`.",
    )
    published: dict[str, object] = Field(
        default_factory=dict,
        description="What was published about how the deal ended; read by `backtest`, never used "
        "by a simulation. payments: {total, terms: {term}, by_date: {date}}, measures: {measure}, "
        "outcomes: {outcome: {statistic, value}}, tranches: {tranche: {irr, moic, "
        "principal_loss, drawn}}, guarantor: {paid}, source, note. A figure is a number, "
        "{value, rounded, note}, or null where words were published and no number.",
    )

    def findings(self) -> Iterator[Finding]:
        """What is impossible (errors) or implausible (warnings) in what the scenario says."""
        from pfs_sim.model.checks import find

        return find(self)


# What all nouns put off is done once for all of them, where no two threads can be at it.
Scenario.model_rebuild()
