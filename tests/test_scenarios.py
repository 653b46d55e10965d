"""The shipped scenarios load, say where their figures come from, and state published facts."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pfs_sim.model.scenario import Scenario
from pfs_sim.reading import load

FOLDER = Path(__file__).parent.parent / "scenarios"
FILES = sorted(path.stem for path in FOLDER.glob("*.yaml"))
CT = ("ct_family_stability", "ct_rate_card", "ct_effect_threshold", "ct_shared_savings")
MARK = re.compile(r"(S|D|I|assumed)\b")
NOT_FIGURES = {"pfs_sim", "stresses", "published"}


def scenario(name: str, **sets: Any) -> Scenario:
    found = load(FOLDER / f"{name}.yaml", sets)
    assert isinstance(found.scenario, Scenario)
    return found.scenario


def figures(data: Any, path: str = "", sourced: bool = False) -> Iterator[tuple[str, bool]]:
    """Every number with its dotted path, and whether it or a mapping around it has a source."""
    if isinstance(data, dict):
        sourced = sourced or "source" in data
        for key, value in data.items():
            if path or key not in NOT_FIGURES:
                yield from figures(value, f"{path}.{key}" if path else str(key), sourced)
    elif isinstance(data, list):
        for i, value in enumerate(data):
            yield from figures(value, f"{path}.{i}", sourced)
    elif isinstance(data, int | float) and not isinstance(data, bool):
        yield path, sourced


def sources(data: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Every source with its dotted path."""
    if isinstance(data, dict):
        for key, value in data.items():
            if key == "source":
                yield path, value
            else:
                yield from sources(value, f"{path}.{key}" if path else str(key))


@pytest.mark.parametrize("name", FILES)
def test_scenario_loads_and_warns_only_of_what_is_meant(name: str) -> None:
    """The provider carries the costs of two deals, and that is what their files are about."""
    found = load(FOLDER / f"{name}.yaml")
    carried = not found.scenario.capital.tranches
    assert [w.path for w in found.warnings] == ["capital"] * carried


@pytest.mark.parametrize("name", FILES)
def test_every_figure_has_a_source(name: str) -> None:
    data = load(FOLDER / f"{name}.yaml").document.data
    assert [path for path, sourced in figures(data) if not sourced] == []


@pytest.mark.parametrize("name", FILES)
def test_every_source_carries_its_mark(name: str) -> None:
    data = load(FOLDER / f"{name}.yaml").document.data
    assert [(path, text) for path, text in sources(data) if not MARK.match(text)] == []


@pytest.mark.parametrize("name", FILES)
def test_stresses_change_the_scenario(name: str) -> None:
    found = load(FOLDER / f"{name}.yaml")
    for changes in found.scenario.stresses.values():
        assert load(FOLDER / f"{name}.yaml", dict(changes)).scenario != found.scenario


@pytest.mark.parametrize("name", FILES)
def test_payments_and_evaluations_lie_on_the_grid(name: str) -> None:
    deal = scenario(name)
    clock, ends = deal.clock, []
    for term in deal.contract.terms.values():
        for when in deal.evaluation.dates.values():
            ends.append(clock.grid(when) + clock.span(term.lag))
    assert max(ends) <= clock.periods


@pytest.mark.parametrize("name", [name for name in FILES if name != "project_apollo"])
def test_published_outcomes_are_outcomes(name: str) -> None:
    deal = scenario(name)
    assert "source" in deal.published
    outcomes = deal.published["outcomes"]
    assert isinstance(outcomes, dict)
    assert set(outcomes) <= set(deal.outcomes)
    assert all("value" in found and "statistic" in found for found in outcomes.values())


def test_connecticut_states_what_was_published() -> None:
    deal = scenario("ct_family_stability")
    assert deal.clock.date(0).isoformat() == "2016-09-28"
    assert (deal.clock.periods, deal.clock.period, deal.clock.fiscal_year_start) == (
        28,
        "quarter",
        7,
    )
    assert deal.program.target == 500
    assert deal.program.assignment.share.value == 0.5
    assert deal.program.service.teams is not None
    assert set(deal.program.service.teams) == {
        "waterbury",
        "danbury",
        "torrington",
        "norwich",
        "middletown",
        "new_haven",
    }
    assert set(deal.outcomes) == {"placement", "re_referral", "screens", "successful_enrollment"}
    assert deal.outcomes["placement"].window == "18 months"
    assert deal.contract.cap is not None
    assert deal.contract.cap.value == 14.8e6
    assert sum(t.commitment.value for t in deal.capital.tranches.values()) == 11.2e6
    assert deal.contract.savings["placement"].value.value == 84000.0
    assert round(30 * 30.4 * 92, -3) == 84000.0


def test_connecticut_multiplier_has_the_published_quantiles() -> None:
    import numpy as np

    multiplier = scenario("ct_family_stability").program.referrals.multiplier
    found = multiplier.ppf(np.array([0.05, 0.10, 0.25, 0.50, 0.90]))
    np.testing.assert_allclose(found, [0.24, 0.33, 0.84, 1.00, 1.31], atol=1e-9)


def test_connecticut_prior_has_a_spike_at_no_effect() -> None:
    from math import log

    import numpy as np

    effect = scenario("ct_family_stability").outcomes["placement"].effect
    assert effect.atoms() == {0.0: 0.5}
    assert np.isclose(effect.mean(), 0.5 * 0.7 * log(0.42))


@pytest.mark.parametrize("name", CT[1:])
def test_connecticut_contracts_share_program_and_capital(name: str) -> None:
    base, other = scenario(CT[0]), scenario(name)
    assert other.program == base.program
    assert other.outcomes == base.outcomes
    assert other.capital == base.capital
    assert other.clock == base.clock
    assert other.contract.cap == base.contract.cap
    assert other.contract.terms != base.contract.terms


def test_rsvp_has_no_investors_and_its_other_structure_has() -> None:
    alone, funded = scenario("rsvp"), scenario("rsvp_pfs")
    assert alone.capital.tranches == {}
    assert set(funded.capital.tranches) == {"senior", "subordinate", "recoverable_grant"}
    assert alone.program == funded.program
    assert alone.outcomes == funded.outcomes


@pytest.mark.parametrize(
    ("name", "raised"),
    [
        ("denver_supportive_housing", 8.6e6),
        ("rikers_able", 9.6e6),
        ("dc_water", 25e6),
        ("cuyahoga_family_success", 4.025e6),
        ("roca_juvenile_justice", 21.76e6),
        ("utah_preschool", 1e6),
    ],
)
def test_stacks_sum_to_what_was_raised(name: str, raised: float) -> None:
    deal = scenario(name)
    assert sum(t.commitment.value for t in deal.capital.tranches.values()) == raised
