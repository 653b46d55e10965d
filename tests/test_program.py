"""Referral, assignment, service and leaving: worked by hand, at expectations and on paths."""

import math

import numpy as np
import pytest

from pfs_sim.plan.program import hazard_growth
from pfs_sim.plan.row import SOURCES
from pfs_sim.tables.people import Source
from pfs_sim.tables.state import CONTROL, NEVER, TREATED
from tests.people_case import EVENT, PERIODS, Case, arrays, expected, program, same, trial

EVERYTHING = {
    "referrals": {"per_period": 30.0, "dispersion": 5.0, "ramp": {"periods": 3, "from": 0.2}},
    "eligible": 0.8,
    "consent": 0.9,
    "target": 60,
    "assignment": {"method": "blocked", "share": 0.75, "block": 8},
    "service": {"duration": 3, "teams": {"a": {"caseload": 20}, "b": {"caseload": 15, "start": 3}}},
    "attrition": {"hazard": {"kind": "weibull", "shape": 1.3, "scale": 1.0}, "no_show": 0.1},
    "types": {
        "easy": {"share": 0.6, "hazard": 0.5},
        "hard": {"share": 0.4, "hazard": 2.0, "level": {"event": 0.7}},
    },
}


def hazard(kind, **keys):
    return {"hazard": {"kind": kind} | {k: v for k, v in keys.items() if k not in LEAVING}} | {
        k: v for k, v in keys.items() if k in LEAVING
    }


LEAVING = {"multiplier", "link", "control", "no_show"}


def survivors(**attrition):
    """Expected clients in service in each period after the first, of 100 enrolled in it."""
    people = expected(
        program=program(
            referrals={"per_period": [100.0]}, service={"duration": 4}, attrition=attrition
        )
    )
    return people.active[:5]


def test_sources_are_named_in_one_order():
    assert [source.name.lower() for source in Source] == list(SOURCES[: len(Source)])


# --- who comes


@pytest.mark.jit_off
def test_referrals_ramp_up_inside_the_window():
    people = expected(
        program=program(
            referrals={"per_period": 100.0, "ramp": {"periods": 4, "from": 0.2}},
            window_start=1,
            window_end="2021-07-01",
            eligible=0.5,
            consent=0.8,
        )
    )
    assert people.referred == pytest.approx([0, 20, 40, 60, 80, 100, 0, 0])
    assert people.eligible == pytest.approx(0.4 * people.referred)
    assert list(people.open) == [1, 1, 1, 1, 1, 1, 0, 0]


def test_a_list_of_referrals_ends_and_is_multiplied():
    case = Case(
        frozen=SOURCES,
        program=program(referrals={"per_period": [5.0, 7.0], "multiplier": 2.0}),
    )
    assert list(case.live().referred) == [10, 14, 0, 0, 0, 0, 0, 0]


def test_nobody_is_drawn_where_nobody_can_come():
    people = Case(program=program(referrals={"per_period": 0.0})).live()
    assert not any(array.any() for name, array in arrays(people).items() if name != "open")


# --- who is admitted


@pytest.mark.jit_off
def test_places_fill_and_free_up_and_the_rest_wait():
    people = expected(
        program=program(service={"duration": 2, "teams": {"a": {"caseload": 130}}}, window_end=5)
    )
    # 100 enter; 30 more find a place; then 100 places come free, and 30, in turn.
    assert people.enrolled[TREATED] == pytest.approx([100, 30, 100, 30, 100, 0, 0, 0])
    assert people.active == pytest.approx([100, 130, 130, 130, 130, 100, 0, 0])
    assert people.waiting == pytest.approx([0, 70, 70, 140, 140, 0, 0, 0])
    assert people.turned_away == pytest.approx([0, 0, 0, 0, 0, 140, 0, 0])
    assert people.completed == pytest.approx([0, 0, 100, 30, 100, 30, 100, 0, 0])


def test_whoever_finds_no_place_is_lost_if_the_scenario_says_so():
    service = {"duration": 2, "teams": {"a": {"caseload": 130}}, "overflow": "lost"}
    people = expected(program=program(service=service))
    assert people.enrolled[TREATED] == pytest.approx([100, 30, 100, 30, 100, 30, 100, 30])
    assert people.turned_away == pytest.approx([0, 70, 0, 70, 0, 70, 0, 70])
    assert not people.waiting.any()


def test_teams_start_on_their_dates():
    teams = {"a": {"caseload": 10}, "b": {"teams": 3, "caseload": 20, "start": "2020-10-01"}}
    people = expected(program=program(service={"duration": 8, "teams": teams}))
    assert list(people.enrolled[TREATED]) == [10, 0, 0, 60, 0, 0, 0, 0]


