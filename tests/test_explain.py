"""Risk by source: redrawing one source, indices known by hand, causes that add up, tornado."""

import json
import math

import numpy as np
import pytest
from click.testing import CliRunner
from scipy.special import ndtri
from small_deals import overrun_alone, two_sums

from pfs_sim.analysis.causes import draw_tornado, split_loss
from pfs_sim.analysis.explain import (
    count_runs,
    explain,
    list_links,
    list_sources,
    second_seed,
)
from pfs_sim.cli import main
from pfs_sim.draws import Inputs, KeptValues, connected, source_seeds
from pfs_sim.errors import InputError
from pfs_sim.metrics.estimates import Estimate
from pfs_sim.plan.row import SOURCES, Row
from pfs_sim.reading import load, to_yaml
from pfs_sim.report.risk import list_causes, list_inputs, list_risk, list_tornado, write_share
from pfs_sim.simulate import scenario_of, simulate

SIGMAS = 4.5


def close(found, truth):
    """Within the errors of the estimate."""
    return abs(found.value - truth) < SIGMAS * max(found.se, 1e-12)


@pytest.fixture(scope="module")
def sums():
    return load(two_sums())


@pytest.fixture(scope="module")
def by_source(sums):
    return explain(sums, 1500)


class TestDrawingAnew:
    PATHS = 20_000
    A, B = "outcomes.a.level", "outcomes.b.effect"

    def draw(self, seeds, kept=None, rho=0.8, **options):
        scenario = load(two_sums(rho=rho)).scenario
        row = Row(scenario)
        inputs = Inputs(scenario, row, seeds, kept=kept, **options)
        rows = inputs.draw(0, self.PATHS)
        return [rows[:, row.column(path)] for path in (self.A, self.B)]

    def test_what_is_kept_stays_and_what_hangs_on_it_is_drawn_given_it(self):
        first, other = source_seeds(1), source_seeds(2, {"baseline": 1})
        a1, b1 = self.draw(first)
        a, b = self.draw(other, KeptValues(first, [self.A]))
        assert np.array_equal(a, a1) and not np.any(b == b1)
        error = SIGMAS / math.sqrt(self.PATHS)
        assert np.corrcoef(a, b)[0, 1] == pytest.approx(0.8, abs=error)
        assert np.corrcoef(b, b1)[0, 1] == pytest.approx(0.8**2, abs=error)
        assert b.mean() == pytest.approx(0.0, abs=0.05 * error)
        assert b.std() == pytest.approx(0.05, abs=0.05 * error)

    def test_the_other_way_round(self):
        first, other = source_seeds(1), source_seeds(2, {"effect": 1})
        _, b1 = self.draw(first)
        a, b = self.draw(other, KeptValues(first, [self.B]))
        assert np.array_equal(b, b1)
        assert np.corrcoef(a, b)[0, 1] == pytest.approx(0.8, abs=SIGMAS / math.sqrt(self.PATHS))

    def test_keeping_everything_or_nothing_is_a_plain_run(self):
        first, other = source_seeds(1), source_seeds(2)
        everything, nothing = KeptValues(first, [self.A, self.B]), KeptValues(first, [])
        for kept, plain in ((everything, first), (nothing, other)):
            for x, y in zip(self.draw(other, kept), self.draw(plain), strict=True):
                assert np.array_equal(x, y)

    def test_bits_do_not_depend_on_the_chunk(self):
        scenario = load(two_sums(rho=0.8)).scenario
        kept = KeptValues(source_seeds(1), [self.A])
        inputs = Inputs(scenario, Row(scenario), source_seeds(2), kept=kept)
        whole = inputs.draw(0, 50)
        assert np.array_equal(whole[13:], np.vstack([inputs.draw(13, 7), inputs.draw(20, 30)]))

    def test_a_fixed_quantity_leaves_the_others_alone(self):
        a, b = self.draw(source_seeds(1))
        c, d = self.draw(source_seeds(1), fixed={self.A: 0.25})
        assert np.all(c == 0.25) and np.array_equal(b, d) and not np.any(a == c)

    def test_a_fixed_quantity_that_does_not_exist(self):
        with pytest.raises(InputError, match=r"outcomes\.a\.lvl.*outcomes\.a\.level"):
            self.draw(source_seeds(1), fixed={"outcomes.a.lvl": 0.1})

    def test_groups(self):
        matrix = np.eye(5)
        matrix[0, 3] = matrix[3, 0] = matrix[3, 4] = matrix[4, 3] = 0.1
        assert [list(group) for group in connected(matrix)] == [[0, 3, 4], [1], [2]]

    def test_a_source_with_a_seed_of_its_own_moves_alone(self, sums):
        plain = simulate(sums, 50, 1)
        moved = simulate(sums, 50, 1, seeds={"effect": 2})
        assert np.array_equal(plain["payor.payments.one"], moved["payor.payments.one"])
        assert not np.array_equal(plain["payor.payments.two"], moved["payor.payments.two"])


