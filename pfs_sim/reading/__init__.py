"""Scenario files: YAML 1.2 → model, with the place of every value, and back to a printable form.

`load` goes the whole way: read (parsing, files) → lay over what it extends (overlays) → change by
`--set` (sets) → validate (shapes, validation) → the model's own findings. `resolve`, `to_yaml` and
`scenario_hash` state a scenario completely (resolved). Every failure is a ScenarioError that holds
all problems of the step, each with file, line, column and dotted path.
"""

from pfs_sim.errors import Finding, InputError, Problem, ScenarioError
from pfs_sim.reading.document import Document, Position, dotted
from pfs_sim.reading.loading import Loaded, load, loads, read
from pfs_sim.reading.overlays import extend, merge
from pfs_sim.reading.resolved import resolve, scenario_hash, state, to_yaml
from pfs_sim.reading.sets import apply_sets
from pfs_sim.reading.validation import validate

__all__ = [
    "Document",
    "Finding",
    "InputError",
    "Loaded",
    "Position",
    "Problem",
    "ScenarioError",
    "apply_sets",
    "dotted",
    "extend",
    "load",
    "loads",
    "merge",
    "read",
    "resolve",
    "scenario_hash",
    "state",
    "to_yaml",
    "validate",
]
