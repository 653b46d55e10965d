"""The yardstick deal as a textbook does it in Numba: one path at a time, `np.random` samplers."""

from __future__ import annotations

import math

import numba
import numpy as np
import numpy.typing as npt

from benchmarks.figures import Figures

F8 = npt.NDArray[np.float64]


def live(f: Figures, paths: int, seed: int) -> F8:
    """[path, 7] in the order of `figures.LAW`."""
    out = np.empty((paths, 7))
    _live(f, seed, out)
    return out


@numba.njit(cache=True)
def _live(f, seed, out):  # type: ignore[no-untyped-def]
    np.random.seed(seed)
    for p in range(out.shape[0]):
        _path(f, out[p])


@numba.njit(cache=True)
def _binomial(n, p):  # type: ignore[no-untyped-def]
    return np.random.binomial(n, p) if n > 0 else 0


@numba.njit(cache=True)
def _expit(x):  # type: ignore[no-untyped-def]
    return 1.0 / (1.0 + math.exp(-x))


@numba.njit(cache=True)
def _path(f, out):  # type: ignore[no-untyped-def]
    z, theta = np.random.standard_normal(10), np.zeros(10)
    for i in range(10):
        theta[i] = f.normal_mean[i]
        for j in range(i + 1):
            theta[i] += f.normal_factor[i, j] * z[j]
    volume = np.random.gamma(f.volume_shape, 1.0 / f.volume_shape)
    odds, consent, half = math.exp(theta[8]), _expit(theta[9]), f.target // 2
    total, active = np.zeros(2, np.int64), np.zeros(f.grid)
    people, sums = np.zeros((2, f.grid)), np.zeros((4, 2, f.grid))
    here = np.zeros(2, np.int64)
    for t in range(f.window):
        come = min(_binomial(np.random.poisson(f.referrals * volume), consent), f.intake)
        come = min(come, f.target - total[0] - total[1])
        here[1] = min(_binomial(come, 0.5), half - total[1])
        here[0] = min(come - here[1], half - total[0])
        here[1] = come - here[0]
        total += here
        for a in range(f.duration):
            active[t + a] += here[1]
            for arm in range(2):
                o = odds * f.odds[a] * (f.control_odds if arm == 0 else 1.0)
                here[arm] -= _binomial(here[arm], o / (1.0 + o))
        done = t + f.duration
        for arm in range(2):
            n = here[arm]
            people[arm, done] = n
            for k in range(3):
                p = _expit(theta[2 * k] + arm * theta[2 * k + 1])
                sums[k, arm, done] = _binomial(n * (f.trials if k == 2 else 1), p)
            if n > 0:
                mean = math.exp(theta[6] + arm * theta[7])
                shape = f.gamma_shape * n
                sums[3, arm, done] = np.random.gamma(shape, mean / f.gamma_shape)
    paid = pay(f, people, sums)
    out[0], out[1] = total.sum(), paid.sum()
    flows = distribute(f, active, paid, out)
    for i in range(3):
        out[2 + i] = _irr(flows[i])


@numba.njit(cache=True)
def pay(f, people, sums):  # type: ignore[no-untyped-def]
    paid, claimed, room = np.zeros(f.grid), np.zeros(4), f.cap
    for date in f.dates:
        n0, n1 = people[0, : date + 1].sum(), people[1, : date + 1].sum()
        if n0 == 0 or n1 == 0:
            continue
        for k in range(4):
            effect = sums[k, 0, : date + 1].sum() / n0 - sums[k, 1, : date + 1].sum() / n1
            if k == 0 or k == 2:
                effect = -effect
            if k == 0:
                due = np.interp(effect, f.knots, f.amounts) if effect >= f.threshold else 0.0
            else:
                due = max(effect / (f.trials if k == 2 else 1), 0.0) * f.price[k - 1]
            new = min(max(min(due * n1, f.caps[k]) - claimed[k], 0.0), room)
            claimed[k] += new
            room -= new
            paid[date + f.lag] += new
    return paid


@numba.njit(cache=True)
def distribute(f, active, paid, out):  # type: ignore[no-untyped-def]
    balance, interest, used = np.zeros(3), np.zeros(3), np.zeros(3)
    flows, all_committed = np.zeros((3, f.grid)), f.commitment.sum()
    for t in range(f.grid):
        need = active[t] * f.client + (f.overhead if t <= f.last else 0.0)
        for i in range(3):
            if i < 2:
                interest[i] += balance[i] * f.coupon[i]
            draw = min(need * f.commitment[i] / all_committed, f.commitment[i] - used[i])
            used[i] += draw
            balance[i] += draw
            flows[i, t] = -draw
        cash = paid[t]
        for i in range(3):
            x = min(cash, interest[i])
            interest[i] -= x
            cash -= x
            y = min(cash, balance[i])
            balance[i] -= y
            cash -= y
            flows[i, t] += x + y
        flows[1, t] += f.rest * cash
    guarantee = f.guarantee * balance[0]
    flows[0, f.grid - 1] += guarantee
    out[5], out[6] = balance[0] - guarantee, guarantee
    return flows


@numba.njit(cache=True)
def _value(flow, x):  # type: ignore[no-untyped-def]
    v, total = math.exp(-x), 0.0
    for t in range(flow.size - 1, -1, -1):
        total = total * v + flow[t]
    return total


@numba.njit(cache=True)
def _irr(flow):  # type: ignore[no-untyped-def]
    if not (flow < 0).any():
        return math.nan
    if not (flow > 0).any():
        return -1.0
    best, low = math.nan, -3.0
    before = _value(flow, low)
    for k in range(1, 121):
        high = -3.0 + 0.05 * k
        here = _value(flow, high)
        if (before < 0) != (here < 0) and not abs(best) < min(abs(low), abs(high)):
            a, b = low, high
            for _ in range(50):
                middle = (a + b) / 2.0
                if (_value(flow, middle) < 0) == (before < 0):
                    a = middle
                else:
                    b = middle
            best = (a + b) / 2.0
        low, before = high, here
    return math.expm1(4.0 * best)
