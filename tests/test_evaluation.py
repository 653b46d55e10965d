"""What an evaluation finds, worked by hand: every design, statistic, rule and combination."""

import math

import numpy as np
import pytest

from pfs_sim.tables.state import COMPLETED, CONTROL, LEFT, MATCHED, NO_SHOW, TREATED, Missing
from tests.money_case import Case

CLOSE = {"rel": 1e-12}


def case(measures, *, outcomes=None, dates=None, program=None, **sections):
    """A deal with these measures and a term that wants none of them."""
    return Case(
        evaluation={"dates": dates or {"final": 4}, "measures": measures},
        contract={"terms": {"pay": {"schedule": {"kind": "fixed", "amount": 0.0}}}},
        **({"outcomes": outcomes} if outcomes else {}),
        **({"program": program} if program else {}),
        **sections,
    )


def outcome(statistic, design, **more):
    return {"outcome": "event", "statistic": statistic, "design": design} | more


# 100 treated with 10 events, 50 controls with 15, 80 matched with 20: rates 0.1, 0.3 and 0.25.
ARMS = [(100.0, 10.0, TREATED), (50.0, 15.0, CONTROL), (80.0, 20.0, MATCHED)]


def with_arms(measures, **more):
    found = case(measures, **more)
    for clients, units, arm in ARMS:
        found.measured("event", clients, units, arm=arm)
    return found


@pytest.mark.parametrize(
    ("statistic", "design", "more", "expected"),
    [
        ("total", "validated", {}, 10.0),
        ("mean", "validated", {}, 0.1),
        ("total", "rct", {"arm": "control"}, 15.0),
        ("mean", "rct", {"arm": "control"}, 0.3),
        ("difference", "rct", {}, 0.3 - 0.1),
        ("relative_reduction", "rct", {}, 0.2 / 0.3),
        ("averted", "rct", {}, 0.2 * 100),  # 20 events fewer among the treated
        ("difference", "matched", {}, 0.25 - 0.1),
        ("relative_reduction", "matched", {"bias": 0.05}, 0.15 / 0.25 + 0.05),
        ("averted", "matched", {"bias": -3.0}, 15.0 - 3.0),
        ("difference", "historical", {"comparison": 0.16}, 0.06),
        # a trend of −10 % a year over four years: 0.16 × 0.6561
        ("difference", "historical", {"comparison": 0.16, "trend": -0.1}, 0.104976 - 0.1),
        ("averted", "historical", {"comparison": 0.16, "bias": 1.0}, 7.0),
        ("total", "validated", {"bias": 2.0}, 12.0),
        ("difference", "rct", {"bias": 9.0}, 0.2),  # randomized: no bias
    ],
)
@pytest.mark.jit_off
def test_statistic_of_a_design(statistic, design, more, expected):
    found = with_arms({"m": outcome(statistic, design, **more)})
    found.live()
    assert found.value("m") == pytest.approx(expected, **CLOSE)


def test_higher_is_good_turns_the_sign():
    outcomes = {"event": {"kind": "event", "good": "higher", "level": 0.2}}
    found = with_arms(
        {"d": outcome("difference", "rct"), "t": outcome("total", "validated")}, outcomes=outcomes
    )
    found.live()
    assert found.value("d") == pytest.approx(-0.2, **CLOSE)  # the treated did worse
    assert found.value("t") == 10.0  # counts keep their sign


def test_the_size_of_a_sample_is_a_measure_even_when_nobody_was_measured():
    found = case(
        {
            "sample": outcome("measured", "validated"),
            "controls": outcome("measured", "rct", arm="control"),
            "started": outcome("measured", "rct", sample="treated"),
        }
    )
    found.live()
    assert [found.value(name) for name in ("sample", "controls", "started")] == [0.0, 0.0, 0.0]
    found.measured("event", 60.0, 9.0).measured("event", 40.0, 9.0, cls=NO_SHOW)
    found.measured("event", 50.0, 20.0, arm=CONTROL)
    found.live()
    assert [found.value(name) for name in ("sample", "controls", "started")] == [100.0, 50.0, 60.0]


