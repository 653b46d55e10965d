"""Paths side by side: every operation is that of one path, whatever stands beside it."""

import math
import os
import subprocess
import sys

import numpy as np
import pytest
from llvmlite import binding

from pfs_sim.kernels import _wide as wide
from pfs_sim.kernels._handing import at, by
from pfs_sim.kernels._jit import lean
from pfs_sim.tables.wide import (
    ABREAST,
    LINE,
    WIDE,
    WORDS,
    carve,
    new_table,
    numbers,
    of_path,
)

ODD = [0.0, -0.0, 1.0, -1.0, 0.1, 1e300, -1e-300, math.inf, -math.inf, math.nan, 3.0, 5e-324]
NUMBERS = np.resize([*ODD, 2.0, 7.5, -2.5, 1e-12], ABREAST)


@lean
def arithmetic(place):
    a, out = at(place)
    x, y = a[0], a[1]
    out[0], out[1], out[2], out[3], out[4] = x + y, x - y, x * y, x / y, -x
    out[5], out[6] = wide.lesser(x, y), wide.greater(x, y)
    out[7], out[8] = wide.root(wide.magnitude(x)), wide.magnitude(x)
    out[9], out[10] = 2.0 * x, 1 - x
    out[11] = wide.where(x < y, x, 7)
    z = 0.0
    if a.size > 1:
        z = wide.where((x <= y) & ~(x == 0.0) | (y != y), x, y)
    out[12] = z
    z += 1.0
    out[13] = z
    out[14] = wide.replace(wide.each(3.0), 2, wide.of(x, 2) + 1.0)
    out[15] = wide.where((x > 0.0) | (y >= 1.0), 1.0, 0.0)


@lean
def lay_down(tables):
    arithmetic(by(tables))


@pytest.mark.jit_off
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_operations_are_those_of_one_path():
    book, found = carve({"a": (2,), "out": (16,)})
    x, y = NUMBERS, NUMBERS[::-1].copy()
    numbers(found["a"])[:] = x, y
    lay_down((found["a"], found["out"]))
    a = [(float(p), float(q)) for p, q in zip(x, y, strict=True)]
    chosen = np.array([p if (p <= q and p != 0.0) or q != q else q for p, q in a])
    third = np.full(ABREAST, 3.0)
    third[2] = x[2] + 1.0
    wanted = [
        x + y, x - y, x * y, x / y, -x,
        [q if q < p else p for p, q in a], [q if q > p else p for p, q in a],
        np.sqrt(np.abs(x)), np.abs(x), 2.0 * x, 1 - x,
        [p if p < q else 7.0 for p, q in a], chosen, chosen + 1.0, third,
        [1.0 if p > 0.0 or q >= 1.0 else 0.0 for p, q in a],
    ]  # fmt: skip
    for place, line in enumerate(wanted):
        got = numbers(found["out"])[place]
        nan = np.isnan(got)
        assert (nan == np.isnan(line)).all(), place
        assert got[~nan].tobytes() == np.array(line)[~nan].tobytes(), place
    assert book.dtype == WIDE and of_path(found["out"], 3).tolist() == [
        pytest.approx(float(line[3]), nan_ok=True) for line in wanted
    ]


