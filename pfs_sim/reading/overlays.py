"""`extends:` — a scenario file laid over another, key by key.

Rules: mappings merge by key, in the order of the base, then new keys; anything else replaces what
the base has; `null` where the base has an entry removes that entry. A quantity (a mapping with
`dist:`, or of a `value:` with its source) replaces a quantity as a whole, for half of one
distribution must never be mixed into another. A mapping also replaces whatever is no mapping.
Several bases are laid over each other in the order given. Every value keeps the place of the file
in which it stands.
"""

from __future__ import annotations

import os
from typing import Any

from pfs_sim.errors import Problem, ScenarioError
from pfs_sim.reading.document import Document, Path, child, dotted, is_quantity, show, walk
from pfs_sim.reading.files import read_text
from pfs_sim.reading.parsing import parse_scenario

MAX_FILES = 50
"""Most files that one scenario may be made of."""


def read_file(file: str) -> Document:
    """The scenario of a file with everything that it extends; raises ScenarioError."""
    return extend(parse_scenario(read_text(file), file), file)


def extend(document: Document, file: str | None = None) -> Document:
    """Lay a document over the files that it extends (relative to `file`, or to where we are)."""
    known: dict[str, Document] = {}
    problems: list[Problem] = []
    whole = _extend(document, file, () if file is None else (file,), known, problems)
    if problems:
        raise ScenarioError(dict.fromkeys(problems))
    return whole


def _extend(
    document: Document,
    file: str | None,
    chain: tuple[str, ...],
    known: dict[str, Document],
    problems: list[Problem],
) -> Document:
    """Lay a document over its bases; bases that cannot be used are noted and left out."""
    if "extends" not in document.data:
        return document
    base: Document | None = None
    for path, name in name_bases(document, problems):
        folder = os.path.dirname(file) if file else ""
        found = os.path.normpath(os.path.join(folder, name))
        part = _read_base(document, path, found, chain, known, problems)
        if part is not None:
            base = part if base is None else merge(base, part)
    own = without(document, ("extends",))
    return own if base is None else merge(base, own)


def name_bases(document: Document, problems: list[Problem]) -> list[tuple[Path, str]]:
    """The files named by `extends:`, each with the path at which its name stands."""
    given = document.data["extends"]
    listed = isinstance(given, list)
    named: list[tuple[Path, str]] = []
    for index, name in enumerate(given if listed else [given]):
        path: Path = ("extends", index) if listed else ("extends",)
        if isinstance(name, str) and name:
            named.append((path, name))
        else:
            allowed = "a file name or a list of file names"
            problems.append(document.problem(path, show(name), allowed))
    return named


def _read_base(
    document: Document,
    path: Path,
    file: str,
    chain: tuple[str, ...],
    known: dict[str, Document],
    problems: list[Problem],
) -> Document | None:
    """The whole scenario of one base; None, and a note, where there is none."""
    real = os.path.realpath(file)
    if real in known:
        return known[real]
    if real in {os.path.realpath(other) for other in chain}:
        circle = " → ".join([*chain, file])
        problems.append(document.problem(path, f"a circle: {circle}", "files that end somewhere"))
        return None
    if len(known) + len(chain) >= MAX_FILES:
        found = f"more than {MAX_FILES} files"
        problems.append(document.problem(path, found, f"at most {MAX_FILES}"))
        return None
    try:
        base = parse_scenario(read_text(file, document.near(path), dotted(path)), file)
    except ScenarioError as error:
        problems.extend(error.problems)
        return None
    known[real] = _extend(base, file, (*chain, file), known, problems)
    return known[real]


def replaces(over: Any, base: Any) -> bool:
    """Whether a value takes the place of the base's as a whole instead of merging into it."""
    if not (isinstance(over, dict) and isinstance(base, dict)):
        return True
    return is_quantity(over) and ("dist" in over or is_quantity(base))


def merge(base: Document, over: Document) -> Document:
    """One document laid over another, with the place of each value."""
    merged = Document(None, {}, {}, list(dict.fromkeys([*over.files, *base.files])))
    data = _merge(base, over, (), (), (), merged)
    return Document(data, merged.positions, merged.keys, merged.files)


def _merge(
    base: Document, over: Document, base_at: Path, over_at: Path, at: Path, into: Document
) -> Any:
    below, above = pick(base.data, base_at), pick(over.data, over_at)
    if at and replaces(above, below):
        return copy(over, over_at, at, into)
    note_place(over, over_at, at, into)
    data: dict[Any, Any] = {}
    for key in below:
        other = child(above, key)
        if other is None:
            data[key] = copy(base, (*base_at, key), (*at, key), into)
        elif above[other] is not None:
            data[key] = _merge(base, over, (*base_at, key), (*over_at, other), (*at, key), into)
    for key in above:
        if child(below, key) is None:
            data[key] = copy(over, (*over_at, key), (*at, key), into)
    return data


def pick(data: Any, path: Path) -> Any:
    """The value at a path that exists."""
    for key in path:
        data = data[key]
    return data


def note_place(source: Document, path: Path, at: Path, into: Document) -> None:
    """Copy the place of a value and of its key."""
    if path in source.positions:
        into.positions[at] = source.positions[path]
    if path in source.keys:
        into.keys[at] = source.keys[path]


def copy(source: Document, path: Path, at: Path, into: Document) -> Any:
    """Copy a value with all its places, and return it."""
    value = pick(source.data, path)
    for below, _ in walk(value):
        note_place(source, (*path, *below), (*at, *below), into)
    return value


def without(document: Document, path: Path) -> Document:
    """A document without one entry of its top level."""
    data = {key: value for key, value in document.data.items() if key != path[0]}
    gone = len(path)
    return Document(
        data,
        {at: place for at, place in document.positions.items() if at[:gone] != path},
        {at: place for at, place in document.keys.items() if at[:gone] != path},
        document.files,
    )
