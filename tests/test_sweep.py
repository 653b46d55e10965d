"""Levers, cases and stresses over the same people; a sweep that was killed goes on."""

import csv
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pyarrow.parquet
import pytest
from click.testing import CliRunner
from made_up import STARTER

from pfs_sim.analysis import same_people
from pfs_sim.analysis.levers import (
    Changeable,
    Lever,
    list_stresses,
    must_be_whole,
    read_cases,
    read_lever,
    read_range,
)
from pfs_sim.analysis.sweep import sweep
from pfs_sim.cli import main
from pfs_sim.errors import InputError, ScenarioError
from pfs_sim.metrics import deal as deal_metrics
from pfs_sim.metrics.deal import summarize
from pfs_sim.reading import load
from pfs_sim.report.figures import save_figures
from pfs_sim.report.figures.levers import draw_sweep
from pfs_sim.report.levers import list_sweep
from pfs_sim.simulate import simulate

ROOT = Path(__file__).resolve().parents[1]
CT = ROOT / "scenarios/ct_family_stability.yaml"
PRICE = "contract.terms.work.schedule.price"
STRESSES = {
    "no_effect": {"outcomes.return_to_prison.effect": 0.0},
    "half_the_referrals": {"program.referrals.multiplier": 0.45},
}


def call(*words):
    return CliRunner().invoke(main, [str(word) for word in words])


@pytest.fixture(scope="module")
def stressed():
    return load(STARTER, {"stresses": STRESSES})


class TestLevers:
    def test_a_grid(self):
        assert read_lever("contract.cap=1e6:3e6:3") == Lever(
            "contract.cap", (1_000_000, 2_000_000, 3_000_000)
        )
        assert read_lever("a.b=0:1:5").values == (0.0, 0.25, 0.5, 0.75, 1.0)
        assert read_lever("a.b = 0.1:0.7:3").values == (0.1, 0.4, 0.7)
        assert all(type(value) is int for value in read_lever("a=2:6:3").values)

    def test_a_list(self):
        assert read_lever("a.b=1,2.5,1_000").values == (1, 2.5, 1000)

    def test_words_as_they_stand_in_a_file(self):
        lever = read_lever("outcomes.jail.window=12 months, 18 months")
        assert lever.values == ("12 months", "18 months") and not lever.numeric
        assert read_lever("a=2022-03-28,2022-09-28").values == ("2022-03-28", "2022-09-28")
        assert read_lever("a=true,false").values == (True, False)
        assert read_lever("a=1,2").numeric

    @pytest.mark.parametrize(
        "text",
        [
            "a", "a=", "=1:2:3", "a=1:2", "a=1:2:1", "a=1:inf:3", "a={b}", "a=[1]", "a=1,,2",
            "a=null",
        ],
    )
    def test_what_is_no_lever(self, text):
        with pytest.raises(InputError, match="allowed: PATH=LO:HI:N"):
            read_lever(text)

    def test_a_range(self):
        assert read_range("a.b=1e6:2e6") == ("a.b", 1e6, 2e6)
        for text in ("a.b=2:1", "a.b=1", "a.b=1:2:3", "=1:2"):
            with pytest.raises(InputError, match="allowed: PATH=LO:HI"):
                read_range(text)

    def test_where_only_whole_numbers_may_stand(self):
        deal = Changeable(STARTER)
        assert must_be_whole(deal, "program.target", 100, 400)
        assert not must_be_whole(deal, "contract.cap", 1e6, 2e6)
        with pytest.raises(ScenarioError):
            must_be_whole(deal, "contract.nonsense", 1, 2)

    def test_cases_of_a_file(self, tmp_path):
        file = tmp_path / "cases.yaml"
        file.write_text("low: {contract.cap: 1.0e6}\nhigh: {contract.cap: 3.0e6}\n")
        assert [case.name for case in read_cases(str(file))] == ["low", "high"]
        for wrong in ("low: 3\n", "- a\n", "{}\n"):
            file.write_text(wrong)
            with pytest.raises(InputError, match="allowed"):
                read_cases(str(file))
        with pytest.raises(InputError, match="no readable file"):
            read_cases(str(tmp_path / "none.yaml"))

    def test_a_deal_without_stresses(self):
        with pytest.raises(InputError, match="no `stresses:`"):
            list_stresses(str(STARTER))


