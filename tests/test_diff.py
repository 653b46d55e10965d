"""What differs between two scenarios is said clause by clause, and nothing that differs is lost."""

import copy
import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from pfs_sim.cli import main
from pfs_sim.model.scenario import Scenario
from pfs_sim.reading import load, resolve
from pfs_sim.report.differences import compare_scenarios, count_differences
from pfs_sim.report.termsheet.clauses import is_below, list_leaves
from tests import generate

SCENARIOS = Path(__file__).resolve().parents[1] / "scenarios"
CT = SCENARIOS / "ct_family_stability.yaml"


def differences(change, file=CT):
    """What is said after `change` has edited the resolved data."""
    data = resolve(load(file))
    after = copy.deepcopy(data)
    change(after)
    return compare_scenarios(Scenario.model_validate(data), Scenario.model_validate(after))


def test_the_same_file_says_the_same():
    for file in sorted(SCENARIOS.glob("*.yaml")):
        loaded = load(file)
        assert compare_scenarios(loaded.scenario, load(resolve(loaded)).scenario) == []
    assert count_differences([]) == "The two say the same."


def test_a_cap_that_changes():
    (found,) = differences(lambda d: d["contract"].update(cap=12_000_000))[:1]
    assert found.change == "changed"
    assert (found.section, found.article) == ("What is paid", "Caps and their order")
    assert found.place == "contract.cap"
    assert found.old == "All terms together pay at most $14,800,000; the excess is lost."
    assert found.new == "All terms together pay at most $12,000,000; the excess is lost."
    assert not found.follows


def test_a_term_that_is_gone_and_one_that_is_new():
    def change(data):
        terms = data["contract"]["terms"]
        terms["visits"] = {**terms.pop("screens"), "label": "Visits"}

    found = differences(change)
    gone = [one for one in found if one.change == "removed" and one.old and "screens" in one.place]
    new = [one for one in found if one.change == "added" and one.new and "visits" in one.place]
    titles = [{one.article for one in found if one.article} for found in (gone, new)]
    assert titles == [{"Negative toxicology screens (`screens`)"}, {"Visits (`visits`)"}]
    assert any("$3,400 for each quarter" in (one.new or "") for one in new)
    # Defaults of an entry go with it.
    assert not any(one.place.endswith((".times", ".claw_back", ".label")) for one in found)


def test_only_the_rows_of_a_table_that_differ_are_said():
    file = SCENARIOS / "rikers_able.yaml"

    def change(data):
        data["contract"]["terms"]["bed_days"]["schedule"]["tiers"][1][1] = 9_700_000

    (found,) = differences(change, file)
    assert found.old == "at least 10%: $9,600,000"
    assert found.new == "at least 10%: $9,700,000"


def test_a_prior_is_said_in_plain_words():
    def change(data):
        data["program"]["attrition"]["multiplier"] = {"dist": "uniform", "low": 0.5, "high": 2.5}

    (found, source) = differences(change)
    assert found.place == "program.attrition.multiplier"
    assert "uncertain (lognormal, mean 1, sd 0.2)" in found.old
    assert "uncertain (uniform, low 0.5, high 2.5)" in found.new
    assert (source.section, source.change) == ("Sources and remarks", "removed")


def test_words_that_follow_are_told_apart():
    found = differences(lambda d: d["clock"].update(start="2016-10-28"))
    own = [one.place for one in found if not one.follows]
    assert own[0] == "clock.start"
    follow = {one.place for one in found if one.follows}
    assert {"program.window_start", "capital.residual"} <= follow
    # A date written in the file does not change, but the grid point that it counts as does.
    assert "evaluation.dates" in follow
    assert "follow" in count_differences(found)


def test_the_order_of_the_waterfall_is_a_difference():
    def change(data):
        steps = data["capital"]["waterfall"]
        steps["senior_interest"] = steps.pop("senior_interest")

    (found,) = differences(change)
    assert found.place == "capital.waterfall#order"
    assert not found.follows
    assert "senior interest, then senior principal" in found.old
    assert found.new.endswith("success share, then senior interest.")


