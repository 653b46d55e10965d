"""Settlement: what was measured → what is due, paid, received; closed deals to the cent."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from pfs_sim.analysis.measured import find_given, list_names
from pfs_sim.analysis.settle import settle
from pfs_sim.cli import main
from pfs_sim.errors import InputError
from pfs_sim.model.scenario import Scenario
from pfs_sim.reading import load
from pfs_sim.report.settlement import (
    round_together,
    say_total,
    settlement_pages,
    write_cents,
    write_irr,
)
from tests.money_case import scenario as money_scenario
from tests.published_facts import FACTS, Fact

FOLDER = Path(__file__).parent.parent / "scenarios"
CASES = [(deal, fact) for deal, facts in FACTS.items() for fact in facts]


@cache
def shipped(name: str) -> Scenario:
    found: Scenario = load(FOLDER / f"{name}.yaml").scenario
    return found


def look_up(document: Any, name: str) -> float:
    """A value by its dotted name, as a reader of the JSON finds it."""
    for part in name.split("."):
        document = document[part]
    return float(document)


def call(*words: object) -> Result:
    return CliRunner().invoke(main, [str(word) for word in words])


@pytest.mark.parametrize(("deal", "fact"), CASES)
def test_closed_deals_pay_what_was_published(deal: str, fact: Fact) -> None:
    found = settle(shipped(deal), fact.measured)
    for name, value in fact.expected.items():
        assert look_up(found, name) == pytest.approx(value, abs=fact.tolerance, rel=0.0), name


@pytest.mark.parametrize("deal", FACTS)
def test_the_command_says_the_same(deal: str, tmp_path: Path) -> None:
    """The first fact by words, the last one from a file."""
    first, last = FACTS[deal][0], FACTS[deal][-1]
    words = []
    for name, value in first.measured.items():
        words += ["--measured", f"{name}={json.dumps(value)}"]
    file = tmp_path / "verified.json"
    file.write_text(json.dumps(last.measured), encoding="utf-8")
    for fact, given in ((first, words), (last, ["--measured", file])):
        done = call("settle", FOLDER / f"{deal}.yaml", *given, "--json")
        assert done.exit_code == 0, done.stderr
        found = json.loads(done.stdout)
        for name, value in fact.expected.items():
            assert look_up(found, name) == pytest.approx(value, abs=fact.tolerance, rel=0.0)


def two_terms(**contract: Any) -> dict[str, Any]:
    """10 a unit up to 900, a year late; 500 or 1,000 for a fall; 1,700 in all; a loan of 1,000."""
    deal = money_scenario(
        evaluation={
            "dates": {"mid": 2, "final": 4},
            "measures": {
                "units": {"outcome": "event", "statistic": "total", "design": "validated"},
                "fall": {
                    "outcome": "event",
                    "statistic": "relative_reduction",
                    "design": "historical",
                    "comparison": 0.3,
                },
                "served": {"program": "treated"},
                "half": {"blend": {"fall": 0.5}},
            },
        },
        contract={
            "terms": {
                "pay": {
                    "measure": "units",
                    "schedule": {"kind": "rate", "price": 10.0},
                    "cap": 900.0,
                    "lag": 1,
                },
                "bonus": {
                    "measure": "fall",
                    "schedule": {"kind": "tiers", "tiers": [[0.1, 500.0], [0.2, 1000.0]]},
                    "at": ["final"],
                },
            },
            "cap": 1700.0,
            **contract,
        },
        capital={
            "costs": {"program": {"at": {"0": 1000.0}}},
            "tranches": {"loan": {"kind": "loan", "commitment": 1000.0, "draw": "upfront"}},
            "waterfall": {
                "principal": {"pay": "principal", "to": ["loan"]},
                "rest": {"pay": "share", "to": {"loan": 1.0}},
            },
        },
    )
    return deal


UNITS = {"mid": 60.0, "final": 120.0}


class TestByHand:
    def test_claims_lags_and_caps(self) -> None:
        """Claimed 600 and 300 (900 at most) and 1,000; of the last 300 the contract pays 100."""
        found = settle(two_terms(), {"units": UNITS, "fall": 0.25})
        payments = found["payments"]
        assert payments["total"] == 1700.0
        assert payments["terms"] == {"pay": 700.0, "bonus": 1000.0}
        assert payments["by_date"] == {
            "2022-01-01": 0.0,
            "2023-01-01": 600.0,
            "2024-01-01": 1000.0,
            "2025-01-01": 100.0,
        }
        assert payments["payors"] == {"payor": 1700.0}
        assert found["terms"]["pay"]["due"] == 900.0
        assert found["terms"]["pay"]["cut"] == 200.0
        assert [(one["date"], one["term"], one["due"], one["paid"]) for one in found["due"]] == [
            ("2022-01-01", "pay", 600.0, 0.0),
            ("2023-01-01", "pay", 0.0, 600.0),
            ("2024-01-01", "pay", 300.0, 0.0),
            ("2024-01-01", "bonus", 1000.0, 1000.0),
            ("2025-01-01", "pay", 0.0, 100.0),
        ]

    def test_what_each_cap_takes(self) -> None:
        """Without its cap the term claims 300 more, which the contract's cap takes; together 500.

        Uncapped: 1,200 and 1,000.
        """
        caps = settle(two_terms(), {"units": UNITS, "fall": 0.25})["caps"]
        assert caps["each"] == {
            "contract.terms.pay.cap": {"cap": 900.0, "cut": 0.0, "delayed": 0.0},
            "contract.cap": {"cap": 1700.0, "cut": 200.0, "delayed": 0.0},
        }
        assert caps["together"]["cut"] == 500.0

    def test_what_a_yearly_cap_carries_on_is_delayed(self) -> None:
        """1,000 of the bonus in 2024: 400 then, 400 in 2025 (with the last of the units), 200."""
        deal = two_terms(cap=None, fiscal_year_cap={"amount": 400.0, "excess": "carry"})
        found = settle(deal, {"units": 0.0, "fall": 0.25})
        assert found["payments"]["by_date"]["2024-01-01"] == 400.0
        assert found["payments"]["total"] == 1000.0
        assert found["caps"]["each"]["contract.fiscal_year_cap"]["delayed"] == 600.0
        assert found["caps"]["each"]["contract.fiscal_year_cap"]["cut"] == 0.0

    def test_the_lender(self) -> None:
        """1,000 out; 600, 1,000, 100 back after 3, 4 and 5 years."""
        loan = settle(two_terms(), {"units": UNITS, "fall": 0.25})["tranches"]["loan"]
        assert (loan["drawn"], loan["principal"], loan["other"]) == (1000.0, 1000.0, 700.0)
        assert (loan["paid"], loan["moic"], loan["principal_loss"]) == (1700.0, 1.7, 0.0)
        v = 1.0 / (1.0 + loan["irr"])
        assert 600 * v**3 + 1000 * v**4 + 100 * v**5 == pytest.approx(1000.0, abs=1e-7)
        assert loan["irr_status"] == "unique"

    def test_nothing_measured_pays_nothing_and_loses_all(self) -> None:
        found = settle(two_terms(), {"units": 0.0, "fall": 0.0999999})
        assert found["payments"]["total"] == 0.0
        loan = found["tranches"]["loan"]
        assert (loan["irr"], loan["irr_status"], loan["principal_loss"]) == (
            -1.0, "total_loss", 1000.0
        )

    @pytest.mark.parametrize(
        ("fall", "paid"), [(0.0999999999, 0.0), (0.1, 500.0), (0.1999, 500.0), (0.2, 1000.0)]
    )
    def test_around_a_knot(self, fall: float, paid: float) -> None:
        found = settle(two_terms(), {"units": 0.0, "fall": fall})
        assert found["payments"]["terms"]["bonus"] == paid

    def test_appropriations_are_made(self) -> None:
        default = {"state": {"default": {"probability": 0.5, "lost": 1.0}}}
        found = settle(two_terms(payors=default), {"units": UNITS, "fall": 0.25})
        assert found["payments"]["total"] == 1700.0

    def test_counts_of_the_program(self) -> None:
        """7 for each of 250 clients served."""
        term = {
            "measure": "served",
            "schedule": {"kind": "rate", "price": 7.0},
            "at": ["final"],
        }
        deal = two_terms(terms={"each": term}, cap=None)
        assert settle(deal, {"program.treated": 250})["payments"]["total"] == 1750.0
        assert settle(deal, {"served": {"final": 250}})["payments"]["total"] == 1750.0
        # Planned: 100 referrals a year, all treated, in four years.
        assert settle(deal, {})["payments"]["total"] == 2800.0

    def test_a_guarantee(self) -> None:
        deal = two_terms()
        deal["capital"]["guarantees"] = {
            "fund": {"tranches": ["loan"], "share": 0.5, "limit": 300.0}
        }
        found = settle(deal, {"units": {"mid": 10.0, "final": 10.0}, "fall": 0.0})
        assert found["guarantor"] == {"paid": 300.0, "each": {"fund": 300.0}}
        assert found["tranches"]["loan"]["guarantee"] == 300.0
        assert found["tranches"]["loan"]["principal_loss"] == 600.0

    def test_it_says_what_was_given_computed_and_planned(self) -> None:
        found = settle(two_terms(), {"fall": 0.25})
        said = {(one["evaluation"], one["measure"]): one for one in found["measures"]}
        assert said["final", "fall"]["origin"] == "given"
        assert said["final", "half"]["origin"] == "computed"
        assert said["final", "half"]["value"] == 0.125
        assert said["mid", "units"]["origin"] == "planned"


class TestNames:
    def test_an_outcome_stands_for_all_measures_of_one_statistic(self) -> None:
        deal = shipped("roca_juvenile_justice")
        given = find_given(deal, {"incarceration_days": 0.4, "trial": {"final": 0.3}})
        assert given[:, 0].tolist()[:3] == [0.3, 0.4, 0.4]

    def test_later_values_override_earlier_ones(self) -> None:
        deal = shipped("denver_supportive_housing")
        given = find_given(deal, {"jail_days": 0.1, "outcomes.jail_days.final": 0.3})
        assert given[1].tolist() == [0.1, 0.1, 0.1, 0.1, 0.3]

    def test_evaluations_go_by_name_or_date(self) -> None:
        deal = shipped("denver_supportive_housing")
        given = find_given(deal, {"stable_days": {"first": 1.0, "2021-07-01": 2.0}})
        assert given[0, [0, 4]].tolist() == [1.0, 2.0]
        assert given[0, 1] != given[0, 1]

    def test_names_are_listed_once(self) -> None:
        deal = Scenario.model_validate(two_terms())
        assert list_names(deal) == ["units", "fall", "served", "half", "event", "program.treated"]

    @pytest.mark.parametrize(
        ("measured", "words"),
        [
            ({"unit": 1.0}, "no measure or outcome 'unit'.*did you mean units"),
            ({"event": 1.0}, "measures say different things.*units .*total.*fall .*relative_red"),
            ({"program.enroled": 1.0}, "no measure or outcome 'program.enroled'"),
            ({"units": {"finale": 1.0}}, "no evaluation 'finale'.*mid, final.*did you mean final"),
            ({"units.finale": 1.0}, "no evaluation 'finale'"),
            ({"units": {}}, "found no evaluation"),
            ({"units": {"final": 1.0, "2024-01-01": 2.0}}, "'final' twice"),
            ({"units": "12"}, "found '12'; allowed: a number"),
            ({"units": True}, "found True"),
            ({"units": None}, "leave out what was not measured"),
            ({"units": {"final": float("nan")}}, "units.final: found nan"),
            ({"fall": 38}, "at most 1 .*0.38 for 38 %"),
            ({"units": {"mid": 3.0, "final": -1.0}}, "found -1, of what is counted; .*0 or more"),
            ({"program.treated": -1}, "0 or more"),
        ],
    )
    def test_what_cannot_be_meant_is_refused(self, measured: Any, words: str) -> None:
        with pytest.raises(InputError, match=words):
            settle(two_terms(), measured)


class TestCommand:
    DENVER = FOLDER / "denver_supportive_housing.yaml"

    def test_the_page_says_the_total_to_the_cent(self) -> None:
        done = call("settle", self.DENVER, "-m", "housing_days=299928", "-m", "jail_days=0.38")
        assert done.exit_code == 0, done.stderr
        for words in ("USD 9,638,911.36 is paid", "4,534,911.36", "Exact arithmetic", "given"):
            assert words in done.stdout
        assert "give values by evaluation" in " ".join(done.stdout.split())

    def test_sets_change_the_contract(self) -> None:
        words = ("-m", "housing_days=0", "-m", "jail_days=0.38", "--json")
        done = call("settle", self.DENVER, "--set", "contract.terms.jail.cap=5000000", *words)
        assert look_up(json.loads(done.stdout), "payments.total") == 5e6

    def test_evaluations_one_by_one(self) -> None:
        """What is said last counts, for each evaluation."""
        said = ("={first: 7, second: 8}", "=9", "={first: 5}", ".final=10", ".2019-10-01=6")
        words = [word for one in said for word in ("-m", f"stable_days{one}")]
        found = json.loads(call("settle", self.DENVER, *words, "--json").stdout)
        days = {
            one["evaluation"]: one["value"]
            for one in found["measures"]
            if one["measure"] == "stable_days" and one["origin"] == "given"
        }
        assert days == {"first": 5.0, "second": 9.0, "third": 6.0, "fourth": 9.0, "final": 10.0}

    def test_a_file_groups_by_kind_of_name(self, tmp_path: Path) -> None:
        file = tmp_path / "m.yaml"
        file.write_text("outcomes: {housing_days: 1000}\nmeasures:\n  jail_reduction: 0.2\n")
        found = json.loads(call("settle", self.DENVER, "-m", file, "--json").stdout)
        assert look_up(found, "payments.total") == pytest.approx(3200000.0 + 15120.0)

    @pytest.mark.parametrize(
        ("word", "said"),
        [
            ("nothing.yaml", "no such file"),
            ("jail_days=", "FILE or NAME=VALUE"),
            ("=3", "FILE or NAME=VALUE"),
            ("jail_days=[", "--measured jail_days"),
            ("jail_day=0.1", "did you mean"),
        ],
    )
    def test_bad_words_are_refused(self, word: str, said: str) -> None:
        done = call("settle", self.DENVER, "-m", word)
        assert done.exit_code == 2 and done.stdout == ""
        assert said in done.stderr

    def test_a_file_that_is_no_mapping(self, tmp_path: Path) -> None:
        file = tmp_path / "m.yaml"
        file.write_text("- 1\n")
        done = call("settle", self.DENVER, "-m", file)
        assert done.exit_code == 2 and "found no mapping" in done.stderr


def test_more_than_all_clients_can_have_is_doubted() -> None:
    deal = shipped("ct_family_stability")  # 500 clients, four quarters of treatment each
    most = {"placements_averted": 500.0, "negative_screens": 2000.0, "families_started": 500.0}
    assert settle(deal, most)["doubts"] == []
    doubts = settle(deal, {name: value + 1.0 for name, value in most.items()})["doubts"]
    assert doubts == [
        "placements_averted: found 501, more than the 500 that 500 treated clients can have",
        "negative_screens: found 2,001, more than the 2,000 that 500 treated clients can have",
        "families_started: found 501, more than the 500 that 500 treated clients can have",
    ]
    file = FOLDER / "ct_family_stability.yaml"
    done = call("settle", file, "-m", "families_started=501")
    assert done.exit_code == 0 and done.stderr.startswith("warning: families_started: found 501")


def test_what_all_receive_adds_up_to_the_cent() -> None:
    assert round_together([100 / 3] * 3) == [33.34, 33.33, 33.33]
    assert round_together([10.004, 20.003, 0.005]) == [10.0, 20.0, 0.01]
    assert round_together([-5.0, 1.25]) == [-5.0, 1.25]
    assert round_together([0.1 + 0.2, 1.1]) == [0.3, 1.1]
    assert round_together([1 / 3, 2 / 3], 1.0) == [0.33, 0.67]


def test_pages_leave_out_what_did_not_happen() -> None:
    found = settle(shipped("rikers_able_stopped"), {"bed_days": 0.0})
    titles = [page.title for page in settlement_pages(found)]
    assert "Due and paid, by date" not in titles
    assert {"Investors", "Guarantors", "Events"} <= set(titles)
    assert say_total(found) == "Nothing is paid (USD 0.00)."


def test_amounts_and_rates_are_written_in_full() -> None:
    assert write_cents(9638911.36) == "9,638,911.36"
    assert write_cents(-0.001) == "–"
    assert write_irr({"irr": None, "irr_status": "nothing_invested"}) == "nothing invested"
    assert write_irr({"irr": 0.051, "irr_status": "unique"}).startswith("5.1")
