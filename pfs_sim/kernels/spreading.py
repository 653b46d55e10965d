"""Each of some people falls into one of several classes: a multinomial, person by person.

Where there are few people and several classes this costs less than one binomial after the other.
Each person has a random number of 64 bits; 16 of them nearly always say on which side of a
class's edge it lies, and so the first 16 bits of four people of each path are compared with an
edge at once. The other 48 are looked up only for those whose first 16 are the edge's own.
"""

from __future__ import annotations

import numpy as np

from pfs_sim.kernels._jit import forced, inner_apart, once
from pfs_sim.kernels._pieces import (
    MASKS,
    OF_A_MASK,
    count_below,
    equal_pieces,
    have_equal_pieces,
    least_pieces,
)
from pfs_sim.kernels._popcount import popcount
from pfs_sim.kernels._wide import (
    anywhere,
    each,
    each_word,
    greater,
    lesser,
    of,
    pick,
    replace,
    to_number,
    to_whole,
    word_of,
)
from pfs_sim.kernels.random import ONE, TWO, ZERO, Word, one_block, wide_block
from pfs_sim.tables.wide import Wide

AT_ONCE = 64.0
"""People of a path who are spread together: 64 blocks of the stream."""

_WORD_RANGE = 2.0**64
_LAST = np.uint64(0xFFFFFFFFFFFFFFFF)
_BLOCKS = np.uint64(64)
_BITS = np.uint64(64)
_FIRST_BITS = np.uint64(16)
_OTHER_BITS = np.uint64(48)
_OTHERS = np.uint64(0xFFFFFFFFFFFF)
_FOUR_TIMES = np.uint64(0x0001000100010001)
_LOOK_UP = np.uint64(8)
"""Block at which the other bits begin: word i there is person i's."""
_OF_A_PATH, _HALF = np.uint64(3), np.uint64(32)


@once
def edge_of(reach: float) -> Word:
    """The edge below which a person's number is with probability `reach`."""
    return np.uint64(reach * _WORD_RANGE) if reach < 1.0 else _LAST


@once
def first_bits_of(reach: Wide) -> Wide:
    """The first 16 bits of the edge of each path, four times."""
    edge = pick(reach < 1.0, to_whole(reach * _WORD_RANGE), _LAST)
    return (edge >> _OTHER_BITS) * _FOUR_TIMES


@once
def spread(
    n: Wide,
    key: Word,
    index: Word,
    block: Word,
    paths: Wide,
    first: int,
    last: int,
    reach: Wide,
    edges: Wide,
    pieces: Wide,
    found: Wide,
) -> None:
    """Add to found[class] how many of n people of each path fall into a class.

    Class k and those before it have the probability reach[k], and `edges[k]` the first bits of its
    edge; `last` is the class of the rest, and who is in one before `first` is counted there. The
    first bits of people 0, 1, 2 ... are the 16-bit pieces, lowest first, of 8 blocks of the stream
    (key, index, path): from a block on those of the first 64 people, and of every 64 more from 64
    blocks further on. `pieces` [16] is working space.
    """
    while anywhere(n > 0.0):
        some = lesser(n, AT_ONCE)
        words = _draw_pieces(some, key, index, block, paths, pieces)
        near = _count_classes(some, words, first, last, reach, edges, pieces, found)
        if have_equal_pieces(near, each_word(ZERO)):
            _look_up(
                some, key, index, block, paths, words, first, last, reach, edges, pieces, found
            )
        n = greater(n - AT_ONCE, 0.0)
        block += _BLOCKS


@once
def _draw_pieces(
    n: Wide, key: Word, index: Word, block: Word, paths: Wide, pieces: Wide
) -> int:
    """The first bits of up to 64 people of each path; who is not there lies below no edge.

    Returns how many words it takes, four people in each.
    """
    words, ends = 0, to_whole(n) * _FIRST_BITS
    while anywhere(n > 4.0 * words):
        low, high = wide_block(key, block, index, paths)
        pieces[words] = low | _beyond(ends)
        pieces[words + 1] = high | _beyond(pick(ends > _BITS, ends - _BITS, ZERO))
        ends = pick(ends > TWO * _BITS, ends - TWO * _BITS, ZERO)
        block += ONE
        words += 2
    return words


@forced
def _beyond(first: Wide) -> Wide:
    """The bits from this one on."""
    return pick(first < _BITS, each_word(_LAST) << first, ZERO)


@once
def _count_classes(
    n: Wide, words: int, first: int, last: int, reach: Wide, edges: Wide, pieces: Wide, found: Wide
) -> Wide:
    """Count by first bits; a piece that is 0 then is of somebody whose first bits are an edge's."""
    before, near = each(0.0), each_word(_LAST)
    for k in range(first, last):
        if not anywhere(reach[k] > 0.0):
            continue
        edge, counts = edges[k], each_word(ZERO)
        for w in range(words):
            counts = count_below(counts, pieces[w], edge)
            near = least_pieces(near, pieces[w] ^ edge)
        counts += counts >> _HALF
        counts += counts >> _FIRST_BITS
        below = to_number(counts & np.uint64(0xFFFF))
        found[k] += below - before
        before = below
    found[last] += n - before
    return near


@inner_apart
def _look_up(
    n: Wide,
    key: Word,
    index: Word,
    block: Word,
    paths: Wide,
    words: int,
    first: int,
    last: int,
    reach: Wide,
    edges: Wide,
    pieces: Wide,
    found: Wide,
) -> None:
    """Bring those whose first bits are an edge's, and who are below it, to its class."""
    for k in range(first, last):
        for w in range(words):
            for mask in range(MASKS):
                tied = equal_pieces(pieces[w], edges[k], mask)
                while tied != ZERO:
                    i = popcount((tied & (~tied + ONE)) - ONE)
                    tied &= tied - ONE
                    lane = OF_A_MASK * mask + np.int64(i >> TWO)
                    person = np.uint64(4 * w) + (i & _OF_A_PATH)
                    reached = of(reach[k], lane)
                    if float(np.int64(person)) < of(n, lane) and _is_below(
                        reached, key, index, block, word_of(paths, lane), person
                    ):
                        found[k] = replace(found[k], lane, of(found[k], lane) + 1.0)
                        found[k + 1] = replace(found[k + 1], lane, of(found[k + 1], lane) - 1.0)


@once
def _is_below(reach: float, key: Word, index: Word, block: Word, path: Word, person: Word) -> bool:
    """Whether the rest of a person's number is below that of an edge."""
    low, high = one_block(key, block + _LOOK_UP + (person >> ONE), index, path)
    return bool((high if person & ONE else low) >> _FIRST_BITS < edge_of(reach) & _OTHERS)
