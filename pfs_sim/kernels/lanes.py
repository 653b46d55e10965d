"""Binomials side by side: asked for one by one, drawn all at once.

A binomial compares the random bits of its trials with the binary digits of p, as in
`pfs_sim.kernels.counts`, but one such draw waits for its own last step all the time. So draws are
collected in lanes, and every step is taken for all lanes in a loop that the compiler vectorizes:
no branch, a fixed number of digits. What is left undecided after them, one lane in thirty or so,
is settled trial by trial.

Each draw has an address of its own, and so no draw moves when another is not asked for.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from pfs_sim.kernels._jit import apart, forced, inner, lean, once
from pfs_sim.kernels._popcount import popcount
from pfs_sim.kernels.counts import binomial
from pfs_sim.kernels.large import (
    LARGE_WAITING,
    MOST,
    PIECE,
    answer_large,
    ask_large,
    is_large,
)
from pfs_sim.kernels.random import (
    ONE,
    TWO,
    ZERO,
    Rng,
    Word,
    Words,
    one_block,
    open_at,
    philox_block,
)
from pfs_sim.tables.people import LANES

F8 = npt.NDArray[np.float64]

TRIALS = 63.0
"""Trials of a lane; a larger draw takes several."""
SECOND, THIRD = 256, 512
"""First pieces of the draws that follow a first one at the same address."""

_WORD_RANGE = 2.0**64
_BITS = np.int64(64)
_HALF = np.uint64(0x7FFFFFFFFFFFFFFF)
_EIGHT = np.uint64(8)

# Rows of the lanes, each of LANES words, at constant distances so that the compiler sees them
# apart; the place after the last row counts the lanes that wait.
_ROW = [np.uint64(LANES * i) for i in range(12)]
_KEY, _INDEX, _BLOCK, _UNDECIDED, _DIGITS, _HITS, _OWNER, _W0, _W1, _W2, _W3, _WAITING = _ROW


@forced
def ask(
    lanes: Words,
    rng: Rng,
    key: int | Word,
    index: int | Word,
    path: int,
    piece: int,
    n: float,
    p: float,
    owner: int,
    answers: F8,
) -> None:
    """Add to `answers[owner]` how many of n people have an event of probability p.

    It may be there only after `answer`. n is a whole number; the draw has the address (key,
    index, path), and of its stream what begins with `piece`.
    """
    if not (n > 0.0 and p > 0.0):
        answers[owner] += 0.0 * n * p
    elif p >= 1.0:
        answers[owner] += n
    elif n > MOST:
        block = np.uint64(piece) << PIECE
        if is_large(n, p):
            ask_large(
                lanes, rng, np.uint64(key), np.uint64(index), path, block, n, p, owner, answers
            )
        else:
            answers[owner] += _draw_alone(rng, key, index, path, block, n, p)
    else:
        digits, block = np.uint64(p * _WORD_RANGE), np.uint64(piece) << PIECE
        while n > 0.0:
            if lanes[_WAITING] == np.uint64(LANES):
                answer(lanes, rng, path, answers)
            j = lanes[_WAITING]
            trials = min(n, TRIALS)
            lanes[_KEY + j] = np.uint64(key)
            lanes[_INDEX + j] = np.uint64(index)
            lanes[_BLOCK + j] = block
            lanes[_UNDECIDED + j] = np.uint64(trials)
            lanes[_DIGITS + j] = digits
            lanes[_OWNER + j] = np.uint64(owner)
            lanes[_WAITING] = j + ONE
            block += ONE << PIECE
            n -= trials


@once
def ask_some(
    lanes: Words,
    rng: Rng,
    key: Any,
    index: Any,
    path: int,
    piece: int,
    n: float,
    p: float,
    frozen: int,
    owner: int,
    answers: F8,
) -> None:
    """As `ask`; the expectation where chance is frozen, and of a fraction of a person."""
    whole = 0.0 if frozen else math.floor(n) * 1.0
    if whole != n:
        answers[owner] += (n - whole) * p
    if whole > 0.0:
        ask(lanes, rng, key, index, path, piece, whole, p, owner, answers)


@inner
def _draw_alone(
    rng: Rng, key: int | Word, index: int | Word, path: int, block: Word, n: float, p: float
) -> float:
    """A draw that is too large for the lanes, and not by rejection."""
    open_at(rng, key, index, path, block)
    return binomial(rng, n, p)


@apart
def answer(lanes: Words, rng: Rng, path: int, answers: F8) -> None:
    """Draw what was asked for, and add it to the answers of those who asked.

    The digits of p are compared with words 0 to 3 of a lane in turn, at most 1, 1, 4 and 5 digits
    each, and a digit only as long as the word has a bit for every undecided trial. Each trial
    undecided then compares a word of its own with the digits that are left. What is too large
    for that, and drawn by rejection, is drawn before.
    """
    if lanes[LARGE_WAITING] > ZERO:
        answer_large(lanes, rng, path, answers)
    waiting = lanes[_WAITING]
    if waiting == ZERO:
        return
    full = (waiting + _EIGHT - ONE) // _EIGHT * _EIGHT
    for i in range(waiting, full):
        lanes[_UNDECIDED + i] = ZERO
    where = np.uint64(path)
    for i in range(full):
        j = np.uint64(i)
        lanes[_W0 + j], lanes[_W1 + j] = philox_block(
            lanes[_KEY + j], lanes[_BLOCK + j], lanes[_INDEX + j], where
        )
    for i in range(full):
        j = np.uint64(i)
        lanes[_W2 + j], lanes[_W3 + j] = philox_block(
            lanes[_KEY + j], lanes[_BLOCK + j] + ONE, lanes[_INDEX + j], where
        )
    for i in range(full):
        j = np.uint64(i)
        m, d, h = lanes[_UNDECIDED + j], lanes[_DIGITS + j], ZERO
        m, d, h = _compare(lanes[_W0 + j], 1, m, d, h)
        m, d, h = _compare(lanes[_W1 + j], 1, m, d, h)
        m, d, h = _compare(lanes[_W2 + j], 4, m, d, h)
        m, d, h = _compare(lanes[_W3 + j], 5, m, d, h)
        lanes[_UNDECIDED + j] = m
        lanes[_DIGITS + j] = d
        lanes[_HITS + j] = h
    for i in range(waiting):
        j = np.uint64(i)
        if lanes[_UNDECIDED + j] > ZERO and lanes[_DIGITS + j] > ZERO:
            _settle(lanes, j, where)
        answers[lanes[_OWNER + j]] += float(np.int64(lanes[_HITS + j]))
    lanes[_WAITING] = ZERO


@forced
def _compare(word: Word, digits: int, m: Word, d: Word, h: Word) -> tuple[Word, Word, Word]:
    """Compare m undecided trials with so many digits d, as long as the word has bits for all.

    Returns who is undecided then, the digits that are left, and the hits. The first digit always
    has its bits; when they are too few they stay too few, whatever the word is shifted by.
    """
    took = popcount(word & ((ONE << m) - ONE))
    h += took if d > _HALF else ZERO
    word >>= m
    left = _BITS - np.int64(m)
    m -= took
    d <<= ONE
    for _ in range(digits - 1):
        fits = np.int64(m) <= left
        took = popcount(word & ((ONE << m) - ONE)) if fits else ZERO
        h += took if d > _HALF else ZERO
        word >>= m
        left -= np.int64(m)
        m -= took
        d = d << ONE if fits else d
    return m, d, h


@lean
def _settle(lanes: Words, j: Word, path: Word) -> None:
    """Settle the trials of a lane that are undecided: a word each, from block 2 of the lane on."""
    block, rest = lanes[_BLOCK + j] + TWO, lanes[_UNDECIDED + j]
    digits = lanes[_DIGITS + j]
    while rest > ZERO:
        low, high = one_block(lanes[_KEY + j], block, lanes[_INDEX + j], path)
        lanes[_HITS + j] += ONE if low < digits else ZERO
        rest -= ONE
        if rest > ZERO:
            lanes[_HITS + j] += ONE if high < digits else ZERO
            rest -= ONE
        block += ONE
