"""What installed packages offer to the language: their entry points, found without waiting.

To ask importlib.metadata took 40 ms of every start, and next to no machine has such a package. So
the files that an installer leaves are looked through first, for the name that all our groups
share; only where it stands in one of them is importlib.metadata asked.
"""

from __future__ import annotations

import os
import sys
from functools import cache
from importlib.machinery import PathFinder
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

GROUPS = b"[pfs_sim."
"""How the heading of each of our groups begins."""
_LIST = "entry_points.txt"
_INFO = (".dist-info", ".egg-info")


def find_offers(group: str) -> list[EntryPoint]:
    """The entry points of a group, by name and value."""
    if not may_offer():
        return []
    from importlib.metadata import entry_points

    return sorted(entry_points(group=group), key=lambda entry: (entry.name, entry.value))


def may_offer() -> bool:
    """Whether an installed package may offer something; False where none does."""
    others = [finder for finder in sys.meta_path if finder is not PathFinder]
    unknown = any(hasattr(finder, "find_distributions") for finder in others)
    return unknown or _name_us(tuple(sys.path))


@cache
def _name_us(folders: tuple[str, ...]) -> bool:
    """Whether the packages of any of these folders (or archives) may name one of our groups."""
    return any(_names_us(folder or os.curdir) for folder in folders)


def _names_us(folder: str) -> bool:
    try:
        found = list(os.scandir(folder))
    except NotADirectoryError:
        return True  # an archive: importlib.metadata can look into it
    except OSError:
        return False
    lists = [
        os.path.join(entry.path, _LIST) for entry in found if entry.name.lower().endswith(_INFO)
    ]
    if folder.lower().endswith(".egg"):
        lists.append(os.path.join(folder, "EGG-INFO", _LIST))
    return any(GROUPS in _read(file) for file in lists)


def _read(file: str) -> bytes:
    """What a file holds; nothing of one that is not there."""
    try:
        with open(file, "rb") as stream:
            return stream.read()
    except OSError:
        return b""
