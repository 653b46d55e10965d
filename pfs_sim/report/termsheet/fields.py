"""Whatever no sentence has said yet, field by field in the words of the language itself.

What a file sets and a sentence does not say (the priors of the program, mostly) becomes a clause
of its own; a default becomes a quiet one. So nothing of a scenario is missing from its clauses.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pfs_sim.model.noun import Noun
from pfs_sim.model.quantities import Quantity
from pfs_sim.model.scenario import Scenario
from pfs_sim.report.termsheet.clauses import (
    Article,
    Clause,
    Section,
    field_name,
    is_below,
)
from pfs_sim.report.termsheet.words import number, plain_text, say_quantity

_PASSED_OVER = ("pfs_sim", "name", "description", "stresses", "published", "label", "holder")
ASSUMPTIONS = {
    "program": "People: what the model assumes",
    "outcomes": "Outcomes: what the model assumes",
    "correlations": "What moves together",
}


def list_fields(found: Noun, path: str = "") -> Iterator[tuple[str, Any, str, bool]]:
    """(place, value, description, whether it is the default) of every field that is a value.

    A map or a list of values is one value; a map of nouns is not.
    """
    for name, field in type(found).model_fields.items():
        value, key = getattr(found, name), field_name(found, name)
        place = f"{path}.{key}" if path else key
        if name in ("source", "note") or value is None or (not path and key in _PASSED_OVER):
            continue
        if isinstance(value, Noun):
            yield from list_fields(value, place)
        elif isinstance(value, dict) and any(isinstance(item, Noun) for item in value.values()):
            for entry, item in value.items():
                yield from list_fields(item, f"{place}.{entry}")
        elif not (isinstance(value, dict | list) and not value):
            default = field.get_default(call_default_factory=True)
            same = value == default or (isinstance(value, Quantity) and value.value == default)
            yield place, value, field.description or "", same


def say_value(value: Any) -> str:
    """A value of a file in plain words."""
    if isinstance(value, Quantity):
        return say_quantity(value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | float):
        return number(value)
    if isinstance(value, dict):
        return "; ".join(f"{key}: {say_value(item)}" for key, item in value.items())
    if isinstance(value, list):
        return ", ".join(
            f"({say_value(item)})" if isinstance(item, list) else say_value(item) for item in value
        )
    return plain_text(str(value))


def say_the_rest(scenario: Scenario, sections: list[Section]) -> list[Section]:
    """The sections with what they leave out: in their articles, or in annexes of assumptions."""
    annexes: dict[str, dict[str, list[Clause]]] = {top: {} for top in ASSUMPTIONS}
    articles = {a.key: a for section in sections for a in section.articles}
    loose: dict[str, list[Clause]] = {}
    said = {
        cover
        for section in sections
        for article in section.articles
        for clause in article.clauses
        for cover in clause.covers
    }
    for place, value, description, default in list_fields(scenario):
        if place.endswith((".label", ".holder")) or _is_said(place, said):
            continue
        clause = _say_field(place, value, description, default)
        top = place.partition(".")[0]
        if top in annexes:
            parts = place.split(".")
            group = ".".join(parts[: 2 if len(parts) > 2 else 1])
            annexes[top].setdefault(group, []).append(clause)
            continue
        home = max((key for key in articles if is_below(place, key)), key=len, default="")
        if home:
            articles[home].clauses.append(clause)
        else:
            loose.setdefault(top, []).append(clause)
    for top, clauses in loose.items():
        home_section = next((s for s in sections if s.key.partition(".")[0] == top), sections[0])
        home_section.articles.append(Article("Further", f"{top}#further", clauses))
    made = [
        Section(ASSUMPTIONS[top], top, [
            Article(f"`{group}`", f"{group}#assumed", clauses) for group, clauses in groups.items()
        ], annex=True)
        for top, groups in annexes.items()
        if groups
    ]
    return [*sections, *made]


def _is_said(place: str, said: set[str]) -> bool:
    parts = place.split(".")
    above = {".".join(parts[: n + 1]) for n in range(len(parts))}
    return bool(above & said) or any(cover.startswith(f"{place}.") for cover in said)


def _say_field(place: str, value: Any, description: str, default: bool) -> Clause:
    name = place.split(".", 2)[-1] if place.count(".") > 1 else place.rpartition(".")[2]
    text = f"`{name}`: {say_value(value)}"
    if description:
        text += f" — {plain_text(description)}"
    return Clause(text if text.endswith(".") else f"{text}.", (place,), quiet=default)
