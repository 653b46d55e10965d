"""YAML text → plain data with positions, or every problem of the text.

ruamel.yaml scans and parses; values are built here from its events, so no constructor of any
object can run, and every key and value keeps its place.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from pfs_sim.errors import Problem, ScenarioError
from pfs_sim.reading.document import MAX_DEPTH, Document, Key, Path, Position, dotted, show
from pfs_sim.reading.scalars import Refused, check_collection_tag, resolve_scalar
from pfs_sim.reading.syntax import NotYaml, is_absent, parse_events, place_of

MAX_ALIASED = 100_000
"""Most values that aliases may add to a document (a billion laughs stops here)."""

_UNPRINTABLE = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(slots=True)
class Node:
    """A value being built: a scalar, a mapping (`entries`) or a list (`items`)."""

    kind: str
    at: Position
    path: Path
    value: Any = None
    entries: list[tuple[Key, Position, Node]] = field(default_factory=list)
    items: list[Node] = field(default_factory=list)
    names: dict[str, Position] = field(default_factory=dict)
    size: int = 1
    height: int = 1
    closed: bool = False


class _Stop(Exception):
    """The text cannot be followed any further."""


class Builder:
    """Builds nodes from parse events and notes every problem on the way."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.problems: list[Problem] = []
        self.root: Node | None = None
        self.stack: list[Node] = []
        self.waiting: list[tuple[Key, Position] | None] = []
        self.anchors: dict[str, Node] = {}
        self.aliased = 0
        self.documents = 0
        self.last = Position(name, 1, 1)

    def note(self, at: Position, path: Path, found: str, allowed: str) -> None:
        """Record a problem."""
        self.problems.append(Problem(*at, dotted(path), found, allowed))

    def stop(self, at: Position, path: Path, found: str, allowed: str) -> None:
        """Record a problem after which reading on makes no sense."""
        self.note(at, path, found, allowed)
        raise _Stop

    def path(self) -> Path:
        """Path of the value that comes next."""
        if not self.stack:
            return ()
        top = self.stack[-1]
        if top.kind == "list":
            return (*top.path, len(top.items))
        key = self.waiting[-1]
        return top.path if key is None else (*top.path, key[0])

    def take(self, event: Any) -> None:
        """Take one event of ruamel.yaml's parser."""
        mark = event.start_mark
        at = Position(self.name, mark.line + 1, mark.column + 1)
        self.last = at
        match type(event).__name__:
            case "DocumentStartEvent":
                self.start_document(event, at)
            case "ScalarEvent":
                self.add_scalar(event, at)
            case "AliasEvent":
                self.add_alias(event.anchor, at)
            case "MappingStartEvent":
                self.open(event, "map", at)
            case "SequenceStartEvent":
                self.open(event, "list", at)
            case "MappingEndEvent" | "SequenceEndEvent":
                self.close()

    def start_document(self, event: Any, at: Position) -> None:
        """Only one document, and only YAML 1.2."""
        self.documents += 1
        if self.documents > 1:
            self.stop(at, (), "a second document (---)", "one document per file")
        version = event.version
        if version is not None and tuple(version) != (1, 2):
            self.note(at, (), f"%YAML {'.'.join(map(str, version))}", "YAML 1.2")

    def add_scalar(self, event: Any, at: Position) -> None:
        """A text, number, boolean or null; as a key or as a value."""
        path = self.path()
        as_key = self.expects_key()
        if is_absent(event) and not as_key and self.waiting and self.waiting[-1] is not None:
            # An absent value has no place of its own: ruamel puts it after later blank lines.
            at = self.waiting[-1][1]
        value = None
        try:
            value = resolve_scalar(event.value, event.tag, bool(event.style))
        except Refused as refused:
            self.note(at, path, refused.found, refused.allowed)
            value = event.value if as_key else None
        if as_key:
            self.add_key(value, at, path, quoted=bool(event.style))
        else:
            self.add(self.anchored(event.anchor, Node("scalar", at, path, value, closed=True)))

    def expects_key(self) -> bool:
        """Whether the next node is a key of a mapping."""
        return bool(self.stack) and self.stack[-1].kind == "map" and self.waiting[-1] is None

    def add_key(self, key: Any, at: Position, path: Path, quoted: bool = False) -> None:
        """A key: text or a number, once per mapping."""
        if key == "<<" and not quoted:
            allowed = "plain keys (`extends:` lays one file over another)"
            self.note(at, path, "merge key `<<`", allowed)
        if key is None or isinstance(key, bool):
            self.note(at, path, f"{show(key)} as a key", "text (in quotes) or a number")
            key = str(key)
        first = self.stack[-1].names.setdefault(str(key), at)
        if first is not at:
            self.note(
                at,
                (*path, key),
                f"key `{key}` a second time",
                f"each key once (first at line {first.line}, column {first.column})",
            )
        self.waiting[-1] = (key, at)

    def open(self, event: Any, kind: str, at: Position) -> None:
        """A mapping or a list begins."""
        path = self.path()
        if len(self.stack) >= MAX_DEPTH:
            self.stop(at, path[:3], f"nesting deeper than {MAX_DEPTH}", f"at most {MAX_DEPTH}")
        if self.expects_key():
            found = "a mapping" if kind == "map" else "a list"
            self.stop(at, path, f"{found} as a key", "text or a number as a key")
        try:
            check_collection_tag(event.tag, "map" if kind == "map" else "seq")
        except Refused as refused:
            self.note(at, path, refused.found, refused.allowed)
        self.stack.append(self.anchored(event.anchor, Node(kind, at, path)))
        self.waiting.append(None)

    def close(self) -> None:
        """The innermost mapping or list ends."""
        node = self.stack.pop()
        self.waiting.pop()
        node.closed = True
        self.add(node)

    def anchored(self, anchor: str | None, node: Node) -> Node:
        """Remember a node that later aliases may name."""
        if anchor is not None:
            self.anchors[anchor] = node
        return node

    def add_alias(self, anchor: str, at: Position) -> None:
        """An alias stands for the node of its anchor, within the limits of size and depth."""
        path = self.path()
        node = self.anchors.get(anchor)
        if node is None:
            known = ", ".join(f"&{name}" for name in self.anchors) or "none so far"
            self.note(at, path, f"alias *{anchor} without an anchor", f"anchors above it: {known}")
            node = Node("scalar", at, path, None, closed=True)
        if not node.closed:
            self.stop(at, path, f"alias *{anchor} inside its own anchor", "no cycles")
        if self.expects_key():
            if node.kind != "scalar":
                self.stop(at, path, f"alias *{anchor} as a key", "text or a number as a key")
            self.add_key(node.value, at, path)
            return
        self.aliased += node.size
        if self.aliased > MAX_ALIASED:
            self.stop(at, path, "aliases that expand without end", f"at most {MAX_ALIASED} values")
        if len(self.stack) + node.height > MAX_DEPTH + 1:
            self.stop(at, path[:3], f"nesting deeper than {MAX_DEPTH}", f"at most {MAX_DEPTH}")
        self.add(node)

    def add(self, node: Node) -> None:
        """Put a finished node into the mapping or list around it."""
        if not self.stack:
            self.root = node
            return
        top = self.stack[-1]
        if top.kind == "list":
            top.items.append(node)
        else:
            key = self.waiting[-1]
            assert key is not None  # a value only ever follows its key
            top.entries.append((key[0], key[1], node))
            self.waiting[-1] = None
        top.size += node.size
        top.height = max(top.height, node.height + 1)


