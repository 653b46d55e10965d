"""A payment term in plain words: what counts, how much is paid for it, when."""

from __future__ import annotations

from collections.abc import Mapping

from pfs_sim.model.contract import Condition, Term, Trigger, YearCap
from pfs_sim.model.evaluation import (
    Best,
    Blend,
    Fallback,
    OutcomeMeasure,
    PersonMeasure,
    Product,
    ProgramMeasure,
    Ratio,
    Switch,
    Worst,
)
from pfs_sim.model.scenario import Scenario
from pfs_sim.model.schedules import Fixed, Pieces, Points, RateCard, SavingsShare, Schedule, Tiers
from pfs_sim.report.html.naming import isolate, name_outcome, name_tranche, plain, write_day
from pfs_sim.report.termsheet.scales import scale_of
from pfs_sim.report.termsheet.words import Words, money, number, percent, singular

MOST_STEPS = 6
_STATISTICS = {
    "mean": "average for each client: {outcome}",
    "difference": "difference for each client: {outcome}",
    "relative_reduction": "relative {change}: {outcome}",
}
_DESIGNS = {
    "rct": "against the randomized control arm",
    "matched": "against a matched comparison group",
    "historical": "against a level fixed in the contract",
    "validated": "each one verified",
}
_COUNTED = {
    "referred": "people referred", "eligible": "people eligible and consenting",
    "enrolled": "people enrolled, in both arms", "treated": "people enrolled in treatment",
    "control": "people enrolled as controls", "completed": "clients who completed treatment",
    "left": "clients who left early", "active": "clients in service at the date",
}
_PERIODS = {"month": "month", "quarter": "quarter", "half_year": "half-year", "year": "year"}


def write_span(scenario: Scenario, length: int | str) -> str:
    """`2 quarters` for two periods of a quarter; lengths of time as they are written."""
    text = str(length)
    count = text.split()[0]
    if "month" in text or "year" in text:
        return text
    unit = _PERIODS[scenario.clock.period]
    return f"{count} {unit}{'' if count == '1' else 's'}"


def write_when(scenario: Scenario, when: int | str) -> str:
    """The date of an evaluation, a grid point or a date."""
    dates = scenario.evaluation.dates
    clock = scenario.clock
    if isinstance(when, str) and when in dates:
        day = clock.date(clock.grid(dates[when]))
        return f"{plain(when).lower()}, {write_day(day)}"
    return write_day(clock.date(clock.grid(when)))


def write_level(scenario: Scenario, name: str | None, value: float) -> str:
    """A level of a measure: in percent, in percentage points, or as the number that it is."""
    scale = scale_of(Words(scenario), name)
    if scale.kind in ("percent", "points", "money"):
        return scale.say(value, Words(scenario))
    return number(value)


def name_unit(scenario: Scenario, name: str | None) -> str:
    """What a price is for: `placement`, `person`, `1.00 of the measure`."""
    measure = scenario.evaluation.measures.get(name or "")
    kind = scale_of(Words(scenario), name).kind
    if kind != "units":
        return "dollar earned" if kind == "money" else "1.00 of the measure"
    outcome = None
    if isinstance(measure, OutcomeMeasure):
        outcome = scenario.outcomes.get(measure.outcome)
    return singular(outcome.unit if outcome and outcome.unit else "units") if outcome else "person"


def say_measure(scenario: Scenario, name: str, depth: int = 0) -> str:
    """What a measure measures."""
    measure = scenario.evaluation.measures.get(name)
    if isinstance(measure, OutcomeMeasure):
        return _say_outcome_measure(scenario, measure)
    if isinstance(measure, ProgramMeasure):
        return _COUNTED[measure.program]
    if isinstance(measure, PersonMeasure):
        parts = [
            f"{money(price.value, scenario.currency)} for {name_outcome(scenario, outcome)}"
            for outcome, price in measure.person.items()
        ]
        most = money(measure.cap.value, scenario.currency)
        return f"money earned client by client ({'; '.join(parts)}), at most {most} each"
    if depth > 2:
        return plain(name).lower()

    def part(of: str) -> str:
        return say_measure(scenario, of, depth + 1)

    if isinstance(measure, Blend):
        terms = [f"{number(w.value)} × [{part(of)}]" for of, w in measure.blend.items()]
        return "weighted sum of " + " and ".join(terms)
    if isinstance(measure, Ratio):
        return f"[{part(measure.ratio[0])}] over [{part(measure.ratio[1])}]"
    if isinstance(measure, Product):
        return " times ".join(f"[{part(of)}]" for of in measure.product)
    if isinstance(measure, Best):
        return "the best of " + "; ".join(part(of) for of in measure.best_of)
    if isinstance(measure, Worst):
        return "the worst of " + "; ".join(part(of) for of in measure.worst_of)
    if isinstance(measure, Fallback):
        return ", or without data ".join(part(of) for of in measure.fallback)
    if isinstance(measure, Switch):
        day = write_when(scenario, measure.date)
        return f"{part(measure.before)}; from {day}: {part(measure.then)}"
    return plain(name).lower()


