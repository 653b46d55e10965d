"""The textbook families of distributions, one class each (model §3)."""

from __future__ import annotations

from math import exp, log, sqrt
from typing import Literal

import numpy as np
from pydantic import Field

from pfs_sim.model.family import Family, Quantiles, optional, register, words
from pfs_sim.model.fitting import fit_beta, fit_gamma, fit_line
from pfs_sim.model.laws import FloatArray

_MEAN, _SD, _QUANTILES = "Mean.", "Standard deviation.", "Two quantiles, {0.1: …, 0.9: …}."


@register
class Normal(Family):
    """Normal distribution."""

    ways = (("mean", "sd"), ("quantiles",))
    examples = (
        {"dist": "normal", "mean": 0.5, "sd": 0.1},
        {"dist": "normal", "quantiles": {0.1: 0.2, 0.9: 0.7}},
    )
    closed = True
    dist: Literal["normal"]
    mean: float = optional(_MEAN)
    sd: float = optional(_SD, gt=0.0)
    quantiles: Quantiles = optional(_QUANTILES)

    def solve(self) -> tuple[float, ...]:
        if self.has("mean"):
            return self.mean, self.sd
        from pfs_sim.special import ndtri

        return fit_line(self.quantiles, ndtri)

    def ppf(self, u: FloatArray) -> FloatArray:
        from pfs_sim.special import ndtri

        return self.of_normal(ndtri(u))

    def of_normal(self, z: FloatArray) -> FloatArray:
        mean, sd = self.parameters
        return np.asarray(mean + sd * z)

    def isf(self, q: FloatArray) -> FloatArray:
        return 2.0 * self.parameters[0] - self.ppf(q)

    def cdf(self, x: FloatArray) -> FloatArray:
        from pfs_sim.special import ndtr

        mean, sd = self.parameters
        return np.asarray(ndtr((x - mean) / sd))

    def support(self) -> tuple[float, float]:
        return -np.inf, np.inf

    def moments(self) -> tuple[float, float]:
        return self.parameters[0], self.parameters[1]


@register
class Lognormal(Family):
    """Lognormal: the logarithm is normal with mean `mu` and sd `sigma`; exp(mu) is the median."""

    ways = (("mean", "sd"), ("median", "sigma"), ("mu", "sigma"), ("quantiles",))
    examples = (
        {"dist": "lognormal", "mean": 3.0, "sd": 1.0},
        {"dist": "lognormal", "median": 2.0, "sigma": 0.4},
        {"dist": "lognormal", "mu": 0.1, "sigma": 0.4},
        {"dist": "lognormal", "quantiles": {0.1: 0.8, 0.9: 1.5}},
    )
    closed = True
    dist: Literal["lognormal"]
    mean: float = optional(_MEAN, gt=0.0)
    sd: float = optional(_SD, gt=0.0)
    median: float = optional("Median.", gt=0.0)
    mu: float = optional("Mean of the logarithm.")
    sigma: float = optional("Standard deviation of the logarithm.", gt=0.0)
    quantiles: Quantiles = optional(_QUANTILES)

    def solve(self) -> tuple[float, ...]:
        if self.has("mean"):
            variance = np.log1p((self.sd / self.mean) ** 2)
            return log(self.mean) - variance / 2.0, sqrt(variance)
        if self.has("sigma"):
            return (log(self.median) if self.has("median") else self.mu), self.sigma
        _require_positive("lognormal", self.quantiles)
        from pfs_sim.special import ndtri

        return fit_line({u: log(x) for u, x in self.quantiles.items()}, ndtri)

    def ppf(self, u: FloatArray) -> FloatArray:
        from pfs_sim.special import ndtri

        return self.of_normal(ndtri(u))

    def of_normal(self, z: FloatArray) -> FloatArray:
        mu, sigma = self.parameters
        return np.asarray(np.exp(mu + sigma * z))

    def isf(self, q: FloatArray) -> FloatArray:
        from pfs_sim.special import ndtri

        mu, sigma = self.parameters
        return np.asarray(np.exp(mu - sigma * ndtri(q)))

    def cdf(self, x: FloatArray) -> FloatArray:
        from pfs_sim.special import ndtr

        mu, sigma = self.parameters
        with np.errstate(divide="ignore"):
            return np.asarray(ndtr((np.log(np.maximum(x, 0.0)) - mu) / sigma))

    def support(self) -> tuple[float, float]:
        return 0.0, np.inf

    def moments(self) -> tuple[float, float]:
        mu, sigma = self.parameters
        mean = exp(mu + sigma**2 / 2.0)
        return mean, mean * sqrt(np.expm1(sigma**2))


