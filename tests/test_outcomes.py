"""Levels, windows, chains, milestones, comparisons and caps: worked by hand at expectations."""

import math
from itertools import product

import numpy as np
import pytest

from pfs_sim.plan.row import SOURCES
from pfs_sim.tables.state import COMPLETED, CONTROL, LEFT, MATCHED, NO_SHOW, TREATED
from tests.people_case import EVENT, PERIODS, Case, arrays, expected, program, same, trial

ONCE = {"per_period": [100.0]}
HALVES = {"kind": "piecewise", "leave": [0.5, 0.0]}


def odds(p, shift):
    return 1 / (1 + (1 - p) / p * math.exp(-shift))


def cohort(outcome, **changes):
    """The people at expectations: 100 treated and 100 controls of one cohort, one outcome."""
    people = expected(
        program=trial(**{"referrals": {"per_period": [200.0]}} | changes),
        outcomes={"it": outcome},
        evaluation=ways("it"),
    )
    return people


def ways(name, dates=None, **measure):
    of = {"outcome": name, "statistic": "mean", "design": "validated"} | measure
    return {"dates": dates or {"final": PERIODS}, "measures": {"units": of}}


def means(people, k=0):
    """Treated with the effect and without, and controls, expected per client measured."""
    n = people.n[k].sum(axis=(1, 2))
    assert people.y[k] == pytest.approx(people.e[k])
    treated, control = people.e[k, TREATED].sum(), people.e[k, CONTROL].sum()
    return treated / n[TREATED], people.e0[k].sum() / n[TREATED], control / n[CONTROL]


# --- levels on their scales


@pytest.mark.jit_off
@pytest.mark.parametrize(
    ("outcome", "with_effect", "without"),
    [
        ({"level": 0.3, "effect": -0.4}, odds(0.3, -0.4), 0.3),
        ({"level": 0.3, "effect": 0.4, "scale": "log"}, 0.3 * math.exp(0.4), 0.3),
        ({"level": 0.3, "effect": 2.0, "scale": "log"}, 1.0, 0.3),
        ({"level": 0.3, "effect": -0.2, "scale": "difference"}, 0.1, 0.3),
        ({"level": 0.3, "effect": -0.5, "scale": "difference"}, 0.0, 0.3),
        ({"level": 1.0, "effect": -3.0}, 1.0, 1.0),
        ({"level": 0.0, "effect": 3.0}, 0.0, 0.0),
        ({"level": 0.5, "effect": 900.0}, 1.0, 0.5),
        ({"level": 0.5, "effect": -900.0}, 0.0, 0.5),
        ({"level": 0.3, "effect": -0.4, "trials": 8}, 8 * odds(0.3, -0.4), 2.4),
    ],
)
def test_events(outcome, with_effect, without):
    found = means(cohort({"kind": "event", "good": "lower"} | outcome))
    assert found == pytest.approx((with_effect, without, without), abs=1e-15)


@pytest.mark.parametrize(
    ("outcome", "with_effect", "without"),
    [
        ({"kind": "count", "level": 2.0, "effect": -0.3}, 2 * math.exp(-0.3), 2.0),
        ({"kind": "count", "level": 2.0, "effect": -3, "scale": "difference"}, 0.0, 2.0),
        ({"kind": "amount", "level": 9.0, "share": 0.4, "effect": 0.2}, 3.6 * math.exp(0.2), 3.6),
        (
            {"kind": "amount", "level": 9.0, "share": 0.4, "effect": 0.2, "effect_on": "share"},
            9 * odds(0.4, 0.2),
            3.6,
        ),
        ({"kind": "score", "level": 50.0, "sd": 10.0, "effect": -3.0}, 47.0, 50.0),
        ({"kind": "score", "level": 50.0, "sd": 10.0, "effect": 0.3, "scale": "smd"}, 53.0, 50.0),
    ],
)
def test_counts_amounts_and_scores(outcome, with_effect, without):
    found = means(cohort({"good": "lower"} | outcome))
    assert found == pytest.approx((with_effect, without, without))


def test_an_amount_keeps_a_mean_above_zero():
    outcome = {"kind": "amount", "good": "lower", "level": 1.0, "effect": -5.0}
    case = Case(program=trial(), outcomes={"event": outcome | {"scale": "difference"}})
    people = case.live()
    assert 0.0 < people.e[0, TREATED].sum() < 1e-300
    assert np.isfinite(people.y).all()


