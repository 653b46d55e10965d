"""The page of the scenario language, walked out of the models: every noun, key, kind and family."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, NamedTuple, Union, get_args, get_origin

from pydantic import BeforeValidator
from pydantic_core import PydanticUndefined

from pfs_sim.model.family import FAMILIES, Family, Spike, Truncate, load_families
from pfs_sim.model.noun import Noun, _key, _name, _span, _when
from pfs_sim.model.outcomes import Outcome
from pfs_sim.model.presets import Preset
from pfs_sim.model.quantities import Bounds, Quantity
from pfs_sim.model.scenario import Scenario

HERE = Path(__file__).resolve().parent
FIRST_DEAL, EXAMPLES = HERE / "first_deal.yaml", HERE / "examples.yaml"
_TEXTS = {_name: "name", _when: "grid point or date", _span: "length of time", _key: "key"}
_EVERYWHERE = ("source", "note")
_PLAIN = {str: "text", int: "whole number", float: "number", bool: "true or false", object: "any"}


class Place(NamedTuple):
    """A noun and the first place where it may stand."""

    noun: type[Noun]
    path: str
    depth: int


def list_places() -> list[Place]:
    """Every noun of the language, in the order of a scenario, each once."""
    seen: dict[type[Noun], Place] = {}

    def visit(noun: type[Noun], path: str, depth: int) -> None:
        if noun in seen:
            return
        seen[noun] = Place(noun, path, depth)
        for name, field in noun.model_fields.items():
            key = field.alias or name
            inside = f"{path}.{key}".lstrip(".")
            for found, suffix in _find_nouns(_annotation(field)):
                visit(found, inside + suffix, depth + 1)

    visit(Scenario, "", 0)
    return list(seen.values())


def _annotation(field: Any) -> Any:
    return Annotated[field.annotation, *field.metadata] if field.metadata else field.annotation


def _find_nouns(hint: Any, suffix: str = "") -> Iterator[tuple[type[Noun], str]]:
    """The nouns that a type takes, and what stands between the key and them."""
    if isinstance(hint, type) and issubclass(hint, Noun):
        # What other packages add is on their pages.
        if not issubclass(hint, Preset) and hint.__module__.startswith("pfs_sim."):
            yield hint, suffix
        return
    inside = get_args(hint)
    if get_origin(hint) is Annotated:
        inside = inside[:1]
    elif get_origin(hint) is dict:
        inside, suffix = inside[1:], f"{suffix}.<name>"
    elif get_origin(hint) is list:
        suffix = f"{suffix}[…]"
    for part in inside:
        yield from _find_nouns(part, suffix)


def say_type(hint: Any) -> str:
    """What may stand after a key, in words."""
    marks: list[Any] = []
    if get_origin(hint) is Annotated:
        hint, *marks = get_args(hint)
    if hint is Quantity:
        bounds = next((mark for mark in marks if isinstance(mark, Bounds)), Bounds())
        return ("number: " if bounds.certain else "**quantity**: ") + bounds.words()
    for mark in marks:
        if isinstance(mark, BeforeValidator) and mark.func in _TEXTS:
            return _TEXTS[mark.func]
    origin, inside = get_origin(hint), get_args(hint)
    if origin is Literal:
        return ", ".join(f"`{word}`" for word in inside)
    if origin in (Union, UnionType):
        parts = [part for part in inside if part is not NoneType]
        return " or ".join(dict.fromkeys(say_type(part) for part in parts))
    if origin is dict:
        return f"{say_type(inside[0])} → {say_type(inside[1])}"
    if origin is list:
        return f"list of {say_type(inside[0])}"
    if isinstance(hint, type) and issubclass(hint, Noun):
        name = hint.__name__
        return f"[{name}](#{name.lower()})" if not issubclass(hint, Preset) else name
    if hint in _PLAIN:
        limits = [
            f"{word} {getattr(mark, key):g}"
            for mark in marks
            for key, word in (("ge", "from"), ("gt", "above"), ("le", "to"), ("lt", "below"))
            if getattr(mark, key, None) is not None
        ]
        return " ".join([_PLAIN[hint], *limits])
    return str(getattr(hint, "__name__", hint))


def say_default(field: Any) -> str:
    """What holds where the key is left out."""
    if field.is_required():
        return "needed"
    if field.default is PydanticUndefined or field.default is None:
        return ""
    found = field.default
    return f"`{found}`" if isinstance(found, str) and found else (
        "" if found == "" else f"`{json.dumps(found)}`"
    )


def write_keys(noun: type[Any], leave_out: tuple[str, ...] = _EVERYWHERE) -> list[str]:
    """A table of a model's keys."""
    rows = []
    for name, field in noun.model_fields.items():
        if name in leave_out:
            continue
        said = (field.description or "").replace("|", "\\|")
        what = say_type(_annotation(field))
        rows.append(f"| `{field.alias or name}` | {what} | {say_default(field)} | {said} |")
    head = ["| key | what it takes | left out | meaning |", "| --- | --- | --- | --- |"]
    return [*head, *rows] if rows else ["No keys of its own."]


