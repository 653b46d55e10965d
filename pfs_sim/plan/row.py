"""Every quantity of a scenario in one row: its dotted path, its source, its column.

The kernels read a path's inputs from one vector, `row[column]`; a plan's tables hold columns.
Certain quantities have a column too, filled with their value.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from pfs_sim.model.noun import Noun
from pfs_sim.model.quantities import Quantity
from pfs_sim.model.scenario import Scenario

SOURCES = ("effect", "baseline", "enrollment", "attrition", "chance", "bias", "cost", "payor")
"""The sources of risk (model §2), in the order in which seeds are given."""


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


def _walk(found: Any, path: str) -> Iterator[tuple[str, Quantity]]:
    if isinstance(found, Quantity):
        yield path, found
    elif isinstance(found, Noun):
        for name, field in type(found).model_fields.items():
            value = getattr(found, name)
            key = field.alias or name
            yield from _walk(value, f"{path}.{key}" if path else key)
    elif isinstance(found, dict):
        for key, value in found.items():
            yield from _walk(value, f"{path}.{key}")
    elif isinstance(found, list):
        for place, value in enumerate(found):
            yield from _walk(value, f"{path}.{place}")


class Row:
    """The quantities of a scenario, by column."""

    def __init__(self, scenario: Scenario) -> None:
        """Collect them in the order of the model's fields (draws do not depend on the order)."""
        pairs = list(_walk(scenario, ""))
        self.paths = [path for path, _ in pairs]
        self.quantities = [quantity for _, quantity in pairs]
        self.sources = [source_of(path) for path in self.paths]
        self.columns = {path: i for i, path in enumerate(self.paths)}
        self.base: npt.NDArray[np.float64] = np.array([q.mean() for q in self.quantities])
        self.uncertain = [i for i, q in enumerate(self.quantities) if not q.certain]

    def column(self, path: str) -> int:
        """Column of the quantity at a dotted path; −1 where the scenario has none."""
        return self.columns.get(path, -1)