def test_controls_keep_their_share_of_the_places():
    people = expected(program=trial(service={"duration": 2, "teams": {"a": {"caseload": 20}}}))
    assert people.enrolled[TREATED] == pytest.approx([20, 0] * 4)
    assert people.enrolled[CONTROL] == pytest.approx([20, 0] * 4)


def test_intake_is_limited_in_both_arms_together():
    people = expected(program=trial(intake_limit=30))
    assert people.enrolled.sum(axis=0) == pytest.approx([30] * 8)
    assert people.waiting == pytest.approx(70 * np.arange(1, 9))


@pytest.mark.parametrize("method", ["simple", "blocked"])
@pytest.mark.parametrize("limit", [{}, {"teams": {"a": {"caseload": 60}}}])
def test_enrollment_ends_at_the_target_of_both_arms(method, limit):
    design = {"method": method, "share": 0.6, "block": 5}
    case = Case(program=program(assignment=design, target=90, service={"duration": 1} | limit))
    for path in range(20):
        people = case.live(path)
        assert people.enrolled.sum(axis=1).tolist() == [60.0, 90.0]
        assert people.eligible.sum() == pytest.approx(
            people.enrolled.sum() + people.turned_away.sum() + people.waiting[-1]
        )


def test_the_target_is_reached_at_expectations_whatever_rounding_does():
    people = expected(program=trial(target=31, referrals={"per_period": 10.3}))
    assert people.enrolled.sum(axis=1) == pytest.approx([31.0, 31.0])
    assert list(people.open) == [1, 1, 1, 1, 1, 1, 1, 0]
    assert people.waiting[-1] == 0.0


def test_an_open_trial_has_no_target():
    people = expected(program=trial())
    assert people.enrolled == pytest.approx(np.full((2, 8), 50.0))


# --- blocks


@pytest.mark.jit_off
def test_blocks_give_exact_shares_and_carry_over_periods():
    design = {"method": "blocked", "share": 0.75, "block": 8}
    case = Case(program=program(assignment=design, referrals={"per_period": 3.0}))
    for path in range(6):
        people = case.live(path)
        enrolled = np.cumsum(people.enrolled.sum(axis=0))
        treated = np.cumsum(people.enrolled[TREATED])
        # After n people, whole blocks have six of eight; the running one at most its own six.
        whole, part = np.divmod(enrolled, 8)
        assert np.all(treated >= 6 * whole + np.maximum(0, part - 2))
        assert np.all(treated <= 6 * whole + np.minimum(6, part))


def test_blocks_of_one_period_are_exact():
    design = {"method": "blocked", "share": 0.25, "block": 4}
    case = Case(
        program=program(
            assignment=design, referrals={"per_period": [200.0]}, intake_limit=40, eligible=1.0
        )
    )
    for path in range(10):
        people = case.live(path)
        assert people.enrolled[:, 0].tolist() == [30.0, 10.0]


@pytest.mark.parametrize("method", ["simple", "blocked"])
def test_places_bind_on_paths_too(method):
    service = {"duration": 2, "teams": {"a": {"caseload": 20}}}
    design = {"method": method, "share": 0.5, "block": 4}
    case = Case(program=program(assignment=design, service=service))
    for path in range(20):
        people = case.live(path)
        assert people.active.max() == 20.0
        assert people.enrolled[TREATED].tolist() == [20, 0] * 4 or method == "simple"
        assert people.enrolled[TREATED].max() <= 20.0


# --- who stays


@pytest.mark.jit_off
def test_an_exponential_hazard():
    left = survivors(**hazard("exponential", rate=0.8))
    assert left == pytest.approx([*(100 * math.exp(-0.2 * a) for a in range(4)), 0])


def test_a_weibull_hazard_multiplied():
    left = survivors(**hazard("weibull", shape=1.7, scale=0.9, multiplier=1.5))
    assert left[:4] == pytest.approx(
        [100 * math.exp(-1.5 * (a / 4 / 0.9) ** 1.7) for a in range(4)]
    )


def test_a_piecewise_hazard_holds_its_last_value():
    left = survivors(**hazard("piecewise", leave=[0.5, 0.1]))
    assert left[:4] == pytest.approx([100, 50, 45, 40.5])
    half = survivors(**hazard("piecewise", leave=[0.5, 0.1], multiplier=0.5))
    assert half[:4] == pytest.approx([100 * math.sqrt(s) for s in (1, 0.5, 0.45, 0.405)])


