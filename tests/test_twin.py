"""The kernels against the slow twin, path by path: every count exactly, every dollar to 1e-9."""

from pathlib import Path

import numpy as np
import pytest

from pfs_sim.model.evaluation import OutcomeMeasure
from pfs_sim.model.scenario import Scenario
from pfs_sim.plan.row import SOURCES
from pfs_sim.reading import load
from pfs_sim.simulate import nothing_given
from pfs_sim.tables.state import TREATED
from tests.generate import scenario
from tests.naive import live_path
from tests.people_case import deal
from tests.twin import COUNTS, Kernels, differences, forget_ages

SHIPPED = sorted(Path("scenarios").glob("*.yaml"))
BLOCK = 10


def generated(i):
    return Scenario.model_validate(scenario(i))


def check(block, paths, **options):
    """Every deal of a block on some paths; all differences at once, by deal and path."""
    found = {}
    for i in range(BLOCK * block, BLOCK * (block + 1)):
        deal = generated(i)
        kernels = Kernels(deal, frozen=options.get("frozen", ()))
        for path in paths:
            differ = differences(deal, path, kernels=kernels, **options)
            if differ:
                found[i, path] = differ
    assert not found


@pytest.mark.parametrize("block", range(20))
def test_generated_deals(block):
    check(block, (0, 1, 1_000_003))


@pytest.mark.parametrize("block", range(20, 24))
def test_generated_deals_without_chance_anywhere(block):
    check(block, (0,), frozen=SOURCES)


@pytest.mark.parametrize("block", range(24, 27))
def test_generated_deals_with_a_source_or_two_frozen(block):
    check(block, (2,), frozen=("chance",))
    check(block, (2,), frozen=("effect", "baseline", "bias", "cost", "payor"))
    check(block, (2,), frozen=("attrition",))
    check(block, (2,), frozen=("enrollment",))


@pytest.mark.parametrize("block", range(27, 31))
def test_generated_deals_paid_on_the_truth(block):
    check(block, (0,), true_mode=True)


@pytest.mark.parametrize("block", range(31, 33))
def test_generated_deals_with_given_measures(block):
    for i in range(BLOCK * block, BLOCK * (block + 1)):
        deal = generated(i)
        given = nothing_given(deal)
        for m, measure in enumerate(deal.evaluation.measures.values()):
            if isinstance(measure, OutcomeMeasure):
                given[m, -1] = 0.3 * m
        assert not differences(deal, given=given), i


@pytest.mark.parametrize("source", SOURCES)
def test_a_source_with_a_seed_of_its_own(source):
    assert not differences(generated(7), 3, seeds={source: 5})


@pytest.mark.parametrize("file", SHIPPED, ids=lambda file: file.stem)
def test_shipped_scenarios(file):
    deal = load(file).scenario
    kernels = Kernels(deal)
    for path in (0, 1):
        assert not differences(deal, path, kernels=kernels), path
    assert not differences(deal, frozen=SOURCES)
    assert not differences(deal, true_mode=True, kernels=kernels)


def test_generated_deals_meet_what_they_should():
    """A generator that never stops a program or never pays would check little."""
    stopped = expanded = paid = 0
    for i in range(60):
        cash = live_path(generated(i)).cash
        stopped += cash["events"][1] > 0
        expanded += cash["events"][2] < 1000
        paid += any(map(any, cash["paid"]))
    assert stopped >= 4
    assert expanded >= 3
    assert paid >= 30


@pytest.mark.verify
@pytest.mark.parametrize("block", range(40, 140))
def test_many_more_generated_deals(block):
    check(block, (0, 1))
    check(block, (0,), frozen=SOURCES)
    check(block, (0,), true_mode=True)


@pytest.mark.jit_off
@pytest.mark.parametrize("i", range(200, 206))
def test_generated_deals_with_and_without_the_compiler(i):
    assert not differences(generated(i))


CROWDS = {
    "referrals": {"per_period": 900.0},
    "assignment": {"method": "simple", "share": 0.5},
    "attrition": {
        "hazard": {"kind": "piecewise", "leave": [0.03, 0.3, 0.05]}, "no_show": 0.1, "control": 0.4
    },
}
TYPES = {"a": {"share": 0.2, "hazard": 0.5}, "b": {"share": 0.5}, "c": {"share": 0.3}}
PLACES = {"duration": 3, "teams": {"a": {"caseload": 2_500}, "b": {"caseload": 700, "start": 2}}}


