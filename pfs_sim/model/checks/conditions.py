"""What cannot be, or hardly will be, in a condition on a measure (model §8)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from pfs_sim.errors import Finding
from pfs_sim.model.checks.measures import unit
from pfs_sim.model.checks.naming import Path, say, unknown, warning

if TYPE_CHECKING:
    from pfs_sim.model.contract import Condition
    from pfs_sim.model.scenario import Scenario


def check_conditions(
    scenario: Scenario, path: Path, conditions: Mapping[str, Condition]
) -> Iterator[Finding]:
    """Conditions on measures that exist, with a bound that can hold."""
    measures = scenario.evaluation.measures
    for name, condition in conditions.items():
        at = (*path, name)
        if condition.measure not in measures:
            known = "a measure of this file"
            yield unknown((*at, "measure"), condition.measure, measures, known)
        least, below = condition.at_least, condition.below
        if least is None and below is None:
            yield Finding(at, "a condition without a bound", "at_least, below, or both")
        elif least is not None and below is not None and least.value >= below.value:
            yield Finding(
                at,
                f"at_least {say(least.value)} and below {say(below.value)}, which never hold",
                "at_least smaller than below",
            )
        for key, bound in (("at_least", least), ("below", below)):
            if bound is None or unit(scenario, condition.measure) != "fraction":
                continue
            if bound.value > 1.0:
                yield warning(
                    (*at, key),
                    f"{say(bound.value)}, while `{condition.measure}` is a fraction of at most 1",
                    f"a fraction, such as {say(bound.value / 100.0)} for {say(bound.value)} %",
                )