class TestSources:
    def test_what_can_move_a_deal(self, sums):
        found = {source.name: source for source in list_sources(sums.scenario)}
        assert list(found) == ["effect", "baseline", "enrollment", "chance"]
        assert found["effect"].quantities == ("outcomes.b.effect",)
        assert not found["effect"].counts and found["chance"].counts
        assert count_runs(sums) == 16 and count_runs(sums, "input") == 2 * 4 + 2

    def test_what_is_correlated(self):
        linked = load(two_sums(rho=0.5)).scenario
        assert list_links(linked) == [["outcomes.a.level", "outcomes.b.effect"]]
        assert list_links(load(two_sums()).scenario) == []

    def test_everything_that_can_be_uncertain(self):
        scenario = scenario_of("scenarios/ct_family_stability.yaml")
        names = {source.name for source in list_sources(scenario)}
        assert names == set(SOURCES) - {"bias"}

    def test_the_second_run_has_another_seed(self):
        assert second_seed(1) != second_seed(2) and 0 <= second_seed(1) < 2**63


class TestIndices:
    N = 400
    A, B = (N * 1000 * 0.05) ** 2, (2 * N * 1000 * 0.05) ** 2
    """Variance of E(pay | level of a) and of E(pay | effect on b)."""
    CHANCE = N * (0.25 - 0.05**2) * (1000**2 + 2000**2)
    """E Var(pay | all quantities): two binomials, E p(1 − p) = ¼ − sd²."""

    def test_a_linear_deal_is_known_by_hand(self, by_source):
        whole = self.A + self.B + self.CHANCE
        found = by_source.indices["payor.payments"]
        first = dict(zip(by_source.players, found.first, strict=True))
        total = dict(zip(by_source.players, found.total, strict=True))
        assert close(first["baseline"], self.A / whole)
        assert close(first["effect"], self.B / whole)
        assert close(total["chance"], self.CHANCE / whole)
        assert close(found.sd, math.sqrt(whole))
        assert total["enrollment"].value == 0.0
        assert max(share.se for share in found.first) < 0.02
        closed = found.closed[0b0011]  # effect and baseline, in the order of the players
        assert close(closed, (self.A + self.B) / whole)

    def test_shapley_shares_add_to_one(self, by_source):
        found = by_source.indices["payor.payments"]
        assert math.fsum(x.value for x in found.shapley) == pytest.approx(1.0, abs=1e-12)
        assert found.shapley[by_source.players.index("enrollment")].value == 0.0

    def test_by_input(self, sums):
        found = explain(sums, 1500, by="input")
        assert found.players == (
            "outcomes.b.effect", "outcomes.a.level", "counts: enrollment", "counts: chance"
        )
        whole = self.A + self.B + self.CHANCE
        indices = found.indices["payor.payments"]
        assert close(indices.first[0], self.B / whole)
        assert close(indices.first[1], self.A / whole)
        assert close(indices.total[3], self.CHANCE / whole)

    def test_correlated_across_sources(self):
        """Y = n(X1 + X2) + chance, both N(·, 0.05²), correlated 0.8, prices equal."""
        rho, n = 0.8, 400
        whole = 2.0 * (1.0 + rho) * (n * 0.05) ** 2
        chance = 2 * n * (0.25 - 0.05**2)
        found = explain(load(two_sums(n, rho=rho)), 3000)
        assert found.linked == ("effect", "baseline")
        indices = found.indices["payor.payments"]
        quantities = whole / (whole + chance)
        for i in range(2):
            assert close(indices.first[i], quantities * (1.0 + rho) / 2.0)
        assert math.fsum(x.value for x in indices.shapley) == pytest.approx(1.0, abs=1e-12)
        alike = indices.shapley[0].value - indices.shapley[1].value
        assert abs(alike) < SIGMAS * math.hypot(indices.shapley[0].se, indices.shapley[1].se)
        with_chance = indices.closed[0b1110]  # baseline, enrollment, chance: all but the effect
        assert close(with_chance, 1.0 - indices.total[0].value)
        # Its twin tells most of it; what chance does differs with it too, so a range.
        least, most = quantities * (1.0 - rho) / 2.0, chance / (whole + chance)
        assert least - 0.01 < indices.total[0].value < least + most

    def test_a_source_that_is_alone_has_everything(self):
        found = explain(load(overrun_alone()), 300)
        assert "cost" in found.players and "effect" in found.idle
        loss = found.indices["tranche.loan.principal_loss"]
        for shares in (loss.first, loss.total, loss.shapley):
            by_name = dict(zip(found.players, shares, strict=True))
            assert by_name.pop("cost").value == pytest.approx(1.0, abs=1e-12)
            assert [share.value for share in by_name.values()] == pytest.approx(
                [0.0] * len(by_name), abs=1e-12
            )
        assert not found.indices["payor.payments"].varies


