"""The way of a scenario from its source to its model."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pfs_sim.errors import Problem, ScenarioError
from pfs_sim.pausing import uncollected
from pfs_sim.reading.document import Document
from pfs_sim.reading.overlays import extend, read_file
from pfs_sim.reading.parsing import parse_scenario
from pfs_sim.reading.plain import plain_data
from pfs_sim.reading.sets import Sets, apply_sets
from pfs_sim.reading.shipped import find_scenario
from pfs_sim.reading.validation import place_finding, validate

if TYPE_CHECKING:
    from pydantic import BaseModel


@dataclass(frozen=True)
class Loaded:
    """A scenario that can be used, what is implausible in it, and where everything stands."""

    scenario: Any
    warnings: list[Problem]
    document: Document


@uncollected()
def load(
    source: str | os.PathLike[str] | Mapping[str, Any] | Document,
    sets: Sets = (),
    model: type[BaseModel] | None = None,
) -> Loaded:
    """Read a scenario from a file (a path) or from a mapping, change it by `sets`, validate it.

    A bare name that is no file is a shipped scenario: `load("ct_family_stability")`.
    Raises ScenarioError with every problem of the step that fails: reading, `extends`, `--set`,
    validation, or the model's own findings. Warnings are kept beside the scenario.
    """
    return examine(apply_sets(read(source), sets), model)


def loads(
    text: str, name: str = "<string>", sets: Sets = (), model: type[BaseModel] | None = None
) -> Loaded:
    """Like `load`, from YAML text; `extends:` is relative to the working directory."""
    return examine(apply_sets(extend(parse_scenario(text, name)), sets), model)


def read(source: str | os.PathLike[str] | Mapping[str, Any] | Document) -> Document:
    """A scenario as plain data with places, its overlays worked in."""
    if isinstance(source, Document):
        return source
    if isinstance(source, Mapping):
        return extend(plain_data(source))
    return read_file(find_scenario(os.fspath(source)))


def examine(document: Document, model: type[BaseModel] | None = None) -> Loaded:
    """Validate a document and ask the model for its own findings (method `findings`, if any)."""
    if model is None:
        from pfs_sim.model.scenario import Scenario

        model = Scenario
    scenario = validate(model, document)
    offered = getattr(scenario, "findings", None)
    found = [place_finding(finding, document) for finding in offered()] if offered else []
    problems = sorted(dict.fromkeys(found), key=document.order)
    errors = [problem for problem in problems if problem.severity == "error"]
    if errors:
        raise ScenarioError(errors)
    return Loaded(scenario, problems, document)
