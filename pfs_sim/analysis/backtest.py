"""Back-test: where what closed deals paid falls in what their files' priors gave.

The probability integral transform of a result x under the distribution F of a run is F(x); with
mass at single points, the middle of the jump, P(X < x) + ½ P(X = x) (the mid-PIT; Czado, Gneiting
and Held 2009, Biometrics 65, 1254-1261). If priors are right, transforms of independent deals are
spread evenly over 0 to 1: low ones say that deals paid less than was thought possible.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from pfs_sim.analysis.published import Figure, list_figures
from pfs_sim.errors import InputError
from pfs_sim.metrics.estimates import NAN, UNDEFINED_ESTIMATE, Estimate
from pfs_sim.reading import Loaded
from pfs_sim.results import Results
from pfs_sim.simulate import simulate

F8 = npt.NDArray[np.float64]
UNSURE = 0.05
"""One-sided level below which priors are called too optimistic, or not optimistic enough."""
FAR = 0.01
"""A figure that leaves less than this share of paths on one side is named: priors missed it."""
_DRAWS = 20_000
LIMITS = (
    "The files were written after these deals had closed, and their priors (the spike at no "
    "effect, the discount) draw on how deals like these ended: this is an in-sample check, kinder "
    "than a forecast. Much of each file is assumed. Payments of one program, deals with published "
    "results and deals that were made at all are no random sample. A transform of a deal that paid "
    "nothing says only how likely nothing was."
)


@dataclass(frozen=True)
class Placed:
    """A published figure in the distribution of its run.

    `below`, `at`: shares of paths below and at it; `paths` on which the quantity exists, of all.
    """

    figure: Figure
    pit: Estimate
    below: float
    at: float
    median: float
    paths: int
    undefined: int

    @property
    def far(self) -> bool:
        """Beyond all but `FAR` of the paths, whatever the Monte Carlo error (twice its se)."""
        return self.pit.value + 2.0 * self.pit.se < FAR or (
            self.pit.value - 2.0 * self.pit.se > 1.0 - FAR
        )


@dataclass(frozen=True)
class Compared:
    """A deal, its figures in the distribution that its priors gave, and the one that counts."""

    name: str
    deal: str
    placed: tuple[Placed, ...]
    untested: tuple[Figure, ...]
    null: F8
    """[path] transform of the payment on each path, were that path what happened; sorted."""

    @property
    def payment(self) -> Placed | None:
        """The payment that stands for the deal: the total, or the first figure of payments."""
        found = [one for one in self.placed if one.figure.group == "payments"]
        return next((one for one in found if one.figure.name == "payments.total"), None) or next(
            iter(found), None
        )


@dataclass(frozen=True)
class Reading:
    """What the payments of all deals say together.

    `mean` of the transforms lies in `expected` in 9 of 10 repetitions if the priors are right;
    `p_low`, `p_high`: the probability of a mean as low, as high. `lowest`, `highest`: chances
    that the lowest (highest) of so many even transforms lies as low (high).
    """

    deals: tuple[str, ...]
    pits: tuple[float, ...]
    below_half: int
    mean: float
    expected: tuple[float, float]
    p_low: float
    p_high: float
    lowest: float
    highest: float

    @property
    def verdict(self) -> str:
        """In words."""
        if not self.deals:
            return "no deal has a published payment"
        if self.p_low < UNSURE:
            return "too optimistic: deals paid less than the priors gave"
        if self.p_high < UNSURE:
            return "not optimistic enough: deals paid more than the priors gave"
        return "neither too optimistic nor too pessimistic, as far as so few deals can tell"


def backtest(
    deals: Mapping[str, Loaded], paths: int = 10_000, seed: int = 1, *, own: bool = False,
    threads: int | None = None,
) -> list[Compared]:
    """Run each deal (by name) and place what was published of it; `own`: see `list_figures`.

    Deals without any figure are left out. InputError for figures that mean nothing.
    """
    found = []
    for name, loaded in deals.items():
        figures = list_figures(loaded, own)
        if figures:
            found.append(_test_deal(name, loaded, figures, paths, seed, threads))
    return found


def _test_deal(
    name: str, loaded: Loaded, figures: Sequence[Figure], paths: int, seed: int, threads: int | None
) -> Compared:
    numbers = [figure for figure in figures if figure.value is not None]
    others = tuple(figure for figure in figures if figure.value is None)
    deal = loaded.scenario.name
    if not numbers:
        return Compared(name, deal, (), others, np.empty(0))
    results = simulate(loaded, paths, seed, threads=threads)
    placed = tuple(place_figure(figure, find_values(results, figure)) for figure in numbers)
    compared = Compared(name, deal, placed, others, np.empty(0))
    if compared.payment is None:
        return compared
    figure = compared.payment.figure
    null = find_null(find_values(results, figure), figure.within)
    return Compared(name, deal, placed, others, null)


def find_values(results: Results, figure: Figure) -> F8:
    """What the paths have where the figure stands (payments by date: of the first paths)."""
    if figure.grid is not None:
        found: F8 = results.fan[:, 0, figure.grid]
        return found
    assert figure.column is not None
    if figure.column not in results:
        raise InputError(
            f"published.{figure.name}: found a figure that this deal has nothing like; "
            "allowed: a figure of what the scenario describes"
        )
    return results[figure.column]


def place_figure(figure: Figure, values: F8) -> Placed:
    """P(X < x) + ½ P(X = x) over the paths on which X exists, and its Monte Carlo error."""
    assert figure.value is not None
    known = values[np.isfinite(values)]
    undefined = values.size - known.size
    if known.size == 0:
        return Placed(figure, UNDEFINED_ESTIMATE, NAN, NAN, NAN, 0, undefined)
    at = np.abs(known - figure.value) <= figure.within
    each = np.where(at, 0.5, known < figure.value)
    pit = float(each.mean())
    se = float(each.std(ddof=1)) / math.sqrt(known.size) if known.size > 1 else NAN
    if se == 0.0:
        # On no path of n beyond it: less than 3/n with 95 % confidence, so about 1.5/n.
        se = 0.0 if pit == 0.5 else 1.5 / known.size
    below = float((~at & (known < figure.value)).mean())
    return Placed(
        figure, Estimate(pit, se), below, float(at.mean()), float(np.median(known)),
        known.size, undefined,
    )


def find_null(values: F8, within: float) -> F8:
    """Transforms of a deal's own paths, sorted: what its transform would be if the priors hold."""
    known = np.sort(values[np.isfinite(values)])
    first = np.searchsorted(known, known - within, "left")
    last = np.searchsorted(known, known + within, "right")
    return (first + last) / (2.0 * known.size)


