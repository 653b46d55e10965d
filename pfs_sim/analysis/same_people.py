"""One place where several deals are lived over the same people, path by path.

Every draw has an address, so deals that share a seed share whoever is referred, stays and has the
event on each path, as far as they share the program: common random numbers without any more doing
(model §2). Whatever compares, sweeps or solves goes through here. People that several deals share
are lived once and kept for the deals that come later (`pfs_sim.analysis.paying`): a further
contract costs its money alone.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from pfs_sim.analysis.paying import TOGETHER, Order, Store, live_together
from pfs_sim.draws import read_seed
from pfs_sim.errors import InputError
from pfs_sim.model.scenario import Scenario
from pfs_sim.pausing import uncollected
from pfs_sim.plan.lots import evaluation_dates
from pfs_sim.results import Results
from pfs_sim.sampling import Design, Uniforms, read_design
from pfs_sim.simulate import Deal, compile_scenario, gather, scenario_of

PATHS = 10_000
Progress = Callable[[int], None]


@dataclass(frozen=True)
class SamePeople:
    """The paths over which deals are lived: how many, which seed, how sampled.

    `keys` are the addresses of the uncertain quantities of a reference deal, so that Sobol points
    stay with the quantities that the deals share. `dates` are grid points of evaluations of any of
    the deals: what is measured between two of them is drawn together.
    """

    paths: int = PATHS
    seed: int = 1
    sampling: Design = field(default_factory=Design)
    keys: tuple[int, ...] = ()
    threads: int | None = None
    dates: tuple[int, ...] = ()
    store: Store = field(default_factory=Store, compare=False, repr=False)
    """The people that have been lived, as far as there is room for them."""

    @property
    def uniforms(self) -> Uniforms:
        """Path-level uniforms, the same for every deal."""
        return self.sampling.uniforms(self.seed, self.keys)

    def live(
        self,
        deals: Iterable[Deal],
        *,
        fixed: Mapping[str, float] | None = None,
        only: Collection[str] | None = None,
        course: bool = True,
        progress: Progress | None = None,
    ) -> Iterator[Results]:
        """The results of each deal in turn, path p of each over the same people.

        Of the results `only` those are worked out that are asked for, and the `course` of the
        first paths if it is: see `compile_scenario`.

        Deals with different evaluation dates are drawn in the lots that all of them can tell
        apart, so that a date that one of them adds moves nobody.
        """
        scenarios = [scenario_of(deal) for deal in deals]
        merge = _unite_dates(scenarios, self.dates)
        dated = [(scenario, merge) for scenario in scenarios]
        return self._live(dated, progress, fixed=fixed, only=only, course=course)

    def live_each(
        self, deals: Iterable[Deal], *, progress: Progress | None = None
    ) -> Iterator[Results]:
        """The results of each deal in turn, each as if it were lived alone, without its course.

        Deals whose evaluation dates are among `dates`, or the same, have the same people.
        """
        scenarios = [scenario_of(deal) for deal in deals]
        dated = [(scenario, _unite_dates([scenario], self.dates)) for scenario in scenarios]
        return self._live(dated, progress, course=False)

    def _live(
        self,
        deals: Sequence[tuple[Scenario, Sequence[int]]],
        progress: Progress | None,
        **options: Any,
    ) -> Iterator[Results]:
        """Live deals, each drawn in lots by grid points; `options` are those of their compiling.

        One by one as long as the store keeps their people, so that each is there at once. Where
        it has no room for all of them, as many deals as fit are lived chunk by chunk.
        """
        about: dict[str, Any] = {
            "seed": self.seed, "own_seeds_by_source": {}, "frozen": [], "true_mode": False
        }
        if options.get("fixed"):
            about["fixed"] = dict(options["fixed"])
        waiting = deque(deals)
        while waiting:
            with uncollected():
                orders, room = list[Order](), TOGETHER
                while waiting and (not orders or (self.store.refused and room > 0)):
                    scenario, merge = waiting.popleft()
                    compiled = compile_scenario(
                        scenario, self.seed, uniforms=self.uniforms, merge=merge, **options
                    )
                    orders.append(Order(compiled))
                    room -= 8 * self.paths * len(compiled.columns)
                lived = live_together(
                    orders, self.paths, store=self.store, threads=self.threads, progress=progress
                )
            for order in orders:
                yield gather(order.compiled, *lived.pop(0), about, self.sampling)

    def live_one(
        self,
        deal: Deal,
        *,
        fixed: Mapping[str, float] | None = None,
        only: Collection[str] | None = None,
        course: bool = True,
        progress: Progress | None = None,
    ) -> Results:
        """The results of one deal: see `live`."""
        lived = self.live([deal], fixed=fixed, only=only, course=course, progress=progress)
        return next(lived)


def _unite_dates(deals: Iterable[Deal], further: Iterable[int] = ()) -> list[int]:
    """Grid points of the evaluations of all deals, and further ones, in order."""
    return sorted({*further, *(t for deal in deals for t in evaluation_dates(scenario_of(deal)))})


def find_people(
    reference: Deal,
    paths: int = PATHS,
    seed: int = 1,
    *,
    sampling: Design | str = "random",
    threads: int | None = None,
    deals: Iterable[Deal] = (),
) -> SamePeople:
    """The paths for a comparison whose first deal is `reference`.

    People are drawn in the lots that all `deals` can tell apart, where they are known. InputError
    where the paths leave a group of the sampling unfinished.
    """
    if paths < 2:
        raise InputError(f"found {paths} paths; allowed: 2 or more, for an error")
    seed, design = read_seed(seed), read_design(sampling)
    design.check(paths)
    keys: tuple[int, ...] = ()
    if design.kind == "sobol":
        keys = tuple(np.asarray(compile_scenario(reference, seed).inputs.keys).tolist())
    return SamePeople(paths, seed, design, keys, threads, tuple(_unite_dates(deals)))


