"""What differs between two scenarios, clause by clause, in the words of the term sheet."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Literal, NamedTuple

from pfs_sim.model.quantities import Quantity
from pfs_sim.model.scenario import Scenario
from pfs_sim.report.termsheet import list_sections
from pfs_sim.report.termsheet.clauses import Clause, is_below, list_leaves, list_remarks
from pfs_sim.report.termsheet.fields import say_value

Change = Literal["added", "removed", "changed"]
ELSEWHERE = "Names, back-tests and all else"
REMARKS = "Sources and remarks"
_LABELS = (".label", ".holder")


class Difference(NamedTuple):
    """One clause that is not the same in both.

    `follows`: the file says the same at this place; the words differ because something else does
    (every date, where the start moves). `covers`: all the places that the clause says.
    """

    change: Change
    section: str
    article: str
    place: str
    old: str | None
    new: str | None
    follows: bool = False
    covers: tuple[str, ...] = ()


class _Side(NamedTuple):
    """One of the two scenarios, ready to be compared."""

    clauses: dict[str, tuple[str, str, Clause]]
    leaves: dict[str, str]
    orders: dict[str, list[str]]


def _prepare(scenario: Scenario) -> _Side:
    clauses = {
        clause.key: (section.title, article.title, clause)
        for section in list_sections(scenario)
        for article in section.articles
        for clause in article.clauses
    }
    leaves = {place: _write(value) for place, value in list_leaves(scenario) if place}
    orders = {
        f"{top}.{name}#order": list(getattr(getattr(scenario, top), name))
        for top, name in (("contract", "terms"), ("capital", "costs"), ("capital", "waterfall"))
    }
    return _Side(clauses, leaves, orders)


def _write(value: Any) -> str:
    """A value so that two are the same if and only if their words are."""
    if isinstance(value, Quantity):
        data = value.plain()
        if isinstance(data, dict):
            data = {key: item for key, item in data.items() if key not in ("source", "note")}
            if list(data) == ["value"]:
                data = data["value"]
        return repr(data)
    return repr(value)


def compare_scenarios(old: Scenario, new: Scenario) -> list[Difference]:
    """Every clause added, removed or changed, in the order of the term sheet; then the rest.

    Nothing that differs between the files is left out: what no clause says is said by its place.
    """
    before, after = _prepare(old), _prepare(new)
    found = list(_compare_clauses(before, after))
    told = {cover for difference in found for cover in difference.covers}
    # Defaults and labels of an entry that is new or gone go with it.
    for one, other in ((before, after), (after, before)):
        for key, (_, _, clause) in one.clauses.items():
            if clause.quiet and key not in other.clauses:
                told |= set(clause.covers)
        entries = {place.rpartition(".")[0] for place in other.leaves}
        told |= {
            place
            for place in one.leaves
            if place.endswith(_LABELS) and not _has_entry(place.rpartition(".")[0], entries)
        }
    rest = [
        place
        for place in dict.fromkeys([*before.leaves, *after.leaves])
        if before.leaves.get(place) != after.leaves.get(place)
        and not any(is_below(place, cover) for cover in told)
    ]
    values = [_say_leaves(side) for side in (old, new)]
    found += _compare_maps(ELSEWHERE, {p: values[0][p] for p in rest if p in values[0]},
                           {p: values[1][p] for p in rest if p in values[1]})
    found += _compare_maps(REMARKS, list_remarks(old), list_remarks(new))
    return found


def _has_entry(entry: str, entries: set[str]) -> bool:
    return any(is_below(place, entry) for place in entries)


def _say_leaves(scenario: Scenario) -> dict[str, str]:
    return {place: say_value(value) for place, value in list_leaves(scenario)}


def _compare_clauses(before: _Side, after: _Side) -> Iterator[Difference]:
    for key in _merge(list(before.clauses), list(after.clauses)):
        old, new = before.clauses.get(key), after.clauses.get(key)
        section, article, clause = new or old or ("", "", Clause("", ("",)))
        if old is None or new is None:
            # A default of an entry that is new or gone is no news.
            if not clause.quiet:
                words = say_clause(clause)
                yield Difference(
                    "added" if old is None else "removed", section, article, key,
                    None if old is None else words, None if new is None else words,
                    covers=clause.covers,
                )
            continue
        a, b = _say_both(old[2], new[2])
        if a != b:
            covers = tuple(dict.fromkeys([*old[2].covers, *new[2].covers]))
            same = _says_the_same(key, covers, before, after)
            yield Difference("changed", section, article, key, a, b, same, covers)


def _merge(old: list[str], new: list[str]) -> list[str]:
    """The new order; what is gone follows what it followed."""
    merged, known = list(new), set(new)
    for place, key in enumerate(old):
        if key not in known:
            merged.insert(merged.index(old[place - 1]) + 1 if place else 0, key)
            known.add(key)
    return merged


def _says_the_same(key: str, covers: tuple[str, ...], before: _Side, after: _Side) -> bool:
    if key in before.orders:
        both = [name for name in before.orders[key] if name in after.orders[key]]
        return both == [name for name in after.orders[key] if name in before.orders[key]]
    places = {place for side in (before, after) for place in side.leaves}
    return all(
        before.leaves.get(place) == after.leaves.get(place)
        for place in places
        if any(is_below(place, cover) for cover in covers)
    )


def _rows(clause: Clause) -> list[str]:
    return [": ".join(row) for row in clause.table.rows] if clause.table else []


def say_clause(clause: Clause) -> str:
    """A clause with its table on one line."""
    return " ".join([clause.text, "; ".join(_rows(clause))]).strip()


def _say_both(old: Clause, new: Clause) -> tuple[str, str]:
    """Both texts; of two tables under the same words, only the rows that differ."""
    a, b = _rows(old), _rows(new)
    if old.text == new.text and a != b:
        only_a, only_b = ([row for row in x if row not in y] for x, y in ((a, b), (b, a)))
        if only_a and only_b:
            return "; ".join(only_a), "; ".join(only_b)
    return say_clause(old), say_clause(new)


def _compare_maps(
    section: str, old: Mapping[str, str], new: Mapping[str, str]
) -> Iterator[Difference]:
    for place in _merge(list(old), list(new)):
        a, b = old.get(place), new.get(place)
        if a == b:
            continue
        change: Change = "added" if a is None else "removed" if b is None else "changed"
        yield Difference(change, section, "", place, a, b, covers=(place,))


def count_differences(found: list[Difference]) -> str:
    """A line: how many clauses differ, and how many of them only follow."""
    own = [one for one in found if not one.follows]
    if not found:
        return "The two say the same."
    words = ", ".join(
        f"{n} {change}"
        for change in ("added", "removed", "changed")
        if (n := sum(one.change == change for one in own))
    )
    follow = len(found) - len(own)
    tail = f"; the words of {follow} more follow from these" if follow else ""
    return f"{words or 'nothing changed in itself'}{tail}."
