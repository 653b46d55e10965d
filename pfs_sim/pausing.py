"""Garbage collection waits while a run gets ready.

Reading a scenario and loading modules and compiled kernels make a great many objects and drop next
to none of them, and the collector looks through all of them again and again: a tenth of the time
to the first thousand paths.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def uncollected() -> Iterator[None]:
    """No collection inside; what goes out of use is freed all the same, unless it is in a cycle."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()
