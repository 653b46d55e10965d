"""Sums of paths side by side: to the bit what each path draws alone, from the same address."""

import numpy as np
import pytest

from pfs_sim.kernels._handing import at, by
from pfs_sim.kernels._jit import lean
from pfs_sim.kernels.random import new_rng, open_stream
from pfs_sim.kernels.sums import draw_sum, draw_sums
from pfs_sim.plan.program import records
from pfs_sim.tables.people import OUTCOME, Kind
from pfs_sim.tables.wide import ABREAST, WORDS, carve, numbers

KEY, INDICES = 77, 200
PEOPLE = [0.0, 1.0, 2.0, 3.0, 17.0, 63.0, 61.5, 0.25, 400.0, 5000.0, 0.0, 7.0, 9.0, 30.0, 1.0, 12.0]
LEVELS = [5.0, 0.01, 2.0, 200.0]
SPREADS = [1.5, 0.2, 3.0, 0.6, 1.5, 20.0, 1.0, 1.0]


@lean
def _draw(place, words, facts, rng):
    a, out = at(place)
    paths = at(words)[0][0]
    for i in range(out.size):
        out[i] = draw_sums(
            rng, facts[0], np.uint64(KEY), np.uint64(i), a[0], a[1], a[2], a[3], paths
        )


@lean
def draw(tables, words, facts, rng):
    _draw(by(tables), by(words), facts, rng)


@lean
def draw_alone(a, paths, facts, rng, out):
    for i in range(out.shape[0]):
        for lane in range(paths.size):
            if a[1, lane] > 0.0:
                open_stream(rng, np.uint64(KEY), np.uint64(i), paths[lane])
                out[i, lane] = draw_sum(
                    rng, facts[0], a[0, lane], a[1, lane], a[2, lane], a[3, lane]
                )


@pytest.mark.jit_off
@pytest.mark.parametrize("dispersion", [0.0, 2.0])
@pytest.mark.parametrize("share", [1.0, 0.4, 0.5, 0.0])
@pytest.mark.parametrize("kind", [Kind.COUNT, Kind.AMOUNT, Kind.SCORE])
def test_sums_are_those_of_one_alone(kind, share, dispersion):
    facts = records(OUTCOME, 1)
    facts[0].kind, facts[0].dispersion = kind, dispersion
    _, found = carve({"a": (4,), "out": (INDICES,)})
    _, words = carve({"paths": (1,)}, WORDS)
    shares = [1.0, share, share, 1.0]
    a = np.array([np.resize(row, ABREAST) for row in (SPREADS, PEOPLE, LEVELS, shares)])
    numbers(found["a"])[:] = a
    words["paths"]["of"][0] = np.arange(ABREAST, dtype=np.uint64) * np.uint64(1 << 33)
    wanted = np.zeros((INDICES, ABREAST))
    draw((found["a"], found["out"]), (words["paths"],), facts, new_rng())
    draw_alone(a, words["paths"]["of"][0], facts, new_rng(), wanted)
    assert numbers(found["out"]).tobytes() == wanted.tobytes()
    assert np.count_nonzero(wanted) > INDICES * 4
