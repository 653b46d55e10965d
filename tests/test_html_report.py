"""The HTML report: the same numbers as everywhere, nothing else needed, nothing that breaks it."""

import json
import re
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pytest
from made_up_deck import (
    CONNECTICUT,
    HARD_NAMES,
    INTEGRITY,
    RISK,
    SCENARIOS,
    change,
    enroll_nobody,
    lose_everything,
    make_forty_terms,
    make_up_connecticut,
    pay_the_same,
)

from pfs_sim.analysis.drivers import explain_variance, find_drivers
from pfs_sim.errors import InputError
from pfs_sim.metrics.table import MetricTable
from pfs_sim.reading import load
from pfs_sim.report.cells import write_row
from pfs_sim.report.html import render_report, write_report
from pfs_sim.report.html.answer import give_answers
from pfs_sim.report.html.comparison import compare
from pfs_sim.report.html.deck import choose_paths
from pfs_sim.report.html.money_chart import find_worst_year, list_bars
from pfs_sim.report.html.named import find_achievement, name_scenarios, terms_on
from pfs_sim.report.html.origins import list_figures
from pfs_sim.report.html.words import say_limits, say_measure, say_schedule, say_timing
from pfs_sim.report.parties import find_sections
from pfs_sim.report.summary import summary_document, write_json

VOID = {"meta", "link", "br", "img", "hr", "input", "rect", "line", "circle", "path"}
ORDER = ["deal", "answer", "terms", "parties", "named", "payments", "returns", "cash", "risk",
         "integrity", "stories", "sure"]


class Reader(HTMLParser):
    """Elements, ids and text of a page; complains where tags do not match."""

    def __init__(self, text):
        super().__init__()
        self.open, self.ids, self.found, self.rows = [], [], [], {}
        self.wrong, self.text, self.cell, self.metric = [], "", None, None
        self.feed(text)
        self.wrong += self.open

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        self.found.append((tag, attrs))
        if "id" in attrs:
            self.ids.append(attrs["id"])
        if tag == "tr":
            self.metric = attrs.get("data-metric")
        if tag in ("td", "th") and self.metric:
            self.rows.setdefault(self.metric, []).append("")
        if tag not in VOID or tag == "path":
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        if tag == "tr":
            self.metric = None
        if tag in VOID and tag not in self.open:
            return
        while self.open and self.open[-1] in VOID and self.open[-1] != tag:
            self.open.pop()
        if not self.open or self.open[-1] != tag:
            self.wrong.append(tag)
        else:
            self.open.pop()

    def handle_data(self, data):
        self.text += data
        if self.metric and self.rows.get(self.metric):
            self.rows[self.metric][-1] += data


def read(text):
    """The page, which must be well formed, closed to the network, and have each id once."""
    page = Reader(text)
    assert not page.wrong, page.wrong
    assert len(page.ids) == len(set(page.ids))
    assert len(text.encode()) <= 2_000_000
    for tag, attrs in page.found:
        for name in ("src", "href", "xlink:href", "action", "poster", "srcset"):
            assert not attrs.get(name) or attrs[name].startswith(("#", "data:,")), (tag, attrs)
        assert not any(name.startswith("on") for name in attrs), (tag, attrs)
        if tag == "th":
            assert attrs.get("scope") in ("col", "row")
        if tag == "svg":
            assert attrs.get("aria-label") or attrs.get("aria-hidden") == "true"
    assert "@import" not in text and not re.search(r"url\(", text)
    assert sum(tag == "script" for tag, _ in page.found) == 1
    assert not re.search(r"\b(?:nan|inf|None|undefined)\b", re.sub(
        r"<script>.*?</script>", "", text, flags=re.S)), "a number that is none"
    return page


@pytest.fixture(scope="module")
def deck():
    return make_up_connecticut(paths=4000)


@pytest.fixture(scope="module")
def full(deck):
    return replace(deck, risk=RISK, integrity=INTEGRITY)


@pytest.fixture(scope="module")
def text(full):
    return render_report([full])


