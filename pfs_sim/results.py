"""Results: named arrays with units and provenance, saved and loaded whole."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from pfs_sim.errors import InputError
from pfs_sim.packing import Packed
from pfs_sim.plan.outputs import Column

F8 = npt.NDArray[np.float64]
SLAB = 65_536
"""Paths that are written at once."""
ZSTD_LEVEL = -3
"""Most digits of a result are chance, which nothing compresses: a sixth less time than level 1, and
a seventh more bytes."""
FAN = ("payments", "investors", "costs", "enrolled")


def write_rows(rows: Sequence[Mapping[str, Any]], path: str | Path) -> Path:
    """Write a table, a mapping of names to cells a row, to one Parquet file."""
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError as why:
        raise InputError(
            "Parquet files need pyarrow; install it with: pip install 'pfs-sim[parquet]'"
        ) from why
    columns: dict[str, list[Any]] = {name: [row[name] for row in rows] for name in rows[0]}
    for name, cells in columns.items():
        if {type(cell) for cell in cells} == {int, float}:
            columns[name] = [float(cell) for cell in cells]
    target = Path(path)
    target.parent.mkdir(parents=True, exist_ok=True)
    pyarrow.parquet.write_table(pyarrow.table(columns), target, compression="zstd")
    return target


@dataclass(frozen=True)
class Results:
    """What a run found: `values[column, path]`, a course by grid point, and where it came from.

    Large runs hold their values packed: `results[name]` unpacks one column, `results.values` all
    of them at 8 bytes a value. What comes out is the same to the bit.
    """

    columns: tuple[Column, ...]
    held: F8 | Packed
    """[column, path], in the order of `columns`; packed where they are many."""
    fan: F8
    """[path, 4, grid point]: payments, investors' net cash, costs, enrolled; the first paths."""
    resolved: dict[str, Any]
    """The complete scenario as it was run."""
    provenance: dict[str, Any] = field(default_factory=dict)
    """Seed, paths, versions, hash of the scenario, options."""

    @property
    def paths(self) -> int:
        """Number of paths."""
        return int(self.held.shape[1])

    @property
    def values(self) -> F8:
        """[column, path], in the order of `columns`; what is packed is unpacked anew each time."""
        return self.held.unpack() if isinstance(self.held, Packed) else self.held

    @property
    def names(self) -> list[str]:
        """Dotted names of the columns."""
        return [column.name for column in self.columns]

    def __contains__(self, name: object) -> bool:
        """Whether there is a column of this name."""
        return name in self._index

    def __getitem__(self, name: str) -> F8:
        """The values of one column, one a path."""
        index = self._index
        if name not in index:
            from difflib import get_close_matches

            near = get_close_matches(name, index, n=3)
            raise InputError(f"found no result {name!r}; near it: {', '.join(near) or 'nothing'}")
        return self._row(index[name])

    def _row(self, place: int) -> F8:
        """The values of the column at a place."""
        if isinstance(self.held, Packed):
            return self.held.column(place)
        found: F8 = self.held[place]
        return found

    def unit(self, name: str) -> str:
        """Unit of a column."""
        return self.columns[self._index[name]].unit

    @cached_property
    def _index(self) -> dict[str, int]:
        return {column.name: i for i, column in enumerate(self.columns)}

    def save(self, path: str | Path) -> Path:
        """Write everything to one compressed .npz file; returns where."""
        target = Path(path)
        if target.suffix != ".npz":
            target = target.with_suffix(target.suffix + ".npz")
        target.parent.mkdir(parents=True, exist_ok=True)
        about = {
            "columns": [list(column) for column in self.columns],
            "resolved": self.resolved,
            "provenance": self.provenance,
        }
        text = np.frombuffer(json.dumps(about).encode(), dtype=np.uint8)
        with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
            with archive.open("values.npy", "w", force_zip64=True) as file:
                shape = (len(self.columns), self.paths)
                about_array = {"descr": "<f8", "fortran_order": False, "shape": shape}
                np.lib.format.write_array_header_1_0(file, about_array)
                for place in range(len(self.columns)):
                    file.write(np.ascontiguousarray(self._row(place), "<f8").tobytes())
            for name, array in (("fan", self.fan), ("about", text)):
                with archive.open(f"{name}.npy", "w", force_zip64=True) as file:
                    np.lib.format.write_array(file, array, allow_pickle=False)
        return target

    @classmethod
    def load(cls, path: str | Path) -> Results:
        """Read what `save` wrote."""
        try:
            with np.load(path, allow_pickle=False) as found:
                about = json.loads(found["about"].tobytes().decode())
                values, fan = found["values"], found["fan"]
        except (OSError, KeyError, ValueError) as why:
            raise InputError(f"found no saved results in {path}: {why}") from why
        columns = tuple(Column(*column) for column in about["columns"])
        return cls(columns, values, fan, about["resolved"], about["provenance"])

    def write_parquet(self, path: str | Path) -> Path:
        """Write per-path results to one Parquet file (needs the extra `parquet`)."""
        try:
            import pyarrow
            import pyarrow.parquet
        except ImportError as why:
            raise InputError(
                "per-path results need pyarrow; install it with: pip install 'pfs-sim[parquet]'"
            ) from why
        target = Path(path)
        target.parent.mkdir(parents=True, exist_ok=True)
        names = ["path", *self.names]
        about = {"pfs_sim": json.dumps(self.provenance)}
        kinds = [pyarrow.int64(), *[pyarrow.float64()] * len(self.columns)]
        schema = pyarrow.schema(list(zip(names, kinds, strict=True)), about)
        start = 0
        with pyarrow.parquet.ParquetWriter(
            target, schema, compression="zstd", compression_level=ZSTD_LEVEL,
            use_dictionary=False, write_statistics=False, use_byte_stream_split=self.names,
        ) as file:  # fmt: skip
            for slab in self._slabs():
                paths = np.arange(start, start + slab.shape[1])
                file.write_table(pyarrow.table([paths, *slab], schema=schema))
                start += slab.shape[1]
        return target

    def _slabs(self) -> Iterator[F8]:
        """values[column, path] of some thousand paths, then of the next ones."""
        if isinstance(self.held, Packed):
            yield from self.held.slabs()
            return
        for start in range(0, self.paths, SLAB):
            yield self.held[:, start : start + SLAB]