class _BetaShaped(Family):
    """low + (high - low) · beta(alpha, beta): what the beta and PERT distributions share."""

    def shape_parameters(self) -> tuple[float, float, float, float]:
        """Alpha, beta, low, high."""
        alpha, beta = self.parameters
        return alpha, beta, 0.0, 1.0

    def ppf(self, u: FloatArray) -> FloatArray:
        from pfs_sim.special import betaincinv

        alpha, beta, low, high = self.shape_parameters()
        # scipy gives NaN where u is below 1e-100 or so.
        return np.asarray(low + (high - low) * np.nan_to_num(betaincinv(alpha, beta, u)))

    def isf(self, q: FloatArray) -> FloatArray:
        from pfs_sim.special import betaincinv

        alpha, beta, low, high = self.shape_parameters()
        return np.asarray(high - (high - low) * np.nan_to_num(betaincinv(beta, alpha, q)))

    def cdf(self, x: FloatArray) -> FloatArray:
        from pfs_sim.special import betainc

        alpha, beta, low, high = self.shape_parameters()
        return np.asarray(betainc(alpha, beta, np.clip((x - low) / (high - low), 0.0, 1.0)))

    def support(self) -> tuple[float, float]:
        return self.shape_parameters()[2:]

    def moments(self) -> tuple[float, float]:
        alpha, beta, low, high = self.shape_parameters()
        total = alpha + beta
        spread = sqrt(alpha * beta / (total + 1.0)) / total
        return low + (high - low) * alpha / total, (high - low) * spread


@register
class Beta(_BetaShaped):
    """Beta distribution, from 0 to 1."""

    ways = (("alpha", "beta"), ("mean", "sd"), ("quantiles",))
    examples = (
        {"dist": "beta", "alpha": 2.0, "beta": 5.0},
        {"dist": "beta", "mean": 0.3, "sd": 0.1},
        {"dist": "beta", "quantiles": {0.1: 0.2, 0.9: 0.5}},
    )
    dist: Literal["beta"]
    alpha: float = optional("Shape toward 1.", gt=0.0)
    beta: float = optional("Shape toward 0.", gt=0.0)
    mean: float = optional(_MEAN, gt=0.0, lt=1.0)
    sd: float = optional(_SD, gt=0.0)
    quantiles: Quantiles = optional(_QUANTILES)

    def solve(self) -> tuple[float, ...]:
        if self.has("alpha"):
            return self.alpha, self.beta
        if self.has("mean"):
            widest = sqrt(self.mean * (1.0 - self.mean))
            if self.sd >= widest:
                raise ValueError(
                    f"found mean {self.mean:g}, sd {self.sd:g}; allowed: sd below {widest:.6g}, "
                    "the root of mean (1 - mean)"
                )
            size = (widest / self.sd) ** 2 - 1.0
            return self.mean * size, (1.0 - self.mean) * size
        if not all(0.0 < x < 1.0 for x in self.quantiles.values()):
            found = words(self.quantiles)
            raise ValueError(f"found beta with quantiles {found}; allowed: above 0 and below 1")
        return fit_beta(self.quantiles)


@register
class Pert(_BetaShaped):
    """PERT: a beta from low to high around its mode, narrower with a larger `shape`.

    alpha = 1 + shape (mode - low)/(high - low), beta = 1 + shape (high - mode)/(high - low)
    (Vose 2008, Risk Analysis, modified PERT; shape 4 is the classic one).
    """

    examples = (
        {"dist": "pert", "low": 1.0, "mode": 2.0, "high": 5.0},
        {"dist": "pert", "low": 1.0, "mode": 2.0, "high": 5.0, "shape": 2.0},
    )
    dist: Literal["pert"]
    low: float = Field(description="Lowest value.")
    mode: float = Field(description="Likeliest value.")
    high: float = Field(description="Highest value.")
    shape: float = Field(4.0, gt=0.0, description="Weight of the mode.")

    def solve(self) -> tuple[float, ...]:
        _require_mode(self.low, self.mode, self.high)
        width = self.high - self.low
        return (
            1.0 + self.shape * (self.mode - self.low) / width,
            1.0 + self.shape * (self.high - self.mode) / width,
        )

    def shape_parameters(self) -> tuple[float, float, float, float]:
        return self.parameters[0], self.parameters[1], self.low, self.high