def test_the_sections_come_in_order(text):
    page = read(text)
    found = [i.removeprefix("deal-1-") for i in page.ids if i.removeprefix("deal-1-") in ORDER]
    assert found == ORDER
    assert [a["data-answer"] for _, a in page.found if "data-answer" in a] == [
        "loss", "year", "driver", "price"
    ]
    figures = [a["data-figure"] for _, a in page.found if "data-figure" in a]
    assert figures == ["histogram", "exceedance", "years", "losses", "rates", "payments_to_date",
                       "investors_to_date"]


def test_the_same_deck_is_the_same_bytes(full, text, tmp_path):
    assert render_report([full]) == text
    assert write_report([full], tmp_path / "a" / "r.html").read_text(encoding="utf-8") == text


def test_the_answers_say_the_numbers(deck):
    loss, year, _driver, price = give_answers(deck)
    results = deck.results
    share = np.mean(results["investors.principal_loss"] > 0)
    assert loss.number == f"{100 * share:.1f}%" and loss.number in loss.sentence
    worst = max(
        (n for n in results.names if n.startswith("payor.payments.fy")),
        key=lambda n: np.quantile(results[n], 0.95, method="inverted_cdf"),
    )
    assert year.number == f"FY {worst[-4:]}"
    assert price.number == f"${results['payor.payments'].mean() / 1e6:.2f}M"


def test_the_main_driver_is_the_largest_source_or_else_the_largest_input(deck, full):
    assert give_answers(full)[2].number == "52%"
    assert "True effect" in give_answers(full)[2].sentence
    shares = find_drivers(deck.inputs, deck.results["payor.payments"])
    said = give_answers(deck)[2]
    assert said.number == f"{100 * shares[0].share:.0f}%"
    assert shares[0].path in ("outcomes.placement.effect", "program.referrals.multiplier")


def test_drivers_of_a_sum_hold_the_shares_of_their_variances():
    random = np.random.default_rng(5)
    n = 40_000
    a, b, idle = random.normal(size=(3, n))
    atom = np.where(random.random(n) < 0.5, 0.0, random.normal(size=n))
    found = {d.path: d for d in find_drivers(
        {"a": a, "b": b, "idle": idle, "constant": np.ones(n)}, 3 * a + b
    )}
    assert list(found) == ["a", "b", "idle"]
    assert abs(found["a"].share - 0.9) < 4 * found["a"].se + 0.01
    assert abs(found["b"].share - 0.1) < 4 * found["b"].se + 0.01
    assert found["idle"].share < 0.005
    assert explain_variance(atom, np.where(atom == 0.0, 1.0, 0.0)) > 0.85
    assert find_drivers({"a": a[:50]}, a[:50]) == []
    assert find_drivers({"a": a}, np.full(n, 3.0)) == []


def test_the_same_numbers_everywhere(full, text):
    """Console, JSON, CSV and HTML: every metric of the table by party."""
    from pfs_sim.cli.screen import tables_by_party, write_plain

    document = json.loads(write_json(summary_document(full.results, full.table)))
    table = MetricTable.from_json(document["metrics"])
    sections = find_sections(full.table, full.results.resolved)
    console = write_plain(tables_by_party(sections), width=160)
    held = {(row[0], row[1]): row[2] for row in full.table.to_csv_rows()[1:]}
    page = Reader(text)
    compared = 0
    for section in sections:
        for row in section.rows:
            again = write_row(row.metric, table[row.metric], full.currency)
            assert (again.cells, again.chances) == (row.cells, row.chances), row.metric
            for cell in (*row.cells, *row.chances):
                assert cell.text in console
            said = [cell.text.replace("-", "−") + cell.error for cell in row.cells]
            if "fiscal" not in section.title:
                shown = [cell.strip() for cell in page.rows[row.metric]]
                for cell in said:
                    assert cell in shown, (row.metric, cell, shown)
                    compared += 1
            mean = document["metrics"][row.metric]["mean"]["value"]
            assert held[row.metric, "mean"] == mean
    assert compared > 150


def test_digits_are_those_that_the_error_justifies(deck):
    few = make_up_connecticut(paths=100)
    assert re.search(r"±\d{3},000", " ".join(Reader(render_report([few])).rows["payor.payments"]))
    many = Reader(render_report([deck])).rows["payor.payments"]
    assert re.search(r"±\d{2},000", " ".join(many))


