"""Back-test: where published results fall in what priors gave, and what many of them say."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

from pfs_sim.analysis.backtest import (
    Compared,
    backtest,
    find_null,
    place_figure,
    read_together,
)
from pfs_sim.analysis.published import NO_NUMBER, NOT_MEASURED, Figure, list_figures
from pfs_sim.cli import main
from pfs_sim.errors import InputError
from pfs_sim.reading import load
from pfs_sim.report.backtest import backtest_pages, say_far, say_reading
from tests.money_case import scenario as money_scenario

FOLDER = Path(__file__).parent.parent / "scenarios"
FILES = sorted(FOLDER.glob("*.yaml"))
PAYMENT = Figure(("payments", "total"), "payments", "money", 10.0, 0.005, "payor.payments")


def figure(value: float, within: float = 0.005) -> Figure:
    return Figure(("payments", "total"), "payments", "money", value, within, "payor.payments")


class TestTransform:
    def test_half_of_the_paths_at_the_result_count(self) -> None:
        """2 of 10 below, 4 at it: 0.2 + 0.4/2; each path counts 1, ½ or 0."""
        found = place_figure(figure(10.0), np.array([3, 4, 10, 10, 10, 10.004, 11, 12, 13, 14.0]))
        assert found.pit.value == pytest.approx(0.4)
        assert (found.below, found.at) == (0.2, 0.4)
        assert found.median == pytest.approx(10.002)
        spread = np.std([1, 1, 0.5, 0.5, 0.5, 0.5, 0, 0, 0, 0], ddof=1)
        assert found.pit.se == pytest.approx(spread / np.sqrt(10))

    def test_paths_without_the_quantity_are_counted_apart(self) -> None:
        found = place_figure(figure(1.0), np.array([0.0, np.nan, 2.0, np.nan]))
        assert (found.pit.value, found.paths, found.undefined) == (0.5, 2, 2)
        assert np.isnan(place_figure(figure(1.0), np.full(3, np.nan)).pit.value)

    def test_beyond_all_paths_the_error_is_not_zero(self) -> None:
        found = place_figure(figure(5.0), np.zeros(1000))
        assert (found.pit.value, found.pit.se) == (1.0, 0.0015)

    def test_certain_results_are_in_the_middle(self) -> None:
        found = place_figure(figure(7.0), np.full(100, 7.0))
        assert (found.pit.value, found.pit.se) == (0.5, 0.0)

    def test_transforms_of_the_paths_themselves_average_one_half(self) -> None:
        values = np.random.default_rng(1).poisson(3.0, 999).astype(float)
        null = find_null(values, 0.005)
        assert null.mean() == pytest.approx(0.5)
        for x in (0.0, 2.0, 5.0):
            own = place_figure(figure(x), values).pit.value
            assert np.isclose(null, own).sum() == (values == x).sum()


def place(*pits: float) -> list[Compared]:
    """Deals whose results lie at these shares of an even spread of payments."""
    values = np.linspace(0.0, 1.0, 10_001)
    null = find_null(values, 0.0)
    return [
        Compared(f"d{i}", "deal", (place_figure(figure(pit, 0.0), values),), (), null)
        for i, pit in enumerate(pits)
    ]


class TestTogether:
    def test_even_transforms_say_nothing(self) -> None:
        found = read_together(place(0.1, 0.5001, 0.9))
        assert found.verdict.startswith("neither")
        assert found.below_half == 1
        assert found.p_low == pytest.approx(0.5, abs=0.02)
        assert found.lowest == pytest.approx(1 - 0.9**3, abs=1e-3)
        assert found.highest == pytest.approx(1 - 0.9**3, abs=1e-3)

    def test_low_ones_say_too_optimistic(self) -> None:
        """The sum of three even transforms is below 0.3 with probability 0.3³/6 = 0.0045."""
        found = read_together(place(0.05, 0.1, 0.15))
        assert found.verdict.startswith("too optimistic")
        assert found.p_low == pytest.approx(0.3**3 / 6, abs=4 * np.sqrt(0.0045 / 20_000))

    def test_high_ones_say_too_pessimistic(self) -> None:
        assert read_together(place(0.9, 0.95, 0.99)).verdict.startswith("not optimistic")

    def test_no_deal(self) -> None:
        found = read_together([])
        assert found.verdict == "no deal has a published payment"
        assert say_reading(found) == [
            "No deal has a published payment, so nothing is said of all together."
        ]


class TestFar:
    def test_what_nearly_no_path_comes_to_is_named(self) -> None:
        found = place(0.001, 0.012, 0.5, 0.988, 0.9995)
        assert [one.placed[0].far for one in found] == [True, False, False, False, True]
        (line,) = say_far(found)
        assert line.startswith("2 of 5 figures lie where fewer than 1 path in 100 does")
        assert "below nearly all paths d0 total; above nearly all paths d4 total." in line
        assert say_far(found[1:4]) == []

    def test_not_within_the_monte_carlo_error(self) -> None:
        """1 of 200 paths below: 0.005 ± 0.005 may well be 1 %."""
        values = np.arange(200.0)
        assert not place_figure(figure(0.5), values).far
        assert place_figure(figure(-1.0), np.arange(2000.0)).far


def deal(published: dict[str, Any], **sections: Any) -> Any:
    """1 for each of the treated: Poisson with mean 100 in the only year of referrals."""
    case = money_scenario(
        program={"referrals": {"per_period": [100.0]}, "service": {"duration": 1}},
        evaluation={
            "dates": {"final": 4},
            "measures": {
                "served": {"program": "treated"},
                "events": {"outcome": "event", "statistic": "total", "design": "validated"},
            },
        },
        contract={
            "terms": {"pay": {"measure": "served", "schedule": {"kind": "rate", "price": 1.0}}}
        },
        published=published,
        **sections,
    )
    return load(case)


class TestPublished:
    def test_null_is_never_a_result(self) -> None:
        published = {
            "outcomes": {"event": {"statistic": "total", "value": None, "note": "none to speak of"}}
        }
        (found,) = list_figures(deal(published))
        assert (found.value, found.why, found.note) == (None, NO_NUMBER, "none to speak of")

    def test_what_the_contract_does_not_measure_is_not_compared(self) -> None:
        published = {"outcomes": {"event": {"statistic": "mean", "value": 0.2}}}
        (found,) = list_figures(deal(published))
        assert (found.value, found.why) == (None, NOT_MEASURED)

    def test_a_rounded_figure_is_as_wide_as_its_rounding(self) -> None:
        (found,) = list_figures(deal({"payments": {"total": {"value": 90, "rounded": 10}}}))
        assert (found.value, found.within) == (90.0, 5.0)

    def test_counts_of_two_arms_are_a_difference(self) -> None:
        found = {one.name: one for one in list_figures(load(FOLDER / "ct_family_stability.yaml"))}
        placement = found["outcomes.placement"]
        assert placement.value == pytest.approx(29 / 120 - 38 / 268)
        assert placement.column == "outcome.placement.effect_measured"

    @pytest.mark.parametrize(
        ("published", "words"),
        [
            ({"payment": {"total": 1}}, "published.payment: .*did you mean payments"),
            ({"payments": {"totel": 1}}, "published.payments.totel: .*did you mean total"),
            ({"payments": 12}, "published.payments: found 12; allowed: a mapping"),
            ({"payments": {"total": "12"}}, "published.payments.total: found '12'"),
            ({"payments": {"terms": {"paye": 1}}}, "terms.paye: .*did you mean pay"),
            ({"payments": {"by_date": {"2024-02-01": 1}}}, "by_date.2024-02-01"),
            ({"measures": {"serve": 1}}, "measures.serve: .*did you mean served"),
            ({"outcomes": {"event": 3}}, "outcomes.event: found 3"),
            ({"tranches": {"loan": {"irr": 0.1}}}, "tranches.loan: .*allowed: nothing"),
            ({"guarantor": {"got": 3}}, "guarantor.got: .*allowed: paid"),
            ({"payments": {"total": {"value": 1, "about": 2}}}, "total.about"),
        ],
    )
    def test_what_cannot_be_meant_is_refused(self, published: Any, words: str) -> None:
        with pytest.raises(InputError, match=words):
            list_figures(deal(published))

    def test_a_figure_without_its_party_is_refused(self) -> None:
        with pytest.raises(InputError, match="nothing like"):
            backtest({"case": deal({"guarantor": {"paid": 3}})}, paths=2)

    @pytest.mark.parametrize("file", FILES, ids=[file.stem for file in FILES])
    def test_shipped_figures_can_be_read(self, file: Path) -> None:
        list_figures(load(file))

    def test_a_variant_states_its_own_figures(self) -> None:
        own = {
            name: [figure.name for figure in list_figures(load(FOLDER / f"{name}.yaml"), own=True)]
            for name in ("rikers_able", "rikers_able_stopped", "rikers_able_additive")
        }
        assert own == {
            "rikers_able": ["payments.total", "outcomes.bed_days"],
            "rikers_able_stopped": [
                "tranches.goldman.principal_loss",
                "tranches.goldman.drawn",
                "guarantor.paid",
            ],
            "rikers_able_additive": [],
        }

    def test_published_payments_are_what_the_contract_pays_for_what_was_published(self) -> None:
        """Denver: the figures of one file agree with each other, by settlement."""
        from pfs_sim.analysis.settle import settle

        loaded = load(FOLDER / "denver_supportive_housing.yaml")
        found = {one.name: one for one in list_figures(loaded)}
        days = {"first": 12457, "second": 67854, "third": 165344, "fourth": 258858}
        jail = found["outcomes.jail_days"].value
        final = found["outcomes.housing_days"].value
        assert jail is not None and final is not None
        paid = settle(
            loaded, {"jail_days": jail, "housing_days": {**days, "final": final}}
        )["payments"]
        for name, one in found.items():
            if name.startswith("payments."):
                at: Any = paid
                for part in name.split(".")[1:]:
                    at = at[part]
                assert at == pytest.approx(one.value, abs=one.within + 1e-6), name


class TestCommand:
    def test_a_page_and_its_limits(self) -> None:
        files = [FOLDER / f"{name}.yaml" for name in ("dc_water", "cuyahoga_family_success")]
        done = CliRunner().invoke(main, ["backtest", *map(str, files), "--paths", "400"])
        assert done.exit_code == 0, done.stderr
        text = " ".join(done.stdout.split())
        for words in ("Payments of 2 deals", "in-sample", "bonds.irr", "and not compared"):
            assert words in text

    def test_json(self, tmp_path: Path) -> None:
        words = ["backtest", str(FOLDER / "dc_water.yaml"), "--paths", "400", "--json"]
        found = json.loads(CliRunner().invoke(main, words).stdout)
        figures = found["deals"]["dc_water"]["figures"]
        assert set(figures) == {
            "payments.total", "payments.terms.outperformance", "payments.terms.risk_share",
            "tranches.bonds.irr",
        }
        assert figures["tranches.bonds.irr"]["pit"]["value"] == pytest.approx(0.5, abs=0.1)
        assert found["payments"]["deals"] == {
            "dc_water": figures["payments.total"]["pit"]["value"]
        }
        assert "outcomes.runoff" in found["deals"]["dc_water"]["not_compared"]

    def test_a_deal_without_figures(self) -> None:
        starter = Path(__file__).parent.parent / "pfs_sim" / "cli" / "starter.yaml"
        done = CliRunner().invoke(main, ["backtest", str(starter)])
        assert done.exit_code == 2 and "no published figure" in done.stderr


def test_pages_group_figures() -> None:
    titles = [page.title for page in backtest_pages(place(0.2, 0.4))]
    assert titles == ["Payments"]
