"""Packed results: the same bits in less memory, whatever the values, the chunk and the threads."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from pfs_sim import packing
from pfs_sim.analysis.precision import join
from pfs_sim.errors import InputError
from pfs_sim.packing import BLOCK, Packed, Packing, find_formulas, pick
from pfs_sim.results import Results
from pfs_sim.simulate import simulate

room = import_module("pfs_sim.simulate")
DEAL = Path(__file__).resolve().parents[1] / "scenarios" / "ct_family_stability.yaml"
N = 5000
_R = np.random.default_rng(3)
QUIET = np.frombuffer(np.array([0x7FF8_0000_0000_0001], np.uint64).tobytes())[0]
CASES = {
    "constant": np.full(N, 3.7),
    "minus zero": np.full(N, -0.0),
    "zeros of both signs": np.where(_R.random(N) < 0.5, 0.0, -0.0),
    "flags": (_R.random(N) < 0.1).astype(float),
    "counts": _R.poisson(400.0, N).astype(float),
    "negative counts": _R.integers(-300, 300, N).astype(float),
    "one outlier": np.where(np.arange(N) == 77, 1e12, _R.poisson(9.0, N)),
    "whole and large": _R.integers(-(2**53), 2**53, N).astype(float),
    "larger than integers": _R.random(N) * 1e25 // 1,
    "money, often none": np.where(_R.random(N) < 0.4, 0.0, _R.gamma(2.0, 1e6, N)),
    "money about zero": _R.normal(0.0, 1e6, N),
    "rates with losses": np.where(_R.random(N) < 0.5, -1.0, _R.normal(0.05, 0.1, N)),
    "mostly undefined": np.where(_R.random(N) < 0.9, np.nan, _R.integers(0, 20, N)),
    "undefined at times": np.where(_R.random(N) < 0.02, np.nan, _R.normal(size=N)),
    "never defined": np.full(N, np.nan),
    "several kinds of NaN": np.where(_R.random(N) < 0.5, QUIET, -np.nan),
    "infinite": np.where(_R.random(N) < 0.3, -np.inf, np.inf),
    "tiny": _R.random(N) * 5e-310,
}


def same_bits(one, other):
    return one.shape == other.shape and bool(
        (np.ascontiguousarray(one).view(np.uint64) == other.view(np.uint64)).all()
    )


@pytest.mark.parametrize("name", CASES)
def test_a_column_comes_back_to_the_bit(name):
    packed = Packed.of(["x"], CASES[name][None, :])
    assert same_bits(CASES[name], packed.column(0))
    assert packed.bytes < 8.1 * N + 400


def test_small_numbers_take_few_bytes():
    for name, most in (("constant", 0.1), ("flags", 0.3), ("counts", 2.1), ("one outlier", 1.2)):
        assert Packed.of(["x"], CASES[name][None, :]).bytes < most * N + 400, name


@given(
    arrays(
        np.uint64,
        st.tuples(st.just(3), st.integers(1, 40)),
        elements=st.one_of(
            st.integers(0, 2**64 - 1),
            st.floats(-50, 50).map(lambda x: int(np.float64(round(x)).view(np.uint64))),
        ),
    )
)
def test_any_pattern_comes_back(patterns):
    values = patterns.view(np.float64)
    names = ["a.principal_loss", "a.drawn", "a.loss_share"]
    assert same_bits(values, Packed.of(names, values).unpack())


def test_a_total_takes_no_more_than_what_its_formula_misses():
    parts = _R.gamma(2.0, 1e6, (3, N))
    holders = ["tranche.a", "tranche.b", "investors"]
    names = [f"{holder}.{what}" for what in ("npv", "drawn") for holder in holders]
    total = parts[0] + parts[1]
    total[::3] = np.nextafter(total[::3], np.inf)
    total[5] = np.nan
    values = np.array([parts[0], parts[1], total, *np.ones((3, N))])
    packed = Packed.of(names, values)
    assert same_bits(values, packed.unpack())
    assert packed.blocks[0].columns[2].formula is not None
    assert packed.blocks[0].columns[2].bytes < 1.5 * N


def test_formulas_never_lead_back_to_their_column():
    names = simulate(DEAL, 1).names
    formulas = find_formulas(names)
    assert len(formulas) > 10

    def depth(i):
        return 1 + max((depth(j) for one in formulas.get(i, ()) for j in one.parts), default=0)

    assert max(depth(i) for i in range(len(names))) < 6


def test_chunks_in_any_order_fill_the_blocks():
    values = _R.normal(size=(4, 2 * BLOCK + 100))
    names = ["a", "b", "c", "d"]
    packing_ = Packing(names, values.shape[1])
    starts = list(range(0, values.shape[1], 999))
    told = [packing_.put(s, values[:, s : s + 999]) for s in reversed(starts)]
    packed = packing_.finish()
    assert same_bits(values, packed.unpack()) and packed.shape == values.shape
    assert [each for each in told if each] == [pytest.approx(4 * 8, rel=0.5)]
    assert same_bits(values[[2, 0]], pick(packed, [2, 0]))
    assert same_bits(np.concatenate(list(packed.slabs(2)), axis=1), values)


@pytest.fixture
def packed_from_the_start(monkeypatch):
    monkeypatch.setattr(packing, "PACKED_FROM", 0)


class TestRuns:
    PLAIN = simulate(DEAL, 300)

    @pytest.mark.parametrize(("threads", "chunk"), [(1, 1024), (2, 7)])
    def test_are_the_same_to_the_bit(self, packed_from_the_start, threads, chunk):
        found = simulate(DEAL, 300, threads=threads, chunk=chunk)
        assert isinstance(found.held, Packed) and found.paths == 300
        assert same_bits(self.PLAIN.values, found.values)
        for name in found.names:
            assert same_bits(self.PLAIN[name], found[name])
        assert found.provenance == self.PLAIN.provenance

    def test_are_saved_and_written_alike(self, packed_from_the_start, tmp_path):
        parquet = pytest.importorskip("pyarrow.parquet")
        found = simulate(DEAL, 300)
        back = Results.load(found.save(tmp_path / "run"))
        assert same_bits(self.PLAIN.values, back.values) and back.columns == found.columns
        assert np.array_equal(back.fan, found.fan)
        tables = [
            parquet.read_table(one.write_parquet(tmp_path / f"{i}.parquet"))
            for i, one in enumerate((self.PLAIN, found))
        ]
        assert tables[0].schema == tables[1].schema and tables[0].num_rows == 300
        for name in found.names:
            for table in tables:
                assert same_bits(self.PLAIN[name], table[name].to_numpy())

    def test_join_as_they_are(self, packed_from_the_start):
        parts = [self.PLAIN, simulate(DEAL, 300)]
        both = join(parts)
        assert isinstance(both.held, Packed) and both.paths == 600
        assert same_bits(both.values, np.concatenate([self.PLAIN.values] * 2, axis=1))

    def test_end_early_where_they_will_not_fit(self, packed_from_the_start, monkeypatch):
        monkeypatch.setattr(room, "available_memory", lambda: 200_000)
        with pytest.raises(InputError, match="allowed: what fits"):
            simulate(DEAL, 300)
