"""False payment, missed success, noise, deadweight and cliffs against exact arithmetic."""

import json
import math

import numpy as np
import pytest
from click.testing import CliRunner
from scipy.stats import binom
from small_deals import deal, event, rate, total

from pfs_sim.analysis.cliffs import evaluate, find_cliffs, weigh_participant, weigh_point
from pfs_sim.analysis.grounds import find_kind, find_outcomes
from pfs_sim.analysis.integrity import ALL, judge, judge_integrity, live_four
from pfs_sim.analysis.scaling import scale_enrollment, scale_sample
from pfs_sim.cli import main
from pfs_sim.reading import load, to_yaml
from pfs_sim.report.integrity import list_integrity
from pfs_sim.simulate import scenario_of, simulate

PATHS, SIGMAS = 6000, 4.5
POINTS = {"outcome": "arrest", "statistic": "difference", "design": "rct"}
STEP = {"measure": "points", "schedule": {"kind": "tiers", "tiers": [[0.05, 1_000_000]]}}
LINE = {
    "measure": "points",
    "schedule": {"kind": "points", "points": [[0.0, 0], [0.1, 1_000_000]]},
}


def trial(n, effect=0.0, target=-0.1, **more):
    """A trial of n against n on arrests, base 50 %, paid by a step at 5 points and by a line."""
    return deal(
        n,
        {"arrest": event(0.5, effect, target_effect=target)},
        {"points": POINTS},
        {"step": STEP, "line": LINE},
        control=True,
        **more,
    )


def differences(n, treated=0.5, control=0.5):
    """Every difference in points that n against n can show, and its exact probability."""
    y1, y0 = np.meshgrid(np.arange(n + 1), np.arange(n + 1))
    weight = binom.pmf(y1, n, treated) * binom.pmf(y0, n, control)
    return (y0 - y1) / n, weight


def exact(n, rule, treated=0.5):
    """Expectation of rule(difference)."""
    found, weight = differences(n, treated)
    return float(np.sum(weight * rule(found)))


def reaches(x):
    return x >= 0.05 - 1e-12


def share_of_line(x):
    return np.clip(x / 0.1, 0.0, 1.0)


def near(found, truth):
    return abs(found.value - truth) < SIGMAS * max(found.error, 1e-12)


@pytest.fixture(scope="module", params=[135, 929])
def no_effect(request):
    scenario = scenario_of(trial(request.param))
    lives = live_four(scenario, PATHS, 3)
    return request.param, lives, judge(scenario, lives)


# What a normal distribution gives, which has no whole people: P(at least 5 points) and the share
# of the line that is paid. 5 points are 6.75 of 135 people, so that 7 are needed in fact.
NORMAL = {135: (0.206, 0.23), 929: (0.016, 0.093)}


class TestAgainstBinomialArithmetic:
    def test_false_payment(self, no_effect):
        n, _, found = no_effect
        truth = exact(n, reaches)
        assert near(found["step"].at_nothing, truth)
        assert near(found["step"].false_payment.share, truth)
        assert found["step"].false_payment.paths == PATHS
        assert truth == pytest.approx(NORMAL[n][0], abs=0.01)

    def test_the_line_pays_for_noise(self, no_effect):
        n, _, found = no_effect
        truth = 1_000_000 * exact(n, share_of_line)
        assert near(found["line"].paid_at_nothing, truth)
        assert near(found["line"].noise, truth)
        assert truth / 1_000_000 == pytest.approx(NORMAL[n][1], abs=0.01)

    def test_missed_success(self, no_effect):
        n, _, found = no_effect
        truth = exact(n, lambda x: ~reaches(x), treated=0.4)
        assert near(found["step"].at_target, truth)
        paid = 1_000_000 * exact(n, share_of_line, treated=0.4)
        assert near(found["line"].paid_at_target, paid)
        assert found["step"].missed_success.paths == 0, "the prior never reaches the target"

    def test_paid_if_true_is_exact(self, no_effect):
        _, lives, _ = no_effect
        assert not np.any(lives.paid_if_true)
        assert lives.means["program.enrolled"] == no_effect[0]

    def test_all_terms_add_up(self, no_effect):
        _, _, found = no_effect
        assert set(found) == {"step", "line", ALL}
        added = found["step"].noise.value + found["line"].noise.value
        assert found[ALL].noise.value == pytest.approx(added)
        assert found[ALL].kind == "effect"