def test_levels_drift_with_the_cohort():
    outcome = EVENT | {"drift": 0.4, "effect": -1.0}
    people = expected(
        program=trial(), outcomes={"it": outcome}, evaluation=ways("it", {"a": 0, "b": 5})
    )
    # Vintages: the cohort of grid point 0, those of 1 to 5, those never measured.
    assert people.e[0, CONTROL].sum(axis=0) == pytest.approx(
        [
            50 * 0.2,
            50 * sum(odds(0.2, 0.1 * t) for t in range(1, 6)),
            50 * sum(odds(0.2, 0.1 * t) for t in range(6, 8)),
        ]
    )
    assert people.e[0, TREATED].sum() == pytest.approx(
        50 * sum(odds(0.2, 0.1 * t - 1) for t in range(8))
    )
    assert people.true_y[0] == pytest.approx(people.e[0, TREATED].sum())
    assert people.true_y0[0] == pytest.approx(people.e[0, CONTROL].sum())
    assert people.true_n[0] == 400


def test_types_shift_levels_and_scale_effects():
    kinds = {
        "a": {"share": 0.25, "level": {"it": 0.5}, "effect": {"it": 2.0}},
        "b": {"share": 0.75},
    }
    found = means(cohort(EVENT | {"effect": -0.3}, types=kinds))
    with_effect = 0.25 * odds(0.2, 0.5 - 0.6) + 0.75 * odds(0.2, -0.3)
    without = 0.25 * odds(0.2, 0.5) + 0.75 * 0.2
    assert found == pytest.approx((with_effect, without, without))


def test_the_dose_gives_its_share_of_the_effect():
    curve = [[0.0, 0.0], [0.25, 0.1], [1.0, 1.0]]
    people = cohort(
        EVENT | {"effect": -1.0},
        attrition={"hazard": HALVES, "no_show": 0.2},
        dose_response=curve,
    )
    # Left in the first of two periods: a quarter of the treatment, a tenth of the effect.
    assert people.e[0, TREATED, :, 0] == pytest.approx(
        [20 * 0.2, 40 * odds(0.2, -0.1), 40 * odds(0.2, -1.0)]
    )
    assert people.e0[0, :, 0] == pytest.approx([4, 8, 8])
    assert people.n[0, TREATED, :, 0] == pytest.approx([20, 40, 40])
    assert people.n[0, CONTROL, :, 0] == pytest.approx([0, 0, 100])


def test_a_stop_cuts_the_dose():
    case = Case(
        frozen=SOURCES,
        program=program(referrals={"per_period": [100.0, 100.0]}, service={"duration": 4}),
        outcomes={"it": EVENT | {"effect": -1.0}},
        evaluation=ways("it"),
    )
    people = case.live(stop=3)
    assert people.e[0, TREATED, LEFT].sum() == pytest.approx(
        100 * odds(0.2, -0.75) + 100 * odds(0.2, -0.5)
    )
    assert people.n[0, TREATED, COMPLETED].sum() == 0.0
    people = case.live(stop=4)
    assert people.e[0, TREATED, COMPLETED].sum() == pytest.approx(100 * odds(0.2, -1.0))
    assert people.e[0, TREATED, LEFT].sum() == pytest.approx(100 * odds(0.2, -0.75))


# --- who is measured, and when


@pytest.mark.jit_off
def test_windows_close_and_are_reported():
    outcome = EVENT | {"window": "4 months", "reporting": 1}
    people = expected(
        program=program(),
        outcomes={"it": outcome},
        evaluation=ways("it", {"a": 3, "b": 4, "c": 7}),
    )
    # Two quarters and one more: cohort t is seen from grid point t + 3.
    assert people.n[0, TREATED].sum(axis=0)[:3] == pytest.approx([100, 100, 300])


def test_windows_that_open_at_the_exit():
    outcome = EVENT | {"window": 1, "opens": "exit"}
    people = cohort(outcome, attrition={"hazard": HALVES, "no_show": 0.2})
    assert people.n[0, TREATED].sum() == 100
    people = expected(
        program=trial(
            referrals={"per_period": [200.0]}, attrition={"hazard": HALVES, "no_show": 0.2}
        ),
        outcomes={"it": outcome},
        evaluation=ways("it", {"a": 1, "b": 2, "c": 3}),
    )
    assert people.n[0, TREATED] == pytest.approx(
        np.array([[20, 0, 0, 0], [0, 40, 0, 0], [0, 0, 40, 0]])
    )
    assert people.n[0, CONTROL, COMPLETED] == pytest.approx([0, 0, 100, 0])


