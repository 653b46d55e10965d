"""Counts of people and of arrivals: the binomial and the Poisson, drawn from their exact laws.

Small binomials compare bits with the digits of p, small means are inverted, and the rest is
drawn by rejection under a hat that costs the same at any size.

Sources: Kachitvichyanukul and Schmeiser (1988), Binomial random variate generation, CACM 31(2)
(inversion); Hormann (1993), The generation of binomial random variates, JSCS 46 (BTRS); Hormann
(1993), The transformed rejection method for generating Poisson random variables, Insurance:
Mathematics and Economics 12 (PTRS). Comparing digit by digit is von Neumann's coin (1951).
"""

from __future__ import annotations

import math

import numpy as np

from pfs_sim.kernels._jit import apart, inline, lean
from pfs_sim.kernels._popcount import popcount
from pfs_sim.kernels.random import ONE, ZERO, Floats, Rng, next_word, uniform

DIGIT_TRIALS = 63.0
"""Up to here a binomial compares random bits with the binary digits of p."""
COINS = 1024.0
"""Up to here fair coins are tossed one by one."""
INVERSION_MEAN = 10.0
"""Below this mean a Poisson, or a larger binomial, is drawn by inversion, else by rejection."""
INVERSION_END = 110.0
"""A count that no mean below 10 reaches: P(Poisson(10) >= 110) < 1e-70."""
TABLE_SIZE = 1024
TAIL_SIZE = 16

_SIXTY_THREE = np.uint64(63)
_SIXTY_FOUR = np.uint64(64)
_WORD_RANGE = 2.0**64
_LOG_TWO_PI = math.log(2.0 * math.pi)


def _log_factorials() -> Floats:
    return np.array([math.lgamma(k + 1.0) for k in range(TABLE_SIZE)])


def _small_tails() -> Floats:
    return np.array(
        [
            math.lgamma(k + 1.0) - (k + 0.5) * math.log(k + 1.0) + (k + 1.0) - 0.5 * _LOG_TWO_PI
            for k in range(TAIL_SIZE)
        ]
    )


LOG_FACTORIAL = _log_factorials()
STIRLING_TAIL = _small_tails()


@apart
def binomial(rng: Rng, n: float, p: float) -> float:
    """Draw how many of ``n`` people have an event of probability ``p``.

    ``n`` is a whole number up to 1e7 or so; ``p`` beyond [0, 1] by rounding counts as 0 or 1.
    """
    if not (n > 0.0 and p > 0.0):
        return 0.0 * n * p
    if p >= 1.0:
        return n * 1.0
    if n <= DIGIT_TRIALS:
        return _count_by_digits(rng, n, p)
    if p == 0.5 and n <= COINS:
        return _toss(rng, n)
    rare = min(p, 1.0 - p)
    if n * rare >= INVERSION_MEAN:
        return reject_binomial(rng, n, p)
    count = _invert_binomial(rng, n, rare)
    return count if p <= 0.5 else n - count


@lean
def reject_binomial(rng: Rng, n: float, p: float) -> float:
    """As :func:`binomial`, of any n where n p and n (1 - p) are 10 at least."""
    count = _reject_rare(rng, n, min(p, 1.0 - p))
    return count if p <= 0.5 else n - count


@inline
def _count_by_digits(rng: Rng, n: float, p: float) -> float:
    """Compare each trial's random bits with the binary digits of p, all trials at once.

    A trial succeeds if its uniform is below p. At each digit of p every undecided trial takes the
    next bit of the stream: a set bit means "differs from p here" and decides the trial, for
    success if the digit is 1. The bits come in order and none is thrown away, so a trial takes
    two on average. Four digits are compared between two looks at whether anyone is left, which
    costs less than a wrong guess by the processor and changes nothing: with nobody left, or no
    digit left, a step counts no one.
    """
    digits = np.uint64(p * _WORD_RANGE)
    undecided = np.uint64(n)
    successes = ZERO
    low = next_word(rng)
    high = next_word(rng)
    left = _SIXTY_FOUR + _SIXTY_FOUR
    while undecided > ZERO and digits > ZERO:
        for _ in range(4):
            if undecided > left:
                word = next_word(rng)
                low |= word << left
                high = (word >> ONE) >> (_SIXTY_THREE - left)
                left += _SIXTY_FOUR
            decided = popcount(low & ((ONE << undecided) - ONE))
            low = (low >> undecided) | ((high << ONE) << (_SIXTY_THREE - undecided))
            high >>= undecided
            left -= undecided
            successes += decided * (digits >> _SIXTY_THREE)
            undecided -= decided
            digits <<= ONE
    return float(np.int64(successes))


@lean
def _toss(rng: Rng, n: float) -> float:
    """Fair coins: a bit each."""
    heads = ZERO
    while n >= 64.0:
        heads += popcount(next_word(rng))
        n -= 64.0
    if n > 0.0:
        heads += popcount(next_word(rng) & ((ONE << np.uint64(n)) - ONE))
    return float(np.int64(heads))


