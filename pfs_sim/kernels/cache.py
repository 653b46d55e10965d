"""Where the machine code of the kernels is kept, so that it is never older than their text.

Numba keys its cache by the file of the function alone: a caller that was compiled against an
earlier version of a function in another file, or of a table, would be served as it was. Here the
folder itself is named by a hash of everything that goes into the code: the text of all kernels
and of the modules they read, the versions of the compiler, and the processor.

Nothing here imports numba, so the command line can measure and clear the cache at once.
"""

import hashlib
import os
import platform
import shutil
import sys
import tempfile
from functools import cache
from importlib.util import find_spec
from pathlib import Path

HOME_VARIABLE = "PFS_SIM_CACHE_DIR"
KEYED_BESIDE_KERNELS = ("addresses", "statuses", "tables")
"""Rooms of the package that kernels may import; a test holds kernels to this list."""

_COMPILERS = ("llvmlite", "numba", "numpy")
_PREFIX = "kernels-"
_KERNELS = Path(__file__).resolve().parent


def cache_folder() -> Path | None:
    """The folder for the code of these kernels on this machine; made if need be.

    The user's cache folder (or ``PFS_SIM_CACHE_DIR``) comes first, then a folder of the user's
    own under the temporary folder. One that cannot be written will do if it holds kernels, as in
    an image or on a cluster. ``None`` if neither will do.
    """
    name = _PREFIX + _own_key()
    for find_root in (cache_root, _private_temporary_root):
        root = find_root()
        if root is not None and (_can_write(root / name) or _is_prepared(root / name)):
            return root / name
    return None


def subfolder(file: str | Path) -> str:
    """The part of the folder that has the kernels of a file: every installation has its own."""
    place = Path(file).absolute().parent
    return f"{place.name}-{hashlib.sha256(str(place).encode()).hexdigest()[:16]}"


@cache
def announced_folder() -> Path | None:
    """:func:`cache_folder`, with one line on stderr if it is not where it should be.

    Asked once per process: functions compiled by one process go to one folder.
    """
    folder, wanted = cache_folder(), cache_root() or "the cache folder of a user without a home"
    if folder is None:
        _say(f"{wanted} cannot be written: kernels are compiled anew in every process")
    elif folder.parent != wanted:
        _say(f"{wanted} cannot be written: compiled kernels are kept in {folder.parent}")
    return folder


@cache
def announce_loss(reason: str) -> None:
    """Say, once per process, that compiled code could not be kept."""
    _say(f"{announced_folder()}: {reason}; kernels are compiled anew in every process")


def cache_size() -> int:
    """Bytes on disk of the compiled code of all keys, this one and stale ones."""
    return sum(
        file.stat().st_size
        for folder in _keyed_folders()
        for file in folder.rglob("*")
        if file.is_file()
    )


def clear_cache() -> int:
    """Remove the compiled code of all keys, stale ones included; return the bytes freed.

    Only folders that carry the name of a key go, whatever else lies beside them.
    """
    before = cache_size()
    for folder in _keyed_folders():
        shutil.rmtree(folder, ignore_errors=True)
    return before - cache_size()


def cache_root() -> Path | None:
    """The folder that holds one folder per key; None where nobody knows the user's home."""
    chosen = os.environ.get(HOME_VARIABLE)
    if sys.platform == "win32":
        base = os.environ.get("LOCALAPPDATA") or "~/AppData/Local"
    elif sys.platform == "darwin":
        base = "~/Library/Caches"
    else:
        base = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    try:
        return Path(chosen or f"{base}/pfs-sim").expanduser().absolute()
    except RuntimeError:
        return None


@cache
def _own_key() -> str:
    """The key of the kernels of this process, as they were when it was first asked for."""
    return cache_key()


def cache_key(kernels: Path = _KERNELS) -> str:
    """16 hex digits for the text under ``kernels``, what it reads, the compiler and the CPU."""
    digest = hashlib.sha256()
    for file in _keyed_files(kernels):
        text = file.read_bytes()
        name = file.relative_to(kernels.parent).as_posix()
        digest.update(f"{name} {len(text)}\n".encode() + text)
    for name in _COMPILERS:
        digest.update(f"{name} {_version(name)}\n".encode())
    digest.update(f"python {platform.python_version()}\n{_processor()}\n".encode())
    return digest.hexdigest()[:16]


def _keyed_files(kernels: Path) -> list[Path]:
    rooms = [kernels, *(kernels.parent / name for name in KEYED_BESIDE_KERNELS)]
    files = [file for room in rooms for file in room.rglob("*.py")]
    return sorted(files + [file for room in rooms if (file := room.with_suffix(".py")).is_file()])


def _version(package: str) -> str:
    """The file in which a package says its version: to ask importlib.metadata takes 20 ms more."""
    found = find_spec(package)
    for folder in (found and found.submodule_search_locations) or ():
        for name in ("_version.py", "version.py"):
            if (file := Path(folder) / name).is_file():
                return file.read_text(encoding="utf-8")
    return "unknown"


def _processor() -> str:
    """Name and features as LLVM sees them: code for one processor may crash on another.

    And how many paths are lived side by side.
    """
    from llvmlite import binding

    from pfs_sim.tables.wide import ABREAST

    features = sorted(name for name, on in binding.get_host_cpu_features().items() if on)
    name = str(binding.get_host_cpu_name())
    return " ".join([platform.machine(), name, *features, str(ABREAST)])


def _private_temporary_root() -> Path | None:
    """A folder under the temporary one that nobody else can write.

    Cached code is read with pickle, so a folder that another user could have prepared is refused.
    """
    try:
        if sys.platform == "win32":  # the temporary folder is the user's own there
            return Path(tempfile.gettempdir()) / "pfs-sim"
        root = Path(tempfile.gettempdir()) / f"pfs-sim-{os.getuid()}"
        root.mkdir(mode=0o700, exist_ok=True)
        status = root.lstat()
    except OSError:
        return None
    ours = status.st_uid == os.getuid() and not root.is_symlink() and not status.st_mode & 0o077
    return root if ours else None


def _can_write(folder: Path) -> bool:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=folder).close()
    except OSError:
        return False
    return True


def _is_prepared(folder: Path) -> bool:
    """Whether a folder has kernels that nobody but the user or the system can have put there."""
    try:
        if not any(folder.glob("*/*.nbi")):
            return False
        status = [place.lstat() for place in (folder, *folder.iterdir())]
    except OSError:
        return False
    if sys.platform == "win32":
        return True
    return all(one.st_uid in (0, os.getuid()) and not one.st_mode & 0o022 for one in status)


def _keyed_folders() -> list[Path]:
    roots = {cache_root(), _private_temporary_root()}
    return [
        folder
        for root in sorted(root for root in roots if root is not None)
        if root.is_dir()
        for folder in sorted(root.glob(_PREFIX + "?" * 16))
        if folder.is_dir() and not folder.is_symlink()
    ]


def _say(line: str) -> None:
    print(f"pfs-sim: {line}", file=sys.stderr)
