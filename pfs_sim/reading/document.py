"""A scenario as plain data together with the place in a file where each value stands."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, TypeGuard

from pfs_sim.errors import Problem, Severity

Key = str | int | float
Path = tuple[Key, ...]

MAX_DEPTH = 64
"""Deepest nesting of mappings and lists; real scenarios need about ten."""

_BESIDE_VALUE = {"value", "source", "note", "discount", "spike", "truncate"}


class Position(NamedTuple):
    """A place in an input; line and column count from 1 and are None where there are none."""

    file: str | None = None
    line: int | None = None
    column: int | None = None


@dataclass(frozen=True)
class Document:
    """Plain data (dict, list, str, int, float, bool, None) and where each value stands.

    `positions[path]` is the place of a value, `keys[path]` the place of the key that names it
    (absent for the top and for list elements); `files` are the files read, the main one first.
    """

    data: Any
    positions: dict[Path, Position]
    keys: dict[Path, Position] = field(default_factory=dict)
    files: list[str] = field(default_factory=list)

    def near(self, path: Path, *, key: bool = False) -> Position:
        """Where a value stands, or its nearest existing ancestor (then: the ancestor's key)."""
        for length in range(len(path), -1, -1):
            here = path[:length]
            if key and here in self.keys:
                return self.keys[here]
            if here in self.positions:
                return self.positions[here]
            key = True
        return Position(self.files[0] if self.files else None)

    def problem(
        self,
        path: Path,
        found: str,
        allowed: str,
        severity: Severity = "error",
        hint: str | None = None,
        *,
        key: bool = False,
    ) -> Problem:
        """A Problem at a path: at the value, or with `key` at the key that names it."""
        at = self.near(path, key=key)
        return Problem(*at, dotted(path), found, allowed, severity, hint)

    def order(self, problem: Problem) -> tuple[int, int, int]:
        """Sort key: problems in the order of files, lines and columns."""
        rank = self.files.index(problem.file) if problem.file in self.files else len(self.files)
        return rank, problem.line or 0, problem.column or 0


def dotted(path: Sequence[Key]) -> str:
    """A path as it is written in messages and in `--set`."""
    return ".".join(str(key) for key in path)


def child(data: Any, key: object) -> Key | None:
    """The key of a mapping, or index of a list, that is written like `key`; None if absent."""
    if isinstance(data, dict):
        if isinstance(key, str | int | float) and key in data:
            return key
        return next((known for known in data if str(known) == str(key)), None)
    if isinstance(data, list):
        try:
            index = int(str(key))
        except ValueError:
            return None
        return index if 0 <= index < len(data) else None
    return None


def step(data: Any, parts: Sequence[str]) -> tuple[Key, int] | None:
    """The child that the first of some dotted parts name, and how many parts its name takes.

    Names may hold dots (`quantiles.0.1`): the longest name that exists is taken.
    """
    for taken in range(len(parts), 0, -1):
        found = child(data, ".".join(parts[:taken]))
        if found is not None:
            return found, taken
    return None


def spell(data: Any, path: str | Path) -> Path:
    """A dotted path (or a tuple of keys) as the keys of the data; what is not there stays text."""
    parts: list[Any] = path.split(".") if isinstance(path, str) else list(path)
    keys: list[Key] = []
    while parts:
        joined = isinstance(path, str) and step(data, parts)
        known, taken = joined if joined else (child(data, parts[0]), 1)
        if known is None:
            return (*keys, *parts)
        keys.append(known)
        data, parts = data[known], parts[taken:]
    return tuple(keys)


def is_quantity(value: Any) -> TypeGuard[dict[Any, Any]]:
    """Whether a mapping states a quantity: a distribution, or a value with nothing but remarks.

    A mapping of other keys may have a `value` too (savings, a share of them): that is no quantity.
    """
    if not isinstance(value, dict):
        return False
    return "dist" in value or ("value" in value and _BESIDE_VALUE.issuperset(value))


def walk(data: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    """Every value of plain data with its path, parents before children."""
    yield path, data
    if isinstance(data, dict):
        for key, value in data.items():
            yield from walk(value, (*path, key))
    elif isinstance(data, list):
        for index, value in enumerate(data):
            yield from walk(value, (*path, index))


def show(value: Any, limit: int = 60) -> str:
    """A value as a message names it, at most `limit` characters."""
    if value is None:
        return "nothing (null)"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict):
        names = ", ".join(str(key) for key in value)
        return shorten(f"a mapping ({names})" if names else "an empty mapping", limit)
    if isinstance(value, list | tuple):
        return f"a list of {len(value)}" if value else "an empty list"
    if isinstance(value, str):
        return f'"{shorten(" ".join(value.split()), limit - 2)}"' if value else "empty text"
    return shorten(repr(value), limit)


def shorten(text: str, limit: int) -> str:
    """Text of at most `limit` characters, cut with an ellipsis."""
    return text if len(text) <= limit else text[: limit - 1] + "…"