SHIFT, ALL, LOWER = 2**64, 2**64 - 1, 2**32
WHOLE = [0, 1, 2, 63, 255, 2**31, 2**32 - 1, 2**32, 2**52, 2**53 - 1, 2**62, 2**63 - 1, 2**63,
         0xDEADBEEFCAFEF00D, ALL - 1, ALL] * (ABREAST // 16)  # fmt: skip


@lean
def whole_arithmetic(place):
    a, out, real = at(place)
    x, y = a[0], a[1]
    out[0], out[1], out[2] = x + y, x - y, x * y
    out[3], out[4], out[5] = x & y, x | y, x ^ y
    out[6], out[7] = x << np.uint64(3), x >> np.uint64(60)
    out[8] = wide.ones(x)
    out[9] = wide.pick((x < y) | (x == y), x, np.uint64(7))
    out[10] = wide.pick((x > y) & (x >= y) & (x != y), y, x)
    z = wide.each_word(np.uint64(5))
    z += wide.word_of(x, 13)
    z ^= y
    out[11] = wide.pick(x <= y, z, x)
    out[13] = wide.product_of_halves(x, y)
    out[14] = wide.product_of_halves(x, np.uint64(0xFFFFFFFF00000003))
    out[15], out[16] = wide.join_halves(x, y), wide.join_halves(x * np.uint64(5), y >> np.uint64(7))
    real[0] = wide.to_number(x >> np.uint64(1))
    real[1] = wide.of_bits(wide.bits(real[0]))
    out[12] = wide.to_whole(wide.floor(real[0] * 0.375))
    real[2] = wide.floor(0.5 - real[0])


@lean
def lay_whole_down(tables):
    whole_arithmetic(by(tables))


@pytest.mark.jit_off
def test_whole_numbers_are_those_of_one_path():
    book, words = carve({"a": (2,), "out": (17,)}, WORDS)
    _, found = carve({"real": (3,)})
    x, y = WHOLE, WHOLE[::-1]
    words["a"]["of"][:] = np.array([x, y], np.uint64)
    lay_whole_down((words["a"], words["out"], found["real"]))
    pairs = list(zip(x, y, strict=True))
    half = [float(p >> 1) for p in x]
    wanted = [
        [(p + q) % SHIFT for p, q in pairs], [(p - q) % SHIFT for p, q in pairs],
        [p * q % SHIFT for p, q in pairs], [p & q for p, q in pairs], [p | q for p, q in pairs],
        [p ^ q for p, q in pairs], [(p << 3) % SHIFT for p in x], [p >> 60 for p in x],
        [p.bit_count() for p in x], [p if p <= q else 7 for p, q in pairs],
        [q if p > q else p for p, q in pairs],
        [(5 + x[13]) % SHIFT ^ q if p <= q else p for p, q in pairs],
        [math.floor(h * 0.375) for h in half],
        [p % LOWER * (q % LOWER) for p, q in pairs], [p % LOWER * 3 for p in x],
        [p % LOWER | q % LOWER << 32 for p, q in pairs],
        [p * 5 % LOWER | (q >> 7) % LOWER << 32 for p, q in pairs],
    ]  # fmt: skip
    assert book.dtype == WORDS
    for place, line in enumerate(wanted):
        assert words["out"]["of"][place].tolist() == line, place
    assert numbers(found["real"]).tolist() == [half, half, [math.floor(0.5 - h) for h in half]]


@lean
def answers(place, out):
    (a,) = at(place)
    out[0] = 1.0 if wide.anywhere(a[0] > 1.0) else 0.0
    out[1] = 1.0 if wide.everywhere(a[0] > 1.0) else 0.0
    for path in range(ABREAST):
        out[2 + path] = 1.0 if wide.holds_for(a[0] > 1.0, path) else 0.0


@lean
def ask(tables, out):
    answers(by(tables), out)


@pytest.mark.jit_off
@pytest.mark.parametrize("above", [[], [0], [3, 15], [*range(ABREAST)]])
def test_answers(above):
    _, found = carve({"a": (1,)})
    numbers(found["a"])[0, above] = 2.0
    out = np.zeros(2 + ABREAST)
    ask((found["a"],), out)
    assert out[0] == (len(above) > 0) and out[1] == (len(above) == ABREAST)
    assert np.flatnonzero(out[2:]).tolist() == above


@pytest.mark.jit_off
def test_what_is_read_is_not_changed_by_a_later_write():
    """As a number would: without the compiler too."""

    def swap(place):
        (a,) = at(place)
        first = a[0]
        a[0] = a[1]
        a[1] = first
        a[2] += 1.0

    _, found = carve({"a": (3,)})
    numbers(found["a"])[:] = [[1.0], [2.0], [3.0]]
    swapping = lean(swap)
    lay = lean(lambda tables: swapping(by(tables)))
    lay((found["a"],))
    assert of_path(found["a"], 5).tolist() == [2.0, 1.0, 4.0]


@lean
def sends(table, values):
    for row in range(table.shape[0]):
        wide.send(table, row, ABREAST, wide.as_wide(values)[row])


@pytest.mark.jit_off
def test_a_row_is_sent_to_its_place():
    table = new_table(3, 3 * ABREAST)
    assert table.ctypes.data % LINE == 0
    table[:] = 7.0
    values = np.array([NUMBERS, NUMBERS[::-1], NUMBERS])
    sends(table, values)
    assert table[:, ABREAST : 2 * ABREAST].tobytes() == values.tobytes()
    assert (table[:, :ABREAST] == 7.0).all()
    assert (table[:, 2 * ABREAST :] == 7.0).all()


@lean
def shortens(memory, values):
    x = wide.as_wide(values)
    wide.put_short(memory, wide.SHORT, wide.to_whole(x[0]))
    x[1] = wide.short(memory, wide.SHORT)


@lean
def shrinks(memory, values):
    x = wide.as_wide(values)
    wide.put_tiny(memory, wide.TINY, wide.to_whole(x[0]))
    x[1] = wide.tiny(memory, wide.TINY)


@pytest.mark.jit_off
def test_whole_numbers_are_kept_short():
    memory, values = np.zeros(3 * wide.SHORT), np.zeros((2, ABREAST))
    values[0] = [0.0, 1.0, 255.0, 256.0, 32767.0, 32768.0, 65535.0, *range(ABREAST - 7)]
    shortens(memory, values)
    assert values[0].tobytes() == values[1].tobytes()
    assert not memory[: wide.SHORT].any()
    assert not memory[2 * wide.SHORT :].any()


@pytest.mark.jit_off
def test_small_numbers_are_kept_tiny():
    memory, values = np.zeros(3 * wide.TINY), np.zeros((2, ABREAST))
    values[0] = [0.0, 1.0, 127.0, 128.0, 255.0, *range(ABREAST - 5)]
    shrinks(memory, values)
    assert values[0].tobytes() == values[1].tobytes()
    assert not memory[: wide.TINY].any()
    assert not memory[2 * wide.TINY :].any()


@lean
def moves(memory, first, values):
    x = wide.as_wide(values)
    x[1] = wide.run(memory, first)
    wide.put_run(memory, first, x[0])


@pytest.mark.jit_off
@pytest.mark.parametrize("first", [0, 1, 7])
def test_neighbors_are_read_and_written_from_any_place_on(first):
    memory = np.arange(3.0 * ABREAST)
    values = np.array([NUMBERS, NUMBERS])
    moves(memory, first, values)
    assert values[1].tolist() == list(range(first, first + ABREAST))
    assert memory[first : first + ABREAST].tobytes() == NUMBERS.tobytes()
    assert memory[:first].tolist() == list(range(first))
    assert memory[first + ABREAST :].tolist() == list(range(first + ABREAST, 3 * ABREAST))


LIVE = """
from pfs_sim.simulate import simulate
from pfs_sim.tables.wide import ABREAST
from tests.generate import scenario
print(ABREAST, *[simulate(scenario(i), 37, threads=1).values.tobytes().hex() for i in (1, 4)])
"""


def test_no_result_depends_on_how_many_paths_are_side_by_side():
    """Nor on what beside: 37 paths fill no block."""
    found = []
    for abreast in ("16", "32"):
        chosen = {"NUMBA_DISABLE_JIT": "1", "PFS_SIM_ABREAST": abreast}
        done = subprocess.run(
            [sys.executable, "-c", LIVE], env={**os.environ, **chosen}, check=True,
            capture_output=True, text=True,
        )  # fmt: skip
        said, *values = done.stdout.split()
        assert said == abreast
        found.append(values)
    assert found[0] == found[1]


@pytest.mark.skipif("PFS_SIM_ABREAST" in os.environ, reason="how many has been chosen")
def test_as_many_as_suit_the_processor():
    assert (32 if binding.get_host_cpu_features().get("avx512f") else 16) == ABREAST
