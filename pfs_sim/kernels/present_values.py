"""Present values of flows at a log rate x per period: as two sums of one sign, and exactly.

Scalars only, no allocation, no exception. ``scale`` is a power of two that brings the largest flow
to about one, so that nothing over- or underflows.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from pfs_sim.kernels._jit import apart, inner, lean

Floats = NDArray[np.float64]
Spans = tuple[int, int, int, int]
"""First and last receipt, first and last payment."""

_SPLITTER = 134217729.0
"""2^27 + 1, which splits a double into two halves (Dekker 1971)."""


@inner
def find_spans(flows: Floats, first: int, last: int) -> Spans:
    """First and last receipt, first and last payment; at least one of each lies in the flows."""
    in_first, out_first = last, last
    in_last, out_last = first, first
    for t in range(first, last + 1):
        if flows[t] > 0.0:
            in_first, in_last = min(in_first, t), t
        elif flows[t] < 0.0:
            out_first, out_last = min(out_first, t), t
    return in_first, in_last, out_first, out_last


@lean
def two_sums(
    flows: Floats, spans: Spans, scale: float, x: float
) -> tuple[float, float, float, float]:
    """For receipts, then for payments: log of the present value at x, and the mean time."""
    in_first, in_last, out_first, out_last = spans
    origin = min(in_first, out_first)
    in_log, in_time = _one_sum(flows, in_first, in_last, origin, scale, x)
    out_log, out_time = _one_sum(flows, out_first, out_last, origin, -scale, x)
    return in_log, in_time, out_log, out_time


@lean
def _one_sum(
    flows: Floats, first: int, last: int, origin: int, scale: float, x: float
) -> tuple[float, float]:
    """Log present value and mean time, from ``origin``, of the flows of the sign of ``scale``.

    Horner's scheme runs toward the end that weighs most, so that no power over- or underflows;
    that end's own power goes into the logarithm.
    """
    total, times = 0.0, 0.0
    if x >= 0.0:
        ratio = math.exp(-x)
        for t in range(last, first - 1, -1):
            times = times * ratio + total
            total = total * ratio + max(float(flows[t]) * scale, 0.0)
        heaviest = first - origin
        return math.log(total) - x * heaviest, heaviest + ratio * (times / total)
    ratio = math.exp(x)
    for t in range(first, last + 1):
        times = times * ratio + total
        total = total * ratio + max(float(flows[t]) * scale, 0.0)
    heaviest = last - origin
    return math.log(total) - x * heaviest, heaviest - ratio * (times / total)


@apart
def present_value(
    flows: Floats, spans: Spans, scale: float, v: float, forward: bool
) -> tuple[float, float, float]:
    """Σ f[t]·v^t from the first flow on, or from the last back; its slope in v; Σ |f[t]|·v^t.

    The value is that of twice the precision, rounded. Source: Graillat, Langlois, Louvet (2009),
    Algorithms for accurate, validated and fast polynomial evaluation, algorithm CompHorner.
    """
    first, last = min(spans[0], spans[2]), max(spans[1], spans[3])
    total, slope, size, correction = 0.0, 0.0, 0.0, 0.0
    for k in range(last - first + 1):
        flow = float(flows[last - k if forward else first + k]) * scale
        size = size * v + abs(flow)
        slope = slope * v + total
        product, product_error = _exact_product(total, v)
        total = product + flow
        part = total - product
        sum_error = (product - (total - part)) + (flow - part)
        correction = correction * v + (product_error + sum_error)
    return total + correction, slope, size


@lean
def _exact_product(a: float, b: float) -> tuple[float, float]:
    """a·b rounded, and what rounding took from it (Dekker 1971)."""
    product = a * b
    shifted = _SPLITTER * a
    a_high = shifted - (shifted - a)
    a_low = a - a_high
    shifted = _SPLITTER * b
    b_high = shifted - (shifted - b)
    b_low = b - b_high
    error = ((a_high * b_high - product) + a_high * b_low + a_low * b_high) + a_low * b_low
    return product, error


@inner
def effective_rate(x: float, periods_per_year: float) -> float:
    """Effective annual rate of a log rate per period; inf where it is no double."""
    year = x * periods_per_year
    return math.inf if year > 709.0 else math.expm1(year)
