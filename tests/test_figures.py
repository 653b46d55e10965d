"""Pictures: the finding in the title, the same bytes each time, and odd deals that break none."""

import numpy as np
import pytest
from made_up import make_up_results

from pfs_sim.metrics.deal import summarize
from pfs_sim.report import sentences
from pfs_sim.report.figures import draw_figures, save_figures
from pfs_sim.report.figures.payments import say_payments
from pfs_sim.report.figures.style import write_percent, write_short
from pfs_sim.results import FAN, Results


def change(results: Results, **columns) -> Results:
    """The results with some columns replaced (`__` for a dot)."""
    values = results.values.copy()
    for name, value in columns.items():
        values[results.names.index(name.replace("__", "."))] = value
    return Results(results.columns, values, results.fan, results.resolved, results.provenance)


def draw(results, base=None):
    return {p.name: p for p in draw_figures(results, summarize(results), base)}


@pytest.fixture(scope="module")
def results():
    return make_up_results()


def test_every_picture_is_saved_twice_over_with_the_same_bytes(results, tmp_path):
    table = summarize(results)
    first = save_figures(draw_figures(results, table), tmp_path / "a")
    second = save_figures(draw_figures(results, table), tmp_path / "b")
    names = [f"{name}.{kind}" for name in ("payments", "returns", "cash", "enrollment")
             for kind in ("svg", "png")]
    assert [file.name for file in first] == names
    for one, other in zip(first, second, strict=True):
        assert one.read_bytes() == other.read_bytes(), one.name
    svg = first[0].read_text(encoding="utf-8")
    assert "<date>" not in svg and "http-equiv" not in svg and "<script" not in svg


def test_titles_say_the_finding(results):
    pictures = draw(results)
    paid = results["payor.payments"]
    cap = 2_800_000.0
    share = np.mean(paid == cap)
    half = np.quantile(paid, 0.5, method="inverted_cdf")
    expected = f"Half of the paths pay less than {write_short(half, '$')}; " + (
        f"{write_percent(share)} reach the cap"
    )
    assert pictures["payments"].title == expected
    assert "median" in pictures["returns"].title
    assert "target of 300" in pictures["enrollment"].title


def test_the_note_says_paths_and_seed(results):
    for picture in draw(results).values():
        said = " ".join(text.get_text() for text in picture.figure.texts)
        assert "2,000 paths" in said and "seed 1" in said and picture.title.split()[0] in said


def test_the_histogram_holds_all_paths_and_the_cap_has_a_bar_of_its_own(results):
    axes = draw(results)["payments"].figure.axes[0]
    bars = [bar for bar in axes.patches if bar.get_height() > 0]
    assert sum(bar.get_height() for bar in bars) == pytest.approx(1.0)
    assert bars[-1].get_x() == pytest.approx(2_800_000.0)
    share = np.mean(results["payor.payments"] == 2_800_000.0)
    assert bars[-1].get_height() == pytest.approx(share)


def test_the_histogram_of_returns_holds_all_paths(results):
    for axes in draw(results)["returns"].figure.axes:
        assert sum(bar.get_height() for bar in axes.patches) == pytest.approx(1.0)


def test_the_base_case_is_the_plan(results):
    base = make_up_results(paths=1)
    lines = draw(results, base)["enrollment"].figure.axes[0].get_lines()
    plan = next(line for line in lines if line.get_label() == "base case")
    enrolled = base.fan[0, FAN.index("enrolled")]
    assert plan.get_ydata()[0] == 0.0
    assert plan.get_ydata()[-1] == pytest.approx(enrolled[:-1].sum())


@pytest.mark.parametrize("payments", [0.0, 1e6, 2_800_000.0, -5e4])
def test_payments_that_never_vary(results, payments):
    same = change(results, payor__payments=payments)
    assert say_payments(same, summarize(same)).startswith("Every path pays")
    draw(same)


def test_all_lost(results):
    names = ("tranche.senior", "tranche.junior", "tranche.grant", "investors")
    lost = {f"{n}.irr".replace(".", "__"): -1.0 for n in names}
    picture = draw(change(results, **lost))["returns"]
    assert "−100.0%" in picture.title


def test_nobody_invested(results):
    names = ("tranche.senior", "tranche.junior", "tranche.grant", "investors")
    none = {f"{n}.irr".replace(".", "__"): np.nan for n in names}
    assert "returns" not in draw(change(results, **none))


def test_one_path_and_nobody_enrolled():
    one = make_up_results(paths=1)
    draw(one)
    nobody = change(one, program__enrolled=0.0)
    nobody.fan[:] = 0.0
    assert "No path" in draw(nobody)["enrollment"].title


def test_names_that_break_nothing(tmp_path):
    name = "A $x^2$ <b>deal</b> & \"quotes\" 🙂 שלום"
    results = make_up_results(sets=(f"name={name!r}", "capital.tranches.senior.label='$_{a}$ <i>'"))
    save_figures(draw_figures(results, summarize(results)), tmp_path)


def test_short_numbers():
    assert [write_short(x, "$") for x in (0, 999.4, 1000, 999_950, 1.2e6, -5e8)] == [
        "$0", "$999", "$1K", "$1M", "$1.2M", "−$500M"
    ]
    assert [write_percent(x) for x in (0, 1e-5, 0.0123, 0.5, 0.9999, 1)] == [
        "0%", "<0.1%", "1.2%", "50%", ">99.9%", "100%"
    ]


def test_nobody_is_said_to_pay_more_than_ever_is_paid(results):
    """Where the dearest path in twenty stands among many at one amount, few pay more, or none."""
    paid = np.where(np.arange(results.paths) % 3 == 0, 1e5, 0.0)
    said = sentences.say_payments(summarize(change(results, payor__payments=paid)), "USD")
    assert said.endswith("and no more than $100K on nineteen paths in twenty")
    spread = change(results, payor__payments=np.arange(results.paths) * 1e3)
    assert "on one path in twenty" in sentences.say_payments(summarize(spread), "USD")
