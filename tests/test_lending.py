"""Memory of results that is lent again: never while anybody can see it."""

import copy
import gc
import pickle
import sys
import weakref

import numpy as np
import pytest

from pfs_sim import lending
from pfs_sim.analysis.same_people import find_people
from pfs_sim.lending import MOST_KEPT, Lender
from pfs_sim.reading import load
from pfs_sim.simulate import simulate
from pfs_sim.tables.wide import LINE
from tests.test_only import CT


def where(array):
    return array.__array_interface__["data"][0]


def test_a_table_is_plain_and_begins_a_line_of_memory():
    table = Lender().lend(7, 13)
    assert type(table) is np.ndarray and table.dtype == np.float64 and table.shape == (7, 13)
    assert table.flags.c_contiguous and table.flags.writeable and where(table) % LINE == 0


def test_what_nobody_sees_is_lent_again():
    lender = Lender()
    first = lender.lend(10, 100)
    place = where(first)
    del first
    assert where(lender.lend(9, 100)) == place  # and at once given back
    assert where(lender.lend(10, 100)) == place


@pytest.mark.parametrize(
    "look",
    [
        lambda table: table[3],
        lambda table: table[2:5, ::2],
        lambda table: table.T[5],
        lambda table: table.view(np.int64)[1],
        lambda table: np.asarray(table[4]).ravel(),
        lambda table: memoryview(table),
        lambda table: np.frombuffer(memoryview(table[1])),
        lambda table: np.broadcast_to(table[0], (3, 100)),
        lambda table: np.lib.stride_tricks.sliding_window_view(table[5], 4),
        lambda table: iter(table),
        lambda table: table.flat,
    ],
)
def test_a_view_of_any_kind_keeps_it(look):
    lender = Lender()
    table = lender.lend(10, 100)
    place = where(table)
    seen = look(table)
    del table
    gc.collect()
    others = [lender.lend(10, 100) for _ in range(4)]
    assert place not in [where(other) for other in others]
    del seen
    gc.collect()
    assert where(lender.lend(10, 100)) == place


def test_of_another_size_it_is_not_lent():
    lender = Lender()
    small, large = where(lender.lend(10, 10)), where(lender.lend(10, 100_000))
    assert small != large
    assert where(lender.lend(10, 10)) != large
    assert where(lender.lend(10, 90_000)) == large  # which waits on


def test_few_wait_and_none_outlives_the_lender():
    lender = Lender()
    tables = [lender.lend(10, 1000) for _ in range(MOST_KEPT + 3)]
    places = [where(table) for table in tables]
    tables.clear()
    again = [lender.lend(10, 1000) for _ in range(MOST_KEPT)]
    assert {where(table) for table in again} < {*places}
    last, gone = again.pop(), weakref.ref(lender)
    last[...] = 5.0
    del lender
    assert gone() is None and (last == 5.0).all()


def test_no_more_waits_than_is_meant_to(monkeypatch):
    monkeypatch.setattr(lending, "MOST_WAITING", 20_000)
    lender = Lender()
    small, large = lender.lend(10, 150), lender.lend(10, 200)
    assert lender.waiting == 0
    del small
    del large
    assert lender.waiting == 10 * 150 * 8 + LINE  # for the other there is no room


def test_a_run_takes_the_memory_of_the_one_before(monkeypatch):
    monkeypatch.setattr(sys.modules["pfs_sim.simulate"], "LENDER", Lender())
    first = simulate(CT, 1_000, 1, threads=1)
    place = where(first.values)
    del first
    assert where(simulate(CT, 1_000, 2, threads=1).values) == place


def test_results_that_are_kept_stay_what_they_are():
    """All cases of a sweep at once, by themselves, as columns and as copies."""
    deals = [load(CT, (f"contract.cap={cap}",)) for cap in (14_800_000, 8e6, 10e6, 12e6, 20e6)]
    people = find_people(deals[0], 100, 3, threads=1, deals=deals)
    kept = list(people.live_each(deals))
    values = [one.values.copy() for one in kept]
    columns, copies = [], []
    for one in people.live_each(deals):
        columns.append(one["payor.payments"])
        copies.append((copy.copy(one.values), pickle.loads(pickle.dumps(one))))
        del one
    assert len({where(one.values) for one in kept}) == len(deals)
    for one, was, column, (copied, pickled) in zip(kept, values, columns, copies, strict=True):
        for found in (one.values, copied, pickled.values):
            assert np.array_equal(found.view(np.int64), was.view(np.int64))
        assert np.array_equal(column, one["payor.payments"])