def test_paths_of_the_stories_pay_what_they_are_chosen_for(deck):
    paid = deck.results["payor.payments"]
    chosen = choose_paths(deck.results)
    for q, path in chosen.items():
        assert paid[path] == np.quantile(paid, float(q), method="inverted_cdf")
    same = pay_the_same(deck)
    assert len(set(choose_paths(same.results).values())) == 3
    for path in chosen.values():
        words = f"pfs-sim trace ct_family_stability.yaml --path {path} --seed 1"
        assert words in render_report([deck])


def test_named_scenarios_share_out_all_paths(deck):
    found = name_scenarios(deck)
    assert [one.name for one in found] == ["Fail", "Base", "Target", "Over"]
    assert sum(one.chance for one in found) == pytest.approx(1.0)
    achieved = find_achievement(deck)
    weights = {
        name: sum(deck.results[f"payor.payments.{t}"].mean() for t in terms_on(deck.scenario, name))
        for name in ("placement", "re_referral", "screens")
    }
    targets = {"placement": -0.87, "re_referral": -0.69, "screens": 0.6}
    path = 17
    by_hand = sum(
        w * deck.inputs[f"outcomes.{n}.effect"][path] / targets[n] for n, w in weights.items()
    ) / sum(weights.values())
    assert achieved[path] == pytest.approx(by_hand)
    here = achieved < 1 / 3
    assert found[0].chance == pytest.approx(np.mean(here))


def test_bars_hold_all_paths_and_mass_points_stand_apart():
    paid = np.concatenate([np.zeros(10), np.full(5, 9e6), np.linspace(1e5, 8.9e6, 85)])
    bars = list_bars(paid, 9e6, 0.0, 9e6, "$")
    assert sum(bar[2] for bar in bars) == pytest.approx(1.0)
    apart = [(bar[3], bar[2]) for bar in bars if bar[4] == "apart"]
    assert apart == [("Nothing", 0.1), ("The cap, $9M", 0.05)]


@pytest.mark.parametrize("file", sorted(SCENARIOS.glob("*.yaml")), ids=lambda file: file.stem)
def test_every_shipped_deal_says_its_terms(file):
    scenario = load(file).scenario
    for term in scenario.contract.terms.values():
        said = [say_schedule(scenario, term), say_timing(scenario, term)]
        if term.measure:
            said.append(say_measure(scenario, term.measure))
        assert all(said) and not any("None" in one for one in said)
    figures = list_figures(scenario)
    assert len({figure.path for figure in figures}) == len(figures)
    assert all(figure.stated for figure in figures)


def test_the_words_of_a_schedule():
    scenario = load(CONNECTICUT).scenario
    terms = scenario.contract.terms
    assert say_schedule(scenario, terms["screens"]) == "$3,400 for each quarter"
    assert say_schedule(scenario, terms["placement"]) == (
        "nothing below 5; from 5 on $185,000 for each one more; from 47 on $7,770,000"
    )
    assert say_timing(scenario, terms["placement"]) == (
        "interim 2, 28 Mar 2021; final, 28 Sep 2022; paid 2 quarters later"
    )


