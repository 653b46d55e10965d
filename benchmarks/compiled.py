"""The yardstick deal in C++, compiled on the spot where there is a compiler."""

from __future__ import annotations

import ctypes
import shutil
import subprocess
import tempfile
from pathlib import Path

import numpy as np
import numpy.typing as npt

from benchmarks.figures import Figures

F8 = npt.NDArray[np.float64]
_ARRAYS = ("normal_mean", "normal_factor", "odds", "knots", "amounts", "price", "caps",
           "commitment", "coupon", "dates")  # fmt: skip
_REALS = ("referrals", "volume_shape", "control_odds", "gamma_shape", "threshold", "cap", "client",
          "overhead", "guarantee", "rest")  # fmt: skip
_WHOLES = ("intake", "target", "window", "duration", "trials", "evaluations", "lag", "points",
           "last", "grid")  # fmt: skip


class _Figures(ctypes.Structure):
    _fields_ = (
        [(name, ctypes.c_void_p) for name in _ARRAYS]
        + [(name, ctypes.c_double) for name in _REALS]
        + [(name, ctypes.c_int64) for name in _WHOLES]
    )


def find_compiler() -> str | None:
    """clang++, g++ or none."""
    return shutil.which("clang++") or shutil.which("g++")


class Reference:
    """The compiled program, built in a temporary folder that is removed at once."""

    def __init__(self, f: Figures) -> None:
        compiler = find_compiler()
        assert compiler is not None
        source = Path(__file__).with_name("reference.cpp")
        with tempfile.TemporaryDirectory() as folder:
            library = Path(folder) / "reference.so"
            flags = ["-std=c++17", "-O3", "-march=native", "-shared", "-fPIC", "-pthread"]
            subprocess.run([compiler, *flags, str(source), "-o", str(library)], check=True)
            self._live = ctypes.CDLL(str(library)).live_paths
        self._keep = {name: np.ascontiguousarray(getattr(f, name)) for name in _ARRAYS}
        values = {name: array.ctypes.data for name, array in self._keep.items()}
        values |= {name: float(getattr(f, name)) for name in _REALS}
        extra = {"evaluations": f.dates.size, "points": f.knots.size}
        values |= {name: int(extra.get(name, getattr(f, name, 0))) for name in _WHOLES}
        self._figures = _Figures(**values)

    def live(self, paths: int, seed: int, threads: int = 1) -> F8:
        """[path, 7] in the order of `figures.LAW`."""
        out = np.empty((paths, 7))
        self._live(
            ctypes.byref(self._figures),
            ctypes.c_uint64(seed),
            ctypes.c_int64(paths),
            ctypes.c_int64(threads),
            out.ctypes.data_as(ctypes.c_void_p),
        )
        return out
