"""The parser's events, its errors in plain words, and places in a text."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from pfs_sim.errors import Problem
from pfs_sim.reading.document import Position

_MEANT = {
    "mapping values are not allowed here": (
        "a second `:` where none can stand, or a wrong indentation",
        "`key: value` with equal indentation; quote text that holds `: `",
    ),
    "found unexpected end of stream": ("the end of the file inside quotes", "a closing quote"),
}
_SPELLED = {
    "<stream end>": "the end of the file",
    "<block end>": "more of the same block (equal indentation)",
    "<document start>": "the end of the file",
    "'?'": "a key",
    "'<block sequence start>'": "a list",
    "'<scalar>'": "a value",
    "('<anchor>',)": "an anchor",
    "the node content": "a value",
}
_EXPECTED = re.compile(r"expected (?P<allowed>.+), but (?:found|got) (?P<found>.+)")


class NotYaml(Exception):
    """What ruamel.yaml could not follow, with its own words and mark where it has them."""

    def __init__(self, error: Exception) -> None:
        super().__init__(str(error))
        self.mark = getattr(error, "problem_mark", None)
        self.problem = str(getattr(error, "problem", None) or "text that is not YAML")

    def explain(self, last: Position, path: str) -> Problem:
        """A Problem at the place of the error, or at the last place that could be read."""
        at = Position(last.file, self.mark.line + 1, self.mark.column + 1) if self.mark else last
        problem = self.problem
        if "'\\t'" in problem:
            return Problem(*at, path, "a tab", "spaces for indentation")
        if problem in _MEANT:
            return Problem(*at, path, *_MEANT[problem])
        for token, words in _SPELLED.items():
            problem = problem.replace(f"'{token}'", words).replace(token, words)
        split = _EXPECTED.match(problem)
        if split:
            return Problem(*at, path, split["found"], split["allowed"])
        return Problem(*at, path, problem.removeprefix("found "), "YAML 1.2")


def parse_events(text: str) -> Iterator[Any]:
    """The parse events of ruamel.yaml for a text; raises NotYaml."""
    from ruamel.yaml import YAML

    yaml: Any = YAML(typ="safe", pure=True, plug_ins=[])
    events = iter(yaml.parse(text))
    while True:
        try:
            event = next(events)
        except StopIteration:
            return
        except Exception as error:
            # Besides YAMLError a few plain exceptions escape on odd input ("\\UFFFFFFFF",
            # a lone %): whatever stops the parser, the text is at fault.
            raise NotYaml(error) from None
        yield event


def place_of(text: str, offset: int, name: str) -> Position:
    """Line and column of a character of a text."""
    before = text[:offset].replace("\r\n", "\n").replace("\r", "\n")
    return Position(name, before.count("\n") + 1, len(before) - before.rfind("\n"))
