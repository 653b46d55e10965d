"""What `--out` of the commands that help to decide leaves: figures, tables, one page."""

import csv
import json
import re
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner
from made_up import STARTER

from pfs_sim.analysis.compare import compare
from pfs_sim.analysis.frontier import find_loan_return, frontier
from pfs_sim.analysis.solve import solve
from pfs_sim.cli import main
from pfs_sim.metrics.estimates import Estimate, Interval
from pfs_sim.reading import load
from pfs_sim.report.decisions import decide_comparison, write_decision
from pfs_sim.report.figures.compared import draw_comparison
from pfs_sim.report.figures.frontiers import draw_frontier
from pfs_sim.report.figures.solved import draw_solution
from pfs_sim.report.figures.style import GRAY, GREEN, RED, fold, fold_path
from pfs_sim.report.html.decision import render_decision
from pfs_sim.simulate import simulate

PRICE = "contract.terms.work.schedule.price"
FEW = ("--paths", 48, "--quiet")
CALLS = {
    "compare": ("compare", STARTER, "--with", "contract.cap=1500000", *FEW),
    "solve": ("solve", STARTER, "--vary", f"{PRICE}=500:6000", "--target",
              "payor.payments.mean=1e6", "--scan", 3, *FEW),
    "frontier": ("frontier", STARTER, "--over", f"{PRICE}=1000:3000:3", "--over",
                 "contract.cap=1e6:3e6:2", *FEW),
    "explain": ("explain", STARTER, "--paths", 12, "--quiet"),
    "integrity": ("integrity", STARTER, *FEW),
    "sweep": ("sweep", STARTER, "--over", f"{PRICE}=1000:3000:3", *FEW),
}
FIGURES = {
    "compare": {"parties"},
    "solve": {"solve"},
    "frontier": {"frontier"},
    "explain": {"risk", "shapley", "alone_and_in_all", "loss_by_cause", "tornado"},
    "integrity": {"false_payment", "bigger_evaluation", "noise", "cliffs"},
    "sweep": {"sweep"},
}


def call(*words):
    return CliRunner().invoke(main, [str(word) for word in words])


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """The folder of each command, and what it printed as JSON."""
    home, said = tmp_path_factory.mktemp("out"), {}
    for name, words in CALLS.items():
        done = call(*words, "--json", "--out", home / name)
        assert done.exit_code in (0, 1), (name, done.output, done.exception)
        said[name] = done.stdout
    return home, said


