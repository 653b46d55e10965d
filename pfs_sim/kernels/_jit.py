"""The four ways in which a kernel function is compiled.

``jit`` is for the functions that other rooms call and may make arrays; ``lean`` is for what
happens inside a path, where nothing is allocated; ``inline`` marks what is small enough that
the compiler may well dissolve it into its caller; ``forced`` is for the few that must (a random
word).
All release the GIL, so chunks of paths can run in threads, and all keep their machine code in
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
    return _compiled(function)


def lean(function: F) -> F:
    """As :func:`jit`, for a function that neither makes nor returns an array.

    It does without reference counts, whose atomic increments otherwise cost several times as
    much as a random draw: a gamma draw took 77 ns with them and takes 15 ns without.
    """
    return _compiled(function, _nrt=False)


def inline(function: F) -> F:
    """As :func:`lean`, for a small function; LLVM decides by its size whether to dissolve it.

    Forcing it everywhere multiplied the code: the outcomes alone then took minutes to compile.
    """
    return _compiled(function, _nrt=False)


def forced(function: F) -> F:
    """As :func:`lean`, and LLVM is told to dissolve it into each caller: a random word or two."""
    return _compiled(function, _nrt=False, forceinline=True)


def _compiled(function: F, **flags: bool) -> F:
    """Numba looks at its cache folder when a function is decorated, and only then.

    So the setting is ours for that moment and the caller's again afterwards: other packages in
    the same process keep their own cache.
    """
    options = {"nogil": True, "cache": _folder is not None, "no_cfunc_wrapper": True, **flags}
    if function.__name__.startswith("_"):
        options["no_cpython_wrapper"] = True
    before = getattr(config, "CACHE_DIR", "")
    setattr(config, "CACHE_DIR", str(_folder or before))  # noqa: B010 (not in numba's stubs)
    try:
        return cast(F, cast(Any, numba.njit)(**options)(function))
    finally:
        setattr(config, "CACHE_DIR", before)  # noqa: B010
