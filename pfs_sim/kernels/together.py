"""Draws of paths side by side that are asked for together: few of them have to wait for another.

A draw by rejection takes the first point under the hat that is accepted. Of paths side by side
one in four or five needs a second look at its point, or another one, and all others would wait.
So it is written down instead. Once all draws have been asked for, those who wait are tried
again, a block of them at a time whoever they are of, until nobody waits. Each takes the points of
its own address, and so it is the count that `pfs_sim.kernels.abreast` draws at once.
"""

from __future__ import annotations

import numpy as np

from pfs_sim.kernels._jit import inner_apart, once
from pfs_sim.kernels._wide import anywhere, floor, holds_for, look_up, of, where
from pfs_sim.kernels.abreast import PIECE, draw_others, expect_part, try_point
from pfs_sim.kernels.counts import reject_binomial
from pfs_sim.kernels.random import ONE, Rng, Word, open_at, wide_block
from pfs_sim.tables.state import Draws
from pfs_sim.tables.wide import ABREAST, Wide

OF_A_DRAW = np.uint64(ABREAST.bit_length() - 1)
LANE = np.uint64(ABREAST - 1)
"""A place is that many bits for the path, and above them the draw."""


@once
def ask(
    draws: Draws,
    d: int,
    rng: Rng,
    key: Word,
    index: Word,
    piece: int,
    n: Wide,
    p: Wide,
    frozen: int,
    paths: Wide,
) -> None:
    """Let draws.found[d] be how many of n people have an event of probability p, once all settle.

    As `pfs_sim.kernels.abreast.draw_some` draws it.
    """
    part, whole = expect_part(n, p, frozen), floor(n)
    if frozen:
        draws.found[d] = part
        return
    p = where(whole > 0.0, p, 0.0)
    _ask_whole(draws, d, part, rng, key, index, np.uint64(piece) << PIECE, whole, p, paths)


@inner_apart
def _ask_whole(
    draws: Draws,
    d: int,
    so_far: Wide,
    rng: Rng,
    key: Word,
    index: Word,
    block: Word,
    n: Wide,
    p: Wide,
    paths: Wide,
) -> None:
    """Ask for what is added to `so_far`; the first point is tested here."""
    total, left = draw_others(so_far, rng, key, index, block, n, p, paths)
    asks = left > 0.0
    if anywhere(asks):
        first, second = wide_block(key, block, index, paths)
        count, sure = try_point(left, p, first, second)
        total += where(asks & (sure > 0.0), count, 0.0)
        draws.n[d], draws.p[d], draws.keys[d], draws.indices[d] = left, p, key, index
        let_wait(draws, d, block, asks & ~(sure > 0.0), sure < 0.0)
    draws.found[d] = total


@once
def let_wait(draws: Draws, d: int, block: Word, waits: Wide, rejected: Wide) -> None:
    """Write down which paths of a draw wait: for the next block, or for a better look at this."""
    waiting, first = draws.waiting[0], np.uint64(d) << OF_A_DRAW
    for lane in range(ABREAST):
        draws.all_places[waiting] = first + np.uint64(lane)
        draws.all_blocks[waiting] = block + np.uint64(holds_for(rejected, lane))
        waiting += holds_for(waits, lane)
    draws.waiting[0] = waiting


@inner_apart
def settle(draws: Draws, rng: Rng) -> None:
    """Draw for all who wait."""
    waiting = draws.waiting[0]
    while waiting > 0:
        left = 0
        for first in range(0, waiting, ABREAST):
            left = _try_again(draws, rng, first, min(ABREAST, waiting - first), left)
        waiting = left
    draws.waiting[0] = 0


@once
def _try_again(draws: Draws, rng: Rng, first: int, count: int, left: int) -> int:
    """Try some who wait, of whatever path; those who are rejected wait on, after `left` others."""
    place, low, high = find_words(draws, first)
    found, sure = try_point(look_up(draws.all_n, place), look_up(draws.all_p, place), low, high)
    found = where(sure > 0.0, found, 0.0)
    if anywhere(sure == 0.0):
        _draw_alone(draws, rng, first, count, sure)
    for lane in range(count):
        draws.all_found[draws.all_places[first + lane]] += of(found, lane)
        left = wait_on(draws, first + lane, left, of(sure, lane) < 0.0)
    return left


@once
def find_words(draws: Draws, first: int) -> tuple[Wide, Wide, Wide]:
    """The places of some who wait, and the two words of the block that each waits for."""
    place, block = draws.place[first // ABREAST], draws.block[first // ABREAST]
    key = look_up(draws.keys, place >> OF_A_DRAW)
    index = look_up(draws.indices, place >> OF_A_DRAW)
    low, high = wide_block(key, block, index, look_up(draws.all_paths, place & LANE))
    return place, low, high


@once
def wait_on(draws: Draws, i: int, left: int, rejected: bool) -> int:
    """Let who was rejected wait for the next block, after `left` others; how many wait then."""
    draws.all_places[left] = draws.all_places[i]
    draws.all_blocks[left] = draws.all_blocks[i] + ONE
    return left + rejected


@inner_apart
def _draw_alone(draws: Draws, rng: Rng, first: int, count: int, sure: Wide) -> None:
    """Draw by themselves those of whom nothing is certain without an exact logarithm."""
    for lane in range(count):
        if of(sure, lane) == 0.0:
            place = draws.all_places[first + lane]
            d, path = place >> OF_A_DRAW, draws.all_paths[place & LANE]
            open_at(rng, draws.keys[d], draws.indices[d], path, draws.all_blocks[first + lane])
            draws.all_found[place] += reject_binomial(rng, draws.all_n[place], draws.all_p[place])
