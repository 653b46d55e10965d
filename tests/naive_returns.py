"""Returns, slowly and exactly: the oracle of ``pfs_sim.kernels.returns``.

Flows are taken as the rational numbers that their doubles are. With one change of sign the root
is found by halving; with several, all roots are isolated by Descartes' rule in whole numbers
(Collins and Akritas 1976), which misses none, and then refined to fifty digits and more.
"""

from collections.abc import Iterator
from fractions import Fraction
from itertools import pairwise
from math import lcm
from typing import NamedTuple

import mpmath
import numpy as np

from pfs_sim.statuses import IrrStatus

DIGITS = 60
DEEPEST = 150
"""Halvings of an interval after which two roots in it count as one double root."""


class LogRates(NamedTuple):
    """All x = log(1 + r per period) at which flows are worth nothing; whether a root is double."""

    simple: list[mpmath.mpf]
    multiple: list[mpmath.mpf]


def irr(flows, periods_per_year):
    """Effective annual IRR in fifty digits, and its status, as model §10 has them."""
    flows = [float(flow) for flow in flows]
    if not any(flow < 0 for flow in flows):
        return mpmath.nan, IrrStatus.NOTHING_INVESTED
    if not any(flow > 0 for flow in flows):
        return mpmath.mpf(-1), IrrStatus.TOTAL_LOSS
    if sign_changes(flows) == 1:
        return annual(only_log_rate(flows), periods_per_year), IrrStatus.UNIQUE
    found = all_log_rates(flows)
    roots = [annual(x, periods_per_year) for x in found.simple + found.multiple]
    if not roots:
        return mpmath.nan, IrrStatus.NO_ROOT
    several = len(roots) > 1 or found.multiple
    return min(roots, key=abs), IrrStatus.SEVERAL if several else IrrStatus.SEVERAL_UNIQUE


def annual(x, periods_per_year):
    with mpmath.workdps(DIGITS):
        return mpmath.expm1(x * periods_per_year)


def sign_changes(numbers):
    signs = [number > 0 for number in numbers if number]
    return sum(a != b for a, b in pairwise(signs))


def present_value(flows, x):
    """Σ f[t]·exp(−x·t), and its slope in x."""
    v = mpmath.exp(-x)
    value, slope = polynomial(flows, v)
    return value, -v * slope


def only_log_rate(flows):
    """The root of flows that change sign once, by halving [−700, 700]."""
    with mpmath.workdps(DIGITS):
        low, high = mpmath.mpf(-700), mpmath.mpf(700)
        gains = next(flow for flow in flows if flow) < 0
        for _ in range(70):
            middle = (low + high) / 2
            if (present_value(flows, middle)[0] > 0) == gains:
                low = middle
            else:
                high = middle
        return certified(flows, (low + high) / 2)


def certified(flows, near):
    """The root next to ``near`` by Newton, proved by the change of sign 1e-40 to either side."""
    with mpmath.workdps(DIGITS):
        x = mpmath.mpf(near)
        assert abs(x) < 700, "no log rate"
        for _ in range(8):
            value, slope = present_value(flows, x)
            step = value / slope
            assert abs(step) < 1e-6 * (1 + abs(x)), "no root near"
            x -= step
            if abs(step) < mpmath.mpf(10) ** -25:
                break
        reach = mpmath.mpf(10) ** -40
        below, above = present_value(flows, x - reach)[0], present_value(flows, x + reach)[0]
        assert below * above < 0, "no change of sign"
        return x


def all_log_rates(flows):
    """Every root, whatever the number of changes of sign."""
    whole = as_whole_numbers(flows)
    found = LogRates([], [])
    if sum(whole) == 0:
        double = sum(t * c for t, c in enumerate(whole)) == 0
        (found.multiple if double else found.simple).append(mpmath.mpf(0))
    for sign, coefficients in ((1, whole), (-1, whole[::-1])):
        for low, high, single in isolated(coefficients):
            with mpmath.workdps(3 * DIGITS):
                x = -sign * mpmath.log(refined(coefficients, low, high, single))
            (found.simple if single else found.multiple).append(x)
    return found


def as_whole_numbers(flows):
    """The flows times their common denominator, without zeros before and after."""
    exact = [Fraction(flow) for flow in flows]
    while exact[0] == 0:
        exact.pop(0)
    while exact[-1] == 0:
        exact.pop()
    unit = lcm(*(number.denominator for number in exact))
    return [int(number * unit) for number in exact]


def isolated(coefficients) -> Iterator[tuple[Fraction, Fraction, bool]]:
    """Intervals in (0, 1), each with one root of Σ c[k]·v^k, or with a double one (False)."""
    waiting = [(coefficients, Fraction(0), Fraction(1), 0)]
    while waiting:
        c, low, width, depth = waiting.pop()
        changes = sign_changes(moved_by_one(c[::-1]))
        if changes == 0:
            continue
        if changes == 1 or depth == DEEPEST:
            yield low, low + width, changes == 1
            continue
        left = [number << (len(c) - 1 - k) for k, number in enumerate(c)]
        right = moved_by_one(left)
        if right[0] == 0:
            yield low + width / 2, low + width / 2, right[1] != 0
        waiting.append((left, low, width / 2, depth + 1))
        waiting.append((right, low + width / 2, width / 2, depth + 1))


