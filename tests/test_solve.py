"""The value of a lever that gives a target; where all can sign; how many paths are enough."""

import json
import math

import numpy as np
import pytest
from click.testing import CliRunner
from made_up import STARTER, make_up_results

from pfs_sim.analysis import same_people
from pfs_sim.analysis.frontier import frontier
from pfs_sim.analysis.precision import find_savings, read_goal, simulate_until
from pfs_sim.analysis.solve import solve
from pfs_sim.cli import main
from pfs_sim.cli.moving import read_target
from pfs_sim.errors import InputError
from pfs_sim.metrics.deal import summarize
from pfs_sim.metrics.moments import mean
from pfs_sim.reading import load
from pfs_sim.report.levers import list_frontier, list_solution, say_frontier, say_solution
from pfs_sim.report.precise import say_reached, say_savings
from pfs_sim.results import Results
from pfs_sim.simulate import compile_scenario, live_compiled, simulate

PRICE = "contract.terms.work.schedule.price"
LINEAR = {"contract.terms.work.cap": None, "contract.cap": None}
PAID = "payor.payments.work.mean"


def call(*words):
    return CliRunner().invoke(main, [str(word) for word in words])


@pytest.fixture
def shaped(monkeypatch):
    """Payments that are a given function of the cap and of one normal number a path."""

    def shape(function):
        def live_one(self, deal, *, only, course, progress=None):
            assert only == ("payor.payments",) and not course
            made = make_up_results(deal.document, self.paths, self.seed)
            cap = deal.scenario.contract.cap.value
            noise = np.random.default_rng(self.seed).normal(0.0, 1e4, self.paths)
            values = made.values.copy()
            values[0] = function(cap / 1e6) * 1e6 + noise
            return Results(made.columns, values, made.fan, made.resolved, made.provenance)

        monkeypatch.setattr(same_people.SamePeople, "live_one", live_one)

    return shape


def solve_cap(target, paths=64, **options):
    return solve(
        STARTER, "contract.cap", 1e6, 5e6, "payor.payments.mean", target, paths=paths, **options
    )


