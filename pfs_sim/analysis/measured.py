"""What was measured, by name, as values for every measure and evaluation.

A name is that of a measure, of an outcome (all base measures on it), or `program.<count>` (all
measures that count it); `measures.` and `outcomes.` before a name say which is meant. A value is
one number for every evaluation, or a number for each of some evaluations, by name or date; a name
with an evaluation behind it (`jail_days.final`) is that evaluation alone. Later ones override
earlier ones, and a measure's own name overrides what its outcome says.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from typing import Any

import numpy as np
import numpy.typing as npt

from pfs_sim.errors import InputError
from pfs_sim.model.evaluation import OutcomeMeasure, ProgramMeasure
from pfs_sim.model.outcomes import Event, Milestone
from pfs_sim.model.scenario import Scenario
from pfs_sim.simulate import nothing_given

F8 = npt.NDArray[np.float64]
Measured = Mapping[str, float | Mapping[str, float]]
"""Name → value at every evaluation, or evaluation → value."""
_WIDE, _NARROW = 0, 1
"""An outcome or a count says it of several measures; a measure's own name overrides that."""


def find_given(scenario: Scenario, measured: Measured) -> F8:
    """given[measure, evaluation] of what was measured; NaN where nothing was said.

    InputError for a name or an evaluation that does not exist (with those near it), an outcome
    whose measures say different things, a value that no measurement can have.
    """
    given = nothing_given(scenario)
    found = []
    for full, stated in measured.items():
        name, value = _split_evaluation(scenario, full, stated)
        found.append((*_find_measures(scenario, name), name, value))
    for rank in (_WIDE, _NARROW):
        for own, places, name, value in found:
            if own == rank:
                for e, number in _by_evaluation(scenario, name, value).items():
                    for m in places:
                        _refuse_impossible(scenario, m, name, number)
                        given[m, e] = number
    return given


def _split_evaluation(scenario: Scenario, name: str, value: Any) -> tuple[str, Any]:
    """`jail_days.final: 0.38` as `jail_days: {final: 0.38}`."""
    bare, _, last = name.rpartition(".")
    known = bare in list_names(scenario) or bare.startswith(("measures.", "outcomes."))
    known = known or (bare != "" and _find_evaluation(scenario, last) is not None)
    if not known or isinstance(value, Mapping):
        return name, value
    return bare, {last: value}


def _find_measures(scenario: Scenario, name: str) -> tuple[int, list[int]]:
    """Whether a name is a measure's own, and the places of the measures that it stands for."""
    measures = list(scenario.evaluation.measures)
    room, _, rest = name.partition(".")
    if name in measures or (room == "measures" and rest in measures):
        return _NARROW, [measures.index(rest or name)]
    outcome = rest if room == "outcomes" else name
    if outcome in scenario.outcomes:
        return _WIDE, _measures_of_outcome(scenario, outcome)
    counted = _measures_of_program(scenario, rest) if room == "program" else []
    if counted:
        return _WIDE, counted
    raise _unknown(scenario, name)


def _measures_of_outcome(scenario: Scenario, outcome: str) -> list[int]:
    """Base measures on an outcome, which must be one statistic of it."""
    found = {
        m: measure
        for m, measure in enumerate(scenario.evaluation.measures.values())
        if isinstance(measure, OutcomeMeasure) and measure.outcome == outcome
    }
    if not found:
        raise InputError(
            f"found {outcome!r}, an outcome that no measure looks at alone; "
            f"allowed: the name of a measure: {', '.join(scenario.evaluation.measures)}"
        )
    # How many were measured is no value of the outcome, unless nothing else is asked of it.
    found = {m: o for m, o in found.items() if o.statistic != "measured"} or found
    meant = {m: (o.statistic, o.basis, _arm(o)) for m, o in found.items()}
    if len(set(meant.values())) > 1:
        raise _ambiguous(scenario, f"the outcome {outcome!r}", meant)
    return list(found)


def _arm(measure: OutcomeMeasure) -> str:
    """Whose level a measure of one arm is."""
    return measure.arm if measure.statistic in ("total", "mean", "measured") else "treated"


def _measures_of_program(scenario: Scenario, counted: str) -> list[int]:
    """Measures of a count of the program, which must count the same."""
    found = {
        m: (measure.program, measure.basis, measure.type or "")
        for m, measure in enumerate(scenario.evaluation.measures.values())
        if isinstance(measure, ProgramMeasure) and measure.program == counted
    }
    if len(set(found.values())) > 1:
        raise _ambiguous(scenario, f"the count 'program.{counted}'", found)
    return list(found)


def _ambiguous(
    scenario: Scenario, what: str, meant: Mapping[int, tuple[str, ...]]
) -> InputError:
    names = list(scenario.evaluation.measures)
    said = [
        f"{names[m]} ({', '.join(word for word in words if word not in ('', 'treated'))})"
        for m, words in meant.items()
    ]
    return InputError(
        f"found {what}, of which measures say different things; "
        f"allowed: the name of one: {', '.join(said)}"
    )


def list_names(scenario: Scenario) -> list[str]:
    """Every name that a measured value can have."""
    measures = scenario.evaluation.measures
    names = [*measures]
    names += [m.outcome for m in measures.values() if isinstance(m, OutcomeMeasure)]
    names += [f"program.{m.program}" for m in measures.values() if isinstance(m, ProgramMeasure)]
    return list(dict.fromkeys(names))


