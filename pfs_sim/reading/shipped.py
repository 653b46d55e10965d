"""The scenarios that come with pfs-sim, wherever it is installed, by their bare names."""

from __future__ import annotations

import os
import re
from pathlib import Path

HOME = "share/pfs-sim/scenarios"
"""Where a wheel leaves them, below the prefix of the installation."""
_BARE = re.compile(r"[\w-]+\Z")


def list_shipped() -> list[Path]:
    """Their files by name: those of the source tree, or those that the wheel installed."""
    tree = Path(__file__).resolve().parents[2] / "scenarios"
    if (tree.parent / "setup.cfg").is_file():
        return sorted(tree.glob("*.yaml"))
    from importlib.metadata import PackageNotFoundError, files

    try:
        installed = files("pfs-sim") or []
    except PackageNotFoundError:
        return []
    found = (Path(str(file.locate())).resolve() for file in installed if HOME in file.as_posix())
    return sorted(file for file in found if file.suffix == ".yaml" and file.is_file())


def find_scenario(source: str) -> str:
    """A file as it was named, or the shipped scenario of that bare name where there is no file."""
    if os.path.exists(source) or not _BARE.match(source):
        return source
    return next((str(file) for file in list_shipped() if file.stem == source), source)
