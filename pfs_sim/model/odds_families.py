"""Distributions of probabilities on the scale of their log odds (model §3)."""

from __future__ import annotations

from math import log, sqrt
from typing import Literal

import numpy as np

from pfs_sim.model.family import Family, Quantiles, optional, register, words
from pfs_sim.model.fitting import fit_line
from pfs_sim.model.laws import FloatArray


@register
class LogitNormal(Family):
    """Logit-normal, from 0 to 1: the log odds are normal with mean `mu` and sd `sigma`."""

    ways = (("mu", "sigma"), ("median", "sigma"), ("quantiles",))
    examples = (
        {"dist": "logit_normal", "mu": -0.4, "sigma": 0.5},
        {"dist": "logit_normal", "median": 0.3, "sigma": 0.4},
        {"dist": "logit_normal", "quantiles": {0.1: 0.2, 0.9: 0.5}},
    )
    closed = True
    dist: Literal["logit_normal"]
    mu: float = optional("Mean of the log odds.")
    median: float = optional("Median.", gt=0.0, lt=1.0)
    sigma: float = optional("Standard deviation of the log odds.", gt=0.0)
    quantiles: Quantiles = optional("Two quantiles, {0.1: …, 0.9: …}.")

    def solve(self) -> tuple[float, ...]:
        if self.has("sigma"):
            return (_log_odds(self.median) if self.has("median") else self.mu), self.sigma
        if not all(0.0 < x < 1.0 for x in self.quantiles.values()):
            found = words(self.quantiles)
            raise ValueError(
                f"found logit_normal with quantiles {found}; allowed: above 0 and below 1"
            )
        from pfs_sim.special import ndtri

        return fit_line({u: _log_odds(x) for u, x in self.quantiles.items()}, ndtri)

    def ppf(self, u: FloatArray) -> FloatArray:
        from pfs_sim.special import ndtri

        return self.of_normal(ndtri(u))

    def of_normal(self, z: FloatArray) -> FloatArray:
        mu, sigma = self.parameters
        with np.errstate(over="ignore"):  # of odds that leave nothing
            return np.asarray(1.0 / (1.0 + np.exp(-mu - sigma * z)))

    def isf(self, q: FloatArray) -> FloatArray:
        from pfs_sim.special import expit, ndtri

        mu, sigma = self.parameters
        return np.asarray(expit(mu - sigma * ndtri(q)))

    def cdf(self, x: FloatArray) -> FloatArray:
        from pfs_sim.special import logit, ndtr

        mu, sigma = self.parameters
        return np.asarray(ndtr((logit(np.clip(x, 0.0, 1.0)) - mu) / sigma))

    def support(self) -> tuple[float, float]:
        return 0.0, 1.0

    def moments(self) -> tuple[float, float]:
        from pfs_sim.special import expit

        mu, sigma = self.parameters
        # There is no closed form. The trapezoidal rule converges like exp(-2π·d/h) for the
        # distance d = π/sigma of the poles of expit (Trefethen & Weideman 2014).
        step = min(0.05, 0.4 / sigma)
        z = np.arange(-12.0, 12.0 + step / 2.0, step)
        weight = np.exp(-0.5 * z * z)
        weight /= weight.sum()
        p = expit(mu + sigma * z)
        mean = float(weight @ p)
        return mean, sqrt(float(weight @ (p - mean) ** 2))


def _log_odds(p: float) -> float:
    return log(p / (1.0 - p))