def test_evaluations_out_of_order_see_what_comes_first():
    people = expected(
        program=program(),
        outcomes={"it": EVENT},
        evaluation=ways("it", {"late": 7, "early": 2}),
    )
    assert people.n[0, TREATED].sum(axis=0) == pytest.approx([500, 300, 0])


def test_loss_to_follow_up_thins_what_is_measured_and_not_what_is_true():
    outcome = EVENT | {"effect": -1.0, "loss": {"treated": 0.3, "control": 0.1}}
    people = cohort(outcome)
    assert people.n[0].sum(axis=(1, 2)) == pytest.approx([90, 70, 0])
    assert people.e[0].sum(axis=(1, 2)) == pytest.approx([18, 70 * odds(0.2, -1), 0])
    assert people.true_n[0] == 100
    assert people.true_y[0] == pytest.approx(100 * odds(0.2, -1))
    assert people.true_y0[0] == pytest.approx(20)


def test_a_record_that_errs():
    outcome = EVENT | {"trials": 2, "record": {"sensitivity": 0.9, "specificity": 0.8}}
    people = cohort(outcome)
    assert people.y[0, CONTROL].sum() == pytest.approx(40 * 0.9 + 160 * 0.2)
    assert people.e[0, CONTROL].sum() == pytest.approx(40)


@pytest.mark.jit_off
def test_one_outcome_after_another():
    outcomes = {
        "kept": {
            "kind": "event",
            "good": "higher",
            "level": 0.5,
            "effect": 0.7,
            "scale": "log",
            "after": "placed",
            "loss": {"treated": 0.25},
        },
        "placed": {
            "kind": "event",
            "good": "higher",
            "level": 0.4,
            "effect": 0.2,
            "scale": "difference",
            "record": {"sensitivity": 0.5},
            "loss": {"treated": 0.1},
        },
    }
    people = expected(
        program=trial(referrals={"per_period": [200.0]}),
        outcomes=outcomes,
        evaluation=ways("kept"),
    )
    p1 = min(1.0, 0.5 * math.exp(0.7))
    # 90 of 100 followed up, 54 placed, 27 on record, three quarters of those followed on.
    assert people.n[0].sum(axis=(1, 2)) == pytest.approx([20, 27 * 0.75, 0])
    assert people.y[0, TREATED].sum() == pytest.approx(27 * 0.75 * p1)
    assert people.e[0, TREATED].sum() == pytest.approx(54 * 0.75 * p1)
    assert people.e0[0].sum() == pytest.approx(36 * 0.75 * 0.5)
    assert people.e[0, CONTROL].sum() == pytest.approx(40 * 0.5)
    assert people.true_y[0] == pytest.approx(60 * p1)
    assert people.true_y0[0] == pytest.approx(40 * 0.5)


# --- milestones


def enumerate_milestones(p, ages, qualify, limit):
    """Expected credited successes of one client by period in which they are credited."""
    credited = [0.0] * (ages + 1)
    for hits in product((0, 1), repeat=ages):
        weight = math.prod(p if hit else 1 - p for hit in hits)
        so_far = 0
        for a, hit in enumerate(hits):
            if hit and (limit is None or so_far < limit):
                so_far += 1
                if ages >= qualify:
                    credited[max(a, qualify - 1)] += weight
    return credited


