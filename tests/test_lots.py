"""Cohorts that are measured together: the same people as the twin's, the same law as apart."""

import numpy as np
import pytest

from pfs_sim.model.scenario import Scenario
from pfs_sim.plan.lots import grouping
from pfs_sim.plan.people import people_plan
from pfs_sim.plan.row import SOURCES
from pfs_sim.reading import load
from pfs_sim.simulate import compile_scenario, live_compiled
from pfs_sim.tables.state import NEVER, TREATED
from tests.generate import scenario
from tests.naive import Deal, Known
from tests.naive_outcomes import live_outcomes
from tests.naive_people import live_program
from tests.people_case import EVENT, Case, arrays, trial
from tests.twin import COUNTS, PEOPLE, Kernels, compare, differences

CT = "scenarios/ct_family_stability.yaml"
SEEDS = dict.fromkeys(SOURCES, 1)


@pytest.mark.parametrize("merge", [(), (3, 7)])
@pytest.mark.parametrize("i", range(300, 312))
def test_the_twin_groups_alike(i, merge):
    assert not differences(Scenario.model_validate(scenario(i)), 1, merge=merge)


def stopped(i, merge, frozen=()):
    """What differs between kernels and twin where service stops at each grid point in turn."""
    model = Scenario.model_validate(scenario(i))
    case = Case.of(model, merge, frozen)
    deal = Deal(model, SEEDS, 2, frozen, merge)
    given = dict(deal.row)
    found = []
    for stop in range(0, deal.T + 1, 2):
        people = case.live(2, stop, **given)
        twin, groups = live_program(deal, Known(stop=stop))
        twin |= live_outcomes(deal, groups)
        for name in PEOPLE:
            if name in twin:
                mine = np.asarray(twin[name], float)
                found += compare(name, np.array(getattr(people, name)), mine, name in COUNTS)
    return found


@pytest.mark.parametrize("merge", [None, ()])
@pytest.mark.parametrize("i", range(320, 330))
def test_a_stop_sends_the_same_people_home(i, merge):
    assert not stopped(i, merge)


@pytest.mark.verify
@pytest.mark.parametrize("i", range(330, 430))
def test_many_more_stops(i):
    assert not stopped(i, None)
    assert not stopped(i, ())


MANY = {
    "event": EVENT | {"effect": -0.7, "trials": 2, "window": 1, "loss": {"treated": 0.1}},
    "count": {"kind": "count", "good": "lower", "level": 1.5, "dispersion": 2.0, "effect": 0.2}
    | {"window": 2},
    "amount": {"kind": "amount", "good": "lower", "level": 9.0, "share": 0.4, "shape": 2.0}
    | {"window": 1},
    "score": {"kind": "score", "good": "higher", "level": 5.0, "sd": 2.0, "effect": 1.0}
    | {"window": 1},
    "weeks": {"kind": "milestone", "good": "higher", "level": 0.5, "qualify": 2, "effect": 0.5},
    "start": {"kind": "milestone", "good": "higher", "level": 1.0, "limit": 1},
    "late": EVENT | {"opens": "exit", "window": 1},
}


def many(merge=None, **changes):
    return Case(
        merge=merge,
        program=trial(
            attrition={"hazard": {"kind": "piecewise", "leave": [0.3, 0.2]}, "no_show": 0.1},
            types={
                "a": {"share": 0.4, "level": {"event": 0.5, "weeks": -0.4}},
                "b": {"share": 0.6},
            },
        ),
        outcomes=MANY | changes,
        evaluation={
            "dates": {"a": 3, "b": 6},
            "measures": {
                "units": {"outcome": "event", "statistic": "difference", "design": "matched"},
                "arms": {"outcome": "event", "statistic": "difference", "design": "rct"},
            },
        },
    )


def test_what_is_drawn_together_is_stated():
    assert grouping(many().plan) == {"ends": [3, 6], "merged": list(range(7))}
    assert grouping(many((4,)).plan)["ends"] == [3, 4, 6]
    assert grouping(many(()).plan)["merged"] == []


