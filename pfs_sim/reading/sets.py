"""`--set path=value`: single values of a scenario changed from outside the file.

The value is YAML (`12000`, `2018-01-01`, `{dist: normal, mean: 1, sd: 2}`, `[1, 2]`). `null`
removes an entry of a mapping, as in an overlay. A list element is named by its index. A bare value
set on a quantity that is a mapping (a distribution, or a value with its source) becomes its value,
with the source "set on the command line".
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from copy import deepcopy
from typing import Any

from pfs_sim.errors import Problem, ScenarioError
from pfs_sim.reading.document import (
    Document,
    Key,
    Path,
    Position,
    dotted,
    is_quantity,
    show,
    step,
    walk,
)
from pfs_sim.reading.parsing import parse_value
from pfs_sim.reading.plain import plain_data

FROM_COMMAND, FROM_PYTHON = "set on the command line", "set from Python"
"""What a quantity names as its source once it has been set."""

Sets = Iterable[str] | Mapping[str, Any]
"""Changes as `path=value` texts, or as a mapping from dotted path to value."""


def apply_sets(document: Document, sets: Sets) -> Document:
    """The document with the changes made, in order; raises ScenarioError with all problems.

    A key that does not exist is added (the models decide whether it may be). The given document
    is left as it is. Errors name `--set path` in place of a file, or `set path` for a mapping.
    """
    changes = sets.items() if isinstance(sets, Mapping) else tuple(sets)
    if not changes:
        return document
    changed = Document(
        deepcopy(document.data),
        dict(document.positions),
        dict(document.keys),
        list(document.files),
    )
    problems: list[Problem] = []
    for given in changes:
        try:
            if isinstance(given, tuple):
                path, origin = given[0], f"set {given[0]}"
                set_value(changed, path, plain_data(given[1], origin).data, FROM_PYTHON, origin)
            else:
                path, value = read_set(given)
                set_value(changed, path, value, FROM_COMMAND, f"--set {path}")
        except ScenarioError as error:
            problems.extend(error.problems)
    if problems:
        raise ScenarioError(problems)
    return changed


def read_set(text: str) -> tuple[str, Any]:
    """Path and value of one `path=value`."""
    path, equals, value = text.partition("=")
    path = path.strip()
    if not equals or not path or not value.strip():
        name, allowed = f"--set {path or text}", "path=value (null removes an entry)"
        raise _refuse(name, "", f'"{text}"', allowed)
    name = f"--set {path}"
    try:
        return path, parse_value(value, name).data
    except ScenarioError as error:
        problems = error.problems
    raise ScenarioError(
        Problem(name, None, None, path, problem.found, problem.allowed) for problem in problems
    )


def set_value(document: Document, path: str, value: Any, source: str, origin: str) -> None:
    """Change one value in place; `origin` is what errors name in place of a file."""
    parts = path.split(".")
    if "" in parts:
        raise _refuse(origin, "", f'the path "{path}"', "names joined by single dots")
    here: Any = document.data
    at: Path = ()
    while True:
        key, taken = _next(here, parts, origin, at)
        parts = parts[taken:]
        if not parts:
            break
        at = (*at, key)
        if isinstance(here, dict) and here.get(key) is None:
            here[key] = {}
            _place(document, at, origin)
        here = here[key]
    old = here.get(key) if isinstance(here, dict) else here[key]
    if is_quantity(old) and value is not None and not isinstance(value, dict | list):
        kept = old if "value" in old and "dist" not in old else {}
        value = {**kept, "value": value, "source": source}
    _put(document, here, key, (*at, key), origin, value)


def _next(here: Any, parts: list[str], origin: str, at: Path) -> tuple[Key, int]:
    """The key or index that comes next, and how many parts of the path it takes."""
    found = step(here, parts)
    if found is not None:
        return found
    if isinstance(here, dict):
        return parts[0], 1
    name = dotted(at)
    if isinstance(here, list):
        indices = f"an index from 0 to {len(here) - 1}" if here else "no index (the list is empty)"
        raise _refuse(origin, name, f"`{parts[0]}` in a list of {len(here)}", indices)
    raise _refuse(origin, name, f"`{'.'.join(parts)}` below {show(here)}", f"set {name} itself")


def _put(document: Document, here: Any, key: Key, at: Path, origin: str, value: Any) -> None:
    """Put the value in; a removed or replaced value takes its places along."""
    for below, _ in walk(here.get(key) if isinstance(here, dict) else here[key], at):
        document.positions.pop(below, None)
        document.keys.pop(below, None)
    if value is None and isinstance(here, dict):
        here.pop(key, None)
        return
    here[key] = value
    for below, _ in walk(value, at):
        _place(document, below, origin)


def _place(document: Document, at: Path, origin: str) -> None:
    place = Position(origin)
    document.positions[at] = place
    if at and isinstance(at[-1], str):
        document.keys[at] = place


def _refuse(origin: str, at: str, found: str, allowed: str) -> ScenarioError:
    return ScenarioError([Problem(origin, None, None, at, found, allowed)])