@pytest.mark.jit_off
@pytest.mark.parametrize("qualify", [0, 1, 3, 5])
@pytest.mark.parametrize("limit", [None, 1, 2, 4, 9])
def test_milestones_against_enumeration(qualify, limit):
    outcome = {
        "kind": "milestone",
        "good": "higher",
        "level": 0.4,
        "effect": 1.0,
        "units": 91.25,
        "qualify": qualify,
        "limit": limit,
        "reporting": 1,
    }
    people = expected(
        program=trial(
            referrals={"per_period": [200.0]},
            service={"duration": 4},
            attrition={"hazard": {"kind": "piecewise", "leave": [0, 0, 0.5, 0]}, "no_show": 0.1},
        ),
        outcomes={"it": outcome},
        evaluation=ways("it", {f"e{t}": t for t in range(1, PERIODS + 1)}),
    )
    units = 91.25
    for c, n, ages, dose in ((LEFT, 45, 3, 2.5 / 4), (COMPLETED, 45, 4, 1.0)):
        with_effect = enumerate_milestones(odds(0.4, dose), ages, qualify, limit)
        without = enumerate_milestones(0.4, ages, qualify, limit)
        for a in range(ages):
            assert people.y[0, TREATED, c, a + 1] == pytest.approx(n * units * with_effect[a])
            assert people.e[0, TREATED, c, a + 1] == pytest.approx(n * units * with_effect[a])
            assert people.e0[0, c, a + 1] == pytest.approx(n * units * without[a])
    without = enumerate_milestones(0.4, 4, qualify, limit)
    assert people.e[0, CONTROL, COMPLETED].sum() == pytest.approx(100 * units * sum(without))
    assert people.n[0, TREATED, :, 1] == pytest.approx([10, 45, 45])
    assert people.n[0].sum() == pytest.approx(200)
    assert people.e[0, TREATED, NO_SHOW].sum() == 0.0


def test_milestones_drift_while_a_client_is_served():
    outcome = {"kind": "milestone", "good": "higher", "level": 0.4, "drift": 0.8, "effect": 0.5}
    people = expected(
        program=program(referrals=ONCE, service={"duration": 3}),
        outcomes={"it": outcome},
        evaluation=ways("it", {"a": 1, "b": 2, "c": 3}),
    )
    assert people.e[0, TREATED, COMPLETED] == pytest.approx(
        [100 * odds(0.4, 0.5 + 0.2 * a) for a in range(3)] + [0]
    )


def test_a_stop_ends_milestones():
    case = Case(
        frozen=SOURCES,
        program=trial(referrals={"per_period": [200.0]}, service={"duration": 4}),
        outcomes={"it": {"kind": "milestone", "good": "higher", "level": 0.4}},
        evaluation=ways("it"),
    )
    people = case.live(stop=3)
    assert people.e[0, TREATED, LEFT].sum() == pytest.approx(120)
    assert people.e[0, CONTROL, COMPLETED].sum() == pytest.approx(160)


# --- a matched comparison


@pytest.mark.parametrize("ratio", [0.5, 1.0, 2.5])
def test_matched_clients_follow_the_treated_without_the_effect(ratio):
    outcome = EVENT | {"effect": -1.0, "loss": {"treated": 0.5, "control": 0.9}}
    evaluation = ways("it", design="matched", statistic="difference", ratio=ratio)
    base = {
        "program": program(referrals=ONCE, attrition={"hazard": HALVES}),
        "outcomes": {"it": outcome},
        "evaluation": evaluation,
    }
    people = expected(**base)
    assert people.n[0, MATCHED, :, 0] == pytest.approx([0, 25 * ratio, 25 * ratio])
    assert people.y[0, MATCHED, :, 0] == pytest.approx([0, 5 * ratio, 5 * ratio])
    assert people.e[0, MATCHED] == pytest.approx(people.y[0, MATCHED])
    case = Case(**base)
    for path in range(5):
        people = case.live(path)
        treated, matched = people.n[0, TREATED], people.n[0, MATCHED]
        assert np.all(np.abs(matched - ratio * treated) < 1.0)
        assert abs(matched.sum() - ratio * treated.sum()) < 1.0
        assert people.e[0, MATCHED] == pytest.approx(0.2 * people.n[0, MATCHED])


@pytest.mark.parametrize("ratio", [0.3, 0.5, 1.5])
def test_small_cohorts_have_the_comparison_that_the_ratio_says(ratio):
    """Four clients a quarter in groups by type and time of exit: each group alone would round."""
    types = {"a": {"share": 0.5}, "b": {"share": 0.5}}
    case = Case(
        program=program(
            referrals={"per_period": 4.0}, attrition={"hazard": HALVES}, types=types
        ),
        outcomes={"it": EVENT},
        evaluation=ways("it", design="matched", statistic="difference", ratio=ratio),
    )
    off = []
    for path in range(300):
        n = case.live(path).n[0]
        off.append(n[MATCHED].sum() - ratio * n[TREATED].sum())
    assert abs(np.mean(off)) < 4.5 * np.std(off) / math.sqrt(len(off))
    assert np.std(off) < 3.0


# --- money client by client


