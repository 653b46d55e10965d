"""One value of a good deal made wrong at a time: the mistake is named, in place, with a way out."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from pfs_sim.errors import Finding, Problem, ScenarioError
from pfs_sim.model.checks.links import unsourced
from pfs_sim.reading import load, read

HERE = Path(__file__).parent
BASE = HERE / "bad_scenarios" / "base" / "deal.yaml"
DEAL = read(BASE)
SHIPPED = sorted((HERE.parent / "scenarios").glob("*.yaml"))


class Mistake(NamedTuple):
    """What is changed, where the finding stands, and words that it must have."""

    set: dict[str, Any]
    at: str
    found: str
    allowed: str


def mistakes(name: str) -> list[Mistake]:
    """The rows of a table of `tests/mistakes`."""
    groups = read(HERE / "mistakes" / f"{name}.yaml").data
    return [Mistake(**row) for rows in groups.values() for row in rows]


IMPOSSIBLE = {name: mistakes(name) for name in ("contract", "capital", "elsewhere")}
IMPLAUSIBLE = mistakes("implausible")


def problems_of(sets: dict[str, Any]) -> list[Problem]:
    """What is said of the good deal with these changes."""
    try:
        return load(DEAL, sets).warnings
    except ScenarioError as error:
        return error.problems


def expect(mistake: Mistake, severity: str) -> None:
    said = problems_of(mistake.set)
    assert any(
        problem.path == mistake.at
        and mistake.found in problem.found
        and mistake.allowed in str(problem)
        and problem.severity == severity
        for problem in said
    ), "\n".join(str(problem) for problem in said)
    assert all(problem.allowed or problem.hint for problem in said), "a remedy is missing"


def title(mistake: Mistake) -> str:
    return f"{mistake.at}: {mistake.found}"


def test_the_deal_itself_is_good() -> None:
    assert load(BASE).warnings == []


def test_there_are_enough_mistakes() -> None:
    """And none is counted twice."""
    assert len(IMPOSSIBLE["contract"]) >= 60
    assert len(IMPOSSIBLE["capital"]) >= 50
    for table in (*IMPOSSIBLE.values(), IMPLAUSIBLE):
        told = [json.dumps([m.set, m.found]) for m in table]
        assert len(set(told)) == len(told)


@pytest.mark.parametrize("mistake", IMPOSSIBLE["contract"], ids=title)
def test_mistakes_in_the_contract_are_refused(mistake: Mistake) -> None:
    expect(mistake, "error")


@pytest.mark.parametrize("mistake", IMPOSSIBLE["capital"], ids=title)
def test_mistakes_in_the_capital_are_refused(mistake: Mistake) -> None:
    expect(mistake, "error")


@pytest.mark.parametrize("mistake", IMPOSSIBLE["elsewhere"], ids=title)
def test_mistakes_elsewhere_are_refused(mistake: Mistake) -> None:
    expect(mistake, "error")


@pytest.mark.parametrize("mistake", IMPLAUSIBLE, ids=title)
def test_implausible_values_are_pointed_out_and_run(mistake: Mistake) -> None:
    expect(mistake, "warning")


def leaves(data: Any, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    """The paths of everything that stands in a file, mappings and lists included."""
    children = data.items() if isinstance(data, dict) else enumerate(data)
    found = []
    for key, value in children:
        found.append((*path, key))
        if isinstance(value, dict | list):
            found += leaves(value, (*path, key))
    return found


NONSENSE = [0, 10**9, "nonsense", None, []]


def replace_each(value: object, start: int, step: int) -> None:
    """Whatever one value is replaced by, the answer is a scenario or problems with a place."""
    for path in leaves(DEAL.data)[start::step]:
        sets = {".".join(str(key) for key in path): value}
        for problem in problems_of(sets):
            assert problem.path and problem.place, f"{sets}: {problem}"


@pytest.mark.parametrize("value", NONSENSE, ids=str)
def test_no_mistake_breaks_a_check(value: object) -> None:
    replace_each(value, NONSENSE.index(value), 11)


@pytest.mark.verify
@pytest.mark.parametrize("value", NONSENSE, ids=str)
def test_no_mistake_anywhere_breaks_a_check(value: object) -> None:
    replace_each(value, 0, 1)


@pytest.mark.parametrize("file", SHIPPED, ids=lambda file: file.stem)
def test_shipped_scenarios_have_no_error_and_a_source_for_every_figure(file: Path) -> None:
    loaded = load(file)
    assert unsourced(loaded.scenario, loaded.document) == []


def test_figures_without_a_source_are_found() -> None:
    bare = load(DEAL, {"source": None})
    without = unsourced(bare.scenario, bare.document)
    assert {"program.target", "contract.cap", "capital.tranches.senior.coupon"} <= set(without)
    assert "contract.discount_rate" not in without, "a default is no figure of the file"
    assert "outcomes.placement.window" not in without
    sets = {
        "source": None,
        "contract.source": "term sheet",
        "capital.tranches.senior.coupon": {"value": 0.05, "source": "assumed"},
        "capital.tranches.junior.source": "  ",
    }
    some = load(DEAL, sets)
    left = set(unsourced(some.scenario, some.document))
    assert not [path for path in left if path.startswith("contract.")]
    assert "capital.tranches.senior.coupon" not in left
    assert "capital.tranches.senior.commitment" in left
    assert "capital.tranches.junior.coupon" in left, "an empty source is none"


def test_findings_are_values_of_the_model() -> None:
    scenario = load(DEAL, {"contract.cap": 5000000}).scenario
    found = list(scenario.findings())
    assert [finding.severity for finding in found] == ["warning"]
    assert isinstance(found[0], Finding) and found[0].path == ("contract", "cap")
