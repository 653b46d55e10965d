"""Every quantity of a scenario in one row: its dotted path, its source, its column.

The kernels read a path's inputs from one vector, `row[column]`; a plan's tables hold columns.
Certain quantities have a column too, filled with their value.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt

from pfs_sim.model.noun import Noun
from pfs_sim.model.quantities import Quantity
from pfs_sim.model.scenario import Scenario

SOURCES = ("effect", "baseline", "enrollment", "attrition", "chance", "bias", "cost", "payor")
"""The sources of risk (model §2), in the order in which seeds are given."""

_NO_QUANTITY = (str, int, bool, float, type(None))


def source_of(path: str) -> str:
    """The source to which the quantity at a dotted path belongs (model §2)."""
    parts = path.split(".")
    if parts[0] == "program":
        return "attrition" if parts[1] == "attrition" else "enrollment"
    if parts[0] == "outcomes":
        if "loss" in parts[2:3]:
            return "attrition"
        return "effect" if parts[2] == "effect" else "baseline"
    if parts[0] == "evaluation":
        return "bias"
    if parts[0] == "contract" and parts[1] == "payors":
        return "payor"
    return "cost"


def _collect(found: Any, path: str, into: list[tuple[str, Quantity]]) -> None:
    """Put every quantity below a part of a scenario into a list, with its dotted path."""
    if isinstance(found, Quantity):
        into.append((path, found))
    elif isinstance(found, Noun):
        for name, key in _keys(type(found)):
            value = getattr(found, name)
            if type(value) not in _NO_QUANTITY:
                _collect(value, f"{path}.{key}" if path else key, into)
    elif isinstance(found, dict):
        for key, value in found.items():
            _collect(value, f"{path}.{key}", into)
    elif isinstance(found, list):
        for place, value in enumerate(found):
            _collect(value, f"{path}.{place}", into)


@cache
def _keys(noun: type[Noun]) -> list[tuple[str, str]]:
    """The fields of a noun, each with its key in a file."""
    return [(name, field.alias or name) for name, field in noun.model_fields.items()]


class Row:
    """The quantities of a scenario, by column."""

    def __init__(self, scenario: Scenario) -> None:
        """Collect them in the order of the model's fields (draws do not depend on the order)."""
        pairs: list[tuple[str, Quantity]] = []
        _collect(scenario, "", pairs)
        self.paths = [path for path, _ in pairs]
        self.quantities = [quantity for _, quantity in pairs]
        self.sources = [source_of(path) for path in self.paths]
        self.columns = {path: i for i, path in enumerate(self.paths)}
        self.base: npt.NDArray[np.float64] = np.array([q.mean() for q in self.quantities])
        self.uncertain = [i for i, q in enumerate(self.quantities) if not q.certain]

    def column(self, path: str) -> int:
        """Column of the quantity at a dotted path; −1 where the scenario has none."""
        return self.columns.get(path, -1)
