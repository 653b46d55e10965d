"""What things are called on a page: deals by people, quantities by what they mean."""

from __future__ import annotations

import unicodedata
from datetime import date

from pfs_sim.model.scenario import Scenario

_RIGHT_TO_LEFT = {"R", "AL", "AN", "RLE", "RLO", "LRE", "LRO", "RLI", "LRI", "FSI"}
_QUANTITIES = {
    "program.referrals.multiplier": "How many are referred, against plan",
    "program.referrals.per_period": "Planned referrals",
    "program.eligible": "Share eligible",
    "program.consent": "Share consenting",
    "program.attrition.multiplier": "How many leave early, against plan",
    "program.attrition.control": "How many controls drop out",
    "program.attrition.no_show": "Share that never starts",
    "capital.overrun": "Cost overruns",
}
_OUTCOME = {
    "effect": "Effect of the program",
    "level": "Level without the program",
    "drift": "Drift over time without the program",
}
SOURCES = {
    "effect": "True effect of the program",
    "baseline": "What happens without the program",
    "enrollment": "Enrollment",
    "attrition": "Leaving early",
    "chance": "Chance: who has the event",
    "bias": "Error of the evaluation",
    "cost": "Cost overruns",
    "payor": "Appropriations",
}
SHORT = {
    "effect": "True effect",
    "baseline": "Level without program",
    "enrollment": "Enroll\u00adment",
    "attrition": "Leaving early",
    "chance": "Chance",
    "bias": "Evaluation error",
    "cost": "Cost overruns",
    "payor": "Appropri\u00adations",
}
_METRICS = {
    "irr": "IRR",
    "principal_loss": "loss of principal",
    "loss_share": "share of principal lost",
    "moic": "multiple returned",
    "paid": "paid",
}
PARTIES = {
    "payor": "Government",
    "payor.payments": "Government: payments",
    "payor.net_benefit": "Government: net benefit",
    "investors": "Investors together",
    "guarantor": "Guarantor",
    "provider": "Provider",
    "intermediary": "Intermediary",
    "program": "Program",
}


def isolate(name: str) -> str:
    """A name that may run from right to left, so that the sentence around it stays in order."""
    mixed = any(unicodedata.bidirectional(letter) in _RIGHT_TO_LEFT for letter in name)
    return f"\u2068{name}\u2069" if mixed else name


def name_outcome(scenario: Scenario, name: str) -> str:
    """The label of an outcome."""
    outcome = scenario.outcomes.get(name)
    return isolate((outcome.label if outcome else None) or plain(name))


def name_tranche(scenario: Scenario, name: str) -> str:
    """The label of a tranche."""
    tranche = scenario.capital.tranches.get(name)
    return isolate((tranche.label if tranche else None) or plain(name))


def name_term(scenario: Scenario, name: str) -> str:
    """The label of a payment term."""
    term = scenario.contract.terms.get(name)
    return isolate((term.label if term else None) or plain(name))


def name_payors(scenario: Scenario) -> str:
    """The government by name where one payor has a label, else by that word."""
    labels = [payor.label for payor in scenario.contract.payors.values() if payor.label]
    if len(scenario.contract.payors) == 1 and labels:
        return isolate(str(labels[0]))
    return "The government"


def name_party(scenario: Scenario, key: str) -> str:
    """A party of an analysis, by its key or the metric that stands for it."""
    if key in PARTIES:
        return PARTIES[key]
    head, _, rest = key.partition(".")
    name, _, metric = rest.partition(".")
    if head == "tranche" or key in scenario.capital.tranches:
        said = name_tranche(scenario, name or key)
    elif head == "guarantor" and name in scenario.capital.guarantees:
        said = isolate(scenario.capital.guarantees[name].label or plain(name))
    elif head in PARTIES:
        said, metric = PARTIES[head], rest
    else:
        return plain(key.replace(".", ", "))
    words = _METRICS.get(metric) or plain(metric).lower()
    return f"{said}: {words}" if metric else said


def name_source(key: str) -> str:
    """A source of risk."""
    return SOURCES.get(key, plain(key))


def name_quantity(scenario: Scenario, path: str) -> str:
    """An uncertain quantity by what it means; its dotted path where that is all there is."""
    if path in _QUANTITIES:
        return _QUANTITIES[path]
    parts = path.split(".")
    if parts[0] == "outcomes" and len(parts) >= 3:
        said = _OUTCOME.get(parts[2])
        if said and len(parts) == 3:
            return f"{said}: {name_outcome(scenario, parts[1])}"
        if parts[2] == "loss":
            arm = parts[3] if len(parts) > 3 else "people"
            return f"Loss to follow-up of the {arm}: {name_outcome(scenario, parts[1])}"
    if parts[0] == "evaluation" and len(parts) == 4 and parts[1] == "measures":
        return f"{plain(parts[3])} of the measure {plain(parts[2]).lower()}"
    if parts[:2] == ["contract", "savings"] and len(parts) == 4:
        return f"Value saved: {plain(parts[2]).lower()}"
    if parts[:2] == ["capital", "costs"] and len(parts) >= 4:
        return f"Cost of {plain(parts[2]).lower()}: {plain(parts[3]).lower()}"
    return path


def plain(name: str) -> str:
    """A key of a file as words: `re_referrals_averted` → `Re referrals averted`."""
    said = name.replace("_", " ").strip()
    return said[:1].upper() + said[1:]


def write_day(day: date) -> str:
    """28 Sep 2016, on every system."""
    months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
    return f"{day.day} {months[day.month - 1]} {day.year}"


def write_month(day: date) -> str:
    """Sep 2016."""
    return write_day(day).split(" ", 1)[1]


def write_fiscal_year(scenario: Scenario, year: int) -> str:
    """`July 2022 to June 2023`, or the calendar year itself."""
    first = scenario.clock.fiscal_year_start
    if first == 1:
        return f"January to December {year}"
    begin, end = date(year - 1, first, 1), date(year, first - 1, 1)
    return f"{write_month(begin)} to {write_month(end)}"
