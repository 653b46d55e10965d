"""Garbage collection waits while a run gets ready.

Reading a scenario, loading modules and compiled kernels, and compiling them make a great many
objects and drop next to none of them, and the collector looks through all of them again and again:
a tenth of the time to the first thousand paths, and a sixth of compiling.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def uncollected() -> Iterator[None]:
    """No collection inside; what goes out of use is freed all the same, unless it is in a cycle.

    Nor one afterwards of all that was made inside: it counts as old, as after a collection.
    """
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            if not gc.get_freeze_count():  # else somebody wants objects left alone
                gc.freeze()
                gc.unfreeze()
            gc.enable()
