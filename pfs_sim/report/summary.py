"""The JSON document of a run: what it was, and every metric by its dotted name."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import replace
from importlib.resources import files
from itertools import repeat
from pathlib import PurePath
from typing import Any

from pfs_sim.errors import Problem
from pfs_sim.metrics.table import MetricTable
from pfs_sim.results import Results

SCHEMA = 1
"""Version of the document; a change that breaks a reader raises it."""


def summary_document(
    results: Results, table: MetricTable, warnings: Iterable[Problem] = ()
) -> dict[str, Any]:
    """The summary of a run as plain data that `summary.schema.json` describes."""
    return {
        "schema": SCHEMA,
        "scenario": results.resolved["name"],
        "currency": results.resolved.get("currency", "USD"),
        "seed": results.provenance.get("seed"),
        "paths": results.paths,
        "provenance": {
            key: value
            for key, value in results.provenance.items()
            if key not in ("scenario", "seed", "paths")
        },
        "warnings": [describe_problem(_without_folder(problem)) for problem in warnings],
        "metrics": table.to_json(),
    }


def _without_folder(problem: Problem) -> Problem:
    """A summary is passed on: it names files, not the folders of one machine."""
    return replace(problem, file=problem.file and PurePath(problem.file).name)


def describe_problem(problem: Problem) -> dict[str, Any]:
    """A problem as plain data, with its whole message."""
    return {
        "severity": problem.severity,
        "file": problem.file,
        "line": problem.line,
        "column": problem.column,
        "path": problem.path,
        "found": problem.found,
        "allowed": problem.allowed,
        "hint": problem.hint,
        "message": str(problem),
    }


def write_json(document: Any) -> str:
    """JSON text; a number that JSON cannot hold is a defect, not a NaN.

    What holds nothing but numbers and words has a line, as an estimate with its error.
    """
    pieces: list[str] = []
    _add(document, "\n", pieces.append)
    return "".join(pieces) + "\n"


_HOLDERS = frozenset((dict, list, tuple))


def _add(value: Any, line: str, add: Callable[[str], None]) -> None:
    """Add the text of a value; `line` begins a new line, as far in as the value."""
    inside: Iterable[Any] = ()
    names: Iterable[str] = repeat("")
    between, closes = "[", "]"
    if isinstance(value, dict):
        inside, names = value.values(), (_write(name) + ": " for name in value)
        between, closes = "{", "}"
    elif isinstance(value, list | tuple):
        inside = value
    if _HOLDERS.isdisjoint(map(type, inside)):
        add(_write(value))
        return
    for name, one in zip(names, inside, strict=False):
        add(between + line + "  " + name)
        _add(one, line + "  ", add)
        between = ","
    add(line + closes)


_write = json.JSONEncoder(ensure_ascii=False, allow_nan=False).encode


def summary_schema() -> dict[str, Any]:
    """The JSON Schema of the document."""
    text = files("pfs_sim.report").joinpath("summary.schema.json").read_text(encoding="utf-8")
    found: dict[str, Any] = json.loads(text)
    return found