class TestSolve:
    def test_it_recovers_the_price_of_a_scenario(self):
        """A rate without a cap is linear in its price: the root is exact, so is its error."""
        deal = load(STARTER, LINEAR)
        paid = summarize(simulate(load(STARTER, LINEAR | {PRICE: 2345}), 64))
        mean = paid["payor.payments.work"].mean
        found = solve(deal, PRICE, 1000, 5000, PAID, mean.value, paths=64, scan=3)
        assert found.kind == "found" and found.value == pytest.approx(2345.0, rel=1e-4)
        assert found.se == pytest.approx(2345.0 * mean.se / mean.value, rel=1e-3)
        assert found.slope.value == pytest.approx(mean.value / 2345.0, rel=1e-3)

    def test_other_people_give_another_answer_within_its_error(self):
        deal = load(STARTER, LINEAR)
        target = summarize(simulate(load(STARTER, LINEAR | {PRICE: 2345}), 4000, 99))
        mean = target["payor.payments.work"].mean
        found = solve(deal, PRICE, 1000, 5000, PAID, mean.value, paths=256, scan=3)
        error = math.hypot(found.se, mean.se / found.slope.value)
        assert abs(found.value - 2345.0) < 4.0 * error

    def test_a_probability_and_a_median(self):
        loss = "tranche.junior.principal_loss.p_loss"
        cap = {"contract.terms.work.cap": None}
        deal = load(STARTER, cap)
        target = summarize(simulate(load(STARTER, cap | {PRICE: 2500}), 200)).get(loss).value
        found = solve(deal, PRICE, 1000, 6000, loss, target, paths=200, scan=4)
        assert found.kind == "found" and found.unit == "probability"
        there = summarize(simulate(load(STARTER, cap | {PRICE: found.value}), 200))
        assert there.get(loss).value == pytest.approx(target, abs=0.01)
        assert found.metric.value == there.get(loss).value
        assert found.interval.low < found.value < found.interval.high

    def test_none_in_the_range(self, shaped):
        shaped(lambda cap: cap)
        found = solve_cap(9e6)
        assert found.kind == "none" and math.isnan(found.value)
        said = say_solution(found, "USD")
        assert said.startswith("No value of contract.cap") and "at 1,000,000" in said
        assert "at 5,000,000" in said

    def test_more_than_one(self, shaped):
        shaped(lambda cap: (cap - 3.0) ** 2)
        found = solve_cap(1e6, scan=8)
        assert found.kind == "several" and len(found.brackets) == 2
        assert "not monotone" in say_solution(found, "USD")
        low, high = (pair[0].x for pair in found.brackets)
        assert low < 2e6 < 4e6 < high + 1e6

    def test_a_root_on_the_grid_counts_once(self, shaped):
        shaped(lambda cap: cap)
        noise = np.random.default_rng(1).normal(0.0, 1e4, 64)
        for target in (1e6, 3e6, 5e6):
            found = solve_cap(float((target + noise).mean()), scan=5)
            assert found.kind == "found" and found.value == pytest.approx(target, rel=1e-6)

    def test_a_jump_over_the_target(self, shaped):
        shaped(lambda cap: 1.0 if cap < 2.2 else 2.0)
        found = solve_cap(1.5e6)
        assert found.kind == "jump" and found.value == pytest.approx(2.2e6, rel=1e-4)
        assert "jumped over" in say_solution(found, "USD")

    def test_a_lever_that_moves_nothing(self, shaped):
        shaped(lambda cap: 2.0)
        target = 2e6 + np.random.default_rng(1).normal(0.0, 1e4, 64)
        found = solve_cap(float(target.mean()))
        assert found.kind == "everywhere" and "does not move it" in say_solution(found, "USD")

    def test_whole_numbers(self):
        enrolled = (STARTER, "program.target", 60, 250, "program.enrolled.mean")
        found = solve(*enrolled, 120.3, paths=32, scan=3)
        assert found.kind == "found" and found.whole and found.value == 120
        assert "nearest whole number, where it is 120" in say_solution(found, "USD")
        assert say_solution(solve(*enrolled, 120, paths=32, scan=3), "USD").endswith("exactly")

    def test_text_and_json(self, shaped):
        shaped(lambda cap: cap)
        found = solve_cap(2.5e6)
        said = say_solution(found, "USD")
        assert said.startswith("contract.cap = 2,50") and "95 % interval" in said
        page = list_solution(found, "USD")
        assert len(page.keys[1]) == 9
        json.dumps(found.to_json(), allow_nan=False)

    def test_what_cannot_be_solved(self):
        with pytest.raises(InputError, match="the lower end first"):
            solve(STARTER, "contract.cap", 2e6, 1e6, PAID, 1.0)
        with pytest.raises(InputError, match="no such metric"):
            solve(STARTER, "contract.cap", 1e6, 2e6, "payor.paid.mean", 1.0, paths=8)
        with pytest.raises(InputError, match="nonsense"):
            solve(STARTER, "contract.nonsense", 1e6, 2e6, PAID, 1.0, paths=8)

    def test_the_command(self):
        words = ["solve", STARTER, "--vary", f"{PRICE}=1000:4000", "--paths", 32, "--scan", 2, "-q"]
        for name, value in LINEAR.items():
            words += ["--set", f"{name}={'null' if value is None else value}"]
        done = call(*words, "--target", f"{PAID}=700000")
        assert done.exit_code == 0 and f"{PRICE} = " in done.stdout, done.output
        done = call(*words, "--target", f"{PAID}=9e9", "--json")
        assert done.exit_code == 1 and json.loads(done.stdout)["answer"] == "none"
        assert call(*words, "--target", "nonsense").exit_code == 2

    def test_targets(self):
        assert read_target("a.mean=6e6") == ("a.mean", 6e6)
        assert read_target("a.p_loss=5%") == ("a.p_loss", 0.05)
        for text in ("a.mean", "a=3", "a.mean=x", "a.mean=nan"):
            with pytest.raises(InputError, match="METRIC=VALUE"):
                read_target(text)


