"""Whether a point under the hat is surely accepted or surely not, told without a branch.

The last test of a draw by rejection compares logarithms. Here they are good to 1e-5, so that the
draws of paths side by side can be tested at once; where the two sides are closer than a margin
nothing is said, and `pfs_sim.kernels.counts` decides. So no count hangs on what is rough here.

log(x / y) is 2 artanh((x - y) / (x + y)), from its series; log k! is Stirling's: (k + 1/2)
log(k + 1) - (k + 1) + log(2 pi) / 2, and two terms of its series in 1 / (k + 1).
"""

from __future__ import annotations

import numpy as np

from pfs_sim.kernels._jit import forced
from pfs_sim.kernels._wide import (
    bits,
    floor,
    greater,
    lesser,
    magnitude,
    of_bits,
    to_number,
    where,
)
from pfs_sim.tables.wide import Wide

MARGIN = 1e-4
FEW = 4.0
"""Of smaller counts nothing is said: Stirling's series is off by up to 5e-4."""
FAR = 0.3
"""Nor where artanh is asked for more than this: six terms of its series are too few."""

_LOG_TWO = 0.6931471805599453
_LOG_TWO_PI = 1.8378770664093453
_ROOT_TWO = 1.4142135623730951
_FRACTION = np.uint64(0xFFFFFFFFFFFFF)
_ONE_BITS = np.uint64(0x3FF0000000000000)
_EXPONENT = np.uint64(52)


@forced
def _twice_artanh(s: Wide) -> Wide:
    """2 artanh(s), of a small s."""
    z = s * s
    series = 2.0 / 7.0 + z * (2.0 / 9.0 + z * (2.0 / 11.0))
    return s * (2.0 + z * (2.0 / 3.0 + z * (2.0 / 5.0 + z * series)))


@forced
def _log(x: Wide) -> Wide:
    """The logarithm of a positive number."""
    words = bits(x)
    power = to_number(words >> _EXPONENT) - 1023.0
    part = of_bits((words & _FRACTION) | _ONE_BITS)
    large = part > _ROOT_TWO
    part = where(large, 0.5 * part, part)
    power = where(large, power + 1.0, power)
    return power * _LOG_TWO + _twice_artanh((part - 1.0) / (part + 1.0))


@forced
def _tail(x: Wide) -> Wide:
    """log k! less the leading terms of Stirling's formula, of x = 1 / (k + 1)."""
    return x * (1.0 / 12.0 - x * x * (1.0 / 360.0))


@forced
def gap_of_binomial(n: Wide, p: Wide, k: Wide, height: Wide) -> Wide:
    """log of P(k) / P(mode) less the log of a height: a draw is accepted where it is not negative.

    Zero where it is too close to zero to tell; n p is 10 at least.
    """
    m = floor((n + 1.0) * p)
    step, rest, rest_k = k - m, n - m + 1.0, n - k + 1.0
    here, there = (1.0 - p) * (m + 1.0), p * rest
    up, down = step / (k + m + 2.0), -step / (rest + rest_k)
    ratio = step * _twice_artanh((there - here) / (there + here))
    ratio -= (k + 0.5) * _twice_artanh(up) + (rest_k - 0.5) * _twice_artanh(down)
    low, high = (k + 1.0) * (m + 1.0), rest * rest_k
    share = 1.0 / (low * high)
    ratio += _tail((k + 1.0) * high * share) - _tail((m + 1.0) * high * share)
    ratio += _tail(low * rest_k * share) - _tail(low * rest * share)
    sure = (lesser(k, rest_k) >= FEW) & (greater(magnitude(up), magnitude(down)) <= FAR)
    return _beyond(ratio - _log(height), sure)


@forced
def gap_of_poisson(mean: Wide, k: Wide, height: Wide) -> Wide:
    """log of P(k) less the log of a height, as `gap_of_binomial`; the mean is 10 at least."""
    step = k + 1.0 - mean
    up = step / (k + 1.0 + mean)
    law = step - (k + 0.5) * _twice_artanh(up)
    law -= 0.5 * (_LOG_TWO_PI + _log(mean)) + _tail(1.0 / (k + 1.0))
    return _beyond(law - _log(height), (k >= FEW) & (magnitude(up) <= FAR))


@forced
def _beyond(gap: Wide, sure: Wide) -> Wide:
    """A gap, or zero where it is within the margin or nothing is sure."""
    return where(sure & (magnitude(gap) > MARGIN), gap, 0.0)
