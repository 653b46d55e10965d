"""The resolved form: a scenario complete, printable and hashed, that reads back to itself."""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Iterator
from functools import cache
from typing import TYPE_CHECKING, Any

from pfs_sim.reading.plain import plain_data
from pfs_sim.reading.scalars import Refused, resolve_plain

if TYPE_CHECKING:
    from pydantic import BaseModel

    from pfs_sim.reading.loading import Loaded

_WIDTH = 96
_PLAIN = re.compile(r"[^\W]|[./$€£(-]")
_INDICATORS = re.compile(r"[:#\"'\[\]{},&*!|>@`\\]")
_LATE = re.compile("[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff\ud800-\udfff]")


def resolve(loaded: Loaded) -> dict[str, Any]:
    """A scenario as plain data in the order of its fields, with every default filled in.

    Overlays and `--set` are worked in. An optional key that is not given and has no default value
    is left out. The result reads back to an equal scenario.
    """
    return state(loaded.scenario)


def state(scenario: BaseModel) -> dict[str, Any]:
    """A model as plain data that validates to an equal model.

    Null is left out where it is the default. Where null was written against another default, every
    null is kept.
    """
    written = says_null(scenario)
    dumped = scenario.model_dump(by_alias=True, exclude_none=not written)
    data: dict[str, Any] = plain_data(dumped).data
    return data


def says_null(part: Any) -> bool:
    """Whether anywhere in a model null stands in the place of a default that is not null."""
    if isinstance(part, dict):
        return any(says_null(value) for value in part.values())
    if isinstance(part, list | tuple):
        return any(says_null(value) for value in part)
    for name, null_by_default in _fields(part.__class__):
        value = getattr(part, name)
        if value is None:
            if not null_by_default:
                return True
        elif says_null(value):
            return True
    return False


@cache
def _fields(kind: type) -> tuple[tuple[str, bool], ...]:
    """The fields of a model, and whether their default is null; none of what is no model."""
    fields = getattr(kind, "model_fields", {})
    # What a factory makes is never null, and to call one may build what checks a part of it.
    return tuple(
        (name, field.default is None and field.default_factory is None)
        for name, field in fields.items()
    )


def scenario_hash(data: Any) -> str:
    """SHA-256 of the canonical JSON of resolved data, in hexadecimal.

    Order counts: caps bind in the order of the terms, a waterfall pays in the order of its steps.
    """
    text = json.dumps(data, ensure_ascii=True, allow_nan=True, separators=(",", ":"))
    return hashlib.sha256(text.encode("ascii")).hexdigest()


def to_yaml(data: Any) -> str:
    """Plain data as YAML 1.2 that reads back to the same data: block mappings, short lists."""
    if isinstance(data, dict | list) and data:
        return "\n".join(_block(data, 0)) + "\n"
    return _flow(data) + "\n"


def _block(data: Any, indent: int) -> Iterator[str]:
    pad = " " * indent
    pairs = data.items() if isinstance(data, dict) else ((None, item) for item in data)
    for key, value in pairs:
        lead = f"{pad}- " if key is None else f"{pad}{_scalar(key)}:"
        flow = _flow(value) if _is_short(value, key is None) else None
        if flow is not None and len(lead) + len(flow) < _WIDTH:
            yield lead.rstrip() + " " + flow
        elif isinstance(value, dict | list) and value:
            yield lead.rstrip()
            yield from _block(value, indent + 2)
        else:
            yield lead.rstrip() + " " + _flow(value)


def _is_short(value: Any, listed: bool) -> bool:
    """Whether a value may stand on one line: scalars, lists of them, small maps in lists."""
    if isinstance(value, dict):
        return not value or (listed and not any(isinstance(v, dict) for v in value.values()))
    if isinstance(value, list):
        return not any(isinstance(item, dict) for item in value)
    return True


def _flow(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_scalar(k)}: {_flow(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(_flow(item) for item in value) + "]"
    return _scalar(value)


def _scalar(value: Any) -> str:
    """A scalar; text is quoted wherever it could be read as anything else."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and not math.isfinite(value):
        return ".nan" if math.isnan(value) else (".inf" if value > 0 else "-.inf")
    if isinstance(value, int | float):
        return repr(value)
    return value if _may_stand_plain(value) else _quoted(value)


def _may_stand_plain(text: str) -> bool:
    if not (_PLAIN.match(text) and text.isprintable()) or _INDICATORS.search(text):
        return False
    if text != text.strip() or text == "-" or text.startswith(("- ", "---", "...")):
        return False
    try:
        return resolve_plain(text) == text
    except Refused:
        return False


def _quoted(text: str) -> str:
    """A double-quoted scalar; JSON's escapes are YAML's."""
    return _LATE.sub(lambda m: f"\\u{ord(m[0]):04x}", json.dumps(text, ensure_ascii=False))
