"""People against theory: what the samplers add up to in a program and its outcomes.

Each figure is held to |z| < 5.6 with fixed seeds. There are about 130 of them, so a correct
program had a chance below 1e-5 to be called wrong when the seeds were chosen. Sums over paths of
figures that depend on each other within a path are compared as one figure a path.
"""

import math

import numpy as np
import pytest
from scipy import stats

from pfs_sim.tables.state import COMPLETED, CONTROL, LEFT, MATCHED, NO_SHOW, TREATED
from tests.people_case import EVENT, PERIODS, Case, program, trial
from tests.test_outcomes import enumerate_milestones, odds, ways

pytestmark = pytest.mark.verify

LARGEST_Z = 5.6
PATHS = 4000
ONCE = {"per_period": [100.0]}


def hold_mean(values, mean):
    """The mean of independent values is what theory says."""
    values = np.asarray(values, dtype=float)
    error = values.std(axis=0, ddof=1) / math.sqrt(len(values))
    z = (values.mean(axis=0) - mean) / np.maximum(error, 1e-12)
    assert np.all(np.abs(z) < LARGEST_Z), z


def hold_variance(values, mean, variance):
    """The variance about the theoretical mean is what theory says."""
    hold_mean((np.asarray(values, dtype=float) - mean) ** 2, variance)


def hold_law(values, mass, at):
    """Whole numbers follow the law `mass` over the points `at`, the tails pooled."""
    observed = np.array([np.sum(values == x) for x in at], dtype=float)
    expected = len(values) * np.array(mass)
    observed = np.append(observed, len(values) - observed.sum())
    expected = np.append(expected, len(values) - expected.sum())
    keep = expected > 5
    observed = np.append(observed[keep], observed[~keep].sum())
    expected = np.append(expected[keep], expected[~keep].sum())
    if expected[-1] < 5:
        observed, expected = observed[:-1], expected[:-1]
    p = stats.chi2.sf(((observed - expected) ** 2 / expected).sum(), len(expected) - 1)
    assert p > 2e-8, p


# --- who comes


