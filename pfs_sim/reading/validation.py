"""Plain data → model, and every complaint of pydantic as a Problem in the words of the file."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, TypeVar

from pfs_sim.errors import Finding, Problem, ScenarioError
from pfs_sim.reading.document import Document, Path, show, spell, walk
from pfs_sim.reading.shapes import Shapes, Step, Trace, one_of

if TYPE_CHECKING:
    from pydantic import BaseModel

    Model = TypeVar("Model", bound=BaseModel)

_SAID = re.compile(
    r"(?:Value error, |Assertion failed, )?(?:(?P<path>[\w.]+): )?"
    r"found (?P<found>.*?); allowed: (?P<allowed>.*)",
    re.DOTALL,
)
_HINT = re.compile(r"\s*\(did you mean (?P<hint>[^?]+)\?\)\s*\Z")
_WRONG_KIND = re.compile(r".*_(type|parsing|from_float)\Z|literal_error\Z|enum\Z")
_NO_TAG = 2.5
"""How bad a missing tag is in unknown or missing keys: two may be a typing error, three are not."""


@dataclass(frozen=True)
class Complaint:
    """One error of pydantic with its location taken apart."""

    trace: Trace
    error: dict[str, Any]
    merged: bool = False

    @property
    def kind(self) -> str:
        return str(self.error["type"])


def validate(model: type[Model], document: Document) -> Model:
    """The model of a document; raises ScenarioError with all problems, in file order."""
    from pydantic import ValidationError

    try:
        return accept(model, document.data)
    except ValidationError as refused:
        errors = refused.errors(include_url=False)
    shapes = Shapes(model)
    complaints = [
        Complaint(shapes.trace(error["loc"], document.data), dict(error)) for error in errors
    ]
    problems = [explain(complaint, shapes, document) for complaint in condense(complaints)]
    raise ScenarioError(sorted(dict.fromkeys(problems), key=document.order))


def accept(model: type[Model], data: Any) -> Model:
    """The model of plain data; raises pydantic's ValidationError.

    Validation is strict ("12" is no number, true is not 1) unless the model's configuration says
    otherwise itself.
    """
    return model.model_validate(data, strict=None if "strict" in model.model_config else True)


def condense(complaints: list[Complaint], start: int = 0) -> list[Complaint]:
    """Keep, for each value that fits no branch of a union, the branch that it comes closest to.

    pydantic reports the failures of all branches; a reader meant one of them.
    """
    kept: list[Complaint] = []
    unions: dict[tuple[Step, ...], dict[Step, list[Complaint]]] = {}
    for complaint in complaints:
        steps = complaint.trace.steps
        at = next((i for i in range(start, len(steps)) if steps[i].branch), None)
        if at is None:
            kept.append(complaint)
        else:
            unions.setdefault(steps[:at], {}).setdefault(steps[at], []).append(complaint)
    for before, branches in unions.items():
        at = len(before) + 1
        inside = [condense(branch, at) for branch in branches.values()]
        scores = [score(branch, at) for branch in inside]
        best = min(scores)
        if best[0]:  # the value is of another kind than every branch: say what all of them want
            first = inside[0][0]
            kept.append(Complaint(first.trace.cut(len(before)), first.error, merged=True))
        else:
            kept.extend(inside[scores.index(best)])
    return kept


def score(branch: list[Complaint], at: int) -> tuple[bool, float]:
    """How far a value is from a branch: of another kind altogether, then the number of errors."""
    here = [complaint for complaint in branch if len(complaint.trace.steps) == at]
    other = any(complaint.merged or _WRONG_KIND.match(complaint.kind) for complaint in here)
    weight = sum(_NO_TAG if c.kind == "union_tag_not_found" else 1.0 for c in branch)
    return other, weight


def explain(complaint: Complaint, shapes: Shapes, document: Document) -> Problem:
    """One complaint in plain words at its place in the file."""
    trace, error, kind = complaint.trace, complaint.error, complaint.kind
    path, given = trace.path, error["input"]
    said = _SAID.fullmatch(str(error["msg"]))
    if said:
        found, allowed, hint = split(said)
        if said["path"]:
            path = spell(document.data, (*path, *said["path"].split(".")))
        at_key = trace.at_key or found.startswith("unknown key")
        return document.problem(path, found, allowed, hint=hint, key=at_key)
    if trace.at_key:
        allowed = shapes.describe(trace.shape) or plain_words(str(error["msg"]))
        return document.problem(path, f"the key {show(given)}", allowed, key=True)
    if kind == "missing":
        words = one_of(shapes.options(trace.shape) or [""])
        return document.problem(
            path, "missing", f"required: {words}" if words else "required", key=True
        )
    if kind in ("extra_forbidden", "invalid_key"):
        return explain_key(path, shapes.keys(trace.parent), document)
    if kind.startswith("union_tag"):
        return explain_tag(trace, shapes, document, error)
    allowed = shapes.describe(trace.shape) or plain_words(str(error["msg"]))
    hint = nearest(given, shapes.options(trace.shape))
    return document.problem(path, show_found(given), allowed, hint=hint)


def explain_key(path: Path, known: list[str], document: Document) -> Problem:
    """A key that does not exist at its place; the nearest known one is named."""
    hint = nearest(path[-1], known)
    allowed = one_of(known) if known else "no such key"
    holds = any(at == path and value is not None for at, value in walk(document.data))
    if str(path[-1]).isdigit() and not holds:  # {price: 9,000} is a price of 9 and a key 000
        allowed += " (inside braces a comma ends a value: 9000, not 9,000)"
    at = document.near(path, key=True)
    if hint is None and at.file in document.files[1:]:
        # The overlay changed what stands around a key of the base; the reader needs the way out.
        allowed += f" (a file that extends this one drops the key by `{path[-1]}: null`)"
    return document.problem(path, f"unknown key `{path[-1]}`", allowed, hint=hint, key=True)


def explain_tag(trace: Trace, shapes: Shapes, document: Document, error: Any) -> Problem:
    """A mapping that does not say which kind it is, or says an unknown one."""
    bare = shapes.bare(trace.shape)
    key = bare["discriminator"] if bare else None
    if bare is None or not isinstance(key, str):  # told apart by a function, not by one key
        allowed = shapes.describe(bare) or plain_words(str(error["msg"]))
        return document.problem(trace.path, show(error["input"]), allowed)
    tags = [str(tag) for tag in bare["choices"]]
    allowed = one_of(tags)
    path = (*trace.path, key)
    if error["type"] == "union_tag_not_found":
        return document.problem(path, "missing", f"required: {allowed}", key=True)
    given = error["input"].get(key)
    return document.problem(path, show_found(given), allowed, hint=nearest(given, tags))


def split(said: re.Match[str]) -> tuple[str, str, str | None]:
    """Found, allowed and hint of a message that is already in this form."""
    allowed = said["allowed"]
    hint = _HINT.search(allowed)
    return said["found"], _HINT.sub("", allowed), hint["hint"] if hint else None


def nearest(given: object, known: Iterable[str]) -> str | None:
    """The known word closest to what was given, in backticks, if any is close."""
    close = get_close_matches(str(given), list(known), 1, 0.7) if isinstance(given, str) else []
    return f"`{close[0]}`" if close else None


def show_found(value: Any) -> str:
    """A refused value; text that looks like a number is called text."""
    if isinstance(value, str):
        try:
            float(value)
        except ValueError:
            return show(value)
        return f"the text {show(value)}"
    return show(value)


def plain_words(message: str) -> str:
    """A message of pydantic, stripped to what is allowed."""
    for start in ("Value error, ", "Assertion failed, ", "Input should be "):
        message = message.removeprefix(start)
    return message


def place_finding(finding: Finding, document: Document) -> Problem:
    """A finding of a model as a Problem with its place in the file."""
    path = spell(document.data, finding.path)
    return document.problem(path, finding.found, finding.allowed, finding.severity, finding.hint)
