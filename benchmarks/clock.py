"""Time taken side by side: contestants take turns, round after round, and the medians count.

Turns share whatever else the machine does, so ratios within one run hold where seconds do not.
"""

from __future__ import annotations

import resource
import statistics
import time
from collections.abc import Callable, Mapping
from typing import Any

Timing = dict[str, Any]


def cpu_now() -> float:
    """CPU seconds of this process, its threads and the programs that it has waited for."""
    done = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + done.ru_utime + done.ru_stime


def take_turns(
    contestants: Mapping[str, Callable[[], object]],
    rounds: int,
    *,
    per: float | Mapping[str, float] = 1.0,
    unit: str = "s",
    warm: bool = True,
) -> list[Timing]:
    """Time every contestant once a round, in turn; `per` divides seconds into the unit's.

    With `warm` each is called once before the first round, unmeasured.
    """
    if warm:
        for call in contestants.values():
            call()
    cpu: dict[str, list[float]] = {name: [] for name in contestants}
    wall: dict[str, list[float]] = {name: [] for name in contestants}
    for _ in range(rounds):
        for name, call in contestants.items():
            share = per if isinstance(per, float | int) else per[name]
            before, began = cpu_now(), time.perf_counter()
            call()
            wall[name].append((time.perf_counter() - began) / share)
            cpu[name].append((cpu_now() - before) / share)
    return [
        {"name": name, "unit": unit, "rounds": rounds, **_spread("cpu", cpu[name]),
         **_spread("wall", wall[name])}
        for name in contestants
    ]  # fmt: skip


def _spread(what: str, times: list[float]) -> dict[str, float]:
    return {
        what: statistics.median(times),
        f"{what}_least": min(times),
        f"{what}_most": max(times),
    }


def find(timings: list[Timing], name: str) -> Timing | None:
    """The timing of one contestant, if it took part."""
    return next((one for one in timings if one["name"] == name), None)


def add_ratios(timings: list[Timing], anchor: str, what: str = "cpu") -> list[Timing]:
    """The same with `ratio` to the contestant `anchor`, where it took part."""
    base = find(timings, anchor)
    if base is not None:
        for one in timings:
            one["ratio"] = one[what] / base[what]
    return timings
