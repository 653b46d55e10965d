"""Each of some people falls into one of several classes: a multinomial, person by person.

Where there are few people and several classes this costs less than one binomial after the other.
Each person has a random number of 64 bits; 16 of them nearly always say on which side of a
class's edge it lies, and so the first 16 bits of 64 people are compared with an edge at once. The
other 48 are looked up only for those whose first 16 are the edge's own. Spreads are made side by
side: a Philox block waits for its own last round most of the time.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from pfs_sim.kernels._jit import apart, forced, once
from pfs_sim.kernels._pieces import pieces_below, pieces_equal
from pfs_sim.kernels._popcount import popcount
from pfs_sim.kernels.random import ONE, TWO, ZERO, Word, Words, one_block, philox_block
from pfs_sim.tables.people import Records

F8 = npt.NDArray[np.float64]

_WORD_RANGE = 2.0**64
_LAST = np.uint64(0xFFFFFFFFFFFFFFFF)
_SIXTY_FOUR = np.uint64(64)
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
def plan_spread(
    n: float, index: Word, row: int, at: int, spreads: Records, count: int
) -> int:
    """Plan to spread n people; returns how many spreads are planned then.

    Every 64 of them have a spread of their own, 64 blocks of the stream further on.
    """
    block = ZERO
    while n > 0.0:
        one = spreads[count]
        one.here = _LAST >> (_SIXTY_FOUR - np.uint64(min(n, 64.0)))
        one.index, one.block, one.row, one.at = index, block, row, at
        count, n, block = count + 1, n - 64.0, block + _SIXTY_FOUR
    return count


@once
def spread(
    count: int,
    key: Word,
    path: int,
    classes: int,
    edges: Words,
    spreads: Records,
    pieces: Words,
    found: F8,
) -> None:
    """Make the planned spreads: add to found[at, class] how many people fall into a class.

    Below `edges[row, class]` are the numbers of this class and those before it; the last class has
    the rest. The first bits of people 0, 1, 2 ... are the 16-bit pieces, lowest first, of the 8
    blocks of the stream (key, index, path) from where a spread begins.
    """
    where, last = np.uint64(path), np.uint64(classes - 1)
    for i in range(count):
        words, index, block = pieces[i], spreads[i].index, spreads[i].block
        for b in range(np.uint64(words.size) >> ONE):
            j = np.uint64(b)
            words[TWO * j], words[TWO * j + ONE] = philox_block(key, block + j, index, where)
    for i in range(count):
        one, words = spreads[i], pieces[i]
        here, edge, to = one.here, edges[one.row], found[one.at]
        tied, before = ZERO, ZERO
        for k in range(last):
            first = edge[k] >> _OTHER_BITS
            tied |= pieces_equal(words, first)
            below = popcount(pieces_below(words, first) & here)
            to[k] += float(np.int64(below - before))
            before = below
        to[last] += float(np.int64(popcount(here) - before))
        if tied & here != ZERO:
            _look_up(one, key, where, words, edge[:last], to)


@apart
def _look_up(one: Any, key: Word, path: Word, words: Words, edges: Words, found: F8) -> None:
    """Bring those whose first bits are an edge's, and who are below it, to its class."""
    for k in range(edges.size):
        first, rest = edges[k] >> _OTHER_BITS, edges[k] & _OTHERS
        tied = pieces_equal(words, first) & one.here
        while tied != ZERO:
            person = tied & (~tied + ONE)
            i = popcount(person - ONE)
            block = one.block + _LOOK_UP + (i >> ONE)
            low, high = one_block(key, block, one.index, path)
            if (high if i & ONE else low) >> _FIRST_BITS < rest:
                found[k] += 1.0
                found[k + 1] -= 1.0
            tied ^= person
