"""What a YAML scalar is: the core schema of YAML 1.2, and nothing beyond it.

So `yes`, `no`, `on` and `off` are text, `012` is twelve, and a date is text that the models
read as a date. Sources: YAML 1.2.2 §10.3.2 (tag resolution of the core schema).
"""

from __future__ import annotations

import math
import re

Scalar = str | int | float | bool | None

_NULL = {"", "~", "null", "Null", "NULL"}
_BOOL = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_INT = re.compile(r"[-+]?[0-9]+\Z")
_OCTAL = re.compile(r"0o[0-7]+\Z")
_HEX = re.compile(r"0x[0-9a-fA-F]+\Z")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?\Z")
_INFINITE = re.compile(r"([-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN))\Z")
_DIGITS = 300
"""Longest number that is read; a double holds no whole number of more digits than this."""
_FINITE = "a finite number"
_CORE = "tag:yaml.org,2002:"


class Refused(ValueError):
    """A scalar (or tag) that is not accepted: what was found and what is allowed."""

    def __init__(self, found: str, allowed: str) -> None:
        super().__init__(found, allowed)
        self.found, self.allowed = found, allowed


def resolve_plain(text: str) -> Scalar:
    """The value of an unquoted scalar; raises Refused for numbers that are not finite."""
    if text in _NULL:
        return None
    if text in _BOOL:
        return _BOOL[text]
    if _INFINITE.match(text):
        raise Refused(f"{text}, not a finite number", _FINITE)
    number = _OCTAL.match(text) or _HEX.match(text) or _FLOAT.match(text)
    if not number:
        return text
    if len(text) > _DIGITS:
        raise Refused(f"a number of {len(text)} characters", f"at most {_DIGITS}")
    if _INT.match(text):
        return int(text)
    if text.startswith(("0o", "0x")):
        return int(text, 0)
    value = float(text)
    if not math.isfinite(value):
        raise Refused(f"{text}, too large for a number", _FINITE)
    return value


def resolve_scalar(text: str, tag: str | None, quoted: bool) -> Scalar:
    """The value of a scalar with its tag (None if it has none)."""
    if any("\ud800" <= letter <= "\udfff" for letter in text):
        raise Refused("half of a surrogate pair", "whole characters")
    if tag == "!" or (tag is None and quoted):
        return text
    if tag is None:
        return resolve_plain(text)
    name = core_name(tag)
    if name == "str":
        return text
    value = resolve_plain(text)
    if name == "float" and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if name == {type(None): "null", bool: "bool", int: "int", float: "float"}.get(type(value)):
        return value
    raise Refused(f"tag {spell_tag(tag)} on {text!r}", "a plain value without a tag")


def core_name(tag: str) -> str:
    """`int` for `!!int`; empty for a tag outside the core schema."""
    return tag.removeprefix(_CORE) if tag.startswith(_CORE) else ""


def spell_tag(tag: str) -> str:
    """A tag as it is usually written in a file."""
    return f"!!{tag.removeprefix(_CORE)}" if tag.startswith(_CORE) else tag


def check_collection_tag(tag: str | None, kind: str) -> None:
    """Refuse any tag on a mapping or list other than the one it has anyway."""
    if tag is not None and tag != "!" and core_name(tag) != kind:
        raise Refused(f"tag {spell_tag(tag)}", "plain mappings, lists, texts and numbers")