@register
class Gamma(Family):
    """Gamma distribution: mean is shape · scale."""

    ways = (("shape", "scale"), ("mean", "sd"), ("quantiles",))
    examples = (
        {"dist": "gamma", "shape": 2.0, "scale": 1.5},
        {"dist": "gamma", "mean": 3.0, "sd": 2.0},
        {"dist": "gamma", "quantiles": {0.1: 1.0, 0.9: 4.0}},
    )
    dist: Literal["gamma"]
    shape: float = optional("Shape.", gt=0.0)
    scale: float = optional("Scale.", gt=0.0)
    mean: float = optional(_MEAN, gt=0.0)
    sd: float = optional(_SD, gt=0.0)
    quantiles: Quantiles = optional(_QUANTILES)

    def solve(self) -> tuple[float, ...]:
        if self.has("shape"):
            return self.shape, self.scale
        if self.has("mean"):
            return (self.mean / self.sd) ** 2, self.sd**2 / self.mean
        _require_positive("gamma", self.quantiles)
        return fit_gamma(self.quantiles)

    def ppf(self, u: FloatArray) -> FloatArray:
        from pfs_sim.special import gammaincinv

        shape, scale = self.parameters
        return np.asarray(scale * gammaincinv(shape, u))

    def isf(self, q: FloatArray) -> FloatArray:
        from pfs_sim.special import gammainccinv

        shape, scale = self.parameters
        return np.asarray(scale * gammainccinv(shape, q))

    def cdf(self, x: FloatArray) -> FloatArray:
        from pfs_sim.special import gammainc

        shape, scale = self.parameters
        return np.asarray(gammainc(shape, np.maximum(x, 0.0) / scale))

    def support(self) -> tuple[float, float]:
        return 0.0, np.inf

    def moments(self) -> tuple[float, float]:
        shape, scale = self.parameters
        return shape * scale, sqrt(shape) * scale


@register
class Uniform(Family):
    """Every value from low to high equally likely."""

    ways = (("low", "high"), ("mean", "sd"), ("quantiles",))
    examples = (
        {"dist": "uniform", "low": 1.0, "high": 3.0},
        {"dist": "uniform", "mean": 2.0, "sd": 0.5},
        {"dist": "uniform", "quantiles": {0.1: 1.0, 0.6: 2.0}},
    )
    closed = True
    dist: Literal["uniform"]
    low: float = optional("Lowest value.")
    high: float = optional("Highest value.")
    mean: float = optional(_MEAN)
    sd: float = optional(_SD, gt=0.0)
    quantiles: Quantiles = optional(_QUANTILES)

    def solve(self) -> tuple[float, ...]:
        if self.has("mean"):
            half = sqrt(3.0) * self.sd
            return self.mean - half, self.mean + half
        if self.has("quantiles"):
            low, width = fit_line(self.quantiles, float)
            return low, low + width
        if not self.low < self.high:
            raise ValueError(f"found low {self.low:g}, high {self.high:g}; allowed: low below high")
        return self.low, self.high

    def ppf(self, u: FloatArray) -> FloatArray:
        low, high = self.parameters
        return low + (high - low) * u

    def isf(self, q: FloatArray) -> FloatArray:
        low, high = self.parameters
        return high - (high - low) * q

    def cdf(self, x: FloatArray) -> FloatArray:
        low, high = self.parameters
        return np.asarray(np.clip((x - low) / (high - low), 0.0, 1.0))

    def support(self) -> tuple[float, float]:
        return self.parameters[0], self.parameters[1]

    def moments(self) -> tuple[float, float]:
        low, high = self.parameters
        return (low + high) / 2.0, (high - low) / sqrt(12.0)


