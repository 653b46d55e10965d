"""Tuples by their addresses: one laid down before a call is what a kernel would have laid down."""

import pickle
from copy import deepcopy
from typing import Any, NamedTuple

import numpy as np
import pytest
from numba import typeof
from numba.core import config
from numba.core.registry import cpu_target

from pfs_sim.kernels import path as walked
from pfs_sim.kernels._handing import by, lay
from pfs_sim.kernels._jit import lean
from pfs_sim.simulate import compile_scenario, nothing_given
from pfs_sim.tables.state import Drawn
from tests.generate import scenario


class Inner(NamedTuple):
    counts: Any
    share: float


class Outer(NamedTuple):
    first: int
    inner: Inner
    table: Any
    records: Any


@lean
def read(place, out):
    """Every part of an `Outer`, by its address."""
    inner = place.inner
    out[0], out[1] = place.first, inner.share
    out[2] = inner.counts[-1 + inner.counts.size]
    out[3], out[4], out[5] = place.table[1, 2], place.table.shape[0], place.table.shape[1]
    out[6] = place.records[1].b


@lean
def read_laid_here(whole, out):
    read(by(whole), out)


@pytest.mark.jit_off
@pytest.mark.parametrize("order", ["C", "F"])
def test_a_kernel_reads_what_was_laid_down(order):
    records = np.zeros(2, np.dtype([("a", np.int64), ("b", np.float64)])).view(np.recarray)
    records[1].b = 2.5
    table = np.arange(12.0).reshape(3, 4)
    table = np.asfortranarray(table) if order == "F" else table[:, ::-1]
    whole = Outer(-3, Inner(np.array([5, -7]), -0.125), table, records)
    laid, here = np.zeros(7), np.zeros(7)
    read(lay(whole), laid)
    read_laid_here(whole, here)
    assert laid.tolist() == here.tolist() == [-3.0, -0.125, -7.0, table[1, 2], 3.0, 4.0, 2.5]


@pytest.mark.skipif(bool(config.DISABLE_JIT), reason="nothing is laid down without the compiler")
def test_what_lies_there_takes_as_many_words_as_the_compiler_thinks():
    compiled = compile_scenario(scenario(3))
    drawn = Drawn(np.empty(0), np.empty(0, np.int64), np.empty((0, 0)))
    context = cpu_target.target_context
    for whole in (compiled.plan, compiled.scratch(), drawn, walked.NOBODY_KEPT):
        kind = context.get_value_type(typeof(whole))
        assert lay(whole)._words.nbytes == context.get_abi_sizeof(kind)


@pytest.mark.skipif(bool(config.DISABLE_JIT), reason="nothing is laid down without the compiler")
def test_its_arrays_stay_as_long_as_it_is_there():
    out = np.zeros(7)
    records = np.zeros(2, np.dtype([("a", np.int64), ("b", np.float64)])).view(np.recarray)
    laid = lay(Outer(1, Inner(np.full(100_000, 4), 0.5), np.ones((300, 300)), records))
    others = [np.zeros(100_000) for _ in range(20)]
    read(laid, out)
    assert out[2] == 4.0
    assert out[3] == 1.0
    assert len(others) == 20


@pytest.mark.jit_off
@pytest.mark.parametrize("copied", [deepcopy, lambda whole: pickle.loads(pickle.dumps(whole))])
def test_a_copy_is_laid_down_anew(copied):
    """Or it would be read where the other one lay."""
    compiled = compile_scenario(scenario(3))
    given, (scratch, fresh) = nothing_given(compiled.scenario), [compiled.scratch() for _ in "ab"]
    row = compiled.inputs.draw(0, 1)[0]
    alone = walked.live(compiled.plan, scratch, row, 0, 0, given)
    plan = copied(compiled.plan)
    assert "laid" in vars(compiled.plan) and "laid" not in vars(plan)
    for part in compiled.plan.money.contract:
        part[...] = np.zeros((), part.dtype)
    other = walked.live(plan, fresh, row, 0, 0, given)
    np.testing.assert_array_equal(alone, other)


@pytest.mark.skipif(bool(config.DISABLE_JIT), reason="nothing is laid down without the compiler")
def test_what_is_laid_down_stays_in_its_process():
    with pytest.raises(TypeError, match="another process"):
        pickle.dumps(lay((np.zeros(3),)))
