"""People lived once, many deals that pay for them: the bits of each deal lived alone."""

import copy
import math
from pathlib import Path

import numpy as np
import pytest
from made_up import STARTER

from pfs_sim.analysis import explain as explaining
from pfs_sim.analysis import same_people
from pfs_sim.analysis.explain import _find_beside, _Players, explain
from pfs_sim.analysis.paying import (
    Notebooks,
    Order,
    Store,
    describe_people,
    draw_alike,
    live_together,
)
from pfs_sim.analysis.same_people import SamePeople, find_people
from pfs_sim.analysis.solve import solve
from pfs_sim.analysis.sweep import sweep
from pfs_sim.errors import ScenarioError
from pfs_sim.kernels import path as walked
from pfs_sim.kernels._jit import lean
from pfs_sim.kernels._wide import as_wide
from pfs_sim.kernels.path import live_paths
from pfs_sim.model.scenario import Scenario
from pfs_sim.plan.crowd import find_parts, mark_read
from pfs_sim.plan.lots import evaluation_dates
from pfs_sim.reading import load
from pfs_sim.simulate import (
    compile_scenario,
    even_size,
    live_compiled,
    nothing_given,
    simulate,
)
from pfs_sim.tables.wide import ABREAST, numbers
from tests.generate import scenario

SCENARIOS = Path(__file__).resolve().parents[1] / "scenarios"
PATHS = 9
CAP = "contract.cap"
EFFECT = "outcomes.return_to_prison.effect"


def vary(words):
    """A deal and others on its people: less money, other triggers, caps, appropriations."""
    found = [words]
    for change in (_less_money, _no_triggers, _stop_at_once, _cap, _no_default):
        other = copy.deepcopy(words)
        change(other)
        try:
            Scenario.model_validate(other)
        except ValueError:
            continue
        found.append(other)
    return [Scenario.model_validate(one) for one in found]


def _less_money(words):
    for tranche in words["capital"].get("tranches", {}).values():
        tranche["commitment"] = 0.3 * tranche.get("commitment", 0.0)
    words["capital"]["shortfall"] = "stop"


def _no_triggers(words):
    words["contract"].pop("triggers", None)


def _stop_at_once(words):
    for trigger in words["contract"].get("triggers", {}).values():
        for name in ("only_if", "any_of"):
            for condition in trigger.get(name, {}).values():
                condition.pop("at_least", None)
                condition["below"] = 1e9


def _cap(words):
    words["contract"]["cap"] = 900.0


def _no_default(words):
    for payor in words["contract"]["payors"].values():
        payor["default"] = {"probability": 0.5, "late": 1}


def same(one, other):
    return all(np.array_equal(a, b, equal_nan=True) for a, b in zip(one, other, strict=True))


def together(compiled, true_modes=(False,), chunk=4, threads=2, **options):
    """That deals lived together have the bits of each alone; how many took others' people."""
    orders = [Order(one, true_mode) for true_mode in true_modes for one in compiled]
    found = live_together(orders, PATHS, threads=threads, chunk=chunk, **options)
    for (one, true_mode), lived in zip(orders, found, strict=True):
        assert same(lived, live_compiled(one, PATHS, threads=1, true_mode=true_mode))


@pytest.fixture
def lives(monkeypatch):
    """How often the people of a chunk were lived, and how often they were taken."""
    counts = {"lived": 0, "taken": 0}

    def count(*words, **named):
        taken = len(words) > 8 and words[8].known
        counts["taken" if taken else "lived"] += 1
        live_paths(*words, **named)

    monkeypatch.setattr(walked, "live_paths", count)
    return counts


@lean
def keep_blocks(kept, blocks):
    at = 0
    for block in range(blocks.shape[0]):
        at = walked._keep(kept, block, at, as_wide(blocks[block]))
    kept.end[0] = at


@lean
def take_blocks(kept, blocks):
    at = 0
    for block in range(blocks.shape[0]):
        at = walked._take(kept, block, at, as_wide(blocks[block]))


def poison_books(scratch, value):
    """Let a value stand wherever living people, or money, says that it may have left one."""
    lots, ledger = scratch.living.lots, scratch.ledger
    for wiped in (ledger.book, ledger.events, ledger.findings.missing):
        numbers(wiped)[...] = value
    untouched = np.ones(lots.outcomes.size, np.bool_)
    for first, end in lots.touched:
        untouched[first:end] = False
    scratch.seen[:] = value
    numbers(lots.outcomes)[untouched] = 0.0
    scratch.living.cohort.filled[:] = 1