EVEN = {
    "dist": "mixture",
    "components": {
        "nothing": {"weight": 0.5, "dist": "certain", "value": 0.0},
        "works": {"weight": 0.5, "dist": "certain", "value": -0.1},
    },
}


@pytest.fixture(scope="module")
def even_chances():
    scenario = scenario_of(trial(135, EVEN))
    return judge(scenario, live_four(scenario, PATHS, 5))


class TestWithAPrior:
    def test_conditioning_and_overriding_agree(self, even_chances):
        step = even_chances["step"]
        assert near(step.false_payment.share, exact(135, reaches))
        assert near(step.missed_success.share, exact(135, lambda x: ~reaches(x), treated=0.4))
        assert step.false_payment.paths + step.missed_success.paths == PATHS
        assert step.false_payment.paths == pytest.approx(PATHS / 2, abs=5 * math.sqrt(PATHS / 4))

    def test_noise_cuts_both_ways(self, even_chances):
        """At no effect noise only adds; at the target it only takes."""
        step = even_chances["step"]
        falsely = exact(135, reaches)
        missed = exact(135, lambda x: ~reaches(x), treated=0.4)
        assert near(step.noise, 1e6 * (falsely - missed) / 2.0)
        assert near(step.misjudged, 1e6 * (falsely + missed) / 2.0)

    def test_harm_is_no_effect_either(self):
        scenario = scenario_of(trial(135, {"dist": "uniform", "low": -0.1, "high": 0.1}))
        found = judge(scenario, live_four(scenario, 1000, 5))["step"]
        assert found.false_payment.paths == pytest.approx(500, abs=75)
        assert found.false_payment.share.value < found.at_nothing.value


@pytest.fixture(scope="module")
def scenario():
    """A record, an effect, both in one measure, and a standing charge."""
    return scenario_of(
        deal(
            500,
            {"job": event(0.4, 0.1, good="higher"), "arrest": event(0.5, -0.1)},
            {"jobs": total("job"), "points": POINTS,
             "both": {"blend": {"jobs": 0.5, "points": 2.0}}},
            {"work": rate("jobs", 1000), "less": rate("points", 1e6), "mix": rate("both", 10),
             "standing": {"schedule": {"kind": "fixed", "amount": 5000}}},
            control=True,
        )
    )


class TestRecords:
    def test_deadweight(self, scenario):
        found = judge(scenario, live_four(scenario, 2000, 1))
        assert near(found["work"].deadweight, 0.4 / 0.5)
        assert near(found["work"].paid_at_nothing, 500 * 0.4 * 1000)
        assert math.isnan(found["less"].deadweight.value)
        assert found["standing"].noise.value == 0.0 and found["standing"].outcomes == ()
        assert found["standing"].false_payment.paths == 0

    def test_kinds_and_outcomes(self, scenario):
        terms = scenario.contract.terms
        assert {name: find_kind(scenario, term) for name, term in terms.items()} == {
            "work": "record", "less": "effect", "mix": "effect", "standing": "fixed"
        }
        assert find_outcomes(scenario, terms["work"]) == ["job"]
        assert find_outcomes(scenario, terms["mix"]) == ["arrest"]
        assert judge(scenario, live_four(scenario, 20, 1))["terms on an effect"].outcomes == (
            "arrest",
        )

    def test_one_more_participant(self, scenario):
        means = {"outcome.arrest.measured": 500.0, "outcome.job.measured": 500.0}
        assert weigh_participant(scenario, means, "points") == pytest.approx(1 / 500)
        assert weigh_participant(scenario, means, "jobs") == 1.0
        assert weigh_participant(scenario, means, "both") == 0.5
        assert weigh_point(scenario, means, "points") == 0.001
        assert weigh_point(scenario, means, "jobs") == pytest.approx(0.5)

    @pytest.mark.parametrize(
        ("samples", "people"), [(["completed"], 60), (["completed", "assigned"], 30)]
    )
    def test_one_more_of_those_who_completed(self, samples, people):
        """A result counts whom any measure looks at: with one of all assigned, not these alone."""
        measures = {
            f"of_{sample}": total("job") | {"statistic": "mean", "sample": sample}
            for sample in samples
        }
        terms = {"pay": rate("of_completed", 1.0)}
        found = scenario_of(deal(100, {"job": event(0.5)}, measures, terms))
        means = {
            "outcome.job.measured": 60.0, "program.completed": 50.0, "program.enrolled": 100.0
        }
        assert weigh_participant(found, means, "of_completed") == pytest.approx(1 / people)