@pytest.mark.parametrize(
    "change",
    [
        {"drift": 0.1},
        {"icc": 0.1, "cluster": 5},
        {"after": "late"},
        {"drift": {"dist": "normal", "mean": 0.0, "sd": 0.1}},
    ],
)
def test_cohorts_that_are_not_alike_stay_apart(change):
    case = many(event=MANY["event"] | change)
    assert 0 not in grouping(case.plan)["merged"]
    assert 1 in grouping(case.plan)["merged"]


def test_a_fixed_drift_keeps_cohorts_apart():
    case = many()
    plan = people_plan(case.scenario, case.row, SEEDS, moved=["outcomes.count.drift"])
    assert 1 not in grouping(plan)["merged"]


def test_a_stop_changes_nothing_that_was_seen_by_then():
    case = many()
    whole = arrays(case.live(4))
    for stop in (3, 4, 6):
        short = arrays(case.live(4, stop))
        seen = 1 if stop < 6 else 2
        for name in ("n", "y", "e", "e0"):
            assert np.array_equal(whole[name][..., :seen], short[name][..., :seen])
        assert short["n"][:, TREATED, 1].sum() > 0


def sums(people):
    """The numbers of a path whose law is compared: measured, recorded, expected by vintage."""
    seen = np.concatenate([people.n[..., :2], people.y[..., :2], people.e[..., :2]])
    return seen.sum(axis=2).ravel()


def z_scores(one, other):
    """Differences of means, and of standard deviations, in standard errors."""
    n, varies = len(one), (one.std(axis=0) > 1e-9) | (other.std(axis=0) > 1e-9)
    one, other = one[:, varies], other[:, varies]
    spread = np.sqrt(one.var(axis=0) + other.var(axis=0)) / np.sqrt(n)
    means = (one.mean(axis=0) - other.mean(axis=0)) / spread
    a, b = (one - one.mean(axis=0)) ** 2, (other - other.mean(axis=0)) ** 2
    squares = (a.mean(axis=0) - b.mean(axis=0)) / np.sqrt((a.var(axis=0) + b.var(axis=0)) / n)
    return means, squares


def compare_laws(paths, stop):
    together, apart = many(), many(())
    one = np.array([sums(together.live(path, stop)) for path in range(paths)])
    other = np.array([sums(apart.live(paths + path, stop)) for path in range(paths)])
    means, squares = z_scores(one, other)
    assert np.abs(means).max() < 4.5
    assert np.abs(squares).max() < 5.0
    varies = one.std(axis=0) > 1e-9
    gap = np.corrcoef(one[:, varies].T) - np.corrcoef(other[:, varies].T)
    assert np.abs(gap).max() < 7.5 / np.sqrt(paths)


@pytest.mark.parametrize("stop", [NEVER, 4])
def test_the_law_is_that_of_cohorts_apart(stop):
    compare_laws(1000, stop)


@pytest.mark.verify
@pytest.mark.parametrize("stop", [NEVER, 3, 4, 5, 7])
def test_the_law_is_that_of_cohorts_apart_on_many_paths(stop):
    compare_laws(20_000, stop)


@pytest.mark.verify
def test_a_shipped_deal_pays_the_same_by_law():
    deal = load(CT).scenario
    found = []
    for merge, first in ((None, 0), ((), 10**6)):
        compiled = compile_scenario(deal, merge=merge)
        values, _ = live_compiled(compiled, 20_000, first=first)
        found.append(np.nan_to_num(values.T))
    means, squares = z_scores(*found)
    assert np.abs(means).max() < 4.5
    assert np.abs(squares).max() < 5.0


def test_kernels_of_two_scenarios_share_their_people():
    """Other dates and another contract, compiled to one grouping: the same draws."""
    dates = {"a": 3, "b": 6}, {"x": 4, "y": 6}
    found = []
    for own in dates:
        model = many().scenario
        evaluation = model.evaluation.model_copy(update={"dates": own})
        model = model.model_copy(update={"evaluation": evaluation})
        people = arrays(Case.of(model, (3, 4, 6)).live(5))
        found.append(people)
    # By the last date both have seen the same clients and the same successes.
    for name in ("n", "y"):
        one, other = (people[name][..., :2].sum(axis=-1) for people in found)
        assert np.allclose(one, other, rtol=1e-12)


def test_the_shipped_trial_is_lived_lot_by_lot():
    assert Kernels(load(CT).scenario).compiled.plan.people.outcomes.facts.merged.all()
