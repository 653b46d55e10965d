"""What cannot be, or hardly will be, in caps, payors, triggers and savings (model §8)."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING

from pfs_sim.errors import Finding
from pfs_sim.model.checks.clock import check_moment, grid
from pfs_sim.model.checks.conditions import check_conditions
from pfs_sim.model.checks.measures import leaves
from pfs_sim.model.checks.naming import Path, say, unknown, unknown_all, warning
from pfs_sim.model.checks.terms import dues
from pfs_sim.model.evaluation import ProgramMeasure
from pfs_sim.model.schedules import Fixed

if TYPE_CHECKING:
    from pfs_sim.model.contract import Default, Term, Trigger, YearCap
    from pfs_sim.model.scenario import Scenario

_REPAID = ("loan", "equity", "deferred_fee")


def last_payment(scenario: Scenario) -> int:
    """Grid point of the last payment that a term can make."""
    terms = scenario.contract.terms.values()
    return max((t for term in terms for t in _payments_of(scenario, term)), default=0)


def list_payments(scenario: Scenario, pool: str) -> list[int]:
    """Grid points on which a term can pay into a pool, in order."""
    terms = scenario.contract.terms.values()
    return sorted({t for term in terms if term.pool == pool for t in _payments_of(scenario, term)})


def most_paid(scenario: Scenario, until: int, pool: str) -> float:
    """No more than that is paid into a pool up to a grid point, by caps and by what is fixed."""
    contract, most = scenario.contract, 0.0
    for term in contract.terms.values():
        if term.pool != pool:
            continue
        times = sum(t <= until for t in _payments_of(scenario, term))
        bound = math.inf if times else 0.0
        if times and isinstance(term.schedule, Fixed) and not isinstance(term.times, str):
            bound = times * term.schedule.amount.value * term.times.value
        most += bound if term.cap is None else min(bound, term.cap.value)
    return most if contract.cap is None else min(most, contract.cap.value)


def _payments_of(scenario: Scenario, term: Term) -> list[int]:
    """Grid points on which a term can pay."""
    found = dues(scenario, term)
    if term.holdback is not None:
        found.append(grid(scenario.clock, term.holdback.release))
    return [t + scenario.clock.span(term.lag) for t in found]


def check_payors(scenario: Scenario) -> Iterator[Finding]:
    """Who pays, up to what, and how an appropriation fails."""
    payors = scenario.contract.payors
    for name, payor in payors.items():
        path: Path = ("contract", "payors", name)
        if payor.cap is not None and payor.cap.value == 0.0:
            yield warning((*path, "cap"), "0, so the payor never pays", "above 0")
        if payor.default is not None:
            yield from _check_default(scenario, payor.default, (*path, "default"))
    caps = [payor.cap.value for payor in payors.values() if payor.cap is not None]
    total = scenario.contract.cap
    if total is not None and caps and len(caps) == len(payors) and sum(caps) < total.value:
        yield warning(
            ("contract", "cap"),
            f"{say(total.value)}, while the payors' ceilings add to {say(sum(caps))}",
            f"up to {say(sum(caps))}, or higher ceilings",
        )


def _check_default(scenario: Scenario, default: Default, path: Path) -> Iterator[Finding]:
    late, clock = scenario.clock.span(default.late), scenario.clock
    if default.lost.value == 0.0 and late == 0:
        yield Finding(
            path, "a failure in which nothing is lost and nothing is late", "lost above 0, or late"
        )
    if default.lost.value == 1.0 and late > 0:
        yield Finding(
            (*path, "late"),
            f"{default.late} for a rest of nothing, since all is lost",
            "lost below 1, or no late",
        )
    elif late and last_payment(scenario) + late > clock.periods:
        yield warning(
            (*path, "late"),
            f"{default.late}, so that the last payments would come past the grid and count as lost",
            f"clock.periods: {last_payment(scenario) + late} or more",
        )
    if default.probability.mean() > 0.5:
        yield warning(
            (*path, "probability"),
            f"{say(default.probability.mean())} a fiscal year",
            "the chance that one year's appropriation fails, such as 0.02",
        )


def check_caps(scenario: Scenario) -> Iterator[Finding]:
    """Caps under which something is left."""
    contract = scenario.contract
    if contract.cap is not None and contract.cap.value == 0.0:
        yield warning(("contract", "cap"), "0, so nothing is ever paid", "above 0")
    found: list[tuple[Path, YearCap | None]] = [
        (("contract", "fiscal_year_cap"), contract.fiscal_year_cap)
    ]
    for name, payor in contract.payors.items():
        found.append((("contract", "payors", name, "fiscal_year_cap"), payor.fiscal_year_cap))
    for name, term in contract.terms.items():
        found.append((("contract", "terms", name, "fiscal_year_cap"), term.fiscal_year_cap))
    clock, last = scenario.clock, last_payment(scenario)
    for path, cap in found:
        if cap is None:
            continue
        if cap.amount.value == 0.0:
            yield warning((*path, "amount"), "0, so nothing is ever paid", "above 0")
        ends_with = last <= clock.periods and clock.fiscal_year(last) == clock.fiscal_year(
            clock.periods
        )
        if cap.excess == "carry" and ends_with:
            yield warning(
                (*path, "excess"),
                "carry, while the grid ends in the fiscal year of the last payment: what is "
                "carried then is lost",
                "a grid that reaches the next fiscal year (clock.periods)",
            )


def check_funding(scenario: Scenario) -> Iterator[Finding]:
    """The most that can be paid against what investors put in."""
    cap = scenario.contract.cap
    owed = sum(t.commitment.value for t in scenario.capital.tranches.values() if t.kind in _REPAID)
    if cap is None or owed <= 0.0 or cap.value == 0.0:
        return
    if cap.value < owed:
        yield warning(
            ("contract", "cap"),
            f"{say(cap.value)}, less than the {say(owed)} that investors put in: they cannot be "
            "repaid even at the maximum",
            f"{say(owed)} or more",
        )
    elif cap.value > 3.0 * owed:
        yield warning(
            ("contract", "cap"),
            f"{say(cap.value)}, {cap.value / owed:.3g} times what investors put in",
            "about 1.1 to 2.0 times, as in deals that have closed",
        )


def check_triggers(scenario: Scenario) -> Iterator[Finding]:
    """Triggers with dates, conditions that can hold, and an effect."""
    clock = scenario.clock
    for name, trigger in scenario.contract.triggers.items():
        path: Path = ("contract", "triggers", name)
        for i, when in enumerate(trigger.at):
            yield from check_moment(clock, (*path, "at", i), when)
            if when in trigger.at[:i]:
                yield Finding((*path, "at", i), f"{when} for the second time", "each date once")
        yield from check_conditions(scenario, (*path, "only_if"), trigger.only_if)
        yield from check_conditions(scenario, (*path, "any_of"), trigger.any_of)
        yield from _check_known(scenario, trigger, path)
        yield from _check_belongings(trigger, path)
        if trigger.action == "stop_funding":
            known = scenario.capital.tranches
            at = (*path, "tranches")
            yield from unknown_all(at, trigger.tranches, known, "a tranche of this file")
            if not trigger.tranches:
                yield Finding(
                    at, "no tranche", f"the tranches that stop: {', '.join(known) or 'none exists'}"
                )
        if trigger.action == "expand":
            yield from _check_expansion(scenario, trigger, path)


def _check_known(scenario: Scenario, trigger: Trigger, path: Path) -> Iterator[Finding]:
    """A trigger looks at measures that an evaluation has found by then."""
    clock, measures = scenario.clock, scenario.evaluation.measures
    first = min(grid(clock, when) for when in scenario.evaluation.dates.values())
    last = max(grid(clock, when) for when in trigger.at)
    if last >= first:
        return
    for key, group in (("only_if", trigger.only_if), ("any_of", trigger.any_of)):
        for name, condition in group.items():
            bottom = list(leaves(measures, condition.measure))
            if bottom and not all(isinstance(leaf, ProgramMeasure) for leaf in bottom):
                yield Finding(
                    (*path, key, name, "measure"),
                    f"`{condition.measure}`, looked at before the first evaluation (grid point "
                    f"{first}), so it never holds",
                    "a count of the program, or a later `at`",
                )


def _check_belongings(trigger: Trigger, path: Path) -> Iterator[Finding]:
    """What belongs to another action would be passed over in silence."""
    belongs = {
        "wind_down": ("terminate", trigger.wind_down.value != 0.0),
        "pays_after": ("terminate", not trigger.pays_after),
        "tranches": ("stop_funding", bool(trigger.tranches)),
        "target": ("expand", trigger.target is not None),
        "window_end": ("expand", trigger.window_end is not None),
    }
    for key, (action, given) in belongs.items():
        if given and trigger.action != action:
            yield Finding(
                (*path, key), f"{key} with action {trigger.action}", f"{key} with {action} only"
            )


def _check_expansion(scenario: Scenario, trigger: Trigger, path: Path) -> Iterator[Finding]:
    clock, program = scenario.clock, scenario.program
    if trigger.target is None and trigger.window_end is None:
        yield Finding((*path, "action"), "expand without effect", "target, window_end, or both")
        return
    if trigger.target is not None and program.target is None:
        yield Finding(
            (*path, "target"),
            f"{trigger.target}, while program.target sets no limit that could be raised",
            "window_end alone, or a program.target",
        )
    elif trigger.target is not None and trigger.target <= (program.target or 0):
        yield Finding(
            (*path, "target"), str(trigger.target), f"above program.target ({program.target})"
        )
    end = clock.periods if program.window_end is None else grid(clock, program.window_end)
    until = end
    if trigger.window_end is not None:
        yield from check_moment(clock, (*path, "window_end"), trigger.window_end)
        until = grid(clock, trigger.window_end)
        if program.window_end is not None and until < end:
            yield warning(
                (*path, "window_end"), str(trigger.window_end), f"after {program.window_end}"
            )
    if min(grid(clock, when) for when in trigger.at) >= until:
        yield Finding(
            (*path, "at"),
            f"an expansion when enrollment has ended (grid point {until})",
            "an earlier date, or a later window_end",
        )


def check_savings(scenario: Scenario) -> Iterator[Finding]:
    """What is saved is saved on an outcome, within a horizon."""
    for name, savings in scenario.contract.savings.items():
        path: Path = ("contract", "savings", name)
        if savings.outcome not in scenario.outcomes:
            what = "an outcome of this file"
            yield unknown((*path, "outcome"), savings.outcome, scenario.outcomes, what)
        if savings.years.value > 100.0:
            yield warning((*path, "years"), say(savings.years.value), "a horizon in years")
        if savings.value.mean() == 0.0:
            yield warning((*path, "value"), "0, so nothing is saved", "above 0")


CHECKS = (check_payors, check_caps, check_funding, check_triggers, check_savings)
