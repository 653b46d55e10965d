"""IRR: the batch solver against pyxirr, numpy-financial and scipy, with exact roots as judge."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from importlib.util import find_spec

import numpy as np
import numpy.typing as npt
from scipy.optimize import brentq

from benchmarks.clock import find, take_turns
from benchmarks.report import Comparison, Options
from pfs_sim.kernels.returns import irr_batch

F8 = npt.NDArray[np.float64]
PERIODS, PER_YEAR = 28, 4.0


def make_flows(rows: int, seed: int = 3) -> F8:
    """Investments over ten quarters, repayments later: losses, total losses, several roots."""
    random = np.random.default_rng(seed)
    flows = np.zeros((rows, PERIODS))
    flows[:, :10] = -random.uniform(1e5, 9e5, (rows, 10))
    back = random.lognormal(0.1, 0.5, rows) * -flows.sum(1)
    shares = random.dirichlet(np.ones(4), rows)
    flows[:, [12, 16, 20, 25]] = shares * back[:, None]
    flows[::50] = np.minimum(flows[::50], 0.0)  # total losses
    flows[7::50, 26] = -0.3 * flows[7::50].clip(min=0.0).sum(1)  # three changes of sign
    flows[9::100] = np.abs(flows[9::100])  # nothing paid in: no root
    return flows


def _present_value(x: float, flow: F8) -> float:
    value, v = 0.0, math.exp(-x)
    for amount in flow[::-1]:
        value = value * v + amount
    return value


def by_scipy(flow: F8) -> float:
    """brentq on the log rate, as one writes it by hand."""
    if not (flow < 0).any():
        return math.nan
    if not (flow > 0).any():
        return -1.0
    try:
        x = brentq(_present_value, -2.0, 2.0, args=(flow,), xtol=1e-14, rtol=1e-14)
    except ValueError:
        return math.nan
    return math.expm1(PER_YEAR * x)


def exact(flow: F8) -> float:
    """The annual rate to 50 digits, of flows that change sign once; by bisection in mpmath."""
    from mpmath import findroot, mp, mpf

    with mp.workdps(50):
        amounts = [mpf(float(x)) for x in flow]
        start = by_scipy(flow)
        guess = mp.log1p(start) / 4

        def value(x: object) -> object:
            return sum(a * mp.exp(-x * t) for t, a in enumerate(amounts))  # type: ignore[operator]

        return float(mp.expm1(4 * findroot(value, guess)))


def one_change(flow: F8) -> bool:
    """Whether the flows change sign once, from out to in."""
    signs = np.sign(flow[flow != 0.0])
    return bool(signs[0] < 0) and int((np.diff(signs) != 0).sum()) == 1


def compare(options: Options) -> Comparison:
    """µs a flow by solver, on the same flows; errors against exact roots first."""
    flows = make_flows(20_000)
    few = flows[:400]
    value, status = np.empty(len(flows)), np.empty(len(flows), np.int64)
    runs: dict[str, Callable[[], object]] = {
        "pfs-sim, batch": lambda: irr_batch(flows, PER_YEAR, value, status)
    }
    per = {"pfs-sim, batch": len(flows) / 1e6, "scipy brentq": len(few) / 1e6}
    notes, values = [], {}
    solvers: dict[str, Callable[[F8], float | None]] = {"scipy brentq": by_scipy}
    if find_spec("pyxirr"):
        import pyxirr

        solvers["pyxirr"] = lambda flow: pyxirr.irr(flow, silent=True)
        per["pyxirr"] = len(few) / 1e6
    else:
        notes.append("pyxirr is not installed (extra `bench`): left out.")
    if find_spec("numpy_financial"):
        import numpy_financial

        solvers["numpy-financial"] = lambda flow: float(numpy_financial.irr(flow))
        per["numpy-financial"] = 100 / 1e6
    else:
        notes.append("numpy-financial is not installed (extra `bench`): left out.")
    for name, solve in solvers.items():
        part = few[:100] if name == "numpy-financial" else few
        runs[name] = lambda solve=solve, part=part: [solve(flow) for flow in part]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        timings = take_turns(runs, options.rounds, per=per, unit="µs a flow")
    ours = find(timings, "pfs-sim, batch")
    assert ours
    for one in timings:
        one["ratio"] = one["cpu"] / ours["cpu"]
        if one is not ours:
            values[f"irr_{one['name']}"] = one["ratio"]
    simple = [i for i in range(400) if one_change(flows[i])]
    values["irr_error"] = max(abs(value[i] - exact(flows[i])) for i in simple)
    lost = [i for i in range(0, 400, 50)]
    notes.append(
        f"Error of ours against roots to 50 digits: at most {values['irr_error']:.1e} over "
        f"{len(simple)} flows that change sign once; total losses are exactly −1 in "
        f"{sum(value[i] == -1.0 for i in lost)} of {len(lost)}; nothing paid in gives NaN in "
        f"{sum(np.isnan(value[i]) for i in range(9, 400, 100))} of 4."
    )
    notes.append(
        "The 20,000 flows hold 2 % total losses, 2 % with three changes of sign and 1 % without "
        "a root; the others solve the first 400 (numpy-financial 100) one by one, as their "
        "interface asks for (pyxirr gives a rate a period, which is not annualized here)."
    )
    return Comparison("IRR", timings, notes, values, "CPU time over pfs-sim")