class TestCauses:
    def test_they_add_up_to_the_expected_loss(self):
        found = split_loss(load(overrun_alone()), 2000)
        column = "tranche.loan.principal_loss"
        loss, base = found.expected[column], found.base_case[column]
        assert base == pytest.approx(250_000.0)
        assert sum(c.value for c in found.causes[column].values()) + base == pytest.approx(
            loss.value
        )
        assert found.causes[column]["cost"].value == pytest.approx(loss.value - base)
        assert close(loss, 250_000.0), "linear in the overrun"

    def test_several_causes(self):
        deal = load("pfs_sim/cli/starter.yaml")
        found = split_loss(deal, 40)
        frozen = simulate(deal, 1, frozen=SOURCES)
        plain = simulate(deal, 40)
        for column, causes in found.causes.items():
            total = sum(cause.value for cause in causes.values())
            assert found.base_case[column] == frozen[column][0]
            assert found.expected[column].value == pytest.approx(plain[column].mean())
            assert total + found.base_case[column] == pytest.approx(plain[column].mean())

    def test_no_tranches_no_losses(self, sums):
        found = split_loss(sums, 5)
        assert found.expected == {} and list_causes(found, {}, "USD") == []


class TestTornado:
    def test_a_linear_deal(self, sums):
        bars = draw_tornado(sums, 2000)["payor.payments"]
        assert [bar.quantity for bar in bars] == ["outcomes.b.effect", "outcomes.a.level"]
        spread = 0.05 * 2.0 * ndtri(0.9)
        for bar, price in zip(bars, (2000, 1000), strict=True):
            assert bar.high - bar.low == pytest.approx(spread)
            assert close(bar.swing, 400 * price * spread)
            assert bar.swing.value == pytest.approx(bar.at_high.value - bar.at_low.value)

    def test_what_moves_nothing_has_a_bar_of_exactly_nothing(self):
        bars = draw_tornado(load(overrun_alone()), 50)
        assert bars["payor.payments"][0].swing == Estimate(0.0, 0.0)
        loss = bars["tranche.loan.principal_loss"][0]
        assert loss.swing.value == pytest.approx(0.8 * 500_000.0) and loss.swing.se < 1e-6


class TestPages:
    def test_two_deals_side_by_side(self, by_source):
        other = explain(load({**two_sums(100), "name": "Smaller"}), 60)
        page, *rest = list_risk([by_source, other])
        assert page.keys[1] == ["Outcome payments [Small deal]", "Outcome payments [Smaller]"]
        columns = dict(page.columns)
        assert columns["enrollment"] == ["0%", "0%"]
        assert "%" in columns["effect"][0] and "±" in columns["effect"][0]
        assert len(rest) == 2 and "exactly 0: attrition" in page.note

    def test_a_share_that_may_be_nothing(self):
        assert write_share(Estimate(0.001, 0.01)) == "~0 (<2.1%)"
        assert write_share(Estimate(0.0, 0.0)) == "0%"
        assert write_share(Estimate(math.nan, math.nan)) == "–"
        assert write_share(Estimate(0.3421, 0.021)) == "34.2% ±2.1%"

    def test_inputs_and_tornado(self, sums):
        found = explain(sums, 40, by="input")
        pages = list_inputs(found)
        assert any("who happens to have the outcome" in key for key in pages[0].keys[1])
        bars = draw_tornado(sums, 40)
        labels = {name: name for name in bars}
        assert list_tornado(bars, labels, "USD")[0].keys[1][0] == "outcomes.b.effect"


class TestCommand:
    @pytest.fixture
    def file(self, tmp_path):
        file = tmp_path / "deal.yaml"
        file.write_text(to_yaml(overrun_alone()), encoding="utf-8")
        return str(file)

    def test_text(self, file):
        done = CliRunner().invoke(main, ["explain", file, "--paths", "40", "--inputs", "-q"])
        assert done.exit_code == 0, done.output
        for words in ("Who holds which risk", "Loss by cause", "Tornado: ", "By input: ",
                      "capital.overrun", "40 paths a run, seed 1"):
            assert words in done.stdout, words

    def test_json(self, file):
        words = ["explain", file, "--against", file, "--paths", "40", "--json", "-q"]
        done = CliRunner().invoke(main, words)
        found = json.loads(done.stdout)
        assert len(found["deals"]) == 2
        sources = found["deals"][0]["sources"]
        share = sources["outputs"]["tranche.loan.principal_loss"]["shapley"]["cost"]
        assert share["value"] == pytest.approx(1.0) and share["distinct"]
        assert sources["outputs"]["payor.payments"]["first"]["cost"]["value"] is None
        assert found["deals"][0]["tornado"]["payor.payments"][0]["swing"]["value"] == 0.0