def test_trials_make_a_mean_per_trial():
    outcomes = {"event": {"kind": "event", "good": "lower", "level": 0.2, "trials": 8}}
    found = case(
        {
            "mean": outcome("mean", "validated"),
            "d": outcome("difference", "rct"),
            "averted": outcome("averted", "rct"),
            "total": outcome("total", "validated"),
        },
        outcomes=outcomes,
    )
    found.measured("event", 100.0, 200.0).measured("event", 50.0, 200.0, arm=CONTROL)
    found.live()
    assert found.value("mean") == 0.25  # 200 of 800
    assert found.value("d") == 0.25  # 0.5 of the controls' 400
    assert found.value("averted") == 200.0  # 0.25 × 100 × 8
    assert found.value("total") == 200.0


def test_samples_choose_classes():
    measures = {
        f"{sample}_{statistic}": outcome(statistic, "rct", sample=sample)
        for sample in ("assigned", "treated", "completed")
        for statistic in ("total", "difference")
    } | {"matched": outcome("difference", "matched", sample="completed")}
    found = case(measures)
    for arm in (TREATED, MATCHED):
        found.measured("event", 10.0, 4.0, arm=arm, cls=NO_SHOW)
        found.measured("event", 20.0, 4.0, arm=arm, cls=LEFT)
        found.measured("event", 50.0, 2.0 if arm == TREATED else 5.0, arm=arm, cls=COMPLETED)
    found.measured("event", 40.0, 20.0, arm=CONTROL, cls=LEFT)
    found.measured("event", 60.0, 10.0, arm=CONTROL, cls=COMPLETED)
    found.live()
    assert found.value("assigned_total") == 10.0
    assert found.value("treated_total") == 6.0
    assert found.value("completed_total") == 2.0
    assert found.value("assigned_difference") == pytest.approx(0.3 - 10 / 80, **CLOSE)
    # "treated" is about who started: the control arm is there with all its classes
    assert found.value("treated_difference") == pytest.approx(0.3 - 6 / 70, **CLOSE)
    assert found.value("completed_difference") == pytest.approx(10 / 60 - 2 / 50, **CLOSE)
    assert found.value("matched") == pytest.approx(5 / 50 - 2 / 50, **CLOSE)


def test_vintages_and_what_adds_up():
    found = case(
        {
            "all": outcome("total", "validated"),
            "new": outcome("total", "validated", basis="vintage"),
            "d": outcome("difference", "rct"),
            "new_d": outcome("difference", "rct", basis="vintage"),
        },
        dates={"first": 2, "second": 4, "third": 6},
    )
    found.measured("event", 10.0, 4.0, v=0).measured("event", 10.0, 5.0, v=0, arm=CONTROL)
    found.measured("event", 30.0, 3.0, v=2).measured("event", 10.0, 2.0, v=2, arm=CONTROL)
    found.measured("event", 99.0, 99.0, v=3)  # never seen by any evaluation
    found.live()
    assert [found.value("all", e) for e in range(3)] == [4.0, 4.0, 7.0]
    assert found.value("new", 0) == 4.0
    assert found.missing("new", 1) == Missing.NO_DATA
    assert found.value("new", 2) == 3.0
    assert found.value("d", 2) == pytest.approx(7 / 20 - 7 / 40, **CLOSE)
    assert found.value("new_d", 2) == pytest.approx(2 / 10 - 3 / 30, **CLOSE)


