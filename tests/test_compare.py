"""Deals over the same people: differences, who is better off, what each term moves."""

import json
import math

import numpy as np
import pytest
from click.testing import CliRunner
from made_up import STARTER

from pfs_sim.analysis.changes import Change, list_changes
from pfs_sim.analysis.compare import compare
from pfs_sim.cli import main
from pfs_sim.errors import InputError
from pfs_sim.metrics import find_pairing_gain, paired_difference
from pfs_sim.reading import load, resolve
from pfs_sim.report.compared import list_pages, list_words, say_comparison

PATHS = 256
CAP = {"contract.cap": 1_500_000}


@pytest.fixture(scope="module")
def lower_cap():
    return compare([load(STARTER), load(STARTER, CAP)], PATHS)


class TestChanges:
    def between(self, **sets):
        sets = {path.replace("__", "."): value for path, value in sets.items()}
        return list_changes(resolve(load(STARTER)), resolve(load(STARTER, sets)))

    def test_a_number(self):
        assert self.between(contract__cap=2e6) == [Change("contract.cap", 2_800_000.0, 2e6)]

    def test_remarks_are_no_change(self):
        assert self.between(name="Other", contract__payors__state__label="The state") == []

    def test_a_distribution_is_one_thing(self):
        (change,) = self.between(program__consent={"dist": "uniform", "low": 0.6, "high": 0.8})
        assert change.path == "program.consent" and change.old["dist"] == "beta"

    def test_a_schedule_of_another_kind_is_one_thing(self):
        new = {"kind": "rate", "price": 8e6}
        (change,) = self.between(contract__terms__returns__schedule=new)
        assert change.path == "contract.terms.returns.schedule"

    def test_an_entry_that_only_one_has(self):
        (change,) = self.between(capital__guarantees__foundation=None)
        assert change.path in ("capital.guarantees", "capital.guarantees.foundation")
        assert change.new in (None, {})

    def test_another_order_of_the_terms(self):
        deal = resolve(load(STARTER))
        terms = deal["contract"]["terms"]
        other = {**deal, "contract": {**deal["contract"], "terms": dict(reversed(terms.items()))}}
        assert [change.path for change in list_changes(deal, other)] == ["contract.terms"]


class TestDifferences:
    def test_a_deal_against_itself_differs_nowhere(self):
        found = compare([STARTER, STARTER], 64).pairs[0]
        for one in found.differences.values():
            assert one.difference.value == 0.0 or math.isnan(one.difference.value)
            assert one.difference.se == 0.0 or math.isnan(one.first.value) or one.first.error != 0
        assert all(party.same.value == 1.0 for party in found.parties)
        assert found.terms == ()

    def test_rounding_of_other_ways_to_add_is_no_difference(self):
        files = ("rikers_able", "rikers_able_stopped")  # an evaluation of one is not one of both
        found = compare([f"scenarios/{file}.yaml" for file in files], 200)
        saved, other = (one["payor.savings"] for one in found.results)
        assert not np.array_equal(saved, other)
        one = found.pairs[0].differences["payor.savings.mean"]
        assert (one.difference.value, one.difference.se, one.gain) == (0.0, 0.0, math.inf)

    def test_a_mean_is_the_paired_difference(self, lower_cap):
        a, b = (one["payor.payments"] for one in lower_cap.results)
        found = lower_cap.pairs[0].differences["payor.payments.mean"]
        told = paired_difference(b, a)
        assert found.difference.value == pytest.approx(told.value, rel=1e-12)
        assert found.difference.se == pytest.approx(told.se, rel=1e-12)
        assert found.gain == pytest.approx(find_pairing_gain(b, a), rel=1e-9)
        assert found.gain > 1.5

    def test_every_difference_is_that_of_the_tables(self, lower_cap):
        first, second = lower_cap.tables
        for address, one in lower_cap.pairs[0].differences.items():
            apart = second.get(address).value - first.get(address).value
            assert one.difference.value == apart or math.isnan(apart)

    def test_people_are_the_same_whatever_the_contract(self, lower_cap):
        one, other = lower_cap.results
        for name in ("program.referred", "outcome.job.averted", "measure.fewer_returns"):
            assert np.array_equal(one[name], other[name], equal_nan=True)

    def test_who_is_better_off(self, lower_cap):
        parties = {party.name: party for party in lower_cap.pairs[0].parties}
        assert list(parties)[:4] == ["government", "tranche.senior", "tranche.junior",
                                     "tranche.grant"]
        less = lower_cap.results[0]["payor.payments"] > 1_500_000
        assert parties["government"].better.value >= 0.9 * less.mean()
        assert parties["tranche.senior"].better.value == 0.0
        for party in parties.values():
            total = party.better.value + party.worse.value + party.same.value
            assert total == pytest.approx(1.0)

    @pytest.mark.parametrize("sampling", ["antithetic", "sobol:4"])
    def test_other_samplings(self, sampling):
        found = compare([load(STARTER), load(STARTER, CAP)], 64, sampling=sampling, by_term=False)
        paid = found.pairs[0].differences["payor.payments.mean"].difference
        assert paid.value < 0.0 and paid.df == (3 if sampling == "sobol:4" else None)
        one, other = found.results
        assert np.array_equal(one["program.enrolled"], other["program.enrolled"])

    def test_two_deals_with_other_names_and_dates_share_what_they_share(self):
        sets = {
            "evaluation.dates": {"halfway": "2029-04-01", "end": "2031-07-01"},
            "contract.terms.returns.at": None,
            "name": "Another",
        }
        found = compare([STARTER, load(STARTER, sets)], 64, by_term=False)
        assert "payor.payments.mean" in found.pairs[0].differences
        assert found.names == ("A first deal", "Another")

    def test_one_deal_is_no_comparison(self):
        with pytest.raises(InputError, match="found deals in USD and GBP; allowed: one currency"):
            compare([STARTER, load(STARTER, {"currency": "GBP"})], 100)
        with pytest.raises(InputError, match="allowed: 2 or more"):
            compare([STARTER])
        with pytest.raises(InputError, match="names for 2 deals"):
            compare([STARTER, STARTER], 8, names=["one"])


