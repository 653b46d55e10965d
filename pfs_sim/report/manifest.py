"""The manifest of a run: all that is needed to do it again, and to see that nothing changed."""

from __future__ import annotations

import hashlib
import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

NAME = "manifest.json"


def hash_file(file: Path) -> str:
    """SHA-256 of a file, in hexadecimal."""
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def write_command(scenario: str, options: Mapping[str, Any], sets: Sequence[str] = ()) -> str:
    """The command that gives the same numbers, without the folders of one machine."""
    words = ["pfs-sim", "run", Path(scenario).name]
    for name, value in options.items():
        if value is True:
            words.append(f"--{name}")
        elif value is not None and value is not False:
            words += [f"--{name}", str(value)]
    for change in sets:
        words += ["--set", change]
    return shlex.join(words)


def describe_run(
    provenance: Mapping[str, Any], command: str, inputs: Sequence[str], folder: Path
) -> dict[str, Any]:
    """The manifest of the files that lie in a folder. Inputs are named without their folders."""
    made = sorted(file for file in folder.rglob("*") if file.is_file() and file.name != NAME)
    return {
        "schema": 1,
        "command": command,
        **{key: value for key, value in provenance.items() if key != "schema"},
        "inputs": [{"file": Path(name).name, "sha256": hash_file(Path(name))} for name in inputs],
        "files": {file.relative_to(folder).as_posix(): hash_file(file) for file in made},
    }