def test_why_there_is_no_measure():
    rule = {"significance": {"alpha": 0.05}}
    found = case(
        {
            "nobody": {"outcome": "other", "statistic": "total", "design": "validated"},
            "no_controls": outcome("difference", "rct"),
            "few_treated": outcome("total", "validated", minimum_sample=101),
            "enough": outcome("total", "validated", minimum_sample=100),
            "few_matched": outcome("difference", "matched", minimum_sample=50),
            "zero": outcome("relative_reduction", "historical", comparison=0.0),
            "noise": outcome("difference", "historical", comparison=0.11, **rule),
            "not_compared": outcome("difference", "validated"),
        },
        outcomes={
            name: {"kind": "event", "good": "lower", "level": 0.2} for name in ("event", "other")
        },
    )
    found.measured("event", 100.0, 10.0).measured("event", 49.0, 10.0, arm=MATCHED)
    found.live()
    reasons = {
        "nobody": Missing.NO_DATA,
        "no_controls": Missing.NO_DATA,
        "few_treated": Missing.SMALL_SAMPLE,
        "enough": Missing.NONE,
        "few_matched": Missing.SMALL_SAMPLE,
        "zero": Missing.NO_COMPARISON,
        "noise": Missing.NOT_SIGNIFICANT,
        "not_compared": Missing.NO_COMPARISON,
    }
    assert {name: found.missing(name) for name in reasons} == reasons
    assert found.cash.value[found.cash.valid == 0].tolist() == [0.0] * 7


# One-sided z of each kind of outcome, worked out beside it; alpha just above and just below
# P(Z > z) passes and fails.
TESTS = {
    # p 0.1 and 0.2, pooled 0.15: √(0.15·0.85·(1/100 + 1/100)) = 0.050498; z = 1.98030
    "event": ({"level": 0.2}, "rct", {}, (100, 10, 100, 20), 0.1 / math.sqrt(0.15 * 0.85 * 0.02)),
    # the same with 8 trials a client: 800 observations an arm
    "trials": (
        {"level": 0.2, "trials": 8},
        "rct",
        {},
        (100, 120, 100, 160),
        0.05 / math.sqrt(0.175 * 0.825 * 2 / 800),
    ),
    # clusters of 20 with icc 0.1: variance × (1 + 19·0.1) = 2.9
    "icc": (
        {"level": 0.2, "icc": 0.1, "cluster": 20},
        "rct",
        {},
        (100, 10, 100, 20),
        0.1 / math.sqrt(0.15 * 0.85 * 0.02 * 2.9),
    ),
    # one sample against 0.2: √(0.2·0.8/100) = 0.04, z = 2.5
    "historical": ({"level": 0.2}, "historical", {"comparison": 0.2}, (100, 10, 0, 0), 2.5),
    # Poisson means 0.5 and 0.8: √(0.5/100 + 0.8/50)
    "count": (
        {"kind": "count", "level": 0.8},
        "rct",
        {},
        (100, 50, 50, 40),
        0.3 / math.sqrt(0.005 + 0.016),
    ),
    # negative binomial k = 2: m(1 + m/2) = 0.625 and 1.12
    "dispersed": (
        {"kind": "count", "level": 0.8, "dispersion": 2.0},
        "rct",
        {},
        (100, 50, 50, 40),
        0.3 / math.sqrt(0.00625 + 0.0224),
    ),
    "count_historical": (
        {"kind": "count", "level": 0.8},
        "historical",
        {"comparison": 0.8},
        (100, 50, 0, 0),
        0.3 / math.sqrt(0.005),
    ),
    # half have any, gamma shape 4: a client's variance is mean² × ((1 + 1/4)/0.5 − 1) = 1.5·mean²
    "amount": (
        {"kind": "amount", "level": 10.0, "share": 0.5, "shape": 4.0},
        "matched",
        {},
        (100, 400, 80, 400),
        1.0 / math.sqrt(1.5 * (16 / 100 + 25 / 80)),
    ),
    # sd 3: √(9/100 + 9/50)
    "score": (
        {"kind": "score", "level": 10.0, "sd": 3.0},
        "rct",
        {},
        (100, 900, 50, 500),
        1.0 / math.sqrt(0.27),
    ),
    # two periods of service of 91.25 days: successes 40 of 200 against 60 of 200
    "milestone": (
        {"kind": "milestone", "level": 0.2, "units": 91.25},
        "rct",
        {},
        (100, 40 * 91.25, 100, 60 * 91.25),
        0.1 / math.sqrt(0.25 * 0.75 * 2 / 200),
    ),
}


