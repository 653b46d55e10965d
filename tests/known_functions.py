"""Functions of uniforms or normals whose indices are known by hand, lived by pick-and-freeze."""

from __future__ import annotations

import math
from itertools import combinations

import numpy as np


class Game:
    """Pick-and-freeze over coordinates: first and second draws, one row a path."""

    def __init__(self, function, d, n, seed, normal=False):
        rng = np.random.default_rng(seed)
        draw = rng.standard_normal if normal else rng.random
        self.function, self.first, self.second = function, draw((n, d)), draw((n, d))

    def __call__(self, mask):
        kept = np.array([bool(mask >> i & 1) for i in range(self.first.shape[1])])
        return self.function(np.where(kept, self.first, self.second))[None, :]


def ishigami(u):
    """Ishigami and Homma 1990, a = 7, b = 0.1."""
    x = np.pi * (2.0 * u - 1.0)
    return np.sin(x[:, 0]) + 7.0 * np.sin(x[:, 1]) ** 2 + 0.1 * x[:, 2] ** 4 * np.sin(x[:, 0])


def ishigami_parts():
    """Variance of each set of coordinates of the Ishigami function."""
    a, b = 7.0, 0.1
    one = 0.5 * (1.0 + b * math.pi**4 / 5.0) ** 2
    both = b * b * math.pi**8 * (1.0 / 18.0 - 1.0 / 50.0)
    return {(0,): one, (1,): a * a / 8.0, (0, 2): both}


G = np.array([0.0, 0.5, 3.0, 9.0, 99.0])


def sobol_g(u):
    """Sobol's G function with the coefficients G."""
    return np.prod((np.abs(4.0 * u - 2.0) + G) / (1.0 + G), axis=1)


def sobol_g_parts():
    """Variance of each set: the product of the coordinates' own."""
    own = 1.0 / 3.0 / (1.0 + G) ** 2
    sets = [s for k in range(1, 6) for s in combinations(range(5), k)]
    return {s: float(np.prod(own[list(s)])) for s in sets}


def indices_of(parts, d):
    """First-order, total and Shapley shares from the variance of each set (Owen 2014)."""
    whole = sum(parts.values())
    first = [parts.get((i,), 0.0) / whole for i in range(d)]
    total = [sum(v for s, v in parts.items() if i in s) / whole for i in range(d)]
    shapley = [sum(v / len(s) for s, v in parts.items() if i in s) / whole for i in range(d)]
    return first, total, shapley


WEIGHTS = np.array([1.0, 2.0, 0.5, 0.0])


def linear(z):
    """A weighted sum of independent normals: shares are squared weights."""
    return z @ WEIGHTS


class Correlated:
    """A linear function of correlated normals, what is not kept drawn given what is."""

    def __init__(self, weights, covariance, n, seed):
        self.weights, self.cov = np.asarray(weights, float), np.asarray(covariance, float)
        rng = np.random.default_rng(seed)
        d = len(weights)
        self.first = rng.standard_normal((n, d)) @ np.linalg.cholesky(self.cov).T
        self.second = rng.standard_normal((n, d))

    def __call__(self, mask):
        d = len(self.weights)
        keep = [i for i in range(d) if mask >> i & 1]
        drop = [i for i in range(d) if not mask >> i & 1]
        x = self.first.copy()
        if drop:
            inner = self.cov[np.ix_(drop, drop)]
            mean = np.zeros((len(x), len(drop)))
            if keep:
                gain = self.cov[np.ix_(drop, keep)] @ np.linalg.inv(self.cov[np.ix_(keep, keep)])
                inner = inner - gain @ self.cov[np.ix_(keep, drop)]
                mean = x[:, keep] @ gain.T
            x[:, drop] = mean + self.second[:, drop] @ np.linalg.cholesky(inner).T
        return (x @ self.weights)[None, :]


def linear_gaussian_shapley(weights, covariance):
    """Shapley shares of a linear function of normals from Var E(Y | X_u), Owen and Prieur 2017."""
    b, cov = np.asarray(weights, float), np.asarray(covariance, float)
    d = len(b)

    def value(u):
        if not u:
            return 0.0
        u = list(u)
        loads = b @ cov[:, u]
        return float(loads @ np.linalg.solve(cov[np.ix_(u, u)], loads))

    shares = np.zeros(d)
    for i in range(d):
        rest = [j for j in range(d) if j != i]
        for k in range(d):
            weight = math.factorial(k) * math.factorial(d - k - 1) / math.factorial(d)
            for u in combinations(rest, k):
                shares[i] += weight * (value((*u, i)) - value(u))
    whole = value(range(d))
    total = [1.0 - value([j for j in range(d) if j != i]) / whole for i in range(d)]
    first = [value([i]) / whole for i in range(d)]
    return first, total, list(shares / whole)
