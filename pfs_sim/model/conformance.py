"""Checks that every family of distributions must pass, those of other packages included."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from pfs_sim.model.family import Family
from pfs_sim.model.laws import FloatArray, integrate
from pfs_sim.model.quantities import Quantity


def conformance(family: type[Family], example: Mapping[str, Any]) -> list[str]:
    """What is wrong with the family, tried on one example of its YAML; empty if nothing is.

    The quantile function never falls, stays inside the support, inverts the cdf, gives each
    element by itself; mean and sd are its integrals; the dump reads to the same quantity; the
    mean, sd and quantiles given are those of the result.
    """
    quantity = Quantity(family.model_validate(example))
    wrong = [*_quantile_function(quantity), *_moments(quantity)]
    again = Quantity(family.model_validate(quantity.family.plain()))
    u = np.linspace(0.01, 0.99, 99)
    if again != quantity or not np.array_equal(again.ppf(u), quantity.ppf(u)):
        wrong.append(f"{quantity.plain()} does not read to the same quantity")
    plain = not {"truncate", "discount", "spike"} & set(example)
    for name, found in (("mean", quantity.mean()), ("sd", quantity.sd())):
        if plain and name in example and not np.isclose(found, example[name], rtol=1e-9, atol=0):
            wrong.append(f"{name} {example[name]} was given, {found} is the result")
    for level, value in example.get("quantiles", {}).items() if plain else ():
        found = float(quantity.ppf(np.array([float(level)]))[0])
        if not np.isclose(found, value, rtol=1e-9, atol=1e-12):
            wrong.append(f"quantile {level}: {value} was given, {found} is the result")
    return [f"{family.kind()}: {text}" for text in wrong]


def _quantile_function(quantity: Quantity) -> list[str]:
    tails = np.geomspace(1e-15, 1e-3, 100)
    u = np.concatenate([tails, np.linspace(0.0011, 0.9989, 3001), (1.0 - tails)[::-1]])
    x = quantity.ppf(u)
    low, high = quantity.bounds()
    wrong = []
    if x.shape != u.shape or not np.isfinite(x).all():
        wrong.append("ppf does not give a finite value for each u")
    if (np.diff(x) < -1e-12 * np.maximum(np.abs(x[1:]), quantity.sd() / 1e3)).any():
        wrong.append("ppf falls somewhere")
    if x.min() < low or x.max() > high:
        wrong.append(f"ppf leaves the support {low} to {high}")
    if not np.array_equal(quantity.ppf(u[::7].copy()), x[::7]):
        wrong.append("ppf of an element depends on the other elements")
    if (quantity.cdf(x) < u - 1e-9).any():
        wrong.append("P(X <= ppf(u)) is less than u")
    step = 1e-9 * np.maximum(np.abs(x), quantity.sd())
    if (quantity.cdf(x - step) > u + 1e-9).any():
        wrong.append("ppf(u) is not the smallest x with P(X <= x) >= u")
    return wrong


def _moments(quantity: Quantity) -> list[str]:
    """The moments again as integrals of ppf over u, up to 1e-15 from the upper end."""
    mean, sd = quantity.mean(), quantity.sd()
    edges = np.concatenate([np.linspace(0.0, 20.0, 11), np.linspace(22.0, 34.0, 7)])

    def moment(center: float, order: int) -> float:
        def lower(t: FloatArray) -> FloatArray:
            q = 0.5 * np.exp(-t)
            return np.asarray(q * (quantity.ppf(q) - center) ** order)

        def upper(t: FloatArray) -> FloatArray:
            q = 0.5 * np.exp(-t)
            return np.asarray(q * (quantity.ppf(1.0 - q) - center) ** order)

        return integrate(lower, edges, 1e-8) + integrate(upper, edges, 1e-8)

    wrong = []
    size = sd if 0.0 < sd < np.inf else max(abs(mean), 1e-300)
    if not abs(moment(0.0, 1) - mean) <= 1e-6 * (size + abs(mean)):
        wrong.append(f"mean {mean} is not the integral {moment(0.0, 1)} of ppf")
    if np.isfinite(sd) and not abs(moment(mean, 2) - sd**2) <= 1e-4 * size**2:
        wrong.append(f"variance {sd**2} is not the integral {moment(mean, 2)}")
    return wrong
