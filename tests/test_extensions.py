"""A package outside this repository adds kinds: listed, checked, read, laid out, said in words."""

import json
import os
import shutil
import subprocess
import sys
import textwrap
from configparser import ConfigParser
from pathlib import Path
from typing import Literal

import pytest

from pfs_sim.errors import InputError
from pfs_sim.model import extensions, offers
from pfs_sim.model.conformance import amount_at, check_kind
from pfs_sim.model.family import FAMILIES
from pfs_sim.model.noun import Number
from pfs_sim.model.outcomes import OUTCOME_KINDS
from pfs_sim.model.presets import OutcomePreset, TranchePreset
from pfs_sim.model.schedules import SCHEDULE_KINDS, RateCard, Schedule, Segments

ROOT = Path(__file__).resolve().parents[1]
EXAMPLE = ROOT / "tests" / "example_package"
OWN = ("kumaraswamy", "declining", "program_related", "cut_score")

DEAL = """\
pfs_sim: 1
name: Kinds of one's own
clock: {start: 2020-01-01, period: year, periods: 5}
program:
  referrals: {per_period: 40}
  eligible: {dist: kumaraswamy, a: 8, b: 2}
  target: 100
  service: {duration: 1}
outcomes:
  readiness:
    {kind: cut_score, good: higher, mean: 50, sd: 10, cut: 60, effect: 5, window: 1}
evaluation:
  dates: {end: 4}
  measures:
    ready: {outcome: readiness, statistic: total, design: validated}
contract:
  terms:
    ready:
      measure: ready
      schedule: {kind: declining, price: 1000, block: 10, fall: 0.25, blocks: 4}
capital:
  costs: {service: {per_client_period: 500}}
  tranches:
    bank: {kind: loan, commitment: 40000, coupon: 0.05}
    foundation: {kind: program_related, amount: 20000, rate: 0.02, source: assumed}
  waterfall:
    principal: {pay: principal, to: [bank]}
    interest: {pay: interest, to: [bank]}
    second: {pay: principal, to: [foundation]}
    second_interest: {pay: interest, to: [foundation]}
"""


def install(package, folder):
    """Put a package of one module into a folder as an installer does: module and metadata."""
    config = ConfigParser()
    config.read(package / "setup.cfg")
    name, version = config["metadata"]["name"], config["metadata"]["version"]
    info = folder / f"{name.replace('-', '_')}-{version}.dist-info"
    info.mkdir(parents=True)
    shutil.copy(package / f"{config['options']['py_modules']}.py", folder)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    points = config["options.entry_points"]
    text = "".join(f"[{group}]\n{textwrap.dedent(of).strip()}\n" for group, of in points.items())
    (info / "entry_points.txt").write_text(text)
    return folder


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    return install(EXAMPLE, tmp_path_factory.mktemp("site") / "packages")


def python(folder, *arguments, cwd=None):
    """Run Python with the packages of a folder installed."""
    known = [str(folder), str(ROOT)]
    return subprocess.run(
        [sys.executable, *map(str, arguments)],
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(known)},
        capture_output=True,
        text=True,
        timeout=120,
    )


def command(folder, *arguments):
    done = python(folder, "-m", "pfs_sim", *arguments)
    assert "Traceback" not in done.stderr, done.stderr
    return done


@pytest.fixture(scope="module")
def deal(tmp_path_factory):
    file = tmp_path_factory.mktemp("deal") / "deal.yaml"
    file.write_text(DEAL)
    return file


def test_its_kinds_are_listed(installed):
    listed = json.loads(command(installed, "kinds", "--json").stdout)
    where = {name: title for title, group in listed.items() for name in group["kinds"]}
    assert {name: where[name] for name in OWN} == {
        "kumaraswamy": "Distributions",
        "declining": "Schedules",
        "program_related": "Tranches",
        "cut_score": "Outcomes",
    }
    line = listed["Tranches"]["kinds"]["program_related"]
    assert line.startswith("A foundation's loan below the market rate")


def test_editors_know_them(installed, deal):
    schema = json.loads(command(installed, "schema").stdout)
    text = json.dumps(schema)
    assert all(f'"{name}"' in text for name in OWN)
    from jsonschema import Draft202012Validator

    from pfs_sim.reading import read

    data = read(str(deal)).data
    validator = Draft202012Validator(schema)
    assert not list(validator.iter_errors(data))
    data["capital"]["tranches"]["foundation"]["coupon"] = 0.02
    assert list(validator.iter_errors(data))