class TestSweep:
    def test_words_are_moved_as_numbers_are(self, tmp_path):
        window, span = "outcomes.return_to_prison.window", ("12 months", "18 months")
        found = sweep(STARTER, {window: span, PRICE: [2000, 3000]}, paths=64)
        assert found.cases[0].case.name == f"{window}=12 months, {PRICE}=2000"
        for one in found.cases:
            assert one.table == summarize(simulate(load(STARTER, one.case.sets), 64))
        assert found.list_rows()[0][window] == "12 months"
        assert list_sweep(found)[0].keys[1][0] == "12 months"
        alone = sweep(STARTER, {window: span}, paths=64)
        save_figures([draw_sweep(found), draw_sweep(alone)], tmp_path)
        done = call("frontier", STARTER, "--over", f"{window}=12 months,18 months")
        assert done.exit_code == 2 and "allowed: numbers (`sweep` takes words, too)" in done.stderr

    def test_each_case_is_a_run_of_its_own(self):
        found = sweep(STARTER, {PRICE: [2000, 3000]}, paths=64)
        for one in found.cases:
            alone = summarize(simulate(load(STARTER, one.case.sets), 64))
            assert one.table == alone
        first, second = (one.table["payor.payments"].mean.value for one in found.cases)
        assert first < second

    def test_what_a_contract_leaves_as_it_is_is_not_worked_out_again(self, monkeypatch):
        """Summaries of columns with the same bits are those of the case before, no others."""
        caps = [14_800_000, 9_000_000]
        deals = [load(CT, (f"contract.cap={cap}",)) for cap in caps]
        one, other = (simulate(deal, 100) for deal in deals)
        whole, first = summarize(other), summarize(one)
        worked_out = list[str]()
        plain = deal_metrics.summarize_array

        def count(*args, **options):
            worked_out.append(options["label"])
            return plain(*args, **options)

        monkeypatch.setattr(deal_metrics, "summarize_array", count)
        assert summarize(other, known=(one, first)) == whole
        left = {c.label for c in one.columns if c.name.startswith(("program.", "outcome."))}
        assert "Outcome payments" in worked_out and left.isdisjoint(worked_out)
        count_of_all = len(worked_out)
        pairs = simulate(deals[0], 100, sampling="antithetic")
        summarize(pairs, known=(one, first))
        assert len(worked_out) - count_of_all == len(whole)  # what errs otherwise is another

    def test_another_evaluation_date_moves_nobody(self):
        """People are drawn in the lots that all cases can tell apart."""
        found = sweep(CT, {"evaluation.dates.interim_1": [12, 14]}, paths=64)
        name = "outcome.re_referral.effect_measured"
        one, other = (lived.table[name].mean.value for lived in found.cases)
        assert one == other
        alone = summarize(simulate(load(CT, {"evaluation.dates.interim_1": 14}), 64))
        assert alone[name].mean.value != one

    def test_a_grid_of_two(self):
        found = sweep(STARTER, {PRICE: [2000, 3000], "contract.cap": [1e6, 2e6, 3e6]}, paths=16)
        assert [tuple(one.case.sets.values()) for one in found.cases[:3]] == [
            (2000, 1e6), (2000, 2e6), (2000, 3e6)
        ]
        assert len(found.cases) == 6

    def test_stresses_stand_against_the_deal_as_it_is(self, stressed):
        found = sweep(stressed, cases=stressed.scenario.stresses, paths=64)
        assert [one.case.name for one in found.cases] == ["as it is", *STRESSES]
        base, _, half = found.cases
        assert base.differences == {} and half.differences["payor.payments.mean"].value < 0.0
        apart = half.table["payor.payments"].mean.value - base.table["payor.payments"].mean.value
        assert half.differences["payor.payments.mean"].value == apart

    def test_what_cannot_be_swept(self, stressed):
        with pytest.raises(InputError, match="allowed: one of the two"):
            sweep(STARTER, paths=8)
        with pytest.raises(InputError, match="allowed: one, or two"):
            sweep(STARTER, {"a": [1], "b": [1], "c": [1]}, paths=8)
        with pytest.raises(ScenarioError):
            sweep(STARTER, {"contract.cap": [1e6, -1]}, paths=8)
        with pytest.raises(InputError, match="multiple of 8"):
            sweep(STARTER, {"contract.cap": [1e6]}, paths=12, sampling="sobol")

    def test_rows_hold_everything(self, stressed):
        found = sweep(stressed, cases=STRESSES, paths=16)
        rows = found.list_rows()
        assert {row["case"] for row in rows} == {"as it is", *STRESSES}
        assert all(list(row) == list(rows[0]) for row in rows)
        changed = [row for row in rows if row["change"] is not None]
        assert {row["case"] for row in changed} == set(STRESSES)
        json.dumps(found.to_json(), allow_nan=False)

    def test_text_prints_the_definitions(self, stressed):
        pages = list_sweep(sweep(stressed, cases=STRESSES, paths=16))
        titles = [page.title for page in pages]
        assert titles == ["Cases", "Less the deal as it is", "What each case sets"]
        assert "outcomes.return_to_prison.effect" in pages[2].columns[0][1]
        one = sweep(STARTER, {PRICE: [2000, 3000]}, paths=16)
        page = list_sweep(one, ["payor.payments.median"])[0]
        assert page.keys[1] == ["2,000", "3,000"] and len(page.columns) == 1
        with pytest.raises(InputError, match="no such metric"):
            list_sweep(one, ["payor.paid.mean"])

    def test_figures(self, stressed, tmp_path):
        kinds = [
            sweep(STARTER, {PRICE: [2000, 2500, 3000]}, paths=16),
            sweep(STARTER, {PRICE: [2000, 3000], "contract.cap": [1e6, 2e6]}, paths=16),
            sweep(stressed, cases=STRESSES, paths=16),
        ]
        for place, found in enumerate(kinds):
            picture = draw_sweep(found)
            assert picture.title.startswith("Outcome payments, mean: $")
            files = save_figures([picture], tmp_path / str(place))
            again = save_figures([draw_sweep(found)], tmp_path / "again")
            assert [file.read_bytes() for file in files] == [f.read_bytes() for f in again]