@lean
def _invert_binomial(rng: Rng, n: float, p: float) -> float:
    odds = p / (1.0 - p)
    nobody = math.exp(n * math.log1p(-p))
    end = min(n, INVERSION_END)
    while True:
        left = uniform(rng)
        mass = nobody
        count = 0.0
        while left > mass and count < end:
            left -= mass
            count += 1.0
            mass *= (n - count + 1.0) * odds / count
        if left <= mass:
            return count


@lean
def _reject_rare(rng: Rng, n: float, p: float) -> float:
    """BTRS: a table-mountain hat over the binomial, for p <= 1/2 and n p >= 10."""
    spread = math.sqrt(n * p * (1.0 - p))
    b = 1.15 + 2.53 * spread
    a = -0.0873 + 0.0248 * b + 0.01 * p
    center = n * p + 0.5
    sure = 0.92 - 4.2 / b
    while True:
        u = uniform(rng) - 0.5
        v = uniform(rng)
        edge = 0.5 - abs(u)
        count = math.floor((2.0 * a / edge + b) * u + center) * 1.0
        if edge >= 0.07 and v <= sure:
            return count
        if count < 0.0 or count > n:
            continue
        height = v * (2.83 + 5.1 / b) * spread / (a / (edge * edge) + b)
        if math.log(height) <= _log_binomial_ratio(n, p, count):
            return count


@lean
def _log_binomial_ratio(n: float, p: float, k: float) -> float:
    """log of P(k) / P(mode), its large terms cancelled before they are computed."""
    m = float(math.floor((n + 1.0) * p))
    if n < TABLE_SIZE:
        row = LOG_FACTORIAL
        here = row[int(k)] + row[int(n - k)]
        top = row[int(m)] + row[int(n - m)]
        return float(top - here) + (k - m) * math.log(p / (1.0 - p))
    step = k - m
    rest = n - m + 1.0
    return (
        step * math.log(p * rest / ((1.0 - p) * (m + 1.0)))
        - (k + 0.5) * math.log1p(step / (m + 1.0))
        - (n - k + 0.5) * math.log1p(-step / rest)
        + (_stirling_tail(m) - _stirling_tail(k))
        + (_stirling_tail(n - m) - _stirling_tail(n - k))
    )


@inline
def _stirling_tail(k: float) -> float:
    """log k! less its leading terms (k + 1/2) log(k + 1) - (k + 1) + log(2 pi)/2."""
    if k < TAIL_SIZE:
        return float(STIRLING_TAIL[int(k)])
    x = 1.0 / (k + 1.0)
    y = x * x
    return x * (1.0 / 12.0 - y * (1.0 / 360.0 - y * (1.0 / 1260.0 - y / 1680.0)))


@apart
def poisson(rng: Rng, mean: float) -> float:
    """Draw a number of arrivals with the given mean."""
    if not mean > 0.0:
        return 0.0 * mean
    if mean < INVERSION_MEAN:
        return _invert_poisson(rng, mean)
    return _reject_poisson(rng, mean)


@lean
def _invert_poisson(rng: Rng, mean: float) -> float:
    nobody = math.exp(-mean)
    while True:
        left = uniform(rng)
        mass = nobody
        count = 0.0
        while left > mass and count < INVERSION_END:
            left -= mass
            count += 1.0
            mass *= mean / count
        if left <= mass:
            return count


@lean
def _reject_poisson(rng: Rng, mean: float) -> float:
    """PTRS: the same hat over the Poisson, for a mean of at least 10."""
    b = 0.931 + 2.53 * math.sqrt(mean)
    a = -0.059 + 0.02483 * b
    sure = 0.9277 - 3.6224 / (b - 2.0)
    while True:
        u = uniform(rng) - 0.5
        v = uniform(rng)
        edge = 0.5 - abs(u)
        count = float(np.floor((2.0 * a / edge + b) * u + mean + 0.43))
        if edge >= 0.07 and v <= sure:
            return count
        if count < 0.0 or (edge < 0.013 and v > edge):
            continue
        height = v * (1.1239 + 1.1328 / (b - 3.4)) / (a / (edge * edge) + b)
        if math.log(height) <= _log_poisson(mean, count):
            return count


@lean
def _log_poisson(mean: float, k: float) -> float:
    """log of P(k), its large terms cancelled before they are computed."""
    if k < TABLE_SIZE and mean < TABLE_SIZE:
        return k * math.log(mean) - mean - float(LOG_FACTORIAL[int(k)])
    step = k + 1.0 - mean
    return (
        step
        - (k + 0.5) * math.log1p(step / mean)
        - 0.5 * (_LOG_TWO_PI + math.log(mean))
        - _stirling_tail(k)
    )
