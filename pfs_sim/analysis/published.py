"""What a scenario's `published` block says about how the deal ended, as figures to compare with.

    published:
      source: who published it
      payments: {total: …, terms: {<term>: …}, by_date: {<date>: …}}
      measures: {<measure>: …}                 at the last evaluation
      outcomes: {<outcome>: {statistic: …, value: …}}
      tranches: {<tranche>: {irr: …, moic: …, principal_loss: …, drawn: …}}
      guarantor: {paid: …}

A figure is a number, `{value: …, rounded: …}` where it was published to the nearest so much, or
null where words were published and no number (`note` has them): null is never a result. An
outcome's `treated` and `control` may give `{events: …, of: …}`: the difference of their shares.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from pfs_sim.errors import InputError
from pfs_sim.model.evaluation import OutcomeMeasure
from pfs_sim.model.scenario import Scenario
from pfs_sim.reading import Loaded

Path = tuple[str, ...]
CENT, PRINTED, EXACT = 0.005, 0.00005, 1e-9
"""Half of the last digit of an amount and of a rate printed in percent; relative, of a measure."""
NO_NUMBER = "no number was published"
NOT_MEASURED = "the contract has no such measure at its last evaluation"
_KEYS = ("source", "note", "payments", "measures", "outcomes", "tranches", "guarantor")
_OF_TRANCHES = {"irr": "rate", "moic": "ratio", "principal_loss": "money", "drawn": "money"}


@dataclass(frozen=True)
class Figure:
    """A published figure: where it stands, what it is compared with.

    `column` names a column of a run; `grid` a grid point of its payments instead. `value` is
    None where there is nothing to compare: `why`, and the words that were published (`note`).
    """

    path: Path
    group: str
    unit: str
    value: float | None
    within: float
    column: str | None = None
    grid: int | None = None
    why: str = ""
    note: str = ""

    @property
    def name(self) -> str:
        """The dotted path below `published`."""
        return ".".join(self.path)


def list_figures(loaded: Loaded, own: bool = False) -> list[Figure]:
    """All published figures of a scenario; `own`: only those that its own file states.

    InputError for a key that means nothing, a name that the scenario lacks, a value that is no
    number.
    """
    scenario: Scenario = loaded.scenario
    published = scenario.published
    _refuse_unknown((), published, _KEYS)
    found = [
        *_payments(scenario, _mapping(published, "payments")),
        *_measures(scenario, _mapping(published, "measures")),
        *_outcomes(scenario, _mapping(published, "outcomes")),
        *_tranches(scenario, _mapping(published, "tranches")),
        *_guarantor(_mapping(published, "guarantor")),
    ]
    return [figure for figure in found if not own or _is_own(loaded, figure.path)]


def _is_own(loaded: Loaded, path: Path) -> bool:
    document = loaded.document
    path = (*path, "value") if path[0] == "outcomes" else path
    for end in range(len(path), 0, -1):
        place = document.positions.get(("published", *path[:end]))
        if place is not None:
            return place.file == document.files[0]
    return False


def _mapping(data: Mapping[str, Any], key: str, path: Path = ()) -> Mapping[str, Any]:
    found = data.get(key)
    if found is None:
        return {}
    if not isinstance(found, Mapping):
        raise InputError(f"{_place((*path, key))}: found {found!r}; allowed: a mapping or null")
    return found


def _place(path: Path) -> str:
    return ".".join(("published", *path))


def _refuse_unknown(path: Path, data: Mapping[str, Any], known: Any) -> None:
    for key in data:
        if str(key) not in known:
            names = [str(name) for name in known]
            near = get_close_matches(str(key), names, 1)
            hint = f"; did you mean {near[0]}?" if near else ""
            raise InputError(
                f"{_place((*path, str(key)))}: found {str(key)!r}; "
                f"allowed: {', '.join(names) or 'nothing'}{hint}"
            )


def _figure(path: Path, stated: Any, group: str, unit: str, **at: Any) -> Figure:
    """A figure from a number, null, or `{value, rounded, note}`."""
    said = stated if isinstance(stated, Mapping) else {"value": stated}
    _refuse_unknown(path, said, ("value", "rounded", "note", "source"))
    value, rounded = said.get("value"), said.get("rounded")
    for number in (value, rounded):
        if number is not None and (isinstance(number, bool) or not isinstance(number, int | float)):
            raise InputError(f"{_place(path)}: found {number!r}; allowed: a number or null")
    within = {"money": CENT, "rate": PRINTED}.get(unit, EXACT * max(1.0, abs(value or 0.0)))
    if rounded is not None:
        within = rounded / 2.0
    why = "" if value is not None else at.pop("why", NO_NUMBER)
    note = str(said.get("note") or "")
    number = None if value is None else float(value)
    return Figure(path, group, unit, number, within, why=why, note=note, **at)


def _payments(scenario: Scenario, data: Mapping[str, Any]) -> Iterator[Figure]:
    _refuse_unknown(("payments",), data, ("total", "terms", "by_date"))
    if "total" in data:
        path: Path = ("payments", "total")
        yield _figure(path, data["total"], "payments", "money", column="payor.payments")
    terms = _mapping(data, "terms", ("payments",))
    _refuse_unknown(("payments", "terms"), terms, scenario.contract.terms)
    for name, stated in terms.items():
        path = ("payments", "terms", name)
        yield _figure(path, stated, "payments", "money", column=f"payor.payments.{name}")
    clock = scenario.clock
    days = {clock.date(t).isoformat(): t for t in range(clock.periods + 1)}
    by_date = _mapping(data, "by_date", ("payments",))
    _refuse_unknown(("payments", "by_date"), by_date, days)
    for day, stated in by_date.items():
        path = ("payments", "by_date", str(day))
        yield _figure(path, stated, "payments", "money", grid=days[str(day)])


def _measures(scenario: Scenario, data: Mapping[str, Any]) -> Iterator[Figure]:
    _refuse_unknown(("measures",), data, scenario.evaluation.measures)
    for name, stated in data.items():
        yield _figure(("measures", name), stated, "measures", "measure", column=f"measure.{name}")


def _outcomes(scenario: Scenario, data: Mapping[str, Any]) -> Iterator[Figure]:
    """Outcomes by their statistic: the measure of the contract that reports it, if one does."""
    _refuse_unknown(("outcomes",), data, scenario.outcomes)
    for name, stated in data.items():
        path = ("outcomes", name)
        if not isinstance(stated, Mapping):
            raise InputError(f"{_place(path)}: found {stated!r}; allowed: {{statistic, value}}")
        shares = _difference_of_shares(scenario, name, stated)
        column = _column(scenario, name, stated)
        if shares is not None:
            said: dict[str, Any] = {"value": shares, "note": stated.get("note")}
            column = f"outcome.{name}.effect_measured"
            yield _figure(path, said, "measures", "measure", column=column)
        elif column is None:
            said = {"value": None, "note": stated.get("note")}
            why = NO_NUMBER if stated.get("value") is None else NOT_MEASURED
            yield _figure(path, said, "measures", "measure", why=why)
        else:
            said = {key: stated[key] for key in ("value", "rounded", "note") if key in stated}
            yield _figure(path, said, "measures", "measure", column=column)


def _difference_of_shares(
    scenario: Scenario, name: str, stated: Mapping[str, Any]
) -> float | None:
    """Share of the control arm less that of the treated, positive when it went well."""
    arms = [stated.get(arm) for arm in ("treated", "control")]
    if not all(isinstance(arm, Mapping) and {"events", "of"} <= set(arm) for arm in arms):
        return None
    treated, control = (float(arm["events"]) / float(arm["of"]) for arm in arms)  # type: ignore[index]
    sign = 1.0 if scenario.outcomes[name].good == "lower" else -1.0
    return sign * (control - treated)


def _column(scenario: Scenario, name: str, stated: Mapping[str, Any]) -> str | None:
    held = list(scenario.evaluation.dates)
    if stated.get("at", held[-1]) != held[-1]:
        return None
    for measure_name, measure in scenario.evaluation.measures.items():
        if isinstance(measure, OutcomeMeasure) and measure.outcome == name:
            alike = measure.statistic == stated.get("statistic") and measure.arm == "treated"
            if alike and measure.basis == "cumulative":
                return f"measure.{measure_name}"
    return None


def _tranches(scenario: Scenario, data: Mapping[str, Any]) -> Iterator[Figure]:
    _refuse_unknown(("tranches",), data, scenario.capital.tranches)
    for name in data:
        figures = _mapping(data, name, ("tranches",))
        _refuse_unknown(("tranches", name), figures, _OF_TRANCHES)
        for key, stated in figures.items():
            column = f"tranche.{name}.{key}"
            path = ("tranches", name, key)
            yield _figure(path, stated, "investors", _OF_TRANCHES[key], column=column)


def _guarantor(data: Mapping[str, Any]) -> Iterator[Figure]:
    _refuse_unknown(("guarantor",), data, ("paid",))
    for key, stated in data.items():
        path = ("guarantor", key)
        yield _figure(path, stated, "investors", "money", column=f"guarantor.{key}")