def build_data(node: Node, path: Path, document: Document, key: Position | None = None) -> Any:
    """Plain data of a node; enters the places into the document. Aliased parts are copied."""
    document.positions[path] = node.at
    if key is not None:
        document.keys[path] = key
    if node.kind == "map":
        return {
            name: build_data(value, (*path, name), document, at) for name, at, value in node.entries
        }
    if node.kind == "list":
        return [build_data(item, (*path, i), document) for i, item in enumerate(node.items)]
    return node.value


def parse_value(text: str, name: str) -> Document:
    """Any YAML 1.2 text as a Document; raises ScenarioError with all problems.

    An empty text is None at line 1, column 1.
    """
    text = text.removeprefix("\ufeff")
    builder = Builder(name)
    bad = _UNPRINTABLE.search(text)
    if bad:
        at = place_of(text, bad.start(), name)
        raise ScenarioError([Problem(*at, "", f"character U+{ord(bad[0]):04X}", "printable text")])
    try:
        for event in parse_events(text):
            builder.take(event)
    except _Stop:
        pass
    except NotYaml as error:
        builder.problems.append(error.explain(builder.last, dotted(builder.path())))
    if builder.problems:
        raise ScenarioError(builder.problems)
    document = Document(None, {(): builder.last}, {}, [name])
    if builder.root is None:
        return document
    return Document(
        build_data(builder.root, (), document), document.positions, document.keys, [name]
    )


def parse_scenario(text: str, name: str) -> Document:
    """YAML 1.2 text of a scenario: as parse_value, and the top must be a mapping."""
    document = parse_value(text, name)
    if isinstance(document.data, dict):
        return document
    found = "an empty file" if document.data is None else show(document.data)
    allowed = "a scenario: a mapping that starts `pfs_sim: 1`"
    raise ScenarioError([document.problem((), found, allowed)])