@pytest.mark.parametrize("name", TESTS)
def test_significance(name):
    words, design, more, (n1, y1, n0, y0), z = TESTS[name]
    limit = 0.5 * math.erfc(z / math.sqrt(2.0))
    outcomes = {"event": {"kind": "event", "good": "lower"} | words}
    found = case(
        {
            "passes": outcome("difference", design, significance={"alpha": limit * 1.001}, **more),
            "fails": outcome("difference", design, significance={"alpha": limit * 0.999}, **more),
        },
        outcomes=outcomes,
    )
    found.measured("event", n1, y1)
    found.measured("event", n0, y0, arm=MATCHED if design == "matched" else CONTROL)
    found.live()
    assert found.missing("passes") == Missing.NONE
    assert found.missing("fails") == Missing.NOT_SIGNIFICANT


@pytest.mark.parametrize("statistic", ["difference", "relative_reduction", "averted"])
@pytest.mark.parametrize("name", [n for n, found in TESTS.items() if found[1] != "rct"])
def test_the_test_sees_what_is_measured_bias_and_all(name, statistic):
    words, design, more, (n1, y1, n0, y0), z = TESTS[name]
    trials = words.get("trials", 1)
    level = more["comparison"] if design == "historical" else y0 / (n0 * trials)
    difference = level - y1 / (n1 * trials)
    shift = 0.4 * difference  # an error in favor of the program: 1.4 times as significant
    bias = shift / {"relative_reduction": level, "averted": 1.0 / (n1 * trials)}.get(statistic, 1.0)
    limit = 0.5 * math.erfc(1.4 * z / math.sqrt(2.0))
    found = case(
        {
            verdict: outcome(
                statistic, design, significance={"alpha": limit * times}, bias=bias, **more
            )
            for verdict, times in (("passes", 1.001), ("fails", 0.999))
        },
        outcomes={"event": {"kind": "event", "good": "lower"} | words},
    )
    found.measured("event", n1, y1)
    found.measured("event", n0, y0, arm=MATCHED if design == "matched" else CONTROL)
    found.live()
    assert found.missing("passes") == Missing.NONE
    assert found.missing("fails") == Missing.NOT_SIGNIFICANT


def test_an_effect_in_the_wrong_direction_is_never_significant():
    found = case({"m": outcome("difference", "rct", significance={"alpha": 0.4})})
    found.measured("event", 100.0, 30.0).measured("event", 100.0, 10.0, arm=CONTROL)
    found.live()
    assert found.missing("m") == Missing.NOT_SIGNIFICANT


def test_without_clusters_a_cohorts_arm_is_one():
    # two cohorts in each arm, 100 clients in four cells: 50 in a cluster, 1 + 49·0.1 = 5.9
    z = 0.1 / math.sqrt(0.15 * 0.85 * 0.02 * 5.9)
    limit = 0.5 * math.erfc(z / math.sqrt(2.0))
    outcomes = {"event": {"kind": "event", "good": "lower", "level": 0.2, "icc": 0.1}}
    found = case(
        {
            "passes": outcome("difference", "rct", significance={"alpha": limit * 1.001}),
            "fails": outcome("difference", "rct", significance={"alpha": limit * 0.999}),
        },
        outcomes=outcomes,
    )
    found.people.enrolled[:, 0] = 50.0
    found.people.enrolled[:, 2] = 50.0
    found.people.enrolled[:, 5] = 50.0  # after the evaluation
    found.measured("event", 100.0, 10.0).measured("event", 100.0, 20.0, arm=CONTROL)
    found.live()
    assert (found.missing("passes"), found.missing("fails")) == (0, Missing.NOT_SIGNIFICANT)


