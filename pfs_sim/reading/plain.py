"""Data of a Python caller → the same plain data that a file gives."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from datetime import date
from enum import Enum
from os import PathLike, fspath
from typing import Any

from pfs_sim.errors import Problem, ScenarioError
from pfs_sim.reading.document import MAX_DEPTH, Document, Path, Position, dotted, show, walk

_AS_IT_IS = (bool, int, type(None))
_HALVES = re.compile("[\ud800-\udfff]")


def plain_data(source: Any, name: str | None = None) -> Document:
    """Mappings, sequences, numbers, texts and dates as a Document; raises ScenarioError.

    Quantities state themselves; tuples become lists, dates ISO texts, numpy scalars and arrays
    Python numbers and lists.
    """
    problems: list[Problem] = []
    data = _plain(source, (), name, problems)
    if problems:
        raise ScenarioError(problems)
    positions = {path: Position(name) for path, _ in walk(data)} if name else {}
    return Document(data, positions, {}, [name] if name else [])


def _plain(value: Any, path: Path, name: str | None, problems: list[Problem]) -> Any:
    kind = type(value)
    if kind in _AS_IT_IS or (kind is str and value.isascii()):  # most are
        return value
    if kind is float and math.isfinite(value):
        return value
    if kind in (dict, list):
        return _inside(value, path, name, problems)
    if isinstance(value, Enum):
        value = value.value
    if hasattr(value, "plain"):  # a quantity, which states itself as plain data
        value = value.plain()
    if hasattr(value, "tolist"):  # a numpy scalar or array, without importing numpy
        value = value.tolist()
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, PathLike):
        return str(fspath(value))
    if isinstance(value, str) and not value.isascii() and _HALVES.search(value):
        problems.append(_refuse(name, path, "half of a surrogate pair", "whole characters"))
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        if not math.isfinite(value):
            problems.append(_refuse(name, path, show(value), "a finite number"))
        return value
    return _inside(value, path, name, problems)


def _inside(value: Any, path: Path, name: str | None, problems: list[Problem]) -> Any:
    """A mapping or a list, with all that is in it."""
    if len(path) >= MAX_DEPTH:
        problems.append(_refuse(name, path[:3], f"nesting deeper than {MAX_DEPTH}", "less"))
        return None
    if isinstance(value, (dict, Mapping)):  # most are the first; the second takes longer to ask
        return {
            _key(key, path, name, problems): _plain(item, (*path, key), name, problems)
            for key, item in value.items()
        }
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(item, (*path, i), name, problems) for i, item in enumerate(value)]
    found = f"an object of type {type(value).__name__}"
    problems.append(_refuse(name, path, found, "mappings, lists, texts, numbers and dates"))
    return None


def _key(key: Any, path: Path, name: str | None, problems: list[Problem]) -> Any:
    if type(key) is str:
        return key
    if hasattr(key, "tolist"):
        key = key.tolist()
    if isinstance(key, date):
        return key.isoformat()
    if isinstance(key, bool) or not isinstance(key, str | int | float):
        problems.append(_refuse(name, path, f"{key!r} as a key", "text or a number"))
        return str(key)
    return key


def _refuse(name: str | None, path: Path, found: str, allowed: str) -> Problem:
    return Problem(name, None, None, dotted(path), found, allowed)
