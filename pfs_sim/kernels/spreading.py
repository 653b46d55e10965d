"""Each of some people falls into one of several classes: a multinomial, person by person.

Where there are few people and several classes this costs less than one binomial after the other:
a word for each person, and each bound of a class compared with all words at once.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from pfs_sim.kernels._jit import forced
from pfs_sim.kernels.random import ONE, TWO, ZERO, Rng, Word, philox_block

F8 = npt.NDArray[np.float64]

CROWD = 64.0
"""More people than this are drawn class after class."""

_WORD_RANGE = 2.0**64
_LAST = np.uint64(0xFFFFFFFFFFFFFFFF)
_SIXTEEN = np.uint64(16)
_FOUR = np.uint64(4)


@forced
def spread(
    rng: Rng,
    key: Word,
    index: Word,
    path: int,
    n: float,
    reach: F8,
    a: int,
    b: int,
    classes: int,
    found: F8,
) -> None:
    """Spread n people, CROWD at most, over the classes: found[class] is how many.

    `reach[a, b, class]` is the probability of this class or one before it; the last class has
    the rest. Person i compares word i of the stream (key, index, path).
    """
    words, people = rng.words, np.uint64(n)
    full = ((people + _SIXTEEN - ONE) >> _FOUR) << _FOUR
    where = np.uint64(path)
    for i in range(full >> ONE):
        j = np.uint64(i)
        words[TWO * j], words[TWO * j + ONE] = philox_block(key, j, index, where)
    for i in range(people, full):
        words[i] = _LAST
    before = 0.0
    for k in range(classes - 1):
        edge = np.uint64(reach[a, b, k] * _WORD_RANGE) if reach[a, b, k] < 1.0 else _LAST
        below = ZERO
        for i in range(full):
            below += ONE if words[np.uint64(i)] < edge else ZERO
        found[k] = float(np.int64(below)) - before
        before += found[k]
    found[classes - 1] = n - before