MEANS = {"outcome.arrest.measured": 200.0, "payor.payments.step": 300_000.0}


class TestCliffs:
    def find(self, term, **more):
        scenario = scenario_of(
            deal(200, {"arrest": event(0.5)}, {"points": POINTS}, {"step": {**term, **more}},
                 control=True)
        )
        return find_cliffs(scenario, MEANS)

    def test_a_step(self):
        (cliff,) = self.find(STEP)
        assert (cliff.at, cliff.jump, cliff.reach, cliff.beyond) == (0.05, 1e6, 1e6, 0.0)
        assert cliff.reach_point == 1e6 and cliff.share == 1.0 and cliff.flagged

    def test_a_line_is_not_steep_for_one_participant_in_two_hundred(self):
        first, last = self.find(LINE, cap=10_000_000)
        assert first.jump == last.jump == 0.0
        assert first.beyond == pytest.approx(1e6 * (1 / 200) / 0.1)
        assert first.reach == last.beyond == 0.0
        assert last.reach_point == pytest.approx(1e6 * 0.001 / 0.1)
        assert first.share == pytest.approx(0.005) and not first.flagged

    def test_two_tiers_under_a_cap(self):
        tiers = {"kind": "tiers", "tiers": [[0.02, 400_000], [0.04, 900_000], [0.06, 1_500_000]]}
        found = self.find({"measure": "points", "schedule": tiers}, cap=1_000_000)
        assert [cliff.jump for cliff in found] == [400_000, 500_000, 100_000]
        assert [cliff.share for cliff in found] == pytest.approx([0.4, 0.5, 0.1])

    def test_times_a_number(self):
        (cliff,) = self.find(STEP, times=3.0)
        assert cliff.jump == 3e6

    def test_a_condition_is_a_cliff(self):
        found = self.find(LINE, only_if={"enough": {"measure": "points", "at_least": 0.03}})
        (gate,) = [cliff for cliff in found if cliff.place == "condition enough"]
        assert gate.jump == gate.reach == pytest.approx(300_000.0) and gate.flagged

    def test_a_threshold_with_a_line_beyond(self):
        schedule = {"kind": "rate", "price": 1e6, "from": 0.02}
        (cliff,) = self.find({"measure": "points", "schedule": schedule}, cap=100_000)
        assert cliff.jump == pytest.approx(20_000)
        assert cliff.beyond == pytest.approx(5_000)
        assert cliff.share == pytest.approx(0.2)

    def test_a_schedule_at_its_knots(self):
        pieces = {"kind": "pieces", "below": 5.0, "pieces": [[1.0, 10.0, 2.0], [3.0, 20.0, 0.0]]}
        scenario = scenario_of(
            deal(10, {"arrest": event(0.5)}, {"points": POINTS},
                 {"step": {"measure": "points", "schedule": pieces}}, control=True)
        )
        s = scenario.contract.terms["step"].schedule.segments()
        assert [evaluate(s, x) for x in (0.9, 1.0, 2.0, 3.0, 9.0)] == [5.0, 10.0, 12.0, 20.0, 20.0]
        assert [evaluate(s, x, from_below=True) for x in (1.0, 3.0)] == [5.0, 14.0]