def read_examples() -> dict[str, str]:
    """YAML to add to the first deal, by the name of the model that it shows."""
    from ruamel.yaml import YAML

    found = YAML(typ="safe", pure=True).load(EXAMPLES.read_text(encoding="utf-8"))
    return {str(name): str(text) for name, text in found.items()}


def _docstring(kind: type) -> str:
    text = (kind.__doc__ or "").strip()
    return " ".join(line.strip() for line in text.split("\n\n")[0].splitlines())


def _own_keys(place: Place) -> tuple[str, ...]:
    """Keys that are not repeated: those of every noun, those of every outcome."""
    kind = place.noun
    if issubclass(kind, Outcome) and kind is not Outcome:
        return (*_EVERYWHERE, *(name for name in Outcome.model_fields if name not in _EVERYWHERE))
    return _EVERYWHERE


def write_noun(place: Place, example: str | None) -> list[str]:
    """A section: where it stands, what it means, its keys, an example."""
    mark = "##" if place.depth <= 1 else "###"
    where = f"`{place.path}`: " if place.path else ""
    lines = ["", f"{mark} {place.noun.__name__}", "", where + _docstring(place.noun)]
    if issubclass(place.noun, Outcome) and place.noun is not Outcome:
        lines[-1] += " Beside the keys of every [Outcome](#outcome):"
    lines += ["", *write_keys(place.noun, _own_keys(place))]
    if example:
        lines += ["", "```yaml", example.rstrip(), "```"]
    return lines


def write_family(kind: type[Family]) -> list[str]:
    """A distribution: the ways to give it, its keys, an example of each way."""
    ways = ["`" + "`, `".join(way) + "`" for way in kind.ways]
    lines = ["", f"### {kind.kind()}", "", _docstring(kind)]
    if ways:
        lines += ["", "Given by " + "; or by ".join(ways) + "."]
    shared = tuple(name for name in Family.model_fields)
    lines += ["", *write_keys(kind, (*shared, "dist")), "", "```yaml"]
    return [*lines, *(f"level: {_flow(example)}" for example in kind.examples), "```"]


def _flow(found: Any) -> str:
    """A mapping as YAML in one line."""
    if isinstance(found, dict):
        return "{" + ", ".join(f"{key}: {_flow(item)}" for key, item in found.items()) + "}"
    if isinstance(found, list | tuple):
        return "[" + ", ".join(_flow(item) for item in found) + "]"
    return found if isinstance(found, str) and found.isidentifier() else json.dumps(found)