def test_thinned_arrivals_are_poisson_by_arm():
    case = Case(
        program=program(
            referrals={"per_period": 12.0},
            eligible=0.7,
            consent=0.6,
            assignment={"method": "simple", "share": 0.3},
        )
    )
    enrolled = case.many(PATHS, lambda p: p.enrolled[:, 0])
    for arm, mean in ((TREATED, 12 * 0.42 * 0.3), (CONTROL, 12 * 0.42 * 0.7)):
        at = np.arange(15)
        hold_law(enrolled[:, arm], stats.poisson.pmf(at, mean), at)
    assert abs(np.corrcoef(enrolled.T)[0, 1]) * math.sqrt(PATHS) < LARGEST_Z
    totals = case.many(PATHS // 2, lambda p: [p.referred.sum(), p.eligible.sum(), p.enrolled.sum()])
    for total, mean in zip(totals.T, (96.0, 40.32, 40.32), strict=True):
        hold_mean(total, mean)
        hold_variance(total, mean, mean)
    assert np.array_equal(totals[:, 1], totals[:, 2])


def test_dispersed_referrals():
    case = Case(program=program(referrals={"per_period": 20.0, "dispersion": 4.0}))
    came = case.many(PATHS, lambda p: p.referred[:2])
    for t in range(2):
        hold_mean(came[:, t], 20.0)
        hold_variance(came[:, t], 20.0, 20.0 + 400.0 / 4.0)
    hold_mean((came[:, 0] - 20) * (came[:, 1] - 20), 0.0)
    at = np.arange(80)
    hold_law(came[:, 0], stats.nbinom.pmf(at, 4, 4 / 24), at)


def test_enrollment_cut_off_at_its_target():
    case = Case(program=program(referrals={"per_period": 10.0}, target=75))
    enrolled = case.many(PATHS, lambda p: [p.enrolled.sum(), p.enrolled[TREATED, 7]])
    k = np.arange(400)
    mean = np.minimum(k, 75) @ stats.poisson.pmf(k, 80.0)
    hold_mean(enrolled[:, 0], mean)
    second = np.minimum(k, 75) ** 2 @ stats.poisson.pmf(k, 80.0)
    hold_variance(enrolled[:, 0], mean, second - mean**2)
    before = np.minimum(k, 75) @ stats.poisson.pmf(k, 70.0)
    hold_mean(enrolled[:, 1], mean - before)


def test_places_that_are_full_turn_people_away():
    service = {"duration": 1, "teams": {"a": {"caseload": 10}}, "overflow": "lost"}
    case = Case(program=program(referrals={"per_period": 10.0}, service=service))
    served = case.many(PATHS, lambda p: p.enrolled[TREATED, 3])
    k = np.arange(100)
    hold_mean(served, np.minimum(k, 10) @ stats.poisson.pmf(k, 10.0))


def test_coins_at_the_door_of_a_full_program():
    """Controls admitted until the sixth treated person comes: negative binomial."""
    service = {"duration": 8, "teams": {"a": {"caseload": 5}}}
    case = Case(program=trial(referrals={"per_period": [400.0]}, service=service))
    controls = case.many(PATHS, lambda p: p.enrolled[CONTROL, 0])
    at = np.arange(40)
    hold_law(controls, stats.nbinom.pmf(at, 6, 0.5), at)


def test_blocks_are_in_random_order():
    design = {"method": "blocked", "share": 0.5, "block": 4}
    case = Case(program=program(assignment=design, referrals={"per_period": 30.0}, intake_limit=2))
    first = case.many(PATHS, lambda p: p.enrolled[TREATED, :4])
    # Two of a block of four: hypergeometric; the rest of the block comes in the next period.
    hold_law(first[:, 0], [1 / 6, 4 / 6, 1 / 6], [0, 1, 2])
    assert np.array_equal(first[:, 0] + first[:, 1], np.full(PATHS, 2.0))
    hold_law(first[:, 2], [1 / 6, 4 / 6, 1 / 6], [0, 1, 2])
    hold_mean((first[:, 0] - 1) * (first[:, 2] - 1), 0.0)


def test_types_are_multinomial():
    shares = np.array([0.2, 0.5, 0.3])
    kinds = {name: {"share": share} for name, share in zip("abc", shares, strict=True)}
    case = Case(program=program(referrals={"per_period": [50.0]}, types=kinds))
    found = case.many(PATHS, lambda p: p.enrolled_type[:, 0])
    # Poisson arrivals split into types are independent Poisson.
    for y, share in enumerate(shares):
        hold_mean(found[:, y], 50 * share)
        hold_variance(found[:, y], 50 * share, 50 * share)
    centered = found - 50 * shares
    hold_mean(centered[:, 0] * centered[:, 1], 0.0)
    hold_mean(centered[:, 1] * centered[:, 2], 0.0)


# --- who stays


def test_survival_in_service():
    hazard = {"kind": "weibull", "shape": 1.6, "scale": 1.2}
    case = Case(
        program=program(
            referrals={"per_period": [80.0]},
            service={"duration": 5},
            attrition={"hazard": hazard, "multiplier": 1.4, "no_show": 0.15},
        )
    )
    active = case.many(PATHS, lambda p: [*p.active[:5], p.completed[5], p.exits[0, 1, 0, 0]])
    alive = 0.85 * np.exp(-1.4 * (np.arange(6) / 4 / 1.2) ** 1.6)
    for a, share in enumerate([*alive, 0.15]):
        hold_mean(active[:, a], 80 * share)
        hold_variance(active[:, a], 80 * share, 80 * share)


def test_controls_drop_out_by_chance():
    hazard = {"kind": "piecewise", "leave": [0.3, 0.1]}
    attrition = {"hazard": hazard, "control": 0.5}
    case = Case(program=trial(referrals={"per_period": [100.0]}, attrition=attrition))
    exits = case.many(PATHS, lambda p: p.exits[0, CONTROL, 0])
    stay = np.sqrt([0.7, 0.9])
    shares = [0.0, 1 - stay[0], stay[0] * (1 - stay[1]), stay[0] * stay[1]]
    for j in (1, 2, 3):
        hold_mean(exits[:, j], 50 * shares[j])
        hold_variance(exits[:, j], 50 * shares[j], 50 * shares[j])


# --- what happens


LAWS = {
    "event": (EVENT, 0.2, 0.16),
    "screens": (EVENT | {"trials": 8}, 1.6, 1.28),
    "misread": (
        EVENT | {"record": {"sensitivity": 0.8, "specificity": 0.9}},
        0.2 * 0.8 + 0.8 * 0.1,
        0.24 * 0.76,
    ),
    "count": ({"kind": "count", "good": "lower", "level": 1.3}, 1.3, 1.3),
    "dispersed": (
        {"kind": "count", "good": "lower", "level": 1.3, "dispersion": 0.7},
        1.3,
        1.3 + 1.69 / 0.7,
    ),
    "amount": (
        {"kind": "amount", "good": "lower", "level": 30.0, "share": 0.4, "shape": 1.5},
        12.0,
        0.4 * 900 * (1 + 1 / 1.5) - 144,
    ),
    "score": ({"kind": "score", "good": "lower", "level": 50.0, "sd": 8.0}, 50.0, 64.0),
}


@pytest.mark.parametrize("name", LAWS)
@pytest.mark.parametrize("arm", [CONTROL, TREATED, MATCHED])
def test_the_law_of_a_cohort(name, arm):
    """The sum less its expectation given the number of clients has that many variances."""
    outcome, mean, variance = LAWS[name]
    case = Case(
        program=trial(referrals={"per_period": [120.0]}),
        outcomes={"it": outcome},
        evaluation=ways("it", design="matched", ratio=2.0),
    )
    found = case.many(PATHS, lambda p: [p.n[0, arm].sum(), p.y[0, arm].sum()])
    z = (found[:, 1] - mean * found[:, 0]) / np.sqrt(variance * found[:, 0])
    hold_mean(z, 0.0)
    hold_variance(z, 0.0, 1.0)


@pytest.mark.parametrize(("cluster", "size"), [(None, 60), (8, 8)])
def test_clusters_widen_an_event(cluster, size):
    outcome = EVENT | {"icc": 0.07, "cluster": cluster, "trials": 2}
    case = Case(
        program=program(referrals={"per_period": 400.0}, target=60),
        outcomes={"it": outcome},
        evaluation=ways("it"),
    )
    hits = case.many(PATHS, lambda p: p.y[0, TREATED].sum())
    sizes = [size] * (60 // size) + ([60 % size] if 60 % size else [])
    variance = sum(2 * s * 0.16 * (1 + (2 * s - 1) * 0.07) for s in sizes)
    hold_mean(hits, 24.0)
    hold_variance(hits, 24.0, variance)


def test_effects_and_doses_on_paths():
    outcome = EVENT | {"effect": -1.0, "drift": 0.3}
    case = Case(
        program=trial(
            attrition={"hazard": {"kind": "piecewise", "leave": [0.4, 0.2]}, "no_show": 0.1},
            dose_response=[[0.0, 0.0], [0.5, 0.8], [1.0, 1.0]],
        ),
        outcomes={"it": outcome},
        evaluation=ways("it"),
    )
    found = case.many(PATHS, lambda p: [*p.y[0, TREATED].sum(axis=1), p.y[0, CONTROL].sum()])
    # Doses: a quarter (effect 0.4), three quarters (0.9), all.
    for c, groups in (
        (NO_SHOW, [(5.0, 0.0)]),
        (LEFT, [(18.0, 0.4), (5.4, 0.9)]),
        (COMPLETED, [(21.6, 1.0)]),
        (3, [(50.0, 0.0)]),
    ):
        mean = sum(n * odds(0.2, 0.075 * t - d) for n, d in groups for t in range(PERIODS))
        hold_mean(found[:, c], mean)
        hold_variance(found[:, c], mean, mean)


def test_loss_to_follow_up_by_arm():
    outcome = EVENT | {"loss": {"treated": 0.35, "control": 0.1}}
    case = Case(program=trial(referrals=ONCE), outcomes={"it": outcome}, evaluation=ways("it"))
    found = case.many(PATHS, lambda p: [p.n[0, a].sum() for a in (0, 1)] + [p.y[0, 1].sum()])
    for value, mean in zip(found.T, (45.0, 32.5, 6.5), strict=True):
        hold_mean(value, mean)
        hold_variance(value, mean, mean)


def test_a_chain_of_outcomes():
    outcomes = {
        "first": EVENT | {"level": 0.6, "loss": {"treated": 0.2}},
        "then": EVENT | {"level": 0.5, "after": "first", "loss": {"treated": 0.1}},
        "last": {"kind": "count", "good": "lower", "level": 2.0, "after": "then"},
    }
    case = Case(program=program(referrals=ONCE), outcomes=outcomes, evaluation=ways("last"))
    found = case.many(PATHS, lambda p: [*p.y[:, 1].sum(axis=(1, 2)), p.n[2, 1].sum()])
    kept = [100 * 0.8 * 0.6, 100 * 0.8 * 0.6 * 0.9 * 0.5]
    for value, mean in zip(found.T, (*kept, 2 * kept[1], kept[1]), strict=True):
        hold_mean(value, mean)
    for k in (0, 1):
        hold_variance(found[:, k], kept[k], kept[k])
    hold_variance(found[:, 2], 2 * kept[1], kept[1] * (2 + 4))


@pytest.mark.parametrize(("qualify", "limit"), [(0, None), (3, None), (2, 2), (0, 1)])
def test_milestones_on_paths(qualify, limit):
    outcome = {
        "kind": "milestone",
        "good": "higher",
        "level": 0.45,
        "qualify": qualify,
        "limit": limit,
    }
    case = Case(
        program=program(referrals=ONCE, service={"duration": 4}),
        outcomes={"it": outcome},
        evaluation=ways("it", {f"e{t}": t for t in range(1, 6)}),
    )
    found = case.many(PATHS, lambda p: p.y[0, TREATED, COMPLETED])
    credited = enumerate_milestones(0.45, 4, qualify, limit)
    for a, share in enumerate(credited[:4]):
        hold_mean(found[:, a], 100 * share)
    # One client's total, squared: the variance of a Poisson number of clients.
    hits = np.minimum(np.arange(5), limit) if limit is not None else np.arange(5)
    square = hits**2 @ stats.binom.pmf(np.arange(5), 4, 0.45)
    hold_variance(found.sum(axis=1), 100 * sum(credited), 100 * square)


def test_clients_drawn_one_by_one_follow_the_same_laws():
    outcomes = {name: LAWS[name][0] for name in ("event", "dispersed", "amount", "misread")}
    prices = dict.fromkeys(outcomes, 1.0)
    evaluation = {"dates": {"a": 8}, "measures": {"units": {"person": prices, "cap": 1e9}}}
    case = Case(program=trial(referrals=ONCE), outcomes=outcomes, evaluation=evaluation)
    for arm in (CONTROL, TREATED):
        found = case.many(PATHS // 2, lambda p, a=arm: [p.n[0, a].sum(), *p.y[:, a].sum((1, 2))])
        for k, name in enumerate(outcomes):
            _, mean, variance = LAWS[name]
            n = found[:, 0]
            z = (found[:, 1 + k] - mean * n) / np.sqrt(variance * n)
            hold_mean(z, 0.0)
            hold_variance(z, 0.0, 1.0)


def test_a_cap_on_each_client():
    outcomes = {
        "start": EVENT | {"good": "higher", "level": 0.5},
        "days": {"kind": "count", "good": "higher", "level": 3.0},
    }
    prices = {"start": 20.0, "days": 10.0}
    evaluation = {"dates": {"a": 8}, "measures": {"units": {"person": prices, "cap": 45.0}}}
    case = Case(program=program(referrals=ONCE), outcomes=outcomes, evaluation=evaluation)
    paid = case.many(PATHS // 2, lambda p: p.person[0].sum())
    k = np.arange(60)
    law = stats.poisson.pmf(k, 3.0)
    each = [np.minimum(45, 20 * s + 10 * k) for s in (0, 1)]
    mean = 100 * sum(0.5 * (x @ law) for x in each)
    square = 100 * sum(0.5 * (x**2 @ law) for x in each)
    hold_mean(paid, mean)
    hold_variance(paid, mean, square)


# --- the correlation of a client's outcomes


CORRELATION = 0.12


@pytest.mark.parametrize("pair", [("event", "event"), ("event", "screen"), ("screen", "count")])
def test_correlation_put_in_is_correlation_measured(pair):
    """Over fixed numbers of clients: cov of two sums / clients = covariance within a client.

    Events and milestones keep their own variance, so their correlation is the target. A count's
    own noise is on top of its shift, which makes its variance (1 + ρ) times what was stated.
    """
    kinds = {
        "event": EVENT | {"level": 0.4},
        "screen": {"kind": "milestone", "good": "lower", "level": 0.3},
        "count": {"kind": "count", "good": "lower", "level": 3.0},
    }
    own = {"event": 0.24, "screen": 0.21, "count": 3.0}
    mean = {"event": 0.4, "screen": 0.3, "count": 3.0}
    outcomes = {f"o{i}": kinds[kind] for i, kind in enumerate(pair)}
    case = Case(
        program=program(
            referrals={"per_period": 300.0},
            target=100,
            service={"duration": 1},
            client_correlation=CORRELATION,
        ),
        outcomes=outcomes,
        evaluation=ways("o0"),
    )
    sums = case.many(5 * PATHS, lambda p: p.y[:, TREATED].sum(axis=(1, 2)))
    centers = np.array([100 * mean[kind] for kind in pair])
    product = (sums - centers).prod(axis=1)
    hold_mean(product, 100 * CORRELATION * math.sqrt(own[pair[0]] * own[pair[1]]))
    for k, kind in enumerate(pair):
        spread = own[kind] * ((1 + CORRELATION) if kind == "count" else 1.0)
        hold_variance(sums[:, k], centers[k], 100 * spread)


def test_correlation_fattens_the_tail_of_the_total():
    outcomes = {f"o{i}": EVENT | {"level": 0.4} for i in range(4)}
    base = {"referrals": {"per_period": 300.0}, "target": 100, "service": {"duration": 1}}

    def total(**changes):
        case = Case(program=program(**base | changes), outcomes=outcomes, evaluation=ways("o0"))
        return case.many(PATHS, lambda p: p.y[:, TREATED].sum())

    hold_variance(total(), 160.0, 96.0)
    hold_variance(total(client_correlation=0.2), 160.0, 96.0 * (1 + 3 * 0.2))


def test_client_types_cream():
    """Easy clients stay and do well: completers look better than the assigned."""
    kinds = {
        "easy": {"share": 0.5, "hazard": 0.2, "level": {"it": -1.0}},
        "hard": {"share": 0.5, "hazard": 2.0, "level": {"it": 1.0}},
    }
    case = Case(
        program=trial(
            types=kinds,
            referrals=ONCE,
            attrition={"hazard": {"kind": "exponential", "rate": 1.0}},
        ),
        outcomes={"it": EVENT},
        evaluation=ways("it"),
    )
    found = case.many(PATHS, lambda p: [*p.n[0, 1, 1:].sum(axis=1), *p.y[0, 1, 1:].sum(axis=1)])
    stay = np.exp(-0.5 * np.array([0.2, 2.0]))
    level = np.array([odds(0.2, -1.0), odds(0.2, 1.0)])
    for value, mean in zip(
        found.T,
        (
            25 * (1 - stay).sum(),
            25 * stay.sum(),
            25 * (1 - stay) @ level,
            25 * stay @ level,
        ),
        strict=True,
    ):
        hold_mean(value, mean)
        hold_variance(value, mean, mean)