class TestScaling:
    def test_power_erodes_with_enrollment(self):
        found = judge_integrity(trial(135), 2000, sample=(), enrollment=(0.5, 1.0, 4.0))
        for row, n in zip(found.by_enrollment, (68, 135, 540), strict=True):
            assert row.enrolled == n
            assert near(row.judgments["step"].at_nothing, exact(n, reaches))
            assert near(row.judgments["line"].noise, 1e6 * exact(n, share_of_line))

    def test_the_value_of_a_bigger_evaluation(self):
        found = judge_integrity(trial(135), 2000, sample=(1.0, 4.0), enrollment=())
        same, bigger = found.by_sample
        assert same.noise_change.value == 0.0 and same.judgments == found.judgments
        saved = sum(exact(540, rule) - exact(135, rule) for rule in (reaches, share_of_line))
        assert near(bigger.noise_change, 1e6 * saved)

    def test_a_larger_sample_leaves_the_deal_as_it_is(self):
        """Counts and money as they were, on four times the people: only noise is halved."""
        plain = scenario_of(
            deal(
                200, {"job": event(0.4, good="higher")},
                {"jobs": total("job"), "enrolled": {"program": "treated"}},
                {"work": rate("jobs", 1000), "start": rate("enrolled", 10)},
                capital={"costs": {"work": {"per_enrollment": {
                    "dist": "uniform", "low": 900.0, "high": 1100.0}, "per_period": 50.0}}},
            )
        )
        larger = scale_sample(plain, 4.0)
        here, there = simulate(plain, 2000), simulate(larger, 2000)
        assert np.all(there["program.enrolled"] == 4 * here["program.enrolled"])
        assert np.all(there["payor.payments.start"] == here["payor.payments.start"])
        assert there["payor.payments.work"].mean() == pytest.approx(80_000, rel=0.005)
        spread = there["payor.payments.work"].std() / here["payor.payments.work"].std()
        assert spread == pytest.approx(0.5, abs=0.05)
        cost = there["program.cost"] / here["program.cost"]
        assert cost == pytest.approx(np.ones(2000), rel=2e-3)

    def test_a_factor_of_one_is_the_deal_itself(self):
        scenario = scenario_of(trial(10))
        assert scale_sample(scenario, 1.0) is scenario is scale_enrollment(scenario, 1.0)

    def test_places_intake_lists_and_commitments(self):
        scenario = scenario_of("scenarios/ct_family_stability.yaml")
        half, double = scale_enrollment(scenario, 0.5), scale_enrollment(scenario, 2.0)
        assert half.program.target == 250 and double.program.target == 1000
        assert half.program.service.teams["danbury"].caseload == 7
        assert half.program.referrals.per_period.value == 67.5
        assert half.capital == scenario.capital
        assert double.capital.tranches["senior"].commitment.value == 12_000_000


@pytest.fixture(scope="module")
def judged():
    scenario = scenario_of(trial(30))
    found = judge_integrity(scenario, 60, enrollment=(1.0, 2.0), sample=(1.0, 2.0))
    return found, find_cliffs(scenario, found.means)


class TestPagesAndCommand:
    def test_pages(self, judged):
        pages = {page.title: page for page in list_integrity(*judged)}
        assert list(pages) == [
            "False payment and missed success",
            "The price of noise, and deadweight",
            "Cliffs",
            "With other enrollment",
            "With a larger or smaller evaluation",
        ]
        first = pages["False payment and missed success"]
        assert first.keys[1] == ["step", "line", ALL]
        columns = {heading.replace("\n", " "): cells for heading, cells in first.columns}
        assert columns["paid though nothing worked"][0].endswith("of 60")
        assert columns["unpaid though target met"][0] == "never drawn"
        for page in pages.values():
            assert all(len(cells) == len(page.keys[1]) for _, cells in page.columns)

    def test_json_holds_no_nan(self, judged):
        json.dumps(judged[0].to_json(), allow_nan=False)
        json.dumps([cliff.to_json() for cliff in judged[1]], allow_nan=False)

    def test_command(self, tmp_path):
        file = tmp_path / "deal.yaml"
        file.write_text(to_yaml(trial(30)), encoding="utf-8")
        words = ["integrity", str(file), "--paths", "50", "--only-as-is", "--quiet"]
        done = CliRunner().invoke(main, words)
        assert done.exit_code == 0, done.output
        assert "Cliffs" in done.stdout and "other enrollment" not in done.stdout
        found = json.loads(CliRunner().invoke(main, [*words, "--json"]).stdout)
        assert set(found["terms"]) == {"step", "line", ALL}
        assert found["cliffs"][0]["flagged"] and found["by_sample"] == []
        assert load(str(file)).scenario.name == "Small deal"


def test_a_penalty_misses_no_success_and_has_no_deadweight():
    water = load("scenarios/dc_water.yaml").scenario
    found = judge_integrity(water, 200, 1, enrollment=(), sample=())
    penalty, bonus = (found.judgments[name] for name in ("risk_share", "outperformance"))
    assert penalty.paid.value < 0.0 and math.isnan(penalty.deadweight.value)
    assert penalty.missed_success.paths == 0 and penalty.at_target is None
    assert bonus.missed_success.paths > 0 and bonus.deadweight.value == 0.0
    cliffs = find_cliffs(water, found.means)
    assert all(math.isnan(x) for one in cliffs for x in (one.reach_point, one.beyond_point))
