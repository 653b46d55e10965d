"""What cannot be, or hardly will be, in a payment term (model §8)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from pfs_sim.errors import Finding
from pfs_sim.model.checks.clock import check_moment, grid, periods_to, read_moment
from pfs_sim.model.checks.conditions import check_conditions
from pfs_sim.model.checks.measures import bases, unit
from pfs_sim.model.checks.naming import Path, say, unknown, unknown_all, warning
from pfs_sim.model.schedules import Fixed, Pieces, Points, RateCard, SavingsShare, Tiers

if TYPE_CHECKING:
    from pfs_sim.model.contract import Term
    from pfs_sim.model.scenario import Scenario

_A_MEASURE = "a measure of this file"
_HIGH_RETURN = 0.3  # return caps of closed deals: 3.4 to 30 %


def terms(scenario: Scenario) -> Iterator[tuple[Path, Term]]:
    """Every term with its place."""
    for name, term in scenario.contract.terms.items():
        yield ("contract", "terms", name), term


def dues(scenario: Scenario, term: Term) -> list[int]:
    """Grid points on the grid at which a term is determined, rising."""
    clock, dates = scenario.clock, scenario.evaluation.dates
    found = []
    for when in list(dates) if term.at is None else term.at:
        moment = dates[when] if when in dates else read_moment(when)
        if moment is not None and (when in dates or isinstance(term.schedule, Fixed)):
            found.append(grid(clock, moment))
    return sorted(t for t in found if t <= clock.periods)


def check_measures(scenario: Scenario) -> Iterator[Finding]:
    """A term looks at a measure that exists; only a fixed amount looks at none."""
    measures = scenario.evaluation.measures
    for path, term in terms(scenario):
        fixed = isinstance(term.schedule, Fixed)
        if term.measure is None and not fixed:
            yield Finding(
                (*path, "measure"),
                "missing",
                f"required by a schedule of kind {term.schedule.kind}: {', '.join(measures)}",
            )
        elif term.measure is not None and fixed:
            yield Finding(
                (*path, "measure"),
                f"`{term.measure}` with a fixed schedule, which looks at none",
                "no measure (a condition on it stands in only_if)",
            )
        elif term.measure is not None and term.measure not in measures:
            yield unknown((*path, "measure"), term.measure, measures, _A_MEASURE)
        if isinstance(term.times, str):
            if term.times not in measures:
                what = "a number or a measure of this file"
                yield unknown((*path, "times"), term.times, measures, what)
        elif term.times.value <= 0.0:
            yield warning((*path, "times"), say(term.times.value), "above 0")


def check_dates(scenario: Scenario) -> Iterator[Finding]:
    """A term falls due at evaluations that exist, and is paid on the grid."""
    clock, dates = scenario.clock, scenario.evaluation.dates
    for path, term in terms(scenario):
        at: Path = (*path, "at")
        fixed = isinstance(term.schedule, Fixed)
        if term.at is not None and not term.at:
            yield Finding(at, "no date, so it never falls due", "evaluations, or no `at` for all")
        for i, when in enumerate(term.at or ()):
            if when in (term.at or ())[:i]:
                yield Finding((*at, i), f"{when} for the second time", "each date once")
            elif when in dates:
                continue
            elif not fixed or read_moment(when) is None:
                also = ", a grid point or a date" if fixed else ""
                what = f"the name of an evaluation{also}"
                yield unknown((*at, i), str(when), dates, what)
            else:
                yield from check_moment(clock, (*at, i), read_moment(when) or 0)
        found, lag = dues(scenario, term), clock.span(term.lag)
        if found and found[-1] + lag > clock.periods:
            yield Finding(
                (*path, "lag") if lag else at,
                f"a last payment at grid point {found[-1] + lag}, past the grid, which ends at "
                f"{clock.periods}",
                f"clock.periods: {found[-1] + lag} or more, or a shorter lag",
            )
        if fixed and term.at is None and len(dates) > 1:
            yield warning(
                at,
                f"no date for a fixed amount, so it is paid at each of {len(dates)} evaluations",
                "the evaluations or dates at which it is paid",
            )


def check_amounts(scenario: Scenario) -> Iterator[Finding]:
    """Cap, floor and what the schedule pays agree."""
    total = scenario.contract.cap
    for path, term in terms(scenario):
        floor = None if term.floor is None else term.floor.value
        for where, cap in (("the term's cap", term.cap), ("the contract's cap", total)):
            if floor is not None and cap is not None and cap.value < floor:
                yield Finding(
                    (*path, "floor"), f"{say(floor)}, above {where}", f"up to {say(cap.value)}"
                )
                break
        if term.cap is not None and term.cap.value == 0.0:
            yield warning((*path, "cap"), "0, so the term never pays", "above 0")
        if term.claw_back and (term.basis == "each" or isinstance(term.schedule, Fixed)):
            yield Finding(
                (*path, "claw_back"),
                "true where every date is paid on its own",
                "basis: cumulative (there is nothing to be paid back)",
            )
        yield from _check_tiers_and_cap(term, path)
        yield from _check_return_table(scenario, term, path)
        below = getattr(term.schedule, "below", None)
        pays = bool(knots(term)) or (below is not None and below.value != 0.0)
        if not pays and not isinstance(term.schedule, Fixed) and term.floor is None:
            yield warning((*path, "schedule"), "a schedule that never pays anything", "an amount")


def knots(term: Term) -> list[tuple[float, float]]:
    """(measure, amount or price) at the knots where a schedule pays anything."""
    schedule = term.schedule
    if isinstance(schedule, Tiers | Points | Pieces):
        given = {Tiers: "tiers", Points: "points", Pieces: "pieces"}[type(schedule)]
        rows = [[number.value for number in row] for row in getattr(schedule, given)]
        return [(row[0], row[1]) for row in rows if any(row[1:])]
    if isinstance(schedule, RateCard):
        return [(schedule.start.value, schedule.price.value)] if schedule.price.value else []
    if isinstance(schedule, SavingsShare):
        price = schedule.value.value * schedule.share.value
        return [(schedule.start.value, price)] if price else []
    if isinstance(schedule, Fixed):
        return []
    found = schedule.segments()  # a rule of another package
    rows = zip(found.x, found.y, found.slope, strict=True)
    return [(x, y or slope) for x, y, slope in rows if y or slope]


def _check_tiers_and_cap(term: Term, path: Path) -> Iterator[Finding]:
    plain = term.pays == "money" and not isinstance(term.times, str) and term.times.value == 1.0
    if term.cap is None or not isinstance(term.schedule, Tiers) or not plain:
        return
    for i, (_, amount) in enumerate(term.schedule.tiers):
        if amount.value > term.cap.value:
            yield warning(
                (*path, "schedule", "tiers", i, 1),
                f"{say(amount.value)}, more than the term's cap of {say(term.cap.value)}",
                "amounts up to the cap",
            )


def _check_return_table(scenario: Scenario, term: Term, path: Path) -> Iterator[Finding]:
    """A schedule of returns is solved back to payments of investors that exist."""
    if term.pays == "money":
        return
    if not any(
        tranche.kind not in ("grant", "deferred_fee")
        for tranche in scenario.capital.tranches.values()
    ):
        yield Finding(
            (*path, "pays"),
            f"{term.pays}, without investors",
            "money, or a tranche in capital.tranches that is repaid",
        )
    if isinstance(term.times, str) or term.times.value != 1.0:
        yield Finding(
            (*path, "times"),
            f"a factor on {term.pays}",
            "no `times`: a return is no amount of money",
        )
    most = max((abs(amount) for _, amount in knots(term)), default=0.0)
    if isinstance(term.schedule, Fixed):
        most = abs(term.schedule.amount.value)
    if term.pays == "irr" and most > _HIGH_RETURN:
        yield warning(
            (*path, "schedule"),
            f"an IRR of {say(most)}",
            "an annual return as a fraction, such as 0.05 for 5 %",
        )
    if term.pays == "principal_share" and most > 2.5:
        yield warning(
            (*path, "schedule"), f"{say(most)} times the principal", "a share, such as 1.05"
        )


def check_basis(scenario: Scenario) -> Iterator[Finding]:
    """What is to date is not paid twice, and what is new not set against what was paid."""
    for path, term in terms(scenario):
        if term.measure is None or len(dues(scenario, term)) < 2:
            continue
        found = bases(scenario.evaluation.measures, term.measure)
        counted = unit(scenario, term.measure) in ("count", "money")
        if term.basis == "each" and found == {"cumulative"} and counted:
            yield warning(
                (*path, "basis"),
                f"each, of `{term.measure}`, which counts all to date: it is paid again every time",
                "cumulative (or a measure with basis: vintage)",
            )
        elif term.basis == "cumulative" and found == {"vintage"}:
            yield warning(
                (*path, "basis"),
                f"cumulative, of `{term.measure}`, which counts what is new: earlier payments are "
                "taken off later ones",
                "each (or a measure with basis: cumulative)",
            )


def check_units(scenario: Scenario) -> Iterator[Finding]:
    """Percentages are written as fractions, and counts come in whole units."""
    for path, term in terms(scenario):
        found = None if term.measure is None else unit(scenario, term.measure)
        given = [x for x, _ in knots(term)]
        if found is None or not given:
            continue
        schedule = (*path, "schedule")
        if found == "fraction" and max(given) > 1.0:
            yield warning(
                schedule,
                f"a knot at {say(max(given))}, while `{term.measure}` is a fraction of at most 1",
                f"knots from 0 to 1, such as {say(max(given) / 100.0)} for {say(max(given))} %",
            )
        if found == "count" and 0.0 < max(given) < 1.0:
            yield warning(
                schedule,
                f"knots up to {say(max(given))}, while `{term.measure}` is a count",
                "knots in units, such as 100",
            )
        yield from _check_price(scenario, term, path, found)


def _check_price(scenario: Scenario, term: Term, path: Path, found: str) -> Iterator[Finding]:
    """A price per percentage point on a measure of which one unit is all."""
    cap = term.cap or scenario.contract.cap
    if found != "fraction" or not isinstance(term.schedule, RateCard) or cap is None:
        return
    price, plain = term.schedule.price.value, not isinstance(term.times, str)
    factor = 0.0 if isinstance(term.times, str) else term.times.value
    if plain and term.pays == "money" and 0.0 < price * factor < 0.02 * cap.value:
        yield warning(
            (*path, "schedule", "price"),
            f"{say(price)} for one unit of `{term.measure}`, of which 1 is 100 %, under a cap of "
            f"{say(cap.value)}",
            f"the price of 100 points: {say(price * 100.0)} if this is the price of one",
        )


def check_returns(scenario: Scenario) -> Iterator[Finding]:
    """Return tables that pay the principal back where nothing has been achieved."""
    for path, term in terms(scenario):
        if term.pays != "irr" or term.schedule.kind == "fixed":
            continue
        found = term.schedule.segments()
        if found.below == 0.0 and found.below_slope == 0.0:
            yield warning(
                (*path, "schedule"),
                f"an IRR of 0 % for a measure below {say(found.x[0])}, which pays the whole "
                "principal back",
                "a rate of -1 there, where nothing is to be paid (tiers, pieces: below: -1)",
            )


def check_escalation(scenario: Scenario) -> Iterator[Finding]:
    """Price indices that raise what has been paid before."""
    for path, term in terms(scenario):
        again = term.at is None or len(term.at) > 1
        if (
            term.escalation is not None
            and term.escalation.rate.value != 0.0
            and term.basis == "cumulative"
            and term.schedule.kind != "fixed"
            and term.pays == "money"
            and (again and len(scenario.evaluation.dates) > 1)
        ):
            yield warning(
                (*path, "escalation"),
                "a price index on a cumulative term: at every evaluation all units to date have "
                "the new price, those paid before too",
                "basis: each, on a measure with basis: vintage, where a unit keeps its price",
            )


def check_relations(scenario: Scenario) -> Iterator[Finding]:
    """What a term says of other terms, payors and tranches."""
    contract, tranches = scenario.contract, scenario.capital.tranches
    names = list(contract.terms)
    for path, term in terms(scenario):
        own = str(path[-1])
        others = [name for name in names if name != own]
        yield from unknown_all((*path, "unless_paid"), term.unless_paid, others, "another term")
        for i, name in enumerate(term.unless_paid):
            if name in others and names.index(name) > names.index(own):
                yield warning(
                    (*path, "unless_paid", i),
                    f"`{name}`, which stands later: at a common date it has not claimed yet",
                    "a term above this one (terms are determined in the order of the file)",
                )
        yield from _check_payors(scenario, term, path)
        if term.switch is not None:
            at: Path = (*path, "switch")
            what = "a tranche of this file"
            yield from unknown_all((*at, "tranches"), term.switch.tranches, tranches, what)
            for i, name in enumerate(term.switch.tranches):
                if name in tranches and tranches[name].kind == "grant":
                    yield Finding((*at, "tranches", i), "a grant, never repaid", "other tranches")
            factor = term.switch.factor.value
            if factor < 0.0:
                yield Finding((*at, "factor"), say(factor), "0 or more")
            elif factor > 1.0:
                yield warning(
                    (*at, "factor"),
                    f"{say(factor)}: more is shared once the tranches are repaid",
                    "the share afterwards over the share before (0.40/0.95), below 1",
                )


def _check_payors(scenario: Scenario, term: Term, path: Path) -> Iterator[Finding]:
    if term.payors is None:
        return
    known, at = scenario.contract.payors, (*path, "payors")
    for name in term.payors:
        if name not in known:
            yield unknown((*at, name), name, known, "a payor of contract.payors")
    total = sum(share.value for share in term.payors.values())
    if not term.payors:
        yield Finding(at, "no payor", "at least one (or no `payors`: all in equal shares)")
    elif abs(total - 1.0) > 1e-6:
        yield Finding(at, f"shares that add to {total:.10g}", "shares that add to 1")


def check_timing(scenario: Scenario) -> Iterator[Finding]:
    """Conditions, holdbacks and price indexes have their time."""
    clock = scenario.clock
    for path, term in terms(scenario):
        yield from check_conditions(scenario, (*path, "only_if"), term.only_if)
        yield from check_conditions(scenario, (*path, "any_of"), term.any_of)
        if term.escalation is not None:
            since = (*path, "escalation", "since")
            yield from check_moment(clock, since, term.escalation.since, early=True)
        if term.holdback is None:
            continue
        hold, at = term.holdback, (*path, "holdback")
        yield from check_conditions(scenario, (*at, "only_if"), hold.only_if)
        wrong = list(check_moment(clock, (*at, "release"), hold.release))
        yield from wrong
        found, release = dues(scenario, term), grid(clock, hold.release)
        if wrong or not found:
            continue
        if release <= found[0]:
            yield Finding(
                (*at, "release"),
                f"{hold.release}, not after the first payment falls due (grid point {found[0]})",
                f"after grid point {found[-1]}, when the last payment falls due",
            )
        elif release < found[-1]:
            yield warning(
                (*at, "release"),
                f"{hold.release}; of what falls due after it nothing is held back",
                f"grid point {found[-1]} or later, when the last payment falls due",
            )
        if release + clock.span(term.lag) > clock.periods:
            yield Finding(
                (*at, "release"),
                f"{hold.release}, paid past the grid with a lag of {term.lag}",
                f"clock.periods: {periods_to(clock, hold.release) + clock.span(term.lag)} or more",
            )
        if hold.share.value == 0.0:
            yield warning((*at, "share"), "0, so nothing is held back", "above 0")


CHECKS = (
    check_measures,
    check_dates,
    check_amounts,
    check_basis,
    check_units,
    check_returns,
    check_escalation,
    check_relations,
    check_timing,
)