class TestFrontier:
    def test_who_can_sign(self):
        found = frontier(
            STARTER, {"contract.cap": [1e6, 2.8e6]}, paths=64, false_payment=1.0,
            return_chance=0.0,
        )
        names = [condition.name for condition in found.conditions]
        assert names == [
            "payor", "false_payment", "tranche.senior", "tranche.junior", "tranche.grant"
        ]
        hurdles = [c.hurdle for c in found.conditions[2:]]
        # Simple interest of 5 % and 2 % a year, quarter by quarter, that waits six years.
        owed = [1.0 + 24 * (coupon**0.25 - 1.0) for coupon in (1.05, 1.02)]
        assert hurdles == pytest.approx([owed[0] ** (1 / 6) - 1, owed[1] ** (1 / 6) - 1, 0.0])
        for point in found.points:
            run = simulate(load(STARTER, point.sets), 64)
            net = run["payor.net_benefit"]
            assert point.found["payor"].value == pytest.approx(net.mean())
            assert ("payor" in found.failing(point)) == (net.mean() <= 0.0)
            irr = run["tranche.senior.irr"]
            signs = (irr >= hurdles[0] - 1e-9).mean()
            assert point.found["tranche.senior"].value == pytest.approx(signs)

    def test_false_payment_is_that_of_a_deal_without_an_effect(self):
        found = frontier(STARTER, {"contract.cap": [2.8e6]}, paths=64)
        assert found.overridden
        none = simulate(STARTER, 64, fixed={"outcomes.return_to_prison.effect": 0.0})
        paid = (none["payor.payments.returns"] > 0.0).mean()
        assert found.points[0].found["false_payment"].value == paid

    def test_false_payment_from_the_priors_where_they_say_enough(self):
        sets = {"outcomes.return_to_prison.effect": {"dist": "normal", "mean": 0.0, "sd": 0.3}}
        deal = load(STARTER, sets | {"correlations": {}})
        found = frontier(deal, {"contract.cap": [2.8e6]}, paths=1200)
        assert not found.overridden
        compiled = compile_scenario(deal, 1)
        column = compiled.row.column("outcomes.return_to_prison.effect")
        harm = compiled.inputs.draw(0, 1200)[:, column] >= 0.0
        paid = simulate(deal, 1200)["payor.payments.returns"] > 0.0
        assert found.points[0].found["false_payment"].value == pytest.approx(paid[harm].mean())

    def test_what_stands_in_the_way(self):
        found = frontier(
            STARTER, {"contract.cap": [1e6, 2.8e6]}, paths=64, false_payment=1.0,
            return_chance=0.0, hurdles={"senior": 5.0},
        )
        assert found.open or found.binding == (("payor",),)
        never = frontier(
            STARTER, {"contract.cap": [1e6, 2.8e6]}, paths=64, false_payment=0.0,
            return_chance=1.0, hurdles={"senior": 5.0},
        )
        assert never.open == () and all("tranche.senior" in names for names in never.binding)
        assert say_frontier(never).startswith("No point of 2 meets")
        json.dumps(never.to_json(), allow_nan=False)

    def test_text(self):
        found = frontier(STARTER, {"contract.cap": [1e6, 2.8e6]}, paths=64, return_chance=0.0,
                         false_payment=1.0)
        conditions, points = list_frontier(found)
        assert len(conditions.keys[1]) == 5 and len(points.keys[1]) == 2
        open_points = points.columns[-1][1]
        assert [verdict != "fails" for verdict in open_points] == [
            point in found.open for point in found.points
        ]
        assert say_frontier(found)

    def test_what_cannot_be(self):
        with pytest.raises(InputError, match="allowed: senior, junior, grant"):
            frontier(STARTER, {"contract.cap": [1e6]}, hurdles={"sr": 0.1}, paths=8)
        with pytest.raises(InputError, match="a probability from 0 to 1"):
            frontier(STARTER, {"contract.cap": [1e6]}, false_payment=2.0)
        with pytest.raises(InputError, match="allowed: one, or two"):
            frontier(STARTER, {})

    def test_the_command(self):
        words = ["frontier", STARTER, "--over", "contract.cap=1e6,2.8e6", "--paths", 32, "-q"]
        done = call(*words, "--false-payment", 0, "--hurdle", "senior=500%", "--json")
        assert done.exit_code == 1, done.output
        assert json.loads(done.stdout)["conditions"]["tranche.senior"]["hurdle"] == 5.0
        assert "Conditions" in call(*words).stdout
        assert call(*words, "--hurdle", "senior").exit_code == 2


