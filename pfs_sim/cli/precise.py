"""What `run` says of its precision: goals of --until, and what --sampling saved."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pfs_sim.cli.screen import Said, notice, show_progress

if TYPE_CHECKING:
    from pfs_sim.analysis.precision import Precise, Reached
    from pfs_sim.reading import Loaded
    from pfs_sim.results import Results


def live_until(
    loaded: Loaded,
    goals: tuple[str, ...],
    most: int | None,
    options: dict[str, Any],
    threads: int | None,
    chunk: int,
    quiet: bool,
) -> Precise:
    """Live in batches until the goals are met, with a line for each batch."""
    from pfs_sim.analysis.precision import MOST, simulate_until

    def planned(paths: int) -> None:
        notice(f"{paths:,} paths …", quiet)

    with show_progress(most or MOST, quiet) as progress:
        return simulate_until(
            loaded, goals, most=most or MOST, seed=options["seed"],
            sampling=options.get("sampling", "random"), threads=threads, chunk=chunk,
            progress=progress, planned=planned if progress is None else None,
        )


def write_precision(
    loaded: Loaded, results: Results, reached: tuple[Reached, ...], threads: int | None
) -> dict[str, Any]:
    """The goals and the savings of a run as plain data; nothing where there are none."""
    found: dict[str, Any] = {}
    if reached:
        found["precision"] = [goal.to_json() for goal in reached]
    if "sampling" in results.provenance:
        from pfs_sim.analysis.precision import find_savings

        asked = [goal.goal.address for goal in reached]
        savings = find_savings(
            loaded, results, dict.fromkeys([*asked, *list_addresses(results)]), threads=threads
        )
        found["savings"] = {one.address: one.to_json() for one in savings}
    return found


def list_addresses(results: Results) -> list[str]:
    """Statistics of which savings are said: a mean, the chance of a loss, the tail."""
    found = ["payor.payments.mean", "payor.payments.q0.95", "payor.payments.es0.95"]
    if "investors.principal_loss" in results:
        found.append("investors.principal_loss.p_loss")
    return found


def say_goals(document: dict[str, Any]) -> list[Any]:
    """Lines for the goals met or not, and for what the sampling saved."""
    from pfs_sim.report.precise import say_reached, say_savings

    lines = say_reached(document.get("precision", [])) + say_savings(document.get("savings", {}))
    return [Said(""), *map(Said, lines)] if lines else []
