"""What is written differently in two scenarios: the places where their resolved forms part."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

REMARKS = ("source", "note", "label", "holder")
ABOUT = ("name", "description", "published", "stresses")
"""What moves no number: at any place, and at the top of a scenario."""


class Change(NamedTuple):
    """A place by its dotted path, and what stands there in each; None where nothing does."""

    path: str
    old: Any
    new: Any


def list_changes(old: dict[str, Any], new: dict[str, Any]) -> list[Change]:
    """Every place at which two resolved scenarios differ, in file order; remarks left out.

    A place is as deep as both have mappings there: an entry that only one of them has is one
    change, and so is a quantity, however it is stated. An order of terms, costs or waterfall steps
    that differs is a change of the whole section.
    """
    before, after = (
        strip_remarks({key: value for key, value in side.items() if key not in ABOUT})
        for side in (old, new)
    )
    return list(_walk(before, after, ""))


def strip_remarks(data: Any) -> Any:
    """Resolved data without what moves no number; a stated value becomes the bare value."""
    if isinstance(data, list):
        return [strip_remarks(item) for item in data]
    if not isinstance(data, dict):
        return data
    bare = {
        key: strip_remarks(value)
        for key, value in data.items()
        if key not in REMARKS or isinstance(value, dict)  # an entry may be called so
    }
    return bare["value"] if list(bare) == ["value"] else bare


_ORDERED = ("contract.terms", "capital.costs", "capital.waterfall")


def _walk(old: Any, new: Any, path: str) -> Iterator[Change]:
    if repr(old) == repr(new):  # equal, and in the same order at every depth
        return
    whole = not (isinstance(old, dict) and isinstance(new, dict)) or _is_one(old, new)
    if whole or (path in _ORDERED and _reordered(old, new)):
        if old != new or path in _ORDERED:
            yield Change(path, old, new)
        return
    for key in [*old, *(key for key in new if key not in old)]:
        yield from _walk(old.get(key), new.get(key), f"{path}.{key}" if path else str(key))


def _is_one(old: dict[str, Any], new: dict[str, Any]) -> bool:
    """Whether a mapping is one thing: a distribution, a schedule, a kind that changed."""
    tags = ("dist", "kind", "design", "statistic")
    return any("dist" in side for side in (old, new)) or any(
        old.get(tag) != new.get(tag) for tag in tags
    )


def _reordered(old: dict[str, Any], new: dict[str, Any]) -> bool:
    """Whether the entries that both have come in another order."""
    return [key for key in old if key in new] != [key for key in new if key in old]