class TestEdges:
    def test_no_investors(self):
        page = read(render_report([make_up_connecticut(300, source=SCENARIOS / "rsvp.yaml")]))
        assert "no investor can lose any" in page.text
        assert "This deal has no investors" in page.text

    def test_all_lost(self, deck):
        lost = lose_everything(deck)
        page = read(render_report([lost]))
        answers = {a.key: a for a in give_answers(lost)}
        assert answers["loss"].number == "100.0%" or answers["loss"].number == "100%"
        assert "pays nothing in any fiscal year" in answers["year"].sentence
        assert answers["driver"].number == "nothing"
        assert "4,000 paths lose everything" in page.text
        assert find_worst_year(lost) is None

    def test_nobody_enrolled(self, deck):
        page = read(render_report([enroll_nobody(deck)]))
        assert "Enrolled, treated" in page.text
        assert page.rows["program.enrolled"][1] in ("0", "0.0")

    def test_one_path(self):
        one = make_up_connecticut(1)
        page = read(render_report([one]))
        assert "One path was lived" in page.text and "One path says nothing about risk" in page.text
        assert "A deal that could happen" in page.text
        assert "explains" not in give_answers(one)[2].sentence

    def test_two_paths(self):
        read(render_report([make_up_connecticut(2)]))

    def test_an_error_that_is_not_known_is_not_taken_for_none(self):
        """1 in 100 of 200 paths has an interval that is open above."""
        rows = read(render_report([make_up_connecticut(200)])).rows
        year = next(cells for name, cells in rows.items() if name == "payor.payments.fy2024")
        assert year[5].endswith("±?") and year[5].startswith("$") and ",000±" in year[5]

    def test_a_payment_that_never_varies(self, deck):
        same = pay_the_same(deck)
        page = read(render_report([same]))
        assert "Every path pays $7.5M" in page.text
        assert "on every path" in give_answers(same)[3].sentence
        assert "$7.50M" in give_answers(same)[3].sentence
        assert give_answers(same)[2].number == "nothing"

    def test_payments_below_zero(self, deck):
        page = read(render_report([change(deck, payor__payments=-2e5)]))
        assert "Every path pays −$200K" in page.text

    def test_no_loss_at_all(self, deck):
        names = [f"tranche.{n}" for n in deck.scenario.capital.tranches] + ["investors"]
        none = {f"{n}.{part}".replace(".", "__"): 0.0
                for n in names for part in ("principal_loss", "loss_share")}
        said = give_answers(change(deck, **none))[0]
        assert said.number == "0%" or said.number == "0.0%"
        assert "the chance could still be up to" in said.sentence

    def test_forty_terms(self):
        page = read(render_report([make_up_connecticut(500, source=make_forty_terms())]))
        assert "40 payment terms" in page.text and "Line 40 of a long rate card" in page.text

    def test_names_that_would_break_a_page(self):
        hard = make_up_connecticut(300, sets=HARD_NAMES)
        text = render_report([replace(hard, risk=RISK, integrity=INTEGRITY)])
        page = read(text)
        assert "<script>alert" not in text and "<img" not in text and "<b>" not in text
        assert "<script>alert(1)</script>" in page.text and "שלום" in page.text
        assert "{{ 7*7 }}" in page.text and "\u2068" in page.text
        assert not [attrs for _, attrs in page.found if "onload" in attrs or "onerror" in attrs]

    def test_thousand_periods(self):
        sets = ("clock.period=month", "clock.periods=600")
        read(render_report([make_up_connecticut(50, sets=sets)]))


class TestSeveral:
    def test_contracts_side_by_side(self, deck):
        other = make_up_connecticut(4000, source=SCENARIOS / "ct_shared_savings.yaml")
        page = read(render_report([deck, other]))
        lines = {line.label: line.cells for line in compare([deck, other])}
        difference = other.results["payor.payments"] - deck.results["payor.payments"]
        cell = lines["Outcome payments, less that of the first"][1]
        shown = float(cell.text.replace("$", "").replace(",", ""))
        assert shown == pytest.approx(difference.mean(), rel=0.01)
        assert "surer than either number" in page.text
        assert sum(i.endswith("-answer") for i in page.ids) == 2

    def test_other_seeds_are_not_subtracted(self, deck):
        other = make_up_connecticut(4000, seed=2)
        assert not [line for line in compare([deck, other]) if "less that" in line.label]
        assert "no differences are shown" in read(render_report([deck, other])).text

    def test_with_and_without_investors(self):
        decks = [make_up_connecticut(300, source=SCENARIOS / name)
                 for name in ("rsvp.yaml", "rsvp_pfs.yaml")]
        read(render_report(decks))

    def test_six_fit_and_more_are_refused(self, full):
        assert len(render_report([full] * 6).encode()) <= 2_000_000
        with pytest.raises(InputError, match="allowed: 1 to 6"):
            render_report([full] * 7)
        with pytest.raises(InputError):
            render_report([])


