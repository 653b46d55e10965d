"""Each sampler, as the kernels call it, against numpy's Generator and scipy.

One law with fixed parameters and a million draws: what a loop in a kernel pays for a draw, and
what an array call pays. Ours opens a new stream every 16 draws, about as a path does.
"""

from __future__ import annotations

from collections.abc import Callable

import numba
import numpy as np
import numpy.typing as npt
from scipy import stats

from benchmarks.clock import Timing, take_turns
from benchmarks.report import Comparison, Options
from pfs_sim.kernels.random import Rng, fill_uniforms, new_rng, open_stream, uniform
from pfs_sim.kernels.samplers import (
    beta,
    beta_binomial,
    binomial,
    exponential,
    gamma,
    negative_binomial,
    normal,
    poisson,
)

F8 = npt.NDArray[np.float64]
DRAWS = 200_000


def _loop(draw: Callable[[Rng], float]) -> Callable[[Rng, F8], None]:
    """A kernel that fills an array with draws."""
    # Without reference counts, as the kernels are compiled: see `pfs_sim.kernels._jit.lean`.
    one = numba.njit(_nrt=False, forceinline=True)(draw)

    @numba.njit(_nrt=False)
    def fill(rng, out):  # type: ignore[no-untyped-def]
        for i in range(out.size):
            if i % 16 == 0:
                open_stream(rng, 12345, i >> 4, 7)
            out[i] = one(rng)

    return fill


def laws() -> dict[str, tuple[object, object, object]]:
    """Name: our draw, numpy's array of n, scipy's array of n (None: it has none)."""

    def beta_binomial_of(g: np.random.Generator, n: int) -> F8:
        return g.binomial(40, g.beta(0.3 * 9, 0.7 * 9, n))

    return {
        "uniform": (
            lambda rng: uniform(rng),
            lambda g, n: g.random(n),
            lambda g, n: stats.uniform.rvs(size=n, random_state=g),
        ),
        "normal": (
            lambda rng: normal(rng),
            lambda g, n: g.standard_normal(n),
            lambda g, n: stats.norm.rvs(size=n, random_state=g),
        ),
        "exponential": (
            lambda rng: exponential(rng),
            lambda g, n: g.standard_exponential(n),
            lambda g, n: stats.expon.rvs(size=n, random_state=g),
        ),
        "gamma, shape 30": (
            lambda rng: gamma(rng, 30.0),
            lambda g, n: g.standard_gamma(30.0, n),
            lambda g, n: stats.gamma.rvs(30.0, size=n, random_state=g),
        ),
        "gamma, shape 0.4": (
            lambda rng: gamma(rng, 0.4),
            lambda g, n: g.standard_gamma(0.4, n),
            lambda g, n: stats.gamma.rvs(0.4, size=n, random_state=g),
        ),
        "beta 2, 5": (
            lambda rng: beta(rng, 2.0, 5.0),
            lambda g, n: g.beta(2.0, 5.0, n),
            lambda g, n: stats.beta.rvs(2.0, 5.0, size=n, random_state=g),
        ),
        "binomial 8, 0.3": (
            lambda rng: binomial(rng, 8.0, 0.3),
            lambda g, n: g.binomial(8, 0.3, n),
            lambda g, n: stats.binom.rvs(8, 0.3, size=n, random_state=g),
        ),
        "binomial 50, 0.4": (
            lambda rng: binomial(rng, 50.0, 0.4),
            lambda g, n: g.binomial(50, 0.4, n),
            lambda g, n: stats.binom.rvs(50, 0.4, size=n, random_state=g),
        ),
        "binomial 2,000, 0.4": (
            lambda rng: binomial(rng, 2000.0, 0.4),
            lambda g, n: g.binomial(2000, 0.4, n),
            lambda g, n: stats.binom.rvs(2000, 0.4, size=n, random_state=g),
        ),
        "Poisson 3": (
            lambda rng: poisson(rng, 3.0),
            lambda g, n: g.poisson(3.0, n),
            lambda g, n: stats.poisson.rvs(3.0, size=n, random_state=g),
        ),
        "Poisson 125": (
            lambda rng: poisson(rng, 125.0),
            lambda g, n: g.poisson(125.0, n),
            lambda g, n: stats.poisson.rvs(125.0, size=n, random_state=g),
        ),
        "negative binomial k 2, mean 9": (
            lambda rng: negative_binomial(rng, 2.0, 9.0),
            lambda g, n: g.negative_binomial(2.0, 2.0 / 11.0, n),
            lambda g, n: stats.nbinom.rvs(2.0, 2.0 / 11.0, size=n, random_state=g),
        ),
        "beta-binomial 40, 0.3, ICC 0.1": (
            lambda rng: beta_binomial(rng, 40.0, 0.3, 0.1),
            beta_binomial_of,
            lambda g, n: stats.betabinom.rvs(40, 2.7, 6.3, size=n, random_state=g),
        ),
    }


def compare(options: Options) -> Comparison:
    """ns a draw, ours, numpy's, scipy's, after a check that the means agree."""
    rng, out = new_rng(), np.empty(DRAWS)
    timings: list[Timing] = []
    notes = []
    chosen = list(laws().items())
    for name, (draw, by_numpy, by_scipy) in chosen[: 6 if options.quick else None]:
        fill, g = _loop(draw), np.random.default_rng(7)  # type: ignore[arg-type]
        fill(rng, out)
        theirs = np.asarray(by_numpy(g, DRAWS), float)  # type: ignore[operator]
        error = np.hypot(out.std(), theirs.std()) / np.sqrt(DRAWS)
        if abs(out.mean() - theirs.mean()) > 4.5 * error:
            notes.append(f"{name}: no time, the means differ: {out.mean()}, {theirs.mean()}")
            continue
        turns = take_turns(
            {
                f"{name}: pfs-sim": lambda fill=fill: fill(rng, out),
                f"{name}: numpy": lambda by=by_numpy, g=g: by(g, DRAWS),
                f"{name}: scipy": lambda by=by_scipy, g=g: by(g, DRAWS),
            },
            options.rounds,
            per=DRAWS / 1e9,
            unit="ns a draw",
        )
        for one in turns:
            one["ratio"] = one["cpu"] / turns[1]["cpu"]
        timings += turns
    keys, table = np.arange(1, 17, dtype=np.uint64), np.empty((16, DRAWS // 16))
    bulk = take_turns(
        {"path-level uniforms in bulk": lambda: fill_uniforms(keys, 0, table)},
        options.rounds, per=table.size / 1e9, unit="ns a draw",
    )  # fmt: skip
    notes.append(
        "numpy and scipy fill an array with one set of parameters, the easiest case there is; "
        "a kernel draws one at a time, by address, with parameters that change from draw to draw."
    )
    return Comparison("Samplers", timings + bulk, notes, {}, "CPU time over numpy's Generator")
