"""Exponentials and logarithms of paths side by side, in the operations of `_wide` alone.

A library takes one number at a time, or several and may then give a path other bits beside other
neighbors. These are some twenty operations for all paths, without a branch and without a table: a
path has the same bits anywhere, on any machine, with the compiler and without.

Method and coefficients: Sun Microsystems' fdlibm 5.3 (1993), e_exp.c and e_log.c; P. T. P. Tang
(1990), Table-driven implementation of the logarithm function, ACM TOMS 16(4). That the power of
two comes from adding a large number, and goes in by two factors, is ours. Errors are the largest
on two million numbers of each of a dozen ranges, against results with eleven more bits; an ulp is
the distance of neighboring doubles at the true value.
"""

from __future__ import annotations

import math

import numpy as np

from pfs_sim.kernels._jit import forced, inner_apart
from pfs_sim.kernels._wide import bits, greater, lesser, of_bits, to_number, where
from pfs_sim.tables.wide import Wide

_BITS_OF_E = 1.4426950408889634
"""log2 e."""
_TWO_LOG, _TWO_LOG_REST = 6.93147180369123816490e-01, 1.90821492927058770002e-10
"""log 2 in two parts; the first has 33 bits, so its product with a power of two is exact."""
_EXP = (1.66666666666666019037e-01, -2.77777777770155933842e-03, 6.61375632143793436117e-05,
        -1.65339022054652515390e-06, 4.13813679705723846039e-08)  # fmt: skip
_LOG = (6.666666666666735130e-01, 3.999999999940941908e-01, 2.857142874366239149e-01,
        2.222219843214978396e-01, 1.818357216161805012e-01, 1.531383769920937332e-01,
        1.479819860511658591e-01)  # fmt: skip
_FARTHEST = 800.0
"""The exponential of more is infinite, of less than minus this zero."""
_NOTHING_LEFT = -60.0
"""The exponential of less is nothing beside one."""
_WHOLE = 1.5 * 2.0**52
"""A number of this size has no fraction: adding it rounds, and leaves an integer in the low bits"""
_FROM_WHOLE = np.uint64(2 * 1023 - 0x4338000000000000 & 2**64 - 1)
"""Adding it to the bits of such a sum gives the integer and twice the bias of an exponent."""
_BIAS, _EXPONENT, _HALF = np.uint64(1023), np.uint64(52), np.uint64(1)
_MOST_BITS = 64.0
"""One and one over two to this power are the same."""
_FRACTION = np.uint64(0xFFFFFFFFFFFFF)
_ROOT_HALF = np.uint64(0x3FE6A09E667F3BCD)
_TO_ROOT = np.uint64(0x3FF0000000000000 - 0x3FE6A09E667F3BCD)
_SMALLEST, _UP, _RAISED = 2.2250738585072014e-308, 2.0**54, 54.0
"""Below the first a number has fewer bits: it is taken times the second, two to the third."""


@forced
def _reduce(x: Wide) -> tuple[Wide, Wide, Wide, Wide]:
    """e^x = 2^k · (1 + (part + rest)), with a part that is exact.

    Returns part, rest, k, and k as a whole number plus twice the bias of an exponent.
    """
    sum_ = x * _BITS_OF_E + _WHOLE
    k = sum_ - _WHOLE
    part, less = x - k * _TWO_LOG, k * _TWO_LOG_REST
    r = part - less
    z = r * r
    c = r - z * (_EXP[0] + z * (_EXP[1] + z * (_EXP[2] + z * (_EXP[3] + z * _EXP[4]))))
    return part, r * c / (2.0 - c) - less, k, bits(sum_) + _FROM_WHOLE


@forced
def _scale(y: Wide, power: Wide) -> Wide:
    """y · 2^k, of k as `_reduce` gives it, by two factors that are doubles where the product is not

    The first product is exact, so the second alone is rounded: to a subnormal number, zero or inf.
    """
    half = power >> _HALF
    return y * of_bits(half << _EXPONENT) * of_bits((power - half) << _EXPONENT)


@forced
def exponential(x: Wide) -> Wide:
    """e^x, within 0.9 ulp; inf beyond the largest double, 0 beyond the smallest; NaN of NaN."""
    part, rest, _, power = _reduce(lesser(greater(x, -_FARTHEST), _FARTHEST))
    return _scale(1.0 + (part + rest), power)


@forced
def growth_of(x: Wide) -> Wide:
    """e^x − 1, however small, within 1.2 ulp; −1 of −inf, inf beyond the largest double."""
    part, rest, k, power = _reduce(lesser(greater(x, _NOTHING_LEFT), _FARTHEST))
    inverse = of_bits(bits(_WHOLE + 1023.0 - lesser(k, _MOST_BITS)) << _EXPONENT)
    return _scale(((1.0 - inverse) + part) + rest, power)


@inner_apart
def logarithm(x: Wide) -> Wide:
    """The natural logarithm, within 0.9 ulp; −inf of 0, inf of inf, NaN of less and of NaN."""
    low = x < _SMALLEST
    words = bits(where(low, x * _UP, x)) + _TO_ROOT
    k = to_number(words >> _EXPONENT) - where(low, 1023.0 + _RAISED, 1023.0)
    f = of_bits((words & _FRACTION) + _ROOT_HALF) - 1.0
    s, square = f / (2.0 + f), 0.5 * f * f
    z = s * s
    w = z * z
    odd = z * (_LOG[0] + w * (_LOG[2] + w * (_LOG[4] + w * _LOG[6])))
    even = w * (_LOG[1] + w * (_LOG[3] + w * _LOG[5]))
    found = k * _TWO_LOG - ((square - (s * (square + (odd + even)) + k * _TWO_LOG_REST)) - f)
    odd = where(x == 0.0, -math.inf, math.nan)
    return where((x > 0.0) & (x < math.inf), found, where(x > 0.0, x, odd))
