"""What can be wrong with an input, as values: every problem with its place and its remedy."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

Severity = Literal["error", "warning"]


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong (or implausible) at one place of one input.

    `line` and `column` count from 1; all three of file, line and column are None where the input
    has no such place (a mapping from Python). `path` is dotted (`contract.terms.placement.price`)
    and empty for the input as a whole.
    """

    file: str | None
    line: int | None
    column: int | None
    path: str
    found: str
    allowed: str
    severity: Severity = "error"
    hint: str | None = None

    @property
    def place(self) -> str:
        """`file:line:column` as far as it is known."""
        known = (self.file, self.line, self.column)
        return ":".join(str(part) for part in known if part is not None)

    def __str__(self) -> str:
        said = "missing" if self.found == "missing" else f"found {self.found}"
        if self.allowed:
            said += f"; {'' if self.found == 'missing' else 'allowed: '}{self.allowed}"
        if self.hint:
            said += f"; did you mean {self.hint}?"
        return ": ".join(part for part in (self.place, self.path, said) if part)


@dataclass(frozen=True)
class Finding:
    """What a model finds about its own meaning once every value in it is well formed.

    `path` is dotted or a tuple of keys and indices; the reader adds file, line and column.
    """

    path: str | tuple[str | int | float, ...]
    found: str
    allowed: str
    severity: Severity = "error"
    hint: str | None = None


class InputError(Exception):
    """An input that cannot be used; the command line prints the message and exits with 2."""

    exit_code = 2


class ScenarioError(InputError):
    """A scenario that cannot be used, with all its problems (never empty), in file order."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems: list[Problem] = list(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))

    def __reduce__(self) -> tuple[type[ScenarioError], tuple[list[Problem]]]:
        return type(self), (self.problems,)
