"""The whole term sheet as sections: the contract first, what the model assumes after it."""

from __future__ import annotations

from pfs_sim.model.scenario import Scenario
from pfs_sim.report.termsheet.capital import costs_section, funds_section
from pfs_sim.report.termsheet.clauses import Section
from pfs_sim.report.termsheet.contract import (
    payments_section,
    payors_section,
    savings_section,
    triggers_section,
)
from pfs_sim.report.termsheet.deal import outcomes_section, parties_section, program_section
from pfs_sim.report.termsheet.evaluation import evaluation_section
from pfs_sim.report.termsheet.fields import say_the_rest
from pfs_sim.report.termsheet.waterfall import guarantees_section, waterfall_section
from pfs_sim.report.termsheet.words import Words

_MAKERS = (
    parties_section,
    program_section,
    outcomes_section,
    evaluation_section,
    payments_section,
    payors_section,
    triggers_section,
    costs_section,
    funds_section,
    waterfall_section,
    guarantees_section,
    savings_section,
)


def list_sections(scenario: Scenario) -> list[Section]:
    """Every section with an article, in the order of the sheet; assumptions as annexes."""
    words = Words(scenario)
    made = [make(words) for make in _MAKERS]
    return say_the_rest(scenario, [section for section in made if section.articles])