def _say_outcome_measure(scenario: Scenario, measure: OutcomeMeasure) -> str:
    outcome = scenario.outcomes.get(measure.outcome)
    label = name_outcome(scenario, measure.outcome)
    units = (outcome.unit if outcome else "") or "units"
    lower = outcome is not None and outcome.good == "lower"
    if measure.statistic == "measured":
        return f"clients measured: {label}"
    if measure.statistic == "total":
        said = f"{units} counted: {label}"
    elif measure.statistic == "averted":
        said = f"{units} {'avoided' if lower else 'gained'}: {label}"
    else:
        change = "reduction" if lower else "rise"
        said = _STATISTICS[measure.statistic].format(outcome=label, change=change)
    design = _DESIGNS[measure.design]
    if measure.comparison is not None:
        design = f"against {number(measure.comparison.value)}, fixed in the contract"
    return f"{said}, {design}"


def say_schedule(scenario: Scenario, term: Term) -> str:
    """How the measure becomes an amount."""
    schedule = term.schedule

    def amount(value: float) -> str:
        return _write_paid(scenario, term, value)

    def level(value: float) -> str:
        return write_level(scenario, term.measure, value)

    if isinstance(schedule, RateCard):
        said = f"{amount(schedule.price.value)} for each {name_unit(scenario, term.measure)}"
        if schedule.start.value:
            said += f", once the measure reaches {level(schedule.start.value)}"
        return f"{said}; below zero the investors pay" if schedule.both_ways else said
    if isinstance(schedule, SavingsShare):
        worth = money(schedule.value.value, scenario.currency)
        said = f"{percent(schedule.share.value)} of the {worth} that each one saves"
        start = schedule.start.value
        return f"{said}, once the measure reaches {level(start)}" if start else said
    if isinstance(schedule, Fixed):
        return f"{amount(schedule.amount.value)}, whatever is measured"
    return _say_knots(schedule, amount, level)


def _say_knots(schedule: Schedule, amount: object, level: object) -> str:
    assert callable(amount) and callable(level)
    reach = "more than" if schedule.above else "at least"
    if isinstance(schedule, Tiers):
        steps = [f"{amount(y.value)} for {reach} {level(x.value)}" for x, y in schedule.tiers]
        lead = f"{amount(schedule.below.value)} below {level(schedule.tiers[0][0].value)}; "
        return (lead if schedule.below.value else "") + "; ".join(shorten(steps))
    if isinstance(schedule, Points):
        steps = [f"{amount(y.value)} at {level(x.value)}" for x, y in schedule.points]
        said = "straight lines from " + " to ".join(shorten(steps))
        if schedule.threshold is not None:
            said += f"; nothing below {level(schedule.threshold.value)}"
        return said
    assert isinstance(schedule, Pieces)
    first = schedule.pieces[0][0].value
    below = schedule.below.value
    steps = [f"{amount(below) if below else 'nothing'} below {level(first)}"]
    for x, y, rate in schedule.pieces:
        step = f"from {level(x.value)} on "
        step += f"{amount(y.value)}" if y.value or not rate.value else ""
        if rate.value:
            step += f"{' and ' if y.value else ''}{amount(rate.value)} for each one more"
        steps.append(step)
    return "; ".join(shorten(steps))


def shorten(steps: list[str]) -> list[str]:
    """A long list by its first steps and its last one."""
    if len(steps) <= MOST_STEPS:
        return steps
    left = len(steps) - MOST_STEPS
    return [*steps[: MOST_STEPS - 1], f"… {left} more steps …", steps[-1]]


def _write_paid(scenario: Scenario, term: Term, value: float) -> str:
    if term.pays == "irr":
        return f"an annual return of {percent(value)} to the investors"
    if term.pays == "principal_share":
        return f"{percent(value)} of the investors' principal"
    return money(value, scenario.currency)