class TestTheKernel:
    @pytest.mark.parametrize("i", range(570, 640))
    def test_what_is_kept_is_all_that_is_read(self, i):
        """Whatever else stands in the books moves nothing."""
        for true_mode in (False, True):
            compiled = compile_scenario(Scenario.model_validate(scenario(i)))
            given = nothing_given(compiled.scenario)
            rows = compiled.inputs.share_out(compiled.inputs.draw_values(0, PATHS))
            scratch = compiled.scratch()
            plan = compiled.plan
            read = mark_read(plan.people, plan.money, plan.outputs, true_mode)
            found = []
            written = Notebooks().open(read, PATHS)
            taken = written._replace(known=1)
            turns = (walked.NOBODY_KEPT, 0.0), (written, 7e3), (taken, np.nan), (taken, 7e3)
            for kept, poison in turns:
                out = np.empty((len(compiled.columns), PATHS))
                fan = np.empty((PATHS, 4, compiled.scenario.clock.periods + 1))
                poison_books(scratch, poison)
                live_paths(compiled.plan, scratch, rows, 0, true_mode, given, out, fan, kept)
                found.append((out, fan))
            assert all(same(found[0], other) for other in found[1:])

    def test_every_bit_comes_back(self):
        """Whole numbers are kept in few bytes, all others as they are: in order, block by block."""
        odd = [0.0, -0.0, 1.0, -1.0, 0.5, 65535.0, 65536.0, 1e300, 5e-324, math.inf, -math.inf]
        odd += [math.nan, -math.nan, 65535.5, float(2**63), 1e-300]
        rng = np.random.default_rng(1)
        blocks = [rng.integers(0, n, (50, ABREAST)).astype(float) for n in (65536, 65536, 256)]
        blocks[2][10:30] = 0.0
        blocks[2][40:, 0] = 255.0
        for seen in blocks:
            for place in rng.choice(50, 20, replace=False):
                seen[place, rng.integers(ABREAST)] = rng.choice(odd)
        blocks[1][:16] = np.array(odd)[:, None]
        read = rng.random(50) < 0.8
        notebooks = Notebooks()
        written = notebooks.open(read, 3 * ABREAST - 5)
        keep_blocks(written, np.stack(blocks))
        for _ in range(2):
            found = np.full((3, 50, ABREAST), np.nan)
            kept = notebooks.close(written)
            take_blocks(kept, found)
            for one, other in zip(found, blocks, strict=True):
                assert one[read].tobytes() == other[read].tobytes()
                assert np.isnan(one[~read]).all()
        assert 8 * kept.people.size < 0.7 * found[:, read].nbytes
        assert {*kept.how.ravel().tolist()} == {0, 1, 2, 3}

    def test_parts_are_joined(self):
        read = np.zeros(9, np.bool_)
        assert find_parts(read).shape == (0, 2)
        assert find_parts(~read).tolist() == [[0, 9]]
        read[[0, 3, 4, 8]] = True
        assert find_parts(read).tolist() == [[0, 1], [3, 5], [8, 9]]


