"""The slow, obvious twin of a whole path: plain Python that reads like the model.

`live_path` lives one path of a scenario from the same random addresses as the kernels, one thing
after the other: the inputs are drawn, people come and go (`naive_people`), something happens to
them (`naive_outcomes`), it is measured (`naive_measures`), paid for (`naive_contract`) and shared
out (`naive_money`). Nothing here is fast, and nothing is shared with the kernels but the model of
a scenario, the addresses and the laws of `naive_random`.
"""

import math
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from pydantic import BaseModel

from pfs_sim.addresses import stream_key
from pfs_sim.plan.row import SOURCES, source_of
from pfs_sim.tables.state import NEVER
from tests.naive_money import live_money
from tests.naive_outcomes import live_outcomes
from tests.naive_people import live_program
from tests.naive_random import Stream


@dataclass
class Lived:
    """One path: its people and cash by the names of the kernels' state, inputs and measures."""

    people: dict
    cash: dict
    row: dict  # dotted path: input value
    measures: dict  # measure: [(value, exists), …] by evaluation


@dataclass
class Known:
    """What the people of a path are told about the money: where service stops or expands."""

    stop: int = NEVER
    cause: int = 0
    trigger: int = -1  # the trigger that terminated
    expand: int = NEVER
    expansion: object = None  # the trigger that expanded


class Deal:
    """A scenario on one path: its clock, its inputs, its streams."""

    def __init__(self, scenario, seeds, path, frozen, merge=None):
        self.scenario, self.seeds, self.path, self.frozen = scenario, seeds, path, set(frozen)
        self.clock = scenario.clock
        self.T = scenario.clock.periods
        self.years = scenario.clock.years
        self.dates = [self.clock.grid(when) for when in scenario.evaluation.dates.values()]
        self.merge = merge
        self.ends = sorted({*self.dates, *(merge or ())})  # of what is drawn together
        self.row = draw_inputs(scenario, seeds, path, self.frozen)
        self.plan = dict(quantities(scenario))

    def input(self, path):
        return self.row[path]

    def certainly(self, path, value):
        """Whether the file says that this quantity is a certain number, and which."""
        return self.plan[path].certain and self.plan[path].value == value

    def stream(self, source, item, cohort=0, arm=0, kind=0, age=0):
        """A stream opened at its index (cohort, arm, type, age)."""
        index = cohort << 16 | arm << 15 | kind << 10 | age
        return Stream(stream_key(self.seeds[source], source, item), index, self.path)

    def grid(self, when):
        """Grid point of a date; keys of a map write grid points as text."""
        if isinstance(when, str) and when.strip().isdigit():
            return int(when)
        return self.clock.grid(when)

    def vintage(self, ready):
        """The first evaluation at or after a grid point; None if it is never measured."""
        return next((e for e, at in enumerate(self.dates) if at >= ready), None)

    def grow(self, annual, periods):
        """What one dollar becomes at an annual rate in so many periods."""
        return max(0.0, 1 + annual) ** (self.years * periods)


def quantities(found, path=""):
    """Every quantity of a model with its dotted path."""
    if hasattr(found, "ppf"):
        yield path, found
        return
    pairs = []
    if isinstance(found, BaseModel):
        fields = type(found).model_fields
        pairs = [(field.alias or name, getattr(found, name)) for name, field in fields.items()]
    elif isinstance(found, dict):
        pairs = list(found.items())
    elif isinstance(found, list):
        pairs = list(enumerate(found))
    for key, value in pairs:
        yield from quantities(value, f"{path}.{key}" if path else str(key))


def draw_inputs(scenario, seeds, path, frozen):
    """The path's value of every quantity: one uniform each, a Gaussian copula, inversion."""
    every = dict(quantities(scenario))
    row = {where: float(quantity.mean()) for where, quantity in every.items()}
    uniforms = {}
    for where, quantity in every.items():
        source = source_of(where)
        if quantity.certain or source in frozen or where.endswith(".target_effect"):
            continue
        key = stream_key(seeds[source], source, f"input:{where}")
        uniforms[where] = Stream(key, 0, path).uniform()
    correlate(scenario, uniforms)
    for where, u in uniforms.items():
        row[where] = float(every[where].ppf(np.array([u]))[0])
    return row


def correlate(scenario, uniforms):
    """Replace the uniforms of correlated quantities, in the order in which pairs name them."""
    order, rho = [], {}
    for pair in scenario.correlations.values():
        a, b = pair.between
        order += [where for where in (a, b) if where in uniforms and where not in order]
        rho[a, b] = rho[b, a] = pair.rho.value
    normal = NormalDist()
    z = [normal.inv_cdf(uniforms[where]) for where in order]
    lower = []  # Cholesky factor of the correlation matrix, row by row
    for i, a in enumerate(order):
        row = []
        for j, b in enumerate(order[: i + 1]):
            value = 1.0 if i == j else rho.get((a, b), 0.0)
            other = row if i == j else lower[j]
            value -= sum(row[k] * other[k] for k in range(j))
            row.append(math.sqrt(value) if i == j else value / lower[j][j])
        lower.append(row)
        uniforms[a] = normal.cdf(sum(x * y for x, y in zip(row, z, strict=False)))


def live_path(
    scenario, seed=1, path=0, *, seeds=None, frozen=(), true_mode=False, given=None, merge=None
):
    """Live one path: people with what they know of the money, then money, until nothing is new.

    `given[m][e]` (NaN: not given) are measured values that replace base measures. `merge` are
    further ends of the intervals whose data are drawn together; () draws nobody together.
    """
    by_source = {source: (seeds or {}).get(source, seed) for source in SOURCES}
    deal = Deal(scenario, by_source, path, frozen, merge)
    known = Known()
    while True:
        people, groups = live_program(deal, known)
        people |= live_outcomes(deal, groups)
        cash, measures, news = live_money(deal, people, known, true_mode, given)
        if news is None:
            return Lived(people, cash, deal.row, measures)
        known = news