def test_combined_measures_in_any_order_of_the_file():
    measures = {
        "index": {"blend": {"ratio": 2.0, "a": -1.0}, "constant": 5.0},
        "ratio": {"ratio": ["b", "a"]},
        "by_zero": {"ratio": ["a", "zero"]},
        "product": {"product": ["a", "b", "b"]},
        "best": {"best_of": ["a", "none", "b"]},
        "worst": {"worst_of": ["a", "b"]},
        "worst_missing": {"worst_of": ["a", "none"]},
        "fallback": {"fallback": ["none", "by_zero", "b", "a"]},
        "nothing": {"fallback": ["none", "by_zero"]},
        "switch": {"before": "a", "then": "b", "date": 4},
        "a": outcome("total", "validated"),
        "b": outcome("total", "rct", arm="control"),
        "zero": outcome("total", "validated", bias=-10.0),
        "none": outcome("difference", "matched"),
    }
    found = case(measures, dates={"early": 3, "late": 4})
    for v in (0, 1):
        found.measured("event", 100.0, 10.0 if v == 0 else 0.0, v=v)
        found.measured("event", 50.0, 15.0 if v == 0 else 0.0, arm=CONTROL, v=v)
    found.live()
    expected = {
        "index": 2 * 1.5 - 10 + 5,
        "ratio": 1.5,
        "product": 2250.0,
        "best": 15.0,
        "worst": 10.0,
        "fallback": 15.0,
    }
    for name, value in expected.items():
        assert found.value(name) == pytest.approx(value, **CLOSE), name
    assert found.missing("by_zero") == Missing.NO_COMPARISON
    assert found.missing("worst_missing") == Missing.NO_DATA
    assert found.missing("nothing") == Missing.NO_DATA
    assert [found.value("switch", e) for e in (0, 1)] == [10.0, 15.0]


def test_a_measure_made_of_itself_is_refused():
    with pytest.raises(ValueError, match="made of itself"):
        case({"a": {"ratio": ["b", "b"]}, "b": {"blend": {"a": 1.0}}})


def test_program_measures_count_what_is_known():
    words = ("referred", "eligible", "enrolled", "treated", "control", "completed", "left")
    words = (*words, "active")
    measures = {word: {"program": word} for word in words}
    measures |= {f"new_{word}": {"program": word, "basis": "vintage"} for word in words}
    found = case(measures, dates={"first": 2, "second": 4})
    people = found.people
    people.referred[:] = 10.0
    people.eligible[:] = 8.0
    people.enrolled[TREATED, :] = 5.0
    people.enrolled[CONTROL, :] = 3.0
    people.completed[:] = [0, 0, 1, 2, 3, 4, 5, 5, 5, 5, 5]
    people.left[:] = [0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1]
    people.active[:] = [5, 9, 8, 7, 6, 6, 6, 6, 6, 6]
    found.live()
    second = [found.value(word, 1) for word in words]
    # enrolled in the periods 0 to 3; out at the grid points up to 4; in service in period 3
    assert second == [40.0, 32.0, 32.0, 20.0, 12.0, 6.0, 4.0, 7.0]
    new = [found.value(f"new_{word}", 1) for word in words]
    assert new == [20.0, 16.0, 16.0, 10.0, 6.0, 5.0, 2.0, 7.0]
    assert found.value("completed", 0) == found.value("new_completed", 0) == 1.0