class TestTogether:
    @pytest.mark.parametrize("i", range(640, 680))
    def test_generated_deals(self, i):
        together([compile_scenario(one) for one in vary(scenario(i))], (False, True))

    @pytest.mark.verify
    @pytest.mark.parametrize("i", range(680, 1000))
    def test_many_more_generated_deals(self, i):
        together([compile_scenario(one) for one in vary(scenario(i))], (False, True))

    @pytest.mark.parametrize("file", sorted(SCENARIOS.glob("*.yaml")), ids=lambda f: f.stem)
    def test_shipped_deals_under_other_caps_and_less_money(self, file):
        deal, deals = load(file), []
        capital = deal.scenario.capital.tranches
        changes = [{}, {CAP: 1e5}, {CAP: 5e6}]
        changes += [{f"capital.tranches.{name}.commitment": 1e5} for name in list(capital)[:2]]
        for sets in changes:
            try:
                deals.append(compile_scenario(load(file, sets)))
            except ScenarioError:  # a cap that this deal cannot have
                continue
        together(deals, (False, True))

    def test_the_people_are_lived_once(self, lives):
        deals = [compile_scenario(load(STARTER, {CAP: cap})) for cap in (1e6, 2e6, 3e6)]
        together(deals)
        assert lives == {"lived": 3 + 3, "taken": 6}  # the last three alone, to compare

    def test_other_people_are_lived_anew(self, lives):
        """Tables may be the same and the inputs of the paths not."""
        changes = (
            {}, {EFFECT: -0.1}, {EFFECT: {"dist": "normal", "mean": -0.5, "sd": 0.3}},
            {"program.referrals.multiplier": 0.8}, {"program.target": 150},
        )  # fmt: skip
        deals = [compile_scenario(load(STARTER, sets)) for sets in changes]
        together(deals)
        assert lives["taken"] == 0

    def test_another_seed_and_an_override(self):
        deals = [compile_scenario(STARTER, seed) for seed in (1, 2, 1)]
        deals += [compile_scenario(STARTER, 1, fixed={EFFECT: 0.0}), compile_scenario(STARTER)]
        together(deals)
        together(deals[::-1])

    def test_a_quantity_of_the_contract_that_becomes_uncertain_or_correlated(self):
        """It may move columns and the draws of what it is correlated with."""
        overrun = {"dist": "uniform", "low": 1.0, "high": 1.2}
        pair = {"x": {"between": [EFFECT, "capital.overrun"], "rho": 0.5}}
        changes = ({}, {"capital.overrun": overrun}, {"capital.overrun": 1.0, "correlations": {}},
                   {"capital.overrun": overrun, "correlations": pair})  # fmt: skip
        together([compile_scenario(load(STARTER, sets)) for sets in changes])


class TestWhoIsTheSame:
    def tables(self, **sets):
        sets = {name.replace("__", "."): value for name, value in sets.items()}
        return describe_people(compile_scenario(load(STARTER, sets)))[0]

    def test_contract_and_capital_move_nobody(self):
        base = self.tables()
        assert base == self.tables(contract__cap=1e6)
        assert base == self.tables(contract__terms__work__schedule__price=9.0)
        assert base == self.tables(capital__tranches__senior__commitment=1e5)

    def test_program_and_outcomes_do(self):
        found = [
            self.tables(), self.tables(program__target=100), self.tables(program__consent=0.5),
            self.tables(program__consent=0.6), self.tables(outcomes__return_to_prison__window=5),
        ]  # fmt: skip
        assert len(set(found)) == len(found)

    def test_an_expansion_is_an_event(self):
        words = next(
            words for words in map(scenario, range(600, 700))
            if "expand" in [one["action"] for one in words["contract"].get("triggers", {}).values()]
        )  # fmt: skip
        one = compile_scenario(Scenario.model_validate(words))
        del words["contract"]["triggers"]
        other = compile_scenario(Scenario.model_validate(words))
        assert describe_people(one)[0] == describe_people(other)[0]

    def test_draws(self):
        one, other = (compile_scenario(STARTER, seed).inputs for seed in (1, 2))
        assert not draw_alike(one, other)
        assert draw_alike(one, compile_scenario(load(STARTER, {CAP: 1e6})).inputs)
        uncertain = {EFFECT: {"dist": "normal", "mean": 0.0, "sd": 1.0}}
        assert not draw_alike(one, compile_scenario(load(STARTER, uncertain)).inputs)


