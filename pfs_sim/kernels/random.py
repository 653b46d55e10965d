"""Random words by address: Philox 4x32-10, one stream for every draw.

A stream is named by (key, index, path). The key comes from `pfs_sim.addresses.stream_key`; the
index says which cohort, arm or age the draw is for; the path is the path. The words of a stream
are the Philox blocks 0, 1, 2 ... of the counter (block, index, path low, path high), two 64-bit
words to a block. Nothing is carried from one stream to the next, so a path can be lived alone,
in any chunk and on any thread, and a rejection in one cohort shifts no draw of another.

Everything here is written in uint64, and no product or sum leaves 64 bits: numba turns uint64
mixed with int64 into float64, and numpy warns of overflow when the compiler is off.

Source: Salmon, Moraes, Dror, Shaw (2011), Parallel random numbers: as easy as 1, 2, 3, SC11.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pfs_sim.kernels._jit import forced, inline, inner, lean, once
from pfs_sim.kernels._wide import (
    count_up,
    each_word,
    join_halves,
    product_of_halves,
    put_run,
    to_number,
)
from pfs_sim.tables.wide import ABREAST, Wide

Words = NDArray[np.uint64]
Floats = NDArray[np.float64]

WORDS = 64
"""Length of the buffer of words in an `Rng`: 32 blocks."""

Word = np.uint64

ZERO = np.uint64(0)
ONE = np.uint64(1)
TWO = np.uint64(2)

# How many blocks to make when those opened are used up (an eighth of the buffer, in blocks), and
# when those are too (all of it). It moves time and no word. The count is read from the length of
# the buffer because a constant would be unrolled instead of vectorized, at three times the cost.
_FEW = np.uint64(3)
_MANY = np.uint64(1)

_HALF = np.uint64(32)
_LOW = np.uint64(0xFFFFFFFF)
_MULTIPLIER_0 = np.uint64(0xD2511F53)
_MULTIPLIER_1 = np.uint64(0xCD9E8D57)
_WEYL_0 = np.uint64(0x9E3779B9)
_WEYL_1 = np.uint64(0xBB67AE85)
_UNUSED_BITS = np.uint64(12)
_UNIFORM_STEP = 2.0**-52

# Places in Rng.state
_NEXT = np.uint64(0)
_FILLED = np.uint64(1)
_BLOCK = np.uint64(2)
_KEY = np.uint64(3)
_INDEX = np.uint64(4)
_PATH = np.uint64(5)
_STATE = 6


class Rng(NamedTuple):
    """A place to draw from; made once per chunk of paths and pointed at one stream after another.

    ``words`` (64,) holds the words made and not yet all used; ``state`` (6,) holds the position
    of the next word, the number of words made, the next block to make, and the address: key,
    index, path.
    """

    words: Words
    state: Words


def new_rng() -> Rng:
    """Make an `Rng` that points nowhere yet; `open_stream` must come before the first draw."""
    return Rng(np.zeros(WORDS, dtype=np.uint64), np.zeros(_STATE, dtype=np.uint64))


@forced
def philox_block(key: Word, block: Word, index: Word, path: Word) -> tuple[Word, Word]:
    """Return the two 64-bit words of one Philox 4x32-10 block; all arguments are uint64.

    The counter is (block, index, path low, path high), the key words are the low and high half
    of the key; of block and index the low 32 bits count.
    """
    k0 = key & _LOW
    k1 = key >> _HALF
    x0 = block & _LOW
    x1 = index & _LOW
    x2 = path & _LOW
    x3 = path >> _HALF
    for _ in range(10):
        a = _MULTIPLIER_0 * x0
        b = _MULTIPLIER_1 * x2
        x0 = (b >> _HALF) ^ x1 ^ k0
        x1 = b & _LOW
        x2 = (a >> _HALF) ^ x3 ^ k1
        x3 = a & _LOW
        k0 = (k0 + _WEYL_0) & _LOW
        k1 = (k1 + _WEYL_1) & _LOW
    return x0 | (x1 << _HALF), x2 | (x3 << _HALF)


@once
def wide_block(key: Word, block: Word, index: Word, paths: Wide) -> tuple[Wide, Wide]:
    """As `philox_block`, of paths side by side: two words (`Whole`) of each.

    Upper halves of what is calculated with are anything.
    """
    k0, k1 = key, key >> _HALF
    x0, x1, x2, x3 = each_word(block), each_word(index), paths, paths >> _HALF
    for _ in range(10):
        a = product_of_halves(x0, _MULTIPLIER_0)
        b = product_of_halves(x2, _MULTIPLIER_1)
        x0, x1 = (b >> _HALF) ^ x1 ^ k0, b
        x2, x3 = (a >> _HALF) ^ x3 ^ k1, a
        k0 += _WEYL_0
        k1 += _WEYL_1
    return join_halves(x0, x1), join_halves(x2, x3)


@once
def wide_uniform(words: Wide) -> Wide:
    """As `to_uniform`, of paths side by side."""
    return (to_number(words >> _UNUSED_BITS) + 0.5) * _UNIFORM_STEP


@inner
def one_block(key: Word, block: Word, index: Word, path: Word) -> tuple[Word, Word]:
    """As `philox_block`, called and not dissolved: for who needs one block and not a loop."""
    return philox_block(key, block, index, path)


@inline
def open_stream(rng: Rng, key: int | Word, index: int | Word, path: int | Word) -> None:
    """Point the generator at the start of the stream (key, index, path)."""
    low, high = one_block(np.uint64(key), ZERO, np.uint64(index), np.uint64(path))
    open_made(rng, key, index, path, low, high)


@inline
def open_at(
    rng: Rng, key: int | Word, index: int | Word, path: int | Word, block: int | Word
) -> None:
    """Point the generator at a later block of the stream (key, index, path)."""
    first = np.uint64(block)
    low, high = one_block(np.uint64(key), first, np.uint64(index), np.uint64(path))
    open_made(rng, key, index, path, low, high)
    rng.state[_BLOCK] = first + ONE


@forced
def open_made(
    rng: Rng, key: int | Word, index: int | Word, path: int | Word, low: Word, high: Word
) -> None:
    """Point the generator at a stream whose block 0 the caller has from `wide_block`."""
    state = rng.state
    words = rng.words
    words[ZERO] = low
    words[ONE] = high
    state[_NEXT] = ZERO
    state[_FILLED] = TWO
    state[_BLOCK] = ONE
    state[_KEY] = np.uint64(key)
    state[_INDEX] = np.uint64(index)
    state[_PATH] = np.uint64(path)


@lean
def refill(rng: Rng) -> None:
    """Make the blocks that follow; the positions start again at the head of the buffer."""
    state = rng.state
    words = rng.words
    key = state[_KEY]
    index = state[_INDEX]
    path = state[_PATH]
    first = state[_BLOCK]
    count = np.uint64(words.size) >> (_FEW if first <= TWO else _MANY)
    for i in range(count):
        j = np.uint64(i)
        low, high = philox_block(key, first + j, index, path)
        words[TWO * j] = low
        words[TWO * j + ONE] = high
    state[_BLOCK] = first + count
    state[_FILLED] = TWO * count


@forced
def next_word(rng: Rng) -> Word:
    """Return the next 64 random bits of the open stream."""
    state = rng.state
    position = state[_NEXT]
    if position == state[_FILLED]:
        refill(rng)
        position = ZERO
    state[_NEXT] = position + ONE
    word: Word = rng.words[position]
    return word


@forced
def to_uniform(word: Word) -> float:
    """Turn a word into a number in the open interval (0, 1): the middle of one of 2**52 cells."""
    return (float(np.int64(word >> _UNUSED_BITS)) + 0.5) * _UNIFORM_STEP


@forced
def uniform(rng: Rng) -> float:
    """Draw a number that is uniform on the open interval (0, 1)."""
    return to_uniform(next_word(rng))


@lean
def fill_uniforms(keys: Words, first_path: int, out: Floats) -> None:
    """Fill ``out`` (m, n) with the path-level uniforms of paths first_path ... of m keys (m,).

    One number per key and path: word 0 of block 0 at index 0, in the open interval (0, 1).
    """
    start, together = np.uint64(first_path), out.shape[1] - out.shape[1] % ABREAST
    for j in range(keys.size):
        row = out[j]
        for i in range(0, together, ABREAST):
            words, _ = wide_block(keys[j], ZERO, ZERO, count_up(start + np.uint64(i)))
            put_run(row, i, wide_uniform(words))
        for i in range(together, out.shape[1]):
            word, _ = philox_block(keys[j], ZERO, ZERO, start + np.uint64(i))
            row[i] = to_uniform(word)
