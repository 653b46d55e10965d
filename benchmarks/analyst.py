"""The yardstick deal as a competent analyst writes it in NumPy: arrays over paths, chunk by chunk,
a loop over quarters, numpy's own samplers, a vectorized Newton for the IRR."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from benchmarks.figures import Figures

F8 = npt.NDArray[np.float64]
CHUNK = 4096


def _expit(x: F8) -> F8:
    return 1.0 / (1.0 + np.exp(-x))


def live(f: Figures, paths: int, seed: int) -> F8:
    """[path, 7] in the order of `figures.LAW`."""
    rng = np.random.default_rng(seed)
    sizes = [min(CHUNK, paths - start) for start in range(0, paths, CHUNK)]
    return np.concatenate([_live_chunk(f, rng, n) for n in sizes])


def _live_chunk(f: Figures, rng: np.random.Generator, n: int) -> F8:
    theta = f.normal_mean + rng.standard_normal((n, 10)) @ f.normal_factor.T
    volume = rng.gamma(f.volume_shape, 1.0 / f.volume_shape, n)
    enrolled, active, people, sums = _people(f, rng, theta, volume)
    paid = _contract(f, people, sums)
    return np.column_stack([enrolled, paid.sum(0), *_capital(f, active, paid)])


def _people(
    f: Figures, rng: np.random.Generator, theta: F8, volume: F8
) -> tuple[F8, F8, F8, F8]:
    """Enrolled, active[t], completed[arm, t], sums[outcome, arm, t]."""
    n = volume.size
    odds = np.exp(theta[:, 8:9]) * f.odds
    leave = [odds * f.control_odds, odds]
    leave = [o / (1.0 + o) for o in leave]
    p = [
        [_expit(theta[:, 2 * k] + arm * theta[:, 2 * k + 1]) for arm in (0, 1)] for k in range(3)
    ]
    mean = [np.exp(theta[:, 6] + arm * theta[:, 7]) for arm in (0, 1)]
    consent, half = _expit(theta[:, 9]), f.target // 2
    total = np.zeros((2, n), np.int64)
    active = np.zeros((f.grid, n))
    people, sums = np.zeros((2, f.grid, n)), np.zeros((4, 2, f.grid, n))
    for t in range(f.window):
        come = rng.binomial(rng.poisson(f.referrals * volume), consent)
        come = np.minimum(np.minimum(come, f.intake), f.target - total.sum(0))
        treated = np.minimum(rng.binomial(come, 0.5), half - total[1])
        control = np.minimum(come - treated, half - total[0])
        treated = come - control
        total += np.stack([control, treated])
        here = [control, treated]
        for a in range(f.duration):
            active[t + a] += here[1]
            here = [here[arm] - rng.binomial(here[arm], leave[arm][:, a]) for arm in (0, 1)]
        done = t + f.duration
        for arm in (0, 1):
            people[arm, done] = here[arm]
            sums[0, arm, done] = rng.binomial(here[arm], p[0][arm])
            sums[1, arm, done] = rng.binomial(here[arm], p[1][arm])
            sums[2, arm, done] = rng.binomial(f.trials * here[arm], p[2][arm])
            shape = f.gamma_shape * here[arm]
            sums[3, arm, done] = rng.standard_gamma(shape) * mean[arm] / f.gamma_shape
    return total.sum(0), active, people, sums


def _contract(f: Figures, people: F8, sums: F8) -> F8:
    """paid[t]: cumulative terms with caps, at the evaluations."""
    n = people.shape[2]
    people, sums = people.cumsum(1), sums.cumsum(2)
    paid, claimed, all_paid = np.zeros((f.grid, n)), np.zeros((4, n)), np.zeros(n)
    for date in f.dates:
        n0, n1 = people[:, date]
        y = sums[:, :, date]
        with np.errstate(all="ignore"):
            means = np.where((n0 > 0) & (n1 > 0), y[:, 0] / n0 - y[:, 1] / n1, -1.0)
        effect = [-means[0], means[1], -means[2] / f.trials, means[3]]
        due = [
            np.where(effect[0] >= f.threshold, np.interp(effect[0], f.knots, f.amounts), 0.0),
            *(np.maximum(effect[k + 1], 0.0) * f.price[k] for k in range(3)),
        ]
        for k in range(4):
            claim = np.minimum(due[k] * n1, f.caps[k])
            new = np.clip(np.minimum(claim - claimed[k], f.cap - all_paid), 0.0, None)
            claimed[k] += new
            all_paid += new
            paid[date + f.lag] += new
    return paid


def _capital(f: Figures, active: F8, paid: F8) -> list[F8]:
    """IRRs of three tranches, loss of the senior one, guarantee paid."""
    n = paid.shape[1]
    balance, interest, used = np.zeros((3, n)), np.zeros((2, n)), np.zeros((3, n))
    share = f.commitment / f.commitment.sum()
    flows = np.zeros((3, f.grid, n))
    for t in range(f.grid):
        interest += balance[:2] * f.coupon[:, None]
        need = active[t] * f.client + (f.overhead if t <= f.last else 0.0)
        draw = np.minimum(need * share[:, None], f.commitment[:, None] - used)
        used += draw
        balance += draw
        cash = paid[t].copy()
        flows[:, t] = -draw
        for i in range(3):
            for owed in ([interest[i], balance[i]] if i < 2 else [balance[i]]):
                x = np.minimum(cash, owed)
                owed -= x
                cash -= x
                flows[i, t] += x
        flows[1, t] += f.rest * cash
    guarantee = f.guarantee * balance[0]
    flows[0, -1] += guarantee
    return [*(_irr(flows[i].T) for i in range(3)), balance[0] - guarantee, guarantee]


def _irr(flows: F8) -> F8:
    """Annual IRR of each row: Newton on the present value, bisection where that fails."""
    t = np.arange(flows.shape[1])
    invested, returned = -np.minimum(flows, 0).sum(1), np.maximum(flows, 0).sum(1)
    out = np.where(invested > 0, -1.0, np.nan)
    defined = np.flatnonzero((invested > 0) & (returned > 0))
    rate, live_rows = np.zeros(defined.size), np.arange(defined.size)
    for _ in range(50):
        if not live_rows.size:
            break
        g, r = flows[defined[live_rows]], rate[live_rows]
        discount = (1.0 + r)[:, None] ** -t
        value, slope = (g * discount).sum(1), -(g * t * discount).sum(1) / (1.0 + r)
        with np.errstate(all="ignore"):
            step = value / slope
        fine = np.isfinite(step) & (r - step > -0.9) & (r - step < 5.0)
        rate[live_rows] = np.where(fine, r - step, np.nan)
        live_rows = live_rows[fine & (np.abs(step) > 1e-10)]
    for row in np.flatnonzero(np.isnan(rate)):
        rate[row] = _bisect(flows[defined[row]], t)
    out[defined] = (1.0 + rate) ** 4 - 1.0
    return out


def _bisect(flow: F8, t: npt.NDArray[np.int64]) -> float:
    grid = np.linspace(-3.0, 3.0, 121)
    value = np.exp(-np.outer(grid, t)) @ flow
    change = np.flatnonzero(np.diff(np.sign(value)) != 0)
    if not change.size:
        return float("nan")
    k = change[np.argmin(np.abs(grid[change]))]
    low, high, sign = grid[k], grid[k + 1], np.sign(value[k])
    for _ in range(60):
        middle = (low + high) / 2.0
        same = np.sign((np.exp(-middle * t) * flow).sum()) == sign
        low, high = (middle, high) if same else (low, middle)
    return float(np.expm1((low + high) / 2.0))
