"""Where the figures of a deal come from: what was assumed, what has a source, what has none."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from pfs_sim.model.noun import Noun
from pfs_sim.model.quantities import Quantity
from pfs_sim.model.scenario import Scenario

ASSUMED = "assumed"
_SILENT = {"source", "note", "pfs_sim", "name", "description", "label", "currency", "unit", "kind"}
# What closes a deal off from its figures: none of it is one.
_SKIPPED = {"stresses", "published"}


class Figure(NamedTuple):
    """A figure of a scenario, by dotted path: what is stated, and where it comes from."""

    path: str
    stated: str
    source: str

    @property
    def assumed(self) -> bool:
        """Whether the file calls it assumed."""
        return ASSUMED in self.source.lower()


def list_figures(scenario: Scenario) -> list[Figure]:
    """Every figure that the scenario states, with the source that covers it; defaults left out."""
    return list(_walk(scenario, "", ""))


def _walk(found: Any, path: str, source: str) -> Iterator[Figure]:
    if isinstance(found, Quantity):
        value = found.value
        stated = found.describe() if value is None else f"{value:,.10g}"
        yield Figure(path, stated, found.source or source)
    elif isinstance(found, Noun):
        yield from _walk_noun(found, path, found.source or source)
    elif isinstance(found, dict):
        for key, value in found.items():
            yield from _walk(value, f"{path}.{key}", source)
    elif isinstance(found, list):
        if _is_flat(found):
            if _has_digits(found):
                yield Figure(path, _write_list(found), source)
        else:
            for place, value in enumerate(found):
                yield from _walk(value, f"{path}.{place}", source)
    elif isinstance(found, int | float) and not isinstance(found, bool):
        yield Figure(path, f"{found:,.10g}", source)
    elif isinstance(found, str) and any(letter.isdigit() for letter in found[:1]):
        yield Figure(path, found, source)  # a date or a length of time


def _walk_noun(found: Noun, path: str, source: str) -> Iterator[Figure]:
    for name, field in type(found).model_fields.items():
        value = getattr(found, name)
        if name in _SILENT or (not path and name in _SKIPPED) or _is_default(value, field):
            continue
        key = field.alias or name
        yield from _walk(value, f"{path}.{key}" if path else key, source)


def _is_default(value: Any, field: Any) -> bool:
    if field.is_required():
        return False
    default = field.get_default(call_default_factory=True)
    if isinstance(value, Quantity) and isinstance(default, int | float):
        return value.source is None and value.certain and value.value == float(default)
    return bool(value == default)


def _is_flat(found: list[Any]) -> bool:
    """A list of certain numbers or words, or of short lists of them: points, tiers, dates."""
    return all(
        isinstance(item, str | int | float)
        or (isinstance(item, Quantity) and item.certain and item.source is None)
        or (isinstance(item, list) and _is_flat(item))
        for item in found
    )


def _has_digits(found: list[Any]) -> bool:
    """Whether a list holds figures, not only names of other parts of the deal."""
    def is_figure(item: Any) -> bool:
        if isinstance(item, list):
            return _has_digits(item)
        return not isinstance(item, str) or item[:1].isdigit()

    return any(is_figure(item) for item in found)


def _write_list(found: list[Any]) -> str:
    parts = []
    for item in found:
        if isinstance(item, list):
            parts.append(f"({_write_list(item)})")
        else:
            value = item.value if isinstance(item, Quantity) else item
            parts.append(value if isinstance(value, str) else f"{value:,.10g}")
    return ", ".join(parts)


def count_origins(figures: list[Figure]) -> dict[str, int]:
    """How many figures are assumed, have a source, have none."""
    assumed = sum(figure.assumed for figure in figures)
    sourced = sum(bool(figure.source) and not figure.assumed for figure in figures)
    return {"assumed": assumed, "sourced": sourced, "bare": len(figures) - assumed - sourced}