def test_program_measures_of_a_type():
    words = ("treated", "active", "completed", "left")
    measures = {word: {"program": word, "type": "hard"} for word in words}
    found = case(
        measures,
        program={"types": {"easy": {"share": 0.5}, "hard": {"share": 0.5}}},
        dates={"final": 3},
    )
    found.people.enrolled_type[1, :3] = [6.0, 4.0, 2.0]
    found.people.active_type[1, :3] = [6.0, 9.0, 5.0]
    # buckets: no-show, left in age 0, left in age 1, completed after two periods
    found.people.exits[0, TREATED, 1] = [1.0, 1.0, 1.0, 3.0]
    found.people.exits[1, TREATED, 1] = [0.0, 1.0, 1.0, 2.0]
    found.people.exits[2, TREATED, 1] = [0.0, 0.0, 1.0, 1.0]
    found.live()
    assert found.value("treated") == 12.0
    assert found.value("active") == 5.0
    assert found.value("completed") == 3.0 + 2.0  # cohorts 0 and 1 are through at grid point 3
    assert found.value("left") == 2.0 + 2.0
    found.live(stop=2)  # whoever is in service then leaves: cohort 1's two completers and one more
    assert found.value("completed") == 3.0
    assert found.value("left") == 2.0 + 4.0 + 2.0


def test_money_of_persons():
    found = case(
        {
            "all": {"person": {"event": 100.0}, "cap": 250.0},
            "new": {"person": {"event": 100.0}, "cap": 250.0, "basis": "vintage"},
        },
        dates={"first": 2, "second": 4, "third": 6},
        outcomes={"event": {"kind": "event", "good": "higher", "level": 0.5, "trials": 4}},
    )
    found.measured("event", 10.0, 30.0, expected=35.0).measured("event", 5.0, 8.0, v=1)
    found.people.person[:, 0] = 2_100.0
    found.people.person[:, 1] = 700.0
    found.live()
    assert [found.value("all", e) for e in range(3)] == [2_100.0, 2_800.0, 2_800.0]
    assert [found.value("new", e) for e in range(2)] == [2_100.0, 700.0]
    assert found.missing("new", 2) == Missing.NO_DATA
    found.live(true_mode=1)
    assert found.value("all", 0) == 2_500.0  # 3,500 expected, but ten clients earn 2,500 at most


def test_true_mode_sees_expectations_and_no_errors_of_evaluation():
    rule = {"significance": {"alpha": 0.001}, "minimum_sample": 10_000}
    found = case(
        {
            "rct": outcome("difference", "rct", **rule),
            "matched": outcome("relative_reduction", "matched", bias=0.5, **rule),
            "historical": outcome("averted", "historical", comparison=0.9, bias=7.0, trend=0.3),
            "total": outcome("total", "validated", bias=3.0),
            "control": outcome("mean", "rct", arm="control"),
            "nobody": outcome("difference", "rct", basis="vintage"),
        },
        dates={"first": 2, "second": 4},
    )
    found.measured("event", 100.0, 50.0, expected=12.0, without=20.0)
    found.measured("event", 60.0, 60.0, arm=CONTROL, expected=15.0)
    found.measured("event", 80.0, 0.0, arm=MATCHED, expected=16.0)
    found.live(true_mode=1)
    assert found.value("rct") == pytest.approx(0.08, **CLOSE)
    assert found.value("matched") == pytest.approx(0.4, **CLOSE)
    assert found.value("historical") == pytest.approx(8.0, **CLOSE)
    assert found.value("total") == 12.0
    assert found.value("control") == 0.25
    assert found.missing("nobody", 1) == Missing.NO_DATA


def test_given_measures_replace_what_was_found():
    found = with_arms(
        {
            "twice": {"blend": {"d": 2.0}},
            "d": outcome("difference", "rct"),
            "t": outcome("total", "validated"),
        },
        dates={"first": 2, "second": 4},
    )
    found.live({"d": [np.nan, 0.35]})
    assert found.value("twice", 0) == pytest.approx(0.4, **CLOSE)
    assert found.value("twice", 1) == 0.7
    assert found.value("t", 1) == 10.0


def test_nothing_is_carried_from_one_path_to_the_next():
    found = with_arms({"d": outcome("difference", "rct"), "t": outcome("total", "validated")})
    found.live()
    before = found.cash.value.copy()
    found.live({"d": 0.9})
    found.live()
    assert (found.cash.value == before).all()