@pytest.mark.parametrize("per_period", [140.0, 900.0, 6_000.0, 400_000.0])
@pytest.mark.parametrize("service", [{"duration": 3}, PLACES], ids=["room", "places"])
@pytest.mark.parametrize("types", [{}, {"types": TYPES}], ids=["alike", "types"])
@pytest.mark.parametrize("frozen", [(), ("enrollment",), ("attrition",)], ids=str)
def test_many_people(per_period, service, types, frozen):
    """Cohorts that are spread sixty-four by sixty-four, and those that are drawn as crowds."""
    referrals = {"referrals": {"per_period": per_period}}
    found = Scenario.model_validate(
        deal(program=CROWDS | referrals | {"service": service} | types)
    )
    kernels = Kernels(found, frozen=frozen)
    for path in (0, 1):
        assert not differences(found, path, kernels=kernels, frozen=frozen)


MEASURED = {
    "outcomes": {"event": {"kind": "event", "good": "lower", "level": 0.4, "window": "1 periods"}},
    "evaluation": {
        "dates": {"final": 8},
        "measures": {
            "units": {
                "outcome": "event", "statistic": "difference", "design": "rct",
                "sample": "completed",
            }
        },
    },
}


@pytest.mark.parametrize("per_period", [30.0, 140.0, 900.0, 6_000.0])
@pytest.mark.parametrize("types", [{}, {"types": TYPES}], ids=["alike", "types"])
@pytest.mark.parametrize("frozen", [(), ("attrition",)], ids=str)
def test_ages_that_nobody_looks_at_move_nobody(per_period, types, frozen):
    """When controls leave is not drawn where only those who completed are measured."""
    referrals = {"referrals": {"per_period": per_period}}
    words = deal(program=CROWDS | referrals | {"service": {"duration": 3}} | types) | MEASURED
    found = Scenario.model_validate(words)
    kernels = Kernels(found, frozen=frozen)
    program = kernels.compiled.plan.people.program[0]
    assert not program.control_ages
    assert not differences(found, 0, kernels=kernels, frozen=frozen)
    without, cash, _ = kernels.live(1)
    program.control_ages = 1
    people, also, _ = kernels.live(1)
    assert not differences(found, 0, kernels=kernels, frozen=frozen)
    people["exits"] = forget_ages(people["exits"])
    for mine, theirs in ((without, people), (cash, also)):
        for name, array in mine.items():
            assert np.allclose(array, theirs[name], rtol=1e-12, atol=1e-9, equal_nan=True), name
            assert frozen or name not in COUNTS or (array == theirs[name]).all(), name


@pytest.mark.parametrize("per_period", [100.0, 600.0, 2_500.0, 20_000.0])
def test_people_leave_as_the_law_says(per_period):
    """A multinomial, however it is drawn: means, variances and covariances of ages by cohort."""
    program = CROWDS | {"referrals": {"per_period": per_period}, "service": {"duration": 3}}
    kernels = Kernels(Scenario.model_validate(deal(program=program)))
    law, found = np.array([0.1, 0.9 * 0.03, 0.9 * 0.97 * 0.3, 0.9 * 0.97 * 0.7 * 0.05]), []
    for path in range(400):
        exits = kernels.live(path)[0]["exits"][:, TREATED, 0]
        people = exits.sum(axis=-1)
        exits, people = exits[people > 0], people[people > 0]
        found.append((exits[:, :4] - people[:, None] * law) / np.sqrt(people)[:, None])
    residuals = np.concatenate(found)
    wanted = np.diag(law) - np.outer(law, law)
    errors = np.sqrt(np.diag(wanted) / len(residuals))
    assert (np.abs(residuals.mean(axis=0)) < 4.5 * errors).all()
    products = residuals[:, :, None] * residuals[:, None, :]
    spread = products.std(axis=0) / np.sqrt(len(residuals))
    assert (np.abs(products.mean(axis=0) - wanted) < 4.5 * spread).all()