def test_a_deal_with_them_can_be_run(installed, deal):
    done = command(installed, "check", deal)
    assert (done.returncode, done.stderr) == (0, ""), done.stdout
    assert done.stdout == "can be run: no problems\n"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("capital.tranches.foundation.amount=-1", "capital.tranches.foundation.amount"),
        ("capital.tranches.foundation.coupon=0.1", "capital.tranches.foundation.coupon"),
        ("contract.terms.ready.schedule.fall=2", "contract.terms.ready.schedule.fall"),
        ("outcomes.readiness.kind=cutscore", "did you mean `cut_score`?"),
        ("capital.tranches.foundation.kind=program_relate", "did you mean `program_related`?"),
        ("outcomes.readiness.window=-3", "outcomes.readiness.window"),
    ],
)
def test_mistakes_in_them_are_refused_with_their_place(installed, deal, change, said):
    done = command(installed, "check", deal, "--set", change)
    assert done.returncode == 2
    assert said in done.stdout


def test_presets_resolve_to_words_that_everyone_reads(installed, deal, tmp_path):
    """Without the package, only its distribution and its payment rule are missed."""
    text = command(installed, "resolve", deal).stdout
    assert "program_related" not in text and "cut_score" not in text
    plain = text.replace("kind: declining", "kind: x").replace("dist: kumaraswamy", "dist: y")
    assert "level: 0.158" in plain and "coupon: 0.02" in plain and "source: assumed" in plain
    resolved = tmp_path / "resolved.yaml"
    resolved.write_text(text)
    assert command(installed, "resolve", resolved).stdout == text
    alone = command(tmp_path, "check", resolved)
    assert alone.returncode == 2
    assert "kumaraswamy" in alone.stdout
    assert "tranches" not in alone.stdout and "outcomes" not in alone.stdout


def test_the_plan_holds_what_they_state(installed, deal):
    code = f"""
import numpy as np
from pfs_sim.draws import source_seeds
from pfs_sim.plan.money import money_plan
from pfs_sim.plan.row import Row
from pfs_sim.reading import load
scenario = load({str(deal)!r}).scenario
plan = money_plan(scenario, Row(scenario), source_seeds(1))
assert [k["x"] for k in plan.contract.knots] == [0, 10, 20, 30, 40]
assert np.allclose([k["slope"] for k in plan.contract.knots], [1000, 750, 562.5, 421.875, 0])
assert list(scenario.capital.tranches) == ["bank", "foundation"]
assert scenario.capital.tranches["foundation"].kind == "loan"
assert scenario.outcomes["readiness"].kind == "event"
print("fine")
"""
    done = python(installed, "-c", code)
    assert done.stdout == "fine\n", done.stderr


def test_the_term_sheet_says_them(installed, deal):
    text = command(installed, "termsheet", deal).stdout
    assert "A price that falls from block to block: the first units earn the most." in text
    assert "`declining`: price 1,000, block 10, fall 0.25, blocks 4." in text
    assert "| at least 10 clients | $10,000 | $750 for each client |" in text
    assert "A loan: at most $20,000." in text
    assert "uncertain (kumaraswamy, a 8, b 2)" in text


def test_one_call_runs_the_conformance_tests_on_each(installed):
    code = """
import pfs_example_kinds as mine
from pfs_sim.model.conformance import check_kind
from pfs_sim.model.family import load_families
load_families()
for kind in (mine.Kumaraswamy, mine.Declining, mine.ProgramRelated, mine.CutScore):
    print(kind.__name__, check_kind(kind))
"""
    done = python(installed, "-c", code)
    names = ("Kumaraswamy", "Declining", "ProgramRelated", "CutScore")
    assert done.stdout == "".join(f"{name} []\n" for name in names), done.stderr


def test_a_module_of_kinds_can_be_imported_before_anything_else(installed):
    code = "import pfs_example_kinds, pfs_sim.model.scenario as s; print(*s.OUTCOME_PRESETS)"
    done = python(installed, "-c", code)
    assert done.stdout == "cut_score\n", done.stderr


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ("declining = pfs_example_kinds:Nothing", "has no attribute 'Nothing'"),
        ("declining = no_such_module:Declining", "No module named 'no_such_module'"),
        ("declining = pfs_example_kinds:CutScore", "it is not a pfs_sim.model.schedules.Schedule"),
        ("falling = pfs_example_kinds:Declining", "it is `kind: declining`"),
        ("tiers = pfs_sim.model.schedules:Tiers", "the word `tiers` is taken"),
    ],
)
def test_a_kind_that_cannot_be_used_is_named_with_its_package(tmp_path, deal, entry, said):
    package = tmp_path / "source"
    shutil.copytree(EXAMPLE, package)
    config = ConfigParser()
    config.read(package / "setup.cfg")
    config["options.entry_points"]["pfs_sim.schedules"] = f"\n{entry}"
    with (package / "setup.cfg").open("w") as file:
        config.write(file)
    done = command(install(package, tmp_path / "site"), "check", deal)
    assert done.returncode == 2
    shown = done.stdout + done.stderr
    assert "pfs-example-kinds offers" in shown and said in shown


