"""The probabilities with which people of an arm and type leave treatment (model §5)."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from pfs_sim.kernels._jit import inner_apart, once
from pfs_sim.kernels._wide import each, everywhere, lesser, of, replace, where
from pfs_sim.kernels.elementary import growth_of
from pfs_sim.kernels.spreading import first_bits_of
from pfs_sim.tables.people import Hazard, Records
from pfs_sim.tables.state import CONTROL, TREATED, Cohort
from pfs_sim.tables.wide import ABREAST, Wide

F8 = npt.NDArray[np.float64]

SURELY = 700.0
"""A hazard after which nobody is left in double precision, whatever the odds are multiplied by."""


@once
def expect_leaving(
    program: Any, types: Records, hazard: F8, row: Wide, cohort: Cohort
) -> None:
    """Probability of leaving in each period of treatment, by arm and type, on these paths.

    Controls cannot fail to show up, and drop out where the scenario says so. `chance` has in its
    last class the probability of staying so far.
    """
    if program.hazard == Hazard.NONE:
        return
    last, first_arm = program.duration + 1, TREATED if program.control < 0 else CONTROL
    first, end = 1 + first_arm * program.types, 1 + 2 * program.types
    for at in range(first, end):
        no_show = row[program.no_show] if at > program.types else each(0.0)
        cohort.chance[at, 0], cohort.chance[at, last] = no_show, 1.0 - no_show
        cohort.reach[at, 0] = no_show
    reached, odds = each(0.0), each(0.0)
    if program.hazard == Hazard.WEIBULL:
        reached = _grow(program, row, 0)
    for a in range(program.duration):
        steady = program.hazard == Hazard.EXPONENTIAL
        growth = each(hazard[a])
        if steady:
            growth = row[program.hazard_a] * program.years
        elif program.hazard == Hazard.WEIBULL:
            before, reached = reached, _grow(program, row, a + 1)
            growth = reached - before
        steady = steady and a > 0
        if program.logit and not steady:
            odds = _grow_at_once(lesser(growth, SURELY))
        for at in range(first, end):
            chance, reach = cohort.chance[at], cohort.reach[at]
            p = chance[a]
            if not steady:
                factor = row[program.multiplier] * types[(at - 1) % program.types].hazard
                if at <= program.types:
                    factor *= row[program.control]
                p = _expect_some(growth, odds, factor, program.logit)
            chance[a + 1] = p
            reach[a + 1] = reach[a] + chance[last] * p
            chance[last] *= 1.0 - p
    for at in range(first, end):
        leaves = cohort.reach[at, last - 1]
        per_leaver = where(leaves > 0.0, 1.0 / leaves, 0.0)
        for j in range(last):
            reach = cohort.reach[at, j]
            given = lesser(1.0, reach * per_leaver)
            cohort.edge[at, j], cohort.given[at, j] = first_bits_of(reach), given
            cohort.given_edge[at, j] = first_bits_of(given)


@once
def _expect_some(growth: Wide, odds: Wide, factor: Wide, logit: int) -> Wide:
    """Probability of leaving in a period: the factor on the hazard, or on the odds."""
    nobody = (factor <= 0.0) | (growth <= 0.0)
    if logit:
        own = factor * odds
        p = where(growth > SURELY, 1.0, own / (1.0 + own))
    else:
        p = -_grow_at_once(where(nobody, 0.0, -factor * growth))
    return where(nobody, 0.0, p)


@inner_apart
def _grow(program: Any, row: Wide, a: int) -> Wide:
    """The cumulative hazard of a Weibull after so many periods."""
    shape, scale = row[program.hazard_a], row[program.hazard_b]
    x = a * program.years / scale
    if everywhere((shape == of(shape, 0)) & (x == of(x, 0))):
        return each(of(x, 0) ** of(shape, 0))
    for lane in range(ABREAST):
        x = replace(x, lane, of(x, lane) ** of(shape, lane))
    return x


@inner_apart
def _grow_at_once(x: Wide) -> Wide:
    """e to this power less one: `growth_of`, called and not dissolved."""
    return growth_of(x)