OPENING = """\
# The scenario language

<!-- Written by `make docs` from the models; a test holds it to them. Change the models instead. -->

A scenario is one YAML file that says a deal: its **clock** and the five nouns **program, outcomes,
evaluation, contract, capital**. This page starts with a whole small deal and then goes through
every key. `pfs-sim new my_deal` writes a longer starter with comments, `pfs-sim kinds` lists the
words of the language, and `pfs-sim check my_deal.yaml` names the problems of a file with their
lines: first those of its words, then, once these are right, those of what it says.

## A whole deal

This file is [docs/first_deal.yaml](../docs/first_deal.yaml). Copy it, run it, change a figure:

```console
$ pfs-sim check docs/first_deal.yaml
$ pfs-sim run docs/first_deal.yaml
$ pfs-sim run docs/first_deal.yaml --set contract.cap=1500000
$ pfs-sim trace docs/first_deal.yaml --path 7
```

```yaml
{deal}
```

## Rules for every file

- **Names are yours.** Things that can be several (outcomes, measures, terms, tranches, steps …) are
  maps: the key is the name that other parts refer to. A dotted path addresses any value:
  `--set contract.terms.work.schedule.price=3000`. A `label:` is what readers see.
- **Quantities may be uncertain.** Where a table says **quantity**, a number or a distribution may
  stand: `level: 0.4`, or `level: {{dist: beta, mean: 0.4, sd: 0.04}}`. Where it says number, one
  value. Either may be `{{value: 0.4, source: …}}`. See [Quantities](#quantities).
- **Sources.** Any mapping may have `source:` (where its figures come from, or `assumed`) and
  `note:`. They cover everything below that has none of its own.
- **Money** is in the currency of the scenario; **rates and shares** are fractions (0.05 is 5 %);
  rates are annual.
- **Moments** are dates (`2028-07-01`: the first grid point on or after it) or grid points (`8`;
  grid point t is the start of period t). **Lengths of time** are `18 months`, `2 years`,
  `6 periods`, or a number of periods; they are rounded up to whole periods.
- **Overlays.** `extends: other.yaml` lays a file over another: maps merge by key, anything else
  replaces, `null` removes an entry, and a quantity is replaced as a whole.
- An **unknown key** is an error with the nearest known one; an implausible value is a warning.

What is left out takes the value in the column *left out*; an empty cell there means that the thing
is absent. The examples below say what to add to the deal above.
"""

QUANTITIES = """
## Quantities

A number, `{{value: …, source: …}}`, or a distribution `{{dist: …}}` with keys of its own.
Each may be cut, discounted toward no effect, and mixed with one value that has a probability of its
own, in this order:

{shared}

`truncate`:

{truncate}

`spike`:

{spike}

```yaml
effect:
  dist: normal
  mean: -0.6
  sd: 0.3
  truncate: {{high: 0.2}}              # never more than this
  discount: 0.3                      # then multiplied by 0.7
  spike: {{at: 0, weight: 0.2}}        # and one in five has no effect at all
```

Two quantities move together by a [Correlation](#correlation). A quantity must have a finite mean.
"""


def write_language() -> str:
    """The whole page."""
    load_families()
    deal = FIRST_DEAL.read_text(encoding="utf-8").rstrip()
    lines = [OPENING.format(deal=deal).rstrip()]
    examples, shown_outcome = read_examples(), False
    for place in list_places():
        if issubclass(place.noun, Outcome) and not shown_outcome:
            shown_outcome = True
            every = Place(Outcome, "outcomes.<name>", 1)
            lines += write_noun(every, examples.get("Outcome"))
        lines += write_noun(place, examples.get(place.noun.__name__))
    own = [kind for kind in FAMILIES.values() if kind.__module__.startswith("pfs_sim.")]
    lines.append(
        QUANTITIES.format(
            shared="\n".join(write_keys(Family)),
            truncate="\n".join(write_keys(Truncate)),
            spike="\n".join(write_keys(Spike)),
        ).rstrip()
    )
    for kind in sorted(own, key=lambda kind: kind.kind()):
        lines += write_family(kind)
    return "\n".join(lines) + "\n"