def say_conditions(scenario: Scenario, term: Term) -> list[str]:
    """What else a term says: conditions, multipliers, caps of a year, holdbacks."""
    found = []
    if isinstance(term.times, str):
        found.append(f"times {say_measure(scenario, term.times)}")
    elif term.times.value != 1.0:
        found.append(f"times {number(term.times.value)}")
    found += _say_bounds(scenario, "only if", " and ", term.only_if)
    found += _say_bounds(scenario, "only if", " or ", term.any_of)
    if term.unless_paid:
        others = " or ".join(f"“{plain(name).lower()}”" for name in term.unless_paid)
        found.append(f"unless {others} has paid")
    if term.floor is not None:
        found.append(f"at least {money(term.floor.value, scenario.currency)}")
    if term.fiscal_year_cap is not None:
        found.append(_say_year_cap(scenario, term.fiscal_year_cap))
    if term.holdback is not None:
        when = write_when(scenario, term.holdback.release)
        found.append(f"{percent(term.holdback.share.value)} held back until {when}")
    if term.escalation is not None:
        found.append(f"rising {percent(term.escalation.rate.value)} a year")
    if term.switch is not None:
        factor = f"{term.switch.factor.value:.6g}"
        found.append(f"times {factor} once principal and interest are repaid")
    if term.claw_back:
        found.append("what was paid too early is paid back")
    return found


def say_limits(scenario: Scenario) -> list[str]:
    """What limits or changes the payments of all terms: caps, payors who fail, triggers."""
    contract, currency = scenario.contract, scenario.currency
    found = []
    most = [] if contract.cap is None else [f"at most {money(contract.cap.value, currency)}"]
    if contract.fiscal_year_cap is not None:
        most.append(_say_year_cap(scenario, contract.fiscal_year_cap))
    if most:
        found.append(f"All terms together: {'; '.join(most)}.")
    for name, payor in contract.payors.items():
        most = [] if payor.cap is None else [f"at most {money(payor.cap.value, currency)} in all"]
        if payor.fiscal_year_cap is not None:
            most.append(_say_year_cap(scenario, payor.fiscal_year_cap))
        if payor.default is not None:
            fails = percent(payor.default.probability.mean())
            lost = percent(payor.default.lost.value)
            most.append(
                f"in each fiscal year its appropriation fails with a probability of {fails}, and "
                f"{lost} of what is due then is lost"
            )
            if str(payor.default.late).split()[0] != "0":
                most[-1] += f", the rest {write_span(scenario, payor.default.late)} late"
        if most:
            found.append(f"{isolate(payor.label or plain(name))}: {'; '.join(most)}.")
    return found + [_say_trigger(scenario, trigger) for trigger in contract.triggers.values()]


def _say_year_cap(scenario: Scenario, cap: YearCap) -> str:
    rest = "carried over" if cap.excess == "carry" else "lost"
    return f"at most {money(cap.amount.value, scenario.currency)} in a fiscal year, the rest {rest}"


def _say_trigger(scenario: Scenario, trigger: Trigger) -> str:
    bounds = _say_bounds(scenario, "if", " and ", trigger.only_if)
    bounds += _say_bounds(scenario, "if", " or ", trigger.any_of)
    what = {
        "terminate": "the program is ended"
        + ("" if trigger.pays_after else ", and nothing is evaluated after it"),
        "stop_funding": "no more is drawn from "
        + " and ".join(name_tranche(scenario, name) for name in trigger.tranches),
        "expand": "the program is expanded",
    }[trigger.action]
    if trigger.target is not None:
        what += f", to {trigger.target:,} clients"
    if trigger.window_end is not None:
        what += f", with enrollment until {write_when(scenario, trigger.window_end)}"
    when = "; ".join(shorten([write_when(scenario, when) for when in trigger.at]))
    condition = " and ".join(bounds)
    return f"{when}: {condition + ', ' if condition else ''}{what}."


def _say_bounds(
    scenario: Scenario, lead: str, joint: str, bounds: Mapping[str, Condition]
) -> list[str]:
    said = []
    for bound in bounds.values():
        name = plain(bound.measure).lower()
        if bound.at_least is not None:
            said.append(f"{name} ≥ {write_level(scenario, bound.measure, bound.at_least.value)}")
        if bound.below is not None:
            said.append(f"{name} < {write_level(scenario, bound.measure, bound.below.value)}")
    return [f"{lead} {joint.join(said)}"] if said else []


def say_timing(scenario: Scenario, term: Term) -> str:
    """When it falls due and when the money arrives."""
    dates = scenario.evaluation.dates
    if isinstance(term.schedule, Fixed) and term.at is None:
        said = "at every evaluation"
    elif term.at is None:
        said = f"at {'each of the ' + str(len(dates)) if len(dates) > 1 else 'the'} evaluation"
        said += "s" if len(dates) > 1 else ""
    else:
        said = "; ".join(shorten([write_when(scenario, when) for when in term.at]))
    lag = term.lag
    if str(lag).split()[0] != "0":
        said += f"; paid {write_span(scenario, lag)} later"
    return said