@pytest.mark.parametrize("paths", [1, 9, 1_000, 8_192, 8_193, 100_000])
@pytest.mark.parametrize("chunk", [1, 7, 4_096])
@pytest.mark.parametrize("threads", [1, 2, 3, 8])
def test_every_thread_has_as_many_chunks(paths, chunk, threads):
    size = even_size(paths, chunk, threads)
    rounds = -(-paths // (threads * chunk))
    assert 1 <= size <= chunk
    assert len(range(0, paths, size)) <= rounds * threads
    # The busiest thread lives its share, and less than a block of paths more a round.
    assert rounds * size < paths / threads + rounds * ABREAST
    assert size % ABREAST == 0 or size + ABREAST > chunk


class TestStore:
    def compiled(self, **sets):
        return compile_scenario(load(STARTER, {k.replace("__", "."): v for k, v in sets.items()}))

    def test_what_it_holds_is_not_lived_again(self, lives):
        store = Store()
        for cap in (1e6, 2e6, 1e6):
            live_together(
                [Order(self.compiled(contract__cap=cap))], PATHS, store=store, threads=1
            )
        assert lives == {"lived": 1, "taken": 2} and not store.refused

    def test_only_true_mode_reads_expectations(self, lives):
        store = Store()
        one = self.compiled()
        for true_mode in (False, True, False):
            (found,) = live_together([Order(one, true_mode)], PATHS, store=store, threads=1)
            assert same(found, live_compiled(one, PATHS, threads=1, true_mode=true_mode))
        assert lives == {"lived": 2 + 3, "taken": 1}

    def test_it_keeps_to_its_budget(self):
        one, other = self.compiled(), self.compiled(program__target=100)
        whole = Store()
        together([one], store=whole)
        tight = Store(whole.used + whole.used // 2)
        for deal in (one, other, one, other):
            together([deal], store=tight)
            assert tight.used <= tight.budget and not tight.refused
        small = Store(whole.used // 2)
        together([one, other, one], store=small)
        assert small.used <= small.budget and small.refused

    def test_what_was_asked_for_longest_ago_goes(self, lives):
        one, other = self.compiled(), self.compiled(program__target=100)
        store = Store()
        together([one], store=store, chunk=PATHS, threads=1)
        store.budget = 2 * store.used
        for deal in (other, one, other, one):
            together([deal], store=store, chunk=PATHS, threads=1)
        assert lives["taken"] == 3
        together([self.compiled(program__target=90)], store=store, chunk=PATHS, threads=1)
        together([one], store=store, chunk=PATHS, threads=1)
        assert lives["taken"] == 4


class TestSamePeople:
    CAPS = (1e6, 2e6, 3e6)

    def test_deals_that_do_not_fit_are_lived_together(self, monkeypatch):
        """In groups, with the bits of each alone; a group holds what `TOGETHER` allows."""
        deals = [load(STARTER, {CAP: cap}) for cap in (*self.CAPS, 4e6)]
        groups = []

        def look(orders, *words, **options):
            groups.append(len(orders))
            return live_together(orders, *words, **options)

        monkeypatch.setattr(same_people, "live_together", look)
        width = 8 * 64 * len(compile_scenario(STARTER).columns)
        monkeypatch.setattr(same_people, "TOGETHER", 2 * width)
        people = SamePeople(64, store=Store(0))
        for one, deal in zip(people.live(deals), deals, strict=True):
            assert same((one.values,), (simulate(deal, 64).values,))
        assert groups == [1, 2, 1]

    def test_dates_that_one_deal_adds(self):
        """Together in the lots of all, each alone in its own."""
        first = load(STARTER)
        other = load(SCENARIOS / "ct_family_stability.yaml")
        assert evaluation_dates(first.scenario) != evaluation_dates(other.scenario)
        people = find_people(first, 32)
        for one, deal in zip(people.live_each([first, other]), (first, other), strict=True):
            assert same((one.values,), (simulate(deal, 32).values,))
        again = list(find_people(first, 32).live([first, other]))
        merge = sorted({*evaluation_dates(first.scenario), *evaluation_dates(other.scenario)})
        for one, deal in zip(again, (first, other), strict=True):
            alone = live_compiled(compile_scenario(deal, merge=merge), 32)
            assert same((one.values, one.fan), alone)

    def test_a_search_lives_its_people_once(self, lives):
        found = solve(STARTER, CAP, 1e6, 3e6, "payor.payments.mean", 1e6, paths=64, threads=1)
        assert found.runs > 3 and lives == {"lived": 1, "taken": found.runs - 1}

    def test_a_sweep_does_too(self, lives):
        sweep(STARTER, {CAP: self.CAPS}, paths=64, threads=1)
        assert lives == {"lived": 1, "taken": 2}


class TestExplain:
    def test_runs_that_differ_in_the_money_alone_share_their_people(self, lives, monkeypatch):
        found = explain(STARTER, 32, threads=1)
        assert lives == {"lived": 32, "taken": 32}
        monkeypatch.setattr(explaining, "TOGETHER", 0)
        assert explain(STARTER, 32, threads=1).to_json() == found.to_json()
        assert lives == {"lived": 96, "taken": 32}

    def test_the_masks_beside(self):
        names = ("effect", "bias", "chance", "cost")
        players = _Players(names, ((),) * 4, (None,) * 4)
        assert _find_beside(players) == [0, 2, 8, 10]
