"""The special functions of scipy, without waiting for all that comes with them.

`from pfs_sim.special import ndtri` gives what `from scipy.special import ndtri` gives. They are
NumPy ufuncs in one compiled module, which loads in 10 ms; scipy.special itself also wraps them
for other array libraries, for which it imports numpy.testing, numpy.f2py and scipy.linalg, and
that took 0.13 s of every start and a second pool of BLAS threads.
"""

from __future__ import annotations

import sys
import threading
from functools import cache
from importlib import import_module
from types import ModuleType
from typing import Any

_WHOLE = "scipy.special"


def __getattr__(name: str) -> Any:
    """A special function by its name."""
    return getattr(_functions(), name)


@cache
def _functions() -> ModuleType:
    """The module that has them.

    The whole package, if it is loaded anyhow, and where another thread might be importing it.
    """
    if _WHOLE in sys.modules or threading.active_count() > 1:
        return import_module(_WHOLE)
    try:
        return _load_alone()
    except (AttributeError, ImportError):
        return import_module(_WHOLE)


def _load_alone() -> ModuleType:
    """The compiled module, imported while an empty package stands where its own would.

    The package is not there afterwards, so whoever imports scipy.special next gets all of it,
    with this same module in it.
    """
    import scipy

    empty = ModuleType(_WHOLE)
    empty.__path__ = [f"{folder}/special" for folder in scipy.__path__]
    sys.modules[_WHOLE] = empty
    try:
        found = import_module(f"{_WHOLE}._ufuncs")
        found.ndtri  # noqa: B018, of all that are asked for the likeliest to move
    finally:
        del sys.modules[_WHOLE]
    return found
