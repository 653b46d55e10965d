"""Kinds of installed packages, found by entry point, beside the language's own."""

from __future__ import annotations

import operator
from collections.abc import Container, Iterable
from functools import reduce
from typing import Annotated, Any, TypeVar, get_args

from pydantic import AfterValidator, Field, TypeAdapter, ValidationError

from pfs_sim.errors import InputError
from pfs_sim.model.noun import Noun
from pfs_sim.model.offers import find_offers
from pfs_sim.model.presets import Preset

SCHEDULES, TRANCHES, OUTCOMES = "pfs_sim.schedules", "pfs_sim.tranches", "pfs_sim.outcomes"
"""Entry point groups; that of distributions is `family.ENTRY_POINTS`."""

Kind = TypeVar("Kind", bound=Noun)


def kind_of(noun: type[Noun]) -> str:
    """The word after `kind:`."""
    field = noun.model_fields.get("kind")
    words = get_args(field.annotation) if field is not None else ()
    if len(words) != 1 or not isinstance(words[0], str):
        raise TypeError(f'{noun.__name__} has no field kind: Literal["…"] with one word')
    return words[0]


def find_kinds(group: str, base: type[Kind], taken: Container[str]) -> dict[str, type[Kind]]:
    """The kinds that installed packages offer under an entry point group, by name.

    Errors: InputError for one that cannot be imported, is no `base`, calls itself otherwise than
    its entry point, or takes a word that is taken.
    """
    found: dict[str, type[Kind]] = {}
    for entry in find_offers(group):
        try:
            kind = entry.load()
            _check(kind, base, entry.name)
            known = found.get(entry.name)
            if entry.name in taken or (known is not None and known is not kind):
                raise ValueError(f"the word `{entry.name}` is taken")
        except Exception as error:
            owner = entry.dist.name if entry.dist is not None else "an installed package"
            raise InputError(
                f"{owner} offers {entry.value} as `{entry.name}` ({group}), which cannot be used: "
                f"{error}"
            ) from error
        found[entry.name] = kind
    return found


def _check(kind: Any, base: type[Noun], name: str) -> None:
    if not (isinstance(kind, type) and issubclass(kind, base)):
        raise TypeError(f"it is not a {base.__module__}.{base.__name__}")
    if kind_of(kind) != name:
        raise ValueError(f"it is `kind: {kind_of(kind)}`")


def one_of_kinds(kinds: Iterable[type[Noun]]) -> Any:
    """The type of a field that takes any of these, told apart by `kind`."""
    listed = list(kinds)
    if len(listed) == 1:
        return listed[0]
    return Annotated[reduce(operator.or_, listed), Field(discriminator="kind")]


def with_presets(kinds: Iterable[type[Noun]], presets: Iterable[type[Preset]]) -> Any:
    """The type of a field that takes kinds of the language, and presets in their place.

    A preset becomes what it states; its source and note go with it.
    """
    own, more = list(kinds), list(presets)
    canonical = one_of_kinds(own)
    if not more:
        return canonical
    adapter: TypeAdapter[Any] = TypeAdapter(canonical)

    def state(found: Any) -> Any:
        return restate(found, adapter) if isinstance(found, Preset) else found

    return Annotated[one_of_kinds([*own, *more]), AfterValidator(state)]


def restate(found: Preset, adapter: TypeAdapter[Any]) -> Any:
    """What a preset states, as the language's own noun; a ValueError if that is not possible."""
    data = dict(found.stated())
    for key in ("source", "note"):
        if getattr(found, key) is not None:
            data.setdefault(key, getattr(found, key))
    try:
        return adapter.validate_python(data)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise ValueError(
            f"found a {kind_of(type(found))} that states {place}: {first['msg']}; "
            "allowed: keys that make a tranche or outcome of the language"
        ) from None