@register
class Triangular(Family):
    """Density rising straight from low to mode and falling straight to high."""

    examples = ({"dist": "triangular", "low": 1.0, "mode": 2.0, "high": 5.0},)
    closed = True
    dist: Literal["triangular"]
    low: float = Field(description="Lowest value.")
    mode: float = Field(description="Likeliest value.")
    high: float = Field(description="Highest value.")

    def solve(self) -> tuple[float, ...]:
        _require_mode(self.low, self.mode, self.high)
        return self.low, self.mode, self.high

    def ppf(self, u: FloatArray) -> FloatArray:
        low, mode, high = self.parameters
        rising = low + np.sqrt(u * (high - low) * (mode - low))
        falling = high - np.sqrt((1.0 - u) * (high - low) * (high - mode))
        return np.where(u * (high - low) < mode - low, rising, falling)

    def isf(self, q: FloatArray) -> FloatArray:
        low, mode, high = self.parameters
        rising = low + np.sqrt((1.0 - q) * (high - low) * (mode - low))
        falling = high - np.sqrt(q * (high - low) * (high - mode))
        return np.where(q * (high - low) > high - mode, rising, falling)

    def cdf(self, x: FloatArray) -> FloatArray:
        low, mode, high = self.parameters
        x = np.clip(x, low, high)
        with np.errstate(divide="ignore", invalid="ignore"):
            rising = (x - low) ** 2 / ((high - low) * (mode - low))
            falling = 1.0 - (high - x) ** 2 / ((high - low) * (high - mode))
        return np.where(x < mode, rising, np.where(x >= high, 1.0, falling))

    def support(self) -> tuple[float, float]:
        return self.low, self.high

    def moments(self) -> tuple[float, float]:
        low, mode, high = self.parameters
        squares = (mode - low) ** 2 + (high - mode) ** 2 + (high - low) ** 2
        return (low + mode + high) / 3.0, sqrt(squares / 36.0)


@register
class StudentT(Family):
    """Student t: location + scale · t with `df` degrees of freedom."""

    ways = (("df", "location", "scale"), ("df", "mean", "sd"), ("df", "quantiles"))
    examples = (
        {"dist": "student_t", "df": 5.0, "location": 0.3, "scale": 0.2},
        {"dist": "student_t", "df": 6.0, "mean": 0.3, "sd": 0.2},
        {"dist": "student_t", "df": 5.0, "quantiles": {0.1: -0.2, 0.9: 0.7}},
    )
    dist: Literal["student_t"]
    df: float = optional("Degrees of freedom; the mean exists above 1, the sd above 2.", gt=0.0)
    location: float = optional("Center.")
    scale: float = optional("Scale; the sd is larger.", gt=0.0)
    mean: float = optional(_MEAN)
    sd: float = optional(_SD, gt=0.0)
    quantiles: Quantiles = optional(_QUANTILES)

    def solve(self) -> tuple[float, ...]:
        if self.has("quantiles"):
            from pfs_sim.special import stdtrit

            return fit_line(self.quantiles, lambda u: float(stdtrit(self.df, u)))
        if self.has("location"):
            return self.location, self.scale
        if self.df <= 2.0:
            raise ValueError(
                f"found df {self.df:g} with mean and sd; allowed: df above 2 (no sd exists), "
                "or location and scale"
            )
        return self.mean, self.sd * sqrt((self.df - 2.0) / self.df)

    def ppf(self, u: FloatArray) -> FloatArray:
        from pfs_sim.special import stdtrit

        location, scale = self.parameters
        return np.asarray(location + scale * stdtrit(self.df, u))

    def isf(self, q: FloatArray) -> FloatArray:
        return 2.0 * self.parameters[0] - self.ppf(q)

    def cdf(self, x: FloatArray) -> FloatArray:
        from pfs_sim.special import stdtr

        location, scale = self.parameters
        return np.asarray(stdtr(self.df, (x - location) / scale))

    def support(self) -> tuple[float, float]:
        return -np.inf, np.inf

    def moments(self) -> tuple[float, float]:
        location, scale = self.parameters
        mean = location if self.df > 1.0 else np.nan
        return mean, scale * sqrt(self.df / (self.df - 2.0)) if self.df > 2.0 else np.inf


def _require_positive(kind: str, quantiles: dict[float, float]) -> None:
    if min(quantiles.values()) <= 0.0:
        raise ValueError(f"found {kind} with quantiles {words(quantiles)}; allowed: above 0")


def _require_mode(low: float, mode: float, high: float) -> None:
    if not (low <= mode <= high and low < high):
        raise ValueError(
            f"found low {low:g}, mode {mode:g}, high {high:g}; "
            "allowed: low below high, the mode between them"
        )