def test_everyone_leaves_or_nobody_does():
    assert survivors(**hazard("piecewise", leave=[0.0, 1.0]))[:4] == pytest.approx([100, 100, 0, 0])
    nobody = hazard("piecewise", leave=[1.0], multiplier=0.0)
    assert survivors(**nobody)[:4] == pytest.approx([100] * 4)


def test_a_multiplier_of_the_odds():
    left = survivors(**hazard("piecewise", leave=[0.2, 0.5, 1.0], multiplier=3.0, link="logit"))
    assert left[:4] == pytest.approx([100, 100 * 4 / 7, 100 * 4 / 7 / 4, 0])


def test_stated_retention_is_met_at_its_times():
    left = survivors(**hazard("retention", at={"3 months": 0.9, "9 months": 0.4}))
    slope = math.log(0.9 / 0.4) / 2
    assert left[:4] == pytest.approx([100, 90, 90 * math.exp(-slope), 40])
    # Times between grid points are met exactly, and the last hazard goes on.
    left = survivors(**hazard("retention", at={"4 months": 0.7}))
    assert left[:4] == pytest.approx([100 * 0.7 ** (a * 3 / 4) for a in range(4)])
    left = survivors(**hazard("retention", at={"1": 0.7, "2": 0.7}))
    assert left[:4] == pytest.approx([100, 70, 70, 70])


def test_retention_may_end_at_nobody():
    growth = hazard_growth(
        Case(
            program=program(attrition=hazard("retention", at={"1": 0.5, "2": 0.0}))
        ).scenario.program.attrition,
        Case().scenario.clock,
        4,
    )
    assert growth[0] == pytest.approx(math.log(2.0))
    assert list(growth[1:]) == [math.inf] * 3


def test_no_shows_are_never_in_service():
    people = expected(
        program=program(
            referrals={"per_period": [100.0]},
            attrition=hazard("piecewise", leave=[0.5, 0.0], no_show=0.2),
        )
    )
    assert people.exits[0, TREATED, 0] == pytest.approx([20, 40, 0, 40])
    assert people.active[:3] == pytest.approx([80, 40, 0])
    assert people.left[:3] == pytest.approx([0, 40, 0])
    assert people.completed[:3] == pytest.approx([0, 0, 40])


def test_controls_drop_out_by_their_own_factor():
    people = expected(
        program=trial(
            referrals={"per_period": [200.0]},
            attrition=hazard("piecewise", leave=[0.19], control=0.5, no_show=0.5),
        )
    )
    assert people.exits[0, CONTROL, 0] == pytest.approx([0, 10, 9, 81])
    assert people.left.sum() == pytest.approx(50 * 0.19 * 1.81)


def test_types_split_and_leave_at_their_own_rate():
    kinds = {
        "a": {"share": 0.5, "hazard": 1.0},
        "b": {"share": 0.3, "hazard": 2.0},
        "c": {"share": 0.2, "hazard": 4.0},
    }
    people = expected(
        program=program(
            referrals={"per_period": [100.0]},
            types=kinds,
            attrition=hazard("piecewise", leave=[0.1]),
        )
    )
    assert people.enrolled_type[:, 0] == pytest.approx([50, 30, 20])
    assert people.active_type[:, 1] == pytest.approx([45, 30 * 0.81, 20 * 0.9**4])
    assert people.active == pytest.approx(people.active_type.sum(axis=0))


# --- stops and expansions


@pytest.mark.jit_off
def test_a_stop_sends_home_whoever_is_in_service():
    case = Case(frozen=SOURCES, program=program(service={"duration": 3}))
    people = case.live(stop=4)
    assert people.enrolled[TREATED] == pytest.approx([100] * 4 + [0] * 4)
    assert people.active == pytest.approx([100, 200, 300, 300, 0, 0, 0, 0])
    assert people.completed == pytest.approx([0, 0, 0, 100, 100, 0, 0, 0, 0])
    assert people.left == pytest.approx([0, 0, 0, 0, 200, 0, 0, 0, 0])
    assert people.turned_away[4:] == pytest.approx([100] * 4)


@pytest.mark.parametrize("stop", [1, 3, 5, PERIODS])
def test_a_stop_changes_nothing_before_it(stop):
    case = Case(program=EVERYTHING)
    for path in range(5):
        free, stopped = arrays(case.live(path)), arrays(case.live(path, stop=stop))
        for name in ("referred", "eligible", "enrolled", "active", "waiting", "turned_away"):
            assert np.array_equal(free[name][..., :stop], stopped[name][..., :stop])
        assert np.array_equal(free["exits"][:stop], stopped["exits"][:stop])
        assert not stopped["active"][stop:].any()
        exited = stopped["completed"].sum() + stopped["left"].sum()
        served = stopped["exits"][:stop, TREATED, :, 1:].sum()
        assert exited == served or stop == PERIODS