def moved_by_one(coefficients):
    """The coefficients of p(v + 1)."""
    c = list(coefficients)
    for start in range(len(c) - 1):
        for k in range(len(c) - 2, start - 1, -1):
            c[k] += c[k + 1]
    return c


def refined(coefficients, low, high, single):
    """The root v in [low, high], by halving, then by Newton."""
    low, high = (
        mpmath.mpf(low.numerator) / low.denominator,
        mpmath.mpf(high.numerator) / (high.denominator),
    )
    if low == high or not single:
        return (low + high) / 2

    # An end may itself be a root found elsewhere; the sign is taken just inside.
    inside = (high - low) * mpmath.mpf(2) ** -300
    rises = polynomial(coefficients, high - inside)[0] > 0
    for _ in range(80):
        middle = (low + high) / 2
        if (polynomial(coefficients, middle)[0] > 0) == rises:
            high = middle
        else:
            low = middle
    v = (low + high) / 2
    for _ in range(3):
        value, slope = polynomial(coefficients, v)
        v -= value / slope
    return v


def polynomial(coefficients, v):
    """Σ c[k]·v^k, and its slope in v."""
    value, slope = mpmath.mpf(0), mpmath.mpf(0)
    for number in reversed(coefficients):
        slope = slope * v + value
        value = value * v + number
    return value, slope


def one_change_flows(rng):
    """Flows as deals and worse have them: 1 to 480 periods, recoveries of 1e-12 to 1e3."""
    n = int(np.exp(rng.uniform(np.log(2), np.log(481))))
    split = int(rng.integers(1, n))
    paid, came = np.zeros(split), np.zeros(n - split)
    for part in (paid, came):
        shape = rng.integers(4)
        if shape == 0:
            part[rng.integers(len(part))] = 1.0
        elif shape == 1:
            part[:] = 1.0
        elif shape == 2:
            part[:] = rng.lognormal(0.0, 2.0, len(part)) * (rng.random(len(part)) < 0.3)
        else:
            part[:] = np.exp(rng.uniform(-0.3, 0.3) * np.arange(len(part)))
        if not part.any():
            part[-1] = 1.0
        part /= part.sum()
    wide = rng.random() < 0.5
    recovery = 10.0 ** rng.uniform(-12.0, 3.0) if wide else rng.lognormal(0.1, 0.4)
    flows = np.concatenate([-paid, recovery * came]) * 10.0 ** rng.uniform(-6.0, 12.0)
    if rng.random() < 0.1:
        flows = -flows
    if rng.random() < 0.3:
        flows = np.concatenate([np.zeros(rng.integers(1, 30)), flows, np.zeros(rng.integers(30))])
    return flows[:480] if sign_changes(flows[:480]) == 1 else flows


def several_changes_flows(rng, longest=40):
    """Late draws after receipts, flows with chosen roots, and flows of any sign."""
    kind = rng.integers(4)
    if kind == 0:
        n = int(rng.integers(6, longest))
        draws = -rng.uniform(0.5, 1.5, n) * (rng.random(n) < 0.7) * (np.arange(n) < 0.6 * n)
        came = rng.lognormal(0.3, 0.5, n) * (rng.random(n) < 0.5) * (np.arange(n) > 0.3 * n)
        flows = draws + came
    elif kind == 1:
        flows = np.array([-1.0])
        for _ in range(rng.integers(2, 5)):
            flows = np.convolve(flows, [1.0, -np.exp(rng.normal(0.03, 0.15))])
        flows = np.convolve(flows, rng.uniform(0.0, 1.0, rng.integers(1, longest - 8)))
    elif kind == 2:
        n = int(rng.integers(4, longest))
        flows = rng.normal(0.0, 1.0, n) * np.exp(rng.uniform(-0.2, 0.2) * np.arange(n))
    else:
        n = int(rng.integers(4, longest))
        flows = rng.normal(0.1, 1.0, n) * (rng.random(n) < 0.4)
        flows[0], flows[-1] = -abs(flows[0]) - 0.1, -rng.uniform(0.0, 2.0)
    return flows * 10.0 ** rng.uniform(-6.0, 12.0)


def is_multiple(flows):
    """Whether some root is a double one."""
    return sign_changes(flows) > 1 and bool(all_log_rates(flows).multiple)


def error_of_one_change(flows, value, log_rate):
    """How far a monthly log rate, and the annual rate it stands for, lie from fifty digits.

    Absolute for rates up to 1000 %; relative to 1 + rate above, where doubles themselves lie
    farther apart than that. The log rate tells near-total losses apart, whose rates round to −1.
    """
    exact = certified(flows.tolist(), log_rate)
    off = float(abs(exact - log_rate) / (1 + abs(exact)))
    return max(off, _distance(value, annual(exact, 12.0)))


def error_of_several_changes(flows, value, status):
    """How far a rate of quarterly flows lies from the exact one; the statuses must be the same."""
    exact, said = irr(flows, 4.0)
    assert status == said
    if said == IrrStatus.NO_ROOT:
        return 0.0 if np.isnan(value) else np.inf
    return _distance(value, exact)


def _distance(value, exact):
    if value == np.inf:
        return 0.0 if exact > 1e307 else np.inf
    return float(abs(exact - value) / max(1, (1 + exact) / 11))