def test_what_no_clause_says_is_said_by_its_place():
    def change(data):
        data["published"]["payments"] = {"total": 1.5}
        data["stresses"]["worse"] = {"program.eligible": 0.1}
        data["contract"]["terms"]["screens"]["label"] = "Screens"
        data["contract"]["cap"] = {"value": 14_800_000, "source": "somewhere else"}

    found = {one.place: one for one in differences(change)}
    assert found["published.payments.total"].new == "1.5"
    assert found["stresses.worse.program.eligible"].new == "0.1"
    assert found["contract.terms.screens.label"].new == "Screens"
    assert (found["contract.cap"].old, found["contract.cap"].new) == (
        "S Social Finance",
        "somewhere else",
    )


@pytest.mark.parametrize("i", range(12))
def test_nothing_that_differs_is_lost(i):
    """Two generated deals: every value that only one has lies at or near a place that is said."""
    a, b = (
        Scenario.model_validate(generate.scenario(k)) for k in (200 + 2 * i, 201 + 2 * i)
    )
    found = compare_scenarios(a, b)
    back = compare_scenarios(b, a)
    turned = {"added": "removed", "removed": "added", "changed": "changed"}
    assert {(one.place, turned[one.change]) for one in found} == {
        (one.place, one.change) for one in back
    }
    one_side = {place: repr(value) for place, value in list_leaves(a) if place}
    other = {place: repr(value) for place, value in list_leaves(b) if place}
    for place in {*one_side, *other}:
        if one_side.get(place) == other.get(place):
            continue
        said = any(is_below(place, cover) for one in found for cover in one.covers)
        deep = 2 if place.startswith(("program.", "outcomes.")) else 3
        entry = ".".join(place.split(".")[:deep])
        alone = not (place in one_side and place in other)
        # Defaults of an entry that only one deal has go unsaid, but not the entry.
        assert said or (alone and any(is_below(one.place, entry) for one in found)), place


@pytest.mark.parametrize("i", range(2))
def test_each_single_change_is_said(i):
    """Every number of a generated deal, changed alone, is a difference that is its own."""
    scenario = Scenario.model_validate(generate.scenario(300 + i))
    data = resolve(load(generate.scenario(300 + i)))
    missed = []
    for path in list(_numbers(data)):
        changed = copy.deepcopy(data)
        noun = changed
        for key in path[:-1]:
            noun = noun[key]
        noun[path[-1]] = noun[path[-1]] * 1.0625 if isinstance(noun[path[-1]], float) else None
        try:
            other = Scenario.model_validate(changed)
        except ValueError:
            continue
        if other != scenario and not any(
            not one.follows for one in compare_scenarios(scenario, other)
        ):
            missed.append(path)
    assert not missed


def _numbers(data, path=()):
    if isinstance(data, dict):
        for key, value in data.items():
            yield from _numbers(value, (*path, key))
    elif isinstance(data, list):
        for key, value in enumerate(data):
            yield from _numbers(value, (*path, key))
    elif isinstance(data, float):
        yield path


def run(*arguments):
    return CliRunner().invoke(main, ["diff", *map(str, arguments)])


def test_the_command():
    a, b = SCENARIOS / "rikers_able.yaml", SCENARIOS / "rikers_able_additive.yaml"
    shown = run(a, b)
    assert shown.exit_code == 0
    assert "Bloomberg Philanthropies" in shown.stdout
    assert "- The guarantor tops up" in shown.stdout
    assert "+ The guarantor pays 75% of the principal of Goldman Sachs" in shown.stdout
    assert shown.stdout.endswith("3 changed.\n")
    same = run(a, a)
    assert (same.exit_code, same.stdout) == (0, "The two say the same.\n")


def test_the_command_for_machines():
    a, b = SCENARIOS / "rikers_able.yaml", SCENARIOS / "rikers_able_stopped.yaml"
    found = json.loads(run(a, b, "--json").stdout)
    assert found["schema"] == 1
    assert (found["a"], found["b"]) == (str(a), str(b))
    places = {one["place"]: one for one in found["differences"]}
    trigger = places["contract.triggers.stop.at"]
    assert (trigger["change"], trigger["old"]) == ("added", None)
    assert trigger["new"].startswith("On August 1, 2015 (grid point 12), if `reduction` is below")
    keys = "change section article place old new follows covers"
    assert set(trigger) == set(keys.split())


def test_a_file_that_is_wrong_is_bad_input(tmp_path):
    wrong = tmp_path / "wrong.yaml"
    wrong.write_text("pfs_sim: 1\n")
    found = run(CT, wrong)
    assert found.exit_code == 2
    assert "Traceback" not in found.output