class TestTerms:
    def test_one_change_moves_all_there_is(self, lower_cap):
        (moved,) = lower_cap.pairs[0].terms
        assert moved.change.path == "contract.cap"
        paid = lower_cap.pairs[0].differences["payor.payments.mean"].difference
        assert moved.dollars["payor.payments"].value == pytest.approx(paid.value)

    def test_several_are_made_alone(self):
        price = {"contract.terms.work.schedule.price": 2000}
        found = compare([STARTER, load(STARTER, CAP | price)], 64)
        alone = compare([STARTER, load(STARTER, price)], 64)
        moved = {one.change.path: one.dollars for one in found.pairs[0].terms}
        told = alone.pairs[0].differences["payor.payments.mean"].difference
        assert list(moved) == ["contract.terms.work.schedule.price", "contract.cap"]
        found_alone = moved["contract.terms.work.schedule.price"]["payor.payments"]
        assert found_alone.value == pytest.approx(told.value)
        assert found_alone.se == pytest.approx(told.se)

    def test_a_change_that_makes_no_deal_alone_is_said(self):
        sets = {
            "evaluation.measures.treated": {"program": "treated"},
            "contract.terms.starts": {
                "measure": "treated", "schedule": {"kind": "rate", "price": 100}
            },
        }
        found = compare([STARTER, load(STARTER, sets)], 64).pairs[0]
        moved = {one.change.path: one.dollars for one in found.terms}
        assert moved["contract.terms.starts"] == {}
        assert moved["evaluation.measures.treated"]["payor.payments"].value == 0.0
        starts = compare([STARTER, load(STARTER, sets)], 64, by_term=False).pairs[0]
        assert all(one.dollars == {} for one in starts.terms)


class TestText:
    def test_pages(self, lower_cap):
        pages = list_pages(lower_cap)
        assert [page.title for page in pages] == [
            "What changes from A to B", "Who is better off under B than under A",
            "What the terms move",
        ]
        for page in pages:
            assert all(len(cells) == len(page.keys[1]) for _, cells in page.columns)
        assert "less on average" in say_comparison(lower_cap, lower_cap.pairs[0])
        ((place, clauses),) = list_words(lower_cap, lower_cap.pairs[0])
        assert place == "contract.cap" and "$1,500,000" in clauses[0][1]

    def test_nothing_changes(self):
        found = compare([STARTER, STARTER], 16)
        assert "the same under B on every path" in say_comparison(found, found.pairs[0])
        assert list_pages(found)[0].note == "Every metric is the same on every path."

    def test_json_and_text_on_stdout(self):
        words = ["compare", STARTER, "--with", "contract.cap=1500000", "--paths", "64", "-q"]
        done = CliRunner().invoke(main, [str(word) for word in [*words, "--json"]])
        assert done.exit_code == 0, done.output
        found = json.loads(done.stdout)
        pair = found["pairs"][0]
        assert pair["differences"]["payor.payments.mean"]["variance_ratio"] > 1.0
        assert pair["terms"][0]["second"] == 1_500_000
        done = CliRunner().invoke(main, [str(word) for word in words])
        assert done.exit_code == 0 and "Who is better off" in done.stdout
        assert "B: A first deal with contract.cap=1500000" in done.stdout

    def test_one_scenario_alone_is_refused(self):
        done = CliRunner().invoke(main, ["compare", str(STARTER)])
        assert done.exit_code == 2 and "--with" in done.output
