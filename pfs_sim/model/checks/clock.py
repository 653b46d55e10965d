"""The clock, and every moment and length of time that stands on its grid (model §1)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from typing import TYPE_CHECKING

from pfs_sim.errors import Finding
from pfs_sim.model.checks.naming import Path, periods, warning
from pfs_sim.model.noun import _SPAN

if TYPE_CHECKING:
    from pfs_sim.model.clock import Clock
    from pfs_sim.model.scenario import Scenario

_FIRST_YEAR, _LAST_YEAR = 1900, 2200


def check_calendar(scenario: Scenario) -> Iterator[Finding]:
    """Without a calendar no other date can be placed."""
    clock = scenario.clock
    if isinstance(clock.start, int):
        yield Finding(("clock", "start"), f"grid point {clock.start}", "a date YYYY-MM-DD")
    elif not _FIRST_YEAR <= date.fromisoformat(clock.start).year <= _LAST_YEAR:
        allowed = f"the date on which the deal starts ({_FIRST_YEAR} to {_LAST_YEAR})"
        yield Finding(("clock", "start"), clock.start, allowed)


def grid(clock: Clock, when: int | str) -> int:
    """Grid point of a moment; T+1 for any date past the grid, however far."""
    if isinstance(when, int):
        return when
    if date.fromisoformat(when) > clock.date(clock.periods):
        return clock.periods + 1
    return clock.grid(when)


def read_moment(text: str | int) -> int | str | None:
    """A moment from a key or an entry: a grid point, a date, or None where it is neither."""
    if isinstance(text, int) or text.isdigit():
        return int(text)
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError:
        return None


def check_moment(
    clock: Clock, path: Path, when: int | str, last: int | None = None, early: bool = False
) -> Iterator[Finding]:
    """A moment past the grid (or past `last`), or, unless `early`, before the start."""
    end = clock.periods if last is None else last
    if isinstance(when, str) and date.fromisoformat(when) < clock.date(0):
        if not early:
            yield Finding(
                path, f"{when}, before the start", f"{clock.start} or later, or a grid point"
            )
    elif grid(clock, when) > end:
        found = f"grid point {when}" if isinstance(when, int) else when
        if last is None:
            found += f", past the grid, which ends at grid point {end} ({clock.date(end)})"
            remedy = f" (or clock.periods: {periods_to(clock, when)})"
        else:
            found += f", after the last period, which starts at {clock.date(end)}"
            remedy = ""
        yield Finding(path, found, f"up to grid point {end}, {clock.date(end)}{remedy}")


def check_key(clock: Clock, path: Path, key: str) -> Iterator[Finding]:
    """A key that must be a date or a grid point of the deal."""
    when = read_moment(key)
    if when is None:
        yield Finding(path, f"the key `{key}`", "a date YYYY-MM-DD or a grid point (0, 1, 2 …)")
    else:
        yield from check_moment(clock, path, when)


def check_keys(clock: Clock, path: Path, keys: Iterable[str]) -> Iterator[Finding]:
    """Keys that must be dates or grid points of the deal."""
    for key in keys:
        yield from check_key(clock, (*path, key), key)


def periods_to(clock: Clock, when: int | str) -> int:
    """How many periods a grid needs to reach a moment."""
    if isinstance(when, int):
        return when
    day, start = date.fromisoformat(when), clock.date(0)
    months = (day.year - start.year) * 12 + day.month - start.month + (day.day > start.day)
    return -(-months // clock.months)


def check_span(clock: Clock, path: Path, length: int | str) -> Iterator[Finding]:
    """A length of time that is no whole number of periods is rounded up; say so."""
    found = _SPAN.match(length) if isinstance(length, str) else None
    if found is None or found[2].startswith("period"):
        return
    months = int(found[1]) * (12 if found[2].startswith("year") else 1)
    if months % clock.months:
        used = clock.span(length)
        yield warning(
            path,
            f"{length}, which is rounded up to {periods(used)} ({used * clock.months} months)",
            f"a multiple of {clock.months} months, or a shorter clock.period",
        )


def check_spans(scenario: Scenario) -> Iterator[Finding]:
    """Every length of time that the grid rounds."""
    clock = scenario.clock
    lengths: list[tuple[Path, int | str]] = [
        (("program", "service", "duration"), scenario.program.service.duration)
    ]
    for name, outcome in scenario.outcomes.items():
        path: Path = ("outcomes", name)
        lengths += [((*path, "reporting"), outcome.reporting)]
        if outcome.kind == "milestone":
            lengths += [((*path, "qualify"), outcome.qualify)]
        else:
            lengths += [((*path, "window"), outcome.window)]
    for name, term in scenario.contract.terms.items():
        lengths += [(("contract", "terms", name, "lag"), term.lag)]
    for name, payor in scenario.contract.payors.items():
        if payor.default is not None:
            lengths += [(("contract", "payors", name, "default", "late"), payor.default.late)]
    for path, length in lengths:
        yield from check_span(clock, path, length)


CHECKS = (check_spans,)
