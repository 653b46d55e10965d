"""Whether a point under the hat is surely accepted or surely not, told without a branch.

The last test of a draw by rejection compares logarithms. Here they are good to 1e-3, and far from
the mode to a hundredth of themselves, so that the draws of paths side by side can be tested at
once; where the two sides are closer than a margin nothing is said, and `pfs_sim.kernels.counts`
decides. So no count hangs on what is rough here.

log(x / y) is 2 artanh((x - y) / (x + y)), from its series; log k! is Stirling's: (k + 1/2)
log(k + 1) - (k + 1) + log(2 pi) / 2 + 1/12 / (k + 1). One division serves several quotients: it
takes as long as a dozen products.
"""

from __future__ import annotations

import numpy as np

from pfs_sim.kernels._jit import forced, once
from pfs_sim.kernels._wide import bits, floor, fused, greater, magnitude, of_bits, to_number, where
from pfs_sim.tables.wide import Wide

MARGIN = 1e-4
"""Stirling's series, and that of artanh, are off by less, but for:"""
FAR = 0.3
"""Where artanh is asked for more, six terms of its series are off by more."""
FAR_MARGIN, FAR_SHARE = 0.05, 0.1
"""What the sides must then differ by: so much, and a share of the logarithm."""

_TWELFTH = 1.0 / 12.0
_LOG_TWO = 0.6931471805599453
_LOG_TWO_PI = 1.8378770664093453
_FRACTION = np.uint64(0xFFFFFFFFFFFFF)
_ONE_BITS = np.uint64(0x3FF0000000000000)
_EXPONENT = np.uint64(52)


@forced
def _twice_artanh(s: Wide) -> Wide:
    """2 artanh(s), of a small s."""
    z = s * s
    series = fused(z, fused(z, 2.0 / 11.0, 2.0 / 9.0), 2.0 / 7.0)
    return s * fused(z, fused(z, fused(z, series, 2.0 / 5.0), 2.0 / 3.0), 2.0)


@forced
def _split(x: Wide) -> tuple[Wide, Wide]:
    """A positive number as a power of two, and what it is times that: at least 1, below 2."""
    words = bits(x)
    return to_number(words >> _EXPONENT), of_bits((words & _FRACTION) | _ONE_BITS)


@once
def gap_of_binomial(n: Wide, p: Wide, k: Wide, above: Wide, below: Wide) -> Wide:
    """log of P(k) / P(mode) less that of above / below: accepted where it is not negative.

    Zero where it is too close to zero to tell; n p is 10 at least.
    """
    m = floor((n + 1.0) * p)
    step, rest, rest_k = k - m, n - m + 1.0, n - k + 1.0
    here, there = (1.0 - p) * (m + 1.0), p * rest
    power, part = _split(above)
    power_below, part_below = _split(below)
    sum_k, sum_rest, low, high = k + m + 2.0, rest + rest_k, (k + 1.0) * (m + 1.0), rest * rest_k
    sums, products = sum_k * sum_rest, low * high
    odds, parts = there + here, part + part_below
    left, right = sums * odds, products * parts
    one = 1.0 / (left * right)
    by_left, by_right = one * right, one * left
    by_sums, share, by_parts = by_left * odds, by_right * parts, by_right * products
    up, down = step * sum_rest * by_sums, -step * sum_k * by_sums
    # The odds at the mode are nearly even, within a twentieth: two terms of the series serve.
    even = (there - here) * sums * by_left
    slope = fused(even, fused(even * even, 2.0 / 3.0, 2.0), _TWELFTH * (high - low) * share)
    ratio = step * slope - (k + 0.5) * _twice_artanh(up)
    ratio -= (rest_k - 0.5) * _twice_artanh(down)
    height = fused(power - power_below, _LOG_TWO, _twice_artanh((part - part_below) * by_parts))
    return _beyond(ratio - height, ratio, greater(magnitude(up), magnitude(down)))


@once
def gap_of_poisson(mean: Wide, k: Wide, above: Wide, below: Wide) -> Wide:
    """log of P(k) less that of above / below, as `gap_of_binomial`; the mean is 10 at least."""
    # The mean's own logarithm goes with that of the height, both twice.
    power, part = _split(above * above * mean)
    power_below, part_below = _split(below * below)
    step, total, parts, next_one = k + 1.0 - mean, k + 1.0 + mean, part + part_below, k + 1.0
    one = 1.0 / (total * parts * next_one)
    up = step * parts * next_one * one
    ratio = step - (k + 0.5) * _twice_artanh(up) - _TWELFTH * total * parts * one
    twice = _twice_artanh((part - part_below) * total * next_one * one)
    twice = fused(power - power_below, _LOG_TWO, twice)
    return _beyond(ratio - 0.5 * (_LOG_TWO_PI + twice), ratio, magnitude(up))


@forced
def _beyond(gap: Wide, ratio: Wide, s: Wide) -> Wide:
    """A gap, or zero where it is within the margin or nothing is sure."""
    margin = where(s <= FAR, MARGIN, FAR_MARGIN + FAR_SHARE * magnitude(ratio))
    return where(magnitude(gap) > margin, gap, 0.0)
