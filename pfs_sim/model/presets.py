"""Kinds that state themselves in words that the language has already.

A researcher's own kind of tranche or of outcome cannot bring compiled code along, and need not:
it reads keys of its own and states what they mean as a tranche or an outcome of the language.
What it states takes its place when the file is read; plan, kernels, twin and reports see nothing
else, and the resolved form of a scenario reads without the package.

To add one, write a class with a `kind`, its keys as fields, `examples`, and `stated`; offer it
under the entry point group `pfs_sim.tranches` or `pfs_sim.outcomes` (entry point name = the
kind); and run `pfs_sim.model.conformance.check_kind` on it. A payment rule states itself as
segments instead: see `Schedule` in `schedules.py`, group `pfs_sim.schedules`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from pfs_sim.model.noun import Noun


class Preset(Noun):
    """What all of them share.

    An uncertain quantity may be passed on as it is. A function of one is no longer a quantity
    that the file states: take certain numbers where `stated` computes with them.
    """

    examples: ClassVar[tuple[dict[str, Any], ...]] = ()
    """How it stands in a file: the mapping under the name of a tranche or outcome."""

    def stated(self) -> Mapping[str, Any]:
        """The same as a scenario file would say it without this kind; each kind says its own."""
        raise TypeError(f"{type(self).__name__} does not state itself")


class TranchePreset(Preset):
    """A kind of tranche: states a mapping for `capital.tranches.<name>`."""


class OutcomePreset(Preset):
    """A kind of outcome, a transformation of one: states a mapping for `outcomes.<name>`."""