def _unknown(scenario: Scenario, name: str) -> InputError:
    names = list_names(scenario)
    bare = name.partition(".")[2] if name.startswith(("measures.", "outcomes.")) else name
    return InputError(
        f"found no measure or outcome {name!r}; allowed: {', '.join(names)}{_near(bare, names)}"
    )


def _near(name: str, names: Sequence[str]) -> str:
    near = get_close_matches(name, names, 3, 0.5)
    return f"; did you mean {' or '.join(near)}?" if near else ""


def _by_evaluation(scenario: Scenario, name: str, value: Any) -> dict[int, float]:
    """Evaluation → number, from one number for all or a mapping by name or date."""
    held = list(scenario.evaluation.dates)
    if not isinstance(value, Mapping):
        number = _number(name, value)
        return dict.fromkeys(range(len(held)), number)
    if not value:
        raise InputError(f"{name}: found no evaluation; allowed: {', '.join(held)}")
    found: dict[int, float] = {}
    for key, number in value.items():
        at = _find_evaluation(scenario, str(key))
        if at is None:
            known = [*held, *_dates(scenario)]
            raise InputError(
                f"{name}: found no evaluation {str(key)!r}; allowed: "
                f"{', '.join(held)}{_near(str(key), known)}"
            )
        if at in found:
            raise InputError(f"{name}: found the evaluation {held[at]!r} twice; allowed: once")
        found[at] = _number(f"{name}.{key}", number)
    return found


def _dates(scenario: Scenario) -> list[str]:
    clock = scenario.clock
    return [clock.date(clock.grid(w)).isoformat() for w in scenario.evaluation.dates.values()]


def _find_evaluation(scenario: Scenario, key: str) -> int | None:
    held = list(scenario.evaluation.dates)
    if key in held:
        return held.index(key)
    dates = _dates(scenario)
    return dates.index(key) if dates.count(key) == 1 else None


def _number(name: str, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float | np.number):
        raise InputError(
            f"{name}: found {value!r}; allowed: a number (leave out what was not measured)"
        )
    if not math.isfinite(value):
        raise InputError(f"{name}: found {value}; allowed: a finite number")
    return float(value)


def _refuse_impossible(scenario: Scenario, m: int, name: str, number: float) -> None:
    """Nobody counts fewer than none, or averts more than all there is.

    A relative reduction of 38 is 38 % written as a percentage. A score can be below 0.
    """
    measure = list(scenario.evaluation.measures.values())[m]
    if isinstance(measure, ProgramMeasure):
        counts = True
    elif isinstance(measure, OutcomeMeasure):
        score = scenario.outcomes[measure.outcome].kind == "score"
        counts = measure.statistic == "measured" or (
            measure.statistic in ("total", "mean") and not score
        )
    else:
        return
    if counts and number < 0.0:
        raise InputError(f"{name}: found {number:g}, of what is counted; allowed: 0 or more")
    if not isinstance(measure, OutcomeMeasure) or measure.statistic != "relative_reduction":
        return
    if scenario.outcomes[measure.outcome].good == "lower" and number > 1.0:
        raise InputError(
            f"{name}: found a relative reduction of {number:g}; allowed: at most 1 "
            f"(fractions: {number / 100:g} for {number:g} %)"
        )


_OF_TREATED = ("treated", "completed", "left", "active")
_TOTALS = ("total", "measured", "averted")


def find_doubts(scenario: Scenario, given: F8) -> list[str]:
    """What given[measure, evaluation] says that is more than all clients can have, in words.

    They are as many as the target, or what a trigger raises it to. Without a target, and of what
    has no bound for a client, nothing is said.
    """
    targets = [trigger.target for trigger in scenario.contract.triggers.values()]
    if scenario.program.target is None:
        return []
    clients = max([scenario.program.target, *(one for one in targets if one is not None)])
    found = []
    for row, (name, measure) in zip(given, scenario.evaluation.measures.items(), strict=True):
        number, most = float(np.nanmax(row, initial=0.0)), clients * _most_each(scenario, measure)
        if number > most * (1.0 + 1e-9):
            found.append(
                f"{name}: found {number:,g}, more than the {most:,g} that {clients:,} treated "
                "clients can have"
            )
    return found


def _most_each(scenario: Scenario, measure: object) -> float:
    """The most that one treated client adds to a measure."""
    if isinstance(measure, ProgramMeasure):
        return 1.0 if measure.program in _OF_TREATED else math.inf
    if not isinstance(measure, OutcomeMeasure) or measure.statistic not in _TOTALS:
        return math.inf
    if measure.statistic != "averted" and _arm(measure) != "treated":
        return math.inf
    outcome = scenario.outcomes[measure.outcome]
    if measure.statistic == "measured":
        return 1.0 if isinstance(outcome, Event) else math.inf
    if isinstance(outcome, Event):
        return outcome.trials
    if isinstance(outcome, Milestone):
        periods = scenario.clock.span(scenario.program.service.duration)
        return outcome.units.value * (outcome.limit or periods)
    return math.inf
