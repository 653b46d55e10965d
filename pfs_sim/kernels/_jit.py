"""The two ways in which a kernel function is compiled.

``jit`` is for the functions that other rooms call and for the verbs of a period; ``inline`` is
for the few that must dissolve into their caller (the generator, the fast paths of the samplers).
Both release the GIL, so chunks of paths can run in threads, and both keep their machine code in
the folder that :mod:`pfs_sim.kernels.cache` chooses from the text of all kernels, so that an edit
or an upgrade never runs old code.
"""

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba
from numba.core import config

from pfs_sim.kernels.cache import announced_folder

F = TypeVar("F", bound=Callable[..., Any])

_folder = announced_folder()


def jit(function: F) -> F:
    """Compile on first call: cached on disk, without the GIL, IEEE arithmetic (no fastmath)."""
    return _compiled(function, forceinline=False)


def inline(function: F) -> F:
    """As :func:`jit`, and LLVM is told to dissolve it into each caller."""
    return _compiled(function, forceinline=True)


def _compiled(function: F, forceinline: bool) -> F:
    """Numba looks at its cache folder when a function is decorated, and only then.

    So the setting is ours for that moment and the caller's again afterwards: other packages in
    the same process keep their own cache.
    """
    options = {"nogil": True, "cache": _folder is not None}
    if forceinline:
        options["forceinline"] = True
    before = getattr(config, "CACHE_DIR", "")
    setattr(config, "CACHE_DIR", str(_folder or before))  # noqa: B010 (not in numba's stubs)
    try:
        return cast(F, cast(Any, numba.njit)(**options)(function))
    finally:
        setattr(config, "CACHE_DIR", before)  # noqa: B010