LADDER = {
    "start": {"kind": "event", "good": "higher", "level": 0.6, "effect": 0.4},
    "keep": {
        "kind": "event",
        "good": "higher",
        "level": 0.7,
        "after": "start",
        "window": 2,
        "loss": {"treated": 0.2},
    },
    "weeks": {"kind": "count", "good": "higher", "level": 2.0, "dispersion": 1.5, "window": 3},
    "months": {"kind": "milestone", "good": "higher", "level": 0.5, "limit": 1},
}
PRICES = {"start": 100.0, "keep": 250.0, "weeks": 10.0, "months": 40.0}


def ladder(cap, dates=None, prices=None):
    return {
        "dates": dates or {"a": 2, "b": 4, "c": 6},
        "measures": {"units": {"person": prices or PRICES, "cap": cap}},
    }


def test_a_cap_nobody_reaches_changes_nothing():
    case = Case(
        program=trial(attrition={"hazard": HALVES}), outcomes=LADDER, evaluation=ladder(1e9)
    )
    prices = np.array(list(PRICES.values()))
    for path in range(5):
        people = case.live(path)
        paid = np.tensordot(prices, people.y[:, TREATED].sum(axis=1), axes=1)
        assert people.person[0] == pytest.approx(paid)


def test_a_cap_binds_each_client():
    free = Case(program=program(), outcomes=LADDER, evaluation=ladder(1e9))
    capped = Case(program=program(), outcomes=LADDER, evaluation=ladder(130.0))
    for path in range(5):
        before, after = arrays(free.live(path)), arrays(capped.live(path))
        assert all(np.array_equal(before[name], after[name]) for name in before if name != "person")
        assert 0 < after["person"].sum() < before["person"].sum()
        assert after["person"].sum() <= 130.0 * after["enrolled"][TREATED].sum()
        assert np.all(after["person"] >= 0.0)


def test_a_cap_of_every_client_at_once():
    sure = {
        "one": {"kind": "event", "good": "higher", "level": 1.0, "window": 1},
        "two": {"kind": "event", "good": "higher", "level": 1.0, "window": 2, "trials": 3},
    }
    evaluation = ladder(70.0, {"a": 1, "b": 2}, {"one": 40.0, "two": 20.0})
    case = Case(program=program(referrals=ONCE), outcomes=sure, evaluation=evaluation)
    people = case.live()
    n = people.enrolled.sum()
    assert people.person[0].tolist() == [40.0 * n, 30.0 * n, 0.0]


def test_the_average_client_earns_up_to_the_cap():
    for cap, paid in ((1e9, 60 * 0.6 + 20 * 2.0), (50.0, 50.0)):
        outcomes = {"start": LADDER["start"] | {"effect": 0.0}, "weeks": LADDER["weeks"]}
        evaluation = ladder(cap, {"a": 8}, {"start": 60.0, "weeks": 20.0})
        people = expected(
            program=program(referrals=ONCE), outcomes=outcomes, evaluation=evaluation
        )
        assert people.person[0] == pytest.approx([100 * paid, 0])


def test_groups_and_orders_that_cannot_be_lived():
    measures = {
        "units": {"person": {"start": 1.0, "weeks": 1.0}, "cap": 5.0},
        "other": {"person": {"weeks": 1.0}, "cap": 5.0},
    }
    evaluation = {"dates": {"a": 2}, "measures": measures}
    with pytest.raises(ValueError, match="weeks in two person measures"):
        Case(outcomes=LADDER, evaluation=evaluation)
    evaluation = ladder(5.0, prices={"keep": 1.0, "start": 1.0})
    with pytest.raises(ValueError, match="found keep before start"):
        Case(outcomes=LADDER, evaluation=evaluation)
    circle = {"a": EVENT | {"after": "b"}, "b": EVENT | {"after": "a"}}
    with pytest.raises(ValueError, match="no circle"):
        Case(outcomes=circle, evaluation=ways("a"))
    measures = {
        "units": {"outcome": "event", "statistic": "difference", "design": "matched"},
        "more": {"outcome": "event", "statistic": "difference", "design": "matched", "ratio": 2.0},
    }
    with pytest.raises(ValueError, match="one ratio"):
        Case(evaluation={"dates": {"a": 2}, "measures": measures})


