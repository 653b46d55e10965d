"""Each of some people falls into one of several classes: a multinomial, person by person.

Where there are few people and several classes this costs less than one binomial after the other.
Each person has a random number of 64 bits; 16 of them nearly always say on which side of a
class's edge it lies, and so the first 16 bits of all people are compared with an edge at once. The
other 48 are looked up only for those whose first 16 are the edge's own.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from pfs_sim.kernels._jit import apart, forced
from pfs_sim.kernels._pieces import pieces_below, pieces_equal
from pfs_sim.kernels._popcount import popcount
from pfs_sim.kernels.random import ONE, TWO, ZERO, Rng, Word, Words, one_block, philox_block

F8 = npt.NDArray[np.float64]

CROWD = 64.0
"""More people than this are drawn class after class."""

_WORD_RANGE = 2.0**64
_LAST = np.uint64(0xFFFFFFFFFFFFFFFF)
_SIXTY_FOUR = np.uint64(64)
_EIGHTH = np.uint64(3)
_FIRST_BITS = np.uint64(16)
_OTHER_BITS = np.uint64(48)
_OTHERS = np.uint64(0xFFFFFFFFFFFF)
_LOOK_UP = np.uint64(8)
"""Block at which the other bits begin: word i there is person i's."""


@forced
def edge_of(reach: float) -> Word:
    """The edge below which a person's number is with probability `reach`."""
    return np.uint64(reach * _WORD_RANGE) if reach < 1.0 else _LAST


@forced
def spread(
    rng: Rng, key: Word, index: Word, path: int, n: float, edges: Words, classes: int, found: F8
) -> None:
    """Spread n people, CROWD at most, over the classes: found[class] is how many.

    Below `edges[class]` are the numbers of this class and those before it; the last class has the
    rest. The first bits of people 0, 1, 2 ... are the 16-bit pieces, lowest first, of blocks 0 to
    7 of the stream (key, index, path).
    """
    words, where = rng.words, np.uint64(path)
    for i in range(np.uint64(words.size) >> _EIGHTH):
        j = np.uint64(i)
        words[TWO * j], words[TWO * j + ONE] = philox_block(key, j, index, where)
    here = _LAST >> (_SIXTY_FOUR - np.uint64(n)) if n > 0.0 else ZERO
    before = ZERO
    for k in range(classes - 1):
        first = edges[k] >> _OTHER_BITS
        below = pieces_below(words, first) & here
        tied = pieces_equal(words, first) & here
        if tied != ZERO:
            below |= _look_up(key, index, where, tied, edges[k] & _OTHERS)
        count = popcount(below)
        found[k] = float(np.int64(count - before))
        before = count
    found[classes - 1] = n - float(np.int64(before))


@apart
def _look_up(key: Word, index: Word, path: Word, tied: Word, edge: Word) -> Word:
    """Which of the people whose first bits are an edge's are below it by their other 48 bits."""
    below = ZERO
    while tied != ZERO:
        person = tied & (~tied + ONE)
        i = popcount(person - ONE)
        low, high = one_block(key, _LOOK_UP + (i >> ONE), index, path)
        others = (high if i & ONE else low) >> _FIRST_BITS
        below |= person if others < edge else ZERO
        tied ^= person
    return below
