"""WHAT CANNOT BE, AND WHAT HARDLY WILL BE: findings about a scenario of well-formed values.

One file per noun. A check is a function from a scenario to findings: an error says what is
impossible (a term on a measure that does not exist), a warning what a designer would want to look
at again (a cap below what investors put in). Each names the place, what was found and what is
allowed. `CHECKS` of a file always run and survive any other error; `EXPECTED` compare the plan at
its means with itself and run once nothing is impossible.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from pfs_sim.errors import Finding

if TYPE_CHECKING:
    from pfs_sim.model.checks.naming import Check
    from pfs_sim.model.scenario import Scenario


def find(scenario: Scenario) -> Iterator[Finding]:
    """All findings about a scenario, errors and warnings, in the order of the checks."""
    from pfs_sim.model.checks import (
        capital,
        clock,
        contract,
        evaluation,
        links,
        metrics,
        outcomes,
        program,
        terms,
        waterfall,
    )

    rooms = (
        clock, program, outcomes, evaluation, terms, contract, metrics, capital, waterfall, links
    )
    always: list[Check] = [check for room in rooms for check in room.CHECKS]
    expected: list[Check] = [check for room in rooms for check in getattr(room, "EXPECTED", ())]
    timeless = list(clock.check_calendar(scenario))
    if timeless:
        yield from timeless
        return
    impossible = False
    for check in always:
        for finding in check(scenario):
            impossible = impossible or finding.severity == "error"
            yield finding
    if impossible:
        return
    for check in expected:
        yield from check(scenario)
