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


_DOUBTFUL = re.compile(
    r"""
    [\t\r\x85\u2028\u2029\ufeff]           # breaks and blanks that YAML 1.1 counts otherwise
    | ^ (?: % | --- | \.\.\. )              # directives and ends of documents
    | (?: ^ | [\s\[\]{},:-] ) [!&*?]         # tags, anchors, aliases, keys of their own
    | (?: ^ | [\s\[\]{},:-] ) [|>] (?! [+-]? \n [ ]+ [^\s#] )  # text in blocks, but the plainest
    """,
    re.MULTILINE | re.VERBOSE,
)
"""Where ruamel.yaml's two parsers differ, and a little more."""


def parse_events(text: str) -> Iterator[Any]:
    """The parse events of ruamel.yaml for a text; raises NotYaml.

    Its parser in Python says what YAML 1.2 is, and what is wrong with a text. The one in C, which
    takes a fifteenth of the time, is asked where both say the same.
    """
    events = None if _DOUBTFUL.search(text) else _parse_quickly(text)
    return _parse(text) if events is None else iter(events)


def _parse_quickly(text: str) -> list[Any] | None:
    """The events of a text by the parser in C, if there is one and it has nothing to say."""
    import ruamel.yaml

    if not ruamel.yaml.__with_libyaml__:
        return None
    yaml: Any = ruamel.yaml.YAML(typ="safe", plug_ins=[])
    try:
        events = list(yaml.parse(text))
    except Exception:  # whatever it is, the other parser says it better
        return None
    # What nobody wrote has another place: a value, or the whole document.
    nothing = len(events) == 2 or any(is_absent(event) for event in events)
    return None if nothing else events


def _parse(text: str) -> Iterator[Any]:
    """The events of a text by the parser in Python; raises NotYaml."""
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


def is_absent(event: Any) -> bool:
    """Whether an event is a value that nobody wrote, as after `key:`."""
    return getattr(event, "value", None) == "" and not event.style


def place_of(text: str, offset: int, name: str) -> Position:
    """Line and column of a character of a text."""
    before = text[:offset].replace("\r\n", "\n").replace("\r", "\n")
    return Position(name, before.count("\n") + 1, len(before) - before.rfind("\n"))