class TestUntil:
    def test_goals(self):
        assert read_goal("payor.payments.mean=0.5%") == ("payor.payments.mean", 0.005, True)
        assert read_goal("payor.payments.mean=50_000") == ("payor.payments.mean", 5e4, False)
        for text in ("payor.payments.mean", "x=1", "a.b=0", "a.b=-1%", "a.b=x"):
            with pytest.raises(InputError, match="METRIC=WIDTH"):
                read_goal(text)

    def test_it_ends_as_a_plain_run_of_so_many_paths(self):
        found = simulate_until(STARTER, ["payor.payments.mean=5%"], first=64, threads=1)
        assert found.met and len(found.batches) > 1
        assert found.batches[-1] == found.results.paths
        plain = simulate(STARTER, found.results.paths)
        assert np.array_equal(found.results.values, plain.values, equal_nan=True)
        assert np.array_equal(found.results.fan, plain.fan)
        assert found.results.provenance == plain.provenance
        interval = mean(plain["payor.payments"]).interval()
        half = (interval.high - interval.low) / 2.0
        assert found.goals[0].half == pytest.approx(half, rel=1e-6)
        assert half <= 0.05 * plain["payor.payments"].mean()

    def test_several_goals_and_a_limit(self):
        goals = ["payor.payments.mean=50%", "investors.principal_loss.p_loss=0.001"]
        found = simulate_until(STARTER, goals, first=64, most=100)
        assert [goal.met for goal in found.goals] == [True, False]
        assert found.batches[-1] == 100 and not found.met

    def test_what_never_varies_is_sure_at_once(self):
        found = simulate_until(
            load(STARTER, {"program.target": 60}), ["program.enrolled.mean=0.001"], first=64
        )
        assert found.batches == (64,)

    def test_sobol_doubles(self):
        found = simulate_until(
            STARTER, ["payor.payments.mean=3%"], first=64, sampling="sobol:4", most=1024
        )
        assert all(count & (count - 1) == 0 for count in found.batches)
        plain = simulate(STARTER, found.results.paths, sampling="sobol:4")
        assert np.array_equal(found.results.values, plain.values, equal_nan=True)
        assert found.table["payor.payments"].mean.df == 3

    def test_what_cannot_be_reached_for(self):
        with pytest.raises(InputError, match="no goal"):
            simulate_until(STARTER, [])
        with pytest.raises(InputError, match="no such metric"):
            simulate_until(STARTER, ["payor.paid.mean=1"], first=8, most=8)

    def test_the_command(self):
        words = ["run", STARTER, "--until", "payor.payments.mean=1%", "--max-paths", 300, "-q"]
        done = call(*words)
        assert done.exit_code == 4 and "NOT reached: payor.payments.mean" in done.stdout
        words[3] = "payor.payments.mean=40%"
        done = call(*words, "--json")
        found = json.loads(done.stdout)
        assert done.exit_code == 0 and found["precision"][0]["met"] and found["paths"] == 300
        assert call(*words, "--paths", 100).exit_code == 2
        assert call("run", STARTER, "--max-paths", 100).exit_code == 2

    def test_out_names_the_plain_run(self, tmp_path):
        words = ["run", STARTER, "--until", "payor.payments.mean=40%", "--max-paths", 128, "-q"]
        done = call(*words, "--sampling", "sobol:4", "--out", tmp_path / "out")
        assert done.exit_code == 0, done.output
        manifest = json.loads((tmp_path / "out" / "manifest.json").read_text())
        assert "--paths 128" in manifest["command"] and "--until" not in manifest["command"]
        assert "--sampling sobol:4" in manifest["command"]


class TestSavings:
    def test_inputs_stay_and_counts_change(self):
        one, other = (
            compile_scenario(STARTER, 1, count_seed=seed) for seed in (None, 77)
        )
        assert np.array_equal(one.inputs.draw(0, 9), other.inputs.draw(0, 9))
        values = [live_compiled(compiled, 9)[0] for compiled in (one, other)]
        place = [column.name for column in one.columns].index("program.referred")
        assert (values[0][place] != values[1][place]).any()

    def test_the_ceiling_is_that_of_the_inputs(self):
        """With every input certain, no sampling of them can save anything."""
        sets = {
            "program.referrals.multiplier": 0.9, "program.consent": 0.7,
            "outcomes.return_to_prison.level": 0.4, "outcomes.return_to_prison.effect": -0.5,
            "outcomes.job.effect": 0.4, "capital.overrun": 1.02, "correlations": {},
        }
        deal = load(STARTER, sets)
        run = simulate(deal, 512, sampling="sobol:4")
        (found,) = find_savings(deal, run, ["payor.payments.mean"], paths=512)
        assert found.share.value < 4.0 * found.share.se and found.ceiling < 1.3
        assert found.low < 1.3

    def test_words(self):
        run = simulate(STARTER, 256, sampling="antithetic")
        found = find_savings(
            STARTER, run, ["payor.payments.mean", "program.stop_by_shortfall.mean"], paths=256
        )
        assert found[0].low < found[0].gain < found[0].high and found[0].ceiling >= 1.0
        lines = say_savings({one.address: one.to_json() for one in found})
        assert "x less" in lines[1] and "inputs carry" in lines[1]
        assert say_reached([]) == [] and say_savings({}) == []

    def test_a_run_with_sobol_says_what_it_saved(self):
        done = call("run", STARTER, "--sampling", "sobol:4", "--paths", 100, "--json")
        found = json.loads(done.stdout)
        assert found["paths"] == 128 and "128 paths instead of 100" in done.stderr
        assert found["savings"]["payor.payments.mean"]["ceiling"] > 1.0
        assert found["provenance"]["sampling"] == "sobol:4"
        assert "Variance against random paths" in call(
            "run", STARTER, "--sampling", "antithetic", "--paths", 64
        ).stdout

    def test_own_seeds_and_sobol_do_not_go_together(self):
        with pytest.raises(InputError, match="one seed for all"):
            simulate(STARTER, 16, sampling="sobol", seeds={"chance": 2})