@pytest.mark.parametrize("name", CALLS)
def test_a_folder_holds_all_of_it(folders, name):
    home, said = folders
    folder = home / name
    kept = {file.relative_to(folder).as_posix() for file in folder.rglob("*") if file.is_file()}
    figures = {f"figures/{one}.{kind}" for one in FIGURES[name] for kind in ("svg", "png")}
    assert {one for one in kept if one.startswith("figures/")} == figures
    assert {f"{name}.json", f"{name}.csv", f"{name}.txt", "report.html", "manifest.json"} <= kept
    assert (folder / f"{name}.json").read_text(encoding="utf-8") == said[name]
    with (folder / f"{name}.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert rows and all(None not in row for row in rows)
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    assert set(manifest["files"]) == kept - {"manifest.json"}
    assert manifest["command"].startswith(f"pfs-sim {name} starter.yaml")
    assert str(home) not in (folder / "manifest.json").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", CALLS)
def test_the_page_is_one_file_with_every_figure_in_it(folders, name):
    page = (folders[0] / name / "report.html").read_text(encoding="utf-8")
    assert set(re.findall(r'data-figure="(\w+)"', page)) == FIGURES[name]
    images = re.findall(r'<img src="(data:image/[a-z+]+;base64,)', page)
    assert len(images) == len(FIGURES[name])
    assert all(re.findall(r'<img [^>]*alt="([^"]+)"', page))
    assert not re.findall(r'(?:src|href)="(?!data:|#)', page)
    assert "<table" in page and f"pfs-sim {name} starter.yaml" in page
    assert len(page.encode()) < 2_000_000
    for note in ("paths", "seed 1"):
        assert note in page


def test_the_same_run_leaves_the_same_bytes_and_replaces_an_earlier_one(tmp_path):
    words = CALLS["compare"]
    for _ in range(2):
        assert call(*words, "--out", tmp_path / "a").exit_code == 0
    assert call(*words, "--out", tmp_path / "b").exit_code == 0
    first, second = (sorted(f for f in (tmp_path / x).rglob("*") if f.is_file()) for x in "ab")
    assert [f.name for f in first] == [f.name for f in second]
    for one, other in zip(first, second, strict=True):
        assert one.read_bytes() == other.read_bytes(), one.name


@pytest.mark.parametrize("name", [name for name in CALLS if name != "sweep"])
def test_a_folder_of_something_else_is_kept(tmp_path, name):
    (tmp_path / "thesis.tex").write_text("mine")
    done = call(*CALLS[name], "--out", tmp_path)
    assert done.exit_code == 2 and "something other than the results" in done.stderr
    assert [file.name for file in tmp_path.iterdir()] == ["thesis.tex"]


@pytest.mark.parametrize("name", ["compare", "run", "report"])
def test_a_folder_that_cannot_be_written_is_found_before_any_path(tmp_path, monkeypatch, name):
    def refuse(*args, **kwargs):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("pfs_sim.report.folder.tempfile.TemporaryDirectory", refuse)
    done = call(*CALLS.get(name, (name, STARTER)), "--out", tmp_path / "a" / "b")
    assert done.exit_code == 2
    assert f"found {tmp_path}, where nothing can be written (Permission denied)" in done.stderr
    assert not list(tmp_path.iterdir())


@pytest.fixture(scope="module")
def compared():
    cheap = load(STARTER, {"contract.cap": 1_000_000, PRICE: 2000})
    return compare([STARTER, cheap, load(STARTER, {PRICE: 2500})], 200)


class TestComparison:
    def test_a_picture_for_each_pair_and_for_terms_that_differ(self, compared):
        assert [one.name for one in draw_comparison(compared)] == [
            "parties_b", "terms_b", "parties_c"
        ]

    def test_a_party_that_surely_gains_is_green(self, compared):
        from pfs_sim.report.figures.compared import choose_color

        party = compared.pairs[0].parties[0]
        pays = party._replace(metric="guarantor.paid")
        assert choose_color(Estimate(5.0, 1.0), party) == GREEN
        assert choose_color(Estimate(-5.0, 1.0), party) == RED
        assert choose_color(Estimate(5.0, 1.0), pays) == RED
        assert choose_color(Estimate(1.0, 1.0), party) == GRAY

    def test_the_python_interface_writes_the_same_folder(self, compared, tmp_path):
        decision = decide_comparison(compared)
        names = write_decision(tmp_path / "out", decision, "text", command=["pfs-sim", "compare"])
        assert "report.html" in names and "figures/parties_b.svg" in names
        assert json.loads((tmp_path / "out" / "compare.json").read_text())["paths"] == 200

    def test_names_break_no_page(self, compared):
        name = '<script>alert("x")</script> & שלום'
        page = render_decision(replace(decide_comparison(compared), title=name), "pfs-sim")
        assert "<script>alert" not in page and "&lt;script&gt;" in page


class TestSolution:
    def test_none_and_one(self):
        resolved = {"name": "A deal"}
        none = solve(STARTER, PRICE, 1000, 2000, "payor.payments.mean", 1e9, paths=16, scan=3)
        title = draw_solution(none, resolved).title
        assert title.startswith(f"No {PRICE} from 1,000 to 2,000 gives payor.payments.mean = $1B")
        aim = (none.scan[0].metric.value + none.scan[-1].metric.value) / 2.0
        one = solve(STARTER, PRICE, 1000, 2000, "payor.payments.mean", aim, paths=16, scan=3)
        picture = draw_solution(one, resolved)
        assert one.kind == "found" and "gives payor.payments.mean" in picture.title
        lines = [line.get_xdata() for line in picture.figure.axes[0].get_lines()]
        assert any(list(x) == [one.value, one.value] for x in lines)


@pytest.fixture(scope="module")
def opened():
    over = {PRICE: [1000, 2000, 3000], "contract.cap": [1e6, 2e6]}
    return frontier(STARTER, over, paths=64)


class TestFrontier:
    def test_a_map_has_a_stripe_for_every_condition_that_fails(self, opened):
        (axes,) = draw_frontier(opened).figure.axes
        expected = sum(max(len(opened.failing(point)), 1) for point in opened.points)
        assert len(axes.patches) == expected

    def test_all_open_is_one_color(self, opened):
        sure = Interval(1.0, 1.0, 1.0)
        none = Interval(0.0, 0.0, 0.0)
        points = tuple(
            point._replace(found={
                c.name: sure if c.at_least else none for c in opened.conditions
            })
            for point in opened.points
        )
        picture = draw_frontier(replace(opened, points=points))
        assert picture.title == "All conditions hold at 6 of 6 points, surely (95 %) at 6"
        (axes,) = picture.figure.axes
        assert len({patch.get_facecolor() for patch in axes.patches}) == 1

    def test_one_lever_has_a_panel_for_each_condition(self):
        found = frontier(STARTER, {PRICE: [1000, 2000]}, paths=32)
        assert len(draw_frontier(found).figure.axes) == len(found.conditions)


@pytest.mark.parametrize("compounding", ["simple", "compound"])
def test_a_loan_that_gets_all_it_is_owed_returns_what_it_is_asked_for(compounding):
    deal = Path(__file__).parent / "made_up_loan.yaml"
    found = load(deal, (f"capital.tranches.senior.compounding={compounding}",))
    rate = simulate(found, 8)["tranche.senior.irr"]
    asked = find_loan_return(found.scenario.capital.tranches["senior"], found.scenario.clock)
    assert rate == pytest.approx(asked, abs=1e-9)


def test_names_of_rows_are_folded_to_two_lines():
    assert fold("Investors together: loss of principal") == (
        "Investors together: loss of\nprincipal"
    )
    assert fold("word " * 30).endswith("…") and fold("word " * 30).count("\n") == 1
    assert fold("") == ""
    assert fold_path("contract.terms.re_referral.schedule.price") == (
        "contract.terms.re_referral\n.schedule.price"
    )
    assert fold_path("x" * 80).count("\n") == 1
