"""What the language knows, read from the code, so that the list cannot go stale."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple, get_args

# Lines for words that the field's own description does not explain one by one.
LINES: dict[str, dict[str, str]] = {
    "scale": {
        "log_odds_ratio": "Logarithm of an odds ratio (`point` is the ratio unless `as: log`).",
        "log_relative_risk": "Logarithm of a relative risk.",
        "log_hazard_ratio": "Logarithm of a hazard ratio.",
        "log_ratio": "Logarithm of a ratio of means.",
        "risk_difference": "Difference of two probabilities, or of two means.",
        "smd": "Standardized mean difference.",
    },
    "method": {
        "none": "No control arm: all are treated.",
        "simple": "Each by a toss of a coin.",
        "blocked": "Exact shares within permuted blocks.",
    },
    "design": {
        "rct": "The control arm of the same cohorts; sampling noise of both arms.",
        "matched": "A comparison sample of a given ratio; its bias is drawn once a path.",
        "historical": "A level written in the contract; drift and a wrong level move payments.",
        "validated": "No comparison: each verified success counts; errors of the record remain.",
    },
    "sample": {
        "assigned": "All who were assigned, started or not.",
        "treated": "Those who started.",
        "completed": "Those who completed.",
    },
    "counted": {
        "referred": "People referred.",
        "eligible": "People eligible and consenting.",
        "enrolled": "People enrolled, in both arms.",
        "treated": "People enrolled in treatment.",
        "control": "People enrolled as controls.",
        "completed": "Clients who completed treatment.",
        "left": "Clients who left early.",
        "active": "Clients in service at the date.",
    },
    "statistic": {
        "total": "Units counted.",
        "mean": "Units per client.",
        "measured": "Clients measured: the size of the sample.",
        "difference": "Comparison less treated (the reverse where higher is good).",
        "relative_reduction": "The difference over the comparison.",
        "averted": "The difference times the clients treated.",
    },
    "pays": {
        "money": "An amount of money.",
        "irr": "A return table: the annual IRR to which the payment brings the investors.",
        "principal_share": "A return table: the share of principal that the investors get back.",
    },
    "action": {
        "terminate": "Ends the program, with a cost of winding down.",
        "stop_funding": "Lets named tranches stop their draws.",
        "expand": "Raises the target of enrollment and its window.",
    },
    "tranche": {
        "loan": "Bears a coupon, accrued or paid, simple or compound.",
        "recoverable_grant": "No coupon; repaid if money remains.",
        "grant": "Never repaid.",
        "deferred_fee": "A fee that the provider or intermediary puts at risk.",
        "equity": "A share of what remains.",
    },
    "step": {
        "fee": "An amount owed to a party.",
        "interest": "Interest owed to tranches.",
        "principal": "Principal owed to tranches.",
        "return": "Whatever brings tranches to a target IRR.",
        "share": "Shares of what is left.",
        "reserve": "Kept as working capital.",
    },
    "guarantee": {
        "additive": "Pays a share of the principal that was not returned.",
        "floor": "Tops up what was returned to a share of what was drawn (or committed).",
    },
    "source": {
        "effect": "The true effect of the program on each outcome.",
        "baseline": "What happens without the program, and its drift.",
        "enrollment": "Referrals, eligibility, consent, assignment.",
        "attrition": "Leaving early; loss to follow-up.",
        "chance": "Who happens to have the event: finite samples in both arms.",
        "bias": "The error of an evaluation that does not randomize.",
        "cost": "Cost overruns.",
        "payor": "An appropriation that fails or is late.",
    },
}


class Kind(NamedTuple):
    """A word of the language, and what it means in one line."""

    name: str
    line: str


class Group(NamedTuple):
    """Words that may stand in one place of a scenario."""

    title: str
    place: str  # where they are written
    kinds: list[Kind]


def list_kinds() -> list[Group]:
    """Every group of words, in the order of a scenario."""
    from pfs_sim.model import (
        capital,
        contract,
        evaluation,
        outcomes,
        program,
        scenario,
        schedules,
    )
    from pfs_sim.model.quantities import FAMILIES, load_families
    from pfs_sim.plan.row import SOURCES

    load_families()
    families = [Kind(name, _say_family(found)) for name, found in sorted(FAMILIES.items())]
    hazards = {
        _literals(kind.model_fields["kind"].annotation)[0]: kind
        for kind in get_args(get_args(program.Hazard)[0])
    }
    measure, of_program = evaluation.OutcomeMeasure, evaluation.ProgramMeasure
    named = "evaluation.measures.<name>"
    return [
        Group("Distributions", "any uncertain number: {dist: …}", families),
        _choices("Scales of a published effect", "{dist: estimate, scale: …}", "scale",
                 FAMILIES["estimate"], "scale"),
        _choices("Assignment", "program.assignment.method", "method",
                 program.Assignment, "method"),
        _nouns("Hazards of leaving early", "program.attrition.hazard.kind", hazards),
        _nouns(
            "Outcomes",
            "outcomes.<name>.kind",
            {**outcomes.OUTCOME_KINDS, **scenario.OUTCOME_PRESETS},
        ),
        _nouns("Measures", f"{named}, by its key", evaluation.MEASURE_KINDS),
        _choices("Statistics of an outcome", f"{named}.statistic", "statistic",
                 measure, "statistic"),
        _choices("Designs", f"{named}.design", "design", measure, "design"),
        _choices("Samples", f"{named}.sample", "sample", measure, "sample"),
        _choices("Counts of the program", f"{named}.program", "counted", of_program, "program"),
        _nouns("Schedules", "contract.terms.<name>.schedule.kind", schedules.SCHEDULE_KINDS),
        _choices("What a schedule gives", "contract.terms.<name>.pays", "pays",
                 contract.Term, "pays"),
        _choices("Triggers", "contract.triggers.<name>.action", "action",
                 contract.Trigger, "action"),
        _extend(
            _choices("Tranches", "capital.tranches.<name>.kind", "tranche",
                     capital.Tranche, "kind"),
            _nouns("", "", capital.TRANCHE_PRESETS),
        ),
        _choices("Steps of the waterfall", "capital.waterfall.<name>.pay", "step",
                 capital.Step, "pay"),
        _choices("Guarantees", "capital.guarantees.<name>.kind", "guarantee",
                 capital.Guarantee, "kind"),
        Group("Sources of risk", "each random number belongs to one",
              [Kind(name, LINES["source"][name]) for name in SOURCES]),
    ]


def _first_line(kind: type) -> str:
    return (kind.__doc__ or "").strip().splitlines()[0]


def _nouns(title: str, place: str, kinds: Mapping[str, type]) -> Group:
    """Classes by the word that a file uses."""
    return Group(title, place, [Kind(name, _first_line(kind)) for name, kind in kinds.items()])


def _extend(group: Group, more: Group) -> Group:
    """A group with the kinds of another."""
    return group._replace(kinds=[*group.kinds, *more.kinds])


def _say_family(family: Any) -> str:
    """What a distribution is, and the keys by which it may be given."""
    ways = [" and ".join(f"`{key}`" for key in way) for way in family.ways]
    own = family.keys()
    keys = "; or ".join(ways) or ", ".join(f"`{key}`" for key in own)
    return f"{_first_line(family)} Keys: {keys}."


def _choices(title: str, place: str, lines: str, noun: Any, field: str) -> Group:
    """The words that a field allows."""
    words = _literals(noun.model_fields[field].annotation)
    return Group(title, place, [Kind(word, LINES[lines][word]) for word in words])


def _literals(annotation: Any) -> list[str]:
    """The words of a Literal, also where None is allowed beside it."""
    arguments = get_args(annotation)
    if all(isinstance(word, str) for word in arguments):
        return list(arguments)
    return [word for part in arguments for word in _literals(part)]
