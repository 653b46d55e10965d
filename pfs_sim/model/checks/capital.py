"""What cannot be, or hardly will be, in costs, sources of funds and guarantees (model §9)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from pfs_sim.errors import Finding
from pfs_sim.model.checks.clock import check_keys, check_moment, grid, read_moment
from pfs_sim.model.checks.contract import last_payment, list_payments, most_paid
from pfs_sim.model.checks.expected import expect, line_cost
from pfs_sim.model.checks.naming import Path, percent, say, unknown_all, warning
from pfs_sim.model.checks.waterfall import PARTIES

if TYPE_CHECKING:
    from pfs_sim.model.capital import Guarantee, Tranche
    from pfs_sim.model.scenario import Scenario

_COUPONS = ("loan", "equity")
_NOTHING, _MUCH = 1e-6, 0.05
"""Shares of all costs: what is none of them, and what is worth a word."""
_USUAL_EVALUATION = (0.05, 0.2)  # of all costs; deals spend 8 to 15 % of their size


def check_costs(scenario: Scenario) -> Iterator[Finding]:
    """Cost lines with an amount and with dates on the grid."""
    clock = scenario.clock
    for name, cost in scenario.capital.costs.items():
        path: Path = ("capital", "costs", name)
        rates = (cost.per_client_period, cost.per_enrollment, cost.per_period)
        if all(rate is None for rate in rates) and not cost.at:
            yield Finding(
                path,
                "a cost line without an amount",
                "per_client_period, per_enrollment, per_period, or amounts `at` dates",
            )
        wrong = list(check_moment(clock, (*path, "first"), cost.first))
        if cost.last is not None:
            wrong += check_moment(clock, (*path, "last"), cost.last)
            if not wrong and grid(clock, cost.last) < grid(clock, cost.first):
                wrong.append(
                    Finding(
                        (*path, "last"), f"{cost.last}, before first ({cost.first})", "after first"
                    )
                )
        yield from wrong
        for key in ("first", "last"):
            # A default is no figure of the file: the resolved form states it too.
            stated = getattr(cost, key) != type(cost).model_fields[key].default
            if cost.per_period is None and stated:
                yield Finding((*path, key), f"{key} without per_period", "per_period beside it")
        yield from check_keys(clock, (*path, "at"), cost.at)
        yield from _check_overrun((*path, "overrun"), cost.overrun.mean())
    yield from _check_overrun(("capital", "overrun"), scenario.capital.overrun.mean())


def _check_overrun(path: Path, mean: float) -> Iterator[Finding]:
    if mean < 0.5 or mean > 3.0:
        yield warning(
            path, f"{say(mean)} on average: costs of {say(mean)} times the plan", "around 1"
        )


def check_tranches(scenario: Scenario) -> Iterator[Finding]:
    """Sources of funds that can be drawn and that bear what they say."""
    clock = scenario.clock
    for name, tranche in scenario.capital.tranches.items():
        path: Path = ("capital", "tranches", name)
        if tranche.commitment.value == 0.0:
            yield warning((*path, "commitment"), "0, so it is never drawn", "above 0")
        wrong = list(check_moment(clock, (*path, "first"), tranche.first))
        if tranche.last is not None:
            wrong += check_moment(clock, (*path, "last"), tranche.last)
            if not wrong and grid(clock, tranche.last) < grid(clock, tranche.first):
                found = f"{tranche.last}, before first ({tranche.first}), so it is never drawn"
                wrong.append(Finding((*path, "last"), found, f"{tranche.first} or later"))
        yield from wrong
        yield from _check_coupon(tranche, path)
        yield from _check_schedule(scenario, tranche, path)
        fixed = "dates" if tranche.schedule else "once" if tranche.draw == "upfront" else None
        if fixed and tranche.order != 1:
            yield warning(
                (*path, "order"), f"{tranche.order}, of what is drawn at {fixed}: it does nothing",
                "an order of tranches that are drawn as needed",
            )
        if tranche.draw == "upfront" and tranche.last is not None:
            yield warning(
                (*path, "last"), "the end of draws that are all at `first`: it does nothing",
                "no `last`, or draw: as_needed",
            )


def _check_coupon(tranche: Tranche, path: Path) -> Iterator[Finding]:
    coupon = tranche.coupon.value
    if coupon != 0.0 and tranche.kind not in _COUPONS:
        yield Finding(
            (*path, "coupon"), f"a coupon of a {tranche.kind}", "kind: loan, or no coupon"
        )
    elif coupon < 0.0:
        yield Finding((*path, "coupon"), say(coupon), "0 or more")
    elif coupon == 0.0 and tranche.pays == "paid":
        yield warning((*path, "pays"), "a coupon that is paid, of 0", "a coupon, or no `pays`")


def _check_schedule(scenario: Scenario, tranche: Tranche, path: Path) -> Iterator[Finding]:
    """Fixed draws inside the commitment and inside the time of the tranche."""
    clock, at = scenario.clock, (*path, "schedule")
    yield from check_keys(clock, at, tranche.schedule)
    total = sum(amount.value for amount in tranche.schedule.values())
    if tranche.schedule and tranche.draw == "upfront":
        yield Finding((*path, "draw"), "upfront beside a schedule of draws", "one of them")
    if total > tranche.commitment.value * (1.0 + 1e-9):
        yield Finding(
            at,
            f"draws of {say(total)} in all",
            f"up to the commitment, {say(tranche.commitment.value)}",
        )
    elif tranche.schedule and total < tranche.commitment.value * (1.0 - 1e-9):
        yield warning(
            at,
            f"draws of {say(total)} of a commitment of {say(tranche.commitment.value)}: the rest "
            "is never drawn",
            "draws that add to the commitment",
        )
    first = grid(clock, tranche.first)
    last = clock.periods if tranche.last is None else grid(clock, tranche.last)
    for key in tranche.schedule:
        when = read_moment(key)
        if when is not None and not first <= grid(clock, when) <= last:
            yield Finding(
                (*at, key),
                f"a draw at {key}",
                f"from first to last (grid points {first} to {last})",
            )


def check_grants(scenario: Scenario) -> Iterator[Finding]:
    """Grants that arrive on the grid."""
    for name, grant in scenario.capital.grants.items():
        path: Path = ("capital", "grants", name)
        yield from check_moment(scenario.clock, (*path, "at"), grant.at)
        if grant.amount.value == 0.0:
            yield warning((*path, "amount"), "0", "above 0")


def check_names(scenario: Scenario) -> Iterator[Finding]:
    """A name stands for one party: a step of the waterfall names tranches and parties alike."""
    capital, payors = scenario.capital, scenario.contract.payors
    for name in capital.tranches:
        if name in PARTIES or name in payors:
            yield Finding(
                ("capital", "tranches", name),
                f"a tranche named like the party `{name}`",
                f"another name ({listing_parties(scenario)} are taken)",
            )
    for group, named in (("grants", capital.grants), ("guarantees", capital.guarantees)):
        for name in named:
            if name in capital.tranches:
                yield Finding(
                    ("capital", group, name),
                    f"a name that a tranche has too, `{name}`",
                    "another name (such as "
                    f"`{name}_{'grant' if group == 'grants' else 'guarantee'}`)",
                )


def listing_parties(scenario: Scenario) -> str:
    """The names that parties have."""
    return ", ".join(dict.fromkeys([*PARTIES, *scenario.contract.payors]))


def check_guarantees(scenario: Scenario) -> Iterator[Finding]:
    """Guarantees of something, at a time when it can be known."""
    clock, tranches = scenario.clock, scenario.capital.tranches
    covered: dict[str, float] = {}
    for name, guarantee in scenario.capital.guarantees.items():
        path: Path = ("capital", "guarantees", name)
        at = (*path, "tranches")
        yield from unknown_all(at, guarantee.tranches, tranches, "a tranche of this file")
        for i, other in enumerate(guarantee.tranches):
            if other in tranches and tranches[other].kind == "grant":
                found = f"`{other}`, a grant, of which nothing is ever owed"
                yield Finding((*at, i), found, "tranches that are repaid")
            covered[other] = covered.get(other, 0.0) + guarantee.share.value
            if covered[other] > 1.0 + 1e-9:
                yield warning(
                    (*path, "share"),
                    f"{say(guarantee.share.value)}: more than all of `{other}` is guaranteed",
                    "shares of all its guarantees that add to at most 1",
                )
        if guarantee.share.value == 0.0:
            yield Finding((*path, "share"), "0, a guarantee of nothing", "above 0, up to 1")
        if guarantee.of == "commitment" and guarantee.kind == "additive":
            yield Finding(
                (*path, "of"),
                "commitment with kind additive, which pays a share of what was lost",
                "kind floor, or of drawn",
            )
        if guarantee.limit is not None and guarantee.limit.value == 0.0:
            yield Finding((*path, "limit"), "0, a guarantee of nothing", "above 0, or no limit")
        pot = sum(amount.value for amount in guarantee.pot.values())
        if guarantee.limit is not None and guarantee.pot and guarantee.limit.value > pot:
            yield warning(
                (*path, "limit"),
                f"{say(guarantee.limit.value)}, more than ever is in the pot ({say(pot)}): it does "
                "nothing",
                f"up to {say(pot)}, or no limit",
            )
        yield from _check_maturity(scenario, guarantee, path)
        yield from check_keys(clock, (*path, "pot"), guarantee.pot)


def _check_maturity(scenario: Scenario, guarantee: Guarantee, path: Path) -> Iterator[Finding]:
    clock = scenario.clock
    if guarantee.at is None:
        return
    wrong = list(check_moment(clock, (*path, "at"), guarantee.at))
    yield from wrong
    due, last = grid(clock, guarantee.at), last_payment(scenario)
    if not wrong and due < last <= clock.periods:
        yield warning(
            (*path, "at"),
            f"{guarantee.at}, before the last payment can arrive (grid point {last})",
            f"grid point {last} or later, or the guarantor pays for what is only late",
        )
    for key in guarantee.pot:
        when = read_moment(key)
        if not wrong and when is not None and due < grid(clock, when) <= clock.periods:
            yield Finding(
                (*path, "pot", key),
                f"money added at {key}, after the guarantee is due ({guarantee.at})",
                f"up to {guarantee.at}",
            )


def check_idle(scenario: Scenario) -> Iterator[Finding]:
    """What is stated of funds that the deal does not have."""
    capital = scenario.capital
    if capital.tranches:
        return
    if capital.hurdle.value != 0.0:
        yield warning(
            ("capital", "hurdle"),
            f"{say(capital.hurdle.value)}, of investors whom this deal does not have",
            "tranches, or no hurdle",
        )
    if capital.residual == "intermediary" and not capital.grants:
        yield warning(
            ("capital", "residual"),
            "intermediary, where the provider funds all and has what is left at once",
            "tranches or grants, or a step of the waterfall that pays the intermediary",
        )


CHECKS = (check_costs, check_tranches, check_grants, check_names, check_guarantees, check_idle)


def check_needs(scenario: Scenario) -> Iterator[Finding]:
    """Funds against the costs that the plan has at its means."""
    capital = scenario.capital
    plan = expect(scenario)
    costs = {name: line_cost(scenario, cost, plan) for name, cost in capital.costs.items()}
    total = sum(costs.values())
    granted = sum(grant.amount.value for grant in capital.grants.values())
    funds = granted + sum(t.commitment.value for t in capital.tranches.values())
    recycles = any(step.pay == "reserve" for step in capital.waterfall.values())
    path: Path = ("capital", "tranches")
    if not capital.tranches and not capital.grants:
        if total > 0.0:
            yield warning(
                ("capital",),
                f"costs of {say(round(total))} at the means and no funds: the provider carries "
                "them until payments arrive",
                "tranches or grants, unless that is meant",
            )
    elif not sum(plan.treated):
        return  # the first thing to look at is why nobody is enrolled
    elif not capital.costs:
        yield warning(
            ("capital", "costs"), "no cost", "what the program costs, or nothing is spent"
        )
    elif funds < 0.9 * total and not recycles:
        yield warning(
            path,
            f"funds of {say(funds)} for costs of {say(round(total))} at the means: they run out",
            f"about {say(round(total))} and a reserve, or a waterfall step that keeps payments "
            "(pay: reserve)",
        )
    elif funds > 2.0 * total:
        yield warning(
            path,
            f"funds of {say(funds)} for costs of {say(round(total))} at the means",
            "commitments near the costs (most of them are never drawn)",
        )
    evaluation = sum(costs[name] for name, c in capital.costs.items() if c.category == "evaluation")
    low, high = _USUAL_EVALUATION
    if evaluation > 0.0 and not low <= evaluation / total <= high:
        first = next(name for name, c in capital.costs.items() if c.category == "evaluation")
        yield warning(
            ("capital", "costs", first),
            f"an evaluation that costs {percent(evaluation / total)} of all",
            "8 to 15 % in deals that have closed",
        )


def check_last_draws(scenario: Scenario) -> Iterator[Finding]:
    """Principal that is drawn when what could repay it has been shared out."""
    capital, last = scenario.capital, last_payment(scenario)
    if last > scenario.clock.periods:
        return
    if any(step.pay == "reserve" for step in capital.waterfall.values()):
        return  # what a reserve keeps pays for what comes late
    own_day = 0 if capital.draws == "after_distribution" else 1
    repaid = {name: t for name, t in capital.tranches.items() if t.kind != "grant"}
    too_late = (
        f"on or after the day of the last payment (grid point {last}), when that has been "
        "distributed: nothing repays it"
    )
    way_out = "an earlier day, or draws: before_distribution for what falls on that one"
    for name, tranche in repaid.items():
        for key, amount in tranche.schedule.items():
            when = read_moment(key)
            falls = when is not None and grid(scenario.clock, when) >= last + own_day
            if falls and amount.value > 0.0:
                path: Path = ("capital", "tranches", name, "schedule", key)
                yield warning(path, f"a draw {too_late}", way_out)
    if not any(t.draw == "as_needed" and not t.schedule for t in repaid.values()):
        return
    plan, costs = expect(scenario), capital.costs.items()

    def due_from(t: int) -> dict[str, float]:
        return {name: line_cost(scenario, cost, plan, t) for name, cost in costs}

    total, late = sum(due_from(0).values()), due_from(last + own_day)
    if sum(late.values()) > _NOTHING * total:
        name = max(late, key=lambda one: late[one])
        found = f"{say(round(sum(late.values())))} of costs at the means, drawn {too_late}"
        yield warning(("capital", "costs", name), found, way_out)
    grid_points = range(scenario.clock.periods + 1)
    ends = next((t for t in grid_points if sum(due_from(t).values()) <= _NOTHING * total), None)
    for name, step in capital.waterfall.items():
        if step.pay != "share" or ends is None:
            continue
        for t in list_payments(scenario, step.pool or "main"):
            left = sum(due_from(t + own_day).values())
            early = grid(scenario.clock, step.due) <= t and left > _MUCH * total
            if early and most_paid(scenario, t, step.pool or "main") > total - left:
                yield warning(
                    ("capital", "waterfall", name),
                    f"a share of what can be paid at grid point {t}, while {say(round(left))} of "
                    "costs at the means are still to be drawn: what is shared does not repay them",
                    f"due: {ends}, when costs have ended, or a reserve step before it",
                )
                break


EXPECTED = (check_needs, check_last_draws)
