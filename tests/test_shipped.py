"""Scenarios that come with pfs-sim are found by their bare names; a file so named comes first."""

import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner
from made_up import make_up_results

from pfs_sim.cli import main
from pfs_sim.metrics.deal import summarize
from pfs_sim.model.checks.metrics import STATISTICS
from pfs_sim.plan.outputs import columns
from pfs_sim.reading import load, shipped

SCENARIOS = sorted((Path(__file__).resolve().parents[1] / "scenarios").glob("*.yaml"))


def test_the_source_tree_has_its_own():
    assert shipped.list_shipped() == SCENARIOS


def test_an_installed_wheel_has_them_below_its_prefix(monkeypatch, tmp_path):
    """What a wheel records: paths relative to where the package lies."""
    home = tmp_path / shipped.HOME
    home.mkdir(parents=True)
    shutil.copy(SCENARIOS[0], home)

    class Installed(type(Path())):
        def locate(self):
            return tmp_path / self

    monkeypatch.setattr(shipped, "__file__", str(tmp_path / "lib" / "pfs_sim" / "reading" / "x.py"))
    recorded = [Installed(f"{shipped.HOME}/{SCENARIOS[0].name}"), Installed("pfs_sim/x.yaml")]
    monkeypatch.setattr("importlib.metadata.files", lambda name: recorded)
    assert [file.name for file in shipped.list_shipped()] == [SCENARIOS[0].name]


def test_a_bare_name_is_a_shipped_scenario(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    assert load("dc_water").scenario == load(SCENARIOS[0].parent / "dc_water.yaml").scenario
    assert CliRunner().invoke(main, ["check", "dc_water"]).exit_code == 0
    refused = CliRunner().invoke(main, ["check", "dc_wine"])
    assert refused.exit_code == 2 and "no such file" in refused.output + refused.stderr
    (tmp_path / "dc_water").write_text("pfs_sim: 1\n")
    assert CliRunner().invoke(main, ["check", "dc_water"]).exit_code == 2


def test_without_any_the_back_test_says_what_to_do(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(shipped, "list_shipped", lambda: [])
    done = CliRunner().invoke(main, ["backtest"])
    assert done.exit_code == 2 and "allowed: name the files" in done.stderr


@pytest.mark.parametrize("file", SCENARIOS, ids=lambda file: file.stem)
def test_no_two_metrics_have_one_name(file):
    names = [column.name for column in columns(load(file).scenario)]
    assert len(set(names)) == len(names)
    taken = {f"payor.payments.{statistic}" for statistic in STATISTICS}
    assert not taken & set(names)


def test_the_statistics_that_no_term_may_be_called_are_all_there_are():
    paid = summarize(make_up_results(paths=50))["payor.payments"]
    starts = {address.partition(".")[0] for address in paid.list_statistics()}
    assert starts | {"n", "n_undefined", "status", "median"} <= set(STATISTICS)
