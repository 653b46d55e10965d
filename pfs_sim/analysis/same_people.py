"""One place where several deals are lived over the same people, path by path.

Every draw has an address, so deals that share a seed share whoever is referred, stays and has the
event on each path, as far as they share the program: common random numbers without any more doing
(model §2). Whatever compares, sweeps or solves goes through here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from pfs_sim.errors import InputError
from pfs_sim.plan.lots import evaluation_dates
from pfs_sim.results import Results
from pfs_sim.sampling import Design, Uniforms, read_design
from pfs_sim.simulate import Deal, compile_scenario, gather, live_compiled, scenario_of

PATHS = 10_000
Progress = Callable[[int], None]


@dataclass(frozen=True)
class SamePeople:
    """The paths over which deals are lived: how many, which seed, how sampled.

    `keys` are the addresses of the uncertain quantities of a reference deal, so that Sobol points
    stay with the quantities that the deals share.
    """

    paths: int = PATHS
    seed: int = 1
    sampling: Design = field(default_factory=Design)
    keys: tuple[int, ...] = ()
    threads: int | None = None

    @property
    def uniforms(self) -> Uniforms:
        """Path-level uniforms, the same for every deal."""
        return self.sampling.uniforms(self.seed, self.keys)

    def live(
        self,
        deals: Iterable[Deal],
        *,
        fixed: Mapping[str, float] | None = None,
        progress: Progress | None = None,
    ) -> Iterator[Results]:
        """The results of each deal in turn, path p of each over the same people.

        Deals with different evaluation dates are drawn in the lots that all of them can tell
        apart, so that a date that one of them adds moves nobody.
        """
        scenarios = [scenario_of(deal) for deal in deals]
        merge = sorted({t for scenario in scenarios for t in evaluation_dates(scenario)})
        for scenario in scenarios:
            compiled = compile_scenario(
                scenario, self.seed, uniforms=self.uniforms, fixed=fixed, merge=merge
            )
            values, fan = live_compiled(
                compiled, self.paths, threads=self.threads, progress=progress
            )
            about: dict[str, Any] = {
                "seed": self.seed, "own_seeds_by_source": {}, "frozen": [], "true_mode": False
            }
            if fixed:
                about["fixed"] = dict(fixed)
            yield gather(compiled, values, fan, about, self.sampling)

    def live_one(
        self,
        deal: Deal,
        *,
        fixed: Mapping[str, float] | None = None,
        progress: Progress | None = None,
    ) -> Results:
        """The results of one deal."""
        return next(self.live([deal], fixed=fixed, progress=progress))


def find_people(
    reference: Deal,
    paths: int = PATHS,
    seed: int = 1,
    *,
    sampling: Design | str = "random",
    threads: int | None = None,
) -> SamePeople:
    """The paths for a comparison whose first deal is `reference`.

    InputError where the paths leave a group of the sampling unfinished.
    """
    if paths < 2:
        raise InputError(f"found {paths} paths; allowed: 2 or more, for an error")
    design = read_design(sampling)
    design.check(paths)
    keys: tuple[int, ...] = ()
    if design.kind == "sobol":
        keys = tuple(np.asarray(compile_scenario(reference, seed).inputs.keys).tolist())
    return SamePeople(paths, seed, design, keys, threads)


