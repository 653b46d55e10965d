"""Results that are asked for: the bits that they have among all others, and nothing else."""

from pathlib import Path

import numpy as np
import pytest

from pfs_sim.analysis.same_people import find_people
from pfs_sim.errors import InputError
from pfs_sim.metrics.deal import summarize
from pfs_sim.reading import load
from pfs_sim.simulate import simulate
from tests.generate import scenario

SHIPPED = Path(__file__).parents[1] / "scenarios"
CT = SHIPPED / "ct_family_stability.yaml"
PATHS = 70
"""Whole blocks, and some paths more."""


def same_bits(one, other):
    return np.array_equal(one.view(np.int64), other.view(np.int64))


@pytest.mark.parametrize("file", ["ct_family_stability", "rikers_able", "utah_preschool"])
def test_every_result_alone_is_what_it_is_among_all(file):
    deal = load(SHIPPED / f"{file}.yaml")
    whole = simulate(deal, PATHS, 3, threads=1)
    for name in whole.names:
        alone = simulate(deal, PATHS, 3, threads=1, only=[name])
        asked = [name, f"{name}_status"] if name.endswith(".irr") else [name]
        assert alone.names == asked
        for one in asked:
            assert same_bits(alone[one], whole[one]), one


@pytest.mark.parametrize("number", range(12))
def test_any_few_of_them_over_any_deal(number):
    rng = np.random.default_rng(number)
    deal = scenario(number)
    whole = simulate(deal, PATHS, 5, threads=1)
    for _ in range(4):
        asked = rng.choice(whole.names, size=int(rng.integers(1, 9)), replace=False).tolist()
        some = simulate(deal, PATHS, 5, threads=1, only=asked)
        assert set(asked) <= set(some.names)
        assert [name for name in whole.names if name in some.names] == some.names
        assert all(same_bits(some[name], whole[name]) for name in some.names)


def test_people_kept_for_few_results_are_lived_again_for_others():
    """What is written down of the people is what the results read: others must not read it."""
    deal = load(CT)
    whole = find_people(deal, PATHS, 2, threads=1).live_one(deal)
    people = find_people(deal, PATHS, 2, threads=1)
    outcome = next(name for name in whole.names if name.endswith(".averted"))
    asks = ["payor.payments"], [outcome, "program.referred"], None, ["investors.irr"]
    for only in asks:
        some = people.live_one(deal, only=only)
        assert len(some.names) >= len(only or whole.names)
        assert all(same_bits(some[name], whole[name]) for name in some.names)


def test_the_course_is_followed_where_it_is_asked_for():
    deals = [load(CT)]
    people = find_people(deals[0], 6_000, threads=1)
    followed = people.live_one(deals[0], only=["payor.payments"])
    without = people.live_one(deals[0], only=["payor.payments"], course=False)
    assert followed.fan.shape[0] == 5_000 and without.fan.shape[0] == 0
    assert same_bits(followed.fan, simulate(deals[0], 6_000).fan)
    assert same_bits(followed["payor.payments"], without["payor.payments"])


def test_they_are_summarized_saved_and_read_like_any(tmp_path):
    some = simulate(CT, 200, only=["payor.payments", "investors.irr"])
    whole = summarize(simulate(CT, 200))
    table = summarize(some)
    assert table.names == ["payor.payments", "investors.irr"]
    for name in table.names:
        assert table[name].to_json() == whole[name].to_json()
    again = type(some).load(some.save(tmp_path / "some"))
    assert again.names == some.names and same_bits(again.values, some.values)


def test_one_may_be_asked_for_by_its_name_and_none_may_not():
    one = simulate(CT, 40, only="payor.payments")
    assert one.names == ["payor.payments"]
    assert same_bits(one.values, simulate(CT, 40, only=["payor.payments"]).values)
    with pytest.raises(InputError, match=r"found no results in `only`; allowed: one or more"):
        simulate(CT, 40, only=[])


def test_a_result_that_is_none_is_refused_with_those_near_it():
    with pytest.raises(InputError, match=r"found no result 'payor\.payment'; near it: payor\.pay"):
        simulate(CT, 10, only=["payor.payment"])
