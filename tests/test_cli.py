"""The commands: what goes to which stream, how they end, and that help needs no simulation."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from importlib import import_module
from pathlib import Path

import click
import jsonschema
import pytest
from click.testing import CliRunner
from made_up import STARTER, make_up_results

from pfs_sim.cli import main
from pfs_sim.cli.door import COMMANDS
from pfs_sim.errors import InputError
from pfs_sim.reading import read
from pfs_sim.reading.parsing import parse_scenario
from pfs_sim.report.editor import scenario_schema
from pfs_sim.report.summary import summary_schema

ROOT = Path(__file__).resolve().parents[1]
PROGRAM = [sys.executable, "-m", "pfs_sim"]
SHIPPED = sorted(file.name for file in (ROOT / "scenarios").glob("*.yaml"))


def call(*words, **options):
    """Run a command in this process."""
    return CliRunner(**options).invoke(main, [str(word) for word in words])


def start(*words, **options):
    """Run a command as a program of its own."""
    return subprocess.run(
        [*PROGRAM, *map(str, words)], cwd=ROOT, capture_output=True, text=True, timeout=600,
        **options,
    )


@pytest.fixture
def deal(tmp_path):
    file = tmp_path / "deal.yaml"
    file.write_text(STARTER.read_text(encoding="utf-8"), encoding="utf-8")
    return file


@pytest.fixture
def broken(tmp_path):
    text = STARTER.read_text(encoding="utf-8").replace("eligible: 0.8", "eligible: 1.8")
    file = tmp_path / "broken.yaml"
    file.write_text(text.replace("overflow: wait", "overfow: wait"), encoding="utf-8")
    return file


@pytest.fixture
def made_up(monkeypatch):
    """`simulate` without kernels: as many made-up paths as were asked for."""
    calls = []

    def simulate(deal, paths=10_000, seed=1, **options):
        calls.append({"paths": paths, "seed": seed, **options})
        return make_up_results(deal.document, paths, seed)

    monkeypatch.setattr(import_module("pfs_sim.simulate"), "simulate", simulate)
    monkeypatch.setattr("pfs_sim.report.html.deck.live_stories", lambda results: {})
    return calls


class TestHelp:
    def test_it_names_every_command(self):
        done = start("--help")
        assert done.returncode == 0 and not done.stderr
        for name, (_, line) in COMMANDS.items():
            assert name in done.stdout
            assert line.split()[0] in done.stdout

    @pytest.mark.parametrize("name", COMMANDS)
    def test_every_command_has_an_example_and_says_what_its_options_do(self, name):
        done = call(name, "--help")
        assert done.exit_code == 0
        assert re.search(rf"Examples?:\n +pfs-sim {name}", done.output)
        for option in main.get_command(click.Context(main), name).params:
            assert isinstance(option, click.Argument) or option.help, option.name

    def test_version(self):
        done = call("--version")
        assert re.fullmatch(r"pfs-sim \d+\.\d+\.\d+\S*\n", done.stdout)

    def test_a_mistyped_command(self):
        done = call("chekc")
        assert done.exit_code == 2 and not done.stdout
        assert "Did you mean `check`?" in done.stderr

    def test_no_command(self):
        assert "Usage" in call().output


class TestBadInput:
    @pytest.mark.parametrize("name", ["run", "check", "resolve", "trace"])
    def test_no_such_file(self, name, tmp_path):
        done = call(name, tmp_path / "nothing.yaml")
        assert done.exit_code == 2
        assert "no such file" in done.output
        assert "Traceback" not in done.output

    @pytest.mark.parametrize("name", ["run", "resolve", "trace"])
    def test_a_broken_scenario_tells_all_problems_on_stderr(self, name, broken):
        done = call(name, broken)
        assert done.exit_code == 2 and done.stdout == ""
        assert "program.eligible" in done.stderr and "overfow" in done.stderr
        assert f"{broken}:" in done.stderr and "2 problems" in done.stderr

    def test_a_set_that_cannot_be(self, deal):
        done = call("run", deal, "--set", "contract.cap=-1")
        assert done.exit_code == 2 and "contract.cap" in done.stderr
        assert call("run", deal, "--set", "nonsense").exit_code == 2

    @pytest.mark.parametrize("words", [["--paths", "0"], ["--seed", "x"], ["--keep-paths"]])
    def test_options_that_cannot_be(self, deal, words):
        done = call("run", deal, *words)
        assert done.exit_code == 2 and not done.stdout

    def test_a_run_that_does_not_fit_in_memory(self, deal, monkeypatch):
        room = import_module("pfs_sim.simulate")
        monkeypatch.setattr(room, "available_memory", lambda: 1_000_000)
        with pytest.raises(InputError, match=r"allowed: what fits .* [\d,]+ paths"):
            room.refuse_if_too_large(100_000, 80, 25)

    def test_an_input_error_of_any_command_is_a_message(self, deal, monkeypatch):
        def simulate(*_, **__):
            raise InputError("found 9 paths too many; allowed: 3")

        monkeypatch.setattr(import_module("pfs_sim.simulate"), "simulate", simulate)
        done = call("run", deal, "--quiet")
        assert done.exit_code == 2 and done.stdout == ""
        assert done.stderr == "pfs-sim: found 9 paths too many; allowed: 3\n"

    def test_a_defect_keeps_its_traceback(self, deal, monkeypatch):
        def simulate(*_, **__):
            raise RuntimeError("a defect")

        monkeypatch.setattr(import_module("pfs_sim.simulate"), "simulate", simulate)
        done = call("run", deal, "--quiet")
        assert isinstance(done.exception, RuntimeError) and done.exit_code == 1

    def test_interrupted(self, deal, monkeypatch):
        def simulate(*_, **__):
            raise KeyboardInterrupt

        monkeypatch.setattr(import_module("pfs_sim.simulate"), "simulate", simulate)
        done = call("run", deal, "--quiet")
        assert done.exit_code == 130 and done.stderr.strip() == "interrupted"


class TestRun:
    def test_the_answer_and_a_table_by_party(self, deal, made_up):
        done = call("run", deal, "--paths", 500)
        assert done.exit_code == 0
        for words in (
            "A first deal", "The government pays $", "The investors' median IRR", "Government",
            "Investor: Senior loan", "All investors together", "Guarantor", "Program",
            "Outcome: Return to prison within a year", "±", "500 paths, seed 1",
        ):
            assert words in done.stdout, words
        assert max(map(len, done.stdout.splitlines())) <= 112
        assert "500 paths in" in done.stderr

    def test_quiet(self, deal, made_up):
        assert call("run", deal, "--paths", 50, "--quiet").stderr == ""

    def test_json_is_all_that_stands_on_stdout(self, deal, made_up):
        done = call("run", deal, "--paths", 50, "--seed", 7, "--json")
        found = json.loads(done.stdout)
        assert (found["paths"], found["seed"]) == (50, 7)
        jsonschema.validate(found, summary_schema(), jsonschema.Draft202012Validator)

    def test_options_reach_the_simulation(self, deal, made_up):
        call("run", deal, "--paths", 60, "--seed", 3, "--threads", 2, "--chunk", 16, "--quiet")
        assert made_up[0] == {
            "paths": 60, "seed": 3, "threads": 2, "chunk": 16, "progress": None
        }

    def test_a_value_set(self, deal, made_up):
        done = call("run", deal, "--paths", 50, "--set", "name=Another", "--json")
        assert json.loads(done.stdout)["scenario"] == "Another"

    def test_out(self, deal, made_up, tmp_path):
        out = tmp_path / "out" / "deal"
        done = call("run", deal, "--paths", 80, "--out", out, "--keep-paths")
        assert done.exit_code == 0, done.output
        names = {file.relative_to(out).as_posix() for file in out.rglob("*") if file.is_file()}
        pictures = {f"figures/{name}.{kind}" for name in
                    ("payments", "returns", "cash", "enrollment") for kind in ("svg", "png")}
        assert names == pictures | {
            "summary.json", "summary.txt", "metrics.csv", "scenario.resolved.yaml",
            "manifest.json", "results.npz", "paths.parquet", "report.html",
        }
        assert (out / "summary.txt").read_text(encoding="utf-8").rstrip() == done.stdout.rstrip()
        manifest = json.loads((out / "manifest.json").read_text(encoding="utf-8"))
        assert manifest["command"] == "pfs-sim run deal.yaml --paths 80 --seed 1 --keep-paths"
        assert set(manifest["files"]) == names - {"manifest.json"}
        assert manifest["inputs"][0]["file"] == "deal.yaml"
        assert str(tmp_path) not in json.dumps(manifest)
        rows = (out / "metrics.csv").read_text(encoding="utf-8").splitlines()
        assert rows[0].startswith("metric,statistic,value,se") and len(rows) > 500
        again = call("resolve", out / "scenario.resolved.yaml")
        assert again.stdout == (out / "scenario.resolved.yaml").read_text(encoding="utf-8")

    def test_out_replaces_an_earlier_run_and_nothing_else(self, deal, made_up, tmp_path):
        out = tmp_path / "out"
        assert call("run", deal, "--paths", 30, "--out", out, "--keep-paths").exit_code == 0
        (out / "notes.txt").write_text("mine")
        assert call("run", deal, "--paths", 40, "--out", out).exit_code == 0
        assert json.loads((out / "summary.json").read_text())["paths"] == 40
        assert not (out / "paths.parquet").exists()
        assert (out / "notes.txt").read_text() == "mine"
        assert sorted(file.name for file in tmp_path.iterdir()) == ["deal.yaml", "out"]

    def test_out_overwrites_nobody_s_work(self, deal, made_up, tmp_path):
        (tmp_path / "thesis").mkdir()
        (tmp_path / "thesis" / "chapter.txt").write_text("mine")
        for out in (tmp_path / "thesis", deal):
            done = call("run", deal, "--out", out)
            assert done.exit_code == 2 and "allowed: a" in done.stderr
        assert not made_up, "refused before anything was lived"
        assert (tmp_path / "thesis" / "chapter.txt").read_text() == "mine"

    def test_out_into_a_folder_that_cannot_be(self, deal, made_up):
        done = call("run", deal, "--paths", 10, "--out", deal / "below")
        assert done.exit_code in (1, 2) and "Traceback" not in done.output


class TestAsking:
    def test_check_says_that_all_is_well(self, deal):
        done = call("check", deal)
        assert done.exit_code == 0 and "can be run" in done.stdout

    def test_check_tells_all_problems(self, broken):
        done = call("check", broken)
        assert done.exit_code == 2 and done.stderr == ""
        assert "error: " in done.stdout and "cannot be run: 2 errors" in done.stdout

    def test_check_in_json(self, broken, deal):
        found = json.loads(call("check", broken, "--json").stdout)
        assert not found["usable"]
        assert {problem["path"] for problem in found["problems"]} >= {"program.eligible"}
        assert all(problem["line"] for problem in found["problems"])
        assert json.loads(call("check", deal, "--json").stdout)["usable"]

    def test_resolve_prints_what_reads_back(self, deal, tmp_path):
        done = call("resolve", deal, "--set", "program.target=123")
        assert done.exit_code == 0 and "target: 123" in done.stdout
        copy = tmp_path / "copy.yaml"
        copy.write_text(done.stdout, encoding="utf-8")
        assert call("resolve", copy).stdout == done.stdout

    def test_kinds(self):
        done = call("kinds")
        assert done.exit_code == 0
        for word in ("lognormal", "milestone", "relative_reduction", "rct", "tiers", "loan"):
            assert word in done.stdout
        found = json.loads(call("kinds", "--json").stdout)
        assert all(line.endswith(".") for group in found.values() for line in
                   group["kinds"].values())

    def test_kinds_of_one_group(self):
        done = call("kinds", "schedules")
        assert "tiers" in done.stdout and "lognormal" not in done.stdout
        wrong = call("kinds", "nonsense")
        assert wrong.exit_code == 2 and "distributions" in wrong.stderr


class TestWriting:
    def test_new_prints_where_no_name_is_given(self):
        assert call("new").stdout == STARTER.read_text(encoding="utf-8")

    def test_new_writes_a_file_that_can_be_run(self, tmp_path, monkeypatch):
        monkeypatch.chdir(tmp_path)
        done = call("new", 'Second "Chance"')
        assert done.exit_code == 0 and done.stdout == ""
        file = tmp_path / "second_chance.yaml"
        assert "pfs-sim run second_chance.yaml" in done.stderr
        assert call("check", file).exit_code == 0
        assert 'name: "Second \\"Chance\\""' in call("resolve", file).stdout

    def test_new_refuses_to_overwrite(self, deal):
        before = deal.read_bytes()
        done = call("new", "x", "-o", deal)
        assert done.exit_code == 2 and str(deal) in done.stderr
        assert deal.read_bytes() == before

    def test_new_into_a_folder_that_does_not_exist(self, tmp_path):
        done = call("new", "x", "-o", tmp_path / "no" / "deal.yaml")
        assert done.exit_code == 1 and "deal.yaml" in done.stderr

    def test_schema(self):
        done = call("schema")
        assert json.loads(done.stdout) == scenario_schema()
        assert len(done.stdout) < 400_000
        assert json.loads(call("schema", "--summary").stdout) == summary_schema()


@pytest.fixture(scope="module")
def validator():
    schema = scenario_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


@pytest.fixture(scope="module")
def starter():
    return read(STARTER).data


class TestScenarioSchema:
    def test_it_accepts_the_starter(self, validator, starter):
        validator.validate(starter)

    @pytest.mark.parametrize("name", SHIPPED)
    def test_it_accepts_what_is_shipped(self, validator, name):
        file = ROOT / "scenarios" / name
        validator.validate(parse_scenario(file.read_text(encoding="utf-8"), str(file)).data)

    @pytest.mark.parametrize(
        ("section", "key", "value"),
        [
            ("program", "eligible", 1.8),
            ("program", "eligible", {"dist": "normal", "mean": 1}),
            ("program", "overfow", "wait"),
            ("clock", "period", "week"),
            ("contract", "cap", "much"),
            ("contract", "terms", {}),
            ("outcomes", "job", {"kind": "event"}),
        ],
    )
    def test_it_refuses_what_the_language_refuses(self, validator, starter, section, key, value):
        wrong = {**starter, section: {**starter[section], key: value}}
        assert list(validator.iter_errors(wrong))

    def test_an_overlay_may_leave_anything_out(self, validator):
        validator.validate({"extends": "base.yaml", "contract": {"terms": {"work": None}}})
        assert list(validator.iter_errors({"extends": "base.yaml", "program": {"eligible": 1.8}}))
        assert list(validator.iter_errors({"name": "no base, no deal"}))


class TestForReal:
    """Whole commands over compiled kernels; the first of them may compile."""

    def test_run_and_trace_live_the_same_path(self, deal):
        from pfs_sim.simulate import simulate

        results = simulate(deal, 40, 5)
        done = call("trace", deal, "--path", 31, "--seed", 5, "--json")
        ledger = json.loads(done.stdout)
        for name, value in ledger["results"].items():
            kept = results[name][31]
            if name.endswith("irr_status"):
                assert isinstance(value, str)
            elif value is None:
                assert kept != kept
            else:
                assert value == kept, name
        assert max(abs(x) for x in ledger["cash"]["unexplained"]) < 1e-6
        paid = sum(sum(term["paid"]) for term in ledger["payments"].values())
        assert paid == pytest.approx(results["payor.payments"][31])
        assert sum(ledger["people"]["enrolled"]) == results["program.enrolled"][31]

    def test_trace_as_text(self, deal):
        done = call("trace", deal, "--path", 3)
        assert done.exit_code == 0, done.output
        for words in ("path 3 of seed 1", "Uncertain quantities", "People", "Measures",
                      "Payments: returns", "Waterfall", "Tranche: senior", "Cash adds up"):
            assert words in done.stdout, words

    def test_run_deterministic(self, deal, tmp_path):
        done = call("run", deal, "--deterministic", "--out", tmp_path / "base")
        assert done.exit_code == 0, done.output
        assert "not an expectation" in " ".join(done.stdout.split())
        found = json.loads(call("run", deal, "--deterministic", "--json").stdout)
        assert found["unexplained"] < 1e-6
        lines = {line["label"]: line for line in found["cash_flow"]}
        drawn = sum(line["total"] for label, line in lines.items() if label.startswith("Drawn"))
        used = sum(line["total"] for line in found["cash_flow"] if line["group"] == "Uses")
        assert drawn == pytest.approx(used)
        names = {file.name for file in (tmp_path / "base").iterdir()}
        assert names == {"base_case.json", "base_case.txt", "cash_flow.csv",
                         "scenario.resolved.yaml", "manifest.json"}
        assert json.loads((tmp_path / "base" / "base_case.json").read_text()) == found

    def test_the_same_run_gives_the_same_bytes(self, deal):
        first, second = (
            call("run", deal, "--paths", 30, "--threads", n, "--chunk", c, "--json").stdout
            for n, c in ((1, 1024), (2, 7))
        )
        assert first == second

    def test_streams_of_the_program_itself(self, deal):
        done = start("run", deal, "--paths", "20", "--json")
        assert done.returncode == 0
        assert json.loads(done.stdout)["paths"] == 20
        assert "20 paths in" not in done.stderr

    def test_too_many_paths_for_the_memory_are_refused_before_they_start(self, deal):
        done = start("run", deal, "--paths", 10**10)
        assert done.returncode == 2 and done.stdout == ""
        assert "GB" in done.stderr and "Traceback" not in done.stderr

    def test_a_reader_who_leaves_is_no_error(self):
        with subprocess.Popen(
            [*PROGRAM, "schema"], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        ) as process:
            assert process.stdout is not None and process.stderr is not None
            process.stdout.read(10)
            process.stdout.close()
            assert process.stderr.read() == b""

    def test_ctrl_c_ends_a_run_with_a_line(self, deal):
        # A shell has what it starts in the background ignore Ctrl-C, this suite among it.
        def heed_interrupts():
            signal.signal(signal.SIGINT, signal.SIG_DFL)

        with subprocess.Popen(
            [*PROGRAM, "run", str(deal), "--paths", "3000000", "--chunk", "64"], cwd=ROOT,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env={**os.environ},
            preexec_fn=heed_interrupts,
        ) as process:
            time.sleep(6)
            process.send_signal(signal.SIGINT)
            out, said = process.communicate(timeout=120)
        assert process.returncode == 130, said
        assert said.strip().splitlines()[-1] == "interrupted" and out == ""


def test_a_deal_against_itself_differs_nowhere(deal):
    done = call("compare", deal, deal, "--paths", "20")
    assert done.exit_code == 0, done.output
    assert "Every metric is the same on every path." in done.stdout


@pytest.mark.parametrize("width", [160, 112, 110, 80])
def test_plain_tables_are_those_that_rich_would_write(width):
    from pfs_sim.cli import screen
    from pfs_sim.cli.run import _parts
    from pfs_sim.metrics.deal import summarize

    results = make_up_results()
    parts = _parts(results, summarize(results))
    said = " ".join(["one-word", "two  words,", "±3.3 % – and – so – on"] * 9)
    parts += [screen.Said(said), screen.Said("漢字 " * 70), screen.Said("x" * 200)]
    rendered = [line.rstrip() for part in parts for line in screen._render(part, width)]
    assert screen.write_plain(parts, width).splitlines() == rendered
    tables = [part for part in parts if isinstance(part, screen.PartyTable)]
    assert tables and all((table.write(width) is None) == (width == 80) for table in tables)


@pytest.mark.parametrize("width", [80, 106, 112])
def test_no_table_cuts_a_number_or_drops_a_chance(width):
    from pfs_sim.cli import screen
    from pfs_sim.report.cells import Cell, Row
    from pfs_sim.report.parties import Section

    numbers = tuple(Cell(f"-$12,345,678,90{i}", "±1,234,567") for i in range(4))
    chance = Cell("below 0 on 99.9%", "±0.2%")
    row = Row("payor.net_benefit", "  Savings and returned cash", numbers, (chance,))
    tables = screen.tables_by_party([Section("Government", (row,))])
    text = "\n".join(line for part in tables for line in screen._render(part, width))
    assert "…" not in text and text.count("±1,234,567") == 4
    assert all(cell.text in text for cell in numbers)
    assert all(word in text for word in (*chance.text.split(), chance.error))


def test_a_module_put_off_is_there_when_it_is_asked_for():
    code = (
        "import sys; from pfs_sim.cli.door import _put_off; _put_off('importlib.metadata'); "
        "import importlib.metadata as one; from importlib import metadata as other; "
        "assert 'email' not in sys.modules; print(one.version('click') == other.version('click'))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60
    )
    assert done.stdout == "True\n", done.stderr


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is always full")
def test_a_full_disk_is_said_in_one_line():
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "pfs_sim", "schema"], stdout=full, stderr=subprocess.PIPE,
            text=True,
        )  # fmt: skip
    assert done.returncode == 1
    assert done.stderr == "pfs-sim: output: No space left on device\n"
