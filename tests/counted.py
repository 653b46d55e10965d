"""Calls counted instead of time: the same on every machine, however busy."""

import sys
from contextlib import contextmanager


@contextmanager
def counted_calls():
    """A list whose only element is, in the end, how many functions were called."""
    found = [0]

    def look(_frame, event, _argument):
        found[0] += event in ("call", "c_call")

    before = sys.getprofile()
    sys.setprofile(look)
    try:
        yield found
    finally:
        sys.setprofile(before)
