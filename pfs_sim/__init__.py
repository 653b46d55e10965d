"""pfs-sim: a simulator of Pay for Success contracts.

The way of a deal through the house, top to bottom::

    a scenario file (YAML)
      reading      YAML -> model: positions, overlays, --set, the resolved form
      model/       what a scenario says: program, outcomes, evaluation, contract, capital
      tables       the compiled forms, all that model and kernels share
      plan, draws  what is certain, as arrays; what is not, as inputs per path
      kernels/     what happens: the life of one path, compiled
      simulate     the way through: plan, draw, live in chunks, gather
      results      named arrays with units and provenance
      metrics      arrays -> numbers, each with its Monte Carlo error
      analysis/    compare, sweep, solve, where the risk comes from
      report/      numbers -> text, JSON, HTML, figures
      cli/         the commands

The names below are found on first use, so that ``import pfs_sim`` loads nothing heavy.
"""

import sys
from importlib import import_module
from types import ModuleType
from typing import Any

__version__ = "0.1.0"

# The face: name -> the room where it lives. One line to add a name.
_FACE = {
    "Results": "pfs_sim.results",
    "ScenarioError": "pfs_sim.errors",
    "compare": "pfs_sim.analysis.compare",
    "explain": "pfs_sim.analysis.explain",
    "frontier": "pfs_sim.analysis.frontier",
    "judge_integrity": "pfs_sim.analysis.integrity",
    "load": "pfs_sim.reading",
    "simulate": "pfs_sim.simulate",
    "simulate_until": "pfs_sim.analysis.precision",
    "solve": "pfs_sim.analysis.solve",
    "summarize": "pfs_sim.metrics.deal",
    "sweep": "pfs_sim.analysis.sweep",
}

__all__ = [
    "Results",
    "ScenarioError",
    "__version__",
    "compare",
    "explain",
    "frontier",
    "judge_integrity",
    "load",
    "simulate",
    "simulate_until",
    "solve",
    "summarize",
    "sweep",
]


def __getattr__(name: str) -> Any:
    if name not in _FACE:
        raise AttributeError(f"module 'pfs_sim' has no attribute {name!r}")
    return getattr(import_module(_FACE[name]), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *_FACE})


class _Face(ModuleType):
    """Keeps ``pfs_sim.simulate`` the function once the room of the same name has been imported.

    Python binds every imported submodule in its package; for a name of the face it must not.
    """

    def __setattr__(self, name: str, value: object) -> None:
        if not (name in _FACE and isinstance(value, ModuleType)):
            super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Face
