"""How many of some people: the binomial where chance decides, the expectation where it does not.

Also the address of a cohort's streams: `cohort << 16 | arm << 15 | type << 10`.
"""

from __future__ import annotations

import math

import numpy as np

from pfs_sim.kernels._jit import forced, inner
from pfs_sim.kernels.counts import binomial
from pfs_sim.kernels.random import Rng

_COHORT = np.uint64(16)
_ARM = np.uint64(15)
_TYPE = np.uint64(10)


@forced
def address(t: int, arm: int, y: int) -> np.uint64:
    """Index of the streams of cohort t, arm (0 control, 1 treated) and type y."""
    return (np.uint64(t) << _COHORT) | (np.uint64(arm) << _ARM) | (np.uint64(y) << _TYPE)


@inner
def thin(rng: Rng, n: float, p: float, frozen: int) -> float:
    """How many of n people, each with probability p; the expectation where chance is frozen.

    Where only other sources are frozen n may have a fraction: whole people are drawn, and the
    fraction of a person gives its expectation.
    """
    if frozen:
        return n * p
    whole = math.floor(n) * 1.0
    count = binomial(rng, whole, p)
    if whole != n:
        count += (n - whole) * p
    return count
