"""Files → text, with every way in which a file cannot be read told as a Problem."""

from __future__ import annotations

import os
from difflib import get_close_matches

from pfs_sim.errors import Problem, ScenarioError
from pfs_sim.reading.document import Position
from pfs_sim.reading.syntax import place_of

MAX_BYTES = 5_000_000
"""Largest scenario file that is read; the shipped ones have about 20 kB."""
_SCENARIO = "a scenario file (YAML 1.2, UTF-8)"


def read_text(file: str, asked: Position | None = None, path: str = "") -> str:
    """The text of a file; raises ScenarioError.

    `asked` and `path` are the place that named the file (`extends:`); a file that cannot be
    opened is a Problem of that place, one with bad content a Problem of the file.
    """
    try:
        with open(file, "rb") as stream:
            content = stream.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        at = asked or Position(file)
        found = explain_failure(error)
        if asked:
            found = f'"{file}", {found}'
        raise ScenarioError(
            [Problem(*at, path, found, _SCENARIO, hint=nearest_file(file, error))]
        ) from None
    return decode(content, file)


def explain_failure(error: OSError | ValueError) -> str:
    """Why a file could not be opened."""
    match error:
        case FileNotFoundError() | NotADirectoryError():
            return "no such file"
        case IsADirectoryError():
            return "a directory"
        case PermissionError():
            return "a file that may not be read (permission denied)"
        case OSError():
            return f"a file that cannot be read ({error.strerror or error})"
    return f"a name that no file can have ({error})"


def nearest_file(file: str, error: Exception) -> str | None:
    """A file of nearly this name in the same directory."""
    if not isinstance(error, FileNotFoundError):
        return None
    folder, name = os.path.split(file)
    try:
        known = os.listdir(folder or ".")
    except OSError:
        return None
    close = get_close_matches(name, known, 1)
    return f"`{os.path.join(folder, close[0])}`" if close else None


def decode(content: bytes, file: str) -> str:
    """UTF-8 text of the bytes of a file."""
    if len(content) > MAX_BYTES:
        raise ScenarioError(
            [Problem(file, None, None, "", "a very large file", f"at most {MAX_BYTES:,} bytes")]
        )
    wide = content.startswith((b"\xff\xfe", b"\xfe\xff"))
    if wide or b"\0" in content[:8192]:
        found = "UTF-16 text" if wide else "a binary file"
        raise ScenarioError([Problem(file, 1, 1, "", found, _SCENARIO)])
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        start = error.start + 3 * content.startswith(b"\xef\xbb\xbf")
        before = content[:start].decode("utf-8-sig", errors="replace")
        at = place_of(before, len(before), file)
        raise ScenarioError(
            [Problem(*at, "", f"the byte 0x{content[start]:02x}, not UTF-8", "UTF-8 text")]
        ) from None
