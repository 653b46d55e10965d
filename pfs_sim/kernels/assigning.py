"""Who of those who may enroll does, and in which arm, on paths side by side (model §4).

All are admitted and divided at once by a binomial; where places are limited, or arms are kept
equal in blocks, they come one by one. No draw depends on how many come.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from pfs_sim.kernels._jit import inner_apart, once
from pfs_sim.kernels._wide import (
    anywhere,
    each,
    each_word,
    everywhere,
    floor,
    holds_for,
    lesser,
    of,
    ones,
    pick,
    replace,
    to_number,
    to_whole,
    where,
    word_of,
)
from pfs_sim.kernels.abreast import by_hat, draw_on
from pfs_sim.kernels.counts import COINS, DIGIT_TRIALS, binomial
from pfs_sim.kernels.random import (
    ONE,
    TWO,
    ZERO,
    Rng,
    Word,
    open_stream,
    wide_block,
    wide_uniform,
)
from pfs_sim.kernels.thinning import address
from pfs_sim.tables.people import Method
from pfs_sim.tables.wide import ABREAST, Wide

NOBODY_LEFT = 1e-9
"""Room smaller than this is rounding: expectations are fractions of people."""

_BITS = np.uint64(64)
_THREE = np.uint64(3)
_ALL = np.uint64(0xFFFFFFFFFFFFFFFF)


@once
def assign(
    program: Any,
    rng: Rng,
    paths: Wide,
    t: int,
    come: Wide,
    free: Wide,
    room_treated: Wide,
    room_control: Wide,
    seen: Wide,
    slots: Wide,
) -> tuple[Wide, Wide, Wide, Wide]:
    """Divide those who come between the arms: treated, controls, and the state of the block.

    Where nobody comes (0 or less) nothing happens.
    """
    some, index = come > 0.0, address(t, 0, 0)
    come = where(some, come, 0.0)
    if program.frozen:
        new, others = _expect_arms(
            program.method, program.share, come, free, room_treated, room_control
        )
    elif program.method == Method.NONE:
        new, others = floor(lesser(come, free) + NOBODY_LEFT), each(0.0)
    elif program.method == Method.BLOCKED or program.limited:
        return _assign_in_turn(
            program, index, paths, come, free, room_treated, room_control, seen, slots
        )
    else:
        if program.share == 0.5 and everywhere(come <= COINS):
            new = _toss(program.assignment_key, index, paths, come)
        else:
            new = _draw(program, rng, index, paths, come)
        new = lesser(new, room_treated)
        others = lesser(come - new, room_control)
        new = come - others
    return where(some, new, 0.0), where(some, others, 0.0), seen, slots


@once
def _expect_arms(
    method: int, share: float, come: Wide, free: Wide, room_treated: Wide, room_control: Wide
) -> tuple[Wide, Wide]:
    """Expected treated and controls; where places bind, controls keep their share of them."""
    if method == Method.NONE:
        return lesser(come, free), each(0.0)
    new = lesser(come * share, room_treated)
    others = lesser(come - new, room_control)
    new = come - others
    binds = new > free
    kept = lesser(free * (1.0 - share) / share, room_control)
    return where(binds, free, new), where(binds, kept, others)


@once
def _toss(key: Word, index: Word, paths: Wide, n: Wide) -> Wide:
    """Fair coins: a bit each, as `counts.binomial` tosses them."""
    heads, left, block = each_word(ZERO), to_whole(n), ZERO
    while anywhere(left > ZERO):
        low, high = wide_block(key, block, index, paths)
        for word in (low, high):
            some = pick(left < _BITS, (each_word(ONE) << left) - ONE, _ALL)
            heads += ones(word & some)
            left = pick(left < _BITS, ZERO, left - _BITS)
        block += ONE
    return to_number(heads)


@inner_apart
def _draw(program: Any, rng: Rng, index: Word, paths: Wide, n: Wide) -> Wide:
    """How many of n people are treated: many at once, few path by path."""
    key, p, found = program.assignment_key, each(program.share), each(0.0)
    many = (n > DIGIT_TRIALS) & by_hat(n, p)
    if anywhere(many):
        found = draw_on(found, rng, key, index, ZERO, where(many, n, 0.0), p, paths)
    for lane in range(ABREAST):
        if of(n, lane) > 0.0 and not holds_for(many, lane):
            open_stream(rng, key, index, word_of(paths, lane))
            found = replace(found, lane, binomial(rng, of(n, lane), program.share))
    return found


@once
def _assign_in_turn(
    program: Any,
    index: Word,
    paths: Wide,
    come: Wide,
    free: Wide,
    room_treated: Wide,
    room_control: Wide,
    seen: Wide,
    slots: Wide,
) -> tuple[Wide, Wide, Wide, Wide]:
    """One by one: a coin, or the next place of a permuted block, until treatment is full.

    A full arm sends a person to the other; a block's place is used up all the same, as on a
    list that was drawn beforehand. Whoever would be treated and finds no place ends the
    admission of the period and uses up no place in the block. `seen` people of the running
    block came before, `slots` of its treated are left. A whole block for which there is room
    needs no draw: how many of it are treated is certain. The paths take turns together, and
    each draws as many words of its stream as it needs.
    """
    blocked, block = program.method == Method.BLOCKED, float(program.block)
    block_treated, places = float(program.block_treated), free + NOBODY_LEFT
    new, others, come = each(0.0), each(0.0), floor(come)
    drawn, key = each_word(ZERO), program.assignment_key
    a, b, c, d = _four_words(key, index, paths, drawn)
    comes = new + others < come
    while anywhere(comes):
        draws, share = comes, each(program.share)
        if blocked:
            starts = comes & (seen == block)
            seen, slots = where(starts, 0.0, seen), where(starts, block_treated, slots)
            starts = comes & (seen == 0.0)
            if anywhere(starts):
                room = lesser(places, room_treated) - new
                whole = lesser((come - new - others) / block, room / block_treated)
                if block > block_treated:
                    whole = lesser(whole, (room_control - others) / (block - block_treated))
                whole = where(starts, floor(whole), 0.0)
                starts = whole > 0.0
                new += where(starts, whole * block_treated, 0.0)
                others += where(starts, whole * (block - block_treated), 0.0)
                seen = where(starts, block, seen)
                draws = draws & ~starts
        fresh = draws & (drawn > ZERO) & ((drawn & _THREE) == ZERO)
        if anywhere(fresh):
            e, f, g, h = _four_words(key, index, paths, drawn)
            a, b = pick(fresh, e, a), pick(fresh, f, b)
            c, d = pick(fresh, g, c), pick(fresh, h, d)
        odd, later = (drawn & ONE) > ZERO, (drawn & TWO) > ZERO
        number = wide_uniform(pick(later, pick(odd, d, c), pick(odd, b, a)))
        drawn += pick(draws, ONE, ZERO)
        hit = number * (block - seen) < slots if blocked else number < share
        treat = (hit | (others >= room_control)) & ~(new >= room_treated)
        full = draws & treat & (new + 1.0 > places)
        goes = draws & ~full
        seen += where(goes, 1.0, 0.0)
        slots -= where(goes & hit, 1.0, 0.0)
        new += where(goes & treat, 1.0, 0.0)
        others += where(goes & ~treat, 1.0, 0.0)
        comes = comes & ~full & (new + others < come)
    return new, others, seen, slots


@inner_apart
def _four_words(
    key: Word, index: Word, paths: Wide, first: Wide
) -> tuple[Wide, Wide, Wide, Wide]:
    """Four words of a stream, from a first one on that is the first of a block."""
    block = first >> ONE
    a, b = wide_block(key, block, index, paths)
    c, d = wide_block(key, block + ONE, index, paths)
    return a, b, c, d
