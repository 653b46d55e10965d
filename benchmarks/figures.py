"""The yardstick deal as numbers, read from `yardstick.yaml`: what hard-coded contestants live.

The contestants say the same deal in their own code; only the figures come from the file, so that
they cannot drift apart from the scenario that pfs-sim lives.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from pfs_sim.draws import correlation_matrix
from pfs_sim.model.scenario import Scenario
from pfs_sim.reading import load

SCENARIO = Path(__file__).with_name("yardstick.yaml")
F8 = npt.NDArray[np.float64]

# The uncertain quantities that are normal on some scale, in the order of `normal_mean`.
NORMALS = (
    "outcomes.placement.level",
    "outcomes.placement.effect",
    "outcomes.re_referral.level",
    "outcomes.re_referral.effect",
    "outcomes.screens.level",
    "outcomes.screens.effect",
    "outcomes.days.level",
    "outcomes.days.effect",
    "program.attrition.multiplier",
    "program.consent",
)


class Figures(NamedTuple):
    """Everything that a contestant needs; money in dollars, time in quarters."""

    normal_mean: F8  # [10]
    normal_factor: F8  # [10, 10] Cholesky factor of the covariance
    referrals: float
    volume_shape: float
    intake: int
    target: int  # both arms
    window: int
    duration: int
    odds: F8  # [duration] odds of leaving at multiplier 1
    control_odds: float
    trials: int
    gamma_shape: float
    dates: npt.NDArray[np.int64]
    lag: int
    knots: F8
    amounts: F8
    threshold: float
    price: F8  # [3] of re-referral, screens, days
    caps: F8  # [4]
    cap: float
    client: float
    overhead: float
    last: int
    commitment: F8  # [3]
    coupon: F8  # [2] a quarter
    guarantee: float
    rest: float
    grid: int


def read_figures() -> Figures:
    """The figures of `yardstick.yaml`."""
    deal = load(SCENARIO).scenario
    assert isinstance(deal, Scenario)
    raw = {name: _normal(deal, name) for name in NORMALS}
    names, matrix = correlation_matrix(deal)
    full = np.eye(len(NORMALS))
    for i, a in enumerate(NORMALS):
        for j, b in enumerate(NORMALS):
            if a != b and a in names and b in names:
                full[i, j] = matrix[names.index(a), names.index(b)]
    sd = np.array([raw[name][1] for name in NORMALS])
    terms, capital, program = deal.contract.terms, deal.capital, deal.program
    leave = np.array([p.value for p in program.attrition.hazard.leave])
    points = np.array([[x.value, y.value] for x, y in terms["placement"].schedule.points])
    tranches = list(capital.tranches.values())
    return Figures(
        normal_mean=np.array([raw[name][0] for name in NORMALS]),
        normal_factor=np.ascontiguousarray(np.linalg.cholesky(full) * sd[:, None]),
        referrals=program.referrals.per_period.value,
        volume_shape=program.referrals.multiplier.family.shape,
        intake=program.intake_limit,
        target=2 * program.target,
        window=program.window_end,
        duration=program.service.duration,
        odds=leave / (1.0 - leave),
        control_odds=program.attrition.control.value,
        trials=deal.outcomes["screens"].trials,
        gamma_shape=deal.outcomes["days"].shape.value,
        dates=np.array(list(deal.evaluation.dates.values())),
        lag=terms["placement"].lag,
        knots=points[:, 0].copy(),
        amounts=points[:, 1].copy(),
        threshold=terms["placement"].schedule.threshold.value,
        price=np.array(
            [terms[name].schedule.price.value for name in ("re_referral", "screens", "days")]
        ),
        caps=np.array([term.cap.value for term in terms.values()]),
        cap=deal.contract.cap.value,
        client=capital.costs["service"].per_client_period.value,
        overhead=capital.costs["overhead"].per_period.value,
        last=capital.costs["overhead"].last,
        commitment=np.array([t.commitment.value for t in tranches]),
        coupon=np.array([(1.0 + t.coupon.value) ** 0.25 - 1.0 for t in tranches[:2]]),
        guarantee=next(iter(capital.guarantees.values())).share.value,
        rest=capital.waterfall["rest"].to["junior"].value,
        grid=deal.clock.periods + 1,
    )


def _normal(deal: Scenario, path: str) -> tuple[float, float]:
    """Mean and sd of a quantity on the scale on which it is normal."""
    found = deal
    for part in path.split("."):
        found = found[part] if isinstance(found, dict) else getattr(found, part)
    mean, sd = found.family.parameters[:2]
    return float(mean), float(sd)


LAW = (
    "enrolled",
    "payments",
    "senior_irr",
    "junior_irr",
    "grant_irr",
    "senior_loss",
    "guarantee",
)
"""What every contestant returns, [path, 7], so that their laws can be compared."""