def read_together(compared: Sequence[Compared], seed: int = 1) -> Reading:
    """What the payments of several deals say together, were the deals independent.

    The mean of the transforms is held against its distribution under the priors, jumps and all:
    a transform of each deal's own paths, drawn apart for each deal. Order statistics are those of
    independent even transforms (David and Nagaraja 2003, Order Statistics, section 2.2).
    """
    used = [one for one in compared if one.payment is not None]
    placed = [one.payment for one in used if one.payment is not None]
    pits = np.array([one.pit.value for one in placed])
    n = pits.size
    if n == 0:
        return Reading((), (), 0, NAN, (NAN, NAN), NAN, NAN, NAN, NAN)
    rng = np.random.default_rng(seed)
    drawn = np.stack([rng.choice(one.null, _DRAWS) for one in used])
    means, mean = np.sort(drawn.mean(axis=0)), float(pits.mean())
    low, high = np.quantile(means, [0.05, 0.95])
    return Reading(
        tuple(one.name for one in used),
        tuple(pits.tolist()),
        int((pits < 0.5).sum()),
        mean,
        (float(low), float(high)),
        float((means <= mean + 1e-12).mean()),
        float((means >= mean - 1e-12).mean()),
        1.0 - (1.0 - float(pits.min())) ** n,
        1.0 - float(pits.max()) ** n,
    )


def write_backtest(compared: Sequence[Compared], reading: Reading, paths: int, seed: int) -> Any:
    """The back-test as plain data."""
    return {
        "schema": 1,
        "kind": "backtest",
        "paths": paths,
        "seed": seed,
        "limits": LIMITS,
        "deals": {
            one.name: {
                "scenario": one.deal,
                "figures": {placed.figure.name: _write_placed(placed) for placed in one.placed},
                "not_compared": {
                    figure.name: {"why": figure.why, "note": figure.note}
                    for figure in one.untested
                },
            }
            for one in compared
        },
        "payments": {
            "deals": dict(zip(reading.deals, reading.pits, strict=True)),
            "below_half": reading.below_half,
            "mean": _number(reading.mean),
            "expected_90": [_number(bound) for bound in reading.expected],
            "p_as_low": _number(reading.p_low),
            "p_as_high": _number(reading.p_high),
            "p_lowest_as_low": _number(reading.lowest),
            "p_highest_as_high": _number(reading.highest),
            "verdict": reading.verdict,
        },
    }


def _number(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _write_placed(placed: Placed) -> dict[str, Any]:
    figure = placed.figure
    return {
        "group": figure.group,
        "unit": figure.unit,
        "published": figure.value,
        "within": figure.within,
        "median": _number(placed.median),
        "pit": placed.pit.to_json(),
        "below": _number(placed.below),
        "at": _number(placed.at),
        "far": placed.far,
        "paths": placed.paths,
        "undefined": placed.undefined,
    }
