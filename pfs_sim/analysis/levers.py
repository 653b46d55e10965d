"""Levers: values of a scenario that are moved, by their dotted path."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from pfs_sim.errors import InputError, ScenarioError
from pfs_sim.reading import Loaded, apply_sets, load, read
from pfs_sim.reading.document import Document
from pfs_sim.simulate import Deal, scenario_of

MOST_CASES = 100_000
"""Cases of a sweep, at most: more is a slip of the pen."""


class Case(NamedTuple):
    """A scenario with some values changed: its name, and the values by dotted path."""

    name: str
    sets: dict[str, Any]


def name_shortly(paths: Sequence[str]) -> list[str]:
    """The last words of dotted paths, as few as tell them apart."""
    parts = [path.split(".") for path in paths]
    for words in range(1, max(map(len, parts), default=1)):
        found = [".".join(part[-words:]) for part in parts]
        if len({*found}) == len({*paths}):
            return found
    return list(paths)


def is_number(value: Any) -> bool:
    """Whether a value has a place on a scale."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def write_value(value: Any) -> str:
    """A value of a lever as it may stand in a file."""
    if isinstance(value, bool) or value is None:
        return {True: "true", False: "false", None: "null"}[value]
    return f"{value:.12g}" if is_number(value) else str(value)


@dataclass(frozen=True)
class Lever:
    """A value that is moved: over a grid of numbers, or through words (dates, spans, methods)."""

    path: str
    values: tuple[Any, ...]

    @property
    def numeric(self) -> bool:
        """Whether all values are numbers."""
        return all(is_number(value) for value in self.values)


def read_lever(text: str) -> Lever:
    """`path=lo:hi:n` (n values evenly spaced, ends included) or `path=a,b,c` as a lever.

    Whole numbers stay whole where every value of the grid is one. What is not a number is read
    as it would be in a file: `12 months`, `2022-03-28`, `true`.
    """
    path, equals, values = text.partition("=")
    allowed = (
        "allowed: PATH=LO:HI:N, such as contract.cap=10e6:15e6:6, or PATH=A,B,C, such as "
        "'outcomes.jail.window=12 months,18 months'"
    )
    if not equals or not path.strip() or not values.strip():
        raise InputError(f"found the lever {text!r}; {allowed}")
    parts = values.split(":")
    try:
        if len(parts) == 3:
            return Lever(path.strip(), spread(_number(parts[0]), _number(parts[1]), int(parts[2])))
        if len(parts) == 1:
            return Lever(path.strip(), tuple(_read_value(one) for one in values.split(",")))
    except ValueError:
        pass
    raise InputError(f"found the lever {text!r}; {allowed}")


def _read_value(text: str) -> Any:
    """A number, or a word as in a file; ValueError for what is neither."""
    try:
        return _whole(_number(text))
    except ValueError:
        pass
    from pfs_sim.reading.parsing import parse_value

    try:
        found = parse_value(text.strip(), "a lever").data
    except ScenarioError as why:
        raise ValueError(text) from why
    if isinstance(found, str | bool) and str(found).strip():
        return found
    raise ValueError(text)


def read_range(text: str) -> tuple[str, float, float]:
    """`path=lo:hi` as path and ends."""
    path, equals, values = text.partition("=")
    try:
        low, high = (_number(part) for part in values.split(":"))
    except ValueError:
        low = high = math.nan
    if not equals or not path.strip() or not low < high:
        raise InputError(
            f"found the range {text!r}; allowed: PATH=LO:HI with LO below HI, such as "
            "contract.cap=10e6:15e6"
        )
    return path.strip(), low, high


def _number(text: str) -> float:
    found = float(text.replace("_", ""))
    if not math.isfinite(found):
        raise ValueError(text)
    return found


def _whole(value: float) -> int | float:
    return int(value) if value == int(value) and abs(value) < 2**53 else value


def spread(low: float, high: float, count: int) -> tuple[Any, ...]:
    """Evenly spaced values, the ends included; whole numbers where all of them are."""
    if not 2 <= count <= MOST_CASES:
        raise ValueError(f"found {count:,} values; allowed: 2 to {MOST_CASES:,}")
    exact = [low + (high - low) * i / (count - 1) for i in range(count)]
    exact[-1] = high
    found = [float(f"{value:.12g}") for value in exact]
    whole = all(value == int(value) for value in found)
    return tuple(int(value) if whole else value for value in found)


def cross(levers: Sequence[Lever]) -> list[Case]:
    """Every combination of the levers' values, the last lever moving fastest."""
    count = math.prod(len(lever.values) for lever in levers)
    if count > MOST_CASES:
        raise InputError(f"found {count:,} cases; allowed: {MOST_CASES:,} at most")
    found = []
    for values in itertools.product(*(lever.values for lever in levers)):
        sets = {lever.path: value for lever, value in zip(levers, values, strict=True)}
        name = ", ".join(f"{path}={write_value(value)}" for path, value in sets.items())
        found.append(Case(name, sets))
    return found


def list_stresses(deal: Deal) -> list[Case]:
    """The named stress sets of a scenario. InputError where it has none."""
    found = [Case(name, dict(sets)) for name, sets in scenario_of(deal).stresses.items()]
    if not found:
        raise InputError("found no `stresses:` in the scenario; allowed: one or more named sets")
    return found


def read_cases(file: str) -> list[Case]:
    """A file of cases: YAML that maps the name of each to its values by dotted path."""
    data = read_file(file)
    wrong = [name for name, sets in data.items() if not isinstance(sets, dict) or not sets]
    if wrong or not data:
        raise InputError(
            f"found the case {wrong[0]!r} in {file}; allowed: dotted path: value"
            if wrong
            else f"found no case in {file}; allowed: name: {{dotted path: value}}"
        )
    return [Case(str(name), dict(sets)) for name, sets in data.items()]


def read_file(file: str) -> dict[str, Any]:
    """A YAML mapping from a file."""
    from pfs_sim.reading.parsing import parse_value

    try:
        text = Path(file).read_text(encoding="utf-8")
    except OSError as why:
        raise InputError(f"found no readable file {file}: {why.strerror}") from why
    found = parse_value(text, file).data
    if not isinstance(found, dict):
        raise InputError(f"found no mapping in {file}; allowed: name: {{dotted path: value}}")
    return found


class Changeable:
    """A deal whose values can be changed again and again, read from its file once."""

    def __init__(self, deal: Deal) -> None:
        """Read the deal; what it is already changed by stays."""
        self.document = _document(deal)
        self.loaded = load(self.document)

    def with_values(self, sets: Mapping[str, Any]) -> Loaded:
        """The deal with some values changed. ScenarioError where that makes no scenario."""
        return load(apply_sets(self.document, sets)) if sets else self.loaded


def _document(deal: Deal) -> Document:
    if isinstance(deal, Loaded):
        return deal.document
    if isinstance(deal, str | Path | dict):
        return read(deal)
    from pfs_sim.reading import state

    return read(state(scenario_of(deal)))


def must_be_whole(deal: Changeable, path: str, low: float, high: float) -> bool:
    """Whether only whole numbers may stand at a place. ScenarioError where neither may."""
    middle = math.floor((low + high) / 2) + 0.5
    try:
        deal.with_values({path: middle})
    except ScenarioError:
        deal.with_values({path: math.floor(middle)})
        return True
    return False
