"""`warmup` and `cache`: compiled kernels are made, measured and removed where they are kept."""

import os
import subprocess
import sys

import pytest
from click.testing import CliRunner
from made_up import STARTER

from pfs_sim.analysis import warming
from pfs_sim.cli import main
from pfs_sim.kernels import cache
from pfs_sim.kernels.cache import cache_key
from pfs_sim.reading import load


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("PFS_SIM_CACHE_DIR", str(tmp_path))
    monkeypatch.setattr("pfs_sim.kernels.cache._private_temporary_root", lambda: None)
    return tmp_path


def call(*words):
    done = CliRunner().invoke(main, words)
    assert done.exit_code == 0, done.output
    return done


def put(folder, key, size):
    """A folder of compiled code as numba leaves one."""
    made = folder / f"kernels-{key}" / "inside"
    made.mkdir(parents=True)
    (made / "path.nbc").write_bytes(bytes(size))


def test_info_tells_this_version_from_all(folder):
    put(folder, cache_key(), 2_000_000)
    put(folder, "0123456789abcdef", 3_000_000)
    lines = call("cache", "info").stdout.splitlines()
    assert str(folder / f"kernels-{cache_key()}") in lines[0]
    assert lines[1:] == ["current 2.0 MB", "all     5.0 MB"]


def test_clear_removes_all_versions_and_nothing_else(folder):
    put(folder, cache_key(), 2_000_000)
    put(folder, "0123456789abcdef", 3_000_000)
    (folder / "notes.txt").write_text("mine")
    assert call("cache", "clear").stdout == "5.0 MB freed\n"
    assert [file.name for file in folder.iterdir()] == ["notes.txt"]
    assert call("cache", "clear").stdout == "0.0 MB freed\n"


def test_one_process_does_where_two_cannot(folder, monkeypatch):
    """One core, no other process, or no compiler: nothing happens ahead of time."""

    def refuse(*_words, **_options):
        raise OSError("no more processes")

    monkeypatch.setattr(warming.subprocess, "Popen", refuse)
    monkeypatch.setattr(warming.os, "cpu_count", lambda: 2)
    warming.compile_side_by_side("")
    monkeypatch.setattr(warming.subprocess, "Popen", None)
    monkeypatch.setattr(warming.os, "cpu_count", lambda: 1)
    warming.compile_side_by_side("")


@pytest.mark.verify
def test_a_first_run_compiles_in_two_processes(tmp_path):
    """The same numbers, and a cache from which the next run takes everything."""
    own = {**os.environ, "PFS_SIM_CACHE_DIR": str(tmp_path)}
    own.pop("NUMBA_DISABLE_JIT", None)
    words = [sys.executable, "-m", "pfs_sim", "run", str(STARTER), "--paths", "20", "--json"]
    found = [
        subprocess.run(words, env=own, capture_output=True, text=True, check=True)
        for _ in range(2)
    ]
    assert "compiling the kernels" in found[0].stderr
    assert "compiling the kernels" not in found[1].stderr
    assert found[0].stdout == found[1].stdout
    for stage in ("program_stage", "money_stage", "collect_stage"):
        assert len(list(tmp_path.rglob(f"stages.{stage}*.nbc"))) == 1, "compiled once"
    assert len(list(tmp_path.rglob("path.walk*.nbc"))) == 1, "compiled once"


def test_kernels_are_missed_only_by_deals_that_need_them(folder):
    """Outcomes that are not lived lot by lot have kernels of their own."""
    in_lots, others = load("ct_family_stability"), load(STARTER)
    own, other = folder / cache.subfolder(cache.__file__), folder / "of-another-installation"
    for place in (other, own):
        place.mkdir(exist_ok=True)
        (place / "path.walk-1.py311.nbi").touch()
        for stage in ("program", "money", "collect", "rates"):
            assert not warming.are_compiled(folder), "a run may have been killed on the way"
            (place / f"stages.{stage}_stage-1.py311.nbi").touch()
    assert warming.are_compiled(folder) and warming.are_compiled(folder, [in_lots])
    assert not warming.are_compiled(folder, [in_lots, others])
    (own / "stages.outcomes_stage-1.py311.nbi").touch()
    assert warming.are_compiled(folder, [in_lots, others])


def test_warmup_says_how_long_it_took_and_where_the_code_is():
    done = call("warmup")
    assert done.stdout == ""
    assert "ready in" in done.stderr and "kernels-" in done.stderr
    assert call("warmup", "--quiet").stderr == ""
