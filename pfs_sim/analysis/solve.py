"""The price, cap, threshold or coupon at which a metric meets its target.

The metric is a function of the lever over one and the same set of paths, so it is smooth where
the deal is, and a bracketing root finder (Brent 1973, Algorithms for Minimization without
Derivatives, chapter 4) ends where that function meets the target. What other paths would have
given is carried to the answer: to first order x errs by the error of the metric over its slope
(sample average approximation: Shapiro, Dentcheva and Ruszczyński 2009, Lectures on Stochastic
Programming, section 5.1), the slope a paired difference.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Literal, NamedTuple

from pfs_sim.analysis.levers import Changeable, must_be_whole, spread
from pfs_sim.analysis.same_people import PATHS, SamePeople, find_people
from pfs_sim.errors import InputError
from pfs_sim.metrics.deal import summarize
from pfs_sim.metrics.estimates import NAN, Estimate, Interval, number_or_null
from pfs_sim.metrics.influence import Influence, find_influence
from pfs_sim.metrics.summary import Unit
from pfs_sim.metrics.table import find_statistic_unit, split_address
from pfs_sim.plan.outputs import columns
from pfs_sim.sampling import Design
from pfs_sim.simulate import Deal, scenario_of

Kind = Literal["found", "none", "several", "jump", "everywhere"]
SCAN = 9
CLOSE, CLOSE_ENOUGH = 0.001, 0.05
"""The metric is on target within this share of its standard error; after 8 steps, the second."""
FINEST = 1e-6
"""Share of the range below which a bracket is a point."""


class Seen(NamedTuple):
    """A value of the lever, and the metric there."""

    x: float
    metric: Estimate


@dataclass(frozen=True)
class Solution:
    """Where a lever puts a metric on its target.

    kind: found; none in the range; several crossings (`brackets`), of which one must be chosen;
    jump: the metric jumps over the target at `value`; everywhere: the scan is all on target.
    `se` is infinite where the lever cannot be told to move the metric.
    """

    path: str
    low: float
    high: float
    address: str
    target: float
    unit: Unit
    kind: Kind
    value: float
    se: float
    df: int | None
    metric: Estimate
    """The metric at the answer."""
    slope: Estimate
    scan: tuple[Seen, ...]
    brackets: tuple[tuple[Seen, Seen], ...]
    whole: bool
    runs: int
    paths: int
    seed: int

    @property
    def interval(self) -> Interval:
        """95 % interval of the answer: what another set of paths could have given."""
        if not math.isfinite(self.se):
            return Interval(self.value, -math.inf, math.inf)
        # A metric that errs upward puts the answer too low where it rises with the lever.
        skew = -math.copysign(self.metric.skew, self.metric.skew * self.slope.value)
        return Estimate(self.value, self.se, self.df, skew).interval()

    def to_json(self) -> dict[str, Any]:
        """As `solve --json` prints it."""
        found = self.interval if self.kind == "found" else None
        return {
            "schema": 1,
            "vary": {"path": self.path, "low": self.low, "high": self.high, "whole": self.whole},
            "target": {"metric": self.address, "value": self.target, "unit": self.unit},
            "answer": self.kind,
            "value": number_or_null(self.value),
            "se": number_or_null(self.se),
            "interval": None if found is None else found.to_json(),
            "metric": self.metric.to_json(),
            "slope": self.slope.to_json(),
            "scan": [_seen_json(seen) for seen in self.scan],
            "brackets": [[_seen_json(seen) for seen in pair] for pair in self.brackets],
            "runs": self.runs,
            "paths": self.paths,
            "seed": self.seed,
        }


def _seen_json(seen: Seen) -> dict[str, Any]:
    return {"x": seen.x, **seen.metric.to_json()}


class _Curve:
    """The metric as a function of the lever, every value lived once."""

    def __init__(
        self, deal: Changeable, path: str, address: str, target: float, people: SamePeople,
        progress: Callable[[int], None] | None,
    ) -> None:
        self.deal, self.path, self.address, self.target = deal, path, address, target
        self.people, self.progress = people, progress
        self.known: dict[float, Influence] = {}
        self.unit: Unit = "number"
        names = [c.name for c in columns(scenario_of(deal.loaded)) if c.unit != "status"]
        self.name, self.statistic = split_address(address, names)

    def at(self, x: float) -> Influence:
        """The metric at a value of the lever."""
        if x not in self.known:
            value = int(x) if x == int(x) and abs(x) < 2**53 else x
            deal = self.deal.with_values({self.path: value})
            results = self.people.live_one(
                deal, only=(self.name,), course=False, progress=self.progress
            )
            table = summarize(results)
            self.unit = find_statistic_unit(self.statistic, table[self.name].unit)
            self.known[x] = find_influence(results, table, self.address)
        return self.known[x]

    def see(self, x: float) -> Seen:
        """The metric at a value, with its error."""
        return Seen(x, self.at(x).estimate)

    def miss(self, x: float) -> float:
        """How far the metric is above its target."""
        return self.at(x).value - self.target

    def aim(self, x: float, steps: int) -> float:
        """The miss, zero once it is nothing beside the error."""
        off = self.miss(x)
        close = CLOSE if steps < 8 else CLOSE_ENOUGH
        return 0.0 if abs(off) <= close * self.at(x).se else off


def solve(
    deal: Deal,
    path: str,
    low: float,
    high: float,
    metric: str,
    target: float,
    *,
    paths: int = PATHS,
    seed: int = 1,
    sampling: Design | str = "random",
    threads: int | None = None,
    scan: int = SCAN,
    progress: Callable[[int], None] | None = None,
) -> Solution:
    """Find the value of `path` between low and high at which `metric` is on its target.

    `metric` is the address of a statistic (`payor.payments.mean`, `tranche.senior.irr.median`).
    The range is scanned first, so that none and several crossings are found and said.
    InputError for an address that does not exist or a range that makes no scenario.
    """
    if not low < high:
        raise InputError(f"found the range {low:g} to {high:g}; allowed: the lower end first")
    if scan < 2:
        raise InputError(f"found a scan of {scan} values; allowed: 2 or more")
    changeable = Changeable(deal)
    whole = must_be_whole(changeable, path, low, high)
    people = find_people(changeable.loaded, paths, seed, sampling=sampling, threads=threads)
    curve = _Curve(changeable, path, metric, target, people, progress)
    grid = [float(x) for x in spread(low, high, scan)]
    if whole:
        grid = sorted({float(round(x)) for x in grid if low <= round(x) <= high})
    seen = tuple(curve.see(x) for x in grid)
    brackets = _find_brackets(seen, target)
    kind: Kind = "several" if brackets else "none"
    x, se, slope = NAN, NAN, Estimate(NAN, NAN)
    if all(s.metric.value == target for s in seen):
        kind = "everywhere"
    elif len(brackets) == 1:
        x = _search(curve, brackets[0], whole, high - low)
        slope = _find_slope(curve, x, low, high, brackets[0], whole)
        kind = "jump" if _jumps(curve, x, whole, high - low) else "found"
        if kind == "found":
            told = abs(slope.value) > 2.0 * slope.se
            se = curve.at(x).se / abs(slope.value) if told else math.inf
    return Solution(
        path, low, high, metric, target, curve.unit, kind, x, se, seen[0].metric.df,
        Estimate(NAN, NAN) if math.isnan(x) else curve.see(x).metric,
        slope, seen, tuple(brackets), whole, len(curve.known), paths, seed,
    )


def _find_brackets(seen: tuple[Seen, ...], target: float) -> list[tuple[Seen, Seen]]:
    """Neighbors between which the metric crosses its target, or of which one is on it."""
    found, known = [], [s for s in seen if not math.isnan(s.metric.value)]
    for one, other in pairwise(known):
        a, b = one.metric.value - target, other.metric.value - target
        # A value on target belongs to the bracket that it ends, the first one to its own.
        if a * b < 0.0 or (b == 0.0 and a != 0.0) or (a == 0.0 and b != 0.0 and one is known[0]):
            found.append((one, other))
    return found


def _search(curve: _Curve, bracket: tuple[Seen, Seen], whole: bool, span: float) -> float:
    """The root in a bracket; of whole numbers the one closest to it."""
    low, high = bracket[0].x, bracket[1].x
    for x in (low, high):
        if curve.miss(x) == 0.0:
            return x
    if whole:
        return _bisect(curve, low, high)
    from scipy.optimize import brentq

    steps = 0

    def aim(x: float) -> float:
        nonlocal steps
        steps += 1
        return curve.aim(x, steps)

    found = brentq(aim, low, high, xtol=FINEST * span, rtol=1e-12, maxiter=100)
    # The root finder may end between two values that it has seen: take the nearer to the target.
    return min((x for x in curve.known if abs(x - found) <= 2 * FINEST * span),
               key=lambda x: abs(curve.miss(x)), default=float(found))


def _bisect(curve: _Curve, low: float, high: float) -> float:
    """Of the whole numbers on both sides of a crossing, the one nearer to the target."""
    above = curve.miss(low) > 0.0
    while high - low > 1.0:
        middle = float(math.floor((low + high) / 2.0))
        if (curve.miss(middle) > 0.0) == above:
            low = middle
        else:
            high = middle
    return min((low, high), key=lambda x: abs(curve.miss(x)))


def _find_slope(
    curve: _Curve, x: float, low: float, high: float, bracket: tuple[Seen, Seen], whole: bool
) -> Estimate:
    """Change of the metric per unit of the lever about x, over the same paths."""
    one, other = bracket
    rough = abs(other.metric.value - one.metric.value) / (other.x - one.x)
    span = high - low
    reach = 2.0 * curve.at(x).se / rough if rough > 0.0 else math.inf
    reach = min(max(reach, 1e-3 * span), 0.1 * span)
    if whole:
        reach = max(float(round(reach)), 1.0)
    before, after = max(x - reach, low), min(x + reach, high)
    apart = curve.at(after).minus(curve.at(before))
    return Estimate(apart.value / (after - before), apart.se / (after - before), apart.df)


def _jumps(curve: _Curve, x: float, whole: bool, span: float) -> bool:
    """Whether the metric jumps over its target: off it by more than its error, from both sides."""
    off, se = curve.miss(x), curve.at(x).se
    if whole or abs(off) <= max(2.0 * se, 1e-9 * abs(curve.target)):
        return False
    sides = [curve.miss(y) for y in curve.known if abs(y - x) <= 4 * FINEST * span]
    return min(sides) < 0.0 < max(sides)