class TestFolder:
    WORDS = ("sweep", STARTER, "--over", f"{PRICE}=2000:3000:3", "--paths", 32, "--out")

    def test_what_it_holds(self, tmp_path):
        done = call(*self.WORDS, tmp_path / "out")
        assert done.exit_code == 0, done.output
        names = {f.relative_to(tmp_path / "out").as_posix() for f in tmp_path.rglob("out/**/*")
                 if f.is_file()}
        cases = {name for name in names if name.startswith("cases/")}
        assert len(cases) == 3
        assert names - cases == {
            "sweep.csv", "sweep.json", "sweep.parquet", "sweep.txt", "scenario.resolved.yaml",
            "manifest.json", "report.html", "figures/sweep.png", "figures/sweep.svg",
        }
        with (tmp_path / "out" / "sweep.csv").open() as file:
            rows = list(csv.DictReader(file))
        table = pyarrow.parquet.read_table(tmp_path / "out" / "sweep.parquet")
        assert table.num_rows == len(rows) and table.column_names == list(rows[0])
        assert {row[PRICE] for row in rows} == {"2000", "2500", "3000"}
        assert str(tmp_path) not in (tmp_path / "out" / "manifest.json").read_text()

    def test_finished_cases_are_not_lived_again(self, tmp_path, monkeypatch):
        first = sweep(STARTER, {PRICE: [2000, 3000]}, paths=16, folder=tmp_path)

        def refuse(*_, **__):
            raise AssertionError("lived again")

        with monkeypatch.context() as patch:
            patch.setattr(same_people, "live_together", refuse)
            again = sweep(STARTER, {PRICE: [2000, 3000]}, paths=16, folder=tmp_path)
            assert again == first
            with pytest.raises(AssertionError, match="lived again"):
                sweep(STARTER, {PRICE: [2000, 3000]}, paths=16, seed=2, folder=tmp_path)
        more = sweep(STARTER, {PRICE: [2000, 3000, 4000]}, paths=16, folder=tmp_path)
        assert more.cases[:2] == first.cases

    def test_a_damaged_case_is_lived_again_and_a_stale_one_removed(self, tmp_path):
        first = sweep(STARTER, {PRICE: [2000, 3000]}, paths=16, folder=tmp_path)
        files = sorted((tmp_path / "cases").iterdir())
        files[0].write_text(files[0].read_text()[:100])
        (tmp_path / "cases" / "0001-0000.part").write_text("")
        assert sweep(STARTER, {PRICE: [2000, 3000]}, paths=16, folder=tmp_path) == first
        assert sorted((tmp_path / "cases").iterdir()) == files

    def test_an_edit_anywhere_makes_cases_stale(self, tmp_path, monkeypatch):
        sweep(STARTER, {PRICE: [2000]}, paths=16, folder=tmp_path)
        read = list[bool]()
        for text in ("as it is", "edited", "edited"):
            if text == "edited":
                monkeypatch.setattr("pfs_sim.analysis.sweep._hash_package", lambda: "edited")
            sweep(
                STARTER, {PRICE: [2000]}, paths=16, folder=tmp_path,
                finished=lambda _, found: read.append(found),
            )  # fmt: skip
        assert read == [True, False, True]

    def test_what_another_sweep_is_writing_stays(self, tmp_path):
        ended = subprocess.Popen([sys.executable, "-c", ""])
        ended.wait()
        cases = tmp_path / "cases"
        cases.mkdir()
        for pid in (os.getppid(), ended.pid, "nobody"):
            (cases / f"0000-ab.{pid}.part").touch()
        sweep(STARTER, {PRICE: [2000]}, paths=16, folder=tmp_path)
        assert [file.name for file in cases.glob("*.part")] == [f"0000-ab.{os.getppid()}.part"]

    def test_nobody_s_work_is_overwritten(self, tmp_path):
        (tmp_path / "thesis.txt").write_text("mine")
        done = call(*self.WORDS, tmp_path)
        assert done.exit_code == 2 and "thesis.txt" in done.stderr
        assert call(*self.WORDS, tmp_path / "thesis.txt").exit_code == 2

    def test_a_killed_sweep_goes_on_with_the_same_bytes(self, tmp_path):
        words = [sys.executable, "-m", "pfs_sim", "sweep", str(STARTER), "--over",
                 f"{PRICE}=2000:3000:6", "--paths", "3000", "--out"]
        whole, cut = tmp_path / "whole", tmp_path / "cut"
        subprocess.run([*words, str(whole)], cwd=ROOT, check=True, capture_output=True)
        killed = subprocess.Popen(
            [*words, str(cut)], cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        until = time.monotonic() + 120
        while not list(cut.glob("cases/*.json")) and time.monotonic() < until:
            time.sleep(0.005)
        os.kill(killed.pid, signal.SIGKILL)
        killed.wait()
        left = {file.name: file.stat().st_mtime_ns for file in cut.glob("cases/*.json")}
        assert 1 <= len(left) < 6 and not (cut / "sweep.csv").exists()
        done = subprocess.run([*words, str(cut)], cwd=ROOT, check=True, capture_output=True)
        assert b"(from before)" in done.stderr
        for name, moment in left.items():
            assert (cut / "cases" / name).stat().st_mtime_ns == moment
        files = sorted(f.relative_to(whole) for f in whole.rglob("*") if f.is_file())
        assert files == sorted(f.relative_to(cut) for f in cut.rglob("*") if f.is_file())
        for file in files:
            assert (whole / file).read_bytes() == (cut / file).read_bytes(), file


def test_a_slip_of_the_pen_is_no_sweep():
    many = ",".join(map(str, range(400)))
    levers = [f"{PRICE}={many}", f"contract.cap={many}"]
    done = call("sweep", str(STARTER), "--over", levers[0], "--over", levers[1])
    assert done.exit_code == 2 and "found 160,000 cases; allowed: 100,000" in done.stderr
    assert call("sweep", str(STARTER), "--over", f"{PRICE}=1:2:100000000").exit_code == 2


def test_one_of_three_ways_must_be_chosen(tmp_path):
    for words in ([], ["--stresses", "--over", f"{PRICE}=1,2"]):
        done = call("sweep", STARTER, *words)
        assert done.exit_code == 2 and "--over, --cases or --stresses" in done.output
    done = call("sweep", STARTER, "--stresses")
    assert done.exit_code == 2 and "no `stresses:`" in done.stderr
