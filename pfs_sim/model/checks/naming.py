"""How a finding is worded: names that do not exist, numbers, lists, dotted paths."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from difflib import get_close_matches
from typing import TYPE_CHECKING, TypeAlias

from pfs_sim.errors import Finding

if TYPE_CHECKING:
    from pfs_sim.model.scenario import Scenario

Path: TypeAlias = tuple[str | int | float, ...]
Check: TypeAlias = "Callable[[Scenario], Iterator[Finding]]"
"""What is impossible (error) or implausible (warning) in a scenario of well-formed values."""

_MOST_NAMED = 12


def unknown(path: Path, name: str, known: Iterable[str], what: str) -> Finding:
    """A name that does not exist, with those that do and the nearest of them."""
    names = list(known)
    near = get_close_matches(name, names, 1, 0.6)
    allowed = f"{what}: {listing(names)}" if names else f"{what} (there is none yet)"
    return Finding(path, f"`{name}`", allowed, hint=f"`{near[0]}`" if near else None)


def unknown_all(
    path: Path, found: Sequence[str], known: Iterable[str], what: str
) -> Iterator[Finding]:
    """Every name of a list that does not exist, or that the list has already had."""
    names = list(known)
    for i, name in enumerate(found):
        if name not in names:
            yield unknown((*path, i), name, names, what)
        elif name in found[:i]:
            yield Finding((*path, i), f"`{name}` for the second time", "each name once")


def warning(path: Path, found: str, allowed: str, hint: str | None = None) -> Finding:
    """What a designer would want to look at again."""
    return Finding(path, found, allowed, "warning", hint)


def listing(names: Sequence[str]) -> str:
    """Names in a row, the first dozen of many."""
    if len(names) <= _MOST_NAMED:
        return ", ".join(names)
    return f"{', '.join(names[:_MOST_NAMED])}, … ({len(names)} in all)"


def say(number: float) -> str:
    """A number as a contract prints it: 14,800,000 or 0.35."""
    if abs(number) >= 1000.0:
        return f"{number:,.0f}" if number == round(number) else f"{number:,.2f}"
    return f"{number:.6g}"


def percent(share: float) -> str:
    """A share as a percentage in words."""
    return f"{100.0 * share:.3g} %"


def periods(count: int) -> str:
    """A number of periods in words."""
    return f"{count} period" if count == 1 else f"{count} periods"
