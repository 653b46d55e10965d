"""The shape that a model demands, read from its pydantic core schema.

Answers three questions about a place in a scenario: which keys exist there, what is allowed
there in plain words, and which parts of a pydantic error location are keys of the file and which
are only names of branches of a union.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, cast

from pfs_sim.reading.document import Key, Path, child, shorten

Schema = dict[str, Any]

_TRANSPARENT = {
    "default": "schema",
    "nullable": "schema",
    "function-before": "schema",
    "function-after": "schema",
    "function-wrap": "schema",
    "custom-error": "schema",
    "json-or-python": "python_schema",
    "lax-or-strict": "strict_schema",
    "definitions": "schema",
}
_NOUNS = {
    "float": "a number",
    "int": "a whole number",
    "str": "text",
    "bool": "true or false",
    "date": "a date YYYY-MM-DD",
    "none": "nothing (null)",
}
_CONTAINERS = ("model-fields", "typed-dict", "dict", "list", "set", "frozenset", "tuple")
_BOUNDS = (("gt", ">"), ("ge", "≥"), ("lt", "<"), ("le", "≤"))


@dataclass(frozen=True)
class Step:
    """One part of an error location: a key of the file, or a branch of a union."""

    name: Key
    branch: bool = False


@dataclass(frozen=True)
class Trace:
    """An error location walked through a model: keys apart from branches, and the shapes met.

    `shapes[i]` is the schema before step i, so there is one more of them than steps.
    """

    steps: tuple[Step, ...]
    shapes: tuple[Schema | None, ...]
    strayed: int = 0
    at_key: bool = False

    @property
    def path(self) -> Path:
        """The keys alone: the path in the file."""
        return tuple(step.name for step in self.steps if not step.branch)

    @property
    def shape(self) -> Schema | None:
        """The schema at the end."""
        return self.shapes[-1]

    @property
    def parent(self) -> Schema | None:
        """The schema around the end."""
        return self.shapes[-2] if len(self.shapes) > 1 else None

    def cut(self, steps: int) -> Trace:
        """The first steps alone."""
        return Trace(self.steps[:steps], self.shapes[: steps + 1], self.strayed)

    def on(self, step: Step, shape: Schema | None, strayed: int = 0) -> Trace:
        """One step further."""
        return Trace((*self.steps, step), (*self.shapes, shape), self.strayed + strayed)


class Shapes:
    """The core schema of a model, with its shared definitions."""

    def __init__(self, model: Any) -> None:
        model.model_rebuild()  # a model with forward references may not have its schema yet
        self.top = cast(Schema, model.__pydantic_core_schema__)
        self.shared: dict[str, Schema] = {}
        self._collect(self.top)

    def _collect(self, schema: Any) -> None:
        for part in schema.get("definitions", ()) if isinstance(schema, dict) else ():
            self.shared[part["ref"]] = part

    def bare(self, schema: Schema | None) -> Schema | None:
        """A schema without the wrappers that change neither keys nor locations."""
        while schema is not None:
            kind = schema["type"]
            if kind == "definition-ref":
                schema = self.shared.get(schema["schema_ref"])
            elif kind in _TRANSPARENT:
                schema = schema[_TRANSPARENT[kind]]
            elif kind == "chain":
                schema = schema["steps"][0]
            elif kind == "model":
                schema = schema["schema"]
            else:
                return schema
        return None

    def choices(self, schema: Schema) -> dict[str, Schema]:
        """The branches of a union, by the label that pydantic puts into locations."""
        if schema["type"] == "tagged-union":
            return {str(tag): branch for tag, branch in schema["choices"].items()}
        found: dict[str, Schema] = {}
        for number, choice in enumerate(schema["choices"]):
            branch, label = choice if isinstance(choice, tuple) else (choice, None)
            if label is None:
                inner = branch
                while inner["type"] in ("definition-ref", "definitions"):
                    shared = self.shared.get(inner.get("schema_ref", ""))
                    inner = shared or inner.get("schema") or {"type": "any"}
                label = inner["cls"].__name__ if inner["type"] == "model" else inner["type"]
            found[label if label not in found else f"{label}#{number}"] = branch
        return found

    def keys(self, schema: Schema | None) -> list[str]:
        """The keys that a mapping may have at a place, as written in a file."""
        bare = self.bare(schema)
        if bare is None or bare["type"] not in ("model-fields", "typed-dict"):
            return []
        return [spelling(name, field) for name, field in bare["fields"].items()]

    def child(self, schema: Schema, key: object) -> Schema | None:
        """The schema of an entry of a mapping or list; None where nothing is known of it."""
        match schema["type"]:
            case "model-fields" | "typed-dict":
                for name, field in schema["fields"].items():
                    if key in (name, spelling(name, field)):
                        return cast(Schema, field["schema"])
                return None
            case "dict":
                return cast("Schema | None", schema.get("values_schema"))
            case "list" | "set" | "frozenset":
                return cast("Schema | None", schema.get("items_schema"))
            case "tuple":
                items = schema["items_schema"]
                at = min(int(str(key)), len(items) - 1) if str(key).isdigit() else 0
                return cast(Schema, items[at])
        return None

    def trace(self, loc: Iterable[Any], data: Any) -> Trace:
        """Walk an error location through the model and the data."""
        return self._follow(Trace((), (self.top,)), tuple(loc), data)

    def _follow(self, trace: Trace, loc: tuple[Any, ...], data: Any) -> Trace:
        if not loc:
            return trace
        part, rest = loc[0], loc[1:]
        if part == "[key]" and not rest:
            around = self.bare(trace.parent) or {}
            shapes = (*trace.shapes[:-1], around.get("keys_schema"))
            return Trace(trace.steps, shapes, trace.strayed, at_key=True)
        bare = self.bare(trace.shape)
        if bare is not None and bare["type"] in ("union", "tagged-union"):
            step = Step(str(part), branch=True)
            ways = [trace.on(step, shape) for shape in self.branches(bare, str(part))]
            return min((self._follow(way, rest, data) for way in ways), key=lambda t: t.strayed)
        key = child(data, part)
        known = bare is not None and bare["type"] in _CONTAINERS
        if key is None and rest and not known:
            # A branch of something that only pydantic knows: no key of the file.
            lost = Trace(trace.steps, (*trace.shapes[:-1], None), trace.strayed + 1)
            return self._follow(lost, rest, data)
        inside = self.child(bare, part) if bare is not None else None
        strayed = int(known and key is None and inside is None)
        if key is None:
            return self._follow(trace.on(Step(part), inside, strayed), rest, None)
        return self._follow(trace.on(Step(key), inside, strayed), rest, data[key])

    def branches(self, union: Schema, label: str) -> list[Schema | None]:
        """The branches of a union that a label may mean; more than one where it is not unique."""
        known = self.choices(union)
        if label in known:
            return [known[label]]
        word = label.split("[")[0].removeprefix("constrained-")
        alike = [shape for name, shape in known.items() if name.split("#")[0] == word]
        return [*(alike or known.values())] or [None]

    def describe(self, schema: Schema | None) -> str:
        """What is allowed at a place, in plain words; empty where nothing is known."""
        bare = self.bare(schema)
        if bare is None:
            return ""
        match kind := bare["type"]:
            case "literal" | "enum":
                return one_of(options(bare))
            case "union":
                words = [self.describe(choice) for choice in self.choices(bare).values()]
                return " or ".join(dict.fromkeys(word for word in words if word))
            case "tagged-union":
                key = bare["discriminator"]
                tags = one_of(bare["choices"])
                return f"a mapping with `{key}` {tags}" if isinstance(key, str) else tags
            case "model-fields" | "typed-dict":
                return shorten(f"a mapping ({', '.join(self.keys(bare))})", 100)
            case "dict":
                inside = self.describe(bare.get("values_schema"))
                return f"a mapping of names to {inside}" if inside else "a mapping"
            case "list" | "set" | "frozenset":
                inside = self.describe(bare.get("items_schema"))
                size = describe_size(bare.get("min_length"), bare.get("max_length"))
                return f"a list{size}" + (f", each {inside}" if inside else "")
            case "tuple":
                return f"a list of {len(bare['items_schema'])}"
            case "str":
                return describe_text(bare)
            case _ if kind in _NOUNS:
                signs = [f"{sign} {bare[name]:g}" for name, sign in _BOUNDS if _has(bare, name)]
                return f"{_NOUNS[kind]} {' and '.join(signs)}".strip()
        return ""

    def options(self, schema: Schema | None) -> list[str]:
        """Every word that a literal, an enumeration or a union of them would accept."""
        bare = self.bare(schema)
        if bare is None:
            return []
        if bare["type"] == "union":
            return [word for part in self.choices(bare).values() for word in self.options(part)]
        return options(bare) if bare["type"] in ("literal", "enum") else []


def spelling(name: str, field: Schema) -> str:
    """How a field is written in a file: its alias if it has one."""
    alias = field.get("validation_alias")
    return alias if isinstance(alias, str) else name


def options(schema: Schema) -> list[str]:
    """The words of a literal or an enumeration."""
    if schema["type"] == "enum":
        return [str(member.value) for member in schema["members"]]
    return [str(getattr(word, "value", word)) for word in schema["expected"]]


def one_of(words: Iterable[object]) -> str:
    """A list of accepted words."""
    named = [str(word) for word in words]
    return named[0] if len(named) == 1 else f"one of: {', '.join(named)}"


def describe_size(least: int | None, most: int | None) -> str:
    """How long a list must be; empty where any length will do."""
    if least is not None and least == most:
        return f" of {least}"
    if most is not None:
        return f" of {least or 0} to {most}"
    return f" of at least {least}" if least else ""


def describe_text(schema: Schema) -> str:
    """What a text must be."""
    words = "text"
    if schema.get("min_length") == 1 and not _has(schema, "max_length"):
        words = "text that is not empty"
    elif _has(schema, "min_length") or _has(schema, "max_length"):
        least, most = schema.get("min_length", 0), schema.get("max_length")
        words = f"text of {least} to {most} characters" if most else f"text of {least} or more"
    return f"{words} like {schema['pattern']}" if _has(schema, "pattern") else words


def _has(schema: Schema, name: str) -> bool:
    return schema.get(name) is not None
