"""The JSON Schema of scenario files, small enough for an editor to load at every key press.

Pydantic writes the same choice of forms (a number or one of a dozen distributions) at every
field that has it. Here each subschema that stands in several places moves to `$defs` and is
referred to.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

Schema = dict[str, Any]

DIALECT = "https://json-schema.org/draft/2020-12/schema"
_MAPS = ("$defs", "properties", "patternProperties")
_LISTS = ("anyOf", "oneOf", "allOf", "prefixItems")
_SINGLE = ("items", "additionalProperties")
# What a field says beside its form; the form is what repeats.
_BESIDE = ("description", "default", "deprecated", "examples")
SHORTEST = 45
"""Characters of a subschema that is worth a name."""


def scenario_schema() -> Schema:
    """The JSON Schema of a scenario file; one that `extends:` others may leave everything out."""
    from pfs_sim.model.scenario import Scenario

    whole = _transform(Scenario.model_json_schema(), _drop_title)
    definitions = whole.pop("$defs")
    partial = {name: form for name, form in definitions.items() if not _is_quantity(form)}

    def make_partial(part: Schema) -> Schema:
        name = part.get("$ref", "").removeprefix("#/$defs/")
        return {**part, "$ref": f"#/$defs/Partial{name}"} if name in partial else _loosen(part)

    name = {"type": "string", "minLength": 1}
    extends = {
        "description": "A scenario file, or several, that this one is laid over.",
        "anyOf": [name, {"type": "array", "items": name, "minItems": 1}],
    }
    overlay = _transform(whole, make_partial)
    overlay["properties"] = {"extends": extends, **overlay["properties"]}
    loose = {f"Partial{key}": _transform(form, make_partial) for key, form in partial.items()}
    return hoist(
        {
            "$schema": DIALECT,
            "title": "pfs-sim scenario",
            "if": {"required": ["extends"]},
            "then": {"$ref": "#/$defs/Overlay"},
            "else": {"$ref": "#/$defs/Scenario"},
            "$defs": {**definitions, **loose, "Scenario": whole, "Overlay": overlay},
        }
    )


def hoist(schema: Schema) -> Schema:
    """The same schema with every repeated subschema said once, under `$defs`.

    They are numbered as they appear, so the same models give the same text.
    """
    seen = Counter(_write(_form(part)) for part in _walk(schema))
    repeated = [text for text, n in seen.items() if n > 1 and len(text) >= SHORTEST]
    names = {text: f"Form{number}" for number, text in enumerate(repeated, 1)}
    forms: dict[str, Schema] = {}

    def refer(part: Schema) -> Schema:
        name = names.get(_write(_form(part)))
        made = _map_parts(part, refer)
        if name is None:
            return made
        forms.setdefault(name, _form(made))
        return {"$ref": f"#/$defs/{name}", **{key: part[key] for key in _BESIDE if key in part}}

    made = _map_parts(schema, refer)
    made["$defs"] |= {name: forms[name] for name in names.values() if name in forms}
    return made


def _form(part: Schema) -> Schema:
    return {key: value for key, value in part.items() if key not in _BESIDE}


def _write(part: Schema) -> str:
    return json.dumps(part, sort_keys=True)


def _walk(schema: Schema) -> Iterator[Schema]:
    """Every subschema below this one, outer ones first."""
    for part in _parts(schema):
        yield part
        yield from _walk(part)


def _parts(schema: Schema) -> Iterator[Schema]:
    for key in _MAPS:
        yield from schema.get(key, {}).values()
    for key in _LISTS:
        yield from schema.get(key, [])
    for key in _SINGLE:
        if isinstance(schema.get(key), dict):
            yield schema[key]


def _map_parts(schema: Schema, change: Callable[[Schema], Schema]) -> Schema:
    """The schema with each direct subschema changed."""
    made = dict(schema)
    for key in _MAPS:
        if key in made:
            made[key] = {name: change(part) for name, part in made[key].items()}
    for key in _LISTS:
        if key in made:
            made[key] = [change(part) for part in made[key]]
    for key in _SINGLE:
        if isinstance(made.get(key), dict):
            made[key] = change(made[key])
    return made


def _transform(schema: Schema, change: Callable[[Schema], Schema]) -> Schema:
    """The schema with every subschema changed, inner ones first, itself last."""
    return change(_map_parts(schema, lambda part: _transform(part, change)))


def _drop_title(part: Schema) -> Schema:
    return {key: value for key, value in part.items() if key != "title"}


def _is_quantity(form: Schema) -> bool:
    """Whether a definition is (part of) a quantity, which an overlay replaces as a whole."""
    properties = form.get("properties", {})
    return "dist" in properties or set(properties) <= {"value", "low", "high", "at", "weight"}


def _loosen(part: Schema) -> Schema:
    """As an overlay may write it: any key left out, or removed by null, one of another kind too."""
    strict = ("required", "minItems", "minProperties", "discriminator")
    made = {key: value for key, value in part.items() if key not in strict}
    if "oneOf" in made:
        made["anyOf"] = made.pop("oneOf")
    if "properties" in made:
        made["properties"] = {key: _or_null(form) for key, form in made["properties"].items()}
    if made.get("additionalProperties") is False:
        made["additionalProperties"] = {"type": "null"}
    elif isinstance(made.get("additionalProperties"), dict):
        made["additionalProperties"] = _or_null(made["additionalProperties"])
    return made


def _or_null(form: Schema) -> Schema:
    """The form or null; what stands beside it stays outside."""
    beside = {key: form[key] for key in _BESIDE if key in form}
    forms = form["anyOf"] if set(_form(form)) == {"anyOf"} else [_form(form)]
    null = {"type": "null"}
    return {"anyOf": forms if null in forms else [*forms, null], **beside}