def test_an_expansion_raises_target_and_window_from_its_date():
    trigger = {"action": "expand", "at": [3], "target": 450, "window_end": 7}
    contract = {
        "terms": {"pay": {"measure": "units", "schedule": {"kind": "rate", "price": 1.0}}},
        "triggers": {"more": trigger},
    }
    case = Case(frozen=SOURCES, program=program(target=150, window_end=4), contract=contract)
    assert list(case.live().enrolled[TREATED]) == [100, 50, 0, 0, 0, 0, 0, 0]
    assert list(case.live(expand=3).enrolled[TREATED]) == [100, 50, 0, 100, 100, 100, 0, 0]
    assert list(case.live(expand=3).referred) == [100] * 7 + [0]


# --- addresses


def test_paths_stand_alone():
    case = Case(program=EVERYTHING)
    third = arrays(case.live(3))
    case.live(4)
    assert same(third, arrays(case.live(3)))
    assert same(third, arrays(Case(program=EVERYTHING).live(3)))
    assert not same(third, arrays(case.live(4)))


def test_the_contract_and_the_outcomes_leave_the_program_alone():
    plain = arrays(Case(program=EVERYTHING).live(2))
    contract = {
        "cap": 5.0,
        "terms": {
            "other": {"measure": "units", "schedule": {"kind": "rate", "price": 3.0}},
            "pay": {"measure": "units", "schedule": {"kind": "rate", "price": 1.0}},
        },
    }
    assert same(plain, arrays(Case(program=EVERYTHING, contract=contract).live(2)))
    more = {"another": EVENT | {"window": 3}, "event": EVENT}
    other = arrays(Case(program=EVERYTHING, outcomes=more).live(2))
    for name in ("referred", "eligible", "enrolled", "exits", "active", "turned_away"):
        assert np.array_equal(plain[name], other[name])
    assert np.array_equal(plain["y"][0], other["y"][1])


def test_later_referrals_do_not_move_earlier_people():
    long = [20.0, 30.0, 25.0, 60.0]
    a = arrays(Case(program=program(referrals={"per_period": long})).live(1))
    b = arrays(Case(program=program(referrals={"per_period": long[:3]})).live(1))
    assert np.array_equal(a["exits"][:3], b["exits"][:3])


# --- what balances on every path


@pytest.mark.parametrize("overflow", ["wait", "lost"])
def test_everybody_is_somewhere(overflow):
    service = EVERYTHING["service"] | {"overflow": overflow}
    case = Case(program=EVERYTHING | {"service": service})
    for path in range(50):
        people = case.live(path)
        waiting = np.concatenate([[0.0], people.waiting[:-1]])
        came = people.eligible + waiting
        gone = people.enrolled.sum(axis=0) + people.turned_away + people.waiting
        assert np.array_equal(came, gone)
        assert np.array_equal(people.exits.sum(axis=(2, 3)).T, people.enrolled)
        assert np.array_equal(people.enrolled_type.sum(axis=0), people.enrolled[TREATED])
        assert np.all(people.active[:3] <= 20) and np.all(people.active <= 35)
        assert np.all(people.eligible <= people.referred)
        for array in arrays(people).values():
            assert np.all(array >= 0.0)
        for name in ("referred", "eligible", "enrolled", "active", "exits", "completed", "left"):
            assert np.array_equal(getattr(people, name), np.round(getattr(people, name)))


def test_frozen_attrition_keeps_whole_people_at_the_door():
    case = Case(frozen=("attrition",), program=EVERYTHING | {"assignment": {"method": "none"}})
    people = case.live(5)
    assert np.array_equal(people.enrolled, np.round(people.enrolled))
    assert not np.array_equal(people.active, np.round(people.active))


def test_two_ways_to_state_types_are_too_many():
    kinds = {"a": {"share": 0.5}, "b": {"share": 0.5}}
    with pytest.raises(ValueError, match="one of them"):
        Case(program=program(types=kinds, client_correlation=0.1))
    kinds = {f"t{i}": {"share": 1 / 40} for i in range(40)}
    with pytest.raises(ValueError, match="up to 32"):
        Case(program=program(types=kinds))


def test_never_is_never():
    case = Case(program=EVERYTHING)
    assert same(arrays(case.live(1)), arrays(case.live(1, stop=NEVER, expand=NEVER)))