@pytest.mark.parametrize("kind", sorted(SCHEDULE_KINDS))
def test_own_payment_rules_conform(kind):
    assert check_kind(SCHEDULE_KINDS[kind]) == []


@pytest.mark.parametrize("kind", sorted(FAMILIES))
def test_own_distributions_conform(kind):
    assert check_kind(FAMILIES[kind]) == []


def test_what_is_wrong_with_a_rule_is_said():
    class Falling(Schedule):
        """Knots that fall."""

        examples = (({"kind": "falling", "price": 1}, {1: 1.0}),)
        kind: Literal["falling"]
        price: Number

        def segments(self):
            return Segments(0.0, [2.0, 1.0], [0.0, 0.0], [1.0, 1.0], not self.above)

    said = "\n".join(check_kind(Falling))
    assert "the knots [2.0, 1.0] do not rise" in said
    assert "do not say `above`" in said
    assert "a measure of 1 earns" in said
    assert "is its entry point installed?" in said

    class Ragged(Falling):
        """Lists of different lengths."""

        def segments(self):
            return Segments(0.0, [1.0], [], [1.0], self.above)

    class Endless(Falling):
        """An amount without end."""

        def segments(self):
            return Segments(0.0, [0.0], [float("inf")], [1.0], self.above)

    class Bare(Falling):
        __doc__ = ""

    assert check_kind(Ragged) == ["falling: segments need as many y and slopes as x, at least one"]
    assert check_kind(Endless) == ["falling: a segment is not a finite number"]
    assert check_kind(Bare) == ["Bare has no docstring, whose first line is shown by `kinds`"]
    assert check_kind(Schedule) == ["Schedule gives no examples"]
    assert "is no distribution" in check_kind(int)[0]


def test_what_is_wrong_with_a_preset_is_said():
    class Empty(TranchePreset):
        """States a tranche without its size."""

        examples = ({"kind": "empty"},)
        kind: Literal["empty"]

        def stated(self):
            return {"kind": "loan"}

    class Silent(OutcomePreset):
        """States nothing."""

        examples = ({"kind": "silent"},)
        kind: Literal["silent"]

    class Nameless(OutcomePreset):
        """Has no kind."""

        examples = ({},)

    assert "found a empty that states commitment: Field required" in check_kind(Empty)[0]
    assert check_kind(Silent) == ["silent: Silent does not state itself"]
    assert check_kind(Nameless) == ['Nameless has no field kind: Literal["…"] with one word']


def test_no_kind_takes_the_word_of_another(monkeypatch):
    class Entry:
        name, value, dist = "rate", "somewhere:Rate", None

        def load(self):
            return RateCard

    monkeypatch.setattr("pfs_sim.model.extensions.find_offers", lambda group: [Entry()])
    with pytest.raises(InputError, match=r"an installed package offers .* word `rate` is taken"):
        extensions.find_kinds(extensions.SCHEDULES, Schedule, SCHEDULE_KINDS)


def test_amounts_at_knots():
    reached = Segments(1.0, [0.0, 2.0], [5.0, 9.0], [1.0, 0.0], False)
    assert [amount_at(reached, x) for x in (-1, 0, 1, 2, 3)] == [1.0, 5.0, 6.0, 9.0, 9.0]
    exceeded = reached._replace(above=True)
    assert [amount_at(exceeded, x) for x in (-1, 0, 1, 2, 3)] == [1.0, 1.0, 6.0, 7.0, 9.0]
    assert amount_at(reached, 2.0 - 1e-15) == 9.0
    assert amount_at(reached._replace(below_slope=2.0), -1.5) == -2.0


def test_no_kind_of_the_example_is_here_without_it():
    assert not set(OWN) & {*FAMILIES, *SCHEDULE_KINDS, *OUTCOME_KINDS}


def test_packages_are_asked_only_where_one_may_offer_something(installed, tmp_path, monkeypatch):
    monkeypatch.setattr("sys.path", [str(tmp_path), "", str(tmp_path / "missing")])
    assert not offers.may_offer()
    assert offers.find_offers(extensions.SCHEDULES) == []
    monkeypatch.setattr("sys.path", [str(tmp_path), str(installed)])
    assert offers.may_offer()
    assert offers.find_offers(extensions.SCHEDULES)
    archive = tmp_path / "packages.zip"
    archive.write_bytes(b"PK")
    monkeypatch.setattr("sys.path", [str(archive)])
    assert offers.may_offer()
    monkeypatch.setattr("sys.path", [])
    finder = type("Finder", (), {"find_distributions": lambda context: []})
    monkeypatch.setattr("sys.meta_path", [*sys.meta_path, finder])
    assert offers.may_offer()