class TestAnalyses:
    def test_shares_of_risk_take_their_intervals_along(self):
        from types import SimpleNamespace

        from pfs_sim.metrics.estimates import Estimate
        from pfs_sim.report.html.analyses import state_risk

        moves = SimpleNamespace(varies=True, shapley=(Estimate(0.7, 0.01), Estimate(0.3, 0.01)))
        still = SimpleNamespace(varies=False, shapley=())
        found = state_risk(SimpleNamespace(
            players=("effect", "chance"), indices={"payor.payments": moves, "flat": still}
        ))
        assert list(found) == ["payor.payments"]
        value, low, high = found["payor.payments"]["effect"]
        assert (value, low, high) == pytest.approx((0.7, 0.7 - 0.0196, 0.7 + 0.0196), abs=1e-4)

    def test_a_contract_without_cliffs_says_so(self, deck):
        page = read(render_report([replace(deck, integrity={**INTEGRITY, "cliffs": []})]))
        assert "have no cliff" in page.text
        page = read(render_report([replace(deck, integrity={})]))
        assert "found nothing to report" in page.text

    def test_an_analysis_that_was_not_made_is_said_to_be_missing(self, deck):
        page = read(render_report([deck]))
        assert "were not computed for this report" in page.text


class TestCommand:
    @pytest.fixture(autouse=True)
    def without_kernels(self, monkeypatch, deck):
        from importlib import import_module

        monkeypatch.setattr("pfs_sim.report.html.deck.live_stories", lambda results: deck.ledgers)
        monkeypatch.setattr("pfs_sim.report.html.deck.draw_inputs", lambda results: deck.inputs)
        monkeypatch.setattr(
            import_module("pfs_sim.simulate"), "simulate",
            lambda loaded, paths, seed, **options: deck.results,
        )

    def call(self, *words):
        from click.testing import CliRunner

        from pfs_sim.cli import main

        return CliRunner().invoke(main, ["report", *map(str, words)])

    def test_of_a_scenario(self, deck, tmp_path):
        out = tmp_path / "deal.html"
        done = self.call(CONNECTICUT, "-o", out, "--only-run", "--paths", 4000,
                         "--set", "contract.cap=14800000")
        assert done.exit_code == 0, done.output
        assert done.stdout == "" and f"wrote {out}" in done.stderr
        page = read(out.read_text(encoding="utf-8"))
        command = "ct_family_stability.yaml --paths 4000 --seed 1 --set contract.cap=14800000"
        assert f"pfs-sim run {command}" in page.text
        path = choose_paths(deck.results)["0.5"]
        replay = f"--path {path} --seed 1 --set contract.cap=14800000"
        assert f"pfs-sim trace ct_family_stability.yaml {replay}" in page.text

    def test_of_a_folder_the_same_page_as_the_run_left(self, deck, tmp_path):
        from pfs_sim.report.folder import write_run

        document = summary_document(deck.results, deck.table)
        folder = tmp_path / "run"
        names = write_run(folder, deck.results, deck.table, document, "", command="pfs-sim run x")
        assert "report.html" in names
        out = tmp_path / "again.html"
        done = self.call(folder, "-o", out, "--only-run")
        assert done.exit_code == 0, done.output
        assert out.read_bytes() == (folder / "report.html").read_bytes()

    def test_what_is_not_there_is_said(self, tmp_path):
        done = self.call(tmp_path, "-o", tmp_path / "r.html")
        assert done.exit_code == 2 and "found no results.npz" in done.stderr
        assert self.call(tmp_path / "none.yaml").exit_code == 2
        assert not (tmp_path / "r.html").exists()


def test_what_limits_or_changes_the_payments_is_said():
    said = say_limits(load("tests/bad_scenarios/base/deal.yaml").scenario)
    assert said == [
        "All terms together: at most $14,800,000.",
        "State: at most $12,000,000 in all; at most $6,000,000 in a fiscal year, the rest carried "
        "over; in each fiscal year its appropriation fails with a probability of 1%, and 50% of "
        "what is due then is lost, the rest 2 quarters late.",
        "County: at most $3,000,000 in all.",
        "1 Oct 2018: if enrolled < 80, the program is ended.",
        "1 Oct 2021: if live < 0%, no more is drawn from Junior.",
        "1 Oct 2018: if enrolled ≥ 250, the program is expanded, to 600 clients.",
    ]


def test_an_npv_is_named_by_its_hurdle():
    from pfs_sim.report.parties import name_npv

    at, bare = {"capital": {"hurdle": {"value": 0.045}}}, {"capital": {"hurdle": 0.0}}
    assert name_npv(at) == "NPV at the hurdle, 4.5%"
    assert name_npv(bare) == name_npv({}) == "Profit (no hurdle: NPV at 0%)"
    assert name_npv(at, bare) == "NPV, each at its own hurdle"