def test_two_measures_may_look_at_the_same_clients():
    measures = {
        "units": {"person": PRICES, "cap": 130.0},
        "double": {"person": {name: 2 * price for name, price in PRICES.items()}, "cap": 260.0},
    }
    evaluation = {"dates": {"a": 2, "b": 6}, "measures": measures}
    people = Case(program=program(), outcomes=LADDER, evaluation=evaluation).live(3)
    assert people.person[1] == pytest.approx(2 * people.person[0])


# --- the correlation of a client's outcomes


def test_a_client_correlation_splits_levels_about_their_means():
    outcomes = {
        "bad": EVENT,
        "good": {"kind": "milestone", "good": "higher", "level": 0.3},
        "days": {"kind": "count", "good": "lower", "level": 4.0},
        "cost": {"kind": "amount", "good": "lower", "level": 50.0, "share": 0.5, "shape": 4.0},
        "score": {"kind": "score", "good": "higher", "level": 10.0, "sd": 2.0, "scale": "smd"},
    }
    case = Case(
        program=program(client_correlation=0.09), outcomes=outcomes, evaluation=ways("bad")
    )
    shifts = case.plan.outcomes.shifts[0]
    worse, better = shifts[:, 0], shifts[:, 1]
    gap = 0.3 * 0.4
    assert odds(0.2, worse[0]) == pytest.approx(0.2 + gap)
    assert odds(0.2, better[0]) == pytest.approx(0.2 - gap)
    assert odds(0.3, worse[1]) == pytest.approx(0.3 - 0.3 * math.sqrt(0.21))
    assert 4 * math.exp(worse[2]) == pytest.approx(4 + 0.3 * 2)
    sd = math.sqrt(0.5 * 2500 * 1.25 - 625)
    assert 25 * math.exp(better[3]) == pytest.approx(25 - 0.3 * sd)
    assert (worse[4], better[4]) == pytest.approx((-0.3, 0.3))
    with pytest.raises(ValueError, match="keeps both in range"):
        Case(program=program(client_correlation=0.5), outcomes={"event": EVENT})


# --- addresses


MANY = {
    "a": EVENT | {"icc": 0.1, "cluster": 5, "loss": {"treated": 0.1, "control": 0.2}},
    "b": {"kind": "count", "good": "lower", "level": 1.5, "dispersion": 2.0, "drift": 0.1},
    "c": {"kind": "amount", "good": "lower", "level": 9.0, "share": 0.4, "shape": 2.0},
    "d": {"kind": "score", "good": "higher", "level": 5.0, "sd": 2.0},
    "e": {"kind": "milestone", "good": "higher", "level": 0.5, "qualify": 2, "limit": 2},
    "f": EVENT | {"after": "a", "record": {"sensitivity": 0.9, "specificity": 0.9}},
}


def by_name(outcomes, **sections):
    case = Case(
        program=trial(attrition={"hazard": HALVES}),
        outcomes=outcomes,
        evaluation=ways("a", {"x": 3, "y": 6}, design="matched"),
        **sections,
    )
    people = arrays(case.live(7))
    names = ("n", "y", "e", "e0", "true_n", "true_y", "true_y0")
    return {name: [people[array][k] for array in names] for k, name in enumerate(outcomes)}


@pytest.mark.parametrize(
    "outcomes",
    [
        dict(reversed(MANY.items())),
        {"more": EVENT | {"effect": -2.0}} | MANY,
        {name: MANY[name] for name in ("f", "a")},
    ],
)
def test_adding_and_moving_outcomes_changes_no_draw_of_another(outcomes):
    here, there = by_name(MANY), by_name(outcomes)
    for name in set(here) & set(there):
        for one, other in zip(here[name], there[name], strict=True):
            assert np.array_equal(one, other), name


def test_expectations_do_not_depend_on_chance():
    case = Case(program=trial(), outcomes=MANY, evaluation=ways("b"))
    frozen = Case(frozen=("chance",), program=trial(), outcomes=MANY, evaluation=ways("b"))
    people, still = arrays(case.live(2)), arrays(frozen.live(2))
    for name in ("n", "e", "e0", "true_y", "true_y0"):
        assert np.allclose(people[name][:5], still[name][:5], rtol=1e-12)
    assert np.allclose(still["y"][:5], still["e"][:5], rtol=1e-12)
    assert not np.allclose(people["y"][:5], people["e"][:5])


def test_paths_stand_alone():
    case = Case(program=trial(), outcomes=MANY, evaluation=ways("b"))
    third = arrays(case.live(3))
    case.live(4, stop=2)
    assert same(third, arrays(case.live(3)))
