"""What a term sheet is made of: sections, articles, clauses, and where each stands in the file."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from pfs_sim.model.noun import Noun
from pfs_sim.model.quantities import Quantity


class Table(NamedTuple):
    """A table below a clause: tiers, dates, amounts."""

    headings: tuple[str, ...]
    rows: Sequence[tuple[str, ...]]


class Clause(NamedTuple):
    """One thing that is agreed, in a sentence or two.

    `covers` are the dotted places of the file that it states; the first one names the clause, so
    that the same clause of another file is found by it. A `quiet` clause says a default that
    nobody needs to read; it is there to be compared.
    """

    text: str
    covers: tuple[str, ...]
    table: Table | None = None
    quiet: bool = False

    @property
    def key(self) -> str:
        """The name of the clause."""
        return self.covers[0]


class Article(NamedTuple):
    """The clauses about one thing: a term, a tranche, a trigger."""

    title: str
    key: str
    clauses: list[Clause]


class Section(NamedTuple):
    """A part of the term sheet."""

    title: str
    key: str
    articles: list[Article]
    annex: bool = False


def field_name(noun: Noun, name: str) -> str:
    """How a field is written in a file."""
    return type(noun).model_fields[name].alias or name


def walk(found: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Every noun, quantity and plain value of a scenario, with its dotted place, outer ones first.

    What stands inside a quantity belongs to it.
    """
    yield path, found
    if isinstance(found, Noun):
        pairs = [
            (field_name(found, name), getattr(found, name))
            for name in type(found).model_fields
            if name not in ("source", "note")
        ]
    elif isinstance(found, dict):
        pairs = list(found.items())
    elif isinstance(found, list):
        pairs = [(str(place), item) for place, item in enumerate(found)]
    else:
        return
    for key, value in pairs:
        yield from walk(value, f"{path}.{key}" if path else str(key))


def list_leaves(found: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Every quantity and plain value that is there, with its dotted place."""
    for place, value in walk(found, path):
        if value is not None and not isinstance(value, Noun | dict | list):
            yield place, value


def is_below(place: str, above: str) -> bool:
    """Whether a dotted place is another one or stands inside it."""
    return place == above or place.startswith(f"{above}.")


def list_remarks(scenario: Noun) -> dict[str, str]:
    """Place → where its figures come from, and what the file remarks on them."""
    found = {}
    for place, value in walk(scenario):
        if isinstance(value, Noun | Quantity):
            said = [value.source, f"Note: {value.note}" if value.note else None]
            text = " ".join(" ".join(part.split()) for part in said if part)
            if text:
                found[place] = text
    return found
