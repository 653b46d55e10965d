"""The benchmarks: contestants live one deal, the guard holds, the tables have their place."""

import json
import shutil

import numpy as np
import pytest

from benchmarks import analyst, clock, goals, guard, report
from benchmarks.compiled import find_compiler
from benchmarks.contestants import ANALYST, NUMBA, OURS, STANDARD, contestants
from benchmarks.figures import LAW, read_figures
from benchmarks.internal_rates import by_scipy, make_flows
from benchmarks.law import differ, measure
from pfs_sim.kernels.returns import irr_batch

PATHS = 1_500


@pytest.fixture(scope="module")
def figures():
    return read_figures()


@pytest.fixture(scope="module")
def anchor(figures):
    return analyst.live(figures, 6_000, 1)


class TestLaw:
    @pytest.mark.parametrize("name", [OURS, NUMBA, STANDARD, ANALYST])
    def test_every_contestant_lives_the_same_deal(self, figures, anchor, name):
        if name == STANDARD and find_compiler() is None:
            assert name not in contestants(figures)
            return
        assert differ(contestants(figures)[name](PATHS, 3, 1), anchor) == []

    def test_another_deal_is_seen(self, figures, anchor):
        dear = figures._replace(client=figures.client * 1.1)
        assert any("senior" in one for one in differ(analyst.live(dear, PATHS, 2), anchor))
        generous = figures._replace(price=figures.price * 1.2)
        said = differ(analyst.live(generous, PATHS, 2), anchor)
        assert any(one.startswith("mean payment") for one in said)

    def test_an_irr_that_does_not_exist_is_left_out_of_its_mean(self, anchor):
        some = anchor.copy()
        some[:10, LAW.index("grant_irr")] = np.nan
        assert np.isfinite(measure(some)["mean IRR grant"][0])


def test_the_second_thread_changes_nothing_of_the_compiled_reference(figures):
    if find_compiler() is None:
        return
    live = contestants(figures)[STANDARD]
    assert differ(live(PATHS, 5, 2), live(PATHS, 5, 1)) == []


def test_flows_to_solve_hold_hard_ones_and_agree_where_one_rate_exists():
    flows = make_flows(300)
    value, status = np.empty(300), np.empty(300, np.int64)
    irr_batch(flows, 4.0, value, status)
    simple = [i for i in range(300) if (np.diff(np.sign(flows[i][flows[i] != 0])) != 0).sum() == 1]
    assert 200 < len(simple) < 300
    theirs = np.array([by_scipy(flows[i]) for i in simple])
    np.testing.assert_allclose(value[simple], theirs, rtol=0, atol=1e-11)


def test_contestants_take_turns():
    order = []
    calls = {"a": lambda: order.append("a"), "b": lambda: order.append("b")}
    found = clock.take_turns(calls, 3, unit="s")
    assert order == list("ab" * 4)
    assert found[0]["wall_least"] <= found[0]["wall"] <= found[0]["wall_most"]


class TestGoals:
    def test_met_missed_and_unmeasured_are_told_apart(self):
        limits = {goal.key: goal.limit for goal in goals.GOALS}
        assert {one["verdict"] for one in goals.judge(limits)} == {"met"}
        twice = {g.key: g.limit * (2.0 if g.most else 0.5) for g in goals.GOALS}
        assert {one["verdict"] for one in goals.judge(twice)} == {"missed 2.00-fold"}
        assert {one["verdict"] for one in goals.judge({})} == {"not measured in this run"}


class TestReadme:
    def test_the_tables_have_their_place(self):
        text = report.README.read_text(encoding="utf-8")
        assert text.count(report.BEGIN) == text.count(report.END) == 1
        inside = text.split(report.BEGIN)[1].split(report.END)[0]
        assert "### Goals" in inside and "### The yardstick deal" in inside

    def test_they_are_those_of_the_results(self):
        stored = json.loads(report.RESULTS.read_text(encoding="utf-8"))
        found = {k: report.Comparison(**v) for k, v in stored["comparisons"].items()}
        tables = report.write_tables(found, stored["about"], stored["goals"])
        assert tables in report.README.read_text(encoding="utf-8")

    def test_only_what_is_between_the_markers_is_replaced(self, tmp_path, monkeypatch):
        file = shutil.copy(report.README, tmp_path / "README.md")
        monkeypatch.setattr(report, "README", file)
        before = file.read_text(encoding="utf-8")
        report.put_in_readme(f"{report.BEGIN}\nnew\n{report.END}")
        after = file.read_text(encoding="utf-8")
        assert after.split(report.BEGIN)[0] == before.split(report.BEGIN)[0]
        assert after.split(report.END)[1] == before.split(report.END)[1]
        assert after.count("new\n<!--") == 1


class TestGuard:
    def test_its_file_is_there(self):
        stored = json.loads(guard.FILE.read_text(encoding="utf-8"))
        assert {"yardstick", "ct", "rikers"} <= set(stored["operations"])
        assert stored["operations"]["yardstick"]["next_word"] > 0

    def test_more_work_and_more_code_are_seen_and_noise_is_not(self):
        code = {"processor": "one", "numba": "1", "llvmlite": "1", "live_paths": 1000}
        stored = {"operations": {"deal": {"lines": 1000.0, "rare": 2.0}}, "code": code}
        fine = {"operations": {"deal": {"lines": 1049.0, "rare": 9.0}}, "code": code}
        assert guard.compare(stored, fine) == []
        slow = {"operations": {"deal": {"lines": 1060.0}}, "code": {**code, "live_paths": 1300}}
        assert [one.split(":")[0] for one in guard.compare(stored, slow)] == [
            "deal", "code of live_paths"
        ]
        elsewhere = {"operations": stored["operations"], "code": {**code, "processor": "two"}}
        assert guard.compare(stored, elsewhere | {"code": {**elsewhere["code"]}}) == []
