"""What is not wiped before people are lived anew is zero, or is stated anew in any case."""

import numpy as np
import pytest

from pfs_sim.analysis.same_people import find_people
from pfs_sim.kernels.path import live_paths
from pfs_sim.simulate import compile_scenario, nothing_given, simulate
from pfs_sim.tables.wide import ABREAST, numbers
from tests.test_only import CT
from tests.test_twin import generated

BLOCKS = 3


def live_in(scratch, compiled, first):
    """Results of some blocks of paths, lived in used room."""
    count = BLOCKS * ABREAST + 3
    out = np.empty((len(compiled.columns), count))
    rows = compiled.inputs.share_out(compiled.inputs.draw_values(first, count))
    fan = np.empty((0, 4, compiled.scenario.clock.periods + 1))
    given = nothing_given(compiled.scenario)
    live_paths(compiled.plan, scratch, rows, first, 0, given, out, fan)
    return out


@pytest.mark.parametrize("deal", [CT, *range(0, 200, 9)])
def test_outcomes_touch_nothing_that_is_not_wiped(deal):
    compiled = compile_scenario(deal if deal == CT else generated(deal), 3)
    scratch = compiled.scratch()
    live_in(scratch, compiled, 0)
    lots = scratch.living.lots
    left = np.ones(lots.outcomes.size, np.bool_)
    for first, end in lots.touched:
        left[first:end] = False
    assert not numbers(lots.outcomes)[left].any()
    assert lots.touched.size > 0


@pytest.mark.parametrize("deal", [CT, *range(0, 200, 9)])
def test_used_room_is_as_good_as_new(deal):
    compiled = compile_scenario(deal if deal == CT else generated(deal), 3)
    scratch = compiled.scratch()
    live_in(scratch, compiled, 1_000)
    used, new = (live_in(one, compiled, 0) for one in (scratch, compiled.scratch()))
    assert np.array_equal(used.view(np.int64), new.view(np.int64))


def test_people_who_are_lived_again_between_others_who_are_brought_back():
    """So many of this deal's programs are stopped that some are lived again before all are paid."""
    deal, paths = generated(65), 3 * ABREAST + 4
    alone = simulate(deal, paths, 7, threads=1)
    stopped = alone["program.stopped"]
    assert stopped[: 2 * ABREAST].sum() > ABREAST
    people = find_people(deal, paths, 7, threads=1)
    for found in people.live([deal, deal, deal]):
        assert np.array_equal(found.values.view(np.int64), alone.values.view(np.int64))
